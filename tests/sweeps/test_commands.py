"""The commands on sweeps: what is said, and the exit code."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from simulator.cli.main import app
from simulator.sweeps.execution import SweepOutcome
from tests.sweeps.conftest import TINY, Write


def unwind(*arguments: str | Path) -> tuple[int, str]:
    done = CliRunner().invoke(app, [str(argument) for argument in arguments])
    return done.exit_code, done.output


@pytest.fixture
def folder(tmp_path: Path, tiny_run: SweepOutcome) -> Path:
    copied = tmp_path / "out"
    shutil.copytree(tiny_run.folder.path, copied)
    return copied


def test_a_dry_run_tells_and_runs_nothing(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    code, said = unwind("sweep", write(TINY), "--dry-run", "--paths", "100", "--threads", "2")
    assert code == 0
    assert "4 (2 leverage × 2 policy)" in said
    assert "400 in 100 blocks" in said
    assert not (tmp_path / "outputs").exists()
    code, said = unwind("sweep", write(TINY), "--dry-run", "--cells", "1-2", "--json")
    assert json.loads(said)["cells"] == 2


def test_what_came_of_it_is_shown(write: Write, tmp_path: Path) -> None:
    code, said = unwind("sweep", write(TINY), "-o", tmp_path / "out")
    assert code == 0
    assert "leverage 12x, policy buy" in said
    assert "positions unwound, $bn" in said
    assert "±" in said
    assert "4 of 4 cells done" in said
    code, said = unwind("sweep", write(TINY), "-o", tmp_path / "out", "--json")
    assert (code, json.loads(said)["done"]) == (0, 4)


def test_status_verify_and_resume_know_sweeps(folder: Path) -> None:
    code, said = unwind("status", folder)
    assert code == 0
    assert said.startswith("tiny: ended; 4 of 4 cells done")
    assert "playing" in said
    assert unwind("verify", folder) == (0, f"{folder}: whole; 4 cells are what was written.\n")
    chunk = folder / "results.zarr" / "figures" / "c" / "2" / "0" / "0"
    chunk.unlink()
    code, said = unwind("verify", folder)
    assert code == 3
    assert "cell 2  the figures are missing or damaged" in said
    code, said = unwind("resume", folder, "--json")
    assert (code, json.loads(said)["left"]) == (0, 0)
    assert unwind("verify", folder)[0] == 0
    log = [json.loads(line) for line in (folder / "run.log").read_text().splitlines()]
    assert log[-3]["event"] == "begins"
    assert log[-3]["damaged"] == 1


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--cells", "9"), "--cells: found cell 9; allowed are 0 to 3."),
        (("--cells", "3-1"), "--cells: found '3-1'; allowed are numbers and spans such as 3-17."),
        (("--shard", "3/2"), "--shard: found '3/2'; allowed is i/n with i from 1 to n, such as 3/8."),
        (("-o", "..."), "as the name of a run"),
    ],
)
def test_options_that_cannot_be(write: Write, options: tuple[str, str], said: str) -> None:
    code, told = unwind("sweep", write(TINY), *options)
    assert code == 2
    assert said in " ".join(told.split())


def test_a_sweep_validates_as_a_scenario_does(write: Write) -> None:
    code, said = unwind("validate", write(TINY))
    assert code == 0
    assert "is valid: tiny, 4 cells, 48 paths, 2 files." in said
    code, said = unwind("validate", write(TINY.replace("12x", "12")), "--json")
    assert code == 2
    (problem,) = json.loads(said)["problems"]
    assert (problem["line"], problem["key"]) == (6, "funds.leverage")
    assert "In 2 of 4 cells" in problem["advice"]
