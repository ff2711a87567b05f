"""Work through tasks wherever there are hands: on threads here, or on the workers of a Dask cluster.

One session serves any number of jobs: register a job, hand over its tasks in any order, take what comes back.
Few tasks are in flight at a time, whatever the length of the plan; what is finished is handed over at once
and never held. A task that fails is tried again as configured, then reported, and the others go on.
"""

from __future__ import annotations

import errno
from collections import deque
from collections.abc import Callable, Generator, Iterable
from typing import Protocol

from simulator.ensemble.jobs import Done, Failed, Job, Task
from simulator.ensemble.stopping import StopSignal
from simulator.results.errors import OutputError

#: Seconds between looks at the stop signal while nothing finishes.
LOOK_EVERY = 0.25
#: A disk in one of these states will not be better at the next attempt.
HOPELESS = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM)


NoteRetry = Callable[[Task, Exception, int], None]


class WorkerDiedError(Exception):
    """A task was given up because the workers that had it died: of it, or of another that they had too."""


class Pool(Protocol):
    """Hands that do tasks: what a kind of executor has to provide."""

    @property
    def capacity(self) -> int:
        """Tasks worth having in flight now."""

    @property
    def workers(self) -> int:
        """Threads or worker processes at work now."""

    def add(self, job: Job) -> None:
        """Make a job known."""

    def remove(self, key: str) -> None:
        """Forget a job."""

    def submit(self, task: Task) -> None:
        """Begin a task of a known job."""

    def finished(self, timeout_s: float) -> list[tuple[Task, Done | Exception]]:
        """Tasks that ended since the last call; waits for the first of them, but no longer than that."""

    def abandon(self) -> None:
        """Forget the tasks in flight."""


class Executor:
    """A session that works through tasks of any number of jobs."""

    def __init__(self, pool: Pool, *, retries: int = 0, address: str = "", dashboard: str = "") -> None:
        self._pool = pool
        self._retries = retries
        self.address = address
        self.dashboard = dashboard

    @property
    def workers(self) -> int:
        """Threads or worker processes at work now."""
        return self._pool.workers

    def add(self, job: Job) -> None:
        """Make a job known to the workers, once, before its first task."""
        self._pool.add(job)

    def remove(self, key: str) -> None:
        """Let the workers forget a job."""
        self._pool.remove(key)

    def results(
        self,
        tasks: Iterable[Task],
        stop: StopSignal | None = None,
        note_retry: NoteRetry | None = None,
    ) -> Generator[Done | Failed, None, None]:
        """Work through tasks and yield each as it ends, in whatever order.

        Close the iterator (``contextlib.closing``) when leaving it early: what is in flight is then forgotten.

        Parameters
        ----------
        tasks
            Taken one by one as there is room; their jobs must be known by then.
        stop
            When a stop is requested, no task is begun any more and those in flight are finished.
        note_retry
            Told of each failure after which a task is tried again, with the attempts so far.

        Raises
        ------
        OutputError, OSError, MemoryError
            What no other attempt or task would escape (no room, no permission, no scheduler), after the tasks
            in flight were yielded.
        """
        left = iter(tasks)
        again: deque[Task] = deque()
        suspects: deque[Task] = (
            deque()
        )  # tried again alone, when all else is done: the guilty one is then known
        attempts: dict[Task, int] = {}  # of the tasks in flight or to be tried again
        in_flight = 0
        fatal: Exception | None = None
        try:
            while True:
                while fatal is None and not (stop and stop.is_requested) and in_flight < self._pool.capacity:
                    task = again.popleft() if again else next(left, None)
                    if task is None and suspects and not in_flight:
                        task = suspects.popleft()
                    if task is None:
                        break
                    attempts[task] = attempts.get(task, 0) + 1
                    self._pool.submit(task)
                    in_flight += 1
                if not in_flight:
                    break
                for task, answer in self._pool.finished(LOOK_EVERY):
                    in_flight -= 1
                    if isinstance(answer, Done):
                        del attempts[task]
                        yield answer
                    elif is_hopeless(answer):
                        fatal = fatal or answer
                    elif attempts[task] <= self._retries:
                        (suspects if isinstance(answer, WorkerDiedError) else again).append(task)
                        if note_retry is not None:
                            note_retry(task, answer, attempts[task])
                    elif isinstance(answer, OSError):
                        fatal = fatal or answer
                    else:
                        yield Failed(task, answer, attempts.pop(task))
        finally:
            if in_flight:
                self._pool.abandon()
        if fatal is not None:
            raise fatal


def is_hopeless(error: Exception) -> bool:
    """Whether an error would meet every other attempt and task too."""
    if isinstance(error, OSError):
        return error.errno in HOPELESS
    return isinstance(error, OutputError | MemoryError)
