"""Speed of the basis rows, as ratios measured in one run on one core.

    python benchmarks/basis.py [rows]

Three things are timed on the same random bonds: whole basis rows in one call; QuantLib called bond by
bond for the same row (schedule, accrued interest at settlement and delivery, interim coupons, forward
price, bases, implied repo; no conversion factor, which it does not have); and NumPy taking as many
powers as the rows' formulas do, two a conversion factor. Results are compared before they are timed.
Targets: at least 50 times faster a row than QuantLib, at most three times NumPy's powers.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from time import perf_counter
from typing import Any

import numpy as np
import QuantLib as ql  # noqa: N813

from simulator.basis.rows import COLUMNS, basis_rows

QUANTLIB_ROWS = 1000
REPETITIONS = 9


def random_rows(count: int) -> dict[str, Any]:
    """Bonds of 2 to 30 years against a future a quarter away."""
    random = np.random.default_rng(1)
    settlement = np.datetime64("2025-01-15") + random.integers(0, 90, count)
    return {
        "contract_kind": np.full(count, 3),
        "first_delivery_date": np.full(count, np.datetime64("2025-06-01")),
        "coupon_pct": random.integers(1, 64, count) / 8.0,
        "coupon_frequency": np.full(count, 2),
        "maturity_date": settlement + random.integers(700, 10_900, count),
        "settlement_date": settlement,
        "delivery_date": settlement + 90,
        "clean_price": random.uniform(80.0, 120.0, count),
        "futures_price": np.full(count, 110.25),
        "repo_rate_pct": random.uniform(2.0, 6.0, count),
    }


def quantlib_row(row: dict[str, Any], place: int, factor: float) -> tuple[float, float]:
    """Net basis and implied repo of one row, with QuantLib's schedule, accrued interest and cash flows."""
    names = ("settlement_date", "delivery_date", "maturity_date")
    days = (row[name][place].item() for name in names)
    settled, delivered, matures = (ql.Date(day.day, day.month, day.year) for day in days)
    schedule = ql.Schedule(
        settled - ql.Period(1, ql.Years),
        matures,
        ql.Period(ql.Semiannual),
        ql.NullCalendar(),
        ql.Unadjusted,
        ql.Unadjusted,
        ql.DateGeneration.Backward,
        ql.Date.isEndOfMonth(matures),
    )
    day_count = ql.ActualActual(ql.ActualActual.ISMA, schedule)
    bond = ql.FixedRateBond(0, 100.0, schedule, [float(row["coupon_pct"][place]) / 100.0], day_count)
    dirty = row["clean_price"][place] + bond.accruedAmount(settled)
    paid = [flow for flow in bond.cashflows() if settled < flow.date() <= delivered]
    income = sum(flow.amount() for flow in paid)
    income_days = sum(flow.amount() * (delivered - flow.date()) for flow in paid)
    invoice = row["futures_price"][place] * factor + bond.accruedAmount(delivered)
    financed = (dirty * (delivered - settled) - income_days) / 360.0
    forward = dirty + row["repo_rate_pct"][place] / 100.0 * financed - income
    return forward - invoice, 100.0 * (invoice + income - dirty) / financed


def shortest(action: Callable[[], object]) -> float:
    """Seconds of the fastest of some repetitions."""
    times = []
    for _ in range(REPETITIONS):
        start = perf_counter()
        action()
        times.append(perf_counter() - start)
    return min(times)


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    row = random_rows(count)
    out = np.zeros((len(COLUMNS), count))
    start = perf_counter()
    rows = basis_rows(**row, out=out)
    first = perf_counter() - start

    start = perf_counter()
    checked = [quantlib_row(row, place, rows.conversion_factor[place]) for place in range(QUANTLIB_ROWS)]
    quantlib = (perf_counter() - start) / QUANTLIB_ROWS
    net, repo = np.array(checked).T
    np.testing.assert_allclose(rows.net_basis[:QUANTLIB_ROWS], net, atol=1e-9)
    np.testing.assert_allclose(rows.implied_repo_pct[:QUANTLIB_ROWS], repo, atol=1e-8)

    ours = shortest(lambda: basis_rows(**row, out=out)) / count
    random = np.random.default_rng(2)
    growth, powers = np.full(count, 1.03), np.zeros((2, count))
    stub, whole = random.uniform(-1.0, 0.0, count), -random.uniform(2.0, 60.0, count)

    def take_powers() -> None:
        np.power(growth, stub, out=powers[0])
        np.power(growth, whole, out=powers[1])

    floor = shortest(take_powers) / count
    print(f"{count:,} rows in one call: {ours * 1e9:.0f} ns a row; first call, compiling: {first:.1f} s")
    print(f"QuantLib, bond by bond: {quantlib * 1e6:.0f} us, {quantlib / ours:,.0f} times ours (target 50)")
    print(f"NumPy, two powers a row: {floor * 1e9:.0f} ns; a row is {ours / floor:.2f} times that (target 3)")


if __name__ == "__main__":
    main()
