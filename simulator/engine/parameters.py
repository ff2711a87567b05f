"""What the compiled day reads and never writes: the scenario's own figures, and what its opening books imply.

``p.funds.cut_speed`` is the scenario's figure under the user's own key, for every section; ``p.opening.hedges
.dislocation_bp[h]`` is of the opening books. Rows over funds run over the fund last, so that inner loops vectorise
without reordering any sum. Units: USD billions, face in billions, bp, decimals; days are trading days.

Indices: b bucket, g funding, h hedge, j trade, k bond, e deliverable (a bond that a hedge may take), i fund, d dealer,
l lender, a asset manager.
"""

from __future__ import annotations

from collections import namedtuple
from typing import TYPE_CHECKING, Any, NamedTuple

from simulator.model.table import Floats, Ints, one, per
from simulator.scenario import schema
from simulator.scenario.declarations import declarations
from simulator.scenario.parameters import Section
from simulator.units import COUNT

TRADING_DAYS_PER_YEAR = 252.0
TRADING_DAYS_PER_MONTH = 21.0

# Why a fund sold, in the order in which cash covers the calls; the last three are no calls. The first four settle the
# day: the hedge's loss, the price of pledged bonds, what the trade earns and what its repo costs.
CHANNELS = (
    "variation_margin",
    "collateral",
    "carry",
    "interest",
    "initial_margin",
    "haircut",
    "roll_over",
    "redemption",
    "other_strategies",
    "risk_limit",
    "default",
    "choice",
)
(
    VARIATION_MARGIN,
    COLLATERAL,
    CARRY,
    INTEREST,
    INITIAL_MARGIN,
    HAIRCUT,
    ROLL_OVER,
    REDEMPTION,
    OTHER_STRATEGIES,
    RISK_LIMIT,
    DEFAULT,
    CHOICE,
) = range(len(CHANNELS))
SETTLEMENT_COUNT = 4
CALL_COUNT = 9

#: Sectors with a cash account each. Those of the funds and of the asset managers add up their members' cash.
SECTORS = (
    "funds",
    "dealers",
    "lenders",
    "asset managers",
    "foreign holders",
    "end investors",
    "central bank",
    "issuer",
    "clearing house",
    "other hedgers",
    "outside",
)
(
    FUNDS,
    DEALERS,
    LENDERS,
    MANAGERS,
    FOREIGN,
    END_INVESTORS,
    CENTRAL_BANK,
    ISSUER,
    CLEARING_HOUSE,
    OTHER_HEDGERS,
    OUTSIDE,
) = range(len(SECTORS))

#: Limits of a fund's own, in the order in which records keep them.
OWN_LIMITS = ("leverage", "value_at_risk", "drawdown", "cash")

DEALER_CAPACITY, LINEAR, SQUARE_ROOT, EXPONENTIAL = range(4)
FUTURES, SWAP, CDS = range(3)


class BondTerms(NamedTuple):
    """Bonds of all buckets, one after the other."""

    coupon: Floats = per("bond", unit="1", doc="coupon a year")
    coupons_per_year: Floats = per("bond", unit="1", doc="coupons a year")
    periods_to_coupon: Floats = per("bond", unit="1", doc="part of a coupon period to the next coupon")
    periods_after: Floats = per("bond", unit="1", doc="whole coupon periods after the next coupon")
    yield_: Floats = per("bond", unit="1", doc="yield")
    price: Floats = per("bond", unit="1", doc="full price per face")
    duration_years: Floats = per("bond", unit="y", doc="modified duration")
    curve_weight: Floats = per("bond", "tenor", unit="1", doc="weight of the par curve's tenors")
    spread_response: Floats = per("bond", unit="1", doc="change of its yield per bp of high-yield spreads")
    bucket_of: Ints = per("bond", unit="place", doc="its bucket", whole=True)


