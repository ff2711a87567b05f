"""Everything a scenario can say: one declaration a parameter, with unit, bounds, default, source and meaning.

The defaults are the general ones; figures that belong to a date stand in the market presets. Source
keys such as ``BMP21`` are those of ``docs/model/sources.md``; "judgement" marks a choice of ours that
a reader may dispute.
"""

# Annotations are values here, not texts: pydantic would evaluate five hundred texts at each start.
from collections.abc import Sequence
from datetime import date
from itertools import pairwise
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from simulator.contracts import CONTRACTS
from simulator.scenario.parameters import (
    BasisPoints,
    Count,
    DataFile,
    Day,
    Days,
    Money,
    Multiple,
    Number,
    OptionalDay,
    Problem,
    Problems,
    Rate,
    Section,
    Share,
    Text,
    Years,
    parameter,
    section,
)
from simulator.units import BASIS_POINTS, YUAN_PER_DOLLAR, Currency, UnitError, quoted, read

CURVE_TENORS_YEARS = (2.0, 3.0, 5.0, 7.0, 10.0, 20.0, 30.0)
#: Of more names than this a message tells the first and the last.
NAMES_LISTED_MAX = 20
#: Most funds or dealers of which records are kept one by one.
NAMED_MAX = 50
CURVE_KEYS = tuple(f"y{years:.0f}" for years in CURVE_TENORS_YEARS)


class ParCurve(Section):
    """Par yields of the opening day, bond-equivalent."""

    y2: Rate = parameter(minimum="-5%", maximum="30%", source="preset", doc="2-year par yield")
    y3: Rate = parameter(minimum="-5%", maximum="30%", source="preset", doc="3-year par yield")
    y5: Rate = parameter(minimum="-5%", maximum="30%", source="preset", doc="5-year par yield")
    y7: Rate = parameter(minimum="-5%", maximum="30%", source="preset", doc="7-year par yield")
    y10: Rate = parameter(minimum="-5%", maximum="30%", source="preset", doc="10-year par yield")
    y20: Rate = parameter(minimum="-5%", maximum="30%", source="preset", doc="20-year par yield")
    y30: Rate = parameter(minimum="-5%", maximum="30%", source="preset", doc="30-year par yield")


class OtherCurve(ParCurve):
    """Par yields of another government's bonds on the opening day, and how they move beside the first curve's."""

    correlation: Share = parameter(
        "0%",
        minimum="-100%",
        maximum="100%",
        source="scenario",
        doc="correlation of its random daily changes with those of market.par_curve",
    )


class CurveChange(Section):
    """A change of the par curve; a tenor left out lies on the line between those given, beyond them it moves alike."""

    y2: BasisPoints = parameter("0bp", minimum="-1000bp", maximum="1000bp", source="scenario", doc="2-year")
    y3: BasisPoints = parameter("0bp", minimum="-1000bp", maximum="1000bp", source="scenario", doc="3-year")
    y5: BasisPoints = parameter("0bp", minimum="-1000bp", maximum="1000bp", source="scenario", doc="5-year")
    y7: BasisPoints = parameter("0bp", minimum="-1000bp", maximum="1000bp", source="scenario", doc="7-year")
    y10: BasisPoints = parameter("0bp", minimum="-1000bp", maximum="1000bp", source="scenario", doc="10-year")
    y20: BasisPoints = parameter("0bp", minimum="-1000bp", maximum="1000bp", source="scenario", doc="20-year")
    y30: BasisPoints = parameter("0bp", minimum="-1000bp", maximum="1000bp", source="scenario", doc="30-year")

    @model_validator(mode="after")
    def _fill_tenors_left_out(self) -> Self:
        """Without this a shock to the 10-year alone would miss the bonds that are cheapest to deliver into TY."""
        given = [
            (years, getattr(self, key))
            for key, years in zip(CURVE_KEYS, CURVE_TENORS_YEARS, strict=True)
            if key in self.model_fields_set
        ]
        for key, years in zip(CURVE_KEYS, CURVE_TENORS_YEARS, strict=True):
            if given and key not in self.model_fields_set:
                self.__dict__[key] = _on_the_line(given, years)
        return self


def _shape(at_2: float, at_5: float | None, at_10: float) -> dict[str, float]:
    """A curve's shape by tenor: on the line between 2, 5 and 10 years, flat beyond."""
    points = [(2.0, at_2), *([(5.0, at_5)] if at_5 is not None else []), (10.0, at_10)]
    return {
        key: _on_the_line(points, years) for key, years in zip(CURVE_KEYS, CURVE_TENORS_YEARS, strict=True)
    }


def shaped_change(written: str) -> CurveChange:
    """The change by tenor that a named shape and its size stand for.

    Raises
    ------
    Problems
        If there is no such shape, or its size cannot be read or has the wrong sign.

    Examples
    --------
    >>> change = shaped_change("bear-steepener 75bp")
    >>> change.y2, change.y10, change.y30
    (0.0, 75.0, 75.0)
    """
    name, _, size = written.strip().partition(" ")
    wanted = f"{', '.join(CURVE_SHAPES)}, and its size, as bear-steepener 75bp"
    if name not in CURVE_SHAPES:
        raise Problems([Problem("curve", f"{quoted(name)} is no shape", wanted, near=list(CURVE_SHAPES))])
    try:
        basis_points = read(BASIS_POINTS, size.strip())
    except UnitError as error:
        raise Problems([Problem("curve", error.found, wanted, error.advised(0.0, 1000.0))]) from error
    if not abs(basis_points) <= 1000.0 or (basis_points <= 0.0 and name not in BOTH_WAYS):
        allowed = (
            "-1000bp to 1000bp"
            if name in BOTH_WAYS
            else "above 0bp, to 1000bp; the name says which way yields go"
        )
        raise Problems([Problem("curve", f"a size of {size.strip()}", allowed)])
    return CurveChange.model_validate(
        {key: f"{share * basis_points!r}bp" for key, share in CURVE_SHAPES[name][1].items()}
    )


def _on_the_line(points: list[tuple[float, float]], at: float) -> float:
    """Value at a place between points in ascending order, linear between them and flat beyond."""
    if at <= points[0][0]:
        return points[0][1]
    for (left, low), (right, high) in pairwise(points):
        if at <= right:
            return low + (high - low) * (at - left) / (right - left)
    return points[-1][1]


#: Shapes of the curve's change by name: what each says, and the change by tenor of a size of 1.
CURVE_SHAPES: dict[str, tuple[str, dict[str, float]]] = {
    "parallel": ("all yields move alike", _shape(1.0, None, 1.0)),
    "bear-steepener": ("the 10-year rises, the 2-year does not move", _shape(0.0, None, 1.0)),
    "bull-steepener": ("the 2-year falls, the 10-year does not move", _shape(-1.0, None, 0.0)),
    "bear-flattener": ("the 2-year rises, the 10-year does not move", _shape(1.0, None, 0.0)),
    "bull-flattener": ("the 10-year falls, the 2-year does not move", _shape(0.0, None, -1.0)),
    "twist-steepener": ("the 2-year falls and the 10-year rises by half the size", _shape(-0.5, None, 0.5)),
    "twist-flattener": ("the 2-year rises and the 10-year falls by half the size", _shape(0.5, None, -0.5)),
    "butterfly": ("the 5-year rises, the 2- and 10-year do not move", _shape(0.0, 1.0, 0.0)),
}
#: Shapes whose size may be negative.
BOTH_WAYS = ("parallel", "butterfly")
#: Tenors of the MOVE index in years, and their weights (ICE BofA).
MOVE_WEIGHTS = {2.0: 0.2, 5.0: 0.2, 10.0: 0.4, 30.0: 0.2}


class BucketBond(Section):
    """A bond of a bucket, held at constant maturity through the run."""

    coupon: Rate = parameter(minimum="0%", maximum="20%", source="preset", doc="annual coupon")
    maturity: Years = parameter(
        minimum="0.5y", maximum="101y", source="preset", doc="years from the opening day to maturity"
    )
    coupons_per_year: Count | None = parameter(
        None,
        minimum=1,
        maximum=2,
        source="exchange rule",
        doc="coupons a year; those of the contract that delivers the bond when absent, two without one",
    )
    conversion_factor: Number | None = parameter(
        None,
        minimum=0.2,
        maximum=2.5,
        source="exchange rule",
        doc="computed by the contract's rule when absent",
    )
    spread: BasisPoints = parameter(
        "0bp", minimum="-100bp", maximum="3000bp", source="preset", doc="yield over the par curve"
    )


class Credit(Section):
    """What makes a bucket's bonds corporate: a credit spread that moves with the market's, and issuers that default.

    A bucket stands for many issuers of one size. Holders are paid the recovery of one that defaults and put it into
    the others, so that positions keep their face and lose value.
    """

    spread_response: Number = parameter(
        0.0,
        minimum=0.0,
        maximum=5.0,
        source="preset",
        doc="change of its spread per bp of high-yield credit spreads; 0 for Treasuries",
    )
    default_rate: Share = parameter(
        "0%",
        minimum="0%",
        maximum="100%",
        source="preset",
        doc="part of its issuers that default in a year, one by one and by chance",
    )
    issuers: Count = parameter(
        100, minimum=1, maximum=10000, source="judgement: those of an index", doc="issuers, all of one size"
    )
    recovery: Share = parameter(
        "40%",
        minimum="0%",
        maximum="100%",
        source="convention of the market for senior unsecured debt",
        doc="of face, paid to holders of an issuer that defaults",
    )
    treasury_correlation: Number = parameter(
        0.0,
        minimum=-1.0,
        maximum=1.0,
        source="judgement: spreads and rates move apart; dealers hedge the rate",
        doc="of its yield changes with those of buckets without credit risk, beside that of maturities",
    )

    @property
    def is_risky(self) -> bool:
        """Whether the bonds have credit risk."""
        return self.spread_response > 0.0 or self.default_rate > 0.0


class Bucket(Section):
    """A maturity bucket of the cash market: its bonds have one yield pressure, and everybody's bonds stand in it."""

    bonds: Annotated[list[BucketBond], Field(min_length=1, max_length=12)] = parameter(
        source="preset", doc="bonds of the bucket, those that a contract takes in delivery"
    )
    curve: Text = parameter(
        "", source="model", doc="its curve, of market.curves; empty means market.par_curve"
    )
    volatility: BasisPoints = parameter(
        minimum="1bp", maximum="500bp", source="preset", doc="annualised yield volatility on the opening day"
    )
    daily_volume: Money = parameter(
        minimum="$0.1bn", maximum="$5tn", source="preset", doc="cash turnover a day in this bucket"
    )
    dealer_inventory: Money = parameter(
        minimum="-$1tn",
        maximum="$2tn",
        source="preset",
        doc="dealers' outright inventory in this bucket, face",
    )
    asset_manager_bonds: Money = parameter(
        minimum="$0bn",
        maximum="$10tn",
        source="preset",
        doc="asset managers' Treasuries in this bucket, face",
    )
    foreign_bonds: Money = parameter(
        minimum="$0bn", maximum="$10tn", source="preset", doc="foreign holdings in this bucket, face"
    )
    central_bank_bonds: Money = parameter(
        minimum="$0bn", maximum="$10tn", source="preset", doc="central bank holdings in this bucket, face"
    )
    outstanding: Money = parameter(
        minimum="$1bn", maximum="$40tn", source="preset", doc="face outstanding in this bucket"
    )
    credit: Credit = section(default=Credit, doc="credit risk of its bonds; none in Treasuries")


class Funding(Section):
    """Where trades are financed: a currency and a class of collateral."""

    policy_rate: Rate = parameter(minimum="-2%", maximum="25%", source="preset", doc="interest on reserves")
    repo_spread: BasisPoints = parameter(
        minimum="-100bp", maximum="300bp", source="preset", doc="opening overnight repo rate less policy rate"
    )
    haircut: Share | None = parameter(
        None,
        minimum="-10%",
        maximum="100%",
        source="preset",
        doc="opening haircut of what is financed here; left out, each fund's own",
    )


class Hedge(Section):
    """What every kind of hedge has: a price that stands away from its bonds, a margin, and those who want it."""

    kind: Literal["futures", "swap", "cds"] = parameter(source="model", doc="kind of hedge")
    bucket: Text = parameter(
        "", source="model", doc="bucket whose bonds it hedges; empty means the bucket of the same name"
    )
    dislocation: BasisPoints = parameter(
        minimum="-1000bp",
        maximum="1000bp",
        source="preset",
        doc="opening basis: implied repo over the policy rate for futures, yield over swap for swaps, the bond's spread"
        " over that of protection for credit default swaps",
    )
    cash_share: Share = parameter(
        "50%",
        minimum="0%",
        maximum="100%",
        source="judgement",
        doc="share of a change in the basis that shows in the cash yield, the rest in the hedge",
    )
    exchange_margin: Share = parameter(
        minimum="0%",
        maximum="100%",
        source="preset",
        doc="initial margin per face; the floor of the margin model",
    )
    hedge_demand: Money = parameter(
        minimum="-$5tn", maximum="$5tn", source="preset", doc="asset managers' net long hedge position, face"
    )
    dealer_packages: Money = parameter(
        minimum="-$2tn",
        maximum="$2tn",
        source="preset",
        doc="dealers' own positions, face: bonds of the bucket against short hedges",
    )


