"""Turn normalised texts into n-grams of words, concepts and characters, a whole batch at a time.

Three sequences stand for a comment: its words; its words with every word of the lexicon replaced
by its concept (圈口, 手寸 and 链长 are all ``SIZE``), so that what was learnt of one holds for
all; and its characters with every figure as 0. Each is an array of small integers in which
`BOUNDARY` parts the comments; n symbols in a row are packed exactly into one 64-bit key, and
the keys of all three are found in one table. An n-gram may begin or end at the boundary, never
cross it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from commentnlp.arrays import Ints, first_of_each, ranges
from commentnlp.denials import (
    DENIABLE,
    FINAL,
    NEGATOR,
    NO_DENIALS,
    ROLES,
    STOP,
    Denials,
    find_denied,
)
from commentnlp.errors import ModelError, ReadError
from commentnlp.segment import Segmenter
from commentnlp.text import SEPARATOR

Keys = npt.NDArray[np.uint64]
Bools = npt.NDArray[np.bool_]

UNKNOWN, BOUNDARY = 0, 1
"""Symbols kept apart in every alphabet: what is not in it, and the edge of a comment."""

OTHER = "OTHER"
"""The concept of a word that is neither common nor in the lexicon."""

ASKED = "X_NOT_X"
"""The concept of a 不 or 没 between two words that begin and end alike (掉不掉色): a question."""

ORDERS = {"word": 2, "concept": 3, "char": 3}
"""The longest n-gram of each sequence."""

_FIGURE = re.compile("[0-9]")

_BITS = 21
"""Bits of a symbol in the keys that are looked up: three fit."""

_OWN = 1 << 19
"""Symbols of a sequence; which sequence it is stands in the bits above, so that one table holds
the keys of all."""

_WORD, _CONCEPT, _CHAR = (number * _OWN for number in range(1, 4))

_ROLE_BIT = 24
"""Where the roles of a word in a denial stand in a packed pair, above its concept."""

_LONGEST_LETTERS = 2
"""Letters in a row that are characters like others (``18k``, ``cm``); more are one word."""


class Batch(NamedTuple):
    """Texts joined by `SEPARATOR`, as symbols."""

    symbols: Ints
    """Those of the words, of the concepts and of the characters, one sequence after the other."""
    row: Ints
    """Which text each belongs to; a boundary belongs to the text after it."""
    words: int
    """How many of the symbols, the first ones, are words. As many are concepts."""
    word_end: Ints
    """The end of each word, counted in the joined texts."""
    origin: Ints
    """Where each text begins in the joined texts, and where one after the last would."""

    def spans(self) -> tuple[Ints, Ints]:
        """The first character of each symbol and the one after its last, in the joined texts.

        A boundary starts where the text after it does and ends where the one before it does: so
        an n-gram runs from the start of its first symbol to the end of its last.
        """
        char_end = np.arange(1, len(self.symbols) - 2 * self.words + 1)
        end = np.concatenate([self.word_end, self.word_end, char_end])
        start = np.empty_like(end)
        start[1:] = end[:-1]
        start[[0, self.words, 2 * self.words]] = 0
        edge = self.symbols & (_OWN - 1) == BOUNDARY
        return start + edge, end - edge

    def words_of(self, rows: Ints) -> tuple[Ints, Ints]:
        """The first word of each of ``rows`` among the symbols, and how many it has.

        The boundary after a text counts as its word.
        """
        (edge,) = (self.symbols[: self.words] == _WORD + BOUNDARY).nonzero()
        return edge[rows] + 1, edge[rows + 1] - edge[rows]


class Found(NamedTuple):
    """The n-grams that have a column: one entry an occurrence, in order of row and column."""

    batch: Batch
    row: Ints
    """Which text."""
    column: Ints
    """Which feature."""
    gram: Ints
    """Which of all n-grams of the batch."""
    first: Ints
    """The first occurrence of every feature in every text."""

    def cells(self) -> tuple[Ints, Ints]:
        """Row and column of every feature, each once, in order."""
        return self.row[self.first], self.column[self.first]

    def spans(self, part: Ints) -> tuple[Ints, Ints]:
        """Of some occurrences the first character and the one after the last, in joined texts."""
        start, end = self.batch.spans()
        words, gram = self.batch.words, self.gram[part]
        start = np.concatenate([start, start[:-1], start[words:-2]])
        end = np.concatenate([end, end[1:], end[words + 2 :]])
        return start[gram], end[gram]


def shape(word: str) -> str:
    """A word with its figures hidden: ``18k`` → ``##k``."""
    return _FIGURE.sub("#", word)


