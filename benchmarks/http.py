"""How fast the service is, beside an empty FastAPI endpoint given the same bodies.

``python -m benchmarks.http`` prints Markdown tables; it needs `wrk` (Debian's package). Everything
runs on 127.0.0.1, one worker, 16 connections; rounds of all are interleaved, figures are medians,
ratios are those of the same round. Both servers run once on uvloop and httptools, which the
service brings, and once on asyncio and h11, which uvicorn has by itself. Comments are sent once
each, so that nothing is remembered, and as they come in a room. ``--postgres ADDRESS`` (of an empty
database) measures that store, too.
"""

from __future__ import annotations

import argparse
import json
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from itertools import cycle, islice
from pathlib import Path
from statistics import median
from typing import NamedTuple

from benchmarks.comments import pool, room_stream

CONNECTIONS = 16
_EMPTY = """
from fastapi import FastAPI, Request, Response
from pydantic import BaseModel

app = FastAPI()
answer = open({answer!r}, "rb").read()


@app.post("/empty")
async def empty(request: Request) -> Response:
    await request.body()
    return Response(answer, media_type="application/json")


class Comment(BaseModel):
    id: str
    text: str


class Comments(BaseModel):
    comments: list[Comment]


@app.post("/modelled")
async def modelled(given: Comments) -> Comments:
    return given
"""


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


class Server(NamedTuple):
    """A server process that answers."""

    address: str
    pid: int


@contextmanager
def server(command: Sequence[str], port: int, ready: str) -> Iterator[Server]:
    """Start a server; gives it once it answers."""
    address = f"http://127.0.0.1:{port}"
    process = subprocess.Popen(command)
    try:
        for _ in range(200):
            try:
                urllib.request.urlopen(address + ready, timeout=1).close()
                break
            except OSError:
                time.sleep(0.1)
        else:
            raise SystemExit(f"{command} does not answer")
        yield Server(address, process.pid)
    finally:
        process.terminate()
        process.wait(20)


def uvicorn(app: str, kind: str, port: int) -> list[str]:
    """The command that serves an app; ``kind`` names loop and parser: ``uvloop`` or ``asyncio``."""
    parser = {"uvloop": "httptools", "asyncio": "h11"}[kind]
    return [sys.executable, "-m", "uvicorn", app, "--port", str(port), "--loop", kind, "--http",
            parser, "--no-access-log", "--log-level", "warning"]  # fmt: skip


def empty_server(folder: Path, answer: bytes, kind: str) -> AbstractContextManager[Server]:
    """The FastAPI endpoints to compare with."""
    (folder / "answer.json").write_bytes(answer)
    (folder / "empty.py").write_text(_EMPTY.format(answer=str(folder / "answer.json")))
    port = free_port()
    command = [*uvicorn("empty:app", kind, port), "--app-dir", str(folder)]
    return server(command, port, "/openapi.json")


def our_server(store: str, kind: str = "uvloop") -> AbstractContextManager[Server]:
    """The service."""
    port = free_port()
    command = ["env", f"COMMENTNLP_STORE={store}", *uvicorn("serve:app", kind, port)]
    return server(command, port, "/health/ready")


def load(url: str, bodies: Path, seconds: float) -> dict[str, float]:
    """Put load on an address: requests, seconds, p50 and p99 in ms, errors."""
    script = Path(__file__).with_name("http.lua")
    done = subprocess.run(
        ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds:g}s", "-s", str(script), url, "--",
         str(bodies)], check=True, capture_output=True, text=True,
    )  # fmt: skip
    told: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return told


def classify_bodies(path: Path, texts: Sequence[str], many: int) -> None:
    """Calls of ``many`` comments each, no text twice."""
    with path.open("w", encoding="utf-8") as file:
        for at in range(0, len(texts) - many + 1, many):
            comments = [{"id": str(at + i), "text": t} for i, t in enumerate(texts[at : at + many])]
            file.write(json.dumps({"comments": comments}, ensure_ascii=False) + "\n")


def event_bodies(path: Path, texts: Sequence[str], many: int, calls: int) -> None:
    """Calls of ``many`` events each, every event another."""
    stream = cycle(texts)
    with path.open("w", encoding="utf-8") as file:
        for call in range(calls):
            events = [
                {"id": f"{call}-{i}", "room": "r1", "user": f"u{call * 7 % 999}", "text": text}
                for i, text in enumerate(islice(stream, many))
            ]
            file.write(json.dumps(events, ensure_ascii=False) + "\n")


def distinct(many: int) -> list[str]:
    """Comments, no two the same: those of the pool, then with a number of goods before them."""
    once = list(dict.fromkeys(pool()))
    texts = list(once)
    number = 1
    while len(texts) < many:
        texts += [f"{number}号 {text}" for text in once]
        number += 1
    return texts[:many]


