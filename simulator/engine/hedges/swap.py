"""A par swap on the bucket's bond: worth that bond at the swap rate, which is its yield less the dislocation."""

from __future__ import annotations

from simulator.engine.parameters import Parameters
from simulator.engine.state import State
from simulator.market.treasuries import dirty_price
from simulator.rule import phase

BASIS_POINT = 1e-4


@phase
def swap_value(p: Parameters, s: State, h: int, e: int, cash_yield: float) -> float:
    """Value of the swap per face of the held bond, at the bond's cash yield."""
    bonds, k = p.opening.bonds, p.opening.deliverables.bond[e]
    swap_rate = cash_yield - BASIS_POINT * s.hedges.dislocation_bp[h]
    return dirty_price(
        swap_rate,
        bonds.coupon[k],
        bonds.coupons_per_year[k],
        bonds.periods_to_coupon[k],
        bonds.periods_after[k],
    )
