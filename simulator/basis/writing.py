"""Writing the result of ``unwind basis``: the CSV file and the printed table.

Cells that a spreadsheet would run as a formula are written with a leading apostrophe. A file appears
whole or not at all.
"""

from __future__ import annotations

import csv
import os
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from datetime import date
from pathlib import Path

import numpy as np

from simulator.basis.bond_file import BasisTable, number
from simulator.basis.rows import COLUMNS
from simulator.contracts import CONTRACTS, basket_text, rules_at

#: Columns the result adds, in order.
OUTPUT_COLUMNS = (*COLUMNS, "is_deliverable", "is_cheapest", "implied_repo_rank")

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")

_PRINTED = (
    "contract",
    "delivery",
    "settlement",
    "coupon",
    "maturity",
    "clean",
    "factor",
    "gross",
    "carry",
    "net",
    "net 32nds",
    "implied repo %",
    "rank",
)


def write_basis_table(table: BasisTable, path: Path) -> None:
    """Write the input rows with the computed columns after them; a column already there is replaced.

    Raises
    ------
    OSError
        When the folder does not exist or cannot be written; an older file is then left as it was.
    """
    names = [name.strip() for name in table.header]
    added = [name for name in OUTPUT_COLUMNS if name not in names]
    computed = computed_cells(table)
    handle, temporary = tempfile.mkstemp(dir=path.resolve().parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow([safe_cell(name) for name in (*table.header, *added)])
            for place, cells in enumerate(table.cells):
                kept = [
                    computed[name][place] if name in computed else safe_cell(cell)
                    for name, cell in zip(names, cells, strict=True)
                ]
                writer.writerow([*kept, *(computed[name][place] for name in added)])
        os.chmod(temporary, path.stat().st_mode if path.exists() else 0o644)
        os.replace(temporary, path)
    except BaseException:
        with suppress(FileNotFoundError):
            os.unlink(temporary)
        raise


def computed_cells(table: BasisTable) -> dict[str, list[str]]:
    """Cells of the columns that the result adds, by name."""
    cells = {name: [_decimal(value) for value in getattr(table.rows, name)] for name in COLUMNS}
    cells["is_deliverable"] = ["true" if taken else "false" for taken in table.is_deliverable]
    cells["is_cheapest"] = ["true" if rank == 1 else "false" for rank in table.ranks]
    cells["implied_repo_rank"] = [str(rank) for rank in table.ranks]
    return cells


def _decimal(value: float) -> str:
    """Ten decimals, trailing zeros cut: enough to compute on, short enough to read."""
    text = f"{value:.10f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def safe_cell(text: str) -> str:
    """Cell that a spreadsheet shows instead of running it as a formula; a number stays as it is.

    Examples
    --------
    >>> safe_cell("=1+1"), safe_cell("-0.25")
    ("'=1+1", '-0.25')
    """
    if not text.startswith(_FORMULA_STARTS):
        return text
    try:
        number(text.strip())
    except ValueError:
        return "'" + text
    return text


def basis_text(table: BasisTable) -> str:
    """Text table of the main columns, each basket from its cheapest bond to its dearest.

    Bonds that the contract does not take stand last, and below what it takes.
    """
    inputs, rows, codes = table.inputs, table.rows, list(CONTRACTS)
    months = [day_text(day)[:7] for day in inputs.first_delivery]
    order = sorted(
        range(table.ranks.size),
        key=lambda row: (
            inputs.contract[row],
            months[row],
            inputs.settlement[row],
            not table.is_deliverable[row],
            table.ranks[row],
        ),
    )
    lines: list[Sequence[str]] = [_PRINTED]
    for row in order:
        rank = table.ranks[row]
        lines.append(
            (
                codes[inputs.contract[row]],
                months[row],
                day_text(inputs.settlement[row]),
                f"{inputs.coupon_pct[row]:.3f}",
                day_text(inputs.maturity[row]),
                f"{inputs.clean_price[row]:.4f}",
                f"{rows.conversion_factor[row]:.4f}",
                *(f"{column[row]:.4f}" for column in (rows.gross_basis, rows.carry, rows.net_basis)),
                f"{rows.net_basis_32nds[row]:.2f}",
                f"{rows.implied_repo_pct[row]:.3f}",
                "not deliverable" if rank == 0 else f"{rank} cheapest" if rank == 1 else f"{rank}",
            )
        )
    refusing = sorted({(int(inputs.contract[row]), months[row]) for row in order if table.ranks[row] == 0})
    taken = [
        f"{codes[contract]} {month} takes "
        f"{basket_text(rules_at(CONTRACTS[codes[contract]], date.fromisoformat(f'{month}-01')))}."
        for contract, month in refusing
    ]
    return "\n".join([aligned(lines), *([""] if taken else []), *taken])


def day_text(day: np.int64) -> str:
    """ISO date of a day number."""
    return str(day.astype("datetime64[D]"))


def aligned(lines: Sequence[Sequence[str]]) -> str:
    """Lines of cells as text columns, all but the last aligned to the right."""
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(cell.rjust(width) for cell, width in zip(line[:-1], widths, strict=False)) + "  " + line[-1]
        for line in lines
    )
