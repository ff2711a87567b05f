"""A sweep on the terminal: what it will take, what came of it, where it stands."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from simulator.cli.terminal import console, duration, plain_table, say
from simulator.ensemble.description import gigabytes
from simulator.results.errors import plain
from simulator.results.locks import holder_of
from simulator.results.measures import MEASURES, with_unit
from simulator.results.places import shown as place_shown
from simulator.results.statistics import error_note
from simulator.results.summary import shown
from simulator.sweeps.cells import LoadedSweep
from simulator.sweeps.estimate import SweepEstimate
from simulator.sweeps.execution import SweepOutcome
from simulator.sweeps.folder import DONE, FAILED, FIGURES, STOPPED, SweepFolder
from simulator.sweeps.statistics import Row

#: Blocks whose pace counts as that of now.
RECENT_BLOCKS = 100
#: Columns of tables in a file: they hold more text than others.
TABLE_WIDTH = 140
#: Cells shown in tables; the rest is in the dataset.
CELLS_SHOWN = 40
#: Figures shown of each cell: keys of measures of the market.
HEADLINES = ("dysfunction", "unwound_in_all", "client_repo_spread_peak", "dealer_use_peak")


def estimate_lines(loaded: LoadedSweep, chosen: Sequence[int], found: SweepEstimate) -> list[str]:
    """What a sweep will take, in a few lines."""
    dimensions = " × ".join(f"{len(dimension.points)} {dimension.name}" for dimension in loaded.dimensions)
    of = "" if len(chosen) == loaded.count else f" of {loaded.count:,}"
    rows = (
        ("cells", f"{found.cells:,}{of}" + (f" ({dimensions})" if dimensions else "")),
        ("paths", f"{found.paths:,} in {found.blocks:,} blocks"),
        *_sets_row(loaded, found),
        ("memory", f"{gigabytes(found.memory_bytes)} on {found.workers} threads or workers"),
        ("disk", f"{gigabytes(found.disk_bytes)}, keeping {loaded.sweep.keep}"),
        ("time", f"{duration(found.hours * 3600.0)} on {found.workers} threads or workers"),
        (
            "measured",
            f"{found.simulating_s * 1e6:,.0f} µs a path and day, {found.preparing_s * 1e3:,.0f} ms to prepare a cell",
        ),
    )
    return [f"{name:<9} {said}" for name, said in rows]


def _sets_row(loaded: LoadedSweep, found: SweepEstimate) -> list[tuple[str, str]]:
    if loaded.sets is None:
        return []
    groups = found.openings - found.cells
    return [("sets", f"{len(loaded.sets.weights):,}, and {groups:,} groups of paths with one each")]


def print_outcome(outcome: SweepOutcome) -> None:
    """Show figures of the first cells, cells that failed, and where the results are."""
    folder = outcome.folder
    ended = outcome.with_status(DONE, STOPPED)
    if ended:
        _print_table("Cells", *_figures(folder, ended[:CELLS_SHOWN]))
        if len(ended) > CELLS_SHOWN:
            say(f"… and {len(ended) - CELLS_SHOWN:,} more cells.")
        say(error_note(bool(folder.manifest.parameter_sets)))
    print_failed(folder, outcome.with_status(FAILED, STOPPED))
    said = f"{_counts(folder, outcome.chosen)} in {duration(outcome.seconds)}."
    say("")
    say(f"{said} Results: {place_shown(folder.path)}")


def print_failed(folder: SweepFolder, cells: Sequence[int]) -> None:
    """Show a table of cells that failed or lost paths, with what happened."""
    if not cells:
        return
    rows = []
    for cell in cells[:CELLS_SHOWN]:
        entry = folder.state.cells[cell]
        said = folder.manifest.where(cell)
        rows.append((f"{cell}", said, entry["status"], f"{entry['attempts']}", entry["message"]))
    say("")
    _print_table("Cells that failed", ("cell", "where", "status", "attempts", "what happened"), rows)
    if len(cells) > CELLS_SHOWN:
        say(f"… and {len(cells) - CELLS_SHOWN:,} more.")


def sweep_record(folder: SweepFolder) -> dict[str, Any]:
    """Where a sweep stands, as plain values: cells, who writes, pace, and where the workers' time goes."""
    manifest, state = folder.manifest, folder.state
    blocks = [entry for of_cell in state.blocks.values() for entry in of_cell.values()]
    blocks.sort(key=lambda entry: float(entry["finished_at"]))
    working = sum(entry["seconds"] for entry in blocks)
    recent = blocks[-RECENT_BLOCKS:]
    writer = holder_of(folder.path)
    span = (
        (time.time() if writer else recent[-1]["finished_at"]) - recent[0]["finished_at"] if recent else 0.0
    )
    parts = {"playing": "simulate_seconds", "storing": "store_seconds"}
    return {
        "sweep": manifest.name,
        "folder": place_shown(folder.path),
        "writer": writer,
        "cells": manifest.cells,
        "parameter_sets": len(manifest.parameter_sets.get("weights", ())),
        "done": len(state.with_status(DONE)),
        "stopped": len(state.with_status(STOPPED)),
        "failed": [
            {"cell": cell, "where": manifest.labels(cell), "message": state.cells[cell]["message"]}
            for cell in state.with_status(FAILED)
        ],
        "left": manifest.cells - len(state.cells),
        "paths_done": sum(entry["paths"] for entry in blocks),
        "paths_per_s": round(sum(entry["paths"] for entry in recent[1:]) / span, 1) if span > 0.0 else None,
        "workers": len({entry["worker"] for entry in recent}),
        "working_s": round(working, 3),
        "shares": {
            name: round(sum(entry[key] for entry in blocks) / working, 3) if working else None
            for name, key in parts.items()
        },
        "reducing_s": round(sum(entry.get("reducing_s", 0.0) for entry in state.cells.values()), 3),
        "broken_ledger_lines": state.broken_lines,
    }


