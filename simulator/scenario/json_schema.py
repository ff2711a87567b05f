"""The schema as JSON Schema (draft 2020-12), so that editors complete keys and mark mistakes as one types.

It accepts exactly the written forms. Two things it cannot say and leaves to ``unwind validate``: bounds
of figures with a unit, which stand in the descriptions, and relations between fields. A file that
extends another may leave required keys to its parent, except inside lists, which are replaced whole.
"""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from simulator import units
from simulator.scenario.declarations import Declaration, Shape, declarations

NAME_PATTERN = "^[^.]{1,100}$"
EXTENDS = {
    "anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}, "minItems": 1}],
    "description": "What this file starts from: a relative path or preset:NAME, or several, each over the last.",
    "examples": [
        "preset:us-treasury-2025-04-01",
        ["preset:us-treasury-2025-04-01", "shocks/march-2020.yaml"],
    ],
}


def json_schema(model: type[BaseModel]) -> dict[str, Any]:
    """JSON Schema of a scenario file."""
    definitions: dict[str, Any] = {}
    root = _section(model, definitions)
    root["properties"] = {"extends": EXTENDS, **root["properties"]}
    requirements = _requirements(Shape(model=model))
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **root,
        "if": {"required": ["extends"]},
        "else": requirements,
        "$defs": dict(sorted(definitions.items())),
    }


def _section(model: type[BaseModel], definitions: dict[str, Any]) -> dict[str, Any]:
    properties = {
        name: _property(declaration, definitions) for name, declaration in declarations(model).items()
    }
    return {
        "title": model.__name__,
        "description": " ".join((model.__doc__ or "").split()),
        "type": "object",
        "properties": properties,
        "additionalProperties": False,
    }


def _property(declaration: Declaration, definitions: dict[str, Any]) -> dict[str, Any]:
    schema = _schema_of(declaration.shape, definitions)
    if declaration.shape.kind is not None and declaration.shape.kind.bare:
        target = schema["anyOf"][0] if declaration.shape.is_optional else schema
        target.update(minimum=declaration.minimum, maximum=declaration.maximum)
    schema["description"] = _description(declaration)
    if not declaration.is_section and not declaration.is_required:
        schema["default"] = declaration.default
    return schema


def _description(declaration: Declaration) -> str:
    parts = [declaration.doc, f"written as {declaration.shape.wanted}" if declaration.shape.kind else ""]
    parts += [declaration.bounds, f"source: {declaration.source}" if declaration.source else ""]
    return "; ".join(filter(None, parts)) + "."


def _schema_of(shape: Shape, definitions: dict[str, Any]) -> dict[str, Any]:
    if shape.is_optional:
        return {"anyOf": [_schema_of_value(shape, definitions), {"type": "null"}]}
    return _schema_of_value(shape, definitions)


def _schema_of_value(shape: Shape, definitions: dict[str, Any]) -> dict[str, Any]:
    if shape.model is not None:
        return _reference(shape.model, definitions)
    if shape.variants is not None:
        return {"oneOf": [_reference(variant, definitions) for variant in shape.variants.values()]}
    if shape.fragment is not None:
        return {} if shape.fragment.model is None else _reference(shape.fragment.model, definitions)
    if shape.kind is not None:
        return _figure(shape.kind)
    if shape.choices:
        return {"enum": list(shape.choices)}
    if shape.element is not None and shape.container == "list":
        entry = _schema_of(shape.element, definitions)
        # of a list each entry stands alone, also in a file that extends
        entry.update(_requirements(shape.element))
        return {"type": "array", "items": entry, **_lengths(shape, "Items")}
    if shape.element is not None:
        entry = _schema_of(shape.element, definitions)
        names = {"propertyNames": {"pattern": NAME_PATTERN}, **_lengths(shape, "Properties")}
        return {"type": "object", "additionalProperties": entry, **names}
    if shape.base is bool:
        return {"type": "boolean"}
    return {
        "type": "string",
        **({"pattern": shape.pattern} if shape.pattern else {}),
        **_lengths(shape, "Length"),
    }


def _figure(kind: units.Kind) -> dict[str, Any]:
    if kind.bare:
        limits = {"minimum": kind.smallest, "maximum": kind.largest}
        return {"type": "integer" if kind.whole else "number", **limits}
    return {
        "type": "string",
        "pattern": kind.pattern,
        "maxLength": units.LENGTH_MAX,
        "examples": list(kind.examples),
    }


def _lengths(shape: Shape, of: str) -> dict[str, int]:
    least = {f"min{of}": shape.length_min} if shape.length_min else {}
    return least | ({f"max{of}": shape.length_max} if shape.length_max is not None else {})


def _reference(model: type[BaseModel], definitions: dict[str, Any]) -> dict[str, Any]:
    name = model.__name__
    if name not in definitions:
        definitions[name] = {}  # a place holder, should a section ever contain itself
        definitions[name] = _section(model, definitions)
    return {"$ref": f"#/$defs/{name}"}


def _requirements(shape: Shape) -> dict[str, Any]:
    """Which keys a section, or each section of a mapping, must have; nothing for what has none."""
    if shape.container == "mapping" and shape.element is not None:
        inside = _requirements(shape.element)
        return {"additionalProperties": inside} if inside else {}
    if shape.variants is not None:
        return {"anyOf": [_requirements_of_variant(shape, name) for name in shape.variants]}
    if shape.model is None:
        return {}
    fields = declarations(shape.model).items()
    required = [name for name, declaration in fields if declaration.is_required]
    nested = {name: _requirements(declaration.shape) for name, declaration in fields}
    nested = {name: inside for name, inside in nested.items() if inside}
    return ({"required": required} if required else {}) | ({"properties": nested} if nested else {})


def _requirements_of_variant(shape: Shape, name: str) -> dict[str, Any]:
    """Which keys a section must have that says at the tag of its union that it is this variant."""
    assert shape.variants is not None
    inside = _requirements(Shape(model=shape.variants[name]))
    return {
        "required": sorted({shape.tag, *inside.get("required", ())}),
        "properties": {**inside.get("properties", {}), shape.tag: {"const": name}},
    }
