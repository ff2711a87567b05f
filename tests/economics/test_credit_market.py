"""Corporate bonds and protection: defaults settle to the dollar, sellers fail, the basis pays for margins."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from numpy.typing import NDArray

from simulator.drivers.block import draw_block
from simulator.engine.opening.prepare import Prepared
from simulator.engine.parameters import World
from simulator.engine.records import allocate_records
from simulator.engine.simulate import draw_world, play_world
from simulator.literature.credit_arithmetic import credit_basis_return
from simulator.scenario.errors import ScenarioError
from tests.economics.mirrored import TURNS, asymmetry, money, played_both_ways
from tests.economics.shipped import AT_REST, Played, opened, played, with_events
from tests.economics.test_ledgers import assert_books_balance
from tests.economics.test_mirrored import TWO_SIDED
from tests.oracle.variants import CREDIT, CREDIT_STORM, EVERY_KIND, MONTHS, STORM

TREASURY, CORPORATE = 0, 1
#: One corporate bucket beside the toy market, held by three funds in cash and without limits of their own.
HELD = (
    *CREDIT,
    *AT_REST,
    "funds.leverage=2x",
    "funds.hedge_error=0%",
    "funds.entry_speed=0%",
    "other_hedgers.margin_response=0.0",
    "market.hedges.HY.protection_sold=$0bn",
    "market.hedges.HY.seller_capital=$0bn",
    "channels.risk_limit=false",
    "asset_managers.loss_redemption=0%",
    "end_investors.permanent_impact=0",
    "dealers.inventory_risk=0.0",
    "channels.dealer_capacity=false",
    "market.hedges.HY.capital_cost=0%",
    "horizon=5d",
)


def play_with_defaults(
    prepared: Prepared, day: int, share: float
) -> tuple[World, dict[str, NDArray[np.floating]]]:
    """One path of a market in which a share of the corporate issuers defaults on a day."""
    world = draw_world(prepared, 0, 1)
    world.defaulted[0, day, CORPORATE] = share
    records = allocate_records(1, int(prepared.scenario.horizon), prepared.sizes, "float64", agents=True)
    play_world(prepared, world, records)
    names = ("bond_price", "hedge_price", "fund_equity", "fund_packages", "surviving_value", "dislocation")
    return world, {name: records.of(name)[0] for name in names}


@pytest.mark.parametrize("recovery", ["0%", "40%", "90%"])
def test_a_bond_held_with_protection_is_settled_to_the_dollar_when_it_defaults(recovery: str) -> None:
    """Bond and hedge are both worth the recovery: what is left is what they stood apart, whatever is recovered.

    Of $30bn a tenth defaults; the bond stood 20bp in spread below protection, which its holder is now paid.
    """
    prepared = opened("toy", *HELD, f"market.buckets.HY.credit.recovery={recovery}")
    _, before = play_with_defaults(prepared, 2, 0.0)
    _, after = play_with_defaults(prepared, 2, 0.1)
    bond, hedge = before["bond_price"][1, CORPORATE], before["hedge_price"][1, CORPORATE]
    recovered = float(recovery.rstrip("%")) / 100.0
    kept = 1.0 - 0.1 * (1.0 - recovered / bond)
    assert after["surviving_value"][2, CORPORATE] == pytest.approx(kept, rel=1e-12)
    assert after["bond_price"][2, CORPORATE] == pytest.approx(bond * kept, abs=5e-5)
    assert after["hedge_price"][2, CORPORATE] == pytest.approx(hedge - 0.1 * (hedge - recovered), abs=5e-5)
    gained = after["fund_equity"][2] - before["fund_equity"][2]
    assert gained == pytest.approx(
        30.0 * 0.1 * (hedge - bond), rel=0.1
    )  # dealers' losses move prices a little
    assert gained > 0.0
    np.testing.assert_array_equal(after["fund_packages"], before["fund_packages"])
    np.testing.assert_allclose(after["bond_price"][:, TREASURY], before["bond_price"][:, TREASURY], atol=2e-5)


def test_a_market_with_every_kind_of_trade_closes_its_ledgers() -> None:
    """Futures, swaps, protection, China's futures and bonds that no future takes, all in one storm, with rolls."""
    run = played("toy", *STORM, *MONTHS, *EVERY_KIND, paths=4, audit=True)
    assert_books_balance(run)
    assert run.of("fund_packages").shape[2] == 5
    assert (run.of("fund_sales").sum(axis=1) > 0.0).all()


