"""Score comments by the compiled core: what `commentnlp.model` does with arrays otherwise."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from commentnlp.compiled_core import load_core, read_dictionary
from commentnlp.features import Features
from commentnlp.text import Normaliser, Text

Array = npt.NDArray[Any]


class Hit(NamedTuple):
    """A label of a text, and its evidence."""

    row: int
    """Which text."""
    column: int
    """Which label."""
    score: float
    start: int
    """First character of the evidence in the normalised text; -1 where there is none."""
    end: int
    weight: float


LineEnd = tuple[str, tuple[tuple[int, float], ...]]
"""The cells of a comment's labels, and the labels with their scores, parents among them."""

MOST_NAMED = 256
"""Labels whose names a line can hold."""


class CompiledScorer:
    """The compiled core with the numbers of a model."""

    def __init__(
        self, normaliser: Normaliser, features: Features, numbers: Mapping[str, Array]
    ) -> None:
        """Hand the arrays over; ``numbers`` are those of `commentnlp.model.Model.numbers`.

        Raises ValueError where they do not fit together.
        """
        core = load_core()
        if not core:
            raise ImportError("the compiled core was not built, or is turned off")
        self._scan, self._tag, self._score = core.scan, core.tag, core.score
        self._line_ends = core.line_ends
        self._normaliser = normaliser
        self._labels = len(numbers["bias"])
        arrays = {**normaliser.tables(), **features.tables(), **numbers}
        arrays = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
        self._core = core.build(
            {name: (a.ctypes.data, a.size, a.itemsize) for name, a in arrays.items()},
            read_dictionary(features.segmenter.words),
            list(arrays.values()),
            features.other,
            features.asked,
        )

    def logits(self, raws: Sequence[str]) -> npt.NDArray[np.float64]:
        """Log-odds of every label for raw texts: texts × labels."""
        texts, normal, _ = self._normal(raws)
        scores = np.frombuffer(self._score(self._core, texts, normal))
        return scores.reshape(len(texts), self._labels)

    def tag(self, raws: Sequence[str], evidence: bool) -> tuple[list[Hit], dict[int, Text]]:
        """Labels of raw texts, in order, and those texts that normalising did more than fold."""
        texts, normal, ruled = self._normal(raws)
        return self._tag(self._core, texts, normal, evidence), ruled

    def line_ends(
        self, raws: Sequence[str], names: Sequence[str], facets: bytes
    ) -> tuple[list[LineEnd | None], list[Hit], dict[int, Text]]:
        """For each text the cells of its labels as the end of a line of CSV; None where it has
        none, and where normalising did more than fold: of these there are the hits and the texts.

        ``names`` has a name for each label, ``facets`` the number of its facet.
        """
        texts, normal, ruled = self._normal(raws)
        return *self._line_ends(self._core, texts, normal, list(names), facets), ruled

    def _normal(self, raws: Sequence[str]) -> tuple[list[str], bytes, dict[int, Text]]:
        """The texts, normalised where that takes more than folding, marks of which they are, and
        those."""
        texts = list(raws)
        needing: list[int] = self._scan(self._core, texts)
        if any(i < 0 for i in needing):
            self._normaliser.meet("".join(texts[~i] for i in needing if i < 0))
            needing = self._scan(self._core, texts)
        if not needing:
            return texts, bytes(len(texts)), {}
        rewritten = self._normaliser.normalise_all([texts[i] for i in needing])
        marks = bytearray(len(texts))
        for i, text in zip(needing, rewritten, strict=True):
            texts[i] = text.text
            marks[i] = 1
        return texts, bytes(marks), dict(zip(needing, rewritten, strict=True))
