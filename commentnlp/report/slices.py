"""A part of the show and its figures: the same for an hour, a phase, an item, a tier."""

from __future__ import annotations

import numpy as np

from commentnlp.intervals import wilson
from commentnlp.report.log import Bools, Ints
from commentnlp.report.records import MOST_QUOTES, Labelled, Named, Question, Slice, Word
from commentnlp.report.room import Room
from commentnlp.report.stats import log_odds

WORDS = 10
"""Words that set a slice apart, at most."""
_LEAST_SAID = 3
"""Voices that must have a word before it can set a slice apart."""
_LEAST_Z = 1.96
_FEW_QUOTES = 5


def slice_of(
    room: Room,
    comments: Ints,
    events: Ints | Bools,
    *,
    key: str = "",
    start: float = np.nan,
    end: float = np.nan,
    minutes: float | None = None,
    words: tuple[Word, ...] = (),
    questions: tuple[Question, ...] = (),
) -> Slice:
    """Count a part of the show: which ``comments`` of the room and which ``events`` of its log."""
    log = room.log
    kind, amount = log.kind[events], room.amount[events]
    counts = np.bincount(kind, amount, len(log.kinds)).astype(np.int64).tolist()
    of_kind = {
        name: count for name, count in zip(log.kinds, counts, strict=True)
        if count and name != "comment"
    }  # fmt: skip
    voices = comments[room.voice[comments]]
    if minutes is None:
        minutes = 0.0 if np.isnan(start) else room.minutes(start, end)
    return Slice(
        key=key,
        start=room.moment(start),
        end=room.moment(end),
        minutes=minutes,
        events=of_kind,
        said=room.count(comments),
        voices=len(voices),
        canned=int(room.canned[comments].sum()),
        spam=int(room.spam[comments].sum()),
        repeats=int(room.repeat[comments].sum()),
        labels=labelled(room, comments),
        words=words,
        products=products(room, comments),
        questions=questions,
        host=int(room.by_host[events].sum()),
    )


def labelled(room: Room, comments: Ints) -> tuple[Labelled, ...]:
    """The figures of every label among some comments."""
    comments = comments[room.own[comments]]
    voice = room.voice[comments]
    of = int(voice.sum())
    has = room.texts.matrix[room.text[comments]]
    voices = has[voice].sum(axis=0)
    low, high = wilson(voices, np.full(len(voices), of))
    out = []
    for (facet, label), column in room.columns.items():
        chosen = comments[has[:, column]]
        out.append(
            Labelled(
                facet,
                label,
                lines=len(chosen),
                people=room.people(chosen),
                voices=int(voices[column]),
                of=of,
                low=float(low[column]),
                high=float(high[column]),
                quotes=room.quotes(chosen),
            )
        )
    return tuple(out)


def products(room: Room, comments: Ints) -> tuple[Named, ...]:
    """Product kinds that comments name, most lines first."""
    kinds, of_text = room.products
    found: list[Named] = []
    for kind, name in enumerate(kinds):
        chosen = comments[of_text[room.normal[comments], kind]]
        if len(chosen):
            found.append(named(room, name, chosen))
    return tuple(sorted(found, key=lambda one: (-one.lines, -one.people)))


def named(room: Room, name: str, comments: Ints, most: int = MOST_QUOTES) -> Named:
    """Something with the comments on it."""
    return Named(name, len(comments), room.people(comments), room.quotes(comments, most))


def apart(room: Room, here: Ints, most: int = WORDS) -> tuple[Word, ...]:
    """Words that set some comments apart from all others, the most telling first.

    Weighted log-odds with an informative Dirichlet prior (Monroe, Colaresi and Quinn 2008), each
    voice counting once for each of its words.
    """
    here = here[room.voice[here]]
    if not 0 < len(here) < room.voice.sum():
        return ()
    words = room.words
    whose, said = words.of_texts(room.normal[here])
    counts = np.bincount(said, minlength=len(words.vocabulary))
    others = room.word_counts - counts
    z = log_odds(counts, others)
    best = np.flatnonzero((counts >= _LEAST_SAID) & (z >= _LEAST_Z))
    best = best[np.argsort(-z[best], kind="stable")][:most]
    found = []
    for code in best.tolist():
        quotes = room.quotes(here[whose[said == code]], _FEW_QUOTES)
        found.append(Word(words.vocabulary[code], int(counts[code]), int(others[code]),
                          float(z[code]), quotes))  # fmt: skip
    return tuple(found)
