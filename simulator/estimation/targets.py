"""A targets file: which moments of which scenarios parameters are fitted to, and which only judge the fit.

The moments themselves stand in episode files (:mod:`simulator.history.episode`), those that ship and the user's own,
each with value, tolerance, source, told or found, for fitting or for checking. A targets file names them and copies
nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

from pydantic import Field, model_validator

from simulator.history.episode import Episode, Moment
from simulator.history.shelf import load_episode, shipped_episode, shipped_episodes
from simulator.scenario import files
from simulator.scenario.errors import LocatedProblem, Problem, Problems, ScenarioError
from simulator.scenario.loading import LoadedScenario, UsedFile, load_scenario
from simulator.scenario.parameters import Section, Text, parameter
from simulator.scenario.priors import priors
from simulator.scenario.schema import Scenario
from simulator.scenario.uncertainty import free_keys

SHELF = Path(__file__).resolve().parent / "targets"
#: How many agents stand for a sector is a matter of resolution: networks, populations and events name them.
NOT_ESTIMATED = ("funds.count", "dealers.count", "asset_managers.count", "lenders.count")


class TargetsOf(Section):
    """Moments of one episode, and the scenario that must give them."""

    episode: Text = parameter(
        source="targets", doc="name of an episode that ships, or an episode file beside the targets file"
    )
    scenario: Text = parameter(
        "", source="targets", doc="scenario that is run, by name or file; that of the episode when empty"
    )
    check: Annotated[list[Text], Field(max_length=500)] = parameter(
        [], source="targets", doc="keys of moments that judge the fit only, whatever the episode says"
    )
    leave_out: Annotated[list[Text], Field(max_length=500)] = parameter(
        [], source="targets", doc="keys of moments that are left out"
    )
    closer: Annotated[list[Text], Field(max_length=500)] = parameter(
        [],
        source="targets",
        doc="keys of moments to which the centre must come closer: within half their tolerance",
    )


class Targets(Section):
    """What parameters are fitted to, and which parameters."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,80}$")] = parameter(
        source="targets", doc="short name, used for the folder"
    )
    title: Text = parameter("", source="targets", doc="one line for readers")
    description: Text = parameter("", source="targets", doc="what is fitted to what, and why")
    targets: Annotated[list[TargetsOf], Field(min_length=1, max_length=20)] = parameter(
        source="targets", doc="episodes whose moments are asked for"
    )
    parameters: Annotated[list[Text], Field(max_length=200)] = parameter(
        [],
        source="targets",
        doc="parameters that are estimated; empty: all with a prior, numbers of agents apart",
    )

    @model_validator(mode="after")
    def parameters_have_priors(self) -> Targets:
        """Check that every parameter named has a prior."""
        known = [key for key in priors(Scenario) if key not in NOT_ESTIMATED]
        problems = [
            Problem(
                f"parameters.{place}", f"{key!r} cannot be estimated", "a parameter of judgement", near=known
            )
            for place, key in enumerate(self.parameters)
            if key not in known
        ]
        problems += [
            Problem(f"parameters.{place}", f"{key} stands twice", "each parameter once")
            for place, key in enumerate(self.parameters)
            if key in self.parameters[:place]
        ]
        if problems:
            raise Problems(problems)
        return self


@dataclass(frozen=True)
class PlayedScenario:
    """A scenario that is run for its moments.

    Parameters
    ----------
    free
        Parameters that it leaves at their defaults.
    fit, check
        Moments that the model must find: those that are fitted, and those that only judge.
    closer
        Keys of those to which the centre must come closer.
    """

    free: tuple[str, ...]
    loaded: LoadedScenario[Scenario]
    episode: Episode
    fit: tuple[Moment, ...]
    check: tuple[Moment, ...]
    closer: frozenset[str] = frozenset()

    @property
    def name(self) -> str:
        """Name of the scenario."""
        return self.loaded.scenario.name

    @property
    def moments(self) -> tuple[Moment, ...]:
        """All moments, the fitted ones first."""
        return self.fit + self.check


@dataclass(frozen=True)
class LoadedTargets:
    """A targets file with everything it names, ready to be estimated from.

    Parameters
    ----------
    keys
        Parameters that are estimated, in the order of the schema.
    files
        Everything that was read.
    """

    targets: Targets
    played: tuple[PlayedScenario, ...]
    keys: tuple[str, ...]
    files: tuple[UsedFile, ...]


def shipped_targets() -> list[str]:
    """Names of the targets files that ship."""
    return sorted(path.stem for path in SHELF.glob("*.yaml"))


