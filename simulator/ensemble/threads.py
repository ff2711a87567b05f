"""Run the blocks of a plan on threads: the kernel lets go of the interpreter, so that they run side by side.

Few blocks are in flight at a time, whatever the length of the run. What is finished is recorded at once
by the thread that called. A block that fails is kept aside and the others go on; a disk or memory that is
full, or a signal, ends the run after the blocks in flight.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType
from typing import TypeVar

from simulator.ensemble.plan import Block

Finished = TypeVar("Finished")

#: Pause between looks at the signal, in seconds.
LOOK_EVERY = 0.25
BLAS_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")


@dataclass
class BlockFailures:
    """Blocks that failed, with what was raised, in the order in which they did."""

    failed: list[tuple[Block, Exception]] = field(default_factory=list)
    is_interrupted: bool = False


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


def run_blocks(
    blocks: Iterable[Block],
    work: Callable[[Block], Finished],
    record: Callable[[Finished], None],
    *,
    threads: int,
    stop: StopSignal,
) -> BlockFailures:
    """Do the work of every block, and record each as it finishes.

    Parameters
    ----------
    work
        Simulates and writes one block; called on many threads.
    record
        Takes what ``work`` returned; called on this thread only, in the order in which blocks finish.

    Raises
    ------
    OSError, MemoryError
        Of the first block that met it, after the blocks in flight were recorded.
    """
    outcome = BlockFailures()
    fatal: BaseException | None = None
    left = iter(blocks)
    pending: dict[Future[Finished], Block] = {}
    with ThreadPoolExecutor(threads, thread_name_prefix="block") as pool:
        while True:
            while fatal is None and not stop.is_requested and len(pending) <= threads:
                block = next(left, None)
                if block is None:
                    break
                pending[pool.submit(work, block)] = block
            if not pending:
                break
            done, _ = wait(pending, timeout=LOOK_EVERY, return_when=FIRST_COMPLETED)
            for future in done:
                block = pending.pop(future)
                try:
                    record(future.result())
                except (OSError, MemoryError) as error:
                    fatal = fatal or error
                except Exception as error:
                    outcome.failed.append((block, error))
    if fatal is not None:
        raise fatal
    outcome.is_interrupted = stop.is_requested
    return outcome


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


def usable_threads() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def pin_linear_algebra() -> None:
    """One thread for matrix products: their last bits depend on it. Works before NumPy is first imported."""
    for name in BLAS_THREADS:
        os.environ[name] = "1"
