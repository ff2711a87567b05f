"""What a sweep costs its client, before cells were prepared on workers and since, and how many workers that keeps busy.

    python -m benchmarks.client [--workers N] [--cells-a-worker N]

Prints in one run, for cells of 200 paths of `sweeps/leverage-by-haircut.yaml`:

1. what a cell takes of a worker, and what it took of the client when the client loaded, prepared and sent it, took its
   outcomes, wrote them and summed them up (the same calls, made here, in processor time);
2. a run of today's client with many workers that sleep for as long as a cell takes and answer as a worker does
   (`benchmarks.sleeping`);
3. by arithmetic, how many workers are kept busy then and now.
"""

from __future__ import annotations

import argparse
import os
import pickle
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from simulator.ensemble.cores import pin_linear_algebra

pin_linear_algebra()

from benchmarks.cluster import seconds_of_an_empty_task  # noqa: E402 - linear algebra is pinned first
from benchmarks.sleeping import sleepers, told  # noqa: E402
from simulator.ensemble.description import layout_of, prepare_run  # noqa: E402
from simulator.ensemble.jobs import Job, OpenJob  # noqa: E402
from simulator.ensemble.log import logging_to  # noqa: E402
from simulator.ensemble.observer import Nobody  # noqa: E402
from simulator.ensemble.plan import Block  # noqa: E402
from simulator.results.ledger import FinishedBlock, append_entry  # noqa: E402
from simulator.sweeps.cells import LoadedSweep, load_sweep  # noqa: E402
from simulator.sweeps.execution import JOB, _Work  # noqa: E402
from simulator.sweeps.folder import OUTCOMES, begin_or_resume_sweep, hash_of  # noqa: E402
from simulator.sweeps.parts import CellAnswer, PlayBlocks, PlayedBlock, Summed  # noqa: E402
from simulator.sweeps.running import manifest_of, plan_of  # noqa: E402

PATHS = 200
#: Cells that are timed as before.
TIMED = 12


