"""Cost of a Dask cluster on the reference job, what two workers are worth, and how far it scales.

    python -m benchmarks.cluster [--paths N] [--repeats N] [--asleep N] [--many N] [--memory N]

Threads and workers do the same blocks side by side in one run, several times in turn, because machines are shared and
noisy; sessions are open before the clock starts, the best time counts. Storage is on: what is timed is a run.
Then how many workers one run keeps busy: what a block costs client and scheduler, on workers that sleep for as long
as a block takes (`benchmarks.sleeping`), as it was when outcomes were sent and as it is since workers write them.
``--many`` is a real run of short tasks on so many worker processes, ``--memory`` runs so many paths through two
workers and prints the peak memory of the client and of the workers.
"""

from __future__ import annotations

import argparse
import os
import pickle
import resource
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from simulator.ensemble.cores import pin_linear_algebra

pin_linear_algebra()

from benchmarks.sleeping import sleepers, told  # noqa: E402 - linear algebra is pinned first
from simulator.ensemble.execution import run_scenario  # noqa: E402
from simulator.ensemble.executors import Executor  # noqa: E402
from simulator.ensemble.jobs import Done, Failed, Played, Task  # noqa: E402
from simulator.ensemble.plan import Block  # noqa: E402
from simulator.ensemble.resources import Resources  # noqa: E402
from simulator.ensemble.session import open_executor  # noqa: E402
from simulator.ensemble.under_way import RunUnderWay, Terms, run_under_way  # noqa: E402
from simulator.results.layout import Array  # noqa: E402
from simulator.results.ledger import FinishedBlock  # noqa: E402
from simulator.results.outcomes import collect_outcomes  # noqa: E402
from simulator.scenario.loading import LoadedScenario, load_scenario  # noqa: E402
from simulator.scenario.schema import Scenario  # noqa: E402

SCENARIO = Path(__file__).resolve().parent.parent / "scenarios" / "dash-for-cash-2020.yaml"
EMPTY_TASKS = 1_000
#: Blocks for each sleeping worker, and paths that a block of theirs has.
BLOCKS_BEFORE, BLOCKS_NOW, PATHS_ASLEEP = 3, 20, 2
#: Paths of a run on many workers, and of its blocks.
PATHS_OF_MANY, BLOCK_OF_MANY = 8_192, 32


@dataclass(frozen=True)
class Timed:
    """A run in an open session: seconds, those of the processor for client and scheduler, and what came back."""

    seconds: float
    client_s: float
    done: list[Done]


def timed_run(loaded: LoadedScenario[Scenario], executor: Executor) -> Timed:
    """Run it into a folder that goes."""
    with tempfile.TemporaryDirectory() as folder, run_under_way(loaded, Path(folder) / "run", Terms()) as run:
        done: list[Done] = []
        started, processor = time.perf_counter(), time.process_time()
        executor.add(run.job)
        with closing(executor.results(run.tasks())) as parcels:
            for results in parcels:
                run.record(results)
                done += [result for result in results if isinstance(result, Done)]
        found = Timed(time.perf_counter() - started, time.process_time() - processor, done)
        assert run.is_complete
        executor.remove(run.job.key)
    return found


def nothing(number: int) -> int:
    return number


def seconds_of_an_empty_task() -> float:
    """What scheduler, client and a worker spend on a task that does nothing."""
    from distributed import Client, LocalCluster, as_completed

    with (
        LocalCluster(n_workers=1, threads_per_worker=1, host="127.0.0.1", dashboard_address=None) as cluster,
        Client(cluster) as client,
    ):
        client.submit(nothing, -1).result()
        started = time.perf_counter()
        futures = client.map(nothing, range(EMPTY_TASKS), pure=False)
        assert sum(1 for _ in as_completed(futures)) == EMPTY_TASKS
        return (time.perf_counter() - started) / EMPTY_TASKS


