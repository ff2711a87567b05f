"""A sweep from its file to its folder: estimate, run, resume."""

from __future__ import annotations

import json
import shutil
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from simulator.engine.parameters import CALL_COUNT, CHANNELS
from simulator.engine.status import STATUS
from simulator.ensemble.cores import usable_threads
from simulator.ensemble.description import gigabytes, is_compiled
from simulator.ensemble.executors import Executor
from simulator.ensemble.log import logging_to
from simulator.ensemble.observer import Nobody, Observer, Workload, observed
from simulator.ensemble.resources import Resources
from simulator.ensemble.session import open_executor
from simulator.ensemble.stopping import stopping_on_signals
from simulator.results.errors import BAD_INPUT, OutputError
from simulator.results.locks import Fence, locked, setting_up
from simulator.results.places import is_local, shown
from simulator.scenario.errors import Place, Source
from simulator.scenario.files import DATA_SUFFIXES
from simulator.scenario.loading import UsedFile
from simulator.scenario.parameter_sets import PATHS_A_SET, ParameterSets, sets_of
from simulator.scenario.validation import validate
from simulator.scenario.yaml_nodes import Node, compose
from simulator.sweeps.axes import AxisCoordinate, Change, Dimension, Point
from simulator.sweeps.cells import LoadedSweep, checked, load_sweep
from simulator.sweeps.estimate import SweepEstimate, estimate
from simulator.sweeps.execution import SweepOutcome, work_through
from simulator.sweeps.folder import SweepFolder, begin_or_resume_sweep
from simulator.sweeps.manifest import SweepManifest, describe_sweep, read_sweep_manifest
from simulator.sweeps.schema import Sweep
from simulator.sweeps.statistics import Plan

#: Outcomes are kept path by path up to this many bytes, unless the sweep file says otherwise.
KEPT_BYTES = 4e9


def plan_of(loaded: LoadedSweep) -> Plan:
    """The figures that are kept of the cells of a sweep."""
    wanted = loaded.sweep.statistics
    return Plan(
        trades=loaded.trades,
        channels=CHANNELS,
        calls=CHANNELS[:CALL_COUNT],
        statuses=tuple(name for name, _ in STATUS.values()),
        levels=tuple(wanted.levels),
        thresholds=tuple(wanted.thresholds),
        paths_a_set=0 if loaded.sets is None else PATHS_A_SET,
    )


def manifest_of(loaded: LoadedSweep) -> SweepManifest:
    """The manifest of a sweep."""
    plan = plan_of(loaded)
    return describe_sweep(
        loaded,
        plan,
        paths=max(size.paths for size in loaded.sizes),
        block=max(size.block for size in loaded.sizes),
        keeps_paths=keeps_paths(loaded, plan),
    )


def keeps_paths(loaded: LoadedSweep, plan: Plan) -> bool:
    """Whether outcomes are kept path by path."""
    wanted = loaded.sweep.statistics.paths
    paths = sum(loaded.size(cell).paths for cell in range(loaded.count))
    return wanted == "keep" or (wanted == "auto" and 4.0 * paths * len(plan.columns) <= KEPT_BYTES)


def estimate_sweep(
    loaded: LoadedSweep, chosen: list[int], workers: int | None = None, *, are_threads: bool = True
) -> SweepEstimate:
    """What a sweep will take on so many threads, or workers that are processes; all cores of this machine by default.

    Raises
    ------
    ScenarioError
        If none of the cells tried can be prepared.
    """
    plan = plan_of(loaded)
    return estimate(
        loaded,
        plan,
        chosen,
        workers=workers or usable_threads(),
        keeps_paths=keeps_paths(loaded, plan),
        are_threads=are_threads,
    )


def run_sweep(
    loaded: LoadedSweep,
    folder: Path,
    *,
    resources: Resources | None = None,
    executor: Executor | None = None,
    chosen: Collection[int] | None = None,
    shard: str = "",
    overwrite: bool = False,
    observer: Observer | None = None,
) -> SweepOutcome:
    """Run a sweep into a folder, or finish what an earlier one began there.

    Parameters
    ----------
    resources
        Where to work: threads here by default. The numbers do not depend on it.
    executor
        A session that is open already, instead.
    chosen
        Numbers of the cells to run; all by default.
    shard
        Name of this part of the sweep, such as ``3-of-8``, where several processes write to one folder.
    overwrite
        Replace another sweep in the folder.
    observer
        Is told how the work goes; nobody by default.

    Raises
    ------
    OutputError
        If the folder holds something else, has no room, or another process writes there.
    OSError, MemoryError
        If the disk or the memory failed; what was finished stays and is resumed.
    """
    observer = observer or Nobody()
    manifest = manifest_of(loaded)
    wanted = range(loaded.count) if chosen is None else chosen
    with _ready(folder, manifest, shard, overwrite) as (sweep, fence), logging_to(folder, shard) as log:
        _check_room(sweep, loaded)
        if not is_compiled():
            observer.compiles()
        total = sum(loaded.size(cell).paths for cell in wanted)
        done = sum(entry["paths"] for cell in wanted for entry in sweep.state.blocks.get(cell, {}).values())
        with (
            _session(executor, resources, loaded.sweep.retries) as hands,
            observed(observer, Workload(total, done, lambda: hands.workers)),
            stopping_on_signals(observer.stops) as stop,
        ):
            return work_through(
                loaded, sweep, hands, wanted, observer=observer, log=log, stop=stop, fence=fence
            )


