"""What each address answers."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import datetime, timezone
from typing import Annotated, Any, Literal
from urllib.parse import parse_qsl, urlencode

import msgspec
from fastapi import APIRouter, Depends, FastAPI, Path, Query, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse, StreamingResponse

from commentnlp.compiled_core import core_name
from commentnlp.errors import CommentnlpError, StoreError
from commentnlp.reading.messages import MOST_SHORT, is_json
from commentnlp.service import reader
from commentnlp.service.access import Access
from commentnlp.service.answers import list_of, moment, text_of, with_answer
from commentnlp.service.bodies import (
    comments_of,
    events_of,
    json_value,
    packing_of,
    read_body,
    read_packed_body,
    unpacked,
)
from commentnlp.service.corrections import labels_of
from commentnlp.service.mutes import COMPLAINT, Mute, label_to_mute, mute_of
from commentnlp.service.now import source_of
from commentnlp.service.page import (
    ASSETS,
    POLICY,
    READ,
    asset,
    language_of,
    login_page,
    logout_page,
    page,
)
from commentnlp.service.problems import Problem
from commentnlp.service.push import (
    MAX_PUSH_BYTES,
    ROOM,
    check_headers,
    check_signature,
    is_push,
    sent_at,
)
from commentnlp.service.queries import check_names, day_of, label_of, place_of, time_of
from commentnlp.service.records import Correction, Deleted
from commentnlp.service.reference import reference_page
from commentnlp.service.request_headers import address_of
from commentnlp.service.running import DAYS, MINUTES, Running
from commentnlp.service.sessions import SECONDS
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
MOST_LOGIN_BYTES = 4_096
"""Of a login's body: anybody may send one."""
SOON_READ = 200_000
"""Bytes below which JSON is read on the loop; all else is read beside it."""


async def known_parameters(request: Request) -> None:
    """Raise Problem 422 for a parameter that an address does not have: a misspelt one would be
    left out without a word, and more be answered than was asked for."""
    path = request.url.path
    if path == "/" or path.startswith("/v1/"):
        dependant = request.scope["route"].dependant
        check_names(request, [field.alias for field in dependant.query_params])


router = APIRouter(dependencies=[Depends(known_parameters)])

Room = Annotated[str | None, Query(description="Only this room; all if not given.")]
Since = Annotated[str | None, Query(description="ISO time or seconds since 1970; from then on.")]
Until = Annotated[str | None, Query(description="Up to then, not including it.")]


def running(request: Request) -> Running:
    """The service behind a request."""
    service: Running = request.app.state.running
    return service


def caller_of(request: Request) -> str:
    """Who calls, for records."""
    return "token" if running(request).settings.token else "this machine"


# in -------------------------------------------------------------------------------------------


async def _body(request: Request) -> bytes:
    return await read_body(request.receive, request.headers, running(request).settings.most_bytes)


async def _signed_body(request: Request) -> bytes:
    """The body of a push, of which anybody may say that it is Douyin's."""
    settings = running(request).settings
    check_headers(request.headers, time.time())
    packing = packing_of(request.headers)
    body = await read_packed_body(request.receive, request.headers, MAX_PUSH_BYTES, trusted=False)
    check_signature(request.headers, body, settings.push_secret)
    return unpacked(body, packing, settings.most_bytes) if packing and body else body


async def classify(request: Request) -> Response:
    """Tag comments; nothing is kept."""
    check_names(request, ())
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
    check_names(request, ("room",))
    service = running(request)
    settings = service.settings
    room = request.query_params.get("room", "")
    if len(room) > MOST_SHORT:
        raise Problem(422, f"room: at most {MOST_SHORT} characters may be", field="room")
    signed = bool(settings.push_secret) and is_push(request.headers)
    body = await (_signed_body(request) if signed else _body(request))
    if is_push(request.headers):
        room = request.headers[ROOM]
    if signed and (before := service.pushes.events_of(request.headers)) is not None:
        version = text_of(service.serving.model.meta.version)
        told = (
            f'{{"model":{version},"kept":0,"repeated":{before},"results":[],"rejected":[],'
            f'"remarks":[]}}'
        )
        return Response(told, media_type=JSON)
    if len(body) < SOON_READ and is_json(body):
        messages = events_of(body, settings, room=room, going=service.going)
    else:  # the combos of gifts that it holds begin and end in it
        messages = await asyncio.to_thread(events_of, body, settings, room=room)
    found = messages.events
    if signed:  # without an id, a push that comes again after a restart is known by its time
        sent = datetime.fromtimestamp(sent_at(request.headers) or 0, timezone.utc)
        found = [event if event.time else replace(event, time=sent) for event in found]
    taken = await service.intake.take(found)
    if signed:
        service.pushes.add(request.headers, len(taken.placed))
    results = [
        with_answer({"id": row.event.id, "seq": place.seq, "new": place.new}, place.answer)
        for row, place in zip(taken.rows, taken.placed, strict=True)
    ]
    rejected = text_of([one._asdict() for one in messages.rejected])
    remarks = text_of([one._asdict() for one in messages.remarks])
    new = sum(place.new for place in taken.placed)
    told = (
        f'{{"model":{text_of(taken.model)},"kept":{new},"repeated":{len(taken.placed) - new},'
        f'"results":{list_of(results)},"rejected":{rejected},"remarks":{remarks}'
        f"{columns_told(messages.columns)}}}"
    )
    return Response(told, media_type=JSON)


