"""Axes as mappings, ``{funds.leverage: [8x, 9x]}``, are the axes as lists, and mistakes in them are told in place."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from simulator.scenario.errors import ScenarioError
from simulator.sweeps.cells import LoadedSweep, load_sweep

ROOT = Path(__file__).resolve().parents[2]


def swept(folder: Path, axes: str) -> LoadedSweep:
    shutil.copy(ROOT / "scenarios" / "toy.yaml", folder)
    file = folder / "sweep.yaml"
    file.write_text(f"name: s\nscenario: toy.yaml\npaths: 3\naxes:\n{axes}\n")
    return load_sweep(file)


@pytest.mark.parametrize(
    ("mapping", "listed"),
    [
        ("  a: {funds.leverage: [8x, 9x]}", "  a: {kind: grid, parameter: funds.leverage, values: [8x, 9x]}"),
        (
            "  a: {funds: {leverage: [8x, 9x]}}",
            "  a: {kind: grid, parameter: funds.leverage, values: [8x, 9x]}",
        ),
        (
            "  a: {kind: zip, parameters: {funds.leverage: [8x, 9x], dealers.count: [2, 3]}}",
            "  a: {kind: zip, parameters: [{parameter: funds.leverage, values: [8x, 9x]},"
            " {parameter: dealers.count, values: [2, 3]}]}",
        ),
        (
            "  a: {funds: {leverage: [8x, 9x]}, dealers: {count: [2, 3]}}",
            "  a: {kind: zip, parameters: [{parameter: funds.leverage, values: [8x, 9x]},"
            " {parameter: dealers.count, values: [2, 3]}]}",
        ),
        (
            "  a: {kind: sobol, points: 4, parameters: {funds.leverage: {low: 8x, high: 9x}}}",
            "  a: {kind: sobol, points: 4, parameters: [{parameter: funds.leverage, low: 8x, high: 9x}]}",
        ),
    ],
)
def test_both_forms_are_the_same_cells(mapping: str, listed: str, tmp_path: Path) -> None:
    one, other = swept(tmp_path, mapping), swept(tmp_path, listed)
    assert one.sweep == other.sweep
    assert [cell.labels for cell in one.cells()] == [cell.labels for cell in other.cells()]
    scenarios = [[found.load(cell).scenario for cell in found.cells()] for found in (one, other)]
    assert scenarios[0] == scenarios[1]


@pytest.mark.parametrize(
    ("axes", "told"),
    [
        (
            "  a: {funds.leverge: [8x, 9x]}",
            "sweep.yaml:5:7: axes.a.parameter: funds.leverge: there is no leverge",
        ),
        ("  a: {funds.leverage: [8x, 9]}", "sweep.yaml:5:28: funds.leverage: 9 has no unit"),
        ("  a: {funds.leverage: 8x}", "axes.a.values: '8x' stands here; allowed: a list"),
        ("  funds.leverage: [8x, 9x]", "write the parameter below it: leverage: {funds.leverage: […]}."),
    ],
)
def test_mistakes_are_told_where_they_stand(axes: str, told: str, tmp_path: Path) -> None:
    with pytest.raises(ScenarioError) as caught:
        swept(tmp_path, axes)
    assert told in str(caught.value)


def test_a_table_with_a_vast_cell_is_refused_in_clear_words(tmp_path: Path) -> None:
    (tmp_path / "points.csv").write_text(f"funds.leverage\n{'8' * 200_000}x\n")
    with pytest.raises(ScenarioError, match="cannot be read as CSV: field larger than field limit") as caught:
        swept(tmp_path, "  a: {kind: csv, file: points.csv}")
    assert "report this file" not in str(caught.value)
