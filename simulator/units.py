"""Written units and engine units: ``25bp``, ``3%``, ``$1.2bn``, ``10d`` against plain numbers.

A reader of a scenario sees a unit on every figure, the engine sees none: this module is the border.
Each kind of figure has a closed list of suffixes, and there is one way to write each: a bare number
where a unit is needed, ``50bps`` or ``1,200`` is refused with the form to write instead. Reading is
exact (fractions, rounded once), and what :func:`written` writes, :func:`read` reads back to the same bits.

Engine units: USD billions, decimals a year, basis points, decimal fractions, business days, years.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import date
from decimal import Context
from fractions import Fraction
from functools import cached_property

WHOLE_DIGITS = r"(0|[1-9][0-9]*)"
#: Longest figure read: more digits than a double can hold are a mistake, or an attack.
LENGTH_MAX = 40
SHOWN_MAX = 60
#: Most forms that a figure without unit is advised to be.
CHOICES_MAX = 2
EXACT_WHOLE_MAX = 2**53
#: Years of the days that a scenario or a file may name.
FIRST_YEAR, LAST_YEAR = 1900, 2100


class UnitError(ValueError):
    """A figure that cannot be read, in three parts: what was found, what is allowed, what to do.

    ``kind`` and ``value`` say what it should have been and what was written, for advice within bounds.
    """

    def __init__(
        self, found: str, allowed: str, advice: str = "", kind: Kind | None = None, value: object = None
    ) -> None:
        super().__init__(f"{found}; allowed: {allowed}." + (f" {advice}" if advice else ""))
        self.found, self.allowed, self.advice = found, allowed, advice
        self.kind, self.value = kind, value

    def advised(self, minimum: float | None, maximum: float | None, usual: float | None = None) -> str:
        """What to do where the figure must stand within bounds, in engine units: nothing beyond them is advised.

        Of several readings, that nearest to the ``usual`` figure is.
        """
        return self.advice if self.kind is None else _advice(self.kind, self.value, minimum, maximum, usual)


#: Signs of the currencies in which amounts may be counted and written.
SIGNS = {"USD": "$", "CNY": "¥"}


@dataclass(frozen=True)
class Currency:
    """The currency in which a market's amounts are counted, and what a dollar costs in yuan.

    Parameters
    ----------
    code
        One of :data:`SIGNS`.
    yuan_per_dollar
        At which an amount written in the other currency is converted; none where nothing says.
    """

    code: str = "USD"
    yuan_per_dollar: float | None = None

    @property
    def sign(self) -> str:
        """Sign before its amounts."""
        return SIGNS[self.code]

    def per(self, code: str) -> Fraction:
        """Amounts of this currency for one of another.

        Raises
        ------
        UnitError
            If nothing says at which rate.
        """
        if code == self.code:
            return Fraction(1)
        if self.yuan_per_dollar is None:
            raise UnitError(f"an amount in {SIGNS[code]}", f"amounts in {self.sign}")
        rate = Fraction(self.yuan_per_dollar)
        return rate if code == "USD" else 1 / rate

    def shown(self, text: str) -> str:
        """A text about the market, which the program writes in dollars, with the sign of its currency.

        Examples
        --------
        >>> Currency("CNY").shown("funds hold $20bn of T")
        'funds hold ¥20bn of T'
        """
        return text if self.code == "USD" else text.replace("$", self.sign)


#: Yuan a dollar where a scenario does not say: central parity of 1 April 2019.
YUAN_PER_DOLLAR = 6.71
#: The currency of the market that is read or told; dollars where nothing says.
_DOLLARS = Currency()
_COUNTED: ContextVar[Currency] = ContextVar("counted", default=_DOLLARS)


def counted_in() -> Currency:
    """The currency in which amounts are read and written now."""
    return _COUNTED.get()


def count_in(currency: Currency) -> None:
    """Read and write amounts in a market's currency from here on: for a command, which runs in a context of its own."""
    _COUNTED.set(currency)


@contextmanager
def counting_in(currency: Currency) -> Iterator[None]:
    """Read and write amounts in a market's currency, in the body."""
    token = _COUNTED.set(currency)
    try:
        yield
    finally:
        _COUNTED.reset(token)


