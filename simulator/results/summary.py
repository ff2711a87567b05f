"""The summary of a run: what a risk manager wants to know first, every figure with its standard error.

:func:`summarise` makes the figures from the outcomes of the paths; the terminal, JSON and any report show the
same ones. Standard errors are one standard deviation of the Monte Carlo estimate.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from simulator.results.days import opening_of
from simulator.results.figures import Figures, scaled_estimate
from simulator.results.flow_of_funds import LINES, FlowOfFunds, height_of_stress, holds, sector_flows
from simulator.results.folder import RunFolder
from simulator.results.in_currency import in_currency
from simulator.results.layout import STATUS, STOPPED_ON_DAY
from simulator.results.measures import (
    CHOSEN,
    DYSFUNCTION_BP,
    MEASURES,
    PER_100BN,
    Event,
    Measure,
    TableKey,
    in_table,
    with_unit,
)
from simulator.results.names import CAPACITY, cause, names_of, sentence
from simulator.results.names import sector as sector_name
from simulator.results.outcomes import Outcomes, is_above
from simulator.results.statistics import RANGE_IN_WORDS, Estimate, as_plain, has_range, holds_zero, quantile
from simulator.results.store import read_block
from simulator.scenario.parameter_sets import PATHS_A_SET, SETS_MIN, paths_of_each_set

#: Paths named for each reason why paths stopped.
STOPPED_SHOWN = 3
#: The measure that tells why funds sold.
SOLD = "sold_by_channel"
#: Title, keys, and headings line by line of the tables of the flow of funds.
WHO = "Who sold, who bought"
FLOW_TABLES = ("flow_of_funds_to_height", "flow_of_funds")
FLOWS = ("bonds", "10y eq.", "repo", "hedges", "cash")
#: The measure that tells how much of it was forced.
FORCED = "forced"
#: What marks a cost that cannot be told from zero, and what it says.
NOT_TOLD = " *"
NOT_TOLD_IN_WORDS = "* not distinguishable from zero: its 95% interval holds zero"
#: Lowest and highest of the band of drawn paths that is shown beside the told shock.
BAND = (0.05, 0.95)
#: A figure of a table: an estimate, a number known without error, or nothing.
Cell = Estimate | float | None
MORE_DECIMALS_MAX = 3


@dataclass(frozen=True)
class Column:
    """A column of a table: key in JSON, heading, unit, decimals shown, and how many more an error may ask for."""

    key: str
    heading: str
    unit: str
    decimals: int = 0
    more: int = MORE_DECIMALS_MAX

    def shows(self, cell: Cell) -> str:
        """A cell of the column in words."""
        return shown_in(cell, self.decimals, self.unit, self.more)


class SummaryRow(NamedTuple):
    """A row of a table: name, cells, key in JSON, and unit of the cells of columns that have none."""

    name: str
    cells: tuple[Cell, ...]
    key: str
    unit: str = ""


@dataclass(frozen=True)
class Table:
    """Figures by row and column. Cells are estimates, plain numbers (known without error) or none."""

    key: str
    title: str
    columns: tuple[Column, ...]
    rows: tuple[SummaryRow, ...]


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
    """Everything that is shown of a run; ``sets`` are the groups of paths with a parameter set of their own, if any."""

    name: str
    paths: int
    days: int
    seed: int
    sampling: str
    headlines: tuple[str, ...]
    tables: tuple[Table, ...]
    stopped: tuple[StoppedPaths, ...]
    folder: str
    sets: int = 0

    @property
    def note(self) -> str:
        """What stands behind ``±``, and behind ranges in brackets."""
        paths = f"{self.paths - self.stopped_count:,} paths"
        if self.sets:
            paths += f" over {self.sets:,} parameter set{'s' * (self.sets > 1)}"
        ranges = f"; {RANGE_IN_WORDS}" if self.sets >= SETS_MIN else "."
        return f"± is one Monte Carlo standard error, from {paths}{ranges}"

    @property
    def stopped_count(self) -> int:
        """Paths that stopped."""
        return sum(group.count for group in self.stopped)

    def as_record(self) -> dict[str, Any]:
        """The summary as plain numbers, for other programs; what is not known is null."""
        tables = {
            table.key: {
                row.key: {
                    column.key: _cell_record(cell, column.unit or row.unit)
                    for column, cell in zip(table.columns, row.cells, strict=True)
                }
                for row in table.rows
            }
            for table in self.tables
        }
        return {
            "scenario": self.name,
            "paths": self.paths,
            "days": self.days,
            "seed": self.seed,
            "sampling": self.sampling,
            **({"parameter_sets": self.sets} if self.sets else {}),
            "headlines": list(self.headlines),
            "tables": tables,
            "stopped": [vars(group) | {"paths": list(group.paths)} for group in self.stopped],
            "results": self.folder,
        }


def _cell_record(cell: Cell, unit: str) -> dict[str, Any] | None:
    if cell is None:
        return None
    estimate = cell if isinstance(cell, Estimate) else Estimate(cell, 0.0, 0)
    record = as_plain(estimate) | {"unit": unit}
    if unit == PER_100BN and isinstance(cell, Estimate):
        is_unknown = math.isnan(cell.value + cell.standard_error)
        record["distinguishable_from_zero"] = None if is_unknown else not holds_zero(cell)
    return record


def figures_of(run: RunFolder, outcomes: Outcomes) -> Figures:
    """The measures of a run, with the range that parameters leave open if its paths are spread over sets."""
    return Figures(
        outcomes,
        antithetic=run.manifest.sampling == "antithetic",
        paths_a_set=_paths_a_set(run),
    )


def summarise(run: RunFolder, outcomes: Outcomes) -> Summary:
    """The figures of a run.

    Parameters
    ----------
    outcomes
        Of all its paths: ``outcomes.collect_outcomes``.
    """
    figures = _Tables(run, outcomes)
    tables = (
        figures.shock("The shock: as the scenario tells it, and as it was drawn"),
        figures.by_trade("yields", "Yields: what private selling adds, and what policy takes away"),
        figures.by_trade("impact", "What $100bn of sales cost at the time, by capacity of the dealers"),
        figures.by_trade("dislocations", "Basis and margin by contract"),
        figures.by_trade(
            "deleveraging", f"{sentence(figures.names.positions)} unwound by hedge funds, at their lowest"
        ),
        figures.causes("causes", "Why funds sold, and what they were called for"),
        figures.of_market("funding", "Repo and dealers"),
        figures.of_market("flows", "Central bank and flows"),
        *flow_tables(run),
        figures.failures("failures", "Dysfunction and failures"),
    )
    currency = run.layout.currency
    return Summary(
        name=run.manifest.name,
        paths=len(outcomes),
        days=run.layout.days,
        seed=run.manifest.seed,
        sampling=run.manifest.sampling,
        headlines=in_currency(figures.headlines(), currency),
        tables=in_currency(tables, currency),
        stopped=stopped_paths(run),
        folder=str(run.path),
        sets=sets_played(run),
    )


class _Tables:
    """Tables of one run, from the measures that each of them tells."""

    def __init__(self, run: RunFolder, outcomes: Outcomes) -> None:
        self.figures = figures_of(run, outcomes)
        self.trades = run.layout.trades
        self.layout = run.layout
        self.names = names_of(run.layout.trades, run.manifest.scenario)
        names = {row.opening.variable for row in MEASURES.values() if row.opening} | {"fund_packages"}
        self.opening = {name: values[0, 0] for name, values in opening_of(run, names).items()}
        self.held = float(np.abs(self.opening["fund_packages"]).sum())

    def by_trade(self, key: TableKey, title: str) -> Table:
        """A row for each label of the dimension of the measures, a column for each measure."""
        measures = in_table(key)
        (dim,) = {measure.dim for measure in measures}
        labels = self.figures.outcomes.labels[dim]
        columns = [column for measure in measures for column in _columns(measure)]
        rows = [
            SummaryRow(
                self.names.trades.get(label, label),
                tuple(cell for measure in measures for cell in self._cells(measure, place, label)),
                label,
            )
            for place, label in enumerate(labels)
        ]
        if any(measure.in_all for measure in measures):
            in_all = tuple(cell for measure in measures for cell in self._cells_in_all(measure))
            rows.append(SummaryRow("market" if key == "yields" else "all", in_all, "all"))
        return Table(key, title, tuple(columns), tuple(rows))

    def _cells(self, measure: Measure[Any], place: int, label: str) -> tuple[Cell, ...]:
        """Cells of a measure for one label: opening, average, share of the opening, high."""
        opening = None
        if measure.opening is not None:
            opening = float(self.opening[measure.opening.variable][place])
        return self._told(measure, measure.key, opening, **{measure.dim: label})

    def _cells_in_all(self, measure: Measure[Any]) -> tuple[Cell, ...]:
        """The same over all labels."""
        if not measure.in_all:
            return (None,) * len(_columns(measure))
        opening = None
        if measure.opening is not None:
            opening = float(np.abs(self.opening[measure.opening.variable]).sum())
        return self._told(measure, measure.in_all, opening)

    def _told(self, measure: Measure[Any], key: str, opening: float | None, **where: str) -> tuple[Cell, ...]:
        cells: list[Cell] = []
        tells_share = measure.opening is not None and measure.opening.tells_share
        if opening is not None:
            opening = abs(opening) if tells_share else opening
            cells.append(measure.scale * opening)
        if measure.quantiles != "high":
            cells.append(self.figures.of(key, measure.scale, **where))
        if tells_share:
            cells.append(self.figures.of(key, 100.0 / opening, **where) if opening else None)
        if measure.quantiles != "mean":
            cells.append(self.figures.high(key, measure.scale, **where))
        return tuple(cells)

    def shock(self, title: str) -> Table:
        """A row for each bucket's yield and one for volatility: what the scenario's events tell, and what was drawn.

        Of yields on the day on which told ones are farthest from the opening, of volatility on its own such day.
        """
        layout = self.layout
        trade_of = dict(
            zip(reversed(layout.bucket_of_trade), reversed(self.trades), strict=True)
        )  # the first of each
        rows = [
            SummaryRow(
                f"{self.names.trades[trade]} yield, day {layout.told_day}",
                (layout.told_yields[bucket], *self._band("drawn_yield", trade=trade)),
                layout.buckets[bucket],
                "bp",
            )
            for bucket, trade in sorted(trade_of.items())
        ]
        volatility = (layout.told_volatility, *self._band("drawn_volatility"))
        words = f"volatility, day {layout.told_volatility_day}, multiple of its opening"
        rows.append(SummaryRow(words, volatility, "volatility", "x"))
        columns = [Column("told", "told", "", 2), Column("mean", "drawn, mean", "", 1)]
        columns += [Column(f"drawn_{100 * level:.0f}", f"drawn, {level:.0%}", "", 1) for level in BAND]
        return Table("shock", title, tuple(columns), tuple(rows))

    def _band(self, key: str, **where: str) -> tuple[Cell, ...]:
        """Mean and band of an outcome over paths."""
        values, antithetic = self.figures.values(key, **where), self.figures.antithetic
        return (
            self.figures.of(key, 1.0, **where),
            *(quantile(values, level, antithetic=antithetic) for level in BAND),
        )

    def causes(self, key: TableKey, title: str) -> Table:
        """A row for each channel: what was sold because of it, its share, and what was called."""
        measures = in_table(key)
        columns: list[Column] = []
        for measure in measures:
            columns += _columns(measure)
            if measure.key == SOLD:
                columns.append(Column("share", "of sales", "%", 1))
        rows = []
        for label in self.figures.outcomes.labels["channel"]:
            cells: list[Cell] = []
            for measure in measures:
                is_there = label in self.figures.outcomes.labels[measure.dim]
                where = {measure.dim: label}
                cells.append(self.figures.of(measure.key, measure.scale, **where) if is_there else None)
                if measure.key == SOLD:
                    cells.append(self.figures.percent_of_all(SOLD, **where))
            rows.append(SummaryRow(cause(label), tuple(cells), label))
        forced = (self.figures.of(FORCED), self.figures.of("forced_share", 100.0), None)
        rows.append(SummaryRow(f"forced: all but {' and '.join(map(cause, CHOSEN))}", forced, FORCED))
        return Table(key, title, tuple(columns), tuple(rows))

    def of_market(self, key: TableKey, title: str) -> Table:
        """A row for each measure: average and high."""
        measures = in_table(key)
        units = {measure.told_unit for measure in measures}
        unit = units.pop() if len(units) == 1 else ""  # one unit stands in the headings, several in the rows
        rows = tuple(
            SummaryRow(
                measure.label if unit else with_unit(measure.label, measure.told_unit),
                (
                    self.figures.of(measure.key, measure.scale),
                    self.figures.high(measure.key, measure.scale),
                ),
                measure.key,
                measure.told_unit,
            )
            for measure in measures
        )
        columns = (Column("mean", "mean", unit, 1), Column("high", "95% of paths below", unit, 1))
        return Table(key, title, columns, rows)

    def failures(self, key: TableKey, title: str) -> Table:
        """A row for each measure: average, and share of paths in which it happened."""
        columns = (Column("mean", "mean", "", 2), Column("probability", "paths", "%", 1))
        rows = []
        for measure in in_table(key):
            if isinstance(measure.of, Event):
                chance = self.figures.of(measure.key, measure.scale)
                rows.append(SummaryRow(measure.label, (None, chance), measure.key))
                continue
            least = measure.happens_above or 0.0
            chance = scaled_estimate(
                self.figures.share(is_above(self.figures.outcomes[measure.key], least)), 100.0
            )
            cells = (self.figures.of(measure.key, measure.scale), chance)
            rows.append(
                SummaryRow(with_unit(measure.label, measure.told_unit), cells, measure.key, measure.told_unit)
            )
        return Table(key, title, columns, tuple(rows))

    def headlines(self) -> tuple[str, ...]:
        """The run in a few sentences: the trade that unwinds most stands for the market."""
        of = self.figures.of
        moved = {trade: of("unwound", trade=trade).value for trade in self.trades}
        trade = max(moved, key=lambda name: moved[name])
        sentences = [self._added_sentence(trade)]
        if self.held:
            unwound, share = of("unwound_in_all"), of("unwound_in_all", 100.0 / self.held)
            sentences.append(
                f"Hedge funds unwind ${shown(unwound, 0)} bn of {self.names.positions}, {shown(share, 1)}% of what"
                f" they opened with{self._main_cause()}."
            )
        sentences += self._cost_sentences(trade)
        dysfunction, failing = of("dysfunction", 100.0), of("dealer_fails", 100.0)
        sentences.append(
            f"The market is dysfunctional (a basis moves more than {DYSFUNCTION_BP:.0f} bp) in"
            f" {shown(dysfunction, 1)}% of paths; a dealer fails in {shown(failing, 1)}%."
        )
        return tuple(sentences)

    def _added_sentence(self, trade: str) -> str:
        """What private selling adds to yields, and what policy takes away."""
        of = self.figures.of
        market, own = of("added_in_all"), of("added", trade=trade)
        if math.isnan(market.value):
            return "What private selling adds to yields is not known: no path that finished was played without policy."
        words = (
            f"On the day on which it adds most, private selling adds {shown(market, 1)} bp to yields"
            f" ({self.names.trades[trade]}: {shown(own, 1)} bp)"
        )
        if not self.layout.has_policy:
            return f"{words}; no policy acts after the opening."
        taken = of("taken_away_in_all")
        unknown = self._unknown_without_policy()
        left_out = f" (not known on {unknown:,} paths that policy keeps going)" if unknown else ""
        return f"{words}; policy takes away {shown(taken, 1)} bp that day{left_out}."

    def _unknown_without_policy(self) -> int:
        """Paths that were played again without policy, and stopped there but not with it."""
        outcomes = self.figures.outcomes
        path, wanted = outcomes.path, self.layout.paths_without_policy
        is_one = path < wanted
        if self.figures.set_of_path is not None:
            is_one = path % PATHS_A_SET < paths_of_each_set(wanted, self.layout.paths)
        unknown = np.isnan(outcomes["added_in_all"]) & (outcomes["status"] == 0) & is_one
        return int(np.count_nonzero(unknown))

    def _cost_sentences(self, trade: str) -> Iterator[str]:
        """What $100bn more of sales cost at the time, by capacity of the dealers, as far as it is known."""
        name = self.names.trades[trade]
        for kind, sold in (
            ("sale", f"bonds sold outright raises the {name} yield"),
            ("unwind", f"{self.names.positions} unwound raises the {name} {self.names.basis_at_first}"),
        ):
            costs = {
                words: self.figures.of(f"{kind}_impact_{state}", trade=trade)
                for state, words in CAPACITY.items()
            }
            told = [f"by {cost_in_words(cost)} with {state}" for state, cost in costs.items() if cost.draws]
            if told:
                yield f"Each $100bn of {sold} {', '.join(told)}."

    def _main_cause(self) -> str:
        forced = [name for name in self.figures.outcomes.labels["channel"] if name not in CHOSEN]
        sold = {name: self.figures.of(SOLD, channel=name).value for name in forced}
        main = max(sold, key=lambda name: sold[name])
        if sold[main] <= 0.0:
            return ""
        share = self.figures.of("forced_share", 100.0)
        return f"; {shown(share, 1)}% of what they sell is forced, mostly by {cause(main)}"


def flow_tables(run: RunFolder) -> tuple[Table, Table]:
    """Who sold and who bought: up to the day on which outright selling presses most, and over the whole run."""
    height, last = height_of_stress(run), run.layout.days
    flows = sector_flows(run, (height, last))
    date = run.layout.dates[height]
    finished = sum(block.paths - sum(block.stopped.values()) for block in run.finished.values())
    some = f" (first {flows.paths:,} paths)" if flows.paths < finished else ""
    at_height = f"to the height of stress (day {height}, {date}){some}"
    to_height, in_all = FLOW_TABLES
    return (
        _flow_table(to_height, f"{WHO}, {at_height}", flows, height),
        _flow_table(in_all, f"{WHO}, over the whole run{some}", flows, last),
    )


def _flow_table(key: str, title: str, flows: FlowOfFunds, day: int) -> Table:
    """A row for each sector, a column for each instrument; all sectors together come to nothing."""
    columns = tuple(
        Column(line.instrument, heading, "$bn", more=1) for line, heading in zip(LINES, FLOWS, strict=True)
    )
    rows = []
    for sector in flows.sectors:
        cells = tuple(
            flows.of(day, sector, line.instrument) if holds(sector, line.instrument) else None
            for line in LINES
        )
        rows.append(SummaryRow(sector_name(sector), cells, sector.replace(" ", "_")))
    return Table(key, title, columns, tuple(rows))


def _columns(measure: Measure[Any]) -> list[Column]:
    """Columns of a measure in a table by label, as many as :meth:`_Tables._told` has cells."""
    unit, decimals, opening = measure.told_unit, measure.told_decimals, measure.opening
    columns = []
    if opening is not None:
        columns.append(Column(f"{measure.key}_opening", opening.heading, unit, opening.decimals))
    if measure.quantiles != "high":
        columns.append(Column(measure.key, measure.heading, unit, decimals))
    if opening is not None and opening.tells_share:
        columns.append(Column("share", f"of {opening.heading}", "%", 1))
    if measure.quantiles != "mean":
        columns.append(Column(f"{measure.key}_95", f"{measure.heading}, 95%", unit, decimals))
    return columns


def sets_played(run: RunFolder) -> int:
    """Groups of paths that were played with a parameter set of their own; 0 where all share the parameters."""
    paths = _paths_a_set(run)
    return -(-run.layout.paths // paths) if paths else 0


def _paths_a_set(run: RunFolder) -> int:
    """Consecutive paths that share a parameter set; 0 where all share the parameters."""
    if not run.manifest.parameter_sets:
        return 0
    return PATHS_A_SET


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


def shown_in(cell: Cell, decimals: int, unit: str, more: int = MORE_DECIMALS_MAX) -> str:
    """A figure of a table in words; a cost that cannot be told from zero is marked (:data:`NOT_TOLD_IN_WORDS`)."""
    is_marked = unit == PER_100BN and isinstance(cell, Estimate) and holds_zero(cell)
    return shown(cell, decimals, more) + (NOT_TOLD if is_marked else "")


def note_of(table: Table) -> str:
    """What has to be said below a table; empty if nothing."""
    cells = (
        (cell, column) for row in table.rows for cell, column in zip(row.cells, table.columns, strict=True)
    )
    is_marked = any(shown_in(cell, 0, column.unit).endswith(NOT_TOLD) for cell, column in cells)
    return NOT_TOLD_IN_WORDS if is_marked else ""


def cost_in_words(cost: Estimate) -> str:
    """What $100bn cost, in a sentence."""
    if holds_zero(cost):
        return "an amount not distinguishable from zero"
    return f"{shown(cost, 1)} bp"


def shown(cell: Cell, decimals: int, more: int = MORE_DECIMALS_MAX) -> str:
    """A figure in words, with as many more decimals as its standard error needs to be seen.

    Examples
    --------
    >>> shown(Estimate(12.345, 0.678, 100), 1), shown(Estimate(0.951, 0.0021, 100), 2), shown(None, 1)
    ('12.3 ± 0.7', '0.951 ± 0.002', '-')
    >>> shown(Estimate(2.0, 0.0, 100), 0), shown(Estimate(1e-9, 1e-9, 100), 1), shown(3.0, 1)
    ('2 ± 0', '0.0 ± 0.0', '3.0')

    A range that parameters leave open stands in brackets; where it is wider, digits follow it.

    >>> shown(Estimate(12.345, 0.012, 100, low=10.1, high=15.2), 1)
    '12 ± 0 [10, 15]'
    """
    if cell is None or math.isnan(cell.value if isinstance(cell, Estimate) else cell):
        return "-"
    if not isinstance(cell, Estimate):
        return f"{cell:z,.{decimals}f}"
    error = cell.standard_error
    if has_range(cell):
        return _shown_with_range(cell, decimals, more)
    if math.isnan(error):
        return f"{cell.value:z,.{decimals}f} ± ?"
    if error == 0.0:
        return f"{cell.value:z,.{decimals}f} ± 0"
    needed = max(decimals, -math.floor(math.log10(error)))
    if needed > decimals + more:  # too small to be of interest
        needed = decimals
    return f"{cell.value:z,.{needed}f} ± {error:z,.{needed}f}"


def _shown_with_range(estimate: Estimate, decimals: int, more: int) -> str:
    """A figure with what parameters leave open: as many digits as the larger of the two errors deserves."""
    widest = max(estimate.standard_error, 0.5 * (estimate.high - estimate.low))
    needed = max(0, -math.floor(math.log10(widest)))
    if needed > decimals + more:  # too small to be of interest
        needed = decimals
    value, error, low, high = (
        f"{figure:z,.{needed}f}"
        for figure in (estimate.value, estimate.standard_error, estimate.low, estimate.high)
    )
    return f"{value} ± {error} [{low}, {high}]"
