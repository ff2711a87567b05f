"""Many workers that sleep for as long as work takes and answer as if they had done it: what they cost their client.

More workers than this machine could simulate with: each is a thread of one of a few worker processes. What a task costs
the client is the processor time of its whole process, Dask's scheduler in it, less what that spends while nothing is
done. Heartbeats grow with worker processes and not with tasks: they are measured apart.
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

#: Processes that hold the sleeping workers, and seconds over which an idle client is measured.
PROCESSES, IDLE_S = 8, 10.0


@dataclass(frozen=True)
class Slept:
    """What work on sleeping workers took.

    Parameters
    ----------
    tasks, parcels
        How many of each.
    wall, processor
        Seconds by the clock, and of the processor in client and scheduler, idle ones left out.
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
        from distributed.scheduler import heartbeat_interval

        self.slots = slots
        self._pool = pool
        self._executor = Executor(pool)
        processor = time.process_time()
        time.sleep(IDLE_S)
        self._idle = (time.process_time() - processor) / IDLE_S  # of a core
        self.heartbeat_s = self._idle * heartbeat_interval(PROCESSES) / PROCESSES

    def idle_share(self, processes: int) -> float:
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
            processor=processor - self._idle * wall,
            whole=len(ends) * seconds / self.slots / wall,
            middle=pace * seconds / self.slots,
        )


@contextmanager
def sleepers(workers: int) -> Iterator[Sleepers]:
    """A session with so many sleeping workers, or a few less."""
    from distributed import Client, LocalCluster

    with (
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
