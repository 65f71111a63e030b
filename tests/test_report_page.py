"""The page: nothing of a stranger's is more than text, nothing is loaded, it stays small."""

import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from commentnlp import Model
from commentnlp.errors import CommentnlpError
from commentnlp.records import Event
from commentnlp.report import summarise
from commentnlp.report.page import MOST_BYTES, to_html
from commentnlp.report.records import Count, Quote

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


def test_every_number_opens_its_comments(page):
    parsed = Parsed(page)
    assert sum(tag == "details" for tag, _ in parsed.elements) > 100
    words = "".join(parsed.words)
    for quote in example().total.said.quotes[:20]:
        assert quote.text in words


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
