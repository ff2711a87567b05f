"""Parameter sets: laid over defaults alone, spread over paths by weight, refused in clear words."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from simulator.scenario.errors import ScenarioError
from simulator.scenario.loading import load_scenario
from simulator.scenario.parameter_sets import (
    PATHS_A_SET,
    ParameterSets,
    laid_over,
    read_sets,
)
from simulator.scenario.uncertainty import free_keys, with_uncertainty

KEYS = ("dealers.cost_above", "funds.leverage", "market.hedges.NAME.cash_share")


def sets(*rows: tuple[float, ...], weights: tuple[float, ...] = ()) -> ParameterSets:
    return ParameterSets(KEYS, rows, weights or tuple(1.0 / len(rows) for _ in rows))


def write(folder: Path, sets: ParameterSets, **changes: object) -> Path:
    file = folder / "sets.json"
    file.write_text(json.dumps(sets.as_record() | changes), encoding="utf-8")
    return file


def test_what_is_written_stays_and_defaults_change(tmp_path: Path) -> None:
    loaded = with_uncertainty(load_scenario("toy"), write(tmp_path, sets((900.0, 5.0, 0.3))))
    assert loaded.sets is not None
    assert loaded.sets.keys == (
        "dealers.cost_above",
        "market.hedges.NAME.cash_share",
    )  # leverage is the toy's own
    scenario = laid_over(loaded.scenario, loaded.sets.figures(0))
    assert scenario.dealers.cost_above == 900.0
    assert scenario.market.hedges["TY"].cash_share == 0.3
    assert scenario.funds == loaded.scenario.funds
    assert loaded.scenario.dealers.cost_above != 900.0


def test_whole_figures_are_whole_numbers() -> None:
    scenario = laid_over(load_scenario("toy").scenario, {"dealers.liquidation_days": 7.0})
    assert isinstance(scenario.dealers.liquidation_days, int)


def test_a_setting_of_the_user_stays_too() -> None:
    settings = ["dealers.cost_above=700bp", "market.hedges.TY.cash_share=40%"]
    assert not set(KEYS) & set(free_keys(load_scenario("toy", settings)))
    assert set(KEYS) - set(free_keys(load_scenario("toy"))) == {"funds.leverage"}


def test_paths_are_spread_by_weight_and_by_their_number_alone() -> None:
    spread = sets((900.0, 5.0, 0.3), (1000.0, 5.0, 0.4), weights=(0.25, 0.75))
    groups = [spread.set_of_path(PATHS_A_SET * group) for group in range(400)]
    assert Counter(groups)[1] == pytest.approx(300, abs=3)
    assert len({spread.set_of_path(path) for path in range(PATHS_A_SET)}) == 1


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"format": "other"}, "is of another format"),
        ({"weights": [0.5]}, "add up to 0.5"),
        ({"weights": [0.5, 0.5]}, "2 for 1 sets"),
        ({"keys": ["dealers.cost_abov", *KEYS[1:]]}, "is no parameter with a prior"),
        ({"values": [[9000.0, 5.0, 0.3]]}, "dealers.cost_above: 9000 is outside its prior"),
        ({"values": [[900.0, 5.0]]}, "2 figures; allowed: 3, one a key"),
    ],
)
def test_a_file_that_cannot_be_used_is_told(tmp_path: Path, changes: dict[str, object], told: str) -> None:
    file = write(tmp_path, sets((900.0, 5.0, 0.3)), **changes)
    with pytest.raises(ScenarioError, match=r"sets\.json") as caught:
        read_sets(file)
    assert told in str(caught.value)


def test_no_file_and_no_json_are_told(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match="does not exist"):
        read_sets(tmp_path / "none.json")
    (tmp_path / "text.json").write_text("text", encoding="utf-8")
    with pytest.raises(ScenarioError, match="is no file of parameter sets"):
        read_sets(tmp_path / "text.json")


def test_a_file_reads_back_what_was_written(tmp_path: Path) -> None:
    made = sets((900.0, 5.0, 0.3), (1000.5, 6.0, 0.4))
    assert read_sets(write(tmp_path, made)) == made
    assert read_sets(write(tmp_path, made)).sha256 == made.sha256