def load_targets(file: str | Path, overrides: Sequence[str] = ()) -> LoadedTargets:
    """Read a targets file, or one that ships by its name, with its episodes and scenarios.

    Parameters
    ----------
    overrides
        Settings of every scenario, such as ``"seed=7"``.

    Raises
    ------
    ScenarioError
        With every problem found.
    """
    path = SHELF / f"{file}.yaml" if str(file) in shipped_targets() else Path(file)
    loaded = load_scenario(path, (), Targets)
    problems: list[LocatedProblem] = []
    played: list[PlayedScenario] = []
    used = list(loaded.files)
    for number, asked in enumerate(loaded.scenario.targets):
        try:
            one, read = _played(asked, f"targets.{number}", loaded, path, overrides)
            played.append(one)
            used += read
        except ScenarioError as error:
            problems += error.problems
    if not problems and not any(one.fit for one in played):
        problems.append(_at(loaded, Problem("targets", "no moment is left to fit", "moments of purpose fit")))
    if not problems:
        keys, problems = _estimated(loaded, played)
    if problems:
        raise ScenarioError(problems)
    return LoadedTargets(loaded.scenario, tuple(played), keys, tuple(dict.fromkeys(used)))


def _played(
    asked: TargetsOf, key: str, loaded: LoadedScenario[Targets], path: Path, overrides: Sequence[str]
) -> tuple[PlayedScenario, list[UsedFile]]:
    if asked.episode in shipped_episodes():
        episode = shipped_episode(asked.episode)
    else:
        known = f"a file beside this one, or one of {', '.join(shipped_episodes())}"
        episode = load_episode(_beside(asked.episode, f"{key}.episode", loaded, path, known))
    wanted = asked.scenario or episode.scenario.scenario
    if files.resolve_shipped(wanted) is None:
        known = f"a file beside this one, or one of {', '.join(files.shipped_scenarios())}"
        wanted = str(_beside(wanted, f"{key}.scenario" if asked.scenario else key, loaded, path, known))
    scenario = load_scenario(wanted, overrides)
    output = scenario.scenario.output.model_copy(
        update={"paths_without_policy": 0, "test_sale_paths": 0, "agents": False}
    )
    scenario = replace(scenario, scenario=scenario.scenario.model_copy(update={"output": output}))
    moments = {moment.key: moment for moment in episode.scenario.moments}
    problems = [
        _at(loaded, Problem(f"{key}.{where}.{place}", f"{name!r} is no moment of it", "", near=list(moments)))
        for where in ("check", "leave_out", "closer")
        for place, name in enumerate(getattr(asked, where))
        if name not in moments
    ]
    if problems:
        raise ScenarioError(problems)
    found = [each for each in moments.values() if each.kind == "found" and each.key not in asked.leave_out]
    fit = tuple(each for each in found if each.purpose == "fit" and each.key not in asked.check)
    check = tuple(each for each in found if each not in fit)
    closer = frozenset(asked.closer)
    return PlayedScenario(tuple(free_keys(scenario)), scenario, episode.scenario, fit, check, closer), [
        *episode.files,
        *scenario.files,
    ]


def _estimated(
    loaded: LoadedScenario[Targets], played: Sequence[PlayedScenario]
) -> tuple[tuple[str, ...], list[LocatedProblem]]:
    """Parameters to estimate: those named, or all that some scenario leaves at its default."""
    free = {key for one in played for key in one.free}
    named = loaded.scenario.parameters
    problems = [
        _at(
            loaded,
            Problem(f"parameters.{place}", f"every scenario sets {key} itself", "a parameter left open"),
        )
        for place, key in enumerate(named)
        if key not in free
    ]
    wanted = named or [key for key in free if key not in NOT_ESTIMATED]
    return tuple(key for key in priors(Scenario) if key in wanted), problems


def _beside(reference: str, key: str, loaded: LoadedScenario[Targets], path: Path, allowed: str) -> Path:
    folder = path.resolve().parent
    try:
        return files.resolve_reference(reference, folder, folder, files.SCENARIO_SUFFIXES)
    except Problems as refused:
        problems = [replace(each, key=key, allowed=allowed) for each in refused.problems]
        raise ScenarioError(_at(loaded, each) for each in problems) from refused


def _at(loaded: LoadedScenario[Targets], problem: Problem) -> LocatedProblem:
    """A problem at the place of its key in the targets file."""
    return loaded.refused(Problems([problem])).problems[0]
