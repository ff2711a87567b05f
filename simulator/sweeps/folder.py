"""The folder of a sweep: what it is, what is finished, and the numbers.

    manifest.json        the sweep: resolved scenario, dimensions with every change, files, versions
    ledger*.jsonl        finished blocks, cells and pairs; one ledger a writer (a shard has its own)
    results.zarr         outcomes (cell, path, column), figures (cell, row, statistic),
                         differences (cell, row, statistic) from the baseline policy
    cells/00012          the run of a cell, when records are kept: an ordinary run folder

What is not in a ledger does not exist, whatever the store holds.
"""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulator.results.errors import BAD_INPUT, OutputError
from simulator.results.ledger import (
    LEDGER,
    create_ledger,
    has_ledger,
    ledger_file,
    read_entries,
    strike,
)
from simulator.results.locks import LOCK
from simulator.results.manifest import MANIFEST, write_checked
from simulator.results.places import is_local, names, place, remove_tree, shown
from simulator.sweeps.kind import FORMAT, FORMAT_VERSION
from simulator.sweeps.manifest import SweepManifest, read_sweep_manifest, sweep_differences

STORE, CELLS = "results.zarr", "cells"
OUTCOMES, FIGURES, DIFFERENCES = "outcomes", "figures", "differences"

DONE, STOPPED, FAILED = "done", "stopped", "failed"


@dataclass
class SweepState:
    """What the ledgers say.

    Parameters
    ----------
    blocks
        Entry of each finished block, by cell, then by block.
    cells
        Entry of each cell that ended, in whatever way.
    pairs
        Entry of each cell that was compared with the baseline.
    """

    blocks: dict[int, dict[int, dict[str, Any]]] = field(default_factory=dict)
    cells: dict[int, dict[str, Any]] = field(default_factory=dict)
    pairs: dict[int, dict[str, Any]] = field(default_factory=dict)
    broken_lines: int = 0

    def add(self, entry: dict[str, Any]) -> None:
        """Take an entry of a ledger; a later one of the same thing counts."""
        kind = entry["kind"]
        if kind == "block":
            self.blocks.setdefault(entry["cell"], {})[entry["block"]] = entry
        elif kind == "cell":
            self.cells[entry["cell"]] = entry
        elif kind == "pair":
            self.pairs[entry["cell"]] = entry

    def with_status(self, *wanted: str) -> list[int]:
        """Cells that ended in one of these ways, in order."""
        return sorted(cell for cell, entry in self.cells.items() if entry["status"] in wanted)


@dataclass(frozen=True)
class SweepFolder:
    """A sweep on disk.

    Parameters
    ----------
    ledger
        The one that this process writes.
    """

    path: Path
    manifest: SweepManifest
    state: SweepState
    ledger: Path

    def run_of(self, cell: int) -> Path:
        """Folder of the run of a cell."""
        return self.path / CELLS / f"{cell:05d}"

    def array(self, name: str, *, writable: bool = False) -> Any:
        """An array of the store."""
        import zarr

        return zarr.open_group(_zarr_store(self.path / STORE), mode="r+" if writable else "r")[name]


def begin_or_resume_sweep(
    folder: Path, manifest: SweepManifest, *, shard: str = "", overwrite: bool = False
) -> SweepFolder:
    """Make a locked folder ready for a sweep: begin it, or find what is finished of this very sweep.

    Raises
    ------
    OutputError
        If the folder holds something else.
    OSError
        If it cannot be written.
    """
    ledger = ledger_file(folder, shard)
    used = [name for name in names(folder) if not name.startswith((LOCK, f"{MANIFEST}."))]
    if used:
        found = read_sweep_manifest(folder)
        if found.key != manifest.key and not overwrite:
            what = " and ".join(sweep_differences(found, manifest))
            raise OutputError(
                f"{shown(folder)}: found another sweep there: {what} changed. Choose another folder with -o,"
                " or replace it with --overwrite.",
                BAD_INPUT,
            )
        if overwrite:
            _delete_sweep(folder)
    if not used or overwrite:
        _create_store(folder / STORE, manifest)
        write_checked(
            folder / MANIFEST, {"format": FORMAT, "format_version": FORMAT_VERSION, **asdict(manifest)}
        )
    if not (ledger.exists() if is_local(folder) else has_ledger(folder)):
        create_ledger(ledger)
    for known in () if shard else _ledgers(folder):
        if is_local(folder):
            strike(known, manifest.key)
    return SweepFolder(folder, manifest, read_state(folder, manifest.key), ledger)


