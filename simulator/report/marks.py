"""Points with error bars and heat maps: what comparisons and sweeps draw besides lines, bands and bars."""

from __future__ import annotations

from typing import Any

from simulator.report.figure import Trace, column, text

#: How far colours of a map go from the least to the most: light to dark of one hue, for every kind of sight.
MAP_SCALE = ((0.0, "@sky:0.12"), (0.5, "@sky"), (1.0, "@blue"))
#: Plotly's names of colours are resolved by the page; a scale that turns over at zero.
TURNING_SCALE = ((0.0, "@green"), (0.5, "@grey:0.15"), (1.0, "@vermilion"))


def points(
    x: str,
    y: str,
    name: str,
    colour: str,
    *,
    error_x: str = "",
    error_y: str = "",
    unit: str = "",
    hover: str = "",
) -> Trace:
    """Points at two columns, with error bars of one standard error from further columns."""
    trace: Trace = {
        "type": "scatter",
        "mode": "markers",
        "x": column(x),
        "y": column(y),
        "name": text(name),
        "legendgroup": name,
        "marker": {"color": f"@{colour}", "size": 9},
        "cliponaxis": False,
        "hovertemplate": hover or f"%{{y:,.4~g}}{' ' + unit if unit else ''}",
    }
    for axis_name, error in (("error_x", error_x), ("error_y", error_y)):
        if error:
            trace[axis_name] = {
                "type": "data", "array": column(error), "color": f"@{colour}", "thickness": 1.5, "width": 4,
            }  # fmt: skip
    return trace


def error_bars(trace: Trace, error: str, *, across: bool = False) -> Trace:
    """Bars with error bars of one standard error."""
    bar = {"type": "data", "array": column(error), "color": "@ink", "thickness": 1.2, "width": 3}
    return {**trace, ("error_x" if across else "error_y"): bar}


def heat_map(x: str, y: str, z: str, name: str, *, words: str, title: str, turning: bool = False) -> Trace:
    """Tiles coloured by a column, at the places of two others; ``words`` is the column of what the pointer shows."""
    scale = TURNING_SCALE if turning else MAP_SCALE
    trace: dict[str, Any] = {
        "type": "heatmap",
        "x": column(x),
        "y": column(y),
        "z": column(z),
        "text": column(words),
        "name": text(name),
        "colorscale": [list(step) for step in scale],
        "colorbar": {"title": {"text": text(title), "side": "right"}, "thickness": 12, "outlinewidth": 0},
        "hovertemplate": "%{text}<extra></extra>",
        "hoverongaps": False,
        "xgap": 2,
        "ygap": 2,
        # The legend of a figure asks every trace for the colour of its mark.
        "marker": {"color": "@blue"},
    }
    if turning:
        trace["zmid"] = 0
    return trace
