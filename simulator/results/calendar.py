"""Trading days of a government bond market, by its currency: the dates beside the day numbers of a run.

A day is a weekday on which the market is open, that of the United States by the recommendations of SIFMA. The rule
gives every day of the Treasury's daily par yields from 1990 to 2025, but for Good Friday of 1994 and five
closures nobody could plan (mourning, 11 September 2001, a hurricane): dates after those come out one day
early. China's days are those of its exchanges (:func:`simulator.contracts.chinese_holidays`).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from functools import cache

from simulator.contracts import chinese_holidays, easter

MONDAY, THURSDAY, SATURDAY, SUNDAY = 0, 3, 5, 6
APRIL = 4


def trading_dates(opening: date, days: int, currency: str = "USD") -> list[date]:
    """The opening day and the trading days that follow it.

    Parameters
    ----------
    opening
        Day 0; kept as it is, a trading day or not.
    days
        How many trading days follow.
    currency
        Currency of the market, which says whose days: ``"USD"`` or ``"CNY"``.

    Examples
    --------
    >>> [str(day) for day in trading_dates(date(2020, 4, 9), 2)]  # 10 April 2020 was Good Friday
    ['2020-04-09', '2020-04-13', '2020-04-14']
    """
    dates = [opening]
    day = opening
    while len(dates) <= days:
        day += timedelta(days=1)
        if is_trading_day(day, currency):
            dates.append(day)
    return dates


def is_trading_day(day: date, currency: str = "USD") -> bool:
    """Whether the government bond market of a currency is open."""
    return day.weekday() < SATURDAY and day not in market_holidays(day.year, currency)


@cache
def market_holidays(year: int, currency: str = "USD") -> frozenset[date]:
    """Weekdays of a year on which the government bond market of a currency is closed."""
    return chinese_holidays(year) if currency == "CNY" else frozenset(_holidays(year))


def _holidays(year: int) -> Iterator[date]:
    for month, day in ((1, 1), (11, 11)):
        yield _observed(date(year, month, day))
    if year >= 2022:  # Juneteenth: markets first closed in 2022
        yield _observed(date(year, 6, 19))
    for month, day in ((7, 4), (12, 25)):
        holiday = date(year, month, day)
        yield holiday - timedelta(days=1) if holiday.weekday() == SATURDAY else _observed(holiday)
    yield _weekday(year, 1, MONDAY, 3)  # Martin Luther King
    yield _weekday(year, 2, MONDAY, 3)  # Presidents
    yield _weekday(year, 6, MONDAY, 1) - timedelta(days=7)  # Memorial: last Monday of May
    yield _weekday(year, 9, MONDAY, 1)  # Labor
    yield _weekday(year, 10, MONDAY, 2)  # Columbus
    yield _weekday(year, 11, THURSDAY, 4)  # Thanksgiving
    good_friday = easter(year) - timedelta(days=2)
    # On the first Friday of a month payrolls are published, and the market opens for the morning.
    if not (good_friday.month == APRIL and good_friday.day <= 7):
        yield good_friday


def _weekday(year: int, month: int, weekday: int, count: int) -> date:
    first = date(year, month, 1)
    return first + timedelta(days=(weekday - first.weekday()) % 7 + 7 * (count - 1))


def _observed(holiday: date) -> date:
    """Monday for a Sunday holiday; a Saturday holiday closes no weekday."""
    return holiday + timedelta(days=1) if holiday.weekday() == SUNDAY else holiday
