"""Trading days, against the days on which the Treasury published par yields."""

from __future__ import annotations

import csv
import os
from datetime import date, timedelta
from pathlib import Path

import pytest

from simulator.results.calendar import is_trading_day, market_holidays, trading_dates

DATA = Path(os.environ.get("UNWIND_DATA", Path(__file__).parents[2].parent / "shared" / "data"))

#: Closures that no rule can know: Good Friday 1994, mourning, 11 September 2001, a hurricane.
UNPLANNED = {
    date(1994, 4, 1), date(1994, 4, 27), date(2001, 9, 11), date(2001, 9, 12), date(2004, 6, 11),
    date(2012, 10, 30), date(2018, 12, 5),
}  # fmt: skip


def test_every_day_of_published_par_yields() -> None:
    file = DATA / "treasury_par_yields_daily.csv"
    if not file.exists():
        pytest.skip(f"{file} is not there: set UNWIND_DATA to the folder of the public data")
    with file.open(newline="") as stream:
        published = {date.fromisoformat(row["date"]) for row in csv.DictReader(stream)}
    day, last = min(published), max(published)
    differing = set()
    while day <= last:
        if is_trading_day(day) != (day in published):
            differing.add(day)
        day += timedelta(days=1)
    assert differing == UNPLANNED


@pytest.mark.parametrize(
    ("holiday", "name"),
    [
        (date(2020, 2, 17), "Presidents"),
        (date(2020, 4, 10), "Good Friday"),
        (date(2020, 7, 3), "Independence, observed"),
        (date(2022, 6, 20), "Juneteenth, observed"),
        (date(2025, 11, 27), "Thanksgiving"),
        (date(2021, 12, 24), "Christmas, observed"),
    ],
)
def test_holidays(holiday: date, name: str) -> None:
    assert holiday in market_holidays(holiday.year)


def test_the_market_opens_on_good_friday_when_payrolls_come() -> None:
    assert is_trading_day(date(2023, 4, 7))


def test_the_opening_is_day_zero_whatever_day_it_is() -> None:
    saturday = date(2020, 2, 15)
    assert trading_dates(saturday, 1) == [saturday, date(2020, 2, 18)]
    assert trading_dates(date(2020, 2, 18), 60)[-1] == date(2020, 5, 13)
