"""How a scenario's schema declares what can be set: one line holds unit, bounds, default, source and meaning.

A field is ``name: Kind = parameter(default, minimum=…, maximum=…, source=…, doc=…)``: default and
bounds in the written form (``"25bp"``), the value in engine units. :class:`Section` checks every
declaration when its class is made, so that no parameter can ship without a source or a bound.
Loading, explaining and the JSON Schema read the declarations back through :func:`declarations`.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    ValidationInfo,
    field_validator,
)
from pydantic.fields import FieldInfo
from pydantic_core import core_schema

from simulator import units
from simulator.scenario.errors import Problem, Problems
from simulator.units import Kind, UnitError, written

__all__ = [
    "BasisPoints", "Count", "DataFile", "Days", "Declaration", "Money", "Multiple", "Number", "Problem",
    "Problems", "Rate", "Section", "Shape", "Share", "Text", "Years", "declarations", "parameter", "section",
]  # fmt: skip

TEXT_MAX = 10_000
REFERENCE_MAX = 255


class Reading:
    """Marks a type with the kind of its figures: pydantic reads the written form, editors learn it."""

    def __init__(self, kind: Kind) -> None:
        self.kind = kind

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        def read(value: object) -> float:
            return units.read(self.kind, value)

        return core_schema.no_info_before_validator_function(read, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        kind = self.kind
        if kind.bare:
            limits = {"minimum": kind.smallest, "maximum": kind.largest}
            return {"type": "integer" if kind.whole else "number", **limits}
        return {
            "type": "string",
            "pattern": kind.pattern,
            "maxLength": units.LENGTH_MAX,
            "examples": list(kind.examples),
        }


class DataFileMark:
    """Marks a text that names a data file: the loader finds it inside the tree and records its hash."""


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


@dataclass(frozen=True)
class Shape:
    """What may stand at a key, read off its type.

    One of: a section (``model``), sections told apart by the text at their key ``tag``
    (``variants``), a ``container`` of ``element``, a figure of a ``kind``, a choice of texts
    (``choices``), or a plain value (``base``).
    """

    model: type[Section] | None = None
    variants: Mapping[str, type[Section]] | None = None
    tag: str = ""
    container: Literal["", "list", "mapping"] = ""
    element: Shape | None = None
    kind: Kind | None = None
    choices: tuple[str, ...] = ()
    base: type | None = None
    is_optional: bool = False
    is_data_file: bool = False

    @property
    def figures(self) -> Kind | None:
        """Kind of the figure here, or of the figures in the list or mapping here."""
        return self.kind or (self.element.figures if self.element else None)

    @property
    def wanted(self) -> str:
        """What may be written here, in words."""
        if self.kind is not None:
            words = self.kind.allowed
        elif self.choices:
            words = ", ".join(self.choices[:-1]) + (" or " if self.choices[1:] else "") + self.choices[-1]
        elif self.container:
            words = "a list" if self.container == "list" else "names, each with its value below it"
        elif self.base is not None:
            words = {bool: "true or false", str: "text"}.get(self.base, self.base.__name__)
        else:
            words = "keys with values, indented below it"
        return f"{words}, or null" if self.is_optional else words


@dataclass(frozen=True)
class Declaration:
    """A field of a section as it was declared, with its bounds in engine units and as written."""

    name: str
    shape: Shape
    doc: str
    source: str
    minimum: float | None
    maximum: float | None
    bounds: str
    is_required: bool
    default: Any

    def check_bounds(self, kind: Kind, figure: Any) -> None:
        """Refuse a figure outside the bounds.

        Raises
        ------
        UnitError
            For a single figure.
        Problems
            For figures in a list or mapping, each at its own place.
        """
        if isinstance(figure, list | dict):
            problems = tuple(self._problems_of_elements(kind, figure))
            if problems:
                raise Problems(problems)
        elif figure is not None and self.minimum is not None and figure < self.minimum:
            raise UnitError(f"{written(kind, figure)} is too small", self.bounds)
        elif figure is not None and self.maximum is not None and figure > self.maximum:
            raise UnitError(f"{written(kind, figure)} is too large", self.bounds)

    def _problems_of_elements(self, kind: Kind, figures: list[Any] | dict[str, Any]) -> Iterator[Problem]:
        for key, figure in figures.items() if isinstance(figures, dict) else enumerate(figures):
            try:
                self.check_bounds(kind, figure)
            except UnitError as error:
                yield Problem(str(key), error.found, error.allowed, error.advice)


class Section(BaseModel):
    """A group of parameters: no unknown keys, nothing guessed, nothing infinite, nothing changed later."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        strict=True,
        allow_inf_nan=False,
        validate_default=True,
        use_attribute_docstrings=False,
    )

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        super().__pydantic_init_subclass__(**kwargs)
        declarations(cls)

    @field_validator("*", mode="after")
    @classmethod
    def _check_bounds(cls, figure: Any, info: ValidationInfo) -> Any:
        declaration = declarations(cls)[info.field_name or ""]
        kind = declaration.shape.figures
        if kind is not None:
            declaration.check_bounds(kind, figure)
        return figure


