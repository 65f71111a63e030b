"""Which of a shop's samples are held out, so that a new model can be judged by them."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import numpy as np

from commentnlp.records import Sample
from commentnlp.similar import key, near_pairs
from commentnlp.text import Normaliser

SHARE = 0.2
"""Share of the samples that is held out."""


@dataclass(frozen=True)
class Division:
    """Samples to train on, samples held out, and how they were told apart."""

    train: list[Sample]
    holdout: list[Sample]
    near: list[Sample]
    """In neither: nearly the same as a held-out one."""
    how: str


def divide(
    samples: Sequence[Sample],
    normaliser: Normaliser,
    *,
    trained: Sequence[str] = (),
    share: float = SHARE,
    few: int = 0,
) -> Division:
    """Divide samples, each text once, so that nothing nearly the same stands on both sides.

    What the file says counts first (``split``); else the latest ``share`` is held out where every
    sample has a time, else whole groups where every sample has a group, else single texts. Groups
    and texts are drawn by a hash of what they say: what was held out once is so again when more
    samples come, on any machine. A text that is nearly the same as one of ``trained``, raw texts
    that models were trained on already, is trained on. Unless the file says it, a label with at
    least ``few`` samples keeps as many to train on.
    """
    normal = [text.text for text in normaliser.normalise_all([s.text for s in samples])]
    held, how = _held(samples, normal, share)
    if trained and not how.startswith("by split"):
        theirs = [text.text for text in normaliser.normalise_all(trained)]
        held -= set(near_pairs(normal, theirs)[0].tolist())
    if not how.startswith("by split"):
        held -= _needed(samples, held, few)
    left = [i for i in range(len(samples)) if i not in held]
    right = sorted(held)
    pairs, _ = near_pairs([normal[i] for i in left], [normal[i] for i in right])
    near = {left[i] for i in pairs.tolist()}
    train = [samples[i] for i in left if i not in near]
    if not train:
        return Division(list(samples), [], [], f"{how}: nothing would be left to train on")
    return Division(
        train,
        [replace(samples[i], split="holdout") for i in right],
        [samples[i] for i in sorted(near)],
        how,
    )


def _needed(samples: Sequence[Sample], held: set[int], few: int) -> set[int]:
    """Those of the held-out samples without which a label would have fewer than ``few`` left."""
    freed: set[int] = set()
    of_label: dict[tuple[str, str], list[int]] = {}
    for i, sample in enumerate(samples):
        for facet, labels in sample.labels.items():
            for label in labels:
                of_label.setdefault((facet, label), []).append(i)
    for places in of_label.values():
        out = [i for i in places if i in held and i not in freed]
        short = few - (len(places) - len(out))
        if len(places) >= few and short > 0:
            freed.update(sorted(out, key=lambda i: _hash(samples[i].text))[:short])
    return freed


def _held(samples: Sequence[Sample], normal: Sequence[str], share: float) -> tuple[set[int], str]:
    """Places of what is held out, and by what."""
    if any(sample.split for sample in samples):
        held = {i for i, sample in enumerate(samples) if sample.split == "holdout"}
        return held, "by split, as the samples say"
    times = [sample.time for sample in samples]
    if all(times) and len(set(times)) > 1:
        since = sorted(times)[int(np.ceil(len(times) * (1 - share))) - 1]
        held = {i for i, time in enumerate(times) if time > since}
        if held:
            return held, f"by time, all after {since}"
    groups = [sample.group for sample in samples]
    if all(groups) and len(set(groups)) >= 5:
        chosen = _drawn(set(groups), share)
        return {i for i, group in enumerate(groups) if group in chosen}, (
            f"by group, {len(chosen)} of {len(set(groups))}"
        )
    keys = [key(text) for text in normal]
    chosen = _drawn(set(keys), share)
    return {i for i, name in enumerate(keys) if name in chosen}, "by text"


def _drawn(names: Collection[str], share: float) -> set[str]:
    """Names whose hash falls into the share: of any others it takes no notice."""
    limit = int(share * 2**64)
    return {name for name in names if _hash(name) < limit}


def _hash(name: str) -> int:
    hashed = hashlib.blake2b(name.encode("utf-8", "surrogatepass"), digest_size=8)
    return int.from_bytes(hashed.digest(), "big")
