"""The store, on SQLite and on PostgreSQL."""

import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import threading
from collections import Counter
from contextlib import closing
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from commentnlp.errors import StoreError
from commentnlp.records import SHANGHAI, Event, Tag
from commentnlp.service import keeping
from commentnlp.service import store as store_module
from commentnlp.service.records import Correction, Count, Row
from commentnlp.service.schema import VERSION, VERSION_TABLE, metadata
from commentnlp.service.store import Store

from .conftest import ROOT
from .processes import start_process
from .stores import KINDS, PASSWORD, cluster, empty

BEGIN = datetime(2026, 3, 14, 20, tzinfo=SHANGHAI)
BEGIN_MS = 1_773_489_600_000
MINUTE = 60_000
HOSTILE = (
    "😀🧿", "a\0b", "\ud83d alone", "alone \udc00", "𠮷野家", "'; DROP TABLE events; --", '"', "\\",
    '{"a",NULL}', "NULL", "", " ", "100%_off", "<script>", "\x1b[2J", "a\u2028b", "é́", ",", "{}",
)  # fmt: skip


def answer(*labels):
    facets = {"intent": [], "complaint": [], "act": []}
    for label in labels:
        facet, _, name = label.partition("/")
        facets[facet].append({"label": name, "score": 0.97})
    proof = [{"label": "price", "start": 0, "end": 1, "text": "贵", "weight": 2.5}]
    return json.dumps({**facets, "evidence": proof}, ensure_ascii=False)


def row(number, *labels, seconds=0.0, comment=True, **fields):
    """An event with its key made of ``number``; a comment with these labels."""
    time = BEGIN + timedelta(seconds=seconds)
    event = Event(
        **{"kind": "comment", "room": "一号", "text": f"第{number}句", "time": time, **fields}
    )
    key = number.to_bytes(16, "big")
    return Row(key, event, BEGIN_MS + 7, answer(*labels) if comment else "", labels, "v1")


@pytest.fixture(params=KINDS)
def url(request, tmp_path):
    with empty(request.param, tmp_path) as url:
        yield url


@pytest.fixture
def store(url):
    store = Store(url)
    yield store
    store.close()


def pages(store, **filters):
    """All pages of a query, one after the other; the events of each."""
    before = None
    while True:
        page = store.comments(before=before, **filters)
        yield list(page.events)
        if page.next is None:
            return
        assert before is None or page.next < before
        before = page.next


def all_of(store, **filters):
    return [event for page in pages(store, **filters) for event in page]


def seqs(events):
    return [event.seq for event in events]


# what comes in ----------------------------------------------------------------------------


def test_an_event_comes_back_as_it_came(store):
    event = Event(
        "gift", "谢谢", "7612345678901234567", BEGIN + timedelta(milliseconds=1), "一号", "u1",
        "小王", "staff", 3, 120, "小心心", {"fan": 12, "pay": 3},
    )  # fmt: skip
    (placed,) = store.add([Row(b"k" * 16, event, 5, "", (), "")])
    assert (placed.seq, placed.new, placed.answer, placed.model) == (1, True, "", "")
    kept = store.event(1)
    assert (kept.time, kept.received, kept.room, kept.kind) == (BEGIN_MS + 1, 5, "一号", "gift")
    assert (kept.id, kept.user, kept.name, kept.role) == (event.id, "u1", "小王", "staff")
    assert (kept.text, kept.count, kept.total, kept.item) == ("谢谢", 3, 120, "小心心")
    assert json.loads(kept.levels) == {"fan": 12, "pay": 3}
    assert (kept.answer, kept.model) == ("", "")
    (again,) = store.events()
    assert again == event
    assert store.event(2) is None
    assert store.comments().events == ()
    assert store.counts(since=0, until=2**60) == []


def test_what_comes_twice_is_kept_once(store):
    first = store.add([row(1, "intent/price"), row(2), row(1, "act/ask", text="again")])
    assert [(p.seq, p.new) for p in first] == [(1, True), (2, True), (1, False)]
    assert first[2].answer == answer("intent/price")
    second = store.add([row(3), row(2, "act/ask", text="again"), row(3)])
    assert [p.new for p in second] == [True, False, False]
    assert second[1].seq == 2
    assert second[1].answer == answer()
    assert second[0].seq == second[2].seq > 2
    assert seqs(store.after(0, 10)) == [1, 2, second[0].seq]
    assert {c.label: c.comments for c in store.counts(since=0, until=2**60)} == {
        "": 3,
        "intent/price": 1,
    }
    assert [p.new for p in store.add([row(1), row(2)])] == [False, False]
    assert store.last() == second[0].seq
    assert store.add([]) == []