@cache
def declarations(model: type[Section]) -> Mapping[str, Declaration]:
    """The declared fields of a section, by name.

    Raises
    ------
    TypeError
        If a field lacks its meaning, source or bounds, or if its default is not allowed by them.
    """
    return {
        name: _declaration(f"{model.__name__}.{name}", name, info)
        for name, info in model.model_fields.items()
    }


def _declaration(where: str, name: str, info: FieldInfo) -> Declaration:
    extra = info.json_schema_extra if isinstance(info.json_schema_extra, dict) else {}
    shape = shape_of(info.annotation, (*info.metadata, info), where)
    is_section = "x-source" not in extra
    if not info.description:
        raise TypeError(f"{where} has no meaning: declare it with parameter(…, doc=…) or section(doc=…)")
    if not is_section and not extra["x-source"]:
        raise TypeError(f"{where} has no source: name one, or write source='judgement'")
    if is_section and shape.model is None and shape.element is None:
        raise TypeError(f"{where} has no source: declare it with parameter(…)")
    kind, limits = shape.figures, [extra.get("x-minimum"), extra.get("x-maximum")]
    if kind is None and limits != [None, None]:
        raise TypeError(f"{where} has bounds but holds no figures")
    if shape.kind is not None and None in limits:
        raise TypeError(f"{where} needs a minimum and a maximum")
    try:
        minimum, maximum = (
            None if limit is None or kind is None else units.read(kind, limit) for limit in limits
        )
        default = _default_in_words(info)
        declaration = Declaration(
            name, shape, info.description, str(extra.get("x-source", "")), minimum, maximum,
            _bounds_in_words(kind, minimum, maximum), info.is_required(), default,
        )  # fmt: skip
        if shape.kind is not None and not info.is_required() and default is not None:
            declaration.check_bounds(shape.kind, units.read(shape.kind, default))
    except UnitError as error:
        raise TypeError(f"{where}: {error}") from error
    if shape.choices and not info.is_required() and default not in shape.choices:
        raise TypeError(f"{where}: default {default!r} is not among {shape.wanted}")
    return declaration


def _default_in_words(info: FieldInfo) -> Any:
    return None if info.is_required() or info.default_factory is not None else info.default


def _bounds_in_words(kind: Kind | None, minimum: float | None, maximum: float | None) -> str:
    if kind is None or minimum is None or maximum is None:
        return ""
    return f"{written(kind, minimum)} to {written(kind, maximum)}"


def shape_of(annotation: Any, metadata: tuple[Any, ...], where: str) -> Shape:
    """What a type annotation allows; ``metadata`` is what was attached to it.

    Raises
    ------
    TypeError
        If the type is none that a scenario can hold, or a number without a kind.
    """
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return shape_of(arguments[0], (*arguments[1:], *metadata), where)
    reading = next((mark for mark in metadata if isinstance(mark, Reading)), None)
    if reading is not None:
        return Shape(kind=reading.kind)
    if origin in (Union, types.UnionType):
        return _shape_of_union(arguments, metadata, where)
    if origin is Literal:
        return Shape(choices=arguments)
    if origin in (list, dict):
        container: Literal["list", "mapping"] = "list" if origin is list else "mapping"
        return Shape(container=container, element=shape_of(arguments[-1], (), where))
    if isinstance(annotation, type) and issubclass(annotation, Section):
        return Shape(model=annotation)
    if annotation in (bool, str):
        return Shape(base=annotation, is_data_file=any(isinstance(mark, DataFileMark) for mark in metadata))
    raise TypeError(
        f"{where} has type {annotation}: use a kind such as Share, Count or Number, or bool, Text, Literal"
    )


def _shape_of_union(arguments: tuple[Any, ...], metadata: tuple[Any, ...], where: str) -> Shape:
    members = [member for member in arguments if member is not type(None)]
    if len(members) == 1:
        return replace(shape_of(members[0], (), where), is_optional=True)
    tag = next(
        (mark.discriminator for mark in metadata if isinstance(mark, FieldInfo) and mark.discriminator), None
    )
    if not isinstance(tag, str):
        raise TypeError(f"{where} is a union without a discriminator")
    variants = {name: member for member in members for name in declarations(member)[tag].shape.choices}
    return Shape(variants=variants, tag=tag)
