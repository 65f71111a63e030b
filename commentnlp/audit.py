"""Is what people labelled fit to train on? What is wrong with it, where, and what to do."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from commentnlp.corpus import FEW, corpus
from commentnlp.errors import SampleError
from commentnlp.language import Language
from commentnlp.records import Sample
from commentnlp.samples import Gathered, Problem
from commentnlp.similar import key, near_pairs
from commentnlp.taxonomy import Taxonomy, parent_of
from commentnlp.training import Settings, out_of_fold

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.floating[Any]]

ENOUGH = 20
"""Samples of a label below which it is said that there are few."""
SHARED = 10
"""Texts that two people must both have labelled to tell how far they agree."""
DOUBTFUL = 0.5
"""A label is named as doubtful where the others speak for the opposite with at least this."""


@dataclass(frozen=True)
class Contradiction:
    """Two samples that say nearly the same and have other labels."""

    first: Sample
    second: Sample
    facets: tuple[str, ...]
    """In which facets they differ."""
    alike: str
    """``same`` text, same but for ``figures`` and punctuation, or ``near``."""


@dataclass(frozen=True)
class Doubt:
    """A sample whose labels the others speak against."""

    sample: Sample
    quality: float
    """cleanlab's score of its labels, from 0 (wrong) to 1."""
    labels: tuple[tuple[str, str, bool, float], ...]
    """Facet, label, whether it was given, and the probability by models that never saw it."""


@dataclass(frozen=True)
class Agreement:
    """How far two people agree on a label; the label is empty for a whole facet."""

    first: str
    second: str
    facet: str
    label: str
    texts: int
    """Texts that both labelled,"""
    both: int
    """and to how many both gave the label,"""
    either: int
    """and at least one of them."""
    same: float
    """Share of the texts on which they agree."""
    kappa: float | None
    """Cohen's kappa; None where neither ever gave the label, or both always."""


@dataclass(frozen=True)
class Leak:
    """A text that stands, the same or nearly so, among the samples and among what is held out."""

    sample: Sample
    held_out: Sample


@dataclass(frozen=True)
class Audit:
    """What `audit` finds."""

    samples: int
    problems: tuple[Problem, ...]
    notes: tuple[str, ...]
    contradictions: tuple[Contradiction, ...]
    doubts: tuple[Doubt, ...]
    """Every sample that was judged, the most doubtful first."""
    counts: Mapping[tuple[str, str], int]
    """How many samples have each label."""
    agreements: tuple[Agreement, ...]
    leaks: tuple[Leak, ...]

    @property
    def doubtful(self) -> tuple[Doubt, ...]:
        """Those of which a label should be looked at."""
        return tuple(doubt for doubt in self.doubts if doubt.labels)

    @property
    def few(self) -> dict[tuple[str, str], int]:
        """Labels with fewer samples than `ENOUGH`."""
        return {label: count for label, count in self.counts.items() if count < ENOUGH}


def audit(
    gathered: Gathered,
    taxonomy: Taxonomy,
    language: Language,
    *,
    holdout: Sequence[Sample] = (),
    settings: Settings | None = None,
    progress: Callable[[str, int, int], None] = lambda stage, done, total: None,
) -> Audit:
    """Look through samples, as they were gathered, before anything is trained on them.

    Doubtful labels are those that models disagree with that were trained on the other samples
    only, nearly the same texts kept together (confident learning: Northcutt, Jiang and Chuang,
    JAIR 2021; for several labels: Thyagarajan et al. 2022, by cleanlab). Where the samples do not
    suffice for that, a note says so. Two people agree by Cohen's kappa (1960). Raises SampleError
    where cleanlab is not installed.
    """
    samples = gathered.samples
    normal = [t.text for t in language.normaliser.normalise_all([s.text for s in samples])]
    held = [*holdout, *(s for s in samples if s.split == "holdout")]
    left = [s for s in samples if s.split != "holdout"]
    notes = list(gathered.notes)
    doubts: list[Doubt] = []
    try:
        doubts = _doubts(samples, normal, taxonomy, language, settings or Settings(), progress)
    except SampleError as error:
        notes.append(f"doubtful labels were not looked for: {error}")
    return Audit(
        len(samples),
        tuple(gathered.problems),
        tuple(notes),
        tuple(_contradictions(samples, normal)),
        tuple(doubts),
        {
            (facet, label): sum(label in s.labels.get(facet, ()) for s in samples)
            for facet, label in taxonomy.columns
        },
        tuple(_agreements(samples, taxonomy)),
        tuple(_leaks(left, held, language)),
    )


# contradictions and leaks -----------------------------------------------------------------


def _contradictions(samples: Sequence[Sample], normal: Sequence[str]) -> list[Contradiction]:
    """Pairs of other labels; of samples that are the same each against the first."""
    out = []
    first: dict[str, int] = {}
    keys = [key(text) for text in normal]
    for i, name in enumerate(keys):
        j = first.setdefault(name, i)
        if facets := _differ(samples[j], samples[i]):
            alike = "same" if samples[j].text == samples[i].text else "figures"
            out.append(Contradiction(samples[j], samples[i], facets, alike))
    for i, j in zip(*(pair.tolist() for pair in near_pairs(normal)), strict=True):
        if keys[i] != keys[j] and (facets := _differ(samples[i], samples[j])):
            out.append(Contradiction(samples[i], samples[j], facets, "near"))
    return sorted(out, key=lambda one: ("same", "figures", "near").index(one.alike))


