"""Cost of a Dask cluster on the reference job, what two workers are worth, and how far it scales.

    python -m benchmarks.cluster [--paths N] [--repeats N] [--memory N]

Threads and workers do the same blocks side by side in one run, several times in turn, because machines are shared and
noisy; sessions are open before the clock starts, the best time counts. Storage is on: what is timed is a run.
``--memory`` runs so many paths through two workers and prints the peak memory of the client and of the workers, and
of a client that holds the outcomes of a million paths.
"""

from __future__ import annotations

import argparse
import os
import pickle
import resource
import tempfile
import time
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path

from simulator.ensemble.cores import pin_linear_algebra

pin_linear_algebra()

from simulator.ensemble.execution import run_scenario  # noqa: E402 - linear algebra is pinned first
from simulator.ensemble.executors import Executor  # noqa: E402
from simulator.ensemble.jobs import Done  # noqa: E402
from simulator.ensemble.resources import Resources  # noqa: E402
from simulator.ensemble.session import open_executor  # noqa: E402
from simulator.ensemble.under_way import Terms, run_under_way  # noqa: E402
from simulator.results.outcomes import OutcomeTable  # noqa: E402
from simulator.scenario.loading import LoadedScenario, load_scenario  # noqa: E402
from simulator.scenario.schema import Scenario  # noqa: E402

SCENARIO = Path(__file__).resolve().parent.parent / "scenarios" / "dash-for-cash-2020.yaml"
WORKERS = (10, 100, 1_000)
EMPTY_TASKS = 1_000
#: Bytes a second through the network of a client, for the arithmetic: 10 Gbit/s.
NETWORK_BYTES = 1.25e9


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
    scale(best["2 workers"], seconds["1 worker"])


def scale(timed: Timed, alone_s: float) -> None:
    """How many workers are kept busy, by arithmetic from what a block costs the client and its network."""
    blocks, done = len(timed.done), timed.done[0]
    block_s, client_s, task_s = alone_s / blocks, timed.client_s / blocks, seconds_of_an_empty_task()
    sent = len(pickle.dumps(done))
    finished = done.made.finished
    stored = finished.stored_bytes / 1e6
    print(f"a block of {finished.paths} paths: {block_s:.2f} s of a worker, {stored:.1f} MB to the store,")
    print(f"{client_s * 1e3:.2f} ms of client and scheduler, {sent / 1e3:.0f} kB to the client;")
    print(f"handing over one task takes {task_s * 1e3:.2f} ms:")
    print(f"one by one, handing over alone would keep {block_s / task_s:,.0f} workers busy; together:")
    limits = {"the client": 1.0 / client_s, "the client's network": NETWORK_BYTES / sent}
    first = min(limits, key=lambda name: limits[name])
    print(f"{first} is busy all the time first, at {limits[first] * block_s:,.0f} workers")
    for workers in WORKERS:
        wanted = workers / block_s
        share = min(1.0, limits[first] / wanted)
        pace = share * wanted
        told = f"{pace * finished.paths:10,.0f} paths/s, {pace * stored:8,.0f} MB/s to the store"
        print(f"{workers:>5,} workers: {share:4.0%} busy, {told}")


def measure_memory(loaded: LoadedScenario[Scenario]) -> None:
    """Print peak memory of a run on two workers, and of a client with a million paths."""
    with tempfile.TemporaryDirectory() as folder:
        outcome = run_scenario(loaded, Path(folder) / "run", resources=Resources(workers=2))
        layout = outcome.folder.layout
        run_paths, blocks = layout.paths, len(outcome.folder.finished)
    ours, theirs = (
        resource.getrusage(who).ru_maxrss / 1e6 for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    a_path = sum(array.nbytes for array in OutcomeTable(layout).arrays.values()) / run_paths
    million = ours + (1e6 - run_paths) * a_path / 1e9
    print(
        f"{run_paths:,} paths in {blocks} blocks: client {ours:.2f} GB, largest worker {theirs:.2f} GB at its peak"
    )
    print(f"outcomes are {a_path:.0f} bytes a path in the client: {million:.2f} GB for a million")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--paths", type=int, default=16 * 1024)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--memory", type=int, metavar="PATHS")
    options = parser.parse_args()
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    if options.memory:
        measure_memory(load_scenario(SCENARIO, [f"paths={options.memory}"]))
    else:
        compare(load_scenario(SCENARIO, [f"paths={options.paths}"]), options.repeats)


if __name__ == "__main__":
    main()
