"""Which bond of a basis file is cheapest as yields move: switch maps as text, a letter a bond, and switch yields."""

from __future__ import annotations

import string
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulator.basis.bond_file import BasisTable
from simulator.basis.delivery import ForwardBasket, SwitchMap, switch_map, switch_yield_pct
from simulator.basis.table_baskets import (
    basket_of,
    basket_title,
    contract_month_names,
    deliverable_baskets,
)
from simulator.basis.writing import aligned

#: Moves on either side of today's forward yields.
PARALLEL_STEPS, SLOPE_STEPS = 6, 3

_LETTERS = string.ascii_uppercase + string.ascii_lowercase


def switch_maps_text(table: BasisTable, parallel_max_bp: float, slope_max_bp: float) -> str:
    """Switch map of every basket of a file: contract, delivery month and settlement date.

    Parameters
    ----------
    parallel_max_bp, slope_max_bp
        Largest parallel move and slope change either way.

    Raises
    ------
    ValueError
        When the file has no deliverable bond, or a bond's forward price is not positive, so that it has no
        forward yield.
    """
    baskets = deliverable_baskets(table)
    return "\n\n".join(_map_text(table, rows, parallel_max_bp, slope_max_bp) for rows in baskets)


def _map_text(table: BasisTable, rows: NDArray[np.int64], parallel_max_bp: float, slope_max_bp: float) -> str:
    moves = switch_map(
        basket_of(table, rows),
        np.linspace(-parallel_max_bp, parallel_max_bp, 2 * PARALLEL_STEPS + 1),
        np.linspace(slope_max_bp, -slope_max_bp, 2 * SLOPE_STEPS + 1),
    )
    title = (
        f"{basket_title(table, rows[0])}: cheapest to deliver when forward yields move\n"
        "across: parallel move, bp; down: slope, longest less shortest bond, bp"
    )
    return f"{title}\n\n{map_text(moves)}"


def map_text(moves: SwitchMap) -> str:
    """Grid of letters and their legend, the bonds that are cheapest somewhere by maturity."""
    basket = moves.basket
    shown = sorted(set(moves.cheapest.ravel().tolist()), key=lambda bond: basket.years_to_maturity[bond])
    letters = {bond: _LETTERS[place % len(_LETTERS)] for place, bond in enumerate(shown)}
    lines = [["slope", *(f"{move:+.0f}" for move in moves.parallel_bp), ""]]
    for slope, row in zip(moves.slope_bp, moves.cheapest, strict=True):
        lines.append([f"{slope:+.0f}", *(letters[int(bond)] for bond in row), ""])
    legend = [
        f"{letters[bond]}  {basket.names[bond]}, {basket.years_to_maturity[bond]:.2f} years, "
        f"factor {basket.conversion_factor[bond]:.4f}, forward yield {basket.forward_yield_pct[bond]:.3f}%"
        for bond in shown
    ]
    return "\n".join([*(line.rstrip() for line in aligned(lines).splitlines()), "", *legend])


@dataclass(frozen=True, slots=True)
class SwitchYields:
    """Yields of the shorter bond, per cent, at which delivery passes to the longer one.

    One a spread of the longer bond's yield over the shorter's; None where neither overtakes the other.
    """

    contract: str
    shorter: str
    longer: str
    yields_pct: tuple[float | None, ...]


def switch_yields(table: BasisTable, spreads_bp: Sequence[float]) -> list[SwitchYields]:
    """Switch yields of the cheapest bond of each basket with every other.

    Raises
    ------
    ValueError
        When no basket has two deliverable bonds.
    """
    found = []
    for rows in deliverable_baskets(table):
        basket = basket_of(table, rows)
        cheapest = int(np.flatnonzero(table.ranks[rows] == 1)[0])
        for other in range(rows.size):
            if other != cheapest:
                pair = sorted((cheapest, other), key=lambda bond: basket.years_to_maturity[bond])
                yields = tuple(_switch_yield(basket, pair[0], pair[1], spread) for spread in spreads_bp)
                month = contract_month_names(table, int(rows[0]))[0]
                found.append(SwitchYields(month, basket.names[pair[0]], basket.names[pair[1]], yields))
    if not found:
        raise ValueError("has no basket of two bonds that the contract takes; a switch needs two.")
    return found


def _switch_yield(basket: ForwardBasket, first: int, second: int, spread_bp: float) -> float | None:
    try:
        return switch_yield_pct(basket, first, second, spread_bp)
    except ValueError:
        return None
