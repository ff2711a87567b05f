"""Loops, totals and payments in their one form: over whom a phase runs, in which order it adds up, who pays whom.

A loop over agents or markets is ``for i in each_fund(s)``; a sum over funds is ``row_total(row)``; cash moves between
sectors by ``pay(s, payer, payee, amount)`` alone. Another machine would change these and no phase.
"""

from simulator.engine.state import State
from simulator.model.compiled import loops_over
from simulator.model.table import Floats
from simulator.rule import phase


@loops_over("bonds", "price")
def each_bond(s: State) -> range:
    """Bonds of all buckets."""
    return range(s.bonds.price.shape[-1])


@loops_over("buckets", "price")
def each_bucket(s: State) -> range:
    """Buckets of the cash market."""
    return range(s.buckets.price.shape[-1])


@loops_over("fundings", "policy_rate")
def each_funding(s: State) -> range:
    """Fundings."""
    return range(s.fundings.policy_rate.shape[-1])


@loops_over("hedges", "value")
def each_hedge(s: State) -> range:
    """Futures and swaps."""
    return range(s.hedges.value.shape[-1])


@loops_over("trades", "fund_bonds")
def each_trade(s: State) -> range:
    """Trades of the funds."""
    return range(s.trades.fund_bonds.shape[-1])


@loops_over("funds", "cash")
def each_fund(s: State) -> range:
    """Hedge funds, those closed out included."""
    return range(s.funds.cash.shape[-1])


@loops_over("dealers", "capital")
def each_dealer(s: State) -> range:
    """Dealers, those closed out included."""
    return range(s.dealers.capital.shape[-1])


@loops_over("managers", "cash")
def each_manager(s: State) -> range:
    """Asset managers."""
    return range(s.managers.cash.shape[-1])


@loops_over("named_funds", "cash")
def each_named_fund(s: State) -> range:
    """Hedge funds of which records are kept one by one: usually none."""
    return range(s.named_funds.cash.shape[-1])


@loops_over("named_dealers", "capital")
def each_named_dealer(s: State) -> range:
    """Dealers of which records are kept one by one."""
    return range(s.named_dealers.capital.shape[-1])


@phase
def row_total(values: Floats) -> float:
    """Sum of a row, in four interleaved partial sums: the same bits compiled or not, whatever the processor."""
    first = second = third = fourth = 0.0
    whole = values.shape[0] - values.shape[0] % 4
    for i in range(0, whole, 4):
        first += values[i]
        second += values[i + 1]
        third += values[i + 2]
        fourth += values[i + 3]
    for i in range(whole, values.shape[0]):
        first += values[i]
    return (first + second) + (third + fourth)


@phase
def empty(values: Floats) -> None:
    """Set a row to zero."""
    for i in range(values.shape[0]):
        values[i] = 0.0


@phase
def pay(s: State, payer: int, payee: int, amount: float) -> None:
    """Move cash from one sector's account to another's; a negative amount moves it back.

    Members of the funds' and the asset managers' sectors keep cash of their own, which the phase moves beside this.
    """
    s.accounts.cash[payer] -= amount
    s.accounts.cash[payee] += amount
