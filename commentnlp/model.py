"""The model: raw comments in, tagged comments out.

TF-IDF n-grams scored by one linear classifier a label (`commentnlp.training` finds the numbers).
A folder of plain arrays and JSON; nothing in it is executed, every file has its digest.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import fields
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from commentnlp.arrays import Ints, first_of_each, ranges
from commentnlp.compiled_core import load_core
from commentnlp.compiled_scoring import MOST_NAMED, CompiledScorer, Hit, LineEnd
from commentnlp.errors import ModelError
from commentnlp.features import Features, Found
from commentnlp.inputs import is_blank, list_texts
from commentnlp.model_folder import Meta, ModelParts, read_model, write_model
from commentnlp.model_folder import meta_digest as _meta_digest  # noqa: F401  scripts seal by it
from commentnlp.noise import Noise
from commentnlp.records import Evidence, Explanation, Given, Piece, Tag, Tagged
from commentnlp.shipped import DEFAULT_MODEL
from commentnlp.stacking import SecondLook
from commentnlp.taxonomy import Taxonomy, parent_of
from commentnlp.text import Normaliser, Text, clauses, normalised_length

if TYPE_CHECKING:
    import pandas as pd

Floats = npt.NDArray[np.floating[Any]]

LENGTH_POWER = 0.7
"""TF-IDF vectors are divided by their length to this power: 1 would let the single word drown in
a long comment, 0 would let long comments shout (between the two: Singhal et al., SIGIR 1996)."""

BATCH = 1000
"""Comments scored at a time: enough for arrays to pay, few enough to stay in the cache."""

MOST_CHARACTERS = 100_000
"""Characters scored at a time, so that long texts do not take all the memory."""

_SAME = 6
"""Digits after the point by which two weights of evidence are told apart."""

_TINY = np.finfo(np.float64).tiny
"""Stands for the length of a view without features, by which nothing is divided."""

_CACHED = 128
"""Views whose weights are gathered and summed at a time: they stay in the processor's cache."""


