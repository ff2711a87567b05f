"""Latent volatility of yields: mean-reverting in logs, with jumps, and the MOVE-comparable index.

Volatility drives margins, haircuts and dealers' value-at-risk limits, so its own uncertainty belongs to the
scenario. The state is a log multiplier that reverts to the opening level, is shaken every day and now and
then jumps up; a transient part, news, scales single days only. The state is normalised so that the expected
*variance* of every future day is the one of the opening: volatility is uncertain, its square unbiased.

Logs are pure numbers, rates of decay are per trading day, 252 of them a year. Realised volatility and the
index are bp a year. Sources: Taylor (1986) for log stochastic volatility; the index map is a regression on
2010-2025, own estimate (the index itself is proprietary).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from simulator.drivers.random_streams import Floats

TRADING_DAYS_PER_YEAR = 252.0
MOVE_INTERCEPT_BP_PER_YEAR = 23.7
MOVE_SLOPE = 0.73
# Own estimate, 3,802 days of 2010-2025: index on 21-day realised volatility, correlation 0.85.
MOVE_WINDOW_DAYS = 21
INDEX_WEIGHTS = (0.2, 0.0, 0.2, 0.0, 0.4, 0.0, 0.2)
# The index's weights on options of 2, 5, 10 and 30 years, in the order of TENOR_YEARS.


@dataclass(frozen=True)
class VolatilityModel:
    """Dynamics of the log volatility state.

    Parameters
    ----------
    persistence_per_day
        Share of the log state left a day later, 0 to 1 (excluded).
    shock_sd
        Standard deviation of the daily shock to the log state.
    jumps_per_year
        Expected number of upward jumps of volatility a year.
    jump_size
        Size of a jump in logs: 0.4 multiplies volatility by 1.5.
    news_sd
        Standard deviation of the log scale of a single day, independent from day to day.
    """

    persistence_per_day: float
    shock_sd: float
    jumps_per_year: float
    jump_size: float
    news_sd: float

    def __post_init__(self) -> None:
        bounds = {
            "persistence_per_day": (0.0, 0.9999),
            "shock_sd": (0.0, 1.0),
            "jumps_per_year": (0.0, TRADING_DAYS_PER_YEAR),
            "jump_size": (0.0, 2.0),
            "news_sd": (0.0, 2.0),
        }
        for name, (lowest, highest) in bounds.items():
            value = getattr(self, name)
            if not lowest <= value <= highest:
                raise ValueError(f"{name}: found {value}; allowed is {lowest} to {highest}.")

    @property
    def jump_probability_per_day(self) -> float:
        """Probability of a jump on a trading day."""
        return self.jumps_per_year / TRADING_DAYS_PER_YEAR

    def log_state(self, shocks: Floats, jump_draws: Floats) -> Floats:
        """Log volatility relative to a start at zero, before normalisation.

        Parameters
        ----------
        shocks
            Standard normals, shape (day, path).
        jump_draws
            Uniforms, shape (day, path): a jump falls where the draw is below its probability.

        Returns
        -------
        ndarray of shape (day, path)
        """
        state = self.shock_sd * shocks + self.jump_size * (jump_draws < self.jump_probability_per_day)
        for day in range(1, len(state)):
            state[day] += self.persistence_per_day * state[day - 1]
        return state

    def step_log_moment(self, exponent: npt.ArrayLike) -> Floats:
        """Log of E exp(exponent * one day's shock and jump), in closed form."""
        power = np.asarray(exponent, dtype=np.float64)
        jump = np.log1p(self.jump_probability_per_day * np.expm1(power * self.jump_size))
        return np.asarray(0.5 * (power * self.shock_sd) ** 2.0 + jump)

    def log_moments(self, exponent: npt.ArrayLike, day_count: int) -> Floats:
        """Log of E exp(exponent * log state) on each day after a start at zero, in closed form.

        Returns
        -------
        ndarray of shape (day, *exponent's shape)
            Days 1 to `day_count`; the last of a long row is the stationary value.
        """
        power = np.asarray(exponent, dtype=np.float64)
        weights = self.persistence_per_day ** np.arange(day_count, dtype=np.float64)
        steps = self.step_log_moment(np.multiply.outer(weights, power))
        return np.cumsum(steps, axis=0)

    def news_log_moment(self, exponent: npt.ArrayLike) -> Floats:
        """Log of E exp(exponent * log scale of a single day's news)."""
        power = np.asarray(exponent, dtype=np.float64)
        return np.asarray(0.5 * (power * self.news_sd) ** 2.0)


def realised_volatility_bp_per_year(
    curve_change_bp: Floats, opening_volatility_bp_per_year: float, window_days: int = MOVE_WINDOW_DAYS
) -> Floats:
    """Realised volatility of the curve with the index's weights on 2, 5, 10 and 30 years.

    Parameters
    ----------
    curve_change_bp
        Cumulative change since the opening, shape (path, day, tenor).
    opening_volatility_bp_per_year
        Volatility that fills the part of the window before the first simulated day.
    window_days
        Length of the window.

    Returns
    -------
    ndarray of shape (path, day)
    """
    daily = np.diff(curve_change_bp, axis=1, prepend=0.0)
    opening_variance = opening_volatility_bp_per_year**2.0 / TRADING_DAYS_PER_YEAR
    total = np.zeros(daily.shape[:2])
    for tenor, weight in enumerate(INDEX_WEIGHTS):
        if weight == 0.0:
            continue
        padded = np.full((daily.shape[0], window_days + daily.shape[1]), opening_variance)
        padded[:, window_days:] = daily[:, :, tenor] ** 2.0
        windows = np.lib.stride_tricks.sliding_window_view(padded[:, 1:], window_days, axis=1)
        total += weight * np.sqrt(windows.mean(axis=2) * TRADING_DAYS_PER_YEAR)
    return total


def move_index(realised_bp_per_year: npt.ArrayLike) -> Floats:
    """Index of bond volatility comparable with MOVE, bp a year, from 21-day realised volatility.

    Examples
    --------
    >>> round(float(move_index(100.0)), 1)
    96.7
    """
    return np.asarray(MOVE_INTERCEPT_BP_PER_YEAR + MOVE_SLOPE * np.asarray(realised_bp_per_year))


def smoothed_multiplier(daily_change_bp: Floats, opening_variance: float, memory: float) -> Floats:
    """Volatility relative to the opening as an exponentially weighted average of the path's own moves.

    What stands in for the latent state where there is none: on historical and bootstrapped paths.

    Parameters
    ----------
    daily_change_bp
        Daily changes, shape (path, day, tenor).
    opening_variance
        Index-weighted variance at the opening, bp squared a day, above zero.
    memory
        Weight left on the past after a day; 0.94 is the usual choice for daily data.

    Returns
    -------
    ndarray of shape (path, day)
    """
    squares = index_weighted_squares(daily_change_bp)
    multiplier = np.empty_like(squares)
    variance = np.full(len(squares), opening_variance)
    for day in range(squares.shape[1]):
        variance = memory * variance + (1.0 - memory) * squares[:, day]
        multiplier[:, day] = np.sqrt(variance / opening_variance)
    return multiplier


def index_weighted_squares(daily_change_bp: Floats) -> Floats:
    """Squared daily changes with the index's weights over the last axis (tenor), bp squared."""
    weighted = np.zeros(daily_change_bp.shape[:-1])
    for tenor, weight in enumerate(INDEX_WEIGHTS):
        weighted += weight * daily_change_bp[..., tenor] ** 2.0
    return weighted
