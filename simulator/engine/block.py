"""One block of paths: the unit of work, serial inside and free of the interpreter lock, threads outside."""

import math

from simulator.engine.audit import open_audit
from simulator.engine.day import simulate_day
from simulator.engine.parameters import DEALERS, Parameters, Schedule, World
from simulator.engine.records import Records, record_day
from simulator.engine.state import State, reset
from simulator.engine.status import NOT_FINITE, RUNNING
from simulator.model.table import Floats
from simulator.rule import kernel


@kernel
def run_block(
    p: Parameters,
    sched: Schedule,
    w: World,
    s: State,
    memory: Floats,
    opening: Floats,
    r: Records,
) -> None:
    """Play all paths of a block, each from the same opening books; without days, write down the opening.

    The tables are referred to; ``memory`` is that of the books, ``opening`` what it holds on day 0. A path that fails
    numerically keeps its first status code and its day, and stops; the others go on.
    """
    paths, days = w.volatility_multiple.shape
    for path in range(paths):
        reset(p, s, memory, opening)
        open_audit(p, s)
        if days == 0:
            record_day(p, s, memory, r, path, 0)
        for day in range(days):
            simulate_day(p, s, sched, w, path, day)
            books = s.accounts.cash[DEALERS] + s.dealers.fund_repo[0] + s.dealers.cost_bp[0]
            if s.checks.status[0] == RUNNING and not math.isfinite(books):
                s.checks.status[0] = NOT_FINITE
            if s.checks.status[0] != RUNNING:
                r.status[path, 0] = s.checks.status[0]
                r.status[path, 1] = day
                break
            record_day(p, s, memory, r, path, day)
