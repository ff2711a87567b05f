"""Progress: paths done, pace and time left; never on standard output."""

from __future__ import annotations

import io
import sys
import threading

import pytest

from simulator.cli import progress
from simulator.cli.options import Telling
from simulator.cli.progress import Pace, ShownProgress
from simulator.cli.terminal import duration
from simulator.ensemble.observer import Workload, observed


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [100.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    return now


def test_the_pace_counts_only_what_this_run_did(clock: list[float]) -> None:
    pace = Pace(Workload(10_000, 4_000, lambda: 2))
    assert str(pace) == "4,000 of 10,000 paths, 2 at work"
    clock[0] += 4.0
    pace.done += 2_000
    assert str(pace) == "6,000 of 10,000 paths, 2 at work, 500 paths/s, 8 s left"


def test_in_a_log_a_line_comes_every_ten_seconds(
    clock: list[float], capsys: pytest.CaptureFixture[str]
) -> None:
    shown = ShownProgress()
    with observed(shown, Workload(10_000, 0, lambda: 2, block=1_000)):
        for _ in range(25):
            clock[0] += 1.0
            shown.advances(100)
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.splitlines() == [
        "1,000 of 10,000 paths, 1 of 10 blocks, 2 at work, 100 paths/s, 1 min 30 s left",
        "2,000 of 10,000 paths, 2 of 10 blocks, 2 at work, 100 paths/s, 1 min 20 s left",
    ]


def test_compiling_is_told_as_it_goes(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(progress, "LINE_EVERY", 0.01)
    shown, said = ShownProgress(), ""
    shown.compiles()
    while "Still compiling: 0 s." not in said:
        said += capsys.readouterr().err
    assert said.startswith("Compiling the model, once")
    shown.begins(Workload(10, 0, lambda: 1))
    capsys.readouterr()
    assert "ticking" not in {thread.name for thread in threading.enumerate()}


def test_on_a_terminal_there_is_a_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = io.StringIO()
    terminal.isatty = lambda: True  # type: ignore[method-assign]
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")
    shown = ShownProgress()
    with observed(shown, Workload(1_000, 0, lambda: 2)):
        shown.advances(400)
    assert "400 of 1,000 paths" in terminal.getvalue()


@pytest.mark.parametrize("telling", [Telling(quiet=True), Telling(as_json=True)])
def test_quiet_is_quiet(telling: Telling, capsys: pytest.CaptureFixture[str]) -> None:
    shown = telling.observer
    with observed(shown, Workload(1_000, 0, lambda: 2)):
        shown.advances(400)
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("seconds", "words"), [(0.2, "0 s"), (59.4, "59 s"), (60.0, "1 min 0 s"), (3_700.0, "1 h 1 min")]
)
def test_durations_in_words(seconds: float, words: str) -> None:
    assert duration(seconds) == words
