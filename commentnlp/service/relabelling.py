"""What people say the labels are, written within a transaction: kept once, counted, undone.

A corrected comment has, of each facet, what was said of it last, and of the others what the model
said; its labels and the counts of its minute follow. What the model had said stays beside it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import Connection, select, update

from commentnlp.service.keeping import (
    MINUTE,
    add_counts,
    clean,
    digest,
    read_names,
    run_with_each,
    with_names,
)
from commentnlp.service.records import Correction
from commentnlp.service.schema import corrections, events, label_names, labels
from commentnlp.taxonomy import parent_of

_encode = msgspec.json.encode
_decode = msgspec.json.decode
_Answer = dict[str, list[dict[str, Any]]]


class Corrected(NamedTuple):
    """What became of a correction."""

    id: int
    new: bool
    """False where the same was said before."""


def correct(connection: Connection, several: Sequence[Correction]) -> list[Corrected]:
    """Keep corrections, and let them count."""
    out = []
    for one in several:
        known = _said_before(connection, one)
        if known is not None:
            out.append(Corrected(known, False))
            continue
        out.append(Corrected(_keep(connection, one), True))
        if one.seq is not None:
            apply_to(connection, one.seq)
    return out


def undo(connection: Connection, number: int) -> int | None:
    """Take a correction back; gives the number of its event, 0 for none, None without it."""
    found = connection.execute(select(corrections.c.seq).where(corrections.c.id == number)).first()
    if found is None:
        return None
    connection.execute(corrections.delete().where(corrections.c.id == number))
    if found.seq is None:
        return 0
    apply_to(connection, found.seq)
    return int(found.seq)


def apply_to(connection: Connection, seq: int) -> None:
    """Let a comment have the labels that its corrections give it."""
    query = select(events.c.time, events.c.room, events.c.answer, events.c.correction)
    event = connection.execute(query.where(events.c.seq == seq)).first()
    if event is None or not event.answer:
        return
    of_model = _model_of(event.correction) if event.correction else event.answer
    said = select(corrections).where(corrections.c.seq == seq).order_by(corrections.c.id)
    several = connection.execute(said).all()
    answer, correction = of_model, ""
    if several:
        overlay: dict[str, list[str]] = {}
        for one in several:
            overlay.update(_decode(one.labels))
        answer = _encode(_corrected(_decode(of_model), overlay)).decode()
        head = _encode({"id": one.id, "by": one.by, "at": one.at}).decode()
        correction = f'{head[:-1]},"model":{of_model}}}'
    values = {"answer": answer, "correction": correction}
    connection.execute(update(events).where(events.c.seq == seq).values(values))
    _count_again(connection, (seq, event.time, event.room), event.answer, answer)


def apply_all(connection: Connection) -> None:
    """Let all comments have the labels that their corrections give them."""
    query = select(corrections.c.seq).where(corrections.c.seq.is_not(None)).distinct()
    for seq in connection.execute(query).scalars().all():
        apply_to(connection, seq)


def _said_before(connection: Connection, one: Correction) -> int | None:
    """Number of the same correction, if nothing else was said of the comment since."""
    query = select(corrections).where(corrections.c.digest == digest(one.text))
    query = query.where(
        corrections.c.seq.is_(None) if one.seq is None else corrections.c.seq == one.seq
    )
    given = _given(one)
    for before in connection.execute(query.order_by(corrections.c.id.desc())):
        if _decode(before.labels) != given:
            return None
        if (before.by, before.note) == (clean(one.by), clean(one.note)):
            return int(before.id)
    return None


def _given(one: Correction) -> dict[str, list[str]]:
    return {clean(facet): [*map(clean, names)] for facet, names in one.labels.items()}


def _keep(connection: Connection, one: Correction) -> int:
    person = select(events.c.user, events.c.name).where(events.c.seq == one.seq)
    found = None if one.seq is None else connection.execute(person).first()
    user, name = found or ("", "")
    new = corrections.insert().values(
        digest=digest(one.text),
        text=clean(one.text),
        labels=_encode(_given(one)).decode(),
        by=clean(one.by),
        at=one.at,
        seq=one.seq,
        room=clean(one.room),
        was=clean(one.was),
        model=clean(one.model),
        note=clean(one.note),
        # of whom it quotes: what they ask to be forgotten is found when the event has gone
        user=user,
        name=name,
    )
    return int(connection.execute(new.returning(corrections.c.id)).scalar_one())


# answers ----------------------------------------------------------------------------------


def _model_of(correction: str) -> str:
    return bytes(_decode(correction, type=dict[str, msgspec.Raw])["model"]).decode()


def _corrected(answer: _Answer, overlay: Mapping[str, Iterable[str]]) -> _Answer:
    """An answer with what people say of some facets; they are sure."""
    out = dict(answer)
    for facet, names in overlay.items():
        scored = {tag["label"]: tag for tag in answer.get(facet, ())}
        out[facet] = [scored.get(name) or {"label": name, "score": 1.0} for name in names]
    left = {name for facet, tags in out.items() if facet != "evidence" for name in _names(tags)}
    out["evidence"] = [one for one in answer.get("evidence", ()) if one["label"] in left]
    return out


def _names(tags: Iterable[Mapping[str, Any]]) -> Iterable[str]:
    for tag in tags:
        yield from (name for name in (parent_of(tag["label"]), tag["label"]) if name)


def _keys(answer: str) -> set[str]:
    """``facet/label`` of an answer, parents of leaves among them."""
    told: _Answer = _decode(answer)
    return {
        f"{facet}/{name}"
        for facet, tags in told.items()
        if facet != "evidence"
        for name in _names(tags)
    }


def _count_again(
    connection: Connection, place: tuple[int, int, int], before: str, after: str
) -> None:
    """Give a comment the labels of another answer, in the index and in the counts."""
    seq, time, room = place
    had, has = _keys(before), _keys(after)
    names = with_names(connection, label_names, read_names(connection, label_names), has)
    gone = [names.numbers[label] for label in had - has if label in names.numbers]
    come = [names.numbers[label] for label in has - had]
    sql = "DELETE FROM labels WHERE label = ? AND time = ? AND seq = ?"
    run_with_each(connection, sql, [(label, time, seq) for label in sorted(gone)])
    if come:
        rows = [{"label": label, "time": time, "seq": seq, "room": room} for label in come]
        connection.execute(labels.insert(), rows)
    minute = time - time % MINUTE
    counts = Counter({(room, minute, label): -1 for label in gone})
    counts.update({(room, minute, label): 1 for label in come})
    if counts:
        add_counts(connection, counts)
