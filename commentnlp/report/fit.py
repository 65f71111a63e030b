"""Does the model still fit: what was typed in own words against what it was trained on."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from commentnlp.drift import FEWEST, Drift, drift
from commentnlp.novelty import IN_DICTIONARY, IN_LEXICON
from commentnlp.report.quoting import harmless, shown
from commentnlp.report.records import Fit, NewWord
from commentnlp.report.room import Room
from commentnlp.report.wording import Wording, percent

_KNOWN = {IN_DICTIONARY: "dictionary", IN_LEXICON: "lexicon"}
_MOST_NAMED, _LONGEST = 8, 20


def fit(room: Room) -> Fit | None:
    """Compare the room's own words with the model's samples; None where it tells none of them."""
    log = room.log
    spoken = np.unique(room.text[room.own]).tolist()
    found = drift([log.texts[code] for code in spoken], room.model)
    if found is None:
        return None
    return Fit(
        verdict=found.verdict,
        comments=found.comments,
        reasons=found.reasons,
        unknown=found.unknown,
        holding=found.holding,
        unsure=found.unsure,
        words=_words(room, found, spoken),
        labels=found.labels,
        scores=found.scores,
    )


def _words(room: Room, found: Drift, spoken: Sequence[int]) -> tuple[NewWord, ...]:
    examples = {word.example for word in found.words}
    code_of = {room.log.texts[code]: code for code in spoken if room.log.texts[code] in examples}
    out = []
    for word in found.words:
        (comments,) = (room.text == code_of[word.example]).nonzero()
        first = room.quote(int(room.said[comments[0]]))
        known = _KNOWN.get(word.known, "cut")
        out.append(NewWord(shown(word.text), word.comments, word.share, known, (first,)))
    return tuple(out)


def told(found: Fit | None, words: Wording) -> list[str]:
    """Whether it fits, in one sentence; where it does not, why and what to do."""
    say = words.say
    if found is None:
        return [say("fit.no_reference")]
    if found.verdict == "too_few":
        return [say("fit.too_few", comments=f"{found.comments:,}", least=FEWEST)]
    named = say("fit.words", words=_names(found, words)) if found.words else ""
    if found.verdict == "fits":
        figures = {
            f"{name}{end}": percent(value)
            for name, share in (("unknown", found.unknown), ("unsure", found.unsure))
            for end, value in (("", share.share), ("_before", share.expected))
        }
        return [f"{say('fit.fits', **figures)} {named}".rstrip()]
    lines = [say("fit.due")]
    for reason in found.reasons:
        figures = {"share": percent(reason.figure), "usual": percent(reason.expected)}
        lines.append(say(f"fit.{reason.what}", **figures))
    lines += [named] if named else []
    return [*lines, *(say(f"fit.advice.{advice}") for advice in _advice(found))]


def _names(found: Fit, words: Wording) -> str:
    names = "、" if words.language == "zh" else ", "
    return names.join(harmless(word.word, _LONGEST) for word in found.words[:_MOST_NAMED])


def _advice(found: Fit) -> list[str]:
    """What to do, each once; what all of it needs comes last."""
    return [*dict.fromkeys(reason.advice for reason in found.reasons if reason.advice != "label"),
            "label"]  # fmt: skip