class Futures(Hedge):
    """Futures on a basket: the bonds of the bucket that may be delivered."""

    kind: Literal["futures"] = parameter(source="model", doc="kind of hedge")
    contract: Text = parameter(
        "", source="exchange rule", doc="futures contract code; empty means the hedge's own name"
    )
    horizon: Years = parameter(
        "0.33y",
        minimum="0.02y",
        maximum="1y",
        source="first deferred contract, the series of SSW24 (literature 2.11)",
        doc="time to delivery, over which the basis is earned; constant, because positions are rolled, unless"
        " market.roll is calendar",
    )
    speculators: Money = parameter(
        "$0bn",
        minimum="$0bn",
        maximum="$5tn",
        source="preset",
        doc="largest position, either way, of those who follow the trend of its price, at the opening margin; face",
    )
    banks: Money = parameter(
        "$0bn",
        minimum="-$5tn",
        maximum="$5tn",
        source="preset",
        doc="of other hedgers: banks' net long position, face; higher margins do not move it",
    )
    insurers: Money = parameter(
        "$0bn",
        minimum="-$5tn",
        maximum="$5tn",
        source="preset",
        doc="of other hedgers: insurers' net long position, face; higher margins do not move it",
    )
    price_limit: Share | None = parameter(
        None,
        minimum="0.1%",
        maximum="100%",
        source="exchange rule",
        doc="largest move of its price in a day, of yesterday's settlement; the contract's, if it has one, when absent",
    )


class Swap(Hedge):
    """A par swap on the bucket's bond of the opening day."""

    kind: Literal["swap"] = parameter(source="model", doc="kind of hedge")
    margin_period: Days | None = parameter(
        None,
        minimum="1d",
        maximum="30d",
        source="five days for cleared swaps (EMIR RTS 153/2013 Art. 26, 17 CFR 39.13)",
        doc="margin period of risk of its clearing house; left out, that of clearing_house, which is for futures",
    )
    receivers: Money = parameter(
        "$0bn",
        minimum="$0bn",
        maximum="$20tn",
        source="preset",
        doc="of other hedgers: who receives fixed, and more when rates fall (insurers, pension funds), face",
    )
    payers: Money = parameter(
        "$0bn",
        minimum="$0bn",
        maximum="$20tn",
        source="preset",
        doc="of other hedgers: who pays fixed, and more when rates rise (servicers of mortgages, banks), face",
    )


class CreditDefaultSwap(Hedge):
    """Protection against default of the bucket's issuers, with the bonds' rate risk sold beside it.

    Who is long of the hedge sold protection. The basis is the bond's spread less that of protection: positive where the
    market speaks of a negative CDS-bond basis.
    """

    kind: Literal["cds"] = parameter(source="model", doc="kind of hedge")
    margin_period: Days = parameter(
        "1d",
        minimum="1d",
        maximum="30d",
        source="judgement: little or no upfront payment before Lehman (literature 4.5)",
        doc="margin period of risk of who holds the margin",
    )
    protection_sold: Money = parameter(
        "$0bn",
        minimum="$0bn",
        maximum="$20tn",
        source="preset",
        doc="of other hedgers: protection sold by one seller with capital of its own (a monoline, an insurer), face",
    )
    seller_capital: Money = parameter(
        "$0bn",
        minimum="$0bn",
        maximum="$5tn",
        source="preset",
        doc="losses on its protection that the seller can pay before it fails",
    )
    capital_cost: Rate = parameter(
        "5%",
        minimum="0%",
        maximum="50%",
        source="mean basis over margins, 2010 to February 2020: 22bp over 5.5%, 65bp over 9% (SSW24 tables 1 and 5)",
        doc="return asked for a year on the capital that haircut and margin tie up, which the basis has to pay",
    )
    borrow_cost: BasisPoints = parameter(
        "25bp",
        minimum="0bp",
        maximum="1000bp",
        source="judgement: a year's fee for borrowing a bond that is not scarce, and its margin",
        doc="cost of selling the bond short; with the delivery option it bounds a positive CDS-bond basis",
    )
    delivery_option: BasisPoints = parameter(
        "10bp",
        minimum="0bp",
        maximum="1000bp",
        source="judgement: what the choice of the cheapest obligation is worth to the buyer of protection",
        doc="spread that protection is worth over the bond's because its buyer delivers the cheapest obligation",
    )


class Trade(Section):
    """What funds hold: bonds of the hedge's bucket, financed in repo, against the hedge."""

    hedge: Text = parameter("", source="model", doc="its hedge; empty means the hedge of the same name")
    funding: Text = parameter("", source="model", doc="where it is financed; empty means the first funding")
    fund_packages: Money = parameter(
        minimum="-$5tn",
        maximum="$5tn",
        source="preset",
        doc="bonds against short hedges held by hedge funds, face; negative is the reverse trade",
    )
    transaction_cost: BasisPoints = parameter(
        "0.8bp",
        minimum="0bp",
        maximum="100bp",
        source="half the bid-ask spread of literature 2.6 (10y: 0.5/32 of a point)",
        doc="half spread a fund pays on a position sold in force, per price",
    )
    bond: Literal["cheapest", "deliverable", "other"] = parameter(
        "cheapest",
        source="model",
        doc="bond that funds hold: the cheapest to deliver, the next one of the basket, or one that no future takes",
    )
    yield_beta: Number = parameter(
        1.0,
        minimum=0.5,
        maximum=1.5,
        source="scenario",
        doc="change of its yield per bp of the bucket's held bond; funds hedge one for one, so the rest is open",
    )


class Market(Section):
    """The opening day: prices, positions and sizes."""

    date: Day = parameter(source="preset", doc="opening day")
    currency: Literal["USD", "CNY"] = parameter(
        "USD",
        source="scenario",
        doc="currency in which amounts are counted and shown, and whose trading days count",
    )
    exchange_rate: Number = parameter(
        YUAN_PER_DOLLAR,
        minimum=0.01,
        maximum=1000.0,
        source="central parity of 1 April 2019, yuan a dollar",
        doc="yuan a dollar, at which amounts written in the other currency are converted when they are read",
    )
    par_curve: ParCurve = section(doc="par yields of the opening day")
    curves: Annotated[dict[str, OtherCurve], Field(max_length=3)] = section(
        default=dict,
        doc="curves of other governments' bonds, by name; they move where drivers.model is factor",
    )
    fundings: Annotated[dict[str, Funding], Field(min_length=1, max_length=8)] = section(
        doc="where trades are financed, by name; dealers borrow in the first"
    )
    buckets: Annotated[dict[str, Bucket], Field(min_length=1, max_length=12)] = section(
        doc="maturity buckets of the cash market, by name"
    )
    hedges: Annotated[
        dict[str, Annotated[Futures | Swap | CreditDefaultSwap, Field(discriminator="kind")]],
        Field(min_length=1, max_length=12),
    ] = section(doc="futures, swaps and credit default swaps, by name; futures are named for their contract")
    trades: Annotated[dict[str, Trade], Field(min_length=1, max_length=12)] = section(
        doc="the trades that funds hold, by name"
    )
    roll: Literal["continuous", "calendar"] = parameter(
        "continuous",
        source="model",
        doc="futures held at a constant horizon, or by the exchange's delivery months and rolled from one to the next",
    )
    roll_days: Days = parameter(
        "10d",
        minimum="1d",
        maximum="20d",
        source="most roll in the ten days up to the first intention day, QB11; evenly: judgement",
        doc="trading days over which positions are rolled, up to the first on which shorts may say that they deliver",
    )
    contagion: bool = parameter(
        True,
        source="model",
        doc="what credit costs dealers' balance sheets shows in the prices of Treasuries, which they hold on the same",
    )
    yield_correlation_decay: Number = parameter(
        0.35,
        minimum=0.0,
        maximum=5.0,
        source="daily par-yield changes 2010-2025: 2y-10y correlation 0.6 = exp(-0.35 ln 5)",
        doc="decay of yield correlation between two maturities in |ln(maturity ratio)|",
    )

    @property
    def riskless(self) -> list[str]:
        """Names of the buckets without credit risk; of all, if all have it."""
        return [name for name, bucket in self.buckets.items() if not bucket.credit.is_risky] or list(
            self.buckets
        )

    @property
    def treasuries(self) -> list[str]:
        """Names of the buckets of the first curve's government; of all without credit risk, if it has none."""
        return [name for name in self.riskless if not self.buckets[name].curve] or self.riskless

    @property
    def counted(self) -> Currency:
        """The currency in which its amounts are counted."""
        return Currency(self.currency, self.exchange_rate)

    @property
    def all_curves(self) -> list[ParCurve]:
        """Curves of the opening day, the first one first."""
        return [self.par_curve, *self.curves.values()]

    def curve_of(self, bucket: str) -> int:
        """Place of a bucket's curve among all curves."""
        name = self.buckets[bucket].curve
        return 1 + list(self.curves).index(name) if name else 0

    def bucket_of(self, hedge: str) -> str:
        """Name of the bucket that a hedge hedges."""
        return self.hedges[hedge].bucket or hedge

    def hedge_of(self, trade: str) -> str:
        """Name of the hedge of a trade."""
        return self.trades[trade].hedge or trade

    def funding_of(self, trade: str) -> str:
        """Name of the funding of a trade."""
        return self.trades[trade].funding or next(iter(self.fundings))


class Channels(Section):
    """Switches: an off channel cannot force or carry anything, for attribution."""

    variation_margin: bool = parameter(True, source="model", doc="gains and losses are settled in cash daily")
    initial_margin: bool = parameter(True, source="model", doc="initial margin follows volatility")
    haircut: bool = parameter(True, source="model", doc="repo haircuts follow volatility and weak equity")
    roll_over: bool = parameter(True, source="model", doc="lenders and dealers may refuse to roll repo")
    redemption: bool = parameter(True, source="model", doc="investors redeem from hedge funds")
    risk_limit: bool = parameter(True, source="model", doc="funds cut positions at their own limits")
    default: bool = parameter(True, source="model", doc="insolvent or illiquid agents are closed out")
    dealer_capacity: bool = parameter(
        True, source="model", doc="dealers' balance-sheet cost rises with use, and limits ration clients"
    )


