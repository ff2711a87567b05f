"""The leveraged value fund: demand within its limit, investors, closure, compiled equal to plain Python."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.literature import value_fund as fund


def test_leverage_follows_the_discount_up_to_the_limit() -> None:
    assert fund.desired_leverage(1.1, 1.0, 20.0, 5.0) == 0.0
    assert fund.desired_leverage(0.9, 1.0, 20.0, 5.0) == pytest.approx(2.0)
    assert fund.desired_leverage(0.5, 1.0, 20.0, 5.0) == 5.0


def test_at_the_limit_a_fall_forces_a_sale_of_shares() -> None:
    shares, cash = 50.0, -32.0
    held = [
        fund.fund_spending(
            fund.fund_wealth(shares, cash, price), fund.desired_leverage(price, 1.0, 50.0, 5.0)
        )
        / price
        for price in (0.80, 0.79)
    ]
    assert held[0] == pytest.approx(50.0)
    assert held[1] < 48.0


def test_investors_take_out_at_most_everything() -> None:
    assert fund.investor_flow(3.0, -20.0, 0.005, 0.15) == -3.0
    assert fund.investor_flow(3.0, 0.025, 0.005, 0.15) == pytest.approx(3.0 * 0.15 * 0.02)
    assert fund.is_closed(0.19, 2.0, 0.1)
    assert not fund.is_closed(0.21, 2.0, 0.1)


def test_noise_trader_spending_reverts_in_logs() -> None:
    assert fund.noise_trader_spending(1_000.0, 0.99, 0.035, 0.0, 1_000.0) == pytest.approx(1_000.0, rel=1e-13)
    half_gap = fund.noise_trader_spending(500.0, 0.5, 0.0, 0.0, 1_000.0)
    assert half_gap == pytest.approx(500.0 * math.sqrt(2.0), rel=1e-13)


@settings(max_examples=60, deadline=None)
@given(price=st.floats(0.01, 2.0), cheaper=st.floats(0.0, 1.0), limit=st.floats(0.0, 30.0))
def test_a_lower_price_never_means_less_leverage_nor_more_than_the_limit(
    price: float, cheaper: float, limit: float
) -> None:
    leverage = fund.desired_leverage(price, 1.0, 25.0, limit)
    assert 0.0 <= leverage <= limit
    assert fund.desired_leverage(price - cheaper, 1.0, 25.0, limit) >= leverage


@settings(max_examples=60, deadline=None)
@given(amount=st.floats(0.0, 2_000.0), share=st.floats(0.0, 1.0), draw=st.floats(-5.0, 5.0))
def test_compiled_rules_equal_plain_python(amount: float, share: float, draw: float) -> None:
    cases = [
        (fund.noise_trader_spending, (1.0 + amount, 0.99, 0.035, draw, 1_000.0)),
        (fund.fund_wealth, (amount, -50.0 * draw, share)),
        (fund.desired_leverage, (2.0 * share, 1.0, 25.0, 10.0)),
        (fund.fund_spending, (50.0 * draw, share)),
        (fund.tracked_performance, (draw, share, 0.1)),
        (fund.investor_flow, (amount, draw, 0.005, 0.15)),
        (fund.is_closed, (share, 2.0, 0.1)),
    ]
    for compiled, arguments in cases:
        assert compiled(*arguments) == compiled.py_func(*arguments), compiled  # type: ignore[attr-defined]
