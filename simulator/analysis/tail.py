"""The tail of an outcome: how likely it is to be worse than any level, with what is known of that.

Bands are pointwise and follow Wilson (1927), so that a level that no path exceeded keeps an upper bound above zero.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

#: Standard normal quantile of a two-sided band of 95%.
Z = 1.959964
POINTS = 120


class Exceedance(NamedTuple):
    """Share of paths above each level, and its 95% band."""

    level: Floats
    share: Floats
    low: Floats
    high: Floats


def exceedance(values: ArrayLike, *, antithetic: bool = False) -> Exceedance:
    """Exceedance curve of an outcome over paths; paths without it (NaN) are left out.

    Levels are order statistics, closer together in the tail. With antithetic sampling a pair of paths counts as one
    draw, which makes the band too wide rather than too narrow.

    Examples
    --------
    >>> curve = exceedance([1.0, 2.0, 3.0, 4.0])
    >>> curve.level.tolist(), curve.share.tolist()
    ([1.0, 2.0, 3.0, 4.0], [0.75, 0.5, 0.25, 0.0])
    """
    array = np.asarray(values, np.float64)
    ordered = np.sort(array[~np.isnan(array)])
    count = len(ordered)
    if not count:
        empty = np.empty(0)
        return Exceedance(empty, empty, empty, empty)
    tail = count - np.unique(np.round(np.geomspace(1.0, count, POINTS)).astype(int))[::-1]
    level = np.unique(ordered[tail])
    share = 1.0 - np.searchsorted(ordered, level, side="right") / count
    low, high = wilson_band(share, count / 2 if antithetic else count)
    return Exceedance(level, share, low, high)


def wilson_band(share: Floats, draws: float) -> tuple[Floats, Floats]:
    """The 95% band of a share of independent draws."""
    centre = (share + 0.5 * Z**2 / draws) / (1.0 + Z**2 / draws)
    half = Z * np.sqrt(share * (1.0 - share) / draws + 0.25 * (Z / draws) ** 2) / (1.0 + Z**2 / draws)
    return np.maximum(centre - half, 0.0), np.minimum(centre + half, 1.0)
