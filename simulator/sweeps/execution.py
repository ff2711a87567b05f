"""Run a sweep: one stream of parts of all cells through one session, resumed where it was stopped.

Workers prepare cells, play them, sum them up and write what came of it (:mod:`simulator.sweeps.parts`). This process
says who does what, and keeps the ledger: it alone says what is finished. Whatever befalls a cell is recorded with its
message, and the others go on.
"""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Collection, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from operator import length_hint
from typing import Any

from simulator.ensemble.executors import Executor
from simulator.ensemble.jobs import Done, Failed, Task
from simulator.ensemble.log import RunLog
from simulator.ensemble.observer import Observer
from simulator.ensemble.plan import Block, plan_blocks
from simulator.ensemble.stopping import StopSignal
from simulator.results.errors import OutputError, masked
from simulator.results.folder import RunFolder, open_run
from simulator.results.ledger import append_blocks, append_entries
from simulator.results.locks import Fence
from simulator.results.manifest import finished_manifest, write_manifest
from simulator.results.places import is_local
from simulator.results.reading import damaged_blocks
from simulator.results.template import consolidate
from simulator.sweeps.cells import LoadedSweep
from simulator.sweeps.damage import forget_damage
from simulator.sweeps.folder import DONE, FAILED, STOPPED, SweepFolder, SweepState
from simulator.sweeps.parts import (
    Compare,
    Drop,
    PlayBlocks,
    PlayedBlock,
    Summed,
    SumUp,
    SweepJob,
    contents_of,
)

#: The one job of a session.
JOB = "sweep"


@dataclass
class _Cell:
    """A cell that is being worked on.

    Parameters
    ----------
    in_flight
        Tasks that were handed out and have not come back.
    held
        Blocks that wait until the folder of its run is ready.
    errors, attempts
        What was raised by tasks that were given up, and after how many attempts.
    """

    in_flight: int = 0
    held: list[PlayBlocks] = field(default_factory=list)
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
        chosen = set(self.chosen)
        return [cell for cell in self.folder.state.with_status(*wanted) if cell in chosen]


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
    work = _Work(loaded, folder, tuple(sorted(chosen)), observer, log)
    executor.add(_job(loaded, folder, fence, is_sent=bool(executor.address)))
    # A stop leaves blocks for later; that cells which are all there are summed up and compared does not wait.
    for tasks, until in ((work, stop), (work.due, None)):
        with closing(executor.results(tasks, until, work.note_retry)) as parcels:
            for results in parcels:
                work.take(results)
    executor.remove(JOB)
    interrupted = bool(stop and stop.is_requested)
    outcome = SweepOutcome(folder, work.chosen, interrupted, time.perf_counter() - started)
    log.note("ends", left=len(outcome.left), failed=outcome.with_status(FAILED), is_interrupted=interrupted)
    return outcome


def _job(loaded: LoadedSweep, folder: SweepFolder, fence: Fence | None, *, is_sent: bool) -> SweepJob:
    """What workers must know of a sweep; with its data files if it is sent to other machines."""
    if is_local(folder.path):  # workers have another working folder
        folder = replace(folder, path=folder.path.absolute())
        fence = fence and replace(fence, file=fence.file.absolute())
    contents = contents_of(loaded.data_files) if is_sent else {}
    return SweepJob(JOB, loaded, replace(folder, state=SweepState()), fence, contents)


class _Due:
    """Tasks that follow from results: it runs dry, and has more when more came back."""

    def __init__(self) -> None:
        self._tasks: deque[Task] = deque()

    def add(self, part: SumUp | Compare | Drop) -> None:
        """Have a part done."""
        self._tasks.append(Task(JOB, part))

    def __iter__(self) -> Iterator[Task]:
        return self

    def __next__(self) -> Task:
        if not self._tasks:
            raise StopIteration
        return self._tasks.popleft()

    def __length_hint__(self) -> int:
        return len(self._tasks)


