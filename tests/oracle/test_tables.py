"""What the compiler is told of tables: no two fields share memory, rows begin on cache lines, rows of totals add up."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest

from simulator.engine.alignment import LINE, aligned_copy
from simulator.engine.records import allocate_records
from simulator.engine.state import allocate
from simulator.engine.sums import row_total
from tests.economics.shipped import opened
from tests.oracle.plain_rules import total


def arrays(table: Any) -> dict[str, np.ndarray]:
    return {name: field for name, field in table._asdict().items() if isinstance(field, np.ndarray)}


@pytest.mark.parametrize(
    "table",
    [
        allocate(6, 61, 12, 10, 17, diary_capacity=9)[0],
        allocate_records(3, 5, 6, 61, 12, "float32", agents=True),
        aligned_copy(opened("toy").parameters),
    ],
    ids=lambda table: type(table).__name__,
)
def test_no_two_fields_share_memory(table: Any) -> None:
    for mine, theirs in itertools.combinations(arrays(table).items(), 2):
        assert not np.shares_memory(mine[1], theirs[1]), (mine[0], theirs[0])


def test_arrays_of_floats_begin_on_cache_lines() -> None:
    opening = opened("toy").parameters
    copied = aligned_copy(opening)
    for table in (
        copied,
        allocate(6, 61, 12, 10, 17)[0]._replace(audit_worst=None, audit_before=None, diary=None),
    ):
        for name, field in arrays(table).items():
            assert field.dtype != np.float64 or field.ctypes.data % (8 * LINE) == 0, name
    for name, field in arrays(opening).items():
        assert np.array_equal(getattr(copied, name), field), name


@pytest.mark.parametrize("count", [0, 1, 3, 4, 7, 8, 9, 60, 61, 67])
def test_totals_have_the_same_bits_compiled_and_plain(count: int) -> None:
    row = np.random.default_rng(count).normal(size=count)
    assert row_total(row) == total(row.tolist()) == getattr(row_total, "py_func", row_total)(row)
    assert row_total(row) == pytest.approx(math.fsum(row), abs=1e-13)
