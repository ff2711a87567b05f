"""Who is in the market: funds, dealers, managers and lenders, drawn from size distributions or read from files.

Sizes follow a Pareto law by rank; leverage, headroom and mix of trades differ between funds by quantiles in a
fixed order, so that the population belongs to the scenario and not to the seed. The funding network is
core-periphery: large dealers serve most funds, and funds borrow from few.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import networkx as nx
import numpy as np
from scipy.special import ndtri

from simulator.drivers.random_streams import uniforms
from simulator.model.table import Floats
from simulator.scenario.errors import Problem, Problems
from simulator.scenario.schema import Dealers, Funds, Lenders
from simulator.units import MONEY, NUMBER, SHARE, Kind, UnitError, read

#: Seed of the draws that make up a population: a scenario's agents do not change with its random paths.
POPULATION_SEED = 20200309
RAKING_ROUNDS = 500


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


def pareto_shares(count: int, tail: float) -> Floats:
    """Shares of the total by rank, largest first: rank to the power of minus one over the tail exponent."""
    sizes: Floats = np.arange(1.0, count + 1.0) ** (-1.0 / tail)
    return sizes / sizes.sum()


def shuffled_quantiles(stream: str, count: int) -> Floats:
    """Standard normal quantiles in an order fixed by the stream's name."""
    order = np.argsort(uniforms(POPULATION_SEED, stream, 0, 1, count)[0], kind="stable")
    quantiles: Floats = ndtri((np.arange(count) + 0.5) / count)
    return quantiles[order]


def raked(start: Floats, row_totals: Floats, column_totals: Floats) -> Floats:
    """Scale a positive matrix to given row and column totals (iterative proportional fitting)."""
    table = start.copy()
    for _ in range(RAKING_ROUNDS):
        table *= _ratio(row_totals, table.sum(axis=1))[:, None]
        table *= _ratio(column_totals, table.sum(axis=0))[None, :]
    table *= _ratio(row_totals, table.sum(axis=1))[:, None]
    return table


def _ratio(wanted: Floats, found: Floats) -> Floats:
    return np.divide(wanted, found, out=np.zeros(len(wanted)), where=found > 0.0)


def draw_funds(funds: Funds, market_packages_bn: Floats) -> FundPopulation:
    """Draw funds whose packages add up to the market's, trade by trade."""
    count, trades = funds.count, len(market_packages_bn)
    size = np.abs(market_packages_bn)
    shares = pareto_shares(count, funds.size_tail)
    taste = np.exp(np.stack([shuffled_quantiles(f"mix {j}", count) for j in range(trades)]))
    mix = (1.0 - funds.specialisation) + funds.specialisation * taste / taste.mean(axis=1, keepdims=True)
    if size.sum() > 0.0:
        face = raked(mix * size[:, None] * shares[None, :], size, shares * size.sum())
    else:
        face = np.zeros((trades, count))
    leverage = funds.leverage * np.exp(funds.leverage_dispersion * shuffled_quantiles("leverage", count))
    return FundPopulation(
        names=tuple(f"fund {i + 1}" for i in range(count)),
        packages_bn=face * np.sign(market_packages_bn)[:, None],
        leverage=leverage,
        equity_bn=np.full(count, np.nan),
        free_cash_bn=np.full(count, np.nan),
        line_bn=np.full(count, np.nan),
        haircut=_haircuts(funds, count),
        overnight_share=np.full(count, funds.overnight_share),
        other_exposure=_other_exposures(funds, count),
    )


def _haircuts(funds: Funds, count: int) -> Floats:
    """Haircuts by rank, best clients (largest funds) below zero, then zero, then positive."""
    rank = (np.arange(count) + 0.5) / count
    below = rank < funds.haircut_negative_share
    zero = rank < funds.haircut_negative_share + funds.haircut_zero_share
    return np.where(below, funds.haircut_negative, np.where(zero, 0.0, funds.haircut_positive))


def _other_exposures(funds: Funds, count: int) -> Floats:
    """Exposure of each fund's other strategies over the average: normal between funds, so that some gain."""
    exposures: Floats = 1.0 + funds.other_dispersion * shuffled_quantiles("other loss", count)
    return exposures


FUND_COLUMNS: dict[str, Kind] = {
    "equity": MONEY,
    "free_cash": MONEY,
    "committed_line": MONEY,
    "haircut": SHARE,
    "overnight_share": SHARE,
    "other_exposure": NUMBER,
}


def read_funds(file: Path, trades: list[str], funds: Funds) -> FundPopulation:
    """Read funds one by one: a name, equity, optional terms, and packages in a column for each trade.

    Raises
    ------
    Problems
        Every broken cell at once, by line and column name.
    """
    table = _Table("funds.population", file, ["name", "equity", *trades], [*FUND_COLUMNS])
    packages = np.stack([table.amounts(trade, MONEY, 0.0) for trade in trades])
    equity = table.amounts("equity", MONEY, np.nan)
    table.refuse(~(equity > 0.0), "equity", "no equity", "more than $0bn")
    table.finish()
    return FundPopulation(
        names=tuple(table.texts("name")),
        packages_bn=packages,
        leverage=np.full(len(equity), np.nan),
        equity_bn=equity,
        free_cash_bn=table.amounts("free_cash", MONEY, np.nan),
        line_bn=table.amounts("committed_line", MONEY, np.nan),
        haircut=table.amounts("haircut", SHARE, 0.0),
        overnight_share=table.amounts("overnight_share", SHARE, funds.overnight_share),
        other_exposure=table.amounts("other_exposure", NUMBER, 1.0),
    )


