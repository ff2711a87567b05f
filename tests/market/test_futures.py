"""Futures rules: published formulas in their own letters, worked examples, identities."""

from __future__ import annotations

import math
from decimal import ROUND_HALF_UP, Decimal, getcontext

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.market import futures

US = (2.0, 0.06)


def cbot_factor(coupon: Decimal, whole_years: int, months_beyond: int, *, is_quarterly: bool) -> Decimal:
    """The exchange's published formula, in exact decimals, before rounding."""
    z = months_beyond - months_beyond % 3 if is_quarterly else months_beyond
    v = z if z < 7 else (3 if is_quarterly else z - 6)
    growth = Decimal("1.03")
    a = 1 / growth ** (Decimal(v) / 6)
    b = coupon / 2 * Decimal(6 - v) / 6
    c = 1 / growth ** (2 * whole_years if z < 7 else 2 * whole_years + 1)
    d = coupon / Decimal("0.06") * (1 - c)
    return a * (coupon / 2 + c + d) - b


def cffex_factor(coupon: Decimal, frequency: int, months_to_next: int, payments: int) -> Decimal:
    """The Chinese exchange's published formula, in exact decimals, before rounding."""
    r, f = Decimal("0.03"), Decimal(frequency)
    growth, stub = 1 + r / f, months_to_next * f / 12
    bracket = coupon / f + coupon / r + (1 - coupon / r) / growth ** (payments - 1)
    return bracket / growth**stub - coupon / f * (1 - stub)


def half_up(value: Decimal) -> float:
    return float(value.quantize(Decimal("0.0001"), ROUND_HALF_UP))


@pytest.mark.parametrize("is_quarterly", [True, False])
def test_factor_equals_the_published_formula_on_every_coupon_and_term(is_quarterly: bool) -> None:
    """Also in exact decimals: no float error ever carries a factor over a half."""
    getcontext().prec = 40
    rounding = 3.0 if is_quarterly else 1.0
    for eighths in range(0, 97, 3 if is_quarterly else 5):
        coupon = Decimal(eighths) / 800
        for months in range(18, 361, 1 if is_quarterly else 2):
            exact = cbot_factor(coupon, *divmod(months, 12), is_quarterly=is_quarterly)
            factor = futures.conversion_factor(
                float(coupon), *US, futures.months_counted(float(months), rounding)
            )
            assert factor == half_up(exact), (coupon, months, exact)


