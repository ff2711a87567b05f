"""Leverage causes fat tails: funds that steady a price while they have room break it when they have none.

One asset, noise traders, and ten funds that differ in aggressiveness only. Small falls are bought and die
out, so that the price moves less than without funds; a fall that finds the funds at their limit is sold into,
so that the largest falls are larger. The tail of returns thickens and volatility clusters as the limit rises,
and neither was put in.

Source: Thurner, Farmer and Geanakoplos, Quantitative Finance 12 (2012), with the rules of
:mod:`simulator.literature.value_fund`. Units: prices over the fundamental value, time in steps.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.literature.value_fund import (
    desired_leverage,
    fund_spending,
    fund_wealth,
    investor_flow,
    is_closed,
    noise_trader_spending,
    tracked_performance,
)
from simulator.rule import kernel, phase

Floats = NDArray[np.float64]

FUNDAMENTAL = 1.0
SHARES = 1_000.0
AGGRESSIVENESS = tuple(range(5, 55, 5))
OPENING_WEALTH = 2.0
SURVIVING_SHARE = 0.1
STEPS_CLOSED = 100
# All from the source, like the five parameters of the two rules below.
NOISE_PERSISTENCE, NOISE_VOLATILITY = 0.99, 0.035
PERFORMANCE_WEIGHT, BENCHMARK_RETURN, FLOW_SENSITIVITY = 0.1, 0.005, 0.15

PRICE_STEP = 1.02
"""Factor of the search for a bracket of the clearing price (judgement: below the spacing of the kinks)."""
BISECTIONS = 44
"""Halvings of the bracket: 2% to 1e-15."""


class LeveragedFunds(NamedTuple):
    """State of the funds, one entry a fund."""

    shares: Floats
    cash: Floats
    performance: Floats
    steps_closed: Floats


@phase
def excess_spending(
    price: float, noise: float, funds: LeveragedFunds, aggressiveness: Floats, limit: float
) -> float:
    """Money bid for the asset at a price, less the value of all shares."""
    bid = noise
    for fund in range(aggressiveness.size):
        wealth = fund_wealth(funds.shares[fund], funds.cash[fund], price)
        bid += fund_spending(wealth, desired_leverage(price, FUNDAMENTAL, aggressiveness[fund], limit))
    return bid - SHARES * price


@phase
def clearing_price(
    last: float, noise: float, funds: LeveragedFunds, aggressiveness: Floats, limit: float
) -> float:
    """First price at which the market clears, going from the last one in the direction of excess demand.

    With funds at their limits demand can rise with the price and several prices may clear; the nearest on
    the side to which the excess pushes is where a price that moves little by little stops.
    """
    is_rising = excess_spending(last, noise, funds, aggressiveness, limit) > 0.0
    factor = PRICE_STEP if is_rising else 1.0 / PRICE_STEP
    near, far = last, last * factor
    while (excess_spending(far, noise, funds, aggressiveness, limit) > 0.0) == is_rising:
        near, far = far, far * factor
    for _ in range(BISECTIONS):
        middle = 0.5 * (near + far)
        if (excess_spending(middle, noise, funds, aggressiveness, limit) > 0.0) == is_rising:
            near = middle
        else:
            far = middle
    return 0.5 * (near + far)


@phase
def settle_funds(
    price: float, last: float, funds: LeveragedFunds, aggressiveness: Floats, limit: float
) -> int:
    """Trade every fund at the cleared price, move its investors' money, close and reopen; count closures."""
    closures = 0
    for fund in range(aggressiveness.size):
        if funds.steps_closed[fund] > 0.0:
            funds.steps_closed[fund] -= 1.0
            funds.cash[fund] = 0.0 if funds.steps_closed[fund] > 0.0 else OPENING_WEALTH
            continue
        before = fund_wealth(funds.shares[fund], funds.cash[fund], last)
        wealth = fund_wealth(funds.shares[fund], funds.cash[fund], price)
        funds.performance[fund] = tracked_performance(
            funds.performance[fund], wealth / before - 1.0, PERFORMANCE_WEIGHT
        )
        flow = investor_flow(wealth, funds.performance[fund], BENCHMARK_RETURN, FLOW_SENSITIVITY)
        held = fund_spending(wealth, desired_leverage(price, FUNDAMENTAL, aggressiveness[fund], limit))
        funds.shares[fund] = held / price
        funds.cash[fund] = wealth - held + flow
        if is_closed(wealth + flow, OPENING_WEALTH, SURVIVING_SHARE):
            closures += 1
            funds.shares[fund] = funds.cash[fund] = funds.performance[fund] = 0.0
            funds.steps_closed[fund] = STEPS_CLOSED
    return closures


