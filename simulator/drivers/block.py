"""One block of paths of the exogenous world: what the engine reads instead of drawing random numbers.

A specification says how the fundamental curve and volatility move (not at all, factor model, bootstrap,
replay, the user's arrays), and which deterministic shifts of the scenario come on top, the same on all
paths. Everything is addressed by (seed, stream, path): two policies compared on one seed see the same world.

Units: curve changes bp since the opening, volatility relative to the opening, flow noise standard normal.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

import numpy as np

from simulator.drivers.history import Bootstrap, YieldHistory, replayed_credit, replayed_window
from simulator.drivers.random_streams import Floats, Sampling, normals, sobol_bridge, uniforms
from simulator.drivers.rates import FACTOR_COUNT, TENOR_COUNT, RateDraws, RateModel, curve_noise
from simulator.drivers.user_arrays import UserArrays
from simulator.drivers.volatility import TRADING_DAYS_PER_YEAR

DriverKind = Literal["none", "factor", "bootstrap", "replay", "arrays"]
LOSS_STREAMS = ("equity", "credit")
FLOW_STREAMS = ("foreign", "asset_manager", "fund_investors", "lender_cash", "bidders")


@dataclass(frozen=True)
class MarketLosses:
    """How equities and credit spreads move: with volatility, by chance, and as the scenario says.

    Parameters
    ----------
    tolerance
        Multiple of opening volatility beyond which they move with it.
    equity_response, credit_response_bp
        Fall of equities (share) and rise of credit spreads (bp) per unit of log volatility beyond.
    equity_noise, credit_noise_bp
        Standard deviations of the rest, a day.
    half_life
        Days in which a loss is half made good once volatility calms.
    shift
        Change by the scenario since the opening, shape (day, 2): equities as a share, spreads in bp.
    credit_tail
        Degrees of freedom of Student's t of the daily changes of spreads, whose deviation stays; none is normal.
    """

    tolerance: float
    equity_response: float
    equity_noise: float
    credit_response_bp: float
    credit_noise_bp: float
    half_life: float
    shift: Floats
    credit_tail: float | None = None


@dataclass(frozen=True)
class Defaults:
    """How issuers of corporate bonds default: each by chance, at the same rate on every day.

    Parameters
    ----------
    buckets
        Names of the buckets; each has a random stream of its own, so that one more changes no other.
    rates
        Part of issuers that default in a year, by bucket; nothing for Treasuries.
    issuers
        How many there are, all of one size.
    """

    buckets: tuple[str, ...]
    rates: tuple[float, ...]
    issuers: tuple[int, ...]


@dataclass(frozen=True)
class PassingDemand:
    """How demand for hedges comes and goes for reasons of its own: first-order autoregression, hedge by hedge.

    Parameters
    ----------
    noise
        Standard deviation of its daily changes, a share of the opening demand.
    half_life
        Days in which a change is half undone.
    hedges
        Names of the hedges; each has a random stream of its own, so that one more changes no other.
    """

    noise: float
    half_life: float
    hedges: tuple[str, ...]


@dataclass(frozen=True)
class CurveBeside:
    """A par curve beside the first one, such as another government's.

    Parameters
    ----------
    name
        Names its random streams, so that it changes no other curve's draws.
    rate_model
        Its factor model; none where it moves by events alone. Volatility follows the first curve's.
    correlation
        Of its factors with the first curve's.
    shift_bp
        Scenario's shift since the opening, shape (day, tenor).
    """

    name: str
    rate_model: RateModel | None
    correlation: float
    shift_bp: Floats


@dataclass(frozen=True)
class DriverSpec:
    """How the exogenous world moves.

    Parameters
    ----------
    kind
        ``"none"``: nothing but the shifts. ``"factor"``: `rate_model`. ``"bootstrap"``: `bootstrap`.
        ``"replay"``: `history` from the day after `opening`, with the noise of `rate_model` on top if there
        is one. ``"arrays"``: `arrays`.
    noise_scale
        Multiplies every random innovation, those of flows included; 0 leaves the deterministic part alone.
        A replayed history and the user's arrays are not noise.
    curve_shift_bp
        Scenario's shift of the par curve since the opening by day, shape (day, tenor), bp; none is zero.
    volatility_shift
        Scenario's factor on volatility by day, shape (day,); none is one.
    tenor_shift
        The same on each tenor's noise, shape (day, tenor); none is `volatility_shift` for every tenor.
    losses
        How equities and credit spreads move; none is not at all.
    demand
        How demand for hedges comes and goes; none is not at all.
    defaults
        How issuers of corporate bonds default; none is not at all.
    other_curves
        Curves beside the first one.
    warmup_days
        Days of volatility before the first one, to open on a draw from its long-run distribution.
    """

    kind: DriverKind
    rate_model: RateModel | None = None
    bootstrap: Bootstrap | None = None
    history: YieldHistory | None = None
    opening: str | None = None
    arrays: UserArrays | None = None
    noise_scale: float = 1.0
    curve_shift_bp: Floats | None = None
    volatility_shift: Floats | None = None
    tenor_shift: Floats | None = None
    losses: MarketLosses | None = None
    demand: PassingDemand | None = None
    defaults: Defaults | None = None
    other_curves: tuple[CurveBeside, ...] = ()
    warmup_days: int = 0

    def __post_init__(self) -> None:
        needed = {
            "none": (),
            "factor": ("rate_model",),
            "bootstrap": ("bootstrap",),
            "replay": ("history", "opening"),
            "arrays": ("arrays",),
        }
        if self.kind not in needed:
            raise ValueError(f"kind: found {self.kind!r}; allowed are {', '.join(needed)}.")
        for field in needed[self.kind]:
            if getattr(self, field) is None:
                raise ValueError(f"{field}: found none; drivers of kind {self.kind!r} need it.")
        if not 0.0 <= self.noise_scale <= 10.0:
            raise ValueError(f"noise_scale: found {self.noise_scale}; allowed is 0 to 10.")
        if not 0 <= self.warmup_days <= 10_000:
            raise ValueError(f"warmup_days: found {self.warmup_days}; allowed is 0 to 10,000.")
        if self.curve_shift_bp is not None and not np.all(np.isfinite(self.curve_shift_bp)):
            raise ValueError("curve_shift_bp: found a blank (NaN) or infinite value; allowed are finite bp.")
        if self.volatility_shift is not None and not np.all(np.asarray(self.volatility_shift) > 0.0):
            raise ValueError("volatility_shift: found a factor of zero or less; allowed are all above zero.")


@dataclass(frozen=True)
class DriverBlock:
    """The exogenous world of one block of paths.

    Parameters
    ----------
    first_path
        Number of the first path.
    curve_change_bp
        Cumulative change of the fundamental par curve since the opening, shape (path, day, tenor), bp,
        C-contiguous; day 0 is the first simulated day. Tenors of other curves follow those of the first.
    volatility_multiplier
        Latent volatility relative to the opening, shape (path, day).
    flow_noise
        Standard normals by stream of `FLOW_STREAMS`, shape (path, day, stream).
    equity_change, credit_change_bp
        Change of equities (share, never below -95%) and credit spreads since the opening, shape (path, day).
    hedge_demand
        Change of demand for each hedge since the day before, a share of the opening demand, shape (path, day, hedge).
    defaulted
        Part of the issuers of each bucket that default on the day, shape (path, day, bucket).
    """

    first_path: int
    curve_change_bp: Floats
    volatility_multiplier: Floats
    flow_noise: Floats
    equity_change: Floats
    credit_change_bp: Floats
    hedge_demand: Floats
    defaulted: Floats


class Stretch(NamedTuple):
    """Paths and days to be drawn. Numbers are addressed by seed, stream and path: the same in whatever stretch."""

    seed: int
    first_path: int
    paths: int
    days: int
    sampling: Sampling

    def normals(self, stream: str, draws_per_day: int = 1) -> Floats:
        """Standard normal draws of a stream, (path, draw)."""
        draws = self.days * draws_per_day
        return normals(self.seed, stream, self.first_path, self.paths, draws, self.sampling)

    def uniforms(self, stream: str) -> Floats:
        """Uniform draws of a stream, (path, day)."""
        return uniforms(self.seed, stream, self.first_path, self.paths, self.days, self.sampling)


def draw_block(
    spec: DriverSpec,
    seed: int,
    first_path: int,
    path_count: int,
    day_count: int,
    sampling: Sampling = "pseudo",
) -> DriverBlock:
    """Draw the paths `first_path` to `first_path + path_count - 1`.

    The same path is the same bits for every block that contains it.

    Parameters
    ----------
    spec
        How the world moves.
    seed
        Seed of the run.
    first_path, path_count, day_count
        The block and its horizon.
    sampling
        ``"sobol"`` makes the factor model's level, volatility, slope and curvature (in this order of
        importance) quasi-random and leaves news, jumps, flows and the bootstrap pseudo-random.

    Raises
    ------
    ValueError
        If shifts or arrays are too short, or the block is out of range.
    """
    curve_shift, volatility_shift = _shifts(spec, day_count)
    tenor_shift = _tenor_shift(spec, volatility_shift)
    drawn = Stretch(seed, first_path, path_count, day_count, sampling)
    curve = np.zeros((path_count, day_count, TENOR_COUNT))
    multiplier = np.ones((path_count, day_count))
    if spec.kind == "replay":
        assert spec.history is not None
        assert spec.opening is not None
        actual, actual_multiplier = replayed_window(spec.history, spec.opening, day_count)
        curve += actual
        multiplier *= actual_multiplier
    elif spec.kind == "arrays":
        assert spec.arrays is not None
        user_curve, user_multiplier = spec.arrays.block(first_path, path_count, day_count)
        curve += user_curve
        multiplier *= user_multiplier
    elif spec.kind == "bootstrap":
        assert spec.bootstrap is not None
        daily, resampled = spec.bootstrap.noise(seed, first_path, path_count, day_count, sampling)
        curve += np.cumsum(spec.noise_scale * tenor_shift * daily, axis=1)
        multiplier *= resampled**spec.noise_scale
    rates = None
    if spec.rate_model is not None and spec.kind in ("factor", "replay"):
        rates = _rate_draws(spec.warmup_days, drawn)
        noise, state = curve_noise(spec.rate_model, rates, spec.noise_scale, tenor_shift)
        curve += noise
        multiplier *= state
    curve += curve_shift
    multiplier *= volatility_shift
    flow_scale = 0.0 if spec.kind == "none" else spec.noise_scale
    flows = _flow_noise(flow_scale, drawn)
    equity, credit = _losses(spec, multiplier, flow_scale, drawn)
    if spec.kind == "replay" and spec.history is not None:
        credit += replayed_credit(spec.history, spec.opening or "", day_count)
    if spec.other_curves:
        others = [_other_curve(spec, other, tenor_shift, rates, drawn) for other in spec.other_curves]
        curve = np.concatenate([curve, *others], axis=2)
    demand = _demand(spec.demand, flow_scale, drawn)
    defaulted = _defaults(spec.defaults, flow_scale, drawn)
    return DriverBlock(first_path, curve, multiplier, flows, equity, credit, demand, defaulted)


def _defaults(defaults: Defaults | None, scale: float, drawn: Stretch) -> Floats:
    """Part of the issuers of each bucket that default by day, (path, day, bucket): none without noise."""
    if defaults is None:
        return np.zeros((drawn.paths, drawn.days, 0))
    gone = np.zeros((drawn.paths, drawn.days, len(defaults.buckets)))
    for place, (name, rate, issuers) in enumerate(
        zip(defaults.buckets, defaults.rates, defaults.issuers, strict=True)
    ):
        if rate > 0.0 and scale > 0.0:
            gone[:, :, place] = _defaulted(drawn.uniforms(f"defaults: {name}"), issuers, rate) / issuers
    return gone


def _defaulted(draws: Floats, issuers: int, rate: float) -> Floats:
    """How many issuers default on a day, from uniform draws: each by itself, at a rate a year."""
    from scipy.special import bdtr

    daily = -np.expm1(np.log1p(-min(rate, 1.0 - 1e-12)) / TRADING_DAYS_PER_YEAR)
    count = np.zeros_like(draws)
    for fewer in range(issuers):
        more = draws > bdtr(fewer, issuers, daily)
        if not more.any():
            break
        count += more
    return count


def _other_curve(
    spec: DriverSpec, other: CurveBeside, tenor_shift: Floats, rates: RateDraws | None, drawn: Stretch
) -> Floats:
    """Change of another curve since the opening, (path, day, tenor): its factors lean on the first curve's."""
    change = np.repeat(other.shift_bp[None, : drawn.days], drawn.paths, axis=0)
    if other.rate_model is None or rates is None:
        return change
    own = drawn.normals(f"rates: {other.name}", FACTOR_COUNT)
    own = own.reshape(drawn.paths, drawn.days, FACTOR_COUNT).transpose(1, 2, 0)
    rest = np.sqrt(1.0 - other.correlation**2)
    factors = np.ascontiguousarray(other.correlation * rates.factors + rest * own)
    noise, _ = curve_noise(other.rate_model, replace(rates, factors=factors), spec.noise_scale, tenor_shift)
    return change + noise


