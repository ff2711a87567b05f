"""Sweeps as a user runs them: the command as a process of its own, killed and started again; workers of a cluster."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

from simulator.ensemble.resources import Resources
from simulator.sweeps.cells import load_sweep
from simulator.sweeps.execution import SweepOutcome
from simulator.sweeps.folder import open_sweep_folder
from simulator.sweeps.reading import open_sweep
from simulator.sweeps.running import run_sweep
from tests.patience import communicated, wait_until
from tests.sweeps.conftest import TINY, Write, run
from tests.sweeps.test_execution import digest

#: Rows of the table that are made to fail: no opening books, or prices out of range.
PRICES = (99, 180)
CELLS = 200


def unwind(*arguments: str) -> subprocess.Popen[str]:
    """The command line, in a process group of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "simulator", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def large_sweep(write: Write) -> Path:
    """Two hundred cells of eight paths, five of which are made to fail."""
    file = write(
        "name: large\nscenario: toy.yaml\npaths: 8\nset: {horizon: 6d}\n"
        "axes:\n  row: {kind: csv, file: rows.csv}\nstatistics: {levels: [50%]}\n"
    )
    rows = ["funds.leverage,dealers.inventory_risk,dealers.impact_scale,horizon"]
    for cell in range(CELLS):
        impact = "10,100,12d" if cell in PRICES else "0.03,1,4d"
        rows.append(f"{5 + cell / 20:g}x,{impact}")
    (file.parent / "rows.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    return file


def count(ledger: Path, words: bytes) -> int:
    return ledger.read_bytes().count(words) if ledger.exists() else 0


def entries(folder: Path, kind: str) -> list[dict[str, object]]:
    said = [
        json.loads(line) for line in (folder / "ledger.jsonl").read_text().splitlines() if line.endswith("}")
    ]
    return [entry for entry in said if entry["kind"] == kind]


def test_two_hundred_cells_killed_on_the_way_and_two_of_them_stopping(write: Write, tmp_path: Path) -> None:
    command = ("sweep", str(large_sweep(write)), "-o", str(tmp_path / "out"), "--threads", "2")
    first = unwind(*command)
    ledger = tmp_path / "out" / "ledger.jsonl"
    wait_until(lambda: count(ledger, b'"kind": "cell"') >= 40 or first.poll() is not None, "no progress")
    assert first.poll() is None, first.communicate()
    os.killpg(first.pid, signal.SIGKILL)
    first.communicate()
    before = len(entries(tmp_path / "out", "block"))
    assert 30 <= before < CELLS

    second = unwind(*command)
    code, shown, complained = communicated(second)
    assert code == 3, complained
    assert "200 of 200 cells done, 2 of them with stopped paths" in shown
    table = shown[shown.index("Cells that failed") :]
    for cell in PRICES:
        assert f"row {cell} " in table
    assert table.count("PRICE_OUT_OF_RANGE") == len(PRICES)
    blocks = entries(tmp_path / "out", "block")
    assert len(blocks) == len({entry["cell"] for entry in blocks}) == CELLS, "a block was done twice"
    cells = open_sweep(tmp_path / "out")
    assert (cells["status"] == "done").sum() == CELLS - 2
    assert cells["funds.leverage"].attrs["units"] == "times"


def test_workers_of_a_cluster_give_the_same_bits(
    write: Write, tmp_path: Path, tiny_run: SweepOutcome
) -> None:
    outcome = run_sweep(load_sweep(write(TINY)), tmp_path / "out", resources=Resources(workers=2))
    assert not outcome.left
    assert digest(tmp_path / "out") == digest(tiny_run.folder.path)


def test_stopped_by_ctrl_c_and_finished(write: Write, tmp_path: Path) -> None:
    file = write(TINY)
    command = ("sweep", str(file), "-o", str(tmp_path / "out"), "--threads", "1", "--set", "horizon=100d")
    first = unwind(*command, "--paths", "200")
    ledger = tmp_path / "out" / "ledger.jsonl"
    wait_until(lambda: count(ledger, b"\n") >= 3 or first.poll() is not None, "no progress")
    assert first.poll() is None, first.communicate()
    first.send_signal(signal.SIGINT)
    code, _, complained = communicated(first)
    assert code == 130
    assert "Resume with: unwind sweep" in complained
    left = open_sweep_folder(tmp_path / "out")
    assert len(left.state.cells) < 4
    loaded = load_sweep(file, ["horizon=100d"], paths=200)
    run(loaded, tmp_path / "out")
    run(loaded, tmp_path / "unbroken")
    assert digest(tmp_path / "out") == digest(tmp_path / "unbroken")
