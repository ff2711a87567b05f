from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from simulator.calibration.goodness_of_fit import exact_correlation, simulated_changes
from simulator.calibration.moments import exact_moments
from simulator.drivers.block import DriverSpec, draw_block
from simulator.drivers.rates import FACTOR_COUNT, TENOR_COUNT, TENOR_YEARS, RateModel
from simulator.drivers.regimes import REGIMES
from simulator.drivers.volatility import (
    VolatilityModel,
    move_index,
    realised_volatility_bp_per_year,
    smoothed_multiplier,
)

PATHS = 4_000


def standard_errors_off(values: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Distance of the mean over independent paths (first axis) from the target, in standard errors."""
    return np.abs(values.mean(axis=0) - target) / (values.std(axis=0, ddof=1) / np.sqrt(len(values)))


@pytest.mark.parametrize("warmup_days", [0, 200])
@pytest.mark.parametrize("name", list(REGIMES))
def test_variance_of_every_day_is_the_regimes(name: str, warmup_days: int) -> None:
    """Unbiased on the first day as on the last, from a known opening as from the long run."""
    model = REGIMES[name]
    spec = DriverSpec("factor", rate_model=model, warmup_days=warmup_days)
    block = draw_block(spec, 42, 0, PATHS, 20)
    daily = np.diff(block.curve_change_bp, axis=1, prepend=0.0)
    variance = np.square(model.sd_bp)
    for days in (slice(0, 1), slice(0, 20), slice(19, 20)):
        assert (standard_errors_off((daily[:, days] ** 2.0).mean(axis=1), variance) < 5.0).all()
    by_path = (daily**2.0).mean(axis=1)
    assert (standard_errors_off(by_path, 1.21 * variance) > 5.0).all()  # 10% more volatility is seen
    multiplier = block.volatility_multiplier[:, [0, 10, 19]] ** 2.0
    assert (standard_errors_off(multiplier, np.ones(3)) < 5.0).all()


def test_noise_scale_keeps_variance_unbiased() -> None:
    model = REGIMES["2010-2025"]
    block = draw_block(DriverSpec("factor", rate_model=model, noise_scale=0.5), 42, 0, PATHS, 20)
    daily = np.diff(block.curve_change_bp, axis=1, prepend=0.0)
    assert (standard_errors_off((daily**2.0).mean(axis=1), 0.25 * np.square(model.sd_bp)) < 5.0).all()
    assert (standard_errors_off(block.volatility_multiplier**2.0, np.ones(20)) < 5.0).all()


def test_simulated_moments_are_the_exact_ones() -> None:
    """Kurtosis, mean absolute change and clustering of the simulation against the closed forms."""
    model = REGIMES["2017-2019"]
    sensitivity = np.asarray(model.volatility_sensitivity)
    exact = exact_moments(model.volatility, sensitivity, (1, 2))
    daily = simulated_changes(model, 3, 20_000, 7) / np.asarray(model.sd_bp)
    size = np.abs(daily)

    def agrees(wrong: float) -> bool:
        targets = (
            (size, exact.geary * wrong),
            (daily**4.0, 3.0 + exact.kurtosis * wrong),
        )
        moments = [standard_errors_off(found.mean(axis=1), target) for found, target in targets]
        spread = 1.0 - exact.geary**2.0
        pairs = [
            standard_errors_off(
                (size[:, lag:] * size[:, :-lag]).mean(axis=1),
                exact.geary**2.0 + exact.autocorrelation[lag - 1] * spread * wrong,
            )
            for lag in (1, 2)
        ]
        return bool((np.array(moments + pairs) < 5.0).all())

    assert agrees(1.0)
    assert not agrees(1.03)


def test_simulated_correlations_are_the_exact_ones() -> None:
    model = REGIMES["2010-2025"]
    daily = simulated_changes(model, 5, 8_000, 7) / np.asarray(model.sd_bp)
    products = np.einsum("pdi,pdj->pij", daily, daily) / 5.0
    off = standard_errors_off(products, exact_correlation(model))
    assert (off < 5.0).all()
    assert (standard_errors_off(products, np.ones((7, 7)))[0, 3:] > 5.0).all()


def test_factors_revert_at_their_own_speed() -> None:
    """Variance of the end of a path of one factor: the closed form of an AR(1) in daily steps."""
    still = REGIMES["2010-2025"].with_constant_volatility()
    level_only = ((1.0,) * TENOR_COUNT, (0.0,) * TENOR_COUNT, (0.0,) * TENOR_COUNT)
    model = replace(still, loadings=level_only, reversion_per_year=(12.6, 0.0, 0.0))
    ends = draw_block(DriverSpec("factor", rate_model=model), 1, 0, PATHS, 40).curve_change_bp[:, -1]
    decay = np.exp(-2.0 * 12.6 / 252.0)
    variance = np.square(model.sd_bp) * (1.0 - decay**40.0) / (1.0 - decay)
    assert (standard_errors_off(ends**2.0, variance) < 5.0).all()
    assert (standard_errors_off(ends**2.0, 40.0 * np.square(model.sd_bp)) > 5.0).all()  # no reversion


def test_the_state_equals_its_naive_twin() -> None:
    """One path of the model, day by day, from the equations of the model page."""
    model = REGIMES["2022-2023"]
    dynamics = model.volatility
    from simulator.drivers.block import Stretch, _rate_draws
    from simulator.drivers.rates import curve_noise

    draws = _rate_draws(0, Stretch(3, 11, 1, 15, "pseudo"))
    by_tenor = np.outer(np.linspace(1.0, 2.0, 15), np.linspace(0.5, 1.5, TENOR_COUNT))
    noise, multiplier = curve_noise(model, draws, 1.0, by_tenor)
    state, total = 0.0, np.zeros((FACTOR_COUNT, TENOR_COUNT))
    log_moment = np.zeros(TENOR_COUNT)
    gamma = np.asarray(model.volatility_sensitivity)
    probability = dynamics.jumps_per_year / 252.0
    for day in range(15):
        jump = dynamics.jump_size if draws.jumps[day, 0] < probability else 0.0
        state = dynamics.persistence_per_day * state + dynamics.shock_sd * draws.volatility[day, 0] + jump
        weight = dynamics.persistence_per_day**day
        exponent = 2.0 * gamma * weight
        log_moment += 0.5 * (exponent * dynamics.shock_sd) ** 2 + np.log(
            1.0 + probability * (np.exp(exponent * dynamics.jump_size) - 1.0)
        )
        news = dynamics.news_sd * draws.news[day, 0]
        scale = np.exp(gamma * (state + news) - 0.5 * log_moment - (gamma * dynamics.news_sd) ** 2)
        for factor in range(FACTOR_COUNT):
            shock = np.asarray(model.loadings[factor]) * draws.factors[day, factor, 0]
            total[factor] *= np.exp(-model.reversion_per_year[factor] / 252.0)
            total[factor] += by_tenor[day] * np.asarray(model.sd_bp) * scale * shock
        assert np.allclose(noise[0, day], total.sum(axis=0), rtol=1e-12, atol=1e-12)
        assert np.isclose(multiplier[0, day], np.exp(state - 0.5 * log_moment[4]), rtol=1e-12)


def test_realised_volatility_and_index() -> None:
    steady = np.cumsum(np.full((1, 30, 7), 5.0), axis=1)
    realised = realised_volatility_bp_per_year(steady, 5.0 * np.sqrt(252.0))
    assert np.allclose(realised, 5.0 * np.sqrt(252.0))
    calmer = realised_volatility_bp_per_year(steady, 0.0)[0]
    assert np.allclose(calmer[[0, 9, 20, 29]], 5.0 * np.sqrt(252.0 * np.array([1, 10, 21, 21]) / 21.0))
    assert move_index(realised)[0, 0] == 23.7 + 0.73 * realised[0, 0]
    assert REGIMES["2017-2019"].index_volatility_bp_per_year == pytest.approx(
        (0.2 * 3.435 + 0.2 * 3.878 + 0.4 * 3.815 + 0.2 * 3.642) * np.sqrt(252.0)
    )


def test_smoothed_multiplier_by_hand() -> None:
    daily = np.array([[[2.0] * 7, [0.0] * 7]])
    multiplier = smoothed_multiplier(daily, 1.0, 0.94)[0]
    assert np.allclose(multiplier, np.sqrt([0.94 + 0.06 * 4.0, 0.94 * (0.94 + 0.06 * 4.0)]))


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("sd_bp", (1.0,) * 6, "sd_bp: found shape (6,); allowed is (7,)."),
        ("sd_bp", (-1.0, *(1.0,) * 6), "sd_bp: found (-1.0, 1.0,"),
        ("sd_bp", (float("nan"), *(1.0,) * 6), "sd_bp: found (nan, 1.0,"),
        ("loadings", ((1.0,) * 7,) * 3, "loadings: squares by tenor add up to [3.0, 3.0,"),
        ("volatility_sensitivity", (11.0, *(1.0,) * 6), "volatility_sensitivity: found (11.0,"),
        ("reversion_per_year", (0.0, 0.0, -1.0), "reversion_per_year: found (0.0, 0.0, -1.0);"),
    ],
)
def test_bad_rate_models_are_refused(field: str, value: tuple, message: str) -> None:
    with pytest.raises(ValueError) as fault:  # noqa: PT011
        replace(REGIMES["2024"], **{field: value})
    assert str(fault.value).startswith(message)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("persistence_per_day", 1.0),
        ("shock_sd", -0.1),
        ("jumps_per_year", 300.0),
        ("jump_size", float("nan")),
        ("news_sd", float("inf")),
    ],
)
def test_bad_volatility_models_are_refused(field: str, value: float) -> None:
    with pytest.raises(ValueError, match=rf"{field}: found {value}; allowed is 0.0 to"):
        replace(REGIMES["2024"].volatility, **{field: value})


def test_regimes_are_well_formed() -> None:
    assert TENOR_YEARS == (2, 3, 5, 7, 10, 20, 30)
    for name, model in REGIMES.items():
        assert isinstance(model, RateModel)
        assert isinstance(model.volatility, VolatilityModel)
        assert model.name == name
        assert model.volatility_sensitivity[4] == 1.0
        assert model.scaled(2.0).sd_bp == tuple(2.0 * sd for sd in model.sd_bp)
