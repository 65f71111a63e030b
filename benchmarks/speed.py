"""How fast, and how much memory. Each measure runs in a process of its own.

``run`` starts that process: ``python -m benchmarks.speed MEASURE SETTINGS``. What a measure finds
is plain data: seconds of every round, nothing worked out yet (`benchmarks.table` does that).
"""

from __future__ import annotations

import csv
import gc
import io
import itertools
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks import ROOT, accuracy, comments
from benchmarks.rivals import OURS, PLAIN, FastText, fitted, kept
from commentnlp.shipped import DEFAULT_MODEL

BATCH = 1_000
WARM = 500
"""Comments tagged before the clock runs, never measured."""

IN_PROCESS = 20_000
"""Comments that the plain pipeline tags in a round, where the others are a whole file's."""

PINS = (
    "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS",
    "NUMBA_NUM_THREADS", "RAYON_NUM_THREADS",
)  # fmt: skip
"""What keeps libraries from using several threads; not set for the whole command."""


@dataclass(frozen=True)
class Settings:
    """How long to measure, and where to put files."""

    work: str
    rounds: int = 5
    quick: bool = False

    def size(self, full: int, quick: int) -> int:
        """One of two sizes."""
        return quick if self.quick else full


class Timed(NamedTuple):
    """What is timed, and what is done to the comments before the clock runs."""

    prepare: Callable[[Sequence[str]], Sequence[str]]
    call: Callable[[Sequence[str]], Any]


