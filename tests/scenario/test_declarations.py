"""A schema needs meaning, source and bounds for every key, and everything declared can be read back."""

from __future__ import annotations

import math
from typing import Any, Literal

import pytest
from pydantic import ValidationError, create_model

from simulator.scenario.declarations import catalogue, declarations
from simulator.scenario.parameters import (
    Count,
    Number,
    Rate,
    Section,
    Share,
    Text,
    parameter,
    section,
)
from simulator.scenario.schema import Scenario
from tests.scenario.conftest import Desk, Shop


@pytest.mark.parametrize(
    ("kind", "field", "complaint"),
    [
        (Rate, parameter("1%", minimum="0%", maximum="5%", source="", doc="x"), "no source"),
        (Rate, parameter("1%", minimum="0%", maximum="5%", source="s", doc=""), "no meaning"),
        (Rate, parameter("1%", maximum="5%", source="s", doc="x"), "needs a minimum and a maximum"),
        (Rate, parameter("1%", minimum="0%", source="s", doc="x"), "needs a minimum and a maximum"),
        (Rate, parameter("6%", minimum="0%", maximum="5%", source="s", doc="x"), "6% is too large"),
        (Rate, parameter(0.01, minimum="0%", maximum="5%", source="s", doc="x"), "0.01 has no unit"),
        (Rate, parameter("1%", minimum="0", maximum="5%", source="s", doc="x"), "'0' has no unit"),
        (Rate, parameter("1 %", minimum="0%", maximum="5%", source="s", doc="x"), "'1 %' cannot be read"),
        (Count, parameter(0, minimum=1, maximum=5, source="s", doc="x"), "0 is too small"),
        (Count, parameter("1", minimum=1, maximum=5, source="s", doc="x"), "'1' is text"),
        (Number, parameter(math.nan, minimum=1.0, maximum=5.0, source="s", doc="x"), "nan is not finite"),
        (Text, parameter("", minimum=1, source="s", doc="x"), "bound 1 on a value that is not a figure"),
        (Literal["a", "b"], parameter("c", source="s", doc="x"), "default 'c' is not a or b"),
        (Rate, section(doc="x"), "declared as a section"),
        (float, parameter(1.0, source="s", doc="x"), "use a kind such as Share"),
        (Any, parameter(1.0, source="s", doc="x"), "use a kind such as Share"),
        (Desk | Shop, section(doc="x"), "without a discriminator"),
    ],
)
def test_an_incomplete_declaration_does_not_compile(kind: Any, field: Any, complaint: str) -> None:
    with pytest.raises(TypeError, match=complaint.replace("(", r"\(")):
        create_model("Broken", __base__=Section, value=(kind, field))


def test_a_field_that_is_not_declared_does_not_compile() -> None:
    with pytest.raises(TypeError, match="no meaning"):
        create_model("Broken", __base__=Section, value=(Share, ...))


def test_sections_are_strict_and_frozen() -> None:
    desk = Desk(leverage="30x")
    assert desk.leverage == 30.0
    with pytest.raises(ValidationError, match="frozen"):
        desk.leverage = 2.0  # type: ignore[misc]
    for mistake in (
        {"is_open": 1},
        {"is_open": "true"},
        {"traders": True},
        {"style": "quick"},
        {"clients": 1},
    ):
        with pytest.raises(ValidationError):
            Desk(**mistake)


def test_defaults_are_read_like_values() -> None:
    desk = Desk()
    assert (desk.capital, desk.leverage, desk.traders) == (1.2, 20.0, 3)


def test_catalogue_names_every_key_of_the_small_schema() -> None:
    assert [key for key, _ in catalogue(Shop)] == [
        "name",
        "note",
        "desk.capital",
        "desk.leverage",
        "desk.is_open",
        "desk.style",
        "desk.traders",
        "desk.clients",
        "shelf.NAME.coupon",
        "shelf.NAME.maturity",
        "shelf.NAME.factor",
        "weights",
        "holidays",
        "events",
        "events.N.<rally>.type",
        "events.N.<rally>.day",
        "events.N.<rally>.change",
        "events.N.<closure>.type",
        "events.N.<closure>.days",
    ]


def test_every_parameter_of_the_simulator_is_documented() -> None:
    rows = list(catalogue(Scenario))
    assert len(rows) > 200
    for key, declaration in rows:
        assert declaration.doc, key
        assert declaration.source, key
        assert not declaration.doc.endswith("."), key
        if declaration.shape.kind is not None:
            assert declaration.minimum is not None, key
            assert declaration.maximum is not None, key
            assert declaration.minimum < declaration.maximum, key


def test_bounds_in_words() -> None:
    shop = declarations(Shop)
    assert shop["holidays"].bounds == "up to 3 entries, each 1d to 99d"
    assert shop["name"].bounds == "of the form ^[a-z-]{1,20}$"
    assert declarations(Desk)["capital"].bounds == "$0bn to $10tn"
