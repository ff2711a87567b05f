"""Runs in object storage, against a real S3 server: kills, injuries, locks, shards, and all that reads results."""

from __future__ import annotations

import json
import os
import shutil
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from simulator.ensemble.execution import run_scenario
from simulator.results import locks
from simulator.results.errors import BAD_INPUT, ENVIRONMENT, OutputError
from simulator.results.folder import open_run
from simulator.results.locks import LOCK, Fence, locked
from simulator.results.places import names, place, put_unchecked
from simulator.results.reading import open_results, verify_run
from simulator.results.store import results_digest
from tests.ensemble.clusters import children, ended, is_worker, kill_tree, unwind
from tests.ensemble.conftest import TOY, load_toy, resume
from tests.ensemble.object_storage import environment, s3_server
from tests.patience import wait_until

pytestmark = pytest.mark.slow  # to install the server and to serve some thousand objects takes minutes

PATHS, BLOCK = 24, 4
BLOCKS = PATHS // BLOCK
RUN = ("run", TOY, "--paths", str(PATHS), "--set", f"numerics.block={BLOCK}", "--no-report")
OVERRIDES = (f"paths={PATHS}", f"numerics.block={BLOCK}")
BUCKET = "results"


@pytest.fixture(scope="module")
def bucket(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """URL of an empty bucket; programs that are started find it too."""
    pytest.importorskip("s3fs")
    with (
        s3_server(tmp_path_factory.mktemp("s3") / "server.log") as address,
        pytest.MonkeyPatch.context() as patch,
    ):
        for name, value in environment(address).items():
            patch.setenv(name, value)
        patch.delenv("AWS_PROFILE", raising=False)
        storage().mkdir(BUCKET)
        yield f"s3://{BUCKET}"


def storage() -> Any:
    """The server as s3fs sees it, without what that remembers."""
    import s3fs

    return s3fs.S3FileSystem(use_listings_cache=False)


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same run in a folder of this machine."""
    folder = tmp_path_factory.mktemp("local") / "run"
    run_scenario(load_toy(*OVERRIDES), folder)
    return folder


def digest(folder: str | Path) -> str:
    run = open_run(place(folder))
    return results_digest(run.store, run.layout)


def done(url: str) -> int:
    """Blocks in the ledger."""
    return sum(name.startswith("block-") for name in names(place(url) / "ledger"))


# Kills


def test_killed_again_and_again_it_ends_with_the_same_bits(bucket: str, local: Path) -> None:
    url = f"{bucket}/killed"
    for kill in range(2):
        before = done(url)
        process = unwind(*RUN, "-o", url, "--threads", "2")
        wait_until(lambda: done(url) > before or process.poll() is not None, "no progress")  # noqa: B023
        time.sleep(0.1 * kill)  # while objects of the next block are sent
        kill_tree(process)
        assert process.returncode == -signal.SIGKILL
        assert LOCK in names(place(url))  # nobody was left to take it away
        with pytest.raises(OutputError, match="incomplete run"):
            open_results(url)
    recorded = {
        name: storage().modified(f"{BUCKET}/killed/ledger/{name}") for name in names(place(url) / "ledger")
    }
    assert 2 <= len(recorded) - 1 < BLOCKS
    code, _, complained = ended(unwind("resume", url, "--no-report"))
    assert code == 0, complained
    assert verify_run(url) == []
    assert digest(url) == digest(local)
    for name, written in recorded.items():  # what was in the ledger was not computed again
        assert storage().modified(f"{BUCKET}/killed/ledger/{name}") == written
    assert LOCK not in names(place(url))


def test_a_worker_that_is_killed_costs_time_only(bucket: str, local: Path) -> None:
    url = f"{bucket}/workers"
    process = unwind(*RUN, "-o", url, "--workers", "2")
    wait_until(lambda: done(url) > 1 or process.poll() is not None, "no progress")
    workers = [child for child in children(process.pid) if is_worker(child)]
    os.kill(workers[0], signal.SIGKILL)
    code, _, complained = ended(process)
    assert code == 0, complained
    assert verify_run(url) == []
    assert digest(url) == digest(local)


# Injuries


def test_injuries_are_found_and_exactly_what_is_damaged_is_done_again(bucket: str, local: Path) -> None:
    url = f"{bucket}/injured"
    run_scenario(load_toy(*OVERRIDES), place(url))
    store, here = storage(), f"{BUCKET}/injured"
    chunks = f"{here}/results.zarr/dislocation"
    whole = {name: store.cat(f"{chunks}/c.{name}.0.0") for name in range(BLOCKS)}
    flipped = bytearray(whole[1])
    flipped[len(flipped) // 2] ^= 1
    injuries = {
        "flipped": (f"{chunks}/c.1.0.0", bytes(flipped), {1}),
        "cut": (f"{chunks}/c.2.0.0", whole[2][:-7], {2}),
        "deleted": (f"{chunks}/c.3.0.0", None, {3}),
        "another's": (f"{chunks}/c.4.0.0", whole[0], {4}),
        "entry deleted": (f"{here}/ledger/block-0000005.json", None, {5}),
        "entry edited": (f"{here}/ledger/block-0000000.json", b'{"block": 0}', {0}),
        "metadata": (f"{chunks}/zarr.json", b"{}", set()),
        "stray": (f"{chunks}/notes.txt", b"keep this", set()),
    }
    for name, data, _ in injuries.values():
        if data is None:
            store.rm_file(name)
        else:
            store.pipe_file(name, data)
    told = [f"block {damage.block} {damage.what}" for damage in verify_run(url)]
    for kind, sign in {
        "flipped": "block 1 cannot be read: dislocation",
        "cut": "block 2 cannot be read: dislocation",
        "deleted": "block 3 cannot be read: dislocation: the chunk of block 3 is missing",
        "another's": "block 4 is not what the ledger says",
        "entry deleted": "block 5 is not in the ledger",
        "entry edited": "ledger/block-0000000.json is broken",
        "metadata": "dislocation/zarr.json",
        "stray": "dislocation/notes.txt does not belong there",
    }.items():
        assert any(sign in line for line in told), f"{kind} was not found: {told}"
    store.pipe_file(f"{here}/results.zarr/mine/notes.txt", b"keep this too")
    assert "results.zarr is not ours: mine does not belong there" in "".join(
        each.what for each in verify_run(url)
    )
    before_resume = written(url)
    assert resume(url) == 0
    assert verify_run(url) == []
    assert digest(url) == digest(local)
    expected = {block for _, _, blocks in injuries.values() for block in blocks}
    changed = {chunk for chunk, at in written(url).items() if at != before_resume.get(chunk)}
    assert {int(chunk.rsplit("/c.", 1)[1].split(".")[0]) for chunk in changed} == expected
    kept = names(place(url) / "set-aside")
    assert kept == {"dislocation.notes.txt", "mine"}
    assert store.cat(f"{here}/set-aside/mine/notes.txt") == b"keep this too"


def written(url: str) -> dict[str, Any]:
    """When each chunk was written."""
    found = storage().find(f"{url}/results.zarr", detail=True)
    return {
        name: entry["LastModified"] for name, entry in found.items() if "/c." in name and name.count(".") > 2
    }


# Who may write


def test_of_many_that_begin_at_once_one_writes(bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert together(place(f"{bucket}/raced")) == 1

    def look_then_write(file: Path, data: bytes) -> bool:
        time.sleep(0.2)
        put_unchecked(file, data)
        return True

    monkeypatch.setattr(locks, "put_new", look_then_write)
    monkeypatch.setattr(Fence, "check", lambda fence: None)
    assert together(place(f"{bucket}/raced-unguarded")) > 1


def together(folder: Path, count: int = 6) -> int:
    """How many of some threads hold a folder at once that all ask for it at the same moment."""
    begin, held, over = threading.Barrier(count), [], threading.Barrier(count)

    def ask() -> None:
        begin.wait()
        with ExitStack() as stack:
            try:
                stack.enter_context(locked(folder))
                held.append(threading.get_ident())
            except OutputError:
                pass
            over.wait()

    threads = [threading.Thread(target=ask) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return len(held)


def test_a_shard_and_a_whole_run_keep_each_other_away(bucket: str) -> None:
    folder = place(f"{bucket}/kept")
    with locked(folder, "1-of-2"):
        with locked(folder, "2-of-2"):
            pass
        for shard in ("", "1-of-2"):
            with pytest.raises(OutputError, match=r"another run is writing there \(process \d+ on"):
                locked(folder, shard).__enter__()
        assert names(folder) == {f"{LOCK}-1-of-2"}  # who was refused left nothing behind
    with locked(folder), pytest.raises(OutputError, match="another run is writing"):
        locked(folder, "1-of-2").__enter__()
    code, _, complained = ended_beside(folder, f"{bucket}/kept")
    assert code == ENVIRONMENT
    assert f"{bucket}/kept: another run is writing there (process {os.getpid()} on" in complained


def ended_beside(folder: Path, url: str) -> tuple[int, str, str]:
    """How a run ends that finds the folder held."""
    with locked(folder):
        return ended(unwind(*RUN, "-o", url))


def test_a_lock_of_another_machine_is_taken_over_once_nobody_renews_it(bucket: str) -> None:
    folder = place(f"{bucket}/abandoned")
    file = folder / LOCK
    said = {"process": 1, "machine": "elsewhere", "since": "today", "token": "theirs", "renewed": time.time()}
    put_unchecked(file, json.dumps(said).encode())
    with pytest.raises(OutputError, match=r"process 1 on elsewhere"):
        locked(folder).__enter__()
    put_unchecked(file, json.dumps(said | {"renewed": time.time() - locks.DEAD_S - 1.0}).encode())
    with locked(folder), pytest.raises(OutputError, match="another run has taken over"):
        Fence(file, "theirs").check()
    assert names(folder) == set()


def test_shards_at_the_same_time_make_one_run(bucket: str, local: Path) -> None:
    url = f"{bucket}/shards"
    shards = [unwind(*RUN, "-o", url, "--threads", "1", "--shard", f"{number}/2") for number in (1, 2)]
    endings = [ended(shard) for shard in shards]
    assert [code for code, _, _ in endings] == [0, 0], endings
    assert open_run(place(url)).manifest.status == "complete"
    assert verify_run(url) == []
    assert digest(url) == digest(local)


# What reads


@pytest.fixture(scope="module")
def finished(bucket: str) -> str:
    url = f"{bucket}/finished"
    run_scenario(load_toy(*OVERRIDES), place(url))
    return url


def test_results_open_as_those_on_disk(finished: str, local: Path) -> None:
    ours = open_results(local)
    assert open_results(finished).equals(ours)
    chunked = open_results(finished, chunked=True)
    np.testing.assert_array_equal(chunked["dislocation"].compute(), ours["dislocation"])


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("status",), f"toy: complete; {PATHS} of {PATHS} paths"),
        (("verify",), f"whole; {BLOCKS} blocks, {PATHS} paths"),
        (("report",), "report.html"),
        (("export", "--format", "csv"), "tables: "),
    ],
)
def test_commands_that_read(finished: str, words: tuple[str, ...], said: str) -> None:
    command, *rest = words
    code, told, complained = ended(unwind(command, finished, *rest))
    assert code == 0, complained
    assert said in told


def test_a_copy_on_disk_is_the_run(finished: str, local: Path, tmp_path: Path) -> None:
    storage().get(f"{finished}/", f"{tmp_path}/copy/", recursive=True)
    assert verify_run(tmp_path / "copy") == []
    assert digest(tmp_path / "copy") == digest(local)
    shutil.rmtree(tmp_path / "copy" / "results.zarr" / "dislocation")
    assert resume(tmp_path / "copy") == 0
    assert digest(tmp_path / "copy") == digest(local)


# What is told


def test_a_bucket_that_does_not_exist_is_told_and_not_made(bucket: str) -> None:
    code, _, complained = ended(unwind(*RUN, "-o", "s3://no-such-bucket/run"))
    assert code == BAD_INPUT
    assert "s3://no-such-bucket/run: found no bucket no-such-bucket. Check its name" in complained
    assert not storage().exists("s3://no-such-bucket")


def test_a_server_that_is_gone_is_told_and_is_not_an_empty_folder(finished: str) -> None:
    for words in (("status", finished), ("verify", finished), ("resume", finished), (*RUN, "-o", finished)):
        code, _, complained = ended(unwind(*words, AWS_ENDPOINT_URL="http://127.0.0.1:9"))
        assert code == ENVIRONMENT, complained
        assert f"{finished}: the storage does not do what it was asked" in complained
