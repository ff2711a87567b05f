"""What an estimation came to: which parameters the targets pin down, which targets are hit, and which are at odds."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from simulator.history.episode import Moment
from simulator.scenario.parameter_sets import ParameterSets
from simulator.scenario.priors import PriorOf

Floats = NDArray[np.float64]
#: Ends of the ranges that are told, of prior and posterior.
RANGE = (0.05, 0.95)
#: A parameter is pinned down if its range is less than this part of the prior's, and narrowed below the other.
PINNED, NARROWED = 0.6, 0.85
#: Standard deviations within which nine of ten normal figures lie.
NINE_OF_TEN = 1.645
#: Part of the points nearest to a missed target that are looked at for what else then goes wrong.
NEAREST = 0.1
#: A target is at odds with another if it moves away by more than so many tolerances as the other comes near.
AT_ODDS = 0.5

Verdict = Literal["pinned down", "narrowed", "left open"]
Scored = Literal["sets", "centre", "defaults"]


@dataclass(frozen=True)
class ParameterFound:
    """A parameter: prior beside posterior, in engine units."""

    prior: PriorOf
    low: float
    median: float
    high: float
    share_of_prior: float

    @property
    def verdict(self) -> Verdict:
        """How far the targets narrow it down."""
        if self.share_of_prior < PINNED:
            return "pinned down"
        return "narrowed" if self.share_of_prior < NARROWED else "left open"


@dataclass(frozen=True)
class TargetFound:
    """A target: what it asks, and what the sets give.

    Parameters
    ----------
    before
        The model's average at the defaults.
    at_centre
        Its average at the centre.
    means
        Its average of each set.
    path_deviation
        Standard deviation of single paths around it.
    """

    scenario: str
    moment: Moment
    is_fitted: bool
    before: float
    at_centre: float
    means: Floats
    path_deviation: float

    def distance(self, average: float) -> float:
        """Of an average from history, in tolerances."""
        return (average - self.moment.value) / self.moment.tolerance


@dataclass(frozen=True)
class Predicted:
    """What the sets predict of a target.

    Parameters
    ----------
    low, high
        Of the model's average over the sets: nine of ten.
    is_hit
        Whether history lies within nine of ten of what a single path would be, measured with the tolerance.
    """

    mean: float
    low: float
    high: float
    is_hit: bool


@dataclass(frozen=True)
class Conflict:
    """Targets at odds: as the first comes near, the second moves away by so many tolerances."""

    missed: str
    other: str
    moves_away: float


@dataclass(frozen=True)
class Estimation:
    """An estimation that is finished.

    Parameters
    ----------
    priors, shares
        Of the parameters estimated; where the sets lie in them, (set, parameter).
    widening
        By which all errors were multiplied because the best parameters miss the targets.
    centre
        The figures of parameters at which the model's average comes nearest to history: what defaults should be. Those
        that move no target are not among them.
    nearby
        Moments of the points of the stage before, (point, moment).
    """

    sets: ParameterSets
    centre: Mapping[str, float]
    targets: tuple[TargetFound, ...]
    priors: tuple[PriorOf, ...]
    shares: Floats
    widening: float
    simulations: int
    core_hours: float
    nearby: Floats

    @property
    def weights(self) -> Floats:
        """Of the sets."""
        return np.array(self.sets.weights)

    @property
    def counting(self) -> float:
        """Sets that count: as many equal ones would be as uncertain."""
        return float(1.0 / np.sum(self.weights**2))

    @cached_property
    def parameters(self) -> tuple[ParameterFound, ...]:
        """Prior beside posterior, those first of which the targets say most."""
        found = []
        for place, prior in enumerate(self.priors):
            low, median, high = quantiles(self.shares[:, place], self.weights, (RANGE[0], 0.5, RANGE[1]))
            part = (high - low) / (RANGE[1] - RANGE[0])
            ends = (prior.value(low), prior.value(median), prior.value(high))
            found.append(ParameterFound(prior, *ends, share_of_prior=part))
        return tuple(sorted(found, key=lambda each: each.share_of_prior))

    def predicted(self, target: TargetFound) -> Predicted:
        """What the sets predict of a target."""
        known = np.isfinite(target.means)
        weights = self.weights[known] / self.weights[known].sum()
        means = target.means[known]
        mean = float(weights @ means)
        spread = float(weights @ (means - mean) ** 2)
        error = math.hypot(math.sqrt(spread), target.path_deviation, target.moment.tolerance)
        low, high = quantiles(means, weights, RANGE)
        return Predicted(mean, low, high, abs(mean - target.moment.value) <= NINE_OF_TEN * error)

    def score(self, of: Scored = "sets") -> float:
        """Root mean square distance of the fitted targets, in tolerances: of the sets' averages, or of one point."""
        fitted = [each for each in self.targets if each.is_fitted]
        if of == "sets":
            averages = [self.predicted(each).mean for each in fitted]
        else:
            averages = [each.at_centre if of == "centre" else each.before for each in fitted]
        distances = [each.distance(found) for each, found in zip(fitted, averages, strict=True)]
        return float(np.sqrt(np.nanmean(np.square(distances))))

    @cached_property
    def conflicts(self) -> tuple[Conflict, ...]:
        """For each fitted target that is missed, the one that is most at odds with it, if any is."""
        return tuple(self._conflicts())

    def _conflicts(self) -> Iterator[Conflict]:
        moments = np.concatenate([self.nearby, np.column_stack([each.means for each in self.targets])])
        history = np.array([each.moment.value for each in self.targets])
        tolerance = np.array([each.moment.tolerance for each in self.targets])
        distance = np.abs(moments - history) / tolerance
        distance = distance[np.isfinite(distance).all(axis=1)]
        if not len(distance):
            return
        usual = np.median(distance, axis=0)
        fitted = np.array([each.is_fitted for each in self.targets])
        for place, target in enumerate(self.targets):
            if not target.is_fitted or self.predicted(target).is_hit:
                continue
            nearest = np.argsort(distance[:, place])[: max(2, int(NEAREST * len(distance)))]
            away = np.where(fitted, np.median(distance[nearest], axis=0) - usual, -math.inf)
            away[place] = -math.inf
            worst = int(np.argmax(away))
            if away[worst] > AT_ODDS:
                yield Conflict(target.moment.key, self.targets[worst].moment.key, float(away[worst]))

    def as_record(self) -> dict[str, Any]:
        """For other programs."""
        return {
            "provenance": dict(self.sets.provenance),
            "sets": len(self.weights),
            "sets_that_count": self.counting,
            "widening": self.widening,
            "simulations": self.simulations,
            "core_hours": self.core_hours,
            "score_at_defaults": self.score("defaults"),
            "score_at_centre": self.score("centre"),
            "score": self.score(),
            "centre": dict(self.centre),
            "parameters": [
                {
                    "key": each.prior.key,
                    "unit": each.prior.kind.unit,
                    "prior": {"low": each.prior.low, "high": each.prior.high, "form": each.prior.prior.form},
                    "low": each.low,
                    "median": each.median,
                    "high": each.high,
                    "share_of_prior": each.share_of_prior,
                    "verdict": each.verdict,
                }
                for each in self.parameters
            ],
            "targets": [
                {
                    "scenario": each.scenario,
                    "key": each.moment.key,
                    "label": each.moment.label,
                    "unit": each.moment.unit,
                    "is_fitted": each.is_fitted,
                    "history": each.moment.value,
                    "tolerance": each.moment.tolerance,
                    "at_defaults": _known(each.before),
                    "at_centre": _known(each.at_centre),
                    "mean": _known(found.mean),
                    "low": _known(found.low),
                    "high": _known(found.high),
                    "is_hit": found.is_hit,
                }
                for each in self.targets
                for found in (self.predicted(each),)
            ],
            "conflicts": [vars(each) for each in self.conflicts],
        }


def _known(value: float) -> float | None:
    return value if math.isfinite(value) else None


def quantiles(values: Floats, weights: Floats, levels: tuple[float, ...]) -> list[float]:
    """Quantiles of weighted figures, each figure in the middle of its weight.

    Examples
    --------
    >>> quantiles(np.array([1.0, 2.0, 3.0]), np.array([0.25, 0.5, 0.25]), (0.5,))
    [2.0]
    """
    order = np.argsort(values, kind="stable")
    ordered, share = values[order], weights[order]
    middles = np.cumsum(share) - 0.5 * share
    return [float(each) for each in np.interp(levels, middles, ordered)]
