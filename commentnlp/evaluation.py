"""Compare predicted labels with given ones: precision, recall, F1, support."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from commentnlp.model import Model
from commentnlp.records import Sample
from commentnlp.taxonomy import Taxonomy, parent_of

Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Score:
    """Precision, recall and F1 (0 where undefined), and how many samples have the label."""

    precision: float
    recall: float
    f1: float
    support: int


@dataclass(frozen=True)
class FacetScores:
    """Scores of one facet: each label, and over labels as micro and macro averages.

    The averages stand apart for parents and for leaves; a macro average leaves out labels that
    no sample has. ``leaves`` averages are None in a facet without leaves.
    """

    labels: Mapping[str, Score]
    micro: Score
    macro: Score
    leaf_micro: Score | None
    leaf_macro: Score | None


@dataclass(frozen=True)
class Evaluation:
    """What `evaluate` finds: how many samples, and the scores of each facet."""

    samples: int
    facets: Mapping[str, FacetScores]

    def to_json(self) -> dict[str, Any]:
        """Plain data for ``--json``."""
        return asdict(self)


def evaluate(model: Model, samples: Sequence[Sample]) -> Evaluation:
    """Score a model on labelled samples, parents implied by leaves on both sides.

    What was not judged does not count.
    """
    predicted = model.predict([sample.text for sample in samples])
    predicted &= judged(model.taxonomy, samples)
    return score(model.taxonomy, truth(model.taxonomy, samples), predicted)


def truth(taxonomy: Taxonomy, samples: Sequence[Sample]) -> Bools:
    """Labels of samples as an array samples × labels; False where not judged."""
    return np.array(
        [[label in s.labels.get(facet, ()) for facet, label in taxonomy.columns] for s in samples],
        bool,
    ).reshape(len(samples), len(taxonomy.columns))


def judged(taxonomy: Taxonomy, samples: Sequence[Sample]) -> Bools:
    """Of which labels samples say whether they have them, samples × labels."""
    return np.array(
        [[facet in sample.labels for facet, _ in taxonomy.columns] for sample in samples], bool
    ).reshape(len(samples), len(taxonomy.columns))


def score(taxonomy: Taxonomy, given: Bools, predicted: Bools) -> Evaluation:
    """Score predictions; both arrays are samples × labels in the taxonomy's order."""
    facets = {}
    for facet in taxonomy.facets:
        counts = {
            label: _counts(given[:, i], predicted[:, i])
            for i, (f, label) in enumerate(taxonomy.columns)
            if f == facet
        }
        parents = [c for label, c in counts.items() if not parent_of(label)]
        leaves = [c for label, c in counts.items() if parent_of(label)]
        facets[facet] = FacetScores(
            {label: _score(*c) for label, c in counts.items()},
            _micro(parents),
            _macro(parents),
            _micro(leaves) if leaves else None,
            _macro(leaves) if leaves else None,
        )
    return Evaluation(len(given), facets)


_Counts = tuple[int, int, int]  # hits, predicted, given


def _counts(given: Bools, predicted: Bools) -> _Counts:
    return int((given & predicted).sum()), int(predicted.sum()), int(given.sum())


def _score(hits: int, predicted: int, given: int) -> Score:
    return Score(
        precision=hits / predicted if predicted else 0.0,
        recall=hits / given if given else 0.0,
        f1=2 * hits / (predicted + given) if predicted + given else 0.0,
        support=given,
    )


def _micro(counts: Sequence[_Counts]) -> Score:
    hits, predicted, given = (sum(column) for column in zip(*counts, strict=True))
    return _score(hits, predicted, given)


def _macro(counts: Sequence[_Counts]) -> Score:
    scores = [_score(*c) for c in counts if c[2]]
    n = max(len(scores), 1)
    return Score(
        sum(s.precision for s in scores) / n,
        sum(s.recall for s in scores) / n,
        sum(s.f1 for s in scores) / n,
        sum(s.support for s in scores),
    )
