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
def cash_released(
    price: float, loan_per_face: float, margin_per_face: float, transaction_cost: float
) -> float:
    """Cash that selling one face of a package frees: own stake in the bond, and margin, less cost.

    ``transaction_cost`` is a share of the price.
    """
    return price * (1.0 - transaction_cost) - loan_per_face + margin_per_face


@rule
def cash_released_by_cover(
    price: float, loan_per_face: float, margin_per_face: float, transaction_cost: float
) -> float:
    """Cash that covering one face of a short-basis package frees: cash lent against the bond, and margin.

    The fund lent ``loan_per_face`` to borrow the bond that it sold; it buys the bond back at its price and
    ``transaction_cost``, a share of it.
    """
    return loan_per_face - price * (1.0 + transaction_cost) + margin_per_face


@rule
def cash_released_unencumbered(price: float, margin_per_face: float, transaction_cost: float) -> float:
    """Cash that selling one face of a package frees when no loan stands on its bond: the whole price, and margin.

    A lender who does not roll gives the bond back, so ten dollars refused need no more than ten dollars of sales.
    """
    return price * (1.0 - transaction_cost) + margin_per_face


@rule
def bonds_returned_bn(refused_bn: float, haircut: float, price: float) -> float:
    """Bonds that come back with a loan that is not rolled: what the loan stood on, at its haircut."""
    return refused_bn / (max(SMALLEST_STAKE, 1.0 - haircut) * price)


@rule
def unencumbered_bn(before_bn: float, returned_bn: float, pledged_again: float, held_bn: float) -> float:
    """Bonds that no loan stands on: those of before less what was pledged again, and those that came back.

    ``pledged_again`` is the share of those of before that found a lender today; never more than what is held.
    """
    return min(max(0.0, held_bn), before_bn * (1.0 - pledged_again) + returned_bn)


@rule
def loan_repaid_bn(sold_bn: float, held_bn: float, unencumbered_bn: float, loan_bn: float) -> float:
    """Repo repaid when part of a package is sold: none on the bonds that no loan stands on, which go first.

    For a short basis, what is covered and held are negative, and so is the loan: the fund gets back what it lent.
    """
    free_bn = (
        unencumbered_bn if unencumbered_bn != held_bn else 0.0
    )  # what is left of a loan is repaid in proportion
    pledged_bn = held_bn - free_bn
    if pledged_bn == 0.0:
        return 0.0
    return loan_bn * max(0.0, (sold_bn - free_bn) / pledged_bn)


@rule
def exit_cost(transaction_cost: float, released: float) -> float:
    """What leaving a trade costs per dollar of cash it frees: the lowest is sold first."""
    return transaction_cost / released


@rule
def forced_sale_bn(shortfall_bn: float, released: float, packages_bn: float) -> float:
    """Packages sold to raise a shortfall: shortfall over cash released per face, at most all of them."""
    if released <= 0.0:
        return 0.0
    return min(packages_bn, shortfall_bn / released)


@rule
def leverage_scale(
    book_bn: float, equity_bn: float, opening_leverage: float, leverage_headroom: float
) -> float:
    """Share of the book that the fund's own leverage limit allows, 1 inside the limit.

    ``leverage_headroom`` is the fund's own: its limit over its opening leverage, less one.
    """
    limit = opening_leverage * (1.0 + leverage_headroom)
    if book_bn <= max(0.0, limit * equity_bn):
        return 1.0
    return max(0.0, limit * equity_bn / book_bn)


@rule
def value_at_risk_scale(
    risk_bn: float, equity_bn: float, opening_risk_of_equity: float, value_at_risk_headroom: float
) -> float:
    """Share of the book that the fund's own value-at-risk limit allows, 1 inside the limit.

    ``value_at_risk_headroom`` is the fund's own: its limit over its opening value at risk, less one.
    """
    limit_bn = opening_risk_of_equity * (1.0 + value_at_risk_headroom) * equity_bn
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
def drawdown_scale(loss: float, drawdown_tolerance: float, drawdown_response: float) -> float:
    """Share of the book a fund keeps after a drawdown: one less response times the excess over tolerance.

    Losses and the tolerance are shares of peak equity, the response a cut per unit of the excess.
    """
    return max(0.0, 1.0 - drawdown_response * max(0.0, loss - drawdown_tolerance))


@rule
def cash_scale(free_cash_bn: float, minimum_bn: float) -> float:
    """Share of the book a fund keeps when free cash falls below its minimum: cash over minimum."""
    if minimum_bn <= 0.0 or free_cash_bn >= minimum_bn:
        return 1.0
    return max(0.0, free_cash_bn / minimum_bn)


@rule
def cut_at_limits(allowed: float, cut_speed: float) -> float:
    """Share of its book that a fund over its own limits cuts in a day: part of the excess."""
    return cut_speed * max(0.0, 1.0 - allowed)


