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
#: The price of the trade as it is named first, by kinds of hedges; afterwards it is *the basis*.
BASIS_AT_FIRST = {
    ("futures",): "futures basis (implied repo over policy rate)",
    ("swap",): "swap basis (bond yield over swap rate)",
    ("futures", "swap"): "basis (implied repo over policy rate; of swaps, bond yield over swap rate)",
    ("cds",): "credit basis (bond spread over that of protection)",
    (
        "cds",
        "futures",
    ): "basis (implied repo over policy rate; in credit, bond spread over that of protection)",
    ("cds", "swap"): "basis (bond yield over swap rate; in credit, bond spread over that of protection)",
    (
        "cds",
        "futures",
        "swap",
    ): "basis (implied repo over policy rate; of swaps, bond yield over swap rate; in credit,"
    " bond spread over that of protection)",
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
        BASIS_AT_FIRST.get(kinds, "basis"),
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
