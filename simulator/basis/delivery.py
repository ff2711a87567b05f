"""Cheapest to deliver as yields move: forward prices of a basket, switch maps and switch yields.

Seen from delivery, each bond of a basket is a forward yield; move the yields and the cheapest bond
changes. Below the notional coupon the shortest duration is cheapest, above it the longest, and the
map shows where today's basket stands between the two.

Prices in points, yields in percent, changes in basis points.
Source: Burghardt and Belton, *The Treasury Bond Basis*, chapter 3.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simulator.basis.bonds import bonds_from_price, bonds_from_yield
from simulator.basis.dates import DateLike, day_numbers
from simulator.market.treasuries import accrued_interest, dirty_price
from simulator.rule import kernel

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
