"""The diary of a path for readers: each day in a few sentences, what mattered, in the order in which it happened."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING

import numpy as np

from simulator.engine import diary
from simulator.report.words import amount, day_in_words, listed

if TYPE_CHECKING:
    from simulator.engine.opening.prepare import Prepared
    from simulator.engine.simulate import BlockResult

#: A day's entries of one kind, as one sentence.
TOLD = {
    diary.CALLED_VARIATION: "Variation margin: {who} must pay {amount}.",
    diary.CALLED_COLLATERAL: "Lower prices of pledged bonds: {who} must pay lenders {amount}.",
    diary.CALLED_CARRY: "Carry: the trade costs {who} {amount} more than it earns.",
    diary.CALLED_INTEREST: "Repo interest: {who} must pay {amount} more.",
    diary.CALLED_INITIAL: "Initial margin: {who} must post {amount}.",
    diary.CALLED_HAIRCUT: "Higher haircuts: {who} must find {amount}.",
    diary.CALLED_ROLL: "Repo of {amount} to {who} is not rolled over.",
    diary.CALLED_REDEMPTION: "Investors redeem {amount} from {who}.",
    diary.CALLED_OTHER: "Losses of other strategies: {who} must pay {amount}.",
    diary.DREW_LINE: "Committed lines: {amount} drawn by {who}.",
    diary.SOLD_OTHER: "Other strategies are turned into {amount} of cash by {who}.",
    diary.FORCED_SALE: "Short of cash, {who} must sell {amount}{trades}.",
    diary.LIMIT_SALE: "Cuts at own limits: {amount}{trades} by {who}.",
    diary.ENTERED: "Purchases of {amount}{trades} by {who}.",
    diary.FUND_DEFAULT: "Default of {who}: dealers seize bonds worth {amount}.",
    diary.TOOK_BACK: "Repo of {amount} is taken back from clients by {who}.",
    diary.DEALER_DEFAULT: "Default of {who}, with {amount} of capital missing.",
    diary.DEALER_RESCUE: "No other dealer is left: the public puts {amount} of capital into {who}.",
    diary.FACILITY_LENT: "The standing repo facility lends {amount} to {who}.",
    diary.BOUGHT_OUTRIGHT: "The central bank buys {amount} outright{trades}.",
    diary.BOUGHT_PACKAGES: "The central bank buys {amount} of hedged positions{trades}.",
    diary.SOLD_OUTRIGHT: "The central bank sells {amount} outright{trades}.",
    diary.SOLD_PACKAGES: "The central bank sells {amount} of hedged positions{trades}.",
    diary.SWITCHED: "Another bond becomes cheapest to deliver{trades}.",
    diary.FOREIGN_SOLD: "Foreign holders sell {amount}{trades}.",
    diary.MANAGERS_SOLD: "Redemptions: bonds of {amount} are sold by {who}.",
    diary.AUCTION_LEFT: "Dealers are left with {amount} at auction{trades}.",
    diary.WATERFALL_PAID: "The clearing house's waterfall pays {amount}.",
    diary.SELLER_DEFAULT: "A seller of protection defaults{trades}: its buyers lose {amount}.",
}
#: What is told however small.
ALWAYS = (
    diary.FUND_DEFAULT,
    diary.DEALER_DEFAULT,
    diary.DEALER_RESCUE,
    diary.WATERFALL_PAID,
    diary.SELLER_DEFAULT,
)
#: Told only beside something else: what the scenario or policy does day after day.
ROUTINE = (
    diary.SWITCHED, diary.CALLED_REDEMPTION, diary.ENTERED, diary.FOREIGN_SOLD, diary.MANAGERS_SOLD, diary.AUCTION_LEFT,
    diary.BOUGHT_OUTRIGHT, diary.BOUGHT_PACKAGES, diary.SOLD_OUTRIGHT, diary.SOLD_PACKAGES, diary.FACILITY_LENT,
)  # fmt: skip
#: An amount is told from this share of the funds' opening equity (calls) or positions (sales) on.
OF_EQUITY, OF_PACKAGES = 0.005, 0.002
DAYS_MAX = 16
MARKETS_NAMED = 2


@dataclass
class _Kind:
    """Entries of one kind on one day."""

    amount_bn: float = 0.0
    agents: dict[int, float] = field(default_factory=dict)
    markets: dict[int, float] = field(default_factory=dict)

    def add(self, agent: int, market: int, amount_bn: float) -> None:
        self.amount_bn += amount_bn
        if agent >= 0:
            self.agents[agent] = self.agents.get(agent, 0.0) + amount_bn
        if market >= 0:
            self.markets[market] = self.markets.get(market, 0.0) + amount_bn


def daily_story(
    prepared: Prepared,
    result: BlockResult,
    days: Sequence[date],
    names: Mapping[str, str],
    closes: Sequence[str],
) -> list[tuple[str, list[str]]]:
    """The days of a path on which something mattered, each with its sentences.

    Parameters
    ----------
    days
        Dates from the opening on.
    names
        Names of the trades for readers.
    closes
        A sentence on how each day ends, from the opening on.

    Notes
    -----
    Of more than ``DAYS_MAX`` days those with the largest forced sales and cuts are told.
    """
    told = []
    for day, kinds in _by_day(result):
        sentences = list(_sentences(prepared, kinds, names))
        if sentences:
            sold = sum(
                kinds[kind].amount_bn for kind in (diary.FORCED_SALE, diary.LIMIT_SALE) if kind in kinds
            )
            failed = 1e6 * sum(len(kinds[kind].agents) for kind in ALWAYS if kind in kinds)
            told.append((sold + failed, f"Day {day}, {day_in_words(days[day])}", [*sentences, closes[day]]))
    floor = sorted((weight for weight, *_ in told), reverse=True)[:DAYS_MAX]
    kept = [(title, sentences) for weight, title, sentences in told if weight >= floor[-1]] if told else []
    return kept[:DAYS_MAX]


def _by_day(result: BlockResult) -> Iterator[tuple[int, dict[int, _Kind]]]:
    """Entries by day and kind, kinds in the order in which they first happen."""
    days: dict[int, dict[int, _Kind]] = defaultdict(lambda: defaultdict(_Kind))
    day, _, kind, agent, market, amount_bn = np.asarray(result.diary).T
    whole = (numbers.astype(int).tolist() for numbers in (day + 1, kind, agent, market))
    for on, of, by, where, much in zip(*whole, amount_bn.tolist(), strict=True):
        days[on][of].add(by, where, much)
    yield from sorted(days.items())


def _sentences(prepared: Prepared, kinds: Mapping[int, _Kind], names: Mapping[str, str]) -> Iterator[str]:
    matter = [kind for kind, entries in kinds.items() if _matters(prepared, kind, entries)]
    if all(kind in ROUTINE for kind in matter):
        return
    if diary.CALLED_ROLL in matter:  # the other side of the same repo
        matter = [kind for kind in matter if kind != diary.TOOK_BACK]
    for kind in matter:
        entries = kinds[kind]
        words = {
            "who": _who(prepared, kind, entries),
            "amount": amount(entries.amount_bn),
            "trades": _markets(entries, _names_of(prepared, kind), names),
        }
        yield TOLD[kind].format(**words)


def _matters(prepared: Prepared, kind: int, entries: _Kind) -> bool:
    if kind in ALWAYS:
        return True
    p = prepared.parameters.opening.funds
    calls = (
        diary.CALLED_VARIATION, diary.CALLED_COLLATERAL, diary.CALLED_CARRY, diary.CALLED_INTEREST,
        diary.CALLED_INITIAL, diary.CALLED_HAIRCUT, diary.CALLED_ROLL,
        diary.CALLED_REDEMPTION, diary.CALLED_OTHER, diary.DREW_LINE, diary.SOLD_OTHER,
    )  # fmt: skip
    if kind in calls:
        return bool(entries.amount_bn >= OF_EQUITY * p.equity_bn.sum())
    return bool(entries.amount_bn >= OF_PACKAGES * np.abs(p.packages_bn).sum())


def _who(prepared: Prepared, kind: int, entries: _Kind) -> str:
    """*14 funds (most: fund 3, $0.8bn)*, or the name of the only one."""
    names, noun = prepared.funds, "funds"
    if kind in diary.OF_DEALERS:
        names, noun = prepared.dealers, "dealers"
    elif kind in diary.OF_MANAGERS:
        names, noun = prepared.managers, "asset managers"
    agents = entries.agents
    if not agents:
        return noun
    most = max(agents, key=lambda agent: agents[agent])
    if len(agents) == 1:
        return names[most]
    if kind in ALWAYS:
        return listed([names[agent] for agent in agents])
    return f"{len(agents)} {noun} (most: {names[most]}, {amount(agents[most])})"


def _names_of(prepared: Prepared, kind: int) -> tuple[str, ...]:
    """Names of what entries of a kind name: buckets, hedges or trades."""
    if kind in diary.OF_BUCKETS:
        return prepared.buckets
    return prepared.hedges if kind in diary.OF_HEDGES else prepared.trades


def _markets(entries: _Kind, known: tuple[str, ...], names: Mapping[str, str]) -> str:
    """*: 10-year TY $3.10bn, …*, the largest first; only the names when there is one."""
    order = sorted(entries.markets, key=lambda place: -entries.markets[place])
    if not order:
        return ""
    called = {place: names.get(known[place], known[place]) for place in order}
    if len(order) == 1:
        return f" of {called[order[0]]}"
    named = [f"{called[place]} {amount(entries.markets[place])}" for place in order[:MARKETS_NAMED]]
    return f" ({', '.join(named)}{', …' if len(order) > MARKETS_NAMED else ''})"