def concepts_of(rows: Iterable[Sequence[str]], place: str) -> dict[str, str]:
    """The lexicon: word (or shape, such as ``##k``) → concept.

    Each row holds a concept and, blank-separated, words. Raises ReadError, which names ``place``,
    where a word stands under two concepts.
    """
    concepts: dict[str, str] = {}
    for concept, words in rows:
        for word in words.split():
            if concepts.setdefault(word.lower(), concept) != concept:
                raise ReadError(
                    f"{place}: {word!r} stands under {concepts[word.lower()]} and {concept};"
                    " keep it under one"
                )
    return concepts


class Features:
    """The features of a model: alphabets, and the n-grams that have a column.

    Columns run through words, concepts and characters, each in order of its keys.
    """

    def __init__(
        self,
        segmenter: Segmenter,
        concepts: Mapping[str, str],
        words: Sequence[str],
        common: int,
        chars: str,
        keys: Mapping[str, Keys],
        denials: Denials = NO_DENIALS,
    ) -> None:
        """Take the values: lexicon, alphabets, sorted keys of each sequence, what denies.

        The first ``common`` words stand for themselves among the concepts; the rarer ones, and
        all words outside the alphabet, are ``OTHER`` there unless the lexicon has them.
        """
        self.segmenter = segmenter
        self.concepts = dict(concepts)
        self.words = tuple(words)
        self.common = common
        self.chars = chars
        self.keys = dict(keys)
        self.denials = denials
        first = BOUNDARY + 1
        # concepts share an alphabet with the words that have none
        names = dict.fromkeys([OTHER, ASKED, *self.concepts.values()])
        names.update(dict.fromkeys(f"NOT_{name}" for name in sorted(denials.concepts)))
        self._concept = {name: i for i, name in enumerate(names, first + len(self.words))}
        if max(len(self.words) + len(names), len(chars)) > _OWN - first:
            raise ModelError(
                f"{len(self.words)} words and {len(chars)} characters: an alphabet has room for"
                f" {_OWN - first}; leave out the rare ones"
            )
        other = _CONCEPT | self._concept[OTHER]
        known = {name: _CONCEPT | self._concept[name] for name in names}
        for name in denials.concepts & names.keys():
            known[name] |= DENIABLE << _ROLE_BIT
        self._symbols = _Symbols(other)
        for symbol, word in enumerate(self.words, first):
            named = self.concepts.get(word) or self.concepts.get(shape(word))
            plain = _CONCEPT | symbol if symbol < first + common else other
            self._symbols[word] = _pair(_WORD | symbol, known[named] if named else plain)
        for word, name in self.concepts.items():
            self._symbols.setdefault(word, _pair(_WORD | UNKNOWN, known[name]))
        for word, role in denials.roles.items():
            self._symbols[word] = self._symbols[word] | role << _ROLE_BIT
        self._symbols[" "] = self._symbols[" "] | STOP << _ROLE_BIT
        self._symbols[SEPARATOR] = _pair(_WORD | BOUNDARY, _CONCEPT | BOUNDARY | STOP << _ROLE_BIT)
        self._denied = np.zeros(_OWN, np.int64)
        for name in denials.concepts & self._concept.keys():
            self._denied[self._concept[name]] = self._concept[f"NOT_{name}"]
        self._char = np.zeros(0x110000, np.int64)
        self._char[[ord(c) for c in chars]] = np.arange(first, first + len(chars))
        self._char[ord("0") : ord("9") + 1] = self._char[ord("0")]
        self._char[ord(SEPARATOR)] = BOUNDARY
        self._letter = np.zeros(0x110000, bool)
        self._letter[ord("a") : ord("z") + 1] = True
        self._packed = np.concatenate([_tagged(self.keys[name], name) for name in ORDERS])
        self._offset = dict(
            zip(ORDERS, np.cumsum([0] + [len(self.keys[s]) for s in ORDERS]), strict=False)
        )

    @cached_property
    def _table(self) -> _Table:
        return _Table(self._packed)

    @property
    def other(self) -> int:
        """Symbols of a word that is in no alphabet and no lexicon, packed."""
        return self._symbols.other

    @property
    def asked(self) -> int:
        """Symbol of the concept `ASKED`."""
        return _CONCEPT | self._concept[ASKED]

    def symbols_of(self, sequence: str) -> int:
        """The last symbol in the alphabet of a sequence."""
        more = {"word": len(self.words), "char": len(self.chars)}
        return BOUNDARY + more.get(sequence, len(self.words) + len(self._concept))

    def tables(self) -> dict[str, npt.NDArray[Any]]:
        """The alphabets and the n-grams as arrays, for the compiled core."""
        words = list(self._symbols)
        return {
            "word_codes": np.frombuffer("".join(words).encode("utf-32-le"), np.uint32),
            "word_length": np.fromiter(map(len, words), np.int32, len(words)),
            "word_value": np.fromiter(self._symbols.values(), np.int64, len(words)),
            "char_symbol": self._char,
            "denied": self._denied,
            "keys": self._packed,
        }

    def __len__(self) -> int:
        """How many columns."""
        return sum(map(len, self.keys.values()))

    def find(self, texts: Sequence[str]) -> Found:
        """Find the features in normalised ``texts``."""
        batch = self._batch(texts)
        one, row, words = batch.symbols, batch.row, batch.words
        two = one[:-1] << _BITS | one[1:]
        three = two[words:-1] << _BITS | one[words + 2 :]  # of words there are none
        keys = np.concatenate([one, two, three])
        column, gram = self._table.find(keys)
        row = np.concatenate([row, row[:-1], row[words:-2]])[gram]
        bits = len(self).bit_length()
        cell, gram = _in_order(
            row << bits | column, gram, len(texts).bit_length() + bits, len(keys).bit_length()
        )
        row, column = cell >> bits, cell & ((1 << bits) - 1)
        return Found(batch, row, column, gram, first_of_each(cell))

    def keys_of(self, texts: Sequence[str]) -> Iterable[tuple[str, Keys]]:
        """Keys of all n-grams of known symbols, each once a text, sequence by sequence."""
        batch = self._batch(texts)
        edges = 0, batch.words, 2 * batch.words, len(batch.symbols)
        for (name, longest), begin, end in zip(ORDERS.items(), edges, edges[1:], strict=False):
            symbols = batch.symbols[begin:end] & (_OWN - 1)
            for n in range(1, longest + 1):
                at, key = _ngrams(symbols, n, 64 // longest)
                row = batch.row[begin:end][at].astype(np.uint64)
                yield name, np.unique(np.stack([row, key]), axis=1)[1]

    def name(self, column: int) -> str:
        """A feature in words: ``char:圈口``, ``concept:SIZE 多少 ^``."""
        for sequence in reversed(ORDERS):
            if column >= self._offset[sequence]:
                break
        key = int(self.keys[sequence][column - self._offset[sequence]])
        bits = 64 // ORDERS[sequence]
        symbols = []
        while key:
            symbols.append(key & ((1 << bits) - 1))
            key >>= bits
        names: list[str]
        if sequence == "char":
            names = ["", "^", *self.chars]
            return "char:" + "".join(names[s] for s in reversed(symbols))
        names = ["", "^", *self.words, *self._concept]
        return f"{sequence}:" + " ".join(names[s] for s in reversed(symbols))

    def _batch(self, texts: Sequence[str]) -> Batch:
        joined = SEPARATOR + SEPARATOR.join(texts) + SEPARATOR
        codes = np.frombuffer(joined.encode("utf-32-le"), np.uint32)
        words = self.segmenter.cut(joined)
        pair = np.fromiter(map(self._symbols.__getitem__, words), np.int64, len(words))
        end = np.fromiter(map(len, words), np.int64, len(words)).cumsum()
        char = self._char[codes]
        edge = char == BOUNDARY
        row = edge.cumsum() - 1
        word_row = row[end - 1]
        letters = self._letter[codes]
        if letters.any():
            char[_in_a_long_run(letters)] = UNKNOWN
        word, concept = pair >> 32, pair & (1 << _ROLE_BIT) - 1
        roles = pair >> _ROLE_BIT & ROLES
        if (roles & (NEGATOR | FINAL)).any():
            asked = self._find_asked(roles, codes, end)
            concept[asked] = _CONCEPT | self._concept[ASKED]
            (denied,) = find_denied(roles, asked).nonzero()
            if len(denied):
                word[denied] = _WORD | UNKNOWN
                concept[denied] = _CONCEPT | self._denied[concept[denied] & _OWN - 1]
                before = end[denied - 1]
                char[ranges(before, end[denied] - before)] = UNKNOWN
        return Batch(
            np.concatenate([word, concept, char + _CHAR]),
            np.concatenate([word_row, word_row, row]),
            len(words),
            end,
            edge.nonzero()[0] + 1,
        )

    def _find_asked(self, roles: Ints, codes: npt.NDArray[np.uint32], end: Ints) -> Bools:
        """Which words are negators between two words that begin and end alike."""
        asked = (roles & NEGATOR) > 0
        # the first and the last word are boundaries: something stands on both sides of all others
        before, after = codes[end[:-2] - 1], codes[end[1:-1]]
        asked[1:-1] &= (before == after) & (before != ord(SEPARATOR))
        return asked


def _in_a_long_run(marked: npt.NDArray[np.bool_]) -> Ints:
    """Places in runs of more than `_LONGEST_LETTERS` marked ones."""
    # the first and the last character are separators: every run has an edge on both sides
    (edges,) = (marked[1:] != marked[:-1]).nonzero()
    first, after = edges[::2] + 1, edges[1::2] + 1
    long = after - first > _LONGEST_LETTERS
    return ranges(first[long], (after - first)[long])


def _in_order(high: Ints, low: Ints, high_bits: int, low_bits: int) -> tuple[Ints, Ints]:
    """Both in the order of ``high``, then ``low``, which is in order. The bits are those in use."""
    if high_bits + low_bits > 63:
        order = high.argsort(kind="stable")
        return high[order], low[order]
    # numbers are sorted much faster than an order is found
    packed = high << low_bits | low
    packed.sort()
    return packed >> low_bits, packed & ((1 << low_bits) - 1)


def _pair(word: int, concept: int) -> int:
    return word << 32 | concept


def _tagged(keys: Keys, name: str) -> Ints:
    """The keys of a sequence as they are looked up: every symbol tells which sequence it is of."""
    bits = 64 // ORDERS[name]
    tag = (1 + list(ORDERS).index(name)) * _OWN
    out = np.zeros(len(keys), np.int64)
    for i in range(ORDERS[name]):
        symbol = (keys >> np.uint64(bits * i) & np.uint64((1 << bits) - 1)).astype(np.int64)
        out |= np.where(symbol > 0, symbol | tag, 0) << _BITS * i
    return out


class _Symbols(dict[str, int]):
    """Word → its symbols among words and concepts, packed into one integer.

    A word outside the alphabets is not kept, however often it comes: streams have no end.
    """

    def __init__(self, other: int) -> None:
        super().__init__()
        self.other = _pair(_WORD | UNKNOWN, other)

    def __missing__(self, word: str) -> int:
        # its shape may have a concept
        return _pair(_WORD | UNKNOWN, self.get(shape(word), self.other) & 0xFFFFFFFF)


_NO_KEY = -1
_SPREAD = np.uint64(0x9E3779B97F4A7C15)  # 2^64 / golden ratio: Fibonacci hashing (Knuth)


class _Table:
    """Key → its place. Most keys lie in a slot of their own; the few left over follow, sorted."""

    def __init__(self, keys: Ints) -> None:
        bits = max(4, int(len(keys) * 4).bit_length())
        self._shift = np.uint64(64 - bits)
        self._keys = np.full(1 << bits, _NO_KEY)
        places = np.zeros(1 << bits, np.int64)
        place = np.arange(len(keys))
        slot = self._slot(keys)
        places[slot] = place  # of those that want one slot, one gets it
        self._keys[slot] = keys[places[slot]]
        rest = np.flatnonzero(places[slot] != place)
        rest = rest[np.argsort(keys[rest])]
        # the last one is no key: whatever is sought, it is not beyond the end
        self._rest = np.append(keys[rest], np.iinfo(np.int64).max)
        self._places = np.concatenate([places, rest])

    def _slot(self, keys: Ints) -> Ints:
        slot: Keys = (keys.view(np.uint64) * _SPREAD) >> self._shift
        return slot.view(np.int64)

    def find(self, keys: Ints) -> tuple[Ints, Ints]:
        """Place of every key that has one, and which those are, in order."""
        slot = self._slot(keys)
        held = self._keys[slot]
        known = held == keys
        (left,) = (known < (held != _NO_KEY)).nonzero()
        sought = keys[left]
        at = self._rest.searchsorted(sought)
        known[left] = self._rest[at] == sought
        slot[left] = at + len(self._keys)
        (which,) = known.nonzero()
        return self._places[slot[which]], which


def _ngrams(symbols: Ints, n: int, bits: int) -> tuple[Ints, Keys]:
    """Where the n-grams of known symbols begin, and their keys."""
    count = max(len(symbols) - n + 1, 0)
    key = symbols[:count].astype(np.uint64)
    good = symbols[:count] != UNKNOWN
    if n == 1:
        good &= symbols != BOUNDARY
    for i in range(1, n):
        symbol = symbols[i : i + count]
        key = (key << np.uint64(bits)) | symbol.astype(np.uint64)
        good &= symbol != UNKNOWN
        if i < n - 1:
            good &= symbol != BOUNDARY
    # a boundary at both ends holds a whole comment, and holds nothing when n is 2
    if n == 2:
        good &= (symbols[:count] != BOUNDARY) | (symbols[1:] != BOUNDARY)
    at = np.flatnonzero(good)
    return at, key[at]


def vocabulary(
    texts: Sequence[str], segmenter: Segmenter, *, min_count: int, common_count: int
) -> tuple[list[str], int, str]:
    """Words and characters that stand in at least ``min_count`` texts, the commonest first.

    The number between them says how many words stand in at least ``common_count``.
    """
    words: dict[str, int] = {}
    chars: dict[str, int] = {}
    for text in texts:
        for word in set(segmenter.cut(text)):
            words[word] = words.get(word, 0) + 1
        for char in set(_FIGURE.sub("0", text)):
            chars[char] = chars.get(char, 0) + 1
    kept = sorted((-count, word) for word, count in words.items() if count >= min_count)
    return (
        [word for _, word in kept],
        sum(-count >= common_count for count, _ in kept),
        "".join(sorted(char for char, count in chars.items() if count >= min_count)),
    )
