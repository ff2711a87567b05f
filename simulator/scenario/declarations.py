"""What a schema declares, read back off its classes: shape, bounds, default, source and meaning of each key.

Loading (messages), explaining, the JSON Schema and the reference page all work from
:func:`declarations` and :func:`catalogue`, none of them from pydantic's own structures.
"""

from __future__ import annotations

import types
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache, cached_property, lru_cache, partial
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, GetCoreSchemaHandler
from pydantic.fields import FieldInfo
from pydantic_core import core_schema

from simulator import units
from simulator.scenario.errors import Problem, Problems
from simulator.units import Kind, UnitError, written

#: What stands in a dotted key for the name of any entry of a table.
ANY = "NAME"


class Reading:
    """Marks a type with the kind of its figures, so that pydantic reads the written form."""

    def __init__(self, kind: Kind) -> None:
        self.kind = kind

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        return core_schema.no_info_before_validator_function(partial(_read, self.kind), handler(source))


def _read(kind: Kind, value: object) -> float:
    """Engine value of a written figure, as :func:`units.read` tells it."""
    return _read_text(kind, value, units.counted_in()) if type(value) is str else units.read(kind, value)


# Cells of a sweep say almost all the same: reading what was read before would be two thirds of their loading. The same
# text is another amount in yuan.
@lru_cache(maxsize=4096)
def _read_text(kind: Kind, text: str, counted_in: units.Currency) -> float:
    return units.read(kind, text)


class DataFileMark:
    """Marks a text that names a data file: the loader finds it inside the tree and records its hash."""


class FragmentMark:
    """Marks a value that is checked where it will stand: a piece of another schema, or any value of it."""

    def __init__(self, model: type[BaseModel] | None = None) -> None:
        self.model = model


@dataclass(frozen=True)
class Shape:
    """What may stand at a key, read off its type.

    One of: a section (``model``), sections told apart by the text at their key ``tag``
    (``variants``), a ``container`` of ``element``, a figure of a ``kind``, a choice of texts
    (``choices``), a plain value (``base``), or a ``fragment`` of what stands elsewhere.
    """

    model: type[BaseModel] | None = None
    variants: Mapping[str, type[BaseModel]] | None = None
    tag: str = ""
    container: Literal["", "list", "mapping"] = ""
    element: Shape | None = None
    kind: Kind | None = None
    choices: tuple[str, ...] = ()
    base: type | None = None
    pattern: str = ""
    length_min: int = 0
    length_max: int | None = None
    is_optional: bool = False
    is_data_file: bool = False
    fragment: FragmentMark | None = None

    @property
    def figures(self) -> Kind | None:
        """Kind of the figure here, or of the figures in the list or mapping here."""
        return self.kind or (self.element.figures if self.element else None)

    @property
    def form(self) -> str:
        """Limits on the number of entries, or the form of a text, in words; empty for none."""
        if self.container and self.length_max is not None:
            if self.length_min == self.length_max:
                return f"{self.length_max:,} entries"
            least = f"{self.length_min} to" if self.length_min else "up to"
            return f"{least} {self.length_max:,} entries"
        return f"of the form {self.pattern}" if self.pattern else ""

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
        elif self.fragment is not None and self.fragment.model is None:
            words = "a value as the parameter is written"
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
    is_section: bool
    is_required: bool
    default: Any

    @cached_property
    def range(self) -> str:
        """The bounds of a figure, or of each figure, in words: in dollars, as they are declared."""
        with units.counting_in(units.Currency()):
            return _range(self.shape.figures, self.minimum, self.maximum)

    @property
    def bounds(self) -> str:
        """All limits on what may be written, in words."""
        return ", each ".join(filter(None, (self.shape.form, self.range)))

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        return core_schema.no_info_after_validator_function(self.within_bounds, handler(source))

    def within_bounds(self, figure: Any) -> Any:
        """The figure, or the figures in a list or mapping, refused outside the bounds.

        Raises
        ------
        UnitError
            For a single figure.
        Problems
            For figures in a list or mapping, each at its own place.
        """
        kind = self.shape.figures
        if kind is None:
            return figure
        # bounds are declared in dollars
        scale = float(units.counted_in().per("USD")) if kind is units.MONEY else 1.0
        if isinstance(figure, list | dict):
            problems = tuple(self._problems_of_elements(figure))
            if problems:
                raise Problems(problems)
        elif figure is not None and self.minimum is not None and figure < self.minimum * scale:
            raise UnitError(f"{written(kind, figure)} is too small", self.range)
        elif figure is not None and self.maximum is not None and figure > self.maximum * scale:
            raise UnitError(f"{written(kind, figure)} is too large", self.range)
        return figure

    def _problems_of_elements(self, figures: list[Any] | dict[str, Any]) -> Iterator[Problem]:
        for key, figure in figures.items() if isinstance(figures, dict) else enumerate(figures):
            try:
                self.within_bounds(figure)
            except UnitError as error:
                yield Problem(str(key), error.found, error.allowed, error.advice)


