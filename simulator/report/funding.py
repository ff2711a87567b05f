"""Dealers and funding: balance sheet against its limits, repo rates, haircuts, and the limit that binds first."""

from __future__ import annotations

import math
from functools import partial
from typing import Any

import numpy as np

from simulator.report.fans import DATE, date_axis, fan_traces, level_line, sets_note, spread_columns
from simulator.report.figure import Figure, Panel, axis, bars
from simulator.report.page import Section, attempted
from simulator.report.run_data import RunData, estimate_at, largest
from simulator.report.words import day_in_words, figure, listed, share_in_words, share_of_paths
from simulator.results.days import Fan
from simulator.results.layout import Array

#: Share of paths from which on a limit is named among those that follow.
OFTEN = 0.05


def funding_section(data: RunData) -> Section:
    """Limits, dealers, repo."""
    return Section(
        "funding",
        "Limits, dealers and repo",
        attempted(*(partial(make, data) for make in (limits, dealers, repo))),
    )


def limits(data: RunData) -> Figure | None:
    """Which limit binds, and which first."""
    found = [limit for limit in data.limits if limit.ever.draws]
    if not found:
        return None
    order = found[::-1]
    columns: dict[str, Any] = {"limit": [limit.limit for limit in order]}
    traces = []
    for kind, colour in (("ever", "sky"), ("first", "vermilion")):
        shares = [getattr(limit, kind) for limit in order]
        heading = f"binds {kind}, % of paths"
        columns |= {
            heading: [100.0 * share.value for share in shares],
            f"binds {kind}, standard error, %": [100.0 * share.standard_error for share in shares],
        }
        words = {"ever": "binds at some time", "first": "binds first"}[kind]
        traces.append(bars("limit", heading, words, colour, unit="% of paths", across=True))
    columns["typical day on which it begins to bind"] = [
        None if math.isnan(limit.typical_day) else data.dates[round(limit.typical_day)] for limit in order
    ]
    layout = {
        "xaxis": axis("% of paths", range=[0, 100], showgrid=True),
        "yaxis": axis("", automargin=True, showgrid=False),
        "hovermode": "y unified",
        "barmode": "group",
        "margin": {"l": 150},
    }
    caption = first_limit_in_words(data)
    return Figure(
        "limits",
        "Which limit binds first",
        caption,
        f"Bars of the share of paths in which each limit binds at some time and first. {caption}",
        [Panel(traces, layout, height=90 + 42 * len(order))],
        columns,
        note="Funds' limits bind when they make funds sell more than 0.1% of all positions in a day; dealers' when one"
        " of them has used its limit up; lenders' when dealers owe more overnight than they are offered next"
        " morning. Limits that bind on the same day are all first.",
    )


def first_limit_in_words(data: RunData, *, with_others: bool = True) -> str:
    """The limit that binds first, with its share of paths and typical day, and those that follow."""
    found = [limit for limit in data.limits if limit.first.value > 0.0]
    if not found:
        return "No limit binds on any path."
    first = found[0]
    caption = (
        f"{first.limit} bind first {share_of_paths(first.first, data.paths)}, typically on"
        f" {day_in_words(data.days[round(first.typical_day)])}."
    )
    then = [limit for limit in data.limits if limit is not first and limit.ever.value >= OFTEN]
    if then and with_others:
        told = [
            f"{_lower(limit.limit)} (on {share_in_words(limit.ever)} of paths, from about"
            f" {data.days[round(limit.typical_day)]:%-d %b})"
            for limit in sorted(then, key=lambda limit: limit.typical_day)[:3]
        ]
        caption += f" Then follow {listed(told)}."
    return caption


def _lower(words: str) -> str:
    return words[:1].lower() + words[1:]


def _in_percent(values: Array) -> Array:
    return 100.0 * values


