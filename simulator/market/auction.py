"""Auctions of new bonds: investors bid by price, dealers take the rest for a concession.

Direct and indirect bidders want most of an issue at the market's yield, and more of it the cheaper it is sold. Dealers
underwrite what they leave, and are paid for the risk and the balance sheet it takes; the yield at which all is sold,
over the yield before the auction, is the tail.

Units: USD billions of face, bp, shares as decimals.
"""

from simulator.rule import rule


@rule
def issue_today_bn(face_bn: float, yield_response: float, rise_bp: float) -> float:
    """Face of an issue when yields have risen: larger by the interest that has to be paid on the debt.

    ``yield_response`` is a share of the planned issue for 100bp; nothing is issued less than none.
    """
    return max(0.0, face_bn * (1.0 + yield_response * rise_bp / 100.0))


@rule
def left_to_dealers_bn(issued_bn: float, normal_share: float, share_noise: float) -> float:
    """Part of an issue that bidders leave without a concession: normal share and noise, from nothing to all of it."""
    return issued_bn * min(1.0, max(0.0, normal_share + share_noise))


@rule
def concession_bp_per_bn(
    auction_concession: float,
    ten_year_equivalent: float,
    volatility_ratio: float,
    strain: float,
) -> float:
    """Concession dealers ask per bn they take: so many bp per bn of ten-year equivalents in a calm market.

    It rises with volatility, and with the ``strain`` on their balance sheets, the extra cost over that of a full one:
    to twice as much when they are full.
    """
    return auction_concession * ten_year_equivalent * volatility_ratio * (1.0 + strain)


@rule
def tail_bp(left_bn: float, issued_bn: float, concession_bp_per_bn: float, bidder_elasticity: float) -> float:
    """Yield over the market's at which bidders and dealers take an issue.

    Dealers ask ``concession * taken``, bidders take ``bidder_elasticity``, a share of the issue, more per bp: the
    crossing of the two lines.
    """
    return concession_bp_per_bn * left_bn / (1.0 + concession_bp_per_bn * bidder_elasticity * issued_bn)


@rule
def issue_price(price: float, price_per_bp: float, tail_bp: float) -> float:
    """Price at which an issue is sold, per face: the market's, less the tail times the price of a basis point."""
    return price - price_per_bp * tail_bp


@rule
def taken_by_dealers_bn(left_bn: float, issued_bn: float, tail_bp: float, bidder_elasticity: float) -> float:
    """What dealers take in the end: what bidders leave, less what the tail sells to them."""
    return left_bn - bidder_elasticity * issued_bn * tail_bp
