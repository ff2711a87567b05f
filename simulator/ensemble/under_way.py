"""A run that is being written: its folder held, its tasks, what is recorded of them, and how it ends.

Whoever works through tasks (one run, or the cells of a sweep together) opens runs here, hands their tasks to an
executor, and gives back what comes.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path

from simulator.engine.opening.prepare import Prepared
from simulator.ensemble.description import describe_run, gigabytes, prepare_run
from simulator.ensemble.jobs import Done, Failed, Job, Task
from simulator.ensemble.log import RunLog, logging_to
from simulator.ensemble.plan import Block, plan_blocks
from simulator.results.errors import BAD_INPUT, OutputError, masked, plain
from simulator.results.folder import (
    SET_ASIDE,
    RunFolder,
    begin_or_resume,
    open_run,
    strike_from_ledgers,
    sweep_half_written,
)
from simulator.results.ledger import FAILURES, FailedBlock, append_blocks, append_failure, ledger_file
from simulator.results.locks import Fence, locked, setting_up
from simulator.results.manifest import finished_manifest, write_manifest
from simulator.results.places import is_local, shown
from simulator.results.reading import damaged_blocks
from simulator.results.template import consolidate
from simulator.scenario.loading import LoadedScenario
from simulator.scenario.schema import Scenario

#: Bytes on disk over bytes in memory that no run falls below unless almost nothing moves in it.
SMALLEST_COMPRESSION = 0.3


@dataclass(frozen=True)
class Shard:
    """One of several parts of a run, from 1, that processes without a connection work on."""

    number: int
    count: int

    @property
    def name(self) -> str:
        """Name in files: ``2-of-5``."""
        return f"{self.number}-of-{self.count}"

    def has(self, block: Block) -> bool:
        """Whether a block is of this part: blocks are dealt out one by one."""
        return block.number % self.count == self.number - 1

    @classmethod
    def parse(cls, text: str) -> Shard:
        """Read ``2/5``.

        Raises
        ------
        OutputError
            If it is not two numbers, the first from 1 to the second.

        Examples
        --------
        >>> Shard.parse("2/5")
        Shard(number=2, count=5)
        """
        number, _, count = text.partition("/")
        if number.isdecimal() and count.isdecimal() and 1 <= int(number) <= int(count) <= SHARDS_MAX:
            return cls(int(number), int(count))
        raise OutputError(
            f"--shard {text}: found no part of a run; allowed is I/N, such as 2/5: I from 1 to N, N up to"
            f" {SHARDS_MAX:,}.",
            BAD_INPUT,
        )


SHARDS_MAX = 100_000


@dataclass(frozen=True)
class Terms:
    """How a run is to be begun or resumed.

    Parameters
    ----------
    audit
        Check the accounting identities after every stage of every day.
    overwrite
        Replace another run in the folder.
    other_version
        Go on with a run that another version of the code, or another kind of processor, began.
    shard
        Part of the run to do; all of it if none.
    """

    audit: bool = False
    overwrite: bool = False
    other_version: bool = False
    shard: Shard | None = None


@dataclass
class RunUnderWay:
    """A run whose folder this process holds.

    Parameters
    ----------
    run
        The folder, with the blocks that are whole on disk.
    job
        What workers must know of it.
    notes
        Choices that the opening books forced.
    damaged
        What was in the ledger and not whole on disk when it was opened, by block.
    failed
        Blocks that were given up since, with what was raised.
    """

    run: RunFolder
    job: Job
    notes: tuple[str, ...]
    log: RunLog
    shard: Shard | None
    damaged: dict[int, str]
    failed: list[Failed] = field(default_factory=list)

    def tasks(self) -> list[Task]:
        """What is left to do, in the order of the paths."""
        layout = self.run.layout
        return [
            Task(self.job.key, block)
            for block in plan_blocks(layout.paths, layout.chunk)
            if block.number not in self.run.finished and (self.shard is None or self.shard.has(block))
        ]

    def record(self, results: Sequence[Done | Failed]) -> None:
        """Take what came of tasks; a block is in the ledger before it counts as finished.

        Raises
        ------
        OSError
            If the ledger cannot be written.
        """
        done = [result for result in results if isinstance(result, Done)]
        append_blocks(self.run.ledger, self.run.manifest.run_key, [result.made.finished for result in done])
        for each in done:
            self.run.finished[each.task.part.number] = each.made.finished
        for result in results:
            if isinstance(result, Failed):
                self._give_up(result)

    def _give_up(self, result: Failed) -> None:
        """Write down that a block was given up."""
        block: Block = result.task.part
        key = self.run.manifest.run_key
        said = masked(f"{type(result.error).__name__}: {result.error}")
        failed = FailedBlock(*block, error=said, attempts=result.attempts, failed_at=round(time.time(), 3))
        append_failure(ledger_file(self.run.path, self.run.shard, FAILURES), key, failed)
        self.failed.append(result)
        self.log.warn("block given up", block=block.number, attempts=result.attempts, error=said)

    def note_retry(self, task: Task, error: Exception, attempts: int) -> None:
        """Write in the log that a block will be tried again."""
        said = f"{type(error).__name__}: {error}"
        self.log.warn(
            "block failed, to be tried again", block=task.part.number, attempts=attempts, error=said
        )

    @property
    def is_complete(self) -> bool:
        """Whether every block is in the ledger."""
        return self.run.is_complete

    def finish(self) -> None:
        """Write that the run is complete, if it is: with shards, the last one does.

        Raises
        ------
        OSError
            If it cannot be written.
        """
        folder = self.run.path
        with setting_up(folder) if self.shard else nullcontext():
            if self.shard:
                self.run = open_run(folder, self.shard.name)
            if self.is_complete and self.run.manifest.status != "complete":
                sweep_half_written(folder)  # of workers that died: others did their blocks
                consolidate(self.run.store, self.run.layout)
                write_manifest(folder, finished_manifest(self.run.manifest, self.run.finished))
                self.run = open_run(folder, self.run.shard)
        done = self.run.paths_done
        self.log.note("ended", paths_done=done, is_complete=self.is_complete, given_up=len(self.failed))


@contextmanager
def run_under_way(
    loaded: LoadedScenario[Scenario], folder: Path, terms: Terms, *, threads: int = 1
) -> Iterator[RunUnderWay]:
    """Hold a folder and begin or resume a run there; what is damaged counts as not done.

    Parameters
    ----------
    threads
        For reading what is there.

    Raises
    ------
    OutputError
        If the folder holds something else, or has no room, or another run writes there.
    ScenarioError
        If the opening books cannot balance.
    """
    prepared = prepare_run(loaded, audit=terms.audit)
    manifest = describe_run(loaded, prepared, terms.audit)
    shard = terms.shard.name if terms.shard else ""
    with locked(folder, shard) as fence:
        with setting_up(folder) if terms.shard else nullcontext():
            run = begin_or_resume(
                folder,
                manifest,
                overwrite=terms.overwrite,
                shard=shard,
                other_version=terms.other_version,
                data_files=loaded.data_files,
            )
        run, damaged = _without_damage(run, terms.shard, threads)
        if damaged and is_local(folder) and not terms.shard:
            strike_from_ledgers(run, damaged)
        _check_room(run)
        with logging_to(folder, shard) as log:
            job = _job(run, prepared, fence, terms)
            under_way = RunUnderWay(
                run,
                job,
                (*prepared.notes, *_told_aside(run)),
                log,
                terms.shard,
                damaged,
            )
            _note_begin(under_way)
            yield under_way


def _told_aside(run: RunFolder) -> list[str]:
    if not run.set_aside:
        return []
    return [
        f"Not of this run, and moved to {shown(run.path / SET_ASIDE)}: {plain(', '.join(run.set_aside))}."
    ]


def _job(run: RunFolder, prepared: Prepared, fence: Fence, terms: Terms) -> Job:
    store = run.store
    if is_local(store):  # workers have another working folder
        store, fence = store.absolute(), replace(fence, file=fence.file.absolute())
    return Job(run.manifest.run_key, prepared, run.layout, store, terms.audit, fence=fence)


def _without_damage(run: RunFolder, shard: Shard | None, threads: int) -> tuple[RunFolder, dict[int, str]]:
    """The run without the blocks, of the shard, that are not whole on disk; and these, with what is wrong."""
    ours = [number for number in run.finished if shard is None or number % shard.count == shard.number - 1]
    damaged = {
        damage.block: damage.what
        for damage in damaged_blocks(run, ours, threads=threads)
        if damage.block is not None
    }
    whole = {number: block for number, block in run.finished.items() if number not in damaged}
    return replace(run, finished=whole), damaged


def _note_begin(under_way: RunUnderWay) -> None:
    run = under_way.run
    manifest = run.manifest
    under_way.log.note(
        "begun" if not run.finished else "resumed",
        scenario=manifest.name,
        seed=manifest.seed,
        paths=run.layout.paths,
        blocks_done=len(run.finished),
        blocks_damaged=under_way.damaged,
        set_aside=run.set_aside,
        run_key=manifest.run_key,
        version=manifest.code_version,
        shard=run.shard,
    )


def _check_room(run: RunFolder) -> None:
    """Refuse at once what cannot fit on the disk."""
    if not is_local(run.path):
        return
    left = run.layout.paths - run.paths_done
    needed = left * run.layout.bytes_of_path() * SMALLEST_COMPRESSION
    free = shutil.disk_usage(run.path).free
    if needed > free:
        raise OutputError(
            f"{shown(run.path)}: found {gigabytes(free)} free, but the results need at least {gigabytes(needed)}."
            " Use fewer paths or a shorter horizon, or choose another disk with -o."
        )
