"""Which limit binds first, on books small enough to read, and the tail curves."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from simulator.agents.dealer import value_at_risk_use as rule_of_use
from simulator.analysis.binding import FUNDING, LEVERAGE, RISK, binding_limits, value_at_risk_use
from simulator.analysis.tail import exceedance, wilson_band
from simulator.engine.opening.prepare import prepare
from simulator.ensemble.description import layout_of
from simulator.results.layout import Days
from simulator.scenario.loading import load_scenario

CHANNELS = ("variation_margin", "haircut", "risk_limit", "choice")
TOY = Path(__file__).resolve().parents[2] / "scenarios" / "toy.yaml"


def books(paths: int = 4, days: int = 5) -> dict[str, np.ndarray]:
    """A market in which nothing binds."""
    return {
        "fund_sales_by_channel": np.zeros((paths, days, len(CHANNELS))),
        "dealer_use_highest": np.full((paths, days), 0.6),
        "dealer_borrowing": np.full((paths, days), 100.0),
        "facility_use": np.zeros((paths, days)),
        "lender_offer": np.full((paths, days), 110.0),
    }


def test_planted_order_of_limits_comes_back() -> None:
    days = books()
    days["fund_sales_by_channel"][0, 1, 0] = 2.0  # path 0: futures losses first, dealers later
    days["dealer_use_highest"][0, 3] = 1.01
    days["fund_sales_by_channel"][1, 2, 2] = 2.0  # path 1: own limits and dealers on one day
    days["dealer_use_highest"][1, 2] = 1.2
    days["dealer_borrowing"][2, 3] = 111.0  # path 2: next morning lenders offer less than is owed
    days["fund_sales_by_channel"][3, 2, 0] = 0.01  # path 3: sales too small to notice
    risk = np.zeros((4, 5))
    risk[1, 4] = 1.5
    found = {limit.limit: limit for limit in binding_limits(days, CHANNELS, 100.0, risk)}
    assert found["Funds' cash: losses on hedges"].first.value == 0.25
    assert found["Funds' own limits"].first.value == 0.25
    assert (found[LEVERAGE].ever.value, found[LEVERAGE].first.value) == (0.5, 0.25)
    assert found[LEVERAGE].typical_day == 2.5
    assert (found[RISK].ever.value, found[RISK].first.value) == (0.25, 0.0)
    assert (found[FUNDING].first.value, found[FUNDING].typical_day) == (0.25, 4.0)
    assert found["Funds' cash: haircuts"].ever.value == 0.0
    assert np.isnan(found["Funds' cash: haircuts"].typical_day)
    assert found[FUNDING].first.standard_error > 0.0
    assert next(iter(found.values())).first.value == max(limit.first.value for limit in found.values())


def test_nothing_binds_in_quiet_books() -> None:
    assert all(limit.ever.value == 0.0 for limit in binding_limits(books(), CHANNELS, 100.0))


def test_use_of_value_at_risk_is_that_of_the_rule() -> None:
    prepared = prepare(load_scenario(TOY).scenario)
    p, opening = prepared.parameters, prepared.parameters.opening
    capital = float(opening.dealers.capital_bn.sum())
    annual = float(opening.hedges.volatility_bp[0] * np.sqrt(252.0))
    arrays = {
        "dealer_inventory": np.array([[[20.0], [-60.0]]]),
        "volatility": np.array([[[annual], [2.0 * annual]]]),
        "dealer_capital": np.array([[capital, 0.8 * capital]]),
    }
    at_rest = p.dealers.value_at_risk_use
    wanted = rule_of_use(at_rest, 6.0, 1.0, 0.8)
    used = value_at_risk_use(Days(arrays, layout_of(prepared.scenario, prepared)), prepared)
    assert used[0].tolist() == pytest.approx([at_rest, wanted])


def test_exceedance_of_a_known_law_lies_in_its_band() -> None:
    """Bands of 95% hold the truth at a level in 95% of 400 repeats, within four errors of that share."""
    random = np.random.default_rng(5)
    held = []
    for _ in range(400):
        curve = exceedance(random.exponential(size=500))
        place = np.searchsorted(curve.level, 1.5)
        held.append(curve.low[place] <= np.exp(-curve.level[place]) <= curve.high[place])
    assert np.mean(held) == pytest.approx(0.95, abs=4.0 * np.sqrt(0.95 * 0.05 / 400))
    assert np.all(np.diff(curve.share) < 0.0)


def test_band_stays_open_where_nothing_happened() -> None:
    low, high = wilson_band(np.array([0.0, 1.0]), 100.0)
    assert low[0] == 0.0
    assert high[0] == pytest.approx(0.037, abs=0.001)
    assert high[1] == 1.0
    assert exceedance([np.nan]).level.size == 0
