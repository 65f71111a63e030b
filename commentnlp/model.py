"""The model: raw comments in, tagged comments out.

TF-IDF n-grams scored by one linear classifier a label (`commentnlp.training` finds the numbers).
A folder of plain arrays and JSON; nothing in it is executed, every file has its digest.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from commentnlp.errors import ModelError, ReadError, SampleError
from commentnlp.features import ORDERS, Features, Ints, Occurrences, read_concepts
from commentnlp.records import Evidence, Explanation, Piece, Tag, Tagged
from commentnlp.segment import Segmenter
from commentnlp.shipped import DEFAULT_MODEL
from commentnlp.tables import read_table, write_table
from commentnlp.taxonomy import Taxonomy, parent_of
from commentnlp.text import Disguise, Normaliser, Text, clauses

Floats = npt.NDArray[np.floating[Any]]

FORMAT = 1
"""Number of the folder's layout; another number is refused."""

LENGTH_POWER = 0.7
"""TF-IDF vectors are divided by their length to this power: 1 would let the single word drown in
a long comment, 0 would let long comments shout (between the two: Singhal et al., SIGIR 1996)."""

BATCH = 1000
"""Comments scored at a time: enough for arrays to pay, few enough to stay in the cache."""


class Layout:
    """The names of the files in a model folder."""

    META = "model.json"
    ARRAYS = ("idf", "weights", "bias", "thresholds")
    KEYS = tuple(f"keys_{sequence}" for sequence in ORDERS)
    WORDS = "words.txt"
    CHARS = "chars.txt"
    LANGUAGE = "language"
    TABLES = ("variants.tsv", "symbols.tsv", "disguises.tsv", "words.tsv", "concepts.tsv")

    @classmethod
    def files(cls) -> list[str]:
        """Every file but the one that holds the digests."""
        arrays = [f"{name}.npy" for name in (*cls.ARRAYS, *cls.KEYS)]
        return [*arrays, cls.WORDS, cls.CHARS, *(f"{cls.LANGUAGE}/{t}" for t in cls.TABLES)]


@dataclass(frozen=True)
class Meta:
    """What a model says of itself."""

    version: str
    data_digest: str
    samples: int
    scores: Mapping[str, Any] = field(default_factory=dict)


def read_normaliser(folder: Path) -> Normaliser:
    """The normaliser with the tables of a language folder."""
    disguises = []
    for written, means, after, before in read_table(folder / "disguises.tsv", 4):
        disguises.append(
            Disguise(written, means, tuple(filter(None, after.split("|"))),
                     tuple(filter(None, before.split("|"))))
        )  # fmt: skip
    variants = [(a, b) for a, b in read_table(folder / "variants.tsv", 2)]
    symbols = [(a, b) for a, b in read_table(folder / "symbols.tsv", 2)]
    return Normaliser(variants, symbols, disguises)


def write_language(folder: Path, normaliser: Normaliser, features: Features) -> None:
    """Write the tables of a language folder, so that they read as they are in use."""
    write_table(folder / "variants.tsv", normaliser.variants.items())
    write_table(folder / "symbols.tsv", normaliser.symbols.items())
    write_table(
        folder / "disguises.tsv",
        [(d.written, d.means, "|".join(d.after), "|".join(d.before)) for d in normaliser.disguises],
    )
    write_table(folder / "words.tsv", [(w, str(n)) for w, n in features.segmenter.words.items()])
    by_concept: dict[str, list[str]] = {}
    for word, concept in features.concepts.items():
        by_concept.setdefault(concept, []).append(word)
    write_table(folder / "concepts.tsv", [(c, " ".join(w)) for c, w in by_concept.items()])


