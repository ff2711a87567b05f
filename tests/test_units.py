"""The border between written and engine units: exact both ways, and closed to everything else."""

from __future__ import annotations

import doctest
import math
import re
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator import units
from simulator.units import (
    BASIS_POINTS,
    COUNT,
    DAYS,
    KINDS,
    MONEY,
    MULTIPLE,
    NUMBER,
    RATE,
    SHARE,
    YEARS,
    Currency,
    Kind,
    UnitError,
    counted_in,
    counting_in,
    read,
    written,
)

READINGS = [
    (MONEY, "$1.2bn", 1.2),
    (MONEY, "$350mn", 0.35),
    (MONEY, "$2tn", 2000.0),
    (MONEY, "-$5tn", -5000.0),
    (MONEY, "+$5bn", 5.0),
    (MONEY, "$20k", 2e-5),
    (MONEY, "$1000", 1e-6),
    (MONEY, "$0bn", 0.0),
    (RATE, "25bp", 0.0025),
    (RATE, "4.33%", 0.0433),
    (RATE, "-0.5%", -0.005),
    (BASIS_POINTS, "25bp", 25.0),
    (BASIS_POINTS, "0.25%", 25.0),
    (BASIS_POINTS, "+60bp", 60.0),
    (SHARE, "3%", 0.03),
    (SHARE, "50bp", 0.005),
    (SHARE, "100%", 1.0),
    (DAYS, "10d", 10),
    (DAYS, "3w", 15),
    (YEARS, "2y", 2.0),
    (YEARS, "6m", 0.5),
    (YEARS, "0.33y", 0.33),
    (YEARS, "73d", 0.2),
    (YEARS, "1w", 7 / 365),
    (MULTIPLE, "20x", 20.0),
    (MULTIPLE, "1.25x", 1.25),
    (COUNT, 60, 60),
    (COUNT, 1e5, 100_000),
    (COUNT, 2**63 - 1, 2**63 - 1),
    (NUMBER, 0.94, 0.94),
    (NUMBER, 1e-4, 0.0001),
    (NUMBER, 2, 2.0),
]

#: The traps of platform.md, I3: none of these is a figure with a unit, whatever the kind.
NEVER = [
    True, False, None, float("nan"), float("inf"), float("-inf"), [], {}, ["25bp"], {"a": 1}, b"25bp",
    (1,), 1j, "", " ", "%", "bp", "$", "$bn", "x", "nan", "NaN%", "inf", "-inf%", ".inf", "nanbp",
    "infinity%", "True", "no", "yes", "null", "010", "010%", "007d", "1_000", "1_000%", "12:30",
    "12:30:45", "0x10", "0x10%", "0b1", "1e400", "1e-4%", "1e5bp", "--5%", "+-5%", "5%%", "5%bp", "%5",
    "bp25", "25 bp", " 25bp", "25bp ", "25bp\n", "25\tbp", "25BP", "25bps", "25Bp", "3 %", "3pct",
    "3percent", "٣%", "３%", "½%", "1,200mn", "$1,200mn", "1,5%", "1.5.2%", ".5%", "5.%", "1'000bp",
    "€5bn", "5bn", "USD 5bn", "5bn USD", "$-5bn", "$ 5bn", "$5 bn", "$5m", "$5b", "$5BN", "$5billion",
    "$1.2bnn", "10 days", "10days", "10D", "2Y", "2yrs", "6mo", "6M", "20X", "20×", "x20", "20 x", "2d3h",
    "10%-20%", "~5%", "5%?", "<5%", "5±1%", "9" * 400, "9" * 400+"%", "1" * 41+"bp", 10**400, 10**5000,
    1e308, -(10**400), "$"+"9" * 60+"tn", "1e", "e5", "0.", "−5%", "5‰", "5％", "0。5%",
]  # fmt: skip


@pytest.mark.parametrize(("kind", "text", "value"), READINGS, ids=lambda part: getattr(part, "name", None))
def test_reads_the_exact_value(kind: Kind, text: object, value: float) -> None:
    found = read(kind, text)
    assert found == value
    assert type(found) is (int if kind.whole else float)


def test_every_trap_is_refused_by_every_kind() -> None:
    assert len(NEVER) >= 60
    for kind in KINDS:
        for trap in NEVER:
            with pytest.raises(UnitError) as caught:
                read(kind, trap)
            assert caught.value.found
            assert caught.value.allowed
            assert len(str(caught.value)) < 400


@pytest.mark.parametrize("trap", [1.5, 2.0**60, -1e300, 2**63])
def test_counts_are_whole_and_exact(trap: float) -> None:
    with pytest.raises(UnitError):
        read(COUNT, trap)


