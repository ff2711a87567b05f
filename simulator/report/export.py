"""Results for other programs: summary as JSON, tables as CSV and xlsx, figures as SVG and PNG, all as NetCDF."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simulator.analysis.book import Book, has_book
from simulator.results.errors import BAD_INPUT, OutputError
from simulator.results.folder import existing_folder, open_run
from simulator.results.outcomes import collect_outcomes
from simulator.results.places import make_folder, place, put, shown
from simulator.results.summary import summarise
from simulator.results.template import check_template
from simulator.sweeps.kind import is_sweep_folder

if TYPE_CHECKING:
    import xarray as xr

    from simulator.report.figure import Columns
    from simulator.report.page import Page
    from simulator.report.sweep_data import SweepData

FORMATS = ("json", "csv", "xlsx", "svg", "png", "netcdf")
#: Formats that hold what the report shows.
OF_PAGE = frozenset({"csv", "xlsx", "svg", "png"})
DEFAULT = ("json", "csv", "xlsx")
FOLDER = "export"
COVER = "Cover"


class Exported:
    """A run or a sweep, as exports need it: what a format does not need is neither made nor loaded."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        if is_sweep_folder(folder):
            self._open_sweep(folder)
        else:
            self._open_run(folder)

    def _open_sweep(self, folder: Path) -> None:
        from simulator.report.sweep_data import SweepData
        from simulator.report.sweep_page import sweep_page
        from simulator.sweeps.reading import open_sweep

        data = SweepData(folder)
        self._make: Callable[[], Page] = lambda: sweep_page(data)
        self._record: Callable[[], dict[str, Any]] = lambda: _sweep_record(data, self.page)
        self.dataset: Callable[[], xr.Dataset] = lambda: open_sweep(folder, allow_incomplete=True)

    def _open_run(self, folder: Path) -> None:
        run = open_run(folder)
        check_template(run.store, run.layout)
        if not run.finished:
            raise OutputError(
                f"{shown(folder)}: found no finished paths. Run the scenario again with the same command."
            )
        outcomes = collect_outcomes(run)

        def page() -> Page:
            from simulator.report.run_data import RunData
            from simulator.report.run_report import run_page

            return run_page(RunData(run, outcomes))

        def dataset() -> xr.Dataset:
            from simulator.results.reading import open_results

            return open_results(folder, allow_incomplete=True)

        self._make, self.dataset = page, dataset
        self._record = lambda: (
            summarise(run, outcomes).as_record()
            | {"identity": _identity(run.manifest)}
            | ({"book": list(Book(run).records())} if has_book(run) else {})
        )

    @cached_property
    def page(self) -> Page:
        """The report, made when a format first needs it."""
        return self._make()

    @property
    def record(self) -> dict[str, Any]:
        """The summary as plain values."""
        return self._record()


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
    exported = Exported(existing_folder(str(folder)))
    target = place(to) if to is not None else exported.folder / FOLDER
    files: dict[str, bytes] = {}
    for name in wanted:
        files |= _files(exported, name, variables)
    for subfolder in {target, *((target / name).parent for name in files)}:
        make_folder(subfolder)
    put(target, files)
    if set(wanted) & OF_PAGE and exported.page.failures:
        from simulator.report.page import IncompletePageError

        raise IncompletePageError(exported.page, target)
    return [target / name for name in files]


def _files(exported: Exported, name: str, variables: Sequence[str]) -> dict[str, bytes]:
    """The files of one format, by name."""
    if name == "json":
        text = json.dumps(_known(exported.record), indent=2, ensure_ascii=False, allow_nan=False)
        return {"summary.json": f"{text}\n".encode()}
    if name == "csv":
        from simulator.report.spreadsheets import csv_bytes

        return {
            f"{kind}s/{block.key}.csv": csv_bytes(block.saved if kind == "table" else block.columns)
            for kind in ("table", "figure")
            for block in exported.page.blocks(kind)
        }
    if name == "xlsx":
        from simulator.report.spreadsheets import workbook_bytes

        return {
            "tables.xlsx": workbook_bytes(
                {COVER: _cover(exported.page)}
                | {block.title: block.saved for block in exported.page.blocks("table")}
            )
        }
    if name == "netcdf":
        from simulator.report.netcdf import netcdf_bytes

        return {"results.nc": netcdf_bytes(exported.dataset(), exported.folder, variables)}
    from simulator.report.images import draw_images

    images = draw_images(exported.page, "svg" if name == "svg" else "png")
    return {f"figures/{file}": data for file, data in images.items()}


def _cover(page: Page) -> Columns:
    """The first sheet: what the workbook is of, whether it is complete, what it says, and how to read it."""
    rows = [
        ("Title", page.title),
        ("What happens", page.subtitle),
        ("Status", page.status),
        *page.facts,
        *((f"In short {n + 1}", said) for n, said in enumerate(page.summary)),
        *((f"Note {n + 1}", said) for n, said in enumerate(page.footer)),
        *(
            (f"Sheet {n + 2}", block.title + (f": {block.caption}" if block.caption else ""))
            for n, block in enumerate(page.blocks("table"))
        ),
    ]
    return {"what": [name for name, _ in rows], "": [said for _, said in rows]}


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
