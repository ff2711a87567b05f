"""How prices and positions respond: to refused repo, auctions and supply, in both directions, in calm, in any draw."""

from __future__ import annotations

import numpy as np
import pytest

from simulator.engine.opening.prepare import prepare
from simulator.engine.parameters import CHANNELS
from simulator.engine.simulate import simulate_block
from simulator.engine.status import RUNNING, STATUS
from simulator.results.measures import DYSFUNCTION_BP
from simulator.scenario.declarations import declarations
from simulator.scenario.loading import load_scenario
from simulator.scenario.schema import Scenario
from tests.economics.shipped import AT_REST, NAMES, SCENARIOS, Played, played

#: Nobody trades of his own accord.
PASSIVE = (
    *AT_REST,
    "funds.entry_speed=0%",
    "channels.risk_limit=false",
    "channels.redemption=false",
    "asset_managers.volatility_redemption=0%",
    "asset_managers.loss_redemption=0%",
    "asset_managers.cash_speed=0%",  # bonds bought and sold for cash meet a market that is not symmetric by design
    "lenders.easy_share=97%",  # nor is scarce repo, which is dear to both
)
#: Every position of the toy market turned: funds short bonds and long futures, asset managers short futures.
TURNED = (
    "market.trades.TY.fund_packages=-$90bn",
    "market.hedges.TY.hedge_demand=-$100bn",
    "market.hedges.TY.dealer_packages=-$10bn",
    "market.hedges.TY.dislocation=-10bp",
    "market.buckets.TY.dealer_inventory=-$20bn",
)


def over_opening(run: Played, name: str) -> np.ndarray:
    """Change of a variable over its opening, of one path and row, by day."""
    start = {"dislocation": run.prepared.parameters.opening.hedges.dislocation_bp[0]}.get(name, 0.0)
    return run.of(name)[0, :, 0] - start


# Both directions


@pytest.mark.parametrize(("share", "as_far"), [(-40, 0.25), (-10, 0.05), (10, 0.05), (40, 0.25)])
def test_a_shift_of_hedge_demand_moves_a_turned_market_the_other_way(share: int, as_far: float) -> None:
    """Demand grows or falls in size: the dislocation rises or falls, and in the mirror it falls or rises as far.

    In large moves less or more: prices of the bonds that fill balance sheets rise in one case and fall in the other.
    """
    shift = f"events=[{{type: hedge-demand-shift, day: 2d, days: 3d, share: {share}%}}]"
    here = over_opening(played("toy", *PASSIVE, shift), "dislocation")
    there = over_opening(played("toy", *PASSIVE, *TURNED, shift), "dislocation")
    assert np.sign(here[-1]) == np.sign(share)
    assert there == pytest.approx(-here, rel=as_far, abs=0.01)


def test_funds_that_cover_a_reverse_trade_lower_its_dislocation() -> None:
    """Bonds bought and futures sold: what the funds give up, dealers take on the short side."""
    redeemed = "events=[{type: redemption, who: hedge-funds, day: 2d, share: 60%}]"
    settings = (*PASSIVE, "channels.redemption=true", "funds.free_cash=5%", redeemed)
    forward = played("toy", *settings)
    reverse = played("toy", *settings, *TURNED)
    assert abs(forward.of("fund_packages")[0, -1, 0]) < 80.0
    assert abs(reverse.of("fund_packages")[0, -1, 0]) < 80.0
    assert over_opening(forward, "dislocation")[-1] > 1.0
    assert over_opening(reverse, "dislocation")[-1] < -1.0


@pytest.mark.parametrize("amount", [5.0, 20.0, 60.0])
def test_sales_raise_yields_and_purchases_of_as_much_lower_them_no_further(amount: float) -> None:
    """The pressure of what is held too much is at least that of what is held too little, with the other sign."""
    sold, bought = (
        played(
            "toy",
            *PASSIVE,
            f"events=[{{type: foreign-sale, day: 2d, amount: {'-' if sign < 0.0 else ''}${amount}bn}}]",
        )
        for sign in (1.0, -1.0)
    )
    rise, fall = (run.of("outright_pressure")[0, -1, 0] for run in (sold, bought))
    assert rise > 0.0 > fall
    assert rise >= -fall * 0.99


# Refused repo


