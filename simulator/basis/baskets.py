"""Deliverable baskets: which outstanding Treasuries a contract month takes, and at what factor.

The basket rule is the contract table's; this module applies it to a list of bonds and computes their
conversion factors with the rule of ``simulator.market.futures``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache

import numpy as np
from numpy.typing import NDArray

from simulator.basis.inputs import BasisInputs
from simulator.contracts import (
    CONTRACTS,
    Contract,
    find_contract,
    is_deliverable,
    last_delivery_day,
    rules_at,
)
from simulator.market.futures import conversion_factor, months_counted


@dataclass(frozen=True, slots=True)
class Treasury:
    """One outstanding bond or note.

    ``issue_dates`` holds the original issue and, when a later auction of a shorter original term was
    merged into it, the date of that issue too: either may make the bond deliverable. None stands for a date
    that is not known.
    """

    name: str
    coupon_pct: float
    issue_dates: tuple[date | None, ...]
    maturity_date: date
    coupon_frequency: int = 2


@dataclass(frozen=True, slots=True)
class DeliverableTreasury:
    """A bond of a basket with its conversion factor."""

    bond: Treasury
    conversion_factor: float


def deliverable_basket(
    contract: str | Contract, delivery_month: date, bonds: Iterable[Treasury]
) -> tuple[DeliverableTreasury, ...]:
    """Deliverable bonds of a contract month, by maturity, under the rules of that month.

    Parameters
    ----------
    contract
        A code of the contract table, or a contract with rules of its own, which then hold.
    delivery_month
        Any date in the month of delivery.

    Raises
    ------
    ValueError
        For an unknown contract code.

    Examples
    --------
    >>> note = Treasury("5-year", 4.375, (date(2024, 12, 31),), date(2029, 12, 31))
    >>> deliverable_basket("FV", date(2025, 6, 1), [note])[0].conversion_factor
    0.9367
    """
    terms = rules_at(find_contract(contract), delivery_month) if isinstance(contract, str) else contract
    taken = [
        bond
        for bond in bonds
        if bond.coupon_frequency in terms.coupon_frequencies
        and any(
            is_deliverable(terms, issued, bond.maturity_date, delivery_month) for issued in bond.issue_dates
        )
    ]
    return tuple(
        DeliverableTreasury(bond, factor_of(terms, bond, delivery_month))
        for bond in sorted(taken, key=lambda bond: (bond.maturity_date, bond.coupon_pct))
    )


def factor_of(contract: Contract, bond: Treasury, delivery_month: date) -> float:
    """Conversion factor of a bond in a contract month, whether or not it is deliverable."""
    months = (
        12 * (bond.maturity_date.year - delivery_month.year) + bond.maturity_date.month - delivery_month.month
    )
    return conversion_factor(
        bond.coupon_pct / 100.0,
        float(bond.coupon_frequency),
        contract.notional_coupon,
        months_counted(float(months), float(contract.factor_rounding_months)),
    )


def delivery_date_of_short(
    contract: Contract, delivery_month: date, carry_points: float, first: date
) -> date:
    """Day the short delivers when only carry counts: the last one while the bond earns more than its
    financing, the first one otherwise.

    ``first`` is the first delivery day, or the settlement date when that is later.
    """
    return last_delivery_day(contract, delivery_month) if carry_points > 0.0 else first


def deliverable_rows(
    inputs: BasisInputs, issue_dates: Sequence[date | None] | None = None
) -> NDArray[np.bool_]:
    """Whether each row's bond may be delivered, under the rules of its contract's month.

    Parameters
    ----------
    issue_dates
        Of the original issues, None where not known: then what is left of the term decides.
    """
    issued = [None] * inputs.contract.size if issue_dates is None else issue_dates
    months = inputs.first_delivery.astype("datetime64[D]").astype("datetime64[M]")
    rows = zip(inputs.contract, months, inputs.maturity, issued, strict=True)
    return np.array([_is_taken(int(kind), month, int(day), when) for kind, month, day, when in rows])


@cache
def _is_taken(contract: int, month: np.datetime64, maturity: int, issued: date | None) -> bool:
    first = month.astype("datetime64[D]").item()
    terms = rules_at(list(CONTRACTS.values())[contract], first)
    return is_deliverable(terms, issued, date(1970, 1, 1) + timedelta(days=maturity), first)
