"""Were they answered: questions of viewers against what host and staff typed, or showed, next."""

from __future__ import annotations

from collections import Counter

import numpy as np

from commentnlp.intervals import wilson
from commentnlp.noise import MIN_FLOOD_LINES
from commentnlp.report.answers import Ask, Said, answers, items_named
from commentnlp.report.log import NOBODY, Bools, Ints
from commentnlp.report.records import Answer, AnsweredStep, Question, Responses
from commentnlp.report.room import Room
from commentnlp.report.topics import Asked, Explained

LEAST_PEOPLE = 3
"""People who must ask before a question is listed as never answered."""
_MOST_UNANSWERED = 30
_MOST_EXAMPLES = 10


def responses(room: Room, asked: Asked, explained: Explained) -> Responses | None:
    """Match questions with answers, and tell ``asked`` which were answered.

    None where host and staff typed nothing, so that nothing can be said. What the host says aloud
    is in no file: the answered share is a lower bound.
    """
    log = room.log
    typed = room.by_host
    if not typed.any():
        return None
    window = room.settings.window
    questions, pairs = answered(room, asked, explained, window)
    hit = np.isin(questions, [comment for comment, *_ in pairs])
    asked.answered = _answered(room, asked, questions[hit])
    waits = np.array([log.time[event] - room.time[comment] for comment, event, _ in pairs])
    low, high = wilson(len(pairs), len(questions))
    return Responses(
        window=window,
        host_lines=int(typed.sum()),
        announcements=int((typed & _announced(room, explained)).sum()),
        asked=len(questions),
        answered=len(pairs),
        low=float(low),
        high=float(high),
        median_wait=float(np.median(waits)) if len(waits) else None,
        p90_wait=float(np.quantile(waits, 0.9)) if len(waits) else None,
        by=dict(Counter(by for *_, by in pairs).most_common()),
        steps=_steps(room, questions, hit),
        examples=tuple(
            Answer(room.quote(int(room.said[comment])), room.quote(event), float(wait), by)
            for (comment, event, by), wait in zip(pairs, waits, strict=True)
            if typed[event]
        )[:_MOST_EXAMPLES],
        unanswered=_never(room, asked),
    )


def answered(
    room: Room, asked: Asked, explained: Explained, window: float
) -> tuple[Ints, list[tuple[int, int, str]]]:
    """Match questions with the host's messages of the next ``window`` seconds.

    Gives the questions that could be answered, and those that were, as ``(comment, event of the
    log that answered it, by what)``.
    """
    questions = np.flatnonzero(asked.is_question & room.voice & ~np.isnan(room.time))
    messages = np.flatnonzero((room.by_host | _shows(room)) & room.timed)
    if not len(messages):
        return questions, []
    announced = _announced(room, explained)
    found = answers(
        [_ask(room, comment) for comment in questions.tolist()],
        [_said(room, explained, event, bool(announced[event])) for event in messages.tolist()],
        window,
    )
    return questions, [
        (comment, int(messages[answer[0]]), answer[1])
        for comment, answer in zip(questions.tolist(), found, strict=True)
        if answer is not None
    ]


def _announced(room: Room, explained: Explained) -> Bools:
    """What a tool announced, or the host's side typed so often that it answers nobody."""
    times = np.bincount(room.log.text[room.by_host], minlength=len(room.log.texts) or 1)
    often: Bools = room.by_host & (times[room.log.text] >= MIN_FLOOD_LINES)
    return explained.announcement | often


def _shows(room: Room) -> Bools:
    """Events that show an item, whether or not the host typed anything."""
    shown: Bools = room.log.is_kind("explain_start", "explain") & (room.log.item != NOBODY)
    return shown


def _ask(room: Room, comment: int) -> Ask:
    log, event = room.log, int(room.said[comment])
    text = int(room.text[comment])
    name = log.names[log.name[event]] if log.name[event] != NOBODY else ""
    words, concepts = _words(room, text)
    return Ask(
        time=float(room.time[comment]),
        name=name,
        items=_items(log.texts[text]),
        words=words,
        concepts=concepts,
        topics=_topics(room, text),
    )


def _items(question: str) -> frozenset[str]:
    """Items that a question names; a bare number asks to be shown that one."""
    number = question.strip().lstrip("0")
    if number.isdecimal() and len(number) < 5:
        return frozenset({str(int(number))})
    return items_named(question)


def _said(room: Room, explained: Explained, event: int, announces: bool) -> Said:
    log = room.log
    text = int(log.text[event])
    if text == NOBODY:  # an item is shown
        item = items_named(explained.names[explained.of_item[log.item[event]]])
        nothing: frozenset[str] = frozenset()
        return Said(float(log.time[event]), "", item, nothing, nothing, nothing, True)
    words, concepts = _words(room, text)
    return Said(
        time=float(log.time[event]),
        text=log.texts[text],
        items=items_named(log.texts[text]),
        words=words,
        concepts=concepts,
        topics=_topics(room, text),
        announces=announces,
    )


def _words(room: Room, text: int) -> tuple[frozenset[str], frozenset[str]]:
    words = room.words.of_text(int(room.texts.normal[text]))
    concepts = room.words.concepts
    return frozenset(words), frozenset(concepts[word] for word in words if word in concepts)


def _topics(room: Room, text: int) -> frozenset[str]:
    """Labels on what a text is about; what its author does, such as asking, is no topic."""
    return frozenset(
        f"{facet}/{label}"
        for (facet, label), column in room.columns.items()
        if facet != "act" and room.texts.matrix[text, column]
    )


def _answered(room: Room, asked: Asked, comments: Ints) -> Bools:
    """Which lines were answered: these, and what the same person repeated in the step."""
    found = np.zeros(len(room.said), bool)
    found[comments] = True
    done = set(zip(room.user[comments].tolist(), room.normal[comments].tolist(),
                   room.step[comments].tolist(), strict=True))  # fmt: skip
    for comment in np.flatnonzero(room.repeat & asked.is_question).tolist():
        key = int(room.user[comment]), int(room.normal[comment]), int(room.step[comment])
        found[comment] = key in done
    return found


def _steps(room: Room, questions: Ints, hit: Bools) -> tuple[AnsweredStep, ...]:
    out = []
    for begun, _ in room.steps:
        here = room.step[questions] == begun
        start = room.moment(begun)
        if here.any() and start:
            out.append(AnsweredStep(start, int(here.sum()), int((here & hit).sum())))
    return tuple(out)


def _never(room: Room, asked: Asked) -> tuple[Question, ...]:
    every = asked.most(np.arange(len(room.said)), most=len(room.said), least_people=LEAST_PEOPLE)
    return tuple(question for question in every if not question.answered)[:_MOST_UNANSWERED]
