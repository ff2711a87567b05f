"""Losses along debts: three banks in a ring, and the definitions that set the three models apart."""

from __future__ import annotations

import numpy as np
import pytest

from simulator.analysis.counterparty_loss import clearing_equity, debt_rank_equity, default_cascade_equity

RING = np.array([[0.0, 0.5, 0.0], [0.0, 0.0, 0.5], [0.5, 0.0, 0.0]])


def test_solvent_banks_pay_in_full() -> None:
    np.testing.assert_allclose(clearing_equity([9.5, 4.5, 2.5], [9.0, 4.0, 2.0], RING), 0.5, rtol=1e-14)
    np.testing.assert_allclose(default_cascade_equity([0.5] * 3, RING), 0.5, rtol=1e-14)


def test_debt_rank_writes_claims_down_at_once() -> None:
    first, _ = debt_rank_equity([1.0] * 3, [0.5] * 3, RING, rounds=1)
    np.testing.assert_allclose(first, 0.25, rtol=1e-14)
    limit, rounds = debt_rank_equity([1.0] * 3, [0.5] * 3, RING)
    np.testing.assert_allclose(limit, 0.0, atol=1e-15)
    assert 50 <= rounds <= 55


def test_debt_rank_in_matrix_form() -> None:
    opening, shocked = np.array([4.0, 3.0, 5.0]), np.array([3.5, 2.9, 4.8])
    expected = opening * (
        1.0 - np.linalg.solve(np.eye(3) - RING / opening[:, None], (opening - shocked) / opening)
    )
    equity, _ = debt_rank_equity(opening, shocked, RING)
    np.testing.assert_allclose(equity, expected, rtol=1e-12)


def test_a_failed_debtor_pays_its_creditors_pro_rata() -> None:
    # The second bank has 3 against 4.5 owed: it pays two thirds, so that the first gets 1/3 of its 0.5.
    equity = clearing_equity([10.0, 2.5, 10.0], [9.0, 4.0, 2.0], RING)
    assert equity[1] == pytest.approx(-1.5)
    assert equity[0] == pytest.approx(10.0 + 0.5 * 3.0 / 4.5 - 9.5)
    assert equity[2] == pytest.approx(10.0 + 0.5 - 2.5)


def test_a_cascade_of_failures() -> None:
    np.testing.assert_allclose(default_cascade_equity([0.4, -0.1, 0.6], RING), [-0.1, -0.1, 0.1])
    np.testing.assert_allclose(default_cascade_equity([0.4, -0.1, 0.6], RING, recovery=1.0), [0.4, -0.1, 0.6])
