"""The loop as a picture: calls, sales, prices, losses, limits, and back, with the run's own figures on its arrows.

The figures are averages over paths on one day, that on which funds must sell most.
"""

from __future__ import annotations

from functools import partial
from math import cos, pi, sin
from typing import Any

import numpy as np

from simulator.report.figure import Figure, Panel, column, text
from simulator.report.page import Section, attempted
from simulator.report.run_data import RunData
from simulator.report.words import amount, day_in_words

#: Sales that nobody forces, as the channel is called.
CHOSEN = "choice"
STATIONS = ("Margin calls", "Forced sales", "Prices", "Losses", "Limits")
COLOURS = ("blue", "vermilion", "amber", "violet", "green")
#: Arrows begin and end so far from the middle of a station, of the way between two.
CLEAR_OF_STATION = 0.33


def loop_section(data: RunData) -> Section:
    """The loop on its worst day."""
    return Section("the-loop", "The loop", attempted(partial(loop, data)))


def loop(data: RunData) -> Figure | None:
    """Five stations on a ring, and on each arrow what goes from one to the next."""
    names = (
        "fund_calls",
        "fund_sales_by_channel",
        "dislocation",
        "fund_equity",
        "dealer_use",
        "repo_taken_back",
    )
    averages = [data.average(name) for name in names]
    mean = {name: found.mean for name, found in zip(names, averages, strict=True) if found is not None}
    if len(mean) < len(names):
        return None
    forced = [n for n, name in enumerate(data.layout.channels) if name != CHOSEN]
    sold = mean["fund_sales_by_channel"][:, forced].sum(axis=1)
    day = int(sold[1:].argmax()) + 1
    if sold[day] <= 0.0:
        return None
    weight = np.abs(data.opening("fund_packages"))
    move = (mean["dislocation"] - mean["dislocation"][:1]) @ weight / weight.sum()
    lost = mean["fund_equity"][day - 1] - mean["fund_equity"][day]
    use = 100.0 * mean["dealer_use"]
    calls = float(mean["fund_calls"][day].sum())
    by_limit = float(mean["fund_sales_by_channel"][day, data.layout.channels.index("risk_limit")])
    told = (
        f"{amount(calls)}; called",
        f"{amount(float(sold[day]))}; sold",
        f"basis {move[day] - move[day - 1]:+.1f} bp",
        f"{amount(abs(float(lost)))} of; equity {'lost' if lost >= 0.0 else 'gained'}",
        f"{amount(by_limit)} sold; at own limits;; dealers at {use[day]:.0f}%",
    )
    places = [(sin(2 * pi * n / 5), cos(2 * pi * n / 5)) for n in range(5)]
    columns: dict[str, Any] = {
        "station": list(STATIONS),
        "to the next": [words.replace(";;", ",").replace(";", "") for words in told],
        "across": [x for x, _ in places],
        "up": [y for _, y in places],
    }
    stations = {
        "type": "scatter",
        "mode": "markers+text",
        "x": column("across"),
        "y": column("up"),
        "text": column("station"),
        "textposition": "middle center",
        "textfont": {"size": 12, "color": "@ground"},
        "marker": {"size": 76, "color": [f"@{colour}" for colour in COLOURS], "line": {"width": 0}},
        "hoverinfo": "skip",
        "cliponaxis": False,
    }
    bare = {"visible": False, "fixedrange": True}
    layout = {
        "xaxis": {**bare, "range": [-1.6, 1.6]},
        "yaxis": {**bare, "range": [-1.25, 1.35]},
        "annotations": [mark for n in range(5) for mark in _arrow(places[n], places[(n + 1) % 5], told[n])],
        "hovermode": False,
        "margin": {"l": 4, "r": 4, "t": 4, "b": 4},
    }
    in_words = "; ".join(f"{a}: {b}" for a, b in zip(STATIONS, columns["to the next"], strict=True))
    caption = (
        f"On {day_in_words(data.days[day])}, the day on which funds must sell most, {amount(calls)} is called from"
        f" hedge funds and {amount(float(sold[day]))} of {data.positions} is sold; the basis moves by"
        f" {move[day] - move[day - 1]:+.1f} bp that day and funds' equity {'falls' if lost >= 0.0 else 'rises'} by"
        f" {amount(abs(float(lost)))}."
    )
    return Figure(
        "loop",
        "From margin calls to sales to prices, and round again",
        caption,
        f"A ring of five stations: {in_words}. {caption}",
        [Panel([stations], layout, height=400)],
        columns,
        note=f"Averages over paths on that day, all rounds of it together. Of the {data.basis_at_first} the average,"
        " weighted by what funds held at the opening. Within a day the loop is played until nobody is forced any more."
        " More is sold than called because own limits cut positions that nobody asked cash for, and because a position"
        " sold frees its haircut and margin alone.",
    )


def _arrow(start: tuple[float, float], end: tuple[float, float], words: str) -> list[dict[str, Any]]:
    """An arrow from one station to the next, and what it carries beside it, outside of the ring."""
    (x0, y0), (x1, y1) = start, end
    tail, head = (
        (x0 + share * (x1 - x0), y0 + share * (y1 - y0))
        for share in (CLEAR_OF_STATION, 1.0 - CLEAR_OF_STATION)
    )
    middle = (0.5 * (x0 + x1), 0.5 * (y0 + y1))
    return [
        {
            "x": head[0], "y": head[1], "ax": tail[0], "ay": tail[1], "xref": "x", "yref": "y", "axref": "x",
            "ayref": "y", "text": "", "showarrow": True, "arrowhead": 2, "arrowsize": 1.2, "arrowwidth": 2,
            "arrowcolor": "@muted",
        },
        {
            "x": 1.22 * middle[0], "y": 1.22 * middle[1] - (0.05 if middle[1] < -0.5 else 0.0),
            "xref": "x", "yref": "y", "text": _in_lines(words), "showarrow": False,
            "xanchor": "left" if middle[0] > 0.2 else "right" if middle[0] < -0.2 else "center",
            "yanchor": "top" if middle[1] < -0.5 else "middle",
            "font": {"size": 12, "color": "@ink"},
        },
    ]  # fmt: skip


def _in_lines(words: str) -> str:
    """Words of an arrow in short lines, which end at semicolons; two of them leave a comma."""
    return text(words).replace(";;", ",").replace("; ", "<br>").replace(", ", ",<br>")
