"""Corporate bonds: spreads that move with the market's, issuers that default, and how dear protection may be.

A bucket of corporate bonds stands for many issuers of one size. Holders of one that defaults are paid its recovery and
put it into the others: positions keep their face and lose value, bonds and hedges alike, so that a bond held against
protection on it is paid in full whatever the recovery.

Units: spreads and the basis in bp a year, prices per face, shares as decimals. The basis here is the bond's spread less
that of protection, the negative of what the market calls the CDS-bond basis.
"""

from simulator.rule import rule


@rule
def spread_change_bp(credit_change_bp: float, spread_response: float) -> float:
    """Change of a bucket's fundamental credit spread: its response times the change of high-yield spreads."""
    return spread_response * credit_change_bp


@rule
def kept_after_defaults(defaulted: float, recovery: float, price: float) -> float:
    """Part of its value that a position keeps when a share of its issuers defaults and the recovery is reinvested.

    ``price`` is that of a bond of an issuer alive, or the value of the hedge on it, per face. A bond bought below its
    recovery gains.
    """
    return 1.0 - defaulted * (1.0 - recovery / price)


@rule
def lowest_dislocation_bp(borrow_cost: float, delivery_option: float) -> float:
    """The basis at which selling bonds short against protection sold pays for itself: it falls no further.

    Protection may be dearer than the bond's spread by what its buyer's choice of the cheapest obligation is worth, and
    by what borrowing the bond costs whoever would take the difference. Source: BCD19 on positive bases; that supply is
    unlimited at this price is judgement.
    """
    return -(borrow_cost + delivery_option)
