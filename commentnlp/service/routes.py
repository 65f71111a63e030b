"""What each address answers."""

from __future__ import annotations

import asyncio
import hmac
import time
from dataclasses import asdict
from typing import Annotated, Any, Literal
from urllib.parse import parse_qsl

import msgspec
from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse, StreamingResponse

from commentnlp.compiled_core import core_name
from commentnlp.errors import CommentnlpError, StoreError
from commentnlp.reading.messages import MOST_SHORT, is_json
from commentnlp.service import reader
from commentnlp.service.answers import list_of, moment, text_of, with_answer
from commentnlp.service.bodies import comments_of, events_of, json_value, read_body
from commentnlp.service.corrections import labels_of
from commentnlp.service.gate import COOKIE, session_of
from commentnlp.service.page import ASSETS, POLICY, asset, language_of, login_page, page
from commentnlp.service.problems import Problem
from commentnlp.service.push import ROOM, check, is_push
from commentnlp.service.queries import day_of, label_of, place_of, time_of
from commentnlp.service.records import Correction, Deleted
from commentnlp.service.running import DAYS, MINUTES, Running
from commentnlp.service.stream import Listener

JSON = "application/json"
REPORT_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none';"
    " frame-ancestors 'none'"
)
"""Of a report: one page with its style inside, and no script."""
LARGEST = 2**62
"""Of what a store numbers."""
MOST_LISTENERS = 200
SOON_READ = 200_000
"""Bytes below which JSON is read on the loop; all else is read beside it."""
router = APIRouter()

Room = Annotated[str | None, Query(description="Only this room; all if not given.")]
Since = Annotated[str | None, Query(description="ISO time or seconds since 1970; from then on.")]
Until = Annotated[str | None, Query(description="Up to then, not including it.")]


def running(request: Request) -> Running:
    """The service behind a request."""
    service: Running = request.app.state.running
    return service


def caller_of(request: Request) -> str:
    """Who calls, for records: the name of the token that was shown."""
    if not running(request).settings.token:
        return "this machine"
    name: str = getattr(request.state, "caller", "")
    return name or "token"


# in -------------------------------------------------------------------------------------------


async def _body(request: Request) -> bytes:
    return await read_body(request.receive, request.headers, running(request).settings.most_bytes)


async def classify(request: Request) -> Response:
    """Tag comments; nothing is kept."""
    service = running(request)
    body = await _body(request)
    comments = comments_of(body, service.settings)
    found = await service.classifier.classify([text for _, text in comments])
    results = [
        with_answer({"id": id}, answer.json)
        for (id, _), answer in zip(comments, found.answers, strict=True)
    ]
    told = f'{{"model":{text_of(found.model)},"results":{list_of(results)}}}'
    return Response(told, media_type=JSON)


async def events(request: Request) -> Response:
    """Take events in, tag their comments, keep them, answer with the tags."""
    service = running(request)
    settings = service.settings
    body = await _body(request)
    room = request.query_params.get("room", "")
    if len(room) > MOST_SHORT:
        raise Problem(422, f"room: at most {MOST_SHORT} characters may be", field="room")
    if is_push(request.headers):
        room = request.headers[ROOM]
        if settings.push_secret:
            check(request.headers, body, settings.push_secret, time.time())
    if len(body) < SOON_READ and is_json(body):
        messages = events_of(body, settings, room=room, going=service.going)
    else:  # the combos of gifts that it holds begin and end in it
        messages = await asyncio.to_thread(events_of, body, settings, room=room)
    taken = await service.intake.take(messages.events)
    results = [
        with_answer({"id": row.event.id, "seq": place.seq, "new": place.new}, place.answer)
        for row, place in zip(taken.rows, taken.placed, strict=True)
    ]
    rejected = text_of([one._asdict() for one in messages.rejected])
    new = sum(place.new for place in taken.placed)
    told = (
        f'{{"model":{text_of(taken.model)},"kept":{new},"repeated":{len(taken.placed) - new},'
        f'"results":{list_of(results)},"rejected":{rejected}}}'
    )
    return Response(told, media_type=JSON)


