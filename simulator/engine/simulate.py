"""Draw the drivers of a block of paths and play it: the one function that the ensemble calls."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulator.drivers.block import draw_block
from simulator.engine.alignment import aligned_copy
from simulator.engine.block import run_block
from simulator.engine.opening import Prepared
from simulator.engine.parameters import Floats, World
from simulator.engine.records import Records, allocate_records, blank_after_stops


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
    scenario = prepared.scenario
    drivers = draw_block(
        prepared.driver_spec,
        scenario.seed,
        first_path,
        path_count,
        int(scenario.horizon),
        scenario.drivers.sampling,
    )
    world = World(
        np.ascontiguousarray(drivers.curve_change_bp),
        np.ascontiguousarray(drivers.volatility_multiplier),
        np.ascontiguousarray(drivers.flow_noise),
    )
    state, buffer = prepared.new_scratch(diary_capacity)
    records = allocate_records(
        path_count,
        int(scenario.horizon),
        len(prepared.trades),
        len(prepared.funds),
        len(prepared.dealers),
        scenario.output.precision,
        agents,
    )
    parameters = aligned_copy(prepared.parameters)
    run_block(parameters, prepared.schedule, world, state, buffer, prepared.opening, records)
    blank_after_stops(records)
    written = min(int(state.diary_count[0]), diary_capacity)
    return BlockResult(records, state.audit_worst, state.audit_day, state.diary[:written])
