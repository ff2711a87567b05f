"""Yields and dislocations: what the scenario does alone, what everybody's reaction adds, what deleveraging costs."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from simulator.report.fans import (
    DATE,
    date_axis,
    fan_traces,
    level_line,
    quantile_column,
    shared_range,
    spread_columns,
)
from simulator.report.figure import Figure, Panel, axis, bars
from simulator.report.page import Section
from simulator.report.run_data import RunData, estimate_at
from simulator.report.words import day_in_words, figure, share_of_paths, span
from simulator.results.days import LEVELS
from simulator.results.measures import DYSFUNCTION_BP
from simulator.results.statistics import Estimate

PER_ROW = 3
ROOM, NO_ROOM = "dealers have room", "dealers' balance sheet is nearly full"


def price_section(data: RunData) -> Section:
    """Fans of yields and dislocations, and the cost of deleveraging."""
    found = (yields(data), dislocations(data), cost_of_deleveraging(data))
    return Section("prices", "Yields and dislocations", [block for block in found if block is not None])


def yields(data: RunData) -> Figure | None:
    """Exogenous beside total yield changes, by contract."""
    exogenous, total = data.fan("fundamental_yield_change"), data.fan("cash_yield_change")
    if exogenous is None or total is None:
        return None
    columns: dict[str, Any] = {DATE: data.dates}
    drawn = []
    for place, name in enumerate(data.names.values()):
        for kind, spread in (("exogenous", exogenous), ("total", total), ("reaction", data.reaction)):
            columns |= spread_columns(f"{name}, {kind}", "bp", spread, place)
        drawn += [
            quantile_column(f"{name}, {kind}", "bp", level)
            for kind in ("exogenous", "total")
            for level in (LEVELS[0], LEVELS[-1])
        ]
    layout = _layout(data, "yield, change in bp", shared_range(columns, drawn, zero=True))
    panels = [
        Panel(
            [
                *fan_traces(
                    f"{name}, exogenous", "bp", "amber", series="scenario alone", narrow=False, dash="dash"
                ),
                *fan_traces(f"{name}, total", "bp", "blue", series="with all reactions", narrow=False),
            ],
            layout,
            title=name,
            height=250,
        )
        for name in data.names.values()
    ]
    caption = (
        f"{reaction_in_words(data)} At the peak of the move everybody's reaction makes up"
        f" {span(own_shares(data), 1, '%')} of it."
    )
    return Figure(
        "yields",
        "Yields: the scenario alone, and with everybody's reaction",
        caption,
        f"Fans of the change of yields over {data.layout.days} days, the exogenous and the total one. {caption}",
        panels,
        columns,
        per_row=_per_row(panels),
        note="Change since the opening, bp. Bands hold 90% of paths, lines are medians. Where the bands part,"
        " the market moves itself.",
    )


def reaction_in_words(data: RunData) -> str:
    """How far reactions push the yield of the trade that stands for the market, up and down, and when."""
    place = data.trades.index(data.reference_trade)
    name = data.names[data.reference_trade]
    own = data.reaction
    mean = own.mean[:, place]
    told = []
    for day, verb in ((int(mean.argmax()), "raise"), (int(mean.argmin()), "lower")):
        move = estimate_at(own, day, place)
        if abs(move.value) > max(0.5, 3.0 * move.standard_error):
            size = Estimate(abs(move.value), move.standard_error, move.draws)
            told.append((day, verb, f"{figure(size, 1, 'bp')} ({day_in_words(data.days[day])})"))
    if not told:
        return f"Reactions move the {name} yield by less than 0.5 bp on any day, on average."
    bought = data.measure("outright_purchases").value + data.measure("hedged_purchases").value
    whose = "Reactions, the central bank's purchases among them," if bought > 0.0 else "Reactions"
    _, verb, size_in_words = min(told)
    sentence = f"{whose} {verb} the {name} yield by up to {size_in_words}"
    if len(told) > 1:
        _, verb, size_in_words = max(told)
        sentence += f", then {verb} it by up to {size_in_words}"
    return f"{sentence}, on average."


def own_shares(data: RunData) -> dict[str, Estimate]:
    """Share of the peak move of yields that the scenario alone does not make, in per cent, by contract's name."""
    shares = {}
    for trade in data.trades:
        total, alone = (data.values(name, trade=trade) for name in ("total_peak", "exogenous_peak"))
        shares[data.names[trade]] = data.ratio(100.0 * (total - alone), total)
    return shares