def _demand(demand: PassingDemand | None, scale: float, drawn: Stretch) -> Floats:
    """Daily change of demand for each hedge, (path, day, hedge)."""
    if demand is None:
        return np.zeros((drawn.paths, drawn.days, 0))
    changes = np.zeros((drawn.paths, drawn.days, len(demand.hedges)))
    if scale == 0.0 or demand.noise == 0.0:
        return changes
    for place, name in enumerate(demand.hedges):
        np.multiply(drawn.normals(f"hedge demand: {name}"), scale * demand.noise, out=changes[:, :, place])
    fades = 1.0 - 0.5 ** (1.0 / demand.half_life)
    level = np.zeros((drawn.paths, len(demand.hedges)))
    for day in range(drawn.days):
        changes[:, day] -= fades * level
        level += changes[:, day]
    return changes


def _losses(spec: DriverSpec, multiplier: Floats, scale: float, drawn: Stretch) -> tuple[Floats, Floats]:
    """Change of equities and of credit spreads since the opening, (path, day) each."""
    losses = spec.losses
    if losses is None:
        return np.zeros_like(multiplier), np.zeros_like(multiplier)
    strain = np.maximum(np.log(multiplier / losses.tolerance), 0.0)
    kept = 0.5 ** (1.0 / losses.half_life)
    for day in range(1, drawn.days):  # losses come at once and are made good slowly
        strain[:, day] = np.maximum(strain[:, day], kept * strain[:, day - 1])
    equity = losses.shift[: drawn.days, 0] - losses.equity_response * strain
    credit = losses.shift[: drawn.days, 1] + losses.credit_response_bp * strain
    if scale > 0.0:
        of_equity, of_credit = (drawn.normals(f"loss: {stream}") for stream in LOSS_STREAMS)
        equity += scale * losses.equity_noise * np.cumsum(of_equity, axis=1)
        credit += scale * losses.credit_noise_bp * np.cumsum(_fat(of_credit, losses.credit_tail), axis=1)
    return np.maximum(equity, -0.95), np.ascontiguousarray(credit)


