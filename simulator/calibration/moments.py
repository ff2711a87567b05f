"""Moments of daily yield changes: in the data, in closed form, in simulated samples; and the fit.

``python -m simulator.cli.upkeep regimes --data DIR`` fits every regime from the file
`treasury_par_yields_daily.csv` in DIR and prints the table that `simulator.drivers.regimes` ships.
With ``--compare`` it simulates samples as long as the data's and prints model beside data.

Scale and correlations of a regime are those of its own window. Dynamics of volatility need years: they are
fitted by the method of moments on exact formulas, long windows to their own moments with the fit of
2010-2025 as prior, windows of less than 240 days (a quarter, a month) take that prior as it is.

Changes are bp a day; all else is a pure number.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from simulator.drivers.history import Bootstrap, YieldHistory
from simulator.drivers.random_streams import Floats
from simulator.drivers.rates import FACTOR_COUNT, REFERENCE_TENOR, TENOR_COUNT, RateModel
from simulator.drivers.volatility import TRADING_DAYS_PER_YEAR, VolatilityModel

YIELD_FILE = "treasury_par_yields_daily.csv"
WINDOWS = {
    "2010-2025": ("2010-01-01", "2025-07-11"),
    "2010-2019": ("2010-01-01", "2019-12-31"),
    "2017-2019": ("2017-01-01", "2019-12-31"),
    "2008-crisis": ("2008-09-01", "2008-12-31"),
    "march-2020": ("2020-03-01", "2020-03-31"),
    "2022-2023": ("2022-01-01", "2023-12-31"),
    "2024": ("2024-01-01", "2024-12-31"),
    "april-2025": ("2025-04-01", "2025-04-30"),
}
LONG_WINDOW = "2010-2025"
FITTED_DAYS_MIN = 240
# judgement: with less than a year of days the error of a fourth moment exceeds the moment.
FITTED_LAGS = (1, 2, 5, 10, 20, 40)
COMPARED_LAGS = (1, 5, 20)
TAIL_SHARE = 0.05
STATIONARY_DAYS = 1_500
JUMPS_PER_YEAR, JUMP_SIZE = 2.0, 0.4
# judgement: two days a year on which volatility rises by half, see docs/model/drivers.md.


class SampleMoments(NamedTuple):
    """Moments of samples of daily changes; every field has shape (*path, tenor).

    `kurtosis` is the unbiased excess; `geary` the mean absolute change over the standard deviation (0.798
    for a normal); `hill` the tail exponent of the largest 5% of absolute changes; the autocorrelations of
    `size` are those of absolute changes.
    """

    sd_bp: Floats
    kurtosis: Floats
    geary: Floats
    max_bp: Floats
    size_autocorrelation_1: Floats
    size_autocorrelation_5: Floats
    size_autocorrelation_20: Floats
    hill: Floats
    change_autocorrelation_1: Floats


def sample_moments(changes_bp: Floats) -> SampleMoments:
    """Moments of samples of daily changes.

    Parameters
    ----------
    changes_bp
        Shape (*path, day, tenor), at least four days.
    """
    day_count = changes_bp.shape[-2]
    centred = changes_bp - changes_bp.mean(axis=-2, keepdims=True)
    second = np.mean(centred**2.0, axis=-2)
    excess = np.mean(centred**4.0, axis=-2) / second**2.0 - 3.0
    n = float(day_count)
    size = np.abs(changes_bp)
    sd_bp = np.sqrt(second * n / (n - 1.0))
    return SampleMoments(
        sd_bp=sd_bp,
        kurtosis=(n - 1.0) / ((n - 2.0) * (n - 3.0)) * ((n + 1.0) * excess + 6.0),
        geary=size.mean(axis=-2) / sd_bp,
        max_bp=size.max(axis=-2),
        **{f"size_autocorrelation_{lag}": autocorrelation(size, lag) for lag in COMPARED_LAGS},
        hill=hill_exponent(size),
        change_autocorrelation_1=autocorrelation(changes_bp, 1),
    )


def autocorrelation(series: Floats, lag: int) -> Floats:
    """Autocorrelation along the day axis (last but one); NaN where the sample is under three lags."""
    if series.shape[-2] < 3 * lag:
        return np.full((*series.shape[:-2], series.shape[-1]), np.nan)
    centred = series - series.mean(axis=-2, keepdims=True)
    products = np.mean(centred[..., lag:, :] * centred[..., :-lag, :], axis=-2)
    return np.asarray(products / np.mean(centred**2.0, axis=-2))


def hill_exponent(size: Floats) -> Floats:
    """Hill's tail exponent of the largest 5% of absolute changes; NaN for samples under 60 days."""
    tail_days = int(TAIL_SHARE * size.shape[-2])
    if tail_days < 3:
        return np.full((*size.shape[:-2], size.shape[-1]), np.nan)
    largest = np.sort(size, axis=-2)[..., -tail_days - 1 :, :]
    return np.asarray(1.0 / np.mean(np.log(largest[..., 1:, :] / largest[..., :1, :]), axis=-2))


