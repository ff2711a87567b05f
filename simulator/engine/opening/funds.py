"""Opening of the hedge funds: positions, repo, margin, cash and limits of each."""

from __future__ import annotations

import numpy as np

from simulator.engine.opening.population import shuffled_quantiles
from simulator.engine.parameters import Parameters
from simulator.engine.state import State
from simulator.inputs.populations import FundPopulation
from simulator.model.table import Floats
from simulator.scenario.schema import Market, Scenario


def open_funds(scenario: Scenario, population: FundPopulation, p: Parameters, s: State) -> list[str]:
    """Open the funds; returns sentences on equity that had to be raised."""
    f, o, books = scenario.funds, p.opening.funds, s.funds
    trades = p.opening.trades
    count = len(population.names)
    price = p.opening.buckets.price[trades.bucket_of]
    margin = p.opening.hedges.margin[trades.hedge_of]
    o.packages_bn[:] = population.packages_bn
    crowd, added = count - population.added, (0, population.added)  # funds added are hedged exactly
    errors = np.stack([np.pad(_spread_evenly(f"hedge error {j}", crowd), added) for j in range(len(price))])
    beta = np.array([trade.yield_beta for trade in scenario.market.trades.values()])
    o.hedge_ratio[:] = (1.0 + f.hedge_error * errors) / beta[:, None]
    o.haircut_floor[:] = f.haircut_floor
    o.haircut[:] = np.maximum(o.haircut_floor, _haircuts(scenario.market, population.haircut))
    in_force = np.maximum(o.haircut, scenario.central_bank.haircut_minimum)
    o.remarked_share[:] = population.overnight_share
    o.margin_factor[0] = 1.0 - f.cross_margining * scenario.clearing_house.cross_margin_saving
    books.packages[:] = o.packages_bn
    books.haircut[:] = in_force
    books.loan[:] = (1.0 - in_force) * price[:, None] * o.packages_bn
    posted = np.abs(o.packages_bn * o.hedge_ratio) * (margin * o.margin_factor[0])[:, None]
    books.posted[:] = posted.sum(axis=0)
    book = (np.abs(o.packages_bn) * price[:, None]).sum(axis=0)
    equity, notes = _open_cash(scenario, population, p, s, book)
    o.other_sale_bn[:] = f.other_sale_per_day * books.other
    o.other_exposure[:] = population.other_exposure
    books.other_marked[:] = books.other
    books.other_left[:] = np.minimum(books.other, o.other_sale_bn)
    books.alive[:] = 1.0
    books.equity[:] = equity
    books.peak_equity[:] = equity
    o.equity_bn[:] = np.where(equity > 0.0, equity, 1.0)
    o.cash_bn[:] = books.cash
    o.line_bn[:] = np.where(np.isnan(population.line_bn), f.committed_line * equity, population.line_bn)
    _open_limits(scenario, p, book, equity, population.added)
    s.trades.fund_bonds[:] = o.packages_bn.sum(axis=1)
    s.trades.fund_hedges[:] = (o.packages_bn * o.hedge_ratio).sum(axis=1)
    s.dealers.fund_repo[0] = books.loan.sum()
    return notes


def _haircuts(market: Market, own: Floats) -> Floats:
    """Opening haircut of each trade of each fund, (trade, fund): its funding's, or else the fund's own."""
    of_funding = [market.fundings[market.funding_of(name)].haircut for name in market.trades]
    return np.array([own if asked is None else np.full(len(own), asked) for asked in of_funding])


def _open_cash(
    scenario: Scenario, population: FundPopulation, p: Parameters, s: State, book: Floats
) -> tuple[Floats, list[str]]:
    """Split equity into stake, margin, cash and other strategies; equity that does not cover them is raised."""
    f, books = scenario.funds, s.funds
    price = p.opening.buckets.price[p.opening.trades.bucket_of]
    stake = (price[:, None] * p.opening.funds.packages_bn - books.loan).sum(axis=0)
    tied = books.posted + stake
    equity = np.where(np.isnan(population.equity_bn), book / population.leverage, population.equity_bn)
    cash = np.where(np.isnan(population.free_cash_bn), f.free_cash * equity, population.free_cash_bn)
    other = equity - cash - books.posted - stake
    short = other < 0.0
    notes = []
    if short.any():
        needed = tied / (1.0 - f.free_cash) if f.free_cash < 1.0 else tied
        equity = np.where(short, np.maximum(equity, needed), equity)
        cash = np.where(short, np.minimum(cash, equity - books.posted - stake), cash)
        cash = np.where(short & np.isnan(population.free_cash_bn), equity - books.posted - stake, cash)
        other = equity - cash - books.posted - stake
        notes.append(
            f"{int(short.sum())} of {len(equity)} funds were given more equity, because margin, haircuts and free "
            f"cash need it at their leverage (median {np.median(book[short] / equity[short]):.1f}x now)."
        )
    books.cash[:] = cash
    books.other[:] = np.maximum(other, 0.0)
    return equity, notes


def _open_limits(scenario: Scenario, p: Parameters, book: Floats, equity: Floats, added: int) -> None:
    """Each fund's own limits on leverage and value-at-risk: its opening level and a headroom of its own.

    Funds added to the drawn ones have the median headroom.
    """
    f, o, count = scenario.funds, p.opening.funds, len(equity)
    weight = p.opening.hedges.risk_per_face[p.opening.trades.hedge_of]
    risk = (np.abs(o.packages_bn) * weight[:, None]).sum(axis=0)
    o.leverage[:] = np.divide(book, equity, out=np.zeros(count), where=equity > 0.0)
    o.risk_of_equity[:] = np.divide(risk, equity, out=np.zeros(count), where=equity > 0.0)
    spread = f.headroom_dispersion
    own, risk_own = (
        np.pad(shuffled_quantiles(stream, count - added), (0, added))
        for stream in ("leverage headroom", "risk headroom")
    )
    o.leverage_headroom[:] = f.leverage_headroom * np.exp(spread * own)
    o.risk_headroom[:] = f.value_at_risk_headroom * np.exp(spread * risk_own)


def _spread_evenly(stream: str, count: int) -> Floats:
    """Evenly spaced values in (-1, 1), in an order fixed by the stream's name: a uniform error without noise."""
    order = np.argsort(np.argsort(shuffled_quantiles(stream, count), kind="stable"), kind="stable")
    values: Floats = 2.0 * (order + 0.5) / count - 1.0
    return values
