"""A run beside an episode: the model's band, history's place in it, and the sentence on top."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from simulator.history.beside import Beside, MomentBeside, _beside, beside
from simulator.history.episode import Episode, Moment
from simulator.history.shelf import load_episode
from simulator.results.errors import OutputError
from simulator.results.folder import open_run
from simulator.results.reading import open_results
from simulator.scenario.errors import Problems
from tests.history.conftest import MOMENTS


@pytest.fixture
def side(toy_run: Path, moments: Path) -> Beside:
    return beside(open_run(toy_run), load_episode(moments).scenario)


def test_figures_are_those_of_the_store(side: Beside, toy_run: Path) -> None:
    """Each moment again, from the dataset, in other words."""
    results = open_results(toy_run)
    dates = list(np.datetime_as_string(results["date"].values, unit="D"))
    fundamental = results["fundamental_yield_change"].sel(bucket="TY").values.astype(float)
    margin = results["initial_margin"].sel(hedge="TY").values.astype(float)
    sold = results["foreign_sales"].values.astype(float)
    by_hand = {
        "told-fall": fundamental[:, dates.index("2000-01-05")] - fundamental[:, dates.index("2000-01-04")],
        "foreign-sold": sold[:, dates.index("2000-01-10") : dates.index("2000-01-12") + 1].sum(axis=1),
        "margin-rise": 100.0 * (margin.max(axis=1) / margin[:, 0] - 1.0),
    }
    assert side.paths == 24
    for row in side.rows:
        values = by_hand[row.moment.key]
        assert row.mean.value == pytest.approx(values.mean())
        assert row.mean.standard_error == pytest.approx(values.std(ddof=1) / 24**0.5)
        assert (row.low, row.high) == pytest.approx(tuple(np.quantile(values, [0.05, 0.95])))
        assert row.rank == pytest.approx((values < row.moment.value).mean())
        assert row.bias == pytest.approx(values.mean() - row.moment.value)


def row(values: list[float], history: float, tolerance: float = 1.0, kind: str = "found") -> MomentBeside:
    said = {
        "key": f"key-{len(values)}", "label": "a label", "unit": "bp", "value": history, "tolerance": tolerance,
        "kind": kind, "purpose": "check", "source": "nowhere", "of": [{"variable": "repo_spread", "measure": "peak"}],
    }  # fmt: skip
    return _beside(Moment.model_validate(said), np.array(values), antithetic=False)


def test_closeness_and_cover_are_two_things() -> None:
    near_not_covered = row([10.0, 10.1, 10.2], 10.9)
    assert (near_not_covered.is_close, near_not_covered.is_covered) == (True, False)
    covered_not_near = row([0.0, 50.0, 100.0], 10.0)
    assert (covered_not_near.is_close, covered_not_near.is_covered) == (False, True)
    assert covered_not_near.distance == pytest.approx(40.0)


def test_rank_is_the_share_of_paths_below() -> None:
    assert row([1.0, 2.0, 3.0, 4.0], 3.5).rank == 0.75
    assert row([1.0, 2.0, 3.0, 4.0], 3.0).rank == 0.625  # the one that is equal counts half
    assert row([1.0, 2.0], 9.0).rank == 1.0


def test_single_precision_makes_no_difference() -> None:
    stored = np.float32(-0.3)
    alike = row([float(stored)] * 4, -0.3, tolerance=0.01)
    assert (alike.rank, alike.is_covered) == (0.5, True)
    assert row([-0.31] * 4, -0.3, tolerance=0.01).rank == 1.0


def test_figures_have_the_decimals_of_the_tolerance() -> None:
    assert row([1234.56], 0.0, tolerance=15.0).told(1234.56) == "1,235"
    assert row([1.0], 0.0, tolerance=0.34).told(1.26) == "1.3"
    assert row([1.0], 0.0, tolerance=0.01).told(-0.3, signed=True) == "-0.30"
    assert row([1.0], 0.0, tolerance=5.0).told(-0.2, signed=True) == "0"
    assert row([1.0], 0.0).told(float("nan")) == "-"


def verdict(*rows: MomentBeside) -> str:
    said = {"name": "it", "scenario": "it", "moments": [rows[0].moment.model_dump()]}
    return Beside(Episode.model_validate(said), "it", 3, 1, rows).verdict


def test_the_verdict_counts_and_names_the_worst() -> None:
    close, far = row([10.0] * 3, 10.5), row([10.0] * 4, 40.0, tolerance=10.0)
    farther = row([0.0, 100.0], 45.0, tolerance=1.0)
    told = row([1.0], 1.0, kind="told")
    assert verdict(close, far, farther, told) == (
        "Of 3 moments to find, 1 lies within tolerance of history and 1 has history within the band of 90% of paths;"
        " missed worst: a label (5.0 tolerances). Of 1 moment told, 1 is as in history."
    )
    assert "missed" not in verdict(close)
    assert verdict(told).startswith("Of 1 moment told")


def test_moments_after_the_run_are_left_out(toy_run: Path, moments: Path) -> None:
    moments.write_text(MOMENTS.replace("until: 2000-01-12", "until: 2001-01-12"), encoding="utf-8")
    side = beside(open_run(toy_run), load_episode(moments).scenario)
    assert [row.moment.key for row in side.rows] == ["told-fall", "margin-rise"]
    ((left_out, why),) = side.left_out
    assert left_out.key == "foreign-sold"
    assert why == "after the last day of the run, 2000-01-20"


def test_what_the_market_has_not_is_refused_or_left_out(toy_run: Path, moments: Path) -> None:
    moments.write_text(MOMENTS.replace("place: TY", "place: WN"), encoding="utf-8")
    episode = load_episode(moments).scenario
    with pytest.raises(Problems) as refused:
        beside(open_run(toy_run), episode)
    assert [problem.key for problem in refused.value.problems] == [
        "moments.0.of.0.place", "moments.2.of.0.place", "moments.2.over.place",
    ]  # fmt: skip
    side = beside(open_run(toy_run), episode, tolerant=True)
    assert [row.moment.key for row in side.rows] == ["foreign-sold"]
    assert side.left_out[0][1] == "'WN' is not a bucket of the run"


def test_a_run_without_a_finished_path_is_refused(
    toy_run: Path, moments: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("simulator.history.beside.read_days", lambda run, names: {"path": []})
    with pytest.raises(OutputError, match="no path of the run finished"):
        beside(open_run(toy_run), load_episode(moments).scenario)


def test_record_for_other_programs(side: Beside) -> None:
    record = side.as_record()
    assert record["episode"] == "toy-history"
    assert [moment["kind"] for moment in record["moments"]] == ["told", "found", "found"]
    first = record["moments"][1]
    assert first["history"] == 25
    assert first["bias"] == pytest.approx(first["mean"] - 25)
    assert first["is_within_tolerance"] == (abs(first["bias"]) <= 2.5)


def test_the_mean_over_parameter_sets_has_their_range() -> None:
    """Ten sets, 1 to 10, of four paths each: nine of ten means lie between the second and the last but one."""
    moment = row([0.0, 1.0], 0.5).moment
    group = np.repeat(np.arange(10), 4)
    values = group + 1.0 + np.tile([-0.1, 0.1], 20)
    found = _beside(moment, values, False, group)
    assert (found.mean.low, found.mean.high) == pytest.approx((1.45, 9.55), abs=0.01)
    assert found.mean.standard_error == pytest.approx(np.std(np.arange(10), ddof=1) / np.sqrt(10))
    assert found.as_record()["parameters_high"] == found.mean.high
    assert "parameters_high" not in _beside(moment, values, False).as_record()