@pytest.mark.parametrize("order", ["cheapest", "pro-rata"])
def test_refused_repo_forces_no_more_sales_than_its_amount(order: str) -> None:
    """Funds without cash are refused a part of their repo: the bonds come back, and bring their whole price."""
    run = played(
        "toy",
        *PASSIVE,
        "channels.haircut=false",
        "channels.initial_margin=false",
        "channels.variation_margin=false",
        "funds.free_cash=0%",
        "funds.committed_line=0%",
        "funds.other_sale_per_day=0%",
        f"funds.exit_order={order}",
        "lenders.headroom=0%",
        "dealers.cash_buffer=0%",
        "events=[{type: lender-withdrawal, day: 2d, days: 1d, share: 2%}]",
    )
    refused = run.of("repo_taken_back")[0, 1]
    sold = run.of("fund_sales")[0, 1, 0]
    assert refused > 1.0
    assert 0.9 * refused < sold <= 1.02 * refused


# Auctions and supply


def three_year_auction(*settings: str) -> tuple[float, float]:
    """Tail and share of dealers of a $58bn sale of 3-year notes on day 2, by the mean of paths."""
    sale = "events=[{type: auction, day: 2d, maturity: 3y, amount: $58bn, dealer_share: 11.5%}]"
    run = played("tariff-shock-2025", sale, "central_bank.outright.mode=off", *settings, paths=40)
    left = 58.0 - run.of("bidder_purchases")[:, 1, :].sum(axis=1)
    return float(run.of("auction_tail")[:, 1, :].max(axis=1).mean()), float(left.mean() / 58.0)


def test_a_three_year_auction_tails_by_what_is_seen_and_more_when_dealers_are_full() -> None:
    tail, share = three_year_auction()
    assert 0.2 < tail < 1.0
    assert 0.08 < share < 0.115
    strained, _ = three_year_auction(
        "events=[{type: auction, day: 2d, maturity: 3y, amount: $58bn, dealer_share: 11.5%},"
        " {type: limit-cut, day: 1d, share: 20%}]"
    )
    assert strained > 1.2 * tail


def test_issuance_adds_leveraged_shorts_through_asset_managers() -> None:
    """$100bn of new bonds, by the market's own split, add 3 to 7bn of the funds' shorts within a quarter."""
    sales = ", ".join(
        f"{{type: auction, day: 2d, bucket: {bucket}, amount: ${amount}bn, dealer_share: 0%, bidder_noise: 0%}}"
        for bucket, amount in {"TU": 45, "FV": 25, "TY": 8, "UXY": 6, "US": 9, "WN": 7}.items()
    )
    quiet = (*AT_REST, "horizon=63d")
    with_supply = played("calm", *quiet, f"events=[{sales}]")
    without = played("calm", *quiet)
    added = with_supply.of("fund_hedges")[0, -1].sum() - without.of("fund_hedges")[0, -1].sum()
    assert 3.0 < added < 7.0


# Losses elsewhere


def test_losses_of_other_strategies_make_funds_sell_treasuries() -> None:
    """Equities fall by a third and nothing else happens: brokers call, and funds short of cash sell packages."""
    crash = "events=[{type: market-loss, day: 2d, days: 3d, equity: -33%, credit: 700bp}]"
    settings = (*PASSIVE, "funds.free_cash=0%", "funds.committed_line=0%", "funds.other_margin=50%")
    calm, hit = played("toy", *settings), played("toy", *settings, crash)
    assert calm.of("fund_sales").sum() == 0.0
    assert hit.of("fund_sales_by_channel")[0, :, CHANNELS.index("other_strategies")].sum() > 1.0
    assert hit.of("outright_pressure")[0, -1, 0] >= 0.0
    lost = 1.0 - hit.of("fund_equity")[0, -1] / calm.of("fund_equity")[0, -1]
    assert lost > 0.03


def test_funds_are_short_volatility_because_of_what_else_they_hold() -> None:
    """Equity falls when volatility doubles and nobody has a position in volatility; without exposures it does not."""
    shock = "events=[{type: volatility-shock, day: 2d, multiple: 2.35x}]"
    exposed = played("toy", *PASSIVE, shock).of("fund_equity")[0]
    settings = ("funds.other_equity=0%", "funds.other_credit=0%")
    not_exposed = played("toy", *PASSIVE, *settings, shock).of("fund_equity")[0]
    assert exposed[1] < 0.98 * exposed[0]
    assert not_exposed[1] > 0.995 * not_exposed[0]


