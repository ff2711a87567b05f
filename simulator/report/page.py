"""One self-contained HTML page: sections of prose, figures and tables, with everything it needs inside.

The page asks no other machine for anything and runs no script but its own two: its content-security policy
names them by hash. Whatever a scenario says appears as text.
"""

from __future__ import annotations

import base64
import hashlib
import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, partial
from pathlib import Path
from typing import Any

from simulator.report.figure import PALETTES, Columns, Figure, Panel
from simulator.results.errors import UNREPORTED, OutputError
from simulator.results.places import put, shown
from simulator.results.store import DamagedBlockError

ASSETS = Path(__file__).with_name("assets")
PLOTLY = "plotly-cartesian.min.js"
#: Digits kept of a number in the page: what single precision, in which results are stored, can tell apart.
DIGITS = 7
#: A cell without a value.
NOTHING = "-"


@dataclass(frozen=True)
class Cell:
    """A cell of a table: what is shown, and what it is sorted by and saved as: its text if that is not given.

    A dash stands for nothing: it comes last, and is saved as nothing.
    """

    text: str
    value: float | str | None = None

    @property
    def is_number(self) -> bool:
        """Whether the cell holds a figure."""
        return isinstance(self.value, int | float)

    @property
    def saved(self) -> float | str | None:
        """What a CSV holds of it; none for nothing."""
        if self.value is None:
            return None if self.text == NOTHING else self.text
        return None if isinstance(self.value, float) and math.isnan(self.value) else self.value

    @property
    def sorted_by(self) -> str:
        """Value to sort by, as the page wants it."""
        return "" if self.saved is None else str(self.saved)


@dataclass(frozen=True)
class PageTable:
    """A sortable table, saved as CSV with its cells' values or with ``columns`` when given.

    Parameters
    ----------
    key
        Name in the page and of the CSV file.
    headings
        One a column, with its unit.
    is_folded
        Show the title alone until it is asked for.
    columns
        What the CSV holds, where that is more than the values of the cells (standard errors, say).
    is_quoted
        Its texts are told as they were written: amounts have the sign of their own currency.
    """

    key: str
    title: str
    headings: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    caption: str = ""
    is_folded: bool = False
    columns: Columns | None = None
    is_quoted: bool = False

    kind = "table"

    @property
    def holds_numbers(self) -> tuple[bool, ...]:
        """Which columns are of figures, to be set flush right."""
        return tuple(any(row[place].is_number for row in self.rows) for place in range(len(self.headings)))

    @property
    def saved(self) -> Columns:
        """What the CSV holds."""
        if self.columns is not None:
            return self.columns
        return {
            heading or "name": [row[place].saved for row in self.rows]
            for place, heading in enumerate(self.headings)
        }


@dataclass(frozen=True)
class Prose:
    """Paragraphs, or a list of points."""

    paragraphs: Sequence[str]
    is_list: bool = False

    kind = "prose"


@dataclass(frozen=True)
class Story:
    """What happened, in order: a heading for each day, sentences below it."""

    title: str
    days: Sequence[tuple[str, Sequence[str]]]
    is_folded: bool = True

    kind = "story"


@dataclass(frozen=True)
class Failure:
    """What could not be made, told in its place: the rest of the page stands without it."""

    name: str
    error: str

    kind = "failure"


Block = Figure | PageTable | Prose | Story | Failure


@dataclass(frozen=True)
class Section:
    """A part of the page with a heading in its table of contents."""

    key: str
    title: str
    blocks: Sequence[Block]
    lead: str = ""


@dataclass(frozen=True)
class Headline:
    """A figure to remember: what it is, its value with its error, and one sentence."""

    label: str
    value: str
    error: str
    sentence: str


@dataclass(frozen=True)
class Page:
    """A whole report.

    Parameters
    ----------
    title, subtitle
        What it is about, and what happens in it.
    facts
        Name and value of what identifies it: paths, seed, version, hashes.
    status
        *Complete*, or what is missing.
    is_complete
        Whether nothing is missing; otherwise the status is set off as a warning.
    summary
        The answer in plain words.
    see
        Words and key of the section to which a line below the answer leads; none for no such line.
    is_one_page
        Set closely, to fit one sheet of paper.
    """

    title: str
    subtitle: str
    facts: Sequence[tuple[str, str]]
    status: str
    is_complete: bool
    summary: Sequence[str]
    headlines: Sequence[Headline]
    sections: Sequence[Section]
    footer: Sequence[str] = field(default_factory=tuple)
    see: tuple[str, str] | None = None
    is_one_page: bool = False

    def blocks(self, kind: str) -> Iterator[Any]:
        """All figures, tables, prose or stories."""
        return (block for section in self.sections for block in section.blocks if block.kind == kind)

    @property
    def failures(self) -> list[str]:
        """What could not be made, and why."""
        return [f"{block.name} ({block.error})" for block in self.blocks("failure")]


