"""Replay one path of a run alone, with a diary: who was called, who sold and who failed, in order.

The path has the same bits as in the run, because its random numbers are addressed by its number. Nothing is
written to disk.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any

import numpy as np

from simulator.engine.diary import ENTRIES
from simulator.engine.simulate import BlockResult, opening_records, simulate_block

if TYPE_CHECKING:
    from simulator.engine.opening.prepare import Prepared

DIARY_CAPACITY = 200_000
#: Lines that a story gives to one kind of event in one round; the rest share a line.
LINES_OF_A_KIND = 3


@dataclass(frozen=True)
class DiaryEntry:
    """One thing that happened: on which day, in which round, of which kind, in words, and how much in USD billions."""

    day: int
    round: int
    kind: int
    text: str
    amount_bn: float


@dataclass(frozen=True)
class DayRow:
    """A day in a few figures: yields and dislocation of the contracts that moved farthest, flows of the market."""

    day: int
    exogenous_bp: float
    total_bp: float
    dislocation_bp: float
    called_bn: float
    sold_bn: float
    packages_bn: float
    dealer_use: float
    repo_spread_bp: float
    funds_failed: int
    rounds: int


def play_path(prepared: Prepared, path: int) -> BlockResult:
    """Play one path with records of agents and the diary; ``prepared`` was made with ``diary=True``."""
    return simulate_block(prepared, path, 1, agents=True, diary_capacity=DIARY_CAPACITY)


def diary_entries(prepared: Prepared, result: BlockResult) -> Iterator[DiaryEntry]:
    """The diary in words, in the order in which things happened."""
    for day, round_, kind, agent, market, amount in result.diary:
        names = {
            "fund": _name(prepared.funds, agent),
            "dealer": _name(prepared.dealers, agent),
            "manager": _name(prepared.managers, agent),
            "trade": _name(prepared.trades, market),
            "bucket": _name(prepared.buckets, market),
            "hedge": _name(prepared.hedges, market),
            "amount": money(float(amount)),
        }
        text = ENTRIES[int(kind)].format(**names)
        yield DiaryEntry(int(day) + 1, int(round_), int(kind), text, float(amount))


def story(entries: Iterable[DiaryEntry], lines_of_a_kind: int = LINES_OF_A_KIND) -> Iterator[DiaryEntry]:
    """The diary made short: of each kind of event in a round the largest few, and one line for all others.

    Sixty funds called on the same morning are one event to a reader. The order stays that in which things happened,
    by the first of each kind.
    """
    for (day, round_), happened in groupby(entries, key=lambda entry: (entry.day, entry.round)):
        kinds: dict[int, list[DiaryEntry]] = {}
        for entry in happened:
            kinds.setdefault(entry.kind, []).append(entry)
        for kind, alike in kinds.items():
            largest = sorted(alike, key=lambda entry: -abs(entry.amount_bn))
            if len(alike) <= lines_of_a_kind + 1:
                yield from alike
                continue
            yield from largest[:lines_of_a_kind]
            rest = sum(entry.amount_bn for entry in largest[lines_of_a_kind:])
            count = len(alike) - lines_of_a_kind
            yield DiaryEntry(day, round_, kind, f"... and {count} more like this, {money(rest)} in all", rest)


def _name(names: tuple[str, ...], place: float) -> str:
    return names[int(place)] if 0 <= place < len(names) else ""


def money(amount_bn: float) -> str:
    """An amount in words.

    Examples
    --------
    >>> money(1.234), money(0.0567)
    ('$1.23bn', '$56.7mn')
    """
    size = abs(amount_bn)
    sign = "-" if amount_bn < 0.0 else ""
    return f"{sign}${size:,.2f}bn" if size >= 1.0 else f"{sign}${size * 1e3:,.1f}mn"


def day_rows(prepared: Prepared, result: BlockResult) -> list[DayRow]:
    """The days of the path, the opening first; days after a path stopped are left out."""
    opening = opening_records(prepared)

    def days(name: str) -> Any:
        return result.records.with_opening(name, opening)[0]

    total, exogenous, dislocation = (
        days(name) for name in ("cash_yield_change", "fundamental_yield_change", "dislocation")
    )
    called, rounds = days("fund_calls").sum(axis=1), days("rounds")
    moved, widest = _farthest(total), _farthest(dislocation - dislocation[:1])
    return [
        DayRow(
            day=day,
            exogenous_bp=float(exogenous[day, moved]),
            total_bp=float(total[day, moved]),
            dislocation_bp=float(dislocation[day, widest]),
            called_bn=float(called[day]),
            sold_bn=float(days("fund_sales")[day].sum()),
            packages_bn=float(days("fund_packages")[day].sum()),
            dealer_use=float(days("dealer_use")[day]),
            repo_spread_bp=float(days("repo_spread")[day]),
            funds_failed=int(days("funds_failed")[day]),
            rounds=int(rounds[day]),
        )
        for day in range(len(rounds))
        if not np.isnan(rounds[day])
    ]


def farthest_markets(prepared: Prepared, result: BlockResult) -> tuple[str, str]:
    """What `day_rows` follows: bucket of the farthest move of the yield, hedge of that of the dislocation."""
    yields, dislocations = (result.records.of(name)[0] for name in ("cash_yield_change", "dislocation"))
    opening = prepared.parameters.opening.hedges.dislocation_bp
    return prepared.buckets[_farthest(yields)], prepared.hedges[_farthest(dislocations - opening)]


def _farthest(moves: Any) -> int:
    """Place of the largest move on any day, from moves (day, place); days after the path stopped count as none."""
    return int(np.nan_to_num(np.abs(moves)).max(axis=0).argmax())