class BucketTerms(NamedTuple):
    """Buckets of the cash market."""

    held_bond: Ints = per(
        "bucket", unit="place", doc="the bond that all positions are counted in", whole=True
    )
    price: Floats = per("bucket", unit="1", doc="full price of that bond")
    price_per_bp: Floats = per("bucket", unit="1", doc="fall of its price per bp (DV01 per face)")
    duration_years: Floats = per("bucket", unit="y", doc="its modified duration")
    ten_year_equivalent: Floats = per(
        "bucket", unit="1", doc="its DV01 over that of the bucket nearest to ten years"
    )
    volatility_bp: Floats = per("bucket", unit="bp", doc="yield volatility a day")
    volatility_response: Floats = per(
        "bucket", unit="1", doc="rise of its volatility per unit of the market's"
    )
    cost_loading: Floats = per("bucket", unit="1", doc="share of the cost of balance sheet in its yield")
    dealer_bonds_bn: Floats = per("bucket", unit="$bn", doc="dealers' bonds, in packages too")
    correlation: Floats = per("bucket", "bucket", unit="1", doc="of yield changes")
    daily_volume_bn: Floats = per("bucket", unit="$bn", doc="cash turnover a day")
    outstanding_bn: Floats = per("bucket", unit="$bn", doc="face outstanding")
    inventory_bn: Floats = per("bucket", unit="$bn", doc="dealers' outright inventory")
    permanent_depth_bn_per_bp: Floats = per(
        "bucket", unit="$bn", doc="excess stock that puts 1bp on the yield, at opening volatility"
    )
    permanent_share: Floats = per(
        "bucket", "bucket", unit="1", doc="what one bucket's excess counts in another's"
    )
    outright_split: Floats = per("bucket", unit="1", doc="share of outright purchases")
    recovery: Floats = per("bucket", unit="1", doc="of face, of an issuer that defaults")


class FundingTerms(NamedTuple):
    """Where trades are financed."""

    policy_rate: Floats = per("funding", unit="1", doc="policy rate a year")
    repo_spread_bp: Floats = per("funding", unit="bp", doc="repo rate less policy rate")


class DeliverableTerms(NamedTuple):
    """Bonds that a hedge may take, hedge by hedge; a swap takes the held bond of its bucket."""

    bond: Ints = per("deliverable", unit="place", doc="the bond", whole=True)
    factor: Floats = per("deliverable", unit="1", doc="conversion factor; 1 for a swap")
    income: Floats = per("deliverable", unit="1", doc="coupons paid up to delivery, per face")
    income_years: Floats = per("deliverable", unit="y", doc="those coupons times their years to delivery")
    accrued_delivery: Floats = per("deliverable", unit="1", doc="accrued interest on delivery, per face")


