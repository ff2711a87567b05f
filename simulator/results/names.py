"""What readers are told things are called: one table for the terminal, reports, comparisons and sweeps.

Programs have names of their own (stored variables, keys of measures, parameters), which stay as they are when words for
readers change: a *package* of the model is a position of a reader, its *dislocation* the basis.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from simulator.contracts import CONTRACTS

#: Causes of calls and of funds' sales. Names not listed are told as they are.
CAUSES = {
    "variation_margin": "losses on hedges (variation margin)",
    "collateral": "lower prices of pledged bonds",
    "carry": "carry",
    "interest": "repo interest",
    "initial_margin": "initial margin",
    "haircut": "haircuts",
    "roll_over": "repo not rolled over",
    "redemption": "redemptions",
    "other_strategies": "losses of other strategies",
    "risk_limit": "own risk limits",
    "default": "default",
    "choice": "voluntary reduction",
}
#: Sectors whose name alone would not say who is meant.
SECTORS = {"funds": "hedge funds"}
#: States of the dealers in which the cost of sales is told apart, by the ending of the measure.
CAPACITY = {"with_room": "spare dealer capacity", "without_room": "dealers near their limits"}
#: The price of the trade as named first, by kind of hedge in the order in which they are told: its name where all are
#: of the kind, how it is told apart where they are not, and what it is. Afterwards it is *the basis*.
BASIS = {
    "futures": ("futures basis", "of futures", "implied repo over policy rate"),
    "swap": ("swap basis", "of swaps", "bond yield over swap rate"),
    "cds": ("credit basis", "in credit", "bond spread over that of protection"),
}
BASIS_TRADE, OTHER_TRADES = "basis positions", "positions"


class Names(NamedTuple):
    """The names of one market: each trade's, what funds hold, the price of the trade at first, and its yields."""

    trades: dict[str, str]
    positions: str
    basis_at_first: str
    yields: str


def names_of(trades: Sequence[str], scenario: Mapping[str, Any]) -> Names:
    """The names of a market, from its scenario as written.

    Examples
    --------
    >>> names_of(["TY"], {}).positions, names_of(["S"], {"market": {"hedges": {"S": {"kind": "swap"}}}}).positions
    ('basis positions', 'positions')
    """
    kinds = tuple(sorted({_hedge_of(trade, scenario).get("kind", "futures") for trade in trades}))
    return Names(
        trade_names(trades, scenario),
        BASIS_TRADE if kinds == ("futures",) else OTHER_TRADES,
        _basis_at_first(kinds),
        "yields" if "cds" in kinds else "Treasury yields",
    )


def trade_names(trades: Sequence[str], scenario: Mapping[str, Any]) -> dict[str, str]:
    """A name for each trade: *10-year TY* for a future under its own code, else what the scenario calls it.

    A swap is called after the future of its bucket: *ultra 10-year swap SWAP10*.

    Examples
    --------
    >>> trade_names(["TY", "US", "WN", "mine"], {})
    {'TY': '10-year TY', 'US': 'bond US', 'WN': 'ultra bond WN', 'mine': 'mine'}
    """
    names = {trade: _trade_name(trade, _hedge_of(trade, scenario)) for trade in trades}
    return names if len(set(names.values())) == len(trades) else {trade: trade for trade in trades}


def cause(name: str) -> str:
    """A cause of calls or sales in words."""
    return CAUSES.get(name, name.replace("_", " "))


def sector(name: str) -> str:
    """A sector in words."""
    return SECTORS.get(name, name)


def sentence(words: str) -> str:
    """Words as they begin a sentence; names keep their capitals."""
    return words[:1].upper() + words[1:]


def _basis_at_first(kinds: Sequence[str]) -> str:
    """The price of the trade as it is named first: of several kinds the first one as it is, the others told apart."""
    told = [words for kind, words in BASIS.items() if kind in kinds]
    if not told:
        return "basis"
    name = told[0][0] if len(told) == 1 else "basis"
    others = "".join(f"; {apart}, {what}" for _, apart, what in told[1:])
    return f"{name} ({told[0][2]}{others})"


def _hedge_of(trade: str, scenario: Mapping[str, Any]) -> Mapping[str, Any]:
    market = scenario.get("market", {})
    hedge = market.get("trades", {}).get(trade, {}).get("hedge") or trade
    written: Mapping[str, Any] = market.get("hedges", {}).get(hedge, {})
    return written


def _trade_name(trade: str, written: Mapping[str, Any]) -> str:
    is_swap = written.get("kind") == "swap"
    contract = CONTRACTS.get(written.get("bucket") or "" if is_swap else trade)
    if contract is None:
        return trade
    short = contract.name.removesuffix(" note").removeprefix("Treasury ")
    return f"{short} swap {trade}" if is_swap else f"{short} {trade}"
