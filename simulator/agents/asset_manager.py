"""Asset managers: long futures for duration off balance sheet, Treasuries, and investors who may leave.

In volatile markets managers hoard cash: they sell Treasuries, the most liquid they have, first and for more than is
redeemed, then other assets; part of the duration sold they keep in futures. Exposure through futures is cut in
proportion after a lag, and grows with the supply of bonds; futures that turn dear are traded for bonds only as far as
there is cash to spare.

Units: USD billions, bp, shares as decimals.
"""

from simulator.rule import rule


@rule
def redemption_bn(
    net_assets_bn: float,
    volatility_ratio: float,
    volatility_redemption: float,
    loss: float,
    loss_redemption: float,
    volatility_tolerance: float,
) -> float:
    """Money asked back in a day: a response to volatility and one to the loss on net assets; a gain brings money in.

    ``volatility_redemption`` is the share of net assets asked back in a day for each unit of volatility over
    ``volatility_tolerance``, a multiple of the opening level; ``loss_redemption`` that per unit of loss; each manager
    has its own of both.
    """
    fear = volatility_redemption * max(0.0, volatility_ratio - volatility_tolerance)
    return max(0.0, net_assets_bn) * (fear + loss_redemption * loss)


@rule
def precautionary_cash_bn(opening_cash_bn: float, month_outflow_bn: float, cash_hoarding: float) -> float:
    """Cash a manager wants to hold: what it opened with, and so many months of the outflow of the last month.

    Source: bond funds hoarded cash in March 2020, selling more Treasuries than they redeemed (HNS22).
    """
    return opening_cash_bn + cash_hoarding * max(0.0, month_outflow_bn)


@rule
def cash_to_raise_bn(redeemed_bn: float, cash_bn: float, wanted_cash_bn: float, cash_speed: float) -> float:
    """Cash to raise today: the redemption, and part of what is missing to the cash wanted; negative is invested.

    ``cash_speed`` is the share of the gap that a day closes.
    """
    return redeemed_bn + cash_speed * (wanted_cash_bn - cash_bn)


@rule
def treasuries_sold_bn(
    to_raise_bn: float, treasuries_bn: float, treasury_use: float, treasury_pace: float
) -> float:
    """Treasuries sold to raise cash, the most liquid first; bought when there is cash to invest.

    ``treasury_use`` is their share of what is raised, ``treasury_pace`` the largest share of holdings sold in a day.
    """
    return min(treasury_pace * max(0.0, treasuries_bn), treasury_use * to_raise_bn)


@rule
def price_response(cash_bn: float, wanted_cash_bn: float) -> float:
    """How far managers trade futures for bonds when futures are dear: fully with the cash they want, hardly without.

    Bonds in place of futures cost cash; ``cash_bn`` is what there would be without them. The response falls to a tenth
    where little more than half of the cash wanted is there. Judgement.
    """
    if wanted_cash_bn <= 0.0:
        return 1.0
    return min(1.0, max(0.1, 2.0 * cash_bn / wanted_cash_bn - 1.0))


@rule
def adjusted_today_bn(waiting_bn: float, futures_lag: float) -> float:
    """Futures positions changed today of what waits: an even part of it over the average lag, in days."""
    return waiting_bn / futures_lag


@rule
def futures_for_supply_bn(issued_bn: float, supply_demand: float) -> float:
    """Futures that managers want in addition when more bonds are outstanding: they hold duration with the market.

    ``supply_demand`` is dollars of futures a dollar issued. Source: about five cents of leveraged shorts a dollar of
    issuance, which reach funds through managers' longs (literature 4).
    """
    return supply_demand * issued_bn


@rule
def futures_demand_bn(wanted_bn: float, extra_dislocation_bp: float, slope_bp_per_bn: float) -> float:
    """Futures held when the dislocation rises over its opening level: ``wanted - rise / slope``."""
    return wanted_bn - extra_dislocation_bp / slope_bp_per_bn


@rule
def hedges_dropped_share(redeemed_bn: float, net_assets_bn: float, futures_cut: float) -> float:
    """Share of its futures that a manager no longer wants after a redemption: the share redeemed, times the cut.

    ``futures_cut`` is a multiple: 1 keeps exposures in proportion.
    """
    return futures_cut * redeemed_bn / net_assets_bn


@rule
def kept_in_futures_bn(sold_bn: float, duration_kept: float) -> float:
    """Futures bought to keep part of the duration of Treasuries sold for cash; sold when Treasuries are bought.

    ``duration_kept`` is that part. Source: asset managers' net longs rose until 17 March 2020 (CFTC) while they sold.
    """
    return duration_kept * sold_bn


@rule
def over_a_month(previous: float, today: float, days_per_month: float) -> float:
    """Sum over about a month: each day's is added, and the past fades at one over the days of a month."""
    return previous + (today - previous / days_per_month)
