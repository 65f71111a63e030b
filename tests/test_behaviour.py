"""What must not change labels, what must, and the least to know: `benchmarks/behaviour.py`."""

import pytest

from benchmarks.behaviour import NOISE, measure, table

from .conftest import ROOT


@pytest.fixture(scope="module")
def behaviours(shipped):
    return {behaviour.name: behaviour for behaviour in measure(shipped)}


CALLS = ("主播 before", "姐 before", "家人们 behind")
"""These are learnt, all other noise is taken out."""


@pytest.mark.parametrize("name", [name for name in NOISE if name not in CALLS])
def test_noise_changes_no_label(behaviours, name):
    assert behaviours[f"labels stay: {name}"].rate <= 0.02


@pytest.mark.parametrize(
    ("name", "most"),
    [
        *((f"labels stay: {name}", 0.2) for name in CALLS),
        ("labels stay: a quantity written otherwise", 0.05),
        ("a fault has a complaint", 0.06),
        ("a denied fault has none", 0.5),
        ("one word changes the labels", 0.13),
        ("the least to know of each label", 0.03),
        ("idle talk has no intent and no complaint", 0.1),
    ],
)
def test_no_more_fail_than(behaviours, name, most):
    assert behaviours[name].rate <= most


@pytest.mark.parametrize("page", ["docs/accuracy.md", "docs/accuracy.zh-CN.md"])
def test_the_page_has_the_figures(behaviours, page):
    assert table(list(behaviours.values())) in (ROOT / page).read_text(encoding="utf-8")
