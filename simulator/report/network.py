"""Who funds whom: lenders, dealers and hedge funds in three columns, ribbons as wide as the repo, day by day."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from simulator.report.figure import Figure, Panel, Trace, text
from simulator.report.page import Section, attempted
from simulator.report.run_data import ChosenPath, RunData
from simulator.report.words import amount, day_in_words
from simulator.results.layout import Array

#: Members of a column that stand alone; the smaller ones are taken together.
SHOWN = 8
#: Days that the slider has at most, the opening and the last one among them.
DAYS_SHOWN = 21
#: Where the columns stand, how wide a member's bar is, and the gap between members as a share of the height.
COLUMNS, BAR, GAP = {"lenders": 0.0, "dealers": 1.0, "hedge funds": 2.0}, 0.05, 0.25
#: Stress of a member: words, colour, and from which share on.
STRESS = (
    ("stress under a quarter", "grey", 0.0),
    ("a quarter to a half", "amber", 0.25),
    ("half or more", "vermilion", 0.5),
)
FAILED = ("failed", "ink")
#: Share of positions unwound that a caption counts.
HALF = 0.5


@dataclass(frozen=True)
class Members:
    """Members of one column: names, and by day what they borrow or lend ($bn), their stress (0 to 1), failures."""

    kind: str
    names: tuple[str, ...]
    amount_bn: Array
    stress: Array
    has_failed: Array


@dataclass(frozen=True)
class Flows:
    """Repo on a path by day: lenders to dealers (day, lender, dealer) and dealers to funds (day, dealer, fund), $bn."""

    lent_bn: Array
    funded_bn: Array
    columns: tuple[Members, Members, Members]


def network_section(data: RunData) -> Section:
    """The network of repo."""
    return Section("who-funds", "Who funds whom", attempted(partial(network, data)))


def network(data: RunData) -> Figure | None:
    """Who borrows from whom on a typical bad path, at the day that the reader chooses."""
    told = [path for path in data.chosen if path.replay is not None]
    if data.prepared is None or not told:
        return None
    path = next((path for path in told if "typical" in path.role), told[0])
    flows = flows_of(data, path)
    chosen = _days_shown(flows)
    height = max(float(each.amount_bn.sum(axis=1).max()) for each in flows.columns) or 1.0
    frames = [_traces(flows, day, height) for day in chosen]
    worst = _worst_day(flows)
    at = chosen.index(worst)
    bare = {"visible": False, "fixedrange": True}
    caption = _caption(data, path, flows)
    layout = {
        "xaxis": {**bare, "range": [-0.55, 2.6]}, "yaxis": {**bare, "range": [-1.0 - GAP, 0.1]},
        "hovermode": "closest", "margin": {"l": 4, "r": 4, "t": 4, "b": 4},
    }  # fmt: skip
    return Figure(
        "network",
        "Who funds whom, day by day",
        caption,
        f"Three columns: lenders, dealers, hedge funds, joined by repo. {caption}",
        [Panel(frames[at], layout, height=560, frames=frames)],
        _saved(flows, chosen, data),
        note="A ribbon is as wide as the repo on that day; all days share one scale. Colour is stress: the share of its"
        " positions that a fund has unwound, or how far a dealer has gone from its opening use to its limit. What"
        " lenders lend a dealer goes with the repo of its clients and with what each lender offers it. Smaller members"
        " are taken together. Lenders do not fail in the model.",
        steps=[day_in_words(data.days[day]) for day in chosen],
        step=at,
    )


def flows_of(data: RunData, path: ChosenPath) -> Flows:
    """Repo by day from the replay of a path, the opening first."""
    assert data.prepared is not None
    assert path.replay is not None
    prepared, records = data.prepared.of_path(path.path), path.replay.records
    o = prepared.parameters.opening
    opening = np.abs(o.funds.packages_bn)
    held = opening.sum(axis=0)
    worth = (opening * o.buckets.price[o.trades.bucket_of][:, None]).sum(axis=0)
    positions = _from_opening(held, records.of("fund_packages_by_fund")[0])
    kept = np.divide(positions, held, out=np.ones_like(positions), where=held > 0.0)
    equity = _from_opening(o.funds.equity_bn, records.of("fund_equity_by_fund")[0])
    use = _from_opening(prepared.opening_state().dealers.use, records.of("dealer_use_by_dealer")[0])
    capital = _from_opening(o.dealers.capital_bn, records.of("dealer_capital_by_dealer")[0])
    repo = kept * worth  # (day, fund), at opening prices
    funded = np.einsum("tf,df->tdf", repo, o.funds.client_share)
    clients = funded.sum(axis=2)
    offers = o.lenders.offer_bn
    share = np.divide(offers, offers.sum(axis=0), out=np.zeros_like(offers), where=offers.sum(axis=0) > 0.0)
    lent = np.einsum("td,ld->tld", clients, share)
    way = np.clip((use - use[:1]) / np.maximum(1.0 - use[:1], 1e-6), 0.0, 1.0)
    lenders = tuple(f"lender {place + 1}" for place in range(len(offers)))
    calm = np.zeros((len(lent), len(lenders)))
    return Flows(
        lent,
        funded,
        (
            Members("lenders", lenders, lent.sum(axis=2), calm, calm > 0.0),
            Members("dealers", prepared.dealers, clients, way, capital <= 0.0),
            Members("hedge funds", prepared.funds, repo, np.clip(1.0 - kept, 0.0, 1.0), equity <= 0.0),
        ),
    )


def _from_opening(opening: Array, later: Array) -> Array:
    """Values by day from the opening on; after a path stopped, the last ones known."""
    days: Array = np.vstack([np.asarray(opening, np.float64)[None], np.asarray(later, np.float64)])
    for day in range(1, len(days)):
        days[day] = np.where(np.isfinite(days[day]), days[day], days[day - 1])
    return days


def _days_shown(flows: Flows) -> list[int]:
    last, worst = len(flows.lent_bn) - 1, _worst_day(flows)
    evenly = np.linspace(0, last, min(last + 1, DAYS_SHOWN)).round().astype(int)
    return sorted({*map(int, evenly), worst})


def _worst_day(flows: Flows) -> int:
    """The day on which most of what funds hold is sold."""
    repo = flows.columns[2].amount_bn.sum(axis=1)
    return int((repo[:-1] - repo[1:]).argmax()) + 1


def _grouped(of: Members) -> list[tuple[str, list[int]]]:
    """Members as they are drawn: the larger ones each, the smaller ones together, last."""
    order = np.argsort(-of.amount_bn[0], kind="stable").tolist()
    if len(order) <= SHOWN + 1:
        return [(of.names[place], [place]) for place in order]
    rest = order[SHOWN:]
    return [*((of.names[place], [place]) for place in order[:SHOWN]), (f"{len(rest)} others", rest)]


def _traces(flows: Flows, day: int, height: float) -> list[Trace]:
    """Ribbons, bars and names of one day."""
    groups = {each.kind: _grouped(each) for each in flows.columns}
    tops = {each.kind: _tops(each, groups[each.kind], day, height) for each in flows.columns}
    traces = [
        _ribbons(flows.lent_bn[day], "lenders", "dealers", groups, tops, height),
        _ribbons(flows.funded_bn[day], "dealers", "hedge funds", groups, tops, height),
    ]
    bars: dict[str, list[tuple[float, float, float]]] = {words: [] for words, *_ in (*STRESS, FAILED)}
    for each in flows.columns:
        for (_, members), (top, size) in zip(groups[each.kind], tops[each.kind], strict=True):
            bars[_state(each, members, day)].append((COLUMNS[each.kind], top, size))
    colours = {words: colour for words, colour, *_ in (*STRESS, FAILED)}
    traces += [_bars(words, colours[words], places) for words, places in bars.items()]
    traces += [_names(each, groups[each.kind], tops[each.kind], day) for each in flows.columns]
    return traces


def _tops(
    of: Members, groups: Sequence[tuple[str, list[int]]], day: int, height: float
) -> list[tuple[float, float]]:
    """Upper edge and height of each member's bar, downwards from 0; their places are those of the opening."""
    gap = GAP / max(len(groups) - 1, 1)
    found, top = [], 0.0
    free = 1.0 - of.amount_bn[0].sum() / height
    for _, members in groups:
        size = float(of.amount_bn[day, members].sum()) / height
        slot = float(of.amount_bn[0, members].sum()) / height
        found.append((top, size))
        top -= max(slot, size) + gap + max(free, 0.0) / max(len(groups), 1)
    return found


