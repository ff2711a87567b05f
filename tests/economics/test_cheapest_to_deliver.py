"""The simulator and ``unwind basis`` agree on which bond is cheapest to deliver, at the same prices."""

from datetime import date, timedelta
from pathlib import Path

import numpy as np

from simulator.basis.rows import basis_rows
from simulator.engine.opening.prepare import Prepared, prepare
from simulator.engine.opening.schedule import curve_shift_bp
from simulator.engine.opening.valuation import value_bonds
from simulator.engine.simulate import simulate_block
from simulator.market.treasuries import accrued_interest_at
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


def ranked_by_basis_rows(prepared: Prepared, hedge: str, futures: float, shift_bp: np.ndarray) -> int:
    """Place in the basket of the bond with the highest implied repo at the simulator's own prices."""
    h, scenario, opening = prepared.hedges.index(hedge), prepared.scenario, prepared.parameters.opening
    basket = slice(int(opening.hedges.basket_start[h]), int(opening.hedges.basket_start[h + 1]))
    places, horizon = opening.deliverables.bond[basket], float(opening.hedges.horizon_years[h])
    bonds = scenario.market.buckets[scenario.market.bucket_of(hedge)].bonds
    first = date.fromisoformat(scenario.market.date)
    maturity = np.array([bond.maturity for bond in bonds])
    yields = opening.bonds.yield_[places] + 1e-4 * opening.bonds.curve_weight[places] @ shift_bp
    values = value_bonds(opening.bonds.coupon[places], np.full(len(bonds), 2.0), maturity, yields)
    accrued = [accrued_interest_at(bond.coupon, 2.0, bond.maturity) for bond in bonds]
    rows = basis_rows(
        hedge,
        date(2025, 6, 1).isoformat(),
        100.0 * opening.bonds.coupon[places],
        2,
        [(first + timedelta(days=round(years * 365.25))).isoformat() for years in maturity],
        first.isoformat(),
        (first + timedelta(days=round(horizon * 365.0))).isoformat(),
        100.0 * (values.price - np.array(accrued)),
        100.0 * futures,
        100.0 * float(opening.hedges.policy_rate[h]),
    )
    return int(np.argmax(rows.implied_repo_pct))


def test_the_cheapest_bond_switches_when_basis_rows_says_so(tmp_path: Path) -> None:
    file = tmp_path / "rising-yields.yaml"
    file.write_text(RISING_YIELDS)
    loaded = load_scenario(file)
    prepared = prepare(loaded.scenario, loaded.data_files)
    shift = curve_shift_bp(loaded.scenario)
    records = simulate_block(prepared, 0, 1).records
    opening = prepared.parameters.opening
    switches = 0
    for hedge in ("TY", "US"):
        h = prepared.hedges.index(hedge)
        factor = opening.deliverables.factor[opening.hedges.held[h]]
        chosen = records.of("cheapest_to_deliver")[0, :, h].astype(int)
        futures = records.of("hedge_price")[0, :, h] / factor
        ranked = [ranked_by_basis_rows(prepared, hedge, futures[day], shift[day]) for day in range(60)]
        agree = chosen == np.array(ranked)
        switches += int(np.count_nonzero(np.diff(chosen)))
        # The simulator counts in years, the table in calendar days: they may part on the day of a switch.
        assert np.count_nonzero(~agree) <= np.count_nonzero(np.diff(chosen)), (hedge, chosen, ranked)
    assert switches >= 1
