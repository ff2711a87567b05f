"""Market presets: every figure of an opening day, derived from public data files, with its source beside it.

``python -m simulator.calibration.presets --data DIR --date 2020-02-18`` prints the preset that ships as
``simulator/scenario/presets/us-treasury-2020-02-18.yaml``. What no public file gives (futures margins,
traded volumes by maturity, spot-futures spreads, the sectors' split over maturities) stands in `JUDGEMENTS`,
by the date from which it holds, with its source or the word judgement. Source keys are those of
``docs/model/sources.md``; the reasoning is in ``docs/model/presets.md``.

Amounts: USD billions; yields and rates: decimals a year; spreads: bp.
"""

from __future__ import annotations

import argparse
import math
import statistics
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from simulator.calibration.ladder import Rung, maturity_ladder
from simulator.calibration.public_data import (
    DEALERS,
    FACTORS,
    FORM_PF,
    RATES,
    RESERVES,
    SOMA,
    YIELDS,
    PublicData,
    Security,
)
from simulator.contracts import CONTRACTS, Contract, is_deliverable, last_delivery_day
from simulator.market.futures import conversion_factor, forward_clean_price_at, whole_factor_months
from simulator.market.treasuries import dirty_price_at, dv01_per_face_at
from simulator.units import BASIS_POINTS, MONEY, MULTIPLE, RATE, written

TENORS_YEARS = (2, 3, 5, 7, 10, 20, 30)
TRADING_DAYS_PER_YEAR = 252.0
DAYS_PER_YEAR = 365.25
VOLATILITY_DAYS = 60

#: Remaining years at which one contract's bucket ends and the next begins: between neighbouring baskets.
BUCKET_ENDS_YEARS = {"TU": 3.0, "FV": 6.0, "TY": 8.0, "UXY": 11.0, "US": 25.0, "WN": math.inf}

#: A basket keeps its three cheapest bonds and those that would be cheapest after these moves of the curve.
CHEAPEST_KEPT = 3
SWITCH_MOVES = (-0.015, 0.015)
BASKET_MAX = 5

#: Before delivery months of 2025 the ten-year note took bonds of up to ten years (literature 6.3).
LONG_TEN_YEAR_BASKET_UNTIL = date(2025, 1, 1)

#: Average daily volume, Aug 2017 - Jul 2018, by bucket (TRACE, literature 2.6): on-the-run notes and bonds
#: plus off-the-run by remaining maturity; 5-7 years split evenly between FV and TY, 7-10 years one third to
#: TY, beyond 10 years evenly between US and WN (the splits are judgement).
VOLUME_2018_BN = {
    "TU": 52.0 + 44.0 + 35.0 + 14.0,
    "FV": 115.0 + 25.0 + 10.0 / 2,
    "TY": 33.0 + 10.0 / 2 + 12.0 / 3,
    "UXY": 93.0 + 12.0 * 2 / 3,
    "US": 14.0 / 2,
    "WN": 25.0 + 14.0 / 2,
}

#: Half bid-ask of a package, per price: 5y 0.25/32, 10y 0.5/32, 30y 1/32 of a point quoted (literature 2.6);
#: the two-year takes the five-year's, the ultra ten-year the ten-year's, the classic bond the long bond's.
TRANSACTION_COST_BP = {"TU": 0.39, "FV": 0.39, "TY": 0.78, "UXY": 0.78, "US": 1.56, "WN": 1.56}

#: Spread of the spot-futures arbitrage over OIS, mean of absolute values 2010-Feb 2020, 20- and 30-year
#: (SSW24 Table 1). The sign is judgement: leveraged funds are net short these contracts, hence long packages.
LONG_END_SPREADS_BP = {"US": 14.0, "WN": 11.0}

#: Nominal coupons' share of long-term Treasuries, by which TIC holdings are cut to nominal ones: notes and
#: bonds 12,610 of 14,525 with TIPS and floating-rate notes (Monthly Statement of the Public Debt, April 2020).
NOMINAL_SHARE = 12_610.3 / 14_525.0

#: Foreigners' and asset managers' weight on a private dollar of the buckets beyond 11 years. Judgement:
#: reserve managers and foreign private holders are concentrated below ten years.
FOREIGN_LONG_WEIGHT = 0.5

#: Median basis book over fund equity at the end of 2019 (the schema's default); other dates follow the gross
#: leverage of hedge funds in Form PF.
LEVERAGE_2019 = 7.0
LEVERAGE_2019_QUARTER = date(2019, 12, 31)

