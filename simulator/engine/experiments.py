"""The paths of a block played again otherwise, on the same draws: without policy, and with a test sale.

What differs between two plays of a path is the effect of what was changed, and nothing else.

*Without policy.* The first paths of a run are played again without the policy that acts after the opening
(:mod:`simulator.engine.opening.policy`).

*Test sales.* Each of the first paths is played again up to a day of its own, on which one small sale is added to what
happens on it: on paths with an even number foreign holders sell more bonds, in the mix in which bonds are outstanding;
on the others a client of the dealers unwinds packages, in the mix in which funds opened with them: it repays its repo,
sells the bonds and buys the hedges back. How prices at the close of that day differ, over what was sold, is what $100bn
more of sales costs at the time. The days are spread evenly over the horizon, whatever the number of paths.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from simulator.engine.block import run_block
from simulator.engine.opening.prepare import Prepared
from simulator.engine.parameters import Schedule, World
from simulator.engine.records import Records, allocate_records, blank_after_stops, some_paths
from simulator.engine.simulate import draw_world, play_world
from simulator.engine.status import RUNNING
from simulator.evenly import GOLDEN_RATIO
from simulator.model.compiled import refer
from simulator.model.table import Floats, rows
from simulator.results.variables import (
    PLAYED_WITHOUT_POLICY,
    SALE_IMPACT,
    TEST_SALE_DAY,
    UNWIND_IMPACT,
    WITHOUT_POLICY,
)
from simulator.scenario.parameter_sets import PATHS_A_SET, paths_of_each_set

if TYPE_CHECKING:
    from simulator.results.store import BlockRecords

#: A test sale is this share of the bonds outstanding: about $10bn of Treasuries, the size of a day's flow.
TEST_SALE_SHARE = 0.001
#: A sale that was not carried out to this share of itself, for want of bonds, tells nothing.
CARRIED_OUT = 0.01

#: The world of no path.
NOTHING = World(*(np.zeros((0,) * len(row.dims)) for row in rows(World).values()))

Values = NDArray[np.floating]


@dataclass(frozen=True)
class BlockPlays:
    """Records of a block, and what playing its paths again added, by name; paths not played again are NaN."""

    played: Records
    again: dict[str, Values] = field(default_factory=dict)

    @property
    def status(self) -> NDArray[np.int64]:
        """Status code of each path as it was played, and the day it arose."""
        return self.played.status

    def of(self, name: str) -> Values:
        """A variable by name."""
        return self.again[name] if name in self.again else self.played.of(name)

    def with_opening(self, name: str, opening: BlockRecords) -> Values:
        """A variable by name, the opening before its days: policy that acts later has not changed it."""
        if name not in self.again:
            return self.played.with_opening(name, opening)
        days = self.again[name]
        first = opening.of(name.removesuffix(WITHOUT_POLICY))
        return np.concatenate([np.broadcast_to(first, (len(days), *first.shape[1:])), days], axis=1)


def play_again(prepared: Prepared, first_path: int, played: Records) -> BlockPlays:
    """Play those paths of a block again that the scenario wants played without policy or with a test sale.

    They are the first ones; over parameter sets the first of each, so that what they tell is told of all sets.
    """
    scenario = prepared.scenario
    wanted = scenario.output.paths_without_policy, scenario.output.test_sale_paths
    if prepared.variants is None:
        left_alone, tested = (most - first_path for most in wanted)
        return BlockPlays(played, _again(prepared, first_path, played, left_alone, tested))
    parts = []
    for variant, first, count in prepared.variants.stretches(first_path, len(played.status)):
        left_alone, tested = (
            paths_of_each_set(most, scenario.paths) - first % PATHS_A_SET for most in wanted
        )
        some = some_paths(played, first - first_path, count)
        parts.append(_again(variant, first, some, left_alone, tested))
    return BlockPlays(played, {name: np.concatenate([part[name] for part in parts]) for name in parts[0]})


def _again(
    prepared: Prepared, first_path: int, played: Records, left_alone: int, tested: int
) -> dict[str, Values]:
    """What playing so many paths of a stretch again adds, by name."""
    output, paths = prepared.scenario.output, len(played.status)
    again: dict[str, Values] = {}
    left_alone, tested = (min(max(most, 0), paths) for most in (left_alone, tested))
    count = max(left_alone, tested)
    world = draw_world(prepared, first_path, count) if count else NOTHING
    if prepared.without_policy is not None and output.paths_without_policy:
        again |= _left_alone(prepared, _first(world, left_alone), played)
    if output.test_sale_paths:
        again |= _test_sales(prepared, first_path, _first(world, tested), played)
    return again


def _first(world: World, paths: int) -> World:
    return World(*(part[:paths] for part in world))


def _left_alone(prepared: Prepared, world: World, played: Records) -> dict[str, Values]:
    """The variables that are stored of the first paths without policy."""
    paths, days = world.volatility_multiple.shape
    found = {name: np.full_like(played.of(name), np.nan) for name in PLAYED_WITHOUT_POLICY}
    if paths and prepared.without_policy is not None:
        records = _records(prepared, paths, days)
        parameters, schedule = prepared.without_policy
        play_world(prepared, world, records, parameters=parameters, schedule=schedule)
        blank_after_stops(records)
        for name, values in found.items():
            values[:paths] = records.of(name)
    return {f"{name}{WITHOUT_POLICY}": values for name, values in found.items()}


def _records(prepared: Prepared, paths: int, days: int) -> Records:
    return allocate_records(paths, days, prepared.sizes, prepared.scenario.output.precision, agents=False)


def _test_sales(prepared: Prepared, first_path: int, world: World, played: Records) -> dict[str, Values]:
    """Day of the test sale of each path, and what it did to yields or to dislocations, bp for each $100bn."""
    dtype, (paths, horizon) = played.of("rounds").dtype, played.of("rounds").shape
    found = {
        TEST_SALE_DAY.name: np.full(paths, np.nan, dtype),
        SALE_IMPACT.name: np.full((paths, prepared.sizes["bucket"]), np.nan, dtype),
        UNWIND_IMPACT.name: np.full((paths, prepared.sizes["hedge"]), np.nan, dtype),
    }
    schedule = Schedule(*(row.copy() for row in prepared.schedule))
    records = _records(prepared, 1, horizon)
    # What is the same for all paths is referred to once: to refer to a table takes longer than to play some days.
    state, memory = prepared.new_state()
    tables, books, kept = (refer(prepared.parameters), refer(schedule)), refer(state), refer(records)
    bonds, packages = sale_bn(prepared), unwinding_bn(prepared)
    size_bn = float(bonds.sum())
    per_100bn, against = 100.0 / size_bn, np.where(packages == 0.0, np.nan, np.sign(packages))
    for k in range(len(world.volatility_multiple)):
        is_sale, day = (first_path + k) % 2 == 0, day_of_test(first_path + k, horizon)
        if np.isnan(played.of("rounds")[k, day]) or not (bonds if is_sale else packages).any():
            continue
        _add_sale(prepared, schedule, day, *((bonds, None) if is_sale else (None, packages)))
        records.status[:] = RUNNING
        rows = refer(_days(world, k, day + 1))
        run_block(*tables, rows, books, memory, prepared.opening, kept)
        for row, as_it_is in zip(schedule, prepared.schedule, strict=True):
            row[day : day + 1] = as_it_is[day : day + 1]
        if records.status[0, 0] != RUNNING:
            continue
        sold = float(_change(records, played, k, day, "foreign_sales"))
        if abs(sold - float((bonds if is_sale else packages).sum())) > CARRIED_OUT * size_bn:
            continue
        found[TEST_SALE_DAY.name][k] = day + 1
        if is_sale:
            found[SALE_IMPACT.name][k] = per_100bn * _change(records, played, k, day, "cash_yield_change")
        else:
            found[UNWIND_IMPACT.name][k] = (
                per_100bn * against * _change(records, played, k, day, "dislocation")
            )
    return found


def _change(again: Records, played: Records, path: int, day: int, name: str) -> Values:
    """What playing a path again changed of a variable on a day."""
    change: Values = again.of(name)[0, day].astype(np.float64) - played.of(name)[path, day]
    return change


def _days(world: World, path: int, days: int) -> World:
    """The first days of one path of a world."""
    return World(*(part[path : path + 1, :days] for part in world))


def day_of_test(path: int, horizon: int) -> int:
    """Row of the schedule of the day on which a path is tested; both kinds of sale share the days."""
    return int(path // 2 * GOLDEN_RATIO % 1.0 * horizon)


def sale_bn(prepared: Prepared) -> Floats:
    """Bonds of a test sale by bucket, in the mix in which they are outstanding."""
    sale: Floats = TEST_SALE_SHARE * prepared.parameters.opening.buckets.outstanding_bn
    return sale


def unwinding_bn(prepared: Prepared) -> Floats:
    """Packages of a test unwinding by hedge, in the mix in which funds opened with them, short ones negative.

    Hedges that nobody beside funds and dealers holds are left out; zeros where nothing is left.
    """
    opening = prepared.parameters.opening
    packages = np.zeros(prepared.sizes["hedge"])
    np.add.at(packages, opening.trades.hedge_of, opening.funds.packages_bn.sum(axis=1))
    packages[opening.hedges.demand_bn == 0.0] = 0.0
    held = float(np.abs(packages).sum())
    size_bn = TEST_SALE_SHARE * float(opening.buckets.outstanding_bn.sum())
    return packages * (size_bn / held) if held > 0.0 else packages


def _add_sale(
    prepared: Prepared, schedule: Schedule, day: int, bonds: Floats | None, packages: Floats | None
) -> None:
    """Add a test sale to a day of the schedule, in the terms of the scenario's own events."""
    opening = prepared.parameters.opening
    if bonds is not None:
        schedule.foreign_sale_bn[day] += bonds
    if packages is not None:
        bucket_of, demand = opening.hedges.bucket_of, opening.hedges.demand_bn
        np.add.at(schedule.foreign_sale_bn[day], bucket_of, packages)
        schedule.client_repo_bn[day] -= float(packages @ opening.buckets.price[bucket_of])
        schedule.hedge_demand_shift[day] += np.divide(
            packages, demand, out=np.zeros_like(packages), where=demand != 0.0
        )
