"""One writer at a time: a lock on the folder of a run, and a token by which a worker knows that it still holds.

A local lock belongs to a process and ends with it, however it ends. Storage behind a URL has no such locks:
there it is an object that its holder renews, and one that was not renewed for a while is taken over. Object stores
that create an object only if there is none (S3 does) let one of two in that come at once; on other storage the last to
write has it, and the other stops at its next block. Each shard of a run that is shared out (``--shard 2/5``) has a
lock of its own, beside one that keeps whole runs away.
"""

from __future__ import annotations

import json
import os
import platform
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

import portalocker

from simulator.results.errors import OutputError, plain
from simulator.results.places import (
    is_local,
    make_folder,
    names,
    put_new,
    put_unchecked,
    read_bytes,
    remove,
    shown,
)

LOCK = ".lock"
SET_UP = f"{LOCK}-setup"
#: A lock object is renewed this often, and dead when it is older than that, in seconds.
RENEW_S, DEAD_S = 20.0, 120.0
#: Attempts at a lock: somebody may just be looking who holds it.
TRIES = 4
#: How long a shard waits for another to set up the folder; behind a URL, also until a dead one is known to be dead.
SET_UP_S = 60.0


@dataclass(frozen=True)
class Fence:
    """What a worker checks before it writes: that the run it works for still holds its folder."""

    file: Path
    token: str

    def check(self) -> None:
        """Refuse to write for a run that ended or that another has replaced.

        Raises
        ------
        OutputError
            If the folder is not seen from here, or is held by another.
        """
        for _ in range(3):  # a lock object may be just being renewed
            said = _read(self.file)
            if said.get("token") == self.token:
                return
            time.sleep(0.05)
        folder = self.file.parent
        if not said:
            raise OutputError(
                f"{shown(folder)}: is not seen from the worker on {platform.node()}. Use a folder that all machines"
                " share, under the same name, or a URL with -o."
            )
        raise OutputError(f"{shown(folder)}: another run has taken over ({_holder(said)}); this one stops.")


@contextmanager
def locked(folder: Path, shard: str = "") -> Iterator[Fence]:
    """Hold a folder against other writers; created if it does not exist.

    Parameters
    ----------
    shard
        Name of the part of the run that is ours, such as ``2-of-5``; other parts may be written meanwhile.

    Raises
    ------
    OutputError
        If another process holds it, with its number and machine, or there is no such bucket.
    """
    make_folder(folder)
    file = folder / (f"{LOCK}-{shard}" if shard else LOCK)
    fence = Fence(file, uuid.uuid4().hex)
    if not is_local(folder):
        with _object_lock(folder, fence):
            yield fence
        return
    with (folder / LOCK).open("a+b") as whole:
        _take(whole, folder / LOCK, is_shared=bool(shard))
        if not shard:
            _write_local(file, fence.token)
            yield fence
            return
        with file.open("a+b") as part:
            _take(part, file)
            _write_local(file, fence.token)
            yield fence


@contextmanager
def setting_up(folder: Path) -> Iterator[None]:
    """Keep other shards away while the folder is begun or completed.

    Raises
    ------
    OutputError
        If that takes another shard too long.
    """
    file = folder / SET_UP
    if not is_local(folder):
        with _object_lock(folder, Fence(file, uuid.uuid4().hex), wait_s=DEAD_S + SET_UP_S):
            yield
        return
    with file.open("a+b") as stream:
        deadline = time.monotonic() + SET_UP_S
        while True:
            try:
                _lock(stream)
                break
            except portalocker.AlreadyLocked:
                if time.monotonic() > deadline:
                    raise OutputError(
                        f"{folder}: another shard is setting up the folder for too long."
                    ) from None
                time.sleep(0.05)
        yield


def holder_of(folder: Path) -> str:
    """Who is writing a run now, in words; empty if nobody."""
    locks = [name for name in names(folder) if name.startswith(LOCK) and name != SET_UP]
    said = {name: _read(folder / name) for name in sorted(locks)}
    held = [name for name in said if _is_held(folder / name, said[name])]
    if len(held) > 1:  # shards hold the lock of whole runs together: what it says is of an earlier one
        held.remove(LOCK)
    return "; ".join(_holder(said[name]) for name in held)


def _is_held(file: Path, said: dict[str, str]) -> bool:
    if not is_local(file):
        return _is_fresh(said)
    with file.open("rb") as stream:
        try:
            _lock(stream)
        except portalocker.AlreadyLocked:
            return True
    return False


def _lock(stream: IO[bytes], *, is_shared: bool = False) -> None:
    """Lock an open file at once, or raise ``portalocker.AlreadyLocked``."""
    kind = portalocker.LockFlags.SHARED if is_shared else portalocker.LockFlags.EXCLUSIVE
    portalocker.lock(stream, kind | portalocker.LockFlags.NON_BLOCKING)


