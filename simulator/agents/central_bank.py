"""Central bank: buys outright (which moves pressure) or packages (which moves the dislocation), lends on demand.

Units: USD billions face a day, bp.
"""

from simulator.rule import rule


@rule
def rule_purchase_bn(stress_bp: float, trigger_bp: float, pace_bn: float, left_bn: float) -> float:
    """Bought today under a rule: the pace while stress exceeds the trigger, within what may still be bought."""
    if stress_bp <= trigger_bp:
        return 0.0
    return min(pace_bn, left_bn)


@rule
def facility_lending_bn(gap_bn: float, capacity_bn: float, lent_bn: float) -> float:
    """Lent to a dealer by the standing facility: its gap, within the capacity left."""
    return max(0.0, min(gap_bn, capacity_bn - lent_bn))
