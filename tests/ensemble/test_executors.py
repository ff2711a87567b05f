"""The session that works through tasks: all of them, few at a time, retries, and an end that loses nothing."""

from __future__ import annotations

import os
import signal
import threading
import time
from contextlib import closing

import pytest

from simulator.ensemble.executors import Executor
from simulator.ensemble.jobs import Done, Failed, Job, Task
from simulator.ensemble.plan import plan_blocks
from simulator.ensemble.stopping import StopSignal, stopping_on_signals
from simulator.results.errors import OutputError
from simulator.results.ledger import FinishedBlock

TASKS = [Task("job", block) for block in plan_blocks(60, 3)]


class Workshop:
    """A pool of threads whose work is to keep books of itself; some blocks fail, the first times or always."""

    capacity, workers = 3, 2

    def __init__(self, fails: dict[int, Exception] | None = None, times: int = 1000) -> None:
        self.fails, self.times = fails or {}, times
        self.started: list[int] = []
        self.most_in_flight = 0
        self.pending: list[Task] = []

    def add(self, job: Job) -> None: ...

    def remove(self, key: str) -> None: ...

    def submit(self, task: Task) -> None:
        self.started.append(task.block.number)
        self.pending.append(task)
        self.most_in_flight = max(self.most_in_flight, len(self.pending))

    def finished(self, timeout_s: float) -> list[tuple[Task, Done | Exception]]:
        time.sleep(0.001)
        task = self.pending.pop(0)
        number = task.block.number
        if number in self.fails and self.started.count(number) <= self.times:
            return [(task, self.fails[number])]
        return [(task, Done(task, FinishedBlock(number, *task.block[1:], "0" * 64, 1, 0.0), None))]

    def abandon(self) -> None:
        self.pending.clear()


def run(shop: Workshop, retries: int = 0, stop: StopSignal | None = None) -> list[Done | Failed]:
    return list(Executor(shop, retries=retries).results(TASKS, stop))


def test_every_task_is_done_once_and_few_at_a_time() -> None:
    shop = Workshop()
    results = run(shop)
    assert [result.task for result in results] == TASKS
    assert shop.started == [task.block.number for task in TASKS]
    assert shop.most_in_flight == shop.capacity


def test_a_task_that_fails_is_reported_and_the_others_go_on() -> None:
    results = run(Workshop({4: ValueError("poison"), 9: KeyError("more")}), retries=2)
    failed = {r.task.block.number: r for r in results if isinstance(r, Failed)}
    assert {number: type(result.error) for number, result in failed.items()} == {4: ValueError, 9: KeyError}
    assert {result.attempts for result in failed.values()} == {3}
    assert len(results) == len(TASKS)


@pytest.mark.parametrize("fault", [ValueError("bad luck"), OSError(104, "Connection reset by peer")])
def test_a_task_that_fails_by_chance_is_done_at_another_attempt(fault: Exception) -> None:
    shop = Workshop({4: fault}, times=2)
    results = run(shop, retries=2)
    assert all(isinstance(result, Done) for result in results)
    assert shop.started.count(4) == 3
    assert len(shop.started) == len(TASKS) + 2


HOPELESS = [
    OSError(28, "No space left on device"), PermissionError(13, "denied"), MemoryError(), OutputError("lost"),
]  # fmt: skip


@pytest.mark.parametrize("fault", HOPELESS, ids=lambda fault: type(fault).__name__)
def test_what_every_task_would_meet_ends_after_what_is_in_flight(fault: Exception) -> None:
    shop = Workshop({5: fault})
    recorded: list[int] = []
    results = Executor(shop, retries=5).results(TASKS)
    with pytest.raises(type(fault)):
        recorded.extend(result.task.block.number for result in results)
    assert set(recorded) == set(shop.started) - {5}
    assert shop.started.count(5) == 1
    assert len(shop.started) < len(TASKS) / 2


def test_an_error_of_input_or_output_that_stays_ends_the_run() -> None:
    with pytest.raises(OSError, match="reset"):
        run(Workshop({5: OSError(104, "Connection reset by peer")}), retries=1)


def test_leaving_early_abandons_what_is_in_flight() -> None:
    shop = Workshop()
    with closing(Executor(shop).results(TASKS)) as results:
        next(results)
    assert shop.pending == []
    assert len(shop.started) <= shop.capacity


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signals_stop_after_the_tasks_in_flight(number: signal.Signals) -> None:
    shop = Workshop()
    announced: list[int] = []
    recorded: list[int] = []
    before = signal.getsignal(number)
    with stopping_on_signals(lambda: announced.append(len(recorded))) as stop:
        for result in Executor(shop).results(TASKS, stop):
            recorded.append(result.task.block.number)
            if len(recorded) == 3:
                os.kill(os.getpid(), number)
    assert stop.is_requested
    assert announced == [3]
    assert set(recorded) == set(shop.started)  # what was begun was finished
    assert 3 <= len(recorded) <= 7
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
