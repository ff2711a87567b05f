"""Trade arithmetic: the worked examples to the digits printed, and what must hold between them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.basis.rows import basis_rows
from simulator.basis.trades import (
    basis_trade_profit,
    breakeven_overnight_move_bp,
    breakeven_repo_move_bp,
    calendar_spread,
    cash_drain,
    leverage_limit,
    rate_on_day_count,
    repo_chain,
    smallest_exact_hedge,
    whole_hedge,
)
from simulator.contracts import CONTRACTS

TY, CHINESE = CONTRACTS["TY"], CONTRACTS["T"]


def test_repo_chain_of_the_worked_example() -> None:
    chain = repo_chain(100.0, 0.2, (100.0, 80.0, 60.0))
    assert chain.borrowed == (80.0, 64.0, 48.0)
    assert (chain.total_borrowed, chain.position, chain.leverage) == (192.0, 292.0, 1.92)
    assert chain.unpledged == 52.0  # 4 of the third round and the 48 it bought


@given(st.floats(0.01, 0.5), st.integers(1, 40))
def test_chain_that_pledges_everything_nears_the_limit(haircut: float, rounds: int) -> None:
    pledged = [100.0 * (1.0 - haircut) ** k for k in range(rounds)]
    chain = repo_chain(100.0, haircut, pledged)
    limit = 100.0 * leverage_limit(haircut)
    assert chain.position == pytest.approx(limit * (1.0 - (1.0 - haircut) ** (rounds + 1)))
    assert chain.position < limit


def test_repo_chain_cannot_pledge_what_is_not_there() -> None:
    with pytest.raises(ValueError, match=r"^round 2 pledges 81 of 80; pledge what is there\.$"):
        repo_chain(100.0, 0.2, (100.0, 81.0))
    with pytest.raises(ValueError, match=r"haircut is 1\.0; it must be at least 0"):
        repo_chain(100.0, 1.0, (100.0,))


@pytest.mark.parametrize(("factor", "lots"), [(1.02, (50, 51)), (1.022, (500, 511)), (1.025, (40, 41))])
def test_whole_contract_ratios(factor: float, lots: tuple[int, int]) -> None:
    assert smallest_exact_hedge(factor) == lots
    face = lots[0] * CHINESE.face
    hedge = whole_hedge(CHINESE, factor, face, 1.0)
    assert hedge.contracts == lots[1]
    assert hedge.residual_face == pytest.approx(0.0, abs=1e-6 * face)


def test_residual_of_a_rounded_hedge() -> None:
    """Factor 1.022 on 50 lots asks for 51.1 contracts: the tenth left open is 0.2% of the bonds."""
    hedge = whole_hedge(CHINESE, 1.022, 50e6, 40_000.0)
    assert (hedge.contracts, hedge.exact_contracts) == (51, pytest.approx(51.1))
    assert hedge.residual_face / 50e6 == pytest.approx(0.1 / 51.1)
    assert hedge.residual_dv01 == pytest.approx(40_000.0 * 0.1 / 51.1)
    short = whole_hedge(CHINESE, 1.022, -50e6, -40_000.0)
    assert (short.contracts, short.residual_face) == (-51, pytest.approx(-hedge.residual_face))
    with pytest.raises(ValueError, match="conversion_factor must be positive"):
        whole_hedge(TY, 0.0, 1e6, 1.0)


def test_one_tick_of_basis_on_a_billion() -> None:
    """312,500 a thirty-second; at 56 times leverage ten of them are 17.5% of equity."""
    profit = basis_trade_profit(1e9, -1.0 / 32.0, 0.0, 0.0, 0.0, 0.25)
    assert profit.total == -312_500.0
    equity = 1e9 / 56.0
    assert -10.0 * profit.total / equity == pytest.approx(0.175)


def test_initial_margin_shock_on_a_billion() -> None:
    contracts = whole_hedge(TY, 1.0, 1e9, 0.0).contracts
    call = contracts * (1850.0 - 1150.0)
    assert call == 7.0e6
    assert call / (1e9 / 56.0) == pytest.approx(0.39, abs=5e-3)


@given(st.floats(-2.0, 2.0), st.floats(-1.0, 2.0), st.floats(-1e5, 1e5), st.floats(-50.0, 50.0))
def test_short_basis_earns_what_long_basis_loses(
    basis: float, carry: float, residual: float, move: float
) -> None:
    long = basis_trade_profit(1e8, basis, carry, 0.0, 0.0, 0.25, residual, move)
    short = basis_trade_profit(-1e8, basis, carry, 0.0, 0.0, 0.25, -residual, move)
    assert long.total == pytest.approx(-short.total, abs=1e-6)
    assert long.total == long.basis + long.carry + long.margin_financing + long.residual


def test_margin_is_financed() -> None:
    profit = basis_trade_profit(1e9, 0.0, 0.0, 20e6, 5.0, 90.0 / 360.0)
    assert profit.total == profit.margin_financing == pytest.approx(-250_000.0)


def test_basis_held_to_delivery_earns_the_implied_repo_over_repo() -> None:
    """Carry less the gross basis given up, per 100 of bond, is the spread of implied over actual repo."""
    row = basis_rows(
        "TY", "2025-06-01", 4.125, 2, "2032-11-15", "2025-05-20", "2025-06-30", 100.5, 111.8, 4.3
    )
    profit = basis_trade_profit(100.0, -float(row.gross_basis[0]), float(row.carry[0]), 0.0, 0.0, 0.0)
    spread_bp = breakeven_repo_move_bp(float(row.implied_repo_pct[0]), 4.3)
    assert profit.total == pytest.approx(float(row.dirty_price[0]) * spread_bp * 1e-4 * 41 / 360, abs=1e-12)
    broken = basis_rows(
        "TY",
        "2025-06-01",
        4.125,
        2,
        "2032-11-15",
        "2025-05-20",
        "2025-06-30",
        100.5,
        111.8,
        4.3 + spread_bp / 100,
    )
    assert broken.net_basis[0] == pytest.approx(0.0, abs=1e-12)


def test_late_rise_of_overnight_repo_must_be_larger_to_break_the_trade() -> None:
    assert breakeven_overnight_move_bp(4.6, 4.3, 90.0, 0.0) == pytest.approx(30.0)
    assert breakeven_overnight_move_bp(4.6, 4.3, 90.0, 60.0) == pytest.approx(90.0)
    with pytest.raises(ValueError, match="days_passed must be fewer"):
        breakeven_overnight_move_bp(4.6, 4.3, 90.0, 90.0)


def test_rally_drains_cash_from_a_book_that_loses_nothing() -> None:
    drain = cash_drain(850_000.0, 850_000.0, -85.0, 0.0, 0.02)
    assert (drain.variation_margin, drain.net, drain.profit) == (72_250_000.0, 72_250_000.0, 0.0)
    remarked = cash_drain(850_000.0, 850_000.0, -85.0, 0.9, 0.02)
    assert remarked.net == pytest.approx(72_250_000.0 * (1.0 - 0.9 * 0.98))
    assert cash_drain(1.0, 1.0, 10.0, 0.0, 0.0).net == -10.0  # a sell-off brings cash in


def test_calendar_spread_and_the_forward_repo_it_implies() -> None:
    """Deliver in September what June delivered: financed at the implied rate the roll earns nothing."""
    front, back = 110.5, 110.25
    front_invoice, back_invoice = front * 0.9 + 1.1, back * 0.9025 + 1.0
    roll = calendar_spread(TY, front, back, front_invoice, back_invoice, 2.0, 2.0 * 46.0, 92.0)
    assert (roll.spread, roll.spread_ticks) == (0.25, 16.0)
    rate = roll.implied_forward_repo_pct / 100.0
    owed = front_invoice * (1 + rate * 92 / 360) - 2.0 * (1 + rate * 46 / 360)
    assert owed == pytest.approx(back_invoice, abs=1e-12)
    with pytest.raises(ValueError, match="back delivery must come after"):
        calendar_spread(TY, front, back, front_invoice, back_invoice, 0.0, 0.0, 0.0)


def test_rates_on_other_day_counts() -> None:
    assert rate_on_day_count(5.0, 360.0, 365.0) == pytest.approx(5.069444, abs=1e-6)
    assert rate_on_day_count(rate_on_day_count(3.1, 365.0, 360.0), 360.0, 365.0) == pytest.approx(3.1)
