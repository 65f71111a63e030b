"""Samples → model. scikit-learn is imported when somebody trains."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp
from joblib import Parallel, delayed
from sklearn.feature_extraction.text import TfidfTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score
from sklearn.model_selection import KFold

from commentnlp.arrays import Ints
from commentnlp.corpus import Corpus
from commentnlp.drift import reference_of
from commentnlp.errors import SampleError
from commentnlp.evaluation import score
from commentnlp.features import ORDERS, Features, Keys, vocabulary
from commentnlp.language import Language
from commentnlp.model import (
    BATCH,
    LENGTH_POWER,
    Floats,
    Model,
    Views,
    combine,
    sigmoid,
    views_of,
)
from commentnlp.model_folder import Meta
from commentnlp.segment import Segmenter, new_words
from commentnlp.stacking import SecondLook
from commentnlp.taxonomy import parent_of

Bools = npt.NDArray[np.bool_]

OWN_WEIGHTS = (2.0, 5.0, 10.0, 20.0)
"""What a shop's own sample may weigh against a shipped one."""

_FEWEST_FOR_SECOND_LOOK = 2000
"""Samples in the mix of real rooms from which on a second look can be learnt."""

_FEWEST_OWN = 400
"""Own samples from which on cross-validation chooses their weight; with fewer it is a rule."""

_FEWEST_FOR_WEIGHTS = 12
"""Own samples of a label from which on it has a say in that."""

_BASE_FOR_WEIGHTS = 8_000
"""Shipped samples that stand for all of them there."""

Progress = Callable[[str, int, int], None]
"""Is told the stage, and how many classifiers of how many are fitted."""


@dataclass(frozen=True)
class Settings:
    """What training may be told; the defaults are those of the shipped model."""

    min_count: int = 3
    """Words, characters and n-grams in fewer samples are left out."""
    common_count: int = 50
    """Words in fewer samples are OTHER among the concepts."""
    max_features: int = 120_000
    """The features kept: those with the greatest weights in cross-validation."""
    least_weight: float = 0.1
    """Weights that move the log-odds of a single n-gram by less are 0: half of them are."""
    cost: float = 2.0
    """Inverse strength of the L2 penalty (scikit-learn's ``C``)."""
    positive_weight: float = 2.0
    """Weight of a sample that has the label against one that has not."""
    second_look: bool = True
    """Whether labels know of each other (`commentnlp.stacking`)."""
    unshaped: float = 0.02
    """What a sample that was gathered for a topic weighs when probabilities are calibrated."""
    disturbed: float = 0.2
    """Share of the samples before or behind which somebody is called."""
    folds: int = 3
    seed: int = 0
    jobs: int = 2


