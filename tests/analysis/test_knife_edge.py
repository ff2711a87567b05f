"""The distance from collapse: a crossing that is where the curve says, with the error that repetition shows."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from simulator.analysis import knife_edge as module
from simulator.analysis.knife_edge import (
    KnifeEdge,
    TriedMultiple,
    knife_edge,
    knife_edge_in_words,
    sets_in_words,
)
from simulator.cli.main import app
from simulator.results.statistics import Estimate, mean
from simulator.scenario.errors import Problems
from simulator.scenario.loading import load_scenario
from simulator.scenario.parameter_sets import PATHS_A_SET, SETS_MIN, ParameterSets
from simulator.scenario.uncertainty import spread_over

TOY = Path(__file__).parents[1] / "ensemble" / "toy.yaml"
NOISE = ("drivers.model=factor", "drivers.noise=1.5")


def points_of(seed: int, paths: int = 200) -> tuple[TriedMultiple, ...]:
    """Shares given up that grow with the multiple, on common chance: 0.3 m on average, crossing 0.6 at 2."""
    chance = 1.0 + 0.4 * np.random.default_rng(seed).standard_normal(paths)
    multiples = (1.0, 1.5, 1.9, 2.1, 3.0)
    return tuple(TriedMultiple(m, "", mean(0.3 * m * chance), 0.3 * m * chance) for m in multiples)


def test_the_error_of_the_crossing_is_that_of_repetition() -> None:
    found = [module._crossing(points_of(seed), 0.6, mirrored=False) for seed in range(300)]
    spread = np.std([crossing.value for crossing in found], ddof=1)
    assert np.mean([crossing.value for crossing in found]) == pytest.approx(
        2.0, abs=4 * spread / math.sqrt(300)
    )
    # The spread of 300 is known to 4%; a bootstrap of a curve with corners is a little rough too.
    assert np.mean([crossing.standard_error for crossing in found]) == pytest.approx(spread, rel=0.2)


def test_a_curve_that_stays_below_has_no_crossing() -> None:
    assert math.isnan(module._crossing(points_of(1), 2.0, mirrored=False).value)


@pytest.fixture(scope="module")
def found() -> KnifeEdge:
    loaded = load_scenario(TOY, ["numerics.block=16"])
    own = (
        knife_edge(loaded, "funds.leverage", to=1.05, steps=1, paths=16, share=0.99).points[0].given_up.value
    )
    return knife_edge(loaded, "funds.leverage", to=3.0, paths=16, share=own + 0.05, threads=2)


def test_more_leverage_brings_the_market_over_the_edge(found: KnifeEdge) -> None:
    assert 1.0 < found.multiple.value < 3.0
    assert found.multiple.standard_error > 0.0
    around = [point.multiple for point in found.points if abs(point.multiple - found.multiple.value) < 0.05]
    assert around, "bisection played next to the crossing"
    shares = [point.given_up.value for point in found.points]
    assert shares[0] < found.share <= max(shares)
    words = knife_edge_in_words(found)
    assert found.at in words
    assert "times its" in words


def test_a_market_far_from_the_edge_says_so() -> None:
    loaded = load_scenario(TOY, ["numerics.block=16"])
    found = knife_edge(loaded, "funds.leverage", to=1.1, steps=1, paths=8, share=0.999)
    assert math.isnan(found.multiple.value)
    assert "less than" in knife_edge_in_words(found)
    beyond = knife_edge(loaded, "funds.leverage", to=100.0, steps=1, paths=8, share=0.999)
    assert len(beyond.points) == 1, "a multiple out of the parameter's bounds ends the search"


@pytest.mark.parametrize(
    "parameter", ["funds", "funds.leverag", "funds.exit_order", "lenders.nothing", "seed"]
)
def test_what_is_no_figure_is_refused(parameter: str) -> None:
    with pytest.raises(Problems):
        knife_edge(load_scenario(TOY), parameter, paths=2)


def test_the_command_prints_the_search() -> None:
    arguments = ["reverse", str(TOY), "--parameter", "funds.leverage", "--paths", "4", "--to", "1.2"]
    shown = CliRunner().invoke(app, [*arguments, "--collapse", "99"])
    assert shown.exit_code == 0, shown.output
    assert "funds.leverage" in shown.output
    said = json.loads(CliRunner().invoke(app, [*arguments, "--json"]).output)
    assert said["points"][0]["multiple"] == 1.0


def test_the_threshold_over_parameter_sets_has_a_range() -> None:
    """Funds with less free cash reach the edge sooner; what is searched is told, whatever sets say of it."""
    sets = ParameterSets(("funds.free_cash", "funds.leverage"), ((0.15, 3.0), (0.01, 30.0)), (0.5, 0.5))
    loaded = spread_over(load_scenario(TOY, ["numerics.block=640", "horizon=6d", *NOISE]), sets)
    paths = SETS_MIN * PATHS_A_SET
    own = knife_edge(loaded, "funds.leverage", to=1.05, steps=1, paths=paths, share=0.99).points[0]
    assert own.given_up.low < own.given_up.value < own.given_up.high
    share = own.given_up.value + 0.05
    found = knife_edge(loaded, "funds.leverage", to=3.0, steps=3, paths=paths, share=share, threads=2)
    assert found.sets == SETS_MIN
    assert found.multiple.low < found.multiple.value < found.multiple.high
    assert found.as_record()["multiple"]["parameters_low"] == found.multiple.low
    assert f"between {found.between[0]} and {found.between[1]}" in knife_edge_in_words(found)
    assert f"{SETS_MIN} groups of paths" in sets_in_words(found)


def test_sets_that_do_not_cross_end_at_the_last_point() -> None:
    points = points_of(3)
    assert module._crossing_or_end(points, 2.0, mirrored=False) == Estimate(3.0, 0.0, 200)
    assert module._reached_at(points, 0.01) == 0
