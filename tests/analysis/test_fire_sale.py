"""The five-bank fire sale to the digits published, its plain-Python twin, and its independence of order."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.analysis.fire_sale import Banks, FireSale, banks_from_disclosure, fire_sale
from simulator.analysis.known_answers import FIVE_BANK_ROWS, FIVE_BANKS, fire_sale_answers
from simulator.literature import bank as rules
from simulator.literature import impact_conventions

ORDERS = list(itertools.permutations(range(5)))


def play(row: int, order: tuple[int, ...] = (0, 1, 2, 3, 4)) -> FireSale:
    shock, fall, buffer_ratio = map(float, FIVE_BANK_ROWS[row][0].split())
    banks = banks_from_disclosure(*FIVE_BANKS)
    return fire_sale(
        Banks(*(item[list(order)] for item in banks)), [0.0, shock], fall, buffer_ratio=buffer_ratio
    )


def twin(row: int, order: tuple[int, ...], *, in_turn: bool = False) -> tuple[list[int], list[float]]:
    """The same recursion in plain Python: default steps and end equity in the banks' own order.

    ``in_turn`` clears one bank after the other, each at the price the last one left: the planted error.
    """
    shock, fall, buffer_ratio = map(float, FIVE_BANK_ROWS[row][0].split())
    opening = banks_from_disclosure(*FIVE_BANKS)
    cash, illiquid, loan, other = (
        [float(x) for x in item]
        for item in (opening.cash_bn, opening.illiquid_bn, opening.loan_bn, opening[4])
    )
    held = [[float(x) for x in line] for line in opening.securities_face_bn]
    outstanding = [held[0][k] + held[1][k] + held[2][k] + held[3][k] + held[4][k] for k in (0, 1)]
    slope = impact_conventions.impact_slope_from_five_percent_fall.py_func(fall)  # type: ignore[attr-defined]
    price, offered = [1.0, 1.0 - shock], [[0.0, 0.0] for _ in held]
    default_step, equity = [0] * 5, [0.0] * 5
    for step in range(1, 7):
        for batch in [[i] for i in order] if in_turn else [list(order)]:
            for k in (0, 1):
                sold = 0.0
                for i in batch:
                    sold += offered[i][k]
                after = impact_conventions.exponential_impact_of_share.py_func(  # type: ignore[attr-defined]
                    price[k], sold / outstanding[k], slope
                )
                paid = impact_conventions.average_execution_price.py_func(price[k], after)  # type: ignore[attr-defined]
                for i in batch:
                    cash[i] += offered[i][k] * paid
                    held[i][k] -= offered[i][k]
                    offered[i][k] = 0.0
                price[k] = after
        for i in order:
            marked = 0.0 + held[i][0] * price[0] + held[i][1] * price[1]
            assets = cash[i] + marked + illiquid[i]
            equity[i] = assets - loan[i] - other[i]
            if default_step[i]:
                continue
            ratio = rules.leverage_ratio.py_func(equity[i], assets)  # type: ignore[attr-defined]
            share = 1.0
            if rules.is_in_default.py_func(ratio, 0.03):  # type: ignore[attr-defined]
                default_step[i] = step
            else:
                wanted = rules.deleveraging_bn.py_func(  # type: ignore[attr-defined]
                    assets, equity[i], buffer_ratio, 0.05
                )
                paid = rules.repayment_bn.py_func(wanted, cash[i], loan[i])  # type: ignore[attr-defined]
                cash[i] -= paid
                loan[i] -= paid
                share = rules.offered_share.py_func(  # type: ignore[attr-defined]
                    wanted - paid, cash[i], marked
                )
            offered[i] = [share * face for face in held[i]]
    return default_step, equity


@pytest.mark.parametrize("answer", list(fire_sale_answers()), ids=lambda answer: answer.quantity)
def test_every_published_row_to_its_digits(answer: object) -> None:
    assert answer.holds, answer  # type: ignore[attr-defined]


@pytest.mark.parametrize("row", range(9))
def test_the_compiled_model_is_its_plain_twin_bit_for_bit(row: int) -> None:
    result = play(row)
    default_step, equity = twin(row, (0, 1, 2, 3, 4))
    assert result.default_step.tolist() == default_step
    assert result.equity_bn[-1].tolist() == equity


@pytest.mark.parametrize("row", range(9))
def test_shuffled_banks_fare_the_same(row: int) -> None:
    base = play(row)
    for order in ORDERS[::7]:
        shuffled = play(row, order)
        np.testing.assert_array_equal(shuffled.default_step, base.default_step[list(order)])
        np.testing.assert_allclose(shuffled.equity_bn, base.equity_bn[:, list(order)], rtol=0, atol=1e-11)
        np.testing.assert_allclose(shuffled.price, base.price, rtol=1e-13)
        np.testing.assert_allclose(shuffled.sold_share, base.sold_share, rtol=1e-13)


def test_clearing_one_bank_after_the_other_would_depend_on_the_order() -> None:
    equity = np.array([twin(1, order, in_turn=True)[1] for order in ORDERS[::7]])
    assert np.ptp(equity, axis=0).max() > 0.1


def test_the_hand_computed_bank_repays_from_cash_and_then_from_bonds() -> None:
    assets, equity = 995.0, 31.0
    wanted = rules.deleveraging_bn(assets, equity, 0.04, 0.05)
    assert wanted == pytest.approx(375.0)
    assert rules.repayment_bn(wanted, 50.0, 482.0) == 50.0
    assert rules.offered_share(wanted - 50.0, 0.0, 75.0) == 1.0
    assert rules.is_in_default(rules.leverage_ratio(27.0, 994.0), 0.03)


def test_without_impact_the_loss_is_the_direct_one() -> None:
    banks = banks_from_disclosure(*FIVE_BANKS)
    result = fire_sale(banks, [0.0, 0.2], 0.0)
    direct = np.array(FIVE_BANKS[0]) - 0.2 * banks.securities_face_bn[:, 1]
    np.testing.assert_allclose(result.equity_bn[-1], direct, rtol=0, atol=1e-10)
    np.testing.assert_allclose(result.price[-1], [1.0, 0.8])


def test_impossible_inputs_are_refused() -> None:
    banks = banks_from_disclosure(*FIVE_BANKS)
    with pytest.raises(ValueError, match="at least 0 and below 1"):
        fire_sale(banks, 0.1, 1.0)
    with pytest.raises(ValueError, match="held by no bank"):
        fire_sale(banks._replace(securities_face_bn=np.zeros((5, 2))), 0.1, 0.01)


def test_strong_banks_do_not_move() -> None:
    strong = banks_from_disclosure([60.0, 80.0], [6.0, 8.0], [100.0, 100.0], [50.0, 60.0])
    result = fire_sale(strong, 0.0, 0.05, buffer_ratio=1.0)
    assert result.sold_share.tolist() == [0.0] * 6
    assert (result.price == 1.0).all()
    np.testing.assert_allclose(result.equity_bn, np.tile([60.0, 80.0], (6, 1)), atol=1e-11)


def test_the_opening_balance_sheets_are_left_untouched() -> None:
    banks = banks_from_disclosure(*FIVE_BANKS)
    before = [item.copy() for item in banks]
    fire_sale(banks, [0.0, 0.2], 0.05)
    for item, copy in zip(banks, before, strict=True):
        np.testing.assert_array_equal(item, copy)


@settings(max_examples=40, deadline=None)
@given(shock=st.floats(0.0, 0.5), fall=st.floats(0.0, 0.2), targeting=st.booleans())
def test_prices_never_rise_and_nothing_is_sold_twice(shock: float, fall: float, targeting: bool) -> None:
    banks = banks_from_disclosure(*FIVE_BANKS)
    result = fire_sale(banks, [0.0, shock], fall, buffer_ratio=1.0 if targeting else 0.04)
    assert (np.diff(result.price, axis=0) <= 0.0).all()
    assert (np.diff(result.sold_share) >= 0.0).all()
    assert result.sold_share[-1] <= 1.0 + 1e-12
    assert (np.diff(result.equity_bn, axis=0) <= 1e-9).all()