def read_words(path: Path) -> dict[str, int | None]:
    """The user dictionary: word → frequency, None where the table gives none."""
    words: dict[str, int | None] = {}
    for word, frequency in read_table(path, 2):
        if frequency and not frequency.isdecimal():
            raise ReadError(f"{path}: the frequency of {word!r} is no number: {frequency!r}")
        words[word.lower()] = int(frequency) if frequency else None
    return words


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
        meta: Meta | None = None,
    ) -> None:
        """Take the values.

        ``idf`` (features), ``weights`` (features × labels, the idf folded in), ``bias`` and
        ``thresholds`` (labels; a threshold is a probability).
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
        self.meta = meta or Meta("unnamed", "", 0)
        self.idf = idf
        self.weights = weights
        self.bias = bias
        self.thresholds = thresholds
        self._columns = {column: i for i, column in enumerate(taxonomy.columns)}
        self._parent = np.array(
            [self._columns[f, parent_of(x) or x] for f, x in taxonomy.columns], np.int64
        )

    # scores -------------------------------------------------------------------------------

    def logits(self, texts: Sequence[str]) -> Floats:
        """Log-odds of every label for raw ``texts``: an array texts × labels."""
        parts = [
            self._score([self.normaliser.normalise(t) for t in texts[i : i + BATCH]]).logits
            for i in range(0, len(texts), BATCH)
        ]
        return np.concatenate(parts) if parts else np.zeros((0, len(self.bias)))

    def probabilities(self, texts: Sequence[str]) -> Floats:
        """Calibrated probability of every label; a parent's is at least that of its leaves."""
        return self._with_leaves(sigmoid(self.logits(texts)))

    def predict(self, texts: Sequence[str]) -> npt.NDArray[np.bool_]:
        """Labels of raw ``texts``, texts × labels."""
        return self.decide(sigmoid(self.logits(texts)))

    def decide(self, probabilities: Floats) -> npt.NDArray[np.bool_]:
        """Labels at or over their threshold; a leaf brings its parent along."""
        chosen = probabilities >= self.thresholds
        np.logical_or.at(chosen.T, self._parent, chosen.T.copy())
        return chosen

    def _with_leaves(self, own: Floats) -> Floats:
        out = own.copy()
        np.maximum.at(out.T, self._parent, own.T)
        return out

    def _score(self, texts: Sequence[Text]) -> _Scored:
        views = views_of([text.text for text in texts])
        found = self.features.extract(views.texts)
        scale = occurrence_scale(found, self.idf, len(views.texts))
        logits = np.tile(self.bias, (len(views.texts), 1))
        if len(found.row):
            parts = self.weights[found.column] * scale[:, None]
            first = np.flatnonzero(np.diff(found.row, prepend=-1))
            logits[found.row[first]] += np.add.reduceat(parts, first)
        return _Scored(texts, views, found, scale, logits, combine(logits, views))

    # tags ---------------------------------------------------------------------------------

    def tag(self, texts: Sequence[str], *, evidence: bool = False) -> list[Tagged]:
        """Tag raw comments; with ``evidence``, also say which characters raised each label."""
        out: list[Tagged] = []
        for i in range(0, len(texts), BATCH):
            out += self._tag(texts[i : i + BATCH], evidence)
        return out

    def _tag(self, raws: Sequence[str], evidence: bool) -> list[Tagged]:
        scored = self._score([self.normaliser.normalise(raw) for raw in raws])
        own = sigmoid(scored.logits)
        scores = self._with_leaves(own)
        hits = np.argwhere(self.decide(own))
        covered = {(row, self._parent[c]) for row, c in hits if self._parent[c] != c}
        tags: list[dict[str, list[Tag]]] = [{f: [] for f in self.taxonomy.facets} for _ in raws]
        proofs: list[list[Evidence]] = [[] for _ in raws]
        for row, column in hits:
            if (row, column) in covered:
                continue
            facet, label = self.taxonomy.columns[column]
            tags[row][facet].append(Tag(label, float(scores[row, column])))
            if evidence:
                best = _strongest(raws[row], self._pieces(scored, row, column))
                if best is not None:
                    proofs[row].append(Evidence(label, *best))
        return [
            Tagged(
                raw,
                {facet: tuple(sorted(t, key=lambda tag: -tag.score)) for facet, t in ts.items()},
                tuple(proof),
            )
            for raw, ts, proof in zip(raws, tags, proofs, strict=True)
        ]

    def explain(self, text: str) -> list[Explanation]:
        """Say for each label, the likeliest first, which characters add how much to its log-odds.

        The weights of the pieces and the bias add up to ``logit``. An n-gram's weight is shared
        evenly among its characters; pieces are the words of the comment.
        """
        scored = self._score([self.normaliser.normalise(text)])
        own = sigmoid(scored.logits[0])
        out = []
        for column in np.argsort(-own, kind="stable"):
            facet, label = self.taxonomy.columns[column]
            pieces = self._pieces(scored, 0, column)
            out.append(
                Explanation(
                    facet,
                    label,
                    score=float(own[column]),
                    threshold=float(self.thresholds[column]),
                    logit=float(scored.logits[0, column]),
                    bias=float(self.bias[column]),
                    pieces=tuple(Piece(i, j, text[i:j], w) for i, j, w in pieces),
                )
            )
        return out

    def _pieces(self, scored: _Scored, row: int, column: int) -> list[tuple[int, int, float]]:
        """Share the weights of the n-grams among the words: ``(start, end, weight)``, raw."""
        text = scored.texts[row]
        slope = np.zeros(len(text.text) + 1)
        views = scored.views_behind(row, column)
        for view in views:
            part = slice(*np.searchsorted(scored.found.row, (view, view + 1)))
            start, end = scored.found.start[part], scored.found.end[part]
            strength = self.weights[scored.found.column[part], column] * scored.scale[part]
            share = strength / (end - start) / len(views)
            np.add.at(slope, start + scored.views.offset[view], share)
            np.subtract.at(slope, end + scored.views.offset[view], share)
        by_char = np.cumsum(slope)
        pieces: list[tuple[int, int, float]] = []
        at = 0
        for word in self.features.segmenter.cut(text.text):
            i, j = text.span(at, at + len(word))
            weight = float(by_char[at : at + len(word)].sum())
            at += len(word)
            if pieces and i < pieces[-1][1]:  # two words from one stretch of the raw text
                i, weight = pieces[-1][0], weight + pieces[-1][2]
                pieces.pop()
            pieces.append((i, j, weight))
        return pieces

    # folders ------------------------------------------------------------------------------

    def save(self, folder: Path | str) -> None:
        """Write the model folder, whole or not at all; one that stands there is replaced.

        Raises ModelError where it cannot be written.
        """
        folder = Path(folder).absolute()
        part = folder.with_name(f".{os.getpid()}.part")
        old = folder.with_name(f".{os.getpid()}.old")
        try:
            self._write_files(part)
            if folder.exists():
                folder.rename(old)
            part.rename(folder)
        except OSError as error:
            raise ModelError(f"{folder}: cannot be written ({error.strerror})") from None
        finally:
            if old.exists() and not folder.exists():
                old.rename(folder)
            shutil.rmtree(part, ignore_errors=True)
            shutil.rmtree(old, ignore_errors=True)

    def _write_files(self, folder: Path) -> None:
        (folder / Layout.LANGUAGE).mkdir(parents=True)
        for name in Layout.ARRAYS:
            np.save(folder / f"{name}.npy", getattr(self, name), allow_pickle=False)
        for name, sequence in zip(Layout.KEYS, ORDERS, strict=True):
            np.save(folder / f"{name}.npy", self.features.keys[sequence], allow_pickle=False)
        _write(folder / Layout.WORDS, "".join(f"{word}\n" for word in self.features.words))
        _write(folder / Layout.CHARS, self.features.chars)
        write_language(folder / Layout.LANGUAGE, self.normaliser, self.features)
        meta: dict[str, Any] = {
            "format": FORMAT,
            "version": self.meta.version,
            "data_digest": self.meta.data_digest,
            "samples": self.meta.samples,
            "scores": self.meta.scores,
            "common_words": self.features.common,
            "taxonomy": self.taxonomy.to_json(),
        }
        digests = {name: _digest(folder / name) for name in Layout.files()}
        meta["digests"] = {**digests, Layout.META: _meta_digest(meta)}
        _write(folder / Layout.META, json.dumps(meta, ensure_ascii=False, indent=1) + "\n")

    @classmethod
    def shipped(cls) -> Model:
        """Load the model that comes with the library."""
        return cls.load(DEFAULT_MODEL)

    @classmethod
    def load(cls, folder: Path | str) -> Model:
        """Read a model folder. Raises ModelError when it is missing, damaged, foreign or newer."""
        folder = Path(folder)
        meta = _read_meta(folder)
        for name in Layout.files():
            try:
                digest = _digest(folder / name)
            except OSError:
                raise ModelError(f"{folder / name}: missing; the model is not whole") from None
            if meta["digests"].get(name) != digest:
                raise _damaged(folder / name)
        language = folder / Layout.LANGUAGE
        try:
            arrays = {
                name: np.load(folder / f"{name}.npy", allow_pickle=False)
                for name in (*Layout.ARRAYS, *Layout.KEYS)
            }
            segmenter = Segmenter(
                {w: n for w, n in read_words(language / "words.tsv").items() if n is not None}
            )
            features = Features(
                segmenter,
                read_concepts(language / "concepts.tsv"),
                (folder / Layout.WORDS).read_text(encoding="utf-8").split("\n")[:-1],
                int(meta["common_words"]),
                (folder / Layout.CHARS).read_text(encoding="utf-8"),
                {s: arrays.pop(name) for s, name in zip(ORDERS, Layout.KEYS, strict=True)},
            )
            return cls(
                read_normaliser(language),
                features,
                Taxonomy.from_json(meta["taxonomy"]),
                **arrays,
                meta=Meta(
                    str(meta["version"]),
                    str(meta["data_digest"]),
                    int(meta["samples"]),
                    dict(meta["scores"]),
                ),
            )
        except (ReadError, SampleError, ValueError, KeyError, TypeError) as error:
            raise ModelError(f"{folder}: not a model of this program ({error})") from error


