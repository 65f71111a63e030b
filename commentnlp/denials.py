"""Denial: which words stand within reach of a 'not', so that a denied fault is no complaint.

The scope of a negator runs to the end of its clause, as in Pang, Lee and Vaithyanathan (EMNLP
2002), but no further than a few words, since viewers leave out the punctuation. Chinese denies
backwards, too (一点色差都没有), and asks by X-not-X (掉不掉色), which denies nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from commentnlp.arrays import Ints
from commentnlp.errors import ReadError

Bools = npt.NDArray[np.bool_]

NEGATOR, FINAL, STOP, TAIL, DENIABLE = (1 << bit for bit in range(5))
"""What a word can be, as bits: it denies what follows; at the end of a clause it denies what stands
before; it ends the reach; it may follow a final one; it can be denied."""

ROLES = NEGATOR | FINAL | STOP | TAIL | DENIABLE

_WORDS_AFTER, _WORDS_BEFORE = 4, 3
"""How far a negator reaches."""

_KINDS = {"negator": NEGATOR, "final": FINAL, "stop": STOP, "tail": TAIL}
_CONCEPTS = "concepts"


@dataclass(frozen=True)
class Denials:
    """The table ``denials.tsv``: roles of words, and the concepts that can be denied."""

    roles: dict[str, int]
    concepts: frozenset[str]

    @classmethod
    def of(cls, rows: Iterable[Sequence[str]], place: str) -> Denials:
        """Build from rows of a kind and words. Raises ReadError, which names ``place``."""
        roles: dict[str, int] = {}
        concepts: set[str] = set()
        for kind, words in rows:
            if kind == _CONCEPTS:
                concepts.update(words.split())
            elif kind in _KINDS:
                for word in words.split():
                    roles[word] = roles.get(word, 0) | _KINDS[kind]
            else:
                raise ReadError(
                    f"{place}: unknown kind {kind!r}; there are {', '.join([*_KINDS, _CONCEPTS])}"
                )
        return cls(roles, frozenset(concepts))

    def rows(self) -> list[tuple[str, str]]:
        """Rows that `of` reads."""
        kinds = [
            (kind, " ".join(word for word, role in self.roles.items() if role & bit))
            for kind, bit in _KINDS.items()
        ]
        return [row for row in (*kinds, (_CONCEPTS, " ".join(sorted(self.concepts)))) if row[1]]


NO_DENIALS = Denials({}, frozenset())


def find_denied(roles: Ints, asked: Bools) -> Bools:
    """Which words are denied, given the roles of the words of one or several texts in a row.

    ``asked`` tells of which negators the words on both sides begin and end alike (掉不掉色).
    """
    going = (roles & STOP) == 0
    denied = np.zeros(len(roles), bool)
    reach = ((roles & NEGATOR) > 0) & ~asked
    for _ in range(_WORDS_AFTER):
        reach[1:] = reach[:-1] & going[1:]
        reach[0] = False
        denied |= reach
    ends = np.ones(len(roles), bool)
    np.logical_not(going[1:], out=ends[:-1])
    ends[:-1] |= ((roles[1:] & TAIL) > 0) & ends[1:]
    reach = ((roles & FINAL) > 0) & ends & ~asked
    for _ in range(_WORDS_BEFORE):
        reach[:-1] = reach[1:] & going[:-1]
        reach[-1] = False
        denied |= reach
    return denied & ((roles & DENIABLE) > 0)
