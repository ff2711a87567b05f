"""Credit basis: the worked examples, and the decomposition against the legs one by one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.literature import credit_arithmetic as credit

BASIS, YEARS, DURATION = -0.0100, 0.5, 4.5


def test_worked_example() -> None:
    assert credit.credit_carry(BASIS, YEARS) == pytest.approx(0.0050)
    assert 1e4 * credit.credit_breakeven_change(BASIS, YEARS, DURATION) == pytest.approx(-11.1, abs=0.05)
    widened = credit.credit_basis_return(BASIS, -0.0050, YEARS, DURATION)
    assert widened == pytest.approx(-0.0175)
    assert credit.credit_convergence(-0.0050, DURATION) == pytest.approx(-0.0225)
    assert credit.credit_return_to_maturity(BASIS, 5.0) == pytest.approx(0.0500)


def test_higher_margins_force_a_sale_before_the_convergence() -> None:
    before, after = credit.credit_margin(0.05, 0.0), credit.credit_margin(0.25, 0.0)
    assert (credit.credit_leverage(before), credit.credit_leverage(after)) == (20.0, 4.0)
    loss = credit.credit_basis_return(BASIS, -0.0050, YEARS, DURATION)
    assert credit.credit_capital_return(loss, 0.0, before) == pytest.approx(-0.35)
    assert credit.credit_capital_return(loss, 0.0, after) == pytest.approx(-0.07)
    assert credit.credit_share_sold(before, after) == pytest.approx(0.80)
    assert credit.credit_share_sold(after, before) == 0.0


def test_forced_exit_comes_when_the_spare_capital_is_lost() -> None:
    exit_change = credit.credit_exit_change(0.08, 0.05, DURATION)
    assert 1e4 * exit_change == pytest.approx(-66.67, abs=0.01)
    assert credit.credit_convergence(exit_change, DURATION) == pytest.approx(-0.03)


@given(
    st.floats(0.0, 0.1),
    st.floats(0.0, 0.1),
    st.floats(0.0, 0.1),
    st.floats(-0.02, 0.02),
    st.floats(-0.02, 0.02),
)
def test_return_is_the_sum_of_its_three_legs(
    spread: float, bond: float, treasury: float, bond_change: float, spread_change: float
) -> None:
    legs = (
        (bond * YEARS - DURATION * bond_change)
        + (-treasury * YEARS)
        + (-spread * YEARS + DURATION * spread_change)
    )
    basis = credit.credit_basis(spread, bond, treasury)
    change = credit.credit_basis(spread_change, bond_change, 0.0)
    assert credit.credit_basis_return(basis, change, YEARS, DURATION) == pytest.approx(legs, abs=1e-15)
    even = credit.credit_breakeven_change(basis, YEARS, DURATION)
    assert credit.credit_basis_return(basis, even, YEARS, DURATION) == pytest.approx(0.0, abs=1e-15)
