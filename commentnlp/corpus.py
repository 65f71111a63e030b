"""What a model is trained on: a shop's own samples and, under them, the shipped ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from commentnlp.evaluation import judged, truth
from commentnlp.records import Sample
from commentnlp.samples import digest, read_all_samples
from commentnlp.shipped import TRAINING_DATA
from commentnlp.taxonomy import Taxonomy

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.floating[Any]]

FEW = 8
"""A label with fewer samples is left out: with two in each fold, no threshold can be found."""

SHAPED = "shaped"
"""Sources of shipped samples that begin so hold lines in the shape and mix of real comments; the
others were gathered for a topic, and have far more of it than a room has."""

HEAVIEST = 10.0
"""Most that a shop's own sample weighs against a shipped one."""


@dataclass(frozen=True)
class Corpus:
    """Samples as arrays; the first ``own`` are the shop's."""

    taxonomy: Taxonomy
    samples: Sequence[Sample]
    own: int
    given: Bools
    """Which labels they have, samples × labels."""
    judged: Bools
    """For which labels somebody looked, samples × labels."""
    weight: Floats
    """How much each sample counts for each label, samples × labels; 0 where not at all."""
    shaped: Bools
    """Which samples have the shape and the mix of what viewers type: the shop's and, of the shipped
    ones, those of the sources `SHAPED`. Probabilities and thresholds are made for such."""
    left_out: Mapping[str, int]
    """Labels (``facet/label``) with too few samples, and how many they have."""

    @property
    def texts(self) -> list[str]:
        """The raw comments."""
        return [sample.text for sample in self.samples]

    @cached_property
    def digest(self) -> str:
        """Digest of all samples, shipped ones included."""
        return digest(self.samples)

    def part(self, many: int) -> Corpus:
        """The first samples."""
        return replace(
            self, samples=self.samples[:many], own=min(many, self.own), given=self.given[:many],
            judged=self.judged[:many], weight=self.weight[:many], shaped=self.shaped[:many],
        )  # fmt: skip

    def with_own_weight(self, heavy: float) -> Corpus:
        """The same samples, each of the shop's weighing ``heavy`` against one of the base."""
        return replace(self, weight=_weights(self.judged, self.own, heavy))

    def told(self) -> dict[str, Any]:
        """How it is put together, for who asks a model later."""
        return {
            "base": "shipped" if self.own < len(self.samples) else "none",
            "base_samples": len(self.samples) - self.own,
            "own_weight": round(float(self.weight[0].max(initial=0)), 3),
            "left_out": dict(self.left_out),
        }


def own_weight(own: int, base: int) -> float:
    """Weight of a shop's own sample among ``base`` shipped ones.

    The square root of how many shipped samples there are for one of the shop's, at most
    `HEAVIEST`: 100 or 400 own samples weigh 10 each, 4,000 weigh 3, as many as the shipped ones
    weigh the same. So a shop's wording is heard from the first hundred labels on, and never
    drowns what is known of rooms in general. `docs/retraining.md` has the measurements.
    """
    return float(np.clip(np.sqrt(base / max(own, 1)), 1, HEAVIEST)) if base else 1.0


def corpus(
    samples: Sequence[Sample],
    taxonomy: Taxonomy,
    *,
    base: Sequence[Sample] = (),
    base_taxonomy: Taxonomy | None = None,
    few: int = FEW,
) -> Corpus:
    """Put a shop's samples and those of the base together.

    A base sample was not judged for labels that its own taxonomy has not: thresholds of those rest
    on the shop's samples alone. To learn them, it counts as one without the label, all of the base
    together as much as the shop's samples (unlabelled texts as weak negatives: Lee and Liu, ICML
    2003): else what the shop's samples never speak of would have the label as often as they. One
    with the text of a shop's sample gives way to it. A label with fewer than ``few`` samples, or
    fewer without it, is left out, as are the leaves of such a label.
    """
    mine = {sample.text for sample in samples}
    under = [sample for sample in base if sample.text not in mine]
    both = [*samples, *under]
    known = judged(taxonomy, both)
    if under and base_taxonomy:
        theirs = set(base_taxonomy.columns)
        known[len(samples) :] &= np.array([column in theirs for column in taxonomy.columns])
    given = truth(taxonomy, both) & known
    counts = np.minimum(given.sum(axis=0), (~given & known).sum(axis=0))
    left_out = {column for column, n in zip(taxonomy.columns, counts, strict=True) if n < few}
    kept = taxonomy.without(left_out)
    index = [i for i, column in enumerate(taxonomy.columns) if column in set(kept.columns)]
    weight = _weights(known, len(samples), own_weight(len(samples), len(under)))
    return Corpus(
        kept,
        both,
        len(samples),
        given[:, index],
        known[:, index],
        weight[:, index],
        np.array(
            [i < len(samples) or s.source.startswith(SHAPED) for i, s in enumerate(both)], bool
        )
        | _has_none_shaped(both),
        {
            f"{facet}/{label}": int(given[:, i].sum())
            for i, (facet, label) in enumerate(taxonomy.columns)
            if i not in index
        },
    )


def _has_none_shaped(samples: Sequence[Sample]) -> bool:
    return not any(sample.source.startswith(SHAPED) for sample in samples)


def _weights(known: Bools, own: int, heavy: float) -> Floats:
    """How much each sample counts for each label, given for which labels it was judged."""
    weight = known.astype(np.float32)
    weight[:own] *= heavy
    base = len(known) - own
    if base:
        weakly = np.minimum(weight[:own].sum(axis=0) / base, 1)
        weight[own:] = np.where(known[own:], 1, weakly)
    return weight


def shipped_samples() -> tuple[list[Sample], Taxonomy]:
    """The samples that the shipped model is trained on, and their taxonomy."""
    taxonomy = Taxonomy.read(TRAINING_DATA / "taxonomy.json")
    return read_all_samples(sorted((TRAINING_DATA / "samples").glob("*.csv")), taxonomy), taxonomy


def describe(left_out: Mapping[str, int], few: int = FEW) -> str:
    """What to tell of the labels that are left out; empty where none is."""
    if not left_out:
        return ""
    named = ", ".join(f"{name} ({count})" for name, count in left_out.items())
    return f"left out, fewer than {few} samples with or without the label: {named}"
