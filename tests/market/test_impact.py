"""The menu of price impacts: published figures, limits, and compiled equal to plain Python."""

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


def test_linear_impact_gives_the_bank_literature_figure() -> None:
    assert impact.linear_impact(10.0, 1e-4) * impact.BP == pytest.approx(10.0)


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
        (impact.yield_rise_bp, (price, 8.0)),
    ]
    for compiled, arguments in cases:
        plain = compiled.py_func(*arguments)  # type: ignore[attr-defined]
        assert compiled(*arguments) == plain, compiled
        assert math.isfinite(plain)