@kernel
def _play_steps(
    draws: Floats, aggressiveness: Floats, limit: float, funds: LeveragedFunds, price: Floats
) -> int:
    noise, last, closures = SHARES * FUNDAMENTAL, FUNDAMENTAL, 0
    for step in range(draws.size):
        noise = noise_trader_spending(
            noise, NOISE_PERSISTENCE, NOISE_VOLATILITY, draws[step], SHARES * FUNDAMENTAL
        )
        price[step] = clearing_price(last, noise, funds, aggressiveness, limit)
        closures += settle_funds(price[step], last, funds, aggressiveness, limit)
        last = price[step]
    return closures


@dataclass(frozen=True)
class LeverageCycle:
    """One run: the price by step, after the burn-in, and how often a fund was closed."""

    price: Floats
    closures: int

    @property
    def returns(self) -> Floats:
        """Log returns of all steps."""
        return np.diff(np.log(self.price))

    @property
    def losses(self) -> Floats:
        """Falls of the log price in steps that began below value, where funds are in the market."""
        returns = self.returns
        return np.asarray(-returns[(self.price[:-1] < FUNDAMENTAL) & (returns < 0.0)])


def leverage_cycle(
    leverage_max: float, seed: int, *, steps: int = 40_000, burn_in: int = 5_000
) -> LeverageCycle:
    """Simulate the market under one limit on leverage.

    Parameters
    ----------
    leverage_max
        Largest holding over wealth that lenders allow; 0 keeps the funds out.
    seed
        Key of the noise traders' random stream: the same noise for every limit.
    steps, burn_in
        Number of steps, and how many of the first to leave out.

    Returns
    -------
    LeverageCycle
        Prices of ``steps - burn_in`` steps.
    """
    draws = np.random.Generator(np.random.Philox(key=seed)).standard_normal(steps)
    aggressiveness = np.array(AGGRESSIVENESS, dtype=np.float64)
    count = aggressiveness.size
    funds = LeveragedFunds(np.zeros(count), np.full(count, OPENING_WEALTH), np.zeros(count), np.zeros(count))
    price = np.empty(steps)
    closures = _play_steps(draws, aggressiveness, float(leverage_max), funds, price)
    return LeverageCycle(price[burn_in:], int(closures))


def loss_exponent(losses: Floats, tail_share: float = 0.01) -> tuple[float, float]:
    """Estimate the power with which the probability of a loss falls, and its standard error.

    Parameters
    ----------
    losses
        Losses, positive; the largest ``tail_share`` of them are used.
    tail_share
        Share of the sample that counts as the tail.

    Returns
    -------
    tuple[float, float]
        Exponent, and exponent over the root of the number of losses used (independent losses). Source: Hill,
        Annals of Statistics 3 (1975).
    """
    ordered = np.sort(losses)[::-1]
    used = max(2, int(tail_share * ordered.size))
    exponent = 1.0 / float(np.mean(np.log(ordered[:used] / ordered[used])))
    return exponent, exponent / float(np.sqrt(used))


def clustering(returns: Floats) -> float:
    """First autocorrelation of absolute returns."""
    size = np.abs(returns)
    return float(np.corrcoef(size[:-1], size[1:])[0, 1])
