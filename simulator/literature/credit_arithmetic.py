"""The credit basis: a corporate bond against its credit default swap.

A negative basis trade holds the bond, sells a Treasury of the same maturity short and buys protection:
it earns the basis as carry and the convergence of the basis to zero, and it loses when the basis
widens. Because each leg is margined, a widening or a higher margin can force it out before the
convergence comes: the same spiral as in Treasuries, with other numbers.

Spreads, yields and bases are decimals a year (-0.01 is -100 bp); durations and times in years;
returns and margins are shares of the bond's face.

Source: the decomposition of the basis return into carry and convergence, re-derived from the three
legs with flat curves; Bai and Collin-Dufresne (2019), *The CDS-Bond Basis*.
"""

from __future__ import annotations

from simulator.rule import rule


@rule
def credit_basis(cds_spread: float, bond_yield: float, treasury_yield: float) -> float:
    """Swap spread less the bond's yield spread: negative where the bond is the cheaper protection."""
    return cds_spread - (bond_yield - treasury_yield)


@rule
def credit_carry(basis: float, years: float) -> float:
    """Earned by holding a negative basis for a time, its level unchanged."""
    return -basis * years


@rule
def credit_convergence(basis_change: float, exit_duration_years: float) -> float:
    """Gain on the legs' prices when the basis moves: positive when it rises towards zero."""
    return exit_duration_years * basis_change


@rule
def credit_basis_return(basis: float, basis_change: float, years: float, exit_duration_years: float) -> float:
    """Return of a negative basis trade: carry and convergence."""
    return credit_carry(basis, years) + credit_convergence(basis_change, exit_duration_years)


@rule
def credit_return_to_maturity(basis: float, years_to_maturity: float) -> float:
    """Return when held until the bond matures, where the basis is zero: all of it is carry."""
    return credit_carry(basis, years_to_maturity)


@rule
def credit_breakeven_change(basis: float, years: float, exit_duration_years: float) -> float:
    """Change of the basis at which carry is just lost: a widening when negative."""
    return basis * years / exit_duration_years


@rule
def credit_margin(bond_haircut: float, swap_margin: float) -> float:
    """Own capital tied up by both legs."""
    return bond_haircut + swap_margin


@rule
def credit_capital_return(basis_return: float, funding_cost: float, margin: float) -> float:
    """Return on the capital behind the margins."""
    return (basis_return - funding_cost) / margin


@rule
def credit_leverage(margin: float) -> float:
    """Face carried by a unit of capital that is all in margin."""
    return 1.0 / margin


@rule
def credit_exit_change(capital: float, margin_required: float, exit_duration_years: float) -> float:
    """Change of the basis at which capital no longer covers the margin and the trade is closed."""
    return -(capital - margin_required) / exit_duration_years


@rule
def credit_share_sold(margin_before: float, margin_after: float) -> float:
    """Share of a fully levered position that a rise in margins forces out, prices unchanged."""
    return max(1.0 - margin_before / margin_after, 0.0)
