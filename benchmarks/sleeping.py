"""Many workers that sleep for as long as work takes and answer as if they had done it: what they cost their client.

More workers than this machine could simulate with: each is a thread of one of a few worker processes. What a task costs
the client is the processor time of its whole process, Dask's scheduler and what it does while nothing is done in it: a
bound, and a loose one on a machine that holds the workers up. Heartbeats grow with worker processes and not with tasks:
what one costs is measured by asking for many. Dask's profiler is off: it looks at every thread a hundred times a
second, and workers have one thread, not dozens.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass

import numpy as np

from simulator.ensemble.cluster import ClusterPool
from simulator.ensemble.executors import Executor
from simulator.ensemble.jobs import Done, Failed, Task, Work

#: Processes that hold the sleeping workers, seconds over which an idle client is measured, and seconds between
#: heartbeats when these are.
PROCESSES, IDLE_S, HEARTBEATS_S = 8, 10.0, 0.02


@dataclass(frozen=True)
class Slept:
    """What work on sleeping workers took.

    Parameters
    ----------
    tasks, parcels
        How many of each.
    wall, processor
        Seconds by the clock, and of the processor in client and scheduler.
    whole, middle
        Share of their time in which workers were busy: of the whole, beginning and end included, and of its middle.
    """

    tasks: int
    parcels: int
    wall: float
    processor: float
    whole: float
    middle: float

    @property
    def client_s(self) -> float:
        """Seconds of client and scheduler for a task."""
        return self.processor / self.tasks


class Sleepers:
    """A session with sleeping workers.

    Attributes
    ----------
    heartbeat_s
        Seconds of the processor that a heartbeat of a worker process costs the scheduler.
    """

    def __init__(self, pool: ClusterPool, slots: int) -> None:
        self.slots = slots
        self._pool = pool
        self._executor = Executor(pool)
        idle, few = _idle()
        with _intervals(lambda workers: HEARTBEATS_S):
            busy, many = _idle()
        self.heartbeat_s = (busy - idle) / (many - few)

    def heartbeats_share(self, processes: int) -> float:
        """Share of a core that heartbeats of so many worker processes cost."""
        from distributed.scheduler import heartbeat_interval

        return self.heartbeat_s * processes / heartbeat_interval(processes)

    def through(
        self,
        job: Work,
        tasks: Iterable[Task],
        take: Callable[[Sequence[Done | Failed]], None],
        seconds: float,
    ) -> Slept:
        """Work through tasks that take so long, each result taken by the client as a run or a sweep does."""
        self._executor.add(job)
        before = self._pool.parcels
        ends: list[float] = []
        started, processor = time.perf_counter(), time.process_time()
        with closing(self._executor.results(tasks)) as parcels:
            for results in parcels:
                assert not any(isinstance(result, Failed) for result in results)
                take(results)
                ends += [time.perf_counter()] * len(results)
        wall, processor = time.perf_counter() - started, time.process_time() - processor
        self._executor.remove(job.key)
        times = np.array(ends) - ends[0]
        steady = (times > 0.2 * times[-1]) & (times < 0.8 * times[-1])
        pace = float(steady.sum() / (0.6 * times[-1]))
        return Slept(
            tasks=len(ends),
            parcels=self._pool.parcels - before,
            wall=wall,
            processor=processor,
            whole=len(ends) * seconds / self.slots / wall,
            middle=pace * seconds / self.slots,
        )


def _idle() -> tuple[float, float]:
    """Share of a core that the process spends on nothing, and heartbeats a second that come meanwhile."""
    from distributed import scheduler

    came, asked = 0, scheduler.heartbeat_interval

    def counted(workers: int) -> float:
        nonlocal came
        came += 1
        return asked(workers)

    with _intervals(counted):
        time.sleep(1.0)  # those asked for before
        came, processor, started = 0, time.process_time(), time.perf_counter()
        time.sleep(IDLE_S)
        passed = time.perf_counter() - started
        return (time.process_time() - processor) / passed, came / passed


@contextmanager
def _intervals(asked: Callable[[int], float]) -> Iterator[None]:
    """Ask workers for heartbeats at other intervals; the scheduler is a part of this process."""
    from distributed import scheduler

    before = scheduler.heartbeat_interval
    scheduler.heartbeat_interval = asked
    try:
        yield
    finally:
        scheduler.heartbeat_interval = before


@contextmanager
def sleepers(workers: int) -> Iterator[Sleepers]:
    """A session with so many sleeping workers, or a few less."""
    import dask
    from distributed import Client, LocalCluster

    with (
        dask.config.set({"distributed.worker.profile.enabled": False}),
        LocalCluster(
            n_workers=PROCESSES,
            threads_per_worker=workers // PROCESSES,
            host="127.0.0.1",
            dashboard_address=None,
            memory_limit=0,
        ) as cluster,
        Client(cluster) as client,
    ):
        yield Sleepers(ClusterPool(client), PROCESSES * (workers // PROCESSES))


def told(what: str, slept: Slept, slots: int) -> str:
    """What work on sleeping workers took, in words."""
    return (
        f"{slots} sleeping workers, {slept.tasks:,} {what}s in {slept.parcels:,} parcels: {slept.wall:.1f} s, client"
        f" and scheduler {slept.processor / slept.wall:.0%} of a core, {1e3 * slept.client_s:.2f} ms a {what};\n"
        f"workers busy {slept.whole:.0%} of the whole, beginning and end included, {slept.middle:.0%} of its middle"
    )
