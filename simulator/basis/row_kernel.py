"""The compiled row of the basis: dates, factor, forward, bases and implied repo of one bond and future.

Loops the rules of ``simulator.market.futures`` over arrays. What a contract contributes comes in as
tables, made from the contract table, so that the loop knows no contract by name; powers in the
conversion factor come from such a table too. What is wrong with a row is returned as a number and
turned into words by ``simulator.basis.problems``.
"""

from __future__ import annotations

import math
from functools import cache

import numpy as np
from numpy.typing import NDArray

from simulator.basis.dates import (
    FIRST_OF_MONTH,
    coupon_period,
    day_in_month,
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
    futures_price_from_implied_repo,
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
NOTIONAL, ROUNDING_MONTHS, REPO_YEARS_PER_DAY, FACE, MONTH_ENDS, ACCRUED_STEPS, BY_MONTHS, FREQUENCY_TAKEN = (
    range(8)
)

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
FACTOR_NOT_GIVEN = 1024
FACTOR_NOT_POSITIVE = 2048


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
                contract.is_factor_by_months,
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
    given_factor: float,
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
    if given_factor <= 0.0:
        found += FACTOR_NOT_POSITIVE
    return found


@compiled
def contract_problem(terms: Floats, contract: int, frequency: int, given_factor: float) -> int:
    """Whether the contract is in the table, takes bonds of this coupon frequency and has a factor."""
    if contract < 0 or contract >= terms.shape[0]:
        return UNKNOWN_CONTRACT
    if frequency not in (1, 2, 4) or terms[contract, FREQUENCY_TAKEN + frequency // 2] == 0.0:
        return FREQUENCY_NOT_DELIVERABLE
    if math.isnan(given_factor) and terms[contract, BY_MONTHS] == 0.0:
        return FACTOR_NOT_GIVEN
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
def given_or(given: float, computed: float) -> float:
    """What the user gives, or else what the rules compute."""
    return computed if math.isnan(given) else given


@compiled
def accrued_paid(accrued: float, steps_per_point: float) -> float:
    """Accrued interest as the exchange rounds it before turning it into money."""
    if steps_per_point == 0.0:
        return accrued
    return float(np.floor(accrued * steps_per_point + 0.5)) / steps_per_point


@compiled
def contract_amount(points: float, face: float) -> float:
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
    given_factor: Floats,
    given_accrued_settlement: Floats,
    given_accrued_delivery: Floats,
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
            given_factor[row],
        ) + contract_problem(terms, kind, per_year, given_factor[row])
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
        factor = given_or(given_factor[row], factor)
        accrued_now = given_or(given_accrued_settlement[row], accrued_now)
        accrued_then = given_or(given_accrued_delivery[row], accrued_then)

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
        out[5, row] = contract_amount(future * factor, terms[kind, FACE])
        out[6, row] = contract_amount(
            accrued_paid(accrued_then, terms[kind, ACCRUED_STEPS]), terms[kind, FACE]
        )
        out[7, row] = forward_clean
        out[8, row] = carry(clean, forward_clean)
        out[9, row] = gross
        out[10, row] = net
        out[11, row] = gross * THIRTY_SECONDS
        out[12, row] = net * THIRTY_SECONDS
        out[13, row] = implied_repo(dirty, invoice, financed, income) * 100.0
        out[14, row] = futures_price_from_implied_repo(forward_dirty, accrued_then, factor)
