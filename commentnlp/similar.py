"""Texts that say nearly the same: what would leak through a split, or contradict itself."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

Ints = npt.NDArray[np.int64]

LEAST = 0.7
"""From this share of common character pairs on (Jaccard), two texts are nearly the same."""

_FIGURES = re.compile(r"\d+")
_SILENT = re.compile(r"[\W_]+")
_AGAIN = re.compile(r"(.)\1+")
_ROWS = 4096


def key(text: str) -> str:
    """What is left of a normalised text without figures, punctuation and repeats.

    Texts with the same key are the same to who labels them: 拍了57 and 拍了103!!!
    """
    return _AGAIN.sub(r"\1", _SILENT.sub("", _FIGURES.sub("0", text.lower()))) or text


def near_pairs(
    texts: Sequence[str], others: Sequence[str] | None = None, *, least: float = LEAST
) -> tuple[Ints, Ints]:
    """Pairs of nearly the same normalised texts: where they stand in ``texts`` and ``others``.

    Without ``others`` pairs within ``texts``, each once, the first before the second. Texts are
    sets of pairs of characters of their keys, near from a Jaccard index of ``least`` on. Only
    texts that share one of their rarest pairs are compared, which loses none (prefix filter:
    Chaudhuri, Ganti and Kaushik, ICDE 2006).
    """
    both = [*texts, *(others or ())]
    grams = _grams(both)
    size = np.diff(grams.indptr)
    prefix = _prefixes(grams, least)
    first = np.arange(len(both) if others is None else len(texts))
    second = first if others is None else np.arange(len(texts), len(both))
    right = prefix[second].T.tocsc()
    found_first, found_second = [], []
    for at in range(0, len(first), _ROWS):
        near = (prefix[first[at : at + _ROWS]] @ right).tocoo()
        i, j = first[near.row + at], second[near.col]
        if others is None:
            i, j = i[i < j], j[i < j]
        for part in range(0, len(i), 20 * _ROWS):
            a, b = i[part : part + 20 * _ROWS], j[part : part + 20 * _ROWS]
            common = np.asarray(grams[a].multiply(grams[b]).sum(axis=1)).ravel()
            near_enough = common >= least * (size[a] + size[b] - common) - 1e-9
            found_first.append(a[near_enough])
            found_second.append(b[near_enough])
    none = np.zeros(0, np.int64)
    i, j = np.concatenate([none, *found_first]), np.concatenate([none, *found_second])
    order = np.lexsort((j, i))
    return i[order], j[order] - (0 if others is None else len(texts))


def _grams(texts: Sequence[str]) -> sp.csr_matrix:
    """Which pairs of characters each text has, the rarest first: texts × pairs."""
    column: dict[tuple[str, str], int] = {}
    columns: list[int] = []
    ends = [0]
    for text in texts:
        grams = set(pairwise(f"\x02{key(text)}\x03"))
        columns += [column.setdefault(gram, len(column)) for gram in grams]
        ends.append(len(columns))
    count = np.bincount(columns, minlength=len(column))
    rank = np.empty(len(count), np.int64)
    rank[np.argsort(count, kind="stable")] = np.arange(len(count))
    shape = (len(texts), max(len(column), 1))
    index = rank[np.array(columns, np.int64)]
    matrix = sp.csr_matrix((np.ones(len(columns), np.int32), index, ends), shape=shape)
    matrix.sort_indices()
    return matrix


def _prefixes(grams: sp.csr_matrix, least: float) -> sp.csr_matrix:
    """The rarest of each text's pairs, so many that two near texts share one of them."""
    size = np.diff(grams.indptr)
    kept = size - np.ceil(least * size - 1e-9).astype(np.int64) + 1
    place = np.arange(len(grams.indices)) - np.repeat(grams.indptr[:-1], size)
    mask = place < np.repeat(kept, size)
    ends = np.concatenate([[0], np.cumsum(np.minimum(kept, size))])
    return sp.csr_matrix((grams.data[mask], grams.indices[mask], ends), shape=grams.shape)
