"""What a run or a sweep tells while it works, to whoever shows it: the ensemble itself prints nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class Workload:
    """What is to be done when the work begins.

    Parameters
    ----------
    paths, done
        Paths in all, and how many of them an earlier run finished.
    workers
        Tells how many threads or processes are at work now.
    block
        Paths in a block; 0 where blocks of several sizes are played.
    """

    paths: int
    done: int
    workers: Callable[[], int]
    block: int = 0


class Observer(Protocol):
    """Somebody who is told how the work goes."""

    def compiles(self) -> None:
        """The model is compiled before the first path, once for this version of the code."""

    def joins(self, dashboard: str) -> None:
        """A cluster does the work; its dashboard is at this address."""

    def begins(self, workload: Workload) -> None:
        """The first block is about to be played."""

    def advances(self, paths: int) -> None:
        """So many more paths are done."""

    def stops(self) -> None:
        """A stop was asked for: blocks in flight are finished, and no other is begun."""

    def ends(self) -> None:
        """No more blocks will come, whatever the reason."""


class Nobody:
    """Nobody listens."""

    def compiles(self) -> None:
        """Nothing is shown."""

    def joins(self, dashboard: str) -> None:
        """Nothing is shown."""

    def begins(self, workload: Workload) -> None:
        """Nothing is shown."""

    def advances(self, paths: int) -> None:
        """Nothing is shown."""

    def stops(self) -> None:
        """Nothing is shown."""

    def ends(self) -> None:
        """Nothing is shown."""


@contextmanager
def observed(observer: Observer, workload: Workload) -> Iterator[None]:
    """Tell an observer that the body begins, and that it has ended, also by an error."""
    observer.begins(workload)
    try:
        yield
    finally:
        observer.ends()
