"""Size, labels and variables of a store: everything about its arrays but their numbers."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.results.calendar import trading_dates
from simulator.results.variables import (
    DIMENSIONS,
    GROUPS,
    OF_TWINS,
    TEST_SALES,
    WITHOUT_POLICY,
    Variable,
)
from simulator.units import SIGNS, Currency

Array = NDArray[Any]

#: Most of each size: the bounds of scenarios; names of one kind; and bytes of a chunk, by its compressor.
PATHS_MAX, DAYS_MAX, BLOCK_MAX = 100_000_000, 2_500, 100_000
NAMES_MAX, CHUNK_BYTES_MAX = 20_000, 2**31 - 17
PRECISIONS = {"float32": "<f4", "float64": "<f8"}

STATUS = Variable("status", "1", "why the path stopped; 0 when it finished", "checks.status")
STOPPED_ON_DAY = Variable(
    "stopped_on_day", "1", "day on which the path stopped; 0 when it finished", "checks.clock"
)


class Coordinate(NamedTuple):
    """Values along a dimension, known before a run begins."""

    name: str
    dim: str
    values: Array
    attributes: dict[str, Any]


class Field(NamedTuple):
    """One stored array: what it is and its dimensions."""

    variable: Variable
    dims: tuple[str, ...]


@dataclass(frozen=True)
class Layout:
    """Size and labels of a store.

    Parameters
    ----------
    paths, days, block
        Paths of the run, trading days after the opening, and paths in a block.
    opening
        Date of day 0.
    buckets, hedges, trades, channels, calls, sectors, funds, dealers
        Names along the dimensions; no funds and dealers when agents are not kept one by one.
    ten_year_equivalents
        Opening DV01 of each bucket's bond over that of the bucket nearest to ten years.
    hedge_buckets, trade_hedges
        Names of each hedge's bucket and of each trade's hedge.
    outstanding
        Bonds of each bucket at the opening, $bn: weights of averages over the market.
    cost_threshold
        Use of dealers' limits from which they have no room: the next dollar of balance sheet is dear.
    told_day, told_yields, told_volatility_day, told_volatility
        The shock as the scenario's events tell it: the day on which told yields are farthest from the opening on
        average over the market, their change by bucket on that day, bp; the same day of told volatility, and its
        multiple.
    has_policy
        Whether the scenario has policy that acts after the opening.
    paths_without_policy, test_sale_paths
        How many paths, from the first, are played again without that policy, and with a test sale.
    statuses
        Names of the status codes, from 0.
    precision
        ``"float32"`` or ``"float64"``.
    attributes
        What the dataset says of itself: scenario, seed, hashes.
    named_funds, named_dealers, own_limits
        Names of the funds and dealers of which records are kept one by one, and of a fund's own limits.
    currency
        Currency of the market: amounts are in it, and trading days are its.
    """

    paths: int
    days: int
    block: int
    opening: date
    buckets: tuple[str, ...]
    ten_year_equivalents: tuple[float, ...]
    hedges: tuple[str, ...]
    trades: tuple[str, ...]
    hedge_buckets: tuple[str, ...]
    trade_hedges: tuple[str, ...]
    channels: tuple[str, ...]
    calls: tuple[str, ...]
    sectors: tuple[str, ...]
    funds: tuple[str, ...]
    dealers: tuple[str, ...]
    outstanding: tuple[float, ...]
    cost_threshold: float
    told_day: int
    told_yields: tuple[float, ...]
    told_volatility_day: int
    told_volatility: float
    has_policy: bool
    paths_without_policy: int
    test_sale_paths: int
    statuses: tuple[str, ...]
    precision: str
    attributes: Mapping[str, str | int]
    named_funds: tuple[str, ...] = ()
    named_dealers: tuple[str, ...] = ()
    own_limits: tuple[str, ...] = ()
    currency: str = "USD"

    @cached_property
    def dates(self) -> list[date]:
        """The opening day and the trading days of the run."""
        return trading_dates(self.opening, self.days, self.currency)

    def check(self) -> None:
        """Refuse sizes that no scenario has, and labels that do not fit each other: a file may say anything.

        Raises
        ------
        ValueError
            Naming what is wrong.
        """
        sizes = {
            "paths": (self.paths, 1, PATHS_MAX),
            "days": (self.days, 1, DAYS_MAX),
            "block": (self.block, 1, BLOCK_MAX),
            "year of the opening": (self.opening.year, 1900, 2200),
            "told_day": (self.told_day, 1, self.days),
            "told_volatility_day": (self.told_volatility_day, 1, self.days),
            "paths_without_policy": (self.paths_without_policy, 0, self.paths),
            "test_sale_paths": (self.test_sale_paths, 0, self.paths),
        }
        for name, (size, least, most) in sizes.items():
            if not least <= size <= most:
                raise ValueError(f"{name}: found {size:,}; allowed are {least:,} to {most:,}")
        for name, names in {**self.labels(), "dealer": self.dealers, "status": self.statuses}.items():
            if len(names) > NAMES_MAX or len(set(names)) < len(names):
                raise ValueError(f"{name}: found {len(names):,} names; allowed are {NAMES_MAX:,}, none twice")
        if self.currency not in SIGNS:
            raise ValueError(f"currency: found {self.currency!r}; allowed are {' and '.join(SIGNS)}")
        if self.precision not in PRECISIONS:
            raise ValueError(f"precision: found {self.precision!r}; allowed are {' and '.join(PRECISIONS)}")
        fits = {
            "ten_year_equivalents": len(self.ten_year_equivalents) == len(self.buckets),
            "outstanding": len(self.outstanding) == len(self.buckets),
            "told_yields": len(self.told_yields) == len(self.buckets),
            "hedge_buckets": len(self.hedge_buckets) == len(self.hedges)
            and set(self.hedge_buckets) <= set(self.buckets),
            "trade_hedges": len(self.trade_hedges) == len(self.trades)
            and set(self.trade_hedges) <= set(self.hedges),
        }
        for name, does_fit in fits.items():
            if not does_fit:
                raise ValueError(f"{name}: found entries that do not fit the other labels")
        for field in self.fields():
            if math.prod(self.chunk_shape(field)) * self.data_type(field).itemsize > CHUNK_BYTES_MAX:
                raise ValueError(
                    f"{field.variable.name}: found chunks of more than {CHUNK_BYTES_MAX:,} bytes"
                )

    @property
    def chunk(self) -> int:
        """Paths in a chunk: a block, or all paths when there are fewer."""
        return min(self.block, self.paths)

    @property
    def blocks(self) -> int:
        """Blocks of the run, the last of which may be short."""
        return -(-self.paths // self.chunk)

    def has_block(self, number: int, first_path: int, paths: int) -> bool:
        """Whether the run has this block, of these paths."""
        return (
            0 <= number < self.blocks
            and first_path == number * self.chunk
            and paths == min(self.chunk, self.paths - first_path)
        )

    def labels(self) -> dict[str, tuple[str, ...]]:
        """Names along each labelled dimension that the store has."""
        always = {
            "bucket": self.buckets,
            "hedge": self.hedges,
            "trade": self.trades,
            "channel": self.channels,
            "call": self.calls,
            "sector": self.sectors,
        }
        labels = always | ({"fund": self.funds, "dealer": self.dealers} if self.funds else {})
        labels |= {"own_limit": self.own_limits, "named_fund": self.named_funds} if self.named_funds else {}
        return labels | ({"named_dealer": self.named_dealers} if self.named_dealers else {})

    def fields(self) -> Iterator[Field]:
        """The stored arrays, in the order in which they are written and hashed."""
        kept = {
            "always": True,
            "agents": bool(self.funds),
            "named funds": bool(self.named_funds),
            "named dealers": bool(self.named_dealers),
        }
        for group in GROUPS:
            if kept[group.kept]:
                yield from (Field(variable, ("path", "day", *group.dims)) for variable in group.variables)
        if self.has_policy and self.paths_without_policy:
            yield from (Field(variable, ("path", "day", dim)) for variable, dim in OF_TWINS.items())
        if self.test_sale_paths:
            for variable, dim in TEST_SALES.items():
                yield Field(variable, ("path", dim) if dim else ("path",))
        yield Field(STATUS, ("path",))
        yield Field(STOPPED_ON_DAY, ("path",))

    @property
    def bucket_of_hedge(self) -> list[int]:
        """Place of each hedge's bucket."""
        return [self.buckets.index(name) for name in self.hedge_buckets]

    @property
    def hedge_of_trade(self) -> list[int]:
        """Place of each trade's hedge."""
        return [self.hedges.index(name) for name in self.trade_hedges]

    @property
    def bucket_of_trade(self) -> list[int]:
        """Place of the bucket of each trade's bonds."""
        return [self.bucket_of_hedge[hedge] for hedge in self.hedge_of_trade]

    def data_type(self, field: Field) -> np.dtype[Any]:
        """Number format in which an array is stored, little-endian."""
        status = {STATUS.name: "<i1", STOPPED_ON_DAY.name: "<i4"}
        return np.dtype(status.get(field.variable.name, PRECISIONS[self.precision]))

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
        said: dict[str, Any] = {
            "long_name": variable.meaning,
            "units": Currency(self.currency).shown(variable.unit),
        }
        named = {"bucket": "ten_year_equivalent", "hedge": "hedge_bucket", "trade": "trade_hedge"}
        beside = ["date"] if "day" in field.dims else []
        beside += [named[dim] for dim in field.dims if dim in named]
        if beside:
            said["coordinates"] = " ".join(beside)
        if variable == STATUS:
            said |= {"flag_values": list(range(len(self.statuses))), "flag_meanings": " ".join(self.statuses)}
        return said

    def coordinates(self) -> Iterator[Coordinate]:
        """Names along the labelled dimensions, the days, and their dates."""
        for name, names in self.labels().items():
            labels = np.array(names, np.dtypes.StringDType())
            yield Coordinate(name, name, labels, {"long_name": f"name of the {name}"})
        for name, dim, names in (
            ("hedge_bucket", "hedge", self.hedge_buckets),
            ("trade_hedge", "trade", self.trade_hedges),
        ):
            labels = np.array(names, np.dtypes.StringDType())
            yield Coordinate(name, dim, labels, {"long_name": f"name of its {name.split('_')[1]}"})
        weights = np.array(self.ten_year_equivalents, np.float64)
        meaning = "opening DV01 over that of the bucket nearest to ten years"
        yield Coordinate("ten_year_equivalent", "bucket", weights, {"long_name": meaning, "units": "1"})
        days = np.arange(self.days + 1, dtype=np.int32)
        # Units of days would be decoded as a length of time: the number of the day is a pure number.
        yield Coordinate("day", "day", days, {"long_name": "trading day; 0 is the opening", "units": "1"})
        dates = self.dates
        said = {
            "long_name": "date of the trading day",
            "standard_name": "time",
            "units": f"days since {self.opening.isoformat()}",
            "calendar": "proleptic_gregorian",
        }
        since = np.array([(day - self.opening).days for day in dates], np.int32)
        yield Coordinate("date", "day", since, said)


