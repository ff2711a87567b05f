"""Moments of the drivers against the published table and against the data, within computed bands.

Standard deviations: the mean variance of independent simulated paths must be within 5 of its own standard
errors of the square of the published figure, give or take half a unit of its last printed digit.

All else is judged against one realised sample. The model is simulated in samples exactly as long; the band
is 5 standard deviations of the statistic over simulated samples (the sampling error of the data under the
model), times root(1 + 1 / samples) for the error of the simulated mean.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from simulator.calibration import goodness_of_fit, moments
from simulator.calibration.goodness_of_fit import exact_correlation
from simulator.calibration.moments import WINDOWS, fit_rate_model, sample_moments
from simulator.cli.upkeep import app
from simulator.drivers.block import DriverSpec, draw_block
from simulator.drivers.history import YieldHistory
from simulator.drivers.random_streams import normals
from simulator.drivers.rates import TENOR_YEARS, RateModel
from simulator.drivers.regimes import REGIMES

SHOWN = [TENOR_YEARS.index(tenor) for tenor in (2, 5, 10, 30)]
PUBLISHED_SD = {
    "2010-2019": (3.05, 4.61, 4.88, 4.88),
    "2017-2019": (3.44, 3.88, 3.82, 3.64),
    "2008-crisis": (12.2, 12.5, 11.0, 9.5),
    "march-2020": (7.5, 10.7, 13.6, 16.6),
    "2022-2023": (8.9, 8.6, 7.6, 6.6),
    "2024": (6.2, 6.2, 5.8, 5.4),
    "april-2025": (8.3, 8.5, 7.5, 7.5),
}
# Excess kurtosis and largest change of the ten-year yield, same table.
PUBLISHED_TEN_YEAR = {
    "2010-2019": (1.1, 21),
    "2017-2019": (0.5, 16),
    "2008-crisis": (0.1, 28),
    "march-2020": (0.0, 29),
    "2022-2023": (0.4, 30),
    "2024": (0.6, 19),
    "april-2025": (-0.7, 14),
}
PUBLISHED_AUTOCORRELATION = {2: (0.33, 0.28, 0.27), 10: (0.18, 0.17, 0.14)}
PUBLISHED_CHANGE_AUTOCORRELATION = (-0.04, -0.015, -0.01, -0.016)
PUBLISHED_HILL = {2: 2.6, 10: 4.3, 30: 3.4}


def sd_agrees(model: RateModel, name: str) -> bool:
    digit = 0.005 if name in ("2010-2019", "2017-2019") else 0.05
    daily = np.diff(
        draw_block(DriverSpec("factor", model), 8, 0, 4_000, 20).curve_change_bp, axis=1, prepend=0.0
    )
    variance = (daily[:, :, SHOWN] ** 2.0).mean(axis=1)
    sd = np.sqrt(variance.mean(axis=0))
    error = variance.std(axis=0, ddof=1) / np.sqrt(len(variance)) / (2.0 * sd)
    return bool((np.abs(sd - np.array(PUBLISHED_SD[name])) < 5.0 * error + digit).all())


@pytest.mark.parametrize("name", list(PUBLISHED_SD))
def test_standard_deviations_are_the_published_ones(name: str) -> None:
    assert sd_agrees(REGIMES[name], name)
    assert not sd_agrees(REGIMES[name].scaled(1.1), name)
    assert not sd_agrees(REGIMES[name].scaled(0.9), name)


def test_statistics_of_the_data_are_the_published_ones(yields: YieldHistory) -> None:
    """The estimators are those behind the published table: its figures come out to the digits printed."""
    for name, (kurtosis, largest) in PUBLISHED_TEN_YEAR.items():
        changes = yields.changes_bp(*WINDOWS[name])
        found, without_first = sample_moments(changes), sample_moments(changes[1:])
        assert abs(found.kurtosis[4] - kurtosis) <= 0.0501
        assert round(found.max_bp[4]) == largest
        # Some published windows begin with their first close, others with the change to it.
        gaps = [np.abs(each.sd_bp[SHOWN] - PUBLISHED_SD[name]) for each in (found, without_first)]
        assert np.minimum(*gaps).max() <= 0.0501
    found = sample_moments(yields.changes_bp(*WINDOWS["2010-2025"]))
    for tenor, published in PUBLISHED_AUTOCORRELATION.items():
        column = TENOR_YEARS.index(tenor)
        lags = (found.size_autocorrelation_1, found.size_autocorrelation_5, found.size_autocorrelation_20)
        assert [round(float(lag[column]), 2) for lag in lags] == list(published)
    gaps = np.abs(found.change_autocorrelation_1[SHOWN] - PUBLISHED_CHANGE_AUTOCORRELATION)
    assert (gaps <= 0.0015).all()  # the published sample has nine days less
    for tenor, exponent in PUBLISHED_HILL.items():
        assert round(float(found.hill[TENOR_YEARS.index(tenor)]), 1) == exponent


def scored(name: str, model: RateModel, yields: YieldHistory) -> dict[str, np.ndarray]:
    found = goodness_of_fit.comparison(model, yields.changes_bp(*WINDOWS[name]))
    return {key: values[3] for key, values in found.items()}


@pytest.mark.parametrize("name", list(WINDOWS))
def test_every_statistic_is_within_its_band(name: str, yields: YieldHistory) -> None:
    found = scored(name, REGIMES[name], yields)
    known = {key: values for key, values in found.items() if not np.isnan(values).any()}
    assert {"sd_bp", "kurtosis", "max_bp", "size_autocorrelation_1", "size_autocorrelation_5"} <= set(known)
    for statistic, values in known.items():
        assert (np.abs(values) < 5.0).all(), (statistic, values)


PLANTED = {
    # A wrong model, and a statistic of 2010-2025 that must give it away.
    "normal changes": (lambda model: model.with_constant_volatility(), "kurtosis"),
    "no clustering": (
        lambda model: replace(
            model,
            volatility=replace(model.volatility, persistence_per_day=0.0, shock_sd=0.3, jumps_per_year=0.0),
        ),
        "size_autocorrelation_20",
    ),
    "short memory": (
        lambda model: replace(
            model, volatility=replace(model.volatility, persistence_per_day=0.9, shock_sd=0.1)
        ),
        "size_autocorrelation_20",
    ),
    "no tenor differences": (lambda model: replace(model, volatility_sensitivity=(1.0,) * 7), "geary"),
    "thin tails": (lambda model: model.with_constant_volatility(), "hill"),
    "30% more volatility": (lambda model: model.with_constant_volatility().scaled(1.3), "sd_bp"),
}


@pytest.mark.parametrize("planted", list(PLANTED))
def test_planted_errors_leave_the_band(planted: str, yields: YieldHistory) -> None:
    spoil, statistic = PLANTED[planted]
    found = scored("2010-2025", spoil(REGIMES["2010-2025"]), yields)
    assert (np.abs(found[statistic]) > 5.0).any(), found[statistic]


@pytest.mark.parametrize("name", list(WINDOWS))
def test_correlations_are_the_datas(name: str, yields: YieldHistory) -> None:
    """Three factors leave out what single tenors do alone: at most 0.04 of any correlation."""
    data = np.asarray(np.corrcoef(yields.changes_bp(*WINDOWS[name]), rowvar=False))
    assert np.abs(exact_correlation(REGIMES[name]) - data).max() < 0.04
    planted = replace(REGIMES[name], loadings=((1.0,) * 7, (0.0,) * 7, (0.0,) * 7))
    assert np.abs(exact_correlation(planted) - data).max() > 0.04


def test_shipped_regimes_are_the_fit(yields: YieldHistory) -> None:
    for name, fitted in moments.fitted_regimes(yields).items():
        shipped = REGIMES[name]
        assert fitted.source == shipped.source
        assert np.allclose(fitted.sd_bp, shipped.sd_bp, rtol=0.0, atol=2e-3)
        assert np.allclose(fitted.loadings, shipped.loadings, rtol=0.0, atol=2e-3)
        assert np.allclose(fitted.volatility_sensitivity, shipped.volatility_sensitivity, rtol=0.0, atol=5e-3)
        assert abs(fitted.volatility.persistence_per_day - shipped.volatility.persistence_per_day) < 1e-3
        assert abs(fitted.volatility.shock_sd - shipped.volatility.shock_sd) < 1e-3
        assert abs(fitted.volatility.news_sd - shipped.volatility.news_sd) < 5e-3


def test_the_fit_finds_a_known_model() -> None:
    """Fitted to 8,000 days of a known model, moments come back within their sampling error."""
    truth = REGIMES["2010-2019"]
    changes = goodness_of_fit.simulated_changes(truth, 8_000, 1, 5)[0]
    dates = np.datetime64("1990-01-01", "D") + np.arange(8_001)
    levels = np.concatenate([np.zeros((1, 7)), np.cumsum(changes, axis=0)])
    fitted = fit_rate_model(YieldHistory("made.csv", dates, levels), "1990-01-02", "2030-01-01")
    values = goodness_of_fit.comparison(fitted, changes)
    assert all((np.abs(scored_values[3]) < 5.0).all() for scored_values in values.values())
    assert abs(fitted.volatility.persistence_per_day - truth.volatility.persistence_per_day) < 0.01
    assert np.allclose(fitted.volatility_sensitivity, truth.volatility_sensitivity, rtol=0.0, atol=0.2)
    assert np.allclose(fitted.sd_bp, truth.sd_bp, rtol=0.1)


def test_short_windows_need_a_prior(yields: YieldHistory) -> None:
    with pytest.raises(
        ValueError, match=r"found 22 daily changes from 2020-03-01 to 2020-03-31; dynamics of"
    ):
        fit_rate_model(yields, "2020-03-01", "2020-03-31")


def test_sample_moments_by_hand() -> None:
    series = np.repeat(np.array([1.0, -1.0, 3.0, -3.0, 1.0, -1.0])[:, None], 7, axis=1)
    found = sample_moments(series)
    assert np.allclose(found.sd_bp, np.sqrt(22.0 / 5.0))
    # G2 = (n-1)/((n-2)(n-3)) ((n+1) g2 + 6), g2 = (166/6)/(22/6)^2 - 3.
    assert np.allclose(found.kurtosis, 5.0 / 12.0 * (7.0 * (166.0 * 6.0 / 484.0 - 3.0) + 6.0))
    assert np.allclose(found.geary, 10.0 / 6.0 / np.sqrt(22.0 / 5.0))
    assert found.max_bp.tolist() == [3.0] * 7
    assert np.isnan(found.size_autocorrelation_5).all()
    assert np.isnan(found.hill).all()


def test_hill_exponent_of_a_pareto_sample() -> None:
    """Known tail exponent 3: the estimate is close to normal with relative error 1 / root(tail days)."""
    from scipy.special import ndtr

    size = (1.0 - ndtr(normals(3, "pareto", 0, 1, 20_000).T)) ** (-1.0 / 3.0)
    found = float(sample_moments(np.repeat(size, 7, axis=1)).hill[0])
    assert abs(found - 3.0) < 5.0 * 3.0 / np.sqrt(1_000.0)
    assert abs(found - 4.0) > 5.0 * 3.0 / np.sqrt(1_000.0)


@pytest.mark.parametrize(
    "table",
    [
        goodness_of_fit.comparison_table,
        goodness_of_fit.correlation_table,
        goodness_of_fit.index_table,
        pytest.param(goodness_of_fit.jump_table, marks=pytest.mark.slow),
    ],
)
def test_the_page_holds_what_the_command_prints(
    table: Callable[[YieldHistory], str], yields: YieldHistory
) -> None:
    page = (Path(__file__).resolve().parents[2] / "docs" / "model" / "drivers.md").read_text(encoding="utf-8")
    assert table(yields) in page


def test_command(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["regimes", "--data", str(tmp_path)])
    assert done.exit_code == 2
    assert "treasury_par_yields_daily.csv" in done.output
