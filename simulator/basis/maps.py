"""The switch map of a basis file, as text: one basket after another, a letter a bond."""

from __future__ import annotations

import string

import numpy as np
from numpy.typing import NDArray

from simulator.basis.bond_file import BasisTable
from simulator.basis.delivery import SwitchMap, forward_basket, switch_map
from simulator.basis.writing import aligned, day_text
from simulator.contracts import CONTRACTS

#: Columns of the input that may name a bond, the first one present being used.
NAME_COLUMNS = ("bond", "name", "cusip", "isin", "bond_code")

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
    baskets = _baskets(table)
    if not baskets:
        raise ValueError("has no bond that its contract takes; add the bonds of the basket.")
    return "\n\n".join(_map_text(table, rows, parallel_max_bp, slope_max_bp) for rows in baskets)


def _baskets(table: BasisTable) -> list[NDArray[np.int64]]:
    """Rows of each basket's deliverable bonds, in the order of the file."""
    inputs = table.inputs
    keys: dict[tuple[int, str, int], list[int]] = {}
    for row in np.flatnonzero(table.is_deliverable):
        month = day_text(inputs.first_delivery[row])[:7]
        keys.setdefault((int(inputs.contract[row]), month, int(inputs.settlement[row])), []).append(int(row))
    return [np.array(rows) for rows in keys.values()]


def _map_text(table: BasisTable, rows: NDArray[np.int64], parallel_max_bp: float, slope_max_bp: float) -> str:
    inputs, results = table.inputs, table.rows
    contract = list(CONTRACTS.values())[inputs.contract[rows[0]]]
    basket = forward_basket(
        [_bond_name(table, int(row)) for row in rows],
        inputs.delivery[rows].astype("datetime64[D]"),
        inputs.coupon_pct[rows],
        inputs.frequency[rows],
        inputs.maturity[rows].astype("datetime64[D]"),
        results.conversion_factor[rows],
        forward_clean_price=results.forward_clean_price[rows],
        is_paid_on_month_ends=contract.is_paid_on_month_ends,
    )
    moves = switch_map(
        basket,
        np.linspace(-parallel_max_bp, parallel_max_bp, 2 * PARALLEL_STEPS + 1),
        np.linspace(slope_max_bp, -slope_max_bp, 2 * SLOPE_STEPS + 1),
    )
    title = (
        f"{contract.code} {day_text(inputs.first_delivery[rows[0]])[:7]}, settlement "
        f"{day_text(inputs.settlement[rows[0]])}: cheapest to deliver when forward yields move\n"
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


def _bond_name(table: BasisTable, row: int) -> str:
    names = [name.strip().lower() for name in table.header]
    for column in NAME_COLUMNS:
        if column in names and (name := table.cells[row][names.index(column)].strip()):
            return "".join(letter if letter.isprintable() else "?" for letter in name)
    return f"{table.inputs.coupon_pct[row]:g}% {day_text(table.inputs.maturity[row])}"
