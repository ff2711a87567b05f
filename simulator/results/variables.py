"""The table of everything a run stores: name, unit, meaning, and the row of the books that it is.

``of`` names a row of the engine's books (``simulator.engine.state``) by its dotted name: the kernel copies it at the
end of each day, so that storing a further row is one more line here. Positions and amounts are in USD billions of
face unless the unit says otherwise; flows are of the day.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

#: Of whom a group of variables is kept.
Kept = Literal["always", "agents", "named funds", "named dealers"]


class Variable(NamedTuple):
    """One stored variable, by day and path; ``of`` is empty for what is no row of the books."""

    name: str
    unit: str
    meaning: str
    of: str = ""


#: By bucket of the cash market: dimensions (path, day, bucket).
BY_BUCKET = (
    Variable(
        "fundamental_yield_change",
        "bp",
        "change of the fundamental yield since the opening (exogenous)",
        "seen.fundamental_change_bp",
    ),
    Variable(
        "cash_yield_change",
        "bp",
        "change of the cash yield since the opening (total)",
        "seen.cash_yield_change_bp",
    ),
    Variable("outright_pressure", "bp", "yield pressure of outright selling", "buckets.pressure_bp"),
    Variable(
        "permanent_pressure",
        "bp",
        "part of the pressure from what end investors hold beyond what they want",
        "buckets.permanent_bp",
    ),
    Variable("bond_price", "1", "full price of the held bond, per face", "buckets.price"),
    Variable("surviving_value", "1", "value that issuers' defaults left of one", "buckets.surviving"),
    Variable("dealer_inventory", "$bn", "dealers' outright inventory", "buckets.inventory"),
    Variable("asset_manager_bonds", "$bn", "bonds of asset managers", "seen.manager_bonds"),
    Variable("foreign_bonds", "$bn", "foreign holdings", "buckets.foreign_bonds"),
    Variable("central_bank_bonds", "$bn", "outright holdings of the central bank", "buckets.central_bonds"),
    Variable("end_investor_bonds", "$bn", "holdings of everybody else", "buckets.end_bonds"),
    Variable("bonds_issued", "$bn", "issued since the opening", "buckets.issued"),
    Variable("auction_tail", "bp", "yield over the market's at which an auction sold", "seen.tail_bp"),
    Variable(
        "bidder_purchases",
        "$bn",
        "bonds that bidders other than dealers took at auction",
        "seen.taken_by_bidders",
    ),
)

#: By hedge: dimensions (path, day, hedge).
BY_HEDGE = (
    Variable(
        "dislocation",
        "bp",
        "implied repo less policy rate (futures), yield less swap rate, or bond spread less protection's (CDS)",
        "hedges.dislocation_bp",
    ),
    Variable("hedge_price", "1", "value of the hedge, per face of the held bond", "hedges.value"),
    Variable(
        "cheapest_to_deliver",
        "1",
        "place in the basket of the cheapest bond to deliver, from 0",
        "seen.cheapest_place",
    ),
    Variable(
        "volatility",
        "bp",
        "annualised yield volatility that margins and haircuts use",
        "seen.volatility_year_bp",
    ),
    Variable("initial_margin", "1", "initial margin per face", "hedges.margin"),
    Variable("dealer_packages", "$bn", "dealers' own packages", "hedges.dealer_packages"),
    Variable("estate_packages", "$bn", "packages seized from failed funds and not yet sold", "hedges.estate"),
    Variable("estate_hedges", "$bn", "hedges sold short that were seized with them", "hedges.estate_hedges"),
    Variable(
        "central_bank_packages", "$bn", "packages bought by the central bank", "hedges.central_packages"
    ),
    Variable("asset_manager_hedges", "$bn", "asset managers' net long hedge position", "hedges.managers"),
    Variable("other_hedger_hedges", "$bn", "other hedgers' net long hedge position", "hedges.others"),
    Variable("paid_in_roll", "1", "what longs paid shorts to roll, per face", "hedges.paid_in_roll"),
    Variable("implied_repo", "1", "implied repo rate of futures a year; 0 for swaps", "seen.implied_repo"),
    Variable("speculator_hedges", "$bn", "net long position of speculators", "hedges.speculators"),
    Variable("open_interest", "$bn", "longs of all classes, as much as the shorts", "seen.open_interest"),
    Variable(
        "volume_over_open_interest",
        "1",
        "futures traded in the day over open interest",
        "seen.volume_over_open_interest",
    ),
    Variable(
        "beyond_price_limit",
        "1",
        "move of the hedge that its price limit left for the days that follow, per face",
        "hedges.beyond_limit",
    ),
)

#: By trade: dimensions (path, day, trade).
BY_TRADE = (
    Variable("fund_packages", "$bn", "packages of hedge funds", "trades.fund_bonds"),
    Variable("fund_hedges", "$bn", "hedges that hedge funds sold short", "trades.fund_hedges"),
    Variable("fund_sales", "$bn", "packages funds sold, forced or not, and seized from them", "seen.sold"),
    Variable("fund_purchases", "$bn", "packages funds bought", "seen.bought"),
    Variable("fund_deliveries", "$bn", "of those sold, delivered into futures", "seen.delivered"),
)

#: For the market as a whole: dimensions (path, day).
OF_MARKET = (
    Variable(
        "volatility_multiple",
        "1",
        "latent volatility over its opening level (exogenous)",
        "others.volatility_multiple",
    ),
    Variable("repo_spread", "bp", "wholesale overnight repo less policy rate", "seen.wholesale_repo_bp"),
    Variable(
        "repo_spread_lowest",
        "bp",
        "repo rate less policy rate of the dealer that pays least",
        "seen.repo_lowest_bp",
    ),
    Variable(
        "repo_spread_highest",
        "bp",
        "repo rate less policy rate of the dealer that pays most",
        "seen.repo_highest_bp",
    ),
    Variable("client_repo_spread", "bp", "repo rate of hedge funds less policy rate", "seen.client_repo_bp"),
    Variable("mean_haircut", "1", "haircut of hedge funds, weighted by their bonds", "seen.mean_haircut"),
    Variable("balance_sheet_cost", "bp", "cost of dealers' balance sheet, a year", "dealers.cost_bp"),
    Variable("dealer_use", "1", "dealers' balance-sheet use over their limits", "seen.dealer_use"),
    Variable("dealer_use_highest", "1", "the same, of the tightest dealer", "seen.dealer_use_highest"),
    Variable("dealer_capital", "$bn", "dealers' capital", "seen.dealer_capital"),
    Variable("dealer_borrowing", "$bn", "dealers' repo from lenders", "dealers.borrowed"),
    Variable("dealer_margin", "$bn", "initial margin that dealers posted", "dealers.posted"),
    Variable("fund_repo", "$bn", "hedge funds' repo from dealers", "dealers.fund_repo"),
    Variable("fund_loans", "$bn", "the same, as the funds' own books have it", "seen.fund_loans"),
    Variable("lender_repo", "$bn", "repo that lenders lend dealers, as their books have it", "others.lent"),
    Variable("lender_offer", "$bn", "what lenders offer dealers", "seen.lender_offer"),
    Variable("repo_taken_back", "$bn", "repo dealers took back from funds", "seen.repo_taken_back"),
    Variable("facility_use", "$bn", "standing repo facility outstanding", "others.facility"),
    Variable("fund_equity", "$bn", "equity of hedge funds alive", "seen.fund_equity"),
    Variable("fund_cash", "$bn", "free cash of hedge funds", "seen.fund_cash"),
    Variable("fund_credit_drawn", "$bn", "committed lines drawn by hedge funds", "seen.fund_drawn"),
    Variable(
        "fund_redemptions", "$bn", "paid or owed to hedge-fund investors today", "seen.fund_redemptions"
    ),
    Variable("funds_failed", "1", "hedge funds closed out so far", "seen.funds_failed"),
    Variable("dealers_failed", "1", "dealers closed out so far", "seen.dealers_failed"),
    Variable("dealer_client_losses", "$bn", "dealers' losses on failed funds' repo", "seen.client_losses"),
    Variable(
        "waterfall_losses",
        "$bn",
        "margin of failed funds paid by the clearing house's waterfall",
        "seen.waterfall_losses",
    ),
    Variable(
        "unpaid_protection",
        "$bn",
        "what buyers of protection never got from sellers that failed",
        "seen.unpaid_protection",
    ),
    Variable("public_capital", "$bn", "capital the public put into the last dealer", "seen.public_capital"),
    Variable(
        "asset_manager_redemptions", "$bn", "paid to asset managers' investors", "seen.manager_redemptions"
    ),
    Variable("foreign_sales", "$bn", "sold by foreign holders", "seen.foreign_sales"),
    Variable(
        "outright_purchases",
        "$bn",
        "bought outright by the central bank; negative: sold",
        "seen.outright_purchases",
    ),
    Variable(
        "hedged_purchases",
        "$bn",
        "packages bought by the central bank; negative: sold",
        "seen.hedged_purchases",
    ),
    Variable("rounds", "1", "rounds played in the day", "seen.rounds"),
    Variable(
        "shortfall_left", "$bn", "cash still missing at funds when the rounds ended", "seen.shortfall_left"
    ),
    Variable(
        "equity_change", "1", "change of equities since the opening (exogenous)", "others.equity_change"
    ),
    Variable(
        "credit_change",
        "bp",
        "change of high-yield credit spreads since the opening (exogenous)",
        "others.credit_change_bp",
    ),
    Variable("policy_rate", "1", "policy rate a year (exogenous)", "seen.policy_rate"),
    Variable(
        "other_client_repo",
        "$bn",
        "repo dealers lend to clients other than the funds (exogenous)",
        "dealers.other_repo",
    ),
)

#: Why funds sold: dimensions (path, day, channel).
SALES = Variable(
    "fund_sales_by_channel",
    "$bn",
    "packages funds sold, by the channel that caused it",
    "seen.sold_by_channel",
)
#: What funds were called for: dimensions (path, day, call).
CALLS = Variable(
    "fund_calls",
    "$bn",
    "cash funds were called for, by channel, gains not netted between funds",
    "seen.called_in_all",
)

#: By sector: dimensions (path, day, sector).
BY_SECTOR = (Variable("sector_cash", "$bn", "cash account of the sector", "accounts.cash"),)

#: By fund and by dealer, on request: dimensions (path, day, fund) and (path, day, dealer).
BY_FUND = (
    Variable("fund_equity_by_fund", "$bn", "equity of each fund", "funds.equity"),
    Variable("fund_packages_by_fund", "$bn", "packages of each fund, all trades, absolute", "seen.fund_book"),
    Variable("fund_cash_by_fund", "$bn", "free cash of each fund", "funds.cash"),
)
BY_DEALER = (
    Variable("dealer_capital_by_dealer", "$bn", "capital of each dealer", "dealers.capital"),
    Variable("dealer_use_by_dealer", "1", "balance-sheet use of each dealer over its limit", "dealers.use"),
)

#: Of each named fund: dimensions (path, day, named_fund).
BY_NAMED_FUND = (
    Variable("named_fund_equity", "$bn", "equity of the fund", "named_funds.equity"),
    Variable("named_fund_cash", "$bn", "free cash of the fund", "named_funds.cash"),
    Variable(
        "named_fund_line_left", "$bn", "committed line of the fund that is left", "named_funds.line_left"
    ),
    Variable("named_fund_margin", "$bn", "initial margin that the fund posted", "named_funds.margin"),
    Variable("named_fund_repo", "$bn", "repo on the fund's bonds", "named_funds.repo"),
    Variable("named_fund_shortfall", "$bn", "calls that the fund's cash did not cover", "named_funds.short"),
    Variable(
        "named_fund_sale_cost",
        "$bn",
        "what forced sales cost the fund: half spreads, and the fall of a package's value since the opening",
        "named_funds.sale_cost",
    ),
    Variable("named_fund_alive", "1", "1 until the fund is closed out, then 0", "named_funds.alive"),
)
NAMED_PACKAGES = Variable(
    "named_fund_packages", "$bn", "packages of the fund, by trade", "named_funds.packages"
)
NAMED_CALLS = Variable(
    "named_fund_calls",
    "$bn",
    "cash that calls took from the fund, by channel, less what they brought",
    "named_funds.settled",
)
NAMED_SALES = Variable(
    "named_fund_sales", "$bn", "packages the fund sold, by the channel that caused it", "named_funds.sold"
)
NAMED_LIMITS = Variable(
    "named_fund_allowed",
    "1",
    "share of the fund's book that each of its own limits allows; below 1 the limit binds",
    "named_funds.allowed",
)
#: Of each named dealer: dimensions (path, day, named_dealer).
BY_NAMED_DEALER = (
    Variable("named_dealer_capital", "$bn", "capital of the dealer", "named_dealers.capital"),
    Variable("named_dealer_use", "1", "balance-sheet use of the dealer over its limit", "named_dealers.use"),
    Variable("named_dealer_loans", "$bn", "repo that the dealer lends to funds", "named_dealers.lent"),
    Variable(
        "named_dealer_taken_back", "$bn", "repo the dealer took back from clients", "named_dealers.taken"
    ),
    Variable(
        "named_dealer_funding_gap", "$bn", "funding that lenders do not offer the dealer", "named_dealers.gap"
    ),
    Variable(
        "named_dealer_repo_spread", "bp", "the dealer's repo rate less policy rate", "named_dealers.repo_bp"
    ),
    Variable("named_dealer_alive", "1", "1 until the dealer is closed out, then 0", "named_dealers.alive"),
)


class Group(NamedTuple):
    """Variables that share their dimensions, packed together in the records of a block.

    ``dims`` are the dimensions beside path and day (none for the market as a whole); ``kept`` says of whom: of all
    single agents on request, of named ones where a scenario names them.
    """

    name: str
    dims: tuple[str, ...]
    variables: tuple[Variable, ...]
    kept: Kept = "always"

    @property
    def dim(self) -> str:
        """The one dimension of most groups; empty for none, and for more than one."""
        return self.dims[0] if len(self.dims) == 1 else ""

    @property
    def of_agents(self) -> bool:
        """Whether it is of single agents, which not every run keeps."""
        return self.kept != "always"

    @property
    def of_named(self) -> bool:
        """Whether it is of agents that a scenario names, which most name none of."""
        return self.kept in ("named funds", "named dealers")


#: All groups, in the order of the records.
GROUPS = (
    Group("by_bucket", ("bucket",), BY_BUCKET),
    Group("by_hedge", ("hedge",), BY_HEDGE),
    Group("by_trade", ("trade",), BY_TRADE),
    Group("of_market", (), OF_MARKET),
    Group("sales", ("channel",), (SALES,)),
    Group("calls", ("call",), (CALLS,)),
    Group("by_sector", ("sector",), BY_SECTOR),
    Group("by_fund", ("fund",), BY_FUND, "agents"),
    Group("by_dealer", ("dealer",), BY_DEALER, "agents"),
    Group("by_named_fund", ("named_fund",), BY_NAMED_FUND, "named funds"),
    Group("named_packages", ("trade", "named_fund"), (NAMED_PACKAGES,), "named funds"),
    Group("named_calls", ("call", "named_fund"), (NAMED_CALLS,), "named funds"),
    Group("named_sales", ("channel", "named_fund"), (NAMED_SALES,), "named funds"),
    Group("named_limits", ("own_limit", "named_fund"), (NAMED_LIMITS,), "named funds"),
    Group("by_named_dealer", ("named_dealer",), BY_NAMED_DEALER, "named dealers"),
)

#: Variables that are stored a second time, of the same paths played without policy, and what their names end in.
PLAYED_WITHOUT_POLICY = ("cash_yield_change", "outright_pressure", "fund_sales")
WITHOUT_POLICY = "_without_policy"

#: What test sales leave behind, one value a path: on a day of its own, every other path is played again with more
#: bonds sold outright, and the others with more packages unwound.
TEST_SALE_DAY = Variable("test_sale_day", "1", "day of the test sale or the test unwinding of the path")
SALE_IMPACT = Variable(
    "sale_impact", "bp per $100bn", "rise of the cash yield by the close of the day of the test sale"
)
UNWIND_IMPACT = Variable(
    "unwind_impact",
    "bp per $100bn",
    "rise of the dislocation, against funds, by the close of the day of the test unwinding",
)
#: The dimension of each beside the path.
TEST_SALES = {TEST_SALE_DAY: "", SALE_IMPACT: "bucket", UNWIND_IMPACT: "hedge"}

#: Where each variable is packed: its group and its place in it.
PLACES = {variable.name: (group, place) for group in GROUPS for place, variable in enumerate(group.variables)}

#: The same variables without policy, with their dimension beside path and day.
OF_TWINS = {
    Variable(
        f"{name}{WITHOUT_POLICY}",
        PLACES[name][0].variables[PLACES[name][1]].unit,
        f"{PLACES[name][0].variables[PLACES[name][1]].meaning}, on the same path without policy",
    ): PLACES[name][0].dim
    for name in PLAYED_WITHOUT_POLICY
}

#: The dimension of every stored variable beside path and day, by name; empty for none.
DIMENSIONS = {name: group.dim for name, (group, _) in PLACES.items()} | {
    variable.name: dim for variable, dim in (OF_TWINS | TEST_SALES).items()
}