def test_many_that_came_before(store):
    store.add([row(number) for number in range(0, 2_000, 2)])
    placed = store.add([row(number) for number in range(1_999, -1, -1)])
    assert [p.new for p in placed] == [number % 2 == 1 for number in range(1_999, -1, -1)]
    assert len(store.after(0, 5_000)) == 2_000
    assert len({p.seq for p in placed}) == 2_000
    for number, p in zip(range(1_999, -1, -1), placed, strict=True):
        if number % 97 == 0:
            assert store.event(p.seq).text == f"第{number}句"


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_survives(store, text):
    clean = text.replace("\0", "�").encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    fields = dict.fromkeys(("text", "id", "room", "user", "name", "role", "kind", "item"), text)
    made = row(1, "intent/price", levels={text: 3}, **fields)
    made = Row(made.key, made.event, 5, made.answer, (*made.labels, f"act/{text}"), text)
    harmless = row(2)
    store.add([harmless, made])
    (_, kept) = store.after(0, 10)
    for name in fields:
        assert getattr(kept, name) == clean
    assert kept.model == clean
    assert dict(store.rooms()).keys() == {clean, "一号"}
    assert 2 in seqs(store.comments(text=text, room=text).events)
    assert seqs(store.comments(label=f"act/{text}", room=text).events) == [2]
    assert f"act/{clean}" in {
        count.label for count in store.counts(room=text, since=0, until=2**60)
    }
    assert [event.text for event in store.events(room=text)] == [clean]
    store.correct([Correction(text, {text: (text,)}, text, 1, 2, text, text, text, text)])
    assert store.corrections()[0][1] == Correction(
        clean, {clean: (clean,)}, clean, 1, 2, clean, clean, clean, clean
    )
    assert store.corrected_texts([text, "other"]) == {text}
    if text:
        assert store.forget(user=text).events == 1
        assert store.after(0, 10)[0].text == harmless.event.text
        assert store.corrections() == []


def test_numbers_that_no_column_holds_are_the_greatest_it_holds(store):
    store.add([row(1, count=10**40, total=-(10**40)), row(2, total=None)])
    kept, plain = store.after(0, 2)
    assert (kept.count, kept.total, plain.total) == (2**63 - 1, -(2**63), None)


def test_an_event_needs_its_time(store):
    with pytest.raises(ValueError, match="without its time"):
        store.add([row(1), row(2, time=None)])
    assert store.last() == 0
    assert store.add([row(1)])[0].new


# what goes out ----------------------------------------------------------------------------


def test_events_after_one(store):
    store.add([row(n, room="甲" if n % 3 else "乙", comment=n % 2 == 0) for n in range(1, 31)])
    assert seqs(store.after(0, 5)) == [1, 2, 3, 4, 5]
    assert seqs(store.after(28, 5)) == [29, 30]
    assert seqs(store.after(4, 3, room="乙")) == [6, 9, 12]
    assert store.after(0, 5, room="nowhere") == []
    assert store.after(30, 5) == []


def test_events_have_tags_and_the_clock_that_is_asked_for(store):
    store.add(
        [
            row(1, "intent/price", "act/ask", seconds=2),
            row(2, seconds=1),
            row(3, seconds=3, comment=False, kind="like", text=""),
        ]
    )
    zone = ZoneInfo("America/New_York")
    plain, tagged, like = store.events(zone=zone)
    assert tagged.tags == {
        "intent": (Tag("price", 0.97),),
        "complaint": (),
        "act": (Tag("ask", 0.97),),
    }
    assert plain.tags == {"intent": (), "complaint": (), "act": ()}
    assert like.tags is None
    assert tagged.time == BEGIN + timedelta(seconds=2)
    assert tagged.time.tzinfo is zone
    assert next(store.events()).time.tzinfo is SHANGHAI


def test_all_events_whatever_the_chunk(store, monkeypatch):
    monkeypatch.setattr(store_module, "_CHUNK", 7)
    rng = random.Random(1)
    # many at the same time: the chunks part them
    store.add([row(n, seconds=rng.randrange(4), room=rng.choice("ab")) for n in range(70)])
    texts = [event.text for event in store.events()]
    assert len(set(texts)) == 70
    times = [event.time for event in store.events(room="a")]
    assert times == sorted(times)
    assert len(times) == sum(kept.room == "a" for kept in store.after(0, 100))
    assert list(store.events(room="nowhere")) == []


