"""Opening markets: every figure of a day as YAML, with its source beside it.

``unwind calibrate --data DIR --date 2020-02-18`` prints the preset that ships as
``simulator/scenario/presets/us-treasury-2020-02-18.yaml``, from the public data files in DIR. How each figure
is derived stands in `simulator.calibration.opening_day`, what was judged in `judgements` beside it.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from simulator.calibration.judgements import (
    BUCKET_ENDS_YEARS,
    FACILITY_SINCE,
    FACILITY_SPREAD_BP,
    LONG_SPREADS_BP,
    NOMINAL_SHARE,
    TRANSACTION_COST_BP,
    VOLUME_2018_BN,
    SwapTrade,
)
from simulator.calibration.opening_day import (
    TENORS,
    VOLATILITY_DAYS,
    DeliverableSecurity,
    OpeningDay,
)
from simulator.calibration.own_regimes import regime_lines
from simulator.calibration.vintage import hashes, locked_vintage
from simulator.contracts import CONTRACTS
from simulator.drivers.rates import RateModel
from simulator.units import BASIS_POINTS, MONEY, RATE, written

#: Published dates of presets, of which the package ships the result.
SHIPPED = (date(2019, 9, 13), date(2020, 2, 18), date(2025, 4, 1))
BID_ASK = "half the bid-ask spread (literature 2.6)"


@dataclass(frozen=True)
class Line:
    """A line of the preset: key and written value, or the head of a group when the value is empty."""

    depth: int
    key: str
    value: str = ""
    note: str = ""

    def __str__(self) -> str:
        text = f"{'  ' * self.depth}{self.key}" + ("" if self.key.startswith("- ") else ":")
        return text + (f" {self.value}" if self.value else "") + (f"  # {self.note}" if self.note else "")


@dataclass(frozen=True)
class Fit:
    """Regimes fitted to a user's yields, the first of them in force: by name, and the file's name and SHA-256."""

    regimes: Mapping[str, RateModel]
    file: str
    sha256: str

    def lines(self) -> Iterator[Line]:
        """The regimes as they stand below the drivers."""
        yield Line(1, "regime", f'"{next(iter(self.regimes))}"', f"fitted to {self.file}, as all below")
        yield Line(1, "regimes", "", "by tenor: 2, 3, 5, 7, 10, 20, 30 years")
        for name, model in self.regimes.items():
            yield Line(2, f'"{name}"')
            for key, value in regime_lines(model):
                yield Line(3, key, value)


def preset_text(opening: OpeningDay, fit: Fit | None = None, command: Sequence[str] = ()) -> str:
    """The opening market of a day, as a scenario without events.

    Parameters
    ----------
    opening
        The day.
    fit
        Regimes to put in place of the shipped one.
    command
        Options of the command that makes it, beyond the folder and the date.
    """
    vintage, found = locked_vintage(), hashes(opening.data.folder)
    lines = [
        *_market(opening),
        *_sectors(opening, fit),
        *_provenance(found, fit, vintage.name, remarks_on(opening)),
    ]
    return "\n".join([*_head(opening, command), *map(str, lines)]) + "\n"


def remarks_on(opening: OpeningDay) -> list[str]:
    """What stands in for missing series, and which files are not those of the locked vintage, in sentences."""
    return [*opening.choice.substitutions, *locked_vintage().others(hashes(opening.data.folder))]


def regimes_text(fit: Fit, command: Sequence[str]) -> str:
    """Regimes alone, to be laid over an opening market with ``extends``."""
    lines = [Line(0, "drivers"), *fit.lines(), *_provenance({}, fit, "", ())]
    options = " ".join(["unwind calibrate", *command])
    head = [f"# Regimes of yields fitted to {fit.file}. Made by:", f"#   {options}"]
    return "\n".join([*head, *map(str, lines)]) + "\n"


def _provenance(
    found: Mapping[str, str], fit: Fit | None, vintage: str, remarks: Iterable[str]
) -> Iterator[Line]:
    yield Line(0, "provenance", "", "SHA-256 of the data files")
    if vintage:
        yield Line(1, "vintage", f'"{vintage}"', "locked in simulator/calibration/vintage.json")
    yield Line(1, "files")
    for file, sha256 in found.items():
        yield Line(2, Path(file).stem, f'"{sha256}"')
    if fit is not None and fit.sha256 not in found.values():
        yield Line(2, re.sub(r"[^A-Za-z0-9_-]", "_", f"regimes_{Path(fit.file).stem}"), f'"{fit.sha256}"')
    if remarks := list(remarks):
        yield Line(1, "remarks")
        for remark in remarks:
            yield Line(2, f"- {json.dumps(remark, ensure_ascii=False)}")


def _head(opening: OpeningDay, command: Sequence[str]) -> list[str]:
    known = opening.judgement
    shared = {
        "judgement": f"the figures in force since {known.since} in simulator/calibration/judgements.py",
        "dislocation": f"{known.spreads_over_ois_bp.source}; EFFR - IORB added",
        "volatility": f"treasury_par_yields, {VOLATILITY_DAYS} daily changes to {opening.yields['date']}, "
        "a year of 252",
        "daily_volume": known.volume_scale.source,
        "exchange_margin": known.margin_source,
        "asset_manager_bonds": f"{known.asset_manager_bonds_bn.value:,.0f}, by private float; "
        f"{known.asset_manager_bonds_bn.source}",
        "foreign_bonds": f"TIC long-term holdings, {opening.foreign_month}, {NOMINAL_SHARE:.1%} nominal, by "
        "private float, half weight over 11 years (judgement)",
        "central_bank_bonds": f"soma_holdings {opening.soma_week['date']}, split at 5 and 10 years: "
        f"{known.central_bank_shares.source}",
        "outstanding": "treasury_auctions and the list of March 2025; missing sales put back by the calendar",
    }
    options = " ".join(["unwind calibrate --data DIR --date", str(opening.day), *command])
    return [
        f"# US Treasury market at the close of {opening.day}. Made by:",
        f"#   {options}",
        "# A figure's source stands beside it: a data file and its date, a key of docs/model/sources.md, or",
        "# the word judgement. How each is derived: docs/model/presets.md. Sources that rows share:",
        "#",
        *(f"#   {key}: {source}" for key, source in shared.items()),
        f"name: us-treasury-{opening.day}",
        f"title: US Treasury market at the close of {opening.day}",
    ]


def _market(opening: OpeningDay) -> Iterator[Line]:
    when = opening.rates["date"]
    yield Line(0, "market")
    yield Line(1, "date", f'"{opening.day}"')
    yield Line(1, "par_curve", "", f"treasury_par_yields {opening.yields['date']}")
    for tenor in TENORS:
        yield Line(2, tenor, f"{opening.yields[tenor]}%")
    yield Line(1, "fundings")
    yield Line(2, "treasury")
    yield Line(3, "policy_rate", f"{opening.rates['iorb']}%", f"money_market_rates {when}: iorb")
    yield Line(3, "repo_spread", _bp(opening.repo_spread_bp), f"money_market_rates {when}: sofr - iorb")
    swaps = opening.judgement.swaps.items()
    yield Line(1, "buckets")
    for code in BUCKET_ENDS_YEARS:
        yield from _bucket(opening, code)
    yield Line(1, "hedges")
    for code in BUCKET_ENDS_YEARS:
        yield from _futures(opening, code)
    for name, swap in swaps:
        yield from _swap(opening, name, swap)
    yield Line(1, "trades", "", "each with the hedge of its name")
    for code in BUCKET_ENDS_YEARS:
        packages = f"cftc {opening.positions[code]['date']}: leveraged funds, net short"
        yield from _trade(code, opening.net_short_bn(code, "levfunds"), packages, code)
    for name, swap in swaps:
        yield from _trade(name, swap.fund_packages_bn, opening.judgement.swaps_source, swap.bucket)


def _bucket(opening: OpeningDay, code: str) -> Iterator[Line]:
    bond, week = opening.cheapest(code), opening.dealer_week["date"]
    bonds, packages = opening.dealer_bonds_bn(code), opening.net_short_bn(code, "dealer")
    factors = "official" if opening.has_official_factors(code) else "computed by the exchange's formula"
    yield Line(2, code, "", f"bonds of {_years_of(code)}")
    yield Line(3, "bonds", "", f"deliverable into the {_contract_of(opening, code)}; factors {factors}")
    for one in opening.baskets[code]:
        yield _bond(one, is_cheapest=one == bond)
    yield Line(3, "volatility", _bp(opening.volatility_bp(bond.years)), f"at {bond.years:.1f} years")
    volume = f"{VOLUME_2018_BN[code]:g} in 2017-18"
    yield Line(3, "daily_volume", _money(opening.bucket_volume_bn(code)), volume)
    held = f"primary_dealer {week}: net {bonds:.1f}, less own packages"
    yield Line(3, "dealer_inventory", _money(bonds - packages), held)
    yield Line(3, "asset_manager_bonds", _money(opening.manager_bn[code]))
    yield Line(3, "foreign_bonds", _money(opening.foreign_bn[code]))
    yield Line(3, "central_bank_bonds", _money(opening.central_bank_bn[code]))
    yield Line(3, "outstanding", _money(opening.outstanding_bn[code]))


def _bond(bond: DeliverableSecurity, *, is_cheapest: bool) -> Line:
    coupon = written(RATE, bond.security.coupon)
    figures = f"{{coupon: {coupon}, maturity: {bond.years:.4f}y, conversion_factor: {bond.factor:.4f}}}"
    matures = f"{bond.security.matures.day} {bond.security.matures:%B %Y}"
    return Line(
        4, f"- {figures}", "", f"{coupon} {matures}" + (", cheapest to deliver" if is_cheapest else "")
    )


def _futures(opening: OpeningDay, code: str) -> Iterator[Line]:
    report = opening.positions[code]["date"]
    yield Line(2, code, "", _contract_of(opening, code))
    yield Line(3, "kind", "futures")
    yield Line(3, "horizon", f"{opening.delivery_years(code):.3f}y", "to the last delivery day")
    spread = opening.judgement.spreads_over_ois_bp.value[code]
    gap = opening.market_rate_gap_bp
    which = {"UXY": " (ten-year series)"} | dict.fromkeys(
        LONG_SPREADS_BP, " (SSW24, absolute; sign is judgement)"
    )
    yield Line(3, "dislocation", _bp(spread + gap), f"{spread:g} over OIS{which.get(code, '')}, {gap:+.0f}")
    margin_note = "judgement: covers the same move as its neighbours'"
    if opening.known_margin(code) is not None:
        margin_note = "published"
    yield Line(3, "exchange_margin", _percent(opening.margin(code)), margin_note)
    demand, packages = -opening.net_short_bn(code, "assetmgr"), opening.net_short_bn(code, "dealer")
    yield Line(3, "hedge_demand", _money(demand), f"cftc {report}: asset managers, net long")
    yield Line(3, "dealer_packages", _money(packages), f"cftc {report}: dealers, net short")


def _swap(opening: OpeningDay, name: str, swap: SwapTrade) -> Iterator[Line]:
    demand = _money(swap.fund_packages_bn)
    yield Line(2, name, "", f"{swap.tenor_years}-year par swap against bonds of the {swap.bucket} bucket")
    yield Line(3, "kind", "swap")
    yield Line(3, "bucket", swap.bucket)
    yield Line(3, "dislocation", _bp(swap.spread_bp), "judgement: yield less SOFR swap rate, late March 2025")
    margin = _percent(opening.swap_margin(swap))
    yield Line(3, "exchange_margin", margin, "judgement: 2.75 standard deviations, five days")
    yield Line(3, "hedge_demand", demand, "judgement: insurers and pensions receive fixed")
    counted = "dealers' bonds against swaps count as inventory, as they are surveyed"
    yield Line(3, "dealer_packages", "$0bn", counted)


def _trade(name: str, packages_bn: float, source: str, bucket: str) -> Iterator[Line]:
    yield Line(2, name)
    yield Line(3, "fund_packages", _money(packages_bn), source)
    yield Line(3, "transaction_cost", _bp(TRANSACTION_COST_BP[bucket], 2), BID_ASK)


def _sectors(opening: OpeningDay, fit: Fit | None) -> Iterator[Line]:
    known, week = opening.judgement, opening.dealer_week
    zero, negative = known.haircut_shares.value
    yield Line(0, "drivers")
    if fit is None:
        yield Line(1, "regime", f'"{known.regime}"', "the calm window before the date with fitted moments")
    else:
        yield from fit.lines()
    yield Line(0, "funds")
    now, base = opening.leverage_row, opening.leverage_base_row
    ratio = (
        f"7x (judgement) times Form PF {now['gross_leverage']} ({now['date']}) over {base['gross_leverage']}"
    )
    yield Line(1, "leverage", f"{opening.leverage():.1f}x", ratio)
    yield Line(1, "haircut_zero_share", _percent(zero), known.haircut_shares.source)
    yield Line(1, "haircut_negative_share", _percent(negative), known.haircut_shares.source)
    yield Line(0, "dealers")
    repo = f"primary_dealer {week['date']}: repo out {week['ust_repo_out_bn']} less funds and own bonds"
    yield Line(1, "other_repo", _money(round(opening.other_repo_bn())), repo)
    unnetted = f"primary_dealer {opening.unnetted_week['date']}: uncleared bilateral over all Treasury repo"
    if known.unnetted_repo is not None:
        unnetted = known.unnetted_repo.source
    yield Line(1, "unnetted_repo", _percent(opening.unnetted_repo(), 0), unnetted)
    yield Line(
        0, "lenders", "", f"fed_h41 {opening.reserves_week['date']}; floor: {known.reserves_floor_bn.source}"
    )
    spare = (
        f"reserves {opening.reserves_week['reserve_balances']} less {known.reserves_floor_bn.value:g}, "
        f"and reverse repo {opening.reserves_week['rrp_domestic']}, over repo out"
    )
    yield Line(1, "headroom", _percent(opening.lender_headroom(), 1), spare)
    yield Line(0, "central_bank")
    yield Line(1, "standing_repo")
    if opening.day < FACILITY_SINCE:
        yield Line(2, "open", "false", "there was none before July 2021")
        return
    yield Line(2, "open", "true")
    yield Line(2, "spread", _bp(FACILITY_SPREAD_BP.value), FACILITY_SPREAD_BP.source)
    yield Line(2, "capacity", "$500bn", "literature 2.9")


def _contract_of(opening: OpeningDay, code: str) -> str:
    return f"{CONTRACTS[code].name}, {opening.delivery_month:%B %Y}"


def _years_of(code: str) -> str:
    codes = list(BUCKET_ENDS_YEARS)
    end = BUCKET_ENDS_YEARS[code]
    if code == codes[0]:
        return f"up to {end:g} years"
    start = BUCKET_ENDS_YEARS[codes[codes.index(code) - 1]]
    return f"{start:g} years and more" if math.isinf(end) else f"{start:g} to {end:g} years"


def _money(value_bn: float) -> str:
    return written(MONEY, round(value_bn, 1))


def _bp(value: float, digits: int = 1) -> str:
    return written(BASIS_POINTS, round(value, digits))


def _percent(value: float, digits: int = 2) -> str:
    return f"{round(value * 100.0, digits):g}%"
