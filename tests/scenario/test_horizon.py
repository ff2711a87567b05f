"""A horizon from the command line: only shorter, later events left out and named, recorded, kept by resume."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from simulator.ensemble.execution import run_scenario
from simulator.results.reading import open_results
from simulator.scenario.errors import ScenarioError
from simulator.scenario.loading import load_scenario
from simulator.sweeps.cells import load_sweep
from tests.conftest import Unwind

ROOT = Path(__file__).resolve().parents[2]


def test_a_scenario_is_shortened() -> None:
    whole, short = load_scenario("toy"), load_scenario("toy", horizon="5d")
    assert (whole.scenario.horizon, short.scenario.horizon) == (12, 5)
    assert [event.type for event in whole.scenario.events] == [
        "yield-shock",
        "volatility-shock",
        "foreign-sale",
    ]
    assert [event.type for event in short.scenario.events] == ["yield-shock", "volatility-shock"]
    assert short.origin("horizon") == "--horizon"
    (note,) = short.notes
    assert note.startswith(
        "Left out, after the horizon of 5 days: foreign-sale on day 6 (scenarios/toy.yaml:"
    )
    assert whole.notes == ()


def test_an_event_on_the_last_day_stays() -> None:
    short = load_scenario("toy", horizon="6d")
    assert len(short.scenario.events) == 3
    assert short.notes == ()


def test_its_own_horizon_changes_nothing() -> None:
    assert load_scenario("toy", horizon="12d").scenario == load_scenario("toy").scenario


def test_weeks_and_settings() -> None:
    assert load_scenario("toy", ["horizon=10d"], horizon="1w").scenario.horizon == 5
    with pytest.raises(ScenarioError, match="2w is longer than the scenario's 8 days"):
        load_scenario("toy", ["horizon=8d"], horizon="2w")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "13d",
            "horizon: 13d is longer than the scenario's 12 days; allowed: 1d to 12d. The option only shortens",
        ),
        ("30", "'30' has no unit"),
        ("0d", "0d is too small; allowed: 1d or more"),
        ("-5d", "-5d is too small"),
        ("five", "'five'"),
        ("", "horizon:"),
    ],
)
def test_what_is_refused(text: str, told: str, unwind: Unwind) -> None:
    code, out, err = unwind("validate", "toy", f"--horizon={text}")
    assert (code, out) == (2, "")
    assert err.startswith("--horizon: horizon: ")
    assert told in err
    assert "Traceback" not in err


def test_broken_days_are_told_by_validation() -> None:
    with pytest.raises(ScenarioError, match=r"events\.0\.day"):
        load_scenario("toy", ["events.0.day=soon"], horizon="5d")
    with pytest.raises(ScenarioError, match="horizon: 'long'"):
        load_scenario("toy", ["horizon=long"], horizon="5d")


def test_the_default_horizon_counts(tmp_path: Path) -> None:
    text = (ROOT / "scenarios" / "toy.yaml").read_text(encoding="utf-8").replace("horizon: 12d\n", "")
    (tmp_path / "toy.yaml").write_text(text, encoding="utf-8")
    assert load_scenario(tmp_path / "toy.yaml", horizon="60d").scenario.horizon == 60
    with pytest.raises(ScenarioError, match="longer than the scenario's 60 days"):
        load_scenario(tmp_path / "toy.yaml", horizon="61d")


def test_days_within_are_those_of_the_longer_run(tmp_path: Path) -> None:
    """Random numbers are addressed by day: stopping earlier changes nothing before."""
    settings = ["paths=5", "drivers.model=factor", "drivers.noise=1.0"]
    run_scenario(load_scenario("toy", settings), tmp_path / "whole", threads=1)
    run_scenario(load_scenario("toy", settings, horizon="5d"), tmp_path / "short", threads=1)
    whole, short = open_results(tmp_path / "whole"), open_results(tmp_path / "short")
    assert short.sizes["day"] == 6
    for name in ("cash_yield_change", "fund_packages", "repo_spread"):
        assert np.array_equal(short[name].values, whole[name].values[:, :6]), name


def test_a_run_says_records_and_resumes_it(unwind: Unwind, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    settings = ("--set", "numerics.block=4", "--paths", "8", "--threads", "1", "--no-report")
    code, out, err = unwind("run", "toy", "--horizon", "5d", *settings, "-o", str(folder))
    assert code == 0
    assert "8 paths of 5 days" in out
    assert "Left out, after the horizon of 5 days: foreign-sale on day 6" in err
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["scenario"]["horizon"] == "5d"
    assert manifest["origins"]["horizon"] == "--horizon"
    assert len(manifest["scenario"]["events"]) == 2
    ledger = (folder / "ledger.jsonl").read_text().splitlines(keepends=True)
    (folder / "ledger.jsonl").write_text("".join(ledger[:-1]))
    code, out, _ = unwind("resume", str(folder), "--threads", "1", "--no-report")
    assert code == 0
    assert "8 paths of 5 days" in out
    code, _, err = unwind("run", "toy", *settings, "-o", str(folder))
    assert code == 2
    assert "found another run there" in err


def test_quiet_says_nothing(unwind: Unwind, tmp_path: Path) -> None:
    given = (
        "run",
        "toy",
        "--horizon",
        "5d",
        "--no-report",
        "-o",
        str(tmp_path / "run"),
        "--threads",
        "1",
        "-q",
    )
    assert unwind(*given) == (0, "", "")


def test_a_value_is_explained(unwind: Unwind) -> None:
    code, out, err = unwind("explain", "toy", "--horizon", "5d")
    assert code == 0
    assert [line.split() for line in out.splitlines() if line.startswith("horizon ")] == [
        ["horizon", "5d", "--horizon"]
    ]
    assert "foreign-sale on day 6" in err


SWEEP = """\
name: shocks
scenario: toy.yaml
axes:
  size: {kind: grid, parameter: events.2.amount, values: [$10bn, $30bn]}
"""


def test_every_cell_of_a_sweep_is_shortened_and_resumed(
    unwind: Unwind, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "toy.yaml").write_text((ROOT / "scenarios" / "toy.yaml").read_text("utf-8"), encoding="utf-8")
    file = tmp_path / "sweep.yaml"
    file.write_text(SWEEP, encoding="utf-8")
    loaded = load_sweep(file, horizon="7d")
    scenarios = [loaded.load(cell).scenario for cell in loaded.cells()]
    assert [scenario.horizon for scenario in scenarios] == [7, 7]
    assert [scenario.events[2].amount for scenario in scenarios] == [10.0, 30.0]  # type: ignore[union-attr]
    assert [len(load_sweep(file, horizon="5d").load(cell).scenario.events) for cell in loaded.cells()] == [
        2,
        2,
    ]
    monkeypatch.chdir(tmp_path)
    given = ("sweep", "sweep.yaml", "--horizon", "7d", "--threads", "1", "-o", "mine", "--no-report")
    assert unwind(*given, "--cells", "0")[0] == 0
    code, _, err = unwind("resume", "mine", "--threads", "1", "--no-report")
    assert (code, err.count("refused")) == (0, 0)
    manifest = json.loads(Path("outputs/mine/manifest.json").read_text())
    assert manifest["settings"]["horizon"] == "7d"
    code, _, err = unwind("sweep", "sweep.yaml", "--threads", "1", "-o", "mine", "--no-report")
    assert code == 2
    assert "the horizon" in err
