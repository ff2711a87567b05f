"""A sweep on the workers of a cluster: the client prepares nothing, tasks are small, and a death costs one parcel."""

from __future__ import annotations

import json
import os
import pickle
import signal
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from simulator.ensemble.executors import Executor, Parcel
from simulator.ensemble.jobs import Task
from simulator.ensemble.observer import Nobody
from simulator.ensemble.plan import Block
from simulator.ensemble.resources import Resources
from simulator.ensemble.session import open_executor
from simulator.sweeps import parts
from simulator.sweeps.cells import LoadedSweep, load_sweep
from simulator.sweeps.execution import JOB, SweepOutcome
from simulator.sweeps.parts import Compare, Drop, OpenSweep, PlayBlocks, SumUp, SweepJob, contents_of
from simulator.sweeps.running import run_sweep
from tests.patience import wait_until
from tests.sweeps.conftest import TINY, Write, axes, run
from tests.sweeps.test_execution import digest

#: Cells of a grid in which two differ in the policy alone.
GRID = TINY.replace("values: [7x, 12x]", "low: 5x, high: 12x, steps: 12").replace("paths: 12", "paths: 8")


@pytest.fixture(scope="module")
def session() -> Iterator[Executor]:
    """Two workers."""
    with open_executor(Resources(workers=2, retries=1)) as executor:
        yield executor


def lines(folder: Path, kind: str) -> list[dict[str, Any]]:
    text = (folder / "ledger.jsonl").read_text()
    said = [json.loads(line) for line in text[: text.rfind("\n") + 1].splitlines()]
    return [entry for entry in said if entry["kind"] == kind]


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory: pytest.TempPathFactory, session: Executor) -> str:
    """Digest of the grid on two threads."""
    folder = tmp_path_factory.mktemp("grid")
    (folder / "toy.yaml").write_bytes((Path(__file__).parents[1] / "ensemble" / "toy.yaml").read_bytes())
    (folder / "sweep.yaml").write_text(GRID, encoding="utf-8")
    run(load_sweep(folder / "sweep.yaml"), folder / "out")
    return digest(folder / "out")


