"""One path on the terminal: its days, its story, and the audit of its ledgers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

from simulator.cli.terminal import console, plain_table, say
from simulator.engine.opening.prepare import Prepared
from simulator.engine.simulate import BlockResult
from simulator.engine.status import STATUS
from simulator.ensemble.replay import DIARY_CAPACITY, DayRow, day_rows, diary_entries, farthest_markets, story
from simulator.ensemble.residuals import Residual, is_broken


def path_record(prepared: Prepared, result: BlockResult) -> dict[str, Any]:
    """The days and the diary of a path, for other programs."""
    code, day = (int(number) for number in result.records.status[0])
    return {
        "status": STATUS[code][0],
        "stopped_on_day": day + 1,
        "days": [asdict(row) for row in day_rows(prepared, result)],
        "diary": [asdict(entry) for entry in diary_entries(prepared, result)],
    }


def print_path(title: str, prepared: Prepared, result: BlockResult) -> None:
    """Show the days and the story of a path on standard output."""
    entries = list(diary_entries(prepared, result))
    code, day = (int(number) for number in result.records.status[0])
    status, advice = STATUS[code]
    say(title)
    if code:
        say(f"The path stopped on day {day + 1}: {status}: {advice}.")
    moved, widest = farthest_markets(prepared, result)
    say(f"Yield of {moved}, basis of {widest}: those that moved most.")
    _print_days(day_rows(prepared, result))
    told = list(story(entries))
    shown_day = None
    for entry in told:
        if entry.day != shown_day:
            shown_day = entry.day
            say(f"\nDay {entry.day}")
        say(f"  round {entry.round}: {entry.text}")
    if len(entries) == DIARY_CAPACITY:
        say(f"\nThe diary is full at {DIARY_CAPACITY:,} entries; what followed is left out.")
    if len(told) < len(entries):
        say(f"\nAll {len(entries):,} entries one by one: --json")
    if not entries:
        say("\nNobody was called, sold or failed.")


def _print_days(rows: Sequence[DayRow]) -> None:
    headings = (
        "day", "exogenous, bp", "total, bp", "basis, bp", "called, $bn", "sold, $bn", "positions, $bn",
        "dealer use", "repo, bp", "failed", "rounds",
    )  # fmt: skip
    table = plain_table(headings)
    for row in rows:
        table.add_row(
            f"{row.day}", f"{row.exogenous_bp:.1f}", f"{row.total_bp:.1f}", f"{row.dislocation_bp:.1f}",
            f"{row.called_bn:.2f}", f"{row.sold_bn:.2f}", f"{row.packages_bn:,.1f}", f"{row.dealer_use:.2f}",
            f"{row.repo_spread_bp:.1f}", f"{row.funds_failed}", f"{row.rounds}",
        )  # fmt: skip
    console().print(table)


def print_audit(residuals: Iterable[Residual]) -> None:
    """Show the table of the audit: identity, worst residual, where it stood, verdict."""
    headings = ("identity", "dollars", "after", "day", "path", "")
    table = plain_table(headings, ("identity", "after", ""), "Audit: worst residual of every identity")
    for residual in residuals:
        table.add_row(
            residual["identity"],
            f"{residual['residual_bn'] * 1e9:.2g}",
            residual["stage"],
            f"{residual['day']:,}",
            f"{residual['path']:,}",
            "BROKEN" if is_broken(residual) else "holds",
        )
    console().print(table)
