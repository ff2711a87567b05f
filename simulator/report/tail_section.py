"""The tail: how likely it is to be worse than any level, with a band for what its paths cannot know."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from simulator.analysis.tail import exceedance
from simulator.report.fans import upright
from simulator.report.figure import Figure, Panel, axis, band, line
from simulator.report.page import Section, attempted
from simulator.report.run_data import RunData
from simulator.report.words import figure
from simulator.results import statistics
from simulator.results.layout import Array
from simulator.results.measures import DYSFUNCTION_BP, MEASURES

PERCENTS = (0.001, 0.01, 0.1, 1, 10, 100)
BAND, CURVE = "95% confidence", "share of paths that are worse"


def tail_section(data: RunData) -> Section:
    """Exceedance curves."""
    return Section("tail", "The tail", attempted(partial(tail, data)))


def tail(data: RunData) -> Figure | None:
    """Exceedance curves of four outcomes."""
    if data.finished_paths < 2:
        return None
    columns: dict[str, Any] = {}
    panels = []
    for name, on_axis, values in _outcomes(data):
        curve = exceedance(values, antithetic=data.antithetic)
        seen = curve.share > 0.0
        if seen.sum() < 2:
            continue
        columns |= {
            f"{name}, {on_axis}": curve.level[seen],
            f"{name}, paths above, %": 100.0 * curve.share[seen],
            f"{name}, low, %": 100.0 * np.maximum(curve.low[seen], 1e-6),
            f"{name}, high, %": 100.0 * curve.high[seen],
        }
        layout: dict[str, Any] = {
            "xaxis": axis(on_axis, showgrid=True),
            "yaxis": axis("% of paths worse", type="log", tickvals=PERCENTS, ticktext=[*map(str, PERCENTS)]),
            "hovermode": "x",
        }
        if name == MEASURES["dislocation_move"].label and curve.level.max() > DYSFUNCTION_BP:
            layout |= upright(DYSFUNCTION_BP, "dysfunction")
        x = f"{name}, {on_axis}"
        traces = [
            *band(x, f"{name}, low, %", f"{name}, high, %", BAND, "blue", opacity=0.22),
            line(x, f"{name}, paths above, %", CURVE, "blue", unit="% of paths"),
        ]
        panels.append(Panel(traces, layout, title=name[0].upper() + name[1:], height=270))
    if not panels:
        return None
    caption = _caption(data)
    return Figure(
        "tail-curves",
        "How likely it is to be worse",
        caption,
        f"Exceedance curves of {len(panels)} outcomes with 95% confidence bands. {caption}",
        panels,
        columns,
        per_row=2,
        note="For each level, the share of paths that are worse, on a logarithmic scale. Bands are pointwise (Wilson);"
        " where they are wide, more paths are needed. Paths that stopped are left out.",
    )


def _outcomes(data: RunData) -> list[tuple[str, str, Array]]:
    equity = float(data.opening("fund_equity"))
    moved, unwound, repo = (
        MEASURES[key] for key in ("dislocation_move", "unwound_in_all", "client_repo_spread_peak")
    )
    found = [(moved.label, moved.told_unit, data.values(moved.key).max(axis=1))]
    if data.held_bn > 0.0:
        found.append((unwound.label, "% of opening", 100.0 * data.values(unwound.key) / data.held_bn))
    if equity > 0.0:
        lost = 100.0 * (1.0 - data.values("fund_equity_low") / equity)
        found.append(("equity lost by funds", "% of opening", lost))
    found.append((repo.label, repo.told_unit, data.values(repo.key)))
    return found


def _caption(data: RunData) -> str:
    moved = data.values("dislocation_move").max(axis=1)
    high = statistics.quantile(moved, 0.99, antithetic=data.antithetic)
    beyond = statistics.expected_shortfall(moved, 0.99, antithetic=data.antithetic)
    caption = (
        f"In one path of a hundred a basis moves more than {figure(high, 1, 'bp')}, and in those paths by"
        f" {figure(beyond, 1, 'bp')} on average."
    )
    if data.held_bn > 0.0:
        unwound = 100.0 * data.values("unwound_in_all") / data.held_bn
        unwound_most = statistics.quantile(unwound, 0.99, antithetic=data.antithetic)
        caption += (
            f" Funds unwind more than {figure(unwound_most, 1, '%')} of their positions in one of a hundred."
        )
    return caption
