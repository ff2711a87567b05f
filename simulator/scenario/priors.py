"""What is believed of each parameter of judgement before any data are seen: a range, a shape and a reason.

A default says one figure; the prior says which others would have been as good. It is what an estimation
(:mod:`simulator.estimation`) starts from, and what is left of a parameter that no target pins down. Keys are those of
the reference, without the kind of an entry; ends are in the written form. A test asks for a prior of every parameter
whose source says *judgement*, and for defaults within it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Literal

from pydantic import BaseModel

from simulator import units
from simulator.scenario.declarations import Declaration, catalogue
from simulator.units import Kind, written

#: Even between the ends, or thinning out evenly from the middle to both; in the figure or in its logarithm.
Form = Literal["even", "peaked", "even in logs", "peaked in logs"]
EVEN: Form = "even"
PEAKED: Form = "peaked"
LOGS: Form = "even in logs"
PEAKED_LOGS: Form = "peaked in logs"


@dataclass(frozen=True)
class Prior:
    """Range, shape and reason, as they were declared; ends in the written form."""

    low: str | float
    high: str | float
    form: Form
    reason: str


@dataclass(frozen=True)
class PriorOf:
    """The prior of a parameter in engine units.

    Parameters
    ----------
    key
        Dotted key of the reference, without kinds: ``funds.leverage``, ``market.hedges.NAME.cash_share``.
    """

    key: str
    kind: Kind
    prior: Prior
    doc: str

    @cached_property
    def low(self) -> float:
        """Lower end."""
        return units.read(self.kind, self.prior.low)

    @cached_property
    def high(self) -> float:
        """Upper end."""
        return units.read(self.kind, self.prior.high)

    @property
    def is_log(self) -> bool:
        """Whether the shape is one of the logarithm."""
        return self.prior.form in (LOGS, PEAKED_LOGS)

    def value(self, share: float) -> float:
        """The figure below which so much of the prior lies; whole, where figures are.

        Examples
        --------
        >>> from simulator.units import SHARE
        >>> PriorOf("funds.cut_speed", SHARE, Prior("2%", "18%", EVEN, "weeks"), "").value(0.5)
        0.1
        """
        if self.prior.form in (PEAKED, PEAKED_LOGS):
            share = math.sqrt(0.5 * share) if share < 0.5 else 1.0 - math.sqrt(0.5 * (1.0 - share))
        if self.is_log:
            value = math.exp(math.log(self.low) + share * (math.log(self.high) - math.log(self.low)))
        else:
            value = self.low + share * (self.high - self.low)
        return float(round(value)) if self.kind.whole else min(max(value, self.low), self.high)

    def share(self, value: float) -> float:
        """How much of the prior lies below a figure: the inverse of :meth:`value`, whole figures apart."""
        if self.is_log:
            way = math.log(max(value, self.low) / self.low) / math.log(self.high / self.low)
        else:
            way = (value - self.low) / (self.high - self.low)
        way = min(max(way, 0.0), 1.0)
        if self.prior.form in (PEAKED, PEAKED_LOGS):
            return 2.0 * way**2 if way < 0.5 else 1.0 - 2.0 * (1.0 - way) ** 2
        return way

    def in_words(self, figure: float) -> str:
        """A figure of it as one would write it, to three digits."""
        rounded = float(round(figure)) if self.kind.whole else float(f"{figure:.3g}")
        return str(written(self.kind, rounded))

    @property
    def range(self) -> str:
        """Both ends and the shape, in words."""
        return f"{written(self.kind, self.low)} to {written(self.kind, self.high)}, {self.prior.form}"


def plain_key(key: str) -> str:
    """A key of the reference without the kinds of entries.

    Examples
    --------
    >>> plain_key("market.hedges.NAME.<swap>.cash_share")
    'market.hedges.NAME.cash_share'
    """
    return ".".join(part for part in key.split(".") if not part.startswith("<"))


def is_judgement(declaration: Declaration) -> bool:
    """Whether the source of a parameter is judgement, all or in part."""
    return "judgement" in declaration.source


@cache
def priors(model: type[BaseModel]) -> Mapping[str, PriorOf]:
    """Every prior of a schema, by key, in the order of the schema."""
    return {prior.key: prior for prior in _priors(model)}


def _priors(model: type[BaseModel]) -> Iterator[PriorOf]:
    for key, declaration in catalogue(model):
        prior = PRIORS.get(plain_key(key))
        if prior is not None and declaration.shape.kind is not None:
            yield PriorOf(plain_key(key), declaration.shape.kind, prior, declaration.doc)


def prior_in_words(key: str, declaration: Declaration) -> str:
    """Range, shape and reason of the prior of a parameter of the catalogue; empty where there is none."""
    prior = PRIORS.get(plain_key(key))
    if prior is None or declaration.shape.kind is None:
        return ""
    known = PriorOf(plain_key(key), declaration.shape.kind, prior, declaration.doc)
    return f"{known.range}: {prior.reason}"


_NOISE = "half to twice what calm flows show"
_GROUPS = "how coarsely a sector is grouped must not matter much"
_SIZES = "from nearly Zipf to nearly equal sizes"

PRIORS: Mapping[str, Prior] = {
    # Market and drivers
    "market.roll_days": Prior("5d", "12d", EVEN, "most open interest moves within one to two and a half weeks"),
    "market.hedges.NAME.cash_share": Prior("20%", "80%", PEAKED, "neither side of a basis moves alone"),
    "drivers.loss_tolerance": Prior("1.2x", "2x", EVEN, "volatility of 2017-19 stayed below 1.5 times its mean"),
    "drivers.equity_noise": Prior("0.5%", "1.2%", PEAKED, "from calm to uneasy years"),
    "drivers.credit_noise": Prior("3bp", "10bp", PEAKED_LOGS, "from calm to uneasy years"),
    "drivers.regimes.NAME.jumps_per_year": Prior(1.0, 6.0, LOGS, "from one scare a year to one every two months"),
    "drivers.regimes.NAME.jump_size": Prior(0.2, 0.9, LOGS, "volatility up by a fifth, to two and a half times"),
    "drivers.block": Prior("5d", "30d", LOGS, "a week to a month and a half: volatility clusters as long"),
    # Hedge funds
    "funds.count": Prior(30, 120, LOGS, _GROUPS),
    "funds.specialisation": Prior("20%", "80%", PEAKED, "funds are neither alike nor in one contract each"),
    "funds.leverage": Prior("4x", "14x", PEAKED_LOGS, "Form PF fund-level and the ten largest (FSOC) stand far apart"),
    "funds.leverage_dispersion": Prior(0.25, 0.9, EVEN, "the most levered tenth at 1.4 to 3 times the median"),
    "funds.free_cash": Prior("10%", "40%", LOGS, "half to twice the rise that KMPW21 report"),
    "funds.committed_line": Prior("1%", "20%", LOGS, "few have committed lines, and small ones"),
    "funds.other_sale_per_day": Prior("0.3%", "3%", LOGS, "two months to more than a year to turn all into cash"),
    "funds.other_equity": Prior("5%", "30%", PEAKED, "a third to twice what a loss of 7% in March 2020 asks"),
    "funds.other_dispersion": Prior(0.4, 2.0, PEAKED_LOGS, "below the spread over all hedge funds in March 2020"),
    "funds.other_margin": Prior("10%", "80%", EVEN, "from positions with paper losses to listed ones"),
    "funds.nav_trigger": Prior("15%", "40%", PEAKED, "from the monthly triggers of ISDA schedules to waived ones"),
    "funds.term_repo": Prior("10d", "60d", LOGS, "terms of a fortnight to a quarter"),
    "funds.haircut_floor": Prior("-2%", "0%", EVEN, "haircuts below zero exist and are small, literature 2.2"),
    "funds.haircut_weak_equity": Prior("0.2%", "5%", LOGS, "haircuts differ by client within a few points"),
    "funds.haircut_weak_tolerance": Prior("0%", "20%", EVEN, "first loss, or not before triggers come near"),
    "funds.leverage_headroom": Prior("20%", "120%", LOGS, "limits are set to be met in storms, not in calm"),
    "funds.value_at_risk_headroom": Prior("30%", "200%", LOGS, "limits met at 1.3 to 3 times opening volatility"),
    "funds.headroom_dispersion": Prior(0.2, 1.0, EVEN, "limits differ at least as much as leverage"),
    "funds.drawdown_tolerance": Prior("1%", "8%", LOGS, "stop-losses of single desks to those of whole funds"),
    "funds.drawdown_response": Prior(0.5, 8.0, LOGS, "a tenth of loss beyond it costs 5% to 80% of the position"),
    "funds.cash_minimum": Prior("5%", "60%", EVEN, "free cash rose in March 2020: it is not spent to the end"),
    "funds.cut_speed": Prior("1%", "15%", LOGS, "half of an excess in a week to three months"),
    "funds.entry_speed": Prior("0.3%", "5%", LOGS, "slow-moving capital: weeks to a year, MP12"),
    "funds.entry_elasticity": Prior("20bp", "200bp", LOGS, "two fifths to four times the default"),
    "funds.redemption_tolerance": Prior("2%", "12%", EVEN, "an ordinary bad month to an ordinary bad year"),
    "funds.redemption_response": Prior("10%", "150%", LOGS, "a loss of a tenth costs 1% to 15% of equity a month"),
    "funds.flow_noise": Prior("0.005%", "0.02%", LOGS, _NOISE),
    "funds.redemption_notice": Prior("20d", "90d", LOGS, "monthly to quarterly notice"),
    # Dealers
    "dealers.count": Prior(6, 24, LOGS, "one for each of the 24 primary dealers, or for four of them"),
    "dealers.size_tail": Prior(1.0, 4.0, LOGS, _SIZES),
    "dealers.opening_use": Prior("72%", "86%", PEAKED, "ratios of 5.8% to 7% where 5% is required"),
    "dealers.cost_threshold": Prior("80%", "92%", PEAKED, "beyond the opening and before the limit"),
    "dealers.cost_below": Prior("3bp", "30bp", LOGS, "a third to three times the default: small in calm"),
    "dealers.cost_above": Prior("400bp", "4000bp", LOGS, "5% of capital at a hurdle of 12%, to five times that"),
    "dealers.cost_ceiling": Prior("120bp", "400bp", LOGS, "above the largest dislocation seen, SSW24"),
    "dealers.package_cost": Prior("1bp", "12bp", LOGS, "a third to three times that of literature 3.13"),
    "dealers.full_side": Prior("8%", "60%", LOGS, "the sign counts in full before the position is the market"),
    "dealers.value_at_risk_use": Prior("10%", "40%", LOGS, "limits are met at 2.5 to 10 times calm risk"),
    "dealers.stress_half_life": Prior("20d", "150d", LOGS, "a month to half a year, DHL23"),
    "dealers.pass_through": Prior("20%", "85%", EVEN, "half of an inventory in half a day to three days"),
    "dealers.inventory_response": Prior(0.0, 1.0, EVEN, "from inventories that stay to value at risk that stays"),
    "dealers.client_cut_speed": Prior("3%", "30%", LOGS, "repo is renewed within days to a month"),
    "dealers.roll_cost": Prior("0.2bp", "3bp", LOGS, "a quarter of a tick of the calendar spread to four"),
    "dealers.auction_concession": Prior(0.1, 1.0, LOGS, "tails of 0 to 2.5bp, literature 4.7"),
    "dealers.liquidation_days": Prior("3d", "30d", LOGS, "from a sale in a hurry to an orderly month"),
    "dealers.cash_buffer": Prior("1%", "8%", LOGS, "a third to nearly three times the default"),
    "dealers.clients_per_fund": Prior(2, 6, EVEN, "few dealers carry a large fund"),
    # End investors and asset managers
    "end_investors.permanent_impact": Prior(0.02, 0.08, PEAKED_LOGS, "stock effects of 3 to 6bp per $100bn, and wider"),
    "end_investors.recovery": Prior("30d", "400d", LOGS, "slow-moving capital: months to more than a year, MP12"),
    "end_investors.own_moves": Prior("5%", "80%", LOGS, "from moves seen through to moves taken at their word"),
    "end_investors.bidder_elasticity": Prior("1%", "8%", LOGS, "cover ratios and tails, literature 4.7"),
    "asset_managers.count": Prior(5, 20, LOGS, _GROUPS),
    "asset_managers.size_tail": Prior(1.0, 4.0, LOGS, _SIZES),
    "asset_managers.demand_slope": Prior("40bp", "300bp", LOGS, "net longs hardly moved with 80bp in March 2020"),
    "asset_managers.cash": Prior("2%", "8%", LOGS, "half to twice the default"),
    "asset_managers.other_assets": Prior("1x", "4x", LOGS, "Treasuries are a fifth to a half of what they hold"),
    "asset_managers.cash_hoarding": Prior("0.5x", "3x", LOGS, "sales of 1.1 to 1.5 dollars a dollar redeemed, HNS22"),
    "asset_managers.cash_speed": Prior("3%", "30%", LOGS, "days to a month"),
    "asset_managers.treasury_use": Prior("60%", "100%", EVEN, "Treasuries first, not alone, HNS22"),
    "asset_managers.treasury_pace": Prior("1%", "8%", LOGS, "a tenth to a half of holdings within a fortnight"),
    "asset_managers.volatility_redemption": Prior("0.01%", "0.3%", LOGS, "5% of assets left in March 2020, ICI"),
    "asset_managers.volatility_tolerance": Prior("1.2x", "2x", EVEN, "nobody redeemed in the ups and downs of 2017-19"),
    "asset_managers.loss_redemption": Prior("0.1%", "2%", LOGS, "a fifth to four times the default"),
    "asset_managers.takes_delivery": Prior("2%", "40%", LOGS, "from hardly any fund to those that hold bonds anyway"),
    "asset_managers.futures_cut": Prior("4x", "20x", LOGS, "a fifth of net longs gone for 5% redeemed, and twice that"),
    "asset_managers.duration_kept": Prior("10%", "70%", EVEN, "benchmarks ask for duration; cash funds have none"),
    "asset_managers.futures_noise_half_life": Prior("15d", "90d", LOGS, "a month to four months, CFTC 2018-19"),
    "asset_managers.futures_lag": Prior("4d", "30d", LOGS, "a week to six weeks, CFTC in spring 2020"),
    "asset_managers.flow_noise": Prior("0.01%", "0.04%", LOGS, _NOISE),
    # Lenders, foreigners, clearing house, central bank
    "lenders.count": Prior(5, 20, LOGS, _GROUPS),
    "lenders.size_tail": Prior(1.0, 4.0, LOGS, _SIZES),
    "lenders.headroom": Prior("5%", "60%", LOGS, "reserves over the level at which banks lend no more"),
    "lenders.dealer_loss_response": Prior(0.5, 8.0, LOGS, "a tenth of capital lost costs 5% to 80% of the offer"),
    "lenders.dealer_loss_tolerance": Prior("1%", "15%", LOGS, "losses that lenders may not see, to those that all see"),
    "lenders.volatility_response": Prior("0.5%", "8%", LOGS, "Treasury repo lenders hardly look at volatility"),
    "lenders.limit_speed": Prior("1%", "10%", LOGS, "lines reviewed every week to every quarter"),
    "lenders.drain_share": Prior("30%", "100%", EVEN, "payments come out of deposits and of lending overnight"),
    "lenders.drain_half_life": Prior("3d", "30d", LOGS, "the government spends within days to a month and a half"),
    "lenders.scarcity_at_limit": Prior("15bp", "120bp", LOGS, "a third to three times the premium of March 2020"),
    "lenders.scarcity_ceiling": Prior("300bp", "1000bp", LOGS, "paid by few, on single days"),
    "lenders.easy_share": Prior("75%", "97%", EVEN, "premia begin when little is left on offer"),
    "lenders.scarcity_half_life": Prior("2d", "15d", LOGS, "days to weeks, until facilities and flows meet it"),
    "lenders.flow_noise": Prior("0.1%", "0.8%", LOGS, "a third to nearly three times the default"),
    "other_hedgers.receiver_response": Prior("2%", "30%", LOGS, "liabilities that hardly move, to three times that"),
    "other_hedgers.payer_response": Prior("2%", "30%", LOGS, "few hedgers of mortgages among payers, to most of them"),
    "speculators.trend_half_life": Prior("2d", "20d", LOGS, "from two days to a month"),
    "speculators.full_trend": Prior(0.7, 3.0, LOGS, "from trends of every other week to those of a year"),
    "speculators.entry_lag": Prior("1d", "5d", LOGS, "at once to a week"),
    "speculators.turnover": Prior(1.0, 6.0, LOGS, "once a day to every half hour of trading"),
    "speculators.hedger_turnover": Prior(0.2, 0.8, EVEN, "exchanges' figures in quiet times, and wider"),
    "other_hedgers.rate_lag": Prior("3d", "30d", LOGS, "hedges reset every week to every quarter"),
    # Credit
    "market.buckets.NAME.credit.issuers": Prior(50, 200, LOGS, "from half an index to twice one"),
    "market.buckets.NAME.credit.treasury_correlation": Prior(-0.4, 0.4, EVEN, "flight to quality, or a common cause"),
    "market.hedges.NAME.margin_period": Prior("1d", "10d", LOGS, "margined daily, to ten days for what is not cleared"),
    "market.hedges.NAME.borrow_cost": Prior("5bp", "100bp", LOGS, "bonds that all lend, to bonds that few do"),
    "market.hedges.NAME.delivery_option": Prior("0bp", "30bp", EVEN, "issuers with one bond, to issuers with many"),
    "foreign_holders.volatility_sale": Prior("0.01%", "0.3%", LOGS, "a fifth of March 2020's sales to six times that"),
    "foreign_holders.volatility_tolerance": Prior("1.2x", "2x", EVEN, "no sales in the ups and downs of 2017-19"),
    "foreign_holders.flow_noise": Prior("0.005%", "0.02%", LOGS, _NOISE),
    "clearing_house.confidence": Prior(2.33, 3.0, EVEN, "one-sided coverage of 99 to 99.9%"),
    "clearing_house.margin_period": Prior("1d", "3d", EVEN, "a day for futures at the least, some more"),
    "clearing_house.long_history_volatility": Prior("1x", "1.8x", EVEN, "ten years that hold a crisis or none"),
    "clearing_house.own_capital": Prior("$0.05bn", "$0.3bn", LOGS, "small beside members' own fund"),
    "central_bank.standing_repo.stigma": Prior("0bp", "25bp", EVEN, "little use at times when it was cheaper"),
}  # fmt: skip
