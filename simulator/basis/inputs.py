"""Columns that basis rows are computed from, as arrays of one length: dates as day numbers, contracts as places."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from simulator.basis.dates import DateLike, day_numbers
from simulator.basis.row_kernel import Floats, Integers
from simulator.contracts import CONTRACTS


@dataclass(frozen=True, slots=True)
class BasisInputs:
    """Checked for shape, not for sense: arrays of one length, dates as day numbers.

    The last three hold what the file or the caller gives in place of what the rules compute, NaN where
    nothing is given.
    """

    contract: Integers
    first_delivery: Integers
    coupon_pct: Floats
    frequency: Integers
    maturity: Integers
    settlement: Integers
    delivery: Integers
    clean_price: Floats
    futures_price: Floats
    repo_rate_pct: Floats
    given_factor: Floats
    given_accrued_settlement: Floats
    given_accrued_delivery: Floats


def contract_numbers(codes: ArrayLike) -> Integers:
    """Place in the contract table of each code; -1 for a code it does not have."""
    given = np.asarray(codes)
    if given.dtype.kind in "iu":
        return given.astype(np.int64, copy=False)
    numbers = np.full(given.shape, -1, dtype=np.int64)
    for number, code in enumerate(CONTRACTS):
        numbers[given == code] = number
    return numbers


def basis_inputs(
    contract_kind: ArrayLike,
    first_delivery_date: DateLike,
    coupon_pct: ArrayLike,
    coupon_frequency: ArrayLike,
    maturity_date: DateLike,
    settlement_date: DateLike,
    delivery_date: DateLike,
    clean_price: ArrayLike,
    futures_price: ArrayLike,
    repo_rate_pct: ArrayLike,
    given_factor: ArrayLike = math.nan,
    given_accrued_settlement: ArrayLike = math.nan,
    given_accrued_delivery: ArrayLike = math.nan,
) -> BasisInputs:
    """Arrays of one length from arrays and single values, each as the kernel reads it."""
    figures = (
        clean_price,
        futures_price,
        repo_rate_pct,
        given_factor,
        given_accrued_settlement,
        given_accrued_delivery,
    )
    columns = (
        contract_numbers(contract_kind),
        day_numbers(first_delivery_date),
        np.asarray(coupon_pct, np.float64),
        np.asarray(coupon_frequency, np.int64),
        *(day_numbers(dates) for dates in (maturity_date, settlement_date, delivery_date)),
        *(np.asarray(column, np.float64) for column in figures),
    )
    shape = np.broadcast_shapes((1,), *(column.shape for column in columns))
    return BasisInputs(*(np.ascontiguousarray(np.broadcast_to(column, shape)) for column in columns))