def test_defaults_keep_every_ledger() -> None:
    prepared = opened("toy", *STORM, *CREDIT, *CREDIT_STORM, audit=True)
    world = draw_world(prepared, 0, 1)
    world.defaulted[0, :, CORPORATE] = 0.02
    records = allocate_records(1, int(prepared.scenario.horizon), prepared.sizes, "float64", agents=True)
    state = play_world(prepared, world, records)
    assert records.of("surviving_value")[0, -1, CORPORATE] < 0.95
    assert state.checks.audit_worst.max() < 1e-9


def test_issuers_default_at_their_rate_one_by_one() -> None:
    """A rate of 60% a year of forty issuers: 2,000 paths of twelve days have 0.3% a day, in fortieths."""
    prepared = opened("toy", *CREDIT)
    block = draw_block(prepared.driver_spec, 7, 0, 2000, 12)
    gone = block.defaulted[:, :, CORPORATE]
    daily = 1.0 - (1.0 - 0.6) ** (1.0 / 252.0)
    error = np.sqrt(daily * (1.0 - daily) / 40.0 / gone.size)
    assert abs(gone.mean() - daily) < 4.0 * error
    np.testing.assert_allclose(gone * 40.0, np.round(gone * 40.0))
    assert gone.max() > 1.5 / 40.0
    assert not block.defaulted[:, :, TREASURY].any()
    again = draw_block(prepared.driver_spec, 7, 500, 10, 12)
    np.testing.assert_array_equal(again.defaulted, block.defaulted[500:510])


def test_spreads_have_fat_tails_of_the_same_deviation() -> None:
    """Student's t of a hundred degrees of freedom is as good as normal; of four its tails are fat."""
    normal, fat = (
        np.diff(
            draw_block(
                opened(
                    "toy", *CREDIT, f"drivers.credit_tail={freedom}", "drivers.loss_tolerance=50x"
                ).driver_spec,
                7,
                0,
                4000,
                12,
            ).credit_change_bp
        )
        for freedom in (100, 4)
    )
    assert fat.std() == pytest.approx(normal.std(), rel=0.1)
    kurtosis = [float(((part - part.mean()) ** 4).mean() / part.var() ** 2) for part in (normal, fat)]
    assert kurtosis[0] == pytest.approx(3.06, abs=0.2)
    assert kurtosis[1] > 4.5


def test_a_rise_of_spreads_moves_bond_and_protection_alike() -> None:
    """100bp more on high yield: bonds and protection lose the same, Treasuries nothing."""
    still, wider = (
        played("toy", *HELD, with_events(*events))
        for events in ((), ("{type: market-loss, day: 2d, credit: 100bp}",))
    )
    moved = [run.of("cash_yield_change")[0, -1] for run in (still, wider)]
    assert moved[1] - moved[0] == pytest.approx([0.0, 100.0], abs=0.01)
    for run in (still, wider):
        assert run.of("dislocation")[0, -1, CORPORATE] == pytest.approx(20.0, abs=0.01)


def test_the_trade_earns_what_the_arithmetic_says() -> None:
    """When the basis widens, position value falls by duration times the change, as in the closed form."""
    prepared = opened(
        "toy",
        *HELD,
        "other_hedgers.margin_response=1.0",
        with_events("{type: margin-step, day: 2d, multiple: 20x, hedges: [HY]}"),
        "market.hedges.HY.capital_cost=10%",
    )
    run = Played(prepared, played("toy", *HELD).result)
    records = allocate_records(1, int(prepared.scenario.horizon), prepared.sizes, "float64", agents=True)
    play_world(prepared, draw_world(prepared, 0, 1), records)
    dislocation = records.of("dislocation")[0, :, CORPORATE]
    worth = records.of("bond_price")[0, :, CORPORATE] - records.of("hedge_price")[0, :, CORPORATE]
    change = dislocation[-1] - dislocation[0]
    assert change > 20.0
    duration = run.prepared.parameters.opening.buckets.duration_years[CORPORATE]
    price = run.prepared.parameters.opening.buckets.price[CORPORATE]
    earned = price * credit_basis_return.py_func(-0.002, -1e-4 * change, 0.0, duration)
    assert worth[-1] - worth[0] == pytest.approx(earned, rel=0.05)


