"""The summary of a run: what a risk manager wants to know first, every figure with its standard error.

:func:`summarise` makes the figures from the outcomes of the paths; the terminal, JSON and any report show the
same ones. Standard errors are one standard deviation of the Monte Carlo estimate.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from simulator.results import statistics
from simulator.results.folder import RunFolder
from simulator.results.layout import STATUS, STOPPED_ON_DAY, Array
from simulator.results.statistics import Estimate
from simulator.results.outcomes import (
    DYSFUNCTION_BP,
    NO_DEALER_LEFT,
    SHORTFALL_THAT_COUNTS_BN,
    is_above,
    is_above_or_lost,
    is_dysfunctional,
)
from simulator.results.store import read_block

if TYPE_CHECKING:
    import xarray as xr

#: Paths named for each reason why paths stopped.
STOPPED_SHOWN = 3
LEVEL = 0.95
#: A figure of a table: an estimate, a number known without error, or nothing.
Cell = Estimate | float | None
MORE_DECIMALS_MAX = 3


@dataclass(frozen=True)
class Column:
    """A column of a table: key in JSON, heading, unit, and decimals shown."""

    key: str
    heading: str
    unit: str
    decimals: int = 0


@dataclass(frozen=True)
class Table:
    """Figures by row and column. Cells are estimates, plain numbers (known without error) or none."""

    key: str
    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[str, tuple[Cell, ...]], ...]


@dataclass(frozen=True)
class StoppedPaths:
    """Paths that stopped for one reason: on which days, how many, and the first of them."""

    status: str
    first_day: int
    last_day: int
    count: int
    paths: tuple[int, ...]


@dataclass(frozen=True)
class Summary:
    """Everything that is shown of a run."""

    name: str
    paths: int
    days: int
    seed: int
    sampling: str
    headlines: tuple[str, ...]
    tables: tuple[Table, ...]
    stopped: tuple[StoppedPaths, ...]
    folder: str

    @property
    def stopped_count(self) -> int:
        """Paths that stopped."""
        return sum(group.count for group in self.stopped)

    @property
    def lost_count(self) -> int:
        """Paths that stopped because no dealer was left: they count in probabilities."""
        return sum(group.count for group in self.stopped if group.status == NO_DEALER_LEFT)

    def as_record(self) -> dict[str, Any]:
        """The summary as plain numbers, for other programs; what is not known is null."""
        tables = {
            table.key: {
                name: {
                    column.key: _cell_record(cell, column.unit)
                    for column, cell in zip(table.columns, cells, strict=True)
                }
                for name, cells in table.rows
            }
            for table in self.tables
        }
        return {
            "scenario": self.name,
            "paths": self.paths,
            "days": self.days,
            "seed": self.seed,
            "sampling": self.sampling,
            "headlines": list(self.headlines),
            "tables": tables,
            "stopped": [vars(group) | {"paths": list(group.paths)} for group in self.stopped],
            "results": self.folder,
        }


def _cell_record(cell: Cell, unit: str) -> dict[str, Any] | None:
    if cell is None:
        return None
    value, error = (cell.value, cell.standard_error) if isinstance(cell, Estimate) else (cell, 0.0)
    known = {"value": value, "standard_error": error}
    return {key: None if math.isnan(number) else number for key, number in known.items()} | {"unit": unit}


def summarise(run: RunFolder, outcomes: xr.Dataset) -> Summary:
    """The figures of a run.

    Parameters
    ----------
    outcomes
        Of all its paths: ``outcomes.collect_outcomes``.
    """
    figures = _Figures(run, outcomes)
    tables = (
        figures.yields(),
        figures.dislocations(),
        figures.deleveraging(),
        figures.causes(),
        figures.funding(),
        figures.policy(),
        figures.failures(),
    )
    return Summary(
        name=run.manifest.name,
        paths=len(outcomes["path"]),
        days=run.layout.days,
        seed=run.manifest.seed,
        sampling=run.manifest.sampling,
        headlines=figures.headlines(),
        tables=tables,
        stopped=stopped_paths(run),
        folder=str(run.path),
    )


class _Figures:
    """Estimates of one run, table by table."""

    def __init__(self, run: RunFolder, outcomes: xr.Dataset) -> None:
        self.outcomes = outcomes
        self.name = run.manifest.name
        self.antithetic = run.manifest.sampling == "antithetic"
        self.trades = run.layout.trades
        names = (
            "fund_packages",
            "dislocation",
            "initial_margin",
            "fund_equity",
            "dealer_use",
            "dealer_capital",
        )
        arrays = read_block(run.store, run.layout, min(run.finished), names)
        self.opening = {name: arrays[name][0, 0] for name in names}
        self.held = float(np.abs(self.opening["fund_packages"]).sum())

    def values(self, name: str, **where: str) -> Array:
        values = self.outcomes[name].sel(where).values if where else self.outcomes[name].values
        return np.asarray(values, np.float64)

    def mean(self, name: str, scale: float = 1.0, **where: str) -> Estimate:
        return statistics.mean(scale * self.values(name, **where), antithetic=self.antithetic)

    def high(self, name: str, scale: float = 1.0, **where: str) -> Estimate:
        return statistics.quantile(scale * self.values(name, **where), LEVEL, antithetic=self.antithetic)

    def share(self, happened: Array) -> Estimate:
        return statistics.probability(happened, antithetic=self.antithetic)

    def share_above(self, name: str, threshold: float) -> Estimate:
        return self.share(is_above(self.outcomes, name, threshold))

    def share_of_dealers(self, name: str, threshold: float) -> Estimate:
        """The same of what a market without dealers is the extreme of."""
        return self.share(is_above_or_lost(self.outcomes, name, threshold))

    def amplification(self, trade: str) -> Estimate:
        total, exogenous = (self.values(name, trade=trade) for name in ("total_peak", "exogenous_peak"))
        return statistics.ratio(total, exogenous, antithetic=self.antithetic)

    def impact(self, trade: str) -> Estimate:
        rise, unwound = (self.values(name, trade=trade) for name in ("rise_when_lowest", "unwound"))
        return statistics.ratio(rise, unwound / 100.0, antithetic=self.antithetic)

    def yields(self) -> Table:
        columns = (
            Column("exogenous_peak", "exogenous, peak", "bp", 1),
            Column("total_peak", "total, peak", "bp", 1),
            Column("amplification", "amplification", "x", 2),
            Column("exogenous_end", "exogenous, end", "bp", 1),
            Column("total_end", "total, end", "bp", 1),
        )
        rows = []
        for trade in self.trades:
            means = {name: self.mean(name, trade=trade) for name in ("exogenous_peak", "total_peak")}
            ends = (self.mean("exogenous_end", trade=trade), self.mean("total_end", trade=trade))
            rows.append((trade, (*means.values(), self.amplification(trade), *ends)))
        return Table(
            "yields", "Yield moves: the scenario alone, and with everybody's reaction", columns, tuple(rows)
        )

    def dislocations(self) -> Table:
        columns = (
            Column("opening", "opening", "bp", 1),
            Column("farthest", "farthest", "bp", 1),
            Column("move_95", "move, 95%", "bp", 1),
            Column("end", "end", "bp", 1),
            Column("margin_opening", "margin, opening", "%", 2),
            Column("margin_peak", "margin, peak", "%", 2),
        )
        rows = []
        for place, trade in enumerate(self.trades):
            cells = (
                float(self.opening["dislocation"][place]),
                self.mean("dislocation_farthest", trade=trade),
                self.high("dislocation_move", trade=trade),
                self.mean("dislocation_end", trade=trade),
                100.0 * float(self.opening["initial_margin"][place]),
                self.mean("margin_peak", 100.0, trade=trade),
            )
            rows.append((trade, cells))
        return Table("dislocations", "Dislocation and margin by contract", columns, tuple(rows))

    def deleveraging(self) -> Table:
        columns = (
            Column("opening", "opening", "$bn", 0),
            Column("unwound", "unwound", "$bn", 1),
            Column("share", "of opening", "%", 1),
            Column("unwound_95", "unwound, 95%", "$bn", 1),
            Column("impact", "impact", "bp per $100bn", 1),
        )
        rows: list[tuple[str, tuple[Cell, ...]]] = []
        for place, trade in enumerate(self.trades):
            held = abs(float(self.opening["fund_packages"][place]))
            share = self.mean("unwound", 100.0 / held, trade=trade) if held else None
            unwound, high = self.mean("unwound", trade=trade), self.high("unwound", trade=trade)
            rows.append((trade, (held, unwound, share, high, self.impact(trade))))
        name = "unwound_in_all"
        share = self.mean(name, 100.0 / self.held) if self.held else None
        in_all: tuple[Cell, ...] = (self.held, self.mean(name), share, self.high(name), None)
        rows.append(("all", in_all))
        return Table(
            "deleveraging", "Packages given up by hedge funds, at their lowest", columns, tuple(rows)
        )

    def causes(self) -> Table:
        columns = (
            Column("sold", "sold", "$bn", 1),
            Column("share", "of sales", "%", 1),
            Column("called", "called", "$bn", 1),
        )
        sold = self.values("sold_by_channel")
        rows = []
        for channel in self.outcomes["channel"].values.tolist():
            amount = self.values("sold_by_channel", channel=channel)
            share = statistics.ratio(100.0 * amount, sold.sum(axis=1), antithetic=self.antithetic)
            is_call = channel in self.outcomes["call"].values
            called = self.mean("called", call=channel) if is_call else None
            rows.append(
                (channel.replace("_", " "), (self.mean("sold_by_channel", channel=channel), share, called))
            )
        return Table("causes", "Why funds sold, and what they were called for", columns, tuple(rows))

    def funding(self) -> Table:
        columns = (Column("mean", "mean", "", 1), Column("high", "95% of paths below", "", 1))
        figures = (
            ("repo rate over policy rate, peak, bp", "repo_spread_peak", 1.0),
            ("repo rate of funds over policy rate, peak, bp", "client_repo_spread_peak", 1.0),
            ("haircut, peak, %", "haircut_peak", 100.0),
            ("cost of dealers' balance sheet, peak, bp", "balance_sheet_cost_peak", 1.0),
            ("dealers' use of their limits, peak, %", "dealer_use_peak", 100.0),
            ("the same, tightest dealer, %", "tightest_use_peak", 100.0),
            ("repo taken back from funds, $bn", "repo_taken_back", 1.0),
        )
        rows = tuple(
            (label, (self.mean(name, scale), self.high(name, scale))) for label, name, scale in figures
        )
        return Table("funding", "Repo and dealers", columns, rows)

    def policy(self) -> Table:
        columns = (Column("mean", "mean", "$bn", 1), Column("high", "95% of paths below", "$bn", 1))
        figures = (
            ("standing repo facility, peak", "facility_peak"),
            ("outright purchases", "outright_purchases"),
            ("hedged purchases", "hedged_purchases"),
            ("foreign sales", "foreign_sales"),
            ("redemptions, hedge funds", "fund_redemptions"),
            ("redemptions, asset managers", "asset_manager_redemptions"),
        )
        rows = tuple((label, (self.mean(name), self.high(name))) for label, name in figures)
        return Table("flows", "Central bank and flows", columns, rows)

    def failures(self) -> Table:
        columns = (Column("mean", "mean", "", 2), Column("probability", "paths", "%", 1))
        dysfunction = is_dysfunctional(self.outcomes)
        rows: list[tuple[str, tuple[Cell, ...]]] = [
            (
                f"dislocation moves more than {DYSFUNCTION_BP:.0f} bp",
                (None, _percent(self.share(dysfunction))),
            ),
            ("a dealer is closed out", (None, _percent(self.share_of_dealers("dealers_failed", 0.0)))),
            ("dealers at their limits", (None, _percent(self.share_of_dealers("dealer_use_peak", 1.0)))),
        ]
        figures = (
            ("hedge funds closed out", "funds_failed", 0.0),
            ("dealers' losses on funds, $bn", "dealer_client_losses", 0.0),
            ("waterfall losses, $bn", "waterfall_losses", 0.0),
            ("shortfall left after the last round, $bn", "shortfall_left", SHORTFALL_THAT_COUNTS_BN),
        )
        rows += [
            (label, (self.mean(name), _percent(self.share_above(name, least))))
            for label, name, least in figures
        ]
        return Table("failures", "Dysfunction and failures", columns, tuple(rows))

    def headlines(self) -> tuple[str, ...]:
        """The run in a few sentences: the trade that unwinds most stands for the market."""
        moved = {trade: self.mean("unwound", trade=trade).value for trade in self.trades}
        trade = max(moved, key=lambda name: moved[name])
        peak, exogenous = self.mean("total_peak", trade=trade), self.mean("exogenous_peak", trade=trade)
        sentences = [
            f"The {trade} yield moves {shown(peak, 0)} bp at its peak; the scenario alone moves it"
            f" {shown(exogenous, 0)} bp: amplification {shown(self.amplification(trade), 2)}."
        ]
        unwound = self.mean("unwound_in_all")
        if self.held:
            share = self.mean("unwound_in_all", 100.0 / self.held)
            sentences.append(
                f"Hedge funds give up ${shown(unwound, 0)} bn of packages, {shown(share, 1)}% of what they"
                f" opened with{self._main_cause()}."
            )
        dysfunction = _percent(self.share(is_dysfunctional(self.outcomes)))
        failing = _percent(self.share_of_dealers("dealers_failed", 0.0))
        sentences.append(
            f"The market is dysfunctional (a dislocation moves more than {DYSFUNCTION_BP:.0f} bp) in"
            f" {shown(dysfunction, 1)}% of paths; a dealer fails in {shown(failing, 1)}%."
        )
        return tuple(sentences)

    def _main_cause(self) -> str:
        names = [name for name in self.outcomes["channel"].values.tolist() if name != "choice"]
        sold = {name: self.mean("sold_by_channel", channel=name).value for name in names}
        main = max(sold, key=lambda name: sold[name])
        return f"; most are forced out by {main.replace('_', ' ')}" if sold[main] > 0.0 else ""


def _percent(estimate: Estimate) -> Estimate:
    return Estimate(100.0 * estimate.value, 100.0 * estimate.standard_error, estimate.draws)


def stopped_paths(run: RunFolder) -> tuple[StoppedPaths, ...]:
    """Paths that stopped, by reason, the first of each named."""
    found: dict[str, list[tuple[int, int]]] = {}
    for number, block in sorted(run.finished.items()):
        if not block.stopped:
            continue
        arrays = read_block(run.store, run.layout, number, (STATUS.name, STOPPED_ON_DAY.name))
        status, day = arrays[STATUS.name], arrays[STOPPED_ON_DAY.name]
        for place in np.flatnonzero(status):
            name = run.layout.statuses[status[place]]
            found.setdefault(name, []).append((block.first_path + int(place), int(day[place])))
    groups = []
    for status_name, stopped in sorted(found.items()):
        paths, days = zip(*stopped, strict=True)
        groups.append(StoppedPaths(status_name, min(days), max(days), len(paths), paths[:STOPPED_SHOWN]))
    return tuple(groups)


def shown(cell: Cell, decimals: int) -> str:
    """A figure in words, with as many more decimals as its standard error needs to be seen.

    Examples
    --------
    >>> shown(Estimate(12.345, 0.678, 100), 1), shown(Estimate(0.951, 0.0021, 100), 2), shown(None, 1)
    ('12.3 ± 0.7', '0.951 ± 0.002', '-')
    >>> shown(Estimate(2.0, 0.0, 100), 0), shown(Estimate(1e-9, 1e-9, 100), 1), shown(3.0, 1)
    ('2 ± 0', '0.0 ± 0.0', '3.0')
    """
    if cell is None or math.isnan(cell.value if isinstance(cell, Estimate) else cell):
        return "-"
    if not isinstance(cell, Estimate):
        return f"{cell:,.{decimals}f}"
    error = cell.standard_error
    if math.isnan(error):
        return f"{cell.value:,.{decimals}f} ± ?"
    if error == 0.0:
        return f"{cell.value:,.{decimals}f} ± 0"
    needed = max(decimals, -math.floor(math.log10(error)))
    if needed > decimals + MORE_DECIMALS_MAX:  # too small to be of interest
        needed = decimals
    return f"{cell.value:,.{needed}f} ± {error:,.{needed}f}"
