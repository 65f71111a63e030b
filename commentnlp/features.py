"""Turn normalised texts into n-grams of words, concepts and characters, a whole batch at a time.

Three sequences stand for a comment: its words; its words with every word of the lexicon replaced
by its concept (圈口, 手寸 and 链长 are all ``SIZE``), so that what was learnt of one holds for
all; and its characters with every figure as 0. Each is an array of small integers in which
`BOUNDARY` parts the comments; n symbols in a row are packed exactly into one 64-bit key and
found in a sorted array of keys. An n-gram may begin or end at the boundary, never cross it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
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

UNKNOWN, BOUNDARY = 0, 1
"""Symbols kept apart in every alphabet: what is not in it, and the edge of a comment."""

OTHER = "OTHER"
"""The concept of a word that is neither common nor in the lexicon."""

ORDERS = {"word": 2, "concept": 3, "char": 3}
"""The longest n-gram of each sequence."""

_FIGURE = re.compile("[0-9]")


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


@dataclass(frozen=True)
class Sequences:
    """A batch as three sequences of symbols, and where each symbol stands."""

    symbols: Mapping[str, Ints]
    row: Mapping[str, Ints]
    start: Mapping[str, Ints]
    end: Mapping[str, Ints]


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
        self._symbols: dict[str, tuple[int, int]] = {SEPARATOR: (BOUNDARY, BOUNDARY)}
        for word, symbol in self._word.items():
            name = self.concepts.get(word) or self.concepts.get(shape(word))
            plain = symbol if symbol < first + common else self._other
            self._symbols[word] = symbol, self._concept[name] if name else plain
        for word, name in self.concepts.items():
            self._symbols.setdefault(word, (UNKNOWN, self._concept[name]))
        self._char = np.zeros(0x110000, np.uint16)
        self._char[[ord(c) for c in chars]] = np.arange(first, first + len(chars))
        self._char[ord("0") : ord("9") + 1] = self._char[ord("0")]
        self._char[ord(SEPARATOR)] = BOUNDARY
        self._offset = dict(
            zip(ORDERS, np.cumsum([0] + [len(self.keys[s]) for s in ORDERS]), strict=False)
        )

    def __len__(self) -> int:
        """How many columns."""
        return sum(map(len, self.keys.values()))

    def extract(self, texts: Sequence[str]) -> Occurrences:
        """Find the features of normalised ``texts``."""
        parts = []
        for name, grams in self.ngrams(texts):
            keys = self.keys[name]
            if not len(keys):
                continue
            column = np.minimum(np.searchsorted(keys, grams.key), len(keys) - 1)
            known = keys[column] == grams.key
            parts.append(
                Occurrences(
                    grams.row[known],
                    (column + self._offset[name])[known],
                    grams.start[known],
                    grams.end[known],
                )
            )
        joined = [np.concatenate(arrays) for arrays in zip(*parts, strict=True)]
        if not joined:
            nothing = np.zeros(0, np.int64)
            return Occurrences(nothing, nothing, nothing, nothing)
        order = np.argsort(joined[0], kind="stable")
        return Occurrences(*(array[order] for array in joined))

    def ngrams(self, texts: Sequence[str]) -> Iterable[tuple[str, Ngrams]]:
        """All n-grams of known symbols, with or without a column, sequence by sequence."""
        sequences = self._sequences(texts)
        for name, longest in ORDERS.items():
            for n in range(1, longest + 1):
                yield name, _ngrams(sequences, name, n, 64 // longest)

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

    def _sequences(self, texts: Sequence[str]) -> Sequences:
        joined = SEPARATOR + SEPARATOR.join(texts) + SEPARATOR
        codes = np.frombuffer(joined.encode("utf-32-le"), np.uint32)
        edge = codes == ord(SEPARATOR)
        row = np.cumsum(edge) - 1
        # where the text of each row begins; the last separator opens no row
        origin = np.flatnonzero(edge) + 1
        words = self.segmenter.cut(joined)
        pairs = np.array([self._symbols.get(w) or self._unknown(w) for w in words], np.int64)
        lengths = np.fromiter(map(len, words), np.int64, len(words))
        word_end = np.cumsum(lengths)
        word_start = word_end - lengths
        word_row = row[word_start]
        char = self._char[codes].astype(np.int64)
        at = np.arange(len(codes)) - origin[row]
        in_text = word_start - origin[word_row]
        spans = {"word": (word_row, in_text), "concept": (word_row, in_text), "char": (row, at)}
        size = {"word": lengths, "concept": lengths, "char": np.ones(len(codes), np.int64)}
        return Sequences(
            {"word": pairs[:, 0], "concept": pairs[:, 1], "char": char},
            {name: r for name, (r, _) in spans.items()},
            {name: s for name, (_, s) in spans.items()},
            {name: s + size[name] for name, (_, s) in spans.items()},
        )

    def _unknown(self, word: str) -> tuple[int, int]:
        """Symbols of a word outside the alphabets: its shape may have a concept."""
        return UNKNOWN, self._symbols.get(shape(word), (UNKNOWN, self._other))[1]


class Ngrams(NamedTuple):
    """N-grams of one length: packed key, text, and the characters covered."""

    key: Keys
    row: Ints
    start: Ints
    end: Ints


def _ngrams(sequences: Sequences, name: str, n: int, bits: int) -> Ngrams:
    symbols = sequences.symbols[name]
    count = max(len(symbols) - n + 1, 0)
    key = np.zeros(count, np.uint64)
    good = np.ones(count, bool)
    for i in range(n):
        symbol = symbols[i : i + count]
        key = (key << np.uint64(bits)) | symbol.astype(np.uint64)
        good &= symbol != UNKNOWN
        if n == 1 or 0 < i < n - 1:
            good &= symbol != BOUNDARY
    # a boundary at both ends holds a whole comment, and holds nothing when n is 2
    if n == 2:
        good &= (symbols[:count] != BOUNDARY) | (symbols[1 : 1 + count] != BOUNDARY)
    at = np.flatnonzero(good)
    first, last = at, at + n - 1
    opens = symbols[first] == BOUNDARY
    closes = symbols[last] == BOUNDARY
    first = first + (opens & (n > 1))
    last = last - (closes & (n > 1))
    return Ngrams(
        key[at], sequences.row[name][first], sequences.start[name][first], sequences.end[name][last]
    )


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
