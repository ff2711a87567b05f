"""A bond has one yield, whatever it is held against: a swap trade and a futures trade on one bucket read one row."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from simulator.engine.status import RUNNING
from simulator.market.futures import financed_price_years, implied_repo, invoice_price
from simulator.market.treasuries import yield_from_price
from tests.economics.shipped import Played, played
from tests.oracle.variants import SWAP_BESIDE_FUTURES, TWO_FUNDINGS

BASIS_POINT = 1e-4
FUTURES, SWAP = 0, 1


@pytest.fixture(scope="module")
def run() -> Played:
    """Ten paths of the toy market with futures and a swap on one bond, and three trades in it."""
    driven = ("drivers.model=factor", "drivers.noise=1.0")
    return played("toy", *SWAP_BESIDE_FUTURES, *TWO_FUNDINGS, *driven, paths=10)


def yields(run: Played, prices: NDArray[np.floating]) -> NDArray[np.floating]:
    """Yields of the bucket's bond at full prices, by path and day."""
    bonds, held = run.prepared.parameters.opening.bonds, run.prepared.parameters.opening.buckets.held_bond[0]
    terms = (bonds.coupon, bonds.coupons_per_year, bonds.periods_to_coupon, bonds.periods_after)
    own = [float(term[held]) for term in terms]
    found: NDArray[np.floating] = np.vectorize(lambda price: yield_from_price(price, *own))(prices)
    return found


def test_trades_on_one_bucket_have_one_cash_yield(run: Played) -> None:
    opening = run.prepared.parameters.opening
    assert run.prepared.hedges == ("TY", "SW")
    assert run.prepared.trades == ("TY", "SW", "TYX")
    by_trade = run.of("cash_yield_change")[:, :, opening.trades.bucket_of]
    assert (by_trade == by_trade[:, :, :1]).all()
    change_bp = (yields(run, run.of("bond_price")[..., 0]) - opening.bonds.yield_[0]) / BASIS_POINT
    np.testing.assert_allclose(by_trade[:, :, 0], change_bp, atol=1e-6)


def test_the_swap_is_priced_off_the_same_yield(run: Played) -> None:
    """The swap rate that its value implies, and its dislocation, add up to the yield of the cash bond."""
    swap_rate = yields(run, run.of("hedge_price")[..., SWAP])
    cash_yield = yields(run, run.of("bond_price")[..., 0])
    dislocation = BASIS_POINT * run.of("dislocation")[..., SWAP]
    np.testing.assert_allclose(swap_rate + dislocation, cash_yield, atol=1e-10)


def test_the_futures_are_priced_off_the_same_bond(run: Played) -> None:
    """The repo rate that futures and bond imply is the policy rate expected and the dislocation."""
    opening = run.prepared.parameters.opening
    hedges, basket = opening.hedges, opening.deliverables
    e = int(hedges.held[FUTURES])
    price, factor = run.of("bond_price")[..., 0], float(basket.factor[e])

    def implied(dirty: float, value: float) -> float:
        years = financed_price_years(
            dirty, float(hedges.horizon_years[FUTURES]), float(basket.income_years[e])
        )
        invoice = invoice_price(value / factor, factor, float(basket.accrued_delivery[e]))
        return implied_repo(dirty, invoice, years, float(basket.income[e]))

    told = np.vectorize(implied)(price, run.of("hedge_price")[..., FUTURES])
    rate = hedges.policy_rate[FUTURES] + BASIS_POINT * run.of("dislocation")[..., FUTURES]
    np.testing.assert_allclose(told, rate * hedges.money_market_year[FUTURES], atol=1e-10)


def test_two_yields_would_be_seen(run: Played) -> None:
    """The planted error: a yield for each hedge, with the share of its own dislocation alone."""
    hedges = run.prepared.parameters.opening.hedges
    shares = hedges.cash_bp_per_dislocation_bp * (run.of("dislocation") - hedges.dislocation_bp)
    assert (run.result.records.status[:, 0] == RUNNING).all()
    assert np.abs(shares[..., FUTURES] - shares[..., SWAP]).max() > 1.0
