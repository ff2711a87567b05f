"""The cash market: inventory, risk premium, fading pressure, the kinked cost of balance sheet."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.market import cash_market as market
from simulator.market.impact import market_depth_bn

USES = st.floats(0.0, 2.0)


def test_inventory_is_passed_on_at_a_finite_speed_and_nothing_is_lost() -> None:
    inventory_bn = absorbed_bn = 0.0
    for sold_bn in (100.0, 50.0, 0.0, 0.0):
        passed_bn = market.absorbed_bn(inventory_bn, 0.2)
        absorbed_bn += passed_bn
        inventory_bn += sold_bn - passed_bn
    assert inventory_bn == pytest.approx((100.0 * 0.8 + 50.0) * 0.8 * 0.8)
    assert inventory_bn + absorbed_bn == pytest.approx(150.0, rel=1e-14)


def test_own_inventory_costs_its_variance() -> None:
    # 100 bn of ten-year notes lose 0.0806 bn per bp.
    premium_bp = market.inventory_risk_premium_bp(0.05, 7.0, 7.0, 1.0, 8.06e-4, 100.0)
    assert premium_bp == pytest.approx(0.05 * 7.0 * 7.0 * 0.0806)


def test_a_hedged_inventory_has_no_premium() -> None:
    own = market.inventory_risk_premium_bp(0.05, 7.0, 7.0, 1.0, 8.06e-4, 100.0)
    hedge = market.inventory_risk_premium_bp(0.05, 7.0, 7.0, 1.0, 1.90e-4, -100.0 * 8.06 / 1.90)
    assert own + hedge == pytest.approx(0.0, abs=1e-14)


def test_the_premium_is_symmetric_between_tenors_per_unit_of_rate_risk() -> None:
    on_two = market.inventory_risk_premium_bp(0.05, 5.0, 7.0, 0.8, 8.06e-4, 1.0 / 8.06e-4)
    on_ten = market.inventory_risk_premium_bp(0.05, 7.0, 5.0, 0.8, 1.90e-4, 1.0 / 1.90e-4)
    assert on_two == pytest.approx(on_ten, rel=1e-14)


def test_pressure_scales_with_depth_and_fades_with_the_stock() -> None:
    depth_bn_per_bp = market_depth_bn(0.4, 93.0, 5.6, 1.0)
    stock_bn = market.excess_stock_bn(0.0, 10.0, 0.1)
    pressure_bp = market.stock_pressure_bp(stock_bn, depth_bn_per_bp, 1.0)
    assert pressure_bp == pytest.approx(10.0 * 5.6 / (0.4 * 93.0))
    thin_bp = market.stock_pressure_bp(stock_bn, 0.5 * depth_bn_per_bp, 1.0)
    assert thin_bp == pytest.approx(2.0 * pressure_bp)
    for _ in range(10):
        stock_bn = market.excess_stock_bn(stock_bn, 0.0, 0.1)
    faded_bp = market.stock_pressure_bp(stock_bn, depth_bn_per_bp, 1.0)
    assert faded_bp == pytest.approx(10.0 * 5.6 / (0.4 * 93.0) * 0.9**10)


def test_use_counts_only_the_repo_that_does_not_net() -> None:
    assert market.balance_sheet_use(350.0, 1_000.0, 0.3, 1_000.0) == pytest.approx(0.65)


def test_the_cost_is_flat_then_steep_up_to_its_ceiling_and_has_no_jump() -> None:
    def cost(use: float) -> float:
        return market.balance_sheet_cost_bp(use, 0.8, 2.0, 200.0, 40.0)

    assert cost(0.0) == 0.0
    assert cost(0.8) == pytest.approx(1.6)
    assert cost(0.9) == pytest.approx(1.6 + 20.0)
    assert cost(0.8 + 1e-12) - cost(0.8 - 1e-12) < 1e-9
    assert cost(1.2) == 40.0


def test_outright_pressure_adds_its_three_parts() -> None:
    assert market.outright_pressure_bp(3.0, 20.0, 0.25, 1.5) == pytest.approx(9.5)


@settings(max_examples=60, deadline=None)
@given(
    use=USES,
    more=USES,
    threshold=st.floats(0.3, 1.2),
    below=st.floats(0.0, 10.0),
    steeper=st.floats(0.0, 500.0),
    ceiling=st.floats(0.0, 300.0),
)
def test_the_cost_never_falls_with_use_nor_with_a_lower_threshold(
    use: float, more: float, threshold: float, below: float, steeper: float, ceiling: float
) -> None:
    above = below + steeper
    base = market.balance_sheet_cost_bp(use, threshold, below, above, ceiling)
    assert base <= ceiling
    assert market.balance_sheet_cost_bp(use + more, threshold, below, above, ceiling) >= base - 1e-12
    assert market.balance_sheet_cost_bp(use, 0.5 * threshold, below, above, ceiling) >= base - 1e-12


@settings(max_examples=60, deadline=None)
@given(amount=st.floats(-500.0, 1_500.0), share=st.floats(0.0, 1.0), volatility=st.floats(0.1, 30.0))
def test_compiled_rules_equal_plain_python(amount: float, share: float, volatility: float) -> None:
    cases = [
        (market.absorbed_bn, (amount, share)),
        (market.inventory_wanted_bn, (amount, volatility, share)),
        (market.inventory_risk_premium_bp, (0.05, volatility, 7.0, share, 8.06e-4, amount)),
        (market.priced_volatility_bp, (volatility, 7.0, share)),
        (market.excess_stock_bn, (volatility, amount, share)),
        (market.stock_pressure_bp, (amount, 6.6, volatility)),
        (market.balance_sheet_use, (amount, 900.0, share, 1_000.0)),
        (market.balance_sheet_cost_bp, (2.0 * share, 0.8, volatility, 10.0 * volatility, 60.0)),
        (market.outright_pressure_bp, (volatility, 20.0, share, 1.5)),
    ]
    for compiled, arguments in cases:
        assert compiled(*arguments) == compiled.py_func(*arguments), compiled  # type: ignore[attr-defined]
