"""How many labels a shop saves where `suggest` chooses them.

``python -m benchmarks.learning`` takes an invented room with a slang of its own (`slang/`), labels
a few of its comments, trains the shipped samples with them, and measures on other comments of that
room: once with comments picked at random, several times, once with those that `suggest` asks for.
It asks as one works in real life: for 50, with the shipped model; trains; asks the new model for
50 more; and so on. Every result is kept in ``learning.json`` as soon as it is there, and a further
run goes on from there; ``--render`` draws it again. A training takes a minute or so, all of it
over an hour; ``--base 8000`` takes a fifth of the shipped samples and of the time.

F1 is micro-F1 on parents, the mean of the three facets.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from statistics import mean
from typing import Any

import numpy as np

from benchmarks import HERE, TRAINING_DATA
from commentnlp import Model, Sample
from commentnlp.corpus import corpus, shipped_samples
from commentnlp.evaluation import Evaluation, evaluate
from commentnlp.language import Language
from commentnlp.records import Event
from commentnlp.samples import read_all_samples
from commentnlp.suggestion import suggest
from commentnlp.training import train

ROOM = HERE / "slang"
RESULTS, PICTURE = HERE / "learning.json", HERE / "learning.png"
SIZES = 50, 100, 200, 400
STEP = 50
"""Comments that are labelled before the model is trained again."""
RANDOM, SUGGESTED, NOTHING = "random", "suggested", "shipped"

Results = dict[str, dict[str, Any]]
"""How they were chosen, how many, which seed (``random 50 0``) → what was measured."""


class Room:
    """The comments of the room, and what is trained and measured on."""

    def __init__(self, base: int | None = None) -> None:
        """Read the room; ``base`` is how many shipped samples to train on, None for all."""
        self.shipped, self.taxonomy = shipped_samples()
        if base is not None:
            random.Random(0).shuffle(self.shipped)
            del self.shipped[base:]
        self.language = Language.read(TRAINING_DATA / "language")
        self.holdout = read_all_samples([ROOM / "holdout.csv"], self.taxonomy)
        # some everyday lines stand in both pools: the first word counts
        pool: dict[str, Sample] = {}
        for name in ("pool.csv", "pool_two.csv"):
            for sample in read_all_samples([ROOM / name], self.taxonomy):
                pool.setdefault(sample.text, sample)
        for sample in self.holdout:
            pool.pop(sample.text, None)
        self.pool = list(pool.values())
        self.everyday = read_all_samples([TRAINING_DATA / "holdout.csv"], self.taxonomy)

    def measured(self, model: Model, labelled: Sequence[Sample]) -> dict[str, Any]:
        """What is kept of a model."""
        room = evaluate(model, self.holdout)
        leaves = room.facets["complaint"].leaf_micro
        return {
            "f1": f1(room),
            **{facet: scores.micro.f1 for facet, scores in room.facets.items()},
            "leaves": leaves.f1 if leaves else None,
            "everyday": f1(evaluate(model, self.everyday)),
            "base": len(self.shipped),
            "with_labels": sum(any(sample.labels.values()) for sample in labelled),
        }

    def trained(self, labelled: Sequence[Sample]) -> Model:
        """A model of the shipped samples and some of the room's."""
        both = corpus(labelled, self.taxonomy, base=self.shipped, base_taxonomy=self.taxonomy)
        return train(both, self.language)

    def picked(self, sizes: Sequence[int], seed: int) -> Iterator[tuple[int, dict[str, Any]]]:
        """Comments picked at random; those of a smaller number are among those of a greater."""
        drawn = random.Random(seed).sample(self.pool, len(self.pool))
        for size in sizes:
            labelled = drawn[:size]
            yield size, self.measured(self.trained(labelled), labelled)

    def suggested(self, sizes: Sequence[int], seed: int) -> Iterator[tuple[int, dict[str, Any]]]:
        """Comments that the model of the moment asks for."""
        label = {sample.text: sample for sample in self.pool}
        comments = [Event("comment", text=text) for text in label]
        random.Random(seed).shuffle(comments)
        model, labelled = Model.shipped(), list[Sample]()
        model.rules = model.rules or dict(self.language.rules)
        chosen_by: dict[str, int] = {}
        while len(labelled) < max(sizes):
            known = [sample.text for sample in labelled]
            for one in suggest(comments, model, STEP, seed=seed, known=known):
                labelled.append(label[one.text])
                chosen_by[one.strategy] = chosen_by.get(one.strategy, 0) + 1
            model = self.trained(labelled)
            if len(labelled) in sizes:
                yield len(labelled), {**self.measured(model, labelled), "strategies": {**chosen_by}}


def f1(result: Evaluation) -> float:
    """Micro-F1 on parents, the mean of the facets."""
    return mean(scores.micro.f1 for scores in result.facets.values())


def measure(results: Results, room: Room, seeds: int, path: Path) -> None:
    """Measure what is not there yet."""

    def keep(name: str, found: Mapping[str, Any]) -> None:
        results[name] = dict(found)
        text = json.dumps(dict(sorted(results.items())), ensure_ascii=False, indent=1)
        path.write_text(text + "\n", encoding="utf-8")
        print(f"{time.strftime('%H:%M:%S')} {name}: {found['f1']:.3f}", file=sys.stderr)

    if NOTHING not in results:
        keep(NOTHING, room.measured(Model.shipped(), []))
    for seed in range(seeds):
        for how, way, sizes in (
            (SUGGESTED, room.suggested, SIZES),
            (RANDOM, room.picked, (*SIZES, 2 * max(SIZES))),
        ):
            left = [size for size in sizes if f"{how} {size} {seed}" not in results]
            for size, found in way(left, seed) if left else ():
                keep(f"{how} {size} {seed}", found)


