"""A service killed at any moment loses and doubles nothing that it acknowledged."""

from __future__ import annotations

import json
import random
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

from ..conftest import ROOT

CALL = 20
"""Events a call."""
WORDS = ["多少钱", "掉色了", "什么时候发货", "好看", "退钱", "666"]


def free_port() -> int:
    """A port that nobody uses now."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


class Killed:
    """A service on one store, started again and again."""

    def __init__(self, store: str) -> None:
        """Take the store's file or address."""
        self.store = store
        self.address = ""

    def start(self) -> subprocess.Popen[bytes]:
        """Begin; it may not answer yet."""
        port = free_port()
        self.address = f"http://127.0.0.1:{port}"
        return subprocess.Popen(
            [sys.executable, "-m", "commentnlp", "serve", "--port", str(port), "--store",
             self.store], cwd=ROOT, stderr=subprocess.DEVNULL,
        )  # fmt: skip

    def call(self, path: str, body: Any = None) -> Any:
        """Call it. Raises OSError where it does not answer, or not well."""
        data = None if body is None else json.dumps(body).encode()
        with urllib.request.urlopen(self.address + path, data, timeout=10) as answer:
            return json.loads(answer.read())

    def is_ready(self) -> bool:
        """Whether it answers."""
        try:
            return bool(self.call("/health/ready"))
        except (OSError, ValueError):
            return False


def run(count: int, seed: int, folder: Path) -> None:
    """Kill it so many times."""
    run_on(f"{folder.resolve() / 'kills.db'}", count, seed)


def run_on(store: str, count: int, seed: int) -> None:
    """The same on any store."""
    chance = random.Random(seed)
    service = Killed(store)
    run_id = f"{seed}-{time.time():.0f}"
    waiting: list[dict[str, Any]] = []
    acknowledged: list[str] = []
    made = 0
    for _ in range(count):
        process = service.start()
        began = time.monotonic()
        lives = chance.uniform(0.2, 4.0)
        ready = False
        while time.monotonic() - began < lives:
            ready = ready or service.is_ready()
            if not ready:
                time.sleep(0.02)
                continue
            if not waiting:
                waiting = [
                    {"id": f"{run_id}-{made + i}", "room": f"间{made % 3}", "user": f"u{i}",
                     "text": f"{made + i}号{chance.choice(WORDS)}"} for i in range(CALL)
                ]  # fmt: skip
                made += CALL
            try:
                service.call("/v1/events", waiting)
            except OSError:
                continue
            acknowledged += [one["id"] for one in waiting]
            waiting = []
        process.kill()
        process.wait()
    process = service.start()
    try:
        while not service.is_ready():
            assert process.poll() is None, "it does not start any more"
            time.sleep(0.05)
        check_all_kept(service, run_id, acknowledged, {one["id"] for one in waiting})
    finally:
        process.terminate()
        process.wait()


def check_all_kept(service: Killed, run_id: str, acknowledged: list[str], open_: set[str]) -> None:
    """Everything acknowledged is there once; what was not may be there once."""
    there: list[str] = []
    before = ""
    while True:
        page = service.call(f"/v1/comments?limit=500{before}")
        there += [one["id"] for one in page["comments"] if one["id"].startswith(run_id)]
        if page["next"] is None:
            break
        before = f"&before={page['next']}"
    assert len(there) == len(set(there)), "something is there twice"
    lost = set(acknowledged) - set(there)
    assert not lost, f"{len(lost)} of {len(acknowledged)} acknowledged events are lost"
    assert set(there) - set(acknowledged) <= open_, "something is there that nobody sent"
    print(f"{len(acknowledged):,} acknowledged, {len(there):,} there")