class Views(NamedTuple):
    """What is scored: every text as a whole, in order, then the clauses of those that have some."""

    texts: list[str]
    row: Ints
    """Which text a view belongs to."""
    offset: Ints
    """Where it begins in its text."""
    whole: int
    """How many of the views, the first ones, are whole texts."""


def views_of(texts: Sequence[str]) -> Views:
    """Normalised texts and their clauses."""
    views = list(texts)
    row, offset = list(range(len(texts))), [0] * len(texts)
    for i, text in enumerate(texts):
        for start, end in clauses(text):
            views.append(text[start:end])
            row.append(i)
            offset.append(start)
    return Views(views, np.array(row, np.int64), np.array(offset, np.int64), len(texts))


def combine(logits: Floats, views: Views) -> Floats:
    """Log-odds of texts from those of their views: the mean of the whole's and its best clause's.

    A long comment says several things, and each alone would drown in the rest.
    """
    out: Floats = logits[: views.whole].copy()
    owner = views.row[views.whole :]
    if len(owner):
        best = np.full_like(out, -np.inf)
        np.maximum.at(best, owner, logits[views.whole :])
        several = np.unique(owner)
        out[several] = (out[several] + best[several]) / 2
    return out


class _Scored(NamedTuple):
    """A batch with its scores, and what they were made of."""

    texts: Sequence[Text]
    views: Views
    found: Occurrences
    scale: Floats
    """What an occurrence weighs; parallel to ``found``."""
    by_view: Floats
    logits: Floats

    def views_behind(self, row: int, column: int) -> list[int]:
        """The whole text and, where it has clauses, the one with the best score."""
        own = np.flatnonzero(self.views.row[len(self.texts) :] == row) + len(self.texts)
        if not len(own):
            return [row]
        return [row, int(own[np.argmax(self.by_view[own, column])])]


