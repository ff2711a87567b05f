"""The spiral: cash is called, positions are sold, prices move, and cash is called again."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from simulator.report.fans import DATE, date_axis, fan_traces, sets_note, spread_columns
from simulator.report.figure import Figure, Panel, Trace, axis, bars, line
from simulator.report.page import Section, attempted
from simulator.report.run_data import RunData, largest
from simulator.report.words import colour_of, day_in_words, figure, listed
from simulator.results.days import Average
from simulator.results.layout import Array
from simulator.results.names import cause
from simulator.results.statistics import Estimate

#: Causes that make less than this share of all calls or sales are not drawn; data and tables have them.
DRAWN_FROM = 0.001


def spiral_section(data: RunData) -> Section:
    """The spiral through time, and why funds sold."""
    return Section("spiral", "The spiral", attempted(*(partial(make, data) for make in (spiral, who_sold))))


def spiral(data: RunData) -> Figure | None:
    """Calls, sales and the basis on one axis of time."""
    calls, sales = data.average("fund_calls"), data.average("fund_sales_by_channel")
    weight = np.abs(data.opening("fund_packages"))
    moves = data.fan("dislocation", lambda values: _average_move(values, weight))
    if calls is None or sales is None or moves is None:
        return None
    columns: dict[str, Any] = {DATE: data.dates}
    called = _stacked(columns, "called", data.layout.calls, calls)
    sold = _stacked(columns, "sold", data.layout.channels, sales)
    columns |= spread_columns("average basis, move", "bp", moves)
    time = date_axis(data.dates)
    panels = [
        _row(called, "$bn a day", "1. Cash called from funds", time),
        _row(sold, "$bn a day", "2. Positions that funds sell", time),
        Panel(
            fan_traces(columns, "average basis, move", "bp", "ink", series="basis"),
            {"yaxis": axis("bp"), "xaxis": time},
            title="3. Basis, move since the opening",
            height=190,
        ),
    ]
    return Figure(
        "spiral-in-time",
        "From margin calls to sales to prices, and back",
        _spiral_caption(data, calls, sales, moves),
        f"Three panels on one axis of time: cash called, positions sold, and the move of the basis."
        f" {_spiral_caption(data, calls, sales, moves)}",
        panels,
        columns,
        note="Averages over paths by day, in $bn; the third panel is the average over contracts, weighted by what"
        " funds held at the opening. Calls follow losses on hedges, lower prices of pledged bonds, higher margins"
        " and haircuts, and repo that is not rolled over. What makes less than 0.1% is not drawn."
        + sets_note(columns),
    )


def _average_move(values: Array, weight: Array) -> Array:
    if weight.sum() <= 0.0:
        weight = np.ones_like(weight)
    moved: Array = ((values - values[:, :1]) * weight).sum(axis=2) / weight.sum()
    return moved


def _stacked(columns: dict[str, Any], verb: str, names: tuple[str, ...], made: Average) -> list[Trace]:
    traces = []
    for place, name in enumerate(names):
        heading = f"{verb}: {cause(name)}, $bn"
        columns[heading] = made.mean[:, place]
        columns[f"{verb}: {cause(name)}, standard error, $bn"] = made.error[:, place]
        if made.mean[:, place].sum() > DRAWN_FROM * made.mean.sum():
            traces.append(bars(DATE, heading, cause(name), colour_of(name), unit="$bn"))
    return traces


def _row(traces: list[Trace], unit: str, title: str, time: dict[str, Any]) -> Panel:
    layout = {"yaxis": axis(unit, rangemode="tozero"), "xaxis": time, "barmode": "stack"}
    return Panel(traces, layout, title=title, height=210)


def _spiral_caption(data: RunData, calls: Average, sales: Average, moves: Average) -> str:
    called, sold = calls.mean.sum(axis=1), sales.mean.sum(axis=1)
    if sold.sum() < 0.001 * data.held_bn:
        return "There is no spiral: calls are met from cash, and next to nothing is sold."
    days = [largest(called), largest(sold), largest(moves.mean)]
    told = [day_in_words(data.days[day]) for day in days]
    return (
        f"Calls are largest on {told[0]} (${called[days[0]]:,.1f}bn), sales on {told[1]}"
        f" (${sold[days[1]]:,.1f}bn), and the basis is at its largest distance from the opening on {told[2]}"
        f" ({moves.mean[days[2]]:+,.1f} bp on average)."
    )


def who_sold(data: RunData) -> Figure | None:
    """What each cause made funds sell: over time, added up, and in all."""
    sales = data.average("fund_sales_by_channel")
    if sales is None:
        return None
    columns: dict[str, Any] = {DATE: data.dates}
    areas = []
    totals = {}
    for place, name in enumerate(data.layout.channels):
        heading = f"sold so far: {cause(name)}, $bn"
        columns[heading] = sales.mean[:, place].cumsum()
        totals[name] = data.measure("sold_by_channel", channel=name)
        if sales.mean[:, place].sum() > DRAWN_FROM * sales.mean.sum():
            area = line(DATE, heading, cause(name), colour_of(name), unit="$bn", width=0.5)
            look = {"stackgroup": "all", "fillcolor": f"@{colour_of(name)}:0.85"}
            areas.append({**area, **look, "meta": {"swatch": f"@{colour_of(name)}"}})
    order = sorted(totals, key=lambda name: totals[name].value)
    columns |= {
        "cause": [cause(name) for name in order],
        "sold in all, $bn": [totals[name].value for name in order],
        "standard error, $bn": [totals[name].standard_error for name in order],
    }
    bar = bars("cause", "sold in all, $bn", "", "blue", unit="$bn", across=True)
    bar |= {
        "marker": {"color": [f"@{colour_of(name)}" for name in order]},
        "error_x": {"type": "data", "array": {"column": "standard error, $bn"}, "color": "@ink", "width": 3},
    }
    bar.pop("legendgroup")
    panels = [
        Panel(
            areas,
            {"yaxis": axis("$bn since the opening", rangemode="tozero"), "xaxis": date_axis(data.dates)},
            title="Sold since the opening",
            height=330,
        ),
        Panel(
            [bar],
            {
                "xaxis": axis("$bn", showgrid=True, rangemode="tozero"),
                "yaxis": axis("", automargin=True, showgrid=False),
                "hovermode": "y",
            },
            title="In all, by cause",
            height=330,
        ),
    ]
    return Figure(
        "who-sold",
        "Why hedge funds sold",
        sold_in_words(data, totals),
        f"Areas of what funds sold over time by cause, and bars of the totals. {sold_in_words(data, totals)}",
        panels,
        columns,
        per_row=2,
        note="Averages over paths, $bn of face. Each sale is booked to the call that cash did not reach; own limits"
        " are cuts nobody outside asked for, so that more can be sold than was called;"
        " a voluntary reduction is wanting less. Whiskers are one standard error.",
    )


def sold_in_words(data: RunData, totals: dict[str, Estimate]) -> str:
    """Why funds sold, the main causes first."""
    all_sold = sum(total.value for total in totals.values())
    if all_sold < 0.001 * data.held_bn:
        return "Hedge funds sell next to nothing."
    main = [
        name for name in sorted(totals, key=lambda name: -totals[name].value)[:3] if totals[name].value > 0.0
    ]
    shares = {name: data.figures.percent_of_all("sold_by_channel", channel=name) for name in main}
    told = [f"{cause(name)} ({figure(share, 1, '%')})" for name, share in shares.items() if share.value > 1.0]
    forced = sum(totals[name].value for name in data.layout.calls)
    return (
        f"The ${all_sold:,.0f}bn they sell on the average path is due to {listed(told)}. Calls that could"
        f" not be met from cash force ${forced:,.1f}bn."
    )
