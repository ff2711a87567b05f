"""Known answers 2 and 3 by the engine itself: the spiral of one fund, and the equilibrium of the hedge market."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from simulator.agents.asset_manager import futures_demand_bn
from simulator.engine.opening.prepare import Prepared, prepare
from simulator.engine.parameters import INITIAL_MARGIN
from simulator.engine.simulate import simulate_block
from simulator.literature.hedge_equilibrium import (
    equilibrium_dislocation_bp,
    forced_unwind_rise_bp,
    neutral_hedged_purchase_bn,
    unconstrained_fund_package_bn,
)
from simulator.literature.spiral import spiral_feedback, spiral_multiplier, threshold_leverage
from simulator.market.hedge_market import average_ahead
from simulator.scenario.loading import load_scenario
from tests.economics.shipped import AT_REST, SCENARIOS, opened
from tests.oracle.plain_day import PlainMarket

QUIET = (
    *AT_REST,
    "output.precision=float64",
    "funds.hedge_error=0%",
    "funds.redemption_response=0%",
    "funds.entry_speed=0%",
    "funds.cash_minimum=0%",
    "funds.haircut_slope=0%",
    "funds.haircut_weak_equity=0%",
    "market.trades.TY.transaction_cost=0bp",
    "channels.risk_limit=false",
    "channels.default=false",
    "channels.roll_over=false",
    "asset_managers.cash_speed=0%",
    "asset_managers.futures_cut=0x",
    "asset_managers.duration_kept=0%",
    "other_hedgers.margin_response=0.0",
    "lenders.scarcity_ceiling=0bp",
)

# Known answer 2: one fund, one trade, linear impact

#: The fund owns its margin and its stake in the bonds, and nothing else, so that every call forces a sale; asset
#: managers do not respond, so that the dislocation is linear in what is sold.
ONE_FUND = (
    *QUIET,
    "horizon=2d",
    "numerics.tolerance=$0.0001",
    "numerics.rounds_max=5000",
    "funds.count=1",
    "funds.leverage=150x",
    "funds.free_cash=0%",
    "funds.committed_line=0%",
    "funds.haircut_zero_share=0%",
    "asset_managers.demand_slope=100000bp",
    "channels.dealer_capacity=false",
    "dealers.full_side=0.1%",
)


def fund_under_a_call(impact: float, rise_of_margin: float = 1e-6) -> Prepared:
    """One fund whose margin is raised on the first day; impact in bp of dislocation per $bn sold."""
    step = f"events=[{{type: margin-step, day: 1d, multiple: {1.0 + rise_of_margin!r}x}}]"
    tenth = 0.1 * float(opened("toy").parameters.opening.hedges.size_bn[0])
    return opened("toy", *ONE_FUND, f"dealers.package_cost={impact * tenth!r}bp", step)


def terms_of_spiral(prepared: Prepared) -> tuple[float, float, float]:
    """Leverage, impact per $bn and holding that the closed form asks for.

    A dollar called forces the sale of the price over what a face sets free, which takes the place of leverage
    less one; the impact is what a face owes per bp of dislocation, times the bp that a $bn sold costs.
    """
    market = PlainMarket(prepared)
    trade, fund = market.trades[0], market.funds[0]
    hedge, bucket = trade.hedge, trade.bucket
    released = market.release(fund, trade)
    own, demand = hedge.opening.package_slope_bp_per_bn, hedge.opening.demand_slope_bp_per_bn
    rise_bp_per_bn = own / (1.0 + own / demand)
    step_bp = 1e-3

    def called(dislocation_bp: float) -> float:
        """Cash that a face owes at a dislocation: to the clearing house for the hedge, to dealers for the bond."""
        hedge.dislocation_bp = dislocation_bp
        bucket.basis_bp = hedge.opening.cash_bp_per_dislocation_bp * market.rise(hedge)
        value, price = market.value_of(hedge), market.bond_price(bucket.bond)
        return value - (1.0 - fund.haircut[0]) * fund.opening.remarked_share * price

    opening = hedge.dislocation_bp
    called_per_bp = (called(opening + step_bp) - called(opening - step_bp)) / (2.0 * step_bp)
    impact_per_bn = called_per_bp * rise_bp_per_bn / bucket.price
    return 1.0 + bucket.price / released, impact_per_bn, fund.packages[0]


def sold_on_the_first_day(prepared: Prepared) -> float:
    return float(simulate_block(prepared, 0, 1).records.of("fund_sales_by_channel")[0, 0].sum())


def sold_over_first_sale(prepared: Prepared) -> float:
    """Everything sold on the first day, over what the call for margin alone would have sold."""
    called = simulate_block(prepared, 0, 1).records.of("fund_calls")[0, 0, INITIAL_MARGIN]
    market = PlainMarket(prepared)
    return sold_on_the_first_day(prepared) * market.release(market.funds[0], market.trades[0]) / float(called)


@pytest.mark.parametrize("impact", [0.0001, 1.0, 7.0, 12.0])
def test_the_spiral_of_one_fund_has_the_multiplier_of_the_closed_form(impact: float) -> None:
    prepared = fund_under_a_call(impact)
    feedback = spiral_feedback(*terms_of_spiral(prepared))
    assert 0.0 < feedback < 1.0
    assert sold_over_first_sale(prepared) == pytest.approx(spiral_multiplier(feedback), rel=1e-4)


def test_a_feedback_off_by_a_thousandth_would_be_seen() -> None:
    """The planted error, on a multiplier of about two."""
    prepared = fund_under_a_call(7.0)
    feedback = spiral_feedback(*terms_of_spiral(prepared))
    assert spiral_multiplier(feedback) > 1.5
    assert sold_over_first_sale(prepared) != pytest.approx(spiral_multiplier(1.001 * feedback), rel=1e-4)


@pytest.mark.parametrize("rise_of_margin", [1e-7, 1e-5])
def test_beyond_the_threshold_any_call_sells_the_same_share_of_the_book(rise_of_margin: float) -> None:
    """The series at a given holding diverges; what stops it is that the holding shrinks.

    Losses add up to impact * (holding * sold - sold^2 / 2) and sales set free in proportion to what is sold, so
    the share sold is 2 (1 - 1 / feedback), whatever the call that began it.
    """
    prepared = fund_under_a_call(15.0, rise_of_margin)
    leverage, impact_per_bn, holding = terms_of_spiral(prepared)
    feedback = spiral_feedback(leverage, impact_per_bn, holding)
    assert leverage > threshold_leverage(impact_per_bn, holding)
    assert spiral_multiplier(feedback) == math.inf
    sold = sold_on_the_first_day(prepared)
    assert sold / holding == pytest.approx(2.0 * (1.0 - 1.0 / feedback), rel=0.02)


def test_below_the_threshold_the_share_sold_follows_the_call() -> None:
    small, large = (fund_under_a_call(12.5, rise) for rise in (1e-7, 1e-5))
    leverage, impact_per_bn, holding = terms_of_spiral(small)
    assert leverage < threshold_leverage(impact_per_bn, holding)
    sold = [sold_on_the_first_day(prepared) for prepared in (small, large)]
    assert sold[0] < 1e-6 * holding
    assert sold[1] / sold[0] == pytest.approx(100.0, rel=0.01)


# Known answer 3: the hedge market with linear dealers

CHOKE_BP, DEMAND, DEALERS, UNNETTED, FUNDS = 100.0, 0.05, 0.1, 0.5, 0.04
UNWOUND_BN, PURCHASED_BN = 200.0, 100.0
#: Smallest own cost of a package that a scenario may name; the shared balance sheet bears the rest of 0.1.
OWN = 0.0001
#: Years to delivery, and trading days in which the cost of balance sheet is expected to halve.
HORIZON, HALF_LIFE = 0.02, 2500


def balance_sheet_settings() -> dict[str, float]:
    """The worked equilibrium as opening positions, and dealers whose cost is linear in the balance sheet they use."""
    dislocation = equilibrium_dislocation_bp(CHOKE_BP, DEMAND, DEALERS, UNNETTED, FUNDS, 0.0)
    futures = futures_demand_bn(CHOKE_BP / DEMAND, dislocation, DEMAND)
    held = unconstrained_fund_package_bn(dislocation, UNNETTED, FUNDS)
    shared = DEALERS - OWN
    unnetted = UNNETTED * DEALERS / shared
    use = 0.5
    limit = (futures - held + unnetted * held) / use
    return {
        "dislocation": dislocation,
        "futures": futures,
        "funds": held,
        "dealers": futures - held,
        "unnetted": unnetted,
        "use": use,
        "cost": shared * limit / average_ahead(HORIZON * 365.0 / 360.0, HALF_LIFE / 252.0),
        "own": OWN * 0.1 * futures,
        "slope": 0.1 * DEMAND * futures,
    }


def hedge_market(tmp_path: Path, *programme: str) -> Prepared:
    """Two funds: one that redemptions force out of $200bn on day 2, one with a line to pay them from."""
    m = balance_sheet_settings()
    settings = (
        *QUIET,
        "horizon=6d",
        "market.hedges.TY.cash_share=0%",
        f"market.hedges.TY.horizon={HORIZON}y",
        f"dealers.stress_half_life={HALF_LIFE}d",
        "dealers.full_side=1%",
        f"market.hedges.TY.dislocation={m['dislocation']!r}bp",
        f"market.trades.TY.fund_packages=${m['funds']!r}bn",
        f"market.hedges.TY.dealer_packages=${m['dealers']!r}bn",
        f"market.hedges.TY.hedge_demand=${m['futures']!r}bn",
        "market.buckets.TY.dealer_inventory=$0bn",
        "market.buckets.TY.outstanding=$3tn",
        f"asset_managers.demand_slope={m['slope']!r}bp",
        f"dealers.package_cost={m['own']!r}bp",
        "dealers.other_repo=$0bn",
        f"dealers.unnetted_repo={100.0 * m['unnetted']!r}%",
        f"dealers.opening_use={100.0 * m['use']!r}%",
        "dealers.cost_threshold=200%",
        "dealers.capital_ratio=50%",
        f"dealers.cost_below={m['cost']!r}bp",
        f"dealers.cost_above={m['cost']!r}bp",
        "channels.initial_margin=false",
        "events=[{type: redemption, who: hedge-funds, day: 2d, share: 100%}]",
        *programme,
    )
    loaded = load_scenario(SCENARIOS / "toy.yaml", settings)
    population = tmp_path / "funds.csv"
    stays = m["funds"] - UNWOUND_BN
    margin = float(opened("toy").parameters.opening.hedges.margin[0])
    population.write_text(
        "name,equity,free_cash,committed_line,haircut,overnight_share,TY\n"
        f"leaves,${UNWOUND_BN * margin!r}bn,$0bn,$0bn,0%,100%,${UNWOUND_BN!r}bn\n"
        f"stays,$100bn,$50bn,$1000bn,0%,100%,${stays!r}bn\n"
    )
    funds = loaded.scenario.funds.model_copy(update={"population": "funds.csv"})
    return prepare(loaded.scenario.model_copy(update={"funds": funds}), {"funds.csv": population})


def by_day(prepared: Prepared) -> dict[str, list[float]]:
    """The four unknowns of the equilibrium, by day."""
    records = simulate_block(prepared, 0, 1).records
    names = ("dislocation", "asset_manager_hedges", "fund_packages", "dealer_packages")
    return {name: list(records.of(name)[0, :, 0]) for name in names}


def test_the_engine_holds_the_equilibrium_of_the_hedge_market(tmp_path: Path) -> None:
    """The four figures of the worked example, to the digits printed; then funds cut by 200, then 100 purchased."""
    purchase = (
        "central_bank.hedged.mode=schedule",
        f"central_bank.hedged.schedule=[{{day: 5d, pace: ${PURCHASED_BN}bn}}]",
    )
    market = by_day(hedge_market(tmp_path, *purchase))
    opening = {name: values[0] for name, values in market.items()}
    assert opening["dislocation"] == pytest.approx(55.172, abs=5e-4)
    assert opening["asset_manager_hedges"] == pytest.approx(896.55, abs=5e-3)
    assert opening["fund_packages"] == pytest.approx(689.66, abs=5e-3)
    assert opening["dealer_packages"] == pytest.approx(206.90, abs=5e-3)
    unwound = {name: values[1] for name, values in market.items()}
    assert opening["fund_packages"] - unwound["fund_packages"] == pytest.approx(UNWOUND_BN, abs=1e-9)
    assert unwound["dislocation"] == pytest.approx(58.506, abs=5e-4)
    rise = forced_unwind_rise_bp(UNWOUND_BN, DEMAND, DEALERS, UNNETTED)
    assert unwound["dislocation"] - opening["dislocation"] == pytest.approx(rise, rel=1e-5)
    assert neutral_hedged_purchase_bn(UNWOUND_BN, UNNETTED) == PURCHASED_BN
    purchased = {name: values[4] for name, values in market.items()}
    for name in ("dislocation", "asset_manager_hedges"):
        assert purchased[name] == pytest.approx(opening[name], rel=1e-5)


def test_without_the_purchase_the_dislocation_stays_high(tmp_path: Path) -> None:
    """The planted error: what brings the dislocation back is the purchase."""
    market = by_day(hedge_market(tmp_path))
    assert market["dislocation"][4] == pytest.approx(58.506, abs=1e-3)
