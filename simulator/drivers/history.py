"""Historical par yields: reading them, replaying a window, and resampling their daily changes in blocks.

A replay asks what this market would do on the yields of an actual episode; a bootstrap draws new paths from
actual days, with their tails and their co-movement, and keeps as much clustering as its blocks are long.

Files are read in the forms in which they are published. Inside, yields are bp. Source of the stationary bootstrap:
Politis and Romano (1994).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from simulator.csv_file import DataError, read_csv
from simulator.drivers.random_streams import Floats, Sampling, uniforms
from simulator.drivers.rates import TENOR_COUNT
from simulator.drivers.volatility import index_weighted_squares, smoothed_multiplier
from simulator.drivers.yield_tables import COLUMNS, table_of_yields
from simulator.units import day_of

#: A file of yields that are all smaller than this holds fractions: no market's 30-year yield has stayed so low.
FRACTION_BELOW_BP = 10.0
#: Days from row to row, weekends and holidays aside; and the longest that markets have been closed in one piece.
DAYS_APART_MAX, GAP_DAYS_MAX = 3.0, 12
SMOOTHING_MEMORY = 0.94
# RiskMetrics (1996), the usual weight for daily volatilities.
OPENING_DAYS_MIN = 20
# judgement: fewer days before a replay say too little about volatility at its opening.


@dataclass(frozen=True)
class YieldHistory:
    """Par yields by trading day.

    Parameters
    ----------
    source
        Name of the file, for messages.
    dates
        Ascending days, shape (row,).
    yields_bp
        Shape (row, tenor), NaN where not published.
    credit_bp
        High-yield spreads that come with them, shape (row,); none from most files.
    note
        What was made of a file that is not by day, for readers; daily moves of such a file are no volatility.
    """

    source: str
    dates: npt.NDArray[np.datetime64]
    yields_bp: Floats
    credit_bp: Floats | None = None
    note: str = ""

    def changes_bp(self, start: str, end: str) -> Floats:
        """Daily changes of the days from `start` to `end`, both included, shape (day, tenor).

        The first change is from the last day before `start`, where the file has one. An empty `start` or `end` is the
        file's own.

        Raises
        ------
        DataError
            If there are fewer than two changes, a yield is missing, or rows are missing.
        """
        first = max(int(np.searchsorted(self.dates, _day(start))), 1) if start else 1
        after = int(np.searchsorted(self.dates, _day(end), side="right")) if end else len(self.dates)
        if after - first < 2:
            window = f"from {start or 'its first day'} to {end or 'its last'}"
            raise DataError(
                self.source,
                f"{max(after - first, 0)} daily changes {window}",
                f"at least 2; the file covers {self.dates[0]} to {self.dates[-1]}",
                "Choose another drivers.start or drivers.end.",
            )
        self._check_complete(first - 1, after)
        return np.diff(self.yields_bp[first - 1 : after], axis=0)

    def opening_row(self, opening: str, day_count: int) -> int:
        """Row of the last trading day on or before `opening`, with `day_count` days after it.

        Raises
        ------
        DataError
            If the file starts after `opening`, ends too early, or lacks a yield or days in the window.
        """
        row = int(np.searchsorted(self.dates, _day(opening), side="right")) - 1
        days_after = len(self.dates) - 1 - row
        if row < 0 or days_after < day_count:
            found = "no day on or before" if row < 0 else f"{days_after} trading days after"
            raise DataError(
                self.source,
                f"{found} {opening}, and {day_count} days after it are needed",
                f"days that the file covers, {self.dates[0]} to {self.dates[-1]}",
                "Choose another opening (drivers.start, or else market.date) or a shorter horizon.",
            )
        if (_day(opening) - self.dates[row]).astype(int) > GAP_DAYS_MAX:
            raise self._gap(row, row + 1, "Choose another opening (drivers.start, or else market.date).")
        self._check_complete(row, row + day_count + 1)
        return row

    def _check_complete(self, first: int, after: int) -> None:
        """Refuse a window that lacks a yield, or days."""
        missing = np.argwhere(~np.isfinite(self.yields_bp[first:after]))
        if len(missing):
            row, tenor = missing[0]
            raise DataError(
                self.source,
                f"no {COLUMNS[tenor]} on {self.dates[first + row]}",
                f"all of {', '.join(COLUMNS)} on every day of the window",
                "Delete the row if markets were closed, or else complete it or choose another window.",
            )
        apart = np.diff(self.dates[first:after]).astype(int)
        if len(apart) and apart.max() > GAP_DAYS_MAX:
            row = first + int(apart.argmax())
            raise self._gap(row, row + 1, "Complete the file, or choose another window.")

    def _gap(self, row: int, following: int, advice: str) -> DataError:
        after = self.dates[following] if following < len(self.dates) else "its end"
        found = f"no row between {self.dates[row]} and {after}"
        return DataError(self.source, found, "a row for each trading day of the window", advice)


@dataclass(frozen=True)
class Bootstrap:
    """Block bootstrap of daily changes.

    Parameters
    ----------
    daily_change_bp
        Sample to draw days from, shape (day, tenor).
    block_days
        Length of a block; its mean for the stationary kind.
    is_stationary
        Blocks of random length (geometric), the sample closed to a ring; else blocks of fixed length.
    keeps_drift
        Keep the sample's mean change; else it is taken out, because a drift belongs in the scenario.
    """

    daily_change_bp: Floats
    block_days: float = 10.0
    is_stationary: bool = True
    keeps_drift: bool = False

    def __post_init__(self) -> None:
        if self.daily_change_bp.ndim != 2 or self.daily_change_bp.shape[1] != TENOR_COUNT:
            raise ValueError(
                f"bootstrap: found changes of shape {self.daily_change_bp.shape}; allowed is"
                f" (day, {TENOR_COUNT})."
            )
        if not 1.0 <= self.block_days <= len(self.daily_change_bp):
            raise DataError(
                "bootstrap",
                f"blocks of {self.block_days:g} days",
                f"1 to the {len(self.daily_change_bp)} days of the sample",
                "Choose shorter blocks (drivers.block) or a longer window.",
            )

    def sampled_days(
        self, seed: int, first_path: int, path_count: int, day_count: int, sampling: Sampling
    ) -> npt.NDArray[np.int64]:
        """Row of the sample that each simulated day takes, shape (path, day)."""
        draws = uniforms(seed, "bootstrap", first_path, path_count, 2 * day_count, sampling)
        is_start, place = draws[:, 0::2], draws[:, 1::2]
        sample_days = len(self.daily_change_bp)
        rows = np.empty((path_count, day_count), dtype=np.int64)
        whole_days = int(self.block_days)
        for day in range(day_count):
            if self.is_stationary:
                starts = is_start[:, day] < 1.0 / self.block_days if day else np.ones(path_count, dtype=bool)
                fresh = (place[:, day] * sample_days).astype(np.int64)
            else:
                starts = np.full(path_count, day % whole_days == 0)
                fresh = (place[:, day] * (sample_days - whole_days + 1)).astype(np.int64)
            following = (rows[:, day - 1] + 1) % sample_days if day else fresh
            rows[:, day] = np.where(starts, fresh, following)
        return rows

    def noise(
        self, seed: int, first_path: int, path_count: int, day_count: int, sampling: Sampling
    ) -> tuple[Floats, Floats]:
        """Daily changes, shape (path, day, tenor), bp, and volatility multiplier, shape (path, day)."""
        sample = self.daily_change_bp
        if not self.keeps_drift:
            sample = sample - sample.mean(axis=0)
        rows = self.sampled_days(seed, first_path, path_count, day_count, sampling)
        daily = sample[rows]
        opening_variance = float(index_weighted_squares(sample).mean())
        return daily, smoothed_multiplier(daily, opening_variance, SMOOTHING_MEMORY)


def replayed_window(history: YieldHistory, opening: str, day_count: int) -> tuple[Floats, Floats]:
    """Actual changes since the close of `opening`, and smoothed volatility relative to that day.

    Returns
    -------
    curve_change_bp : ndarray of shape (day, tenor)
        Exactly the file's yields less those of the opening.
    multiplier : ndarray of shape (day,)
        Exponentially weighted volatility, relative to its value at the opening.
    """
    row = history.opening_row(opening, day_count)
    window = history.yields_bp[row : row + day_count + 1]
    if history.note:
        return window[1:] - window[0], np.ones(day_count)
    before = np.diff(history.yields_bp[max(row - 250, 0) : row + 1], axis=0)
    before = before[np.isfinite(before).all(axis=1)]
    if len(before) < OPENING_DAYS_MIN:
        raise DataError(
            history.source,
            f"{len(before)} daily changes before {opening}",
            f"{OPENING_DAYS_MIN}, to know volatility at the opening",
            "Choose a later opening (drivers.start, or else market.date), or a file that begins earlier.",
        )
    squares = index_weighted_squares(before)
    ages = np.arange(len(squares))[::-1]
    weights = SMOOTHING_MEMORY ** ages.astype(np.float64)
    opening_variance = float((weights * squares).sum() / weights.sum())
    daily = np.diff(window, axis=0)
    multiplier = smoothed_multiplier(daily[None], max(opening_variance, 1e-6), SMOOTHING_MEMORY)[0]
    return window[1:] - window[0], multiplier


def replayed_credit(history: YieldHistory, opening: str, day_count: int) -> Floats:
    """Change of credit spreads since the close of `opening`, bp by day: nothing where the file has none."""
    if history.credit_bp is None:
        return np.zeros(day_count)
    row = history.opening_row(opening, day_count)
    change: Floats = history.credit_bp[row + 1 : row + day_count + 1] - history.credit_bp[row]
    return change


def read_yields(path: Path | str) -> YieldHistory:
    """Read a CSV of par yields in per cent, in any form that :mod:`simulator.drivers.yield_tables` knows.

    Parameters
    ----------
    path
        File with a header and a column for the date and for each of the tenors; other columns are ignored and empty
        cells mean not published.

    Raises
    ------
    DataError
        With file, line and column of the first fault.
    """
    table = read_csv(Path(path), ())
    days, yields, credit, note = table_of_yields(table)
    if len(days) < 2:
        raise DataError(table.name, f"has {len(days)} rows of yields", "at least 2")
    known = np.abs(yields[np.isfinite(yields)])
    if len(known) and known.max() < FRACTION_BELOW_BP:
        found = f"no yield is above {known.max() / 100.0:g} per cent: they seem to be fractions"
        raise DataError(table.name, found, "per cent", "Write 4.25 for 4.25%, not 0.0425.")
    dates = np.array(days, dtype="datetime64[D]")
    usual = float(np.median(np.diff(dates).astype(int)))
    if usual > DAYS_APART_MAX:
        found = f"rows are {usual:g} days apart"
        raise DataError(table.name, found, "a row for each trading day", "Bring daily yields.")
    return YieldHistory(table.name, dates, yields, credit, note)


def _day(text: str) -> np.datetime64:
    return np.datetime64(day_of(text), "D")
