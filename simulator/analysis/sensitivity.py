"""Which parameter of a design moves an outcome most: ranks, and shares of variance, with their errors.

The first-order index of a parameter is the share of the outcome's variance over the design that knowing the
parameter alone explains: Var(E[Y|X]) / Var(Y). It is estimated from any space-filling design by sorting its points
into bins of equal count along the parameter; the share that bins explain by chance is taken off (Kelley's
epsilon squared). Errors come from a bootstrap over points.

Sources: Saltelli and others (2008), *Global Sensitivity Analysis*, section 1.2; Plischke, Borgonovo and Smith (2013),
*European Journal of Operational Research* 226, for given-data estimates; Kelley (1935), *PNAS* 21, for the
correction; Bonett and Wright (2000), *Psychometrika* 65, for the error of a rank correlation.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simulator.results.statistics import UNDEFINED, Estimate

Floats = NDArray[np.float64]

POINTS_MIN = 8
POINTS_PER_BIN = 8
BINS_MAX = 32
RESAMPLES = 200


def rank_correlation(parameter: ArrayLike, outcome: ArrayLike) -> Estimate:
    """Spearman's rank correlation: how steadily an outcome rises with a parameter, from -1 to 1.

    Examples
    --------
    >>> rank_correlation(range(10), [x**3 for x in range(10)]).value
    1.0
    """
    from scipy.stats import spearmanr

    x, y = _finite_pairs(parameter, outcome)
    if len(x) < POINTS_MIN or np.ptp(x) == 0.0 or np.ptp(y) == 0.0:
        return UNDEFINED
    value = min(1.0, max(-1.0, round(float(spearmanr(x, y).statistic), 12)))
    error = (1.0 - value**2) * math.sqrt((1.0 + value**2 / 2.0) / (len(x) - 3))
    return Estimate(value, error, len(x))


def first_order_index(parameter: ArrayLike, outcome: ArrayLike, *, seed: int = 0) -> Estimate:
    """Share of the variance of an outcome that a parameter alone explains, at least 0."""
    x, y = _finite_pairs(parameter, outcome)
    if len(x) < POINTS_MIN or np.ptp(x) == 0.0 or np.ptp(y) == 0.0:
        return UNDEFINED
    random = np.random.default_rng(seed)
    draws = random.integers(0, len(x), (RESAMPLES, len(x)))
    spread = [_epsilon_squared(x[draw], y[draw]) for draw in draws]
    # A resample holds points twice, which bins then explain: the spread is used, its centre is not.
    return Estimate(max(0.0, _epsilon_squared(x, y)), float(np.std(spread, ddof=1)), len(x))


def _epsilon_squared(x: Floats, y: Floats) -> float:
    bins = max(2, min(BINS_MAX, len(x) // POINTS_PER_BIN))
    parts = np.array_split(y[np.argsort(x, kind="stable")], bins)
    total = float(((y - y.mean()) ** 2).sum())
    if total == 0.0:
        return 0.0
    within = sum(float(((part - part.mean()) ** 2).sum()) for part in parts)
    return 1.0 - within / (len(y) - bins) * (len(y) - 1) / total


def _finite_pairs(parameter: ArrayLike, outcome: ArrayLike) -> tuple[Floats, Floats]:
    x, y = np.asarray(parameter, np.float64), np.asarray(outcome, np.float64)
    known = np.isfinite(x) & np.isfinite(y)
    return x[known], y[known]
