"""Basis rows: one bond against one future on one date, for a million rows in a call.

Each row takes a bond from settlement to delivery and compares it with the future: accrued interest,
invoice, forward price, carry, gross and net basis, implied repo. The arithmetic is the scalar rules
of ``simulator.market.futures``, the same that price the simulator's futures leg; here they are looped
over arrays, with dates from the calendar instead of years.

Prices and coupons are in points (per 100 of face), rates in percent, dates anything NumPy reads as
``datetime64[D]``. Repo and implied repo are act/360 for United States contracts, act/365 for China's.
Coupons paid after settlement and up to delivery earn the repo rate, simply, to delivery.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simulator.basis.dates import DateLike
from simulator.basis.inputs import BasisInputs, basis_inputs
from simulator.basis.problems import problem_sentences
from simulator.basis.row_kernel import Floats, Integers, contract_terms, factor_terms, fill_rows


@dataclass(frozen=True, slots=True)
class BasisRows:
    """Results of :func:`basis_rows`, one array of the rows' length a field.

    Prices, accrued interest, carry and bases in points; ``*_32nds`` in thirty-seconds of a point;
    ``*_amount`` in the contract's currency for one contract, rounded as the exchange rounds;
    ``implied_repo_pct`` in percent a year, simple, in the market's repo day count. At
    ``fair_futures_price`` the bond's net basis is nothing.
    """

    conversion_factor: Floats
    accrued_settlement: Floats
    accrued_delivery: Floats
    dirty_price: Floats
    invoice_price: Floats
    principal_invoice_amount: Floats
    accrued_invoice_amount: Floats
    forward_clean_price: Floats
    carry: Floats
    gross_basis: Floats
    net_basis: Floats
    gross_basis_32nds: Floats
    net_basis_32nds: Floats
    implied_repo_pct: Floats
    fair_futures_price: Floats


COLUMNS = tuple(field.name for field in fields(BasisRows))


def basis_rows(
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
    *,
    conversion_factor: ArrayLike = math.nan,
    out: Floats | None = None,
) -> BasisRows:
    """Whole basis row of each bond, date and future.

    Parameters
    ----------
    contract_kind
        Codes of the contract table ("TY"), or their places in it.
    first_delivery_date
        A date in the delivery month.
    coupon_pct, repo_rate_pct
        Percent a year; repo simple, act/360 (United States) or act/365 (China).
    coupon_frequency
        Payments a year.
    clean_price, futures_price
        Points. All arguments are arrays of one length, or single values.
    conversion_factor
        In place of the factor that the contract's rule gives; NaN where the rule is to give it.
    out
        Array of shape (``len(COLUMNS)``, rows) to fill instead of a new one; the result's columns are
        its rows.

    Returns
    -------
    BasisRows
        One array a column.

    Raises
    ------
    ValueError
        For a matured bond, delivery not after settlement, an unknown contract, a price that is not
        positive and the like; the message names the first such row.

    Examples
    --------
    >>> row = basis_rows("TY", "2002-03-01", 6.5, 2, "2010-02-15", "2001-12-10", "2002-03-28",
    ...                  109.0390625, 104.140625, 1.73)
    >>> float(row.conversion_factor[0]), round(float(row.gross_basis[0]), 3)
    (1.0305, 1.722)
    """
    inputs = basis_inputs(
        contract_kind,
        first_delivery_date,
        coupon_pct,
        coupon_frequency,
        maturity_date,
        settlement_date,
        delivery_date,
        clean_price,
        futures_price,
        repo_rate_pct,
        conversion_factor,
    )
    rows, problems = computed_rows(inputs, out)
    bad = np.flatnonzero(problems)
    if bad.size:
        first = int(bad[0])
        column, sentence = problem_sentences(inputs, first, int(problems[first]))[0]
        more = f" ({bad.size} of {problems.size} rows have problems)" if bad.size > 1 else ""
        raise ValueError(f"row {first}: {column} {sentence}{more}")
    return rows


def computed_rows(inputs: BasisInputs, out: Floats | None = None) -> tuple[BasisRows, Integers]:
    """Rows and what is wrong with each (0: nothing); a row with a problem holds NaN."""
    outputs = np.empty((len(COLUMNS), inputs.contract.size)) if out is None else out
    problems = np.empty(inputs.contract.size, np.int64)
    terms, factors = contract_terms(), factor_terms()
    columns = (getattr(inputs, field.name) for field in fields(inputs))
    arguments: tuple[Any, ...] = (*columns, terms, factors, outputs, problems)
    fill_rows(*arguments)
    return BasisRows(*outputs), problems


def implied_repo_ranks(
    inputs: BasisInputs, implied_repo_pct: Floats, is_deliverable: NDArray[np.bool_] | None = None
) -> Integers:
    """Rank of each row by implied repo, 1 the cheapest to deliver, a contract month and settlement date.

    Equal rates rank in the order of the rows; a bond that cannot be delivered ranks 0.
    """
    if is_deliverable is not None and not is_deliverable.all():
        taken = np.flatnonzero(is_deliverable)
        ranks = np.zeros(implied_repo_pct.size, np.int64)
        columns = (getattr(inputs, field.name)[taken] for field in fields(inputs))
        ranks[taken] = implied_repo_ranks(BasisInputs(*columns), implied_repo_pct[taken])
        return ranks
    keys = _basket_keys(inputs)
    order = np.lexsort((-implied_repo_pct, *keys))
    is_new_basket = np.ones(order.size, dtype=np.bool_)
    is_new_basket[1:] = np.any(keys[:, order[1:]] != keys[:, order[:-1]], axis=0)
    places = np.arange(order.size)
    ranks = np.empty(order.size, np.int64)
    ranks[order] = places - np.maximum.accumulate(np.where(is_new_basket, places, 0)) + 1
    return ranks


def basket_numbers(inputs: BasisInputs) -> Integers:
    """Number of each row's basket: its contract, month and settlement date, counted from 0."""
    numbers: Integers = np.unique(_basket_keys(inputs), axis=1, return_inverse=True)[1].reshape(-1)
    return numbers


def _basket_keys(inputs: BasisInputs) -> Integers:
    months = inputs.first_delivery.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
    return np.stack([inputs.contract, months, inputs.settlement])
