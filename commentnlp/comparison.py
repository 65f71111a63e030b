"""Two models on the same labelled comments: is the new one better, and where is it worse?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from commentnlp.evaluation import judged, truth
from commentnlp.model import Model
from commentnlp.records import Sample
from commentnlp.taxonomy import Taxonomy, parent_of

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.floating[Any]]

ENOUGH = 20
"""Samples that have a label, from which on its getting worse is a reason to refuse."""
FEW, PLAINLY = 4, 0.2
"""Samples that suffice to see that a label is plainly worse: by so much F1."""
ROUNDS = 2000
LEVEL = 0.05
"""Chance of refusing, by any of its labels, a model that is as good as the other."""
_STEP = 250
_SHOWN = 5
"""Words with their labels that are told of a new vocabulary, for each label."""


@dataclass(frozen=True)
class Change:
    """One label, or an average over a facet, before and after.

    ``low`` and ``high`` bound the difference of F1 with 95 % confidence. Where only one model has
    the label, the other's F1 and the bounds are None.
    """

    facet: str
    label: str
    """A label, else ``parents`` or ``leaves`` for the micro average over them."""
    support: int
    before: float | None
    after: float | None
    low: float | None = None
    high: float | None = None
    verdict: str = ""
    """``worse`` or ``better`` where that is no chance, else empty."""


@dataclass(frozen=True)
class Line:
    """A comment to which the models give other labels."""

    place: str
    text: str
    facet: str
    given: tuple[str, ...]
    before: tuple[str, ...]
    after: tuple[str, ...]
    verdict: str
    """``right`` where the new model mends it, ``wrong`` where it spoils it, else ``other``."""


@dataclass(frozen=True)
class Learned:
    """A word that only the new model knows, and for which label it speaks most."""

    word: str
    facet: str
    label: str
    weight: float
    """What it adds to the label's log-odds as a comment of its own."""


@dataclass(frozen=True)
class Comparison:
    """What `compare` finds."""

    samples: int
    before: str
    """Version of the model before,"""
    after: str
    """and of the one after."""
    labels: tuple[Change, ...]
    averages: tuple[Change, ...]
    lines: tuple[Line, ...]
    learned: tuple[Learned, ...]

    @property
    def worse(self) -> tuple[Change, ...]:
        """Labels for which the new model should not be used."""
        return tuple(change for change in self.labels if change.verdict == "worse")

    @property
    def unjudged(self) -> dict[str, int]:
        """Labels with too few samples to tell whether they get worse, and how many they have."""
        return {
            f"{change.facet}/{change.label}": change.support
            for change in self.labels
            if 0 < change.support < ENOUGH and not change.verdict
        }

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return asdict(self)


def compare(
    before: Model, after: Model, samples: Sequence[Sample], *, rounds: int = ROUNDS, seed: int = 0
) -> Comparison:
    """Score both models on the same samples, label by label.

    The difference of F1 has a paired bootstrap interval (Efron and Tibshirani 1993; for comparing
    two systems on one test set: Berg-Kirkpatrick, Burkett and Klein, EMNLP 2012): samples, or whole
    groups where they have groups, are drawn again ``rounds`` times, the same for both models. A
    label with `ENOUGH` support is worse or better where its difference is significant among all
    those labels together (Holm 1979); with fewer it is worse where it loses as much as `PLAINLY`.
    What was not judged does not count.
    """
    texts = [sample.text for sample in samples]
    said = [_Said.of(model, samples, texts) for model in (before, after)]
    shared = [c for c in after.taxonomy.columns if c in set(before.taxonomy.columns)]
    old, new = (one.columns(shared) for one in said)
    drawn = _Drawn.of(samples, rounds, seed)
    lows, highs, worse, better = _bootstrap(drawn, old, new)
    enough = new.given.sum(axis=0) >= ENOUGH
    verdicts = _verdicts(worse, better, enough)
    for i, column in enumerate(shared):
        lost = (said[0].f1(column) or 0) - (said[1].f1(column) or 0)
        if not enough[i] and said[1].support(column) >= FEW and highs[i] < 0 and lost >= PLAINLY:
            verdicts[i] = "worse"
    labels = []
    for column in dict.fromkeys((*after.taxonomy.columns, *before.taxonomy.columns)):
        old_f1, new_f1 = (one.f1(column) for one in said)
        support = max(one.support(column) for one in said)
        if column in shared:
            i = shared.index(column)
            labels.append(Change(*column, support, old_f1, new_f1, float(lows[i]), float(highs[i]),
                                 verdicts[i]))  # fmt: skip
        else:
            labels.append(Change(*column, support, old_f1, new_f1))
    return Comparison(
        len(samples),
        before.meta.version,
        after.meta.version,
        tuple(labels),
        tuple(_averages(shared, old, new, drawn)),
        tuple(_lines(samples, said[0], said[1])),
        tuple(learned(before, after)),
    )