@dataclass(frozen=True, eq=False)
class Kind:
    """A kind of figure: how it is written, what the engine holds, and the widest range that makes sense.

    ``suffixes`` maps a suffix to its size in engine units; none at all means that the figure is written bare.
    """

    name: str
    unit: str
    allowed: str
    examples: tuple[str, ...]
    smallest: float
    largest: float
    suffixes: Mapping[str, Fraction]
    synonyms: Mapping[str, str]
    prefix: str = ""
    whole: bool = False

    @property
    def bare(self) -> bool:
        """Whether the figure is written without a unit."""
        return not self.suffixes

    @cached_property
    def pattern(self) -> str:
        """Regular expression of every written form, in the dialect of JSON Schema."""
        digits = WHOLE_DIGITS if self.whole else WHOLE_DIGITS + r"(\.[0-9]+)?"
        suffixes = "|".join(suffix for suffix in self.suffixes if suffix)
        optional = "?" if "" in self.suffixes else ""
        prefix = f"[{''.join(SIGNS.values())}]" if self.prefix else ""
        return f"^[+-]?{prefix}{digits}({suffixes}){optional}$"


PERCENT = Fraction(1, 100)
BASIS_POINT = Fraction(1, 10_000)
_PERCENT_WORDS = {
    "pct": "%",
    "percent": "%",
    "pc": "%",
    "bps": "bp",
    "basispoints": "bp",
    "basispoint": "bp",
    "b.p.": "bp",
}
_DAY_WORDS = {"day": "d", "days": "d", "bd": "d", "week": "w", "weeks": "w", "wk": "w"}

MONEY = Kind(
    name="money",
    unit="USD bn",
    allowed="dollars or yuan (¥) with k, mn, bn or tn",
    examples=("$350mn", "$1.2bn", "$2tn"),
    smallest=-1e6,
    largest=1e6,
    suffixes={
        "": Fraction(1, 10**9),
        "k": Fraction(1, 10**6),
        "mn": Fraction(1, 1000),
        "bn": Fraction(1),
        "tn": Fraction(1000),
    },
    synonyms={
        "m": "mn", "mm": "mn", "mio": "mn", "mln": "mn", "million": "mn",
        "b": "bn", "bio": "bn", "bln": "bn", "billion": "bn",
        "t": "tn", "trn": "tn", "trillion": "tn", "thousand": "k",
    },
    prefix="$",
)  # fmt: skip
RATE = Kind(
    name="rate",
    unit="decimal a year",
    allowed="a rate a year in % or bp",
    examples=("3%", "25bp"),
    smallest=-10.0,
    largest=10.0,
    suffixes={"%": PERCENT, "bp": BASIS_POINT},
    synonyms=_PERCENT_WORDS,
)
BASIS_POINTS = Kind(
    name="basis_points",
    unit="bp",
    allowed="basis points, in bp or %",
    examples=("25bp", "0.25%"),
    smallest=-1e6,
    largest=1e6,
    suffixes={"bp": Fraction(1), "%": Fraction(100)},
    synonyms=_PERCENT_WORDS,
)
SHARE = Kind(
    name="share",
    unit="fraction",
    allowed="a share in % or bp",
    examples=("3%", "25bp"),
    smallest=-1e3,
    largest=1e3,
    suffixes={"%": PERCENT, "bp": BASIS_POINT},
    synonyms=_PERCENT_WORDS,
)
DAYS = Kind(
    name="duration_days",
    unit="business days",
    allowed="whole business days, in d, or weeks of five of them, in w",
    examples=("10d", "3w"),
    smallest=-100_000,
    largest=100_000,
    suffixes={"d": Fraction(1), "w": Fraction(5)},
    synonyms=_DAY_WORDS,
    whole=True,
)
YEARS = Kind(
    name="horizon_years",
    unit="years",
    allowed="years in y, months in m, weeks in w or calendar days in d",
    examples=("2y", "6m"),
    smallest=-200.0,
    largest=200.0,
    suffixes={"y": Fraction(1), "m": Fraction(1, 12), "w": Fraction(7, 365), "d": Fraction(1, 365)},
    synonyms={
        "yr": "y",
        "yrs": "y",
        "year": "y",
        "years": "y",
        "mo": "m",
        "month": "m",
        "months": "m",
        **_DAY_WORDS,
    },
)
MULTIPLE = Kind(
    name="multiple",
    unit="times",
    allowed="a multiple in x",
    examples=("20x", "1.5x"),
    smallest=-1e6,
    largest=1e6,
    suffixes={"x": Fraction(1)},
    synonyms={"times": "x", "×": "x"},
)
COUNT = Kind(
    name="count",
    unit="count",
    allowed="a whole number without unit",
    examples=("60",),
    smallest=-(2**63),
    largest=2**63 - 1,
    suffixes={},
    synonyms={},
    whole=True,
)
NUMBER = Kind(
    name="number",
    unit="pure number",
    allowed="a number without unit",
    examples=("0.5",),
    smallest=-1e15,
    largest=1e15,
    suffixes={},
    synonyms={},
)
KINDS = (MONEY, RATE, BASIS_POINTS, SHARE, DAYS, YEARS, MULTIPLE, COUNT, NUMBER)