class HedgeTerms(NamedTuple):
    """Hedges: futures, swaps and credit default swaps."""

    kind: Ints = per("hedge", unit="place", doc="FUTURES, SWAP or CDS", whole=True)
    bucket_of: Ints = per("hedge", unit="place", doc="bucket whose bonds it hedges", whole=True)
    basket_start: Ints = per("hedge_and_end", unit="place", doc="first deliverable", whole=True)
    held: Ints = per("hedge", unit="place", doc="deliverable that is the bucket's held bond", whole=True)
    cheapest: Ints = per("hedge", unit="place", doc="deliverable that is cheapest", whole=True)
    horizon_years: Floats = per(
        "hedge", unit="y", doc="time over which the dislocation is earned; 0 for a swap"
    )
    money_market_year: Floats = per(
        "hedge", unit="1", doc="calendar year over the repo market's year: 365/360 where repo counts act/360"
    )
    dislocation_bp: Floats = per("hedge", unit="bp", doc="dislocation")
    lowest_dislocation_bp: Floats = per(
        "hedge", unit="bp", doc="lowest dislocation; no bound: minus infinity"
    )
    cash_bp_per_dislocation_bp: Floats = per(
        "hedge", unit="1", doc="rise of the cash yield per bp of the dislocation"
    )
    risk_per_face: Floats = per("hedge", unit="y", doc="loss of a package per unit of dislocation")
    policy_rate: Floats = per("hedge", unit="1", doc="policy rate that its price expects")
    volatility_bp: Floats = per("hedge", unit="bp", doc="yield volatility a day, of its bucket")
    price_per_bp: Floats = per("hedge", unit="1", doc="DV01 per face, of its bucket's held bond")
    margin: Floats = per("hedge", unit="1", doc="initial margin per face")
    margin_floor: Floats = per("hedge", unit="1", doc="the exchange's own lowest initial margin per face")
    margin_period: Floats = per("hedge", unit="days", doc="margin period of risk")
    demand_bn: Floats = per("hedge", unit="$bn", doc="asset managers' net long position")
    demand_slope_bp_per_bn: Floats = per(
        "hedge", unit="bp", doc="rise of the dislocation that cuts it by $1bn"
    )
    size_bn: Floats = per("hedge", unit="$bn", doc="size of its market: the largest position of a sector")
    share_of_bucket: Floats = per("hedge", unit="1", doc="share of hedges on its bucket, by size")
    package_slope_bp_per_bn: Floats = per(
        "hedge", unit="bp", doc="rise of the dislocation per $bn of dealers' packages"
    )
    cost_loading: Floats = per("hedge", unit="1", doc="share of the cost of balance sheet in the dislocation")
    capital_cost: Floats = per(
        "hedge", unit="1", doc="return asked a year on capital tied up, in the dislocation"
    )
    margin_cost_bp: Floats = per("hedge", unit="bp", doc="what the dislocation pays for margins and haircuts")
    financing_loading: Floats = per("hedge", unit="1", doc="share of today's dearer repo in the dislocation")
    outright_share: Floats = per(
        "hedge", unit="1", doc="1 where the bond's outright pressure is a dislocation: swaps"
    )
    side: Floats = per("hedge", unit="1", doc="side of the market that dealers are on")
    roll_side: Floats = per("hedge", unit="1", doc="side in the greater hurry to roll")
    other_hedgers_bn: Floats = per("hedge", unit="$bn", doc="other hedgers' net long position")
    receivers_bn: Floats = per("hedge", unit="$bn", doc="of them: who receives more when rates fall")
    payers_bn: Floats = per("hedge", unit="$bn", doc="of them: who pays more when rates rise")
    steady_bn: Floats = per("hedge", unit="$bn", doc="of them: banks and insurers, whom margins do not move")
    speculators_bn: Floats = per("hedge", unit="$bn", doc="largest position of speculators at this margin")
    price_limit: Floats = per("hedge", unit="1", doc="largest move of its price in a day")
    protection_sold_bn: Floats = per(
        "hedge", unit="$bn", doc="of them: protection sold by a seller with capital of its own"
    )
    seller_capital_bn: Floats = per("hedge", unit="$bn", doc="losses on it that the seller can pay")
    value: Floats = per("hedge", unit="1", doc="per face of the held bond")
    dealer_packages_bn: Floats = per("hedge", unit="$bn", doc="dealers' own packages")
    hedged_split: Floats = per("hedge", unit="1", doc="share of hedged purchases")


class TradeTerms(NamedTuple):
    """What funds hold: a bucket's bond in a funding against a hedge."""

    bucket_of: Ints = per("trade", unit="place", doc="its bucket", whole=True)
    hedge_of: Ints = per("trade", unit="place", doc="its hedge", whole=True)
    funding_of: Ints = per("trade", unit="place", doc="its funding", whole=True)
    transaction_cost: Floats = per("trade", unit="1", doc="half spread paid on a sale, per price")
    delivers: Floats = per("trade", unit="1", doc="1 where its bonds may be delivered into its hedge")
    net_basis: Floats = per("trade", unit="1", doc="what delivering them loses, per face")


class FundTerms(NamedTuple):
    """Hedge funds."""

    packages_bn: Floats = per("trade", "fund", unit="$bn", doc="packages, face")
    hedge_ratio: Floats = per("trade", "fund", unit="1", doc="hedges sold per face of bonds")
    haircut: Floats = per("trade", "fund", unit="1", doc="haircut")
    haircut_floor: Floats = per("fund", unit="1", doc="lowest haircut")
    remarked_share: Floats = per("fund", unit="1", doc="share of repo re-marked daily")
    equity_bn: Floats = per("fund", unit="$bn", doc="equity (1 where there is none)")
    cash_bn: Floats = per("fund", unit="$bn", doc="free cash")
    line_bn: Floats = per("fund", unit="$bn", doc="committed credit")
    leverage: Floats = per("fund", unit="1", doc="book over equity")
    risk_of_equity: Floats = per("fund", unit="1", doc="value at risk over equity, up to a factor")
    leverage_headroom: Floats = per(
        "fund", unit="1", doc="own leverage limit over opening leverage, less one"
    )
    risk_headroom: Floats = per(
        "fund", unit="1", doc="own value-at-risk limit over the opening one, less one"
    )
    other_sale_bn: Floats = per("fund", unit="$bn", doc="other strategies that can be sold in a day")
    other_exposure: Floats = per("fund", unit="1", doc="exposure of other strategies over the average")
    margin_factor: Floats = one(unit="1", doc="initial margin left after cross-margining")
    client_share: Floats = per("dealer", "fund", unit="1", doc="share of its repo by dealer")
    client_weakness: Floats = per("dealer", "fund", unit="1", doc="its cut over the dealer's average cut")


