"""The opening prices a contract by its own exchange's rules: coupons a year, notional coupon, day count."""

from datetime import date
from pathlib import Path

import numpy as np
import pytest

from simulator.engine.opening.prepare import prepare
from simulator.market.futures import conversion_factor
from simulator.results.calendar import trading_dates
from simulator.scenario.loading import load_scenario

#: Ten-year futures of the CFFEX on bonds that pay once a year, delivered in 0.33 years: the months that count then
#: are 96, 108 and 87.
CHINA = """
name: china
market:
  date: "2025-04-01"
  par_curve: {y2: 1.6%, y3: 1.6%, y5: 1.7%, y7: 1.8%, y10: 1.9%, y20: 2%, y30: 2%}
  fundings:
    interbank: {policy_rate: 1.5%, repo_spread: 10bp}
  buckets:
    T:
      bonds:
        - {coupon: 2.5%, maturity: 8.4y}
        - {coupon: 3.5%, maturity: 9.4y}
        - {coupon: 2.5%, maturity: 7.6y}
      volatility: 40bp
      daily_volume: $20bn
      dealer_inventory: $5bn
      asset_manager_bonds: $50bn
      foreign_bonds: $20bn
      central_bank_bonds: $10bn
      outstanding: $500bn
  hedges:
    T: {kind: futures, dislocation: 10bp, exchange_margin: 2%, hedge_demand: $20bn, dealer_packages: $2bn}
  trades:
    T: {fund_packages: $15bn}
"""
BONDS = ((0.025, 96.0), (0.035, 108.0), (0.025, 87.0))
ANNUAL, HALF_YEARLY = (0.9649, 1.0389, 0.9678), (0.9647, 1.0392, 0.9676)


@pytest.mark.parametrize(("frequency", "factors"), [(1.0, ANNUAL), (2.0, HALF_YEARLY)])
def test_factors_of_the_exchange_depend_on_coupons_a_year(
    frequency: float, factors: tuple[float, ...]
) -> None:
    """The formula of the CFFEX at its notional coupon of 3%."""
    assert tuple(conversion_factor(coupon, frequency, 0.03, months) for coupon, months in BONDS) == factors


def test_bonds_of_a_chinese_contract_are_opened_by_its_own_rules(tmp_path: Path) -> None:
    file = tmp_path / "china.yaml"
    file.write_text(CHINA)
    opening = prepare(load_scenario(file).scenario).parameters.opening
    assert opening.bonds.coupons_per_year.tolist() == [1.0, 1.0, 1.0]
    assert tuple(opening.deliverables.factor) == pytest.approx(ANNUAL, abs=1e-12)
    assert opening.hedges.money_market_year.tolist() == [1.0]  # repo counts 365 days a year, as prices do


def test_chinese_futures_are_rolled_and_delivered_by_their_own_months(tmp_path: Path) -> None:
    """T2506: last traded on the second Friday of June, delivered three trading days later."""
    file = tmp_path / "china.yaml"
    file.write_text(CHINA)
    scenario = load_scenario(file, ["market.roll=calendar", "horizon=60d"]).scenario
    schedule = prepare(scenario).schedule
    dates = trading_dates(date.fromisoformat(scenario.market.date), 60)
    (delivered,) = np.flatnonzero(schedule.is_delivery[:, 0])
    assert dates[1 + delivered] == date(2025, 6, 18)
    assert schedule.rolled[:, 0].sum() == pytest.approx(1.0)
    last_rolled = np.flatnonzero(schedule.rolled[:, 0]).max()
    assert dates[1 + last_rolled] == date(2025, 5, 29)


def test_a_bond_may_pay_more_often_than_its_contract_says(tmp_path: Path) -> None:
    file = tmp_path / "china.yaml"
    file.write_text(CHINA.replace("maturity: 9.4y", "maturity: 9.4y, coupons_per_year: 2"))
    opening = prepare(load_scenario(file).scenario).parameters.opening
    assert opening.bonds.coupons_per_year.tolist() == [1.0, 2.0, 1.0]
    assert tuple(opening.deliverables.factor) == pytest.approx((0.9649, 1.0392, 0.9678), abs=1e-12)


def test_american_contracts_keep_theirs() -> None:
    opening = prepare(load_scenario("preset:us-treasury-2025-04-01", ["name=x"]).scenario).parameters.opening
    assert set(opening.bonds.coupons_per_year) == {2.0}
    assert opening.hedges.money_market_year[:6] == pytest.approx(365.0 / 360.0, rel=1e-15)
