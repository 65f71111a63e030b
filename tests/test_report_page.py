"""The page: nothing of a stranger's is more than text, nothing is loaded, it stays small."""

import re
from dataclasses import fields, is_dataclass, replace
from datetime import timedelta
from html.parser import HTMLParser

import pytest

from commentnlp import Model
from commentnlp.errors import CommentnlpError
from commentnlp.records import Event
from commentnlp.report import summarise, summarise_files
from commentnlp.report.page import MOST_BYTES, to_html
from commentnlp.report.records import Count, Quote

from .conftest import REAL
from .planted_room import planted
from .report_example import example, hostile


class Parsed(HTMLParser):
    """The elements of a page with their attributes, and its text."""

    def __init__(self, page):
        super().__init__()
        self.elements, self.words, self.open = [], [], []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        self.open.append(tag)

    def handle_endtag(self, tag):
        while self.open and self.open.pop() != tag:
            pass

    def handle_data(self, data):
        if self.open[-1:] != ["style"]:
            self.words.append(data)


@pytest.fixture(scope="module")
def page():
    return to_html(example())


@pytest.mark.parametrize("report", [example(), hostile()], ids=["example", "hostile"])
@pytest.mark.parametrize("language", ["zh", "en"])
def test_nothing_runs_and_nothing_is_loaded(report, language):
    page = to_html(report, language=language)
    parsed = Parsed(page)
    tags = {tag for tag, _ in parsed.elements}
    assert not tags & {"script", "iframe", "object", "embed", "link", "img", "form", "input"}
    for _, attributes in parsed.elements:
        for name, value in attributes.items():
            assert not name.startswith("on")
            if name in ("href", "src", "xlink:href", "action"):
                assert value.startswith("#")
    assert "@import" not in page
    assert not re.search(r"url\((?!#)", page)
    policy = [a for tag, a in parsed.elements if a.get("http-equiv") == "Content-Security-Policy"]
    assert policy[0]["content"].startswith("default-src 'none'")
    assert f'lang="{language}' in page.lower()
    page.encode("utf-8")  # half characters are gone


def test_strangers_words_are_text():
    words = "".join(Parsed(to_html(hostile())).words)
    assert "<script>alert(1)</script>" in words
    assert "\u202e" not in words
    assert "\x1b" not in words


def marked(value, path=""):
    """The report with its quotes made to tell where they stand."""
    if isinstance(value, tuple):
        return tuple(marked(one, f"{path}.{place}") for place, one in enumerate(value))
    if not is_dataclass(value) or isinstance(value, type):
        return value
    changed = {
        field.name: (
            (Quote(f"⟦{path}⟧", None, "", 0, 7),)
            if field.name == "quotes"
            else marked(getattr(value, field.name), f"{path}.{field.name}")
        )
        for field in fields(value)
    }
    return replace(value, **changed)


OPENED = r"""
total.said | activity.steps.\d.said | activity.(busy|cold).\d | activity.phases.\d.said
activity.compared.\d.(here|there).said | activity.steps.\d.words.\d | total.products.\d
activity.steps.\d.questions.\d | total.questions.\d | items.\d.said | responses.unanswered.\d
hotspots.\d.total | hotspots.[0-2].(words|items|products).\d | tiers.tiers.\d.slice.said
tiers.newcomers.\d | tiers.upset.\d | quality.spam | quality.(canned|floods).\d
"""


def test_every_number_opens_its_comments():
    report = marked(example())
    told = set(re.findall("⟦.(.*?)⟧", to_html(report)))
    for pattern in re.split(r"[|\n](?![^(]*\))", OPENED.replace(" ", "")):
        if pattern:
            expected = [path for path in paths(report) if re.fullmatch(pattern, path)]
            assert expected, pattern
            assert set(expected) <= told, pattern
    for place, one in enumerate(report.total.labels):
        if "." in one.label or not one.lines:
            continue
        for slices in ("activity.steps.1", "activity.contrast.1", "tiers.tiers.1.slice"):
            if one.facet != "complaint" or slices != "activity.steps.1":
                assert f"{slices}.labels.{place}" in told


def paths(value):
    """Of everything that has quotes."""
    if isinstance(value, tuple):
        for one in value:
            yield from paths(one)
    elif isinstance(value, Quote):
        yield value.text[2:-1]
    elif is_dataclass(value):
        for field in fields(value):
            yield from paths(getattr(value, field.name))


def test_the_whole_is_told_in_either_language(page):
    chinese, english = (headings(to_html(example(), language=one)) for one in ("zh", "en"))
    assert len(chinese) == len(english) > 50
    assert all(not re.search("[a-z]{2}", one) for one in chinese)
    assert all(not re.search("[\u4e00-\u9fff]", one) for one in english)


def headings(page):
    found = re.findall(r'<(h2|h3|th scope="col"[^>]*|dt)>(.*?)</', page)
    data = {one.name for one in example().total.products}
    return [re.sub("<.*", "", text) for _, text in found if text not in data]


