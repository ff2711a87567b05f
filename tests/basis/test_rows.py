"""Basis rows: published tables, identities, the scalar rules and QuantLib, errors."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.basis.bonds import bonds_from_yield
from simulator.basis.dates import coupon_period, day_numbers, month_of, payment_day_of_month
from simulator.basis.inputs import basis_inputs
from simulator.basis.rows import COLUMNS, BasisRows, basis_rows, computed_rows, implied_repo_ranks
from simulator.contracts import CONTRACTS
from simulator.market import futures

#: Coupon, maturity, clean price; then factor, gross, net basis and implied repo as printed.
TYH2 = [
    (6.50, "2010-02-15", 109.0390625, 1.0305, 1.722, 0.373, 0.60),
    (6.00, "2009-08-15", 105.7890625, 0.9999, 1.659, 0.440, 0.35),
    (5.50, "2009-05-15", 102.8671875, 0.9718, 1.663, 0.558, -0.07),
    (5.75, "2010-08-15", 104.1796875, 0.9838, 1.726, 0.573, -0.09),
    (4.75, "2008-11-15", 98.8203125, 0.9335, 1.605, 0.702, -0.63),
    (5.00, "2011-02-15", 98.8828125, 0.9326, 1.761, 0.801, -0.95),
    (5.00, "2011-08-15", 98.96875, 0.9297, 2.149, 1.190, -2.25),
]

ROW: dict[str, Any] = {
    "contract_kind": "TY",
    "first_delivery_date": "2002-03-01",
    "coupon_pct": 6.5,
    "coupon_frequency": 2,
    "maturity_date": "2010-02-15",
    "settlement_date": "2001-12-10",
    "delivery_date": "2002-03-28",
    "clean_price": 109.0390625,
    "futures_price": 104.140625,
    "repo_rate_pct": 1.73,
}


def tyh2_columns() -> dict[str, Any]:
    return ROW | {
        "coupon_pct": [bond[0] for bond in TYH2],
        "maturity_date": [bond[1] for bond in TYH2],
        "clean_price": [bond[2] for bond in TYH2],
    }


def test_march_2002_ten_year_basket_to_the_digits_printed() -> None:
    rows = basis_rows(**tyh2_columns())
    for place, (_, _, _, factor, gross, net, repo) in enumerate(TYH2):
        assert rows.conversion_factor[place] == factor
        assert rows.gross_basis[place] == pytest.approx(gross, abs=5e-4)
        assert rows.net_basis[place] == pytest.approx(net, abs=1e-3)
        assert rows.implied_repo_pct[place] == pytest.approx(repo, abs=5e-3)
    assert rows.implied_repo_pct.argmax() == 0
    assert rows.net_basis[0] > 0.0
    assert rows.implied_repo_pct[0] < 1.73  # the future embeds the delivery options


def test_given_factors_and_accrued_interest_take_the_place_of_the_rules() -> None:
    """Choudhry, *Bond and Money Markets*, p. 586, and *The Repo Handbook*, p. 426: gilts, factors as published."""
    march = basis_inputs(
        "G", "2000-06-01", 9.0, 2, "2011-07-12", "2000-03-16", "2000-06-30", 131.461, 112.98, 6.24,
        1.1525705, 1.5780822, 4.1917808,
    )  # fmt: skip
    august = basis_inputs(
        "G", "2001-09-01", [6.25, 8.0], 2, ["2010-11-25", "2013-09-27"], "2001-08-13", "2001-09-28",
        [110.20, 128.13], 115.94, 4.9, [0.9494956, 1.0805114],
    )  # fmt: skip
    row, found = computed_rows(march)
    assert not found.any()
    assert row.gross_basis[0] == pytest.approx(1.24358491, abs=5e-9)
    assert row.net_basis[0] == pytest.approx(1.0407732, abs=5e-8)
    pair, found = computed_rows(august)
    assert not found.any()
    assert pair.dirty_price[0] == pytest.approx(111.5586957, abs=5e-8)
    assert pair.accrued_delivery[0] == pytest.approx(2.139946, abs=5e-7)
    assert pair.gross_basis == pytest.approx([0.1154801, 2.856], abs=5e-4)
    assert pair.gross_basis[0] == pytest.approx(0.1154801, abs=5e-8)
    assert pair.net_basis[0] == pytest.approx(
        0.0231429, abs=5e-7
    )  # accrued interest is printed to six decimals
    assert pair.implied_repo_pct[0] == pytest.approx(4.73539, abs=5e-6)
    assert (pair.net_basis[1], pair.implied_repo_pct[1]) == (
        pytest.approx(2.665, abs=5e-4),
        pytest.approx(-11.23, abs=5e-3),
    )


def gilt_row(coupon: float, maturity: str, clean: float, factor: float) -> tuple[float, float, float]:
    """Gross basis, implied repo and net basis of a gilt: factors are given, repo is act/365."""
    settles, delivers, matures = (int(day_numbers(day)) for day in ("2000-03-16", "2000-06-30", maturity))
    month = month_of(matures)
    pay_day = payment_day_of_month(matures, month, False)
    last, following, payments = coupon_period(settles, month, pay_day, 6, 1.0 / 6.0)
    last_then, following_then, left = coupon_period(delivers, month, pay_day, 6, 1.0 / 6.0)
    assert payments - left == 1  # a coupon is paid before delivery
    half = coupon / 2.0
    dirty = clean + half * (settles - last) / (following - last)
    accrued_then = half * (delivers - last_then) / (following_then - last_then)
    financed = futures.financed_price_years(
        dirty, (delivers - settles) / 365.0, half * (delivers - following) / 365.0
    )
    invoice = futures.invoice_price(112.98, factor, accrued_then)
    forward = futures.forward_dirty_price(dirty, 0.0624, financed, half)
    return (
        futures.gross_basis(clean, 112.98, factor),
        100.0 * futures.implied_repo(dirty, invoice, financed, half),
        futures.net_basis(forward, invoice),
    )


def test_gilts_of_march_2000_to_the_precision_of_their_factors() -> None:
    """Screen values; a factor of six decimals leaves 6e-5 of a point and 2e-4 of a per cent open."""
    for (coupon, maturity, clean, factor), (gross, repo, net) in [
        ((5.75, "2009-12-07", 102.732, 0.914225), (-0.5572, 7.3813, -0.3437)),
        ((6.25, "2010-11-25", 107.877, 0.944931), (1.1187, 2.1998, 1.2759)),
    ]:
        found = gilt_row(coupon, maturity, clean, factor)
        assert found == (
            pytest.approx(gross, abs=1.1e-4),
            pytest.approx(repo, abs=4e-4),
            pytest.approx(net, abs=1.1e-4),
        )


def test_chinese_row_uses_its_own_factor_day_count_and_accrued_rounding() -> None:
    row = ROW | {
        "contract_kind": "T",
        "first_delivery_date": "2019-06-01",
        "coupon_pct": 3.25,
        "maturity_date": "2028-11-22",
        "settlement_date": "2019-04-12",
        "delivery_date": "2019-06-19",
        "clean_price": 99.2,
        "futures_price": 96.5,
        "repo_rate_pct": 2.8,
    }
    rows = basis_rows(**row)
    assert rows.conversion_factor[0] == 1.0204
    accrued = 1.625 * 28 / 184  # from 22 May
    assert rows.accrued_delivery[0] == pytest.approx(accrued, abs=1e-13)
    assert rows.accrued_invoice_amount[0] == round(round(accrued, 7) * 1e4, 2)
    dirty = 99.2 + 1.625 * 141 / 181
    forward = dirty * (1 + 0.028 * 68 / 365) - 1.625 * (1 + 0.028 * 28 / 365)
    assert rows.forward_clean_price[0] == pytest.approx(forward - accrued, abs=1e-12)


def test_invoice_amounts_are_rounded_to_the_cent_half_up() -> None:
    row = basis_rows(**ROW)
    assert row.principal_invoice_amount[0] == 107316.91  # 104.140625 x 1.0305 x 1,000 = 107,316.914...
    assert row.accrued_invoice_amount[0] == 736.19
    two_year = basis_rows(
        "TU", "2025-06-01", 4.25, 2, "2027-03-15", "2025-05-01", "2025-06-30", 100.5, 103.5, 4.3
    )
    assert two_year.conversion_factor[0] == 0.9713
    assert two_year.principal_invoice_amount[0] == 201059.10  # 200,000 of face


def test_half_cents_of_the_principal_go_up() -> None:
    """Prices in sixty-fourths times a factor of four decimals often end in exactly half a cent."""
    base = ROW | {"coupon_pct": 6.0, "maturity_date": "2009-08-15", "clean_price": 105.0}
    ticks = np.arange(90 * 64, 120 * 64) / 64.0
    rows = basis_rows(**(base | {"futures_price": ticks}))
    for price, amount in zip(ticks, rows.principal_invoice_amount, strict=True):
        thousandths = round(price * 64) * 9999 * 10_000 // 64  # of a cent, in whole numbers
        cents, rest = divmod(thousandths, 1000)
        assert amount == (cents + (rest >= 500)) / 100.0


def test_simple_columns_follow_from_the_others() -> None:
    rows = basis_rows(**tyh2_columns())
    clean = np.array([bond[2] for bond in TYH2])
    np.testing.assert_allclose(rows.dirty_price, clean + rows.accrued_settlement, rtol=1e-15)
    np.testing.assert_allclose(rows.carry, clean - rows.forward_clean_price, atol=1e-13)
    np.testing.assert_allclose(rows.net_basis, rows.gross_basis - rows.carry, atol=1e-12)
    np.testing.assert_array_equal(rows.net_basis_32nds, rows.net_basis * 32.0)
    np.testing.assert_array_equal(rows.gross_basis_32nds, rows.gross_basis * 32.0)
    np.testing.assert_allclose(
        rows.invoice_price, 104.140625 * rows.conversion_factor + rows.accrued_delivery, rtol=1e-15
    )


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from([code for code, contract in CONTRACTS.items() if contract.is_factor_by_months]),
    st.floats(0.0, 12.0),
    st.integers(400, 10_900),
    st.integers(0, 200),
    st.integers(1, 200),
    st.floats(60.0, 140.0),
    st.floats(-1.0, 15.0),
)
def test_implied_repo_is_the_repo_rate_where_the_net_basis_is_zero(
    code: str, coupon: float, life: int, wait: int, days: int, clean: float, repo: float
) -> None:
    settlement = np.datetime64("2024-01-02") + wait
    terms = (code, "2024-06-01", coupon, 2, settlement + days + life, settlement, settlement + days, clean)
    first = basis_rows(*terms, 100.0, repo)
    fair = first.forward_clean_price / first.conversion_factor
    if fair[0] <= 0.0:
        return
    rows = basis_rows(*terms, fair, repo)
    assert abs(rows.net_basis[0]) < 1e-12
    assert rows.implied_repo_pct[0] == pytest.approx(repo, abs=1e-9 * 360 / days)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.floats(2.0, 9.0), st.integers(2600, 3600), st.floats(90.0, 110.0)),
        min_size=2,
        max_size=8,
    )
)
def test_cheapest_bond_has_the_highest_implied_repo_and_rank_one(
    bonds: list[tuple[float, int, float]],
) -> None:
    coupon, life, clean = (list(column) for column in zip(*bonds, strict=True))
    columns = ROW | {
        "coupon_pct": coupon,
        "maturity_date": np.datetime64("2002-03-28") + np.array(life),
        "clean_price": clean,
    }
    inputs = basis_inputs(**columns)
    rows, problems = computed_rows(inputs)
    assert not problems.any()
    ranks = implied_repo_ranks(inputs, rows.implied_repo_pct)
    assert sorted(ranks) == list(range(1, len(bonds) + 1))
    assert rows.implied_repo_pct[ranks == 1] == rows.implied_repo_pct.max()


def test_ranking_is_by_contract_month_and_settlement_date() -> None:
    columns = tyh2_columns() | {"settlement_date": ["2001-12-10"] * 4 + ["2001-12-11"] * 3}
    inputs = basis_inputs(**columns)
    rows, _ = computed_rows(inputs)
    assert implied_repo_ranks(inputs, rows.implied_repo_pct).tolist() == [1, 2, 3, 4, 1, 2, 3]
    equal = np.full(7, 2.0)
    assert implied_repo_ranks(inputs, equal).tolist() == [1, 2, 3, 4, 1, 2, 3]


def test_kernel_in_plain_python_gives_the_same_bits() -> None:
    from dataclasses import fields

    from simulator.basis import row_kernel as module

    random = np.random.default_rng(5)
    count = 200
    settlement = np.datetime64("2020-01-01") + random.integers(0, 2000, count)
    kinds = random.integers(0, len(CONTRACTS), count)
    is_given = (random.random(count) < 0.2) | (kinds == list(CONTRACTS).index("G"))
    inputs = basis_inputs(
        kinds,
        "2025-09-01",
        random.integers(0, 64, count) / 8.0,
        2,
        settlement + random.integers(3000, 10_000, count),
        settlement,
        settlement + random.integers(1, 400, count),
        random.uniform(80.0, 120.0, count),
        random.uniform(80.0, 120.0, count),
        random.uniform(0.0, 6.0, count),
        np.where(is_given, 0.95, np.nan),
        np.where(random.random(count) < 0.2, 1.5, np.nan),
    )
    compiled, _ = computed_rows(inputs)
    out, problems = np.empty((len(COLUMNS), count)), np.empty(count, np.int64)
    columns = (getattr(inputs, field.name) for field in fields(inputs))
    tables = (module.contract_terms(), module.factor_terms())
    module.fill_rows.py_func(*columns, *tables, out, problems)  # type: ignore[attr-defined]
    assert not problems.any()
    for name, plain in zip(COLUMNS, out, strict=True):
        np.testing.assert_array_equal(getattr(compiled, name), plain, err_msg=name)


def test_table_of_factor_terms_gives_the_scalar_rule_on_every_month() -> None:
    from simulator.basis.row_kernel import factor_terms

    table = factor_terms()
    for kind, contract in enumerate(CONTRACTS.values()):
        for months in range(1, 480, 7):
            counted = futures.months_counted(float(months), float(contract.factor_rounding_months))
            scalar = futures.conversion_factor(0.0425, 2.0, contract.notional_coupon, counted)
            assert futures.factor_from_discounts(0.02125, *table[kind, 1, months]) == scalar


def test_forward_price_equals_quantlib() -> None:
    """QuantLib's cash flows, added up to delivery, on bonds with none, one and two interim coupons."""
    ql = pytest.importorskip("QuantLib")
    counts = set()
    for days in (20, 100, 250, 400):
        settles, delivers = ql.Date(3, 2, 2025), ql.Date(3, 2, 2025) + days
        schedule = ql.Schedule(
            ql.Date(15, 11, 2022), ql.Date(15, 11, 2032), ql.Period(ql.Semiannual), ql.NullCalendar(),
            ql.Unadjusted, ql.Unadjusted, ql.DateGeneration.Backward, False,
        )  # fmt: skip
        bond = ql.FixedRateBond(
            0, 100.0, schedule, [0.04125], ql.ActualActual(ql.ActualActual.ISMA, schedule)
        )
        value = (98.5 + bond.accruedAmount(settles)) * (1 + 0.043 * days / 360)
        paid = [flow for flow in bond.cashflows() if settles < flow.date() <= delivers]
        counts.add(len(paid))
        value -= sum(flow.amount() * (1 + 0.043 * (delivers - flow.date()) / 360) for flow in paid)
        delivered = np.datetime64("2025-02-03") + days
        row = basis_rows(
            "TY", "2025-06-01", 4.125, 2, "2032-11-15", "2025-02-03", delivered, 98.5, 110.0, 4.3
        )
        assert row.forward_clean_price[0] + bond.accruedAmount(delivers) == pytest.approx(value, abs=1e-11)
    assert counts == {0, 1, 2}


