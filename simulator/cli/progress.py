"""How far a run or a sweep is, on standard error: a bar on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from threading import Event, Thread

from simulator.cli.terminal import complain, duration
from simulator.ensemble.observer import Workload

#: Seconds between lines when standard error is no terminal.
LINE_EVERY = 10.0


class Pace:
    """How fast paths are done, and how long the rest takes at that pace."""

    def __init__(self, workload: Workload) -> None:
        self.workload = workload
        self.done = workload.done
        self._started = time.monotonic()

    def __str__(self) -> str:
        """*512 of 2,048 paths, 1 of 4 blocks, 2 at work, 1,100 paths/s, 1 s left*; no pace before the first."""
        total, block = self.workload.paths, self.workload.block
        counted = f"{self.done:,} of {total:,} paths"
        if block:
            counted += f", {-(-self.done // block):,} of {-(-total // block):,} blocks"
        counted += f", {self.workload.workers():,} at work"
        elapsed = time.monotonic() - self._started
        rate = (self.done - self.workload.done) / elapsed if elapsed > 0.0 else 0.0
        if rate <= 0.0:
            return counted
        return f"{counted}, {rate:,.0f} paths/s, {duration((total - self.done) / rate)} left"


class ShownProgress:
    """An observer that tells on standard error what it is told."""

    def __init__(self) -> None:
        self._open = ExitStack()
        self._show: Callable[[Pace], None] = _nothing
        self._pace: Pace | None = None

    def compiles(self) -> None:
        """Say why nothing seems to happen."""
        from simulator import rule

        if rule.CACHE_NOTE:
            complain(f"Compiled code is kept in {rule.CACHE_FOLDER}. {rule.CACHE_NOTE}")
        complain("Compiling the model, once for this version of the code: about a minute.")
        self._open.enter_context(_ticking("Still compiling: {}."))

    def joins(self, dashboard: str) -> None:
        """Say where the dashboard of the cluster is."""
        complain(f"Dashboard of the cluster: {dashboard}")

    def begins(self, workload: Workload) -> None:
        """Show a bar, or begin to count the seconds between lines."""
        self._open.close()
        self._pace = Pace(workload)
        self._show = _bar(self._pace, self._open) if sys.stderr.isatty() else _lines()

    def advances(self, paths: int) -> None:
        """Show that more paths are done."""
        if self._pace is not None:
            self._pace.done += paths
            self._show(self._pace)

    def stops(self) -> None:
        """Say that the stop was heard."""
        complain("Stopping after the blocks in flight; Ctrl-C again stops at once.")

    def ends(self) -> None:
        """Take the bar away."""
        self._open.close()


def _nothing(pace: Pace) -> None:
    pass


@contextmanager
def _ticking(told: str) -> Iterator[None]:
    """Tell every ten seconds how long something takes of which nothing is known but that it goes on."""
    started, is_done = time.monotonic(), Event()

    def tell() -> None:
        while not is_done.wait(LINE_EVERY):
            complain(told.format(duration(time.monotonic() - started)))

    teller = Thread(target=tell, name="ticking", daemon=True)
    teller.start()
    try:
        yield
    finally:
        is_done.set()
        teller.join()


def _lines() -> Callable[[Pace], None]:
    """A line at most every ten seconds, for logs."""
    said = time.monotonic()

    def show(pace: Pace) -> None:
        nonlocal said
        now = time.monotonic()
        if now - said >= LINE_EVERY:
            said = now
            complain(str(pace))

    return show


def _bar(pace: Pace, open_until: ExitStack) -> Callable[[Pace], None]:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn

    columns = (BarColumn(), TextColumn("{task.description}"))
    bar = Progress(*columns, console=Console(stderr=True, markup=False), transient=True)
    open_until.enter_context(bar)
    task = bar.add_task(str(pace), total=pace.workload.paths, completed=pace.done)

    def show(pace: Pace) -> None:
        bar.update(task, completed=pace.done, description=str(pace))

    return show
