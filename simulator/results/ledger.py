"""The ledger of finished blocks: the only word on what a run has, since a missing chunk reads as NaN.

One line of JSON a block, appended and forced to disk after the block was read back. Every line carries a
check of itself and of the run that it belongs to: a line that is torn, edited or from another run counts
as not written, and its block is computed again.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class FinishedBlock:
    """What the ledger says of a block.

    Parameters
    ----------
    block, first_path, paths
        Its number and its paths.
    sha256
        Hash of its numbers: ``store.Written``.
    stored_bytes, seconds
        Size on disk, and time it took to simulate and write.
    stopped
        Paths that stopped, by name of the status code.
    audit
        Worst residual of each identity with stage, day and path; empty when the run was not audited.
    """

    block: int
    first_path: int
    paths: int
    sha256: str
    stored_bytes: int
    seconds: float
    stopped: Mapping[str, int] = field(default_factory=dict)
    audit: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True)
class Ledger:
    """Finished blocks of a run.

    Parameters
    ----------
    blocks
        By number; when a block was finished twice, the later one.
    broken_lines
        Numbers of lines that are torn, edited or of another run.
    """

    blocks: dict[int, FinishedBlock]
    broken_lines: tuple[int, ...]


def create_ledger(file: Path) -> None:
    """Begin an empty ledger, on disk when this returns."""
    with file.open("xb") as stream:
        os.fsync(stream.fileno())
    sync_folder(file.parent)


def append_block(file: Path, run_key: str, finished: FinishedBlock) -> None:
    """Add a block; it is on the disk when this returns.

    Raises
    ------
    OSError
        If it cannot be written; the block then counts as not finished.
    """
    append_entry(file, run_key, asdict(finished))


def append_entry(file: Path, run_key: str, entry: Mapping[str, Any]) -> None:
    """Add an entry of plain values, with its check; it is on the disk when this returns.

    Raises
    ------
    OSError
        If it cannot be written; what it says then counts as not done.
    """
    line = _line(run_key, dict(entry))
    with file.open("r+b") as stream:
        end = stream.seek(0, os.SEEK_END)
        if end:  # a writer killed while it wrote leaves a torn line: begin a new one
            stream.seek(-1, os.SEEK_END)
            torn = stream.read(1) != b"\n"
            line = b"\n" * torn + line
        stream.write(line)
        stream.flush()
        os.fsync(stream.fileno())


def read_ledger(file: Path, run_key: str) -> Ledger:
    """Read what is finished; lines that cannot be trusted are left out and counted.

    Raises
    ------
    OSError
        If there is no ledger.
    """
    blocks: dict[int, FinishedBlock] = {}
    entries, broken = read_entries(file, run_key)
    for number, entry in entries:
        try:
            finished = FinishedBlock(**{**entry, "audit": tuple(entry["audit"])})
        except (KeyError, TypeError):
            broken.append(number)
            continue
        blocks[finished.block] = finished
    return Ledger(blocks, tuple(sorted(broken)))


def read_entries(file: Path, run_key: str) -> tuple[list[tuple[int, dict[str, Any]]], list[int]]:
    """Entries that can be trusted, each with the number of its line, and the numbers of the other lines.

    Raises
    ------
    OSError
        If there is no ledger.
    """
    entries, broken = [], []
    for number, line in enumerate(file.read_bytes().split(b"\n"), start=1):
        if not line:
            continue
        try:
            entry = json.loads(line)
            said = entry.pop("check")
            if said != _check(run_key, entry):
                raise ValueError("the check is wrong")
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            broken.append(number)
            continue
        entries.append((number, entry))
    return entries, broken


def sync_folder(folder: Path) -> None:
    """Force a folder's list of files to disk, so that a new or renamed file survives a loss of power."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _line(run_key: str, entry: dict[str, Any]) -> bytes:
    return json.dumps({**entry, "check": _check(run_key, entry)}, allow_nan=True).encode() + b"\n"


def _check(run_key: str, entry: dict[str, Any]) -> str:
    canonical = json.dumps(entry, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(f"{run_key} {canonical}".encode()).hexdigest()[:16]
