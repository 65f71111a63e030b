import pytest

from commentnlp.errors import SampleError, StoreError
from commentnlp.service.records import Correction
from commentnlp.service.samples import gather_corrections, latest
from commentnlp.service.store import Store

from .conftest import TINY_TAXONOMY
from .stores import KINDS, empty

AT = 1_770_000_000_000


@pytest.fixture(params=KINDS)
def url(request, tmp_path):
    with empty(request.param, tmp_path) as url:
        yield url


def keep(url, *corrections):
    store = Store(url)
    store.correct(corrections)
    store.close()


def test_corrections_come_as_samples(url):
    keep(
        url,
        Correction("几条鱼干", {"intent": ("price",)}, "小李", AT, room="翡翠间"),
        Correction("慢死了", {"complaint": ("logistics.delay",)}, "小王", AT + 1000),
        Correction("慢死了", {"complaint": (), "intent": ()}, "小李", AT + 2000),
    )
    gathered = gather_corrections(url, TINY_TAXONOMY)
    first, second, third = gathered.samples
    assert not gathered.problems
    assert (first.text, first.labels) == ("几条鱼干", {"intent": {"price"}})
    assert (first.annotator, first.group, first.time) == ("小李", "翡翠间", "2026-02-02 10:40:00")
    assert second.labels == {"complaint": {"logistics", "logistics.delay"}}
    assert third.place.endswith("correction 3")
    assert [(s.text, dict(s.labels)) for s in latest(gathered.samples)] == [
        ("几条鱼干", {"intent": {"price"}}),
        ("慢死了", {"complaint": set(), "intent": set()}),
    ]


def test_of_each_facet_the_last_word_counts(url):
    keep(
        url,
        Correction("慢死了", {"complaint": ("logistics.delay",)}, "小王", AT),
        Correction("慢死了", {"intent": ("price",)}, "小李", AT + 1000),
    )
    (one,) = latest(gather_corrections(url, TINY_TAXONOMY).samples)
    assert one.labels == {"complaint": {"logistics", "logistics.delay"}, "intent": {"price"}}


def test_labels_that_are_no_more_are_named(url):
    keep(
        url,
        Correction("贵", {"intent": ("prize",)}, "", AT),
        Correction("贵", {"mood": ("angry",)}, "", AT),
    )
    first, second = gather_corrections(url, TINY_TAXONOMY).problems
    assert first.place.endswith("correction 1")
    assert "unknown label 'prize'" in first.what
    assert "no facet 'mood'; there are intent, complaint" in second.what


def test_a_store_without_corrections(url):
    Store(url).close()
    with pytest.raises(SampleError, match="the store keeps no corrections"):
        gather_corrections(url, TINY_TAXONOMY)


@pytest.mark.parametrize("scheme", ["", "sqlite:///"])
def test_no_store_is_made_where_none_is(tmp_path, scheme):
    with pytest.raises(StoreError, match=r"没有\.db: no such store"):
        gather_corrections(f"{scheme}{tmp_path / '没有.db'}", TINY_TAXONOMY)
    assert not list(tmp_path.iterdir())
