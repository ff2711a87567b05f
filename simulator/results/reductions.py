"""How the days of a path make one figure: peaks, lows, ends, totals, and what takes several variables.

Each takes the days of a block as they are seen from the trades, arrays (path, day, …) by name, day 0 the opening, and
gives (path, …). Paths that stopped are NaN.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from simulator.results.layout import Array, Days

Reduction = Callable[[Days], Array]


def peak(name: str) -> Reduction:
    """Highest value of a variable."""
    return lambda arrays: arrays[name].max(axis=1)


def low(name: str) -> Reduction:
    """Lowest value of a variable."""
    return lambda arrays: arrays[name].min(axis=1)


def end(name: str) -> Reduction:
    """Value on the last day."""
    return lambda arrays: arrays[name][:, -1]


def total(name: str) -> Reduction:
    """Sum over days."""
    return lambda arrays: arrays[name].sum(axis=1, dtype=np.float64)


def largest_size(name: str) -> Reduction:
    """Value farthest from zero, in size."""
    return lambda arrays: np.abs(arrays[name]).max(axis=1)


def largest_move(name: str) -> Reduction:
    """Largest distance from the opening, in size."""
    return lambda arrays: np.abs(arrays[name] - arrays[name][:, :1]).max(axis=1)


def farthest(name: str) -> Reduction:
    """Value on the day that is farthest from the opening."""

    def of(arrays: Days) -> Array:
        values = arrays[name]
        day = np.abs(values - values[:, :1]).argmax(axis=1)
        return np.take_along_axis(values, day[:, None], axis=1)[:, 0]

    return of


def given_up(arrays: Days) -> Array:
    """Packages given up since the opening, (path, day, trade); a reverse trade counts in its direction."""
    packages = arrays["fund_packages"]
    lost: Array = np.sign(packages[:, :1]) * (packages[:, :1] - packages)
    return lost


def unwound(arrays: Days) -> Array:
    """Packages given up in each trade, at the lowest."""
    most: Array = given_up(arrays).max(axis=1)
    return most


def unwound_in_all(arrays: Days) -> Array:
    """Packages given up in all trades, at the lowest."""
    most: Array = given_up(arrays).sum(axis=2).max(axis=1)
    return most


def rise_when_lowest(arrays: Days) -> Array:
    """Change of the dislocation against the funds on the day when their packages are lowest."""
    day = given_up(arrays).argmax(axis=1)[:, None]
    dislocation = arrays["dislocation"]
    against = np.sign(arrays["fund_packages"][:, 0])
    rise: Array = against * (np.take_along_axis(dislocation, day, axis=1)[:, 0] - dislocation[:, 0])
    return rise


def rise_against_funds(arrays: Days) -> Array:
    """Largest rise of the dislocation against the funds, averaged over trades by their opening packages."""
    opening = arrays["fund_packages"][0, 0]
    rise = arrays["dislocation"][:, 1:] - arrays["dislocation"][:, :1]
    highest: Array = ((rise @ opening) / np.abs(opening).sum()).max(axis=1)
    return highest


def pressure_over_outstanding(arrays: Days) -> Array:
    """Largest pressure of outright selling, averaged over buckets by ``outstanding``, (bucket,)."""
    outstanding = arrays["outstanding"]
    highest: Array = (arrays.as_stored("outright_pressure")[:, 1:] @ (outstanding / outstanding.sum())).max(
        axis=1
    )
    return highest


def equity_lost(arrays: Days) -> Array:
    """Equity of funds at the opening less that at the end: losses, redemptions, and closing out."""
    lost: Array = arrays["fund_equity"][:, 0] - arrays["fund_equity"][:, -1]
    return lost


def outlay_peak(arrays: Days) -> Array:
    """Highest sum of bonds and packages bought so far and repo lent: how far the balance sheet was stretched."""
    bought = arrays["outright_purchases"].astype(np.float64) + arrays["hedged_purchases"]
    most: Array = (bought.cumsum(axis=1) + arrays["facility_use"]).max(axis=1)
    return most


def central_bank_gain(arrays: Days) -> Array:
    """Gain on purchases at the prices of the last day: bonds as such, packages as bond less hedge; no carry."""
    bond = arrays.as_stored("bond_price").astype(np.float64)
    package = arrays.at_hedges("bond_price").astype(np.float64) - arrays.as_stored("hedge_price")
    gain = np.zeros(len(bond))
    for name, price in (("central_bank_bonds", bond), ("central_bank_packages", package)):
        bought = np.diff(arrays.as_stored(name).astype(np.float64), axis=1)
        gain += (bought * (price[:, -1:] - price[:, 1:])).sum(axis=(1, 2))
    return gain
