"""Equilibrium of the hedge market: the published check values, clearing, compiled equal to plain Python."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.agents.asset_manager import futures_demand_bn
from simulator.literature import hedge_equilibrium as equilibrium
from simulator.market.hedge_market import clearing_dislocation_bp

CHOKE, DEMAND_SLOPE, DEALER_SLOPE, UNNETTED, FUND_SLOPE = 100.0, 0.05, 0.1, 0.5, 0.04
PACKAGES = st.floats(0.0, 1_500.0)


def clearing(fund_package_bn: float, central_bank_bn: float = 0.0) -> float:
    """Dislocation with the funds' package given, dealers also carrying the funds' repo."""
    repo_cost_bp = equilibrium.fund_repo_cost_bp(fund_package_bn, UNNETTED, DEALER_SLOPE)
    return clearing_dislocation_bp(
        fund_package_bn + central_bank_bn, CHOKE, DEMAND_SLOPE, 0.0, repo_cost_bp, DEALER_SLOPE
    )


def dealers(dislocation_bp: float, fund_package_bn: float) -> float:
    repo_cost_bp = equilibrium.fund_repo_cost_bp(fund_package_bn, UNNETTED, DEALER_SLOPE)
    return equilibrium.dealer_package_bn(dislocation_bp, 0.0, repo_cost_bp, DEALER_SLOPE)


def test_equilibrium_with_unconstrained_funds() -> None:
    dislocation_bp = equilibrium.equilibrium_dislocation_bp(
        CHOKE, DEMAND_SLOPE, DEALER_SLOPE, UNNETTED, FUND_SLOPE, 0.0
    )
    futures_bn = futures_demand_bn(CHOKE / DEMAND_SLOPE, dislocation_bp, DEMAND_SLOPE)
    funds_bn = equilibrium.unconstrained_fund_package_bn(dislocation_bp, UNNETTED, FUND_SLOPE)
    dealers_bn = dealers(dislocation_bp, funds_bn)
    assert round(dislocation_bp, 3) == 55.172
    assert round(futures_bn, 2) == 896.55
    assert round(funds_bn, 2) == 689.66
    assert round(dealers_bn, 2) == 206.90
    assert futures_bn == pytest.approx(funds_bn + dealers_bn, rel=1e-14)


def test_forced_unwinding_of_200() -> None:
    before_bp = equilibrium.equilibrium_dislocation_bp(
        CHOKE, DEMAND_SLOPE, DEALER_SLOPE, UNNETTED, FUND_SLOPE, 0.0
    )
    funds_bn = equilibrium.unconstrained_fund_package_bn(before_bp, UNNETTED, FUND_SLOPE) - 200.0
    after_bp = clearing(funds_bn)
    rise_bp = equilibrium.forced_unwind_rise_bp(200.0, DEMAND_SLOPE, DEALER_SLOPE, UNNETTED)
    assert round(after_bp, 3) == 58.506
    assert round(dealers(after_bp, funds_bn), 2) == 340.23
    assert rise_bp == pytest.approx(after_bp - before_bp, rel=1e-12)
    assert round(rise_bp, 3) == 3.333


def test_hedged_purchases_bring_the_dislocation_back_exactly() -> None:
    before_bp = equilibrium.equilibrium_dislocation_bp(
        CHOKE, DEMAND_SLOPE, DEALER_SLOPE, UNNETTED, FUND_SLOPE, 0.0
    )
    funds_bn = equilibrium.unconstrained_fund_package_bn(before_bp, UNNETTED, FUND_SLOPE) - 200.0
    purchase_bn = equilibrium.neutral_hedged_purchase_bn(200.0, UNNETTED)
    assert purchase_bn == 100.0
    assert clearing(funds_bn, purchase_bn) == pytest.approx(before_bp, rel=1e-14)
    assert round(clearing(funds_bn, purchase_bn), 3) == 55.172
    assert clearing(funds_bn, purchase_bn - 1.0) > before_bp + 1e-3


def test_the_general_solution_agrees_with_clearing_at_the_funds_own_choice() -> None:
    for purchase_bn in (0.0, 150.0):
        dislocation_bp = equilibrium.equilibrium_dislocation_bp(
            CHOKE, DEMAND_SLOPE, DEALER_SLOPE, UNNETTED, FUND_SLOPE, purchase_bn
        )
        funds_bn = equilibrium.unconstrained_fund_package_bn(dislocation_bp, UNNETTED, FUND_SLOPE)
        assert clearing(funds_bn, purchase_bn) == pytest.approx(dislocation_bp, rel=1e-14)


@settings(max_examples=60, deadline=None)
@given(others=PACKAGES, offset=st.floats(-20.0, 20.0), cost=st.floats(0.0, 80.0), slope=st.floats(0.005, 0.5))
def test_futures_demand_always_finds_its_packages(
    others: float, offset: float, cost: float, slope: float
) -> None:
    dislocation_bp = clearing_dislocation_bp(others, CHOKE, DEMAND_SLOPE, offset, cost, slope)
    wanted_bn = futures_demand_bn(CHOKE / DEMAND_SLOPE, dislocation_bp, DEMAND_SLOPE)
    dealers_bn = equilibrium.dealer_package_bn(dislocation_bp, offset, cost, slope)
    assert wanted_bn == pytest.approx(others + dealers_bn, abs=1e-8)
    assert equilibrium.dealer_dislocation_bp(dealers_bn, offset, cost, slope) == pytest.approx(
        dislocation_bp, abs=1e-8
    )


@settings(max_examples=60, deadline=None)
@given(package=PACKAGES, basis=st.floats(-50.0, 150.0), cost=st.floats(0.0, 80.0), share=st.floats(0.0, 1.0))
def test_compiled_rules_equal_plain_python(package: float, basis: float, cost: float, share: float) -> None:
    cases = [
        (equilibrium.dealer_dislocation_bp, (package, 3.0, cost, DEALER_SLOPE)),
        (equilibrium.dealer_package_bn, (basis, 3.0, cost, DEALER_SLOPE)),
        (equilibrium.fund_repo_cost_bp, (package, share, DEALER_SLOPE)),
        (equilibrium.unconstrained_fund_package_bn, (basis, share, FUND_SLOPE)),
        (
            equilibrium.equilibrium_dislocation_bp,
            (CHOKE, DEMAND_SLOPE, DEALER_SLOPE, share, FUND_SLOPE, package),
        ),
        (equilibrium.forced_unwind_rise_bp, (package, DEMAND_SLOPE, DEALER_SLOPE, share)),
        (equilibrium.neutral_hedged_purchase_bn, (package, share)),
    ]
    for compiled, arguments in cases:
        assert compiled(*arguments) == compiled.py_func(*arguments), compiled  # type: ignore[attr-defined]