@rule
def deliverable_bn(packages_bn: float, unencumbered_bn: float, remarked_share: float) -> float:
    """Bonds that a fund can hold to delivery: those that no loan stands on, and those in overnight repo.

    A bond in term repo stays with the lender of cash until its loan ends. Only who is short the future may deliver, so
    a reverse package, long the future, delivers nothing. ``remarked_share`` is the part of repo that is overnight.
    """
    if packages_bn <= 0.0:
        return 0.0
    return unencumbered_bn + remarked_share * (packages_bn - unencumbered_bn)


@rule
def delivery_gain(
    price: float,
    extra_dislocation_bp: float,
    extra_repo_bp: float,
    years_left: float,
    transaction_cost: float,
    net_basis: float,
) -> float:
    """What holding a package to delivery is worth over closing it today, per face.

    Who closes pays the half spread and gives up what the future has still to converge; who waits finances the bond
    until it is delivered, and loses its net basis, nothing for the cheapest bond. So delivery bounds what a
    dislocation costs a fund. Spreads over their opening levels, in bp a year; the half spread is a share of the price.
    """
    converges = (extra_dislocation_bp - extra_repo_bp) * BASIS_POINT * years_left
    return price * (transaction_cost + converges) - net_basis


@rule
def kept_for_delivery_bn(given_up_bn: float, deliverable_bn: float, waiting_bn: float) -> float:
    """Packages given up of a fund's own accord that it keeps for delivery instead: all that it may still deliver.

    ``waiting_bn`` waits for delivery already.
    """
    return min(given_up_bn, max(0.0, deliverable_bn - waiting_bn))


@rule
def spare_cash_bn(cash_bn: float, cash_minimum: float, opening_cash_bn: float) -> float:
    """Cash beyond the minimum that a fund keeps, a share of what it opened with."""
    return max(0.0, cash_bn - cash_minimum * opening_cash_bn)


@rule
def wanted_packages_bn(
    opening_bn: float,
    equity_ratio: float,
    extra_dislocation_bp: float,
    extra_repo_bp: float,
    entry_elasticity: float,
) -> float:
    """Position a fund with no constraint wants: its opening one, scaled by equity and by what the trade pays.

    The trade pays the dislocation less the repo spread, both over their opening levels. A short-basis
    position (negative) wants the reverse. ``entry_elasticity`` is the extra dislocation in bp at which a fund
    wants twice its opening position. Source: H = (1 - rho) b / gamma of the hedge-market equilibrium.
    """
    direction = 1.0 if opening_bn >= 0.0 else -1.0
    per_bp = 1.0 / entry_elasticity  # divided once for all funds
    pays = direction * ((extra_dislocation_bp - extra_repo_bp) * per_bp)
    return opening_bn * max(0.0, equity_ratio) * max(0.0, 1.0 + pays)


@rule
def may_add(cut: float) -> bool:
    """Whether a fund may add to its positions: not while a dealer refuses to roll part of its repo."""
    return cut <= 0.0


@rule
def cash_tied_up(haircut: float, price: float, margin: float, transaction_cost: float) -> float:
    """Cash that one face of a new package ties up: haircut, margin and cost; a negative haircut pays nothing out."""
    return max(0.0, haircut) * price + margin + transaction_cost


@rule
def affordable_purchase_bn(spare_cash_bn: float, cash_per_face: float) -> float:
    """Packages that spare cash can carry, at haircut plus margin per face."""
    return max(0.0, spare_cash_bn) / max(cash_per_face, SMALLEST_STAKE)


@rule
def redemption_request_bn(
    equity_bn: float,
    loss: float,
    redemption_tolerance: float,
    redemption_response: float,
    days_per_month: float,
) -> float:
    """Money investors ask back in a day after a drawdown beyond their tolerance.

    ``redemption_response`` is the share of equity asked back in a month per unit of the excess.
    """
    return redemption_response / days_per_month * max(0.0, loss - redemption_tolerance) * max(0.0, equity_bn)


@rule
def redemption_due_bn(waiting_bn: float, redemption_notice: float) -> float:
    """Paid today of what investors wait for: an even part of it over the average notice, in days."""
    return waiting_bn / redemption_notice


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
    return loan_bn * extra_repo_bp * (BASIS_POINT / days_per_year)


@rule
def other_strategies_bn(
    remaining_bn: float,
    exposure: float,
    equity_change: float,
    credit_change_bp: float,
    other_equity: float,
    other_credit: float,
) -> float:
    """Value of other strategies when equities and credit spreads have moved: funds that hold them are short volatility.

    ``exposure`` is the fund's own, a multiple of the average, negative for one that gains; ``other_equity`` is the
    share lost when equities lose all, ``other_credit`` the share lost when credit spreads rise by 100 bp.
    """
    change = other_equity * equity_change - other_credit * credit_change_bp / 100.0
    return remaining_bn * max(0.0, 1.0 + exposure * change)


@rule
def other_call_bn(fall_bn: float, other_margin: float) -> float:
    """Cash that brokers call for a day's fall in the value of other strategies, or return for a rise.

    ``other_margin`` is the part of it that is settled in cash. Treasuries are then sold to pay for losses elsewhere.
    """
    return other_margin * fall_bn


@rule
def is_insolvent(equity_bn: float) -> bool:
    """Whether nothing is left for the fund's investors."""
    return equity_bn <= 0.0
