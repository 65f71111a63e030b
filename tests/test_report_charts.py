import re
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from xml.etree import ElementTree

import pytest

from commentnlp.report import charts

from .report_example import example, hostile

CHARTS = [charts.minutes_svg, charts.steps_svg, charts.intents_svg, charts.hotspots_svg,
          charts.answers_svg]  # fmt: skip


@pytest.mark.parametrize("chart", CHARTS)
@pytest.mark.parametrize("report", [example(), hostile()], ids=["example", "hostile"])
@pytest.mark.parametrize("language", ["zh", "en"])
def test_it_is_plain_svg(chart, report, language):
    svg = chart(report, language)
    root = ElementTree.fromstring(svg)
    tags = {element.tag.rpartition("}")[2] for element in root.iter()}
    assert tags <= {"svg", "g", "path", "text", "defs", "clipPath", "rect", "use", "title"}
    assert root.attrib["viewBox"]
    assert "width" not in root.attrib
    assert root.attrib["aria-label"]
    assert len(svg) < 40_000
    assert not re.search(r'(href|src)="(?!#)', svg)


def test_words_stay_words():
    svg = charts.minutes_svg(example())
    assert "每分钟评论" in svg
    assert "PingFang SC" in svg
    assert "comments a minute" in charts.minutes_svg(example(), "en")


def test_charts_of_one_page_share_no_id():
    ids = [found for chart in CHARTS for found in re.findall(r' id="([^"]+)"', chart(example()))]
    assert len(ids) == len(set(ids))


def test_the_same_report_gives_the_same_chart():
    assert all(chart(example()) == chart(example()) for chart in CHARTS)


def test_nothing_to_draw_is_nothing():
    report = example()
    still = replace(report.activity, steps=(), minutes=(), busy=(), cold=())
    empty = replace(report, responses=None, hotspots=(), activity=still)
    assert [chart(empty) for chart in CHARTS] == [""] * len(CHARTS)


def test_places_are_rounded_not_cut():
    # 0.97 of a px becomes 1 more, not 0
    found = re.findall(r"[ML]([\d.]+) ", charts.minutes_svg(example()))
    edges = sorted({float(place) for place in found if 38 < float(place) < 441})
    steps = [after - before for before, after in pairwise(edges)]
    assert max(steps) < 2.6, "a minute is 2.2 px wide"


def test_steps_with_hardly_a_voice_do_not_flatten_the_others():
    report = example()
    first, *rest = report.activity.steps
    label = replace(first.labelled("intent", "price"), voices=2, of=2, low=0.3, high=1.0)
    one = replace(first, voices=2, labels=(label, *first.labels))
    few = replace(report, activity=replace(report.activity, steps=(one, *rest)))
    assert "不到 10 条的时段不画" in charts.intents_svg(few)
    assert "100%" not in charts.intents_svg(few)
    assert "不到" not in charts.intents_svg(report)


def test_times_are_no_finer_than_the_steps():
    assert "20:30" in charts.minutes_svg(example())
    assert "20:30" not in charts.steps_svg(example())
    assert "22:00" in charts.steps_svg(example())


def test_many_days_stay_small_and_their_dates_apart():
    report = example()
    days = [timedelta(days=day) for day in range(30)]
    steps = tuple(
        replace(one, start=one.start + day, end=one.end + day)
        for day in days
        for one in report.activity.steps
    )
    spots = tuple(
        replace(spot, steps=tuple(
            replace(one, start=one.start + day) for day in days for one in spot.steps
        ))
        for spot in report.hotspots
    )  # fmt: skip
    minutes = tuple(
        replace(one, start=one.start + day) for day in days for one in report.activity.minutes
    )
    activity = replace(report.activity, steps=steps, minutes=minutes)
    month = replace(report, activity=activity, hotspots=spots)
    for chart in CHARTS:
        svg = chart(month)
        assert len(svg) < 40_000
        dates = [float(x) for x in re.findall(r'x="([\d.]+)" y="[\d.]+">1[12]-\d\d<', svg)]
        assert len(dates) > 5
        assert min(after - before for before, after in pairwise(dates)) > 40
