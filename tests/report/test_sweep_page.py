"""Pages of sweeps, in a real browser: the figures that fit the axes, the numbers of the cells, failures by name."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from typer.testing import CliRunner

from simulator.analysis.sensitivity import first_order_index, rank_correlation
from simulator.api import sweep
from simulator.cli.main import app
from simulator.report.run_report import write_report
from simulator.sweeps import running
from simulator.sweeps.execution import SweepOutcome
from simulator.sweeps.reading import open_sweep
from simulator.sweeps.running import run_sweep
from tests.report.conftest import PHONE, overflow, saved_csv, undrawn

TOY = Path(__file__).parents[1] / "ensemble" / "toy.yaml"
HOSTILE = """</script><script>alert(1)</script><img src=x onerror=alert(2)> "'& =1+1 🐉 国债"""
HEAD = """
scenario: toy.yaml
paths: 6
set: {horizon: 5d}
"""
GRID = "  leverage: {kind: grid, parameter: funds.leverage, values: [7x, 12x]}\n"
SWEEPS = {
    "map": "axes:\n" + GRID + "  use: {kind: grid, parameter: dealers.opening_use, values: [70%, 80%, 90%]}\n",
    "curve": "axes:\n" + GRID + "policies:\n  none: {}\n  buy: {central_bank: {hedged: {mode: schedule, schedule:"
    " [{day: 2d, pace: $20bn}]}}}\n",
    "design": "axes:\n  point:\n    kind: latin-hypercube\n    points: 16\n    parameters:\n"
    "      - {parameter: funds.leverage, low: 4x, high: 20x}\n"
    "      - {parameter: dealers.opening_use, low: 60%, high: 90%}\n"
    "      - {parameter: dealers.capital_ratio, low: 4%, high: 8%}\n",
}  # fmt: skip
WANTED = {
    "map": {"map-dislocation-move", "map-unwound-in-all"},
    "curve": {"curve-dislocation-move", "policies"},
    "design": {"sensitivity", "scatter-dislocation-move", "parallel-dislocation-move"},
}


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    root = tmp_path_factory.mktemp("swept")
    (root / "toy.yaml").write_text(TOY.read_text())
    for name, axes in SWEEPS.items():
        quoted = HOSTILE.replace("'", "''")
        text = f"name: {name}\ntitle: '{quoted}'\ndescription: '{quoted}'\n{HEAD}{axes}"
        (root / f"{name}.yaml").write_text(text, encoding="utf-8")
        sweep(root / f"{name}.yaml", output=root / f"out-{name}", threads=2, quiet=True)
    return {name: root / f"out-{name}" for name in SWEEPS}


@pytest.fixture(scope="module")
def pages(folders: dict[str, Path]) -> dict[str, Path]:
    return {name: write_report(folder) for name, folder in folders.items()}


@pytest.mark.parametrize("name", SWEEPS)
@pytest.mark.parametrize("options", [{}, {"viewport": PHONE, "color_scheme": "dark"}], ids=["desk", "phone"])
def test_page_draws_and_fits(
    name: str, pages: dict[str, Path], opened: Callable[..., Any], options: dict[str, Any]
) -> None:
    with opened(pages[name], **options) as page:
        assert {figure.get_attribute("id") for figure in page.locator("figure").all()} >= WANTED[name]
        assert undrawn(page) == []
        assert overflow(page) == 0
        assert page.locator("h1").text_content() == HOSTILE
        assert page.locator("main img").count() == 0


