"""Other forms of price impact and conversions between conventions, by hand and against each other."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.literature import impact_conventions as conventions
from simulator.market import impact

SALES = st.floats(0.0, 5_000.0)


def test_five_percent_of_the_market_costs_what_was_asked() -> None:
    slope = conventions.impact_slope_from_five_percent_fall(0.01)
    assert conventions.exponential_impact_of_share(100.0, 0.05, slope) == pytest.approx(99.0, rel=1e-14)
    assert conventions.impact_slope_from_five_percent_fall(0.0) == 0.0


def test_a_tenth_sold_at_the_literature_slope_costs_a_tenth() -> None:
    assert conventions.exponential_impact_of_share(1.0, 0.1, 1.0536) == pytest.approx(0.9, abs=5e-6)


def test_selling_by_share_in_pieces_costs_the_same_as_at_once() -> None:
    at_once = conventions.exponential_impact_of_share(1.0, 0.3, 2.0)
    pieces = conventions.exponential_impact_of_share(
        conventions.exponential_impact_of_share(1.0, 0.1, 2.0), 0.2, 2.0
    )
    assert pieces == pytest.approx(at_once, rel=1e-15)


def test_the_three_conventions_agree_for_a_small_sale() -> None:
    depth_bn, duration_years, outstanding_bn, sold_bn = 8_201.0, 8.06, 5_000.0, 1e-4
    slope = conventions.impact_bp_per_bn_from_depth(depth_bn, duration_years)
    of_share = conventions.impact_of_share_from_impact(slope, outstanding_bn, duration_years)
    by_depth = impact.exponential_impact(sold_bn, depth_bn, 1.0, 0.5, 1.0)
    by_share = 1.0 - conventions.exponential_impact_of_share(1.0, sold_bn / outstanding_bn, of_share)
    assert impact.yield_rise_bp(by_depth, duration_years) == pytest.approx(slope * sold_bn, rel=1e-7)
    assert impact.yield_rise_bp(by_share, duration_years) == pytest.approx(slope * sold_bn, rel=1e-7)
    assert conventions.impact_bp_per_bn_from_share(of_share, outstanding_bn, duration_years) == pytest.approx(
        slope
    )
    assert conventions.depth_bn_from_impact(slope, duration_years) == pytest.approx(depth_bn, rel=1e-14)


def test_ten_year_equivalents_carry_the_same_rate_risk() -> None:
    amount_bn = conventions.ten_year_equivalent_bn(100.0, 0.0190, 0.0806)
    assert amount_bn * 0.0806 == pytest.approx(100.0 * 0.0190)
    slope = conventions.impact_bp_per_ten_year_bn(0.24, 0.0190, 0.0806)
    assert slope * amount_bn == pytest.approx(0.24 * 100.0)


def test_price_and_yield_conversions_are_inverse() -> None:
    assert conventions.price_fall(impact.yield_rise_bp(0.013, 8.0), 8.0) == pytest.approx(0.013, rel=1e-15)


def test_execution_is_halfway() -> None:
    assert conventions.average_execution_price(1.0, 0.9) == pytest.approx(0.95)


@settings(max_examples=60, deadline=None)
@given(small=SALES, more=SALES)
def test_a_larger_share_sold_never_leaves_a_higher_price(small: float, more: float) -> None:
    assert conventions.exponential_impact_of_share(
        1.0, small + more, 0.01
    ) <= conventions.exponential_impact_of_share(1.0, small, 0.01)


@settings(max_examples=60, deadline=None)
@given(
    sold=st.floats(-5_000.0, 5_000.0),
    depth=st.floats(50.0, 50_000.0),
    price=st.floats(0.6, 1.2),
    volatility=st.floats(1e-4, 20.0),
)
def test_compiled_rules_equal_plain_python(
    sold: float, depth: float, price: float, volatility: float
) -> None:
    cases = [
        (conventions.exponential_impact_of_share, (price, sold / 5_000.0, volatility)),
        (conventions.impact_slope_from_five_percent_fall, (price / 1.3,)),
        (conventions.average_execution_price, (price, 0.9)),
        (conventions.price_fall, (sold, 8.0)),
        (conventions.impact_bp_per_bn_from_depth, (depth, 8.0)),
        (conventions.impact_bp_per_bn_from_share, (volatility, depth, 8.0)),
        (conventions.depth_bn_from_impact, (volatility, 8.0)),
        (conventions.impact_of_share_from_impact, (volatility, depth, 8.0)),
        (conventions.ten_year_equivalent_bn, (sold, 0.019, 0.0806)),
        (conventions.impact_bp_per_ten_year_bn, (volatility, 0.019, 0.0806)),
    ]
    for compiled, arguments in cases:
        plain = compiled.py_func(*arguments)  # type: ignore[attr-defined]
        assert compiled(*arguments) == plain, compiled
        assert math.isfinite(plain)
