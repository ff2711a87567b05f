"""Dealers: they lend repo cash to funds, warehouse bonds and packages, and are bound by two limits.

The leverage limit counts every asset that does not net; the value-at-risk limit tightens when volatility
rises. The use of the tighter one sets a cost that every trade pays, which carries stress from one tenor to
all. A dealer short of funding, or over its limit, takes repo back from its clients, weakest first.

Units: USD billions, bp, shares as decimals.
"""

from simulator.rule import rule


@rule
def leverage_limit_bn(capital_bn: float, capital_ratio: float, relief: float, cut: float) -> float:
    """Largest balance sheet the leverage ratio allows: capital over the ratio, with relief or management cuts."""
    return max(0.0, capital_bn) / capital_ratio * relief * (1.0 - cut)


@rule
def value_at_risk_use(
    opening_use: float, risk_bn: float, opening_risk_bn: float, capital_share: float
) -> float:
    """Use of the value-at-risk limit: risk of the inventory over a limit that shrinks with capital lost."""
    if opening_risk_bn <= 0.0 or capital_share <= 0.0:
        return 0.0
    return opening_use * risk_bn / (opening_risk_bn * capital_share)


@rule
def cost_at_clearing_bp(
    use_at_zero_cost: float, use_per_bp: float, threshold: float, slope_below_bp: float, slope_above_bp: float
) -> float:
    """Balance-sheet cost when dealers, charged that cost, hold less: cost(use) with use = zero - per_bp * cost.

    Both are straight lines with one kink, so the crossing is exact and unique.
    """
    flat_bp = slope_below_bp * use_at_zero_cost / (1.0 + slope_below_bp * use_per_bp)
    if use_at_zero_cost - use_per_bp * flat_bp <= threshold:
        return flat_bp
    rest_bp = (slope_above_bp - slope_below_bp) * threshold
    return (slope_above_bp * use_at_zero_cost - rest_bp) / (1.0 + slope_above_bp * use_per_bp)


@rule
def funding_gap_bn(needed_bn: float, offered_bn: float) -> float:
    """Funding that lenders do not offer."""
    return max(0.0, needed_bn - offered_bn)


@rule
def taken_from_clients_bn(gap_bn: float, over_limit_bn: float, speed: float, unnetted_share: float) -> float:
    """Repo a dealer takes back in a day: all of its funding gap, and part of its excess over the limit.

    A unit of client repo uses only its un-netted share of balance sheet.
    """
    if unnetted_share <= 0.0:
        return gap_bn
    return max(gap_bn, speed * over_limit_bn / unnetted_share)


@rule
def may_close_out(fall_of_net_asset_value: float, trigger: float) -> bool:
    """Whether a dealer may close out a client: its net asset value fell from its peak by the agreed trigger.

    An "additional termination event" of ISDA schedules, on any day and against the highest value so far. It is a
    right that dealers often waive; here they use it.
    """
    return fall_of_net_asset_value >= trigger


@rule
def client_cut_share(taken_bn: float, lent_bn: float, client_weakness: float) -> float:
    """Share of a client's loan not rolled: the dealer's average cut times the client's relative weakness."""
    if lent_bn <= 0.0:
        return 0.0
    return min(1.0, client_weakness * taken_bn / lent_bn)


@rule
def repo_spread_bp(
    opening_bp: float, scarcity_bp: float, extra_cost_bp: float, unnetted_share: float
) -> float:
    """What a client pays over the policy rate: the wholesale spread plus the cost of un-netted balance sheet."""
    return opening_bp + scarcity_bp + unnetted_share * extra_cost_bp


@rule
def wholesale_spread_bp(opening_bp: float, scarcity_bp: float, ceiling_bp: float) -> float:
    """What a dealer pays over the policy rate: scarcity raises it up to the standing facility's rate."""
    return max(opening_bp, min(opening_bp + scarcity_bp, ceiling_bp))
