"""The opening books as objects: buckets, hedges, trades, funds, dealers and so on, each with its own numbers.

An object has the figures of its table under the table's names: what it holds (``hedge.margin``), what it opened with
(``hedge.opening.margin``), its orders (``hedge.orders.hedged``) and what is only observed of it
(``bucket.seen.tail_bp``). What belongs to no member stands at the list of them: ``dealers.borrowed``.
"""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np

from simulator.engine.opening.prepare import Prepared
from simulator.engine.parameters import OpeningTerms
from simulator.engine.state import State, all_sizes
from simulator.engine.status import RUNNING
from simulator.model.table import TableRow, leaves, rows
from tests.oracle.plain_rules import RuleBook

#: Lists of objects, by the dimension that runs over them.
LISTS = {
    "bond": "bonds",
    "bucket": "buckets",
    "funding": "fundings",
    "deliverable": "deliverables",
    "hedge": "hedges",
    "trade": "trades",
    "fund": "funds",
    "dealer": "dealers",
    "lender": "lenders",
    "manager": "managers",
    "named_fund": "named_funds",
    "named_dealer": "named_dealers",
}
#: Tables of the books whose rows are spread over members of several lists.
SPREAD = ("orders", "seen")
#: Tables that are no part of a day's meaning.
LEFT_OUT = ("scratch", "checks")


def books() -> Iterator[tuple[str, TableRow]]:
    """Rows of the books that the twin keeps, by dotted name.

    Bonds are priced by the kernel when they may matter, and by the twin when they are asked for.
    """
    for name, row in rows(State).items():
        if name.split(".")[0] not in LEFT_OUT and name != "bonds.price":
            yield name, row


class Members(list[Any]):
    """Objects of one kind; as attributes, what belongs to all of them."""

    def __init__(self, count: int) -> None:
        super().__init__(
            SimpleNamespace(n=n, **{name: SimpleNamespace() for name in ("opening", *SPREAD)})
            for n in range(count)
        )
        self.opening = SimpleNamespace()


class Opening:
    """A market on its opening day."""

    def __init__(self, prepared: Prepared) -> None:
        state, memory = prepared.new_state()
        memory[:] = prepared.opening
        self.p = p = prepared.parameters
        self.sizes = all_sizes(prepared.sizes)
        self.plan = SimpleNamespace(
            **{name: values.tolist() for name, values in prepared.schedule._asdict().items()}
        )
        self.rules = RuleBook(p)
        self.status = RUNNING
        for dimension, name in LISTS.items():
            setattr(self, name, Members(prepared.sizes[dimension]))
        for name in ("others", "accounts", *SPREAD):
            setattr(self, name, SimpleNamespace())
        for name, values in leaves(p.opening):
            self.hand_out(name, rows(OpeningTerms)[name], values, "opening")
        held = dict(leaves(state))
        for name, row in books():
            self.hand_out(name, row, held[name])
        self.introduce()

    def introduce(self) -> None:
        """Let everything know what it belongs to."""
        for bond in self.bonds:
            bond.bucket = self.buckets[bond.opening.bucket_of]
        for bucket in self.buckets:
            bucket.bond = self.bonds[bucket.opening.held_bond]
        for deliverable in self.deliverables:
            deliverable.bond = self.bonds[deliverable.opening.bond]
        start = self.hedges.opening.basket_start
        for hedge in self.hedges:
            hedge.bucket = self.buckets[hedge.opening.bucket_of]
            hedge.basket = self.deliverables[start[hedge.n] : start[hedge.n + 1]]
            hedge.cheapest = hedge.opening.cheapest
        for trade in self.trades:
            trade.bucket = self.buckets[trade.opening.bucket_of]
            trade.hedge = self.hedges[trade.opening.hedge_of]
            trade.funding = self.fundings[trade.opening.funding_of]
        for agents, named, kind in (
            (self.funds, self.named_funds, "fund"),
            (self.dealers, self.named_dealers, "dealer"),
        ):
            told = {getattr(one.opening, kind): one for one in named}
            for agent in agents:
                agent.named = told.get(agent.n)

    def holders(self, name: str, row: TableRow, under: str = "") -> tuple[int, list[Any]]:
        """Who has the parts of a row, and the place of its dimension that runs over them; -1 for no member."""
        table = name.split(".")[0]
        own = table[:-1] if table[:-1] in row.dims else row.dims[-1]
        if own not in LISTS:
            holder = getattr(self, table)
            return -1, [getattr(holder, under) if under else holder]
        under = under or (table if table in SPREAD else "")
        members = getattr(self, LISTS[own])
        return row.dims.index(own), [getattr(member, under) if under else member for member in members]

    def hand_out(self, name: str, row: TableRow, values: Any, under: str = "") -> None:
        """Give everybody the own part of a row."""
        place, holders = self.holders(name, row, under)
        parts = [values] if place < 0 else np.moveaxis(values, place, 0)
        for holder, part in zip(holders, parts, strict=True):
            mine = part.tolist()
            setattr(holder, name.split(".")[1], mine[0] if row.dims == ("one",) else mine)

    def row(self, name: str) -> Any:
        """A row of the books by its dotted name, put together from everybody's part."""
        row = rows(State)[name]
        place, holders = self.holders(name, row)
        parts = [getattr(holder, name.split(".")[1]) for holder in holders]
        if not parts:
            return np.zeros([self.sizes[dim] for dim in row.dims])
        if place < 0:
            return np.array(parts[0] if row.dims != ("one",) else parts, np.float64)
        return np.moveaxis(np.array(parts, np.float64), 0, place)

    def pay(self, payer: int, payee: int, amount: float) -> None:
        """Cash goes from one sector to another."""
        self.accounts.cash[payer] -= amount
        self.accounts.cash[payee] += amount
