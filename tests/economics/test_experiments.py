"""Paths played again otherwise: without policy, and with a test sale, on the same draws."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pytest

from simulator.engine import experiments
from simulator.engine.experiments import BlockPlays, day_of_test, play_again, sale_bn, unwinding_bn
from simulator.engine.opening.policy import without_policy
from simulator.engine.opening.prepare import Prepared, prepare
from simulator.engine.simulate import simulate_block
from simulator.ensemble.description import layout_of
from simulator.results.variables import OF_TWINS, PLAYED_WITHOUT_POLICY, WITHOUT_POLICY
from simulator.scenario.loading import load_scenario
from simulator.scenario.schema import ClientRepoDemand, ForeignSale, HedgeDemandShift, Scenario

MARKET = Path(__file__).resolve().parents[1] / "ensemble" / "toy.yaml"
PATHS, PLAYED_AGAIN = 12, 8
#: Every kind of policy that acts after the opening.
POLICIES = {
    "outright purchases": (
        "central_bank.outright.mode=schedule",
        "central_bank.outright.schedule=[{day: 3d, pace: $5bn}]",
    ),
    "outright purchases by rule": ("central_bank.outright.mode=rule", "central_bank.outright.pace=$5bn"),
    "hedged purchases": (
        "central_bank.hedged.mode=schedule",
        "central_bank.hedged.schedule=[{day: 3d, pace: $5bn}]",
    ),
    "hedged purchases by rule": ("central_bank.hedged.mode=rule", "central_bank.hedged.pace=$5bn"),
    "a facility that stands open": ("central_bank.standing_repo.open=true",),
    "a facility that opens": ("events=[{type: facility-opening, day: 3d}]",),
    "leverage relief": ("central_bank.leverage_relief=1.2x", "central_bank.leverage_relief_day=3d"),
    "minimum haircuts": ("events=[{type: haircut-minimum, day: 3d, minimum: 3%}]",),
}
#: The market without any of them.
ALONE = (
    "central_bank.outright.mode=off",
    "central_bank.hedged.mode=off",
    "central_bank.standing_repo.open=false",
)


def opened(*settings: str) -> Prepared:
    given = (f"paths={PATHS}", f"output.paths_without_policy={PLAYED_AGAIN}", *ALONE)
    return prepare(load_scenario(MARKET, [*given, "output.test_sale_paths=0", *settings]).scenario)


def played_again(prepared: Prepared, first: int = 0, paths: int = PATHS) -> BlockPlays:
    return play_again(prepared, first, simulate_block(prepared, first, paths).records)


@pytest.mark.parametrize("policy", POLICIES)
def test_a_path_without_policy_is_that_of_the_scenario_without_it(policy: str) -> None:
    events = ["events=[]"] if not any("events" in setting for setting in POLICIES[policy]) else []
    prepared = opened(*events, *POLICIES[policy])
    assert layout_of(prepared.scenario, prepared).has_policy
    plays = played_again(prepared)
    alone = prepare(without_policy(prepared.scenario))
    assert alone.without_policy is None
    np.testing.assert_array_equal(alone.opening, prepared.opening)  # opened alike
    left = simulate_block(alone, 0, PATHS).records
    for name in PLAYED_WITHOUT_POLICY:
        twin = plays.of(f"{name}{WITHOUT_POLICY}")
        np.testing.assert_array_equal(twin[:PLAYED_AGAIN], left.of(name)[:PLAYED_AGAIN])
        assert np.isnan(twin[PLAYED_AGAIN:]).all()


def test_policy_moves_what_it_is_compared_with() -> None:
    """The planted error: the path as it is played is not the one without policy."""
    plays = played_again(opened(*POLICIES["outright purchases"]))
    with_policy, alone = (plays.of(f"cash_yield_change{end}")[:PLAYED_AGAIN] for end in ("", WITHOUT_POLICY))
    np.testing.assert_array_equal(with_policy[:, :2], alone[:, :2])  # purchases begin on day 3
    assert (with_policy[:, 2:] < alone[:, 2:]).mean() > 0.5


def test_what_shapes_the_opening_is_no_policy_after_it() -> None:
    prepared = opened(
        "events=[]",
        "central_bank.haircut_minimum=1%",
        "central_bank.margin_minimum=1.5x",
        "central_bank.clearing_mandate=50%",
    )
    assert prepared.without_policy is None
    assert not layout_of(prepared.scenario, prepared).has_policy
    assert not set(played_again(prepared).again) & {variable.name for variable in OF_TWINS}
    late = opened("events=[]", "central_bank.leverage_relief=1.2x", "central_bank.leverage_relief_day=100d")
    assert late.without_policy is None  # beyond the horizon


@cache
def plays_of_tests() -> tuple[Prepared, BlockPlays]:
    prepared = opened("output.test_sale_paths=10", "numerics.block=12")
    return prepared, played_again(prepared)


def with_events(prepared: Prepared, path: int, extra: list[object]) -> Prepared:
    """The scenario with events of its own on the day of a path's test."""
    scenario: Scenario = prepared.scenario
    return prepare(scenario.model_copy(update={"events": [*scenario.events, *extra]}))


