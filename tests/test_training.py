import random
import re
import warnings

import numpy as np
import pytest
from sklearn.feature_extraction.text import CountVectorizer, TfidfTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from commentnlp import Model
from commentnlp.corpus import Corpus, corpus
from commentnlp.denials import FINAL, NEGATOR, STOP, TAIL
from commentnlp.errors import SampleError
from commentnlp.evaluation import truth
from commentnlp.features import ORDERS, shape
from commentnlp.language import Language
from commentnlp.model import LENGTH_POWER, combine, sigmoid, views_of
from commentnlp.records import Sample
from commentnlp.samples import read_all_samples
from commentnlp.taxonomy import Taxonomy
from commentnlp.training import Settings, _best_threshold, _calibrate, train

from .conftest import TINY_TAXONOMY, TRAINING_DATA

LANGUAGE = Language.read(TRAINING_DATA / "language")
TAXONOMY = Taxonomy.read(TRAINING_DATA / "taxonomy.json")
SETTINGS = Settings(folds=3, max_features=6000, min_count=2, least_weight=0,
                    disturbed=0, second_look=False, jobs=1)  # fmt: skip


@pytest.fixture(scope="module")
def samples():
    files = sorted((TRAINING_DATA / "samples").glob("*.csv"))
    chosen = read_all_samples(files, TAXONOMY)
    random.Random(1).shuffle(chosen)
    return chosen[:2500]


@pytest.fixture(scope="module")
def model(samples):
    return train(corpus(samples, TAXONOMY), LANGUAGE, settings=SETTINGS)


def grams(model, text):
    """The features of a normalised text by plain Python, spelled as `Features.name` spells them."""
    features = model.features
    words = features.segmenter.cut(text)
    known = set(features.words)
    common = set(features.words[: features.common])
    concept = features.concepts

    def sign(word):
        return (
            concept.get(word) or concept.get(shape(word)) or (word if word in common else "OTHER")
        )

    plain = re.sub("[a-z]{3,}", lambda match: "\0" * len(match[0]), text.translate(_FIGURES))
    chars = [c if c in features.chars else None for c in plain]
    signs = [sign(w) for w in words]
    asked, denied = asked_and_denied(words, signs, features.denials)
    for i, word in enumerate(words):
        if i in asked:
            signs[i] = "X_NOT_X"
        if i in denied:
            signs[i] = f"NOT_{signs[i]}"
            at = len("".join(words[:i]))
            chars[at : at + len(word)] = [None] * len(word)
    sequences = {
        "word": [w if w in known and i not in denied else None for i, w in enumerate(words)],
        "concept": signs,
        "char": chars,
    }
    for name, longest in ORDERS.items():
        symbols = ["^", *sequences[name], "^"]
        for n in range(1, longest + 1):
            for i in range(len(symbols) - n + 1):
                gram = symbols[i : i + n]
                if None in gram or "^" in gram[1:-1] or set(gram) == {"^"}:
                    continue
                yield f"{name}:" + ("" if name == "char" else " ").join(gram)


def asked_and_denied(words, signs, denials):
    """Which of the words of a text ask (掉不掉色) and which are denied, word by word."""

    def has(i, role):
        return bool(denials.roles.get(words[i], 0) & role)

    def stops(i):
        return not 0 <= i < len(words) or words[i] == " " or has(i, STOP)

    asked, denied = set(), set()
    for i, word in enumerate(words):
        if has(i, NEGATOR) and 0 < i < len(words) - 1 and words[i - 1][-1] == words[i + 1][0]:
            asked.add(i)
            continue
        reach = range(i + 1, i + 5) if has(i, NEGATOR) else ()
        for j in reach:
            if stops(j):
                break
            denied.add(j)
        at_the_end = stops(i + 1) or (has(i + 1, TAIL) and stops(i + 2))
        reach = range(i - 1, i - 4, -1) if word and has(i, FINAL) and at_the_end else ()
        for j in reach:
            if stops(j):
                break
            denied.add(j)
    return asked, {i for i in denied if signs[i] in denials.concepts}


def test_words_within_reach_of_a_denial(model):
    def denied(text):
        words = model.features.segmenter.cut(text)
        signs = [model.features.concepts.get(word, "") for word in words]
        return [words[i] for i in sorted(asked_and_denied(words, signs, DENIALS)[1])]

    assert denied("没有色差") == ["色差"]
    assert denied("一点色差都没有") == ["色差"]
    assert denied("从来没掉过钻 色差大") == ["掉"]
    assert denied("掉不掉色") == []
    assert denied("没收到货就坏了") == []


DENIALS = LANGUAGE.denials

_FIGURES = str.maketrans("123456789", "000000000")


