"""The tutorials: they run from top to bottom with a few paths, and are kept without output."""

from __future__ import annotations

import json
import os
import warnings
from pathlib import Path
from typing import Any

import pytest

from simulator.cli.upkeep import run_notebook

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
PATHS = 8


def run(file: Path, folder: Path) -> list[dict[str, Any]]:
    """The cells with what they showed, without warnings of the kernel's own machinery; those of cells are among it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return run_notebook(file, folder)


def shown(cells: list[dict[str, Any]], kind: str) -> str:
    outputs = [output for cell in cells for output in cell.get("outputs", [])]
    return "\n".join(output["data"].get(kind, "") for output in outputs if "data" in output)


@pytest.mark.parametrize("file", NOTEBOOKS, ids=lambda file: file.stem)
def test_a_notebook_runs(file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UNWIND_TUTORIAL_PATHS", str(PATHS))
    monkeypatch.setenv("PYTHONPATH", f"{FOLDER.parents[1]}{os.pathsep}{os.environ.get('PYTHONPATH', '')}")
    cells = run(file, tmp_path)
    ran = [cell for cell in cells if cell["cell_type"] == "code"]
    assert all(cell["execution_count"] for cell in ran)
    errors = [output for cell in ran for output in cell["outputs"] if output.get("name") == "stderr"]
    said = "".join(output["text"] for output in errors)
    assert "Warning" not in said, said
    assert "±" in shown(cells, "text/html")
    assert list((tmp_path / "outputs").iterdir())


@pytest.mark.parametrize("file", NOTEBOOKS, ids=lambda file: file.stem)
def test_what_the_cells_show_is_kept_for_the_site(file: Path) -> None:
    """`python -m simulator.cli.upkeep notebooks` keeps it, for cells of code that show something."""
    cells = json.loads(file.read_text(encoding="utf-8"))["cells"]
    shown = json.loads((FOLDER / "outputs" / f"{file.stem}.json").read_text(encoding="utf-8"))
    kinds = [cell["cell_type"] for cell in cells]
    assert len(shown) == len(cells)
    assert all(kind == "code" for kind, outputs in zip(kinds, shown, strict=True) if outputs)
    assert "±" in json.dumps(shown, ensure_ascii=False)
    pictures = [part["image"] for outputs in shown for part in outputs if "image" in part]
    assert all((FOLDER / "outputs" / name).is_file() for name in pictures)


@pytest.mark.parametrize("file", NOTEBOOKS, ids=lambda file: file.stem)
def test_a_notebook_is_kept_without_output(file: Path) -> None:
    notebook = json.loads(file.read_text(encoding="utf-8"))
    for cell in notebook["cells"]:
        assert not cell.get("outputs"), "clear its outputs: jupyter nbconvert --clear-output --inplace"
        assert cell.get("execution_count") is None


def test_the_tutorials_are_there() -> None:
    assert [file.stem for file in NOTEBOOKS] == ["first-scenario", "policy-experiment", "sweep-on-a-cluster"]
