"""The contract table: delivery calendars and basket rules against dates the exchanges have published."""

from __future__ import annotations

import subprocess
import sys
from datetime import date

import pytest

from simulator.contracts import (
    CONTRACTS,
    DELIVERY_MONTHS,
    add_months,
    easter,
    find_contract,
    first_delivery_day,
    is_deliverable,
    last_delivery_day,
    last_trading_day,
    rules_at,
)

MARCH_2002, JUNE_2025 = date(2002, 3, 1), date(2025, 6, 1)


def test_table_has_the_thirteen_contracts_with_their_ticks_in_money() -> None:
    assert list(CONTRACTS) == ["TU", "Z3N", "FV", "TY", "UXY", "TWE", "US", "WN", "G", "TS", "TF", "T", "TL"]
    values = {code: contract.tick_value for code, contract in CONTRACTS.items()}
    assert values == pytest.approx(
        {
            "TU": 7.8125,
            "Z3N": 11.71875,
            "FV": 7.8125,
            "TY": 15.625,
            "UXY": 15.625,
            "TWE": 31.25,
            "US": 31.25,
            "WN": 31.25,
            "G": 10.0,
            "TS": 40.0,
            "TF": 50.0,
            "T": 50.0,
            "TL": 100.0,
        }
    )
    assert DELIVERY_MONTHS == (3, 6, 9, 12)


def test_unknown_contract_names_what_to_write() -> None:
    with pytest.raises(
        ValueError, match=r"^'ZN' is not a known contract; write TY for the 10-year note future\.$"
    ):
        find_contract("ZN")
    with pytest.raises(
        ValueError, match=r"choose one of TU, Z3N, FV, TY, UXY, TWE, US, WN, G, TS, TF, T, TL\.$"
    ):
        find_contract("BUND")


def test_last_delivery_days() -> None:
    assert last_delivery_day(CONTRACTS["TY"], MARCH_2002) == date(2002, 3, 28)  # then came Good Friday
    assert last_delivery_day(CONTRACTS["TY"], JUNE_2025) == date(2025, 6, 30)
    assert last_delivery_day(CONTRACTS["TU"], JUNE_2025) == date(2025, 7, 3)
    assert last_delivery_day(CONTRACTS["FV"], date(2025, 12, 1)) == date(2026, 1, 6)  # over New Year's Day
    assert last_delivery_day(CONTRACTS["T"], date(2019, 6, 1)) == date(2019, 6, 19)


def test_good_friday_with_an_employment_report_is_a_day_of_delivery() -> None:
    """The exchange's calendar: TUH5, FVH5 and 3YRH5 were last delivered on Good Friday, 3 April 2015."""
    for code in ("TU", "Z3N", "FV"):
        assert last_delivery_day(CONTRACTS[code], date(2015, 3, 1)) == date(2015, 4, 3)
    assert last_delivery_day(CONTRACTS["TU"], date(2024, 3, 1)) == date(2024, 4, 3)
    assert last_trading_day(CONTRACTS["TU"], date(2024, 3, 1)) == date(
        2024, 3, 28
    )  # Good Friday came in March


def test_christmas_on_a_saturday_closes_the_friday() -> None:
    assert last_trading_day(CONTRACTS["TY"], date(2021, 12, 1)) == date(2021, 12, 21)
    assert last_trading_day(CONTRACTS["TY"], date(2022, 12, 1)) == date(
        2022, 12, 20
    )  # a Sunday closes the Monday


def test_long_gilt_is_traded_until_two_days_before_the_months_last() -> None:
    assert last_trading_day(CONTRACTS["G"], date(2000, 6, 1)) == date(2000, 6, 28)
    assert last_delivery_day(CONTRACTS["G"], date(2000, 6, 1)) == date(2000, 6, 30)


def test_last_trading_days() -> None:
    assert last_trading_day(CONTRACTS["TY"], JUNE_2025) == date(2025, 6, 18)  # Juneteenth lies between
    assert last_trading_day(CONTRACTS["US"], date(2025, 3, 1)) == date(2025, 3, 20)
    assert last_trading_day(CONTRACTS["TU"], JUNE_2025) == date(2025, 6, 30)
    assert last_trading_day(CONTRACTS["T"], date(2019, 6, 1)) == date(2019, 6, 14)
    assert last_trading_day(CONTRACTS["TF"], date(2015, 9, 1)) == date(2015, 9, 11)


