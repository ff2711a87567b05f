"""The three tasks of the guide, done by following the page and nothing else."""

from __future__ import annotations

import base64
import os
import re
import shlex
import shutil
import subprocess
import sys
import warnings
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "guide" / "three-tasks.md").read_text(encoding="utf-8")
DESK, CENTRAL_BANK, RESEARCHER = PAGE.split("\n## ")[1:]
FILE = re.compile(r"^`([\w.-]+)`:\n\n```\w+\n(.*?)```$", re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r"^    (unwind (?:[^\n]*\\\n)*[^\n]*)$", re.MULTILINE)
PYTHON = re.compile(r"^```python\n(.*?)```$", re.MULTILINE | re.DOTALL)


def do(task: str, folder: Path) -> list[str]:
    """Write the files of a task, type its commands, and return what each printed."""
    for name, text in FILE.findall(task):
        (folder / name).write_text(text, encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    printed = []
    for command in COMMAND.findall(task):
        words = shlex.split(command.replace("\\\n", " "))[1:]
        ended = subprocess.run(
            [sys.executable, "-m", "simulator", *words],
            cwd=folder, env=environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert ended.returncode == 0, f"{command}: {ended.stderr}"
        printed.append(ended.stdout)
    return printed


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_desk_has_its_book_on_one_sheet(tmp_path: Path) -> None:
    if not shutil.which("chromium"):
        pytest.skip("no Chromium on this machine: install it (Debian: apt install chromium)")
    run, _ = do(DESK, tmp_path)
    assert "our-book: 200 paths of 20 days" in run
    sheet = (tmp_path / "our-book.pdf").read_bytes()
    assert sheet.startswith(b"%PDF-")
    assert len(re.findall(rb"/Type\s*/Page\b", sheet)) == 1


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_central_bank_is_told_the_cheapest_policy_that_halves_the_basis(tmp_path: Path) -> None:
    import simulator

    *runs, compared = do(CENTRAL_BANK, tmp_path)
    assert len(runs) == 6
    named = re.search(r"The cheapest that lowers the basis, largest move by 50% or more is (\w+):", compared)
    assert named is not None, compared
    names = ("nothing", "purchases", "hedged", "facility", "relief", "clearing")
    comparison = simulator.compare(*(tmp_path / "outputs" / name for name in names))
    enough = {}
    for contrast in comparison.contrasts:  # by hand, from the figures that everybody can see
        move = contrast.row("dislocation_move")
        if move.other.value <= 0.5 * move.base.value:
            enough[contrast.side.label] = (
                max(contrast.row("central_bank_peak").difference.value, 0.0),
                contrast.appraisal.relief_bn,
            )
    assert named[1] == min(enough, key=lambda label: enough[label])
    assert f"Not counted of {named[1]}: " in compared
    assert (tmp_path / "policies.html").is_file()


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_a_researcher_plots_two_hundred_cells_of_three_parameters(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    do(RESEARCHER, tmp_path)
    monkeypatch.setenv("PYTHONPATH", f"{ROOT}{os.pathsep}{os.environ.get('PYTHONPATH', '')}")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the kernel's own machinery
        import nbclient
        import nbformat

        notebook = nbformat.v4.new_notebook(
            cells=[nbformat.v4.new_code_cell(code) for code in PYTHON.findall(RESEARCHER)]
        )
        nbclient.NotebookClient(
            notebook, timeout=None, resources={"metadata": {"path": str(tmp_path)}}
        ).execute()
    table, *figures = (
        [output["data"] for output in cell["outputs"] if "data" in output][-1] for cell in notebook.cells
    )
    assert "200" in table["text/plain"]
    assert len(figures) == 2
    for shown in figures:
        assert "application/vnd.plotly.v1+json" in shown
        if shutil.which("chromium"):  # what viewers without JavaScript show
            assert base64.b64decode(shown["image/png"]).startswith(b"\x89PNG")
