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
from numba import config
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
    tail: NDArray[np.float64]


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
        tail=np.arange(10.0)[1::2] * 7.0,
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
    shelf.tail[4] = shelf.row[3] - shelf.tail[0]
    shelf.row[:] = shelf.tail
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
        compiled._words(Named("abc"))


@pytest.mark.parametrize("view", [np.arange(10.0)[1::2], np.zeros((3, 2)).T], ids=["every other", "turned"])
def test_an_array_with_gaps_is_refused(view: NDArray[np.float64]) -> None:
    """A table keeps where an array begins and its shape: how far its numbers lie apart follows from that."""

    class Row(NamedTuple):
        row: NDArray[np.float64]

    with pytest.raises(TypeError, match="contiguous"):
        compiled._words(Row(view))


def test_a_table_is_read_where_it_was_laid_out() -> None:
    """Every field's word and every array's shape stand where the type of the table says, in tables in it too."""
    table = house()
    reference, words = compiled.Referred(table).type, compiled._words(table)
    assert reference.layout[1] == len(words)
    for name, value in leaves(table):
        kind, start = reference, 0
        *outer, field = name.split(".")
        for each in outer:
            start, kind = start + kind.layout[0][each], kind.type_of(each)
        word = words[start + kind.layout[0][field]]
        if isinstance(value, np.ndarray):
            at = start + kind.layout[0][f"{field}.shape"]
            assert (word, tuple(words[at : at + value.ndim])) == (value.ctypes.data, value.shape)
        else:
            assert word == (value if isinstance(value, int) else np.float64(value).view(np.int64))


# With what was compiled before


@needs_a_compiler
def test_machine_code_is_read_without_what_compiles() -> None:
    """A process that finds the day compiled plays it, and has loaded nothing of Numba's that only compiling needs."""
    script = (
        "import sys; from simulator.ensemble.compiling import compile_model; compile_model();"
        "print([name for name in ('numba.np.arraymath', 'numba.typed.listobject') if name in sys.modules])"
    )
    for _ in range(2):  # the first may have to compile
        process = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert process.stdout == "[]\n"


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
