"""How a bank that must keep a leverage ratio sells: when it acts, how much, with what it pays, when it fails.

A fall of prices takes as much from equity as from assets, so the ratio falls; below its buffer the bank
pays back debt from cash and sells securities until the target ratio is restored, and the sale lowers the
price for every other holder. Two triggers are known from the literature: a *threshold* (act below a buffer,
the practice under capital rules) and *targeting* (act on any fall below the target: a buffer of one).

Source: Farmer, Kleinnijenhuis, Nahai-Williamson and Wetzer, Bank of England SWP 861 (2020); Cont and
Schaanning, Norges Bank WP 2/2017; Greenwood, Landier and Thesmar, JFE 115 (2015). Units: one currency in
billions; ratios are equity over assets, leverage is assets over equity.
"""

import math

from simulator.rule import rule


@rule
def leverage_ratio(equity_bn: float, assets_bn: float) -> float:
    """Equity over assets; without assets, plus or minus one by the sign of equity."""
    if assets_bn <= 0.0:
        return math.copysign(1.0, equity_bn)
    return equity_bn / assets_bn


@rule
def is_in_default(ratio: float, minimum_ratio: float) -> bool:
    """Whether the leverage ratio is below the regulatory minimum (3% in Farmer and others)."""
    return ratio < minimum_ratio


@rule
def deleveraging_bn(assets_bn: float, equity_bn: float, buffer_ratio: float, target_ratio: float) -> float:
    """Amount by which the balance sheet must shrink: nothing while the ratio is at its buffer or above.

    ``max(0, assets - equity / target)`` below the buffer (4% for a threshold, 100% for leverage targeting,
    with a target of 5%, in Farmer and others). Paying debt leaves equity as it is.
    """
    if leverage_ratio(equity_bn, assets_bn) >= buffer_ratio:
        return 0.0
    return max(0.0, assets_bn - equity_bn / target_ratio)


@rule
def repayment_bn(deleveraging_bn: float, cash_bn: float, loan_bn: float) -> float:
    """Debt paid at once: what is wanted, as far as there is cash to pay and a loan to repay."""
    return min(deleveraging_bn, cash_bn, loan_bn)


@rule
def offered_share(deleveraging_bn: float, cash_bn: float, securities_bn: float) -> float:
    """Share of all securities offered for sale, so that with the cash in hand the rest can be paid.

    ``min(1, max(0, deleveraging - cash) / securities)``: pro rata to market value, at most everything.
    """
    needed_bn = max(0.0, deleveraging_bn - cash_bn)
    if needed_bn >= securities_bn:
        return 1.0
    return needed_bn / securities_bn


@rule
def sold_share_to_target(
    securities_bn: float, illiquid_bn: float, capital_bn: float, leverage_max: float, leverage_target: float
) -> float:
    """Share of securities sold by a bank whose leverage is above its limit, to come back to its target.

    ``min(1, (securities + illiquid - target * capital) / securities)`` when assets exceed the limit times
    capital, so that a bank without capital sells everything. Source: Cont and Schaanning (2017), with a limit
    of 33 and a target of 95% of the limit.
    """
    excess_bn = securities_bn + illiquid_bn - leverage_target * capital_bn
    if securities_bn + illiquid_bn <= leverage_max * capital_bn or securities_bn <= 0.0:
        return 0.0
    return min(1.0, excess_bn / securities_bn)


@rule
def loss_after_sale_bn(exposed_loss_bn: float, sold_share: float, execution_share: float) -> float:
    """Loss of a bank that sold a share of its securities while the price fell.

    ``(1 - (1 - execution_share) * sold_share) * exposed_loss``: ``exposed_loss_bn`` is the loss had it kept
    all, and what it sold went at a price that had covered ``execution_share`` of the fall (0.5: halfway).
    Source: Cont and Schaanning (2017).
    """
    return (1.0 - (1.0 - execution_share) * sold_share) * exposed_loss_bn
