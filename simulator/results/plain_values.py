"""Dataclasses from the plain values of files that anybody may have written: every value of its type, or refused."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from _typeshed import DataclassInstance
    from pydantic import TypeAdapter

_Kind = TypeVar("_Kind", bound="DataclassInstance")


def parsed(kind: type[_Kind], said: Mapping[str, Any]) -> _Kind:
    """An instance of a dataclass from plain values, each of the type that it must have.

    Raises
    ------
    ValueError
        Naming the first that is missing, unknown or of another type.
    """
    from pydantic import ValidationError

    unknown = sorted(set(said) - {field.name for field in fields(kind)})
    if unknown:
        raise ValueError(f"{unknown[0]}: unknown")
    try:
        found: _Kind = _adapter(kind).validate_json(json.dumps(said), strict=True)
        return found
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise ValueError(f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from None


@cache
def _adapter(kind: type[Any]) -> TypeAdapter[Any]:
    from pydantic import TypeAdapter

    return TypeAdapter(kind)
