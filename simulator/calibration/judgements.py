"""What no public data file gives about an opening market, by the date from which it holds, with sources.

Futures margins, spot-futures spreads, traded volumes by maturity and the sectors' split over maturities are
published in places that cannot be stored, or not at all. Each stands here beside its source or the word
judgement; source keys are those of ``docs/model/sources.md``, the reasoning is in ``docs/model/presets.md``.

Amounts: USD billions; spreads: bp; shares as decimals.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Generic, TypeVar

Value = TypeVar("Value")


@dataclass(frozen=True)
class Sourced(Generic[Value]):
    """A figure, or figures by contract, and where they come from."""

    value: Value
    source: str


@dataclass(frozen=True)
class SwapTrade:
    """A swap-spread trade: tenor of the swap, bucket that it hedges, opening spread, funds' position."""

    tenor_years: int
    bucket: str
    spread_bp: float
    fund_packages_bn: float


@dataclass(frozen=True)
class Judgement:
    """The figures that hold from a date on.

    Attributes
    ----------
    spreads_over_ois_bp
        Implied repo of the futures over OIS, by contract.
    margins_usd, margin_leverage
        Known margins: dollars a contract, or futures price over margin.
    central_bank_shares
        Of its notes and bonds up to 5, 5 to 10, and over 10 years.
    reserves_floor_bn
        Reserves below which banks lend no more cash to the repo market.
    haircut_shares
        Of hedge funds' repo: at a haircut of zero, below zero.
    unnetted_repo
        Share of dealers' repo that uses balance sheet, before it was surveyed weekly.
    """

    since: date
    spreads_over_ois_bp: Sourced[Mapping[str, float]]
    margins_usd: Mapping[str, float]
    margin_leverage: Mapping[str, float]
    margin_source: str
    volume_scale: Sourced[float]
    asset_manager_bonds_bn: Sourced[float]
    central_bank_shares: Sourced[tuple[float, float, float]]
    reserves_floor_bn: Sourced[float]
    haircut_shares: Sourced[tuple[float, float]]
    unnetted_repo: Sourced[float] | None
    regime: str
    swaps: Mapping[str, SwapTrade]
    swaps_source: str = ""


#: Remaining years at which one contract's bucket ends and the next begins: between neighbouring baskets.
BUCKET_ENDS_YEARS = {"TU": 3.0, "FV": 6.0, "TY": 8.0, "UXY": 11.0, "US": 25.0, "WN": math.inf}
LONG_BUCKETS = ("US", "WN")

#: Average daily volume, Aug 2017 - Jul 2018, bn (TRACE, literature 2.6): on-the-run issues and off-the-run
#: ones by remaining maturity. Judgement: 5-7 years halved between FV and TY, of 7-10 years one third to TY,
#: beyond 10 years halved between US and WN.
VOLUME_2018_BN = {
    "TU": 52.0 + 44.0 + 35.0 + 14.0,
    "FV": 115.0 + 25.0 + 10.0 / 2.0,
    "TY": 33.0 + 10.0 / 2.0 + 12.0 / 3.0,
    "UXY": 93.0 + 12.0 * 2.0 / 3.0,
    "US": 14.0 / 2.0,
    "WN": 25.0 + 14.0 / 2.0,
}

#: Half of the bid-ask spread, bp of price (literature 2.6: 5y 0.25, 10y 0.5, 30y 1 thirty-second of a point);
#: contracts without a figure take that of the nearest one.
TRANSACTION_COST_BP = {"TU": 0.39, "FV": 0.39, "TY": 0.78, "UXY": 0.78, "US": 1.56, "WN": 1.56}

#: Mean absolute spread over OIS at 20 and 30 years, 2010 - Feb 2020 (SSW24 Table 1). Positive by judgement,
#: since leveraged funds are net short these contracts on all dates, and so long packages.
LONG_SPREADS_BP = {"US": 14.0, "WN": 11.0}

#: Nominal notes and bonds over all long-term marketable debt: 12,610 of 14,525 with TIPS and floating-rate
#: notes (Monthly Statement of the Public Debt, 30 April 2020). Holdings abroad are published for the whole.
NOMINAL_SHARE = 12_610.3 / 14_525.0

#: Weight of a private dollar beyond 11 years in foreign portfolios, against 1 below. Judgement: reserves are
#: kept short.
FOREIGN_LONG_WEIGHT = 0.5