def _fat(draws: Floats, freedom: float | None) -> Floats:
    """Normal draws as draws of Student's t of the same deviation: the same order, larger extremes."""
    if freedom is None:
        return draws
    from scipy.special import ndtr, stdtrit

    return np.asarray(stdtrit(freedom, ndtr(draws)) * np.sqrt((freedom - 2.0) / freedom))


def _shifts(spec: DriverSpec, day_count: int) -> tuple[Floats, Floats]:
    curve = np.zeros((day_count, TENOR_COUNT)) if spec.curve_shift_bp is None else spec.curve_shift_bp
    volatility = np.ones(day_count) if spec.volatility_shift is None else spec.volatility_shift
    curve, volatility = np.asarray(curve, dtype=np.float64), np.asarray(volatility, dtype=np.float64)
    if curve.ndim != 2 or curve.shape[1] != TENOR_COUNT or len(curve) < day_count:
        raise ValueError(
            f"curve_shift_bp: found shape {curve.shape}; allowed is (day, {TENOR_COUNT}) with at least"
            f" {day_count} days."
        )
    if volatility.ndim != 1 or len(volatility) < day_count:
        raise ValueError(
            f"volatility_shift: found shape {volatility.shape}; allowed is (day,) with at least"
            f" {day_count} days."
        )
    return curve[:day_count], volatility[:day_count]