class Funds(Section):
    """Hedge funds: who they are, how they are financed, when they cut."""

    count: Count = parameter(
        60, minimum=1, maximum=2000, source="judgement", doc="funds drawn when no file is given"
    )
    population: DataFile = parameter(
        "", source="scenario", doc="CSV of funds one by one (see the guide); replaces the drawn population"
    )
    add: DataFile = parameter(
        "",
        source="scenario",
        doc="CSV of funds of your own among the others: drawn funds hold so much less, and records of yours are kept",
    )
    size_tail: Number = parameter(
        1.0,
        minimum=0.3,
        maximum=5.0,
        source=(
            "Zipf-like; with 60 funds the ten largest hold about 60%, cf. BMP21 top-50 shares and FSOC top-10"
        ),
        doc="tail exponent of the size distribution of basis books (Pareto by rank)",
    )
    specialisation: Share = parameter(
        "50%",
        minimum="0%",
        maximum="99%",
        source="judgement",
        doc="how far a fund's mix of trades departs from the market's: 0% is the market mix",
    )
    leverage: Multiple = parameter(
        "7x",
        minimum="0.1x",
        maximum="150x",
        source="judgement between 2.1x fund-level gross leverage (Form PF) and 18x of the ten largest (FSOC)",
        doc="basis book over fund equity, median",
    )
    leverage_dispersion: Number = parameter(
        0.47,
        minimum=0.0,
        maximum=2.0,
        source="judgement",
        doc="standard deviation of log leverage between funds",
    )
    free_cash: Share = parameter(
        "26%",
        minimum="0%",
        maximum="100%",
        source="judgement; KMPW21 report a rise of about 20% in cash in March 2020",
        doc="free cash and unpledged bills, of equity",
    )
    committed_line: Share = parameter(
        "8.9%", minimum="0%", maximum="200%", source="judgement", doc="undrawn committed credit, of equity"
    )
    other_sale_per_day: Share = parameter(
        "1.2%",
        minimum="0%",
        maximum="100%",
        source="judgement",
        doc="other strategies that can be turned into cash in a day, of their opening value",
    )
    other_equity: Share = parameter(
        "17%",
        minimum="-100%",
        maximum="100%",
        source=(
            "judgement: with the next, 7 to 8% lost in March 2020, when equities fell by a third and high-yield spreads"
            " rose by 700bp (KMPW21: Treasury funds -7%; HFRX Relative Value Arbitrage -6.1%)"
        ),
        doc="change of other strategies' value per change of equities, average of all funds",
    )
    other_credit: Share = parameter(
        "0.5%",
        minimum="-20%",
        maximum="20%",
        source="as before",
        doc="other strategies lost per 100bp of credit spreads, average of all funds",
    )
    other_dispersion: Number = parameter(
        0.91,
        minimum=0.0,
        maximum=5.0,
        source=(
            "judgement far below all hedge funds in March 2020: a standard deviation of 11.2% around -5.1%"
            " (PivotalPath), deciles +18.5% and -30.0% (HFR)"
        ),
        doc="standard deviation of those exposures between funds, over their average; some funds gain",
    )
    other_margin: Share = parameter(
        "38%",
        minimum="0%",
        maximum="100%",
        source="judgement",
        doc="part of a day's loss of other strategies that brokers call in cash; the rest stays on paper",
    )
    nav_trigger: Share = parameter(
        "27%",
        minimum="1%",
        maximum="100%",
        source=(
            "judgement above the monthly triggers of ISDA schedules, typically 15% to 20% (CFM), because dealers"
            " often waive"
        ),
        doc="fall of a fund's net asset value from its peak at which its dealers close it out",
    )
    overnight_share: Share = parameter(
        "90%",
        minimum="0%",
        maximum="100%",
        source="model section 9: 0.9 and more, at 0.5 half the book is forced out",
        doc="share of repo re-marked daily in both directions",
    )
    term_repo: Days = parameter(
        "30d", minimum="1d", maximum="250d", source="judgement", doc="average life of the term share of repo"
    )
    haircut_zero_share: Share = parameter(
        "56%",
        minimum="0%",
        maximum="100%",
        source="literature 2.2: April 2025 collection",
        doc="funds at zero haircut",
    )
    haircut_negative_share: Share = parameter(
        "10%",
        minimum="0%",
        maximum="100%",
        source="literature 2.2: April 2025 collection",
        doc="funds below zero",
    )
    haircut_positive: Share = parameter(
        "2%",
        minimum="0%",
        maximum="50%",
        source="tri-party Treasury haircut, literature 2.2",
        doc="haircut of the rest",
    )
    haircut_negative: Share = parameter(
        "-0.5%",
        minimum="-10%",
        maximum="0%",
        source="BLW: about -50bp in normal times",
        doc="haircut of those below zero",
    )
    haircut_floor: Share = parameter(
        "-1%", minimum="-10%", maximum="50%", source="judgement", doc="lowest haircut any fund can get"
    )
    haircut_slope: Share = parameter(
        "1%",
        minimum="0%",
        maximum="50%",
        source="BLW: -50bp to +150bp in March 2020 while volatility rose threefold",
        doc="rise of the haircut when volatility doubles",
    )
    haircut_weak_equity: Share = parameter(
        "1%",
        minimum="0%",
        maximum="100%",
        source="judgement",
        doc="add-on when a fund has lost all of its equity",
    )
    haircut_weak_tolerance: Share = parameter(
        "0%",
        minimum="0%",
        maximum="100%",
        source="judgement: dealers react to the first loss, as in version 0.1",
        doc="loss of a fund's equity before dealers ask for any of that add-on",
    )
    hedge_error: Share = parameter(
        "0.5%",
        minimum="0%",
        maximum="20%",
        source=(
            "conversion factors rounded to whole-contract ratios, literature 7: 50:51 for 1.022 leaves 0.2%"
        ),
        doc="half-width of the uniform error in hedge ratios",
    )
    cross_margining: Share = parameter(
        "0%",
        minimum="0%",
        maximum="100%",
        source="CME-FICC cross-margining began for customers after 2024; literature 2.3",
        doc="share of positions whose initial margin is offset",
    )
    leverage_headroom: Share = parameter(
        "50%",
        minimum="0%",
        maximum="1000%",
        source="judgement",
        doc="own leverage limit over opening leverage, median",
    )
    value_at_risk_headroom: Share = parameter(
        "51%",
        minimum="0%",
        maximum="1000%",
        source="judgement",
        doc="own value-at-risk limit over opening value-at-risk, median",
    )
    headroom_dispersion: Number = parameter(
        0.5,
        minimum=0.0,
        maximum=2.0,
        source="judgement",
        doc="standard deviation of log headroom between funds",
    )
    drawdown_tolerance: Share = parameter(
        "3%", minimum="0%", maximum="100%", source="judgement", doc="loss from peak equity before a fund cuts"
    )
    drawdown_response: Number = parameter(
        2.0,
        minimum=0.0,
        maximum=50.0,
        source="judgement",
        doc="cut in target position per unit of excess drawdown",
    )
    cash_minimum: Share = parameter(
        "34%",
        minimum="0%",
        maximum="100%",
        source="judgement",
        doc="free cash, of its opening amount, below which a fund cuts",
    )
    cut_speed: Share = parameter(
        "5.6%",
        minimum="0%",
        maximum="100%",
        source="judgement: half of an excess in three weeks; leaving took until mid-April 2020 (CFTC)",
        doc="excess position cut in a day, of the excess",
    )
    entry_speed: Share = parameter(
        "2%",
        minimum="0%",
        maximum="100%",
        source="slow-moving capital, MP12: months; judgement",
        doc="gap to the wanted position closed in a day",
    )
    entry_elasticity: BasisPoints = parameter(
        "50bp",
        minimum="1bp",
        maximum="10000bp",
        source="judgement",
        doc="extra basis, net of repo, at which a fund wants twice its opening position",
    )
    redemption_tolerance: Share = parameter(
        "5%",
        minimum="0%",
        maximum="100%",
        source="judgement",
        doc="drawdown before investors ask for money back",
    )
    redemption_response: Share = parameter(
        "50%",
        minimum="0%",
        maximum="1000%",
        source="judgement",
        doc="equity asked back in a month per unit of excess drawdown",
    )
    flow_noise: Share = parameter(
        "0.01%",
        minimum="0%",
        maximum="5%",
        source="judgement",
        doc="standard deviation of the random part of a day's redemptions, of opening equity; never negative",
    )
    redemption_notice: Days = parameter(
        "40d",
        minimum="1d",
        maximum="500d",
        source="judgement: monthly to quarterly notice",
        doc="average delay to payment",
    )
    exit_order: Literal["cheapest", "pro-rata"] = parameter(
        "cheapest", source="model section 5", doc="which trades a short fund sells first"
    )
    cut_order: Literal["pro-rata", "cheapest"] = parameter(
        "pro-rata",
        source="model section 7",
        doc="which trades a fund over its own limits cuts first: all alike, or what costs least to leave",
    )


class Dealers(Section):
    """Dealers: balance sheet, limits and what the use of them costs."""

    count: Count = parameter(
        12, minimum=1, maximum=200, source="judgement: groups of the 24 primary dealers", doc="dealers"
    )
    population: DataFile = parameter(
        "", source="scenario", doc="CSV of dealers one by one; replaces the drawn population"
    )
    add: DataFile = parameter(
        "",
        source="scenario",
        doc="CSV of dealers of your own among the others, who do so much less; records of yours are kept",
    )
    size_tail: Number = parameter(
        2.0,
        minimum=0.3,
        maximum=10.0,
        source="judgement",
        doc="tail exponent of dealer sizes (Pareto by rank)",
    )
    capital_ratio: Share = parameter(
        "5%",
        minimum="0.5%",
        maximum="50%",
        source="eSLR of GSIB holding companies, literature 2.5",
        doc="required leverage ratio",
    )
    opening_use: Share = parameter(
        "79%",
        minimum="1%",
        maximum="100%",
        source="judgement: SLR about 6.25% against 5%",
        doc="balance-sheet use over the limit",
    )
    unnetted_repo: Share = parameter(
        "37%",
        minimum="0%",
        maximum="100%",
        source=(
            "uncleared bilateral over all Treasury repo of primary dealers 2025: 1,060/2,852, literature 2.2"
        ),
        doc="share of the matched repo book that uses balance sheet",
    )
    other_repo: Money = parameter(
        "$0bn",
        minimum="$0bn",
        maximum="$10tn",
        source="preset",
        doc="repo lent to clients other than the funds, constant",
    )
    cost_threshold: Share = parameter(
        "84%",
        minimum="0%",
        maximum="200%",
        source="judgement; an occasionally binding limit as in DFKNSV23",
        doc="use at which cost turns steep",
    )
    cost_below: BasisPoints = parameter(
        "11bp",
        minimum="0bp",
        maximum="1000bp",
        source="judgement",
        doc="cost a year per unit of use below the threshold",
    )
    cost_above: BasisPoints = parameter(
        "2200bp",
        minimum="0bp",
        maximum="20000bp",
        source=(
            "judgement: basis moves of 70 to 95bp at 92% of the limits, March 2020; two to three times what 5% of"
            " capital at a 12% hurdle would ask"
        ),
        doc="cost a year per unit of use above the threshold",
    )
    cost_ceiling: BasisPoints = parameter(
        "210bp",
        minimum="0bp",
        maximum="5000bp",
        source="judgement: twice the largest basis of short contracts in March 2020, SSW24",
        doc="largest cost a year: at such a price others than dealers take the bonds",
    )
    package_cost: BasisPoints = parameter(
        "3.6bp",
        minimum="0.001bp",
        maximum="1000bp",
        source="judgement; the worked equilibrium of literature 3.13 has 0.1bp per $bn, 2 to 4bp a tenth of a market",
        doc="rise of the basis for dealers' own positions of a tenth of a market, beyond balance-sheet cost",
    )
    full_side: Share = parameter(
        "16%",
        minimum="0.1%",
        maximum="100%",
        source="judgement: the sign of dealers' position decides which way costs push, DHL23",
        doc="dealers' position, of the market's size, from which on their whole balance-sheet cost is in the price",
    )
    value_at_risk_use: Share = parameter(
        "20%", minimum="0%", maximum="100%", source="judgement", doc="opening use of the value-at-risk limit"
    )
    inventory_risk: Number = parameter(
        0.029,
        minimum=0.0,
        maximum=10.0,
        source="Amihud ratio of the 10-year note, Aug 2017 - Jul 2018, literature 2.6",
        doc="bp on the 10-year yield per $bn of 10-year inventory at opening volatility",
    )
    stress_half_life: Days = parameter(
        "38d",
        minimum="1d",
        maximum="2500d",
        source="judgement: months, DHL23; cost of balance sheet in March 2020 was gone by the end of the quarter",
        doc="time in which the cost of balance sheet is expected to halve, when it is priced into bonds and hedges",
    )
    pass_through: Share = parameter(
        "60%",
        minimum="0%",
        maximum="100%",
        source="judgement: dealers' coupons less short futures did not rise in March 2020 (primary dealers, CFTC)",
        doc="excess inventory passed to end investors in a day",
    )
    inventory_response: Number = parameter(
        0.63,
        minimum=0.0,
        maximum=2.0,
        source="judgement: 1 keeps value at risk (Adrian and Shin 2014); in March 2020 dealers' coupons less short"
        " futures fell by a quarter (primary dealers, CFTC)",
        doc="elasticity with which dealers shrink their inventory when volatility is above the opening one",
    )
    client_cut_speed: Share = parameter(
        "10%",
        minimum="0%",
        maximum="100%",
        source="judgement",
        doc="balance sheet over the limit taken back from clients in a day",
    )
    roll_cost: BasisPoints = parameter(
        "0.8bp",
        minimum="0bp",
        maximum="20bp",
        source="judgement: a tick of the ten-year's calendar spread, a quarter of 1/32 of a point",
        doc="calendar spread that those who must roll pay those who can wait, per price, when all of one side can wait",
    )
    auction_concession: Number = parameter(
        0.24,
        minimum=0.0,
        maximum=100.0,
        source="judgement: tails of 0 to 1bp where dealers take 11.5% of $58bn of 3-year notes, literature 4.7",
        doc="bp of yield that dealers ask per $bn of 10-year equivalents they take at auction, at opening volatility",
    )
    liquidation_days: Days = parameter(
        "10d",
        minimum="1d",
        maximum="250d",
        source="judgement",
        doc="time to sell the book of a defaulted client",
    )
    cash_buffer: Share = parameter(
        "3%",
        minimum="0%",
        maximum="100%",
        source="judgement",
        doc="own liquidity against lost funding, of repo borrowed",
    )
    clients_per_fund: Count = parameter(
        4,
        minimum=1,
        maximum=50,
        source="judgement",
        doc="dealers a fund borrows from, average (core-periphery network)",
    )
    network: DataFile = parameter(
        "", source="scenario", doc="CSV matrix of fund-dealer shares; replaces the drawn network"
    )
    impact: Literal["dealer-capacity", "linear", "square-root", "exponential"] = parameter(
        "dealer-capacity", source="model section 3", doc="form of the impact of outright sales on cash yields"
    )
    impact_scale: Number = parameter(
        1.0,
        minimum=0.0,
        maximum=100.0,
        source="model",
        doc="multiplies every price impact, both markets; 0 gives the direct loss alone",
    )
    depth_constant: Number = parameter(
        0.4,
        minimum=0.001,
        maximum=100.0,
        source="CS17, literature 3.5",
        doc="market depth over volume/volatility (exponential form)",
    )
    square_root_constant: Number = parameter(
        0.75,
        minimum=0.0,
        maximum=10.0,
        source="literature 2.6: 0.5-1",
        doc="prefactor of the square-root form",
    )