#: Share of the lenders' offer that comes without a premium (the schema's default): with less headroom than
#: its inverse the repo market would open short of cash.
EASY_SHARE = 0.95


@dataclass(frozen=True)
class SwapTrade:
    """A swap-spread trade: its tenor, the bucket its bonds are taken from, opening spread and funds' position."""

    tenor_years: int
    bucket: str
    spread_bp: float
    fund_packages_bn: float


@dataclass(frozen=True)
class Judgement:
    """What no public file gives, from a date on. Each figure carries its source in the note of the same key."""

    since: date
    delivery_month: date
    spreads_over_ois_bp: Mapping[str, float]
    spreads_source: str
    margin_usd_per_contract: Mapping[str, float]
    margin_leverage: Mapping[str, float]
    margin_source: str
    volume_scale: float
    volume_source: str
    asset_manager_bonds_bn: float
    asset_manager_source: str
    central_bank_shares: tuple[float, float, float]
    central_bank_source: str
    reserves_floor_bn: float
    reserves_floor_source: str
    zero_haircuts: tuple[float, float]
    zero_haircuts_source: str
    unnetted_repo: float | None
    regime: str
    facility_spread_bp: float | None
    swaps: Mapping[str, SwapTrade]


_SSW = "SSW24 series (literature 2.11)"
_CFL = "TY $1,150, WN $4,500 (CFL467); FV at 175x margin-implied leverage (BIS QR Sep 2023)"
_AUTUMN_2019 = Judgement(
    since=date(2019, 7, 1),
    delivery_month=date(2019, 12, 1),
    spreads_over_ois_bp={"TU": 26.5, "FV": 28.7, "TY": 21.8, "UXY": 21.8, **LONG_END_SPREADS_BP},
    spreads_source=f"{_SSW}: mean of 2019",
    margin_usd_per_contract={"TY": 1150.0, "WN": 4500.0},
    margin_leverage={"FV": 175.0},
    margin_source=_CFL,
    volume_scale=1.0,
    volume_source="TRACE Aug 2017 - Jul 2018, unscaled (literature 2.6)",
    asset_manager_bonds_bn=1200.0,
    asset_manager_source="judgement: mutual funds, of which about a fifth was sold in 2020Q1 (HNS22: 240)",
    central_bank_shares=(0.60, 0.14, 0.26),
    central_bank_source="bands up to 5, 5-10, over 10 years: H.4.1 table 2 of 7 June 2017",
    reserves_floor_bn=1385.4,
    reserves_floor_source="reserves of 18 Sep 2019, when repo rates had jumped (H.4.1)",
    zero_haircuts=(0.64, 0.10),
    zero_haircuts_source="74% at zero or below, June 2022 pilot (OFR-NCCBR), the earliest there is",
    unnetted_repo=790.0 / 1748.0,
    regime="2017-2019",
    facility_spread_bp=None,
    swaps={},
)
JUDGEMENTS = (
    _AUTUMN_2019,
    replace(
        _AUTUMN_2019,
        since=date(2020, 1, 1),
        delivery_month=date(2020, 6, 1),
        spreads_over_ois_bp={"TU": 15.5, "FV": 7.3, "TY": 14.2, "UXY": 14.2, **LONG_END_SPREADS_BP},
        spreads_source=f"{_SSW}: January - 21 February 2020",
    ),
    Judgement(
        since=date(2025, 1, 1),
        delivery_month=date(2025, 6, 1),
        spreads_over_ois_bp={"TU": 26.5, "FV": 28.7, "TY": 21.8, "UXY": 21.8, **LONG_END_SPREADS_BP},
        spreads_source="judgement: SSW24 mean of 2019, the last year with net basis as wide as since 2022 (GL24)",
        margin_usd_per_contract={},
        margin_leverage={"FV": 70.0, "TY": 50.0},
        margin_source="FV 70x, TY 50x margin-implied leverage after 2021 (BIS QR Sep 2023)",
        volume_scale=1097.0 / 575.0,
        volume_source="TRACE 2017-18 by bucket, times 1,097/575, mean of March 2025 over then (literature 2.6)",
        asset_manager_bonds_bn=1700.0,
        asset_manager_source="judgement: the 2020 figure grown with the Treasury market",
        central_bank_shares=(0.50, 0.11, 0.39),
        central_bank_source="bands up to 5, 5-10, over 10 years: judgement, H.4.1 table 2 of 2022 after three years of run-off",
        reserves_floor_bn=2700.0,
        reserves_floor_source="judgement: the level at which Fed officials in 2025 expected reserves to stop being ample",
        zero_haircuts=(0.56, 0.10),
        zero_haircuts_source="April 2025 collection (literature 2.2)",
        unnetted_repo=None,
        regime="2024",
        facility_spread_bp=10.0,
        swaps={
            "SWAP10": SwapTrade(10, "UXY", 50.0, 120.0),
            "SWAP30": SwapTrade(30, "WN", 83.0, 80.0),
        },
    ),
)


