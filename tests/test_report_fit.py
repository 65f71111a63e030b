"""Whether the model still fits, in every rendering."""

import json
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from commentnlp import Model
from commentnlp.drift import FEWEST
from commentnlp.records import SHANGHAI, Event
from commentnlp.report import summarise
from commentnlp.report.fit import told
from commentnlp.report.jsons import to_json
from commentnlp.report.markdown import to_markdown
from commentnlp.report.page import to_html
from commentnlp.report.tables import fit, moved, new_words
from commentnlp.report.terminal import to_terminal
from commentnlp.report.wording import Wording

from .conftest import TRAINING_DATA
from .report_example import example

COINED = ("冰飘魔王", "豆豆眼", "糖心饼", "小月牙", "雪糕筒", "海盗船")
RENDERED = [to_terminal, to_markdown, to_html]


@pytest.fixture(scope="module")
def known():
    """The shipped model with a reference that is easily kept: one in ten unsure, one in twenty
    words unknown."""
    model = Model.shipped()
    bins = 12
    model.meta = replace(
        model.meta,
        reference={
            "comments": [1000] * bins, "words": [4000] * bins, "unknown": [200] * bins,
            "holding": [180] * bins, "unsure": [250] * bins,
            "labels": [1200] * len(model.taxonomy.columns),
            "scores": {facet: [1200] * 10 for facet in model.taxonomy.facets},
        },
    )  # fmt: skip
    return model


def room(texts):
    start = datetime(2026, 3, 14, 20, tzinfo=SHANGHAI)
    return [
        Event("comment", text, start + timedelta(seconds=7 * i), user=f"u{i}", name="翡翠小圆")
        for i, text in enumerate(texts)
    ]


@pytest.fixture(scope="module")
def everyday():
    lines = (TRAINING_DATA / "holdout.csv").read_text(encoding="utf-8").splitlines()[1:]
    return [line.split(",")[0] for line in lines if '"' not in line][:400]


@pytest.fixture(scope="module")
def slang(everyday):
    return [COINED[i % len(COINED)] + text for i, text in enumerate(everyday[:120])]


def test_a_room_that_fits(known, everyday):
    found = summarise(room(everyday), known).fit
    assert (found.verdict, found.reasons, found.words) == ("fits", (), ())
    assert FEWEST < found.comments <= len(everyday)
    (line,) = told(found, Wording("zh"))
    assert line.startswith("合用。")


def test_a_room_with_a_slang(known, everyday, slang):
    texts = [*everyday, *slang, *(f"@翡翠小圆 {word}好看" for word in COINED)]
    report = summarise(room(texts), known)
    found = report.fit
    assert found.verdict == "due"
    assert {word.word for word in found.words} >= set(COINED)
    assert all(word.quotes[0].text for word in found.words)
    for render in RENDERED:
        assert all(word in render(report) for word in COINED), render
        assert "翡翠小圆" not in render(report)
    assert "commentnlp suggest" in to_terminal(report)


def test_one_tap_phrases_and_spam_are_not_looked_at(known, everyday, slang):
    calm = summarise(room(everyday), known).fit
    tapped = [f"冰飘魔王今晚全场半价{i % 3}" for i in range(300)]
    spam = [f"加微信{10_000_000 + 7919 * i} 冰飘魔王" for i in range(100)]
    assert summarise(room([*everyday, *spam]), known).fit.words == calm.words == ()
    assert "冰飘魔王" not in [
        w.word for w in summarise(room([*everyday, *tapped]), known).fit.words
    ]


def test_a_short_show(known, everyday):
    report = summarise(room(everyday[:50]), known)
    assert report.fit.verdict == "too_few"
    assert "看不出来" in to_terminal(report)
    assert "Cannot be told" in to_html(report, language="en")


def test_a_model_without_a_reference_says_nothing(everyday):
    model = Model.shipped()
    model.meta = replace(model.meta, reference={})
    report = summarise(room(everyday[:50]), model)
    assert report.fit is None
    assert json.loads(to_json(report))["fit"] is None
    words = Wording("zh")
    assert not any(make(report, words).rows for make in (fit, moved, new_words))
    for render in RENDERED:
        assert "模型是否还合用" not in render(report)


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("render", RENDERED)
def test_why_and_what_to_do(render, language):
    text = render(example(), language=language)
    for word in ("6.4%", "2.0%", "31%", "25%", "冰飘", "words.tsv"):
        assert word in text
    assert "commentnlp suggest" in text


def test_where_all_is_well_it_is_one_line():
    calm = replace(example(), fit=replace(example().fit, verdict="fits", reasons=(), words=()))
    before = to_terminal(replace(calm, fit=None)).splitlines()
    lines = to_terminal(calm).splitlines()
    assert lines[: len(before)] == before
    assert len(lines) == len(before) + 3, "a blank line, the heading, the line"
    assert "5.3%" in lines[-1]
    assert "4.3%" in lines[-1]
    assert to_markdown(calm).splitlines()[-1].startswith("- 合用。")


def test_the_figures_are_told():
    words = Wording("en")
    rows = {row[0]: row[1:] for row in fit(example(), words).rows}
    assert rows["doubtful comments"][0].value == pytest.approx(440 / 1420)
    assert rows["doubtful comments"][3].value == 0.252
    clear = [row for row in moved(example(), words).rows if row[-1]]
    assert clear
    assert len(moved(example(), words).rows) == len(example().fit.labels)
    assert [row[0] for row in new_words(example(), words).rows] == ["冰飘", "云肩", "平安扣"]
