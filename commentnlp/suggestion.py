"""What to label next: the comments from which a model would learn most.

Queries of active learning (Settles, Active Learning Literature Survey, 2009), mixed in fixed
shares: each has rooms in which it fails, and nobody knows beforehand which room it is.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from commentnlp.errors import CommentnlpError
from commentnlp.model import Model
from commentnlp.novelty import new_words, occurrences
from commentnlp.records import Candidate, Event
from commentnlp.similar import key, near_pairs

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

SHARES: Mapping[str, float] = {
    "novelty": 0.55, "margin": 0.3, "diversity": 0.05, "rare": 0.05, "committee": 0.05,
}  # fmt: skip
"""Strategy → its share of the queue, measured on an invented room (`benchmarks/learning.py`).

That of novelty is large because it ends by itself: when every new word is covered, the others get
it all."""

MOST = 50_000
"""Different texts that are considered: of more, the most frequent and, as many, random others."""

FEW = 8
"""Labelled comments that cover a new word."""

NEAR = 2.0
"""Log-odds from a threshold within which a label is uncertain."""

LIKELY = 0.05, 0.9
"""Probabilities between which a label is likely, and no matter of course."""

_LONG = 20
"""Characters from which on a comment takes longer to label than it is worth in new words."""
_BATCH = 5_000
_CLUSTERED = 10_000
"""Texts that are clustered at most; random ones of more."""
_DIMENSIONS = 64


def suggest(
    comments: Iterable[Event],
    model: Model,
    many: int = 200,
    *,
    seed: int = 0,
    known: Iterable[str] = (),
    strategies: Mapping[str, float] = SHARES,
) -> list[Candidate]:
    """Choose ``many`` comments to label; the first n of them are a good choice of n.

    ``comments`` are what a reader yields; only what viewers typed counts, each text once, whatever
    figures it holds (`similar.key`). ``known`` are texts that have labels already: they and what is
    the same as one of them are left out. ``strategies`` tells who chooses which share. Texts nearly
    the same as one chosen before or known come when nothing else is left. The same ``seed`` gives
    the same.

    Of more than `MOST` different texts the most frequent and random others are considered, so that
    files of any length take bounded memory. Raises CommentnlpError for an unknown strategy.
    """
    if strange := [name for name in strategies if name not in _STRATEGIES]:
        raise CommentnlpError(f"no strategy {strange[0]!r}; there are {', '.join(_STRATEGIES)}")
    labelled = {key(text.text): text.text for text in model.normaliser.normalise_all([*known])}
    texts = _gather(comments, model, labelled, seed)
    if not texts:
        return []
    pool = _Pool.of(texts, list(labelled.values()), model, seed)
    chosen = list(islice(_mixed(pool, strategies), many))
    tagged = model.tag([texts[pick.text].raw for pick in chosen])
    return [
        Candidate(
            texts[pick.text].raw,
            texts[pick.text].id,
            texts[pick.text].time,
            texts[pick.text].room,
            texts[pick.text].count,
            {facet: tags.labels(facet) for facet in model.taxonomy.facets},
            pick.strategy,
            pick.why,
        )
        for pick, tags in zip(chosen, tagged, strict=True)
    ]


# the comments -----------------------------------------------------------------------------


@dataclass(slots=True)
class _Text:
    """A text as it first came."""

    raw: str
    normal: str
    id: str
    time: str
    room: str
    count: int


def _gather(
    comments: Iterable[Event], model: Model, labelled: Mapping[str, str], seed: int
) -> list[_Text]:
    """The different texts of viewers that have no labels yet, at most `MOST`."""
    held: dict[str, _Text] = {}
    typed = (e for e in comments if e.kind == "comment" and e.role == "viewer" and e.text)
    while batch := list(islice(typed, _BATCH)):
        first = {event.text: event for event in reversed(batch)}
        count = Counter(event.text for event in batch)
        for raw, text in zip(count, model.normaliser.normalise_all([*count]), strict=True):
            name, event = key(text.text), first[raw]
            if name in held:
                held[name].count += count[raw]
            elif name not in labelled and any(char.isalpha() for char in name):
                time = event.time.isoformat(" ") if event.time else ""
                held[name] = _Text(raw, text.text, event.id, time, event.room, count[raw])
        if len(held) > 4 * MOST:
            held = _fewer(held, seed)
    return list(_fewer(held, seed).values())


def _fewer(held: dict[str, _Text], seed: int) -> dict[str, _Text]:
    """The most frequent and random others, in the order in which they came.

    What is random about a text hangs on the text alone, so that it is kept or dropped each time
    (bottom-k sampling: Cohen and Kaplan, PODC 2007).
    """
    if len(held) <= MOST:
        return held
    salt = str(seed).encode()[:64]

    def drawn(name: str) -> bytes:
        return hashlib.blake2b(name.encode("utf-8", "replace"), digest_size=8, key=salt).digest()

    often = set(sorted(held, key=lambda name: -held[name].count)[: MOST // 2])
    rest = sorted((name for name in held if name not in often), key=drawn)[: MOST - len(often)]
    often.update(rest)
    return {name: text for name, text in held.items() if name in often}


# the queue --------------------------------------------------------------------------------


class _Pick(NamedTuple):
    text: int
    strategy: str
    why: str


@dataclass
class _Pool:
    """The texts, and what the strategies look at."""

    texts: Sequence[_Text]
    normal: Sequence[str]
    labelled: Sequence[str]
    """Normalised texts that have labels."""
    model: Model
    seed: int
    odds: Floats
    """Log-odds of labels, texts × labels,"""
    limit: Floats
    """and those of their thresholds."""
    near: Mapping[int, Sequence[int]]
    """Texts that are nearly the same as a text."""
    open: Bools
    """Which texts can be chosen: not chosen yet, nor nearly the same as one chosen or labelled."""
    chosen: list[int] = field(default_factory=list)

    @classmethod
    def of(cls, texts: Sequence[_Text], labelled: Sequence[str], model: Model, seed: int) -> _Pool:
        odds = _log_odds(model.probabilities([text.raw for text in texts]))
        limit = _log_odds(model.thresholds)
        normal = [text.normal for text in texts]
        near: dict[int, list[int]] = {}
        one, other = near_pairs(normal)
        for i, j in zip(one.tolist(), other.tolist(), strict=True):
            near.setdefault(i, []).append(j)
            near.setdefault(j, []).append(i)
        free = np.ones(len(texts), bool)
        free[near_pairs(normal, labelled)[0]] = False
        return cls(texts, normal, labelled, model, seed, odds, limit, near, free)

    @property
    def labels(self) -> list[str]:
        return [label for _, label in self.model.taxonomy.columns]

    def take(self, text: int) -> None:
        self.chosen.append(text)
        self.open[[text, *self.near.get(text, ())]] = False

    def say(self, text: int, label: int) -> str:
        """What the model says of a label."""
        score, limit = _probability(self.odds[text, label]), _probability(self.limit[label])
        return f"{self.labels[label]} {score:.2f} (threshold {limit:.2f})"


_Choice = tuple[int, str]
"""A text and why."""


def _mixed(pool: _Pool, strategies: Mapping[str, float]) -> Iterator[_Pick]:
    """Picks of all strategies, at any moment in their shares."""
    queues = {name: _STRATEGIES[name](pool) for name, share in strategies.items() if share > 0}
    given = dict.fromkeys(queues, 0.0)
    while queues:
        # whose turn it is: who would be least over the share (stride scheduling)
        name = min(queues, key=lambda one: (given[one] + 1) / strategies[one])
        found = next(queues[name], None)
        if found is None:
            del queues[name]
            continue
        pool.take(found[0])
        given[name] += 1
        yield _Pick(found[0], name, found[1])
    # what is nearly the same as one that was chosen, where all is asked for
    left = set(range(len(pool.texts))) - set(pool.chosen)
    for text in sorted(left, key=lambda text: (-pool.texts[text].count, text)):
        yield _Pick(text, "", "nothing else is left")


def _novelty(pool: _Pool) -> Iterator[_Choice]:
    """Comments with frequent new words, as long as those have few labelled comments.

    The frequency of what a comment holds is its density among all (information density: Settles
    and Craven, EMNLP 2008); each comment that covers a word halves, then thirds … what another one
    is worth, so that the first n cover as much as n can (a submodular cover: Wei, Iyer and Bilmes,
    ICML 2015).
    """
    words = new_words([text.raw for text in pool.texts], pool.model, seldom=FEW)
    strings = [word.text for word in words]
    holds, labelled = _matrix(strings, pool.normal), _matrix(strings, pool.labelled)
    covered = np.asarray(labelled.sum(axis=0)).ravel()
    worth = np.log1p([word.comments for word in words])
    length = np.array([len(normal) for normal in pool.normal])
    effort = np.sqrt(length) * np.maximum(length / _LONG, 1)
    seen = 0
    while len(words):
        covered += np.asarray(holds[pool.chosen[seen:]].sum(axis=0)).ravel()
        seen = len(pool.chosen)
        gain = np.where(covered < FEW, worth / (1 + covered), 0)
        value = (holds @ gain) / effort * pool.open
        best = int(value.argmax())
        if value[best] <= 0:
            return
        held = sorted(holds[[best]].indices.tolist(), key=lambda word: -gain[word])
        yield best, f"new word {', '.join(strings[word] for word in held[:3] if gain[word] > 0)}"


def _margin(pool: _Pool) -> Iterator[_Choice]:
    """Comments with a label near its threshold, spread over labels.

    Uncertainty near the boundary (Lewis and Gale, SIGIR 1994), label by label, as multi-label work
    wants it (binary minimum: Brinker, 2006). A label that has been served has to be nearer to be
    served again.
    """
    distance = np.abs(pool.odds - pool.limit)
    everything = np.ones(len(pool.limit))
    yield from _spread(pool, np.exp(-distance), distance < NEAR, everything, pool.say)


def _rare(pool: _Pool) -> Iterator[_Choice]:
    """Likely positives of the labels with the fewest samples.

    Where classes are skewed, to look for positives of the rare ones beats uncertainty (guided
    learning: Attenberg and Provost, KDD 2010).
    """
    scores = pool.model.meta.scores
    support = [
        int(scores.get(facet, {}).get("labels", {}).get(label, {}).get("support", 0))
        for facet, label in pool.model.taxonomy.columns
    ]

    def why(text: int, label: int) -> str:
        return f"{pool.say(text, label)}, which {support[label]} samples have"

    low, high = _log_odds(np.array(LIKELY))
    likely = (pool.odds > low) & (pool.odds < high)
    value = 1 / (1 + np.exp(-pool.odds))
    yield from _spread(pool, value, likely, 1 / (1 + np.array(support)), why)


def _committee(pool: _Pool) -> Iterator[_Choice]:
    """Comments for which the rules say a label that the model denies, the surest denials first.

    Query by committee (Seung, Opper and Sompolinsky, COLT 1992) of two members. Rules say little,
    so that their silence is no vote.
    """
    said = np.zeros(pool.odds.shape, bool)
    phrase: dict[tuple[int, int], str] = {}
    for label, (facet, name) in enumerate(pool.model.taxonomy.columns):
        phrases = pool.model.rules.get(f"{facet}/{name}", ())
        normal = [text.text for text in pool.model.normaliser.normalise_all(phrases)]
        for one, rows in zip(phrases, occurrences(normal, pool.normal), strict=True):
            said[rows, label] = True
            phrase.update(((row, label), one) for row in rows.tolist())
    below = pool.limit - pool.odds

    def why(text: int, label: int) -> str:
        return f"{phrase[text, label]} speaks for {pool.say(text, label)}"

    denied = said & (below > 0)
    yield from _spread(pool, np.where(denied, below, 0), denied, np.ones(len(pool.limit)), why)


def _diversity(pool: _Pool) -> Iterator[_Choice]:
    """Comments in the middle of clusters, the heaviest clusters first.

    Clusters of TF-IDF vectors stand for what a room talks of (Nguyen and Smeulders, ICML 2004;
    Zhdanov 2019 for the weights). One is heavy by its comments, the more so the more they have in
    common and the less sure the model is of them; it gets lighter with every labelled or chosen
    comment in it.
    """
    found = _clusters(pool)
    size = len(found.labelled)
    unsure = np.exp(-np.abs(pool.odds - pool.limit).min(axis=1, initial=np.inf))
    counts = np.array([text.count for text in pool.texts])
    each = (np.log1p(counts) * (0.1 + unsure))[found.texts]
    weight = found.common * np.bincount(found.cluster, each, size)
    total = np.bincount(found.cluster, minlength=size)
    inside = np.lexsort((found.distance, found.cluster))
    parts = np.split(found.texts[inside], np.cumsum(total)[:-1])
    queues = [iter(part.tolist()) for part in parts]
    cluster_of = np.full(len(pool.texts), size)  # one more, for what is in none
    cluster_of[found.texts] = found.cluster
    while weight.max() > 0:
        had = found.labelled + np.bincount(cluster_of[pool.chosen], minlength=size + 1)[:size]
        best = int((weight / (1 + had)).argmax())
        text = next((text for text in queues[best] if pool.open[text]), None)
        if text is None:
            weight[best] = 0
        else:
            yield text, f"stands for {total[best]} comments like it"


class _Clusters(NamedTuple):
    texts: Ints
    cluster: Ints
    """Which cluster each text is in,"""
    distance: Floats
    """and how far from its middle."""
    common: Floats
    """How much the texts of each cluster have in common: near 0 where it holds all that is left."""
    labelled: Ints
    """How many labelled texts are in it."""


def _clusters(pool: _Pool) -> _Clusters:
    from sklearn.cluster import MiniBatchKMeans
    from sklearn.decomposition import TruncatedSVD
    from sklearn.feature_extraction.text import TfidfVectorizer

    draw = np.random.default_rng(pool.seed)
    count = min(len(pool.normal), _CLUSTERED)
    some = np.sort(draw.choice(len(pool.normal), count, replace=False))
    texts = [pool.normal[text] for text in some.tolist()] + list(pool.labelled[:_CLUSTERED])
    rows = TfidfVectorizer(analyzer="char", ngram_range=(1, 2)).fit_transform(texts)
    if min(rows.shape) > _DIMENSIONS:
        rows = TruncatedSVD(_DIMENSIONS, n_iter=2, random_state=pool.seed).fit_transform(rows)
    size = int(np.clip(count // 20, 1, 150))
    means = MiniBatchKMeans(size, n_init=1, random_state=pool.seed).fit(rows[:count])
    theirs = means.predict(rows[count:]) if len(texts) > count else np.zeros(0, np.int64)
    return _Clusters(
        some,
        means.labels_,
        means.transform(rows[:count]).min(axis=1),
        np.square(means.cluster_centers_).sum(axis=1),
        np.bincount(theirs, minlength=size),
    )


_STRATEGIES: Mapping[str, Callable[[_Pool], Iterator[_Choice]]] = {
    "novelty": _novelty, "margin": _margin, "diversity": _diversity,
    "rare": _rare, "committee": _committee,
}  # fmt: skip


def _spread(
    pool: _Pool, value: Floats, allowed: Bools, weight: Floats, why: Callable[[int, int], str]
) -> Iterator[_Choice]:
    """Texts of great ``value`` (texts × labels, not negative) for labels of great ``weight``.

    A label that was served n times has to be n + 1 times as good to be served again, so that none
    gets all.
    """
    labels = value.shape[1]
    served = np.zeros(labels)
    order = [
        rows[np.argsort(-value[rows, label], kind="stable")]
        for label, rows in enumerate(map(np.flatnonzero, allowed.T))
    ]
    at = np.zeros(labels, np.int64)
    while True:
        best = np.zeros(labels)
        for label, texts in enumerate(order):
            while at[label] < len(texts) and not pool.open[texts[at[label]]]:
                at[label] += 1
            if at[label] < len(texts):
                best[label] = value[texts[at[label]], label] * weight[label] / (1 + served[label])
        label = int(best.argmax()) if labels else 0
        if not best.any():
            return
        served[label] += 1
        text = int(order[label][at[label]])
        yield text, why(text, label)


# helpers ----------------------------------------------------------------------------------


def _matrix(strings: Sequence[str], normal: Sequence[str]) -> sp.csr_matrix:
    """Which of some texts hold which strings, texts × strings."""
    where = occurrences(strings, normal)
    rows = np.concatenate([np.zeros(0, np.int64), *where])
    columns = np.repeat(np.arange(len(strings)), [len(one) for one in where])
    cells = (np.ones(len(rows)), (rows, columns))
    return sp.csr_matrix(cells, shape=(len(normal), len(strings)))


def _log_odds(probability: npt.NDArray[np.floating]) -> Floats:
    bounded = np.clip(probability, 1e-6, 1 - 1e-6)
    return np.asarray(np.log(bounded / (1 - bounded)), np.float64)


def _probability(odds: float) -> float:
    return float(1 / (1 + np.exp(-odds)))
