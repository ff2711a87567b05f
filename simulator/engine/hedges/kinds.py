"""The one place that asks of which kind a hedge is."""

from __future__ import annotations

import math

import numpy as np

from simulator.engine.hedges.cds import cds_value
from simulator.engine.hedges.futures import (
    DAYS_PER_YEAR,
    coupons_per_year,
    futures_repo,
    futures_value,
    open_futures,
    price_limit,
    repo_days_per_year,
)
from simulator.engine.hedges.swap import swap_value
from simulator.engine.opening.valuation import ForwardTerms, forward_terms
from simulator.engine.parameters import CDS, FUTURES, SWAP, BondTerms, Parameters
from simulator.engine.state import State
from simulator.market.corporate_bonds import lowest_dislocation_bp
from simulator.rule import phase
from simulator.scenario import schema


@phase
def hedge_value(p: Parameters, s: State, h: int, e: int, cash_yield: float) -> float:
    """Value of hedge h per face of its bucket's held bond.

    ``e`` is the deliverable that is cheapest, ``cash_yield`` the yield of that bond.
    """
    if p.opening.hedges.kind[h] == SWAP:
        return swap_value(p, s, h, e, cash_yield)
    if p.opening.hedges.kind[h] == CDS:
        return cds_value(p, s, h, e, cash_yield)
    return futures_value(p, s, h, e)


@phase
def repo_in_price(p: Parameters, s: State, h: int) -> float:
    """Implied repo rate of hedge h in its contract, a year; nothing for what delivers no bond."""
    if p.opening.hedges.kind[h] != FUTURES:
        return 0.0
    return futures_repo(p, s, h)


def kind_of(hedge: schema.Hedge) -> int:
    """Place of the hedge's kind."""
    if isinstance(hedge, schema.CreditDefaultSwap):
        return CDS
    return FUTURES if isinstance(hedge, schema.Futures) else SWAP


def deliverables_of(
    name: str, hedge: schema.Hedge, bucket: schema.Bucket, bonds: BondTerms, places: list[int]
) -> ForwardTerms:
    """The bonds of the bucket as deliverables of the hedge."""
    if isinstance(hedge, schema.Futures):
        return open_futures(name, hedge, bucket, bonds, places)
    none = np.ones(len(places))
    maturity = np.array([bond.maturity for bond in bucket.bonds])
    return forward_terms(bonds.coupon[places], bonds.coupons_per_year[places], maturity, 0.0, none)


def coupons_of(name: str, hedge: schema.Hedge) -> int | None:
    """Coupons a year of the bonds it hedges, if its terms say."""
    return coupons_per_year(name, hedge) if isinstance(hedge, schema.Futures) else None


def repo_year_of(name: str, hedge: schema.Hedge) -> float:
    """Calendar year over the year in which its repo market counts days."""
    if isinstance(hedge, schema.Futures):
        return DAYS_PER_YEAR / repo_days_per_year(name, hedge)
    return 1.0


def takes_basket(hedge: schema.Hedge) -> bool:
    """Whether any bond of the bucket may be delivered; otherwise the hedge is on the held bond alone."""
    return isinstance(hedge, schema.Futures)


def follows_outright(hedge: schema.Hedge) -> bool:
    """Whether outright pressure on the bond is part of its dislocation: swaps do not follow it, futures do."""
    return not isinstance(hedge, schema.Futures)


def margin_period_of(hedge: schema.Hedge) -> float | None:
    """Margin period of risk of its own clearing house, if it has one."""
    return hedge.margin_period if isinstance(hedge, schema.Swap | schema.CreditDefaultSwap) else None


def hedgers_of_rates(hedge: schema.Hedge) -> tuple[float, float]:
    """Who receives fixed and who pays it and answers to rates, of other hedgers; none in futures."""
    return (hedge.receivers, hedge.payers) if isinstance(hedge, schema.Swap) else (0.0, 0.0)


def seller_of_protection(hedge: schema.Hedge) -> tuple[float, float]:
    """Protection sold by one seller of other hedgers, and its capital; none but in credit default swaps."""
    if isinstance(hedge, schema.CreditDefaultSwap):
        return hedge.protection_sold, hedge.seller_capital
    return 0.0, 0.0


def capital_cost_of(hedge: schema.Hedge) -> float:
    """Return asked a year on the capital that its margins tie up, in its dislocation; told of credit default swaps."""
    return hedge.capital_cost if isinstance(hedge, schema.CreditDefaultSwap) else 0.0


def lowest_dislocation_of(hedge: schema.Hedge) -> float:
    """The dislocation at which the reverse trade pays for itself whatever its size; only borrowed bonds have one."""
    if isinstance(hedge, schema.CreditDefaultSwap):
        return lowest_dislocation_bp(hedge.borrow_cost, hedge.delivery_option)
    return -math.inf


def speculators_of(hedge: schema.Hedge) -> float:
    """Largest position of those who follow its trend; none in swaps."""
    return hedge.speculators if isinstance(hedge, schema.Futures) else 0.0


def steady_holders_of(hedge: schema.Hedge) -> float:
    """Net long position of banks and insurers, whom higher margins do not move; told of futures."""
    return hedge.banks + hedge.insurers if isinstance(hedge, schema.Futures) else 0.0


def price_limit_of(name: str, hedge: schema.Hedge) -> float:
    """Largest move of its price in a day, of yesterday's settlement; infinite where there is none."""
    return price_limit(name, hedge) if isinstance(hedge, schema.Futures) else math.inf


def delivery_years_of(hedge: schema.Hedge) -> float:
    """Years to delivery; a swap delivers nothing."""
    return hedge.horizon if isinstance(hedge, schema.Futures) else 0.0


def earning_years_of(hedge: schema.Hedge, name: str, duration_years: float) -> float:
    """Years over which a bp of dislocation is earned: to delivery, or the life of the swap as a duration."""
    if isinstance(hedge, schema.Futures):
        return hedge.horizon * DAYS_PER_YEAR / repo_days_per_year(name, hedge)
    return duration_years
