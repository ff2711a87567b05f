"""Foreign holders through the day: what they sell, and what they exchange with the Treasury."""

from simulator.agents.foreign_holder import given_up_bn, received_bn, volatility_sale_bn
from simulator.engine.diary import FOREIGN_SOLD, SMALLEST_ENTRY_BN, note
from simulator.engine.loops import each_bucket
from simulator.engine.parameters import Parameters, Schedule
from simulator.engine.state import State
from simulator.rule import phase


@phase
def sell_from_abroad(p: Parameters, s: State, sched: Schedule, day: int, noise: float) -> None:
    """Foreign holders sell by scenario and because volatility is high."""
    for b in each_bucket(s):
        holdings = s.buckets.foreign_bonds[b]
        by_fear = volatility_sale_bn(
            holdings,
            s.others.volatility_multiple[0],
            p.foreign_holders.volatility_sale,
            p.foreign_holders.volatility_tolerance,
        )
        face = sched.foreign_sale_bn[day, b] + by_fear + noise * holdings
        s.orders.foreign_sale[b] = min(face, holdings)
        s.seen.foreign_sales[0] += s.orders.foreign_sale[b]
        if p.watch.diary and face > SMALLEST_ENTRY_BN:
            note(s, FOREIGN_SOLD, -1, b, s.orders.foreign_sale[b])


@phase
def exchange_bonds(s: State, sched: Schedule, day: int) -> None:
    """Foreign holders exchange bonds of some buckets for those of others with the Treasury, at market value."""
    held, issued, price = s.buckets.foreign_bonds, s.buckets.issued, s.buckets.price
    for b in each_bucket(s):
        for into in each_bucket(s):
            wanted = sched.exchange_bn[day, b, into]
            if wanted != 0.0:
                face = given_up_bn(wanted, held[b], held[into], price[b], price[into])
                received = received_bn(face, price[b], price[into])
                held[b] -= face
                issued[b] -= face
                held[into] += received
                issued[into] += received
