"""What was deleted is gone everywhere at once: from files, answers, streams and open pages."""

import json
import random
import sqlite3
import threading
import time
from contextlib import closing, contextmanager, suppress
from datetime import datetime, timezone
from itertools import pairwise

import httpx
import pytest

from commentnlp.service.records import Correction
from commentnlp.service.store import Store

from .service_process import running
from .stores import KINDS, empty
from .test_service_store import row

WORDS = ("电话13600009999退款", "发货太慢了蓝莓味", "蓝莓昵称", "u-蓝莓", "蓝莓间")
"""What a person wrote, was called, and where: none of it may be left."""
GETS = (
    "/v1/stream", "/v1/comments", "/v1/hotspots", "/v1/report", "/v1/report?format=html&lang=zh",
    "/v1/labels", "/v1/queue", "/metrics", "/", "/v1/drift", "/v1/model", "/v1/deletions",
)  # fmt: skip


@pytest.fixture(params=KINDS)
def url(request, tmp_path):
    with empty(request.param, tmp_path) as url:
        yield url


@pytest.fixture
def store(url):
    store = Store(url)
    yield store
    store.close()


def everything_in(url):
    """All bytes of a store: SQLite's files, or every row of every table of PostgreSQL."""
    if url.startswith("sqlite"):
        from pathlib import Path

        file = Path(url.removeprefix("sqlite:///"))
        return b"".join(one.read_bytes() for one in file.parent.glob(f"{file.name}*"))
    from sqlalchemy import create_engine, inspect, text

    engine = create_engine(url)
    with engine.connect() as connection:
        names = inspect(connection).get_table_names()
        rows = [connection.execute(text(f"SELECT * FROM {name}")).all() for name in names]
    engine.dispose()
    return repr([[tuple(map(str, one)) for one in some] for some in rows]).encode()


def left_in(found):
    return [word for word in WORDS if word in found]


def heard(service, seconds=1.0, **parameters):
    """What the stream says within some time."""
    out = []
    with (
        service.client() as http,
        http.stream("GET", "/v1/stream", params=parameters, timeout=seconds) as stream,
    ):
        end = time.monotonic() + seconds
        try:
            for line in stream.iter_lines():
                out.append(line)
                if time.monotonic() > end:
                    break
        except httpx.ReadTimeout:
            pass
    return "\n".join(out)


def answers(service):
    """Every answer that could hold a comment, in one text."""
    found = [heard(service, after=0, now=1), heard(service, after=0, room="蓝莓间")]
    with service.client() as http:
        for path in GETS[1:]:
            answer = http.get(path)
            assert answer.status_code in (200, 404), (path, answer.text)
            found.append(answer.text)
    return "\n".join(found)


@contextmanager
def listening(service, **parameters):
    """The lines that the stream says meanwhile."""
    lines, ready = [], threading.Event()

    def listen():
        with (
            suppress(httpx.HTTPError),  # the service is stopped in the end
            service.client() as http,
            http.stream("GET", "/v1/stream", params=parameters) as stream,
        ):
            for line in stream.iter_lines():
                lines.append(line)
                ready.set()

    threading.Thread(target=listen, daemon=True).start()
    assert ready.wait(10)
    yield lines


def wait_for(found, seconds=30):
    end = time.monotonic() + seconds
    while not found():
        assert time.monotonic() < end, "did not come"
        time.sleep(0.02)


def of_event(lines, event):
    """Data of the messages of one kind."""
    return [
        json.loads(data.removeprefix("data: "))
        for what, data in pairwise(lines)
        if what == f"event: {event}" and data.startswith("data: ")
    ]


def post(http, *events):
    answer = http.post("/v1/events", json=list(events))
    assert answer.status_code == 200, answer.text
    return [one["seq"] for one in answer.json()["results"]]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("whom", ["user", "name", "room"])
