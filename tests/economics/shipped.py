"""The shipped scenarios, to be played with some settings changed; in float64, so that one kernel serves."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from simulator.engine.opening.prepare import Prepared, prepare
from simulator.engine.records import allocate_records
from simulator.engine.simulate import BlockResult, draw_world, opening_records, play_world, simulate_block
from simulator.engine.state import State
from simulator.ensemble.description import layout_of
from simulator.results.layout import Days
from simulator.scenario.loading import load_scenario

SCENARIOS = Path(__file__).parents[2] / "scenarios"
NAMES = sorted(path.stem for path in SCENARIOS.glob("*.yaml"))

#: Nothing happens: no events, no randomness, no programme of the central bank.
AT_REST = (
    "events=[]",
    "drivers.model=none",
    "drivers.noise=0.0",
    "central_bank.outright.mode=off",
    "central_bank.hedged.mode=off",
    "central_bank.leverage_relief=1x",
)


@dataclass(frozen=True)
class Played:
    """A scenario and what one block of its paths left behind."""

    prepared: Prepared
    result: BlockResult

    def of(self, name: str) -> NDArray[np.floating]:
        """One variable by path, day and its own dimension if it has one."""
        values: NDArray[np.floating] = self.result.records.of(name)
        return values

    def days(self, names: Collection[str]) -> Days:
        """Some variables as they would be stored, the opening first."""
        opening, paths = opening_records(self.prepared), len(self.result.records.status)
        arrays = {
            name: np.concatenate([np.repeat(opening.of(name), paths, axis=0), self.of(name)], axis=1)
            for name in names
        }
        return Days(arrays, layout_of(self.prepared.scenario, self.prepared))


def with_events(*events: str) -> str:
    """The setting that makes these the scenario's events, and no others."""
    return f"events=[{', '.join(events)}]"


@lru_cache(maxsize=64)
def opened(name: str, *settings: str, audit: bool = False) -> Prepared:
    """A shipped scenario with its opening books."""
    loaded = load_scenario(SCENARIOS / f"{name}.yaml", ("output.precision=float64", *settings))
    return prepare(loaded.scenario, loaded.data_files, audit=audit)


def played(
    name: str, *settings: str, paths: int = 1, first: int = 0, audit: bool = False, agents: bool = False
) -> Played:
    """Play some paths of a shipped scenario, changed by ``settings`` as on the command line."""
    prepared = opened(name, *settings, audit=audit)
    return Played(prepared, simulate_block(prepared, first, paths, agents=agents))


def closing_books(prepared: Prepared, path: int = 0) -> State:
    """Books of one path at the close of its last day."""
    days = int(prepared.scenario.horizon)
    return play_world(
        prepared,
        draw_world(prepared, path, 1),
        allocate_records(1, days, prepared.sizes, "float64", agents=True),
    )
