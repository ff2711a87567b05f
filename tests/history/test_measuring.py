"""What a moment is in a run: every measure on days written by hand, every kind of place, and what a run has not."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any, get_args

import numpy as np
import pytest

from simulator.engine.parameters import CALL_COUNT, CHANNELS, SECTORS
from simulator.history.episode import HistorySeries, Measure, Moment
from simulator.history.measuring import (
    REDUCTIONS,
    Measured,
    by_day,
    is_over,
    measure,
    problems_with,
    variables_of,
)
from simulator.results.layout import Days, Layout

#: 18 February 2020 was a Tuesday: the days of the run are 18 to 21 and 24 February.
OPENING = date(2020, 2, 18)
LAYOUT = Layout(
    paths=2,
    days=4,
    block=2,
    opening=OPENING,
    buckets=("SHORT", "LONG"),
    hedges=("A", "B", "SWAP"),
    trades=("A", "B", "SWAP"),
    hedge_buckets=("SHORT", "LONG", "LONG"),
    trade_hedges=("A", "B", "SWAP"),
    channels=CHANNELS,
    calls=CHANNELS[:CALL_COUNT],
    sectors=SECTORS,
    ten_year_equivalents=(0.2, 1.0),
    outstanding=(100.0, 100.0),
    cost_threshold=0.85,
    told_day=1,
    told_yields=(0.0, 0.0),
    told_volatility_day=1,
    told_volatility=1.0,
    has_policy=False,
    paths_without_policy=0,
    test_sale_paths=0,
    funds=(),
    dealers=(),
    statuses=("FINISHED",),
    precision="float64",
    attributes={},
)
SCENARIO = {
    "market": {
        "buckets": {
            "SHORT": {"bonds": [{"maturity": "1.9y"}, {"maturity": "2.3y"}]},
            "LONG": {"bonds": [{"maturity": "9.5y"}]},
        }
    }
}
RUN = Measured.of(LAYOUT, SCENARIO)
DAYS = Days(
    {
        "repo_spread": np.array([[1.0, 4.0, 2.0, 9.0, 3.0], [5.0, 5.0, -6.0, 0.0, 1.0]]),
        "foreign_sales": np.array([[0.0, 1.0, 2.0, 3.0, 4.0], [0.0, 10.0, 0.0, 0.0, 1.0]]),
        "cash_yield_change": np.arange(20.0).reshape(2, 5, 2),
        "dealer_inventory": np.ones((2, 5, 2)) * [10.0, 20.0],
        "bond_price": np.ones((2, 5, 2)) * [0.5, 2.0],
        "dealer_packages": np.ones((2, 5, 3)) * [1.0, 2.0, 4.0],
        "fund_packages": np.arange(30.0).reshape(2, 5, 3),
        "fund_calls": np.ones((2, 5, CALL_COUNT)) * np.arange(CALL_COUNT),
    },
    LAYOUT,
)


def moment(*of: dict[str, Any], unit: str = "bp", over: dict[str, Any] | None = None) -> Moment:
    said = {"key": "it", "label": "it", "value": 0.0, "tolerance": 1.0, "source": "nowhere"}
    return Moment.model_validate(
        said | {"unit": unit, "of": list(of), "over": over, "kind": "found", "purpose": "check"}
    )


def spread(measure: str, since: str | None = None, until: str | None = None) -> dict[str, Any]:
    return {"variable": "repo_spread", "measure": measure, "since": since, "until": until}


@pytest.mark.parametrize(
    ("measure_", "since", "until", "expected"),
    [
        ("level", None, None, [3.0, 1.0]),
        ("level", None, "2020-02-20", [2.0, -6.0]),
        ("change", None, None, [2.0, -4.0]),
        ("change", "2020-02-19", "2020-02-21", [5.0, -5.0]),
        ("peak", None, None, [9.0, 5.0]),
        ("peak", None, "2020-02-20", [4.0, 5.0]),
        ("low", "2020-02-20", None, [2.0, -6.0]),
        ("rise", "2020-02-20", None, [7.0, 7.0]),
        ("total", "2020-02-19", "2020-02-21", [15.0, -1.0]),
        ("mean", "2020-02-19", "2020-02-20", [3.0, -0.5]),
        ("sd", "2020-02-18", "2020-02-19", [3.0 / 2**0.5, 0.0]),
        ("sd-of-changes", "2020-02-18", "2020-02-20", [5.0 / 2**0.5, 11.0 / 2**0.5]),
    ],
)
def test_measures_by_hand(measure_: str, since: str | None, until: str | None, expected: list[float]) -> None:
    assert measure(moment(spread(measure_, since, until)), DAYS, RUN) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("which", "since", "expected"),
    [
        ("peak-day", None, [3, 0]),
        ("peak-day", "2020-02-20", [3, 4]),
        ("low-day", "2020-02-19", [2, 2]),
    ],
)
def test_days_are_counted_from_the_opening(which: str, since: str | None, expected: list[int]) -> None:
    assert measure(moment(spread(which, since), unit="days"), DAYS, RUN).tolist() == expected


def test_every_measure_is_tried_here() -> None:
    assert set(REDUCTIONS) == set(get_args(Measure))


def test_places_of_every_dimension() -> None:
    def level(variable: str, unit: str = "$bn", **where: Any) -> list[float]:
        return measure(
            moment({"variable": variable, "measure": "level", **where}, unit=unit), DAYS, RUN
        ).tolist()

    assert level("cash_yield_change", "bp", place="LONG") == [9.0, 19.0]
    assert level("cash_yield_change", "bp", tenor="2y") == [8.0, 18.0]
    assert level("cash_yield_change", "bp", tenor="30y") == [9.0, 19.0]
    assert level("dealer_packages", place="SWAP") == [4.0, 4.0]
    assert level("dealer_packages") == [7.0, 7.0]
    assert level("fund_packages", place="B") == [13.0, 28.0]
    assert level("fund_packages") == [12.0 + 13 + 14, 27.0 + 28 + 29]
    assert level("fund_calls", place="collateral") == [1.0, 1.0]
    assert level("fund_packages", place="B", times=-2.0) == [-26.0, -56.0]


def test_market_values_take_the_price_of_each_bucket() -> None:
    def worth(variable: str, **where: Any) -> float:
        said = {"variable": variable, "measure": "level", "at_market_value": True, **where}
        return float(measure(moment(said, unit="$bn"), DAYS, RUN)[0])

    assert worth("dealer_inventory") == 10.0 * 0.5 + 20.0 * 2.0
    assert worth("dealer_packages") == 1.0 * 0.5 + (2.0 + 4.0) * 2.0
    assert worth("fund_packages", place="A") == 12.0 * 0.5
    said = {"variable": "dealer_inventory", "measure": "level", "at_market_value": True}
    assert variables_of(moment(said, unit="$bn").of) == {"dealer_inventory", "bond_price"}


def test_parts_are_added_up_and_divided() -> None:
    sold = {"variable": "foreign_sales", "measure": "total"}
    first = {"variable": "foreign_sales", "measure": "level", "until": "2020-02-19"}
    assert measure(moment(sold, first, unit="$bn"), DAYS, RUN).tolist() == [11.0, 21.0]
    assert measure(moment(sold, unit="x", over=first), DAYS, RUN).tolist() == [10.0, 1.1]
    assert measure(moment(sold, unit="%", over=first), DAYS, RUN) == pytest.approx([1000.0, 110.0])


def test_a_fan_is_drawn_of_the_same_quantities() -> None:
    quantities = moment({"variable": "fund_packages", "measure": "level"}, unit="$bn").of
    assert by_day(quantities, DAYS, RUN).tolist() == DAYS["fund_packages"].sum(axis=2).tolist()


def test_what_lies_after_the_run_is_known() -> None:
    assert not is_over(moment(spread("level", None, "2020-02-24")), RUN)
    assert is_over(moment(spread("level", None, "2020-02-25")), RUN)
    late = moment(spread("level", None, "2020-02-25"))
    assert problems_with(late, "moments.0", RUN) == []
    with pytest.raises(ValueError, match="2020-02-25 is no day of the run"):
        measure(late, DAYS, RUN)


@pytest.mark.parametrize(
    ("said", "key", "found"),
    [
        (spread("peak", "2020-02-17"), "moments.4.of.0.since", "2020-02-17 is before the opening"),
        (spread("peak", None, "2020-02-22"), "moments.4.of.0.until", "2020-02-22 is no trading day"),
        (
            {"variable": "cash_yield_change", "measure": "peak", "place": "TY"},
            "moments.4.of.0.place",
            "'TY' is not a bucket of the run",
        ),
    ],
)
def test_what_the_run_has_not_is_told(said: dict[str, Any], key: str, found: str) -> None:
    (problem,) = problems_with(moment(said), "moments.4", RUN)
    assert (problem.key, problem.found) == (key, found)


def test_a_divisor_is_checked_too() -> None:
    over = {"variable": "dealer_packages", "measure": "level", "place": "C"}
    of = {"variable": "dealer_packages", "measure": "level"}
    (problem,) = problems_with(moment(of, unit="x", over=over), "moments.0", RUN)
    assert problem.key == "moments.0.over.place"


def test_series_are_checked_too() -> None:
    said = {"key": "it", "label": "it", "unit": "bp", "column": "a", "source": "b", "public_file": "c.csv"}
    series = HistorySeries.model_validate(said | {"of": [{"variable": "dislocation", "place": "C"}]})
    (problem,) = problems_with(series, "series.0", RUN)
    assert problem.key == "series.0.of.0.place"


def test_two_hedges_of_one_bucket_stand_apart() -> None:
    shifted = replace(LAYOUT, hedges=("A", "SWAP", "B"), hedge_buckets=("SHORT", "LONG", "LONG"))
    run = Measured.of(shifted, SCENARIO)
    packages = moment({"variable": "dealer_packages", "measure": "level", "place": "B"}, unit="$bn")
    assert (
        measure(packages, Days({"dealer_packages": DAYS.as_stored("dealer_packages")}, shifted), run)[0]
        == 4.0
    )
