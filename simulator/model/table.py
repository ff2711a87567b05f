"""Tables of numbers, declared once: what each row is, over what it runs, in which unit.

A table is a named tuple whose defaults are declarations; a table may hold tables::

    class Funds(NamedTuple):
        cash: Floats = per("fund", unit="$bn", doc="free cash")

From the declaration follow the shapes, the allocation, what the records may store and what the documentation
lists. Rows of floats are views of one block of memory, each beginning on a cache line, so that a vector of eight
numbers never straddles two lines and a whole table is copied in one stroke; single numbers stand side by side.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache, lru_cache
from math import prod
from typing import Any, NamedTuple, TypeVar, get_type_hints

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

#: Numbers of 8 bytes in a cache line of 64.
LINE = 8

_Tuple = TypeVar("_Tuple", bound=tuple[Any, ...])


class TableRow(NamedTuple):
    """Declaration of a row: its dimensions (none for a plain number), unit and meaning; whole numbers or floats."""

    dims: tuple[str, ...]
    unit: str
    doc: str
    whole: bool = False


def per(*dims: str, unit: str, doc: str, whole: bool = False) -> Any:
    """Declare a row over dimensions such as ``"trade", "fund"`` (the last one runs fastest)."""
    return TableRow(dims, unit, doc, whole)


def one(*, unit: str, doc: str, whole: bool = False) -> Any:
    """Declare a single number that phases may change: a row of one."""
    return TableRow(("one",), unit, doc, whole)


@cache
def rows(table: type[tuple[Any, ...]]) -> Mapping[str, TableRow]:
    """All rows of a table and of the tables in it, by dotted name in the order of declaration.

    Raises
    ------
    TypeError
        If a field is neither a row nor a table.
    """
    return dict(_rows(table))


@cache
def _kinds(table: type[tuple[Any, ...]]) -> Mapping[str, Any]:
    return get_type_hints(table)


def _rows(table: type[tuple[Any, ...]]) -> Iterator[tuple[str, TableRow]]:
    defaults: Mapping[str, Any] = getattr(table, "_field_defaults", {})
    for name, kind in _kinds(table).items():
        if isinstance(defaults.get(name), TableRow):
            yield name, defaults[name]
        elif hasattr(kind, "_fields"):
            yield from ((f"{name}.{inner}", row) for inner, row in rows(kind).items())
        else:
            raise TypeError(f"{table.__name__}.{name} is neither declared as a row nor a table")


def shapes(table: type[tuple[Any, ...]], sizes: Mapping[str, int]) -> Mapping[str, tuple[int, ...]]:
    """Shape of every row of a table, by dotted name."""
    return _shapes(table, tuple(sizes.items()))


def places(table: type[tuple[Any, ...]], sizes: Mapping[str, int]) -> Mapping[str, int]:
    """Where each row of floats begins in the memory of its table: on a cache line, but single numbers share theirs."""
    return _places(table, tuple(sizes.items()))


@lru_cache(maxsize=64)
def _shapes(
    table: type[tuple[Any, ...]], sizes_of: tuple[tuple[str, int], ...]
) -> Mapping[str, tuple[int, ...]]:
    sizes = dict(sizes_of)
    return {name: tuple(sizes[dim] for dim in row.dims) for name, row in rows(table).items()}


@lru_cache(maxsize=64)
def _places(table: type[tuple[Any, ...]], sizes_of: tuple[tuple[str, int], ...]) -> Mapping[str, int]:
    sizes, found, end = dict(sizes_of), {}, 0
    for name, row in rows(table).items():
        if not row.whole:
            found[name] = end if row.dims == ("one",) else whole_lines(end)
            end = found[name] + prod(sizes[dim] for dim in row.dims)
    return found


def allocate(
    table: type[_Tuple], sizes: Mapping[str, int], start: float = 0.0, room: Floats | None = None
) -> tuple[_Tuple, Floats]:
    """A table whose floats are ``start`` and whose whole numbers are zero, and the memory of its floats.

    ``room`` is memory of the right size to use instead of new memory.
    """
    measured = shapes(table, sizes)
    begin = places(table, sizes)
    total = max((first + prod(measured[name]) for name, first in begin.items()), default=0)
    memory = aligned_zeros(whole_lines(total)) if room is None else room
    memory[:] = start
    arrays: dict[str, Any] = {}
    for name, shape in measured.items():
        if name in begin:
            arrays[name] = memory[begin[name] : begin[name] + prod(shape)].reshape(shape)
        else:
            arrays[name] = np.zeros(shape, np.int64)
    return _nested(table, arrays, ""), memory


def _nested(table: type[_Tuple], arrays: Mapping[str, Any], prefix: str) -> _Tuple:
    fields = {}
    for name, kind in _kinds(table).items():
        path = f"{prefix}{name}"
        fields[name] = arrays[path] if path in arrays else _nested(kind, arrays, f"{path}.")
    return table(**fields)


def leaves(table: tuple[Any, ...], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Every number and array of a table and of the tables in it, by dotted name."""
    for name, value in zip(getattr(table, "_fields", ()), table, strict=True):
        if hasattr(value, "_fields"):
            yield from leaves(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


def whole_lines(count: int) -> int:
    """Smallest multiple of a cache line that holds so many numbers."""
    return -(-count // LINE) * LINE


def aligned_zeros(count: int) -> Floats:
    """Zeros that begin on a cache line."""
    memory = np.zeros(count + LINE)
    start = -(memory.ctypes.data // memory.itemsize) % LINE
    return memory[start : start + count]
