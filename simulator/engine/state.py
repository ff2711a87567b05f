"""The books of one path: what the phases of the day read and write.

Four lives: what tomorrow needs (by market and sector), orders that wait for the next clearing (``orders``), what is
only observed (``seen``: the day's tallies and what the records store), and rows that are filled and read within one
phase (``scratch``). ``accounts`` are moved by payments only; the audit recomputes what all of it must add up to.
Indices as in :mod:`simulator.engine.parameters`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from simulator.engine.parameters import (
    CALL_COUNT,
    CHANNELS,
    OWN_LIMITS,
    SECTORS,
    OpeningTerms,
    Parameters,
    Schedule,
    World,
)
from simulator.model.compiled import are_apart
from simulator.model.table import Floats, Ints, allocate, one, per, places
from simulator.rule import phase

DIARY_COLUMNS = 6  # day, round, kind, agent, market, amount

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
IDENTITIES = (
    "cash is conserved",
    "bonds held equal bonds outstanding",
    "hedge longs equal shorts",
    "repo stands on both sheets",
    "dealers' capital equals assets less liabilities",
    "margin held equals margin posted",
    "sectors' accounts equal their members' cash",
    "nobody's cash is negative",
)


class BondBooks(NamedTuple):
    """Bonds today."""

    curve_shift_bp: Floats = per("bond", unit="bp", doc="change of the fundamental yield since the opening")
    price: Floats = per("bond", unit="1", doc="full price, of the bonds priced today")


class BucketBooks(NamedTuple):
    """Buckets of the cash market."""

    price: Floats = per("bucket", unit="1", doc="full price of the held bond, per face")
    price_change: Floats = per("bucket", unit="1", doc="since the last settlement")
    surviving: Floats = per("bucket", unit="1", doc="value that issuers' defaults left of one")
    pressure_bp: Floats = per("bucket", unit="bp", doc="yield pressure of outright selling")
    permanent_bp: Floats = per("bucket", unit="bp", doc="part of it from what end investors hold too much of")
    end_excess: Floats = per("bucket", unit="$bn", doc="end investors' bonds beyond what they want")
    basis_bp: Floats = per("bucket", unit="bp", doc="share of its hedges' dislocations in the cash yield")
    volatility_bp: Floats = per("bucket", unit="bp", doc="a day, in force")
    volatility_ratio: Floats = per("bucket", unit="1", doc="over the opening")
    priced_volatility_bp: Floats = per("bucket", unit="bp", doc="a day, that holders are paid for")
    inventory: Floats = per("bucket", unit="$bn", doc="dealers' outright inventory")
    foreign_bonds: Floats = per("bucket", unit="$bn", doc="foreign holdings")
    end_bonds: Floats = per("bucket", unit="$bn", doc="holdings of everybody else")
    central_bonds: Floats = per("bucket", unit="$bn", doc="outright holdings of the central bank")
    issued: Floats = per("bucket", unit="$bn", doc="issued since the opening")
    inventory_wanted: Floats = per("bucket", unit="$bn", doc="inventory that dealers want to hold today")
    passed: Floats = per("bucket", unit="$bn", doc="inventory passed on this morning")
    bought_from_end: Floats = per(
        "bucket", unit="$bn", doc="bought from end investors today, until the pressure it relieves is booked"
    )


class FundingBooks(NamedTuple):
    """Where trades are financed."""

    policy_rate: Floats = per("funding", unit="1", doc="policy rate a year")
    wholesale_bp: Floats = per("funding", unit="bp", doc="dealers' repo rate less policy rate")
    client_bp: Floats = per("funding", unit="bp", doc="funds' repo rate less policy rate")


class HedgeBooks(NamedTuple):
    """Futures, swaps and credit default swaps."""

    value: Floats = per("hedge", unit="1", doc="per face of the held bond")
    value_at_open: Floats = per("hedge", unit="1", doc="before the day")
    value_change: Floats = per("hedge", unit="1", doc="since the last settlement")
    surviving: Floats = per("hedge", unit="1", doc="value that issuers' defaults left of one")
    dislocation_bp: Floats = per(
        "hedge",
        unit="bp",
        doc="implied repo less policy rate, yield less swap, or bond spread less protection",
    )
    variance: Floats = per("hedge", unit="bp^2", doc="estimate of the daily variance")
    volatility_bp: Floats = per("hedge", unit="bp", doc="a day, in force")
    margin: Floats = per("hedge", unit="1", doc="initial margin per face, in force today")
    model_margin: Floats = per("hedge", unit="1", doc="the same before the scenario's steps")
    margin_cost_bp: Floats = per(
        "hedge", unit="bp", doc="what the dislocation must pay for margins and haircuts"
    )
    managers: Floats = per("hedge", unit="$bn", doc="asset managers' net long position")
    wanted: Floats = per("hedge", unit="$bn", doc="what they want at the opening dislocation")
    others: Floats = per("hedge", unit="$bn", doc="other hedgers' net long position")
    received: Floats = per(
        "hedge", unit="$bn", doc="of it, fixed that they hold in addition for what rates did"
    )
    protection: Floats = per(
        "hedge",
        unit="$bn",
        doc="of it, protection sold by a seller with capital of its own that has not failed",
    )
    speculators: Floats = per("hedge", unit="$bn", doc="of it, net long position of speculators")
    trend: Floats = per("hedge", unit="1", doc="trend of the futures price that they follow")
    beyond_limit: Floats = per(
        "hedge", unit="1", doc="move that its price limit left for the days that follow"
    )
    waiting: Floats = per("hedge", unit="$bn", doc="changes of it that asset managers have yet to carry out")
    side: Floats = per(
        "hedge", unit="1", doc="1 where dealers are long packages, -1 where short, between in part"
    )
    given_up: Floats = per("hedge", unit="$bn", doc="what they gave up for its price, and hold bonds instead")
    dealer_packages: Floats = per("hedge", unit="$bn", doc="dealers' own packages")
    central_packages: Floats = per("hedge", unit="$bn", doc="packages of the central bank")
    estate: Floats = per("hedge", unit="$bn", doc="bonds seized from failed funds and not yet sold")
    estate_hedges: Floats = per("hedge", unit="$bn", doc="hedges seized with them")
    estate_pace: Floats = per("hedge", unit="$bn", doc="sold a day")
    time_left: Floats = per("hedge", unit="1", doc="time to delivery of the month held, over the horizon")
    rolled: Floats = per("hedge", unit="1", doc="part of positions that is rolled today")
    years_to_delivery: Floats = per("hedge", unit="y", doc="to the last delivery day of the nearest month")
    roll_side: Floats = per("hedge", unit="1", doc="side in the greater hurry to roll, when last rolled")
    paid_in_roll: Floats = per("hedge", unit="1", doc="what longs pay shorts today to roll, per face")
    cheapest: Ints = per("hedge", unit="place", doc="deliverable that is cheapest", whole=True)


class TradeBooks(NamedTuple):
    """What all funds hold together."""

    fund_bonds: Floats = per("trade", unit="$bn", doc="bonds of the funds' packages")
    fund_hedges: Floats = per("trade", unit="$bn", doc="hedges of the funds' packages")


class FundBooks(NamedTuple):
    """Hedge funds."""

    packages: Floats = per("trade", "fund", unit="$bn", doc="packages, face")
    loan: Floats = per("trade", "fund", unit="$bn", doc="repo on them")
    haircut: Floats = per("trade", "fund", unit="1", doc="haircut in force")
    unencumbered: Floats = per("trade", "fund", unit="$bn", doc="bonds whose repo was not rolled, face")
    to_deliver: Floats = per("trade", "fund", unit="$bn", doc="packages held until delivery, face")
    cash: Floats = per("fund", unit="$bn", doc="free cash")
    posted: Floats = per("fund", unit="$bn", doc="initial margin posted")
    other: Floats = per("fund", unit="$bn", doc="other strategies at opening volatility")
    other_left: Floats = per("fund", unit="$bn", doc="other strategies that may still be sold today")
    drawn: Floats = per("fund", unit="$bn", doc="committed credit drawn")
    other_marked: Floats = per("fund", unit="$bn", doc="value of other strategies when last settled")
    bridge: Floats = per("fund", unit="$bn", doc="owed outside for calls of channels that are switched off")
    alive: Floats = per("fund", unit="1", doc="1 or 0")
    equity: Floats = per("fund", unit="$bn", doc="equity when last valued")
    peak_equity: Floats = per("fund", unit="$bn", doc="highest equity at a close")
    pending_redemption: Floats = per("fund", unit="$bn", doc="asked back and not yet due")
    cut: Floats = per("fund", unit="1", doc="share of its repo that dealers refuse to roll today")
    repo_over_average_bp: Floats = per("fund", unit="bp", doc="its dealers' repo rate over the average")


class DealerBooks(NamedTuple):
    """Dealers: each one's own, and the sector's."""

    capital: Floats = per("dealer", unit="$bn", doc="capital")
    alive: Floats = per("dealer", unit="1", doc="1 or 0")
    share: Floats = per("dealer", unit="1", doc="share of the trading book")
    use: Floats = per("dealer", unit="1", doc="balance-sheet use over its limit")
    taken: Floats = per("dealer", unit="$bn", doc="repo taken back from clients today")
    gap: Floats = per("dealer", unit="$bn", doc="funding that lenders do not offer today")
    limit_cut: Floats = per("dealer", unit="1", doc="part of its limit that is gone")
    offer: Floats = per("dealer", unit="$bn", doc="repo that lenders offer")
    lenders_limit: Floats = per("dealer", unit="1", doc="lenders' limits over those of the opening")
    needed: Floats = per("dealer", unit="$bn", doc="repo needed today")
    at_facility: Floats = per("dealer", unit="$bn", doc="of it, from the standing repo facility")
    from_lenders: Floats = per("dealer", unit="$bn", doc="of it, asked of lenders")
    repo_bp: Floats = per("dealer", unit="bp", doc="own repo rate less policy rate, first funding")
    over_average_bp: Floats = per("dealer", unit="bp", doc="own repo rate over the average of all dealers")
    lent_to_funds: Floats = per("dealer", unit="$bn", doc="repo lent to funds")
    cost_bp: Floats = one(unit="bp", doc="cost of balance sheet a year")
    inventory_cost_bp: Floats = one(unit="bp", doc="cost of holding bonds outright a year")
    side: Floats = one(
        unit="1", doc="1 where dealers are long bonds outright, -1 where short, between in part"
    )
    borrowed: Floats = one(unit="$bn", doc="repo from lenders")
    fund_repo: Floats = one(unit="$bn", doc="repo lent to funds")
    other_repo: Floats = one(unit="$bn", doc="repo lent to other clients")
    buffer_used: Floats = one(unit="$bn", doc="liquidity buffer in use")
    posted: Floats = one(unit="$bn", doc="initial margin posted")
    limit_bn: Floats = one(unit="$bn", doc="balance-sheet limit of the sector")


class ManagerBooks(NamedTuple):
    """Asset managers."""

    bonds: Floats = per("bucket", "manager", unit="$bn", doc="Treasuries, face")
    cash: Floats = per("manager", unit="$bn", doc="cash")
    other: Floats = per("manager", unit="$bn", doc="other assets")
    value: Floats = per("manager", unit="$bn", doc="net assets at the last close")
    month_return: Floats = per("manager", unit="1", doc="return over about a month")
    month_outflow: Floats = per("manager", unit="$bn", doc="redeemed over about a month")
    flow: Floats = per("manager", unit="$bn", doc="paid in by investors today")
    posted: Floats = one(unit="$bn", doc="initial margin posted by the sector")
    price_response: Floats = one(unit="1", doc="share of their response to the dislocation that cash allows")


class OtherBooks(NamedTuple):
    """Lenders, central bank, clearing house, and the scenario's figures of the day."""

    lent: Floats = one(unit="$bn", doc="repo of dealers, on the lenders' sheet")
    drained: Floats = one(unit="$bn", doc="cash that lenders miss because it was paid to the government")
    facility: Floats = one(unit="$bn", doc="standing repo facility outstanding")
    bought_outright: Floats = one(
        unit="$bn", doc="bought outright by the central bank since the opening, less what it sold"
    )
    bought_hedged: Floats = one(
        unit="$bn", doc="packages bought by the central bank since the opening, less those it sold"
    )
    waterfall_left: Floats = one(unit="$bn", doc="the clearing house's own layer of the waterfall")
    equity_change: Floats = one(unit="1", doc="change of equities since the opening")
    credit_change_bp: Floats = one(unit="bp", doc="change of credit spreads since the opening")
    volatility_multiple: Floats = one(unit="1", doc="latent volatility over its opening level")
    leverage_relief: Floats = one(unit="1", doc="factor on dealers' leverage limits")
    haircut_minimum: Floats = one(unit="1", doc="lowest haircut that policy allows")
    margin_minimum: Floats = one(unit="1", doc="lowest initial margin over the exchange's")
    unnetted_share: Floats = one(unit="1", doc="share of repo that uses balance sheet, clearing applied")
    facility_bn: Floats = one(unit="$bn", doc="most that the standing repo facility lends")
    relief_by_rule: Floats = one(unit="1", doc="leverage relief that a rule gives, over none")
    haircut_by_rule: Floats = one(unit="1", doc="minimum haircut that a rule sets")
    margin_by_rule: Floats = one(unit="1", doc="minimum margin that a rule sets, over the exchange's")
    clearing_by_rule: Floats = one(unit="1", doc="share of un-netted repo that a rule has cleared")
    facility_by_rule: Floats = one(unit="$bn", doc="capacity of the standing repo facility that a rule gives")