@pytest.mark.parametrize(
    ("kind", "value", "message"),
    [
        (RATE, 50, "50 has no unit; allowed: a rate a year in % or bp. Write 50% or 50bp."),
        (RATE, "50", "'50' has no unit; allowed: a rate a year in % or bp. Write 50% or 50bp."),
        (
            SHARE,
            0.02,
            "0.02 has no unit; allowed: a share in % or bp."
            " Write 2% if it is a fraction, 0.02% if it is already in per cent.",
        ),
        (BASIS_POINTS, "50bps", "'50bps' cannot be read; allowed: basis points, in bp or %. Write 50bp."),
        (BASIS_POINTS, "５０ BP", "'５０ BP' cannot be read; allowed: basis points, in bp or %. Write 50bp."),
        (
            MONEY,
            900,
            "900 has no unit; allowed: dollars or yuan (¥) with k, mn, bn or tn. Write $900mn or $900bn.",
        ),
        (
            MONEY,
            "1.2bn",
            "'1.2bn' cannot be read; allowed: dollars or yuan (¥) with k, mn, bn or tn. Write $1.2bn.",
        ),
        (
            MONEY,
            "$1,200m",
            "'$1,200m' cannot be read; allowed: dollars or yuan (¥) with k, mn, bn or tn. Write $1200mn.",
        ),
        (
            MONEY,
            "$-5tn",
            "'$-5tn' cannot be read; allowed: dollars or yuan (¥) with k, mn, bn or tn. Write -$5tn.",
        ),
        (
            DAYS,
            "1.5d",
            "'1.5d' cannot be read; allowed: whole business days, in d, or weeks of five of them, in w."
            " Write for example 10d or 3w.",
        ),
        (
            YEARS,
            "6 months",
            "'6 months' cannot be read; allowed: years in y, months in m, weeks in w or calendar days in d."
            " Write 6m.",
        ),
        (MULTIPLE, 7, "7 has no unit; allowed: a multiple in x. Write 7x."),
        (MULTIPLE, "20×", "'20×' cannot be read; allowed: a multiple in x. Write 20x."),
        (
            COUNT,
            "60",
            "'60' is text; allowed: a whole number without unit. Write 60, without quotes or unit.",
        ),
        (COUNT, 1.5, "1.5 is not whole; allowed: a whole number without unit. Write for example 60."),
        (NUMBER, "1e-4x", "'1e-4x' cannot be read; allowed: a number without unit. Write for example 0.5."),
        (NUMBER, math.nan, "nan is not finite; allowed: a number without unit. Write for example 0.5."),
        (NUMBER, True, "true is not a figure; allowed: a number without unit. Write for example 0.5."),
        (RATE, None, "no value; allowed: a rate a year in % or bp. Write for example 3% or 25bp."),
        (RATE, "2000%", "'2000%' is beyond any sensible size; allowed: -1000% to 1000%."),
    ],
)
def test_refusals_say_what_to_write(kind: Kind, value: object, message: str) -> None:
    with pytest.raises(UnitError) as caught:
        read(kind, value)
    assert str(caught.value) == message


@given(st.sampled_from([kind for kind in KINDS if not kind.bare]), st.data())
@settings(max_examples=400)
def test_what_is_written_reads_back_to_the_same_bits(kind: Kind, data: st.DataObject) -> None:
    numbers = st.integers(-10_000, 10_000) if kind.whole else st.floats(-150.0, 150.0, allow_subnormal=False)
    value = data.draw(numbers.filter(lambda number: kind.smallest <= number <= kind.largest))
    if value != 0 and abs(value) < 1e-9:
        value = 0.0
    text = written(kind, value)
    assert re.fullmatch(kind.pattern, text)
    assert read(kind, text) == value


@given(st.sampled_from([kind for kind in KINDS if not kind.bare]), st.data())
@settings(max_examples=400)
def test_the_pattern_and_the_reader_agree(kind: Kind, data: st.DataObject) -> None:
    """Whatever matches the published pattern is read, exactly; nothing else is."""
    text = data.draw(
        st.from_regex(re.compile(kind.pattern, re.ASCII), fullmatch=True).filter(lambda t: len(t) < 20)
    )
    form = re.fullmatch(r"([+-]?)([$¥]?)([0-9.]+)(.*)", text)
    assert form is not None
    exact = Fraction(form[3]) * kind.suffixes[form[4]] * (-1 if form[1] == "-" else 1)
    exact /= 4 if form[2] == "¥" else 1
    with counting_in(Currency("USD", 4.0)):
        if kind.smallest <= exact <= kind.largest:
            assert read(kind, text) == float(exact)
        else:
            with pytest.raises(UnitError, match="sensible size"):
                read(kind, text)


