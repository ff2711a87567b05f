"""What one sector buys others sold: bonds, hedges, repo and cash, on every path and every day."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from numpy.typing import NDArray

from simulator.engine.parameters import SECTORS
from simulator.ensemble.description import layout_of
from simulator.results.flow_of_funds import (
    CASH,
    CASH_LINE,
    HOLDINGS,
    LINES,
    Holding,
    held,
    variables_of_lines,
)
from simulator.results.layout import Days
from tests.economics.shipped import NAMES, played
from tests.oracle.variants import STORM

Floats = NDArray[np.float64]

PATHS = 4
#: A dollar, and what rounding may be of totals of up to $20tn in double precision, both in USD billions.
DOLLAR_BN, ROUNDING_BN = 1e-9, 2e-10
#: The central bank buys bonds and packages.
PURCHASES = (
    "central_bank.outright.mode=schedule",
    "central_bank.outright.schedule=[{day: 2d, pace: $1bn}]",
    "central_bank.hedged.mode=schedule",
    "central_bank.hedged.schedule=[{day: 3d, pace: $1bn}]",
)
#: What no rule moves, nor this scenario.
CONSTANT = ("other_hedger_hedges", "other_client_repo")
#: What one row of the books is, on both sides: it cannot stand on one sheet alone.
TWO_SIDED = ("facility_use", "other_client_repo")
PLANTED = [(name, holding) for name, parts in HOLDINGS.items() for holding in parts]


@cache
def stored(name: str, *settings: str) -> Days:
    """Stored days of some paths of a shipped scenario, the opening first, in double precision."""
    return played(name, *settings, paths=PATHS).days(variables_of_lines(LINES))


def missing(days: Days) -> dict[str, float]:
    """What the changes of all sectors come to, the largest of any path, day and market, by instrument."""
    found = {name: held(days, name) for name in (*HOLDINGS, CASH_LINE)}
    return {
        name: float(np.nanmax(np.abs((values - values[..., :1]).sum(axis=1)), initial=0.0))
        for name, values in found.items()
    }


def changed(days: Days, variable: str, by: float, *place: int) -> Days:
    """The same days, but for one figure."""
    arrays = days.stored()
    arrays[variable] = arrays[variable].copy()
    arrays[variable][place] += by
    return Days(arrays, days.layout)


@pytest.mark.parametrize("name", NAMES)
def test_what_a_sector_buys_others_sold(name: str) -> None:
    days = stored(name)
    assert np.isfinite(days.as_stored(CASH)[:, -1]).any(), "no path came to its end"
    residuals = missing(days)
    assert set(residuals) == {"bonds", "hedges", "repo", "cash"}
    assert all(residual < ROUNDING_BN for residual in residuals.values()), residuals


def test_what_a_sector_buys_others_sold_in_a_storm() -> None:
    """Everything happens: funds fail, auctions are held, the central bank lends and buys bonds and packages."""
    days = stored("toy", *STORM, *PURCHASES)
    for _, holding in PLANTED:
        moves = np.diff(days.as_stored(holding.variable), axis=1)
        assert np.nanmax(np.abs(moves)) > 0.0 or holding.variable in CONSTANT, holding
    residuals = missing(days)
    assert all(residual < ROUNDING_BN for residual in residuals.values()), residuals


@pytest.mark.parametrize(
    ("instrument", "holding"),
    [(name, part) for name, part in PLANTED if part.variable not in TWO_SIDED],
    ids=lambda one: one if isinstance(one, str) else one.variable,
)
def test_a_dollar_that_one_sector_alone_has_is_noticed(instrument: str, holding: Holding) -> None:
    honest = stored("tariff-shock-2025")
    values = honest.as_stored(holding.variable)
    place = (PATHS - 1, 5) if values.ndim == 2 else (PATHS - 1, 5, values.shape[2] - 1)
    residuals = missing(changed(honest, holding.variable, DOLLAR_BN, *place))
    assert residuals[instrument] == pytest.approx(DOLLAR_BN, abs=ROUNDING_BN)


@pytest.mark.parametrize("sector", SECTORS)
def test_a_dollar_that_nobody_paid_is_noticed(sector: str) -> None:
    days = changed(stored("toy"), CASH, DOLLAR_BN, 0, 3, SECTORS.index(sector))
    assert missing(days)["cash"] == pytest.approx(DOLLAR_BN, abs=ROUNDING_BN)


@pytest.mark.parametrize("name", NAMES)
def test_what_the_issuer_sold_is_what_the_schedule_says(name: str) -> None:
    """Auctions are told by the scenario: everybody else together buys them, no more and no less."""
    days = stored(name)
    auctions: Floats = played(name, paths=PATHS).prepared.schedule.auction_bn.cumsum(axis=0)
    bonds = held(days, "bonds")
    issuer = SECTORS.index("issuer")
    bought = np.delete(bonds - bonds[..., :1], issuer, axis=1).sum(axis=1)
    known = ~np.isnan(bought).any(axis=(0, 2))
    assert known.any()
    for issued in (bought, -bonds[:, issuer]):
        apart = issued[:, known, 1:] - auctions.T[:, None]
        assert np.abs(apart).max() < ROUNDING_BN


def test_sectors_are_those_of_the_accounts() -> None:
    assert {holding.sector for _, holding in PLANTED} <= set(SECTORS)


def test_ten_year_equivalents_weight_by_opening_risk() -> None:
    """DV01 by discounting every payment of each bucket's bond a basis point apart, over that nearest to ten years."""
    run = played("dash-for-cash-2020", paths=1)
    bonds, risk, years = run.prepared.parameters.opening.bonds, [], []

    def price(k: int, yield_: float) -> float:
        often = bonds.coupons_per_year[k]
        periods = bonds.periods_to_coupon[k] + np.arange(bonds.periods_after[k] + 1.0)
        paid = np.full(len(periods), bonds.coupon[k] / often)
        paid[-1] += 1.0
        return float(paid @ (1.0 + yield_ / often) ** -periods)

    for k in run.prepared.parameters.opening.buckets.held_bond:
        risk.append(price(k, bonds.yield_[k] - 0.5e-4) - price(k, bonds.yield_[k] + 0.5e-4))
        years.append((bonds.periods_to_coupon[k] + bonds.periods_after[k]) / bonds.coupons_per_year[k])
    ten_year = risk[int(np.abs(np.array(years) - 10.0).argmin())]
    weights = layout_of(run.prepared.scenario, run.prepared).ten_year_equivalents
    np.testing.assert_allclose(weights, np.array(risk) / ten_year, rtol=1e-5)
