"""Simulations of an estimation: each plays some paths of one scenario at one point, and gives its moments.

All points share their random numbers, so that moments differ by parameters alone. What is done stands in a ledger: an
estimation that was stopped goes on where it was, and every point has the same bits on threads and on the workers of a
cluster.
"""

from __future__ import annotations

import math
import time
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulator.engine.opening.prepare import prepare
from simulator.ensemble.description import layout_of
from simulator.ensemble.executors import Executor
from simulator.ensemble.jobs import Done, Failed, Job, OpenJob, Task
from simulator.ensemble.observer import Observer
from simulator.ensemble.plan import Block
from simulator.ensemble.stopping import StopSignal
from simulator.estimation.targets import LoadedTargets, PlayedScenario
from simulator.history.episode import Moment
from simulator.history.measuring import Measured, is_over, measure, problems_with
from simulator.results.layout import Days
from simulator.results.ledger import append_entry, create_ledger, read_entries
from simulator.scenario.errors import Problem, Problems
from simulator.scenario.explain import as_written
from simulator.scenario.parameter_sets import laid_over
from simulator.scenario.priors import priors
from simulator.scenario.schema import Scenario

Floats = NDArray[np.float64]
#: Digits of a figure: enough to tell points apart, few enough to be written by hand.
DIGITS = 8


@dataclass(frozen=True)
class MomentsOfPaths:
    """Makes the moments of each path from its days, (path, moment): what a worker sends back."""

    moments: tuple[Moment, ...]
    where: Measured

    def __call__(self, days: Days) -> Floats:
        """Moments of the paths of a block."""
        return np.column_stack([measure(moment, days, self.where) for moment in self.moments])


@dataclass(frozen=True)
class Simulated:
    """Moments of all scenarios at some points.

    Parameters
    ----------
    means, deviations
        Average over paths and standard deviation between them, (point, moment); NaN where a point has none.
    paths
        Behind each point.
    """

    means: Floats
    deviations: Floats
    paths: int

    @property
    def errors(self) -> Floats:
        """Monte Carlo standard errors of the averages."""
        return self.deviations / math.sqrt(self.paths)


