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
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simulator.basis.dates import (
    FIRST_OF_MONTH,
    DateLike,
    coupon_period,
    day_in_month,
    day_numbers,
    month_of,
    payment_day_of_month,
)
from simulator.contracts import CONTRACTS
from simulator.market.futures import (
    carry,
    factor_from_discounts,
    financed_price_years,
    forward_clean_price,
    forward_dirty_price,
    gross_basis,
    implied_repo,
    invoice_price,
    months_counted,
    net_basis,
    payments_after_stub,
    periods_to_first_payment,
)
from simulator.rule import kernel
from simulator.rule import phase as compiled

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

#: Thirty-seconds of a point, the unit United States bases are quoted in.
THIRTY_SECONDS = 32.0

#: Longest time from delivery month to maturity: a hundred years.
MONTHS_MAX = 1200

PERCENT = 0.01

#: Coupon frequencies there are discount factors for; a frequency's place is itself // 2.
FREQUENCIES = (1, 2, 4)
MONTHS_PER_COUPON = np.array([12, 6, 3])
PERIODS_PER_MONTH = 1.0 / MONTHS_PER_COUPON
YEARS_PER_COUPON = np.array([1.0, 0.5, 0.25])

#: Days for which a coupon before and one after still lie in the table of months.
EARLIEST_DAY, LATEST_DAY = int(FIRST_OF_MONTH[12]), int(FIRST_OF_MONTH[-13])

#: Columns of the table of terms that the kernel reads, a row a contract.
NOTIONAL, ROUNDING_MONTHS, REPO_YEARS_PER_DAY, FACE, MONTH_ENDS, ACCRUED_STEPS, FREQUENCY_TAKEN = range(7)

#: What can be wrong with a row; the problems of a row are added up.
UNKNOWN_CONTRACT = 1
DATE_OUT_OF_RANGE = 2
MATURED = 4
DELIVERY_NOT_AFTER_SETTLEMENT = 8
MATURES_BEFORE_DELIVERY = 16
COUPON_OUT_OF_RANGE = 32
FREQUENCY_NOT_DELIVERABLE = 64
CLEAN_PRICE_NOT_POSITIVE = 128
FUTURES_PRICE_NOT_POSITIVE = 256
REPO_RATE_OUT_OF_RANGE = 512


