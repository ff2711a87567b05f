"""Repo has a price for each dealer; settlements and taxes drain lenders; who is called for margin holds less."""

from __future__ import annotations

import re

import numpy as np
import pytest

from simulator.engine.opening.prepare import Prepared
from simulator.engine.parameters import ISSUER
from simulator.engine.state import State
from simulator.scenario.errors import ScenarioError
from tests.economics.shipped import closing_books, opened, played

QUIET = ("drivers.noise=0.0", "central_bank.hedged.mode=off", "central_bank.outright.mode=off")
DAY = 3
NAMED = "dealer 5"


def at_close(*settings: str, name: str = "calm", days: int = DAY) -> tuple[Prepared, State]:
    prepared = opened(name, *QUIET, f"horizon={days}d", *settings)
    return prepared, closing_books(prepared)


def leaves(share: str, dealers: str = f"[{NAMED}]") -> str:
    return f"events=[{{type: lender-withdrawal, day: {DAY}d, share: {share}, dealers: {dealers}}}]"


def test_all_dealers_pay_the_same_while_nothing_happens() -> None:
    _, books = at_close("events=[]")
    assert np.abs(books.dealers.over_average_bp).max() < 1e-9
    assert np.abs(books.funds.repo_over_average_bp).max() < 1e-9


def test_a_dealer_whose_lenders_leave_pays_more_and_so_do_its_clients() -> None:
    prepared, books = at_close(leaves("12%"))
    place = prepared.dealers.index(NAMED)
    over = books.dealers.over_average_bp
    assert over[place] > 1.0
    assert (np.delete(over, place) < 0.0).all()
    assert books.seen.repo_highest_bp[0] == books.dealers.repo_bp[place]
    shares = prepared.parameters.opening.funds.client_share
    np.testing.assert_allclose(books.funds.repo_over_average_bp, over @ shares, atol=1e-12)


def test_the_market_rate_is_the_average_of_the_dealers_by_what_they_ask_of_lenders() -> None:
    _, books = at_close(leaves("12%"))
    asked = books.dealers.from_lenders
    average = float(asked @ books.dealers.repo_bp / asked.sum())
    assert books.fundings.wholesale_bp[0] == pytest.approx(average, rel=1e-12)
    assert float(asked @ books.dealers.over_average_bp) == pytest.approx(0.0, abs=1e-9)


def test_dispersion_moves_capital_between_dealers_and_adds_none() -> None:
    """What all dealers earn is what clients paid less what lenders got, to a dollar in a hundred billion."""
    run = played("calm", *QUIET, "horizon=6d", leaves("12%"), audit=True)
    assert run.result.audit_worst.max() < 1e-9


def test_a_dealer_that_borrows_more_is_given_more_after_some_weeks_and_keeps_what_was_committed() -> None:
    drawn = "events=[{type: client-repo-demand, day: 1d, amount: $200bn}]"
    _, soon = at_close(drawn, days=2)
    _, later = at_close(drawn, days=40)
    assert (later.dealers.lenders_limit > soon.dealers.lenders_limit).all()
    assert later.fundings.wholesale_bp[0] < soon.fundings.wholesale_bp[0] - 1.0
    _, repaid = at_close("events=[{type: client-repo-demand, day: 1d, amount: -$200bn}]", days=40)
    np.testing.assert_allclose(repaid.dealers.lenders_limit, 1.0, atol=1e-12)


def test_taxes_take_the_same_share_of_every_offer_and_come_back() -> None:
    taxes = f"events=[{{type: cash-drain, day: {DAY}d, amount: $200bn}}]"
    prepared, books = at_close(taxes)
    _, calm = at_close("events=[]")
    missing = 200.0 / prepared.parameters.opening.lenders.limits_bn[0]
    np.testing.assert_allclose(books.dealers.offer / calm.dealers.offer, 1.0 - missing, rtol=1e-9)
    assert books.fundings.wholesale_bp[0] > calm.fundings.wholesale_bp[0] + 1.0
    half_life = int(prepared.parameters.lenders.drain_half_life)
    _, later = at_close(taxes, days=DAY + half_life)
    assert later.others.drained[0] == pytest.approx(100.0, rel=1e-12)


