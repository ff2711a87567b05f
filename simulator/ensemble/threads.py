"""Tasks on threads of this process: the kernel lets go of the interpreter, so that they run side by side."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager

from simulator.ensemble.cores import usable_threads
from simulator.ensemble.executors import Executor
from simulator.ensemble.jobs import Done, Job, OpenJob, Task
from simulator.ensemble.resources import Resources


class ThreadPool:
    """Threads that do tasks."""

    def __init__(self, pool: ThreadPoolExecutor, threads: int) -> None:
        self._pool = pool
        self.workers = threads
        self.capacity = threads + 1
        self._jobs: dict[str, OpenJob] = {}
        self._pending: dict[Future[Done], Task] = {}

    def add(self, job: Job) -> None:
        """Compile, or load what was compiled, before threads start."""
        self._jobs[job.key] = OpenJob(job)

    def remove(self, key: str) -> None:
        """Forget a job."""
        self._jobs.pop(key, None)

    def submit(self, task: Task) -> None:
        """Begin a task of a known job."""
        self._pending[self._pool.submit(self._do, self._jobs[task.job], task)] = task

    @staticmethod
    def _do(job: OpenJob, task: Task) -> Done:
        return Done(task, *job.play(task.block))

    def finished(self, timeout_s: float) -> list[tuple[Task, Done | Exception]]:
        """Tasks that ended since the last call."""
        done, _ = wait(self._pending, timeout=timeout_s, return_when=FIRST_COMPLETED)
        ended: list[tuple[Task, Done | Exception]] = []
        for future in done:
            task = self._pending.pop(future)
            try:
                ended.append((task, future.result()))
            except Exception as error:
                ended.append((task, error))
        return ended

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
