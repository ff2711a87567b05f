"""Scenarios that between them reach every branch of the day: the toy market and the dash for cash, bent and broken."""

from __future__ import annotations

from typing import NamedTuple


class Variant(NamedTuple):
    """A shipped scenario with settings as on the command line, and the path that is played."""

    name: str
    scenario: str
    settings: tuple[str, ...] = ()
    path: int = 0


def shift(day: int, basis_points: int) -> str:
    tenors = ", ".join(f"y{years}: {basis_points}bp" for years in (2, 3, 5, 7, 10, 20, 30))
    return f"{{type: yield-shock, day: {day}d, change: {{{tenors}}}}}"


#: Everything that can happen happens, to funds and dealers with little equity.
STORM = (
    "funds.count=5",
    "funds.leverage=60x",
    "funds.free_cash=1%",
    "funds.committed_line=2%",
    "funds.hedge_error=20%",
    "funds.overnight_share=60%",
    "funds.redemption_tolerance=0%",
    "dealers.count=3",
    "dealers.clients_per_fund=2",
    "dealers.capital_ratio=4%",
    "dealers.liquidation_days=3d",
    "lenders.headroom=1%",
    "central_bank.standing_repo.capacity=$5bn",
    "events=["
    + ", ".join(
        (
            shift(2, -250),
            "{type: lender-withdrawal, day: 3d, share: 30%}",
            "{type: redemption, who: hedge-funds, day: 3d, days: 2d, share: 5%}",
            "{type: redemption, who: asset-managers, day: 3d, days: 3d, share: 5%}",
            "{type: volatility-shock, day: 4d, multiple: 3x, half_life: 5d}",
            "{type: facility-opening, day: 5d}",
            shift(6, 80),
            "{type: auction, day: 7d, bucket: TY, amount: $30bn}",
            "{type: haircut-step, day: 7d, change: 1%}",
            "{type: haircut-minimum, day: 5d, days: 6d, minimum: 2%}",
            "{type: margin-step, day: 8d, multiple: 1.5x}",
            "{type: limit-cut, day: 8d, share: 10%}",
            "{type: hedge-demand-shift, day: 9d, share: -10%}",
            "{type: foreign-premium, day: 9d, premium: 20bp, sale: 2%}",
            "{type: policy-rate-change, day: 10d, change: 25bp}",
        )
    )
    + "]",
)
#: Delivery months, of which one is rolled from the first day on and delivered before the end.
MONTHS = ("market.roll=calendar", "market.date=2000-02-16", "horizon=32d", "funds.overnight_share=70%")
OTHER_BONDS = ("market.trades.TY.bond=other", "market.trades.TY.yield_beta=0.9")
CHANNELS = (
    "variation_margin",
    "initial_margin",
    "haircut",
    "roll_over",
    "redemption",
    "risk_limit",
    "default",
    "dealer_capacity",
)
#: The one hedge of the toy market as a swap; what is replaced first is not merged.
SWAP = (
    "market.hedges.TY=none",
    "market.hedges.TY={kind: swap, dislocation: 10bp, exchange_margin: 1%, dealer_packages: $10bn, "
    "hedge_demand: $100bn}",
)
#: A second hedge on the ten-year bucket, of which nobody holds the same as of the first, and its trade.
SWAP_BESIDE_FUTURES = (
    "market.hedges.SW={kind: swap, bucket: TY, dislocation: 6bp, exchange_margin: 0.8%, cash_share: 30%, "
    "dealer_packages: $4bn, hedge_demand: $45bn}",
    "market.trades.SW={transaction_cost: 0.5bp, fund_packages: $35bn}",
)
#: The same swap cleared over five days, among receivers and payers who answer to rates.
CLEARED_SWAP = (
    *SWAP_BESIDE_FUTURES,
    "market.hedges.SW.margin_period=5d",
    "market.hedges.SW.receivers=$60bn",
    "market.hedges.SW.payers=$25bn",
)
#: Corporate bonds beside the Treasuries: protection on them, in part of a seller with little capital; dearer financing.
CREDIT = (
    "market.fundings.corporate={policy_rate: 2%, repo_spread: 40bp, haircut: 10%}",
    "market.buckets.HY={bonds: [{coupon: 8%, maturity: 5y, spread: 700bp}], volatility: 250bp, daily_volume: $5bn, "
    "dealer_inventory: $5bn, asset_manager_bonds: $60bn, foreign_bonds: $20bn, central_bank_bonds: $0bn, "
    "outstanding: $400bn, credit: {spread_response: 1.0, default_rate: 60%, issuers: 40, treasury_correlation: -0.2}}",
    "market.hedges.HY={kind: cds, dislocation: 20bp, exchange_margin: 1%, dealer_packages: $3bn, hedge_demand: $10bn, "
    "protection_sold: $15bn, seller_capital: $1bn, borrow_cost: 5bp, delivery_option: 1bp}",
    "market.trades.HY={funding: corporate, transaction_cost: 20bp, fund_packages: $30bn}",
    "drivers.credit_tail=4.0",
    "drivers.model=factor",
    "drivers.noise=1.0",
)
CREDIT_STORM = (
    "events=["
    + ", ".join(
        (
            shift(2, -150),
            "{type: market-loss, day: 2d, days: 6d, credit: 900bp, equity: -20%}",
            "{type: volatility-shock, day: 3d, multiple: 2.5x, half_life: 5d}",
            "{type: haircut-step, day: 3d, change: 30%, fundings: [corporate]}",
            "{type: haircut-step, day: 5d, days: 2d, change: 1%, dealers: [dealer 2]}",
            "{type: margin-step, day: 4d, multiple: 8x, hedges: [HY]}",
            "{type: redemption, who: asset-managers, day: 3d, days: 3d, share: 5%}",
            "{type: auction, day: 4d, maturity: 5y, amount: $20bn}",
            "{type: hedge-demand-shift, day: 8d, share: -100%, hedges: [HY]}",
        )
    )
    + "]",
)
#: China's ten-year future: traded by speculators and insurers, within its price limit, on a curve of its own.
CHINA = (
    "market.date=2025-02-14",
    "market.curves.china={y2: 2.6%, y3: 2.8%, y5: 3%, y7: 3.1%, y10: 3.1%, y20: 3.5%, y30: 3.7%, correlation: 30%}",
    "market.fundings.china={policy_rate: 2.5%, repo_spread: 10bp}",
    "market.buckets.T={curve: china, volatility: 40bp, daily_volume: $9bn, dealer_inventory: $5bn, "
    "asset_manager_bonds: $20bn, foreign_bonds: $10bn, central_bank_bonds: $5bn, outstanding: $300bn, "
    "bonds: [{coupon: 3.59%, maturity: 8.3y, coupons_per_year: 2}, {coupon: 3.25%, maturity: 9.6y}]}",
    "market.hedges.T={kind: futures, dislocation: -20bp, exchange_margin: 2%, hedge_demand: -$12bn, "
    "dealer_packages: $1bn, speculators: $6bn, insurers: $2bn, price_limit: 0.2%, horizon: 0.21y}",
    "market.trades.T={funding: china, fund_packages: $5bn}",
)
#: Treasury futures, cleared swaps, protection on corporate bonds, China's futures, and bonds that no future takes.
EVERY_KIND = (
    *CLEARED_SWAP,
    *CREDIT,
    *CHINA,
    "market.trades.OTHER={hedge: TY, bond: other, yield_beta: 0.9, fund_packages: $15bn}",
)
#: A second trade on the futures, financed elsewhere and dearer.
TWO_FUNDINGS = (
    "market.fundings.abroad={policy_rate: 1%, repo_spread: 12bp}",
    "market.trades.TYX={hedge: TY, funding: abroad, transaction_cost: 1.5bp, fund_packages: $20bn}",
)
#: A bucket of the cash market that everybody holds and nobody hedges; it comes first.
UNHEDGED = (
    "market.buckets=none",
    "market.buckets={"
    "OLD: {bonds: [{coupon: 3%, maturity: 17y}], volatility: 60bp, daily_volume: $20bn, dealer_inventory: $5bn, "
    "asset_manager_bonds: $50bn, foreign_bonds: $80bn, central_bank_bonds: $20bn, outstanding: $200bn}, "
    "TY: {bonds: [{coupon: 2%, maturity: 7y, conversion_factor: 0.8}], volatility: 80bp, daily_volume: $100bn, "
    "dealer_inventory: $20bn, asset_manager_bonds: $200bn, foreign_bonds: $300bn, central_bank_bonds: $100bn, "
    "outstanding: $1tn}}",
)
#: A bucket of zeros of a hundred years, of which foreigners hold few and nobody makes much of a market.
CENTURY = (
    "market.buckets.CENTURY={bonds: [{coupon: 0%, maturity: 100y}], volatility: 60bp, daily_volume: $1bn, "
    "dealer_inventory: $0bn, asset_manager_bonds: $0bn, foreign_bonds: $1bn, central_bank_bonds: $0bn, "
    "outstanding: $10bn}",
)
#: What the Treasury may do with its debt, beside auctions as they are.
DEBT = (
    *CENTURY,
    "events=["
    + ", ".join(
        (
            shift(2, 150),
            "{type: auction, day: 3d, bucket: TY, amount: $30bn, settles: 4d, yield_response: 20%}",
            "{type: auction, day: 5d, bucket: TY, amount: $40bn, new_money: 50%}",
            "{type: bills-for-bonds, day: 4d, days: 3d, share: 40%}",
            "{type: buy-back, day: 4d, days: 2d, amount: $60bn, bills: 50%, buckets: {TY: 100%}}",
            "{type: volatility-shock, day: 4d, multiple: 3x, half_life: 5d}",
            "{type: bond-exchange, day: 2d, days: 2d, amount: $120bn, bucket: CENTURY}",
            "{type: bond-exchange, day: 7d, amount: -$500bn, bucket: CENTURY, buckets: {TY: 100%}}",
            "{type: foreign-sale, day: 5d, amount: $40bn}",
        )
    )
    + "]",
)
BASKET = (
    "market.buckets.TY.bonds=["
    "{coupon: 6%, maturity: 7y}, {coupon: 5.5%, maturity: 7.7y}, {coupon: 5%, maturity: 6.8y}]",
    "market.par_curve={y2: 6%, y3: 6%, y5: 6%, y7: 6%, y10: 6%, y20: 6%, y30: 6%}",
)
BY_RULE = (
    "central_bank.outright.mode=rule",
    "central_bank.outright.trigger=1bp",
    "central_bank.hedged.mode=rule",
    "central_bank.hedged.trigger=1bp",
    "central_bank.leverage_relief=1.2x",
    "central_bank.leverage_relief_day=9d",
)
#: Every lever begins after the opening and ends; purchases are sold again, more than is held among them.
LEVERS = (
    "central_bank.outright.mode=schedule",
    "central_bank.outright.schedule=[{day: 3d, days: 2d, pace: $20bn}, {day: 6d, days: 3d, pace: -$60bn}]",
    "central_bank.hedged.mode=schedule",
    "central_bank.hedged.schedule=[{day: 3d, days: 2d, pace: $5bn}, {day: 6d, days: 3d, pace: -$4bn}]",
    "central_bank.haircut_minimum=1%",
    "central_bank.haircut_minimum_days=4d",
    "central_bank.margin_minimum=1.2x",
    "central_bank.margin_minimum_days=3d",
    "central_bank.clearing_mandate=20%",
    "central_bank.clearing_mandate_days=6d",
    "central_bank.leverage_relief=1.1x",
    "central_bank.leverage_relief_days=3d",
    "central_bank.standing_repo.open=true",
    "central_bank.standing_repo.days=2d",
    "events=["
    + ", ".join(
        (
            shift(2, -250),
            "{type: volatility-shock, day: 4d, multiple: 3x, half_life: 5d}",
            "{type: lender-withdrawal, day: 3d, share: 30%}",
            "{type: facility-opening, day: 4d, days: 3d, capacity: $8bn}",
            "{type: margin-minimum, day: 6d, days: 3d, multiple: 2x}",
            "{type: haircut-minimum, day: 5d, days: 6d, minimum: 2%}",
            "{type: leverage-relief, day: 6d, days: 3d, multiple: 1.5x}",
            "{type: clearing-mandate, day: 8d, days: 2d, share: 60%}",
        )
    )
    + "]",
)
#: Every lever by rule, given in steps and taken back.
LEVERS_BY_RULE = (
    "central_bank.outright={mode: rule, trigger: 4bp, release: 3bp, pace: $9bn, limit: $20bn, sale_limit: $30bn}",
    "central_bank.hedged={mode: rule, trigger: 4bp, release: 3bp, pace: $3bn, limit: $8bn}",
    "central_bank.rules.leverage_relief={trigger: 2bp, release: 1bp, pace: 0.1x, limit: 1.25x}",
    "central_bank.rules.haircut_minimum={trigger: 1.2x, release: 1.1x, pace: 1%, limit: 2.5%}",
    "central_bank.rules.margin_minimum={trigger: 1.6x, release: 1.5x, pace: 0.7x, limit: 2x}",
    "central_bank.rules.clearing_mandate={trigger: 3bp, release: 2bp, pace: 30%, limit: 50%}",
    "central_bank.rules.standing_repo={trigger: 5bp, release: 4bp, pace: $4bn, limit: $10bn}",
)
#: Marks at which the same rules take back what they gave, in the dash for cash.
LET_GO = (
    "central_bank.rules.leverage_relief={trigger: 14bp, release: 13bp}",
    "central_bank.rules.haircut_minimum={trigger: 2.4x, release: 2.4x}",
    "central_bank.rules.margin_minimum={trigger: 2x, release: 1.9x}",
    "central_bank.rules.clearing_mandate={trigger: 12bp, release: 11bp}",
    "central_bank.rules.standing_repo={trigger: 20bp, release: 15bp}",
    "central_bank.standing_repo.open=false",
    "central_bank.leverage_relief=1x",
)
#: One dealer retreats, in every way that it can; lenders leave two of the three.
RETREAT = (
    "lenders.count=3",
    "events=["
    + ", ".join(
        (
            shift(2, -150),
            "{type: volatility-shock, day: 4d, multiple: 3x, half_life: 5d}",
            "{type: haircut-step, day: 2d, change: 0.5%}",
            "{type: haircut-step, day: 3d, days: 4d, change: 3%, dealers: [dealer 2]}",
            "{type: limit-cut, day: 3d, days: 5d, share: 10%}",
            "{type: limit-cut, day: 4d, share: 60%, dealers: [dealer 2, dealer 3]}",
            "{type: lender-withdrawal, day: 3d, share: 5%}",
            "{type: lender-withdrawal, day: 4d, days: 3d, share: 50%, lenders: [lender 1]}",
            "{type: lender-withdrawal, day: 5d, days: 4d, share: 100%, lenders: [lender 2], dealers: [dealer 1]}",
            "{type: lender-withdrawal, day: 6d, days: 2d, share: 30%, dealers: [dealer 1, dealer 3]}",
        )
    )
    + "]",
)
#: Dealers of whom some fail while others, and they themselves, ask higher haircuts.
AT_THE_EDGE = (
    "funds.count=20",
    "funds.leverage=60x",
    "funds.nav_trigger=100%",
    "funds.free_cash=1%",
    "funds.committed_line=0%",
    "dealers.capital_ratio=2%",
    "lenders.headroom=1%",
    "dealers.cost_ceiling=5000bp",
    "lenders.scarcity_ceiling=20000bp",
)
STEPS = (
    "events=["
    + ", ".join(
        (
            shift(1, -18),
            shift(4, 40),
            "{type: volatility-shock, day: 1d, days: 5d, multiple: 1.65x, half_life: 20d}",
            *(
                f"{{type: haircut-step, day: {day}d, change: 1%, dealers: [dealer {day}, dealer {day + 3}]}}"
                for day in range(3, 10)
            ),
        )
    )
    + "]",
)
REVERSE = (
    "market.trades.TY.fund_packages=-$40bn",
    "market.hedges.TY.hedge_demand=-$30bn",
    f"events=[{shift(2, 200)}, {{type: volatility-shock, day: 3d, multiple: 3x}}, {shift(5, -100)}]",
)
#: Of these, records are kept one by one; not in their order.
NAMED = ("output.funds=[fund 5, fund 2]", "output.dealers=[dealer 3, dealer 1]")

