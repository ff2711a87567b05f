"""The calendar of delivery months: which month is held on each day, when it is rolled and when it is delivered."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from itertools import product
from typing import NamedTuple

import numpy as np

from simulator.contracts import CONTRACTS, DELIVERY_MONTHS, Contract, first_delivery_day, last_delivery_day
from simulator.engine.hedges.futures import DAYS_PER_YEAR
from simulator.engine.parameters import Schedule
from simulator.model.table import Floats
from simulator.results.calendar import is_trading_day, trading_dates
from simulator.scenario.schema import Futures, Market

#: Trading days from the first intention day, when shorts may first say that they deliver, to the first delivery (QB11).
INTENTION_DAYS = 2
#: Years whose months are listed: a run is no longer.
YEARS_LISTED = 12


class Month(NamedTuple):
    """A delivery month of a contract: the days on which it is rolled into the next, and its last delivery day."""

    roll: list[date]
    delivery: date


class HeldMonths(NamedTuple):
    """What the calendar makes of each day of a run; entries as in the schedule."""

    time_left: Floats
    rolled: Floats
    years_to_delivery: Floats
    is_delivery: Floats


def delivery_months(contract: Contract, since: date, roll_days: int) -> list[Month]:
    """The delivery months that can be held on a day and in the years that follow.

    Examples
    --------
    >>> months = delivery_months(CONTRACTS["TY"], date(2020, 2, 18), 10)
    >>> [str(day) for day in (months[0].roll[0], months[0].roll[-1], months[0].delivery)]
    ['2020-02-13', '2020-02-27', '2020-03-31']
    """
    months = []
    for year, month in product(range(since.year, since.year + YEARS_LISTED), DELIVERY_MONTHS):
        first = date(year, month, 1)
        intention = _before(contract, first_delivery_day(contract, first), INTENTION_DAYS)
        roll = [_before(contract, intention, days) for days in range(roll_days - 1, -1, -1)]
        if roll[-1] > since:
            months.append(Month(roll, last_delivery_day(contract, first)))
    return months


def _before(contract: Contract, day: date, days: int) -> date:
    """The trading day so many before a day, in the contract's country."""
    while days:
        day -= timedelta(days=1)
        days -= is_trading_day(day, contract.currency)
    return day


def held_months(
    contract: Contract, horizon_years: float, dates: Sequence[date], roll_days: int
) -> HeldMonths:
    """Which month is held on each day after the opening.

    Parameters
    ----------
    horizon_years
        The hedge's horizon, which its opening dislocation is earned over.
    dates
        The opening day and the trading days that follow.
    """
    months = delivery_months(contract, dates[0], roll_days)
    held = HeldMonths(*np.zeros((4, len(dates) - 1)))
    front = 0
    for row, day in enumerate(dates[1:]):
        while day > months[front].roll[-1]:
            front += 1
        month, following = months[front], months[front + 1]
        rolled = sum(each <= day for each in month.roll) / roll_days
        near, far = ((each.delivery - day).days / DAYS_PER_YEAR for each in (month, following))
        held.time_left[row] = ((1.0 - rolled) * near + rolled * far) / horizon_years
        before = dates[row]
        # a day of the exchange's on which this market is closed counts on the next one
        days_of_roll = [each for passed in months[: front + 1] for each in passed.roll]
        held.rolled[row] = sum(before < each <= day for each in days_of_roll) / roll_days
        held.years_to_delivery[row] = near
        held.is_delivery[row] = any(before < each.delivery <= day for each in months[: front + 1])
    return held


def lay_out_months(market: Market, days: int, schedule: Schedule) -> None:
    """Fill the schedule's rows of the calendar for every future; without a calendar horizons are constant."""
    schedule.time_left[:] = 1.0
    if market.roll == "continuous":
        return
    dates = trading_dates(date.fromisoformat(market.date), days, market.currency)
    for h, (name, hedge) in enumerate(market.hedges.items()):
        if isinstance(hedge, Futures):
            contract = CONTRACTS[hedge.contract or name]
            held = held_months(contract, hedge.horizon, dates, int(market.roll_days))
            for key, values in held._asdict().items():
                getattr(schedule, key)[:, h] = values