@pytest.mark.parametrize("scale", [0.0, 1.0, 3.0])
def test_the_basis_pays_for_margins_and_haircuts_whatever_orders_move(scale: float) -> None:
    """A haircut 20% higher at a capital cost of 10% a year: 200bp of price, against nothing where capital is free."""
    step = with_events("{type: haircut-step, day: 2d, change: 20%, fundings: [corporate]}")
    free, dear = (
        played("toy", *HELD, f"market.hedges.HY.capital_cost={cost}", f"dealers.impact_scale={scale}", step)
        for cost in ("0%", "10%")
    )
    rise = dear.of("dislocation")[0, 2, CORPORATE] - free.of("dislocation")[0, 2, CORPORATE]
    opening = dear.prepared.parameters.opening
    price = opening.buckets.price[CORPORATE]
    # asset managers answer: part of what is asked is what they give up
    own, demand = (
        opening.hedges.package_slope_bp_per_bn[CORPORATE],
        opening.hedges.demand_slope_bp_per_bn[CORPORATE],
    )
    assert rise == pytest.approx(200.0 * price / (1.0 + own / demand), rel=0.02)


def test_a_haircut_asked_in_one_funding_leaves_the_other_alone() -> None:
    run = played(
        "toy", *HELD, with_events("{type: haircut-step, day: 2d, change: 15%, fundings: [corporate]}")
    )
    haircut = run.prepared.parameters.opening.funds.haircut
    assert haircut[CORPORATE] == pytest.approx(0.10)
    assert haircut[TREASURY] == pytest.approx(0.0)
    called = played("toy", *HELD).of("fund_calls")[0].sum(axis=0)
    more = run.of("fund_calls")[0].sum(axis=0) - called
    calls = [name for name, rise in zip(CALLS, more, strict=True) if abs(rise) > 1e-9]
    assert "haircut" in calls
    price = run.prepared.parameters.opening.buckets.price[CORPORATE]
    assert more[CALLS.index("haircut")] == pytest.approx(0.15 * 30.0 * price, rel=0.01)


CALLS = (
    "variation_margin", "collateral", "carry", "interest", "initial_margin", "haircut", "roll_over", "redemption",
    "other_strategies",
)  # fmt: skip


def test_haircuts_of_everything_are_borne() -> None:
    """Nobody lends on the bonds any more: loans on them are gone, and every ledger closes."""
    run = played(
        "toy",
        *STORM,
        *CREDIT,
        with_events("{type: haircut-step, day: 2d, change: 95%, fundings: [corporate]}"),
        audit=True,
    )
    assert_books_balance(run)
    assert run.of("fund_packages")[0, -1, CORPORATE] < 30.0


def test_a_seller_of_protection_fails_once_and_its_buyers_lose_what_it_could_not_pay() -> None:
    """Spreads jump by 900bp: protection on $15bn costs more than the seller's billion; its buyers miss the rest."""
    jump = with_events("{type: market-loss, day: 2d, credit: 900bp}")
    seller = ("market.hedges.HY.protection_sold=$15bn", "market.hedges.HY.seller_capital=$1bn")
    whole, failed = (
        played("toy", *HELD, *settings, jump, audit=True)
        for settings in ((*seller[:1], "market.hedges.HY.seller_capital=$500bn"), seller)
    )
    assert whole.of("unpaid_protection").sum() == 0.0
    unpaid = failed.of("unpaid_protection")[0]
    assert np.count_nonzero(unpaid) == 1
    value = failed.prepared.parameters.opening.hedges.value[CORPORATE]
    lost = 15.0 * (value - whole.of("hedge_price")[0, 1, CORPORATE]) - 1.0
    assert unpaid[1] == pytest.approx(lost, rel=0.05)
    assert failed.of("other_hedger_hedges")[0, 1, CORPORATE] == pytest.approx(
        whole.of("other_hedger_hedges")[0, 1, CORPORATE] - 15.0, abs=1e-9
    )
    poorer = [whole.of(name)[0, 1] - failed.of(name)[0, 1] for name in ("fund_equity", "dealer_capital")]
    assert min(poorer) > 0.0
    assert_books_balance(failed)


