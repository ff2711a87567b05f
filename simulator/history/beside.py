"""A run beside what happened: each moment of an episode with the model's mean and band, and history's place in it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulator.history.episode import Episode, Moment
from simulator.history.measuring import Measured, Paths, is_over, measure, problems_with, variables_of
from simulator.results import statistics
from simulator.results.days import read_days, set_of_paths
from simulator.results.errors import UNFINISHED, OutputError
from simulator.results.folder import RunFolder
from simulator.results.places import shown
from simulator.results.statistics import Estimate, as_plain
from simulator.scenario.errors import Problem, Problems

#: The band of paths beside which history stands.
BAND = (0.05, 0.95)
#: Figures that differ by less than this share of the tolerance count as equal: results are stored in single precision.
ALIKE = 1e-3


@dataclass(frozen=True)
class MomentBeside:
    """A moment of history in a run, in its own unit.

    Parameters
    ----------
    mean
        Average over paths, with its Monte Carlo standard error and, over parameter sets, the range of it.
    low, high
        The band of 90% of paths.
    rank
        Share of paths below history's value, those equal to it counted half.
    """

    moment: Moment
    mean: Estimate
    low: float
    high: float
    rank: float

    @property
    def bias(self) -> float:
        """Mean less history."""
        return self.mean.value - self.moment.value

    @property
    def distance(self) -> float:
        """Size of the bias in tolerances; not a number when the model has no mean."""
        return abs(self.bias) / self.moment.tolerance

    @property
    def is_close(self) -> bool:
        """Whether the mean lies within the tolerance of history."""
        return self.distance <= 1.0

    @property
    def is_covered(self) -> bool:
        """Whether history lies within the band of paths."""
        near = ALIKE * self.moment.tolerance
        return self.low - near <= self.moment.value <= self.high + near

    @property
    def decimals(self) -> int:
        """Decimals in which it is told: those of the tolerance's first digit."""
        return max(0, -math.floor(math.log10(self.moment.tolerance)))

    def told(self, value: float, *, signed: bool = False) -> str:
        """A figure of it in as many decimals as it deserves."""
        if math.isnan(value):
            return "-"
        text = f"{value:+,.{self.decimals}f}" if signed else f"{value:,.{self.decimals}f}"
        return text.lstrip("+-") if not float(text.replace(",", "")) else text

    def as_record(self) -> dict[str, Any]:
        """For other programs."""
        moment, known = self.moment, _known
        return {
            "key": moment.key,
            "label": moment.label,
            "unit": moment.unit,
            "kind": moment.kind,
            "purpose": moment.purpose,
            "history": moment.value,
            "tolerance": moment.tolerance,
            "source": moment.source,
            "mean": known(self.mean.value),
            "standard_error": known(self.mean.standard_error),
            **{key: value for key, value in as_plain(self.mean).items() if key.startswith("parameters_")},
            "low": known(self.low),
            "high": known(self.high),
            "bias": known(self.bias),
            "is_within_tolerance": self.is_close,
            "is_within_band": self.is_covered,
            "rank": known(self.rank),
        }


def _known(value: float) -> float | None:
    return None if math.isnan(value) else value