TIMES = st.integers(0, 400)
LABELS = st.sets(st.sampled_from(["intent/price", "intent/size", "complaint/logistics", "act/ask"]))
ROWS = st.lists(
    st.tuples(
        st.integers(0, 60), TIMES, st.sampled_from("甲乙丙"), LABELS, st.booleans(),
        st.text("aA%_多少", max_size=4),
    ),
    max_size=40,
)  # fmt: skip
FILTERS = st.fixed_dictionaries(
    {},
    optional={
        "room": st.sampled_from("甲乙丙丁"),
        "label": st.sampled_from(["intent/price", "complaint/logistics", "act/none"]),
        "since": TIMES.map(lambda seconds: BEGIN_MS + seconds * 1000),
        "until": TIMES.map(lambda seconds: BEGIN_MS + seconds * 1000),
        "text": st.text("a%_多", min_size=1, max_size=2),
        "limit": st.integers(1, 5),
    },
)


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(drawn=ROWS, filters=FILTERS, cut=st.integers(0, 40), half=TIMES)
def test_every_answer_is_that_of_a_plain_list(store, drawn, filters, cut, half):
    while store.expire(2**60, 7):
        pass
    assert store.rooms() == []
    assert store.counts(since=0, until=2**60) == []
    made = [
        row(n, *sorted(labels), seconds=at, room=room, comment=comment, text=text)
        for n, at, room, labels, comment, text in drawn
    ]
    placed = store.add(made[:cut]) + store.add(made[cut:])
    kept = {}
    for one, place in zip(made, placed, strict=True):
        assert place.new == (one.key not in kept)
        kept.setdefault(one.key, (place.seq, one))
        assert place.seq == kept[one.key][0]
        assert place.answer == kept[one.key][1].answer
    rows = [
        (keeping.milliseconds(one.event.time), seq, one)
        for seq, one in sorted(kept.values(), key=lambda k: k[0])
    ]
    asked = [(time, seq, one) for time, seq, one in sorted(rows, key=lambda r: r[:2]) if one.answer]

    def fits(time, one):
        return (
            filters.get("room", one.event.room) == one.event.room
            and filters.get("since", time) <= time < filters.get("until", 2**60)
            and ("label" not in filters or filters["label"] in one.labels)
            and filters.get("text", "").lower() in one.event.text.lower()
        )

    expected = [seq for time, seq, one in reversed(asked) if fits(time, one)]
    with pytest.MonkeyPatch.context() as patch:
        assert seqs(all_of(store, **filters)) == expected
        # a page that looks at a few only is short, and goes on
        patch.setattr(store_module, "_ROWS", 1)
        patch.setattr(store_module, "_TEXTS", 2)
        patch.setattr(store_module, "_PATIENCE", -1)
        found = list(pages(store, **filters))
        assert seqs(event for page in found for event in page) == expected
        assert all(len(page) <= filters.get("limit", 50) for page in found)

    where = {name: filters[name] for name in ("room", "since", "until") if name in filters}
    inside = [
        (time, seq, one)
        for time, seq, one in rows
        if where.get("room", one.event.room) == one.event.room
        and where.get("since", time) <= time < where.get("until", 2**60)
    ]
    assert [event.text for event in store.events(**where)] == [
        one.event.text for _, _, one in sorted(inside, key=lambda r: r[:2])
    ]
    counts = Counter()
    for time, _, one in asked:
        for label in ("", *one.labels):
            counts[one.event.room, time - time % MINUTE, label] += 1
    assert (
        Counter(
            {(c.room, c.minute, c.label): c.comments for c in store.counts(since=0, until=2**60)}
        )
        == counts
    )
    last = {}
    for time, _, one in rows:
        last[one.event.room] = max(time, last.get(one.event.room, 0))
    assert dict(store.rooms()) == last
    times = [time for _, time in store.rooms()]
    assert times == sorted(times, reverse=True)

    before = BEGIN_MS + half * 1000
    while len(store.expire(before, 3)) == 3:
        pass
    assert seqs(store.after(0, 100)) == [seq for time, seq, _ in rows if time >= before]
    assert seqs(all_of(store, label="act/ask")) == [
        seq for time, seq, one in reversed(asked) if time >= before and "act/ask" in one.labels
    ]
    floor = before - before % MINUTE
    assert Counter(
        {(c.room, c.minute, c.label): c.comments for c in store.counts(since=0, until=2**60)}
    ) == Counter({cell: n for cell, n in counts.items() if cell[1] >= floor})