def run(measure: str, settings: Settings) -> dict[str, Any]:
    """Run one measure in a clean process and give what it found."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.speed", measure, json.dumps(asdict(settings))],
        cwd=ROOT, env={**os.environ, **dict.fromkeys(PINS, "1")}, stdout=subprocess.PIPE,
        encoding="utf-8",
    )  # fmt: skip
    if done.returncode:
        raise SystemExit(f"benchmarks: the measure {measure!r} failed (see above)")
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    if not found:  # nothing to measure on this machine
        return {}
    return {"model": model_version(), "rounds": settings.rounds, **found}


def model_version() -> str:
    """The version that the shipped model gives itself."""
    meta = json.loads((DEFAULT_MODEL / "model.json").read_text(encoding="utf-8"))
    return str(meta["version"])


def machine() -> dict[str, Any]:
    """What it was measured on."""
    cpu = platform.machine()
    if Path("/proc/cpuinfo").exists():
        told = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
        cpu = told[1] if told else cpu
    return {
        "cpu": cpu,
        "cores": os.cpu_count(),
        "system": platform.system(),
        "python": platform.python_version(),
    }


def _systems(settings: Settings, names: Sequence[str]) -> dict[str, Timed]:
    """Rivals that know the samples, warm. One whose package is missing is told and left out."""
    work = Path(settings.work)
    out = {}
    for name in names:
        try:
            rival = fitted(name, work)
        except ImportError as error:
            print(f"{name} left out: {error}", file=sys.stderr)
            continue
        out[name] = Timed(list, rival.predict)
        if isinstance(rival, FastText) and rival.engine == "rjieba":
            out["fasttext_given"] = Timed(rival.cut, rival.score)
    warm = comments.pool()[:WARM]
    for prepare, call in out.values():
        ready = prepare(warm)
        call(ready)
        call(ready[:1])
    # so that nobody's garbage collection walks through what the others have loaded
    gc.collect()
    gc.freeze()
    return out


EVERYBODY = (OURS, *PLAIN, "fasttext", "fasttext_rjieba", "snownlp")


def batch(settings: Settings) -> dict[str, Any]:
    """Comments in batches of 1,000, on one core. No comment comes twice, in no round."""
    _one_core()
    systems = _systems(settings, EVERYBODY)
    texts = comments.pool()[WARM:]
    size = min(len(texts) // settings.rounds, settings.size(len(texts), 1_000))
    return _rounds(systems, texts, settings.rounds, size, BATCH)


def single(settings: Settings) -> dict[str, Any]:
    """One comment a call, on one core."""
    _one_core()
    systems = _systems(settings, EVERYBODY)
    size = settings.size(500, 50)
    return _rounds(systems, comments.pool()[WARM:], settings.rounds, size, 1)


def _rounds(
    systems: dict[str, Timed], texts: Sequence[str], rounds: int, size: int, step: int
) -> dict[str, Any]:
    """Time each system on the same ``size`` texts, new ones each round."""
    seconds: dict[str, list[float]] = {name: [] for name in systems}
    for number in range(rounds):
        block = texts[number * size : (number + 1) * size]
        for name, (prepare, call) in systems.items():
            ready = prepare(block)
            parts = [ready[i : i + step] for i in range(0, len(ready), step)]
            gc.collect()
            start = time.perf_counter()
            for part in parts:
                call(part)
            seconds[name].append(time.perf_counter() - start)
    return {"comments": size, "seconds": seconds}


def whole(settings: Settings) -> dict[str, Any]:
    """The whole command, CSV to CSV, on distinct comments; it uses the cores it likes."""
    rows = settings.size(400_000, 20_000)
    with _folder(settings) as folder:
        source = folder / "distinct.csv"
        comments.write_room(
            source, itertools.islice(comments.distinct(comments.pool()), WARM, WARM + rows)
        )
        return _against_plain(settings, source)


def stream(settings: Settings) -> dict[str, Any]:
    """The whole command on a made-up room in which 84 % of the lines are repeats."""
    rows = settings.size(1_000_000, 50_000)
    with _folder(settings) as folder:
        source = folder / "stream.csv"
        made = comments.room_stream(comments.pool())
        comments.write_room(source, itertools.islice(made, rows))
        return _against_plain(settings, source)


def rooms(settings: Settings) -> dict[str, Any]:
    """The whole command on event logs of real rooms, looped, where they are present."""
    if not comments.ROOMS.is_dir():
        return {}
    with _folder(settings) as folder:
        source = folder / "rooms.csv"
        comments.loop_rooms(source, settings.size(1_000_000, 50_000))
        return _against_plain(settings, source)


def _against_plain(settings: Settings, source: Path) -> dict[str, Any]:
    """Rounds of: the command on the whole file; the plain pipelines in-process on a part of it.

    The plain ones get their comments ready in memory: reading and writing cost them nothing.
    """
    rows, texts = comments.viewer_comments(source)
    systems = _systems(settings, PLAIN)
    size = min(settings.size(IN_PROCESS, 2_000), len(texts) // settings.rounds)
    command: list[float] = []
    seconds: dict[str, list[float]] = {name: [] for name in systems}
    for number in range(settings.rounds):
        command.append(_classify(source))
        part = texts[number * size : (number + 1) * size]
        for name, times in _rounds(systems, part, 1, len(part), BATCH)["seconds"].items():
            seconds[name] += times
    return {
        "rows": rows,
        "comments": len(texts),
        "different": len(set(texts)),
        "command": command,
        "in_process": size,
        "seconds": seconds,
    }


def hundred(settings: Settings) -> dict[str, Any]:
    """A hundred rows, the whole process: start, load, tag, write."""
    with _folder(settings) as folder:
        source = folder / "hundred.csv"
        comments.write_room(source, comments.pool()[WARM : WARM + 100])
        seconds: dict[str, list[float]] = {OURS: []}
        for name in PLAIN:
            fitted(name, Path(settings.work))
            seconds[name] = []
        for _ in range(settings.rounds):
            seconds[OURS].append(_classify(source))
            for name in PLAIN:
                arguments = str(kept(name, Path(settings.work))), str(source), f"{source}.plain"
                seconds[name].append(
                    _timed(
                        [sys.executable, "-c",
                         "import sys; from benchmarks.rivals import tag_file;"
                         " tag_file(*sys.argv[1:])", *arguments]
                    )
                )  # fmt: skip
    return {"rows": 100, "seconds": seconds}


def memory(settings: Settings) -> dict[str, Any]:
    """Peak memory of the whole command: the sum over all its processes, sampled."""
    if not Path("/proc/self/smaps_rollup").exists():
        print("memory left out: this system has no /proc/PID/smaps_rollup", file=sys.stderr)
        return {}
    sizes = [50_000, 200_000] if settings.quick else [1_000_000, 10_000_000]
    peaks = []
    for rows in sizes:
        with _folder(settings) as folder:
            source = folder / "room.csv"
            made = comments.room_stream(comments.pool())
            comments.write_room(source, itertools.islice(made, rows))
            most, seconds = peak(_command(source))
            peaks.append({"rows": rows, "megabytes": most / 1e6, "seconds": seconds})
    return {"peaks": peaks}


def floor(settings: Settings) -> dict[str, Any]:
    """What cannot be saved: cutting alone, reading and writing alone; and ours as a whole."""
    import jieba

    from commentnlp import Model
    from commentnlp.segment import Segmenter

    _one_core()
    model, cutter = Model.shipped(), Segmenter(engine="rjieba")
    jieba.initialize()
    texts = comments.pool()
    warm, texts = texts[:WARM], texts[WARM:]
    size = min(len(texts) // settings.rounds, settings.size(len(texts), 1_000))
    with _folder(settings) as folder:
        source = folder / "floor.csv"
        comments.write_room(source, texts)
        _classify(source)
        given = source.read_text(encoding="utf-8").splitlines()
        with _target(source).open(encoding="utf-8-sig", newline="") as file:
            tagged = list(csv.reader(file))
    systems = {
        "jieba": Timed(list, lambda part: [jieba.lcut(text) for text in part]),
        "rjieba": Timed(list, lambda part: cutter.cut("\n".join(part))),
        "predict": Timed(list, model.predict),
        "tag": Timed(list, lambda part: model.tag(part, evidence=True)),
    }
    for _, call in systems.values():
        call(warm)
    found = _rounds(systems, texts, settings.rounds, size, BATCH)
    seconds = found["seconds"]
    seconds["read"], seconds["write"] = [], []
    for number in range(settings.rounds):
        part = slice(1 + number * size, 1 + (number + 1) * size)
        lines, rows = given[part], tagged[part]
        start = time.perf_counter()
        list(csv.reader(lines))
        middle = time.perf_counter()
        csv.writer(io.StringIO()).writerows(rows)
        seconds["read"].append(middle - start)
        seconds["write"].append(time.perf_counter() - middle)
    return found


def fit(settings: Settings) -> dict[str, Any]:
    """Fit the rivals once; every measure finds them in the work folder."""
    work = Path(settings.work)
    current = {kept(name, work) for name in EVERYBODY}
    for path in work.iterdir():
        if path.is_file() and path not in current:  # of other samples, and large
            path.unlink()
    _systems(settings, EVERYBODY)
    return {}


def _accuracy(settings: Settings) -> dict[str, Any]:
    return accuracy.accuracy(Path(settings.work))


MEASURES: dict[str, Callable[[Settings], dict[str, Any]]] = {
    "batch": batch,
    "single": single,
    "whole": whole,
    "stream": stream,
    "rooms": rooms,
    "hundred": hundred,
    "floor": floor,
    "accuracy": _accuracy,
    "memory": memory,
}


# helpers ----------------------------------------------------------------------------------


def _one_core() -> None:
    """Stay on one core, whatever a library would like; elsewhere than on Linux the pins must do."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})


