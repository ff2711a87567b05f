"""The schema's refusals as problems with a place: which key, what was found, what is allowed, what to do."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeVar, cast

from pydantic import BaseModel, ValidationError

from simulator import units
from simulator.scenario.declarations import Declaration, Shape, catalogue, declarations
from simulator.scenario.errors import (
    PROBLEMS_MAX,
    LocatedProblem,
    Place,
    Problem,
    Problems,
    ScenarioError,
    did_you_mean,
)
from simulator.scenario.yaml_nodes import Node
from simulator.units import UnitError, quoted

UNKNOWN_KEY = "unknown key"
KEYS_LISTED_MAX = 12
_SIZE_OR_FORM = ("too_short", "too_long", "string_too_short", "string_too_long", "string_pattern_mismatch")
#: The kind of an entry in a key of the catalogue, which nobody writes.
_KIND = re.compile(r"<[^>]*>\.")
_BOOLEAN_WORDS = {"yes": "true", "on": "true", "y": "true", "no": "false", "off": "false", "n": "false"}

Model = TypeVar("Model", bound=BaseModel)


def validate(model: type[Model], tree: Node) -> Model:
    """The scenario that a tree of nodes describes.

    Raises
    ------
    ScenarioError
        With every value that the schema refuses, or else every relation that does not hold.
    """
    try:
        with units.counting_in(_currency_of(tree)):
            return model.model_validate(tree.plain())
    except ValidationError as error:
        refused = [cast(Mapping[str, Any], details) for details in error.errors(include_url=False)]
    told = refused[:PROBLEMS_MAX]
    found = [locate(tree, problem) for details in told for problem in _problems(model, details)]
    order = list(dict.fromkeys(problem.place.source.label for problem in found))
    raise ScenarioError(
        sorted(found, key=lambda at: (order.index(at.place.source.label), at.place.line, at.place.column)),
        left_out=len(refused) - len(told),
    )


def _currency_of(tree: Node) -> units.Currency:
    """The currency that a scenario's market counts in; what is written wrong there is for the schema to refuse."""
    code, rate = (find(tree, ("market", key)) for key in ("currency", "exchange_rate"))
    written_code = "USD" if code is None else code.value
    written_rate = units.YUAN_PER_DOLLAR if rate is None else rate.value
    if (
        written_code not in tuple(units.SIGNS)
        or not isinstance(written_rate, int | float)
        or not written_rate > 0.0
    ):
        return units.Currency("USD", units.YUAN_PER_DOLLAR)
    return units.Currency(str(written_code), float(written_rate))


def find(tree: Node, parts: Sequence[str]) -> Node | None:
    """The node at a dotted key, if it was written."""
    node: Node | None = tree
    for part in parts:
        node = node.child(part) if node is not None else None
    return node


def locate(tree: Node, problem: Problem) -> LocatedProblem:
    """Find where the problem's key stands, or else the nearest section around it that was written."""
    node, place = tree, Place(tree.place.source)
    for part in problem.key.split(".") if problem.key else ():
        child = node.child(part)
        if child is None:
            return LocatedProblem(_with_suggestion(problem, None), place)
        place = node.key_places.get(part, child.place)
        node = child
    is_value = not isinstance(node.value, dict | list) and problem.found != UNKNOWN_KEY
    return LocatedProblem(_with_suggestion(problem, node), node.place if is_value else place)


def _with_suggestion(problem: Problem, node: Node | None) -> Problem:
    """The problem with the valid name nearest to what was written, which is the value or the key itself."""
    if problem.advice or not problem.near:
        return problem
    written = [node] if node is None or not isinstance(node.value, list) else node.value
    words = [entry.value for entry in written if entry is not None and isinstance(entry.value, str)]
    words = [*(word for word in words if word not in problem.near), problem.key.rpartition(".")[2]]
    advice = next(filter(None, (did_you_mean(word, problem.near) for word in words)), "")
    return Problem(problem.key, problem.found, problem.allowed, advice)


def _problems(model: type[BaseModel], details: Mapping[str, Any]) -> Iterator[Problem]:
    """What one of pydantic's complaints means to the user."""
    keys, shape, declaration, around = _walk(model, details["loc"])
    key, value = ".".join(keys), details["input"]
    cause = details.get("ctx", {}).get("error")
    if isinstance(cause, Problems):
        for problem in cause.problems:
            below = ".".join(filter(None, (key, problem.key)))
            yield Problem(below, problem.found, problem.allowed, problem.advice, problem.near)
    elif isinstance(cause, UnitError):
        yield _unread(key, cause, declaration)
    elif cause is not None:
        yield Problem(key, str(cause))
    elif details["type"] == "missing":
        yield _missing(key, declaration)
    elif details["type"] == "extra_forbidden":
        yield _unknown(model, key, around)
    elif details["type"] in ("union_tag_invalid", "union_tag_not_found") and shape is not None:
        yield _untagged(key, shape, value)
    else:
        yield _not_wanted(key, value, shape, details)