@pytest.mark.parametrize(
    ("text", "expected"),
    [("%", [1]), ("_", [2]), ("\\", [3]), ("'", [4]), ("apm", [5, 6]), ("APM", [5, 6]),
     ("ＡＰＭ", [7]), ("É", [8]), ("é", [9])],
)  # fmt: skip
def test_a_text_is_looked_for_as_it_is(store, text, expected):
    texts = ["100%", "a_b", "a\\b", "it's", "apm快吗", "APM快吗", "ＡＰＭ", "É", "é"]
    store.add([row(n, text=text) for n, text in enumerate(texts, start=1)])
    assert sorted(seqs(store.comments(text=text).events)) == expected


def test_a_page_of_an_old_room_is_found_at_once(store, monkeypatch):
    monkeypatch.setattr(store_module, "_ROWS", 5)
    monkeypatch.setattr(store_module, "_PATIENCE", -1)
    old = [row(n, seconds=n, room="old") for n in range(3)]
    store.add(old + [row(n, seconds=n, room="new") for n in range(10, 200)])
    page = store.comments(room="old")
    assert seqs(page.events) == [3, 2, 1]
    assert page.next is None


def test_counts_of_a_room_and_a_time(store):
    store.add(
        [
            row(1, "intent/price", "complaint/logistics", "complaint/logistics.delay"),
            row(2, "intent/price", seconds=59.9),
            row(3, "intent/price", seconds=60),
            row(4, room="二号"),
        ]
    )
    of_room = store.counts(room="一号", since=BEGIN_MS, until=BEGIN_MS + MINUTE)
    assert sorted(of_room, key=lambda count: count.label) == [
        Count("一号", BEGIN_MS, "", 2),
        Count("一号", BEGIN_MS, "complaint/logistics", 1),
        Count("一号", BEGIN_MS, "complaint/logistics.delay", 1),
        Count("一号", BEGIN_MS, "intent/price", 2),
    ]
    assert store.counts(room="nowhere", since=0, until=2**60) == []
    assert sum(c.comments for c in store.counts(since=0, until=2**60) if not c.label) == 4


# corrections ------------------------------------------------------------------------------


def test_corrections_come_back_in_their_order(store):
    first = Correction("多少米", {"intent": ("price",), "act": ()}, "小王", 5)
    second = Correction("慢", {"complaint": ("logistics",)}, "小李", 6, 3, "一号", "{}", "v1", "x")
    assert store.correct([first, second]) == [(1, True), (2, True)]
    assert store.correct([]) == []
    assert store.corrections() == [(1, first), (2, second)]
    assert store.corrections(after=1) == [(2, second)]
    assert store.corrections(limit=1) == [(1, first)]
    many = [f"text {n}" for n in range(1_200)]
    assert store.corrected_texts([*many, "慢"]) == {"慢"}
    assert store.corrected_texts([]) == set()


def test_a_text_as_long_as_it_gets(store):
    rng = random.Random(1)
    text = "".join(chr(rng.randrange(0x4E00, 0x9FA5)) for _ in range(10_000))
    store.add([row(1, text=text, room=text[:4000], id=text, user=text)])
    store.correct([Correction(text, {}, "小王", 5)])
    assert store.corrected_texts([text]) == {text}
    assert store.comments(text=text).events[0].text == text
    assert store.forget(user=text).events == 1


# what must go -----------------------------------------------------------------------------


def test_a_person_is_forgotten(store, monkeypatch):
    monkeypatch.setattr(store_module, "_CHUNK", 9)
    monkeypatch.setattr(store_module, "_STEP", 4)
    store.add(
        [
            row(
                n, "intent/price", seconds=n, user=f"u{n % 3}", name=f"n{n % 6}", comment=n % 2 == 0
            )
            for n in range(60)
        ]
    )
    store.correct(
        [
            Correction("of u1", {"intent": ()}, "小王", 1, seq=2),
            Correction("of u0", {"intent": ()}, "小王", 1, seq=1),
            Correction("of nobody", {"intent": ()}, "小王", 1),
        ]
    )
    counts = store.counts(since=0, until=2**60)
    assert store.forget(user="u1").events == 20
    assert store.forget(user="u1").events == 0
    assert not {"u1"} & {event.user for event in store.after(0, 100)}
    assert len(store.after(0, 100)) == 40
    assert len(all_of(store)) == 20
    assert len(all_of(store, label="intent/price")) == 19  # one was corrected
    assert store.counts(since=0, until=2**60) == counts
    assert [one.text for _, one in store.corrections()] == ["of u0", "of nobody"]
    assert store.forget(names=["n0", ""]).events == 10
    # of either name
    assert store.forget(names=["n3", "n9"]).events == 10
    with pytest.raises(ValueError, match="whom"):
        store.forget()
    assert len(store.after(0, 100)) == 20