@dataclass(frozen=True)
class Line:
    """A line of the preset: key and written value, or the head of a group when the value is empty."""

    depth: int
    key: str
    value: str = ""
    note: str = ""


def preset_text(data: PublicData, day: date) -> str:
    """The preset of a day as YAML, every figure with its source.

    Raises
    ------
    ValueError
        If a file has nothing for the day, or the day is before the first judgement.
    """
    known = [judgement for judgement in JUDGEMENTS if judgement.since <= day]
    if not known:
        raise ValueError(f"{day} is before {JUDGEMENTS[0].since}, the first date with margins and spreads.")
    opening = Opening(data, day, known[-1])
    head = [
        f"# US Treasury market at the close of {day}. Made by:",
        f"#   python -m simulator.calibration.presets --data DIR --date {day}",
        "# A figure's source stands beside it: a data file with its date, a key of docs/model/sources.md, or the",
        "# word judgement. How each is derived: docs/model/presets.md. Sources that all contracts share:",
    ]
    return "\n".join([*head, "#", *opening.legend(), *map(_written_line, opening.lines())]) + "\n"


def _written_line(line: Line) -> str:
    text = f"{'  ' * line.depth}{line.key}{':' if not line.key.startswith('- ') else ''}"
    text = f"{text} {line.value}" if line.value else text
    return f"{text}  # {line.note}" if line.note else text


def _money(value_bn: float) -> str:
    return written(MONEY, round(value_bn, 1))


@dataclass(frozen=True)
class Deliverable:
    """A bond of a basket: years to maturity, conversion factor and converted forward price, per 1 of face."""

    security: Security
    years: float
    factor: float


