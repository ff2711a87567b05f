"""The CSV file of ``unwind basis``: reading it with every problem found, and writing the result.

A problem is one sentence with file, line and column: what was found, what is allowed, what to do.
All of them are collected before anything is computed, so that a file is repaired in one go. Cells
that a spreadsheet would run as a formula are written with a leading apostrophe.
"""

from __future__ import annotations

import csv
import difflib
import math
import os
import re
import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np

from simulator.basis.problems import problem_sentences
from simulator.basis.rows import (
    COLUMNS,
    UNKNOWN_CONTRACT,
    BasisInputs,
    BasisRows,
    Integers,
    basis_inputs,
    computed_rows,
    implied_repo_ranks,
)
from simulator.contracts import CONTRACTS

#: Columns the file must have, in the order they are documented.
INPUT_COLUMNS = (
    "contract_kind",
    "first_delivery_date",
    "coupon_pct",
    "coupon_frequency",
    "maturity_date",
    "settlement_date",
    "delivery_date",
    "clean_price",
    "futures_price",
    "repo_rate_pct",
)

FACTOR_COLUMN = "conversion_factor"

#: Columns the result adds, in order.
OUTPUT_COLUMNS = (*COLUMNS, "is_cheapest", "implied_repo_rank")

#: A given factor may differ from the computed one by half a unit of its last decimal.
FACTOR_TOLERANCE = 5.1e-5

#: Problems shown at most; the rest are counted.
PROBLEMS_SHOWN = 40

_ISO_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")


class BasisFileError(Exception):
    """Everything wrong with an input file; ``str`` gives one line a problem."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__(*problems)
        self.problems = tuple(problems)

    def __str__(self) -> str:
        shown = list(self.problems[:PROBLEMS_SHOWN])
        if len(self.problems) > PROBLEMS_SHOWN:
            shown.append(f"... and {len(self.problems) - PROBLEMS_SHOWN} more problems.")
        return "\n".join(shown)


@dataclass(frozen=True, slots=True)
class BasisTable:
    """A computed file: its own header and cells, the parsed inputs, the results and the ranking."""

    header: list[str]
    cells: list[list[str]]
    inputs: BasisInputs
    rows: BasisRows
    ranks: Integers


def computed_table(path: Path) -> BasisTable:
    """Read a file of bonds and compute every row.

    Raises
    ------
    BasisFileError
        With one message a problem: unreadable file, missing columns, cells that do not parse, rows
        that make no sense, a given conversion factor that the contract's rule does not give.
    """
    header, cells, lines = _read(path)
    names = [name.strip() for name in header]
    _check_header(path, names)
    problems: list[str] = []
    columns: dict[str, list[object]] = {name: [] for name in (*INPUT_COLUMNS, FACTOR_COLUMN)}
    for row, line in zip(cells, lines, strict=True):
        for name in INPUT_COLUMNS:
            text = row[names.index(name)].strip()
            value, problem = _parsed(name, text)
            columns[name].append(value)
            if problem:
                problems.append(f"{path}:{line} {name} {problem}.")
        text = row[names.index(FACTOR_COLUMN)].strip() if FACTOR_COLUMN in names else ""
        value, problem = _number(text) if text else (math.nan, "")
        columns[FACTOR_COLUMN].append(value)
        if problem:
            problems.append(f"{path}:{line} {FACTOR_COLUMN} {problem}.")
    if problems:
        raise BasisFileError(problems)
    inputs = basis_inputs(*(np.array(columns[name]) for name in INPUT_COLUMNS))  # type: ignore[arg-type]
    rows, codes = computed_rows(inputs)
    for place in np.flatnonzero(codes & ~UNKNOWN_CONTRACT):
        sentences = problem_sentences(inputs, int(place), int(codes[place]))
        problems += [f"{path}:{lines[place]} {column} {sentence}." for column, sentence in sentences]
    given = np.array(columns[FACTOR_COLUMN], dtype=np.float64)
    for place in np.flatnonzero(np.abs(given - rows.conversion_factor) > FACTOR_TOLERANCE):
        problems.append(
            f"{path}:{lines[place]} {FACTOR_COLUMN} is {given[place]:g}, but the contract's rule gives "
            f"{rows.conversion_factor[place]:.4f}; correct coupon, maturity or delivery month, or leave it empty."
        )
    if problems:
        raise BasisFileError(problems)
    return BasisTable(header, cells, inputs, rows, implied_repo_ranks(inputs, rows.implied_repo_pct))


def _read(path: Path) -> tuple[list[str], list[list[str]], list[int]]:
    """Header, rows of cells and the line each row ends on; blank lines are passed over."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.reader(file, strict=True)
            numbered = [(row, reader.line_num) for row in reader if any(cell.strip() for cell in row)]
    except UnicodeDecodeError as error:
        raise BasisFileError([f"{path}: byte {error.start} is not UTF-8; save the file as UTF-8."]) from None
    except csv.Error as error:
        raise BasisFileError([f"{path}:{reader.line_num} is not CSV ({error}); check the quotes."]) from None
    except OSError as error:
        reason = error.strerror or str(error)
        raise BasisFileError([f"{path}: cannot be read ({reason}); give the path of a CSV file."]) from None
    if len(numbered) < 2:
        found = "is empty" if not numbered else "has a header and no rows"
        raise BasisFileError([f"{path}: {found}; it needs a header and one row a bond."])
    header, cells = numbered[0][0], numbered[1:]
    ragged = [
        f"{path}:{line} has {len(row)} cells, but the header has {len(header)}; add or remove commas."
        for row, line in cells
        if len(row) != len(header)
    ]
    if ragged:
        raise BasisFileError(ragged)
    return header, [row for row, _ in cells], [line for _, line in cells]


