"""Targets files: the moments of episodes, and clear words for what cannot be."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulator.estimation.targets import NOT_ESTIMATED, load_targets, shipped_targets
from simulator.history.shelf import shipped_episode
from simulator.scenario.errors import ScenarioError
from simulator.scenario.priors import PRIORS
from tests.estimation.conftest import KEYS


def test_the_shipped_targets_are_calm_times_and_march_2020_alone() -> None:
    assert shipped_targets() == ["calm-and-march-2020"]
    loaded = load_targets("calm-and-march-2020")
    assert [played.name for played in loaded.played] == ["calm", "dash-for-cash-2020"]
    for played, name in zip(loaded.played, ("calm-2017-2019", "march-2020"), strict=True):
        found = [each for each in shipped_episode(name).scenario.moments if each.kind == "found"]
        assert played.fit == tuple(each for each in found if each.purpose == "fit")
        assert played.check == tuple(each for each in found if each.purpose == "check")


def test_every_judgement_that_a_scenario_leaves_open_is_estimated() -> None:
    keys = load_targets("calm-and-march-2020").keys
    sets_itself = {"funds.leverage", "lenders.headroom"}  # told by the opening market, and by the shock
    assert set(PRIORS) - set(keys) == {*NOT_ESTIMATED, *sets_itself}


def test_a_file_of_ones_own(targets: Path) -> None:
    loaded = load_targets(targets)
    (played,) = loaded.played
    assert set(loaded.keys) == set(KEYS)
    assert played.name == "toy-with-chance"
    assert [each.key for each in played.check] == ["packages"]
    assert {Path(used.label).name for used in loaded.files} >= {"targets.yaml", "history.yaml", "chance.yaml"}


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("dealers.cost_above", "dealers.cost_abov", "Did you mean dealers.cost_above?"),
        ("dealers.cost_above", "dealers.count", "'dealers.count' cannot be estimated"),
        ("dealers.cost_above", "lenders.size_tail", "every scenario sets lenders.size_tail itself"),
        ("dealers.cost_above", "dealers.pass_through", "dealers.pass_through stands twice"),
        ("history.yaml", "nowhere.yaml", "'nowhere.yaml' does not exist"),
        ("chance.yaml", "../chance.yaml", "leads out of"),
        ("scenario: chance.yaml", "check: [packagez]", "there is none of that name"),
    ],
)
def test_what_cannot_be_is_told_at_its_line(targets: Path, old: str, new: str, told: str) -> None:
    targets.write_text(targets.read_text(encoding="utf-8").replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ScenarioError) as caught:
        load_targets(targets)
    message = str(caught.value)
    if told == "there is none of that name":  # the episode names no scenario that is there
        assert "toy-with-chance" in message
    else:
        assert told in message
    assert "targets.yaml:" in message


def test_moments_are_told_apart(targets: Path) -> None:
    text = targets.read_text(encoding="utf-8")
    more = "scenario: chance.yaml\n    check: [yield-end]\n    leave_out: [inventory-peak]"
    targets.write_text(text.replace("scenario: chance.yaml", more), encoding="utf-8")
    (played,) = load_targets(targets).played
    assert "yield-end" in [each.key for each in played.check]
    assert "inventory-peak" not in [each.key for each in played.moments]
    targets.write_text(text.replace("scenario: chance.yaml", "scenario: chance.yaml\n    check: [nothing]"))
    with pytest.raises(ScenarioError, match="'nothing' is no moment of it"):
        load_targets(targets)


def test_targets_without_anything_to_fit_are_refused(targets: Path) -> None:
    episode = targets.parent / "history.yaml"
    text = episode.read_text(encoding="utf-8").replace("purpose: fit", "purpose: check")
    episode.write_text(text, encoding="utf-8")
    with pytest.raises(ScenarioError, match="no moment is left to fit"):
        load_targets(targets)
