"""Leverage and fat tails: the market clears, funds obey their limit, tails come from leverage."""

from __future__ import annotations

import numpy as np
import pytest

from simulator.analysis import leverage_cycles as model
from simulator.analysis.leverage_cycles import LeveragedFunds, clustering, leverage_cycle, loss_exponent


def some_funds() -> tuple[LeveragedFunds, np.ndarray]:
    aggressiveness = np.array(model.AGGRESSIVENESS, dtype=np.float64)
    count = aggressiveness.size
    shares, cash = np.linspace(0.0, 60.0, count), np.linspace(4.0, -56.5, count)
    return LeveragedFunds(shares, cash, np.zeros(count), np.zeros(count)), aggressiveness


@pytest.mark.parametrize("noise", [700.0, 900.0, 1_000.0, 1_150.0])
@pytest.mark.parametrize("limit", [0.0, 1.0, 10.0])
def test_the_market_clears(noise: float, limit: float) -> None:
    funds, aggressiveness = some_funds()
    price = model.clearing_price(0.95, noise, funds, aggressiveness, limit)
    assert abs(model.excess_spending(price, noise, funds, aggressiveness, limit)) < 1e-9


def test_without_funds_the_price_is_what_noise_traders_spend() -> None:
    funds, aggressiveness = some_funds()
    assert model.clearing_price(1.0, 900.0, funds, aggressiveness, 0.0) == pytest.approx(0.9, rel=1e-13)


def test_funds_trade_at_the_price_keep_to_the_limit_and_close() -> None:
    funds, aggressiveness = some_funds()
    price = model.clearing_price(0.95, 800.0, funds, aggressiveness, 5.0)
    assert price < 0.94
    wealth = funds.shares * price + funds.cash
    closures = model.settle_funds(price, 0.95, funds, aggressiveness, 5.0)
    still_open = funds.steps_closed == 0.0
    assert closures == (~still_open).sum() == (wealth < 0.2).sum() > 0
    assert (funds.shares[still_open] * price <= 5.0 * wealth[still_open] * (1.0 + 1e-12)).all()
    flow = (funds.shares * price + funds.cash - wealth)[still_open]
    assert (np.abs(flow) <= 0.15 * wealth[still_open]).all()


def test_a_closed_fund_comes_back_with_its_opening_wealth() -> None:
    funds, aggressiveness = some_funds()
    funds.steps_closed[:] = 1.0
    funds.shares[:] = funds.cash[:] = 0.0
    model.settle_funds(1.0, 1.0, funds, aggressiveness, 5.0)
    assert (funds.cash == model.OPENING_WEALTH).all()
    assert (funds.steps_closed == 0.0).all()


def test_the_compiled_steps_equal_plain_python() -> None:
    compiled = leverage_cycle(10.0, seed=3, steps=400, burn_in=0)
    draws = np.random.Generator(np.random.Philox(key=3)).standard_normal(400)
    aggressiveness = np.array(model.AGGRESSIVENESS, dtype=np.float64)
    opening = np.full(aggressiveness.size, model.OPENING_WEALTH)
    zeros = [np.zeros(aggressiveness.size) for _ in range(3)]
    price = np.empty(400)
    closures = model._play_steps.py_func(  # type: ignore[attr-defined]
        draws, aggressiveness, 10.0, LeveragedFunds(zeros[0], opening, zeros[1], zeros[2]), price
    )
    np.testing.assert_array_equal(price, compiled.price)
    assert closures == compiled.closures


def test_the_tail_estimator_finds_a_known_power() -> None:
    losses = np.random.Generator(np.random.Philox(key=1)).pareto(3.0, 40_000) + 1.0
    exponent, error = loss_exponent(losses)
    assert abs(exponent - 3.0) < 5.0 * error
    assert abs(exponent - 4.0) > 5.0 * error


def test_volatility_does_not_cluster_without_funds() -> None:
    values = np.array([clustering(leverage_cycle(0.0, seed).returns) for seed in range(8)])
    error = values.std(ddof=1) / np.sqrt(values.size)
    assert abs(values.mean()) < 5.0 * error
    levered = np.array([clustering(leverage_cycle(10.0, seed).returns) for seed in range(8)])
    assert levered.mean() > 5.0 * levered.std(ddof=1) / np.sqrt(levered.size)


def test_worse_crashes_in_a_calmer_market() -> None:
    calm = [leverage_cycle(0.0, seed) for seed in range(8)]
    levered = [leverage_cycle(10.0, seed) for seed in range(8)]
    assert all(b.returns.std() < a.returns.std() for a, b in zip(calm, levered, strict=True))
    assert all(b.returns.min() < a.returns.min() for a, b in zip(calm, levered, strict=True))
    assert sum(run.closures for run in levered) > 0