class Orders(NamedTuple):
    """What waits: calls on funds to be paid, and orders for the next clearing."""

    call: Floats = per("call", "fund", unit="$bn", doc="cash that funds are called for")
    uncovered: Floats = per("call", "fund", unit="$bn", doc="calls that cash did not reach")
    packages: Floats = per("trade", "fund", unit="$bn", doc="funds' orders: change of packages")
    is_selling: Floats = per("fund", unit="1", doc="1 where a forced sale was ordered this round")
    exist: Floats = per("trade", unit="1", doc="1 where a fund has an order")
    bonds: Floats = per("trade", unit="$bn", doc="sum of the funds' orders, bonds")
    hedges: Floats = per("trade", unit="$bn", doc="sum of the funds' orders, hedges")
    manager_sale: Floats = per("bucket", "manager", unit="$bn", doc="Treasuries sold by asset managers")
    foreign_sale: Floats = per("bucket", unit="$bn", doc="sold by foreign holders")
    auction: Floats = per("bucket", unit="$bn", doc="issued")
    auction_left: Floats = per("bucket", unit="$bn", doc="of it, left to dealers")
    outright: Floats = per("bucket", unit="$bn", doc="bought outright from dealers")
    outright_from_end: Floats = per("bucket", unit="$bn", doc="bought outright from end investors")
    retired: Floats = per("bucket", unit="$bn", doc="bought back by the Treasury from dealers")
    retired_from_end: Floats = per("bucket", unit="$bn", doc="bought back by it from end investors")
    hedged: Floats = per("hedge", unit="$bn", doc="packages bought by the central bank")
    estate_sold: Floats = per("hedge", unit="1", doc="share of the estate sold")
    inventory_next: Floats = per("bucket", unit="$bn", doc="inventory after the clearing")
    dealer_packages_next: Floats = per("hedge", unit="$bn", doc="dealers' packages after the clearing")
    managers_next: Floats = per("hedge", unit="$bn", doc="asset managers' position after the clearing")
    others_next: Floats = per("hedge", unit="$bn", doc="other hedgers' position after the clearing")


