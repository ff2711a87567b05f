"""Who fails and what follows: funds are closed out by their dealers, dealers by their lenders."""

from simulator.agents.dealer import may_close_out, public_capital_bn
from simulator.agents.hedge_fund import drawdown, is_insolvent
from simulator.engine.diary import DEALER_DEFAULT, DEALER_RESCUE, FUND_DEFAULT, note
from simulator.engine.loops import each_dealer, each_fund, each_trade, pay
from simulator.engine.parameters import (
    CALL_COUNT,
    CLEARING_HOUSE,
    DEALERS,
    DEFAULT,
    END_INVESTORS,
    FUNDS,
    HAIRCUT,
    OTHER_STRATEGIES,
    OUTSIDE,
    REDEMPTION,
    ROLL_OVER,
    Parameters,
)
from simulator.engine.phases.clearing_house import pay_by_waterfall
from simulator.engine.phases.dealers import charge
from simulator.engine.phases.funds import worth_of_other
from simulator.engine.phases.named import note_sale
from simulator.engine.state import State
from simulator.rule import phase

#: Share of the value of a failed fund's other strategies that its creditors can recover. Judgement.
OTHER_RECOVERY = 0.5


@phase
def close_out_fallen_funds(p: Parameters, s: State) -> int:
    """Close out funds whose equity is gone, or has fallen so far that their dealers may; returns how many."""
    fails, alive, equity, peak = s.scratch.first, s.funds.alive, s.funds.equity, s.funds.peak_equity
    for i in each_fund(s):
        fallen = may_close_out(drawdown(equity[i], peak[i]), p.funds.nav_trigger)
        fails[i] = alive[i] * (1.0 if fallen or is_insolvent(equity[i]) else 0.0)
    failed = 0
    for i in each_fund(s):
        if fails[i] == 1.0:
            close_out_fund(p, s, i)
            failed += 1
    return failed


@phase
def close_out_unpaid_funds(p: Parameters, s: State) -> int:
    """Close out funds that miss cash and have nothing left to sell; returns how many.

    With the default channel off a lender outside the model pays for them.
    """
    failed = 0
    cash, alive, is_selling, tolerance_bn = (
        s.funds.cash,
        s.funds.alive,
        s.orders.is_selling,
        p.numerics.tolerance,
    )
    for i in each_fund(s):
        if cash[i] < -tolerance_bn and alive[i] == 1.0 and is_selling[i] == 0.0:
            if p.channels.default:
                close_out_fund(p, s, i)
                failed += 1
            else:
                s.funds.bridge[i] -= cash[i]
                pay(s, FUNDS, OUTSIDE, cash[i])
                cash[i] = 0.0
    return failed


@phase
def close_out_fund(p: Parameters, s: State, i: int) -> None:
    """Close out a failed fund: margin, waterfall, seizure by its dealers, losses beyond the haircut.

    Calls it could not pay are undone where they were promised: redemptions are not paid, repo is still owed,
    variation and initial margin are met from its posted margin and then the clearing house's waterfall.
    What is left belongs to the bank of its credit line and to its investors, both outside the model.
    """
    uncovered = s.orders.uncovered
    cash = s.funds.cash[i] + s.funds.posted[i]
    pay(s, CLEARING_HOUSE, FUNDS, s.funds.posted[i])
    s.funds.posted[i] = 0.0
    restored = 0.0
    if s.funds.cash[i] < 0.0:
        pay(s, OUTSIDE, FUNDS, uncovered[REDEMPTION, i])
        cash += uncovered[REDEMPTION, i]
        pay(s, END_INVESTORS, FUNDS, uncovered[OTHER_STRATEGIES, i])
        cash += uncovered[OTHER_STRATEGIES, i]
        restored = min(uncovered[HAIRCUT, i] + uncovered[ROLL_OVER, i], max(0.0, -cash))
        pay(s, DEALERS, FUNDS, restored)
        s.dealers.fund_repo[0] += restored
        cash += restored
    pay(s, FUNDS, OUTSIDE, seize(p, s, i, cash, restored))
    s.funds.cash[i] = 0.0
    s.funds.drawn[i] = 0.0
    s.funds.bridge[i] = 0.0
    s.funds.other[i] = 0.0
    s.funds.other_marked[i] = 0.0
    s.funds.alive[i] = 0.0
    s.funds.equity[i] = 0.0
    s.funds.pending_redemption[i] = 0.0
    for c in range(CALL_COUNT):
        uncovered[c, i] = 0.0


