"""Open the results of a sweep: one dataset over the cells, with the axes as coordinates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from simulator.results.errors import BAD_INPUT, OutputError, plain
from simulator.results.measures import MEASURES, outcomes, ratios
from simulator.results.places import shown
from simulator.sweeps.cells import in_short
from simulator.sweeps.folder import (
    DIFFERENCES,
    DONE,
    FIGURES,
    STOPPED,
    SweepFolder,
    hash_of,
    open_sweep_folder,
)
from simulator.sweeps.folder import OUTCOMES as OUTCOMES_ARRAY
from simulator.sweeps.statistics import DEVIATION, DRAWS, HIGH, LOW, MEAN, MEAN_ERROR, Plan

if TYPE_CHECKING:
    import xarray as xr

LEVEL = "level"
LEFT = "left"
#: What is appended to the name of an outcome, event or ratio.
ERROR, SPREAD, QUANTILE, QUANTILE_ERROR = "_error", "_deviation", "_quantile", "_quantile_error"
DIFFERENCE, DIFFERENCE_ERROR = "_difference", "_difference_error"
#: Ends of the range that parameters leave open, of a figure or of a difference.
RANGE = {LOW: "_parameters_low", HIGH: "_parameters_high"}
RANGE_SAID = {
    LOW: "what one of twenty parameter sets is below",
    HIGH: "what one of twenty parameter sets is above",
}


def open_sweep(folder: str | Path, *, allow_incomplete: bool = False) -> xr.Dataset:
    """Open the figures of a sweep, one value for each cell.

    Parameters
    ----------
    folder
        Folder of the sweep.
    allow_incomplete
        Accept a sweep of which cells are left to run; their figures are NaN, as are those of failed cells.

    Returns
    -------
    xarray.Dataset
        Dimensions are the axes, ``policy`` and ``seed`` of the sweep, then ``trade``, ``channel`` or ``call`` of an
        outcome, and ``level`` of quantiles. For an outcome ``x`` there are its mean over paths ``x``, the
        standard error ``x_error``, the standard deviation over paths ``x_deviation``, quantiles ``x_quantile``
        with ``x_quantile_error``, and with policies the mean difference from the baseline, path by path,
        ``x_difference`` with ``x_difference_error``. Probabilities of events and ratios have ``_error`` too.
        Where paths are spread over parameter sets, means, probabilities, ratios and differences have
        ``_parameters_low`` and ``_parameters_high``: what nine of ten sets make of them, NaN where sets cannot be told
        apart. ``cell``, ``status``, ``paths``, ``paths_stopped`` and ``seconds`` tell of the cells themselves.

    Raises
    ------
    OutputError
        If there is no sweep, it is damaged, or cells are left and ``allow_incomplete`` is not set.
    """
    import xarray as xr

    sweep = open_sweep_folder(folder)
    manifest, state = sweep.manifest, sweep.state
    left = manifest.cells - len(state.cells)
    if left and not allow_incomplete:
        raise OutputError(
            f"{shown(sweep.path)}: found {left:,} of {manifest.cells:,} cells left to run. Finish it with unwind resume"
            f" {shown(sweep.path)}, or open it with allow_incomplete=True."
        )
    dims = tuple(dimension["name"] for dimension in manifest.dimensions)
    shaped = _Shaped(dims, manifest.shape, manifest.statistics)
    figures = _read(
        sweep, FIGURES, {cell: state.cells[cell]["sha256"] for cell in state.with_status(DONE, STOPPED)}
    )
    data = shaped.figures(figures)
    if manifest.baseline is not None:
        pairs = {
            cell: entry["sha256"] for cell, entry in state.pairs.items() if entry["baseline"] in state.cells
        }
        data |= shaped.differences(_read(sweep, DIFFERENCES, pairs))
    data |= _of_cells(sweep, dims)
    coords = _coordinates(manifest.dimensions) | {
        name: list(labels) for name, labels in manifest.statistics.labels.items()
    }
    coords[LEVEL] = (
        LEVEL,
        list(manifest.statistics.levels),
        {"long_name": "share of paths below", "units": "1"},
    )
    attributes = {
        "title": manifest.sweep["title"] or manifest.name,
        "description": manifest.sweep["description"],
        "sweep": manifest.name,
        "scenario": manifest.base.get("name", ""),
        "baseline": manifest.sweep["baseline"] or next(iter(manifest.sweep["policies"]), ""),
        "random_numbers": manifest.sweep["random_numbers"],
        "cells": manifest.cells,
        "parameter_sets": len(manifest.parameter_sets.get("weights", ())),
        "created": manifest.created,
        "code_version": manifest.code_version,
        "key": manifest.key,
        "folder": str(sweep.path),
    }
    return xr.Dataset(data, coords=coords, attrs=attributes)


def cell_outcomes(folder: str | Path, where: Mapping[str, Any] | int) -> xr.Dataset:
    """Outcomes of one cell, path by path: subtract those of another cell to compare them in pairs.

    Parameters
    ----------
    where
        Number of the cell, or its label along every dimension, such as ``{"leverage": 10, "policy": "none"}``.

    Raises
    ------
    OutputError
        If there is no such cell, it has not been finished, or outcomes were not kept path by path.
    """
    sweep = open_sweep_folder(folder)
    manifest = sweep.manifest
    cell = where if isinstance(where, int) else _find_cell(sweep, where)
    entry = sweep.state.cells.get(cell)
    if not manifest.keeps_paths:
        raise OutputError(
            f"{shown(sweep.path)}: outcomes were not kept path by path. Run it with statistics.paths: keep.",
            BAD_INPUT,
        )
    if entry is None or entry["status"] not in (DONE, STOPPED):
        raise OutputError(
            f"{shown(sweep.path)}: cell {cell} has no results: {entry['message'] if entry else 'it is left to run'}."
        )
    packed = np.asarray(sweep.array(OUTCOMES_ARRAY)[cell, : entry["paths"], :])
    outcomes = manifest.statistics.unpack(packed, entry["trades"]).dataset()
    outcomes.attrs |= {
        "title": f"Outcomes by path: {in_short(manifest.labels(cell))}",
        "antithetic": int(entry["antithetic"]),
    }
    return outcomes


def _find_cell(sweep: SweepFolder, where: Mapping[str, Any]) -> int:
    manifest = sweep.manifest
    names = [dimension["name"] for dimension in manifest.dimensions]
    if set(where) != set(names):
        raise OutputError(
            f"{shown(sweep.path)}: found {', '.join(where) or 'no names'}; a cell has {', '.join(names)}.",
            BAD_INPUT,
        )
    places = []
    for dimension in manifest.dimensions:
        label = where[dimension["name"]]
        if label not in dimension["labels"]:
            known = plain(", ".join(map(str, dimension["labels"][:20])))
            raise OutputError(
                f"{shown(sweep.path)}: {dimension['name']} has no {label!r}; it has {known}.", BAD_INPUT
            )
        places.append(dimension["labels"].index(label))
    return int(np.ravel_multi_index(places, manifest.shape)) if places else 0


class _Shaped:
    """Tables of cells as variables over the dimensions of the sweep."""

    def __init__(self, dims: tuple[str, ...], shape: tuple[int, ...], plan: Plan) -> None:
        self.dims = dims
        self.shape = shape
        self.plan = plan
        self.groups: dict[str, list[int]] = {}
        for place, row in enumerate(plan.rows):
            self.groups.setdefault(row.name, []).append(place)
        told = (*MEASURES.values(), *plan.events)
        self.said = {measure.key: (measure.meaning, measure.stored_unit) for measure in told}
        self.outcomes = {outcome.key for outcome in outcomes()} - {"status"}

    def figures(self, tables: NDArray[np.float64]) -> dict[str, Any]:
        """Means, errors, deviations and quantiles, from (cell, row, statistic)."""
        place = {name: number for number, name in enumerate(self.plan.statistics)}
        data: dict[str, Any] = {}
        for name in self.groups:
            if name == "status":
                continue
            data[name] = self._variable(name, tables[..., place[MEAN]], "")
            data[name + ERROR] = self._variable(name, tables[..., place[MEAN_ERROR]], "standard error: ")
            for end, suffix in RANGE.items() if self.plan.paths_a_set else ():
                data[name + suffix] = self._variable(name, tables[..., place[end]], f"{RANGE_SAID[end]}: ")
            if name in self.outcomes:
                data[name + SPREAD] = self._variable(
                    name, tables[..., place[DEVIATION]], "standard deviation over paths: "
                )
                first = place[DEVIATION] + 1
                after = first + 2 * len(self.plan.levels)
                data[name + QUANTILE] = self._variable(
                    name, tables[..., first:after:2], "quantile over paths: "
                )
                data[name + QUANTILE_ERROR] = self._variable(
                    name, tables[..., first + 1 : after : 2], "standard error of the quantile: "
                )
        draws = tables[:, self.groups["unwound_in_all"][0], place[DRAWS]].reshape(self.shape)
        data["draws"] = (self.dims, draws, {"long_name": "independent draws that finished", "units": "1"})
        return data

    def differences(self, tables: NDArray[np.float64]) -> dict[str, Any]:
        """Mean differences from the baseline, and errors, from (cell, row, statistic)."""
        place = {name: number for number, name in enumerate(self.plan.of_difference)}
        data: dict[str, Any] = {}
        left_out = {"status", *(ratio.key for ratio in ratios())}
        for name in self.groups:
            if name not in left_out:
                data[name + DIFFERENCE] = self._variable(
                    name, tables[..., place[MEAN]], "difference from the baseline: "
                )
                data[name + DIFFERENCE_ERROR] = self._variable(
                    name, tables[..., place[MEAN_ERROR]], "standard error of the difference: "
                )
                for end, suffix in RANGE.items() if self.plan.paths_a_set else ():
                    data[name + DIFFERENCE + suffix] = self._variable(
                        name, tables[..., place[end]], f"{RANGE_SAID[end]} of the difference: "
                    )
        return data

    def _variable(self, name: str, table: NDArray[np.float64], said: str) -> tuple[Any, ...]:
        """A variable from (cell, row) or (cell, row, level)."""
        rows = self.groups[name]
        dim = self.plan.rows[rows[0]].dim
        chosen = table[:, rows]
        if not dim:
            chosen = chosen[:, 0]
        dims = (*self.dims, *((dim,) if dim else ()), *((LEVEL,) if table.ndim == 3 else ()))
        meaning, unit = self.said[name]
        return (
            dims,
            chosen.reshape(self.shape + chosen.shape[1:]),
            {"long_name": said + meaning, "units": unit},
        )


def _read(sweep: SweepFolder, name: str, hashes: Mapping[int, str]) -> NDArray[np.float64]:
    """Tables of all cells; NaN for those that are not in the ledger."""
    array = sweep.array(name)
    tables = np.full(array.shape, np.nan)
    for cell, sha256 in hashes.items():
        try:
            table = np.asarray(array[cell])
            if hash_of(table) != sha256:
                raise ValueError("they are not what the ledger says")
        except (OSError, ValueError, RuntimeError) as error:
            where = shown(sweep.path)
            told = f"the {name} of cell {cell} are damaged: {error}"
            raise OutputError(f"{where}: {told}. Repair the sweep with unwind resume {where}.") from error
        tables[cell] = table
    return tables


def _of_cells(sweep: SweepFolder, dims: tuple[str, ...]) -> dict[str, Any]:
    """What became of the cells themselves."""
    shape, state = sweep.manifest.shape, sweep.state
    entries = [state.cells.get(cell, {"status": LEFT, "message": ""}) for cell in range(sweep.manifest.cells)]
    columns: dict[str, tuple[Sequence[Any], str, str]] = {
        "cell": (range(len(entries)), "number of the cell", "1"),
        "status": (
            [entry["status"] for entry in entries],
            "done, stopped (some paths left the range of numbers), failed or left",
            "",
        ),
        "message": ([entry["message"] for entry in entries], "why the cell failed or paths stopped", ""),
        "paths": ([entry.get("paths", 0) for entry in entries], "paths of the cell", "1"),
        "paths_stopped": (
            [sum(entry.get("stopped", {}).values()) for entry in entries],
            "paths that stopped, for whatever reason",
            "1",
        ),
        "seconds": (
            [entry.get("seconds", np.nan) for entry in entries],
            "time that the blocks of the cell took",
            "s",
        ),
    }
    return {
        name: (dims, np.array(values).reshape(shape), {"long_name": said} | ({"units": unit} if unit else {}))
        for name, (values, said, unit) in columns.items()
    }


def _coordinates(dimensions: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Labels along each dimension; for an axis of several parameters also the values of each."""
    coords: dict[str, Any] = {}
    for dimension in dimensions:
        name, labels, parameters = dimension["name"], dimension["labels"], dimension["coordinates"]
        is_own = len(parameters) == 1 and list(parameters[0]["values"]) == list(labels)
        if is_own:
            said = {
                "long_name": parameters[0]["parameter"],
                "parameter": parameters[0]["parameter"],
                "units": parameters[0]["unit"],
            }
            coords[name] = (name, labels, said)
            continue
        numbered = all(isinstance(label, float) for label in labels)
        coords[name] = (name, [int(label) for label in labels] if numbered else labels)
        for parameter in parameters:
            said = {"long_name": parameter["parameter"], "units": parameter["unit"]}
            coords[parameter["parameter"]] = (name, list(parameter["values"]), said)
    return coords
