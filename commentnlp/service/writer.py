"""The one thread that writes: whatever waits goes into the store in one durable transaction."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from threading import Condition, Thread
from typing import NamedTuple

from commentnlp.errors import CommentnlpError
from commentnlp.service.problems import Problem
from commentnlp.service.records import Placed, Row
from commentnlp.service.store import Store

FAILING = 10.0
"""Seconds for which a failed write tells that the store cannot be written."""
MOST_ROWS = 2_000
"""Rows from which on a transaction takes no more of those that wait."""

_log = logging.getLogger(__name__)


class _Work(NamedTuple):
    """Rows to keep, and who waits for it."""

    rows: Sequence[Row]
    future: asyncio.Future[list[Placed]]


class Writer:
    """Takes rows from the loop and says there when they are durable."""

    def __init__(
        self,
        store: Store,
        most_waiting: int,
        kept: Callable[[Sequence[Row], Sequence[Placed]], None],
    ) -> None:
        """Start the thread; more than ``most_waiting`` rows are turned away.

        ``kept`` is told, on the loop and in the order of the store, of rows that are durable.
        """
        self._store = store
        self._kept = kept
        self._most_waiting = most_waiting
        self._loop = asyncio.get_running_loop()
        self._wake = Condition()
        self._works: list[_Work] = []
        self._closing = False
        self._failed_at = -FAILING
        self._failing_since: float | None = None
        self._refused = 0
        self.waiting = 0
        """Rows that are not yet durable."""
        self._thread = Thread(target=self._run, name="commentnlp-writer", daemon=True)
        self._thread.start()

    async def add(self, rows: Sequence[Row]) -> list[Placed]:
        """Keep rows; returns once they are durable.

        Raises Problem (503) where too many wait already, or the store cannot be written.
        """
        if self.waiting + len(rows) > self._most_waiting:
            raise Problem(503, "too many events wait to be kept; nothing of this call was kept,"
                          " send it again in a second", headers={"Retry-After": "1"})  # fmt: skip
        self.waiting += len(rows)
        future = self._put(rows)
        future.add_done_callback(lambda _: self._written(len(rows)))
        try:
            # who waits may leave: what was taken is kept all the same
            return await asyncio.shield(future)
        except CommentnlpError:
            raise Problem(503, "the store cannot be written now; nothing of this call was kept,"
                          " send it again in a few seconds",
                          headers={"Retry-After": "5"}) from None  # fmt: skip

    @property
    def failing(self) -> bool:
        """Whether a write failed just now."""
        return time.monotonic() - self._failed_at < FAILING

    def close(self) -> None:
        """Write what waits, then stop."""
        with self._wake:
            self._closing = True
            self._wake.notify()
        self._thread.join()

    def _put(self, rows: Sequence[Row]) -> asyncio.Future[list[Placed]]:
        future: asyncio.Future[list[Placed]] = self._loop.create_future()
        with self._wake:
            self._works.append(_Work(rows, future))
            self._wake.notify()
        return future

    def _written(self, rows: int) -> None:
        self.waiting -= rows

    def _settle(self, works: Sequence[_Work], placed: Sequence[Placed]) -> None:
        rest = iter(placed)
        for work in works:
            mine = list(islice(rest, len(work.rows)))
            self._kept(work.rows, mine)
            if not work.future.cancelled():
                work.future.set_result(mine)

    # on the thread --------------------------------------------------------------------------

    def _run(self) -> None:
        while True:
            with self._wake:
                self._wake.wait_for(lambda: self._works or self._closing)
                works, self._works = self._works, []
            if not works:
                return
            for together in _transactions(works):
                self._write(together)

    def _write(self, works: Sequence[_Work]) -> None:
        try:
            placed = self._store.add([row for work in works for row in work.rows])
        except Exception as error:
            self._failed_at = time.monotonic()
            self._tell_failed(sum(len(work.rows) for work in works), error)
            self._loop.call_soon_threadsafe(_fail, works, error)
        else:
            self._tell_recovered()
            self._loop.call_soon_threadsafe(self._settle, works, placed)

    def _tell_failed(self, events: int, error: Exception) -> None:
        """Log the first of several failures; a full disk would fill the log, too."""
        self._refused += events
        if self._failing_since is None:
            self._failing_since = self._failed_at
            _log.error("the store cannot be written; events are turned away until it can: %s",
                       error, exc_info=not isinstance(error, CommentnlpError))  # fmt: skip

    def _tell_recovered(self) -> None:
        if self._failing_since is None:
            return
        seconds = time.monotonic() - self._failing_since
        _log.warning("the store can be written again after %.0f s; %d events were turned away"
                     " meanwhile", seconds, self._refused)  # fmt: skip
        self._failing_since, self._refused = None, 0


def _transactions(works: Sequence[_Work]) -> Iterator[list[_Work]]:
    """What is written at once."""
    together: list[_Work] = []
    rows = 0
    for work in works:
        if rows >= MOST_ROWS:
            yield together
            together, rows = [], 0
        together.append(work)
        rows += len(work.rows)
    yield together


def _fail(works: Sequence[_Work], error: Exception) -> None:
    for work in works:
        if not work.future.cancelled():
            work.future.set_exception(error)