def forbid(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let this process prepare and play no cell; its workers are processes of their own."""

    def refuse(*arguments: object, **options: object) -> None:
        raise AssertionError("the client did the work of a worker")

    for name in ("prepare_run", "OpenJob", "OpenSweep"):
        monkeypatch.setattr(parts, name, refuse)
    monkeypatch.setattr(LoadedSweep, "load", refuse)


def test_the_client_prepares_nothing_and_many_cells_travel_together(
    write: Write, tmp_path: Path, session: Executor, unbroken: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded = load_sweep(write(GRID))
    sent: list[Parcel] = []
    submit = session._pool.submit

    def note(parcel: Parcel) -> None:
        sent.append(parcel)
        submit(parcel)

    monkeypatch.setattr(session._pool, "submit", note)
    with monkeypatch.context() as patched:
        forbid(patched)
        outcome = run_sweep(loaded, tmp_path / "out", executor=session)
    assert not outcome.left
    assert digest(tmp_path / "out") == unbroken
    assert max(len(parcel) for parcel in sent) > 3
    assert len(lines(tmp_path / "out", "pair")) == 12


def test_what_travels_is_small(write: Write, tmp_path: Path) -> None:
    """A task is a few numbers, also of the millionth cell; the sweep itself travels once to each worker."""
    block = Block(1_000_000, 2_000_000_000, 100_000)
    trades = ("FV", "TY", "US")
    for part in (
        PlayBlocks(1_000_000, (block,), begins=True, ends=True),
        SumUp(1_000_000),
        Compare(1_000_000, 999_999, 100_000, trades, trades, antithetic=True),
        Drop(tuple(range(1_000_000, 1_000_008))),
    ):
        alone = len(pickle.dumps(Task(JOB, part)))
        together = len(pickle.dumps(tuple(Task(JOB, part) for _ in range(20))))
        assert alone < 400, part
        assert together < 1_500, part
    few, many = (load_sweep(write(GRID.replace("steps: 12", f"steps: {steps}"))) for steps in (4, 400))
    folder = run(few, tmp_path / "out", chosen=[0]).folder
    sizes = [len(pickle.dumps(SweepJob(JOB, loaded, folder))) for loaded in (few, many)]
    assert sizes[0] < 100_000
    assert sizes[1] - sizes[0] < 396 * 500


def test_a_worker_that_dies_takes_one_parcel_with_it(
    write: Write, tmp_path: Path, session: Executor, unbroken: str
) -> None:
    """A worker is killed while it holds several cells: nothing of the other is done again, nothing is lost."""
    loaded = load_sweep(write(GRID))
    ledger = tmp_path / "out" / "ledger.jsonl"
    killed: list[str] = []

    def seen() -> list[str]:
        """Workers that have done something."""
        return [entry["worker"] for entry in lines(tmp_path / "out", "block")] if ledger.exists() else []

    def kill() -> None:
        wait_until(seen, "no worker has done anything")
        killed.append(seen()[-1])
        os.kill(int(killed[-1].rpartition(":")[2]), signal.SIGKILL)

    assassin = threading.Thread(target=kill)
    assassin.start()
    outcome = run_sweep(loaded, tmp_path / "out", executor=session)
    assassin.join()
    assert killed
    assert not outcome.left
    assert not outcome.with_status("failed")
    done = Counter((entry["cell"], entry["block"]) for entry in lines(tmp_path / "out", "block"))
    assert set(done.values()) == {1}, "a block that was in the ledger was done again"
    assert len(done) == 48
    assert digest(tmp_path / "out") == unbroken


def test_a_sweep_stopped_on_workers_is_finished_on_threads(
    write: Write, tmp_path: Path, session: Executor, unbroken: str
) -> None:
    """The client ends at some result, as if it were killed there; what its ledger has is not done again."""
    loaded = load_sweep(write(GRID))

    class Killed(Nobody):
        left = 30

        def advances(self, paths: int) -> None:
            self.left -= 1
            if not self.left:
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_sweep(loaded, tmp_path / "out", executor=session, observer=Killed())
    before = lines(tmp_path / "out", "block")
    assert 0 < len(before) < 30
    assert not run(loaded, tmp_path / "out").left
    after = lines(tmp_path / "out", "block")
    assert after[: len(before)] == before
    assert len({(entry["cell"], entry["block"]) for entry in after}) == len(after) == 48
    assert digest(tmp_path / "out") == unbroken


def test_records_of_cells_that_several_workers_share(
    write: Write, tmp_path: Path, session: Executor, tiny_run: SweepOutcome
) -> None:
    loaded = load_sweep(write(TINY + "keep: sector\n"))
    assert not run_sweep(loaded, tmp_path / "out", executor=session).left
    assert digest(tmp_path / "out") == digest(tiny_run.folder.path)


def test_workers_need_not_see_the_data_files(write: Write, tmp_path: Path) -> None:
    file = write(axes("  row: {kind: csv, file: rows.csv}\n"))
    (file.parent / "rows.csv").write_text("funds.population,horizon\nfunds.csv,3d\n", encoding="utf-8")
    table = "\n".join(["name,equity,FV,TY", *(f"fund {n},$1bn,$3bn,$4bn" for n in range(3))])
    (file.parent / "funds.csv").write_text(f"{table}\n", encoding="utf-8")
    loaded = load_sweep(file)
    folder = run(loaded, tmp_path / "out").folder
    here = SweepJob(JOB, loaded, folder, None, contents_of(loaded.data_files))
    (file.parent / "funds.csv").unlink()
    elsewhere = pickle.loads(pickle.dumps(here))
    part = PlayBlocks(0, (Block(0, 0, 4),), begins=True, ends=True)
    answer = OpenSweep(elsewhere).do(part)
    assert answer.refused == ""
    assert answer.blocks[0].sha256 == folder.state.blocks[0][0]["sha256"]
    assert "funds.csv" in OpenSweep(SweepJob(JOB, loaded, folder)).do(part).refused
