"""Dealers: they lend repo cash to funds, warehouse bonds and packages, and are bound by two limits.

The leverage limit counts every asset that does not net; the value-at-risk limit tightens when volatility
rises. The use of the tighter one sets a cost that every trade pays, which carries stress from one tenor to
all. A dealer short of funding, or over its limit, takes repo back from its clients, weakest first. Haircuts
follow the volatility of the collateral and the weakness of the client.

Units: USD billions, bp, shares as decimals.
"""

from simulator.rule import rule


@rule
def leverage_limit_bn(
    capital_bn: float, capital_ratio: float, leverage_relief: float, limit_cut: float
) -> float:
    """Largest balance sheet the leverage ratio allows: capital over the ratio, with relief or management cuts.

    ``leverage_relief`` multiplies the limit; ``limit_cut`` is the share of it that is gone.
    """
    return max(0.0, capital_bn) / capital_ratio * leverage_relief * (1.0 - limit_cut)


@rule
def value_at_risk_use(
    value_at_risk_use: float, risk_bn: float, opening_risk_bn: float, capital_share: float
) -> float:
    """Use of the value-at-risk limit: risk of the inventory over a limit that shrinks with capital lost.

    The argument of the same name is the scenario's: the use at the opening, a share of the limit. A full limit is as
    dear as it gets: what lies beyond it dealers pass on, they do not charge more for it.
    """
    if opening_risk_bn <= 0.0 or capital_share <= 0.0:
        return 0.0
    return min(1.0, value_at_risk_use * risk_bn / (opening_risk_bn * capital_share))


@rule
def cost_at_clearing_bp(
    use_at_zero_cost: float,
    use_per_bp: float,
    cost_threshold: float,
    cost_below: float,
    cost_above: float,
    cost_ceiling: float,
) -> float:
    """Balance-sheet cost when dealers, charged that cost, hold less: cost(use) with use = zero - per_bp * cost.

    Both are straight lines with one kink, so the crossing is exact and unique. ``cost_below`` and ``cost_above``
    are bp a year per unit of use, below and above a use of ``cost_threshold``; the cost never exceeds ``cost_ceiling``.
    """
    flat_bp = cost_below * use_at_zero_cost / (1.0 + cost_below * use_per_bp)
    if use_at_zero_cost - use_per_bp * flat_bp <= cost_threshold:
        return min(cost_ceiling, flat_bp)
    rest_bp = (cost_above - cost_below) * cost_threshold
    steep_bp = (cost_above * use_at_zero_cost - rest_bp) / (1.0 + cost_above * use_per_bp)
    return min(cost_ceiling, steep_bp)


@rule
def funding_gap_bn(needed_bn: float, offered_bn: float) -> float:
    """Funding that lenders do not offer."""
    return max(0.0, needed_bn - offered_bn)


@rule
def taken_from_clients_bn(
    gap_bn: float, over_limit_bn: float, client_cut_speed: float, unnetted_share: float
) -> float:
    """Repo a dealer takes back in a day: all of its funding gap, and part of its excess over the limit.

    A unit of client repo uses only its un-netted share of balance sheet. ``client_cut_speed`` is the share of the
    excess that a day corrects.
    """
    if unnetted_share <= 0.0:
        return gap_bn
    return max(gap_bn, client_cut_speed * over_limit_bn / unnetted_share)


@rule
def may_close_out(fall_of_net_asset_value: float, nav_trigger: float) -> bool:
    """Whether a dealer may close out a client: its net asset value fell from its peak by the agreed trigger.

    An "additional termination event" of ISDA schedules, on any day and against the highest value so far. It is a
    right that dealers often waive; here they use it. Falls are shares of the peak.
    """
    return fall_of_net_asset_value >= nav_trigger


@rule
def public_capital_bn(sector_opening_bn: float, capital_bn: float) -> float:
    """What the public puts into the last dealer, so that it opens with the capital all dealers had together.

    Some dealer has to make the market: the authorities take over the last one, as they took over or merged failing
    dealers in 2008, and capitalise it for the market it now makes alone.
    """
    return max(0.0, sector_opening_bn - capital_bn)


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
def fear_of_volatility(volatility_ratio: float, haircut_slope: float) -> float:
    """Rise of the haircut with the collateral's volatility over its opening level; calm lowers it.

    ``haircut_slope`` is the rise when volatility doubles.
    """
    return haircut_slope * (volatility_ratio - 1.0)


@rule
def weak_client_haircut(
    equity_bn: float, opening_equity_bn: float, haircut_weak_equity: float, haircut_weak_tolerance: float
) -> float:
    """Add-on to the haircut of a client that has lost more equity than dealers bear: in proportion to the excess."""
    lost = 1.0 - equity_bn / opening_equity_bn
    return haircut_weak_equity * min(1.0, max(0.0, lost - haircut_weak_tolerance))


@rule
def haircut(opening: float, floor: float, fear: float, weakness: float) -> float:
    """Haircut asked of a client: its opening one and what fear and weakness add, not below its floor.

    Source: BLW on the range of haircuts in March 2020; that they add up is judgement.
    """
    return max(floor, opening + fear + weakness)


@rule
def loan_change_by_haircut_bn(
    value_bn: float, haircut_before: float, haircut_now: float, remarked_share: float
) -> float:
    """Repo that a changed haircut adds or takes at once: on the share that is re-marked daily."""
    return remarked_share * (haircut_before - haircut_now) * value_bn


@rule
def maturing_share(remarked_share: float, matured: float) -> float:
    """Share of a loan that a lender may refuse to roll today: overnight repo, and term repo that matures."""
    return remarked_share + (1.0 - remarked_share) * matured


@rule
def refused_bn(loan_bn: float, cut: float, maturing: float) -> float:
    """Repo not rolled: the share the dealer cuts, as far as the loan matures; nothing of what a client lends."""
    return min(cut, maturing) * max(0.0, loan_bn)


@rule
def restruck_bn(
    value_bn: float, haircut_now: float, loan_bn: float, changed_bn: float, matured: float, cut: float
) -> float:
    """Change of term repo that matures and is struck anew at today's price and haircut; none for a client that is cut.

    The gap to today's terms is what is left after the change that the haircut brought at once.
    """
    gap_bn = (1.0 - haircut_now) * value_bn - loan_bn - changed_bn
    return gap_bn * matured * (1.0 if cut <= 0.0 else 0.0)
