"""Play the toy market in plain Python once for each planted leak of a dollar, and print what the audit found.

Run with ``NUMBA_DISABLE_JIT=1``: phases are then ordinary functions, and one of them can be replaced by
itself followed by a leak. Prints JSON: for each leak, every addition to a residual above a tenth of a dollar,
and what the flow of funds then misses by instrument.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from operator import attrgetter
from typing import Any, NamedTuple

import numpy as np

from simulator.engine import day
from simulator.engine.parameters import END_INVESTORS, FUNDS, MANAGERS, OUTSIDE, VARIATION_MARGIN
from simulator.engine.state import IDENTITIES, STAGES, State
from simulator.results.flow_of_funds import LINES, variables_of_lines
from tests.economics.shipped import played
from tests.economics.test_flow_of_funds import missing

DOLLAR_BN = 1e-9
NOTICED_BN = 0.1 * DOLLAR_BN


class Leak(NamedTuple):
    """A dollar (or a dollar of face) that appears from nowhere after a phase, and what should notice it."""

    phase: str
    spring: Callable[[State], None]
    identity: str
    stage: str


def add(row: str, *place: int) -> Callable[[State], None]:
    """Add a dollar to a place of a row of the books."""

    def spring(s: State) -> None:
        attrgetter(row)(s)[place] += DOLLAR_BN

    return spring


CASH, BONDS, HEDGES, REPO, CAPITAL, MARGIN, MEMBERS, NEGATIVE = IDENTITIES
LEAKS = (
    Leak("pass_on_inventory", add("accounts.cash", END_INVESTORS), CASH, "pass_on_inventory"),
    Leak("accrue_carry", add("dealers.capital", 0), CAPITAL, "accrue_carry"),
    Leak("settle_prices", add("orders.call", VARIATION_MARGIN, 0), CASH, "settle_prices (morning)"),
    Leak("roll_repo", add("dealers.fund_repo", 0), REPO, "roll_over"),
    Leak("call_initial_margin", add("funds.posted", 0), MARGIN, "call_initial_margin and redemptions"),
    Leak("sell_from_abroad", add("buckets.foreign_bonds", 0), BONDS, "post_flows"),
    Leak("settle_calls", add("funds.cash", 0), CASH, "settle_calls and defaults"),
    Leak("execute_orders", add("funds.packages", 0, 0), BONDS, "clear_markets and transfer"),
    Leak("transfer", add("hedges.managers", 0), HEDGES, "clear_markets and transfer"),
    Leak("post_margins", add("dealers.posted", 0), MARGIN, "post_margins"),
    Leak("finance_dealers", add("dealers.borrowed", 0), REPO, "finance_dealers"),
    Leak("remember_peaks", add("accounts.cash", OUTSIDE), CASH, "close of day"),
    # a sector is paid and its members are not, or the other way round
    Leak("ask_fund_redemptions", add("accounts.cash", FUNDS), MEMBERS, "call_initial_margin and redemptions"),
    Leak("redeem_from_managers", add("accounts.cash", MANAGERS), MEMBERS, "post_flows"),
    Leak("cover_managers", add("managers.cash", 0), MEMBERS, "post_margins"),
    Leak("choose_positions", add("funds.cash", 0), MEMBERS, "settle_calls and defaults"),
)


@contextmanager
def sprung(leak: Leak) -> Iterator[None]:
    """Let the phase leak a dollar the first time it is played."""
    honest: Any = getattr(day, leak.phase)
    played_before = False

    def leaking(*arguments: Any) -> Any:
        nonlocal played_before
        result = honest(*arguments)
        if not played_before:
            leak.spring(next(a for a in arguments if isinstance(a, State)))
        played_before = True
        return result

    setattr(day, leak.phase, leaking)
    try:
        yield
    finally:
        setattr(day, leak.phase, honest)


def findings() -> dict[str, Any]:
    """What the audit of the toy market found, and what the flow of funds misses of its stored days.

    Of the audit each addition to a residual that is worth noticing.
    """
    run = played("toy", audit=True)
    result = run.result
    audit = [
        {
            "identity": IDENTITIES[identity],
            "stage": STAGES[stage],
            "day": int(result.audit_day[identity, stage]),
            "dollars": float(result.audit_worst[identity, stage] / DOLLAR_BN),
        }
        for identity, stage in np.argwhere(result.audit_worst > NOTICED_BN)
    ]
    flows = {
        name: residual / DOLLAR_BN for name, residual in missing(run.days(variables_of_lines(LINES))).items()
    }
    return {"audit": audit, "flows": flows}


def main() -> None:
    found: dict[str, dict[str, Any]] = {"honest": findings()}
    for leak in LEAKS:
        with sprung(leak):
            found[leak.phase] = findings()
    print(json.dumps(found))


if __name__ == "__main__":
    main()
