"""The JSON Schema for editors accepts what the validator accepts, bounds of units and relations apart."""

from __future__ import annotations

import copy
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from simulator.scenario.errors import Problems, Source
from simulator.scenario.explain import as_written
from simulator.scenario.json_schema import json_schema
from simulator.scenario.loading import load_scenario
from simulator.scenario.schema import Scenario
from simulator.scenario.yaml_nodes import compose
from simulator.units import KINDS, UnitError
from tests.scenario.conftest import COMPLETE, SHIPPED, Shop

SHOP = {
    "name": "corner",
    "note": "hello",
    "desk": {
        "capital": "$2bn",
        "leverage": "3x",
        "is_open": False,
        "style": "slow",
        "traders": 4,
        "clients": "",
    },
    "shelf": {
        "TY": {"coupon": "4%", "maturity": "7y", "factor": 0.8},
        "US": {"coupon": "5%", "factor": None},
    },
    "weights": {"TY": "10%"},
    "holidays": ["1d", "2w"],
    "events": [{"type": "rally", "day": "3d", "change": "5bp"}, {"type": "closure", "days": "2d"}],
}
VALIDATORS = {model: jsonschema.Draft202012Validator(json_schema(model)) for model in (Shop, Scenario)}

#: Values put in the place of others: every kind of figure, near misses, and other types.
REPLACEMENTS = st.one_of(
    st.sampled_from([example for kind in KINDS for example in kind.examples]),
    st.sampled_from(
        ["25bps", "3 %", "$5", "-$5tn", "+3%", "10", "010%", "", "no", "rally", "fast", "1e5", "5%\t"]
    ),
    st.sampled_from(
        [None, True, False, 0, 1, -1, 3.0, 0.5, 1e6, 2**70, [], {}, ["1d"], {"TY": "3%"}, {"a": {}}]
    ),
    st.integers(-10, 100),
    st.floats(-2, 40, allow_nan=False),
    st.text(alphabet=st.characters(codec="utf-8", categories=["L", "N", "P", "S"]), max_size=8),
)


KEYS = ["coupon", "type", "TX", "capital", "extra", "day", "count"]


def document_of(file: Path) -> Any:
    return compose(Source(file.name, file.read_text())).plain()


def accepts(model: type[BaseModel], document: object) -> bool:
    """Whether the validator takes a document, leaving aside what JSON Schema cannot say."""
    try:
        model.model_validate(document)
    except ValidationError as error:
        return all(_is_beyond_json_schema(details) for details in error.errors())
    return True


def _is_beyond_json_schema(details: Any) -> bool:
    """A relation between fields, or the bounds of figures written with a unit."""
    cause = details.get("ctx", {}).get("error")
    bounds = ("is too small", "is too large", "sensible size")
    is_bounds = isinstance(cause, UnitError) and any(words in cause.found for words in bounds)
    return isinstance(cause, Problems) or (is_bounds and isinstance(details["input"], str))


