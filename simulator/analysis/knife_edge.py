"""How far a market is from collapse: the multiple of a parameter at which a partial unwind becomes a full one.

The parameter is multiplied, step by step away from its own value, on the same random numbers, until funds unwind
more than a share of their positions on average; bisection then closes in on the crossing. Its Monte Carlo error comes
from a bootstrap over paths: each resample has its own crossing of the curve that was played. Over parameter sets the
paths of each set have a crossing of their own, on the same points: the range over sets is told beside the error.

Source: Efron and Tibshirani (1993), *An Introduction to the Bootstrap*, chapter 6.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from simulator.analysis.channels import Values, play_outcomes
from simulator.results.statistics import RANGE_OF_SETS, Estimate, as_plain, mean, with_range
from simulator.scenario.errors import Problem, Problems, ScenarioError
from simulator.scenario.explain import find_parameters
from simulator.scenario.parameter_sets import PATHS_A_SET
from simulator.units import written

if TYPE_CHECKING:
    from simulator.scenario.declarations import Declaration
    from simulator.scenario.loading import LoadedScenario
    from simulator.scenario.schema import Scenario

COLLAPSE_SHARE = 0.75
RESAMPLES = 1000
#: How often the steps in which the range over parameter sets ends are halved, at most, and down to what share.
ENDS_HALVED, ENDS_TOLERANCE = 6, 0.05
#: Paths of each run, and over parameter sets, where each group of paths has one.
PATHS, PATHS_OVER_SETS = 300, 16 * PATHS_A_SET
#: Bisection ends when the crossing lies within so much of the multiple.
TOLERANCE = 0.01
BISECTIONS_MAX = 12
NOT_OF_THE_MARKET = ("seed", "paths", "horizon")
#: Significant digits of the values tried.
DIGITS = 5


@dataclass(frozen=True)
class TriedMultiple:
    """The market at one multiple of the parameter: its value as written, and the share of positions unwound."""

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
        Share of their positions that funds unwind, on average over paths, in a collapse.
    multiple
        Multiple of the parameter at the crossing, with its error; NaN when it was not reached.
    at
        Value of the parameter there, as written; empty when it was not reached.
    between
        The same at the ends of the range that parameters leave open, as written; empty when there is none.
    points
        What was played, from the parameter's own value outwards.
    sets
        Groups of paths with a parameter set of their own; 0 where all share the parameters.
    at_once, never
        How many of them collapse at the parameter's own value already, and how many not up to the last point. The
        range ends there.
    """

    scenario: str
    parameter: str
    share: float
    multiple: Estimate
    at: str
    points: tuple[TriedMultiple, ...]
    between: tuple[str, ...] = ()
    sets: int = 0
    at_once: int = 0
    never: int = 0

    def as_record(self) -> dict[str, Any]:
        """The search as plain values; what is not known is null."""
        of_sets = {
            "parameter_sets": self.sets,
            "at_between": list(self.between) or None,
            "sets_at_once": self.at_once,
            "sets_never": self.never,
        }
        return {
            "scenario": self.scenario,
            "parameter": self.parameter,
            "collapse_share": self.share,
            "multiple": as_plain(self.multiple),
            "at": self.at or None,
            **(of_sets if self.sets else {}),
            "points": [
                {"multiple": point.multiple, "value": point.value, "given_up": as_plain(point.given_up)}
                for point in self.points
            ],
        }


