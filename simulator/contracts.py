"""The contract table: what each Treasury futures contract is, which bonds it takes and when.

One row a contract, United States (CBOT) and China (CFFEX). Everything that differs between contracts
stands in the row, so that adding one is adding a row; no other module branches on a contract's name.
The rows describe the rules in force in 2025; for a delivery month under older rules (the ten-year
note took bonds up to ten years before 2025) pass ``dataclasses.replace(contract, ...)``.

Sources: CBOT rulebook chapters 18-21, 26, 39, 40 and 45 and the CFFEX contract tables. The basket
rules reproduce the exchange's lists of deliverable bonds for June and December 2025.
"""

from __future__ import annotations

from collections.abc import Iterator, Set
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

#: Last trading and last delivery day.
DeliveryRule = Literal["us-month-end", "us-seven-days-before", "china-second-friday"]

#: All contracts of the table expire in these months.
DELIVERY_MONTHS = (3, 6, 9, 12)

_FRIDAY, _SATURDAY, _SUNDAY = 4, 5, 6


@dataclass(frozen=True, slots=True)
class Contract:
    """One bond futures contract.

    Attributes
    ----------
    exchange_code
        Symbol the exchange's own platform uses where it differs from the market's.
    face
        Face value of the bonds behind one contract, in ``currency``.
    tick_points
        Smallest outright price step, in points (per 100 of face).
    notional_coupon
        Coupon at which a bond's conversion factor is one, decimal a year.
    factor_rounding_months
        Months to maturity are rounded down to a multiple of this in the conversion factor.
    delivery_rule
        Which delivery calendar applies.
    original_months_max
        Longest original term a deliverable bond may have had, in months (None: any).
    remaining_months_min, remaining_months_max
        Remaining term on the first day of the delivery month, in months. The upper bound counts from
        the last day of the month when ``is_max_from_month_end``, and is itself excluded when
        ``is_max_excluded``.
    repo_days_per_year
        Day count of repo and implied repo rates in this market.
    coupon_frequencies
        Payments a year a deliverable bond may make.
    is_paid_on_month_ends
        Whether a bond that matures on the last day of a month pays its coupons on last days.
    accrued_decimals
        Decimals the exchange rounds accrued interest on 100 of face to, before it is turned into money
        (None: not rounded before).
    """

    code: str
    exchange_code: str
    name: str
    country: Literal["US", "China"]
    currency: Literal["USD", "CNY"]
    face: float
    tick_points: float
    notional_coupon: float
    factor_rounding_months: int
    delivery_rule: DeliveryRule
    original_months_max: int | None
    remaining_months_min: int
    remaining_months_max: int | None
    repo_days_per_year: float
    coupon_frequencies: tuple[int, ...]
    is_paid_on_month_ends: bool
    accrued_decimals: int | None
    is_max_from_month_end: bool = False
    is_max_excluded: bool = False

    @property
    def tick_value(self) -> float:
        """Money one tick of one contract is worth."""
        return self.face * self.tick_points / 100.0


def _united_states(
    code: str,
    exchange_code: str,
    name: str,
    face: float,
    ticks_per_point: int,
    factor_rounding_months: int,
    original_months_max: int | None,
    remaining_months: tuple[int, int | None],
    *,
    is_max_from_month_end: bool = False,
    is_max_excluded: bool = False,
) -> Contract:
    return Contract(
        code=code,
        exchange_code=exchange_code,
        name=name,
        country="US",
        currency="USD",
        face=face,
        tick_points=1.0 / ticks_per_point,
        notional_coupon=0.06,
        factor_rounding_months=factor_rounding_months,
        delivery_rule="us-month-end" if factor_rounding_months == 1 else "us-seven-days-before",
        original_months_max=original_months_max,
        remaining_months_min=remaining_months[0],
        remaining_months_max=remaining_months[1],
        repo_days_per_year=360.0,
        coupon_frequencies=(2,),
        is_paid_on_month_ends=True,
        accrued_decimals=None,
        is_max_from_month_end=is_max_from_month_end,
        is_max_excluded=is_max_excluded,
    )