def sigmoid(logits: Floats) -> Floats:
    """Probability of log-odds."""
    return np.asarray(1 / (1 + np.exp(-logits)))


def occurrence_scale(found: Occurrences, idf: Floats, rows: int) -> Floats:
    """What one occurrence of a feature weighs, its idf apart (that is folded into the weights).

    A feature counts once in a text, however often it stands there: its occurrences share its
    weight. Vectors are divided by their length to the power of `LENGTH_POWER`.
    """
    width = max(len(idf), 1)
    cells, inverse, count = np.unique(
        found.row * width + found.column, return_inverse=True, return_counts=True
    )
    square = np.bincount(cells // width, idf[cells % width] ** 2, minlength=rows)
    length = np.maximum(square, 1e-300) ** (LENGTH_POWER / 2)
    return np.asarray(1 / length[found.row] / count[inverse])


def _strongest(
    raw: str, pieces: Sequence[tuple[int, int, float]]
) -> tuple[int, int, str, float] | None:
    """The heaviest run of neighbouring words each at least half as strong as the strongest."""
    top = max((weight for _, _, weight in pieces), default=0.0)
    if top <= 0:
        return None
    best, run = (0, 0, 0.0), (0, 0, 0.0)
    for i, j, weight in pieces:
        if weight < top / 2:
            run = (0, 0, 0.0)
            continue
        run = (run[0], j, run[2] + weight) if run[2] else (i, j, weight)
        best = max(best, run, key=lambda r: r[2])
    start, end, weight = best
    return start, end, raw[start:end], weight


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _meta_digest(meta: dict[str, Any]) -> str:
    """Digest of what a model says of itself, the digests apart."""
    said = {key: value for key, value in meta.items() if key != "digests"}
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


def _damaged(path: Path) -> ModelError:
    return ModelError(
        f"{path}: damaged (its digest is not the recorded one); copy the model again or retrain it"
    )


def _read_meta(folder: Path) -> dict[str, Any]:
    path = folder / Layout.META
    try:
        meta = json.loads(path.read_text(encoding="utf-8"))
        number = meta["format"]
    except (FileNotFoundError, NotADirectoryError):
        raise ModelError(f"{folder}: no model there (no {Layout.META}); give a folder that"
                         " `train` wrote") from None  # fmt: skip
    except (ValueError, KeyError, TypeError, OSError) as error:
        raise ModelError(f"{path}: damaged or not of this program ({error})") from None
    if number != FORMAT:
        raise ModelError(
            f"{path}: format {number}, this program reads {FORMAT};"
            " update commentnlp or retrain the model"
        )
    digests = meta.get("digests")
    if not isinstance(digests, dict) or digests.get(Layout.META) != _meta_digest(meta):
        raise _damaged(path)
    return dict(meta)
