"""The page of a sweep: what became of it, maps and lines, policies, and a table of every cell."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from simulator.report.figure import ERROR, HIGH, LOW, Figure, estimate_columns
from simulator.report.images import write_document
from simulator.report.page import (
    Block,
    Cell,
    Headline,
    Page,
    PageTable,
    Prose,
    Section,
    attempted,
)
from simulator.report.sweep_data import SweepData
from simulator.report.sweep_figures import figures_of_sweep
from simulator.report.words import listed
from simulator.results.errors import masked
from simulator.results.measures import with_unit
from simulator.results.names import sentence
from simulator.results.summary import NOT_TOLD, NOT_TOLD_IN_WORDS, shown_in
from simulator.scenario.explain import in_words

TITLES = {
    "policies": ("Policies", "What each policy changes, path by path, against the baseline."),
    "design": ("What matters", "A design varies all parameters at once; these figures tell them apart."),
    "map": ("Over the axes", "Every cell is a run of the scenario with other parameters."),
}  # fmt: skip
SHARED = "shared"


def write_sweep_report(folder: Path, file: Path) -> Path:
    """Write the report of a sweep, complete or not, and return its path.

    Raises
    ------
    OutputError
        If there is no sweep, or it is damaged.
    OSError
        If the file cannot be written.
    """
    return write_document(sweep_page(SweepData(folder)), file)


def sweep_page(data: SweepData) -> Page:
    """The page of a sweep."""
    grouped: dict[str, list[Block]] = {key: [] for key in TITLES}
    for key, drawn in figures_of_sweep(data):
        grouped[key] += attempted(drawn)
    sections = [
        Section(key, TITLES[key][0], blocks, lead=TITLES[key][1]) for key, blocks in grouped.items() if blocks
    ]
    sections += [
        Section("cells", "Every cell", attempted(partial(cells, data)),
                lead=f"Averages over paths. {data.error_note}"),
        Section("sweep", "What was run", attempted(partial(axes, data), partial(_how, data))),
    ]  # fmt: skip
    failed = _failed(data)
    if failed is not None:
        sections.insert(0, Section("failed", "Cells that failed", [failed]))
    attributes = data.dataset.attrs
    return Page(
        title=str(attributes["title"]),
        subtitle=str(attributes["description"]).strip(),
        facts=_facts(data),
        status=_status(data),
        is_complete=set(data.counts()) <= {"done"},
        summary=_summary(
            data,
            {key: [each for each in blocks if isinstance(each, Figure)] for key, blocks in grouped.items()},
        ),
        headlines=_headlines(data),
        sections=sections,
        footer=[
            f"{data.error_note} More paths make the error smaller. It says nothing of the model.",
            *_chance(data),
            f"Made by Unwind {data.manifest.code_version}. This file asks no other machine for anything.",
        ],
    )


def cells(data: SweepData) -> PageTable:
    """Every cell: where it stands, what became of it, and its figures."""
    places = list(np.ndindex(*data.manifest.shape)) if data.dims else [()]
    columns: dict[str, list[Any]] = {"cell": list(range(len(places)))}
    for number, along in enumerate(data.axes):
        values = along.values if along.is_numeric else along.labels
        columns[along.title] = [values[place[number]] for place in places]
        for name, (values, unit) in along.parameters.items():
            columns[with_unit(name, unit)] = [float(values[place[number]]) for place in places]
    rows = [[Cell(str(place), place)] for place in range(len(places))]
    for heading in list(columns)[1:]:
        for row, value in zip(rows, columns[heading], strict=True):
            row.append(_label_cell(value))
    status = data.dataset["status"].values.astype(str).reshape(-1)
    columns["status"] = status.tolist()
    columns["paths"] = data.dataset["paths"].values.reshape(-1).tolist()
    for row, state, paths in zip(rows, status, columns["paths"], strict=True):
        row += [Cell(str(state)), Cell(f"{paths:,}", paths)]
    for shown in data.shown:
        heading = f"{data.label(shown)}, {shown.told_unit}"
        estimates = data.estimates(shown)
        columns |= estimate_columns(heading, estimates)
        for row, estimate in zip(rows, estimates, strict=True):
            missing = math.isnan(estimate.value)
            row.append(
                Cell("-")
                if missing
                else Cell(shown_in(estimate, shown.told_decimals, shown.told_unit), estimate.value)
            )
    headings = [heading for heading in columns if not heading.endswith((ERROR, LOW, HIGH))]
    is_marked = any(cell.text.endswith(NOT_TOLD) for row in rows for cell in row)
    note = f" {NOT_TOLD_IN_WORDS[:1]}: {NOT_TOLD_IN_WORDS[2:]}." if is_marked else ""
    ranges = " and ranges" if data.is_over_sets else ""
    return PageTable(
        "cells", f"{len(places):,} cells", headings, rows, columns=columns,
        caption=f"A click on a heading sorts. The CSV holds standard errors{ranges} too.{note}",
    )  # fmt: skip


def axes(data: SweepData) -> PageTable:
    """What each dimension changes, point by point."""
    rows = []
    for dimension in data.manifest.dimensions:
        for label, changes in zip(dimension["labels"], dimension["changes"], strict=True):
            said = "; ".join(
                f"{key} = {in_words(value)}" if key else in_words(value) for key, value in changes
            )
            shown = f"{label:g}" if isinstance(label, float) else str(label)
            rows.append([Cell(dimension["name"]), Cell(shown), Cell(said or "as the scenario says")])
    return PageTable(
        "axes", "Axes and policies", ["axis", "point", "what it changes"], rows, is_folded=len(rows) > 30
    )


def _label_cell(value: object) -> Cell:
    if isinstance(value, float):
        return Cell(f"{value:,.6g}", value)
    try:
        return Cell(str(value), float(str(value)))
    except ValueError:
        return Cell(str(value))


def _failed(data: SweepData) -> PageTable | None:
    """Cells that failed, with their messages; none when there are none."""
    found = [
        (cell, entry)
        for cell, entry in sorted(data.folder.state.cells.items())
        if entry["status"] == "failed"
    ]
    if not found:
        return None
    rows = [
        [Cell(str(cell), cell), Cell(_where(data, cell)), Cell(str(entry["message"]))]
        for cell, entry in found
    ]
    return PageTable("failed-cells", f"{len(rows):,} cells failed", ["cell", "where", "message"], rows)


def _cell(data: SweepData, cell: int) -> str:
    where = _where(data, cell)
    return f"cell {cell} ({where})" if where else f"cell {cell}"


def _where(data: SweepData, cell: int) -> str:
    places = np.unravel_index(cell, data.manifest.shape) if data.dims else ()
    return ", ".join(
        f"{each.name.replace('_', ' ')} {each.labels[int(place)]}"
        for each, place in zip(data.axes, places, strict=True)
        if not each.is_design
    )


def _status(data: SweepData) -> str:
    counts = data.counts()
    total = data.manifest.cells
    if set(counts) <= {"done"}:
        return f"Complete: {total:,} of {total:,} cells"
    words = {"stopped": "with paths that stopped", "failed": "failed", "left": "left to run"}
    parts = [f"{counts[key]:,} {said}" for key, said in words.items() if counts.get(key)]
    done = counts.get("done", 0) + counts.get("stopped", 0)
    return f"INCOMPLETE: {done:,} of {total:,} cells have figures; {listed(parts)}." if done < total else (
        f"Complete: {total:,} cells, {listed(parts)}."
    )  # fmt: skip


def _facts(data: SweepData) -> list[tuple[str, str]]:
    manifest = data.manifest
    return [
        ("Sweep", manifest.name),
        ("Scenario", str(data.dataset.attrs["scenario"])),
        ("Cells", f"{manifest.cells:,}"),
        ("Paths a cell", f"{manifest.paths:,}"),
        ("Random numbers", str(data.dataset.attrs["random_numbers"])),
        ("Unwind", manifest.code_version),
        ("Key", manifest.key[:12]),
        ("Made", manifest.created[:10]),
    ]


def _summary(data: SweepData, grouped: Mapping[str, Sequence[Figure]]) -> list[str]:
    """The first figures of each section, in words."""
    varied = [
        f"{len(each.labels)} points over {len(each.parameters)} parameters"
        if each.is_design
        else f"{len(each.labels)} points of {each.name.replace('_', ' ')}"
        for each in data.parameters
    ]
    if data.policies is not None and len(data.policies.labels) > 1:
        varied.append(f"{len(data.policies.labels)} policies")
    first = f"{data.manifest.cells:,} cells: {listed(varied)}." if varied else "One cell."
    telling = [each.caption for key in ("policies", "design") for each in grouped[key][:1]]
    return [
        first,
        *telling,
        *(f"{each.title}: {each.caption}" for each in grouped["map"][: 2 - len(telling)]),
    ]


def _headlines(data: SweepData) -> list[Headline]:
    """The range of each figure over the cells."""
    found = []
    for shown in data.drawn:
        values = data.of(shown)
        low, high = (int(pick(values)) for pick in (np.nanargmin, np.nanargmax))
        ends = [
            data.estimate(shown, tuple(map(int, np.unravel_index(cell, values.shape))))
            for cell in (low, high)
        ]
        unit = (
            "%"
            if shown.told_unit.startswith("%")
            else shown.told_unit
            if shown.told_unit == "x"
            else f" {shown.told_unit}"
        )
        found.append(
            Headline(
                sentence(data.label(shown)),
                f"{' to '.join(f'{end.value:,.{shown.told_decimals}f}' for end in ends)}{unit}",
                f"± {ends[0].standard_error:.2g} and {ends[1].standard_error:.2g}",
                f"Least in {_cell(data, low)}, most in {_cell(data, high)}.",
            )
        )  # fmt: skip
    return found


def _chance(data: SweepData) -> list[str]:
    if data.dataset.attrs["random_numbers"] == SHARED:
        return [
            "All cells share random numbers: differences between cells are sharper than their errors say."
        ]
    return ["Cells have random numbers of their own: their errors are independent."]


def _how(data: SweepData) -> Prose:
    manifest = data.manifest
    return Prose(
        [
            f"Sweep file: {manifest.file}. Command: {masked(manifest.command)}. Seed of the scenario and of designs,"
            f" versions and hashes: manifest.json in the folder of the sweep, key {manifest.key}."
        ]
    )
