"""Reading the CSV file of ``unwind basis``: every problem found, then every row computed.

A problem is one sentence with file, line and column: what was found, what is allowed, what to do.
They are collected before anything is reported, so that a file can be repaired in one go. What can be
computed but looks like a slip is a warning.
"""

from __future__ import annotations

import csv
import difflib
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulator.basis.baskets import deliverable_rows
from simulator.basis.inputs import BasisInputs, basis_inputs
from simulator.basis.plausibility import doubts
from simulator.basis.problems import problem_sentences
from simulator.basis.quotes import SlashOrder, day_written, in_thirty_seconds, slash_order
from simulator.basis.row_kernel import Integers
from simulator.basis.rows import BasisRows, computed_rows, implied_repo_ranks
from simulator.contracts import CONTRACTS, contract_named

#: Columns the file must have.
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

#: Column that may be there, and is then checked against the computed one; a cell may be empty.
FACTOR_COLUMN = "conversion_factor"

#: Columns that take the place of computed ones when asked; a cell may be empty.
ACCRUED_COLUMNS = ("accrued_settlement", "accrued_delivery")

#: Column that may be there: with it a basket's rule on original terms is checked; a cell may be empty.
ISSUE_COLUMN = "issue_date"

#: Prices may be written in thirty-seconds.
PRICE_COLUMNS = ("clean_price", "futures_price")

#: A given factor may differ from the computed one by half a unit of its last decimal.
FACTOR_TOLERANCE = 5.1e-5

#: Problems shown at most; the rest are counted.
PROBLEMS_SHOWN = 40


