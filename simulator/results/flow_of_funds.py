"""The flow of funds: who sold and who bought bonds and hedges, who lent and who borrowed, whose cash grew.

A sector's flow from one day to another is the change of what it holds, and what it holds is a sum of stored variables:
the table of holdings below. What one sector buys others sold, so the flows of all sectors add up to nothing, path by
path and day by day; what was issued is the issuer's sale.

Bonds are told in face and in ten-year equivalents: face weighted by the opening DV01 of its bucket over that of the
bucket nearest to ten years. Amounts are in USD billions.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from simulator.results.days import opening_of, paths_in_fans
from simulator.results.errors import BAD_INPUT, OutputError, plain
from simulator.results.in_currency import in_currency
from simulator.results.layout import STATUS, Array, Days, Layout
from simulator.results.statistics import Estimate
from simulator.results.store import read_block
from simulator.results.streaming import draws_of
from simulator.results.variables import DIMENSIONS

if TYPE_CHECKING:
    import pandas as pd

    from simulator.results.folder import RunFolder

#: Path-days worked on at once: what they take stays in the processor's cache.
AT_ONCE = 2_048
#: All sectors together: nothing is made and nothing is lost between them.
ALL = "all"
#: Ends the name of what is told in ten-year equivalents.
TEN_YEAR = "_ten_year"
#: Decides the day of the height of stress.
PRESSURE = "outright_pressure"


class Holding(NamedTuple):
    """A stored variable that is part of what a sector holds; of a liability or a short position the sign is -1."""

    sector: str
    variable: str
    sign: float = 1.0


class FlowLine(NamedTuple):
    """One column of the flow of funds: an instrument, in a market or in all of them."""

    instrument: str
    market: str = ALL

    @property
    def held(self) -> str:
        """The instrument that is held, however it is weighted."""
        return self.instrument.removesuffix(TEN_YEAR)

    @property
    def is_weighted(self) -> bool:
        """Whether it is told in ten-year equivalents."""
        return self.instrument.endswith(TEN_YEAR)


#: Bonds by bucket. Positions hold a bond each; the issuer is short what it issued since the opening.
BONDS = (
    Holding("funds", "fund_packages"),
    Holding("dealers", "dealer_inventory"),
    Holding("dealers", "dealer_packages"),
    Holding("dealers", "estate_packages"),
    Holding("asset managers", "asset_manager_bonds"),
    Holding("foreign holders", "foreign_bonds"),
    Holding("end investors", "end_investor_bonds"),
    Holding("central bank", "central_bank_bonds"),
    Holding("central bank", "central_bank_packages"),
    Holding("issuer", "bonds_issued", -1.0),
)
#: Hedges by hedge, net long.
HEDGES = (
    Holding("funds", "fund_hedges", -1.0),
    Holding("dealers", "dealer_packages", -1.0),
    Holding("dealers", "estate_hedges", -1.0),
    Holding("asset managers", "asset_manager_hedges"),
    Holding("central bank", "central_bank_packages", -1.0),
    Holding("other hedgers", "other_hedger_hedges"),
)
#: Repo lent, less repo borrowed. Dealers stand between lenders and clients; other clients are outside.
REPO = (
    Holding("funds", "fund_loans", -1.0),
    Holding("dealers", "fund_repo"),
    Holding("dealers", "other_client_repo"),
    Holding("dealers", "dealer_borrowing", -1.0),
    Holding("dealers", "facility_use", -1.0),
    Holding("lenders", "lender_repo"),
    Holding("central bank", "facility_use"),
    Holding("outside", "other_client_repo", -1.0),
)
#: Holdings by instrument; cash is stored by sector as it is.
HOLDINGS = {"bonds": BONDS, "hedges": HEDGES, "repo": REPO}
CASH_LINE, CASH = "cash", "sector_cash"
#: What is told of all markets together, in the order of the table: bonds, and the others.
BOND_LINES = FlowLine("bonds"), FlowLine(f"bonds{TEN_YEAR}")
LINES = (*BOND_LINES, *(FlowLine(name) for name in ("repo", "hedges", CASH_LINE)))
_VARIABLES_OF = {name: {holding.variable for holding in parts} for name, parts in HOLDINGS.items()} | {
    CASH_LINE: {CASH}
}


def holds(sector: str, instrument: str) -> bool:
    """Whether a sector ever holds an instrument.

    Examples
    --------
    >>> holds("lenders", "repo"), holds("lenders", "bonds_ten_year"), holds("clearing house", "cash")
    (True, False, True)
    """
    parts = HOLDINGS.get(FlowLine(instrument).held)
    return parts is None or sector == ALL or any(holding.sector == sector for holding in parts)


def variables_of_lines(lines: Iterable[FlowLine]) -> set[str]:
    """Stored variables that lines of the flow of funds are made from."""
    return {name for line in lines for name in _VARIABLES_OF[line.held]}


def held(arrays: Days, instrument: str, weights: Array | None = None) -> Array:
    """What every sector holds of an instrument, in double precision, (column, sector, path, day).

    Parameters
    ----------
    instrument
        A key of ``HOLDINGS``, or cash.
    weights
        What a dollar in each market adds to each column, (market, column): buckets for bonds, hedges for hedges, one
        market for repo and cash. A column a market by default.
    """
    layout = arrays.layout
    sectors = {name: place for place, name in enumerate(layout.sectors)}
    places = _places_of_markets(layout, instrument)
    if weights is None:
        weights = np.eye(len(_markets(layout, instrument)))
    if instrument == CASH_LINE:
        cash = np.moveaxis(arrays.as_stored(CASH), 2, 0).astype(np.float64)
        return np.stack([weight * cash for weight in weights[0]])
    shape = arrays.as_stored(HOLDINGS[instrument][0].variable).shape[:2]
    found = np.zeros((weights.shape[1], len(sectors), math.prod(shape)))
    for holding in HOLDINGS[instrument]:
        of_market = places[DIMENSIONS.get(holding.variable, "")]
        values = arrays.as_stored(holding.variable).reshape(-1, len(of_market)).T
        values = values.astype(np.float64, order="C")
        # No matrix product: its rows differ in last bits by where they stand, and what is certain would have an error.
        for place, market in enumerate(of_market):
            for column in np.flatnonzero(weights[market]):
                weight, total = holding.sign * weights[market, column], found[column, sectors[holding.sector]]
                total += values[place] if weight == 1.0 else weight * values[place]
    return found.reshape(*found.shape[:2], *shape)


def _markets(layout: Layout, instrument: str) -> Sequence[str]:
    """Names of the markets of an instrument."""
    return {"bonds": layout.buckets, "hedges": layout.hedges}.get(instrument, (ALL,))


def _places_of_markets(layout: Layout, instrument: str) -> dict[str, list[int]]:
    """Market in which each place of a variable stands, by the variable's dimension."""
    if instrument == "bonds":
        buckets = list(range(len(layout.buckets)))
        return {"bucket": buckets, "hedge": layout.bucket_of_hedge, "trade": layout.bucket_of_trade}
    if instrument == "hedges":
        return {"hedge": list(range(len(layout.hedges))), "trade": layout.hedge_of_trade}
    return {"": [0]}