def open_sweep_folder(folder: str | Path) -> SweepFolder:
    """A sweep that exists, to read it.

    Raises
    ------
    OutputError
        If there is none.
    """
    folder = place(folder)
    manifest = read_sweep_manifest(folder)
    return SweepFolder(folder, manifest, read_state(folder, manifest.key), ledger_file(folder))


def read_state(folder: Path, key: str) -> SweepState:
    """What all ledgers of a sweep say together."""
    state = SweepState()
    for ledger in _ledgers(folder):
        entries, broken = read_entries(ledger, key)
        state.broken_lines += len(broken)
        for _, entry in entries:
            state.add(entry)
    return state


def _ledgers(folder: Path) -> list[Path]:
    """Ledgers of a sweep and its shards; one for all of them behind a URL."""
    return sorted(folder.glob(f"{LEDGER}*.jsonl")) if is_local(folder) else [ledger_file(folder)]


def _zarr_store(folder: Path) -> Any:
    """What the Zarr library opens: a folder, or a store behind a URL."""
    if is_local(folder):
        return folder
    import fsspec
    from fsspec.implementations.asyn_wrapper import AsyncFileSystemWrapper
    from zarr.storage import FsspecStore

    remote: Any = folder
    if remote.fs.async_impl:
        system = fsspec.filesystem(remote.protocol, asynchronous=True, **remote.storage_options)
    else:
        system = AsyncFileSystemWrapper(remote.fs, asynchronous=True)
    return FsspecStore(system, path=remote.path)


def hash_of(values: NDArray[Any]) -> str:
    """SHA-256 of numbers."""
    return hashlib.sha256(np.ascontiguousarray(values).data).hexdigest()


def _create_store(folder: Path, manifest: SweepManifest) -> None:
    """The arrays, without a chunk: one chunk is one block of outcomes, or the figures of one cell."""
    import zarr
    from zarr.codecs import Crc32cCodec, ZstdCodec

    plan = manifest.statistics
    columns, rows, statistics = len(plan.columns), len(plan.rows), len(plan.statistics)
    block = min(manifest.block, manifest.paths)
    arrays = {
        OUTCOMES: (
            "float32",
            (manifest.cells, manifest.paths, columns),
            (1, block, columns),
            ("cell", "path", "column"),
        ),
        FIGURES: (
            "float64",
            (manifest.cells, rows, statistics),
            (1, rows, statistics),
            ("cell", "row", "statistic"),
        ),
        DIFFERENCES: (
            "float64",
            (manifest.cells, rows, len(plan.of_difference)),
            (1, rows, len(plan.of_difference)),
            ("cell", "row", "difference"),
        ),
    }
    group = zarr.create_group(_zarr_store(folder))
    for name, (data_type, shape, chunks, dims) in arrays.items():
        group.create_array(
            name,
            shape=shape,
            chunks=chunks,
            dtype=data_type,
            compressors=[ZstdCodec(level=1), Crc32cCodec()],
            fill_value=np.nan,
            dimension_names=dims,
        )


def _delete_sweep(folder: Path) -> None:
    """Delete our own files, the manifest last: a folder half deleted is still known as ours."""
    for ledger in _ledgers(folder):
        if is_local(folder):
            ledger.unlink()
        else:
            remove_tree(ledger)
    for name in (STORE, CELLS):
        if is_local(folder) and (folder / name).is_symlink():
            raise OutputError(
                f"{folder / name}: found a link; it is left as it is. Choose another folder with -o."
            )
        remove_tree(folder / name)
    (folder / MANIFEST).unlink(missing_ok=True)
