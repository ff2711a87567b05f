"""What is written down at the end of each day: rows of the books, as the table of variables names them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import accumulate
from math import prod
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.engine.hedges.kinds import repo_in_price
from simulator.engine.loops import (
    each_bucket,
    each_dealer,
    each_fund,
    each_hedge,
    each_manager,
    each_trade,
    empty,
    row_total,
)
from simulator.engine.parameters import TRADING_DAYS_PER_YEAR, Parameters
from simulator.engine.phases.dealers import sector_use
from simulator.engine.phases.named import observe_named
from simulator.engine.phases.speculators import observe_turnover
from simulator.engine.state import State, all_sizes
from simulator.engine.status import RUNNING
from simulator.model.compiled import are_apart
from simulator.model.table import Floats, Ints, places
from simulator.results.variables import GROUPS, PLACES
from simulator.rule import phase

if TYPE_CHECKING:
    from simulator.results.store import BlockRecords

#: Records without paths and days.
ABSENT = np.zeros((0, 0, 0, 0))
SQRT_TRADING_DAYS = TRADING_DAYS_PER_YEAR**0.5


class Packed(NamedTuple):
    """Where each variable of a group begins in the books' memory (``of``), and its records in one of two widths.

    The kernel takes both, so that it is compiled once: the width that is not wanted is :data:`ABSENT`. A variable lies
    as it is stored, path by path with room for the opening before the days, so that storing it needs no copy.
    """

    of: Ints  # (variable,)
    single: NDArray[np.float32]  # (variable, path, 1 + day, place)
    double: NDArray[np.float64]

    @classmethod
    def holding(cls, of: Ints, values: NDArray[np.floating]) -> Packed:
        """Records in the width that they have."""
        is_double = values.dtype == np.float64
        return cls(
            of,
            ABSENT.astype(np.float32) if is_double else values.astype(np.float32, copy=False),
            values.astype(np.float64, copy=False) if is_double else ABSENT,
        )

    @property
    def values(self) -> NDArray[np.floating]:
        """The records, (variable, path, 1 + day, place)."""
        return self.double if len(self.double) else self.single


class Records(NamedTuple):
    """Packed records of one block, by group of variables; all in single or all in double precision."""

    by_bucket: Packed
    by_hedge: Packed
    by_trade: Packed
    of_market: Packed
    sales: Packed
    calls: Packed
    by_sector: Packed
    by_fund: Packed
    by_dealer: Packed
    by_named_fund: Packed
    named_packages: Packed
    named_calls: Packed
    named_sales: Packed
    named_limits: Packed
    by_named_dealer: Packed
    status: NDArray[np.int64]  # (path, 2) status code and the day it arose, -1 when none

    def of(self, name: str) -> NDArray[np.floating]:
        """A variable by name: (path, day) and its own dimensions if it has any."""
        return self._with_room(name)[:, 1:]

    def with_opening(self, name: str, opening: BlockRecords) -> NDArray[np.floating]:
        """A variable by name, (path, 1 + day) and its own dimensions: the same numbers, the opening before them."""
        values = self._with_room(name)
        values[:, :1] = opening.of(name)
        return values

    def _with_room(self, name: str) -> NDArray[np.floating]:
        group, place = PLACES[name]
        values: NDArray[np.floating] = getattr(self, group.name).values[place]
        if len(group.dims) > 1:  # the last one is that of the named funds
            named = self.by_named_fund.values.shape[3]
            return values.reshape(*values.shape[:2], values.shape[2] // max(named, 1), named)
        return values if group.dims else values[..., 0]


are_apart(Records)


def allocate_records(
    paths: int, days: int, sizes: Mapping[str, int], precision: str, agents: bool
) -> Records:
    """Allocate the records of a block: every day of a path that runs is written, see :func:`blank_after_stops`.

    ``sizes`` are those of the market's dimensions; records of single agents have no path when not asked for.
    """
    size = all_sizes(sizes)
    begin = places(State, size)
    shapes = [
        (
            len(group.variables),
            paths if agents or group.kept != "agents" else 0,
            1 + days,
            prod(size[dim] for dim in group.dims),
        )
        for group in GROUPS
    ]
    # One piece of memory: freed piece by piece, it would go back to the system and be asked for again every block.
    ends = list(accumulate(map(prod, shapes)))
    parts = np.split(np.empty(ends[-1], np.dtype(precision)), ends[:-1])
    packed: dict[str, Any] = {}
    for group, shape, part in zip(GROUPS, shapes, parts, strict=True):
        of = np.array([begin[variable.of] for variable in group.variables], np.int64)
        packed[group.name] = Packed.holding(of, part.reshape(shape))
    status = np.zeros((paths, 2), np.int64)
    status[:, 1] = -1
    return Records(**packed, status=status)


def joined(parts: Sequence[Records]) -> Records:
    """Records of several stretches of paths as those of one."""
    groups = [
        Packed.holding(packed[0].of, np.concatenate([part.values for part in packed], axis=1))
        for packed in zip(*(part[:-1] for part in parts), strict=True)
    ]
    return Records(*groups, status=np.concatenate([part.status for part in parts]))  # type: ignore[arg-type,misc]


def some_paths(records: Records, first: int, count: int) -> Records:
    """The records of some of the paths, in the same memory."""
    groups = [Packed.holding(packed.of, packed.values[:, first : first + count]) for packed in records[:-1]]
    return Records(*groups, status=records.status[first : first + count])  # type: ignore[arg-type,misc]


def blank_after_stops(records: Records) -> None:
    """Put NaN where a stopped path wrote nothing: from the day it stopped."""
    for path in np.flatnonzero(records.status[:, 0] != RUNNING):
        for group in records[:-1]:
            group.values[:, path : path + 1, 1 + records.status[path, 1] :] = np.nan


@phase
def record_day(p: Parameters, s: State, memory: Floats, r: Records, path: int, day: int) -> None:
    """Write down the day: observe what no book holds, then copy the rows of the books."""
    observe_markets(p, s)
    observe_dealers(p, s)
    observe_funds(s)
    copy_rows(memory, r.by_bucket, path, day)
    copy_rows(memory, r.by_hedge, path, day)
    copy_rows(memory, r.by_trade, path, day)
    copy_rows(memory, r.of_market, path, day)
    copy_rows(memory, r.sales, path, day)
    copy_rows(memory, r.calls, path, day)
    copy_rows(memory, r.by_sector, path, day)
    if paths_of(r.by_fund) > 0:
        observe_each_fund(s)
        copy_rows(memory, r.by_fund, path, day)
        copy_rows(memory, r.by_dealer, path, day)
    if places_of(r.by_named_fund) + places_of(r.by_named_dealer) > 0:
        observe_named(p, s)
        copy_rows(memory, r.by_named_fund, path, day)
        copy_rows(memory, r.named_packages, path, day)
        copy_rows(memory, r.named_calls, path, day)
        copy_rows(memory, r.named_sales, path, day)
        copy_rows(memory, r.named_limits, path, day)
        copy_rows(memory, r.by_named_dealer, path, day)


@phase
def paths_of(packed: Packed) -> int:
    """Paths of a group's records, in whichever precision."""
    return packed.single.shape[1] + packed.double.shape[1]


