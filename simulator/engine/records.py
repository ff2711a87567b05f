"""What is written down at the end of each day: sector totals by default, single agents on request."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.engine.parameters import CALL_COUNT, CHANNELS, Parameters
from simulator.engine.state import (
    TALLY_DEALER_LOSS,
    TALLY_FOREIGN_SOLD,
    TALLY_HEDGED,
    TALLY_LEFT_OVER,
    TALLY_MANAGER_REDEEMED,
    TALLY_OUTRIGHT,
    TALLY_REDEEMED,
    TALLY_ROUNDS,
    TALLY_TAKEN,
    TALLY_WATERFALL,
    State,
)
from simulator.engine.status import RUNNING
from simulator.engine.sums import empty, row_total
from simulator.results.variables import BY_DEALER, BY_FUND, BY_TRADE, OF_MARKET
from simulator.rule import phase

BASIS_POINT = 1e-4
SQRT_TRADING_DAYS = 252.0**0.5


class Records(NamedTuple):
    """Packed records of one block. P paths, D days, T trades, N funds, M dealers; float32 or float64."""

    by_trade: NDArray[np.floating]  # (P, D, variable, T)
    of_market: NDArray[np.floating]  # (P, D, variable)
    sales: NDArray[np.floating]  # (P, D, channel)
    calls: NDArray[np.floating]  # (P, D, call)
    by_fund: NDArray[np.floating]  # (P, D, variable, N); no path when not asked for
    by_dealer: NDArray[np.floating]  # (P, D, variable, M)
    status: NDArray[np.int64]  # (P, 2) status code and the day it arose, -1 when none


def allocate_records(
    paths: int, days: int, trades: int, funds: int, dealers: int, precision: str, agents: bool
) -> Records:
    """Allocate the records of a block: every day of a path that runs is written, see :func:`blank_after_stops`."""
    dtype = np.dtype(precision)
    kept = paths if agents else 0

    def unwritten(*shape: int) -> NDArray[np.floating]:
        return np.empty(shape, dtype)

    status = np.zeros((paths, 2), np.int64)
    status[:, 1] = -1
    return Records(
        by_trade=unwritten(paths, days, len(BY_TRADE), trades),
        of_market=unwritten(paths, days, len(OF_MARKET)),
        sales=unwritten(paths, days, len(CHANNELS)),
        calls=unwritten(paths, days, CALL_COUNT),
        by_fund=unwritten(kept, days, len(BY_FUND), funds),
        by_dealer=unwritten(kept, days, len(BY_DEALER), dealers),
        status=status,
    )


def blank_after_stops(records: Records) -> None:
    """Put NaN where a stopped path wrote nothing: from the day it stopped."""
    for path in np.flatnonzero(records.status[:, 0] != RUNNING):
        for values in records[:-1]:
            values[path : path + 1, records.status[path, 1] :] = np.nan


@phase
def record_day(p: Parameters, s: State, r: Records, path: int, day: int) -> None:
    """Write down the day."""
    record_trades(p, s, r, path, day)
    record_market(p, s, r, path, day)
    for c in range(s.sold_by_channel.shape[0]):
        r.sales[path, day, c] = s.sold_by_channel[c]
    for c in range(s.called_by.shape[0]):
        r.calls[path, day, c] = row_total(s.called_by[c])
    if r.by_fund.shape[0] > 0:
        record_agents(s, r, path, day)


@phase
def record_trades(p: Parameters, s: State, r: Records, path: int, day: int) -> None:
    """Write down every trade, in the order of ``results.variables.BY_TRADE``."""
    row = r.by_trade
    for j in range(s.price.shape[0]):
        extra_bp = s.dislocation_bp[j] - p.opening_dislocation_bp[j]
        shift_bp = s.curve_shift_bp[p.held_bond[j]]
        bonds = s.given_up[j]
        for a in range(s.manager_cash.shape[0]):
            bonds += s.manager_bonds[j, a]
        row[path, day, 0, j] = shift_bp
        row[path, day, 1, j] = shift_bp + s.pressure_bp[j] + p.cash_bp_per_dislocation_bp[j] * extra_bp
        row[path, day, 2, j] = s.pressure_bp[j]
        row[path, day, 3, j] = s.permanent_bp[j]
        row[path, day, 4, j] = s.dislocation_bp[j]
        row[path, day, 5, j] = s.price[j]
        row[path, day, 6, j] = s.hedge[j]
        row[path, day, 7, j] = s.cheapest[j] - p.basket_start[j]
        row[path, day, 8, j] = s.volatility_bp[j] * SQRT_TRADING_DAYS
        row[path, day, 9, j] = s.margin[j]
        row[path, day, 10, j] = s.fund_bonds[j]
        row[path, day, 11, j] = s.dealer_package[j]
        row[path, day, 12, j] = s.estate[j]
        row[path, day, 13, j] = s.central_package[j]
        row[path, day, 14, j] = s.manager_futures[j]
        row[path, day, 15, j] = s.inventory[j]
        row[path, day, 16, j] = bonds
        row[path, day, 17, j] = s.foreign_bonds[j]
        row[path, day, 18, j] = s.central_bonds[j]
        row[path, day, 19, j] = s.end_bonds[j]
        row[path, day, 20, j] = s.sold_by_trade[j]
        row[path, day, 21, j] = s.bought_by_trade[j]
        row[path, day, 22, j] = s.tail_bp[j]


@phase
def record_market(p: Parameters, s: State, r: Records, path: int, day: int) -> None:
    """Write down the market as a whole, in the order of ``results.variables.OF_MARKET``."""
    row = r.of_market
    row[path, day, 0] = s.volatility_multiple[0]
    row[path, day, 1] = s.wholesale_bp[0]
    row[path, day, 2] = s.client_bp[0]
    row[path, day, 3] = mean_haircut(s)
    row[path, day, 4] = s.cost_bp[0]
    row[path, day, 5] = sector_use(p, s)
    highest = 0.0
    capital = 0.0
    offer = 0.0
    failed = 0.0
    for d in range(s.capital.shape[0]):
        highest = max(highest, s.use[d])
        capital += s.capital[d]
        offer += s.offer[d]
        failed += 1.0 - s.dealer_alive[d]
    row[path, day, 6] = highest
    row[path, day, 7] = capital
    row[path, day, 8] = s.borrowed[0]
    row[path, day, 9] = s.fund_repo[0]
    row[path, day, 10] = offer
    row[path, day, 11] = s.tally[TALLY_TAKEN]
    row[path, day, 12] = s.facility[0]
    row[path, day, 13] = row_total(s.equity)
    row[path, day, 14] = row_total(s.cash)
    row[path, day, 15] = row_total(s.drawn)
    row[path, day, 16] = s.tally[TALLY_REDEEMED]
    row[path, day, 17] = s.alive.shape[0] - row_total(s.alive)
    row[path, day, 18] = failed
    row[path, day, 19] = s.tally[TALLY_DEALER_LOSS]
    row[path, day, 20] = s.tally[TALLY_WATERFALL]
    row[path, day, 21] = s.tally[TALLY_MANAGER_REDEEMED]
    row[path, day, 22] = s.tally[TALLY_FOREIGN_SOLD]
    row[path, day, 23] = s.tally[TALLY_OUTRIGHT]
    row[path, day, 24] = s.tally[TALLY_HEDGED]
    row[path, day, 25] = s.tally[TALLY_ROUNDS]
    row[path, day, 26] = s.tally[TALLY_LEFT_OVER]
    row[path, day, 27] = s.policy_rate[0]
    row[path, day, 28] = s.other_repo[0]


@phase
def mean_haircut(s: State) -> float:
    """Haircut of the funds' bonds, weighted by face."""
    weighted, face = s.scratch, s.scratch_too
    empty(weighted)
    empty(face)
    for j in range(s.price.shape[0]):
        haircut, packages = s.haircut[j], s.packages[j]
        for i in range(s.cash.shape[0]):
            weighted[i] += haircut[i] * abs(packages[i])
            face[i] += abs(packages[i])
    total = row_total(face)
    return row_total(weighted) / total if total > 0.0 else 0.0


@phase
def sector_use(p: Parameters, s: State) -> float:
    """Dealers' balance-sheet use at the close, over the sector's limit."""
    used = p.unnetted_share * (s.fund_repo[0] + s.other_repo[0])
    for j in range(s.price.shape[0]):
        used += (abs(s.dealer_package[j]) + abs(s.estate[j]) + abs(s.inventory[j])) * s.price[j]
    for d in range(s.capital.shape[0]):
        used += p.dealer_other_bn[d]
    return used / s.limit_bn[0] if s.limit_bn[0] > 0.0 else 0.0


@phase
def record_agents(s: State, r: Records, path: int, day: int) -> None:
    """Write down each fund and each dealer."""
    for i in range(s.cash.shape[0]):
        packages = 0.0
        for j in range(s.price.shape[0]):
            packages += abs(s.packages[j, i])
        r.by_fund[path, day, 0, i] = s.equity[i]
        r.by_fund[path, day, 1, i] = packages
        r.by_fund[path, day, 2, i] = s.cash[i]
    for d in range(s.capital.shape[0]):
        r.by_dealer[path, day, 0, d] = s.capital[d]
        r.by_dealer[path, day, 1, d] = s.use[d]
