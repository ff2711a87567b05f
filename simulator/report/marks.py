"""Points with error bars and heat maps: what comparisons and sweeps draw besides lines, bands and bars."""

from __future__ import annotations

from simulator.report.figure import Trace, column, text

#: Colours of a map from the least to the most: one hue, opaque, so that figures on tiles can be read.
MAP_SCALE = ((0.0, "@rule"), (1.0, "@blue"))


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


def heat_map(x: str, y: str, z: str, name: str, *, words: str, figures: str, title: str) -> Trace:
    """Tiles coloured by a column at the places of two others; columns of what they and the pointer show."""
    return {
        "type": "heatmap",
        "x": column(x),
        "y": column(y),
        "z": column(z),
        "text": column(figures),
        "texttemplate": "%{text}",
        "customdata": column(words),
        "name": text(name),
        "colorscale": [list(step) for step in MAP_SCALE],
        "colorbar": {"title": {"text": text(title), "side": "right"}, "thickness": 12, "outlinewidth": 0},
        "hovertemplate": "%{customdata}<extra></extra>",
        "hoverongaps": False,
        "xgap": 2,
        "ygap": 2,
        "meta": {"swatch": "@blue"},
    }