@dataclass(frozen=True)
class ExactMoments:
    """Stationary moments of the factor model in closed form; shape (tenor,) or (lag, tenor)."""

    geary: Floats
    kurtosis: Floats
    autocorrelation: Floats


def exact_moments(volatility: VolatilityModel, sensitivity: Floats, lags: Sequence[int]) -> ExactMoments:
    """Population moments of a change that is normal given its scale.

    The scale is the exponential of the state, a sum of independent steps, so every moment is an exponential
    of the steps' cumulant function, see docs/model/drivers.md.

    Parameters
    ----------
    volatility
        Dynamics of the state.
    sensitivity
        Sensitivity of the tenors, shape (tenor,).
    lags
        Lags of the autocorrelation of absolute changes, days.
    """
    mean_size = np.sqrt(2.0 / np.pi)
    moment = {r: _scale_moment(volatility, r * sensitivity) for r in (1.0, 2.0, 4.0)}
    variance_size = np.exp(moment[2.0]) - mean_size**2.0 * np.exp(2.0 * moment[1.0])
    products = [_product_moment(volatility, sensitivity, lag) - 2.0 * moment[1.0] for lag in lags]
    covariance = mean_size**2.0 * np.exp(2.0 * moment[1.0]) * np.expm1(np.array(products))
    return ExactMoments(
        geary=mean_size * np.exp(moment[1.0] - 0.5 * moment[2.0]),
        kurtosis=3.0 * np.exp(moment[4.0] - 2.0 * moment[2.0]) - 3.0,
        autocorrelation=covariance / variance_size,
    )


def _scale_moment(volatility: VolatilityModel, exponent: Floats) -> Floats:
    """Log of E scale**exponent in the long run."""
    state = volatility.log_moments(exponent, STATIONARY_DAYS)[-1]
    return np.asarray(state + volatility.news_log_moment(exponent))


def _product_moment(volatility: VolatilityModel, exponent: Floats, lag: int) -> Floats:
    """Log of E (scale of one day * scale `lag` days later)**exponent in the long run."""
    joint_exponent = exponent * (1.0 + volatility.persistence_per_day**lag)
    shared = volatility.log_moments(joint_exponent, STATIONARY_DAYS)[-1]
    own = volatility.log_moments(exponent, lag)[-1]
    return np.asarray(shared + own + 2.0 * volatility.news_log_moment(exponent))


def fit_rate_model(
    yields: YieldHistory,
    start: str,
    end: str,
    name: str = "own",
    prior: RateModel | None = None,
    jumps_per_year: float = JUMPS_PER_YEAR,
) -> RateModel:
    """Fit the factor model to the daily changes of a window.

    Parameters
    ----------
    yields
        History that contains the window.
    start, end
        ISO dates, both included.
    name
        Name of the regime.
    prior
        Model whose dynamics a short window takes, and towards which a long one is drawn. Without it the
        window must be long.
    jumps_per_year
        Jumps of volatility, which moments of yields alone do not identify.

    Raises
    ------
    ValueError
        If the window is empty, incomplete, or short without a prior.
    """
    changes = yields.changes_bp(start, end)
    if len(changes) >= FITTED_DAYS_MIN:
        volatility, sensitivity = _fitted_dynamics(changes, prior, jumps_per_year)
    elif prior is not None:
        volatility, sensitivity = prior.volatility, np.asarray(prior.volatility_sensitivity)
    else:
        raise ValueError(
            f"{yields.source}: found {len(changes)} daily changes from {start} to {end}; dynamics of"
            f" volatility need {FITTED_DAYS_MIN}; choose a longer window or give a prior."
        )
    sd_bp = np.asarray(changes.std(axis=0, ddof=1))
    correlation = np.asarray(np.corrcoef(changes, rowvar=False), dtype=np.float64)
    loadings = _factor_loadings(correlation, volatility, sensitivity)
    reversion = prior.reversion_per_year if prior else _reversion_per_year(yields, sd_bp, loadings)
    return RateModel(
        name=name,
        source=f"{yields.source}, {len(changes)} daily changes from {start} to {end}",
        sd_bp=_rounded(sd_bp, 3),
        loadings=tuple(_rounded(row, 5) for row in loadings),
        volatility_sensitivity=_rounded(sensitivity, 3),
        volatility=volatility,
        reversion_per_year=reversion,
    )


