"""Directions and limits of the rules, where these say more than figures do: amounts drawn at random, plain Python."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.agents import (
    asset_manager,
    cash_lender,
    central_bank,
    clearing_house,
    dealer,
    foreign_holder,
    hedge_fund,
    other_hedger,
)
from simulator.market import auction, cash_market, hedge_market
from tests.cases.plain import Plain

FUND, DEALER, MANAGER, LENDER, OTHERS = (
    Plain(each) for each in (hedge_fund, dealer, asset_manager, cash_lender, other_hedger)
)
HOUSE, CENTRAL, FOREIGN, CASH, AUCTION, HEDGE = (
    Plain(each) for each in (clearing_house, central_bank, foreign_holder, cash_market, auction, hedge_market)
)

repeatably = settings(max_examples=60)
AMOUNTS = st.floats(0.0, 2_000.0)
BALANCES = st.floats(-500.0, 500.0)
SHARES = st.floats(0.0, 1.0)
#: Shares by which is divided: nothing, or as much as can be told from it.
PARTS = st.just(0.0) | st.floats(1e-9, 1.0)
SPREADS = st.floats(-300.0, 300.0)
RATIOS = st.floats(0.1, 5.0)
MARGINS = st.floats(0.001, 0.1)


@repeatably
@given(shortfall=AMOUNTS, more=AMOUNTS, released=st.floats(-0.1, 0.5), held=AMOUNTS)
def test_a_forced_sale_is_within_the_position_and_rises_with_the_shortfall(
    shortfall: float, more: float, released: float, held: float
) -> None:
    sale = FUND.forced_sale_bn(shortfall, released, held)
    assert 0.0 <= sale <= held
    assert FUND.forced_sale_bn(shortfall + more, released, held) >= sale
    assert sale == 0.0 or sale == held or sale * released == pytest.approx(shortfall)


@repeatably
@given(price=st.floats(0.5, 1.5), loan=st.floats(0.4, 1.4), margin=MARGINS, cost=st.floats(0.0, 0.01))
def test_a_larger_loan_or_cost_frees_less_cash_and_more_margin_frees_more(
    price: float, loan: float, margin: float, cost: float
) -> None:
    base = FUND.cash_released(price, loan, margin, cost)
    assert FUND.cash_released(price, loan + 0.01, margin, cost) < base
    assert FUND.cash_released(price, loan, margin, cost + 0.01) < base
    assert FUND.cash_released(price, loan, margin + 0.01, cost) > base


@repeatably
@given(price=st.floats(0.5, 1.5), loan=st.floats(0.4, 1.4), margin=MARGINS, cost=st.floats(0.0, 0.01))
def test_a_cover_is_the_mirror_of_a_sale(price: float, loan: float, margin: float, cost: float) -> None:
    sale = FUND.cash_released(price, loan, margin, cost) - margin
    cover = FUND.cash_released_by_cover(price, loan, margin, -cost) - margin
    assert cover == pytest.approx(-sale, abs=1e-12)
    both = FUND.cash_released(price, loan, margin, cost) + FUND.cash_released_by_cover(
        price, loan, margin, cost
    )
    assert both == pytest.approx(2.0 * (margin - price * cost), abs=1e-12)


@repeatably
@given(allowed=st.floats(0.0, 2.0), speed=SHARES)
def test_a_cut_never_takes_a_book_below_what_its_limits_allow(allowed: float, speed: float) -> None:
    cut = FUND.cut_at_limits(allowed, speed)
    assert cut >= 0.0
    assert 1.0 - cut >= min(1.0, allowed) - 1e-12
    assert FUND.cut_at_limits(allowed, 1.0) == pytest.approx(max(0.0, 1.0 - allowed))


@repeatably
@given(cash=BALANCES, minimum=SHARES, opening=AMOUNTS, haircut=st.floats(-0.1, 0.5), margin=MARGINS)
def test_what_a_fund_buys_leaves_it_its_minimum(
    cash: float, minimum: float, opening: float, haircut: float, margin: float
) -> None:
    spare = FUND.spare_cash_bn(cash, minimum, opening)
    tied_up = FUND.cash_tied_up(haircut, 0.98, margin, 0.0005)
    assert tied_up >= margin
    left = cash - FUND.affordable_purchase_bn(spare, tied_up) * tied_up
    assert spare >= 0.0
    assert left >= min(cash, minimum * opening) - 1e-9


@repeatably
@given(waiting=AMOUNTS, notice=st.integers(1, 60))
def test_what_investors_are_paid_is_never_more_than_waits_and_lasts_the_notice(
    waiting: float, notice: int
) -> None:
    due = FUND.redemption_due_bn(waiting, float(notice))
    assert 0.0 <= due <= waiting
    assert due * notice == pytest.approx(waiting)


@repeatably
@given(book=AMOUNTS, equity=BALANCES, leverage=st.floats(1.0, 60.0), headroom=SHARES)
def test_a_book_cut_to_its_leverage_limit_is_at_the_limit(
    book: float, equity: float, leverage: float, headroom: float
) -> None:
    limit = max(0.0, leverage * (1.0 + headroom) * equity)
    assert book * FUND.leverage_scale(book, equity, leverage, headroom) == pytest.approx(min(book, limit))


@repeatably
@given(risk=AMOUNTS, equity=BALANCES, opening=SHARES, headroom=SHARES)
def test_a_book_cut_to_its_risk_limit_is_at_the_limit(
    risk: float, equity: float, opening: float, headroom: float
) -> None:
    limit = max(0.0, opening * (1.0 + headroom) * equity)
    assert risk * FUND.value_at_risk_scale(risk, equity, opening, headroom) == pytest.approx(min(risk, limit))


@repeatably
@given(equity=BALANCES, peak=BALANCES, lost=AMOUNTS, tolerance=SHARES, response=st.floats(0.0, 5.0))
def test_a_fund_that_lost_more_keeps_no_more_of_its_book(
    equity: float, peak: float, lost: float, tolerance: float, response: float
) -> None:
    before, after = FUND.drawdown(equity, peak), FUND.drawdown(equity - lost, peak)
    assert after >= before >= 0.0
    kept = FUND.drawdown_scale(before, tolerance, response)
    assert 1.0 >= kept >= FUND.drawdown_scale(after, tolerance, response) >= 0.0


@repeatably
@given(cash=BALANCES, more=AMOUNTS, minimum=BALANCES)
def test_more_free_cash_never_keeps_less_of_the_book(cash: float, more: float, minimum: float) -> None:
    assert 0.0 <= FUND.cash_scale(cash, minimum) <= FUND.cash_scale(cash + more, minimum) <= 1.0


@repeatably
@given(opening=AMOUNTS, equity=st.floats(-1.0, 2.0), extra=SPREADS, repo=SPREADS, elasticity=MARGINS)
def test_a_short_position_is_the_mirror_of_a_long_one(
    opening: float, equity: float, extra: float, repo: float, elasticity: float
) -> None:
    elasticity_bp = 1_000.0 * elasticity
    long = FUND.wanted_packages_bn(opening, equity, extra, repo, elasticity_bp)
    short = FUND.wanted_packages_bn(-opening, equity, -extra, -repo, elasticity_bp)
    assert short == -long
    assert long >= 0.0
    assert FUND.wanted_packages_bn(opening, equity, extra + 1.0, repo, elasticity_bp) >= long
    assert FUND.wanted_packages_bn(opening, equity, extra, repo + 1.0, elasticity_bp) <= long


@repeatably
@given(opening=BALANCES)
def test_a_market_at_rest_leaves_every_position_as_it_is(opening: float) -> None:
    assert FUND.wanted_packages_bn(opening, 1.0, 0.0, 0.0, 50.0) == opening
    assert FUND.convergence_bn(opening, 0.0, 252.0) == 0.0
    assert FUND.extra_interest_bn(opening, 0.0, 360.0) == 0.0
    assert FUND.other_strategies_bn(opening, 1.5, 0.0, 0.0, 0.15, 0.005) == opening
    assert FUND.other_call_bn(0.0, 0.3) == 0.0
    assert MANAGER.futures_demand_bn(opening, 0.0, 0.05) == opening


@repeatably
@given(net=BALANCES, loss=st.floats(-1.0, 2.0), tolerance=SHARES)
def test_no_fund_asks_for_redemption_without_a_loss_beyond_its_tolerance(
    net: float, loss: float, tolerance: float
) -> None:
    asked = FUND.redemption_request_bn(net, loss, tolerance, 0.84, 21.0)
    assert asked >= 0.0
    assert asked == 0.0 or (net > 0.0 and loss > tolerance)


@repeatably
@given(net=BALANCES, ratio=RATIOS, more=RATIOS, loss=st.floats(-0.5, 0.5), tolerance=st.floats(0.0, 3.0))
def test_a_managers_investors_ask_for_more_in_fear_and_for_losses_and_bring_money_for_gains(
    net: float, ratio: float, more: float, loss: float, tolerance: float
) -> None:
    asked = MANAGER.redemption_bn(net, ratio, 0.001, loss, 0.1, tolerance)
    assert MANAGER.redemption_bn(net, ratio + more, 0.001, loss, 0.1, tolerance) >= asked
    assert MANAGER.redemption_bn(net, ratio, 0.001, loss + 0.1, 0.1, tolerance) >= asked
    calm = MANAGER.redemption_bn(net, min(ratio, tolerance), 0.001, loss, 0.1, tolerance)
    assert calm == -MANAGER.redemption_bn(net, min(ratio, tolerance), 0.001, -loss, 0.1, tolerance)


@repeatably
@given(redeemed=BALANCES, cash=BALANCES, opening=AMOUNTS, outflow=BALANCES, hoarding=SHARES, speed=SHARES)
def test_a_manager_that_raises_what_it_wants_closes_part_of_the_gap_to_the_cash_it_wants(
    redeemed: float, cash: float, opening: float, outflow: float, hoarding: float, speed: float
) -> None:
    wanted = MANAGER.precautionary_cash_bn(opening, outflow, hoarding)
    assert wanted >= opening
    raised = MANAGER.cash_to_raise_bn(redeemed, cash, wanted, speed)
    after = cash + raised - redeemed
    assert wanted - after == pytest.approx((1.0 - speed) * (wanted - cash), abs=1e-9)


@repeatably
@given(raised=BALANCES, treasuries=BALANCES, use=SHARES, pace=SHARES)
def test_a_manager_sells_no_more_treasuries_than_its_pace_and_buys_only_to_invest(
    raised: float, treasuries: float, use: float, pace: float
) -> None:
    sold = MANAGER.treasuries_sold_bn(raised, treasuries, use, pace)
    assert sold <= pace * max(0.0, treasuries)
    assert abs(sold) <= use * abs(raised)
    assert sold * raised >= 0.0


@repeatably
@given(cash=BALANCES, more=AMOUNTS, wanted=BALANCES)
def test_more_cash_never_makes_managers_respond_less_to_dear_futures(
    cash: float, more: float, wanted: float
) -> None:
    response = MANAGER.price_response(cash, wanted)
    assert 0.1 <= response <= MANAGER.price_response(cash + more, wanted) <= 1.0
    assert cash < wanted or response == 1.0


@repeatably
@given(waiting=BALANCES, lag=st.integers(1, 60))
def test_what_waits_is_adjusted_in_part_and_lasts_the_lag(waiting: float, lag: int) -> None:
    today = MANAGER.adjusted_today_bn(waiting, float(lag))
    assert today * lag == pytest.approx(waiting)
    assert abs(waiting - today) <= abs(waiting)


@repeatably
@given(
    kink=st.floats(0.1, 1.2),
    per_bp=st.floats(0.0, 0.05),
    below=st.floats(0.1, 10.0),
    steeper=st.floats(0.0, 500.0),
    away=st.floats(-0.5, 0.5),
    ceiling=st.floats(0.0, 200.0),
)
def test_dealers_cost_at_clearing_is_the_cost_of_the_use_they_end_with_and_has_no_jump(
    kink: float, per_bp: float, below: float, steeper: float, away: float, ceiling: float
) -> None:
    slopes = (kink, below, below + steeper, ceiling)
    use = kink + per_bp * below * kink  # at this use without charge, dealers who are charged end at the kink
    cost = DEALER.cost_at_clearing_bp(use + away, per_bp, *slopes)
    ends_at = use + away - per_bp * cost
    assert cost == pytest.approx(CASH.balance_sheet_cost_bp(ends_at, *slopes), rel=1e-9, abs=1e-9)
    left, right = (DEALER.cost_at_clearing_bp(use + step, per_bp, *slopes) for step in (-1e-12, 1e-12))
    assert right - left == pytest.approx(0.0, abs=1e-8)


@repeatably
@given(gap=AMOUNTS, over=AMOUNTS, speed=SHARES, unnetted=st.floats(0.01, 1.0), lent=BALANCES, weak=RATIOS)
def test_what_dealers_take_back_covers_their_gap_and_is_never_more_than_they_lent(
    gap: float, over: float, speed: float, unnetted: float, lent: float, weak: float
) -> None:
    taken = DEALER.taken_from_clients_bn(gap, over, speed, unnetted)
    assert taken >= gap
    assert taken * unnetted >= speed * over * (1.0 - 1e-12)
    assert 0.0 <= DEALER.client_cut_share(taken, lent, weak) <= 1.0


@repeatably
@given(
    opening=st.floats(-0.02, 0.1),
    floor=st.floats(-0.02, 0.1),
    ratio=RATIOS,
    more=RATIOS,
    weakness=st.floats(0.0, 0.02),
    weaker=st.floats(0.0, 0.02),
)
def test_a_haircut_is_never_below_its_floor_and_rises_with_volatility_and_weakness(
    opening: float, floor: float, ratio: float, more: float, weakness: float, weaker: float
) -> None:
    def asked(ratio: float, weakness: float) -> float:
        return float(DEALER.haircut(opening, floor, DEALER.fear_of_volatility(ratio, 0.01), weakness))

    before = asked(ratio, weakness)
    assert before >= floor
    assert asked(ratio + more, weakness) >= before
    assert asked(ratio, weakness + weaker) >= before
    assert asked(1.0, 0.0) == max(floor, opening)


@repeatably
@given(loan=BALANCES, cut=SHARES, remarked=SHARES, matured=SHARES)
def test_what_is_refused_is_never_more_than_the_loan_nor_than_what_matures(
    loan: float, cut: float, remarked: float, matured: float
) -> None:
    maturing = DEALER.maturing_share(remarked, matured)
    assert max(remarked, matured) - 1e-12 <= maturing <= 1.0 + 1e-12
    refused = DEALER.refused_bn(loan, cut, maturing)
    assert 0.0 <= refused <= max(0.0, loan) * min(1.0, maturing + 1e-12)
    assert refused <= cut * max(0.0, loan)


@repeatably
@given(
    value=AMOUNTS,
    before=st.floats(-0.02, 0.2),
    now=st.floats(-0.02, 0.2),
    loan=AMOUNTS,
    remarked=SHARES,
    matured=SHARES,
)
def test_repo_moves_towards_todays_terms_and_is_not_struck_anew_for_a_client_that_is_cut(
    value: float, before: float, now: float, loan: float, remarked: float, matured: float
) -> None:
    changed = DEALER.loan_change_by_haircut_bn(value, before, now, remarked)
    mirrored = DEALER.loan_change_by_haircut_bn(-value, before, now, remarked)
    assert mirrored == -changed
    assert changed * (before - now) >= 0.0
    restruck = DEALER.restruck_bn(value, now, loan, changed, matured, 0.0)
    gap = (1.0 - now) * value - loan - changed
    assert abs(gap - restruck) <= abs(gap) + 1e-9
    assert loan + changed + DEALER.restruck_bn(value, now, loan, changed, 1.0, 0.0) == pytest.approx(
        (1.0 - now) * value, abs=1e-9
    )
    assert DEALER.restruck_bn(value, now, loan, changed, matured, 0.01) == 0.0


@repeatably
@given(needed=AMOUNTS, offered=AMOUNTS, capacity=AMOUNTS, lent=AMOUNTS)
def test_the_standing_facility_lends_at_most_the_gap_and_what_is_left(
    needed: float, offered: float, capacity: float, lent: float
) -> None:
    gap = DEALER.funding_gap_bn(needed, offered)
    assert gap + min(needed, offered) == pytest.approx(needed)
    lending = CENTRAL.facility_lending_bn(gap, capacity, lent)
    assert 0.0 <= lending <= gap
    assert lent + lending <= max(capacity, lent)


@repeatably
@given(
    needed=AMOUNTS,
    more=AMOUNTS,
    offered=AMOUNTS,
    premium=SPREADS,
    easy=st.floats(0.01, 0.99),
)
def test_dealers_ask_the_facility_for_no_more_than_they_need_and_pay_lenders_no_more_than_its_rate(
    needed: float, more: float, offered: float, premium: float, easy: float
) -> None:
    cheaper = LENDER.borrowed_up_to_bn(premium, offered, easy, 40.0)
    asked = CENTRAL.facility_demand_bn(needed, cheaper)
    assert 0.0 <= asked <= needed
    assert CENTRAL.facility_demand_bn(needed + more, cheaper) >= asked
    if offered > 1e-6:
        paid = LENDER.scarcity_bp(needed - asked, offered, easy, 40.0, 1e9)
        assert paid <= max(0.0, premium) * (1.0 + 1e-6) + 1e-6


@repeatably
@given(risk=AMOUNTS, more=AMOUNTS, opening=st.floats(0.01, 10.0), left=PARTS, use=SHARES)
def test_risk_never_uses_more_than_the_whole_limit(
    risk: float, more: float, opening: float, left: float, use: float
) -> None:
    used = DEALER.value_at_risk_use(use, risk, opening, left)
    assert 0.0 <= used <= DEALER.value_at_risk_use(use, risk + more, opening, left) <= 1.0
    assert left == 0.0 or DEALER.value_at_risk_use(use, risk, opening, left / 2.0) >= used


@repeatably
@given(ratio=RATIOS, more=RATIOS, lost=SHARES, tolerance=SHARES)
def test_lenders_trust_less_when_volatility_or_losses_rise(
    ratio: float, more: float, lost: float, tolerance: float
) -> None:
    trust = LENDER.confidence(ratio, 0.1, lost, tolerance, 1.5)
    assert 0.0 <= trust <= 1.0
    assert LENDER.confidence(ratio + more, 0.1, lost, tolerance, 1.5) <= trust
    assert LENDER.confidence(ratio, 0.1, lost + more, tolerance, 1.5) <= trust


@repeatably
@given(needed=AMOUNTS, more=AMOUNTS, offered=BALANCES, easy=st.floats(0.01, 0.99))
def test_cash_is_dearer_the_more_is_needed_and_the_less_is_offered(
    needed: float, more: float, offered: float, easy: float
) -> None:
    premium = LENDER.scarcity_bp(needed, offered, easy, 200.0, 1e9)
    assert premium >= 0.0
    assert LENDER.scarcity_bp(needed + more, offered, easy, 200.0, 1e9) >= premium
    if offered > 0.0:
        assert LENDER.scarcity_bp(needed, offered + more, easy, 200.0, 1e9) <= premium


@repeatably
@given(
    premium=st.floats(0.01, 300.0), offered=st.floats(0.1, 2_000.0), easy=st.floats(0.01, 0.99), limit=MARGINS
)
def test_what_dealers_borrow_up_to_a_premium_is_what_makes_them_pay_it(
    premium: float, offered: float, easy: float, limit: float
) -> None:
    limit_bp = 1_000.0 * limit
    borrowed = LENDER.borrowed_up_to_bn(premium, offered, easy, limit_bp)
    assert LENDER.scarcity_bp(borrowed, offered, easy, limit_bp, 1e9) == pytest.approx(premium, rel=1e-6)
    assert LENDER.borrowed_up_to_bn(premium + 1.0, offered, easy, limit_bp) > borrowed > easy * offered
    assert LENDER.borrowed_up_to_bn(limit_bp, offered, easy, limit_bp) == pytest.approx(offered)


@repeatably
@given(volatility=st.floats(0.1, 30.0), more=RATIOS, days=st.floats(1.0, 10.0))
def test_margin_rises_with_volatility_and_with_the_root_of_the_margin_period(
    volatility: float, more: float, days: float
) -> None:
    at_risk = HOUSE.value_at_risk(volatility, 2.33, days, 8e-4)
    assert HOUSE.value_at_risk(volatility + more, 2.33, days, 8e-4) > at_risk
    assert HOUSE.value_at_risk(volatility, 2.33, 4.0 * days, 8e-4) == pytest.approx(2.0 * at_risk)


@repeatably
@given(
    at_risk=MARGINS, calm=MARGINS, measure=st.integers(0, 3), long=MARGINS, stressed=MARGINS, weight=SHARES
)
def test_no_measure_asks_for_less_than_the_risk_of_today(
    at_risk: float, calm: float, measure: int, long: float, stressed: float, weight: float
) -> None:
    assert HOUSE.margin_asked(at_risk, calm, measure, 0.25, long) >= at_risk
    mixed = HOUSE.stressed_mix(at_risk, stressed, weight)
    assert at_risk * (1.0 - 1e-15) <= mixed <= max(at_risk, stressed) * (1.0 + 1e-15)


@repeatably
@given(asked=MARGINS, floor=MARGINS, previous=MARGINS, rise=SHARES)
def test_margin_never_falls_below_its_floor_nor_rises_faster_than_allowed(
    asked: float, floor: float, previous: float, rise: float
) -> None:
    margin = HOUSE.margin_in_force(asked, floor, previous, rise)
    assert floor <= margin <= max(asked, floor)
    assert margin <= max(floor, previous * (1.0 + rise))


@repeatably
@given(previous=AMOUNTS, move=SPREADS, decay=SHARES, implied=st.floats(0.0, 30.0))
def test_volatility_does_not_know_the_direction_of_a_move(
    previous: float, move: float, decay: float, implied: float
) -> None:
    variance = HOUSE.variance_estimate(previous, move, decay)
    assert variance == HOUSE.variance_estimate(previous, -move, decay)
    assert min(previous, move * move) * (1.0 - 1e-12) <= variance
    assert variance <= max(previous, move * move) * (1.0 + 1e-12)
    in_force = HOUSE.volatility_in_force_bp(variance, implied)
    assert in_force >= implied
    assert in_force >= math.sqrt(variance)


@repeatably
@given(holdings=BALANCES, ratio=RATIOS, more=RATIOS, tolerance=st.floats(0.0, 3.0))
def test_foreign_holders_sell_more_when_volatility_is_higher_and_never_buy(
    holdings: float, ratio: float, more: float, tolerance: float
) -> None:
    sale = FOREIGN.volatility_sale_bn(holdings, ratio, 0.001, tolerance)
    assert 0.0 <= sale <= FOREIGN.volatility_sale_bn(holdings, ratio + more, 0.001, tolerance)
    assert ratio > tolerance or sale == 0.0


@repeatably
@given(stress=SPREADS, trigger=SPREADS, below=AMOUNTS, pace=AMOUNTS, left=BALANCES, done=BALANCES)
def test_a_lever_by_rule_moves_with_stress_within_its_pace_and_its_limits(
    stress: float, trigger: float, below: float, pace: float, left: float, done: float
) -> None:
    step = CENTRAL.step_by_rule(stress, trigger, trigger - below, pace, left, done)
    assert abs(step) <= pace
    assert step <= 0.0 or (stress > trigger and step <= left)
    assert step >= 0.0 or (stress < trigger - below and -step <= done)
    assert (
        step != 0.0
        or trigger - below <= stress <= trigger
        or min(pace, max(left, done)) <= 0.0
        or (left <= 0.0 if stress > trigger else done <= 0.0)
    )


@repeatably
@given(face=BALANCES, held=BALANCES)
def test_the_central_bank_sells_what_it_holds_and_no_more(face: float, held: float) -> None:
    traded = CENTRAL.traded_bn(face, held)
    assert traded == face if face >= 0.0 else face <= traded <= 0.0
    assert held + traded >= min(held, 0.0)


@repeatably
@given(face=AMOUNTS, held=BALANCES, opening=BALANCES)
def test_a_purchase_never_leaves_dealers_with_less_than_they_opened_with(
    face: float, held: float, opening: float
) -> None:
    delivered = CENTRAL.from_dealers_bn(face, held, opening)
    assert 0.0 <= delivered <= face
    assert held - delivered >= min(held, opening) - 1e-9


@repeatably
@given(
    limit=AMOUNTS,
    trust=SHARES,
    withdrawal=SHARES,
    drained=SHARES,
    more=SHARES,
    noise=st.floats(-2.0, 2.0),
)
def test_lenders_never_offer_less_than_nothing_and_less_when_cash_is_withdrawn_or_drained(
    limit: float, trust: float, withdrawal: float, drained: float, more: float, noise: float
) -> None:
    offer = LENDER.offer_bn(limit, trust, withdrawal, drained, noise)
    assert 0.0 <= offer <= limit * max(0.0, 1.0 + noise) + 1e-9
    assert LENDER.offer_bn(limit, trust, min(1.0, withdrawal + more), drained, noise) <= offer
    assert LENDER.offer_bn(limit, trust, withdrawal, min(1.0, drained + more), noise) <= offer


@repeatably
@given(borrowed=AMOUNTS, opening=st.floats(0.1, 1000.0), headroom=SHARES, speed=SHARES)
def test_limits_of_lenders_follow_what_is_borrowed_and_never_fall_below_those_of_the_opening(
    borrowed: float, opening: float, headroom: float, speed: float
) -> None:
    limit = 1.0
    for _ in range(5):
        before, limit = limit, LENDER.limit_multiple(limit, borrowed, opening, headroom, speed)
        assert limit >= before - 1e-12
    assert 1.0 <= limit <= max(1.0, borrowed * (1.0 + headroom) / opening) + 1e-9


@repeatably
@given(paid=st.lists(AMOUNTS, min_size=1, max_size=8), share=SHARES, half_life=st.floats(1.0, 100.0))
def test_lenders_never_miss_more_than_was_paid_and_get_it_back(
    paid: list[float], share: float, half_life: float
) -> None:
    missing = 0.0
    for amount in paid:
        missing = LENDER.drained_bn(missing, amount, share, half_life)
    assert 0.0 <= missing <= share * sum(paid) * (1.0 + 1e-12)
    assert LENDER.drained_bn(missing, 0.0, share, half_life) <= missing


@repeatably
@given(stigma=st.floats(0.0, 100.0), place=st.integers(0, 199))
def test_no_dealer_minds_the_facility_more_than_twice_as_much_as_the_average(
    stigma: float, place: int
) -> None:
    assert 0.0 <= CENTRAL.own_stigma_bp(stigma, place) <= 2.0 * stigma


def test_dealers_mind_the_facility_on_average_as_much_as_the_scenario_says() -> None:
    for count in (5, 12, 24, 200):
        stigmas = [CENTRAL.own_stigma_bp(10.0, place) for place in range(count)]
        assert sum(stigmas) / count == pytest.approx(10.0, rel=0.15)
        assert len({round(each, 6) for each in stigmas}) == count


@repeatably
@given(opening=BALANCES, ratio=st.floats(0.1, 10.0), more=st.floats(1.0, 5.0), response=st.floats(0.0, 5.0))
def test_other_hedgers_hold_less_the_dearer_the_margin_and_stay_on_their_side(
    opening: float, ratio: float, more: float, response: float
) -> None:
    held = OTHERS.held_bn(opening, ratio, response)
    assert held * opening >= 0.0
    assert abs(OTHERS.held_bn(opening, ratio * more, response)) <= abs(held) * (1.0 + 1e-12)


@repeatably
@given(issued=AMOUNTS, share=SHARES, noise=st.floats(-2.0, 2.0))
def test_dealers_are_left_with_a_part_of_the_issue(issued: float, share: float, noise: float) -> None:
    assert 0.0 <= AUCTION.left_to_dealers_bn(issued, share, noise) <= issued


@repeatably
@given(
    issued=st.floats(0.1, 200.0),
    share=SHARES,
    noise=st.floats(-0.2, 0.2),
    slope=st.floats(0.0, 5.0),
    elasticity=st.floats(0.0, 0.2),
)
def test_an_issue_is_sold_to_bidders_and_dealers_at_the_price_that_dealers_ask(
    issued: float, share: float, noise: float, slope: float, elasticity: float
) -> None:
    left = AUCTION.left_to_dealers_bn(issued, share, noise)
    tail = AUCTION.tail_bp(left, issued, slope, elasticity)
    taken = AUCTION.taken_by_dealers_bn(left, issued, tail, elasticity)
    bidders = issued - left + elasticity * issued * tail
    assert taken + bidders == pytest.approx(issued)
    assert -1e-9 <= taken <= left
    assert tail == pytest.approx(slope * taken, abs=1e-9)
    assert AUCTION.tail_bp(left, issued, slope + 0.1, elasticity) >= tail
    assert AUCTION.tail_bp(left, issued, slope, elasticity + 0.01) <= tail


@repeatably
@given(dv01=MARGINS, ratio=RATIOS, strain=SHARES)
def test_dealers_ask_twice_the_concession_when_they_are_full_and_for_twice_the_risk(
    dv01: float, ratio: float, strain: float
) -> None:
    asked = AUCTION.concession_bp_per_bn(0.3, dv01, ratio, strain)
    assert AUCTION.concession_bp_per_bn(0.3, 2.0 * dv01, ratio, strain) == pytest.approx(2.0 * asked)
    assert AUCTION.concession_bp_per_bn(0.3, dv01, 2.0 * ratio, strain) == pytest.approx(2.0 * asked)
    room = AUCTION.concession_bp_per_bn(0.3, dv01, ratio, 0.0)
    assert room <= asked <= 2.0 * room * (1.0 + 1e-12)


@repeatably
@given(daily=st.floats(-0.05, 0.05), days=st.floats(5.0, 30.0))
def test_a_steady_return_adds_up_to_that_of_a_month(daily: float, days: float) -> None:
    month = 0.0
    for _ in range(600):
        month = MANAGER.over_a_month(month, daily, days)
    assert month == pytest.approx(daily * days, rel=1e-6, abs=1e-9)


@repeatably
@given(held=BALANCES, size=st.floats(1.0, 2_000.0), full=st.floats(0.001, 1.0), more=AMOUNTS)
def test_a_reverse_trade_is_the_mirror_of_a_forward_one(
    held: float, size: float, full: float, more: float
) -> None:
    side = HEDGE.side_of_market(held, size, full)
    assert HEDGE.side_of_market(-held, size, full) == -side
    assert -1.0 <= side <= HEDGE.side_of_market(held + more, size, full) <= 1.0
    assert abs(held) < full * size * (1.0 - 1e-12) or abs(side) == pytest.approx(1.0)
    assert HEDGE.side_of_market(2.0 * held, 2.0 * size, full) == side


@repeatably
@given(years=st.floats(0.01, 30.0), more=st.floats(0.01, 10.0), half_life=st.floats(0.004, 10.0))
def test_less_of_a_stress_is_left_on_average_the_longer_the_horizon_and_the_sooner_it_halves(
    years: float, more: float, half_life: float
) -> None:
    left = HEDGE.average_ahead(years, half_life)
    assert 0.0 < HEDGE.average_ahead(years + more, half_life) < left <= 1.0
    assert HEDGE.average_ahead(years, half_life + more) > left
    assert HEDGE.average_ahead(1e-9 * years, half_life) == pytest.approx(1.0, abs=1e-5)
    assert HEDGE.average_ahead(2.0 * years, 2.0 * half_life) == pytest.approx(left)
    later = 0.5 ** (years / half_life) * HEDGE.average_ahead(more, half_life)
    both = (years * left + more * later) / (years + more)
    assert HEDGE.average_ahead(years + more, half_life) == pytest.approx(both, rel=1e-6)


@repeatably
@given(others=BALANCES, choke=SPREADS, slope=MARGINS, offset=SPREADS, cost=SPREADS, own=MARGINS)
def test_the_hedge_market_clears_and_is_the_mirror_of_itself(
    others: float, choke: float, slope: float, offset: float, cost: float, own: float
) -> None:
    cleared = HEDGE.clearing_dislocation_bp(others, choke, slope, offset, cost, own)
    dealers = (choke - cleared) / slope - others
    assert offset + cost + own * dealers == pytest.approx(cleared, abs=1e-6)
    mirrored = HEDGE.clearing_dislocation_bp(-others, -choke, slope, -offset, -cost, own)
    assert mirrored == pytest.approx(-cleared, abs=1e-9)


@repeatably
@given(excess=AMOUNTS, more=AMOUNTS, ratio=RATIOS, depth=st.floats(1.0, 500.0))
def test_too_many_bonds_weigh_at_least_as_much_as_too_few_and_without_a_jump(
    excess: float, more: float, ratio: float, depth: float
) -> None:
    too_many = CASH.stock_pressure_bp(excess, depth, ratio)
    too_few = CASH.stock_pressure_bp(-excess, depth, ratio)
    assert too_many >= -too_few >= 0.0
    assert ratio > 1.0 or too_many == -too_few
    assert CASH.stock_pressure_bp(excess + more, depth, ratio) >= too_many
    assert CASH.stock_pressure_bp(-excess - more, depth, ratio) <= too_few
    assert CASH.stock_pressure_bp(1e-9, depth, ratio) == pytest.approx(0.0, abs=1e-7)


@repeatably
@given(absorbed=BALANCES, days=st.integers(1, 60))
def test_a_steady_flow_leaves_the_stock_of_so_many_days_as_end_investors_need(
    absorbed: float, days: int
) -> None:
    stock = 0.0
    for _ in range(40 * days):
        stock = CASH.excess_stock_bn(stock, absorbed, 1.0 / days)
    assert stock == pytest.approx(absorbed * days, rel=1e-6, abs=1e-9)


@repeatably
@given(in_force=st.floats(0.1, 50.0), implied=st.floats(0.1, 50.0), own=st.floats(0.0, 3.0))
def test_holders_count_no_more_than_what_is_in_force_and_little_over_what_is_implied(
    in_force: float, implied: float, own: float
) -> None:
    priced = CASH.priced_volatility_bp(max(in_force, implied), implied, own)
    assert implied <= priced <= min(max(in_force, implied), implied * (1.0 + own)) * (1.0 + 1e-12)


@repeatably
@given(multiple=st.floats(0.0, 10.0), response=st.floats(0.0, 5.0), more=st.floats(0.0, 5.0))
def test_a_tenors_volatility_is_never_gone_and_moves_the_way_of_the_markets(
    multiple: float, response: float, more: float
) -> None:
    stands = HOUSE.tenor_multiple(multiple, response)
    assert 0.1 <= stands <= HOUSE.tenor_multiple(multiple + more, response)
    assert stands == 0.1 or (stands - 1.0) * (multiple - 1.0) >= 0.0
    assert HOUSE.tenor_multiple(1.0, response) == 1.0
    assert HOUSE.tenor_multiple(max(0.1, multiple), 1.0) == pytest.approx(max(0.1, multiple))


@repeatably
@given(held=AMOUNTS, free=SHARES, sold=SHARES, more=SHARES, leverage=SHARES)
def test_a_sale_repays_in_proportion_once_what_is_free_is_sold_and_all_of_the_loan_when_all_is_sold(
    held: float, free: float, sold: float, more: float, leverage: float
) -> None:
    loan, unencumbered = leverage * held, 0.9 * free * held
    repaid = FUND.loan_repaid_bn(sold * held, held, unencumbered, loan)
    assert -1e-9 <= repaid <= loan + 1e-9
    assert FUND.loan_repaid_bn(held, held, unencumbered, loan) == pytest.approx(loan)
    assert FUND.loan_repaid_bn(sold * held, held, unencumbered, 2.0 * loan) == pytest.approx(2.0 * repaid)
    assert FUND.loan_repaid_bn(sold * held, held, 0.0, loan) == pytest.approx(sold * loan)
    first = unencumbered + sold * (held - unencumbered)  # all that is free, and part of what is pledged
    assert FUND.loan_repaid_bn(first, held, unencumbered, loan) == pytest.approx(sold * loan, abs=1e-6)


@repeatably
@given(held=AMOUNTS, covered=SHARES, lent=SHARES)
def test_a_cover_gives_back_what_was_lent_as_a_sale_repays_what_was_borrowed(
    held: float, covered: float, lent: float
) -> None:
    sale = FUND.loan_repaid_bn(covered * held, held, 0.0, lent * held)
    assert FUND.loan_repaid_bn(-covered * held, -held, 0.0, -lent * held) == -sale


@repeatably
@given(
    refused=AMOUNTS,
    haircut=st.floats(0.005, 0.3),
    price=st.floats(0.5, 1.5),
    margin=st.floats(0.0, 0.1),
    cost=st.floats(0.0, 0.005),
)
def test_bonds_that_come_back_are_worth_more_than_the_loan_refused_even_after_the_cost_of_selling(
    refused: float, haircut: float, price: float, margin: float, cost: float
) -> None:
    returned = FUND.bonds_returned_bn(refused, haircut, price)
    assert returned * price * (1.0 - haircut) == pytest.approx(refused)
    released = FUND.cash_released_unencumbered(price, margin, cost)
    assert returned * released >= refused * (1.0 - 1e-12)
    assert released - FUND.cash_released(price, 0.9 * price, margin, cost) == pytest.approx(0.9 * price)
    assert FUND.forced_sale_bn(refused, released, returned) <= returned


@repeatably
@given(before=SHARES, returned=AMOUNTS, again=SHARES, held=BALANCES)
def test_bonds_without_a_loan_are_never_more_than_are_held(
    before: float, returned: float, again: float, held: float
) -> None:
    free = FUND.unencumbered_bn(before * max(0.0, held), returned, again, held)
    assert 0.0 <= free <= max(0.0, held)
    assert FUND.unencumbered_bn(before * max(0.0, held), returned + 1.0, again, held) >= free
    assert FUND.unencumbered_bn(before * max(0.0, held), 0.0, 1.0, held) == 0.0
