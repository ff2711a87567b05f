"""The ledger of finished blocks: the only word on what a run has, since a missing chunk reads as NaN.

One line of JSON a block, appended and forced to disk after the block was read back; behind a URL, where nothing
can be appended to, one object a block. Every line carries a check of itself and of the run that it belongs to: a
line that is torn, edited or from another run counts as not written, and its block is computed again. Blocks that
were given up have a file of the same form: what failed is told until it is done. Each shard of a run that is
shared out has files of its own, so that no two processes append to one.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

from simulator.results.places import (
    get,
    is_local,
    make_folder,
    names,
    put,
    put_durably,
    read_bytes,
    remove,
    sync_folder,
)
from simulator.results.plain_values import parsed

LEDGER, FAILURES = "ledger", "failures"
#: Object that says that a run behind a URL was begun.
BEGUN = "begun.json"


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
    simulate_seconds, store_seconds
        Parts of the time: drawing drivers and playing, and encoding, writing and reading back.
    finished_at, worker
        When, in seconds since 1970, and by which process on which machine.
    outcomes_sha256, measures_sha256
        Hashes of the file of its outcomes and of the code that made these: ``outcome_files``.
    """

    block: int
    first_path: int
    paths: int
    sha256: str
    stored_bytes: int
    seconds: float
    stopped: Mapping[str, int] = field(default_factory=dict)
    audit: tuple[Mapping[str, Any], ...] = ()
    simulate_seconds: float = 0.0
    store_seconds: float = 0.0
    finished_at: float = 0.0
    worker: str = ""
    outcomes_sha256: str = ""
    measures_sha256: str = ""


#: Whether a block is one of a run.
Fits: TypeAlias = Callable[[FinishedBlock], bool]


@dataclass(frozen=True)
class FailedBlock:
    """A block that was given up: its paths, what was raised, at how many attempts, and when."""

    block: int
    first_path: int
    paths: int
    error: str
    attempts: int
    failed_at: float


@dataclass(frozen=True)
class Ledger:
    """Finished blocks of a run.

    Parameters
    ----------
    blocks
        By number; when a block was finished twice, the later one.
    broken_lines
        Lines that are torn, edited or of another run, by file and number.
    """

    blocks: dict[int, FinishedBlock]
    broken_lines: tuple[str, ...]


def ledger_file(folder: Path, shard: str = "", kind: str = LEDGER) -> Path:
    """The file, or behind a URL the folder of objects, that a run or a shard of it writes to."""
    if not is_local(folder) or (folder / LEDGER).is_dir():  # or a copy of what was behind one
        return folder / kind
    return folder / (f"{kind}-{shard}.jsonl" if shard else f"{kind}.jsonl")


def create_ledger(file: Path) -> None:
    """Begin an empty ledger, on disk when this returns."""
    if _is_folder(file):
        make_folder(file)
        put(file, {BEGUN: b"{}"})
        return
    with file.open("xb") as stream:
        os.fsync(stream.fileno())
    sync_folder(file.parent)


def has_ledger(folder: Path) -> bool:
    """Whether a run was begun in a folder and got as far as its ledger."""
    file = ledger_file(folder)
    return BEGUN in names(file) if _is_folder(file) else file.is_file()


def _is_folder(file: Path) -> bool:
    """Whether a ledger is a folder of objects and no file of lines."""
    return file.suffix != ".jsonl"


def append_blocks(file: Path, run_key: str, finished: Iterable[FinishedBlock]) -> None:
    """Add blocks; they are on the disk when this returns.

    Raises
    ------
    OSError
        If they cannot be written; they then count as not finished.
    """
    append_entries(file, run_key, [asdict(block) for block in finished])


def append_failure(file: Path, run_key: str, failed: FailedBlock) -> None:
    """Add a block that was given up.

    Raises
    ------
    OSError
        If it cannot be written.
    """
    append_entry(file, run_key, asdict(failed))


def append_entry(file: Path, run_key: str, entry: Mapping[str, Any]) -> None:
    """Add an entry of plain values, with its check; it is on the disk when this returns.

    Raises
    ------
    OSError
        If it cannot be written; what it says then counts as not done.
    """
    append_entries(file, run_key, [entry])


def append_entries(file: Path, run_key: str, entries: Sequence[Mapping[str, Any]]) -> None:
    """Add entries in one go, which costs a disk as much as one; they are on it when this returns.

    Raises
    ------
    OSError
        If they cannot be written; what they say then counts as not done, but for lines that are whole.
    """
    if not entries:
        return
    lines = [(entry, _line(run_key, dict(entry))) for entry in entries]
    if _is_folder(file):
        make_folder(file)
        first = time.time_ns()
        put(file, {_object_name(entry, first + place): line for place, (entry, line) in enumerate(lines)})
        return
    is_new = not file.exists()
    with file.open("a+b") as stream:
        torn = b""
        if stream.seek(0, os.SEEK_END):  # a writer killed while it wrote leaves a torn line: begin a new one
            stream.seek(-1, os.SEEK_END)
            torn = b"\n" * (stream.read(1) != b"\n")
        stream.write(torn + b"".join(line for _, line in lines))
        stream.flush()
        os.fsync(stream.fileno())
    if is_new:
        sync_folder(file.parent)


