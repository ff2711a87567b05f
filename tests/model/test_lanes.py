"""Lanes: eight paths as one number have the bits of eight paths, in arithmetic and in conditions."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest
from numba import config

from benchmarks.lane_type import NoFormInLanesError, in_lanes, in_wide_memory, refer_in_lanes, wide_memory
from simulator.model.compiled import are_apart, refer
from simulator.model.table import Floats, allocate, per
from simulator.rule import phase

pytestmark = pytest.mark.skipif(bool(config.DISABLE_JIT), reason="compilation is switched off")

LANES = 8
#: Numbers among which signs of zero, order and what is no number show.
HARD = (0.0, -0.0, 1.0, -1.0, 0.1, -3.7, 1e300, -1e-300, math.inf, -math.inf, math.nan, 2.5)


class Numbers(NamedTuple):
    """Rows that a phase reads, and one that it fills."""

    one: Floats = per("place", unit="1", doc="read")
    other: Floats = per("place", unit="1", doc="read")
    found: Floats = per("place", unit="1", doc="filled")


are_apart(Numbers)


@phase
def calculate(s: Numbers) -> None:
    """Arithmetic, and functions."""
    for n in range(0, s.found.shape[0], 8):
        a, b = s.one[n], s.other[n]
        s.found[n] = (a + b) * a - b
        s.found[n + 1] = a / b
        s.found[n + 2] = min(a, b) - max(2.0, b) * 3
        s.found[n + 3] = max(a, b)
        s.found[n + 4] = -abs(a)
        s.found[n + 5] = math.sqrt(abs(b)) + math.copysign(2.0, a)
        s.found[n + 6] = math.exp(min(3.0, b)) * math.log(abs(a))
        s.found[n + 7] = abs(a) ** -0.5
        s.found[n + 7] += b


@phase
def price(a: float, b: float) -> float:
    """Early returns, one after a name is given, as rules have them; not one of the catalogue of rules."""
    if a <= 0.0 or not b < 5.0:
        return -1.0
    part = a / b
    if part > 1.0 and b != 0.1:
        return part
    return b if a == b else 7.0


@phase
def decide(s: Numbers) -> None:
    """Conditions: expressions, returns, assignments, and rows that are left out."""
    for n in range(0, s.found.shape[0], 4):
        if s.other[n + 3] == 2.5:
            continue
        a, b = s.one[n], s.other[n]
        s.found[n] = price(a, b) + price(b, 1.0)
        s.found[n + 1] = 1.0 if a >= b else -b
        if a < 0.0:
            s.found[n + 2] += b
        else:
            s.found[n + 2] = a


@phase
def look_for(s: Numbers) -> None:
    """What has no form in lanes."""
    for n in range(s.found.shape[0]):
        if s.one[n] > 0.0:
            for m in range(n):
                s.found[m] = 1.0


def played(work: Callable[[Numbers], None]) -> tuple[Floats, Floats]:
    """What a phase leaves of eight tables played one by one, and of the eight in lanes: (number, lane)."""
    table, memory = allocate(Numbers, {"place": 48})
    books = np.random.default_rng(2).choice(HARD, (len(memory), LANES))
    places = (table.other.ctypes.data - memory.ctypes.data) // memory.itemsize + np.arange(3, 48, 4)
    books[places[:6]] = 2.5  # on all lanes, so that the row is left out on all
    books[places[6:]] = 1.0
    wide = wide_memory(memory, LANES)
    wide[:] = books
    in_lanes(work)(refer_in_lanes(in_wide_memory(table, memory, wide)))
    alone = np.empty_like(books)
    for lane in range(LANES):
        memory[:] = books[:, lane]
        work(refer(table))
        alone[:, lane] = memory
    assert not np.array_equal(alone, books, equal_nan=True)
    return alone, wide


@pytest.mark.parametrize("work", [calculate, decide], ids=lambda work: str(work.__name__))
def test_lanes_have_the_bits_of_single_paths(work: Any) -> None:
    alone, wide = played(work)
    numbers = ~np.isnan(alone)  # which of several it is that is no number is nobody's business
    assert np.array_equal(numbers, ~np.isnan(wide))
    assert alone[numbers].tobytes() == wide[numbers].tobytes()


def test_what_has_no_form_in_lanes_is_refused() -> None:
    with pytest.raises(NoFormInLanesError, match=r"look_for, line \d+ of it: if s\.one\[n\] > 0"):
        in_lanes(look_for)