def print_status(folder: SweepFolder) -> None:
    """Show where a sweep stands: cells done, failed, left, rate, and where the time goes."""
    said = sweep_record(folder)
    state = "being written" if said["writer"] else "stopped" if said["left"] else "ended"
    say(f"{said['sweep']}: {state}; {_counts(folder, range(said['cells']))} ({said['folder']})")
    if said["writer"]:
        say(f"written by {said['writer']}")
    if said["paths_per_s"]:
        say(f"pace {said['paths_per_s']:,.0f} paths/s of late, {said['workers']:,} processes at work")
    if said["working_s"]:
        shares = ", ".join(f"{share:.0%} {name}" for name, share in said["shares"].items())
        say(f"{said['paths_done']:,} paths in {duration(said['working_s'])} of workers' time: {shares}")
        say(f"summing up cells took {duration(said['reducing_s'])}; the slowest cells:")
        slowest = sorted(_seconds(folder).items(), key=lambda pair: -pair[1])[:3]
        for cell, seconds in slowest:
            say(f"  cell {cell}: {duration(seconds)} ({folder.manifest.where(cell)})")
    print_failed(folder, folder.state.with_status(FAILED, STOPPED))


def _seconds(folder: SweepFolder) -> dict[int, float]:
    return {
        cell: sum(entry["seconds"] for entry in blocks.values())
        for cell, blocks in folder.state.blocks.items()
    }


def _counts(folder: SweepFolder, chosen: Sequence[int]) -> str:
    """*195 of 200 cells done, 5 failed*."""
    wanted = set(chosen)
    counted = {
        status: len(wanted & set(folder.state.with_status(status))) for status in (DONE, STOPPED, FAILED)
    }
    said = f"{counted[DONE] + counted[STOPPED]:,} of {len(wanted):,} cells done"
    said += f", {counted[STOPPED]:,} of them with stopped paths" if counted[STOPPED] else ""
    said += f", {counted[FAILED]:,} failed" if counted[FAILED] else ""
    left = len(wanted - set(folder.state.cells))
    return said + (f", {left:,} left" if left else "")


def _figures(folder: SweepFolder, cells: Sequence[int]) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Headings, and a row of headline figures with errors for each cell."""
    plan, array = folder.manifest.statistics, folder.array(FIGURES)
    told = [MEASURES[key] for key in HEADLINES]
    rows = []
    for cell in cells:
        table = np.asarray(array[cell])
        figures = []
        for measure in told:
            found = plan.estimate(table, Row(measure.key, "", ""), measure.scale)
            figures.append(shown(found, measure.told_decimals))
        rows.append((f"{cell}", folder.manifest.where(cell), *figures))
    return ("cell", "where", *(with_unit(measure.in_short, measure.told_unit) for measure in told)), rows


def _print_table(title: str, headings: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    table = plain_table(headings, ("where", "status", "what happened"), title)
    for row in rows:
        table.add_row(*(plain(entry) for entry in row))
    console(TABLE_WIDTH).print(table)