def test_a_person_is_forgotten_where_nobody_has_commented(store):
    store.add([row(n, user="u1", comment=False, kind="like") for n in range(3)])
    assert store.forget(user="u1").events == 3
    assert store.forget(user="u1").events == 0
    assert store.after(0, 10) == []


def test_corrections_of_a_person_go_even_when_the_event_went_before(store):
    store.add([row(1, user="u1")])
    store.correct([Correction("第1句", {}, "小王", 1, seq=1)])
    assert len(store.expire(2**60)) == 1
    assert [one.text for _, one in store.corrections()] == ["第1句"]
    assert store.forget(user="u1").events == 0
    assert store.corrections() == []


def test_no_number_is_given_twice(url):
    store = Store(url)
    store.add([row(n, user="u") for n in range(1, 6)])
    assert store.forget(user="u").events == 5
    assert store.last() == 5
    store.close()
    store = Store(url)
    assert store.last() == 5
    assert store.add([row(1)])[0].seq == 6
    assert len(store.expire(2**60)) == 1
    assert len(store.expire(2**60)) == 0
    store.close()
    store = Store(url)
    assert store.add([row(1)])[0].seq == 7
    store.close()


def test_what_expires_goes_oldest_first_and_step_by_step(store):
    store.add([row(n, "act/ask", seconds=60 * (9 - n)) for n in range(10)])
    store.correct([Correction("第9句", {}, "小王", 1, seq=10)])
    before = BEGIN_MS + 5 * MINUTE
    assert len(store.expire(before, 3)) == 3
    assert seqs(store.after(0, 100)) == [1, 2, 3, 4, 5, 6, 7]
    assert len(store.expire(before, 3)) == 2
    assert len(store.expire(before, 3)) == 0
    assert seqs(all_of(store, label="act/ask")) == [1, 2, 3, 4, 5]
    assert {c.minute for c in store.counts(since=0, until=2**60)} == {
        BEGIN_MS + n * MINUTE for n in range(5, 10)
    }
    assert len(store.corrections()) == 1


def test_what_is_deleted_leaves_the_files(tmp_path):
    mark, stays = "要被忘记的话", "要留下的话"
    path = tmp_path / "store.db"
    store = Store(f"sqlite:///{path}")

    def on_disk(text):
        return any(text.encode() in file.read_bytes() for file in tmp_path.glob("store.db*"))

    for some in range(20):
        store.add(
            [row(some * 100 + n, text=mark * 30, user="gone", name=mark) for n in range(20)]
            + [row(some * 100 + 50 + n, text=stays, user="stays") for n in range(20)]
        )
    store.correct([Correction(mark, {}, "小王", 1, seq=1, was=mark, note=mark)])
    assert on_disk(mark)
    assert store.forget(user="gone").events == 400
    assert on_disk(stays)
    assert not on_disk(mark)
    assert len(store.expire(2**60)) == 400
    assert not on_disk(stays)
    store.close()


def test_a_reader_delays_what_leaves_the_journal_and_nothing_else(tmp_path):
    path = tmp_path / "store.db"
    store = Store(f"sqlite:///{path}")
    store.add([row(1, text="要被忘记的话", user="gone")])
    reader = sqlite3.connect(path)
    reader.execute("BEGIN")
    reader.execute("SELECT * FROM events").fetchall()
    assert store.forget(user="gone").events == 1
    assert store.add([row(2)])[0].new
    reader.close()
    store.close()
    assert "要被忘记的话".encode() not in path.read_bytes()
    assert list(tmp_path.iterdir()) == [path]


# many hands -------------------------------------------------------------------------------