class BasisFileError(Exception):
    """Everything wrong with an input file; its text is one line a problem."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__(*problems)
        self.problems = tuple(problems)

    def __str__(self) -> str:
        shown = list(self.problems[:PROBLEMS_SHOWN])
        if len(self.problems) > PROBLEMS_SHOWN:
            shown.append(f"... and {len(self.problems) - PROBLEMS_SHOWN:,} more problems.")
        return "\n".join(shown)


@dataclass(frozen=True, slots=True)
class BasisTable:
    """A computed file: its own header and cells, the parsed inputs, the results and the ranking.

    ``is_deliverable`` says which bonds the contract takes; the others rank 0. ``warnings`` are a line each.
    """

    header: list[str]
    cells: list[list[str]]
    inputs: BasisInputs
    rows: BasisRows
    ranks: Integers
    is_deliverable: NDArray[np.bool_]
    warnings: tuple[str, ...]


def read_basis_table(
    path: Path, *, is_factor_given: bool = False, is_accrued_given: bool = False
) -> BasisTable:
    """Read a file of bonds and compute every row.

    Parameters
    ----------
    is_factor_given
        Whether conversion factors in the file take the place of the contract's rule.
    is_accrued_given
        Whether accrued interest in the file takes the place of the calendar's.

    Raises
    ------
    BasisFileError
        With one message a problem: an unreadable file, missing columns, cells that do not parse, rows
        that make no sense, a given conversion factor that the contract's rule does not give.
    """
    header, cells, lines = _read(path)
    names = [name.strip() for name in header]
    _check_header(path, names)
    optional = [FACTOR_COLUMN, ISSUE_COLUMN, *(ACCRUED_COLUMNS if is_accrued_given else ())]
    columns = _parsed_columns(path, names, cells, lines, [name for name in optional if name in names])
    factors = np.array(columns.get(FACTOR_COLUMN, math.nan))
    by_rule = np.array([CONTRACTS[code].is_factor_by_months for code in columns["contract_kind"]])
    inputs = basis_inputs(
        **{name: columns[name] for name in INPUT_COLUMNS},
        given_factor=factors if is_factor_given else np.where(by_rule, math.nan, factors),
        given_accrued_settlement=columns.get(ACCRUED_COLUMNS[0], math.nan),
        given_accrued_delivery=columns.get(ACCRUED_COLUMNS[1], math.nan),
    )
    rows, codes = computed_rows(inputs)
    problems = [
        f"{path}:{lines[place]} {column} {sentence}."
        for place in np.flatnonzero(codes)
        for column, sentence in problem_sentences(inputs, int(place), int(codes[place]))
    ]
    problems += [
        f"{path}:{lines[place]} {FACTOR_COLUMN} is {factors[place]:g}, but the contract's rule gives "
        f"{rows.conversion_factor[place]:.4f}; correct the bond, empty the cell or use --given-factors."
        for place in np.flatnonzero(np.abs(factors - rows.conversion_factor) > FACTOR_TOLERANCE)
    ]
    if problems:
        raise BasisFileError(problems)
    taken = deliverable_rows(inputs, columns.get(ISSUE_COLUMN))
    return BasisTable(
        header,
        cells,
        inputs,
        rows,
        implied_repo_ranks(inputs, rows.implied_repo_pct, taken),
        taken,
        tuple(
            f"{path}:{lines[row]} {column} {sentence}."
            for row, column, sentence in doubts(inputs, rows, taken)
        ),
    )


def _read(path: Path) -> tuple[list[str], list[list[str]], list[int]]:
    """Header, rows of cells and the line each row ends on; blank lines are passed over."""
    line = 0
    numbered = []
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.reader(file, strict=True)
            for row in reader:
                line = reader.line_num
                if any(cell.strip() for cell in row):
                    numbered.append((row, line))
    except UnicodeDecodeError as error:
        raise BasisFileError([f"{path}: byte {error.start} is not UTF-8; save the file as UTF-8."]) from None
    except csv.Error as error:
        raise BasisFileError([f"{path}:{line + 1} is not CSV ({error}); check its quotes."]) from None
    except OSError as error:
        reason = error.strerror or str(error)
        raise BasisFileError([f"{path}: cannot be read ({reason}); give the path of a CSV file."]) from None
    if len(numbered) < 2:
        found = "has a header and no rows" if numbered else "is empty"
        raise BasisFileError([f"{path}: {found}; it needs a header and one row a bond."])
    header = numbered[0][0]
    ragged = [
        f"{path}:{line} has {len(row)} cells, but the header has {len(header)}; add or remove commas."
        for row, line in numbered
        if len(row) != len(header)
    ]
    if ragged:
        raise BasisFileError(ragged)
    return header, [row for row, _ in numbered[1:]], [line for _, line in numbered[1:]]


def _check_header(path: Path, names: list[str]) -> None:
    problems = [
        f"{path}:1 {name!r} stands {names.count(name)} times in the header; a name may once; rename one."
        for name in dict.fromkeys(names)
        if names.count(name) > 1
    ]
    spare = [name for name in names if name not in INPUT_COLUMNS]
    for name in INPUT_COLUMNS:
        if name not in names:
            close = difflib.get_close_matches(name, spare, n=1)
            advice = f"rename {close[0]!r}" if close else "add it"
            problems.append(f"{path}:1 {name} is missing from the header; the column is required; {advice}.")
    if problems:
        raise BasisFileError(problems)


def _parsed_columns(
    path: Path, names: list[str], cells: list[list[str]], lines: list[int], optional: Sequence[str]
) -> dict[str, list[Any]]:
    wanted = [*INPUT_COLUMNS, *optional]
    places = [names.index(name) for name in wanted]
    columns: dict[str, list[Any]] = {name: [] for name in wanted}
    dates = [place for name, place in zip(wanted, places, strict=True) if name.endswith("_date")]
    order = slash_order(row[place].strip() for row in cells for place in dates)
    problems = []
    for row, line in zip(cells, lines, strict=True):
        for name, place in zip(wanted, places, strict=True):
            try:
                columns[name].append(_value(name, row[place].strip(), order, name in optional))
            except ValueError as problem:
                problems.append(f"{path}:{line} {name} {problem}.")
    if problems:
        raise BasisFileError(problems)
    return columns


def _value(name: str, text: str, order: SlashOrder | None, is_optional: bool) -> object:
    """Value of a cell; what is wrong with it, as the message of a ValueError."""
    if not text:
        if is_optional:
            return None if name == ISSUE_COLUMN else math.nan
        raise ValueError("is empty; every row needs it; fill it in")
    if name == "contract_kind":
        return _contract(text)
    if name.endswith("_date"):
        return day_written(text, order)
    if name in PRICE_COLUMNS:
        return _price(text)
    return _frequency(text) if name == "coupon_frequency" else number(text)


def _contract(text: str) -> str:
    try:
        return contract_named(text).code
    except ValueError:
        raise ValueError(
            f"is {_shown(text)}, which is not a known contract; choose one of {', '.join(CONTRACTS)}"
        ) from None


def _price(text: str) -> float:
    points = in_thirty_seconds(text)
    if points is not None:
        return points
    try:
        return number(text)
    except ValueError:
        raise ValueError(
            f"is {_shown(text)}; a price is points, or points and thirty-seconds; write 101.5 or 101-16"
        ) from None


def number(text: str) -> float:
    """Finite decimal number.

    Raises
    ------
    ValueError
        With what was found, what is allowed and what to do.
    """
    try:
        value = math.nan if "_" in text else float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise ValueError(f"is {_shown(text)}; it must be a decimal number without unit; write it like 101.5")
    return value


def _frequency(text: str) -> int:
    value = number(text)
    if value != int(value) or not 0.0 < value < 100.0:
        raise ValueError(f"is {_shown(text)}; it must be the whole number of coupons a year; write 1 or 2")
    return int(value)


def _shown(text: str) -> str:
    return repr(text if len(text) <= 40 else text[:37] + "...")
