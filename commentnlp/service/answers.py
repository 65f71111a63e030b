"""Tags as JSON: what is answered, kept and streamed is the same text."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta, timezone, tzinfo
from typing import NamedTuple

import msgspec

from commentnlp.records import Tagged
from commentnlp.service.records import Stored
from commentnlp.taxonomy import parent_of

_encode = msgspec.json.Encoder().encode
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


class Answer(NamedTuple):
    """What the model says of a comment."""

    json: str
    """An object of the facets, each with its labels and scores, and ``evidence``."""
    labels: tuple[str, ...]
    """``facet/label``, parents of leaves among them."""


def answer_of(tagged: Tagged) -> Answer:
    """The answer to a tagged comment."""
    told: dict[str, object] = {}
    labels: dict[str, None] = {}
    for facet, tags in tagged.tags.items():
        told[facet] = [{"label": tag.label, "score": round(tag.score, 4)} for tag in tags]
        for tag in tags:
            for label in (parent_of(tag.label), tag.label):
                if label:
                    labels[f"{facet}/{label}"] = None
    told["evidence"] = [
        {"label": e.label, "start": e.start, "end": e.end, "text": e.text,
         "weight": round(e.weight, 3)} for e in tagged.evidence
    ]  # fmt: skip
    return Answer(text_of(told), tuple(labels))


def text_of(value: object) -> str:
    """Any value as JSON."""
    return _encode(value).decode()


def with_answer(told: dict[str, object], answer: str) -> str:
    """One JSON object of both."""
    head = text_of(told)
    if len(answer) <= 2:  # {}: no comment
        return head
    return f"{head[:-1]},{answer[1:]}" if told else answer


def stored_json(stored: Stored, zone: tzinfo, *, names: bool) -> str:
    """A kept event as it is shown.

    Without ``names`` what is kept of them is a hash: it stands for the person where nothing else
    does.
    """
    told: dict[str, object] = {
        "seq": stored.seq, "time": moment(stored.time, zone), "room": stored.room,
        "kind": stored.kind, "id": stored.id,
        "user": stored.user if names else stored.user or stored.name,
        "name": stored.name if names else "",
        "role": stored.role, "text": stored.text, "model": stored.model,
    }  # fmt: skip
    return with_answer(told, stored.answer)


def moment(milliseconds: int, zone: tzinfo) -> str:
    """A time as text."""
    when = (_EPOCH + timedelta(milliseconds=milliseconds)).astimezone(zone)
    return when.isoformat(timespec="milliseconds")


def list_of(objects: Sequence[str]) -> str:
    """A JSON array of JSON texts."""
    return f"[{','.join(objects)}]"
