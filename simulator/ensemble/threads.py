"""Tasks on threads of this process: the kernel lets go of the interpreter, so that they run side by side."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager

from simulator.ensemble.cores import usable_threads
from simulator.ensemble.executors import Executor, Parcel
from simulator.ensemble.jobs import Done, Opened, Work, do_each
from simulator.ensemble.resources import Resources


class ThreadPool:
    """Threads that do tasks, one by one: handing them over costs nothing here."""

    parcel_s = 0.0

    def __init__(self, pool: ThreadPoolExecutor, threads: int) -> None:
        self._pool = pool
        self.workers = threads
        self.capacity = threads + 1
        self._jobs: dict[str, Opened] = {}
        self._pending: dict[Future[list[Done | Exception]], Parcel] = {}

    def add(self, job: Work) -> None:
        """Open a job; that of a run compiles, or loads what was compiled, before threads start."""
        self._jobs[job.key] = job.open()

    def remove(self, key: str) -> None:
        """Forget a job."""
        self._jobs.pop(key, None)

    def submit(self, parcel: Parcel) -> None:
        """Begin tasks of a known job."""
        self._pending[self._pool.submit(do_each, self._jobs[parcel[0].job], parcel)] = parcel

    def finished(self, timeout_s: float) -> list[tuple[Parcel, Sequence[Done | Exception]]]:
        """Parcels that ended since the last call."""
        done, _ = wait(self._pending, timeout=timeout_s, return_when=FIRST_COMPLETED)
        return [(self._pending.pop(future), future.result()) for future in done]

    def abandon(self) -> None:
        """Forget the tasks in flight; those that run are finished by their threads."""
        for future in self._pending:
            future.cancel()
        self._pending.clear()


@contextmanager
def open_threads(resources: Resources) -> Iterator[Executor]:
    """A session on threads of this process."""
    threads = resources.threads or usable_threads()
    with ThreadPoolExecutor(threads, thread_name_prefix="block") as pool:
        yield Executor(ThreadPool(pool, threads), retries=resources.retries)