def columns_told(columns: Mapping[str, str]) -> str:
    """What was taken for what, where the sender has names of its own."""
    return f',"columns":{text_of(columns)}' if columns else ""


async def correct(request: Request) -> Response:
    """Keep what people say the labels of comments are."""
    check_names(request, ())
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
    request.state.audit = {"kept": new, "by": ", ".join(sorted({c.by for c in corrections}))}
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


@router.get("/v1/now")
async def now(
    request: Request,
    room: Room = None,
    minutes: Annotated[int, Query(ge=1, le=120)] = MINUTES,
) -> Response:
    """What a room is like now: all that the live page shows."""
    return Response(await running(request).now(room, minutes), media_type=JSON)


@router.get("/v1/rooms")
async def rooms(request: Request) -> Response:
    """Rooms, the one with the latest event first: is their source live, and do they burn."""
    service = running(request)
    found = await service.read(service.store.rooms)
    at = int(time.time() * 1000)
    watched = service.watches_all
    service.rooms_asked = time.monotonic()
    shown = [
        {
            "room": name,
            "source": source_of(last, at),
            "last_event": moment(last, service.zone),
            "last_event_seconds": max(0, (at - last) // 1000),
            "hotspots": service.burning.get(name, []) if watched else None,
        }
        for name, last in found
    ]
    return Response(text_of({"rooms": shown}), media_type=JSON)


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
    request.state.audit = {"deleted": deleted.events}
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
    request.state.audit = {"deleted": deleted.events}
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


@router.get("/v1/mutes")
async def mutes(request: Request) -> Response:
    """Labels that alert nobody for a while."""
    service = running(request)
    found = [mute_told(mute, service) for mute in service.alerts.mutes.active()]
    return Response(text_of({"mutes": found}), media_type=JSON)


async def mute(request: Request) -> Response:
    """Have a label alert nobody for some minutes, in one room or in all."""
    check_names(request, ())
    service = running(request)
    value = json_value(await _body(request))
    room, label, minutes = mute_of(value, service.serving.model.taxonomy)
    told = mute_told(service.alerts.mutes.add(room, label, minutes), service)
    request.state.audit = told
    return Response(text_of(told), media_type=JSON)


@router.delete("/v1/mutes")
async def unmute(
    request: Request,
    room: Annotated[str, Query(description="As it was muted.", max_length=MOST_SHORT)] = "",
    label: Annotated[str, Query(description="As it was muted.", max_length=MOST_SHORT)] = "",
) -> Response:
    """End a mute."""
    service = running(request)
    name = label_to_mute(label, service.serving.model.taxonomy)
    return Response(text_of({"deleted": service.alerts.mutes.remove(room, name)}), media_type=JSON)


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
    service = running(request)
    rooms = await service.read(service.store.rooms)
    content, media = request.app.state.metrics.exposed(service, rooms)
    return Response(content, media_type=media)


@router.get("/docs", response_class=HTMLResponse)
async def reference(request: Request) -> Response:
    """This reference, to read."""
    app: FastAPI = request.app
    page_of_all = reference_page(app.openapi())
    return HTMLResponse(page_of_all, headers={"content-security-policy": POLICY})


# the page -------------------------------------------------------------------------------------


@router.get("/", response_class=HTMLResponse)
async def live_page(
    request: Request,
    room: Room = None,
    lang: Annotated[Literal["zh", "en"] | None, Query()] = None,
    labels: Annotated[str, Query(description="Only comments with these: a/b,c/d.")] = "",
    matters: Annotated[str, Query(description="1: only complaints and questions.")] = "",
    hide: Annotated[str, Query(description="1: neither one-tap phrases nor spam.")] = "",
    sound: Annotated[str, Query(description="1: a sound where a complaint rises.")] = "",
) -> Response:
    """The live page; its script reads what it is to filter, the server need not."""
    service = running(request)
    rooms = await service.read(service.store.rooms)
    if room is None and rooms:
        room = rooms[0][0]
    last = await service.read(service.store.last)
    now = await service.now(room)
    latest = await service.read(lambda: service.store.comments(room=room, limit=READ))
    html = page(
        now=msgspec.json.decode(now),
        comments=[msgspec.json.decode(service.shown(one)) for one in latest.events],
        model=model_told(service),
        rooms=rooms,
        room=room or "",
        language=_language(request, lang),
        after=last,
        burning=service.burning,
    )
    return HTMLResponse(html, headers={"content-security-policy": POLICY})


@router.get("/login", include_in_schema=False)
async def ask_for_token(request: Request) -> Response:
    """A form for the token."""
    if _access(request) is None:
        return RedirectResponse(_page_of(request), 303)
    return _login(request, 401)


async def login(request: Request) -> Response:
    """Give a browser that shows a token the cookie of a session."""
    body = await read_packed_body(request.receive, request.headers, MOST_LOGIN_BYTES, trusted=False)
    access = _access(request)
    if access is None:
        return RedirectResponse(_page_of(request), 303)
    given = dict(parse_qsl(body.decode("utf-8", "replace"))).get("token", "")
    try:
        id = access.log_in(given, address_of(request.scope.get("client")))
    except Problem as problem:
        return _login(request, problem.status, problem.headers)
    await running(request).read(access.sessions.save)
    answer = RedirectResponse(_page_of(request), 303)
    answer.set_cookie(access.sessions.cookie, id, max_age=SECONDS, httponly=True,
                      samesite="strict", secure=request.url.scheme == "https")  # fmt: skip
    return answer


@router.get("/logout", include_in_schema=False)
async def ask_to_leave(request: Request) -> Response:
    """A form that ends the session: a mere link would let other sites end it."""
    html = logout_page(_language(request, request.query_params.get("lang")))
    return HTMLResponse(html, headers={"content-security-policy": POLICY})


async def logout(request: Request) -> Response:
    """End the session of a browser."""
    answer = RedirectResponse(_page_of(request), 303)
    access = _access(request)
    if access is not None:
        if access.log_out(request.scope["headers"], address_of(request.scope.get("client"))):
            await running(request).read(access.sessions.save)
        answer.delete_cookie(access.sessions.cookie, httponly=True, samesite="strict")
    return answer


def _access(request: Request) -> Access | None:
    access: Access | None = request.app.state.access
    return access


def _login(request: Request, status: int, headers: Mapping[str, str] | None = None) -> Response:
    lang = _language(request, request.query_params.get("lang"))
    seconds = int((headers or {}).get("Retry-After", 0))
    wrong = status == 401 and request.method == "POST"
    html = login_page(lang, wrong=wrong, seconds=seconds, query=_query_of(request))
    return HTMLResponse(
        html, status, headers={"content-security-policy": POLICY, **(headers or {})}
    )


def _page_of(request: Request) -> str:
    """The live page as it was asked for. It is never a page of another site: only what stands
    behind the ``?`` is the caller's."""
    query = urlencode(
        [(name, value) for name, value in request.query_params.multi_items() if value]
    )
    return f"/?{query}" if query else "/"


def _query_of(request: Request) -> str:
    """What the address of the live page asks for besides the language."""
    return urlencode(
        [(name, value) for name, value in request.query_params.multi_items() if name != "lang"]
    )


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


POSTS = {
    "/v1/classify": classify, "/v1/events": events, "/v1/labels": correct, "/v1/mutes": mute,
    "/login": login, "/logout": logout,
}  # fmt: skip
"""What comes with a body."""


def mute_told(mute: Mute, service: Running) -> dict[str, Any]:
    """A mute as JSON."""
    label = f"{COMPLAINT}/{mute.label}" if mute.label else ""
    until = moment(int(mute.until * 1000), service.zone)
    return {"room": mute.room, "label": label, "until": until}


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