class Days(Mapping[str, Array]):
    """Stored arrays of some paths, (path, day, …), as they are seen from the trades.

    What is stored by bucket or by hedge has the dimension trade here: the yield of a trade's bonds, the dislocation
    of its hedge. Two trades on one bucket see the same bonds, so amounts of buckets and hedges are added up
    :meth:`as_stored`. Arrays that are no variables are kept as they are.
    """

    def __init__(self, arrays: Mapping[str, Array], layout: Layout) -> None:
        self._arrays = arrays
        self._layout = layout
        self._made: dict[str, Array] = {}

    def once(self, name: str, make: Callable[[Days], Array]) -> Array:
        """What is made of these days, made when it is first asked for; several figures may rest on it."""
        if name not in self._made:
            self._made[name] = make(self)
        return self._made[name]

    @property
    def layout(self) -> Layout:
        """Size and labels of the store that they are of."""
        return self._layout

    def __getitem__(self, name: str) -> Array:
        dim = DIMENSIONS.get(name, "")
        if dim == "bucket":
            return _taken(self._arrays[name], self._layout.bucket_of_trade)
        if dim == "hedge":
            return _taken(self._arrays[name], self._layout.hedge_of_trade)
        return self._arrays[name]

    def stored(self) -> dict[str, Array]:
        """All arrays with their own dimensions."""
        return dict(self._arrays)

    def as_stored(self, name: str) -> Array:
        """A variable with its own dimensions."""
        return self._arrays[name]

    def at_hedges(self, name: str) -> Array:
        """A variable of buckets, of the bucket of each hedge."""
        return _taken(self._arrays[name], self._layout.bucket_of_hedge)

    def without_policy(self, name: str) -> Array:
        """A variable with its own dimensions as it is on the same paths without policy; NaN where that is not known.

        Without policy to take away, the paths as they are played are those.
        """
        if not self._layout.has_policy:
            return self._arrays[name]
        twin = self._arrays.get(name + WITHOUT_POLICY)
        return np.full_like(self._arrays[name], np.nan) if twin is None else twin

    def __iter__(self) -> Iterator[str]:
        return iter(self._arrays)

    def __len__(self) -> int:
        return len(self._arrays)


def _taken(values: Array, places: list[int]) -> Array:
    """Places of the last axis; the array itself where that changes nothing."""
    if places == list(range(values.shape[-1])):
        return values
    taken: Array = np.take(values, places, axis=-1)
    return taken