def _factor_loadings(correlation: Floats, volatility: VolatilityModel, sensitivity: Floats) -> Floats:
    """Level, slope and curvature: principal components of the correlation of standardised shocks.

    Tenors whose volatilities move unequally correlate less than their shocks do; that attenuation is known in
    closed form and taken out first. Rows are rescaled so that each tenor's variance is exact.
    """
    values, vectors = np.linalg.eigh(correlation / attenuation(volatility, sensitivity))
    leading = vectors[:, ::-1][:, :FACTOR_COUNT] * np.sqrt(values[::-1][:FACTOR_COUNT])
    leading *= np.sign(leading[-1])  # all three positive at the long end
    leading /= np.sqrt(np.sum(leading**2.0, axis=1, keepdims=True))
    return np.asarray(leading.T)


def attenuation(volatility: VolatilityModel, sensitivity: Floats) -> Floats:
    """Correlation of changes over correlation of their standardised shocks, shape (tenor, tenor)."""
    own = _scale_moment(volatility, 2.0 * sensitivity)
    joint = _scale_moment(volatility, np.add.outer(sensitivity, sensitivity))
    return np.asarray(np.exp(joint - 0.5 * np.add.outer(own, own)))


def _reversion_per_year(yields: YieldHistory, sd_bp: Floats, loadings: Floats) -> tuple[float, ...]:
    """Speed of reversion of the three factors: least-squares AR(1) on every complete day of the file."""
    complete = yields.yields_bp[np.isfinite(yields.yields_bp).all(axis=1)]
    scores = np.linalg.lstsq(loadings.T, (complete / sd_bp).T, rcond=None)[0].T
    scores -= scores.mean(axis=0)
    slopes = np.sum(scores[1:] * scores[:-1], axis=0) / np.sum(scores[:-1] ** 2.0, axis=0)
    return _rounded(-TRADING_DAYS_PER_YEAR * np.log(np.minimum(slopes, 1.0)), 2)


def _fitted_dynamics(
    changes: Floats, prior: RateModel | None, jumps_per_year: float
) -> tuple[VolatilityModel, Floats]:
    """Volatility dynamics and sensitivities by weighted least squares on exact moments."""
    from scipy.optimize import least_squares

    target = _fitted_statistics(changes)
    resampled = changes[Bootstrap(changes, block_days=20.0).sampled_days(1, 0, 200, len(changes), "pseudo")]
    error = _fitted_statistics(resampled).std(axis=0)
    centre = _dynamics_to_vector(prior) if prior else np.array([4.0, -1.2, -1.6, *[0.0] * (TENOR_COUNT - 1)])
    spread = np.array([0.5, 0.4, 0.4, *[0.25] * (TENOR_COUNT - 1)]) * (1.0 if prior else 4.0)

    def residuals(vector: Floats) -> Floats:
        volatility, sensitivity = _vector_to_dynamics(vector, jumps_per_year)
        exact = exact_moments(volatility, sensitivity, FITTED_LAGS)
        model = np.concatenate([exact.geary, np.log1p(exact.kurtosis / 3.0), exact.autocorrelation.ravel()])
        return np.concatenate([(model - target) / error, (vector - centre) / spread])

    solution = least_squares(residuals, centre, method="trf", xtol=1e-10, ftol=1e-10)
    volatility, sensitivity = _vector_to_dynamics(solution.x, jumps_per_year)
    rounded = replace(
        volatility,
        persistence_per_day=round(volatility.persistence_per_day, 4),
        shock_sd=round(volatility.shock_sd, 4),
        news_sd=round(volatility.news_sd, 4),
    )
    return rounded, np.round(sensitivity, 3)


