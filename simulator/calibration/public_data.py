"""Public data files of a folder, as the calibration reads them: one table a file, one row a date or security.

Nothing is filled in here: an empty cell is absent, a date without data is refused with the dates there are.
The files and their agencies are listed in ``docs/model/presets.md``. Units are those of the files
(per cent, USD bn or mn, contracts); the caller changes them at the border.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path

Row = dict[str, str]

YIELDS = "treasury_par_yields_daily.csv"
RATES = "money_market_rates_daily.csv"
POSITIONS = "cftc_tff_treasury_futures_weekly.csv"
DEALERS = "primary_dealer_weekly.csv"
SOMA = "soma_holdings_weekly.csv"
RESERVES = "fed_h41_weekly.csv"
FOREIGN = "tic_lt_treasury_holdings_monthly.csv"
AUCTIONS = "treasury_auctions_nominal_coupons.csv"
OUTSTANDING = "ust_notes_bonds_outstanding_2025-03-13.csv"
FACTORS = "ust_futures_conversion_factors_2025.csv"
FORM_PF = "ofr_form_pf_quarterly.csv"


@dataclass(frozen=True)
class Security:
    """A note or bond: annual coupon as a decimal, original issue and maturity, years at issue."""

    coupon: float
    issued: date
    matures: date
    term_years: int


@dataclass(frozen=True)
class PublicData:
    """The data files of one folder."""

    folder: Path

    def rows(self, file: str) -> list[Row]:
        """All rows of a file, in its order."""
        return _read(self.folder / file)

    def nearest(self, file: str, day: date, columns: tuple[str, ...], within_days: int = 7) -> Row:
        """Row of the date nearest to a day, the earlier of two, in which all these columns are published.

        Raises
        ------
        ValueError
            If no such row lies within so many days.
        """
        published = [row for row in self.rows(file) if all(row[column] for column in columns)]
        row = min(published, key=lambda row: (abs((_date(row) - day).days), _date(row)))
        if abs((_date(row) - day).days) > within_days:
            raise ValueError(f"{file}: no {', '.join(columns)} within {within_days} days of {day}.")
        return row

    def latest(self, file: str, day: date, columns: tuple[str, ...]) -> Row:
        """Last row on or before a day in which all these columns are published."""
        published = [row for row in self.rows(file) if all(row[column] for column in columns)]
        known = [row for row in published if _date(row) <= day]
        if not known:
            raise ValueError(f"{file}: no {', '.join(columns)} on or before {day}.")
        return max(known, key=_date)

    def positions(self, day: date) -> dict[str, Row]:
        """Futures-only positions of all contracts, of the last report with all of them up to a day.

        Raises
        ------
        ValueError
            If there is none in the four weeks before the day.
        """
        reports: dict[date, dict[str, Row]] = {}
        for row in self.rows(POSITIONS):
            if row["report"] == "futures_only" and row["dealer_long"] and _date(row) <= day:
                reports.setdefault(_date(row), {})[row["contract"]] = row
        full = [when for when, report in reports.items() if len(report) == 6 and (day - when).days <= 28]
        if not full:
            raise ValueError(
                f"{POSITIONS}: no futures-only report of all six contracts in the 28 days to {day}."
            )
        return reports[max(full)]

    def foreign_holdings_bn(self, day: date) -> tuple[str, float]:
        """Month and long-term Treasuries held abroad: the last month ended by a day, else the first one."""
        months = {
            row["month"]: float(row["lt_treasuries_musd"]) / 1e3
            for row in self.rows(FOREIGN)
            if row["country"] == "Grand Total"
        }
        ended = [month for month in months if month < day.isoformat()[:7]]
        month = max(ended) if ended else min(months)
        return month, months[month]

    def securities(self, day: date) -> list[Security]:
        """Nominal notes and bonds known to be outstanding on a day, oldest issue first.

        Auctions give those of which a sale is in the file, the list of March 2025 those that live until then.
        """
        found: dict[tuple[date, float], Security] = {}
        for security in (*self._auctioned(), *self._listed()):
            known = found.get((security.matures, security.coupon))
            if security.issued <= day < security.matures and (
                known is None or security.issued < known.issued
            ):
                found[security.matures, security.coupon] = security
        return sorted(found.values(), key=lambda security: (security.issued, security.matures))

    def issues(self) -> Iterator[tuple[Security, float]]:
        """Every sale of which the amount is known, USD bn, the central bank's add-on included."""
        for row in self.rows(AUCTIONS):
            security = _auctioned(row)
            if security and row["total_accepted_musd"]:
                yield security, float(row["total_accepted_musd"]) / 1e3

    def listed_amounts_bn(self, day: date) -> Iterator[tuple[Security, float]]:
        """Amounts of the March 2025 list for the securities already outstanding on a day, without add-ons."""
        for row in self.rows(OUTSTANDING):
            security = _listed(row)
            if security.issued <= day < security.matures:
                yield security, float(row["outstanding_bn"])

    def _auctioned(self) -> Iterator[Security]:
        return (security for row in self.rows(AUCTIONS) if (security := _auctioned(row)))

    def _listed(self) -> Iterator[Security]:
        return map(_listed, self.rows(OUTSTANDING))


@cache
def _read(path: Path) -> list[Row]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def _date(row: Row) -> date:
    return date.fromisoformat(row["date"])


def _auctioned(row: Row) -> Security | None:
    if not (row["issue_date"] and row["maturity_date"] and row["coupon_pct"]):
        return None
    years, _, months = row["security_term"].partition("-Year")
    term = int(years) + (1 if months else 0)
    issued, matures = date.fromisoformat(row["issue_date"]), date.fromisoformat(row["maturity_date"])
    return Security(float(row["coupon_pct"]) / 100.0, issued, matures, term)


def _listed(row: Row) -> Security:
    return Security(
        float(row["coupon_pct"]) / 100.0,
        date.fromisoformat(row["issue_date"]),
        date.fromisoformat(row["maturity_date"]),
        round(float(row["original_term_years"])),
    )
