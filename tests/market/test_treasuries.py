"""Bond rules against the sum of discounted cash flows, their own derivatives, and plain Python."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.market import treasuries

COUPONS = st.floats(0.0, 0.12)
YIELDS = st.floats(-0.03, 0.20) | st.sampled_from([0.0, 1e-12, -1e-9, 1.99e-4, 2.01e-4, -2.01e-4])
FREQUENCIES = st.sampled_from([1.0, 2.0, 4.0])
FIRST_PERIODS = st.floats(0.01, 1.0)
LATER_PERIODS = st.integers(0, 60).map(float)


def cash_flow_price(
    yield_: float, coupon: float, frequency: float, to_coupon: float, after: float
) -> tuple[float, float, float]:
    """Price, modified duration and convexity by adding up the payments one by one."""
    y, pay = yield_ / frequency, coupon / frequency
    times = to_coupon + np.arange(int(after) + 1)
    flows = np.full(times.size, pay)
    flows[-1] += 1.0
    if after == 0.0:
        discount = 1.0 / (1.0 + y * times)
        slope, bend = times * discount**2, 2.0 * times**2 * discount**3
    else:
        discount = (1.0 + y) ** -times
        slope, bend = times * discount / (1.0 + y), times * (times + 1.0) * discount / (1.0 + y) ** 2
    price = math.fsum(flows * discount)
    return (
        price,
        math.fsum(flows * slope) / price / frequency,
        math.fsum(flows * bend) / price / frequency**2,
    )


@settings(max_examples=300, deadline=None)
@given(YIELDS, COUPONS, FREQUENCIES, FIRST_PERIODS, LATER_PERIODS)
def test_closed_forms_equal_the_sum_of_payments(
    yield_: float, coupon: float, frequency: float, to_coupon: float, after: float
) -> None:
    place = (yield_, coupon, frequency, to_coupon, after)
    price, duration, convexity = cash_flow_price(*place)
    assert treasuries.dirty_price(*place) == pytest.approx(price, rel=1e-12)
    assert treasuries.modified_duration(*place) == pytest.approx(duration, rel=1e-9)
    assert treasuries.convexity(*place) == pytest.approx(convexity, rel=2e-8)
    assert treasuries.dv01_per_face(*place) == pytest.approx(price * duration * 1e-4, rel=1e-9)


@settings(max_examples=300, deadline=None)
@given(YIELDS, COUPONS, FREQUENCIES, FIRST_PERIODS, LATER_PERIODS)
def test_yield_and_price_are_inverse(
    yield_: float, coupon: float, frequency: float, to_coupon: float, after: float
) -> None:
    place = (coupon, frequency, to_coupon, after)
    price = treasuries.dirty_price(yield_, *place)
    found = treasuries.yield_from_price(price, *place)
    years = (to_coupon + after) / frequency
    # A yield is found as far as its price is known, to 1e-12 of itself (above), and no farther.
    assert abs(found - yield_) < 1e-12 / min(years, 1.0)  # a day's bond turns 1e-16 of price into 4e-14
    assert treasuries.dirty_price(found, *place) == pytest.approx(price, rel=1e-12)


def test_yield_is_found_far_from_the_first_guess() -> None:
    for yield_ in (-0.05, 0.5):
        price = treasuries.dirty_price(yield_, 0.0, 1.0, 1.0, 29.0)
        assert treasuries.yield_from_price(price, 0.0, 1.0, 1.0, 29.0) == pytest.approx(yield_, abs=1e-10)


@settings(max_examples=200, deadline=None)
@given(YIELDS, COUPONS, FREQUENCIES, FIRST_PERIODS, LATER_PERIODS)
def test_compiled_and_plain_python_agree_to_the_bit(
    yield_: float, coupon: float, frequency: float, to_coupon: float, after: float
) -> None:
    place = (yield_, coupon, frequency, to_coupon, after)
    for name in ("dirty_price", "modified_duration", "convexity", "dv01_per_face"):
        rule = getattr(treasuries, name)
        assert rule(*place) == rule.py_func(*place)
    price = treasuries.dirty_price(*place)
    found = treasuries.yield_from_price(price, *place[1:])
    assert found == treasuries.yield_from_price.py_func(price, *place[1:])  # type: ignore[attr-defined]


@pytest.mark.parametrize("edge", [0.0, 2e-4, -2e-4])
def test_price_and_risk_are_continuous_where_the_series_takes_over(edge: float) -> None:
    """Two ulps apart on either side of the border, results differ by rounding only."""
    place = (0.04, 2.0, 0.5, 59.0)
    below, above = math.nextafter(edge, -1.0), math.nextafter(edge, 1.0)
    for name, tolerance in (("dirty_price", 1e-12), ("modified_duration", 1e-9), ("convexity", 1e-7)):
        rule = getattr(treasuries, name)
        assert rule(below, *place) == pytest.approx(rule(above, *place), rel=tolerance)


def test_price_at_zero_yield_is_the_sum_of_payments() -> None:
    exact = Fraction(17, 400) * 10 + 1
    assert treasuries.dirty_price_at(0.0425, 2.0, 10.0, 0.0) == pytest.approx(float(exact), abs=1e-15)


def test_last_period_is_simple_interest() -> None:
    """31 CFR 356 Appendix B: one payment left is discounted without compounding."""
    price = treasuries.dirty_price(0.05, 0.04, 2.0, 0.4, 0.0)
    assert price == (1.0 + 0.02) * (1.0 / (1.0 + 0.025 * 0.4))
    assert treasuries.yield_from_price(price, 0.04, 2.0, 0.4, 0.0) == pytest.approx(0.05, abs=1e-15)


@pytest.mark.parametrize("years", [0.25, 0.5, 1.0, 7.3, 10.0, 29.999])
def test_par_bond_has_its_coupon_as_yield_on_a_coupon_date(years: float) -> None:
    clean = treasuries.clean_price_at(0.0375, 2.0, math.ceil(2 * years) / 2, 0.0375)
    assert clean == pytest.approx(1.0, abs=1e-14)


def test_accrued_interest_rises_from_zero_to_a_coupon_and_the_clean_price_does_not_jump() -> None:
    """Across a coupon date the full price falls by the coupon, the quoted one not at all."""
    coupon, before, after = 0.05, 5.0 + 1e-9, 5.0 - 1e-9
    assert treasuries.accrued_interest_at(coupon, 2.0, before) == pytest.approx(0.025, abs=1e-9)
    assert treasuries.accrued_interest_at(coupon, 2.0, 5.0) == 0.0
    jump = treasuries.dirty_price_at(coupon, 2.0, before, 0.03) - treasuries.dirty_price_at(
        coupon, 2.0, after, 0.03
    )
    assert jump == pytest.approx(0.025, abs=1e-9)
    assert treasuries.clean_price_at(coupon, 2.0, before, 0.03) == pytest.approx(
        treasuries.clean_price_at(coupon, 2.0, after, 0.03), abs=1e-9
    )


def test_rules_by_years_are_the_rules_by_periods() -> None:
    assert treasuries.dirty_price_at(0.04, 2.0, 7.3, 0.05) == treasuries.dirty_price(
        0.05, 0.04, 2.0, 7.3 * 2.0 - 14.0, 14.0
    )
    assert treasuries.dv01_per_face_at(0.04, 2.0, 7.3, 0.05) == treasuries.dv01_per_face(
        0.05, 0.04, 2.0, 7.3 * 2.0 - 14.0, 14.0
    )
    assert treasuries.dirty_price_at(0.04, 2.0, 0.0, 0.05) == 1.02  # at maturity: what is paid


@settings(max_examples=300, deadline=None)
@given(st.floats(-0.01, 0.12), st.floats(-0.01, 0.12), COUPONS, FIRST_PERIODS, LATER_PERIODS)
def test_no_price_lies_below_its_floor_which_touches_it_where_it_is_drawn(
    opening: float, later: float, coupon: float, to_coupon: float, after: float
) -> None:
    bond = (coupon, 2.0, to_coupon, after)
    price = treasuries.dirty_price(opening, *bond)
    duration = treasuries.modified_duration(opening, *bond)
    assert treasuries.price_floor(price, duration, later - opening) < treasuries.dirty_price(later, *bond)
    assert treasuries.price_floor(price, duration, 0.0) == pytest.approx(price, rel=1e-11)
