"""Run a sweep: one stream of blocks of all cells through one session, resumed where it was stopped.

A cell is prepared when its first block is due, and summed up when its last block is done. Whatever befalls a cell is
recorded with its message, and the others go on. Only this process writes the store of the sweep; workers write
the runs of cells, when records are kept.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Collection, Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from simulator.engine.opening.prepare import Prepared
from simulator.ensemble.description import describe_run, layout_of, prepare_run
from simulator.ensemble.executors import Executor, is_hopeless
from simulator.ensemble.jobs import Done, Failed, Job, Task
from simulator.ensemble.log import RunLog
from simulator.ensemble.observer import Observer
from simulator.ensemble.plan import plan_blocks
from simulator.ensemble.stopping import StopSignal
from simulator.results.errors import masked
from simulator.results.folder import RunFolder, begin_or_resume
from simulator.results.ledger import append_block
from simulator.results.locks import Fence
from simulator.results.manifest import finished_manifest, write_manifest
from simulator.results.reading import damaged_blocks
from simulator.results.template import consolidate
from simulator.scenario.errors import ScenarioError
from simulator.sweeps.cells import LoadedSweep
from simulator.sweeps.damage import forget_damage
from simulator.sweeps.folder import (
    DIFFERENCES,
    DONE,
    FAILED,
    FIGURES,
    OUTCOMES,
    STOPPED,
    SweepFolder,
    hash_of,
)
from simulator.sweeps.statistics import Plan, in_batches

Floats32 = NDArray[np.float32]


@dataclass
class OpenCell:
    """A cell whose blocks are being worked on."""

    number: int
    prepared: Prepared
    job: Job
    run: RunFolder | None
    in_flight: int = 0
    is_begun: bool = False
    errors: list[str] = field(default_factory=list)
    attempts: int = 1


@dataclass(frozen=True)
class SweepOutcome:
    """What became of a sweep, or of the cells of it that were asked for.

    Parameters
    ----------
    chosen
        The cells asked for.
    """

    folder: SweepFolder
    chosen: tuple[int, ...]
    is_interrupted: bool
    seconds: float

    @property
    def left(self) -> list[int]:
        """Cells that have not ended."""
        return [cell for cell in self.chosen if cell not in self.folder.state.cells]

    def with_status(self, *wanted: str) -> list[int]:
        """Cells that ended in one of these ways."""
        return [cell for cell in self.folder.state.with_status(*wanted) if cell in set(self.chosen)]


def work_through(
    loaded: LoadedSweep,
    folder: SweepFolder,
    executor: Executor,
    chosen: Collection[int],
    *,
    observer: Observer,
    log: RunLog,
    stop: StopSignal | None = None,
    fence: Fence | None = None,
) -> SweepOutcome:
    """Work through cells of a sweep until each has ended, or a stop is requested.

    Parameters
    ----------
    folder
        Locked and ready.
    chosen
        Numbers of the cells.
    observer, log
        Are told of finished paths, and of cells.
    fence
        By which workers know that this process still holds the folder.

    Raises
    ------
    OutputError, OSError, MemoryError
        What no other cell would escape; what was finished stays and is resumed.
    """
    started = time.perf_counter()
    damaged = forget_damage(folder)
    log.note("begins", cells=len(chosen), ended_before=len(folder.state.cells), damaged=len(damaged))
    work = _Work(loaded, folder, executor, tuple(sorted(chosen)), observer, log, fence)
    with closing(executor.results(work.tasks(), stop, work.note_retry)) as results:
        for result in results:
            work.take(result)
    interrupted = bool(stop and stop.is_requested)
    outcome = SweepOutcome(folder, work.chosen, interrupted, time.perf_counter() - started)
    log.note("ends", left=len(outcome.left), failed=outcome.with_status(FAILED), is_interrupted=interrupted)
    return outcome


class _Work:
    """The cells in progress, and what to do with each result."""

    def __init__(
        self,
        loaded: LoadedSweep,
        folder: SweepFolder,
        executor: Executor,
        chosen: tuple[int, ...],
        observer: Observer,
        log: RunLog,
        fence: Fence | None,
    ) -> None:
        self.loaded = loaded
        self.folder = folder
        self.executor = executor
        self.chosen = chosen
        self.observer = observer
        self.log = log
        self.fence = fence
        self.plan: Plan = folder.manifest.statistics
        self.open: dict[str, OpenCell] = {}
        self.outcomes = folder.array(OUTCOMES, writable=True)
        self.figures = folder.array(FIGURES, writable=True)
        self.differences = folder.array(DIFFERENCES, writable=True)

    def tasks(self) -> Iterator[Task]:
        """Blocks that are not finished, cell by cell; each cell is prepared when its turn comes."""
        for number in self.chosen:
            if number in self.folder.state.cells:
                self._compare(number)  # a writer killed before it came to that leaves it to us
                continue
            cell = self._open(number)
            if cell is None:
                continue
            for block in plan_blocks(cell.job.layout.paths, cell.job.layout.chunk):
                if cell.errors:
                    break
                if not self._is_finished(cell, block.number):
                    cell.in_flight += 1
                    yield Task(cell.job.key, block)
            cell.is_begun = True
            self._close_if_over(cell)

    def note_retry(self, task: Task, error: Exception, attempts: int) -> None:
        """Write in the log that a block will be tried again."""
        said = masked(f"{type(error).__name__}: {error}")
        self.log.warn("tried again", of=task.job, block=task.block.number, attempts=attempts, error=said)

    def take(self, result: Done | Failed) -> None:
        """Record what became of a block, and sum up its cell if it was the last one."""
        cell = self.open[result.task.job]
        cell.in_flight -= 1
        if isinstance(result, Failed):
            block, error = result.task.block, result.error
            paths = f"paths {block.first_path:,} to {block.first_path + block.paths - 1:,}"
            cell.errors.append(masked(f"{paths}: {type(error).__name__}: {error}"))
            cell.attempts = max(cell.attempts, result.attempts)
        else:
            self._keep(cell, result)
        self._close_if_over(cell)

    def _open(self, number: int) -> OpenCell | None:
        """Prepare a cell, or record why that is impossible."""
        try:
            loaded = self.loaded.load(self.loaded.cell(number))
            prepared = prepare_run(loaded)
            layout = layout_of(loaded.scenario, prepared)
            run = None
            if self.folder.manifest.keep != "statistics":
                path = self.folder.run_of(number)
                path.mkdir(parents=True, exist_ok=True)
                manifest = describe_run(loaded, prepared, False)
                run = begin_or_resume(path, manifest, overwrite=False, data_files=loaded.data_files)
                broken = {damage.block for damage in damaged_blocks(run)}
                whole = {block: entry for block, entry in run.finished.items() if block not in broken}
                run = replace(run, finished=whole)
            store, fence = (run.store.absolute(), self.fence) if run else (None, None)
            job = Job(f"cell {number}", prepared, layout, store, fence=fence)
            self.executor.add(job)
        except ScenarioError as error:
            self._fail(number, str(error).splitlines()[0], attempts=1)
            return None
        except Exception as error:
            if is_hopeless(error):
                raise
            self._fail(number, masked(f"{type(error).__name__}: {error}"), attempts=1)
            return None
        cell = OpenCell(number, prepared, job, run)
        self.open[job.key] = cell
        return cell

    def _is_finished(self, cell: OpenCell, block: int) -> bool:
        has_records = cell.run is None or block in cell.run.finished
        return has_records and block in self.folder.state.blocks.get(cell.number, {})

    def _keep(self, cell: OpenCell, done: Done) -> None:
        """Write the outcomes of a block, read them back, and put it into the ledger."""
        finished = done.finished
        packed = self.plan.pack(done.reduced, cell.prepared.trades)
        paths = slice(finished.first_path, finished.first_path + finished.paths)
        self.outcomes[cell.number, paths, :] = packed
        sha256 = hash_of(packed)
        if hash_of(self.outcomes[cell.number, paths, :]) != sha256:
            raise OSError(f"{self.folder.path}: outcomes read back are not what was written")
        if cell.run is not None:
            append_block(cell.run.ledger, cell.run.manifest.run_key, finished)
            cell.run.finished[finished.block] = finished
        self.folder.record(
            "block",
            cell=cell.number,
            block=finished.block,
            first_path=finished.first_path,
            paths=finished.paths,
            sha256=sha256,
            records_sha256=finished.sha256,
            seconds=finished.seconds,
            simulate_seconds=finished.simulate_seconds,
            store_seconds=finished.store_seconds,
            finished_at=finished.finished_at,
            worker=finished.worker,
            stopped=dict(finished.stopped),
        )
        self.observer.advances(finished.paths)

    def _close_if_over(self, cell: OpenCell) -> None:
        """Sum up a cell when nothing of it is left to do, and let the workers forget it."""
        if cell.in_flight or not (cell.is_begun or cell.errors) or cell.job.key not in self.open:
            return
        if cell.errors:
            self._fail(cell.number, cell.errors[0], cell.attempts)
        elif len(self.folder.state.blocks.get(cell.number, {})) == cell.job.layout.blocks:
            self._sum_up(cell)
        else:
            return  # interrupted
        del self.open[cell.job.key]
        self.executor.remove(cell.job.key)

    def _sum_up(self, cell: OpenCell) -> None:
        """Reduce the outcomes of a cell to its figures, and compare it with the baseline."""
        started = time.perf_counter()
        trades = cell.prepared.trades
        paths = cell.job.layout.paths
        antithetic = cell.job.layout.attributes["sampling"] == "antithetic"
        figures = self.plan.reduce(
            lambda: self._read(cell.number, paths),
            trades,
            antithetic=antithetic,
        )
        self.figures[cell.number] = figures
        if cell.run is not None and cell.run.is_complete:
            consolidate(cell.run.store, cell.run.layout)
            write_manifest(cell.run.path, finished_manifest(cell.run.manifest, cell.run.finished))
        stopped, seconds = self._stopped(cell.number)
        message = ", ".join(
            f"{count:,} of {paths:,} paths stopped: {name}" for name, count in stopped.items()
        )
        self.folder.record(
            "cell",
            cell=cell.number,
            status=STOPPED if stopped else DONE,
            message=message,
            attempts=1,
            paths=paths,
            trades=list(trades),
            antithetic=antithetic,
            stopped=stopped,
            sha256=hash_of(figures),
            seconds=round(seconds, 3),
            reducing_s=round(time.perf_counter() - started, 3),
        )
        self.log.note("cell ended", cell=cell.number, seconds=round(seconds, 3), stopped=stopped)
        self._compare(cell.number)

    def _stopped(self, cell: int) -> tuple[dict[str, int], float]:
        """Stopped paths of a cell by reason, and the seconds that its blocks took."""
        blocks = self.folder.state.blocks[cell].values()
        counted: Counter[str] = Counter()
        for entry in blocks:
            counted.update(entry["stopped"])
        return dict(sorted(counted.items())), sum(entry["seconds"] for entry in blocks)

    def _read(self, cell: int, paths: int) -> Iterator[Floats32]:
        """Outcomes of a cell in batches that split no pair and no set."""
        return in_batches(self.outcomes, cell, paths, self.plan.batch)

    def _compare(self, cell: int) -> None:
        """Differences of every cell of the group that can be compared now; drop outcomes no longer needed."""
        manifest, state = self.folder.manifest, self.folder.state
        group = manifest.group_of(cell)
        ready = [number for number in group if number in state.with_status(DONE, STOPPED)]
        for number in ready:
            base = manifest.baseline_of(number)
            if base is not None and base in ready and number not in state.pairs:
                self._compare_pair(number, base)
        if not manifest.keeps_paths and len(ready) == len(group):
            for number in group:
                self.outcomes[number] = np.nan

    def _compare_pair(self, cell: int, base: int) -> None:
        ours, theirs = self.folder.state.cells[cell], self.folder.state.cells[base]
        paths = min(ours["paths"], theirs["paths"])
        figures = self.plan.compare(
            self._read(cell, paths),
            ours["trades"],
            self._read(base, paths),
            theirs["trades"],
            antithetic=ours["antithetic"] and theirs["antithetic"],
        )
        self.differences[cell] = figures
        self.folder.record("pair", cell=cell, baseline=base, sha256=hash_of(figures))

    def _fail(self, number: int, message: str, attempts: int) -> None:
        self.log.warn("cell failed", cell=number, attempts=attempts, error=message)
        self.folder.record("cell", cell=number, status=FAILED, message=message, attempts=attempts)