def kept(address: str) -> int:
    """Events that a service says it has kept."""
    with urllib.request.urlopen(address + "/metrics") as answer:
        for line in answer.read().decode().splitlines():
            if line.startswith('commentnlp_events_total{result="kept"}'):
                return int(float(line.split()[-1]))
    raise SystemExit("no such figure in /metrics")


def measure_classify(folder: Path, rounds: int, seconds: float) -> None:
    """Print classify against the empty endpoints."""
    answer = b'{"model":"42c84afdc470","results":[{"id":"1","intent":[{"label":"fit"}]}]}'
    texts = {
        "no comment twice": distinct(300_000),
        "a room's, 84 % repeats": list(islice(room_stream(pool()), 300_000)),
    }
    print("| server | comments | a call | endpoint | requests/s | comments/s | p50, ms | p99, ms |"
          " requests/s against empty | p99 against empty |\n|---|---|---:|---|"
          + "---:|" * 6)  # fmt: skip
    for kind in ("uvloop", "asyncio"):
        store = str(folder / "c.db")
        with empty_server(folder, answer, kind) as empty, our_server(store, kind) as ours:
            urls = {
                "empty": empty.address + "/empty",
                "with models": empty.address + "/modelled",
                "commentnlp": ours.address + "/v1/classify",
            }
            for what, some in texts.items():
                for many in (1, 100):
                    bodies = folder / "bodies.jsonl"
                    classify_bodies(bodies, some, many)
                    _print(
                        f"{kind} | {what} | {many}", many, _measured(urls, bodies, rounds, seconds)
                    )


def _measured(
    urls: Mapping[str, str], bodies: Path, rounds: int, seconds: float
) -> dict[str, list[dict[str, float]]]:
    found: dict[str, list[dict[str, float]]] = {name: [] for name in urls}
    for _ in range(rounds):
        for name, url in urls.items():
            found[name].append(load(url, bodies, seconds))
            if found[name][-1]["errors"]:
                raise SystemExit(f"{name}: errors")
    return found


def _print(what: str, many: int, found: Mapping[str, list[dict[str, float]]]) -> None:
    base = found["empty"]
    for name, several in found.items():
        rates = [one["requests"] / one["seconds"] for one in several]
        pairs = list(zip(several, base, strict=True))
        faster = median(
            (one["requests"] / one["seconds"]) / (b["requests"] / b["seconds"]) for one, b in pairs
        )
        later = median(one["p99"] / b["p99"] for one, b in pairs)
        print(f"| {what} | {name} | {median(rates):,.0f} | {median(rates) * many:,.0f} |"
              f" {median(one['p50'] for one in several):.2f} |"
              f" {median(one['p99'] for one in several):.2f} |"
              f" {faster:.0%} | ×{later:.2f} |", flush=True)  # fmt: skip


def measure_events(folder: Path, rounds: int, seconds: float, postgres: str | None) -> None:
    """Print how many events a second are durable."""
    bodies = folder / "events.jsonl"
    texts = distinct(200_000)
    print("\n| store | events/s, durable, in calls of 50 | p50, ms | p99, ms |\n|---|"
          + "---:|" * 3)  # fmt: skip
    stores = {"SQLite": str(folder / "e.db")}
    if postgres:
        stores["PostgreSQL"] = postgres
    for name, store in stores.items():
        rates, several = [], []
        for turn in range(rounds):
            event_bodies(bodies, [f"{turn}{text}" for text in texts], 50, 8_000)
            text = bodies.read_text(encoding="utf-8").replace('"id": "', f'"id": "{turn}-')
            bodies.write_text(text, encoding="utf-8")
            with our_server(store) as ours:
                before, began = kept(ours.address), time.perf_counter()
                several.append(load(ours.address + "/v1/events", bodies, seconds))
                rates.append((kept(ours.address) - before) / (time.perf_counter() - began))
        print(f"| {name} | {median(rates):,.0f} | {median(one['p50'] for one in several):.1f} |"
              f" {median(one['p99'] for one in several):.1f} |", flush=True)  # fmt: skip


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser("python -m benchmarks.http", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--postgres", metavar="ADDRESS")
    parser.add_argument("--only", choices=("classify", "events"))
    options = parser.parse_args()
    if not shutil.which("wrk"):
        raise SystemExit("wrk is not there; on Debian: apt-get install wrk")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if options.only != "events":
            measure_classify(folder, options.rounds, options.seconds)
        if options.only != "classify":
            measure_events(folder, options.rounds, options.seconds, options.postgres)


if __name__ == "__main__":
    main()
