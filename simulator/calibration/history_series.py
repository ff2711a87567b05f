"""Tables of the episodes that ship: history's public-domain series over the days of each scenario, a few kB each.

Only what agencies of the US government publish stands in them, which is in the public domain (17 U.S.C. 105; the Board
says so of its site). Rates and dealers' positions of the New York Fed are under its terms of use and are read from the
user's own folder of public data instead.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from datetime import date

from simulator.calibration.public_data import POSITIONS, RESERVES, YIELDS, PublicData
from simulator.contracts import CONTRACTS
from simulator.results.calendar import trading_dates

#: Opening day of the scenario of each episode that has series.
OPENINGS = {
    "september-2019": date(2019, 9, 13),
    "march-2020": date(2020, 2, 18),
    "april-2025": date(2025, 4, 1),
}
DAYS = 60
FUTURES = ("TU", "FV", "TY", "UXY", "US", "WN")
_YIELD_SOURCE = "US Treasury, Daily Par Yield Curve Rates, per cent; public domain."
_FUTURES_SOURCE = (
    "CFTC, Traders in Financial Futures, futures only, six Treasury contracts, $bn; public domain."
)
_RESERVES_SOURCE = "Federal Reserve Board, H.4.1, Wednesday levels, $bn; public domain."

Table = list[dict[str, str]]


def history_tables(data: PublicData) -> dict[str, str]:
    """Every shipped table as text, by the name of its file."""
    found = {}
    for episode, opening in OPENINGS.items():
        last = trading_dates(opening, DAYS)[-1]
        found[f"{episode}-yields.csv"] = _text(_YIELD_SOURCE, _yields(data, opening, last))
        found[f"{episode}-futures.csv"] = _text(_FUTURES_SOURCE, _positions(data, opening, last))
        found[f"{episode}-reserves.csv"] = _text(_RESERVES_SOURCE, _reserves(data, opening, last))
    return found


def _text(source: str, rows: Sequence[Mapping[str, str]]) -> str:
    stream = io.StringIO()
    stream.write(f"# {source}\n")
    writer = csv.DictWriter(stream, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return stream.getvalue()


def _between(day: str, first: date, last: date) -> bool:
    return first.isoformat() <= day <= last.isoformat()


def _yields(data: PublicData, first: date, last: date) -> Table:
    rows = [row for row in data.rows(YIELDS) if _between(row["date"], first, last)]
    return [{key: row[key] for key in ("date", "y2", "y5", "y10", "y30")} for row in rows]


def _reserves(data: PublicData, first: date, last: date) -> Table:
    named = {"treasuries_held": "treasuries_held", "repo": "repo_assets"}
    rows = [row for row in data.rows(RESERVES) if _between(row["date"], first, last)]
    return [{"date": row["date"], **{name: row[column] for name, column in named.items()}} for row in rows]


def _positions(data: PublicData, first: date, last: date) -> Table:
    reports: dict[str, dict[str, dict[str, str]]] = {}
    for row in data.rows(POSITIONS):
        if row["report"] == "futures_only" and _between(row["date"], first, last):
            reports.setdefault(row["date"], {})[row["contract"]] = row
    return [
        {
            "date": day,
            "leveraged_funds_net_short": f"{-_net(report, 'levfunds'):.1f}",
            "asset_managers_net_long": f"{_net(report, 'assetmgr'):.1f}",
            "dealers_net_short": f"{-_net(report, 'dealer'):.1f}",
        }
        for day, report in sorted(reports.items())
        if set(report) >= set(FUTURES)
    ]


def _net(report: Mapping[str, Mapping[str, str]], who: str) -> float:
    """Net long position of a class in all contracts, $bn of face."""
    return sum(
        CONTRACTS[name].face
        / 1e9
        * (float(report[name][f"{who}_long"]) - float(report[name][f"{who}_short"]))
        for name in FUTURES
    )
