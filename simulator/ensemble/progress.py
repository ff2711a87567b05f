"""How far a run is: a bar on a terminal, a line now and then elsewhere, nothing when quiet. On standard
error.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

#: Seconds between lines when standard error is no terminal.
LINE_EVERY = 10.0


class Progress(Protocol):
    """Something that is told how many more paths are done."""

    def advance(self, paths: int) -> None:
        """Count more paths."""


class Silence:
    """Says nothing."""

    def advance(self, paths: int) -> None:
        """Count nothing."""


class Pace:
    """How fast paths are done, and how long the rest takes at that pace."""

    def __init__(
        self, total: int, done: int, block: int = 0, workers: Callable[[], int] | None = None
    ) -> None:
        self.total, self.done, self._already = total, done, done
        self._block, self._workers = block, workers
        self._started = time.monotonic()

    def __str__(self) -> str:
        """*512 of 2,048 paths, 1 of 4 blocks, 2 at work, 1,100 paths/s, 1 s left*; no pace before the first."""
        counted = f"{self.done:,} of {self.total:,} paths"
        if self._block:
            counted += f", {-(-self.done // self._block):,} of {-(-self.total // self._block):,} blocks"
        if self._workers is not None:
            counted += f", {self._workers():,} at work"
        elapsed = time.monotonic() - self._started
        rate = (self.done - self._already) / elapsed if elapsed > 0.0 else 0.0
        if rate <= 0.0:
            return counted
        return f"{counted}, {rate:,.0f} paths/s, {duration((self.total - self.done) / rate)} left"


class Lines:
    """A line at most every ten seconds, for logs."""

    def __init__(self, pace: Pace) -> None:
        self._pace = pace
        self._said = time.monotonic()

    def advance(self, paths: int) -> None:
        """Count more paths, and say so if it is time."""
        self._pace.done += paths
        now = time.monotonic()
        if now - self._said >= LINE_EVERY:
            self._said = now
            print(self._pace, file=sys.stderr, flush=True)


@contextmanager
def showing_progress(
    total: int,
    done: int,
    *,
    is_silent: bool,
    block: int = 0,
    workers: Callable[[], int] | None = None,
) -> Iterator[Progress]:
    """Show progress while the body runs.

    Parameters
    ----------
    total, done
        Paths of the run, and how many an earlier run finished.
    block
        Paths in a block, to count blocks too.
    workers
        Tells how many threads or processes are at work.
    """
    pace = Pace(total, done, block, workers)
    if is_silent:
        yield Silence()
    elif not sys.stderr.isatty():
        yield Lines(pace)
    else:
        with _bar(pace) as bar:
            yield bar


@contextmanager
def _bar(pace: Pace) -> Iterator[Progress]:
    from rich.console import Console
    from rich.progress import BarColumn, TextColumn
    from rich.progress import Progress as RichProgress

    class Bar:
        def advance(self, paths: int) -> None:
            pace.done += paths
            shown.update(task, completed=pace.done, description=str(pace))

    columns = (BarColumn(), TextColumn("{task.description}"))
    with RichProgress(*columns, console=Console(stderr=True, markup=False), transient=True) as shown:
        task = shown.add_task(str(pace), total=pace.total, completed=pace.done)
        yield Bar()


def duration(seconds: float) -> str:
    """Seconds in words.

    Examples
    --------
    >>> duration(75.0)
    '1 min 15 s'
    """
    whole = round(seconds)
    hours, minutes = divmod(whole // 60, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {whole % 60} s" if minutes else f"{whole} s"
