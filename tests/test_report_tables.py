from dataclasses import replace
from datetime import timedelta

import pytest

from commentnlp.report import tables
from commentnlp.report.quoting import harmless
from commentnlp.report.tables import Figure, show
from commentnlp.report.wording import Wording

from .report_example import START, example


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("多少钱 \x00\x1b[31m？\r\n", "多少钱 [31m？"),
        ("\u202e退货\u2066", "退货"),
        ("a" + "\u0301" * 10_000, "a" + "\u0301" * 4),
        ("\ud83d半\ufffe", "\ufffd半"),
        ("👩\u200d🦰", "👩\u200d🦰"),
        ("长" * 5000, "长" * 1999 + "…"),
    ],
)
def test_harmless(text, clean):
    assert harmless(text) == clean


def test_cells_as_people_read_them():
    assert show(None) == ""
    assert show(12345) == "12,345"
    assert show(START) == "20:00"
    assert show(START, days=True) == "11-13 20:00"
    assert show(Figure(0.0534, "share")) == "5.3%"
    assert show(Figure(3.21, "times")) == "×3.2"
    assert show(Figure(4.06, "rate")) == "4.1"
    assert show(Figure(-0.021, "points")) == "-2.1"
    assert show(Figure(0.43, "change")) == "+43%"
    assert show(Figure(1e-9, "chance")) == "<0.001"


def test_times_need_their_day_in_a_show_past_midnight():
    report = example()
    assert not tables.several_days(report)
    late = replace(report, end=report.end + timedelta(hours=3))
    assert tables.several_days(late)
    assert tables.span(late, Wording("zh")) == "2026-11-13 20:00–2026-11-14 02:00"


def test_only_kinds_that_happened_have_a_column():
    header = tables.steps(example(), Wording("zh")).header
    assert "购买" in header
    assert "领券" not in header


def test_every_row_is_as_wide_as_its_header():
    report, words = example(), Wording("en")
    for make in (
        tables.overview, tables.steps, tables.spells, tables.phases, tables.contrast,
        tables.compared, tables.week, tables.topics, tables.topics_by_step, tables.step_words,
        tables.questions, tables.products, tables.items, tables.answers, tables.answers_by_step,
        tables.examples, tables.unanswered, tables.hotspots, tables.hotspot_steps,
        tables.concerned, tables.tiers, tables.tier_topics, tables.newcomers, tables.upset,
        tables.figures, tables.files, tables.remarks, tables.kinds, tables.canned, tables.floods,
    ):  # fmt: skip
        table = make(report, words)
        assert {len(row) for row in table.rows} <= {len(table.header)}, table.title
        assert len(set(table.header)) == len(table.header), table.title


def test_each_quote_once_for_each_number():
    rows = [
        (section, about, quote.line)
        for section, about, quote in tables.all_quotes(example(), Wording("zh"))
    ]
    assert len(rows) == len(set(rows))
    assert ("投诉热点", "产品质量·颜色", 3003) in rows
    assert ("21:00", "色差", 3803) in rows
