"""Model beside data: every moment of the shipped regimes against the par yields they were fitted to.

One realised sample is judged against simulated samples of the same length, so the spread over simulated
samples *is* the sampling error of the data under the model, biases of short samples included. Printed by
``python -m simulator.cli.upkeep regimes --data DIR --compare``; docs/model/drivers.md keeps the result.

Changes are bp a day, realised volatility and the index bp a year, all else pure numbers.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from simulator.calibration.moments import (
    FITTED_DAYS_MIN,
    LONG_WINDOW,
    WINDOWS,
    SampleMoments,
    attenuation,
    fit_rate_model,
    sample_moments,
)
from simulator.drivers.block import DriverSpec, draw_block
from simulator.drivers.history import YieldHistory
from simulator.drivers.random_streams import Floats
from simulator.drivers.rates import TENOR_COUNT, TENOR_YEARS, RateModel
from simulator.drivers.regimes import REGIMES
from simulator.drivers.volatility import MOVE_WINDOW_DAYS, move_index, realised_volatility_bp_per_year

WARMUP_DAYS = 500
# Long against the half-life of the state, 69 days in 2010-2025.
COMPARED_TENORS = (2, 5, 10, 30)
COMPARED_DAYS = 400_000
SAMPLES_MIN, SAMPLES_MAX = 100, 2_000
# Simulated days per regime and bounds on the samples they are cut into: 103 as long as 2010-2025.
COMPARED_SEED = 20200309
COMPARED_JUMPS_PER_YEAR = (0.0, 1.0, 2.0, 4.0)
PUBLISHED_INDEX = {
    "2020-02-20": 69.60,
    "2020-03-09": 163.70,
    "2020-03-19": 141.13,
    "2020-03-31": 83.87,
    "2023-03-15": 198.71,
    "2025-04-08": 139.88,
}
# Published closes of the ICE BofA MOVE index, quoted as facts; the series is proprietary.


class VolatilityMoments(NamedTuple):
    """Moments of the log of 21-day realised volatility of the curve; every field has shape (path,).

    `sd` of its level, `skewness` of its five-day changes (jumps make it positive), and the largest `rise` and
    `fall` within 21 days.
    """

    sd: Floats
    skewness: Floats
    rise: Floats
    fall: Floats


VOLATILITY_ROWS = tuple(f"volatility {name}" for name in VolatilityMoments._fields)


def volatility_moments(changes_bp: Floats) -> VolatilityMoments:
    """Moments of realised volatility of samples of daily changes, shape (path, day, tenor)."""
    realised = realised_volatility_bp_per_year(np.cumsum(changes_bp, axis=1), 0.0)
    log_level = np.log(realised[:, MOVE_WINDOW_DAYS - 1 :])
    week = log_level[:, 5:] - log_level[:, :-5]
    week -= week.mean(axis=1, keepdims=True)
    month = log_level[:, MOVE_WINDOW_DAYS:] - log_level[:, :-MOVE_WINDOW_DAYS]
    return VolatilityMoments(
        sd=log_level.std(axis=1),
        skewness=np.mean(week**3.0, axis=1) / np.mean(week**2.0, axis=1) ** 1.5,
        rise=month.max(axis=1),
        fall=-month.min(axis=1),
    )


def simulated_changes(model: RateModel, day_count: int, path_count: int, seed: int) -> Floats:
    """Independent samples of daily changes, shape (path, day, tenor), bp, from the model's long-run law."""
    spec = DriverSpec("factor", rate_model=model, warmup_days=WARMUP_DAYS)
    block = draw_block(spec, seed, 0, path_count, day_count)
    return np.diff(block.curve_change_bp, axis=1, prepend=0.0)


