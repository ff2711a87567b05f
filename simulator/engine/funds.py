"""Hedge funds through the day: called, covered, forced, cutting, entering, and closed out.

Calls are summed by channel, paid from cash in that order, then from the committed line and other strategies;
what is missing becomes an order to sell packages. Orders are posted here and executed once, for everyone at
the same prices, when the markets clear.
"""

from simulator.agents.hedge_fund import (
    affordable_purchase_bn,
    cash_released,
    cash_scale,
    cash_shortfall_bn,
    convergence_bn,
    drawdown,
    drawdown_scale,
    equity_bn,
    extra_interest_bn,
    forced_sale_bn,
    leverage_scale,
    other_strategies_bn,
    redemption_request_bn,
    value_at_risk_scale,
    wanted_packages_bn,
)
from simulator.engine.diary import (
    CALLED_VARIATION,
    DREW_LINE,
    ENTERED,
    FORCED_SALE,
    LIMIT_SALE,
    SMALLEST_ENTRY_BN,
    SOLD_OTHER,
    note,
)
from simulator.engine.parameters import (
    CALL_COUNT,
    CHOICE,
    CLEARING_HOUSE,
    DEALERS,
    END_INVESTORS,
    HAIRCUT,
    INITIAL_MARGIN,
    OUTSIDE,
    REDEMPTION,
    RISK_LIMIT,
    ROLL_OVER,
    TRADING_DAYS_PER_MONTH,
    TRADING_DAYS_PER_YEAR,
    VARIATION_MARGIN,
    Parameters,
)
from simulator.engine.state import TALLY_REDEEMED, State
from simulator.rule import phase


@phase
def accrue_fund_carry(p: Parameters, s: State) -> float:
    """Accrue what packages earn and pay over their opening carry; returns repo interest paid to dealers."""
    extra_repo_bp = s.client_bp[0] - p.repo_spread_bp
    for i in range(s.cash.shape[0]):
        s.repo_change[i] = 0.0
    for j in range(s.price.shape[0]):
        extra_bp = s.dislocation_bp[j] - p.opening_dislocation_bp[j]
        earned = convergence_bn(s.hedge[j], extra_bp, TRADING_DAYS_PER_YEAR)
        for i in range(s.cash.shape[0]):
            interest = extra_interest_bn(s.loan[j, i], extra_repo_bp, TRADING_DAYS_PER_YEAR)
            s.repo_change[i] += interest
            s.call[VARIATION_MARGIN, i] += interest - s.packages[j, i] * p.hedge_ratio[j, i] * earned
    paid = 0.0
    for i in range(s.cash.shape[0]):
        paid += s.repo_change[i]
    return paid


@phase
def call_initial_margin(p: Parameters, s: State) -> None:
    """Call or return initial margin, so that what is posted equals today's margin on every hedge."""
    for i in range(s.cash.shape[0]):
        s.repo_change[i] = 0.0
    for j in range(s.price.shape[0]):
        rate = s.margin[j] * p.margin_factor
        for i in range(s.cash.shape[0]):
            s.repo_change[i] += rate * abs(s.packages[j, i] * p.hedge_ratio[j, i])
    for i in range(s.cash.shape[0]):
        asked = s.repo_change[i] - s.posted[i]
        s.call[INITIAL_MARGIN, i] += asked
        s.posted[i] += asked
        s.account[CLEARING_HOUSE] += asked


