"""Delivery options: what the short's choice of bond is worth, and how it bends the future.

The quality option is valued over scenarios of yields at delivery, drawn by the simulator's drivers or
given. The future is worth the mean of the lowest converted price, and each bond's forward price
exceeds its invoice at that price by what the choice is worth. As yields move the future passes to the
bond that did worse, and so it loses the convexity that its bonds have.

Prices in points, yields in percent, changes in basis points, tenors in years.
Source: Burghardt and Belton, *The Treasury Bond Basis*, chapters 3 and 4.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simulator.basis.delivery import ForwardBasket, converted_prices

if TYPE_CHECKING:
    from simulator.drivers.block import DriverSpec

Floats = NDArray[np.float64]


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
