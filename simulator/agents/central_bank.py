"""Central bank: trades outright (which moves pressure) or packages (which moves the dislocation), lends on demand.

Units: USD billions face a day, bp.
"""

from simulator.evenly import GOLDEN_RATIO
from simulator.rule import rule


@rule
def step_by_rule(
    stress: float, trigger: float, release: float, pace: float, left: float, given: float
) -> float:
    """Step of a lever under a rule: forward while stress exceeds the trigger, back while it is below the release.

    A step is the pace at most. ``left`` is how far the lever may still go, ``given`` how far it may go back; it and the
    pace are in the lever's unit, as purchases in USD billions a day; stress and its marks in theirs.
    """
    if stress > trigger:
        return max(0.0, min(pace, left))
    if stress < release:
        return -max(0.0, min(pace, given))
    return 0.0


@rule
def traded_bn(face_bn: float, held_bn: float) -> float:
    """What the central bank buys, or sells out of what it holds: it is never short."""
    return max(face_bn, -max(0.0, held_bn))


@rule
def from_dealers_bn(face_bn: float, held_bn: float, opening_held_bn: float) -> float:
    """Part of an outright purchase that dealers deliver: of what they hold beyond the opening, in packages too.

    A bond that stands in a package may be delivered: another one takes its place, or its hedge is covered.
    """
    return min(face_bn, max(0.0, held_bn - opening_held_bn))


@rule
def own_stigma_bp(stigma: float, size_place: int) -> float:
    """How much dearer than the facility lenders may be before this dealer turns to it: each has its own.

    From nothing to twice ``stigma``, evenly spread and neither rising nor falling with size: fractional parts of
    multiples of the golden ratio, by the dealer's ``size_place``, 0 for the largest. That dealers differ is seen in
    what they bid at operations; how is judgement.
    """
    return 2.0 * stigma * (((size_place + 1) * GOLDEN_RATIO) % 1.0)


@rule
def facility_demand_bn(needed_bn: float, borrowed_cheaper_bn: float) -> float:
    """What a dealer asks of the facility because it is cheaper than lenders: the rest of its need."""
    return max(0.0, needed_bn - borrowed_cheaper_bn)


@rule
def facility_lending_bn(gap_bn: float, capacity: float, lent_bn: float) -> float:
    """Lent to a dealer by the standing facility: its gap, within the capacity left, all in USD billions."""
    return max(0.0, min(gap_bn, capacity - lent_bn))
