"""What of a sweep on disk is not what its ledger says."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from simulator.results.errors import OutputError
from simulator.results.folder import open_run
from simulator.results.reading import damaged_blocks
from simulator.sweeps.folder import (
    DIFFERENCES,
    DONE,
    FAILED,
    FIGURES,
    OUTCOMES,
    STOPPED,
    SweepFolder,
    hash_of,
)

RECORDS = "records"


class CellDamage(NamedTuple):
    """Something of a sweep on disk that is not what its ledger says: of which cell, and what."""

    cell: int
    array: str
    block: int | None
    what: str


def find_damage(folder: SweepFolder) -> Iterator[CellDamage]:
    """Everything that is in a ledger and not whole on disk, by reading all of it."""
    state, manifest = folder.state, folder.manifest
    ended = state.with_status(DONE, STOPPED)
    for name, entries in ((DIFFERENCES, state.pairs), (FIGURES, {cell: state.cells[cell] for cell in ended})):
        array = folder.array(name)
        for cell, entry in entries.items():
            if not _holds(array, cell, entry["sha256"]):
                yield CellDamage(cell, name, None, f"the {name} are missing or damaged")
    outcomes = folder.array(OUTCOMES)
    for cell, blocks in state.blocks.items():
        if not manifest.keeps_paths and cell in ended:
            continue
        for block, entry in blocks.items():
            paths = slice(entry["first_path"], entry["first_path"] + entry["paths"])
            if not _holds(outcomes, (cell, paths), entry["sha256"]):
                yield CellDamage(
                    cell, OUTCOMES, block, f"the outcomes of block {block} are missing or damaged"
                )
    for cell in ended if manifest.keep != "statistics" else ():
        if not _is_run_whole(folder.run_of(cell)):
            yield CellDamage(cell, RECORDS, None, "the records of its run are missing or damaged")


def forget_damage(folder: SweepFolder) -> list[CellDamage]:
    """Strike what the store no longer holds as it was written, and cells that failed: both are done anew."""
    state = folder.state
    found = list(find_damage(folder))
    for cell, array, block, _ in found:
        if array == DIFFERENCES:
            state.pairs.pop(cell, None)
            continue
        state.cells.pop(cell, None)
        if block is not None:
            del state.blocks[cell][block]
    for cell in state.with_status(FAILED):
        del state.cells[cell]
    return found


def _holds(array: Any, place: Any, sha256: str) -> bool:
    try:
        return hash_of(array[place]) == sha256
    except (OSError, ValueError, RuntimeError):
        return False


def _is_run_whole(folder: Path) -> bool:
    """Whether the records of a cell are all there, as they were written."""
    try:
        run = open_run(folder)
    except OutputError:
        return False
    return run.is_complete and not damaged_blocks(run)
