"""The system-wide fire sale: banks that hold the same securities infect each other through the price.

Nobody owes anybody anything here. One bank's sale lowers the price at which all others are marked, which
pushes the next one below its own ratio. Orders of all banks are cleared at once, so that no bank gains from
its place in the list. The rules are those of :mod:`simulator.literature.bank` and
:mod:`simulator.literature.impact_conventions`.

Source: Farmer, Kleinnijenhuis, Nahai-Williamson and Wetzer, "Foundations of system-wide financial stress
testing with heterogeneous institutions", Bank of England SWP 861 (2020). Units: one currency in billions;
prices open at 1, so that face is value at the opening.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simulator.literature.bank import (
    deleveraging_bn,
    is_in_default,
    leverage_ratio,
    offered_share,
    repayment_bn,
)
from simulator.literature.impact_conventions import (
    average_execution_price,
    exponential_impact_of_share,
    impact_slope_from_five_percent_fall,
)
from simulator.rule import kernel, phase

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


class Banks(NamedTuple):
    """Opening balance sheets; arrays by bank, and by bank and security."""

    cash_bn: Floats
    securities_face_bn: Floats
    illiquid_bn: Floats
    loan_bn: Floats
    other_liabilities_bn: Floats


class FireSale(NamedTuple):
    """What happened: arrays by step (first axis), and by security or bank where they have a second."""

    default_step: Integers
    """Step in which each bank failed, from 1; 0 for a bank that stands."""
    sold_share: Floats
    """Face sold since the start over all face, by step."""
    price: Floats
    """Price of each security after each step's clearing."""
    equity_bn: Floats
    """Equity of each bank at each step's price."""

    def defaults_by_step(self) -> list[int]:
        """Count the banks that failed in each step."""
        return [int((self.default_step == step + 1).sum()) for step in range(len(self.sold_share))]


def banks_from_disclosure(
    equity_bn: ArrayLike,
    leverage_ratio_pct: ArrayLike,
    debt_securities_bn: ArrayLike,
    government_bonds_bn: ArrayLike,
    cash_share: float = 0.05,
) -> Banks:
    """Balance sheets from what a supervisory stress test discloses, as Farmer and others (2020) build them.

    Parameters
    ----------
    equity_bn, leverage_ratio_pct, debt_securities_bn, government_bonds_bn
        One number a bank; assets are equity over the ratio, corporate bonds are debt securities less
        government bonds.
    cash_share
        Cash as a share of assets.

    Returns
    -------
    Banks
        Securities in the order corporate, government; half of the liabilities is a loan that can be repaid.
    """
    equity = np.asarray(equity_bn, dtype=np.float64)
    debt = np.asarray(debt_securities_bn, dtype=np.float64)
    government = np.asarray(government_bonds_bn, dtype=np.float64)
    assets = equity / (np.asarray(leverage_ratio_pct, dtype=np.float64) / 100.0)
    cash = cash_share * assets
    liability = 0.5 * (assets - equity)
    securities = np.stack([debt - government, government], axis=1)
    return Banks(cash, securities, assets - debt - cash, liability, liability.copy())


@phase
def clear_sales(
    offered: Floats, securities: Floats, cash: Floats, price: Floats, outstanding: Floats, slope: Floats
) -> float:
    """Sell everything that is offered at once, pay the sellers the average price; return the face sold."""
    all_sold = 0.0
    for security in range(price.size):
        sold = 0.0
        for bank in range(cash.size):
            sold += offered[bank, security]
        if sold <= 0.0:
            continue
        before = price[security]
        after = exponential_impact_of_share(before, sold / outstanding[security], slope[security])
        paid = average_execution_price(before, after)
        for bank in range(cash.size):
            cash[bank] += offered[bank, security] * paid
            securities[bank, security] -= offered[bank, security]
            offered[bank, security] = 0.0
        price[security] = after
        all_sold += sold
    return all_sold