class EndInvestors(Section):
    """Those to whom dealers pass bonds on."""

    permanent_impact: Number = parameter(
        0.034,
        minimum=0.0,
        maximum=10.0,
        source="LSAP stock effects of 3-6bp per $100bn; judgement within",
        doc="bp on the 10-year yield per $bn of 10-year equivalents held beyond what is wanted, at opening depth",
    )
    recovery: Days = parameter(
        "120d",
        minimum="1d",
        maximum="5000d",
        source="slow-moving capital, MP12; judgement",
        doc="time in which end investors get used to what they hold",
    )
    own_moves: Share = parameter(
        "38%",
        minimum="0%",
        maximum="300%",
        source="judgement: moves that forced sales make are expected to fade",
        doc="how far realised volatility may lift the volatility that holders are paid for over the implied one",
    )
    bidder_elasticity: Share = parameter(
        "1.9%",
        minimum="0%",
        maximum="100%",
        source="judgement: demand at auctions, literature 4.7",
        doc="part of an issue that bidders take in addition per bp of tail",
    )


class AssetManagers(Section):
    """Asset managers: long futures, Treasuries, redemptions."""

    count: Count = parameter(10, minimum=1, maximum=200, source="judgement", doc="asset managers")
    size_tail: Number = parameter(
        2.0, minimum=0.3, maximum=10.0, source="judgement", doc="tail exponent of sizes"
    )
    demand_slope: BasisPoints = parameter(
        "140bp",
        minimum="0.01bp",
        maximum="100000bp",
        source="judgement: net longs rose by 5% with +80bp to 17 March 2020 (CFTC); they fell later, with redemptions",
        doc="rise of the basis that cuts futures demand by a tenth of its opening size",
    )
    cash: Share = parameter("4%", minimum="0%", maximum="100%", source="judgement", doc="cash, of net assets")
    other_assets: Multiple = parameter(
        "2.3x", minimum="0x", maximum="100x", source="judgement", doc="other assets over Treasuries held"
    )
    cash_hoarding: Multiple = parameter(
        "1.5x",
        minimum="0x",
        maximum="12x",
        source="judgement: bond funds sold 240 of Treasuries for 187 redeemed in March 2020, HNS22 and ICI",
        doc="cash wanted in addition, over the outflow of the last month",
    )
    cash_speed: Share = parameter(
        "6%",
        minimum="0%",
        maximum="100%",
        source="judgement: weeks",
        doc="gap to the cash wanted that is closed in a day",
    )
    treasury_use: Share = parameter(
        "77%",
        minimum="0%",
        maximum="100%",
        source="judgement; Treasuries sold first in March 2020, HNS22",
        doc="part of the cash raised that comes from Treasuries",
    )
    treasury_pace: Share = parameter(
        "2.8%",
        minimum="0%",
        maximum="100%",
        source="judgement",
        doc="most Treasuries sold in a day, of those held",
    )
    volatility_redemption: Share = parameter(
        "0.05%",
        minimum="0%",
        maximum="10%",
        source="judgement",
        doc="redeemed a day per unit of volatility over the tolerance, of net assets",
    )
    volatility_tolerance: Multiple = parameter(
        "1.5x",
        minimum="0x",
        maximum="50x",
        source="judgement: the ups and downs of volatility in 2017-19 stayed below",
        doc="volatility over its opening level that does not move investors",
    )
    loss_redemption: Share = parameter(
        "0.5%",
        minimum="0%",
        maximum="100%",
        source="judgement",
        doc="redeemed a day per unit of loss on net assets, over a month; a gain brings money in",
    )
    takes_delivery: Share = parameter(
        "10%",
        minimum="0%",
        maximum="100%",
        source="judgement",
        doc="part of futures longs whose holders would take bonds in delivery, with cash to pay for them",
    )
    futures_cut: Multiple = parameter(
        "11x",
        minimum="0x",
        maximum="30x",
        source="judgement: net longs fell by 21% to 14 April 2020 (CFTC), with 5.2% of assets redeemed (ICI)",
        doc="cut of futures demand per share redeemed",
    )
    futures_lag: Days = parameter(
        "7d",
        minimum="1d",
        maximum="250d",
        source="judgement: net longs of asset managers fell in the four weeks after mid-March 2020 (CFTC)",
        doc="average delay until futures follow redemptions and supply",
    )
    duration_kept: Share = parameter(
        "38%",
        minimum="0%",
        maximum="100%",
        source="judgement: net longs rose until 17 March 2020 (CFTC) while bond funds sold Treasuries",
        doc="part of the duration of Treasuries sold for cash that is kept in futures",
    )
    futures_noise: Share = parameter(
        "2.5%",
        minimum="0%",
        maximum="50%",
        source="net longs of asset managers by contract, 2018-19: weekly changes of 3 to 9% (CFTC)",
        doc="standard deviation of daily changes of demand for each hedge for reasons of its own, of its opening size",
    )
    futures_noise_half_life: Days = parameter(
        "30d",
        minimum="1d",
        maximum="2500d",
        source="judgement: such changes add up over a quarter, CFTC 2018-19",
        doc="time in which such a change is half undone",
    )
    supply_demand: Share = parameter(
        "22%",
        minimum="0%",
        maximum="100%",
        source="leveraged shorts of about 5 cents a dollar of issuance (literature), half of what managers want",
        doc="futures wanted in addition per dollar of bonds issued",
    )
    flow_noise: Share = parameter(
        "0.02%",
        minimum="0%",
        maximum="5%",
        source="judgement",
        doc="standard deviation of daily redemptions, of net assets",
    )


class Lenders(Section):
    """Cash lenders to dealers: money funds and others."""

    count: Count = parameter(10, minimum=1, maximum=200, source="judgement", doc="cash lenders")
    size_tail: Number = parameter(
        2.0, minimum=0.3, maximum=10.0, source="judgement", doc="tail exponent of sizes"
    )
    network: DataFile = parameter(
        "", source="scenario", doc="CSV matrix of lender-dealer shares; replaces the drawn network"
    )
    headroom: Share = parameter(
        "17%", minimum="0%", maximum="1000%", source="judgement", doc="lending on offer over the opening need"
    )
    dealer_loss_response: Number = parameter(
        2.0,
        minimum=0.0,
        maximum=100.0,
        source="judgement",
        doc="cut in the offer per unit of a dealer's capital lost",
    )
    dealer_loss_tolerance: Share = parameter(
        "3.9%", minimum="0%", maximum="100%", source="judgement", doc="loss of capital before lenders react"
    )
    volatility_response: Share = parameter(
        "1.2%",
        minimum="0%",
        maximum="100%",
        source="judgement",
        doc="cut in the offer when volatility doubles",
    )
    scarcity_at_limit: BasisPoints = parameter(
        "73bp",
        minimum="0bp",
        maximum="100000bp",
        source="judgement: SOFR 44bp over interest on reserves on 17 March 2020",
        doc="repo premium where dealers need all that is offered; it rises with the square of the strain",
    )
    scarcity_ceiling: BasisPoints = parameter(
        "500bp",
        minimum="0bp",
        maximum="100000bp",
        source="judgement: overnight rates beyond are paid by few, on single days",
        doc="largest repo premium; what is still missing dealers take from their clients",
    )
    limit_speed: Share = parameter(
        "2.5%",
        minimum="0%",
        maximum="100%",
        source="judgement: lines are reviewed every month or so",
        doc="part of the gap to the limit wanted that lenders close in a day, when a dealer borrows more",
    )
    drain_share: Share = parameter(
        "100%",
        minimum="0%",
        maximum="100%",
        source="judgement: what is paid for new bonds and in taxes comes out of overnight lending, September 2019",
        doc="part of cash paid to the government that lenders miss",
    )
    drain_half_life: Days = parameter(
        "10d",
        minimum="1d",
        maximum="2500d",
        source="judgement: the government spends what it raised within weeks",
        doc="time in which half of such cash comes back",
    )
    easy_share: Share = parameter(
        "83%",
        minimum="1%",
        maximum="99%",
        source="judgement",
        doc="share of the offer lent without a premium",
    )
    scarcity_half_life: Days = parameter(
        "5d",
        minimum="1d",
        maximum="250d",
        source="judgement: repo rates of March 2020 were back within two weeks",
        doc="time in which costlier repo is expected to halve, when it is priced into hedges",
    )
    flow_noise: Share = parameter(
        "0.3%",
        minimum="0%",
        maximum="20%",
        source="judgement",
        doc="standard deviation of daily changes of the offer",
    )


class OtherHedgers(Section):
    """Other holders of futures: small traders, hedgers and whoever is in no other group."""

    margin_response: Number = parameter(
        0.35,
        minimum=0.0,
        maximum=5.0,
        source="net longs of others and small traders fell from 98 to 61bn by 17 March 2020 (CFTC), margins up 2.5x",
        doc="per cent less that they hold for a margin one per cent higher",
    )
    receiver_response: Share = parameter(
        "10%",
        minimum="0%",
        maximum="200%",
        source="judgement: liabilities of a duration of 10 to 15 years lengthen by a tenth to a fifth per 100bp",
        doc="part of their position that receivers of fixed add when swap rates fall by 100bp, and drop when they rise",
    )
    payer_response: Share = parameter(
        "10%",
        minimum="0%",
        maximum="200%",
        source="judgement: mortgages lengthen by a third to a year and a half on five years per 100bp",
        doc="part of their position that payers of fixed add when swap rates rise by 100bp, and drop when they fall",
    )
    rate_lag: Days = parameter(
        "10d",
        minimum="1d",
        maximum="250d",
        source="judgement: hedges of liabilities and mortgages are reset every week to every month",
        doc="average delay until receivers and payers of fixed follow swap rates",
    )


class Speculators(Section):
    """Speculators in futures: how they follow the trend of prices, and how fast futures are traded."""

    trend_half_life: Days = parameter(
        "5d",
        minimum="1d",
        maximum="250d",
        source="judgement: accounts of individuals and of fast funds hold for days",
        doc="time in which half of a day's move is forgotten in the trend that they follow",
    )
    full_trend: Number = parameter(
        1.5,
        minimum=0.1,
        maximum=10.0,
        source="judgement: a trend without one is beyond it one time in seven",
        doc="trend, in its standard deviations, from which on they hold all that they can carry",
    )
    entry_lag: Days = parameter(
        "2d",
        minimum="1d",
        maximum="60d",
        source="judgement",
        doc="average delay until positions follow the trend",
    )
    turnover: Number = parameter(
        3.0,
        minimum=0.0,
        maximum=100.0,
        source="judgement: positions opened and closed within the day, some of them more than once",
        doc="times that speculators' position is traded in a day",
    )
    hedger_turnover: Number = parameter(
        0.5,
        minimum=0.0,
        maximum=100.0,
        source="judgement: half of the open interest a day where there are few speculators",
        doc="times that everybody else's position is traded in a day",
    )


class ForeignHolders(Section):
    """Foreign official and private holders of Treasuries."""

    volatility_sale: Share = parameter(
        "0.053%",
        minimum="0%",
        maximum="10%",
        source="judgement; March 2020: about 270 of 6,490 sold in a month at two to three times volatility",
        doc="holdings sold a day per unit of volatility over the tolerance",
    )
    volatility_tolerance: Multiple = parameter(
        "1.5x",
        minimum="0x",
        maximum="50x",
        source="judgement: the ups and downs of volatility in 2017-19 stayed below",
        doc="volatility over its opening level that makes nobody sell",
    )
    flow_noise: Share = parameter(
        "0.01%",
        minimum="0%",
        maximum="5%",
        source="judgement",
        doc="standard deviation of daily sales, of holdings",
    )


class ClearingHouse(Section):
    """Margin model, anti-procyclicality and waterfall."""

    confidence: Number = parameter(
        2.6, minimum=0.0, maximum=10.0, source="99.5%, normal; judgement", doc="standard deviations covered"
    )
    margin_period: Days = parameter(
        "1d", minimum="1d", maximum="30d", source="judgement", doc="margin period of risk"
    )
    decay: Number = parameter(
        0.94,
        minimum=0.0,
        maximum=0.9999,
        source="RiskMetrics 1996",
        doc="weight of yesterday in the variance estimate",
    )
    anti_procyclicality: Literal["none", "buffer", "floor", "stressed-weight"] = parameter(
        "none", source="EMIR RTS 153/2013 Art. 28", doc="measure chosen against procyclical margins"
    )
    buffer: Share = parameter(
        "25%",
        minimum="0%",
        maximum="500%",
        source="EMIR RTS Art. 28(1)(a)",
        doc="buffer, used as margins rise",
    )
    long_history_volatility: Multiple = parameter(
        "1.4x",
        minimum="0x",
        maximum="20x",
        source="judgement",
        doc="ten-year volatility over opening volatility, for the floor",
    )
    stressed_volatility: Multiple = parameter(
        "2.5x",
        minimum="0x",
        maximum="50x",
        source="2008 over 2017-19 sd of the 10-year, literature 2.10",
        doc="stressed over opening volatility",
    )
    stressed_weight: Share = parameter(
        "25%",
        minimum="0%",
        maximum="100%",
        source="EMIR RTS Art. 28(1)(b)",
        doc="weight of the stressed period",
    )
    largest_daily_rise: Share = parameter(
        "16.4%",
        minimum="0%",
        maximum="1000%",
        source="CFL467: largest one-day rise, 10y, March 2020",
        doc="cap on a day's rise of margins",
    )
    cross_margin_saving: Share = parameter(
        "80%",
        minimum="0%",
        maximum="100%",
        source="CME-FICC, literature 2.3",
        doc="margin saved on a cross-margined position",
    )
    own_capital: Money = parameter(
        "$0.1bn",
        minimum="$0bn",
        maximum="$100bn",
        source="judgement",
        doc="clearing house's own layer of the waterfall",
    )


