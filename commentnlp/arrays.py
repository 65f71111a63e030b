"""Whole numbers in arrays: runs of them, and groups in order."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]


def ranges(first: Ints, count: Ints) -> Ints:
    """``count`` whole numbers from ``first`` on, for each of several, one after the other.

    >>> ranges(np.array([5, 0]), np.array([2, 3])).tolist()
    [5, 6, 0, 1, 2]
    """
    end = count.cumsum()
    return np.asarray((first - end + count).repeat(count) + np.arange(count.sum()))


def first_of_each(row: Ints) -> Ints:
    """Where each row begins in an array of rows in order.

    >>> first_of_each(np.array([3, 3, 7])).tolist()
    [0, 2]
    """
    changes = np.empty(len(row), bool)
    changes[:1] = True
    np.not_equal(row[1:], row[:-1], out=changes[1:])
    return changes.nonzero()[0]
