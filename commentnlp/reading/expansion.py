"""How long a text is once its compatibility characters are written out.

Normalising writes them out (Unicode's NFKC), and one of them becomes up to eighteen: what a comment
costs goes by that length, not by the one it comes with.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache

import numpy as np
import numpy.typing as npt

MAX_EXPANSION = 18
"""Characters that one may become at most: U+FDFA, which stands for a sentence."""

WRITTEN_OUT = " once compatibility characters are written out"
"""What a message says of a length that is not that of the text as it came."""

_SHORT = 40
"""Characters below which looking at each in turn is quicker than an array."""
_LAST = 0x2FFFF
"""Beyond it no character is written out as several."""


def expanded_length(text: str) -> int:
    """Characters of a text once those that stand for several are written out.

    >>> expanded_length("多少钱"), expanded_length("㏄…"), expanded_length("\ufdfa")
    (3, 5, 18)
    """
    if text.isascii() or (len(text) < _SHORT and not _expanding(text)):
        return len(text)
    codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)
    return int(_lengths().take(codes, mode="clip").sum(dtype=np.int64))


def _expanding(text: str) -> bool:
    """Whether a character of a text becomes several."""
    return _pattern().search(text) is not None


@cache
def _pattern() -> re.Pattern[str]:
    several = np.flatnonzero(_lengths() > 1)
    return re.compile(f"[{re.escape(''.join(map(chr, several)))}]")


@cache
def _lengths() -> npt.NDArray[np.uint8]:
    """What each character becomes; the last stands for all beyond."""
    lengths = np.ones(_LAST + 1, np.uint8)
    for code in range(0x80, _LAST):
        if unicodedata.decomposition(one := chr(code)):
            lengths[code] = len(unicodedata.normalize("NFKC", one))
    return lengths