@dataclass
class Simulator:
    """Plays points, and keeps what they came to.

    Parameters
    ----------
    ledger
        File of what is done; none to keep nothing.
    key
        Identity of the estimation: entries of another one do not count.
    """

    loaded: LoadedTargets
    ledger: Path | None = None
    key: str = ""
    _known: dict[tuple[str, int, int], dict[str, Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.ledger is None:
            return
        if not self.ledger.exists():
            create_ledger(self.ledger)
        for _, entry in read_entries(self.ledger, self.key)[0]:
            self._known[entry["stage"], entry["point"], entry["scenario"]] = entry

    @property
    def seconds(self) -> float:
        """Core-seconds of all simulations in the ledger."""
        return float(sum(entry["seconds"] for entry in self._known.values()))

    @property
    def count(self) -> int:
        """Simulations in the ledger: points times scenarios."""
        return len(self._known)

    def left(self, stage: str, points: int) -> int:
        """Simulations of a stage that are not done."""
        scenarios = len(self.loaded.played)
        return points * scenarios - sum(known[0] == stage and known[1] < points for known in self._known)

    def play(
        self,
        executor: Executor,
        stage: str,
        figures: Sequence[Mapping[str, float]],
        paths: int,
        *,
        observer: Observer,
        stop: StopSignal | None = None,
    ) -> Simulated | None:
        """Moments at points; none if a stop was asked for before all were done.

        Raises
        ------
        OutputError, OSError, MemoryError
            What no other point would escape; what was done stays.
        """
        jobs: dict[str, tuple[int, int]] = {}
        tasks = self._tasks(executor, stage, figures, paths, jobs)
        with closing(executor.results(tasks, stop)) as parcels:
            for result in chain.from_iterable(parcels):
                self._take(stage, jobs.pop(result.task.job), result)
                executor.remove(result.task.job)
                observer.advances(paths)
        if self.left(stage, len(figures)):
            return None
        rows = [
            [self._known[stage, point, place] for place in range(len(self.loaded.played))]
            for point in range(len(figures))
        ]
        means, deviations = (
            np.array([np.concatenate([one[name] for one in row]) for row in rows], np.float64)
            for name in ("means", "deviations")
        )
        return Simulated(means, deviations, paths)

    def _tasks(
        self,
        executor: Executor,
        stage: str,
        figures: Sequence[Mapping[str, float]],
        paths: int,
        jobs: dict[str, tuple[int, int]],
    ) -> Iterator[Task]:
        for point, chosen in enumerate(figures):
            for place, played in enumerate(self.loaded.played):
                if (stage, point, place) in self._known:
                    continue
                try:
                    job = job_of(played, chosen, paths, f"{stage} {point} {place}")
                except Problems as problems:  # books that cannot balance there: a point without moments
                    self._keep(stage, point, place, [math.nan] * len(played.moments), 0.0, str(problems))
                    continue
                executor.add(job)
                jobs[job.key] = (point, place)
                yield Task(job.key, Block(0, 0, paths))

    def _take(self, stage: str, where: tuple[int, int], result: Done | Failed) -> None:
        if isinstance(result, Failed):
            count = len(self.loaded.played[where[1]].moments)
            self._keep(stage, *where, [math.nan] * count, 0.0, str(result.error))
            return
        found: Floats = result.made.reduced
        known = np.isfinite(found)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # a moment that no path has
            found = np.where(known.mean(axis=0) >= 0.5, found, np.nan)
            means, deviations = np.nanmean(found, axis=0), np.nanstd(found, axis=0, ddof=1)
        self._keep(stage, *where, means.tolist(), result.made.finished.seconds, "", deviations.tolist())

    def _keep(
        self,
        stage: str,
        point: int,
        place: int,
        means: list[float],
        seconds: float,
        error: str,
        deviations: list[float] | None = None,
    ) -> None:
        entry = {
            "stage": stage,
            "point": point,
            "scenario": place,
            "means": means,
            "deviations": deviations or means,
            "seconds": seconds,
            "error": error,
        }
        if self.ledger is not None:
            append_entry(self.ledger, self.key, entry)
        self._known[stage, point, place] = entry


def job_of(played: PlayedScenario, figures: Mapping[str, float], paths: int, key: str) -> Job:
    """The job of one simulation.

    Raises
    ------
    Problems
        If the opening books cannot balance.
    """
    scenario = laid_over(
        played.loaded.scenario, {key: figure for key, figure in figures.items() if key in played.free}
    )
    numerics = scenario.numerics.model_copy(update={"block": paths})
    scenario = scenario.model_copy(update={"paths": paths, "numerics": numerics})
    prepared = prepare(scenario, played.loaded.data_files)
    layout = layout_of(scenario, prepared)
    where = Measured.of(layout, as_written(played.loaded.scenario))
    return Job(key, prepared, layout, None, reduce=MomentsOfPaths(played.moments, where))


def check_moments(loaded: LoadedTargets) -> LoadedTargets:
    """The same targets without moments that lie after the last day of their scenario.

    Raises
    ------
    ScenarioError
        If a scenario cannot give a moment, at the place in the episode's file.
    """
    kept = []
    for played in loaded.played:
        try:
            prepared = prepare(played.loaded.scenario, played.loaded.data_files)
            where = Measured.of(
                layout_of(played.loaded.scenario, prepared), as_written(played.loaded.scenario)
            )
        except Problems as refused:
            raise played.loaded.refused(refused) from refused
        problems = [problem for each in played.moments for problem in problems_with(each, each.key, where)]
        if problems:
            told = [replace(each, key=f"moment {each.key}") for each in problems]
            raise played.loaded.refused(Problems(told))
        fit, check = (
            tuple(each for each in moments if not is_over(each, where))
            for moments in (played.fit, played.check)
        )
        kept.append(replace(played, fit=fit, check=check))
    if not any(one.fit for one in kept):
        late = Problem("horizon", "every moment to fit lies after the last day", "a longer horizon")
        raise kept[0].loaded.refused(Problems([late]))
    return replace(loaded, played=tuple(kept))


def figures_at(keys: Sequence[str], shares: Floats) -> list[dict[str, float]]:
    """Figures of points given as shares of the priors, (point, key), rounded."""
    known = priors(Scenario)
    return [
        {key: rounded(known[key].value(float(share)), DIGITS) for key, share in zip(keys, row, strict=True)}
        for row in shares
    ]


def rounded(value: float, digits: int) -> float:
    """A figure with so many significant digits."""
    return float(f"{value:.{digits}g}")


def shares_of(keys: Sequence[str], figures: Sequence[Mapping[str, float]]) -> Floats:
    """Shares of the priors at which figures lie, (point, key)."""
    known = priors(Scenario)
    return np.array([[known[key].share(each[key]) for key in keys] for each in figures], np.float64)


def correlations(loaded: LoadedTargets, paths: int) -> Floats:
    """How moments go together over paths at the defaults, (moment, moment); none between scenarios."""
    blocks = []
    for played in loaded.played:
        found = OpenJob(job_of(played, {}, paths, "centre")).play(Block(0, 0, paths))[1]
        found = found[np.isfinite(found).all(axis=1)]
        spread = found.std(axis=0)
        scaled = (found - found.mean(axis=0)) / np.where(spread > 0.0, spread, 1.0)
        blocks.append(SHRUNK * (scaled.T @ scaled) / max(len(found), 1))
    total = sum(len(block) for block in blocks)
    matrix, first = np.zeros((total, total)), 0
    for block in blocks:
        matrix[first : first + len(block), first : first + len(block)] = block
        first += len(block)
    np.fill_diagonal(matrix, 1.0)
    return matrix


#: Part of a correlation that is believed: they are measured from some hundred paths.
SHRUNK = 0.9


@dataclass(frozen=True)
class Timing:
    """Core-seconds of a simulation of all scenarios: what each point takes, and each path beside."""

    point_s: float
    path_s: float

    def of(self, points: int, paths: int) -> float:
        """Core-seconds of so many points."""
        return points * (self.point_s + paths * self.path_s)


def timed(loaded: LoadedTargets, few: int = 4, many: int = 36) -> Timing:
    """What a simulation takes, from a short one and a longer one of each scenario at the defaults."""
    seconds = []
    for paths in (few, few, many):  # the first one compiles, or loads what was compiled
        started = time.process_time()
        for place, played in enumerate(loaded.played):
            OpenJob(job_of(played, {}, paths, f"timed {place}")).play(Block(0, 0, paths))
        seconds.append(time.process_time() - started)
    path_s = max(0.0, (seconds[2] - seconds[1]) / (many - few))
    return Timing(max(0.0, seconds[1] - few * path_s), path_s)
