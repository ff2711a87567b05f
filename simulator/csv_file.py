"""Tables that users bring as CSV: read within limits, each cell with its line, every fault told in one message.

A table is UTF-8 text with a heading and cells separated by commas, semicolons or tabs, whichever the heading has most.
What spreadsheets make of it otherwise (other encodings, workbooks renamed, a table on its side) is refused in words
that say what to save instead.
"""

from __future__ import annotations

import csv
import difflib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from simulator.units import quoted

BYTES_MAX = 64_000_000
ROWS_MAX = 100_000
CELL_MAX = 1_000
_WANTED = "UTF-8 text, cells separated by commas, semicolons or tabs"
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
#: The first of those that part the heading into as many cells is taken: commas stand within headings too.
_SEPARATORS = (";", "\t", "|", ",")
_WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
NAMES_SHOWN = 8


class DataError(ValueError):
    """What is wrong with a data file: where, what was found, what is allowed, what to do."""

    def __init__(self, where: str, found: str, allowed: str = "", advice: str = "") -> None:
        told = f"{where}: {found}" + (f"; allowed: {allowed}" if allowed else "")
        super().__init__(" ".join(filter(None, (f"{told}.", advice))))
        self.where, self.found, self.allowed, self.advice = where, found, allowed, advice


@dataclass(frozen=True)
class CsvFile:
    """A table: its name, its headings, its rows, each with the line on which it ends, and what separates cells."""

    name: str
    header: tuple[str, ...]
    rows: tuple[tuple[int, tuple[str, ...]], ...]
    separator: str = ","

    def column(self, heading: str) -> list[str]:
        """Cells of a column, one a row; empty cells where the table has no such column."""
        if heading not in self.header:
            return [""] * len(self.rows)
        place = self.header.index(heading)
        return [cells[place] for _, cells in self.rows]

    def where(self, row: int, heading: str = "") -> str:
        """Place of a row, or of one of its cells, as messages name it."""
        return " ".join(filter(None, (f"{self.name}:{self.rows[row][0]}", heading)))


def read_csv(path: Path, required: Sequence[str]) -> CsvFile:
    """Read a table that has at least the columns of ``required``.

    Raises
    ------
    DataError
        With the first fault.
    OSError
        If the file cannot be read.
    """
    size = path.stat().st_size
    if size > BYTES_MAX:
        raise DataError(
            path.name, f"has {size / 1e6:,.0f} MB", f"up to {BYTES_MAX / 1e6:g} MB", "Keep the rows needed."
        )
    return parse_csv(path.name, _text_of(path.name, path.read_bytes()), required)


def parse_csv(name: str, text: str, required: Sequence[str] = ()) -> CsvFile:
    """A table from its text; see ``read_csv``."""
    header: tuple[str, ...] = ()
    rows: list[tuple[int, tuple[str, ...]]] = []
    lines = text.splitlines(keepends=True)
    separator = _separator_of(next((line for line in lines if line.strip()), ""))
    reader = csv.reader(lines, delimiter=separator, strict=True)
    try:
        for written in reader:
            cells = tuple(cell.strip() for cell in written)
            where = f"{name}:{reader.line_num}"
            longest = max(map(len, cells), default=0)
            if longest > CELL_MAX:
                raise DataError(
                    where, f"a cell of {longest:,} characters", f"up to {CELL_MAX:,}", "Shorten it."
                )
            if not any(cells):
                continue
            if not header:
                header = cells
                check_header(where, header)
                continue
            if len(cells) != len(header):
                found = f"{len(cells)} cells in the row"
                advice = "Put cells that contain a comma in quotes." if len(cells) > len(header) else ""
                advice = advice if separator == "," else ""
                raise DataError(where, found, f"{len(header)}, as in the heading", advice)
            rows.append((reader.line_num, cells))
            if len(rows) > ROWS_MAX:
                raise DataError(where, "one row more", f"up to {ROWS_MAX:,} rows", "Keep the rows needed.")
    except csv.Error as fault:
        found = f"cannot be read as CSV: {fault}"
        advice = "Check the quotation marks and the length of the cells."
        raise DataError(f"{name}:{reader.line_num}", found, _WANTED, advice) from None
    if not header:
        raise DataError(name, "is empty", "a heading, and rows below it")
    table = CsvFile(name, header, tuple(rows), separator)
    check_columns(table, required)
    if not rows:
        raise DataError(name, "has no rows", "at least one row below the heading")
    return table


def _text_of(name: str, data: bytes) -> str:
    if data.startswith(_WORKBOOKS):
        raise DataError(name, "is a workbook or an archive, not text", _WANTED, "Save it as CSV UTF-8.")
    if data.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\x00" in data[:100]:
        raise DataError(name, "is not UTF-8 (it looks like UTF-16)", _WANTED, "Save it as CSV UTF-8.")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        found = f"byte 0x{data[error.start]:02x} is not UTF-8"
        raise DataError(f"{name}:{line}", found, _WANTED, "Save it as CSV UTF-8.") from None
    control = _CONTROL.search(text)
    if control is not None:
        line = text.count("\n", 0, control.start()) + 1
        found = f"control character U+{ord(control[0]):04X}"
        raise DataError(f"{name}:{line}", found, _WANTED, "Delete it.")
    return text


def _separator_of(heading: str) -> str:
    """What separates the cells of a table, from its first line."""
    try:
        cells = {mark: len(next(csv.reader([heading], delimiter=mark))) for mark in _SEPARATORS}
    except (csv.Error, StopIteration):
        return ","
    most = max(cells.values())
    return next(mark for mark in _SEPARATORS if cells[mark] == most) if most > 1 else ","


def check_header(where: str, header: Sequence[str]) -> None:
    """Refuse columns without a heading, and headings that stand twice."""
    for place, heading in enumerate(header):
        if not heading:
            found = f"column {place + 1} has no heading"
            raise DataError(where, found, "a heading for every column", "Name the column, or delete it.")
        if heading in header[:place]:
            found = f"the heading {quoted(heading)} stands twice"
            raise DataError(where, found, "every heading once", "Delete one of the two columns.")


def check_columns(table: CsvFile, required: Iterable[str]) -> None:
    """Refuse a table without the columns of ``required``, in words that help to find them."""
    wanted = list(required)
    absent = [heading for heading in wanted if heading not in table.header]
    if not absent:
        return
    first = {table.header[0], *(cells[0] for _, cells in table.rows)}
    advice = ""
    if len(wanted) > 1 and len(first.intersection(wanted)) > len(set(wanted).intersection(table.header)):
        advice = "The table lies on its side: turn its rows into columns."
    else:
        folded = {heading.casefold(): heading for heading in table.header if heading not in wanted}
        near = ((name, difflib.get_close_matches(name.casefold(), folded, n=1)) for name in absent)
        renamed = [f"{quoted(folded[found[0]])} to {name}" for name, found in near if found]
        advice = f"Rename {', '.join(renamed[:NAMES_SHOWN])}." if renamed else ""
    found = f"no column {', '.join(absent[:NAMES_SHOWN])}; the heading has {', '.join(table.header[:NAMES_SHOWN])}"
    raise DataError(f"{table.name}:1", found, f"columns {', '.join(wanted)}", advice)
