"""Tables declared once: shapes, memory and names follow from the declaration."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pytest

from simulator.model.table import LINE, Floats, Ints, allocate, leaves, one, per, places, rows, shapes


class Farm(NamedTuple):
    """Fields."""

    acres: Floats = per("field", unit="acre", doc="size")
    crop: Ints = per("field", unit="place", doc="what grows", whole=True)
    yield_by_year: Floats = per("year", "field", unit="t", doc="harvest")


class Village(NamedTuple):
    """Farms and what they share."""

    farm: Farm
    store: Floats = one(unit="t", doc="granary")
    mill: Floats = one(unit="t", doc="flour")
    roads: Floats = per("field", unit="mile", doc="to each field")


SIZES = {"field": 3, "year": 4, "one": 1}


def test_rows_are_named_and_shaped_by_their_declaration() -> None:
    assert list(rows(Village)) == ["farm.acres", "farm.crop", "farm.yield_by_year", "store", "mill", "roads"]
    assert rows(Village)["farm.yield_by_year"].unit == "t"
    assert shapes(Village, SIZES) == {
        "farm.acres": (3,),
        "farm.crop": (3,),
        "farm.yield_by_year": (4, 3),
        "store": (1,),
        "mill": (1,),
        "roads": (3,),
    }


def test_rows_are_views_of_one_memory_each_on_a_line_of_its_own_but_single_numbers() -> None:
    village, memory = allocate(Village, SIZES, start=np.nan)
    assert places(Village, SIZES) == {
        "farm.acres": 0,
        "farm.yield_by_year": LINE,
        "store": LINE + 12,
        "mill": LINE + 13,
        "roads": 3 * LINE,
    }
    assert memory.shape == (4 * LINE,)
    assert memory.ctypes.data % (8 * LINE) == 0
    assert np.isnan(memory).all()
    assert village.farm.crop.tolist() == [0, 0, 0]
    memory[LINE + 5] = 7.0
    assert village.farm.yield_by_year[1, 2] == 7.0


def test_a_table_may_live_in_memory_that_is_there() -> None:
    room = np.zeros(4 * LINE)
    village, memory = allocate(Village, SIZES, room=room)
    village.store[0] = 2.0
    assert memory is room
    assert room[LINE + 12] == 2.0


def test_leaves_are_in_the_order_of_the_rows() -> None:
    village, _ = allocate(Village, SIZES)
    assert [name for name, _ in leaves(village)] == list(rows(Village))


def test_what_is_no_row_is_refused() -> None:
    class Broken(NamedTuple):
        mystery: int

    with pytest.raises(TypeError, match=r"Broken\.mystery is neither declared as a row nor a table"):
        rows(Broken)