def test_factor_equals_the_published_chinese_formula() -> None:
    getcontext().prec = 40
    for hundredths in range(200, 500, 7):
        coupon = Decimal(hundredths) / 10000
        for frequency in (1, 2):
            step = 12 // frequency
            for months in range(13, 361, 5):
                payments = -(-months // step)
                exact = cffex_factor(coupon, frequency, months - (payments - 1) * step, payments)
                factor = futures.conversion_factor(float(coupon), float(frequency), 0.03, float(months))
                assert factor == half_up(exact), (coupon, frequency, months, exact)


def test_payment_in_the_delivery_month_may_be_read_either_way() -> None:
    getcontext().prec = 40
    coupon = Decimal("0.0325")
    assert abs(cffex_factor(coupon, 2, 6, 10) - cffex_factor(coupon, 2, 0, 11)) < Decimal("1e-30")


@pytest.mark.parametrize(
    ("coupon", "years", "months", "rounding", "factor"),
    [
        (0.015, 1, 10, 1.0, 0.9229),  # 2-year note
        (0.01125, 2, 10, 1.0, 0.8747),  # 3-year note
        (0.0275, 4, 10, 1.0, 0.8653),  # 5-year note
        (0.0375, 9, 9, 3.0, 0.8357),  # 10-year note
        (0.10, 20, 2, 3.0, 1.4623),  # Hull, bond of 20 years and 2 months
        (0.08, 18, 4, 3.0, 1.2199),  # Hull, bond of 18 years and 4 months
    ],
)
def test_factors_of_textbooks(coupon: float, years: int, months: int, rounding: float, factor: float) -> None:
    counted = futures.months_counted(12.0 * years + months, rounding)
    assert futures.conversion_factor(coupon, *US, counted) == factor


@pytest.mark.parametrize(
    ("coupon", "frequency", "months", "factor"),
    [
        (0.0342, 1.0, 52.0, 1.0167),  # 2020-01-24 in TF1509
        (0.0359, 2.0, 101.0, 1.0436),  # 170018 in T1903
        (0.0359, 2.0, 98.0, 1.0424),  # 170018 in T1906
        (0.0325, 2.0, 113.0, 1.0204),  # 180027 in T1906
        (0.0369, 2.0, 110.0, 1.0549),  # 180011 in T1903
        (0.0270, 2.0, 92.0, 0.9796),  # 160023 in T1903
        (0.0365, 2.0, 68.0, 1.0336),  # 050012 in TF1503
        (0.0302, 2.0, 50.0, 1.0008),  # 090007 in TF1503
        (0.0267, 2.0, 116.0, 0.9725),  # 230026 in T2403
        (0.0267, 2.0, 113.0, 0.9731),  # 230026 in T2406
        (0.0267, 2.0, 107.0, 0.9743),  # 230026 in T2412
    ],
)
def test_published_chinese_factors(coupon: float, frequency: float, months: float, factor: float) -> None:
    assert futures.conversion_factor(coupon, frequency, 0.03, months) == factor


@given(st.integers(6, 480))
def test_bond_at_the_notional_coupon_has_factor_one_within_a_unit(months: int) -> None:
    factor = futures.conversion_factor(0.06, *US, futures.months_counted(float(months), 3.0))
    assert abs(factor - 1.0) <= 1e-4
    if months % 6 == 0:
        assert factor == 1.0


def test_halves_are_rounded_up() -> None:
    assert futures.rounded_factor(0.99985) == 0.9999
    assert futures.rounded_factor(1.00005) == 1.0001
    assert futures.rounded_factor(0.99984999) == 0.9998


MONEY = st.floats(0.5, 1.5)
RATES = st.floats(-0.01, 0.15)
TERMS = st.floats(0.02, 0.9)


@settings(max_examples=200, deadline=None)
@given(MONEY, RATES, TERMS, st.floats(0.0, 0.05), st.floats(0.0, 1.0), MONEY, st.floats(0.6, 1.6))
def test_bases_are_at_parity(
    dirty: float, repo: float, years: float, income: float, share: float, future: float, factor: float
) -> None:
    """Net basis is gross basis less carry, and forward less converted futures price."""
    accrued_now, accrued_then = 0.01, 0.004
    financed = futures.financed_price_years(dirty, years, income * share * years)
    forward = futures.forward_dirty_price(dirty, repo, financed, income)
    forward_clean = futures.forward_clean_price(forward, accrued_then)
    clean = dirty - accrued_now
    invoice = futures.invoice_price(future, factor, accrued_then)
    net = futures.net_basis(forward, invoice)
    gross = futures.gross_basis(clean, future, factor)
    assert net == pytest.approx(gross - futures.carry(clean, forward_clean), abs=1e-13)
    assert net == pytest.approx(forward_clean - future * factor, abs=1e-13)
    fair = futures.futures_price_from_implied_repo(forward, accrued_then, factor)
    at_fair = futures.invoice_price(fair, factor, accrued_then)
    assert futures.net_basis(forward, at_fair) == pytest.approx(0.0, abs=1e-14)
    assert futures.implied_repo(dirty, at_fair, financed, income) == pytest.approx(repo, abs=1e-12 / years)


@settings(max_examples=200, deadline=None)
@given(st.floats(0.01, 0.1), st.sampled_from([1.0, 2.0]), st.floats(1.0, 30.0), st.floats(0.0, 0.99))
def test_interim_coupons_by_years_are_those_counted_one_by_one(
    coupon: float, frequency: float, years: float, delivery: float
) -> None:
    after = math.ceil(years * frequency) - 1
    paid = [years - k / frequency for k in range(after + 1)]
    interim = [t for t in paid if 0.0 < t <= delivery]
    if any(abs(t - delivery) < 1e-9 or t < 1e-9 for t in paid):
        return  # on the border rounding may count a coupon on either side, and the price is the same
    assert futures.coupons_to_delivery(frequency, years, delivery) == len(interim)
    expected = math.fsum(coupon / frequency * (delivery - t) for t in interim)
    assert futures.income_years_to_delivery(coupon, frequency, years, delivery) == pytest.approx(
        expected, abs=1e-13
    )


def test_forward_price_does_not_jump_when_a_coupon_date_passes_delivery() -> None:
    terms = (0.05, 2.0, 9.7, 0.045, 0.04)
    on_date = 9.7 - 9.5
    before = futures.forward_clean_price_at(*terms, on_date - 1e-10)
    after = futures.forward_clean_price_at(*terms, on_date + 1e-10)
    assert before == pytest.approx(after, abs=1e-10)


def test_forward_at_the_bonds_own_yield_is_its_price_then() -> None:
    """With repo at the bond's return to delivery, the forward price is the price at the same yield."""
    coupon, years, delivery, yield_ = 0.05, 9.75, 0.2, 0.05
    from simulator.market.treasuries import clean_price_at, dirty_price_at

    repo = (
        dirty_price_at(coupon, 2.0, years - delivery, yield_) / dirty_price_at(coupon, 2.0, years, yield_) - 1
    ) / delivery
    forward = futures.forward_clean_price_at(coupon, 2.0, years, yield_, repo, delivery)
    assert forward == pytest.approx(clean_price_at(coupon, 2.0, years - delivery, yield_), abs=1e-14)


def test_gilt_of_july_2011() -> None:
    clean, future, factor, accrued_now, accrued_then = 131.4610, 112.98, 1.1525705, 1.5780822, 4.1917808
    dirty = clean + accrued_now
    financed = futures.financed_price_years(dirty, 106.0 / 365.0, 0.0)
    forward = futures.forward_dirty_price(dirty, 0.0624, financed, 0.0)
    assert futures.gross_basis(clean, future, factor) == pytest.approx(1.24358491, abs=5e-9)
    net = futures.net_basis(forward, futures.invoice_price(future, factor, accrued_then))
    assert net == pytest.approx(1.0407732, abs=5e-8)


def test_gilts_of_46_days() -> None:
    """Second pair: no coupon for the first bond, one a day before delivery for the 8% of 2013."""
    future, repo, years = 115.94, 0.049, 46.0 / 365.0
    dirty, factor, accrued_then = 111.5586957, 0.9494956, 2.139946
    financed = futures.financed_price_years(dirty, years, 0.0)
    invoice = futures.invoice_price(future, factor, accrued_then)
    assert futures.gross_basis(110.20, future, factor) == pytest.approx(0.1154801, abs=5e-8)
    forward = futures.forward_dirty_price(dirty, repo, financed, 0.0)
    assert futures.net_basis(forward, invoice) == pytest.approx(0.0231429, abs=1e-7)
    assert 100.0 * futures.implied_repo(dirty, invoice, financed, 0.0) == pytest.approx(4.73539, abs=5e-6)

    clean, factor = 128.13, 1.0805114
    dirty = clean + 4.0 * 139.0 / 184.0
    financed = futures.financed_price_years(dirty, years, 4.0 * 1.0 / 365.0)
    invoice = futures.invoice_price(future, factor, 4.0 * 1.0 / 181.0)
    forward = futures.forward_dirty_price(dirty, repo, financed, 4.0)
    assert futures.gross_basis(clean, future, factor) == pytest.approx(2.856, abs=5e-4)
    assert futures.net_basis(forward, invoice) == pytest.approx(2.665, abs=5e-4)
    assert 100.0 * futures.implied_repo(dirty, invoice, financed, 4.0) == pytest.approx(-11.23, abs=5e-3)


def test_hull_cheapest_to_deliver() -> None:
    bonds = [(99.50, 1.0382, 2.69), (143.50, 1.5188, 1.87), (119.75, 1.2615, 2.12)]
    costs = [futures.gross_basis(price, 93.25, factor) for price, factor, _ in bonds]
    assert [round(cost, 2) for cost in costs] == [cost for _, _, cost in bonds]


def test_december_2015_ten_year_note() -> None:
    factor = futures.conversion_factor(0.02125, *US, futures.months_counted(78.0, 3.0))
    assert factor == 0.7939
    assert futures.gross_basis(101.0625, 127.0625, factor) == pytest.approx(0.1876, abs=5e-5)


def test_chinese_examples() -> None:
    assert futures.gross_basis(99.640, 97.525, 1.0167) == pytest.approx(0.4863, abs=5e-5)
    assert futures.gross_basis(105.0, 100.0, 1.02) == pytest.approx(3.0, abs=1e-12)
    dirty = 100.8352 + 0.4587
    financed = futures.financed_price_years(dirty, 107.0 / 365.0, 0.0)
    forward = futures.forward_dirty_price(dirty, 0.035, financed, 0.0)
    assert futures.futures_price_from_implied_repo(forward, 1.5258, 1.0381) == pytest.approx(97.11, abs=5e-3)


def test_hedge_ratio_and_futures_dv01() -> None:
    assert futures.hedge_ratio(1.0305, 1e9, 1e5) == pytest.approx(10305.0)
    assert futures.futures_dv01(0.065, 1.0305) == pytest.approx(0.065 / 1.0305)


@settings(max_examples=100, deadline=None)
@given(
    st.floats(0.0, 0.12),
    st.floats(0.5, 30.0),
    st.floats(-0.01, 0.15),
    st.floats(0.0, 0.1),
    st.floats(0.01, 0.4),
)
def test_compiled_and_plain_python_agree_to_the_bit(
    coupon: float, years: float, yield_: float, repo: float, delivery: float
) -> None:
    place = (coupon, 2.0, years + delivery, yield_, repo, delivery)
    assert futures.forward_clean_price_at(*place) == futures.forward_clean_price_at.py_func(*place)  # type: ignore[attr-defined]
    months = math.floor(years * 12.0) + 1.0
    terms = (coupon, 2.0, 0.06, months)
    assert futures.conversion_factor(*terms) == futures.conversion_factor.py_func(*terms)  # type: ignore[attr-defined]