def _tenor_shift(spec: DriverSpec, volatility_shift: Floats) -> Floats:
    if spec.tenor_shift is None:
        return np.repeat(volatility_shift[:, None], TENOR_COUNT, axis=1)
    shift = np.asarray(spec.tenor_shift, dtype=np.float64)
    if shift.ndim != 2 or shift.shape[1] != TENOR_COUNT or len(shift) < len(volatility_shift):
        raise ValueError(
            f"tenor_shift: found shape {shift.shape}; allowed is (day, {TENOR_COUNT}) with at least"
            f" {len(volatility_shift)} days."
        )
    return shift[: len(volatility_shift)]


def _rate_draws(warmup_days: int, drawn: Stretch) -> RateDraws:
    """Draws of the factor model; each use has a stream of its own."""
    factors = drawn.normals("rates", FACTOR_COUNT).reshape(drawn.paths, drawn.days, FACTOR_COUNT)
    volatility = drawn.normals("volatility")
    if drawn.sampling == "sobol":
        bridge = sobol_bridge(
            drawn.seed, "rates and volatility", drawn.first_path, drawn.paths, drawn.days, 1 + FACTOR_COUNT
        )
        volatility = bridge[:, :, 1]
        factors = np.delete(bridge, 1, axis=2)
    jumps = drawn.uniforms("volatility jumps")
    if warmup_days:
        earlier = drawn._replace(days=warmup_days)
        volatility = np.concatenate([earlier.normals("volatility before"), volatility], axis=1)
        jumps = np.concatenate([earlier.uniforms("volatility jumps before"), jumps], axis=1)
    return RateDraws(
        factors=np.ascontiguousarray(factors.transpose(1, 2, 0)),
        news=np.ascontiguousarray(drawn.normals("news").T),
        volatility=np.ascontiguousarray(volatility.T),
        jumps=np.ascontiguousarray(jumps.T),
        warmup_days=warmup_days,
    )


def _flow_noise(scale: float, drawn: Stretch) -> Floats:
    noise = np.zeros((drawn.paths, drawn.days, len(FLOW_STREAMS)))
    if scale == 0.0:
        return noise
    for place, stream in enumerate(FLOW_STREAMS):
        np.multiply(drawn.normals(f"flow: {stream}"), scale, out=noise[:, :, place])
    return noise
