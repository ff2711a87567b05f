"""The figures of one opening day, derived from public data files and the judgements of the date.

Which bonds are cheapest to deliver, who holds what in which maturity bucket, how volatile yields were, what
margins cover, how much cash lenders could still lend. Each function is one derivation; writing is the work of
`simulator.calibration.presets`, and nothing is fitted to any outcome.

Amounts: USD billions; yields and rates: decimals a year; spreads: bp; prices per 1 of face.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from itertools import pairwise

from simulator.calibration.availability import Choice, Reach
from simulator.calibration.judgements import (
    BUCKET_ENDS_YEARS,
    EASY_SHARE,
    FOREIGN_LONG_WEIGHT,
    JUDGED_DAYS,
    JUDGEMENTS,
    LEVERAGE_2019,
    LEVERAGE_QUARTER,
    LONG_BUCKETS,
    NOMINAL_SHARE,
    SWAP_CONFIDENCE,
    SWAP_MARGIN_DAYS,
    VOLUME_2018_BN,
    SwapTrade,
)
from simulator.calibration.ladder import Rung, maturity_ladder
from simulator.calibration.public_data import (
    AUCTIONS,
    BANDS,
    DEALERS,
    FACTORS,
    FOREIGN,
    FORM_PF,
    LONG_BANDS,
    POSITIONS,
    RATES,
    RESERVES,
    SOMA,
    TENORS_YEARS,
    YIELDS,
    PublicData,
    Row,
    Security,
)
from simulator.contracts import (
    CONTRACTS,
    DELIVERY_MONTHS,
    Contract,
    add_months,
    is_deliverable,
    last_delivery_day,
    rules_at,
)
from simulator.market.futures import conversion_factor, forward_clean_price_at, months_counted
from simulator.market.treasuries import dirty_price_at, dv01_per_face_at
from simulator.scenario.errors import Problem, Problems

TENORS = tuple(f"y{tenor}" for tenor in TENORS_YEARS)
COUPONS_PER_YEAR = 2.0
TRADING_DAYS_PER_YEAR = 252.0
CALENDAR_DAYS_PER_YEAR = 365.25
MONEY_MARKET_YEAR = 365.0 / 360.0
VOLATILITY_DAYS = 60

#: A basket keeps its three cheapest bonds and those that would be cheapest after these moves of the curve.
CHEAPEST_KEPT = 3
CURVE_MOVES = (-0.015, 0.015)

#: Contracts whose delivery month ends within so many days are rolled into the next. Judgement: most positions
#: leave a contract in the last days before its delivery month.
ROLLED_DAYS = 60


@dataclass(frozen=True)
class DeliverableSecurity:
    """A bond of a basket, with its years to maturity and conversion factor."""

    security: Security
    years: float
    factor: float


#: How far from the opening day a row may lie. Surveys of a week stand for the days around it, reports of positions
#: for four weeks, quarters for the next one. A sale of a quarter is put back by the calendar (`ladder`). The table
#: of holdings abroad begins with January 2020: its first month stands for the half year before, as stocks move slowly.
DAILY = Reach(0)
WEEKLY = Reach(7, 7, step=7, is_nearest=True)
REPORTS = Reach(28, step=7)
QUARTERLY = Reach(100, step=92)
MONTHLY = Reach(62, 215, step=31)
SALES = Reach(92, step=31)
ANY_BEFORE = Reach(None, step=10_000)


class OpeningDay:
    """Derived figures of a market at the close of a day.

    Parameters
    ----------
    data
        The public files.
    day
        The opening day.
    takes_nearest
        Where a series is missing take the nearest row there is, and tell in ``choice.substitutions``.

    Raises
    ------
    Problems
        If files are missing or broken, or if they have nothing for the day that may stand for it.
    """

    def __init__(self, data: PublicData, day: date, *, takes_nearest: bool = False) -> None:
        data.check_files()
        self.data, self.day = data, day
        self.delivery_month = first_deferred_month(day)
        self.choice = choice = Choice(day, takes_nearest=takes_nearest)

        def row(file: str, what: str, reach: Reach, columns: Sequence[str], at: date | None = None) -> Row:
            return choice.of(file, what, reach, data.published(file, tuple(columns)), at)

        curves = data.published(YIELDS, TENORS)
        self.yields = choice.of(YIELDS, "par yields of 2 to 30 years", DAILY, curves)
        until = date.fromisoformat(self.yields["date"])
        self._curves = [curve for when, curve in sorted(curves.items()) if when <= until]
        window = f"{VOLATILITY_DAYS} daily changes of par yields"
        choice.has_window(YIELDS, window, curves, VOLATILITY_DAYS + 1, until)
        self.rates = row(RATES, "SOFR, EFFR and interest on reserves", DAILY, ("sofr", "iorb", "effr"))
        reports = "futures-only reports of all six contracts"
        self.positions = choice.of(POSITIONS, reports, REPORTS, data.positions())
        bands = [f"coupons_{band}_net" for band in BANDS]
        dealers = ("coupons_net", "tips_net", "ust_repo_out_bn", *bands)
        self.dealer_week = row(DEALERS, "dealers' positions and repo", WEEKLY, dealers)
        self.soma_week = row(SOMA, "holdings of the Federal Reserve", WEEKLY, ("notes_bonds",))
        reserves = ("reserve_balances", "rrp_domestic")
        self.reserves_week = row(RESERVES, "reserves and reverse repo", WEEKLY, reserves)
        abroad = {when: (when, amount) for when, amount in data.foreign_holdings_bn().items()}
        foreign_month, self.foreign_total_bn = choice.of(FOREIGN, "holdings abroad", MONTHLY, abroad)
        self.foreign_month = f"{foreign_month:%Y-%m}"
        choice.is_recent(
            AUCTIONS, "sales", SALES, data.issue_days(), "sales by the Treasury's calendar after"
        )
        leverage = ("Form PF leverage of hedge funds", QUARTERLY, ("gross_leverage",))
        self.leverage_row = row(FORM_PF, *leverage)
        self.leverage_base_row = row(FORM_PF, *leverage, at=LEVERAGE_QUARTER)
        known = {judgement.since: judgement for judgement in JUDGEMENTS}
        self.judgement = choice.of("judgements", "margins, spreads and shares", ANY_BEFORE, known)
        if (day - self.judgement.since).days > JUDGED_DAYS:
            choice.substitutions.append(
                f"judgements: the margins, spreads and shares in force are those of {self.judgement.since}, more"
                f" than a year before {day}; look at them first."
            )
        self.unnetted_week = self.dealer_week
        if self.judgement.unnetted_repo is None:
            columns = ("ust_repo_out_bn", "ust_repo_uncleared_bilateral_bn")
            self.unnetted_week = row(DEALERS, "dealers' uncleared repo", WEEKLY, columns)
        choice.check()
        self.ladder = maturity_ladder(data, day)

    # Rates

    @property
    def policy_rate(self) -> float:
        """Interest on reserves."""
        return float(self.rates["iorb"]) / 100.0

    @property
    def repo_spread_bp(self) -> float:
        """Overnight Treasury repo over the policy rate."""
        return (float(self.rates["sofr"]) - float(self.rates["iorb"])) * 100.0

    @property
    def market_rate_gap_bp(self) -> float:
        """Overnight federal funds, which OIS follows, over the policy rate."""
        return (float(self.rates["effr"]) - float(self.rates["iorb"])) * 100.0

    def par_yield(self, years: float) -> float:
        """Par yield at any maturity: straight between tenors, flat beyond them."""
        return between(years, TENORS_YEARS, [float(self.yields[tenor]) / 100.0 for tenor in TENORS])

    def volatility_bp(self, years: float) -> float:
        """Realised volatility a year of the yield at a maturity, over the last sixty daily changes."""
        series = [
            between(years, TENORS_YEARS, [float(curve[tenor]) * 100.0 for tenor in TENORS])
            for curve in self._curves[-VOLATILITY_DAYS - 1 :]
        ]
        changes = [after - before for before, after in pairwise(series)]
        return statistics.stdev(changes) * math.sqrt(TRADING_DAYS_PER_YEAR)

    # Baskets

    @cached_property
    def baskets(self) -> dict[str, list[DeliverableSecurity]]:
        """By contract, the cheapest bonds now and after parallel moves of the curve, by maturity."""
        return {code: self._kept(code, self._basket(code)) for code in BUCKET_ENDS_YEARS}

    def _kept(self, code: str, basket: Sequence[DeliverableSecurity]) -> list[DeliverableSecurity]:
        kept = sorted(basket, key=lambda bond: self.converted_forward(code, bond))[:CHEAPEST_KEPT]
        for move in CURVE_MOVES:
            after = min(basket, key=lambda bond: self.converted_forward(code, bond, move))
            if after not in kept:
                kept.append(after)
        return sorted(kept, key=lambda bond: bond.years)

    def _basket(self, code: str) -> list[DeliverableSecurity]:
        basket = list(self._official_basket(code)) or list(self._computed_basket(code))
        if not basket:
            future = f"the {CONTRACTS[code].name} of {self.delivery_month:%B %Y}"
            found = f"found no bond issued by {self.day} that may be delivered into {future}"
            raise Problems([Problem(AUCTIONS, found, "Choose another day, or complete the file.")])
        return basket

    def has_official_factors(self, code: str) -> bool:
        """Whether the exchange's table for the delivery month is at hand."""
        return any(True for _ in self._official_basket(code))

    def _official_basket(self, code: str) -> list[DeliverableSecurity]:
        month = self.delivery_month.isoformat()
        basket = []
        for row in self.data.rows(FACTORS):
            issued, matures = date.fromisoformat(row["issue_date"]), date.fromisoformat(row["maturity_date"])
            if (row["contract"], row["first_delivery_date"]) == (code, month) and issued <= self.day:
                security = Security(float(row["coupon_pct"]) / 100.0, issued, matures, 0)
                basket.append(self._deliverable(security, float(row["conversion_factor"])))
        return basket

    def _computed_basket(self, code: str) -> list[DeliverableSecurity]:
        month = self.delivery_month
        contract = rules_at(CONTRACTS[code], month)
        return [
            self._deliverable(security, security_factor(contract, security, month))
            for security in self.data.securities(self.day)
            if is_deliverable(contract, security.issued, security.matures, month)
        ]

    def _deliverable(self, security: Security, factor: float) -> DeliverableSecurity:
        return DeliverableSecurity(
            security, (security.matures - self.day).days / CALENDAR_DAYS_PER_YEAR, factor
        )

    def delivery_years(self, code: str) -> float:
        """Years to the contract's last delivery day."""
        last = last_delivery_day(CONTRACTS[code], self.delivery_month)
        return (last - self.day).days / CALENDAR_DAYS_PER_YEAR

    def converted_forward(self, code: str, bond: DeliverableSecurity, move: float = 0.0) -> float:
        """Forward price over conversion factor, the curve moved in parallel."""
        clean = forward_clean_price_at(
            bond.security.coupon,
            COUPONS_PER_YEAR,
            bond.years,
            self.par_yield(bond.years) + move,
            self.policy_rate * MONEY_MARKET_YEAR,
            self.delivery_years(code),
        )
        return clean / bond.factor

    def cheapest(self, code: str) -> DeliverableSecurity:
        """Cheapest to deliver."""
        return min(self.baskets[code], key=lambda bond: self.converted_forward(code, bond))

    def price(self, code: str) -> float:
        """Full price of the cheapest to deliver."""
        bond = self.cheapest(code)
        return dirty_price_at(bond.security.coupon, COUPONS_PER_YEAR, bond.years, self.par_yield(bond.years))

    # Margins and volumes

    def known_margin(self, code: str) -> float | None:
        """Published initial margin per face, if there is one."""
        if code in self.judgement.margins_usd:
            return self.judgement.margins_usd[code] / CONTRACTS[code].face
        if code in self.judgement.margin_leverage:
            return self.converted_forward(code, self.cheapest(code)) / self.judgement.margin_leverage[code]
        return None

    def margin(self, code: str) -> float:
        """Initial margin per face: published, or covering the same move in bp as its neighbours'."""
        known = self.known_margin(code)
        if known is not None:
            return known
        anchors = [other for other in BUCKET_ENDS_YEARS if self.known_margin(other) is not None]
        sizes = [math.log(self._dv01(anchor)) for anchor in anchors]
        covered = [(self.known_margin(anchor) or 0.0) / self._dv01(anchor) for anchor in anchors]
        return self._dv01(code) * between(math.log(self._dv01(code)), sizes, covered)

    def _dv01(self, code: str) -> float:
        bond = self.cheapest(code)
        return dv01_per_face_at(
            bond.security.coupon, COUPONS_PER_YEAR, bond.years, self.par_yield(bond.years)
        )

    def swap_margin(self, swap: SwapTrade) -> float:
        """Initial margin of a par swap per notional."""
        coupon = self.par_yield(swap.tenor_years)
        daily_bp = self.volatility_bp(swap.tenor_years) / math.sqrt(TRADING_DAYS_PER_YEAR)
        dv01 = dv01_per_face_at(coupon, COUPONS_PER_YEAR, float(swap.tenor_years), coupon)
        return SWAP_CONFIDENCE * daily_bp * math.sqrt(SWAP_MARGIN_DAYS) * dv01

    def bucket_volume_bn(self, code: str) -> float:
        """Cash turnover a day of a whole maturity bucket."""
        return VOLUME_2018_BN[code] * self.judgement.volume_scale.value

    # Who holds what

    def net_short_bn(self, code: str, sector: str) -> float:
        """A sector's short less long futures, face; spreads between months cancel."""
        row = self.positions[code]
        return (float(row[f"{sector}_short"]) - float(row[f"{sector}_long"])) * CONTRACTS[code].face / 1e9

    @cached_property
    def outstanding_bn(self) -> dict[str, float]:
        """Notes and bonds by maturity bucket."""
        return self._by_bucket(self.ladder)

    def _by_bucket(self, rungs: Sequence[Rung]) -> dict[str, float]:
        total = dict.fromkeys(BUCKET_ENDS_YEARS, 0.0)
        for rung in rungs:
            years = rung.years(self.day)
            total[next(code for code, end in BUCKET_ENDS_YEARS.items() if years < end)] += rung.amount_bn
        return total

    def dealer_bonds_bn(self, code: str) -> float:
        """Primary dealers' net nominal notes and bonds; where not surveyed, by outstanding."""
        from_7_to_8 = self._surveyed("7_11y") * self._part(7.0, 8.0, 11.0)
        up_to_25, beyond_25 = self._dealers_beyond_11_years_bn()
        return {
            "TU": self._surveyed("le2y") + self._surveyed("2_3y"),
            "FV": self._surveyed("3_6y"),
            "TY": self._surveyed("6_7y") + from_7_to_8,
            "UXY": self._surveyed("7_11y") - from_7_to_8,
            "US": up_to_25,
            "WN": beyond_25,
        }[code]

    def _dealers_beyond_11_years_bn(self) -> tuple[float, float]:
        """Up to 25 years and beyond. The survey's total of coupons includes TIPS, its bands do not."""
        if all(self.dealer_week[f"coupons_{band}_net"] for band in LONG_BANDS):
            below = self._surveyed("11_21y") + self._surveyed("gt21y") * self._part(21.0, 25.0, math.inf)
            return below, self._surveyed("11_21y") + self._surveyed("gt21y") - below
        nominal = float(self.dealer_week["coupons_net"]) - float(self.dealer_week["tips_net"])
        rest = nominal - sum(map(self._surveyed, BANDS))
        part = self._part(11.0, 25.0, math.inf)
        return rest * part, rest * (1.0 - part)

    def _surveyed(self, band: str) -> float:
        return float(self.dealer_week[f"coupons_{band}_net"])

    def _part(self, start: float, cut: float, end: float) -> float:
        """Share of what matures from ``start`` to ``end`` years that matures before ``cut``."""
        within = [rung for rung in self.ladder if start <= rung.years(self.day) < end]
        below = sum(rung.amount_bn for rung in within if rung.years(self.day) < cut)
        return below / sum(rung.amount_bn for rung in within)

    @cached_property
    def central_bank_bn(self) -> dict[str, float]:
        """Central bank's notes and bonds: by bands of maturity, within a band by amounts outstanding."""
        total = float(self.soma_week["notes_bonds"])
        held = dict.fromkeys(BUCKET_ENDS_YEARS, 0.0)
        for share, (start, end) in zip(
            self.judgement.central_bank_shares.value, pairwise((0.0, 5.0, 10.0, math.inf)), strict=True
        ):
            band = [rung for rung in self.ladder if start <= rung.years(self.day) < end]
            band_bn = sum(rung.amount_bn for rung in band)
            for code, amount in self._by_bucket(band).items():
                held[code] += total * share * amount / band_bn
        return held

    @cached_property
    def foreign_bn(self) -> dict[str, float]:
        """Nominal notes and bonds held abroad."""
        return self._by_private_float(self.foreign_total_bn * NOMINAL_SHARE, FOREIGN_LONG_WEIGHT)

    @cached_property
    def manager_bn(self) -> dict[str, float]:
        """Asset managers' notes and bonds."""
        return self._by_private_float(self.judgement.asset_manager_bonds_bn.value, 1.0)

    def _by_private_float(self, total_bn: float, long_weight: float) -> dict[str, float]:
        """A sector's bonds spread over what the central bank does not hold, the long buckets at a weight."""
        weights = {
            code: (amount - self.central_bank_bn[code]) * (long_weight if code in LONG_BUCKETS else 1.0)
            for code, amount in self.outstanding_bn.items()
        }
        return {code: total_bn * weight / sum(weights.values()) for code, weight in weights.items()}

    # Funding

    def other_repo_bn(self) -> float:
        """Dealers' Treasury repo beyond the model's funds and the dealers' own notes and bonds."""
        zero, negative = self.judgement.haircut_shares.value
        lent_share = 1.0 - 0.02 * (1.0 - zero - negative) + 0.005 * negative
        held = sum(self.net_short_bn(code, "levfunds") * self.price(code) for code in BUCKET_ENDS_YEARS)
        held += sum(swap.fund_packages_bn for swap in self.judgement.swaps.values())
        own = sum(self.dealer_bonds_bn(code) for code in BUCKET_ENDS_YEARS)
        return float(self.dealer_week["ust_repo_out_bn"]) - held * lent_share - own

    def unnetted_repo(self) -> float:
        """Share of dealers' repo that no clearing house nets."""
        if self.judgement.unnetted_repo is not None:
            return self.judgement.unnetted_repo.value
        week = self.unnetted_week
        return float(week["ust_repo_uncleared_bilateral_bn"]) / float(week["ust_repo_out_bn"])

    def lender_headroom(self) -> float:
        """Cash lenders could still lend, over dealers' repo: reserves above their floor and reverse repo.

        At least so much that the repo market does not open with a premium for scarcity.
        """
        week = self.reserves_week
        spare = float(week["reserve_balances"]) - self.judgement.reserves_floor_bn.value
        spare += float(week["rrp_domestic"])
        return max(spare / float(self.dealer_week["ust_repo_out_bn"]), 1.0 / EASY_SHARE - 1.0)

    def leverage(self) -> float:
        """Median basis book over equity: the default, moved with hedge funds' gross leverage."""
        ratio = float(self.leverage_row["gross_leverage"]) / float(self.leverage_base_row["gross_leverage"])
        return LEVERAGE_2019 * ratio


def first_deferred_month(day: date) -> date:
    """Delivery month of the contract to which positions have been, or are about to be, rolled."""
    month = day.replace(day=1)
    while month.month not in DELIVERY_MONTHS or (add_months(month, 1) - day).days <= ROLLED_DAYS:
        month = add_months(month, 1)
    return month


def security_factor(contract: Contract, security: Security, delivery_month: date) -> float:
    """Conversion factor of a bond in a delivery month, by the exchange's formula."""
    years = security.matures.year - delivery_month.year
    months = years * 12 + security.matures.month - delivery_month.month
    counted = months_counted(float(months), float(contract.factor_rounding_months))
    return conversion_factor(security.coupon, 2.0, contract.notional_coupon, counted)


def between(at: float, points: Sequence[float], values: Sequence[float]) -> float:
    """Straight line between points in ascending order, flat beyond them."""
    if at <= points[0]:
        return values[0]
    for (left, low), (right, high) in pairwise(zip(points, values, strict=True)):
        if at <= right:
            return low + (high - low) * (at - left) / (right - left)
    return values[-1]
