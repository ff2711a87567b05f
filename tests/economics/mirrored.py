"""A scenario and its mirror: every position, shock and flow of its market turned round.

Funds are long futures and short bonds against reverse repo, asset managers short futures, dealers short what they were
long; yields rise where they fell, foreigners buy where they sold, and demand for hedges grows on the other side. What
tells which way the market went must turn its sign, what tells how far must not change.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
from numpy.typing import NDArray

from simulator.engine.simulate import opening_records
from simulator.scenario.loading import load_scenario
from tests.economics.shipped import AT_REST, SCENARIOS, Played, played

#: What tells which way a market went: it turns its sign.
TURNS = (
    "cash_yield_change",
    "outright_pressure",
    "dislocation",
    "dealer_inventory",
    "dealer_packages",
    "asset_manager_hedges",
    "end_investor_bonds",
    "fund_packages",
    "fund_hedges",
)
#: The same, of markets that have speculators.
OF_SPECULATORS = ("speculator_hedges",)
#: What tells how far: it is the same on both sides.
STAYS = ("volatility", "initial_margin", "fund_equity", "fund_cash", "fund_sales", "fund_calls")
TENORS = ("y2", "y3", "y5", "y7", "y10", "y20", "y30")


def money(amount_bn: float) -> str:
    return f"{'-' if amount_bn < 0.0 else ''}${abs(amount_bn):.9f}bn"


def positions(name: str, side: float, at_fair_prices: bool) -> tuple[str, ...]:
    """The opening positions of a market, or (``side`` -1) their mirror; at fair prices no future is dear or cheap."""
    market = load_scenario(SCENARIOS / f"{name}.yaml").scenario.market
    settings = []
    for key, trade in market.trades.items():
        settings.append(f"market.trades.{key}.fund_packages={money(side * trade.fund_packages)}")
    for key, bucket in market.buckets.items():
        settings.append(f"market.buckets.{key}.dealer_inventory={money(side * bucket.dealer_inventory)}")
    for key, hedge in market.hedges.items():
        dislocation = 0.0 if at_fair_prices else side * hedge.dislocation
        settings += [
            f"market.hedges.{key}.hedge_demand={money(side * hedge.hedge_demand)}",
            f"market.hedges.{key}.dealer_packages={money(side * hedge.dealer_packages)}",
            f"market.hedges.{key}.dislocation={dislocation:.9f}bp",
        ]
    return tuple(settings)


def events(side: float, size: float, more: str = "") -> str:
    """Yields fall, futures are wanted more, volatility doubles and foreigners sell; or their mirror, of some size.

    ``more`` is an event that is the same on both sides.
    """
    fall = ", ".join(f"{tenor}: {-50.0 * size * side}bp" for tenor in TENORS)
    return (
        f"events=[{{type: yield-shock, day: 2d, change: {{{fall}}}}}, "
        f"{{type: hedge-demand-shift, day: 3d, days: 2d, share: {20.0 * size}%}}, "
        f"{{type: volatility-shock, day: 4d, multiple: {1.0 + size}x, half_life: 20d}}, "
        f"{{type: foreign-sale, day: 6d, days: 2d, amount: {money(10.0 * size * side)}}}{more and f', {more}'}]"
    )


def played_both_ways(
    name: str,
    settings: Iterable[str],
    size: float,
    at_fair_prices: bool = False,
    more: str | Callable[[float], str] = "",
    turned: Callable[[float], Iterable[str]] = lambda side: (),
) -> tuple[Played, Played]:
    """A scenario without noise under the same events, and its mirror.

    ``more`` is a further event, ``turned`` further settings: what depends on the side is a function of it.
    """
    here, there = (
        played(
            name,
            *AT_REST,
            "horizon=12d",
            *positions(name, side, at_fair_prices),
            *settings,
            *turned(side),
            events(side, size, more if isinstance(more, str) else more(side)),
        )
        for side in (1.0, -1.0)
    )
    return here, there


def over_opening(run: Played, name: str) -> NDArray[np.float64]:
    """Change of a variable over its opening, by day."""
    change: NDArray[np.float64] = run.of(name)[0] - opening_records(run.prepared).of(name)[0, 0]
    return change


def asymmetry(here: Played, there: Played, name: str) -> float:
    """Largest difference of a variable from its mirror on any day, over the largest move: 0 for a perfect mirror."""
    mine, theirs = over_opening(here, name), over_opening(there, name)
    largest = max(np.abs(mine).max(), np.abs(theirs).max())
    assert largest > 0.0, f"{name} does not move"
    return float(
        np.abs(mine + theirs if name in (*TURNS, *OF_SPECULATORS) else mine - theirs).max() / largest
    )
