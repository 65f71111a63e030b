"""Drift: whether comments that come in are still like those that a model was trained on.

Training samples are not like a room: they were chosen or written so that every label has some,
each once, the hard ones among them. So labels are shared out otherwise in any room, and that they
are is told but proves nothing. What tells that a model meets another language are its words and
its doubts: words that it has never seen, and comments close to a threshold. These decide.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from commentnlp.features import Features, shape
from commentnlp.intervals import higher_by, wilson
from commentnlp.model import Floats, Model, sigmoid
from commentnlp.novelty import IN_DICTIONARY, IN_LEXICON, NewWord, new_words
from commentnlp.similar import key
from commentnlp.text import Text

Ints = npt.NDArray[np.int64]

FEWEST = 200
"""Different comments below which nothing can be told: a share of a fifth is then known to within
6 points at best."""

MOST = 5_000
"""Different comments that are looked at, spread evenly over all: shares are then known to within
1.4 points at worst, and more would cost a report more time than they tell."""

MARGIN = 0.15
"""A comment with a label whose probability is this near to its threshold is an unsure one."""

FREQUENT = 0.003
"""Share of the comments (3 of them at least) in which a new word is worth learning."""

NAMES = 2
"""The most frequent new words that do not count: in any room they are names, the host's or the
shop's, and say nothing of what the model understands."""

NOVEL = 0.02
"""Usual up to this: share of comments that hold some other frequent new word.

Measured with the shipped model: none in jewellery rooms that it was made for (0.3 % where viewers
call host and staff by name), 5 % in live shops of snacks and home goods, 16 % in a jewellery room
with a slang of its own of which every fourth comment holds some."""

UNKNOWN = 1.25
"""Usual up to this many times what it was in training: share of unknown words among all.

Measured: 0.2 to 0.8 in jewellery rooms, 1.0 to 2.0 in live shops of snacks, home goods and
electronics (1.4 taken together), 2.0 to 2.7 in reviews of goods, 2.9 in game rooms. There the
shipped model has a micro-F1 of 0.90 and more, 0.84, 0.84 and 0.42."""

UNSURE = 1.0
"""The same of the share of unsure comments, of samples that the model had not seen.

Measured: 0.6 to 0.9 in jewellery rooms, 0.9 to 1.1 in live shops of other goods, 1.1 in a clothes
room, 1.2 in reviews, 1.3 in comments in a room's slang, 1.5 in game rooms."""

MOST_WORDS = 20
"""New words that are told."""

_LENGTHS = (3, 4, 5, 6, 7, 8, 10, 12, 15, 20, 30)
"""From how many characters on a comment counts as longer: longer ones hold more words to be
unknown and more to be unsure of, so that each is compared to those of its length."""

_LONGEST_WORD = 4
"""Characters; what is longer and made of known words is a phrase."""

_BINS = 10
_SHRUNK = 20
"""A length with few samples is held to be like the others, by as many samples as these."""


@dataclass(frozen=True, slots=True)
class Share:
    """How many of some have something, and how many of them had it in training."""

    count: int
    of: int
    low: float
    """Lower end of the share's 95 % Wilson interval."""
    high: float
    expected: float
    """The share in training, among comments as long as these."""

    @property
    def share(self) -> float:
        """``count / of``."""
        return self.count / max(self.of, 1)


@dataclass(frozen=True, slots=True)
class Moved:
    """Comments that get a label, here and among the training samples."""

    facet: str
    label: str
    share: float
    expected: float
    low: float
    """Lower end of the 95 % interval of the difference; Newcombe's."""
    high: float


@dataclass(frozen=True, slots=True)
class Reason:
    """Why retraining is due."""

    what: str
    """``new_words`` (frequent ones), ``unknown_words`` (all), ``unsure``."""
    figure: float
    """A share: of comments, of words, of comments."""
    expected: float
    """What is usual at most."""
    advice: str
    """``words``: put them into the dictionary and label comments that hold them; ``label``: label
    what the model is least sure of. `commentnlp suggest` chooses both."""


@dataclass(frozen=True, slots=True)
class Drift:
    """Comments against what a model was trained on."""

    comments: int
    """Different ones that were looked at."""
    verdict: str
    """``due``, ``fits``, or ``too_few`` to tell."""
    reasons: tuple[Reason, ...]
    """Why it is due, the plainest first."""
    unknown: Share
    """Words that the model does not know, of all words."""
    holding: Share
    """Comments that hold some."""
    unsure: Share
    """Comments with a label within `MARGIN` of its threshold."""
    novel: Share
    """Comments that hold a frequent new word, those of `NAMES` apart. Training had none."""
    words: tuple[NewWord, ...]
    """Frequent new words, the most frequent first, without phrases of known words."""
    labels: tuple[Moved, ...]
    """Every label, in the model's order."""
    scores: Mapping[str, float]
    """Facet → population stability index of its likeliest label's probability: below 0.1 for
    alike, from 0.25 on for quite other ones (Siddiqi 2006, Credit Risk Scorecards)."""

    @property
    def due(self) -> bool:
        """Whether retraining is due."""
        return self.verdict == "due"


