"""What the service's store costs, by how much is in it.

``python -m benchmarks.store`` fills a store with made-up comments, stops at 10⁵, 10⁶ and 10⁷ of
them, measures, and prints a Markdown table. A day has 100,000 comments in three rooms, a hundredth
of them in the smallest. ``--postgres`` takes the address of an empty database instead of a file.

Keys are what the platform's ids make them: ids that count up (``--keys ordered``), as the
platforms' own do, stand beside each other in the index; random ones cost a page each.
"""

from __future__ import annotations

import argparse
import gc
import itertools
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import partial
from hashlib import blake2b
from itertools import islice
from pathlib import Path
from statistics import median, quantiles

import msgspec

from benchmarks.comments import FAVOURITES, NEW, SEED, pool
from commentnlp.model import Model
from commentnlp.records import SHANGHAI, Event, Tagged
from commentnlp.service.records import Row
from commentnlp.service.store import Store

SIZES = 100_000, 1_000_000, 10_000_000
DAY = 100_000
BEGIN = datetime(2026, 1, 1, tzinfo=SHANGHAI)
RARE, RARE_EVERY = "complaint/rare", 100_003
ROOMS = ("large",) * 89 + ("middle",) * 10 + ("small",)
HOUR = 3_600_000
VERSION = "42c84afdc470"


def answer_of(tagged: Tagged) -> tuple[str, tuple[str, ...]]:
    """The JSON that is kept with a comment, and its labels."""
    data: dict[str, object] = {
        facet: [{"label": tag.label, "score": round(tag.score, 4)} for tag in tags]
        for facet, tags in tagged.tags.items()
    }
    data["evidence"] = tagged.evidence
    labels = tuple(f"{facet}/{tag.label}" for facet, tags in tagged.tags.items() for tag in tags)
    return msgspec.json.encode(data).decode(), labels


def rows(ordered: bool) -> Iterator[Row]:
    """Comments without end, in the order of time: 16 % are new, the others repeat favourites."""
    rng, texts = random.Random(SEED), pool()
    tagged = [answer_of(one) for one in Model.shipped().tag(texts, evidence=True)]
    for number in itertools.count():
        if rng.random() < NEW:
            place = rng.randrange(len(texts))
            text = f"{number}号{texts[place]}"
        else:
            place = int(FAVOURITES ** rng.random()) - 1
            text = texts[place]
        answer, labels = tagged[place]
        if number % RARE_EVERY == RARE_EVERY - 1:
            labels = (*labels, RARE)
        at = BEGIN + timedelta(days=number / DAY)
        identity = number.to_bytes(8, "big")
        mark = blake2b(identity, digest_size=16).digest()
        event = Event(
            "comment", text, str(7_612_000_000_000_000_000 + number), at, rng.choice(ROOMS),
            str(rng.randrange(10**12)), mark.hex()[:16], levels={"fan": number % 20 + 1},
        )  # fmt: skip
        key = identity + mark[:8] if ordered else mark
        yield Row(key, event, int(at.timestamp() * 1000), answer, labels, VERSION)


def seconds(work: Callable[[], object], runs: int) -> list[float]:
    """How long each run takes."""
    out = []
    for _ in range(runs):
        began = time.perf_counter()
        work()
        out.append(time.perf_counter() - began)
    return out


def figure(found: list[float]) -> str:
    """Median and the slowest of twenty, in milliseconds."""
    slow = quantiles(found, n=20)[-1] if len(found) > 2 else max(found)
    return f"{median(found) * 1000:.2f} ({slow * 1000:.2f})"


