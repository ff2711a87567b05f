"""A run beside history on the terminal: a table that fits into eighty columns, its sources, and the verdict."""

from __future__ import annotations

from collections.abc import Sequence

from rich.table import Table
from rich.text import Text

from simulator.cli.terminal import console, counted, say
from simulator.history.beside import Beside, MomentBeside
from simulator.results.errors import plain
from simulator.results.statistics import error_note
from simulator.results.summary import shown

#: What the groups of moments are called, in their order.
GROUPS = {"told": "Told to the model", "found": "For the model to find"}
_COLUMNS = ("history", "tol.", "model", "5…95%", "bias", "rank", "src")


def print_beside(side: Beside, *, is_first: bool = True) -> None:
    """Show a run beside its episode on standard output."""
    if not is_first:
        say("")
    title = side.episode.title or side.episode.name
    over = f" over {counted(side.sets, 'parameter set')}" if side.sets else ""
    say(f"{title}: {side.scenario}, {counted(side.paths, 'path')}{over}, seed {side.seed}", "bold")
    sources = _sources(side.rows)
    for kind, heading in GROUPS.items():
        rows = side.of_kind(kind)
        if rows:
            say(f"\n{heading}", "bold")
            console().print(_table(rows, sources))
    for sentence in side.left_out_in_words:
        console().print(Text(f"\n{plain(sentence)}"))
    if sources:
        say("\nSources")
    for source, number in sources.items():
        console().print(Text(f"{number:>3}  {plain(source)}", overflow="fold"))
    console().print(
        "\ntol.: one standard deviation of measurement and of what such a model can miss. rank: share of paths below"
        " history, %; * when history lies within the band of 90% of paths."
        f" {error_note(bool(side.sets))}"
    )
    console().print(Text(plain(side.verdict), style="bold"))


def _sources(rows: Sequence[MomentBeside]) -> dict[str, int]:
    """Numbers of the sources, in the order in which they come."""
    return {
        source: number
        for number, source in enumerate(dict.fromkeys(row.moment.source for row in rows), start=1)
    }


def _table(rows: Sequence[MomentBeside], sources: dict[str, int]) -> Table:
    drawn = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), expand=False)
    drawn.add_column("", overflow="fold")
    for heading in _COLUMNS:
        drawn.add_column(heading, justify="right", no_wrap=True)
    for row in rows:
        moment = row.moment
        cells = (
            f"{moment.value:,g}",
            f"{moment.tolerance:g}",
            shown(row.mean, row.decimals),
            f"{row.told(row.low)}…{row.told(row.high)}",
            row.told(row.bias, signed=True),
            f"{100 * row.rank:.0f}{'*' if row.is_covered else ' '}",
            str(sources[moment.source]),
        )
        drawn.add_row(Text(plain(f"{moment.label}, {moment.unit}")), *map(Text, cells))
    return drawn
