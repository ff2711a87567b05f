"""Runs resumed from their folder alone, verified, watched, shared out, and kept behind URLs."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from simulator.cli.ending import this_command
from simulator.cli.resume import tell_status, verify_run_at
from simulator.ensemble.execution import run_scenario
from simulator.ensemble.run_status import run_status
from simulator.ensemble.under_way import Shard, Terms
from simulator.results import manifest as manifests
from simulator.results.errors import BAD_INPUT, ENVIRONMENT, UNFINISHED, OutputError
from simulator.results.folder import open_run
from simulator.results.ledger import FailedBlock, append_blocks, append_failure, ledger_file
from simulator.results.locks import locked
from simulator.results.places import names, place
from simulator.results.reading import open_results, verify_run
from simulator.results.store import results_digest
from simulator.scenario.loading import load_scenario
from tests.conftest import Unwind
from tests.ensemble.clusters import IS_X86, OTHER_PROCESSOR, ended, kill_tree, ledger_lines, unwind
from tests.ensemble.conftest import TOY, load_toy, resume, run_command
from tests.patience import wait_until

KINDS = (
    "bit",
    "cut",
    "empty",
    "missing",
    "swapped",
    "ledger bit",
    "ledger line",
    "metadata",
    "junk",
    "manifest",
)


@pytest.fixture
def finished(tmp_path: Path) -> Path:
    run_scenario(load_toy(), tmp_path / "run")
    return tmp_path / "run"


def digest(folder: Path) -> str:
    run = open_run(folder)
    return results_digest(run.store, run.layout)


# Injuries


@pytest.mark.parametrize("injuries", [20, pytest.param(200, marks=pytest.mark.slow)])
def test_injuries_are_found_and_exactly_what_is_damaged_is_done_again(finished: Path, injuries: int) -> None:
    whole, chance = digest(finished), np.random.default_rng(4)
    for number in range(injuries):
        kind = KINDS[number % len(KINDS)]
        before = {file: file.read_bytes() for file in finished.rglob("*") if file.is_file()}
        injured = injure(finished, kind, chance)
        assert verify_run_at(str(finished)) == UNFINISHED, f"{kind} of {injured} was not found"
        if kind == "manifest":
            assert resume(finished) == ENVIRONMENT  # refused: it says what the run is
            injured.write_bytes(before[injured])
            continue
        assert resume(finished) == 0
        changed = {
            file.name.split(".")[1] for file in finished.glob("results.zarr/*/c.*") if is_new(file, before)
        }
        block = injured.name.split(".")[1] if injured.name.startswith("c.") else None
        assert changed <= {block}, f"{kind} of {injured}: blocks {changed} were written"
        if kind == "junk":  # not ours to delete
            assert list((finished / "set-aside").iterdir())
            shutil.rmtree(finished / "set-aside")
        assert verify_run(finished) == []
    assert digest(finished) == whole


def becomes_a_link(run: Path) -> None:
    chunk = run / "results.zarr" / "dislocation" / "c.1.0.0"
    chunk.rename(run.parent / "elsewhere")
    chunk.symlink_to(run.parent / "elsewhere")


def becomes_a_folder(run: Path) -> None:
    chunk = run / "results.zarr" / "dislocation" / "c.1.0.0"
    chunk.unlink()
    chunk.mkdir()


def becomes_a_linked_array(run: Path) -> None:
    array = run / "results.zarr" / "dislocation"
    array.rename(run.parent / "elsewhere")
    array.symlink_to(run.parent / "elsewhere")


def gets_checkpoints(run: Path) -> None:
    for folder in (run, run / "results.zarr", run / "results.zarr" / "dislocation"):
        (folder / ".ipynb_checkpoints").mkdir()
        (folder / ".ipynb_checkpoints" / "mine.txt").write_text("keep this")


def loses_its_store(run: Path) -> None:
    shutil.rmtree(run / "results.zarr")


def loses_its_outcomes(run: Path) -> None:
    shutil.rmtree(run / "outcomes")


def gets_other_outcomes(run: Path) -> None:
    shutil.copy(run / "outcomes" / "block-0000000.npy", run / "outcomes" / "block-0000001.npy")


def gets_linked_outcomes(run: Path) -> None:
    (run / "outcomes").rename(run.parent / "elsewhere")
    (run / "outcomes").symlink_to(run.parent / "elsewhere")
    (run / "outcomes" / "block-0000002.npy").unlink()


def gets_something_among_outcomes(run: Path) -> None:
    (run / "outcomes" / ".ipynb_checkpoints").mkdir()
    (run / "outcomes" / "block-0000009.npy").write_text("mine")


def gets_a_line_beyond(run: Path) -> None:
    found = open_run(run)
    append_blocks(found.ledger, found.manifest.run_key, [replace(found.finished[2], block=7, first_path=56)])


@pytest.mark.parametrize(
    ("happens", "done_again"),
    [
        (becomes_a_link, {"1"}), (becomes_a_folder, {"1"}), (becomes_a_linked_array, {"0", "1", "2"}),
        (gets_checkpoints, set()), (loses_its_store, {"0", "1", "2"}), (gets_a_line_beyond, set()),
        (loses_its_outcomes, {"0", "1", "2"}), (gets_other_outcomes, {"1"}),
        (gets_linked_outcomes, {"0", "1", "2"}), (gets_something_among_outcomes, set()),
    ],
)  # fmt: skip
def test_what_befalls_a_store_is_repaired_and_nothing_else_is_touched(
    finished: Path, happens: Callable[[Path], None], done_again: set[str]
) -> None:
    whole = digest(finished)
    before = {file: file.stat().st_mtime_ns for file in finished.glob("results.zarr/*/c.*")}
    happens(finished)
    assert verify_run_at(str(finished)) == UNFINISHED
    assert resume(finished) == 0
    assert verify_run(finished) == []
    assert digest(finished) == whole
    changed = {
        file.name.split(".")[1]
        for file in finished.glob("results.zarr/*/c.*")
        if file.stat().st_mtime_ns != before.get(file)
    }
    assert changed == done_again
    if happens is gets_checkpoints:
        assert "dislocation/.ipynb_checkpoints" in (finished / "run.log").read_text()
        assert len(list((finished / "set-aside").rglob("mine.txt"))) == 2
    if happens is becomes_a_link:
        assert (finished.parent / "elsewhere").is_file()
    if happens is gets_linked_outcomes:
        assert len(list((finished.parent / "elsewhere").iterdir())) == 2
    if happens is gets_something_among_outcomes:
        assert (finished / "set-aside" / "outcomes.block-0000009.npy").read_text() == "mine"


def test_another_runs_manifest_does_not_cost_the_finished_blocks(
    finished: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    whole, manifest = digest(finished), (finished / "manifest.json").read_bytes()
    run_scenario(load_toy("seed=8"), tmp_path / "other")
    shutil.copy(tmp_path / "other" / "manifest.json", finished / "manifest.json")
    assert resume(finished) == BAD_INPUT
    assert "the manifest of another run than the blocks in the ledger" in capsys.readouterr().err
    assert run_command(load_toy("seed=8"), output=finished, quiet=True) == BAD_INPUT
    (finished / "manifest.json").write_bytes(manifest)
    assert verify_run(finished) == []
    assert digest(finished) == whole


def is_new(file: Path, before: dict[Path, bytes]) -> bool:
    return file not in before or file.read_bytes() != before[file]


def injure(folder: Path, kind: str, chance: np.random.Generator) -> Path:
    """Damage a run in a way, somewhere; returns the file."""
    chunks = sorted((folder / "results.zarr").glob("*/c.*"))
    file = chunks[chance.integers(len(chunks))]
    if kind.startswith("ledger"):
        file = folder / "ledger.jsonl"
    elif kind == "metadata":
        file = file.with_name("zarr.json")
    elif kind == "manifest":
        file = folder / "manifest.json"
    data = bytearray(file.read_bytes())
    spot = int(chance.integers(len(data)))
    if kind in ("bit", "ledger bit", "metadata", "manifest"):
        data[spot] ^= 1 << int(chance.integers(5))
        file.write_bytes(data)
    elif kind == "cut":
        file.write_bytes(data[:spot])
    elif kind == "empty":
        file.write_bytes(b"")
    elif kind == "missing":
        file.unlink()
    elif kind == "swapped":
        others = [other.read_bytes() for other in file.parent.glob("c.*") if other.read_bytes() != data]
        file.write_bytes(others[0] if others else b"")
    elif kind == "ledger line":
        lines = bytes(data).splitlines(keepends=True)
        del lines[spot % len(lines)]
        file.write_bytes(b"".join(lines))
    else:
        file = file.with_name("junk")
        file.write_bytes(b"junk")
    return file


def test_what_verify_says(finished: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert verify_run_at(str(finished)) == 0
    assert "whole; 3 blocks, 24 paths" in capsys.readouterr().out
    for file in (finished / "results.zarr" / "dislocation").glob("c.[12].*"):
        file.unlink()
    assert verify_run_at(str(finished)) == UNFINISHED
    said = capsys.readouterr().out
    assert "block 1  cannot be read: dislocation: the chunk of block 1 is missing" in said
    assert f"2 injuries. Repair the run with: unwind resume {finished}" in said
    assert verify_run_at(str(finished), as_json=True) == UNFINISHED
    record = json.loads(capsys.readouterr().out)
    assert not record["is_whole"]
    assert [injury["block"] for injury in record["damage"]] == [1, 2]
    assert verify_run_at(str(finished / "nowhere")) == BAD_INPUT


# Resuming


def test_a_damaged_manifest_is_written_anew_by_the_command_that_began_the_run(finished: Path) -> None:
    whole, ledger = digest(finished), (finished / "ledger.jsonl").read_bytes()
    (finished / "manifest.json").write_bytes(b"{")
    assert run_command(load_toy("seed=8"), output=finished, quiet=True) == ENVIRONMENT
    assert run_command(load_toy(), output=finished, quiet=True) == 0
    assert (finished / "ledger.jsonl").read_bytes() == ledger
    assert digest(finished) == whole
    assert verify_run(finished) == []


def test_a_run_is_finished_without_the_files_that_it_was_made_from(tmp_path: Path) -> None:
    scenario = tmp_path / "scenarios" / "own.yaml"
    scenario.parent.mkdir()
    (scenario.parent / "funds.csv").write_text(
        "name,equity,FV,TY\nAlder,$14bn,$150bn,$100bn\nBirch,$9bn,$90bn,$95bn\n"
    )
    scenario.write_text(TOY.read_text().replace("funds: {count: 6}", "funds: {population: funds.csv}"))
    run_scenario(load_scenario(scenario), tmp_path / "run")
    whole = digest(tmp_path / "run")
    for file in (scenario, scenario.with_name("funds.csv"), tmp_path / "run" / "ledger.jsonl"):
        file.write_bytes(b"")
    assert resume(tmp_path / "run") == 0
    assert digest(tmp_path / "run") == whole
    (copy,) = (tmp_path / "run" / "inputs").iterdir()
    copy.write_text(copy.read_text().replace("Birch", "Larch"))
    assert verify_run_at(str(tmp_path / "run")) == UNFINISHED
    assert resume(tmp_path / "run") == ENVIRONMENT


def test_another_version_goes_on_only_when_told(
    finished: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (finished / "ledger.jsonl").write_bytes(b"")
    monkeypatch.setattr(manifests, "source_sha256", lambda: "0" * 64)
    assert resume(finished) == BAD_INPUT
    assert "the version of the code changed. Go on all the same with unwind resume --other-version" in (
        capsys.readouterr().err
    )
    assert resume(finished, other_version=True) == 0
    assert [note["source_sha256"] for note in open_run(finished).manifest.resumed_with] == ["0" * 64]
    assert verify_run(finished) == []


@pytest.mark.skipif(
    not IS_X86, reason="how to make libraries take another processor for this one is not known"
)
def test_processors_that_compute_otherwise_are_not_mixed(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    run_scenario(load_toy(), folder, terms=Terms(shard=Shard(1, 2)))
    before = ledger_lines(folder)
    code, _, complained = ended(unwind("run", TOY, "-o", folder, "--shard", "2/2", **OTHER_PROCESSOR))
    assert code == BAD_INPUT
    assert "how the processor computes changed. Its last bits would be those of another" in complained
    assert ledger_lines(folder) == before
    code, _, complained = ended(unwind("resume", folder, "--other-version", **OTHER_PROCESSOR))
    assert code == 0, complained
    (note,) = open_run(folder).manifest.resumed_with
    assert note["arithmetic_sha256"] != open_run(folder).manifest.arithmetic_sha256
    assert verify_run(folder) == []


# Watching


def test_status_while_it_runs_and_after_it_was_killed(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    process = unwind("run", TOY, "--paths", "4000", "--set", "numerics.block=20", "-o", folder)
    wait_until(lambda: ledger_lines(folder) > 20, "no progress")
    running = run_status(folder)
    kill_tree(process)
    assert f"process {process.pid} on " in running.writer
    assert (running.workers, running.blocks, running.is_complete) == (1, 200, False)
    assert 20 <= running.blocks_done < 200
    assert running.rate > 0.0
    assert running.seconds_left is not None
    assert running.simulate_share + running.store_share == pytest.approx(1.0, abs=0.1)
    code, said, _ = ended(unwind("status", folder))
    assert code == 0
    assert "toy: stopped; " in said
    assert f"Finish it with: unwind resume {folder}" in said


def test_status_names_what_was_given_up_until_it_is_done(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    outcome = run_scenario(load_toy(), tmp_path / "run", terms=Terms(shard=Shard(1, 2)))
    run = outcome.folder
    failed = [FailedBlock(number, 8 * number, 8, "ValueError: poison", 2, time.time()) for number in (0, 1)]
    for block in failed:
        append_failure(ledger_file(run.path, "", "failures"), run.manifest.run_key, block)
    assert run_status(run.path).given_up == (failed[1],)
    assert tell_status(str(run.path)) == 0
    assert "given up: paths 8 to 15 after 2 attempts: ValueError: poison" in capsys.readouterr().out
    assert resume(run.path) == 0
    assert run_status(run.path).given_up == ()


def test_the_log_tells_what_happened(tmp_path: Path) -> None:
    run_scenario(load_toy(), tmp_path / "run")
    (tmp_path / "run" / "results.zarr" / "rounds" / "c.1.0").unlink()
    assert resume(tmp_path / "run") == 0
    lines = [json.loads(line) for line in (tmp_path / "run" / "run.log").read_text().splitlines()]
    assert [line["event"] for line in lines] == ["begun", "working", "ended", "resumed", "working", "ended"]
    assert lines[3]["blocks_damaged"] == {"1": "cannot be read: rounds: the chunk of block 1 is missing"}
    assert lines[5]["is_complete"]


# Shards


def test_shards_at_the_same_time_make_one_run(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    words = ("run", TOY, "--paths", "400", "-o", folder, "--threads", "1")
    shards = [unwind(*words, "--shard", f"{number}/3") for number in (1, 2, 3)]
    endings = [ended(shard) for shard in shards]
    assert [code for code, _, _ in endings] == [0, 0, 0], endings
    run = open_run(folder)
    assert run.manifest.status == "complete"
    assert sum("± is one Monte Carlo standard error" in said for _, said, _ in endings) >= 1  # the last one's
    assert {file.name for file in folder.glob("ledger-*")} == {
        f"ledger-{number}-of-3.jsonl" for number in (1, 2, 3)
    }
    assert ledger_lines(folder) == 50
    assert verify_run(folder) == []
    run_scenario(load_toy("paths=400"), tmp_path / "whole")
    assert digest(folder) == digest(tmp_path / "whole")


def test_what_a_shard_left_is_finished_by_resume(tmp_path: Path) -> None:
    loaded = load_toy("paths=80")
    run_scenario(loaded, tmp_path / "run", terms=Terms(shard=Shard(2, 3)))
    assert sorted(open_run(tmp_path / "run").finished) == [1, 4, 7]
    with pytest.raises(OutputError, match="incomplete run"):
        open_results(tmp_path / "run")
    assert resume(tmp_path / "run") == 0
    assert open_results(tmp_path / "run").sizes["path"] == 80


def test_what_a_killed_worker_left_half_written_is_gone_when_the_run_is_complete(tmp_path: Path) -> None:
    run_scenario(load_toy(), tmp_path / "run", terms=Terms(shard=Shard(1, 2)))
    left = tmp_path / "run" / "results.zarr" / "dislocation" / "c.1.0.0.12-34.partial"
    left.write_bytes(b"half")
    run_scenario(load_toy(), tmp_path / "run", terms=Terms(shard=Shard(2, 2)))
    assert not left.exists()
    assert verify_run(tmp_path / "run") == []


def test_a_shard_and_a_whole_run_keep_each_other_away(tmp_path: Path) -> None:
    with locked(tmp_path / "run", "1-of-2"):
        with locked(tmp_path / "run", "2-of-2"):
            pass
        for shard in ("", "1-of-2"):
            with pytest.raises(OutputError, match=r"another run is writing there \(process \d+ on"):
                locked(tmp_path / "run", shard).__enter__()
    with locked(tmp_path / "run"), pytest.raises(OutputError, match="another run is writing"):
        locked(tmp_path / "run", "1-of-2").__enter__()


@pytest.mark.parametrize("text", ["", "3", "0/2", "3/2", "1/0", "a/b", "-1/2", "1/2/3", "1/1000000"])
def test_what_is_no_shard_is_refused(text: str) -> None:
    with pytest.raises(OutputError, match="found no part of a run"):
        Shard.parse(text)


# Behind URLs


FTP = """
import sys
from pyftpdlib.authorizers import DummyAuthorizer
from pyftpdlib.handlers import FTPHandler
from pyftpdlib.servers import ThreadedFTPServer
import logging
logging.basicConfig(level=logging.CRITICAL)
authorizer = DummyAuthorizer()
authorizer.add_anonymous(sys.argv[1], perm="elradfmwMT")
authorizer.add_user("anna", "s3cr3t", sys.argv[1], perm="elradfmwMT")
FTPHandler.authorizer = authorizer
server = ThreadedFTPServer(("127.0.0.1", 0), FTPHandler)
print(server.address[1], flush=True)
server.serve_forever()
"""


@pytest.fixture(scope="module")
def ftp(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """A server of files on loopback: its URL, and the folder that it serves."""
    folder = tmp_path_factory.mktemp("ftp")
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", FTP, str(folder)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    port = process.stdout.readline().strip()
    yield f"ftp://127.0.0.1:{port}", folder
    process.kill()
    process.wait()
    process.stdout.close()


def test_a_server_of_files_holds_a_run(ftp: tuple[str, Path], finished: Path) -> None:
    url, served = ftp
    whole = digest(finished)
    code, said, complained = ended(unwind("run", TOY, "-o", f"{url}/run", "--workers", "2"))
    assert code == 0, complained
    assert f"Results: {url}/run" in said
    assert {file.name for file in (served / "run").iterdir()} == {
        "manifest.json",
        "report.html",
        "ledger",
        "outcomes",
        "results.zarr",
        "run.log",
    }
    remote = place(f"{url}/run")
    assert digest(remote) == whole == digest(served / "run")
    assert verify_run_at(f"{url}/run") == 0
    chunk = served / "run" / "results.zarr" / "dislocation" / "c.1.0.0"
    chunk.write_bytes(chunk.read_bytes()[:-1])
    (served / "run" / "ledger" / "block-0000002.json").unlink()
    assert {damage.block for damage in verify_run(remote)} == {None, 1, 2}
    assert resume(f"{url}/run") == 0
    assert verify_run(remote) == []
    assert digest(remote) == whole
    assert tell_status(f"{url}/run") == 0


def test_a_password_is_nowhere_to_be_read(ftp: tuple[str, Path], unwind: Unwind) -> None:
    url, served = ftp
    place_of_run = f"{url.replace('//', '//anna:s3cr3t@')}/private"
    gone = "ftp://anna:s3cr3t@127.0.0.1:9/run"
    said = []
    for words, expected in (
        (("run", TOY, "-o", place_of_run, "--shard", "1/2"), 0),
        (("run", TOY, "-o", place_of_run, "--set", "seed=8"), BAD_INPUT),
        (("resume", place_of_run), 0),
        (("status", place_of_run), 0),
        (("verify", place_of_run, "--json"), 0),
        (("report", place_of_run), 0),
        (("--debug", "report", gone), ENVIRONMENT),
        (("run", TOY, "-o", gone), ENVIRONMENT),
    ):
        code, *texts = unwind(*map(str, words))
        assert code == expected, texts
        said += texts
    assert "anna" in "".join(said)
    written = [file.read_text(errors="replace") for file in (served / "private").rglob("*") if file.is_file()]
    assert len(written) > 10
    assert any("ftp://anna:***@" in text for text in written)  # the command, in the manifest
    assert not [text for text in (*said, *written) if "s3cr3t" in text]


def test_the_command_to_go_on_with_keeps_the_password_to_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["unwind", "run", "calm", "-o", "ftp://anna:p@ss@host/calm"])
    assert this_command() == "unwind run calm -o 'ftp://anna:***@host/calm'"


def test_results_in_memory_open_like_those_on_disk(finished: Path) -> None:
    folder = place("memory://run")
    run_scenario(load_toy(), folder)
    assert open_results("memory://run").equals(open_results(finished))
    assert verify_run("memory://run") == []
    with locked(folder):
        assert run_command(load_toy(), output="memory://run", quiet=True) == ENVIRONMENT
    assert run_command(load_toy("seed=8"), output="memory://run", quiet=True) == BAD_INPUT
    assert ".lock" not in names(folder)


@pytest.mark.parametrize("url", ["nosuch://bucket/run", "s3://bucket/run"])
def test_urls_that_nothing_here_can_open_are_told(
    url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "s3fs", None)
    assert run_command(load_toy(), output=url) == BAD_INPUT
    assert "cannot be used" in capsys.readouterr().err


def test_a_server_that_is_gone_is_told() -> None:
    with pytest.raises(OutputError, match="cannot be reached"):
        place("ftp://127.0.0.1:9/run")