def lines_by_market(layout: Layout) -> tuple[FlowLine, ...]:
    """Columns of the flow of funds of a run: of all markets together, and of bonds and hedges market by market."""
    buckets = [line._replace(market=bucket) for line in BOND_LINES for bucket in layout.buckets]
    return (*LINES, *buckets, *(FlowLine("hedges", hedge) for hedge in layout.hedges))


def _weights(line: FlowLine, layout: Layout) -> Array:
    """What a dollar in each market adds to a line."""
    chosen = [line.market in (ALL, market) for market in _markets(layout, line.held)]
    return np.multiply(chosen, layout.ten_year_equivalents if line.is_weighted else 1.0)


def by_line(arrays: Days, lines: Sequence[FlowLine]) -> Array:
    """What every sector holds by line, (line, sector, path, day), with all sectors together in the last place."""
    found: dict[int, Array] = {}
    for instrument in dict.fromkeys(line.held for line in lines):
        places = [place for place, line in enumerate(lines) if line.held == instrument]
        weights = np.column_stack([_weights(lines[place], arrays.layout) for place in places])
        found |= zip(places, held(arrays, instrument, weights), strict=True)
    values = np.stack([found[place] for place in range(len(lines))])
    return np.concatenate([values, values.sum(axis=1, keepdims=True)], axis=1)


