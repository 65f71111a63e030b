import asyncio
import json

import pytest

from commentnlp.records import SHANGHAI
from commentnlp.service import stream
from commentnlp.service.answers import stored_json
from commentnlp.service.records import Stored
from commentnlp.service.stream import Hub, Listener

ALL = Listener(None, None, False)


def stored(seq, room="r", text="贵", answer='{"intent":[]}'):
    return Stored(seq, 1_773_490_000_000 + seq, 0, room, "comment", f"m{seq}", "u", "n", "viewer",
                  text, 1, None, "", "{}", answer, "v1")  # fmt: skip


class Kept:
    """A store of some events."""

    def __init__(self, events=()):
        self.events = list(events)
        self.asked = 0

    def deleted_seqs(self):
        return []

    def last(self):
        return self.events[-1].seq if self.events else 0

    def after(self, seq, limit, *, room=None):
        self.asked += 1
        return [e for e in self.events if e.seq > seq and room in (None, e.room)][:limit]


def parsed(heard):
    """Event, id and data of each message."""
    for message in b"".join(heard).decode().split("\n\n"):
        lines = dict(line.split(": ", 1) for line in message.split("\n") if ": " in line)
        if "event" in lines:
            yield lines["event"], lines.get("id"), json.loads(lines["data"])


def hear(hub, listener, after=None, *, meanwhile=lambda: None, seconds=0.1):
    """What a listener hears within some time."""

    async def main():
        heard = []

        async def listen():
            async for one in hub.listen(listener, after):
                heard.append(one)

        task = asyncio.ensure_future(listen())
        await asyncio.sleep(0.02)
        meanwhile()
        await asyncio.sleep(seconds)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        return heard

    return list(parsed(asyncio.run(main())))


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(stream, "TURN", 0.001)


def hub(store=None):
    return Hub(store or Kept(), lambda one: stored_json(one, SHANGHAI, names=True))


def test_a_listener_hears_what_comes():
    here = hub()
    heard = hear(here, ALL, meanwhile=lambda: here.publish([stored(1), stored(2, text="慢")]))
    assert [(kind, seq) for kind, seq, _ in heard] == [("comment", "1"), ("comment", "2")]
    assert heard[1][2]["text"] == "慢"
    assert heard[1][2]["intent"] == []
    assert here.listeners == []


def test_only_comments_and_only_of_its_room():
    here = hub()
    events = [stored(1), stored(2, room="other"), stored(3, answer=""), stored(4)]
    heard = hear(here, Listener("r", None, False), meanwhile=lambda: here.publish(events))
    assert [seq for _, seq, _ in heard] == ["1", "4"]


def test_who_comes_back_misses_nothing_and_hears_nothing_twice():
    here = hub(Kept([stored(seq) for seq in range(1, 8)]))
    heard = hear(here, ALL, 4, meanwhile=lambda: here.publish([stored(8), stored(9)]))
    assert [seq for _, seq, _ in heard] == ["5", "6", "7", "8", "9"]


def test_who_comes_back_within_memory_needs_no_store():
    store = Kept()
    here = hub(store)
    here_events = [stored(seq) for seq in range(1, 50)]

    def before():
        here.publish(here_events)

    before()
    heard = hear(here, ALL, 40)
    assert [seq for _, seq, _ in heard] == [str(seq) for seq in range(41, 50)]
    assert store.asked == 0


def test_who_is_far_behind_reads_on_from_the_store(monkeypatch):
    monkeypatch.setattr(stream, "REMEMBERED", 10)
    monkeypatch.setattr(stream, "_PIECE", 7)
    events = [stored(seq) for seq in range(1, 101)]
    store = Kept(events)
    here = hub(store)
    here.publish([stored(seq) for seq in range(101, 131)])
    store.events += [stored(seq) for seq in range(101, 131)]
    heard = hear(here, ALL, 0, seconds=0.5)
    assert [seq for _, seq, _ in heard] == [str(seq) for seq in range(1, 131)]


def test_who_is_too_far_behind_hears_of_the_gap(monkeypatch):
    monkeypatch.setattr(stream, "MOST_BEHIND", 20)
    here = hub(Kept([stored(seq) for seq in range(1, 101)]))
    heard = hear(here, ALL, 0)
    assert heard[0] == ("gap", None, {"skipped": 80})
    assert [seq for _, seq, _ in heard[1:]] == [str(seq) for seq in range(81, 101)]