def train(
    corpus: Corpus,
    language: Language,
    *,
    settings: Settings = Settings(),
    progress: Progress = lambda stage, done, total: None,
) -> Model:
    """Train a model: TF-IDF n-grams, one logistic regression a label, a second look at them all.

    Probabilities are calibrated by that second look or, where samples are few, label by label
    (Platt 1999). Thresholds are chosen, label by label, for the best F1
    on out-of-fold scores (Lin, Chen, Wu and Lin, ACL 2023, show that this is what linear models
    need in multi-label work). Raises
    SampleError where a label has too few samples to do so.
    """
    taxonomy, given, judged = corpus.taxonomy, corpus.given, corpus.judged
    _check_support(corpus, settings.folds)
    segmenter = _segmenter(language)
    texts = _disturbed(
        [text.text for text in language.normaliser.normalise_all(corpus.texts)],
        language.vocatives,
        settings,
    )
    labels = len(taxonomy.columns)
    fits = _Fits(progress, (settings.folds + 1) * labels)
    if _FEWEST_OWN <= corpus.own < len(corpus.samples):
        fits.stage(f"choosing the weight of {corpus.own} own samples")
        corpus = corpus.with_own_weight(choose_own_weight(corpus, language, settings))

    fits.stage(f"features of {len(texts)} samples")
    views = views_of(texts)
    features = find_features(texts, segmenter, language, settings)
    rows, _ = tfidf(features, views.texts, views.whole)

    fits.stage(f"{settings.folds}-fold cross-validation with {len(features)} features")
    held_out, strength = _cross_validate(rows, views, corpus, settings, fits)
    as_in_rooms = replace(
        corpus, weight=corpus.weight * np.where(corpus.shaped, 1, settings.unshaped)[:, None]
    )
    lengths = [len(text) for text in texts]
    second_look: SecondLook | None = None
    slope: Floats = np.ones(labels)
    shift: Floats = np.zeros(labels)
    if settings.second_look and corpus.shaped.sum() >= _FEWEST_FOR_SECOND_LOOK:
        second_look = _fit_second_look(held_out, lengths, corpus)
        out_of_fold = sigmoid(second_look(held_out, lengths))
    else:
        slope, shift = _calibrate(held_out, as_in_rooms)
        out_of_fold = sigmoid(held_out * slope + shift)
    thresholds = _thresholds(out_of_fold, as_in_rooms)

    # only now: to choose features by all labels first would make the cross-validation too hopeful
    features = _prune(features, strength, settings.max_features)
    rows, idf = tfidf(features, texts)

    fits.stage("last fit")
    weights, bias = _fit(rows, given, corpus.weight, settings, fits)
    weights = (weights * idf[:, None] * slope).astype(np.float32)
    weights[np.abs(weights) < settings.least_weight] = 0
    model = Model(
        language.normaliser,
        features,
        taxonomy,
        idf=idf.astype(np.float32),
        weights=weights,
        bias=bias * slope + shift,
        thresholds=thresholds,
        second_look=second_look,
        products=language.products,
        rules=language.rules,
        noise=language.noise,
    )
    decided = model.decide(out_of_fold) & judged
    own = slice(corpus.own)
    model.meta = Meta(
        version=model.parts().fingerprint(),
        data_digest=corpus.digest,
        samples=corpus.own,
        scores=score(taxonomy, given[own], decided[own]).to_json()["facets"],
        reference=reference_of(model, texts, out_of_fold, min_count=settings.min_count),
        training=corpus.told(),
    )
    return model


def out_of_fold(
    corpus: Corpus,
    language: Language,
    *,
    groups: Ints,
    settings: Settings = Settings(),
    progress: Progress = lambda stage, done, total: None,
) -> Floats:
    """Calibrated probabilities of a shop's samples by models that never saw them, samples × labels.

    ``groups`` tells which samples belong together: none of a group is seen, either; samples of the
    base, of no group, are seen by all models. Raises SampleError where a label has too few samples.
    """
    _check_support(corpus, settings.folds)
    fits = _Fits(progress, settings.folds * len(corpus.taxonomy.columns))
    texts = _disturbed(
        [text.text for text in language.normaliser.normalise_all(corpus.texts)],
        language.vocatives,
        settings,
    )
    fits.stage(f"features of {len(texts)} samples")
    views = views_of(texts)
    features = find_features(texts, _segmenter(language), language, settings)
    rows, _ = tfidf(features, views.texts, views.whole)
    fits.stage(f"{settings.folds}-fold cross-validation with {len(features)} features")
    logits, _ = _cross_validate(rows, views, corpus, settings, fits, groups)
    own = corpus.part(corpus.own)
    slope, shift = _calibrate(logits[: corpus.own], own)
    return sigmoid(logits[: corpus.own] * slope + shift)


def _segmenter(language: Language) -> Segmenter:
    plain = {word: None for word in language.concepts if "#" not in word}
    return Segmenter(new_words({**plain, **language.words}))


