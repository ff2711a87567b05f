"""Size, labels and variables of a store: everything about its arrays but their numbers."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.results.calendar import trading_dates
from simulator.results.variables import BY_DEALER, BY_FUND, BY_TRADE, CALLS, OF_MARKET, SALES, Variable

Array = NDArray[Any]

STATUS = Variable("status", "1", "why the path stopped; 0 when it finished")
STOPPED_ON_DAY = Variable("stopped_on_day", "1", "day on which the path stopped; 0 when it finished")


class Coordinate(NamedTuple):
    """Values along a dimension, known before a run begins."""

    name: str
    dim: str
    values: Array
    attributes: dict[str, Any]


class Field(NamedTuple):
    """One stored array: what it is, its dimensions, and where it stands in the packed records."""

    variable: Variable
    dims: tuple[str, ...]
    group: str
    place: int | None  # on the axis of variables; none when the group is one variable


@dataclass(frozen=True)
class Layout:
    """Size and labels of a store.

    Parameters
    ----------
    paths, days, block
        Paths of the run, trading days after the opening, and paths in a block.
    opening
        Date of day 0.
    trades, channels, calls, funds, dealers
        Names along the dimensions; no funds and dealers when agents are not kept one by one.
    statuses
        Names of the status codes, from 0.
    precision
        ``"float32"`` or ``"float64"``.
    attributes
        What the dataset says of itself: scenario, seed, hashes.
    """

    paths: int
    days: int
    block: int
    opening: date
    trades: tuple[str, ...]
    channels: tuple[str, ...]
    calls: tuple[str, ...]
    funds: tuple[str, ...]
    dealers: tuple[str, ...]
    statuses: tuple[str, ...]
    precision: str
    attributes: Mapping[str, str | int]

    @property
    def chunk(self) -> int:
        """Paths in a chunk: a block, or all paths when there are fewer."""
        return min(self.block, self.paths)

    @property
    def blocks(self) -> int:
        """Blocks of the run, the last of which may be short."""
        return -(-self.paths // self.chunk)

    def labels(self) -> dict[str, tuple[str, ...]]:
        """Names along each labelled dimension that the store has."""
        named = {"trade": self.trades, "channel": self.channels, "call": self.calls}
        return named | ({"fund": self.funds, "dealer": self.dealers} if self.funds else {})

    def fields(self) -> Iterator[Field]:
        """The stored arrays, in the order in which they are written and hashed."""
        for place, variable in enumerate(BY_TRADE):
            yield Field(variable, ("path", "day", "trade"), "by_trade", place)
        for place, variable in enumerate(OF_MARKET):
            yield Field(variable, ("path", "day"), "of_market", place)
        yield Field(SALES, ("path", "day", "channel"), "sales", None)
        yield Field(CALLS, ("path", "day", "call"), "calls", None)
        if self.funds:
            for place, variable in enumerate(BY_FUND):
                yield Field(variable, ("path", "day", "fund"), "by_fund", place)
            for place, variable in enumerate(BY_DEALER):
                yield Field(variable, ("path", "day", "dealer"), "by_dealer", place)
        yield Field(STATUS, ("path",), "status", 0)
        yield Field(STOPPED_ON_DAY, ("path",), "status", 1)

    def data_type(self, field: Field) -> np.dtype[Any]:
        """Number format in which an array is stored, little-endian."""
        status = {STATUS.name: "<i1", STOPPED_ON_DAY.name: "<i4"}
        return np.dtype(status.get(field.variable.name, {"float32": "<f4", "float64": "<f8"}[self.precision]))

    def bytes_of_path(self) -> int:
        """Bytes of one path before compression."""
        return sum(
            self.data_type(field).itemsize * math.prod(self.shape(field)[1:]) for field in self.fields()
        )

    def shape(self, field: Field) -> tuple[int, ...]:
        """Shape of an array."""
        sizes = {"path": self.paths, "day": self.days + 1}
        sizes |= {name: len(names) for name, names in self.labels().items()}
        return tuple(sizes[name] for name in field.dims)

    def chunk_shape(self, field: Field) -> tuple[int, ...]:
        """Shape of a chunk of an array: all of a block."""
        return (self.chunk, *self.shape(field)[1:])

    def attributes_of(self, field: Field) -> dict[str, Any]:
        """What an array says of itself, by the CF conventions."""
        variable = field.variable
        said: dict[str, Any] = {"long_name": variable.meaning, "units": variable.unit}
        if "day" in field.dims:
            said["coordinates"] = "date"
        if variable == STATUS:
            said |= {"flag_values": list(range(len(self.statuses))), "flag_meanings": " ".join(self.statuses)}
        return said

    def coordinates(self) -> Iterator[Coordinate]:
        """Names along the labelled dimensions, the days, and their dates."""
        for name, names in self.labels().items():
            labels = np.array(names, np.dtypes.StringDType())
            yield Coordinate(name, name, labels, {"long_name": f"name of the {name}"})
        days = np.arange(self.days + 1, dtype=np.int32)
        # Units of days would be decoded as a length of time: the number of the day is a pure number.
        yield Coordinate("day", "day", days, {"long_name": "trading day; 0 is the opening", "units": "1"})
        dates = trading_dates(self.opening, self.days)
        said = {
            "long_name": "date of the trading day",
            "standard_name": "time",
            "units": f"days since {self.opening.isoformat()}",
            "calendar": "proleptic_gregorian",
        }
        since = np.array([(day - self.opening).days for day in dates], np.int32)
        yield Coordinate("date", "day", since, said)