def test_a_test_sale_is_a_sale_from_abroad() -> None:
    """By hand: the yield with the event less the yield without it, for each $100bn of a thousandth of the market."""
    prepared, plays = plays_of_tests()
    path, horizon = 4, int(prepared.scenario.horizon)
    day, bonds = day_of_test(path, horizon), sale_bn(prepared)
    outstanding = {name: bucket.outstanding for name, bucket in prepared.scenario.market.buckets.items()}
    np.testing.assert_allclose(bonds, 1e-3 * np.array(list(outstanding.values())))
    split = {name: part / sum(outstanding.values()) for name, part in outstanding.items()}
    sale = ForeignSale.model_construct(
        type="foreign-sale", day=day + 1, days=1, amount=bonds.sum(), buckets=split
    )
    sold = simulate_block(with_events(prepared, path, [sale]), path, 1).records
    rise = sold.of("cash_yield_change")[0, day].astype(float) - plays.of("cash_yield_change")[path, day]
    np.testing.assert_allclose(plays.of("sale_impact")[path], 100.0 / bonds.sum() * rise, rtol=1e-3)
    assert (rise > 0.0).all()
    assert plays.of("test_sale_day")[path] == day + 1


def test_a_test_unwinding_repays_repo_sells_bonds_and_buys_hedges_back() -> None:
    prepared, plays = plays_of_tests()
    path, horizon = 5, int(prepared.scenario.horizon)
    day, packages = day_of_test(path, horizon), unwinding_bn(prepared)
    assert packages.sum() == pytest.approx(sale_bn(prepared).sum())
    market, opening = prepared.scenario.market, prepared.parameters.opening
    value = packages @ opening.buckets.price[opening.hedges.bucket_of]
    at = {"day": day + 1, "days": 1}
    events: list[object] = [
        ClientRepoDemand.model_construct(type="client-repo-demand", amount=-float(value), **at)
    ]
    for hedge, face in zip(prepared.hedges, packages.tolist(), strict=True):
        events += [
            ForeignSale.model_construct(
                type="foreign-sale", amount=face, buckets={market.bucket_of(hedge): 1.0}, **at
            ),
            HedgeDemandShift.model_construct(
                type="hedge-demand-shift",
                share=face / market.hedges[hedge].hedge_demand,
                hedges=[hedge],
                **at,
            ),
        ]
    unwound = simulate_block(with_events(prepared, path, events), path, 1).records
    rise = unwound.of("dislocation")[0, day].astype(float) - plays.of("dislocation")[path, day]
    np.testing.assert_allclose(plays.of("unwind_impact")[path], 100.0 / packages.sum() * rise, rtol=1e-3)
    assert (rise > 0.0).all()


def test_every_other_path_is_tested_with_a_sale_and_the_others_with_an_unwinding() -> None:
    _, plays = plays_of_tests()
    known = {name: ~np.isnan(plays.of(name)).any(axis=1) for name in ("sale_impact", "unwind_impact")}
    assert known["sale_impact"].tolist() == [path % 2 == 0 and path < 10 for path in range(PATHS)]
    assert known["unwind_impact"].tolist() == [path % 2 == 1 and path < 10 for path in range(PATHS)]


def test_blocks_do_not_matter() -> None:
    prepared = opened("output.test_sale_paths=10", *POLICIES["outright purchases"])
    whole = played_again(prepared)
    parts = [played_again(prepared, first, 5 if first < 10 else 2) for first in (0, 5, 10)]
    for name, values in whole.again.items():
        np.testing.assert_array_equal(np.concatenate([part.of(name) for part in parts]), values)
    for name in ("cash_yield_change", "dislocation"):  # the paths themselves are as they are without tests
        np.testing.assert_array_equal(
            whole.of(name), simulate_block(opened(*POLICIES["outright purchases"]), 0, PATHS).records.of(name)
        )


def test_a_sale_for_which_there_are_no_bonds_tells_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    prepared, _ = plays_of_tests()
    monkeypatch.setattr(experiments, "TEST_SALE_SHARE", 10.0)  # ten times the market
    found = play_again(prepared, 0, simulate_block(prepared, 0, 2).records)
    assert np.isnan(found.of("sale_impact")).all()
    assert np.isnan(found.of("unwind_impact")).all()


@pytest.mark.parametrize("horizon", [1, 12, 60])
def test_days_of_tests_are_spread_over_the_horizon(horizon: int) -> None:
    days = [day_of_test(path, horizon) for path in range(0, 4 * horizon, 2)]
    assert min(days) >= 0
    assert (
        np.bincount(days, minlength=horizon).min() >= 1
    )  # twice as many tests as days: each day has its own
    assert [day_of_test(path, horizon) for path in (6, 7)] == [day_of_test(6, horizon)] * 2
