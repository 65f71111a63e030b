"""How long a report takes: by events, and against counting the same file with pandas.

``python -m benchmarks.report`` prints a Markdown table. Whole processes are timed, interleaved; the
file of the plain way is the same, and all it does is to read it and to count kinds and labels by
the hour. Peak memory is that of the process.
"""

from __future__ import annotations

import argparse
import csv
import random
import subprocess
import sys
import tempfile
import time
from datetime import datetime, timedelta
from pathlib import Path
from statistics import median

from benchmarks.comments import SEED, pool, room_stream

COMMENTS = 0.2
"""Share of the events that are comments; in real rooms' logs 19 %."""
EVENINGS = (10_000, 100_000, 1_000_000)

_PLAIN = """
import sys
import pandas
table = pandas.read_csv(sys.argv[1], dtype=str, keep_default_na=False)
hour = pandas.to_datetime(table["时间"]).dt.floor("h")
table.groupby([hour, "类型"]).size()
for facet in ("intent", "complaint", "act"):
    labels = table[facet].str.split("|").explode()
    labels.groupby([hour.reindex(labels.index), labels]).size()
"""


def write_show(path: Path, events: int) -> None:
    """Write the events of a made-up show of four hours, one in five a comment."""
    rng = random.Random(SEED)
    comments = room_stream(pool())
    at, step = datetime(2026, 3, 14, 20), timedelta(hours=4) / events
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("时间", "类型", "用户ID", "内容"))
        for _ in range(events):
            at += step
            comment = rng.random() < COMMENTS
            kind = "弹幕" if comment else rng.choice(("点赞", "关注", "加购", "购买", "进入"))
            text = next(comments) if comment else ""
            who = f"u{int(events**0.8 * rng.random() ** 2)}"
            writer.writerow((at.isoformat(" ", "milliseconds"), kind, who, text))


def timed(command: list[str]) -> tuple[float, float]:
    """Seconds and peak MB of a process."""
    watched = (
        "import resource, subprocess, sys; subprocess.run(sys.argv[1:], check=True);"
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    )
    began = time.perf_counter()
    done = subprocess.run([sys.executable, "-c", watched, *command], check=True,
                          capture_output=True, text=True)  # fmt: skip
    return time.perf_counter() - began, int(done.stdout.split()[-1]) / 1000


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser("python -m benchmarks.report", description=__doc__)
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    program = [sys.executable, "-m", "commentnlp"]
    print(
        "| | page, s | JSON, s | peak, MB | pandas: read and count, s |\n|---|---:|---:|---:|---:|"
    )
    with tempfile.TemporaryDirectory() as folder:
        for events in EVENINGS:
            raw, tagged = Path(folder, f"{events}.csv"), Path(folder, f"{events}.tagged.csv")
            write_show(raw, events)
            subprocess.run([*program, "classify", "-q", raw, "-o", tagged], check=True)
            page, data = str(Path(folder, "a.html")), str(Path(folder, "a.json"))
            ways = {
                "page": [*program, "report", "-q", str(tagged), "-o", page],
                "json": [*program, "report", "-q", str(tagged), "-o", data],
                "plain": [sys.executable, "-c", _PLAIN, str(tagged)],
                "untagged": [*program, "report", "-q", str(raw), "-o", page],
            }
            found: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
            for _ in range(options.runs):
                for name, command in ways.items():
                    found[name].append(timed(command))
            seconds = {name: median(s for s, _ in runs) for name, runs in found.items()}
            peak = {name: max(mb for _, mb in runs) for name, runs in found.items()}
            print(f"| {events:,} events, tagged | {seconds['page']:.1f} | {seconds['json']:.1f} |"
                  f" {peak['page']:,.0f} | {seconds['plain']:.1f} |")  # fmt: skip
            print(f"| {events:,} events, tagging included | {seconds['untagged']:.1f} | |"
                  f" {peak['untagged']:,.0f} | |", flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
