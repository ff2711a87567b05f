"""Funds, dealers and networks that users bring as tables: read cell by cell, every broken one told at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from simulator.as_written import AmbiguousError, decimal_mark, heading, read_cell
from simulator.csv_file import NAMES_SHOWN, CsvFile, DataError, check_columns, check_header, read_csv
from simulator.scenario.errors import Problem, Problems
from simulator.scenario.schema import Funds
from simulator.units import MONEY, NUMBER, SHARE, Kind, UnitError, quoted, written

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
    added: int = 0  # how many of them, the last, are the user's own among others
    dealer_shares: Floats | None = None  # of those, (fund, dealer): NaN where the network is drawn

    def with_added(self, own: FundPopulation) -> FundPopulation:
        """These funds, and after them others of the user's own."""
        arrays = {
            field.name: np.concatenate([getattr(self, field.name), getattr(own, field.name)], axis=-1)
            for field in fields(self)
            if field.name not in ("names", "added", "dealer_shares")
        }
        return FundPopulation(
            names=(*self.names, *own.names), added=len(own.names), dealer_shares=own.dealer_shares, **arrays
        )


@dataclass(frozen=True)
class DealerPopulation:
    """Dealers on the opening day. Arrays over dealers."""

    names: tuple[str, ...]
    share: Floats  # of all dealers' business; adds up to one
    opening_use: Floats  # NaN where the scenario's decides

    def with_added(self, own: DealerPopulation) -> DealerPopulation:
        """These dealers, and after them the user's own, who take their share from all others alike."""
        rest = 1.0 - own.share.sum()
        return DealerPopulation(
            names=(*self.names, *own.names),
            share=np.concatenate([rest * self.share, own.share]),
            opening_use=np.concatenate([self.opening_use, own.opening_use]),
        )


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
#: A dealer's part of all dealers' business, and how much of its limit it uses at the opening.
DEALER_SHARE, OPENING_USE = Bounded(SHARE, 1e-4, 0.95), Bounded(SHARE, 0.01, 1.0)


def read_funds(
    key: str, file: Path, trades: Sequence[str], funds: Funds, dealers: Sequence[str] | None = None
) -> FundPopulation:
    """Read funds one by one: a name, equity, optional terms, and packages in a column for each trade.

    Parameters
    ----------
    dealers
        Of funds among others: a column for some of them may say what share of its repo a fund has from each, and
        trades that none of the funds has need no column.

    Raises
    ------
    Problems
        Every broken cell at once, by line and column name.
    """
    is_added = dealers is not None
    required = ["name", "equity", *(() if is_added else trades)]
    table = _Table(key, file, required, [*FUND_COLUMNS, *trades, *(dealers or ())])
    if not set(table.table.header).intersection(trades):
        table.report(
            f"{file.name}:1: no column of packages", f"a column for each trade held: {_some(trades)}"
        )
    names = table.names()
    packages = np.stack([table.figures(trade, PACKAGES, 0.0) for trade in trades])
    given = {
        name: table.figures(name, column, default, is_needed=name == "equity")
        for (name, column), default in zip(
            FUND_COLUMNS.items(), (np.nan, np.nan, np.nan, 0.0, funds.overnight_share, 1.0), strict=True
        )
    }
    shares = table.shares(dealers, may_be_empty=True) if dealers else None
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
        added=len(names) if is_added else 0,
        dealer_shares=shares,
    )


def read_dealers(key: str, file: Path, *, is_added: bool = False) -> DealerPopulation:
    """Read dealers one by one: a name, how large each is, and, if it has its own, the opening use of its limit.

    Parameters
    ----------
    is_added
        Dealers among others, whose shares of all dealers' business are given. Else sizes are, any amounts of money, of
        which only the proportions count.
    """
    column, bounds = ("share", DEALER_SHARE) if is_added else ("size", SIZE)
    table = _Table(key, file, ["name", column], ["opening_use"])
    names, size = table.names(), table.figures(column, bounds, np.nan, is_needed=True)
    use = table.figures("opening_use", OPENING_USE, np.nan)
    if is_added and not table.problems and size.sum() > DEALER_SHARE.most:
        total = written(SHARE, float(size.sum()), 6)
        table.report(
            f"{file.name}: shares add up to {total}",
            f"up to {written(SHARE, DEALER_SHARE.most)}: others trade too",
        )
    table.finish()
    return DealerPopulation(names, size if is_added else size / size.sum(), use)


