"""From the scenario's drivers to the specification that draws them, block by block."""

from __future__ import annotations

import numpy as np

from simulator.agents.clearing_house import tenor_multiple
from simulator.drivers.block import CurveBeside, Defaults, DriverSpec, MarketLosses, PassingDemand
from simulator.drivers.rates import REFERENCE_TENOR, TENOR_YEARS, RateModel
from simulator.drivers.regimes import REGIMES
from simulator.drivers.volatility import VolatilityModel
from simulator.engine.opening.schedule import (
    curve_shift_bp,
    market_shift,
    other_curve_shifts_bp,
    volatility_shift,
)
from simulator.engine.parameters import TRADING_DAYS_PER_YEAR
from simulator.inputs.opened import Inputs
from simulator.model.table import Floats
from simulator.rule import uncompiled
from simulator.scenario.schema import CURVE_KEYS, Drivers, Scenario


def build_driver_spec(scenario: Scenario, inputs: Inputs) -> DriverSpec:
    """Specify the drivers of a scenario: the random part and the deterministic shifts of its events.

    Raises
    ------
    Problems
        If a file is missing or unusable.
    """
    drivers = scenario.drivers
    return DriverSpec(
        kind=drivers.model,
        rate_model=regime_at_opening_volatility(scenario) if drivers.model == "factor" else None,
        bootstrap=inputs.bootstrap,
        history=inputs.history if drivers.model == "replay" else None,
        opening=drivers.start or scenario.market.date if drivers.model == "replay" else None,
        arrays=inputs.arrays,
        noise_scale=drivers.noise,
        curve_shift_bp=curve_shift_bp(scenario),
        other_curves=_other_curves(scenario),
        volatility_shift=volatility_shift(scenario),
        tenor_shift=_tenor_shift(scenario),
        losses=MarketLosses(
            drivers.loss_tolerance,
            drivers.equity_response,
            drivers.equity_noise,
            drivers.credit_response,
            drivers.credit_noise,
            drivers.loss_half_life,
            market_shift(scenario),
            drivers.credit_tail,
        ),
        demand=PassingDemand(
            scenario.asset_managers.futures_noise,
            scenario.asset_managers.futures_noise_half_life,
            tuple(scenario.market.hedges),
        ),
        defaults=Defaults(
            tuple(scenario.market.buckets),
            tuple(bucket.credit.default_rate for bucket in scenario.market.buckets.values()),
            tuple(int(bucket.credit.issuers) for bucket in scenario.market.buckets.values()),
        ),
    )


def _other_curves(scenario: Scenario) -> tuple[CurveBeside, ...]:
    """Curves of other governments: the regime's factor model at their own volatility, and their events."""
    market, is_random = scenario.market, scenario.drivers.model == "factor"
    shifts = other_curve_shifts_bp(scenario)
    return tuple(
        CurveBeside(
            name,
            regime_at_opening_volatility(scenario, name) if is_random else None,
            curve.correlation,
            shift,
        )
        for (name, curve), shift in zip(market.curves.items(), shifts, strict=True)
    )


def _tenor_shift(scenario: Scenario) -> Floats:
    """Deterministic factor on the volatility of each tenor, (day, tenor)."""
    response = [getattr(scenario.drivers.volatility_response, key) for key in CURVE_KEYS]
    multiple = uncompiled(tenor_multiple)
    return np.array([[multiple(day, each) for each in response] for day in volatility_shift(scenario)])


def regime_at_opening_volatility(scenario: Scenario, curve: str = "") -> RateModel:
    """The regime's factor model, scaled so that the ten-year tenor has the opening volatility of a curve's buckets.

    Correlations, relative volatilities by tenor and the dynamics of volatility are the regime's. A curve without a
    bucket moves as all buckets do.
    """
    model = _regime_in_force(scenario.drivers)
    market = scenario.market
    listed = [market.buckets[name] for name in market.riskless]
    buckets = [bucket for bucket in listed if bucket.curve == curve] or listed
    if buckets[0].credit.is_risky:  # volatilities of corporate yields say nothing of the curve's
        return model
    maturity = np.array([bucket.bonds[0].maturity for bucket in buckets])
    reference = buckets[int(np.argmin(np.abs(maturity - 10.0)))]
    tenor = int(np.argmin(np.abs(np.array(TENOR_YEARS) - maturity[buckets.index(reference)])))
    wanted = reference.volatility / np.sqrt(TRADING_DAYS_PER_YEAR)
    return model.scaled(wanted / model.sd_bp[tenor if abs(tenor - REFERENCE_TENOR) > 2 else REFERENCE_TENOR])


def _regime_in_force(drivers: Drivers) -> RateModel:
    """The regime that the drivers name: one of the scenario's own, or one that ships."""
    own = drivers.regimes.get(drivers.regime)
    if own is None:
        return REGIMES[drivers.regime]
    volatility = VolatilityModel(
        persistence_per_day=own.persistence,
        shock_sd=own.shock_sd,
        jumps_per_year=own.jumps_per_year,
        jump_size=own.jump_size,
        news_sd=own.news_sd,
    )
    return RateModel(
        name=drivers.regime,
        source=own.source,
        sd_bp=tuple(own.sd),
        loadings=(tuple(own.level), tuple(own.slope), tuple(own.curvature)),
        volatility_sensitivity=tuple(own.volatility_sensitivity),
        volatility=volatility,
        reversion_per_year=tuple(own.reversion),
    )