def test_the_numbers_are_those_of_scikit_learn(samples, model):
    """The frozen model against scikit-learn's own pipeline, fitted on the same samples."""
    texts = [model.normaliser.normalise(sample.text).text for sample in samples]
    names = [model.features.name(i) for i in range(len(model.features))]
    given = truth(model.taxonomy, samples)
    vectorise = make_pipeline(
        CountVectorizer(
            analyzer=lambda t: grams(model, t), vocabulary=names, binary=True, lowercase=False
        ),
        TfidfTransformer(norm=None),
        FunctionTransformer(divide_by_length),
    )
    rows = vectorise.fit_transform(texts)
    new = ["多少米", "圈口发小了 怎么退", "有证书吗，是天然的不！几克啊", "哈哈哈", "没有色差",
           "色差大", "一点裂都没有 掉不掉色", "gift好看 18k的", "不贵 也没坏过",
           "没收到货就坏了"]  # fmt: skip
    views = views_of([model.normaliser.normalise(text).text for text in new])
    got = model.logits(new)
    for i in (0, 1, 4, 5, 9, 24, 26):
        classifier = LogisticRegression(
            C=SETTINGS.cost,
            class_weight={False: 1.0, True: SETTINGS.positive_weight},
            solver="liblinear",
            tol=1e-3,
            random_state=0,
        ).fit(rows, given[:, i])
        scores = classifier.decision_function(vectorise.transform(views.texts))
        own = combine(scores[:, None], views)
        # calibration is a slope and a shift; two comments fix them, the others must agree
        far, near = int(own.argmax()), int(own.argmin())
        slope = (got[far, i] - got[near, i]) / (own[far, 0] - own[near, 0])
        calibrated = got[near, i] + slope * (own[:, 0] - own[near, 0])
        assert sigmoid(calibrated) == pytest.approx(sigmoid(got[:, i]), abs=1e-6)


def divide_by_length(rows):
    length = np.sqrt(np.asarray(rows.multiply(rows).sum(axis=1)).ravel())
    return rows.multiply(1 / np.maximum(length, 1e-300)[:, None] ** LENGTH_POWER).tocsr()


def test_training_again_gives_the_same_bytes(samples, model, tmp_path):
    again = train(corpus(samples[:2500], TAXONOMY), LANGUAGE, settings=SETTINGS)
    for name in ("idf", "weights", "bias", "thresholds"):
        assert getattr(again, name).tobytes() == getattr(model, name).tobytes(), name
    assert again.meta == model.meta


def test_a_trained_model_can_be_saved_and_loaded(model, tmp_path):
    model.save(tmp_path / "m")
    texts = ["多少米", "圈口发小了 怎么退"]
    assert Model.load(tmp_path / "m").logits(texts).tolist() == model.logits(texts).tolist()
    assert model.meta.samples == 2500
    assert 0.4 < model.meta.scores["intent"]["micro"]["f1"] < 1


def test_the_greatest_weights_are_kept(model):
    assert len(model.features) == SETTINGS.max_features
    assert (np.abs(model.weights).max(axis=1) > 0).all()


def test_progress_tells_the_stages(samples):
    told = []
    small = corpus(samples[:1500], TAXONOMY)
    train(small, LANGUAGE, settings=SETTINGS, progress=lambda *what: told.append(what))
    fits = (SETTINGS.folds + 1) * len(small.taxonomy.columns)
    assert told[0] == ("features of 1500 samples", 0, fits)
    assert told[-1] == ("last fit", fits, fits)
    assert len(dict.fromkeys(stage for stage, _, _ in told)) == 3
    assert [done for _, done, _ in told] == sorted(done for _, done, _ in told)


def test_too_few_samples_are_named():
    few = [
        Sample(f"慢{i}", {"intent": frozenset(), "complaint": frozenset({"logistics"})})
        for i in range(9)
    ]
    with pytest.raises(SampleError, match=r"intent/price \(0\), complaint/logistics \(9\)"):
        train(corpus(few, TINY_TAXONOMY, few=0), LANGUAGE)


def test_thresholds_make_the_best_f1():
    probability = np.array([0.9, 0.8, 0.7, 0.2])
    nothing = np.zeros(4, bool)
    given = np.array([True, True, False, False])
    assert _best_threshold(probability, given, nothing, np.ones(4)) == pytest.approx(0.75)
    # a parent that its leaf brings along already is not chosen for again
    given = np.array([True, False, False, True])
    assert _best_threshold(
        probability, given, given & (probability < 0.5), np.ones(4)
    ) == pytest.approx(0.85)


def test_calibration_turns_scores_into_odds():
    rng = np.random.default_rng(0)
    odds = rng.normal(size=(20_000, 1)) * 2
    given = rng.random((20_000, 1)) < sigmoid(odds)
    taxonomy = TINY_TAXONOMY.without([("complaint", "logistics")])
    judged, weight = np.ones((20_000, 1), bool), np.ones((20_000, 1))
    known = Corpus(taxonomy, [], 0, given, judged, weight, judged[:, 0], {})
    slope, shift = _calibrate(odds / 3 + 1, known)
    assert slope[0] == pytest.approx(3, rel=0.05)
    assert shift[0] == pytest.approx(-3, rel=0.05)


def test_importing_the_library_does_not_bring_scikit_learn():
    import subprocess
    import sys

    code = (
        "import sys, commentnlp; m = commentnlp.Model.shipped(); m.tag(['多少米']);"
        "print([n for n in ('sklearn', 'scipy', 'pandas', 'joblib', 'jieba', 'opencc')"
        " if n in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_no_warning_is_hidden(samples):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        train(corpus(samples[:1200], TAXONOMY), LANGUAGE, settings=SETTINGS)
