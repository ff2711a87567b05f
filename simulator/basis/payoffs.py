"""What a basis trade pays at delivery as yields move, by what the bond is to the contract.

A long basis in a deliverable bond can always deliver it: it never loses more than the net basis it paid, and
gains when another bond becomes the cheapest. In a bond that the contract does not take, nothing holds that
floor. The short basis is the mirror, with a ceiling where the long has its floor.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from simulator.basis.bond_file import BasisTable
from simulator.basis.delivery import converted_prices
from simulator.basis.table_baskets import basket_of, basket_title, baskets, bond_name

Floats = NDArray[np.float64]
Role = Literal["cheapest", "deliverable", "not deliverable"]


@dataclass(frozen=True, slots=True)
class BasisPayoff:
    """Points on 100 of the bond's face that a long basis pays, one a move; the short pays the opposite.

    ``floor`` is what the long cannot lose more than; None where nothing bounds it.
    """

    bond: str
    role: Role
    net_basis: float
    floor: float | None
    long: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class BasketPayoffs:
    """Payoffs of all bonds of a basket over parallel moves of forward yields."""

    title: str
    moves_bp: tuple[float, ...]
    bonds: tuple[BasisPayoff, ...]


def basket_payoffs(table: BasisTable, moves_bp: Floats) -> list[BasketPayoffs]:
    """Payoff at delivery of the basis in each bond: its net basis then, less the net basis paid today.

    The future then is worth the lowest converted price of the bonds that can be delivered. Baskets without
    such a bond are left out.

    Raises
    ------
    ValueError
        When a bond's forward price is not positive.
    """
    return [_payoffs(table, rows, moves_bp) for rows in baskets(table) if table.is_deliverable[rows].any()]


def _payoffs(table: BasisTable, rows: NDArray[np.int64], moves_bp: Floats) -> BasketPayoffs:
    basket, taken = basket_of(table, rows), table.is_deliverable[rows]
    converted = converted_prices(basket, np.repeat(moves_bp[:, None], rows.size, axis=1))
    future = converted[:, taken].min(axis=1)
    paid = table.rows.net_basis[rows]
    pays = (converted - future[:, None]) * basket.conversion_factor - paid
    roles: list[Role] = [
        "not deliverable" if not able else "cheapest" if table.ranks[row] == 1 else "deliverable"
        for row, able in zip(rows, taken, strict=True)
    ]
    order = sorted(range(rows.size), key=lambda place: (not taken[place], table.ranks[rows[place]]))
    return BasketPayoffs(
        basket_title(table, int(rows[0])),
        tuple(moves_bp.tolist()),
        tuple(
            BasisPayoff(
                bond_name(table, int(rows[place])),
                roles[place],
                float(paid[place]),
                -float(paid[place]) if taken[place] else None,
                tuple(pays[:, place].tolist()),
            )
            for place in order
        ),
    )
