"""A run beside what happened: history drawn over the fans, and every moment with the model's band."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from simulator.history.beside import Beside, MomentBeside, beside
from simulator.history.episode import Episode, HistorySeries
from simulator.history.measuring import SCALE, Measured, by_day, problems_with, variables_of
from simulator.history.series import PUBLIC_DATA, Values, series_on
from simulator.history.shelf import episode_of
from simulator.report.fans import DATE, date_axis, fan_traces, sets_note, spread_columns
from simulator.report.figure import Figure, Panel, Trace, axis, column, estimate_columns, text
from simulator.report.page import Block, Cell, PageTable, Prose, Section, attempted
from simulator.results.days import fan, read_days, set_of_paths
from simulator.results.folder import RunFolder
from simulator.results.layout import Days
from simulator.results.statistics import error_note
from simulator.results.summary import shown
from simulator.scenario.errors import Problems
from simulator.scenario.loading import LoadedScenario

HISTORY, PER_ROW = "history", 3
_WORDS = {"told": "told to the model", "found": "for the model to find"}
_SHORT = {"told": "told", "found": "to find"}


@dataclass(frozen=True)
class _Drawn:
    """A series of history on the days of a run."""

    series: HistorySeries
    values: Values


def run_history_section(run: RunFolder) -> Section:
    """The section of a run's report; empty when history has nothing to say of its scenario."""
    episode = episode_of(run.manifest.name)
    if episode is None:
        return Section("history", "Beside history", [])
    return history_section(run, episode, beside(run, episode.scenario, tolerant=True))


def history_section(
    run: RunFolder, episode: LoadedScenario[Episode], side: Beside, key: str = "history"
) -> Section:
    """A run beside an episode: verdict, figure, table, and what is left out.

    Parameters
    ----------
    key
        Name of the section, and the beginning of the names of what is in it.
    """
    if not side.rows:
        return Section(key, "Beside history", [])
    where = Measured.of(run.layout, run.manifest.scenario)
    drawn, notes = _series(episode, where)
    notes += side.left_out_in_words
    blocks: list[Block] = [Prose([side.verdict])]
    if drawn:
        blocks += attempted(partial(_figure, run, where, drawn, f"{key}-fans"))
    blocks += attempted(partial(_table, side, f"{key}-moments"))
    if notes:
        blocks.append(Prose(notes, is_list=True))
    title = side.episode.title or side.episode.name
    lead = f"What happened ({title}), beside the {side.paths:,} paths of this run."
    return Section(key, "Beside history", blocks, lead)


def _series(episode: LoadedScenario[Episode], where: Measured) -> tuple[list[_Drawn], list[str]]:
    """Series that can be drawn, and in words why others cannot."""
    drawn, notes = [], []
    for number, series in enumerate(episode.scenario.series):
        wrong = problems_with(series, f"series.{number}", where)
        try:
            values = None if wrong else series_on(episode, number, where)
        except Problems as problems:
            wrong, values = list(problems.problems), None
        if wrong:
            notes.append(f"Not drawn: {series.label}: {wrong[0].found}.")
        elif values is None:
            notes.append(
                f"Not drawn: {series.label}. It does not ship with Unwind: {series.source}. Put it into"
                f" {series.public_file} in a folder of public data, and name the folder in ${PUBLIC_DATA}."
            )
        elif np.isfinite(values).any():
            drawn.append(_Drawn(series, values))
    return drawn, notes