def measure(store: Store, more: Iterator[Row], count: int) -> dict[str, str]:
    """Every figure of a store with ``count`` comments."""
    out = {}
    for size, runs in ((50, 100), (500, 40)):
        batches = iter([list(islice(more, size)) for _ in range(runs)])
        found = [one / size * 1e6 for one in seconds(lambda b=batches: store.add(next(b)), runs)]
        slow = quantiles(found, n=20)[-1]
        out[f"add() of {size}, µs a comment"] = (
            f"{median(found):.1f} (mean {sum(found) / runs:.1f}, {slow:.1f})"
        )
    end = int((BEGIN + timedelta(days=count / DAY)).timestamp() * 1000)
    middle = (end - count * 432, 2**62)
    pages: dict[str, dict[str, object]] = {
        "all": {},
        "from the middle of time on": {"before": middle},
        "of the small room": {"room": "small"},
        "of a label": {"label": "intent/price"},
        "of a label, small room": {"label": "intent/price", "room": "small"},
        "of a rare label": {"label": RARE},
        "of a rare label, small room": {"label": RARE, "room": "small"},
        "that hold 多少": {"text": "多少"},
        "that hold what nobody wrote": {"text": "没人说过这句"},
        "that hold ABC, in any case": {"text": "ABCD"},
        "of the small room that hold it not": {"text": "没人说过这句", "room": "small"},
        "of a label, middle of time, that hold it not": {
            "text": "没人说过这句", "label": "intent/price", "before": middle,
        },
    }  # fmt: skip
    for what, given in pages.items():

        def look(given: dict[str, object] = given) -> object:
            return store.comments(**given)  # type: ignore[arg-type]

        first = seconds(look, 1)[0]
        out[f"comments() {what}, ms"] = f"{figure(seconds(look, 15))}, first {first * 1000:.1f}"
    for room in ("large", "small"):

        def rate(room: str = room) -> object:
            return store.counts(room=room, since=end - 24 * HOUR, until=end)

        out[f"counts() of 24 h, {room} room, ms"] = figure(seconds(rate, 15))
        out[f"… rows, {room} room"] = (
            f"{len(store.counts(room=room, since=end - 24 * HOUR, until=end)):,}"
        )

    def day(room: str | None = None) -> int:
        return sum(1 for _ in store.events(room=room, since=end - 24 * HOUR, until=end))

    out["events() of a day, ms"] = f"{figure(seconds(day, 3))}, {day():,} events"
    out["events() of a day, small room, ms"] = figure(seconds(lambda: day("small"), 3))
    out["after() 100, ms"] = figure(seconds(lambda: store.after(count // 2, 100), 15))
    out["after() 100, small room, ms"] = figure(
        seconds(lambda: store.after(count // 2, 100, room="small"), 15)
    )
    out["rooms(), ms"] = figure(seconds(store.rooms, 15))
    return out


def run(url: str, sizes: list[int], ordered: bool) -> list[dict[str, str]]:
    """Fill a store, measuring on the way."""
    store, more, out, count = Store(url), rows(ordered), [], 0
    next(more)
    # what the benchmark itself keeps in memory is none of the store's cost
    gc.freeze()
    for size in sizes:
        began = time.perf_counter()
        while count < size:
            store.add(list(islice(more, min(5_000, size - count))))
            count += 5_000
        filled = time.perf_counter() - began
        count = size
        found = {"filled, s": f"{filled:.0f}", **measure(store, more, count)}
        found["expire() 1,000, ms"] = figure(seconds(partial(store.expire, 2**61, 1_000), 5))
        count += 5_000 + 20_000
        store.close()
        found["open, ms"] = figure(seconds(lambda: Store(url).close(), 5))
        store = Store(url)
        if url.startswith("sqlite"):
            path = Path(url.removeprefix("sqlite:///"))
            found["file, MB"] = f"{path.stat().st_size / 1e6:,.0f}"
        out.append(found)
        print(f"{size:,}: {found}", file=sys.stderr, flush=True)
    if sizes[-1] <= 1_000_000:
        user = store.after(sizes[-1] // 2, 1)[0].user
        out[-1]["forget(), ms"] = figure(seconds(lambda: store.forget(user=user), 1))
    store.close()
    return out


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser("python -m benchmarks.store", description=__doc__)
    parser.add_argument("--rows", type=int, default=SIZES[-1], help="fill it no further")
    parser.add_argument("--postgres", metavar="URL", help="an empty database; a SQLite file if not")
    parser.add_argument("--keys", choices=("random", "ordered"), default="random")
    parser.add_argument("--folder", help="where the file is made; 7 GB at ten million")
    options = parser.parse_args()
    sizes = [size for size in SIZES if size <= options.rows] or [options.rows]
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        url = options.postgres or f"sqlite:///{folder}/store.db"
        found = run(url, sizes, options.keys == "ordered")
    print(f"{(options.postgres and 'PostgreSQL') or 'SQLite'}, {options.keys} keys\n")
    print("| | " + " | ".join(f"{size:,}" for size in sizes) + " |")
    print("|---|" + "---:|" * len(sizes))
    for what in found[-1]:
        print(f"| {what} | " + " | ".join(one.get(what, "") for one in found) + " |")


if __name__ == "__main__":
    main()
