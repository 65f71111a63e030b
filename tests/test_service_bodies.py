import asyncio
import gzip
import json
import time
import tracemalloc
from dataclasses import replace

import pytest

from commentnlp.service import bodies
from commentnlp.service.bodies import comments_of, events_of, read_body, read_packed_body
from commentnlp.service.problems import Problem
from commentnlp.service.settings import Settings

from .bad_bodies import BODIES, BOMB, GOOD, OK, TABLES

SETTINGS = Settings()


def read(body, headers=None, most=SETTINGS.most_bytes, block=1 << 16, sent=None):
    """The body as it comes in blocks; ``sent`` counts how many were taken."""
    blocks = [body[at : at + block] for at in range(0, len(body), block)] or [b""]

    async def receive():
        if sent is not None:
            sent.append(1)
        return {
            "type": "http.request", "body": blocks.pop(0), "more_body": bool(blocks),
        }  # fmt: skip

    return asyncio.run(read_body(receive, headers or {}, most))


def classified(headers, body):
    return comments_of(read(body, headers), SETTINGS)


def taken(headers, body):
    return events_of(read(body, headers), SETTINGS).events


def status(call, headers, body):
    try:
        call(headers, body)
    except Problem as problem:
        told = json.loads(problem.to_bytes())
    else:
        return 200
    assert told["detail"]
    assert len(told["detail"]) < 500
    return told["status"]


@pytest.mark.parametrize("call", [classified, taken])
@pytest.mark.parametrize("name", BODIES)
def test_bad_bodies(name, call):
    headers, body, expected = BODIES[name]
    start = time.perf_counter()
    assert status(call, headers, body) in expected
    assert time.perf_counter() - start < 5


@pytest.mark.parametrize("name", [name for name, (_, _, told) in BODIES.items() if told is OK])
def test_both_ways_read_the_same(name):
    headers, body, _ = BODIES[name]
    events = taken(headers, body)
    assert [(e.id, e.text) for e in events] == classified(headers, body)
    # a store takes them
    json.dumps([e.text + e.id for e in events], ensure_ascii=False).encode()
    assert not any("\0" in e.text + e.id for e in events)


@pytest.mark.parametrize("name", TABLES)
def test_tables_are_events_only(name):
    body = TABLES[name]
    body = body if isinstance(body, bytes) else body.encode()
    assert taken({}, body)[0].text == "这串能退吗"
    assert status(classified, {}, body) in range(400, 423)


def problem(call, *args, **kwargs):
    with pytest.raises(Problem) as told:
        call(*args, **kwargs)
    return told.value


# comments


def test_comments():
    body = '{"comments":[{"id":"a","text":"贵"},{"text":""},{"id":7,"text":"慢","at":1}],"room":1}'
    assert comments_of(body.encode(), SETTINGS) == [("a", "贵"), ("", ""), ("7", "慢")]
    assert comments_of(b'{"comments":[]}', SETTINGS) == []


def test_an_id_of_nineteen_digits_stays_what_it_is():
    body = b'{"comments":[{"id":7401234567890123457,"text":"a"}]}'
    assert comments_of(body, SETTINGS) == [("7401234567890123457", "a")]


