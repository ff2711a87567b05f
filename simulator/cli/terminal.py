"""Text to the terminal, with a little colour where it is one; nothing that a scenario says can add to it.

``NO_COLOR`` switches colour off everywhere, ``FORCE_COLOR`` on; both as on https://no-color.org.
"""

from __future__ import annotations

import io
import json
import os
import re
import sys
from collections.abc import Collection, Iterable, Sequence
from typing import IO, TYPE_CHECKING, Any, TextIO, cast

from simulator.results.errors import masked
from simulator.scenario.errors import printable, width
from simulator.units import counted_in

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

#: Columns of tables in a file, where no terminal says how wide it is.
PLAIN_WIDTH = 120

_STYLES = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "cyan": "36"}
#: *file:line:column:* before a message; and the line of the file below it, with its number.
_PLACE = re.compile(r"^(\S.*?:\d+:\d+:)")
_EXCERPT = re.compile(r"^ *\d+ \| ")
_CARET = re.compile(r"^ *\| +\^$")


def say(text: str, style: str = "") -> None:
    """Print a text to standard output."""
    _print(paint(printable(masked(counted_in().shown(text))), style, sys.stdout), sys.stdout)


def complain(text: str) -> None:
    """Print a text to standard error; on a terminal the place of a mistake stands out."""
    lines = printable(masked(text)).split("\n")
    _print("\n".join(map(_marked, lines)), sys.stderr)


def say_columns(rows: Iterable[Sequence[str]], styles: Sequence[str] = (), widest: int = 48) -> None:
    """Print rows as aligned columns, each column in its style."""
    told = [[counted_in().shown(cell) for cell in row] for row in rows]
    for line in _aligned(told, widest):
        painted = (
            paint(cell, styles[place] if place < len(styles) else "", sys.stdout)
            for place, cell in enumerate(line)
        )
        _print("  ".join(painted).rstrip(), sys.stdout)


def _print(text: str, stream: TextIO) -> None:
    print(text, file=stream, flush=True)


def is_coloured(stream: TextIO) -> bool:
    """Whether a stream shows colours: a terminal that nobody asked to be plain."""
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    return stream.isatty() and os.environ.get("TERM") != "dumb"


def paint(text: str, style: str, stream: TextIO) -> str:
    """A text that is safe to print, in a style (``"bold red"``) where the stream shows colours."""
    codes = ";".join(_STYLES[word] for word in style.split())
    return f"\x1b[{codes}m{text}\x1b[0m" if codes and text.strip() and is_coloured(stream) else text


def _marked(line: str) -> str:
    if _CARET.match(line):
        return paint(line, "bold red", sys.stderr)
    if _EXCERPT.match(line):
        return paint(line, "dim", sys.stderr)
    return _PLACE.sub(lambda place: paint(place[1], "bold", sys.stderr), line)


def say_json(value: object) -> None:
    """Print a value as JSON, for other programs."""
    _print(masked(json.dumps(value, indent=2, ensure_ascii=True)), sys.stdout)


def columns(rows: Iterable[Sequence[str]], widest: int = 48) -> str:
    """Rows as aligned columns of one-line cells, all but the last cut at ``widest``."""
    return "\n".join("  ".join(line).rstrip() for line in _aligned(rows, widest))


def _aligned(rows: Iterable[Sequence[str]], widest: int) -> list[list[str]]:
    """Rows of cells filled up to the width of their columns."""
    table = [[_one_line(cell) for cell in row] for row in rows]
    table = [
        [*(cell if width(cell) <= widest else f"{cell[: widest - 1]}…" for cell in row[:-1]), row[-1]]
        for row in table
    ]
    sizes = [max(map(width, column)) for column in zip(*table, strict=True)]
    return [
        [cell + " " * (size - width(cell)) for cell, size in zip(row, sizes, strict=True)] for row in table
    ]


def _one_line(cell: str) -> str:
    return printable(" ".join(cell.split()))


#: Why output was lost that somebody wanted, such as a full disk.
LOST: list[OSError] = []


class _Lasting(io.FileIO):
    """A stream that outlasts its reader (``| head``) and its disk: the work goes on, what is printed goes nowhere."""

    def write(self, data: Any, /) -> int:
        """Write what the stream takes."""
        try:
            return super().write(data)
        except OSError as error:
            if not isinstance(error, BrokenPipeError):  # a reader that left has read all that it wanted
                LOST.append(error)
            os.dup2(os.open(os.devnull, os.O_WRONLY), self.fileno())
            return len(data)


def prepare_streams() -> None:
    """Let output neither fail nor end the work: not where a character cannot be shown, nor where nobody reads.

    What a terminal's encoding cannot show is written as escapes. A closed stream (``>&-``) becomes one to nowhere: a
    file that is opened later must not get its number, or it would be printed into.
    """
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            os.fstat(number)
        except OSError:
            os.dup2(os.open(os.devnull, os.O_RDWR), number)
        if getattr(sys, name) is None:
            setattr(sys, name, open(number, "w" if number else "r", closefd=False))  # noqa: SIM115 - open to the end
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is getattr(sys, f"__{name}__"):
            setattr(sys, name, _lasting(stream))
        else:  # somebody else's, who captures what is printed
            getattr(stream, "reconfigure", dict)(errors="backslashreplace")


def _lasting(stream: TextIO) -> TextIO:
    stream.flush()
    raw = io.BufferedWriter(_Lasting(stream.fileno(), "w", closefd=False))
    is_live = stream.isatty() or stream is sys.stderr
    return io.TextIOWrapper(
        raw, encoding=stream.encoding, errors="backslashreplace", line_buffering=is_live, write_through=False
    )


def counted(count: int, noun: str) -> str:
    """*1 path*, *2,000 paths*."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def duration(seconds: float) -> str:
    """Seconds in words.

    Examples
    --------
    >>> duration(75.0)
    '1 min 15 s'
    """
    whole = round(seconds)
    hours, minutes = divmod(whole // 60, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {whole % 60} s" if minutes else f"{whole} s"


def console(plain_width: int = PLAIN_WIDTH) -> Console:
    """Standard output for tables: as wide as the terminal, or ``plain_width`` columns in a file."""
    from rich.console import Console

    width = None if sys.stdout.isatty() else plain_width
    file = None if counted_in().code == "USD" else cast(IO[str], _InCurrency(sys.stdout))
    return Console(markup=False, highlight=False, emoji=False, width=width, file=file)


class _InCurrency:
    """A stream to which amounts are written with the sign of the market's currency."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write a text with the sign of the currency."""
        return self._stream.write(counted_in().shown(text))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def plain_table(
    headings: Sequence[str], to_the_left: Collection[str] = (), title: str | None = None
) -> Table:
    """A table without rules; columns stand to the right but for those named."""
    from rich.table import Table

    table = Table(title=title, title_justify="left", box=None, pad_edge=False)
    for heading in headings:
        table.add_column(heading, justify="left" if heading in to_the_left else "right")
    return table