PurchaseMode = Literal["off", "schedule", "rule"]


class PurchasePace(Section):
    """A stretch of days with purchases, or sales, at a steady pace."""

    day: Days = parameter(minimum="1d", maximum="2500d", source="scenario", doc="first day")
    days: Days = parameter("1d", minimum="1d", maximum="2500d", source="scenario", doc="length")
    pace: Money = parameter(
        minimum="-$1tn",
        maximum="$1tn",
        source="scenario",
        doc="bought a day, face; negative: sold, of what the central bank holds",
    )


class Purchases(Section):
    """Purchases and sales by the central bank: outright, or of positions (bond and short future)."""

    mode: PurchaseMode = parameter("off", source="scenario", doc="off, by schedule, or by rule")
    schedule: Annotated[list[PurchasePace], Field(max_length=500)] = parameter(
        [], source="scenario", doc="stretches of days"
    )
    trigger: BasisPoints = parameter(
        "20bp",
        minimum="0bp",
        maximum="10000bp",
        source="scenario",
        doc=(
            "rule: outright starts when average pressure, hedged when the average rise of the "
            "basis, exceeds it"
        ),
    )
    release: BasisPoints = parameter(
        "-10000bp",
        minimum="-10000bp",
        maximum="10000bp",
        source="scenario",
        doc="rule: stress below which it sells again; from there to the trigger it neither buys nor sells",
    )
    pace: Money = parameter(
        "$20bn",
        minimum="$0bn",
        maximum="$1tn",
        source="scenario",
        doc="rule: bought a day above the trigger, or sold below the release, face",
    )
    limit: Money = parameter(
        "$5tn",
        minimum="$0bn",
        maximum="$50tn",
        source="scenario",
        doc="total that may be bought, less what was sold",
    )
    sale_limit: Money = parameter(
        "$0bn",
        minimum="$0bn",
        maximum="$50tn",
        source="scenario",
        doc="rule: total that may be sold beyond what was bought since the opening",
    )


class OutrightPurchases(Purchases):
    """Purchases of bonds alone."""

    buckets: dict[str, Share] = parameter(
        {}, source="scenario", doc="split over buckets; empty: over Treasuries by what is outstanding"
    )


class HedgedPurchases(Purchases):
    """Purchases of positions: bonds against short hedges."""

    hedges: dict[str, Share] = parameter(
        {}, source="scenario", doc="split over hedges; empty: in proportion to the funds' positions"
    )


class StandingRepo(Section):
    """Standing repo facility: lends to dealers when lenders ask more or do not lend, and holds the repo rate."""

    open: bool = parameter(False, source="preset", doc="open from the first day")
    days: Days = parameter(
        "2500d", minimum="1d", maximum="2500d", source="scenario", doc="how long it then stays open"
    )
    spread: BasisPoints = parameter(
        "0bp", minimum="-100bp", maximum="1000bp", source="preset", doc="rate over the policy rate"
    )
    stigma: BasisPoints = parameter(
        "0bp",
        minimum="0bp",
        maximum="1000bp",
        source="judgement: standing facility of 2021 on, hardly used at times when it was cheaper",
        doc="how far above the facility's rate lenders may ask before dealers turn to it",
    )
    capacity: Money = parameter(
        "$500bn",
        minimum="$0bn",
        maximum="$50tn",
        source="literature 2.9: $500bn until Dec 2025",
        doc="largest amount lent",
    )


class LeverageReliefRule(Section):
    """Relief of dealers' leverage limit by rule."""

    trigger: BasisPoints = parameter(
        "20bp",
        minimum="-10000bp",
        maximum="10000bp",
        source="scenario",
        doc="average rise of the basis above which relief is given",
    )
    release: BasisPoints = parameter(
        "-10000bp",
        minimum="-10000bp",
        maximum="10000bp",
        source="scenario",
        doc="average rise of the basis below which relief is taken back",
    )
    pace: Multiple = parameter(
        "10x", minimum="0x", maximum="10x", source="scenario", doc="change of the factor in a day"
    )
    limit: Multiple = parameter(
        "1x",
        minimum="1x",
        maximum="10x",
        source="scenario",
        doc="largest factor on dealers' limits; 1x: no rule",
    )


class HaircutMinimumRule(Section):
    """A minimum haircut by rule."""

    trigger: Multiple = parameter(
        "1.5x",
        minimum="0x",
        maximum="50x",
        source="scenario",
        doc="average volatility over its opening level above which the minimum rises",
    )
    release: Multiple = parameter(
        "0x",
        minimum="0x",
        maximum="50x",
        source="scenario",
        doc="average volatility over its opening level below which the minimum falls",
    )
    pace: Share = parameter(
        "50%", minimum="0%", maximum="50%", source="scenario", doc="change of the minimum in a day, from 0%"
    )
    limit: Share = parameter(
        "0%", minimum="0%", maximum="50%", source="scenario", doc="highest minimum; 0%: no rule"
    )


class MarginMinimumRule(Section):
    """A minimum initial margin by rule."""

    trigger: Multiple = parameter(
        "1.5x",
        minimum="0x",
        maximum="50x",
        source="scenario",
        doc="average volatility over its opening level above which the minimum rises",
    )
    release: Multiple = parameter(
        "0x",
        minimum="0x",
        maximum="50x",
        source="scenario",
        doc="average volatility over its opening level below which the minimum falls",
    )
    pace: Multiple = parameter(
        "10x", minimum="0x", maximum="10x", source="scenario", doc="change of the minimum in a day, from 1x"
    )
    limit: Multiple = parameter(
        "1x",
        minimum="1x",
        maximum="10x",
        source="scenario",
        doc="highest minimum, over the exchange's opening margin; 1x: no rule",
    )


class ClearingMandateRule(Section):
    """Central clearing of un-netted repo by rule."""

    trigger: BasisPoints = parameter(
        "20bp",
        minimum="-10000bp",
        maximum="10000bp",
        source="scenario",
        doc="average rise of the basis above which more is cleared",
    )
    release: BasisPoints = parameter(
        "-10000bp",
        minimum="-10000bp",
        maximum="10000bp",
        source="scenario",
        doc="average rise of the basis below which less is cleared",
    )
    pace: Share = parameter(
        "100%", minimum="0%", maximum="100%", source="scenario", doc="change of the share in a day"
    )
    limit: Share = parameter(
        "0%",
        minimum="0%",
        maximum="100%",
        source="scenario",
        doc="largest share of un-netted repo that is netted; 0%: no rule",
    )


class StandingRepoRule(Section):
    """Opening of the standing repo facility by rule."""

    trigger: BasisPoints = parameter(
        "20bp",
        minimum="-10000bp",
        maximum="10000bp",
        source="scenario",
        doc="dealers' repo rate less the policy rate above which the facility lends",
    )
    release: BasisPoints = parameter(
        "-10000bp",
        minimum="-10000bp",
        maximum="10000bp",
        source="scenario",
        doc="dealers' repo rate less the policy rate below which its capacity falls",
    )
    pace: Money = parameter(
        "$50tn", minimum="$0bn", maximum="$50tn", source="scenario", doc="change of its capacity in a day"
    )
    limit: Money = parameter(
        "$0bn", minimum="$0bn", maximum="$50tn", source="scenario", doc="largest capacity; $0bn: no rule"
    )


class PolicyRules(Section):
    """Levers that follow yesterday's stress: towards a limit above a trigger, back below a release."""

    leverage_relief: LeverageReliefRule = section(
        default=LeverageReliefRule, doc="relief of dealers' leverage limit"
    )
    haircut_minimum: HaircutMinimumRule = section(default=HaircutMinimumRule, doc="minimum haircut")
    margin_minimum: MarginMinimumRule = section(default=MarginMinimumRule, doc="minimum initial margin")
    clearing_mandate: ClearingMandateRule = section(default=ClearingMandateRule, doc="clearing of repo")
    standing_repo: StandingRepoRule = section(default=StandingRepoRule, doc="standing repo facility")


class CentralBank(Section):
    """Policy from the opening, by schedule and by rule; of several that stand, the strongest holds."""

    outright: OutrightPurchases = section(default=OutrightPurchases, doc="outright purchases from dealers")
    hedged: HedgedPurchases = section(
        default=HedgedPurchases, doc="hedged purchases: bonds against short futures (KSWY25)"
    )
    standing_repo: StandingRepo = section(default=StandingRepo, doc="standing repo facility")
    leverage_relief: Multiple = parameter(
        "1x",
        minimum="1x",
        maximum="10x",
        source="scenario",
        doc="dealers' limits are multiplied by this from the day below",
    )
    leverage_relief_day: Days = parameter(
        "1d", minimum="1d", maximum="2500d", source="scenario", doc="first day of relief"
    )
    leverage_relief_days: Days = parameter(
        "2500d", minimum="1d", maximum="2500d", source="scenario", doc="how long the relief lasts"
    )
    haircut_minimum: Share = parameter(
        "-10%",
        minimum="-10%",
        maximum="50%",
        source="policy",
        doc="minimum haircut for every fund, from the opening",
    )
    haircut_minimum_days: Days = parameter(
        "2500d", minimum="1d", maximum="2500d", source="scenario", doc="how long that minimum lasts"
    )
    margin_minimum: Multiple = parameter(
        "1x",
        minimum="1x",
        maximum="10x",
        source="policy",
        doc="minimum initial margin over the exchange's opening margin, from the opening",
    )
    margin_minimum_days: Days = parameter(
        "2500d", minimum="1d", maximum="2500d", source="scenario", doc="how long that minimum lasts"
    )
    clearing_mandate: Share = parameter(
        "0%",
        minimum="0%",
        maximum="100%",
        source="policy",
        doc="share of un-netted repo that central clearing nets from the opening",
    )
    clearing_mandate_days: Days = parameter(
        "2500d", minimum="1d", maximum="2500d", source="scenario", doc="how long that mandate lasts"
    )
    rules: PolicyRules = section(default=PolicyRules, doc="levers that follow stress")


class TenorResponse(Section):
    """Response by tenor: how much the volatility of a tenor rises for each unit of the market's."""

    y2: Number = parameter(1.0, minimum=0.0, maximum=5.0, source="scenario", doc="2-year")
    y3: Number = parameter(1.0, minimum=0.0, maximum=5.0, source="scenario", doc="3-year")
    y5: Number = parameter(1.0, minimum=0.0, maximum=5.0, source="scenario", doc="5-year")
    y7: Number = parameter(1.0, minimum=0.0, maximum=5.0, source="scenario", doc="7-year")
    y10: Number = parameter(1.0, minimum=0.0, maximum=5.0, source="scenario", doc="10-year")
    y20: Number = parameter(1.0, minimum=0.0, maximum=5.0, source="scenario", doc="20-year")
    y30: Number = parameter(1.0, minimum=0.0, maximum=5.0, source="scenario", doc="30-year")


#: Regimes that ship, in `simulator.drivers.regimes`.
SHIPPED_REGIMES = (
    "2010-2025", "2010-2019", "2017-2019", "2008-crisis", "march-2020", "2022-2023", "2024", "april-2025",
)  # fmt: skip
_SEVEN = Field(min_length=7, max_length=7)
_FIT = "unwind calibrate --regimes"
_CALIBRATE = "unwind calibrate"