async def correct(request: Request) -> Response:
    """Keep what people say the labels of comments are."""
    service = running(request)
    body = await _body(request)
    model = service.serving.model
    corrections = []
    for at, given in enumerate(labels_of(json_value(body), model.taxonomy)):
        stored = None
        if given.seq is not None:
            stored = await service.read(service.store.event, given.seq)
            if stored is None or not stored.text:
                raise Problem(422, f"no comment {given.seq} is kept", field=f"labels[{at}].seq")
        corrections.append(
            Correction(
                text=stored.text if stored else service.intake.masked(given.text),
                labels=given.labels,
                by=given.by,
                at=int(time.time() * 1000),
                seq=given.seq,
                room=stored.room if stored else "",
                was=stored.answer if stored else "",
                model=stored.model if stored else "",
                note=given.note,
            )
        )
    done = await service.read(service.store.correct, corrections)
    new = sum(one.new for one in done)
    await service.relabelled(
        given.seq
        for given, one in zip(corrections, done, strict=True)
        if given.seq is not None and one.new
    )
    told = {"kept": new, "repeated": len(done) - new, "ids": [one.id for one in done]}
    return Response(text_of(told), media_type=JSON)


# out ------------------------------------------------------------------------------------------


@router.get("/v1/comments")
async def comments(
    request: Request,
    room: Room = None,
    since: Since = None,
    until: Until = None,
    label: Annotated[str | None, Query(description="price, complaint/logistics, …")] = None,
    text: Annotated[str, Query(description="Comments that contain this.", max_length=200)] = "",
    before: Annotated[str | None, Query(description="`next` of the page before.")] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
) -> Response:
    """Kept comments, the latest first."""
    service = running(request)
    found = await service.read(
        lambda: service.store.comments(
            room=room,
            since=time_of(since, "since", service.zone),
            until=time_of(until, "until", service.zone),
            label=label_of(label, service.serving.model.taxonomy),
            text=text,
            before=place_of(before),
            limit=limit,
        )
    )
    shown = list_of([service.shown(one) for one in found.events])
    following = text_of(".".join(map(str, found.next)) if found.next else None)
    return Response(f'{{"comments":{shown},"next":{following}}}', media_type=JSON)


@router.get("/v1/hotspots")
async def hotspots(
    request: Request,
    room: Room = None,
    minutes: Annotated[int, Query(ge=1, le=120)] = MINUTES,
) -> Response:
    """Complaints of the last minutes against the room's own level."""
    service = running(request)
    at = int(time.time() * 1000)
    told = await service.reader.run(reader.hotspots_of, room, at, minutes)
    return Response(told, media_type=JSON)


@router.get("/v1/drift")
async def drift(
    request: Request,
    room: Room = None,
    days: Annotated[int, Query(ge=1, le=366, description="Of the comments looked at.")] = DAYS,
) -> Response:
    """Whether the model still fits what is typed, or retraining is due, why, and on what."""
    return Response(text_of(await running(request).drift(room, days)), media_type=JSON)


@router.get("/v1/report")
async def report(
    request: Request,
    room: Room = None,
    day: Annotated[str | None, Query(description="Such as 2026-03-14.")] = None,
    since: Since = None,
    until: Until = None,
    format: Annotated[Literal["json", "html", "md"] | None, Query()] = None,
    lang: Annotated[Literal["zh", "en"] | None, Query()] = None,
    step: Annotated[Literal["60", "30", "15"], Query(description="Minutes of a step.")] = "60",
    window: Annotated[int, Query(ge=1, le=3600, description="Seconds to answer in.")] = 120,
) -> Response:
    """The report of a span; of the last 24 hours if none is given."""
    service = running(request)
    now = int(time.time() * 1000)
    start, end = time_of(since, "since", service.zone), time_of(until, "until", service.zone)
    if day is not None:
        start, end = day_of(day, service.zone)
    start, end = start if start is not None else now - reader.DAY, end if end is not None else now
    if end <= start:
        raise Problem(422, "the span ends before it begins", field="until")
    accepts = request.headers.get("accept", "")
    form = format or ("html" if "text/html" in accepts else "json")
    try:
        content = await service.reader.run(
            reader.report, room, start, end, f".{form}", lang or service.settings.language,
            int(step), window, service.settings.keep_names,
        )  # fmt: skip
    except reader.TooManyError as error:
        raise Problem(422, str(error), field="since") from None
    except StoreError:
        raise
    except CommentnlpError as error:
        raise Problem(404, f"no report: {error}") from None
    media = {"json": JSON, "html": "text/html", "md": "text/markdown"}[form]
    return Response(content, media_type=media, headers={"content-security-policy": REPORT_POLICY})