def test_what_was_deleted_is_nowhere(tmp_path, kind, whom):
    theirs = {"room": "蓝莓间", "user": "u-蓝莓", "name": "蓝莓昵称"}
    if whom == "name":
        theirs["user"] = ""
    with empty(kind, tmp_path) as url, running(tmp_path, "--store", url) as service:
        with service.client() as http, listening(service, after=0, now=1) as lines:
            first, second = post(
                http,
                {**theirs, "text": WORDS[0], "id": "a1"},
                {**theirs, "text": WORDS[1], "id": "a2"},
            )
            post(http, {"room": "别的间", "user": "u2", "text": "发货太慢了"})
            label = {"complaint": ["logistics"], "by": "小王"}
            sent = [{"seq": first, **label}, {"text": WORDS[1], **label}, {"text": "好看", **label}]
            assert http.post("/v1/labels", json={"labels": sent}).status_code == 200
            wait_for(lambda: len(of_event(lines, "comment")) == 3)
            known = {name: theirs[name] for name in ("room", "user", "name") if name == whom}
            hidden = [word for word in WORDS if word != "蓝莓昵称"]  # only a hash of it is kept
            if whom == "name":
                hidden.remove("u-蓝莓")
            before = answers(service)
            assert [word for word in hidden if word not in before] == []
            path = "/v1/rooms" if whom == "room" else "/v1/people"
            told = http.delete(path, params=known).json()
            assert (told["deleted"], told["labels"], told["sought"]) == (2, 2, known)
            assert told["rooms"] == ["蓝莓间"]
            assert told["erased"] == (kind == "sqlite")
            found = everything_in(url).decode("utf-8", "replace")
            assert left_in(found) == ([] if whom == "room" else ["蓝莓间"] * ("蓝莓间" in found))
            assert left_in(answers(service)) == []
            wait_for(lambda: of_event(lines, "deleted"))
            assert of_event(lines, "deleted") == [{"seqs": [first, second]}]
            wait_for(lambda: of_event(lines, "rooms")[-1] == ["别的间"])
            # who comes back is told as well
            assert {"seqs": [first, second]} in of_event(heard(service, after=2).split("\n"),
                                                         "deleted")  # fmt: skip
            (record,) = http.get("/v1/deletions").json()["deletions"]
            assert (record["by"], record["events"], record["labels"]) == ("this machine", 2, 2)
            assert record["what"] == ("room" if whom == "room" else "person")
            age = datetime.now(timezone.utc) - datetime.fromisoformat(record["at"])
            assert abs(age.total_seconds()) < 60
            assert [one["text"] for one in http.get("/v1/labels").json()["labels"]] == ["好看"]
            # the same words of somebody else are new words
            (again,) = post(http, {**theirs, "user": "u9", "name": "", "text": "又来了"})
            assert again > second
            wait_for(lambda: of_event(lines, "rooms")[-1][-1] == "蓝莓间")
        service.stop()
        assert left_in(everything_in(url).decode("utf-8", "replace")) in ([], ["蓝莓间"])
        assert left_in(service.said()) == []


@pytest.mark.parametrize("seed", range(4))
def test_moved_rows_leave_no_copy_in_the_file(tmp_path, seed):
    """SQLite moves rows from page to page and does not zero what it moved."""
    rng = random.Random(seed)
    path = tmp_path / "store.db"
    store = Store(f"sqlite:///{path}")
    lengths = [0, 20, 50, 300, 900, 5_000]
    people = [rng.choice("ABCD") for _ in range(3_000)]
    for at in range(0, len(people), 1_000):
        store.add([
            row(at + n, text=f"W{who}{at + n:06d}" + "x" * rng.choice(lengths), user=who)
            for n, who in enumerate(people[at : at + 1_000])
        ])  # fmt: skip
    for who in "ABC":
        deleted = store.forget(user=who)
        assert deleted.events == people.count(who)
        assert deleted.erased
        data = b"".join(one.read_bytes() for one in tmp_path.iterdir())
        assert f"W{who}".encode() not in data
        assert b"WD" in data
    store.close()