def _china(
    code: str,
    name: str,
    face: float,
    tick_points: float,
    original_months_max: int,
    remaining_months: tuple[int, int | None],
) -> Contract:
    return Contract(
        code=code,
        exchange_code=code,
        name=name,
        country="China",
        currency="CNY",
        face=face,
        tick_points=tick_points,
        notional_coupon=0.03,
        factor_rounding_months=1,
        delivery_rule="china-second-friday",
        original_months_max=original_months_max,
        remaining_months_min=remaining_months[0],
        remaining_months_max=remaining_months[1],
        repo_days_per_year=365.0,
        coupon_frequencies=(1, 2),
        is_paid_on_month_ends=False,
        accrued_decimals=7,
    )


#: The table. Remaining terms in months: 21 is one year and nine months.
_ROWS = (
    _united_states("TU", "ZT", "2-year note", 2e5, 256, 1, 63, (21, 24), is_max_from_month_end=True),
    _united_states("Z3N", "Z3N", "3-year note", 3e5, 256, 1, 84, (33, 36), is_max_from_month_end=True),
    _united_states("FV", "ZF", "5-year note", 1e5, 128, 1, 63, (50, None)),
    _united_states("TY", "ZN", "10-year note", 1e5, 64, 3, 120, (78, 96)),
    _united_states("UXY", "TN", "ultra 10-year note", 1e5, 64, 3, 120, (113, 120)),
    _united_states("TWE", "TWE", "20-year bond", 1e5, 32, 3, None, (230, 239)),
    _united_states("US", "ZB", "Treasury bond", 1e5, 32, 3, None, (180, 300), is_max_excluded=True),
    _united_states("WN", "UB", "ultra bond", 1e5, 32, 3, None, (300, None)),
    _china("TS", "2-year bond", 2e6, 0.002, 60, (18, 27)),
    _china("TF", "5-year bond", 1e6, 0.005, 84, (48, 63)),
    _china("T", "10-year bond", 1e6, 0.005, 120, (78, None)),
    _china("TL", "30-year bond", 1e6, 0.01, 360, (300, None)),
)

CONTRACTS: dict[str, Contract] = {contract.code: contract for contract in _ROWS}


def find_contract(code: str) -> Contract:
    """Contract of this code.

    Raises
    ------
    ValueError
        When the table has no such row; the message lists the codes it has.

    Examples
    --------
    >>> find_contract("TY").tick_value
    15.625
    """
    if code not in CONTRACTS:
        raise ValueError(f"{code!r} is not a known contract; {contract_advice(code)}.")
    return CONTRACTS[code]


def contract_advice(code: str) -> str:
    """What to write instead of an unknown code: the market's code for an exchange's, or the list."""
    for contract in CONTRACTS.values():
        if code.upper() in (contract.code, contract.exchange_code):
            return f"write {contract.code} for the {contract.name} future"
    return f"choose one of {', '.join(CONTRACTS)}"