def compare(loaded: LoadedScenario[Scenario], repeats: int) -> None:
    """Print the figures."""
    sessions = {
        "1 thread": Resources(threads=1),
        "1 worker": Resources(workers=1),
        "2 threads": Resources(threads=2),
        "2 workers": Resources(workers=2),
    }
    best: dict[str, Timed] = {}
    with ExitStack() as stack:
        executors = {name: stack.enter_context(open_executor(where)) for name, where in sessions.items()}
        for executor in executors.values():
            timed_run(loaded, executor)  # compiles, and opens the job on every worker
        for _ in range(repeats):
            for name, executor in executors.items():
                found = timed_run(loaded, executor)
                best[name] = min(found, best.get(name, found), key=lambda timed: timed.seconds)
    seconds = {name: timed.seconds for name, timed in best.items()}
    for name, one in seconds.items():
        print(f"{name:<10} {one:7.2f} s  {loaded.scenario.paths / one:8,.0f} paths/s")
    print(f"Dask over threads, one worker  {seconds['1 worker'] / seconds['1 thread'] - 1.0:+.1%}")
    print(f"Dask over threads, two workers {seconds['2 workers'] / seconds['2 threads'] - 1.0:+.1%}")
    print(f"two workers over one           {seconds['1 worker'] / seconds['2 workers']:.2f} times")


def one_block() -> tuple[float, FinishedBlock, Mapping[str, Array]]:
    """A block that was played and written here: seconds of it, its line for the ledger, and outcomes of its paths."""
    loaded = load_scenario(SCENARIO, [])
    block = Block(0, 0, loaded.scenario.numerics.block)
    with tempfile.TemporaryDirectory() as folder, run_under_way(loaded, Path(folder) / "run", Terms()) as run:
        opened = run.job.open()
        opened.play(block)
        started = time.process_time()
        finished, outcomes = opened.play(block)
        return time.process_time() - started, finished, outcomes


@dataclass(frozen=True)
class SleepingBlocks:
    """A run whose workers sleep for the time of a block, and answer with what came of one that was played.

    ``outcomes`` are those of its paths: sent along as they were before workers wrote them, none as it is now.
    """

    key: str
    seconds: float
    finished: FinishedBlock
    outcomes: Mapping[str, Array] | None

    def open(self) -> SleepingBlocks:
        return self

    def do(self, part: Block) -> Played:
        """Sleep."""
        time.sleep(self.seconds)
        number, first_path, paths = part
        finished = replace(self.finished, block=number, first_path=first_path, paths=paths)
        return Played(finished, self.outcomes)


class Kept:
    """The client before workers wrote outcomes: those of all paths stood in its memory, each block at its place."""

    def __init__(self, blocks: int, outcomes: Mapping[str, Array]) -> None:
        self._arrays = {
            name: np.empty((blocks, *values.shape), np.float32) for name, values in outcomes.items()
        }

    def take(self, results: Sequence[Done | Failed]) -> None:
        for result in results:
            assert isinstance(result, Done)
            for name, array in self._arrays.items():
                array[result.task.part.number] = result.made.reduced[name]