@router.get("/v1/stream")
async def stream(
    request: Request,
    room: Room = None,
    rate: Annotated[
        int | None, Query(ge=1, le=1000, description="Most comments a second, the latest ones.")
    ] = None,
    now: Annotated[bool, Query(description="Also what the room is like now.")] = False,
    after: Annotated[
        int | None, Query(ge=0, le=LARGEST, description="Go on after this seq.")
    ] = None,
) -> Response:
    """New comments as server-sent events; `Last-Event-ID` goes on where a connection broke."""
    service = running(request)
    if len(service.hub.listeners) >= MOST_LISTENERS:
        raise Problem(503, "too many listen already", headers={"Retry-After": "10"})
    last = request.headers.get("last-event-id", "")
    start = int(last) if last.isdecimal() and len(last) < 19 else after
    heard = service.hub.listen(Listener(room, rate, now), start)
    return StreamingResponse(
        heard, media_type="text/event-stream",
        headers={"cache-control": "no-store", "x-accel-buffering": "no"},
    )  # fmt: skip


@router.get("/v1/queue")
async def queue(
    request: Request, room: Room = None, limit: Annotated[int, Query(ge=1, le=500)] = 50
) -> Response:
    """Comments that the model is least sure of: what to label next."""
    service = running(request)
    found = await service.reader.run(reader.queue, room, limit)
    shown = [
        with_answer({"doubt": {"facet": one.facet, "label": one.label,
                               "margin": round(one.margin, 4)}},
                    service.shown(one.stored))
        for one in found
    ]  # fmt: skip
    return Response(f'{{"comments":{list_of(shown)}}}', media_type=JSON)


