"""A run beside history as tables of Markdown, and the place in a page where they stand."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from simulator.history.beside import Beside, MomentBeside
from simulator.results.statistics import error_note
from simulator.results.summary import shown

#: Marks between which the tables stand in a page.
BEGIN, END = "<!-- tables: begin -->", "<!-- tables: end -->"
HEADINGS = {"told": "What the model is told", "found": "What the model finds"}


def history_tables_of(side: Beside) -> str:
    """A table for what the model is told and one for what it finds, the number of paths, and the verdict."""
    lines: list[str] = []
    for kind, heading in HEADINGS.items():
        lines += [f"### {heading}", "", *_table(side.of_kind(kind)), ""]
    return "\n".join([*lines, f"{side.paths:,} paths; {error_note(bool(side.sets))} {side.verdict}"])


def _table(rows: Sequence[MomentBeside]) -> Iterator[str]:
    yield "| | unit | history | tolerance | model | 5% to 95% of paths | paths below history | history from |"
    yield "|---|---|---:|---:|---:|---:|---:|---|"
    for row in rows:
        moment = row.moment
        cells = (
            f"{moment.value:,g}",
            f"{moment.tolerance:,g}",
            shown(row.mean, row.decimals),
            f"{row.told(row.low)} to {row.told(row.high)}",
            f"{100 * row.rank:.0f}%",
        )
        figures = " | ".join(cells).replace("-", "−")
        yield f"| {moment.label} | {moment.unit} | {figures} | {moment.source} |"


def put_in_page(file: Path, tables: str) -> None:
    """Replace what stands between the two marks of a page.

    Raises
    ------
    ValueError
        If the page has no such marks.
    """
    before, begin, rest = file.read_text(encoding="utf-8").partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"{file} has no place for the tables: it needs the lines {BEGIN} and {END}.")
    file.write_text(f"{before}{begin}\n\n{tables}\n\n{end}{after}", encoding="utf-8")