class Seen(NamedTuple):
    """What is only observed: tallies of the day, and what the records store that no book holds."""

    sold_by_channel: Floats = per(
        "channel", unit="$bn", doc="packages funds sold, by the channel that caused it"
    )
    called: Floats = per("call", "fund", unit="$bn", doc="cash each fund was called for")
    called_in_all: Floats = per("call", unit="$bn", doc="cash funds were called for")
    sold: Floats = per("trade", unit="$bn", doc="packages funds sold, forced or not, and seized from them")
    bought: Floats = per("trade", unit="$bn", doc="packages funds bought")
    delivered: Floats = per("trade", unit="$bn", doc="of those sold, delivered into futures")
    tail_bp: Floats = per("bucket", unit="bp", doc="yield over the market's at which an auction sold")
    taken_by_bidders: Floats = per(
        "bucket", unit="$bn", doc="bonds that bidders other than dealers took at auction"
    )
    fund_redemptions: Floats = one(unit="$bn", doc="paid or owed to hedge-fund investors")
    manager_redemptions: Floats = one(unit="$bn", doc="paid to asset managers' investors")
    foreign_sales: Floats = one(unit="$bn", doc="sold by foreign holders")
    outright_purchases: Floats = one(unit="$bn", doc="bought outright by the central bank; negative: sold")
    hedged_purchases: Floats = one(unit="$bn", doc="packages bought by the central bank; negative: sold")
    repo_taken_back: Floats = one(unit="$bn", doc="repo dealers took back from funds")
    client_losses: Floats = one(unit="$bn", doc="dealers' losses on failed funds' repo")
    waterfall_losses: Floats = one(unit="$bn", doc="margin of failed funds paid by the waterfall")
    unpaid_protection: Floats = one(
        unit="$bn", doc="what buyers of protection never got from sellers that failed"
    )
    public_capital: Floats = one(unit="$bn", doc="capital the public put into the last dealer")
    rounds: Floats = one(unit="1", doc="rounds played")
    shortfall_left: Floats = one(unit="$bn", doc="cash still missing at funds when the rounds ended")
    # taken at the close
    fundamental_change_bp: Floats = per("bucket", unit="bp", doc="of the held bond's yield since the opening")
    cash_yield_change_bp: Floats = per("bucket", unit="bp", doc="the same, with pressure and basis")
    manager_bonds: Floats = per("bucket", unit="$bn", doc="bonds of asset managers")
    cheapest_place: Floats = per("hedge", unit="place", doc="cheapest bond's place in the basket")
    volatility_year_bp: Floats = per("hedge", unit="bp", doc="annualised volatility in force")
    implied_repo: Floats = per("hedge", unit="1", doc="implied repo rate a year; 0 for a swap")
    open_interest: Floats = per("hedge", unit="$bn", doc="longs of all classes")
    volume_over_open_interest: Floats = per("hedge", unit="1", doc="traded in the day, of the open interest")
    wholesale_repo_bp: Floats = one(unit="bp", doc="dealers' repo rate less policy rate, first funding")
    client_repo_bp: Floats = one(unit="bp", doc="funds' repo rate less policy rate, first funding")
    repo_lowest_bp: Floats = one(unit="bp", doc="repo rate less policy rate of the dealer that pays least")
    repo_highest_bp: Floats = one(unit="bp", doc="the same of the dealer that pays most")
    policy_rate: Floats = one(unit="1", doc="policy rate a year, first funding")
    mean_haircut: Floats = one(unit="1", doc="haircut of hedge funds, weighted by their bonds")
    dealer_use: Floats = one(unit="1", doc="dealers' balance-sheet use over their limits")
    dealer_use_highest: Floats = one(unit="1", doc="the same, of the tightest dealer")
    dealer_capital: Floats = one(unit="$bn", doc="dealers' capital")
    lender_offer: Floats = one(unit="$bn", doc="what lenders offer dealers")
    dealers_failed: Floats = one(unit="1", doc="dealers closed out so far")
    fund_equity: Floats = one(unit="$bn", doc="equity of hedge funds alive")
    fund_cash: Floats = one(unit="$bn", doc="free cash of hedge funds")
    fund_drawn: Floats = one(unit="$bn", doc="committed lines drawn by hedge funds")
    fund_loans: Floats = one(unit="$bn", doc="repo on the hedge funds' own sheets")
    funds_failed: Floats = one(unit="1", doc="hedge funds closed out so far")
    fund_book: Floats = per("fund", unit="$bn", doc="packages of each fund, all trades, absolute")