def dislocations(data: RunData) -> Figure | None:
    """The implied repo rate of each contract over the policy rate."""
    spread = data.fan("dislocation")
    if spread is None:
        return None
    columns: dict[str, Any] = {DATE: data.dates}
    for place, name in enumerate(data.names.values()):
        columns |= spread_columns(name, "bp", spread, place)
    drawn = [
        quantile_column(name, "bp", level)
        for name in data.names.values()
        for level in (LEVELS[0], LEVELS[-1])
    ]
    limits = shared_range(columns, drawn, zero=True)
    panels = []
    for place, name in enumerate(data.names.values()):
        layout = _layout(data, "bp a year", limits)
        dysfunctional = float(data.opening["dislocation"][place]) + DYSFUNCTION_BP
        if limits and dysfunctional < limits[1]:
            layout["shapes"] = [level_line(dysfunctional, "dysfunction")]
        panels.append(Panel(fan_traces(name, "bp", "vermilion"), layout, title=name, height=230))
    moves = {data.names[trade]: data.measure("dislocation_move", trade=trade) for trade in data.trades}
    caption = (
        f"Dislocations move by {span(moves, 1, 'bp')} at their farthest, on average. One moves by more than"
        f" {DYSFUNCTION_BP:.0f} bp, which counts as dysfunction,"
        f" {share_of_paths(data.dysfunction, data.paths)}."
    )
    return Figure(
        "dislocation",
        "Dislocation by contract",
        caption,
        f"Fans of the dislocation of each contract by day. {caption}",
        panels,
        columns,
        per_row=_per_row(panels),
        note="What the futures price pays, as a repo rate, over the policy rate (for swaps: the bond's yield over"
        " the swap rate), bp a year. All panels share one scale.",
    )


def cost_of_deleveraging(data: RunData) -> Figure | None:
    """What $100bn handed on costs, with and without room at the dealers."""
    states = {
        ROOM: {data.names[cost.trade]: cost.with_room for cost in data.costs},
        NO_ROOM: {data.names[cost.trade]: cost.without_room for cost in data.costs},
    }
    known = {state: found for state, found in states.items() if any(map(_is_known, found.values()))}
    if not known:
        return None
    columns: dict[str, Any] = {"contract": list(data.names.values())}
    traces = []
    for (state, found), colour in zip(states.items(), ("sky", "vermilion"), strict=True):
        value, error = f"{state}, bp per $100bn", f"{state}, standard error, bp per $100bn"
        columns |= {
            value: [estimate.value for estimate in found.values()],
            error: [estimate.standard_error for estimate in found.values()],
        }
        if state in known:
            trace = bars("contract", value, state, colour, unit="bp per $100bn")
            trace["error_y"] = {
                "type": "data", "array": {"column": error}, "color": "@ink", "thickness": 1.2, "width": 3,
            }  # fmt: skip
            traces.append(trace)
    caption = " ".join(
        f"When {state}, $100bn of packages handed on moves the dislocation by {span(found, 1, 'bp')}."
        for state, found in known.items()
    )
    if len(known) == 1:
        caption += f" Days on which {next(iter(set(states) - set(known)))} are too few to tell."
    layout = {
        "yaxis": axis("bp per $100bn", rangemode="tozero"),
        "xaxis": axis(""),
        "barmode": "group",
        "hovermode": "x",
    }
    return Figure(
        "cost",
        "What $100bn of deleveraging costs",
        caption,
        f"Bars of the cost by contract and by state of the dealers. {caption}",
        [Panel(traces, layout, height=300)],
        columns,
        note="Move of the dislocation when hedge funds hand on $100bn of packages, in the mix in which they sell."
        f" Nearly full: dealers open the day above {100 * data.threshold:.0f}% of their limits. Regression over"
        " path-days with effects of the day and errors by path; whiskers are one standard error.",
    )


def _is_known(estimate: Estimate) -> bool:
    return not math.isnan(estimate.value)


def _per_row(panels: list[Panel]) -> int:
    return min(PER_ROW, len(panels)) if len(panels) != 4 else 2


def _layout(data: RunData, title: str, limits: list[float] | None) -> dict[str, Any]:
    vertical: Mapping[str, Any] = {"range": limits} if limits else {}
    return {"xaxis": date_axis(data.dates, ticks=4), "yaxis": axis(title, **vertical)}
