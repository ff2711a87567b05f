"""``unwind basis basket``: which bonds of a list a contract month takes, their factors, and its days of delivery."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

from simulator.basis.baskets import DeliverableTreasury, Treasury, deliverable_basket
from simulator.basis.quotes import day_written, slash_order
from simulator.basis.table_baskets import NAME_COLUMNS
from simulator.contracts import (
    Contract,
    basket_text,
    contract_named,
    first_delivery_day,
    last_delivery_day,
    last_trading_day,
    rules_at,
)
from simulator.csv_file import CsvFile, read_csv

#: Columns that the list must have; issue_date and coupon_frequency may be there.
REQUIRED = ("coupon_pct", "maturity_date")


@dataclass(frozen=True, slots=True)
class Basket:
    """A contract month: its rule in words, its days, and the bonds of the list that it takes, by maturity."""

    contract: str
    month: date
    takes: str
    first_delivery: date
    last_trading: date
    last_delivery: date
    listed: int
    bonds: tuple[DeliverableTreasury, ...]


def basket_of_list(path: Path, contract: str, month: str) -> Basket:
    """The bonds of a list that a contract month takes.

    Parameters
    ----------
    contract
        Code of the market or of the exchange.
    month
        A month like 2025-06, or a day in it.

    Raises
    ------
    ValueError
        For a file that cannot be read, a cell that does not parse, or an unknown contract or month.
    """
    first = _month(month)
    terms = rules_at(contract_named(contract), first)
    bonds = _bonds(read_csv(path, REQUIRED), terms)
    return Basket(
        terms.code,
        first,
        basket_text(terms),
        first_delivery_day(terms, first),
        last_trading_day(terms, first),
        last_delivery_day(terms, first),
        len(bonds),
        deliverable_basket(terms, first, bonds),
    )


def _month(text: str) -> date:
    try:
        return day_written(f"{text}-01" if len(text) == 7 else text).replace(day=1)
    except ValueError:
        raise ValueError(f"--month is {text!r}; it must be a month; write it like 2025-06.") from None


def _bonds(file: CsvFile, terms: Contract) -> list[Treasury]:
    names = next((file.column(name) for name in NAME_COLUMNS if name in file.header), [""] * len(file.rows))
    columns = {name: file.column(name) for name in (*REQUIRED, "issue_date", "coupon_frequency")}
    order = slash_order([*columns["maturity_date"], *columns["issue_date"]])
    bonds = []
    for row in range(len(file.rows)):
        matures = _day(file, row, "maturity_date", order)
        issued = _day(file, row, "issue_date", order) if columns["issue_date"][row] else None
        coupon = _number(file, row, "coupon_pct")
        frequency = columns["coupon_frequency"][row]
        bonds.append(
            Treasury(
                names[row] or f"{coupon:g}% {matures}",
                coupon,
                (issued,),
                matures,
                int(_number(file, row, "coupon_frequency")) if frequency else terms.coupon_frequencies[-1],
            )
        )
    return bonds


def _day(file: CsvFile, row: int, column: str, order: object) -> date:
    try:
        return day_written(file.column(column)[row], order)  # type: ignore[arg-type]
    except ValueError as problem:
        raise ValueError(f"{file.where(row, column)} {problem}.") from None


def _number(file: CsvFile, row: int, column: str) -> float:
    text = file.column(column)[row]
    try:
        return float(text)
    except ValueError:
        raise ValueError(
            f"{file.where(row, column)} is {text!r}; it must be a decimal number without unit; write it like 4.25."
        ) from None
