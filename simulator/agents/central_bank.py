"""Central bank: buys outright (which moves pressure) or packages (which moves the dislocation), lends on demand.

Units: USD billions face a day, bp.
"""

from simulator.rule import rule


@rule
def rule_purchase_bn(stress_bp: float, trigger: float, pace: float, left_bn: float) -> float:
    """Bought today under a rule: the pace while stress exceeds the trigger, within what may still be bought.

    ``trigger`` in bp, ``pace`` in USD billions face a day.
    """
    if stress_bp <= trigger:
        return 0.0
    return min(pace, left_bn)


@rule
def from_dealers_bn(face_bn: float, inventory_bn: float, opening_inventory_bn: float) -> float:
    """Part of an outright purchase that dealers deliver: what they hold beyond their opening inventory."""
    return min(face_bn, max(0.0, inventory_bn - opening_inventory_bn))


@rule
def facility_lending_bn(gap_bn: float, capacity: float, lent_bn: float) -> float:
    """Lent to a dealer by the standing facility: its gap, within the capacity left, all in USD billions."""
    return max(0.0, min(gap_bn, capacity - lent_bn))
