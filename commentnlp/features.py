"""Turn normalised texts into n-grams of words, concepts and characters, a whole batch at a time.

Three sequences stand for a comment: its words; its words with every word of the lexicon replaced
by its concept (圈口, 手寸 and 链长 are all ``SIZE``), so that what was learnt of one holds for
all; and its characters with every figure as 0. Each is an array of small integers in which
`BOUNDARY` parts the comments; n symbols in a row are packed exactly into one 64-bit key and
found in a table of keys. An n-gram may begin or end at the boundary, never cross it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from itertools import count
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from commentnlp.errors import ReadError
from commentnlp.segment import Segmenter
from commentnlp.tables import read_table
from commentnlp.text import SEPARATOR

Ints = npt.NDArray[np.int64]
Keys = npt.NDArray[np.uint64]
Span = tuple[int, int]

UNKNOWN, BOUNDARY = 0, 1
"""Symbols kept apart in every alphabet: what is not in it, and the edge of a comment."""

OTHER = "OTHER"
"""The concept of a word that is neither common nor in the lexicon."""

ORDERS = {"word": 2, "concept": 3, "char": 3}
"""The longest n-gram of each sequence."""

_FIGURE = re.compile("[0-9]")
_NO_KEY = 1 << 64
FEW = 16
"""Texts from which on arrays pay."""


class Occurrences(NamedTuple):
    """N-grams found in a batch, in order of ``row``: parallel arrays, one entry an occurrence."""

    row: Ints
    """Which text."""
    column: Ints
    """Which feature."""
    start: Ints
    """First character, counted in its text."""
    end: Ints
    """After the last character."""


class Batch(NamedTuple):
    """Texts joined by `SEPARATOR` as three sequences of symbols, and where each symbol stands.

    Parts of texts may follow, as symbols only. Characters are counted in the joined texts.
    """

    origin: Ints
    """First character of each text and part."""
    symbols: Mapping[str, Ints]
    row: Mapping[str, Ints]
    start: Mapping[str, Ints]
    end: Mapping[str, Ints]


class Found(NamedTuple):
    """The features that stand in a batch."""

    batch: Batch
    grams: list[tuple[str, int, Ints, Ints]]
    """Sequence, length, at which symbols the n-grams begin, their columns."""
    width: int
    """How many columns there are."""

    def cells(self) -> tuple[Ints, Ints]:
        """Row and column of every feature, each once, in order."""
        keys = [
            _rows(self.batch, name, at) * self.width + column for name, _, at, column in self.grams
        ]
        cells = np.sort(np.concatenate(keys)) if keys else np.zeros(0, np.int64)
        cells = cells[first_of_each(cells)]
        row = cells // max(self.width, 1)
        return row, cells - row * self.width

    def occurrences(self, rows: Ints) -> Occurrences:
        """Every place where a feature stands in some ``rows``, which are renumbered from 0."""
        batch = self.batch
        number = np.full(len(batch.origin), -1)
        number[rows] = np.arange(len(rows))
        parts = []
        for name, n, at, column in self.grams:
            row = number[_rows(batch, name, at)]
            kept = np.flatnonzero(row >= 0)
            row, first, last = row[kept], at[kept], at[kept] + n - 1
            symbols, origin = batch.symbols[name], batch.origin[rows[row]]
            first = first + ((symbols[first] == BOUNDARY) & (n > 1))
            last = last - ((symbols[last] == BOUNDARY) & (n > 1))
            start, end = batch.start[name][first] - origin, batch.end[name][last] - origin
            parts.append(Occurrences(row, column[kept], start, end))
        if not parts:
            nothing = np.zeros(0, np.int64)
            return Occurrences(nothing, nothing, nothing, nothing)
        joined = [np.concatenate(arrays) for arrays in zip(*parts, strict=True)]
        order = np.argsort(joined[0], kind="stable")
        return Occurrences(*(array[order] for array in joined))

    def words(self, rows: Ints) -> tuple[Ints, Ints, Ints]:
        """Where the words of each of ``rows`` begin in the next two arrays, and their end.

        These hold the first character of every word and the one after its last, counted in its
        row.
        """
        batch = self.batch
        row = batch.row["word"]
        # a boundary stands before the words of each row
        begin = np.searchsorted(row, rows) + 1
        count = np.searchsorted(row, rows, side="right") - begin
        end = np.cumsum(count)
        index = np.repeat(begin - end + count, count) + np.arange(count.sum())
        origin = np.repeat(batch.origin[rows], count)
        first = np.concatenate([np.zeros(1, np.int64), end])
        return first, batch.start["word"][index] - origin, batch.end["word"][index] - origin


def shape(word: str) -> str:
    """A word with its figures hidden: ``18k`` → ``##k``."""
    return _FIGURE.sub("#", word)


