"""A sweep on disk: the same bits however it is cut, stopped, damaged and resumed; failures stay where they are."""

from __future__ import annotations

import json
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from simulator.cli.options import Telling
from simulator.cli.sweep import tell_sweep
from simulator.ensemble.execution import run_scenario
from simulator.ensemble.executors import Executor, Parcel
from simulator.ensemble.jobs import Done
from simulator.ensemble.threads import ThreadPool
from simulator.results.errors import BAD_INPUT, UNFINISHED, OutputError
from simulator.results.locks import locked
from simulator.results.places import place
from simulator.results.reading import open_results, verify_run
from simulator.sweeps.cells import load_sweep
from simulator.sweeps.damage import find_damage
from simulator.sweeps.estimate import SweepEstimate
from simulator.sweeps.execution import SweepOutcome
from simulator.sweeps.folder import (
    DIFFERENCES,
    FIGURES,
    OUTCOMES,
    hash_of,
    open_sweep_folder,
)
from simulator.sweeps.kind import is_sweep_folder
from simulator.sweeps.parts import PlayBlocks
from simulator.sweeps.reading import cell_outcomes, open_sweep
from simulator.sweeps.running import estimate_sweep, resume_sweep, run_sweep
from tests.ensemble.conftest import load_toy
from tests.sweeps.conftest import TINY, Write, axes, run


def digest(folder: Path) -> str:
    sweep = open_sweep_folder(folder)
    return "".join(hash_of(np.asarray(sweep.array(name)[:])) for name in (OUTCOMES, FIGURES, DIFFERENCES))


@pytest.mark.parametrize(("block", "threads"), [(4, 1), (5, 2), (12, 1), (1, 3)])
def test_the_same_bits_for_any_blocks_and_threads(
    write: Write, tmp_path: Path, tiny_run: SweepOutcome, block: int, threads: int
) -> None:
    loaded = load_sweep(write(TINY), [f"numerics.block={block}"])
    again = run(loaded, tmp_path / "again", threads)
    assert not again.left
    assert digest(again.folder.path) == digest(tiny_run.folder.path)


def test_shards_share_a_folder(write: Write, tmp_path: Path, tiny_run: SweepOutcome) -> None:
    loaded = load_sweep(write(TINY))
    for number in (3, 1, 2):
        chosen = list(range(4))[number - 1 :: 3]
        assert not run(loaded, tmp_path / "out", chosen=chosen, shard=f"{number}-of-3").left
    assert len(list((tmp_path / "out").glob("ledger-*.jsonl"))) == 3
    assert not run(loaded, tmp_path / "out").left  # compares what lies in different shards
    assert digest(tmp_path / "out") == digest(tiny_run.folder.path)


def test_what_is_finished_is_not_done_again(write: Write, tmp_path: Path, tiny_run: SweepOutcome) -> None:
    loaded = load_sweep(write(TINY))
    run(loaded, tmp_path / "out", chosen=[0, 2])
    ledger = (tmp_path / "out" / "ledger.jsonl").read_text().splitlines()
    ended = [line for line in ledger if '"cell": 0' in line]
    half = [line for line in ledger if '"cell": 2' in line and '"kind": "block"' in line][:2]
    lines = [*ended, *half]
    (tmp_path / "out" / "ledger.jsonl").write_text("\n".join(lines) + '\n{"torn')
    with pytest.raises(OutputError, match="3 of 4 cells left"):
        open_sweep(tmp_path / "out")
    before = open_sweep_folder(tmp_path / "out").state.blocks
    resumed = resume_sweep(tmp_path / "out")
    assert not resumed.left
    after = (
        (tmp_path / "out" / "ledger.jsonl").read_text().splitlines()[len(lines) :]
    )  # the torn line is gone
    redone = {(entry["cell"], entry["block"]) for entry in map(json.loads, after) if entry["kind"] == "block"}
    assert redone == {
        (cell, block) for cell in range(4) for block in range(3) if block not in before.get(cell, {})
    }
    assert digest(tmp_path / "out") == digest(tiny_run.folder.path)


