"""How the days of a path make one figure: peaks, lows, ends, totals, and what takes several variables.

Each takes the days of a block as they are seen from the trades, arrays (path, day, …) by name, day 0 the opening, and
gives (path, …). Paths that stopped are NaN.
"""

from __future__ import annotations

from collections.abc import Callable, Collection

import numpy as np

from simulator.results.layout import Array, Days
from simulator.results.variables import WITHOUT_POLICY

Reduction = Callable[[Days], Array]


def over_days(of: np.ufunc, values: Array, data_type: type | None = None) -> Array:
    """Maximum, minimum or sum over days, (path, day, …).

    Day by day where something comes after the day: NumPy's own takes four times as long there.
    """
    if values.ndim == 2:
        whole: Array = of.reduce(values, axis=1, dtype=data_type)
        return whole
    found = values[:, 0].astype(data_type or values.dtype)
    for day in range(1, values.shape[1]):
        of(found, values[:, day], out=found)
    return found


def peak(name: str) -> Reduction:
    """Highest value of a variable."""
    return lambda arrays: over_days(np.maximum, arrays[name])


def low(name: str) -> Reduction:
    """Lowest value of a variable."""
    return lambda arrays: over_days(np.minimum, arrays[name])


def end(name: str) -> Reduction:
    """Value on the last day."""
    return lambda arrays: arrays[name][:, -1]


def total(name: str) -> Reduction:
    """Sum over days."""
    return lambda arrays: over_days(np.add, arrays[name], np.float64)


def largest_size(name: str) -> Reduction:
    """Value farthest from zero, in size."""
    return lambda arrays: over_days(np.maximum, np.abs(arrays[name]))


def largest_move(name: str) -> Reduction:
    """Largest distance from the opening, in size."""
    return lambda arrays: over_days(np.maximum, np.abs(arrays[name] - arrays[name][:, :1]))


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
    return over_days(np.maximum, given_up(arrays))


def unwound_in_all(arrays: Days) -> Array:
    """Packages given up in all trades, at the lowest."""
    most: Array = given_up(arrays).sum(axis=2).max(axis=1)
    return most


def rise_against_funds(arrays: Days) -> Array:
    """Largest rise of the dislocation against the funds, averaged over trades by their opening packages."""
    opening = arrays["fund_packages"][0, 0]
    rise = arrays["dislocation"][:, 1:] - arrays["dislocation"][:, :1]
    highest: Array = ((rise @ opening) / np.abs(opening).sum()).max(axis=1)
    return highest


def pressure_over_outstanding(arrays: Days) -> Array:
    """Largest pressure of outright selling, averaged over buckets by what is outstanding."""
    highest: Array = (arrays.as_stored("outright_pressure")[:, 1:] @ _market_weights(arrays)).max(axis=1)
    return highest


def _market_weights(arrays: Days) -> Array:
    """Share of each bucket in the bonds outstanding."""
    outstanding = np.asarray(arrays.layout.outstanding)
    weights: Array = outstanding / outstanding.sum()
    return weights


def added_by_selling(arrays: Days) -> Array:
    """What private selling adds to yields: cash yield less fundamental yield without policy, (path, day, bucket)."""
    added: Array = arrays.without_policy("cash_yield_change") - arrays.as_stored("fundamental_yield_change")
    return added


def taken_away_by_policy(arrays: Days) -> Array:
    """What policy takes away: cash yield without policy less that with it, (path, day, bucket)."""
    taken: Array = arrays.without_policy("cash_yield_change") - arrays.as_stored("cash_yield_change")
    return taken


def when_selling_adds_most(values: Callable[[Days], Array]) -> Reduction:
    """Values by bucket on the day on which what private selling adds, averaged over the market, is farthest from zero.

    By trade; NaN on paths that are not known without policy.
    """

    def of(arrays: Days) -> Array:
        seen: Array = np.take(values(_that_day(arrays))[:, 0], arrays.layout.bucket_of_trade, axis=-1)
        return seen

    return of


def market_when_selling_adds_most(values: Callable[[Days], Array]) -> Reduction:
    """The same, averaged over the market by what is outstanding."""

    def of(arrays: Days) -> Array:
        average: Array = values(_that_day(arrays))[:, 0] @ _market_weights(arrays)
        return average

    return of


def pressure_without_policy(arrays: Days) -> Array:
    """Pressure of outright selling without policy, (path, day, bucket)."""
    return arrays.without_policy("outright_pressure")


def _that_day(arrays: Days) -> Days:
    """Yields and pressure of the day on which private selling adds most to the market, in size, as days of one day."""
    names = ("fundamental_yield_change", "cash_yield_change", "outright_pressure")
    known = [name for stored in names for name in (stored, f"{stored}{WITHOUT_POLICY}") if name in arrays]
    day = arrays.once("day on which selling adds most", _day_of_most)[:, None, None]
    chosen = {
        name: np.where(
            day < 0, np.nan, np.take_along_axis(arrays.as_stored(name), np.maximum(day, 0), axis=1)
        )
        for name in known
    }
    return Days(chosen, arrays.layout)


def _day_of_most(arrays: Days) -> Array:
    """Day on which what private selling adds to the market is farthest from zero; -1 where that is not known."""
    market = np.abs(added_by_selling(arrays) @ _market_weights(arrays))
    is_unknown = np.isnan(market).any(axis=1)
    return np.where(is_unknown, -1, np.where(is_unknown[:, None], 0.0, market).argmax(axis=1))


def sold_without_policy(arrays: Days) -> Array:
    """Packages that funds sell without policy, all days, by trade."""
    return over_days(np.add, arrays.without_policy("fund_sales"), np.float64)


def forced_sales(neutral: Collection[str]) -> Reduction:
    """Packages sold, all days, for causes other than those of a fund's own choice."""

    def of(arrays: Days) -> Array:
        forced = [place for place, name in enumerate(arrays.layout.channels) if name not in neutral]
        sold: Array = total("fund_sales_by_channel")(arrays)[:, forced].sum(axis=1)
        return sold

    return of


def all_sales(arrays: Days) -> Array:
    """Packages sold, all days, for whatever cause."""
    sold: Array = total("fund_sales_by_channel")(arrays).sum(axis=1)
    return sold


def impact(name: str, *, has_room: bool | None = None) -> Reduction:
    """What $100bn of a test sale cost on its day; NaN on paths without one, and where dealers are in another state.

    Parameters
    ----------
    name
        ``sale_impact`` or ``unwind_impact``.
    has_room
        Count only days that dealers open with room on their balance sheets, or only those that they open without.
    """

    def of(arrays: Days) -> Array:
        if name not in arrays:
            return np.full((len(arrays["dealer_use"]), len(arrays.layout.trades)), np.nan)
        values, day = arrays[name], arrays["test_sale_day"]
        if has_room is None:
            return values
        opening = np.where(np.isnan(day), 1.0, day).astype(int) - 1
        use = np.take_along_axis(arrays["dealer_use"], opening[:, None], axis=1)
        chosen: Array = np.where((use < arrays.layout.cost_threshold) == has_room, values, np.nan)
        return chosen

    return of


def on_told_day(arrays: Days) -> Array:
    """Drawn change of fundamental yields on the day on which told yields are farthest from the opening."""
    drawn: Array = arrays["fundamental_yield_change"][:, arrays.layout.told_day]
    return drawn


def volatility_on_told_day(arrays: Days) -> Array:
    """Drawn volatility on the day on which told volatility is farthest from the opening."""
    drawn: Array = arrays["volatility_multiple"][:, arrays.layout.told_volatility_day]
    return drawn


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
