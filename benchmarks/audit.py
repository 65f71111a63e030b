"""Does `audit` find planted label errors? ``python -m benchmarks.audit``.

In 5 % of the shipped samples one label is taken away, added, or exchanged for another of its facet;
then the ranking of `commentnlp.audit` is asked how many of them stand in its first rows.
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from commentnlp.audit import audit
from commentnlp.corpus import shipped_samples
from commentnlp.language import Language
from commentnlp.records import Sample
from commentnlp.samples import Gathered
from commentnlp.shipped import TRAINING_DATA
from commentnlp.taxonomy import Taxonomy, parent_of

SHARE = 0.05
KINDS = ("removed", "added", "exchanged")


def flip(sample: Sample, taxonomy: Taxonomy, draw: random.Random) -> tuple[Sample, str] | None:
    """The sample with one label wrong; None where that kind cannot be planted in it."""
    kind = draw.choice(KINDS)
    has = [(f, x) for f, several in sample.labels.items() for x in sorted(several)]
    # leaves, and parents that have no leaf there
    has = [(f, x) for f, x in has if not any(parent_of(y) == x for y in sample.labels[f])]
    if kind != "added" and not has:
        return None
    labels = {facet: set(several) for facet, several in sample.labels.items()}
    facet = draw.choice(list(labels))
    if kind != "added":
        facet, label = draw.choice(has)
        labels[facet].discard(label)
        if parent := parent_of(label):
            labels[facet].discard(parent)
            labels[facet] |= {parent_of(x) for x in labels[facet] if parent_of(x)}
    if kind != "removed":
        free = [x for x in taxonomy.facets[facet] if x not in sample.labels[facet]]
        if not free:
            return None
        labels[facet] |= taxonomy.with_parents(facet, [draw.choice(free)])
    return replace(sample, labels={f: frozenset(x) for f, x in labels.items()}), kind


def plant(
    samples: Sequence[Sample], taxonomy: Taxonomy, seed: int
) -> tuple[list[Sample], dict[str, str]]:
    """Samples, some of them with a wrong label: which texts, and of which kind."""
    draw = random.Random(seed)
    out, planted = list(samples), {}
    for i in draw.sample(range(len(out)), len(out)):
        if len(planted) == int(SHARE * len(out)):
            break
        if flipped := flip(out[i], taxonomy, draw):
            out[i], planted[out[i].text] = flipped
    return out, planted


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser("python -m benchmarks.audit", description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=[600, 2_000, 8_000, 38_235])
    parser.add_argument("--seeds", type=int, default=2)
    options = parser.parse_args()
    everything, taxonomy = shipped_samples()
    language = Language.read(Path(TRAINING_DATA) / "language")
    print(f"{'samples':>8} {'seed':>4} {'first 5 %':>10} {'first 10 %':>10}  "
          + "".join(f"{kind:>11}" for kind in KINDS) + f"{'seconds':>9}")  # fmt: skip
    for size in options.sizes:
        for seed in range(options.seeds):
            some = random.Random(seed).sample(everything, min(size, len(everything)))
            samples, planted = plant(some, taxonomy, seed)
            began = time.perf_counter()
            # the others are the base, as the shipped samples are that of a shop's
            mine = {sample.text for sample in some}
            base = [one for one in everything if one.text not in mine]
            found = audit(
                Gathered(samples), taxonomy, language, base=base, base_taxonomy=taxonomy
            ).doubts
            seconds = time.perf_counter() - began
            ranked = [doubt.sample.text for doubt in found]
            half, tenth = (set(ranked[: len(ranked) // n]) for n in (20, 10))
            shares = [_share([t for t, k in planted.items() if k == kind], tenth) for kind in KINDS]
            print(f"{len(samples):>8} {seed:>4} {_share([*planted], half):>10.1%}"
                  f" {_share([*planted], tenth):>10.1%}  "
                  + "".join(f"{share:>11.1%}" for share in shares) + f"{seconds:>9.0f}",
                  flush=True)  # fmt: skip


def _share(texts: Sequence[str], among: set[str]) -> float:
    return sum(text in among for text in texts) / max(len(texts), 1)


if __name__ == "__main__":
    main()