#: Median basis book over fund equity at the end of 2019: the schema's default, a judgement of its own.
LEVERAGE_2019 = 7.0
LEVERAGE_QUARTER = date(2019, 12, 31)

#: Share of the lenders' offer without a premium, the schema's default.
EASY_SHARE = 0.95

#: Swap margin: standard deviations and days that clearing houses cover (judgement: 99.7% over five days).
SWAP_CONFIDENCE, SWAP_MARGIN_DAYS = 2.75, 5.0

#: The standing repo facility: the day on which it was set up, and its rate over interest on reserves ever since.
FACILITY_SINCE = date(2021, 7, 28)
FACILITY_SPREAD_BP = Sourced(10.0, "offered at the top of the target range")

#: Judgements older than this on the opening day are told to be so.
JUDGED_DAYS = 366

_SPREADS_2019 = {"TU": 26.5, "FV": 28.7, "TY": 21.8, "UXY": 21.8, **LONG_SPREADS_BP}
_SPREADS_2020 = {"TU": 15.5, "FV": 7.3, "TY": 14.2, "UXY": 14.2, **LONG_SPREADS_BP}

_AUTUMN_2019 = Judgement(
    since=date(2019, 7, 1),
    spreads_over_ois_bp=Sourced(_SPREADS_2019, "SSW24 series, mean of 2019 (literature 2.11)"),
    margins_usd={"TY": 1150.0, "WN": 4500.0},
    margin_leverage={"FV": 175.0},
    margin_source="TY $1,150 and WN $4,500 a contract (CFL467), FV price over margin 175 (BISQR23)",
    volume_scale=Sourced(1.0, "TRACE, August 2017 to July 2018, as it was (literature 2.6)"),
    asset_manager_bonds_bn=Sourced(1200.0, "judgement: mutual funds, which sold 100 to 260 in March 2020"),
    central_bank_shares=Sourced((0.60, 0.14, 0.26), "H.4.1 table 2 of 7 June 2017"),
    reserves_floor_bn=Sourced(1385.4, "reserves on 18 September 2019, when repo rates had jumped"),
    haircut_shares=Sourced((0.64, 0.10), "74% at zero or below: pilot of June 2022 (OFR-NCCBR), the first"),
    unnetted_repo=Sourced(790.0 / 1748.0, "means of 2022, the first published: 790/1,748 (literature 2.2)"),
    regime="2017-2019",
    swaps={},
)
_FEBRUARY_2020 = replace(
    _AUTUMN_2019,
    since=date(2020, 1, 1),
    spreads_over_ois_bp=Sourced(_SPREADS_2020, "SSW24 series, January to 21 February 2020 (literature 2.11)"),
)
_SPRING_2025 = Judgement(
    since=date(2025, 1, 1),
    spreads_over_ois_bp=Sourced(
        _SPREADS_2019, "SSW24 series, mean of 2019, as GL24 finds a net basis as wide (judgement)"
    ),
    margins_usd={},
    margin_leverage={"FV": 70.0, "TY": 50.0},
    margin_source="futures price over margin after 2021: FV 70, TY 50 (BISQR23)",
    volume_scale=Sourced(1097.0 / 575.0, "TRACE 2017-18 times 1,097/575 of March 2025 (literature 2.6)"),
    asset_manager_bonds_bn=Sourced(1700.0, "judgement: 1,200 of 2020 grown with notes and bonds"),
    central_bank_shares=Sourced(
        (0.50, 0.11, 0.39), "H.4.1 table 2 of March 2022 less the run-off (judgement)"
    ),
    reserves_floor_bn=Sourced(2700.0, "level at which reserves stop being ample (WAL25)"),
    haircut_shares=Sourced((0.56, 0.10), "collection of April 2025 (literature 2.2)"),
    unnetted_repo=None,
    regime="2024",
    swaps={"SWAP10": SwapTrade(10, "UXY", 50.0, 200.0), "SWAP30": SwapTrade(30, "WN", 83.0, 100.0)},
    swaps_source="about 300 in all (MON26), two thirds up to ten years (judgement)",
)

#: Oldest first.
JUDGEMENTS = (_AUTUMN_2019, _FEBRUARY_2020, _SPRING_2025)