@dataclass(frozen=True)
class Beside:
    """A run beside an episode.

    Parameters
    ----------
    scenario
        Name of the scenario that was run.
    paths
        Paths that finished: those behind every figure.
    left_out
        Moments that the run has not, with why.
    sets
        Groups of paths with a parameter set of their own; 0 where all share the parameters.
    """

    episode: Episode
    scenario: str
    paths: int
    seed: int
    rows: tuple[MomentBeside, ...]
    left_out: tuple[tuple[Moment, str], ...] = ()
    sets: int = 0

    def of_kind(self, kind: str) -> list[MomentBeside]:
        """The moments that the model is told, or those that it must find."""
        return [row for row in self.rows if row.moment.kind == kind]

    @property
    def verdict(self) -> str:
        """How near the run is to history, in a line."""
        found, told = self.of_kind("found"), self.of_kind("told")
        if not self.rows:
            return "No moment of the episode lies within the run."
        sentences = []
        if found:
            close, covered = (
                sum(flags) for flags in zip(*((r.is_close, r.is_covered) for r in found), strict=True)
            )
            sentences.append(
                f"Of {_counted(found)} to find, {close} {'lies' if close == 1 else 'lie'} within tolerance of history"
                f" and {covered} {'has' if covered == 1 else 'have'} history within the band of 90% of paths"
            )
            missed = [row for row in found if row.distance > 1.0]
            if missed:
                worst = max(missed, key=lambda row: row.distance)
                sentences[-1] += f"; missed worst: {worst.moment.label} ({worst.distance:.1f} tolerances)"
        if told:
            close = sum(row.is_close for row in told)
            sentences.append(
                f"Of {_counted(told)} told, {close} {'is' if close == 1 else 'are'} as in history"
            )
        return ". ".join(sentences) + "."

    @property
    def left_out_in_words(self) -> list[str]:
        """What is left out, in a sentence for each reason."""
        reasons: dict[str, list[str]] = {}
        for moment, why in self.left_out:
            reasons.setdefault(why, []).append(moment.label)
        return [f"Left out, {why}: {'; '.join(labels)}." for why, labels in reasons.items()]

    def as_record(self) -> dict[str, Any]:
        """For other programs."""
        return {
            "episode": self.episode.name,
            "title": self.episode.title,
            "scenario": self.scenario,
            "seed": self.seed,
            "paths": self.paths,
            **({"parameter_sets": self.sets} if self.sets else {}),
            "verdict": self.verdict,
            "moments": [row.as_record() for row in self.rows],
            "left_out": [{"key": moment.key, "why": why} for moment, why in self.left_out],
        }


def _counted(rows: Sequence[MomentBeside]) -> str:
    return f"{len(rows)} moment{'' if len(rows) == 1 else 's'}"


def beside(run: RunFolder, episode: Episode, *, tolerant: bool = False) -> Beside:
    """Put a run beside an episode. Moments after the last day of the run are left out.

    Parameters
    ----------
    tolerant
        Leave out too what the run's market has not, instead of refusing it.

    Raises
    ------
    Problems
        If a moment names a place or a day that the run has not; keys are those of the episode file.
    OutputError
        If no path of the run finished.
    DamagedBlockError
        If its numbers are not what was written.
    """
    where = Measured.of(run.layout, run.manifest.scenario)
    kept, left_out, problems = [], [], list[Problem]()
    for number, moment in enumerate(episode.moments):
        wrong = problems_with(moment, f"moments.{number}", where)
        if wrong:
            problems += wrong
            left_out.append((moment, wrong[0].found))
        elif is_over(moment, where):
            left_out.append((moment, f"after the last day of the run, {where.dates[-1]}"))
        else:
            kept.append(moment)
    if problems and not tolerant:
        raise Problems(problems)
    names = variables_of(part for moment in kept for part in moment.parts)
    days = read_days(run, names)
    paths = len(days["path"])
    if not paths:
        raise OutputError(f"{shown(run.path)}: no path of the run finished.", UNFINISHED)
    antithetic = run.manifest.sampling == "antithetic"
    groups = set_of_paths(run, days["path"])
    rows = tuple(_beside(moment, measure(moment, days, where), antithetic, groups) for moment in kept)
    sets = 0 if groups is None else len(np.unique(groups))
    return Beside(episode, run.manifest.name, paths, run.manifest.seed, rows, tuple(left_out), sets)


def _beside(
    moment: Moment, values: Paths, antithetic: bool, groups: NDArray[np.int64] | None = None
) -> MomentBeside:
    low, high = (statistics.quantile(values, level, antithetic=antithetic).value for level in BAND)
    known = values[~np.isnan(values)] - moment.value
    equal = np.abs(known) <= ALIKE * moment.tolerance
    rank = float(np.mean((known < 0.0) & ~equal) + 0.5 * np.mean(equal)) if len(known) else math.nan
    mean = statistics.mean(values, antithetic=antithetic)
    if groups is not None:
        of_sets = [
            statistics.mean(values[groups == group], antithetic=antithetic) for group in np.unique(groups)
        ]
        mean = statistics.with_range(mean, of_sets)
    return MomentBeside(moment, mean, low, high, rank)