def _object_name(entry: Mapping[str, Any], moment: int) -> str:
    """Name of an entry behind a URL: that of its block in a run; else one that no other has, and in their order."""
    is_of_run = "block" in entry and "cell" not in entry
    return f"block-{entry['block']:07d}.json" if is_of_run else f"{moment}-{os.getpid()}.json"


def read_ledgers(folder: Path, run_key: str, fits: Fits | None = None) -> Ledger:
    """Read what all ledgers of a run say, those of its shards included.

    Lines that cannot be trusted are left out and counted.

    Parameters
    ----------
    fits
        Whether a block is one of the run; lines of others are left out too.

    Raises
    ------
    OSError
        If there is none.
    """
    shards = sorted(folder.glob(f"{LEDGER}-*-of-*.jsonl")) if is_local(folder) else []
    files = [ledger_file(folder), *shards] if has_ledger(folder) or not shards else shards
    return _ledger_of(files, run_key, fits)


def _ledger_of(files: Iterable[Path], run_key: str, fits: Fits | None) -> Ledger:
    blocks: dict[int, FinishedBlock] = {}
    broken = []
    for file in files:
        entries, unreadable = read_entries(file, run_key)
        broken += unreadable
        for name, entry in entries:
            finished = _finished(entry, fits)
            if finished is None:
                broken.append(name)
            else:
                blocks[finished.block] = finished
    return Ledger(blocks, tuple(broken))


def is_of_another_run(folder: Path, run_key: str) -> bool:
    """Whether the ledgers of a folder hold blocks, and all are of another run than this."""
    shards = folder.glob(f"{LEDGER}-*-of-*.jsonl") if is_local(folder) else []
    files = [file for file in (ledger_file(folder), *shards) if _is_folder(file) or file.is_file()]
    if any(read_entries(file, run_key)[0] for file in files):
        return False
    return any(_is_block(line) for file in files for _, line in _lines_of(file))


def _is_block(line: bytes) -> bool:
    """Whether a line says that a block is finished, of whatever run."""
    try:
        said = json.loads(line)
        said.pop("check")
        return _finished(said, None) is not None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return False


def _finished(entry: Mapping[str, Any], fits: Fits | None) -> FinishedBlock | None:
    """The block of an entry; none if it is no block, or not one that fits."""
    try:
        finished = parsed(FinishedBlock, entry)
    except ValueError:
        return None
    return finished if fits is None or fits(finished) else None


def strike(file: Path, run_key: str, blocks: Collection[int] = (), fits: Fits | None = None) -> None:
    """Write a ledger anew without the lines that cannot be trusted, that fit no block, or that are of some blocks.

    Raises
    ------
    OSError
        If it cannot be written; the old one then stays.
    """
    entries, broken = read_entries(file, run_key)
    struck = [
        name
        for name, entry in entries
        if entry.get("block") in blocks or (fits is not None and _finished(entry, fits) is None)
    ]
    if _is_folder(file):
        for name in (*broken, *struck):
            remove(file.parent / name)
        return
    kept = [entry for name, entry in entries if name not in struck]
    if broken or len(kept) < len(entries):
        put_durably(file, b"".join(_line(run_key, entry) for entry in kept))


def read_failures(folder: Path, run_key: str) -> dict[int, FailedBlock]:
    """Blocks that were given up, the last time of each; whether they were done since is the ledger's to say."""
    file = ledger_file(folder, kind=FAILURES)
    files = [file] if _is_folder(file) else sorted(folder.glob(f"{FAILURES}*.jsonl"))
    entries = [entry for file in files for _, entry in read_entries(file, run_key)[0]]
    failed: dict[int, FailedBlock] = {}
    for entry in entries:
        with suppress(ValueError):  # nothing of ours
            block = parsed(FailedBlock, entry)
            failed[block.block] = block
    return failed


def read_entries(file: Path, run_key: str) -> tuple[list[tuple[str, dict[str, Any]]], list[str]]:
    """Entries that can be trusted, each with the name of its line, and the names of the other lines.

    Raises
    ------
    OSError
        If there is no ledger.
    """
    entries, broken = [], []
    for name, line in _lines_of(file):
        try:
            entry = json.loads(line)
            said = entry.pop("check")
            if said != _check(run_key, entry):
                raise ValueError("the check is wrong")
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            broken.append(name)
            continue
        entries.append((name, entry))
    return entries, broken


def _lines_of(file: Path) -> list[tuple[str, bytes]]:
    """Lines of a file, or objects of a folder behind a URL, each with its name; empty ones left out."""
    if not _is_folder(file):
        lines = enumerate(read_bytes(file).split(b"\n"), start=1)
        return [(f"{file.name}, line {number}", line) for number, line in lines if line]
    found = get(file, sorted(names(file) - {BEGUN}))
    return [
        (f"{file.name}/{name}", said if isinstance(said, bytes) else b"?") for name, said in found.items()
    ]


def _line(run_key: str, entry: dict[str, Any]) -> bytes:
    return json.dumps({**entry, "check": _check(run_key, entry)}, allow_nan=True).encode() + b"\n"


def _check(run_key: str, entry: dict[str, Any]) -> str:
    canonical = json.dumps(entry, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(f"{run_key} {canonical}".encode()).hexdigest()[:16]