def of(results: Results, how: str, size: int, what: str = "f1") -> list[float]:
    """What was measured, of all seeds."""
    return [found[what] for name, found in results.items() if name.startswith(f"{how} {size} ")]


def sizes_of(results: Results, how: str) -> list[int]:
    """The numbers of labels that were measured."""
    return sorted({int(name.split()[1]) for name in results if name.startswith(f"{how} ")})


def random_labels_for(results: Results, wanted: float) -> float | None:
    """How many random labels reach an F1, between two that were measured; None if not all of them.

    F1 grows about evenly with the logarithm of the number.
    """
    sizes = sizes_of(results, RANDOM)
    reached = np.maximum.accumulate([mean(of(results, RANDOM, size)) for size in sizes])
    if not len(sizes) or wanted > reached[-1]:
        return None
    return float(np.exp(np.interp(wanted, reached, np.log(sizes))))


def table(results: Results) -> str:
    """A Markdown table: for each number of labels, F1 of both ways."""
    first = results[NOTHING]
    lines = [
        f"With {first['base']:,} shipped samples:",
        "",
        "| labels | random, mean (least–most) | suggested, mean (least–most)"
        " | random, twice as many | random labels for as much"
        " | everyday comments: random, suggested |",
        "|---|---|---|---|---|---|",
        f"| 0 | {first['f1']:.3f} | {first['f1']:.3f} | | | {first['everyday']:.3f} |",
    ]
    for size in sizes_of(results, SUGGESTED):
        ours = of(results, SUGGESTED, size)
        twice = of(results, RANDOM, 2 * size)
        needed = random_labels_for(results, mean(ours))
        cells = [
            str(size),
            _spread(of(results, RANDOM, size)),
            f"**{_spread(ours)}**",
            _spread(twice),
            f"{needed:.0f}" if needed else f"over {max(sizes_of(results, RANDOM))}",
            ", ".join(
                f"{mean(found):.3f}"
                for how in (RANDOM, SUGGESTED)
                if (found := of(results, how, size, "everyday"))
            ),
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _spread(found: Sequence[float]) -> str:
    if not found:
        return ""
    more = f" ({min(found):.3f}–{max(found):.3f})" if len(found) > 1 else ""
    return f"{mean(found):.3f}{more}"


def draw(results: Results, path: Path) -> None:
    """F1 by labels, logarithmic: suggested, and random with its spread."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    from commentnlp.report.fonts import chinese

    font = chinese().regular
    figure = Figure(figsize=(8.3, 4.2), layout="constrained")
    FigureCanvasAgg(figure)
    axis = figure.subplots()
    ways = ((SUGGESTED, "#1b7f5f", "chosen by suggest, 50 at a time"),
            (RANDOM, "#8a969f", "picked at random"))  # fmt: skip
    for how, colour, name in ways:
        sizes = sizes_of(results, how)
        found = [of(results, how, size) for size in sizes]
        axis.plot(sizes, [mean(one) for one in found], "o-", color=colour, label=name, lw=2)
        least, most = [min(one) for one in found], [max(one) for one in found]
        axis.fill_between(sizes, least, most, color=colour, alpha=0.18, lw=0)
    axis.axhline(results[NOTHING]["f1"], color="#333333", lw=1, ls=":", label="shipped model")
    axis.set_xscale("log", base=2)
    ticks = sizes_of(results, RANDOM)
    axis.set_xticks(ticks, [str(size) for size in ticks])
    axis.minorticks_off()
    axis.set_xlabel("labelled comments of the room", fontproperties=font)
    axis.set_title(
        "Micro-F1 on comments in a room's own slang (这条包租婆几条鱼干); "
        f"{results[NOTHING]['base']:,} shipped samples",
        fontproperties=font, fontsize=10.5, loc="left", color="#333333",
    )  # fmt: skip
    axis.legend(prop=font, frameon=False, loc="upper left")
    axis.grid(axis="y", color="#e3e7ea")
    for side in ("top", "right"):
        axis.spines[side].set_visible(False)
    # without the name of the program the same results give the same bytes
    figure.savefig(path, dpi=160, metadata={"Software": None})


def main() -> None:
    """Read the options and run."""
    parser = argparse.ArgumentParser("python -m benchmarks.learning", description=__doc__)
    add = parser.add_argument
    add("--seeds", type=int, default=5, metavar="N", help="runs of each way; 5 if not given")
    add("--base", type=int, metavar="N", help="train on N shipped samples, to be quick")
    add("--results", type=Path, default=RESULTS, metavar="FILE")
    add("--picture", type=Path, default=PICTURE, metavar="FILE")
    add("--render", action="store_true", help="redraw, measure nothing")
    options = parser.parse_args()
    results: Results = {}
    if options.results.exists():
        results = json.loads(options.results.read_text(encoding="utf-8"))
    if not options.render:
        measure(results, Room(options.base), options.seeds, options.results)
    draw(results, options.picture)
    print(table(results))


if __name__ == "__main__":
    main()
