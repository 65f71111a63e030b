"""Long reading in processes of their own, so that no comment waits for it."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from itertools import islice
from multiprocessing.connection import wait
from threading import Thread
from typing import Any, NamedTuple, TypeVar

import msgspec
import numpy as np

from commentnlp.errors import CommentnlpError
from commentnlp.model import Model
from commentnlp.records import Event
from commentnlp.report import Settings as How
from commentnlp.report import rendered, summarise, zone_named
from commentnlp.report.fit import fit, told
from commentnlp.report.log import read_log
from commentnlp.report.room import Room
from commentnlp.report.wording import LANGUAGES, Wording
from commentnlp.service.now import EARLIER, hotspots, now, reach
from commentnlp.service.records import Count, Stored
from commentnlp.service.serving import Serving
from commentnlp.service.settings import Settings
from commentnlp.service.store import Store

LONGEST_END = 5.0
"""Seconds to wait for the processes at the end."""
PROCESSES = 2
"""One may be at a report of seconds while the other tells what is hot."""

MOST_RECENT = 3_000
"""Comments that tell what a room asks; the counts are of all."""
MOST_QUEUED = 5_000
MOST_COMPARED = 10_000
"""Comments that are compared with the model's samples."""
MINUTE = 60_000
DAY = 24 * 60 * MINUTE

MOST_REPORTED = 1_000_000
"""Events of a report."""

_T = TypeVar("_T")


class TooManyError(CommentnlpError):
    """A report was asked for of more events than it may have."""


class Doubtful(NamedTuple):
    """A comment that the model is not sure of."""

    stored: Stored
    facet: str
    label: str
    """The label it is least sure of."""
    margin: float
    """From the label's probability to its threshold."""


class Reader:
    """Runs the functions of this file in other processes."""

    def __init__(self, settings: Settings) -> None:
        """Take what they must know; the processes start when they are first needed."""
        self._settings = settings
        self._pool = self._start()

    async def run(self, function: Callable[..., _T], *arguments: Any) -> _T:
        """Call a function of this file elsewhere. What it raises is raised here."""
        loop = asyncio.get_running_loop()
        pool = self._pool
        try:
            return await loop.run_in_executor(pool, function, *arguments)
        except BrokenProcessPool:  # somebody ended one: another takes its place
            if self._pool is pool:
                self._pool = self._start()
            return await loop.run_in_executor(self._pool, function, *arguments)

    async def close(self) -> None:
        """End the processes; one that is still at something is left to end with this one."""
        end = asyncio.to_thread(self._pool.shutdown, cancel_futures=True)
        with suppress(asyncio.TimeoutError):
            await asyncio.wait_for(end, LONGEST_END)

    def _start(self) -> ProcessPoolExecutor:
        # a fork would copy the threads' locks as they happen to be
        context = multiprocessing.get_context("spawn")
        return ProcessPoolExecutor(PROCESSES, context, _prepare, (self._settings,))


# in the other process -------------------------------------------------------------------------

_store: Store | None = None
_serving: Serving | None = None
_settings: Settings


