"""How far a market is from collapse: the multiple of a parameter at which a partial unwind becomes a full one.

The parameter is multiplied, step by step away from its own value, on the same random numbers, until funds give up
more than a share of their packages on average; bisection then closes in on the crossing. Its Monte Carlo error comes
from a bootstrap over paths: each resample has its own crossing of the curve that was played.

Source: Efron and Tibshirani (1993), *An Introduction to the Bootstrap*, chapter 6.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from simulator.analysis.channels import Values, play_outcomes
from simulator.results.statistics import Estimate, mean
from simulator.scenario.errors import Problem, Problems, ScenarioError
from simulator.scenario.explain import find_parameters
from simulator.units import written

if TYPE_CHECKING:
    from simulator.scenario.declarations import Declaration
    from simulator.scenario.loading import LoadedScenario
    from simulator.scenario.schema import Scenario

COLLAPSE_SHARE = 0.75
RESAMPLES = 1000
#: Bisection ends when the crossing lies within so much of the multiple.
TOLERANCE = 0.01
BISECTIONS_MAX = 12
NOT_OF_THE_MARKET = ("seed", "paths", "horizon")
#: Significant digits of the values tried.
DIGITS = 5


@dataclass(frozen=True)
class TriedMultiple:
    """The market at one multiple of the parameter: its value as written, and the share of packages given up."""

    multiple: float
    value: str
    given_up: Estimate
    by_path: Values


@dataclass(frozen=True)
class KnifeEdge:
    """Where a partial unwind becomes a collapse.

    Parameters
    ----------
    share
        Share of their packages that funds give up, on average over paths, in a collapse.
    multiple
        Multiple of the parameter at the crossing, with its error; NaN when it was not reached.
    at
        Value of the parameter there, as written; empty when it was not reached.
    points
        What was played, from the parameter's own value outwards.
    """

    scenario: str
    parameter: str
    share: float
    multiple: Estimate
    at: str
    points: tuple[TriedMultiple, ...]

    def as_record(self) -> dict[str, Any]:
        """The search as plain values; what is not known is null."""

        def known(estimate: Estimate) -> dict[str, float | None]:
            return {
                "value": None if math.isnan(estimate.value) else estimate.value,
                "standard_error": None if math.isnan(estimate.standard_error) else estimate.standard_error,
            }

        return {
            "scenario": self.scenario,
            "parameter": self.parameter,
            "collapse_share": self.share,
            "multiple": known(self.multiple),
            "at": self.at or None,
            "points": [
                {"multiple": point.multiple, "value": point.value, "given_up": known(point.given_up)}
                for point in self.points
            ],
        }


def knife_edge(
    loaded: LoadedScenario[Scenario],
    parameter: str,
    *,
    to: float = 3.0,
    share: float = COLLAPSE_SHARE,
    paths: int = 300,
    steps: int = 6,
    threads: int = 1,
    progress: Callable[[TriedMultiple], None] | None = None,
) -> KnifeEdge:
    """Multiple of a parameter at which funds give up more than a share of their packages.

    Parameters
    ----------
    parameter
        Dotted key of one figure, such as ``funds.leverage``.
    to
        Largest multiple tried, or smallest when below one (buffers fall).
    share
        What counts as a collapse.
    paths
        Paths of each run.
    steps
        Steps from one to ``to`` before bisection; the first crossing counts.
    progress
        Told each point when it was played.

    Raises
    ------
    ScenarioError
        If the parameter's own value cannot be played.
    Problems
        If there is no such figure.
    """
    declaration, value = _figure(loaded, parameter)
    played: dict[float, TriedMultiple] = {}

    def play(multiple: float) -> float:
        if multiple not in played:
            played[multiple] = _point(loaded, parameter, declaration, value, multiple, paths, threads)
            if progress is not None:
                progress(played[multiple])
        return played[multiple].given_up.value

    bracket = _first_crossing(play, np.linspace(1.0, to, steps + 1).tolist(), share)
    if bracket is not None:
        _bisect(play, *bracket, share)
    points = tuple(played[multiple] for multiple in sorted(played, reverse=to < 1.0))
    mirrored = loaded.scenario.drivers.sampling == "antithetic"
    crossing = _crossing(points, share, mirrored) if bracket else Estimate(math.nan, math.nan, 0)
    at = "" if math.isnan(crossing.value) else _as_written(declaration, value * crossing.value)
    return KnifeEdge(loaded.scenario.name, parameter, share, crossing, at, points)


def _figure(loaded: LoadedScenario[Scenario], parameter: str) -> tuple[Declaration, float]:
    """Declaration and value of a figure of the scenario."""
    found = find_parameters(type(loaded.scenario), parameter)
    value: Any = loaded.scenario
    for part in parameter.split("."):
        if isinstance(value, list):
            value = value[int(part)]
        elif isinstance(value, dict):
            value = value[part]
        else:
            value = getattr(value, part, None)
    if (
        parameter in NOT_OF_THE_MARKET
        or len(found) != 1
        or isinstance(value, bool)
        or not isinstance(value, int | float)
    ):
        raise Problems(
            [Problem(parameter, "is not one figure of the market", "", "Name one, such as funds.leverage.")]
        )
    if value == 0:
        raise Problems([Problem(parameter, "is zero", "", "A multiple of it is zero too: set it first.")])
    return found[0][1], float(value)


def _point(
    loaded: LoadedScenario[Scenario],
    parameter: str,
    declaration: Declaration,
    value: float,
    multiple: float,
    paths: int,
    threads: int,
) -> TriedMultiple:
    from simulator.engine.opening.prepare import prepare
    from simulator.scenario.loading import with_overrides

    said = _as_written(declaration, value * multiple)
    changed = with_overrides(loaded, [f"{parameter}={said}"])
    try:
        held = np.abs(
            prepare(changed.scenario, changed.data_files).parameters.opening.funds.packages_bn
        ).sum()
        by_path = play_outcomes(changed.scenario, changed.data_files, paths, threads)["unwound_in_all"] / held
    except Problems as problems:
        raise changed.refused(problems) from problems
    mirrored = loaded.scenario.drivers.sampling == "antithetic"
    by_path = np.where(np.isnan(by_path), 1.0, by_path)  # a market that broke down has given up everything
    return TriedMultiple(multiple, said, mean(by_path, antithetic=mirrored), by_path)


def _as_written(declaration: Declaration, value: float) -> str:
    kind = declaration.shape.kind
    assert kind is not None
    return written(kind, round(value) if kind.whole else value, DIGITS)


def _first_crossing(
    play: Callable[[float], float], multiples: list[float], share: float
) -> tuple[float, float] | None:
    """The step over which the share is first exceeded; a multiple that cannot be played ends the search."""
    if play(multiples[0]) >= share:
        return None
    for below, above in pairwise(multiples):
        try:
            if play(above) >= share:
                return below, above
        except ScenarioError:  # out of the parameter's bounds, or books that cannot balance
            return None
    return None


def _bisect(play: Callable[[float], float], below: float, above: float, share: float) -> None:
    """Play multiples closer and closer to the crossing."""
    for _ in range(BISECTIONS_MAX):
        if abs(above - below) <= TOLERANCE * abs(below):
            return
        middle = 0.5 * (below + above)
        below, above = (below, middle) if play(middle) >= share else (middle, above)


def _crossing(points: tuple[TriedMultiple, ...], share: float, mirrored: bool) -> Estimate:
    """The crossing on the curve of averages, and its spread over resampled paths."""
    curves = np.array([point.by_path for point in points])
    if mirrored and curves.shape[1] % 2 == 0:
        curves = curves.reshape(len(points), -1, 2).mean(axis=2)
    draws = curves.shape[1]
    multiples = np.array([point.multiple for point in points])
    counts = np.random.default_rng(0).multinomial(draws, np.full(draws, 1.0 / draws), RESAMPLES)
    resampled = counts @ curves.T / draws
    spread = np.array([_crossed_at(multiples, curve, share) for curve in resampled])
    value = _crossed_at(multiples, curves.mean(axis=1), share)
    known = spread[np.isfinite(spread)]
    error = float(known.std(ddof=1)) if len(known) > 1 else math.nan
    return Estimate(value, error, draws)


def _crossed_at(multiples: Values, curve: Values, share: float) -> float:
    """Where a curve first reaches the share, between its points by straight lines; NaN when it does not."""
    over = np.flatnonzero(curve >= share)
    if not len(over):
        return math.nan
    place = int(over[0])
    if place == 0:
        return float(multiples[0])
    weight = (share - curve[place - 1]) / (curve[place] - curve[place - 1])
    return float(multiples[place - 1] + weight * (multiples[place] - multiples[place - 1]))


def knife_edge_in_words(found: KnifeEdge) -> str:
    """The answer in a sentence."""
    from simulator.results.summary import shown

    own, last = found.points[0], found.points[-1]
    collapse = f"{100.0 * found.share:.0f}% of their packages on average"
    if own.given_up.value >= found.share:
        return (
            f"{found.scenario}: funds give up more than {collapse} at {found.parameter}={own.value} already."
        )
    if math.isnan(found.multiple.value):
        return (
            f"{found.scenario}: funds give up less than {collapse} up to {found.parameter}={last.value}"
            f" ({last.multiple:.2f} times)."
        )
    return (
        f"{found.scenario}: funds give up more than {collapse} when {found.parameter} is"
        f" {shown(found.multiple, 2)} times its {own.value}: {found.at}."
    )