def read_network(key: str, file: Path, rows: Sequence[str], columns: Sequence[str]) -> Floats:
    """Read a network: a row for each of ``rows`` with shares for each of ``columns``, each row adding up to 100%."""
    table = _Table(key, file, ["name", *columns])
    names = table.names()
    for found, wanted, what in ((rows, names, "lacks"), (names, rows, "has")):
        known = set(wanted)
        odd = [name for name in found if name not in known]
        if odd:
            table.report(f"{file.name} {what} {_some(odd)}", f"one row for each of {_some(rows)}")
    shares = table.shares(columns)
    table.finish()
    place = {name: row for row, name in enumerate(names)}
    return shares[[place[row] for row in rows]]


def _some(names: Sequence[str]) -> str:
    return (
        ", ".join(names)
        if len(names) <= NAMES_SHOWN
        else f"{', '.join(names[: NAMES_SHOWN - 2])} … {names[-1]}"
    )


def _named_as_allowed(table: CsvFile, allowed: Sequence[str]) -> tuple[CsvFile, dict[str, str]]:
    """A table under the names of columns that it may have, whatever their case, and the units of its headings."""
    known = {heading(name).name: name for name in allowed}
    headings = [(text, heading(text)) for text in table.header]
    names = [text if text in allowed else known.get(read.name, text) for text, read in headings]
    check_header(f"{table.name}:1", names)
    units = {name: read.unit for name, (_, read) in zip(names, headings, strict=True) if read.unit}
    return replace(table, header=tuple(names)), units


def _decimal_mark(table: CsvFile) -> str:
    """Whether figures have decimal points or commas."""
    place = table.header.index("name")
    cells = (cell for _, row in table.rows for n, cell in enumerate(row) if n != place)
    try:
        return decimal_mark(cells, table.separator)
    except AmbiguousError as error:
        raise DataError(
            table.name,
            str(error),
            "numbers of one style in a file",
            "Write thousands without separator, and decimals in one way.",
        ) from error


class _Table:
    """A table with the problems that were found in it, to be raised together."""

    def __init__(self, key: str, file: Path, required: Sequence[str], optional: Sequence[str] = ()) -> None:
        self.key = key
        self.problems: list[Problem] = []
        allowed = [*required, *(name for name in optional if name not in required)]
        try:
            self.table, self.units = _named_as_allowed(read_csv(file, ()), allowed)
            check_columns(self.table, required)
            self.decimal = _decimal_mark(self.table)
        except DataError as error:
            raise Problems([told_of(key, error)]) from error
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
                values[row] = read_cell(column.kind, text, self.units.get(heading, ""), self.decimal)
            except UnitError as error:
                advice = error.advised(column.least, column.most)
                self.report(f"{where}: {error.found}", f"{column.kind.allowed}, {limits}", advice)
                continue
            if not column.least <= values[row] <= column.most:
                self.report(f"{where}: {quoted(text)} is out of bounds", limits)
        return values

    def shares(self, columns: Sequence[str], *, may_be_empty: bool = False) -> Floats:
        """Shares of each row by column, which add up; NaN in a row without any that may be empty."""
        given = np.stack([self.figures(column, PART, np.nan) for column in columns], axis=1)
        is_empty = np.isnan(given).all(axis=1) & may_be_empty
        shares: Floats = np.nan_to_num(given)
        totals = np.where(is_empty, 1.0, shares.sum(axis=1))
        names = self.names()
        for row in np.flatnonzero(np.abs(totals - 1.0) > ROUNDING).tolist() if not self.problems else ():
            total = written(SHARE, float(totals[row]), 6)
            found = f"{self.where(row)}: the shares of {names[row]} add up to {total}"
            self.report(found, "shares that add up to 100%")
        shares[is_empty] = np.nan
        return shares

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
