"""Figures as data: what is drawn, what to conclude from it, and the table it is drawn from.

A figure is one or more panels of Plotly traces over named columns. The columns are both what the page draws and
what its *Data (CSV)* button saves, so that the two cannot differ. Colours are names of a palette (``@blue``,
``@blue:0.2`` with an opacity) that the page turns into those of its light or dark theme.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from simulator.results.statistics import Estimate, has_range

#: What is appended to the heading of a column of figures, where their errors and ranges over parameter sets stand.
ERROR, LOW, HIGH = ", standard error", ", parameters low", ", parameters high"
#: Columns by heading. Values are numbers, texts, or None for nothing.
Columns = Mapping[str, Sequence[Any]]
Trace = dict[str, Any]

#: Colours after Okabe and Ito (2008), told apart with every kind of colour vision; lighter on dark ground.
PALETTES: Mapping[str, Mapping[str, str]] = {
    "light": {
        "blue": "#0069a8", "vermilion": "#c8500a", "green": "#00805d", "sky": "#4aa8dc", "amber": "#d99400",
        "pink": "#b8608f", "violet": "#5b4b9a", "teal": "#00838f", "brown": "#8d5524", "indigo": "#3f51b5",
        "olive": "#7a7a1f", "grey": "#76818d", "ink": "#18222d", "muted": "#55606c",
        "rule": "#d9dee3", "ground": "#ffffff",
    },
    "dark": {
        "blue": "#5fb0e8", "vermilion": "#ff8a57", "green": "#37c79d", "sky": "#9ad6f7", "amber": "#f3bb45",
        "pink": "#e6a3c8", "violet": "#ab9df2", "teal": "#4dd0d9", "brown": "#c89b6c", "indigo": "#8c9eff",
        "olive": "#c9c96b", "grey": "#8b97a4", "ink": "#e6ebf0", "muted": "#aab5c0",
        "rule": "#33404d", "ground": "#121a23",
    },
}  # fmt: skip

#: Colours of series that have no order, in the order in which they are given out.
SERIES = ("blue", "vermilion", "green", "amber", "pink", "sky", "violet", "grey")


@dataclass(frozen=True)
class Panel:
    """One drawing of a figure.

    Parameters
    ----------
    traces
        From the functions below, or any Plotly trace whose arrays are ``column(...)``.
    layout
        Plotly layout laid over that of the page; ``axis(...)`` makes axes with units.
    title
        Shown above it when a figure has several panels.
    height
        In pixels.
    frames
        Traces at each step of the figure's slider; ``traces`` are those of the step that it begins with.
    """

    traces: Sequence[Trace]
    layout: Mapping[str, Any] = field(default_factory=dict)
    title: str = ""
    height: int = 300
    frames: Sequence[Sequence[Trace]] = ()


@dataclass(frozen=True)
class LegendEntry:
    """A series in the legend, which switches it on and off in all panels."""

    name: str
    colour: str
    look: str  # line, dash, dot, band, edged or box


@dataclass(frozen=True)
class Figure:
    """Something to look at.

    Parameters
    ----------
    key
        Name in the page and of the CSV file: lower case, digits, dashes.
    title
        What is shown, with its unit.
    caption
        What to conclude, with numbers; made from the data.
    alt
        What a reader who cannot see the drawing should know of it.
    panels
        Drawings that share the legend.
    columns
        All data drawn, by heading with unit; what the CSV holds.
    per_row
        Panels side by side on a wide screen; a phone shows one below the other.
    note
        How to read it, definitions, small print.
    steps, step
        Words for each step of its slider (days), and the one that it begins with; no slider if there are none.
    """

    key: str
    title: str
    caption: str
    alt: str
    panels: Sequence[Panel]
    columns: Columns
    per_row: int = 1
    note: str = ""
    steps: Sequence[str] = ()
    step: int = 0

    kind = "figure"

    def __post_init__(self) -> None:
        """Refuse a figure that names a column it has not."""
        if not re.fullmatch(r"[a-z0-9-]+", self.key):
            raise ValueError(f"{self.key!r} cannot name a figure: use lower case, digits and dashes")
        missing = {name for panel in self.panels for name in _columns_of(panel.traces)} - set(self.columns)
        if missing:
            raise ValueError(f"figure {self.key} draws columns it does not have: {sorted(missing)}")

    @property
    def legend(self) -> tuple[LegendEntry, ...]:
        """Series of all panels, each once; none when there is but one."""
        entries = {
            trace["legendgroup"]: LegendEntry(trace["legendgroup"], *_swatch(trace))
            for panel in self.panels
            for trace in panel.traces
            if trace.get("legendgroup") and not trace.get("meta", {}).get("unlisted")
        }
        return tuple(entries.values()) if len(entries) > 1 else ()


def _columns_of(part: Any) -> Iterable[str]:
    if isinstance(part, Mapping):
        if set(part) == {"column"}:
            yield part["column"]
        else:
            for below in part.values():
                yield from _columns_of(below)
    elif isinstance(part, list | tuple):
        for below in part:
            yield from _columns_of(below)


def _swatch(trace: Trace) -> tuple[str, str]:
    """Colour and look of a trace in the legend; ``meta.swatch`` names the colour of one that has many."""
    if "swatch" in trace.get("meta", {}):
        return trace["meta"]["swatch"], "box"
    if trace.get("fill"):
        edge = trace["line"]
        return (edge["color"], "edged") if edge["width"] else (trace["fillcolor"], "band")
    if trace["type"] == "scatter" and "lines" in trace.get("mode", ""):
        return trace["line"]["color"], {"dash": "dash", "dot": "dot"}.get(trace["line"].get("dash"), "line")
    return trace["marker"]["color"], "box"


def column(name: str) -> dict[str, str]:
    """The values of a column, in place of an array of a trace."""
    return {"column": name}


def line(
    x: str, y: str, name: str, colour: str, *, dash: str = "solid", width: float = 2.0, unit: str = ""
) -> Trace:
    """A line through two columns."""
    return {
        "type": "scatter",
        "mode": "lines",
        "x": column(x),
        "y": column(y),
        "name": text(name),
        "legendgroup": name,
        "line": {"color": f"@{colour}", "width": width, "dash": dash},
        "hovertemplate": _hover("y", unit),
    }


def band(x: str, low: str, high: str, name: str, colour: str, *, opacity: float = 0.2) -> list[Trace]:
    """The area between two columns."""
    edge = {
        "type": "scatter",
        "mode": "lines",
        "x": column(x),
        "line": {"width": 0},
        "hoverinfo": "skip",
        "legendgroup": name,
    }
    fill = {"fill": "tonexty", "fillcolor": f"@{colour}:{opacity}", "name": text(name)}
    return [{**edge, "y": column(low), "meta": {"unlisted": True}}, {**edge, **fill, "y": column(high)}]


def edged_band(x: str, low: str, high: str, name: str, colour: str, *, opacity: float = 0.1) -> list[Trace]:
    """The area between two columns, within dotted lines: seen on top of other bands."""
    edge = {"line": {"width": 1.4, "dash": "dot", "color": f"@{colour}"}}
    return [{**trace, **edge} for trace in band(x, low, high, name, colour, opacity=opacity)]


def bars(x: str, y: str, name: str, colour: str, *, unit: str = "", across: bool = False) -> Trace:
    """Bars of one column at the places of another; ``across`` lays them on their side."""
    return {
        "type": "bar",
        "x": column(y if across else x),
        "y": column(x if across else y),
        "orientation": "h" if across else "v",
        "name": text(name),
        "legendgroup": name,
        "marker": {"color": f"@{colour}", "line": {"width": 0}},
        "hovertemplate": _hover("x" if across else "y", unit),
    }


def _hover(axis_name: str, unit: str) -> str:
    return f"%{{{axis_name}:,.4~g}}{' ' + unit if unit else ''}"


def estimate_columns(
    heading: str, estimates: Sequence[Estimate | float | None]
) -> dict[str, list[float | None]]:
    """Figures as columns: values, their standard errors, and the ends of ranges that parameters leave open, if any.

    Examples
    --------
    >>> estimate_columns("cost, bp", [Estimate(1.0, 0.1, 9), None])
    {'cost, bp': [1.0, None], 'cost, bp, standard error': [0.1, None]}
    """
    known = [each if isinstance(each, Estimate) else None for each in estimates]
    values = [each.value if isinstance(each, Estimate) else each for each in estimates]
    columns = {heading: values}
    if any(known):
        columns[f"{heading}{ERROR}"] = [
            each.standard_error if each else 0.0 if value is not None else None
            for each, value in zip(known, values, strict=True)
        ]
    if any(each and has_range(each) for each in known):
        columns[f"{heading}{LOW}"] = [each.low if each else None for each in known]
        columns[f"{heading}{HIGH}"] = [each.high if each else None for each in known]
    return columns


def axis(title: str = "", **more: Any) -> dict[str, Any]:
    """An axis with its title, which names the unit; further Plotly settings by keyword."""
    return {"title": {"text": title}, **more}


def text(words: str) -> str:
    """Words that Plotly shows as they are: it reads a few HTML tags in its texts."""
    return words.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def plotly_figure(figure: Figure, panel: int = 0, theme: str = "light") -> dict[str, Any]:
    """A panel as a plain Plotly figure with data and colours in place, for Plotly's own tools.

    Examples
    --------
    >>> trace = line("day", "yield", "total", "blue")
    >>> figure = Figure("a", "A", "", "", [Panel([trace])], {"day": [0, 1], "yield": [2.0, 3.0]})
    >>> plotly_figure(figure)["data"][0]["y"]
    [2.0, 3.0]
    """
    shown = figure.panels[panel]
    data = [_resolved(trace, figure.columns, PALETTES[theme]) for trace in shown.traces]
    layout = _resolved(dict(shown.layout), figure.columns, PALETTES[theme])
    for trace in data:
        trace["meta"] = None
    return {"data": data, "layout": {"title": {"text": text(shown.title or figure.title)}, **layout}}


def _resolved(part: Any, columns: Columns, palette: Mapping[str, str]) -> Any:
    if isinstance(part, Mapping):
        if set(part) == {"column"}:
            values = columns[part["column"]]
            return [text(value) if isinstance(value, str) else value for value in values]
        return {key: _resolved(below, columns, palette) for key, below in part.items()}
    if isinstance(part, list | tuple):
        return [_resolved(below, columns, palette) for below in part]
    if isinstance(part, str) and part.startswith("@"):
        return colour_in_force(part, palette)
    return part


def colour_in_force(named: str, palette: Mapping[str, str]) -> str:
    """A colour of a palette as CSS.

    Examples
    --------
    >>> colour_in_force("@blue:0.5", {"blue": "#0000ff"})
    'rgba(0,0,255,0.5)'
    """
    name, _, opacity = named[1:].partition(":")
    code = palette[name]
    if not opacity:
        return code
    red, green, blue = (int(code[place : place + 2], 16) for place in (1, 3, 5))
    return f"rgba({red},{green},{blue},{opacity})"
