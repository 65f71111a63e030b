"""How fast a cluster of one machine tags, against no tagging and against no cluster.

``python -m benchmarks.spark`` prints a Markdown table. Every comment is a different one, so that
nothing is won by repeats; all settings are measured in turn, several times over, and the medians
are printed. Others at work on the machine spoil the seconds of the clock, but hardly those of the
processor, which are counted with them (by ``/proc``, so this needs Linux).
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

from commentnlp import Model
from commentnlp.model import BATCH
from commentnlp.reading import open_sources
from commentnlp.shipped import TRAINING_DATA
from commentnlp.spark import tag

CORES = 2
PARTITIONS = (1, 2, 4, 8)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.spark", description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()

    texts = different_comments(options.rows)
    model = Model.shipped()
    started = time.perf_counter()
    spark = start_spark()
    session_seconds = time.perf_counter() - started
    spark.createDataFrame([("多少米",)], "text string").transform(tag).collect()
    first_seconds = time.perf_counter() - started

    def plain() -> None:
        for i in range(0, len(texts), BATCH):
            model.tag(texts[i : i + BATCH])

    settings: dict[str, Callable[[], None]] = {"plain": plain}
    for count in PARTITIONS:
        frame = spark.createDataFrame([(t,) for t in texts], "text string").repartition(count)
        frame = frame.cache()
        frame.count()
        settings[f"tag {count}"] = partial(run, tag(frame, model=model))
        settings[f"same {count}"] = partial(run, frame.mapInArrow(same, frame.schema))

    for work in settings.values():  # the workers load the model
        work()
    seconds: dict[str, list[float]] = {name: [] for name in settings}
    cpu: dict[str, list[float]] = {name: [] for name in settings}
    for number in range(options.runs):
        for name, work in settings.items():
            clock, busy = time.perf_counter(), cpu_seconds()
            work()
            seconds[name].append(time.perf_counter() - clock)
            cpu[name].append(cpu_seconds() - busy)
        print(f"run {number + 1} of {options.runs}", file=sys.stderr)
    spark.stop()
    report(seconds, cpu, len(texts), session_seconds, first_seconds)


def report(
    seconds: dict[str, list[float]],
    cpu: dict[str, list[float]],
    rows: int,
    session_seconds: float,
    first_seconds: float,
) -> None:
    """Print the table."""
    runs = len(seconds["plain"])
    plain = median(seconds["plain"])
    print(f"{rows:,} different comments, {CORES} cores, medians of {runs} interleaved runs\n")
    print("| | rows/s | slowest – fastest run | of one plain process | rows per CPU second |"
          " without tagging, rows/s |")  # fmt: skip
    print("|---|---:|---:|---:|---:|---:|")
    for name, values in seconds.items():
        kind, _, count = name.partition(" ")
        if kind == "same":
            continue
        title = f"`tag`, partitions: {count}" if count else "`Model.tag`, one process"
        spread = f"{rows / max(values):,.0f} – {rows / min(values):,.0f}"
        without = f"{rows / median(seconds[f'same {count}']):,.0f}" if count else ""
        rate, times = rows / median(values), plain / median(values)
        by_core = rows / median(cpu[name])
        print(f"| {title} | {rate:,.0f} | {spread} | {times:.2f} | {by_core:,.0f} | {without} |")
    print(f"\nSpark up after {session_seconds:.1f} s, first tag after {first_seconds:.1f} s")


def different_comments(rows: int) -> list[str]:
    """Comments of the samples; past their number each comes again with another number in it."""
    files = sorted((TRAINING_DATA / "samples").glob("*.csv"))
    samples: dict[str, None] = {}
    for path in files:
        for source in open_sources(path):
            for records in source.records():
                samples.update(dict.fromkeys(filter(None, records.comments)))
    texts = list(samples)
    turns = range(-(-rows // len(texts)))
    return [f"{text}{turn or ''}" for turn in turns for text in texts][:rows]


def start_spark() -> Any:
    """A session on the cores of this machine, that keeps quiet."""
    from pyspark.sql import SparkSession

    os.environ["PYSPARK_PYTHON"] = sys.executable  # the workers run in this environment, too
    return (
        SparkSession.builder.master(f"local[{CORES}]")
        .config("spark.ui.enabled", "false")
        .config("spark.ui.showConsoleProgress", "false")
        .config("spark.log.level", "ERROR")
        .getOrCreate()
    )


def run(frame: Any) -> None:
    """Compute every row and column of a frame, and keep nothing."""
    frame.write.format("noop").mode("overwrite").save()


def same(batches: Iterator[Any]) -> Iterator[Any]:
    """To Python and back."""
    yield from batches


def cpu_seconds() -> float:
    """What this process and all that it started have used of the processor so far."""
    parent, ticks = {}, {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:  # it has ended meanwhile
            continue
        number = int(path.parent.name)
        parent[number] = int(fields[1])
        ticks[number] = sum(map(int, fields[11:15]))  # user, system, and those of ended children
    total, ours = 0, [os.getpid()]
    for number in ours:
        total += ticks.get(number, 0)
        ours += [child for child, above in parent.items() if above == number]
    return total / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    main()
