"""The hedge market: directions of clearing, compiled equal to plain Python."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.market import hedge_market as market

CHOKE, DEMAND_SLOPE, DEALER_SLOPE = 100.0, 0.05, 0.1
PACKAGES = st.floats(0.0, 1_500.0)


@settings(max_examples=60, deadline=None)
@given(others=PACKAGES, cost=st.floats(0.0, 80.0), more=st.floats(0.0, 300.0))
def test_directions(others: float, cost: float, more: float) -> None:
    def dislocation(package_bn: float, choke_bp: float, cost_bp: float) -> float:
        return market.clearing_dislocation_bp(package_bn, choke_bp, DEMAND_SLOPE, 0.0, cost_bp, DEALER_SLOPE)

    base_bp = dislocation(others, CHOKE, cost)
    assert dislocation(others + more, CHOKE, cost) <= base_bp
    assert dislocation(others, CHOKE + more, cost) >= base_bp
    assert dislocation(others, CHOKE, cost + more) >= base_bp


@settings(max_examples=60, deadline=None)
@given(package=PACKAGES, cost=st.floats(0.0, 80.0))
def test_compiled_equals_plain_python(package: float, cost: float) -> None:
    clearing = (package, CHOKE, DEMAND_SLOPE, 3.0, cost, DEALER_SLOPE)
    cases = [
        (market.clearing_dislocation_bp, clearing),
        (market.side_of_market, (package - 700.0, 1_000.0, 0.25)),
        (market.average_ahead, (0.1 * cost, 0.25)),
    ]
    for compiled, arguments in cases:
        assert compiled(*arguments) == compiled.py_func(*arguments), compiled  # type: ignore[attr-defined]
