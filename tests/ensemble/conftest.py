"""A toy market, small enough for every test to run it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from simulator.cli.options import Telling
from simulator.cli.resume import ResumeOptions, resume_run
from simulator.cli.run import RunOptions, play
from simulator.ensemble.execution import RunOutcome, run_scenario
from simulator.ensemble.resources import Resources
from simulator.scenario.loading import LoadedScenario, load_scenario
from simulator.scenario.schema import Scenario

TOY = Path(__file__).with_name("toy.yaml")


def falls(day: int, count: int, basis_points: int) -> str:
    """Events: parallel falls of all yields, several on one day, beyond what one may tell."""
    change = ", ".join(f"y{years}: -{basis_points}bp" for years in (2, 3, 5, 7, 10, 20, 30))
    return "events=[" + ", ".join([f"{{type: yield-shock, day: {day}d, change: {{{change}}}}}"] * count) + "]"


#: Yields so low and changes so wild that the prices of some paths leave every range, and the paths stop.
WILD = (
    "drivers.noise=5",
    "horizon=40d",
    *(f"market.buckets.{name}.volatility=300bp" for name in ("FV", "TY")),
    falls(20, 7, 900),
)

Run = Callable[..., RunOutcome]


def load_toy(*overrides: str) -> LoadedScenario[Scenario]:
    return load_scenario(TOY, overrides)


def run_command(
    loaded: LoadedScenario[Scenario],
    *,
    output: str | Path | None = None,
    quiet: bool = False,
    as_json: bool = False,
    path: int | None = None,
    audit: bool = False,
    resources: Resources | None = None,
) -> int:
    """``unwind run`` on a scenario that is loaded already, without the report; its exit code."""
    folder = None if output is None else str(output)
    telling = Telling(no_report=True, quiet=quiet, as_json=as_json)
    options = RunOptions(file=str(TOY), output=folder, path=path, audit=audit, telling=telling)
    return play(loaded, resources or Resources(), options)


def resume(folder: str | Path, **options: bool) -> int:
    """``unwind resume`` in this process; its exit code."""
    asked = ResumeOptions(output=str(folder), telling=Telling(no_report=True, quiet=True), **options)
    return resume_run(asked, Resources(threads=2))


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
