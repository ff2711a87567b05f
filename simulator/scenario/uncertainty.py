"""Scenarios whose paths are spread over parameter sets, as far as they leave parameters at their defaults."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from simulator.scenario.errors import LocatedProblem, Place, Problem, ScenarioError, Source
from simulator.scenario.loading import LoadedScenario
from simulator.scenario.parameter_sets import ANY, SHIPPED, read_sets
from simulator.scenario.priors import priors
from simulator.scenario.schema import Scenario


def with_uncertainty(
    loaded: LoadedScenario[Scenario], file: str | Path | None = None
) -> LoadedScenario[Scenario]:
    """A scenario whose paths are spread over parameter sets, as far as it leaves parameters at their defaults.

    Parameters
    ----------
    file
        File of sets; those that ship by default.

    Raises
    ------
    ScenarioError
        If the file cannot be used, or the scenario leaves none of its parameters open.
    """
    if file is None and not SHIPPED.exists():
        told = Problem("", "no parameter sets ship with this version", "a file that unwind calibrate made")
        raise ScenarioError([LocatedProblem(told, Place(Source("--uncertainty", "")))])
    sets = read_sets(file or SHIPPED).of(free_keys(loaded))
    if not sets.keys:
        told = Problem(
            "", "the scenario sets every parameter of the sets itself", "parameters left at defaults"
        )
        raise ScenarioError([LocatedProblem(told, Place(Source("--uncertainty", "")))])
    return replace(loaded, sets=sets)


def free_keys(loaded: LoadedScenario[Scenario]) -> list[str]:
    """Parameters with a prior that a scenario leaves at their defaults."""
    return [key for key in priors(Scenario) if not _is_written(loaded, key)]


def _is_written(loaded: LoadedScenario[Scenario], key: str) -> bool:
    """Whether a figure was written in the scenario, or, of a table, in any of its entries."""
    before, any_name, after = key.partition(f".{ANY}.")
    if not any_name:
        return loaded.origin(key) != "default"
    table: Any = loaded.scenario
    for part in before.split("."):
        table = getattr(table, part)
    return any(loaded.origin(f"{before}.{name}.{after}") != "default" for name in table)