@dataclass(frozen=True)
class _Said:
    """What is right and what a model says, samples × its labels; False where not judged."""

    taxonomy: Taxonomy
    given: Bools
    predicted: Bools
    judged: Bools

    @classmethod
    def of(cls, model: Model, samples: Sequence[Sample], texts: Sequence[str]) -> _Said:
        known = judged(model.taxonomy, samples)
        given = truth(model.taxonomy, samples)
        return cls(model.taxonomy, given, model.predict(texts) & known, known)

    def columns(self, columns: Sequence[tuple[str, str]]) -> _Said:
        index = [self.taxonomy.columns.index(column) for column in columns]
        arrays = (a[:, index] for a in (self.given, self.predicted, self.judged))
        return _Said(self.taxonomy, *arrays)

    def support(self, column: tuple[str, str]) -> int:
        columns = self.taxonomy.columns
        return int(self.given[:, columns.index(column)].sum()) if column in columns else 0

    def f1(self, column: tuple[str, str]) -> float | None:
        if column not in self.taxonomy.columns:
            return None
        i = self.taxonomy.columns.index(column)
        hits = (self.given[:, i] & self.predicted[:, i]).sum()
        return float(_f1(hits, self.predicted[:, i].sum(), self.given[:, i].sum()))

    def labels(self, row: int, facet: str, which: Bools) -> tuple[str, ...]:
        """Labels of one row, leaves instead of their parents."""
        columns = enumerate(self.taxonomy.columns)
        several = [label for i, (f, label) in columns if f == facet and which[row, i]]
        parents = {parent_of(label) for label in several}
        return tuple(label for label in several if label not in parents)


@dataclass(frozen=True)
class _Drawn:
    """How often each unit was drawn in each round, and the unit of each sample."""

    counts: npt.NDArray[np.float32]
    unit: npt.NDArray[np.int64]

    @classmethod
    def of(cls, samples: Sequence[Sample], rounds: int, seed: int) -> _Drawn:
        names: dict[object, int] = {}
        unit = [names.setdefault(s.group or i, len(names)) for i, s in enumerate(samples)]
        many = max(len(names), 1)
        draw = np.random.default_rng(seed)
        counts = draw.multinomial(many, np.full(many, 1 / many), size=rounds)
        return cls(counts.astype(np.float32), np.array(unit, np.int64))

    def sums(self, cells: Bools) -> npt.NDArray[np.float32]:
        """Sums of samples × labels over what each round drew, rounds × labels."""
        of_unit = np.zeros((self.counts.shape[1], cells.shape[1]), np.float32)
        np.add.at(of_unit, self.unit, cells.astype(np.float32))
        return np.asarray(self.counts @ of_unit)


def _bootstrap(drawn: _Drawn, old: _Said, new: _Said) -> tuple[Floats, Floats, Floats, Floats]:
    """Bounds of the difference of F1, and the chance of one as good, or as bad, for each label."""
    given = drawn.sums(new.given)
    scores = [
        _f1(drawn.sums(one.given & one.predicted), drawn.sums(one.predicted), given)
        for one in (old, new)
    ]
    return _bounds(scores[1] - scores[0])


