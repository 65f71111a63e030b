"""Noise: lines in which nobody has a word to say — one-tap phrases and spam.

One set of rules for reports, live page and `inspect`. A button is told by what it says: a phrase of
the table, a line made of an offer's words only, or the host's own words. How many people post the
same line tells a button only where the line neither asks nor complains: a complaint that a third of
the room pastes in the same words is the hottest thing there is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from commentnlp.errors import ReadError
from commentnlp.records import Tagged
from commentnlp.shipped import TRAINING_DATA
from commentnlp.tables import read_table
from commentnlp.text import CONTACT, LINK

ONE_TAP, SPAM = "one_tap", "spam"
NOISE_KINDS = (ONE_TAP, SPAM)

MIN_ONE_TAP_LENGTH = 6
"""Characters of the shortest line taken for one-tap because of who else posts it: everybody types
好看 or 多少钱 by hand."""
MIN_ONE_TAP_PEOPLE = 10
"""People who post the same words before these can be a one-tap phrase."""
MIN_ONE_TAP_SHARE = 1 / 200
"""Of all who typed: in a large room, ten people say many things in the same words."""
MIN_FLOOD_LINES = 5
"""Times one person posts the same words before it is a flood (刷屏)."""

COMPLAINT = "complaint"
ASK = ("act", "ask")
COMPLAIN = ("act", "complain")
"""The facet and the labels that rules ask after by name."""

_KINDS = ("phrase", "get", "gift", "filler", "invite", "order")
_LONGEST_OFFER = 30
_MOST_REMEMBERED = 20_000
"""Texts whose kind is remembered: a live room is looked at again and again."""
_GET, _GIFT = 1, 2
_NO_WORD = re.compile(r"[\W_]+")
_NUMBER = re.compile(r"\d{6}")

_T = TypeVar("_T", int, npt.NDArray[np.int64])


def words_only(normal: str) -> str:
    """Leave out blanks, signs and emoji of a normalised text: two lines with equal results say the
    same."""
    return _NO_WORD.sub("", normal)


def is_pasted(people: _T, everyone: int) -> bool | npt.NDArray[np.bool_]:
    """Tell whether the same words come from so many of ``everyone`` that nobody typed them.

    Meant for lines of `MIN_ONE_TAP_LENGTH` characters or more that neither ask nor complain.
    """
    return (people >= MIN_ONE_TAP_PEOPLE) & (people >= MIN_ONE_TAP_SHARE * everyone)


def without_complaint(tagged: Tagged) -> Tagged:
    """Take every complaint out of a comment's tags, and the evidence of these."""
    tags = {**tagged.tags, **({COMPLAINT: ()} if COMPLAINT in tagged.tags else {})}
    facet, label = COMPLAIN
    if facet in tags:
        tags[facet] = tuple(tag for tag in tags[facet] if tag.label != label)
    left = {tag.label for several in tags.values() for tag in several}
    evidence = tuple(proof for proof in tagged.evidence if proof.label in left)
    return replace(tagged, tags=tags, evidence=evidence)


@dataclass(frozen=True)
class Noise:
    """The table ``noise.tsv``: kind → words."""

    words: Mapping[str, tuple[str, ...]]

    @classmethod
    def of(cls, rows: Iterable[Sequence[str]], place: str) -> Noise:
        """Build from rows of a kind and words. Raises ReadError, which names ``place``."""
        words: dict[str, dict[str, None]] = {kind: {} for kind in _KINDS}
        for kind, several in rows:
            if kind not in words:
                raise ReadError(f"{place}: unknown kind {kind!r}; there are {', '.join(_KINDS)}")
            words[kind].update(dict.fromkeys(several.lower().split()))
        return cls({kind: tuple(several) for kind, several in words.items()})

    @classmethod
    def shipped(cls) -> Noise:
        """The table that comes with the library."""
        return _shipped()

    def rows(self) -> list[tuple[str, str]]:
        """Rows that `of` reads."""
        return [(kind, " ".join(several)) for kind, several in self.words.items() if several]

    def kind_of(self, normal: str) -> str:
        """Say what kind of noise a normalised text is: one of `NOISE_KINDS`; else empty."""
        kind = self._remembered.get(normal)
        if kind is None:
            if len(self._remembered) >= _MOST_REMEMBERED:
                self._remembered.clear()
            kind = self._remembered[normal] = self._find_kind(normal)
        return kind

    def _find_kind(self, normal: str) -> str:
        if self._is_spam(normal):
            return SPAM
        words = words_only(normal)
        return ONE_TAP if words in self._phrases or self._is_offer(words) else ""

    @cached_property
    def _remembered(self) -> dict[str, str]:
        return {}

    def __getstate__(self) -> dict[str, object]:
        """Pickle the table, not what was made of it."""
        return {"words": self.words}

    def _is_spam(self, normal: str) -> bool:
        if LINK in normal:
            return True
        contact = CONTACT in normal
        if not contact and not _NUMBER.search(normal):
            return False
        compact = normal.replace(" ", "")
        if any(word in compact for word in self.words["invite"]):
            return True
        # who asks after a parcel gives the number of an order or telephone
        return contact and not any(word in compact for word in self.words["order"])

    def _is_offer(self, words: str) -> bool:
        """Whether a text is made of an offer's words only, a get and a gift among them."""
        size = len(words)
        if not MIN_ONE_TAP_LENGTH <= size <= _LONGEST_OFFER:
            return False
        # what has been met on the ways to each place; a way is a number of two bits
        ways: list[set[int]] = [{0}, *(set() for _ in range(size))]
        for at in range(size):
            if not ways[at]:
                continue
            if words[at].isdigit():
                ways[at + 1] |= ways[at]
            for end in range(at + 1, min(size, at + self._longest) + 1):
                met = self._offers.get(words[at:end])
                if met is not None:
                    ways[end] |= {way | met for way in ways[at]}
        return _GET | _GIFT in ways[size]

    @cached_property
    def _phrases(self) -> frozenset[str]:
        return frozenset(map(words_only, self.words["phrase"]))

    @cached_property
    def _offers(self) -> dict[str, int]:
        kinds = {"filler": 0, "get": _GET, "gift": _GIFT}
        return {word: met for kind, met in kinds.items() for word in self.words[kind]}

    @cached_property
    def _longest(self) -> int:
        return max(map(len, self._offers), default=0)


@cache
def _shipped() -> Noise:
    path = TRAINING_DATA / "language" / "noise.tsv"
    return Noise.of(read_table(path, 2), str(path))