def _disturbed(texts: Sequence[str], vocatives: Sequence[str], settings: Settings) -> Sequence[str]:
    """The texts, some of them with somebody called before or behind: their labels stay.

    What else leaves labels alone (commas, names, faces, laughter) the normaliser has taken out.
    """
    if not vocatives:
        return texts
    rng = np.random.default_rng(settings.seed)
    draw, which = rng.random(len(texts)), rng.integers(0, len(vocatives), len(texts))
    out = list(texts)
    for i in (draw < settings.disturbed).nonzero()[0].tolist():
        word = vocatives[which[i]]
        before = draw[i] < settings.disturbed / 2
        out[i] = f"{word} {texts[i]}" if before else f"{texts[i]} {word}"
    return out


def choose_own_weight(corpus: Corpus, language: Language, settings: Settings = Settings()) -> float:
    """The weight of a shop's own sample with which its other samples are ranked best.

    Cross-validation on the shop's samples, parents only, each weight of `OWN_WEIGHTS` against the
    same part of the base; the measure is the average precision of the labels, weighed by support.
    """
    rng = np.random.default_rng(settings.seed)
    base = np.arange(corpus.own, len(corpus.samples))
    part = np.sort(rng.permutation(base)[:_BASE_FOR_WEIGHTS])
    chosen = np.concatenate([np.arange(corpus.own), part])
    texts = [corpus.samples[i].text for i in chosen]
    normal = [text.text for text in language.normaliser.normalise_all(texts)]
    rows, _ = tfidf(find_features(normal, _segmenter(language), language, settings), normal)
    given, judged = corpus.given[chosen], corpus.judged[chosen]
    own_given, own_judged = given[: corpus.own], judged[: corpus.own]
    support = (own_given & own_judged).sum(axis=0)
    labels = [
        i
        for i, (_, label) in enumerate(corpus.taxonomy.columns)
        if not parent_of(label) and support[i] >= _FEWEST_FOR_WEIGHTS
    ]
    if not labels:
        return float(corpus.weight[: corpus.own].max())
    folds = list(_folds(corpus.own, None, replace(settings, folds=3)))

    def precision(heavy: float, label: int) -> float:
        weight = corpus.with_own_weight(heavy).weight[chosen, label].copy()
        weight[corpus.own :] *= len(base) / len(part)  # stands for the whole base
        scores = np.zeros(corpus.own)
        for train_on, held in folds:
            fit = np.concatenate([train_on, np.arange(corpus.own, len(chosen))])
            weights, bias = _fit_label(rows[fit], given[fit, label], weight[fit], settings)
            scores[held] = rows[held] @ weights + bias
        known = own_judged[:, label]
        return float(average_precision_score(own_given[known, label], scores[known]))

    pairs = [(heavy, label) for heavy in OWN_WEIGHTS for label in labels]
    found = Parallel(n_jobs=settings.jobs)(delayed(precision)(*pair) for pair in pairs)
    table = np.array(found).reshape(len(OWN_WEIGHTS), len(labels))
    return OWN_WEIGHTS[int(np.argmax(table @ support[labels]))]


class _Fits:
    """Counts the classifiers that are fitted, and tells it."""

    def __init__(self, progress: Progress, total: int) -> None:
        self._progress, self._total, self._done, self._stage = progress, total, 0, ""

    def stage(self, stage: str) -> None:
        self._stage = stage
        self._progress(stage, self._done, self._total)

    def run(self, jobs: Sequence[Any], settings: Settings) -> Iterator[tuple[Floats, float]]:
        for fitted in Parallel(n_jobs=settings.jobs, return_as="generator")(jobs):
            yield fitted
            self._done += 1
            self._progress(self._stage, self._done, self._total)