def _prepare(settings: Settings) -> None:
    global _settings
    _settings = settings
    # Ctrl-C is for the service, which ends its readers
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """A service that was killed leaves nobody behind."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)


def _opened() -> Store:
    """The store; it may not have been there before. Raises StoreError."""
    global _store
    if _store is None:
        _store = Store(_settings.store)
    return _store


def _model() -> Model:
    global _serving
    if _serving is None:
        _serving = Serving(_settings.model)
    elif _serving.changed():
        _serving.reload()
    return _serving.model


def warm() -> None:
    """Be ready for the first question."""
    _opened().ping()
    _model()


def report(
    room: str | None, since: int, until: int, suffix: str, language: str, step: int, window: int,
    show_names: bool,
) -> bytes:  # fmt: skip
    """The report of a span, as a file with this suffix holds it. Raises CommentnlpError."""
    zone = zone_named(_settings.zone)
    how = How(zone, step, window, show_names=show_names)
    events = _bounded(_opened().events(room=room, since=since, until=until, zone=zone))
    return rendered(summarise(events, _model(), how), suffix, language=language)


def _bounded(events: Iterator[Event]) -> Iterator[Event]:
    """Events, at most `MOST_REPORTED`: more would take all the memory."""
    yield from islice(events, MOST_REPORTED)
    if next(events, None) is not None:
        raise TooManyError(f"more than {MOST_REPORTED:,} events; ask for a shorter span")


def now_of(room: str | None, at: int, minutes: int) -> str:
    """What a room is like at a time, as JSON."""
    recent, counts, how = _looked_at(room, at, minutes)
    rooms = _opened().rooms()
    last = max((time for name, time in rooms if room in (None, name)), default=None)
    return now(recent, counts, _model(), room=room, last=last, **how).to_json()


def hotspots_of(room: str | None, at: int, minutes: int) -> str:
    """Only what hurts then."""
    recent, counts, how = _looked_at(room, at, minutes)
    told = {
        "room": room,
        "at": datetime.fromtimestamp(at // 1000, how["zone"]),
        "minutes": minutes,
        "hotspots": hotspots(recent, counts, _model(), **how),
    }
    return msgspec.json.encode(told).decode()


def _looked_at(
    room: str | None, at: int, minutes: int
) -> tuple[list[Event], list[Count], dict[str, Any]]:
    """Recent events, counts, and the rest of what `now` and `hotspots` are told."""
    until, zone = at + MINUTE, zone_named(_settings.zone)
    recent, seqs = _opened().recent(
        room=room, since=at - reach(minutes) * MINUTE, until=until, limit=MOST_RECENT, zone=zone
    )
    counts = _opened().counts(room=room, since=at - (EARLIER + minutes) * MINUTE, until=until)
    return recent, counts, {"at": at, "minutes": minutes, "seqs": seqs, "zone": zone}


def drift_of(room: str | None, since: int, until: int) -> dict[str, Any]:
    """Whether the model still fits the latest `MOST_COMPARED` comments of a span, for JSON."""
    model, zone = _model(), zone_named(_settings.zone)
    recent, _ = _opened().recent(
        room=room, since=since, until=until, limit=MOST_COMPARED, zone=zone
    )
    # another model may have tagged them, and the store has told repeats apart
    log = read_log([[replace(event, id="", tags=None) for event in recent]])
    found = fit(Room(log, model, How(zone, show_names=_settings.keep_names)))
    return {
        "room": room,
        "since": datetime.fromtimestamp(since // 1000, zone),
        "until": datetime.fromtimestamp(until // 1000, zone),
        "model": model.meta.version,
        "verdict": found.verdict if found else "no_reference",
        "due": found is not None and found.verdict == "due",
        "told": {language: told(found, Wording(language)) for language in LANGUAGES},
        "fit": found,
    }


def queue(room: str | None, many: int) -> list[Doubtful]:
    """Comments most worth a person's look: those that the model is least sure of.

    Of the latest `MOST_QUEUED` different texts that nobody has corrected, those with a label whose
    probability lies nearest to its threshold (margin sampling; Scheffer et al., IDA 2001).
    """
    model = _model()
    latest: dict[str, Stored] = {}
    before: tuple[int, int] | None = None
    for _ in range(MOST_QUEUED // 500):
        page = _opened().comments(room=room, before=before, limit=500)
        for one in page.events:
            latest.setdefault(one.text, one)
        before = page.next
        if before is None:
            break
    corrected = _opened().corrected_texts(list(latest))
    texts = [text for text in latest if text not in corrected]
    if not texts:
        return []
    margins = np.abs(model.probabilities(texts) - model.thresholds)
    nearest = [model.taxonomy.columns[i] for i in margins.argmin(axis=1).tolist()]
    return [
        Doubtful(latest[texts[i]], nearest[i][0], nearest[i][1], float(margins[i].min()))
        for i in np.argsort(margins.min(axis=1), kind="stable")[:many].tolist()
    ]  # fmt: skip
