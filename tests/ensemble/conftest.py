"""A toy market, small enough for every test to run it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from simulator.ensemble.execution import RunOutcome, run_scenario
from simulator.scenario.loading import LoadedScenario, load_scenario
from simulator.scenario.schema import Scenario

TOY = Path(__file__).with_name("toy.yaml")
#: Yield changes so wild that some paths lose all dealers and stop.
WILD = (
    "drivers.noise=5",
    "horizon=40d",
    *(f"market.trades.{name}.volatility=300bp" for name in ("FV", "TY")),
)

Run = Callable[..., RunOutcome]


def load_toy(*overrides: str) -> LoadedScenario[Scenario]:
    return load_scenario(TOY, overrides)


@pytest.fixture(scope="session")
def toy_run(tmp_path_factory: pytest.TempPathFactory) -> RunOutcome:
    """The toy with records of agents in blocks of eight, on two threads."""
    folder = tmp_path_factory.mktemp("toy") / "run"
    return run_scenario(load_toy("output.agents=true", "paths=44"), folder, threads=2)


@pytest.fixture
def run_toy(tmp_path: Path) -> Run:
    def run(name: str = "run", overrides: Sequence[str] = (), **options: object) -> RunOutcome:
        return run_scenario(load_toy(*overrides), tmp_path / name, **options)  # type: ignore[arg-type]

    return run