def add_months(day: date, months: int) -> date:
    """Same day of the month some months on, or the month's last day where that day does not exist."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, _last_day_of_month(year, month + 1).day))


def _last_day_of_month(year: int, month: int) -> date:
    return date(year + month // 12, month % 12 + 1, 1) - timedelta(days=1)


def is_deliverable(contract: Contract, issue_date: date, maturity_date: date, delivery_month: date) -> bool:
    """Whether a bond may be delivered into a contract month.

    Parameters
    ----------
    issue_date
        Date of the original issue. A bond reopened as a new, shorter original issue (Treasury does
        so when coupon and maturity coincide) counts from that later date: test it too.
    delivery_month
        Any date in the month of delivery.

    Examples
    --------
    >>> is_deliverable(CONTRACTS["TY"], date(2023, 5, 15), date(2033, 5, 15), date(2025, 6, 1))
    True
    """
    first = delivery_month.replace(day=1)
    last = _last_day_of_month(first.year, first.month)
    longest, remaining_max = contract.original_months_max, contract.remaining_months_max
    if issue_date > last or maturity_date < add_months(first, contract.remaining_months_min):
        return False
    if longest is not None and issue_date < add_months(maturity_date, -longest):
        return False
    if remaining_max is None:
        return True
    latest = add_months(last if contract.is_max_from_month_end else first, remaining_max)
    return maturity_date < latest or (maturity_date == latest and not contract.is_max_excluded)


def first_delivery_day(contract: Contract, delivery_month: date, holidays: Set[date] | None = None) -> date:
    """First business day of the delivery month; ``holidays`` as in :func:`last_delivery_day`."""
    first = delivery_month.replace(day=1)
    return _business_day(first - timedelta(days=1), 1, _closed(contract, first, holidays))


def last_trading_day(contract: Contract, delivery_month: date, holidays: Set[date] | None = None) -> date:
    """Last day the contract trades; ``holidays`` as in :func:`last_delivery_day`."""
    first = delivery_month.replace(day=1)
    closed = _closed(contract, first, holidays)
    if contract.delivery_rule == "china-second-friday":
        second_friday = first + timedelta(days=(_FRIDAY - first.weekday()) % 7 + 7)
        return _business_day(second_friday - timedelta(days=1), 1, closed)
    month_end = _business_day(_last_day_of_month(first.year, first.month) + timedelta(days=1), -1, closed)
    if contract.delivery_rule == "us-month-end":
        return month_end
    return _business_day(month_end, -7, closed)


def last_delivery_day(contract: Contract, delivery_month: date, holidays: Set[date] | None = None) -> date:
    """Last day on which the short may deliver.

    Parameters
    ----------
    delivery_month
        Any date in the month of delivery.
    holidays
        Weekdays on which the market is closed. Left out, the United States' own are computed and
        China's are taken to be none, since the State Council sets them by notice each year.

    Examples
    --------
    >>> last_delivery_day(CONTRACTS["TY"], date(2002, 3, 1))  # 29 March 2002 was Good Friday
    datetime.date(2002, 3, 28)
    """
    first = delivery_month.replace(day=1)
    closed = _closed(contract, first, holidays)
    if contract.delivery_rule == "us-seven-days-before":
        return _business_day(_last_day_of_month(first.year, first.month) + timedelta(days=1), -1, closed)
    return _business_day(last_trading_day(contract, delivery_month, holidays), 3, closed)


def _business_day(day: date, count: int, closed: Set[date]) -> date:
    """The ``count``-th business day after a day (before it, when negative)."""
    step = timedelta(days=1 if count > 0 else -1)
    while count:
        day += step
        if day.weekday() < _SATURDAY and day not in closed:
            count -= 1 if count > 0 else -1
    return day


def _closed(contract: Contract, first: date, holidays: Set[date] | None) -> Set[date]:
    if holidays is not None:
        return holidays
    return set(_united_states_holidays(first.year)) if contract.country == "US" else frozenset()


def _united_states_holidays(year: int) -> Iterator[date]:
    """Holidays that can fall in a delivery month or in the three business days after it."""
    for fixed in (date(year, 7, 4), date(year, 12, 25), date(year + 1, 1, 1)):
        yield _observed(fixed)
    if year >= 2022:  # Juneteenth: markets first closed in 2022
        yield _observed(date(year, 6, 19))
    september = date(year, 9, 1)
    yield september + timedelta(days=-september.weekday() % 7)  # Labor Day: first Monday
    yield easter(year) - timedelta(days=2)  # Good Friday


def _observed(holiday: date) -> date:
    """Monday for a Sunday holiday; a Saturday holiday closes no weekday of the futures market."""
    return holiday + timedelta(days=1) if holiday.weekday() == _SUNDAY else holiday


def easter(year: int) -> date:
    """Easter Sunday of the Gregorian calendar (the Meeus-Jones-Butcher computation)."""
    golden = year % 19
    century, of_century = divmod(year, 100)
    moon = (19 * golden + century - century // 4 - (century - (century + 8) // 25 + 1) // 3 + 15) % 30
    week = (32 + 2 * (century % 4) + 2 * (of_century // 4) - moon - of_century % 4) % 7
    shift = (golden + 11 * moon + 22 * week) // 451
    month, day = divmod(moon + week - 7 * shift + 114, 31)
    return date(year, month, day + 1)