def comparison(model: RateModel, changes_bp: Floats, seed: int = COMPARED_SEED) -> dict[str, Floats]:
    """Data against model: each statistic of one realised sample against simulated samples as long.

    Parameters
    ----------
    model
        Model to judge.
    changes_bp
        The data's daily changes, shape (day, tenor).
    seed
        Seed of the simulated samples.

    Returns
    -------
    dict
        By name of the statistic an array of shape (4, tenor): the data's value; mean and standard deviation
        over simulated samples, the latter being the sampling error of one sample as long as the data; and the
        score, the difference over root(1 + 1 / samples) standard deviations. Statistics of realised
        volatility have one column.
    """
    day_count = len(changes_bp)
    sample_count = min(max(COMPARED_DAYS // day_count, SAMPLES_MIN), SAMPLES_MAX)
    samples = simulated_changes(model, day_count, sample_count, seed)
    found = {
        name: (data[0], simulated)
        for name, data, simulated in zip(
            SampleMoments._fields, sample_moments(changes_bp[None]), sample_moments(samples), strict=True
        )
    }
    if day_count >= FITTED_DAYS_MIN:
        data_volatility, volatility = volatility_moments(changes_bp[None]), volatility_moments(samples)
        for name, data, simulated in zip(VOLATILITY_ROWS, data_volatility, volatility, strict=True):
            found[name] = (data, simulated[:, None])
    return {name: _scored(data, simulated) for name, (data, simulated) in found.items()}


def _scored(data: Floats, simulated: Floats) -> Floats:
    mean, spread = simulated.mean(axis=0), simulated.std(axis=0, ddof=1)
    score = (data - mean) / (spread * np.sqrt(1.0 + 1.0 / len(simulated)))
    return np.array([data, mean, spread, score])


def exact_correlation(model: RateModel) -> Floats:
    """Correlation of daily changes between tenors in closed form, shape (tenor, tenor).

    That of the factors, less what tenors lose because their volatilities do not move in step.
    """
    loadings = np.asarray(model.loadings)
    shocks = np.einsum("fi,fj->ij", loadings, loadings)
    return np.asarray(shocks * attenuation(model.volatility, np.asarray(model.volatility_sensitivity)))


def correlation_table(yields: YieldHistory) -> str:
    """Markdown table of cross-tenor correlations: data / model, and the largest gap of all 21 pairs."""
    pairs = [(2, 5), (2, 10), (2, 30), (5, 10), (10, 30)]
    titles = " | ".join(f"{short}y-{long}y" for short, long in pairs)
    lines = [f"| regime | {titles} | largest gap |", "|---|" + "---|" * (len(pairs) + 1)]
    for name, (start, end) in WINDOWS.items():
        data = np.asarray(np.corrcoef(yields.changes_bp(start, end), rowvar=False))
        model = exact_correlation(REGIMES[name])
        places = [(TENOR_YEARS.index(short), TENOR_YEARS.index(long)) for short, long in pairs]
        cells = [f"{data[place]:.3f} / {model[place]:.3f}" for place in places]
        lines.append(f"| {name} | {' | '.join(cells)} | {np.abs(data - model).max():.3f} |")
    return "\n".join(lines)


def index_table(yields: YieldHistory) -> str:
    """Markdown table of the index computed from the data's realised volatility beside published closes."""
    lines = ["| close of | realised volatility | index from it | published index |", "|---|---|---|---|"]
    for date, published in PUBLISHED_INDEX.items():
        row = yields.opening_row(date, 0)
        window = yields.yields_bp[row - MOVE_WINDOW_DAYS : row + 1]
        realised = realised_volatility_bp_per_year((window[1:] - window[0])[None], 0.0)[0, -1]
        lines.append(f"| {date} | {realised:.1f} | {float(move_index(realised)):.1f} | {published} |")
    return "\n".join(lines)


def comparison_table(yields: YieldHistory) -> str:
    """Markdown table of `comparison` for the shipped regimes: data / model's mean (score)."""
    columns = [TENOR_YEARS.index(tenor) for tenor in COMPARED_TENORS]
    tenors = " | ".join(f"{tenor}y" for tenor in COMPARED_TENORS)
    lines = [f"| regime | statistic | {tenors} |", "|---|---|" + "---|" * len(columns)]
    for name, (start, end) in WINDOWS.items():
        for statistic, values in comparison(REGIMES[name], yields.changes_bp(start, end)).items():
            if np.isnan(values).any():
                continue
            shown = values[:, columns] if values.shape[1] == TENOR_COUNT else values
            cells = [f"{data:.2f} / {mean:.2f} ({score:+.1f})" for data, mean, _, score in shown.T]
            cells += [""] * (len(columns) - len(cells))
            lines.append(f"| {name} | {statistic} | {' | '.join(cells)} |")
    return "\n".join(lines)


def jump_table(yields: YieldHistory) -> str:
    """Markdown table of what tells jumps of volatility from large shocks: the long window refitted."""
    window = WINDOWS[LONG_WINDOW]
    changes = yields.changes_bp(*window)
    lines = [
        "| jumps a year | kurtosis 2y | " + " | ".join(VOLATILITY_ROWS) + " |",
        "|---|---|---|---|---|---|",
    ]
    for jumps_per_year in COMPARED_JUMPS_PER_YEAR:
        model = fit_rate_model(yields, *window, jumps_per_year=jumps_per_year)
        found = comparison(model, changes)
        columns = [found["kurtosis"][:, 0], *[found[row][:, 0] for row in VOLATILITY_ROWS]]
        cells = [f"{data:.2f} / {mean:.2f} ({score:+.1f})" for data, mean, _, score in columns]
        lines.append(f"| {jumps_per_year:g} | {' | '.join(cells)} |")
    return "\n".join(lines)


def report(yields: YieldHistory) -> str:
    """All tables, as docs/model/drivers.md holds them."""
    tables = (comparison_table, correlation_table, index_table, jump_table)
    return "\n\n".join(table(yields) for table in tables)
