"""From the scenario's drivers to the specification that draws them, block by block."""

from __future__ import annotations

import numpy as np

from simulator.agents.clearing_house import tenor_multiple
from simulator.drivers.block import DriverSpec, MarketLosses
from simulator.drivers.rates import REFERENCE_TENOR, TENOR_YEARS, RateModel
from simulator.drivers.regimes import REGIMES
from simulator.engine.opening.schedule import curve_shift_bp, market_shift, volatility_shift
from simulator.engine.parameters import TRADING_DAYS_PER_YEAR
from simulator.inputs.opened import Inputs
from simulator.model.table import Floats
from simulator.scenario.errors import Problem, Problems
from simulator.scenario.schema import CURVE_KEYS, Scenario


def build_driver_spec(scenario: Scenario, inputs: Inputs) -> DriverSpec:
    """Specify the drivers of a scenario: the random part and the deterministic shifts of its events.

    Raises
    ------
    Problems
        If the regime is unknown.
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
        volatility_shift=volatility_shift(scenario),
        tenor_shift=_tenor_shift(scenario),
        losses=MarketLosses(
            drivers.loss_tolerance,
            drivers.equity_response,
            drivers.equity_noise,
            drivers.credit_response,
            drivers.credit_noise,
            market_shift(scenario),
        ),
    )


def _tenor_shift(scenario: Scenario) -> Floats:
    """Deterministic factor on the volatility of each tenor, (day, tenor)."""
    response = [getattr(scenario.drivers.volatility_response, key) for key in CURVE_KEYS]
    return np.array([[tenor_multiple(day, each) for each in response] for day in volatility_shift(scenario)])


def regime_at_opening_volatility(scenario: Scenario) -> RateModel:
    """The regime's factor model, scaled so that the ten-year tenor has the market's opening volatility.

    Correlations, relative volatilities by tenor and the dynamics of volatility are the regime's.
    """
    name = scenario.drivers.regime
    if name not in REGIMES:
        found = f"{name!r} is not a regime"
        raise Problems([Problem("drivers.regime", found, f"one of {', '.join(REGIMES)}", near=list(REGIMES))])
    model = REGIMES[name]
    buckets = list(scenario.market.buckets.values())
    maturity = np.array([bucket.bonds[0].maturity for bucket in buckets])
    reference = buckets[int(np.argmin(np.abs(maturity - 10.0)))]
    tenor = int(np.argmin(np.abs(np.array(TENOR_YEARS) - maturity[buckets.index(reference)])))
    wanted = reference.volatility / np.sqrt(TRADING_DAYS_PER_YEAR)
    return model.scaled(wanted / model.sd_bp[tenor if abs(tenor - REFERENCE_TENOR) > 2 else REFERENCE_TENOR])
