"""Where a cell of a sweep stands, in readers' names and units: *leverage 12x, opening use 70%, policy relief*."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

#: Units of coordinates as a reader writes them, with the factor that makes them so.
UNITS = {
    "times": ("x", 1.0),
    "fraction": ("%", 100.0),
    "decimal a year": ("%", 100.0),
    "USD bn": ("bn", 1.0),
    "business days": ("d", 1.0),
    "years": ("y", 1.0),
    "bp": ("bp", 1.0),
}


def reader_unit(engine_unit: str) -> tuple[str, float]:
    """The unit that a reader writes, and told values over values in the engine's unit."""
    return UNITS.get(engine_unit, ("", 1.0))


def in_reader_units(value: float, factor: float) -> float:
    """A value in the unit of a reader, without the last digits that scaling brings."""
    return float(f"{factor * value:.12g}")


def value_in_words(value: object, engine_unit: str) -> str:
    """A value along an axis with its unit, to four digits.

    Examples
    --------
    >>> value_in_words(0.7, "fraction"), value_in_words(12.0, "times"), value_in_words("off", "1")
    ('70%', '12x', 'off')
    """
    unit, factor = reader_unit(engine_unit)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return str(value)
    return f"{in_reader_units(value, factor):.4g}{unit}"


def parameter_in_words(parameter: str) -> str:
    """A parameter as a reader calls it: its section and its key.

    Examples
    --------
    >>> parameter_in_words("dealers.opening_use"), parameter_in_words("market.trades.TY.fund_packages")
    ('dealers: opening use', 'market, trades, TY: fund positions')
    """
    section, _, key = parameter.replace("packages", "positions").replace("_", " ").rpartition(".")
    return f"{section.replace('.', ', ')}: {key}" if section else key


def where_in_words(dimensions: Sequence[Mapping[str, Any]], places: Sequence[int]) -> str:
    """Where a cell stands: its values along every dimension, those of each parameter of a design too.

    Parameters
    ----------
    dimensions
        As the manifest of a sweep has them.
    places
        Of the point along each of them.
    """
    said = []
    for dimension, place in zip(dimensions, places, strict=True):
        name, label, coordinates = (
            dimension["name"].replace("_", " "),
            dimension["labels"][place],
            dimension["coordinates"],
        )
        values = [
            (each["parameter"], value_in_words(each["values"][place], each["unit"])) for each in coordinates
        ]
        if len(values) == 1 and not isinstance(label, str):
            said.append(f"{name} {values[0][1]}")
            continue
        point = f"{name} {label:g}" if isinstance(label, float) else f"{name} {label}"
        of_each = "; ".join(f"{parameter_in_words(parameter)} {value}" for parameter, value in values)
        said.append(f"{point} ({of_each})" if len(values) > 1 else point)
    return ", ".join(said)
