"""Hedge funds' equity and failures under stress."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from simulator.report.fans import DATE, date_axis, fan_traces, sets_note, spread_columns
from simulator.report.figure import Figure, Panel, axis, bars
from simulator.report.page import Section, attempted
from simulator.report.run_data import RunData
from simulator.report.words import figure, share_of_paths
from simulator.results import statistics

BINS = 40


def fund_section(data: RunData) -> Section:
    """Equity and failures."""
    return Section(
        "funds",
        "Hedge funds",
        attempted(partial(equity, data)),
    )


def equity(data: RunData) -> Figure | None:
    """Equity of all funds by day, how low it goes, and how many fail."""
    opening = float(data.opening("fund_equity"))
    if opening <= 0.0:
        return None
    spread = data.fan("fund_equity", lambda values: 100.0 * values / opening)
    if spread is None:
        return None
    low = 100.0 * data.values("fund_equity_low") / opening
    low = low[np.isfinite(low)]
    edges = np.histogram_bin_edges(low, BINS if len(low) > 200 else 10)
    counts, _ = np.histogram(low, edges)
    columns: dict[str, Any] = {DATE: data.dates, **spread_columns("equity", "% of opening", spread)}
    columns |= {
        "lowest equity, middle of bin, %": (edges[:-1] + edges[1:]) / 2.0,
        "paths, %": 100.0 * counts / max(len(low), 1),
    }
    histogram = bars("lowest equity, middle of bin, %", "paths, %", "", "blue", unit="% of paths")
    histogram.pop("legendgroup")
    panels = [
        Panel(
            fan_traces(columns, "equity", "% of opening", "blue"),
            {"xaxis": date_axis(data.dates, ticks=4), "yaxis": axis("% of opening")},
            title="Equity of all hedge funds",
            height=260,
        ),
        Panel(
            [histogram],
            {"xaxis": axis("lowest equity, % of opening"), "yaxis": axis("% of paths"), "bargap": 0.03},
            title="How low it goes",
            height=260,
        ),
    ]
    failing = data.measure("fund_fails")
    if failing.value > 0.0:
        panels.append(_failures(data, columns))
    worst = statistics.quantile(low, 0.05)
    mean = data.measure("fund_equity_low", 100.0 / opening)
    caption = (
        f"At its lowest, funds' equity is {figure(mean, 1, '%')} of the ${opening:,.0f}bn it opened with, and below"
        f" {figure(worst, 1, '%')} in one path of twenty. A fund fails {share_of_paths(failing, data.paths)}."
    )
    return Figure(
        "equity",
        "Equity of hedge funds, and failures",
        caption,
        f"A fan of the funds' equity by day and a histogram of its lowest point. {caption}",
        panels,
        columns,
        per_row=len(panels),
        note="Equity of all funds alive, over the opening. Bands hold 90% and half of paths, the line is the median."
        + sets_note(columns),
    )


def _failures(data: RunData, columns: dict[str, Any]) -> Panel:
    """Share of paths by number of funds that fail."""
    failed = data.values("funds_failed")
    failed = failed[np.isfinite(failed)].astype(int)
    counts = np.bincount(failed)
    columns |= {
        "funds that fail": np.arange(len(counts)),
        "paths with so many failures, %": 100.0 * counts / max(len(failed), 1),
    }
    trace = bars("funds that fail", "paths with so many failures, %", "", "vermilion", unit="% of paths")
    trace.pop("legendgroup")
    layout = {
        "xaxis": axis("hedge funds that fail", dtick=max(1, len(counts) // 8)),
        "yaxis": axis("% of paths"),
    }
    return Panel([trace], layout, title="Failures", height=260)