def read(kind: Kind, value: object) -> float:
    """Engine value of a written figure.

    Parameters
    ----------
    kind
        What the figure is: one of :data:`KINDS`.
    value
        A text with a unit, or, for bare kinds, a number.

    Returns
    -------
    float
        In the kind's engine unit; an ``int`` for whole kinds.

    Raises
    ------
    UnitError
        If the figure has no unit or a wrong one, is not finite, or is beyond the kind's range.

    Examples
    --------
    >>> read(RATE, "25bp"), read(MONEY, "$350mn"), read(DAYS, "3w"), read(MULTIPLE, "20x")
    (0.0025, 0.35, 15, 20.0)
    >>> read(RATE, 50)  # doctest: +IGNORE_EXCEPTION_DETAIL
    Traceback (most recent call last):
    UnitError: 50 has no unit; allowed: a rate a year in % or bp. Write 50% or 50bp.
    """
    if value is None:
        raise _unread("no value", kind, value)
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise _unread(f"{quoted(value)} is not a figure", kind, value)
    if isinstance(value, float) and not math.isfinite(value):
        raise _unread(f"{value} is not finite", kind, value)
    figure = _read_bare(kind, value) if kind.bare else _read_with_unit(kind, value)
    if not kind.smallest <= figure <= kind.largest:
        limits = f"{written(kind, kind.smallest)} to {written(kind, kind.largest)}"
        raise UnitError(f"{quoted(value)} is beyond any sensible size", limits)
    return int(figure) if kind.whole else float(figure)


def _unread(found: str, kind: Kind, value: object, allowed: str = "") -> UnitError:
    return UnitError(found, allowed or kind.allowed, _advice(kind, value), kind, value)


def _read_with_unit(kind: Kind, value: float | str) -> Fraction:
    if not isinstance(value, str):
        raise _unread(f"{quoted(value)} has no unit", kind, value)
    if len(value) > LENGTH_MAX:
        raise _unread(
            f"{quoted(value)} is too long", kind, value, f"{kind.allowed}, up to {LENGTH_MAX} characters"
        )
    form = re.fullmatch(kind.pattern[1:-1], value)
    if form is None:
        raise _unread(
            f"{quoted(value)} has no unit" if _is_plain(value) else f"{quoted(value)} cannot be read",
            kind,
            value,
        )
    suffix = form[form.re.groups] or ""
    digits, rate = value.lstrip("+-"), Fraction(1)
    for code, sign in SIGNS.items() if kind.prefix else ():
        if digits.startswith(sign):
            digits, rate = digits.removeprefix(sign), counted_in().per(code)
    size = Fraction(digits.removesuffix(suffix)) * kind.suffixes[suffix] * rate
    return -size if value.startswith("-") else size


def _read_bare(kind: Kind, value: float | str) -> float:
    if isinstance(value, str):
        found = f"{quoted(value)} is text" if _is_plain(value) else f"{quoted(value)} cannot be read"
        raise _unread(found, kind, value)
    if kind.whole and isinstance(value, float) and not (value.is_integer() and abs(value) <= EXACT_WHOLE_MAX):
        raise _unread(f"{quoted(value)} is not whole", kind, value)
    return value


