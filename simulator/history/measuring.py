"""Moments of a run: one figure a path from stored variables, as an episode file says."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulator.history.episode import HistorySeries, Moment, Quantity, Term
from simulator.results.layout import Days, Layout
from simulator.scenario.errors import Problem
from simulator.units import YEARS, read

Paths = NDArray[np.float64]
PRICE = "bond_price"
EVERY_DAY = slice(None)
#: From a unit in which figures are computed to one in which they are told.
SCALE = {"%": 100.0}


@dataclass(frozen=True)
class Measured:
    """Where and when in a run: names along its dimensions, its dates, and how long the bonds of its buckets run.

    Parameters
    ----------
    years
        Mean maturity of the bonds of each bucket.
    """

    layout: Layout
    dates: tuple[date, ...]
    years: Mapping[str, float]

    @classmethod
    def of(cls, layout: Layout, scenario: Mapping[str, Any]) -> Measured:
        """From the layout of a run and its scenario in the written form, as the manifest keeps it."""
        years = {
            name: float(np.mean([read(YEARS, bond["maturity"]) for bond in bucket["bonds"]]))
            for name, bucket in scenario["market"]["buckets"].items()
        }
        return cls(layout, tuple(layout.dates), years)

    def day(self, text: str) -> int | None:
        """Number of a date's trading day; none if it is no day of the run."""
        wanted = date.fromisoformat(text)
        return self.dates.index(wanted) if wanted in self.dates else None

    def place(self, quantity: Quantity) -> int | None:
        """Place of a quantity along its variable's dimension; none when it is added up over all."""
        if quantity.tenor is not None:
            distance = [abs(self.years[name] - quantity.tenor) for name in self.layout.buckets]
            return int(np.argmin(distance))
        return self.layout.labels()[quantity.dim].index(quantity.place) if quantity.place else None


def variables_of(quantities: Iterable[Quantity]) -> set[str]:
    """Stored variables that these are computed from."""
    found = set()
    for quantity in quantities:
        found |= {quantity.variable, *([PRICE] if quantity.at_market_value else [])}
    return found


def by_day(quantities: Sequence[Quantity], days: Days, run: Measured) -> Paths:
    """Sum of quantities by day, (path, day)."""
    total: Paths = np.sum([_by_day(quantity, days, run) for quantity in quantities], axis=0)
    return total


def _by_day(quantity: Quantity, days: Days, run: Measured, window: slice | list[int] = EVERY_DAY) -> Paths:
    """A quantity on the days of a window, (path, day)."""
    place = run.place(quantity) if quantity.dim else None
    chosen = (slice(None), window) if place is None else (slice(None), window, place)
    values = days.as_stored(quantity.variable)[chosen].astype(np.float64)
    if quantity.at_market_value:
        price = {"bucket": days.as_stored, "hedge": days.at_hedges, "trade": days.__getitem__}[quantity.dim]
        values = values * price(PRICE)[chosen]
    if values.ndim > 2:  # NumPy's own sum over a few neighbours takes four times as long
        values = sum((values[..., other] for other in range(1, values.shape[2])), values[..., 0])
    return quantity.times * values


def measure(moment: Moment, days: Days, run: Measured) -> Paths:
    """A moment of every path, in the moment's unit.

    Parameters
    ----------
    days
        The variables that it is made from, (path, day, …).

    Raises
    ------
    ValueError
        If it is of days that the run has not.
    """
    total: Paths = np.sum([_figure(part, days, run) for part in moment.of], axis=0)
    if moment.over is not None:
        total = total / _figure(moment.over, days, run)
    return SCALE.get(moment.unit, 1.0) * total


def _figure(part: Term, days: Days, run: Measured) -> Paths:
    first = run.day(part.since) if part.since else 0
    last = run.day(part.until) if part.until else len(run.dates) - 1
    if first is None or last is None:
        raise ValueError(
            f"{part.since or part.until} is no day of the run: ask is_over and problems_with first"
        )
    window = [first, last] if part.measure in OF_ENDS else slice(first, last + 1)
    figure = REDUCTIONS[part.measure](_by_day(part, days, run, window))
    return first + figure if part.unit == "days" else figure


#: Measures that look at the two ends of their window and at no day between.
OF_ENDS = ("level", "change")
#: What a measure makes of the days of its window, (path, day).
REDUCTIONS: Mapping[str, Callable[[Paths], Paths]] = {
    "level": lambda window: window[:, -1],
    "change": lambda window: window[:, -1] - window[:, 0],
    "peak": lambda window: window.max(axis=1),
    "low": lambda window: window.min(axis=1),
    "rise": lambda window: window.max(axis=1) - window[:, 0],
    "peak-day": lambda window: window.argmax(axis=1).astype(np.float64),
    "low-day": lambda window: window.argmin(axis=1).astype(np.float64),
    "total": lambda window: window.sum(axis=1),
    "mean": lambda window: window.mean(axis=1),
    "sd": lambda window: window.std(axis=1, ddof=1),
    "sd-of-changes": lambda window: np.diff(window, axis=1).std(axis=1, ddof=1),
}


def is_over(moment: Moment, run: Measured) -> bool:
    """Whether a moment lies, in part, after the last day of the run."""
    last = run.dates[-1].isoformat()
    return any(day > last for part in moment.parts for day in (part.since, part.until) if day)


def problems_with(entry: Moment | HistorySeries, key: str, run: Measured) -> list[Problem]:
    """What keeps a moment or a series from being computed from a run: places that it has not, days that it has not.

    Parameters
    ----------
    key
        Dotted key at which it stands in the file, such as ``moments.3``.
    """
    quantities: dict[str, Quantity] = {f"{key}.of.{number}": part for number, part in enumerate(entry.of)}
    if isinstance(entry, Moment) and entry.over is not None:
        quantities[f"{key}.over"] = entry.over
    found = []
    for where, quantity in quantities.items():
        known = run.layout.labels().get(quantity.dim, ())
        if quantity.place and quantity.place not in known:
            said = f"{quantity.place!r} is not a {quantity.dim.replace('_', ' ')} of the run"
            allowed = f"one of {', '.join(known)}" if known else "one that the scenario names: it names none"
            found.append(Problem(f"{where}.place", said, allowed, near=known))
        if isinstance(quantity, Term):
            found += _no_days(quantity, where, run)
    return found


def _no_days(part: Term, key: str, run: Measured) -> list[Problem]:
    """Dates before the run, and dates on which the market is closed."""
    found = []
    for name in ("since", "until"):
        text = getattr(part, name)
        if not text or text > run.dates[-1].isoformat() or run.day(text) is not None:
            continue
        if text < run.dates[0].isoformat():
            allowed = f"{run.dates[0]} to {run.dates[-1]}"
            found.append(Problem(f"{key}.{name}", f"{text} is before the opening", allowed))
        else:
            near = max(day for day in run.dates if day.isoformat() < text)
            told = f"The trading day before it is {near}."
            found.append(Problem(f"{key}.{name}", f"{text} is no trading day", "", told))
    return found
