"""The page of ``unwind basis history``: implied repo, net basis and cheapest bond through time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from typing import TYPE_CHECKING

from simulator.report.figure import Columns, Figure, Panel, axis, line
from simulator.report.page import NOTHING, Block, Cell, Headline, Page, PageTable, Section

if TYPE_CHECKING:
    from simulator.basis.through_time import BasisDay


def basis_page(days: Sequence[BasisDay], source: str) -> Page:
    """The page of a basis file through time."""
    contracts = list(dict.fromkeys(day.contract for day in days))
    lowest = min(days, key=lambda day: day.implied_repo_pct)
    switches = sum(day.is_switch for day in days)
    blocks: list[Block] = [
        *(_figure(contract, [day for day in days if day.contract == contract]) for contract in contracts),
        _table(days),
    ]
    return Page(
        title=f"Basis of {', '.join(contracts)}",
        subtitle=f"{days[0].settlement} to {max(day.settlement for day in days)}",
        facts=[("file", source), ("days", str(len(days)))],
        status="complete",
        is_complete=True,
        summary=[
            f"Implied repo was lowest on {lowest.settlement}, at {lowest.implied_repo_pct:.2f}% in {lowest.contract} "
            f"against repo of {lowest.repo_rate_pct:.2f}%.",
            f"The cheapest bond changed {switches} times.",
        ],
        headlines=[
            Headline(
                "Lowest implied repo",
                f"{lowest.implied_repo_pct:.2f}%",
                "",
                f"{lowest.contract} on {lowest.settlement}, {lowest.cheapest} the cheapest.",
            )
        ],
        sections=[Section("basis", "Implied repo and net basis", blocks)],
    )


def _figure(contract: str, days: Sequence[BasisDay]) -> Figure:
    columns: Columns = {
        "date": [str(day.settlement) for day in days],
        "implied repo, % a year": [day.implied_repo_pct for day in days],
        "repo, % a year": [day.repo_rate_pct for day in days],
        "net basis, points": [day.net_basis for day in days],
        "cheapest": [day.cheapest for day in days],
    }
    below = sum(day.implied_repo_pct < day.repo_rate_pct for day in days)
    negative = sum(day.implied_repo_pct < 0.0 for day in days)
    said = (
        f"Implied repo of the cheapest bond lay below repo on {below} of {len(days)} days, and below nothing on "
        f"{negative}."
    )
    rates = [
        line("date", "implied repo, % a year", "implied repo", "blue", unit="%"),
        line("date", "repo, % a year", "repo", "grey", dash="dash", unit="%"),
    ]
    basis = [line("date", "net basis, points", "net basis", "vermilion", unit="points")]
    return Figure(
        f"basis-{contract.lower()}",
        f"{contract}: implied repo of the cheapest bond, and its net basis",
        said,
        said,
        [
            Panel(rates, {"yaxis": axis("% a year")}, "implied repo, % a year"),
            Panel(basis, {"yaxis": axis("points")}, "net basis, points"),
        ],
        columns,
        note="The net basis is the price of the delivery options, and less where futures are expensive.",
    )


def _table(days: Sequence[BasisDay]) -> PageTable:
    names = [field.name for field in fields(days[0])]
    return PageTable(
        "days",
        "All days",
        [name.replace("_", " ") for name in names],
        [[_cell(getattr(day, name)) for name in names] for day in days],
        is_folded=True,
    )


def _cell(value: object) -> Cell:
    if isinstance(value, bool):
        return Cell("yes" if value else "no")
    if isinstance(value, float):
        return Cell(f"{value:.4f}", value)
    return Cell(NOTHING if value is None else str(value))
