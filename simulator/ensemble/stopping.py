"""Ctrl-C and SIGTERM: finish what is in flight, then stop; asked twice, stop at once."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


class StopSignal:
    """Whether the user, or the machine, asked the run to stop."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def request(self) -> None:
        """Ask for a stop after the blocks in flight."""
        self._event.set()

    @property
    def is_requested(self) -> bool:
        """Whether a stop was asked for."""
        return self._event.is_set()


@contextmanager
def stopping_on_signals(announce: Callable[[], None]) -> Iterator[StopSignal]:
    """Turn Ctrl-C and SIGTERM into a stop after the blocks in flight; a second Ctrl-C ends at once.

    The ledger is durable, so that ending at once loses the blocks in flight only. Outside the main thread
    signals are left to whoever handles them.
    """
    stop = StopSignal()

    def handle(number: int, frame: FrameType | None) -> None:
        if stop.is_requested and number == signal.SIGINT:
            os._exit(130)
        stop.request()
        announce()

    if threading.current_thread() is not threading.main_thread():
        yield stop
        return
    before = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
