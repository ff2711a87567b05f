"""The episodes that ship, and how an episode is found: by name, by its scenario, or in a file of the user's."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from simulator.history.episode import Episode
from simulator.scenario.loading import LoadedScenario, load_scenario

EPISODES = Path(__file__).resolve().parent / "episodes"


def shipped_episodes() -> list[str]:
    """Names of the episodes that ship."""
    return sorted(path.stem for path in EPISODES.glob("*.yaml"))


def load_episode(file: str | Path) -> LoadedScenario[Episode]:
    """Read and check an episode file, with the tables that it names.

    Raises
    ------
    ScenarioError
        With every problem found, each at its line and column; nothing else is raised.
    """
    return load_scenario(Path(file), (), Episode)


@cache
def shipped_episode(name: str) -> LoadedScenario[Episode]:
    """An episode that ships, by its name."""
    return load_episode(_path(name))


def episode_of(scenario: str) -> LoadedScenario[Episode] | None:
    """The shipped episode that a scenario plays; none if history has nothing to say of it."""
    # To see that a text does not name the scenario takes a hundredth of reading and checking all that it says.
    naming = [name for name in shipped_episodes() if scenario in _path(name).read_text(encoding="utf-8")]
    found = (shipped_episode(name) for name in naming)
    return next((episode for episode in found if scenario in episode.scenario.played_by), None)


def _path(name: str) -> Path:
    return EPISODES / f"{name}.yaml"
