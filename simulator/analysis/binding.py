"""Which limit binds first: funds' cash, haircuts and own limits, dealers' leverage and value at risk, lenders.

A limit of the funds binds on the first day on which it makes them sell a noticeable part of their book; a limit of
the dealers when one of them has used it up; lenders' when dealers owe more overnight than lenders offer next
morning. Limits that bind on the same day are all first: shares may add up to more than one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from simulator.engine.parameters import TRADING_DAYS_PER_YEAR
from simulator.results.layout import Array, Days
from simulator.results.statistics import Estimate, probability

if TYPE_CHECKING:
    from simulator.engine.opening.prepare import Prepared

#: Variables that are read, arrays (path, day, …).
VARIABLES = (
    "fund_sales_by_channel",
    "dealer_use_highest",
    "dealer_borrowing",
    "facility_use",
    "lender_offer",
)
#: Variables that the dealers' use of their value-at-risk limit is made from.
RISK_VARIABLES = ("dealer_inventory", "volatility", "dealer_capital")
#: Sales of a day that count, as a share of all packages held at the opening.
NOTICED = 0.001
NEVER = np.iinfo(np.int64).max

#: Limits of the funds by the channel of the sales they cause.
OF_FUNDS = {
    "variation_margin": "Funds' cash: losses on hedges",
    "collateral": "Funds' cash: prices of pledged bonds",
    "carry": "Funds' cash: carry",
    "interest": "Funds' cash: repo interest",
    "initial_margin": "Funds' cash: initial margin",
    "haircut": "Funds' cash: haircuts",
    "roll_over": "Funds' repo not rolled over",
    "redemption": "Funds' cash: redemptions",
    "other_strategies": "Funds' cash: losses of other strategies",
    "risk_limit": "Funds' own limits",
    "default": "Funds' solvency",
}
LEVERAGE, RISK, FUNDING = (
    "Dealers' leverage limit",
    "Dealers' value-at-risk limit",
    "Lenders' cash for dealers",
)


class Binding(NamedTuple):
    """One limit: in which share of paths it binds at all and first, and on which day it typically begins to."""

    limit: str
    ever: Estimate
    first: Estimate
    typical_day: float


def binding_limits(
    days: Mapping[str, Array],
    channels: Sequence[str],
    packages_bn: float,
    value_at_risk_use: Array | None = None,
    *,
    antithetic: bool = False,
) -> tuple[Binding, ...]:
    """Limits in the order in which they bind first, the most frequent on top.

    Parameters
    ----------
    days
        ``VARIABLES`` by name, day 0 the opening.
    packages_bn
        Packages of all funds at the opening, in absolute value.
    value_at_risk_use
        Dealers' use of their value-at-risk limit (path, day), if it is known.

    Notes
    -----
    The typical day is the median over the paths in which the limit binds, NaN when it never does.
    """
    started = {
        limit: first_day(
            np.asarray(days["fund_sales_by_channel"])[:, :, channels.index(channel)] > NOTICED * packages_bn
        )
        for channel, limit in OF_FUNDS.items()
        if channel in channels and packages_bn > 0.0
    }
    started[LEVERAGE] = first_day(_since_opening(np.asarray(days["dealer_use_highest"]) >= 1.0))
    if value_at_risk_use is not None:
        started[RISK] = first_day(_since_opening(value_at_risk_use >= 1.0))
    owed = np.asarray(days["dealer_borrowing"]) + np.asarray(days["facility_use"])
    short = np.zeros(owed.shape, bool)
    short[:, 1:] = owed[:, :-1] > np.asarray(days["lender_offer"])[:, 1:]
    started[FUNDING] = first_day(short)
    earliest = np.min(list(started.values()), axis=0)
    found = []
    for limit, day in started.items():
        binds = day < NEVER
        found.append(
            Binding(
                limit,
                probability(binds, antithetic=antithetic),
                probability(binds & (day == earliest), antithetic=antithetic),
                float(np.median(day[binds])) if binds.any() else float("nan"),
            )
        )
    return tuple(sorted(found, key=lambda binding: (-binding.first.value, -binding.ever.value)))


def _since_opening(binds: Array) -> Array:
    """Days after the opening: what holds from the start is day 1's to show."""
    later = binds.copy()
    later[:, 0] = False
    return later


def first_day(happened: Array) -> Array:
    """First day on which something happened, by path; ``NEVER`` if it did not.

    Examples
    --------
    >>> first_day(np.array([[False, True, True], [False, False, False]])).tolist()[0]
    1
    """
    day: Array = np.where(happened.any(axis=1), happened.argmax(axis=1), NEVER)
    return day


def _value_at_risk_share(prepared: Prepared, path: int) -> float:
    """How much of their value-at-risk limit dealers use at the opening of a path."""
    own = float(prepared.parameters.dealers.value_at_risk_use)
    if prepared.variants is None:
        return own
    sets = prepared.variants.sets
    return sets.figures(sets.set_of_path(path)).get("dealers.value_at_risk_use", own)


def value_at_risk_use(days: Days, prepared: Prepared) -> Array:
    """Dealers' use of their value-at-risk limit by path and day, from what a run stores.

    The rule is ``agents.dealer.value_at_risk_use``: risk of the inventory, over a limit that moves with capital and
    is cut by the scenario, of several dealers by their opening capital. Over parameter sets each path has the share and
    the opening risk of its own.

    Parameters
    ----------
    days
        ``RISK_VARIABLES`` by name, and ``path``.
    """
    p, o = prepared.parameters, prepared.parameters.opening
    daily_bp = np.asarray(days.as_stored("volatility"), np.float64) / np.sqrt(TRADING_DAYS_PER_YEAR)
    # The largest volatility of a bucket's hedges, as in the day; a bucket that nothing hedges adds no risk here.
    inventory = days.as_stored("dealer_inventory")
    risk_bn: Array = np.zeros(inventory.shape[:2])
    for bucket, price_per_bp in enumerate(o.buckets.price_per_bp):
        highest_bp = np.zeros(risk_bn.shape)
        for hedge in np.flatnonzero(o.hedges.bucket_of == bucket):
            np.maximum(highest_bp, daily_bp[..., hedge], out=highest_bp)
        risk_bn += np.abs(inventory[..., bucket]) * price_per_bp * highest_bp
    weight = o.dealers.capital_bn / o.dealers.capital_bn.sum()
    cut = np.concatenate([[0.0], prepared.schedule.limit_cut @ weight])[: risk_bn.shape[1]]
    capital = np.asarray(days["dealer_capital"], np.float64)
    opened = np.array([[o.dealers.capital_bn.sum(), o.dealers.risk_bn[0], p.dealers.value_at_risk_use]])
    if prepared.variants is not None:
        shares = np.array([_value_at_risk_share(prepared, int(path)) for path in days["path"]])
        opened = np.column_stack([capital[:, 0], risk_bn[:, 0], shares])
    opening_capital, opening_risk, share = opened.T[:, :, None]
    left = np.maximum(capital / opening_capital, 0.0) * (1.0 - cut)
    if (opening_risk <= 0.0).any():
        return np.zeros_like(risk_bn)
    use: Array = np.divide(
        share * risk_bn,
        opening_risk * left,
        out=np.full_like(risk_bn, np.inf),
        where=left > 0.0,
    )
    return np.minimum(use, 1.0)  # a full limit is as full as it gets