@pytest.mark.parametrize(
    ("body", "field", "detail"),
    [
        ("[]", "", 'the body must be an object, not an array; send {"comments":'),
        ("{}", "comments", "comments is missing; send"),
        ('{"comments":"a"}', "comments", "comments must be an array, not a string; send"),
        ('{"comments":["a"]}', "comments[0]", "comments[0] must be an object, not a string"),
        ('{"comments":[{"text":"a"},{"id":1}]}', "comments[1].text", "comments[1].text is missing"),
        ('{"comments":[{"text":5}]}', "comments[0].text",
         "comments[0].text must be a string, not a number"),
        ('{"comments":[{"text":"a","id":[]}]}', "comments[0].id",
         "comments[0].id must be a string of at most 200 characters, or a whole number"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_named(body, field, detail):
    told = problem(comments_of, body.encode(), SETTINGS)
    assert (told.status, told.field) == (422, field)
    assert told.detail.startswith(detail)


def test_where_the_json_is_broken():
    told = problem(comments_of, b'{"comments":\n [{"text":"a" "b"}]}', SETTINGS)
    assert told.detail == "the JSON is broken at line 2, column 15: expecting ',' delimiter"
    told = problem(comments_of, b'{"comments":[{"text":"\xc4\xe3"}]}', SETTINGS)
    assert told.detail == "byte 22 is not UTF-8; send JSON in UTF-8"


def test_limits_of_the_settings():
    small = replace(SETTINGS, most_comments=2, most_characters=3)
    body = json.dumps({"comments": [{"text": "abc"}, {"text": "abcd"}]}).encode()
    told = problem(comments_of, body, small)
    assert (told.status, told.field) == (422, "comments[1].text")
    told = problem(comments_of, json.dumps({"comments": [{"text": ""}] * 3}).encode(), small)
    assert (told.status, told.field) == (413, "comments")
    assert len(comments_of(json.dumps({"comments": [{"text": "abc"}] * 2}).encode(), small)) == 2


def test_half_an_emoji_is_refused_and_a_whole_one_stays():
    body = rb'{"comments":[{"text":"\ud83d\ude00\u0000\u0007"}]}'
    assert comments_of(body, SETTINGS) == [("", "😀\ufffd\x07")]
    for field in ("id", "text"):
        body = b'{"comments":[{"text":"a"},{"text":"b","%s":"\\ud83d"}]}' % field.encode()
        told = problem(comments_of, body, SETTINGS)
        assert (told.status, told.field) == (422, f"comments[1].{field}")
        assert "cut in two" in told.detail
    only_nul = rb'{"comments":[{"id":"\u0000","text":"a\u0000"}]}'
    assert comments_of(only_nul, SETTINGS) == [("\ufffd", "a\ufffd")]


# events


def test_events_that_cannot_be_used_are_told_beside_the_others():
    found = events_of(b'[{"text":"a"},{"text":5}]', SETTINGS)
    assert [event.text for event in found.events] == ["a"]
    assert found.rejected == [
        (1, "events[1].text must be a string, not a number", "events[1].text")
    ]


def test_where_none_can_be_used_it_is_a_problem():
    told = problem(events_of, b'[{"text":5},{},{"id":3}]', SETTINGS)
    assert (told.status, told.field) == (422, "events[0].text")
    assert told.detail == "events[0].text must be a string, not a number (and 2 more)"
    assert events_of(b"[]", SETTINGS).events == []


def test_limits_of_events():
    small = replace(SETTINGS, most_events=2, most_characters=3)
    assert problem(events_of, b'[{"text":""},{"text":""},{"text":""}]', small).status == 413
    assert problem(events_of, b'{"text":"abcd"}', small).status == 422
    assert len(events_of(b'[{"text":"abc"},{"text":""}]', small).events) == 2


def test_the_clock_of_the_settings():
    body = b'{"text":"a","time":"2026-03-14 20:15:03"}'
    (event,) = events_of(body, SETTINGS).events
    assert event.time.isoformat() == "2026-03-14T20:15:03+08:00"
    (event,) = events_of(body, replace(SETTINGS, zone="Europe/Lisbon")).events
    assert event.time.isoformat() == "2026-03-14T20:15:03+00:00"


# bytes


def test_a_body_in_blocks():
    assert read(GOOD.encode(), block=7) == GOOD.encode()
    assert read(b"") == b""


def test_a_length_that_is_too_long_is_refused_before_anything_came():
    sent = []
    told = problem(read, b"a" * 10, {"content-length": "11"}, 10, sent=sent)
    assert (told.status, sent) == (413, [])


def test_a_body_of_unknown_length_is_refused_as_soon_as_it_is_too_long():
    sent = []
    assert problem(read, b"a" * 1000, {}, 95, block=10, sent=sent).status == 413
    assert len(sent) == 10
    assert read(b"a" * 95, {"content-length": "95"}, 95) == b"a" * 95


def test_a_bomb_is_not_unpacked():
    tracemalloc.start()
    try:
        assert problem(read, BOMB, {"content-encoding": "gzip"}).status == 413
        assert tracemalloc.get_traced_memory()[1] < 3 * SETTINGS.most_bytes
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("packing", ["gzip", "x-gzip", "GZip"])
def test_what_is_unpacked_may_just_fit(packing):
    headers = {"content-encoding": packing}
    assert read(gzip.compress(b"a" * 1000), headers, 1000) == b"a" * 1000
    assert problem(read, gzip.compress(b"a" * 1001), headers, 1000).status == 413
    parts = gzip.compress(b"a" * 600)
    assert problem(read, parts + parts, headers, 1000).status == 413


def test_other_packings_are_told_what_can_be_read():
    told = problem(read, b"a", {"content-encoding": "zstd"})
    assert (told.status, told.field) == (415, "content-encoding")
    assert told.headers == {"accept-encoding": "gzip, deflate"}
    assert read(b"a", {"content-encoding": "identity"}) == b"a"


def test_a_caller_who_goes_away():
    async def receive():
        return {"type": "http.disconnect"}

    with pytest.raises(Problem) as told:
        asyncio.run(read_body(receive, {}, 10))
    assert told.value.status == 400


# problems


def test_a_problem_as_bytes():
    told = Problem(422, "comments[3].text is missing", field="comments[3].text")
    assert json.loads(told.to_bytes()) == {
        "type": "about:blank",
        "title": "Unprocessable Content",
        "status": 422,
        "detail": "comments[3].text is missing",
        "field": "comments[3].text",
    }
    assert str(told) == "comments[3].text is missing"
    assert "field" not in json.loads(Problem(503, "busy").to_bytes())
    assert Problem(413, "a").title == "Content Too Large"
    assert Problem(400, "a", title="Odd").title == "Odd"


def test_a_problem_that_quotes_half_a_character():
    assert json.loads(Problem(400, "\ud83d").to_bytes())["detail"] == "?"


# bodies that do not come


def trickled(parts, pause, *, trusted):
    """What becomes of a body whose parts come after a pause each."""
    sent = iter(parts)

    async def receive():
        await asyncio.sleep(pause)
        part = next(sent, None)
        if part is None:
            await asyncio.sleep(3600)
        return {"type": "http.request", "body": part, "more_body": True}

    async def call():
        try:
            await read_packed_body(receive, {}, 1000, trusted=trusted)
        except Problem as problem:
            # the task goes on as if nothing had been cancelled
            await asyncio.sleep(0)
            return problem.status, len(list(sent))

    return asyncio.run(call())


def test_a_body_that_stops_is_not_waited_for(monkeypatch):
    monkeypatch.setattr(bodies, "PAUSE_SECONDS", 0.3)
    assert trickled([b"x"], 0, trusted=True) == (408, 0)


def test_who_is_not_trusted_must_send_the_whole_body_in_time(monkeypatch):
    monkeypatch.setattr(bodies, "PAUSE_SECONDS", 0.5)
    status, left = trickled([b"x"] * 500, 0.1, trusted=False)
    assert status == 408
    assert left > 300
    assert trickled([b"x"] * 10, 0.1, trusted=True) == (408, 0)  # each part came in time


def test_who_leaves_while_a_body_is_waited_for_is_no_timeout():
    async def receive():
        await asyncio.sleep(3600)

    async def call():
        task = asyncio.create_task(read_packed_body(receive, {}, 1000))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(call())


# characters that stand for a sentence

SENTENCE = "\ufdfa"
"""Eighteen characters once it is written out."""


def test_a_comment_is_as_long_as_it_is_once_written_out():
    good = {"comments": [{"text": SENTENCE * 555}]}
    assert comments_of(json.dumps(good).encode(), SETTINGS)[0][1] == SENTENCE * 555
    for body in (json.dumps, lambda value: json.dumps(value, ensure_ascii=False)):
        bad = {"comments": [{"text": "好"}, {"text": SENTENCE * 556}]}
        with pytest.raises(Problem) as told:
            comments_of(body(bad).encode(), SETTINGS)
        assert (told.value.status, told.value.field) == (422, "comments[1].text")
        assert "10,008 characters once compatibility characters are written out" in str(told.value)


def test_an_event_is_as_long_as_it_is_once_written_out():
    found = events_of(json.dumps([{"text": "好"}, {"text": SENTENCE * 556}]).encode(), SETTINGS)
    assert [event.text for event in found.events] == ["好"]
    assert found.rejected[0].field == "events[1].text"
    assert "10,008 characters once" in found.rejected[0].why
    table = f"时间,用户,内容\n20:00:00,a,多少钱\n20:00:01,b,{SENTENCE * 556}\n".encode()
    found = events_of(table, SETTINGS)
    assert [event.text for event in found.events] == ["多少钱"]
    assert "10,008 characters once" in found.rejected[0].why