def test_cheapest_bond_along_a_path_is_the_one_the_simulators_rules_pick() -> None:
    """Yields wander, the future is the lowest converted forward price by the rules in years, and the rows
    computed from those prices name the same bond, also on the days it switches."""
    random = np.random.default_rng(11)
    coupons = np.array([2.5, 4.5, 6.0, 7.5])
    maturities = np.array(["2031-12-15", "2032-05-15", "2033-02-15", "2033-05-15"], "datetime64[D]")
    factors = [
        futures.conversion_factor(c / 100.0, 2.0, 0.06, futures.months_counted(float(m), 3.0))
        for c, m in zip(coupons, (78, 83, 92, 95), strict=True)
    ]
    settlement, delivery, repo = np.datetime64("2025-03-03"), np.datetime64("2025-06-30"), 0.043
    years = int((delivery - settlement).astype(int)) / 360.0
    level, slope, chosen = 6.0, 0.0, []
    for _ in range(250):
        level += random.normal(0.0, 0.12)
        slope += random.normal(0.0, 0.02)
        yields = level + slope * np.linspace(-1.0, 1.0, 4)
        now = bonds_from_yield(settlement, maturities, coupons, yields)
        then = bonds_from_yield(delivery, maturities, coupons, yields)
        coupon_day = np.where(maturities.astype("datetime64[M]").astype(int) % 12 == 11, 15, 0)
        next_coupon = np.array(
            ["2025-06-15" if day else ("2025-05-15" if m in maturities[[1, 3]] else "2025-08-15")
             for day, m in zip(coupon_day, maturities, strict=True)], "datetime64[D]")  # fmt: skip
        converted = []
        for bond in range(4):
            is_paid = bool(next_coupon[bond] <= delivery)
            income = coupons[bond] / 2.0 * is_paid
            waits = int((delivery - next_coupon[bond]).astype(int)) / 360.0
            financed = futures.financed_price_years(now.dirty_price[bond], years, income * waits)
            forward = futures.forward_dirty_price(now.dirty_price[bond], repo, financed, income)
            converted.append(
                futures.futures_price_from_implied_repo(forward, then.accrued[bond], factors[bond])
            )
        cheapest = int(np.argmin(converted))
        columns = ("TY", "2025-06-01", coupons, 2, maturities, settlement, delivery, now.clean_price)
        inputs = basis_inputs(*columns, min(converted), 100.0 * repo)
        rows, problems = computed_rows(inputs)
        assert not problems.any()
        assert implied_repo_ranks(inputs, rows.implied_repo_pct)[cheapest] == 1
        assert rows.implied_repo_pct[cheapest] == pytest.approx(100.0 * repo, abs=1e-9)
        assert rows.net_basis.min() == pytest.approx(0.0, abs=1e-11)
        chosen.append(cheapest)
    assert len(set(chosen)) >= 3
    assert sum(a != b for a, b in pairwise(chosen)) >= 3


