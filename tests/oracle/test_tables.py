"""What the compiler is told of tables: no two rows share memory, rows begin on cache lines, totals add up."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from simulator.engine.loops import row_total
from simulator.engine.records import allocate_records
from simulator.engine.simulate import simulate_block
from simulator.engine.state import State, all_sizes, allocate_opening, allocate_state
from simulator.model.table import LINE, leaves, places
from simulator.results.variables import PLACES
from tests.economics.shipped import opened
from tests.oracle.plain_rules import total

#: Odd numbers of everything, so that rows would straddle lines if they were laid end to end.
SIZES = {
    "bond": 9,
    "bucket": 5,
    "funding": 2,
    "hedge": 7,
    "deliverable": 13,
    "trade": 6,
    "tenor": 7,
    "fund": 61,
    "dealer": 11,
    "lender": 10,
    "manager": 17,
    "named_fund": 3,
    "named_dealer": 2,
}
TABLES: dict[str, Callable[[], tuple[Any, ...]]] = {
    "State": lambda: allocate_state(SIZES, diary_capacity=9)[0],
    "Opening": lambda: allocate_opening(SIZES),
    "Schedule": lambda: opened("toy").schedule,
    "Records": lambda: allocate_records(3, 5, SIZES, "float32", agents=True),
}


def arrays(table: tuple[Any, ...]) -> dict[str, np.ndarray]:
    return {name: values for name, values in leaves(table) if isinstance(values, np.ndarray)}


@pytest.mark.parametrize("name", TABLES)
def test_no_two_rows_share_memory(name: str) -> None:
    for mine, theirs in itertools.combinations(arrays(TABLES[name]()).items(), 2):
        assert not np.shares_memory(mine[1], theirs[1]), (mine[0], theirs[0])


@pytest.mark.parametrize("name", ["State", "Opening", "Schedule"])
def test_rows_of_floats_begin_on_cache_lines(name: str) -> None:
    """All but single numbers, of which several stand on one line."""
    for row, values in arrays(TABLES[name]()).items():
        assert values.dtype == np.int64 or values.size == 1 or values.ctypes.data % (8 * LINE) == 0, row


def test_single_numbers_stand_side_by_side() -> None:
    others = allocate_state(SIZES)[0].others
    first = others.lent.ctypes.data
    assert [values.ctypes.data - first for values in others] == [8 * n for n in range(len(others))]


def test_rows_of_the_books_lie_where_records_look_for_them() -> None:
    """A number written at a row's place in the memory is read from that row, and from no other."""
    state, memory = allocate_state(SIZES)
    found = dict(leaves(state))
    begin = {name: place for name, place in places(State, all_sizes(SIZES)).items() if place < len(memory)}
    assert len(begin) > 100
    for name, place in begin.items():
        memory[:] = 0.0
        memory[place] = 1.0
        assert [other for other, values in found.items() if values.any()] == [name]
        assert found[name].flat[0] == 1.0


def test_a_path_leaves_nothing_behind_for_the_next() -> None:
    """Books are put back between paths: a path after a wild one has the bits that it has alone."""
    storm = opened("dash-for-cash-2020", "drivers.noise=5")
    both = simulate_block(storm, 3, 2, agents=True).records
    alone = simulate_block(storm, 4, 1, agents=True).records
    for name in PLACES:
        assert both.of(name)[1:].tobytes() == alone.of(name).tobytes(), name
    assert both.status[1:].tobytes() == alone.status.tobytes()


@pytest.mark.parametrize("count", [0, 1, 3, 4, 7, 8, 9, 60, 61, 67])
def test_totals_have_the_same_bits_compiled_and_plain(count: int) -> None:
    row = np.random.default_rng(count).normal(size=count)
    assert row_total(row) == total(row.tolist()) == getattr(row_total, "py_func", row_total)(row)
    assert row_total(row) == pytest.approx(math.fsum(row), abs=1e-13)
