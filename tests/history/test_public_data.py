"""What happened, computed again from the public files: every moment that they give, and the tables that ship."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from simulator.calibration.history_series import history_tables
from simulator.calibration.public_data import DEALERS, FORM_PF, POSITIONS, RATES, RESERVES, YIELDS, PublicData
from simulator.history.episode import Moment
from simulator.history.shelf import EPISODES, shipped_episode

FOLDER = Path(os.environ.get("UNWIND_DATA", Path(__file__).parents[3] / "shared" / "data"))
pytestmark = pytest.mark.skipif(
    not (FOLDER / YIELDS).is_file(), reason="no public data files: set UNWIND_DATA to their folder"
)
DATA = PublicData(FOLDER)
CONTRACTS = ("TU", "FV", "TY", "UXY", "US", "WN")
#: Last report of the weekly series up to the opening, by episode.
POSITIONS_BEFORE = {"march-2020": "2020-02-18", "september-2019": "2019-09-10", "april-2025": "2025-04-01"}
COUPONS_BEFORE = {"march-2020": "2020-02-19", "september-2019": "2019-09-11", "april-2025": "2025-04-02"}


def cell(file: str, day: str, column: str) -> float:
    return next(float(row[column]) for row in DATA.rows(file) if row["date"] == day)


def yield_change(episode: str, moment: Moment) -> float:
    (part, *_) = moment.of
    column = f"y{moment.key[1:].partition('-')[0]}"
    return 100.0 * (cell(YIELDS, str(part.until), column) - cell(YIELDS, str(part.since), column))


def net(who: str, day: str, contracts: tuple[str, ...] = CONTRACTS) -> float:
    """Net longs of a class, $bn: a contract of TU is 200,000, of the others 100,000."""
    rows = {
        row["contract"]: row
        for row in DATA.rows(POSITIONS)
        if row["date"] == day and row["report"] == "futures_only"
    }
    face = {name: 2e-4 if name == "TU" else 1e-4 for name in contracts}
    return sum(face[n] * (float(rows[n][f"{who}_long"]) - float(rows[n][f"{who}_short"])) for n in contracts)


def packages(episode: str, moment: Moment) -> float:
    middle = moment.key.split("-")[1].upper()
    which = (middle,) if middle in CONTRACTS else CONTRACTS
    until = str(moment.of[0].until)
    return net("levfunds", until, which) - net("levfunds", POSITIONS_BEFORE[episode], which)


def managers(episode: str, moment: Moment) -> float:
    return net("assetmgr", str(moment.of[0].until)) - net("assetmgr", POSITIONS_BEFORE[episode])


def dealers(episode: str, moment: Moment) -> float:
    return net("dealer", POSITIONS_BEFORE[episode]) - net("dealer", str(moment.of[0].until))


def coupons(episode: str, moment: Moment) -> float:
    until = str(moment.of[0].until)
    return cell(DEALERS, until, "coupons_net") - cell(DEALERS, COUPONS_BEFORE[episode], "coupons_net")


def dealer_repo(episode: str, moment: Moment) -> float:
    until = str(moment.of[0].until)
    return cell(DEALERS, until, "ust_repo_out_bn") - cell(DEALERS, COUPONS_BEFORE[episode], "ust_repo_out_bn")


def form_pf(episode: str, moment: Moment) -> float:
    column = {"fund-treasuries": "long_treasury_bn", "fund-repo": "repo_borrowing_bn"}[
        moment.key.removesuffix("-first-quarter")
    ]
    return 100.0 * (cell(FORM_PF, "2020-03-31", column) / cell(FORM_PF, "2019-12-31", column) - 1.0)


def reserves(episode: str, moment: Moment) -> float:
    (part,) = moment.of
    if part.measure == "peak":
        days = [row for row in DATA.rows(RESERVES) if str(part.since) <= row["date"] <= str(part.until)]
        return round(max(float(row["repo_other"]) for row in days))
    before = cell(RESERVES, part.since, "repo_assets") if part.since else 0.0
    return cell(RESERVES, str(part.until), "repo_assets") - before


def spreads(episode: str, moment: Moment) -> float:
    """SOFR less interest on reserves, bp; for a day, its number among the days with a rate."""
    (part,) = moment.of
    opening = {"march-2020": "2020-02-18", "september-2019": "2019-09-13", "april-2025": "2025-04-01"}[
        episode
    ]
    found = {
        row["date"]: 100.0 * (float(row["sofr"]) - float(row["iorb"]))
        for row in DATA.rows(RATES)
        if row["sofr"] and opening <= row["date"] <= str(part.until)
    }
    if part.measure == "level":
        return found[str(part.until)]
    after = {day: value for day, value in found.items() if day >= (part.since or opening)}
    peak = max(after.values())
    if part.measure == "peak":
        return peak
    return list(found).index(next(day for day, value in after.items() if value == peak))


BY_KEY: dict[str, Callable[[str, Moment], float]] = {
    "y": yield_change, "packages": packages, "manager-futures": managers, "dealer-shorts": dealers,
    "dealer-coupons": coupons, "central-bank-repo": reserves, "repo-spread": spreads,
    "dealer-repo": dealer_repo, "fund-treasuries": form_pf, "fund-repo": form_pf,
}  # fmt: skip


def given() -> list[tuple[str, Moment, Callable[[str, Moment], float]]]:
    found = []
    for name in POSITIONS_BEFORE:
        for moment in shipped_episode(name).scenario.moments:
            for start, compute in BY_KEY.items():
                if moment.key.startswith(start) and (start != "y" or moment.key[1].isdigit()):
                    found.append((name, moment, compute))
    return found


@pytest.mark.parametrize(("name", "moment", "compute"), given(), ids=lambda at: getattr(at, "key", None))
def test_a_moment_is_what_the_public_files_say(
    name: str, moment: Moment, compute: Callable[[str, Moment], float]
) -> None:
    assert compute(name, moment) == pytest.approx(moment.value, abs=0.0501)


def test_most_moments_come_from_the_public_files() -> None:
    assert len(given()) > 65


@pytest.mark.parametrize(
    ("name", "text"), history_tables(DATA).items() if (FOLDER / YIELDS).is_file() else ()
)
def test_shipped_tables_are_current(name: str, text: str) -> None:
    told = "make them anew: python -m simulator.cli.upkeep history-series --data DIR"
    assert (EPISODES / "series" / name).read_text(encoding="utf-8") == text, told
