"""What failure leaves behind: a market without dealers stops, and dealers take back no more than they lent."""

from __future__ import annotations

import numpy as np

from simulator.engine.status import NO_DEALER_LEFT, STATUS
from tests.economics.shipped import played

CURVE = ("y2", "y3", "y5", "y7", "y10", "y20", "y30")


def parallel_shift(day: int, basis_points: int) -> str:
    change = ", ".join(f"{tenor}: {basis_points}bp" for tenor in CURVE)
    return f"{{type: yield-shock, day: {day}d, change: {{{change}}}}}"


def test_a_market_without_dealers_stops_on_the_day_the_last_one_fails() -> None:
    run = played("toy", "dealers.capital_ratio=0.5%", f"events=[{parallel_shift(3, 300)}]")
    status, stopped_on_day = run.result.records.status[0]
    assert status == NO_DEALER_LEFT
    assert stopped_on_day == 2
    assert np.isfinite(run.of("bond_price")[0, :2]).all()
    assert np.isnan(run.of("bond_price")[0, 2:]).all()
    assert STATUS[NO_DEALER_LEFT][0] == "NO_DEALER_LEFT"


def test_dealers_never_take_back_a_negative_amount() -> None:
    run = played("levered-2025-meets-2020", paths=100)
    taken = run.of("repo_taken_back")
    assert taken.max() > 0.0
    assert taken.min() >= 0.0
