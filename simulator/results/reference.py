"""The reference page of everything a run stores, made from the tables that the store is made from.

    python -m simulator.cli.upkeep results-page > docs/reference/results.md

A test holds the page to the tables, so that it is never behind them.
"""

from __future__ import annotations

from collections.abc import Iterable

from simulator.results.layout import STATUS, STOPPED_ON_DAY
from simulator.results.measures import outcomes
from simulator.results.variables import (
    BY_BUCKET,
    BY_DEALER,
    BY_FUND,
    BY_HEDGE,
    BY_SECTOR,
    BY_TRADE,
    CALLS,
    OF_MARKET,
    SALES,
    Variable,
)

INTRODUCTION = """# Results

What a run keeps. This page is made by `python -m simulator.cli.upkeep results-page`. How to open and read the
results is told in [the guide](../guide/results.md).

Dimensions: `path` counts from 0; `day` is the trading day, and day 0 is the opening, the same on every path;
`bucket`, `hedge`, `trade`, `channel`, `call`, `sector`, `fund` and `dealer` are names. The coordinates `hedge_bucket`
and `trade_hedge` name each hedge's bucket and each trade's hedge; `ten_year_equivalent` is the opening DV01 of a
bucket's bond over that of the bucket nearest to ten years: face times it is in ten-year equivalents. Units are those
of the attribute `units` in the store: `bp` basis points, `$bn` billions of US dollars (of face for positions), `1` a
pure number or a decimal fraction. Flows are those of the day. The coordinate `date` gives the calendar date of each
day.
"""


def results_page() -> str:
    """The page in Markdown, with a final newline."""
    parts = [
        INTRODUCTION,
        _group("By bucket of the cash market", "(path, day, bucket)", BY_BUCKET),
        _group("By hedge", "(path, day, hedge)", BY_HEDGE),
        _group("By trade", "(path, day, trade)", BY_TRADE),
        _group("The market as a whole", "(path, day)", OF_MARKET),
        _group("Why funds sold", "(path, day, channel)", (SALES,)),
        _group("What funds were called for", "(path, day, call)", (CALLS,)),
        _group("By sector", "(path, day, sector)", BY_SECTOR),
        _group("By fund, on request (`--agents`)", "(path, day, fund)", BY_FUND),
        _group("By dealer, on request (`--agents`)", "(path, day, dealer)", BY_DEALER),
        _group("How a path ended", "(path,)", (STATUS, STOPPED_ON_DAY)),
        _outcomes(),
    ]
    return "\n".join(parts)


def _group(title: str, dimensions: str, variables: Iterable[Variable]) -> str:
    rows = ((f"`{variable.name}`", variable.unit, variable.meaning) for variable in variables)
    return _section(title, f"Dimensions `{dimensions}`.", ("variable", "unit", "meaning"), rows)


def _outcomes() -> str:
    rows = (
        (f"`{one.key}`", f"`(path, {one.dim})`" if one.dim else "`(path,)`", one.stored_unit, one.meaning)
        for one in outcomes()
    )
    said = "One figure a path, computed from the days above; the summary is made from them."
    return _section("Outcomes of a path", said, ("outcome", "dimensions", "unit", "meaning"), rows)


def _section(title: str, said: str, heads: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [f"| {' | '.join(cells)} |" for cells in (heads, ("---",) * len(heads), *rows)]
    return "\n".join([f"## {title}", "", said, "", *lines, ""])
