"""Factor model of the par curve: level, slope and curvature with fat tails and stochastic volatility.

Daily shocks to seven par yields come from three factors. Their scale is the latent volatility, which moves
all tenors together but short ones more, and the news of the day, which fattens tails. Each factor reverts
slowly. The model says what the *fundamental* curve does before any forced sale; what the market adds is the
engine's business.

Units: standard deviations bp a day, tenors years, reversion per year. Source of the shipped figures:
`simulator.calibration.moments` run on the Treasury's daily par yields, see `regimes`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from simulator.drivers.random_streams import Floats
from simulator.drivers.volatility import INDEX_WEIGHTS, TRADING_DAYS_PER_YEAR, VolatilityModel

TENOR_YEARS = (2, 3, 5, 7, 10, 20, 30)
TENOR_COUNT = len(TENOR_YEARS)
FACTORS = ("level", "slope", "curvature")
FACTOR_COUNT = len(FACTORS)
REFERENCE_TENOR = TENOR_YEARS.index(10)


@dataclass(frozen=True)
class RateModel:
    """Parameters of the factor model in one regime.

    Parameters
    ----------
    name, source
        What the figures describe and where they come from.
    sd_bp
        Standard deviation of the daily change by tenor, bp.
    loadings
        For each factor, the loadings of the seven tenors on a factor of unit variance. At each tenor the
        squares of the three add up to one, so that `sd_bp` is exact.
    volatility_sensitivity
        By tenor, how many per cent its volatility moves when the state moves by one: 1 at ten years.
    volatility
        Dynamics of the state.
    reversion_per_year
        For each factor, the share of a displacement that is lost in a year (continuously compounded).
    """

    name: str
    source: str
    sd_bp: tuple[float, ...]
    loadings: tuple[tuple[float, ...], ...]
    volatility_sensitivity: tuple[float, ...]
    volatility: VolatilityModel
    reversion_per_year: tuple[float, ...] = (0.0, 0.0, 0.0)

    def __post_init__(self) -> None:
        shapes = {
            "sd_bp": (np.shape(self.sd_bp), (TENOR_COUNT,)),
            "loadings": (np.shape(self.loadings), (FACTOR_COUNT, TENOR_COUNT)),
            "volatility_sensitivity": (np.shape(self.volatility_sensitivity), (TENOR_COUNT,)),
            "reversion_per_year": (np.shape(self.reversion_per_year), (FACTOR_COUNT,)),
        }
        for field, (found, allowed) in shapes.items():
            if found != allowed:
                raise ValueError(f"{field}: found shape {found}; allowed is {allowed}.")
        bounds = {"sd_bp": 200.0, "reversion_per_year": TRADING_DAYS_PER_YEAR, "volatility_sensitivity": 10.0}
        for field, highest in bounds.items():
            values = getattr(self, field)
            if not all(0.0 <= value <= highest for value in values):
                raise ValueError(f"{field}: found {values}; allowed is 0 to {highest:g} each.")
        lengths = np.sum(np.square(self.loadings), axis=0)
        if not np.allclose(lengths, 1.0, rtol=0.0, atol=1e-3):
            raise ValueError(
                f"loadings: squares by tenor add up to {lengths.round(4).tolist()}; allowed is 1 at each;"
                " divide each tenor's loadings by the root of the sum of their squares."
            )

    @property
    def index_volatility_bp_per_year(self) -> float:
        """Volatility of the curve at the opening with the index's weights, for `move_index`.

        Times the multiplier it is the forward-looking counterpart of realised volatility.
        """
        daily = sum(weight * sd for weight, sd in zip(INDEX_WEIGHTS, self.sd_bp, strict=True))
        return float(daily * np.sqrt(TRADING_DAYS_PER_YEAR))

    def scaled(self, factor: float) -> RateModel:
        """The same model with every standard deviation multiplied by `factor`."""
        return replace(self, sd_bp=tuple(sd * factor for sd in self.sd_bp))

    def with_constant_volatility(self) -> RateModel:
        """The same model with volatility that never moves: changes are normal."""
        still = VolatilityModel(
            persistence_per_day=0.0, shock_sd=0.0, jumps_per_year=0.0, jump_size=0.0, news_sd=0.0
        )
        return replace(self, volatility=still)


@dataclass(frozen=True)
class RateDraws:
    """What a block of paths of the factor model is made from.

    Parameters
    ----------
    factors
        Standard normals, shape (day, factor, path).
    news, volatility
        Standard normals, shape (day, path).
    jumps
        Uniforms, shape (day, path).
    warmup_days
        Leading days of `volatility` and `jumps` that run before the first simulated day, so that the state
        opens on a draw from its long-run distribution instead of on a known level.
    """

    factors: Floats
    news: Floats
    volatility: Floats
    jumps: Floats
    warmup_days: int = 0


def curve_noise(
    model: RateModel, draws: RateDraws, noise_scale: float, tenor_shift: Floats
) -> tuple[Floats, Floats]:
    """Cumulative noise of the curve and the latent volatility multiplier.

    Parameters
    ----------
    model
        Parameters of the regime.
    draws
        Standard draws of the block.
    noise_scale
        Multiplies every innovation, those of volatility included; 0 gives exact zeros and ones.
    tenor_shift
        Factor on volatility by day and tenor, the same for all paths, shape (day, tenor).

    Returns
    -------
    noise_bp : ndarray of shape (path, day, tenor)
        Cumulative since the opening, C-contiguous.
    multiplier : ndarray of shape (path, day)
        Volatility relative to the opening, `tenor_shift` excluded. The mean of its square is 1.
    """
    day_count, _, path_count = draws.factors.shape
    sensitivity = np.asarray(model.volatility_sensitivity) * noise_scale
    state = model.volatility.log_state(draws.volatility, draws.jumps)[draws.warmup_days :]
    scale = noise_scale * _day_scale(model, sensitivity, state, draws, tenor_shift)
    loadings = np.asarray(model.loadings)[:, :, None]
    decay = np.exp(-np.asarray(model.reversion_per_year) / TRADING_DAYS_PER_YEAR)[:, None, None]

    displacement = np.zeros((FACTOR_COUNT, TENOR_COUNT, path_count))
    noise_bp = np.empty((day_count, TENOR_COUNT, path_count))
    for day in range(day_count):
        displacement *= decay
        displacement += loadings * draws.factors[day][:, None, :] * scale[day]
        # An explicit sum: the order of a library's reduction may depend on the shape of the block.
        noise_bp[day] = displacement[0] + displacement[1] + displacement[2]

    index_exponent = noise_scale * model.volatility_sensitivity[REFERENCE_TENOR]
    growth = _log_moments(model, 2.0 * index_exponent, day_count, draws.warmup_days)
    multiplier = np.exp(index_exponent * state - 0.5 * growth[:, None])
    return np.ascontiguousarray(noise_bp.transpose(2, 0, 1)), np.ascontiguousarray(multiplier.T)


def _day_scale(
    model: RateModel, sensitivity: Floats, state: Floats, draws: RateDraws, tenor_shift: Floats
) -> Floats:
    """Standard deviation of each day and tenor given the state and the news, shape (day, tenor, path), bp."""
    day_count = len(state)
    growth = _log_moments(model, 2.0 * sensitivity, day_count, draws.warmup_days)
    centre = 0.5 * (growth + model.volatility.news_log_moment(2.0 * sensitivity))
    log_scale = sensitivity[None, :, None] * (state + model.volatility.news_sd * draws.news)[:, None, :]
    log_scale -= centre[:, :, None]
    scale: Floats = np.exp(log_scale, out=log_scale)
    scale *= (tenor_shift * np.asarray(model.sd_bp))[:, :, None]
    return scale


def _log_moments(model: RateModel, exponent: float | Floats, day_count: int, warmup_days: int) -> Floats:
    """Log of E exp(exponent * state) on the simulated days."""
    return model.volatility.log_moments(exponent, warmup_days + day_count)[warmup_days:]