def knife_edge(
    loaded: LoadedScenario[Scenario],
    parameter: str,
    *,
    to: float = 3.0,
    share: float = COLLAPSE_SHARE,
    paths: int = PATHS,
    steps: int = 6,
    threads: int = 1,
    progress: Callable[[TriedMultiple], None] | None = None,
) -> KnifeEdge:
    """Multiple of a parameter at which funds unwind more than a share of their positions.

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

    def points() -> tuple[TriedMultiple, ...]:
        return tuple(played[multiple] for multiple in sorted(played, reverse=to < 1.0))

    multiples = np.linspace(1.0, to, steps + 1).tolist()
    bracket = _first_crossing(play, multiples, share)
    if bracket is not None:
        _bisect(play, *bracket, share)
    mirrored = loaded.scenario.drivers.sampling == "antithetic"
    crossing = _crossing(points(), share, mirrored) if bracket else Estimate(math.nan, math.nan, 0)
    if loaded.sets is None:
        at = "" if math.isnan(crossing.value) else _as_written(declaration, value * crossing.value)
        return KnifeEdge(loaded.scenario.name, parameter, share, crossing, at, points())
    if bracket is not None:
        _find_ends(play, points, multiples, share)
    found = points()
    curves = [_of_set(found, paths) for paths in _groups(len(found[0].by_path))]
    first = [_reached_at(each, share) for each in curves]
    crossing = with_range(crossing, [_crossing_or_end(each, share, mirrored) for each in curves])
    at, *between = (
        "" if math.isnan(multiple) else _as_written(declaration, value * multiple)
        for multiple in (crossing.value, crossing.low, crossing.high)
    )
    return KnifeEdge(
        loaded.scenario.name,
        parameter,
        share,
        crossing,
        at,
        found,
        between=tuple(filter(None, between)),
        sets=len(curves),
        at_once=first.count(0),
        never=first.count(None),
    )


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
        by_path = (
            play_outcomes(changed.scenario, changed.data_files, paths, threads, changed.sets)[
                "unwound_in_all"
            ]
            / held
        )
    except Problems as problems:
        raise changed.refused(problems) from problems
    mirrored = loaded.scenario.drivers.sampling == "antithetic"
    by_path = np.where(np.isnan(by_path), 1.0, by_path)  # a market that broke down has unwound everything
    given_up = mean(by_path, antithetic=mirrored)
    if changed.sets is not None:
        parts = [mean(by_path[some], antithetic=mirrored) for some in _groups(len(by_path))]
        given_up = with_range(given_up, parts)
    return TriedMultiple(multiple, said, given_up, by_path)


def _groups(paths: int) -> list[slice]:
    """Paths of each parameter set."""
    return [slice(first, first + PATHS_A_SET) for first in range(0, paths, PATHS_A_SET)]


def _of_set(points: Sequence[TriedMultiple], paths: slice) -> tuple[TriedMultiple, ...]:
    """The points as the paths of one set have them."""
    return tuple(replace(point, by_path=point.by_path[paths]) for point in points)


def _reached_at(points: Sequence[TriedMultiple], share: float) -> int | None:
    """The first point at which funds unwind more than the share; none if there is none."""
    return next((place for place, point in enumerate(points) if point.by_path.mean() >= share), None)


def _find_ends(
    play: Callable[[float], float],
    points: Callable[[], tuple[TriedMultiple, ...]],
    multiples: Sequence[float],
    share: float,
) -> None:
    """Play on until nine of ten sets have crossed, then closer to where the first and the last of these do."""
    found = points()
    groups = _groups(len(found[0].by_path))

    def crossed() -> Values:
        """Between which points each set crosses: the place of the later one; infinite if it does not."""
        places = [_reached_at(_of_set(points(), paths), share) for paths in groups]
        return np.array([np.inf if place is None else place for place in places])

    for multiple in multiples:
        if np.mean(np.isfinite(crossed())) >= RANGE_OF_SETS[1]:
            break
        try:
            play(multiple)
        except ScenarioError:
            break
    for _ in range(ENDS_HALVED):
        ends = np.quantile(crossed(), RANGE_OF_SETS, method="nearest")
        for place in {int(end) for end in ends if 0 < end < np.inf}:
            found = points()
            below, above = found[place - 1].multiple, found[place].multiple
            if abs(above - below) > ENDS_TOLERANCE * abs(below):
                play(0.5 * (below + above))
                break  # places have moved


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


def _crossing_or_end(points: tuple[TriedMultiple, ...], share: float, mirrored: bool) -> Estimate:
    """The crossing of one set; where it does not cross within the points, the last of them."""
    if _reached_at(points, share) is None:
        return Estimate(points[-1].multiple, 0.0, len(points[0].by_path))
    return _crossing(points, share, mirrored)


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
    collapse = f"{100.0 * found.share:.0f}% of their positions on average"
    if own.given_up.value >= found.share:
        return (
            f"{found.scenario}: funds unwind more than {collapse} at {found.parameter}={own.value} already."
        )
    if math.isnan(found.multiple.value):
        return (
            f"{found.scenario}: funds unwind less than {collapse} up to {found.parameter}={last.value}"
            f" ({last.multiple:.2f} times)."
        )
    between = (
        f", and in nine of ten parameter sets between {' and '.join(found.between)}" if found.between else ""
    )
    return (
        f"{found.scenario}: funds unwind more than {collapse} when {found.parameter} is"
        f" {shown(found.multiple, 2)} times its {own.value}: {found.at}{between}."
    )


def sets_in_words(found: KnifeEdge) -> str:
    """How many parameter sets have no crossing among what was played; empty where there is one set only."""
    if not found.sets:
        return ""
    own, last = found.points[0], found.points[-1]
    return (
        f"{found.sets} groups of paths with a parameter set each, of which {found.at_once} collapse at"
        f" {found.parameter}={own.value} already and {found.never} not up to {last.value}; the range ends there."
    )
