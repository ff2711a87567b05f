"""Losses that pass along debts between banks, with no market in between: three values of the same claims.

Where :mod:`simulator.analysis.fire_sale` spreads losses through prices, here a bank that loses passes the
loss on to those who lent to it. The three models differ in *when* a claim loses value: at once and in
proportion (linear DebtRank), only when the debtor has failed and then in full (Furfine), or only by what the
debtor, once everybody pays what they can, cannot pay (Eisenberg and Noe).

Exposures are a matrix, creditor by debtor; amounts are in billions of one currency.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

ROUNDS_MAX = 100_000


def clearing_equity(
    external_assets_bn: ArrayLike, external_debt_bn: ArrayLike, exposures_bn: ArrayLike
) -> Floats:
    """Equity when all debts of equal rank are settled at once and each bank pays as far as it can.

    Parameters
    ----------
    external_assets_bn, external_debt_bn
        By bank, after the shock.
    exposures_bn
        What each bank (row) is owed by each other (column).

    Returns
    -------
    numpy.ndarray
        Assets received less debt owed, by bank: negative by what creditors do not get. Source: Eisenberg and
        Noe, Management Science 47 (2001); the greatest clearing vector, found from full payment downwards.
    """
    external = np.asarray(external_assets_bn, dtype=np.float64)
    exposures = np.asarray(exposures_bn, dtype=np.float64)
    owed = np.asarray(external_debt_bn, dtype=np.float64) + exposures.sum(axis=0)
    claims = exposures / np.where(owed > 0.0, owed, 1.0)
    paid = owed
    for _ in range(ROUNDS_MAX):
        affordable = np.clip(external + claims @ paid, 0.0, owed)
        if np.array_equal(affordable, paid):
            break
        paid = affordable
    return np.asarray(external + claims @ paid - owed)


def default_cascade_equity(equity_bn: ArrayLike, exposures_bn: ArrayLike, recovery: float = 0.0) -> Floats:
    """Equity when a bank with none left repays ``recovery`` of what it owes and the others all of it.

    Parameters
    ----------
    equity_bn
        By bank, after the shock.
    exposures_bn
        What each bank (row) is owed by each other (column).
    recovery
        Fraction of a claim on a failed bank that is paid.

    Returns
    -------
    numpy.ndarray
        By bank, after the last failure. Source: Furfine, J. Money, Credit and Banking 35 (2003).
    """
    opening = np.asarray(equity_bn, dtype=np.float64)
    exposures = np.asarray(exposures_bn, dtype=np.float64)
    equity = opening
    for _ in range(opening.size + 1):
        equity = opening - (1.0 - recovery) * exposures @ (equity <= 0.0).astype(np.float64)
    return equity


def debt_rank_equity(
    opening_equity_bn: ArrayLike, equity_bn: ArrayLike, exposures_bn: ArrayLike, rounds: int = ROUNDS_MAX
) -> tuple[Floats, int]:
    """Equity when every claim is written down by the share of equity that its debtor has lost.

    Parameters
    ----------
    opening_equity_bn, equity_bn
        By bank, before and after the shock.
    exposures_bn
        What each bank (row) is owed by each other (column).
    rounds
        Rounds of revaluation at most.

    Returns
    -------
    tuple[numpy.ndarray, int]
        Equity by bank, not below zero, and the rounds until no equity changed. Source: Bardoscia, Battiston,
        Caccioli and Caldarelli, PLoS ONE 10 (2015).
    """
    opening = np.asarray(opening_equity_bn, dtype=np.float64)
    shocked = np.asarray(equity_bn, dtype=np.float64)
    exposures = np.asarray(exposures_bn, dtype=np.float64)
    equity = np.maximum(shocked, 0.0)
    for played in range(rounds):
        revalued = np.maximum(shocked - exposures @ (1.0 - equity / opening), 0.0)
        if np.array_equal(revalued, equity):
            return equity, played
        equity = revalued
    return equity, rounds
