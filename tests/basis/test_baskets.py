"""Baskets and factors against the exchanges' own lists."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from datetime import date

import pytest

from simulator.basis.baskets import Treasury, deliverable_basket, delivery_date_of_short, factor_of
from simulator.contracts import CONTRACTS
from tests.basis.conftest import Rows

#: Sold in February 2023 as a seven-year note and reopened in February 2025 as a five-year note.
REOPENED, REOPENED_ON = "91282CGQ8", date(2025, 2, 28)


def test_every_published_us_factor(public_rows: Callable[[str], Rows]) -> None:
    rows = public_rows("ust_futures_conversion_factors_2025.csv")
    for row in rows:
        bond = Treasury(row["cusip"], float(row["coupon_pct"]), (), date.fromisoformat(row["maturity_date"]))
        month = date.fromisoformat(row["first_delivery_date"])
        assert factor_of(CONTRACTS[row["contract"]], bond, month) == float(row["conversion_factor"]), row
    assert len(rows) == 220


def test_every_published_chinese_factor(public_rows: Callable[[str], Rows]) -> None:
    rows = public_rows("cffex_conversion_factors_t1903.csv")
    for row in rows:
        maturity = date.fromisoformat(row["maturity_date"])
        bond = Treasury(row["bond_code"], float(row["coupon_pct"]), (), maturity, int(row["frequency"]))
        month = date.fromisoformat(row["first_delivery_date"])
        assert factor_of(CONTRACTS["T"], bond, month) == float(row["conversion_factor"]), row
    assert len(rows) == 11


def test_baskets_of_all_us_contracts_are_the_exchange_lists(public_rows: Callable[[str], Rows]) -> None:
    """From the bonds outstanding in March 2025, every basket of June and December 2025, bond by bond."""
    outstanding = [
        Treasury(
            row["cusip"],
            float(row["coupon_pct"]),
            (date.fromisoformat(row["issue_date"]), *([REOPENED_ON] if row["cusip"] == REOPENED else [])),
            date.fromisoformat(row["maturity_date"]),
        )
        for row in public_rows("ust_notes_bonds_outstanding_2025-03-13.csv")
    ]
    listed: dict[tuple[str, str], dict[str, float]] = defaultdict(dict)
    for row in public_rows("ust_futures_conversion_factors_2025.csv"):
        key = (row["contract"], row["first_delivery_date"])
        listed[key][row["cusip"]] = float(row["conversion_factor"])
    for month in ("2025-06-01", "2025-12-01"):
        for code, contract in CONTRACTS.items():
            if contract.country == "US":
                basket = deliverable_basket(code, date.fromisoformat(month), outstanding)
                built = {item.bond.name: item.conversion_factor for item in basket}
                assert built == listed[code, month], (code, month)


def test_merged_note_is_deliverable_only_through_its_second_issue() -> None:
    terms = ("note", 4.0)
    seven_year = Treasury(*terms, (date(2023, 2, 28),), date(2030, 2, 28))
    merged = Treasury(*terms, (date(2023, 2, 28), REOPENED_ON), date(2030, 2, 28))
    assert [len(deliverable_basket("FV", date(2025, 6, 1), [bond])) for bond in (seven_year, merged)] == [
        0,
        1,
    ]


def test_unknown_contract_is_an_error() -> None:
    with pytest.raises(ValueError, match="write FV for the 5-year note future"):
        deliverable_basket("ZF", date(2025, 6, 1), [])


def test_short_delivers_late_while_carry_is_positive() -> None:
    ty, first = CONTRACTS["TY"], date(2025, 6, 2)
    assert delivery_date_of_short(ty, date(2025, 6, 1), 0.1, first) == date(2025, 6, 30)
    assert delivery_date_of_short(ty, date(2025, 6, 1), -0.1, first) == first
