"""Delivery options: which bond will be cheapest, what the choice is worth, and how it bends the future.

Seen from delivery, each bond of a basket is a forward yield; move the yields and the cheapest bond
changes. The switch map draws that for parallel moves and slopes. The quality option is valued over
scenarios of the curve at delivery: the future is worth the mean of the lowest converted price, and
each bond's forward price exceeds its invoice at that price by what the short's choice is worth. As
yields rise the future passes from short to long bonds, and so loses the convexity its bonds have.

Prices in points, yields in percent, changes in basis points, tenors in years.
Source: Burghardt and Belton, *The Treasury Bond Basis*, chapters 3 and 4.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simulator.basis.bonds import bonds_from_price, bonds_from_yield
from simulator.basis.dates import DateLike, day_numbers
from simulator.market.treasuries import accrued_interest, dirty_price
from simulator.rule import kernel

if TYPE_CHECKING:
    from simulator.drivers.block import DriverSpec

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

DAYS_PER_YEAR = 365.25


@dataclass(frozen=True, slots=True)
class ForwardBasket:
    """Deliverable bonds as seen from the delivery date; arrays of one length, a bond an entry.

    ``periods_to_coupon`` and ``periods_after`` place each bond in its coupon period at delivery.
    """

    names: tuple[str, ...]
    coupon_pct: Floats
    frequency: Floats
    conversion_factor: Floats
    forward_yield_pct: Floats
    years_to_maturity: Floats
    periods_to_coupon: Floats
    periods_after: Floats

    @property
    def forward_price(self) -> Floats:
        """Forward clean price of each bond, points."""
        prices: Floats = converted_prices(self, np.zeros((1, len(self.names))))[0] * self.conversion_factor
        return prices


def forward_basket(
    names: Sequence[str],
    delivery_date: DateLike,
    coupon_pct: ArrayLike,
    coupon_frequency: ArrayLike,
    maturity_date: DateLike,
    conversion_factor: ArrayLike,
    *,
    forward_clean_price: ArrayLike | None = None,
    forward_yield_pct: ArrayLike | None = None,
    is_paid_on_month_ends: bool = True,
) -> ForwardBasket:
    """Basket from the bonds' forward prices (columns of a basis row) or from forward yields.

    Raises
    ------
    ValueError
        Unless exactly one of price and yield is given, and for a bond that matures before delivery.
    """
    if (forward_clean_price is None) == (forward_yield_pct is None):
        raise ValueError("give either forward_clean_price or forward_yield_pct, not both and not neither.")
    terms = (delivery_date, maturity_date, coupon_pct)
    if forward_clean_price is not None:
        measures = bonds_from_price(
            *terms, forward_clean_price, coupon_frequency, is_paid_on_month_ends=is_paid_on_month_ends
        )
    else:
        assert forward_yield_pct is not None
        measures = bonds_from_yield(
            *terms, forward_yield_pct, coupon_frequency, is_paid_on_month_ends=is_paid_on_month_ends
        )
    count = len(names)
    coupon, frequency, factor = (
        np.broadcast_to(np.asarray(column, np.float64), (count,)).copy()
        for column in (coupon_pct, coupon_frequency, conversion_factor)
    )
    years = np.broadcast_to(
        (day_numbers(maturity_date) - day_numbers(delivery_date)) / DAYS_PER_YEAR, (count,)
    )
    return ForwardBasket(
        tuple(names),
        coupon,
        frequency,
        factor,
        measures.yield_pct,
        np.ascontiguousarray(years),
        measures.periods_to_coupon,
        measures.periods_after,
    )


def converted_prices(basket: ForwardBasket, shifts_bp: Floats) -> Floats:
    """Price at delivery over conversion factor, points, for each scenario and bond.

    Parameters
    ----------
    shifts_bp : (scenario, bond) array
        Changes of the bonds' forward yields.

    Returns
    -------
    (scenario, bond) array
        The future delivers the lowest of each row.
    """
    out = np.empty(shifts_bp.shape)
    fill_converted_prices(
        np.ascontiguousarray(shifts_bp, dtype=np.float64),
        basket.coupon_pct,
        basket.frequency,
        basket.forward_yield_pct,
        basket.periods_to_coupon,
        basket.periods_after,
        basket.conversion_factor,
        out,
    )
    return out


@kernel
def fill_converted_prices(
    shifts_bp: Floats,
    coupon_pct: Floats,
    frequency: Floats,
    yield_pct: Floats,
    periods_to_coupon: Floats,
    periods_after: Floats,
    factor: Floats,
    out: Floats,
) -> None:
    """Price every bond in every scenario."""
    for scenario in range(shifts_bp.shape[0]):
        for bond in range(shifts_bp.shape[1]):
            coupon, to_coupon = coupon_pct[bond] * 0.01, periods_to_coupon[bond]
            yield_ = yield_pct[bond] * 0.01 + shifts_bp[scenario, bond] * 1e-4
            dirty = dirty_price(yield_, coupon, frequency[bond], to_coupon, periods_after[bond])
            accrued = accrued_interest(coupon, frequency[bond], to_coupon)
            out[scenario, bond] = 100.0 * (dirty - accrued) / factor[bond]


@dataclass(frozen=True, slots=True)
class SwitchMap:
    """Cheapest bond over parallel moves and slope changes of forward yields.

    ``cheapest`` and ``futures_price`` have shape (slope, parallel); ``lead`` is how far, in points of
    converted price, the cheapest bond is ahead of the second.
    """

    basket: ForwardBasket
    parallel_bp: Floats
    slope_bp: Floats
    cheapest: Integers
    futures_price: Floats
    lead: Floats


def switch_map(basket: ForwardBasket, parallel_bp: ArrayLike, slope_bp: ArrayLike = 0.0) -> SwitchMap:
    """Cheapest to deliver for every pair of a parallel move and a slope change.

    Parameters
    ----------
    slope_bp
        Rise of the longest bond's yield over the shortest's; bonds in between move in proportion to
        their maturity, and the middle of the basket not at all.
    """
    parallel, slope = (np.atleast_1d(np.asarray(moves, np.float64)) for moves in (parallel_bp, slope_bp))
    years = basket.years_to_maturity
    span = np.ptp(years)
    position = (years - (years.min() + years.max()) / 2.0) / (span if span > 0.0 else 1.0)
    shifts = parallel[None, :, None] + slope[:, None, None] * position
    prices = converted_prices(basket, shifts.reshape(-1, years.size)).reshape(shifts.shape)
    ordered = np.sort(prices, axis=2)
    lead = ordered[..., 1] - ordered[..., 0] if years.size > 1 else np.full(shifts.shape[:2], np.inf)
    return SwitchMap(basket, parallel, slope, prices.argmin(axis=2), ordered[..., 0], lead)


def switch_yield_pct(
    basket: ForwardBasket,
    first: int,
    second: int,
    spread_bp: float = 0.0,
    between_pct: tuple[float, float] = (0.0, 20.0),
) -> float:
    """Yield at which two bonds are equally cheap to deliver.

    Parameters
    ----------
    first, second
        Places of the bonds in the basket; the result is the yield of the first.
    spread_bp
        Yield of the second bond less that of the first: negative on an inverted curve when the second
        is the longer one.
    between_pct
        Yields to look between.

    Raises
    ------
    ValueError
        When neither bond overtakes the other in that range.
    """
    shifts = np.zeros((1, len(basket.names)))
    start = basket.forward_yield_pct

    def gap(yield_pct: float) -> float:
        shifts[0, first] = 100.0 * (yield_pct - start[first])
        shifts[0, second] = 100.0 * (yield_pct - start[second]) + spread_bp
        prices = converted_prices(basket, shifts)[0]
        return float(prices[first] - prices[second])

    low, high = between_pct
    if gap(low) * gap(high) > 0.0:
        raise ValueError(
            f"{basket.names[first]} and {basket.names[second]} do not switch between {low}% and {high}%; "
            "widen between_pct or choose other bonds."
        )
    is_rising = gap(high) > 0.0
    while high - low > 1e-12:
        middle = (low + high) / 2.0
        if middle in (low, high):
            break
        low, high = (low, middle) if (gap(middle) > 0.0) == is_rising else (middle, high)
    return (low + high) / 2.0


def curve_shifts(basket: ForwardBasket, changes_bp: Floats, tenor_years: ArrayLike) -> Floats:
    """Yield change of each bond from changes of a curve: linear between tenors, flat beyond them.

    Parameters
    ----------
    changes_bp : (scenario, tenor) array
        Changes between today and delivery.

    Returns
    -------
    (scenario, bond) array
    """
    tenors = np.asarray(tenor_years, np.float64)
    weights = np.stack([np.interp(basket.years_to_maturity, tenors, unit) for unit in np.eye(tenors.size)])
    shifts: Floats = np.asarray(changes_bp, np.float64) @ weights
    return shifts


def driver_shifts(basket: ForwardBasket, spec: DriverSpec, days: int, paths: int, seed: int) -> Floats:
    """Yield changes of the bonds over the trading days to delivery, on the simulator's own drivers.

    Returns
    -------
    (path, bond) array
    """
    from simulator.drivers.block import draw_block
    from simulator.drivers.rates import TENOR_YEARS

    block = draw_block(spec, seed, 0, paths, days)
    return curve_shifts(basket, block.curve_change_bp[:, -1, :], TENOR_YEARS)


@dataclass(frozen=True, slots=True)
class QualityOption:
    """Value of the short's choice of bond; arrays have an entry a bond, points.

    ``futures_price`` is fair given the choice. ``value`` is what a bond's forward price exceeds its
    invoice at that price: the net basis the choice justifies. ``standard_error`` is its Monte Carlo
    error, ``cheapest_share`` the share of scenarios in which the bond is delivered.
    """

    futures_price: float
    futures_standard_error: float
    value: Floats
    standard_error: Floats
    cheapest_share: Floats


def quality_option(basket: ForwardBasket, shifts_bp: Floats) -> QualityOption:
    """Value the quality option over scenarios of yields at delivery.

    Each bond's scenario prices are moved by a constant so that their mean is its forward price: what
    is valued is the choice, not the scenarios' drift. The standard error takes that into account.

    Parameters
    ----------
    shifts_bp : (scenario, bond) array
        Changes of the forward yields between today and delivery.

    Raises
    ------
    ValueError
        With fewer than two scenarios.
    """
    if shifts_bp.shape[0] < 2:
        raise ValueError("shifts_bp has fewer than two scenarios; a value and its error need more.")
    factor, forward = basket.conversion_factor, basket.forward_price
    converted = converted_prices(basket, shifts_bp)
    surprise = converted - converted.mean(axis=0)
    centred = forward / factor + surprise
    cheapest = centred.argmin(axis=1)
    lowest = centred.min(axis=1)
    share = np.bincount(cheapest, minlength=factor.size) / cheapest.size
    futures = float(lowest.mean())
    # A sample mean above the true one lowers every centred price of that bond: its own surprise,
    # weighted with how often it is delivered, offsets the surprise of the lowest price.
    influence = lowest - futures - surprise @ share
    error = float(influence.std(ddof=1) / np.sqrt(lowest.size))
    return QualityOption(futures, error, forward - factor * futures, factor * error, share)


def option_adjusted_net_basis(net_basis: ArrayLike, option: QualityOption) -> Floats:
    """Net basis left after the delivery option: negative where the future is dear to its bonds."""
    adjusted: Floats = np.asarray(net_basis, np.float64) - option.value
    return adjusted


@dataclass(frozen=True, slots=True)
class FuturesRisk:
    """How the future and its cheapest bond move with a parallel change of yields.

    ``dv01`` in points a basis point, convexities in years squared. A future's convexity is below its
    bond's, often below zero: when yields move it always passes to the bond that has done worse.
    """

    futures_price: float
    dv01: float
    convexity_years2: float
    bond_dv01: float
    bond_convexity_years2: float


def futures_risk(
    basket: ForwardBasket, shifts_bp: Floats | None = None, bump_bp: float = 25.0
) -> FuturesRisk:
    """DV01 and convexity of the future by repricing it at yields up and down.

    Parameters
    ----------
    shifts_bp : (scenario, bond) array, optional
        Scenarios of yields to delivery, as in :func:`quality_option`; left out, the future is the
        lowest converted forward price and bends only where the cheapest bond switches.
    bump_bp
        Parallel move; convexity is measured over it.
    """
    bonds = len(basket.names)
    scenarios = np.zeros((2, bonds)) if shifts_bp is None else shifts_bp
    down, here, up = (
        quality_option(_moved(basket, move), scenarios).futures_price for move in (-bump_bp, 0.0, bump_bp)
    )
    moves = np.repeat(np.array([[-bump_bp], [0.0], [bump_bp]]), bonds, axis=1)
    prices = converted_prices(basket, moves)
    cheapest = int(prices[1].argmin())
    bond_down, bond_here, bond_up = (float(price) for price in prices[:, cheapest])
    return FuturesRisk(
        here,
        (down - up) / (2.0 * bump_bp),
        _curvature(down, here, up, bump_bp),
        (bond_down - bond_up) / (2.0 * bump_bp),
        _curvature(bond_down, bond_here, bond_up, bump_bp),
    )


def _moved(basket: ForwardBasket, move_bp: float) -> ForwardBasket:
    return replace(basket, forward_yield_pct=basket.forward_yield_pct + move_bp / 100.0)


def _curvature(down: float, here: float, up: float, bump_bp: float) -> float:
    return (down - 2.0 * here + up) / (here * (bump_bp * 1e-4) ** 2)
