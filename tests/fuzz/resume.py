"""A run that is killed or interrupted at any moment and gone on with writes the same bytes."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

from ..conftest import ROOT

WORDS = ["多少钱", "掉色了", "什么时候发货", "好看", "56圈口有吗", "退钱", "客服不理人", "666"]


def table(path: Path, rows: int, chance: random.Random) -> None:
    """Write a table of comments, hardly any twice."""
    with path.open("w", encoding="utf-8") as file:
        file.write("时间,昵称,评论\n")
        for row in range(rows):
            said = "".join(chance.choice(WORDS) for _ in range(chance.randrange(1, 5)))
            file.write(f'20:{row % 60:02},小{row % 997},"{said}，{row}"\n')


def command(source: Path, target: Path, *more: str) -> list[str]:
    """The command as people type it."""
    return [sys.executable, "-m", "commentnlp", "classify", "-q", str(source), "-o", str(target),
            *more]  # fmt: skip


def run(count: int, seed: int, folder: Path) -> None:
    """Break off so many runs."""
    folder = folder.resolve()
    chance = random.Random(seed)
    source, whole, target = (folder / name for name in ("评论.csv", "whole.csv", "out.csv"))
    table(source, 60_000, chance)
    began = time.monotonic()
    subprocess.run(command(source, whole), check=True, cwd=ROOT)
    lasts = time.monotonic() - began
    for _ in range(count):
        target.unlink(missing_ok=True)
        more: list[str] = []
        while not target.exists():
            jobs = ["--jobs", chance.choice("12")]
            process = subprocess.Popen(
                command(source, target, *jobs, *more), cwd=ROOT, stderr=subprocess.PIPE
            )
            try:
                process.wait(chance.random() * 1.2 * lasts)
            except subprocess.TimeoutExpired:
                process.send_signal(chance.choice((signal.SIGKILL, signal.SIGINT, signal.SIGTERM)))
            _, said = process.communicate()
            # an interrupt while modules load is Python's own to tell
            crashed = b"Traceback" in said and not said.rstrip().endswith(b"KeyboardInterrupt")
            assert not crashed, said.decode()
            more = ["--resume"]
        assert target.read_bytes() == whole.read_bytes()
