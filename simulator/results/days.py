"""Days of many paths at once: what is spread over paths, day by day.

A variable of 10,000 paths is small; all variables together are not. They are read a few at a time, block by
block, from finished paths only: a path that stopped is left out, as it is of every average.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from simulator.results.folder import RunFolder
from simulator.results.layout import STATUS, Array, Days
from simulator.results.statistics import range_of_sets
from simulator.results.store import read_block
from simulator.scenario.parameter_sets import PATHS_A_SET, SETS_MIN

#: Quantiles over paths that a fan shows.
LEVELS = (0.05, 0.25, 0.5, 0.75, 0.95)
#: Path-days of a variable held at once: 32,000 paths of 60 days. More paths would not change a fan by a pixel.
PATH_DAYS_MAX = 2_000_000


@dataclass(frozen=True, kw_only=True)
class Average:
    """Average over paths by day and, perhaps, trade: arrays (day, …).

    ``error`` is the standard error of the mean, NaN for a single path. ``low`` and ``high``, where paths are spread
    over parameter sets, are what nine of ten sets make of the mean, NaN where sets cannot be told apart.
    """

    mean: Array
    error: Array
    paths: int
    low: Array | None = None
    high: Array | None = None


@dataclass(frozen=True, kw_only=True)
class Fan(Average):
    """Spread over paths: the average, and quantiles (level, day, …)."""

    quantiles: Array

    def quantile(self, level: float) -> Array:
        """One of the quantiles at ``LEVELS``."""
        values: Array = self.quantiles[LEVELS.index(level)]
        return values


def paths_in_fans(run: RunFolder) -> int:
    """How many paths of a run its fans are made from: the first so many."""
    return min(run.layout.paths, max(1, PATH_DAYS_MAX // (run.layout.days + 1)))


def set_of_paths(run: RunFolder, path: Array) -> NDArray[np.int64] | None:
    """Which group with a common parameter set each path belongs to; none where paths are not spread over sets."""
    if not run.manifest.parameter_sets:
        return None
    groups: NDArray[np.int64] = np.asarray(path, np.int64) // PATHS_A_SET
    return groups


def opening_of(run: RunFolder, names: Collection[str]) -> Days:
    """Variables at the opening, as the first finished path has it: one path and one day, seen from the trades.

    Raises
    ------
    DamagedBlockError
        If the block is not what was written.
    """
    block = read_block(run.store, run.layout, min(run.finished), names)
    return Days({name: values[:1, :1] for name, values in block.items()}, run.layout)


def read_days(run: RunFolder, names: Collection[str]) -> Days:
    """Variables of the finished paths, (path, day, …), seen from the trades; the numbers of paths under ``"path"``.

    At most ``paths_in_fans`` of them.

    Raises
    ------
    DamagedBlockError
        If a block is not what was written.
    """
    most, layout = paths_in_fans(run), run.layout
    fields = {field.variable.name: field for field in layout.fields() if field.variable.name in names}
    found = {
        name: np.empty((most, *layout.shape(field)[1:]), layout.data_type(field))
        for name, field in fields.items()
    }
    found["path"], count = np.empty(most, np.int64), 0
    for number in sorted(run.finished):
        first = run.finished[number].first_path
        if first >= most:
            break
        arrays = read_block(run.store, layout, number, {*names, STATUS.name})
        kept = np.flatnonzero(arrays[STATUS.name][: most - first] == 0)
        place = slice(count, count + len(kept))
        found["path"][place] = first + kept
        for name in names:
            found[name][place] = arrays[name] if len(kept) == len(arrays[name]) else arrays[name][kept]
        count += len(kept)
    return Days({name: values[:count] for name, values in found.items()}, layout)


def average_over_paths(
    values: Array, *, antithetic: bool = False, set_of_path: NDArray[np.int64] | None = None
) -> Average:
    """Mean and its error over the first axis of an array (path, day, …).

    Mirrored paths of antithetic sampling stand in pairs; the pair is one draw.

    Parameters
    ----------
    set_of_path
        Which group of paths with a common parameter set each path belongs to, in order, if they are spread over sets.
    """
    mean, error = _mean(values, antithetic)
    found = Average(mean=mean, error=error, paths=len(values))
    return found if set_of_path is None else _over_sets(found, values, antithetic, set_of_path)


def fan(values: Array, *, antithetic: bool = False, set_of_path: NDArray[np.int64] | None = None) -> Fan:
    """Average and quantiles over the first axis of an array (path, day, …), as :func:`average_over_paths` takes it."""
    paths, shape = len(values), values.shape[1:]
    lanes = np.array(values.reshape(paths, -1).T, order="C")  # each day's paths side by side: sorts fast
    lanes.sort(axis=1)
    place = np.asarray(LEVELS) * (paths - 1)
    low = np.floor(place).astype(int)
    high = np.minimum(low + 1, paths - 1)
    weight = place - low
    quantiles = (1.0 - weight) * lanes[:, low] + weight * lanes[:, high]
    of_mean = average_over_paths(values, antithetic=antithetic, set_of_path=set_of_path)
    return Fan(**vars(of_mean), quantiles=quantiles.T.reshape(len(LEVELS), *shape))


def _over_sets(whole: Average, values: Array, antithetic: bool, set_of_path: NDArray[np.int64]) -> Average:
    """With the range of the mean, and an error whose draws are sets; as it is if there are too few of them."""
    first = np.flatnonzero(np.diff(set_of_path, prepend=-1))
    parts = [part for part in np.split(values, first[1:]) if len(part) > 1]
    if len(parts) < SETS_MIN:
        return whole
    means, errors = (
        np.stack(each) for each in zip(*(_mean(part, antithetic) for part in parts), strict=True)
    )
    low, high = range_of_sets(whole.mean, means, errors)
    of_sets = means.std(axis=0, ddof=1) / np.sqrt(len(means))
    return replace(whole, error=np.maximum(whole.error, of_sets), low=low, high=high)


def _mean(values: Array, antithetic: bool) -> tuple[Array, Array]:
    """Mean over paths and its standard error."""
    draws = _pairs(values) if antithetic else values
    count = len(draws)
    mean = values.mean(axis=0, dtype=np.float64)
    spread = draws.std(axis=0, ddof=1, dtype=np.float64) if count > 1 else np.full(values.shape[1:], np.nan)
    return mean, spread / np.sqrt(count)


def _pairs(values: Array) -> Array:
    """Averages of mirrored paths; a last path without its mirror is left out."""
    even = len(values) // 2 * 2
    if even < 4:
        return values
    pairs: Array = 0.5 * (values[0:even:2].astype(np.float64) + values[1:even:2])
    return pairs
