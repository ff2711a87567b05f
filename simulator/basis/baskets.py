"""Deliverable baskets: which outstanding Treasuries a contract month takes, and at what factor.

The basket rule is the contract table's; this module applies it to a list of bonds and computes their
conversion factors with the rule of ``simulator.market.futures``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from simulator.contracts import Contract, find_contract, is_deliverable, last_delivery_day
from simulator.market.futures import conversion_factor, months_counted


@dataclass(frozen=True, slots=True)
class Treasury:
    """One outstanding bond or note.

    ``issue_dates`` holds the original issue and, when a later auction of a shorter original term was
    merged into it, the date of that issue too: either may make the bond deliverable.
    """

    name: str
    coupon_pct: float
    issue_dates: tuple[date, ...]
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
    """Deliverable bonds of a contract month, by maturity.

    Parameters
    ----------
    contract
        A code of the contract table, or a contract with rules of its own.
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
    terms = find_contract(contract) if isinstance(contract, str) else contract
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
