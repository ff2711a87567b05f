"""Work through tasks wherever there are hands: on threads here, or on the workers of a Dask cluster.

One session serves any number of jobs: register a job, hand over its tasks in any order, take what comes back.
Few tasks are in flight at a time, whatever the length of the plan; what is finished is handed over at once
and never held. A task that fails is tried again as configured, then reported, and the others go on.

To hand a task over costs a client on a cluster milliseconds, so that tasks shorter than seconds would keep few workers
busy: there, several travel together as a parcel, as many as take the time that a pool calls worth it.
"""

from __future__ import annotations

import errno
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from operator import length_hint
from typing import Protocol

from simulator.ensemble.jobs import Done, Failed, Task, Work
from simulator.ensemble.stopping import StopSignal
from simulator.results.errors import OutputError

#: Seconds between looks at the stop signal while nothing finishes.
LOOK_EVERY = 0.25
#: A disk in one of these states will not be better at the next attempt.
HOPELESS = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM)


NoteRetry = Callable[[Task, Exception, int], None]
#: Tasks of one job that travel together.
Parcel = tuple[Task, ...]
#: What a parcel weighs in the average time of its tasks, against all before it.
NEWEST = 0.3


class WorkerDiedError(Exception):
    """A task was given up because the workers that had it died: of it, or of another that they had too."""


class Pool(Protocol):
    """Hands that do tasks: what a kind of executor has to provide."""

    @property
    def capacity(self) -> int:
        """Parcels worth having in flight now."""

    @property
    def workers(self) -> int:
        """Threads or worker processes at work now."""

    @property
    def parcel_s(self) -> float:
        """Seconds of work that are worth a parcel; 0 where handing over a task costs nothing."""

    def add(self, job: Work) -> None:
        """Make a job known."""

    def remove(self, key: str) -> None:
        """Forget a job."""

    def submit(self, parcel: Parcel) -> None:
        """Begin tasks of a known job."""

    def finished(self, timeout_s: float) -> list[tuple[Parcel, Sequence[Done | Exception]]]:
        """Parcels that ended since the last call, with an answer for each of their tasks.

        Waits for the first of them, but no longer than that.
        """

    def abandon(self) -> None:
        """Forget the tasks in flight."""


class _Pace:
    """How long tasks take, by the kind of part that they are: what a parcel may hold follows from it."""

    def __init__(self) -> None:
        self._seconds: dict[type, float] = {}

    def note(self, done: Done) -> None:
        """Take the time of a task into the average of its kind."""
        before = self._seconds.get(type(done.task.part), done.seconds)
        self._seconds[type(done.task.part)] = before + NEWEST * (done.seconds - before)

    def of(self, task: Task) -> float:
        """Seconds to expect; more than any parcel is worth while none of its kind was done."""
        return self._seconds.get(type(task.part), float("inf"))


class _Trials:
    """Tasks that are left and those that are tried again: which to begin next, and what comes of an answer.

    Attributes
    ----------
    fatal
        What no other attempt or task would escape; none is begun any more.
    """

    def __init__(self, left: Iterator[Task], pool: Pool, retries: int, note_retry: NoteRetry | None) -> None:
        self.fatal: Exception | None = None
        self._left, self._pool, self._retries, self._note_retry = left, pool, retries, note_retry
        self._pace = _Pace()
        self._again: deque[Task] = deque()
        # tried again alone, when all else is done: the guilty one is then known
        self._suspects: deque[Task] = deque()
        self._attempts: dict[Task, int] = {}  # of the tasks in flight or to be tried again

    def next_parcel(self, *, are_others_done: bool) -> Parcel:
        """What to begin next; nothing where all that is left waits for others."""
        parcel = (self._again.popleft(),) if self._again else self._fresh_parcel()
        if not parcel and self._suspects and are_others_done:
            parcel = (self._suspects.popleft(),)
        for task in parcel:
            self._attempts[task] = self._attempts.get(task, 0) + 1
        return parcel

    def _fresh_parcel(self) -> Parcel:
        """The next tasks, as many as are worth a parcel, but no more than the share of one worker in what is left."""
        parcel: list[Task] = []
        most = length_hint(self._left) // max(1, self._pool.workers)
        expected = 0.0
        while not parcel or (len(parcel) < most and expected < self._pool.parcel_s):
            task = next(self._left, None)
            if task is None:
                break
            parcel.append(task)
            expected += self._pace.of(task)
        return tuple(parcel)

    def judge(self, parcel: Parcel, answers: Sequence[Done | Exception]) -> list[Done | Failed]:
        """Take the answers to a parcel: tasks that ended with them; others are tried again, or end everything."""
        ended: list[Done | Failed] = []
        for task, answer in zip(parcel, answers, strict=True):
            if isinstance(answer, Done):
                del self._attempts[task]
                self._pace.note(answer)
                ended.append(answer)
            elif is_hopeless(answer):
                self.fatal = self.fatal or answer
            elif isinstance(answer, WorkerDiedError) and len(parcel) > 1:
                # of this or of another in the parcel: it was no attempt of its own
                del self._attempts[task]
                self._suspects.append(task)
            elif self._attempts[task] <= self._retries:
                (self._suspects if isinstance(answer, WorkerDiedError) else self._again).append(task)
                if self._note_retry is not None:
                    self._note_retry(task, answer, self._attempts[task])
            elif isinstance(answer, OSError):
                self.fatal = self.fatal or answer
            else:
                ended.append(Failed(task, answer, self._attempts.pop(task)))
        return ended


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

    def add(self, job: Work) -> None:
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
    ) -> Generator[list[Done | Failed], None, None]:
        """Work through tasks and yield them as they end, in whatever order, those together that came together.

        Close the iterator (``contextlib.closing``) when leaving it early: what is in flight is then forgotten.

        Parameters
        ----------
        tasks
            Taken one by one as there is room; their jobs must be known by then. An iterator that has run dry may have
            more once a result was taken. Tasks travel together only if it knows how many are left
            (``operator.length_hint``): at the end every worker is to have some.
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
        trials = _Trials(iter(tasks), self._pool, self._retries, note_retry)
        in_flight = 0
        try:
            while True:
                while (
                    not trials.fatal and not (stop and stop.is_requested) and in_flight < self._pool.capacity
                ):
                    parcel = trials.next_parcel(are_others_done=not in_flight)
                    if not parcel:
                        break
                    self._pool.submit(parcel)
                    in_flight += 1
                if not in_flight:
                    break
                ended: list[Done | Failed] = []
                for parcel, answers in self._pool.finished(LOOK_EVERY):
                    in_flight -= 1
                    ended += trials.judge(parcel, answers)
                if ended:
                    yield ended
        finally:
            if in_flight:
                self._pool.abandon()
        if trials.fatal is not None:
            raise trials.fatal


def is_hopeless(error: Exception) -> bool:
    """Whether an error would meet every other attempt and task too."""
    if isinstance(error, OSError):
        return error.errno in HOPELESS
    return isinstance(error, OutputError | MemoryError)
