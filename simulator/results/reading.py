"""Open and verify results. What is not in the ledger does not exist, whatever the store holds."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from simulator.results.errors import OutputError
from simulator.results.folder import STORE, RunFolder, open_run
from simulator.results.ledger import FinishedBlock
from simulator.results.manifest import MANIFEST, digest_of, scenario_hash
from simulator.results.outcome_files import OUTCOMES, are_outcomes_whole, stray_outcomes
from simulator.results.places import exists, get, is_local, place, shown
from simulator.results.store import (
    DamagedBlockError,
    block_sha256,
    blocks_on_disk,
    strays,
)
from simulator.results.template import check_template, foreign_to, injuries

if TYPE_CHECKING:
    import xarray as xr


#: Missing blocks that are told one by one.
NAMED_MAX = 1_000


class Damage(NamedTuple):
    """Something wrong with a run on disk: which block, if one, and what."""

    block: int | None
    what: str


def open_results(
    folder: str | Path, *, allow_incomplete: bool = False, verify: bool = False, chunked: bool = False
) -> xr.Dataset:
    """Open the results of a run; numbers are read when they are used.

    Parameters
    ----------
    folder
        Folder of the run.
    allow_incomplete
        Accept a run that was stopped; the dataset then has the finished paths only.
    verify
        Read everything first and compare it with the hashes of the ledger. Without it, that all chunks exist
        is checked here, and a changed chunk raises when it is read.
    chunked
        Give Dask arrays with one chunk a block, for results larger than memory.

    Raises
    ------
    OutputError
        If there is no run, it is incomplete or damaged, or the store is not ours.
    """
    import xarray as xr

    folder = place(folder)
    run = open_run(folder.parent if folder.name == STORE else folder)
    layout = run.layout
    check_template(run.store, layout)
    count = layout.blocks
    missing = sorted(set(run.finished) - blocks_on_disk(run.store, layout))
    damaged = [Damage(block, "is missing on disk") for block in missing] or (
        damaged_blocks(run) if verify else []
    )
    if damaged:
        raise OutputError(
            f"{shown(run.path)}: found {len(damaged)} damaged of {count} blocks; the first: block {damaged[0].block}"
            f" {damaged[0].what}. Run the scenario again with the same command to repair them."
        )
    if len(run.finished) < count and not allow_incomplete:
        raise OutputError(
            f"{shown(run.path)}: found an incomplete run, {run.paths_done:,} of {layout.paths:,} paths. Run the"
            " scenario again with the same command to finish it, or open it with allow_incomplete=True."
        )
    dataset: xr.Dataset = xr.open_zarr(
        zarr_store(run.store), consolidated=False, chunks={} if chunked else None
    )
    dataset = dataset.assign_coords(path=np.arange(layout.paths))
    if len(run.finished) < count:
        dataset = dataset.isel(path=_finished_paths(run))
    return dataset


def _finished_paths(run: RunFolder) -> list[int]:
    blocks = (run.finished[number] for number in sorted(run.finished))
    return [path for block in blocks for path in range(block.first_path, block.first_path + block.paths)]


def zarr_store(folder: Path) -> Any:
    """A store in the form in which Zarr and xarray open it."""
    if is_local(folder):
        return folder
    import fsspec
    from zarr.storage import FsspecStore

    remote: Any = folder
    if remote.fs.async_impl:  # another than ours: Zarr waits for it in a loop of its own
        system = fsspec.filesystem(remote.protocol, **remote.storage_options, asynchronous=True)
    else:
        from fsspec.implementations.asyn_wrapper import AsyncFileSystemWrapper

        system = AsyncFileSystemWrapper(remote.fs, asynchronous=True)
    return FsspecStore(system, read_only=True, path=remote.path)


def verify_run(folder: str | Path, threads: int = 1) -> list[Damage]:
    """Everything wrong with a run on disk; empty when it is whole.

    Every number is read and compared with the ledger's hashes.

    Raises
    ------
    OutputError
        If there is no run.
    """
    folder = place(folder)
    try:
        run = open_run(folder)
    except OutputError as error:
        if exists(folder / MANIFEST):
            return [Damage(None, str(error))]
        raise
    layout = run.layout
    count = layout.blocks
    found = [Damage(None, f"{line} is broken or of no block of the run") for line in run.broken_lines]
    found += [Damage(None, what) for what in _injured_inputs(run)]
    found += [Damage(None, f"{MANIFEST} {what}") for what in _stale_manifest(run, count)]
    foreign = foreign_to(run.store, layout)
    if foreign:
        return [*found, Damage(None, f"{STORE} is not ours: {foreign}")]
    found += [Damage(None, f"{STORE}/{what}") for what in injuries(run.store, layout)]
    found += [Damage(None, f"{STORE}/{file} does not belong there") for file in strays(run.store, layout)]
    found += [
        Damage(None, f"{OUTCOMES}/{file} does not belong there") for file in stray_outcomes(run.path, layout)
    ]
    missing = (block for block in range(count) if block not in run.finished)
    found += [Damage(block, "is not in the ledger") for block in islice(missing, NAMED_MAX)]
    if (more := count - len(run.finished) - NAMED_MAX) > 0:
        found.append(Damage(None, f"{more:,} more blocks are not in the ledger"))
    return found + damaged_blocks(run, threads=threads)


def _stale_manifest(run: RunFolder, count: int) -> list[str]:
    """What the manifest says that its own scenario or the ledger does not."""
    manifest = run.manifest
    data = [Path(copy).stem for copy in manifest.data_files.values()]
    if scenario_hash(manifest.scenario, data) != manifest.scenario_sha256:
        return ["tells another scenario than the numbers were made from"]
    told = manifest.scenario.get("seed"), manifest.scenario.get("paths")
    if told != (manifest.seed, run.layout.paths):
        return ["tells another seed or number of paths than the numbers were made from"]
    is_whole = len(run.finished) == count
    if run.manifest.status == "complete" and run.manifest.digest != digest_of(run.finished):
        return ["says that the run is complete with other numbers than the ledger's"]
    if run.manifest.status != "complete" and is_whole:
        return ["does not say that the run is complete"]
    return []


def _injured_inputs(run: RunFolder) -> list[str]:
    """Copies of data files that are missing or changed: their names are their hashes."""
    copies = sorted(set(run.manifest.data_files.values()))
    found = get(run.path, copies)
    return [
        f"{copy} is missing or was changed"
        for copy in copies
        if hashlib.sha256(data if isinstance(data := found[copy], bytes) else b"").hexdigest()
        != Path(copy).stem
    ]


def damaged_blocks(run: RunFolder, blocks: Collection[int] | None = None, threads: int = 1) -> list[Damage]:
    """Blocks in the ledger whose days or outcomes on disk are not what was written, by reading all of them."""
    chosen = [run.finished[number] for number in sorted(run.finished if blocks is None else blocks)]
    check = _checker(run)
    if threads == 1:
        return [damage for damage in map(check, chosen) if damage is not None]
    with ThreadPoolExecutor(threads) as pool:
        return [damage for damage in pool.map(check, chosen) if damage is not None]


def _checker(run: RunFolder) -> Callable[[FinishedBlock], Damage | None]:
    layout = run.layout

    def check(block: FinishedBlock) -> Damage | None:
        try:
            if block_sha256(run.store, layout, block.block) != block.sha256:
                return Damage(block.block, "is not what the ledger says")
            if not are_outcomes_whole(run.path, block):
                return Damage(block.block, "has outcomes that are not what the ledger says")
        except (DamagedBlockError, OSError) as error:
            return Damage(block.block, f"cannot be read: {error}")
        return None

    return check
