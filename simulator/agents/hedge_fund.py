"""Hedge funds: levered holders of bonds financed in repo against short hedges.

A fund pays variation margin in cash the same day, while a bond's gain is worth cash only once it is
re-pledged; when cash and credit run out it must sell, and a package releases only its haircut and its margin,
so a small shortfall forces a large sale. Short of force it cuts at its own limits, in proportion to how far
they are passed, and comes back slowly when the dislocation pays. This is the first half of the spiral.

Units: USD billions, face per package, dislocations in bp a year, shares as decimals.
"""

from simulator.rule import rule

BASIS_POINT = 1e-4

#: A face that ties up less cash than this has no stake: it keeps divisions finite.
SMALLEST_STAKE = 1e-9


@rule
def collateral_cash_bn(
    price_change: float, packages_bn: float, haircut: float, remarked_share: float
) -> float:
    """Cash a fund gets for a rise in the price of pledged bonds: only repo that is re-marked pays it."""
    return remarked_share * (1.0 - haircut) * price_change * packages_bn


@rule
def equity_bn(
    cash_bn: float, margin_bn: float, bonds_less_loans_bn: float, other_bn: float, borrowed_bn: float
) -> float:
    """Equity: cash, posted margin, bonds net of repo, and other strategies, less credit drawn."""
    return cash_bn + margin_bn + bonds_less_loans_bn + other_bn - borrowed_bn


@rule
def cash_shortfall_bn(cash_bn: float) -> float:
    """What is missing when the day's calls were paid: the negative part of cash."""
    return max(0.0, -cash_bn)


@rule
def cash_released(price: float, loan_per_face: float, margin_per_face: float, cost: float) -> float:
    """Cash that selling one face of a package frees: own stake in the bond, and margin, less cost."""
    return price * (1.0 - cost) - loan_per_face + margin_per_face


@rule
def forced_sale_bn(shortfall_bn: float, released: float, packages_bn: float) -> float:
    """Packages sold to raise a shortfall: shortfall over cash released per face, at most all of them."""
    if released <= 0.0:
        return 0.0
    return min(packages_bn, shortfall_bn / released)


@rule
def leverage_scale(book_bn: float, equity_bn: float, opening_leverage: float, headroom: float) -> float:
    """Share of the book that the fund's own leverage limit allows, 1 inside the limit."""
    limit = opening_leverage * (1.0 + headroom)
    if book_bn <= max(0.0, limit * equity_bn):
        return 1.0
    return max(0.0, limit * equity_bn / book_bn)


@rule
def value_at_risk_scale(
    risk_bn: float, equity_bn: float, opening_risk_of_equity: float, headroom: float
) -> float:
    """Share of the book that the fund's own value-at-risk limit allows, 1 inside the limit."""
    limit_bn = opening_risk_of_equity * (1.0 + headroom) * equity_bn
    if risk_bn <= max(0.0, limit_bn):
        return 1.0
    return max(0.0, limit_bn / risk_bn)


@rule
def drawdown(equity_bn: float, peak_equity_bn: float) -> float:
    """Loss from peak equity, a share of it."""
    if peak_equity_bn <= 0.0:
        return 0.0
    return max(0.0, 1.0 - equity_bn / peak_equity_bn)


@rule
def drawdown_scale(loss: float, tolerance: float, response: float) -> float:
    """Share of the book a fund keeps after a drawdown: one less response times the excess over tolerance."""
    return max(0.0, 1.0 - response * max(0.0, loss - tolerance))


@rule
def cash_scale(free_cash_bn: float, minimum_bn: float) -> float:
    """Share of the book a fund keeps when free cash falls below its minimum: cash over minimum."""
    if minimum_bn <= 0.0 or free_cash_bn >= minimum_bn:
        return 1.0
    return max(0.0, free_cash_bn / minimum_bn)


@rule
def wanted_packages_bn(
    opening_bn: float,
    equity_ratio: float,
    extra_dislocation_bp: float,
    extra_repo_bp: float,
    elasticity_bp: float,
) -> float:
    """Position a fund with no constraint wants: its opening one, scaled by equity and by what the trade pays.

    The trade pays the dislocation less the repo spread, both over their opening levels. A short-basis
    position (negative) wants the reverse. Source: H = (1 - rho) b / gamma of the hedge-market equilibrium.
    """
    direction = 1.0 if opening_bn >= 0.0 else -1.0
    pays = direction * ((extra_dislocation_bp - extra_repo_bp) / elasticity_bp)
    return opening_bn * max(0.0, equity_ratio) * max(0.0, 1.0 + pays)


@rule
def affordable_purchase_bn(spare_cash_bn: float, cash_per_face: float) -> float:
    """Packages that spare cash can carry, at haircut plus margin per face."""
    return max(0.0, spare_cash_bn) / max(cash_per_face, SMALLEST_STAKE)


@rule
def redemption_request_bn(
    equity_bn: float, loss: float, tolerance: float, monthly_response: float, days_per_month: float
) -> float:
    """Money investors ask back in a day after a drawdown beyond their tolerance."""
    return monthly_response * max(0.0, loss - tolerance) * max(0.0, equity_bn) / days_per_month


@rule
def convergence_bn(hedge_value_bn: float, extra_dislocation_bp: float, days_per_year: float) -> float:
    """What shorts of the hedge earn from longs in a day over the opening dislocation.

    The opening carry is taken to pay for fees, other costs and distributions, so that a market at rest stays
    at rest; only what the dislocation pays beyond it is kept.
    """
    return hedge_value_bn * extra_dislocation_bp * BASIS_POINT / days_per_year


@rule
def extra_interest_bn(loan_bn: float, extra_repo_bp: float, days_per_year: float) -> float:
    """A day's repo interest over the opening spread."""
    return loan_bn * extra_repo_bp * BASIS_POINT / days_per_year


@rule
def other_strategies_bn(remaining_bn: float, loss_per_doubling: float, volatility_ratio: float) -> float:
    """Value of other strategies at a level of volatility: they lose when volatility rises."""
    return remaining_bn * max(0.0, 1.0 - loss_per_doubling * (volatility_ratio - 1.0))


@rule
def is_insolvent(equity_bn: float) -> bool:
    """Whether nothing is left for the fund's investors."""
    return equity_bn <= 0.0
