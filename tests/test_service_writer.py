import asyncio
import threading
from datetime import datetime, timezone

import pytest

from commentnlp.errors import StoreError
from commentnlp.records import Event
from commentnlp.service.problems import Problem
from commentnlp.service.records import Placed, Row
from commentnlp.service.writer import MOST_ROWS, Writer


class Slow:
    """A store that writes when it is let go, and remembers what it was given at once."""

    def __init__(self):
        self.go = threading.Event()
        self.batches = []
        self.error = None

    def add(self, rows):
        self.go.wait(10)
        if self.error:
            raise self.error
        self.batches.append([row.event.text for row in rows])
        return [Placed(len(self.batches), True, row.answer, row.model) for row in rows]


def row(text):
    return Row(text.encode(), Event("comment", text, time=datetime.now(timezone.utc)), 0)


def run(work, most_waiting=100_000):
    """Run ``work(writer, store, kept)`` and give what was told of as kept."""
    store, kept = Slow(), []

    async def main():
        writer = Writer(
            store, most_waiting, lambda rows, placed: kept.append([r.event.text for r in rows])
        )
        try:
            await work(writer, store)
        finally:
            store.go.set()
            await asyncio.to_thread(writer.close)
            await asyncio.sleep(0)

    asyncio.run(main())
    return store, kept


def test_what_waits_is_written_together_and_each_gets_its_own():
    async def work(writer, store):
        calls = [asyncio.ensure_future(writer.add([row(f"{i}a"), row(f"{i}b")])) for i in range(9)]
        await asyncio.sleep(0.05)
        assert writer.waiting == 18
        store.go.set()
        placed = await asyncio.gather(*calls)
        assert [len(one) for one in placed] == [2] * 9
        assert writer.waiting == 0

    store, kept = run(work)
    assert [len(batch) for batch in store.batches] == [18] or len(store.batches) == 2
    assert kept == [[f"{i}a", f"{i}b"] for i in range(9)]  # in the order of coming


def test_a_transaction_has_a_bound():
    async def work(writer, store):
        some = [row("x")] * 500
        calls = [asyncio.ensure_future(writer.add(some)) for _ in range(12)]
        await asyncio.sleep(0.05)
        store.go.set()
        await asyncio.gather(*calls)

    store, _ = run(work)
    assert max(map(len, store.batches)) <= MOST_ROWS + 500
    assert sum(map(len, store.batches)) == 6000


def test_too_much_is_turned_away_and_nothing_of_it_kept():
    async def work(writer, store):
        waiting = asyncio.ensure_future(writer.add([row("1")] * 8))
        await asyncio.sleep(0)
        with pytest.raises(Problem) as caught:
            await writer.add([row("2")] * 3)
        assert caught.value.status == 503
        assert caught.value.headers["Retry-After"] == "1"
        store.go.set()
        await waiting
        await writer.add([row("3")] * 10)

    store, _ = run(work, most_waiting=10)
    assert [text for batch in store.batches for text in batch] == ["1"] * 8 + ["3"] * 10


def test_a_store_that_cannot_be_written_is_told_and_may_recover(caplog):
    async def work(writer, store):
        store.go.set()
        store.error = StoreError("the disk is full; make room")
        with pytest.raises(Problem, match="nothing of this call was kept") as caught:
            await writer.add([row("1")])
        assert caught.value.status == 503
        assert writer.waiting == 0
        assert writer.failing
        store.error = None
        assert (await writer.add([row("2")]))[0].new

    assert run(work)[1] == [["2"]]
    # callers need not know where the store lies, the log says it
    assert "the disk is full; make room" in caplog.text
    assert "Traceback" not in caplog.text


def test_an_unexpected_error_does_not_end_the_thread(caplog):
    async def work(writer, store):
        store.go.set()
        store.error = ValueError("odd")
        with pytest.raises(ValueError, match="odd"):
            await writer.add([row("1")])
        store.error = None
        await writer.add([row("2")])

    assert run(work)[1] == [["2"]]
    assert "events are turned away until it can: odd" in caplog.text
    assert "Traceback" in caplog.text


def test_who_leaves_has_its_rows_kept_and_told_of():
    async def work(writer, store):
        call = asyncio.ensure_future(writer.add([row("1")]))
        await asyncio.sleep(0.02)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        assert writer.waiting == 1
        store.go.set()
        await writer.add([row("2")])
        assert writer.waiting == 0

    _, kept = run(work)
    assert kept == [["1"], ["2"]]


def test_what_was_taken_is_written_before_the_end():
    async def work(writer, store):
        writer._put([row("1")])

    store, kept = run(work)
    assert store.batches == [["1"]]
    assert kept == [["1"]]


def test_a_store_that_fails_for_long_is_told_twice(caplog):
    async def work(writer, store):
        store.go.set()
        store.error = StoreError("x.db: the store cannot be written (full); make room")
        for n in range(5):
            with pytest.raises(Problem):
                await writer.add([row(f"{n}a"), row(f"{n}b")])
        assert writer.failing
        store.error = None
        await writer.add([row("2")])

    run(work)
    first, second = (one.getMessage() for one in caplog.records)
    assert first.endswith("x.db: the store cannot be written (full); make room")
    assert second.startswith("the store can be written again after")
    assert "10 events were turned away" in second
    assert not caplog.records[0].exc_info
