"""SLURM for real: the job scripts of the guide are handed in, run, cancelled, warned, and resumed."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from simulator.ensemble.execution import run_scenario
from simulator.results.errors import INTERRUPTED
from simulator.results.folder import open_run
from simulator.results.reading import verify_run
from simulator.results.store import results_digest
from tests.ensemble.clusters import ended, kill_tree, ledger_lines, unwind
from tests.ensemble.conftest import TOY, load_toy, resume
from tests.ensemble.slurm import Slurm, slurm
from tests.patience import wait_until

pytestmark = pytest.mark.slow  # daemons, and a job that waits for its time limit

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "docs" / "examples" / "cluster"
PATHS, BLOCK = 2400, 20
SMALL = ("--cpus-per-task=1", "--mem=1G")


@pytest.fixture(scope="module")
def batch(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Slurm]:
    with slurm(tmp_path_factory.mktemp("slurm")) as started:
        yield started


@pytest.fixture(scope="module")
def scenario(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return toy_in_blocks(BLOCK, tmp_path_factory.mktemp("scenario"))


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("unbroken") / "run"
    run_scenario(load_toy(f"paths={PATHS}", f"numerics.block={BLOCK}"), folder)
    return digest(folder)


def digest(folder: Path) -> str:
    run = open_run(folder)
    return results_digest(run.store, run.layout)


def toy_in_blocks(block: int, folder: Path) -> Path:
    """The toy as a file of its own: the job script has no options for what numbers it is played with."""
    file = folder / "toy.yaml"
    file.write_text(TOY.read_text().replace("numerics: {block: 8}", f"numerics: {{block: {block}}}"))
    return file


def array(batch: Slurm, folder: Path, scenario: Path, *options: str, paths: int = PATHS) -> int:
    """Hand in the array of the guide for a small run; the jobs' output goes beside it."""
    job = {
        "OUTPUT": str(folder), "SCENARIO": str(scenario), "PATHS": str(paths), "PYTHONPATH": str(ROOT),
        "PATH": f"{Path(sys.executable).parent}:{batch.environment['PATH']}",
    }  # fmt: skip
    return batch.submit(EXAMPLES / "slurm_array.sh", *SMALL, *options, cwd=folder.parent, **job)


def told(folder: Path) -> str:
    """What the jobs said."""
    return "".join(file.read_text() for file in sorted(folder.glob("slurm-*.out")))


def test_an_array_of_jobs_makes_one_run(batch: Slurm, scenario: Path, tmp_path: Path, unbroken: str) -> None:
    folder = tmp_path / "run"
    states = batch.wait_for(array(batch, folder, scenario, "--array=1-3"))
    assert states == {str(number): ("COMPLETED", "0:0") for number in (1, 2, 3)}, told(tmp_path)
    assert {file.name for file in folder.glob("ledger-*")} == {f"ledger-{n}-of-3.jsonl" for n in (1, 2, 3)}
    assert open_run(folder).manifest.status == "complete"
    assert verify_run(folder) == []
    assert digest(folder) == unbroken


def test_what_a_cancelled_job_left_is_finished(
    batch: Slurm, scenario: Path, tmp_path: Path, unbroken: str
) -> None:
    folder = tmp_path / "run"
    job = array(batch, folder, scenario, "--array=1-2")
    wait_until(lambda: ledger_lines(folder) > 10, "no progress", 600.0)
    batch.said("scancel", "--full", "--signal=KILL", f"{job}_2")
    states = batch.wait_for(job)
    assert states["1"] == ("COMPLETED", "0:0"), told(tmp_path)
    assert states["2"][0] == "CANCELLED"
    done = len(open_run(folder).finished)
    assert PATHS // BLOCK // 2 <= done < PATHS // BLOCK
    states = batch.wait_for(array(batch, folder, scenario, "--array=2-2", "--export=ALL,SHARDS=2"))
    assert states == {"2": ("COMPLETED", "0:0")}, told(tmp_path)
    assert (
        ledger_lines(folder) - len(open_run(folder).broken_lines) == PATHS // BLOCK
    )  # none was played twice
    assert verify_run(folder) == []
    assert digest(folder) == unbroken


def test_a_job_that_nears_its_limit_hands_in_what_it_has(batch: Slurm, tmp_path: Path) -> None:
    folder, scenario = tmp_path / "run", toy_in_blocks(500, tmp_path)
    limit = ("--array=1-2", "--time=2", "--no-requeue")
    states = batch.wait_for(array(batch, folder, scenario, *limit, paths=5_000_000))
    assert {state for state, _ in states.values()} == {"FAILED"}, told(tmp_path)
    assert {code for _, code in states.values()} == {
        f"{INTERRUPTED}:0"
    }  # ended by itself, not killed at the limit
    assert "paths are done. Resume with: unwind run" in told(tmp_path)
    run = open_run(folder)
    assert run.finished
    assert not run.broken_lines


def test_workers_of_dask_jobqueue(batch: Slurm, scenario: Path, tmp_path: Path, unbroken: str) -> None:
    pytest.importorskip("dask_jobqueue")
    folder, file = tmp_path / "run", tmp_path / "scheduler.json"
    with (tmp_path / "starter.log").open("wb") as log:
        starter = subprocess.Popen(
            [sys.executable, str(EXAMPLES / "slurm_jobqueue.py"), "--start", "2"],
            cwd=tmp_path, env=batch.environment | {"PYTHONPATH": str(ROOT)}, start_new_session=True,
            stdout=log, stderr=subprocess.STDOUT,
        )  # fmt: skip
    try:
        wait_until(lambda: file.exists() or starter.poll() is not None, "no scheduler", 300.0)
        assert file.exists(), (tmp_path / "starter.log").read_text()
        process = unwind("run", scenario, "--paths", str(PATHS), "-o", folder, "--scheduler", file)
        wait_until(lambda: ledger_lines(folder) > 10 or process.poll() is not None, "no progress", 600.0)
        jobs = batch.said("squeue", "--noheader", "--format=%i", "--states=RUNNING").split()
        assert len(jobs) == 2
        batch.said(
            "scancel", "--full", "--signal=KILL", jobs[0]
        )  # its blocks go to the other, or to one that follows
        code, _, complained = ended(process)
        assert code == 0, complained
    finally:
        kill_tree(starter)
    hosts = {block.worker for block in open_run(folder).finished.values()}
    assert f"{os.getpid()}" not in {host.rpartition(":")[2] for host in hosts}
    assert verify_run(folder) == []
    assert digest(folder) == unbroken
    assert resume(folder) == 0
