"""An episode file: what happened, as moments that a run can be measured by, and series to draw over its fans.

A moment says in words of the stored variables how it is computed from a run, so that a file needs no Python: a sum
of parts, each a variable at a place, reduced over some days. History's value stands beside it with a tolerance and
its source. The file is read, checked and refused like a scenario.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Annotated, Literal

from pydantic import Field, model_validator

from simulator.results.variables import PLACES, Variable
from simulator.scenario.parameters import (
    DataFile,
    Number,
    Problem,
    Problems,
    Section,
    Text,
    Years,
    parameter,
)

#: How the days of a path become one figure. Days are counted from the opening, which is day 0.
Measure = Literal[
    "level",
    "change",
    "peak",
    "low",
    "rise",
    "peak-day",
    "low-day",
    "total",
    "mean",
    "sd",
    "sd-of-changes",
]
#: Measures that are days, whatever the variable is.
OF_DAYS = ("peak-day", "low-day")
Unit = Literal["bp", "$bn", "%", "x", "days", "count"]
#: What a moment may be told in, by the unit of its variables.
TOLD_IN = {"bp": ("bp",), "$bn": ("$bn",), "1": ("%", "x", "count")}
#: Units of amounts, which may be added up over places.
ADDED_UP = ("$bn",)
DATE = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"
Day = Annotated[str, Field(pattern=DATE)]
_AMOUNT_LIMIT = 1e9


class Quantity(Section):
    """A stored variable of a run, by day: at one place, or added up over all."""

    variable: Text = parameter(source="history", doc="stored variable, of those in the reference of results")
    place: Text = parameter(
        "", source="history", doc="its bucket, hedge, trade, channel, call or named agent; empty: added up"
    )
    tenor: Years | None = parameter(
        None,
        minimum="0.1y",
        maximum="50y",
        source="history",
        doc="in place of a bucket: the one whose bonds are nearest to this maturity",
    )
    at_market_value: bool = parameter(
        False, source="history", doc="amounts of bonds times the price of the day, instead of face"
    )
    times: Number = parameter(1.0, minimum=-1e6, maximum=1e6, source="history", doc="multiplied by this")

    @property
    def stored(self) -> Variable:
        """The variable that is named."""
        group, place = PLACES[self.variable]
        return group.variables[place]

    @property
    def dim(self) -> str:
        """The variable's own dimension beside path and day; empty for the market as a whole."""
        return PLACES[self.variable][0].dim

    @model_validator(mode="after")
    def names_something(self) -> Quantity:
        """Check that the variable exists and that the place fits it."""
        if self.variable not in PLACES:
            known = [name for name, (group, _) in PLACES.items() if not group.of_agents]
            found = f"{self.variable!r} is not a stored variable"
            allowed = "a name in the reference of results (docs/reference/results.md)"
            raise Problems([Problem("variable", found, allowed, near=known)])
        problems = list(self._misplaced())
        if problems:
            raise Problems(problems)
        return self

    def _misplaced(self) -> Iterator[Problem]:
        name, group = self.variable, PLACES[self.variable][0]
        if group.of_agents and not (group.of_named and group.dim):
            yield Problem(
                "variable",
                f"{name} is kept agent by agent, and only on request",
                "variables of buckets, hedges, trades, the market, or of one fund or dealer that the scenario names",
            )
        if self.place and not self.dim:
            yield Problem("place", f"{name} is of the market as a whole", "no place")
        if self.tenor is not None and self.dim != "bucket":
            yield Problem("tenor", f"{name} is not stored by bucket", "a tenor where there are buckets")
        if self.tenor is not None and self.place:
            yield Problem("tenor", "stands beside a place", "one of the two")
        is_in_all = self.dim and not self.place and self.tenor is None
        if is_in_all and self.stored.unit not in ADDED_UP:
            said = "place or tenor" if self.dim == "bucket" else "place"
            yield Problem("variable", f"{name} cannot be added up over places", "", f"Add {said}: .")
        is_of_bonds = self.dim in ("bucket", "hedge", "trade") and self.stored.unit == "$bn"
        if self.at_market_value and not is_of_bonds:
            yield Problem("at_market_value", f"{name} is no amount of bonds", "amounts of bonds, in $bn")


class Term(Quantity):
    """One figure a path: a quantity reduced over its days."""

    measure: Measure = parameter(source="history", doc="how its days become one figure")
    since: Day | None = parameter(None, source="history", doc="first day, a date; the opening by default")
    until: Day | None = parameter(
        None, source="history", doc="last day, a date; of a level the day; the last of the run by default"
    )

    @model_validator(mode="after")
    def days_are_in_order(self) -> Term:
        """Check that both dates exist and that the first is not after the last."""
        problems = [*_no_date("since", self.since), *_no_date("until", self.until)]
        if not problems and self.since and self.until and self.since > self.until:
            problems.append(
                Problem("until", f"{self.until} is before {self.since}", "a later day than since")
            )
        if self.measure == "level" and self.since:
            problems.append(Problem("since", "a level is of one day", "until alone"))
        is_spread = self.measure in ("sd", "sd-of-changes")
        if is_spread and self.since and self.since == self.until:
            problems.append(Problem("until", "one day has no spread", "a later day than since"))
        if problems:
            raise Problems(problems)
        return self

    @property
    def unit(self) -> str:
        """Unit of the figure: that of the variable, or days."""
        return "days" if self.measure in OF_DAYS else self.stored.unit


def _no_date(key: str, text: str | None) -> list[Problem]:
    try:
        if text:
            date.fromisoformat(text)
    except ValueError:
        return [Problem(key, f"{text} is no day of the calendar", "a date such as 2020-03-18")]
    return []