def _fitted_statistics(changes: Floats) -> Floats:
    """What the fit looks at, last axis: Geary's ratio, log kurtosis and autocorrelations, each by tenor."""
    moments = sample_moments(changes)
    size = np.abs(changes)
    return np.concatenate(
        [
            moments.geary,
            np.log1p(moments.kurtosis / 3.0),
            *[autocorrelation(size, lag) for lag in FITTED_LAGS],
        ],
        axis=-1,
    )


def _dynamics_to_vector(model: RateModel) -> Floats:
    """Log-odds of persistence; logs of the state's long-run sd, of news and of the sensitivities."""
    dynamics = model.volatility
    persistence = dynamics.persistence_per_day
    long_run_sd = dynamics.shock_sd / np.sqrt(1.0 - persistence**2.0)
    others = np.delete(np.asarray(model.volatility_sensitivity), REFERENCE_TENOR)
    head = [np.log(persistence / (1.0 - persistence)), np.log(long_run_sd), np.log(dynamics.news_sd)]
    return np.concatenate([head, np.log(others)])


def _vector_to_dynamics(vector: Floats, jumps_per_year: float) -> tuple[VolatilityModel, Floats]:
    persistence = float(1.0 / (1.0 + np.exp(-vector[0])))
    volatility = VolatilityModel(
        persistence_per_day=persistence,
        shock_sd=float(np.exp(vector[1]) * np.sqrt(1.0 - persistence**2.0)),
        jumps_per_year=jumps_per_year,
        jump_size=JUMP_SIZE,
        news_sd=float(np.exp(vector[2])),
    )
    return volatility, np.insert(np.exp(vector[3:]), REFERENCE_TENOR, 1.0)


def _rounded(values: Floats, digits: int) -> tuple[float, ...]:
    return tuple(round(float(value), digits) for value in values)


def fitted_regimes(
    yields: YieldHistory, windows: Mapping[str, tuple[str, str]] = WINDOWS, prior: RateModel | None = None
) -> dict[str, RateModel]:
    """The regimes of some windows, fitted afresh: all that ship by default.

    The longest window is fitted first, with ``prior`` if there is one; its model is the prior of the others.
    """
    longest = max(windows, key=lambda name: len(yields.changes_bp(*windows[name])))
    first = fit_rate_model(yields, *windows[longest], longest, prior)
    return {
        name: first if name == longest else fit_rate_model(yields, *window, name, prior=first)
        for name, window in windows.items()
    }


def regimes_module(models: dict[str, RateModel]) -> str:
    """Source text of `simulator.drivers.regimes`."""
    blocks = []
    for model in models.values():
        dynamics = model.volatility
        loadings = "".join(f"            {row},\n" for row in model.loadings)
        blocks.append(
            f'    "{model.name}": RateModel(\n'
            f'        name="{model.name}",\n'
            f'        source="{model.source}",\n'
            f"        sd_bp={model.sd_bp},\n"
            f"        loadings=(\n{loadings}        ),\n"
            f"        volatility_sensitivity={model.volatility_sensitivity},\n"
            f"        volatility=VolatilityModel(\n"
            f"            persistence_per_day={dynamics.persistence_per_day},\n"
            f"            shock_sd={dynamics.shock_sd},\n"
            f"            jumps_per_year={dynamics.jumps_per_year},\n"
            f"            jump_size={dynamics.jump_size},\n"
            f"            news_sd={dynamics.news_sd},\n"
            f"        ),\n"
            f"        reversion_per_year={model.reversion_per_year},\n"
            f"    ),\n"
        )
    return f"{_REGIMES_HEAD}{''.join(blocks)}}}\n"


_REGIMES_HEAD = '''"""Regimes of the factor model, printed by ``python -m simulator.cli.upkeep regimes``.

Scale and correlations are of the window in the name, dynamics of volatility are fitted to windows of a year
and more and otherwise those of 2010-2025; reversion is of the whole file. Standard deviations are bp a day.
Source: US Treasury, daily par yield curve rates (public domain). Equations: docs/model/drivers.md.
"""

from __future__ import annotations

from simulator.drivers.rates import RateModel
from simulator.drivers.volatility import VolatilityModel

REGIMES: dict[str, RateModel] = {
'''
