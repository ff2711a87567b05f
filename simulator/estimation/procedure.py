"""An estimation from its targets file to weighted parameter sets: stages, resumed where it was stopped.

*Wide*: a Sobol design over the priors, few paths a point; emulators of all moments, and a sample of what the targets
leave open. *Near*: points of that sample, more paths; emulators and sample anew. *Sets*: some hundred points of the
last sample, many paths each; they are the result, weighted by what their own simulations say. *Centre*: the one point
at which the model's average comes nearest to history (:mod:`simulator.estimation.centre`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulator.ensemble.description import is_compiled
from simulator.ensemble.executors import Executor
from simulator.ensemble.observer import Nobody, Observer, Workload, observed
from simulator.ensemble.resources import Resources
from simulator.ensemble.session import open_executor
from simulator.ensemble.stopping import StopSignal, stopping_on_signals
from simulator.estimation.centre import Aim, nearest_figures
from simulator.estimation.emulator import Constant, Emulator, emulate_all, predict_all
from simulator.estimation.posterior import Likelihood, corrected_weights, sample_shares
from simulator.estimation.result import Estimation, TargetFound, quantiles
from simulator.estimation.simulation import (
    Simulated,
    Simulator,
    Timing,
    check_moments,
    correlations,
    figures_at,
    rounded,
    shares_of,
    timed,
)
from simulator.estimation.targets import LoadedTargets
from simulator.results.arithmetic import arithmetic_sha256
from simulator.results.errors import BAD_INPUT, OutputError
from simulator.results.ledger import ledger_file
from simulator.results.locks import locked
from simulator.results.manifest import (
    MANIFEST,
    provenance,
    read_checked,
    sha256_of,
    source_sha256,
    write_checked,
)
from simulator.results.places import shown
from simulator.scenario.explain import as_written
from simulator.scenario.parameter_sets import ParameterSets
from simulator.scenario.priors import priors
from simulator.scenario.schema import Scenario

Floats = NDArray[np.float64]
FORMAT, FORMAT_VERSION = "unwind-estimation", 1
SETS, RESULT = "parameter-sets.json", "estimation.json"
DEFAULTS, WIDE, NEAR, LAST, CENTRE = "defaults", "wide", "near", "sets", "centre"
#: Significant digits of the centre, as defaults are written.
CENTRE_DIGITS = 2
#: Paths from which correlations of moments over paths are measured.
PATHS_OF_CORRELATIONS = 200


@dataclass(frozen=True)
class Effort:
    """Points and paths of each stage.

    Parameters
    ----------
    wide, near, sets
        Points of each stage; of the first a power of two.
    wide_paths, near_paths, sets_paths
        Paths of each point and scenario.
    steps
        Points tried for the centre at most, each with the slopes around it, near_paths each.
    """

    wide: int = 1024
    wide_paths: int = 32
    near: int = 512
    near_paths: int = 96
    sets: int = 200
    sets_paths: int = 256
    steps: int = 8

    def stages(self, parameters: int) -> tuple[tuple[int, int], ...]:
        """Points and paths of each: at most, as parameters that move nothing have no slopes."""
        return (
            (self.wide, self.wide_paths),
            (self.near, self.near_paths),
            (self.sets + 2, self.sets_paths),  # the defaults and the centre are played like sets
            (self.steps * (1 + parameters), self.near_paths),
        )

    def points(self, parameters: int) -> int:
        """Points in all, at most."""
        return sum(points for points, _ in self.stages(parameters))

    def paths(self, parameters: int, scenarios: int) -> int:
        """Paths in all, at most."""
        return scenarios * sum(points * paths for points, paths in self.stages(parameters))

    def core_seconds(self, parameters: int, timing: Timing) -> float:
        """What the simulations take on one core, at most."""
        return sum(timing.of(points, paths) for points, paths in self.stages(parameters))


@dataclass(frozen=True)
class Cost:
    """What an estimation will take, before it runs.

    Parameters
    ----------
    hours
        Of simulating, with so many workers; emulators take some minutes beside.
    """

    parameters: int
    targets: int
    checks: int
    points: int
    paths: int
    workers: int
    point_s: float
    path_s: float
    hours: float


def cost_of(loaded: LoadedTargets, effort: Effort, workers: int) -> Cost:
    """What an estimation will take on so many threads or workers, from a simulation at the defaults.

    Raises
    ------
    ScenarioError
        If a scenario cannot give its moments.
    """
    loaded = check_moments(loaded)
    timing = timed(loaded)
    return Cost(
        parameters=len(loaded.keys),
        targets=sum(len(one.fit) for one in loaded.played),
        checks=sum(len(one.check) for one in loaded.played),
        points=effort.points(len(loaded.keys)),
        paths=effort.paths(len(loaded.keys), len(loaded.played)),
        workers=workers,
        point_s=timing.point_s,
        path_s=timing.path_s,
        hours=effort.core_seconds(len(loaded.keys), timing) / workers / 3600.0,
    )


def run_estimation(
    loaded: LoadedTargets,
    folder: Path,
    *,
    effort: Effort | None = None,
    seed: int = 1,
    resources: Resources | None = None,
    executor: Executor | None = None,
    overwrite: bool = False,
    observer: Observer | None = None,
) -> Estimation | None:
    """Estimate into a folder, or finish what was begun there; none if it was stopped before the end.

    Parameters
    ----------
    effort, seed
        Size of the estimation, and seed of its designs and samples; that of paths is the scenarios' own.
    resources, executor
        Where to work, threads here by default, or a session that is open already. The numbers do not depend on it.
    overwrite
        Replace another estimation in the folder.
    observer
        Is told how the work goes; nobody by default.

    Raises
    ------
    OutputError
        If the folder holds something else, or another process writes there, or the cluster is lost.
    ScenarioError
        If a scenario cannot give its moments.
    OSError, MemoryError
        If the disk or the memory failed; what was finished stays and is resumed.
    """
    effort, observer = effort or Effort(), observer or Nobody()
    loaded = check_moments(loaded)
    identity = _identity(loaded, effort, seed)
    key = sha256_of(identity)
    with locked(folder):
        _begin(folder, key, identity, overwrite)
        simulator = Simulator(loaded, ledger_file(folder), key)
        if not is_compiled():
            observer.compiles()
        with _session(executor, resources) as hands:
            done = simulator.count  # of paths of any stage: near enough for a bar
            paths = effort.paths(len(loaded.keys), len(loaded.played))
            scale = paths // (effort.points(len(loaded.keys)) * len(loaded.played))
            workload = Workload(paths, done * scale, lambda: hands.workers)
            with observed(observer, workload), stopping_on_signals(observer.stops) as stop:
                found = _Stages(loaded, simulator, hands, effort, seed, observer, stop).run()
        if found is None:
            return None
        result = replace(found, sets=replace(found.sets, provenance=_provenance(identity, found)))
        write_checked(folder / SETS, result.sets.as_record())
        write_checked(folder / RESULT, result.as_record())
    return result


class _StoppedError(Exception):
    """A stop was asked for before all points were played."""


@dataclass(frozen=True)
class _Stages:
    loaded: LoadedTargets
    simulator: Simulator
    hands: Executor
    effort: Effort
    seed: int
    observer: Observer
    stop: StopSignal

    def run(self) -> Estimation | None:
        """All stages; none if a stop was asked for."""
        try:
            return self._run()
        except _StoppedError:
            return None

    def _run(self) -> Estimation:
        effort, keys = self.effort, self.loaded.keys
        known = tuple(priors(Scenario)[key] for key in keys)
        defaults = self._play(DEFAULTS, [{}], effort.sets_paths)
        wide_at = figures_at(keys, _design(len(keys), effort.wide, self.seed))
        wide = self._play(WIDE, wide_at, effort.wide_paths)
        likelihood = self._likelihood(defaults)
        emulators = self._emulated([(wide_at, wide)])
        near_shares, _ = self._sample(emulators, likelihood, effort.near, 1)
        near_at = figures_at(keys, near_shares)
        near = self._play(NEAR, near_at, effort.near_paths)
        emulators = self._emulated([(wide_at, wide), (near_at, near)])
        shares, likelihood = self._sample(emulators, likelihood, effort.sets, 2)
        last_at = figures_at(keys, shares)
        last = self._play(LAST, last_at, effort.sets_paths)
        fitted = self._fitted
        emulated = likelihood.distance(
            predict_all(emulators, shares_of(keys, last_at)), np.array([each.error for each in emulators])
        )
        errors = np.nanmean(last.errors[:, fitted], axis=0)
        weights = corrected_weights(likelihood.distance(last.means[:, fitted], errors), emulated)
        values = tuple(tuple(each[key] for key in keys) for each in last_at)
        shares = shares_of(keys, last_at)
        centre, at_centre = self._centre(emulators, shares, weights)
        return Estimation(
            sets=ParameterSets(keys, values, tuple(weights.tolist())),
            centre=centre,
            targets=self._targets(defaults, at_centre, last),
            priors=known,
            widening=likelihood.widening,
            shares=shares,
            simulations=self.simulator.count,
            core_hours=self.simulator.seconds / 3600.0,
            nearby=near.means,
        )

    @property
    def _fitted(self) -> NDArray[np.int64]:
        """Places of the moments that are fitted, among all."""
        flags = [
            number < len(played.fit) for played in self.loaded.played for number in range(len(played.moments))
        ]
        return np.flatnonzero(flags)

    def _play(self, stage: str, at: Sequence[Mapping[str, float]], paths: int) -> Simulated:
        found = self.simulator.play(self.hands, stage, at, paths, observer=self.observer, stop=self.stop)
        if found is None:
            raise _StoppedError
        return found

    @property
    def _aim(self) -> Aim:
        """The fitted targets, and how near the centre must come to each."""
        pairs = [
            (moment, moment.key in played.closer) for played in self.loaded.played for moment in played.fit
        ]
        return Aim(
            targets=np.array([moment.value for moment, _ in pairs]),
            tolerances=np.array([moment.tolerance * (0.5 if close else 1.0) for moment, close in pairs]),
        )

    def _likelihood(self, defaults: Simulated) -> Likelihood:
        fitted = self._fitted
        moments = [moment for played in self.loaded.played for moment in played.fit]
        deviations = np.nan_to_num(defaults.deviations[0][fitted])
        together = correlations(self.loaded, PATHS_OF_CORRELATIONS)[np.ix_(fitted, fitted)]
        return Likelihood(
            targets=np.array([moment.value for moment in moments]),
            tolerances=np.array([moment.tolerance for moment in moments]),
            path_deviations=deviations,
            path_correlations=together,
        )

    def _emulated(
        self, stages: Sequence[tuple[Sequence[Mapping[str, float]], Simulated]]
    ) -> list[Emulator | Constant]:
        fitted = self._fitted
        shares = np.concatenate([shares_of(self.loaded.keys, at) for at, _ in stages])
        means = np.concatenate([found.means[:, fitted] for _, found in stages])
        noise = np.concatenate([found.errors[:, fitted] for _, found in stages])
        return emulate_all(shares, means, np.nan_to_num(noise), seed=self.seed)

    def _sample(
        self, emulators: Sequence[Emulator | Constant], likelihood: Likelihood, count: int, stage: int
    ) -> tuple[Floats, Likelihood]:
        try:
            return sample_shares(
                emulators, likelihood, len(self.loaded.keys), count, seed=1000 * self.seed + stage
            )
        except ValueError as error:
            raise OutputError(f"{self.loaded.targets.name}: {error}.") from error

    def _centre(
        self, emulators: Sequence[Emulator | Constant], shares: Floats, weights: Floats
    ) -> tuple[dict[str, float], Simulated]:
        """Figures of the parameters that move a target, and what they give."""
        moved = np.unique(np.concatenate([each.active for each in emulators]))
        known = [priors(Scenario)[key] for key in self.loaded.keys]
        begin = [(known[place], quantiles(shares[:, place], weights, (0.5,))[0]) for place in moved.tolist()]

        def play(at: Sequence[Mapping[str, float]], number: int) -> Floats:
            return self._play(f"{CENTRE} {number}", at, self.effort.near_paths).means[:, self._fitted]

        figures = nearest_figures(begin, self._aim, play, self.effort.steps)
        figures = {key: rounded(figure, CENTRE_DIGITS) for key, figure in figures.items()}
        return figures, self._play(CENTRE, [figures], self.effort.sets_paths)

    def _targets(self, defaults: Simulated, at_centre: Simulated, last: Simulated) -> tuple[TargetFound, ...]:
        moments = [
            (played.name, moment, number < len(played.fit))
            for played in self.loaded.played
            for number, moment in enumerate(played.moments)
        ]
        return tuple(
            TargetFound(
                scenario=name,
                moment=moment,
                is_fitted=is_fitted,
                before=float(defaults.means[0, place]),
                at_centre=float(at_centre.means[0, place]),
                means=last.means[:, place],
                path_deviation=float(np.nanmean(last.deviations[:, place])),
            )
            for place, (name, moment, is_fitted) in enumerate(moments)
        )


def _design(inputs: int, points: int, seed: int) -> Floats:
    from scipy.stats import qmc

    sequence = qmc.Sobol(inputs, scramble=True, rng=np.random.default_rng(seed))
    return np.asarray(sequence.random_base2(max(1, (points - 1).bit_length())))[:points]


def _identity(loaded: LoadedTargets, effort: Effort, seed: int) -> dict[str, Any]:
    """What decides the numbers, in plain values."""
    known = priors(Scenario)
    return {
        "targets": as_written(loaded.targets),
        "parameters": {key: known[key].range for key in loaded.keys},
        "files": [{"file": Path(used.label).name, "sha256": used.sha256} for used in loaded.files],
        "scenarios": {one.name: sha256_of(as_written(one.loaded.scenario)) for one in loaded.played},
        "effort": asdict(effort),
        "seed": seed,
        "source_sha256": source_sha256(),
        "arithmetic_sha256": arithmetic_sha256(),
    }


def _provenance(identity: Mapping[str, Any], found: Estimation) -> dict[str, Any]:
    said = {key: value for key, value in provenance().items() if key in ("code_version", "created", "git")}
    return {
        **said,
        **identity,
        "widening": found.widening,
        "simulations": found.simulations,
        "core_hours": round(found.core_hours, 3),
    }


def _begin(folder: Path, key: str, identity: Mapping[str, Any], overwrite: bool) -> None:
    """Begin an estimation in a folder, or find that this very one was begun there.

    Raises
    ------
    OutputError
        If it holds something else.
    """
    file = folder / MANIFEST
    if file.exists():
        try:
            said, _ = read_checked(file)
        except (OSError, ValueError, AttributeError) as error:
            raise OutputError(f"{shown(file)}: cannot be read: {error}.", BAD_INPUT) from error
        if said.get("key") == key:
            return
        if said.get("format") != FORMAT or not overwrite:
            raise OutputError(
                f"{shown(folder)}: found other results there. Choose another folder with -o"
                + (", or replace the estimation with --overwrite." if said.get("format") == FORMAT else "."),
                BAD_INPUT,
            )
        for name in (SETS, RESULT, ledger_file(folder).name):
            (folder / name).unlink(missing_ok=True)
    write_checked(file, {"format": FORMAT, "format_version": FORMAT_VERSION, "key": key, **identity})


def _session(executor: Executor | None, resources: Resources | None) -> Any:
    return nullcontext(executor) if executor is not None else open_executor(resources or Resources())


def read_record(folder: Path) -> dict[str, Any]:
    """What an estimation came to, as it was written.

    Raises
    ------
    OutputError
        If there is none.
    """
    try:
        return read_checked(folder / RESULT)[0]
    except (OSError, ValueError, AttributeError, json.JSONDecodeError) as error:
        raise OutputError(f"{shown(folder)}: found no finished estimation there: {error}.") from error
