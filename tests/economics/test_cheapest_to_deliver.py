"""The simulator and ``unwind basis`` agree on which bond is cheapest to deliver, at the same prices."""

from datetime import date, timedelta
from pathlib import Path

import numpy as np

from simulator.basis.rows import basis_rows
from simulator.engine.opening import Prepared, prepare
from simulator.engine.schedule import curve_shift_bp
from simulator.engine.simulate import simulate_block
from simulator.engine.valuation import value_bonds
from simulator.market.treasuries import accrued_interest_at
from simulator.results.variables import BY_TRADE, position
from simulator.scenario.loading import load_scenario

RISING_YIELDS = """
name: rising-yields
extends: preset:us-treasury-2025-04-01
horizon: 60d
drivers: {model: none}
dealers: {impact_scale: 0.0}
output: {precision: float64}
events:
  - {type: yield-shock, day: 1d, days: 50d,
     change: {y2: 300bp, y3: 300bp, y5: 300bp, y7: 300bp, y10: 300bp, y20: 300bp, y30: 300bp}}
"""


def ranked_by_basis_rows(prepared: Prepared, trade: str, futures: float, shift_bp: np.ndarray) -> int:
    """Place in the basket of the bond with the highest implied repo at the simulator's own prices."""
    j, p, scenario = prepared.trades.index(trade), prepared.parameters, prepared.scenario
    basket = slice(int(p.basket_start[j]), int(p.basket_start[j + 1]))
    bonds = scenario.market.trades[trade].deliverables
    opening = date.fromisoformat(scenario.market.date)
    maturity = np.array([bond.maturity for bond in bonds])
    yields = p.bond_opening_yield[basket] + 1e-4 * p.bond_curve_weight[basket] @ shift_bp
    values = value_bonds(p.bond_coupon[basket], maturity, yields, np.full(len(bonds), p.delivery_years[j]))
    accrued = [accrued_interest_at(bond.coupon, 2.0, bond.maturity) for bond in bonds]
    delivery = opening + timedelta(days=round(p.delivery_years[j] * 365.0))
    rows = basis_rows(
        trade,
        date(2025, 6, 1).isoformat(),
        100.0 * p.bond_coupon[basket],
        2,
        [(opening + timedelta(days=round(years * 365.25))).isoformat() for years in maturity],
        opening.isoformat(),
        delivery.isoformat(),
        100.0 * (values.price - np.array(accrued)),
        100.0 * futures,
        100.0 * p.policy_rate,
    )
    return int(np.argmax(rows.implied_repo_pct))


def test_the_cheapest_bond_switches_when_basis_rows_says_so(tmp_path: Path) -> None:
    file = tmp_path / "rising-yields.yaml"
    file.write_text(RISING_YIELDS)
    loaded = load_scenario(file)
    prepared = prepare(loaded.scenario, loaded.data_files)
    shift = curve_shift_bp(loaded.scenario)
    by_trade = simulate_block(prepared, 0, 1).records.by_trade[0]
    switches = 0
    for trade in ("TY", "US"):
        j = prepared.trades.index(trade)
        factor = prepared.parameters.bond_factor[prepared.parameters.held_bond[j]]
        chosen = by_trade[:, position(BY_TRADE, "cheapest_to_deliver"), j].astype(int)
        futures = by_trade[:, position(BY_TRADE, "hedge_price"), j] / factor
        ranked = [ranked_by_basis_rows(prepared, trade, futures[day], shift[day]) for day in range(60)]
        agree = chosen == np.array(ranked)
        switches += int(np.count_nonzero(np.diff(chosen)))
        # The simulator counts in years, the table in calendar days: they may part on the day of a switch.
        assert np.count_nonzero(~agree) <= np.count_nonzero(np.diff(chosen)), (trade, chosen, ranked)
    assert switches >= 1
