"""Build the comments that are measured: the same ones for everybody, from a fixed seed."""

from __future__ import annotations

import csv
import itertools
import random
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

from benchmarks import REAL, TRAINING_DATA

SEED = 1
SHORT = 8
"""Characters of the longest text that is put into a pair."""

NEW, FAVOURITES = 0.16, 5_000
"""In real rooms 84 % of the viewers' lines are repeats: one-tap buttons, greetings, cheers."""

ROOMS = REAL / "jd_live"
HEADER = ("时间", "用户", "评论内容")


def pool() -> list[str]:
    """The different texts of samples, holdout and sample room, shuffled: about 40,000."""
    texts: dict[str, None] = {}
    samples = sorted((TRAINING_DATA / "samples").glob("*.csv"))
    for path in (*samples, TRAINING_DATA / "holdout.csv", TRAINING_DATA / "sample_room.csv"):
        with path.open(encoding="utf-8-sig", newline="") as file:
            for row in csv.DictReader(file):
                texts[row.get("text") or row["评论内容"]] = None
    shuffled = [text for text in texts if text.strip()]
    random.Random(SEED).shuffle(shuffled)
    return shuffled


def distinct(texts: list[str]) -> Iterator[str]:
    """Comments of which no two are the same: ``texts``, then ones made from them, without end.

    Made are, in turn, a text with the number of an article in front (``12号多少钱``) and two short
    texts with a comma between. The made ones are a little longer than what viewers type (a median
    of 11 characters against 7), so they are no easier to tag.
    """
    yield from texts
    known = set(texts)
    single = [text for text in texts if not text[0].isdigit()]
    short = [text for text in single if len(text) <= SHORT and "，" not in text]
    for count in itertools.count():
        number, at = divmod(count, len(single))
        yield from _new(f"{number + 1}号{single[at]}", known)
        shift, at = divmod(count, len(short))
        if shift < len(short):  # else all pairs are used up
            yield from _new(f"{short[at]}，{short[(at + shift + 1) % len(short)]}", known)


def _new(comment: str, known: set[str]) -> Iterator[str]:
    """Made comments differ from one another by construction; here also from the first texts."""
    if comment not in known:
        yield comment


def room_stream(texts: list[str]) -> Iterator[str]:
    """An endless room: 16 % of the lines are new, the others repeat favourites (Zipf's law)."""
    rng = random.Random(SEED)
    favourites, fresh = texts[:FAVOURITES], distinct(texts[FAVOURITES:])
    while True:
        if rng.random() < NEW:
            yield next(fresh)
        else:  # the logarithm of the rank is uniform: how often falls as one over the rank
            yield favourites[int(len(favourites) ** rng.random()) - 1]


def write_room(path: Path, comments: Iterable[str]) -> None:
    """Write a table as a room's tool exports it: time, user, comment."""
    rng = random.Random(SEED)
    at = datetime(2026, 3, 14, 20)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(HEADER)
        for comment in comments:
            at += timedelta(milliseconds=rng.randrange(200))
            writer.writerow((at.isoformat(" ", "seconds"), f"u{rng.randrange(50_000)}", comment))


def loop_rooms(path: Path, rows: int) -> None:
    """Write the event logs of real rooms one after the other, again and again, as they come.

    Whole files only, so that no quoted cell is cut; stops at the first end after ``rows`` lines.
    """
    logs = [log.read_bytes() for log in sorted(ROOMS.glob("*.csv"))]
    lines = 0
    with path.open("wb") as file:
        for log in itertools.cycle(logs):
            file.write(log if log.endswith(b"\n") else log + b"\n")
            lines += log.count(b"\n")
            if lines >= rows:
                return


def viewer_comments(path: Path) -> tuple[int, list[str]]:
    """How many rows a file of `write_room` or `loop_rooms` has, and what viewers wrote in it."""
    csv.field_size_limit(1 << 30)
    with path.open(encoding="utf-8", errors="replace", newline="") as file:
        rows = [row for row in csv.reader(line.replace("\0", "") for line in file) if row]
    if tuple(rows[0]) == HEADER:
        return len(rows) - 1, [row[2] for row in rows[1:]]
    return len(rows), [row[4] for row in rows if row[0] == "【实时弹幕】" and len(row) > 4]
