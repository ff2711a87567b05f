"""The page of a sweep: what became of it, maps and lines, policies, and a table of every cell."""

from __future__ import annotations

import math
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from simulator.analysis.policies import OUTLAY
from simulator.report.document import write_document
from simulator.report.figure import ERROR, HIGH, LOW, estimate_columns
from simulator.report.page import (
    Block,
    Cell,
    Page,
    PageTable,
    Prose,
    Section,
    attempted,
)
from simulator.report.sweep_data import Shown, SweepData, words_of
from simulator.report.sweep_figures import figures_of_sweep
from simulator.report.words import figure, listed
from simulator.results.errors import masked
from simulator.results.in_currency import in_currency
from simulator.results.measures import MEASURES, with_unit
from simulator.results.names import sentence
from simulator.results.summary import NOT_TOLD, NOT_TOLD_IN_WORDS, shown_in
from simulator.results.summary import shown as in_figures
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
    first = [partial(_ranges, data)]
    if data.policies is not None and len(data.policies.labels) > 1 and data.has_differences:
        first.append(partial(_by_target, data))
    sections = [Section("ranges", "What changes over the cells", attempted(*first))]
    sections += [
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
    page = Page(
        title=str(attributes["title"]),
        subtitle=str(attributes["description"]).strip(),
        facts=_facts(data),
        status=_status(data),
        is_complete=set(data.counts()) <= {"done"},
        summary=[_answer(data)],
        headlines=[],
        sections=sections,
        footer=[
            f"{data.error_note} More paths make the error smaller. It says nothing of the model.",
            *_chance(data),
            f"Made by Unwind {data.manifest.code_version}. This file asks no other machine for anything.",
        ],
    )
    return in_currency(page, data.manifest.currency)


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
        [Cell(str(cell), cell), Cell(data.manifest.where(cell)), Cell(str(entry["message"]))]
        for cell, entry in found
    ]
    return PageTable("failed-cells", f"{len(rows):,} cells failed", ["cell", "where", "message"], rows)


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


def _answer(data: SweepData) -> str:
    """The sweep in one sentence: over what, and how far the first figure runs."""
    varied = [
        f"{len(each.labels)} points over {len(each.parameters)} parameters"
        if each.is_design
        else f"{words_of(each)} from {each.labels[0]} to {each.labels[-1]}"
        if each.is_numeric
        else f"{len(each.labels)} settings of {words_of(each)}"
        for each in data.parameters
    ]
    if data.policies is not None and len(data.policies.labels) > 1:
        varied.append(f"{len(data.policies.labels)} policies")
    over = f"Over {data.manifest.cells:,} cells ({listed(varied)})" if varied else "In its one cell"
    if not data.drawn:
        return f"{over}, no figure that is told moves."
    shown = data.drawn[0]
    if data.manifest.cells == 1:
        return f"{over}, the {data.label(shown)} is {_value(data, shown, 0)}."
    low, high = _ends(data, shown)
    return (
        f"{over}, the {data.label(shown)}, runs from {_value(data, shown, low)} ({data.manifest.where(low)}) to"
        f" {_value(data, shown, high)} ({data.manifest.where(high)})."
    )


def _ends(data: SweepData, shown: Shown) -> tuple[int, int]:
    """The cells where a figure is least and most."""
    values = data.of(shown)
    return int(np.nanargmin(values)), int(np.nanargmax(values))


def _value(data: SweepData, shown: Shown, cell: int) -> str:
    return figure(data.estimates(shown)[cell], shown.told_decimals, shown.told_unit)


def _ranges(data: SweepData) -> PageTable:
    """Every figure, where it is least and where it is most."""
    rows = []
    for shown in data.shown:
        ends = _ends(data, shown)
        estimates = data.estimates(shown)
        cells = [Cell(with_unit(sentence(data.label(shown)), shown.told_unit))]
        for end in ends:
            told = shown_in(estimates[end], shown.told_decimals, shown.told_unit)
            cells += [Cell(told, estimates[end].value), Cell(data.manifest.where(end) or "-")]
        rows.append(cells)
    headings = ["figure", "least", "in", "most", "in "]
    return PageTable("ranges-of-figures", "Least and most of every figure", headings, rows)


def _by_target(data: SweepData) -> PageTable:
    """Every figure as a target: policies by how much they move it for the better, with what they cost."""
    assert data.policies is not None
    outlay = data.average_difference(MEASURES[OUTLAY])
    headings = ["target", "rank", "policy", f"less {data.baseline}", "outlay at the peak, $bn"]
    rows = []
    for shown in data.drawn:
        found = data.average_difference(shown)
        if found is None or shown.worse == "neither":
            continue
        sign = 1.0 if shown.worse == "higher" else -1.0
        order = sorted(found, key=lambda policy: sign * found[policy].value)
        for rank, policy in enumerate(order, 1):
            spent = outlay[policy] if outlay is not None else None
            rows.append([
                Cell(with_unit(sentence(data.label(shown)), shown.told_unit)), Cell(str(rank), rank), Cell(policy),
                Cell(in_figures(found[policy], shown.told_decimals), found[policy].value),
                Cell("not counted") if spent is None else Cell(in_figures(spent, 1), spent.value),
            ])  # fmt: skip
    return PageTable(
        "policies-by-target", "Policies ranked by target", headings, rows,
        caption=f"Differences from {data.baseline}, averaged over the other axes. Outlay: what the central bank has"
        " bought and lent at the peak, beyond it. What a policy costs dealers, funds and the clearing house is not"
        " counted here; compare two runs of a cell for that.",
    )  # fmt: skip


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
