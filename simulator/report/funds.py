"""Hedge funds' equity and failures, and the network that funds them, under stress."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from simulator.report.fans import DATE, date_axis, fan_traces, sets_note, spread_columns
from simulator.report.figure import Figure, Panel, Trace, axis, bars, column, text
from simulator.report.page import Section, attempted
from simulator.report.run_data import ChosenPath, RunData
from simulator.report.words import figure, share_of_paths
from simulator.results import statistics

BINS = 40
#: The network is drawn the same way in every report of a market.
LAYOUT_SEED = 20200309
#: An agent in the network: its kind, and its place among them.
Agent = tuple[str, int]
Edge = tuple[Agent, Agent, float]
Places = dict[Agent, Any]
#: Share of positions unwound that a caption counts.
HALF = 50.0


def fund_section(data: RunData) -> Section:
    """Equity, failures, and the network."""
    return Section(
        "funds",
        "Hedge funds and who funds them",
        attempted(*(partial(make, data) for make in (equity, network))),
    )


def equity(data: RunData) -> Figure | None:
    """Equity of all funds by day, how low it goes, and how many fail."""
    opening = float(data.opening["fund_equity"])
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


def network(data: RunData) -> Figure | None:
    """Who borrows from whom, with the stress of a typical bad path."""
    told = [path for path in data.chosen if path.replay is not None]
    if data.prepared is None or not told:
        return None
    path = next((path for path in told if "typical" in path.role), told[0])
    nodes = _nodes(data, path)
    edges = _edges(data, path)
    place = _places(nodes, edges)
    named = {node["id"]: node["name"] for node in nodes}
    columns: dict[str, Any] = {
        "agent": [node["name"] for node in nodes],
        "kind": [node["kind"] for node in nodes],
        "size, $bn": [node["size_bn"] for node in nodes],
        "stress, %": [node["stress"] for node in nodes],
    }
    traces: list[Trace] = _edge_traces(edges, place, columns)
    for kind, shape in (("hedge funds", "circle"), ("dealers", "square"), ("lenders", "diamond")):
        traces.append(_node_trace(kind, shape, nodes, place, columns))
    columns |= {
        "borrower": [named[edge[0]] for edge in edges],
        "lender": [named[edge[1]] for edge in edges],
        "repo, $bn": [edge[2] for edge in edges],
    }
    bare = {"visible": False, "fixedrange": True}
    sellers = [node for node in nodes if node["kind"] == "hedge funds" and node["stress"] >= HALF]
    failed = sum(node["has_failed"] for node in nodes if node["kind"] == "hedge funds")
    lost = sum(node["has_failed"] for node in nodes if node["kind"] == "dealers")
    over = [node for node in nodes if node["is_over"]]
    caption = (
        f"On {path.role} (path {path.path:,}), {len(sellers)} of {len(data.prepared.funds)} hedge funds unwind half of"
        f" their positions or more and {failed or 'none'} {'fails' if failed == 1 else 'fail'}; {len(over)} of"
        f" {len(data.prepared.dealers)} dealers reach their limit and {lost or 'none'}"
        f" {'fails' if lost == 1 else 'fail'}."
    )
    return Figure(
        "network",
        "The funding network under stress",
        caption,
        f"A network of lenders, dealers and hedge funds. {caption}",
        [
            Panel(
                traces,
                {
                    "xaxis": bare,
                    "yaxis": bare,
                    "hovermode": "closest",
                    "margin": {"l": 8, "r": 8, "t": 8, "b": 8},
                },
                height=520,
            )
        ],
        columns,
        note="Lines are repo at the opening; areas are equity (funds), capital (dealers) and what lenders offer. The"
        " stronger the colour, the more stress: the share of its positions that a fund unwinds, or how far a dealer"
        " goes from its opening use to its limit, each at its worst. A thick edge marks failure. Lenders do not fail in"
        " the model and have one colour.",
    )


def _nodes(data: RunData, path: ChosenPath) -> list[dict[str, Any]]:
    assert data.prepared is not None
    assert path.replay is not None
    prepared = data.prepared.of_path(path.path)
    o = prepared.parameters.opening
    equity = path.replay.records.of("fund_equity_by_fund")[0]
    packages = path.replay.records.of("fund_packages_by_fund")[0]
    held = np.abs(o.funds.packages_bn).sum(axis=0)
    kept = np.divide(np.nanmin(packages, axis=0), held, out=np.ones_like(held), where=held > 0.0)
    lost = np.clip(1.0 - np.nanmin(equity, axis=0) / o.funds.equity_bn, 0.0, 1.0)
    highest = np.nanmax(path.replay.records.of("dealer_use_by_dealer")[0], axis=0)
    capital = path.replay.records.of("dealer_capital_by_dealer")[0]
    opening_use = float(data.opening["dealer_use"])
    way = np.clip((highest - opening_use) / max(1.0 - opening_use, 1e-6), 0.0, 1.0)
    nodes = [
        _node("hedge funds", i, name, o.funds.equity_bn[i], 1.0 - kept[i])
        | {
            "told": f"unwinds {100 * (1.0 - kept[i]):.0f}% of its positions, loses {100 * lost[i]:.0f}% of its equity",
            "has_failed": bool(lost[i] >= 1.0),
        }
        for i, name in enumerate(prepared.funds)
    ]
    nodes += [
        _node("dealers", d, name, o.dealers.capital_bn[d], way[d])
        | {
            "told": f"uses up to {100 * highest[d]:.0f}% of its limit",
            "is_over": bool(highest[d] >= 1.0),
            "has_failed": bool(np.nanmin(capital[:, d]) <= 0.0),
        }
        for d, name in enumerate(prepared.dealers)
    ]
    offers = o.lenders.offer_bn.sum(axis=1)
    nodes += [
        _node("lenders", place, f"lender {place + 1}", amount, 0.0)
        | {"told": "offers that much repo to dealers"}
        for place, amount in enumerate(offers)
    ]
    return nodes


def _node(kind: str, place: int, name: str, size_bn: float, stress: float) -> dict[str, Any]:
    return {
        "kind": kind,
        "id": (kind, place),
        "name": name,
        "size_bn": float(size_bn),
        "stress": 100.0 * float(np.clip(stress, 0.0, 1.0)),
        "told": "",
        "is_over": False,
        "has_failed": False,
    }


def _edges(data: RunData, path: ChosenPath) -> list[Edge]:
    """Who borrows, who lends, and repo at the opening of a path."""
    assert data.prepared is not None
    prepared = data.prepared.of_path(path.path)
    o = prepared.parameters.opening
    repo = np.abs(o.funds.packages_bn * o.buckets.price[o.trades.bucket_of][:, None]).sum(axis=0)
    edges = [
        (("hedge funds", i), ("dealers", d), float(o.funds.client_share[i, d] * repo[i]))
        for i in range(len(prepared.funds))
        for d in range(len(prepared.dealers))
        if o.funds.client_share[i, d] > 0.0
    ]
    edges += [
        (("dealers", d), ("lenders", place), float(o.lenders.offer_bn[place, d]))
        for d in range(len(prepared.dealers))
        for place in range(len(o.lenders.offer_bn))
        if o.lenders.offer_bn[place, d] > 0.0
    ]
    return edges


def _places(nodes: list[dict[str, Any]], edges: list[Edge]) -> Places:
    """Places in the drawing: springs between those who deal with each other."""
    import networkx as nx

    graph = nx.Graph()
    graph.add_nodes_from(node["id"] for node in nodes)
    graph.add_edges_from((borrower, lender) for borrower, lender, _ in edges)
    return dict(nx.spring_layout(graph, seed=LAYOUT_SEED, k=2.2 / len(nodes) ** 0.5, iterations=120))


def _edge_traces(edges: list[Edge], place: Places, columns: dict[str, Any]) -> list[Trace]:
    """Lines in three strengths by amount."""
    amounts = np.array([amount for *_, amount in edges])
    cuts = np.quantile(amounts, [0.6, 0.9]) if len(amounts) else np.zeros(2)
    traces: list[Trace] = []
    for strength, (low, high) in enumerate(((-1.0, cuts[0]), (cuts[0], cuts[1]), (cuts[1], np.inf))):
        x: list[float | None] = []
        y: list[float | None] = []
        for borrower, lender, amount in edges:
            if low < amount <= high:
                x += [float(place[borrower][0]), float(place[lender][0]), None]
                y += [float(place[borrower][1]), float(place[lender][1]), None]
        columns |= {f"lines {strength + 1}, x": x, f"lines {strength + 1}, y": y}
        traces.append(
            {
                "type": "scatter",
                "mode": "lines",
                "hoverinfo": "skip",
                "x": column(f"lines {strength + 1}, x"),
                "y": column(f"lines {strength + 1}, y"),
                "line": {"color": f"@grey:{(0.18, 0.3, 0.45)[strength]}", "width": (0.6, 1.2, 2.4)[strength]},
            }
        )
    return traces


def _node_trace(
    kind: str, shape: str, nodes: list[dict[str, Any]], place: Places, columns: dict[str, Any]
) -> Trace:
    chosen = [node for node in nodes if node["kind"] == kind]
    largest_bn = max((node["size_bn"] for node in chosen), default=1.0) or 1.0
    columns |= {
        f"{kind}, x": [float(place[node["id"]][0]) for node in chosen],
        f"{kind}, y": [float(place[node["id"]][1]) for node in chosen],
        f"{kind}, told": [f"{node['name']}: ${node['size_bn']:,.1f}bn, {node['told']}" for node in chosen],
    }
    colour: Any = "@grey" if kind == "lenders" else [node["stress"] / 100.0 for node in chosen]
    return {
        "type": "scatter", "mode": "markers", "name": text(kind), "legendgroup": kind,
        "meta": {"swatch": {"hedge funds": "@vermilion", "dealers": "@blue", "lenders": "@grey"}[kind]},
        "x": column(f"{kind}, x"), "y": column(f"{kind}, y"), "text": column(f"{kind}, told"),
        "hovertemplate": "%{text}<extra></extra>",
        "marker": {
            "symbol": shape, "color": colour, "cmin": 0.0, "cmax": 1.0, "showscale": False,
            "size": [7.0 + 25.0 * (node["size_bn"] / largest_bn) ** 0.5 for node in chosen],
            "colorscale": [[0.0, "@rule"], [1.0, "@vermilion" if kind == "hedge funds" else "@blue"]],
            "line": {"color": "@ink", "width": [3.0 if node["has_failed"] else 0.8 for node in chosen]}, "opacity": 1.0,
        },
    }  # fmt: skip
