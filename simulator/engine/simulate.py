"""Draw the drivers of a block of paths and play it: the one function that the ensemble calls."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulator.drivers.block import FLOW_STREAMS, draw_block
from simulator.engine.block import run_block
from simulator.engine.opening.prepare import Prepared
from simulator.engine.parameters import Parameters, Schedule, World
from simulator.engine.records import Records, allocate_records, blank_after_stops, joined
from simulator.engine.state import State
from simulator.model.compiled import refer
from simulator.model.table import Floats, rows

FLOW_COUNT = len(FLOW_STREAMS)


@dataclass(frozen=True)
class BlockResult:
    """What a block leaves behind.

    Attributes
    ----------
    records
        Packed records; see :mod:`simulator.results.variables`.
    audit_worst, audit_day
        Largest residual in USD billions and its day, (identity, stage); zeros when the audit is off.
    diary
        Entries (entry, 6) of the last path played; empty when not asked for.
    """

    records: Records
    audit_worst: Floats
    audit_day: NDArray[np.int64]
    diary: Floats


def simulate_block(
    prepared: Prepared, first_path: int, path_count: int, *, agents: bool = False, diary_capacity: int = 0
) -> BlockResult:
    """Play paths ``first_path`` to ``first_path + path_count - 1``: the same bits in whatever block they are."""
    if prepared.variants is not None:
        return _joined(
            [
                simulate_block(variant, first, count, agents=agents, diary_capacity=diary_capacity)
                for variant, first, count in prepared.variants.stretches(first_path, path_count)
            ]
        )
    scenario = prepared.scenario
    world = draw_world(prepared, first_path, path_count)
    records = allocate_records(
        path_count, int(scenario.horizon), prepared.sizes, scenario.output.precision, agents
    )
    state = play_world(prepared, world, records, diary_capacity)
    blank_after_stops(records)
    written = min(int(state.checks.diary_count[0]), diary_capacity)
    return BlockResult(
        records, state.checks.audit_worst, state.checks.audit_day, state.checks.diary[:written]
    )


def _joined(parts: list[BlockResult]) -> BlockResult:
    """Stretches of paths as one block: the worst residual of any, the diary of the last."""
    worst = np.array([part.audit_worst for part in parts])
    days = np.array([part.audit_day for part in parts])
    place = worst.argmax(axis=0)[None]
    return BlockResult(
        joined([part.records for part in parts]),
        np.take_along_axis(worst, place, axis=0)[0],
        np.take_along_axis(days, place, axis=0)[0],
        parts[-1].diary,
    )


def draw_world(prepared: Prepared, first_path: int, path_count: int) -> World:
    """The drivers of some paths: the same bits in whatever block they are drawn."""
    scenario = prepared.scenario
    drivers = draw_block(
        prepared.driver_spec,
        scenario.seed,
        first_path,
        path_count,
        int(scenario.horizon),
        scenario.drivers.sampling,
    )
    return World(
        np.ascontiguousarray(drivers.curve_change_bp),
        np.ascontiguousarray(drivers.volatility_multiplier),
        np.ascontiguousarray(drivers.flow_noise),
        np.ascontiguousarray(drivers.equity_change),
        np.ascontiguousarray(drivers.credit_change_bp),
        np.ascontiguousarray(drivers.hedge_demand),
        np.ascontiguousarray(drivers.defaulted),
    )


def openings_of_paths(prepared: Prepared, first_path: int, path_count: int, *, agents: bool) -> Records:
    """Records of the opening of each path, one day: those of its parameter set."""
    assert prepared.variants is not None
    parts = []
    for variant, _, count in prepared.variants.stretches(first_path, path_count):
        parts += [opening_records(variant, agents=agents)] * count
    return joined(parts)


def opening_records(prepared: Prepared, *, agents: bool = False) -> Records:
    """Records of one path with one day, the opening."""
    sizes = {**prepared.sizes, "path": 1, "day": 0, "stream": FLOW_COUNT}
    nothing = World(*(np.zeros([sizes[size] for size in row.dims]) for row in rows(World).values()))
    records = allocate_records(1, 1, prepared.sizes, prepared.scenario.output.precision, agents)
    play_world(prepared, nothing, records)
    return records


def play_world(
    prepared: Prepared,
    world: World,
    records: Records,
    diary_capacity: int = 0,
    *,
    parameters: Parameters | None = None,
    schedule: Schedule | None = None,
) -> State:
    """Play the paths of a world into records; returns the books as the last path left them.

    Other parameters or another schedule may stand in for those of the scenario.
    """
    state, memory = prepared.new_state(diary_capacity)
    run_block(
        refer(parameters or prepared.parameters),
        refer(schedule or prepared.schedule),
        refer(world),
        refer(state),
        memory,
        prepared.opening,
        refer(records),
    )
    return state
