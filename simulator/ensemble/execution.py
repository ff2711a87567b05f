"""Run a scenario: blocks of paths into one store, resumed where an earlier run was stopped.

The answer does not depend on where the work is done nor on blocks: paths are addressed, blocks are written
whole, and the ledger says which exist. Linear algebra must have been pinned to one thread before NumPy was
first imported (``cores.pin_linear_algebra``), which the command line does.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from simulator.ensemble.cores import usable_threads
from simulator.ensemble.description import (
    gigabytes,
    is_compiled,
)
from simulator.ensemble.executors import Executor
from simulator.ensemble.observer import Nobody, Observer, Workload, observed
from simulator.ensemble.plan import Block
from simulator.ensemble.resources import Resources
from simulator.ensemble.session import open_executor
from simulator.ensemble.stopping import stopping_on_signals
from simulator.ensemble.under_way import RunUnderWay, Terms, run_under_way
from simulator.results.errors import OutputError
from simulator.results.folder import RunFolder
from simulator.results.layout import Layout
from simulator.scenario.loading import LoadedScenario
from simulator.scenario.schema import Scenario

#: Copies of a block that exist at once while it is simulated, split and encoded.
COPIES_OF_BLOCK = 3


@dataclass
class BlockFailures:
    """Blocks that failed, with what was raised, in the order in which they did."""

    failed: list[tuple[Block, Exception]] = field(default_factory=list)
    is_interrupted: bool = False


@dataclass(frozen=True)
class RunOutcome:
    """What became of a run.

    Parameters
    ----------
    folder
        The run, with the blocks that are whole on disk now.
    failures
        Blocks that failed, and whether it was interrupted.
    was_complete
        Whether there was nothing left to do.
    notes
        Choices that the opening books forced.
    seconds
        Time it took, compilation included.
    repaired
        What was in the ledger and not whole on disk when the run was opened, by block.
    """

    folder: RunFolder
    failures: BlockFailures
    was_complete: bool
    notes: tuple[str, ...]
    seconds: float
    repaired: Mapping[int, str] = field(default_factory=dict)


def run_scenario(
    loaded: LoadedScenario[Scenario],
    folder: Path,
    *,
    threads: int | None = None,
    resources: Resources | None = None,
    executor: Executor | None = None,
    audit: bool = False,
    overwrite: bool = False,
    terms: Terms | None = None,
    observer: Observer | None = None,
) -> RunOutcome:
    """Run a scenario into a folder, or finish what an earlier run began there.

    Parameters
    ----------
    folder
        Of this machine, or a URL (``places.place``).
    threads
        Blocks at a time; all usable cores by default. The numbers do not depend on it.
    resources
        Where to work, if not on threads: the workers of a cluster.
    executor
        A session that is open already, instead.
    audit, overwrite
        Short for terms: check the accounting identities; replace another run in the folder.
    terms
        How the run is to be begun or resumed.
    observer
        Is told how the work goes; nobody by default.

    Raises
    ------
    OutputError
        If the folder holds something else, or has no room, or another run writes there; or if a cluster cannot be
        used or is lost.
    ScenarioError
        If the opening books cannot balance.
    OSError, MemoryError
        If the disk or the memory failed; what was finished stays and is resumed.
    """
    started = time.perf_counter()
    resources = resources or Resources(threads=threads)
    terms = terms or Terms(audit=audit, overwrite=overwrite)
    observer = observer or Nobody()
    readers = resources.threads or usable_threads()
    with run_under_way(loaded, folder, terms, threads=readers) as under_way:
        if under_way.is_complete and under_way.run.manifest.status == "complete":
            return RunOutcome(under_way.run, BlockFailures(), True, under_way.notes, 0.0)
        is_interrupted = False
        if under_way.tasks():
            if executor is None and resources.are_threads:
                _check_memory(under_way.run.layout, readers)
            if resources.are_threads and not is_compiled():
                observer.compiles()
            try:
                with _executor(executor, resources) as hands:
                    is_interrupted = _run_blocks(hands, under_way, observer)
            finally:
                observer.ends()
        under_way.finish()
        failed = [(result.task.part, result.error) for result in under_way.failed]
        return RunOutcome(
            under_way.run,
            BlockFailures(failed, is_interrupted),
            False,
            under_way.notes,
            time.perf_counter() - started,
            under_way.damaged,
        )


@contextmanager
def _executor(given: Executor | None, resources: Resources) -> Iterator[Executor]:
    if given is not None:
        yield given
        return
    with open_executor(resources) as executor:
        yield executor


def _run_blocks(executor: Executor, under_way: RunUnderWay, observer: Observer) -> bool:
    """Run the blocks that are not whole; returns whether a stop was asked for."""

    def announce() -> None:
        under_way.log.warn("asked to stop")
        observer.stops()

    run = under_way.run
    if executor.address:
        under_way.log.note("cluster", address=executor.address, dashboard=executor.dashboard)
        if executor.dashboard:
            observer.joins(executor.dashboard)
    under_way.log.note("working", workers=executor.workers)
    executor.add(under_way.job)
    layout = run.layout
    workload = Workload(layout.paths, run.paths_done, lambda: executor.workers, layout.chunk)
    with (
        observed(observer, workload),
        stopping_on_signals(announce) as stop,
        closing(executor.results(under_way.tasks(), stop, under_way.note_retry)) as parcels,
    ):
        for results in parcels:
            under_way.record(results)
            observer.advances(sum(result.task.part.paths for result in results))
    executor.remove(under_way.job.key)
    return stop.is_requested


def _check_memory(layout: Layout, threads: int) -> None:
    """Refuse blocks that cannot fit in memory."""
    needed = (threads + 1) * layout.chunk * layout.bytes_of_path() * COPIES_OF_BLOCK
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    if needed > memory:
        raise OutputError(
            f"numerics.block: found {layout.chunk:,} paths, which need {gigabytes(needed)} on {threads}"
            f" threads; this machine has {gigabytes(memory)}. Use smaller blocks or fewer threads."
        )
