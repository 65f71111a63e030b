"""A second look: each label's log-odds from those of all labels.

Labels go together (a complaint about a thing has the thing's intent; who asks seldom praises), and
one classifier a label knows nothing of the others. Stacking (Wolpert, Neural Networks 1992; for
labels that go together Godbole and Sarawagi, PAKDD 2004) puts a second linear classifier on top:
it sees the log-odds of all labels, which two of them are likely at once, and the length.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from commentnlp.taxonomy import Taxonomy, parent_of

Floats = npt.NDArray[np.floating[Any]]

_LENGTH_UNIT = 20.0
_LONGEST = 40
"""Characters from which on a comment is long, and no longer."""


class SecondLook:
    """The second classifiers of a model: log-odds of all labels in, better ones out."""

    def __init__(self, weights: Floats, taxonomy: Taxonomy) -> None:
        """Take the weights, what `features` shows and a last row for the bias × labels.

        Raises ValueError where they do not fit the taxonomy.
        """
        labels = len(taxonomy.columns)
        parents = [i for i, (_, label) in enumerate(taxonomy.columns) if not parent_of(label)]
        self.parents = np.array(parents, np.int64)
        self._one, self._other = np.triu_indices(len(parents), 1)
        self.weights = weights
        parts = labels, len(self._one), 2, 1
        if weights.shape != (sum(parts), labels):
            raise ValueError(
                f"weights {weights.shape} of the second look do not fit {labels} labels and"
                f" {sum(parts)} rows"
            )
        self._of_logits, self._of_pairs, self._of_length, self._bias = np.split(
            weights, np.cumsum(parts)[:-1]
        )

    @classmethod
    def blank(cls, taxonomy: Taxonomy) -> SecondLook:
        """One that has not learnt yet."""
        parents = sum(not parent_of(label) for _, label in taxonomy.columns)
        labels = len(taxonomy.columns)
        return cls(np.zeros((labels + parents * (parents - 1) // 2 + 3, labels)), taxonomy)

    def features(self, logits: Floats, lengths: Sequence[int]) -> Floats:
        """What it sees, comments × features: log-odds of all labels, for each two parents the
        product of their probabilities, and the length in characters and its square."""
        return np.hstack([logits, self._pairs(logits).T, _sizes(lengths)])

    def __call__(self, logits: Floats, lengths: Sequence[int]) -> Floats:
        """Log-odds that know of each other, from those that do not, comments × labels."""
        return np.asarray(
            logits @ self._of_logits
            + self._pairs(logits).T @ self._of_pairs
            + _sizes(lengths) @ self._of_length
            + self._bias
        )

    def _pairs(self, logits: Floats) -> Floats:
        likely = 1 / (1 + np.exp(-np.clip(logits.T[self.parents], -500, 500)))
        return likely[self._one] * likely[self._other]


def _sizes(lengths: Sequence[int]) -> Floats:
    length = np.minimum(lengths, _LONGEST).reshape(-1, 1) / _LENGTH_UNIT
    return np.hstack([length, length**2])
