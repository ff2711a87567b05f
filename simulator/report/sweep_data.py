"""A sweep as its page needs it: cells in a row, where they stand along each axis, and the figures drawn."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from simulator.results.measures import MEASURES, Measure, with_unit
from simulator.results.names import trade_names
from simulator.results.statistics import Estimate, error_note
from simulator.sweeps.folder import open_sweep_folder
from simulator.sweeps.reader_units import in_reader_units, parameter_in_words, reader_unit
from simulator.sweeps.reading import DIFFERENCE, DIFFERENCE_ERROR, ERROR, RANGE, open_sweep
from simulator.sweeps.schema import POLICY, SEED

if TYPE_CHECKING:
    import xarray as xr

Floats = NDArray[np.float64]
Shown = Measure[Any]


#: The figures of a page, the most telling first: keys of measures. Those by trade are of the trade that funds give
#: up most of.
SHOWN = (
    "dislocation_move", "unwound_in_all", "dysfunction", "added", "taken_away", "sale_impact", "unwind_impact",
    "client_repo_spread_peak",
    "dealer_use_peak", "fund_fails", "central_bank_peak",
)  # fmt: skip
#: So many of them are drawn; the table has all.
DRAWN_MAX = 4


@dataclass(frozen=True)
class Axis:
    """A dimension of a sweep.

    Parameters
    ----------
    name, title
        Its name, and what it stands for with its unit.
    labels
        One a point, as written.
    values
        Numbers along it, NaN where it has none.
    parameters
        For a design: values of each parameter by point, by dotted key, with units.
    """

    name: str
    title: str
    labels: tuple[str, ...]
    values: Floats
    parameters: Mapping[str, tuple[Floats, str]]

    @property
    def is_numeric(self) -> bool:
        """Whether its points stand in an order with distances."""
        return bool(np.isfinite(self.values).all()) and not self.is_design

    @property
    def is_design(self) -> bool:
        """Whether its points are those of a design over several parameters."""
        return len(self.parameters) > 1


class SweepData:
    """Everything that the page of a sweep asks for.

    Raises
    ------
    OutputError
        If there is no sweep or it is damaged.
    """

    def __init__(self, folder: str | Path) -> None:
        self.dataset: xr.Dataset = open_sweep(folder, allow_incomplete=True)
        self.folder = open_sweep_folder(folder)
        self.manifest = self.folder.manifest
        self.dims = tuple(dimension["name"] for dimension in self.manifest.dimensions)
        self.axes = tuple(
            _axis(self.dataset, dimension["name"], dimension["coordinates"])
            for dimension in self.manifest.dimensions
        )
        self.policies = next((axis for axis in self.axes if axis.name == POLICY), None)
        self.trade = self._main_trade()
        self.is_over_sets = bool(self.manifest.parameter_sets)
        self.has_differences = self.manifest.baseline is not None
        self.baseline = str(self.dataset.attrs["baseline"])

    @property
    def parameters(self) -> tuple[Axis, ...]:
        """Axes of parameters with more than one point, without policies and seeds."""
        return tuple(axis for axis in self.axes if axis.name not in (POLICY, SEED) and len(axis.labels) > 1)

    @property
    def shown(self) -> tuple[Shown, ...]:
        """Figures that are not nothing everywhere, the most telling first."""
        told = (MEASURES[key] for key in SHOWN)
        return tuple(each for each in told if np.nanmax(np.abs(self.of(each)), initial=0.0) > 0.0)

    @property
    def drawn(self) -> tuple[Shown, ...]:
        """Those of them that are drawn."""
        return self.shown[:DRAWN_MAX]

    def label(self, shown: Shown) -> str:
        """A figure in words, with the trade it is of."""
        name = trade_names([self.trade], self.manifest.base)[self.trade] if shown.dim else ""
        return f"{shown.label}, {name}" if name else shown.label

    def of(self, shown: Shown, kind: str = "") -> Floats:
        """A figure of every cell, over the dimensions of the sweep; ``kind`` is what the dataset appends."""
        variable = self.dataset[f"{shown.key}{kind}"]
        if shown.dim:
            variable = variable.sel({shown.dim: self.trade})
        values: Floats = shown.scale * np.asarray(variable.transpose(*self.dims).values, np.float64)
        return values

    def errors(self, shown: Shown) -> Floats:
        """Standard errors of a figure."""
        return self.of(shown, ERROR)

    def difference(self, shown: Shown) -> tuple[Floats, Floats] | None:
        """Differences from the baseline policy and their errors; none where nothing is compared."""
        if not self.has_differences or f"{shown.key}{DIFFERENCE}" not in self.dataset:
            return None
        return self.of(shown, DIFFERENCE), self.of(shown, DIFFERENCE_ERROR)

    def estimate(self, shown: Shown, place: tuple[int, ...]) -> Estimate:
        """A figure of one cell with its error and, over parameter sets, its range."""
        return self.estimates(shown)[int(np.ravel_multi_index(place, self.manifest.shape)) if place else 0]

    def estimates(self, shown: Shown) -> list[Estimate]:
        """A figure of every cell, in their order."""
        arrays = (self.of(shown), self.errors(shown), *self.range_of(shown))
        flat = (values.reshape(-1).tolist() for values in arrays)
        return [Estimate(value, error, 0, low, high) for value, error, low, high in zip(*flat, strict=True)]

    def range_of(self, shown: Shown, kind: str = "") -> tuple[Floats, Floats]:
        """The ends of the range that parameters leave open of a figure or its difference; NaN where there is none."""
        if not self.is_over_sets:
            nothing = np.full(self.manifest.shape, math.nan)
            return nothing, nothing
        low, high = (self.of(shown, f"{kind}{end}") for end in RANGE.values())
        return low, high

    def place_of(self, name: str) -> int:
        """Where a dimension stands in the arrays of :meth:`of`."""
        return self.dims.index(name)

    def average_difference(self, shown: Shown) -> dict[str, Estimate] | None:
        """Difference of every policy from the baseline, averaged over all other dimensions; none where not compared.

        Errors of different cells share chance, so that they do not average out.
        """
        found = self.difference(shown)
        if found is None or self.policies is None:
            return None
        place = self.place_of(self.policies.name)
        values, errors = (averaged(array, place, is_error=bool(turn)) for turn, array in enumerate(found))
        return {
            policy: Estimate(float(values[number]), float(errors[number]), 0)
            for number, policy in enumerate(self.policies.labels)
            if policy != self.baseline
        }

    @property
    def error_note(self) -> str:
        """What stands behind ``±`` and, over parameter sets, behind ranges in brackets."""
        return error_note(self.is_over_sets)

    def counts(self) -> dict[str, int]:
        """Cells by what became of them."""
        values, counts = np.unique(self.dataset["status"].values.astype(str), return_counts=True)
        return dict(zip(values.tolist(), counts.tolist(), strict=True))

    def _main_trade(self) -> str:
        if "trade" not in self.dataset.dims:
            return ""
        given_up = self.dataset["unwound"].mean([*self.dims], skipna=True).values
        place = int(np.nanargmax(given_up)) if np.isfinite(given_up).any() else 0
        return str(self.dataset["trade"].values[place])


def averaged(array: Floats, place: int, *, is_error: bool) -> Floats:
    """Average over all dimensions but one; errors of different cells share chance, so that they do not average out."""
    moved = np.moveaxis(array, place, 0).reshape(array.shape[place], -1)
    known = np.isfinite(moved)
    counts = np.maximum(known.sum(axis=1), 1)
    total: Floats = np.where(known, np.abs(moved) if is_error else moved, 0.0).sum(axis=1)
    return np.where(known.any(axis=1), total / counts, np.nan)


def words_of(along: Axis) -> str:
    """The name of an axis as a reader says it."""
    return along.name.replace("_", " ")


def _axis(dataset: xr.Dataset, name: str, coordinates: Sequence[Mapping[str, Any]]) -> Axis:
    coordinate = dataset[name]
    suffix, factor = reader_unit(str(coordinate.attrs.get("units", "")))
    values = _scaled(factor, coordinate.values.tolist())
    labels = tuple(
        f"{value:g}{suffix}" if np.isfinite(value) else str(label)
        for value, label in zip(values, coordinate.values.tolist(), strict=True)
    )
    parameters = {}
    for each in coordinates if len(coordinates) > 1 else ():
        unit, scale = reader_unit(str(each["unit"]))
        parameters[parameter_in_words(str(each["parameter"]))] = (_scaled(scale, each["values"]), unit)
    words = name.replace("_", " ")
    return Axis(name, with_unit(words, suffix), labels, values, parameters)


def _scaled(factor: float, values: Any) -> Floats:
    return np.array([in_reader_units(value, factor) for value in _numbers(values)])


def _numbers(values: Any) -> Floats:
    return np.array([value if isinstance(value, int | float) else math.nan for value in values], np.float64)
