"""The summary of a run on the terminal: tables with rules there, plain columns in a file."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence

from rich import box
from rich.table import Table as RichTable
from rich.text import Text

from simulator.cli.terminal import console
from simulator.results.errors import plain
from simulator.results.summary import StoppedPaths, Summary, Table, note_of
from simulator.results.summary_html import sampling_note

#: Spaces that a column of a table takes beside its texts.
GAP = 2
#: Headlines that a run ends with.
GLANCE = 4


def print_summary(
    summary: Summary, advice: Mapping[str, str], closing: Sequence[str] = (), *, in_full: bool = True
) -> None:
    """Show the summary on standard output: its headlines, and in full all of them and the tables.

    Parameters
    ----------
    advice
        What to do about each status of a stopped path.
    closing
        Last lines: where the results lie, how to look further.
    """
    on_terminal = sys.stdout.isatty()
    out = console()
    out.print(
        plain(f"{summary.name}: {summary.paths:,} paths of {summary.days:,} days, seed {summary.seed}"),
        style="bold",
    )
    for line in _stopped_lines(summary, advice):
        out.print(plain(line), style="yellow", soft_wrap=not on_terminal)
    told = summary.headlines if in_full else _fewest(summary.headlines)
    for sentence in told:
        out.print(plain(sentence), soft_wrap=not on_terminal)
    for table in summary.tables if in_full else ():
        out.print()
        out.print(_rich_table(table, on_terminal, out.width))
    out.print()
    out.print(plain(f"{summary.note}{sampling_note(summary)}"), soft_wrap=not on_terminal)
    for line in closing:
        out.print(plain(line), soft_wrap=True)


def _fewest(headlines: Sequence[str]) -> Sequence[str]:
    """No more headlines than fit a glance: of more, the first and the last ones."""
    return headlines if len(headlines) <= GLANCE else [*headlines[: GLANCE - 2], *headlines[-2:]]


def _rich_table(table: Table, on_terminal: bool, width: int) -> RichTable:
    drawn = RichTable(
        title=table.title,
        title_justify="left",
        title_style="bold",
        box=box.SIMPLE_HEAD if on_terminal else None,
        pad_edge=False,
        collapse_padding=on_terminal,
    )
    drawn.add_column("")
    figures = [
        [column.shows(cell) for column, cell in zip(table.columns, row.cells, strict=True)]
        for row in table.rows
    ]
    headings = [
        f"{column.heading}, {column.unit}" if column.unit else column.heading for column in table.columns
    ]
    # Names and headings may be broken between words; figures only where there is no room for them whole.
    narrowest = [
        max(map(len, (*heading.split(), *(row[place] for row in figures))))
        for place, heading in enumerate(headings)
    ]
    names = max((len(word) for row in table.rows for word in row.name.split()), default=0)
    has_room = names + sum(narrowest) + GAP * (len(headings) + 1) <= width
    for heading, needed in zip(headings, narrowest, strict=True):
        drawn.add_column(Text(heading), justify="right", no_wrap=has_room and needed >= len(heading))
    for row, texts in zip(table.rows, figures, strict=True):
        drawn.add_row(Text(plain(row.name)), *map(Text, texts))
    drawn.caption, drawn.caption_justify = note_of(table) or None, "left"
    return drawn


def _stopped_lines(summary: Summary, advice: Mapping[str, str]) -> list[str]:
    """*3 of 20,000 paths stopped: …*, with what each reason means."""
    if not summary.stopped:
        return []
    parts = "; ".join(map(_group_in_words, summary.stopped))
    lines = [f"{summary.stopped_count:,} of {summary.paths:,} paths stopped: {parts}."]
    lines += [
        f"{group.status}: {advice[group.status]}." for group in summary.stopped if group.status in advice
    ]
    return [
        *lines,
        f"Averages and quantiles leave them out. Look at one with: --path {summary.stopped[0].paths[0]} --audit",
    ]


def _group_in_words(group: StoppedPaths) -> str:
    """*PRICE_OUT_OF_RANGE on day 12 (paths 17, 402, 9981)*."""
    is_one_day = group.first_day == group.last_day
    days = f"day {group.first_day}" if is_one_day else f"days {group.first_day} to {group.last_day}"
    named = ", ".join(map(str, group.paths))
    if group.count > len(group.paths):
        named = f"{group.count:,} paths: {named}, …"
    else:
        named = f"{'path' if group.count == 1 else 'paths'} {named}"
    return f"{group.status} on {days} ({named})"