def test_a_refund_is_the_mirror_of_a_tax() -> None:
    event = "events=[{{type: cash-drain, day: 3d, days: 2d, amount: {}}}]"
    _, taxed = at_close(event.format("$200bn"), days=4)
    _, refunded = at_close(event.format("-$200bn"), days=4)
    assert taxed.others.drained[0] == pytest.approx(-refunded.others.drained[0])
    assert refunded.fundings.wholesale_bp[0] < taxed.fundings.wholesale_bp[0]


def test_new_money_of_an_auction_is_missing_from_its_settlement_on() -> None:
    auction = "{type: auction, day: 2d, maturity: 10y, amount: $40bn, new_money: 30%"
    prepared, before = at_close(f"events=[{auction}, settles: 4d}}]")
    assert before.others.drained[0] == 0.0
    _, settled = at_close(f"events=[{auction}, settles: 4d}}]", days=4)
    assert settled.others.drained[0] == pytest.approx(prepared.parameters.lenders.drain_share * 12.0)
    _, unsaid = at_close(f"events=[{auction}}}]", days=4)
    assert unsaid.others.drained[0] == 0.0


def test_an_auction_cannot_settle_before_it_is_held() -> None:
    event = "events=[{type: auction, day: 5d, maturity: 10y, amount: $40bn, settles: 4d}]"
    with pytest.raises(ScenarioError, match=re.escape("an auction of day 5 that settles on day 4")):
        opened("calm", event)


def test_the_facility_is_used_by_one_dealer_after_the_other_as_lenders_get_dearer() -> None:
    open_now = "central_bank.standing_repo={open: true, spread: 5bp, stigma: 40bp, capacity: $1tn}"
    users = []
    for share in ("9%", "11%", "12%", "13%", "20%"):
        _, books = at_close(open_now, leaves(share, "[]"), days=DAY + 1)
        users.append(int((books.dealers.at_facility > 0.0).sum()))
        assert books.others.facility[0] == pytest.approx(books.dealers.at_facility.sum())
    assert users == sorted(users)
    assert len(set(users)) > 2
    assert users[-1] == len(books.dealers.at_facility)


def test_a_facility_that_is_too_small_serves_all_the_same_share() -> None:
    small = "central_bank.standing_repo={open: true, spread: 0bp, capacity: $30bn}"
    _, books = at_close(small, leaves("30%", "[]"), days=DAY + 1)
    assert books.others.facility[0] == pytest.approx(30.0)


def test_other_hedgers_hold_less_when_margins_are_dear_and_come_back() -> None:
    dear = "events=[{{type: margin-step, day: 2d, multiple: 2x}}{}]"
    prepared, books = at_close(dear.format(""))
    opening = prepared.parameters.opening.hedges.other_hedgers_bn
    ratio = books.hedges.margin / prepared.parameters.opening.hedges.margin
    response = prepared.parameters.other_hedgers.margin_response
    np.testing.assert_allclose(books.hedges.others, opening * ratio**-response, rtol=1e-9)
    assert (np.abs(books.hedges.others) < np.abs(opening)).all()
    _, eased = at_close(dear.format(", {type: margin-step, day: 3d, multiple: 0.5x}"))
    np.testing.assert_allclose(eased.hedges.others, opening, rtol=0.02)


def test_managers_who_sell_treasuries_buy_part_of_their_duration_back_in_futures() -> None:
    redeemed = "events=[{type: redemption, who: asset-managers, day: 3d, share: 2%}]"
    kept, plain = (
        at_close(redeemed, f"asset_managers.duration_kept={share}", "asset_managers.futures_cut=0x")[1]
        for share in ("50%", "0%")
    )
    sold = plain.buckets.end_bonds.sum()
    assert sold != 0.0
    more = (kept.hedges.wanted - plain.hedges.wanted).sum()
    bonds = plain.managers.bonds.sum() - at_close("events=[]")[1].managers.bonds.sum()
    assert more == pytest.approx(-0.5 * bonds, rel=1e-6)


def test_dealers_gain_the_tail_of_what_they_take_at_auction() -> None:
    event = (
        "events=[{type: auction, day: 3d, maturity: 10y, amount: $60bn, dealer_share: 50%, bidder_noise: 0%}]"
    )
    prepared, books = at_close(event)
    place = int(np.argmax(books.seen.tail_bp))
    per_face = prepared.parameters.opening.buckets.price_per_bp[place] * books.seen.tail_bp[place]
    assert books.seen.tail_bp[place] > 0.5
    paid = 60.0 * (books.buckets.price[place] - per_face)
    assert books.accounts.cash[ISSUER] == pytest.approx(paid, rel=1e-9)