@phase
def roll_repo(p: Parameters, s: State, step: float) -> None:
    """Roll the funds' repo at today's haircuts, refuse what dealers take back, and re-strike term loans that mature.

    A haircut change moves the re-marked share at once. The gap that old term loans leave to today's terms
    closes as they mature, unless the fund is being cut.
    """
    for j in range(s.price.shape[0]):
        fear = p.haircut_slope * (s.volatility_ratio[j] - 1.0)
        for i in range(s.cash.shape[0]):
            weak = p.haircut_weak_equity * min(1.0, max(0.0, 1.0 - s.equity[i] / p.opening_equity_bn[i]))
            haircut = max(p.haircut_floor[i], p.base_haircut[i] + fear + weak + step)
            value = s.price[j] * s.packages[j, i]
            by_haircut = p.remarked_share[i] * (s.haircut[j, i] - haircut) * value
            maturing = p.remarked_share[i] + (1.0 - p.remarked_share[i]) / p.term_days
            refused = min(s.cut[i], maturing) * max(0.0, s.loan[j, i])
            gap = (1.0 - haircut) * value - s.loan[j, i] - by_haircut
            restruck = gap / p.term_days if s.cut[i] <= 0.0 else 0.0
            s.haircut[j, i] = haircut
            s.loan[j, i] += by_haircut - refused + restruck
            s.call[HAIRCUT, i] -= by_haircut
            s.call[ROLL_OVER, i] += refused
            s.call[VARIATION_MARGIN, i] -= restruck
            s.repo_change[i] += by_haircut - refused + restruck


@phase
def book_repo_change(s: State) -> None:
    """Book on the dealers' side what :func:`roll_repo` changed on the funds' side."""
    lent = 0.0
    for i in range(s.cash.shape[0]):
        lent += s.repo_change[i]
    s.fund_repo[0] += lent
    s.account[DEALERS] -= lent


@phase
def ask_fund_redemptions(p: Parameters, s: State, demanded: float) -> None:
    """Investors ask for money after losses, and are paid as notice runs out; the scenario may demand more."""
    for i in range(s.cash.shape[0]):
        if s.alive[i] == 0.0:
            continue
        loss = drawdown(s.equity[i], s.peak_equity[i])
        s.pending_redemption[i] += redemption_request_bn(
            s.equity[i], loss, p.redemption_tolerance, p.redemption_response, TRADING_DAYS_PER_MONTH
        )
        due = s.pending_redemption[i] / p.redemption_notice_days
        s.pending_redemption[i] -= due
        due += demanded * p.opening_equity_bn[i]
        due = min(due, max(0.0, s.equity[i]))
        s.call[REDEMPTION, i] += due
        s.account[OUTSIDE] += due
        s.tally[TALLY_REDEEMED] += due


@phase
def value_funds(p: Parameters, s: State) -> None:
    """Value every fund's equity at today's prices, before its calls are met."""
    for i in range(s.cash.shape[0]):
        s.repo_change[i] = 0.0
    for j in range(s.price.shape[0]):
        for i in range(s.cash.shape[0]):
            s.repo_change[i] += s.price[j] * s.packages[j, i] - s.loan[j, i]
    for i in range(s.cash.shape[0]):
        other = other_strategies_bn(s.other[i], p.other_loss_per_volatility, s.volatility_multiple[0])
        called = 0.0
        for c in range(CALL_COUNT):
            called += s.call[c, i]
        s.equity[i] = equity_bn(
            s.cash[i] - called, s.posted[i], s.repo_change[i], other, s.drawn[i] + s.bridge[i]
        )


@phase
def settle_calls(p: Parameters, s: State) -> None:
    """Pay the calls, in order of channel, from cash; cover the rest from the line and other strategies."""
    for i in range(s.cash.shape[0]):
        before = s.cash[i]
        net = 0.0
        for c in range(CALL_COUNT):
            net += s.call[c, i]
        s.cash[i] = before - net
        if s.cash[i] < 0.0:
            book_uncovered(s, i, before)
            cover_shortfall(p, s, i)
    for c in range(CALL_COUNT):
        called = 0.0
        for i in range(s.cash.shape[0]):
            called += max(0.0, s.call[c, i])
            if p.diary_on and s.call[c, i] > SMALLEST_ENTRY_BN:
                note(s, CALLED_VARIATION + c, i, -1, s.call[c, i])
            s.call[c, i] = 0.0
        s.called[c] += called


