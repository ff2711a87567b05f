"""What a cell comes to: the figures of the measures, of outcomes that a plain run gives."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from simulator.ensemble.execution import run_scenario
from simulator.results import statistics
from simulator.results.errors import OutputError
from simulator.results.measures import MEASURES, outcomes
from simulator.results.outcomes import Outcomes, collect_outcomes, happened, is_above
from simulator.scenario.parameter_sets import PATHS_A_SET, SETS_MIN, ParameterSets
from simulator.sweeps.cells import load_sweep
from simulator.sweeps.execution import SweepOutcome
from simulator.sweeps.reading import cell_outcomes, open_sweep
from simulator.sweeps.running import resume_sweep
from tests.ensemble.conftest import WILD, load_toy
from tests.sweeps.conftest import TINY, Write, run

CELL = {"leverage": 12.0, "policy": "buy"}


def test_outcomes_are_those_of_a_run_by_hand(tiny_run: SweepOutcome, tmp_path: Path) -> None:
    buy = "central_bank.outright={mode: rule, trigger: 0.1bp, pace: $20bn}"
    loaded = load_toy("paths=12", "horizon=5d", "funds.leverage=12x", buy)
    by_hand = collect_outcomes(run_scenario(loaded, tmp_path / "run").folder)
    kept = cell_outcomes(tiny_run.folder.path, CELL)
    for outcome in outcomes():
        np.testing.assert_array_equal(kept[outcome.key].values, by_hand[outcome.key])
        assert kept[outcome.key].attrs["units"] == outcome.stored_unit


def test_figures_are_those_of_the_measures(tiny_run: SweepOutcome) -> None:
    cells = open_sweep(tiny_run.folder.path)
    kept = cell_outcomes(tiny_run.folder.path, CELL)
    here = cells.sel(CELL)
    for name in ("unwound_in_all", "repo_spread_peak", "outright_purchases"):
        wanted = statistics.mean(kept[name].values)
        assert float(here[name]) == pytest.approx(wanted.value, rel=1e-12)
        assert float(here[f"{name}_error"]) == pytest.approx(wanted.standard_error, rel=1e-9)
        high = statistics.quantile(kept[name].values, 0.95)
        assert float(here[f"{name}_quantile"].sel(level=0.95)) == pytest.approx(high.value, rel=3e-4)
    wanted = statistics.ratio(kept["forced"].values, kept["sold_in_all"].values)
    assert float(here["forced_share"]) == pytest.approx(wanted.value, rel=1e-9)
    assert float(here["forced_share_error"]) == pytest.approx(wanted.standard_error, rel=1e-6)
    costs = kept["sale_impact"].values
    for place, trade in enumerate(("FV", "TY")):
        cost = statistics.mean(costs[:, place])
        assert float(here["sale_impact"].sel(trade=trade)) == pytest.approx(cost.value, rel=1e-9)
        assert float(here["sale_impact_error"].sel(trade=trade)) == pytest.approx(
            cost.standard_error, rel=1e-6
        )
    event = statistics.probability(is_above(kept["unwound_in_all"].values, 50.0))
    assert float(here["unwound_in_all_above_50"]) == event.value
    assert float(here["unwound_in_all_above_50_error"]) == pytest.approx(event.standard_error)
    assert float(here["dysfunction"]) == share_of_dysfunction(kept)
    assert float(here["draws"]) == 12


def share_of_dysfunction(kept: xr.Dataset) -> float:
    """The share as a run of the same outcomes would tell it."""
    arrays = {str(name): values.values for name, values in kept.items()}
    kept_as_one = Outcomes(kept["path"].values, arrays, {}, kept["status"].attrs["flag_meanings"].split())
    return statistics.probability(happened(MEASURES["dysfunction"].of, kept_as_one)).value


def test_policies_are_compared_path_by_path(tiny_run: SweepOutcome) -> None:
    cells = open_sweep(tiny_run.folder.path)
    assert cells.attrs["baseline"] == "none"
    ours, theirs = (cell_outcomes(tiny_run.folder.path, CELL | {"policy": name}) for name in ("buy", "none"))
    for name in ("cash_yield", "outright_purchases", "unwound_in_all"):
        if name not in ours:
            continue
        wanted = statistics.difference(ours[name].values, theirs[name].values)
        here = cells.sel(CELL)
        assert float(here[f"{name}_difference"]) == pytest.approx(wanted.value, rel=1e-9)
        assert float(here[f"{name}_difference_error"]) == pytest.approx(wanted.standard_error, rel=1e-9)
    assert float(cells.sel(CELL)["outright_purchases_difference"]) > 1.0
    assert bool(np.isnan(cells.sel(policy="none")["unwound_in_all_difference"]).all())
    paired = float(cells.sel(CELL)["total_peak_difference_error"].sel(trade="TY"))
    apart = float(cells.sel(CELL)["total_peak_error"].sel(trade="TY"))
    assert paired < 0.3 * apart  # common random numbers: the noise of the yields falls out


def test_antithetic_pairs_are_one_draw(write: Write, tmp_path: Path) -> None:
    loaded = load_sweep(write(TINY), ["drivers.sampling=antithetic", "numerics.block=5"])
    folder = run(loaded, tmp_path / "out").folder.path
    here, kept = open_sweep(folder).sel(CELL), cell_outcomes(folder, CELL)
    name = "unwound_in_all"
    wanted = statistics.mean(kept[name].values, antithetic=True)
    assert float(here["draws"]) == 6
    assert float(here[f"{name}_error"]) == pytest.approx(wanted.standard_error, rel=1e-9)
    other = cell_outcomes(folder, CELL | {"policy": "none"})
    paired = statistics.difference(kept[name].values, other[name].values, antithetic=True)
    assert float(here[f"{name}_difference_error"]) == pytest.approx(paired.standard_error, rel=1e-9)
    level = statistics.quantile(kept[name].values, 0.5, antithetic=True)
    assert float(here[f"{name}_quantile_error"].sel(level=0.5)) == pytest.approx(
        level.standard_error, rel=0.02
    )


def test_paths_that_stop_leave_averages_and_probabilities(write: Write, tmp_path: Path) -> None:
    text = TINY.replace("horizon: 5d, ", "").replace("paths: 12", "paths: 40")
    loaded = load_sweep(write(text), WILD)
    folder = run(loaded, tmp_path / "out", chosen=[0]).folder.path
    cells = open_sweep(folder, allow_incomplete=True)
    here, kept = cells.isel(leverage=0, policy=0), cell_outcomes(folder, 0)
    stopped = int((kept["status"] > 0).sum())
    assert stopped > 0
    assert int(here["paths_stopped"]) == stopped
    assert float(here["draws"]) == 40 - stopped
    assert float(here["dysfunction"]) == share_of_dysfunction(kept)
    assert str(cells["status"].isel(leverage=1, policy=1).values) == "left"
    assert bool(np.isnan(cells["unwound_in_all"].isel(leverage=1)).all())


#: Eight groups of paths, the fewest that tell a range.
SETS = ParameterSets(("funds.free_cash",), ((0.15,), (0.01,)), (0.5, 0.5))


def test_cells_over_parameter_sets_carry_their_range(write: Write, tmp_path: Path) -> None:
    chance = "drivers: {model: factor, noise: 1.5}, output: {test_sale_paths: 0}, numerics: {block: 640}"
    text = TINY.replace("paths: 12", f"paths: {SETS_MIN * PATHS_A_SET}").replace(
        "values: [7x, 12x]", "values: [12x]"
    )
    text = text.replace("numerics: {block: 4}", chance)
    loaded = load_sweep(write(text), sets=SETS)
    folder = run(loaded, tmp_path / "out").folder.path
    cells = open_sweep(folder)
    assert cells.attrs["parameter_sets"] == 2
    here, kept = cells.sel(CELL), cell_outcomes(folder, CELL)["unwound_in_all"].values
    group = np.arange(len(kept)) // PATHS_A_SET
    base = cell_outcomes(folder, CELL | {"policy": "none"})["unwound_in_all"].values
    for name, values in (("unwound_in_all", kept), ("unwound_in_all_difference", kept - base)):
        wanted = statistics.over_sets(
            lambda chosen, v=values: statistics.mean(v if chosen is None else v[chosen]), group
        )
        assert float(here[f"{name}_error"]) == pytest.approx(wanted.standard_error, rel=1e-6)
        for end in ("low", "high"):
            told = float(here[f"{name}_parameters_{end}"])
            assert told == pytest.approx(getattr(wanted, end), rel=1e-6, nan_ok=True)
    assert float(here["unwound_in_all_parameters_low"]) < float(here["unwound_in_all_parameters_high"])
    assert not resume_sweep(folder).left, "it is finished from its folder, over the same sets"
    with pytest.raises(OutputError, match="the parameter sets changed"):
        run(load_sweep(write(text), sets=replace(SETS, weights=(0.4, 0.6))), tmp_path / "out")


def test_a_cell_that_tells_a_parameter_keeps_it(write: Write) -> None:
    sets = ParameterSets((*SETS.keys, "dealers.opening_use"), ((0.15, 0.6), (0.01, 0.9)), (0.5, 0.5))
    axis = "axes:\n  use: {kind: grid, parameter: dealers.opening_use, values: [70%, 80%]}\n"
    loaded = load_sweep(write(f"name: tiny\nscenario: toy.yaml\npaths: 4\n{axis}"), sets=sets)
    cell = loaded.load(loaded.cell(1))
    assert (cell.scenario.dealers.opening_use, cell.sets.keys) == (0.8, ("funds.free_cash",))
    assert "2,048 paths" in loaded.notes[-1]
