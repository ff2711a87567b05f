"""What $100bn of deleveraging costs: how far the dislocation moves when hedge funds hand packages on.

Packages that funds give up must be held by asset managers or dealers, at a dislocation that pays them. How much
that moves it depends on the room on dealers' balance sheets, so the cost is estimated apart for days that open
with room and days that open with little.

The estimate is a regression over path-days: the day's change of a contract's dislocation on packages handed on in
all contracts, bonds that others sell outright, and redemptions from asset managers (who then want fewer futures).
All contracts are taken together because they share one balance sheet: the cost is that of $100bn in the mix in which
funds sell. Effects of the day take out everything the scenario does alike to all paths, so that what identifies the
cost is how paths differ on the same day. Errors are clustered by path (Cameron and Miller, 2015, "A Practitioner's
Guide to Cluster-Robust Inference", Journal of Human Resources 50).
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.results.layout import Array, Days
from simulator.results.statistics import UNDEFINED, Estimate

Floats = NDArray[np.float64]

#: Variables that the estimate reads, arrays (path, day, trade) and (path, day).
VARIABLES = (
    "dislocation",
    "fund_packages",
    "estate_packages",
    "central_bank_packages",
    "dealer_use",
    "foreign_sales",
    "asset_manager_redemptions",
    "outright_purchases",
)
#: With fewer paths that differ, nothing is said.
CLUSTERS_MIN = 20
#: A figure is not told when its own error is larger than this, bp per $100bn.
ERROR_MAX_BP = 25.0
HUNDRED_BN = 100.0
#: Regressors closer to each other than this cannot be told apart.
CONDITION_MAX = 1e10
#: A flow that differs less than this between the paths of a day ($1mn, in $100bn) is the same on all.
VARIATION_MIN = 1e-5


class Cost(NamedTuple):
    """Move of one contract's dislocation per $100bn handed on in all: always, with room at the dealers, with little."""

    trade: str
    always: Estimate
    with_room: Estimate
    without_room: Estimate


def deleveraging_cost(
    days: Days, trades: tuple[str, ...], threshold: float, *, antithetic: bool = False
) -> tuple[Cost, ...]:
    """Cost of deleveraging by contract, bp per $100bn.

    Parameters
    ----------
    days
        ``VARIABLES`` by name, day 0 the opening.
    threshold
        Use of dealers' balance sheet, as a share of their limits, from which the next dollar of it is dear:
        ``dealers.cost_threshold`` of the scenario.
    antithetic
        Whether paths ``2k`` and ``2k + 1`` mirror each other.
    """
    handed_on = packages_handed_on(days)
    moves = np.diff(np.asarray(days["dislocation"], np.float64), axis=1)
    is_tight = np.asarray(days["dealer_use"])[:, :-1] >= threshold
    flows = {
        name: np.asarray(days[name], np.float64)[:, 1:]
        for name in ("foreign_sales", "outright_purchases", "asset_manager_redemptions")
    }
    sold_outright = flows["foreign_sales"] - flows["outright_purchases"]
    regressors = np.stack([handed_on, sold_outright, flows["asset_manager_redemptions"]], axis=2)
    always, with_room, without_room = (
        _first_effects(moves, regressors / HUNDRED_BN, state, antithetic)
        for state in (np.ones_like(is_tight), ~is_tight, is_tight)
    )
    return tuple(map(Cost, trades, always, with_room, without_room))


def packages_handed_on(days: Days) -> Floats:
    """Packages by path and day that left funds, failed funds' estates and the central bank's book, $bn.

    A fund that fails hands on nothing until its seized book is sold; what the central bank buys, nobody else
    has to hold.
    """
    held = sum(
        np.asarray(days.as_stored(name), np.float64).sum(axis=2)
        for name in ("fund_packages", "estate_packages", "central_bank_packages")
    )
    handed_on: Floats = -np.diff(held, axis=1)
    return handed_on


def _first_effects(moves: Floats, regressors: Floats, chosen: Array, antithetic: bool) -> list[Estimate]:
    """Effect of the first regressor on each trade over chosen path-days, errors clustered by path."""
    path, day = np.nonzero(chosen)
    values, factors = moves[path, day], regressors[path, day]
    known = np.isfinite(values).all(axis=1) & np.isfinite(factors).all(axis=1)
    path, day, values, factors = path[known], day[known], values[known], factors[known]
    cluster = path // 2 if antithetic else path
    values, factors = _less_day_effects(day, values), _less_day_effects(day, factors)
    clusters = len(np.unique(cluster))
    scale = np.sqrt((factors**2).mean(axis=0)) if clusters >= CLUSTERS_MIN else np.zeros(1)
    unknown = [UNDEFINED] * moves.shape[2]
    if scale[0] < VARIATION_MIN:
        return unknown
    factors, scale = factors[:, scale >= VARIATION_MIN], scale[scale >= VARIATION_MIN]
    factors = factors / scale
    products = factors.T @ factors
    if np.linalg.cond(products) > CONDITION_MAX:
        return unknown
    inverse = np.linalg.inv(products)
    effects = inverse @ (factors.T @ values)
    # What a path adds to the first effect: its squares add up to the variance.
    weight = factors @ inverse[0]
    residuals = values - factors @ effects
    estimates = []
    for place in range(moves.shape[2]):
        of_path = np.bincount(cluster, weight * residuals[:, place])
        error = float(np.sqrt((of_path**2).sum() * clusters / (clusters - 1)) / scale[0])
        value = float(effects[0, place] / scale[0])
        is_told = error <= ERROR_MAX_BP
        estimates.append(
            Estimate(value, error, clusters) if is_told else Estimate(math.nan, math.nan, clusters)
        )
    return estimates


def _less_day_effects(day: NDArray[np.intp], values: Floats) -> Floats:
    """Values less their average over the paths of the same day."""
    count = np.maximum(np.bincount(day), 1)
    return np.stack([column - (np.bincount(day, column) / count)[day] for column in values.T], axis=1)