def test_labels_of_mere_words_go_with_the_last_who_said_them(store):
    store.add([row(1, text="多少钱", user="u1"), row(2, text="我电话123", user="u1"),
               row(3, text="多少钱", user="u2")])  # fmt: skip
    store.correct([Correction(text, {}, "小王", 1) for text in ("多少钱", "我电话123", "别的")])
    assert store.forget(user="u1").labels == 1
    assert [one.text for _, one in store.corrections()] == ["多少钱", "别的"]
    assert store.forget(user="u2").labels == 1
    assert [one.text for _, one in store.corrections()] == ["别的"]


def test_a_room_that_comes_again_is_the_same_for_who_remembers_it(url):
    store, other = Store(url), Store(url)
    store.add([row(1, room="甲", text="早"), row(2, room="乙", text="早")])
    assert [one.room for one in other.after(0, 9, room="甲")] == ["甲"]
    assert store.forget_room("甲", by="小王").rooms == ("甲",)
    assert [name for name, _ in store.rooms()] == ["乙"]
    assert store.forget_room("甲").rooms == ()
    assert {one.room for one in store.counts(since=0, until=2**60)} == {"乙"}
    store.add([row(3, room="丙", text="晚"), row(4, room="甲", text="晚")])
    for each in (store, other, Store(url)):
        assert [one.text for one in each.after(0, 9, room="甲")] == ["晚"]
        assert [one.text for one in each.after(0, 9, room="丙")] == ["晚"]
        assert {one.room for one in each.after(0, 9)} == {"甲", "乙", "丙"}
        assert {name for name, _ in each.rooms()} == {"甲", "乙", "丙"}
        each.close()


def test_what_comes_while_a_room_is_deleted_stays(store, monkeypatch):
    store.add([row(n, room="甲", text="早") for n in range(10)])
    drop = store._drop

    def late(where, record):
        dropped = drop(where, record)
        store.add([row(99, room="甲", text="晚")])
        return dropped

    monkeypatch.setattr(store, "_drop", late)
    deleted = store.forget_room("甲")
    assert (deleted.events, deleted.rooms) == (10, ())
    assert [name for name, _ in store.rooms()] == ["甲"]
    assert [one.text for one in store.after(0, 9, room="甲")] == ["晚"]


def test_no_answer_with_comments_may_be_stored_on_its_way(tmp_path):
    with running(tmp_path) as service, service.client() as http:
        post(http, {"room": "r", "text": "多少钱"})
        with http.stream("GET", "/v1/stream") as stream:
            assert stream.headers.get_list("cache-control") == ["no-store"]
        for path in GETS[1:]:
            assert http.get(path).headers.get_list("cache-control") == ["no-store"], path
        answer = http.post("/v1/events", json=[{"text": "贵"}])
        assert answer.headers["cache-control"] == "no-store"
        assert "immutable" in http.get("/static/live.js").headers["cache-control"]


def test_deletions_leave_a_record_that_names_nobody(store):
    store.add([row(n, user="u1", name="n1", text="秘密", room="甲") for n in range(3)])
    assert store.deletions() == []
    store.forget(user="u1", by="小王")
    store.forget(user="u1", by="小李")
    store.forget_room("甲", by="小王")
    told = [(one.id, one.by, one.what, one.events, one.labels) for one in store.deletions()]
    assert told == [(1, "小王", "person", 3, 0), (2, "小李", "person", 0, 0),
                    (3, "小王", "room", 0, 0)]  # fmt: skip
    assert [one.id for one in store.deletions(after=1, limit=1)] == [2]
    assert store.deleted_seqs() == [1, 2, 3]


def test_a_reader_delays_and_does_not_prevent_that_files_are_emptied(tmp_path):
    path = tmp_path / "store.db"
    store = Store(f"sqlite:///{path}")
    store.add([row(1, text="要被忘记的话", user="gone")])
    with closing(sqlite3.connect(path)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM events").fetchall()
        assert not store.forget(user="gone").erased
    assert store.wipe()
    data = b"".join(one.read_bytes() for one in tmp_path.iterdir())
    assert "要被忘记的话".encode() not in data
    store.close()
