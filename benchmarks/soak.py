"""An hour of a busy room in a few minutes: is memory flat, is nothing lost, is nothing late?

``python -m benchmarks.soak`` sends 1,080,000 events (an hour at 300 a second, one in five a
comment) to a service of its own on 127.0.0.1, in calls of 60 and at most for ``--minutes``, while a
page, a slow listener and a poller of hotspots look on. It prints memory minute by minute, how late
answers were, and at the end whether all that was acknowledged is there.
"""

from __future__ import annotations

import argparse
import json
import random
import socket
import subprocess
import tempfile
import threading
import time
import urllib.request
from itertools import count
from pathlib import Path
from statistics import median

from benchmarks.comments import pool, room_stream
from benchmarks.http import kept, our_server

EVENTS = 3_600 * 300
CALL = 60
KINDS = ("like", "like", "enter", "enter", "follow", "share", "gift", "purchase")


def memory(pid: int) -> tuple[float, float]:
    """Megabytes of a process, and of its children."""

    def of(what: str) -> float:
        found = subprocess.run(["ps", "-o", "rss=", what, str(pid)], capture_output=True, text=True)
        return sum(map(int, found.stdout.split())) / 1000

    return of("--pid"), of("--ppid")


def listener(address: str, path: str, pause: float, ended: threading.Event) -> None:
    """Read a stream, with a pause after each piece."""
    host, port = address.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=30) as line:
        line.sendall(f"GET {path} HTTP/1.1\r\nHost: {host}:{port}\r\n\r\n".encode())
        while not ended.is_set() and line.recv(65536):
            time.sleep(pause)


def poller(address: str, late: list[float], ended: threading.Event) -> None:
    """Ask for hotspots every two seconds."""
    while not ended.wait(2):
        began = time.perf_counter()
        urllib.request.urlopen(address + "/v1/hotspots?room=r0", timeout=60).read()
        late.append(time.perf_counter() - began)


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser("python -m benchmarks.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0, help="bound on the whole")
    parser.add_argument("--store", help="another store than a new SQLite file")
    options = parser.parse_args()
    rng, comments = random.Random(1), room_stream(pool())
    with (
        tempfile.TemporaryDirectory() as folder,
        our_server(options.store or str(Path(folder, "soak.db"))) as (address, pid),
    ):
        ended, polled = threading.Event(), list[float]()
        for target, given in (
            (listener, (address, "/v1/stream?room=r0&rate=20&now=1", 0.0)),
            (listener, (address, "/v1/stream", 5.0)),
            (poller, (address, polled)),
        ):
            threading.Thread(target=target, args=(*given, ended), daemon=True).start()
        began, took, failed, numbers = time.monotonic(), list[float](), 0, count()
        every = options.minutes * 60 / (EVENTS / CALL)
        minutes = 0
        print("| minute | events | service, MB | its readers, MB | p50, ms | p99, ms |\n"
              + "|---:" * 6 + "|")  # fmt: skip
        for call in range(EVENTS // CALL):
            events = []
            for _ in range(CALL):
                event = {"id": str(next(numbers)), "room": f"r{call % 3}",
                         "user": f"u{rng.randrange(20_000)}"}  # fmt: skip
                if rng.random() < 0.2:
                    event["text"] = next(comments)
                else:
                    event["kind"] = rng.choice(KINDS)
                events.append(event)
            asked = time.perf_counter()
            body = json.dumps(events, ensure_ascii=False).encode()
            try:
                urllib.request.urlopen(address + "/v1/events", body, timeout=60).read()
            except OSError as error:
                failed += 1
                print(error)
            took.append(time.perf_counter() - asked)
            passed = time.monotonic() - began
            if passed > 60 * (minutes + 1):
                minutes += 1
                late = sorted(took)
                own, readers = memory(pid)
                print(f"| {minutes} | {(call + 1) * CALL:,} | {own:,.0f} | {readers:,.0f} |"
                      f" {median(late) * 1000:.1f} | {late[int(len(late) * 0.99)] * 1000:.1f} |",
                      flush=True)  # fmt: skip
                took = []
            time.sleep(max((call + 1) * every - passed, 0))
        ended.set()
        there = kept(address)
        print(f"\n{EVENTS:,} events sent in {(time.monotonic() - began) / 60:.1f} minutes,"
              f" {there:,} kept, {failed} calls failed; hotspots, asked {len(polled)} times: median"
              f" {median(polled) * 1000:.0f} ms, worst {max(polled) * 1000:.0f} ms")  # fmt: skip


if __name__ == "__main__":
    main()
