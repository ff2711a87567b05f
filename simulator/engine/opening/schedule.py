"""The scenario's events as one row a day: what happens on which day, the same on every path."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from simulator.engine.opening.contract_months import lay_out_months
from simulator.engine.opening.hedgers import split
from simulator.engine.parameters import Schedule
from simulator.model.table import Floats, allocate
from simulator.scenario.schema import (
    CURVE_KEYS,
    Auction,
    BillsForBonds,
    BondExchange,
    BuyBack,
    ClearingMandate,
    ClientRepoDemand,
    CurveChange,
    FacilityOpening,
    ForeignPremium,
    ForeignSale,
    GovernmentDrain,
    HaircutMinimum,
    HaircutStep,
    HedgeDemandShift,
    InvestorDemand,
    LenderWithdrawal,
    LeverageRelief,
    LimitCut,
    MarginMinimum,
    MarginStep,
    Market,
    MarketLoss,
    PolicyRateChange,
    Purchases,
    Redemption,
    Scenario,
    VolatilityShock,
    YieldShock,
    drawn_names,
    peak_multiple,
)

#: The lowest minimum haircut that a scenario can set: none.
NO_HAIRCUT_MINIMUM = -0.1


def days_of(day: int, days: int, horizon: int) -> slice:
    """Rows of a stretch that begins on trading day ``day`` (from 1) and lasts ``days``."""
    return slice(day - 1, min(day - 1 + days, horizon))


def ramp(day: int, days: int, horizon: int) -> Floats:
    """From 0 to 1 in equal daily steps over a stretch, by row."""
    return np.clip((np.arange(horizon) - (day - 2)) / days, 0.0, 1.0)


def curve_shift_bp(scenario: Scenario) -> Floats:
    """Deterministic shift of the first fundamental par curve since the opening, (day, tenor), bp."""
    return _shift_of(scenario, "")


def other_curve_shifts_bp(scenario: Scenario) -> tuple[Floats, ...]:
    """The same of every other curve; a premium that foreigners ask is of the first alone."""
    return tuple(_shift_of(scenario, name) for name in scenario.market.curves)


def _shift_of(scenario: Scenario, curve: str) -> Floats:
    horizon = int(scenario.horizon)
    shift = np.zeros((horizon, len(CURVE_KEYS)))
    for event in scenario.events:
        if isinstance(event, YieldShock) and event.par_curve == curve:
            shift += np.outer(ramp(event.day, event.days, horizon), _by_tenor(event.change))
        elif isinstance(event, ForeignPremium) and not curve:
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
            log_peak = np.log(peak_multiple(scenario, event))
            log_factor += log_peak * ramp(event.day, event.days, horizon) * decay
    return np.exp(log_factor)


def market_shift(scenario: Scenario) -> Floats:
    """Deterministic change of equities (share) and credit spreads (bp) since the opening, (day, 2)."""
    horizon = int(scenario.horizon)
    shift = np.zeros((horizon, 2))
    for event in scenario.events:
        if isinstance(event, MarketLoss):
            shift += np.outer(ramp(event.day, event.days, horizon), (event.equity, event.credit))
    return shift


def build_schedule(scenario: Scenario, dealers: Sequence[str], offer_bn: Floats) -> Schedule:
    """Lay the scenario's events and policies out by day.

    ``dealers`` are the names of the dealers; ``offer_bn`` is what lenders offer them, (lender, dealer).
    """
    horizon, market = int(scenario.horizon), scenario.market
    buckets, hedges, fundings = list(market.buckets), list(market.hedges), list(market.fundings)
    holdings = np.array([bucket.foreign_bonds for bucket in market.buckets.values()])
    outstanding = np.array([bucket.outstanding for bucket in market.buckets.values()])
    of_treasury = np.array([name in market.treasuries for name in buckets])
    s = _empty(scenario, horizon, len(dealers))
    s.lender_withdrawal[:] = _withdrawals(scenario, dealers, offer_bn)
    for event in scenario.events:
        if isinstance(event, MarginStep):
            s.margin_multiple[event.day - 1 :, _chosen(event.hedges, hedges)] *= event.multiple
        elif isinstance(event, HaircutStep) and scenario.channels.haircut:
            rows = days_of(event.day, event.days, horizon)
            for g in _chosen(event.fundings, fundings):
                s.haircut_step[rows, g, _chosen(event.dealers, dealers)] += event.change
        elif isinstance(event, HaircutMinimum):
            rows = days_of(event.day, event.days, horizon)
            s.haircut_minimum[rows] = np.maximum(s.haircut_minimum[rows], event.minimum)
        elif isinstance(event, MarginMinimum):
            rows = days_of(event.day, event.days, horizon)
            s.margin_minimum[rows] = np.maximum(s.margin_minimum[rows], event.multiple)
        elif isinstance(event, LeverageRelief):
            rows = days_of(event.day, event.days, horizon)
            s.leverage_relief[rows] = np.maximum(s.leverage_relief[rows], event.multiple)
        elif isinstance(event, ClearingMandate):
            rows = days_of(event.day, event.days, horizon)
            s.clearing_mandate[rows] = np.maximum(s.clearing_mandate[rows], event.share)
        elif isinstance(event, ForeignSale):
            rows = days_of(event.day, event.days, horizon)
            s.foreign_sale_bn[rows] += event.amount / event.days * split(event.buckets, buckets, holdings)
        elif isinstance(event, InvestorDemand):
            rows = days_of(event.day, event.days, horizon)
            s.investor_demand_bn[rows] += (
                event.amount / event.days * split(event.buckets, buckets, outstanding * of_treasury)
            )
        elif isinstance(event, Redemption):
            target = s.manager_redemption if event.who == "asset-managers" else s.fund_redemption
            target[days_of(event.day, event.days, horizon)] += event.share / event.days
        elif isinstance(event, Auction):
            _add_auction(s, event, _bucket_of(event, market))
        elif isinstance(event, BuyBack):
            rows = days_of(event.day, event.days, horizon)
            pace = event.amount / event.days
            s.buy_back_bn[rows] += pace * split(event.buckets, buckets, outstanding * of_treasury)
            s.paid_to_government_bn[rows] += event.bills * pace
        elif isinstance(event, BondExchange):
            rows, into = days_of(event.day, event.days, horizon), buckets.index(event.bucket)
            given_up = np.where(np.arange(len(buckets)) == into, 0.0, holdings * of_treasury)
            s.exchange_bn[rows, :, into] += (
                event.amount / event.days * split(event.buckets, buckets, given_up)
            )
        elif isinstance(event, LimitCut):
            place = days_of(event.day, event.days, horizon), _chosen(event.dealers, dealers)
            s.limit_cut[place] = 1.0 - (1.0 - s.limit_cut[place]) * (1.0 - event.share)
        elif isinstance(event, FacilityOpening):
            whole = scenario.central_bank.standing_repo.capacity
            rows = days_of(event.day, event.days, horizon)
            s.facility_bn[rows] = whole if event.capacity is None else min(whole, event.capacity)
        elif isinstance(event, ClientRepoDemand):
            s.client_repo_bn[days_of(event.day, event.days, horizon)] += event.amount / event.days
        elif isinstance(event, GovernmentDrain):
            s.paid_to_government_bn[days_of(event.day, event.days, horizon)] += event.amount / event.days
        elif isinstance(event, PolicyRateChange):
            s.policy_rate[event.day - 1 :, _chosen(event.fundings, fundings)] += event.change * 1e-4
        elif isinstance(event, HedgeDemandShift):
            rows = days_of(event.day, event.days, horizon)
            s.hedge_demand_shift[rows, _chosen(event.hedges, hedges)] += event.share / event.days
        elif isinstance(event, ForeignPremium):
            s.foreign_sale_bn[days_of(event.day, event.days, horizon)] += event.sale / event.days * holdings
    for event in scenario.events:
        if isinstance(event, BillsForBonds):  # of all auctions, in whatever order they are written
            _issue_bills(s, event, days_of(event.day, event.days, horizon), _chosen(event.buckets, buckets))
    return s


def _issue_bills(s: Schedule, event: BillsForBonds, rows: slice, places: list[int]) -> None:
    """Issue part of some auctions as bills: the government gets as much, from lenders, on the day of the auction."""
    bills = np.zeros(s.auction_bn.shape)
    bills[rows, places] = event.share * s.auction_bn[rows, places]
    s.paid_to_government_bn[:] += bills.sum(axis=1)
    s.auction_bn[:] -= bills
    kept = np.ones(s.auction_bn.shape)
    kept[rows, places] = 1.0 - event.share
    s.auction_new_bn[:] *= kept


def _withdrawals(scenario: Scenario, dealers: Sequence[str], offer_bn: Floats) -> Floats:
    """Part of its lenders' offer that each dealer has lost, (day, dealer); what a lender takes twice multiplies."""
    horizon = int(scenario.horizon)
    lenders = drawn_names("lender", scenario.lenders.count)
    events = [event for event in scenario.events if isinstance(event, LenderWithdrawal)]
    gone = np.zeros((horizon, len(dealers)))
    offered = offer_bn.sum(axis=0)
    known: dict[tuple[int, ...], Floats] = {}
    for day in range(1, horizon + 1):
        active = tuple(n for n, event in enumerate(events) if event.day <= day < event.day + event.days)
        if active and active not in known:
            kept = np.ones(offer_bn.shape)
            for event in (events[n] for n in active):
                kept[np.ix_(_chosen(event.lenders, lenders), _chosen(event.dealers, dealers))] *= (
                    1.0 - event.share
                )
            average = np.divide(
                (offer_bn * kept).sum(axis=0), offered, out=kept[0].copy(), where=offered > 0.0
            )
            known[active] = 1.0 - np.where((kept == kept[0]).all(axis=0), kept[0], average)
        if active:
            gone[day - 1] = known[active]
    return gone


