"""Figures of a comparison: what a policy buys, what changes and by how much, and when."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from simulator.analysis.comparison import Comparison
from simulator.analysis.contrast import Contrast
from simulator.analysis.policies import BENEFITS, OUTLAY
from simulator.report.fans import (
    DATE,
    date_axis,
    fan_traces,
    level_line,
    sets_note,
    shared_range,
    spread_columns,
)
from simulator.report.figure import (
    ERROR,
    SERIES,
    Figure,
    Panel,
    axis,
    bars,
    estimate_columns,
    line,
)
from simulator.report.marks import error_bars, points
from simulator.report.words import bn, figure
from simulator.results.calendar import trading_dates
from simulator.results.days import Fan, fan, read_days, set_of_paths
from simulator.results.folder import RunFolder, open_run
from simulator.results.layout import Array
from simulator.results.names import cause
from simulator.results.places import place
from simulator.results.summary import SOLD

#: Figures whose change is drawn in percent of the base: keys of measures.
IN_PERCENT = (
    "dislocation_move", "dislocation_move_tail", "pressure_peak", "unwound_in_all", "unwound_in_all_tail",
    "client_repo_spread_peak", "haircut_peak", "dealer_use_peak", "dysfunction", "dealers_at_limits",
)  # fmt: skip
#: Column of what the ranked policies bring for the money.
RANKED = "ranked, per $100bn"


@dataclass(frozen=True)
class ByDay:
    """Two variables of a run by path and day: basis averaged by opening positions, and positions held."""

    path: Array
    dislocation_bp: Array
    packages_bn: Array


def colour_of(number: int) -> str:
    """Colour of a run, the same in every figure; the base is grey."""
    return SERIES[number % (len(SERIES) - 1)]


def days_of(folder: str) -> tuple[RunFolder, ByDay]:
    """The days of a run."""
    run = open_run(place(folder))
    arrays = read_days(run, ("dislocation", "fund_packages"))
    packages = arrays["fund_packages"].astype(np.float64)
    opening = np.abs(packages[0, 0]) if len(packages) else np.ones(packages.shape[2])
    weights = opening / opening.sum() if opening.sum() > 0.0 else np.full(len(opening), 1.0 / len(opening))
    held = (packages * np.sign(packages[:1, :1])).sum(axis=2)
    return run, ByDay(arrays["path"], arrays["dislocation"] @ weights, held)


def cost_benefit(comparison: Comparison, by: str) -> Figure:
    """What each run costs the central bank and what it avoids; per $100bn beside it."""
    benefit = BENEFITS[by]
    cost, gain = "outlay at the peak beyond the base, $bn", f"{benefit.label}, {benefit.unit}"
    columns = _money_columns(comparison, by, cost, gain)
    panels = [_cost_panel(columns, cost, gain, benefit.unit)]
    if comparison.ranking:
        columns |= {
            "ranked": [found.label for found in comparison.ranking][::-1],
            **estimate_columns(RANKED, [found.per_100bn for found in comparison.ranking][::-1]),
        }
        panels.append(_ranking_panel(benefit.unit, len(comparison.ranking)))
    return Figure(
        "cost-benefit",
        f"{benefit.label.capitalize()} against what the central bank has bought and lent",
        _cost_caption(comparison, by),
        "Each run as a point: outlay across, stress avoided upwards, with error bars.",
        panels,
        columns,
        per_row=len(panels),
        note="Error bars are one Monte Carlo standard error. Outlay is the most that the central bank has bought and"
        " lent at a time, beyond the base. Relief of dealers' balance sheets and rules cost it nothing.",
    )


def _money_columns(comparison: Comparison, by: str, cost: str, gain: str) -> dict[str, Any]:
    """Costs, benefits and ratios of every run with their errors; the first two for each run alone too."""
    found = [contrast.appraisal for contrast in comparison.contrasts]
    columns: dict[str, Any] = {"run": [contrast.side.label for contrast in comparison.contrasts]}
    for name, estimates in (
        (cost, [each.costs[OUTLAY] for each in found]),
        (gain, [each.benefits[by] for each in found]),
        (f"{BENEFITS[by].unit} for each $100bn", [each.per_100bn[by] for each in found]),
    ):
        columns |= estimate_columns(name, estimates)
    columns["balance-sheet relief for dealers, $bn"] = [each.relief_bn for each in found]
    return columns | _split(columns, [cost, f"{cost}{ERROR}", gain, f"{gain}{ERROR}"])


def _cost_panel(columns: dict[str, Any], cost: str, gain: str, unit: str) -> Panel:
    traces = [
        points(
            f"{label}: {cost}", f"{label}: {gain}", label, colour_of(number),
            error_x=f"{label}: {cost}{ERROR}", error_y=f"{label}: {gain}{ERROR}",
            hover=f"%{{x:,.4~g}} $bn: %{{y:,.4~g}} {unit}",
        )
        for number, label in enumerate(columns["run"])
    ]  # fmt: skip
    layout = {
        "xaxis": axis(cost, rangemode="tozero", showgrid=True), "yaxis": axis(gain, rangemode="tozero"),
        "hovermode": "closest", "margin": {"t": 16},
    }  # fmt: skip
    return Panel(traces, layout, title="Cost and benefit")


def _ranking_panel(unit: str, count: int) -> Panel:
    drawn = bars("ranked", RANKED, "for each $100bn", "grey", unit=unit, across=True)
    drawn = error_bars(drawn, f"{RANKED}{ERROR}", across=True) | {"legendgroup": ""}
    layout = {
        "xaxis": axis(f"{unit} for each $100bn", showgrid=True), "yaxis": axis("", automargin=True),
        "hovermode": "closest",
    }  # fmt: skip
    return Panel([drawn], layout, title="For the money", height=110 + 45 * count if count > 4 else 300)


def _split(columns: dict[str, Any], names: Sequence[str]) -> dict[str, list[Any]]:
    """A column for each run and figure, so that each run is a series of its own."""
    return {
        f"{label}: {name}": [columns[name][number]]
        for number, label in enumerate(columns["run"])
        for name in names
    }


def _cost_caption(comparison: Comparison, by: str) -> str:
    benefit = BENEFITS[by]
    free = [
        f"{contrast.side.label} avoids {figure(contrast.appraisal.benefits[by], 1, benefit.unit)} with no outlay"
        for contrast in comparison.contrasts
        if math.isnan(contrast.appraisal.per_100bn[by].value)
    ]
    words = []
    if comparison.ranking:
        best = comparison.ranking[0]
        words.append(
            f"{best.label} buys most for the money: {figure(best.per_100bn, 2, benefit.unit)} for each $100bn"
            f" ({figure(best.benefit, 1, benefit.unit)} for {bn(best.outlay_bn)})"
        )
    return ". ".join([*words, *free]) + "."


def relative_changes(comparison: Comparison) -> Figure | None:
    """Differences of the figures that matter first, in percent of the base, with error bars."""
    first = comparison.contrasts[0]
    keys = [
        key for key in IN_PERCENT
        if first.row(key).base.value > 4.0 * first.row(key).base.standard_error > -1.0 and first.row(key).base.value
    ][::-1]  # fmt: skip
    if not keys:
        return None
    labels = [first.row(key).measure.short for key in keys]
    columns: dict[str, Any] = {"figure": labels}
    traces = []
    for number, contrast in enumerate(comparison.contrasts):
        label = contrast.side.label
        rows = [contrast.row(key) for key in keys]
        columns[f"{label}, % of base"] = [100.0 * row.difference.value / row.base.value for row in rows]
        columns[f"{label}, standard error"] = [
            100.0 * row.difference.standard_error / row.base.value for row in rows
        ]
        traces.append(
            points(
                f"{label}, % of base", "figure", label, colour_of(number), error_x=f"{label}, standard error",
                hover="%{x:+,.3~g}%",
            )
        )  # fmt: skip
    return Figure(
        "changes",
        "Change from the base, %",
        _change_caption(comparison),
        "A row for each figure, a point for each run: its change from the base in percent, with error bars.",
        [
            Panel(
                traces,
                {"xaxis": axis("change, % of the base", showgrid=True, zeroline=True, nticks=6, tickangle=0),
                 "yaxis": axis("", automargin=True, showgrid=True), "hovermode": "closest"},
                height=90 + 34 * len(keys),
            )
        ],
        columns,
        note="Error bars are one standard error of the difference, path by path where runs share random numbers; the"
        " base is taken as it is.",
    )  # fmt: skip


def _change_caption(comparison: Comparison) -> str:
    return " ".join(
        f"{contrast.side.label}: basis {_verdict(contrast, 'dislocation_move')}, positions unwound"
        f" {_verdict(contrast, 'unwound_in_all')}."
        for contrast in comparison.contrasts
    )


def _verdict(contrast: Contrast, key: str) -> str:
    row = contrast.row(key)
    share = f"{100.0 * row.difference.value / row.base.value:+.0f}%" if row.base.value else "unchanged"
    return f"{share} ({row.verdict})"


def means_by_day(comparison: Comparison, days: Sequence[tuple[RunFolder, ByDay]]) -> Figure:
    """The average basis and positions of every run, day by day."""
    run = days[0][0]
    longest = max(len(each.dislocation_bp[0]) for _, each in days)
    dates = [day.isoformat() for day in trading_dates(run.layout.opening, longest - 1, run.layout.currency)]
    columns: dict[str, Any] = {DATE: dates}
    labels = [comparison.base.label, *(contrast.side.label for contrast in comparison.contrasts)]
    panels = []
    for name, unit, title in (
        ("basis", "bp", "Basis"),
        ("positions", "$bn", "Positions of hedge funds"),
    ):
        traces = []
        for number, (label, (_, each)) in enumerate(zip(labels, days, strict=True)):
            values = each.dislocation_bp if name == "basis" else each.packages_bn
            heading = f"{label}, {name}, {unit}"
            columns[heading] = _padded(values.mean(axis=0), longest)
            colour = "grey" if number == 0 else colour_of(number - 1)
            traces.append(
                line(DATE, heading, label, colour, unit=unit, dash="dash" if number == 0 else "solid")
            )
        panels.append(
            Panel(traces, {"xaxis": date_axis(dates), "yaxis": axis(f"{title.lower()}, {unit}")}, title=title)
        )
    return Figure(
        "by-day",
        "Averages by day",
        "The average over paths, day by day: the dashed line is the base.",
        "Lines of the average basis and the positions held, one for each run.",
        panels,
        columns,
        per_row=2,
        note="The basis is averaged over trades by the positions that funds open with.",
    )


def paired_fans(comparison: Comparison, days: Sequence[tuple[RunFolder, ByDay]]) -> Figure | None:
    """The spread over paths of the difference in basis from the base, path by path."""
    base_run, base = days[0]
    dates = [day.isoformat() for day in base_run.layout.dates]
    columns: dict[str, Any] = {DATE: dates}
    panels, names, said = [], [], []
    mirrored = base_run.manifest.sampling == "antithetic"
    for contrast, (_, other) in zip(comparison.contrasts, days[1:], strict=True):
        if not contrast.pairing.is_paired:
            continue
        _, mine, theirs = np.intersect1d(other.path, base.path, return_indices=True)
        if len(mine) < 2:
            continue
        moved = other.dislocation_bp[mine] - base.dislocation_bp[theirs]
        sets = set_of_paths(base_run, other.path[mine])
        spread = fan(moved, antithetic=mirrored, set_of_path=sets)
        name = contrast.side.label
        columns |= spread_columns(name, "bp", spread)
        names += [key for key in columns if key.startswith(f"{name}, ") and "error" not in key]
        panels.append((name, fan_traces(columns, name, "bp", "blue")))
        said.append(_fan_words(name, spread, dates))
    if not panels:
        return None
    span = shared_range(columns, names, zero=True)
    layout = {
        "xaxis": date_axis(dates),
        "yaxis": axis("difference from the base, bp", range=span),
        "shapes": [level_line(0.0, "as the base")],
    }
    return Figure(
        "paired-days",
        "Basis less that of the base, path by path, bp",
        " ".join(said),
        "Fans of the difference in basis by day, one panel for each run: median, half and 90% of paths.",
        [Panel(traces, layout, title=name) for name, traces in panels],
        columns,
        per_row=2 if len(panels) > 1 else 1,
        note="Both runs of a pair meet the same world on each path; the fan is the spread of the difference over paths,"
        " not its standard error." + sets_note(columns),
    )


def _fan_words(name: str, spread: Fan, dates: Sequence[str]) -> str:
    day = int(np.abs(spread.mean).argmax())
    low, high = spread.quantile(0.05)[day], spread.quantile(0.95)[day]
    return (
        f"{name}: at its largest, on {dates[day]}, the basis differs by {spread.mean[day]:+.1f} bp on average,"
        f" between {low:+.1f} and {high:+.1f} bp on nine paths of ten."
    )


def sales_by_cause(comparison: Comparison) -> Figure | None:
    """Differences in what funds sell, by what causes it, with error bars."""
    first = comparison.contrasts[0]
    keys = [row.measure.key for row in first.rows if row.measure.key.startswith(f"{SOLD}.")]
    keys = [
        key for key in keys
        if any(contrast.row(key).base.value or contrast.row(key).other.value for contrast in comparison.contrasts)
    ]  # fmt: skip
    if not keys:
        return None
    columns: dict[str, Any] = {"cause": [key.partition(".")[2].replace("_", " ") for key in keys]}
    traces = []
    for number, contrast in enumerate(comparison.contrasts):
        label = contrast.side.label
        rows = [contrast.row(key) for key in keys]
        columns[f"{label}, $bn"] = [row.difference.value for row in rows]
        columns[f"{label}, standard error, $bn"] = [row.difference.standard_error for row in rows]
        traces.append(
            error_bars(
                bars("cause", f"{label}, $bn", label, colour_of(number), unit="$bn", across=True),
                f"{label}, standard error, $bn",
                across=True,
            )
        )
    most = max(
        ((abs(contrast.row(key).difference.value), contrast, key) for contrast in comparison.contrasts for key in keys),
        key=lambda found: found[0],
    )  # fmt: skip
    return Figure(
        "sales",
        "Positions sold by funds, less those of the base, by cause, $bn",
        f"The largest change: {most[1].side.label} moves sales because of {cause(most[2].partition('.')[2])} by"
        f" {figure(most[1].row(most[2]).difference, 1, '$bn')}.",
        "Bars for each cause and run: sales more or less than in the base, with error bars.",
        [
            Panel(
                traces,
                {"xaxis": axis("difference from the base, $bn", showgrid=True, zeroline=True, nticks=6, tickangle=0),
                 "yaxis": axis("", automargin=True, autorange="reversed"), "hovermode": "closest", "barmode": "group"},
                height=110 + 34 * len(keys) + 8 * len(keys) * max(0, len(traces) - 1),
            )
        ],
        columns,
    )  # fmt: skip


def _padded(values: Array, length: int) -> list[float]:
    return [*values.tolist(), *[math.nan] * (length - len(values))]
