"""Every lever of policy: by schedule and by rule, from the opening, and with an end that leaves nothing behind."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from simulator.engine.opening.prepare import Prepared
from simulator.engine.parameters import CHANNELS
from simulator.engine.simulate import draw_world
from simulator.scenario.errors import ScenarioError
from simulator.scenario.loading import load_scenario
from tests.economics.shipped import SCENARIOS, Played, opened, played
from tests.oracle.plain_day import PlainMarket

DASH = "dash-for-cash-2020"
NO_PURCHASES = ("central_bank.outright.mode=off", "central_bank.hedged.mode=off")
NO_POLICY = (
    *NO_PURCHASES,
    "central_bank.leverage_relief=1x",
    "central_bank.standing_repo.open=false",
    "central_bank.standing_repo.capacity=$0bn",
)
#: An event of each lever without its length, the rule that does the same from the first day on, and where both show.
LEVERS = {
    "leverage-relief": ("multiple: 1.3x", "leverage_relief", "1.3x", "dealer_use"),
    "clearing-mandate": ("share: 40%", "clearing_mandate", "40%", "dealer_use"),
    "haircut-minimum": ("minimum: 0.5%", "haircut_minimum", "0.5%", "mean_haircut"),
    "margin-minimum": ("multiple: 1.3x", "margin_minimum", "1.3x", "initial_margin"),
    "facility-opening": ("capacity: $40bn", "standing_repo", "$40bn", "facility_use"),
}
#: Lenders leave on day 3 in a market without noise: the one thing that happens beside the lever.
QUIET = ("drivers.noise=0.0", "central_bank.hedged.mode=off", "central_bank.standing_repo.open=false")
SQUEEZE = "{type: lender-withdrawal, day: 3d, days: 12d, share: 10%}"
#: Always beyond the trigger, in one step.
AT_ONCE = {lever: "0x" if lever.endswith("minimum") else "-10000bp" for _, lever, _, _ in LEVERS.values()}


def with_event(lever: str, length: str) -> Played:
    event = f", {{type: {lever}, {length}, {LEVERS[lever][0]}}}" if length else ""
    return played("calm", *QUIET, f"events=[{SQUEEZE}{event}]", "horizon=20d")


@pytest.mark.parametrize("lever", LEVERS)
def test_a_lever_that_ends_leaves_nothing_behind(lever: str) -> None:
    """Before its first day nothing differs; while it lasts it shows; ten days after its end it does not."""
    without, with_ = with_event(lever, ""), with_event(lever, "day: 4d, days: 3d")
    change = (with_.of(LEVERS[lever][3]) - without.of(LEVERS[lever][3]))[0]
    size = np.abs(change.reshape(len(change), -1)).max(axis=1)
    assert (size[:3] == 0.0).all()
    assert (size[3:6] > 0.0).all()
    assert size[-4:].max() < 0.02 * size[3:6].max()


@pytest.mark.parametrize("lever", LEVERS)
def test_a_rule_that_is_always_triggered_is_a_schedule_from_the_first_day_on(lever: str) -> None:
    _, rule, limit, name = LEVERS[lever]
    scheduled = with_event(lever, "day: 1d")
    settings = f"central_bank.rules.{rule}={{trigger: {AT_ONCE[rule]}, limit: {limit}}}"
    by_rule = played("calm", *QUIET, f"events=[{SQUEEZE}]", "horizon=20d", settings)
    assert (by_rule.of(name) == scheduled.of(name)).all()
    assert (by_rule.of(name) != with_event(lever, "").of(name)).any()


@pytest.mark.parametrize(
    ("setting", "event"),
    [
        ("central_bank.leverage_relief=1.3x", "{type: leverage-relief, day: 1d, days: 5d, multiple: 1.3x}"),
        ("central_bank.standing_repo.open=true", "{type: facility-opening, day: 1d, days: 5d}"),
    ],
)
def test_a_lever_from_the_opening_ends_as_an_event_does(setting: str, event: str) -> None:
    days = setting.split("=")[0].replace(".open", ".days") + ("" if ".open" in setting else "_days")
    squeeze = SQUEEZE.replace("3d", "2d", 1)
    opening = played("calm", *QUIET, f"events=[{squeeze}]", setting, f"{days}=5d", "horizon=10d")
    stretch = played("calm", *QUIET, f"events=[{squeeze}, {event}]", "horizon=10d")
    for name in ("dealer_use", "facility_use", "dislocation"):
        assert (opening.of(name) == stretch.of(name)).all()


@pytest.mark.parametrize(
    ("key", "value", "of"),
    [
        ("haircut_minimum", "1%", lambda run: run.of("mean_haircut")[0]),
        ("margin_minimum", "1.5x", lambda run: run.of("initial_margin")[0, :, 0]),
        ("clearing_mandate", "50%", lambda run: run.of("dealer_use")[0]),
    ],
)
def test_what_holds_from_the_opening_ends_too(key: str, value: str, of: object) -> None:
    """It is in the opening books, and gone after its days."""
    setting = (f"central_bank.{key}={value}", f"central_bank.{key}_days=4d")
    without = of(played("calm", *QUIET, "horizon=12d"))  # type: ignore[operator]
    with_ = of(played("calm", *QUIET, *setting, "horizon=12d"))  # type: ignore[operator]
    change = np.abs(with_ - without)
    assert change[:4].min() > 0.5 * change[0]
    assert change[4:].max() < 0.02 * change[0]


# Purchases and sales


def pressure(*settings: str) -> NDArray[np.float64]:
    run = played("calm", *NO_PURCHASES, *settings, paths=50)
    weight = run.prepared.parameters.opening.buckets.outstanding_bn
    average: NDArray[np.float64] = run.of("outright_pressure") @ weight / weight.sum()
    return average


def scheduled(kind: str, *stretches: str) -> tuple[str, ...]:
    return (f"central_bank.{kind}.mode=schedule", f"central_bank.{kind}.schedule=[{', '.join(stretches)}]")


def test_sales_raise_the_pressure_and_purchases_lower_it() -> None:
    nothing = pressure()
    sold = pressure(*scheduled("outright", "{day: 4d, days: 5d, pace: -$20bn}"))
    bought = pressure(*scheduled("outright", "{day: 4d, days: 5d, pace: $20bn}"))
    assert ((sold - nothing)[:, 8] > 1.0).all()
    assert ((bought - nothing)[:, 8] < -1.0).all()


def test_sales_of_packages_raise_the_dislocation_and_stop_when_none_is_left() -> None:
    stretches = ("{day: 2d, days: 2d, pace: $20bn}", "{day: 10d, days: 4d, pace: -$15bn}")
    nothing = played("calm", *NO_PURCHASES, paths=20)
    traded = played("calm", *NO_PURCHASES, *scheduled("hedged", *stretches), paths=20)
    flows = traded.of("hedged_purchases")
    assert np.allclose(flows[:, 1:3], 20.0)
    assert np.allclose(flows[:, 9:14], [-15.0, -15.0, -10.0, 0.0, 0.0])
    change = (traded.of("dislocation") - nothing.of("dislocation")).mean(axis=2)
    assert (change[:, 8] < -1.0).all()
    assert (np.abs(change[:, -1]) < 0.2 * np.abs(change[:, 8])).all()


def test_the_central_bank_sells_no_bond_that_it_does_not_hold() -> None:
    run = played("toy", *scheduled("outright", "{day: 2d, days: 6d, pace: -$30bn}"))
    held = run.of("central_bank_bonds")[0, :, 0]
    assert held.tolist()[:6] == pytest.approx([100.0, 70.0, 40.0, 10.0, 0.0, 0.0], abs=1e-9)
    assert run.of("outright_purchases")[0].tolist()[:6] == pytest.approx([0, -30, -30, -30, -10, 0], abs=1e-9)


def test_a_rule_buys_under_stress_waits_and_sells_what_it_bought() -> None:
    rule = "central_bank.outright={mode: rule, trigger: 8bp, release: 5bp, pace: $20bn, limit: $300bn}"
    run = played(DASH, *NO_POLICY, rule, "horizon=120d", paths=40)
    flows, held = run.of("outright_purchases"), run.of("outright_purchases").cumsum(axis=1)
    weight = run.prepared.parameters.opening.buckets.outstanding_bn
    stress = run.of("outright_pressure")[:, :-1] @ weight / weight.sum()
    today, done = flows[:, 1:], held[:, :-1]
    assert (today[stress > 8.0] >= 0.0).all()
    assert (today[(stress < 8.0) & (stress > 5.0)] == 0.0).all()
    assert (today[stress < 5.0] <= 0.0).all()
    assert (today > 0.0).any()
    assert (today < 0.0).any()
    assert held.min() > -1e-9
    assert held.max() < 300.0 + 1e-9
    assert (done[today < 0.0] > 0.0).all()


# Rules


def test_relief_by_rule_lowers_the_dislocation() -> None:
    rule = "central_bank.rules.leverage_relief={trigger: 10bp, pace: 0.1x, limit: 1.3x}"
    without, with_ = played(DASH, *NO_POLICY, paths=40), played(DASH, *NO_POLICY, rule, paths=40)
    assert with_.of("dislocation").max(axis=1).mean() < without.of("dislocation").max(axis=1).mean() - 1.0


def day_by_day(prepared: Prepared, row: str, path: int = 3) -> list[float]:
    """What a rule gives at the close of each day, by the twin of the engine."""
    days, market = int(prepared.scenario.horizon), PlainMarket(prepared)
    world = draw_world(prepared, path, 1)
    given = []
    for day in range(days):
        curve, noise = world.curve_change_bp[0, day].tolist(), world.flow_noise[0, day].tolist()
        come = world.hedge_demand[0, day].tolist()
        gone = world.defaulted[0, day].tolist()
        market.play_day(day, curve, float(world.volatility_multiple[0, day]), noise, come, gone)
        given.append(float(getattr(market.others, row)))
    return given


@pytest.mark.parametrize(
    ("rule", "row", "marks"),
    [
        ("leverage_relief", "relief_by_rule", "trigger: 14bp, release: 13bp, pace: 0.1x, limit: 1.2x"),
        ("clearing_mandate", "clearing_by_rule", "trigger: 14bp, release: 13bp, pace: 10%, limit: 20%"),
        ("haircut_minimum", "haircut_by_rule", "trigger: 2.4x, release: 2.3x, pace: 1%, limit: 2%"),
        ("margin_minimum", "margin_by_rule", "trigger: 2.4x, release: 2.3x, pace: 0.5x, limit: 1.5x"),
        ("standing_repo", "facility_by_rule", "trigger: 20bp, release: 10bp, pace: $20bn, limit: $60bn"),
    ],
)
def test_a_rule_gives_step_by_step_up_to_its_limit_and_takes_back(rule: str, row: str, marks: str) -> None:
    """The dash for cash, day by day: nothing before the storm, the limit in it, nothing in the end."""
    settings = (*NO_POLICY, f"central_bank.rules.{rule}={{{marks}}}")
    prepared = opened(DASH, *settings, "funds.count=10")
    lever = getattr(prepared.parameters.central_bank.rules, rule)
    highest = lever.limit - (1.0 if rule in ("leverage_relief", "margin_minimum") else 0.0)
    given = day_by_day(prepared, row)
    steps = np.diff([0.0, *given])
    assert np.abs(steps).max() <= lever.pace + 1e-12
    assert given[0] == 0.0
    assert max(given) == pytest.approx(highest)
    assert given[-1] == pytest.approx(0.0, abs=1e-12)


def test_a_facility_by_rule_lowers_the_repo_rate() -> None:
    rule = "central_bank.rules.standing_repo={trigger: 15bp, limit: $1tn}"
    without, with_ = played(DASH, *NO_POLICY, paths=40), played(DASH, *NO_POLICY, rule, paths=40)
    assert with_.of("facility_use").max() > 0.0
    assert with_.of("repo_spread").max(axis=1).mean() < without.of("repo_spread").max(axis=1).mean() - 1.0


def test_a_minimum_haircut_from_the_opening_spares_funds_higher_haircuts_later() -> None:
    """A fund that has paid for its haircut in calm is not called for it when volatility rises."""
    minimum = "central_bank.haircut_minimum=3%"
    without, with_ = played(DASH, *NO_POLICY, paths=40), played(DASH, *NO_POLICY, minimum, paths=40)
    place = CHANNELS.index("haircut")
    sold = [run.of("fund_sales_by_channel")[:, :, place].sum() for run in (without, with_)]
    assert sold[0] > 0.0
    assert sold[1] < 0.5 * sold[0]


def test_a_release_above_the_trigger_is_refused() -> None:
    rule = "central_bank.rules.leverage_relief={trigger: 10bp, release: 12bp, limit: 1.3x}"
    with pytest.raises(ScenarioError, match="the release, 12, is above the trigger, 10"):
        load_scenario(SCENARIOS / "calm.yaml", (rule,))
    opened("calm", rule.replace("12bp", "10bp"))
