"""Lines that must stay right. A mistake is cured by samples, and then gets a line here."""

import csv

import pytest

from .conftest import ROOT


def lines():
    with (ROOT / "tests/quality/zh.tsv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE):
            yield pytest.param(row, id=row["text"])


@pytest.mark.parametrize("row", list(lines()))
def test_line(shipped, row):
    tagged = shipped.tag([row["text"]])[0]
    got = {facet: "|".join(sorted(tagged.labels(facet))) for facet in shipped.taxonomy.facets}
    want = {
        facet: "|".join(sorted(filter(None, row[facet].split("|"))))
        for facet in shipped.taxonomy.facets
        if row[facet] != "*"  # not the point of this line
    }
    assert {facet: got[facet] for facet in want} == want, row["why"]
