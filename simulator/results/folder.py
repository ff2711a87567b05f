"""The folder of a run: which one, whose it is, and one writer at a time.

A folder is written into when it is new or empty, or when its manifest says that it is this very run.
Nothing is ever deleted from a folder that has no manifest of ours, and only our own files from one that
has.
"""

from __future__ import annotations

import fcntl
import json
import os
import platform
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from simulator.results.errors import BAD_INPUT, OutputError, plain
from simulator.results.layout import Layout
from simulator.results.ledger import FinishedBlock, create_ledger, read_ledger
from simulator.results.manifest import MANIFEST, Manifest, differences, read_manifest, write_manifest
from simulator.results.template import check_template, create_template

ROOT = Path("outputs")
STORE, LEDGER, LOCK = "results.zarr", "ledger.jsonl", ".lock"
SAFE_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,79}")


@dataclass(frozen=True)
class RunFolder:
    """A folder that this process may write a run into.

    Parameters
    ----------
    finished
        Blocks that the ledger says are on disk.
    broken_lines
        Lines of the ledger that count as not written.
    """

    path: Path
    manifest: Manifest
    finished: dict[int, FinishedBlock]
    broken_lines: tuple[int, ...] = ()

    @property
    def store(self) -> Path:
        """The Zarr store."""
        return self.path / STORE

    @property
    def ledger(self) -> Path:
        """The ledger of finished blocks."""
        return self.path / LEDGER

    @property
    def layout(self) -> Layout:
        """Size and labels of the store."""
        return self.manifest.store_layout()


def choose_folder(name: str, chosen: Path | None) -> Path:
    """Folder for a run: what the user chose, a bare name inside ``outputs/``, or ``outputs/NAME``.

    Raises
    ------
    OutputError
        If the last part is no plain name.
    """
    folder = ROOT / name if chosen is None else chosen
    if chosen is not None and chosen.parent == Path() and not chosen.is_absolute():
        folder = ROOT / chosen
    last = name if chosen is None else chosen.name
    if not SAFE_NAME.fullmatch(last):
        raise OutputError(
            f"-o {plain(str(folder))}: found {plain(last)!r} as the name of a run; allowed are"
            " 1 to 80 letters, digits, dots, dashes and underscores that begin with none of . and -.",
            BAD_INPUT,
        )
    return folder


@contextmanager
def locked(folder: Path, name: str = LOCK) -> Iterator[None]:
    """Hold a folder, or the part of it that ``name`` stands for, against other writers; created if need be.

    The lock belongs to the process and ends with it, however it ends: what a dead writer left is no obstacle.

    Raises
    ------
    OutputError
        If another process holds it, with its number and machine.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / name).open("a+b") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            stream.seek(0)
            raise OutputError(
                f"{folder}: another run is writing there ({_holder(stream.read())}). Wait for it, or choose"
                " another folder with -o."
            ) from error
        now = datetime.now(UTC).isoformat(timespec="seconds")
        stream.truncate(0)
        stream.write(json.dumps({"process": os.getpid(), "machine": platform.node(), "since": now}).encode())
        stream.flush()
        yield


def _holder(said: bytes) -> str:
    try:
        holder = json.loads(said)
        return plain(f"process {holder['process']} on {holder['machine']} since {holder['since']}")
    except (ValueError, KeyError, TypeError):
        return "process unknown"


def begin_or_resume(folder: Path, manifest: Manifest, *, overwrite: bool) -> RunFolder:
    """Make a locked folder ready for a run: begin it, or find what is finished of this very run.

    Raises
    ------
    OutputError
        If the folder holds something else.
    OSError
        If it cannot be written.
    """
    if _is_used(folder):
        found = _manifest_of(folder)
        if found.run_key != manifest.run_key and not overwrite:
            other = ", ".join(differences(found, manifest))
            raise OutputError(
                f"{folder}: found another run there: {other} changed. Choose another folder with -o,"
                " or replace it with --overwrite.",
                BAD_INPUT,
            )
        if not overwrite and (folder / LEDGER).is_file():
            check_template(folder / STORE, manifest.store_layout())
            return open_run(folder)
        _delete_run(folder)
    write_manifest(folder, manifest)
    create_template(folder / STORE, manifest.store_layout())
    create_ledger(folder / LEDGER)  # last: it says that the rest is there
    return RunFolder(folder, manifest, {})


def open_run(folder: Path) -> RunFolder:
    """A run that exists, to read it.

    Raises
    ------
    OutputError
        If there is none.
    """
    manifest = read_manifest(folder)
    try:
        ledger = read_ledger(folder / LEDGER, manifest.run_key)
    except OSError as error:
        raise OutputError(
            f"{folder / LEDGER}: cannot be read: {error.strerror}. Run the scenario again."
        ) from error
    return RunFolder(folder, manifest, ledger.blocks, ledger.broken_lines)


def _is_used(folder: Path) -> bool:
    return any(entry.name != LOCK and not entry.name.startswith(MANIFEST + ".") for entry in folder.iterdir())


def _manifest_of(folder: Path) -> Manifest:
    if not (folder / MANIFEST).is_file():
        raise OutputError(
            f"{folder}: found files there that no run of Unwind wrote. Choose another folder with -o; this"
            " one is left as it is.",
            BAD_INPUT,
        )
    return read_manifest(folder)


def _delete_run(folder: Path) -> None:
    """Delete our own files, the manifest last: a folder half deleted is still known as ours."""
    (folder / LEDGER).unlink(missing_ok=True)
    if (folder / STORE).is_symlink():
        raise OutputError(
            f"{folder / STORE}: found a link; it is left as it is. Choose another folder with -o."
        )
    if (folder / STORE).exists():
        shutil.rmtree(folder / STORE)
    (folder / MANIFEST).unlink(missing_ok=True)
