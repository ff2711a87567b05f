"""Files of moments: those that ship are valid and fit their scenarios, and what is wrong is told where it stands."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest

from simulator.ensemble.description import layout_of, prepare_run
from simulator.history.episode import Episode
from simulator.history.measuring import Measured, is_over, problems_with
from simulator.history.shelf import episode_of, load_episode, shipped_episode, shipped_episodes
from simulator.report.words import day_in_words
from simulator.results.calendar import trading_dates
from simulator.scenario.declarations import catalogue
from simulator.scenario.errors import ScenarioError
from simulator.scenario.explain import as_written
from simulator.scenario.files import shipped_scenarios
from simulator.scenario.loading import load_scenario
from tests.history.conftest import MOMENTS

JUDGED_ONLY = {"september-2019", "april-2025", "autumn-2008", "china-february-2019", "china-april-2019"}


def test_seven_episodes_ship() -> None:
    assert set(shipped_episodes()) == {"march-2020", "calm-2017-2019"} | JUDGED_ONLY


@pytest.mark.parametrize("name", shipped_episodes())
def test_a_shipped_episode_fits_its_scenario(name: str) -> None:
    episode = shipped_episode(name).scenario
    assert episode.name == name
    for scenario in episode.played_by:
        assert scenario in shipped_scenarios()
        assert episode_of(scenario) is shipped_episode(name)
        loaded = load_scenario(scenario, ["paths=1"])
        run = Measured.of(layout_of(loaded.scenario, prepare_run(loaded)), as_written(loaded.scenario))
        for table in (episode.moments, episode.series):
            wrong = [
                problem
                for number, entry in enumerate(table)
                for problem in problems_with(entry, str(number), run)
            ]
            assert wrong == []
        assert not any(is_over(moment, run) for moment in episode.moments)


def test_an_episode_may_be_played_by_several_scenarios() -> None:
    assert shipped_episode("april-2025").scenario.played_by == ("tariff-shock-2025", "swap-spreads-2025")


@pytest.mark.parametrize("name", shipped_episodes())
def test_days_are_those_of_the_calendar(name: str) -> None:
    """*Day of the peak (13 March)* is the eighteenth trading day after the opening."""
    episode = shipped_episode(name).scenario
    scenario = load_scenario(episode.scenario).scenario
    dates = trading_dates(
        date.fromisoformat(scenario.market.date), scenario.horizon, scenario.market.currency
    )
    for moment in episode.moments:
        if moment.unit == "days":
            day = dates[int(moment.value)]
            assert moment.label.endswith(f"({day_in_words(day).rpartition(' ')[0]})")


@pytest.mark.parametrize("name", sorted(JUDGED_ONLY))
def test_episodes_for_judging_are_not_fitted_to(name: str) -> None:
    assert {moment.purpose for moment in shipped_episode(name).scenario.moments} == {"check"}


@pytest.mark.parametrize("name", shipped_episodes())
def test_what_the_scenario_is_told_is_no_target(name: str) -> None:
    told = [moment for moment in shipped_episode(name).scenario.moments if moment.kind == "told"]
    assert all(moment.purpose == "check" for moment in told)


def test_nothing_ships_of_a_scenario_without_history() -> None:
    assert episode_of("supply-glut") is None


def test_a_file_of_ones_own(moments: Path) -> None:
    episode = load_episode(moments).scenario
    assert [moment.key for moment in episode.moments] == ["told-fall", "foreign-sold", "margin-rise"]


BROKEN = {
    "an unknown key": (
        "    tolerance: 2.5\n", "    tolerence: 2.5\n",
        "moments.1.tolerence: unknown key; allowed: key, label, unit, of, over, value, tolerance, kind, purpose,"
        " source. Did you mean tolerance?",
    ),
    "an unknown variable": (
        "foreign_sales", "foreign_sale", "'foreign_sale' is not a stored variable",
    ),
    "a near variable": ("foreign_sales", "foreign_sale", "Did you mean foreign_sales?"),
    "records of agents": (
        "variable: foreign_sales", "variable: fund_equity_by_fund", "kept agent by agent",
    ),
    "a measure that is none": (
        "measure: total", "measure: sum", "moments.1.of.0.measure: 'sum' stands here; allowed: level, change, peak,",
    ),
    "no place": (
        "{variable: initial_margin, place: TY, measure: rise}", "{variable: initial_margin, measure: rise}",
        "moments.2.of.0.variable: initial_margin cannot be added up over places. Add place",
    ),
    "a place of the market": (
        "{variable: foreign_sales,", "{variable: foreign_sales, place: TY,",
        "moments.1.of.0.place: foreign_sales is of the market as a whole",
    ),
    "a tenor of a hedge": (
        "{variable: initial_margin, place: TY, measure: rise}", "{variable: initial_margin, tenor: 10y, measure: rise}",
        "moments.2.of.0.tenor: initial_margin is not stored by bucket",
    ),
    "a tenor and a place": (
        "{variable: cash_yield_change, tenor: 7y}", "{variable: cash_yield_change, tenor: 7y, place: TY}",
        "series.0.of.0.tenor: stands beside a place",
    ),
    "a tenor without a unit": ("tenor: 7y", "tenor: 7", "series.0.of.0.tenor: 7 has no unit"),
    "a price of no bond": (
        "{variable: foreign_sales,", "{variable: foreign_sales, at_market_value: true,",
        "moments.1.of.0.at_market_value: foreign_sales is no amount of bonds",
    ),
    "a day that is none": ("until: 2000-01-12", "until: 2000-02-30", "2000-02-30 is no day of the calendar"),
    "a date in another form": ("until: 2000-01-12", "until: 12 January", "'12 January' does not fit"),
    "days out of order": (
        "until: 2000-01-12", "until: 2000-01-07", "moments.1.of.0.until: 2000-01-07 is before 2000-01-10",
    ),
    "a level over days": (
        "measure: level, until", "measure: level, since: 2000-01-03, until",
        "moments.2.over.since: a level is of one day",
    ),
    "a spread of one day": (
        "measure: change, since: 2000-01-04, until: 2000-01-05", "measure: sd, since: 2000-01-04, until: 2000-01-04",
        "moments.0.of.0.until: one day has no spread",
    ),
    "a wrong unit": ("    unit: $bn\n", "    unit: bp\n", "moments.1.unit: bp, but the parts give $bn"),
    "a unit that is none": ("    unit: $bn\n", "    unit: dollars\n", "moments.1.unit: 'dollars' stands here"),
    "parts of two units": (
        "of: [{variable: foreign_sales", "of: [{variable: repo_spread, measure: peak}, {variable: foreign_sales",
        "moments.1.of: adds up $bn and bp",
    ),
    "a divisor of another unit": (
        "over: {variable: initial_margin, place: TY,", "over: {variable: repo_spread,",
        "moments.2.over: divides 1 by bp",
    ),
    "no tolerance": ("    tolerance: 2.5\n", "", "moments.1.tolerance: is missing"),
    "a tolerance of nothing": ("tolerance: 2.5", "tolerance: 0", "moments.1.tolerance: 0 is too small"),
    "a key twice": ("key: margin-rise", "key: told-fall", "moments.2.key: told-fall stands twice"),
    "no moments": (MOMENTS[MOMENTS.index("  - key: told") : MOMENTS.index("series:")], "  []\n", "has 0 entries"),
    "two files": (
        "    file: yields.csv", "    public_file: x.csv\n    file: yields.csv", "one of file and public_file",
    ),
    "a file that is not there": ("file: yields.csv", "file: yield.csv", "'yield.csv' does not exist"),
    "a file elsewhere": ("file: yields.csv", "file: ../yields.csv", "leads out of"),
    "a public file elsewhere": ("    file: yields.csv", "    public_file: ../x.csv", "is no name of a file"),
    "a scenario of no name": ("scenario: toy", "scenario: a b", "'a b' does not fit"),
    "no YAML": ("source: nowhere", "source: nowhere: at all", "this is not YAML"),
}  # fmt: skip


@pytest.mark.parametrize(("old", "new", "told"), BROKEN.values(), ids=BROKEN)
def test_a_broken_file_is_told_where_it_is_broken(old: str, new: str, told: str, moments: Path) -> None:
    assert old in MOMENTS
    moments.write_text(MOMENTS.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ScenarioError) as refused:
        load_episode(moments)
    message = str(refused.value)
    assert told in message
    assert re.match(rf"{re.escape(str(moments))}:\d+:\d+: ", message)
    line, caret = message.splitlines()[-2:]
    assert re.match(r"^ +\d+ \| ", line)
    assert re.match(r"^ +\| +\^$", caret)


def test_every_key_is_in_the_guide() -> None:
    page = (Path(__file__).parents[2] / "docs" / "guide" / "history.md").read_text(encoding="utf-8")
    told = set(re.findall(r"`([a-z_]+)`", page))
    assert {key.rpartition(".")[2] for key, _ in catalogue(Episode)} <= told
