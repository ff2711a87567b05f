"""Plain text to the terminal: nothing that a scenario says can move the cursor or colour a line."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence

from simulator.scenario.errors import printable, width


def say(text: str) -> None:
    """Print a text to standard output."""
    print(printable(text))


def complain(text: str) -> None:
    """Print a text to standard error."""
    print(printable(text), file=sys.stderr)


def say_json(value: object) -> None:
    """Print a value as JSON, for other programs."""
    print(json.dumps(value, indent=2, ensure_ascii=True))


def columns(rows: Iterable[Sequence[str]], widest: int = 48) -> str:
    """Rows as aligned columns of one-line cells, all but the last cut at ``widest``."""
    table = [[_one_line(cell) for cell in row] for row in rows]
    table = [
        [*(cell if width(cell) <= widest else f"{cell[: widest - 1]}…" for cell in row[:-1]), row[-1]]
        for row in table
    ]
    sizes = [max(map(width, column)) for column in zip(*table, strict=True)]
    lines = (
        "  ".join(cell + " " * (size - width(cell)) for cell, size in zip(row, sizes, strict=True))
        for row in table
    )
    return "\n".join(line.rstrip() for line in lines)


def _one_line(cell: str) -> str:
    return printable(" ".join(cell.split()))


def prepare_streams() -> None:
    """Write what the terminal's encoding cannot show as escapes, instead of failing."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")
