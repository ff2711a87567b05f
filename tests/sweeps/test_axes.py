"""Axes: the points they are told to have, and every mistake at its line."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from simulator.scenario.errors import ScenarioError
from simulator.sweeps.cells import load_sweep
from tests.sweeps.conftest import Write, axes


def coordinates(file: Path) -> dict[str, tuple[object, ...]]:
    loaded = load_sweep(file)
    return {at.parameter: at.values for dimension in loaded.dimensions for at in dimension.coordinates}


def refused(file: Path) -> str:
    with pytest.raises(ScenarioError) as error:
        load_sweep(file)
    return str(error.value)


def test_listed_and_spaced_values(write: Write) -> None:
    found = coordinates(
        write(
            axes(
                "  listed: {kind: grid, parameter: funds.leverage, values: [5x, 7.5x]}\n"
                "  even: {kind: grid, parameter: funds.haircut_slope, low: 1%, high: 3%, steps: 3}\n"
                "  log: {kind: grid, parameter: dealers.cost_above, low: 100bp, high: 400bp, steps: 3, scale: log}\n"
                "  whole: {kind: grid, parameter: funds.count, low: 5, high: 8, steps: 4}\n"
            )
        )
    )
    assert found == {
        "funds.leverage": (5.0, 7.5),
        "funds.haircut_slope": (0.01, 0.02, 0.03),
        "dealers.cost_above": (100.0, 200.0, 400.0),
        "funds.count": (5.0, 6.0, 7.0, 8.0),
    }


def test_what_is_no_figure_can_be_listed(write: Write) -> None:
    loaded = load_sweep(
        write(
            axes(
                "  exit: {kind: grid, parameter: funds.exit_order, values: [cheapest, pro-rata]}\n"
                "  event: {kind: grid, parameter: events.1.multiple, values: [2x, 3x]}\n"
                "  events: {kind: grid, parameter: market.buckets.FV.bonds,"
                " values: [[{coupon: 1%, maturity: 5y}]]}\n"
            )
        )
    )
    assert [point.label for point in loaded.dimensions[0].points] == ["cheapest", "pro-rata"]
    assert [point.label for point in loaded.dimensions[1].points] == [2.0, 3.0]
    scenario = loaded.load(loaded.cell(3)).scenario
    assert scenario.funds.exit_order == "pro-rata"
    assert scenario.events[1].multiple == 3.0  # type: ignore[union-attr]
    assert len(scenario.market.buckets["FV"].bonds) == 1


def test_zipped_parameters_change_together(write: Write) -> None:
    text = "  both:\n    kind: zip\n    labels: [few, many]\n    parameters:\n"
    text += "      - {parameter: funds.count, values: [4, 8]}\n"
    text += "      - {parameter: funds.leverage, values: [5x, 9x]}\n"
    loaded = load_sweep(write(axes(text)))
    assert loaded.shape == (2,)
    found = [loaded.load(cell).scenario.funds for cell in loaded.cells()]
    assert [(funds.count, funds.leverage) for funds in found] == [(4, 5.0), (8, 9.0)]
    assert [cell.said for cell in loaded.cells()] == ["both few", "both many"]


@pytest.mark.parametrize("kind", ["latin-hypercube", "sobol"])
def test_designs_fill_their_ranges(write: Write, kind: str) -> None:
    text = f"  point:\n    kind: {kind}\n    points: 16\n    parameters:\n"
    text += "      - {parameter: funds.leverage, low: 4x, high: 16x, scale: log}\n"
    text += "      - {parameter: funds.free_cash, low: 10%, high: 30%}\n"
    file = write(axes(text))
    found = coordinates(file)
    leverage = np.array(found["funds.leverage"], float)
    shares = np.column_stack(
        [np.log(leverage / 4.0) / math.log(4.0), (np.array(found["funds.free_cash"], float) - 0.1) / 0.2]
    )
    for column in shares.T:  # one point in each of sixteen strata
        assert sorted(np.floor(column * 16.0 * (1 - 1e-6)).astype(int)) == list(range(16))
    assert coordinates(file) == found
    other = coordinates(write(axes(text.replace("points: 16", "points: 16\n    design_seed: 2"))))
    assert other["funds.leverage"] != found["funds.leverage"]


def test_points_from_a_table(write: Write) -> None:
    file = write(axes("  row: {kind: csv, file: cells.csv}\n"))
    table = "label,funds.leverage,funds.exit_order\nmild,5x,cheapest\n\nsevere,12x,pro-rata\n"
    (file.parent / "cells.csv").write_text(table, encoding="utf-8")
    loaded = load_sweep(file)
    assert [point.label for point in loaded.dimensions[0].points] == ["mild", "severe"]
    assert loaded.load(loaded.cell(1)).scenario.funds.leverage == 12.0
    (file.parent / "cells.csv").write_text("funds.leverage,funds.exit\n5x,cheapest\n6x\n", encoding="utf-8")
    said = refused(file)
    assert "cells.csv:3:1: axes.row: 1 entries in the row; allowed: 2, as in the heading" in said
    (file.parent / "cells.csv").write_text(
        "funds.leverage,funds.exit\n5x,cheapest\n900x,a\n", encoding="utf-8"
    )
    assert "cells.csv:1:16: axes.row.parameter: funds.exit: there is no exit" in refused(file)
    (file.parent / "cells.csv").write_text("funds.leverage\n5x\n900x\n", encoding="utf-8")
    assert "cells.csv:3:1: funds.leverage: 900x is too large" in refused(file)


@pytest.mark.parametrize(
    ("axis", "said"),
    [
        (
            "kind: grid, parameter: funds.leverag, values: [5x]",
            "no leverag; allowed: a key of the scenario. Did you mean leverage?",
        ),
        (
            "kind: grid, parameter: funds.leverage.low, values: [5x]",
            "there is no low",
        ),
        (
            "kind: grid, parameter: events.7.day, values: [2d]",
            "there is no 7",
        ),
        (
            "kind: grid, parameter: funds.exit_order, low: a, high: b, steps: 2",
            "funds.exit_order is not a figure",
        ),
        (
            "kind: grid, parameter: funds.leverage, low: 5, high: 6x, steps: 2",
            "5 has no unit",
        ),
        (
            "kind: grid, parameter: funds.leverage, low: 5x, high: 5x, steps: 2",
            "a range from 5 to 5",
        ),
        (
            "kind: grid, parameter: funds.free_cash, low: 0%, high: 5%, steps: 2, scale: log",
            "two values above zero",
        ),
        (
            "kind: grid, parameter: funds.leverage, low: 5x, high: 6x",
            "neither values nor a whole spacing",
        ),
        (
            "kind: grid, parameter: funds.leverage, values: [5x], low: 5x, high: 6x, steps: 2",
            "both values and a spacing",
        ),
        (
            "kind: grid, parameter: seed, values: [1, 2]",
            "seed does not vary in a sweep",
        ),
        (
            "kind: grid, parameter: numerics.block, values: [4, 8]",
            "numerics.block does not vary in a sweep",
        ),
        (
            "kind: gird, parameter: funds.leverage, values: [5x]",
            "'gird' is not a kind",
        ),
        (
            "kind: sobol, points: 12, parameters: [{parameter: funds.leverage, low: 5x, high: 6x}]",
            "a power of two, such as 8 or 16",
        ),
        (
            "kind: csv, file: ../cells.csv",
            "leads out of",
        ),
    ],
)
def test_mistakes_are_told_at_their_line(write: Write, axis: str, said: str) -> None:
    told = refused(write(axes(f"  one: {{{axis}}}\n")))
    assert said in told.replace('"', "'")
    assert "sweep.yaml:6:" in told


def test_zipped_lengths_must_agree(write: Write) -> None:
    text = "  both:\n    kind: zip\n    labels: [a, a]\n    parameters:\n"
    text += "      - {parameter: funds.count, values: [4, 8]}\n      - {parameter: funds.leverage, values: [5x]}\n"
    told = refused(write(axes(text)))
    assert "1 values; allowed: 2, as many as of the first parameter" in told
    assert "a name stands twice" in told
