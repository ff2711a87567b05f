"""Arrays that begin where a cache line begins, so that a vector of eight numbers never straddles two lines."""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np

from simulator.engine.parameters import Floats

#: Numbers of 8 bytes in a cache line of 64.
LINE = 8

_Tuple = TypeVar("_Tuple", bound=tuple[Any, ...])


def whole_lines(count: int) -> int:
    """Smallest multiple of a cache line that holds so many numbers."""
    return -(-count // LINE) * LINE


def aligned_zeros(count: int) -> Floats:
    """Zeros that begin on a cache line."""
    memory = np.zeros(count + LINE)
    start = -(memory.ctypes.data // memory.itemsize) % LINE
    return memory[start : start + count]


def aligned_copy(table: _Tuple) -> _Tuple:
    """Copy a named tuple with its arrays of floats side by side, each beginning on a cache line."""
    arrays = {n: field for n, field in enumerate(table) if getattr(field, "dtype", None) == np.float64}
    memory = aligned_zeros(sum(whole_lines(field.size) for field in arrays.values()))
    fields = list(table)
    start = 0
    for n, field in arrays.items():
        fields[n] = memory[start : start + field.size].reshape(field.shape)
        fields[n][...] = field
        start += whole_lines(field.size)
    return type(table)(*fields)