NONSENSE: list[tuple[dict[str, Any], str]] = [
    ({"contract_kind": "BUND"}, "contract_kind is not a known contract; choose one of TU, Z3N, FV, TY, UXY,"),
    ({"settlement_date": "2010-02-15"}, "settlement_date is 2010-02-15, but the bond matures on 2010-02-15;"),
    ({"delivery_date": "2001-12-10"}, "delivery_date is 2001-12-10, not after settlement_date 2001-12-10;"),
    ({"maturity_date": "2002-03-20"}, "maturity_date is 2002-03-20, not after delivery on 2002-03-28 in"),
    ({"clean_price": 0.0}, "clean_price is 0; it must be positive; write points, 101.5 for 101-16"),
    ({"futures_price": -1.0}, "futures_price is -1; it must be positive; write points, 110.25 for 110-08"),
    ({"coupon_pct": -0.5}, "coupon_pct is -0.5; it must be between 0 and 100; write 4.25 for 4.25% a year"),
    ({"coupon_frequency": 1}, "coupon_frequency is 1; TY takes bonds that pay 2 coupons a year;"),
    ({"coupon_frequency": 0}, "coupon_frequency is 0; TY takes bonds that pay 2 coupons a year;"),
    ({"repo_rate_pct": math.nan}, "repo_rate_pct is nan; it must lie between -100 and 1000; write 4.3 for"),
    ({"first_delivery_date": "0001-03-01"}, "first_delivery_date is 0001-03-01; years 1901 to 2298 are"),
    ({"maturity_date": "2150-02-15"}, "maturity_date is 2150-02-15, more than 100 years after the delivery"),
    ({"maturity_date": "NaT"}, "maturity_date is NaT; years 1901 to 2298 are allowed; correct it"),
]