def _bounds(difference: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    rounds = len(difference)
    low, high = np.percentile(difference, [2.5, 97.5], axis=0)
    # by hand so that no round counts for 0 (Davison and Hinkley 1997)
    worse = ((difference >= 0).sum(axis=0) + 1) / (rounds + 1)
    better = ((difference <= 0).sum(axis=0) + 1) / (rounds + 1)
    return low, high, worse, better


def _f1(hits: Any, predicted: Any, given: Any) -> Any:
    return 2 * hits / np.maximum(predicted + given, 1)


def _verdicts(worse: Floats, better: Floats, enough: Bools) -> list[str]:
    """Which labels are significantly worse or better, the level shared by Holm's procedure."""
    out = [""] * len(worse)
    for chances, verdict in ((worse, "worse"), (better, "better")):
        order = sorted(np.flatnonzero(enough).tolist(), key=lambda i: chances[i])
        for rank, i in enumerate(order):
            if chances[i] > LEVEL / (len(order) - rank):
                break
            out[i] = verdict
    return out


def _averages(
    shared: Sequence[tuple[str, str]], old: _Said, new: _Said, drawn: _Drawn
) -> list[Change]:
    """Micro averages of each facet over its parents and over its leaves."""
    out = []
    for facet in dict.fromkeys(facet for facet, _ in shared):
        for name, leaves in (("parents", False), ("leaves", True)):
            index = [
                i for i, (f, label) in enumerate(shared)
                if f == facet and bool(parent_of(label)) == leaves
            ]  # fmt: skip
            if not index:
                continue
            given = drawn.sums(new.given[:, index]).sum(axis=1, keepdims=True)
            several, exact = [], []
            for one in (old, new):
                hits = one.given[:, index] & one.predicted[:, index]
                predicted = one.predicted[:, index]
                several.append(
                    _f1(drawn.sums(hits).sum(axis=1, keepdims=True),
                        drawn.sums(predicted).sum(axis=1, keepdims=True), given)
                )  # fmt: skip
                exact.append(float(_f1(hits.sum(), predicted.sum(), one.given[:, index].sum())))
            low, high, _, _ = _bounds(several[1] - several[0])
            support = int(new.given[:, index].sum())
            out.append(Change(facet, name, support, exact[0], exact[1], float(low[0]),
                              float(high[0])))  # fmt: skip
    return out


def _lines(samples: Sequence[Sample], old: _Said, new: _Said) -> list[Line]:
    """Where the answers differ, facet by facet; spoilt ones first, then mended ones."""
    out = []
    for facet in new.taxonomy.facets:
        if facet not in old.taxonomy.facets:
            continue
        for row, sample in enumerate(samples):
            if facet not in sample.labels:
                continue
            before = old.labels(row, facet, old.predicted)
            after = new.labels(row, facet, new.predicted)
            if before == after:
                continue
            given = new.labels(row, facet, new.given)
            right = set(before) == set(given), set(after) == set(given)
            verdict = {(True, False): "wrong", (False, True): "right"}.get(right, "other")
            out.append(Line(sample.place, sample.text, facet, given, before, after, verdict))
    order = ("wrong", "right", "other")
    return sorted(out, key=lambda line: order.index(line.verdict))


def learned(before: Model, after: Model) -> list[Learned]:
    """Words that only the new model knows, those of greatest weight for each label."""
    known = set(before.features.words)
    words = [word for word in after.features.words if word not in known]
    if not words:
        return []
    adds = after.logits(words) - after.logits([""])
    out = []
    for i, (facet, label) in enumerate(after.taxonomy.columns):
        for j in np.argsort(-adds[:, i], kind="stable")[:_SHOWN].tolist():
            if adds[j, i] > 1:
                out.append(Learned(words[j], facet, label, round(float(adds[j, i]), 2)))
    return out
