"""How the model behaves: what must not change labels, what must, and the least it must know.

Kinds of tests after CheckList (Ribeiro, Wu, Guestrin and Singh, ACL 2020): invariance, direction
and minimum functionality, on the lines of ``tests/behaviour``. `python -m benchmarks.behaviour`
prints the table of docs/accuracy.md; with ``--failures`` every line that fails, too.
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import opencc

from commentnlp import Model

LINES = Path(__file__).resolve().parents[1] / "tests" / "behaviour"

_TRADITIONAL = opencc.OpenCC("s2t")
_FULL_WIDTH = {code: code + 0xFEE0 for code in range(0x21, 0x7F)}

NOISE: dict[str, Callable[[str], str]] = {
    "a comma behind": lambda text: text + "，",
    "a full stop behind": lambda text: text + "。",
    "commas for blanks": lambda text: text.replace(" ", "，"),
    "a name before": lambda text: "@小圆 " + text,
    "an answer's prefix": lambda text: "回复@小圆：" + text,
    "the same with a blank": lambda text: "回复 小圆 :" + text,
    "a face behind": lambda text: text + "[捂脸]",
    "an emoji behind": lambda text: text + "😂",
    "哈哈 behind": lambda text: text + "哈哈",
    "哈哈哈哈 before": lambda text: "哈哈哈哈 " + text,
    "主播 before": lambda text: "主播 " + text,
    "姐 before": lambda text: "姐 " + text,
    "家人们 behind": lambda text: text + " 家人们",
    "traditional characters": _TRADITIONAL.convert,
    "full-width letters and figures": lambda text: text.translate(_FULL_WIDTH),
}
"""What is done to a line without changing what it says."""


@dataclass(frozen=True)
class Behaviour:
    """One kind of test: how many cases, and those that fail."""

    name: str
    cases: int
    failures: list[str]

    @property
    def rate(self) -> float:
        """Share of the cases that fail."""
        return len(self.failures) / self.cases


def measure(model: Model) -> list[Behaviour]:
    """Run every kind of test on a model."""
    return [*_noise(model), *_pairs(model), _one_word(model), _minimum(model), _idle(model)]


def table(behaviours: list[Behaviour]) -> str:
    """A line a kind, for docs/accuracy.md."""
    rows = ["| behaviour | cases | fail |", "|---|---:|---:|"]
    rows += [f"| {b.name} | {b.cases} | {b.rate:.1%} |" for b in behaviours]
    return "\n".join(rows)


def _rows(name: str) -> list[dict[str, str]]:
    with (LINES / f"{name}.tsv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


def _changed(model: Model, one: list[str], other: list[str]) -> Iterator[str]:
    differs = (model.predict(one) != model.predict(other)).any(axis=1)
    for i in np.flatnonzero(differs):
        yield f"{one[i]} | {other[i]}"


def _noise(model: Model) -> Iterator[Behaviour]:
    texts = [row["text"] for row in _rows("noise")] + [row["fault"] for row in _rows("denial")]
    for name, noisy in NOISE.items():
        one = [text for text in texts if noisy(text) != text]
        failures = list(_changed(model, one, [noisy(text) for text in one]))
        yield Behaviour(f"labels stay: {name}", len(one), failures)


def _labels(model: Model, texts: list[str]) -> list[set[str]]:
    columns = np.array([f"{facet}/{label}" for facet, label in model.taxonomy.columns])
    return [set(columns[row]) for row in model.predict(texts)]


def _pairs(model: Model) -> Iterator[Behaviour]:
    rows = _rows("quantity")
    one, other = ([row[side] for row in rows] for side in ("one", "other"))
    yield Behaviour(
        "labels stay: a quantity written otherwise", len(rows), list(_changed(model, one, other))
    )
    rows = _rows("denial")
    for side, name, wanted in (
        ("fault", "a fault has a complaint", True),
        ("denied", "a denied fault has none", False),
    ):
        texts = [row[side] for row in rows]
        has = [any(x.startswith("complaint/") for x in found) for found in _labels(model, texts)]
        failures = [text for text, it in zip(texts, has, strict=True) if it != wanted]
        yield Behaviour(name, len(rows), failures)


def _one_word(model: Model) -> Behaviour:
    rows = _rows("one_word")
    failures = []
    for side, labels, others in (
        ("one", "labels_one", "labels_other"),
        ("other", "labels_other", "labels_one"),
    ):
        found = _labels(model, [row[side] for row in rows])
        for row, has in zip(rows, found, strict=True):
            want, unwanted = set(row[labels].split()), set(row[others].split())
            if want - has or (unwanted - want) & has:
                failures.append(f"{row[side]} | {' '.join(sorted(has))}")
    return Behaviour("one word changes the labels", 2 * len(rows), failures)


def _minimum(model: Model) -> Behaviour:
    rows = _rows("minimum")
    found = _labels(model, [row["text"] for row in rows])
    failures = [
        f"{row['text']} | {row['label']}"
        for row, has in zip(rows, found, strict=True)
        if row["label"] not in has
    ]
    return Behaviour("the least to know of each label", len(rows), failures)


def _idle(model: Model) -> Behaviour:
    texts = [row["text"] for row in _rows("idle")]
    failures = [
        f"{text} | {' '.join(sorted(has))}"
        for text, has in zip(texts, _labels(model, texts), strict=True)
        if any(label.startswith(("intent/", "complaint/")) for label in has)
    ]
    return Behaviour("idle talk has no intent and no complaint", len(texts), failures)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path)
    parser.add_argument("--failures", action="store_true", help="print the lines that fail, too")
    options = parser.parse_args()
    model = Model.load(options.model) if options.model else Model.shipped()
    behaviours = measure(model)
    print(table(behaviours))
    if options.failures:
        for behaviour in behaviours:
            print(f"\n{behaviour.name}")
            print("\n".join(f"  {line}" for line in behaviour.failures))


if __name__ == "__main__":
    main()
