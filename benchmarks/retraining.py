"""How long retraining takes, and how much memory: ``python -m benchmarks.retraining``.

50,000 samples alone, then 12,000 of a shop on top of the shipped ones. No such shop is at hand:
its samples are shipped ones, as they are and with a particle at the end.
"""

from __future__ import annotations

import csv
import random
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.speed import peak
from commentnlp.corpus import shipped_samples
from commentnlp.records import Sample


def main() -> None:
    """Measure and print."""
    samples, taxonomy = shipped_samples()
    with tempfile.TemporaryDirectory() as folder:
        for many, base in ((50_000, "none"), (12_000, "shipped")):
            file = Path(folder) / f"{many}.csv"
            _write(file, samples, many, list(taxonomy.facets))
            command = [sys.executable, "-m", "commentnlp", "train", str(file), "--base", base,
                       "-o", str(Path(folder) / "model"), "-q"]  # fmt: skip
            memory, seconds = peak(command)
            print(f"{many:,} samples, --base {base}: {seconds:.0f} s, {memory / 2**30:.2f} GB")


def _write(file: Path, samples: Sequence[Sample], many: int, facets: Sequence[str]) -> None:
    draw = random.Random(0)
    rows: dict[str, list[str]] = {}
    for end in ("", *"呀呢哈啊"):
        for sample in draw.sample(samples, len(samples)):
            labels = ["|".join(sorted(sample.labels[facet])) for facet in facets]
            rows[sample.text + end] = labels
    rows = dict(list(rows.items())[:many])
    with file.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(["text", *facets])
        writer.writerows([text, *labels] for text, labels in rows.items())


if __name__ == "__main__":
    main()