def test_two_writers_share_a_store(url):
    stores = [Store(url), Store(url)]
    placed = [[], []]

    def write(which):
        rng = random.Random(which)
        for _ in range(15):
            some = [
                row(rng.randrange(200), "act/ask", room=str(rng.randrange(9))) for _ in range(20)
            ]
            placed[which] += zip(some, stores[which].add(some), strict=True)

    threads = [threading.Thread(target=write, args=(which,)) for which in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    everything = placed[0] + placed[1]
    keys = {one.key for one, _ in everything}
    assert sum(place.new for _, place in everything) == len(keys)
    assert len({(one.key, place.seq) for one, place in everything}) == len(keys)
    for store in stores:
        assert len(store.after(0, 1000)) == len(keys)
        assert len(all_of(store, label="act/ask")) == len(keys)
        assert len(store.rooms()) == 9
        total = sum(c.comments for c in store.counts(since=0, until=2**60) if not c.label)
        assert total == len(keys)
        store.close()


def test_readers_do_not_wait_for_a_writer(store):
    store.add([row(1, "act/ask")])
    inside, done = threading.Event(), threading.Event()

    def hold(connection):
        keeping.keep(connection, [row(2)], keeping.NO_NAMES, keeping.NO_NAMES)
        inside.set()
        assert done.wait(20)

    writer = threading.Thread(target=store._transaction, args=(hold,))
    writer.start()
    assert inside.wait(20)
    try:
        assert seqs(store.comments(label="act/ask").events) == [1]
        assert seqs(store.after(0, 10)) == [1]
        assert len(list(store.events())) == 1
        assert store.last() == 1
        store.ping()
    finally:
        done.set()
        writer.join()
    assert store.last() == 2


def test_threads_read_at_once(store):
    store.add([row(n, "act/ask", seconds=n) for n in range(500)])
    wrong = []

    def read():
        for _ in range(10):
            page = store.comments(label="act/ask").events
            wrong.extend([1] * (len(page) != 50))
            wrong.extend([1] * (len(list(store.events(since=BEGIN_MS))) != 500))

    threads = [threading.Thread(target=read) for _ in range(20)]
    for thread in threads:
        thread.start()
    for number in range(20):
        store.add([row(1000 + number, seconds=-1, comment=False, kind="like")])
        store.forget(names=["nobody"])
        store.expire(BEGIN_MS)
    for thread in threads:
        thread.join()
    assert not wrong


# opening ----------------------------------------------------------------------------------


def test_migrations_make_the_tables_of_the_schema(url):
    from alembic.autogenerate import compare_metadata
    from alembic.config import Config
    from alembic.migration import MigrationContext
    from alembic.script import ScriptDirectory

    store = Store(url)
    with store._database.read.connect() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
        assert context.get_current_heads() == (VERSION,)
        assert compare_metadata(context, metadata) == []
    store.close()
    config = Config()
    config.set_main_option("script_location", str(ROOT / "commentnlp/service/migrations"))
    assert ScriptDirectory.from_config(config).get_heads() == [VERSION]


def test_opening_leaves_logging_alone_and_asks_for_alembic_once(tmp_path):
    code = """if True:
        import logging, sys
        from commentnlp.service.store import Store
        log = logging.getLogger("alembic.runtime")
        for expected in (True, False):
            for name in [name for name in sys.modules if name.split(".")[0] == "alembic"]:
                del sys.modules[name]
            Store(sys.argv[1]).close()
            assert ("alembic" in sys.modules) == expected
        assert not logging.root.handlers and not log.handlers
        assert not log.disabled and log.level == 0
    """
    # % means something to Alembic's settings
    folder = tmp_path / "100% 我的"
    folder.mkdir()
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code, f"sqlite:///{folder / 'a b.db'}"],
        cwd=ROOT, capture_output=True, text=True,
    )  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_a_store_of_a_newer_version_is_refused(url):
    store = Store(url)
    store.add([row(1)])
    with store._database.write.begin() as connection:
        connection.exec_driver_sql(f"UPDATE {VERSION_TABLE} SET version_num = '9999'")
    store.close()
    with pytest.raises(StoreError, match="written by a newer commentnlp; upgrade with pip"):
        Store(url)


def test_another_programs_tables_are_left_alone(url):
    from sqlalchemy import create_engine

    engine = create_engine(url)
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE events (id INTEGER)")
    with pytest.raises(StoreError, match="tables of another program; name a"):
        Store(url)
    engine.dispose()


@pytest.mark.parametrize(
    ("url", "match"),
    [
        ("sqlite://", "must be a file"),
        ("sqlite:///:memory:", "must be a file"),
        ("mysql://root:s3cr3t@db/x", "mysql: no store of this kind; give sqlite:///FILE or"),
        ("s3cr3t", "not an address of a store; give sqlite:///FILE or postgresql"),
        ("", "not an address of a store"),
        ("postgresql://a:s3cr3t@host:port/b", "not an address of a store"),
        ("postgresql://a:s3cr3t@127.0.0.1:1/b", "postgresql://127.0.0.1:1/b: .* PostgreSQL runs"),
    ],
)  # fmt: skip
def test_an_address_that_is_none(url, match):
    with pytest.raises(StoreError, match=match) as caught:
        Store(url)
    assert "s3cr3t" not in str(caught.value)
    assert "\n" not in str(caught.value)
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


