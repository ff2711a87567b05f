"""Shards that set up one folder take turns, also where storage has no locks but objects."""

from __future__ import annotations

import errno
import threading
import time
import uuid
from pathlib import Path

import pytest

from simulator.results import locks
from simulator.results.errors import OutputError
from simulator.results.locks import LOCK, SET_UP, locked, setting_up
from simulator.results.places import file_system, names, place, put_new, read_bytes


@pytest.fixture(params=["a disk", "objects"])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return tmp_path if request.param == "a disk" else place(f"memory://{uuid.uuid4().hex}")


def test_shards_set_up_a_folder_one_after_the_other(folder: Path) -> None:
    inside, most = 0, 0

    def set_up(shard: str) -> None:
        nonlocal inside, most
        with locked(folder, shard), setting_up(folder):
            inside += 1
            most = max(most, inside)
            time.sleep(0.3)
            inside -= 1

    shards = [threading.Thread(target=set_up, args=(f"{number}-of-3",)) for number in (1, 2, 3)]
    for shard in shards:
        shard.start()
    for shard in shards:
        shard.join()
    assert most == 1


def test_who_waits_too_long_says_who_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    folder = place(f"memory://{uuid.uuid4().hex}")
    monkeypatch.setattr(locks, "DEAD_S", 1.0)
    monkeypatch.setattr(locks, "SET_UP_S", -0.5)
    with setting_up(folder):
        with pytest.raises(OutputError, match=r"another run is writing there \(process \d+"):
            setting_up(folder).__enter__()
        assert SET_UP in names(folder)
    assert names(folder) == set()


def test_a_shard_that_died_setting_up_is_waited_for_until_it_is_known(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    folder = place(f"memory://{uuid.uuid4().hex}")
    left = setting_up(folder)
    left.__enter__()
    monkeypatch.setattr(locks, "DEAD_S", 0.0)  # nobody renews it
    with setting_up(folder):
        assert names(folder) == {SET_UP}
    with locked(folder) as fence:
        assert fence.file.name == LOCK


@pytest.mark.parametrize("refusals", [1, 3])
def test_a_lock_that_is_given_back_while_it_is_asked_for_is_asked_for_again(
    monkeypatch: pytest.MonkeyPatch, refusals: int
) -> None:
    """Storage says that there is an object, and there is none when one looks; storage that fails says so too."""
    file = place(f"memory://{uuid.uuid4().hex}") / LOCK
    system, asked = file_system(file), 0
    honest = system.pipe_file

    def pipe_file(path: str, data: bytes, **mode: str) -> None:
        nonlocal asked
        asked += 1
        if asked <= refusals:
            raise OSError(errno.EINVAL, "a condition does not hold")
        honest(path, data, **mode)

    monkeypatch.setattr(system, "pipe_file", pipe_file)
    if refusals < 3:
        assert put_new(file, b"ours")
        assert not put_new(file, b"theirs")
        assert read_bytes(file) == b"ours"
    else:
        with pytest.raises(OSError, match="condition"):
            put_new(file, b"ours")
    assert asked == 3
