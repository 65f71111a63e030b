import numpy as np
import pytest
from sklearn.metrics import precision_recall_fscore_support

from commentnlp.evaluation import evaluate, score, truth
from commentnlp.records import Sample

from .conftest import TINY_TAXONOMY


def sample(text, *labels):
    return Sample(
        text,
        {
            facet: frozenset(label for label in labels if label in TINY_TAXONOMY.facets[facet])
            for facet in TINY_TAXONOMY.facets
        },
    )


def test_on_paper(tiny):
    samples = [
        sample("贵", "price"),  # hit
        sample("贵了", "price"),  # hit
        sample("便宜吗", "price"),  # miss
        sample("贵妃"),  # false alarm
        sample("慢", "logistics", "logistics.delay"),  # both hit
        sample("丢件", "logistics"),  # parent missed
    ]
    result = evaluate(tiny, samples)
    assert result.samples == 6
    price = result.facets["intent"].labels["price"]
    assert (price.precision, price.recall, price.support) == (2 / 3, 2 / 3, 3)
    complaint = result.facets["complaint"]
    assert (complaint.micro.precision, complaint.micro.recall) == (1, 0.5)
    assert complaint.leaf_micro is not None
    assert complaint.leaf_micro.f1 == 1
    assert result.facets["intent"].leaf_micro is None
    assert result.to_json()["facets"]["intent"]["labels"]["price"]["support"] == 3


def test_the_same_as_scikit_learn():
    rng = np.random.default_rng(3)
    given, predicted = rng.random((2, 200, 3)) < 0.4
    result = score(TINY_TAXONOMY, given, predicted)
    for column, (facet, label) in enumerate(TINY_TAXONOMY.columns):
        p, r, f, _ = precision_recall_fscore_support(
            given[:, column], predicted[:, column], average="binary"
        )
        one = result.facets[facet].labels[label]
        assert (one.precision, one.recall, one.f1) == pytest.approx((p, r, f))


def test_nothing_given_nothing_predicted():
    nothing = np.zeros((4, 3), bool)
    result = score(TINY_TAXONOMY, nothing, nothing)
    assert result.facets["complaint"].micro.f1 == 0
    assert result.facets["complaint"].macro.support == 0


def test_truth_follows_the_columns():
    got = truth(TINY_TAXONOMY, [sample("慢", "logistics", "logistics.delay"), sample("好")])
    assert got.tolist() == [[False, True, True], [False, False, False]]