class _Work:
    """The tasks of a sweep, and what to do with each result."""

    def __init__(
        self,
        loaded: LoadedSweep,
        folder: SweepFolder,
        chosen: tuple[int, ...],
        observer: Observer,
        log: RunLog,
    ) -> None:
        self.chosen = chosen
        self.due = _Due()
        self._loaded, self._folder, self._state = loaded, folder, folder.state
        self._manifest = folder.manifest
        self._observer, self._log = observer, log
        self._said: list[dict[str, Any]] = []
        self._cells: dict[int, _Cell] = {}
        self._runs: dict[int, RunFolder] = {}
        self._is_asked: set[int] = set()
        self._is_dropped: set[int] = set()
        self._released: deque[PlayBlocks] = deque()
        self._left = sum(map(self._blocks_of, chosen))
        self._fresh = self._parts()

    def __iter__(self) -> Iterator[Task]:
        return self

    def __next__(self) -> Task:
        """What follows from results first, then blocks that waited, then the next cell."""
        task = next(self.due, None)
        if task is None:
            task = Task(JOB, self._released.popleft() if self._released else next(self._fresh))
        return task

    def __length_hint__(self) -> int:
        """About how many are left: of cells that were not begun, a task for each block."""
        return length_hint(self.due) + len(self._released) + self._left

    def _blocks_of(self, number: int) -> int:
        size = self._loaded.size(number)
        return -(-size.paths // size.block)

    def _parts(self) -> Iterator[PlayBlocks]:
        """Blocks that are not finished, cell by cell."""
        for number in self.chosen:
            self._left -= self._blocks_of(number)
            if number in self._state.cells:
                self._compare(number)  # a writer killed before it came to that leaves it to us
                continue
            cell = self._cells[number] = _Cell()
            parts = deque(self._parts_of(number))
            if not parts:
                self._have_summed(number)
            elif self._manifest.keep != "statistics":
                while len(parts) > 1:
                    cell.held.append(parts.pop())
            self._left += len(parts)
            while parts and not cell.errors:
                self._left -= 1
                cell.in_flight += 1
                yield parts.popleft()
            self._left -= len(parts)

    def _parts_of(self, number: int) -> list[PlayBlocks]:
        """What is left to play of a cell: blocks one by one, but for those that share a chunk of the store."""
        size, chunk = self._loaded.size(number), min(self._manifest.block, self._manifest.paths)
        finished = self._finished(number)
        together: dict[int, list[Block]] = {}
        for block in plan_blocks(size.paths, min(size.block, size.paths)):
            if block.number not in finished:
                place = 0 if chunk % size.block else block.first_path // chunk
                together.setdefault(place, []).append(block)
        is_whole = len(together) == 1
        return [
            PlayBlocks(number, tuple(blocks), begins=place == 0, ends=is_whole)
            for place, blocks in enumerate(together.values())
        ]

    def _finished(self, number: int) -> set[int]:
        """Blocks of a cell whose outcomes, and records where these are kept, are there."""
        finished = set(self._state.blocks.get(number, ()))
        if not finished or self._manifest.keep == "statistics":
            return finished
        try:
            run = open_run(self._folder.run_of(number))
        except OutputError:  # the worker that begins the run again tells what is wrong
            return set()
        broken = {damage.block for damage in damaged_blocks(run)}
        self._runs[number] = replace(
            run, finished={block: entry for block, entry in run.finished.items() if block not in broken}
        )
        return finished & set(self._runs[number].finished)

    def _have_summed(self, number: int) -> None:
        self._cells[number].in_flight += 1
        self.due.add(SumUp(number))

    def note_retry(self, task: Task, error: Exception, attempts: int) -> None:
        """Write in the log that a part will be tried again."""
        said = masked(f"{type(error).__name__}: {error}")
        self._log.warn("tried again", **_named(task.part), attempts=attempts, error=said)

    def take(self, results: Sequence[Done | Failed]) -> None:
        """Record what became of parts; it is on the disk when this returns.

        Raises
        ------
        Exception
            What kept a comparison, which belongs to no single cell, from being made.
        """
        for result in results:
            match result.task.part, result:
                case Compare() as part, Done():
                    self._note("pair", cell=part.cell, baseline=part.baseline, sha256=result.made)
                    self._drop(part.cell)
                case ((Compare() | Drop()), Failed()):
                    raise result.error
                case (PlayBlocks() | SumUp()) as part, _:
                    self._take_of_cell(part, result)
        self._commit()

    def _take_of_cell(self, part: PlayBlocks | SumUp, result: Done | Failed) -> None:
        cell = self._cells[part.cell]
        cell.in_flight -= 1
        if isinstance(result, Failed):
            cell.errors.append(masked(f"{_where(part)}{type(result.error).__name__}: {result.error}"))
            cell.attempts = max(cell.attempts, result.attempts)
        elif result.made.refused:
            cell.errors.append(result.made.refused)
        else:
            self._keep(part.cell, result.made.blocks)
            cell.in_flight += len(cell.held)
            while cell.held:
                self._released.append(cell.held.pop())
        if cell.errors:
            cell.held.clear()
            if not cell.in_flight:
                self._end(part.cell, FAILED, cell.errors[0], cell.attempts)
        elif isinstance(result, Done) and result.made.summed is not None:
            self._end_well(part.cell, result.made.summed)
        elif not cell.in_flight and len(self._state.blocks.get(part.cell, ())) == self._blocks_of(part.cell):
            self._have_summed(part.cell)

    def _keep(self, number: int, blocks: Sequence[PlayedBlock]) -> None:
        """Put blocks into the ledgers: where records are kept that of the cell's run, before that of the sweep."""
        if self._manifest.keep != "statistics" and blocks:
            if number not in self._runs:
                self._runs[number] = open_run(self._folder.run_of(number))
            run = self._runs[number]
            append_blocks(run.ledger, run.manifest.run_key, [block.finished for block in blocks])
            run.finished.update({block.finished.block: block.finished for block in blocks})
        for finished, sha256 in blocks:
            self._note(
                "block",
                cell=number,
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
            self._observer.advances(finished.paths)

    def _end_well(self, number: int, summed: Summed) -> None:
        """Record a cell that was summed up, and have it compared with the baseline."""
        run = self._runs.pop(number, None)
        if run is not None and run.is_complete:
            consolidate(run.store, run.layout)
            write_manifest(run.path, finished_manifest(run.manifest, run.finished))
        stopped, seconds = self._stopped(number)
        message = ", ".join(
            f"{count:,} of {summed.paths:,} paths stopped: {name}" for name, count in stopped.items()
        )
        self._end(
            number,
            STOPPED if stopped else DONE,
            message,
            1,
            paths=summed.paths,
            trades=list(summed.trades),
            antithetic=summed.antithetic,
            stopped=stopped,
            sha256=summed.sha256,
            seconds=round(seconds, 3),
            reducing_s=summed.seconds,
        )
        self._compare(number)

    def _end(self, number: int, status: str, message: str, attempts: int, **facts: Any) -> None:
        """Record how a cell ended."""
        if status == FAILED:
            self._log.warn("cell failed", cell=number, attempts=attempts, error=message)
        self._note("cell", cell=number, status=status, message=message, attempts=attempts, **facts)
        del self._cells[number]
        self._runs.pop(number, None)

    def _stopped(self, cell: int) -> tuple[dict[str, int], float]:
        """Stopped paths of a cell by reason, and the seconds that its blocks took."""
        blocks = self._state.blocks[cell].values()
        counted: Counter[str] = Counter()
        for entry in blocks:
            counted.update(entry["stopped"])
        return dict(sorted(counted.items())), sum(entry["seconds"] for entry in blocks)

    def _ready(self, cell: int) -> list[int]:
        """Cells that differ from this one in the policy alone, this among them, and are summed up."""
        cells = self._state.cells
        return [
            number
            for number in self._manifest.group_of(cell)
            if number in cells and cells[number]["status"] != FAILED
        ]

    def _compare(self, cell: int) -> None:
        """Have every cell of a group compared that can be now and was not."""
        ready = self._ready(cell)
        for number in ready:
            base = self._manifest.baseline_of(number)
            if base is None or base not in ready or number in self._state.pairs or number in self._is_asked:
                continue
            ours, theirs = self._state.cells[number], self._state.cells[base]
            part = Compare(
                number,
                base,
                min(ours["paths"], theirs["paths"]),
                tuple(ours["trades"]),
                tuple(theirs["trades"]),
                ours["antithetic"] and theirs["antithetic"],
            )
            self._is_asked.add(number)
            self.due.add(part)
        self._drop(cell)

    def _drop(self, cell: int) -> None:
        """Have outcomes of a group dropped that are no longer needed, where they are not kept."""
        ready = self._ready(cell)
        is_compared = all(
            number in self._state.pairs or self._manifest.baseline_of(number) is None for number in ready
        )
        is_over = is_compared and len(ready) == len(self._manifest.group_of(cell))
        if is_over and not self._manifest.keeps_paths and ready[0] not in self._is_dropped:
            self._is_dropped.add(ready[0])
            self.due.add(Drop(tuple(ready)))

    def _note(self, kind: str, **entry: Any) -> None:
        """Say something, in plain values, to the ledger: the state has it at once, the disk with ``_commit``."""
        said = {"kind": kind, **entry}
        self._state.add(said)
        self._said.append(said)

    def _commit(self) -> None:
        """Put what was said into the ledger, in one go; and into the log, which cells ended."""
        said, self._said = self._said, []
        append_entries(self._folder.ledger, self._manifest.key, said)
        ended = [entry["cell"] for entry in said if entry["kind"] == "cell" and entry["status"] != FAILED]
        if ended:
            self._log.note("cells ended", cells=ended)


def _where(part: PlayBlocks | SumUp) -> str:
    """*paths 0 to 199: *, or nothing of a sum over all."""
    if isinstance(part, SumUp):
        return ""
    first, last = part.blocks[0], part.blocks[-1]
    return f"paths {first.first_path:,} to {last.first_path + last.paths - 1:,}: "


def _named(part: PlayBlocks | SumUp | Compare | Drop) -> dict[str, Any]:
    """A part as the log names it."""
    if isinstance(part, Drop):
        return {"cells": part.cells}
    blocks = [block.number for block in part.blocks] if isinstance(part, PlayBlocks) else []
    return {"of": f"cell {part.cell}", **({"blocks": blocks} if blocks else {"what": type(part).__name__})}
