"""Tables of par yields as they come: the Treasury's, FRED's, the Federal Reserve's stress tests, and plain ones.

A table says what it is by its headings. The Treasury's download has `2 Yr` or `2 Year` and the newest day first, FRED's
`DGS2` and a point or nothing for days without a figure, a stress test's `5-year Treasury yield` by quarter. Yields are
in per cent in all of them, and the same figures whatever their form: separators, decimal commas and the order of rows
change nothing. Source of the headings: the files themselves, of 2025.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from simulator.as_written import AmbiguousError, decimal_mark, plain_number
from simulator.csv_file import CsvFile, DataError, check_columns
from simulator.drivers.random_streams import Floats
from simulator.drivers.rates import TENOR_YEARS
from simulator.units import UnitError, day_of, quoted

COLUMNS = tuple(f"y{tenor}" for tenor in TENOR_YEARS)
YIELD_PCT_MIN, YIELD_PCT_MAX = -5.0, 30.0
#: Headings of a yield: `y10`, `10 Yr`, `10-year`, `BC_10YEAR`, `DGS10`.
_TENOR = re.compile(r"(?:y|dgs|bc[_ ])?([0-9]+)(?:[ _-]?(?:yr|year|y)s?)?", re.IGNORECASE)
_DAYS = ("date", "observation_date", "new_date", "time period")
#: What files write where there is no figure.
_NOTHING = frozenset({"", ".", "-", "n/a", "na", "nd", "#n/a"})
_SLASHED = re.compile(r"([0-9]{1,2})/([0-9]{1,2})/([0-9]{4}|[0-9]{2})")
_DOTTED = re.compile(r"([0-9]{1,2})\.([0-9]{1,2})\.([0-9]{4})")
_QUARTER = re.compile(r"(?:q([1-4])[ -]?([0-9]{4})|([0-9]{4})[ :-]?q([1-4]))", re.IGNORECASE)
#: Rates of a stress test in the order of their tenors in years; BBB bonds stand for credit.
_STRESS = {0.25: "3-month treasury rate", 5.0: "5-year treasury yield", 10.0: "10-year treasury yield"}
_STRESS_CREDIT = "bbb corporate yield"
#: High-yield spreads move so much for a move of BBB spreads. Judgement: +700 and +350 bp from February to March 2020.
HIGH_YIELD_PER_BBB = 2.0
_SATURDAY = 5


class YieldTable(NamedTuple):
    """Days in rising order and their yields in bp, (row, tenor); what was made of a table by quarter."""

    days: list[date]
    yields_bp: Floats
    credit_bp: npt.NDArray[np.float64] | None = None
    note: str = ""


def table_of_yields(table: CsvFile) -> YieldTable:
    """Yields of a table in any of the forms.

    Raises
    ------
    DataError
        With file, line and column of the first fault.
    """
    folded = [heading.casefold().strip() for heading in table.header]
    if set(_STRESS.values()) <= set(folded):
        return _by_quarter(replace(table, header=tuple(folded)))
    named = _named(table)
    check_columns(named, ("date", *COLUMNS))
    decimal = _decimal(named, COLUMNS)
    days = _days(named, named.column("date"))
    cells = [named.column(column) for column in COLUMNS]
    yields = np.array(
        [
            [_yield_bp(named, row, column, text, decimal) for row, text in enumerate(texts)]
            for column, texts in zip(COLUMNS, cells, strict=True)
        ]
    ).T
    if len(days) > 1 and days[0] > days[-1]:
        days, yields = days[::-1], yields[::-1]
        named = replace(named, rows=named.rows[::-1])
    _check_ascending(named, days)
    published = np.isfinite(yields).any(axis=1)  # a row without figures is a day on which markets were closed
    kept = [day for day, is_there in zip(days, published.tolist(), strict=True) if is_there]
    return YieldTable(kept, yields[published])


def _named(table: CsvFile) -> CsvFile:
    """The same under the names of plain tables; headings that are none of a yield or the date stay."""
    names: list[str] = []
    for heading in table.header:
        tenor = _TENOR.fullmatch(heading.strip())
        name = f"y{int(tenor[1])}" if tenor and int(tenor[1]) in TENOR_YEARS else heading
        name = "date" if heading.strip().casefold() in _DAYS else name
        names.append(heading if name in names else name)
    return replace(table, header=tuple(names))


def _decimal(table: CsvFile, columns: Sequence[str]) -> str:
    try:
        return decimal_mark((cell for name in columns for cell in table.column(name)), table.separator)
    except AmbiguousError as error:
        raise DataError(
            table.name, str(error), "decimals of one kind", "Save the file with points in numbers."
        ) from error


def _yield_bp(table: CsvFile, row: int, column: str, text: str, decimal: str) -> float:
    if text.casefold() in _NOTHING:
        return math.nan
    where = table.where(row, column)
    try:
        percent = float(plain_number(text.removesuffix("%").strip(), decimal))
    except ValueError:
        found = f"{quoted(text)} is no number"
        raise DataError(where, found, "per cent, or an empty cell", "Leave the cell empty.") from None
    if not YIELD_PCT_MIN <= percent <= YIELD_PCT_MAX:
        wanted = f"{YIELD_PCT_MIN:g} to {YIELD_PCT_MAX:g} per cent"
        raise DataError(where, f"{percent:g} is no yield", wanted, "Write 4.25 for 4.25%.")
    # Rounded so that a published hundredth of a per cent is a whole number of bp, free of binary dust.
    return round(percent * 100.0, 6)


def _days(table: CsvFile, texts: Sequence[str]) -> list[date]:
    """Days of a column, all in one form: 2020-03-09, 03/09/2020 of the Treasury, or 09.03.2020."""
    is_american = _month_first(table, texts)
    days = []
    for row, text in enumerate(texts):
        slashed, dotted = _SLASHED.fullmatch(text), _DOTTED.fullmatch(text)
        plain = text
        if slashed and is_american is not None:
            month, day = (slashed[1], slashed[2]) if is_american else (slashed[2], slashed[1])
            year = (
                slashed[3]
                if len(slashed[3]) == 4
                else f"{'19' if int(slashed[3]) > 69 else '20'}{slashed[3]}"
            )
            plain = f"{year}-{int(month):02d}-{int(day):02d}"
        elif dotted:
            plain = f"{dotted[3]}-{int(dotted[2]):02d}-{int(dotted[1]):02d}"
        try:
            days.append(day_of(plain))
        except UnitError as error:
            where = table.where(row, "date")
            found = error.found if plain == text else error.found.replace(quoted(plain), quoted(text))
            raise DataError(where, found, error.allowed, error.advice) from None
    return days


def _month_first(table: CsvFile, texts: Sequence[str]) -> bool | None:
    """Whether dates with slashes are American; told by a part that can be no month, none if no date tells."""
    found = [match for match in map(_SLASHED.fullmatch, texts) if match]
    first, second = (max((int(match[part]) for match in found), default=0) for part in (1, 2))
    if first > 12 and second > 12:
        row = next(
            n for n, text in enumerate(texts) if (match := _SLASHED.fullmatch(text)) and int(match[1]) > 12
        )
        advice = "Write days as 2020-03-09."
        raise DataError(
            table.where(row, "date"), "days and months change places", "dates of one form", advice
        )
    return second > 12 if max(first, second) > 12 else None


def _check_ascending(table: CsvFile, days: Sequence[date]) -> None:
    for row in range(1, len(days)):
        day, before = days[row], days[row - 1]
        if day <= before:
            found = f"{day} stands twice" if day == before else f"{day} comes after {before}"
            advice = "Delete one of the two rows." if day == before else "Sort the file by date."
            wanted = "dates that ascend, or descend, one row a day"
            raise DataError(table.where(row, "date"), found, wanted, advice)


def _by_quarter(table: CsvFile) -> YieldTable:
    """A stress test's rates, averages of quarters, on the line between the middles of these.

    Tenors between three months, 5 and 10 years lie on the line between those; longer ones move as the 10-year does.
    """
    decimal = _decimal(table, [*_STRESS.values(), _STRESS_CREDIT])
    middles = [_middle_of_quarter(table, row, text) for row, text in enumerate(table.column("date"))]
    for row in range(1, len(middles)):
        if middles[row] <= middles[row - 1]:
            found = f"{table.column('date')[row]} comes after {table.column('date')[row - 1]}"
            advice = "Keep the rows of one scenario, the oldest quarter first."
            raise DataError(table.where(row, "date"), found, "quarters that ascend", advice)
    rates = np.array(
        [
            [_yield_bp(table, row, name, text, decimal) for row, text in enumerate(table.column(name))]
            for name in _STRESS.values()
        ]
    )
    bbb = np.array(
        [
            _yield_bp(table, row, _STRESS_CREDIT, text, decimal)
            for row, text in enumerate(table.column(_STRESS_CREDIT))
        ]
    )
    if not np.isfinite(rates).all():
        tenor, row = np.argwhere(~np.isfinite(rates))[0]
        name = list(_STRESS.values())[tenor]
        raise DataError(
            table.where(int(row), name), "no figure", "per cent in every quarter", "Complete the row."
        )
    days = _weekdays(middles[0], middles[-1])
    at = np.array([day.toordinal() for day in days], np.float64)
    anchors = np.array([day.toordinal() for day in middles], np.float64)
    daily = np.array([np.interp(at, anchors, rate) for rate in rates])
    yields = np.array(
        [[np.interp(tenor, list(_STRESS), daily[:, n]) for tenor in TENOR_YEARS] for n in range(len(at))]
    )
    has_credit = bool(np.isfinite(bbb).all())
    spread = np.interp(at, anchors, bbb - rates[-1]) if has_credit else None
    said = (
        f"{table.name}: {len(middles)} quarters, laid on the line from day to day between their middles; tenors between"
        " 3 months, 5 and 10 years lie on the line between these, longer ones move as the 10-year does. Volatility"
        " stays at its opening unless events move it"
        + (f"; credit spreads follow BBB spreads, {HIGH_YIELD_PER_BBB:g} for one." if has_credit else ".")
    )
    return YieldTable(days, yields, None if spread is None else HIGH_YIELD_PER_BBB * spread, said)


def _middle_of_quarter(table: CsvFile, row: int, text: str) -> date:
    found = _QUARTER.fullmatch(text.strip())
    if found is None:
        raise DataError(table.where(row, "date"), f"{quoted(text)} is no quarter", "a quarter as 2025 Q1")
    quarter, year = int(found[1] or found[4]), int(found[2] or found[3])
    return date(year, 3 * quarter - 1, 15)


def _weekdays(first: date, last: date) -> list[date]:
    days = (first + timedelta(days=n) for n in range((last - first).days + 1))
    return [day for day in days if day.weekday() < _SATURDAY]
