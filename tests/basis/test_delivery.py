"""Delivery options: switch yields and maps, the quality option against quadrature, negative convexity."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from simulator.basis.baskets import Treasury, factor_of
from simulator.basis.delivery import (
    ForwardBasket,
    converted_prices,
    forward_basket,
    switch_map,
    switch_yield_pct,
)
from simulator.basis.delivery_options import (
    QualityOption,
    curve_shifts,
    driver_shifts,
    futures_risk,
    option_adjusted_net_basis,
    quality_option,
)
from simulator.basis.rows import basis_rows
from simulator.contracts import CONTRACTS
from tests.basis.test_rows import TYH2, tyh2_columns

NAMES = ("170018", "180027", "180028")


def chinese_basket(yield_pct: float = 3.0) -> ForwardBasket:
    """The three candidates of T1906 at delivery on the last trading day, at one yield."""
    coupons, maturities = (3.59, 3.25, 3.22), (date(2027, 8, 3), date(2028, 11, 22), date(2025, 12, 6))
    bonds = [Treasury(n, c, (), m) for n, c, m in zip(NAMES, coupons, maturities, strict=True)]
    factors = [factor_of(CONTRACTS["T"], bond, date(2019, 6, 1)) for bond in bonds]
    return forward_basket(
        NAMES,
        "2019-06-14",
        coupons,
        2,
        maturities,
        factors,
        forward_yield_pct=yield_pct,
        is_paid_on_month_ends=False,
    )


def american_basket() -> ForwardBasket:
    rows = basis_rows(**tyh2_columns())
    return forward_basket(
        [f"{bond[0]}% {bond[1]}" for bond in TYH2],
        "2002-03-28",
        [bond[0] for bond in TYH2],
        2,
        [bond[1] for bond in TYH2],
        rows.conversion_factor,
        forward_clean_price=rows.forward_clean_price,
    )


def flat_basket(yield_pct: float) -> ForwardBasket:
    basket = american_basket()
    maturities = [bond[1] for bond in TYH2]
    terms = (basket.names, "2002-03-28", basket.coupon_pct, 2, maturities, basket.conversion_factor)
    return forward_basket(*terms, forward_yield_pct=yield_pct)


@pytest.mark.parametrize(
    ("spread_bp", "yield_pct"),
    [(0.0, 3.00), (-1.0, 3.08), (-2.0, 3.16), (-2.5, 3.20), (-3.0, 3.24), (-5.0, 3.40), (5.0, 2.60)],
)
def test_chinese_switch_yield_moves_with_the_inversion(spread_bp: float, yield_pct: float) -> None:
    """Published to a basis point from unrounded factors; four decimals of factor are worth 2 bp here."""
    found = switch_yield_pct(chinese_basket(), 0, 1, spread_bp)
    assert found == pytest.approx(yield_pct, abs=0.025)


def test_at_the_notional_coupon_every_bond_is_worth_its_factor() -> None:
    prices = converted_prices(chinese_basket(3.0), np.zeros((1, 3)))[0]
    np.testing.assert_allclose(prices, 100.0, atol=0.02)  # months rounded, four decimals


def test_bonds_that_do_not_switch_are_an_error() -> None:
    with pytest.raises(ValueError, match=r"^170018 and 180027 do not switch between 4.0% and 5.0%; widen"):
        switch_yield_pct(chinese_basket(), 0, 1, between_pct=(4.0, 5.0))


def test_forward_prices_come_back_from_the_basket() -> None:
    rows = basis_rows(**tyh2_columns())
    np.testing.assert_allclose(american_basket().forward_price, rows.forward_clean_price, atol=1e-11)


def test_low_yields_deliver_the_short_bond_and_high_yields_the_long_one() -> None:
    """Below 6% the shortest duration is cheapest, above it the longest; in between they take turns."""
    flat = flat_basket(6.0)
    moves = switch_map(flat, np.arange(-300.0, 301.0, 25.0))
    years = flat.years_to_maturity[moves.cheapest[0]]
    assert np.all(np.diff(years) >= 0.0)
    assert moves.cheapest[0, 0] == flat.years_to_maturity.argmin()
    assert moves.cheapest[0, -1] == flat.years_to_maturity.argmax()
    assert np.all(np.diff(moves.futures_price[0]) < 0.0)
    assert np.all(moves.lead >= 0.0)


def test_steeper_curve_moves_delivery_to_longer_bonds() -> None:
    moves = switch_map(american_basket(), [0.0], [-40.0, -20.0, 0.0, 20.0, 40.0])
    assert moves.cheapest.shape == (5, 1)
    assert np.all(np.diff(moves.basket.years_to_maturity[moves.cheapest[:, 0]]) >= 0.0)
    assert moves.cheapest[2, 0] == 0  # no move: the bond with the highest implied repo


def quadrature_option(basket: ForwardBasket, sd_bp: float) -> tuple[float, np.ndarray]:
    """Futures price and option values when yields move in parallel, normally: a dense grid."""
    moves = np.linspace(-9.0, 9.0, 4001) * sd_bp
    weights = np.exp(-0.5 * (moves / sd_bp) ** 2)
    weights /= weights.sum()
    prices = converted_prices(basket, np.repeat(moves[:, None], len(basket.names), axis=1))
    centred = prices - weights @ prices + basket.forward_price / basket.conversion_factor
    futures = float(weights @ centred.min(axis=1))
    return futures, basket.forward_price - basket.conversion_factor * futures


def sampled_option(basket: ForwardBasket, sd_bp: float, seed: int, count: int = 20_000) -> QualityOption:
    moves = np.random.default_rng(seed).normal(0.0, sd_bp, (count, 1))
    return quality_option(basket, np.repeat(moves, len(basket.names), axis=1))


def test_quality_option_equals_quadrature_within_its_standard_error() -> None:
    basket = american_basket()
    futures, value = quadrature_option(basket, 50.0)
    option = sampled_option(basket, 50.0, seed=1)
    assert abs(option.futures_price - futures) < 5.0 * option.futures_standard_error
    assert np.all(np.abs(option.value - value) < 5.0 * option.standard_error)
    wrong, _ = quadrature_option(basket, 55.0)  # planted: a volatility that is 10% off must show
    assert abs(option.futures_price - wrong) > 5.0 * option.futures_standard_error


def test_standard_error_is_that_of_repeated_samples() -> None:
    basket = american_basket()
    options = [sampled_option(basket, 50.0, seed, count=500) for seed in range(200)]
    spread = np.std([option.futures_price for option in options], ddof=1)
    stated = np.mean([option.futures_standard_error for option in options])
    assert abs(stated / spread - 1.0) < 5.0 / np.sqrt(2 * 199)  # error of a standard deviation
    moves = np.random.default_rng(0).normal(0.0, 50.0, (500, 1))
    lowest = converted_prices(basket, np.repeat(moves, 7, axis=1)).min(axis=1)
    naive = lowest.std(ddof=1) / np.sqrt(500)  # planted: without the correction for centring
    assert abs(naive / spread - 1.0) > 5.0 / np.sqrt(2 * 199)


def test_option_is_worth_nothing_without_uncertainty_and_more_with_more_of_it() -> None:
    basket = american_basket()
    none = quality_option(basket, np.zeros((2, 7)))
    assert none.futures_price == pytest.approx((basket.forward_price / basket.conversion_factor).min())
    assert none.value[0] == pytest.approx(0.0, abs=1e-12)
    values = [float(sampled_option(basket, sd, seed=3).value[0]) for sd in (10.0, 30.0, 60.0, 120.0)]
    assert np.all(np.diff(values) > 0.0)
    assert sampled_option(basket, 60.0, seed=3).cheapest_share.sum() == pytest.approx(1.0)


def test_option_adjusted_net_basis_is_what_the_option_does_not_explain() -> None:
    rows = basis_rows(**tyh2_columns())
    option = sampled_option(american_basket(), 60.0, seed=4)
    adjusted = option_adjusted_net_basis(rows.net_basis, option)
    # The same for every bond per unit of factor: by how much the future is cheap to its fair price.
    np.testing.assert_allclose(
        adjusted / rows.conversion_factor, option.futures_price - 104.140625, atol=1e-9
    )


def test_future_is_negatively_convex_where_bonds_switch_and_like_its_bond_where_they_do_not() -> None:
    near, far = flat_basket(6.0), flat_basket(9.0)
    kinked = futures_risk(near, bump_bp=25.0)
    assert kinked.convexity_years2 < 0.0 < kinked.bond_convexity_years2
    moves = np.repeat(np.random.default_rng(2).normal(0.0, 40.0, (4000, 1)), 7, axis=1)
    smooth = futures_risk(near, moves, bump_bp=10.0)
    assert smooth.convexity_years2 < 0.0  # the option spreads the kink over the yields around it
    assert smooth.futures_price < kinked.futures_price
    alone = futures_risk(far, bump_bp=10.0)  # 300 bp above the notional coupon: no switch in sight
    assert alone.convexity_years2 == pytest.approx(alone.bond_convexity_years2, rel=1e-9)
    assert alone.dv01 == pytest.approx(alone.bond_dv01, rel=1e-12)


def test_curve_changes_are_read_at_each_bonds_maturity() -> None:
    basket = american_basket()
    shifts = curve_shifts(basket, np.array([[10.0, 20.0], [0.0, -4.0]]), [5.0, 10.0])
    expected = 10.0 + 10.0 * (basket.years_to_maturity - 5.0) / 5.0
    np.testing.assert_allclose(shifts[0], expected)
    np.testing.assert_allclose(shifts[1], -0.8 * (basket.years_to_maturity - 5.0))
    assert np.all(curve_shifts(basket, np.array([[3.0, 3.0]]), [1.0, 2.0]) == pytest.approx(3.0))


def test_quality_option_on_the_simulators_own_drivers() -> None:
    from simulator.drivers.block import DriverSpec
    from simulator.drivers.regimes import REGIMES

    basket = american_basket()
    model = next(iter(REGIMES.values()))
    shifts = driver_shifts(basket, DriverSpec(kind="factor", rate_model=model), days=75, paths=2000, seed=5)
    assert shifts.shape == (2000, 7)
    option = quality_option(basket, shifts)
    assert np.all(option.value > -5.0 * option.standard_error)
    assert option.value[0] > 5.0 * option.standard_error[0]
    again = driver_shifts(basket, DriverSpec(kind="factor", rate_model=model), days=75, paths=1000, seed=5)
    np.testing.assert_array_equal(again, shifts[:1000])
    still = driver_shifts(basket, DriverSpec(kind="none"), days=75, paths=2, seed=5)
    assert quality_option(basket, still).value[0] == pytest.approx(0.0, abs=1e-12)


def test_arguments_that_contradict_are_errors() -> None:
    terms = (["a"], "2002-03-28", 6.0, 2, "2010-02-15", 1.0)
    with pytest.raises(ValueError, match="give either forward_clean_price or forward_yield_pct"):
        forward_basket(*terms)
    with pytest.raises(ValueError, match="fewer than two scenarios"):
        quality_option(american_basket(), np.zeros((1, 7)))