def find_features(
    texts: Sequence[str], segmenter: Segmenter, language: Language, settings: Settings
) -> Features:
    """Give every n-gram that stands in ``min_count`` normalised texts a column."""
    words, common, chars = vocabulary(
        texts, segmenter, min_count=settings.min_count, common_count=settings.common_count
    )
    blank = {name: np.zeros(0, np.uint64) for name in ORDERS}
    known = segmenter, language.concepts, words, common, chars
    alphabet = Features(*known, blank, language.denials)
    seen: dict[str, list[Keys]] = {name: [] for name in ORDERS}
    for i in range(0, len(texts), BATCH):
        for name, grams in alphabet.keys_of(texts[i : i + BATCH]):
            seen[name].append(grams)
    keys = {}
    for name, parts in seen.items():
        key, count = np.unique(np.concatenate(parts), return_counts=True)
        keys[name] = key[count >= settings.min_count]
    return Features(*known, keys, language.denials)


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


def _check_support(corpus: Corpus, folds: int) -> None:
    has = (corpus.given & corpus.judged).sum(axis=0)
    has_not = (~corpus.given & corpus.judged).sum(axis=0)
    few = [
        f"{facet}/{label} ({yes})"
        for (facet, label), yes, no in zip(corpus.taxonomy.columns, has, has_not, strict=True)
        if min(yes, no) < folds
    ]
    if not corpus.taxonomy.columns:
        raise SampleError("no label has enough samples to learn it; label more comments")
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
        features.denials,
    )


def _fit(
    rows: Any, given: Bools, weight: Floats, settings: Settings, fits: _Fits
) -> tuple[Floats, Floats]:
    """One classifier a label: weights (features × labels) and bias (labels)."""
    jobs = [
        delayed(_fit_label)(rows, given[:, i], weight[:, i], settings)
        for i in range(given.shape[1])
    ]
    weights, bias = zip(*fits.run(jobs, settings), strict=True)
    return np.stack(weights, axis=1), np.array(bias)


def _fit_label(rows: Any, has: Bools, weight: Floats, settings: Settings) -> tuple[Floats, float]:
    counts = weight > 0
    if not counts.all():
        (chosen,) = counts.nonzero()
        rows, has, weight = rows[chosen], has[chosen], weight[chosen]
    if has.all() or not has.any():  # all samples of a rare label in one fold
        return np.zeros(rows.shape[1]), 5.0 if has.any() else -5.0
    classifier = LogisticRegression(
        C=settings.cost,
        class_weight={False: 1.0, True: settings.positive_weight},
        solver="liblinear",
        tol=1e-3,
        random_state=settings.seed,
    )
    classifier.fit(rows, has, weight.astype(np.float64))
    return classifier.coef_[0], float(classifier.intercept_[0])


def _cross_validate(
    rows: Any,
    views: Views,
    corpus: Corpus,
    settings: Settings,
    fits: _Fits,
    groups: Ints | None = None,
) -> tuple[Floats, Floats]:
    """Out-of-fold logits, samples × labels, and the greatest weight of each feature.

    ``rows`` are the vectors of all views. The weights are those for the label for which the
    feature weighs most, added up over the folds.
    """
    logits = np.zeros((len(views.texts), corpus.given.shape[1]))
    strength = np.zeros(rows.shape[1])
    for chosen, held in _folds(len(corpus.given), groups, settings):
        given, weight = corpus.given[chosen], corpus.weight[chosen]
        weights, bias = _fit(rows[chosen], given, weight, settings, fits)
        of_held = np.flatnonzero(np.isin(views.row, held))
        logits[of_held] = rows[of_held] @ weights + bias
        strength += np.abs(weights).max(axis=1)
    return combine(logits, views), strength


def _folds(many: int, groups: Ints | None, settings: Settings) -> Iterator[tuple[Ints, Ints]]:
    """Places to train on and to hold out; ``groups`` stay together."""
    if groups is None:
        folds = KFold(settings.folds, shuffle=True, random_state=settings.seed)
        yield from folds.split(np.zeros(many))
        return
    # GroupKFold shuffles only from scikit-learn 1.6 on
    drawn = np.random.default_rng(settings.seed).permutation(groups.max(initial=0) + 1)
    fold = np.full(many, -1)
    fold[: len(groups)] = drawn[groups] % settings.folds
    for number in range(settings.folds):
        yield np.flatnonzero(fold != number), np.flatnonzero(fold == number)


