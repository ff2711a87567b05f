"""The state of one path: what the phases of the day read and write.

``opening_state`` arrays hold day 0; ``reset`` copies them, so that every path starts from the same bits.
Account sheets are updated by transactions only; the audit recomputes what they must add up to.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from simulator.engine.alignment import aligned_zeros, whole_lines
from simulator.engine.parameters import CALL_COUNT, CHANNELS, SECTOR_COUNT, Floats, Ints
from simulator.rule import phase

DIARY_COLUMNS = 6  # day, round, kind, agent, trade, amount


class State(NamedTuple):
    """Balance sheets, prices and scratch of one path. T trades, N funds, D dealers, A asset managers, B bonds."""

    # prices
    curve_shift_bp: Floats  # (B,)
    bond_price: Floats  # (B,) scratch: of the bonds priced last
    price: Floats  # (T,) dirty price of the held bond, per face
    price_change: Floats  # (T,) scratch: since the last settlement
    hedge_change: Floats  # (T,) scratch
    hedge: Floats  # (T,) value of the hedge per face of held bond
    cheapest: Ints  # (T,) bond
    pressure_bp: Floats  # (T,)
    permanent_bp: Floats  # (T,)
    dislocation_bp: Floats  # (T,)
    variance: Floats  # (T,) bp squared a day
    volatility_bp: Floats  # (T,) a day, in force
    volatility_ratio: Floats  # (T,) over the opening
    margin: Floats  # (T,) initial margin per face, in force today
    model_margin: Floats  # (T,) the same before the scenario's steps
    hedge_at_open: Floats  # (T,) value of the hedge before the day
    # hedge funds
    packages: Floats  # (T, N)
    loan: Floats  # (T, N)
    haircut: Floats  # (T, N)
    cash: Floats  # (N,)
    posted: Floats  # (N,)
    other: Floats  # (N,) other strategies at opening volatility
    drawn: Floats  # (N,)
    bridge: Floats  # (N,) owed outside for calls of channels that are switched off
    alive: Floats  # (N,) 1 or 0
    equity: Floats  # (N,)
    peak_equity: Floats  # (N,)
    pending_redemption: Floats  # (N,)
    cut: Floats  # (N,) share of repo that dealers refuse to roll today
    allowed: Floats  # (N,) share of its book that a fund's own limits allow
    is_selling: Floats  # (N,) 1 where a forced sale was ordered this round
    called_by: Floats  # (5, N) calls of the day
    scratch: Floats  # (N,)
    scratch_too: Floats  # (N,)
    cut_face: Floats  # (N,) scratch
    chosen_face: Floats  # (N,) scratch
    bought_face: Floats  # (N,) scratch
    wealth: Floats  # (N,) scratch: equity over its opening level
    cut_share: Floats  # (N,) scratch: share of its book that a fund cuts at its limits today
    other_left: Floats  # (N,) other strategies that may still be sold today
    call: Floats  # (5, N)
    uncovered: Floats  # (5, N)
    order: Floats  # (T, N) signed change of packages
    fund_hedge: Floats  # (T,) sum of packages times hedge ratio
    fund_bonds: Floats  # (T,)
    # dealers
    dealer_package: Floats  # (T,)
    inventory: Floats  # (T,)
    estate: Floats  # (T,) bonds of defaulted funds
    estate_hedge: Floats  # (T,)
    estate_pace: Floats  # (T,) sold a day
    capital: Floats  # (D,)
    dealer_alive: Floats  # (D,)
    share: Floats  # (D,) of the trading book
    use: Floats  # (D,)
    taken: Floats  # (D,) repo taken back today
    gap: Floats  # (D,) funding that lenders do not offer today
    lent_to_funds: Floats  # (D,)
    # asset managers
    manager_bonds: Floats  # (T, A)
    manager_cash: Floats  # (A,)
    manager_other: Floats  # (A,)
    manager_value: Floats  # (A,)
    manager_return: Floats  # (A,)
    manager_futures: Floats  # (T,)
    wanted_futures: Floats  # (T,)
    # other sectors
    foreign_bonds: Floats  # (T,)
    end_bonds: Floats  # (T,)
    central_bonds: Floats  # (T,)
    central_package: Floats  # (T,)
    issued: Floats  # (T,)
    account: Floats  # (sector,) cash
    given_up: Floats  # (T,) hedges asset managers gave up for their price, and hold bonds instead
    # orders and flows that wait for the next clearing
    has_orders: Floats  # (T,) 1 where a fund has an order
    room_left: Floats  # (T,) scratch: what a forced fund can still sell
    released: Floats  # (T,) scratch: cash that selling a face frees
    order_bonds: Floats  # (T,) sum of the funds' orders
    order_hedges: Floats  # (T,)
    manager_sale: Floats  # (T, A)
    manager_flow: Floats  # (A,) cash paid in by investors today
    foreign_sale: Floats  # (T,)
    auction: Floats  # (T,)
    auction_left: Floats  # (T,) to dealers
    policy_outright: Floats  # (T,)
    policy_from_end: Floats  # (T,) outright, from end investors
    policy_packages: Floats  # (T,)
    bought_from_end: Floats  # (T,) today, until the pressure it relieves is booked next morning
    estate_sold: Floats  # (T,) share of what is left
    passed: Floats  # (T,) inventory passed on this morning
    inventory_next: Floats  # (T,)
    package_next: Floats  # (T,)
    futures_next: Floats  # (T,)
    offer: Floats  # (D,)
    # scalars
    policy_rate: Floats
    volatility_multiple: Floats
    cost_bp: Floats
    inventory_cost_bp: Floats
    wholesale_bp: Floats
    client_bp: Floats
    borrowed: Floats  # dealers' repo from lenders, on the dealers' sheet
    lent: Floats  # the same, on the lenders' sheet
    fund_repo: Floats  # dealers' claims on funds, on the dealers' sheet
    facility: Floats
    buffer_used: Floats
    other_repo: Floats  # lent by dealers to clients other than the funds
    dealer_posted: Floats
    manager_posted: Floats
    limit_bn: Floats
    limit_cut: Floats
    relief: Floats
    bought_outright: Floats
    bought_hedged: Floats
    waterfall_left: Floats  # the clearing house's own capital
    # of the day, for the records
    sold_by_channel: Floats  # (8,)
    sold_by_trade: Floats  # (T,)
    bought_by_trade: Floats  # (T,)
    tail_bp: Floats  # (T,)
    tally: Floats  # (10,) see records
    # checks
    diary: Floats  # (capacity, 6)
    diary_count: Ints
    clock: Ints  # (3,) day, round, stage of the day
    audit_worst: Floats  # (identity, stage)
    audit_day: Ints  # (identity, stage)
    audit_before: Floats  # (identity,) residual after the last stage
    status: Ints


# Indices of ``tally``.
(
    TALLY_REDEEMED,
    TALLY_MANAGER_REDEEMED,
    TALLY_FOREIGN_SOLD,
    TALLY_OUTRIGHT,
    TALLY_HEDGED,
    TALLY_TAKEN,
    TALLY_DEALER_LOSS,
    TALLY_WATERFALL,
    TALLY_ROUNDS,
    TALLY_LEFT_OVER,
) = range(10)
TALLY_COUNT = 10

# Stages of the day after which the audit looks at the books.
STAGES = (
    "opening books",
    "pass_on_inventory",
    "accrue_carry",
    "settle_prices (morning)",
    "roll_over",
    "call_initial_margin and redemptions",
    "post_flows",
    "settle_calls and defaults",
    "clear_markets and transfer",
    "post_margins",
    "finance_dealers",
    "close of day",
)
STAGE_COUNT = len(STAGES)
IDENTITIES = (
    "cash is conserved",
    "bonds held equal bonds outstanding",
    "hedge longs equal shorts",
    "repo stands on both sheets",
    "dealers' capital equals assets less liabilities",
    "margin held equals margin posted",
    "nobody's cash is negative",
)
IDENTITY_COUNT = len(IDENTITIES)

#: Shape of every array that is reset for each path, by dimension.
_SHAPES: dict[tuple[str, ...], str] = {
    ("bond",): "curve_shift_bp bond_price",
    ("trade",): """price price_change hedge hedge_change pressure_bp permanent_bp dislocation_bp variance
        volatility_bp volatility_ratio
        margin model_margin hedge_at_open fund_hedge fund_bonds dealer_package inventory estate estate_hedge
        estate_pace manager_futures wanted_futures foreign_bonds end_bonds central_bonds central_package issued
        given_up has_orders room_left released order_bonds order_hedges foreign_sale auction auction_left
        policy_outright policy_from_end
        bought_from_end policy_packages estate_sold passed inventory_next package_next futures_next
        sold_by_trade bought_by_trade tail_bp""",
    ("trade", "fund"): "packages loan haircut order",
    ("fund",): """cash posted other drawn bridge alive equity peak_equity pending_redemption other_left cut
        allowed is_selling scratch scratch_too cut_face chosen_face bought_face wealth cut_share""",
    ("call", "fund"): "call uncovered called_by",
    ("dealer",): "capital dealer_alive share use taken gap lent_to_funds offer",
    ("trade", "manager"): "manager_bonds manager_sale",
    ("manager",): "manager_cash manager_other manager_value manager_return manager_flow",
    ("sector",): "account",
    ("channel",): "sold_by_channel",
    ("tally",): "tally",
    (
        "one",
    ): """policy_rate volatility_multiple cost_bp inventory_cost_bp wholesale_bp client_bp borrowed lent
        fund_repo facility buffer_used other_repo dealer_posted manager_posted limit_bn limit_cut relief
        bought_outright bought_hedged waterfall_left""",
}


def allocate(
    trades: int, funds: int, dealers: int, managers: int, bonds: int, diary_capacity: int = 0
) -> tuple[State, Floats]:
    """Allocate a state of zeros and return it with the one buffer that its resettable arrays are views of.

    Copying one buffer to another resets a path: see :func:`reset`.
    """
    size = {
        "trade": trades,
        "fund": funds,
        "dealer": dealers,
        "manager": managers,
        "bond": bonds,
        "call": CALL_COUNT,
        "channel": len(CHANNELS),
        "sector": SECTOR_COUNT,
        "tally": TALLY_COUNT,
        "one": 1,
    }
    shapes = {
        name: tuple(size[dimension] for dimension in dimensions)
        for dimensions, names in _SHAPES.items()
        for name in names.split()
    }
    buffer = aligned_zeros(sum(whole_lines(int(np.prod(shape))) for shape in shapes.values()))
    arrays: dict[str, Any] = {}
    start = 0
    for name, shape in shapes.items():
        length = int(np.prod(shape))
        arrays[name] = buffer[start : start + length].reshape(shape)
        start += whole_lines(length)
    state = State(
        **arrays,
        cheapest=np.zeros(trades, np.int64),
        diary=np.zeros((diary_capacity, DIARY_COLUMNS)),
        diary_count=np.zeros(1, np.int64),
        clock=np.zeros(3, np.int64),
        audit_worst=np.zeros((IDENTITY_COUNT, STAGE_COUNT)),
        audit_day=np.zeros((IDENTITY_COUNT, STAGE_COUNT), np.int64),
        audit_before=np.zeros(IDENTITY_COUNT),
        status=np.zeros(1, np.int64),
    )
    return state, buffer


@phase
def reset(state: State, buffer: Floats, opening: Floats, held_bond: Ints) -> None:
    """Put a path back to the opening day: the same bits for every path."""
    for n in range(buffer.shape[0]):
        buffer[n] = opening[n]
    for j in range(held_bond.shape[0]):
        state.cheapest[j] = held_bond[j]
    state.clock[0] = 0
    state.clock[1] = 0
    state.status[0] = 0