def reference_of(
    model: Model, texts: Sequence[str], probabilities: Floats, *, min_count: int
) -> dict[str, Any]:
    """What comments were like when a model was trained: plain JSON data for `Meta.reference`.

    ``texts`` are its samples, normalised; ``probabilities`` (samples × labels) those of a model
    that had not seen the sample, out of fold; ``min_count`` is how many samples make a word known.
    A word counts as unknown in a sample where too few *other* samples hold it: what leaving one
    out tells of the next comment (Good 1953, Biometrika 40: 237-264).
    """
    first: dict[str, int] = {}
    for i, text in enumerate(texts):
        first.setdefault(key(text), i)
    chosen = list(first.values())
    texts, probabilities = [texts[i] for i in chosen], probabilities[chosen]
    words = _words(texts, model.features)
    held = Counter(word for several in words for word in several)
    new = {
        word
        for word, count in held.items()
        if count <= min_count and not _has_concept(word, model.features)
    }
    looked = _look(model, texts, words, new, probabilities)
    sums = looked.by_length()
    return {
        **{name: counts.tolist() for name, counts in sums._asdict().items()},
        "labels": model.decide(probabilities).sum(axis=0).tolist(),
        "scores": {facet: counts.tolist() for facet, counts in looked.scores.items()},
    }


def drift(texts: Sequence[str], model: Model) -> Drift | None:
    """Compare raw comments with the samples of a model.

    Each different comment counts once, whatever figures it holds (`similar.key`), as a sample
    does: what is tapped or flooded a hundred times is one thing to know. Of more than `MOST` some
    are looked at, evenly spread. None where the model tells nothing of its samples: it was trained
    before version 0.5.

    Retraining is due where frequent new words, all unknown words, or unsure comments are more than
    usual (`NOVEL`, `UNKNOWN`, `UNSURE`), and chance has not done it (95 % intervals of both
    sides).
    """
    reference = model.meta.reference
    if "unsure" not in reference:
        return None
    there = _Sums(*(np.array(reference[name], np.int64) for name in _Sums._fields))
    comments = _different(texts, model)
    normal = [comment.text for comment in comments]
    raws = [comment.raw for comment in comments]
    probabilities = np.asarray(sigmoid(model.logits(raws)))
    words = _words(normal, model.features)
    known = frozenset(model.features.words)
    new = {
        word
        for several in words
        for word in several
        if word not in known and not _has_concept(word, model.features)
    }
    looked = _look(model, normal, words, new, probabilities)
    here = looked.by_length()
    least = max(3, round(FREQUENT * len(raws)))
    found = new_words(raws, model, least=least) if raws else []
    novel = [word for word in found if not _is_phrase(word.text, model.features, known)]
    # by its concept, the model knows a word of the lexicon
    counting = [word for word in novel if word.known != IN_LEXICON][NAMES:]
    with_novel = _holding(normal, words, counting)
    shares = {
        "unknown": _share(here.unknown, here.words, there.unknown, there.words),
        "holding": _share(here.holding, here.comments, there.holding, there.comments),
        "unsure": _share(here.unsure, here.comments, there.unsure, there.comments),
        "novel": Share(with_novel, len(raws), *wilson(with_novel, len(raws)), 0.0),
    }
    enough = len(raws) >= FEWEST
    reasons = _reasons(shares, there) if enough else ()
    return Drift(
        comments=len(raws),
        verdict="due" if reasons else "fits" if enough else "too_few",
        reasons=reasons,
        words=tuple(novel[:MOST_WORDS]),
        labels=tuple(_moved(model, probabilities, reference)),
        scores={
            facet: _stability(counts, np.array(reference["scores"][facet], np.int64))
            for facet, counts in looked.scores.items()
        },
        **shares,
    )


def _reasons(shares: Mapping[str, Share], there: _Sums) -> tuple[Reason, ...]:
    novel, unknown, unsure = shares["novel"], shares["unknown"], shares["unsure"]
    found = []
    if novel.low > NOVEL:
        found.append(Reason("new_words", novel.share, NOVEL, "words"))
    if _exceeds(unknown, int(there.words.sum()), UNKNOWN):
        advice = Reason("unknown_words", unknown.share, UNKNOWN * unknown.expected, "label")
        found.append(advice)
    if _exceeds(unsure, int(there.comments.sum()), UNSURE):
        found.append(Reason("unsure", unsure.share, UNSURE * unsure.expected, "label"))
    return tuple(found)


def _exceeds(share: Share, of: int, times: float) -> bool:
    """Whether a share is surely more than ``times`` that of ``of`` in training."""
    trained = round(share.expected * of), of
    return higher_by((share.count, share.of), trained, times)[0] > 0


