"""Yields and bases: what is told, drawn, added by selling and taken away by policy, and what sales cost."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np

from simulator.report.fans import (
    DATE,
    date_axis,
    fan_traces,
    level_line,
    quantile_column,
    sets_note,
    shared_range,
    spread_columns,
)
from simulator.report.figure import ERROR, Figure, Panel, axis, bars, estimate_columns, line
from simulator.report.marks import error_bars
from simulator.report.page import Section, attempted
from simulator.report.run_data import RunData
from simulator.report.words import day_in_words, figure, share_of_paths, span
from simulator.results.days import LEVELS
from simulator.results.measures import DYSFUNCTION_BP
from simulator.results.names import CAPACITY
from simulator.results.statistics import UNDEFINED, holds_zero
from simulator.results.summary import BAND

PER_ROW = 3
#: Kinds of test sales: what is sold (`{}`: what funds hold), and what it moves.
SALES = {"sale": ("bonds sold outright", "the yield"), "unwind": ("{} unwound", "the basis")}
#: Colours of the states of the dealers in which they are told apart.
STATES = {"with_room": "sky", "without_room": "vermilion"}


def price_section(data: RunData) -> Section:
    """What is told and drawn, what private selling adds and policy takes away, bases, the cost of sales."""
    return Section(
        "prices",
        "Yields and basis",
        attempted(
            *(partial(make, data) for make in (yields, selling_and_policy, dislocations, cost_of_sales))
        ),
    )


def yields(data: RunData) -> Figure | None:
    """The shock as told, beside the yields drawn from it and what they became, by contract."""
    exogenous, total = data.fan("fundamental_yield_change"), data.fan("cash_yield_change")
    if exogenous is None or total is None:
        return None
    columns: dict[str, Any] = {DATE: data.dates}
    drawn = []
    for place, name in data.shown:
        for kind, spread in (("exogenous", exogenous), ("total", total)):
            columns |= spread_columns(f"{name}, {kind}", "bp", spread, place)
        if data.told is not None:
            columns[_told(name)] = data.told[:, place]
            drawn.append(_told(name))
        drawn += [
            quantile_column(f"{name}, {kind}", "bp", level)
            for kind in ("exogenous", "total")
            for level in (LEVELS[0], LEVELS[-1])
        ]
    layout = _layout(data, "yield, change in bp", shared_range(columns, drawn, zero=True))
    panels = []
    for _, name in data.shown:
        traces = fan_traces(
            columns,
            f"{name}, exogenous",
            "bp",
            "amber",
            series="drawn",
            narrow=False,
            dash="dash",
            is_above=True,
        )
        traces += fan_traces(
            columns, f"{name}, total", "bp", "blue", series="with all reactions", narrow=False
        )
        if data.told is not None:
            traces.append(line(DATE, _told(name), "told by the scenario", "ink", dash="dot", unit="bp"))
        panels.append(Panel(traces, layout, title=name, height=250))
    caption = f"{shock_in_words(data)} {_volatility_in_words(data)}"
    return Figure(
        "yields",
        "Yields: as told, as drawn, and with everybody's reaction",
        caption,
        f"Fans of the change of yields over {data.layout.days} days, the drawn and the total one, beside what the"
        f" scenario tells. {caption}",
        panels,
        columns,
        per_row=_per_row(panels),
        note="Change since the opening, bp. Dotted: what the scenario's events tell. Bands hold 90% of paths, lines"
        " are medians: dashed, the fundamental yield that chance makes of it; solid, the yield after everybody has"
        " reacted." + sets_note(columns),
    )


def _told(name: str) -> str:
    return f"{name}, told, bp"


def shock_in_words(data: RunData) -> str:
    """The shock to the yield that stands for the market: as told, and where nine in ten drawn paths lie."""
    layout, trade = data.layout, data.reference_trade
    told = layout.told_yields[layout.bucket_of_trade[data.trades.index(trade)]]
    name, day = data.names[trade], day_in_words(data.days[layout.told_day])
    low, high = np.nanquantile(data.values("drawn_yield", trade=trade), BAND)
    drawn = f"{low:+,.0f} to {high:+,.0f} bp on nine paths in ten"
    if not any(layout.told_yields):
        return f"The scenario tells no shock to yields; chance moves the {name} yield by {drawn} by {day}."
    return f"The scenario moves the {name} yield by {told:+,.0f} bp by {day}; as drawn, by {drawn}."


def _volatility_in_words(data: RunData) -> str:
    """The same of volatility, as a multiple of its opening."""
    layout = data.layout
    low, high = np.nanquantile(data.values("drawn_volatility"), BAND)
    mean = figure(data.measure("drawn_volatility"), 2)
    return (
        f"Volatility is told to stand at {layout.told_volatility:.2f} times its opening on"
        f" {day_in_words(data.days[layout.told_volatility_day])}; as drawn, at {mean} times on average, {low:.2f} to"
        f" {high:.2f} times on nine paths in ten."
    )


def selling_and_policy(data: RunData) -> Figure | None:
    """What private selling adds to yields and what policy takes away, by contract."""
    added, taken = data.added, data.taken_away if data.layout.has_policy else None
    if added is None:
        return None
    columns: dict[str, Any] = {DATE: data.dates}
    kinds = {"private selling adds": (added, "vermilion"), "policy takes away": (taken, "green")}
    told = {kind: (spread, colour) for kind, (spread, colour) in kinds.items() if spread is not None}
    for place, name in data.shown:
        for kind, (spread, _) in told.items():
            columns |= spread_columns(f"{name}, {kind}", "bp", spread, place)
    drawn = [
        quantile_column(f"{name}, {kind}", "bp", level)
        for _, name in data.shown
        for kind in told
        for level in (LEVELS[0], LEVELS[-1])
    ]
    layout, first = _layout(data, "bp", shared_range(columns, drawn, zero=True)), next(iter(told))
    panels = [
        Panel(
            [
                trace
                for kind, (_, colour) in told.items()
                for trace in fan_traces(
                    columns,
                    f"{name}, {kind}",
                    "bp",
                    colour,
                    series=kind,
                    narrow=False,
                    is_above=kind != first,
                )
            ],
            layout,
            title=name,
            height=250,
        )
        for _, name in data.shown
    ]
    caption = added_in_words(data)
    return Figure(
        "selling-and-policy",
        "What private selling adds to yields, and what policy takes away",
        caption,
        f"Fans of what private selling adds to yields and of what policy takes away, by day. {caption}",
        panels,
        columns,
        per_row=_per_row(panels),
        note=f"From {added.paths:,} paths, bp. Private selling adds the yield less the fundamental one where no policy"
        " acts after the opening; policy takes away the difference of the same paths played without it and with it, on"
        " the same draws. Bands hold 90% of paths (the upper one within dotted lines), lines are medians."
        + sets_note(columns),
    )


def added_in_words(data: RunData) -> str:
    """What private selling adds to the yield of the trade that stands for the market, and what policy takes away."""
    trade = data.reference_trade
    own, market = data.measure("added", trade=trade), data.measure("added_in_all")
    if math.isnan(market.value):
        return "What private selling adds to yields is not known: no path that finished was played without policy."
    words = (
        f"On the day on which it adds most to the market, private selling adds {figure(own, 1, 'bp')} to the"
        f" {data.names[trade]} yield and {figure(market, 1, 'bp')} to the average yield"
    )
    if not data.layout.has_policy:
        return f"{words}. No policy acts after the opening."
    taken, taken_in_all = data.measure("taken_away", trade=trade), data.measure("taken_away_in_all")
    return (
        f"{words}; policy takes away {figure(taken, 1, 'bp')} and {figure(taken_in_all, 1, 'bp')} that day."
    )


def dislocations(data: RunData) -> Figure | None:
    """The basis of each contract: its implied repo rate over the policy rate."""
    spread = data.fan("dislocation")
    if spread is None:
        return None
    columns: dict[str, Any] = {DATE: data.dates}
    for place, name in data.shown:
        columns |= spread_columns(name, "bp", spread, place)
    drawn = [
        quantile_column(name, "bp", level) for _, name in data.shown for level in (LEVELS[0], LEVELS[-1])
    ]
    limits = shared_range(columns, drawn, zero=True)
    panels = []
    for place, name in data.shown:
        layout = _layout(data, "bp a year", limits)
        dysfunctional = float(data.opening("dislocation")[place]) + DYSFUNCTION_BP
        if limits and dysfunctional < limits[1]:
            layout["shapes"] = [level_line(dysfunctional, "dysfunction")]
        panels.append(Panel(fan_traces(columns, name, "bp", "vermilion"), layout, title=name, height=230))
    moves = {data.names[trade]: data.measure("dislocation_move", trade=trade) for trade in data.trades}
    caption = (
        f"The {data.basis_at_first} moves by {span(moves, 1, 'bp')} at its largest, on average. It moves by more than"
        f" {DYSFUNCTION_BP:.0f} bp in some contract, which counts as dysfunction,"
        f" {share_of_paths(data.dysfunction, data.paths)}."
    )
    return Figure(
        "dislocation",
        "Basis by contract",
        caption,
        f"Fans of the basis of each contract by day. {caption}",
        panels,
        columns,
        per_row=_per_row(panels),
        note="What the futures price pays, as a repo rate, over the policy rate (for swaps: the bond's yield over the"
        " swap rate; in credit: the bond's spread over that of protection), bp a year. All panels share one scale."
        + sets_note(columns),
    )


def cost_of_sales(data: RunData) -> Figure | None:
    """What $100bn of bonds sold outright, and of positions unwound, cost by capacity of the dealers."""
    columns: dict[str, Any] = {"contract": list(data.names.values())}
    panels = []
    for kind, (template, moved) in SALES.items():
        sold, traces = template.format(data.positions), []
        for state, words in CAPACITY.items():
            found, colour = data.costs(kind, state), STATES[state]
            value = f"{sold}, {words}, bp per $100bn"
            columns |= estimate_columns(value, [found.get(name, UNDEFINED) for name in data.names.values()])
            if found:
                trace = bars("contract", value, words, colour, unit="bp per $100bn")
                traces.append(error_bars(trace, f"{value}{ERROR}"))
        if traces:
            layout = {
                "yaxis": axis("bp per $100bn", rangemode="tozero"),
                "xaxis": axis(""),
                "margin": {"b": 96},  # for names that stand aslant
                "barmode": "group",
                "hovermode": "x",
            }
            title = f"{sold[0].upper()}{sold[1:]}: rise of {moved}"
            panels.append(Panel(traces, layout, title=title, height=350))
    if not panels:
        return None
    caption = " ".join(costs_in_words(data))
    return Figure(
        "cost",
        "What $100bn of sales cost at the time",
        caption,
        f"Bars of the cost by contract and by state of the dealers. {caption}",
        panels,
        columns,
        per_row=len(panels),
        note="By test sales: a path is played again, on the same draws, with a thousandth of the bonds outstanding sold"
        " in addition on one day; prices at the close of that day are compared, per $100bn sold in all contracts"
        f" together. Near their limits: dealers open the day above {100 * data.layout.cost_threshold:.0f}% of them."
        " Below nothing: in that contract dealers hold the other side, and the dearer balance sheet that sales of all"
        " the others bring pushes its price the other way. Whiskers are one standard error.",
    )


def costs_in_words(data: RunData, *, of: str = "") -> list[str]:
    """What $100bn of each kind of sale cost, a sentence for each; none where nothing is known.

    Over all contracts, or of one, by its name.
    """
    told = []
    for kind, (template, moves) in SALES.items():
        sold = template.format(data.positions)
        moved, parts = f"the {of} {moves.removeprefix('the ')}" if of else moves, []
        for state, words in CAPACITY.items():
            found = {name: cost for name, cost in data.costs(kind, state).items() if of in ("", name)}
            known = {name: cost for name, cost in found.items() if not holds_zero(cost)}
            if found:
                size = figure(known[of], 1, "bp") if of in known else span(known, 1, "bp")
                parts.append(
                    f"by {size if known else 'an amount not distinguishable from zero'} with {words}"
                )
        if parts:
            told.append(f"Each $100bn of {sold} raises {moved} {', and '.join(parts)}.")
    return told


def _per_row(panels: list[Panel]) -> int:
    return min(PER_ROW, len(panels)) if len(panels) != 4 else 2


def _layout(data: RunData, title: str, limits: list[float] | None) -> dict[str, Any]:
    vertical: Mapping[str, Any] = {"range": limits} if limits else {}
    return {"xaxis": date_axis(data.dates, ticks=4), "yaxis": axis(title, **vertical)}