class Moment(Section):
    """Something that happened, with how far a model may be from it, and what it is in a run."""

    key: Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=80)] = parameter(
        source="history", doc="short name"
    )
    label: Annotated[str, Field(min_length=1, max_length=120)] = parameter(
        source="history", doc="what it is, in words for readers"
    )
    unit: Unit = parameter(source="history", doc="unit of value and tolerance")
    of: Annotated[list[Term], Field(min_length=1, max_length=20)] = parameter(
        source="history", doc="what it is in a run: the sum of these"
    )
    over: Term | None = parameter(None, source="history", doc="divided by this")
    value: Number = parameter(
        minimum=-_AMOUNT_LIMIT, maximum=_AMOUNT_LIMIT, source="history", doc="what happened"
    )
    tolerance: Number = parameter(
        minimum=1e-6,
        maximum=_AMOUNT_LIMIT,
        source="history",
        doc="one standard deviation of measurement, and of what a model of this kind can miss",
    )
    kind: Literal["told", "found"] = parameter(
        source="history", doc="told: the scenario gives it to the model; found: the model must find it"
    )
    purpose: Literal["fit", "check"] = parameter(
        source="history", doc="fit: parameters may be estimated from it; check: for judging only"
    )
    source: Annotated[str, Field(min_length=1, max_length=300)] = parameter(
        source="history", doc="where history's value is from"
    )

    @model_validator(mode="after")
    def units_agree(self) -> Moment:
        """Check that the parts have one unit, and that the moment is told in it."""
        units = sorted({part.unit for part in self.of})
        if len(units) > 1:
            raise Problems([Problem("of", f"adds up {' and '.join(units)}", "parts of one unit")])
        (unit,) = units
        if self.over is not None:
            if self.over.unit != unit:
                raise Problems([Problem("over", f"divides {unit} by {self.over.unit}", "the same unit")])
            unit = "1"
        allowed = TOLD_IN.get(unit, (unit,))
        if self.unit not in allowed:
            raise Problems([Problem("unit", f"{self.unit}, but the parts give {unit}", " or ".join(allowed))])
        return self

    @property
    def parts(self) -> tuple[Term, ...]:
        """All parts, the divisor among them."""
        return (*self.of, *([self.over] if self.over is not None else []))


class HistorySeries(Section):
    """What history did day by day or week by week, drawn over the fan of the same in a run."""

    key: Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=80)] = parameter(
        source="history", doc="short name"
    )
    label: Annotated[str, Field(min_length=1, max_length=120)] = parameter(
        source="history", doc="what it is, in words for readers"
    )
    unit: Literal["bp", "$bn", "%", "x"] = parameter(source="history", doc="unit of the figure")
    of: Annotated[list[Quantity], Field(min_length=1, max_length=20)] = parameter(
        source="history", doc="what it is in a run: the sum of these"
    )
    change: bool = parameter(False, source="history", doc="the change since the first day, of both")
    file: DataFile = parameter("", source="history", doc="table of history's series, beside this file")
    public_file: Text = parameter(
        "", source="history", doc="instead: name of a table in the folder of public data, $UNWIND_DATA"
    )
    column: Text = parameter(source="history", doc="its column; the first column is the date")
    less: Text = parameter("", source="history", doc="column that is taken off it")
    times: Number = parameter(
        1.0, minimum=-1e6, maximum=1e6, source="history", doc="the column times this is in the unit above"
    )
    source: Annotated[str, Field(min_length=1, max_length=500)] = parameter(
        source="history", doc="whose series it is, and where to get it"
    )

    @model_validator(mode="after")
    def one_file(self) -> HistorySeries:
        """Check that the series has one file, and that its parts are told in its unit."""
        if bool(self.file) == bool(self.public_file):
            raise Problems([Problem("file", "one of file and public_file is wanted", "one of the two")])
        if "/" in self.public_file or "\\" in self.public_file:
            raise Problems([Problem("public_file", f"{self.public_file!r} is no name of a file", "a name")])
        units = {part.stored.unit for part in self.of}
        if any(self.unit not in TOLD_IN[unit] for unit in units):
            raise Problems([Problem("unit", f"{self.unit}, but the parts are in {', '.join(sorted(units))}")])
        return self


class Episode(Section):
    """An episode of history beside the scenarios that play it."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,80}$")] = parameter(
        source="history", doc="short name"
    )
    title: Text = parameter("", source="history", doc="one line for readers")
    description: Text = parameter("", source="history", doc="what happened, and what it is judged by")
    scenario: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,80}$")] = parameter(
        source="history", doc="name of the scenario that plays it"
    )
    also: Annotated[list[Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,80}$")]], Field(max_length=20)] = (
        parameter([], source="history", doc="names of other scenarios that play it")
    )
    moments: Annotated[list[Moment], Field(min_length=1, max_length=500)] = parameter(
        source="history", doc="what a run is measured by"
    )
    series: Annotated[list[HistorySeries], Field(max_length=50)] = parameter(
        [], source="history", doc="what is drawn over the fans of a run"
    )

    @property
    def played_by(self) -> tuple[str, ...]:
        """Scenarios that play it, the one it is told for first."""
        return (self.scenario, *self.also)

    @model_validator(mode="after")
    def keys_are_unique(self) -> Episode:
        """Check that no two moments and no two series share a key."""
        problems = []
        for table in ("moments", "series"):
            seen: set[str] = set()
            for place, entry in enumerate(getattr(self, table)):
                if entry.key in seen:
                    problems.append(
                        Problem(f"{table}.{place}.key", f"{entry.key} stands twice", "a new name")
                    )
                seen.add(entry.key)
        if problems:
            raise Problems(problems)
        return self
