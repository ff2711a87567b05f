"""Your book: the funds and dealers of which a run keeps records one by one, as their risk manager asks for them."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np

from simulator.analysis.book import (
    DEALER_FIGURES,
    FUND_FIGURES,
    SMALLEST_BN,
    Book,
    BookFigure,
    has_book,
)
from simulator.report.fans import DATE, date_axis, level_line, quantile_column, spread_columns
from simulator.report.figure import Figure, Panel, axis, band, column, line, text
from simulator.report.page import NOTHING, Cell, PageTable, Prose, Section, attempted
from simulator.report.run_data import RunData
from simulator.report.words import amount, colour_of, listed, share_of_paths
from simulator.results.days import fan
from simulator.results.names import cause, names_of
from simulator.results.statistics import Estimate
from simulator.results.summary import shown

#: Causes of calls that are shown apart; the others are added up.
CAUSES_SHOWN = 6
OTHERS = "all others"


def book_section(data: RunData) -> Section:
    """Losses, liquidity, forced sales and limits of the named funds, and what a named dealer goes through."""
    if not has_book(data.run) or not data.finished_paths:
        return Section("your-book", "Your book", [])
    book = Book(data.run)
    makers: list[Callable[[], Prose | PageTable | Figure | None]] = []
    if book.funds:
        makers += [
            partial(_in_words, data, book),
            partial(fund_table, data, book),
            partial(liquidity, data, book),
            partial(opening_book, data, book),
        ]
    if book.dealers:
        makers.append(partial(dealer_table, data, book))
    return Section("your-book", "Your book", attempted(*makers))


def _in_words(data: RunData, book: Book) -> Prose:
    """The book in three sentences."""
    return Prose(sentences(data, book))


def sentences(data: RunData, book: Book) -> list[str]:
    """What a shock costs the funds together, what it asks of them, and what it forces them to do."""
    whole = book.figures(book.groups[-1])
    opening = book.opening
    equity, cash = (float(opening[f"named_fund_{name}"].sum()) for name in ("equity", "cash"))
    lines = float(opening["named_fund_line_left"].sum())
    by_trade = np.abs(opening["named_fund_packages"]).sum(axis=1)
    own = [trade for trade, size in zip(data.trades, by_trade, strict=True) if size]
    held, positions = float(by_trade.sum()), names_of(own, data.scenario).positions
    who = listed(book.funds) if len(book.funds) < 5 else f"{len(book.funds)} funds"
    verb = "holds" if len(book.funds) == 1 else "hold"
    loss, need = whole["loss_mean"], whole["need_99"]
    forced = whole["forced_ever"]
    told = [
        f"{who} {verb} {amount(held)} of {positions} on {amount(equity)} of equity, with {amount(cash)} of free"
        f" cash and {amount(lines)} of committed lines.",
        f"Over the {data.layout.days:,} days {'it loses' if len(book.funds) == 1 else 'they lose'}"
        f" {_money(loss)} on average, more than {_money(whole['loss_95'])} in one path of twenty and more than"
        f" {_money(whole['loss_99'])} in one of a hundred; the worst 2.5% of paths cost"
        f" {_money(whole['loss_shortfall'])} on average.",
        f"In one path of a hundred calls take more than {_money(need)} in cash,"
        f" {100.0 * need.value / max(cash + lines, SMALLEST_BN):.0f}% of cash and lines; a fund must sell"
        f" {share_of_paths(forced, data.paths)}.",
    ]
    return [" ".join(told)]


def _money(estimate: Estimate) -> str:
    """An amount with its error in the unit of its size: *$812 ± 12mn*.

    Examples
    --------
    >>> _money(Estimate(0.812, 0.012, 100)), _money(Estimate(-12.34, 0.51, 100))
    ('$812 ± 12mn', '-$12.3 ± 0.5bn')
    """
    if math.isnan(estimate.value):
        return "an unknown amount"
    size, unit, decimals = (1.0, "bn", 1) if abs(estimate.value) >= 0.9995 else (1e3, "mn", 0)
    sign = "-" if estimate.value < 0.0 else ""
    scaled = Estimate(size * abs(estimate.value), size * estimate.standard_error, estimate.draws)
    return f"{sign}${shown(scaled, decimals)}{unit}"


def fund_table(data: RunData, book: Book) -> PageTable:
    """Every figure of every fund, funds side by side."""
    told = {name: book.figures(name) for name in book.groups}
    return _table(
        "book",
        "Losses, liquidity, forced sales and limits",
        FUND_FIGURES,
        told,
        data,
        "Loss: fall of equity since the opening, payments to investors added back. Liquidity need: what calls took"
        " since the opening, less what they brought, at its highest. Forced sales: by calls, own limits or closing"
        " out; what they cost is half spreads and the fall of a position's value since the opening, which a fund that"
        " keeps the position earns back. Day 0 is the opening.",
    )


def dealer_table(data: RunData, book: Book) -> PageTable:
    """Every figure of every named dealer."""
    told = {name: book.dealer_figures(name) for name in book.dealers}
    return _table(
        "book-dealers",
        "Dealers",
        DEALER_FIGURES,
        told,
        data,
        "Capital lost: fall of capital since the opening. A dealer reaches its limit when its use of balance sheet is"
        " 100% of it on some day.",
    )


def _table(
    key: str,
    title: str,
    figures: tuple[BookFigure, ...],
    told: Mapping[str, Mapping[str, Estimate]],
    data: RunData,
    caption: str,
) -> PageTable:
    rows = [
        [Cell(one.label), *(_cell(one, told[name].get(one.key)) for name in told)]
        for one in figures
        if any(one.key in each for each in told.values())
    ]
    kept = [one for one in figures if any(one.key in each for each in told.values())]
    columns: dict[str, Any] = {
        "figure": [one.label for one in kept],
        "unit": [one.unit for one in kept],
    }
    for name, each in told.items():
        columns[name] = [each[one.key].value if one.key in each else None for one in kept]
        columns[f"{name}, standard error"] = [
            each[one.key].standard_error if one.key in each else None for one in kept
        ]
    return PageTable(key, title, ["", *told], rows, caption, columns=columns)


def _cell(figure: BookFigure, estimate: Estimate | None) -> Cell:
    if estimate is None or math.isnan(estimate.value):
        return Cell(NOTHING)
    if figure.unit == "$bn":
        return Cell(_money(estimate), estimate.value)
    if figure.unit in ("probability", "1"):
        percent = Estimate(100.0 * estimate.value, 100.0 * estimate.standard_error, estimate.draws)
        return Cell(f"{shown(percent, 1)}%", estimate.value)
    unit = f" {figure.unit}" if figure.unit == "bp" else ""
    return Cell(f"{shown(estimate, 0)}{unit}", estimate.value)


def liquidity(data: RunData, book: Book) -> Figure | None:
    """Cash that calls took since the opening by day, against cash and lines, and by cause."""
    calls = book.cumulated_calls
    if not len(calls):
        return None
    cash = float(book.opening["named_fund_cash"].sum())
    lines = float(book.opening["named_fund_line_left"].sum())
    size, unit = (1.0, "$bn") if max(cash + lines, float(np.abs(calls).max())) >= 1.0 else (1e3, "$mn")
    spread = fan(size * calls.sum(axis=-1), antithetic=data.antithetic)
    name = "cash that calls took"
    columns: dict[str, Any] = {DATE: data.dates, **spread_columns(name, unit, spread)}
    columns["99% quantile"] = np.quantile(size * calls.sum(axis=-1), 0.99, axis=0)
    traces = [
        *band(
            DATE, quantile_column(name, unit, 0.05), quantile_column(name, unit, 0.95), "90% of paths", "blue"
        ),
        line(DATE, quantile_column(name, unit, 0.5), "median", "blue", unit=unit),
        line(DATE, "99% quantile", "one path in a hundred is above", "vermilion", unit=unit, dash="dash"),
    ]
    below = level_line(size * cash, "free cash")
    below["label"] |= {"yanchor": "top"}
    levels = [below, level_line(size * (cash + lines), "cash and lines")]
    top = 1.08 * max(size * (cash + lines), float(columns["99% quantile"].max()))
    low = min(0.0, float(columns[quantile_column(name, unit, 0.05)].min()))
    layout = {
        "xaxis": date_axis(data.dates),
        "yaxis": axis(unit, range=[1.08 * low, top]),
        "shapes": levels,
    }
    mean = size * calls.mean(axis=0)
    by_cause = _by_cause(mean, data.layout.calls)
    stacked = []
    for words, (colour, values) in by_cause.items():
        columns[f"{words}, mean, {unit}"] = values
        stacked.append(
            {
                "type": "bar",
                "x": column(DATE),
                "y": column(f"{words}, mean, {unit}"),
                "name": text(words),
                "legendgroup": words,
                "marker": {"color": f"@{colour}", "line": {"width": 0}},
                "hovertemplate": f"%{{y:,.3~g}} {unit}",
            }
        )
    bars_layout = {"xaxis": date_axis(data.dates), "yaxis": axis(unit), "barmode": "relative", "bargap": 0.15}
    peak = int(mean.sum(axis=-1).argmax())
    first = max(by_cause, key=lambda words: by_cause[words][1][peak])
    caption = (
        f"On average calls take most by {data.dates[peak]}, {amount(max(mean[peak].sum(), 0.0) / size)} of"
        f" {amount(cash + lines)} in cash and lines; most of it goes to {first}."
        if mean[peak].sum() > 0.0
        else "On average calls bring more cash than they take."
    )
    return Figure(
        "book-liquidity",
        "Liquidity need by day, against cash and lines",
        caption,
        f"Cash that calls took from the book since the opening, by day and by cause. {caption}",
        [
            Panel(traces, layout, title="All calls since the opening, net", height=300),
            Panel(stacked, bars_layout, title="By cause, average over paths", height=300),
        ],
        columns,
        per_row=2,
        note="Of all named funds together. What calls bring (gains on hedges, say) is netted with what they take."
        " Forced sales make later calls smaller.",
    )


def _by_cause(mean: Any, calls: tuple[str, ...]) -> dict[str, tuple[str, Any]]:
    """Average calls since the opening by cause in words, with its colour: the largest few, and all others."""
    size = np.abs(mean).max(axis=0)
    order = np.argsort(-size, kind="stable")
    found = {
        cause(calls[n]): (colour_of(calls[n]), mean[:, n]) for n in order[:CAUSES_SHOWN] if size[n] > 0.0
    }
    rest = mean[:, order[CAUSES_SHOWN:]].sum(axis=1)
    if np.abs(rest).max(initial=0.0) > SMALLEST_BN:
        found[OTHERS] = ("ink", rest)
    return found


def opening_book(data: RunData, book: Book) -> PageTable:
    """What each fund holds at the opening, by trade."""
    held = book.opening["named_fund_packages"]
    trades = [n for n in range(len(data.trades)) if np.abs(held[n]).max() > SMALLEST_BN]
    rows = [
        [
            Cell(data.names[data.trades[n]]),
            *(Cell(_bn(amount_bn), float(amount_bn)) for amount_bn in held[n]),
        ]
        for n in trades
    ]
    for label, name in (
        ("equity", "equity"), ("free cash", "cash"), ("committed lines", "line_left"), ("initial margin", "margin"),
        ("repo", "repo"),
    ):  # fmt: skip
        amounts = book.opening[f"named_fund_{name}"]
        rows.append([Cell(label), *(Cell(_bn(each), float(each)) for each in amounts)])
    return PageTable("book-positions", "Opening book", ["", *book.funds], rows, is_folded=True)


def _bn(amount_bn: float) -> str:
    return amount(float(amount_bn)) if amount_bn else NOTHING
