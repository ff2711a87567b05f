"""Tables as CSV and as a workbook, in which nothing that a scenario says is ever a formula or a link."""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from simulator.report.figure import Columns

#: What spreadsheet programs take for the beginning of a formula, or of a new cell.
FORMULA = re.compile(r"^[=+\-@\t\r]")
SHEET_NAME_MAX = 31
NOT_IN_SHEET_NAMES = re.compile(r"[\[\]:*?/\\']")
COLUMN_WIDTH_MAX = 60


def csv_bytes(columns: Columns) -> bytes:
    """Columns as CSV in UTF-8, as the page's own button saves them: texts that look like formulas are quoted.

    Examples
    --------
    >>> csv_bytes({"name": ["=1+1", "TY"], "bp": [1.5, None]}).decode("utf-8-sig").split("\\r\\n")
    ['name,bp', "'=1+1,1.5", 'TY,', '']
    """
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, lineterminator="\r\n")
    writer.writerow([_csv_cell(name) for name in columns])
    writer.writerows([_csv_cell(value) for value in row] for row in _rows(columns))
    return stream.getvalue().encode("utf-8-sig")


def workbook_bytes(tables: Mapping[str, Columns]) -> bytes:
    """Tables as an Excel workbook, a sheet for each, with a frozen heading and a filter.

    Raises
    ------
    ImportError
        If XlsxWriter is not installed.
    """
    import xlsxwriter

    stream = io.BytesIO()
    settings = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(stream, settings) as book:
        heading = book.add_format({"bold": True, "text_wrap": True, "valign": "top"})
        for name, columns in zip(sheet_names(list(tables)), tables.values(), strict=True):
            _fill(book.add_worksheet(name), columns, heading)
    return stream.getvalue()


def sheet_names(titles: Sequence[str]) -> list[str]:
    """Names that a workbook allows, each once.

    Examples
    --------
    >>> sheet_names(["Yield moves: a/b", "Yield moves: a/b", ""])
    ['Yield moves a b', 'Yield moves a b 2', 'sheet']
    """
    found: list[str] = []
    for title in titles:
        plain = " ".join(NOT_IN_SHEET_NAMES.sub(" ", title).split())[:SHEET_NAME_MAX].strip() or "sheet"
        name, count = plain, 1
        while name.lower() in map(str.lower, found):
            count += 1
            name = f"{plain[: SHEET_NAME_MAX - len(str(count)) - 1]} {count}"
        found.append(name)
    return found


def _fill(sheet: Any, columns: Columns, heading: Any) -> None:
    for place, name in enumerate(columns):
        sheet.write_string(0, place, str(name), heading)
        widest = max(
            [12, *(len(str(value)) for value in list(columns[name])[:200] if isinstance(value, str))]
        )
        sheet.set_column(place, place, min(widest, COLUMN_WIDTH_MAX))
    for row, values in enumerate(_rows(columns), start=1):
        for place, value in enumerate(values):
            _write(sheet, row, place, value)
    sheet.freeze_panes(1, 1)
    if columns:
        sheet.autofilter(0, 0, max(map(len, columns.values()), default=0), len(columns) - 1)


def _write(sheet: Any, row: int, place: int, value: Any) -> None:
    """A number as a number, a text as a text whatever it looks like, nothing as nothing."""
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return
    if isinstance(value, int | float) and not isinstance(value, bool):
        sheet.write_number(row, place, value)
    else:
        sheet.write_string(row, place, str(value))


def _rows(columns: Columns) -> list[list[Any]]:
    """Rows of columns that may differ in length."""
    values = [column.tolist() if hasattr(column, "tolist") else list(column) for column in columns.values()]
    count = max(map(len, values), default=0)
    return [[column[row] if row < len(column) else None for column in values] for row in range(count)]


def _csv_cell(value: Any) -> Any:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, str) and FORMULA.match(value):
        return f"'{value}"
    return value
