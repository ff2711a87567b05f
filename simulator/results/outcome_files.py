"""What paths came to, as a run keeps it: a file a block, written where the block was played, and named by the ledger.

Summaries, reports and comparisons need outcomes and not days: their files are a fiftieth of the days', and a worker
that wrote them has nothing to send. The ledger holds the hash of each file and of the code that made it; what is
missing, was changed, or was made by code that makes outcomes otherwise is made anew from the days. One row a path and
one field an outcome, in the format of NumPy's own files (``numpy.load``).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np

from simulator.results.layout import Array, Layout
from simulator.results.ledger import FinishedBlock
from simulator.results.manifest import PACKAGE
from simulator.results.measures import outcomes
from simulator.results.places import get, names, put

#: Folder beside the store of a run.
OUTCOMES = "outcomes"
#: Modules whose code decides what outcomes are, given the days.
DECISIVE = tuple(
    f"results/{name}.py" for name in ("layout", "measures", "outcomes", "reductions", "variables")
)

_NAME = re.compile(r"block-([0-9]{7,9})\.npy")


@cache
def measures_sha256() -> str:
    """Hash of the code that makes outcomes."""
    hashes = [hashlib.sha256((PACKAGE / module).read_bytes()).digest() for module in DECISIVE]
    return hashlib.sha256(b"".join(hashes)).hexdigest()


def write_outcomes(folder: Path, layout: Layout, block: int, made: Mapping[str, Array]) -> str:
    """Write the outcomes of a block into the folder of its run, read them back, and return the hash of the file.

    Parameters
    ----------
    made
        By name, (path,) or (path, label).

    Raises
    ------
    OSError
        If they cannot be written, or are not on the disk as written.
    """
    kind = _row(layout)
    rows = np.empty(len(made["status"]), kind)
    for name in kind.fields or ():
        rows[name] = made[name]
    data = _head(kind, len(rows)) + rows.tobytes()
    put(folder / OUTCOMES, {_file(block): data})
    return hashlib.sha256(data).hexdigest()


def read_outcomes(folder: Path, layout: Layout, blocks: Sequence[FinishedBlock]) -> dict[int, Array]:
    """Outcomes of blocks, (path,) with a field each, of those whose files are what this code wrote."""
    known = [block for block in blocks if block.measures_sha256 == measures_sha256()]
    found = get(folder / OUTCOMES, [_file(block.block) for block in known])
    kind = _row(layout)
    read = {}
    for block in known:
        data, head = found[_file(block.block)], _head(kind, block.paths)
        if (
            isinstance(data, bytes)
            and hashlib.sha256(data).hexdigest() == block.outcomes_sha256
            and data.startswith(head)
            and len(data) == len(head) + block.paths * kind.itemsize
        ):
            read[block.block] = np.frombuffer(data, kind, offset=len(head))
    return read


def are_outcomes_whole(folder: Path, block: FinishedBlock) -> bool:
    """Whether the file of a block is what the ledger says; one that it says nothing of need not be there."""
    if not block.outcomes_sha256:
        return True
    data = get(folder / OUTCOMES, [_file(block.block)])[_file(block.block)]
    return isinstance(data, bytes) and hashlib.sha256(data).hexdigest() == block.outcomes_sha256


def stray_outcomes(folder: Path, layout: Layout) -> list[str]:
    """Files among the outcomes of a run that are of no block."""
    return sorted(name for name in names(folder / OUTCOMES) if not _is_of_block(name, layout.blocks))


def _is_of_block(name: str, blocks: int) -> bool:
    found = _NAME.fullmatch(name)
    return found is not None and int(found[1]) < blocks and name == _file(int(found[1]))


def _file(block: int) -> str:
    return f"block-{block:07d}.npy"


def _row(layout: Layout) -> np.dtype[Any]:
    """Number format of the outcomes of a path."""
    sizes = {name: len(labels) for name, labels in layout.labels().items()}
    return np.dtype([(row.key, "<f4", (sizes[row.dim],) if row.dim else ()) for row in outcomes()])


def _head(kind: np.dtype[Any], paths: int) -> bytes:
    """What a file of so many rows begins with."""
    head = BytesIO()
    said = {"descr": np.lib.format.dtype_to_descr(kind), "fortran_order": False, "shape": (paths,)}
    np.lib.format.write_array_header_2_0(head, said)
    return head.getvalue()