def test_cells_are_those_of_the_dataset(
    pages: dict[str, Path], folders: dict[str, Path], opened: Callable[..., Any]
) -> None:
    dataset = open_sweep(folders["map"])
    with opened(pages["map"]) as page:
        heading, *rows = saved_csv(page, "cells")
        given_up = [float(row[heading.index("positions unwound, $bn")]) for row in rows]
        errors = [float(row[heading.index("positions unwound, $bn, standard error")]) for row in rows]
        tiles = [float(row[2]) for row in saved_csv(page, "map-unwound-in-all")[1:]]
    assert given_up == pytest.approx(dataset["unwound_in_all"].values.ravel(), rel=1e-6)
    assert errors == pytest.approx(dataset["unwound_in_all_error"].values.ravel(), rel=1e-6)
    assert tiles == pytest.approx(given_up, rel=1e-6)


def test_policies_are_the_paired_differences(
    pages: dict[str, Path], folders: dict[str, Path], opened: Callable[..., Any]
) -> None:
    dataset = open_sweep(folders["curve"])
    wanted = dataset["unwound_in_all_difference"].sel(policy="buy").mean().item()
    with opened(pages["curve"]) as page:
        heading, *rows = saved_csv(page, "policies")
        assert float(rows[0][heading.index("positions unwound, $bn")]) == pytest.approx(wanted, rel=1e-6)


def main_trade(dataset: Any) -> str:
    """The trade that unwinds most, of which figures by trade are told."""
    unwound = dataset["unwound"].mean([each for each in dataset["unwound"].dims if each != "trade"])
    return str(dataset["trade"].values[int(unwound.values.argmax())])


def test_the_answer_is_a_sentence_and_a_table_of_ends(
    pages: dict[str, Path], folders: dict[str, Path], opened: Callable[..., Any]
) -> None:
    dataset = open_sweep(folders["map"])
    moves = dataset["dislocation_move"].sel(trade=main_trade(dataset))
    with opened(pages["map"]) as page:
        (answer,) = page.locator("p.answer").all_text_contents()
        heading, *rows = saved_csv(page, "ranges-of-figures")
    assert answer.startswith(
        "Over 6 cells (leverage from 7x to 12x and use from 70% to 90%), the basis, largest move"
    )
    first = dict(zip(heading, rows[0], strict=True))
    assert float(first["least"]) == pytest.approx(float(moves.min()), rel=1e-6)
    assert float(first["most"]) == pytest.approx(float(moves.max()), rel=1e-6)
    leverage, use = (int(place) for place in np.unravel_index(int(moves.values.argmax()), moves.shape))
    assert rows[0][-1] == f"leverage {(7, 12)[leverage]}x, use {(70, 80, 90)[use]}%"


def test_policies_are_ranked_by_target_with_what_they_cost(
    pages: dict[str, Path], folders: dict[str, Path], opened: Callable[..., Any]
) -> None:
    dataset = open_sweep(folders["curve"])
    with opened(pages["curve"]) as page:
        heading, *rows = saved_csv(page, "policies-by-target")
        assert "not counted" in page.locator("#policies-by-target .caption").text_content().replace("\n", " ")
    first = dict(zip(heading, rows[0], strict=True))
    outlay = dataset["central_bank_peak_difference"].sel(policy="buy").mean().item()
    assert first["policy"] == "buy"
    assert float(first["outlay at the peak, $bn"]) == pytest.approx(outlay, rel=1e-6)


def test_lines_across_parameters_hold_the_values_of_every_cell(
    pages: dict[str, Path], folders: dict[str, Path], opened: Callable[..., Any]
) -> None:
    """Heights are values between the least and the most; a cell of the highest fifth is drawn as one."""
    dataset = open_sweep(folders["design"])
    moves = dataset["dislocation_move"].sel(trade=main_trade(dataset)).values
    with opened(pages["design"]) as page:
        heading, *rows = saved_csv(page, "parallel-dislocation-move")
    columns = dict(zip(heading, zip(*rows, strict=True), strict=True))
    ends = [float(height) for across, height in zip(
        columns["highest fifth, across"], columns["highest fifth, up"], strict=True) if across == "3"]  # fmt: skip
    scaled = (moves - moves.min()) / (moves.max() - moves.min())
    assert sorted(ends) == pytest.approx(sorted(scaled)[-len(ends) :], abs=1e-6)
    assert len(ends) == 3


