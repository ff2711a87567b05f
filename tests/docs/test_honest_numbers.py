"""Model beside history: figures held to the public files, and the page to the figures."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from simulator.analysis import dash_for_cash
from simulator.analysis.dash_for_cash import (
    BEGIN,
    END,
    FOUND,
    TOLD,
    Run,
    in_model,
    in_public_files,
    page,
    simulate,
)
from simulator.calibration.public_data import YIELDS, PublicData

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "model" / "honest-numbers.md"
FIGURES = {**TOLD, **FOUND}


@pytest.fixture(scope="module")
def data() -> PublicData:
    folder = Path(os.environ.get("UNWIND_DATA", ROOT.parent / "shared" / "data"))
    if not (folder / YIELDS).exists():
        pytest.skip(f"no public data files in {folder}; set UNWIND_DATA")
    return PublicData(folder)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(dash_for_cash, "SCENARIO", ROOT / dash_for_cash.SCENARIO)
        return simulate(tmp_path_factory.mktemp("runs") / "dash-for-cash", paths=4)


def test_figures_of_history_are_those_of_the_public_files(data: PublicData) -> None:
    measured = in_public_files(data)
    assert set(measured) <= set(FIGURES)
    assert len(measured) >= 30
    for what, value in measured.items():
        assert FIGURES[what].value == pytest.approx(value, abs=0.0501), what


def test_every_figure_of_history_has_one_of_the_model(run: Run) -> None:
    model = in_model(run)
    assert set(model) == set(FIGURES)
    for what, values in model.items():
        assert values.shape == (4,), what
        assert np.isfinite(values).all(), what


def test_the_model_is_told_the_yields_of_history(run: Run) -> None:
    opening, bottom = (run.results.sel(day=day)["fundamental_yield_change"] for day in (0, 14))
    assert not opening.values.any()
    assert str(run.results["date"].values[14])[:10] == "2020-03-09"
    # Noise of four paths: five standard errors of a sum of fourteen days at about 10bp a day.
    assert abs(float(bottom.sel(bucket="UXY").mean()) + 101.0) < 5.0 * 10.0 * 14.0**0.5 / 4.0**0.5


def test_stopped_paths_are_left_out_and_counted(run: Run) -> None:
    status = run.results["status"].copy(data=np.array([0, 1, 0, 0], np.int8))
    hurt = run.results.where(run.results["path"] != 1).assign(status=status)
    text = page(replace(run, results=hurt))
    assert "1 paths stopped" in text
    assert "nan" not in text


def test_no_finished_path_is_an_error(run: Run) -> None:
    status = run.results["status"].copy(data=np.ones(4, np.int8))
    with pytest.raises(ValueError, match="no path of the run finished"):
        page(Run(run.results.assign(status=status)))


def test_page_holds_every_line_with_its_history() -> None:
    rows = {}
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) == 6:
            rows[cells[0]] = cells[1:]
    assert set(FIGURES) == set(rows) - {"", "---"}
    for what, figure in FIGURES.items():
        unit, history, model, _, source = rows[what]
        assert (unit, source) == (figure.unit, figure.source)
        assert float(history.replace("−", "-").replace(",", "")) == pytest.approx(figure.value, abs=0.0501)
        assert "±" in model


def test_tables_are_put_between_the_marks(tmp_path: Path) -> None:
    file = tmp_path / "page.md"
    file.write_text(f"above\n\n{BEGIN}\nold\n{END}\n\nbelow\n", encoding="utf-8")
    dash_for_cash.put_in_page(file, "new")
    assert file.read_text(encoding="utf-8") == f"above\n\n{BEGIN}\n\nnew\n\n{END}\n\nbelow\n"
    file.write_text("no marks", encoding="utf-8")
    with pytest.raises(ValueError, match="no place for the tables"):
        dash_for_cash.put_in_page(file, "new")
