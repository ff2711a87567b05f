"""Who sold and who bought: bonds, repo, hedges and cash by sector, in tables that add up to nothing."""

from __future__ import annotations

from functools import partial
from typing import Any

from simulator.report.evidence import page_table
from simulator.report.fans import DATE, date_axis, upright
from simulator.report.figure import Figure, Panel, Trace, axis, line
from simulator.report.page import Section, attempted
from simulator.report.run_data import RunData
from simulator.report.words import bn, day_in_words, listed
from simulator.results.flow_of_funds import FlowOfFunds, holds
from simulator.results.names import sector as sector_name
from simulator.results.statistics import Estimate
from simulator.results.summary import FLOW_TABLES

#: Colour of each sector that holds bonds.
COLOURS = {
    "funds": "vermilion",
    "dealers": "blue",
    "asset managers": "green",
    "foreign holders": "amber",
    "end investors": "grey",
    "central bank": "violet",
    "issuer": "brown",
}
#: A sector that bought or sold less than this share of all purchases is not named.
NAMED_FROM = 0.05
DRAWN = (("bonds", "face", "$bn"), ("bonds_ten_year", "ten-year equivalents", "$bn 10y eq."))


def flow_section(data: RunData) -> Section:
    """Net purchases of bonds by day, and the flow of funds at the height of stress and over the whole run."""
    tables = [partial(page_table, table) for table in data.summary.tables if table.key in FLOW_TABLES]
    return Section(
        "flows",
        "Who sold, who bought",
        attempted(partial(net_purchases, data), *tables),
        lead="What one sector buys (+) others sold (-): every column adds up to nothing. Repo is lent or borrowed,"
        " hedges are net long, and what the issuer sells is new. The height of stress is the day on which outright"
        " selling presses most on yields, averaged over paths and over the bonds outstanding by their risk.",
    )


def net_purchases(data: RunData) -> Figure:
    """Bonds that each sector bought since the opening, net of what it sold."""
    flows, height = data.flows, data.height
    columns: dict[str, Any] = {DATE: data.dates}
    panels = []
    mark = upright(data.dates[height], "height of stress")
    for instrument, words, unit in DRAWN:
        traces: list[Trace] = []
        for sector, colour in COLOURS.items():
            name = sector_name(sector)
            estimates = [flows.of(day, sector, instrument) for day in flows.days]
            heading = f"{name}, {unit}"
            columns |= {
                heading: [estimate.value for estimate in estimates],
                f"{name}, standard error, {unit}": [estimate.standard_error for estimate in estimates],
            }
            if any(estimate.value for estimate in estimates):
                traces.append(line(DATE, heading, name, colour, unit=unit))
        layout = {"yaxis": axis(f"{unit} since the opening"), "xaxis": date_axis(data.dates), **mark}
        panels.append(Panel(traces, layout, title=f"Bonds, {words}", height=330))
    told = dict.fromkeys((height, data.layout.days))  # once, where stress is highest on the last day
    caption = " ".join(_in_words(data, flows, day) for day in told)
    return Figure(
        "net-purchases",
        "Net purchases of bonds by sector",
        caption,
        f"Lines of the bonds that each sector bought since the opening, by day. {caption}",
        panels,
        columns,
        per_row=2,
        note="Bought less sold since the opening, outright and in hedged positions, averages over paths. Ten-year"
        " equivalents: face weighted by the opening DV01 of its bucket over that of the bucket nearest to ten years.",
    )


def _in_words(data: RunData, flows: FlowOfFunds, day: int) -> str:
    """Who had sold bonds by a day and who had bought them, the largest first."""
    found = {
        sector: flows.of(day, sector, "bonds") for sector in flows.sectors[:-1] if holds(sector, "bonds")
    }
    bought = sum(max(0.0, flow.value) for flow in found.values())
    when = f"By {day_in_words(data.days[day])}"
    when += ", at the height of stress," if day == data.height else ","
    if bought < 0.001 * data.held_bn:
        return f"{when} next to nothing has changed hands."
    sides = []
    for sign in (-1.0, 1.0):
        side = {
            sector: Estimate(sign * flow.value, flow.standard_error, flow.draws)
            for sector, flow in found.items()
            if sign * flow.value > NAMED_FROM * bought
        }
        order = sorted(side, key=lambda sector: -side[sector].value)
        sides.append(listed([f"{_the(sector)} ({bn(side[sector])})" for sector in order]))
    return f"{when} bonds have been sold by {sides[0]}, and bought by {sides[1]}."


def _the(sector: str) -> str:
    name = sector_name(sector)
    return f"the {name}" if sector in ("central bank", "issuer") else name
