"""The OpenAPI document: FastAPI describes parameters, this file bodies, answers and examples."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from commentnlp.service.openapi_examples import example_of
from commentnlp.service.problems import MEDIA_TYPE

JSON = "application/json"

ABOUT = """Tags what viewers write in Chinese livestream shops, keeps it, and tells what a room is
like now. Where a token is set, show it as `Authorization: Bearer …`. Errors are problem details
(RFC 9457); after 503 the same request may be sent again."""

_TEXT = {"type": "string"}
_WHOLE = {"type": "integer"}
_NUMBER = {"type": "number"}


def _object(properties: dict[str, Any], *optional: str, **more: Any) -> dict[str, Any]:
    required = [name for name in properties if name not in optional]
    return {"type": "object", "properties": properties, "required": required, **more}


def _list(items: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"type": "array", "items": items, **more}


def _of(name: str) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{name}"}


_TAGS = _list(_of("Tag"), description="The likeliest first; empty where nothing was said.")
_NOISE = {
    "type": "string", "enum": ["one_tap", "spam"],
    "description": "The comment is a one-tap phrase or spam, and thus no complaint.",
}  # fmt: skip
_FACETS = {
    "intent": _TAGS, "complaint": _TAGS, "act": _TAGS, "evidence": _list(_of("Evidence")),
    "noise": _NOISE,
}  # fmt: skip
_COUNT = {"type": "integer", "minimum": 0}
_SOURCE = {
    "type": "string", "enum": ["live", "silent", "ended", "none"],
    "description": "Do events come in: none for 3 minutes is silent, for 30 ended.",
}  # fmt: skip
_TIME = {**_TEXT, "format": "date-time"}

SCHEMAS = {
    "Tag": _object({"label": _TEXT, "score": {**_NUMBER, "minimum": 0, "maximum": 1}}),
    "Evidence": _object(
        {"label": _TEXT, "start": _WHOLE, "end": _WHOLE, "text": _TEXT, "weight": _NUMBER},
        description="Characters of the raw text that raised a label most.",
    ),
    "Comment": _object(
        {"id": {"type": ["string", "integer", "null"]}, "text": {**_TEXT, "maxLength": 10_000}},
        "id",
    ),
    "Result": _object(
        {"id": _TEXT, **_FACETS}, "noise", description="The facets are those of the model in use."
    ),
    "Event": _object(
        {
            "id": {**_TEXT, "description": "What comes twice under one id is kept once."},
            "room": _TEXT,
            "time": {"type": ["string", "number"], "description": "ISO, or seconds or milliseconds"
                     " since 1970; now if not given."},
            "user": {**_TEXT, "description": "Identity."},
            "name": {**_TEXT, "description": "Nickname; kept hashed."},
            "text": _TEXT,
            "kind": {**_TEXT, "default": "comment"},
            "role": {"type": "string", "enum": ["viewer", "host", "staff", "system"]},
            "count": _WHOLE,
            "total": _WHOLE,
            "item": _TEXT,
            "levels": {"type": "object", "additionalProperties": _WHOLE},
        },
        "id", "room", "time", "user", "name", "kind", "role", "count", "total", "item", "levels",
        description="What live tools send goes as it comes.",
    ),
    "Taken": _object(
        {
            "id": _TEXT,
            "seq": {**_WHOLE, "description": "Where it is kept."},
            "new": {"type": "boolean", "description": "False where it was kept before."},
            **_FACETS,
        },
        *_FACETS,
        description="Events that are no viewer's comment have no tags.",
    ),
    "Rejected": _object({"at": _WHOLE, "why": _TEXT, "field": _TEXT}),
    "Remark": _object(
        {"at": _WHOLE, "why": _TEXT, "field": _TEXT},
        description="What is odd in events that were taken: a misspelt field, an unknown kind.",
    ),
    "Kept": _object(
        {
            "seq": _WHOLE, "time": {**_TEXT, "format": "date-time"}, "room": _TEXT, "kind": _TEXT,
            "id": _TEXT, "user": _TEXT, "name": _TEXT, "role": _TEXT, "text": _TEXT,
            "model": _TEXT, "corrected": {"type": "boolean"},
            "correction": _of("OfModel"), **_FACETS,
        },
        "corrected", "correction", "noise", *_FACETS,
        description="Facets as people corrected them; where they did, `correction` has the rest.",
    ),
    "OfModel": _object(
        {
            "id": {**_WHOLE, "description": "Of the latest label; DELETE takes it back."},
            "by": _TEXT, "at": {**_TEXT, "format": "date-time"},
            "model": _object(_FACETS, description="What the model had said."),
        },
    ),
    "Correction": _object(
        {
            "seq": {**_WHOLE, "minimum": 1, "description": "A kept comment; else give text."},
            "text": {**_TEXT, "maxLength": 10_000},
            "intent": _list(_TEXT), "complaint": _list(_TEXT), "act": _list(_TEXT),
            "by": {**_TEXT, "maxLength": 200, "description": "Who says so."},
            "note": {**_TEXT, "maxLength": 2_000},
        },
        "seq", "text", "intent", "complaint", "act", "by", "note",
    ),
    "Quote": _object(
        {"seq": _WHOLE, "time": _TEXT, "text": _TEXT, "score": _NUMBER,
         "start": _WHOLE, "end": _WHOLE},
    ),
    "Hotspot": _object(
        {
            "facet": _TEXT, "label": _TEXT,
            "state": {"type": "string", "enum": ["new", "rising", "steady", "falling", "quiet"]},
            "comments": _WHOLE, "people": _WHOLE, "of": _WHOLE,
            "usual": {"type": ["number", "null"]}, "times": {"type": ["number", "null"]},
            "p": {"type": ["number", "null"]}, "since": {"type": ["string", "null"]},
            "pasted": {"anyOf": [_object({"text": _TEXT, "people": _COUNT}), {"type": "null"}],
                       "description": "Many people put it in these same words."},
            "quotes": _list(_of("Quote")),
            "inquiries": {**_WHOLE, "description": "Of the comments, those that only ask."},
        },
        description="`usual` is null while the room has no past of an hour, `times` where it is"
        " not sure that it is more or less than usual.",
    ),
    "Now": _object(
        {
            "room": {"type": ["string", "null"]}, "at": _TIME, "minutes": _COUNT,
            "source": _SOURCE, "last_event": {"type": ["string", "null"]},
            "last_event_seconds": {"type": ["integer", "null"]},
            "rate": {**_NUMBER, "description": "Comments a minute."},
            "voice_rate": {**_NUMBER, "description": "Without one-tap phrases, spam, repeats."},
            "people": _COUNT, "comments": _COUNT, "one_tap": _COUNT, "spam": _COUNT,
            "series": _list(_object({"minute": _TIME, "comments": _COUNT})),
            "labels": _list(_object({"facet": _TEXT, "label": _TEXT, "comments": _COUNT,
                                     "share": _NUMBER})),
            "asked": _list(_object({"text": _TEXT, "people": _COUNT, "comments": _COUNT,
                                    "answered": _COUNT, "last": _TIME, "seconds": _COUNT,
                                    "seq": _WHOLE})),
            "open_questions": {**_COUNT, "description": "All; `unanswered` lists the first."},
            "unanswered": _list(_object({"text": _TEXT, "people": _COUNT, "comments": _COUNT,
                                         "since": _TIME, "seconds": _COUNT, "seq": _WHOLE})),
            "hotspots": _list(_of("Hotspot")),
        }
    ),
    "RoomState": _object(
        {
            "room": _TEXT, "source": _SOURCE, "last_event": _TIME, "last_event_seconds": _COUNT,
            "hotspots": {
                "type": ["array", "null"],
                "items": _object({"facet": _TEXT, "label": _TEXT, "state": _TEXT,
                                  "people": _COUNT}),
                "description": "Complaints rising or new. Null where nobody has watched all rooms"
                " in the last minute: ask again some seconds later.",
            },
        }
    ),
    "Mute": _object(
        {"room": {**_TEXT, "description": "Empty for all."},
         "label": {**_TEXT, "description": "Empty for all."}, "until": _TEXT}
    ),
    "Deletion": _object(
        {
            "id": _WHOLE, "at": {**_TEXT, "format": "date-time"},
            "by": {**_TEXT, "description": "`token`, or `this machine`."},
            "what": {"type": "string", "enum": ["person", "room"]},
            "events": _WHOLE, "labels": _WHOLE,
        },
        description="The record of a deletion; it does not say whose it was.",
    ),
    "Problem": _object(
        {"type": _TEXT, "title": _TEXT, "status": _WHOLE, "detail": _TEXT, "field": _TEXT},
        "field",
    ),
}  # fmt: skip

BODIES: dict[str, tuple[str, dict[str, Any], Any]] = {
    "/v1/classify": (
        "Comments to tag; nothing is kept.",
        _object({"comments": _list(_of("Comment"), maxItems=1_000)}),
        {"comments": [{"id": "1", "text": "56圈口的多少米"}]},
    ),
    "/v1/events": (
        "One event, an array of events, one a line, or what a live tool wrote.",
        {"anyOf": [_of("Event"), _list(_of("Event"), maxItems=5_000)]},
        [{"id": "e1", "room": "玉石间", "user": "u1", "name": "小圆", "text": "什么时候发货"}],
    ),
    "/v1/labels": (
        "What people say the labels of comments are; a facet that is left out was not judged.",
        _object({"labels": _list(_of("Correction"), maxItems=1_000)}),
        {"labels": [{"text": "这个颜色好正", "intent": ["style"], "complaint": [],
                     "act": ["praise"], "by": "小王"}]},
    ),
    "/v1/mutes": (
        "A label that shall alert nobody for some minutes; without a room in all, without a label"
        " all.",
        _object({"room": _TEXT, "label": _TEXT,
                 "minutes": {**_NUMBER, "exclusiveMinimum": 0, "maximum": 1_440}},
                "room", "label", additionalProperties=False),
        {"room": "玉石间", "label": "complaint/logistics", "minutes": 30},
    ),
}  # fmt: skip
"""Address → what its body is, its schema and an example."""

_MODEL = _object(
    {
        "version": _TEXT, "data_digest": _TEXT, "samples": _WHOLE, "core": _TEXT, "loaded": _TEXT,
        "facets": {"type": "object"}, "scores": {"type": "object"},
        "failed": {"type": ["object", "null"], "description": "A newer one that was not taken."},
        "drift": {"type": ["object", "null"], "description": "Whether it still fits: `verdict`,"
                  " `due`, `until`, `told`; null until that is known. See `/v1/drift`."},
    }
)  # fmt: skip
_STATUS = _object({"status": _TEXT})
_DELETED = _object(
    {
        "deleted": {**_WHOLE, "description": "Events."},
        "labels": {**_WHOLE, "description": "Corrections and labels of the very words."},
        "sought": {"type": "object", "additionalProperties": _TEXT,
                   "description": "What was looked for."},
        "rooms": _list(_TEXT, description="Rooms of which nothing is kept any more."),
        "erased": {"type": "boolean", "description": "Whether it has left the store's files, too;"
                   " of PostgreSQL that is not known."},
        "why": {**_TEXT, "description": "Why nothing may have been found."},
    },
    "why",
)  # fmt: skip

ANSWERS: dict[str, dict[str, dict[str, Any]]] = {
    "/v1/classify": {JSON: _object({"model": _TEXT, "results": _list(_of("Result"))})},
    "/v1/events": {
        JSON: _object(
            {"model": _TEXT, "kept": _WHOLE, "repeated": _WHOLE, "results": _list(_of("Taken")),
             "rejected": _list(_of("Rejected")), "remarks": _list(_of("Remark")),
             "columns": {"type": "object", "additionalProperties": _TEXT, "description": "Which"
                         " column of a table, or key of the objects, was taken for which field,"
                         " where they have names of their own."}},
            "columns",
        )
    },
    "/v1/labels": {
        JSON: _object(
            {"kept": _WHOLE, "repeated": {**_WHOLE, "description": "Said before, word by word."},
             "ids": _list(_WHOLE)}
        )
    },
    "/v1/labels/{id}": {
        JSON: _object({"deleted": _WHOLE, "id": _WHOLE, "seq": {"type": ["integer", "null"]}})
    },
    "labels": {JSON: _object({"labels": _list({"type": "object"})})},
    "/v1/mutes": {JSON: _of("Mute")},
    "mutes": {JSON: _object({"mutes": _list(_of("Mute"))})},
    "unmute": {JSON: _object({"deleted": _WHOLE})},
    "/v1/comments": {
        JSON: _object({"comments": _list(_of("Kept")), "next": {"type": ["string", "null"]}})
    },
    "/v1/hotspots": {
        JSON: _object(
            {"room": {"type": ["string", "null"]}, "at": _TEXT, "minutes": _WHOLE,
             "hotspots": _list(_of("Hotspot"))}
        )
    },
    "/v1/now": {JSON: _of("Now")},
    "/v1/rooms": {JSON: _object({"rooms": _list(_of("RoomState"))})},
    "/v1/drift": {
        JSON: _object(
            {"room": {"type": ["string", "null"]}, "since": _TEXT, "until": _TEXT, "model": _TEXT,
             "verdict": {"type": "string", "enum": ["due", "fits", "too_few", "no_reference"]},
             "due": {"type": "boolean"},
             "told": _object({"zh": _list(_TEXT), "en": _list(_TEXT)}),
             "fit": {"type": ["object", "null"], "description": "Figures, reasons, new words, as"
                     " in a report's `fit`."}}
        )
    },
    "/v1/report": {JSON: {"type": "object"}, "text/html": _TEXT, "text/markdown": _TEXT},
    "/v1/stream": {"text/event-stream": _TEXT},
    "/v1/queue": {JSON: _object({"comments": _list(_of("Kept"))})},
    "/v1/model": {JSON: _MODEL},
    "/v1/model/reload": {JSON: _MODEL},
    "/v1/people": {JSON: _DELETED},
    "forget_room": {JSON: _DELETED},
    "/v1/deletions": {JSON: _object({"deletions": _list(_of("Deletion"))})},
    "/health/live": {JSON: _STATUS},
    "/health/ready": {JSON: _STATUS},
    "/metrics": {"text/plain": _TEXT},
    "/docs": {"text/html": _TEXT},
    "/": {"text/html": _TEXT},
    "/login": {"text/html": _TEXT},
}  # fmt: skip
"""Address → media type of an answer → its schema."""

_OTHERS = {
    ("/v1/labels", "get"): "labels", ("/v1/mutes", "get"): "mutes",
    ("/v1/mutes", "delete"): "unmute", ("/v1/rooms", "delete"): "forget_room",
}  # fmt: skip
"""Addresses that answer a method otherwise."""

_PROBLEMS = {
    400: "The body cannot be read.",
    401: "The token is missing or wrong.",
    403: "Only this machine may call, or the token may only read.",
    404: "There is no such thing.",
    408: "The body did not come in time.",
    409: "It was not done.",
    413: "More than goes in one call.",
    415: "The body's encoding is unknown.",
    422: "A field or parameter is wrong; `field` names it.",
    429: "Too many wrong tokens came from this address; `Retry-After` says how long to wait.",
    431: "Address and header fields are too long.",
    500: "An error of the service.",
    503: "Too much waits; `Retry-After` says when to try again.",
}


def described(app: FastAPI) -> dict[str, Any]:
    """The document of an app."""
    if app.openapi_schema is None:
        document = get_openapi(
            title=app.title, version=app.version, routes=app.routes, description=ABOUT
        )
        document["components"] = {
            "schemas": SCHEMAS,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        }
        document["security"] = [{"token": []}, {}]
        paths: dict[str, dict[str, Any]] = document["paths"]
        for path, (about, schema, example) in BODIES.items():
            paths.setdefault(path, {})["post"] = {
                "summary": about,
                "operationId": path.rpartition("/")[2],
                "requestBody": {
                    "required": True, "content": {JSON: {"schema": schema, "example": example}},
                },
            }  # fmt: skip
        paths["/v1/events"]["post"]["parameters"] = [
            {"name": "room", "in": "query", "required": False, "schema": _TEXT,
             "description": "Of events that name none."}
        ]  # fmt: skip
        for path, methods in paths.items():
            for method, operation in methods.items():
                operation["responses"] = _responses(path, method)
        app.openapi_schema = document
    return app.openapi_schema


def _responses(path: str, method: str) -> dict[str, Any]:
    content: dict[str, dict[str, Any]] = {
        media: {"schema": schema}
        for media, schema in ANSWERS[_OTHERS.get((path, method), path)].items()
    }
    if JSON in content:
        content[JSON]["example"] = example_of(content[JSON]["schema"], SCHEMAS)
    problem = {"schema": _of("Problem")}
    responses = {"200": {"description": "As asked.", "content": content}}
    for status in sorted(_problems_of(path, method)):
        about = _PROBLEMS[status]
        responses[str(status)] = {"description": about, "content": {MEDIA_TYPE: problem}}
    if path == "/":  # a form, where the token is missing
        responses["401"]["content"] = content
    return responses


def _problems_of(path: str, method: str) -> set[int]:
    """Which problems an operation can have."""
    problems = {400, 403, 431, 500}  # of any request
    if path == "/health/live":
        return problems
    if path == "/health/ready":
        return problems | {503}
    problems |= {401, 429}
    if path.startswith("/v1/") or path == "/":
        problems |= {422, 503}
    if path in BODIES and method == "post":
        problems |= {408, 413, 415}
    if path == "/v1/model/reload":
        problems |= {409}
    if "{" in path or path == "/v1/stream":
        problems |= {404}
    return problems | ({404, 413} if path == "/v1/report" else set())
