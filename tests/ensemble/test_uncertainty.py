"""Runs over parameter sets: a path is the same in any block, opens with its set, and is finished from its folder."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from simulator.engine.simulate import simulate_block
from simulator.ensemble.description import prepare_run
from simulator.ensemble.execution import run_scenario
from simulator.ensemble.recovery import scenario_of
from simulator.results.days import read_days
from simulator.results.folder import open_run
from simulator.scenario.loading import LoadedScenario, load_scenario
from simulator.scenario.parameter_sets import PATHS_A_SET, ParameterSets, laid_over
from simulator.scenario.schema import Scenario

SETS = ParameterSets(("dealers.opening_use",), ((0.74,), (0.84,)), (0.5, 0.5))
PATHS = PATHS_A_SET + 6


def spread(*settings: str) -> LoadedScenario[Scenario]:
    chance = ["drivers.model=factor", "drivers.noise=1.0", "output.test_sale_paths=0", *settings]
    loaded = load_scenario("toy", [f"paths={PATHS}", "horizon=10d", *chance])
    return replace(loaded, sets=SETS)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("uncertainty") / "run"
    run_scenario(spread("numerics.block=50"), folder, threads=1)
    return folder


def uses(folder: Path) -> np.ndarray:
    return np.asarray(read_days(open_run(folder), {"dealer_use"})["dealer_use"])


def test_every_path_opens_and_plays_with_its_own_set(run: Path) -> None:
    played = uses(run)
    wanted = [SETS.values[SETS.set_of_path(path)][0] for path in range(PATHS)]
    assert len(set(wanted)) == 2
    assert played[:, 0] == pytest.approx(wanted, rel=1e-5)
    prepared = prepare_run(spread())
    assert prepared.variants is not None
    for path in (0, PATHS - 1):
        number = SETS.set_of_path(path)
        alone = prepare_run(
            replace(spread(), scenario=laid_over(spread().scenario, SETS.figures(number)), sets=None)
        )
        records = simulate_block(alone, path, 1).records
        assert np.array_equal(records.of("dealer_use")[0], played[path, 1:])


def test_blocks_do_not_matter(run: Path, tmp_path: Path) -> None:
    run_scenario(spread("numerics.block=32"), tmp_path / "other", threads=2)
    assert np.array_equal(uses(tmp_path / "other"), uses(run))


def test_a_run_is_finished_from_its_folder_alone(run: Path) -> None:
    manifest = open_run(run).manifest
    with scenario_of(run, manifest) as loaded:
        assert loaded.sets == SETS
        assert run_scenario(loaded, run).was_complete


def test_another_set_is_another_run(run: Path) -> None:
    from simulator.results.errors import OutputError

    with pytest.raises(OutputError, match="the parameter sets changed"):
        run_scenario(replace(spread("numerics.block=50"), sets=replace(SETS, weights=(0.4, 0.6))), run)
    with pytest.raises(OutputError, match="the parameter sets changed"):
        run_scenario(replace(spread("numerics.block=50"), sets=None), run)


def test_some_paths_of_every_set_are_played_again(tmp_path: Path) -> None:
    run_scenario(spread("output.test_sale_paths=4"), tmp_path / "run")
    sold = read_days(open_run(tmp_path / "run"), {"test_sale_day"})["test_sale_day"]
    assert np.flatnonzero(np.isfinite(sold)).tolist() == [0, 1, PATHS_A_SET, PATHS_A_SET + 1]