@dataclass(frozen=True, slots=True)
class BasisRows:
    """Results of :func:`basis_rows`, one array of the rows' length a field.

    Prices, accrued interest, carry and bases in points; ``*_32nds`` in thirty-seconds of a point;
    ``*_amount`` in the contract's currency for one contract, rounded as the exchange rounds;
    ``implied_repo_pct`` in percent a year, simple, in the market's repo day count.
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


COLUMNS = tuple(field.name for field in fields(BasisRows))


@dataclass(frozen=True, slots=True)
class BasisInputs:
    """Checked for shape, not for sense: arrays of one length, dates as day numbers."""

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
) -> BasisInputs:
    """Arrays of one length from arrays and single values, each as the kernel reads it."""
    columns = (
        contract_numbers(contract_kind),
        day_numbers(first_delivery_date),
        np.asarray(coupon_pct, np.float64),
        np.asarray(coupon_frequency, np.int64),
        *(day_numbers(dates) for dates in (maturity_date, settlement_date, delivery_date)),
        *(np.asarray(column, np.float64) for column in (clean_price, futures_price, repo_rate_pct)),
    )
    shape = np.broadcast_shapes((1,), *(column.shape for column in columns))
    return BasisInputs(*(np.ascontiguousarray(np.broadcast_to(column, shape)) for column in columns))


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
    )
    rows, problems = computed_rows(inputs, out)
    bad = np.flatnonzero(problems)
    if bad.size:
        from simulator.basis.problems import problem_sentences

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


def implied_repo_ranks(inputs: BasisInputs, implied_repo_pct: Floats) -> Integers:
    """Rank of each row by implied repo, 1 the cheapest to deliver, a contract month and settlement date.

    Equal rates rank in the order of the rows.
    """
    months = inputs.first_delivery.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
    keys = np.stack([inputs.contract, months, inputs.settlement])
    order = np.lexsort((-implied_repo_pct, *keys))
    is_new_basket = np.ones(order.size, dtype=np.bool_)
    is_new_basket[1:] = np.any(keys[:, order[1:]] != keys[:, order[:-1]], axis=0)
    places = np.arange(order.size)
    ranks = np.empty(order.size, np.int64)
    ranks[order] = places - np.maximum.accumulate(np.where(is_new_basket, places, 0)) + 1
    return ranks


@cache
def contract_terms() -> Floats:
    """Terms of every contract that the kernel reads, a row a contract, in the order of their names."""
    return np.array(
        [
            [
                contract.notional_coupon,
                contract.factor_rounding_months,
                1.0 / contract.repo_days_per_year,
                contract.face,
                contract.is_paid_on_month_ends,
                0.0 if contract.accrued_decimals is None else 10.0**contract.accrued_decimals,
                *(frequency in contract.coupon_frequencies for frequency in FREQUENCIES),
            ]
            for contract in CONTRACTS.values()
        ],
        dtype=np.float64,
    )


@cache
def factor_terms() -> Floats:
    """What a conversion factor needs besides the coupon, so that no row takes a power.

    Returns
    -------
    (contract, frequency, months to maturity, term) array
        The terms are the notional yield a period, the stub in periods, the discount factor over the
        stub and the one from there to maturity.
    """
    table = np.empty((len(CONTRACTS), len(FREQUENCIES), MONTHS_MAX + 1, 4))
    fill_factor_terms(contract_terms(), table)
    return table


@kernel
def fill_factor_terms(terms: Floats, table: Floats) -> None:
    """Fill the table of :func:`factor_terms`."""
    for kind in range(table.shape[0]):
        for place in range(table.shape[1]):
            frequency = 1.0 / YEARS_PER_COUPON[place]
            notional_yield = terms[kind, NOTIONAL] / frequency
            for months in range(table.shape[2]):
                counted = months_counted(float(months), terms[kind, ROUNDING_MONTHS])
                stub = periods_to_first_payment(counted, frequency)
                later = payments_after_stub(counted, frequency)
                table[kind, place, months, 0] = notional_yield
                table[kind, place, months, 1] = stub
                table[kind, place, months, 2] = math.pow(1.0 + notional_yield, -stub)
                table[kind, place, months, 3] = math.pow(1.0 + notional_yield, -later)


@compiled
def row_problems(
    maturity: int,
    settlement: int,
    delivery: int,
    first_delivery: int,
    coupon_pct: float,
    clean: float,
    future: float,
    repo_pct: float,
) -> int:
    """Sum of what is wrong with a row's dates and numbers."""
    earliest = min(min(settlement, maturity), min(delivery, first_delivery))
    latest = max(max(settlement, maturity), max(delivery, first_delivery))
    if earliest < EARLIEST_DAY or latest > LATEST_DAY:
        return DATE_OUT_OF_RANGE
    found = 0
    if settlement >= maturity:
        found += MATURED
    elif delivery >= maturity:
        found += MATURES_BEFORE_DELIVERY
    if delivery <= settlement:
        found += DELIVERY_NOT_AFTER_SETTLEMENT
    if not 0.0 <= coupon_pct <= 100.0:
        found += COUPON_OUT_OF_RANGE
    if not 0.0 < clean < math.inf:
        found += CLEAN_PRICE_NOT_POSITIVE
    if not 0.0 < future < math.inf:
        found += FUTURES_PRICE_NOT_POSITIVE
    if not -100.0 < repo_pct < 1000.0:
        found += REPO_RATE_OUT_OF_RANGE
    return found


