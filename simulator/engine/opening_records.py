"""The opening day in the form of a day's records: day 0 of the results."""

from simulator.engine.compiled import by_reference
from simulator.engine.opening import Prepared
from simulator.engine.parameters import Floats, Parameters
from simulator.engine.records import Records, allocate_records, record_day
from simulator.engine.state import State, reset
from simulator.rule import kernel


def opening_records(prepared: Prepared, *, agents: bool = False) -> Records:
    """Records of one path with one day, the opening."""
    precision = prepared.scenario.output.precision
    sizes = (len(prepared.trades), len(prepared.funds), len(prepared.dealers))
    records = allocate_records(1, 1, *sizes, precision, agents)
    state, buffer = prepared.new_scratch()
    record_opening(prepared.parameters, state, buffer, prepared.opening, records)
    return records


@kernel
def record_opening(
    parameters: Parameters, state: State, buffer: Floats, opening: Floats, records: Records
) -> None:
    """Put the state to the opening and write it down."""
    p = by_reference(parameters)
    s = by_reference(state)
    r = by_reference(records)
    reset(s, buffer, opening, p.held_bond)
    record_day(p, s, r, 0, 0)
