"""Is what people labelled fit to train on? What is wrong with it, where, and what to do."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from commentnlp.corpus import FEW, Corpus, corpus
from commentnlp.errors import SampleError
from commentnlp.language import Language
from commentnlp.records import Sample
from commentnlp.samples import Gathered, Problem
from commentnlp.similar import key, near_pairs
from commentnlp.taxonomy import Taxonomy, parent_of
from commentnlp.training import Settings, out_of_fold
from commentnlp.workbooks import Cell, write_sheets

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.floating[Any]]

ENOUGH = 20
"""Samples of a label below which it is said that there are few."""
SHARED = 10
"""Texts that two people must both have labelled to tell how far they agree."""
DOUBTFUL = 0.5
"""A label is named as doubtful where the others speak for the opposite with at least this."""


_AGGREGATOR = {"method": "softmin", "temperature": 0.05}
"""The label that speaks most against a sample decides: of what cleanlab offers, this finds most
planted errors (`benchmarks/audit.py`; its own choice is an exponential moving average)."""


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
    looked: bool = True
    """Whether doubtful labels were looked for."""

    @property
    def doubtful(self) -> tuple[Doubt, ...]:
        """Those of which a label should be looked at."""
        return tuple(doubt for doubt in self.doubts if doubt.labels)

    @property
    def few(self) -> dict[tuple[str, str], int]:
        """Labels with fewer samples than `ENOUGH`."""
        return {label: count for label, count in self.counts.items() if count < ENOUGH}


def check(
    gathered: Gathered,
    taxonomy: Taxonomy,
    language: Language,
    *,
    holdout: Sequence[Sample] = (),
) -> Audit:
    """What `audit` finds at once: all but the doubtful labels, for which models are trained."""
    samples = gathered.samples
    normal = [t.text for t in language.normaliser.normalise_all([s.text for s in samples])]
    held = [*holdout, *(s for s in samples if s.split == "holdout")]
    left = [s for s in samples if s.split != "holdout"]
    return Audit(
        len(samples),
        tuple(gathered.problems),
        tuple(gathered.notes),
        tuple(_contradictions(samples, normal)),
        (),
        {
            (facet, label): sum(label in s.labels.get(facet, ()) for s in samples)
            for facet, label in taxonomy.columns
        },
        tuple(_agreements(samples, taxonomy)),
        tuple(_leaks(left, held, language)),
        looked=False,
    )


def audit(
    gathered: Gathered,
    taxonomy: Taxonomy,
    language: Language,
    *,
    holdout: Sequence[Sample] = (),
    base: Sequence[Sample] = (),
    base_taxonomy: Taxonomy | None = None,
    settings: Settings | None = None,
    progress: Callable[[str, int, int], None] = lambda stage, done, total: None,
) -> Audit:
    """Look through samples, as they were gathered, before anything is trained on them.

    Doubtful labels are those that models disagree with that were trained on the other samples
    only, nearly the same texts kept together, and on the ``base`` (confident learning: Northcutt,
    Jiang and Chuang, JAIR 2021; for several labels: Thyagarajan et al. 2022, by cleanlab). Where
    the samples do not suffice for that, or cleanlab is not installed, a note says so. Two people
    agree by Cohen's kappa (1960).
    """
    found = check(gathered, taxonomy, language, holdout=holdout)
    samples = gathered.samples
    normal = [t.text for t in language.normaliser.normalise_all([s.text for s in samples])]
    texts = {sample.text for sample in samples}
    under = [sample for sample in base if sample.text not in texts]
    try:
        whole = corpus(samples, taxonomy, base=under, base_taxonomy=base_taxonomy, few=FEW)
        doubts = _doubts(whole, normal, language, settings or Settings(), progress)
    except SampleError as error:
        return replace(found, notes=(*found.notes, f"doubtful labels were not looked for: {error}"))
    return replace(found, doubts=tuple(doubts), looked=True)


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
    whole: Corpus,
    normal: Sequence[str],
    language: Language,
    settings: Settings,
    progress: Callable[[str, int, int], None],
) -> list[Doubt]:
    try:
        from cleanlab.multilabel_classification import get_label_quality_scores
    except ImportError:
        raise SampleError("that needs cleanlab: pip install 'commentnlp[audit]'") from None
    probability = out_of_fold(
        whole, language, groups=_groups(normal), settings=settings, progress=progress
    )
    columns = whole.taxonomy.columns
    own = whole.part(whole.own)
    # what was not judged is held to be what the models say
    said = np.where(own.judged, own.given, probability >= 0.5)
    bounded = np.clip(probability, 1e-6, 1 - 1e-6)
    given = [np.flatnonzero(row).tolist() for row in said]
    against = np.where(said, 1 - probability, probability)
    quality = (
        get_label_quality_scores(given, bounded, aggregator_kwargs=_AGGREGATOR)
        if len(columns) > 1 and len(given) > 1
        else 1 - against.max(axis=1)  # of one label, or one sample, cleanlab makes nothing
    )
    doubtful = (against >= DOUBTFUL) & own.judged
    out = []
    for i in np.argsort(quality, kind="stable").tolist():
        named = [
            (*columns[j], bool(said[i, j]), float(probability[i, j]))
            for j in sorted(np.flatnonzero(doubtful[i]).tolist(), key=lambda j: -against[i, j])
        ]
        out.append(Doubt(own.samples[i], float(quality[i]), tuple(_once(named))))
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


# shown ------------------------------------------------------------------------------------

_SHOWN = 10


def audit_table(found: Audit) -> str:
    """Lay an audit out for a terminal: what is wrong, the worst first."""
    lines = [f"{found.samples} samples"]

    def section(title: str, rows: Sequence[str], many: int) -> None:
        lines.extend(["", f"{title}: {many}", *(f"  {row}" for row in rows[:_SHOWN])])
        if many > _SHOWN:
            lines.append("  …")

    problems = [f"{one.place}: {one.what}" for one in found.problems]
    section("rows that make no sample", problems, len(problems))
    rows = [
        f"{one.first.place}  {_spelt(one.first, one.facets)}  「{_line(one.first.text)}」"
        f"  ↔  {one.second.place}  {_spelt(one.second, one.facets)}  「{_line(one.second.text)}」"
        f"  ({one.alike})"
        for one in found.contradictions
    ]
    section("contradictions", rows, len(rows))
    rows = [
        f"{one.quality:.3f}  {one.sample.place}  「{_line(one.sample.text)}」  {_against(one)}"
        for one in found.doubtful
    ]
    if found.looked:
        section("doubtful labels", rows, len(rows))
    else:
        lines += ["", "doubtful labels: not looked for"]
    rows = [f"{facet}/{label}  {count}" for (facet, label), count in found.few.items()]
    section(f"labels with fewer than {ENOUGH} samples", rows, len(rows))
    if found.agreements:
        lines += ["", f"{'agreement of two':<44}{'texts':>7}{'same':>8}{'kappa':>8}"]
        for one in found.agreements:
            kappa = "–" if one.kappa is None else f"{one.kappa:.2f}"
            name = f"{one.first} / {one.second}: {one.facet}" if not one.label else "  " + one.label
            if not one.label or one.either:
                lines.append(f"  {name:<42}{one.texts:>7}{one.same:>8.1%}{kappa:>8}")
    rows = [
        f"{one.sample.place}  「{_line(one.sample.text)}」  ↔  {one.held_out.place}"
        f"  「{_line(one.held_out.text)}」"
        for one in found.leaks
    ]
    section("texts on both sides of a split", rows, len(rows))
    return "\n".join(lines)


def write_audit(found: Audit, path: Path) -> None:
    """Write all that was found as a workbook. Raises CommentnlpError where it cannot be."""
    doubts: list[list[Cell]] = [
        [round(one.quality, 4), one.sample.place, one.sample.text, _against(one),
         *("|".join(sorted(one.sample.labels.get(f, ()))) for f in _facets(found)), one.sample.id]
        for one in found.doubtful
    ]  # fmt: skip
    contradictions: list[list[Cell]] = [
        [one.alike, ", ".join(one.facets), one.first.place, one.first.text,
         _spelt(one.first, one.facets), one.second.place, one.second.text,
         _spelt(one.second, one.facets)]
        for one in found.contradictions
    ]  # fmt: skip
    agreements: list[list[Cell]] = [
        [a.first, a.second, a.facet, a.label, a.texts, a.both, a.either, a.same, a.kappa]
        for a in found.agreements
    ]
    leaks: list[list[Cell]] = [
        [x.sample.place, x.sample.text, x.held_out.place, x.held_out.text] for x in found.leaks
    ]
    labels: list[list[Cell]] = [
        [f, x, n, "few" if n < ENOUGH else ""] for (f, x), n in found.counts.items()
    ]
    facets = " ".join(_facets(found))
    sheets: dict[str, tuple[str, list[list[Cell]]]] = {
        "doubtful": (f"quality place text against {facets} id", doubts),
        "contradictions": (
            "alike facets place text labels other_place other_text other_labels", contradictions),
        "no samples": ("place text what", [[p.place, p.text, p.what] for p in found.problems]),
        "labels": ("facet label samples few", labels),
        "agreement": ("first second facet label texts both either same kappa", agreements),
        "both sides": ("place text held_out_place held_out_text", leaks),
        "notes": ("note", [[note] for note in found.notes]),
    }  # fmt: skip
    write_sheets(path, {name: [head.split(), *rows] for name, (head, rows) in sheets.items()})


def _facets(found: Audit) -> list[str]:
    return list(dict.fromkeys(facet for facet, _ in found.counts))


def _against(doubt: Doubt) -> str:
    """What speaks against a sample's labels: ``price given, 0.03``."""
    return ", ".join(
        f"{label} {'given' if given else 'missing'}, {probability:.2f}"
        for _, label, given, probability in doubt.labels
    )


def _spelt(sample: Sample, facets: Sequence[str]) -> str:
    several = [x for facet in facets for x in sorted(sample.labels[facet])]
    parents = {parent_of(label) for label in several}
    return "|".join(label for label in several if label not in parents) or "none"


def _line(text: str) -> str:
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return line if len(line) <= 40 else line[:39] + "…"
