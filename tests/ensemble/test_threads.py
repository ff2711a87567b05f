"""Blocks on threads: all of them, few at a time, and an end that loses nothing."""

from __future__ import annotations

import os
import signal
import threading
import time

import pytest

from simulator.ensemble.plan import Block, plan_blocks
from simulator.ensemble.threads import StopSignal, run_blocks, stopping_on_signals

BLOCKS = list(plan_blocks(60, 3))


class Workshop:
    """Work that keeps books of itself."""

    def __init__(self, fails: dict[int, Exception] | None = None) -> None:
        self.fails = fails or {}
        self.started: list[int] = []
        self.recorded: list[int] = []
        self.recorders: set[int] = set()
        self.most_in_flight = 0
        self._lock = threading.Lock()

    def work(self, block: Block) -> Block:
        with self._lock:
            self.started.append(block.number)
            self.most_in_flight = max(self.most_in_flight, len(self.started) - len(self.recorded))
        time.sleep(0.002)
        if block.number in self.fails:
            raise self.fails[block.number]
        return block

    def record(self, block: Block) -> None:
        self.recorded.append(block.number)
        self.recorders.add(threading.get_ident())


@pytest.mark.parametrize("threads", [1, 2, 5, 40])
def test_every_block_is_recorded_once_by_the_caller(threads: int) -> None:
    shop = Workshop()
    outcome = run_blocks(BLOCKS, shop.work, shop.record, threads=threads, stop=StopSignal())
    assert sorted(shop.recorded) == [block.number for block in BLOCKS]
    assert shop.recorders == {threading.get_ident()}
    assert outcome.failed == []
    assert not outcome.is_interrupted
    assert shop.most_in_flight <= threads + 2


def test_a_block_that_fails_is_kept_aside_and_the_others_go_on() -> None:
    shop = Workshop({4: ValueError("poison"), 9: KeyError("more")})
    outcome = run_blocks(BLOCKS, shop.work, shop.record, threads=2, stop=StopSignal())
    assert sorted(block.number for block, _ in outcome.failed) == [4, 9]
    assert len(shop.recorded) == len(BLOCKS) - 2


@pytest.mark.parametrize("fault", [OSError(28, "No space left on device"), MemoryError()])
def test_a_full_disk_or_memory_ends_after_what_is_in_flight(fault: Exception) -> None:
    shop = Workshop({5: fault})
    with pytest.raises(type(fault)):
        run_blocks(BLOCKS, shop.work, shop.record, threads=3, stop=StopSignal())
    assert set(shop.recorded) == set(shop.started) - {5}
    assert len(shop.started) < len(BLOCKS) / 2


def test_a_ledger_that_cannot_be_written_ends_the_run() -> None:
    shop = Workshop()

    def record(block: Block) -> None:
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        run_blocks(BLOCKS, shop.work, record, threads=2, stop=StopSignal())
    assert len(shop.started) <= 4


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signals_stop_after_the_blocks_in_flight(number: signal.Signals) -> None:
    shop = Workshop()
    announced: list[int] = []
    before = signal.getsignal(number)

    def record(block: Block) -> None:
        shop.record(block)
        if len(shop.recorded) == 3:
            os.kill(os.getpid(), number)

    with stopping_on_signals(lambda: announced.append(len(shop.recorded))) as stop:
        outcome = run_blocks(BLOCKS, shop.work, record, threads=2, stop=stop)
    assert outcome.is_interrupted
    assert announced == [3]
    assert set(shop.recorded) == set(shop.started)  # what was begun was finished
    assert 3 <= len(shop.recorded) <= 7
    assert signal.getsignal(number) is before


def test_outside_the_main_thread_signals_are_left_alone() -> None:
    before = signal.getsignal(signal.SIGINT)
    seen = []

    def elsewhere() -> None:
        with stopping_on_signals(lambda: None) as stop:
            seen.append((signal.getsignal(signal.SIGINT), stop.is_requested))

    thread = threading.Thread(target=elsewhere)
    thread.start()
    thread.join()
    assert seen == [(before, False)]
