"""Three paths, from their days and their diaries: the worst, a typical bad one, and the median."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from simulator.report.diary import daily_story
from simulator.report.fans import DATE, date_axis
from simulator.report.figure import Figure, Panel, axis, line
from simulator.report.page import Block, Prose, Section, Story, attempted
from simulator.report.run_data import ChosenPath, RunData, largest
from simulator.results.layout import Array

COLOURS = ("vermilion", "amber", "blue")


def story_section(data: RunData) -> Section:
    """The chosen paths side by side, then the diary of each."""
    blocks: list[Block] = []
    if data.chosen:
        told = (partial(_story, data, path) for path in data.chosen if path.replay is not None)
        blocks += attempted(partial(paths_figure, data), *told)
        if any(path.replay is None for path in data.chosen):
            blocks.append(Prose([f"Diaries are left out: {data.why_not}."]))
    return Section(
        "paths",
        "Three paths, day by day" if len(data.chosen) == 3 else "Paths, day by day",
        blocks,
        lead="Chosen by the largest move of any basis: the worst of all paths, the one that a path in twenty is"
        " worse than, and the one in the middle.",
    )


def paths_figure(data: RunData) -> Figure:
    """Yield, basis, positions and dealers' use on the chosen paths."""
    reference = data.trades.index(data.reference_trade)
    name = data.names[data.reference_trade]
    held = data.held_bn or 1.0
    rows: tuple[tuple[str, str, Callable[[int], Array]], ...] = (
        (f"Yield change, {name}", "bp", lambda path: data.path_days(path, "cash_yield_change")[:, reference]),
        ("Largest move of a basis", "bp", lambda path: _widest(data.path_days(path, "dislocation"))),
        (
            "Positions of hedge funds",
            "% of opening",
            lambda path: 100.0 * np.abs(data.path_days(path, "fund_packages")).sum(axis=1) / held,
        ),
        (
            "Use of dealers' limits",
            "% of limits",
            lambda path: 100.0 * data.path_days(path, "dealer_use"),
        ),
    )
    columns: dict[str, Any] = {DATE: data.dates}
    panels = []
    for title, unit, days in rows:
        traces = []
        for path, colour in zip(data.chosen, COLOURS, strict=False):
            heading = f"{title}, {_label(path)}, {unit}"
            columns[heading] = days(path.path)
            traces.append(line(DATE, heading, _label(path), colour, unit=unit))
        layout = {"xaxis": date_axis(data.dates), "yaxis": axis(unit)}
        panels.append(Panel(traces, layout, title=title, height=240))
    worst = data.chosen[0]
    caption = (
        f"On the worst path a basis moves {worst.severity_bp:,.0f} bp; on the median path,"
        f" {data.chosen[-1].severity_bp:,.1f} bp."
    )
    return Figure(
        "chosen-paths",
        "The chosen paths side by side",
        caption,
        f"Lines of yield, basis, positions and dealers' use on {len(data.chosen)} paths. {caption}",
        panels,
        columns,
        per_row=2,
        note="Single paths, not averages. Replay one with: unwind run SCENARIO --path NUMBER.",
    )


def _widest(dislocation: Array) -> Array:
    widest: Array = np.abs(dislocation - dislocation[:1]).max(axis=1)
    return widest


def _label(path: ChosenPath) -> str:
    return f"{path.role} ({path.path:,})"


def _closes(data: RunData, path: int) -> list[str]:
    """How each day of a path ends: the basis that has moved most, and dealers' use of their limits."""
    dislocation, use = data.path_days(path, "dislocation"), data.path_days(path, "dealer_use")
    moved = dislocation - dislocation[:1]
    closes = []
    for day in range(len(use)):
        place = largest(moved[day])
        closes.append(
            f"At the close the {data.names[data.trades[place]]} basis is {moved[day, place]:+,.1f} bp from where"
            f" it opened, and dealers use {100.0 * use[day]:.0f}% of their limits."
        )
    return closes


def _story(data: RunData, path: ChosenPath) -> Story | Prose:
    assert data.prepared is not None
    assert path.replay is not None
    title = f"Diary of {path.role}, path {path.path:,}"
    days = daily_story(
        data.prepared.of_path(path.path), path.replay, data.days, data.names, _closes(data, path.path)
    )
    ended = data.status_of(path.path)
    if ended:
        days.append(("The end", [f"{ended[:1].upper()}{ended[1:]}."]))
    if not days:
        return Prose([f"{title}: nobody was called for an amount that matters, sold or failed."])
    return Story(title, days)
