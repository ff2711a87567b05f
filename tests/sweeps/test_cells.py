"""Cells: every combination once, laid over the scenario in order, all checked before anything runs."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from simulator.scenario.errors import ScenarioError, Source
from simulator.scenario.json_schema import json_schema
from simulator.scenario.yaml_nodes import compose
from simulator.sweeps.cells import is_sweep, load_sweep
from simulator.sweeps.choice import cells_of
from simulator.sweeps.schema import Sweep
from tests.docs.test_pages import ROOT
from tests.ensemble.conftest import TOY
from tests.sweeps.conftest import TINY, Write, axes

LEVERAGE = "{kind: grid, parameter: funds.leverage, values: [3x]}"
SHIPPED = sorted((ROOT / "sweeps").glob("*.yaml"))


def test_every_combination_once_the_last_dimension_fastest(write: Write) -> None:
    loaded = load_sweep(write(TINY + "seeds: [3, 4, 5]\n"))
    assert loaded.shape == (2, 2, 3)
    cells = list(loaded.cells())
    assert len({tuple(cell.labels.values()) for cell in cells}) == 12
    assert [cell.number for cell in cells] == list(range(12))
    assert cells[4].labels == {"leverage": 7.0, "policy": "buy", "seed": 4.0}
    scenario = loaded.load(cells[4]).scenario
    assert (scenario.funds.leverage, scenario.seed, scenario.paths, scenario.horizon) == (7.0, 4, 12, 5)
    assert scenario.central_bank.outright.pace == 20.0


def test_axes_come_after_policies_and_policies_after_settings(write: Write) -> None:
    text = axes("  pace: {kind: grid, parameter: central_bank.outright.pace, values: [$1bn, $2bn]}\n")
    text += "policies:\n  a: {central_bank: {outright: {mode: rule, pace: $50bn}}, funds: {count: 9}}\n"
    loaded = load_sweep(write(text), ["funds.count=7", "funds.leverage=6x", "horizon=4d"])
    scenario = loaded.load(loaded.cell(1)).scenario
    assert (scenario.central_bank.outright.pace, scenario.central_bank.outright.mode) == (2.0, "rule")
    assert (scenario.funds.count, scenario.funds.leverage, scenario.horizon) == (9, 6.0, 4)


def test_cells_share_random_numbers_unless_told_otherwise(write: Write) -> None:
    shared = load_sweep(write(TINY))
    assert {shared.load(cell).scenario.seed for cell in shared.cells()} == {7}
    apart = load_sweep(write(TINY + "random_numbers: independent\n"))
    seeds = {apart.load(cell).scenario.seed for cell in apart.cells()}
    assert len(seeds) == 4
    assert all(0 <= seed < 2**63 for seed in seeds)


def test_every_problem_of_every_cell_is_told_once(write: Write) -> None:
    text = axes(
        "  leverage: {kind: grid, parameter: funds.leverage, values: [5x, 900x]}\n"
        "  count: {kind: grid, parameter: funds.count, values: [5, 6, 0]}\n"
    )
    text += "policies:\n  none: {}\n  wrong:\n    central_bank: {outrigt: {mode: off}}\n"
    with pytest.raises(ScenarioError) as error:
        load_sweep(write(text))
    said = str(error.value)
    assert len(error.value.problems) == 3
    assert "sweep.yaml:6:66: funds.leverage: 900x is too large" in said
    assert "In 6 of 12 cells, the first: cell 6 (leverage 900, count 5, policy none)." in said
    assert "sweep.yaml:7:62: funds.count: 0 is too small" in said
    assert "unknown key" in said
    assert "Did you mean outright?" in said


def test_a_problem_of_the_scenario_is_that_of_all_cells(write: Write) -> None:
    with pytest.raises(ScenarioError) as error:
        load_sweep(write(TINY), ["funds.free_cash=300%"])
    assert "cells" not in str(error.value)
    assert str(error.value).startswith("--set: funds.free_cash: 300% is too large")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (TINY.replace("policies:", "polices:"), "unknown key"),
        (TINY + "baseline: nobody\n", "'nobody' is not a policy; allowed: none, buy"),
        (TINY + "seeds: [1, 1]\n", "a seed stands twice"),
        (TINY.replace("unwound_in_all", "unwound_in_al"), "Did you mean unwound_in_all?"),
        (TINY.replace("leverage: {kind", "trade: {kind"), "the name 'trade' is taken"),
        (TINY.replace("toy.yaml", "../toy.yaml"), "leads out of"),
        (TINY.replace("toy.yaml", "to.yaml"), "does not exist"),
        (TINY.replace("axes:", f"axes:\n  too: {LEVERAGE}"), "varies already"),
        (TINY.replace("paths: 12", "paths: 0"), "too small"),
    ],
)  # fmt: skip
def test_mistakes_of_the_file_are_told_at_their_place(write: Write, text: str, said: str) -> None:
    with pytest.raises(ScenarioError) as error:
        load_sweep(write(text))
    assert said in str(error.value).replace('"', "'")
    assert "sweep.yaml:" in str(error.value)


def test_settings_do_not_overrule_an_axis(write: Write) -> None:
    with pytest.raises(ScenarioError, match="the sweep varies it along leverage"):
        load_sweep(write(TINY), ["funds.leverage=4x"])


def test_cells_and_shards() -> None:
    shards = [cells_of(200, None, f"{place}/7") for place in range(1, 8)]
    assert sorted(cell for shard in shards for cell in shard) == list(range(200))
    for cells, shard in (
        ("5-3", None),
        ("x", None),
        ("200", None),
        (None, "0/3"),
        (None, "4/3"),
        (None, "a"),
    ):
        with pytest.raises(ValueError, match="allowed"):
            cells_of(200, cells, shard)


@pytest.mark.parametrize("file", SHIPPED, ids=lambda file: file.stem)
def test_shipped_sweeps_are_valid(file: Path) -> None:
    loaded = load_sweep(file)
    assert loaded.count >= 12
    assert loaded.sweep.title
    assert loaded.sweep.description


def test_a_sweep_is_told_from_a_scenario(write: Write) -> None:
    assert is_sweep(write(TINY))
    assert not is_sweep(TOY)


@pytest.mark.parametrize("file", SHIPPED, ids=lambda file: file.stem)
def test_the_schema_for_editors_accepts_shipped_sweeps(file: Path) -> None:
    schema = json.loads(json.dumps(json_schema(Sweep)))
    validator = jsonschema.Draft202012Validator(schema)
    plain = compose(Source("sweep", file.read_text(encoding="utf-8"))).plain()
    assert not list(validator.iter_errors(plain))
    broken = plain | {"axes": {"a": {"kind": "grid", "valuse": []}}, "polices": {}}
    assert len(list(validator.iter_errors(broken))) >= 2
    inside = plain | {"policies": {"a": {"central_bank": {"outrigt": {}}}}}
    assert list(validator.iter_errors(inside))
