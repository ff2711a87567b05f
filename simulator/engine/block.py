"""One block of paths: the unit of work, serial inside and free of the interpreter lock, threads outside."""

import math

from simulator.engine.audit import open_audit
from simulator.engine.compiled import by_reference
from simulator.engine.day import simulate_day
from simulator.engine.parameters import Floats, Parameters, Schedule, World
from simulator.engine.records import Records, record_day
from simulator.engine.state import State, reset
from simulator.engine.status import NOT_FINITE, RUNNING
from simulator.rule import kernel


@kernel
def run_block(
    parameters: Parameters,
    schedule: Schedule,
    world: World,
    state: State,
    buffer: Floats,
    opening: Floats,
    records: Records,
) -> None:
    """Play all paths of a block, each from the same opening books.

    ``state`` is scratch whose resettable arrays are views of ``buffer``; ``opening`` is the buffer of day 0. A path
    that fails numerically keeps its first status code and its day, and stops; the others go on.
    """
    p = by_reference(parameters)
    sched = by_reference(schedule)
    w = by_reference(world)
    s = by_reference(state)
    r = by_reference(records)
    paths, days = world.volatility_multiple.shape
    for path in range(paths):
        reset(s, buffer, opening, p.held_bond)
        open_audit(p, s)
        for day in range(days):
            simulate_day(p, s, sched, w, path, day)
            if s.status[0] == RUNNING and not math.isfinite(s.account[0] + s.fund_repo[0] + s.cost_bp[0]):
                s.status[0] = NOT_FINITE
            if s.status[0] != RUNNING:
                r.status[path, 0] = s.status[0]
                r.status[path, 1] = day
                break
            record_day(p, s, r, path, day)
