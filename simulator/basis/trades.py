"""Trade arithmetic of the basis: whole-contract hedges, repo leverage, profit and loss, cash calls.

What a desk works out on paper before a trade: how many contracts hedge a bond and what rounding
leaves open, how far repo can be chained, where the profit comes from, what a rally costs in cash.
Long basis is long the bond and short the future; short basis is the same with a negative face.

Money is in one currency unit throughout (faces, cash, DV01 alike); prices and bases in points;
rates in percent; factors, haircuts and shares pure numbers.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from simulator.contracts import Contract
from simulator.market.futures import hedge_ratio


@dataclass(frozen=True, slots=True)
class WholeHedge:
    """Futures sold against a bond position, in whole contracts unless fractions are asked for.

    ``residual_face`` is the bond face that stays unhedged (negative: sold too many), ``residual_dv01``
    its value of a basis point.
    """

    contracts: float
    exact_contracts: float
    residual_face: float
    residual_dv01: float


def whole_hedge(
    contract: Contract, conversion_factor: float, bond_face: float, bond_dv01: float
) -> WholeHedge:
    """Hedge of a bond position rounded to whole contracts, and the outright exposure that leaves.

    Parameters
    ----------
    bond_dv01
        Value of a basis point of the whole position, in money.

    Examples
    --------
    >>> from simulator.contracts import CONTRACTS
    >>> hedge = whole_hedge(CONTRACTS["T"], 1.022, 50e6, 40_000.0)
    >>> hedge.contracts, round(hedge.residual_face)
    (51, 97847)
    """
    if not (conversion_factor > 0.0 and bond_face != 0.0):
        raise ValueError("conversion_factor must be positive and bond_face not zero.")
    exact = hedge_ratio(conversion_factor, bond_face, contract.face)
    contracts = math.floor(abs(exact) + 0.5) * (1 if exact > 0.0 else -1)
    open_share = 1.0 - contracts / exact
    return WholeHedge(contracts, exact, bond_face * open_share, bond_dv01 * open_share)


def smallest_exact_hedge(conversion_factor: float, lots_max: int = 10_000) -> tuple[int, int]:
    """Smallest numbers of bond lots and of futures that hedge without remainder.

    A lot is the face of one contract.

    Examples
    --------
    >>> [smallest_exact_hedge(factor) for factor in (1.02, 1.022, 1.025)]
    [(50, 51), (500, 511), (40, 41)]
    """
    ratio = Fraction(conversion_factor).limit_denominator(lots_max)
    return ratio.denominator, ratio.numerator


@dataclass(frozen=True, slots=True)
class RepoChain:
    """Bonds bought again and again with the cash lent on the last ones.

    ``borrowed`` is the loan of each round; ``position`` all bonds bought, the first ones included;
    ``unpledged`` what of the last bonds was kept free to be delivered; ``leverage`` cash borrowed
    over own bonds.
    """

    borrowed: tuple[float, ...]
    total_borrowed: float
    position: float
    unpledged: float
    leverage: float


def repo_chain(own_bonds: float, haircut: float, pledged: Sequence[float]) -> RepoChain:
    """Repo leverage round by round: pledge, borrow, buy, pledge again.

    Parameters
    ----------
    own_bonds
        Market value of bonds held outright at the start.
    pledged
        Value pledged in each round; at most what the round before bought.

    Raises
    ------
    ValueError
        When a round pledges more than there is, or the haircut is not between 0 and 1.

    Examples
    --------
    >>> chain = repo_chain(100.0, 0.2, (100.0, 80.0, 60.0))
    >>> chain.borrowed, chain.total_borrowed, chain.position
    ((80.0, 64.0, 48.0), 192.0, 292.0)
    """
    if not 0.0 <= haircut < 1.0:
        raise ValueError(f"haircut is {haircut}; it must be at least 0 and below 1; 0.02 is 2%.")
    borrowed: list[float] = []
    bought = own_bonds
    unpledged = 0.0
    for pledge in pledged:
        if not 0.0 < pledge <= bought * (1.0 + 1e-12):
            raise ValueError(
                f"round {len(borrowed) + 1} pledges {pledge:g} of {bought:g}; pledge what is there."
            )
        unpledged += bought - pledge
        bought = pledge * (1.0 - haircut)
        borrowed.append(bought)
    total = math.fsum(borrowed)
    return RepoChain(tuple(borrowed), total, own_bonds + total, unpledged + bought, total / own_bonds)


def leverage_limit(haircut: float) -> float:
    """Position over own bonds when every bond bought is pledged, for ever: one over the haircut."""
    return 1.0 / haircut


@dataclass(frozen=True, slots=True)
class BasisTradeProfit:
    """Profit of a basis trade by what earned it, in money; ``total`` is their sum.

    ``basis`` from the change of the gross basis, ``carry`` from coupons less repo, ``margin_financing``
    the cost of cash in margin (negative), ``residual`` from yields moving against the hedge's rounding.
    """

    basis: float
    carry: float
    margin_financing: float
    residual: float

    @property
    def total(self) -> float:
        """Sum of the components."""
        return self.basis + self.carry + self.margin_financing + self.residual


def basis_trade_profit(
    bond_face: float,
    gross_basis_change: float,
    carry_points: float,
    margin: float,
    funding_rate_pct: float,
    years: float,
    residual_dv01: float = 0.0,
    yield_change_bp: float = 0.0,
) -> BasisTradeProfit:
    """Profit of a long basis trade (short with a negative face), by component.

    Parameters
    ----------
    gross_basis_change, carry_points
        Points of the bond over the holding period.
    margin
        Cash tied up in haircut and futures margin, and ``funding_rate_pct`` what it costs a year.
    years
        In the day count of the funding rate.
    residual_dv01
        Of the face that rounding left unhedged, see :func:`whole_hedge`.
    """
    return BasisTradeProfit(
        bond_face * gross_basis_change / 100.0,
        bond_face * carry_points / 100.0,
        -margin * funding_rate_pct / 100.0 * years,
        -residual_dv01 * yield_change_bp,
    )


def breakeven_repo_move_bp(implied_repo_pct: float, repo_rate_pct: float) -> float:
    """Rise of the repo rate over the whole term at which delivering a long basis earns nothing."""
    return 100.0 * (implied_repo_pct - repo_rate_pct)


def breakeven_overnight_move_bp(
    implied_repo_pct: float, repo_rate_pct: float, days_to_delivery: float, days_passed: float
) -> float:
    """The same when the repo is overnight and its rate rises only after some days have passed."""
    left = days_to_delivery - days_passed
    if left <= 0.0:
        raise ValueError("days_passed must be fewer than days_to_delivery.")
    return breakeven_repo_move_bp(implied_repo_pct, repo_rate_pct) * days_to_delivery / left


@dataclass(frozen=True, slots=True)
class CashDrain:
    """Cash that a move in yields takes from a hedged book, positive when it must be paid.

    ``variation_margin`` is paid on the futures at once; ``repo_released`` comes back only on the share
    of the bonds whose repo is re-marked; ``net`` must come from cash. ``profit`` is what the move did
    to wealth: for a hedged book next to nothing, which is the point.
    """

    variation_margin: float
    repo_released: float
    net: float
    profit: float


def cash_drain(
    bond_dv01: float, futures_dv01: float, yield_change_bp: float, remarked_share: float, haircut: float
) -> CashDrain:
    """Cash drain of a rally (a negative yield change) on bonds hedged with short futures.

    Parameters
    ----------
    bond_dv01, futures_dv01
        Of the whole book, in money, both positive.
    remarked_share
        Share of the repo book whose loans follow the bonds' price daily.

    Examples
    --------
    >>> drain = cash_drain(850_000.0, 850_000.0, -85.0, 0.0, 0.02)
    >>> drain.variation_margin, drain.net, drain.profit
    (72250000.0, 72250000.0, 0.0)
    """
    paid = -futures_dv01 * yield_change_bp
    gained = -bond_dv01 * yield_change_bp
    released = gained * remarked_share * (1.0 - haircut)
    return CashDrain(paid, released, paid - released, gained - paid)


@dataclass(frozen=True, slots=True)
class CalendarSpread:
    """Two delivery months of one contract.

    ``spread`` is front less back, points; ``implied_forward_repo_pct`` the simple rate earned by taking
    delivery in the front month and delivering the same bond in the back month.
    """

    spread: float
    spread_ticks: float
    implied_forward_repo_pct: float


def calendar_spread(
    contract: Contract,
    front_price: float,
    back_price: float,
    front_invoice: float,
    back_invoice: float,
    coupons: float,
    coupon_days: float,
    days: float,
) -> CalendarSpread:
    """Price of the roll from the front to the back month, and the repo rate it implies.

    Parameters
    ----------
    front_invoice, back_invoice
        Of the bond expected to be delivered in the front, points.
    coupons, coupon_days
        Points it pays between the deliveries, and each times the days from it to the back delivery.
    days
        Between the two deliveries.
    """
    if not (days > 0.0 and front_invoice > 0.0):
        raise ValueError("the back delivery must come after the front one, and the invoice be positive.")
    spread = front_price - back_price
    earned = (back_invoice + coupons - front_invoice) * contract.repo_days_per_year
    rate = earned / (front_invoice * days - coupon_days)
    return CalendarSpread(spread, spread / contract.tick_points, 100.0 * rate)


def rate_on_day_count(rate_pct: float, days_per_year_from: float, days_per_year_to: float) -> float:
    """The same simple interest quoted on another day count: 5% act/360 is 5.0694% act/365."""
    return rate_pct * days_per_year_to / days_per_year_from