def scale(block_s: float, finished: FinishedBlock, outcomes: Mapping[str, Array], workers: int) -> None:
    """How many workers a run keeps busy, before workers wrote outcomes and now, on workers that sleep for a block.

    Blocks of a few paths stand for whole ones: the client sees no difference, and they need no room on the disk.
    """
    print(
        f"a block of {finished.paths:,} paths: {block_s:.2f} s of a worker, {finished.stored_bytes / 1e6:.1f} MB to"
        " the store"
    )
    with sleepers(workers) as session:
        costs = {}
        for when, blocks_each, sent in (("before", BLOCKS_BEFORE, outcomes), ("now", BLOCKS_NOW, None)):
            count = session.slots * blocks_each
            loaded = load_scenario(
                SCENARIO, [f"paths={PATHS_ASLEEP * count}", f"numerics.block={PATHS_ASLEEP}"]
            )
            with (
                tempfile.TemporaryDirectory() as folder,
                run_under_way(loaded, Path(folder) / "run", Terms()) as run,
            ):
                kept = Kept(count, outcomes) if sent is not None else None

                def take(
                    results: Sequence[Done | Failed], run: RunUnderWay = run, kept: Kept | None = kept
                ) -> None:
                    run.record(results)
                    if kept is not None:
                        kept.take(results)

                job = SleepingBlocks(run.job.key, block_s, finished, sent)
                slept = session.through(job, run.tasks(), take, block_s)
                assert run.is_complete
            costs[when] = slept.client_s
            done = Done(Task(job.key, Block(0, 0, PATHS_ASLEEP)), Played(finished, sent), block_s)
            print(f"{when}, {len(pickle.dumps(done)) / 1e3:.1f} kB a block to the client:")
            print(told("block", slept, session.slots))
        beats = session.heartbeats_share(session.slots)
        for when, client_s in costs.items():
            blocks = session.slots / block_s * client_s
            print(
                f"{when}, {session.slots:,} busy workers need {blocks:.0%} of a core for blocks and {beats:.0%} for"
                f" heartbeats of as many processes: client and scheduler together keep"
                f" {(1 - beats) / client_s * block_s:,.0f} busy"
            )


def many(workers: int) -> None:
    """A real run on as many worker processes, of short tasks, beside the same on threads."""
    loaded = load_scenario(SCENARIO, [f"paths={PATHS_OF_MANY}", f"numerics.block={BLOCK_OF_MANY}"])
    with tempfile.TemporaryDirectory() as folder:
        here = run_scenario(loaded, Path(folder) / "threads").folder
        with open_executor(Resources(workers=workers)) as executor:
            while executor.workers < workers:
                time.sleep(0.1)
            timed_run(loaded, executor)
            timed = timed_run(loaded, executor)
        hashes = {result.made.finished.block: result.made.finished.sha256 for result in timed.done}
        assert hashes == {number: block.sha256 for number, block in here.finished.items()}
        used = {result.made.finished.worker for result in timed.done}
    worked = sum(result.made.finished.seconds for result in timed.done)
    print(
        f"{workers} worker processes on {os.cpu_count()} cores, {len(timed.done)} blocks of {BLOCK_OF_MANY} paths: the"
        f" same hashes as on threads; {timed.seconds:.1f} s, blocks under way {worked / timed.seconds / workers:.0%} of"
        f" the time of the workers, all {len(used)} of which had some; client and scheduler"
        f" {timed.client_s / timed.seconds:.0%} of a core, {1e3 * timed.client_s / len(timed.done):.1f} ms a block,"
        " heartbeats included"
    )


def measure_memory(loaded: LoadedScenario[Scenario]) -> None:
    """Print peak memory of a run on two workers, and what outcomes take when they are read."""
    with tempfile.TemporaryDirectory() as folder:
        outcome = run_scenario(loaded, Path(folder) / "run", resources=Resources(workers=2))
        outcomes = collect_outcomes(outcome.folder)
    blocks = len(outcome.folder.finished)
    ours, theirs = (
        resource.getrusage(who).ru_maxrss / 1e6 for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    a_path = sum(array.nbytes for array in outcomes.arrays.values()) / len(outcomes)
    print(
        f"{len(outcomes):,} paths in {blocks} blocks: client {ours:.2f} GB, largest worker {theirs:.2f} GB at its peak,"
        f" of which outcomes, read when all is done, {a_path:.0f} bytes a path"
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--paths", type=int, default=16 * 1024)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--asleep", type=int, default=1_000, metavar="WORKERS")
    parser.add_argument("--many", type=int, metavar="WORKERS")
    parser.add_argument("--memory", type=int, metavar="PATHS")
    options = parser.parse_args()
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    if options.memory:
        measure_memory(load_scenario(SCENARIO, [f"paths={options.memory}"]))
    elif options.many:
        many(options.many)
    else:
        if options.repeats:
            compare(load_scenario(SCENARIO, [f"paths={options.paths}"]), options.repeats)
        scale(*one_block(), options.asleep)


if __name__ == "__main__":
    main()