def _check_header(path: Path, names: list[str]) -> None:
    problems = [
        f"{path}:1 {name} appears {names.count(name)} times in the header; keep one."
        for name in dict.fromkeys(names)
        if names.count(name) > 1
    ]
    for name in INPUT_COLUMNS:
        if name not in names:
            spare = [other for other in names if other not in INPUT_COLUMNS]
            close = difflib.get_close_matches(name, spare, n=1)
            hint = f"rename {close[0]!r}" if close else "add it"
            problems.append(f"{path}:1 {name} is missing from the header; the column is required; {hint}.")
    if problems:
        raise BasisFileError(problems)


def _parsed(name: str, text: str) -> tuple[object, str]:
    parse: Callable[[str], tuple[object, str]]
    if name == "contract_kind":
        parse = _contract
    elif name.endswith("_date"):
        parse = _date
    elif name == "coupon_frequency":
        parse = _whole_number
    else:
        parse = _number
    return parse(text) if text else (_BLANK[parse], "is empty; every row needs it; fill it in")


def _contract(text: str) -> tuple[object, str]:
    if text in CONTRACTS:
        return text, ""
    close = difflib.get_close_matches(text.upper(), CONTRACTS, n=1, cutoff=0.5)
    advice = f"did you mean {close[0]}?" if close else "correct it"
    return text, f"is {_shown(text)}; known contracts are {', '.join(CONTRACTS)}; {advice}".rstrip("?")


def _date(text: str) -> tuple[object, str]:
    if _ISO_DATE.fullmatch(text):
        try:
            return date.fromisoformat(text), ""
        except ValueError:
            return None, f"is {text!r}, a day that does not exist; dates are year-month-day; correct it"
    return None, f"is {_shown(text)}; dates are written 2025-06-30; rewrite it so"


def _number(text: str) -> tuple[object, str]:
    try:
        value = math.nan if "_" in text else float(text)
    except ValueError:
        value = math.nan
    if math.isfinite(value):
        return value, ""
    return 1.0, f"is {_shown(text)}; it must be a number with a decimal point, without units; rewrite it"