def test_a_listener_with_a_rate_hears_the_latest():
    here = hub()
    events = [stored(seq) for seq in range(1, 501)]
    heard = hear(here, Listener(None, 20, False), meanwhile=lambda: here.publish(events))
    assert 1 <= len(heard) <= 25
    assert heard[-1][1] == "500"


def test_now_goes_to_who_wants_it_and_to_who_comes_later():
    here = hub()
    wants = Listener("r", None, True)
    heard = hear(here, wants, meanwhile=lambda: here.publish_now("r", '{"rate":1}'))
    assert heard == [("now", None, {"rate": 1})]
    assert hear(here, ALL) == []


def test_another_model_is_told():
    here = hub()
    heard = hear(here, ALL, meanwhile=lambda: here.publish_model("v2"))
    assert heard == [("model", None, {"version": "v2", "due": False})]
    assert hear(here, ALL) == []  # who comes later has asked for the page by then


def test_a_sign_of_life(monkeypatch):
    monkeypatch.setattr(stream, "SIGN_OF_LIFE", 0.02)
    here = hub()
    here.listeners.append(Listener("r", None, True))

    async def main():
        heard = here.listen(ALL, None)
        return [await heard.__anext__() for _ in range(3)]

    assert asyncio.run(main())[1:] == [b":\n\n", b":\n\n"]


def test_closing_lets_listeners_go():
    here = hub()

    async def main():
        async def listen():
            return [one async for one in here.listen(ALL, None)]

        task = asyncio.ensure_future(listen())
        await asyncio.sleep(0.02)
        here.close()
        return await asyncio.wait_for(task, 1)

    asyncio.run(main())
    assert here.listeners == []


def test_one_line_a_message_whatever_was_typed():
    here = hub()
    text = "a\nb\r\n\ndata: x\u2028\u0085"
    heard = hear(here, ALL, meanwhile=lambda: here.publish([stored(1, text=text)]))
    assert heard[0][2]["text"] == text


def test_what_was_deleted_is_told_and_no_longer_given():
    kept = Kept([stored(seq) for seq in range(1, 6)])
    here = hub(kept)
    here.publish([stored(6), stored(7)])
    here.publish_now(None, '{"quotes":"贵"}')

    def delete():
        kept.events = [one for one in kept.events if one.seq != 2]
        here.publish_deleted([2, 7])

    told = list(hear(here, Listener(None, None, True), meanwhile=delete))
    assert told[-1] == ("deleted", None, {"seqs": [2, 7]})
    # who comes back hears of it; who is new shows nothing of it
    again = list(hear(here, Listener(None, None, True), after=5))
    assert ("deleted", None, {"seqs": [2, 7]}) in again
    assert [(what, seq) for what, seq, _ in again if what == "comment"] == [("comment", "6")]
    assert "now" not in [what for what, _, _ in again]
    assert "deleted" not in [what for what, _, _ in hear(here, ALL)]


def test_what_is_deleted_while_it_is_read_is_not_given():
    kept = Kept([stored(seq) for seq in range(1, 4)])
    here = hub(kept)
    read = kept.after

    def after(*arguments, **options):
        found = read(*arguments, **options)
        here.publish_deleted([2])
        return found

    kept.after = after
    told = list(hear(here, ALL, after=0))
    assert [seq for what, seq, _ in told if what == "comment"] == ["1", "3"]


def test_of_many_deletions_the_latest_are_remembered(monkeypatch):
    monkeypatch.setattr(stream, "MOST_DELETED", 3_000)
    here = hub()

    def deleted():
        heard = hear(here, ALL, after=10_001)
        return [seq for what, _, data in heard if what == "deleted" for seq in data["seqs"]]

    here.publish_deleted(list(range(1, 5_001)))
    assert deleted() == list(range(1, 5_001))  # who listens must hear of all
    monkeypatch.setattr(stream, "PATIENCE", -1.0)
    here.publish_deleted([9_999])
    assert deleted() == [*range(4_001, 5_001), 9_999]
    here.publish_deleted([10_002])
    assert deleted() == [*range(4_001, 5_001), 9_999]  # of that one it has never heard
