"""Statistics of runs, and of differences between runs, with errors that leave common chance out.

Every statistic is kept with what each path adds to it (its influence function), so that the error of any sum,
difference or ratio of statistics follows from the spread of the combined influence: the delta method. Runs on the
same random numbers share one sample, and chance that is common to both drops out of the difference; other runs
are independent samples, and their variances add up.

Where paths are spread over parameter sets, a statistic knows besides what the paths of each set make of it alone:
sums, differences and ratios are made set by set too, and the range over sets of the outcome is told beside its error.

Sources: Glasserman (2004), *Monte Carlo Methods in Financial Engineering*, sections 4.2 and 9.2; Hampel (1974)
for influence functions; Agresti and Min (2005), *Statistics in Medicine* 24, for differences of paired shares.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simulator.results import statistics
from simulator.results.statistics import DENOMINATOR_ERRORS_MIN, Estimate, with_range
from simulator.scenario.parameter_sets import SETS_MIN

Floats = NDArray[np.float64]
Made = TypeVar("Made")


class Part(NamedTuple):
    """What each path of one independent sample adds to a figure, (path,); NaN for paths left out.

    ``is_mirrored`` says that paths ``2k`` and ``2k + 1`` are one antithetic draw; ``paths_a_set``, if any, how many
    consecutive paths share a parameter set, so that sets are the independent draws.
    """

    influence: Floats
    is_mirrored: bool
    paths_a_set: int = 0

    @property
    def error(self) -> Estimate:
        """Average influence, nothing, with its standard error."""
        alone = statistics.mean(self.influence, antithetic=self.is_mirrored)
        if not self.paths_a_set:
            return alone
        starts = range(self.paths_a_set, len(self.influence), self.paths_a_set)
        groups = [part[~np.isnan(part)] for part in np.split(self.influence, starts)]
        means = [float(group.mean()) for group in groups if len(group)]
        if len(means) < SETS_MIN:
            return alone
        return replace(alone, standard_error=max(alone.standard_error, statistics.mean(means).standard_error))


@dataclass(frozen=True)
class Statistic:
    """A figure of one or several runs, with what each path of each independent sample adds to it.

    ``is_share`` says that it is a share of the paths of one run in which something happened; ``of_sets`` is what the
    paths of each parameter set make of it alone, by set, if they are spread over sets.
    """

    value: float
    parts: tuple[Part, ...]
    is_share: bool = False
    of_sets: Mapping[Hashable, Statistic] = field(default_factory=dict)

    @cached_property
    def estimate(self) -> Estimate:
        """The figure with its standard error and, over sets, the range that parameters leave open."""
        return with_range(self._alone, [each._alone for each in self.of_sets.values()])

    @property
    def _alone(self) -> Estimate:
        if self.is_share:
            part = self.parts[0]
            return statistics.probability(part.influence + self.value, antithetic=part.is_mirrored)
        errors = [part.error for part in self.parts]
        draws = min(error.draws for error in errors)
        if math.isnan(self.value) or not draws:
            return Estimate(math.nan, math.nan, draws)
        return Estimate(self.value, math.hypot(*(error.standard_error for error in errors)), draws)


def over_parameter_sets(
    statistic: Callable[[slice], Statistic], paths: int, paths_a_set: int, sets: Hashable
) -> Statistic:
    """A statistic of paths that are spread over parameter sets, with what each set makes of it.

    Parameters
    ----------
    statistic
        Makes the statistic of some of the paths.
    paths
        How many there are; ``paths_a_set`` consecutive ones share a set.
    sets
        Which sets they are: figures of other sets go together in no difference.
    """
    whole = statistic(slice(None))
    return replace(
        whole,
        parts=tuple(part._replace(paths_a_set=paths_a_set) for part in whole.parts),
        of_sets={
            (sets, first): statistic(slice(first, first + paths_a_set))
            for first in range(0, paths, paths_a_set)
        },
    )


def average(values: ArrayLike, *, is_mirrored: bool = False) -> Statistic:
    """Average over paths."""
    array = _floats(values)
    value = statistics.mean(array, antithetic=is_mirrored).value
    return Statistic(value, (Part(array - value, is_mirrored),))


def share(happened: ArrayLike, *, is_mirrored: bool = False) -> Statistic:
    """Share of paths in which something happened; NaN marks a path left out."""
    return replace(average(happened, is_mirrored=is_mirrored), is_share=True)


def expected_shortfall(values: ArrayLike, level: float, *, is_mirrored: bool = False) -> Statistic:
    """Average of the worst paths, those beyond the quantile at ``level``, where large is bad.

    Examples
    --------
    >>> round(expected_shortfall(range(100), 0.9).value, 6)
    94.5
    """
    array = _floats(values)
    finite = array[~np.isnan(array)]
    if not len(finite):
        return average(array, is_mirrored=is_mirrored)
    threshold = float(np.quantile(finite, level))
    beyond = np.where(np.isnan(array), math.nan, np.maximum(array - threshold, 0.0) / (1.0 - level))
    excess = average(beyond, is_mirrored=is_mirrored)
    return Statistic(threshold + excess.value, excess.parts)


def difference_of(statistic: Statistic, base: Statistic, *, is_paired: bool) -> Statistic:
    """The first less the second, path by path where both share random numbers."""
    value = statistic.value - base.value
    of_sets = _set_by_set(lambda one, two: difference_of(one, two, is_paired=is_paired), statistic, base)
    if is_paired:
        return Statistic(value, _combined(statistic, base, -1.0), of_sets=of_sets)
    away = tuple(part._replace(influence=-part.influence) for part in base.parts)
    return Statistic(value, (*statistic.parts, *away), of_sets=of_sets)


def over(numerator: Statistic, denominator: Statistic) -> Statistic:
    """Ratio of two statistics of the same samples; NaN when the denominator cannot be told from zero.

    Raises
    ------
    ValueError
        If they are of different samples.
    """
    below = denominator.estimate
    known = 0.0 if math.isnan(below.standard_error) else below.standard_error
    if not below.draws or abs(below.value) <= DENOMINATOR_ERRORS_MIN * known:
        return Statistic(math.nan, denominator.parts)
    value = numerator.value / denominator.value
    residual = Statistic(0.0, _combined(numerator, denominator, -value))
    parts = scaled(residual, 1.0 / denominator.value).parts
    return Statistic(value, parts, of_sets=_set_by_set(over, numerator, denominator))


def scaled(statistic: Statistic, factor: float) -> Statistic:
    """The statistic times a number."""
    parts = tuple(part._replace(influence=factor * part.influence) for part in statistic.parts)
    of_sets = {key: scaled(each, factor) for key, each in statistic.of_sets.items()}
    return Statistic(factor * statistic.value + 0.0, parts, of_sets=of_sets)  # never -0


def share_difference(happened: Statistic, base: Statistic, *, is_paired: bool) -> Estimate:
    """Difference of two shares, with an error that is not zero when the runs never disagree.

    Paired: half a draw is added to each cell of the two-by-two table (Agresti and Min). Unpaired: the errors of
    both shares, by Wilson's interval, add up as variances.
    """

    def of(one: Statistic, two: Statistic) -> Estimate:
        return _share_difference(one, two, is_paired=is_paired)

    return with_range(of(happened, base), list(_set_by_set(of, happened, base).values()))


def _share_difference(happened: Statistic, base: Statistic, *, is_paired: bool) -> Estimate:
    one, two = replace(happened, of_sets={}), replace(base, of_sets={})
    plain = difference_of(one, two, is_paired=is_paired).estimate
    if not is_paired:
        error = math.hypot(happened.estimate.standard_error, base.estimate.standard_error)
        return Estimate(plain.value, error, plain.draws)
    gap = happened.value - base.value
    (part,) = _combined(happened, base, -1.0)
    draws = statistics.draws_of(part.influence + gap, part.is_mirrored)
    count = len(draws) + 2.0
    spread = float((draws**2).sum()) + 1.0 - float(draws.sum()) ** 2 / count
    return Estimate(plain.value, math.sqrt(spread) / count, plain.draws)


def t_value(estimate: Estimate) -> float:
    """Standard errors that an estimate is away from zero; infinite where no chance is left, NaN where unknown.

    Examples
    --------
    >>> t_value(Estimate(3.0, 1.5, 10)), t_value(Estimate(0.0, 0.0, 10)), t_value(Estimate(-1.0, 0.0, 1))
    (2.0, 0.0, -inf)
    """
    if estimate.value == 0.0:
        return 0.0
    if math.isnan(estimate.value) or math.isnan(estimate.standard_error):
        return math.nan
    if estimate.standard_error == 0.0:
        return math.copysign(math.inf, estimate.value)
    return estimate.value / estimate.standard_error


def _combined(first: Statistic, second: Statistic, weight: float) -> tuple[Part, ...]:
    """Influence of the first and ``weight`` times the second, of the same samples.

    Raises
    ------
    ValueError
        If they are of different samples.
    """
    return tuple(
        one._replace(influence=one.influence + weight * two.influence)
        for one, two in zip(first.parts, second.parts, strict=True)
    )


def _set_by_set(
    made: Callable[[Statistic, Statistic], Made], one: Statistic, two: Statistic
) -> dict[Hashable, Made]:
    """What is made of two statistics, made of the paths of each set that both have."""
    shared = one.of_sets.keys() & two.of_sets.keys()
    return {key: made(one.of_sets[key], two.of_sets[key]) for key in one.of_sets if key in shared}


def _floats(values: ArrayLike) -> Floats:
    return np.asarray(values, dtype=np.float64)