@pytest.mark.parametrize(("changed", "message"), NONSENSE)
def test_a_row_that_makes_no_sense_is_an_error(changed: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match="row ") as caught:
        basis_rows(**(ROW | changed))
    assert str(caught.value).startswith(f"row 0: {message}")


def test_error_counts_the_rows_with_problems() -> None:
    with pytest.raises(ValueError, match=r"\(2 of 3 rows have problems\)$"):
        basis_rows(**(ROW | {"clean_price": [109.0, 0.0, -1.0]}))


def test_rows_with_a_problem_hold_nan_and_leave_the_others_alone() -> None:
    inputs = basis_inputs(**(ROW | {"clean_price": [109.0390625, 0.0]}))
    rows, problems = computed_rows(inputs)
    assert problems.tolist() == [0, 128]
    assert rows.implied_repo_pct[0] == pytest.approx(0.5991, abs=1e-4)
    assert all(math.isnan(getattr(rows, name)[1]) for name in COLUMNS)


def test_results_can_be_written_over_an_array_of_the_caller() -> None:
    out = np.zeros((len(COLUMNS), 7))
    rows: BasisRows = basis_rows(**tyh2_columns(), out=out)
    assert np.shares_memory(rows.implied_repo_pct, out)
    assert out[0].tolist() == [bond[3] for bond in TYH2]
