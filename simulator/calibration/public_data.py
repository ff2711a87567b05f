"""Public data files of a folder, as the calibration reads them: one table a file, one row a date or security.

Nothing is filled in here: an empty cell is absent. Which row stands for a day is chosen in
`simulator.calibration.availability`. The files and their agencies are listed in ``docs/model/presets.md``. Units
are those of the files (per cent, USD bn or mn, contracts); the caller changes them at the border.
"""

from __future__ import annotations

import calendar
import csv
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from types import MappingProxyType

from simulator.scenario.errors import Problem, Problems
from simulator.units import quoted

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

TENORS_YEARS = (2, 3, 5, 7, 10, 20, 30)
BANDS = ("le2y", "2_3y", "3_6y", "6_7y", "7_11y")
LONG_BANDS = ("11_21y", "gt21y")
SECTORS = ("dealer", "assetmgr", "levfunds")


@dataclass(frozen=True)
class Columns:
    """Columns of a file that are read: days as YYYY-MM-DD, months as YYYY-MM, terms of issues, figures, texts.

    In a file that ``is_complete`` none of their cells may be empty.
    """

    days: tuple[str, ...] = ()
    months: tuple[str, ...] = ()
    terms: tuple[str, ...] = ()
    figures: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()
    is_complete: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """All of them."""
        return (*self.days, *self.months, *self.terms, *self.texts, *self.figures)


#: Every file that an opening market is made from, with what is read of it.
FILES: Mapping[str, Columns] = MappingProxyType(
    {
        YIELDS: Columns(("date",), figures=tuple(f"y{tenor}" for tenor in TENORS_YEARS)),
        RATES: Columns(("date",), figures=("sofr", "iorb", "effr")),
        POSITIONS: Columns(
            ("date",),
            figures=tuple(f"{sector}_{side}" for sector in SECTORS for side in ("long", "short")),
            texts=("contract", "report"),
        ),
        DEALERS: Columns(
            ("date",),
            figures=(
                *("coupons_net", "tips_net", "ust_repo_out_bn", "ust_repo_uncleared_bilateral_bn"),
                *(f"coupons_{band}_net" for band in (*BANDS, *LONG_BANDS)),
            ),
        ),
        SOMA: Columns(("date",), figures=("notes_bonds",)),
        RESERVES: Columns(("date",), figures=("reserve_balances", "rrp_domestic")),
        FOREIGN: Columns(months=("month",), figures=("lt_treasuries_musd",), texts=("country",)),
        AUCTIONS: Columns(
            ("issue_date", "maturity_date"),
            terms=("security_term",),
            figures=("coupon_pct", "total_accepted_musd"),
        ),
        OUTSTANDING: Columns(
            ("issue_date", "maturity_date"),
            figures=("original_term_years", "coupon_pct", "outstanding_bn"),
            is_complete=True,
        ),
        FACTORS: Columns(
            ("first_delivery_date", "issue_date", "maturity_date"),
            figures=("coupon_pct", "conversion_factor"),
            texts=("contract",),
            is_complete=True,
        ),
        FORM_PF: Columns(("date",), figures=("gross_leverage",)),
    }
)


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

    def check_files(self) -> None:
        """Look whether all files are there and can be read.

        Raises
        ------
        Problems
            With every file that is not there, or else with every cell that cannot be read.
        """
        absent = [file for file in FILES if not (self.folder / file).is_file()]
        if absent:
            found = f"found no {', '.join(absent)}"
            advice = "docs/model/presets.md tells where each file comes from."
            raise Problems([Problem(str(self.folder), found, f"Needed are {', '.join(FILES)}.", advice)])
        problems: list[Problem] = []
        for file in FILES:
            try:
                self.rows(file)
            except Problems as found_here:
                problems += found_here.problems
        if problems:
            raise Problems(problems)

    def rows(self, file: str) -> list[Row]:
        """All rows of a file, in its order.

        Raises
        ------
        Problems
            If a column is missing, or with the first cell that cannot be read.
        """
        return _read(self.folder / file)

    def published(self, file: str, columns: tuple[str, ...]) -> dict[date, Row]:
        """The rows in which all these columns are published, by date."""
        return {_date(row): row for row in self.rows(file) if all(row[column] for column in columns)}

    def positions(self) -> dict[date, dict[str, Row]]:
        """Futures-only positions by contract, of every report that has all six, by date."""
        reports: dict[date, dict[str, Row]] = {}
        for row in self.rows(POSITIONS):
            if row["report"] == "futures_only" and all(row[column] for column in FILES[POSITIONS].figures):
                reports.setdefault(_date(row), {})[row["contract"]] = row
        return {when: report for when, report in reports.items() if len(report) == 6}

    def foreign_holdings_bn(self) -> dict[date, float]:
        """Long-term Treasuries held abroad at the end of each month."""
        return {
            _month_end(row["month"]): float(row["lt_treasuries_musd"]) / 1e3
            for row in self.rows(FOREIGN)
            if row["country"] == "Grand Total" and row["lt_treasuries_musd"]
        }

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

    def issue_days(self) -> set[date]:
        """Days on which something was issued of which the files know."""
        return {security.issued for security in (*self._auctioned(), *self._listed())}

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
    columns = FILES[path.name]
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file)
            absent = [name for name in columns.names if name not in (reader.fieldnames or ())]
            if absent:
                found = f"found no column {', '.join(absent)}"
                raise Problems([Problem(f"{path}:1", found, f"Needed are {', '.join(columns.names)}.")])
            return [_checked(f"{path}:{reader.line_num}", row, columns) for row in reader]
    except (UnicodeDecodeError, csv.Error) as fault:
        raise Problems(
            [Problem(str(path), f"is not readable as CSV ({fault})", "Save it as UTF-8.")]
        ) from None
    except OSError as error:
        raise Problems([Problem(str(path), f"cannot be read: {error.strerror}")]) from error


def _checked(where: str, row: Row, columns: Columns) -> Row:
    """A row, of which every cell that is read can be read."""
    if None in row or None in row.values():
        raise Problems([Problem(where, "found another number of cells than the header has")])
    checks = (
        (columns.days, _is_day, "days like 2020-02-18"),
        (columns.months, _is_month, "months like 2020-02"),
        (columns.terms, _TERM.fullmatch, "terms like 10-Year or 9-Year 10-Month"),
        (columns.figures, _is_figure, "plain figures"),
    )
    for names, is_right, allowed in checks:
        for name in names:
            if not is_right(row[name]) if row[name] else columns.is_complete:
                allowed += "" if columns.is_complete else ", and nothing where nothing is published"
                found = f"found {quoted(row[name])}"
                raise Problems([Problem(f"{where} {name}", found, f"Allowed are {allowed}.")])
    return row


_TERM = re.compile(r"\d+-Year( \d+-Month)?")


def _is_day(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _is_month(text: str) -> bool:
    return _is_day(f"{text}-01")


def _is_figure(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False


def _date(row: Row) -> date:
    return date.fromisoformat(row["date"])


def _month_end(month: str) -> date:
    first = date.fromisoformat(f"{month}-01")
    return first.replace(day=calendar.monthrange(first.year, first.month)[1])


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