@cache
def declarations(model: type[BaseModel]) -> Mapping[str, Declaration]:
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
    kind = shape.figures
    try:
        minimum, maximum = (_limit(kind, extra.get(limit)) for limit in ("x-minimum", "x-maximum"))
        declaration = Declaration(
            name=name,
            shape=shape,
            doc=info.description or "",
            source=str(extra.get("x-source", "")),
            minimum=minimum,
            maximum=maximum,
            is_section="x-source" not in extra,
            is_required=info.is_required(),
            default=None if info.is_required() or info.default_factory is not None else info.default,
        )
        complaint = _complaint(declaration)
        if not complaint and shape.kind is not None and declaration.default is not None:
            declaration.within_bounds(_read(shape.kind, declaration.default))
    except UnitError as error:
        complaint = str(error)
    if complaint:
        raise TypeError(f"{where}: {complaint}")
    return declaration


def _complaint(declaration: Declaration) -> str:
    """What is missing from a declaration, or nothing."""
    shape = declaration.shape
    if not declaration.doc:
        return "no meaning; declare it with parameter(…, doc=…) or section(doc=…)"
    if declaration.is_section and shape.model is None and shape.element is None:
        return "declared as a section, but it holds a value; use parameter(…)"
    if not declaration.is_section and not declaration.source:
        return "no source; name one, or write source='judgement'"
    if shape.kind is not None and (declaration.minimum is None or declaration.maximum is None):
        return "a figure needs a minimum and a maximum"
    if shape.choices and not declaration.is_required and declaration.default not in shape.choices:
        return f"default {declaration.default!r} is not {shape.wanted}"
    return ""


def _limit(kind: Kind | None, limit: Any) -> float | None:
    if limit is None:
        return None
    if kind is None:
        raise UnitError(f"bound {limit!r} on a value that is not a figure", "no bounds")
    return _read(kind, limit)


def _range(kind: Kind | None, minimum: float | None, maximum: float | None) -> str:
    if kind is None or (minimum is None and maximum is None):
        return ""
    if minimum is None or maximum is None:
        return (
            f"at least {written(kind, minimum)}"
            if minimum is not None
            else f"at most {written(kind, maximum or 0)}"
        )
    return f"{written(kind, minimum)} to {written(kind, maximum)}"


def shape_of(annotation: Any, metadata: tuple[Any, ...], where: str) -> Shape:
    """What a type annotation allows; ``metadata`` is what was attached to it.

    Raises
    ------
    TypeError
        If the type is none that a scenario can hold, or a number without a kind.
    """
    origin, arguments = get_origin(annotation), get_args(annotation)
    fragment = next((mark for mark in metadata if isinstance(mark, FragmentMark)), None)
    if fragment is not None:
        return Shape(fragment=fragment)
    if origin is Annotated:
        return shape_of(arguments[0], (*_unpacked(arguments[1:]), *metadata), where)
    reading = next((mark for mark in metadata if isinstance(mark, Reading)), None)
    if reading is not None:
        return Shape(kind=reading.kind)
    if origin in (Union, types.UnionType):
        return _shape_of_union(arguments, metadata, where)
    if origin is Literal:
        return Shape(choices=arguments)
    if origin in (list, dict):
        container: Literal["list", "mapping"] = "list" if origin is list else "mapping"
        return Shape(container=container, element=shape_of(arguments[-1], (), where), **_limits(metadata))
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return Shape(model=annotation)
    if annotation in (bool, str):
        is_data_file = any(isinstance(mark, DataFileMark) for mark in metadata)
        return Shape(base=annotation, is_data_file=is_data_file, **_limits(metadata))
    raise TypeError(
        f"{where} has type {annotation}: use a kind such as Share, Count or Number, or bool, Text, Literal"
    )


def _unpacked(metadata: tuple[Any, ...]) -> tuple[Any, ...]:
    """Metadata with that of ``Field(…)`` spread out, as pydantic does for a field's own annotation."""
    return tuple(
        part
        for mark in metadata
        for part in ((mark, *mark.metadata) if isinstance(mark, FieldInfo) else (mark,))
    )


def _limits(metadata: tuple[Any, ...]) -> dict[str, Any]:
    """Limits on lengths, and the pattern, that pydantic attached to a field."""
    limits = {"min_length": "length_min", "max_length": "length_max", "pattern": "pattern"}
    return {
        limits[name]: getattr(mark, name) for mark in metadata for name in limits if getattr(mark, name, None)
    }


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


def catalogue(model: type[BaseModel], prefix: str = "") -> Iterator[tuple[str, Declaration]]:
    """Every parameter below a section, with its dotted key.

    Names that the user chooses appear as ``NAME``, indices of lists as ``N``, and the kind of an
    entry that comes in several kinds in angles: ``market.hedges.NAME.<swap>.bucket``, ``events.N.<auction>.day``.
    """
    for name, declaration in declarations(model).items():
        yield from _entries(f"{prefix}{name}", declaration.shape, declaration)


def _entries(key: str, shape: Shape, declaration: Declaration) -> Iterator[tuple[str, Declaration]]:
    if not declaration.is_section:
        yield key, declaration
    while shape.element is not None:
        key += ".N" if shape.container == "list" else f".{ANY}"
        shape = shape.element
    if shape.model is not None:
        yield from catalogue(shape.model, f"{key}.")
    for tag, variant in (shape.variants or {}).items():
        yield from catalogue(variant, f"{key}.<{tag}>.")