def _empty(scenario: Scenario, horizon: int, dealers: int) -> Schedule:
    """Nothing happens: rates stay, limits are whole, and policies are as the scenario opens them."""
    bank, market = scenario.central_bank, scenario.market
    sizes = {
        "day": horizon,
        "bucket": len(market.buckets),
        "hedge": len(market.hedges),
        "funding": len(market.fundings),
        "dealer": dealers,
        "one": 1,
    }
    s, _ = allocate(Schedule, sizes)
    lay_out_months(market, horizon, s)
    s.policy_rate[:] = [funding.policy_rate for funding in market.fundings.values()]
    s.margin_multiple[:] = 1.0
    s.haircut_minimum[:] = NO_HAIRCUT_MINIMUM
    s.haircut_minimum[days_of(1, bank.haircut_minimum_days, horizon)] = bank.haircut_minimum
    s.margin_minimum[:] = 1.0
    s.margin_minimum[days_of(1, bank.margin_minimum_days, horizon)] = bank.margin_minimum
    s.clearing_mandate[days_of(1, bank.clearing_mandate_days, horizon)] = bank.clearing_mandate
    s.leverage_relief[:] = 1.0
    relieved = days_of(bank.leverage_relief_day, bank.leverage_relief_days, horizon)
    s.leverage_relief[relieved] = bank.leverage_relief
    if bank.standing_repo.open:
        s.facility_bn[days_of(1, bank.standing_repo.days, horizon)] = bank.standing_repo.capacity
    s.outright_bn[:] = _purchases(bank.outright, horizon)
    s.hedged_bn[:] = _purchases(bank.hedged, horizon)
    s.flow_noise_on[0] = float(scenario.drivers.noise > 0.0)
    return s