def read_concepts(path: Path) -> dict[str, str]:
    """The lexicon: word (or shape, such as ``##k``) → concept.

    Each line of the table holds a concept and, blank-separated, words. Raises ReadError where a
    word stands under two concepts.
    """
    concepts: dict[str, str] = {}
    for concept, words in read_table(path, 2):
        for word in words.split():
            if concepts.setdefault(word.lower(), concept) != concept:
                raise ReadError(
                    f"{path}: {word!r} stands under {concepts[word.lower()]} and {concept};"
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
    ) -> None:
        """Take the values: lexicon, alphabets, sorted keys of each sequence.

        The first ``common`` words stand for themselves among the concepts; the rarer ones, and
        all words outside the alphabet, are ``OTHER`` there unless the lexicon has them.
        """
        self.segmenter = segmenter
        self.concepts = dict(concepts)
        self.words = tuple(words)
        self.common = common
        self.chars = chars
        self.keys = dict(keys)
        first = BOUNDARY + 1
        self._word = {word: i for i, word in enumerate(self.words, first)}
        # concepts share an alphabet with the words that have none
        names = dict.fromkeys([OTHER, *self.concepts.values()])
        self._concept = {name: i for i, name in enumerate(names, first + len(self.words))}
        self._other = self._concept[OTHER]
        self._symbols = _Symbols(self._other)
        self._symbols[SEPARATOR] = BOUNDARY << 32 | BOUNDARY
        for word, symbol in self._word.items():
            name = self.concepts.get(word) or self.concepts.get(shape(word))
            plain = symbol if symbol < first + common else self._other
            self._symbols[word] = symbol << 32 | (self._concept[name] if name else plain)
        for word, name in self.concepts.items():
            self._symbols.setdefault(word, UNKNOWN << 32 | self._concept[name])
        self._char = np.zeros(0x110000, np.uint16)
        self._char[[ord(c) for c in chars]] = np.arange(first, first + len(chars))
        self._char[ord("0") : ord("9") + 1] = self._char[ord("0")]
        self._char[ord(SEPARATOR)] = BOUNDARY
        self._tables = {name: _Table(keys) for name, keys in self.keys.items()}
        self._offset = dict(
            zip(ORDERS, np.cumsum([0] + [len(self.keys[s]) for s in ORDERS]), strict=False)
        )

    def __len__(self) -> int:
        """How many columns."""
        return sum(map(len, self.keys.values()))

    def find(
        self, texts: Sequence[str], parts_of: Sequence[int] = (), spans: Sequence[Span] = ()
    ) -> Found:
        """Find the features in normalised ``texts``.

        After them come, as if they were texts, parts of some: ``parts_of`` says of which, in
        order, ``spans`` from where to where. Words are cut but once, so no word may reach over
        the edge of a part.
        """
        batch = self._batch(texts)
        if spans:
            batch = _with_parts(batch, np.array(parts_of), np.array(spans), len(texts))
        grams = []
        for name, n in self._lengths():
            at, key = _ngrams(batch.symbols[name], n, 64 // ORDERS[name])
            column, known = self._tables[name].find(key)
            grams.append((name, n, at[known], column + self._offset[name]))
        return Found(batch, grams, len(self))

    def cells_of_few(self, texts: Sequence[str]) -> tuple[Ints, Ints]:
        """What ``find(texts).cells()`` gives, without the fixed cost of arrays."""
        rows: list[int] = []
        columns: list[int] = []
        for row, text in enumerate(texts):
            pairs = [self._symbols[word] for word in self.segmenter.cut(text)]
            symbols = {
                "word": [pair >> 32 for pair in pairs],
                "concept": [pair & 0xFFFFFFFF for pair in pairs],
                "char": self._char[list(map(ord, text))].tolist() if text else [],
            }
            found: list[int] = []
            for name, n in ORDERS.items():
                found += _known(self._columns[name], symbols[name], n, 64 // n)
            found = sorted(set(found))
            columns += found
            rows += [row] * len(found)
        return np.array(rows, np.int64), np.array(columns, np.int64)

    @cached_property
    def _columns(self) -> dict[str, dict[int, int]]:
        """Sequence → key → column, for `cells_of_few`."""
        return {
            name: dict(zip(keys.tolist(), count(self._offset[name]), strict=False))
            for name, keys in self.keys.items()
        }

    def keys_of(self, texts: Sequence[str]) -> Iterable[tuple[str, Keys]]:
        """Keys of all n-grams of known symbols, each once a text, sequence by sequence."""
        batch = self._batch(texts)
        for name, longest in ORDERS.items():
            for n in range(1, longest + 1):
                at, key = _ngrams(batch.symbols[name], n, 64 // longest)
                row = _rows(batch, name, at).astype(np.uint64)
                yield name, np.unique(np.stack([row, key]), axis=1)[1]

    def _lengths(self) -> list[tuple[str, int]]:
        """Sequences that have columns, and the lengths of their n-grams."""
        return [
            (name, n)
            for name, longest in ORDERS.items()
            if len(self.keys[name])
            for n in range(1, longest + 1)
        ]

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
        edge = codes == ord(SEPARATOR)
        row = np.cumsum(edge) - 1
        words = self.segmenter.cut(joined)
        pair = np.fromiter(map(self._symbols.__getitem__, words), np.int64, len(words))
        word_end = np.cumsum(np.fromiter(map(len, words), np.int64, len(words)))
        word_start = np.concatenate([np.zeros(1, np.int64), word_end[:-1]])
        word_row = row[word_start]
        at = np.arange(len(codes))
        char = self._char[codes].astype(np.int64)
        return Batch(
            np.flatnonzero(edge) + 1,
            {"word": pair >> 32, "concept": pair & 0xFFFFFFFF, "char": char},
            {"word": word_row, "concept": word_row, "char": row},
            {"word": word_start, "concept": word_start, "char": at},
            {"word": word_end, "concept": word_end, "char": at + 1},
        )


class _Symbols(dict[str, int]):
    """Word → its symbols among words and concepts, packed into one integer.

    A word outside the alphabets is not kept, however often it comes: streams have no end.
    """

    def __init__(self, other: int) -> None:
        super().__init__()
        self._other = UNKNOWN << 32 | other

    def __missing__(self, word: str) -> int:
        # its shape may have a concept
        return UNKNOWN << 32 | (self.get(shape(word), self._other) & 0xFFFFFFFF)


_EMPTY = np.uint64(0xFFFFFFFFFFFFFFFF)
_SPREAD = np.uint64(0x9E3779B97F4A7C15)  # 2^64 / golden ratio: Fibonacci hashing (Knuth)


class _Table:
    """Key → place in a sorted array of keys: open addressing in two arrays, a quarter full."""

    def __init__(self, keys: Keys) -> None:
        bits = max(4, int(len(keys) * 4).bit_length())
        self._shift = np.uint64(64 - bits)
        self._mask = np.uint64((1 << bits) - 1)
        self._keys = np.full(1 << bits, _EMPTY)
        self._places = np.zeros(1 << bits, np.int64)
        left = np.arange(len(keys))
        slot = self._slot(keys)
        while len(left):
            free = self._keys[slot] == _EMPTY
            self._keys[slot[free]] = keys[left[free]]  # of those that want one slot, one gets it
            self._places[slot[free]] = left[free]
            waits = self._keys[slot] != keys[left]
            left, slot = left[waits], (slot[waits] + np.uint64(1)) & self._mask

    def _slot(self, keys: Keys) -> Keys:
        slot: Keys = (keys * _SPREAD) >> self._shift
        return slot

    def find(self, keys: Keys) -> tuple[Ints, Ints]:
        """Place of every key that has one, and which those are, in order."""
        slot = self._slot(keys)
        held = self._keys[slot]
        known = held == keys
        left = np.flatnonzero(~known & (held != _EMPTY))
        next_slot = slot[left]
        while len(left):
            next_slot = (next_slot + np.uint64(1)) & self._mask
            held = self._keys[next_slot]
            here = held == keys[left]
            known[left[here]] = True
            slot[left] = next_slot
            goes_on = ~here & (held != _EMPTY)
            left, next_slot = left[goes_on], next_slot[goes_on]
        at = np.flatnonzero(known)
        return self._places[slot[at]], at


def _with_parts(batch: Batch, parts_of: Ints, spans: Ints, texts: int) -> Batch:
    """The batch with parts of its texts after them, as symbols: they are looked up like texts."""
    start = batch.origin[parts_of] + spans[:, 0]
    end = batch.origin[parts_of] + spans[:, 1]
    row = np.arange(texts, texts + len(spans))
    symbols, rows, starts, ends = {}, {}, {}, {}
    for name, known in batch.symbols.items():
        first = np.searchsorted(batch.start[name], start)
        size = np.searchsorted(batch.start[name], end) - first + 1
        last = np.cumsum(size) - 1
        index = np.arange(last[-1] + 1) + np.repeat(first - last + size - 1, size)
        index[last] = 0  # what stands before the first text: a boundary
        symbols[name] = np.concatenate([known, known[index]])
        rows[name] = np.concatenate([batch.row[name], np.repeat(row, size)])
        starts[name] = np.concatenate([batch.start[name], batch.start[name][index]])
        ends[name] = np.concatenate([batch.end[name], batch.end[name][index]])
    origin = np.concatenate([batch.origin[:texts], start])
    return Batch(origin, symbols, rows, starts, ends)


def _rows(batch: Batch, name: str, at: Ints) -> Ints:
    """Text of the n-grams that begin at ``at``: a boundary belongs to the text after it."""
    return np.asarray(batch.row[name][at + (batch.symbols[name][at] == BOUNDARY)])


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


def _known(
    columns: Mapping[int, int], symbols: Sequence[int], longest: int, bits: int
) -> list[int]:
    """Columns of the n-grams of one text, up to the ``longest``, that have one."""
    edged = [BOUNDARY, *symbols, BOUNDARY]
    # what begins with an unknown symbol would be taken for something shorter
    keys = [symbol or _NO_KEY for symbol in edged]
    found = []
    for n in range(1, longest + 1):
        found += [columns[key] for key in keys if key in columns]
        keys = [key << bits | symbol for key, symbol in zip(keys, edged[n:], strict=False)]
    return found


def first_of_each(row: Ints) -> Ints:
    """Where each row begins in an array of rows in order."""
    changes = np.empty(len(row), bool)
    changes[:1] = True
    np.not_equal(row[1:], row[:-1], out=changes[1:])
    return np.asarray(np.flatnonzero(changes))


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