def test_paths_that_cannot_be(tmp_path):
    for name, match in {
        "none/store.db": "there is no folder .*none; make it, or name another file",
        ".": "this is a folder; name a file in it",
    }.items():
        with pytest.raises(StoreError, match=match):
            Store(f"sqlite:///{tmp_path / name}")


def test_files_that_are_no_store(tmp_path):
    path = tmp_path / "store.db"
    path.write_bytes(b"comment,label\n" * 1000)
    with pytest.raises(StoreError, match=r"is not a database.; name another file"):
        Store(f"sqlite:///{path}")
    assert path.read_bytes().startswith(b"comment,")


def test_a_damaged_file(tmp_path):
    path = tmp_path / "store.db"
    store = Store(f"sqlite:///{path}")
    store.add([row(n, "act/ask") for n in range(2_000)])
    store.close()
    data = bytearray(path.read_bytes())
    data[8192 : len(data) - 8192] = random.Random(1).randbytes(len(data) - 16384)
    path.write_bytes(data)
    with pytest.raises(StoreError, match="bring a copy back"):
        list(Store(f"sqlite:///{path}").events())
    path.write_bytes(data[:5000])
    with pytest.raises(StoreError, match=r"bring a copy back|move this one away"):
        Store(f"sqlite:///{path}")


@pytest.mark.skipif(os.name != "posix", reason="file permissions are of POSIX")
def test_a_place_where_one_may_not_write(tmp_path):
    path = tmp_path / "store.db"
    Store(f"sqlite:///{path}").close()
    code = """if True:
        import os, sys
        from commentnlp.errors import StoreError
        from commentnlp.service.store import Store
        if os.geteuid() == 0:  # root may write anywhere
            os.setegid(65534)
            os.seteuid(65534)
        try:
            Store(sys.argv[1])
        except StoreError as error:
            print(error)
    """

    def refused():
        command = [sys.executable, "-c", code, f"sqlite:///{path}"]
        return subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True).stdout

    for parent in [tmp_path, *tmp_path.parents[:3]]:
        parent.chmod(0o755)
    path.chmod(0o444)
    tmp_path.chmod(0o555)
    assert "let the service's user write to the file and its folder" in refused()
    path.unlink()
    assert "let the service's user write to the file and its folder" in refused()
    tmp_path.chmod(0o755)


def test_a_missing_driver(monkeypatch):
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(StoreError, match=r'pip install "commentnlp\[postgres\]"'):
        Store("postgresql://a:b@host/c")


def test_a_locked_file(tmp_path, monkeypatch):
    monkeypatch.setattr("commentnlp.service.database._BUSY", 0.1)
    path = tmp_path / "store.db"
    store = Store(f"sqlite:///{path}")
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreError, match="another program keeps it locked"):
        store.add([row(1)])
    other.close()
    assert store.add([row(1)])[0].new
    store.close()


def test_a_locked_database(monkeypatch):
    monkeypatch.setattr("commentnlp.service.database._BUSY", 1)
    with cluster().database() as url:
        stores = [Store(url), Store(url)]

        def hold(_):
            with pytest.raises(StoreError, match="another program keeps it locked"):
                stores[1].add([row(1)])

        stores[0]._transaction(hold)
        assert stores[1].add([row(1)])[0].new
        for store in stores:
            store.close()


def test_what_postgresql_refuses():
    server = cluster()
    place = f"127.0.0.1:{server.port}"
    for address, match in {
        f"postgresql://postgres:wr0ng@{place}/postgres": "check user and password",
        f"postgresql://postgres@{place}/postgres": "check user and password",
        f"postgresql://nobody:wr0ng@{place}/postgres": "check user and password",
        f"postgresql://postgres:{PASSWORD}@{place}/nothing": "make the database with createdb",
    }.items():
        with pytest.raises(StoreError, match=match) as caught:
            Store(address)
        assert "wr0ng" not in str(caught.value)
        assert PASSWORD not in str(caught.value)
        assert "\n" not in str(caught.value)
    with (
        server.database("ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C'") as url,
        pytest.raises(StoreError, match=r"encoding SQL_ASCII.*createdb --encoding=UTF8"),
    ):
        Store(url)


# misfortune -------------------------------------------------------------------------------


