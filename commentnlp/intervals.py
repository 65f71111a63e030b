"""Intervals of shares: how far chance may have moved what was counted."""

from __future__ import annotations

from typing import Any, overload

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

_Z95 = 1.959963984540054
"""The 97.5 % point of the normal distribution."""


@overload
def wilson(count: int, of: int) -> tuple[float, float]: ...
@overload
def wilson(count: npt.NDArray[Any], of: npt.NDArray[Any]) -> tuple[Floats, Floats]: ...
def wilson(count: Any, of: Any) -> tuple[Any, Any]:
    """Give low and high end of the 95 % interval of the share ``count / of``.

    Wilson's score interval (Wilson 1927, JASA 22: 209-212): it stays within 0 and 1 and is fair
    for few. Where ``of`` is 0 nothing is known: 0 and 1. Arrays give arrays.

    >>> wilson(0, 0)
    (0.0, 1.0)
    """
    count, of = np.asarray(count, float), np.asarray(of, float)
    n = np.maximum(of, 1)
    share, spread = count / n, _Z95**2 / n
    middle = (share + spread / 2) / (1 + spread)
    half = np.sqrt(spread * (share * (1 - share) + spread / 4)) / (1 + spread)
    # at the edges rounding must not leave a crumb
    low = np.where((of == 0) | (count == 0), 0.0, middle - half)
    high = np.where((of == 0) | (count == of), 1.0, middle + half)
    return (low, high) if low.ndim else (float(low), float(high))


def higher_by(
    here: tuple[int, int], there: tuple[int, int], times: float = 1.0
) -> tuple[float, float]:
    """Give the 95 % interval of one share less ``times`` another, each ``(count, of)``.

    By the recovery of variances from the two Wilson intervals: with ``times`` 1 it is Newcombe's
    hybrid score interval of a difference (Newcombe 1998, Statistics in Medicine 17: 873-890,
    method 10), else its extension (Donner & Zou 2012, Stat. Methods Med. Res. 21: 347-359).
    Where it lies above 0, the one share is surely more than ``times`` the other.
    """
    one, other = (count / max(of, 1) for count, of in (here, there))
    (low, high), (low_other, high_other) = wilson(*here), wilson(*there)
    difference = one - times * other
    return (
        difference - float(np.hypot(one - low, times * (high_other - other))),
        difference + float(np.hypot(high - one, times * (other - low_other))),
    )
