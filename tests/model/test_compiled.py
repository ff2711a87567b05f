"""Tables referred to: read and written in place by compiled code, and laid out as the compiler lays them out."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from llvmlite import ir
from numba import config, njit, types
from numba.core import cgutils
from numba.extending import intrinsic
from numpy.typing import NDArray

from simulator.model import compiled
from simulator.model.compiled import are_apart, loops_over, refer
from simulator.model.table import leaves
from simulator.rule import phase

needs_a_compiler = pytest.mark.skipif(bool(config.DISABLE_JIT), reason="compilation is switched off")


class Shelf(NamedTuple):
    """Fields of several types: one to three dimensions, floats of two widths, whole numbers."""

    row: NDArray[np.float64]
    grid: NDArray[np.float64]
    cube: NDArray[np.float32]
    places: NDArray[np.int64]
    every_other: NDArray[np.float64]  # not contiguous


class Twins(NamedTuple):
    """Fields all of one type, which Numba keeps as an array and not as a structure."""

    first: NDArray[np.float64]
    second: NDArray[np.float64]


class Figures(NamedTuple):
    """Plain numbers."""

    rate: float
    count: int


class Rates(NamedTuple):
    """Plain numbers of one type."""

    low: float
    high: float


class House(NamedTuple):
    """A table of tables, and a row and a number of its own."""

    figures: Figures
    shelf: Shelf
    twins: Twins
    rates: Rates
    row: NDArray[np.float64]
    level: float


class Yard(NamedTuple):
    """Tables all of one type."""

    left: Twins
    right: Twins


are_apart(House, Yard)


def house() -> House:
    """Numbers that are all different."""
    shelf = Shelf(
        row=np.arange(5.0),
        grid=np.arange(6.0).reshape(2, 3) + 0.5,
        cube=np.arange(24.0, dtype=np.float32).reshape(2, 3, 4) / 3,
        places=np.array([2, 0, 1]),
        every_other=np.arange(10.0)[1::2] * 7.0,
    )
    twins = Twins(np.array([0.25, -1.0]), np.array([1e9, 1e-9]))
    return House(Figures(0.1, 3), shelf, twins, Rates(-0.5, 0.75), np.array([4.0]), 2.5)


def yard() -> Yard:
    return Yard(Twins(np.array([1.0]), np.array([2.0, 3.0])), Twins(np.array([4.0, 5.0]), np.array([6.0])))


@loops_over("shelf", "grid")
def each_column(h: House) -> range:
    return range(h.shelf.grid.shape[-1])


@phase
def double(row: NDArray[np.float64]) -> None:
    for i in range(row.shape[0]):
        row[i] *= 2.0


@phase
def rearrange(h: House) -> float:
    """Read and write every field in some way that is not its own mirror image."""
    shelf = h.shelf
    for i in range(h.figures.count):
        shelf.places[i] += 10 * i
    for i in each_column(h):
        shelf.grid[0, i] -= h.figures.rate * shelf.grid[1, i]
    double(shelf.grid[1])
    double(h.twins.second)
    h.twins.first[0] = h.rates.low + 2.0 * h.rates.high + h.level
    shelf.cube[1, 2, 3] = shelf.cube[0, 1, 2] + np.float32(0.1)
    shelf.every_other[4] = shelf.row[3] - shelf.every_other[0]
    shelf.row[:] = shelf.every_other
    h.row[0] += shelf.places.shape[0]
    return h.row[0] + h.twins.first[1] + shelf.cube[1, 2, 3]


@phase
def carry_across(y: Yard) -> float:
    """Between two tables of one type."""
    y.left.first[0], y.right.second[0] = y.right.first[1], y.left.second[1]
    return y.left.first[0] - y.right.second[0]


def plainly(function: Callable[..., Any]) -> Callable[..., Any]:
    return getattr(function, "py_func", function)


@pytest.mark.parametrize(
    ("make", "function"), [(house, rearrange), (yard, carry_across)], ids=["several types", "one type"]
)
def test_a_table_is_read_and_written_in_place(
    make: Callable[[], Any], function: Callable[[Any], float]
) -> None:
    untouched, mine, theirs = make(), make(), make()
    result = plainly(function)(mine)
    assert function(refer(theirs)) == result
    changed = []
    for (name, plain), (_, written), (_, before) in zip(
        leaves(mine), leaves(theirs), leaves(untouched), strict=True
    ):
        np.testing.assert_array_equal(written, plain, err_msg=name)
        changed += [] if np.array_equal(plain, before) else [name]
    arrays = [name for name, values in leaves(untouched) if isinstance(values, np.ndarray)]
    left_alone = {"left.second", "right.first"}  # they are read
    assert set(changed) == set(arrays) - left_alone


@needs_a_compiler
def test_a_table_that_is_referred_to_twice_is_compiled_once() -> None:
    rearrange(refer(house()))
    before = len(rearrange.signatures)  # type: ignore[attr-defined]
    rearrange(refer(house()))
    assert len(rearrange.signatures) == before  # type: ignore[attr-defined]


def test_what_is_no_number_is_refused() -> None:
    class Named(NamedTuple):
        name: str

    with pytest.raises(TypeError, match="not 'abc'"):
        list(compiled._words(Named("abc")))


# How Numba lays a table out


@intrinsic  # type: ignore[untyped-decorator]
def word_of(typing: Any, table: Any, place: Any) -> Any:
    """A word of a table that was passed by value, as it lies in memory; the first is how many there are."""

    def read(context: Any, builder: ir.IRBuilder, signature: Any, values: Any) -> Any:
        model = context.data_model_manager[signature.args[0]]
        data = model.as_data(builder, values[0])
        count = context.get_abi_sizeof(data.type) // 8
        memory = cgutils.alloca_once_value(builder, data)
        words = builder.bitcast(memory, ir.IntType(64).as_pointer())
        word = builder.load(builder.gep(words, [builder.sub(values[1], ir.Constant(values[1].type, 1))]))
        is_first = builder.icmp_signed("==", values[1], ir.Constant(values[1].type, 0))
        return builder.select(is_first, ir.Constant(ir.IntType(64), count), word)

    return types.int64(table, place), read


@njit  # type: ignore[untyped-decorator]
def words_of(table: Any, words: NDArray[np.int64]) -> int:
    """Fill in the words of a table that is passed by value; returns how many it has."""
    for place in range(words.shape[0]):
        words[place] = word_of(table, place + 1)
    return word_of(table, 0)


def laid_out(table: tuple[Any, ...]) -> list[int | None]:
    """Words of a table as a reference lays them out, less the owners of arrays, who differ: it borrows them."""
    found: list[int | None] = []
    owners = len(compiled._ARRAY_HEAD)
    for field in table:
        if isinstance(field, tuple):
            found += laid_out(field)
        else:
            words = list(compiled._words((field,)))
            found += [None] * owners + words[owners:] if isinstance(field, np.ndarray) else words
    return found


@needs_a_compiler
@pytest.mark.parametrize("make", [house, yard], ids=["several types", "one type"])
def test_tables_lie_in_memory_as_compiled_code_expects_them(make: Callable[[], Any]) -> None:
    """An array is two owners, size, item size, data, shape and strides; a tuple is its fields one after the other."""
    table = make()
    expected = laid_out(table)
    assert len(expected) == len(list(compiled._words(table)))
    found = np.zeros(len(expected), np.int64)
    assert words_of(table, found) == len(expected)
    assert [None if own is None else int(word) for own, word in zip(expected, found, strict=True)] == expected


@needs_a_compiler
def test_another_layout_would_be_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """The planted error: one owner instead of two."""
    monkeypatch.setattr(compiled, "_ARRAY_HEAD", (0,))
    table = yard()
    assert words_of(table, np.zeros(1, np.int64)) != len(list(compiled._words(table)))


# Without a compiler


def test_without_compilation_the_table_itself_is_used() -> None:
    """That the whole engine then plays the same bits is a test of the oracle: see test_invariance."""
    text = (
        "from tests.model.test_compiled import house, rearrange\n"
        "from simulator.model.compiled import refer\n"
        "table = house()\n"
        "assert refer(table) is table\n"
        "print(repr(float(rearrange(table))))\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", text],
        cwd=Path(__file__).parents[2],
        env=os.environ | {"NUMBA_DISABLE_JIT": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    assert float(run.stdout) == rearrange(refer(house()))
