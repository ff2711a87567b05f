"""The banks' rules: balance sheets by hand, directions, compiled equal to plain Python."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.literature import bank

AMOUNTS = st.floats(0.0, 2_000.0)


def test_deleveraging_restores_the_target() -> None:
    assets, equity = 1_000.0, 36.0
    amount = bank.deleveraging_bn(assets, equity, 0.04, 0.05)
    assert bank.leverage_ratio(equity, assets - amount) == pytest.approx(0.05)
    assert bank.deleveraging_bn(assets, 40.0, 0.04, 0.05) == 0.0
    assert bank.deleveraging_bn(assets, 40.0, 1.0, 0.05) == pytest.approx(200.0)
    assert bank.deleveraging_bn(assets, 60.0, 1.0, 0.05) == 0.0


def test_an_empty_bank_is_judged_by_the_sign_of_its_equity() -> None:
    assert not bank.is_in_default(bank.leverage_ratio(0.0, 0.0), 0.03)
    assert bank.is_in_default(bank.leverage_ratio(-1.0, 0.0), 0.03)


def test_offers_cover_what_cash_cannot() -> None:
    assert bank.offered_share(30.0, 10.0, 80.0) == pytest.approx(0.25)
    assert bank.offered_share(30.0, 40.0, 80.0) == 0.0
    assert bank.offered_share(300.0, 0.0, 80.0) == 1.0
    assert bank.repayment_bn(375.0, 50.0, 482.0) == 50.0
    assert bank.repayment_bn(375.0, 500.0, 30.0) == 30.0


def test_selling_to_a_target_of_leverage() -> None:
    share = bank.sold_share_to_target(90.0, 10.0, 2.9, 33.0, 31.35)
    assert (90.0 * (1.0 - share) + 10.0) / 2.9 == pytest.approx(31.35)
    assert bank.sold_share_to_target(90.0, 10.0, 100.0 / 33.0, 33.0, 31.35) == 0.0
    assert bank.sold_share_to_target(90.0, 10.0, -1.0, 33.0, 31.35) == 1.0
    assert bank.sold_share_to_target(0.0, 10.0, -1.0, 33.0, 31.35) == 0.0


def test_halfway_execution_halves_the_loss_of_what_was_sold() -> None:
    assert bank.loss_after_sale_bn(8.0, 1.0, 0.5) == pytest.approx(4.0)
    assert bank.loss_after_sale_bn(8.0, 0.0, 0.5) == 8.0
    assert bank.loss_after_sale_bn(8.0, 0.5, 1.0) == 8.0


@settings(max_examples=60, deadline=None)
@given(assets=st.floats(1.0, 2_000.0), equity=st.floats(-50.0, 200.0), loss=st.floats(0.0, 50.0))
def test_a_loss_never_lowers_what_has_to_be_sold(assets: float, equity: float, loss: float) -> None:
    before = bank.deleveraging_bn(assets, equity, 0.04, 0.05)
    assert bank.deleveraging_bn(assets - loss, equity - loss, 0.04, 0.05) >= before - 1e-9


@settings(max_examples=60, deadline=None)
@given(amount=AMOUNTS, cash=AMOUNTS, securities=AMOUNTS)
def test_an_offer_is_a_share(amount: float, cash: float, securities: float) -> None:
    share = bank.offered_share(amount, cash, securities)
    assert 0.0 <= share <= 1.0
    assert bank.offered_share(amount + 1.0, cash, securities) >= share
    assert bank.offered_share(amount, cash + 1.0, securities) <= share


@settings(max_examples=60, deadline=None)
@given(assets=AMOUNTS, equity=st.floats(-50.0, 200.0), share=st.floats(0.0, 1.0))
def test_compiled_rules_equal_plain_python(assets: float, equity: float, share: float) -> None:
    cases = [
        (bank.leverage_ratio, (equity, assets)),
        (bank.is_in_default, (equity / 1_000.0, 0.03)),
        (bank.deleveraging_bn, (assets, equity, 0.04, 0.05)),
        (bank.repayment_bn, (assets, 100.0, 80.0)),
        (bank.offered_share, (assets, 100.0, 300.0)),
        (bank.sold_share_to_target, (assets, 10.0, equity, 33.0, 31.35)),
        (bank.loss_after_sale_bn, (assets, share, 0.5)),
    ]
    for compiled, arguments in cases:
        assert compiled(*arguments) == compiled.py_func(*arguments), compiled  # type: ignore[attr-defined]
