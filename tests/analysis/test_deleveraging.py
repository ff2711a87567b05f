"""The cost of deleveraging: planted effects come back, and the engine's own slope where it is known."""

from __future__ import annotations

import math
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from simulator.analysis.deleveraging import VARIABLES, deleveraging_cost, packages_handed_on
from simulator.engine.opening.prepare import prepare
from simulator.engine.simulate import opening_records, simulate_block
from simulator.ensemble.description import layout_of
from simulator.results.layout import Array, Days, Layout
from simulator.scenario.loading import load_scenario

TOY = Path(__file__).resolve().parents[2] / "scenarios" / "toy.yaml"
TWO_CONTRACTS = Path(__file__).resolve().parents[1] / "ensemble" / "toy.yaml"
THRESHOLD = 0.85
WITH_ROOM, WITHOUT, FOREIGN = 4.0, 11.0, 2.5


@cache
def two_contracts() -> Layout:
    """Layout of a market with two contracts, FV and TY."""
    scenario = load_scenario(TWO_CONTRACTS).scenario
    return layout_of(scenario, prepare(scenario))


def planted(paths: int, seed: int, *, days: int = 20) -> Days:
    """Two contracts whose dislocations answer to sales by known slopes, and sales that answer to known flows."""
    random = np.random.default_rng(seed)
    foreign = np.abs(random.normal(20.0, 15.0, (paths, days)))
    shock = random.normal(0.0, 30.0, days)  # the same on all paths: moves prices and makes funds sell
    sold = random.normal(10.0, 8.0, (paths, days, 2)) + 0.3 * foreign[:, :, None] + shock[:, None] / 5.0
    use = random.uniform(0.5, 1.1, (paths, days + 1))
    slope = np.where(use[:, :-1] >= THRESHOLD, WITHOUT, WITH_ROOM)
    moves = ((slope * sold.sum(axis=2) + FOREIGN * foreign) / 100.0)[:, :, None]
    moves = moves + shock[:, None] + random.normal(0.0, 1.0, (paths, days, 2))
    zero = np.zeros((paths, 1))
    packages = 500.0 - np.concatenate([np.zeros((paths, 1, 2)), sold.cumsum(axis=1)], axis=1)
    arrays = {
        "dislocation": np.concatenate([np.zeros((paths, 1, 2)), moves.cumsum(axis=1)], axis=1),
        "fund_packages": packages,
        "estate_packages": np.zeros_like(packages),
        "central_bank_packages": np.zeros_like(packages),
        "dealer_use": use,
        "foreign_sales": np.concatenate([zero, foreign], axis=1),
        "asset_manager_redemptions": np.zeros((paths, days + 1)),
        "outright_purchases": np.zeros((paths, days + 1)),
    }
    return Days(arrays, two_contracts())


def test_planted_costs_come_back_within_their_errors() -> None:
    for cost in deleveraging_cost(planted(300, 1), ("FV", "TY"), THRESHOLD):
        for estimate, truth in ((cost.with_room, WITH_ROOM), (cost.without_room, WITHOUT)):
            assert abs(estimate.value - truth) < 4.0 * estimate.standard_error
            assert estimate.standard_error < 0.5
        assert WITH_ROOM < cost.always.value < WITHOUT
        # a wrong answer would be seen: the two states are many errors apart
        assert cost.without_room.value - cost.with_room.value > 8.0 * cost.without_room.standard_error


def test_errors_are_those_of_repeated_runs() -> None:
    repeats = [
        deleveraging_cost(planted(60, seed), ("FV", "TY"), THRESHOLD)[0].with_room for seed in range(80)
    ]
    spread = np.std([estimate.value for estimate in repeats], ddof=1)
    told = np.mean([estimate.standard_error for estimate in repeats])
    # the spread of 80 repeats is itself known to 1/sqrt(160), 8%; errors by cluster run a little low
    assert told / spread == pytest.approx(1.0, abs=4.0 / math.sqrt(160.0))


def test_sales_that_differ_between_paths_by_nothing_tell_nothing() -> None:
    days = planted(1, 3)
    alike = {name: np.repeat(values, 50, axis=0) for name, values in days.stored().items()}
    (cost, _) = deleveraging_cost(Days(alike, two_contracts()), ("FV", "TY"), THRESHOLD)
    assert math.isnan(cost.with_room.value)
    assert math.isnan(deleveraging_cost(planted(5, 3), ("FV", "TY"), THRESHOLD)[0].always.value)


def test_seized_packages_are_handed_on_when_the_estate_sells_them() -> None:
    days = {name: np.zeros((1, 3, 1)) for name in VARIABLES}
    days["fund_packages"] = np.array([[[10.0], [4.0], [4.0]]])
    days["estate_packages"] = np.array([[[0.0], [6.0], [1.0]]])
    days["central_bank_packages"] = np.array([[[0.0], [0.0], [2.0]]])
    assert packages_handed_on(Days(days, two_contracts())).tolist() == [[0.0, 3.0]]


def test_engine_moves_by_its_own_slope_when_balance_sheet_costs_nothing_more() -> None:
    """Known answer: ``k / (1 + k / slope)`` a package, by the closed form of the hedge market."""
    settings = (
        "paths=64",
        "horizon=20d",
        "drivers.model=factor",
        "drivers.noise=1.0",
        "channels.dealer_capacity=false",
        "dealers.cost_below=0bp",  # or the side of the market that dealers are on would matter
        "dealers.cost_above=0bp",
        "asset_managers.volatility_redemption=0%",
        "asset_managers.loss_redemption=0%",
        "central_bank.hedged.mode=off",
    )
    prepared = prepare(load_scenario(TOY, settings).scenario)
    played, opening = simulate_block(prepared, 0, 64).records, opening_records(prepared)

    def days(name: str) -> Array:
        return np.concatenate([np.repeat(opening.of(name), 64, axis=0), played.of(name)], axis=1)

    slope, demand = (
        prepared.parameters.opening.hedges.package_slope_bp_per_bn[0],
        prepared.parameters.opening.hedges.demand_slope_bp_per_bn[0],
    )
    truth = 100.0 * prepared.parameters.dealers.impact_scale * slope / (1.0 + slope / demand)
    arrays = Days({name: days(name) for name in VARIABLES}, layout_of(prepared.scenario, prepared))
    (cost,) = deleveraging_cost(arrays, prepared.trades, 0.85)
    assert cost.always.value == pytest.approx(truth, rel=0.02)
