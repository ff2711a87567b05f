"""Parents, overrides and origins: what ends up in a scenario, and where it came from."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from simulator.scenario.errors import Problem, Problems, ScenarioError
from simulator.scenario.explain import as_written
from simulator.scenario.loading import load_scenario, title_of
from simulator.scenario.schema import CURVE_KEYS, Scenario
from tests.scenario.conftest import COMPLETE, SHIPPED, SHOP, Shop

Load = Callable[..., Shop]


def test_values_arrive_in_engine_units() -> None:
    loaded = load_scenario(COMPLETE)
    scenario = loaded.scenario
    bucket = scenario.market.buckets["TY"]
    assert isinstance(scenario, Scenario)
    assert scenario.market.fundings["treasury"].policy_rate == 0.0433
    assert scenario.market.fundings["treasury"].repo_spread == 5.0
    assert bucket.outstanding == 5000.0
    assert bucket.bonds[1].maturity == 7.5
    assert bucket.bonds[1].conversion_factor == 0.86
    assert bucket.bonds[0].conversion_factor is None
    assert scenario.market.hedges["TY"].dislocation == 20.0
    assert scenario.market.trades["TY"].fund_packages == 300.0
    assert scenario.funds.leverage == 20.0
    assert scenario.funds.count == 5
    assert scenario.channels.haircut is False
    assert scenario.horizon == 10
    assert scenario.events[1].day == 5
    assert scenario.description == "A bond against its future, a redemption and a sale.\n"


@pytest.mark.parametrize(
    ("written", "moved"),
    [
        ("{y10: 50bp}", [50.0] * 7),
        ("{y2: -10bp, y10: 30bp}", [-10.0, -5.0, 5.0, 15.0, 30.0, 30.0, 30.0]),
        ("{y5: 0bp, y7: 20bp, y10: 0bp}", [0.0, 0.0, 0.0, 20.0, 0.0, 0.0, 0.0]),
    ],
)
def test_tenors_left_out_of_a_yield_shock_lie_on_the_line(written: str, moved: list[float]) -> None:
    shock = f"events=[{{type: yield-shock, day: 1d, change: {written}}}]"
    change = load_scenario(COMPLETE, [shock]).scenario.events[0].change
    assert [getattr(change, key) for key in CURVE_KEYS] == moved


@pytest.mark.parametrize("file", SHIPPED, ids=lambda file: file.stem)
def test_every_shipped_scenario_loads(file: Path) -> None:
    assert load_scenario(file).scenario.name == file.stem


def test_sections_merge_and_lists_are_replaced(tmp_path: Path) -> None:
    (tmp_path / "base.yaml").write_text(
        SHOP + "desk: {traders: 9, style: slow}\nholidays: [1d, 2d]\nweights: {TY: 10%}\n"
        "events: [{type: rally, day: 1d}, {type: closure}]\n"
    )
    child = tmp_path / "child.yaml"
    child.write_text(
        "extends: base.yaml\nname: other\nshelf: {US: {coupon: 5%}, TY: {maturity: 9y}}\n"
        "desk: {style: fast}\nholidays: [3d]\nevents: []\n"
    )
    shop = load_scenario(child, (), Shop).scenario
    assert shop.name == "other"
    assert (shop.desk.traders, shop.desk.style) == (9, "fast")
    assert shop.holidays == [3]
    assert shop.events == []
    assert {name: (bond.coupon, bond.maturity) for name, bond in shop.shelf.items()} == {
        "TY": (0.04, 9.0),
        "US": (0.05, 10.0),
    }
    assert shop.weights == {"TY": 0.1}


def test_overrides_come_last_and_in_order(shop: Load) -> None:
    text = SHOP + "holidays: [1d, 2d]\nevents: [{type: rally, day: 1d}]\n"
    found = shop(
        text,
        "desk.traders=4",
        "desk.traders=5",
        "shelf.TY.coupon=450bp",
        "shelf.US={coupon: 6%, maturity: 30y}",
        "holidays.1=1w",
        "events.0.change=1%",
        "note=a note, with: no colon".replace(": ", "="),
        "desk.is_open=false",
        "weights={TY: 1%}",
    )
    assert found.desk.traders == 5
    assert found.shelf["TY"].coupon == 0.045
    assert found.shelf["US"].maturity == 30.0
    assert found.holidays == [1, 5]
    assert found.events[0].change == 100.0
    assert found.note == "a note, with=no colon"
    assert found.desk.is_open is False
    assert found.weights == {"TY": 0.01}
    assert shop(text, "holidays=[]", "events=[]").holidays == []


def test_every_value_has_an_origin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("base.yaml").write_text(SHOP + "desk: {traders: 9}\n")
    Path("child.yaml").write_text("extends: base.yaml\n\nnote: hello\n")
    loaded = load_scenario("child.yaml", ["desk.style=slow"], Shop)
    assert {
        key: loaded.origin(key) for key in ("note", "name", "desk.traders", "desk.style", "desk.capital")
    } == {
        "note": "child.yaml:3",
        "name": "base.yaml:1",
        "desk.traders": "base.yaml:4",
        "desk.style": "--set",
        "desk.capital": "default",
    }
    assert [(used.label, used.sha256) for used in loaded.files] == [
        (name, hashlib.sha256(Path(name).read_bytes()).hexdigest()) for name in ("child.yaml", "base.yaml")
    ]


def test_problems_found_later_are_shown_at_their_place(tmp_path: Path) -> None:
    file = tmp_path / "shop.yaml"
    file.write_text(SHOP + "desk: {traders: 9}\n")
    loaded = load_scenario(file, (), Shop)
    problems = Problems([Problem("desk.traders", "too many chairs", "8"), Problem("desk.capital", "is gone")])
    text = str(loaded.refused(problems))
    assert f"{file}:4:17: desk.traders: too many chairs; allowed: 8." in text
    assert f"{file}:4:1: desk.capital: is gone." in text


def test_what_is_written_out_in_full_loads_to_the_same_scenario(tmp_path: Path) -> None:
    scenario = load_scenario(COMPLETE).scenario
    file = tmp_path / "full.yaml"
    file.write_text(json.dumps(as_written(scenario)))
    assert load_scenario(file).scenario == scenario


def test_any_exception_becomes_a_refusal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError("planted")

    file = tmp_path / "shop.yaml"
    file.write_text(SHOP)
    monkeypatch.setattr("simulator.scenario.loading.validate", fail)
    with pytest.raises(ScenarioError, match="cannot be loaded: ZeroDivisionError: planted"):
        load_scenario(file, (), Shop)


def test_titles_are_read_without_checking_the_rest(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_text("title: A title\nnonsense: 3\n")
    assert title_of(str(file)) == "A title"
    file.write_text("name: only-a-name\n")
    assert title_of(str(file)) == "only-a-name"
    file.write_text("[")
    assert title_of(str(file)).startswith("(cannot be read: this is not YAML")
