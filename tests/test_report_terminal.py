from dataclasses import replace
from datetime import timedelta

import pytest

from commentnlp.report.tables import width
from commentnlp.report.terminal import WIDTH, fit, to_terminal

from .report_example import example, hostile


def large():
    """More of everything than a screen holds."""
    report = example()
    activity, spell = report.activity, report.activity.busy[0]
    steps = tuple(
        replace(activity.steps[i % 3], start=activity.steps[0].start + timedelta(hours=i))
        for i in range(40)
    )
    return replace(
        report,
        end=report.start + timedelta(hours=40),
        total=replace(report.total, questions=report.total.questions * 20),
        activity=replace(activity, steps=steps, busy=(spell,) * 9, cold=activity.cold * 9),
        items=report.items * 20,
        hotspots=report.hotspots * 5,
    )


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("make", [example, hostile, large])
def test_one_screen(make, language):
    text = to_terminal(make(), language=language)
    lines = text.splitlines()
    assert len(lines) <= 60 + 10, "ten more where retraining is due"
    calm = to_terminal(replace(make(), fit=None), language=language)
    assert len(calm.splitlines()) <= 60
    assert max(map(width, lines)) <= WIDTH
    assert all(char == "\n" or char.isprintable() for char in text)
    text.encode("utf-8")


def test_the_essentials():
    text = to_terminal(example())
    for essential in (
        "暖玉珠宝直播间",
        "3,862",
        "价格",
        "多少钱",
        "回复率",
        "颜色",
        "铁粉",
        "记录数",
    ):
        assert essential in text


def test_columns_stand_below_each_other():
    lines = to_terminal(example()).splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith("  时段"))
    ends = [width(line[: line.index(text) + len(text)]) for line, text in zip(
        lines[start : start + 4], ("评论条数", "999", "1,997", "866"), strict=True
    )]  # fmt: skip
    assert len(set(ends)) == 1


def test_busiest_hours_of_a_long_show():
    text = to_terminal(large())
    assert "11-14 09:00" in text
    assert "只列评论最多的 10 个时段，共 40 个。" in text


def test_width():
    assert width("珍珠a") == 5
    assert width("a\u0301\u200d") == 1
    assert fit("珍珠手链", 6) == "珍珠…"
    assert fit("珍珠手链", 8) == "珍珠手链"
