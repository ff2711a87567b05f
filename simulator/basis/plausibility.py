"""Rows that can be computed but look like a slip: warned of, not refused.

Each warning is a column and a sentence, like a problem: what was found, what is usual, what to do.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from functools import cache

import numpy as np
from numpy.typing import NDArray

from simulator.basis.inputs import BasisInputs
from simulator.basis.rows import BasisRows, basket_numbers
from simulator.contracts import (
    CONTRACTS,
    DELIVERY_MONTHS,
    SIX_PERCENT_SINCE,
    Contract,
    first_delivery_day,
    last_delivery_day,
)

#: Below it, a percentage that is no eighth is likely to be a fraction: 0.0425 for 4.25%.
FRACTION_BELOW_PCT = 0.2

#: Implied repo from which so low a repo rate is doubted; in years of no interest baskets implied less.
IMPLIED_OF_SLIPS_PCT = 0.5

#: No government bond has traded above it, nor at a third or three times its converted future.
PRICE_MAX, PRICE_RATIO_MAX = 300.0, 3.0


def doubts(
    inputs: BasisInputs, rows: BasisRows, is_deliverable: NDArray[np.bool_]
) -> list[tuple[int, str, str]]:
    """Row, column and sentence of everything that looks like a slip, in the order of the rows."""
    found = [
        *_deliveries(inputs),
        *_coupons(inputs),
        *_repo_rates(inputs, rows, is_deliverable),
        *_prices(inputs, rows),
    ]
    return sorted(found, key=lambda doubt: doubt[0])


def _deliveries(inputs: BasisInputs) -> Iterator[tuple[int, str, str]]:
    contracts = list(CONTRACTS.values())
    months = inputs.first_delivery.astype("datetime64[D]").astype("datetime64[M]").astype("datetime64[D]")
    given = inputs.given_factor
    for row in range(months.size):
        contract, month = contracts[inputs.contract[row]], months[row].item()
        first, last = _delivery_window(contract, month)
        day = inputs.delivery[row].astype("datetime64[D]").item()
        if month.month not in DELIVERY_MONTHS:
            yield (
                row,
                "first_delivery_date",
                f"is in {month:%B %Y}; {contract.code} is delivered in March, June, September and December; "
                "correct it",
            )
        elif not first <= day <= last:
            yield (
                row,
                "delivery_date",
                f"is {day}; {contract.code} of {month:%B %Y} is delivered from {first} to {last}; correct "
                "one of the two",
            )
        if contract.country == "US" and month < SIX_PERCENT_SINCE and np.isnan(given[row]):
            yield (
                row,
                "first_delivery_date",
                f"is in {month:%B %Y}; until March 2000 factors were prices at 8%, and this one is at 6%; "
                "give the exchange's in conversion_factor and use --given-factors",
            )


@cache
def _delivery_window(contract: Contract, month: date) -> tuple[date, date]:
    return first_delivery_day(contract, month), last_delivery_day(contract, month)


def _coupons(inputs: BasisInputs) -> Iterator[tuple[int, str, str]]:
    coupon = inputs.coupon_pct
    for row in np.flatnonzero((coupon > 0.0) & (coupon < FRACTION_BELOW_PCT) & (coupon * 8.0 % 1.0 != 0.0)):
        yield (
            int(row),
            "coupon_pct",
            f"is {coupon[row]:g}% a year; coupons are in per cent; if it is a fraction, write "
            f"{100.0 * coupon[row]:g}",
        )


def _repo_rates(
    inputs: BasisInputs, rows: BasisRows, is_deliverable: NDArray[np.bool_]
) -> Iterator[tuple[int, str, str]]:
    """A rate below a fifth of a per cent is a slip where the basket implies half a per cent and ten times it."""
    rate, baskets = inputs.repo_rate_pct, basket_numbers(inputs)
    best = np.full(baskets.max() + 1, -np.inf)
    np.maximum.at(best, baskets, np.where(is_deliverable, rows.implied_repo_pct, -np.inf))
    implied = best[baskets]
    is_small = (rate > 0.0) & (rate < FRACTION_BELOW_PCT)
    for row in np.flatnonzero(is_small & (implied > np.maximum(10.0 * rate, IMPLIED_OF_SLIPS_PCT))):
        yield (
            int(row),
            "repo_rate_pct",
            f"is {rate[row]:g}% a year, and the basket implies {implied[row]:.2f}%; rates are in per cent; "
            f"if it is a fraction, write {100.0 * rate[row]:g}",
        )


def _prices(inputs: BasisInputs, rows: BasisRows) -> Iterator[tuple[int, str, str]]:
    clean, future = inputs.clean_price, inputs.futures_price
    ratio = clean / (future * rows.conversion_factor)
    is_far = (ratio > PRICE_RATIO_MAX) | (ratio < 1.0 / PRICE_RATIO_MAX)
    for row in np.flatnonzero(is_far | (clean > PRICE_MAX) | (future > PRICE_MAX)):
        is_future = future[row] > PRICE_MAX or (clean[row] <= PRICE_MAX and ratio[row] < 1.0)
        column, found = ("futures_price", future[row]) if is_future else ("clean_price", clean[row])
        yield (
            int(row),
            column,
            f"is {found:g}, where the bond stands at {clean[row]:g} and the converted future at "
            f"{future[row] * rows.conversion_factor[row]:g}; prices are points on 100 of face; check the "
            "decimal point",
        )
