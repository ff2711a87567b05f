"""A summary as HTML for notebooks: headlines and tables, every name escaped, no script and no outside address."""

from __future__ import annotations

from html import escape

from simulator.results.display import sampling_note
from simulator.results.errors import plain
from simulator.results.summary import Column, Summary, Table, shown

#: Colours are the notebook's own, so that it reads in light and in dark.
_STYLE = (
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
    done = summary.paths - summary.stopped_count
    head = (
        f"{summary.name}: {summary.paths:,} paths of {summary.days:,} days, seed {summary.seed}"
        + f"; {summary.stopped_count:,} paths stopped" * bool(summary.stopped)
    )
    tables = [table_html(table) for table in summary.tables]
    more = "".join(tables[_OPEN:])
    return "".join(
        (
            f"<div class='unwind'>{_STYLE}<p><strong>{_text(head)}</strong></p>",
            *(f"<p>{_text(sentence)}</p>" for sentence in summary.headlines),
            *tables[:_OPEN],
            f"<details><summary>{len(tables) - _OPEN} more tables</summary>{more}</details>" if more else "",
            f"<p><small>± is one Monte Carlo standard error, from {done:,} paths."
            f"{_text(sampling_note(summary))} Results: {_text(summary.folder)}</small></p></div>",
        )
    )


def table_html(table: Table) -> str:
    """One table of a summary, with units in its headings and an error beside every figure."""
    headings = "".join(f"<th scope='col'>{_heading(column)}</th>" for column in table.columns)
    rows = "".join(
        f"<tr><th scope='row'>{_text(name)}</th>"
        + "".join(
            f"<td>{_text(shown(cell, column.decimals))}</td>"
            for column, cell in zip(table.columns, cells, strict=True)
        )
        + "</tr>"
        for name, cells in table.rows
    )
    return (
        f"<table><caption>{_text(table.title)}</caption>"
        f"<thead><tr><td></td>{headings}</tr></thead><tbody>{rows}</tbody></table>"
    )


def _heading(column: Column) -> str:
    return _text(f"{column.heading}, {column.unit}" if column.unit else column.heading)


def _text(text: str) -> str:
    return escape(plain(text))