@phase
def book_uncovered(s: State, i: int, before: float) -> None:
    """Split a fund's shortfall over the calls that cash did not reach, in order of channel."""
    available = max(0.0, before)
    for c in range(CALL_COUNT):
        available += max(0.0, -s.call[c, i])
    total = 0.0
    for c in range(CALL_COUNT):
        if before >= 0.0:
            s.uncovered[c, i] = 0.0
        asked = max(0.0, s.call[c, i])
        paid = min(available, asked)
        available -= paid
        s.uncovered[c, i] += asked - paid
        total += s.uncovered[c, i]
    scale = cash_shortfall_bn(s.cash[i]) / total if total > 0.0 else 0.0
    for c in range(CALL_COUNT):
        s.uncovered[c, i] *= scale


@phase
def cover_shortfall(p: Parameters, s: State, i: int) -> None:
    """Draw the committed line, then turn other strategies into cash, as far as today allows."""
    line = min(cash_shortfall_bn(s.cash[i]), p.line_bn[i] - s.drawn[i])
    if line > 0.0:
        s.drawn[i] += line
        s.cash[i] += line
        s.account[OUTSIDE] -= line
        if p.diary_on and line > SMALLEST_ENTRY_BN:
            note(s, DREW_LINE, i, -1, line)
    worth = other_strategies_bn(1.0, p.other_loss_per_volatility, s.volatility_multiple[0])
    sold = min(cash_shortfall_bn(s.cash[i]), s.other_left[i] * worth)
    if sold > 0.0:
        s.other[i] = max(0.0, s.other[i] - sold / worth)
        s.other_left[i] = max(0.0, s.other_left[i] - sold / worth)
        s.cash[i] += sold
        s.account[END_INVESTORS] -= sold
        if p.diary_on and sold > SMALLEST_ENTRY_BN:
            note(s, SOLD_OTHER, i, -1, sold)


@phase
def release(p: Parameters, s: State, j: int, i: int) -> float:
    """Cash released per face when fund i sells trade j."""
    held = s.packages[j, i]
    if held == 0.0:
        return 0.0
    margin = s.margin[j] * p.margin_factor * abs(p.hedge_ratio[j, i])
    if held < 0.0:
        return s.loan[j, i] / held - s.price[j] * (1.0 + p.transaction_cost[j]) + margin
    return cash_released(s.price[j], s.loan[j, i] / held, margin, p.transaction_cost[j])


@phase
def order_forced_sales(p: Parameters, s: State) -> float:
    """Order the sales that shortfalls force, cheapest exits first or pro rata; returns the face ordered."""
    ordered = 0.0
    for i in range(s.cash.shape[0]):
        short = cash_shortfall_bn(s.cash[i])
        if s.alive[i] == 0.0 or short <= p.tolerance_bn:
            continue
        if p.exit_pro_rata:
            ordered += sell_pro_rata(p, s, i, short)
        else:
            ordered += sell_cheapest(p, s, i, short)
    return ordered


@phase
def room(s: State, j: int, i: int) -> float:
    """Packages, in absolute face, that fund i can still sell of trade j after its orders."""
    left = s.packages[j, i] + s.order[j, i]
    if left * s.packages[j, i] <= 0.0:
        return 0.0
    return abs(left)


@phase
def order_sale(p: Parameters, s: State, j: int, i: int, face: float) -> None:
    """Post one forced sale and book it to the channels that caused it."""
    s.order[j, i] += -face if s.packages[j, i] > 0.0 else face
    s.ordering[i] = 1
    total = 0.0
    for c in range(CALL_COUNT):
        total += s.uncovered[c, i]
    for c in range(CALL_COUNT):
        part = s.uncovered[c, i] / total if total > 0.0 else 0.0
        s.sold_by_channel[c] += face * part
    s.sold_by_trade[j] += face
    if p.diary_on and face > SMALLEST_ENTRY_BN:
        note(s, FORCED_SALE, i, j, face)