def dealers(data: RunData) -> Figure | None:
    """Use of dealers' balance sheet against limits, and what it costs."""
    use, tightest = data.fan("dealer_use", _in_percent), data.fan("dealer_use_highest", _in_percent)
    cost, capital = data.fan("balance_sheet_cost"), data.fan("dealer_capital")
    if use is None or tightest is None or cost is None or capital is None:
        return None
    columns: dict[str, Any] = {DATE: data.dates}
    panels = []
    told = (
        ("use of limits, all dealers", "%", use, "Use of leverage limits, all dealers", "% of limits"),
        ("use of limits, tightest dealer", "%", tightest, "The tightest dealer", "% of its limit"),
        ("cost of balance sheet", "bp", cost, "What balance sheet costs", "bp a year"),
        ("capital", "$bn", capital, "Dealers' capital", "$bn"),
    )
    for name, unit, spread, title, on_axis in told:
        columns |= spread_columns(name, unit, spread)
        layout: dict[str, Any] = {"xaxis": date_axis(data.dates), "yaxis": axis(on_axis)}
        if unit == "%":
            layout["yaxis"]["range"] = _range_with(spread, 100.0)
            layout["shapes"] = [
                level_line(100.0, "limit", "vermilion"),
                level_line(100.0 * data.layout.cost_threshold, "balance sheet costly above"),
            ]
        panels.append(Panel(fan_traces(columns, name, unit, "blue"), layout, title=title, height=250))
    day = largest(use.mean)
    at_limit = data.measure("dealers_at_limits")
    caption = (
        f"Dealers use {figure(estimate_at(use, day), 1, '%')} of their limits on average when it is most, on"
        f" {day_in_words(data.days[day])}; the sector as a whole reaches its limit"
        f" {share_of_paths(at_limit, data.paths)}."
    )
    return Figure(
        "dealers",
        "Dealers' balance sheet against its limits",
        caption,
        f"Fans of dealers' use of their limits, its cost, and their capital. {caption}",
        panels,
        columns,
        per_row=2,
        note="Bands hold 90% and half of paths, lines are medians. Above the dotted level the next dollar of balance"
        " sheet is costly. Capital: all dealers." + sets_note(columns),
    )


def _range_with(spread: Fan, level: float) -> list[float]:
    low, high = float(np.nanmin(spread.quantiles)), float(np.nanmax(spread.quantiles))
    low, high = min(low, level), max(high, level)
    room = 0.1 * (high - low) or 1.0
    return [max(0.0, low - room), high + room]


def repo(data: RunData) -> Figure | None:
    """Repo rates over the policy rate, haircuts, and initial margins."""
    wholesale, client = data.fan("repo_spread"), data.fan("client_repo_spread")
    haircut, taken = data.fan("mean_haircut", _in_percent), data.fan("repo_taken_back")
    place = data.trades.index(data.reference_trade)
    margins = data.fan("initial_margin", lambda values: _in_percent(values[..., place]))
    if wholesale is None or client is None or haircut is None or taken is None or margins is None:
        return None
    columns: dict[str, Any] = {DATE: data.dates}
    columns |= spread_columns("repo rate of dealers over policy rate", "bp", wholesale)
    columns |= spread_columns("repo rate of funds over policy rate", "bp", client)
    columns |= spread_columns("average haircut", "%", haircut)
    columns |= spread_columns("repo taken back from funds", "$bn", taken)
    name = data.names[data.reference_trade]
    columns |= spread_columns(f"initial margin, {name}", "% of face", margins)
    time = date_axis(data.dates)
    panels = [
        Panel(
            fan_traces(columns, "repo rate of funds over policy rate", "bp", "blue"),
            {"xaxis": time, "yaxis": axis("bp over policy rate")},
            title="Repo rate of hedge funds",
            height=240,
        ),
        Panel(
            fan_traces(columns, "average haircut", "%", "blue"),
            {"xaxis": time, "yaxis": axis("% of bonds")},
            title="Average haircut",
            height=240,
        ),
        Panel(
            fan_traces(columns, f"initial margin, {name}", "% of face", "blue"),
            {"xaxis": time, "yaxis": axis("% of face")},
            title=f"Initial margin, {name}",
            height=240,
        ),
        Panel(
            fan_traces(columns, "repo taken back from funds", "$bn", "blue"),
            {"xaxis": time, "yaxis": axis("$bn a day", rangemode="tozero")},
            title="Repo that dealers take back",
            height=240,
        ),
    ]
    peak = data.measure("client_repo_spread_peak")
    high = data.measure("haircut_peak", 100.0)
    opening = 100.0 * float(data.opening("mean_haircut"))
    caption = (
        f"Hedge funds pay at most {figure(peak, 1, 'bp')} over the policy rate for repo, and haircuts rise from"
        f" {opening:.1f}% to {figure(high, 1, '%')}, on average."
    )
    return Figure(
        "repo",
        "Repo rates, haircuts and margins",
        caption,
        f"Fans of repo rates, haircuts, initial margin and repo taken back, by day. {caption}",
        panels,
        columns,
        per_row=2,
        note="Bands hold 90% and half of paths, lines are medians. Haircuts are weighted by the funds' bonds."
        + sets_note(columns),
    )
