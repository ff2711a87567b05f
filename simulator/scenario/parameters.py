"""The words in which a schema is written: one line holds unit, bounds, default, source and meaning.

A field is ``name: Kind = parameter(default, minimum=…, maximum=…, source=…, doc=…)``: default and
bounds in the written form (``"25bp"``), the value in engine units. :class:`Section` checks every
declaration when its class is made, so that no parameter can ship without a source or a bound.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from simulator import units
from simulator.scenario.declarations import DataFileMark, Reading, declarations
from simulator.scenario.errors import Problem, Problems

__all__ = [
    "BasisPoints", "Count", "DataFile", "Day", "Days", "Money", "Multiple", "Number", "OptionalDay", "Problem",
    "Problems", "Rate", "Section", "Share", "Text", "Years", "parameter", "section",
]  # fmt: skip

TEXT_MAX = 10_000
REFERENCE_MAX = 255

Money = Annotated[float, Reading(units.MONEY)]
Rate = Annotated[float, Reading(units.RATE)]
BasisPoints = Annotated[float, Reading(units.BASIS_POINTS)]
Share = Annotated[float, Reading(units.SHARE)]
Days = Annotated[int, Reading(units.DAYS)]
Years = Annotated[float, Reading(units.YEARS)]
Multiple = Annotated[float, Reading(units.MULTIPLE)]
Count = Annotated[int, Reading(units.COUNT)]
Number = Annotated[float, Reading(units.NUMBER)]
Text = Annotated[str, Field(max_length=TEXT_MAX)]


def _as_day(value: object) -> object:
    """A date that is one of the calendar; anything but text is for the type to refuse."""
    return units.day_of(value).isoformat() if isinstance(value, str) else value


def _as_day_or_nothing(value: object) -> object:
    return _as_day(value) if value != "" else value


#: A day of the calendar, as 2020-03-09; the second may be empty.
Day = Annotated[str, BeforeValidator(_as_day), Field(pattern=r"^\d{4}-\d{2}-\d{2}$")]
OptionalDay = Annotated[str, BeforeValidator(_as_day_or_nothing), Field(pattern=r"^(\d{4}-\d{2}-\d{2})?$")]
#: A data file beside the scenario that names it; empty for none.
DataFile = Annotated[str, Field(max_length=REFERENCE_MAX), DataFileMark()]


def parameter(
    default: Any = ...,
    *,
    minimum: str | float | None = None,
    maximum: str | float | None = None,
    source: str,
    doc: str,
) -> Any:
    """Declare a field that a user can set.

    Parameters
    ----------
    default
        In the written form (``"25bp"``); none means that the scenario must give a value.
    minimum, maximum
        Inclusive bounds in the written form; for lists and mappings of figures they hold for each.
    source
        Where the default and the bounds come from, or ``"judgement"``.
    doc
        What the figure is, in one line.
    """
    extra: dict[str, Any] = {"x-source": source}
    if minimum is not None:
        extra["x-minimum"] = minimum
    if maximum is not None:
        extra["x-maximum"] = maximum
    return Field(default, description=doc, json_schema_extra=extra)


def section(default: Callable[[], Any] | None = None, *, doc: str) -> Any:
    """Declare a group of parameters; ``default`` makes the group when the scenario leaves it out."""
    return Field(description=doc) if default is None else Field(default_factory=default, description=doc)


class Section(BaseModel):
    """A group of parameters: no unknown keys, nothing guessed, nothing infinite, nothing changed later."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        strict=True,
        allow_inf_nan=False,
        validate_default=True,
        use_attribute_docstrings=False,
        defer_build=True,
    )

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        super().__pydantic_init_subclass__(**kwargs)
        for name, declaration in declarations(cls).items():
            field = cls.model_fields[name]
            if declaration.shape.figures is not None and declaration not in field.metadata:
                field.metadata.append(declaration)  # which checks a figure's bounds
