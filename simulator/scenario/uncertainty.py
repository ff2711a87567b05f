"""Scenarios whose paths are spread over parameter sets, as far as they leave parameters at their defaults."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from simulator.scenario.errors import LocatedProblem, Place, Problem, ScenarioError, Source
from simulator.scenario.files import SHIPPED_SETS
from simulator.scenario.loading import LoadedScenario
from simulator.scenario.parameter_sets import PATHS_A_SET, SETS_MIN, SHIPPED, ParameterSets, read_sets
from simulator.scenario.priors import priors
from simulator.scenario.schema import Scenario

_OPTION = Place(Source("--uncertainty", ""))


def with_uncertainty(
    loaded: LoadedScenario[Scenario], where: str | Path = SHIPPED_SETS
) -> LoadedScenario[Scenario]:
    """A scenario whose paths are spread over the parameter sets of a file, or over those that ship.

    Raises
    ------
    ScenarioError
        If the file cannot be used, or the scenario leaves none of its parameters open.
    """
    spread = spread_over(loaded, sets_at(where))
    return replace(spread, notes=(*spread.notes, *few_sets(loaded.scenario.paths)))


def sets_at(where: str | Path) -> ParameterSets:
    """The parameter sets of a file, or those that ship.

    Raises
    ------
    ScenarioError
        If the file cannot be used, or none ship.
    """
    if where != SHIPPED_SETS:
        return read_sets(where)
    if not SHIPPED.exists():
        told = Problem("", "no parameter sets ship with this version", "a file that unwind calibrate made")
        raise ScenarioError([LocatedProblem(told, _OPTION)])
    return read_sets(SHIPPED)


def spread_over(loaded: LoadedScenario[Scenario], sets: ParameterSets) -> LoadedScenario[Scenario]:
    """A scenario whose paths are spread over parameter sets, as far as it leaves parameters at their defaults.

    Raises
    ------
    ScenarioError
        If it leaves none of theirs open.
    """
    found = sets.of(free_keys(loaded))
    if not found.keys:
        told = Problem(
            "", "the scenario sets every parameter of the sets itself", "parameters left at defaults"
        )
        raise ScenarioError([LocatedProblem(told, _OPTION)])
    return replace(loaded, sets=found)


def few_sets(paths: int) -> tuple[str, ...]:
    """A sentence for the user if so many paths are spread over too few sets to tell a range."""
    groups = -(-paths // PATHS_A_SET)
    if groups >= SETS_MIN:
        return ()
    return (
        f"--uncertainty: {paths:,} paths are {groups} groups with a parameter set each; ranges are told from"
        f" {SETS_MIN} groups, {SETS_MIN * PATHS_A_SET:,} paths.",
    )


def free_keys(loaded: LoadedScenario[Scenario]) -> list[str]:
    """Parameters with a prior that a scenario leaves at their defaults."""
    return [key for key in priors(Scenario) if not loaded.is_written(key)]
