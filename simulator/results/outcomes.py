"""What a path comes to: peaks, ends and totals of its days, from which every figure of the summary is made.

One number a path, or one a trade, channel or call of a path: small enough to hold for a million paths, and
computed and kept block by block while the block is in memory. Which they are stands in the table of
:mod:`simulator.results.measures`. A path that stopped has no outcomes but its status: NaN.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from simulator.results.folder import RunFolder
from simulator.results.layout import Array, Days
from simulator.results.measures import Event, outcomes
from simulator.results.outcome_files import read_outcomes
from simulator.results.store import read_block

if TYPE_CHECKING:
    import xarray as xr

#: Files that are asked for together: storage behind a URL serves them side by side.
FILES_AT_ONCE = 32


def path_outcomes(arrays: Days) -> dict[str, Array]:
    """Outcomes of the paths of a block, from its days."""
    with np.errstate(invalid="ignore"):  # stopped paths are NaN
        return {row.key: np.asarray(row.of(arrays), np.float32) for row in outcomes()}


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


def collect_outcomes(run: RunFolder) -> Outcomes:
    """Outcomes of all finished paths of a run: as they were kept, or from the days of blocks of which they are not.

    Raises
    ------
    DamagedBlockError
        If a block is not what was written.
    """
    layout, blocks = run.layout, [run.finished[number] for number in sorted(run.finished)]
    sizes = {name: len(labels) for name, labels in layout.labels().items()}
    path = np.concatenate([np.arange(block.first_path, block.first_path + block.paths) for block in blocks])
    arrays = {
        row.key: np.empty((len(path), sizes[row.dim]) if row.dim else len(path), np.float32)
        for row in outcomes()
    }
    place = 0
    for first in range(0, len(blocks), FILES_AT_ONCE):
        together = blocks[first : first + FILES_AT_ONCE]
        kept = read_outcomes(run.path, layout, together)
        for block in together:
            made = kept[block.block] if block.block in kept else _from_days(run, block.block)
            for name, array in arrays.items():
                array[place : place + block.paths] = made[name]
            place += block.paths
    return Outcomes(path, arrays, layout.labels(), layout.statuses)


def _from_days(run: RunFolder, block: int) -> dict[str, Array]:
    return path_outcomes(Days(read_block(run.store, run.layout, block), run.layout))


def happened(event: Event, outcomes: Outcomes) -> Array:
    """Whether an event happened, (path,): zeros and ones, NaN for paths of which it is not known."""
    return is_above(outcomes[event.outcome], event.above)


def is_above(values: Array, threshold: float) -> Array:
    """Whether an outcome, of any label of its dimension, is above a threshold; NaN for paths that stopped."""
    highest = values if values.ndim == 1 else values.max(axis=1)
    return np.where(np.isnan(highest), np.nan, highest > threshold)