def day_of(text: str) -> date:
    """A day of the calendar, written as 2020-03-09.

    Raises
    ------
    UnitError
        If it is none, or stands outside the years in which a market could open.

    Examples
    --------
    >>> day_of("2020-03-09").isoformat()
    '2020-03-09'
    """
    wanted = "a day as 2020-03-09: year, month, day"
    if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
        raise UnitError(f"{quoted(text)} is no date", wanted, _advise_day(text))
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise UnitError(f"{quoted(text)} is no day of the calendar", wanted) from None
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise UnitError(f"{quoted(text)} is too far away", f"a day of the years {FIRST_YEAR} to {LAST_YEAR}")
    return day


def _advise_day(text: str) -> str:
    """The date to write instead of one in another form, where it can be one day only."""
    parts = re.fullmatch(r"([0-9]{1,2})[/.]([0-9]{1,2})[/.]([0-9]{4})", text)
    if parts is None:
        return ""
    orders = ((parts[1], parts[2]), (parts[2], parts[1]))
    days = {f"{parts[3]}-{int(month):02d}-{int(day):02d}" for month, day in orders if int(month) <= 12}
    return f"Write {days.pop()}." if len(days) == 1 else ""


def written(kind: Kind, value: float, digits: int | None = None) -> str:
    """Written form of an engine value: the shortest that reads back, or one of ``digits`` significant digits.

    Examples
    --------
    >>> written(RATE, 0.0433), written(BASIS_POINTS, 25.0), written(MONEY, 0.35), written(YEARS, 0.5)
    ('4.33%', '25bp', '$350mn', '6m')
    >>> written(MONEY, 1234.567, digits=3)
    '$1.23tn'
    """
    if kind.whole and kind.bare:
        return str(int(value))
    suffix = "" if kind.bare else _suffix_for(kind, value)
    size = kind.suffixes.get(suffix, Fraction(1))
    scaled = abs(Fraction(value)) / size
    for precision in range(1, 19) if digits is None else (digits,):
        rounded = format(Context(prec=precision).divide(scaled.numerator, scaled.denominator), "f")
        text = rounded.rstrip("0").rstrip(".") if "." in rounded else rounded
        if float(Fraction(text) * size) == abs(value):
            break
    return f"{'-' if value < 0 else ''}{counted_in().sign if kind.prefix else ''}{text}{suffix}"


def _suffix_for(kind: Kind, value: float) -> str:
    """The kind's first suffix, but money by its size, and a part of a year by the longest whole unit."""
    if kind is MONEY and value != 0.0:
        sizes = sorted(kind.suffixes.items(), key=lambda item: item[1], reverse=True)
        return next((suffix for suffix, size in sizes if abs(value) >= float(size)), "")
    if kind is MONEY:
        return "bn"
    if kind is YEARS and abs(value) < 1.0:
        whole = (
            suffix for suffix, size in kind.suffixes.items() if float(round(value / size) * size) == value
        )
        return next(whole, "y")
    return next(iter(kind.suffixes))


