import time

import numpy as np
import pytest

from commentnlp.report.answers import ITEM, NAME, WORDS, Ask, Said, answers, items_named


def ask(at, name="", items="", words="", concepts="", topics=""):
    return Ask(at, name, *(frozenset(given.split()) for given in (items, words, concepts, topics)))


def said(at, text="", items="", words="", concepts="", topics="", announces=False):
    sets = (frozenset(given.split()) for given in (items, words, concepts, topics))
    return Said(at, text, *sets, announces)


@pytest.mark.parametrize(
    "text",
    [
        "@小圆 有的", "有货哦＠小圆", "回复小圆：有的", "回复 @小圆 有", "小圆，有的", "小圆 在的",
        "小圆", "@小圆这款有的",
    ],
)  # fmt: skip
def test_by_name(text):
    assert answers([ask(0, "小圆")], [said(5, text)], 60) == [(0, NAME)]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("小圆", "小圆圆，有的"),
        ("小圆", "这个小圆珠有的"),
        ("小圆", "@小方 有的"),
        ("小***", "@小*** 有的"),
        ("圆", "@圆 有的"),
        ("", "@ 有的"),
        (" ", "  有的"),
    ],
)
def test_not_by_name(name, text):
    assert answers([ask(0, name)], [said(5, text)], 60) == [None]


def test_the_longest_name_is_meant():
    questions = [ask(0, "阿山"), ask(0, "阿山的糖")]
    assert answers(questions, [said(3, "@阿山的糖 有的")], 60) == [None, (0, NAME)]
    assert answers(questions, [said(3, "@阿山 有的，@阿山的糖 也有")], 60) == [(0, NAME)] * 2


def test_by_item():
    messages = [said(1, items="8"), said(2, items="3 5", announces=True)]
    assert answers([ask(0, items="5"), ask(0, items="7")], messages, 60) == [(1, ITEM), None]


def test_by_words():
    question = ask(0, words="圈口 大", concepts="SIZE", topics="fit")
    assert answers([question], [said(1, words="大")], 60) == [None]
    assert answers([question], [said(1, words="圈口")], 60) == [(0, WORDS)]
    assert answers([question], [said(1, words="圈口", announces=True)], 60) == [None]


def test_by_concept_and_topic_only_together():
    question = ask(0, concepts="SIZE PRICE", topics="fit")
    assert answers([question], [said(1, concepts="SIZE")], 60) == [None]
    assert answers([question], [said(1, topics="fit")], 60) == [None]
    assert answers([question], [said(1, concepts="SIZE", topics="price")], 60) == [None]
    assert answers([question], [said(1, concepts="SIZE", topics="fit")], 60) == [(0, WORDS)]


def test_the_window():
    messages = [said(at, words="证书") for at in (10, 20, 70.5)]
    times = [5, 10, 20, 10.5, 70.5, 0]
    found = answers([ask(at, words="证书") for at in times], messages, 60)
    # what comes in the same second is no answer, what comes at the window's end is one
    assert [one and one[0] for one in found] == [0, 1, 2, 1, None, 0]
    assert answers([ask(10.5, words="证书")], messages[2:], 60) == [(0, WORDS)]
    assert answers([ask(10.4, words="证书")], messages[2:], 60) == [None]


def test_the_first_message_counts_and_names_before_words():
    question = ask(0, "小圆", items="3", words="圈口")
    late = said(9, "@小圆 圈口58", "3", "圈口")
    assert answers([question], [late, said(4, words="圈口")], 60) == [(1, WORDS)]
    assert answers([question], [late], 60) == [(0, NAME)]
    assert answers([question], [said(9, "3号 圈口58", "3", "圈口")], 60) == [(0, ITEM)]


def test_nothing_to_answer():
    assert answers([], [], 60) == []
    assert answers([ask(0, "小圆")], [], 60) == [None]
    assert answers([], [said(0, "@小圆 在")], 60) == []


def planted(size, seed):
    """Questions of which some are answered, each about something of its own, and noise."""
    generator = np.random.default_rng(seed)
    questions, messages, expected = [], [], []
    for i in range(size):
        at = i * 0.3
        questions.append(ask(at, f"观众{i}号人", str(i), f"词语{i}", "SIZE", f"t{i}"))
        how = [NAME, ITEM, WORDS, None][int(generator.integers(4))]
        expected.append(how)
        wait = float(generator.uniform(1, 110))
        if how == NAME:
            messages.append(said(at + wait, f"@观众{i}号人 稍等"))
        elif how == ITEM:
            messages.append(said(at + wait, "", str(i), announces=True))
        elif how == WORDS:
            messages.append(said(at + wait, "", "", f"词语{i}"))
        else:
            messages.append(said(at + 121, "", str(i), f"词语{i}"))
    return questions, messages, expected


def test_planted_shares_are_found():
    questions, messages, expected = planted(3000, 1)
    found = answers(questions, messages, 120)
    assert [one and one[1] for one in found] == expected
    for i, one in enumerate(found):
        assert one is None or one[0] == i


def test_many_are_quick():
    questions, messages, _ = planted(20_000, 2)
    busy = [said(at, "", "", "圈口 多少", "SIZE PRICE", "fit price") for at in range(5000)]
    started = time.perf_counter()
    answers(questions, messages + busy, 120)
    # 0.3 s on a laptop
    assert time.perf_counter() - started < 5


@pytest.mark.parametrize(
    ("text", "items"),
    [
        ("112号还有吗", "112"), ("3号链接", "3"), ("131链接讲一下", "131"), ("链接：5", "5"),
        ("第5个多少", "5"), ("第一个链接", "1"), ("３号", "3"), ("03号", "3"), ("三号", "3"),
        ("十二号", "12"), ("一百一十二号", "112"), ("二十号的", "20"), ("一零八号", "108"),
        ("1-3号", "1 2 3"), ("一到三号", "1 2 3"), ("1、3号", "1 3"), ("3号和5号", "3 5"),
        ("3号扣1", "3"), ("114号前200名", "114"), ("正在讲解3号宝贝", "3"), ("3号58圈口", "3"),
        ("100-900号", "100 900"), ("今天3号链接有券吗", "3"),
        ("5号色", ""), ("98年的", ""), ("18k", ""), ("56圈口", ""), ("几号", ""), ("8月3号", ""),
        ("15号前发货", ""), ("今天3号", ""), ("我戴15号", ""), ("25号能到吗", ""),
        ("12.5号", ""), ("123456号", ""), ("第二件半价", ""), ("同一链接", ""), ("链接3个", ""),
        ("1号店", ""), ("500块", ""), ("", ""),
    ],
)  # fmt: skip
def test_items_named(text, items):
    assert items_named(text) == frozenset(items.split())
