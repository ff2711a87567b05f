"""Who is in the market: funds, dealers, managers and lenders, drawn from size distributions.

Sizes follow a Pareto law by rank; leverage, headroom and mix of trades differ between funds by quantiles in a
fixed order, so that the population belongs to the scenario and not to the seed. The funding network is
core-periphery: large dealers serve most funds, and funds borrow from few.
"""

from __future__ import annotations

import numpy as np
from scipy.special import ndtri

from simulator.drivers.random_streams import uniforms
from simulator.inputs.populations import DealerPopulation, FundPopulation
from simulator.model.table import Floats
from simulator.scenario.schema import Dealers, Funds, Lenders, drawn_names

#: Seed of the draws that make up a population: a scenario's agents do not change with its random paths.
POPULATION_SEED = 20200309
RAKING_ROUNDS = 500
#: Further rounds change no figure by more than arithmetic rounds it.
ROUNDING = 4.0 * np.finfo(np.float64).eps


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
        before = table.copy()
        table *= _ratio(row_totals, table.sum(axis=1))[:, None]
        table *= _ratio(column_totals, table.sum(axis=0))[None, :]
        if (np.abs(table - before) <= ROUNDING * table).all():
            break
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


def draw_dealers(dealers: Dealers) -> DealerPopulation:
    """Draw dealers by size, the largest first."""
    return DealerPopulation(
        names=tuple(drawn_names("dealer", dealers.count)),
        share=pareto_shares(dealers.count, dealers.size_tail),
        opening_use=np.full(dealers.count, np.nan),
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


def client_network(dealers: Dealers, fund_count: int, dealer_shares: Floats) -> Floats:
    """Shares of each fund's repo by dealer, (fund, dealer): core-periphery, weights by dealer size.

    Every fund borrows from a few dealers, chosen with probability in proportion to size, so that large
    dealers form the core.
    """
    count = len(dealer_shares)
    draws = uniforms(POPULATION_SEED, "client network", 0, 1, fund_count * count)[0].reshape(
        fund_count, count
    )
    wanted = min(dealers.clients_per_fund, count)
    race = -np.log(draws) / dealer_shares[None, :]  # exponential race: sampling without replacement by size
    weights = np.zeros((fund_count, count))
    for i in range(fund_count):
        chosen = np.argsort(race[i], kind="stable")[:wanted]
        weights[i, chosen] = dealer_shares[chosen]
    return _row_shares(weights)


def lender_network(lenders: Lenders, dealer_shares: Floats) -> Floats:
    """Shares of each dealer's funding by lender, (dealer, lender): large lenders fund everyone, small ones the core."""
    count, lender_shares = len(dealer_shares), pareto_shares(lenders.count, lenders.size_tail)
    weights = np.tile(lender_shares, (count, 1))
    weights[max(1, count // 3) :, max(1, lenders.count // 2) :] = 0.0
    return _row_shares(weights)


def _row_shares(weights: Floats) -> Floats:
    shares: Floats = weights / weights.sum(axis=1, keepdims=True)
    return shares