class Opening:
    """The figures of one opening day."""

    def __init__(self, data: PublicData, day: date, judgement: Judgement) -> None:
        self.data, self.day, self.judgement = data, day, judgement
        self.yields = data.nearest(YIELDS, day, tuple(f"y{tenor}" for tenor in TENORS_YEARS), 0)
        self.rates = data.nearest(RATES, day, ("sofr", "iorb", "effr"), 0)
        self.policy_rate = float(self.rates["iorb"]) / 100.0
        self.curve = [float(self.yields[f"y{tenor}"]) / 100.0 for tenor in TENORS_YEARS]
        self.positions = data.positions(day)
        self.ladder = maturity_ladder(data, day)
        self.outstanding_bn = self._by_bucket(self.ladder)
        self.baskets = {contract: self._basket(contract) for contract in BUCKET_ENDS_YEARS}
        self.dealer_week = data.nearest(DEALERS, day, ("coupons_net", "ust_repo_out_bn"))
        self.soma_week = data.nearest(SOMA, day, ("notes_bonds",))
        self.central_bank_bn = self._central_bank_bn()
        self.foreign_month, foreign_bn = data.foreign_holdings_bn(day)
        self.foreign_bn = self._by_private_float(foreign_bn * NOMINAL_SHARE, FOREIGN_LONG_WEIGHT)
        self.manager_bn = self._by_private_float(judgement.asset_manager_bonds_bn, 1.0)
        self.margin = self._margins()

    # Bonds and baskets

    def par_yield(self, years: float) -> float:
        """Par yield at any maturity: straight between tenors, flat beyond them."""
        return _between(years, TENORS_YEARS, self.curve)

    def _by_bucket(self, rungs: Sequence[Rung]) -> dict[str, float]:
        total = dict.fromkeys(BUCKET_ENDS_YEARS, 0.0)
        for rung in rungs:
            total[_bucket(rung.years(self.day))] += rung.amount_bn
        return total

    def _basket(self, code: str) -> list[Deliverable]:
        """Cheapest bonds now and after parallel moves of the curve, by maturity."""
        basket = self._official_basket(code) or self._computed_basket(code)
        by_price = sorted(basket, key=lambda bond: self._converted_forward(code, bond))
        kept = by_price[:CHEAPEST_KEPT]
        for move in SWITCH_MOVES:
            cheapest = min(basket, key=lambda bond: self._converted_forward(code, bond, move))
            if cheapest not in kept:
                kept.append(cheapest)
        return sorted(kept[:BASKET_MAX], key=lambda bond: bond.years)

    def _official_basket(self, code: str) -> list[Deliverable]:
        month = self.judgement.delivery_month.isoformat()
        return [
            self._deliverable(
                Security(float(row["coupon_pct"]) / 100.0, issued, date.fromisoformat(row["maturity_date"]), 0),
                float(row["conversion_factor"]),
            )
            for row in self.data.rows(FACTORS)
            if row["contract"] == code
            and row["first_delivery_date"] == month
            and (issued := date.fromisoformat(row["issue_date"])) <= self.day
        ]

    def _computed_basket(self, code: str) -> list[Deliverable]:
        contract, month = CONTRACTS[code], self.judgement.delivery_month
        if code == "TY" and month < LONG_TEN_YEAR_BASKET_UNTIL:
            contract = replace(contract, remaining_months_max=120)
        return [
            self._deliverable(security, _factor(contract, security, month))
            for security in self.data.securities(self.day)
            if is_deliverable(contract, security.issued, security.matures, month)
        ]

    def _deliverable(self, security: Security, factor: float) -> Deliverable:
        return Deliverable(security, (security.matures - self.day).days / DAYS_PER_YEAR, factor)

    def delivery_years(self, code: str) -> float:
        """Years from the opening day to the contract's last delivery day."""
        return (last_delivery_day(CONTRACTS[code], self.judgement.delivery_month) - self.day).days / DAYS_PER_YEAR

    def _converted_forward(self, code: str, bond: Deliverable, move: float = 0.0) -> float:
        yield_ = self.par_yield(bond.years) + move
        clean = forward_clean_price_at(
            bond.security.coupon, 2.0, bond.years, yield_, self.policy_rate, self.delivery_years(code)
        )
        return clean / bond.factor

    def cheapest(self, code: str) -> Deliverable:
        """Cheapest to deliver on the opening day."""
        return min(self.baskets[code], key=lambda bond: self._converted_forward(code, bond))

    def price(self, code: str) -> float:
        """Full price of the cheapest to deliver, per 1 of face."""
        bond = self.cheapest(code)
        return dirty_price_at(bond.security.coupon, 2.0, bond.years, self.par_yield(bond.years))

    def volatility_bp(self, years: float) -> float:
        """Realised volatility of the yield at a maturity over the last 60 days, bp a year."""
        rows = [row for row in self.data.rows(YIELDS) if row["date"] <= self.day.isoformat() and row["y30"]]
        series = [
            _between(years, TENORS_YEARS, [float(row[f"y{tenor}"]) * 100.0 for tenor in TENORS_YEARS])
            for row in rows[-VOLATILITY_DAYS - 1 :]
        ]
        changes = [after - before for before, after in zip(series, series[1:], strict=False)]
        return statistics.stdev(changes) * math.sqrt(TRADING_DAYS_PER_YEAR)

    def _margins(self) -> dict[str, float]:
        """Margin per face: known contracts as they are, the others by the bp move that neighbours' margins cover."""
        dv01, known = {}, {}
        for code in BUCKET_ENDS_YEARS:
            bond = self.cheapest(code)
            dv01[code] = dv01_per_face_at(bond.security.coupon, 2.0, bond.years, self.par_yield(bond.years))
            if code in self.judgement.margin_usd_per_contract:
                known[code] = self.judgement.margin_usd_per_contract[code] / CONTRACTS[code].face
            if code in self.judgement.margin_leverage:
                known[code] = self._converted_forward(code, bond) / self.judgement.margin_leverage[code]
        durations = [math.log(dv01[code]) for code in known]
        covered = [margin / dv01[code] for code, margin in known.items()]
        return {
            code: known.get(code, dv01[code] * _between(math.log(dv01[code]), durations, covered)) for code in dv01
        }

    # Who holds what

    def net_short_bn(self, code: str, sector: str) -> float:
        """A sector's short less long futures, face (CFTC, spreads left out: they net)."""
        row = self.positions[code]
        contracts = float(row[f"{sector}_short"]) - float(row[f"{sector}_long"])
        return contracts * CONTRACTS[code].face / 1e9

    def dealer_bonds_bn(self, code: str) -> float:
        """Primary dealers' net coupons by bucket; what the survey does not split goes by amounts outstanding."""
        week = {name: float(value) for name, value in self.dealer_week.items() if name.endswith("net") and value}
        seven_to_eleven = week["coupons_7_11y_net"]
        if code == "TU":
            return week["coupons_le2y_net"] + week["coupons_2_3y_net"]
        if code == "FV":
            return week["coupons_3_6y_net"]
        if code == "TY":
            return week["coupons_6_7y_net"] + seven_to_eleven * self._part(7.0, 8.0, 11.0)
        if code == "UXY":
            return seven_to_eleven * (1.0 - self._part(7.0, 8.0, 11.0))
        if "coupons_gt21y_net" in week:
            below = week["coupons_11_21y_net"] + week["coupons_gt21y_net"] * self._part(21.0, 25.0, math.inf)
            above = week["coupons_gt21y_net"] * (1.0 - self._part(21.0, 25.0, math.inf))
        else:
            shorter = ("le2y", "2_3y", "3_6y", "6_7y", "7_11y")
            rest = week["coupons_net"] - sum(week[f"coupons_{band}_net"] for band in shorter)
            below = rest * self._part(11.0, 25.0, math.inf)
            above = rest - below
        return below if code == "US" else above

    def _part(self, start: float, cut: float, end: float) -> float:
        """Share of what matures from `start` to `end` years that matures before `cut`."""
        below = sum(rung.amount_bn for rung in self.ladder if start <= rung.years(self.day) < cut)
        return below / sum(rung.amount_bn for rung in self.ladder if start <= rung.years(self.day) < end)

    def _central_bank_bn(self) -> dict[str, float]:
        """SOMA notes and bonds: by bands of H.4.1, within a band by amounts outstanding."""
        total = float(self.soma_week["notes_bonds"])
        edges = ((0.0, 5.0), (5.0, 10.0), (10.0, math.inf))
        held = dict.fromkeys(BUCKET_ENDS_YEARS, 0.0)
        for share, (start, end) in zip(self.judgement.central_bank_shares, edges, strict=True):
            band = [rung for rung in self.ladder if start <= rung.years(self.day) < end]
            band_bn = sum(rung.amount_bn for rung in band)
            for bucket, amount in self._by_bucket(band).items():
                held[bucket] += total * share * amount / band_bn
        return held

    def _by_private_float(self, total_bn: float, long_weight: float) -> dict[str, float]:
        """A sector's bonds spread over what the central bank does not hold, the long buckets at a weight."""
        weights = {
            code: (amount - self.central_bank_bn[code]) * (long_weight if code in ("US", "WN") else 1.0)
            for code, amount in self.outstanding_bn.items()
        }
        return {code: total_bn * weight / sum(weights.values()) for code, weight in weights.items()}

    def other_repo_bn(self) -> float:
        """Dealers' Treasury repo beyond what the funds of the model borrow and the dealers' own coupons."""
        zero, negative = self.judgement.zero_haircuts
        lent = 1.0 - 0.02 * (1.0 - zero - negative) + 0.005 * negative
        funds = sum(max(0.0, self.net_short_bn(code, "levfunds")) * self.price(code) for code in BUCKET_ENDS_YEARS)
        funds += sum(swap.fund_packages_bn for swap in self.judgement.swaps.values())
        own = sum(self.dealer_bonds_bn(code) for code in BUCKET_ENDS_YEARS)
        return float(self.dealer_week["ust_repo_out_bn"]) - funds * lent - own

    def lender_headroom(self) -> tuple[float, str]:
        """Cash that lenders could still lend, over dealers' repo: reserves above their floor and the ON RRP."""
        week = self.data.nearest(RESERVES, self.day, ("reserve_balances", "rrp_domestic"))
        spare = float(week["reserve_balances"]) - self.judgement.reserves_floor_bn + float(week["rrp_domestic"])
        headroom = max(spare / float(self.dealer_week["ust_repo_out_bn"]), 1.0 / EASY_SHARE - 1.0)
        note = (
            f"fed_h41 {week['date']}: reserves {week['reserve_balances']} + ON RRP {week['rrp_domestic']} less "
            f"{self.judgement.reserves_floor_bn:g} ({self.judgement.reserves_floor_source}), over repo out; at least 5.3%"
        )
        return headroom, note

    def leverage(self) -> tuple[float, str]:
        """Median basis book over equity: the default moved with hedge funds' gross leverage."""
        row = self.data.latest(FORM_PF, self.day, ("gross_leverage",))
        base = self.data.nearest(FORM_PF, LEVERAGE_2019_QUARTER, ("gross_leverage",), 0)
        ratio = float(row["gross_leverage"]) / float(base["gross_leverage"])
        return LEVERAGE_2019 * ratio, (
            f"7x (judgement) times Form PF gross leverage {row['date']} over {base['date']}: "
            f"{row['gross_leverage']}/{base['gross_leverage']}"
        )

    # The preset's lines

    def legend(self) -> list[str]:
        """Sources that all contracts share, as comments."""
        known, soma = self.judgement, self.soma_week["date"]
        notes = {
            "dislocation": f"{known.spreads_source}; over OIS, moved by EFFR - IORB to stand over the policy rate",
            "volatility": f"treasury_par_yields, sd of {VOLATILITY_DAYS} daily changes to {self.day}, a year of 252 days",
            "daily_volume": known.volume_source,
            "exchange_margin": known.margin_source,
            "asset_manager_bonds": f"{known.asset_manager_bonds_bn:,.0f} in all, by private float; {known.asset_manager_source}",
            "foreign_bonds": f"TIC long-term holdings {self.foreign_month}, nominal share {NOMINAL_SHARE:.3f}, by private float with "
            "half weight over 11 years (judgement)",
            "central_bank_bonds": f"soma_holdings {soma}, {float(self.soma_week['notes_bonds']):,.0f} in all; {known.central_bank_source}",
            "outstanding": "auctions and the list of March 2025, missing sales put back by the calendar",
        }
        return [f"#   {key}: {note}" for key, note in notes.items()]

    def lines(self) -> list[Line]:
        """All lines of the preset, top to bottom."""
        return [*self._market_lines(), *self._sector_lines()]

    def _market_lines(self) -> list[Line]:
        spread_bp = (float(self.rates["sofr"]) - float(self.rates["iorb"])) * 100.0
        when = self.rates["date"]
        lines = [
            Line(0, "market"),
            Line(1, "date", f'"{self.day}"'),
            Line(1, "policy_rate", f"{self.rates['iorb']}%", f"money_market_rates {when}: iorb"),
            Line(1, "repo_spread", written(BASIS_POINTS, round(spread_bp, 1)), f"money_market_rates {when}: sofr - iorb"),
            Line(1, "par_curve", "", f"treasury_par_yields {self.yields['date']}"),
            *(Line(2, f"y{tenor}", f"{self.yields[f'y{tenor}']}%") for tenor in TENORS_YEARS),
            Line(1, "trades"),
        ]
        for code in BUCKET_ENDS_YEARS:
            lines += self._futures_lines(code)
        for name, swap in self.judgement.swaps.items():
            lines += self._swap_lines(name, swap)
        return lines

    def _futures_lines(self, code: str) -> list[Line]:
        known, bond = self.judgement, self.cheapest(code)
        report, month = self.positions[code]["date"], known.delivery_month.strftime("%B %Y")
        packages = self.net_short_bn(code, "dealer")
        policy_gap_bp = (float(self.rates["effr"]) - float(self.rates["iorb"])) * 100.0
        official = "official" if self._official_basket(code) else "computed by the exchange's formula"
        taken = sum(2.0 * swap.fund_packages_bn for swap in known.swaps.values() if swap.bucket == code)
        left = (self.outstanding_bn[code] - taken) / self.outstanding_bn[code]
        carved = f", less {taken:g} in swap trades" if taken else ""
        margin_note = "published" if self._is_margin_known(code) else "judgement: same bp move covered as neighbours'"
        week = self.dealer_week["date"]
        return [
            Line(2, code, "", f"{CONTRACTS[code].name}, {month}; bonds of {_bucket_words(code)}"),
            Line(3, "hedge", "futures"),
            Line(3, "deliverables", "", f"by maturity; factors {official}"),
            *(self._deliverable_line(one, one == bond) for one in self.baskets[code]),
            Line(3, "time_to_delivery", f"{self.delivery_years(code):.3f}y", "to the last delivery day"),
            Line(
                3,
                "dislocation",
                written(BASIS_POINTS, round(known.spreads_over_ois_bp[code] + policy_gap_bp, 1)),
                f"{known.spreads_over_ois_bp[code]:g} over OIS{self._spread_source(code)}, {policy_gap_bp:+.0f}",
            ),
            Line(
                3,
                "volatility",
                written(BASIS_POINTS, round(self.volatility_bp(bond.years), 1)),
                f"at {bond.years:.1f} years",
            ),
            Line(3, "daily_volume", _money(VOLUME_2018_BN[code] * known.volume_scale * left), f"TRACE 2017-18: {VOLUME_2018_BN[code]:.0f}"),
            Line(3, "exchange_margin", _percent(self.margin[code]), margin_note),
            Line(3, "transaction_cost", written(BASIS_POINTS, TRANSACTION_COST_BP[code]), "half the bid-ask (literature 2.6)"),
            Line(3, "fund_packages", _money(self.net_short_bn(code, "levfunds")), f"CFTC {report}: leveraged funds, net short"),
            Line(3, "dealer_packages", _money(packages), f"CFTC {report}: dealers, net short"),
            Line(3, "asset_manager_futures", _money(-self.net_short_bn(code, "assetmgr")), f"CFTC {report}: asset managers, net long"),
            Line(
                3,
                "dealer_inventory",
                _money(self.dealer_bonds_bn(code) - packages),
                f"primary_dealer {week}: net coupons {self.dealer_bonds_bn(code):.1f}, less own packages",
            ),
            Line(3, "asset_manager_bonds", _money(self.manager_bn[code] * left), "by private float"),
            Line(3, "foreign_bonds", _money(self.foreign_bn[code] * left), "by private float, as above"),
            Line(3, "central_bank_bonds", _money(self.central_bank_bn[code] * left), "by maturity bands, as above"),
            Line(3, "outstanding", _money(self.outstanding_bn[code] - taken), f"maturity ladder{carved}"),
        ]

    def _spread_source(self, code: str) -> str:
        if code in LONG_END_SPREADS_BP:
            return " (SSW24 mean of absolute values; sign is judgement)"
        return " (10-year series)" if code == "UXY" else ""

    def _is_margin_known(self, code: str) -> bool:
        return code in self.judgement.margin_usd_per_contract or code in self.judgement.margin_leverage

    def _deliverable_line(self, bond: Deliverable, is_cheapest: bool) -> Line:
        coupon = written(RATE, bond.security.coupon)
        figures = f"{{coupon: {coupon}, maturity: {bond.years:.4f}y, conversion_factor: {bond.factor:.4f}}}"
        matures = f"{bond.security.matures:%-d %B %Y}"
        return Line(4, f"- {figures}", "", f"{coupon} {matures}{', cheapest to deliver' if is_cheapest else ''}")

    def _swap_lines(self, name: str, swap: SwapTrade) -> list[Line]:
        coupon = self.par_yield(swap.tenor_years)
        volatility = self.volatility_bp(swap.tenor_years)
        dv01 = dv01_per_face_at(coupon, 2.0, float(swap.tenor_years), coupon)
        margin = 2.75 * volatility / math.sqrt(TRADING_DAYS_PER_YEAR) * math.sqrt(5.0) * dv01
        size = 2.0 * swap.fund_packages_bn
        part = size / self.outstanding_bn[swap.bucket]
        volume = VOLUME_2018_BN[swap.bucket] * self.judgement.volume_scale * part
        nothing = [
            Line(3, key, "$0bn", note)
            for key, note in (
                ("dealer_packages", "dealers' swap-hedged bonds stay in inventory, as the survey reports them"),
                ("dealer_inventory", "in the futures buckets"),
                ("asset_manager_bonds", "in the futures buckets"),
                ("foreign_bonds", "in the futures buckets"),
                ("central_bank_bonds", "in the futures buckets"),
            )
        ]
        return [
            Line(2, name, "", f"swap-spread trade, {swap.tenor_years}-year par bond against a par swap; bonds out of the {swap.bucket} bucket"),
            Line(3, "hedge", "swap"),
            Line(3, "deliverables"),
            Line(4, f"- {{coupon: {written(RATE, coupon)}, maturity: {swap.tenor_years}y}}", "", "par bond"),
            Line(3, "dislocation", written(BASIS_POINTS, swap.spread_bp), "judgement: yield less SOFR swap rate, early April 2025"),
            Line(3, "volatility", written(BASIS_POINTS, round(volatility, 1)), f"treasury_par_yields: {VOLATILITY_DAYS} days to {self.day}"),
            Line(3, "daily_volume", _money(volume), f"the {swap.bucket} bucket's, by amount"),
            Line(3, "exchange_margin", _percent(margin), "judgement: 2.75 standard deviations over five days, as swap clearing houses ask"),
            Line(3, "transaction_cost", written(BASIS_POINTS, TRANSACTION_COST_BP[swap.bucket]), "half the bid-ask (literature 2.6)"),
            Line(3, "fund_packages", _money(swap.fund_packages_bn), "judgement, range 0.4 to 2.5 times: see docs/model/presets.md"),
            Line(3, "asset_manager_futures", _money(swap.fund_packages_bn), "judgement: insurers and pension funds receive fixed, the other side"),
            *nothing,
            Line(3, "outstanding", _money(size), "judgement: twice the funds' bonds, the rest with end investors"),
        ]

    def _sector_lines(self) -> list[Line]:
        known = self.judgement
        leverage, leverage_note = self.leverage()
        headroom, headroom_note = self.lender_headroom()
        zero, negative = known.zero_haircuts
        unnetted, unnetted_note = known.unnetted_repo, "2022 means, the first published: 790/1,748 (literature 2.2)"
        if unnetted is None:
            unnetted = float(self.dealer_week["ust_repo_uncleared_bilateral_bn"]) / float(self.dealer_week["ust_repo_out_bn"])
            unnetted_note = f"primary_dealer {self.dealer_week['date']}: uncleared bilateral over all Treasury repo"
        lines = [
            Line(0, "drivers"),
            Line(1, "regime", f'"{known.regime}"', "the calm window before the date, with fitted moments"),
            Line(0, "funds"),
            Line(1, "leverage", written(MULTIPLE, round(leverage, 1)), leverage_note),
            Line(1, "haircut_zero_share", _percent(zero), known.zero_haircuts_source),
            Line(1, "haircut_negative_share", _percent(negative), known.zero_haircuts_source),
            Line(0, "dealers"),
            Line(
                1,
                "other_repo",
                _money(round(self.other_repo_bn())),
                f"primary_dealer {self.dealer_week['date']}: repo out {self.dealer_week['ust_repo_out_bn']}, "
                "less funds' repo of the model and dealers' own coupons",
            ),
            Line(1, "unnetted_repo", _percent(unnetted, 0), unnetted_note),
            Line(0, "lenders"),
            Line(1, "headroom", _percent(headroom, 1), headroom_note),
            Line(0, "central_bank"),
            Line(1, "standing_repo"),
        ]
        if known.facility_spread_bp is None:
            return [*lines, Line(2, "open", "false", "there was none before July 2021")]
        spread = written(BASIS_POINTS, known.facility_spread_bp)
        return [
            *lines,
            Line(2, "open", "true"),
            Line(2, "spread", spread, "offered at 4.50%, the top of the target range, 10bp over interest on reserves"),
            Line(2, "capacity", "$500bn", "literature 2.9"),
        ]