class Regime(Section):
    """A factor model of yields fitted to a period: lists go by tenor, 2, 3, 5, 7, 10, 20 and 30 years."""

    source: Text = parameter("", source=_FIT, doc="file and period that it was fitted to")
    sd: Annotated[list[BasisPoints], _SEVEN] = parameter(
        minimum="0.01bp", maximum="200bp", source=_FIT, doc="standard deviation of daily changes"
    )
    level: Annotated[list[Number], _SEVEN] = parameter(
        minimum=-1.0, maximum=1.0, source=_FIT, doc="loadings on the first factor"
    )
    slope: Annotated[list[Number], _SEVEN] = parameter(
        minimum=-1.0, maximum=1.0, source=_FIT, doc="loadings on the second factor"
    )
    curvature: Annotated[list[Number], _SEVEN] = parameter(
        minimum=-1.0, maximum=1.0, source=_FIT, doc="loadings on the third factor"
    )
    volatility_sensitivity: Annotated[list[Number], _SEVEN] = parameter(
        minimum=0.0,
        maximum=10.0,
        source=_FIT,
        doc="per cent by which volatility moves when the state moves by one",
    )
    persistence: Number = parameter(
        minimum=0.0, maximum=0.9999, source=_FIT, doc="share of log volatility left a day later"
    )
    shock_sd: Number = parameter(
        minimum=0.0, maximum=1.0, source=_FIT, doc="standard deviation of daily shocks to log volatility"
    )
    jumps_per_year: Number = parameter(
        2.0, minimum=0.0, maximum=252.0, source="judgement", doc="upward jumps of volatility a year"
    )
    jump_size: Number = parameter(
        0.4, minimum=0.0, maximum=2.0, source="judgement", doc="size of a jump in logs"
    )
    news_sd: Number = parameter(
        minimum=0.0, maximum=2.0, source=_FIT, doc="standard deviation of the log scale of single days"
    )
    reversion: Annotated[list[Number], Field(min_length=3, max_length=3)] = parameter(
        [0.0, 0.0, 0.0],
        minimum=0.0,
        maximum=252.0,
        source=_FIT,
        doc="speed a year at which level, slope and curvature revert",
    )

    @model_validator(mode="after")
    def loadings_are_of_unit_length(self) -> Self:
        """Refuse loadings with which the standard deviations would not be those of ``sd``."""
        loadings = zip(self.level, self.slope, self.curvature, strict=True)
        lengths = [round(sum(loading * loading for loading in tenor), 4) for tenor in loadings]
        if any(abs(length - 1.0) > 1e-3 for length in lengths):
            found = f"squares of level, slope and curvature add up to {lengths}"
            raise Problems(
                [Problem("level", found, "1 at every tenor", "Divide them by the root of their sum.")]
            )
        return self


class Drivers(Section):
    """The exogenous world: fundamental yields and volatility."""

    model: Literal["none", "factor", "bootstrap", "replay", "arrays"] = parameter(
        "factor", source="model section 6", doc="how fundamental yields are generated"
    )
    regime: Text = parameter(
        "2017-2019", source="literature 2.10", doc="period whose fitted moments the factor model uses"
    )
    regimes: Annotated[dict[str, Regime], Field(max_length=50)] = parameter(
        {}, source=_FIT, doc="regimes of your own, by name"
    )
    noise: Number = parameter(
        1.0,
        minimum=0.0,
        maximum=10.0,
        source="scenario",
        doc="multiplies random yield changes and flows; 0 is noise-free",
    )
    volatility_response: TenorResponse = section(
        default=TenorResponse, doc="rise of each tenor's volatility per unit of the market's"
    )
    loss_tolerance: Multiple = parameter(
        "1.6x",
        minimum="0.1x",
        maximum="50x",
        source="judgement: the ups and downs of volatility in 2017-19 stayed below",
        doc="volatility over its opening level beyond which equities fall and credit spreads rise with it",
    )
    equity_response: Share = parameter(
        "75%",
        minimum="0%",
        maximum="500%",
        source="S&P 500 -34% while MOVE rose 2.35 times, February and March 2020: 0.34 / ln(2.35 / 1.5)",
        doc="fall of equities per unit of log volatility beyond the tolerance",
    )
    equity_noise: Share = parameter(
        "0.8%",
        minimum="0%",
        maximum="20%",
        source="judgement: daily standard deviation of equities in calm times",
        doc="standard deviation of daily equity returns beside that",
    )
    credit_response: BasisPoints = parameter(
        "1550bp",
        minimum="0bp",
        maximum="10000bp",
        source="high-yield spreads +700bp while MOVE rose 2.35 times, March 2020: 700 / ln(2.35 / 1.5)",
        doc="rise of high-yield credit spreads per unit of log volatility beyond the tolerance",
    )
    credit_noise: BasisPoints = parameter(
        "5bp",
        minimum="0bp",
        maximum="500bp",
        source="judgement: daily standard deviation of high-yield spreads in calm times",
        doc="standard deviation of daily changes of credit spreads beside that",
    )
    credit_tail: Number | None = parameter(
        None,
        minimum=2.1,
        maximum=100.0,
        source="scenario",
        doc="degrees of freedom of these changes (Student's t of the same deviation): the fewer, the fatter the tails;"
        " normal when left out",
    )
    loss_half_life: Days = parameter(
        "30d",
        minimum="1d",
        maximum="2500d",
        source="S&P 500: 30% of its fall made good by 31 March 2020, half by the end of April, all in August",
        doc="time in which such losses are half made good once volatility calms",
    )
    file: DataFile = parameter("", source="scenario", doc="yield CSV (bootstrap, replay) or array file")
    start: OptionalDay = parameter(
        "",
        source="scenario",
        doc="first day of history used; by default the file's, of a replay the opening day",
    )
    end: OptionalDay = parameter(
        "", source="scenario", doc="last day of history used (bootstrap); by default the file's"
    )
    block: Days = parameter(
        "10d", minimum="1d", maximum="250d", source="judgement", doc="mean block of the bootstrap"
    )
    sampling: Literal["pseudo", "antithetic", "sobol"] = parameter(
        "pseudo", source="model section 6", doc="random draws"
    )

    @property
    def reads_file(self) -> bool:
        """Whether the model takes its yields from a file."""
        return self.model in ("bootstrap", "replay", "arrays")


class YieldShock(Section):
    """Permanent change of fundamental yields, spread over some days."""

    type: Literal["yield-shock"] = parameter(source="scenario", doc="kind of event")
    day: Days = parameter(minimum="1d", maximum="2500d", source="scenario", doc="first day")
    days: Days = parameter(
        "1d", minimum="1d", maximum="2500d", source="scenario", doc="days over which it builds up"
    )
    change: CurveChange = section(default=CurveChange, doc="total change by tenor")
    par_curve: Text = parameter(
        "", source="scenario", doc="curve that moves, of market.curves; empty means market.par_curve"
    )
    curve: Text = parameter(
        "",
        source="desks' usage: the first word says which way yields go, the second what the slope does",
        doc="or a named shape and its size, such as bear-steepener 75bp: "
        + "; ".join(f"{name}: {said}" for name, (said, _) in CURVE_SHAPES.items()),
    )

    @model_validator(mode="after")
    def _lay_out_shape(self) -> Self:
        """A named shape becomes the change by tenor that it stands for."""
        if not self.curve:
            if "change" not in self.model_fields_set:
                advice = "Write for example curve: bear-steepener 75bp, or change: {y10: 75bp}."
                raise Problems([Problem("change", "is missing", "changes by tenor, or curve", advice)])
            return self
        change = shaped_change(self.curve)
        if "change" in self.model_fields_set and self.change != change:
            raise Problems(
                [Problem("curve", "stands beside change", "one of the two", "Delete one of them.")]
            )
        self.__dict__["change"] = change
        return self


class VolatilityShock(Section):
    """Rise of volatility that builds up and decays."""

    type: Literal["volatility-shock"] = parameter(source="scenario", doc="kind of event")
    day: Days = parameter(minimum="1d", maximum="2500d", source="scenario", doc="first day")
    days: Days = parameter(
        "1d", minimum="1d", maximum="2500d", source="scenario", doc="days over which it builds up"
    )
    multiple: Multiple | None = parameter(
        None, minimum="0.1x", maximum="50x", source="scenario", doc="peak over opening volatility"
    )
    move_index: Number | None = parameter(
        None,
        minimum=10,
        maximum=2000,
        source="ICE BofA MOVE: implied volatility in bp a year, 20% 2-year, 20% 5-year, 40% 10-year, 20% 30-year",
        doc="or the MOVE index at the peak; its opening level is that average of the market's volatilities",
    )
    half_life: Days = parameter(
        "20d", minimum="1d", maximum="5000d", source="scenario", doc="half-life after the peak"
    )

    @model_validator(mode="after")
    def _one_peak(self) -> Self:
        """The peak is told in one way."""
        if (self.multiple is None) == (self.move_index is None):
            found = "is missing" if self.multiple is None else "stands beside move_index"
            advice = "Write for example multiple: 2x, or move_index: 160."
            raise Problems([Problem("multiple", found, "a multiple, or move_index", advice)])
        return self


class MarketLoss(Section):
    """Equities fall, or credit spreads rise, beyond what volatility brings: funds lose on what else they hold."""

    type: Literal["market-loss"] = parameter(source="scenario", doc="kind of event")
    day: Days = parameter(minimum="1d", maximum="2500d", source="scenario", doc="first day")
    days: Days = parameter(
        "1d", minimum="1d", maximum="2500d", source="scenario", doc="days over which it builds up"
    )
    equity: Share = parameter(
        "0%", minimum="-95%", maximum="500%", source="scenario", doc="change of equities in all"
    )
    credit: BasisPoints = parameter(
        "0bp", minimum="-5000bp", maximum="10000bp", source="scenario", doc="change of credit spreads in all"
    )


class MarginStep(Section):
    """Step in initial margins set by the clearing house outside its model."""

    type: Literal["margin-step"] = parameter(source="scenario", doc="kind of event")
    day: Days = parameter(minimum="1d", maximum="2500d", source="scenario", doc="first day")
    multiple: Multiple = parameter(
        minimum="0.1x", maximum="50x", source="scenario", doc="margin times this from then on"
    )
    hedges: list[str] = parameter([], source="scenario", doc="hedges concerned; empty means all")


class HaircutStep(Section):
    """Step in repo haircuts, of all dealers or of some."""

    type: Literal["haircut-step"] = parameter(source="scenario", doc="kind of event")
    day: Days = parameter(minimum="1d", maximum="2500d", source="scenario", doc="first day")
    days: Days = parameter("2500d", minimum="1d", maximum="2500d", source="scenario", doc="how long it lasts")
    change: Share = parameter(minimum="-10%", maximum="100%", source="scenario", doc="added to every haircut")
    fundings: list[str] = parameter([], source="scenario", doc="fundings concerned; empty means all")
    dealers: list[str] = parameter(
        [],
        source="scenario",
        doc="dealers that ask it, of each fund in proportion to what it borrows from them; empty means all",
    )


class HaircutMinimum(Section):
    """A minimum haircut for every fund, from a day on or for some days."""

    type: Literal["haircut-minimum"] = parameter(source="scenario", doc="kind of event")
    day: Days = parameter(minimum="1d", maximum="2500d", source="scenario", doc="first day")
    days: Days = parameter("2500d", minimum="1d", maximum="2500d", source="scenario", doc="how long it lasts")
    minimum: Share = parameter(
        minimum="-10%", maximum="50%", source="scenario", doc="lowest haircut that dealers may ask"
    )


class MarginMinimum(Section):
    """A minimum initial margin, from a day on or for some days."""

    type: Literal["margin-minimum"] = parameter(source="scenario", doc="kind of event")
    day: Days = parameter(minimum="1d", maximum="2500d", source="scenario", doc="first day")
    days: Days = parameter("2500d", minimum="1d", maximum="2500d", source="scenario", doc="how long it lasts")
    multiple: Multiple = parameter(
        minimum="1x", maximum="10x", source="scenario", doc="lowest margin over the exchange's opening margin"
    )


class LeverageRelief(Section):
    """Relief of dealers' leverage limits, from a day on or for some days."""

    type: Literal["leverage-relief"] = parameter(source="scenario", doc="kind of event")
    day: Days = parameter(minimum="1d", maximum="2500d", source="scenario", doc="first day")
    days: Days = parameter("2500d", minimum="1d", maximum="2500d", source="scenario", doc="how long it lasts")
    multiple: Multiple = parameter(
        minimum="1x", maximum="10x", source="scenario", doc="factor on dealers' limits"
    )


class ClearingMandate(Section):
    """Central clearing nets part of the repo that is not netted, from a day on or for some days."""

    type: Literal["clearing-mandate"] = parameter(source="scenario", doc="kind of event")
    day: Days = parameter(minimum="1d", maximum="2500d", source="scenario", doc="first day")
    days: Days = parameter("2500d", minimum="1d", maximum="2500d", source="scenario", doc="how long it lasts")
    share: Share = parameter(
        minimum="0%", maximum="100%", source="scenario", doc="share of un-netted repo that is netted"
    )


class LenderWithdrawal(Section):
    """Cash leaves the lenders."""

    type: Literal["lender-withdrawal"] = parameter(source="scenario", doc="kind of event")
    day: Days = parameter(minimum="1d", maximum="2500d", source="scenario", doc="first day")
    days: Days = parameter("2500d", minimum="1d", maximum="2500d", source="scenario", doc="how long it lasts")
    share: Share = parameter(
        minimum="-500%",
        maximum="100%",
        source="scenario",
        doc="part of the lending offer that goes; negative: comes",
    )
    lenders: list[str] = parameter([], source="scenario", doc="lenders that withdraw; empty means all")
    dealers: list[str] = parameter(
        [], source="scenario", doc="dealers that they withdraw from; empty means all"
    )


class ForeignSale(Section):
    """Foreign holders sell, in equal parts a day."""

    type: Literal["foreign-sale"] = parameter(source="scenario", doc="kind of event")
    day: Days = parameter(minimum="1d", maximum="2500d", source="scenario", doc="first day")
    days: Days = parameter("1d", minimum="1d", maximum="2500d", source="scenario", doc="length")
    amount: Money = parameter(
        minimum="-$5tn", maximum="$5tn", source="scenario", doc="sold in all, face; negative: bought"
    )
    buckets: dict[str, Share] = parameter(
        {}, source="scenario", doc="split over buckets; empty: in proportion to holdings"
    )