@phase
def seize(p: Parameters, s: State, i: int, cash: float, owed_more: float) -> float:
    """Dealers take a failed fund's packages against its repo; returns the cash left after all its debts."""
    owed = owed_more
    worth = 0.0
    seized = 0.0
    for j in each_trade(s):
        face = s.funds.packages[j, i]
        owed += s.funds.loan[j, i]
        worth += face * s.buckets.price[p.opening.trades.bucket_of[j]]
        seized += abs(face)
        take_over(p, s, j, face, p.opening.funds.hedge_ratio[j, i])
        s.funds.packages[j, i] = 0.0
        s.funds.unencumbered[j, i] = 0.0
        s.funds.loan[j, i] = 0.0
        s.orders.packages[j, i] = 0.0
    s.seen.sold_by_channel[DEFAULT] += seized
    note_sale(p, s, i, DEFAULT, seized)
    if p.watch.diary:
        note(s, FUND_DEFAULT, i, -1, worth)
    if cash < 0.0:
        pay_by_waterfall(p, s, -cash)
        cash = 0.0
    surplus = worth - owed
    s.dealers.fund_repo[0] -= owed
    if surplus >= 0.0:
        pay(s, DEALERS, FUNDS, surplus)
        return cash + surplus
    missing = -surplus
    paid = min(missing, cash)
    sold = min(missing - paid, OTHER_RECOVERY * other_worth(p, s, i))
    pay(s, FUNDS, DEALERS, paid)
    pay(s, END_INVESTORS, DEALERS, sold)
    lose_on_client(p, s, i, missing - paid - sold)
    return cash - paid


@phase
def take_over(p: Parameters, s: State, j: int, face: float, ratio: float) -> None:
    """Move a seized position from the funds to the dealers' estates, to be sold in equal parts over the days."""
    h = p.opening.trades.hedge_of[j]
    s.hedges.estate[h] += face
    s.hedges.estate_hedges[h] += face * ratio
    s.hedges.estate_pace[h] += abs(face) / p.dealers.liquidation_days
    s.trades.fund_bonds[j] -= face
    s.trades.fund_hedges[j] -= face * ratio
    s.seen.sold[j] += abs(face)


@phase
def other_worth(p: Parameters, s: State, i: int) -> float:
    """Value of a fund's other strategies today."""
    return s.funds.other[i] * worth_of_other(p, s, i)


@phase
def lose_on_client(p: Parameters, s: State, i: int, loss: float) -> None:
    """Share a loss on a client's repo among the dealers that lent to it."""
    s.seen.client_losses[0] += loss
    orphaned = 0.0
    for d in each_dealer(s):
        if s.dealers.alive[d] == 0.0:
            orphaned += p.opening.funds.client_share[d, i] * loss
        else:
            s.dealers.capital[d] -= p.opening.funds.client_share[d, i] * loss
    charge(s, -orphaned)


@phase
def close_out_dealers(p: Parameters, s: State) -> None:
    """Close out dealers without capital: lenders lose what is missing, survivors take over the trading book.

    The last dealer goes on in public hands: some dealer has to make the market.
    """
    last = last_dealer(p, s)
    failed = False
    for d in each_dealer(s):
        if s.dealers.alive[d] == 1.0 and s.dealers.capital[d] <= 0.0:
            if d == last:
                rescue(p, s, d)
            else:
                close_out_dealer(p, s, d)
                failed = True
    if failed:
        share_book_among_survivors(p, s)


@phase
def last_dealer(p: Parameters, s: State) -> int:
    """The largest dealer alive if none of them has capital left, else -1."""
    largest = -1
    for d in each_dealer(s):
        if s.dealers.alive[d] == 1.0:
            if s.dealers.capital[d] > 0.0:
                return -1
            if largest < 0 or p.opening.dealers.share[d] > p.opening.dealers.share[largest]:
                largest = d
    return largest


@phase
def rescue(p: Parameters, s: State, d: int) -> None:
    """The public takes over dealer d and puts into it the capital with which all dealers opened."""
    opening = 0.0
    for other in each_dealer(s):
        opening += p.opening.dealers.capital_bn[other]
    support = public_capital_bn(opening, s.dealers.capital[d])
    pay(s, OUTSIDE, DEALERS, support)
    s.dealers.capital[d] += support
    s.seen.public_capital[0] += support
    if p.watch.diary:
        note(s, DEALER_RESCUE, d, -1, support)


@phase
def close_out_dealer(p: Parameters, s: State, d: int) -> None:
    """Close out one dealer: what its capital misses is its lenders' loss."""
    missing = -s.dealers.capital[d]
    s.dealers.alive[d] = 0.0
    s.dealers.capital[d] = 0.0
    s.dealers.borrowed[0] -= missing
    s.others.lent[0] -= missing
    if p.watch.diary:
        note(s, DEALER_DEFAULT, d, -1, missing)


@phase
def share_book_among_survivors(p: Parameters, s: State) -> None:
    """Share the trading book among the dealers alive, as at the opening."""
    total = 0.0
    for d in each_dealer(s):
        total += p.opening.dealers.share[d] * s.dealers.alive[d]
    for d in each_dealer(s):
        s.dealers.share[d] = p.opening.dealers.share[d] * s.dealers.alive[d] / total
