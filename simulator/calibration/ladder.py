"""What Treasury notes and bonds were outstanding, by remaining maturity, from files that miss some of them.

The auction file lacks a third of the sales before 2020, and the amounts of August 2022 to December 2024;
the list of March 2025 has only what matures from December 2026 on. Treasury sells to a calendar, so a sale
that is missing is put back at the mean size of the six nearest sales of its term. Old bonds due before 2027
are missing and not put back. On 30 April 2020 the ladder adds up to 12,626, against 12,610 in the Monthly
Statement of the Public Debt (notes 10,163.7, bonds 2,446.6). Amounts: USD billions, face.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from simulator.calibration.public_data import PublicData, Security
from simulator.contracts import add_months

#: Sold every month; the others every quarter, with two reopenings.
MONTHLY_TERMS = (2, 3, 5, 7)
QUARTERLY_SALES = 3
REFUNDING_MONTHS = (2, 5, 8, 11)
#: Sales whose mean size stands for one that is missing.
NEAREST_SALES = 6


@dataclass(frozen=True)
class Rung:
    """Amount outstanding of one maturity date."""

    matures: date
    amount_bn: float

    def years(self, day: date) -> float:
        """Years from a day to maturity."""
        return (self.matures - day).days / 365.25


def maturity_ladder(data: PublicData, day: date) -> list[Rung]:
    """All nominal notes and bonds outstanding on a day: known amounts, and neighbours' for missing sales."""
    sales: dict[Security, list[float]] = defaultdict(list)
    sizes = _sizes(data)
    by_key = {(security.matures, security.coupon): security for security in data.securities(day)}
    for sold, amount_bn in data.issues():
        if sold.issued <= day < sold.matures:
            sales[by_key[sold.matures, sold.coupon]].append(amount_bn)
    listed = {by_key[known.matures, known.coupon]: amount for known, amount in data.listed_amounts_bn(day)}
    rungs = [
        Rung(
            security.matures, _amount_bn(security, day, sales.get(security, []), listed.get(security), sizes)
        )
        for security in by_key.values()
    ]
    return sorted([*rungs, *_missing(by_key.values(), sizes, day)], key=lambda rung: rung.matures)


def _sizes(data: PublicData) -> dict[int, list[tuple[date, float]]]:
    """Issue day and size of every sale in the file, by term."""
    sizes: dict[int, list[tuple[date, float]]] = defaultdict(list)
    for sold, amount_bn in data.issues():
        sizes[sold.term_years].append((sold.issued, amount_bn))
    return sizes


def _amount_bn(
    security: Security,
    day: date,
    sold: Sequence[float],
    listed_bn: float | None,
    sizes: Mapping[int, list[tuple[date, float]]],
) -> float:
    """What is known of a security, completed by reopenings that the file misses; listed without add-ons."""
    if listed_bn is not None:
        return max(listed_bn, sum(sold))
    months = (day.year - security.issued.year) * 12 + day.month - security.issued.month
    due = 1 if security.term_years in MONTHLY_TERMS else min(QUARTERLY_SALES, months + 1)
    unseen = max(0, due - len(sold))
    return sum(sold) + (unseen * _typical_bn(security, sizes) if unseen else 0.0)


def _typical_bn(security: Security, sizes: Mapping[int, list[tuple[date, float]]]) -> float:
    nearest = sorted(sizes[security.term_years], key=lambda sale: abs((sale[0] - security.issued).days))
    nearest = nearest[:NEAREST_SALES]
    return sum(amount for _, amount in nearest) / len(nearest)


def _missing(
    known: Iterable[Security], sizes: Mapping[int, list[tuple[date, float]]], day: date
) -> list[Rung]:
    """Notes of the calendar of which the files have nothing; all bonds from 2036 on are listed."""
    present = {(security.term_years, security.matures.year, security.matures.month) for security in known}
    rungs = []
    for term in (*MONTHLY_TERMS, 10):
        for back in range(term * 12):
            issued = _issue_day(term, add_months(day.replace(day=1), -back))
            matures = add_months(issued, term * 12)
            quarterly = term == 10 and issued.month not in REFUNDING_MONTHS
            if issued > day or matures <= day or quarterly or (term, matures.year, matures.month) in present:
                continue
            sold = 1 if term in MONTHLY_TERMS else QUARTERLY_SALES
            rungs.append(Rung(matures, sold * _typical_bn(Security(0.0, issued, matures, term), sizes)))
    return rungs


def _issue_day(term: int, day: date) -> date:
    """Issue day in a day's month: the 15th for three- and ten-year notes, the last day for the others."""
    return day.replace(day=15) if term in (3, 10) else add_months(day.replace(month=1, day=31), day.month - 1)
