"""What differs between the scenarios of two runs, parameter by parameter, as their manifests tell."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from simulator.results.manifest import Manifest
from simulator.scenario.errors import Problems
from simulator.scenario.explain import find_parameters, in_words, unit_in_words
from simulator.scenario.schema import Scenario

#: Texts that change nothing in the numbers.
TEXTS = ("name", "title", "description", "provenance")
ABSENT = "(none)"


class ParameterChange(NamedTuple):
    """A parameter that differs: dotted key, both values as written, unit, and what the parameter is."""

    key: str
    before: str
    after: str
    unit: str
    meaning: str


def scenario_changes(before: Manifest, after: Manifest) -> tuple[ParameterChange, ...]:
    """Parameters that differ between two runs, in the order of the schema.

    A list of events in which one was inserted is shown by the events that only one of the runs has.
    """
    first, second = before.scenario, after.scenario
    keys = dict.fromkeys([*first, *second])
    found = (
        change
        for key in keys
        if key not in TEXTS
        for change in _changes(key, first.get(key, ABSENT), second.get(key, ABSENT))
    )
    return tuple(found)


def _changes(key: str, before: Any, after: Any) -> Iterator[ParameterChange]:
    if before == after:
        return
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for name in dict.fromkeys([*before, *after]):
            yield from _changes(f"{key}.{name}", before.get(name, ABSENT), after.get(name, ABSENT))
    elif isinstance(before, list) and isinstance(after, list) and _are_sections(before + after):
        yield from _list_changes(key, before, after)
    else:
        yield _change(key, before, after)


def _are_sections(entries: list[Any]) -> bool:
    return all(isinstance(entry, Mapping) for entry in entries)


def _list_changes(key: str, before: list[Any], after: list[Any]) -> Iterator[ParameterChange]:
    """Entry by entry when both lists are alike, else the entries that only one of them has."""
    if len(before) == len(after) and sum(a != b for a, b in zip(before, after, strict=True)) == 1:
        for place, pair in enumerate(zip(before, after, strict=True)):
            yield from _changes(f"{key}.{place}", *pair)
        return
    for entry in before:
        if entry not in after:
            yield _change(key, entry, ABSENT)
    for entry in after:
        if entry not in before:
            yield _change(key, ABSENT, entry)


def _change(key: str, before: Any, after: Any) -> ParameterChange:
    unit, meaning = _described(key)
    return ParameterChange(key, _words(before), _words(after), unit, meaning)


def _words(value: Any) -> str:
    return value if value == ABSENT else in_words(value)


def _described(key: str) -> tuple[str, str]:
    """Unit and meaning of a parameter; empty for a section as a whole."""
    try:
        found = find_parameters(Scenario, key)
    except Problems:  # written by a version with other parameters
        return "", ""
    if len(found) != 1:
        return "", ""
    declaration = found[0][1]
    kind = declaration.shape.kind
    return (unit_in_words(declaration.shape) if kind is None else kind.unit), declaration.doc
