"""The reference page of everything a run stores, made from the tables that the store is made from.

    python -m simulator.cli.upkeep results-page > docs/reference/results.md

A test holds the page to the tables, so that it is never behind them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from simulator.results.layout import STATUS, STOPPED_ON_DAY
from simulator.results.measures import outcomes
from simulator.results.variables import (
    BY_BUCKET,
    BY_DEALER,
    BY_FUND,
    BY_HEDGE,
    BY_NAMED_DEALER,
    BY_NAMED_FUND,
    BY_SECTOR,
    BY_TRADE,
    CALLS,
    GROUPS,
    OF_MARKET,
    OF_TWINS,
    SALES,
    TEST_SALES,
    Variable,
)

#: Variables of named funds by another dimension too.
NAMED = {one: ", ".join(group.dims) for group in GROUPS if len(group.dims) > 1 for one in group.variables}

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
        _group("By named fund (`funds.add`, `output.funds`)", "(path, day, named_fund)", BY_NAMED_FUND),
        _by_dimension(
            "By named fund and more",
            "Limits are the fund's own: leverage, value at risk, drawdown, and the minimum of cash and lines.",
            ("path", "day"),
            NAMED,
        ),
        _group("By named dealer (`output.dealers`)", "(path, day, named_dealer)", BY_NAMED_DEALER),
        _by_dimension(
            "Without policy",
            "Of the first `output.paths_without_policy` paths, played again where the scenario has policy that acts"
            " after the opening; NaN for the others.",
            ("path", "day"),
            OF_TWINS,
        ),
        _by_dimension(
            "Test sales",
            "Of the first `output.test_sale_paths` paths, sales of bonds on even numbers and unwindings on odd ones;"
            " NaN for the others.",
            ("path",),
            TEST_SALES,
        ),
        _group("How a path ended", "(path,)", (STATUS, STOPPED_ON_DAY)),
        _outcomes(),
    ]
    return "\n".join(parts)


def _group(title: str, dimensions: str, variables: Iterable[Variable]) -> str:
    rows = ((f"`{variable.name}`", variable.unit, variable.meaning) for variable in variables)
    return _section(title, f"Dimensions `{dimensions}`.", ("variable", "unit", "meaning"), rows)


def _by_dimension(title: str, said: str, dims: tuple[str, ...], variables: Mapping[Variable, str]) -> str:
    """Variables with a dimension each beside those that all have."""
    rows = (
        (f"`{one.name}`", f"`({', '.join((*dims, dim) if dim else dims)}{'' if dim or len(dims) > 1 else ','})`",
         one.unit, one.meaning)
        for one, dim in variables.items()
    )  # fmt: skip
    return _section(title, said, ("variable", "dimensions", "unit", "meaning"), rows)


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