def test_a_comparison_takes_runs(folders: dict[str, Path]) -> None:
    refused = CliRunner().invoke(app, ["compare", str(folders["map"]), str(folders["curve"])])
    assert refused.exit_code == 2
    assert "found a sweep" in refused.output


def test_the_table_of_cells_sorts(pages: dict[str, Path], opened: Callable[..., Any]) -> None:
    with opened(pages["map"]) as page:
        table = page.locator("[data-table=cells]")
        table.locator("th button", has_text=re.compile("^positions unwound")).click()
        values = table.evaluate(
            """table => { const place = [...table.tHead.rows[0].cells].findIndex(
            (cell) => cell.textContent.startsWith("positions unwound"));
            return [...table.tBodies[0].rows].map((row) => Number(row.cells[place].dataset.sort)); }"""
        )
        assert values == sorted(values)


def test_cells_that_fail_are_named_in_the_report_that_a_sweep_ends_with(
    folders: dict[str, Path], opened: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One cell has no opening books: the file of its funds is lost after it was checked."""
    root = folders["map"].parent
    (root / "cases.csv").write_text("label,funds.population\nwell,funds.csv\nbooks,lost.csv\n")
    for name in ("funds.csv", "lost.csv"):
        rows = [f"fund {n},$1bn,$3bn,$4bn" for n in range(3)]
        (root / name).write_text("\n".join(["name,equity,FV,TY", *rows]) + "\n", encoding="utf-8")

    def lose_first(*given: Any, **named: Any) -> SweepOutcome:
        (root / "lost.csv").unlink()
        return run_sweep(*given, **named)

    monkeypatch.setattr(running, "run_sweep", lose_first)
    axes = "axes:\n  case: {kind: csv, file: cases.csv}\n"
    (root / "failing.yaml").write_text(f"name: failing\n{HEAD}{axes}", encoding="utf-8")
    ended = CliRunner().invoke(app, ["sweep", str(root / "failing.yaml"), "-o", str(root / "failing")])
    assert ended.exit_code == 3, ended.output
    assert f"Report: {root / 'failing' / 'report.html'}" in ended.output
    with opened(root / "failing" / "report.html") as page:
        assert "1 failed" in page.locator("[role=status]").text_content()
        row = page.locator("[data-table=failed-cells] tbody tr").text_content()
        assert "case books" in row
        assert "lost.csv" in row
        assert undrawn(page) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_serious_barrier(pages: dict[str, Path], opened: Callable[..., Any], scheme: str) -> None:
    with opened(pages["curve"], color_scheme=scheme) as page:
        found = Axe().run(page).response["violations"]
        assert [each["id"] for each in found if each["impact"] in ("serious", "critical")] == []


def test_ishigami_has_its_first_order_indices() -> None:
    """A function whose indices are known: 0.3139, 0.4424 and 0 (Ishigami and Homma, 1990; a=7, b=0.1)."""
    from scipy.stats import qmc

    points = 2 * np.pi * qmc.LatinHypercube(3, seed=1).random(4096) - np.pi
    first, second, third = points.T
    outcome = np.sin(first) + 7.0 * np.sin(second) ** 2 + 0.1 * third**4 * np.sin(first)
    for values, index in zip(points.T, (0.3139, 0.4424, 0.0), strict=True):
        found = first_order_index(values, outcome)
        # Bins smooth a sine a little: two percentage points besides four errors.
        assert abs(found.value - index) < 0.02 + 4.0 * found.standard_error
    assert first_order_index(third, outcome).value < 0.02
    noise = np.random.default_rng(2).standard_normal(4096)
    assert abs(rank_correlation(noise, outcome).value) < 4.0 * rank_correlation(noise, outcome).standard_error
    assert rank_correlation(first, outcome).value > 0.3
