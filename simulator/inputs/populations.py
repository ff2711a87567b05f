"""Funds, dealers and networks that users bring as tables: read cell by cell, every broken one told at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from simulator.csv_file import NAMES_SHOWN, CsvFile, DataError, read_csv
from simulator.scenario.errors import Problem, Problems
from simulator.scenario.schema import Funds
from simulator.units import MONEY, NUMBER, SHARE, Kind, UnitError, quoted, read, written

Floats = npt.NDArray[np.float64]

#: Most funds or dealers of a file: a row of tables in the engine each.
AGENTS_MAX = 5_000
#: How far the shares of a row may be from adding up to one.
ROUNDING = 1e-6


@dataclass(frozen=True)
class FundPopulation:
    """Hedge funds on the opening day. Arrays over funds; packages are (trade, fund)."""

    names: tuple[str, ...]
    packages_bn: Floats
    leverage: Floats
    equity_bn: Floats  # NaN where leverage decides
    free_cash_bn: Floats  # NaN where the scenario's share decides
    line_bn: Floats  # NaN where the scenario's share decides
    haircut: Floats
    overnight_share: Floats
    other_exposure: Floats  # of other strategies, over the average


@dataclass(frozen=True)
class Bounded:
    """What a column of figures holds: their kind, and the least and the most that makes sense."""

    kind: Kind
    least: float
    most: float


AMOUNT, PACKAGES = Bounded(MONEY, 0.0, 5e3), Bounded(MONEY, -5e3, 5e3)
PART = Bounded(SHARE, 0.0, 1.0)
FUND_COLUMNS = {
    "equity": Bounded(MONEY, 1e-6, 5e3),
    "free_cash": AMOUNT,
    "committed_line": AMOUNT,
    "haircut": Bounded(SHARE, -0.1, 1.0),
    "overnight_share": PART,
    "other_exposure": Bounded(NUMBER, -1e3, 1e3),
}
SIZE = Bounded(MONEY, 1e-6, 1e6)


def read_funds(key: str, file: Path, trades: Sequence[str], funds: Funds) -> FundPopulation:
    """Read funds one by one: a name, equity, optional terms, and packages in a column for each trade.

    Raises
    ------
    Problems
        Every broken cell at once, by line and column name.
    """
    table = _Table(key, file, ["name", "equity", *trades], [*FUND_COLUMNS])
    names = table.names()
    packages = np.stack([table.figures(trade, PACKAGES, 0.0) for trade in trades])
    given = {
        name: table.figures(name, column, default, is_needed=name == "equity")
        for (name, column), default in zip(
            FUND_COLUMNS.items(), (np.nan, np.nan, np.nan, 0.0, funds.overnight_share, 1.0), strict=True
        )
    }
    table.finish()
    return FundPopulation(
        names=names,
        packages_bn=packages,
        leverage=np.full(len(names), np.nan),
        equity_bn=given["equity"],
        free_cash_bn=given["free_cash"],
        line_bn=given["committed_line"],
        haircut=given["haircut"],
        overnight_share=given["overnight_share"],
        other_exposure=given["other_exposure"],
    )


def read_dealers(key: str, file: Path) -> tuple[tuple[str, ...], Floats]:
    """Read dealers one by one: a name and a size (any money amount; only proportions count)."""
    table = _Table(key, file, ["name", "size"])
    names, size = table.names(), table.figures("size", SIZE, np.nan, is_needed=True)
    table.finish()
    return names, size / size.sum()


def read_network(key: str, file: Path, rows: Sequence[str], columns: Sequence[str]) -> Floats:
    """Read a network: a row for each of ``rows`` with shares for each of ``columns``, each row adding up to 100%."""
    table = _Table(key, file, ["name", *columns])
    names = table.names()
    for found, wanted, what in ((rows, names, "lacks"), (names, rows, "has")):
        known = set(wanted)
        odd = [name for name in found if name not in known]
        if odd:
            table.report(f"{file.name} {what} {_some(odd)}", f"one row for each of {_some(rows)}")
    shares = np.stack([table.figures(column, PART, 0.0) for column in columns], axis=1)
    totals = shares.sum(axis=1)
    for row in np.flatnonzero(np.abs(totals - 1.0) > ROUNDING).tolist() if not table.problems else ():
        found = f"{table.where(row)}: the shares of {names[row]} add up to {written(SHARE, float(totals[row]), 6)}"
        table.report(found, "shares that add up to 100%")
    table.finish()
    place = {name: row for row, name in enumerate(names)}
    return shares[[place[row] for row in rows]]


def _some(names: Sequence[str]) -> str:
    return (
        ", ".join(names)
        if len(names) <= NAMES_SHOWN
        else f"{', '.join(names[: NAMES_SHOWN - 2])} … {names[-1]}"
    )


class _Table:
    """A table with the problems that were found in it, to be raised together."""

    def __init__(self, key: str, file: Path, required: Sequence[str], optional: Sequence[str] = ()) -> None:
        self.key = key
        self.problems: list[Problem] = []
        try:
            self.table: CsvFile = read_csv(file, required)
        except DataError as error:
            raise Problems([told_of(key, error)]) from error
        allowed = [*required, *(name for name in optional if name not in required)]
        for column in self.table.header:
            if column not in allowed:
                found = f"{self.table.name}:1: unknown column {quoted(column)}"
                self.report(found, f"columns {_some(allowed)}", near=sorted(allowed))
        if len(self.table.rows) > AGENTS_MAX:
            self.report(f"{self.table.name} has {len(self.table.rows):,} rows", f"up to {AGENTS_MAX:,}")
        self.finish()

    def names(self) -> tuple[str, ...]:
        """Names of the rows, each one once."""
        names = tuple(name or f"row {row + 2}" for row, name in enumerate(self.table.column("name")))
        first: dict[str, int] = {}
        for row, name in enumerate(names):
            if name in first:
                line = self.table.rows[first[name]][0]
                found = f"{self.where(row)} name: {quoted(name)} stands a second time, after line {line}"
                self.report(found, "every name once", "Rename or delete one of the two.")
            first.setdefault(name, row)
        return names

    def figures(self, heading: str, column: Bounded, default: float, *, is_needed: bool = False) -> Floats:
        """Figures of a column, the default where a cell is empty or the column is missing."""
        values = np.full(len(self.table.rows), default)
        for row, text in enumerate(self.table.column(heading)):
            where = f"{self.where(row)} {heading}"
            limits = f"{written(column.kind, column.least)} to {written(column.kind, column.most)}"
            if not text:
                if is_needed:
                    self.report(f"{where}: no value", f"{column.kind.allowed}, {limits}")
                continue
            try:
                values[row] = read(column.kind, text if column.kind.suffixes else float(text))
            except (UnitError, ValueError) as error:
                told = (
                    error if isinstance(error, UnitError) else UnitError(f"{quoted(text)} is no number", "")
                )
                advice = told.advised(column.least, column.most)
                self.report(f"{where}: {told.found}", f"{column.kind.allowed}, {limits}", advice)
                continue
            if not column.least <= values[row] <= column.most:
                self.report(f"{where}: {quoted(text)} is out of bounds", limits)
        return values

    def where(self, row: int) -> str:
        """File and line of a row."""
        return self.table.where(row)

    def report(self, found: str, allowed: str, advice: str = "", near: Sequence[str] = ()) -> None:
        """Keep a problem until the table is finished."""
        self.problems.append(Problem(self.key, found, allowed, advice, near))

    def finish(self) -> None:
        """Raise what was found."""
        if self.problems:
            raise Problems(self.problems)


def told_of(key: str, error: DataError) -> Problem:
    """What is wrong with a file, as a problem of the key that names it."""
    return Problem(key, f"{error.where}: {error.found}", error.allowed, error.advice)
