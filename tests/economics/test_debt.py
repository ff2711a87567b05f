"""What the Treasury may do with its debt: exchanges into zeros of a hundred years, buy-backs, bills, larger issues."""

from __future__ import annotations

import numpy as np
import pytest

from simulator.engine.parameters import END_INVESTORS, ISSUER
from simulator.scenario.errors import ScenarioError
from tests.economics.shipped import AT_REST, closing_books, opened, played, with_events
from tests.economics.test_ledgers import assert_books_balance
from tests.oracle.variants import CENTURY, DEBT, STORM, shift

TY, ZERO = 0, 1
GIVE_UP = "{type: bond-exchange, day: 2d, amount: %s, bucket: CENTURY, buckets: {TY: 100%%}}"
SELL = "{type: foreign-sale, day: 4d, days: 2d, amount: $60bn, buckets: {TY: 100%}}"


def test_a_zero_of_a_hundred_years_is_priced_to_the_end() -> None:
    """Two hundred half-years at 1%: 13.7 cents a dollar, and 99 years of duration."""
    buckets = opened("toy", *CENTURY).parameters.opening.buckets
    assert buckets.price[ZERO] == pytest.approx(1.01**-200, rel=1e-12)
    assert buckets.duration_years[ZERO] == pytest.approx(100.0 / 1.01, rel=1e-6)


def test_an_exchange_is_worth_the_same_to_both_and_supplies_duration() -> None:
    prepared = opened("toy", *AT_REST, *CENTURY, with_events(GIVE_UP % "$120bn"), "horizon=2d")
    books, opening = closing_books(prepared), prepared.parameters.opening.buckets
    given_up, received = -books.buckets.issued[TY], books.buckets.issued[ZERO]
    assert given_up == pytest.approx(120.0)
    assert received * opening.price[ZERO] == pytest.approx(given_up * opening.price[TY], rel=1e-9)
    assert books.buckets.foreign_bonds[TY] == pytest.approx(300.0 - 120.0)
    assert books.buckets.foreign_bonds[ZERO] == pytest.approx(1.0 + received)
    assert books.accounts.cash[ISSUER] == 0.0
    risk = opening.price_per_bp
    assert received * risk[ZERO] > 14.0 * given_up * risk[TY]  # 99 years of duration for less than seven
    back = opened(
        "toy", *AT_REST, *CENTURY, with_events(GIVE_UP % "$120bn", GIVE_UP % "-$120bn"), "horizon=2d"
    )
    np.testing.assert_allclose(closing_books(back).buckets.issued, 0.0, atol=1e-9)


def test_who_holds_zeros_has_less_to_sell() -> None:
    """Foreigners who exchanged all but $20bn of their notes cannot sell the $60bn that they sold otherwise."""
    free, locked = (
        played("toy", *AT_REST, *CENTURY, with_events(*more, SELL), "horizon=6d")
        for more in ((), (GIVE_UP % "$280bn",))
    )
    assert free.of("foreign_sales")[0].sum() == pytest.approx(60.0)
    assert locked.of("foreign_sales")[0].sum() == pytest.approx(20.0)
    assert locked.of("outright_pressure")[0, -1, TY] < 0.6 * free.of("outright_pressure")[0, -1, TY]


def test_bonds_are_not_exchanged_for_themselves() -> None:
    same = "{type: bond-exchange, day: 2d, amount: $1bn, bucket: TY, buckets: {TY: 100%}}"
    with pytest.raises(
        ScenarioError, match=r"buckets\.TY: bonds exchanged for themselves; allowed: other buckets than TY"
    ):
        opened("toy", with_events(same))


def test_a_buy_back_retires_bonds_of_dealers_first_and_lowers_yields() -> None:
    event = "{type: buy-back, day: 2d, days: 2d, amount: $50bn, bills: 40%}"
    prepared = opened("toy", *AT_REST, with_events(event), "horizon=4d")
    books = closing_books(prepared)
    assert books.buckets.issued[TY] == pytest.approx(-50.0)
    assert books.accounts.cash[ISSUER] == pytest.approx(
        -50.0 * prepared.parameters.opening.buckets.price[TY], rel=0.01
    )
    assert books.accounts.cash[END_INVESTORS] > 40.0
    assert books.buckets.pressure_bp[TY] < -0.1
    assert prepared.schedule.paid_to_government_bn[1:3] == pytest.approx([10.0, 10.0])
    sold_first = with_events("{type: foreign-sale, day: 2d, amount: $50bn}", event)
    both = opened(
        "toy", *AT_REST, sold_first, "dealers.pass_through=0%", "horizon=3d"
    )  # they are served a day late
    assert closing_books(both).buckets.inventory[TY] == pytest.approx(20.0 + 50.0 - 25.0, abs=1.0)


@pytest.mark.parametrize("share", [40.0, -40.0])
def test_bills_take_the_place_of_bonds_and_cash_of_lenders(share: float) -> None:
    auctions = [
        f"{{type: auction, day: {day}d, bucket: TY, amount: $30bn, new_money: 50%}}" for day in (2, 5)
    ]
    bills = f"{{type: bills-for-bonds, day: 4d, share: {share}%}}"
    plain, changed = (opened("toy", with_events(*more, *auctions)).schedule for more in ((), (bills,)))
    part = share / 100.0
    assert changed.auction_bn[1, TY] == plain.auction_bn[1, TY] == 30.0
    assert changed.auction_bn[4, TY] == pytest.approx(30.0 * (1.0 - part))
    assert changed.auction_new_bn[4, TY] == pytest.approx(15.0 * (1.0 - part))
    assert changed.paid_to_government_bn.sum() - plain.paid_to_government_bn.sum() == pytest.approx(
        30.0 * part
    )


@pytest.mark.parametrize(("rise_bp", "issued_bn"), [(100, 36.0), (-100, 24.0)])
def test_issues_grow_with_the_interest_on_the_debt(rise_bp: int, issued_bn: float) -> None:
    auction = "{type: auction, day: 3d, bucket: TY, amount: $30bn, yield_response: 20%}"
    books = closing_books(opened("toy", *AT_REST, with_events(shift(2, rise_bp), auction), "horizon=3d"))
    assert books.buckets.issued[TY] == pytest.approx(
        issued_bn, rel=0.02
    )  # pressure has moved yields a little too


def test_a_small_issue_is_sold_too() -> None:
    auction = "{type: auction, day: 2d, bucket: TY, amount: $10mn, new_money: 0%, yield_response: 0%}"
    books = closing_books(opened("toy", *AT_REST, with_events(auction), "horizon=3d"))
    assert books.buckets.issued[TY] == pytest.approx(0.01, abs=1e-12)


def test_books_balance_when_all_of_it_happens_in_a_storm() -> None:
    assert_books_balance(played("toy", *STORM, *DEBT, paths=2, audit=True))
