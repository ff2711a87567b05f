"""Sweeps of the toy market: a few paths of a few days."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from simulator.ensemble.resources import Resources
from simulator.sweeps.cells import LoadedSweep, load_sweep
from simulator.sweeps.execution import SweepOutcome
from simulator.sweeps.running import run_sweep
from tests.ensemble.conftest import TOY

#: Four cells and a baseline policy.
TINY = """\
name: tiny
scenario: toy.yaml
paths: 12
set: {horizon: 5d, numerics: {block: 4}}
axes:
  leverage: {kind: grid, parameter: funds.leverage, values: [7x, 12x]}
policies:
  none: {}
  buy: {central_bank: {outright: {mode: rule, trigger: 0.1bp, pace: $20bn}}}
statistics:
  levels: [50%, 95%]
  thresholds:
    - {outcome: unwound_in_all, above: 50.0}
"""

Write = Callable[[str], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes a sweep file beside the toy scenario."""

    def write_sweep(text: str) -> Path:
        folder = tmp_path / "files"
        folder.mkdir(exist_ok=True)
        shutil.copy(TOY, folder / "toy.yaml")
        file = folder / "sweep.yaml"
        file.write_text(text, encoding="utf-8")
        return file

    return write_sweep


def axes(text: str) -> str:
    """A sweep of the toy with these axes, indented by two."""
    return f"name: tiny\nscenario: toy.yaml\npaths: 4\nset: {{horizon: 3d}}\naxes:\n{text}"


def run(loaded: LoadedSweep, folder: Path, threads: int = 2, **options: object) -> SweepOutcome:
    return run_sweep(loaded, folder, resources=Resources(threads=threads), **options)  # type: ignore[arg-type]


@pytest.fixture(scope="session")
def tiny_run(tmp_path_factory: pytest.TempPathFactory) -> SweepOutcome:
    """The tiny sweep, on two threads."""
    folder = tmp_path_factory.mktemp("tiny")
    shutil.copy(TOY, folder / "toy.yaml")
    (folder / "sweep.yaml").write_text(TINY, encoding="utf-8")
    return run(load_sweep(folder / "sweep.yaml"), folder / "out")