def _take(stream: IO[bytes], file: Path, *, is_shared: bool = False) -> None:
    for _ in range(TRIES):
        try:
            _lock(stream, is_shared=is_shared)
            return
        except portalocker.AlreadyLocked:
            time.sleep(0.05)
    raise _refused(file.parent, holder_of(file.parent))


def _refused(folder: Path, holder: str) -> OutputError:
    return OutputError(
        f"{shown(folder)}: another run is writing there ({holder or 'process unknown'}). Wait for it, or choose"
        " another folder with -o."
    )


def _said(token: str) -> bytes:
    now = datetime.now(UTC).isoformat(timespec="seconds")
    said = {"process": os.getpid(), "machine": platform.node(), "since": now, "token": token}
    return json.dumps(said | {"renewed": time.time()}).encode()


def _write_local(file: Path, token: str) -> None:
    with file.open("r+b") as stream:
        stream.truncate(0)
        stream.write(_said(token))


def _read(file: Path) -> dict[str, str]:
    """What a lock says; nothing if there is none or it cannot be understood."""
    try:
        return _understood(read_bytes(file))
    except OSError:
        return {}


def _understood(data: bytes) -> dict[str, str]:
    try:
        said = json.loads(data)
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}


def _holder(said: dict[str, str]) -> str:
    try:
        return plain(f"process {said['process']} on {said['machine']} since {said['since']}")
    except KeyError:
        return "process unknown"


# Objects as locks


@contextmanager
def _object_lock(folder: Path, fence: Fence, wait_s: float = 0.0) -> Iterator[None]:
    deadline = time.monotonic() + wait_s
    try:
        while not _has_object(folder, fence, is_last=time.monotonic() >= deadline):
            time.sleep(0.2)
        with _renewing(fence):
            yield
    finally:
        with suppress(OSError):  # storage that is gone: nobody renews it, so it ends by itself
            if _read(fence.file).get("token") == fence.token:
                remove(fence.file)


def _has_object(folder: Path, fence: Fence, *, is_last: bool) -> bool:
    """Whether a lock object is ours now; the last time, who has it is told."""
    try:
        _take_object(folder, fence)
        _keep_to_others(folder, fence)
        time.sleep(0.2)  # where one looks, then writes, two may have: the last to write has it
        fence.check()
    except OutputError:
        if is_last:
            raise
        return False
    return True


def _take_object(folder: Path, fence: Fence) -> None:
    """Put a lock object where there is none, or in place of one that its holder left behind."""
    for _ in range(TRIES):
        if put_new(fence.file, _said(fence.token)):
            return
        said = _read_object(fence.file)
        if said.get("token") == fence.token:  # the request was sent twice
            return
        if _is_fresh(said):
            raise _refused(folder, _holder(said))
        remove(fence.file)
    raise _refused(folder, holder_of(folder))


def _keep_to_others(folder: Path, fence: Fence) -> None:
    """Refuse a whole run beside any other, and a shard beside a whole run.

    Ours lies there already: of two that come at once each finds the other, and at most one goes on.
    """
    found = {name for name in names(folder) if name.startswith(LOCK)} - {fence.file.name}
    for name in sorted(found if fence.file.name == LOCK else found & {LOCK}):
        said = _read_object(folder / name)
        if _is_fresh(said):
            raise _refused(folder, _holder(said))


def _read_object(file: Path) -> dict[str, str]:
    """What a lock object says; nothing if there is none. Storage that fails is told, and not taken for no lock.

    Raises
    ------
    OSError
        If it cannot be read.
    """
    try:
        return _understood(read_bytes(file))
    except FileNotFoundError:
        return {}


@contextmanager
def _renewing(fence: Fence) -> Iterator[None]:
    """Say now and then that a lock object is held."""
    ended = threading.Event()

    def renew() -> None:
        while not ended.wait(RENEW_S):
            with suppress(OSError):  # storage that fails for a while: again in some seconds
                if _read(fence.file).get("token") == fence.token:
                    put_unchecked(fence.file, _said(fence.token))

    thread = threading.Thread(target=renew, name="lock", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def _is_fresh(said: dict[str, str]) -> bool:
    """Whether a lock object is still held: renewed of late, by a process that can be alive."""
    try:
        if time.time() - float(said["renewed"]) > DEAD_S:
            return False
        if said["machine"] == platform.node() and int(said["process"]) != os.getpid():
            os.kill(int(said["process"]), 0)
    except (KeyError, ValueError, TypeError, ProcessLookupError):
        return False
    except PermissionError:
        pass
    return True
