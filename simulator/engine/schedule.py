"""The scenario's events as one row a day: what happens on which day, the same on every path."""

from __future__ import annotations

import numpy as np

from simulator.engine.parameters import Floats, Schedule
from simulator.scenario.schema import (
    CURVE_KEYS,
    Auction,
    ClientRepoDemand,
    CurveChange,
    FacilityOpening,
    ForeignPremium,
    ForeignSale,
    HaircutStep,
    HedgeDemandShift,
    LenderWithdrawal,
    LimitCut,
    MarginStep,
    PolicyRateChange,
    Purchases,
    Redemption,
    Scenario,
    VolatilityShock,
    YieldShock,
)


def days_of(day: int, days: int, horizon: int) -> slice:
    """Rows of a stretch that begins on trading day ``day`` (from 1) and lasts ``days``."""
    return slice(day - 1, min(day - 1 + days, horizon))


def ramp(day: int, days: int, horizon: int) -> Floats:
    """From 0 to 1 in equal daily steps over a stretch, by row."""
    return np.clip((np.arange(horizon) - (day - 2)) / days, 0.0, 1.0)


def curve_shift_bp(scenario: Scenario) -> Floats:
    """Deterministic shift of the fundamental par curve since the opening, (day, tenor), bp."""
    horizon = int(scenario.horizon)
    shift = np.zeros((horizon, len(CURVE_KEYS)))
    for event in scenario.events:
        if isinstance(event, YieldShock):
            shift += np.outer(ramp(event.day, event.days, horizon), _by_tenor(event.change))
        elif isinstance(event, ForeignPremium):
            shift += ramp(event.day, event.days, horizon)[:, None] * event.premium
    return shift


def _by_tenor(change: CurveChange) -> Floats:
    return np.array([getattr(change, key) for key in CURVE_KEYS])


def volatility_shift(scenario: Scenario) -> Floats:
    """Deterministic factor on volatility by day: shocks multiply, build up geometrically and decay."""
    horizon = int(scenario.horizon)
    log_factor = np.zeros(horizon)
    for event in scenario.events:
        if isinstance(event, VolatilityShock):
            peak = event.day + event.days - 2
            since = np.maximum(np.arange(horizon) - peak, 0.0)
            decay = 0.5 ** (since / event.half_life)
            log_factor += np.log(event.multiple) * ramp(event.day, event.days, horizon) * decay
    return np.exp(log_factor)


def build_schedule(scenario: Scenario) -> Schedule:
    """Lay the scenario's events and policies out by day."""
    horizon, trades = int(scenario.horizon), list(scenario.market.trades)
    s = _empty(scenario, horizon, len(trades))
    for event in scenario.events:
        if isinstance(event, MarginStep):
            s.margin_multiple[event.day - 1 :, _chosen(event.trades, trades)] *= event.multiple
        elif isinstance(event, HaircutStep) and scenario.channels.haircut:
            s.haircut_step[days_of(event.day, event.days, horizon)] += event.change
        elif isinstance(event, LenderWithdrawal):
            kept = 1.0 - s.lender_withdrawal[days_of(event.day, event.days, horizon)]
            s.lender_withdrawal[days_of(event.day, event.days, horizon)] = 1.0 - kept * (1.0 - event.share)
        elif isinstance(event, ForeignSale):
            split = _split(event.trades, trades, [t.foreign_bonds for t in scenario.market.trades.values()])
            rows = days_of(event.day, event.days, horizon)
            s.foreign_sale_bn[rows] += event.amount / event.days * split
        elif isinstance(event, Redemption):
            target = s.manager_redemption if event.who == "asset-managers" else s.fund_redemption
            target[days_of(event.day, event.days, horizon)] += event.share / event.days
        elif isinstance(event, Auction):
            _add_auction(s, event, trades.index(event.trade))
        elif isinstance(event, LimitCut):
            kept = 1.0 - s.limit_cut[days_of(event.day, event.days, horizon)]
            s.limit_cut[days_of(event.day, event.days, horizon)] = 1.0 - kept * (1.0 - event.share)
        elif isinstance(event, FacilityOpening):
            s.facility_open[event.day - 1 :] = 1.0
        elif isinstance(event, ClientRepoDemand):
            s.client_repo_bn[days_of(event.day, event.days, horizon)] += event.amount / event.days
        elif isinstance(event, PolicyRateChange):
            s.policy_rate[event.day - 1 :] += event.change * 1e-4
        elif isinstance(event, HedgeDemandShift):
            rows = days_of(event.day, event.days, horizon)
            s.hedge_demand_shift[rows, _chosen(event.trades, trades)] += event.share / event.days
        elif isinstance(event, ForeignPremium):
            holdings = np.array([t.foreign_bonds for t in scenario.market.trades.values()])
            s.foreign_sale_bn[days_of(event.day, event.days, horizon)] += event.sale / event.days * holdings
    return s


def _empty(scenario: Scenario, horizon: int, trades: int) -> Schedule:
    bank, noise = scenario.central_bank, scenario.drivers.noise
    relief = np.ones(horizon)
    relief[bank.leverage_relief_day - 1 :] = bank.leverage_relief
    return Schedule(
        policy_rate=np.full(horizon, scenario.market.policy_rate),
        margin_multiple=np.ones((horizon, trades)),
        haircut_step=np.zeros(horizon),
        lender_withdrawal=np.zeros(horizon),
        foreign_sale_bn=np.zeros((horizon, trades)),
        manager_redemption=np.zeros(horizon),
        fund_redemption=np.zeros(horizon),
        hedge_demand_shift=np.zeros((horizon, trades)),
        auction_bn=np.zeros((horizon, trades)),
        auction_dealer_share=np.zeros((horizon, trades)),
        auction_noise=np.zeros((horizon, trades)),
        limit_cut=np.zeros(horizon),
        leverage_relief=relief,
        facility_open=np.full(horizon, float(bank.standing_repo.open)),
        client_repo_bn=np.zeros(horizon),
        outright_bn=_purchases(bank.outright, horizon),
        hedged_bn=_purchases(bank.hedged, horizon),
        manager_flow_noise=scenario.asset_managers.flow_noise * (noise > 0.0),
        foreign_flow_noise=scenario.foreign_holders.flow_noise * (noise > 0.0),
        fund_flow_noise=scenario.funds.flow_noise * (noise > 0.0),
        lender_flow_noise=scenario.lenders.flow_noise * (noise > 0.0),
    )


def _purchases(purchases: Purchases, horizon: int) -> Floats:
    pace = np.zeros(horizon)
    if purchases.mode == "schedule":
        for stretch in purchases.schedule:
            pace[days_of(stretch.day, stretch.days, horizon)] += stretch.pace
    return pace


def _add_auction(s: Schedule, event: Auction, j: int) -> None:
    day = event.day - 1
    total = s.auction_bn[day, j] + event.amount
    share = event.dealer_share + event.bidder_shortfall
    if total > 0.0:
        s.auction_dealer_share[day, j] += (share - s.auction_dealer_share[day, j]) * event.amount / total
        s.auction_noise[day, j] = event.bidder_noise
        s.auction_bn[day, j] = total


def _chosen(names: list[str], trades: list[str]) -> list[int]:
    return [trades.index(name) for name in names] if names else list(range(len(trades)))


def _split(chosen: dict[str, float], trades: list[str], weights: list[float]) -> Floats:
    split = np.array([chosen.get(name, 0.0) for name in trades] if chosen else weights)
    return split / split.sum() if split.sum() > 0.0 else np.full(len(trades), 1.0 / len(trades))