def _differ(one: Sample, other: Sample) -> tuple[str, ...]:
    shared = [facet for facet in one.labels if facet in other.labels]
    return tuple(facet for facet in shared if one.labels[facet] != other.labels[facet])


def _leaks(left: Sequence[Sample], held: Sequence[Sample], language: Language) -> list[Leak]:
    sides = [
        [t.text for t in language.normaliser.normalise_all([s.text for s in side])]
        for side in (left, held)
    ]
    pairs = (pair.tolist() for pair in near_pairs(*sides))
    return [Leak(left[i], held[j]) for i, j in zip(*pairs, strict=True)]


# doubtful labels --------------------------------------------------------------------------


def _doubts(
    samples: Sequence[Sample],
    normal: Sequence[str],
    taxonomy: Taxonomy,
    language: Language,
    settings: Settings,
    progress: Callable[[str, int, int], None],
) -> list[Doubt]:
    try:
        from cleanlab.multilabel_classification import get_label_quality_scores
    except ImportError:
        raise SampleError("that needs cleanlab: pip install 'commentnlp[audit]'") from None
    whole = corpus(samples, taxonomy, few=FEW)
    probability = out_of_fold(
        whole, language, groups=_groups(normal), settings=settings, progress=progress
    )
    columns = whole.taxonomy.columns
    # what was not judged is held to be what the models say
    said = np.where(whole.judged, whole.given, probability >= 0.5)
    bounded = np.clip(probability, 1e-6, 1 - 1e-6)
    given = [np.flatnonzero(row).tolist() for row in said]
    quality = get_label_quality_scores(given, bounded, method="self_confidence")
    against = np.where(said, 1 - probability, probability)
    doubtful = (against >= DOUBTFUL) & whole.judged
    out = []
    for i in np.argsort(quality, kind="stable").tolist():
        named = [
            (*columns[j], bool(said[i, j]), float(probability[i, j]))
            for j in sorted(np.flatnonzero(doubtful[i]).tolist(), key=lambda j: -against[i, j])
        ]
        out.append(Doubt(samples[i], float(quality[i]), tuple(_once(named))))
    return out


def _once(
    named: Sequence[tuple[str, str, bool, float]],
) -> list[tuple[str, str, bool, float]]:
    """Without the parents of leaves that are doubtful in the same way."""
    leaves = {(facet, parent_of(label), given) for facet, label, given, _ in named}
    return [one for one in named if (one[0], one[1], one[2]) not in leaves]


def _groups(normal: Sequence[str]) -> npt.NDArray[np.int64]:
    """A number for each text, the same for those nearly the same, however far round."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    i, j = near_pairs(normal)
    links = coo_array((np.ones(len(i)), (i, j)), shape=(len(normal), len(normal)))
    return np.asarray(connected_components(links, directed=False)[1], np.int64)


# agreement --------------------------------------------------------------------------------


def _agreements(samples: Sequence[Sample], taxonomy: Taxonomy) -> list[Agreement]:
    """Of every two people with enough texts in common; where none is named, of every two files."""
    of_person: dict[str, dict[str, Sample]] = {}
    named = any(sample.annotator for sample in samples)
    for sample in samples:
        person = sample.annotator if named else sample.place.rpartition(", ")[0]
        if person:
            of_person.setdefault(person, {})[sample.text] = sample
    out = []
    for first, second in combinations(sorted(of_person), 2):
        texts = sorted(of_person[first].keys() & of_person[second].keys())
        if len(texts) < SHARED:
            continue
        pairs = [(of_person[first][text], of_person[second][text]) for text in texts]
        for facet, labels in taxonomy.facets.items():
            both = [(a, b) for a, b in pairs if facet in a.labels and facet in b.labels]
            if both:
                for label in ("", *labels):
                    out.append(_agreement(Path(first).name, Path(second).name, facet, label, both))
    return out


def _agreement(
    first: str, second: str, facet: str, label: str, pairs: Sequence[tuple[Sample, Sample]]
) -> Agreement:
    from sklearn.metrics import cohen_kappa_score

    said: list[list[bool]] | list[list[str]]
    if label:
        said = [[label in one.labels[facet] for one in pair] for pair in pairs]
    else:  # the set of labels as one answer
        said = [["|".join(sorted(one.labels[facet])) for one in pair] for pair in pairs]
    mine, yours = zip(*said, strict=True)
    alone = len(set(mine) | set(yours)) == 1
    return Agreement(
        first,
        second,
        facet,
        label,
        len(pairs),
        sum(bool(a) and bool(b) for a, b in said),
        sum(bool(a) or bool(b) for a, b in said),
        sum(a == b for a, b in said) / len(said),
        None if alone else float(cohen_kappa_score(mine, yours)),
    )
