"""A summary as HTML for notebooks: headlines and tables, every name escaped, no script and no outside address."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from simulator.results.errors import plain
from simulator.results.summary import Column, Summary, Table, note_of

#: Colours are the notebook's own, so that it reads in light and in dark.
STYLE = (
    "<style>.unwind table{border-collapse:collapse;margin:.3em 0 1em}.unwind caption{text-align:left;"
    "font-weight:600;padding:.3em 0}.unwind th,.unwind td{padding:.15em .7em;text-align:right}"
    ".unwind th[scope=row]{text-align:left;font-weight:400}.unwind thead th{border-bottom:1px solid}"
    ".unwind summary{cursor:pointer}</style>"
)
#: Tables that are open at once; the rest unfold.
_OPEN = 3


def summary_html(summary: Summary) -> str:
    """The summary of a run for a notebook.

    Returns
    -------
    str
        An HTML fragment.
    """
    head = (
        f"{summary.name}: {summary.paths:,} paths of {summary.days:,} days, seed {summary.seed}"
        + f"; {summary.stopped_count:,} paths stopped" * bool(summary.stopped)
    )
    tables = [table_html(table) for table in summary.tables]
    more = "".join(tables[_OPEN:])
    return "".join(
        (
            f"<div class='unwind'>{STYLE}<p><strong>{escaped(head)}</strong></p>",
            *(f"<p>{escaped(sentence)}</p>" for sentence in summary.headlines),
            *tables[:_OPEN],
            f"<details><summary>{len(tables) - _OPEN} more tables</summary>{more}</details>" if more else "",
            f"<p><small>{escaped(summary.note)}"
            f"{escaped(sampling_note(summary))} Results: {escaped(summary.folder)}</small></p></div>",
        )
    )


def sampling_note(summary: Summary) -> str:
    """What to know about the errors of a sampling other than independent draws; empty for those."""
    notes = {
        "antithetic": " Mirrored paths count as one draw.",
        "sobol": " Paths are Sobol points: the true errors are smaller.",
    }
    return notes.get(summary.sampling, "")


def table_html(table: Table) -> str:
    """One table of a summary, with units in its headings and an error beside every figure."""
    rows = [
        (
            row.name,
            [column.shows(cell) for column, cell in zip(table.columns, row.cells, strict=True)],
        )
        for row in table.rows
    ]
    note = note_of(table)
    drawn = html_table(table.title, list(map(_heading, table.columns)), rows)
    return drawn + (f"<p><small>{escaped(note)}</small></p>" if note else "")


def html_table(title: str, headings: Sequence[str], rows: Iterable[tuple[str, Sequence[str]]]) -> str:
    """A table of texts, every one escaped."""
    heads = "".join(f"<th scope='col'>{escaped(heading)}</th>" for heading in headings)
    body = "".join(
        f"<tr><th scope='row'>{escaped(name)}</th>"
        + "".join(f"<td>{escaped(cell)}</td>" for cell in cells)
        + "</tr>"
        for name, cells in rows
    )
    return (
        f"<table><caption>{escaped(title)}</caption>"
        f"<thead><tr><td></td>{heads}</tr></thead><tbody>{body}</tbody></table>"
    )


def escaped(words: str) -> str:
    """Words as text of a page: nothing in them is markup."""
    return escape(plain(words))


def _heading(column: Column) -> str:
    return f"{column.heading}, {column.unit}" if column.unit else column.heading
