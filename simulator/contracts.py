"""The contract table: what each Treasury futures contract is, which bonds it takes and when.

One row a contract, United States (CBOT), United Kingdom (ICE) and China (CFFEX). Everything that differs
between contracts stands in the row, so that adding one is adding a row; no other module branches on a
contract's name. The rows describe the rules in force in 2025; :func:`rules_at` gives those of an earlier
delivery month.

Sources: CBOT rulebook chapters 18-21, 26, 39, 40 and 45, the ICE long gilt specification and the CFFEX
contract tables. The basket rules reproduce the exchange's lists of deliverable bonds for June and December
2025.
"""

from __future__ import annotations

from collections.abc import Iterator, Set
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any, Literal

#: Last trading and last delivery day.
DeliveryRule = Literal["us-month-end", "us-seven-days-before", "uk-two-days-before", "china-second-friday"]

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
    is_factor_by_months
        Whether the conversion factor counts in months; where it counts in days (long gilt), take the
        exchange's own.
    price_limit
        Largest move in a day, of yesterday's settlement (None: no limit).
    admitted_since
        Holders whom the market barred, and the first day from which some of them may trade.
    """

    code: str
    exchange_code: str
    name: str
    country: Literal["US", "UK", "China"]
    currency: Literal["USD", "GBP", "CNY"]
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
    is_factor_by_months: bool = True
    price_limit: float | None = None
    admitted_since: tuple[tuple[Literal["banks", "insurers"], date], ...] = ()

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


#: Notice of four Chinese authorities that admits some banks and insurers to government bond futures (21 February 2020).
BANKS_ADMITTED = date(2020, 2, 21)


def _china(
    code: str,
    name: str,
    face: float,
    tick_points: float,
    original_months_max: int,
    remaining_months: tuple[int, int | None],
    price_limit: float,
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
        price_limit=price_limit,
        admitted_since=(("banks", BANKS_ADMITTED), ("insurers", BANKS_ADMITTED)),
    )


_LONG_GILT = Contract(
    code="G",
    exchange_code="R",
    name="long gilt",
    country="UK",
    currency="GBP",
    face=1e5,
    tick_points=0.01,
    notional_coupon=0.04,
    factor_rounding_months=1,
    delivery_rule="uk-two-days-before",
    original_months_max=None,
    remaining_months_min=105,
    remaining_months_max=156,
    repo_days_per_year=365.0,
    coupon_frequencies=(2,),
    is_paid_on_month_ends=False,
    accrued_decimals=None,
    is_factor_by_months=False,
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
    _LONG_GILT,
    _china("TS", "2-year bond", 2e6, 0.002, 60, (18, 27), 0.005),
    _china("TF", "5-year bond", 1e6, 0.005, 84, (48, 63), 0.012),
    _china("T", "10-year bond", 1e6, 0.005, 120, (78, None), 0.02),
    _china("TL", "30-year bond", 1e6, 0.01, 360, (300, None), 0.035),
)

CONTRACTS: dict[str, Contract] = {contract.code: contract for contract in _ROWS}

#: Rules that a later one replaced, as the first delivery month of the later one and what it changed.
#: The ten-year note lost its older half in 2025 and the bond its longest issues when the ultra bond came;
#: the three-year note took seven-year notes when it was listed anew in 2020. China's rules are of the
#: exchange's notices; the months of its changes are judgement.
_EARLIER_RULES: dict[str, tuple[tuple[date, dict[str, Any]], ...]] = {
    "Z3N": ((date(2020, 9, 1), {"original_months_max": 63}),),
    "TY": ((date(2025, 3, 1), {"remaining_months_max": 120}),),
    "US": ((date(2011, 3, 1), {"remaining_months_max": None}),),
    "TF": ((date(2015, 12, 1), {"original_months_max": None, "remaining_months_max": 84}),),
    "T": ((date(2021, 3, 1), {"original_months_max": None, "remaining_months_max": 123}),),
}

#: Until then the CBOT's factors were prices at 8%.
SIX_PERCENT_SINCE = date(2000, 3, 1)


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


def rules_at(contract: Contract, delivery_month: date) -> Contract:
    """The contract under the rules of a delivery month.

    Examples
    --------
    >>> ten_year = CONTRACTS["TY"]
    >>> [rules_at(ten_year, date(year, 6, 1)).remaining_months_max for year in (2017, 2025)]
    [120, 96]
    """
    for later_since, earlier in _EARLIER_RULES.get(contract.code, ()):
        if delivery_month < later_since:
            contract = replace(contract, **earlier)
    if contract.country == "US" and delivery_month < SIX_PERCENT_SINCE:
        contract = replace(contract, notional_coupon=0.08)
    return contract


def contract_named(text: str) -> Contract:
    """Contract of a code as the market writes it, or as the exchange does, in capitals or not.

    Raises
    ------
    ValueError
        When no contract has such a code; the message lists the codes there are.

    Examples
    --------
    >>> contract_named("zn").code
    'TY'
    """
    return _by_either_code(text) or find_contract(text)


def contract_advice(code: str) -> str:
    """What to write instead of an unknown code: the market's code for an exchange's, or the list."""
    contract = _by_either_code(code)
    if contract is None:
        return f"choose one of {', '.join(CONTRACTS)}"
    return f"write {contract.code} for the {contract.name} future"


def _by_either_code(text: str) -> Contract | None:
    """Contract of the market's code or the exchange's, in capitals or not; none if no row has it."""
    code = text.upper()
    return next((each for each in CONTRACTS.values() if code in (each.code, each.exchange_code)), None)


def add_months(day: date, months: int) -> date:
    """Same day of the month some months on, or the month's last day where that day does not exist."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, _last_day_of_month(year, month + 1).day))