def quoted(value: object) -> str:
    """A value from outside, as an error message quotes it: on one line and short."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return "a mapping" if value else "an empty mapping"
    if isinstance(value, list | tuple):
        return f"a list of {len(value)}"
    text = repr(value) if isinstance(value, str | float) else _digits_of(value)
    return (
        text if len(text) <= SHOWN_MAX else f"{text[: SHOWN_MAX - 20]}…{text[-8:]} ({len(text)} characters)"
    )


def _digits_of(value: object) -> str:
    try:
        return str(value)
    except ValueError:  # Python refuses to print an integer of more than 4,300 digits
        return "a number of thousands of digits"


def _is_plain(text: str) -> bool:
    return re.fullmatch(r"[+-]?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?", text) is not None


def _advice(
    kind: Kind,
    value: object,
    minimum: float | None = None,
    maximum: float | None = None,
    usual: float | None = None,
) -> str:
    """What to write instead, within bounds where there are any."""
    if isinstance(value, str):
        return _advise_form(kind, value, minimum, maximum, usual)
    if kind.bare or isinstance(value, bool) or not isinstance(value, int | float):
        return _for_example(kind, minimum, maximum)
    return _advise_unit(kind, value, minimum, maximum, usual)


def _for_example(kind: Kind, minimum: float | None, maximum: float | None) -> str:
    low, high = _bounds(kind, minimum, maximum)
    fitting = [example for example in kind.examples[:2] if low <= _engine_value(kind, example) <= high]
    if not fitting:
        middle = (low + high) / 2.0
        fitting = [written(kind, round(middle) if kind.whole else middle, digits=2)]
    return f"Write for example {' or '.join(fitting)}."


def _bounds(kind: Kind, minimum: float | None, maximum: float | None) -> tuple[float, float]:
    return (kind.smallest if minimum is None else minimum, kind.largest if maximum is None else maximum)


def _engine_value(kind: Kind, text: str) -> float:
    return float(text) if kind.bare else float(_read_with_unit(kind, text))


def _advise_unit(
    kind: Kind, value: float, minimum: float | None, maximum: float | None, usual: float | None
) -> str:
    """The written forms that a figure without unit may have meant, those within the bounds."""
    if not abs(value) < NUMBER.largest:
        return _for_example(kind, minimum, maximum)
    low, high = _bounds(kind, minimum, maximum)
    digits = written(NUMBER, abs(value))
    sign = "-" if value < 0 else ""
    choices = [f"{sign}{kind.prefix}{digits}{suffix}" for suffix in kind.suffixes if suffix not in ("", "k")]
    if not all(re.fullmatch(kind.pattern, choice) for choice in choices):
        return _for_example(kind, minimum, maximum)
    fitting = [choice for choice in choices if low <= _engine_value(kind, choice) <= high]
    if kind in (SHARE, RATE) and 0 < abs(value) < 1:
        fraction = written(kind, value)
        if low <= value <= high:
            already = f", {choices[0]} if it is already in per cent" if choices[0] in fitting else ""
            return f"Write {fraction} if it is a fraction{already}."
    if not fitting:
        return _for_example(kind, minimum, maximum)
    if usual and value:
        fitting.sort(key=lambda choice: abs(math.log(abs(_engine_value(kind, choice) / usual))))
        fitting = fitting[:1]
    elif "%" in kind.suffixes and abs(value) >= 1 and (minimum, maximum) != (None, None):
        fitting = fitting[:1]  # a hundred times apart, and the kind's own unit comes first
    return f"Write {' or '.join(fitting[:CHOICES_MAX])}."


def _advise_form(
    kind: Kind, text: str, minimum: float | None, maximum: float | None, usual: float | None
) -> str:
    """The correct form nearest to what was written, if there is one."""
    plain = unicodedata.normalize("NFKC", text).strip().lower()
    plain = re.sub(r"[\s_']", "", plain).replace("−", "-").removeprefix("+")
    plain = re.sub(r"(?<=[0-9]),(?=[0-9]{3}(?![0-9]))", "", plain).replace(",", ".")
    parts = re.fullmatch(r"(-?)(\$?|¥|usd|cny)(-?)0*([0-9]*\.?[0-9]*?)\.?([^0-9.][^0-9]*)?", plain)
    if parts is None or not re.search("[0-9]", plain) or len(text) > LENGTH_MAX:
        return _for_example(kind, minimum, maximum)
    digits = parts[4] if parts[4][:1].isdigit() else f"0{parts[4]}"
    suffix = (parts[5] or "").removesuffix("usd").removesuffix("cny")
    suffix = kind.synonyms.get(suffix, suffix)
    is_yuan = parts[2] in ("¥", "cny") or (parts[5] or "").endswith("cny")
    near = f"{parts[1] or parts[3]}{SIGNS['CNY'] if is_yuan else kind.prefix}{digits}{suffix}"
    if kind.bare and not suffix and not parts[2]:
        return f"Write {near}, without quotes or unit."
    if not kind.bare and not suffix and not parts[2]:
        return _advise_unit(kind, float(f"{parts[1]}{digits}"), minimum, maximum, usual)
    if not kind.bare and re.fullmatch(kind.pattern[1:-1], near):
        return f"Write {near}."
    return _for_example(kind, minimum, maximum)
