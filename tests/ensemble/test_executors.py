"""The session that works through tasks: all of them, few at a time, retries, and an end that loses nothing."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Sequence
from contextlib import closing
from itertools import chain

import pytest

from simulator.ensemble.executors import Executor, Parcel, WorkerDiedError
from simulator.ensemble.jobs import Done, Failed, Task, Work
from simulator.ensemble.plan import plan_blocks
from simulator.ensemble.stopping import StopSignal, stopping_on_signals
from simulator.results.errors import OutputError

TASKS = [Task("job", block) for block in plan_blocks(60, 3)]


class Workshop:
    """A pool of threads whose work is to keep books of itself; some blocks fail, the first times or always."""

    capacity, workers = 3, 2

    def __init__(
        self, fails: dict[int, Exception] | None = None, times: int = 1000, parcel_s: float = 0.0
    ) -> None:
        self.fails, self.times, self.parcel_s = fails or {}, times, parcel_s
        self.started: list[int] = []
        self.parcels: list[list[int]] = []
        self.most_in_flight = 0
        self.pending: list[Parcel] = []

    def add(self, job: Work) -> None: ...

    def remove(self, key: str) -> None: ...

    def submit(self, parcel: Parcel) -> None:
        self.parcels.append([task.part.number for task in parcel])
        self.started += self.parcels[-1]
        self.pending.append(parcel)
        self.most_in_flight = max(self.most_in_flight, len(self.pending))

    def finished(self, timeout_s: float) -> list[tuple[Parcel, Sequence[Done | Exception]]]:
        time.sleep(0.001)
        parcel = self.pending.pop(0)
        deaths = [self.fails.get(task.part.number) for task in parcel]
        death = next((error for error in deaths if isinstance(error, WorkerDiedError)), None)
        return [(parcel, [death or self.answer(task) for task in parcel])]

    def answer(self, task: Task) -> Done | Exception:
        number = task.part.number
        if number in self.fails and self.started.count(number) <= self.times:
            return self.fails[number]
        return Done(task, None, 0.5)

    def abandon(self) -> None:
        self.pending.clear()


def run(shop: Workshop, retries: int = 0, stop: StopSignal | None = None) -> list[Done | Failed]:
    return list(chain.from_iterable(Executor(shop, retries=retries).results(TASKS, stop)))


def test_every_task_is_done_once_and_few_at_a_time() -> None:
    shop = Workshop()
    results = run(shop)
    assert [result.task for result in results] == TASKS
    assert shop.started == [task.part.number for task in TASKS]
    assert shop.parcels == [[task.part.number] for task in TASKS]
    assert shop.most_in_flight == shop.capacity


def test_tasks_travel_together_as_many_as_are_worth_a_parcel_and_fewer_at_the_end() -> None:
    shop = Workshop(parcel_s=2.0)
    assert {result.task for result in run(shop)} == set(TASKS)
    assert shop.started == [task.part.number for task in TASKS]
    sizes = [len(parcel) for parcel in shop.parcels]
    assert sizes[: shop.capacity] == [1, 1, 1], "nothing is known of their time yet"
    assert max(sizes) == 4, "four of half a second are worth a parcel of two seconds"
    assert sizes[-1] == 1, "at the end every worker is to have some"


def test_tasks_of_a_plan_of_unknown_length_travel_alone() -> None:
    shop = Workshop(parcel_s=2.0)
    list(Executor(shop).results(task for task in TASKS))
    assert {len(parcel) for parcel in shop.parcels} == {1}


def test_what_follows_from_results_is_done_too() -> None:
    """A source that is dry has more when results came back."""

    class Source:
        def __init__(self) -> None:
            self.ready = TASKS[:2]

        def __iter__(self) -> Source:
            return self

        def __next__(self) -> Task:
            if not self.ready:
                raise StopIteration
            return self.ready.pop(0)

    source, found = Source(), []
    for results in Executor(Workshop()).results(source):
        found += [result.task for result in results]
        source.ready += [TASKS[2 * result.task.part.number + 2] for result in results if len(found) < 5]
    assert found == [TASKS[place] for place in (0, 1, 2, 4, 6, 10)]


def test_a_task_that_fails_is_reported_and_the_others_go_on() -> None:
    results = run(Workshop({4: ValueError("poison"), 9: KeyError("more")}), retries=2)
    failed = {r.task.part.number: r for r in results if isinstance(r, Failed)}
    assert {number: type(result.error) for number, result in failed.items()} == {4: ValueError, 9: KeyError}
    assert {result.attempts for result in failed.values()} == {3}
    assert len(results) == len(TASKS)


@pytest.mark.parametrize("retries", [0, 1])
def test_what_kills_a_worker_is_found_among_those_that_travelled_with_it(retries: int) -> None:
    shop = Workshop({10: WorkerDiedError("killed")}, parcel_s=2.0)
    results = run(shop, retries)
    failed = [result for result in results if isinstance(result, Failed)]
    assert [(each.task.part.number, each.attempts) for each in failed] == [(10, retries + 1)]
    assert len(results) == len(TASKS)
    guilty = next(parcel for parcel in shop.parcels if 10 in parcel)
    assert len(guilty) > 1
    again = {number for number in shop.started if shop.started.count(number) > 1}
    assert again == set(guilty), "only what was in that parcel is done again"


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
        recorded.extend(result.task.part.number for result in chain.from_iterable(results))
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
        for result in chain.from_iterable(Executor(shop).results(TASKS, stop)):
            recorded.append(result.task.part.number)
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
