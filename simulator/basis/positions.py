"""A basis trade on a bond of a file: contracts, what rounding leaves open, profit by part, cash it may need.

Long basis buys the bond and sells the future, short basis the reverse; every figure of the short is that of
the long with the other sign, but for the cost of cash in margin and the funds that both tie up. Money is in
the contract's currency.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

import numpy as np

from simulator.basis.baskets import delivery_date_of_short
from simulator.basis.bond_file import BasisTable
from simulator.basis.bonds import bonds_from_price
from simulator.basis.table_baskets import (
    basket_title,
    bond_name,
    chosen_rows,
    contract_of,
    deliverable_baskets,
    month_text,
)
from simulator.basis.trades import (
    BasisTradeProfit,
    CashDrain,
    WholeHedge,
    basis_trade_profit,
    breakeven_overnight_move_bp,
    breakeven_repo_move_bp,
    cash_drain,
    rate_on_day_count,
    smallest_exact_hedge,
    whole_hedge,
)
from simulator.contracts import first_delivery_day

Direction = Literal["long", "short"]


@dataclass(frozen=True, slots=True)
class PositionTerms:
    """How a basis trade is done.

    Parameters
    ----------
    face
        Face of the bond, money.
    is_whole
        Whether the hedge is rounded to whole contracts.
    haircut, remarked_share
        Shares: of the bond's price that is not lent on it, and of repo loans that follow the price daily.
    days_passed
        Days after which a rise of overnight repo is told that breaks the trade even.
    margin, stressed_margin
        Futures margin a contract, today and after a rise, money.
    move_bp
        Move of yields for which the cash drain and the open part of the hedge are told.
    """

    direction: Direction
    face: float
    is_whole: bool = True
    haircut: float = 0.0
    remarked_share: float = 0.0
    margin: float = 0.0
    stressed_margin: float | None = None
    move_bp: float = 0.0
    days_passed: float = 0.0

    def __post_init__(self) -> None:
        """Refuse terms that no trade has."""
        if not self.face > 0.0:
            raise ValueError("face must be positive; --trade says long or short.")


@dataclass(frozen=True, slots=True)
class BasisPosition:
    """A basis trade worked out; ``own_funds`` are haircut and margin, ``tick_of_basis`` is 1/32 of a point.

    ``implied_repo_365_pct`` is the implied repo rate where interest counts 365 days a year, ``delivery_by_carry`` the
    day on which a short who looks at carry alone delivers.
    """

    title: str
    bond: str
    is_deliverable: bool
    currency: str
    terms: PositionTerms
    hedge: WholeHedge
    exact_lots: tuple[int, int]
    bond_value: float
    bond_dv01: float
    own_funds: float
    leverage: float
    tick_of_basis: float
    profit: BasisTradeProfit
    implied_repo_pct: float
    repo_rate_pct: float
    implied_repo_365_pct: float
    breakeven_repo_move_bp: float
    breakeven_overnight_move_bp: float
    delivery_by_carry: date
    repo_point_cost: float
    margin_call: float
    drain: CashDrain


def basis_positions(table: BasisTable, terms: PositionTerms, bond: str | None = None) -> list[BasisPosition]:
    """The trade on the cheapest bond of each basket, or on the bond of a name.

    Raises
    ------
    ValueError
        When the file has no such bond, or none that its contract takes.
    """
    return [_position(table, row, terms) for row in chosen_rows(table, bond)]


def _position(table: BasisTable, row: int, terms: PositionTerms) -> BasisPosition:
    inputs, rows, contract = table.inputs, table.rows, contract_of(table, row)
    sign = 1.0 if terms.direction == "long" else -1.0
    face, factor = sign * terms.face, float(rows.conversion_factor[row])
    bond_dv01 = face / 100.0 * _dv01(table, row, inputs.settlement[row], float(inputs.clean_price[row]))
    hedge = whole_hedge(contract, factor, face, bond_dv01)
    if not terms.is_whole:
        hedge = WholeHedge(hedge.exact_contracts, hedge.exact_contracts, 0.0, 0.0)
    days = float(inputs.delivery[row] - inputs.settlement[row])
    value = terms.face * float(rows.dirty_price[row]) / 100.0
    margin = abs(hedge.contracts) * terms.margin
    own = terms.haircut * value + margin
    stressed = terms.margin if terms.stressed_margin is None else terms.stressed_margin
    repo_pct = float(inputs.repo_rate_pct[row])
    return BasisPosition(
        title=basket_title(table, row),
        bond=bond_name(table, row),
        is_deliverable=bool(table.is_deliverable[row]),
        currency=contract.currency,
        terms=terms,
        hedge=hedge,
        exact_lots=smallest_exact_hedge(factor),
        bond_value=value,
        bond_dv01=bond_dv01,
        own_funds=own,
        leverage=value / own if own > 0.0 else float("inf"),
        tick_of_basis=terms.face / 3200.0,
        profit=basis_trade_profit(
            face,
            -float(rows.gross_basis[row]),
            float(rows.carry[row]),
            margin,  # carry charges repo on the whole price, haircut included
            repo_pct,
            days / contract.repo_days_per_year,
            hedge.residual_dv01,
            terms.move_bp,
        ),
        implied_repo_pct=float(rows.implied_repo_pct[row]),
        repo_rate_pct=repo_pct,
        implied_repo_365_pct=rate_on_day_count(
            float(rows.implied_repo_pct[row]), contract.repo_days_per_year, 365.0
        ),
        breakeven_repo_move_bp=breakeven_repo_move_bp(float(rows.implied_repo_pct[row]), repo_pct),
        breakeven_overnight_move_bp=breakeven_overnight_move_bp(
            float(rows.implied_repo_pct[row]), repo_pct, days, terms.days_passed
        ),
        delivery_by_carry=_delivery_by_carry(table, row),
        repo_point_cost=sign * value * 1e-4 * days / contract.repo_days_per_year,
        margin_call=abs(hedge.contracts) * (stressed - terms.margin),
        drain=cash_drain(
            bond_dv01,
            hedge.contracts * contract.face / 100.0 * _futures_dv01(table, row),
            terms.move_bp,
            terms.remarked_share,
            terms.haircut,
        ),
    )


def _delivery_by_carry(table: BasisTable, row: int) -> date:
    contract, month = contract_of(table, row), date.fromisoformat(f"{month_text(table, row)}-01")
    settled: date = table.inputs.settlement[row].astype("datetime64[D]").item()
    first = max(first_delivery_day(contract, month), settled)
    return delivery_date_of_short(contract, month, float(table.rows.carry[row]), first)


def _futures_dv01(table: BasisTable, row: int) -> float:
    """Points a basis point of the future: of its cheapest bond at delivery over its factor."""
    basket = next((rows for rows in deliverable_baskets(table) if row in rows), None)
    cheapest = row if basket is None else int(basket[table.ranks[basket] == 1][0])
    forward = float(table.rows.forward_clean_price[cheapest])
    dv01 = _dv01(table, cheapest, table.inputs.delivery[cheapest], forward)
    return dv01 / float(table.rows.conversion_factor[cheapest])


def _dv01(table: BasisTable, row: int, day: int, clean: float) -> float:
    """Points a basis point of a bond on a day, at a price."""
    inputs = table.inputs
    bond = bonds_from_price(
        np.datetime64(int(day), "D"),
        np.datetime64(int(inputs.maturity[row]), "D"),
        inputs.coupon_pct[row],
        clean,
        inputs.frequency[row],
        is_paid_on_month_ends=contract_of(table, row).is_paid_on_month_ends,
    )
    return float(bond.dv01[0])
