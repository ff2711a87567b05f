"""The parameter sets that ship: whole, told on their page, and the defaults are their centre."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from simulator import units
from simulator.estimation.estimation_page import estimation_tables
from simulator.estimation.procedure import RESULT, read_record
from simulator.estimation.result import quantiles
from simulator.estimation.targets import load_targets
from simulator.results.manifest import read_checked
from simulator.scenario.declarations import catalogue
from simulator.scenario.parameter_sets import SHIPPED, read_sets
from simulator.scenario.priors import plain_key, priors
from simulator.scenario.schema import Scenario

PAGE = Path(__file__).resolve().parents[2] / "docs" / "model" / "estimation.md"
AGAIN = "make it anew: python -m simulator.cli.upkeep estimation --write docs/model/estimation.md"


def test_sets_that_ship_are_those_of_the_record() -> None:
    sets, record = read_sets(SHIPPED), read_record(SHIPPED.parent)
    assert all(read_checked(file)[1] for file in (SHIPPED, SHIPPED.with_name(RESULT)))
    assert set(sets.keys) <= set(load_targets("calm-and-march-2020").keys)
    assert len(sets.values) == record["sets"] >= 100
    assert sets.provenance == record["provenance"]
    medians = {row["key"]: row["median"] for row in record["parameters"]}
    for place, key in enumerate(sets.keys):
        prior = priors(Scenario)[key]
        shares = np.array([prior.share(row[place]) for row in sets.values])
        (middle,) = quantiles(shares, np.array(sets.weights), (0.5,))
        assert prior.value(middle) == pytest.approx(medians[key])


def test_defaults_are_the_centre_of_the_estimate() -> None:
    centre = read_record(SHIPPED.parent)["centre"]
    known = priors(Scenario)
    found = {plain_key(key): declaration.default for key, declaration in catalogue(Scenario)}
    defaults = {key: units.read(known[key].kind, found[key]) for key in centre}
    assert defaults == pytest.approx(centre)
    assert len(centre) > 30


def test_the_page_tells_what_ships() -> None:
    assert estimation_tables(read_record(SHIPPED.parent)) in PAGE.read_text(encoding="utf-8"), AGAIN
