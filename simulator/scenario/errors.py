"""What is wrong with a scenario, where it stands, and how it is told: all of it at once.

Every message has the form *where: what was found; what is allowed; what to do*, followed by the
line of the file with a caret under the place. :class:`ScenarioError` is the only exception that
loading a scenario raises.
"""

from __future__ import annotations

import difflib
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import zip_longest
from pathlib import Path

#: Spelling distance (difflib ratio) from which a valid name is worth suggesting.
NEAR = 0.6
#: Names of a few letters, of which one in two may be wrong.
SHORT, NEAR_SHORT = 3, 0.5
#: Spelling is compared in quadratic time: what is longer than this is no misspelt name.
COMPARED_MAX = 100
LINE_SHOWN_MAX = 160
#: More problems than this are counted, not told.
PROBLEMS_MAX = 100


@dataclass(frozen=True)
class Problem:
    """One thing wrong with a scenario: at which dotted key, what was found, what is allowed, what to do.

    ``near`` lists the valid names from which the one nearest to what was written is suggested.
    """

    key: str
    found: str
    allowed: str = ""
    advice: str = ""
    near: Sequence[str] = field(default=(), repr=False)

    @property
    def sentences(self) -> str:
        """*What was found; allowed: what is allowed. What to do.*"""
        allowed = f"; allowed: {self.allowed}" if self.allowed else ""
        return " ".join(
            filter(None, (ended(self.found.removesuffix(".") + allowed), self.advice and ended(self.advice)))
        )


class Problems(ValueError):  # noqa: N818 - a collection of problems, not one error
    """Raised by a check of relations between fields, with everything that it found.

    Inside a section of the schema, keys are relative to that section.
    """

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(f"{problem.key}: {problem.found}" for problem in self.problems))


@dataclass(frozen=True)
class Source:
    """A text that scenario values come from: a file, or a setting on the command line."""

    label: str
    text: str = field(repr=False)
    sha256: str = ""
    path: Path | None = None
    is_setting: bool = False

    @cached_property
    def lines(self) -> list[str]:
        """The lines of the text."""
        return self.text.split("\n")


@dataclass(frozen=True)
class Place:
    """Where a value or a key stands; line and column count from 1, and line 0 means the text as a whole."""

    source: Source
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        return (
            f"{self.source.label}:{self.line}"
            if self.line and not self.source.is_setting
            else self.source.label
        )


@dataclass(frozen=True)
class LocatedProblem:
    """A problem at a place of a file, ready to be shown."""

    problem: Problem
    place: Place

    @property
    def summary(self) -> str:
        """*Where: what was found; what is allowed; what to do*, in one line."""
        place, problem = self.place, self.problem
        where = f"{place}:{place.column}" if place.line and not place.source.is_setting else str(place)
        key = f" {problem.key}:" if problem.key else ""
        return printable(f"{where}:{key} {problem.sentences}")

    @property
    def excerpt(self) -> str:
        """The line of the source, and a caret below the place; empty when there is no line to show."""
        if not self.place.line:
            return ""
        lines = self.place.source.lines
        line = lines[self.place.line - 1] if self.place.line <= len(lines) else ""
        start = max(0, self.place.column - LINE_SHOWN_MAX // 2)
        shown = printable(line[start : start + LINE_SHOWN_MAX].replace("\t", " "))
        before = printable(line[start : self.place.column - 1].replace("\t", " "))
        number = f"{self.place.line:>5} | "
        return f"{number}{shown}\n{' ' * (len(number) - 2)}| {' ' * width(before)}^"


class ScenarioError(Exception):
    """A scenario that cannot be used, with all problems found, in the order of the files.

    Of very many problems, ``left_out`` are counted only.
    """

    def __init__(self, problems: Iterable[LocatedProblem], left_out: int = 0) -> None:
        self.problems = tuple(problems)
        self.left_out = left_out
        super().__init__("\n".join(self._lines()))

    def _lines(self) -> Iterator[str]:
        """Each problem in a line, and once below all problems of one place, that place."""
        for problem, following in zip_longest(self.problems, self.problems[1:]):
            yield problem.summary
            if problem.excerpt and (following is None or following.place != problem.place):
                yield problem.excerpt
        if self.left_out:
            yield f"… and {self.left_out:,} more problems like these."

    def as_records(self) -> list[dict[str, object]]:
        """The problems as plain records, for ``--json``."""
        return [
            {
                "file": located.place.source.label,
                "line": located.place.line or None,
                "column": located.place.column or None,
                "key": located.problem.key,
                "found": located.problem.found,
                "allowed": located.problem.allowed,
                "advice": located.problem.advice,
            }
            for located in self.problems
        ]


def ended(sentence: str) -> str:
    """A sentence with its full stop, and no more than one.

    Examples
    --------
    >>> ended("Delete it"), ended("Delete it."), ended("Did you mean this?")
    ('Delete it.', 'Delete it.', 'Did you mean this?')
    """
    return sentence if sentence.endswith(("?", "!")) else f"{sentence.rstrip('.')}."


def nearest(name: str, valid: Iterable[str]) -> str | None:
    """The valid name nearest to a misspelt one, if any is near.

    Examples
    --------
    >>> nearest("tial", ["tail", "type", "days"]), nearest("xyz", ["tail"])
    ('tail', None)
    """
    if len(name) > COMPARED_MAX:
        return None
    folded = {candidate.casefold().replace("-", "_"): candidate for candidate in valid}
    cutoff = NEAR if len(name) > SHORT else NEAR_SHORT
    matches = difflib.get_close_matches(name.casefold().replace("-", "_"), folded, n=1, cutoff=cutoff)
    return folded[matches[0]] if matches else None


def did_you_mean(name: str, valid: Iterable[str]) -> str:
    """The sentence that suggests the nearest valid name, or nothing."""
    near = nearest(name, valid)
    return f"Did you mean {near}?" if near else ""


def printable(text: str) -> str:
    """Text safe for a terminal: control and direction characters become visible escapes, newlines stay."""
    return "".join(
        character if character == "\n" or unicodedata.category(character)[0] != "C" else _escape(character)
        for character in text
    )


def _escape(character: str) -> str:
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def width(text: str) -> int:
    """Terminal columns that a text takes: wide East Asian characters count two, combining marks none."""
    return sum(
        0 if unicodedata.combining(character) else 2 if unicodedata.east_asian_width(character) in "WF" else 1
        for character in text
    )