def places(document: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    yield path
    for key, value in document.items() if isinstance(document, dict) else enumerate(document):
        if isinstance(value, dict | list):
            yield from places(value, (*path, key))
        else:
            yield (*path, key)


@st.composite
def mutations(draw: st.DrawFn, document: dict[str, Any]) -> dict[str, Any]:
    """A document with one to three values replaced, keys removed or keys added."""
    changed = copy.deepcopy(document)
    for _ in range(draw(st.integers(1, 3))):
        path = draw(st.sampled_from([place for place in places(changed) if place]))
        around: Any = changed
        for part in path[:-1]:
            around = around[part]
        action = draw(st.sampled_from(["replace", "replace", "remove", "add"]))
        if action == "replace":
            around[path[-1]] = copy.deepcopy(draw(REPLACEMENTS))
        elif action == "remove":
            del around[path[-1]]
        elif isinstance(around, dict):
            around[draw(st.sampled_from(KEYS))] = copy.deepcopy(draw(REPLACEMENTS))
    return changed


@given(mutations(SHOP))
@settings(max_examples=500)
def test_schema_and_validator_agree_on_the_small_schema(document: dict[str, Any]) -> None:
    assert VALIDATORS[Shop].is_valid(document) == accepts(Shop, document)


@given(st.data())
@settings(max_examples=150)
def test_schema_and_validator_agree_on_the_simulators_schema(data: st.DataObject) -> None:
    document = data.draw(mutations(document_of(COMPLETE)))
    assert VALIDATORS[Scenario].is_valid(document) == accepts(Scenario, document)


def test_a_hedge_without_what_its_kind_must_have_is_marked() -> None:
    document = document_of(COMPLETE)
    del next(iter(document["market"]["hedges"].values()))["dislocation"]
    assert not VALIDATORS[Scenario].is_valid(document)
    assert VALIDATORS[Scenario].is_valid({"extends": "other.yaml", **document}), "a parent may have it"


def test_the_comparison_would_notice_a_difference() -> None:
    """Planted: a schema without the pattern of rates accepts a bare number that the validator refuses."""
    broken = json_schema(Shop)
    broken["$defs"]["Bond"]["properties"]["coupon"] = {}
    document = copy.deepcopy(SHOP)
    document["shelf"]["TY"]["coupon"] = 4
    assert jsonschema.Draft202012Validator(broken).is_valid(document) != accepts(Shop, document)
    assert VALIDATORS[Shop].is_valid(document) == accepts(Shop, document) is False


def test_both_schemas_are_schemas() -> None:
    for validator in VALIDATORS.values():
        jsonschema.Draft202012Validator.check_schema(validator.schema)


@pytest.mark.parametrize("file", [COMPLETE, *SHIPPED], ids=lambda file: file.stem)
def test_files_and_what_they_resolve_to_are_valid(file: Any) -> None:
    document = document_of(file)
    assert [error.message for error in VALIDATORS[Scenario].iter_errors(document)] == []
    full = as_written(load_scenario(file).scenario)
    assert [error.message for error in VALIDATORS[Scenario].iter_errors(full)] == []


def test_a_file_that_extends_another_may_leave_out_keys_but_not_inside_lists() -> None:
    validator = VALIDATORS[Shop]
    assert validator.is_valid({"extends": "preset:x", "shelf": {"TY": {"maturity": "7y"}}})
    assert not validator.is_valid({"shelf": {"TY": {"maturity": "7y"}}, "name": "a"})
    assert not validator.is_valid({"extends": "preset:x", "events": [{"type": "rally"}]})
    assert not validator.is_valid({"extends": "preset:x", "shelves": {}})
    assert not validator.is_valid({"extends": 3})


def test_editors_are_told_meaning_bounds_and_source() -> None:
    capital = VALIDATORS[Shop].schema["$defs"]["Desk"]["properties"]["capital"]
    assert capital == {
        "type": "string",
        "pattern": r"^[+-]?[$¥](0|[1-9][0-9]*)(\.[0-9]+)?(k|mn|bn|tn)?$",
        "maxLength": 40,
        "examples": ["$350mn", "$1.2bn", "$2tn"],
        "description": "own money; written as dollars or yuan (¥) with k, mn, bn or tn; $0bn to $10tn;"
        " source: judgement.",
        "default": "$1.2bn",
    }


def test_every_key_has_a_description_for_editors() -> None:
    schema = VALIDATORS[Scenario].schema
    for section in (schema, *schema["$defs"].values()):
        for key, definition in section["properties"].items():
            assert definition.get("description"), (section["title"], key)


def test_a_random_walk_over_figures_agrees() -> None:
    """Random characters of the alphabet of figures, against the pattern of each kind."""
    chooser = random.Random(7)
    for _ in range(3_000):
        text = "".join(chooser.choices("0123456789.+-$%bpkmntdwxy ", k=chooser.randint(1, 7)))
        document = copy.deepcopy(SHOP)
        document["desk"][chooser.choice(["capital", "leverage"])] = text
        assert VALIDATORS[Shop].is_valid(document) == accepts(Shop, document), text
