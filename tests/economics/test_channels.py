"""Every channel counts in the dash for cash: switched off on the same random numbers, it lowers its outcome."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from simulator.analysis.channels import JUDGED_BY, PRICE_IMPACT, ChannelTable, channel_table, told_measures
from simulator.cli.upkeep import app
from simulator.engine.parameters import CHOICE
from simulator.results.statistics import difference
from simulator.results.variables import PLACES
from simulator.scenario.loading import load_scenario
from tests.economics.shipped import SCENARIOS, played

NAME = "dash-for-cash-2020"
PATHS = 500
ERRORS_MIN = 5.0


@pytest.fixture(scope="module")
def table() -> ChannelTable:
    loaded = load_scenario(SCENARIOS / f"{NAME}.yaml", ["output.precision=float64"])
    return channel_table(loaded.scenario, loaded.data_files, PATHS, threads=2)


@pytest.fixture(scope="module")
def scarce_table() -> ChannelTable:
    """Roll-over alone, where lenders have little to spare: repo refused gives bonds back and forces few sales."""
    settings = ["output.precision=float64", "lenders.headroom=4%"]
    loaded = load_scenario(SCENARIOS / f"{NAME}.yaml", settings)
    return channel_table(loaded.scenario, loaded.data_files, PATHS, channels=["roll_over"], threads=2)


@pytest.fixture(scope="module")
def default_table() -> ChannelTable:
    """Default alone on more paths: a fund is closed out on one path in eight."""
    loaded = load_scenario(SCENARIOS / f"{NAME}.yaml", ["output.precision=float64"])
    return channel_table(loaded.scenario, loaded.data_files, 4 * PATHS, channels=["default"], threads=2)


def test_repo_that_is_always_rolled_lowers_what_is_unwound(scarce_table: ChannelTable) -> None:
    effect = scarce_table.effect("roll_over")
    assert effect.errors_away < -ERRORS_MIN, effect.change[effect.judged_by]


@pytest.mark.parametrize(
    "channel", [name for name in (*JUDGED_BY, PRICE_IMPACT) if name not in ("default", "roll_over")]
)
def test_a_channel_switched_off_lowers_its_outcome(channel: str, table: ChannelTable) -> None:
    effect = table.effect(channel)
    assert table.paths >= 0.95 * PATHS
    assert effect.errors_away < -ERRORS_MIN, effect.change[effect.judged_by]


def test_default_lowers_its_outcome_when_it_is_off(default_table: ChannelTable) -> None:
    """Nobody is closed out without it; with it, some of the sixty funds fall to the trigger of their dealers."""
    effect = default_table.effect("default")
    assert effect.errors_away < -ERRORS_MIN, effect.change[effect.judged_by]
    assert effect.without["funds_failed"].value == 0.0
    assert 0.0 < default_table.full["funds_failed"].value < 1.0


def test_a_switch_that_does_nothing_would_be_seen() -> None:
    """The planted error: a channel whose trigger is out of reach is no standard errors away."""
    loaded = load_scenario(SCENARIOS / f"{NAME}.yaml", ["output.precision=float64", "funds.nav_trigger=100%"])
    table = channel_table(loaded.scenario, loaded.data_files, 100, channels=["default"], threads=2)
    assert table.effect("default").errors_away == 0.0


def test_without_the_funds_channels_funds_sell_by_choice_alone(table: ChannelTable) -> None:
    off = [f"channels.{name}=false" for name in JUDGED_BY if name != "dealer_capacity"]
    free = played(NAME, *off, paths=100)
    by_channel = free.of("fund_sales_by_channel").sum(axis=(0, 1))
    assert (by_channel[:CHOICE] == 0.0).all()
    assert by_channel[CHOICE] / 100 < 0.5 * table.full["unwound_in_all"].value


def test_without_price_impact_the_direct_loss_is_all() -> None:
    """Prices are the fundamental ones to the last bit, although funds are called and sell."""
    bare = played(NAME, "dealers.impact_scale=0.0", paths=100)
    opening = bare.prepared.parameters.opening.hedges.dislocation_bp
    assert (bare.of("dislocation") == opening).all()
    assert (bare.of("outright_pressure") == 0.0).all()
    assert (bare.of("cash_yield_change") == bare.of("fundamental_yield_change")).all()
    assert bare.of("fund_sales").sum(axis=(1, 2)).min() > 0.0


def test_the_answer_does_not_depend_on_the_most_rounds_once_there_are_enough() -> None:
    few, enough, many = (
        played(NAME, "funds.free_cash=12%", f"numerics.rounds_max={n}", paths=300) for n in (1, 60, 1000)
    )
    assert enough.of("rounds").max() < 60
    assert enough.of("shortfall_left").max() < 1e-4
    for name, (group, _) in PLACES.items():
        assert group.of_agents or enough.of(name).tobytes() == many.of(name).tobytes(), name
    worse = difference(few.of("shortfall_left").max(axis=1), enough.of("shortfall_left").max(axis=1))
    assert worse.value > ERRORS_MIN * worse.standard_error


def test_the_command_prints_the_table() -> None:
    settings = ["--paths", "2", "--set", "output.precision=float64"]
    ended = CliRunner().invoke(app, ["channels", str(SCENARIOS / "toy.yaml"), *settings])
    assert ended.exit_code == 0, ended.output
    printed = ended.stdout
    for words in ("full model", "variation margin", "dealer capacity", "price impact", "standard errors"):
        assert words in printed
    for measure in told_measures().values():
        assert measure.in_short.split()[0] in printed
