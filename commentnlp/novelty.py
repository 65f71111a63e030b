"""New words: strings that are frequent in what comes in and that a model does not know."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from commentnlp.arrays import first_of_each
from commentnlp.features import BOUNDARY, ORDERS
from commentnlp.model import Model
from commentnlp.similar import key
from commentnlp.text import SEPARATOR

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

IN_DICTIONARY = "in the dictionary, not in the training samples"
"""`NewWord.known` of a word that the segmenter knows and no sample has."""

IN_LEXICON = "in the lexicon, not in the training samples"
"""The same of a word that has a concept."""

FEWEST = 3
"""Comments that a new word must stand in at the very least."""

LONGEST = 8
"""Characters of the longest string that is looked for."""

COHESION = 0.4
"""Least normalised pointwise mutual information of a string that is no word of the dictionary."""

LOOSE = 0.3
"""The same of a string of single characters, which is how names and coined words are cut."""

FREEDOM = 0.7
"""Least entropy, in nats, of what stands before such a string, and of what stands after it."""

TIMES = 4
"""A word of few samples is news where it is this many times as frequent as in them."""

_WITHIN = 0.5
"""A string that has this share of its comments within longer new words is but a part of them."""

_MOSTLY = 0.8
"""A longer string with this share of a word's comments stands in the place of that word."""

_CLIPPED = 200
_CHARACTERS = 3_000_000
"""How much of a comment, and how much of all, is read: enough for words that are frequent."""

_ATTACHED = frozenset(
    "的了吗呢啊吧呀哦嗯哈么嘛啦哇诶欸呗咯噢喔哟嘞滴哒是我你他她它您咱俺这那哪有没不别也都就还又再才只更最太"
    "很好真超可要想会能得地着过在和跟与给把被让到从对向比个一两几多少些点下上里来去看说做用买什怎谁啥咋"
)
"""Function words and others that attach to any word: they begin and end no new one."""


@dataclass(frozen=True, slots=True)
class NewWord:
    """A string that is frequent in comments and unknown to the model."""

    text: str
    """As normalised texts have it."""
    comments: int
    """Different comments that hold it."""
    share: float
    """Of all different comments."""
    known: str
    """What the model has of it: `IN_DICTIONARY`, `IN_LEXICON`, ``cut apart: …`` or ``in 3 training
    samples``."""
    example: str
    """One of the comments, raw."""


def new_words(
    texts: Sequence[str], model: Model, *, least: int | None = None, seldom: int = 0
) -> list[NewWord]:
    """Find words in raw comments that the model does not know, the most frequent first.

    They are, first, words of the segmenter that no training sample has. Second, strings of 2 to
    `LONGEST` characters that the segmenter cuts apart: those that hold together, by the normalised
    pointwise mutual information of the split that chance explains best (Church and Hanks 1990;
    Bouma 2009), and are free: what stands before and after them has a high entropy (branching
    entropy: Jin and Tanaka-Ishii, COLING/ACL 2006; the edge of a comment is each time another
    neighbour). What the model has as a feature is no news, nor is a part of another new word or a
    run of words that anything attaches to.

    Comments count once, however often they come and whatever figures they hold (`similar.key`), so
    that no button which viewers tap makes a word. A word stands in ``least`` of them: if not given,
    in 3, and among more than 1,000 in the square root of their number over 10. Words of up to
    ``seldom`` samples are news, too, where they are `TIMES` as frequent here. Figures, signs and
    @names are no words. Three million characters are read; of more, a part of the comments.
    """
    found = _Found.of(texts, model)
    if not found.raws:
        return []
    rows = len(found.raws)
    least = least or max(FEWEST, round(rows**0.5 / 10))
    kept = _independent([*found.words(model, least, seldom), *found.strings(model, least)])
    return [
        NewWord(
            one.text, len(one.rows), len(one.rows) / rows, one.known, found.example(one)
        )
        for one in sorted(kept, key=lambda one: (-len(one.rows), one.text))
    ]  # fmt: skip


