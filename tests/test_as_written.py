"""Figures as spreadsheets write them."""

from __future__ import annotations

import doctest

import pytest

from simulator import as_written
from simulator.as_written import AmbiguousError, decimal_mark, heading, plain_number, read_cell
from simulator.units import MONEY, NUMBER, SHARE, UnitError


def test_examples() -> None:
    assert doctest.testmod(as_written).failed == 0


@pytest.mark.parametrize(
    ("cells", "separator", "mark"),
    [
        (["1.5", "20"], ",", "."),
        (["1,5", "20"], ";", ","),
        (["1.234,5"], ";", ","),
        (["1,234,567"], ";", "."),
        (["4,000"], ",", "."),
        (["0,125"], ";", ","),
        (["$4,000.50mn"], ",", "."),
        (["1'234.5", "10%"], ";", "."),
        (["", "none"], ";", "."),
    ],
)
def test_the_decimal_mark_is_told_by_the_whole_table(cells: list[str], separator: str, mark: str) -> None:
    assert decimal_mark(cells, separator) == mark


@pytest.mark.parametrize(("cells", "separator"), [(["1.5", "1,5"], ";"), (["1,234"], ";"), (["9.000"], ";")])
def test_what_could_be_two_numbers_is_refused(cells: list[str], separator: str) -> None:
    with pytest.raises(AmbiguousError):
        decimal_mark(cells, separator)


@pytest.mark.parametrize("text", ["1,23,456", "1 2", "1.2.3", "12,3456"])
def test_groups_of_other_than_three_digits_are_no_number(text: str) -> None:
    with pytest.raises(ValueError, match="three digits"):
        plain_number(text, ".")


@pytest.mark.parametrize(
    ("kind", "text", "unit", "decimal", "value"),
    [
        (MONEY, "USD 4.5 billion", "", ".", 4.5),
        (MONEY, "4000", "mn", ".", 4.0),
        (MONEY, "-$1,250mn", "", ".", -1.25),
        (MONEY, "$-350mn", "", ".", -0.35),
        (MONEY, "\u2212350", "mn", ".", -0.35),
        (MONEY, "4bn", "mn", ".", 4.0),
        (MONEY, "4 000 000 000", "$", ".", 4.0),
        (MONEY, ".5", "bn", ".", 0.5),
        (SHARE, "2,5 %", "", ",", 0.025),
        (SHARE, "150bps", "", ".", 0.015),
        (NUMBER, "1,5", "", ",", 1.5),
        (NUMBER, "-0.3", "", ".", -0.3),
    ],
)
def test_cells(kind: as_written.Kind, text: str, unit: str, decimal: str, value: float) -> None:
    assert read_cell(kind, text, unit, decimal) == value


@pytest.mark.parametrize(
    ("kind", "text", "unit"),
    [(MONEY, "4000", ""), (MONEY, "(350", "mn"), (MONEY, "--350", "mn"), (SHARE, "$2", "%"), (SHARE, "2", "mn"),
     (NUMBER, "2%", ""), (NUMBER, "two", ""), (MONEY, "-(350)", "mn")],
)  # fmt: skip
def test_cells_that_mean_nothing_certain_are_refused(kind: as_written.Kind, text: str, unit: str) -> None:
    with pytest.raises(UnitError):
        read_cell(kind, text, unit, ".")


def test_headings_without_a_unit_keep_their_name() -> None:
    assert heading("Alder, Birch").name == "alder,_birch"
    assert heading("dealer 1").name == "dealer_1"
    assert heading("TY (on the run)") == ("ty_(on_the_run)", "")