@phase
def sell_pro_rata(p: Parameters, s: State, i: int, short: float) -> float:
    """Sell the same share of every trade that releases cash."""
    could = 0.0
    for j in range(s.price.shape[0]):
        could += max(0.0, release(p, s, j, i)) * room(s, j, i)
    if could <= 0.0:
        return 0.0
    part = min(1.0, short / could)
    ordered = 0.0
    for j in range(s.price.shape[0]):
        face = part * room(s, j, i)
        if face > 0.0 and release(p, s, j, i) > 0.0:
            order_sale(p, s, j, i, face)
            ordered += face
    return ordered


@phase
def sell_cheapest(p: Parameters, s: State, i: int, short: float) -> float:
    """Sell the trades in order of cost per unit of cash released until the shortfall is covered."""
    ordered = 0.0
    for _ in range(s.price.shape[0]):
        best = -1
        lowest = 0.0
        for j in range(s.price.shape[0]):
            released = release(p, s, j, i)
            if room(s, j, i) <= 0.0 or released <= 0.0:
                continue
            cost = p.transaction_cost[j] / released
            if best < 0 or cost < lowest:
                best = j
                lowest = cost
        if best < 0 or short <= 0.0:
            break
        released = release(p, s, best, i)
        face = forced_sale_bn(short, released, room(s, best, i))
        order_sale(p, s, best, i, face)
        ordered += face
        short -= face * released
    return ordered


@phase
def allowed_share(p: Parameters, s: State, i: int) -> float:
    """Share of its book that fund i's own limits allow: leverage, value-at-risk, drawdown and cash."""
    book = 0.0
    risk = 0.0
    for j in range(s.price.shape[0]):
        face = abs(s.packages[j, i])
        book += face * s.price[j]
        risk += face * p.risk_per_face[j] * s.volatility_ratio[j]
    loss = drawdown(s.equity[i], s.peak_equity[i])
    free = s.cash[i] + p.line_bn[i] - s.drawn[i]
    return min(
        min(
            leverage_scale(book, s.equity[i], p.opening_leverage[i], p.leverage_headroom[i]),
            value_at_risk_scale(risk, s.equity[i], p.opening_risk_of_equity[i], p.risk_headroom[i]),
        ),
        min(
            drawdown_scale(loss, p.drawdown_tolerance, p.drawdown_response),
            cash_scale(free, p.cash_minimum * (p.opening_cash_bn[i] + p.line_bn[i])),
        ),
    )


@phase
def choose_positions(p: Parameters, s: State) -> None:
    """Once a day, let funds that nobody forces cut at their limits, or move slowly to what they want."""
    for i in range(s.cash.shape[0]):
        if s.alive[i] == 0.0 or s.cash[i] < 0.0:
            continue
        allowed = allowed_share(p, s, i) if p.risk_limit_on else 1.0
        if allowed < 1.0:
            for j in range(s.price.shape[0]):
                cut_position(p, s, j, i, p.cut_speed * (1.0 - allowed) * s.packages[j, i])
        else:
            move_to_wanted(p, s, i)


@phase
def cut_position(p: Parameters, s: State, j: int, i: int, face: float) -> None:
    """Post a cut at a fund's own limits."""
    if face == 0.0:
        return
    s.order[j, i] -= face
    s.ordering[i] = 1
    s.sold_by_channel[RISK_LIMIT] += abs(face)
    s.sold_by_trade[j] += abs(face)
    if p.diary_on and abs(face) > SMALLEST_ENTRY_BN:
        note(s, LIMIT_SALE, i, j, abs(face))