def occurrences(strings: Sequence[str], normal: Sequence[str]) -> list[Ints]:
    """For each of some strings, which of some normalised texts hold it."""
    joined = SEPARATOR.join(normal)
    start = np.cumsum([0, *(len(text) + 1 for text in normal)])
    out = []
    for string in strings:
        places = np.fromiter(_places(joined, string), np.int64)
        out.append(_distinct(np.searchsorted(start, places, "right") - 1))
    return out


def _places(joined: str, text: str) -> Iterator[int]:
    at = joined.find(text)
    while at >= 0:
        yield at
        at = joined.find(text, at + 1)


class _String(NamedTuple):
    text: str
    known: str
    rows: Ints
    """The comments that hold it, in order."""
    whole: bool = True
    """Whether it is one word for the segmenter."""


class _Grams(NamedTuple):
    """The frequent strings of one length."""

    number: Ints
    """Which string begins at each place of the text, -1 for none."""
    comments: Ints
    """In how many comments each stands."""


@dataclass(frozen=True)
class _Found:
    """Different comments joined by `SEPARATOR`, as characters and as words."""

    raws: Sequence[str]
    joined: str
    codes: Ints
    row: Ints
    """Which comment each character belongs to."""
    cut: Sequence[str]
    edge: Bools
    """Where a word begins; one longer than the text."""

    @classmethod
    def of(cls, texts: Sequence[str], model: Model) -> _Found:
        distinct = [text[:_CLIPPED] for text in dict.fromkeys(texts)]
        distinct = distinct[:: 1 + sum(map(len, distinct)) // _CHARACTERS]
        first: dict[str, tuple[str, str]] = {}
        for text in model.normaliser.normalise_all(distinct):
            if text.text and not text.text.isspace():
                first.setdefault(key(text.text), (text.raw, text.text))
        joined = SEPARATOR.join(["", *(normal for _, normal in first.values()), ""])
        codes = np.frombuffer(joined.encode("utf-32-le"), np.uint32).astype(np.int64)
        cut = model.features.segmenter.cut(joined)
        edge = np.zeros(len(codes) + 1, bool)
        edge[np.cumsum([0, *map(len, cut)])] = True
        row = (codes == ord(SEPARATOR)).cumsum() - 1
        return cls([raw for raw, _ in first.values()], joined, codes, row, cut, edge)

    def example(self, word: _String) -> str:
        """A comment that shows a word in use: the shortest that says more than the word."""
        least = len(word.text) + 2
        raws: list[str] = [self.raws[row] for row in word.rows.tolist()]
        return min(raws, key=lambda raw: (len(raw) < least, len(raw)))

    def words(self, model: Model, least: int, seldom: int) -> Iterator[_String]:
        """Words of the segmenter that the model does not know."""
        seen, samples = samples_with(model), _samples(model)
        start = np.flatnonzero(self.edge)[:-1]
        here: dict[str, list[int]] = {}
        for word, at, row in zip(self.cut, start.tolist(), self.row[start].tolist(), strict=True):
            if seen.get(word, 0) <= seldom and self._is_word(word, at):
                here.setdefault(word, []).append(row)
        for word, several in here.items():
            rows, had = _distinct(np.array(several, np.int64)), seen.get(word, 0)
            if len(rows) < least or len(rows) * samples < TIMES * had * len(self.raws):
                continue
            new = IN_LEXICON if word in model.features.concepts else IN_DICTIONARY
            yield _String(word, f"in {had} training samples" if had else new, rows)

    def _is_word(self, word: str, at: int) -> bool:
        if not word.isalpha():
            return False
        if word.isascii():  # letters that the segmenter has cut off are none
            around = self.joined[at - 1] + self.joined[at + len(word)]
            return len(word) > 1 and not any(c.isascii() and c.isalpha() for c in around)
        return len(word) > 1 or word not in _ATTACHED

    def strings(self, model: Model, least: int) -> Iterator[_String]:
        """Strings that the segmenter cuts apart, that hold together and are free."""
        lengths = self._grams(least)
        has = _Has(model)
        for size in range(2, len(lengths) + 1):
            number = lengths[size - 1].number
            for at in self._candidates(lengths, size).tolist():
                pieces = self._pieces(at, size)
                if has.run(pieces) or (has.each(pieces) and _attaches(pieces)):
                    continue
                rows = _distinct(self.row[: len(number)][number == number[at]])
                text, known = self.joined[at : at + size], "|".join(pieces)
                yield _String(text, f"cut apart: {known}", rows, whole=False)

    def _grams(self, least: int) -> list[_Grams]:
        """The frequent strings of letters, of one character, of two, and so on.

        One is frequent only if it is so without its first and without its last character.
        """
        letters = [code for code in set(self.codes.tolist()) if chr(code).isalpha()]
        known = np.isin(self.codes, letters)
        one = _frequent(np.where(known, self.codes, -1), self.row, least)
        lengths = [one]
        while len(lengths) < LONGEST and len(lengths[-1].comments):
            before, tail = lengths[-1].number, one.number[len(lengths) :]
            head, inner = before[: len(tail)], before[1 : len(tail) + 1]
            both = (head[: len(inner)] >= 0) & (inner >= 0)
            pair = head[: len(inner)] * len(one.comments) + tail[: len(inner)]
            lengths.append(_frequent(np.where(both, pair, -1), self.row, least))
        return lengths

    def _pieces(self, at: int, size: int) -> list[str]:
        inside = np.flatnonzero(self.edge[at + 1 : at + size]) + at + 1
        edges = [at, *inside.tolist(), at + size]
        return [self.joined[i:j] for i, j in pairwise(edges)]

    def _candidates(self, lengths: Sequence[_Grams], size: int) -> Ints:
        """For each string of ``size`` characters that the statistics speak for, one of its places.

        There words begin and end with it, as they do in most of its places.
        """
        grams = lengths[size - 1]
        (at,) = (grams.number >= 0).nonzero()
        which = grams.number[at]
        several = np.any([self.edge[at + i] for i in range(1, size)], axis=0)
        cut = self.edge[at] & self.edge[at + size] & several
        total = np.bincount(which, minlength=len(grams.comments))
        apart = np.bincount(which[cut], minlength=len(total)) * 2 > total
        before, after = self.codes[at - 1], self.codes[at + size]
        free = np.minimum(_entropy(which, before, at), _entropy(which, after, at)) >= FREEDOM
        place = np.zeros(len(total), np.int64)
        place[which[cut][::-1]] = at[cut][::-1]
        place = place[apart & free]
        single = np.all([self.edge[place + i] for i in range(1, size)], axis=0)
        bound = np.where(single, LOOSE, COHESION)
        return np.asarray(place[self._cohesion(lengths, size, place) >= bound])

    def _cohesion(self, lengths: Sequence[_Grams], size: int, place: Ints) -> Floats:
        """Normalised pointwise mutual information of the two parts that chance explains best.

        1 is for parts that never stand apart, 0 for parts that know nothing of each other.
        """
        own = _comments(lengths[size - 1], place)
        by_chance = np.zeros(len(place))
        for i in range(1, size):
            parts = _comments(lengths[i - 1], place), _comments(lengths[size - i - 1], place + i)
            by_chance = np.maximum(by_chance, parts[0] * parts[1] / len(self.raws))
        surprise = np.log(np.maximum(len(self.raws) / own, 1 + 1e-9))
        return np.asarray(np.log(own / by_chance) / surprise, np.float64)


def _comments(grams: _Grams, place: Ints) -> Floats:
    return grams.comments[grams.number[place]].astype(np.float64)


def _frequent(symbols: Ints, row: Ints, least: int) -> _Grams:
    """Number the symbols (-1 is none) that stand in at least ``least`` rows."""
    number = np.full(len(symbols), -1)
    (at,) = (symbols >= 0).nonzero()
    _, which = np.unique(symbols[at], return_inverse=True)
    # a symbol counts once a row
    rows = int(row.max(initial=0)) + 1
    comments = np.bincount(_distinct(which * rows + row[at]) // rows)
    often = comments >= least
    kept = often[which]
    number[at[kept]] = (np.cumsum(often) - 1)[which[kept]]
    return _Grams(number, comments[often])


def _distinct(numbers: Ints) -> Ints:
    """The different numbers, in order."""
    ordered = np.sort(numbers)
    return ordered[first_of_each(ordered)]


def _entropy(which: Ints, neighbour: Ints, at: Ints) -> Floats:
    """Entropy, in nats, of the neighbours of each string. An edge is like no other."""
    neighbour = np.where(neighbour == ord(SEPARATOR), at + 0x110000, neighbour)
    span = int(neighbour.max(initial=0)) + 1
    pair = np.sort(which * span + neighbour)
    first = first_of_each(pair)
    count = np.diff(first, append=len(pair))
    owner = pair[first] // span
    share = count / np.bincount(which)[owner]
    return np.asarray(np.bincount(owner, -share * np.log(share)), np.float64)


def _independent(strings: Sequence[_String]) -> list[_String]:
    """Without the parts of others, and without those that are another with something beside it."""
    words = {one.text: one for one in strings if one.whole}
    for one in sorted(strings, key=lambda one: (len(one.text), one.text)):
        inside = [words[part] for part in _parts(one.text) if part in words]
        if all(len(one.rows) >= _MOSTLY * len(part.rows) for part in inside):
            words[one.text] = one
    kept: list[_String] = []
    for one in sorted(words.values(), key=lambda one: (-len(one.text), one.text)):
        around = [other.rows for other in kept if one.text in other.text]
        within = len(_distinct(np.concatenate(around))) if around else 0
        if within < _WITHIN * len(one.rows):
            kept.append(one)
    return kept


def _parts(text: str) -> Iterator[str]:
    """All strings within a text but itself."""
    for size in range(1, len(text)):
        for at in range(len(text) - size + 1):
            yield text[at : at + size]


def _attaches(pieces: Sequence[str]) -> bool:
    """Whether a run of words begins or ends with a function word."""
    return not _ATTACHED.isdisjoint((pieces[0], pieces[-1])) or any(
        _ATTACHED.issuperset(piece) for piece in (pieces[0], pieces[-1])
    )


class _Has:
    """The words that a model has, and the pairs of words among its features."""

    def __init__(self, model: Model) -> None:
        self._symbol = {word: i for i, word in enumerate(model.features.words, BOUNDARY + 1)}
        self._keys = set(model.features.keys["word"].tolist())

    def each(self, pieces: Sequence[str]) -> bool:
        """Whether all of some words are in the training samples."""
        return all(piece in self._symbol for piece in pieces)

    def run(self, pieces: Sequence[str]) -> bool:
        """Whether all neighbours among some words are known as such."""
        bits = 64 // ORDERS["word"]
        symbols = [self._symbol.get(piece, 0) for piece in pieces]
        return self.each(pieces) and all(a << bits | b in self._keys for a, b in pairwise(symbols))


def samples_with(model: Model) -> Mapping[str, int]:
    """In how many training samples the words of a model stand, as its idf tells.

    The words are in order of that number: one whose own column was pruned has about as many as
    those around it.
    """
    words, keys = model.features.words, model.features.keys["word"]
    (single,) = (keys < np.uint64(1 << 64 // ORDERS["word"])).nonzero()
    if not len(single):
        return dict.fromkeys(words, 1)
    count = (_samples(model) + 1) / np.exp(model.idf[single].astype(np.float64) - 1) - 1
    place = keys[single].astype(np.int64) - BOUNDARY - 1
    every = np.interp(np.arange(len(words)), place, count)
    return dict(zip(words, np.rint(every).astype(int).tolist(), strict=True))


def _samples(model: Model) -> int:
    """Samples that it was trained on, those of its base included."""
    return max(model.meta.samples + int(model.meta.training.get("base_samples", 0)), 1)
