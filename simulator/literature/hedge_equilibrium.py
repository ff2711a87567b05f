"""Equilibrium of the hedge market in closed form, when every demand and every cost is a straight line.

The simulated day clears the hedge market with :func:`simulator.market.hedge_market.clearing_dislocation_bp` at a
kinked cost of balance sheet. Where the cost rises in a straight line and funds choose freely, the dislocation,
its rise after a forced unwinding and the purchase that undoes it are single formulas, and the day is judged by them.

Source of the structure: Kashyap, Stein, Wallen and Younger, "Treasury Market Dysfunction and the Role of the
Central Bank", BPEA (Spring 2025); the linear system and its solutions are this project's.
Units: the dislocation (cash yield less hedge-implied yield) in bp, amounts in USD billions, slopes in bp per
USD bn.
"""

from simulator.rule import rule


@rule
def dealer_dislocation_bp(
    dealer_package_bn: float, offset_bp: float, balance_sheet_cost_bp: float, dealer_slope_bp_per_bn: float
) -> float:
    """Dislocation that pays for the dealers' last package: ``offset + cost + slope * package``."""
    return offset_bp + balance_sheet_cost_bp + dealer_slope_bp_per_bn * dealer_package_bn


@rule
def dealer_package_bn(
    dislocation_bp: float, offset_bp: float, balance_sheet_cost_bp: float, dealer_slope_bp_per_bn: float
) -> float:
    """Package that dealers hold at a dislocation: :func:`dealer_dislocation_bp` read the other way."""
    return (dislocation_bp - offset_bp - balance_sheet_cost_bp) / dealer_slope_bp_per_bn


@rule
def fund_repo_cost_bp(fund_package_bn: float, unnetted_share: float, dealer_slope_bp_per_bn: float) -> float:
    """Balance-sheet cost that the funds' repo adds at the dealers: ``slope * un-netted share * package``."""
    return dealer_slope_bp_per_bn * unnetted_share * fund_package_bn


@rule
def unconstrained_fund_package_bn(
    dislocation_bp: float, unnetted_share: float, fund_slope_bp_per_bn: float
) -> float:
    """Package of funds with capital to spare: ``(1 - un-netted share) * dislocation / slope``.

    The repo takes the un-netted share of the dislocation; the rest pays the funds' own rising cost.
    """
    return (1.0 - unnetted_share) * dislocation_bp / fund_slope_bp_per_bn


@rule
def equilibrium_dislocation_bp(
    choke_bp: float,
    demand_slope_bp_per_bn: float,
    dealer_slope_bp_per_bn: float,
    unnetted_share: float,
    fund_slope_bp_per_bn: float,
    central_bank_package_bn: float,
) -> float:
    """Dislocation when funds too choose freely.

    ``c (a / θ - C) / (1 + c / θ + c (1 - ρ)² / γ)``: a choke level, θ, c and γ the slopes of asset managers,
    dealers and funds, ρ the un-netted share, C the central bank's package.
    """
    kept_share = 1.0 - unnetted_share
    residual_bn = choke_bp / demand_slope_bp_per_bn - central_bank_package_bn
    dealer_share = dealer_slope_bp_per_bn / demand_slope_bp_per_bn
    fund_share = dealer_slope_bp_per_bn * kept_share * kept_share / fund_slope_bp_per_bn
    return dealer_slope_bp_per_bn * residual_bn / (1.0 + dealer_share + fund_share)


@rule
def forced_unwind_rise_bp(
    unwound_bn: float, demand_slope_bp_per_bn: float, dealer_slope_bp_per_bn: float, unnetted_share: float
) -> float:
    """Rise of the dislocation when funds are made to sell: ``c (1 - ρ) * unwound / (1 + c / θ)``.

    The repo they repay frees the un-netted share ρ of the room that their packages take up at the dealers.
    """
    taken_up_bn = (1.0 - unnetted_share) * unwound_bn
    return dealer_slope_bp_per_bn * taken_up_bn / (1.0 + dealer_slope_bp_per_bn / demand_slope_bp_per_bn)


@rule
def neutral_hedged_purchase_bn(unwound_bn: float, unnetted_share: float) -> float:
    """Hedged purchase by the central bank that leaves the dislocation where it was before an unwinding."""
    return (1.0 - unnetted_share) * unwound_bn