@router.get("/v1/labels")
async def corrections(
    request: Request,
    after: Annotated[int, Query(ge=0, le=LARGEST, description="Go on after this id.")] = 0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> Response:
    """What people said the labels are, in the order of coming."""
    service = running(request)
    found = await service.read(lambda: service.store.corrections(after=after, limit=limit))
    shown = [
        {
            "id": id, "seq": one.seq, "text": one.text, "room": one.room, **one.labels,
            "by": one.by, "at": moment(one.at, service.zone), "note": one.note, "model": one.model,
        }
        for id, one in found
    ]  # fmt: skip
    return Response(text_of({"labels": shown}), media_type=JSON)


@router.delete("/v1/labels/{id}")
async def undo(
    request: Request, id: Annotated[int, Path(ge=1, le=LARGEST, description="Of a label.")]
) -> Response:
    """Take back what somebody said the labels are; what was said before counts again."""
    service = running(request)
    seq = await service.read(service.store.undo_correction, id)
    if seq is None:
        raise Problem(404, f"there is no label {id}; GET /v1/labels has them all")
    if seq:
        await service.relabelled([seq])
    return Response(text_of({"deleted": 1, "id": id, "seq": seq or None}), media_type=JSON)


@router.get("/v1/model")
async def model(request: Request) -> Response:
    """The model in use."""
    return Response(text_of(model_told(running(request))), media_type=JSON)


@router.post("/v1/model/reload")
async def reload(request: Request) -> Response:
    """Look for another model now; a broken one leaves the old one in use and is told of."""
    service = running(request)
    await service.reload()
    failed = service.serving.failed
    if failed is not None:
        raise Problem(409, f"the old model goes on: {failed.error}")
    return Response(text_of(model_told(service)), media_type=JSON)


@router.delete("/v1/people")
async def forget(
    request: Request,
    user: Annotated[str, Query(description="Id of a person.", max_length=200)] = "",
    name: Annotated[str, Query(description="Or a nickname.", max_length=200)] = "",
) -> Response:
    """Delete all that one person wrote and did."""
    service = running(request)
    if not user and not name:
        raise Problem(422, "say whom: user=ID or name=NICKNAME", field="user")
    if user and name:
        raise Problem(422, "give user or name, one of them; call twice for both", field="name")
    deleted = await service.forget(user, name, caller_of(request))
    sought = {"user": user} if user else {"name": name}
    told = _deleted(deleted, sought)
    if not deleted.events and not deleted.labels:
        told["why"] = service.why_nobody(name)
    return Response(text_of(told), media_type=JSON)


@router.delete("/v1/rooms")
async def forget_room(
    request: Request,
    room: Annotated[str | None, Query(description="The room to delete.", max_length=200)] = None,
) -> Response:
    """Delete a room and all that was said and done in it."""
    service = running(request)
    if room is None:
        raise Problem(422, "say which: room=ROOM", field="room")
    deleted = await service.forget_room(room, caller_of(request))
    told = _deleted(deleted, {"room": room})
    if not (deleted.events or deleted.labels or deleted.rooms):
        told["why"] = "nothing is kept of a room of this name; the name must fit to the letter"
    return Response(text_of(told), media_type=JSON)


def _deleted(deleted: Deleted, sought: dict[str, str]) -> dict[str, Any]:
    return {
        "deleted": deleted.events, "labels": deleted.labels, "sought": sought,
        "rooms": deleted.rooms, "erased": deleted.erased,
    }  # fmt: skip


@router.get("/v1/deletions")
async def deletions(
    request: Request,
    after: Annotated[int, Query(ge=0, le=LARGEST, description="Go on after this id.")] = 0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> Response:
    """What was deleted: when, at whose request, how much; not whose it was."""
    service = running(request)
    found = await service.read(lambda: service.store.deletions(after=after, limit=limit))
    shown = [{**asdict(one), "at": moment(one.at, service.zone)} for one in found]
    return Response(text_of({"deletions": shown}), media_type=JSON)


@router.get("/health/live")
async def live() -> Response:
    """Whether the process answers."""
    return Response('{"status":"live"}', media_type=JSON)


@router.get("/health/ready")
async def ready(request: Request) -> Response:
    """Whether comments can be tagged and kept."""
    service = running(request)
    try:
        await service.read(service.store.ping)
    except CommentnlpError:
        service_ready = False
    else:
        service_ready = service.ready and not service.writer.failing and not service.store_lost
    if not service_ready:
        raise Problem(503, "not ready yet, or the store does not answer",
                      headers={"Retry-After": "2"})  # fmt: skip
    return Response('{"status":"ready"}', media_type=JSON)


@router.get("/metrics")
async def metrics(request: Request) -> Response:
    """Figures for Prometheus."""
    content, media = request.app.state.metrics.exposed(running(request))
    return Response(content, media_type=media)


# the page -------------------------------------------------------------------------------------


@router.get("/", response_class=HTMLResponse)
async def live_page(
    request: Request, room: Room = None, lang: Annotated[Literal["zh", "en"] | None, Query()] = None
) -> Response:
    """The live page."""
    service = running(request)
    rooms = await service.read(service.store.rooms)
    if room is None and rooms:
        room = rooms[0][0]
    last = await service.read(service.store.last)
    now = await service.now(room)
    latest = await service.read(lambda: service.store.comments(room=room, limit=50))
    html = page(
        now=msgspec.json.decode(now),
        comments=[msgspec.json.decode(service.shown(one)) for one in latest.events],
        model=model_told(service),
        rooms=rooms,
        room=room or "",
        language=_language(request, lang),
        after=last,
    )
    return HTMLResponse(html, headers={"content-security-policy": POLICY})


@router.get("/login", include_in_schema=False)
async def ask_for_token(request: Request) -> Response:
    """A form for the token."""
    return _login(request, wrong=False)


async def login(request: Request) -> Response:
    """Give a browser that shows the token its cookie."""
    body = await _body(request)
    given = dict(parse_qsl(body.decode("utf-8", "replace"))).get("token", "")
    token = running(request).settings.token
    if not hmac.compare_digest(given.encode(), token.encode()):
        return _login(request, wrong=True)
    lang = request.query_params.get("lang")
    answer = RedirectResponse(f"/?lang={lang}" if lang in ("zh", "en") else "/", 303)
    answer.set_cookie(COOKIE, session_of(token), max_age=30 * 86_400, httponly=True,
                      samesite="strict", secure=request.url.scheme == "https")  # fmt: skip
    return answer


def _login(request: Request, *, wrong: bool) -> Response:
    html = login_page(_language(request, request.query_params.get("lang")), wrong=wrong)
    return HTMLResponse(html, 401, headers={"content-security-policy": POLICY})


def _language(request: Request, asked: str | None = None) -> str:
    accepted = request.headers.get("accept-language", "")
    return language_of(asked or "", accepted, running(request).settings.language)


@router.get("/static/{name}", include_in_schema=False)
async def static_file(name: str) -> Response:
    """Style and script of the live page."""
    if name not in ASSETS:
        raise Problem(404, "there is no such file")
    return Response(
        asset(name),
        media_type=ASSETS[name],
        headers={"cache-control": "max-age=31536000, immutable"},
    )


POSTS = {"/v1/classify": classify, "/v1/events": events, "/v1/labels": correct, "/login": login}
"""What comes with a body."""


def model_told(service: Running) -> dict[str, Any]:
    """The model in use, as JSON."""
    model, failed = service.serving.model, service.serving.failed
    fitting = service.fitting
    return {
        "version": model.meta.version,
        "data_digest": model.meta.data_digest,
        "samples": model.meta.samples,
        "core": core_name(),
        "loaded": service.serving.loaded.astimezone(service.zone).isoformat(timespec="seconds"),
        "facets": model.taxonomy.to_json(),
        "scores": model.meta.scores,
        "failed": failed and {"error": failed.error,
                              "at": failed.at.astimezone(service.zone).isoformat()},
        "drift": fitting and {key: fitting[key] for key in ("verdict", "due", "until", "told")},
    }  # fmt: skip
