"""What a path comes to: peaks, ends and totals of its days, from which every figure of the summary is made.

One number a path, or one a trade, channel or call of a path: small enough to hold for a million paths, and
computed block by block while the block is in memory. Which they are stands in the table of
:mod:`simulator.results.measures`. A path that stopped has no outcomes but its status: NaN.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from simulator.results.folder import RunFolder
from simulator.results.layout import Array, Days, Layout
from simulator.results.measures import Event, outcomes
from simulator.results.store import read_block

if TYPE_CHECKING:
    import xarray as xr


def path_outcomes(arrays: Days) -> dict[str, Array]:
    """Outcomes of the paths of a block, from its days."""
    with np.errstate(invalid="ignore"):  # stopped paths are NaN
        return {row.key: np.asarray(row.of(arrays), np.float32) for row in outcomes()}


class OutcomeTable(Mapping[int, dict[str, Array]]):
    """Outcomes of blocks by number, each at the place of its paths in one array: held once, never copied together.

    Parameters
    ----------
    layout
        Of the run; the arrays take memory as they are filled.
    """

    def __init__(self, layout: Layout) -> None:
        sizes = {name: len(names) for name, names in layout.labels().items()}
        self._layout = layout
        self._blocks: set[int] = set()
        self.arrays = {
            row.key: np.empty((layout.paths, sizes[row.dim]) if row.dim else layout.paths, np.float32)
            for row in outcomes()
        }

    def add(self, block: int, part: Mapping[str, Array]) -> None:
        """Put the outcomes of a block in their place."""
        for name, array in self.arrays.items():
            array[self._paths(block)] = part[name]
        self._blocks.add(block)

    def _paths(self, block: int) -> slice:
        return slice(block * self._layout.chunk, (block + 1) * self._layout.chunk)

    def __getitem__(self, block: int) -> dict[str, Array]:
        """Outcomes of a block by name."""
        if block not in self._blocks:
            raise KeyError(block)
        return {name: array[self._paths(block)] for name, array in self.arrays.items()}

    def __iter__(self) -> Iterator[int]:
        return iter(sorted(self._blocks))

    def __len__(self) -> int:
        return len(self._blocks)


@dataclass(frozen=True)
class Outcomes:
    """Outcomes of paths of a run, an array each: what figures are made from without waiting for a data library.

    Parameters
    ----------
    path
        Numbers of the paths.
    arrays
        By name: (path,), or (path, label of its dimension).
    labels
        Of every dimension, in the order of the arrays.
    statuses
        Names of the status codes.
    """

    path: Array
    arrays: Mapping[str, Array]
    labels: Mapping[str, Sequence[str]]
    statuses: Sequence[str]

    def __len__(self) -> int:
        return len(self.path)

    def __getitem__(self, name: str) -> Array:
        """An outcome of every path."""
        return self.arrays[name]

    def of(self, name: str, **where: str) -> Array:
        """An outcome of every path, of one label of its dimension if that is given."""
        values = self.arrays[name]
        for dim, label in where.items():
            values = values[:, self.labels[dim].index(label)]
        return values

    def first(self, paths: int) -> Outcomes:
        """The first so many paths."""
        arrays = {name: values[:paths] for name, values in self.arrays.items()}
        return replace(self, path=self.path[:paths], arrays=arrays)

    def dataset(self, **attributes: str | int) -> xr.Dataset:
        """The same as a dataset with labels and units, and with more attributes."""
        import xarray as xr

        data = {
            row.key: (
                ("path", row.dim) if row.dim else ("path",),
                self.arrays[row.key],
                {"long_name": row.meaning, "units": row.stored_unit},
            )
            for row in outcomes()
        }
        data["status"][2]["flag_meanings"] = " ".join(self.statuses)
        dims = {row.dim: None for row in outcomes() if row.dim}
        coords: dict[str, Any] = {"path": self.path} | {name: list(self.labels[name]) for name in dims}
        return xr.Dataset(data, coords=coords, attrs={"title": "Outcomes by path", **attributes})


def collect_outcomes(run: RunFolder, known: Mapping[int, dict[str, Array]] | None = None) -> Outcomes:
    """Outcomes of all finished paths of a run.

    Parameters
    ----------
    known
        Outcomes of blocks that were just simulated; the others are read from the disk.

    Raises
    ------
    DamagedBlockError
        If a block is not what was written.
    """
    table = known if isinstance(known, OutcomeTable) else OutcomeTable(run.layout)
    blocks = [run.finished[number] for number in sorted(run.finished)]
    for block in blocks:
        if block.block not in table:
            is_known = known is not None and block.block in known
            part = known[block.block] if is_known and known else _outcomes_on_disk(run, block.block)
            table.add(block.block, part)
    path = np.concatenate([np.arange(block.first_path, block.first_path + block.paths) for block in blocks])
    is_whole = len(path) == run.layout.paths
    arrays = {name: values if is_whole else values[path] for name, values in table.arrays.items()}
    return Outcomes(path, arrays, run.layout.labels(), run.layout.statuses)


def _outcomes_on_disk(run: RunFolder, block: int) -> dict[str, Array]:
    return path_outcomes(Days(read_block(run.store, run.layout, block), run.layout))


def happened(event: Event, outcomes: Outcomes) -> Array:
    """Whether an event happened, (path,): zeros and ones, NaN for paths of which it is not known."""
    return is_above(outcomes[event.outcome], event.above)


def is_above(values: Array, threshold: float) -> Array:
    """Whether an outcome, of any label of its dimension, is above a threshold; NaN for paths that stopped."""
    highest = values if values.ndim == 1 else values.max(axis=1)
    return np.where(np.isnan(highest), np.nan, highest > threshold)