@kernel
def _play_steps(
    banks: Banks,
    price: Floats,
    slope: Floats,
    ratios: tuple[float, float, float],
    offered: Floats,
    outstanding: Floats,
    record: FireSale,
) -> None:
    minimum_ratio, buffer_ratio, target_ratio = ratios
    cash, securities, illiquid, loan, other = banks
    sold_face = 0.0
    for step in range(record.sold_share.size):
        sold_face += clear_sales(offered, securities, cash, price, outstanding, slope)
        record.sold_share[step] = sold_face / outstanding.sum()
        for bank in range(cash.size):
            marked = 0.0
            for security in range(price.size):
                marked += securities[bank, security] * price[security]
            assets = cash[bank] + marked + illiquid[bank]
            equity = assets - loan[bank] - other[bank]
            record.equity_bn[step, bank] = equity
            if record.default_step[bank] > 0:
                continue
            if is_in_default(leverage_ratio(equity, assets), minimum_ratio):
                record.default_step[bank] = step + 1
                share = 1.0
            else:
                wanted = deleveraging_bn(assets, equity, buffer_ratio, target_ratio)
                paid = repayment_bn(wanted, cash[bank], loan[bank])
                cash[bank] -= paid
                loan[bank] -= paid
                share = offered_share(wanted - paid, cash[bank], marked)
            for security in range(price.size):
                offered[bank, security] = share * securities[bank, security]
        record.price[step, :] = price


def fire_sale(
    banks: Banks,
    shock: ArrayLike,
    five_percent_fall: ArrayLike,
    *,
    minimum_ratio: float = 0.03,
    buffer_ratio: float = 0.04,
    target_ratio: float = 0.05,
    steps: int = 6,
) -> FireSale:
    """Play the system-wide test: a shock to prices, then steps of clearing, failing, repaying and offering.

    An offer made in one step is cleared in the next, and so is everything a failed bank held.

    Parameters
    ----------
    banks
        Opening balance sheets; left untouched.
    shock
        Fall of each security's price at the start, a fraction (one number for all, or one a security).
    five_percent_fall
        Fall of the price when 5% of a security's face is sold, a fraction (one number, or one a security).
    minimum_ratio, buffer_ratio, target_ratio
        Leverage ratios, equity over assets: failure below the first, action below the second, sales up to the
        third. A buffer of 1 is leverage targeting.
    steps
        Number of steps; sales offered in the last stay open.

    Returns
    -------
    FireSale
        Failures by bank, and by step the share sold, prices and equity.

    Raises
    ------
    ValueError
        If a fall is not in [0, 1), or a security is held by nobody.

    Examples
    --------
    >>> two = banks_from_disclosure([36.0, 48.0], [3.6, 4.8], [80.0, 120.0], [50.0, 20.0])
    >>> result = fire_sale(two, shock=[0.0, 0.10], five_percent_fall=0.0)
    >>> result.defaults_by_step(), result.equity_bn[-1].round(6).tolist()
    ([0, 0, 0, 0, 0, 0], [31.0, 46.0])
    """
    count, securities = banks.securities_face_bn.shape
    balance = Banks(*(np.array(item, dtype=np.float64) for item in banks))
    price = 1.0 - np.broadcast_to(np.asarray(shock, dtype=np.float64), securities)
    falls = np.broadcast_to(np.asarray(five_percent_fall, dtype=np.float64), securities)
    outstanding = balance.securities_face_bn.sum(axis=0)
    if not ((falls >= 0.0) & (falls < 1.0)).all():
        raise ValueError(
            f"five_percent_fall is {falls.tolist()}; a fall is at least 0 and below 1 (1% is 0.01)"
        )
    if not (outstanding > 0.0).all():
        raise ValueError("a security is held by no bank; leave its column out")
    slope = np.array([impact_slope_from_five_percent_fall(float(fall)) for fall in falls])
    record = FireSale(
        np.zeros(count, np.int64), np.zeros(steps), np.zeros((steps, securities)), np.zeros((steps, count))
    )
    ratios = (float(minimum_ratio), float(buffer_ratio), float(target_ratio))
    _play_steps(balance, price.copy(), slope, ratios, np.zeros((count, securities)), outstanding, record)
    return record
