"""Work as plain data: a job is what a worker must know, a task is one part of it.

A job travels once to every worker, which opens it once and then does its parts. Of a run these are blocks: drivers
are drawn there, days and outcomes of the paths are written there, and only a line for the ledger comes back.
Doing a task twice writes the same bytes twice.
"""

from __future__ import annotations

import os
import platform
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from simulator import rule
from simulator.engine import simulate
from simulator.engine.experiments import play_again
from simulator.engine.opening.prepare import Prepared
from simulator.engine.records import Records
from simulator.ensemble.plan import Block
from simulator.ensemble.residuals import simulate_audited
from simulator.results.layout import STATUS, Days, Layout
from simulator.results.ledger import FinishedBlock
from simulator.results.locks import Fence
from simulator.results.outcome_files import measures_sha256, write_outcomes
from simulator.results.outcomes import path_outcomes
from simulator.results.store import Store, hash_block, write_block

Reduce = Callable[[Days], Any]


class Opened(Protocol):
    """Work on a worker, ready to be done part by part."""

    def do(self, part: Any) -> Any:
        """Do a part, and say what came of it."""


class Work(Protocol):
    """What travels once to every worker: plain data, and how it is opened there."""

    @property
    def key(self) -> str:
        """Identity in a session."""

    def open(self) -> Opened:
        """Make it ready on a worker."""


@dataclass(frozen=True)
class Job:
    """What a worker must know of a run: work whose parts are blocks.

    Parameters
    ----------
    key
        Identity of the job in a session.
    prepared
        Opening books and parameters of the drivers.
    layout
        Size and labels of its results.
    store
        Zarr store to write to, with the outcomes of paths beside it; none when only what ``reduce`` makes of the
        numbers is wanted.
    is_audited
        Check the accounting identities.
    reduce
        What to make of the days of a block: a function of a module. With a store, the outcomes of its paths.
    fence
        By which a worker knows that the run still holds its folder.
    """

    key: str
    prepared: Prepared
    layout: Layout
    store: Path | None
    is_audited: bool = False
    reduce: Reduce = path_outcomes
    fence: Fence | None = None

    def open(self) -> OpenJob:
        """The run, ready to play blocks."""
        return OpenJob(self)


class Played(NamedTuple):
    """A block that was played: its line for the ledger, and what ``Job.reduce`` made of its numbers, if it travels."""

    finished: FinishedBlock
    reduced: Any


class Task(NamedTuple):
    """One part of a job: a block of a run, or what else the work is cut into."""

    job: str
    part: Any


class Done(NamedTuple):
    """A task that was done, what came of it, and the seconds that it took."""

    task: Task
    made: Any
    seconds: float


class Failed(NamedTuple):
    """A task that was given up: what was raised at the last of its attempts."""

    task: Task
    error: Exception
    attempts: int


def do_each(work: Opened, tasks: Sequence[Task]) -> list[Done | Exception]:
    """Do tasks one after the other; what one of them raises is its answer, and costs the others nothing."""
    answers: list[Done | Exception] = []
    for task in tasks:
        started = time.perf_counter()
        try:
            made = work.do(task.part)
        except Exception as error:
            answers.append(error)
        else:
            answers.append(Done(task, made, time.perf_counter() - started))
    return answers


class OpenJob:
    """A run on a worker, ready to play blocks."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self._check_fence()
        self._agents = bool(job.layout.funds)
        store = job.store or Path()
        self._store = Store(store, job.layout, _warm_up(job.prepared, self._agents))

    def do(self, part: Block) -> Played:
        """Play a block, as :meth:`play` does; what was written does not travel."""
        played = self.play(part)
        return played if self.job.store is None else played._replace(reduced=None)

    def play(self, block: Block) -> Played:
        """Simulate a block, keep its numbers, and say what was done and what came of it.

        Raises
        ------
        OSError
            If it cannot be written.
        OutputError
            If the run does not hold its folder any more.
        """
        started = time.perf_counter()
        records, residuals = self._simulate(block)
        plays = play_again(self.job.prepared, block.first_path, records)
        store = self._store_of(block)
        simulated = time.perf_counter()
        self._check_fence()
        if self.job.store is None:
            written = hash_block(store, plays)
        else:
            written = write_block(store, block.first_path, plays)
        reduced = self.job.reduce(Days(written.arrays, self.job.layout))
        kept = ("", "")
        if self.job.store is not None:
            run = self.job.store.parent
            kept = write_outcomes(run, self.job.layout, block.number, reduced), measures_sha256()
        stored = time.perf_counter()
        codes = Counter(int(code) for code in written.arrays[STATUS.name] if code)
        finished = FinishedBlock(
            block=block.number,
            first_path=block.first_path,
            paths=block.paths,
            sha256=written.sha256,
            stored_bytes=written.stored_bytes,
            seconds=round(stored - started, 3),
            stopped={self.job.layout.statuses[code]: count for code, count in sorted(codes.items())},
            audit=residuals,
            simulate_seconds=round(simulated - started, 3),
            store_seconds=round(stored - simulated, 3),
            finished_at=round(time.time(), 3),
            worker=f"{platform.node()}:{os.getpid()}",
            outcomes_sha256=kept[0],
            measures_sha256=kept[1],
        )
        return Played(finished, reduced)

    def _store_of(self, block: Block) -> Store:
        """The store with the opening of these paths, which their parameter sets decide."""
        if self.job.prepared.variants is None:
            return self._store
        opening = simulate.openings_of_paths(
            self.job.prepared, block.first_path, block.paths, agents=self._agents
        )
        return replace(self._store, opening=opening)

    def _check_fence(self) -> None:
        if self.job.fence is not None:
            self.job.fence.check()

    def _simulate(self, block: Block) -> tuple[Records, tuple[Any, ...]]:
        if self.job.is_audited:
            return simulate_audited(self.job.prepared, block.first_path, block.paths, self._agents)
        played = simulate.simulate_block(
            self.job.prepared, block.first_path, block.paths, agents=self._agents
        )
        return played.records, ()


def _warm_up(prepared: Prepared, agents: bool) -> Records:
    """Compile, or load what was compiled, before the first block; returns the records of the opening day.

    A damaged file in the cache of compiled code can raise anything: the cache is dropped and the code
    compiled anew, once.
    """
    try:
        simulate.simulate_block(prepared, 0, 1, agents=agents)
    except Exception:
        rule.drop_cache()
        simulate.simulate_block(prepared, 0, 1, agents=agents)
    return simulate.opening_records(prepared, agents=agents)
