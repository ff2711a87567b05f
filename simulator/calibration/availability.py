"""Which row of a file stands for a day, what is missing, and what would stand in for it.

Each series has a reach: how far from the day a row may lie and still be that of the day. Beyond it the series is
missing, and only who asks for it gets the nearest row there is; every such substitution is written down.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import TypeVar

from simulator.scenario.errors import Problem, Problems

Value = TypeVar("Value")

#: A row of the last days before stands in rather than a later one, even if that is nearer.
DAYS_BACK = 7
#: Spans of a series that a message tells: those nearest to the day.
SPANS_TOLD = 4


@dataclass(frozen=True)
class Reach:
    """How many days before (none is any) and after a day a row may lie, and how many lie between two rows.

    Of several rows within reach the last one up to the day is taken, or the nearest one where ``is_nearest``.
    """

    before: int | None
    after: int = 0
    step: int = 1
    is_nearest: bool = False

    def holds(self, when: date, day: date) -> bool:
        """Whether a row of one date may stand for a day."""
        return (self.before is None or (day - when).days <= self.before) and (when - day).days <= self.after

    def words(self, day: date) -> str:
        """*on 2020-02-18*, *in the 28 days to 2020-02-18*."""
        if self.before is None:
            return f"on or before {day}"
        if not self.before and not self.after:
            return f"on {day} ({day:%A})"
        return (
            f"within {self.before} days of {day}"
            if self.is_nearest
            else f"in the {self.before} days to {day}"
        )


class Choice:
    """Rows chosen for a day, series by series.

    Attributes
    ----------
    taken
        Date of the row taken, by file.
    substitutions
        What stands in for missing series, in sentences.
    missing
        The same as problems to raise where nothing may stand in, or nothing can.
    """

    def __init__(self, day: date, *, takes_nearest: bool) -> None:
        self.day, self.takes_nearest = day, takes_nearest
        self.taken: dict[str, date] = {}
        self.substitutions: list[str] = []
        self.missing: list[Problem] = []

    def of(
        self, file: str, what: str, reach: Reach, rows: Mapping[date, Value], day: date | None = None
    ) -> Value:
        """The row that stands for the day; where none is within reach the nearest one, and that is noted.

        Parameters
        ----------
        file, what
            Where the series stands, and its name in words, plural.
        reach
            How far from the day a row may lie.
        rows
            The series by date.
        day
            Another day than the opening one.

        Raises
        ------
        Problems
            If the series is empty.
        """
        day = day or self.day
        if not rows:
            raise Problems([Problem(file, f"found no {what} at all")])
        within = [when for when in rows if reach.holds(when, day)]
        past = [when for when in within if when <= day]
        if past and not reach.is_nearest:
            when = max(past)
        elif within:
            when = _nearest(within, day)
        else:
            just_before = [when for when in rows if 0 < (day - when).days <= DAYS_BACK]
            when = _nearest(just_before or rows, day)
            self._note(file, what, reach, rows, day, f"those of {when}")
        self.taken.setdefault(file, when)
        return rows[when]

    def is_recent(self, file: str, what: str, reach: Reach, days: Iterable[date], instead: str) -> None:
        """Note that a series ends out of reach of the day, if so; after its end it goes on as ``instead`` says."""
        known = sorted(days)
        past = [when for when in known if when <= self.day]
        if past:
            self.taken.setdefault(file, past[-1])
        if not past or not reach.holds(past[-1], self.day):
            self._note(file, what, reach, known, self.day, f"{instead} {past[-1]}" if past else "")

    def has_window(self, file: str, what: str, days: Iterable[date], count: int, until: date) -> None:
        """Note that a series has fewer than so many days up to a date, if so: nothing can stand in for them."""
        known = sorted(days)
        if sum(when <= until for when in known) < count:
            self._note(file, what, Reach(None), known, until, "")

    def check(self) -> None:
        """Refuse a day for which series are missing that nothing may stand in for.

        Raises
        ------
        Problems
            With all of them.
        """
        if self.missing:
            raise Problems(self.missing)

    def _note(
        self, file: str, what: str, reach: Reach, days: Iterable[date], day: date, instead: str
    ) -> None:
        found = f"no {what} {reach.words(day)}"
        if instead and self.takes_nearest:
            self.substitutions.append(f"{file}: {found}; in their place {instead}.")
            return
        advice = f"--nearest puts in their place {instead}." if instead else "Nothing can stand in for them."
        there = _told(spans(days, 3 * reach.step + 4), day)
        self.missing.append(Problem(file, f"found {found}", there, advice))


def _nearest(days: Iterable[date], day: date) -> date:
    """The nearest of some days, the earlier of two."""
    return min(days, key=lambda when: (abs((when - day).days), when))


def spans(days: Iterable[date], gap_days: int) -> list[tuple[date, date]]:
    """First and last day of each stretch without a gap of more than so many days."""
    ordered = sorted(days)
    if not ordered:
        return []
    cuts = [(before, after) for before, after in pairwise(ordered) if (after - before).days > gap_days]
    firsts = [ordered[0], *(after for _, after in cuts)]
    lasts = [*(before for before, _ in cuts), ordered[-1]]
    return list(zip(firsts, lasts, strict=True))


def _told(there: Sequence[tuple[date, date]], day: date) -> str:
    """What there is of a series, in a sentence: its spans, of many those nearest to a day."""
    if not there:
        return "There are none."
    near = sorted(there, key=lambda span: max((span[0] - day).days, (day - span[1]).days, 0))[:SPANS_TOLD]
    words = ", ".join(str(first) if first == last else f"{first} to {last}" for first, last in sorted(near))
    if len(there) <= SPANS_TOLD:
        return f"There are those of {words}."
    return f"There are those of {there[0][0]} to {there[-1][1]} with gaps, near the date of {words}."
