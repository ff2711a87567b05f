"""The baskets of a basis file: which rows belong together, what their bonds are called, as seen from delivery."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import numpy as np
from numpy.typing import NDArray

from simulator.basis.bond_file import BasisTable
from simulator.basis.delivery import ForwardBasket, forward_basket
from simulator.basis.writing import day_text
from simulator.contracts import CONTRACTS, Contract, rules_at

Integers = NDArray[np.int64]

#: Columns of the input that may name a bond, the first one present being used.
NAME_COLUMNS = ("bond", "name", "cusip", "isin", "bond_code")

#: Letters of the delivery months, as exchanges write them.
_MONTH_LETTERS = {3: "H", 6: "M", 9: "U", 12: "Z"}


def baskets(table: BasisTable) -> list[Integers]:
    """Rows of each basket, in the order of the file: one contract, delivery month and settlement date."""
    inputs = table.inputs
    keys: dict[tuple[int, str, int], list[int]] = {}
    for row in range(table.ranks.size):
        key = (int(inputs.contract[row]), month_text(table, row), int(inputs.settlement[row]))
        keys.setdefault(key, []).append(row)
    return [np.array(rows) for rows in keys.values()]


def deliverable_baskets(table: BasisTable) -> list[Integers]:
    """Rows of each basket's deliverable bonds.

    Raises
    ------
    ValueError
        When the file has none.
    """
    found = [rows[table.is_deliverable[rows]] for rows in baskets(table)]
    if not any(rows.size for rows in found):
        raise ValueError("has no bond that its contract takes; add the bonds of the basket.")
    return [rows for rows in found if rows.size]


def basket_of(table: BasisTable, rows: Integers) -> ForwardBasket:
    """Bonds of one basket as seen from delivery.

    Raises
    ------
    ValueError
        When a bond's forward price is not positive, so that it has no forward yield.
    """
    inputs, results = table.inputs, table.rows
    return forward_basket(
        [bond_name(table, int(row)) for row in rows],
        inputs.delivery[rows].astype("datetime64[D]"),
        inputs.coupon_pct[rows],
        inputs.frequency[rows],
        inputs.maturity[rows].astype("datetime64[D]"),
        results.conversion_factor[rows],
        forward_clean_price=results.forward_clean_price[rows],
        is_paid_on_month_ends=contract_of(table, int(rows[0])).is_paid_on_month_ends,
    )


def chosen_rows(table: BasisTable, bond: str | None) -> list[int]:
    """The row of the cheapest bond of each basket, or the rows of the bond of a name.

    Raises
    ------
    ValueError
        When the file has no such bond; the message names those it has.
    """
    if bond is None:
        return [int(rows[table.ranks[rows] == 1][0]) for rows in deliverable_baskets(table)]
    names = [bond_name(table, row) for row in range(table.ranks.size)]
    found = [row for row, name in enumerate(names) if name == bond]
    if not found:
        raise ValueError(f"has no bond {bond!r}; its bonds are {_listed(dict.fromkeys(names))}.")
    return found


def _listed(names: Sequence[str] | dict[str, None], shown: int = 12) -> str:
    several = list(names)
    return ", ".join(several[:shown]) + (", ..." if len(several) > shown else "")


def contract_of(table: BasisTable, row: int) -> Contract:
    """Contract of a row under the rules of its month."""
    contract = list(CONTRACTS.values())[table.inputs.contract[row]]
    return rules_at(contract, date.fromisoformat(f"{month_text(table, row)}-01"))


def month_text(table: BasisTable, row: int) -> str:
    """Delivery month of a row, like 2025-06."""
    return day_text(table.inputs.first_delivery[row])[:7]


def contract_month_names(table: BasisTable, row: int) -> tuple[str, ...]:
    """Names of a row's contract month: T1906 in China, TYH2 and TYH02 elsewhere, by market's and exchange's code."""
    contract, (year, month) = contract_of(table, row), month_text(table, row).split("-")
    codes = dict.fromkeys((contract.code, contract.exchange_code))
    if contract.country == "China":
        return tuple(f"{code}{year[2:]}{month}" for code in codes)
    letter = _MONTH_LETTERS.get(int(month), month)
    return tuple(f"{code}{letter}{digits}" for code in codes for digits in (year[3:], year[2:]))


def bond_name(table: BasisTable, row: int) -> str:
    """What the file calls a bond, or its coupon and maturity."""
    names = [name.strip().lower() for name in table.header]
    for column in NAME_COLUMNS:
        if column in names and (name := table.cells[row][names.index(column)].strip()):
            return "".join(letter if letter.isprintable() else "?" for letter in name)
    return f"{table.inputs.coupon_pct[row]:g}% {day_text(table.inputs.maturity[row])}"


def basket_title(table: BasisTable, row: int) -> str:
    """Contract, delivery month and settlement date of a row, as a heading."""
    settled = day_text(table.inputs.settlement[row])
    return f"{contract_of(table, row).code} {month_text(table, row)}, settlement {settled}"