class DealerTerms(NamedTuple):
    """Dealers."""

    share: Floats = per("dealer", unit="1", doc="share of the trading book")
    size_place: Ints = per("dealer", unit="place", doc="place by size, the largest first", whole=True)
    capital_bn: Floats = per("dealer", unit="$bn", doc="capital (1 where there is none)")
    cost_bp: Floats = one(unit="bp", doc="cost of balance sheet a year")
    inventory_cost_bp: Floats = one(unit="bp", doc="cost of holding bonds outright a year")
    side: Floats = one(unit="1", doc="side of the market that their outright inventory is on")
    inventory_size: Floats = one(unit="$bn", doc="value of a bp of the bonds they hold, in size")
    risk_bn: Floats = one(unit="$bn", doc="value at risk of the inventory, up to a factor")
    risk_aversion_per_bn: Floats = one(unit="1/$bn", doc="risk aversion of the inventory premium")
    cash_bn: Floats = one(unit="$bn", doc="liquidity buffer")


class LenderTerms(NamedTuple):
    """Cash lenders."""

    offer_bn: Floats = per("lender", "dealer", unit="$bn", doc="repo on offer")
    limit_bn: Floats = per("dealer", unit="$bn", doc="repo on offer to each dealer, by all lenders")
    limits_bn: Floats = one(unit="$bn", doc="repo on offer to all dealers")
    scarcity_bp: Floats = one(unit="bp", doc="premium for scarce repo that the opening spread has in it")


class ManagerTerms(NamedTuple):
    """Asset managers."""

    share: Floats = per("manager", unit="1", doc="share of the sector's positions")
    value_bn: Floats = per("manager", unit="$bn", doc="net assets (1 where there are none)")
    cash_bn: Floats = per("manager", unit="$bn", doc="cash")
    sensitivity: Floats = per("manager", unit="1", doc="reaction of its investors over the average")


class NamedTerms(NamedTuple):
    """Funds and dealers of which records are kept one by one."""

    fund: Ints = per("named_fund", unit="place", doc="its place among the funds", whole=True)
    dealer: Ints = per("named_dealer", unit="place", doc="its place among the dealers", whole=True)
    package_value: Floats = per(
        "trade", "named_fund", unit="1", doc="a bond less the hedge sold against it, per face"
    )


class OpeningTerms(NamedTuple):
    """What the opening books imply, by market and sector."""

    bonds: BondTerms
    buckets: BucketTerms
    fundings: FundingTerms
    deliverables: DeliverableTerms
    hedges: HedgeTerms
    trades: TradeTerms
    funds: FundTerms
    dealers: DealerTerms
    lenders: LenderTerms
    managers: ManagerTerms
    named: NamedTerms


if TYPE_CHECKING:
    FundFigures = schema.Funds
    DealerFigures = schema.Dealers
    EndInvestorFigures = schema.EndInvestors
    ManagerFigures = schema.AssetManagers
    LenderFigures = schema.Lenders
    OtherHedgerFigures = schema.OtherHedgers
    SpeculatorFigures = schema.Speculators
    ForeignFigures = schema.ForeignHolders
    ClearingHouseFigures = schema.ClearingHouse
    CentralBankFigures = schema.CentralBank
    OutrightFigures = schema.OutrightPurchases
    HedgedFigures = schema.HedgedPurchases
    StandingRepoFigures = schema.StandingRepo
    PolicyRuleFigures = schema.PolicyRules
    LeverageReliefRuleFigures = schema.LeverageReliefRule
    HaircutMinimumRuleFigures = schema.HaircutMinimumRule
    MarginMinimumRuleFigures = schema.MarginMinimumRule
    ClearingMandateRuleFigures = schema.ClearingMandateRule
    StandingRepoRuleFigures = schema.StandingRepoRule
    ChannelFigures = schema.Channels
    NumericFigures = schema.Numerics