class _Sums(NamedTuple):
    """What comments of each length (`_LENGTHS`) hold."""

    comments: Ints
    words: Ints
    """Different ones of each comment."""
    unknown: Ints
    """Of the words."""
    holding: Ints
    """Comments with an unknown word."""
    unsure: Ints
    """Comments."""


@dataclass(frozen=True)
class _Looked:
    """What each comment holds."""

    length: Ints
    """Which of the lengths."""
    words: Ints
    unknown: Ints
    unsure: npt.NDArray[np.bool_]
    scores: dict[str, Ints]
    """Facet → histogram of its likeliest label's probability."""

    def by_length(self) -> _Sums:
        columns = (
            np.ones_like(self.words),
            self.words,
            self.unknown,
            self.unknown > 0,
            self.unsure,
        )
        sums = (np.bincount(self.length, column, len(_LENGTHS) + 1) for column in columns)
        return _Sums(*(one.astype(np.int64) for one in sums))


def _look(
    model: Model,
    texts: Sequence[str],
    words: Sequence[Collection[str]],
    new: Collection[str],
    probabilities: Floats,
) -> _Looked:
    lengths = np.array([len(key(text)) for text in texts], np.int64)
    near = np.abs(probabilities - model.thresholds).min(axis=1, initial=1)
    facets = [facet for facet, _ in model.taxonomy.columns]
    best = {
        facet: probabilities[:, [one == facet for one in facets]].max(axis=1, initial=0)
        for facet in dict.fromkeys(facets)
    }
    return _Looked(
        np.digitize(lengths, _LENGTHS).astype(np.int64),
        np.array([len(several) for several in words], np.int64),
        np.array([sum(word in new for word in several) for several in words], np.int64),
        near < MARGIN,
        {facet: np.histogram(top, _BINS, (0, 1))[0] for facet, top in best.items()},
    )


def _different(texts: Sequence[str], model: Model) -> list[Text]:
    """One normalised comment of each key, `MOST` at most."""
    raws = list(dict.fromkeys(text for text in texts if text and not text.isspace()))
    if len(raws) > MOST:
        raws = [raws[i] for i in np.linspace(0, len(raws) - 1, MOST).astype(int).tolist()]
    first: dict[str, Text] = {}
    for text in model.normaliser.normalise_all(raws):
        if text.text:
            first.setdefault(key(text.text), text)
    return list(first.values())


def _words(texts: Sequence[str], features: Features) -> list[set[str]]:
    """The words of each text; figures, signs and stand-ins are none."""
    cut = features.segmenter.cut
    return [{word for word in cut(text) if word.isalpha()} for text in texts]


def _has_concept(word: str, features: Features) -> bool:
    """Whether the lexicon knows a word: then the model does, if by its concept alone."""
    return word in features.concepts or shape(word) in features.concepts


def _is_phrase(text: str, features: Features, known: Collection[str]) -> bool:
    """Whether it is put together of known words, and either long or of words of some length.

    什么时候发货 and 圈口多大 the model understands, even if it has never seen them side by side.
    """
    pieces = features.segmenter.cut(text)
    return (
        len(pieces) > 1
        and all(piece in known for piece in pieces)
        and (len(text) > _LONGEST_WORD or min(map(len, pieces)) > 1)
    )


def _holding(
    texts: Sequence[str], words: Sequence[Collection[str]], wanted: Sequence[NewWord]
) -> int:
    """How many texts hold one of the words wanted: as a word, or where it is cut apart anyhow."""
    whole = {word.text for word in wanted if word.known == IN_DICTIONARY}
    parts = "|".join(re.escape(word.text) for word in wanted if word.text not in whole)
    found = re.compile(parts or r"(?!)").search
    return sum(
        not whole.isdisjoint(several) or found(text) is not None
        for text, several in zip(texts, words, strict=True)
    )


def _share(part: Ints, of: Ints, trained_part: Ints, trained_of: Ints) -> Share:
    """A share, and that of training weighted by the lengths that are here."""
    usual = trained_part.sum() / max(trained_of.sum(), 1)
    rate = (trained_part + _SHRUNK * usual) / (trained_of + _SHRUNK)
    count, total = int(part.sum()), int(of.sum())
    expected = float((of * rate).sum()) / max(total, 1)
    return Share(count, total, *wilson(count, total), expected)


def _moved(model: Model, probabilities: Floats, reference: Mapping[str, Any]) -> list[Moved]:
    here, of = model.decide(probabilities).sum(axis=0).tolist(), len(probabilities)
    there, samples = reference["labels"], sum(reference["comments"])
    return [
        Moved(
            facet,
            label,
            count / max(of, 1),
            trained / max(samples, 1),
            *higher_by((count, of), (trained, samples)),
        )
        for (facet, label), count, trained in zip(model.taxonomy.columns, here, there, strict=True)
    ]


def _stability(here: Ints, there: Ints) -> float:
    """Population stability index of two histograms: half a count more in each bin, lest it be
    infinite."""
    one, other = ((counts + 0.5) / (counts + 0.5).sum() for counts in (here, there))
    return float(((one - other) * np.log(one / other)).sum())