class NamedFundBooks(NamedTuple):
    """Funds of which records are kept one by one: what the day did to each. Empty rows when there are none."""

    # tallies of the day
    settled: Floats = per(
        "call", "named_fund", unit="$bn", doc="cash that calls took, what they brought netted"
    )
    sold: Floats = per(
        "channel", "named_fund", unit="$bn", doc="packages sold, by the channel that caused it"
    )
    short: Floats = per("named_fund", unit="$bn", doc="calls that its cash did not cover")
    sale_cost: Floats = per(
        "named_fund", unit="$bn", doc="what forced sales cost: half spreads, and value lost since the opening"
    )
    # taken at the morning's look at its limits, and at the close
    allowed: Floats = per(
        "own_limit", "named_fund", unit="1", doc="share of the book that each own limit allows"
    )
    packages: Floats = per("trade", "named_fund", unit="$bn", doc="packages, face")
    equity: Floats = per("named_fund", unit="$bn", doc="equity when last valued")
    cash: Floats = per("named_fund", unit="$bn", doc="free cash")
    line_left: Floats = per("named_fund", unit="$bn", doc="committed credit that is left")
    margin: Floats = per("named_fund", unit="$bn", doc="initial margin posted")
    repo: Floats = per("named_fund", unit="$bn", doc="repo on its bonds")
    alive: Floats = per("named_fund", unit="1", doc="1 or 0")


