"""Overlapping portfolios: how much one bank's sale costs another, in rounds with depth and in matrices.

Two models of the literature on the rules of :mod:`simulator.literature.bank` and :mod:`simulator.market.impact`.
Cont and Schaanning (Norges Bank WP 2/2017) let banks above a leverage limit sell until nobody has to, in
markets with depth and a floor; overlap of portfolios, weighted by illiquidity, is what carries the loss.
Greenwood, Landier and Thesmar (JFE 115, 2015) target leverage with linear impact, so that one round is a
matrix, with a share of the damage for every bank. Units: one currency in billions, falls as fractions.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simulator.literature.bank import loss_after_sale_bn, sold_share_to_target
from simulator.market.impact import exponential_impact

Floats = NDArray[np.float64]


class DeleveragingRounds(NamedTuple):
    """Where the rounds ended, by bank or by security, and the number of rounds in which somebody sold."""

    securities_bn: Floats
    capital_bn: Floats
    price: Floats
    sold_bn: Floats
    rounds: int


def deleveraging_rounds(
    securities_bn: ArrayLike,
    illiquid_bn: ArrayLike,
    capital_bn: ArrayLike,
    depth_bn: ArrayLike,
    *,
    leverage_max: float = 33.0,
    target_share: float = 0.95,
    floor: float = 0.5,
    execution_share: float = 0.5,
    rounds_max: int = 1_000,
) -> DeleveragingRounds:
    """Let banks above their leverage limit sell pro rata, round after round, until nobody has to.

    Parameters
    ----------
    securities_bn
        Market value by bank and security, after the shock.
    illiquid_bn, capital_bn
        By bank, after the shock.
    depth_bn
        Market depth by security (:func:`simulator.market.impact.market_depth_bn`).
    leverage_max, target_share
        Limit of assets over capital, and where a bank above it goes, as a share of the limit.
    floor
        Price below which nobody else lets a security fall, with an opening price of 1.
    execution_share
        Share of a round's fall that the sellers suffer on what they sell.
    rounds_max
        Stop after this many rounds; ``rounds`` then equals it.

    Returns
    -------
    DeleveragingRounds
        Portfolios, capital and prices at the end, and what each bank sold.
    """
    held = np.array(securities_bn, dtype=np.float64)
    illiquid = np.asarray(illiquid_bn, dtype=np.float64)
    capital = np.array(capital_bn, dtype=np.float64)
    depth = np.asarray(depth_bn, dtype=np.float64)
    price, sold = np.ones(depth.size), np.zeros(capital.size)
    target = target_share * leverage_max
    rounds = 0
    while rounds < rounds_max:
        own = held.sum(axis=1)
        parts = zip(own, illiquid, capital, strict=True)
        share = np.array([sold_share_to_target(*part, leverage_max, target) for part in parts])
        if not share.any():
            break
        rounds += 1
        offered = (share[:, None] * held).sum(axis=0)
        orders = zip(offered, depth, price, strict=True)
        fall = np.array([exponential_impact(*order, floor, 1.0) for order in orders])
        exposed = zip((held * fall).sum(axis=1), share, strict=True)
        capital -= np.array([loss_after_sale_bn(*part, execution_share) for part in exposed])
        sold += share * own
        held *= (1.0 - share)[:, None] * (1.0 - fall)
        price *= 1.0 - fall
    return DeleveragingRounds(held, capital, price, sold, rounds)


def overlap(securities_bn: ArrayLike, depth_bn: ArrayLike) -> Floats:
    """Liquidity-weighted overlap of portfolios: ``sum over securities of value * value / depth``.

    Entry (i, j) is what bank i loses, to first order, when bank j sells everything it has.

    Parameters
    ----------
    securities_bn
        Market value by bank and security.
    depth_bn
        Market depth by security.

    Returns
    -------
    numpy.ndarray
        Symmetric, bank by bank. Source: Cont and Schaanning (2017), Ω in the paper.
    """
    held = np.asarray(securities_bn, dtype=np.float64)
    return np.asarray((held / np.asarray(depth_bn, dtype=np.float64)) @ held.T)


class Vulnerability(NamedTuple):
    """The linear model's answers; losses are negative and shares of equity where they are ratios."""

    direct_return: Floats
    """Return of each bank's assets from the shock alone."""
    sold_bn: Floats
    """Sales of each asset that bring leverage back."""
    indirect_return: Floats
    """Return of each bank's assets from those sales."""
    aggregate: float
    """Loss from the sales over all equity (AV)."""
    systemicness: Floats
    """Contribution of each bank's sales to ``aggregate``."""
    indirect: Floats
    """Each bank's loss from all sales, over its own equity (IV)."""
    feedback: float
    """Loss per dollar of loss from one round to the next, in the long run; below 1 the rounds converge."""


def vulnerability(
    assets_bn: ArrayLike,
    equity_bn: ArrayLike,
    debt_to_equity: ArrayLike,
    weights: ArrayLike,
    impact_per_bn: ArrayLike,
    shock: ArrayLike,
) -> Vulnerability:
    """Measure how one round of leverage targeting spreads a shock to asset returns.

    Parameters
    ----------
    assets_bn, equity_bn, debt_to_equity
        By bank.
    weights
        Portfolio shares by bank and asset.
    impact_per_bn
        Fall of each asset's price, as a fraction, per billion sold.
    shock
        Return of each asset at the start (negative for a fall).

    Returns
    -------
    Vulnerability
        Source: Greenwood, Landier and Thesmar (2015). ``feedback``, the largest eigenvalue of the round's
        matrix, is the many-bank form of :func:`simulator.literature.spiral.spiral_feedback`.
    """
    assets, equity, debt, held, impact, first = (
        np.asarray(item, dtype=np.float64)
        for item in (assets_bn, equity_bn, debt_to_equity, weights, impact_per_bn, shock)
    )
    direct = held @ first
    sold_by_bank = assets * debt * direct
    sold = held.T @ sold_by_bank
    indirect = held @ (impact * sold)
    loss_per_sale = (held * impact) @ held.T * assets[:, None]
    spreading = loss_per_sale * debt
    return Vulnerability(
        direct,
        sold,
        indirect,
        float(assets @ indirect / equity.sum()),
        loss_per_sale.sum(axis=0) * sold_by_bank / equity.sum(),
        assets * indirect / equity,
        float(np.abs(np.linalg.eigvals(spreading)).max()),
    )