@contextmanager
def _folder(settings: Settings) -> Iterator[Path]:
    """A folder for the files of one measure; they are large."""
    folder = Path(tempfile.mkdtemp(dir=settings.work))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _target(source: Path) -> Path:
    return source.with_name("out") / "tagged.csv"


def _command(source: Path) -> list[str]:
    """The command with a fresh folder to write to, so that it finds nothing done before."""
    target = _target(source)
    shutil.rmtree(target.parent, ignore_errors=True)
    target.parent.mkdir()
    return [sys.executable, "-m", "commentnlp", "classify", str(source), "-o", str(target)]


def _classify(source: Path) -> float:
    return _timed(_command(source))


def _timed(command: Sequence[str]) -> float:
    start = time.perf_counter()
    done = subprocess.run(command, cwd=ROOT, env=_own_environment(), capture_output=True)
    seconds = time.perf_counter() - start
    if done.returncode:
        raise SystemExit(done.stderr.decode(errors="replace"))
    return seconds


def _own_environment() -> dict[str, str]:
    """The environment without our pins: a whole command uses what it uses."""
    return {name: value for name, value in os.environ.items() if name not in PINS}


def peak(command: Sequence[str]) -> tuple[int, float]:
    """Run a command: the greatest sum of its processes' memory, in bytes, and seconds.

    Counted is the proportional set size (PSS): a page that two processes share counts once.
    """
    start = time.perf_counter()
    most = 0
    with tempfile.TemporaryFile() as talk:
        process = subprocess.Popen(
            command, cwd=ROOT, env=_own_environment(), stdout=talk, stderr=talk
        )
        while process.poll() is None:
            most = max(most, sum(map(_pss, _family(process.pid))))
            time.sleep(0.1)
        if process.returncode:
            talk.seek(0)
            raise SystemExit(talk.read().decode(errors="replace"))
    return most, time.perf_counter() - start


def _family(root: int) -> list[int]:
    """A process and all its descendants."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                status = (entry / "stat").read_text(errors="replace")
            except OSError:  # it has ended meanwhile
                continue
            # the name of the program, in brackets, may hold anything
            parent = int(status.rpartition(")")[2].split()[1])
            children.setdefault(parent, []).append(int(entry.name))
    family, new = [], [root]
    while new:
        family += new
        new = [child for pid in new for child in children.get(pid, [])]
    return family


def _pss(pid: int) -> int:
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:  # it has ended meanwhile
        return 0
    return sum(int(line.split()[1]) * 1024 for line in text.splitlines() if line[:4] == "Pss:")


if __name__ == "__main__":
    chosen = {**MEASURES, "fit": fit}[sys.argv[1]]
    print(json.dumps(chosen(Settings(**json.loads(sys.argv[2])))))
