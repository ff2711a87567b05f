"""The table of everything a run stores: name, dimensions, unit and meaning, in the order the kernel writes it.

The kernel writes one packed array for each group; the store splits it into these variables. Positions and
amounts are in USD billions of face unless the unit says otherwise; flows are of the day.
"""

from __future__ import annotations

from typing import NamedTuple


class Variable(NamedTuple):
    """One stored variable, by day and path."""

    name: str
    unit: str
    meaning: str


#: By trade: dimensions (path, day, trade).
BY_TRADE = (
    Variable(
        "fundamental_yield_change", "bp", "change of the fundamental yield since the opening (exogenous)"
    ),
    Variable("cash_yield_change", "bp", "change of the cash yield since the opening (total)"),
    Variable("outright_pressure", "bp", "yield pressure of outright selling"),
    Variable("permanent_pressure", "bp", "part of the pressure left by what end investors absorbed"),
    Variable("dislocation", "bp", "implied repo less policy rate (futures), or yield less swap rate"),
    Variable("bond_price", "1", "full price of the held bond, per face"),
    Variable("hedge_price", "1", "value of the hedge, per face of the held bond"),
    Variable("cheapest_to_deliver", "1", "place in the basket of the cheapest bond to deliver, from 0"),
    Variable("volatility", "bp", "annualised yield volatility that margins and haircuts use"),
    Variable("initial_margin", "1", "initial margin per face"),
    Variable("fund_packages", "$bn", "packages of hedge funds"),
    Variable("dealer_packages", "$bn", "dealers' own packages"),
    Variable("estate_packages", "$bn", "packages seized from failed funds and not yet sold"),
    Variable("central_bank_packages", "$bn", "packages bought by the central bank"),
    Variable("asset_manager_futures", "$bn", "asset managers' net long hedge position"),
    Variable("dealer_inventory", "$bn", "dealers' outright inventory"),
    Variable("asset_manager_bonds", "$bn", "Treasuries of asset managers"),
    Variable("foreign_bonds", "$bn", "foreign holdings"),
    Variable("central_bank_bonds", "$bn", "outright holdings of the central bank"),
    Variable("end_investor_bonds", "$bn", "holdings of everybody else"),
    Variable("fund_sales", "$bn", "packages funds sold, forced or not, and seized from them"),
    Variable("fund_purchases", "$bn", "packages funds bought"),
    Variable("auction_tail", "bp", "premium on what dealers took at auction"),
)

#: For the market as a whole: dimensions (path, day).
OF_MARKET = (
    Variable("volatility_multiple", "1", "latent volatility over its opening level (exogenous)"),
    Variable("repo_spread", "bp", "wholesale overnight repo less policy rate"),
    Variable("client_repo_spread", "bp", "repo rate of hedge funds less policy rate"),
    Variable("mean_haircut", "1", "haircut of hedge funds, weighted by their bonds"),
    Variable("balance_sheet_cost", "bp", "cost of dealers' balance sheet, a year"),
    Variable("dealer_use", "1", "dealers' balance-sheet use over their limits"),
    Variable("dealer_use_highest", "1", "the same, of the tightest dealer"),
    Variable("dealer_capital", "$bn", "dealers' capital"),
    Variable("dealer_borrowing", "$bn", "dealers' repo from lenders"),
    Variable("fund_repo", "$bn", "hedge funds' repo from dealers"),
    Variable("lender_offer", "$bn", "what lenders offer dealers"),
    Variable("repo_taken_back", "$bn", "repo dealers took back from funds"),
    Variable("facility_use", "$bn", "standing repo facility outstanding"),
    Variable("fund_equity", "$bn", "equity of hedge funds alive"),
    Variable("fund_cash", "$bn", "free cash of hedge funds"),
    Variable("fund_credit_drawn", "$bn", "committed lines drawn by hedge funds"),
    Variable("fund_redemptions", "$bn", "paid or owed to hedge-fund investors today"),
    Variable("funds_failed", "1", "hedge funds closed out so far"),
    Variable("dealers_failed", "1", "dealers closed out so far"),
    Variable("dealer_client_losses", "$bn", "dealers' losses on failed funds' repo"),
    Variable("waterfall_losses", "$bn", "margin of failed funds paid by the clearing house's waterfall"),
    Variable("asset_manager_redemptions", "$bn", "paid to asset managers' investors"),
    Variable("foreign_sales", "$bn", "sold by foreign holders"),
    Variable("outright_purchases", "$bn", "bought outright by the central bank"),
    Variable("hedged_purchases", "$bn", "packages bought by the central bank"),
    Variable("rounds", "1", "rounds played in the day"),
    Variable("shortfall_left", "$bn", "cash still missing at funds when the rounds ended"),
    Variable("policy_rate", "1", "policy rate a year (exogenous)"),
    Variable("other_client_repo", "$bn", "repo dealers lend to clients other than the funds (exogenous)"),
)

#: Why funds sold: dimensions (path, day, channel).
SALES = Variable("fund_sales_by_channel", "$bn", "packages funds sold, by the channel that caused it")
#: What funds were called for: dimensions (path, day, call).
CALLS = Variable(
    "fund_calls", "$bn", "cash funds were called for, by channel, gains not netted between funds"
)

#: By fund and by dealer, on request: dimensions (path, day, fund) and (path, day, dealer).
BY_FUND = (
    Variable("fund_equity_by_fund", "$bn", "equity of each fund"),
    Variable("fund_packages_by_fund", "$bn", "packages of each fund, all trades, absolute"),
    Variable("fund_cash_by_fund", "$bn", "free cash of each fund"),
)
BY_DEALER = (
    Variable("dealer_capital_by_dealer", "$bn", "capital of each dealer"),
    Variable("dealer_use_by_dealer", "1", "balance-sheet use of each dealer over its limit"),
)


def position(variables: tuple[Variable, ...], name: str) -> int:
    """Place of a variable in its group, for the kernel's packed arrays."""
    return [variable.name for variable in variables].index(name)