@phase
def places_of(packed: Packed) -> int:
    """Places of a group's variables, in whichever precision."""
    return packed.single.shape[3] + packed.double.shape[3]


@phase
def copy_rows(memory: Floats, packed: Packed, path: int, day: int) -> None:
    """Copy the rows of a group from the books' memory."""
    of, single, double = packed.of, packed.single, packed.double
    for variable in range(of.shape[0]):
        for place in range(single.shape[3]):
            single[variable, path, 1 + day, place] = memory[of[variable] + place]
        for place in range(double.shape[3]):
            double[variable, path, 1 + day, place] = memory[of[variable] + place]


@phase
def observe_markets(p: Parameters, s: State) -> None:
    """Take what the records show of buckets, hedges and fundings and no book holds."""
    seen = s.seen
    for b in each_bucket(s):
        shift_bp = s.bonds.curve_shift_bp[p.opening.buckets.held_bond[b]]
        seen.fundamental_change_bp[b] = shift_bp
        seen.cash_yield_change_bp[b] = shift_bp + s.buckets.pressure_bp[b] + s.buckets.basis_bp[b]
        seen.manager_bonds[b] = 0.0
    for h in each_hedge(s):
        seen.manager_bonds[p.opening.hedges.bucket_of[h]] += s.hedges.given_up[h]
        seen.cheapest_place[h] = s.hedges.cheapest[h] - p.opening.hedges.basket_start[h]
        seen.volatility_year_bp[h] = s.hedges.volatility_bp[h] * SQRT_TRADING_DAYS
        seen.implied_repo[h] = repo_in_price(p, s, h)
    observe_turnover(p, s)
    for b in each_bucket(s):
        for a in each_manager(s):
            seen.manager_bonds[b] += s.managers.bonds[b, a]
    seen.wholesale_repo_bp[0] = s.fundings.wholesale_bp[0]
    seen.client_repo_bp[0] = s.fundings.client_bp[0]
    seen.policy_rate[0] = s.fundings.policy_rate[0]


@phase
def observe_dealers(p: Parameters, s: State) -> None:
    """Take what the records show of all dealers together."""
    highest = 0.0
    capital = 0.0
    offer = 0.0
    failed = 0.0
    for d in each_dealer(s):
        highest = max(highest, s.dealers.use[d])
        capital += s.dealers.capital[d]
        offer += s.dealers.offer[d]
        failed += 1.0 - s.dealers.alive[d]
    s.seen.dealer_use[0] = sector_use(p, s)
    s.seen.dealer_use_highest[0] = highest
    s.seen.dealer_capital[0] = capital
    s.seen.lender_offer[0] = offer
    s.seen.dealers_failed[0] = failed


@phase
def observe_funds(s: State) -> None:
    """Take what the records show of all funds together."""
    s.seen.mean_haircut[0] = mean_haircut(s)
    s.seen.fund_equity[0] = row_total(s.funds.equity)
    s.seen.fund_cash[0] = row_total(s.funds.cash)
    s.seen.fund_drawn[0] = row_total(s.funds.drawn)
    s.seen.fund_loans[0] = 0.0
    for j in each_trade(s):
        s.seen.fund_loans[0] += row_total(s.funds.loan[j])
    s.seen.funds_failed[0] = s.funds.alive.shape[0] - row_total(s.funds.alive)
    for c in range(s.seen.called_in_all.shape[0]):
        s.seen.called_in_all[c] = row_total(s.seen.called[c])


@phase
def mean_haircut(s: State) -> float:
    """Haircut of the funds' bonds, weighted by face."""
    weighted, face = s.scratch.first, s.scratch.second
    empty(weighted)
    empty(face)
    for j in each_trade(s):
        haircut, packages = s.funds.haircut[j], s.funds.packages[j]
        for i in each_fund(s):
            weighted[i] += haircut[i] * abs(packages[i])
            face[i] += abs(packages[i])
    total = row_total(face)
    return row_total(weighted) / total if total > 0.0 else 0.0


@phase
def observe_each_fund(s: State) -> None:
    """Add up each fund's packages, all trades, absolute."""
    book, packages = s.seen.fund_book, s.funds.packages
    empty(book)
    for j in each_trade(s):
        for i in each_fund(s):
            book[i] += abs(packages[j, i])