@dataclass(frozen=True)
class FlowOfFunds:
    """What every sector bought and sold up to some days, on average over paths.

    Parameters
    ----------
    sectors
        Names, ``"all"`` last.
    lines
        Instruments and markets.
    first_day, days
        Day from which flows are counted, and the days up to which they are told.
    mean, error
        Flows and their standard errors, (day, sector, line); NaN when no path finished.
    draws, paths
        Independent draws, and the finished paths that they are made from.
    """

    sectors: tuple[str, ...]
    lines: tuple[FlowLine, ...]
    first_day: int
    days: tuple[int, ...]
    mean: Array
    error: Array
    draws: int
    paths: int

    def of(self, day: int, sector: str, instrument: str, market: str = ALL) -> Estimate:
        """What a sector bought (+) or sold (-) of an instrument from the first day to one of the days."""
        line = self.lines.index(FlowLine(instrument, market))
        place = self.days.index(day), self.sectors.index(sector), line
        return Estimate(float(self.mean[place]), float(self.error[place]), self.draws)


def sector_flows(
    run: RunFolder, days: Sequence[int], *, first_day: int = 0, lines: Sequence[FlowLine] = LINES
) -> FlowOfFunds:
    """The flow of funds of a run, from the first so many of its finished paths that fans are made from.

    Parameters
    ----------
    days
        Days up to which flows are told.
    first_day
        Day from which they are counted; 0 is the opening.
    lines
        What is told: only what these are made from is read.

    Raises
    ------
    DamagedBlockError
        If a block is not what was written.
    """
    layout = run.layout
    sectors = (*layout.sectors, ALL)
    shape = (len(lines), len(sectors), len(days))
    moments, paths = _Moments(math.prod(shape)), 0
    wanted = sorted({first_day, *days})
    chosen = slice(None) if len(wanted) == layout.days + 1 else wanted
    since, until = wanted.index(first_day), [wanted.index(day) for day in days]
    told = slice(None) if until == list(range(len(wanted))) else until
    together = 2 * max(1, AT_ONCE // len(wanted) // 2)  # mirrored paths stay together
    for block, stopped in _blocks(run, variables_of_lines(lines)):
        for first in range(0, len(stopped), together):
            part = slice(first, first + together)
            arrays = Days({name: values[part][:, chosen] for name, values in block.items()}, layout)
            values = np.moveaxis(by_line(arrays, lines), 2, 0)
            flows = np.empty((len(values), *shape))
            np.subtract(values[..., told], values[..., since, None], out=flows)
            flows[stopped[part]] = np.nan
            moments.add(draws_of(flows.reshape(len(flows), -1), run.manifest.sampling == "antithetic"))
        paths += int(np.count_nonzero(~stopped))
    mean, error = (of.reshape(shape).transpose(2, 1, 0) for of in (moments.mean, moments.error))
    return FlowOfFunds(sectors, tuple(lines), first_day, tuple(days), mean, error, moments.draws, paths)


def day_number(layout: Layout, day: int | str, name: str) -> int:
    """A day of a run by its number or its date (``"2020-03-18"``).

    Raises
    ------
    OutputError
        If the run has no such day; ``name`` says which was asked for.
    """
    dates = [str(date) for date in layout.dates]
    if isinstance(day, str) and day in dates:
        return dates.index(day)
    if isinstance(day, int) and not isinstance(day, bool) and 0 <= day <= layout.days:
        return day
    allowed = f"allowed are 0 to {layout.days}, or trading days from {dates[0]} to {dates[-1]}"
    raise OutputError(f"flow of funds: {name}: found {plain(str(day))}; {allowed}.", BAD_INPUT)


def flow_table(run: RunFolder, day: int | str | None = None, first_day: int | str = 0) -> pd.DataFrame:
    """Who sold and who bought from one day to another, as a tidy table; see ``simulator.flow_of_funds``."""
    import pandas as pd

    first = day_number(run.layout, first_day, "first_day")
    last = run.layout.days if day is None else day_number(run.layout, day, "day")
    if last <= first:
        raise OutputError(
            f"flow of funds: day: found day {last}; it must come after the first one, {first}.", BAD_INPUT
        )
    flows = sector_flows(run, (last,), first_day=first, lines=lines_by_market(run.layout))
    unit, found = in_currency("$bn", run.layout.currency), []
    for line in flows.lines:
        for sector in (name for name in flows.sectors if holds(name, line.instrument)):
            flow = flows.of(last, sector, line.instrument, line.market)
            found.append((sector, *line, unit, flow.value, flow.standard_error))
    return pd.DataFrame(found, columns=["sector", *FlowLine._fields, "unit", "value", "standard_error"])


def height_of_stress(run: RunFolder) -> int:
    """The day after the opening on which outright selling presses most on yields, on average over paths.

    The pressures of all buckets are averaged over the bonds outstanding by their risk. The last day if no path
    finished.
    """
    layout = run.layout
    # Somebody holds every bond, and none is issued yet.
    outstanding = held(opening_of(run, variables_of_lines(BOND_LINES)), "bonds")[..., 0, 0].sum(axis=1)
    risk = outstanding * np.array(layout.ten_year_equivalents)
    total, paths = np.zeros(layout.days + 1), 0
    for block, stopped in _blocks(run, {PRESSURE}):
        total += block[PRESSURE][~stopped].sum(axis=0, dtype=np.float64) @ risk
        paths += int(np.count_nonzero(~stopped))
    return int(total[1:].argmax()) + 1 if paths else layout.days


def _blocks(run: RunFolder, names: Collection[str]) -> Iterator[tuple[dict[str, Array], Array]]:
    """Variables of blocks, and which of their paths stopped: no day of those counts, it would be of the milder part."""
    most = paths_in_fans(run)
    for number in sorted(run.finished):
        if run.finished[number].first_path >= most:
            break
        block = read_block(run.store, run.layout, number, {*names, STATUS.name})
        yield block, block.pop(STATUS.name) != 0


class _Moments:
    """Averages of columns and their errors, from draws that come in blocks.

    Draws are counted from the first of them: a column that is the same on every path then has no error at all.
    """

    def __init__(self, columns: int) -> None:
        self.draws = 0
        self._first = self._sums = self._squares = np.zeros(columns)

    def add(self, draws: Array) -> None:
        """Add draws, (draw, column); rows that are not known are left out."""
        unknown = np.isnan(draws[:, 0])
        known = draws[~unknown] if unknown.any() else draws
        if not len(known):
            return
        if not self.draws:
            self._first = known[0]
        apart = known - self._first
        self._sums = self._sums + apart.sum(axis=0)
        self._squares = self._squares + np.einsum("ij,ij->j", apart, apart)
        self.draws += len(known)

    @property
    def mean(self) -> Array:
        """Average of every column; NaN without draws."""
        if not self.draws:
            return np.full(len(self._sums), np.nan)
        mean: Array = self._first + self._sums / self.draws
        return mean

    @property
    def error(self) -> Array:
        """Standard error of every average; NaN when there are too few draws to know it."""
        if self.draws < 2:
            return np.full(len(self._sums), np.nan)
        spread = np.maximum(self._squares - self._sums**2 / self.draws, 0.0) / (self.draws - 1)
        error: Array = np.sqrt(spread / self.draws)
        return error