class InvestorDemand(Section):
    """End investors come to want more or fewer bonds, in equal parts a day: a flight into Treasuries, or into cash."""

    type: Literal["investor-demand"] = parameter(source="scenario", doc="kind of event")
    day: Days = parameter(minimum="1d", maximum="2500d", source="scenario", doc="first day")
    days: Days = parameter("1d", minimum="1d", maximum="2500d", source="scenario", doc="length")
    amount: Money = parameter(
        minimum="-$5tn",
        maximum="$5tn",
        source="scenario",
        doc="wanted in addition in all, face; negative: less",
    )
    buckets: dict[str, Share] = parameter(
        {}, source="scenario", doc="split over buckets; empty: over Treasuries by what is outstanding"
    )


class Redemption(Section):
    """Investors ask asset managers or hedge funds for money, in equal parts a day."""

    type: Literal["redemption"] = parameter(source="scenario", doc="kind of event")
    who: Literal["asset-managers", "hedge-funds"] = parameter(source="scenario", doc="who is asked")
    day: Days = parameter(minimum="1d", maximum="2500d", source="scenario", doc="first day")
    days: Days = parameter("1d", minimum="1d", maximum="2500d", source="scenario", doc="length")
    share: Share = parameter(
        minimum="-100%",
        maximum="100%",
        source="scenario",
        doc="redeemed in all, of opening net assets or equity",
    )


class Auction(Section):
    """New issuance; dealers take what bidders leave."""

    type: Literal["auction"] = parameter(source="scenario", doc="kind of event")
    day: Days = parameter(minimum="1d", maximum="2500d", source="scenario", doc="auction day")
    bucket: Text = parameter("", source="scenario", doc="bucket issued; or name a maturity")
    maturity: Years | None = parameter(
        None,
        minimum="0.5y",
        maximum="31y",
        source="scenario",
        doc="maturity issued: of the bucket nearest to it",
    )
    amount: Money = parameter(minimum="$0bn", maximum="$1tn", source="scenario", doc="face issued")
    dealer_share: Share = parameter(
        "15%",
        minimum="0%",
        maximum="100%",
        source="literature 4.7: dealer take-up 12.6% in 2025, 27% in 2020",
        doc="left to dealers in normal times",
    )
    new_money: Share = parameter(
        "100%",
        minimum="0%",
        maximum="100%",
        source="scenario",
        doc="part of the issue beyond what falls due: it alone adds to the bonds that investors hold",
    )
    settles: Days | None = parameter(
        None,
        minimum="1d",
        maximum="2500d",
        source="scenario",
        doc="day on which new money is paid, and lenders miss it; left out: lenders miss nothing",
    )
    bidder_shortfall: Share = parameter(
        "0%",
        minimum="0%",
        maximum="100%",
        source="scenario",
        doc="part of the issue that bidders leave beyond that",
    )
    bidder_noise: Share = parameter(
        "5%",
        minimum="0%",
        maximum="50%",
        source="sd of cover ratios, literature 4.7",
        doc="standard deviation of what bidders leave",
    )
    yield_response: Share = parameter(
        "0%",
        minimum="-100%",
        maximum="500%",
        source="scenario",
        doc="part by which the issue is larger for a rise of yields of 100bp since the opening: interest on the debt",
    )


class BuyBack(Section):
    """The Treasury buys bonds back before they fall due, in equal parts a day, and retires them."""

    type: Literal["buy-back"] = parameter(source="scenario", doc="kind of event")
    day: Days = parameter(minimum="1d", maximum="2500d", source="scenario", doc="first day")
    days: Days = parameter("1d", minimum="1d", maximum="2500d", source="scenario", doc="length")
    amount: Money = parameter(
        minimum="$0bn", maximum="$5tn", source="scenario", doc="bought back in all, face"
    )
    buckets: dict[str, Share] = parameter(
        {}, source="scenario", doc="split over buckets; empty: over Treasuries by what is outstanding"
    )
    bills: Share = parameter(
        "0%",
        minimum="0%",
        maximum="100%",
        source="scenario",
        doc="part paid with new bills, which money funds buy in place of lending to dealers",
    )


class BillsForBonds(Section):
    """Part of what is auctioned on some days comes as bills in place of bonds; negative: more bonds, fewer bills."""

    type: Literal["bills-for-bonds"] = parameter(source="scenario", doc="kind of event")
    day: Days = parameter(minimum="1d", maximum="2500d", source="scenario", doc="first day")
    days: Days = parameter("2500d", minimum="1d", maximum="2500d", source="scenario", doc="how long it lasts")
    share: Share = parameter(
        minimum="-500%",
        maximum="100%",
        source="scenario",
        doc="part of the auctions that comes as bills, which money funds buy in place of lending to dealers",
    )
    buckets: list[str] = parameter([], source="scenario", doc="buckets concerned; empty means all")


class BondExchange(Section):
    """Foreign holders exchange bonds with the Treasury for those of another bucket, at market value.

    The bucket may hold a zero of a hundred years: the duration goes to whoever takes it, and so does a market that
    nobody makes.
    """

    type: Literal["bond-exchange"] = parameter(source="scenario", doc="kind of event")
    day: Days = parameter(minimum="1d", maximum="2500d", source="scenario", doc="first day")
    days: Days = parameter("1d", minimum="1d", maximum="2500d", source="scenario", doc="length")
    amount: Money = parameter(
        minimum="-$5tn",
        maximum="$5tn",
        source="scenario",
        doc="sold in all, face; negative: taken back for bonds of that bucket",
    )
    bucket: Text = parameter(source="scenario", doc="bucket whose bonds they receive")
    buckets: dict[str, Share] = parameter(
        {}, source="scenario", doc="split of what is sold; empty: in proportion to holdings"
    )


class GovernmentDrain(Section):
    """Cash goes to the government, in equal parts a day: taxes; or comes from it."""

    type: Literal["cash-drain"] = parameter(source="scenario", doc="kind of event")
    day: Days = parameter(minimum="1d", maximum="2500d", source="scenario", doc="first day")
    days: Days = parameter("1d", minimum="1d", maximum="2500d", source="scenario", doc="length")
    amount: Money = parameter(
        minimum="-$5tn", maximum="$5tn", source="scenario", doc="paid in all; negative: paid out"
    )


class LimitCut(Section):
    """Dealers' limits are cut by their managers."""

    type: Literal["limit-cut"] = parameter(source="scenario", doc="kind of event")
    day: Days = parameter(minimum="1d", maximum="2500d", source="scenario", doc="first day")
    days: Days = parameter("2500d", minimum="1d", maximum="2500d", source="scenario", doc="how long it lasts")
    share: Share = parameter(
        minimum="-500%",
        maximum="95%",
        source="scenario",
        doc="part of the limit that goes; negative: is added",
    )
    dealers: list[str] = parameter([], source="scenario", doc="dealers concerned; empty means all")


class ClientRepoDemand(Section):
    """Clients other than the funds draw on dealers' repo, in equal parts a day, or pay it back."""

    type: Literal["client-repo-demand"] = parameter(source="scenario", doc="kind of event")
    day: Days = parameter(minimum="1d", maximum="2500d", source="scenario", doc="first day")
    days: Days = parameter(
        "1d", minimum="1d", maximum="2500d", source="scenario", doc="days over which it builds up"
    )
    amount: Money = parameter(
        minimum="-$5tn", maximum="$5tn", source="scenario", doc="drawn in all; negative: paid back"
    )


class FacilityOpening(Section):
    """The standing repo facility opens on a day, or lends up to another amount, from then on or for some days."""

    type: Literal["facility-opening"] = parameter(source="scenario", doc="kind of event")
    day: Days = parameter(minimum="1d", maximum="2500d", source="scenario", doc="first day")
    days: Days = parameter("2500d", minimum="1d", maximum="2500d", source="scenario", doc="how long it lasts")
    capacity: Money | None = parameter(
        None,
        minimum="$0bn",
        maximum="$50tn",
        source="scenario",
        doc="largest amount lent in that time, within what the central bank's section says; that when absent",
    )


class PolicyRateChange(Section):
    """The policy rate moves."""

    type: Literal["policy-rate-change"] = parameter(source="scenario", doc="kind of event")
    day: Days = parameter(minimum="1d", maximum="2500d", source="scenario", doc="first day")
    change: BasisPoints = parameter(minimum="-1000bp", maximum="1000bp", source="scenario", doc="change")
    fundings: list[str] = parameter([], source="scenario", doc="fundings concerned; empty means all")


class HedgeDemandShift(Section):
    """Asset managers want more or fewer futures for reasons outside the model."""

    type: Literal["hedge-demand-shift"] = parameter(source="scenario", doc="kind of event")
    day: Days = parameter(minimum="1d", maximum="2500d", source="scenario", doc="first day")
    days: Days = parameter(
        "1d", minimum="1d", maximum="2500d", source="scenario", doc="days over which it builds up"
    )
    share: Share = parameter(
        minimum="-100%", maximum="500%", source="scenario", doc="change of demand, of its opening size"
    )
    hedges: list[str] = parameter([], source="scenario", doc="hedges concerned; empty means all")


class ForeignPremium(Section):
    """A fee on foreign holdings or a default scare: yields must pay a premium, and foreigners sell."""

    type: Literal["foreign-premium"] = parameter(source="scenario", doc="kind of event")
    day: Days = parameter(minimum="1d", maximum="2500d", source="scenario", doc="first day")
    days: Days = parameter(
        "1d", minimum="1d", maximum="2500d", source="scenario", doc="days over which it builds up"
    )
    premium: BasisPoints = parameter(
        minimum="-500bp", maximum="1000bp", source="scenario", doc="added to all fundamental yields"
    )
    sale: Share = parameter(
        "0%",
        minimum="0%",
        maximum="100%",
        source="scenario",
        doc="part of foreign holdings sold over those days",
    )


Event = Annotated[
    YieldShock
    | VolatilityShock
    | MarketLoss
    | MarginStep
    | HaircutStep
    | HaircutMinimum
    | MarginMinimum
    | LeverageRelief
    | ClearingMandate
    | LenderWithdrawal
    | ForeignSale
    | InvestorDemand
    | Redemption
    | Auction
    | BuyBack
    | BillsForBonds
    | BondExchange
    | GovernmentDrain
    | LimitCut
    | ClientRepoDemand
    | FacilityOpening
    | PolicyRateChange
    | HedgeDemandShift
    | ForeignPremium,
    Field(discriminator="type"),
]


class Numerics(Section):
    """How the day is solved."""

    rounds_max: Count = parameter(
        60, minimum=1, maximum=10000, source="numerical", doc="most rounds in a day; what is left is recorded"
    )
    tolerance: Money = parameter(
        "$1000",
        minimum="$0bn",
        maximum="$1bn",
        source="numerical",
        doc="orders below this in all end the day",
    )
    block: Count = parameter(
        1024,
        minimum=1,
        maximum=100000,
        source="numerical",
        doc="paths in a block: one unit of work and of storage",
    )


class Output(Section):
    """What is kept."""

    precision: Literal["float32", "float64"] = parameter(
        "float32", source="storage", doc="number format of the stored records"
    )
    agents: bool = parameter(False, source="storage", doc="keep records of every single agent")
    funds: Annotated[list[Text], Field(max_length=NAMED_MAX)] = parameter(
        [], source="storage", doc="funds of which records are kept one by one; those of funds.add always are"
    )
    dealers: Annotated[list[Text], Field(max_length=NAMED_MAX)] = parameter(
        [],
        source="storage",
        doc="dealers of which records are kept one by one; those of dealers.add always are",
    )
    paths_without_policy: Count = parameter(
        512,
        minimum=0,
        maximum=100_000_000,
        source="numerical",
        doc="first paths that are played again without policy, to tell what it takes away; none where there is none;"
        " over parameter sets the first of each",
    )
    test_sale_paths: Count = parameter(
        256,
        minimum=0,
        maximum=100_000_000,
        source="numerical",
        doc="first paths that are played again with a test sale, to tell what $100bn of sales cost; over parameter sets"
        " the first of each",
    )


class Provenance(Section):
    """What an opening market was made from, as unwind calibrate writes it; no number of a run depends on it."""

    vintage: Text = parameter("", source=_CALIBRATE, doc="vintage of the public files that Unwind has locked")
    files: dict[str, Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]] = parameter(
        {}, source=_CALIBRATE, doc="SHA-256 of each data file, by its name without ending"
    )
    remarks: Annotated[list[Text], Field(max_length=100)] = parameter(
        [], source=_CALIBRATE, doc="what differs from the way in which the shipped markets are made"
    )


