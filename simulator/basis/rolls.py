"""The roll from one delivery month to the next, from a file that has both."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np

from simulator.basis.bond_file import BasisTable
from simulator.basis.dates import day_in_month, month_of, payment_day_of_month
from simulator.basis.row_kernel import MONTHS_PER_COUPON
from simulator.basis.table_baskets import (
    bond_name,
    chosen_rows,
    contract_month_names,
    contract_of,
    deliverable_baskets,
)
from simulator.basis.trades import CalendarSpread, calendar_spread


@dataclass(frozen=True, slots=True)
class Roll:
    """A calendar spread of a file: both months, their prices and cheapest bonds, and what the roll implies.

    ``bond`` is delivered in the front month and again in the back month, ``days`` later.
    """

    front: str
    back: str
    settlement: date
    front_price: float
    back_price: float
    front_cheapest: str
    back_cheapest: str
    bond: str
    days: int
    spread: CalendarSpread


def rolls(table: BasisTable, pair: str) -> list[Roll]:
    """Calendar spread of two contract months, written like T1906/T1909, one a settlement date of both.

    Raises
    ------
    ValueError
        When the file does not have both months, or the bond that is cheapest in the front is not in the back.
    """
    front_name, _, back_name = pair.upper().partition("/")
    named = {
        name: contract_month_names(table, int(rows[0]))[0]
        for rows in deliverable_baskets(table)
        for name in contract_month_names(table, int(rows[0]))
    }
    if front_name not in named or back_name not in named or front_name == back_name:
        months = ", ".join(dict.fromkeys(named.values()))
        raise ValueError(f"has no two months {pair!r}; it has {months}; write --calendar FRONT/BACK.")
    cheapest = {
        (contract_month_names(table, row)[0], int(table.inputs.settlement[row])): row
        for row in chosen_rows(table, None)
    }
    found = [
        _roll(table, row, cheapest[named[back_name], settled])
        for (month, settled), row in cheapest.items()
        if month == named[front_name] and (named[back_name], settled) in cheapest
    ]
    if not found:
        raise ValueError(f"has no settlement date on which both {front_name} and {back_name} are priced.")
    return found


def _roll(table: BasisTable, front: int, back: int) -> Roll:
    inputs, rows = table.inputs, table.rows
    same = np.flatnonzero(
        (inputs.contract == inputs.contract[back])
        & (inputs.first_delivery == inputs.first_delivery[back])
        & (inputs.settlement == inputs.settlement[back])
        & (inputs.maturity == inputs.maturity[front])
        & (inputs.coupon_pct == inputs.coupon_pct[front])
    )
    name = bond_name(table, front)
    if not same.size:
        raise ValueError(
            f"has {name}, cheapest of the front month, not in the back month; add its row there."
        )
    again = int(same[0])
    taken, given = int(inputs.delivery[front]), int(inputs.delivery[again])
    coupon, dates = _coupons_between(table, front, taken, given)
    spread = calendar_spread(
        contract_of(table, front),
        float(inputs.futures_price[front]),
        float(inputs.futures_price[again]),
        float(rows.invoice_price[front]),
        float(rows.invoice_price[again]),
        coupon * len(dates),
        coupon * sum(given - day for day in dates),
        given - taken,
    )
    return Roll(
        contract_month_names(table, front)[0],
        contract_month_names(table, back)[0],
        inputs.settlement[front].astype("datetime64[D]").item(),
        float(inputs.futures_price[front]),
        float(inputs.futures_price[again]),
        name,
        bond_name(table, back),
        name,
        given - taken,
        spread,
    )


def _coupons_between(table: BasisTable, row: int, after: int, until: int) -> tuple[float, list[int]]:
    """Payment of a bond, points, and the days in (after, until] on which it makes one."""
    inputs = table.inputs
    maturity, frequency = int(inputs.maturity[row]), int(inputs.frequency[row])
    month = month_of(maturity)
    pay_day = payment_day_of_month(maturity, month, contract_of(table, row).is_paid_on_month_ends)
    step = int(MONTHS_PER_COUPON[frequency // 2])
    dates = []
    while (day := day_in_month(month, pay_day)) > after:
        if day <= until:
            dates.append(day)
        month -= step
    return float(inputs.coupon_pct[row]) / frequency, dates