def _ribbons(
    repo_bn: Array,
    left: str,
    right: str,
    groups: dict[str, list[tuple[str, list[int]]]],
    tops: dict[str, list[tuple[float, float]]],
    height: float,
) -> Trace:
    """All ribbons between two columns as one outline, with gaps between them."""
    x: list[float | None] = []
    y: list[float | None] = []
    start, end = COLUMNS[left] + BAR, COLUMNS[right] - BAR
    right_used = [0.0] * len(groups[right])
    for place, (_, lenders) in enumerate(groups[left]):
        used = 0.0
        for other, (_, borrowers) in enumerate(groups[right]):
            size = float(repo_bn[np.ix_(lenders, borrowers)].sum()) / height
            if size <= 0.0:
                continue
            one, two = tops[left][place][0] - used, tops[right][other][0] - right_used[other]
            x += [start, end, end, start, start, None]
            y += [round(value, 4) for value in (one, two, two - size, one - size, one)] + [None]
            used += size
            right_used[other] += size
    return {
        "type": "scatter", "mode": "lines", "x": x, "y": y, "fill": "toself", "fillcolor": "@grey:0.3",
        "line": {"color": "@grey:0.5", "width": 0.4}, "hoverinfo": "skip", "name": f"repo of {right}",
    }  # fmt: skip