def resume_sweep(
    folder: Path, *, resources: Resources | None = None, observer: Observer | None = None
) -> SweepOutcome:
    """Finish a sweep that was begun, from its folder alone; or from its file, if it names data files.

    Raises
    ------
    ScenarioError
        If the file is needed and cannot be read any more.
    OutputError
        If the file or the code has changed since, or as ``run_sweep`` does.
    """
    found = read_sweep_manifest(folder)
    if any(used["file"].endswith(DATA_SUFFIXES) for used in found.files):
        said = found.settings
        loaded = load_sweep(
            found.file, said["set"], paths=said["paths"], horizon=said.get("horizon"), sets=_sets(found)
        )
    else:
        loaded = _as_recorded(found, shown(folder))
    if manifest_of(loaded).key != found.key:
        raise OutputError(
            f"{shown(folder)}: the code, the sweep file {found.file} or a file it names has changed since the sweep"
            " began. Restore it, or run the sweep into another folder with -o.",
            BAD_INPUT,
        )
    return run_sweep(loaded, folder, resources=resources, observer=observer)


def _as_recorded(manifest: SweepManifest, label: str) -> LoadedSweep:
    """The sweep as its manifest tells it."""

    def node(value: object) -> Node:
        return compose(Source(label, json.dumps(value, ensure_ascii=False)))

    place = Place(Source(label, ""))
    dimensions = [
        Dimension(
            said["name"],
            tuple(
                Point(point, tuple(Change(key, node(value), place) for key, value in changes))
                for point, changes in zip(said["labels"], said["changes"], strict=True)
            ),
            tuple(
                AxisCoordinate(at["parameter"], tuple(at["values"]), at["unit"]) for at in said["coordinates"]
            ),
        )
        for said in manifest.dimensions
    ]
    loaded = LoadedSweep(
        sweep=validate(Sweep, node(manifest.sweep)),
        base=node(manifest.base),
        dimensions=tuple(dimensions),
        files=tuple(UsedFile(used["file"], used["sha256"]) for used in manifest.files),
        path=Path(manifest.file),
        settings=tuple(manifest.settings["set"]),
        paths_chosen=manifest.settings["paths"],
        horizon=manifest.settings.get("horizon"),
        sets=_sets(manifest),
    )
    return checked(loaded)


def _sets(manifest: SweepManifest) -> ParameterSets | None:
    return sets_of(manifest.parameter_sets) if manifest.parameter_sets else None


@contextmanager
def _session(given: Executor | None, resources: Resources | None, retries: int) -> Iterator[Executor]:
    if given is not None:
        yield given
        return
    with open_executor(replace(resources or Resources(), retries=retries)) as executor:
        yield executor


@contextmanager
def _ready(
    folder: Path, manifest: SweepManifest, shard: str, overwrite: bool
) -> Iterator[tuple[SweepFolder, Fence]]:
    """The folder, begun and locked: as a whole, or the part of a shard."""
    with locked(folder, shard) as fence:
        if not shard:
            yield begin_or_resume_sweep(folder, manifest, overwrite=overwrite), fence
            return
        with setting_up(folder):
            sweep = begin_or_resume_sweep(folder, manifest, shard=shard)
        yield sweep, fence


def _check_room(sweep: SweepFolder, loaded: LoadedSweep) -> None:
    """Refuse at once outcomes that cannot fit on the disk of this machine."""
    if not is_local(sweep.path):
        return
    manifest = sweep.manifest
    cells = manifest.cells if manifest.keeps_paths else 1
    needed = 2.0 * cells * manifest.paths * len(manifest.statistics.columns)  # half of them compressed away
    free = shutil.disk_usage(sweep.path).free
    if needed > free:
        raise OutputError(
            f"{sweep.path}: found {gigabytes(free)} free, but outcomes path by path need about {gigabytes(needed)}."
            " Use fewer paths, statistics.paths: drop, or another disk with -o."
        )