def test_equities_and_credit_fall_when_volatility_is_high_and_drift_nowhere_in_calm() -> None:
    dash, calm = played("dash-for-cash-2020", paths=200), played("calm", paths=400)
    day = 13  # 9 March
    assert -0.45 < dash.of("equity_change")[:, day].mean() < -0.25
    assert 500.0 < dash.of("credit_change")[:, day].mean() < 900.0
    assert abs(calm.of("equity_change")[:, -1].mean()) < 0.02
    assert abs(calm.of("credit_change")[:, -1].mean()) < 30.0


# Calm


def test_nothing_drifts_in_a_calm_year() -> None:
    """With the noise of calm times, positions after 250 days are those of the opening, but for a few per cent.

    Funds' packages by month on average, dealers' books on the path in the middle: on some paths volatility more than
    doubles, and what funds leave then dealers have.
    """
    run = played("calm", "horizon=250d", paths=100)
    assert (run.result.records.status[:, 0] == 0).all()
    opening = run.prepared.parameters.opening
    packages = run.of("fund_packages").sum(axis=2).mean(axis=0)
    held = opening.funds.packages_bn.sum()
    a_month = packages[20:] - packages[:-20]
    assert np.abs(a_month).max() < 0.03 * held
    assert run.of("fund_equity").mean(axis=0)[-1] == pytest.approx(
        run.of("fund_equity")[:, 0].mean(), rel=0.05
    )
    for name in ("dealer_inventory", "dealer_packages"):
        moved = np.median(run.of(name).sum(axis=2), axis=0)
        assert abs(moved[-1] - moved[0]) < 30.0, name
    assert np.abs(run.of("outright_pressure").mean(axis=0)).max() < 4.0
    rise = np.abs(run.of("dislocation") - opening.hedges.dislocation_bp).max(axis=(1, 2))
    assert np.median(rise) < DYSFUNCTION_BP


# Any draw


#: Sizes of populations and of the market, and the sector's own scale, which are no behaviour.
FIXED = ("count", "size_tail", "other_repo", "opening_use", "capital_ratio")
BEHAVIOUR = (
    "funds",
    "dealers",
    "end_investors",
    "asset_managers",
    "lenders",
    "foreign_holders",
    "clearing_house",
)


def drawn(scenario: Scenario, seed: int) -> Scenario:
    """The scenario with every figure of behaviour between a third and three times its own, within its bounds."""
    generator = np.random.default_rng(seed)
    sections = {}
    for name in BEHAVIOUR:
        section = getattr(scenario, name)
        figures = {}
        for key, declared in declarations(type(section)).items():
            value = getattr(section, key)
            if key not in FIXED and declared.shape.kind is not None and isinstance(value, float):
                factor = float(np.exp(generator.uniform(-np.log(3.0), np.log(3.0))))
                figures[key] = float(np.clip(value * factor, declared.minimum, declared.maximum))
        sections[name] = section.model_copy(update=figures)
    return scenario.model_copy(update=sections)


def stops(name: str, seeds: range) -> list[tuple[int, str]]:
    """Draws of which a path stopped, with the reason."""
    loaded = load_scenario(SCENARIOS / f"{name}.yaml", ("output.precision=float64",))
    found = []
    for seed in seeds:
        status = simulate_block(
            prepare(drawn(loaded.scenario, seed), loaded.data_files), seed, 2
        ).records.status[:, 0]
        found += [(seed, STATUS[code][0]) for code in status if code != RUNNING]
    return found


@pytest.mark.parametrize("name", NAMES)
def test_no_path_of_a_shipped_scenario_stops(name: str) -> None:
    assert (played(name, paths=200).result.records.status[:, 0] == 0).all()


@pytest.mark.parametrize("name", ["dash-for-cash-2020", "tariff-shock-2025", "credit-basis-2008"])
def test_no_path_breaks_down_whatever_parameters_are_drawn(name: str) -> None:
    assert stops(name, range(25)) == []


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_no_path_of_five_hundred_draws_breaks_down(name: str) -> None:
    assert stops(name, range(500)) == []
