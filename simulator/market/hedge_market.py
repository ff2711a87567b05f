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

BASIS_POINT = 1e-4


@rule
def side_of_market(dealers_bn: float, size_bn: float, full_side: float) -> float:
    """Which way balance sheet costs push a price: 1 when dealers are long bonds, -1 when short, between in proportion.

    Dealers charge their balance sheet to whoever wants them to hold more of what they hold. The push is whole from a
    position of ``full_side``, a share of the market's size, on: a reverse trade is the mirror of a forward one.
    Source: Du, Hebert and Li (2023): the sign of dealers' position decides which bound prices are at.
    """
    return max(-1.0, min(1.0, dealers_bn / (full_side * size_bn)))


@rule
def cost_of_margins_bp(tied_up: float, capital_cost: float) -> float:
    """What the basis must pay a year for the capital that haircut and margin tie up: a return on it.

    ``tied_up`` is a share of face, ``capital_cost`` a return a year. Source: Garleanu and Pedersen (2011): of two
    securities with the same payoff the one that ties up more capital yields more, by the shadow cost of capital times
    the difference in margins.
    """
    return capital_cost * tied_up / BASIS_POINT


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
def dislocation_in_contract_bp(opening_bp: float, dislocation_bp: float, time_left: float) -> float:
    """Dislocation that stands in the price of the contract held: what it rose by counts for the time that is left.

    A future converges to its bond by the last delivery day, so a short that waits loses less the nearer that day is.
    ``time_left`` is the time to delivery of the month held over the hedge's horizon: 1 without a calendar of months.
    """
    return dislocation_bp + (time_left - 1.0) * (dislocation_bp - opening_bp)


@rule
def roll_side(shorts_that_wait_bn: float, longs_that_wait_bn: float, open_interest_bn: float) -> float:
    """Which side of a contract month is in the greater hurry to roll: 1 when all shorts can wait and no long can.

    A long must be out by the first intention day, unless it would take bonds; a short that holds a bond it may deliver
    can wait. Source: longs roll by that day, QB11; that the hurry is paid for, and in proportion, is judgement.
    """
    return (shorts_that_wait_bn - longs_that_wait_bn) / open_interest_bn


@rule
def paid_in_roll(
    hedge_value: float, rolled: float, side: float, opening_side: float, roll_cost: float
) -> float:
    """What a long pays a short per face on a day of the roll, for the calendar spread beyond that of the opening.

    ``rolled`` is the part of positions that is rolled that day, ``roll_cost`` the spread in bp of price when one side
    must roll and all of the other can wait. A spread as wide as the opening's is part of the opening carry.
    """
    return hedge_value * rolled * roll_cost * BASIS_POINT * (side - opening_side)


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