@phase
def move_to_wanted(p: Parameters, s: State, i: int) -> None:
    """Close part of the gap to the position the fund wants, buying only with cash beyond its opening share."""
    equity_ratio = s.equity[i] / p.opening_equity_bn[i]
    extra_repo_bp = s.client_bp[0] - p.repo_spread_bp
    spare = p.entry_speed * (s.cash[i] - p.cash_minimum * p.opening_cash_bn[i])
    for j in range(s.price.shape[0]):
        extra_bp = s.dislocation_bp[j] - p.opening_dislocation_bp[j]
        opening = p.opening_packages_bn[j, i]
        wanted = wanted_packages_bn(opening, equity_ratio, extra_bp, extra_repo_bp, p.entry_elasticity_bp)
        change = p.entry_speed * (wanted - s.packages[j, i])
        if change * opening > 0.0:
            tied_up = max(0.0, s.haircut[j, i]) * s.price[j] + s.margin[j] * p.margin_factor
            face = min(abs(change), affordable_purchase_bn(spare, tied_up + p.transaction_cost[j]))
            spare -= face * (tied_up + p.transaction_cost[j])
            change = face if opening > 0.0 else -face
            s.bought_by_trade[j] += face
            if p.diary_on and face > SMALLEST_ENTRY_BN:
                note(s, ENTERED, i, j, face)
        elif change * opening < 0.0:
            s.sold_by_channel[CHOICE] += abs(change)
            s.sold_by_trade[j] += abs(change)
        if change != 0.0:
            s.order[j, i] += change
            s.ordering[i] = 1


@phase
def execute_orders(p: Parameters, s: State) -> None:
    """Execute all orders at the cleared prices: bonds change hands, repo is repaid or drawn, margin moves.

    The dealers' side of the bond is booked by the clearing, which sees all sectors at once.
    """
    for i in range(s.cash.shape[0]):
        if s.ordering[i] == 0:
            continue
        for j in range(s.price.shape[0]):
            if s.order[j, i] != 0.0:
                execute_order(p, s, j, i, s.order[j, i])
                s.order[j, i] = 0.0
        s.ordering[i] = 0


@phase
def execute_order(p: Parameters, s: State, j: int, i: int, change: float) -> None:
    """Execute one order, with its loan in proportion (a purchase borrows at today's haircut)."""
    held = s.packages[j, i]
    is_sale = change * held < 0.0
    if is_sale:
        loan_change = s.loan[j, i] * change / held
    else:
        loan_change = (1.0 - s.haircut[j, i]) * s.price[j] * change
    after = held + change
    if abs(after) < 1e-15 or after * held < 0.0:
        after = 0.0
        loan_change = -s.loan[j, i]
        change = -held
    cost = p.transaction_cost[j] * s.price[j] * abs(change) if is_sale else 0.0
    rate = s.margin[j] * p.margin_factor * abs(p.hedge_ratio[j, i])
    margin_change = rate * (abs(after) - abs(held))
    s.packages[j, i] = after
    s.loan[j, i] += loan_change
    s.posted[i] += margin_change
    s.cash[i] += loan_change - change * s.price[j] - margin_change - cost
    s.account[CLEARING_HOUSE] += margin_change
    s.fund_repo[0] += loan_change
    s.account[DEALERS] += change * s.price[j] - loan_change + cost
    s.fund_bonds[j] += change
    s.fund_hedge[j] += change * p.hedge_ratio[j, i]
    for d in range(s.capital.shape[0]):
        s.capital[d] += s.share[d] * cost


@phase
def total_positions(p: Parameters, s: State) -> None:
    """Add up the funds' bonds and hedges afresh, so that running totals never drift."""
    for j in range(s.price.shape[0]):
        bonds = 0.0
        hedges = 0.0
        for i in range(s.cash.shape[0]):
            bonds += s.packages[j, i]
            hedges += s.packages[j, i] * p.hedge_ratio[j, i]
        s.fund_bonds[j] = bonds
        s.fund_hedge[j] = hedges


@phase
def remember_peaks(p: Parameters, s: State) -> None:
    """Remember peak equity and reset what other strategies may give tomorrow."""
    for i in range(s.cash.shape[0]):
        s.peak_equity[i] = max(s.peak_equity[i], s.equity[i])
        s.other_left[i] = min(s.other[i], p.other_sale_bn[i])


@phase
def shortfall_left(s: State) -> float:
    """Cash still missing at all funds when the rounds end."""
    left = 0.0
    for i in range(s.cash.shape[0]):
        left += s.alive[i] * cash_shortfall_bn(s.cash[i])
    return left