def _unread(key: str, error: UnitError, declaration: Declaration | None) -> Problem:
    """A figure that cannot be read: what is allowed and advised lies within the bounds of its parameter."""
    if declaration is None or error.kind is None:
        return Problem(key, error.found, error.allowed, error.advice)
    allowed = ", ".join(filter(None, (error.allowed, declaration.range)))
    default = declaration.default if isinstance(declaration.default, str | int | float) else None
    usual = units.read(error.kind, default) if default is not None else None
    return Problem(key, error.found, allowed, error.advised(declaration.minimum, declaration.maximum, usual))


def _walk(
    model: type[BaseModel], loc: Sequence[str | int]
) -> tuple[list[str], Shape | None, Declaration | None, type[BaseModel] | None]:
    """The dotted key of one of pydantic's locations, which contain tags too, and what is declared there."""
    keys: list[str] = []
    shape: Shape | None = Shape(model=model)
    declaration: Declaration | None = None
    around: type[BaseModel] | None = None
    for part in loc:
        if shape is not None and shape.variants is not None and part in shape.variants:
            shape = Shape(model=shape.variants[str(part)])
            continue
        if part == "[key]":
            continue
        keys.append(str(part))
        if shape is not None and shape.model is not None:
            around = shape.model
            declaration = declarations(around).get(str(part))
            shape = declaration.shape if declaration is not None else None
        else:
            shape = shape.element if shape is not None else None
    return keys, shape, declaration, around


def _missing(key: str, declaration: Declaration | None) -> Problem:
    if declaration is None:
        return Problem(key, "is missing")
    bounds = f", {declaration.bounds}" if declaration.bounds else ""
    return Problem(
        key,
        "is missing",
        f"{declaration.shape.wanted}{bounds}",
        f"Add {declaration.name}: {declaration.doc}.",
    )


def _unknown(model: type[BaseModel], key: str, around: type[BaseModel] | None) -> Problem:
    """An unknown key, with the nearest valid one of the same section, or the section that has it."""
    name = key.rpartition(".")[2]
    known = list(declarations(around)) if around is not None else []
    section = key.rpartition(".")[0]
    listed = ", ".join(known)
    if len(known) > KEYS_LISTED_MAX:
        listed = f"{len(known)} keys, which unwind explain {section} lists" if section else ", ".join(known)
    paths = (_KIND.sub("", path) for path, _ in catalogue(model))
    owners = list(dict.fromkeys(path for path in paths if path.rpartition(".")[2] == name))
    advice = did_you_mean(name, known)
    if name == "extends":
        advice = "Write extends at the top of the file."
    elif owners and not advice:
        advice = f"Write it as {' or '.join(owners[:2])}."
    return Problem(key, UNKNOWN_KEY, listed, advice)


def _untagged(key: str, shape: Shape, value: Any) -> Problem:
    """A section that comes in several kinds, with the text that tells the kind wrong or missing."""
    tags = list(shape.variants or ())
    key = f"{key}.{shape.tag}"
    if not isinstance(value, dict) or shape.tag not in value:
        return Problem(key, "is missing", ", ".join(tags), f"Add {shape.tag}: {tags[0]} or another.")
    return Problem(
        key,
        f"{quoted(value[shape.tag])} is not a kind",
        ", ".join(tags),
        did_you_mean(str(value[shape.tag]), tags),
    )


def _not_wanted(key: str, value: Any, shape: Shape | None, details: Mapping[str, Any]) -> Problem:
    """A value of the wrong type, length, form or choice."""
    if shape is None:
        return Problem(key, f"{quoted(value)}: {details['msg']}")
    if details["type"] in _SIZE_OR_FORM:
        size = f"has {len(value):,} {'entries' if shape.container else 'characters'}"
        found = f"{quoted(value)} does not fit" if shape.pattern else size
        return Problem(key, found, shape.form or f"up to {shape.length_max:,} characters")
    found = "no value" if value is None else f"{quoted(value)} stands here"
    return Problem(key, found, shape.wanted, _advice_for(value, shape))


def _advice_for(value: Any, shape: Shape) -> str:
    if shape.choices:
        return did_you_mean(str(value), shape.choices)
    if shape.base is bool:
        return f"Write {_BOOLEAN_WORDS[str(value).lower()]}." if str(value).lower() in _BOOLEAN_WORDS else ""
    if shape.base is str and isinstance(value, int | float):
        return f'Write it in quotes: "{quoted(value)}".'
    if value is None:
        return "Write something below it, or delete the line."
    return ""
