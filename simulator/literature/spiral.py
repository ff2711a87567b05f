"""Loss and margin spirals in closed form: how far a first loss goes when the sale it forces moves the price.

One agent holds one trade. A loss shrinks its equity by as much as its assets, so at a fixed leverage it must
sell; the sale moves the price; the holding loses again. The rounds form a geometric series, whose sum and
whose breaking point are known, and the simulator's own rounds are judged against both. The second part is the
spiral of Brunnermeier and Pedersen, RFS 22 (2009), where margins may also react to the price.

Units: amounts in USD billions, impact as a fraction of price per USD bn, leverage as assets over equity.
"""

import math

from simulator.market.impact import linear_impact
from simulator.rule import phase, rule


@rule
def sale_to_restore_leverage_bn(loss_bn: float, leverage: float) -> float:
    """Sale after a loss that brings leverage back: ``(leverage - 1) * loss``.

    Assets A = leverage * E become A - loss and must be leverage * (E - loss).
    """
    return (leverage - 1.0) * loss_bn


@rule
def next_loss_bn(loss_bn: float, leverage: float, impact_per_bn: float, holding_bn: float) -> float:
    """Loss of one round caused by the loss of the round before: call, sale, fall of the price, loss."""
    sold_bn = sale_to_restore_leverage_bn(loss_bn, leverage)
    return linear_impact(sold_bn, impact_per_bn) * holding_bn


@rule
def spiral_feedback(leverage: float, impact_per_bn: float, holding_bn: float) -> float:
    """Loss that one dollar of loss brings about in the next round: ``(leverage - 1) * impact * holding``."""
    return (leverage - 1.0) * impact_per_bn * holding_bn


@rule
def spiral_multiplier(feedback: float) -> float:
    """Total loss over the first loss, ``1 / (1 - feedback)``, and infinity from a feedback of one upwards.

    The sum of the geometric series of rounds at a given holding; at one the series stops converging.
    """
    if feedback >= 1.0:
        return math.inf
    return 1.0 / (1.0 - feedback)


@rule
def threshold_leverage(impact_per_bn: float, holding_bn: float) -> float:
    """Leverage at which the spiral stops converging: ``1 + 1 / (impact * holding)``."""
    return 1.0 + 1.0 / (impact_per_bn * holding_bn)


@phase
def total_loss_bn(
    first_loss_bn: float, leverage: float, impact_per_bn: float, holding_bn: float, rounds: int
) -> float:
    """Sum the first loss and the losses of ``rounds`` further rounds, played one by one."""
    total_bn = loss_bn = first_loss_bn
    for _ in range(rounds):
        loss_bn = next_loss_bn(loss_bn, leverage, impact_per_bn, holding_bn)
        total_bn += loss_bn
    return total_bn


@rule
def price_response_to_funding(
    margin: float, margin_slope: float, holding: float, opening_holding: float, risk_cost: float
) -> float:
    """Change of the price per unit of speculators' funding while their margin constraint binds.

    ``1 / ((2 / risk_cost) * margin + margin_slope * holding - opening_holding)``. The first term is plain
    illiquidity, the last the loss spiral of those who already hold, the middle one the margin spiral when
    margins rise as the price falls (``margin_slope < 0``). ``risk_cost`` is customers' risk aversion times
    the variance of the payoff. Infinite where the bracket is not positive: the equilibrium is fragile there.
    Source: Brunnermeier and Pedersen (2009); dp/dη, m, x, x₀ and γσ² in the paper.
    """
    stability = 2.0 / risk_cost * margin + margin_slope * holding - opening_holding
    if stability <= 0.0:
        return math.inf
    return 1.0 / stability


@rule
def customer_price(fundamental: float, supply: float, speculator_holding: float, risk_cost: float) -> float:
    """Price at which customers bear the rest: ``fundamental - risk_cost / 2 * (supply - holding)``."""
    return fundamental - 0.5 * risk_cost * (supply - speculator_holding)


@rule
def affordable_holding(funding: float, price: float, opening_holding: float, margin: float) -> float:
    """Largest holding whose margin the speculators' wealth pays: ``(funding + price * opening) / margin``."""
    return (funding + price * opening_holding) / margin


@rule
def margin_at_price(margin: float, margin_slope: float, price: float, reference_price: float) -> float:
    """Margin per unit, linear in the price around a reference: ``margin + slope * (price - reference)``."""
    return margin + margin_slope * (price - reference_price)
