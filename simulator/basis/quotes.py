"""Prices and dates as markets write them: ``101-07+``, ``30 Jun 2025``, ``06/30/2025``.

Reading is strict: what two markets would read differently is not guessed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date
from typing import Literal

#: Which of the first two figures of ``06/07/2025`` is the month.
SlashOrder = Literal["month first", "day first"]

_THIRTY_SECONDS = re.compile(r"(\d{1,4})[-'](\d{2})(\+|\d|\.\d{1,4})?")

#: Last digit of a price in thirty-seconds, as exchanges cut it: 101-162 is 16.25, 101-165 is 16.5.
_EIGHTHS = {"0": 0.0, "1": 0.125, "2": 0.25, "3": 0.375, "5": 0.5, "6": 0.625, "7": 0.75, "8": 0.875}

_YEAR_FIRST = re.compile(r"(\d{4})([-/.]?)(\d{1,2})\2(\d{1,2})")
_DAY_FIRST_DOTS = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})")
_SLASHES = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})")
_DAY_NAMED_MONTH = re.compile(r"(\d{1,2})[ -]?([A-Za-z]{3,9})\.?[ ,-]{0,2}(\d{4})")
_NAMED_MONTH_DAY = re.compile(r"([A-Za-z]{3,9})\.?[ -](\d{1,2}),? (\d{4})")
_MONTHS = (
    "january", "february", "march", "april", "may", "june",
    "july", "august", "september", "october", "november", "december",
)  # fmt: skip


def in_thirty_seconds(text: str) -> float | None:
    """Points of a price in thirty-seconds; None for a text that is none.

    Examples
    --------
    >>> [in_thirty_seconds(text) for text in ("104-04+", "101-16", "101-162", "101'16.5", "101.5")]
    [104.140625, 101.5, 101.5078125, 101.515625, None]
    """
    form = _THIRTY_SECONDS.fullmatch(text)
    if form is None or int(form[2]) > 31:
        return None
    rest = form[3] or "0"
    if rest == "+":
        part = 0.5
    elif rest.startswith("."):
        part = float("0" + rest)
    elif rest in _EIGHTHS:
        part = _EIGHTHS[rest]
    else:
        return None
    return int(form[1]) + (int(form[2]) + part) / 32.0


def slash_order(texts: Iterable[str]) -> SlashOrder | None:
    """How a file writes dates with slashes; None where it does not tell, or contradicts itself.

    Examples
    --------
    >>> slash_order(["06/07/2025", "06/30/2025"])
    'month first'
    """
    found: set[SlashOrder] = set()
    for text in texts:
        if form := _SLASHES.fullmatch(text):
            if int(form[1]) > 12:
                found.add("day first")
            if int(form[2]) > 12:
                found.add("month first")
    return found.pop() if len(found) == 1 else None


def day_written(text: str, order: SlashOrder | None = None) -> date:
    """Day of a text in one of the common forms.

    Raises
    ------
    ValueError
        With what was found, what is allowed and what to do.

    Examples
    --------
    >>> {str(day_written(text)) for text in ("2025-06-30", "20250630", "30 Jun 2025", "June 30, 2025", "30.6.2025")}
    {'2025-06-30'}
    """
    if form := _YEAR_FIRST.fullmatch(text):
        year, month, day = form[1], form[3], form[4]
    elif form := _DAY_FIRST_DOTS.fullmatch(text):
        day, month, year = form.groups()
    elif form := _SLASHES.fullmatch(text):
        first, second, year = form.groups()
        if order is None and first != second:
            raise ValueError(
                f"is {text!r}, which may be day/month or month/day, and the file does not tell; "
                "write it like 2025-06-30"
            )
        month, day = (second, first) if order == "day first" else (first, second)
    elif (form := _DAY_NAMED_MONTH.fullmatch(text)) and (number := _month(form[2])):
        day, month, year = form[1], number, form[3]
    elif (form := _NAMED_MONTH_DAY.fullmatch(text)) and (number := _month(form[1])):
        month, day, year = number, form[2], form[3]
    else:
        shown = text if len(text) <= 40 else text[:37] + "..."
        raise ValueError(f"is {shown!r}; dates are written like 2025-06-30; rewrite it")
    try:
        return date(int(year), int(month), int(day))
    except ValueError:
        raise ValueError(f"is {text!r}, which is no day; correct it") from None


def _month(name: str) -> str | None:
    """Number of a month by its name or the first letters of it."""
    for place, full in enumerate(_MONTHS):
        if full.startswith(name.lower()):
            return str(place + 1)
    return None
