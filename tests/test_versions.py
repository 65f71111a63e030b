"""A model folder is read the same under other versions of NumPy and scikit-learn."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest
import sklearn

from commentnlp import Model

from .conftest import ROOT

pytestmark = pytest.mark.slow

GOLDEN = ROOT / "tests" / "golden"

OLDER = {
    (3, 10): ("numpy==1.26.4", "scipy==1.11.4", "scikit-learn==1.4.2"),
    (3, 11): ("numpy==1.26.4", "scipy==1.11.4", "scikit-learn==1.4.2"),
    (3, 12): ("numpy==1.26.4", "scipy==1.11.4", "scikit-learn==1.4.2"),
    (3, 13): ("numpy==2.1.3", "scipy==1.14.1", "scikit-learn==1.5.2"),
}.get(sys.version_info[:2], ("numpy==2.3.5", "scipy==1.16.3", "scikit-learn==1.7.2"))
"""The oldest that this Python has wheels of."""

READ = """
import json, sys, numpy, sklearn
from commentnlp import Model
from commentnlp.corpus import corpus, shipped_samples
from commentnlp.language import Language
from commentnlp.shipped import TRAINING_DATA
from commentnlp.training import Settings, train

golden, texts = Model.load(sys.argv[1]), json.load(open(sys.argv[2], encoding="utf-8"))
samples, taxonomy = shipped_samples()
language = Language.read(TRAINING_DATA / "language")
small = train(corpus(samples[::40], taxonomy), language, settings=Settings(jobs=1))
small.save(sys.argv[3])
print(json.dumps([numpy.__version__, sklearn.__version__, golden.logits(texts["texts"]).tolist(),
                  small.logits(texts["texts"]).tolist()]))
"""


@pytest.fixture(scope="module")
def expected():
    return json.loads((GOLDEN / "expected.json").read_text(encoding="utf-8"))


def test_the_golden_model_says_what_it_said(expected):
    model = Model.load(GOLDEN / "model")
    assert model.meta.version == expected["version"]
    assert model.logits(expected["texts"]) == pytest.approx(np.array(expected["logits"]), abs=1e-5)
    for tagged, labels in zip(model.tag(expected["texts"]), expected["labels"], strict=True):
        assert {facet: list(tagged.labels(facet)) for facet in tagged.tags} == labels


def test_older_numpy_and_scikit_learn_read_it_the_same(expected, tmp_path):
    libraries = tmp_path / "libraries"
    install = [sys.executable, "-m", "pip", "install", "-q", "--only-binary=:all:", "--target"]
    subprocess.run([*install, libraries, *OLDER], check=True)
    done = subprocess.run(
        [sys.executable, "-c", READ, GOLDEN / "model", GOLDEN / "expected.json", tmp_path / "new"],
        env={**os.environ, "PYTHONPATH": f"{libraries}{os.pathsep}{ROOT}"},
        stdout=subprocess.PIPE,
        check=True,
    )
    numpy_version, sklearn_version, golden, small = json.loads(done.stdout)
    assert f"numpy=={numpy_version}" == OLDER[0] != f"numpy=={np.__version__}"
    assert f"scikit-learn=={sklearn_version}" == OLDER[2] != f"scikit-learn=={sklearn.__version__}"
    assert np.array(golden) == pytest.approx(np.array(expected["logits"]), abs=1e-5)
    # and the other way round: what is trained there is read here
    assert np.array(small) == pytest.approx(
        Model.load(tmp_path / "new").logits(expected["texts"]), abs=1e-5
    )
