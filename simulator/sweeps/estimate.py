"""What a sweep will take, before it runs: cells, paths, memory, disk and time, from a small block of some cells."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from simulator.ensemble.description import layout_of, prepare_run
from simulator.ensemble.execution import COPIES_OF_BLOCK
from simulator.ensemble.jobs import Job, OpenJob
from simulator.ensemble.plan import Block
from simulator.results.layout import Array, Days, Layout
from simulator.results.outcomes import path_outcomes
from simulator.results.store import compress
from simulator.scenario.errors import ScenarioError
from simulator.sweeps.cells import LoadedSweep
from simulator.sweeps.statistics import Plan

#: Paths of the block that is timed, of how many cells, and what one worker more adds to the speed.
PATHS_TIMED, CELLS_TIMED, SHARE_OF_WORKER = 64, 3, 0.9
#: Bytes of a process that has imported and compiled everything.
PROCESS_BYTES = 350e6


@dataclass(frozen=True)
class SweepEstimate:
    """What a sweep will take.

    Parameters
    ----------
    cells, paths, blocks
        To be run.
    workers
        Threads or processes at once.
    memory_bytes, disk_bytes
        Of all workers together on this machine; of the results.
    preparing_s, simulating_s, hours
        Time to prepare a cell, or a parameter set of it; for one path and day; for everything, with so many workers.
    openings
        How often books are opened: once a cell, and once for each group of paths with a parameter set of its own.
    """

    cells: int
    paths: int
    blocks: int
    workers: int
    memory_bytes: float
    disk_bytes: float
    preparing_s: float
    simulating_s: float
    hours: float
    openings: int

    def as_record(self) -> dict[str, Any]:
        """Plain numbers, for other programs."""
        return asdict(self)


@dataclass(frozen=True)
class _Timed:
    """One cell that was tried: times, and bytes of a path on disk and in memory."""

    preparing_s: float
    path_day_s: float
    stored_bytes: float
    outcome_bytes: float
    layout: Layout

    @property
    def days_again(self) -> float:
        """Path-days that are played again: whole paths without policy, half of those with a test sale on average."""
        left_alone = self.layout.paths_without_policy if self.layout.has_policy else 0
        return self.layout.days * (left_alone + 0.5 * self.layout.test_sale_paths)


def estimate(
    loaded: LoadedSweep,
    plan: Plan,
    chosen: list[int],
    *,
    workers: int,
    keeps_paths: bool,
    are_threads: bool = True,
) -> SweepEstimate:
    """Estimate by playing a small block of the first, a middle and the last cell that can be prepared.

    Parameters
    ----------
    chosen
        Cells to be run.
    workers
        Threads or worker processes.
    are_threads
        Whether one interpreter prepares all cells, one after the other.

    Raises
    ------
    ScenarioError
        If none of the cells tried can be prepared.
    """
    tried = _try_cells(loaded, plan, chosen)
    sizes = [loaded.size(cell) for cell in chosen]
    paths = sum(size.paths for size in sizes)
    again = len(chosen) * float(np.mean([one.days_again for one in tried]))
    path_days = sum(size.paths * size.days for size in sizes) + again
    preparing = float(np.mean([one.preparing_s for one in tried]))
    simulating = float(np.mean([one.path_day_s for one in tried]))
    layout = max((one.layout for one in tried), key=lambda layout: layout.bytes_of_path())
    block = layout.chunk * layout.bytes_of_path() * COPIES_OF_BLOCK
    stored = float(np.mean([one.stored_bytes for one in tried]))
    outcomes = float(np.mean([one.outcome_bytes for one in tried])) * keeps_paths
    figures = len(plan.rows) * (len(plan.statistics) + 3) * 8.0
    speed = 1.0 + SHARE_OF_WORKER * (workers - 1)
    of_sets = sum(-(-size.paths // plan.paths_a_set) for size in sizes) if plan.paths_a_set else 0
    openings = len(chosen) + of_sets
    seconds = (preparing * openings + path_days * simulating) / speed
    if are_threads:
        seconds = max(seconds, preparing * openings)
    return SweepEstimate(
        cells=len(chosen),
        paths=paths,
        blocks=sum(-(-size.paths // size.block) for size in sizes),
        workers=workers,
        memory_bytes=PROCESS_BYTES + (workers + 1) * block,
        disk_bytes=paths * (stored + outcomes) + len(chosen) * figures,
        preparing_s=preparing,
        simulating_s=simulating,
        hours=seconds / 3600.0,
        openings=openings,
    )


def _try_cells(loaded: LoadedSweep, plan: Plan, chosen: list[int]) -> list[_Timed]:
    places = np.unique(np.linspace(0, len(chosen) - 1, CELLS_TIMED).round().astype(int))
    tried, refused = [], None
    for place in places:
        try:
            tried.append(_try_cell(loaded, plan, chosen[place]))
        except ScenarioError as error:
            refused = error
    if refused is not None and not tried:
        raise refused
    return tried


def _try_cell(loaded: LoadedSweep, plan: Plan, number: int) -> _Timed:
    """Prepare a cell and play a small block of it, compiled before."""
    started = time.perf_counter()
    cell = loaded.load(loaded.cell(number))
    prepared = prepare_run(cell)
    preparing_s = time.perf_counter() - started
    layout = layout_of(cell.scenario, prepared)
    job = OpenJob(Job("estimate", prepared, layout, None, reduce=Days.stored))
    paths = min(PATHS_TIMED, layout.paths)
    played_again = max(layout.paths_without_policy, layout.test_sale_paths)
    first = min(
        played_again, layout.paths - paths
    )  # what is played again is counted apart, as far as it can be
    seconds = []
    for _ in range(2):  # the first time, memory is fetched and caches are cold
        started = time.perf_counter()
        _, arrays = job.play(Block(0, first, paths))
        seconds.append(time.perf_counter() - started)
    packed = plan.pack(path_outcomes(Days(arrays, layout)), prepared.trades)
    keeps_records = loaded.sweep.keep != "statistics"
    return _Timed(
        preparing_s=preparing_s,
        path_day_s=min(seconds) / paths / layout.days,
        stored_bytes=sum(map(_compressed, arrays.values())) / paths if keeps_records else 0.0,
        outcome_bytes=_compressed(packed) / paths,
        layout=layout,
    )


def _compressed(values: Array) -> int:
    return len(compress(np.ascontiguousarray(values).data, values.itemsize))