VARIANTS = (
    Variant("toy", "toy"),
    Variant("storm", "toy", STORM),
    *(Variant(f"storm without {name}", "toy", (*STORM, f"channels.{name}=false")) for name in CHANNELS),
    *(
        Variant(f"storm with {form} impact", "toy", (*STORM, f"dealers.impact={form}"))
        for form in ("linear", "square-root", "exponential")
    ),
    *(
        Variant(
            f"storm with margin {measure}", "toy", (*STORM, f"clearing_house.anti_procyclicality={measure}")
        )
        for measure in ("buffer", "floor", "stressed-weight")
    ),
    Variant("storm with funds and dealers named", "toy", (*STORM, *NAMED)),
    Variant("reverse storm with funds and dealers named", "toy", (*STORM, *REVERSE, *NAMED)),
    Variant("storm sold pro rata", "toy", (*STORM, "funds.exit_order=pro-rata")),
    Variant("storm and policy by rule", "toy", (*STORM, *BY_RULE)),
    Variant("storm and levers that end", "toy", (*STORM, *LEVERS)),
    Variant("storm and a dealer that retreats", "toy", (*STORM, *RETREAT)),
    Variant("thin dealers of whom some retreat", "toy", (*STORM, *RETREAT, "dealers.capital_ratio=0.5%")),
    Variant("storm and levers by rule", "toy", (*STORM, *LEVERS_BY_RULE)),
    Variant("dash for cash and levers by rule", "dash-for-cash-2020", (*LEVERS_BY_RULE, *LET_GO), path=3),
    Variant("storm in swaps", "toy", (*STORM, *SWAP)),
    Variant("storm with a basket", "toy", (*STORM, *BASKET)),
    Variant("storm and what the Treasury may do", "toy", (*STORM, *DEBT)),
    Variant(
        "purchases and buy-backs",
        "toy",
        (
            *DEBT,
            "central_bank.outright.mode=schedule",
            "central_bank.outright.schedule=[{day: 4d, days: 2d, pace: $9bn}]",
        ),
    ),
    Variant("storm in swaps and futures", "toy", (*STORM, *SWAP_BESIDE_FUTURES)),
    Variant(
        "storm in cleared swaps and futures, cut where it costs least",
        "toy",
        (*STORM, *CLEARED_SWAP, "funds.cut_order=cheapest"),
    ),
    Variant(
        "tariff shock cut where it costs least",
        "tariff-shock-2025",
        ("funds.count=8", "funds.cut_order=cheapest", "funds.value_at_risk_headroom=10%", "horizon=20d"),
    ),
    Variant("storm with two fundings", "toy", (*STORM, *TWO_FUNDINGS)),
    Variant("storm in corporate bonds and protection", "toy", (*STORM, *CREDIT, *CREDIT_STORM)),
    Variant(
        "the same where Treasuries do not feel it, funds named",
        "toy",
        (
            *STORM,
            *CREDIT,
            *CREDIT_STORM,
            "market.contagion=false",
            "market.hedges.HY.hedge_demand=$70bn",
            *NAMED,
        ),
    ),
    Variant("storm beside China's futures", "toy", (*STORM, *CHINA)),
    Variant("storm beside China's futures in delivery months", "toy", (*STORM, *MONTHS, *CHINA)),
    Variant("storm in every kind of trade at once", "toy", (*STORM, *MONTHS, *EVERY_KIND)),
    Variant("storm with a bucket that nobody hedges", "toy", (*STORM, *UNHEDGED)),
    Variant(
        "storm with all of these, a basket and policy by rule",
        "toy",
        (*STORM, *UNHEDGED, *BASKET, *SWAP_BESIDE_FUTURES, *TWO_FUNDINGS, *BY_RULE),
    ),
    Variant("storm of the reverse trade", "toy", (*STORM, *REVERSE)),
    Variant("storm in delivery months", "toy", (*STORM, *MONTHS)),
    Variant("storm of the reverse trade in delivery months", "toy", (*STORM, *REVERSE, *MONTHS)),
    Variant("storm in delivery months, funds named", "toy", (*STORM, *MONTHS, *NAMED)),
    Variant(
        "limits met while positions are rolled",
        "toy",
        (
            *MONTHS,
            *BASKET,
            "market.trades.TY.bond=deliverable",
            "funds.leverage_headroom=0%",
            "funds.count=5",
        ),
    ),
    Variant("storm with bonds that no future takes", "toy", (*STORM, *MONTHS, *OTHER_BONDS)),
    Variant(
        "dash for cash in delivery months",
        "dash-for-cash-2020",
        ("funds.count=8", "market.roll=calendar"),
        path=2,
    ),
    Variant("storm and impatient dealers", "toy", (*STORM, "funds.leverage=5x", "funds.nav_trigger=3%")),
    Variant("storm among thin dealers", "toy", (*STORM, "dealers.capital_ratio=0.5%")),
    Variant(
        "storm beyond prices", "toy", (*STORM, "dealers.capital_ratio=50%", "dealers.inventory_risk=10.0")
    ),
    Variant("storm that turns", "toy", (*STORM, f"events=[{shift(2, 300)}, {shift(4, -600)}]")),
    Variant(
        "storm without ceilings",
        "toy",
        (*STORM, "dealers.cost_ceiling=5000bp", "lenders.scarcity_ceiling=100000bp"),
    ),
    Variant("dash for cash", "dash-for-cash-2020", path=17),
    Variant(
        "dash for cash with few funds", "dash-for-cash-2020", ("funds.count=6", "funds.exit_order=pro-rata")
    ),
    Variant("tariff shock at the edge", "tariff-shock-2025", AT_THE_EDGE, path=14),
    Variant("dealers that fail and retreat", "tariff-shock-2025", (*AT_THE_EDGE, *STEPS), path=14),
)
