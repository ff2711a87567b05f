"""The hedge market: what the cash-futures dislocation must be for every futures long to find a package.

Asset managers pay the dislocation for exposure off their balance sheets; whoever holds the package (bond
bought, futures sold) earns it: funds, dealers and, in a programme of hedged purchases, the central bank.
Dealers are marginal, so their cost of balance sheet sets the dislocation, and a fund that is forced out hands
its packages to them. Everything is linear here, so the clearing is a closed form; with a kinked cost of
balance sheet the engine clears again at the new cost.

Source of the structure: Kashyap, Stein, Wallen and Younger, "Treasury Market Dysfunction and the Role of the
Central Bank", BPEA (Spring 2025); the linear system and its solutions are this project's.
Units: the dislocation (cash yield less hedge-implied yield) in bp, amounts in USD billions, slopes in bp per
USD bn.
"""

from simulator.rule import rule


@rule
def clearing_dislocation_bp(
    others_package_bn: float,
    choke_bp: float,
    demand_slope_bp_per_bn: float,
    offset_bp: float,
    balance_sheet_cost_bp: float,
    package_cost: float,
) -> float:
    """Dislocation at which futures demand equals the packages of funds, central bank and dealers.

    ``(offset + cost + κ (choke / θ - others)) / (1 + κ / θ)`` with θ the slope of demand, κ the dealers'
    slope ``package_cost`` in bp per USD bn, and ``others_package_bn`` the packages of funds and central bank, given.
    """
    demand_at_zero_bn = choke_bp / demand_slope_bp_per_bn
    dealer_intercept_bp = offset_bp + balance_sheet_cost_bp
    dealer_share = package_cost / demand_slope_bp_per_bn
    residual_bn = demand_at_zero_bn - others_package_bn
    return (dealer_intercept_bp + package_cost * residual_bn) / (1.0 + dealer_share)
