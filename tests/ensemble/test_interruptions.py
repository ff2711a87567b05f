"""Real processes that are killed, stopped, and run out of disk: nothing finished is lost or looks whole."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from simulator.ensemble.execution import run_scenario
from simulator.results.errors import ENVIRONMENT, INTERRUPTED, OutputError
from simulator.results.folder import open_run
from simulator.results.reading import open_results, verify_run
from simulator.results.store import results_digest
from tests.ensemble.conftest import TOY, load_toy, resume
from tests.patience import communicated, is_late, wait_until

PATHS, BLOCK = 4000, 40
OVERRIDES = (f"numerics.block={BLOCK}",)
KILLS = 3

COMMAND = "import sys; from simulator.cli.main import main; sys.argv[0] = 'unwind'; main()"


def start(folder: Path, *more: str) -> subprocess.Popen[str]:
    words = ["run", str(TOY), "--paths", str(PATHS), "-o", str(folder), "--threads", "2", *more]
    words += [word for override in OVERRIDES for word in ("--set", override)]
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-c", COMMAND, *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
        start_new_session=True,
    )


def blocks_in_ledger(folder: Path) -> int:
    file = folder / "ledger.jsonl"
    return file.read_bytes().count(b"\n") if file.exists() else 0


def wait_for_blocks(process: subprocess.Popen[str], folder: Path, count: int) -> None:
    wait_until(
        lambda: blocks_in_ledger(folder) >= count or process.poll() is not None, "the run makes no progress"
    )


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("unbroken") / "run"
    outcome = run_scenario(load_toy(f"paths={PATHS}", *OVERRIDES), folder)
    return results_digest(outcome.folder.store, outcome.folder.layout)


def test_killed_again_and_again_it_ends_with_the_same_bits(tmp_path: Path, unbroken: str) -> None:
    folder = tmp_path / "run"
    chance = random.Random(4)
    for _ in range(KILLS):
        before = blocks_in_ledger(folder)
        process = start(folder)
        wait_for_blocks(process, folder, before + chance.randint(1, 25))
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        assert process.returncode == -signal.SIGKILL
        assert blocks_in_ledger(folder) > before
        with pytest.raises(OutputError, match="incomplete run"):
            open_results(folder)
    recorded = blocks_in_ledger(folder)
    code, said, complained = communicated(start(folder))
    assert code == 0, complained
    assert f"{PATHS:,} paths" in said
    run = open_run(folder)
    assert results_digest(run.store, run.layout) == unbroken
    assert verify_run(folder) == []
    # no block of the ledger was computed twice: torn lines apart, one line a block
    assert recorded < PATHS // BLOCK == len(run.finished)
    assert blocks_in_ledger(folder) - len(run.broken_lines) == PATHS // BLOCK


@pytest.mark.parametrize("number", [pytest.param(signal.SIGINT, marks=pytest.mark.slow), signal.SIGTERM])
def test_stopped_it_says_how_to_resume_and_does(
    tmp_path: Path, unbroken: str, number: signal.Signals
) -> None:
    folder = tmp_path / "run"
    process = start(folder)
    wait_for_blocks(process, folder, 10)
    asked = time.monotonic()
    process.send_signal(number)
    code, said, complained = communicated(process)
    assert not is_late(asked, 10.0)
    assert code == INTERRUPTED
    assert said == ""
    assert "Traceback" not in complained
    run = open_run(folder)
    done = len(run.finished) * BLOCK
    assert 10 * BLOCK <= done < PATHS
    assert f"{done:,} of 4,000 paths are done. Resume with: unwind run" in complained
    assert run.manifest.status == "incomplete"
    assert {damage.what for damage in verify_run(folder)} == {"is not in the ledger"}
    assert resume(folder) == 0
    assert results_digest(run.store, run.layout) == unbroken


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of three megabytes."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(disk)], capture_output=True, text=True
    )
    if mounted.returncode:
        pytest.skip(f"a small disk cannot be mounted here: {mounted.stderr.strip()}")
    yield disk
    subprocess.run(["umount", "-l", str(disk)], check=True)


def remount(disk: Path, options: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{options}", str(disk)], check=True)


def test_a_full_disk_ends_clearly_and_resumes_when_there_is_room(small_disk: Path, unbroken: str) -> None:
    folder = small_disk / "run"
    # a disk that is known to be too small is refused at once; one that only proves so is filled
    overrides = (f"paths={PATHS}", *OVERRIDES)
    with pytest.raises(OutputError, match="free, but the results need at least"):
        run_scenario(load_toy(*overrides), folder)
    remount(small_disk, "size=9m")
    code, said, complained = communicated(start(folder))
    assert code == ENVIRONMENT
    assert said == ""
    assert "no room left on the disk. Free some space, or choose another folder with -o." in complained
    assert str(folder) in complained
    assert "Resume with: unwind run" in complained
    assert "Traceback" not in complained
    run = open_run(folder)
    assert run.finished
    assert {damage.what for damage in verify_run(folder)} == {"is not in the ledger"}
    remount(small_disk, "size=100m")
    assert resume(folder) == 0
    assert results_digest(run.store, run.layout) == unbroken


def test_a_read_only_disk_is_told_as_such(small_disk: Path) -> None:
    remount(small_disk, "ro")
    code, _, complained = communicated(start(small_disk / "run"))
    assert code == ENVIRONMENT
    assert "writing is not permitted. Change the permissions, or choose another folder with -o." in complained
    assert "Traceback" not in complained