def test_a_full_disk_loses_nothing_and_passes(tmp_path):
    pytest.importorskip("resource")
    code = """if True:
        import resource, sys
        from commentnlp.errors import StoreError
        from commentnlp.service.store import Store
        from tests.test_service_store import all_of, row
        store = Store(sys.argv[1])
        kept = store.add([row(n, "act/ask") for n in range(100)])
        hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
        resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, hard))
        failed = 0
        for n in range(1, 30):
            some = [row(n * 100 + m, "act/ask", text="长" * 300) for m in range(100)]
            try:
                kept += store.add(some)
            except StoreError as error:
                failed += 1
                assert "disk" in str(error), error
                assert len(store.after(0, 10_000)) == len(kept)
        assert failed > 5, failed
        resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
        assert all(one.new for one in store.add(some))
        assert len(store.after(0, 10_000)) == len(all_of(store)) == len(kept) + 100
        store.close()
    """
    path = tmp_path / "store.db"
    done = subprocess.run(
        [sys.executable, "-c", code, f"sqlite:///{path}"], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    check = sqlite3.connect(path)
    assert check.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    check.close()


def test_postgresql_goes_and_comes_back():
    server = cluster()
    with server.database() as url:
        store = Store(url)
        store.add([row(1, "act/ask")])
        server.ask(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname LIKE 'test%'"
        )
        assert store.add([row(2, "act/ask")])[0].new

        def lose(connection):
            keeping.keep(connection, [row(3)], keeping.NO_NAMES, keeping.NO_NAMES)
            server.ask(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname LIKE 'test%'"
            )
            keeping.keep(connection, [row(4)], keeping.NO_NAMES, keeping.NO_NAMES)

        with pytest.raises(StoreError, match="see that PostgreSQL runs and can be reached"):
            store._transaction(lose)
        assert len(store.after(0, 10)) == 2
        server.stop()
        for work in (
            lambda: store.add([row(5)]),
            store.ping,
            store.last,
            lambda: list(store.events()),
        ):
            with pytest.raises(StoreError, match="see that PostgreSQL runs and can be reached"):
                work()
        server.start()
        store.ping()
        assert [place.new for place in store.add([row(1), row(3), row(5)])] == [False, True, True]
        assert len(all_of(store)) == len(store.after(0, 10)) == 4
        store.close()


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs kill -9")
def test_what_was_acknowledged_survives_a_kill(url):
    code = """if True:
        import itertools, sys
        from commentnlp.service.store import Store
        from tests.test_service_store import row
        store = Store(sys.argv[1])
        for n in itertools.count(int(sys.argv[2])):
            store.add([row(n * 20 + m, "act/ask", seconds=n / 10) for m in range(20)])
            print(n, flush=True)
    """
    begin, acknowledged = 0, set()
    for _ in range(4):
        writer = start_process(
            [sys.executable, "-c", code, url, str(begin)], cwd=ROOT, stdout=subprocess.PIPE
        )
        lines = [writer.stdout.readline() for _ in range(random.randrange(3, 40))]
        writer.kill()
        lines += writer.communicate()[0].splitlines(keepends=True)
        acknowledged |= {int(line) for line in lines if line.endswith(b"\n")}
        begin = max(acknowledged) + 10
    store = Store(url)
    events = all_of(store, label="act/ask")
    texts = {event.text for event in events}
    assert texts >= {f"第{n * 20 + m}句" for n in acknowledged for m in range(20)}
    # a batch is there with all that belongs to it, or not at all
    assert len(texts) == len(events) == len(store.after(0, 10**6))
    assert len(texts) % 20 == 0
    assert sum(c.comments for c in store.counts(since=0, until=2**60) if not c.label) == len(texts)
    store.close()


def test_one_service_serves_a_store(url):
    with closing(Store(url)) as store:
        claim = store.claim()
        with closing(Store(url)) as other, pytest.raises(StoreError, match="another service uses"):
            other.claim()
        claim.check()
        claim.close()
        with closing(Store(url)) as other:
            other.claim().close()


@pytest.mark.parametrize("what", ["removed", "replaced"])
def test_a_file_that_is_no_longer_ours_is_told(tmp_path, what):
    path = tmp_path / "store.db"
    with closing(Store(f"sqlite:///{path}")) as store:
        claim = store.claim()
        store.add([row(1)])
        moved = path.rename(tmp_path / "moved.db")
        if what == "replaced":
            path.write_bytes(moved.read_bytes())
        for call in (claim.check, store.ping, lambda: store.add([row(2)]), store.rooms):
            with pytest.raises(StoreError, match="removed or replaced under the running service"):
                call()
        moved.rename(path)
        claim.check()
        assert store.add([row(2)])[0].new
