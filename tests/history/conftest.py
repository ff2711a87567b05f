"""A file of moments for the toy market, and a run of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulator.ensemble.execution import run_scenario
from simulator.scenario.loading import load_scenario

MOMENTS = """\
name: toy-history
title: What never happened
scenario: toy
moments:
  - key: told-fall
    label: yields, first to second day
    unit: bp
    of: [{variable: fundamental_yield_change, place: TY, measure: change, since: 2000-01-04, until: 2000-01-05}]
    value: -50
    tolerance: 1
    kind: told
    purpose: check
    source: the scenario
  - key: foreign-sold
    label: foreign sales
    unit: $bn
    of: [{variable: foreign_sales, measure: total, since: 2000-01-10, until: 2000-01-12}]
    value: 25
    tolerance: 2.5
    kind: found
    purpose: fit
    source: nowhere
  - key: margin-rise
    label: margin, rise to its peak
    unit: "%"
    of: [{variable: initial_margin, place: TY, measure: rise}]
    over: {variable: initial_margin, place: TY, measure: level, until: 2000-01-03}
    value: 10
    tolerance: 5
    kind: found
    purpose: check
    source: nowhere
series:
  - key: y10
    label: ten-year yield
    unit: bp
    of: [{variable: cash_yield_change, tenor: 7y}]
    change: true
    file: yields.csv
    column: y10
    times: 100
    source: an invented agency
"""
YIELDS = "# An invented agency.\ndate,y10\n2000-01-03,2.0\n2000-01-04,2.1\n2000-01-05,\n2000-01-06,1.5\n"


@pytest.fixture
def moments(tmp_path: Path) -> Path:
    """The file of moments, beside its table."""
    (tmp_path / "yields.csv").write_text(YIELDS, encoding="utf-8")
    file = tmp_path / "moments.yaml"
    file.write_text(MOMENTS, encoding="utf-8")
    return file


@pytest.fixture(scope="session")
def toy_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The toy market with chance in it, on some paths."""
    folder = tmp_path_factory.mktemp("history") / "run"
    settings = ["paths=24", "numerics.block=10", "drivers.model=factor", "drivers.noise=1.0"]
    run_scenario(load_scenario("toy", settings), folder, threads=1)
    return folder
