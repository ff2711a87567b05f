"""Rounds of Cont and Schaanning and the linear model of Greenwood, Landier and Thesmar."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.analysis.portfolio_overlap import deleveraging_rounds, overlap, vulnerability
from simulator.literature.spiral import sale_to_restore_leverage_bn, spiral_feedback
from simulator.market.impact import linear_impact

ASSETS, EQUITY, DEBT = np.array([100.0, 100.0]), np.array([5.0, 10.0]), np.array([19.0, 9.0])
WEIGHTS, IMPACT, SHOCK = np.array([[0.6, 0.4], [0.3, 0.7]]), np.array([1e-3, 2e-3]), np.array([-0.02, 0.0])

SECURITIES = np.array([[60.0, 30.0], [20.0, 80.0], [50.0, 50.0]])
ILLIQUID, DEPTH = np.array([10.0, 0.0, 20.0]), np.array([4_000.0, 1_500.0])


def test_the_published_check_values() -> None:
    result = vulnerability(ASSETS, EQUITY, DEBT, WEIGHTS, IMPACT, SHOCK)
    np.testing.assert_allclose(result.direct_return, [-0.012, -0.006], rtol=1e-13)
    np.testing.assert_allclose(result.sold_bn, [-15.3, -12.9], rtol=1e-13)
    np.testing.assert_allclose(result.indirect_return, [-0.0195, -0.02265], rtol=1e-13)
    assert result.aggregate == pytest.approx(-0.281, rel=1e-13)
    np.testing.assert_allclose(result.systemicness, [-0.21584, -0.06516], rtol=1e-13)
    np.testing.assert_allclose(result.indirect, [-0.39, -0.2265], rtol=1e-13)
    assert result.systemicness.sum() == pytest.approx(result.aggregate, rel=1e-13)
    assert float(ASSETS @ result.direct_return / EQUITY.sum()) == pytest.approx(-0.12)


def test_the_matrices_are_one_round_of_the_scalar_rules() -> None:
    sold = [0.0, 0.0]
    for bank in (0, 1):
        loss = ASSETS[bank] * (WEIGHTS[bank] @ -SHOCK)
        sale = sale_to_restore_leverage_bn(loss, 1.0 + DEBT[bank])
        for asset in (0, 1):
            sold[asset] += WEIGHTS[bank, asset] * sale
    falls = [linear_impact(sold[asset], IMPACT[asset]) for asset in (0, 1)]
    result = vulnerability(ASSETS, EQUITY, DEBT, WEIGHTS, IMPACT, SHOCK)
    np.testing.assert_allclose(-result.sold_bn, sold, rtol=1e-14)
    np.testing.assert_allclose(-result.indirect_return, WEIGHTS @ falls, rtol=1e-14)


def test_one_bank_with_one_asset_is_the_closed_form_spiral() -> None:
    result = vulnerability([100.0], [5.0], [19.0], [[1.0]], [4e-4], [-0.01])
    assert result.feedback == pytest.approx(spiral_feedback(20.0, 4e-4, 100.0), rel=1e-14)


def test_feedback_tells_whether_further_rounds_die_out() -> None:
    for scale, dies_out in ((0.45, True), (0.5, False)):
        feedback = vulnerability(ASSETS, EQUITY, DEBT, WEIGHTS, scale * IMPACT, SHOCK).feedback
        assert (feedback < 1.0) == dies_out
        shock = SHOCK
        for _ in range(400):
            shock = (
                -scale * IMPACT * -vulnerability(ASSETS, EQUITY, DEBT, WEIGHTS, scale * IMPACT, shock).sold_bn
            )
        assert (np.abs(shock).max() < 1e-3) == dies_out


@settings(max_examples=40, deadline=None)
@given(factor=st.floats(1.0, 5.0))
def test_more_debt_or_impact_never_means_less_damage(factor: float) -> None:
    base = vulnerability(ASSETS, EQUITY, DEBT, WEIGHTS, IMPACT, SHOCK)
    indebted = vulnerability(ASSETS, EQUITY, factor * DEBT, WEIGHTS, IMPACT, SHOCK)
    thin = vulnerability(ASSETS, EQUITY, DEBT, WEIGHTS, factor * IMPACT, SHOCK)
    assert indebted.aggregate <= base.aggregate + 1e-15
    assert thin.aggregate == pytest.approx(factor * base.aggregate, rel=1e-12)
    assert thin.feedback == pytest.approx(factor * base.feedback, rel=1e-9)


def test_overlap_is_the_first_order_loss_from_anothers_sale() -> None:
    deep = 1e6 * DEPTH
    matrix = overlap(SECURITIES, deep)
    np.testing.assert_array_equal(matrix, matrix.T)
    # Only the first bank is above its limit: 100 over 2.9 is 34.5.
    result = deleveraging_rounds(SECURITIES, ILLIQUID, [2.9, 20.0, 20.0], deep)
    share = (100.0 - 0.95 * 33.0 * 2.9) / 90.0
    lost = np.array([2.9, 20.0, 20.0]) - result.capital_bn
    np.testing.assert_allclose(lost[1:], matrix[1:, 0] * share, rtol=1e-5)
    assert lost[0] == pytest.approx((1.0 - 0.5 * share) * matrix[0, 0] * share, rel=1e-5)
    assert result.sold_bn.tolist() == pytest.approx([share * 90.0, 0.0, 0.0], rel=1e-12)
    assert result.rounds == 1


def test_one_round_by_hand() -> None:
    # 100 of one security, capital 2: leverage 50. Target 31.35 * 2 = 62.7, so 37.3 are sold into a depth of
    # 1,000 with a floor of one half: the price falls by 0.5 * (1 - exp(-37.3 / 500)).
    result = deleveraging_rounds([[100.0]], [0.0], [2.0], [1_000.0], rounds_max=1)
    fall = 0.5 * (1.0 - np.exp(-37.3 / 500.0))
    assert result.price[0] == pytest.approx(1.0 - fall, rel=1e-14)
    assert result.capital_bn[0] == pytest.approx(2.0 - (1.0 - 0.5 * 0.373) * 100.0 * fall, rel=1e-12)
    assert result.securities_bn[0, 0] == pytest.approx(62.7 * (1.0 - fall), rel=1e-14)


def test_a_sale_without_impact_ends_at_the_target() -> None:
    result = deleveraging_rounds(SECURITIES, ILLIQUID, [2.9, 20.0, 20.0], 1e18 * DEPTH)
    assets = result.securities_bn.sum(axis=1) + ILLIQUID
    assert assets[0] / result.capital_bn[0] == pytest.approx(0.95 * 33.0, rel=1e-9)


def test_rounds_end_when_nobody_is_above_the_limit_or_has_anything_left() -> None:
    result = deleveraging_rounds(SECURITIES, ILLIQUID, [2.0, 2.5, 3.4], DEPTH)
    assets = result.securities_bn.sum(axis=1) + ILLIQUID
    done = (assets <= 33.0 * result.capital_bn) | (result.securities_bn.sum(axis=1) <= 0.0)
    assert done.all()
    assert 1 < result.rounds < 1_000
    longer = deleveraging_rounds(SECURITIES, ILLIQUID, [2.0, 2.5, 3.4], DEPTH, rounds_max=5_000)
    np.testing.assert_array_equal(longer.price, result.price)


def test_the_order_of_banks_and_securities_does_not_matter() -> None:
    capital = np.array([2.0, 2.5, 3.4])
    base = deleveraging_rounds(SECURITIES, ILLIQUID, capital, DEPTH)
    for order in ([2, 0, 1], [1, 2, 0], [2, 1, 0]):
        other = deleveraging_rounds(SECURITIES[order][:, ::-1], ILLIQUID[order], capital[order], DEPTH[::-1])
        np.testing.assert_allclose(other.capital_bn, base.capital_bn[order], rtol=1e-12)
        np.testing.assert_allclose(other.price, base.price[::-1], rtol=1e-13)


@settings(max_examples=40, deadline=None)
@given(thinner=st.floats(0.05, 1.0), first=st.floats(0.5, 4.0))
def test_prices_stay_above_the_floor_and_thinner_markets_fall_further(thinner: float, first: float) -> None:
    capital = [first, 2.5, 3.4]
    deep = deleveraging_rounds(SECURITIES, ILLIQUID, capital, DEPTH)
    thin = deleveraging_rounds(SECURITIES, ILLIQUID, capital, thinner * DEPTH)
    assert (thin.price >= 0.5).all()
    assert (deep.price <= 1.0).all()
    assert (thin.price <= deep.price + 1e-12).all()
    assert (thin.capital_bn <= deep.capital_bn + 1e-9).all()