def test_each_id_is_there_once_and_links_arrive(page):
    elements = Parsed(page).elements
    ids = [attributes["id"] for _, attributes in elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    for _, attributes in elements:
        if "href" in attributes:
            assert attributes["href"][1:] in ids


def test_it_stays_small_however_many_comments():
    report = example()
    quotes = tuple(
        Quote(f"第{n}条评论，这一条有二十来个字那么长呢", None, "小**圆", 0, n) for n in range(50)
    )
    labels = tuple(replace(one, lines=900, quotes=quotes) for one in report.total.labels)
    steps = tuple(
        replace(report.activity.steps[n % 3], labels=labels, said=Count(9000, 800, quotes))
        for n in range(48)
    )
    page = to_html(replace(report, activity=replace(report.activity, steps=steps)))
    assert len(page.encode()) <= MOST_BYTES
    assert page.count("<li>") > 1000  # as many as fit


def test_what_there_is_not_is_left_out():
    silent = replace(example(), responses=None)
    assert 'id="responses"' not in to_html(silent) or "没有" in to_html(silent)
    for event in (Event("like", count=3), Event("comment", "多少钱")):
        report = summarise([event], Model.shipped())
        assert "<html" in to_html(report)
        assert "<html" in to_html(report, language="en")


def test_real_sizes():
    report = summarise(planted(1, hours=10, per_minute=12), Model.shipped())
    assert len(to_html(report).encode()) < MOST_BYTES


def test_another_language_is_refused():
    with pytest.raises(CommentnlpError, match="zh and en"):
        to_html(example(), language="fr")


def test_what_is_estimated_is_said_on_top():
    report = example()
    report = replace(report, quality=replace(report.quality, estimated=True))
    assert to_html(report).index('class="notice"') < to_html(report).index("<main>")
    assert 'class="notice"' not in to_html(example())


def test_no_answers_are_no_section():
    page = to_html(replace(example(), responses=None))
    assert 'id="responses"' not in page
    assert "#responses" not in page
    assert "没有主播和小助手的发言" in page


def test_leaves_are_compared_only_where_they_differ(page):
    table = page.split("<h3>热闹时和其余时间</h3>")[1].split("</table>")[0]
    assert "颜色" in table
    assert "热闹时段更多" in table
    assert "包装破损" not in table


def test_hours_after_midnight_come_last():
    report = example()
    late = replace(report.activity.compared[0], hour=0)
    later = replace(report.activity, compared=(late, *report.activity.compared))
    page = to_html(replace(report, activity=later))
    table = page.split("<h3>和以往同一钟点比</h3>")[1].split("</table>")[0]
    assert re.findall(r">(\d\d:00)<", table) == ["20:00", "21:00", "00:00"]


def test_a_parent_of_one_leaf_is_told_once(page):
    spot = example().hotspots[1]
    parent = replace(spot, label="product_quality")
    page = to_html(replace(example(), hotspots=(parent, spot)))
    assert page.count("<article") == 1


def test_a_line_is_told_with_its_file_where_there_are_several(page):
    assert "#2:3<" not in page
    first = example()
    quote = replace(first.total.said.quotes[0], file=1, line=3)
    total = replace(first.total, said=replace(first.total.said, quotes=(quote,)))
    assert "#2:3<" in to_html(replace(first, total=total))
    alone = replace(total, said=replace(total.said, quotes=(replace(quote, file=0),)))
    assert "#3<" in to_html(replace(first, total=alone, earlier=()))


def test_of_many_steps_only_what_was_asked_again_is_told():
    report = example()
    step = report.activity.steps[0]
    once = replace(step.questions[0], text="只问了一次", lines=1, people=1)
    again = replace(step.questions[0], text="问了好几次")
    steps = tuple(
        replace(step, start=step.start + timedelta(hours=n), questions=(again if n else once,))
        for n in range(30)
    )
    page = to_html(replace(report, activity=replace(report.activity, steps=steps)))
    assert page.count("问了好几次") == 29
    assert "只问了一次" not in page


def test_too_many_steps_are_said_to_be():
    report = example()
    steps = tuple(
        replace(step, start=step.start + timedelta(days=n))
        for n in range(40)
        for step in report.activity.steps
    )
    page = to_html(replace(report, activity=replace(report.activity, steps=steps)))
    assert "共 120 个时段，这里列出评论最多的 48 个" in page
    assert len(page.encode()) <= MOST_BYTES


@pytest.mark.skipif(not REAL.is_dir(), reason="the recorded rooms are not here")
def test_recorded_rooms():
    paths = sorted((REAL / "jd_live").glob("2022060*.csv"))
    page = to_html(summarise_files(paths, Model.shipped()))
    assert len(page.encode()) < MOST_BYTES
    assert {"script", "img", "link"}.isdisjoint(tag for tag, _ in Parsed(page).elements)
