"""Statistics over paths, each with its Monte Carlo standard error.

A path that stopped is NaN and left out. With antithetic sampling paths ``2k`` and ``2k + 1`` mirror each
other: the pair is one independent draw, and errors come from the spread of pairs. With Sobol points paths
are more even than random ones; errors computed as if they were random are then too large rather than too
small.

Sources: Glasserman (2004), *Monte Carlo Methods in Financial Engineering*, sections 1.1, 4.2 and 9.2;
Maritz and Jarrett (1978) for quantiles; Wilson (1927) for probabilities.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simulator.scenario.parameter_sets import SETS_MIN

Floats = NDArray[np.float64]

#: A ratio is not reported when its denominator is within so many standard errors of zero.
DENOMINATOR_ERRORS_MIN = 3.0
#: Most draws of which the chances of every place are kept for what has not all of them in memory.
KEPT_DRAWS_MAX = 100_000


@dataclass(frozen=True)
class Estimate:
    """A statistic, its standard error, and the independent draws that it rests on.

    The error is NaN when there are too few draws to know it. Where paths are spread over parameter sets, ``low`` and
    ``high`` are what nine of ten of the sets make of it; NaN otherwise, and when sets cannot be told apart.
    """

    value: float
    standard_error: float
    draws: int
    low: float = math.nan
    high: float = math.nan


#: Standard errors to either side of an estimate that hold the truth in 95% of cases.
ERRORS_OF_95 = 1.96


#: Ends of the range that parameters leave open.
RANGE_OF_SETS = (0.05, 0.95)
#: What stands in brackets behind an error.
RANGE_IN_WORDS = (
    "[low, high] is the range that parameters leave open: what nine of ten sets make of a figure,"
    " chance taken out."
)


def error_note(has_ranges: bool) -> str:
    """What stands behind ``±`` and, where paths are spread over parameter sets, behind ranges in brackets."""
    return f"± is one Monte Carlo standard error{f'; {RANGE_IN_WORDS}' if has_ranges else '.'}"


def has_range(estimate: Estimate) -> bool:
    """Whether parameter sets leave a range open around an estimate."""
    return not math.isnan(estimate.low)


def as_plain(estimate: Estimate) -> dict[str, Any]:
    """Value, standard error and, if there is one, the range that parameters leave open; what is not known is none.

    Examples
    --------
    >>> as_plain(Estimate(2.0, math.nan, 1)), as_plain(Estimate(2.0, 0.5, 9, 1.0, 4.0))["parameters_high"]
    ({'value': 2.0, 'standard_error': None}, 4.0)
    """
    told = {"value": estimate.value, "standard_error": estimate.standard_error}
    if has_range(estimate):
        told |= {"parameters_low": estimate.low, "parameters_high": estimate.high}
    return {key: float(number) if math.isfinite(number) else None for key, number in told.items()}


def holds_zero(estimate: Estimate) -> bool:
    """Whether the 95% interval of an estimate holds zero; not known, and so not said, without its error.

    Examples
    --------
    >>> holds_zero(Estimate(2.0, 1.0, 100)), holds_zero(Estimate(-1.9, 1.0, 100))
    (False, True)
    >>> holds_zero(Estimate(1.0, math.nan, 1))
    False
    """
    return abs(estimate.value) <= ERRORS_OF_95 * estimate.standard_error


UNDEFINED = Estimate(math.nan, math.nan, 0)


def mean(values: ArrayLike, *, antithetic: bool = False) -> Estimate:
    """Average over paths.

    Examples
    --------
    >>> mean([1.0, 2.0, 3.0, 4.0])
    Estimate(value=2.5, standard_error=0.6454972243679028, draws=4)
    """
    draws = draws_of(values, antithetic)
    if not len(draws):
        return UNDEFINED
    return Estimate(float(draws.mean()), _error_of_mean(draws), len(draws))


def difference(values: ArrayLike, baseline: ArrayLike, *, antithetic: bool = False) -> Estimate:
    """Average of the differences of two runs on the same random numbers, path by path."""
    return mean(_floats(values) - _floats(baseline), antithetic=antithetic)


def over_sets(
    statistic: Callable[[NDArray[np.bool_] | None], Estimate], set_of_path: NDArray[np.int64]
) -> Estimate:
    """A statistic over paths that are spread over parameter sets, with the range that parameters leave open.

    What each set makes of it differs by parameters and by chance. Chance is taken out: sets are drawn together until
    they differ by no more than parameters make them differ (Efron and Morris 1975). Sets, not paths, are the
    independent draws of the whole.

    Parameters
    ----------
    statistic
        Makes the estimate of some of the paths, or of all.
    set_of_path
        Which group of paths with a common set each path belongs to.

    Examples
    --------
    >>> values, group = np.arange(8.0), np.arange(8) // 2
    >>> over_sets(lambda chosen: mean(values if chosen is None else values[chosen]), group).value
    3.5
    """
    parts = [statistic(set_of_path == number) for number in np.unique(set_of_path)]
    return with_range(statistic(None), parts)


def with_range(whole: Estimate, parts: Sequence[Estimate]) -> Estimate:
    """A statistic over all paths, with the range that parameters leave open (:func:`over_sets`).

    Parameters
    ----------
    parts
        The same statistic of the paths of each set alone.
    """
    known = [part for part in parts if not math.isnan(part.value + part.standard_error)]
    if len(known) < SETS_MIN:
        return whole
    values, errors = np.array([(part.value, part.standard_error) for part in known]).T
    low, high = range_of_sets(np.asarray(whole.value), values, errors)
    error = max(whole.standard_error, _error_of_mean(values))
    return Estimate(whole.value, error, whole.draws, float(low), float(high))


def range_of_sets(whole: Floats, values: Floats, errors: Floats) -> tuple[Floats, Floats]:
    """Ends of the range that parameters leave open around a figure, or around each of an array of figures.

    Parameters
    ----------
    whole
        Of all paths.
    values, errors
        Of the paths of each set alone, (set, …), with their standard errors.

    Returns
    -------
    tuple
        The low and the high end, NaN where sets differ by no more than chance.
    """
    chance, spread = (errors**2).mean(axis=0), values.var(axis=0, ddof=1)
    share = 1.0 - np.divide(chance, spread, out=np.ones_like(spread), where=spread > 0.0)
    kept = np.sqrt(np.maximum(share, 0.0))
    low, high = np.quantile(whole + kept * (values - values.mean(axis=0)), RANGE_OF_SETS, axis=0)
    is_open = kept > 0.0
    return np.where(is_open, low, np.nan), np.where(is_open, high, np.nan)


def probability(happened: ArrayLike, *, antithetic: bool = False) -> Estimate:
    """Share of paths in which something happened; NaN marks a path that stopped.

    The error is half of Wilson's interval of one standard error, which is not zero when nothing or everything
    happened. Pairs that move together count for fewer draws.
    """
    draws = draws_of(happened, antithetic)
    if not len(draws):
        return UNDEFINED
    share = float(draws.mean())
    count = float(len(draws))
    if antithetic and 0.0 < share < 1.0 and len(draws) > 1:
        spread = float(draws.var(ddof=1))
        count *= share * (1.0 - share) / spread if spread > 0.0 else 2.0
    width = math.sqrt(share * (1.0 - share) / count + 0.25 / count**2) / (1.0 + 1.0 / count)
    return Estimate(share, width, len(draws))


def quantile(values: ArrayLike, level: float, *, antithetic: bool = False) -> Estimate:
    """Quantile over paths, with the error of Maritz and Jarrett: the spread of the order statistic around it.

    Parameters
    ----------
    level
        Between 0 and 1: 0.95 is exceeded by one path in twenty.
    """
    ordered = np.sort(_finite(values))
    count = len(ordered)
    if not count:
        return UNDEFINED
    value = float(np.quantile(ordered, level))
    draws = draws_of(values, antithetic)
    if len(draws) < 2:
        return Estimate(value, math.nan, len(draws))
    weights = np.diff(_all_chances(count, level))
    centre = float(weights @ ordered)
    error = math.sqrt(max(0.0, float(weights @ (ordered - centre) ** 2)))
    return Estimate(value, error * _pair_factor(values, value, antithetic), len(draws))


def chance_of_order(count: int, level: float, places: NDArray[np.int64]) -> Floats:
    """How likely the quantile at a level of so many draws is one of the first few, in rising order.

    Parameters
    ----------
    places
        How many the first few are, from 0 to ``count``.

    Notes
    -----
    Maritz and Jarrett (1978). Every figure of a run, and of a cell of a sweep, asks for the same few counts and levels.
    """
    if count > KEPT_DRAWS_MAX:
        return _chance_of_order(count, level, places)
    chance: Floats = _all_chances(count, level)[places]
    return chance


@lru_cache(maxsize=16)
def _all_chances(count: int, level: float) -> Floats:
    return _chance_of_order(count, level, np.arange(count + 1))


def _chance_of_order(count: int, level: float, places: NDArray[np.int64]) -> Floats:
    from scipy.special import betainc

    rank = math.floor(level * count + 0.5)
    first, second = max(rank, 1) - 1, count - max(rank, 1)
    chance: Floats = betainc(first + 1, second + 1, places / count)
    return chance


def _pair_factor(values: ArrayLike, threshold: float, antithetic: bool) -> float:
    """Error of the share of paths below a threshold, over what it would be if all paths were independent."""
    if not antithetic:
        return 1.0
    array = _floats(values)
    below = np.where(np.isnan(array), math.nan, array <= threshold)
    alone = _error_of_mean(draws_of(below, False))
    return _error_of_mean(draws_of(below, True)) / alone if alone > 0.0 else 1.0


def expected_shortfall(values: ArrayLike, level: float, *, antithetic: bool = False) -> Estimate:
    """Average of the worst paths, where large is bad: those beyond the quantile at ``level``.

    Examples
    --------
    >>> round(expected_shortfall(range(100), 0.9).value, 6)
    94.5
    """
    array = _floats(values)
    finite = _finite(array)
    if not len(finite):
        return UNDEFINED
    threshold = float(np.quantile(finite, level))
    beyond = np.where(np.isnan(array), math.nan, np.maximum(array - threshold, 0.0))
    excess = mean(beyond, antithetic=antithetic)
    tail = 1.0 - level
    return Estimate(threshold + excess.value / tail, excess.standard_error / tail, excess.draws)


def ratio(numerator: ArrayLike, denominator: ArrayLike, *, antithetic: bool = False) -> Estimate:
    """Ratio of two averages over the same paths, with the error of the delta method.

    Undefined when the denominator cannot be told from zero.
    """
    above, below = _floats(numerator), _floats(denominator)
    missing = np.isnan(above) | np.isnan(below)
    above, below = np.where(missing, math.nan, above), np.where(missing, math.nan, below)
    top, bottom = mean(above, antithetic=antithetic), mean(below, antithetic=antithetic)
    known = 0.0 if math.isnan(bottom.standard_error) else bottom.standard_error
    if not bottom.draws or abs(bottom.value) <= DENOMINATOR_ERRORS_MIN * known:
        return Estimate(math.nan, math.nan, bottom.draws)
    value = top.value / bottom.value
    residual = mean(above - value * below, antithetic=antithetic)
    return Estimate(value, residual.standard_error / abs(bottom.value), bottom.draws)


def _floats(values: ArrayLike) -> Floats:
    return np.asarray(values, dtype=np.float64)


def _finite(values: ArrayLike) -> Floats:
    array = _floats(values)
    return array[~np.isnan(array)]


def draws_of(values: ArrayLike, antithetic: bool) -> Floats:
    """Independent draws: paths, or averages of pairs; a path without its mirror stands alone."""
    array = _floats(values)
    if not antithetic:
        return _finite(array)
    if len(array) % 2:
        array = np.append(array, math.nan)
    pairs = array.reshape(-1, 2)
    first, second = pairs[:, 0], pairs[:, 1]
    both = np.where(np.isnan(first), second, np.where(np.isnan(second), first, 0.5 * (first + second)))
    return _finite(both)


def _error_of_mean(draws: Floats) -> float:
    if len(draws) < 2:
        return math.nan
    return float(draws.std(ddof=1)) / math.sqrt(len(draws))
