import json

import pytest

from commentnlp.errors import SampleError
from commentnlp.taxonomy import Taxonomy, parent_of

from .conftest import TINY_TAXONOMY, TRAINING_DATA


def test_leaves_imply_parents():
    assert parent_of("logistics.delay") == "logistics"
    assert parent_of("logistics") == ""
    got = TINY_TAXONOMY.with_parents("complaint", ["logistics.delay"])
    assert got == {"logistics", "logistics.delay"}


def test_unknown_labels_are_named():
    with pytest.raises(SampleError, match="unknown label 'prize' in facet 'intent'; it has: price"):
        TINY_TAXONOMY.with_parents("intent", ["prize"])


def test_columns_and_names():
    assert TINY_TAXONOMY.columns == (
        ("intent", "price"), ("complaint", "logistics"), ("complaint", "logistics.delay")
    )  # fmt: skip
    assert TINY_TAXONOMY.parents("complaint") == ("logistics",)
    assert TINY_TAXONOMY.name("intent", "price") == "价格"
    assert TINY_TAXONOMY.name("complaint") == "投诉"
    assert TINY_TAXONOMY.name("intent", "price", language="en") == "price"


def test_round_trip():
    assert Taxonomy.from_json(TINY_TAXONOMY.to_json()) == TINY_TAXONOMY


def test_the_shipped_taxonomy():
    taxonomy = Taxonomy.read(TRAINING_DATA / "taxonomy.json")
    assert list(taxonomy.facets) == ["intent", "complaint", "act"]
    assert len(taxonomy.columns) == 28
    for facet, label in taxonomy.columns:
        assert taxonomy.name(facet, label, language="zh") != label
        assert taxonomy.name(facet, label, language="en")


@pytest.mark.parametrize(
    "data",
    [[], {}, {"intent": {}}, {"intent": {"names": {}, "labels": {"a.b": {}}}}, {"intent": 3}],
)
def test_a_broken_taxonomy_is_named(tmp_path, data):
    path = tmp_path / "taxonomy.json"
    path.write_text(json.dumps(data), encoding="utf-8")
    with pytest.raises(SampleError, match=r"taxonomy|no parent"):
        Taxonomy.read(path)
    with pytest.raises(SampleError, match="no such"):
        Taxonomy.read(tmp_path / "none.json")


def test_labels_as_people_call_them():
    taxonomy = Taxonomy.read(TRAINING_DATA / "taxonomy.json")
    for facet, label in taxonomy.columns:
        for language in ("zh", "en"):
            entry = taxonomy.entry(facet, label, language=language)
            assert taxonomy.find(facet, entry) == label
    assert taxonomy.entry("intent", "price") == "price 价格"
    assert taxonomy.entry("intent", "price", language="en") == "price"
    assert taxonomy.entry("intent") == "intent 关注点"
    assert taxonomy.find("intent", "ＰＲＩＣＥ ") == "price"
    assert taxonomy.meant("intent", "价") == ()
    with pytest.raises(SampleError, match=r"unknown label 'prise'.*\(is price meant\?\)"):
        taxonomy.find("intent", "prise")


def test_a_name_that_two_labels_have_is_not_guessed():
    data = TINY_TAXONOMY.to_json()
    data["complaint"]["labels"]["logistics.lost"] = {"zh": "时效"}
    taxonomy = Taxonomy.from_json(data)
    with pytest.raises(SampleError, match=r"'时效' .* may be logistics.delay or logistics.lost"):
        taxonomy.find("complaint", "时效")
    assert taxonomy.find("complaint", "logistics.lost 时效") == "logistics.lost"