class Scenario(Section):
    """A scenario: an opening market, the agents in it, and what happens."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,80}$")] = parameter(
        source="scenario", doc="short name, used for folders"
    )
    title: Text = parameter("", source="scenario", doc="one line for readers")
    description: Text = parameter("", source="scenario", doc="what happens and why")
    seed: Count = parameter(
        1, minimum=0, maximum=2**63 - 1, source="scenario", doc="seed of every random stream"
    )
    paths: Count = parameter(1000, minimum=1, maximum=100_000_000, source="scenario", doc="random paths")
    horizon: Days = parameter(
        "60d", minimum="1d", maximum="2500d", source="scenario", doc="trading days simulated"
    )
    market: Market = section(doc="the opening day")
    drivers: Drivers = section(default=Drivers, doc="fundamental yields and volatility")
    funds: Funds = section(default=Funds, doc="hedge funds")
    dealers: Dealers = section(default=Dealers, doc="dealers")
    end_investors: EndInvestors = section(default=EndInvestors, doc="end investors")
    asset_managers: AssetManagers = section(default=AssetManagers, doc="asset managers")
    lenders: Lenders = section(default=Lenders, doc="cash lenders")
    other_hedgers: OtherHedgers = section(default=OtherHedgers, doc="other holders of futures")
    speculators: Speculators = section(default=Speculators, doc="speculators in futures")
    foreign_holders: ForeignHolders = section(default=ForeignHolders, doc="foreign holders")
    clearing_house: ClearingHouse = section(default=ClearingHouse, doc="clearing house")
    central_bank: CentralBank = section(default=CentralBank, doc="central bank")
    channels: Channels = section(default=Channels, doc="switches for attribution")
    events: Annotated[list[Event], Field(max_length=1000)] = parameter(
        [], source="scenario", doc="what happens, by day"
    )
    numerics: Numerics = section(default=Numerics, doc="how the day is solved")
    output: Output = section(default=Output, doc="what is kept")
    provenance: Provenance = section(default=Provenance, doc="what the opening market was made from")

    @model_validator(mode="after")
    def relations_hold(self) -> Self:
        """Check what no single field can: raises every broken relation at once."""
        problems = [
            *_unknown_names(self),
            *_unknown_contracts(self),
            *_barred_holders(self),
            *_undeliverable_bonds(self),
            *_hedges_of_other_bonds(self),
            *_sellers_without_capital(self),
            *_impossible_holdings(self),
            *_unplaced_auctions(self),
            *_settled_too_soon(self),
            *_exchanged_for_themselves(self),
            *_rules_that_undo(self),
            *_late_events(self),
        ]
        if problems:
            raise Problems(problems)
        return self


def _unknown_names(scenario: Scenario) -> list[Problem]:
    """Buckets, hedges and fundings that are named somewhere and stand nowhere."""
    market, bank = scenario.market, scenario.central_bank
    known = {
        "bucket": list(market.buckets),
        "hedge": list(market.hedges),
        "funding": list(market.fundings),
        "lender": drawn_names("lender", scenario.lenders.count),
        "regime": [*scenario.drivers.regimes, *SHIPPED_REGIMES],
    }
    if not (scenario.dealers.population or scenario.dealers.add):
        known["dealer"] = drawn_names("dealer", scenario.dealers.count)
    named = [("drivers.regime", "regime", scenario.drivers.regime)]
    known["curve"] = list(market.curves)
    for name, bucket in market.buckets.items():
        if bucket.curve:
            named.append((f"market.buckets.{name}.curve", "curve", bucket.curve))
    for index, event in enumerate(scenario.events):
        if isinstance(event, YieldShock) and event.par_curve:
            named.append((f"events.{index}.par_curve", "curve", event.par_curve))
    for name, hedge in market.hedges.items():
        named.append((_key(f"market.hedges.{name}", "bucket", hedge.bucket), "bucket", hedge.bucket or name))
    for name, trade in market.trades.items():
        named.append((_key(f"market.trades.{name}", "hedge", trade.hedge), "hedge", trade.hedge or name))
        named.append((f"market.trades.{name}.funding", "funding", market.funding_of(name)))
    for index, event in enumerate(scenario.events):
        for what in known.keys() - {"curve"}:  # of an event that is the shape of a change
            if getattr(event, what, ""):
                named.append((f"events.{index}.{what}", what, getattr(event, what)))
            several = getattr(event, f"{what}s", ())
            places = several if isinstance(several, dict) else range(len(several))
            for place, name in zip(places, several, strict=True):
                named.append((f"events.{index}.{what}s.{place}", what, name))
    named += [(f"central_bank.outright.buckets.{name}", "bucket", name) for name in bank.outright.buckets]
    named += [(f"central_bank.hedged.hedges.{name}", "hedge", name) for name in bank.hedged.hedges]
    rows = {f"market.{table}.{name}" for table in ("hedges", "trades") for name in getattr(market, table)}
    return [
        Problem(
            key,
            f"{name!r} is not a {what} of this market",
            f"one of {names_listed(known[what])}"
            + (f", or {what}: with one of these" if key in rows else ""),
            near=known[what],
        )
        for key, what, name in named
        if name not in known[what]
    ]


def _undeliverable_bonds(scenario: Scenario) -> list[Problem]:
    """Trades that hold the bond next to the cheapest where no future has one."""
    market = scenario.market
    return [
        Problem(
            f"market.trades.{name}.bond",
            "a deliverable bond that is not the cheapest",
            "cheapest or other, where the hedge is no future or its bucket has one bond",
        )
        for name, trade in market.trades.items()
        if trade.bond == "deliverable"
        and market.hedge_of(name) in market.hedges
        and (
            not isinstance(market.hedges[market.hedge_of(name)], Futures)
            or len(market.buckets[market.bucket_of(market.hedge_of(name))].bonds) < 2
        )
    ]


def _hedges_of_other_bonds(scenario: Scenario) -> list[Problem]:
    """Protection on bonds that cannot default, and futures or swaps on bonds that can."""
    market = scenario.market
    return [
        Problem(
            _key(f"market.hedges.{name}", "bucket", hedge.bucket),
            f"{market.bucket_of(name)!r} has {'no ' if is_cds else ''}credit risk",
            "a bucket with credit (spread_response or default_rate above zero)"
            if is_cds
            else "a bucket without credit, or kind: cds",
        )
        for name, hedge in market.hedges.items()
        for is_cds in (isinstance(hedge, CreditDefaultSwap),)
        if market.bucket_of(name) in market.buckets
        and market.buckets[market.bucket_of(name)].credit.is_risky != is_cds
    ]


def _sellers_without_capital(scenario: Scenario) -> list[Problem]:
    """Sellers of protection of whom only half is told."""
    sign = scenario.market.counted.sign
    return [
        Problem(
            f"market.hedges.{name}.seller_capital",
            f"{sign}{hedge.seller_capital:,.1f}bn of capital behind {sign}{hedge.protection_sold:,.1f}bn of protection",
            "both above zero, or neither",
        )
        for name, hedge in scenario.market.hedges.items()
        if isinstance(hedge, CreditDefaultSwap)
        and (hedge.seller_capital > 0.0) != (hedge.protection_sold > 0.0)
    ]


def opening_move(market: Market) -> float:
    """The opening level to which a MOVE index compares: the market's own volatilities under the index's weights.

    Of each of the index's tenors it takes the bucket nearest to it. Options price more than what yields did, so that
    the published index is usually above this.
    """
    buckets = [market.buckets[name] for name in market.treasuries]
    return sum(
        weight * min(buckets, key=lambda bucket: abs(bucket.bonds[0].maturity - years)).volatility
        for years, weight in MOVE_WEIGHTS.items()
    )


def peak_multiple(scenario: Scenario, event: VolatilityShock) -> float:
    """The peak of a volatility shock over the opening, told as such or as a level of the MOVE index."""
    if event.move_index is not None:
        return event.move_index / opening_move(scenario.market)
    assert event.multiple is not None
    return event.multiple


def drawn_names(kind: str, count: int) -> list[str]:
    """Names of agents that are drawn, the largest first: ``dealer 1``, ``dealer 2`` and so on."""
    return [f"{kind} {n + 1}" for n in range(count)]


def unknown_dealers(scenario: Scenario, names: Sequence[str]) -> list[Problem]:
    """Dealers that events name and that are not among those of a population."""
    return [
        Problem(
            f"events.{index}.dealers.{place}",
            f"{name!r} is not a dealer of {scenario.dealers.population or scenario.dealers.add or 'this market'}",
            f"one of {names_listed(names)}",
            near=names,
        )
        for index, event in enumerate(scenario.events)
        for place, name in enumerate(getattr(event, "dealers", ()))
        if name not in names
    ]


def names_listed(names: Sequence[str]) -> str:
    """Names one after the other, or of many the first and the last."""
    return ", ".join(names) if len(names) <= NAMES_LISTED_MAX else f"{names[0]} to {names[-1]}"


def _key(row: str, key: str, written: str) -> str:
    """Where a name stands: at its key, or at the row whose own name is taken when the key is left out."""
    return f"{row}.{key}" if written else row


def _unknown_contracts(scenario: Scenario) -> list[Problem]:
    return [
        Problem(
            _key(f"market.hedges.{name}", "contract", hedge.contract),
            f"{hedge.contract or name!r} is not a futures contract",
            f"one of {', '.join(CONTRACTS)}, or kind: swap or cds",
            near=list(CONTRACTS),
        )
        for name, hedge in scenario.market.hedges.items()
        if isinstance(hedge, Futures) and (hedge.contract or name) not in CONTRACTS
    ]


def _barred_holders(scenario: Scenario) -> list[Problem]:
    """Positions of those whom an exchange did not yet admit on the opening day."""
    market = scenario.market
    opening = date.fromisoformat(market.date)
    return [
        Problem(
            f"market.hedges.{name}.{holders}",
            f"{holders} may not trade {contract.code} before {since}",
            f"nothing, in a market of {market.date}",
        )
        for name, hedge in market.hedges.items()
        if isinstance(hedge, Futures) and (contract := CONTRACTS.get(hedge.contract or name)) is not None
        for holders, since in contract.admitted_since
        if getattr(hedge, holders) != 0.0 and opening < since
    ]


def _impossible_holdings(scenario: Scenario) -> list[Problem]:
    market, sign = scenario.market, scenario.market.counted.sign
    found = []
    for name, bucket in market.buckets.items():
        hedges = [hedge for hedge in market.hedges if market.bucket_of(hedge) == name]
        trades = [trade for trade in market.trades if market.hedge_of(trade) in hedges]
        held = (
            sum(max(market.trades[trade].fund_packages, 0.0) for trade in trades)
            + sum(max(market.hedges[hedge].dealer_packages, 0.0) for hedge in hedges)
            + max(bucket.dealer_inventory, 0.0)
            + bucket.asset_manager_bonds
            + bucket.foreign_bonds
            + bucket.central_bank_bonds
        )
        if held > bucket.outstanding:
            found.append(
                Problem(
                    f"market.buckets.{name}.outstanding",
                    f"{sign}{bucket.outstanding:,.1f}bn outstanding, but {sign}{held:,.1f}bn held by the sectors named",
                    "outstanding at least as large as what is held",
                )
            )
    return found


def _unplaced_auctions(scenario: Scenario) -> list[Problem]:
    return [
        Problem(
            f"events.{index}",
            "an auction of neither a bucket nor a maturity"
            if event.maturity is None
            else "an auction of both",
            f"either bucket: one of {', '.join(scenario.market.buckets)}, or maturity: in years, as 10y",
        )
        for index, event in enumerate(scenario.events)
        if isinstance(event, Auction) and bool(event.bucket) == (event.maturity is not None)
    ]


def _settled_too_soon(scenario: Scenario) -> list[Problem]:
    return [
        Problem(
            f"events.{index}.settles",
            f"an auction of day {event.day:.0f} that settles on day {event.settles:.0f}",
            f"a day from {event.day:.0f}d on",
        )
        for index, event in enumerate(scenario.events)
        if isinstance(event, Auction) and event.settles is not None and event.settles < event.day
    ]


def _exchanged_for_themselves(scenario: Scenario) -> list[Problem]:
    return [
        Problem(
            f"events.{index}.buckets.{event.bucket}",
            "bonds exchanged for themselves",
            f"other buckets than {event.bucket}, whose bonds are received",
        )
        for index, event in enumerate(scenario.events)
        if isinstance(event, BondExchange) and event.bucket in event.buckets
    ]


def _rules_that_undo(scenario: Scenario) -> list[Problem]:
    """Rules that would take back today what they gave yesterday, at the same stress."""
    bank = scenario.central_bank
    rules = {"outright": bank.outright, "hedged": bank.hedged}
    rules |= {f"rules.{key}": getattr(bank.rules, key) for key in PolicyRules.model_fields}
    return [
        Problem(
            f"central_bank.{key}.release",
            f"the release, {rule.release:g}, is above the trigger, {rule.trigger:g}",
            "a release at or below the trigger",
        )
        for key, rule in rules.items()
        if rule.release > rule.trigger
    ]


def _late_events(scenario: Scenario) -> list[Problem]:
    return [
        Problem(
            f"events.{index}.day",
            f"day {event.day:.0f} is after the horizon of {scenario.horizon:.0f} days",
            f"a day from 1d to {scenario.horizon:.0f}d",
        )
        for index, event in enumerate(scenario.events)
        if event.day > scenario.horizon
    ]