@pytest.mark.parametrize("name", [OUTCOMES, FIGURES, DIFFERENCES])
@pytest.mark.parametrize("injury", ["flip", "cut", "delete"])
def test_damage_is_found_and_repaired(tmp_path: Path, tiny_run: SweepOutcome, name: str, injury: str) -> None:
    folder = tmp_path / "out"
    shutil.copytree(tiny_run.folder.path, folder)
    chunks = sorted(file for file in (folder / "results.zarr" / name / "c").rglob("*") if file.is_file())
    victim = chunks[-1]
    data = bytearray(victim.read_bytes())
    data[len(data) // 2] ^= 4
    if injury == "delete":
        victim.unlink()
    else:
        victim.write_bytes(data if injury == "flip" else data[: len(data) // 2])
    if name != OUTCOMES:
        with pytest.raises(OutputError, match="damaged"):
            open_sweep(folder)
    assert not resume_sweep(folder).left
    assert digest(folder) == digest(tiny_run.folder.path)


@pytest.mark.parametrize("keep", ["statistics", "sector"])
def test_a_sweep_behind_a_url(write: Write, tiny_run: SweepOutcome, keep: str) -> None:
    folder = place(f"memory://sweeps/{keep}")
    loaded = load_sweep(write(TINY + f"keep: {keep}\n"))
    run(loaded, folder, chosen=[0, 3])
    assert is_sweep_folder(folder)
    assert not resume_sweep(folder).left
    assert not list(find_damage(open_sweep_folder(folder)))
    assert digest(folder) == digest(tiny_run.folder.path)
    np.testing.assert_array_equal(open_sweep(folder)["sold"], open_sweep(tiny_run.folder.path)["sold"])
    run(load_sweep(write(TINY), ["funds.count=7"]), folder, chosen=[0], overwrite=True)
    assert len(open_sweep_folder(folder).state.cells) == 1


def test_another_sweep_is_refused(write: Write, tmp_path: Path) -> None:
    run(load_sweep(write(TINY)), tmp_path / "out", chosen=[0])
    other = load_sweep(write(TINY), ["funds.count=7"])
    with pytest.raises(OutputError, match="found another sweep there: the scenario changed") as error:
        run(other, tmp_path / "out")
    assert error.value.exit_code == BAD_INPUT
    run(other, tmp_path / "out", chosen=[0], overwrite=True)
    assert open_sweep_folder(tmp_path / "out").manifest.base["funds"]["count"] == 7


def test_the_folder_alone_is_enough_to_finish(write: Write, tmp_path: Path, tiny_run: SweepOutcome) -> None:
    file = write(TINY)
    run(load_sweep(file), tmp_path / "out", chosen=[2])
    shutil.rmtree(file.parent)
    assert not resume_sweep(tmp_path / "out").left
    assert digest(tmp_path / "out") == digest(tiny_run.folder.path)


def test_a_sweep_with_a_table_is_finished_from_its_file(write: Write, tmp_path: Path) -> None:
    file = write(axes("  row: {kind: csv, file: rows.csv}\n"))
    table = file.parent / "rows.csv"
    table.write_text("funds.leverage\n5x\n9x\n", encoding="utf-8")
    run(load_sweep(file), tmp_path / "out", chosen=[0])
    table.write_text("funds.leverage\n5x\n8x\n", encoding="utf-8")
    with pytest.raises(OutputError, match="has changed since the sweep"):
        resume_sweep(tmp_path / "out")
    table.write_text("funds.leverage\n5x\n9x\n", encoding="utf-8")
    assert not resume_sweep(tmp_path / "out").left


def test_a_folder_of_something_else_is_refused(write: Write, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "letter.txt").write_text("mine")
    with pytest.raises(OutputError, match="found no sweep there"):
        run(load_sweep(write(TINY)), tmp_path / "out")
    run_scenario(load_toy("paths=4", "horizon=2d"), tmp_path / "a-run")
    with pytest.raises(OutputError, match="it is the manifest of a run"):
        run(load_sweep(write(TINY)), tmp_path / "a-run", overwrite=True)
    assert verify_run(tmp_path / "a-run") == []


def test_a_manifest_that_was_changed_is_refused(tmp_path: Path, tiny_run: SweepOutcome) -> None:
    """Its key would still be that of the sweep, and the axes no longer those of the cells."""
    shutil.copytree(tiny_run.folder.path, tmp_path / "out")
    file = tmp_path / "out" / "manifest.json"
    said = json.loads(file.read_text())
    said["dimensions"][0]["labels"].reverse()
    file.write_text(json.dumps(said))
    with pytest.raises(OutputError, match="it was changed after it was written"):
        open_sweep(tmp_path / "out")


def test_one_writer_at_a_time(write: Write, tmp_path: Path) -> None:
    loaded = load_sweep(write(TINY))
    run(loaded, tmp_path / "out", chosen=[0], shard="1-of-2")
    with locked(tmp_path / "out", "1-of-2"), pytest.raises(OutputError, match="another run is writing"):
        run(loaded, tmp_path / "out")
    with locked(tmp_path / "out"), pytest.raises(OutputError, match="another run is writing"):
        run(loaded, tmp_path / "out")


def test_cells_that_fail_are_told_and_the_others_go_on(write: Write, tmp_path: Path) -> None:
    """One cell loses the file of its funds, one loses paths to prices out of range, two are well."""
    file = write(TINY.replace("[7x, 12x]}", "[7x]}\n  case: {kind: csv, file: cases.csv}"))
    columns = "label,funds.population,dealers.inventory_risk,dealers.impact_scale,horizon"
    table = [
        columns,
        "well,funds.csv,0.03,1,5d",
        "books,lost.csv,0.03,1,5d",
        "prices,funds.csv,10,100,12d",
    ]
    (file.parent / "cases.csv").write_text("\n".join(table) + "\n", encoding="utf-8")
    for name in ("funds.csv", "lost.csv"):
        rows = [f"fund {n},$1bn,$3bn,$4bn" for n in range(3)]
        (file.parent / name).write_text("\n".join(["name,equity,FV,TY", *rows]) + "\n", encoding="utf-8")
    loaded = load_sweep(file)
    (file.parent / "lost.csv").unlink()
    outcome = run(loaded, tmp_path / "out")
    assert not outcome.left
    cells = open_sweep(tmp_path / "out").sel(policy="none").isel(leverage=0)
    assert cells["status"].values.tolist() == ["done", "failed", "stopped"]
    said = cells["message"].values.tolist()
    assert said[0] == ""
    assert "funds.population" in said[1]
    assert "lost.csv" in said[1]
    assert "PRICE_OUT_OF_RANGE" in said[2]
    assert np.isnan(cells["unwound_in_all"].values).tolist()[:2] == [False, True]
    assert cells["paths_stopped"].values.tolist()[0] == 0
    assert cells["paths_stopped"].values.tolist()[2] > 0
    assert tell_sweep(outcome, Telling(quiet=True)) == UNFINISHED


class Saboteur(ThreadPool):
    """Threads on which the first block of a cell meets accidents."""

    victim, accidents = 1, 1

    def submit(self, parcel: Parcel) -> None:
        (task,) = parcel
        part = task.part
        is_victim = isinstance(part, PlayBlocks) and part.cell == self.victim and part.blocks[0].number == 0
        if is_victim and self.accidents:
            self.accidents -= 1
            self._pending[self._pool.submit(self._accident)] = parcel
        else:
            super().submit(parcel)

    @staticmethod
    def _accident() -> list[Done | Exception]:
        return [RuntimeError("the worker is gone")]


@pytest.mark.parametrize(("accidents", "status"), [(1, "done"), (2, "failed")])
def test_accidents_are_tried_again_as_configured(
    write: Write, tmp_path: Path, tiny_run: SweepOutcome, accidents: int, status: str
) -> None:
    loaded = load_sweep(write(TINY))
    with ThreadPoolExecutor(2) as threads:
        pool = Saboteur(threads, 2)
        pool.accidents = accidents
        executor = Executor(pool, retries=loaded.sweep.retries)
        outcome = run_sweep(loaded, tmp_path / "out", executor=executor)
    entry = outcome.folder.state.cells[1]
    assert entry["status"] == status
    assert outcome.with_status("done") == [cell for cell in range(4) if cell != 1 or status == "done"]
    if status == "failed":
        assert entry["message"] == "paths 0 to 3: RuntimeError: the worker is gone"
        assert entry["attempts"] == 2
        assert not resume_sweep(tmp_path / "out").with_status("failed")
    assert digest(tmp_path / "out") == digest(tiny_run.folder.path)


@pytest.mark.parametrize("keep", ["sector", "full"])
def test_records_are_those_of_a_run(write: Write, tmp_path: Path, tiny_run: SweepOutcome, keep: str) -> None:
    outcome = run(load_sweep(write(TINY + f"keep: {keep}\n")), tmp_path / "out", chosen=[1])
    folder = outcome.folder.run_of(1)
    assert verify_run(folder) == []
    records = open_results(folder)
    buy = "central_bank.outright={mode: rule, trigger: 0.1bp, pace: $20bn}"
    agents = f"output.agents={str(keep == 'full').lower()}"
    by_hand = run_scenario(
        load_toy("paths=12", "horizon=5d", "funds.leverage=7x", buy, agents), tmp_path / "run"
    )
    theirs = open_results(by_hand.folder.path)
    assert set(records.data_vars) == set(theirs.data_vars)
    for name in theirs.data_vars:
        np.testing.assert_array_equal(records[name].values, theirs[name].values)
    ours, tiny = (np.asarray(sweep.folder.array(FIGURES)[1]) for sweep in (outcome, tiny_run))
    np.testing.assert_array_equal(ours, tiny)


def test_a_damaged_run_of_a_cell_is_repaired(write: Write, tmp_path: Path) -> None:
    loaded = load_sweep(write(TINY + "keep: sector\n"))
    run(loaded, tmp_path / "out", chosen=[0])
    folder = open_sweep_folder(tmp_path / "out").run_of(0)
    next((folder / "results.zarr" / "dislocation").glob("c.1*")).unlink()
    assert verify_run(folder)
    run(loaded, tmp_path / "out", chosen=[0])
    assert verify_run(folder) == []


def test_outcomes_can_be_dropped(write: Write, tmp_path: Path, tiny_run: SweepOutcome) -> None:
    text = TINY.replace("levels: [50%, 95%]", "levels: [50%, 95%]\n  paths: drop")
    folder = run(load_sweep(write(text)), tmp_path / "out").folder.path
    assert not list((folder / "results.zarr" / OUTCOMES / "c").rglob("[0-9]*.*"))
    assert not any(file.is_file() for file in (folder / "results.zarr" / OUTCOMES / "c").rglob("*"))
    ours, theirs = open_sweep(folder), open_sweep(tiny_run.folder.path)
    for name in ("unwound_in_all", "unwound_in_all_difference", "unwound_in_all_quantile"):
        np.testing.assert_array_equal(ours[name].values, theirs[name].values)
    with pytest.raises(OutputError, match="were not kept path by path"):
        cell_outcomes(folder, 0)
    before = (folder / "ledger.jsonl").read_text()
    assert not resume_sweep(folder).left
    assert (folder / "ledger.jsonl").read_text() == before


def test_cells_are_found_by_their_labels(tiny_run: SweepOutcome) -> None:
    folder = tiny_run.folder.path
    for where, said in (
        ({"leverage": 7}, "a cell has leverage, policy"),
        ({"leverage": 8, "policy": "none"}, "leverage has no 8"),
    ):
        with pytest.raises(OutputError, match=said):
            cell_outcomes(folder, where)
    found = cell_outcomes(folder, {"leverage": 7, "policy": "buy"})
    np.testing.assert_array_equal(found["sold"].values, cell_outcomes(folder, 1)["sold"].values)


def test_no_axis_is_one_cell(write: Write, tmp_path: Path) -> None:
    folder = run(
        load_sweep(write("name: one\nscenario: toy.yaml\npaths: 4\nset: {horizon: 3d}\n")), tmp_path / "out"
    )
    cells = open_sweep(folder.folder.path)
    assert cells["unwound_in_all"].dims == ()
    assert str(cells["status"].values) == "done"


def test_the_dry_run_is_right_within_a_factor(write: Write, tmp_path: Path) -> None:
    loaded = load_sweep(write(TINY), ["horizon=60d", "numerics.block=256"], paths=512)
    estimate_sweep(loaded, [0], 1)  # compiles and imports
    found: SweepEstimate = estimate_sweep(loaded, [0, 1, 2, 3], 1)
    outcome = run(loaded, tmp_path / "out", threads=1)
    assert (found.cells, found.paths, found.blocks) == (4, 2048, 8)
    blocks = outcome.folder.state.blocks
    working = sum(entry["seconds"] for of_cell in blocks.values() for entry in of_cell.values())
    simulated = found.simulating_s * found.paths * 60
    assert 1 / 5 < simulated / working < 5
    stored = sum(
        file.stat().st_size for file in (tmp_path / "out" / "results.zarr").rglob("*") if file.is_file()
    )
    assert 1 / 3 < found.disk_bytes / stored < 3