def _state(of: Members, members: Sequence[int], day: int) -> str:
    """Words for the stress of a member, or the average of several by what they hold; failed if all are."""
    if of.has_failed[day, members].all():
        return FAILED[0]
    stress = _stress(of, members, day)
    return [words for words, _, least in STRESS if stress >= least][-1]


def _stress(of: Members, members: Sequence[int], day: int) -> float:
    """Stress of a member, or the average of several by what they hold at the opening."""
    weight = of.amount_bn[0, members]
    return float(np.average(of.stress[day, members], weights=weight if weight.sum() > 0.0 else None))


def _bars(words: str, colour: str, places: Sequence[tuple[float, float, float]]) -> Trace:
    x: list[float | None] = []
    y: list[float | None] = []
    for middle, top, size in places:
        low, thick = top - max(size, 0.003), BAR
        x += [middle - thick, middle + thick, middle + thick, middle - thick, middle - thick, None]
        y += [round(value, 4) for value in (top, top, low, low, top)] + [None]
    return {
        "type": "scatter", "mode": "lines", "x": x or [None], "y": y or [None], "fill": "toself",
        "fillcolor": f"@{colour}", "line": {"color": f"@{colour}", "width": 0.5}, "hoverinfo": "skip",
        "name": text(words), "legendgroup": words, "meta": {"swatch": f"@{colour}"},
    }  # fmt: skip


def _names(
    of: Members, groups: Sequence[tuple[str, list[int]]], tops: Sequence[tuple[float, float]], day: int
) -> Trace:
    """The name of each member beside its bar, with what it lends or borrows under the pointer."""
    side = -1.0 if of.kind == "lenders" else 1.0
    told = []
    for name, members in groups:
        stress = _stress(of, members, day)
        verb = {"lenders": "lends", "dealers": "lends its clients", "hedge funds": "borrows"}[of.kind]
        said = "" if of.kind == "lenders" else f", stress {100.0 * stress:.0f}%"
        told.append(text(f"{name}: {verb} {amount(float(of.amount_bn[day, members].sum()))}{said}"))
    return {
        "type": "scatter", "mode": "text", "x": [COLUMNS[of.kind] + side * (BAR + 0.02)] * len(groups),
        "y": [round(top - max(size, 0.02) / 2.0, 4) for top, size in tops], "text": [text(name) for name, _ in groups],
        "textposition": "middle left" if side < 0.0 else "middle right", "textfont": {"size": 11, "color": "@ink"},
        "customdata": told, "hovertemplate": "%{customdata}<extra></extra>", "cliponaxis": False,
    }  # fmt: skip


def _saved(flows: Flows, days: Sequence[int], data: RunData) -> dict[str, Any]:
    """The state of every member on the days shown, and every repo at the opening, the worst day and the end."""
    lenders, dealers, funds = flows.columns
    rows = [*_repo_rows(flows, sorted({days[0], _worst_day(flows), days[-1]}), data)]
    members = [
        (
            data.dates[day],
            name,
            each.kind,
            float(each.amount_bn[day, place]),
            100.0 * float(each.stress[day, place]),
        )
        for day in days
        for each in (funds, dealers, lenders)
        for place, name in enumerate(each.names)
    ]
    headings = ("day", "agent", "kind", "repo of the agent, $bn", "stress, %")
    saved: dict[str, Any] = _by_heading(headings, members)
    between = ("day of the repo", "lent by", "borrowed by", "repo, $bn")
    return saved | _by_heading(between, rows)


def _by_heading(headings: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> dict[str, list[Any]]:
    return {heading: [row[place] for row in rows] for place, heading in enumerate(headings)}


def _repo_rows(flows: Flows, days: Sequence[int], data: RunData) -> Iterator[tuple[str, str, str, float]]:
    lenders, dealers, funds = (each.names for each in flows.columns)
    for repo_bn, sources, takers in ((flows.lent_bn, lenders, dealers), (flows.funded_bn, dealers, funds)):
        for day in days:
            for place, other in zip(*np.nonzero(repo_bn[day] > 0.0), strict=True):
                yield data.dates[day], sources[place], takers[other], float(repo_bn[day, place, other])


def _caption(data: RunData, path: ChosenPath, flows: Flows) -> str:
    _, dealers, funds = flows.columns
    half = int((funds.stress.max(axis=0) >= HALF).sum())
    over = int((dealers.stress.max(axis=0) >= 1.0).sum())
    failed, lost = (int(each.has_failed.any(axis=0).sum()) for each in (funds, dealers))
    opening, low = float(funds.amount_bn[0].sum()), float(funds.amount_bn.sum(axis=1).min())
    return (
        f"On {path.role} (path {path.path:,}), hedge funds' repo falls from {amount(opening)} to {amount(low)};"
        f" {half or 'none'} of {len(funds.names)} funds unwind half of their positions or more and {failed or 'none'}"
        f" {'fails' if failed == 1 else 'fail'}; {over or 'none'} of {len(dealers.names)} dealers reach their limit and"
        f" {lost or 'none'} {'fails' if lost == 1 else 'fail'}."
    )
