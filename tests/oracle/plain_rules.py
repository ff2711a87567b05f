"""The rules as plain Python, and sums in the order of the kernel."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from inspect import signature
from types import ModuleType
from typing import Any

from simulator.agents import (
    asset_manager,
    cash_lender,
    central_bank,
    clearing_house,
    dealer,
    foreign_holder,
    hedge_fund,
    other_hedger,
    speculator,
)
from simulator.engine.parameters import CALL_COUNT, Parameters
from simulator.market import auction, cash_market, corporate_bonds, futures, hedge_market, impact, treasuries

DAYS_A_YEAR, DAYS_A_MONTH = 252.0, 21.0
BASIS_POINT = 1e-4
CALLS = range(CALL_COUNT)
RECOVERY_OF_OTHER = 0.5
CLOSED_BELOW = 1e-13
PRICE_MAX = 1e3


class Rules:
    """A module of rules, each of which runs as plain Python.

    What a call leaves out is a figure of the scenario under the user's own key: a rule that comes to read one more
    of them is called here as before.
    """

    def __init__(self, module: ModuleType, *sections: Any) -> None:
        self._module = module
        self._sections = sections

    def __getattr__(self, name: str) -> Callable[..., Any]:
        compiled = getattr(self._module, name)
        rule = getattr(compiled, "py_func", compiled)
        arguments = tuple(signature(rule).parameters)

        def call(*given: Any, **named: Any) -> Any:
            rest = [name for name in arguments[len(given) :] if name not in named]
            return rule(*given, **named, **{name: self._figure(name) for name in rest})

        setattr(self, name, call)
        return call

    def _figure(self, key: str) -> Any:
        (found,) = [getattr(section, key) for section in self._sections if hasattr(section, key)]
        return found


class RuleBook:
    """All rules of the day, each module with the sections whose figures it reads."""

    def __init__(self, p: Parameters) -> None:
        self.fund = Rules(hedge_fund, p.funds)
        self.dealer = Rules(dealer, p.dealers, p.funds)
        self.manager = Rules(asset_manager, p.asset_managers)
        self.lender = Rules(cash_lender, p.lenders)
        self.bank = Rules(central_bank, p.central_bank)
        self.outright = Rules(central_bank, p.central_bank.outright)
        self.hedged = Rules(central_bank, p.central_bank.hedged)
        self.facility = Rules(central_bank, p.central_bank.standing_repo)
        self.levers = {
            lever: Rules(central_bank, section) for lever, section in p.central_bank.rules._asdict().items()
        }
        self.others = Rules(other_hedger, p.other_hedgers)
        self.trend = Rules(speculator, p.speculators)
        self.foreign = Rules(foreign_holder, p.foreign_holders)
        self.house = Rules(clearing_house, p.clearing_house)
        self.cash = Rules(cash_market, p.dealers, p.end_investors)
        self.hedge = Rules(hedge_market, p.dealers)
        self.credit = Rules(corporate_bonds)
        self.impact = Rules(impact, p.dealers)
        self.auction = Rules(auction, p.dealers, p.end_investors)
        self.bond = Rules(treasuries)
        self.futures = Rules(futures)


def total(values: Sequence[float]) -> float:
    """Sum over funds: every fourth one together, and what is left over with the first."""
    whole = len(values) // 4 * 4
    parts = [0.0, 0.0, 0.0, 0.0]
    for i in range(whole):
        parts[i % 4] += values[i]
    for value in values[whole:]:
        parts[0] += value
    return (parts[0] + parts[1]) + (parts[2] + parts[3])


def in_order(values: Iterable[float]) -> float:
    """Sum from first to last."""
    result = 0.0
    for value in values:
        result += value
    return result