@contextmanager
def sweep_of(cells: int) -> Iterator[LoadedSweep]:
    """A sweep of so many cells of the dash for cash: leverage against haircuts, and seeds."""
    seeds = -(-cells // 50)
    text = (
        f"name: many-cells\nscenario: dash-for-cash-2020\npaths: {PATHS}\n"
        "set: {output: {paths_without_policy: 0, test_sale_paths: 0}}\naxes:\n"
        "  leverage: {kind: grid, parameter: funds.leverage, low: 10x, high: 20x, steps: 10}\n"
        "  haircut_rise: {kind: grid, parameter: funds.haircut_slope, low: 0%, high: 3%, steps: 5}\n"
        f"seeds: [{', '.join(str(seed) for seed in range(1, seeds + 1))}]\n"
    )
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "sweep.yaml"
        file.write_text(text, encoding="utf-8")
        yield load_sweep(file)


@dataclass
class Before:
    """Milliseconds of the client for a cell as it was done, and of a worker."""

    loading: float
    preparing: float
    sending: float
    keeping: float
    summing: float
    scheduling: float
    worker: float
    sent_bytes: int

    @property
    def client(self) -> float:
        return self.loading + self.preparing + self.sending + self.keeping + self.summing + self.scheduling


def as_before(loaded: LoadedSweep) -> Before:
    """Do for some cells what the client did, and what a worker does."""
    plan, spent = plan_of(loaded), dict.fromkeys(("load", "prepare", "send", "keep", "sum", "work"), 0.0)
    sent = 0

    @contextmanager
    def timed(what: str) -> Iterator[None]:
        started = time.process_time()
        yield
        spent[what] += time.process_time() - started

    with tempfile.TemporaryDirectory() as folder:
        sweep = begin_or_resume_sweep(Path(folder) / "out", manifest_of(loaded))
        outcomes = sweep.array(OUTCOMES, writable=True)
        for number in range(-1, TIMED):
            if number == 0:  # the first one imports and compiles
                spent = dict.fromkeys(spent, 0.0)
            cell = loaded.cell(max(number, 0))
            with timed("load"):
                scenario = loaded.load(cell)
            with timed("prepare"):
                prepared = prepare_run(scenario)
                job = Job(f"cell {number}", prepared, layout_of(scenario.scenario, prepared), None)
            with timed("send"):
                sent = len(pickle.dumps(job, protocol=pickle.HIGHEST_PROTOCOL))
            opened = OpenJob(job)
            with timed("work"):
                _, reduced = opened.play(Block(0, 0, PATHS))
            with timed("keep"):
                packed = plan.pack(reduced, prepared.trades)
                outcomes[cell.number, 0:PATHS, :] = packed
                sha256 = hash_of(outcomes[cell.number, 0:PATHS, :])
                append_entry(
                    sweep.ledger, sweep.manifest.key, {"kind": "block", "cell": number, "sha256": sha256}
                )
            with timed("sum"):
                plan.reduce(lambda packed=packed: iter([packed]), prepared.trades, antithetic=False)  # type: ignore[misc]
                append_entry(sweep.ledger, sweep.manifest.key, {"kind": "cell", "cell": number})
    each = {what: 1e3 * seconds / TIMED for what, seconds in spent.items()}
    scheduling = 1e3 * seconds_of_an_empty_task()
    return Before(
        each["load"], each["prepare"], each["send"], each["keep"], each["sum"], scheduling, each["work"], sent
    )


@dataclass(frozen=True)
class Sleeping:
    """A sweep whose workers sleep for the time of a cell, and answer as if they had played it."""

    key: str
    seconds: float
    trades: tuple[str, ...]

    def open(self) -> Sleeping:
        return self

    def do(self, part: PlayBlocks) -> CellAnswer:
        """Sleep."""
        time.sleep(self.seconds)
        (block,) = part.blocks
        finished = FinishedBlock(
            *block,
            "0" * 64,
            123_456,
            self.seconds,
            {},
            (),
            self.seconds,
            0.0,
            time.time(),
            f"host:{os.getpid()}",
        )
        summed = Summed(block.paths, self.trades, False, "0" * 64, 0.02)
        return CellAnswer((PlayedBlock(finished, "0" * 64),), summed)


def asleep(workers: int, cells: int, seconds: float) -> float:
    """Run a sweep on many sleeping workers, and print how busy they were; seconds of the client for a cell."""
    with (
        sweep_of(cells) as loaded,
        tempfile.TemporaryDirectory() as folder,
        sleepers(workers) as session,
        logging_to(Path(folder)) as log,
    ):
        sweep = begin_or_resume_sweep(Path(folder) / "out", manifest_of(loaded))
        work = _Work(loaded, sweep, tuple(range(loaded.count)), Nobody(), log)
        slept = session.through(Sleeping(JOB, seconds, loaded.trades), work, work.take, seconds)
        assert len(sweep.state.cells) == loaded.count
    print(f"now, {told('cell', slept, session.slots)}")
    return slept.client_s


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--workers", type=int, default=304)
    parser.add_argument("--cells-a-worker", type=int, default=80)
    options = parser.parse_args()
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    with sweep_of(20) as loaded:
        before = as_before(loaded)
    parts = {
        "load": before.loading,
        "prepare": before.preparing,
        "send": before.sending,
        "keep its outcomes": before.keeping,
        "sum up": before.summing,
        "schedule": before.scheduling,
    }
    worker_ms = before.worker + before.client - before.sending - before.scheduling
    print(
        f"a cell of {PATHS} paths: {before.worker:.0f} ms of a worker to play, {worker_ms:.0f} ms with all else"
    )
    print(f"before, in the client: {', '.join(f'{what} {ms:.1f}' for what, ms in parts.items())} ms;")
    print(f"{before.client:.1f} ms and {before.sent_bytes / 1e3:.0f} kB a cell")
    client_ms = 1e3 * asleep(options.workers, options.workers * options.cells_a_worker, worker_ms / 1e3)
    then, since = before.worker / before.client, worker_ms / client_ms
    print(f"workers that one client keeps busy: before {then:,.0f}, now {since:,.0f}")


if __name__ == "__main__":
    main()