class NamedDealerBooks(NamedTuple):
    """Dealers of which records are kept one by one, at the close."""

    capital: Floats = per("named_dealer", unit="$bn", doc="capital")
    use: Floats = per("named_dealer", unit="1", doc="balance-sheet use over its limit")
    lent: Floats = per("named_dealer", unit="$bn", doc="repo lent to funds")
    taken: Floats = per("named_dealer", unit="$bn", doc="repo taken back from clients")
    gap: Floats = per("named_dealer", unit="$bn", doc="funding that lenders do not offer")
    repo_bp: Floats = per("named_dealer", unit="bp", doc="own repo rate less policy rate, first funding")
    alive: Floats = per("named_dealer", unit="1", doc="1 or 0")


class Scratch(NamedTuple):
    """Rows that one phase fills and reads; a phase that needs another's row is given it by name."""

    first: Floats = per("fund", unit="any", doc="row of the phase")
    second: Floats = per("fund", unit="any", doc="row of the phase")
    third: Floats = per("fund", unit="any", doc="row of the phase")
    fourth: Floats = per("fund", unit="any", doc="row of the phase")
    fifth: Floats = per("fund", unit="any", doc="row of the phase")
    sixth: Floats = per("fund", unit="any", doc="row of the phase")
    seventh: Floats = per("fund", unit="any", doc="row of the phase")
    eighth: Floats = per("fund", unit="any", doc="row of the phase")
    ninth: Floats = per("fund", unit="any", doc="row of the phase")
    by_position: Floats = per("trade", "fund", unit="any", doc="row of the phase")
    by_trade: Floats = per("trade", unit="any", doc="row of the phase")
    by_trade_too: Floats = per("trade", unit="any", doc="row of the phase")
    by_bucket: Floats = per("bucket", unit="any", doc="row of the phase")
    by_hedge: Floats = per("hedge", unit="any", doc="row of the phase")


