"""What failure leaves behind: the last dealer goes on in public hands, and dealers take back no more than they lent."""

from __future__ import annotations

import numpy as np
import pytest

from simulator.engine.status import RUNNING
from tests.economics.shipped import played
from tests.economics.test_ledgers import assert_books_balance

CURVE = ("y2", "y3", "y5", "y7", "y10", "y20", "y30")


def parallel_shift(day: int, basis_points: int) -> str:
    change = ", ".join(f"{tenor}: {basis_points}bp" for tenor in CURVE)
    return f"{{type: yield-shock, day: {day}d, change: {{{change}}}}}"


def test_the_last_dealer_goes_on_with_public_capital() -> None:
    """All lose everything on one day: the largest opens the next day with the capital that all had."""
    run = played("toy", "dealers.capital_ratio=0.5%", f"events=[{parallel_shift(3, 300)}]", audit=True)
    failed, capital, support = (
        run.of(name)[0] for name in ("dealers_failed", "dealer_capital", "public_capital")
    )
    dealers = len(run.prepared.parameters.opening.dealers.capital_bn)
    opening = float(run.prepared.parameters.opening.dealers.capital_bn.sum())
    assert run.result.records.status[0, 0] == RUNNING
    assert failed[1:3].tolist() == [0.0, dealers - 1]
    assert support[2] > opening
    assert capital[2] == pytest.approx(opening)
    assert support[:2].max() == 0.0
    assert np.isfinite(run.of("bond_price")).all()
    assert_books_balance(run)


def test_dealers_never_take_back_a_negative_amount() -> None:
    run = played("levered-2025-meets-2020", paths=100)
    taken = run.of("repo_taken_back")
    assert taken.max() > 0.0
    assert taken.min() >= 0.0