def test_protection_is_never_dearer_than_borrowing_the_bond_makes_it() -> None:
    """Everybody who sold protection leaves: the basis falls to the cost of the reverse trade, and no further."""
    leave = with_events("{type: hedge-demand-shift, day: 2d, share: -100%, hedges: [HY]}")
    free, bounded = (
        played(
            "toy",
            *HELD,
            "market.hedges.HY.hedge_demand=$70bn",
            f"market.hedges.HY.borrow_cost={cost}",
            leave,
            audit=True,
        )
        for cost in ("1000bp", "5bp")
    )
    assert free.of("dislocation")[0, -1, CORPORATE] < -10.0
    assert bounded.of("dislocation")[0, -1, CORPORATE] == -6.0
    assert_books_balance(bounded)


@pytest.mark.parametrize("feels", ["true", "false"])
def test_contagion_to_treasuries_can_be_switched(feels: str) -> None:
    """Funds lose their financing of corporate bonds; dealers take them over and their balance sheet gets dear."""
    storm = (
        *STORM, *CREDIT, "market.trades.TY.fund_packages=$0bn", "market.hedges.TY.hedge_demand=$10bn",
        "drivers.model=none", "drivers.noise=0.0", "dealers.cost_threshold=50%",
        f"market.contagion={feels}",
    )  # fmt: skip
    unwind = "{type: haircut-step, day: 2d, change: 60%, fundings: [corporate]}"
    calm, hit = (played("toy", *storm, with_events(*events)) for events in ((), (unwind,)))
    rise = hit.of("dislocation")[0, 3] - calm.of("dislocation")[0, 3]
    assert rise[CORPORATE] > 20.0
    if feels == "true":
        assert rise[TREASURY] > 1.0
    else:
        assert abs(rise[TREASURY]) < 0.5 * rise[CORPORATE]


def positions_in_credit(side: float) -> Iterator[str]:
    yield f"market.trades.HY.fund_packages={money(30.0 * side)}"
    yield f"market.buckets.HY.dealer_inventory={money(5.0 * side)}"
    yield f"market.hedges.HY.hedge_demand={money(10.0 * side)}"
    yield f"market.hedges.HY.dealer_packages={money(3.0 * side)}"


def both_ways(size: float) -> tuple[Played, Played]:
    """Corporate bonds without what binds one side only, under a small shock, and the mirror of it all."""
    unbounded = (
        *TWO_SIDED,
        *CREDIT,
        "drivers.model=none",
        "drivers.noise=0.0",
        "market.fundings.corporate.haircut=0%",
        "funds.other_credit=0%",
        "market.hedges.HY.dislocation=0bp",
        "market.hedges.HY.borrow_cost=1000bp",
        "market.hedges.HY.protection_sold=$0bn",
        "market.hedges.HY.seller_capital=$0bn",
    )
    return played_both_ways(
        "toy",
        unbounded,
        size,
        at_fair_prices=True,
        more=lambda side: f"{{type: market-loss, day: 3d, credit: {100.0 * size * side}bp}}",
        turned=positions_in_credit,
    )


def test_the_reverse_trade_is_its_mirror_while_nothing_bounds_it() -> None:
    """As for futures: what is left of a tenth of the shock is of second order, the curve of prices."""
    some, less = both_ways(0.1), both_ways(0.01)
    for variable in TURNS:
        left = asymmetry(*some, variable)
        assert left < 2e-3, f"{variable}: {left:.2e}"
        assert asymmetry(*less, variable) < 0.15 * left + 1e-6, variable


REFUSED = (
    (("market.hedges.HY.bucket=TY",), "has no credit risk"),
    (("market.hedges.TY.bucket=HY",), "has credit risk"),
    (("market.hedges.HY.seller_capital=$0bn",), "of protection"),
    (("market.buckets.HY.credit.recovery=140%",), "too large"),
    (("drivers.credit_tail=1.5",), "too small"),
)


@pytest.mark.parametrize(("settings", "said"), REFUSED)
def test_what_makes_no_sense_is_refused(settings: tuple[str, ...], said: str) -> None:
    with pytest.raises(ScenarioError, match=said):
        opened("toy", *CREDIT, *settings)
