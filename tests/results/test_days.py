"""Stored days seen from the trades: two trades on one bucket hold one bond, whose amounts are counted once."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from simulator.ensemble.execution import run_scenario
from simulator.results.days import average_over_paths, fan, read_days
from simulator.results.layout import Days, Layout
from simulator.results.reading import open_results
from simulator.results.reductions import central_bank_gain
from simulator.scenario.loading import load_scenario

SHIPPED = Path(__file__).resolve().parents[2] / "scenarios"


def one_path(layout: Layout, **by_name: list[list[float]]) -> Days:
    """Days of one path, (day, place) by variable."""
    return Days({name: np.array([rows]) for name, rows in by_name.items()}, layout)


def test_trades_on_one_bucket_see_its_yield_and_their_own_hedge(layout: Layout) -> None:
    three = replace(layout, trades=("FV", "TY", "SWAP"), trade_hedges=layout.hedges)
    days = one_path(
        three, cash_yield_change=[[1.0, 2.0]], dislocation=[[10.0, 20.0, 30.0]], repo_spread=[[5.0]]
    )
    assert days["cash_yield_change"].tolist() == [[[1.0, 2.0, 2.0]]]
    assert days["dislocation"].tolist() == [[[10.0, 20.0, 30.0]]]
    assert days["repo_spread"].tolist() == [[[5.0]]]
    assert days.at_hedges("cash_yield_change").tolist() == [[[1.0, 2.0, 2.0]]]
    assert days.as_stored("cash_yield_change").tolist() == [[[1.0, 2.0]]]
    assert days.stored().keys() == set(days) == {"cash_yield_change", "dislocation", "repo_spread"}


def test_bonds_of_a_bucket_are_counted_once(layout: Layout) -> None:
    """The central bank buys $3bn of the bucket of two trades at 1.00, worth 1.02 at the end, and $2bn of swap packages.

    By hand: bonds gain 3 x 0.02; packages, bought at 1.00 - 0.10 and worth 1.02 - 0.07, gain 2 x 0.05.
    """
    days = one_path(
        layout,
        bond_price=[[1.0, 1.0], [1.0, 1.0], [1.0, 1.02]],
        hedge_price=[[0.0, 0.0, 0.1], [0.0, 0.0, 0.1], [0.0, 0.0, 0.07]],
        central_bank_bonds=[[0.0, 5.0], [0.0, 8.0], [0.0, 8.0]],
        central_bank_packages=[[0.0, 0.0, 0.0], [0.0, 0.0, 2.0], [0.0, 0.0, 2.0]],
    )
    assert central_bank_gain(days).tolist() == pytest.approx([3 * 0.02 + 2 * 0.05])


def test_the_average_of_a_fan_is_the_average_over_draws_and_over_sets() -> None:
    """Forty groups of two paths with a parameter set of their own, which makes most of the difference."""
    random = np.random.default_rng(1)
    of_set = np.repeat(np.arange(40), 2)
    values = of_set[:, None] + random.normal(size=(80, 3))
    alone, over_sets = average_over_paths(values), average_over_paths(values, set_of_path=of_set)
    assert (alone.low, alone.high) == (None, None)
    np.testing.assert_allclose(alone.mean, values.mean(axis=0))
    np.testing.assert_allclose(alone.error, values.std(axis=0, ddof=1) / np.sqrt(80))
    means = values.reshape(40, 2, 3).mean(axis=1)
    np.testing.assert_allclose(over_sets.error, means.std(axis=0, ddof=1) / np.sqrt(40))
    assert over_sets.low is not None
    assert (over_sets.low < alone.mean - 15.0).all()
    drawn = fan(values, set_of_path=of_set)
    for name, made in vars(over_sets).items():
        np.testing.assert_array_equal(getattr(drawn, name), made)
    np.testing.assert_allclose(drawn.quantile(0.25), np.quantile(values, 0.25, axis=0))


def test_two_trades_on_the_ten_year_store_one_yield(tmp_path: Path) -> None:
    settings = ("paths=4", "horizon=6d")
    run = run_scenario(load_scenario(SHIPPED / "tariff-shock-2025.yaml", settings), tmp_path / "run").folder
    layout, results = run.layout, open_results(run.path)
    places = [place for place, bucket in enumerate(layout.bucket_of_trade) if layout.buckets[bucket] == "UXY"]
    futures, swap = places
    assert [layout.trades[place] for place in places] == ["UXY", "SWAP10"]
    assert results["bucket"].values.tolist().count("UXY") == 1
    assert results["cash_yield_change"].sizes["bucket"] < results.sizes["trade"]
    for name in ("cash_yield_change", "bond_price", "end_investor_bonds"):
        days = read_days(run, {name})
        stored = results[name].sel(bucket="UXY").values
        np.testing.assert_array_equal(days[name][..., futures], stored)
        np.testing.assert_array_equal(days[name][..., swap], stored)
        assert np.ptp(stored) > 0.0
    apart = read_days(run, {"dislocation"})["dislocation"]
    assert np.abs(apart[..., futures] - apart[..., swap]).max() > 1.0
