"""The menu of price impacts: published figures, limits, conversions, and compiled equal to plain Python."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.market import impact

# Depth, then the impact of a sale of 10 bn in a day in bp (Cont-Schaanning, square root) by tenor:
# daily volume in bn, depth in bn, modified duration, and the two impacts to the digit printed by the source.
TENORS = [
    (52.0, 21_895.0, 1.90, 2.4, 1.6),
    (115.0, 18_254.0, 4.48, 1.2, 1.2),
    (93.0, 8_201.0, 8.06, 1.5, 1.4),
    (25.0, 1_202.0, 16.0, 5.2, 2.5),
]
SALES = st.floats(0.0, 5_000.0)


@pytest.mark.parametrize(("volume", "depth", "duration", "exponential_bp", "square_root_bp"), TENORS)
def test_ten_billion_sold_in_a_day_matches_the_published_table(
    volume: float, depth: float, duration: float, exponential_bp: float, square_root_bp: float
) -> None:
    volatility = 0.4 * volume / depth
    assert impact.market_depth_bn(0.4, volume, volatility, 1.0) == pytest.approx(depth, rel=1e-12)
    fall = impact.exponential_impact(10.0, depth, 1.0, 0.5, 1.0)
    assert round(impact.yield_rise_bp(fall, duration), 1) == exponential_bp
    fall = impact.square_root_impact(10.0, volume, volatility, 0.75)
    assert round(impact.yield_rise_bp(fall, duration), 1) == square_root_bp


def test_a_small_exponential_sale_has_the_slope_of_the_depth() -> None:
    assert impact.exponential_impact(1e-6, 800.0, 1.0, 0.5, 1.0) == pytest.approx(1e-6 / 800.0, rel=1e-8)


def test_the_exponential_form_never_goes_below_its_floor() -> None:
    price = 1.0
    for _ in range(200):
        price *= 1.0 - impact.exponential_impact(300.0, 800.0, price, 0.5, 1.0)
    assert price == pytest.approx(0.5, rel=1e-9)
    assert price >= 0.5


def test_five_percent_of_the_market_costs_what_was_asked() -> None:
    slope = impact.impact_slope_from_five_percent_fall(0.01)
    assert impact.exponential_impact_of_share(100.0, 0.05, slope) == pytest.approx(99.0, rel=1e-14)
    assert impact.impact_slope_from_five_percent_fall(0.0) == 0.0


def test_a_tenth_sold_at_the_literature_slope_costs_a_tenth() -> None:
    assert impact.exponential_impact_of_share(1.0, 0.1, 1.0536) == pytest.approx(0.9, abs=5e-6)


def test_selling_by_share_in_pieces_costs_the_same_as_at_once() -> None:
    at_once = impact.exponential_impact_of_share(1.0, 0.3, 2.0)
    pieces = impact.exponential_impact_of_share(impact.exponential_impact_of_share(1.0, 0.1, 2.0), 0.2, 2.0)
    assert pieces == pytest.approx(at_once, rel=1e-15)


def test_linear_impact_gives_the_bank_literature_figure() -> None:
    assert impact.linear_impact(10.0, 1e-4) * impact.BP == pytest.approx(10.0)


def test_the_three_conventions_agree_for_a_small_sale() -> None:
    depth_bn, duration_years, outstanding_bn, sold_bn = 8_201.0, 8.06, 5_000.0, 1e-4
    slope = impact.impact_bp_per_bn_from_depth(depth_bn, duration_years)
    of_share = impact.impact_of_share_from_impact(slope, outstanding_bn, duration_years)
    by_depth = impact.exponential_impact(sold_bn, depth_bn, 1.0, 0.5, 1.0)
    by_share = 1.0 - impact.exponential_impact_of_share(1.0, sold_bn / outstanding_bn, of_share)
    assert impact.yield_rise_bp(by_depth, duration_years) == pytest.approx(slope * sold_bn, rel=1e-7)
    assert impact.yield_rise_bp(by_share, duration_years) == pytest.approx(slope * sold_bn, rel=1e-7)
    assert impact.impact_bp_per_bn_from_share(of_share, outstanding_bn, duration_years) == pytest.approx(
        slope
    )
    assert impact.depth_bn_from_impact(slope, duration_years) == pytest.approx(depth_bn, rel=1e-14)


def test_ten_year_equivalents_carry_the_same_rate_risk() -> None:
    amount_bn = impact.ten_year_equivalent_bn(100.0, 0.0190, 0.0806)
    assert amount_bn * 0.0806 == pytest.approx(100.0 * 0.0190)
    slope = impact.impact_bp_per_ten_year_bn(0.24, 0.0190, 0.0806)
    assert slope * amount_bn == pytest.approx(0.24 * 100.0)


def test_price_and_yield_conversions_are_inverse() -> None:
    assert impact.price_fall(impact.yield_rise_bp(0.013, 8.0), 8.0) == pytest.approx(0.013, rel=1e-15)


def test_execution_is_halfway() -> None:
    assert impact.average_execution_price(1.0, 0.9) == pytest.approx(0.95)


@settings(max_examples=60, deadline=None)
@given(small=SALES, more=SALES)
def test_a_larger_sale_never_moves_the_market_less(small: float, more: float) -> None:
    large = small + more
    assert impact.linear_impact(large, 0.02) >= impact.linear_impact(small, 0.02)
    assert impact.square_root_impact(large, 93.0, 5.6, 0.75) >= impact.square_root_impact(
        small, 93.0, 5.6, 0.75
    )
    assert impact.exponential_impact(large, 800.0, 0.9, 0.5, 1.0) >= impact.exponential_impact(
        small, 800.0, 0.9, 0.5, 1.0
    )
    assert impact.exponential_impact_of_share(1.0, large, 0.01) <= impact.exponential_impact_of_share(
        1.0, small, 0.01
    )


@settings(max_examples=60, deadline=None)
@given(sold=st.floats(-5_000.0, 5_000.0))
def test_purchases_mirror_sales(sold: float) -> None:
    assert impact.square_root_impact(-sold, 93.0, 5.6, 0.75) == -impact.square_root_impact(
        sold, 93.0, 5.6, 0.75
    )
    assert impact.exponential_impact(-sold, 800.0, 1.0, 0.5, 1.0) == -impact.exponential_impact(
        sold, 800.0, 1.0, 0.5, 1.0
    )


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
        (impact.linear_impact, (sold, volatility)),
        (impact.square_root_impact, (sold, depth, volatility, 0.75)),
        (impact.market_depth_bn, (0.4, depth, volatility, 20.0)),
        (impact.exponential_impact, (sold, depth, price, 0.5, 1.0)),
        (impact.exponential_impact_of_share, (price, sold / 5_000.0, volatility)),
        (impact.impact_slope_from_five_percent_fall, (price / 1.3,)),
        (impact.average_execution_price, (price, 0.9)),
        (impact.yield_rise_bp, (price, 8.0)),
        (impact.price_fall, (sold, 8.0)),
        (impact.impact_bp_per_bn_from_depth, (depth, 8.0)),
        (impact.impact_bp_per_bn_from_share, (volatility, depth, 8.0)),
        (impact.depth_bn_from_impact, (volatility, 8.0)),
        (impact.impact_of_share_from_impact, (volatility, depth, 8.0)),
        (impact.ten_year_equivalent_bn, (sold, 0.019, 0.0806)),
        (impact.impact_bp_per_ten_year_bn, (volatility, 0.019, 0.0806)),
    ]
    for compiled, arguments in cases:
        plain = compiled.py_func(*arguments)  # type: ignore[attr-defined]
        assert compiled(*arguments) == plain, compiled
        assert math.isfinite(plain)
