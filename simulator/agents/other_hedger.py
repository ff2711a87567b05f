"""Other holders of futures: small traders, hedgers of mortgages and whoever is in no other group.

They hold what funds, dealers and asset managers leave, and have no view on the dislocation; dearer margins make them
hold less, whichever way they are. In swaps some receive fixed against liabilities and some pay it against mortgages:
both lengthen with rates, so that both come to hold less fixed when rates rise. In credit one seller of protection may
have capital of its own, and fail.

Units: USD billions, shares as decimals.
"""

import math

from simulator.rule import rule


@rule
def held_bn(opening_bn: float, margin_ratio: float, margin_response: float) -> float:
    """Position that others hold when margin is a multiple of the opening one: less the dearer it is.

    ``margin_response`` is the elasticity, per cent less for a margin one per cent dearer. Source: net longs of other
    reportables and small traders fell by a third while margins rose 2.5 to 3 times, March 2020 (CFTC).
    """
    return opening_bn * math.pow(margin_ratio, -margin_response)


@rule
def received_for_rates_bn(
    receivers_bn: float, payers_bn: float, rise_bp: float, receiver_response: float, payer_response: float
) -> float:
    """Fixed that receivers, less payers, want to hold in addition when swap rates have risen: less of it.

    Responses are shares of the position for 100bp; nobody drops more than all of it, nor adds more than as much again.
    Source: liabilities of pension funds and insurers shorten when rates
    rise (Klingler and Sundaresan 2019), mortgages lengthen (Hanson 2014).
    """
    dropped = max(-1.0, min(1.0, receiver_response * rise_bp / 100.0))
    added = max(-1.0, min(1.0, payer_response * rise_bp / 100.0))
    return -(receivers_bn * dropped + payers_bn * added)


@rule
def received_today_bn(received_bn: float, wanted_bn: float, rate_lag: float) -> float:
    """Fixed held in addition after today: an even part of the way to what is wanted, over an average lag in days.

    Hedges of liabilities and of mortgages are reset when risk is reported, not at every move of the day. Were they,
    each reset would move the rate that the next one answers to.
    """
    return received_bn + (wanted_bn - received_bn) / rate_lag


@rule
def seller_loss_bn(protection_sold_bn: float, opening_value: float, value: float) -> float:
    """What a seller of protection has paid to its buyers since the opening: the fall of the hedge that it is long.

    Values are per face, those of a bond of the same issuers without a difference in spread.
    """
    return protection_sold_bn * (opening_value - value)


@rule
def seller_fails(loss_bn: float, capital_bn: float) -> bool:
    """Whether a seller of protection can pay no more: its losses are beyond its capital.

    AIG in September 2008 had capital for its losses and not for the calls on them; here both are one.
    """
    return loss_bn > capital_bn


@rule
def unpaid_by_seller_bn(loss_bn: float, capital_bn: float) -> float:
    """What buyers of protection never get from a seller that failed: losses beyond its capital, from its last day."""
    return max(0.0, loss_bn - capital_bn)
