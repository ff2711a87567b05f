"""The quality option of each basket of a file, and what of the net basis it does not explain."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulator.basis.bond_file import BasisTable
from simulator.basis.delivery import ForwardBasket
from simulator.basis.delivery_options import (
    FuturesRisk,
    QualityOption,
    driver_shifts,
    futures_risk,
    option_adjusted_net_basis,
    quality_option,
)
from simulator.basis.table_baskets import basket_of, basket_title, contract_of, deliverable_baskets

TRADING_DAYS_PER_YEAR = 252.0


@dataclass(frozen=True, slots=True)
class YieldScenarios:
    """Where yields may go until delivery.

    Parameters
    ----------
    regime
        Of the simulator's drivers of the Treasury curve; not used when ``sd_bp`` is given.
    sd_bp
        Standard deviation of parallel moves, bp a year; None for the drivers.
    """

    regime: str = "2010-2025"
    sd_bp: float | None = None
    paths: int = 20_000
    seed: int = 1


@dataclass(frozen=True, slots=True)
class BasketOption:
    """The quality option of a basket; arrays of the basket's bonds, points."""

    title: str
    futures_price: float
    basket: ForwardBasket
    net_basis: NDArray[np.float64]
    adjusted: NDArray[np.float64]
    option: QualityOption
    risk: FuturesRisk


def basket_options(table: BasisTable, scenarios: YieldScenarios) -> list[BasketOption]:
    """Quality option and option-adjusted net basis of every basket of a file.

    Raises
    ------
    ValueError
        For an unknown regime, drivers asked for another curve than that of Treasuries, or a file without
        deliverable bonds.
    """
    return [_option(table, rows, scenarios) for rows in deliverable_baskets(table)]


def _option(table: BasisTable, rows: NDArray[np.int64], scenarios: YieldScenarios) -> BasketOption:
    basket = basket_of(table, rows)
    row = int(rows[0])
    first = np.datetime64(int(table.inputs.settlement[row]), "D")
    days = int(np.busday_count(first, np.datetime64(int(table.inputs.delivery[row]), "D")))
    shifts = _shifts(table, row, basket, days, scenarios)
    option = quality_option(basket, shifts)
    paid = table.rows.net_basis[rows]
    return BasketOption(
        basket_title(table, row),
        float(table.inputs.futures_price[row]),
        basket,
        paid,
        option_adjusted_net_basis(paid, option),
        option,
        futures_risk(basket, shifts),
    )


def _shifts(
    table: BasisTable, row: int, basket: ForwardBasket, days: int, scenarios: YieldScenarios
) -> NDArray[np.float64]:
    from simulator.drivers.block import DriverSpec
    from simulator.drivers.regimes import REGIMES

    bonds = len(basket.names)
    if scenarios.sd_bp is not None:
        sd = scenarios.sd_bp * np.sqrt(days / TRADING_DAYS_PER_YEAR)
        draws = np.random.default_rng(scenarios.seed).normal(0.0, sd, (scenarios.paths // 2, 1))
        return np.concatenate([draws, -draws]) * np.ones(bonds)  # in pairs: the mean is exact
    if contract_of(table, row).country != "US":
        raise ValueError(
            f"has {contract_of(table, row).code}, and the drivers are of the Treasury curve; give the yields' "
            "standard deviation with --yield-sd-bp."
        )
    if scenarios.regime not in REGIMES:
        raise ValueError(
            f"cannot be valued in regime {scenarios.regime!r}; choose one of {', '.join(REGIMES)}."
        )
    spec = DriverSpec(kind="factor", rate_model=REGIMES[scenarios.regime])
    return driver_shifts(basket, spec, max(days, 1), scenarios.paths, scenarios.seed)