def _whole_number(text: str) -> tuple[object, str]:
    value, problem = _number(text)
    if problem or value != int(value):  # type: ignore[call-overload]
        return 2, f"is {_shown(text)}; it must be a whole number, 2 for semi-annual; rewrite it"
    return int(value), ""  # type: ignore[call-overload]


_BLANK: dict[Callable[[str], tuple[object, str]], object] = {
    _contract: "",
    _date: None,
    _whole_number: 2,
    _number: 1.0,
}


def _shown(text: str) -> str:
    return repr(text if len(text) <= 40 else text[:37] + "...")


def write_table(table: BasisTable, path: Path) -> None:
    """Write the input rows with the computed columns after them; a column already there is replaced.

    The file appears whole or not at all.
    """
    names = [name.strip() for name in table.header]
    added = [name for name in OUTPUT_COLUMNS if name not in names]
    computed = {name: [_number_text(value) for value in getattr(table.rows, name)] for name in COLUMNS}
    computed["is_cheapest"] = ["true" if rank == 1 else "false" for rank in table.ranks]
    computed["implied_repo_rank"] = [str(rank) for rank in table.ranks]
    folder = path.resolve().parent
    handle, temporary = tempfile.mkstemp(dir=folder, prefix=f".{path.name}.", suffix=".part")
    try:
        with os.fdopen(handle, "w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow([safe_cell(name) for name in (*table.header, *added)])
            for place, cells in enumerate(table.cells):
                kept = (
                    computed[name][place] if name in computed else safe_cell(cell)
                    for name, cell in zip(names, cells, strict=True)
                )
                writer.writerow([*kept, *(computed[name][place] for name in added)])
        os.chmod(temporary, 0o666 & ~_umask())
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _number_text(value: float) -> str:
    """Ten decimals, trailing zeros cut: enough to compute on, short enough to read."""
    text = f"{value:.10f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def safe_cell(text: str) -> str:
    """Cell that a spreadsheet shows as text instead of running it as a formula; numbers are left."""
    if not text.startswith(_FORMULA_STARTS) or not _number(text.strip())[1]:
        return text
    return "'" + text


def printed_table(table: BasisTable) -> str:
    """Text table of the main columns, each basket from its cheapest bond to its dearest."""
    header = ("contract", "delivery", "settle", "coupon", "maturity", "clean", "factor")
    header += ("gross", "carry", "net", "net 32nds", "implied repo %", "rank")
    order = sorted(
        range(table.ranks.size), key=lambda place: (*_basket_key(table, place), table.ranks[place])
    )
    codes = list(CONTRACTS)
    lines = [header]
    for place in order:
        inputs, rows = table.inputs, table.rows
        lines.append(
            (
                codes[inputs.contract[place]],
                _day(inputs.first_delivery[place])[:7],
                _day(inputs.settlement[place]),
                f"{inputs.coupon_pct[place]:.3f}",
                _day(inputs.maturity[place]),
                f"{inputs.clean_price[place]:.4f}",
                f"{rows.conversion_factor[place]:.4f}",
                f"{rows.gross_basis[place]:.4f}",
                f"{rows.carry[place]:.4f}",
                f"{rows.net_basis[place]:.4f}",
                f"{rows.net_basis_32nds[place]:.2f}",
                f"{rows.implied_repo_pct[place]:.3f}",
                f"{table.ranks[place]}" + (" cheapest" if table.ranks[place] == 1 else ""),
            )
        )
    return aligned(lines)


def _basket_key(table: BasisTable, place: int) -> tuple[int, str, int]:
    inputs = table.inputs
    month = _day(inputs.first_delivery[place])[:7]
    return int(inputs.contract[place]), month, int(inputs.settlement[place])


def _day(day: np.int64) -> str:
    return str(day.astype("datetime64[D]"))


def aligned(lines: Iterable[Sequence[str]]) -> str:
    """Lines of cells as text columns, right-aligned but for the last."""
    rows = list(lines)
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join(
        "  ".join(cell.rjust(width) for cell, width in zip(row[:-1], widths, strict=False)) + "  " + row[-1]
        for row in rows
    )
