"""Samples → model. The only place that knows scikit-learn; imported when somebody trains."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp
from joblib import Parallel, delayed
from sklearn.feature_extraction.text import TfidfTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import KFold

from commentnlp.errors import SampleError
from commentnlp.evaluation import score, truth
from commentnlp.features import ORDERS, Features, Keys, read_concepts, vocabulary
from commentnlp.model import (
    BATCH,
    LENGTH_POWER,
    Floats,
    Meta,
    Model,
    Views,
    combine,
    read_normaliser,
    read_products,
    read_words,
    sigmoid,
    views_of,
)
from commentnlp.records import Sample
from commentnlp.samples import digest
from commentnlp.segment import Segmenter, new_words
from commentnlp.taxonomy import Taxonomy, parent_of

Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Settings:
    """What training may be told; the defaults are those of the shipped model."""

    min_count: int = 2
    """Words, characters and n-grams in fewer samples are left out."""
    common_count: int = 50
    """Words in fewer samples are OTHER among the concepts."""
    max_features: int = 60_000
    """The features kept: those with the greatest weights in a first fit."""
    cost: float = 2.0
    """Inverse strength of the L2 penalty (scikit-learn's ``C``)."""
    positive_weight: float = 2.0
    """Weight of a sample that has the label against one that has not."""
    folds: int = 4
    seed: int = 0
    jobs: int = 2


def train(
    samples: Sequence[Sample],
    taxonomy: Taxonomy,
    language: Path,
    *,
    settings: Settings = Settings(),
    progress: Callable[[str], None] = lambda stage: None,
) -> Model:
    """Train a model: TF-IDF n-grams, one logistic regression a label.

    Probabilities are calibrated (Platt 1999) and thresholds chosen, label by label, for the best
    F1 on out-of-fold scores (Lin, Chen, Wu and Lin, ACL 2023, show that this is what linear models
    need in multi-label work). Raises SampleError where a label has too few samples to do so.
    """
    given = truth(taxonomy, samples)
    _check_support(taxonomy, given, settings.folds)
    normaliser = read_normaliser(language)
    concepts = read_concepts(language / "concepts.tsv")
    plain = {word: None for word in concepts if "#" not in word}
    segmenter = Segmenter(new_words({**plain, **read_words(language / "words.tsv")}))
    texts = [text.text for text in normaliser.normalise_all([sample.text for sample in samples])]

    progress(f"features of {len(texts)} samples")
    views = views_of(texts)
    features = find_features(texts, segmenter, concepts, settings)
    rows, _ = tfidf(features, views.texts, views.whole)

    progress(f"{settings.folds}-fold cross-validation with {len(features)} features")
    held_out = _cross_validate(rows, views, given, settings)
    slope, shift = _calibrate(held_out, given)
    thresholds = _thresholds(taxonomy, sigmoid(held_out * slope + shift), given)

    # only now: to choose features by all labels first would make the cross-validation too hopeful
    progress(f"choosing {min(settings.max_features, len(features))} features")
    weights, _ = _fit(rows[: views.whole], given, settings)
    features = _prune(features, np.abs(weights).max(axis=1), settings.max_features)
    rows, idf = tfidf(features, texts)

    progress("last fit")
    weights, bias = _fit(rows, given, settings)
    model = Model(
        normaliser,
        features,
        taxonomy,
        idf=idf.astype(np.float32),
        weights=(weights * idf[:, None] * slope).astype(np.float32),
        bias=bias * slope + shift,
        thresholds=thresholds,
        products=read_products(language / "products.tsv"),
    )
    decided = model.decide(sigmoid(held_out * slope + shift))
    numbers = b"".join(
        [*(features.keys[name].tobytes() for name in ORDERS), model.weights.tobytes()]
    )
    model.meta = Meta(
        version=hashlib.sha256(numbers).hexdigest()[:12],
        data_digest=digest(samples),
        samples=len(samples),
        scores=score(taxonomy, given, decided).to_json()["facets"],
    )
    return model


def find_features(
    texts: Sequence[str], segmenter: Segmenter, concepts: Mapping[str, str], settings: Settings
) -> Features:
    """Give every n-gram that stands in ``min_count`` normalised texts a column."""
    words, common, chars = vocabulary(
        texts, segmenter, min_count=settings.min_count, common_count=settings.common_count
    )
    blank = {name: np.zeros(0, np.uint64) for name in ORDERS}
    alphabet = Features(segmenter, concepts, words, common, chars, blank)
    seen: dict[str, list[Keys]] = {name: [] for name in ORDERS}
    for i in range(0, len(texts), BATCH):
        for name, grams in alphabet.keys_of(texts[i : i + BATCH]):
            seen[name].append(grams)
    keys = {}
    for name, parts in seen.items():
        key, count = np.unique(np.concatenate(parts), return_counts=True)
        keys[name] = key[count >= settings.min_count]
    return Features(segmenter, concepts, words, common, chars, keys)


def tfidf(features: Features, texts: Sequence[str], fit: int | None = None) -> tuple[Any, Floats]:
    """TF-IDF vectors of normalised texts, a CSR matrix texts × features, and the idf.

    The idf is counted on the first ``fit`` texts (all by default); a feature counts once a text,
    and vectors are divided by their length to the power of `LENGTH_POWER`.
    """
    found = [features.find(texts[i : i + BATCH]).cells() for i in range(0, len(texts), BATCH)]
    row = np.concatenate([row + i * BATCH for i, (row, _) in enumerate(found)])
    column = np.concatenate([column for _, column in found])
    cells = (np.ones(len(row)), (row, column))
    counts = sp.csr_matrix(cells, shape=(len(texts), len(features)))
    counts.sum_duplicates()  # marks it as in order: workers, who may not write, need not sort it
    transformer = TfidfTransformer(norm=None).fit(counts[:fit])
    rows = transformer.transform(counts)
    length = np.sqrt(np.asarray(rows.multiply(rows).sum(axis=1)).ravel())
    rows.data /= np.repeat(length**LENGTH_POWER, np.diff(rows.indptr))
    return rows, transformer.idf_


def _check_support(taxonomy: Taxonomy, given: Bools, folds: int) -> None:
    few = [
        f"{facet}/{label} ({count})"
        for (facet, label), count in zip(taxonomy.columns, given.sum(axis=0), strict=True)
        if not folds <= count <= len(given) - folds
    ]
    if few:
        raise SampleError(
            f"too few samples with (or without) {', '.join(few)}: at least {folds} are needed"
            " for cross-validation; label more, or leave the label out of the taxonomy"
        )


def _prune(features: Features, strength: Floats, most: int) -> Features:
    """Keep the ``most`` features of greatest ``strength``; ties go to the first columns."""
    if len(features) <= most:
        return features
    kept = np.zeros(len(features), bool)
    kept[np.argsort(-strength, kind="stable")[:most]] = True
    keys, at = {}, 0
    for name in ORDERS:
        old = features.keys[name]
        keys[name] = old[kept[at : at + len(old)]]
        at += len(old)
    return Features(
        features.segmenter,
        features.concepts,
        features.words,
        features.common,
        features.chars,
        keys,
    )


def _fit(rows: Any, given: Bools, settings: Settings) -> tuple[Floats, Floats]:
    """One classifier a label: weights (features × labels) and bias (labels)."""
    fitted = Parallel(n_jobs=settings.jobs)(
        delayed(_fit_label)(rows, given[:, i], settings) for i in range(given.shape[1])
    )
    weights, bias = zip(*fitted, strict=True)
    return np.stack(weights, axis=1), np.array(bias)


def _fit_label(rows: Any, has: Bools, settings: Settings) -> tuple[Floats, float]:
    if has.all() or not has.any():  # all samples of a rare label in one fold
        return np.zeros(rows.shape[1]), 5.0 if has.any() else -5.0
    classifier = LogisticRegression(
        C=settings.cost,
        class_weight={False: 1.0, True: settings.positive_weight},
        solver="liblinear",
        tol=1e-3,
        random_state=settings.seed,
    )
    classifier.fit(rows, has)
    return classifier.coef_[0], float(classifier.intercept_[0])


def _cross_validate(rows: Any, views: Views, given: Bools, settings: Settings) -> Floats:
    """Out-of-fold logits, samples × labels. ``rows`` are the vectors of all views."""
    folds = list(KFold(settings.folds, shuffle=True, random_state=settings.seed).split(given))
    fold = np.zeros(views.whole, np.int64)
    for number, (_, held) in enumerate(folds):
        fold[held] = number
    jobs = [(number, i) for number in range(len(folds)) for i in range(given.shape[1])]
    fitted = Parallel(n_jobs=settings.jobs)(
        delayed(_fit_label)(rows[folds[n][0]], given[folds[n][0], i], settings) for n, i in jobs
    )
    logits = np.zeros((len(views.texts), given.shape[1]))
    for (number, i), (weights, bias) in zip(jobs, fitted, strict=True):
        held = np.flatnonzero(fold[views.row] == number)
        logits[held, i] = rows[held] @ weights + bias
    return combine(logits, views)


def _calibrate(logits: Floats, given: Bools) -> tuple[Floats, Floats]:
    """Slope and shift of each label that turn its logits into log-odds (Platt 1999)."""
    slope, shift = np.ones(given.shape[1]), np.zeros(given.shape[1])
    for i in range(given.shape[1]):
        platt = LogisticRegression(C=1e6).fit(logits[:, [i]], given[:, i])
        slope[i], shift[i] = platt.coef_[0, 0], platt.intercept_[0]
    return slope, shift


def _thresholds(taxonomy: Taxonomy, probabilities: Floats, given: Bools) -> Floats:
    """The probability of each label from which on giving it makes the best F1, drawn to 0.5.

    Leaves come first; a parent's threshold is chosen knowing that its leaves bring it along.
    The best cut of few samples is a noisy one and mostly too low (Lipton, Elkan and Narayanaswamy
    2014), so that halfway from there to 0.5 does better on comments of rooms not seen.
    """
    columns = taxonomy.columns
    thresholds = np.full(len(columns), 0.5)
    brought = np.zeros(given.shape, bool)
    index = {column: i for i, column in enumerate(columns)}
    for i, (facet, label) in sorted(enumerate(columns), key=lambda c: not parent_of(c[1][1])):
        best = _best_threshold(probabilities[:, i], given[:, i], brought[:, i])
        thresholds[i] = (best + 0.5) / 2
        if parent := parent_of(label):
            brought[:, index[facet, parent]] |= probabilities[:, i] >= thresholds[i]
    return thresholds


def _best_threshold(probability: Floats, given: Bools, brought: Bools) -> float:
    """Midway between the two probabilities where cutting gives the best F1."""
    order = np.argsort(-probability, kind="stable")
    own = ~brought[order]
    hits = np.cumsum(given[order] & own) + (given & brought).sum()
    predicted = np.cumsum(own) + brought.sum()
    f1 = 2 * hits / (predicted + given.sum())
    best = int(np.argmax(f1))
    ranked = probability[order]
    after = ranked[best + 1] if best + 1 < len(ranked) else 0.0
    return float((ranked[best] + after) / 2)