class IncompletePageError(OutputError):
    """A page, or files made of it, that was written without some of what belongs to it."""

    def __init__(self, page: Page, file: Path) -> None:
        super().__init__(
            f"{shown(file)}: written without {'; '.join(page.failures)}. The numbers are complete: this is a defect"
            " of the report. Please report it.",
            UNREPORTED,
        )
        self.file = file


#: Errors that concern the results as a whole: no part of a page stands when they are raised.
_OF_ALL = (OutputError, DamagedBlockError, OSError, MemoryError)


def attempted(*makers: Callable[[], Block | Iterable[Block] | None]) -> list[Block]:
    """The blocks that each maker makes, none for nothing; one that fails leaves its failure, and the others stand."""
    blocks: list[Block] = []
    for make in makers:
        try:
            made = make()
            blocks += [] if made is None else list(made) if isinstance(made, Iterable) else [made]
        except _OF_ALL:
            raise
        except Exception as error:
            blocks.append(_failure(make, error))
    return blocks


def attempted_section(make: Callable[[], Section]) -> Section:
    """The section that is made, or one that tells that it could not be."""
    try:
        return make()
    except _OF_ALL:
        raise
    except Exception as error:
        failure = _failure(make, error)
        return Section(failure.name.replace(" ", "-"), failure.name.capitalize(), [failure])


def _failure(make: Callable[..., Any], error: Exception) -> Failure:
    made = make.func if isinstance(make, partial) else make
    return Failure(made.__name__.strip("_").replace("_", " "), f"{type(error).__name__}: {error}"[:200])


def write_made(page: Page, file: Path, content: bytes) -> Path:
    """Write what was made of a page, whole or not at all, and return its path.

    Raises
    ------
    IncompletePageError
        If parts of the page could not be made: it is written without them.
    OSError
        If it cannot be written.
    """
    put(file.parent, {file.name: content})
    if page.failures:
        raise IncompletePageError(page, file)
    return file


def render(page: Page) -> str:
    """A page as HTML."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    keys = [block.key for kind in ("figure", "table") for block in page.blocks(kind)]
    if len(set(keys)) < len(keys):
        raise ValueError(f"two figures or tables of one page share a key: {sorted(keys)}")
    environment = Environment(
        loader=FileSystemLoader(ASSETS),
        autoescape=True,  # always: the default goes by file names and would not escape this one
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("page.html.j2").render(
        page=page,
        policy=policy(),
        style=asset("page.css"),
        palettes=PALETTES,
        plotly=asset(PLOTLY),
        script=asset("page.js"),
        content=embedded(_content(page)),
    )


@cache
def asset(name: str) -> str:
    """A file that is set into the page as it is."""
    return (ASSETS / name).read_text(encoding="utf-8")


def policy() -> str:
    """The content-security policy: nothing from outside, and our own scripts alone."""
    scripts = " ".join(f"'sha256-{_sha256(asset(name))}'" for name in (PLOTLY, "page.js"))
    return (
        f"default-src 'none'; script-src {scripts}; style-src 'unsafe-inline'; img-src data: blob:;"
        " base-uri 'none'; form-action 'none'"
    )


def _sha256(script: str) -> str:
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()


def _content(page: Page) -> dict[str, Any]:
    return {
        "palettes": PALETTES,
        "figures": {
            figure.key: {
                "columns": figure.columns,
                "panels": [_drawn(panel) for panel in figure.panels],
                **({"steps": figure.steps} if figure.steps else {}),
            }
            for figure in page.blocks("figure")
        },
        "tables": {table.key: {"columns": table.saved} for table in page.blocks("table")},
    }


def _drawn(panel: Panel) -> dict[str, Any]:
    frames = {"frames": panel.frames} if panel.frames else {}
    return {"traces": panel.traces, "layout": panel.layout, **frames}


def embedded(value: object) -> str:
    """Plain data as JSON that can stand inside a script element: no ``<``, no NaN.

    Examples
    --------
    >>> embedded({"name": "</script>", "figures": [1.23456789, float("nan")]})
    '{"name":"\\\\u003c/script>","figures":[1.234568,null]}'
    """
    text = json.dumps(_plain(value), ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c")


def _plain(value: Any) -> Any:
    if isinstance(value, float):  # most of a page, so they are asked for first
        return float(f"{value:.{DIGITS}g}") if math.isfinite(value) else None
    if isinstance(value, str) or value is None or isinstance(value, bool):
        return value
    if isinstance(value, Mapping):
        return {str(key): _plain(below) for key, below in value.items()}
    if hasattr(value, "tolist"):
        return _plain(value.tolist())
    if isinstance(value, Sequence):
        return [_plain(below) for below in value]
    if isinstance(value, int):
        return value
    return str(value)
