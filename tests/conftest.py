from pathlib import Path

import numpy as np
import pytest

from commentnlp import Model, Taxonomy
from commentnlp.features import ORDERS, Features
from commentnlp.noise import Noise
from commentnlp.segment import Segmenter
from commentnlp.text import Normaliser

ROOT = Path(__file__).resolve().parent.parent
TRAINING_DATA = ROOT / "training_data"
REAL = ROOT.parent / "shared" / "data"

TINY_TAXONOMY = Taxonomy.from_json(
    {
        "intent": {"names": {"zh": "关注点"}, "labels": {"price": {"zh": "价格"}}},
        "complaint": {
            "names": {"zh": "投诉"},
            "labels": {"logistics": {"zh": "物流"}, "logistics.delay": {"zh": "时效"}},
        },
    }
)


@pytest.fixture(scope="session")
def shipped() -> Model:
    return Model.shipped()


@pytest.fixture
def tiny() -> Model:
    """Two features, the characters 贵 and 慢, and weights that can be checked on paper.

    贵 adds 2 to price; 慢 adds 3 to logistics.delay and nothing to its parent.
    """
    keys = {name: np.zeros(0, np.uint64) for name in ORDERS}
    keys["char"] = np.array([2, 3], np.uint64)
    features = Features(Segmenter(), {}, [], 0, "慢贵", keys)
    return Model(
        Normaliser(),
        features,
        TINY_TAXONOMY,
        idf=np.array([1.0, 1.0]),
        weights=np.array([[0.0, 0.0, 3.0], [2.0, 0.0, 0.0]]),
        bias=np.array([-1.0, -1.0, -1.0]),
        thresholds=np.array([0.5, 0.5, 0.5]),
        noise=Noise.shipped(),
    )
