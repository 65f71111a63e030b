import csv

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commentnlp.language import Language
from commentnlp.text import (
    _BREAK,
    _BREAKS,
    _FEWEST_REPEATS,
    _REPEATS,
    Disguise,
    Normaliser,
)

from .conftest import TRAINING_DATA

SHIPPED = Language.read(TRAINING_DATA / "language").normaliser


def normal(text):
    return SHIPPED.normalise(text).text


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("５６圈口", "56圈口"),
        ("ＧＩＡ证书", "gia证书"),
        ("翡翠鐲圈口幾多", "翡翠镯圈口多少"),
        ("圏口", "圈口"),
        ("好看哈哈哈哈哈哈", "好看"),
        ("哈哈", ""),
        ("红霞哈哈 多少钱", "红霞 多少钱"),
        ("6666666", "6666"),
        ("好看好看好看好看", "好看好看"),
        ("在吗？？？？", "在吗??"),
        ("一   二", "一 二"),
        ("3000块", "3000块"),
        ("10000", "10000"),
        ("👍🏻👍🏼", "👍👍"),
        ("[赞]", "👍"),
        ("掉色了[捂脸]", "掉色了"),
        ("[没见过]掉色了", "掉色了"),
        ("看 https://example.com/a?b=1 这", "看 🔗 这"),
        ("加13800138000", "加📞"),
        ("加138 0013 8000", "加📞"),
        ("加1 3 8 0 0 1 3 8", "加📞"),
        ("加1-3-8-0-0-1-3-8", "加📞"),
        ("38，124，125，多少钱", "38 124 125 多少钱"),
        ("要61 62 63 64", "要61 62 63 64"),
        ("@小圆 你好", "你好"),
        ("你好@小圆", "你好"),
        ("@主播多少钱", "主播多少钱"),
        ("回复@小圆：第一次来", "第1次来"),
        ("回复 小圆 :晚上好", "晚上好"),
        ("回复太慢了", "回复太慢了"),
        ("说得对//@小圆：多少钱", "说得对 多少钱"),
        ("好看，多少钱。", "好看 多少钱"),
        ("，好看", "好看"),
        ("3.5克...", "3.5克"),
        ("12\u200b号", "12号"),
        ("甲\n乙\t丙\r丁", "甲 乙 丙 丁"),
    ],
)
def test_one_spelling(raw, text):
    assert normal(raw) == text


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("这个多少米", "这个多少元"),
        ("几个W啊", "几万啊"),
        ("一米六戴多大", "1.6米戴多大"),
        ("5毫米", "5毫米"),
        ("多少米长", "多少米长"),
        ("有证素吗", "有证书吗"),
        ("煮播好", "主播好"),
    ],
)
def test_disguises_by_context(raw, text):
    assert normal(raw) == text


def test_spans_lead_back_to_the_raw_text():
    raw = "，好看好看好看 几个W ㎜[赞]"
    text = SHIPPED.normalise(raw)
    at = text.text.index("万")
    assert raw[slice(*text.span(at, at + 1))] == "个W"
    at = text.text.index("mm")
    assert raw[slice(*text.span(at, at + 2))] == "㎜"
    at = text.text.index("👍")
    assert raw[slice(*text.span(at, at + 1))] == "[赞]"


def test_unchanged_text_needs_no_map():
    text = SHIPPED.normalise("有证书吗")
    assert text.text == text.raw
    assert text.span(1, 3) == (1, 3)


def test_contexts_of_a_disguise():
    normaliser = Normaliser(
        disguises=[
            Disguise("米", "元", after=("#",), before=("!长", "!高")),
            Disguise("啥", "什么", after=("^",)),
            Disguise("吗", "么", before=("$",)),
        ]
    )
    assert normaliser.normalise("5米").text == "5元"
    assert normaliser.normalise("5米高").text == "5米高"
    assert normaliser.normalise("啥啥吗吗").text == "什么啥吗么"


def test_the_way_back_covers_everything_typed():
    raw = "有有有有什么圏口"
    text = SHIPPED.normalise(raw)
    covered = set()
    for i in range(len(text.text)):
        covered.update(range(*text.span(i, i + 1)))
    assert covered == set(range(len(raw)))


@given(st.text())
def test_any_unicode(raw):
    text = SHIPPED.normalise(raw)
    assert "\n" not in text.text
    text.text.encode()
    spans = [text.span(i, i + 1) for i in range(len(text.text))]
    assert all(0 <= start < end <= len(raw) for start, end in spans)
    assert spans == sorted(spans)


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=20))
def test_normalising_is_settled_for_plain_words(raw):
    """Folding width, case and script does not change what is folded already."""
    fold = Normaliser()
    once = raw.translate(fold._fold)
    assert once.translate(fold._fold) == once or any(len(fold._fold[ord(c)]) > 1 for c in raw)


def test_lone_surrogates_and_controls():
    assert Normaliser().normalise("\ud800\x00贵").text == "\ufffd 贵"


def test_long_hostile_text_is_fast():
    # 200,000 characters that invite backtracking
    for raw in (
        "a" * 200_000,
        "1" * 200_000 + " 一",
        "一" * 200_000,
        ". " * 100_000,
        "1 " * 100_000,
        "ab" * 100_000,
        "[" * 200_000,
        "@" * 200_000,
    ):
        SHIPPED.normalise(raw)


ODD = "六斤一百万两个多少钱啊啊哈米圈口vx薇信123456789oil.。,@张"
ODD += "[捂脸]http://www.a.cn 　\n\r\t😀👍🏻\u200b\ufe0f①㎏ﬁ﷽錢\ud800ＡＢ"


def everything(texts):
    return [
        (text.raw, text.text, [text.span(i, i + 1) for i in range(len(text.text))])
        for text in texts
    ]


@given(st.lists(st.text(st.sampled_from(ODD), max_size=20), max_size=60))
def test_many_at_once_are_normalised_as_one_by_one(shipped, raws):
    raws *= 3
    many = shipped.normaliser.normalise_all(raws)
    assert everything(many) == everything(map(shipped.normaliser.normalise, raws))


@given(st.text(st.sampled_from(ODD), max_size=12))
def test_a_rule_that_is_passed_over_has_nothing_to_do(shipped, text):
    if shipped.normaliser._classed.isdisjoint(text):
        for pattern, _ in shipped.normaliser._first_rules[:2]:
            assert not pattern.search(text)
    if "  " not in text and len(text) - len(set(text)) < _FEWEST_REPEATS:
        assert not _REPEATS.search(text)
    if _BREAKS.isdisjoint(text):
        assert not _BREAK.search(text)


def test_the_samples_are_normalised_at_once_as_one_by_one(shipped):
    texts = []
    for path in sorted((TRAINING_DATA / "samples").glob("*.csv")):
        with path.open(encoding="utf-8-sig", newline="") as file:
            texts += [row["text"] for row in csv.DictReader(file)]
    many = shipped.normaliser.normalise_all(texts)
    assert everything(many) == everything(map(shipped.normaliser.normalise, texts))
