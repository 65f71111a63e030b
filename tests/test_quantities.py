import pytest

from commentnlp.quantities import RULES, as_figures, pairs


def figures(text):
    for pattern, replace in RULES:
        text = pattern.sub(replace, text)
    return text


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("八万", "8万"),
        ("一百一十万", "110万"),
        ("十个亿", "10个亿"),
        ("两个w", "2个w"),
        ("六斤重", "6斤重"),
        ("一米六", "1.6米"),
        ("一米七五", "1.75米"),
        ("1米65", "1.65米"),
        ("两大一小", "2大1小"),
        ("七天", "7天"),
        ("三千五", "3500"),
        ("3千5", "3500"),
        ("一千零五十", "1050"),
        ("一万二", "1.2万"),
        ("1万2", "1.2万"),
        ("三万五千", "3.5万"),
        ("两块八", "2.8块"),
        ("一块钱", "1块钱"),
        ("三两", "3两"),
        ("一两个", "12个"),
        ("五十六圈口", "56圈口"),
        ("五六圈口", "56圈口"),
        ("九二五银", "925银"),
        ("三十分的", "30分的"),
        ("八五折", "85折"),
        ("8.5折", "85折"),
        ("百分之九十", "90%"),
        ("第一次", "第1次"),
        ("十四k", "14k"),
    ],
)
def test_numbers_become_figures(raw, text):
    assert figures(raw) == text
    assert figures(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "一下", "一点都不慢", "一般般", "十分好看", "千万别买", "万一", "一块买", "百搭",
        "乱七八糟", "一五一十", "万万没想到", "零食",
        "第一", "110万", "3.5万", "十全十美", "一心一意",
    ],
)  # fmt: skip
def test_what_is_no_number_stays(text):
    assert figures(text) == text


def test_figures_of_what_is_no_number():
    assert as_figures("千万") is None
    assert as_figures("十十") is None
    assert as_figures("1" * 400 + "万") is None
    assert as_figures("0.0百") is None
    assert as_figures(".0千65万") is None


def test_round_figures_before_words():
    assert as_figures("30百") == "3000"
    assert as_figures("1.50千") == "1500"


def test_every_change_holds_one_of_the_pairs():
    texts = ["八万", "3千5", "1米65", "8块5", "百分之九十", "两大一小", "九二五", "三十分", "六斤"]
    for text in texts:
        assert figures(text) != text
        assert any(text[i : i + 2] in pairs() for i in range(len(text)))