def test_first_delivery_days_and_given_holidays() -> None:
    assert first_delivery_day(CONTRACTS["TY"], JUNE_2025) == date(2025, 6, 2)
    assert first_delivery_day(CONTRACTS["TY"], date(2025, 9, 15)) == date(2025, 9, 2)  # after Labor Day
    closed = {date(2019, 6, 14), date(2019, 6, 17)}
    assert last_trading_day(CONTRACTS["T"], date(2019, 6, 1), closed) == date(2019, 6, 18)
    assert last_delivery_day(CONTRACTS["T"], date(2019, 6, 1), closed) == date(2019, 6, 21)


def test_easter_of_known_years() -> None:
    known = [date(1961, 4, 2), date(2000, 4, 23), date(2002, 3, 31), date(2008, 3, 23), date(2038, 4, 25)]
    assert [easter(day.year) for day in known] == known


def test_adding_months_keeps_the_day_or_takes_the_last() -> None:
    assert add_months(date(2024, 1, 31), 1) == date(2024, 2, 29)
    assert add_months(date(2024, 2, 29), -12) == date(2023, 2, 28)
    assert add_months(date(2024, 11, 30), 3) == date(2025, 2, 28)


def test_basket_borders() -> None:
    ty, us, wn, uxy = (CONTRACTS[code] for code in ("TY", "US", "WN", "UXY"))
    issued = date(2025, 5, 15)
    assert is_deliverable(ty, issued, date(2031, 12, 1), JUNE_2025)
    assert not is_deliverable(ty, issued, date(2031, 11, 30), JUNE_2025)
    assert is_deliverable(ty, issued, date(2033, 6, 1), JUNE_2025)
    assert not is_deliverable(ty, issued, date(2033, 6, 2), JUNE_2025)
    assert not is_deliverable(us, issued, date(2050, 6, 1), JUNE_2025)  # 25 years: no longer a classic
    assert is_deliverable(wn, issued, date(2050, 6, 1), JUNE_2025)
    assert not is_deliverable(uxy, date(2010, 2, 15), date(2035, 2, 15), JUNE_2025)  # was a 25-year bond
    assert not is_deliverable(ty, date(2025, 7, 1), date(2032, 6, 30), JUNE_2025)  # not issued yet


def test_baskets_follow_the_rules_of_their_month() -> None:
    ten_year, bond = CONTRACTS["TY"], CONTRACTS["US"]
    issued, matures = date(2016, 5, 16), date(2026, 5, 15)
    assert is_deliverable(rules_at(ten_year, date(2017, 6, 1)), issued, matures, date(2017, 6, 1))
    assert rules_at(ten_year, date(2024, 12, 1)).remaining_months_max == 120
    assert rules_at(ten_year, date(2025, 3, 1)) is ten_year
    assert rules_at(bond, date(2010, 12, 1)).remaining_months_max is None
    assert rules_at(CONTRACTS["Z3N"], date(2020, 6, 1)).original_months_max == 63
    assert rules_at(CONTRACTS["T"], date(2019, 6, 1)).remaining_months_max == 123
    assert rules_at(ten_year, date(1999, 12, 1)).notional_coupon == 0.08


def test_without_an_issue_date_what_is_left_decides() -> None:
    five_year = CONTRACTS["FV"]
    assert is_deliverable(five_year, None, date(2030, 5, 31), JUNE_2025)
    assert not is_deliverable(five_year, None, date(2035, 5, 15), JUNE_2025)  # longer than any five-year note


def test_seven_year_note_of_a_leap_february_is_no_longer_than_seven_years() -> None:
    assert is_deliverable(CONTRACTS["Z3N"], date(2021, 3, 1), date(2028, 2, 29), date(2025, 3, 1))


def test_contract_table_imports_nothing_heavy() -> None:
    program = "import sys, simulator.contracts; sys.exit(any(m in sys.modules for m in ('numpy', 'numba')))"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
