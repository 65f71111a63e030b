import re
from dataclasses import replace
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
