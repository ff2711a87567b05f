"""Fans: the spread of a variable over paths by day, as columns and traces."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import numpy as np

from simulator.report.figure import HIGH, LOW, Trace, axis, band, edged_band, line
from simulator.results.days import LEVELS, Fan

DATE = "date"
SATURDAY = 5
WIDE, NARROW, MIDDLE = "90% of paths", "half of paths", "median"
OF_SETS = "average, 90% of parameter sets"
SETS_NOTE = (
    "Between dotted lines: what nine of ten parameter sets make of the average over paths, chance taken out."
)


def spread_columns(name: str, unit: str, spread: Fan, place: int | None = None) -> dict[str, Any]:
    """Columns of a fan: mean, its standard error, and quantiles over paths; of one trade if it has several."""

    def chosen(values: Any) -> Any:
        return values if place is None else values[..., place]

    columns = {
        f"{name}, mean, {unit}": chosen(spread.mean),
        f"{name}, standard error, {unit}": chosen(spread.error),
    }
    for level, values in zip(LEVELS, chosen(spread.quantiles), strict=True):
        columns[f"{name}, {100 * level:.0f}% quantile, {unit}"] = values
    if spread.low is not None and np.isfinite(chosen(spread.low)).any():
        columns[f"{name}{LOW}, {unit}"] = chosen(spread.low)
        columns[f"{name}{HIGH}, {unit}"] = chosen(spread.high)
    return columns


def sets_note(columns: Mapping[str, Any]) -> str:
    """How to read the band of parameter sets, if one is drawn."""
    is_drawn = any(f"{LOW}, " in name for name in columns)
    return f" {SETS_NOTE}" if is_drawn else ""


def quantile_column(name: str, unit: str, level: float) -> str:
    """Name of a column of quantiles."""
    return f"{name}, {100 * level:.0f}% quantile, {unit}"


def fan_traces(
    columns: Mapping[str, Any],
    name: str,
    unit: str,
    colour: str,
    *,
    series: str = "",
    narrow: bool = True,
    dash: str = "solid",
    is_above: bool = False,
) -> list[Trace]:
    """Bands and median of a fan of :func:`spread_columns`; ``series`` goes before the names in the legend.

    A fan that lies above another is drawn by its edges, hardly filled, so that both can be told where they overlap.

    Over parameter sets a second band, between dotted lines, is what nine of ten of them make of the average.
    """
    before = f"{series}: " if series else ""
    at = [quantile_column(name, unit, level) for level in LEVELS]
    wide = edged_band if is_above else band
    traces = wide(DATE, at[0], at[4], f"{before}{WIDE}", colour, opacity=0.06 if is_above else 0.18)
    if narrow:
        traces += band(DATE, at[1], at[3], f"{before}{NARROW}", colour, opacity=0.32)
    low, high = f"{name}{LOW}, {unit}", f"{name}{HIGH}, {unit}"
    if low in columns:
        traces += edged_band(DATE, low, high, f"{before}{OF_SETS}", "ink" if narrow else colour)
    return [*traces, line(DATE, at[2], f"{before}{MIDDLE}", colour, unit=unit, dash=dash)]


def date_axis(dates: Sequence[str], ticks: int = 6) -> dict[str, Any]:
    """The axis of trading days, under their dates."""
    is_long = len(dates) > 300
    closed = [{"bounds": ["sat", "mon"]}]
    is_weekly = all(date.fromisoformat(day).weekday() < SATURDAY for day in dates)
    return axis(
        "", type="date", tickformat="%b\n%Y" if is_long else "%-d %b\n%Y", nticks=ticks, hoverformat="%-d %B %Y",
        range=[dates[0], dates[-1]], tickangle=0, rangebreaks=closed if is_weekly else [],
    )  # fmt: skip


def shared_range(
    columns: Mapping[str, Any], names: Sequence[str], *, zero: bool = False
) -> list[float] | None:
    """The same range of the vertical axis for several panels, with a little room."""
    values = np.concatenate([np.asarray(columns[name], np.float64) for name in names])
    values = values[np.isfinite(values)]
    if not len(values):
        return None
    low, high = float(values.min()), float(values.max())
    if zero:
        low, high = min(low, 0.0), max(high, 0.0)
    room = 0.05 * (high - low) or 1.0
    return [low - room, high + room]


def level_line(at: float, words: str, colour: str = "muted") -> dict[str, Any]:
    """A level across a panel, as a Plotly shape with its words."""
    return {
        "type": "line", "xref": "paper", "x0": 0, "x1": 1, "y0": at, "y1": at,
        "line": {"color": f"@{colour}", "width": 1.2, "dash": "dot"},
        "label": {"text": words, "textposition": "end", "yanchor": "bottom",
                  "font": {"size": 11, "color": f"@{colour}"}},
    }  # fmt: skip


def upright(at: float | str, words: str, colour: str = "muted") -> dict[str, Any]:
    """A value of the horizontal axis across a panel: the parts of a layout that draw it with its words."""
    line_at = {
        "type": "line", "yref": "paper", "y0": 0, "y1": 1, "x0": at, "x1": at,
        "line": {"color": f"@{colour}", "width": 1.2, "dash": "dot"},
    }  # fmt: skip
    words_at = {
        "text": words, "x": at, "y": 1, "yref": "paper", "xanchor": "left", "yanchor": "top", "xshift": 3,
        "showarrow": False, "font": {"size": 11, "color": f"@{colour}"},
    }  # fmt: skip
    return {"shapes": [line_at], "annotations": [words_at]}
