"""A small schema with every kind of key, a complete scenario of the real one, and ways to write files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Literal

import pytest
from pydantic import Field, model_validator

from simulator.scenario.errors import ScenarioError
from simulator.scenario.loading import load_scenario
from simulator.scenario.parameters import (
    BasisPoints,
    Count,
    DataFile,
    Days,
    Money,
    Multiple,
    Number,
    Problem,
    Problems,
    Rate,
    Section,
    Share,
    Text,
    Years,
    parameter,
    section,
)

COMPLETE = Path(__file__).parent / "complete.yaml"
SHIPPED = sorted((Path(__file__).parents[2] / "scenarios").glob("*.yaml"))


class Bond(Section):
    """A bond of the shelf."""

    coupon: Rate = parameter(minimum="0%", maximum="20%", source="prospectus", doc="annual coupon")
    maturity: Years = parameter(
        "10y", minimum="1m", maximum="31y", source="prospectus", doc="years to maturity"
    )
    factor: Number | None = parameter(
        None, minimum=0.2, maximum=2.5, source="exchange", doc="conversion factor"
    )


class Rally(Section):
    """Yields fall."""

    type: Literal["rally"] = parameter(source="story", doc="kind of event")
    day: Days = parameter(minimum="1d", maximum="100d", source="story", doc="first day")
    change: BasisPoints = parameter("25bp", minimum="-500bp", maximum="500bp", source="story", doc="fall")


class Closure(Section):
    """The market is closed."""

    type: Literal["closure"] = parameter(source="story", doc="kind of event")
    days: Days = parameter("1d", minimum="1d", maximum="10d", source="story", doc="length")


class Desk(Section):
    """Who trades."""

    capital: Money = parameter("$1.2bn", minimum="$0bn", maximum="$10tn", source="judgement", doc="own money")
    leverage: Multiple = parameter(
        "20x", minimum="1x", maximum="100x", source="judgement", doc="assets over capital"
    )
    is_open: bool = parameter(True, source="judgement", doc="whether it trades")
    style: Literal["fast", "slow"] = parameter("fast", source="judgement", doc="how it trades")
    traders: Count = parameter(3, minimum=1, maximum=50, source="judgement", doc="people")
    clients: DataFile = parameter("", source="judgement", doc="file of clients")


class Shop(Section):
    """A small schema for tests: a shelf of bonds, a desk and what happens."""

    name: Annotated[str, Field(pattern="^[a-z-]{1,20}$")] = parameter(source="story", doc="short name")
    note: Text = parameter("", source="story", doc="for readers")
    desk: Desk = section(default=Desk, doc="who trades")
    shelf: Annotated[dict[str, Bond], Field(max_length=4)] = section(doc="bonds by name")
    weights: dict[str, Share] = parameter(
        {}, minimum="0%", maximum="100%", source="judgement", doc="weight of each bond"
    )
    holidays: Annotated[list[Days], Field(max_length=3)] = parameter(
        [], minimum="1d", maximum="99d", source="calendar", doc="days off"
    )
    events: list[Annotated[Rally | Closure, Field(discriminator="type")]] = parameter(
        [], source="story", doc="what happens"
    )

    @model_validator(mode="after")
    def _weights_name_bonds(self) -> Shop:
        unknown = [name for name in self.weights if name not in self.shelf]
        if unknown or sum(self.weights.values()) > 1.0 + 1e-9:
            problems = [
                Problem(
                    f"weights.{name}",
                    f"{name!r} is not on the shelf",
                    ", ".join(self.shelf),
                    near=list(self.shelf),
                )
                for name in unknown
            ]
            if sum(self.weights.values()) > 1.0 + 1e-9:
                problems.append(
                    Problem("weights", "the weights add up to more than 100%", "at most 100% in all")
                )
            raise Problems(problems)
        return self


SHOP = "name: corner\nshelf:\n  TY: {coupon: 4%}\n"


@pytest.fixture
def shop(tmp_path: Path) -> Callable[[str], Shop]:
    """Load a scenario of the small schema from its text."""

    def load(text: str, *overrides: str) -> Shop:
        file = tmp_path / "shop.yaml"
        file.write_text(text, encoding="utf-8")
        return load_scenario(file, overrides, Shop).scenario

    return load


@pytest.fixture
def refusal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """The whole text of the refusal of a scenario of the small schema, named shop.yaml."""
    monkeypatch.chdir(tmp_path)

    def refuse(text: str | bytes, *overrides: str) -> str:
        Path("shop.yaml").write_bytes(text if isinstance(text, bytes) else text.encode())
        with pytest.raises(ScenarioError) as caught:
            load_scenario("shop.yaml", overrides, Shop)
        return str(caught.value)

    return refuse