def _bucket(years: float) -> str:
    return next(code for code, end in BUCKET_ENDS_YEARS.items() if years < end)


def _bucket_words(code: str) -> str:
    codes = list(BUCKET_ENDS_YEARS)
    start = BUCKET_ENDS_YEARS[codes[codes.index(code) - 1]] if code != codes[0] else 0.0
    end = BUCKET_ENDS_YEARS[code]
    return f"{start:g} years and more" if math.isinf(end) else f"{start:g} to {end:g} years"


def _between(at: float, points: Sequence[float], values: Sequence[float]) -> float:
    """Straight line between points in ascending order, flat beyond them."""
    if at <= points[0]:
        return values[0]
    for (left, low), (right, high) in zip(
        zip(points, values, strict=True), list(zip(points, values, strict=True))[1:], strict=False
    ):
        if at <= right:
            return low + (high - low) * (at - left) / (right - left)
    return values[-1]


def _factor(contract: Contract, security: Security, delivery_month: date) -> float:
    months = (security.matures.year - delivery_month.year) * 12 + security.matures.month - delivery_month.month
    counted = whole_factor_months(float(months), contract.factor_rule == "us-quarters")
    years, rest = divmod(counted, 12.0)
    return conversion_factor(security.coupon, years, rest)


def _percent(value: float, digits: int = 2) -> str:
    return f"{round(value * 100.0, digits):g}%"


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the preset of a date."""
    parser = argparse.ArgumentParser(description="Print the market preset of a date.")
    parser.add_argument("--data", type=Path, required=True, help="folder of the public data files")
    parser.add_argument("--date", type=date.fromisoformat, required=True, help="opening day, YYYY-MM-DD")
    chosen = parser.parse_args(arguments)
    try:
        sys.stdout.write(preset_text(PublicData(chosen.data), chosen.date))
    except (ValueError, OSError) as error:
        sys.exit(f"{chosen.date}: {error}")


if __name__ == "__main__":
    main()
