"""Protection on the bucket's issuers with the bonds' rate risk: a bond at the spread of protection.

Its spread is the bond's less the dislocation. Who is short of it bought protection and gains when issuers default.
"""

from __future__ import annotations

from simulator.engine.hedges.swap import swap_value
from simulator.engine.parameters import Parameters
from simulator.engine.state import State
from simulator.rule import phase


@phase
def cds_value(p: Parameters, s: State, h: int, e: int, cash_yield: float) -> float:
    """Value of the hedge per face of the held bond, at the bond's cash yield; what defaulted is settled at recovery."""
    return s.hedges.surviving[h] * swap_value(p, s, h, e, cash_yield)