def _calibrate(logits: Floats, corpus: Corpus) -> tuple[Floats, Floats]:
    """Slope and shift of each label that turn its logits into log-odds (Platt 1999).

    A label that all samples have, or none, keeps its logits: nothing can be learnt of it.
    """
    labels = logits.shape[1]
    slope, shift = np.ones(labels), np.zeros(labels)
    for i in range(labels):
        judged = corpus.judged[:, i]
        given = corpus.given[judged, i]
        if given.all() or not given.any():
            continue
        platt = LogisticRegression(C=1e6).fit(
            logits[judged][:, [i]], given, corpus.weight[judged, i]
        )
        slope[i], shift[i] = platt.coef_[0, 0], platt.intercept_[0]
    return slope, shift


def _fit_second_look(logits: Floats, lengths: Sequence[int], corpus: Corpus) -> SecondLook:
    """Learn from out-of-fold log-odds how labels go together; the scores are log-odds, too.

    From samples in the mix of real rooms alone: how often labels go together is no matter of
    topics.
    """
    shaped = corpus.shaped.nonzero()[0]
    blank = SecondLook.blank(corpus.taxonomy)
    seen = blank.features(logits[shaped], [lengths[i] for i in shaped.tolist()])
    size = np.maximum(seen.std(axis=0), 1e-6)
    seen /= size
    given, judged = corpus.given[shaped], corpus.judged[shaped]
    weight = corpus.weight[shaped].astype(np.float64)

    def fit(label: int) -> Floats:
        known = judged[:, label]
        if given[known, label].all() or not given[known, label].any():
            return np.append(np.eye(seen.shape[1])[label], 0.0)  # as it was
        classifier = LogisticRegression(solver="newton-cholesky").fit(
            seen[known], given[known, label], weight[known, label]
        )
        return np.append(classifier.coef_[0] / size, classifier.intercept_[0])

    columns = [fit(label) for label in range(given.shape[1])]
    return SecondLook(np.stack(columns, axis=1), corpus.taxonomy)


def _thresholds(probabilities: Floats, corpus: Corpus) -> Floats:
    """The probability of each label from which on giving it makes the best F1, drawn to 0.5.

    Leaves come first; a parent's threshold is chosen knowing that its leaves bring it along.
    The best cut of few samples is a noisy one and mostly too low (Lipton, Elkan and Narayanaswamy
    2014), so that halfway from there to 0.5 does better on comments of rooms not seen.
    """
    columns, given = corpus.taxonomy.columns, corpus.given
    thresholds = np.full(len(columns), 0.5)
    brought = np.zeros(given.shape, bool)
    index = {column: i for i, column in enumerate(columns)}
    for i, (facet, label) in sorted(enumerate(columns), key=lambda c: not parent_of(c[1][1])):
        judged = corpus.judged[:, i]
        best = _best_threshold(
            probabilities[judged, i], given[judged, i], brought[judged, i], corpus.weight[judged, i]
        )
        thresholds[i] = (best + 0.5) / 2
        if parent := parent_of(label):
            brought[:, index[facet, parent]] |= probabilities[:, i] >= thresholds[i]
    return thresholds


def _best_threshold(probability: Floats, given: Bools, brought: Bools, weight: Floats) -> float:
    """Midway between the two probabilities where cutting gives the best F1."""
    if not given.any():
        return 0.5
    order = np.argsort(-probability, kind="stable")
    own = weight[order] * ~brought[order]
    hits = np.cumsum(given[order] * own) + weight[given & brought].sum()
    predicted = np.cumsum(own) + weight[brought].sum()
    f1 = 2 * hits / (predicted + weight[given].sum())
    best = int(np.argmax(f1))
    ranked = probability[order]
    after = ranked[best + 1] if best + 1 < len(ranked) else 0.0
    return float((ranked[best] + after) / 2)
