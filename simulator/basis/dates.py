"""Coupon dates of bonds, for millions of rows: whole-number dates and one table of month starts.

A date is its number of days since 1 January 1970, as NumPy stores ``datetime64[D]``, and a month its
place in the table. Coupon dates are counted back from maturity; a United States bond that matures on
the last day of a month pays on last days (28 February and 31 August), a Chinese one keeps the number
of the day. Used by the basis rows and the bond measures; the simulator itself measures time in years.

Source: 31 CFR 356.30 and Appendix B; actual/actual within the coupon period.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simulator.rule import phase as compiled

#: Years the table covers; 2299 leaves room for any bond yet issued.
FIRST_YEAR, LAST_YEAR = 1900, 2299

#: Day number of the first day of each month, and of the month after the last.
FIRST_OF_MONTH: NDArray[np.int64] = (
    np.arange(12 * (FIRST_YEAR - 1970), 12 * (LAST_YEAR - 1969) + 1)
    .astype("datetime64[M]")
    .astype("datetime64[D]")
    .astype(np.int64)
)
FIRST_DAY, LAST_DAY = int(FIRST_OF_MONTH[0]), int(FIRST_OF_MONTH[-1]) - 1

#: Average of the Gregorian calendar; a guess from it misses the month by one at most.
MONTHS_PER_DAY = 12.0 / 365.2425

#: Pays on the last day of any month, since no month has more.
PAYS_ON_LAST_DAY = 31

DateLike = date | Sequence[date] | np.datetime64 | str | ArrayLike


def day_numbers(dates: DateLike) -> NDArray[np.int64]:
    """Days since 1 January 1970 of dates, ISO strings or ``datetime64``.

    Examples
    --------
    >>> day_numbers(["1970-01-02", "2000-03-01"]).tolist()
    [1, 11017]
    """
    return np.asarray(dates, dtype="datetime64[D]").view(np.int64)


@compiled
def month_of(day: int) -> int:
    """Place in the table of the month a day falls in."""
    guess = int((day - FIRST_DAY) * MONTHS_PER_DAY)
    return guess - int(day < FIRST_OF_MONTH[guess]) + int(day >= FIRST_OF_MONTH[guess + 1])


@compiled
def day_in_month(month: int, day_of_month: int) -> int:
    """Day number of a day of a month, or of its last day where it has fewer."""
    return int(min(FIRST_OF_MONTH[month] + day_of_month, FIRST_OF_MONTH[month + 1])) - 1


@compiled
def payment_day_of_month(maturity: int, maturity_month: int, is_month_end_rule: bool) -> int:
    """Day of the month on which a bond pays."""
    if is_month_end_rule and maturity + 1 == FIRST_OF_MONTH[maturity_month + 1]:
        return PAYS_ON_LAST_DAY
    return maturity - int(FIRST_OF_MONTH[maturity_month]) + 1


@compiled
def whole_periods(months: int, periods_per_month: float) -> int:
    """Whole coupon periods in so many months; the half month keeps the product off whole numbers."""
    return int((months + 0.5) * periods_per_month)


@compiled
def coupon_period(
    day: int, maturity_month: int, day_of_month: int, months_per_coupon: int, periods_per_month: float
) -> tuple[int, int, int]:
    """Coupon date on or before a day, the one after it, and the number of payments after the day."""
    back = whole_periods(maturity_month - month_of(day), periods_per_month)
    month = maturity_month - back * months_per_coupon
    coupon = day_in_month(month, day_of_month)
    is_later = coupon > day
    other = day_in_month(month - months_per_coupon if is_later else month + months_per_coupon, day_of_month)
    return min(coupon, other), max(coupon, other), back + int(is_later)
