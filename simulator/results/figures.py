"""Figures of a run: measures over its paths, each with its Monte Carlo standard error."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from simulator.results import statistics
from simulator.results.layout import Array
from simulator.results.measures import MEASURES, TAIL, Event, Ratio
from simulator.results.outcomes import Outcomes, happened
from simulator.results.statistics import Estimate


class Figures:
    """Measures of one run.

    Parameters
    ----------
    outcomes
        Of all its paths: ``outcomes.collect_outcomes``.
    antithetic
        Whether paths ``2k`` and ``2k + 1`` mirror each other.
    paths_a_set
        How many consecutive paths share a parameter set; 0 where all paths share all parameters.
    """

    def __init__(self, outcomes: Outcomes, *, antithetic: bool, paths_a_set: int = 0) -> None:
        self.outcomes = outcomes
        self.antithetic = antithetic
        self.set_of_path = outcomes.path // paths_a_set if paths_a_set else None

    def _over_sets(self, statistic: Callable[..., Estimate], *values: Array) -> Estimate:
        """A statistic of values by path, with the range that parameters leave open if paths are spread over sets."""
        if self.set_of_path is None:
            return statistic(*values, antithetic=self.antithetic)

        def of(chosen: Array | None) -> Estimate:
            some = values if chosen is None else tuple(each[chosen] for each in values)
            return statistic(*some, antithetic=self.antithetic)

        return statistics.over_sets(of, self.set_of_path)

    def of(self, key: str, scale: float = 1.0, **where: str) -> Estimate:
        """A measure of the table, in its own unit times ``scale``: an average, a probability or a ratio."""
        made = MEASURES[key].of
        if isinstance(made, Event):
            return scaled_estimate(self.share(happened(made, self.outcomes)), scale)
        if isinstance(made, Ratio):
            above, below = (self.values(name, **where) for name in (made.numerator, made.denominator))
            return scaled_estimate(self.ratio(above, below / made.factor), scale)
        return self._over_sets(statistics.mean, scale * self.values(key, **where))

    def high(self, key: str, scale: float = 1.0, **where: str) -> Estimate:
        """The value of an outcome that 5% of paths exceed."""
        return self._over_sets(
            lambda values, antithetic: statistics.quantile(values, TAIL, antithetic=antithetic),
            scale * self.values(key, **where),
        )

    def values(self, key: str, **where: str) -> Array:
        """An outcome of every path."""
        return np.asarray(self.outcomes.of(key, **where), np.float64)

    def share(self, happens: Array) -> Estimate:
        """Probability of something."""
        return self._over_sets(statistics.probability, happens)

    def percent_of_all(self, key: str, **where: str) -> Estimate:
        """An outcome of one label of its dimension, in per cent of that of all."""
        return self.ratio(100.0 * self.values(key, **where), self.values(key).sum(axis=1))

    def ratio(self, above: Array, below: Array) -> Estimate:
        """Ratio of two averages."""
        return self._over_sets(statistics.ratio, above, below)


def scaled_estimate(estimate: Estimate, scale: float) -> Estimate:
    """A figure in another unit."""
    return Estimate(
        scale * estimate.value,
        scale * estimate.standard_error,
        estimate.draws,
        scale * estimate.low,
        scale * estimate.high,
    )