def read_dealers(file: Path) -> tuple[tuple[str, ...], Floats]:
    """Read dealers one by one: a name and a size (any money amount; only proportions count)."""
    table = _Table("dealers.population", file, ["name", "size"], [])
    size = table.amounts("size", MONEY, np.nan)
    table.refuse(~(size > 0.0), "size", "no size", "more than $0bn")
    table.finish()
    return tuple(table.texts("name")), size / size.sum()


def read_matrix(key: str, file: Path, rows: tuple[str, ...], columns: tuple[str, ...]) -> Floats:
    """Read a network: a row for each of ``rows`` with shares for each of ``columns``, each row adding up to 100%."""
    table = _Table(key, file, ["name", *columns], [])
    named = table.texts("name")
    if sorted(named) != sorted(rows):
        table.problems.append(
            Problem(key, f"{file.name}: rows {', '.join(named)}", f"one row for each of {', '.join(rows)}")
        )
        table.finish()
    shares = np.stack([table.amounts(column, SHARE, 0.0) for column in columns], axis=1)
    totals = shares.sum(axis=1)
    table.refuse(
        np.abs(totals - 1.0) > 1e-6, "name", "shares that do not add up to 100%", "shares adding up to 100%"
    )
    table.finish()
    return shares[[named.index(row) for row in rows]]


class _Table:
    """A small CSV read cell by cell, with every problem collected before it is raised."""

    def __init__(self, key: str, file: Path, required: list[str], optional: list[str]) -> None:
        self.key = key
        self.file = file
        self.problems: list[Problem] = []
        with file.open(newline="", encoding="utf-8-sig") as handle:
            reader = csv.DictReader(handle)
            self.rows = list(reader)
            found = list(reader.fieldnames or [])
        allowed = {*required, *optional}
        for column in required:
            if column not in found:
                self.problems.append(
                    Problem(
                        self.key, f"{file.name} has no column {column!r}", f"columns {', '.join(required)}"
                    )
                )
        for column in found:
            if column not in allowed:
                self.problems.append(
                    Problem(
                        self.key,
                        f"{file.name} has a column {column!r}",
                        f"columns {', '.join([*required, *optional])}",
                        near=sorted(allowed),
                    )
                )
        if not self.rows:
            self.problems.append(
                Problem(self.key, f"{file.name} has no rows", "a header and at least one row")
            )
        self.finish()

    def texts(self, column: str) -> list[str]:
        return [row[column] or f"row {n + 2}" for n, row in enumerate(self.rows)]

    def amounts(self, column: str, kind: Kind, default: float) -> Floats:
        values = np.full(len(self.rows), default)
        for n, row in enumerate(self.rows):
            text = (row.get(column) or "").strip()
            if not text:
                continue
            try:
                values[n] = read(kind, text)
            except UnitError as error:
                self.problems.append(
                    Problem(self.key, f"{self.file.name}:{n + 2} {column}: {error}", "a figure with its unit")
                )
        return values

    def refuse(self, bad: np.ndarray, column: str, found: str, allowed: str) -> None:
        for n in np.flatnonzero(bad):
            self.problems.append(Problem(self.key, f"{self.file.name}:{n + 2} {column}: {found}", allowed))

    def finish(self) -> None:
        if self.problems:
            raise Problems(self.problems)


def client_network(dealers: Dealers, fund_count: int, dealer_shares: Floats) -> Floats:
    """Shares of each fund's repo by dealer, (fund, dealer): core-periphery, weights by dealer size.

    Every fund borrows from a few dealers, chosen with probability in proportion to size, so that large
    dealers form the core.
    """
    count = len(dealer_shares)
    graph = nx.Graph()
    graph.add_nodes_from((("fund", i) for i in range(fund_count)), bipartite=0)
    graph.add_nodes_from((("dealer", d) for d in range(count)), bipartite=1)
    draws = uniforms(POPULATION_SEED, "client network", 0, 1, fund_count * count)[0].reshape(
        fund_count, count
    )
    wanted = min(dealers.clients_per_fund, count)
    race = -np.log(draws) / dealer_shares[None, :]  # exponential race: sampling without replacement by size
    for i in range(fund_count):
        for d in np.argsort(race[i], kind="stable")[:wanted]:
            graph.add_edge(("fund", i), ("dealer", int(d)), weight=float(dealer_shares[d]))
    return _row_shares(graph, "fund", fund_count, "dealer", count)


def lender_network(lenders: Lenders, dealer_shares: Floats) -> Floats:
    """Shares of each dealer's funding by lender, (dealer, lender): large lenders fund everyone, small ones the core."""
    count, lender_shares = len(dealer_shares), pareto_shares(lenders.count, lenders.size_tail)
    graph = nx.Graph()
    core = max(1, count // 3)
    for d in range(count):
        for lender in range(lenders.count):
            if d < core or lender < max(1, lenders.count // 2):
                graph.add_edge(("dealer", d), ("lender", lender), weight=float(lender_shares[lender]))
    return _row_shares(graph, "dealer", count, "lender", lenders.count)


def _row_shares(graph: nx.Graph, row: str, rows: int, column: str, columns: int) -> Floats:
    matrix = np.zeros((rows, columns))
    for i in range(rows):
        for (_, d), edge in graph[(row, i)].items():
            matrix[i, d] = edge["weight"]
    shares: Floats = matrix / matrix.sum(axis=1, keepdims=True)
    return shares
