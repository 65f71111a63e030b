"""Tags as JSON: what is answered, kept and streamed is the same text."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from typing import NamedTuple

import msgspec

from commentnlp.noise import without_complaint
from commentnlp.records import Tagged
from commentnlp.service.records import Stored
from commentnlp.taxonomy import parent_of

NOISE = "noise"
"""Field of an answer that says which noise the comment is; also counted like a label's facet."""

_encode = msgspec.json.Encoder().encode
_raw_of = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


class Answer(NamedTuple):
    """What the model says of a comment."""

    json: str
    """An object of the facets, each with its labels and scores, ``evidence`` and, where the comment
    is a one-tap phrase or spam, ``noise``, which says so."""
    labels: tuple[str, ...]
    """``facet/label``, parents of leaves among them; ``noise/one_tap`` counts as one."""
    words: str = ""
    """The comment's normalised words; equal where two comments say the same."""


def answer_of(tagged: Tagged, *, noise: str = "", words: str = "") -> Answer:
    """Write the answer to a tagged comment; noise is no complaint, whatever its words are."""
    if noise:
        tagged = without_complaint(tagged)
    # a fifth of the time that tagging takes, were it built of objects and encoded
    labels: dict[str, None] = {}
    parts = []
    for facet, tags in tagged.tags.items():
        told = [f'{{"label":{_quoted(tag.label)},"score":{tag.score:.4f}}}' for tag in tags]
        parts.append(f"{_quoted(facet)}:[{','.join(told)}]")
        for tag in tags:
            labels.update(_keys(facet, tag.label))
    proofs = [
        f'{{"label":{_quoted(e.label)},"start":{e.start},"end":{e.end},"text":{text_of(e.text)},'
        f'"weight":{e.weight:.3f}}}'
        for e in tagged.evidence
    ]
    json = f'{",".join(parts)},"evidence":[{",".join(proofs)}]'
    if noise:
        labels[f"{NOISE}/{noise}"] = None
        json += f',"{NOISE}":{_quoted(noise)}'
    return Answer(f"{{{json}}}", tuple(labels), words)


@lru_cache(1_000)
def _quoted(word: str) -> str:
    return text_of(word)


@lru_cache(1_000)
def _keys(facet: str, label: str) -> dict[str, None]:
    """``facet/label`` of a label and of its parent."""
    return {f"{facet}/{one}": None for one in (parent_of(label), label) if one}


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

    Of a corrected one it tells who corrected it and what the model had said, too.

    Without ``names`` what is kept of them is a hash: it stands for the person where nothing else
    does.
    """
    corrected: dict[str, object] = {}
    if stored.correction:
        correction = _raw_of(stored.correction)
        at = moment(int(bytes(correction["at"])), zone)
        corrected = {"corrected": True, "correction": {**correction, "at": at}}
    told: dict[str, object] = {
        "seq": stored.seq, "time": moment(stored.time, zone), "room": stored.room,
        "kind": stored.kind, "id": stored.id,
        "user": stored.user if names else stored.user or stored.name,
        "name": stored.name if names else "",
        "role": stored.role, "text": stored.text, "model": stored.model, **corrected,
    }  # fmt: skip
    return with_answer(told, stored.answer)


def moment(milliseconds: int, zone: tzinfo) -> str:
    """A time as text."""
    when = (_EPOCH + timedelta(milliseconds=milliseconds)).astimezone(zone)
    return when.isoformat(timespec="milliseconds")


def list_of(objects: Sequence[str]) -> str:
    """A JSON array of JSON texts."""
    return f"[{','.join(objects)}]"
