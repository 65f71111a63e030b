"""The report's statistics: words that set apart, rates compared."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.special import betainc

Floats = npt.NDArray[np.float64]


def log_odds(
    here: npt.ArrayLike, elsewhere: npt.ArrayLike, prior: npt.ArrayLike | None = None
) -> Floats:
    """Tell for each word how surely it is said more here than elsewhere.

    ``here`` and ``elsewhere`` count each word of one vocabulary. The result is, by word, the
    weighted log-odds-ratio with an informative Dirichlet prior over its standard deviation
    (Monroe, Colaresi & Quinn 2008, "Fightin' Words", Political Analysis 16: 372-403, eq. 16, 20
    and 22): above 0 for words of here. ``prior`` holds pseudo-counts; by default the words of
    both together, scaled to as many as the smaller side has, so that a word must be said often
    to stand out. A word with neither count nor prior, and the only word there is, get 0.
    """
    here, elsewhere = np.asarray(here, float), np.asarray(elsewhere, float)
    if prior is None:
        both = here + elsewhere
        prior = both * (min(here.sum(), elsewhere.sum()) / max(both.sum(), 1))
    prior = np.asarray(prior, float)
    z = np.zeros(here.shape)
    mine, theirs = here + prior, elsewhere + prior
    not_mine, not_theirs = mine.sum() - mine, theirs.sum() - theirs
    known = (mine > 0) & (theirs > 0) & (not_mine > 0) & (not_theirs > 0)
    mine, theirs = mine[known], theirs[known]
    delta = np.log(mine / not_mine[known]) - np.log(theirs / not_theirs[known])
    z[known] = delta / np.sqrt(1 / mine + 1 / theirs)
    return z


def higher(
    count: npt.ArrayLike, of: npt.ArrayLike, rest: npt.ArrayLike, rest_of: npt.ArrayLike
) -> Floats:
    """Give the chance of ``count`` or more if the rate were that of the rest.

    The exact conditional test of two Poisson rates ``count / of`` and ``rest / rest_of``
    (Przyborowski & Wilenski 1940, Biometrika 31: 313-323): of ``count + rest`` events each falls
    here with the chance ``of / (of + rest_of)``. ``of`` and ``rest_of`` are minutes or, for
    shares, voices; a share is less scattered than a rate, which makes the test the more careful.
    Arrays are broadcast. 1 where ``of`` or ``rest_of`` is 0: there is nothing to compare.
    """
    return _tail(count, of, rest, rest_of)


def lower(
    count: npt.ArrayLike, of: npt.ArrayLike, rest: npt.ArrayLike, rest_of: npt.ArrayLike
) -> Floats:
    """Give the chance of ``count`` or fewer if the rate were that of the rest; see `higher`."""
    # few here are many in the rest
    return _tail(rest, rest_of, count, of)


def _tail(
    count: npt.ArrayLike, of: npt.ArrayLike, rest: npt.ArrayLike, rest_of: npt.ArrayLike
) -> Floats:
    count, of, rest, rest_of = np.broadcast_arrays(
        *(np.asarray(x, float) for x in (count, of, rest, rest_of))
    )
    known = (count > 0) & (of > 0) & (rest_of > 0)
    chance = of / np.where(known, of + rest_of, 1)
    # a binomial's tail as an incomplete beta integral
    tail = betainc(np.where(known, count, 1), rest + 1, np.where(known, chance, 1))
    return np.asarray(np.where(known, tail, 1.0))


def significant(p: npt.ArrayLike, q: float = 0.05) -> npt.NDArray[np.bool_]:
    """Tell which of many tests hold so that at most a share ``q`` of these is expected false.

    Benjamini & Hochberg 1995, J. R. Statist. Soc. B 57: 289-300.
    """
    p = np.asarray(p, float)
    ordered = np.sort(p)
    passed = np.flatnonzero(ordered <= q * np.arange(1, p.size + 1) / max(p.size, 1))
    return p <= (ordered[passed[-1]] if passed.size else -1.0)
