"""Shapley values of games with known ones, and of channels: parts that add up."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from simulator.analysis.attribution import EACH, GROUPS, Attribution, attribute
from simulator.analysis.channels import JUDGED_BY, TOLD, play_outcomes, without_channel
from simulator.analysis.shapley import coalitions, exact, sampled
from simulator.cli.main import app
from simulator.scenario.loading import load_scenario

TOY = Path(__file__).parents[1] / "ensemble" / "toy.yaml"
PATHS = 16
#: Runways for three sizes of aircraft (Littlechild and Owen, 1973): who needs the longest pays most.
RUNWAYS = {"small": 3.0, "medium": 8.0, "large": 15.0}
#: Votes of four parties, 51 of 100 pass (a textbook game): 1/2, 1/6, 1/6, 1/6.
VOTES = {"A": 40.0, "B": 25.0, "C": 20.0, "D": 15.0}


def airport(coalition: frozenset[str]) -> np.ndarray:
    return np.array([max((RUNWAYS[name] for name in coalition), default=0.0)])


def ballot(coalition: frozenset[str]) -> np.ndarray:
    return np.array([float(sum(VOTES[name] for name in coalition) > 50.0)])


def test_the_cost_of_a_runway_is_shared_by_who_needs_it() -> None:
    values = exact(list(RUNWAYS), airport)
    wanted = {"small": 1.0, "medium": 1.0 + 2.5, "large": 1.0 + 2.5 + 7.0}
    assert {name: float(value[0]) for name, value in values.items()} == pytest.approx(wanted)


def test_votes_have_the_power_to_decide() -> None:
    """A decides with any one other, the other three only together."""
    values = {name: float(value[0]) for name, value in exact(list(VOTES), ballot).items()}
    assert values == pytest.approx({"A": 1 / 2, "B": 1 / 6, "C": 1 / 6, "D": 1 / 6})


def test_parts_add_up_and_a_null_player_gets_nothing() -> None:
    random = np.random.default_rng(4)
    players = list("abcde")
    worth = {coalition: random.standard_normal(7) for coalition in coalitions(players)}

    def game(coalition: frozenset[str]) -> np.ndarray:
        return worth[coalition - {"e"}]

    values = exact(players, game)
    total = game(frozenset(players)) - game(frozenset())
    assert np.sum(list(values.values()), axis=0) == pytest.approx(total)
    assert values["e"] == pytest.approx(np.zeros(7), abs=1e-14)


def test_sampled_orders_agree_with_all_orders_and_know_their_error() -> None:
    orders = 400
    for name, added in sampled(list(VOTES), ballot, orders, seed=1).items():
        pairs = added[:, 0].reshape(-1, 2).mean(axis=1)
        error = pairs.std(ddof=1) / np.sqrt(len(pairs))
        assert abs(pairs.mean() - (0.5 if name == "A" else 1 / 6)) < 4.0 * max(error, 1e-9)
    whole = sum(added.mean(axis=0) for added in sampled(list(RUNWAYS), airport, 3).values())
    assert whole == pytest.approx([15.0])


def test_groups_hold_every_channel_once() -> None:
    for groups in (GROUPS, EACH):
        assert sorted(channel for channels in groups.values() for channel in channels) == sorted(JUDGED_BY)


@pytest.fixture(scope="module")
def attribution() -> Attribution:
    loaded = load_scenario(TOY, ["numerics.block=16"])
    return attribute(loaded.scenario, loaded.data_files, PATHS, threads=2)


def test_channels_add_up_to_the_whole(attribution: Attribution) -> None:
    assert attribution.runs == 32
    for name in TOLD:
        parts = sum(figures[name].value for figures in attribution.parts.values())
        whole = attribution.full[name].value - attribution.without[name].value
        assert parts == pytest.approx(whole, abs=1e-9 * max(1.0, abs(attribution.full[name].value)))
    assert attribution.full["unwound_in_all"].value > attribution.without["unwound_in_all"].value


def test_two_groups_are_what_their_four_runs_say(attribution: Attribution) -> None:
    """By hand: half of what it adds alone, half of what it adds to the other."""
    loaded = load_scenario(TOY, ["numerics.block=16"])
    pair = {"limits": ("risk_limit",), "haircut": ("haircut",)}
    found = attribute(loaded.scenario, loaded.data_files, PATHS, groups=pair)
    no_limits = without_channel(loaded.scenario, "risk_limit")
    variants = (
        loaded.scenario,
        no_limits,
        without_channel(loaded.scenario, "haircut"),
        without_channel(no_limits, "haircut"),
    )
    both, haircut, limits, none = (play_outcomes(each, None, PATHS, 1)["unwound_in_all"] for each in variants)
    by_path = 0.5 * (limits - none) + 0.5 * (both - haircut)
    part = found.parts["limits"]["unwound_in_all"]
    assert found.runs == 4
    assert part.value == pytest.approx(by_path.mean())
    assert part.standard_error == pytest.approx(by_path.std(ddof=1) / np.sqrt(PATHS))


def test_the_command_prints_parts_that_add_up() -> None:
    arguments = ["attribute", str(TOY), "--paths", "8", "--set", "numerics.block=16"]
    shown = CliRunner().invoke(app, arguments)
    assert shown.exit_code == 0, shown.output
    for words in ("all channels off", "margin calls", "all channels on", "32 runs of 8 paths"):
        assert words in shown.output
    said = json.loads(CliRunner().invoke(app, [*arguments, "--each", "--orders", "2", "--json"]).output)
    parts = sum(part["unwound_in_all"]["value"] for part in said["parts"].values())
    assert said["orders"] == 2
    assert parts == pytest.approx(
        said["full"]["unwound_in_all"]["value"] - said["without"]["unwound_in_all"]["value"]
    )