@compiled
def contract_problem(terms: Floats, contract: int, frequency: int) -> int:
    """Whether the contract is in the table and takes bonds of this coupon frequency."""
    if contract < 0 or contract >= terms.shape[0]:
        return UNKNOWN_CONTRACT
    if frequency not in (1, 2, 4) or terms[contract, FREQUENCY_TAKEN + frequency // 2] == 0.0:
        return FREQUENCY_NOT_DELIVERABLE
    return 0


@compiled
def interim_coupon_days(
    payments: int,
    payments_left: int,
    first_coupon: int,
    delivery: int,
    maturity_month: int,
    pay_day: int,
    step: int,
) -> int:
    """Days from each interim coupon to delivery, added up; the first coupon's date is known."""
    days = (payments - payments_left) * (delivery - first_coupon)
    for left in range(payments_left, payments - 1):
        days -= day_in_month(maturity_month - left * step, pay_day) - first_coupon
    return days


@compiled
def accrued_paid(accrued: float, steps_per_point: float) -> float:
    """Accrued interest as the exchange rounds it before turning it into money."""
    if steps_per_point == 0.0:
        return accrued
    return float(np.floor(accrued * steps_per_point + 0.5)) / steps_per_point


@compiled
def amount(points: float, face: float) -> float:
    """Money for one contract, to the cent, a half rounded up.

    Prices in binary fractions times a four-decimal factor hit exact half cents; the nudge, above the
    error of the product and below the distance to the next one, sends them up.
    """
    cents = points * face
    return float(np.floor(cents + 0.5 + 4e-15 * cents)) / 100.0


@kernel
def fill_rows(
    contract: Integers,
    first_delivery: Integers,
    coupon_pct: Floats,
    frequency: Integers,
    maturity: Integers,
    settlement: Integers,
    delivery: Integers,
    clean_price: Floats,
    futures_price: Floats,
    repo_rate_pct: Floats,
    terms: Floats,
    factors: Floats,
    out: Floats,
    problems: Integers,
) -> None:
    """Compute every row of ``out`` (columns as in :class:`BasisRows`, one each line)."""
    for row in range(contract.size):
        kind, per_year, clean, future = contract[row], frequency[row], clean_price[row], futures_price[row]
        settled, delivered, matures = settlement[row], delivery[row], maturity[row]
        problem = row_problems(
            matures,
            settled,
            delivered,
            first_delivery[row],
            coupon_pct[row],
            clean,
            future,
            repo_rate_pct[row],
        ) + contract_problem(terms, kind, per_year)
        if problem == 0:
            months = month_of(matures) - month_of(first_delivery[row])
            if months <= 0:
                problem = MATURES_BEFORE_DELIVERY
            elif months > MONTHS_MAX:
                problem = DATE_OUT_OF_RANGE
        problems[row] = problem
        if problem != 0:
            out[:, row] = math.nan
            continue

        place, years_per_day = per_year >> 1, terms[kind, REPO_YEARS_PER_DAY]
        step, per_month = MONTHS_PER_COUPON[place], PERIODS_PER_MONTH[place]
        payment = coupon_pct[row] * YEARS_PER_COUPON[place]
        maturity_month = month_of(matures)
        pay_day = payment_day_of_month(matures, maturity_month, terms[kind, MONTH_ENDS] == 1.0)
        last, following, payments = coupon_period(settled, maturity_month, pay_day, step, per_month)
        accrued_now = payment * (settled - last) / (following - last)
        last_then, following_then, left = coupon_period(delivered, maturity_month, pay_day, step, per_month)
        accrued_then = payment * (delivered - last_then) / (following_then - last_then)

        term = factors[kind, place, months]
        notional_yield, stub, stub_discount, redemption = term[0], term[1], term[2], term[3]
        factor = factor_from_discounts(payment * PERCENT, notional_yield, stub, stub_discount, redemption)

        dirty = clean + accrued_now
        income = payment * (payments - left)
        income_days = interim_coupon_days(payments, left, following, delivered, maturity_month, pay_day, step)
        financed = financed_price_years(
            dirty, (delivered - settled) * years_per_day, payment * income_days * years_per_day
        )
        invoice = invoice_price(future, factor, accrued_then)
        forward_dirty = forward_dirty_price(dirty, repo_rate_pct[row] * PERCENT, financed, income)
        forward_clean = forward_clean_price(forward_dirty, accrued_then)
        gross = gross_basis(clean, future, factor)
        net = net_basis(forward_dirty, invoice)

        out[0, row] = factor
        out[1, row] = accrued_now
        out[2, row] = accrued_then
        out[3, row] = dirty
        out[4, row] = invoice
        out[5, row] = amount(future * factor, terms[kind, FACE])
        out[6, row] = amount(accrued_paid(accrued_then, terms[kind, ACCRUED_STEPS]), terms[kind, FACE])
        out[7, row] = forward_clean
        out[8, row] = carry(clean, forward_clean)
        out[9, row] = gross
        out[10, row] = net
        out[11, row] = gross * THIRTY_SECONDS
        out[12, row] = net * THIRTY_SECONDS
        out[13, row] = implied_repo(dirty, invoice, financed, income) * 100.0
