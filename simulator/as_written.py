"""Figures as spreadsheets write them: thousands separators, decimal commas, units in cells or in headings.

Scenarios have one way to write a figure (:mod:`simulator.units`); tables come from other programs, in as many ways
as there are locales. What is read here means one thing only: where ``1,234`` could be two numbers, it is refused.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import NamedTuple

from simulator.units import KINDS, MONEY, Kind, quoted, read

#: What separates thousands beside points and commas: spaces of all widths, and the Swiss apostrophe.
_SPACES = " \u00a0\u2009\u202f'\u2019"
_NUMBER = re.compile(rf"[0-9](?:[0-9.,{_SPACES}]*[0-9])?|[.,][0-9]+")
_CELL = re.compile(
    rf"(?P<sign>[-+\u2212]?)(?P<open>\(?)\s*(?P<before>us\$|usd|\$)?\s*(?P<inner>[-+\u2212]?)"
    rf"(?P<number>[0-9.,][0-9.,{_SPACES}]*?)\s*(?P<unit>[a-z%\u00d7]*)\.?\s*(?P<after>us\$|usd|\$)?\s*(?P<close>\)?)"
)
_CURRENCY = r"(?:us\$|usd|\$)"
_HEADING = re.compile(
    rf"(?P<name>.*?[^\s,(\[])\s*(?:[(\[]\s*(?:in\s+)?(?P<inner>[^)\]]+?)\s*[)\]]|,\s*(?:in\s+)?(?P<comma>[^,]+)|"
    rf"\s+in\s+(?P<plain>{_CURRENCY}?\s*\S+))",
    re.IGNORECASE,
)


class AmbiguousError(ValueError):
    """A number that could be two, with the text in which it stands."""


class Heading(NamedTuple):
    """A heading as programs name it, and the unit that bare figures below it have; empty for none."""

    name: str
    unit: str


def heading(text: str) -> Heading:
    """A heading's name in lower case with underscores, and its unit.

    Examples
    --------
    >>> heading("Free cash ($mn)"), heading("haircut, %"), heading("TY"), heading("equity in USD bn")
    (Heading(name='free_cash', unit='mn'), Heading(name='haircut', unit='%'), Heading(name='ty', unit=''), \
Heading(name='equity', unit='bn'))
    """
    plain = unicodedata.normalize("NFKC", text).strip()
    found = _HEADING.fullmatch(plain)
    unit = _unit(found["inner"] or found["comma"] or found["plain"]) if found else ""
    name = found["name"] if found and unit else plain
    return Heading(re.sub(r"[\s_-]+", "_", name.strip().casefold()), unit)


def _unit(text: str) -> str:
    """The unit that a heading names, as figures are written; empty if it is none."""
    word = re.sub(rf"^{_CURRENCY}\s*|\s*{_CURRENCY}$", "", text.strip().casefold()).rstrip(".")
    if not word and text.strip():
        return "$"
    for kind in KINDS:
        suffix = kind.synonyms.get(word, word)
        if suffix and suffix in kind.suffixes:
            return suffix
    return ""


def decimal_mark(cells: Iterable[str], separator: str) -> str:
    """Whether numbers of a table have decimal points or commas, from all of its cells.

    Raises
    ------
    AmbiguousError
        If some have the one and some the other, or it cannot be told.
    """
    seen: dict[str, str] = {}
    unclear = ""
    for text in cells:
        for core in _NUMBER.findall(text):
            mark = _decimal_of(core)
            if mark == "?":
                unclear = text
            elif mark:
                seen.setdefault(mark, text)
    if len(seen) > 1:
        raise AmbiguousError(
            f"{quoted(seen['.'])} has a decimal point and {quoted(seen[','])} a decimal comma"
        )
    if seen:
        return next(iter(seen))
    if unclear and separator != ",":
        raise AmbiguousError(f"{quoted(unclear)} may have thousands or decimals")
    return "."


def _decimal_of(core: str) -> str:
    """The decimal mark that a number proves, ``?`` if its one mark may also part thousands, nothing without marks."""
    marks = [character for character in core if character in ".,"]
    if not marks:
        return ""
    last = marks[-1]
    if len(set(marks)) == 2:
        return last
    if len(marks) > 1:
        return "," if last == "." else "."  # what stands twice parts thousands
    before, after = core.split(last)
    return last if len(after) != 3 or not before or before == "0" or len(before) > 3 else "?"


def plain_number(text: str, decimal: str) -> str:
    """A number without thousands separators, with a decimal point.

    Raises
    ------
    ValueError
        If groups are not of three digits.

    Examples
    --------
    >>> plain_number("1.234.567,8", ","), plain_number("4 000", "."), plain_number("-1,50", ",")
    ('1234567.8', '4000', '-1.50')
    """
    sign = "-" if text[:1] in "-\u2212" else ""
    whole, point, rest = text.strip().lstrip("+-\u2212").strip().partition(decimal)
    parts = re.split(rf"[.,{_SPACES}]", whole)
    if len(parts) > 1 and not (1 <= len(parts[0]) <= 3 and all(len(part) == 3 for part in parts[1:])):
        raise ValueError(f"{text} has groups of other than three digits")
    digits = "".join(parts)
    if not (digits + rest).isdigit() or not (digits + rest).isascii():
        raise ValueError(f"{text} has groups of other than three digits")
    return f"{sign}{digits or '0'}{point and '.'}{rest}"


def read_cell(kind: Kind, text: str, unit: str, decimal: str) -> float:
    """Engine value of a cell, with the unit in the cell, or else in the heading.

    Raises
    ------
    UnitError
        If it cannot be read, or has no unit and needs one.

    Examples
    --------
    >>> from simulator.units import SHARE
    >>> read_cell(MONEY, "$4,000mn", "", "."), read_cell(MONEY, "4.000,5", "mn", ","), read_cell(SHARE, "2", "%", ".")
    (4.0, 4.0005, 0.02)
    >>> read_cell(MONEY, "(350)", "mn", ".")
    -0.35
    """
    plain = unicodedata.normalize("NFKC", text).strip().casefold()
    found = _CELL.fullmatch(plain)
    if found is None or bool(found["open"]) != bool(found["close"]):
        return read(kind, float(text) if kind.bare and _is_number(text) else text)
    try:
        number = plain_number(found["number"], decimal)
    except ValueError:
        return read(kind, text)
    suffix = found["unit"] or ("" if unit == "$" else unit)
    suffix = kind.synonyms.get(suffix, suffix)
    has_currency = bool(found["before"] or found["after"])
    if has_currency and kind is not MONEY:
        return read(kind, text)
    signs = (found["sign"] + found["inner"]).replace("\u2212", "-").replace("+", "")
    is_negative = (signs == "-") != bool(found["open"])
    if len(signs) > 1 or (signs and found["open"]):
        return read(kind, text)
    sign = "-" if is_negative else ""
    if kind.bare:
        return read(
            kind, text if suffix else (int(f"{sign}{number}") if kind.whole else float(f"{sign}{number}"))
        )
    if not suffix and not (kind is MONEY and (has_currency or unit == "$")):
        return read(kind, f"{sign}{number}")  # refused with the forms that it may have
    whole = number.lstrip("0") or "0"
    return read(kind, f"{sign}{kind.prefix}{whole if whole[0] != '.' else '0' + whole}{suffix}")


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