else:

    def figures_table(name: str, section: type[Section]) -> type[tuple]:
        """A table with the figures and switches of a section of the scenario, each under the user's key."""
        declared = declarations(section)
        kept = [
            key
            for key, one in declared.items()
            if one.shape.model or (not one.shape.container and (one.shape.kind or one.shape.base is bool))
        ]
        return namedtuple(name, kept, module=__name__)

    FundFigures = figures_table("FundFigures", schema.Funds)
    DealerFigures = figures_table("DealerFigures", schema.Dealers)
    EndInvestorFigures = figures_table("EndInvestorFigures", schema.EndInvestors)
    ManagerFigures = figures_table("ManagerFigures", schema.AssetManagers)
    LenderFigures = figures_table("LenderFigures", schema.Lenders)
    OtherHedgerFigures = figures_table("OtherHedgerFigures", schema.OtherHedgers)
    SpeculatorFigures = figures_table("SpeculatorFigures", schema.Speculators)
    ForeignFigures = figures_table("ForeignFigures", schema.ForeignHolders)
    ClearingHouseFigures = figures_table("ClearingHouseFigures", schema.ClearingHouse)
    CentralBankFigures = figures_table("CentralBankFigures", schema.CentralBank)
    ChannelFigures = figures_table("ChannelFigures", schema.Channels)
    NumericFigures = figures_table("NumericFigures", schema.Numerics)
    OutrightFigures = figures_table("OutrightFigures", schema.OutrightPurchases)
    HedgedFigures = figures_table("HedgedFigures", schema.HedgedPurchases)
    StandingRepoFigures = figures_table("StandingRepoFigures", schema.StandingRepo)
    PolicyRuleFigures = figures_table("PolicyRuleFigures", schema.PolicyRules)
    LeverageReliefRuleFigures = figures_table("LeverageReliefRuleFigures", schema.LeverageReliefRule)
    HaircutMinimumRuleFigures = figures_table("HaircutMinimumRuleFigures", schema.HaircutMinimumRule)
    MarginMinimumRuleFigures = figures_table("MarginMinimumRuleFigures", schema.MarginMinimumRule)
    ClearingMandateRuleFigures = figures_table("ClearingMandateRuleFigures", schema.ClearingMandateRule)
    StandingRepoRuleFigures = figures_table("StandingRepoRuleFigures", schema.StandingRepoRule)

#: Tables of sections that stand in a section.
_INNER: dict[type[Section], Any] = {
    schema.OutrightPurchases: OutrightFigures,
    schema.HedgedPurchases: HedgedFigures,
    schema.StandingRepo: StandingRepoFigures,
    schema.PolicyRules: PolicyRuleFigures,
    schema.LeverageReliefRule: LeverageReliefRuleFigures,
    schema.HaircutMinimumRule: HaircutMinimumRuleFigures,
    schema.MarginMinimumRule: MarginMinimumRuleFigures,
    schema.ClearingMandateRule: ClearingMandateRuleFigures,
    schema.StandingRepoRule: StandingRepoRuleFigures,
}


class Choices(NamedTuple):
    """What the scenario chooses by a word, as places in the list of what may be chosen."""

    impact: int
    anti_procyclicality: int
    sells_pro_rata: int  # 1 or 0, as below
    cuts_cheapest: int
    outright_by_rule: int
    hedged_by_rule: int


class Watch(NamedTuple):
    """What is watched beside the records."""

    audit: int  # 1 or 0
    diary: int


class Parameters(NamedTuple):
    """Constants of a run: figures of the scenario by section, and the opening books."""

    funds: FundFigures
    dealers: DealerFigures
    end_investors: EndInvestorFigures
    asset_managers: ManagerFigures
    lenders: LenderFigures
    other_hedgers: OtherHedgerFigures
    speculators: SpeculatorFigures
    foreign_holders: ForeignFigures
    clearing_house: ClearingHouseFigures
    central_bank: CentralBankFigures
    channels: ChannelFigures
    numerics: NumericFigures
    choices: Choices
    opening: OpeningTerms
    watch: Watch


def figures(kind: Any, section: Section) -> Any:
    """Fill a table with the figures of a section: counts and switches as whole numbers, all else as floats."""
    declared = declarations(type(section))
    values = {}
    for key in kind._fields:
        value = getattr(section, key)
        if isinstance(value, Section):
            value = figures(_INNER[type(value)], value)
        elif declared[key].shape.kind is not None:
            value = float(value) if declared[key].shape.kind is not COUNT else value
        else:
            value = int(value)  # a switch
        values[key] = value
    return kind(**values)


