"""Bonds by date: QuantLib on thousands of random bonds, known accruals, day counts, errors."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest

from simulator.basis.bonds import bonds_from_price, bonds_from_yield
from simulator.basis.dates import coupon_period, day_numbers, month_of, payment_day_of_month

ql = pytest.importorskip("QuantLib", reason="QuantLib is the independent check of prices")

PERIODS = {1: "Annual", 2: "Semiannual", 4: "Quarterly"}


def quantlib_date(day: date) -> object:
    return ql.Date(day.day, day.month, day.year)


def random_bonds(count: int, seed: int) -> tuple[list[date], list[date], np.ndarray, np.ndarray, np.ndarray]:
    """Bonds settling 1990 to 2040, a third of them maturing on the last day of a month."""
    random = np.random.default_rng(seed)
    settlement = np.datetime64("1990-01-01") + random.integers(0, 18_000, count)
    maturity = settlement + random.integers(1, 11_000, count)
    month_ends = (maturity.astype("datetime64[M]") + 1).astype("datetime64[D]") - 1
    maturity = np.where(random.random(count) < 1 / 3, month_ends, maturity)
    coupon = random.integers(0, 97, count) / 8.0
    return (
        settlement.tolist(),
        maturity.tolist(),
        coupon,
        random.choice([1, 2, 4], count, p=[0.2, 0.7, 0.1]),
        random.uniform(-1.0, 12.0, count),
    )


def test_accrued_interest_and_prices_equal_quantlib() -> None:
    count = 3000
    settlement, maturity, coupon, frequency, yields = random_bonds(count, 7)
    bonds = bonds_from_yield(settlement, maturity, coupon, yields, frequency)
    compared = 0
    for row in range(count):
        is_month_end = (maturity[row] + timedelta(days=1)).day == 1
        schedule = ql.Schedule(
            quantlib_date(settlement[row] - timedelta(days=800)),
            quantlib_date(maturity[row]),
            ql.Period(getattr(ql, PERIODS[int(frequency[row])])),
            ql.NullCalendar(),
            ql.Unadjusted,
            ql.Unadjusted,
            ql.DateGeneration.Backward,
            is_month_end,
        )
        day_count = ql.ActualActual(ql.ActualActual.ISMA, schedule)
        bond = ql.FixedRateBond(0, 100.0, schedule, [coupon[row] / 100.0], day_count)
        settles = quantlib_date(settlement[row])
        assert bonds.accrued[row] == pytest.approx(bond.accruedAmount(settles), abs=1e-11)
        if bonds.periods_after[row] == 0.0:
            continue  # one payment left: the market discounts it simply, QuantLib compounds
        rate = ql.InterestRate(
            yields[row] / 100.0, day_count, ql.Compounded, getattr(ql, PERIODS[int(frequency[row])])
        )
        price = ql.BondFunctions.cleanPrice(bond, rate, settles)
        assert bonds.clean_price[row] == pytest.approx(price, abs=1e-9)
        duration = ql.BondFunctions.duration(bond, rate, ql.Duration.Modified, settles)
        assert bonds.duration_years[row] == pytest.approx(duration, rel=1e-9)
        convexity = ql.BondFunctions.convexity(bond, rate, settles)
        assert bonds.convexity_years2[row] == pytest.approx(convexity, rel=1e-7)
        compared += 1
    assert compared > 2700


def test_yield_and_price_round_trip() -> None:
    settlement, maturity, coupon, frequency, yields = random_bonds(20_000, 8)
    priced = bonds_from_yield(settlement, maturity, coupon, yields, frequency)
    again = bonds_from_price(settlement, maturity, coupon, priced.clean_price, frequency)
    days = np.array([(end - start).days for start, end in zip(settlement, maturity, strict=True)])
    assert np.abs(again.yield_pct - yields)[days > 30].max() < 1e-10
    repriced = bonds_from_yield(settlement, maturity, coupon, again.yield_pct, frequency)
    np.testing.assert_allclose(repriced.clean_price, priced.clean_price, rtol=0.0, atol=1e-10)


@pytest.mark.parametrize(
    ("settlement", "maturity", "last", "following", "payments"),
    [
        ("2025-06-30", "2027-06-30", "2025-06-30", "2025-12-31", 4),  # month ends
        ("2025-01-15", "2028-02-29", "2024-08-31", "2025-02-28", 7),  # leap maturity, common year
        ("2024-02-29", "2030-08-31", "2024-02-29", "2024-08-31", 13),  # coupon on a leap day
        ("2024-02-28", "2030-08-31", "2023-08-31", "2024-02-29", 14),
        ("2025-02-28", "2030-02-28", "2025-02-28", "2025-08-31", 10),
        ("2001-12-10", "2010-02-15", "2001-08-15", "2002-02-15", 17),
        ("2025-05-15", "2025-05-16", "2024-11-16", "2025-05-16", 1),
    ],
)
def test_coupon_dates_at_month_ends_and_leap_days(
    settlement: str, maturity: str, last: str, following: str, payments: int
) -> None:
    settles, matures = int(day_numbers(settlement)), int(day_numbers(maturity))
    month = month_of(matures)
    pay_day = payment_day_of_month(matures, month, True)
    found = coupon_period(settles, month, pay_day, 6, 1.0 / 6.0)
    assert found == (day_numbers(last), day_numbers(following), payments)


def test_month_end_rule_is_the_american_one() -> None:
    """A Chinese bond of 30 November pays on 30 May, an American one on 31 May."""
    chinese = bonds_from_yield("2025-06-15", "2030-11-30", 3.0, 3.0, is_paid_on_month_ends=False)
    american = bonds_from_yield("2025-06-15", "2030-11-30", 3.0, 3.0)
    assert chinese.accrued[0] == pytest.approx(1.5 * 16 / 184)
    assert american.accrued[0] == pytest.approx(1.5 * 15 / 183)


def test_day_table_agrees_with_the_calendar() -> None:
    for year in (1901, 1970, 1999, 2000, 2024, 2100, 2298):
        for month in range(1, 13):
            first = date(year, month, 1)
            number = int(day_numbers(first))
            assert month_of(number) == (year - 1900) * 12 + month - 1
            assert month_of(number - 1) == (year - 1900) * 12 + month - 2


def test_matured_bond_and_price_of_zero_are_errors() -> None:
    with pytest.raises(ValueError, match=r"^row 1: the bond matures on 2025-05-15 and must settle before"):
        bonds_from_yield(["2024-05-15", "2025-05-15"], "2025-05-15", 4.0, 4.0)
    with pytest.raises(ValueError, match="clean_price must be positive"):
        bonds_from_price("2024-05-15", "2025-05-15", 4.0, 0.0)
    with pytest.raises(ValueError, match="1, 2 or 4 coupons a year"):
        bonds_from_yield("2024-05-15", "2025-05-15", 4.0, 4.0, 3)
