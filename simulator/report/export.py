"""Results for other programs: summary as JSON, tables as CSV and xlsx, figures as SVG and PNG, all as NetCDF."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simulator.report.images import draw_images
from simulator.report.netcdf import netcdf_bytes
from simulator.report.page import IncompletePageError, Page
from simulator.report.spreadsheets import csv_bytes, workbook_bytes
from simulator.results.errors import BAD_INPUT, OutputError
from simulator.results.folder import existing_folder, open_run
from simulator.results.manifest import FORMAT, format_of
from simulator.results.outcomes import Outcomes, collect_outcomes
from simulator.results.places import is_local, place, put, shown
from simulator.results.reading import open_results
from simulator.results.summary import summarise
from simulator.results.template import check_template

if TYPE_CHECKING:
    import xarray as xr

    from simulator.report.sweep_data import SweepData

FORMATS = ("json", "csv", "xlsx", "svg", "png", "netcdf")
#: Formats that hold what the report shows.
OF_PAGE = frozenset({"csv", "xlsx", "svg", "png"})
DEFAULT = ("json", "csv", "xlsx")
FOLDER = "export"


class ExportedRun:
    """A run, as exports need it: each part is made when a format asks for it, and loads what it needs then."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.run = open_run(folder)
        check_template(self.run.store, self.run.layout)
        if not self.run.finished:
            raise OutputError(
                f"{shown(folder)}: found no finished paths. Run the scenario again with the same command."
            )

    @cached_property
    def outcomes(self) -> Outcomes:
        """What each path came to."""
        return collect_outcomes(self.run)

    @cached_property
    def page(self) -> Page:
        """The report."""
        from simulator.report.run_data import RunData
        from simulator.report.run_report import run_page

        return run_page(RunData(self.run, self.outcomes))

    @property
    def record(self) -> dict[str, Any]:
        """The summary, and which run it is of."""
        return summarise(self.run, self.outcomes).as_record() | {"identity": _identity(self.run.manifest)}

    def dataset(self) -> xr.Dataset:
        """All variables."""
        return open_results(self.folder, allow_incomplete=True)


class ExportedSweep:
    """A sweep, as exports need it."""

    def __init__(self, folder: Path) -> None:
        from simulator.report.sweep_data import SweepData
        from simulator.report.sweep_page import sweep_page

        self.folder = folder
        self.data = SweepData(folder)
        self.page = sweep_page(self.data)

    @property
    def record(self) -> dict[str, Any]:
        """The cells, and which sweep they are of."""
        return _sweep_record(self.data, self.page)

    def dataset(self) -> xr.Dataset:
        """All figures of the cells."""
        return self.data.dataset


def _exported(folder: Path) -> ExportedRun | ExportedSweep:
    if format_of(folder) != FORMAT:
        from simulator.sweeps.folder import is_sweep_folder

        if is_sweep_folder(folder):
            return ExportedSweep(folder)
    return ExportedRun(folder)


def export(
    folder: str | Path,
    to: str | Path | None = None,
    formats: Iterable[str] = DEFAULT,
    *,
    variables: Sequence[str] = (),
) -> list[Path]:
    """Write results in other formats, and return the files.

    Parameters
    ----------
    folder
        Folder of a run or a sweep, a name inside ``outputs/``, or a URL.
    to
        Folder to write to; ``export`` inside that of the results by default.
    formats
        Some of ``json`` (summary), ``csv`` (every table and the data of every figure), ``xlsx`` (the same in one
        workbook), ``svg`` and ``png`` (every figure), ``netcdf`` (all variables).
    variables
        What NetCDF holds; everything by default.

    Raises
    ------
    IncompletePageError
        If figures or tables could not be made: everything else is written.
    OutputError
        If there is nothing to export, a format is unknown, there is no browser for figures, or NetCDF would be too
        large.
    OSError
        If a file cannot be written.
    """
    wanted = list(dict.fromkeys(formats))
    unknown = [name for name in wanted if name not in FORMATS]
    if unknown:
        raise OutputError(
            f"--format: found {', '.join(unknown)}; allowed are {', '.join(FORMATS)}.", BAD_INPUT
        )
    exported = _exported(existing_folder(str(folder)))
    target = place(to) if to is not None else exported.folder / FOLDER
    files: dict[str, bytes] = {}
    for name in wanted:
        files |= _files(exported, name, variables)
    for subfolder in {target, *((target / name).parent for name in files)}:
        if is_local(subfolder):
            subfolder.mkdir(parents=True, exist_ok=True)
    put(target, files)
    if set(wanted) & OF_PAGE and exported.page.failures:
        raise IncompletePageError(exported.page, target)
    return [target / name for name in files]


def _files(exported: ExportedRun | ExportedSweep, name: str, variables: Sequence[str]) -> dict[str, bytes]:
    """The files of one format, by name."""
    if name == "json":
        text = json.dumps(_known(exported.record), indent=2, ensure_ascii=False, allow_nan=False)
        return {"summary.json": f"{text}\n".encode()}
    if name == "csv":
        return {
            f"{kind}s/{block.key}.csv": csv_bytes(block.saved if kind == "table" else block.columns)
            for kind in ("table", "figure")
            for block in exported.page.blocks(kind)
        }
    if name == "xlsx":
        return {
            "tables.xlsx": workbook_bytes(
                {block.title: block.saved for block in exported.page.blocks("table")}
            )
        }
    if name == "netcdf":
        return {"results.nc": netcdf_bytes(exported.dataset(), exported.folder, variables)}
    images = draw_images(exported.page, "svg" if name == "svg" else "png")
    return {f"figures/{file}": data for file, data in images.items()}


def _identity(manifest: Any) -> dict[str, Any]:
    names = (
        "run_key",
        "digest",
        "code_version",
        "source_sha256",
        "arithmetic_sha256",
        "scenario_sha256",
        "created",
        "finished",
        "status",
    )
    return {name: getattr(manifest, name) for name in names}


def _sweep_record(data: SweepData, page: Page) -> dict[str, Any]:
    """Cells with their labels and figures, as the table of the page has them."""
    table = next(block for block in page.blocks("table") if block.key == "cells")
    names = list(table.saved)
    rows = zip(*table.saved.values(), strict=True)
    return {
        "sweep": data.manifest.name,
        "scenario": str(data.dataset.attrs["scenario"]),
        "key": data.manifest.key,
        "status": page.status,
        "summary": list(page.summary),
        "cells": [dict(zip(names, row, strict=True)) for row in rows],
    }


def _known(value: Any) -> Any:
    """The same, with null for what is not known: JSON has no other word for it."""
    if isinstance(value, dict):
        return {str(key): _known(below) for key, below in value.items()}
    if isinstance(value, list | tuple):
        return [_known(below) for below in value]
    if hasattr(value, "tolist"):
        return _known(value.tolist())
    return None if isinstance(value, float) and not math.isfinite(value) else value