class Schedule(NamedTuple):
    """What the scenario fixes for each day, the same on every path. Row 0 is the first simulated day."""

    policy_rate: Floats = per("day", "funding", unit="1", doc="policy rate a year")
    margin_multiple: Floats = per("day", "hedge", unit="1", doc="steps in initial margins")
    haircut_step: Floats = per("day", "funding", "dealer", unit="1", doc="steps in haircuts")
    haircut_minimum: Floats = per("day", unit="1", doc="lowest haircut that policy allows")
    lender_withdrawal: Floats = per("day", "dealer", unit="1", doc="part of the lenders' offer that is gone")
    foreign_sale_bn: Floats = per("day", "bucket", unit="$bn", doc="sold by foreign holders")
    investor_demand_bn: Floats = per("day", "bucket", unit="$bn", doc="bonds that end investors come to want")
    manager_redemption: Floats = per(
        "day", unit="1", doc="redeemed from asset managers, of opening net assets"
    )
    fund_redemption: Floats = per("day", unit="1", doc="redeemed from funds, of opening equity")
    hedge_demand_shift: Floats = per("day", "hedge", unit="1", doc="change of demand, of its opening size")
    time_left: Floats = per(
        "day", "hedge", unit="1", doc="time to delivery of the month held, over the horizon"
    )
    rolled: Floats = per("day", "hedge", unit="1", doc="part of positions that is rolled")
    years_to_delivery: Floats = per(
        "day", "hedge", unit="y", doc="to the last delivery day of the nearest month"
    )
    is_delivery: Floats = per("day", "hedge", unit="1", doc="1 on the last delivery day of a month")
    auction_bn: Floats = per("day", "bucket", unit="$bn", doc="issued")
    auction_new_bn: Floats = per("day", "bucket", unit="$bn", doc="issued beyond what falls due")
    auction_dealer_share: Floats = per("day", "bucket", unit="1", doc="share left to dealers, without noise")
    auction_noise: Floats = per("day", "bucket", unit="1", doc="standard deviation of that share")
    auction_response: Floats = per("day", "bucket", unit="1", doc="part more issued for yields 100bp higher")
    buy_back_bn: Floats = per("day", "bucket", unit="$bn", doc="bought back by the Treasury")
    exchange_bn: Floats = per(
        "day",
        "bucket",
        "bucket",
        unit="$bn",
        doc="given up by foreign holders for bonds of the second bucket",
    )
    limit_cut: Floats = per("day", "dealer", unit="1", doc="part of its limit that is gone")
    leverage_relief: Floats = per("day", unit="1", doc="factor on dealers' leverage limits")
    margin_minimum: Floats = per("day", unit="1", doc="lowest initial margin over the exchange's")
    clearing_mandate: Floats = per("day", unit="1", doc="share of un-netted repo that is netted")
    facility_bn: Floats = per("day", unit="$bn", doc="most that the standing repo facility lends")
    client_repo_bn: Floats = per("day", unit="$bn", doc="change of repo lent to clients other than the funds")
    paid_to_government_bn: Floats = per(
        "day", unit="$bn", doc="cash paid for new bonds and in taxes, less paid out"
    )
    outright_bn: Floats = per("day", unit="$bn", doc="outright purchases; negative: sales")
    hedged_bn: Floats = per("day", unit="$bn", doc="purchases of packages; negative: sales")
    flow_noise_on: Floats = one(unit="1", doc="1 where flows have noise")


class World(NamedTuple):
    """The drivers of one block of paths."""

    curve_change_bp: Floats = per("path", "day", "tenor", unit="bp", doc="par curve since the opening")
    volatility_multiple: Floats = per("path", "day", unit="1", doc="volatility over its opening level")
    flow_noise: Floats = per(
        "path", "day", "stream", unit="1", doc="foreign, asset manager, fund investors, lender cash, bidders"
    )
    equity_change: Floats = per("path", "day", unit="1", doc="change of equities since the opening")
    credit_change_bp: Floats = per("path", "day", unit="bp", doc="change of credit spreads since the opening")
    hedge_demand: Floats = per(
        "path", "day", "hedge", unit="1", doc="change of demand for passing reasons, of its opening size"
    )
    defaulted: Floats = per("path", "day", "bucket", unit="1", doc="part of issuers that default")