class Accounts(NamedTuple):
    """Cash by sector, moved by payments only."""

    cash: Floats = per("sector", unit="$bn", doc="cash")


class Checks(NamedTuple):
    """The diary, the audit and the clock: not put back between paths."""

    diary: Floats = per("entry", "entry_column", unit="any", doc="day, round, kind, agent, market, amount")
    audit_worst: Floats = per("identity", "stage", unit="$bn", doc="largest residual")
    audit_before: Floats = per("identity", unit="$bn", doc="residual after the last stage")
    audit_day: Ints = per("identity", "stage", unit="day", doc="day of the largest residual", whole=True)
    diary_count: Ints = one(unit="1", doc="entries, those beyond the diary's room included", whole=True)
    clock: Ints = per("clock", unit="1", doc="day, round, stage of the day", whole=True)
    status: Ints = one(unit="1", doc="why the path stopped", whole=True)


class State(NamedTuple):
    """The books of one path."""

    bonds: BondBooks
    buckets: BucketBooks
    fundings: FundingBooks
    hedges: HedgeBooks
    trades: TradeBooks
    funds: FundBooks
    dealers: DealerBooks
    managers: ManagerBooks
    others: OtherBooks
    accounts: Accounts
    orders: Orders
    seen: Seen
    named_funds: NamedFundBooks
    named_dealers: NamedDealerBooks
    scratch: Scratch
    checks: Checks


are_apart(Parameters, Schedule, World, State)


def all_sizes(sizes: Mapping[str, int], diary_capacity: int = 0) -> dict[str, int]:
    """Sizes of all dimensions of the books, from those of the market."""
    return {
        "named_fund": 0,
        "named_dealer": 0,
        **sizes,
        "own_limit": len(OWN_LIMITS),
        "hedge_and_end": sizes["hedge"] + 1,
        "one": 1,
        "call": CALL_COUNT,
        "channel": len(CHANNELS),
        "sector": len(SECTORS),
        "identity": len(IDENTITIES),
        "stage": len(STAGES),
        "clock": 3,
        "entry": diary_capacity,
        "entry_column": DIARY_COLUMNS,
    }


def allocate_opening(sizes: Mapping[str, int]) -> OpeningTerms:
    """Opening figures to be filled in: not a number until then, so that what is missed shows."""
    return allocate(OpeningTerms, all_sizes(sizes), start=np.nan)[0]


def allocate_state(sizes: Mapping[str, int], diary_capacity: int = 0) -> tuple[State, Floats]:
    """Books of zeros, and the one memory of all that is put back between paths: see :func:`reset`."""
    state, memory = allocate(State, all_sizes(sizes, diary_capacity))
    return state, memory[: places(State, all_sizes(sizes))["checks.diary"]]


@phase
def reset(p: Parameters, s: State, memory: Floats, opening: Floats) -> None:
    """Put the books back to the opening day: the same bits for every path."""
    for n in range(memory.shape[0]):
        memory[n] = opening[n]
    for h in range(s.hedges.cheapest.shape[0]):
        s.hedges.cheapest[h] = p.opening.hedges.cheapest[h]
    s.checks.clock[0] = 0
    s.checks.clock[1] = 0
    s.checks.status[0] = 0
