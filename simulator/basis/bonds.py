"""Bonds by calendar date: accrued interest, price from yield and back, DV01, duration, convexity.

Arrays of bonds and dates go through the scalar rules of ``simulator.market.treasuries``, with the
place in the coupon period counted in actual days. Prices are in points, yields and coupons in percent.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simulator.basis.dates import (
    DateLike,
    coupon_period,
    day_numbers,
    month_of,
    payment_day_of_month,
)
from simulator.market.treasuries import (
    accrued_interest,
    convexity,
    dirty_price,
    dv01_per_face,
    modified_duration,
    yield_from_price,
)
from simulator.rule import kernel

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class BondMeasures:
    """Results of :func:`bonds_from_yield` and :func:`bonds_from_price`, one array a field.

    Prices and accrued interest in points; ``dv01`` in points a basis point; ``duration_years``
    modified; ``convexity_years2`` in years squared. ``periods_to_coupon`` and ``periods_after`` place
    the settlement date in the coupon schedule, as the rules of ``simulator.market.treasuries`` ask.
    """

    yield_pct: Floats
    clean_price: Floats
    accrued: Floats
    dirty_price: Floats
    dv01: Floats
    duration_years: Floats
    convexity_years2: Floats
    periods_to_coupon: Floats
    periods_after: Floats


def bonds_from_yield(
    settlement_date: DateLike,
    maturity_date: DateLike,
    coupon_pct: ArrayLike,
    yield_pct: ArrayLike,
    coupon_frequency: ArrayLike = 2,
    *,
    is_paid_on_month_ends: bool = True,
) -> BondMeasures:
    """Price and risk of bonds from their yields.

    Parameters
    ----------
    settlement_date, maturity_date, coupon_pct, yield_pct, coupon_frequency
        Arrays of one length or single values; 1, 2 or 4 coupons a year, yields compounded as often.
    is_paid_on_month_ends
        Whether a bond that matures on the last day of a month pays on last days (United States).

    Raises
    ------
    ValueError
        When a bond has matured by its settlement date, or pays other than 1, 2 or 4 times a year.

    Examples
    --------
    >>> bond = bonds_from_yield("2025-05-15", "2035-05-15", 4.25, 4.25)
    >>> round(float(bond.clean_price[0]), 10), round(float(bond.duration_years[0]), 4)
    (100.0, 8.0779)
    """
    return _measured(
        settlement_date, maturity_date, coupon_pct, coupon_frequency, yield_pct, is_paid_on_month_ends, True
    )


def bonds_from_price(
    settlement_date: DateLike,
    maturity_date: DateLike,
    coupon_pct: ArrayLike,
    clean_price: ArrayLike,
    coupon_frequency: ArrayLike = 2,
    *,
    is_paid_on_month_ends: bool = True,
) -> BondMeasures:
    """Yield and risk of bonds from their clean prices; arguments and errors as in ``bonds_from_yield``.

    Raises
    ------
    ValueError
        Also when a price is not positive.
    """
    if not np.all(np.asarray(clean_price) > 0.0):
        raise ValueError("clean_price must be positive everywhere: a price of zero has no yield.")
    return _measured(
        settlement_date,
        maturity_date,
        coupon_pct,
        coupon_frequency,
        clean_price,
        is_paid_on_month_ends,
        False,
    )


def _measured(
    settlement_date: DateLike,
    maturity_date: DateLike,
    coupon_pct: ArrayLike,
    coupon_frequency: ArrayLike,
    quote: ArrayLike,
    is_paid_on_month_ends: bool,
    is_yield: bool,
) -> BondMeasures:
    dates = (day_numbers(settlement_date), day_numbers(maturity_date), np.asarray(coupon_frequency, np.int64))
    numbers = (np.asarray(coupon_pct, np.float64), np.asarray(quote, np.float64))
    shape = np.broadcast_shapes((1,), *(column.shape for column in (*dates, *numbers)))
    settlement, maturity, frequency = (np.ascontiguousarray(np.broadcast_to(c, shape)) for c in dates)
    coupon, quoted = (np.ascontiguousarray(np.broadcast_to(c, shape)) for c in numbers)
    if np.any(matured := settlement >= maturity):
        row = int(np.flatnonzero(matured)[0])
        raise ValueError(
            f"row {row}: the bond matures on {maturity[row].astype('datetime64[D]')} and must settle before, "
            f"not on {settlement[row].astype('datetime64[D]')}; drop it or correct the dates."
        )
    if not np.all(np.isin(frequency, (1, 2, 4))):
        raise ValueError("coupon_frequency must be 1, 2 or 4 coupons a year.")
    out = np.empty((9, settlement.size))
    fill_bonds(settlement, maturity, coupon, frequency, quoted, is_paid_on_month_ends, is_yield, out)
    return BondMeasures(*out)


@kernel
def fill_bonds(
    settlement: Integers,
    maturity: Integers,
    coupon_pct: Floats,
    frequency: Integers,
    quote: Floats,
    is_paid_on_month_ends: bool,
    is_yield: bool,
    out: Floats,
) -> None:
    """Compute every bond; ``quote`` is a yield in percent or a clean price in points."""
    for row in range(settlement.size):
        month, step = month_of(maturity[row]), 12 // frequency[row]
        pay_day = payment_day_of_month(maturity[row], month, is_paid_on_month_ends)
        last, following, payments = coupon_period(settlement[row], month, pay_day, step, 1.0 / step)
        to_coupon, after = (following - settlement[row]) / (following - last), payments - 1.0
        coupon, per_year = coupon_pct[row] / 100.0, float(frequency[row])
        accrued = accrued_interest(coupon, per_year, to_coupon)
        if is_yield:
            yield_ = quote[row] / 100.0
            dirty = dirty_price(yield_, coupon, per_year, to_coupon, after)
        else:
            dirty = quote[row] / 100.0 + accrued
            yield_ = yield_from_price(dirty, coupon, per_year, to_coupon, after)
        out[0, row] = yield_ * 100.0
        out[1, row] = (dirty - accrued) * 100.0
        out[2, row] = accrued * 100.0
        out[3, row] = dirty * 100.0
        out[4, row] = dv01_per_face(yield_, coupon, per_year, to_coupon, after) * 100.0
        out[5, row] = modified_duration(yield_, coupon, per_year, to_coupon, after)
        out[6, row] = convexity(yield_, coupon, per_year, to_coupon, after)
        out[7, row] = to_coupon
        out[8, row] = after
