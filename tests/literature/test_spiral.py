"""Spirals: rounds converge to the closed form below the threshold, diverge above it, and textbook values."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.literature import spiral


@pytest.mark.parametrize("leverage", [1.0, 2.0, 11.0, 20.0])
def test_the_rounds_converge_to_the_geometric_multiplier(leverage: float) -> None:
    impact_per_bn, holding_bn = 4e-4, 100.0
    feedback = spiral.spiral_feedback(leverage, impact_per_bn, holding_bn)
    assert feedback == pytest.approx((leverage - 1.0) * 0.04)
    total_bn = spiral.total_loss_bn(2.0, leverage, impact_per_bn, holding_bn, 400)
    assert total_bn == pytest.approx(2.0 * spiral.spiral_multiplier(feedback), rel=1e-7)


def test_every_finite_number_of_rounds_is_the_partial_geometric_sum() -> None:
    for rounds in range(12):
        partial = (1.0 - 0.4 ** (rounds + 1)) / (1.0 - 0.4)
        assert spiral.total_loss_bn(1.0, 11.0, 4e-4, 100.0, rounds) == pytest.approx(partial, rel=1e-14)


def test_the_rounds_stop_converging_at_the_threshold() -> None:
    impact_per_bn, holding_bn = 4e-4, 100.0
    edge = spiral.threshold_leverage(impact_per_bn, holding_bn)
    assert edge == pytest.approx(26.0)
    below = [spiral.total_loss_bn(1.0, edge * 0.99, impact_per_bn, holding_bn, n) for n in (4_000, 8_000)]
    above = [spiral.total_loss_bn(1.0, edge * 1.01, impact_per_bn, holding_bn, n) for n in (4_000, 8_000)]
    assert below[1] == pytest.approx(below[0], rel=1e-12)
    assert above[1] > 1e6 * above[0]
    assert (
        spiral.spiral_multiplier(spiral.spiral_feedback(edge * 1.01, impact_per_bn, holding_bn)) == math.inf
    )
    assert spiral.spiral_multiplier(1.0) == math.inf


def test_no_impact_leaves_the_direct_loss() -> None:
    assert spiral.total_loss_bn(3.0, 30.0, 0.0, 100.0, 50) == 3.0
    assert spiral.spiral_multiplier(spiral.spiral_feedback(30.0, 0.0, 100.0)) == 1.0


def test_the_sale_restores_the_leverage_exactly() -> None:
    assets, equity, loss = 100.0, 5.0, 1.3
    sold = spiral.sale_to_restore_leverage_bn(loss, assets / equity)
    assert (assets - loss - sold) / (equity - loss) == pytest.approx(20.0, rel=1e-14)


@pytest.mark.parametrize(
    ("margin_slope", "holding", "opening_holding", "expected"),
    [(0.0, 0.0, 0.0, 0.025), (0.0, 0.0, 8.0, 0.03125), (-1.0, 5.0, 8.0, 0.037037)],
)
def test_price_response_to_funding_textbook_values(
    margin_slope: float, holding: float, opening_holding: float, expected: float
) -> None:
    response = spiral.price_response_to_funding(10.0, margin_slope, holding, opening_holding, 0.5)
    assert round(response, 6) == expected


def settle(funding: float, margin_slope: float, opening: float, risk_cost: float, rounds: int) -> float:
    """Price after so many rounds of: price, wealth, margin, holding, price."""
    price = reference = 100.0
    for _ in range(rounds):
        margin = spiral.margin_at_price(10.0, margin_slope, price, reference)
        holding = spiral.affordable_holding(funding, price - reference, opening, margin)
        price = spiral.customer_price(reference + 0.25 * 15.0, 20.0, holding, risk_cost)
    return price


def test_rounds_of_calls_and_sales_have_the_closed_form_as_slope() -> None:
    # The opening point: 5 units held against a margin of 10, so funding of 50 at a price of 100 is binding.
    assert settle(50.0, -1.0, 8.0, 0.5, 300) == pytest.approx(100.0, rel=1e-12)
    step = 1e-4
    slope = (settle(50.0 + step, -1.0, 8.0, 0.5, 300) - settle(50.0 - step, -1.0, 8.0, 0.5, 300)) / (
        2.0 * step
    )
    assert slope == pytest.approx(spiral.price_response_to_funding(10.0, -1.0, 5.0, 8.0, 0.5), rel=1e-6)


def test_a_fragile_market_does_not_settle() -> None:
    assert spiral.price_response_to_funding(10.0, -1.0, 5.0, 60.0, 0.5) == math.inf
    assert abs(settle(49.999, -1.0, 60.0, 0.5, 30) - 100.0) > 1.0
    assert abs(settle(49.999, -1.0, 8.0, 0.5, 30) - 100.0) < 1e-3


@settings(max_examples=60, deadline=None)
@given(
    leverage=st.floats(1.0, 20.0),
    more=st.floats(0.0, 4.0),
    impact_per_bn=st.floats(0.0, 4e-4),
    holding_bn=st.floats(0.0, 100.0),
)
def test_more_leverage_impact_or_holding_never_means_less_amplification(
    leverage: float, more: float, impact_per_bn: float, holding_bn: float
) -> None:
    base = spiral.spiral_multiplier(spiral.spiral_feedback(leverage, impact_per_bn, holding_bn))
    assert base >= 1.0
    assert (
        spiral.spiral_multiplier(spiral.spiral_feedback(leverage + more, impact_per_bn, holding_bn)) >= base
    )
    assert (
        spiral.spiral_multiplier(spiral.spiral_feedback(leverage, impact_per_bn * (1.0 + more), holding_bn))
        >= base
    )
    assert (
        spiral.spiral_multiplier(spiral.spiral_feedback(leverage, impact_per_bn, holding_bn * (1.0 + more)))
        >= base
    )


@settings(max_examples=60, deadline=None)
@given(
    loss=st.floats(0.0, 50.0),
    leverage=st.floats(1.0, 40.0),
    impact_per_bn=st.floats(1e-6, 1e-2),
    holding=st.floats(1.0, 200.0),
)
def test_compiled_rules_equal_plain_python(
    loss: float, leverage: float, impact_per_bn: float, holding: float
) -> None:
    cases = [
        (spiral.sale_to_restore_leverage_bn, (loss, leverage)),
        (spiral.next_loss_bn, (loss, leverage, impact_per_bn, holding)),
        (spiral.spiral_feedback, (leverage, impact_per_bn, holding)),
        (spiral.spiral_multiplier, (loss,)),
        (spiral.threshold_leverage, (impact_per_bn, holding)),
        (spiral.total_loss_bn, (loss, leverage, impact_per_bn, holding, 20)),
        (spiral.price_response_to_funding, (leverage, -impact_per_bn, holding, loss, 0.5)),
        (spiral.customer_price, (100.0, holding, loss, 0.5)),
        (spiral.affordable_holding, (loss, 100.0, holding, leverage)),
        (spiral.margin_at_price, (leverage, -impact_per_bn, 99.0, 100.0)),
    ]
    for compiled, arguments in cases:
        assert compiled(*arguments) == compiled.py_func(*arguments), compiled  # type: ignore[attr-defined]