def test_amounts_are_counted_in_the_currency_of_the_market_and_written_back_in_it() -> None:
    with counting_in(Currency("CNY", 6.4)):
        assert read(MONEY, "¥120bn") == 120.0
        assert read(MONEY, "-$1bn") == -6.4
        assert written(MONEY, 120.0) == "¥120bn"
        assert counted_in().shown("$5bn of T") == "¥5bn of T"
    with counting_in(Currency("USD", 6.4)):
        assert read(MONEY, "¥64bn") == 10.0
        assert written(MONEY, 120.0) == "$120bn"
    with (
        counting_in(Currency("USD")),  # not that of the scenario which another test read last
        pytest.raises(UnitError, match="an amount in ¥; allowed: amounts in \\$"),
    ):
        read(MONEY, "¥64bn")


@pytest.mark.parametrize(("text", "better"), [("CNY 5bn", "¥5bn"), ("¥5 bn", "¥5bn"), ("5bn CNY", "¥5bn")])
def test_another_way_to_write_yuan_is_refused_with_the_one_there_is(text: str, better: str) -> None:
    with counting_in(Currency("CNY", 6.4)), pytest.raises(UnitError) as caught:
        read(MONEY, text)
    assert caught.value.advice == f"Write {better}."


@given(st.sampled_from(KINDS), st.text(max_size=12))
@settings(max_examples=400)
def test_any_text_is_read_or_refused_with_advice(kind: Kind, text: str) -> None:
    """No text breaks the reader, and what an advice proposes can be read."""
    try:
        read(kind, text)
    except UnitError as error:
        proposed = re.fullmatch(r"Write (\S+)\.", error.advice)
        if proposed and not kind.bare:
            assert re.fullmatch(kind.pattern, proposed[1])
    else:
        assert re.fullmatch(kind.pattern, text)


@pytest.mark.parametrize(
    ("kind", "value", "digits", "text"),
    [
        (MONEY, 1234.567, 3, "$1.23tn"),
        (MONEY, 0.0, None, "$0bn"),
        (MONEY, -0.05, None, "-$50mn"),
        (MONEY, 1e-6, None, "$1k"),
        (RATE, 0.04326, 2, "4.3%"),
        (BASIS_POINTS, 2000.0, None, "2000bp"),
        (SHARE, 0.0005, None, "0.05%"),
        (DAYS, 15, None, "15d"),
        (YEARS, 2.5, None, "2.5y"),
        (YEARS, 0.33, None, "0.33y"),
        (MULTIPLE, 7.0, None, "7x"),
        (COUNT, 100_000, None, "100000"),
        (NUMBER, 1e-7, None, "0.0000001"),
        (NUMBER, 0.1 + 0.2, None, "0.30000000000000004"),
    ],
)
def test_writes_short_forms(kind: Kind, value: float, digits: int | None, text: str) -> None:
    assert written(kind, value, digits) == text


def test_examples_of_the_module_hold() -> None:
    assert doctest.testmod(units).failed == 0


@pytest.mark.parametrize(
    ("kind", "value", "bounds", "usual", "advice"),
    [
        (BASIS_POINTS, 75, (0.0, 500.0), 25.0, "Write 75bp."),
        (BASIS_POINTS, 75, (0.0, 10_000.0), None, "Write 75bp."),
        (BASIS_POINTS, 1, (0.0, 1_000.0), 100.0, "Write 1%."),
        (SHARE, 2, (0.0, 1.0), 0.02, "Write 2%."),
        (SHARE, 2, (0.0, 1.0), None, "Write 2%."),
        (SHARE, 0.02, (0.0, 1.0), None, "Write 2% if it is a fraction, 0.02% if it is already in per cent."),
        (SHARE, 200, (0.0, 1.0), None, "Write 200bp."),
        (RATE, 75, (0.0, 0.2), None, "Write 75bp."),
        (MULTIPLE, 160, (0.1, 150.0), 12.0, "Write for example 20x or 1.5x."),
        (MULTIPLE, 160, (0.1, 0.3), None, "Write for example 0.2x."),
        (MONEY, 160, (-5_000.0, 5_000.0), None, "Write $160mn or $160bn."),
        (MONEY, "160", (0.0, 10.0), None, "Write $160mn."),
        (MONEY, 160, (0.0, 5_000.0), 50.0, "Write $160bn."),
        (YEARS, 10, (0.1, 30.0), 7.0, "Write 10y."),
    ],
)
def test_advice_lies_within_the_bounds_of_the_parameter(
    kind: Kind, value: object, bounds: tuple[float, float], usual: float | None, advice: str
) -> None:
    with pytest.raises(UnitError) as caught:
        read(kind, value)
    assert caught.value.advised(*bounds, usual) == advice