def _purchases(purchases: Purchases, horizon: int) -> Floats:
    pace = np.zeros(horizon)
    if purchases.mode == "schedule":
        for stretch in purchases.schedule:
            pace[days_of(stretch.day, stretch.days, horizon)] += stretch.pace
    return pace


def _bucket_of(event: Auction, market: Market) -> int:
    """Place of the bucket that an auction names, or of the one whose first bond is nearest to its maturity."""
    if event.maturity is None:
        return list(market.buckets).index(event.bucket)
    maturity = np.array([market.buckets[name].bonds[0].maturity for name in market.treasuries])
    nearest = market.treasuries[int(np.argmin(np.abs(np.log(maturity / event.maturity))))]
    return list(market.buckets).index(nearest)


def _add_auction(s: Schedule, event: Auction, j: int) -> None:
    day = event.day - 1
    total = s.auction_bn[day, j] + event.amount
    share = event.dealer_share + event.bidder_shortfall
    if total > 0.0:
        s.auction_dealer_share[day, j] += (share - s.auction_dealer_share[day, j]) * event.amount / total
        s.auction_noise[day, j] = event.bidder_noise
        s.auction_bn[day, j] = total
        s.auction_response[day, j] += (
            (event.yield_response - s.auction_response[day, j]) * event.amount / total
        )
        s.auction_new_bn[day, j] += event.new_money * event.amount
    if event.settles is not None and event.settles <= len(s.paid_to_government_bn):
        s.paid_to_government_bn[int(event.settles) - 1] += event.new_money * event.amount


def _chosen(names: Sequence[str], known: Sequence[str]) -> list[int]:
    return [known.index(name) for name in names] if names else list(range(len(known)))
