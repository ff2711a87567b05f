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

import math

from simulator.rule import rule


@rule
def side_of_market(dealers_bn: float, size_bn: float, full_side: float) -> float:
    """Which way balance sheet costs push a price: 1 when dealers are long bonds, -1 when short, between in proportion.

    Dealers charge their balance sheet to whoever wants them to hold more of what they hold. The push is whole from a
    position of ``full_side``, a share of the market's size, on: a reverse trade is the mirror of a forward one.
    Source: Du, Hebert and Li (2023): the sign of dealers' position decides which bound prices are at.
    """
    return max(-1.0, min(1.0, dealers_bn / (full_side * size_bn)))


@rule
def average_ahead(years: float, half_life_years: float) -> float:
    """What is left of today's stress on average over a horizon, when it is expected to halve in so much time.

    Prices a shadow cost of today into an asset that is held to the horizon: all of it at a horizon of nothing, little
    over the life of a long bond. Source: term structure of balance-sheet costs, Du, Hebert and Li (2023).
    """
    halvings = math.log(2.0) * years / half_life_years
    if halvings < 1e-9:
        return 1.0
    return -math.expm1(-halvings) / halvings


@rule
def clearing_dislocation_bp(
    others_package_bn: float,
    choke_bp: float,
    demand_slope_bp_per_bn: float,
    offset_bp: float,
    balance_sheet_cost_bp: float,
    package_slope: float,
) -> float:
    """Dislocation at which futures demand equals the packages of funds, central bank and dealers.

    ``(offset + cost + κ (choke / θ - others)) / (1 + κ / θ)`` with θ the slope of demand, κ the dealers' slope
    ``package_slope`` in bp per USD bn, and ``others_package_bn`` the packages of funds and central bank, given. The
    cost has the sign of the dealers' side of the market.
    """
    demand_at_zero_bn = choke_bp / demand_slope_bp_per_bn
    dealer_intercept_bp = offset_bp + balance_sheet_cost_bp
    dealer_share = package_slope / demand_slope_bp_per_bn
    residual_bn = demand_at_zero_bn - others_package_bn
    return (dealer_intercept_bp + package_slope * residual_bn) / (1.0 + dealer_share)