def _figure(run: RunFolder, where: Measured, drawn: Sequence[_Drawn], key: str) -> Figure:
    """A panel for each series: the fan of the model, and history over it."""
    days = read_days(run, variables_of(quantity for each in drawn for quantity in each.series.of))
    dates = [day.isoformat() for day in where.dates]
    columns: dict[str, Any] = {DATE: dates}
    panels = []
    inside: list[float] = []
    for each in drawn:
        name, unit = each.series.label, each.series.unit
        columns |= _columns(run, where, each, days)
        known = np.isfinite(each.values)
        low, high = (columns[f"{name}, {level}% quantile, {unit}"] for level in (5, 95))
        inside.append(float(np.mean((each.values >= low)[known] & (each.values <= high)[known])))
        told = f"{'change in ' if each.series.change else ''}{unit}"
        layout = {"xaxis": date_axis(dates, ticks=4), "yaxis": axis(told)}
        traces = [
            *fan_traces(columns, name, unit, "blue", series="model", narrow=False),
            _history(name, unit),
        ]
        panels.append(Panel(traces, layout, title=name, height=250))
    best, worst = int(np.argmax(inside)), int(np.argmin(inside))
    caption = (
        f"History lies within the band of 90% of paths on {100 * inside[best]:.0f}% of its days for"
        f" {drawn[best].series.label}, and on {100 * inside[worst]:.0f}% for {drawn[worst].series.label}."
    )
    sources = "; ".join(dict.fromkeys(each.series.source for each in drawn))
    return Figure(
        key,
        "History over the paths of the model",
        caption,
        f"Fans of {len(drawn)} variables with what happened drawn over them. {caption}",
        panels,
        columns,
        per_row=min(PER_ROW, len(panels)),
        note="Bands hold 90% of paths, lines are medians. Changes are since the opening; of a weekly series, since its"
        f" first report on or after it. Sources of history: {sources}.{sets_note(columns)}",
    )


def _columns(run: RunFolder, where: Measured, each: _Drawn, days: Days) -> dict[str, Any]:
    series = each.series
    values = SCALE.get(series.unit, 1.0) * by_day(series.of, days, where)
    if series.change:
        values = values - values[:, :1]
    antithetic = run.manifest.sampling == "antithetic"
    spread = fan(values, antithetic=antithetic, set_of_path=set_of_paths(run, days["path"]))
    return spread_columns(series.label, series.unit, spread) | {
        f"{series.label}, {HISTORY}, {series.unit}": each.values
    }


def _history(name: str, unit: str) -> Trace:
    """What happened, a line with a mark on each day that has a value."""
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "x": column(DATE),
        "y": column(f"{name}, {HISTORY}, {unit}"),
        "name": text(HISTORY),
        "legendgroup": HISTORY,
        "connectgaps": True,
        "line": {"color": "@vermilion", "width": 2.0},
        "marker": {"color": "@vermilion", "size": 4},
        "hovertemplate": f"%{{y:,.4~g}} {unit}",
    }


def _table(side: Beside, key: str) -> PageTable:
    """Every moment: history, the model, and history's place among its paths."""
    headings = [
        "moment", "told or to find", "history", "tolerance", "model", "5% of paths", "95% of paths", "bias",
        "within tolerance", "within 90% of paths", "paths below history, %", "source",
    ]  # fmt: skip
    rows = [list(_cells(row)) for row in side.rows]
    saved: dict[str, Any] = {
        heading: [cells[place].saved for cells in rows] for place, heading in enumerate(headings)
    }
    saved |= estimate_columns("model", [row.mean for row in side.rows])
    saved["purpose"] = [row.moment.purpose for row in side.rows]
    counts = ", ".join(f"{len(side.of_kind(kind))} {words}" for kind, words in _WORDS.items())
    return PageTable(
        key,
        f"Moments of history ({counts})",
        headings,
        rows,
        caption="Tolerance: one standard deviation of measurement and of what a model of this kind can miss. Bias: mean"
        f" of paths less history. {error_note(bool(side.sets))}",
        columns=saved,
    )


def _cells(row: MomentBeside) -> Iterator[Cell]:
    moment = row.moment
    yield Cell(f"{moment.label}, {moment.unit}")
    yield Cell(_SHORT[moment.kind])
    yield Cell(f"{moment.value:,g}", moment.value)
    yield Cell(f"{moment.tolerance:,g}", moment.tolerance)
    yield Cell(shown(row.mean, row.decimals), row.mean.value)
    yield Cell(row.told(row.low), row.low)
    yield Cell(row.told(row.high), row.high)
    yield Cell(row.told(row.bias, signed=True), row.bias)
    yield Cell("yes" if row.is_close else "no")
    yield Cell("yes" if row.is_covered else "no")
    yield Cell(f"{100 * row.rank:.0f}", 100 * row.rank)
    yield Cell(moment.source)