class Model:
    """Tags comments. Holds its arrays, shares nothing, is never changed once built.

    >>> model = Model.load("models/default")             # doctest: +SKIP
    >>> model.tag(["这个多少米"])[0].labels("intent")        # doctest: +SKIP
    ('price',)
    """

    def __init__(
        self,
        normaliser: Normaliser,
        features: Features,
        taxonomy: Taxonomy,
        *,
        idf: Floats,
        weights: Floats,
        bias: Floats,
        thresholds: Floats,
        second_look: SecondLook | None = None,
        products: Mapping[str, str] | None = None,
        rules: Mapping[str, Sequence[str]] | None = None,
        meta: Meta | None = None,
        noise: Noise | None = None,
    ) -> None:
        """Take the values; ``products`` tells which words name which kind of goods, ``rules``
        which phrases speak for which label (``facet/label``), ``noise`` which lines are one-tap
        phrases and spam (the library's own table if not given); no score depends on these.

        ``idf`` (features), ``weights`` (features × labels, the idf folded in), ``bias`` and
        ``thresholds`` (labels; a threshold is a probability). ``second_look``, if there is one,
        makes the log-odds of a label know of those of the others.
        """
        shape = len(features), len(taxonomy.columns)
        if idf.shape != shape[:1] or weights.shape != shape:
            raise ModelError(
                f"idf {idf.shape} and weights {weights.shape} do not fit"
                f" {shape[0]} features and {shape[1]} labels"
            )
        if bias.shape != shape[1:] or thresholds.shape != shape[1:]:
            raise ModelError(f"bias {bias.shape} and thresholds {thresholds.shape} do not fit"
                             f" {shape[1]} labels")  # fmt: skip
        self.normaliser = normaliser
        self.features = features
        self.taxonomy = taxonomy
        self.products = dict(products or {})
        self.rules = dict(rules or {})
        self._noise = noise
        self.meta = meta or Meta("unnamed", "", 0)
        self.folder: Path | None = None
        """Where it was loaded from, so that other processes can do so, too."""
        self.idf = idf
        self.weights = weights
        self.bias = bias
        self.thresholds = thresholds
        self.second_look = second_look
        self._columns = {column: i for i, column in enumerate(taxonomy.columns)}
        family = [
            [self._columns[facet, x] for x in taxonomy.facets[facet] if label in (x, parent_of(x))]
            for facet, label in taxonomy.columns
        ]
        # labels × labels: 1 from a leaf to its parent
        self._brings = np.zeros((len(family), len(family)), np.float32)
        for i, (facet, label) in enumerate(taxonomy.columns):
            if parent := parent_of(label):
                self._brings[i, self._columns[facet, parent]] = 1
        widest = max(map(len, family), default=0)
        self._family = np.array([(m * widest)[:widest] for m in family], np.int64)
        self._untagged: dict[str, tuple[Tag, ...]] = dict.fromkeys(taxonomy.facets, ())
        self._idf2 = np.square(idf, dtype=np.float64)

    def numbers(self) -> dict[str, npt.NDArray[Any]]:
        """The numbers that decide, as the compiled core takes them: weights, bias and thresholds,
        each label with its leaves, the parent of a leaf, the second look."""
        parents = [
            self._columns.get((facet, parent_of(label)), -1)
            for facet, label in self.taxonomy.columns
        ]
        second = self.second_look
        return {
            "weights": self.weights.astype(np.float32, copy=False),
            "idf2": self._idf2,
            "bias": self.bias.astype(np.float64, copy=False),
            "thresholds": self.thresholds.astype(np.float64, copy=False),
            "family": self._family,
            "parent": np.array(parents, np.int64),
            "parents": second.parents if second else np.zeros(0, np.int64),
            "second": second.weights.astype(np.float64) if second else np.zeros(0),
        }

    @cached_property
    def _compiled(self) -> CompiledScorer | None:
        """The compiled core with these numbers, built when first needed."""
        if not load_core():
            return None
        return CompiledScorer(self.normaliser, self.features, self.numbers())

    def __repr__(self) -> str:
        """Say version, labels and samples."""
        return (
            f"<Model {self.meta.version}: {len(self.taxonomy.columns)} labels in"
            f" {len(self.taxonomy.facets)} facets, trained on {self.meta.samples:,} samples>"
        )

    def __getstate__(self) -> dict[str, Any]:
        """Pickle the model itself, so that no folder has to be there where it is unpickled.

        What the compiled core made of it is made again when first needed.
        """
        state = {name: value for name, value in vars(self).items() if name != "_compiled"}
        return {**state, "folder": None}

    @property
    def labels(self) -> tuple[str, ...]:
        """``facet/label`` of every column of `predict` and `probabilities`."""
        return tuple(f"{facet}/{label}" for facet, label in self.taxonomy.columns)

    @property
    def noise(self) -> Noise:
        """What tells one-tap phrases and spam."""
        return self._noise or Noise.shipped()

    @property
    def sample_taxonomy(self) -> Taxonomy:
        """The labels that samples for it may have: its own, and those that training left out."""
        left_out = [name.partition("/") for name in self.meta.training.get("left_out", ())]
        return self.taxonomy.joined((facet, label) for facet, _, label in left_out)

    # scores -------------------------------------------------------------------------------

    def logits(self, texts: Sequence[str]) -> Floats:
        """Log-odds of every label for raw ``texts``: an array texts × labels."""
        if compiled := self._compiled:
            return compiled.logits(texts)
        parts = [
            self._score(self.normaliser.normalise_all(some)).logits for some in _batches(texts)
        ]
        return np.concatenate(parts) if parts else np.zeros((0, len(self.bias)))

    def probabilities(self, texts: Iterable[str | None]) -> Floats:
        """Calibrated probability of every label, texts × `labels`; 0 where a text is blank.

        A parent's is at least that of its leaves. Takes what `tag` takes.
        """
        texts = list_texts(texts)
        found = np.asarray(sigmoid(self.logits(texts))[:, self._family].max(axis=2))
        found[[is_blank(text) for text in texts]] = 0
        return found

    def predict(self, texts: Iterable[str | None]) -> npt.NDArray[np.bool_]:
        """Labels of raw ``texts``, texts × `labels`; none where a text is blank."""
        texts = list_texts(texts)
        chosen = self.decide(sigmoid(self.logits(texts)))
        chosen[[is_blank(text) for text in texts]] = False
        return chosen

    def decide(self, probabilities: Floats) -> npt.NDArray[np.bool_]:
        """Labels at or over their threshold; a leaf brings its parent along."""
        chosen = probabilities >= self.thresholds
        return chosen | self._with_a_leaf(chosen)

    def _with_a_leaf(self, chosen: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
        """Which labels have a leaf among the ``chosen``, texts × labels."""
        return np.asarray(chosen @ self._brings > 0)

    def _score(self, texts: Sequence[Text]) -> _Scored:
        views = views_of([text.text for text in texts])
        found = self.features.find(views.texts)
        row, column = found.cells()
        square = np.bincount(row, self._idf2[column], len(views.texts))
        scale = np.maximum(square, _TINY) ** (-LENGTH_POWER / 2)
        logits = self.bias[None].repeat(len(views.texts), axis=0)
        if len(row):
            first = first_of_each(row)
            row = row[first]
            logits[row] += self._sum(column, first) * scale[row, None]
        mixed = combine(logits, views)
        if self.second_look and len(texts):
            mixed = self.second_look(mixed, [len(text.text) for text in texts])
        return _Scored(views, found, scale, logits, mixed)

    def _sum(self, column: Ints, first: Ints) -> Floats:
        """Sum the weights of columns, from each of ``first`` to the next: sums × labels."""
        out = np.empty((len(first), self.weights.shape[1]), self.weights.dtype)
        edges = [*first[::_CACHED].tolist(), len(column)]
        for i, (at, after) in enumerate(pairwise(edges)):
            part = slice(i * _CACHED, (i + 1) * _CACHED)
            out[part] = np.add.reduceat(
                self.weights.take(column[at:after], axis=0), first[part] - at
            )
        return out

    # tags ---------------------------------------------------------------------------------

    def tag(self, texts: Iterable[str | None], *, evidence: bool = False) -> list[Tagged]:
        """Tag raw comments; with ``evidence``, also say which characters raised each label.

        ``texts`` is any iterable: a list, a generator, a Series, an array. What is missing (None,
        NaN, ``pandas.NA``) or blank has no tags. Raises TypeError for a single string, a frame
        (see `tag_frame`) and, with its position, for a number.
        """
        texts = list_texts(texts)
        out: list[Tagged] = []
        for some in _batches(texts):
            out += self._tag(some, evidence)
        return out

    def _tag(self, raws: Sequence[str], evidence: bool) -> list[Tagged]:
        hits, ruled = self._found(raws, evidence)
        tags: list[dict[str, tuple[Tag, ...]]] = [self._untagged.copy() for _ in raws]
        proofs: list[tuple[Evidence, ...]] = [()] * len(raws)
        blank = {row for row, raw in enumerate(raws) if is_blank(raw)}
        for row, column, score, start, end, weight in hits:
            if row in blank:
                continue
            facet, label = self.taxonomy.columns[column]
            tags[row][facet] += (Tag(label, score),)
            if start >= 0:
                i, j = ruled[row].span(start, end) if row in ruled else (start, end)
                proofs[row] += (Evidence(label, i, j, raws[row][i:j], weight),)
        for found in tags:
            for facet, several in found.items():
                if len(several) > 1:
                    found[facet] = tuple(sorted(several, key=lambda tag: -tag.score))
        return list(map(Tagged, raws, tags, proofs))

    def given(self, texts: Iterable[str | None], *, evidence: bool = True) -> list[list[Given]]:
        """Labels of raw comments by their numbers, in the order of the taxonomy: what `tag` says,
        for those who make cells of it."""
        out: list[list[Given]] = []
        for some in _batches(list_texts(texts)):
            out += self._given(some, *self._found(some, evidence))
        return out

    def line_ends(
        self, texts: Sequence[str], names: Sequence[str], facets: Sequence[int]
    ) -> Iterator[LineEnd | list[Given]]:
        """Labels of raw comments as the end of a line of CSV, where the compiled core can lay them
        out, else as `given`. ``names`` has a name for each label, ``facets`` which it is of."""
        compiled = self._compiled
        quick = compiled and len(names) <= MOST_NAMED
        for some in _batches(texts):
            if not compiled or not quick:
                yield from self._given(some, *self._found(some, True))
                continue
            ends, hits, ruled = compiled.line_ends(some, names, bytes(facets))
            slow = self._given(some, hits, ruled) if hits else None
            for row, (raw, end) in enumerate(zip(some, ends, strict=True)):
                if end is None or is_blank(raw):
                    yield slow[row] if slow else []
                else:
                    yield end

    def _found(self, raws: Sequence[str], evidence: bool) -> tuple[list[Hit], dict[int, Text]]:
        compiled = self._compiled
        return compiled.tag(raws, evidence) if compiled else self._hits(raws, evidence)

    def _given(
        self, raws: Sequence[str], hits: Iterable[Hit], ruled: Mapping[int, Text]
    ) -> list[list[Given]]:
        given: list[list[Given]] = [[] for _ in raws]
        for row, column, score, start, end, _ in hits:
            if start >= 0:
                i, j = ruled[row].span(start, end) if row in ruled else (start, end)
                given[row].append(Given(column, score, raws[row][i:j]))
            else:
                given[row].append(Given(column, score, ""))
        for row, found in enumerate(given):
            if found and is_blank(raws[row]):
                found.clear()
        return given

    def tag_frame(
        self,
        frame: pd.DataFrame | pd.Series[Any],
        text: object = None,
        *,
        evidence: bool = True,
        one_column_per_label: bool = False,
        labels: str = "en",
    ) -> pd.DataFrame:
        """Tag the comments in column ``text``; a new frame, the old columns and index as they were.

        To them come the columns that the command `classify` writes: of each facet its labels
        (between ``|``, the likeliest first), ``<facet>_score`` (the probability of the likeliest, a
        float, NaN where there is none) and ``evidence``, if not turned off. A name that the frame
        has already gets ``tagged_`` before it. ``one_column_per_label`` adds a column of 0 and 1
        for each of `labels`. ``labels="zh"`` names columns and labels in Chinese. A Series comes
        back as the first column. Missing and blank cells have no tags.

        Raises CommentnlpError where there is no such column, TypeError as `tag`.
        """
        from commentnlp.frames import tag_frame

        return tag_frame(
            self,
            frame,
            text,
            evidence=evidence,
            one_column_per_label=one_column_per_label,
            labels=labels,
        )

    def _hits(self, raws: Sequence[str], evidence: bool) -> tuple[list[Hit], dict[int, Text]]:
        """What `CompiledScorer.tag` gives, found with arrays."""
        texts = self.normaliser.normalise_all(raws)
        scored = self._score(texts)
        own = sigmoid(scored.logits)
        chosen = own >= self.thresholds
        # a leaf speaks for its parent
        rows, columns = (chosen & ~self._with_a_leaf(chosen)).nonzero()
        scores = own[rows[:, None], self._family[columns]].max(axis=1).tolist()
        hits = [
            Hit(row, column, score, -1, -1, 0.0)
            for row, column, score in zip(rows.tolist(), columns.tolist(), scores, strict=True)
        ]
        if evidence and hits:
            by_word = self._by_word(texts, scored, rows, columns)
            for hit, start, end, weight in by_word.strongest():
                hits[hit] = hits[hit]._replace(start=start, end=end, weight=weight)
        return hits, dict(enumerate(texts))

    def explain(self, text: str) -> list[Explanation]:
        """Say for each label, the likeliest first, which characters add how much to its log-odds.

        The weights of the pieces, the bias and what the other labels add make up ``logit``. An
        n-gram's weight is shared evenly among its characters; pieces are the words of the comment.
        """
        normal = self.normaliser.normalise(text)
        scored = self._score([normal])
        own = sigmoid(scored.logits[0])
        order = np.argsort(-own, kind="stable")
        by_word = self._by_word([normal], scored, np.zeros_like(order), order)
        out = []
        for which, column in enumerate(order.tolist()):
            facet, label = self.taxonomy.columns[column]
            logit, bias = float(scored.logits[0, column]), float(self.bias[column])
            pieces = tuple(Piece(i, j, text[i:j], w) for i, j, w in by_word.pieces(which, normal))
            out.append(
                Explanation(
                    facet,
                    label,
                    score=float(own[column]),
                    threshold=float(self.thresholds[column]),
                    logit=logit,
                    bias=bias,
                    pieces=pieces,
                    others=logit - bias - sum(piece.weight for piece in pieces),
                )
            )
        return out

    def _by_word(
        self, texts: Sequence[Text], scored: _Scored, rows: Ints, columns: Ints
    ) -> _ByWord:
        """For each ``(text, column)``, share the weights of its n-grams among the words."""
        views, found = scored.views, scored.found
        # behind each stands the whole text and, where it has clauses, the one with the best score
        hit, view = scored.best_clauses(rows, columns)
        behind = 1 + np.bincount(hit, minlength=len(rows))
        hit = np.concatenate([np.arange(len(rows)), hit])
        view = np.concatenate([rows, view])
        # a feature counts once in a text: its occurrences share its weight
        count = _sizes(found.first, len(found.row))
        share = (scored.scale[found.row[found.first]] / count).repeat(count)
        first = found.row.searchsorted(view)
        count = found.row.searchsorted(view, "right") - first
        part = ranges(first, count)
        start, end = found.spans(part)
        column = found.column[part] * len(self.bias) + columns[hit].repeat(count)
        weight = self.weights.ravel()[column] * share[part] / (end - start)
        weight /= behind[hit].repeat(count)

        # all texts of all hits stand one after the other; each weight rises at the first character
        # of its n-gram and falls after the last
        place = found.batch.origin
        length = place[rows + 1] - place[rows]
        base = length.cumsum() - length
        origin = (base[hit] + views.offset[view] - place[view]).repeat(count)
        size = int(length.sum())
        slope = np.bincount(origin + start, weight, size)
        slope -= np.bincount(origin + end, weight, size)
        upto = np.zeros(size + 1)
        slope.cumsum().cumsum(out=upto[1:])

        first, count = found.batch.words_of(rows)
        index = ranges(first, count)
        origin = place[rows].repeat(count)
        start = found.batch.word_end[index - 1] - origin
        end = found.batch.word_end[index] - origin
        base = base.repeat(count)
        by_word = upto[base + end] - upto[base + start]
        after = count.cumsum()
        by_word[after - 1] = 0
        return _ByWord(after - count, count, start, end, by_word)

    # folders ------------------------------------------------------------------------------

    def save(self, folder: Path | str, beside: Mapping[str, bytes] | None = None) -> None:
        """Write the model folder, whole or not at all; a model that stands there is replaced.

        ``beside`` are files that travel with it, by name. Raises ModelError where it cannot be
        written, or where the folder holds what is no part of a model.
        """
        write_model(folder, self.parts(), beside or {})

    def parts(self) -> ModelParts:
        """What the model is made of."""
        return ModelParts(
            self.normaliser,
            self.features,
            self.taxonomy,
            self.idf,
            self.weights,
            self.bias,
            self.thresholds,
            self.second_look,
            self.products,
            self.rules,
            self.meta,
            self._noise,
        )

    @classmethod
    def shipped(cls) -> Model:
        """Load the model that comes with the library."""
        return cls.load(DEFAULT_MODEL)

    @classmethod
    def load(cls, folder: Path | str) -> Model:
        """Read a model folder, or the one that the file ``current`` in a folder of models names.

        Raises ModelError when it is missing, damaged, foreign or newer.
        """
        folder, parts = read_model(folder)
        model = cls(**{name.name: getattr(parts, name.name) for name in fields(parts)})
        model.folder = folder.absolute()
        return model


def _batches(texts: Sequence[str]) -> Iterator[Sequence[str]]:
    """The texts, `BATCH` or `MOST_CHARACTERS` at a time; a longer one comes alone."""
    begin = size = 0
    for i, text in enumerate(texts):
        length = normalised_length(text)
        if i - begin == BATCH or (size + length > MOST_CHARACTERS and i > begin):
            yield texts[begin:i]
            begin, size = i, 0
        size += length
    if begin < len(texts):
        yield texts[begin:]


class Views(NamedTuple):
    """What is scored: every text as a whole, in order, then the clauses of those that have some."""

    texts: list[str]
    whole: int
    """How many of the views, the first ones, are whole texts."""
    row: Ints
    """Which text a view belongs to."""
    offset: Ints
    """Where it begins in its text."""
    first: Ints
    """The first clause of each text among the views,"""
    clauses: Ints
    """and how many it has."""


def views_of(texts: Sequence[str]) -> Views:
    """Normalised texts and their clauses."""
    views = list(texts)
    row = list(range(len(texts)))
    offset = [0] * len(texts)
    first, count = [], []
    for i, text in enumerate(texts):
        spans = clauses(text)
        first.append(len(views))
        count.append(len(spans))
        for start, end in spans:
            views.append(text[start:end])
            row.append(i)
            offset.append(start)
    arrays = (np.array(numbers, np.int64) for numbers in (row, offset, first, count))
    return Views(views, len(texts), *arrays)


def combine(logits: Floats, views: Views) -> Floats:
    """Log-odds of texts from those of their views: the mean of the whole's and its best clause's.

    A long comment says several things, and each alone would drown in the rest.
    """
    out: Floats = logits[: views.whole].copy()
    (several,) = views.clauses.nonzero()
    if len(several):
        out[several] = (out[several] + np.maximum.reduceat(logits, views.first[several])) / 2
    return out


class _Scored(NamedTuple):
    """The scores of a batch: log-odds views × labels, and from them texts × labels."""

    views: Views
    found: Found
    scale: Floats
    """What the weights of a view's features are multiplied by."""
    by_view: Floats
    logits: Floats

    def best_clauses(self, rows: Ints, columns: Ints) -> tuple[Ints, Ints]:
        """Of the ``(text, column)`` with clauses, which they are, and the view that scores best."""
        size = self.views.clauses[rows]
        (several,) = size.nonzero()
        if not len(several):
            return several, several
        size = size[several]
        hit = several.repeat(size)
        view = ranges(self.views.first[rows[several]], size)
        score = self.by_view[view, columns[hit]]
        best = _first_best(score, size.cumsum() - size, size)
        return hit[best], view[best]


class _ByWord(NamedTuple):
    """For each of some ``(text, column)``, what each word of the text adds to the log-odds."""

    first: Ints
    """Where the words of each begin in the last three arrays, which are parallel."""
    words: Ints
    """How many they are. The last of each is the boundary, which weighs nothing."""
    start: Ints
    """First character of the word, in the normalised text."""
    end: Ints
    weight: Floats

    def strongest(self) -> Iterator[tuple[int, int, int, float]]:
        """The heaviest run of neighbouring words that are at least half as strong as the strongest.

        Yields ``(which, start, end, weight)``; none where no word speaks for the label.
        """
        # equal ones stay equal, whatever was rounded on the way to them
        weights = self.weight.round(_SAME)
        top = np.maximum.reduceat(weights, self.first)
        strong = np.zeros(len(weights) + 1, bool)
        least = (top / 2).repeat(self.words)
        np.logical_and(weights > 0, weights >= least, out=strong[1:])
        # every boundary is weak: a run ends at the latest there
        (turns,) = (strong[1:] != strong[:-1]).nonzero()
        if not len(turns):
            return
        weight = np.add.reduceat(weights, turns)[::2].round(_SAME)
        begin, end = turns[::2], turns[1::2] - 1
        which = self.first.searchsorted(begin, "right") - 1
        first = first_of_each(which)
        if len(first) < len(which):
            best = _first_best(weight, first, _sizes(first, len(which)))
            which, begin, end, weight = which[best], begin[best], end[best], weight[best]
        yield from zip(
            which.tolist(),
            self.start[begin].tolist(),
            self.end[end].tolist(),
            weight.tolist(),
            strict=True,
        )

    def pieces(self, which: int, text: Text) -> list[tuple[int, int, float]]:
        """The words of one of them: ``(start, end, weight)``, in characters of the raw text."""
        part = slice(self.first[which], self.first[which] + self.words[which] - 1)
        words = zip(self.start[part], self.end[part], self.weight[part].tolist(), strict=True)
        pieces: list[tuple[int, int, float]] = []
        for start, end, weight in words:
            i, j = text.span(int(start), int(end))
            if pieces and i < pieces[-1][1]:  # two words from one stretch of the raw text
                i, _, before = pieces.pop()
                weight += before
            pieces.append((i, j, weight))
        return pieces


def _sizes(first: Ints, end: int) -> Ints:
    """How far it is from each of ``first`` to the next, and from the last to the end."""
    size = np.empty_like(first)
    np.subtract(first[1:], first[:-1], out=size[:-1])
    size[-1:] = end - first[-1:]
    return size


def _first_best(values: Floats, first: Ints, size: Ints) -> Ints:
    """Of groups of values, one after the other, where the greatest of each first stands."""
    (best,) = (values == np.maximum.reduceat(values, first).repeat(size)).nonzero()
    return np.asarray(best[first_of_each(first.searchsorted(best, "right"))])


def sigmoid(logits: Floats) -> Floats:
    """Probability of log-odds."""
    return np.asarray(1 / (1 + np.exp(-np.clip(logits, -500, 500))))