def _last_day_of_month(year: int, month: int) -> date:
    return date(year + month // 12, month % 12 + 1, 1) - timedelta(days=1)


def is_deliverable(
    contract: Contract, issue_date: date | None, maturity_date: date, delivery_month: date
) -> bool:
    """Whether a bond may be delivered into a contract month, under the rules that the contract states.

    Parameters
    ----------
    issue_date
        Date of the original issue. A bond reopened as a new, shorter original issue (Treasury does
        so when coupon and maturity coincide) counts from that later date: test it too. None where it is
        not known: then what is left of the term decides.
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
    issued = last if issue_date is None else issue_date
    if issued > last or maturity_date < add_months(first, contract.remaining_months_min):
        return False
    if longest is not None and issued < add_months(maturity_date, -longest):
        return False
    if remaining_max is None:
        return True
    latest = add_months(last if contract.is_max_from_month_end else first, remaining_max)
    return maturity_date < latest or (maturity_date == latest and not contract.is_max_excluded)


def basket_text(contract: Contract) -> str:
    """Which bonds a contract takes, in words.

    Examples
    --------
    >>> basket_text(CONTRACTS["FV"])
    'bonds with 4 years 2 months or more left and issued for at most 5 years 3 months'
    """
    least, most = contract.remaining_months_min, contract.remaining_months_max
    if most is None:
        left = f"{_term(least)} or more left"
    else:
        left = f"{_term(least)} to {'less than ' * contract.is_max_excluded}{_term(most)} left"
    longest = contract.original_months_max
    return f"bonds with {left}" + ("" if longest is None else f" and issued for at most {_term(longest)}")


def _term(months: int) -> str:
    years, rest = divmod(months, 12)
    parts = [f"{years} year{'s' * (years != 1)}"] * (years > 0) + [f"{rest} months"] * (rest > 0)
    return " ".join(parts)


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
    if contract.delivery_rule == "uk-two-days-before":
        return _business_day(month_end, -2, closed)
    return _business_day(month_end, -7, closed)


def last_delivery_day(contract: Contract, delivery_month: date, holidays: Set[date] | None = None) -> date:
    """Last day on which the short may deliver.

    Parameters
    ----------
    delivery_month
        Any date in the month of delivery.
    holidays
        Weekdays on which the market is closed. Left out, those of the United States are computed and those of China
        listed (:func:`chinese_holidays`); those of other countries are taken to be none.

    Examples
    --------
    >>> last_delivery_day(CONTRACTS["TY"], date(2002, 3, 1))  # 29 March 2002 was Good Friday
    datetime.date(2002, 3, 28)
    """
    first = delivery_month.replace(day=1)
    closed = _closed(contract, first, holidays)
    if contract.delivery_rule in ("us-seven-days-before", "uk-two-days-before"):
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
    if contract.country == "China":
        return chinese_holidays(first.year)
    return set(_united_states_holidays(first.year)) if contract.country == "US" else frozenset()


def chinese_holidays(year: int) -> frozenset[date]:
    """Weekdays on which China's exchanges are closed.

    The State Council sets them by notice each year: those of 2018 to 2025 are listed. Of other years only New Year's
    Day and the first days of May and October are known beforehand; the lunar holidays are missing.

    Examples
    --------
    >>> sorted(str(day) for day in chinese_holidays(2019) if day.month in (4, 6))
    ['2019-04-05', '2019-06-07']
    """
    notice = _CHINESE_NOTICES.get(year, "01-01 05-01 10-01 10-02 10-03")
    days = (date.fromisoformat(f"{year}-{day}") for day in notice.split())
    return frozenset(day for day in days if day.weekday() < _SATURDAY)


#: Weekdays on which the exchanges are closed, by the State Council's notices.
_CHINESE_NOTICES = {
    2018: "01-01 02-15 02-16 02-19 02-20 02-21 04-05 04-06 04-30 05-01 06-18 09-24 10-01 10-02 10-03 10-04 10-05 12-31",
    2019: "01-01 02-04 02-05 02-06 02-07 02-08 04-05 05-01 05-02 05-03 06-07 09-13 10-01 10-02 10-03 10-04 10-07",
    2020: "01-01 01-24 01-27 01-28 01-29 01-30 01-31 04-06 05-01 05-04 05-05 06-25 06-26 10-01 10-02 10-05 10-06 10-07"
    " 10-08",
    2021: "01-01 02-11 02-12 02-15 02-16 02-17 04-05 05-03 05-04 05-05 06-14 09-20 09-21 10-01 10-04 10-05 10-06 10-07",
    2022: "01-03 01-31 02-01 02-02 02-03 02-04 04-04 04-05 05-02 05-03 05-04 06-03 09-12 10-03 10-04 10-05 10-06 10-07",
    2023: "01-02 01-23 01-24 01-25 01-26 01-27 04-05 05-01 05-02 05-03 06-22 06-23 09-29 10-02 10-03 10-04 10-05 10-06",
    2024: "01-01 02-09 02-12 02-13 02-14 02-15 02-16 04-04 04-05 05-01 05-02 05-03 06-10 09-16 09-17 10-01 10-02 10-03"
    " 10-04 10-07",
    2025: "01-01 01-28 01-29 01-30 01-31 02-03 02-04 04-04 05-01 05-02 05-05 06-02 10-01 10-02 10-03 10-06 10-07 10-08",
}


def _united_states_holidays(year: int) -> Iterator[date]:
    """Holidays that can fall in a delivery month or in the three business days after it."""
    for fixed in (date(year, 7, 4), date(year + 1, 1, 1)):
        yield _observed(fixed)
    christmas = date(year, 12, 25)
    yield date(year, 12, 24) if christmas.weekday() == _SATURDAY else _observed(christmas)
    if year >= 2022:  # Juneteenth: markets first closed in 2022
        yield _observed(date(year, 6, 19))
    september = date(year, 9, 1)
    yield september + timedelta(days=-september.weekday() % 7)  # Labor Day: first Monday
    good_friday = easter(year) - timedelta(days=2)
    # On the first Friday of a month the employment report comes out, and markets and delivery are open.
    if not (good_friday.month == 4 and good_friday.day <= 7):
        yield good_friday


def _observed(holiday: date) -> date:
    """Monday for a Sunday holiday; one on a Saturday closes no weekday of the futures market, Christmas excepted."""
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
