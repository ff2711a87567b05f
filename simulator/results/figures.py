"""Figures of a run: measures over its paths, each with its Monte Carlo standard error."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from simulator.results import statistics
from simulator.results.layout import Array
from simulator.results.measures import MEASURES, TAIL, Event, Ratio
from simulator.results.outcomes import happened
from simulator.results.statistics import Estimate

if TYPE_CHECKING:
    import xarray as xr


class Figures:
    """Measures of one run.

    Parameters
    ----------
    outcomes
        Of all its paths: ``outcomes.collect_outcomes``.
    antithetic
        Whether paths ``2k`` and ``2k + 1`` mirror each other.
    """

    def __init__(self, outcomes: xr.Dataset, *, antithetic: bool) -> None:
        self.outcomes = outcomes
        self.antithetic = antithetic

    def of(self, key: str, scale: float = 1.0, **where: str) -> Estimate:
        """A measure of the table, in its own unit times ``scale``: an average, a probability or a ratio."""
        made = MEASURES[key].of
        if isinstance(made, Event):
            return scaled_estimate(self.share(happened(made, self.outcomes)), scale)
        if isinstance(made, Ratio):
            above, below = (self.values(name, **where) for name in (made.numerator, made.denominator))
            return scaled_estimate(self.ratio(above, below / made.factor), scale)
        return statistics.mean(scale * self.values(key, **where), antithetic=self.antithetic)

    def high(self, key: str, scale: float = 1.0, **where: str) -> Estimate:
        """The value of an outcome that 5% of paths exceed."""
        return statistics.quantile(scale * self.values(key, **where), TAIL, antithetic=self.antithetic)

    def values(self, key: str, **where: str) -> Array:
        """An outcome of every path."""
        chosen = self.outcomes[key].sel(where) if where else self.outcomes[key]
        return np.asarray(chosen.values, np.float64)

    def share(self, happens: Array) -> Estimate:
        """Probability of something."""
        return statistics.probability(happens, antithetic=self.antithetic)

    def percent_of_all(self, key: str, **where: str) -> Estimate:
        """An outcome of one label of its dimension, in per cent of that of all."""
        return self.ratio(100.0 * self.values(key, **where), self.values(key).sum(axis=1))

    def ratio(self, above: Array, below: Array) -> Estimate:
        """Ratio of two averages."""
        return statistics.ratio(above, below, antithetic=self.antithetic)


def scaled_estimate(estimate: Estimate, scale: float) -> Estimate:
    """A figure in another unit."""
    return Estimate(scale * estimate.value, scale * estimate.standard_error, estimate.draws)
