"""Historical par yields: reading them, replaying a window, and resampling their daily changes in blocks.

A replay asks what this market would do on the yields of an actual episode; a bootstrap draws new paths from
actual days, with their tails and their co-movement, and keeps as much clustering as its blocks are long.

Files follow the Treasury's daily par yield table: a header, a column `date` (ISO) and columns `y2` to `y30`
in per cent. Inside, yields are bp. Source of the stationary bootstrap: Politis and Romano (1994).
"""

from __future__ import annotations

import csv
import datetime
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from simulator.drivers.random_streams import Floats, Sampling, uniforms
from simulator.drivers.rates import TENOR_COUNT, TENOR_YEARS
from simulator.drivers.volatility import index_weighted_squares, smoothed_multiplier

COLUMNS = tuple(f"y{tenor}" for tenor in TENOR_YEARS)
YIELD_PCT_MIN, YIELD_PCT_MAX = -5.0, 30.0
ROWS_MAX = 100_000
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
    """

    source: str
    dates: npt.NDArray[np.datetime64]
    yields_bp: Floats

    def changes_bp(self, start: str, end: str) -> Floats:
        """Daily changes of the days from `start` to `end`, both included, shape (day, tenor).

        The first change is from the last day before `start`, where the file has one.

        Raises
        ------
        ValueError
            If there are fewer than two changes or a yield is missing.
        """
        first = max(int(np.searchsorted(self.dates, _day(start))), 1)
        after = int(np.searchsorted(self.dates, _day(end), side="right"))
        if after - first < 2:
            raise ValueError(
                f"{self.source}: found {max(after - first, 0)} daily changes from {start} to {end}; at least"
                f" 2 are needed; the file covers {self.dates[0]} to {self.dates[-1]}."
            )
        self._check_complete(first - 1, after)
        return np.diff(self.yields_bp[first - 1 : after], axis=0)

    def opening_row(self, opening: str, day_count: int) -> int:
        """Row of the last trading day on or before `opening`, with `day_count` days after it.

        Raises
        ------
        ValueError
            If the file starts after `opening`, ends too early, or lacks a yield in the window.
        """
        row = int(np.searchsorted(self.dates, _day(opening), side="right")) - 1
        days_after = len(self.dates) - 1 - row
        if row < 0 or days_after < day_count:
            found = "no day on or before" if row < 0 else f"{days_after} trading days after"
            raise ValueError(
                f"{self.source}: found {found} {opening}; {day_count} days after it are needed and the file"
                f" covers {self.dates[0]} to {self.dates[-1]}; choose another opening or fewer days."
            )
        self._check_complete(row, row + day_count + 1)
        return row

    def _check_complete(self, first: int, after: int) -> None:
        missing = np.argwhere(~np.isfinite(self.yields_bp[first:after]))
        if len(missing):
            row, tenor = missing[0]
            raise ValueError(
                f"{self.source}: found no {COLUMNS[tenor]} on {self.dates[first + row]}; every day of the"
                f" window needs all of {', '.join(COLUMNS)}; choose another window or complete the file."
            )


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
            raise ValueError(
                f"bootstrap: found blocks of {self.block_days:g} days; allowed is 1 to the"
                f" {len(self.daily_change_bp)} days of the sample."
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
    before = np.diff(history.yields_bp[max(row - 250, 0) : row + 1], axis=0)
    before = before[np.isfinite(before).all(axis=1)]
    if len(before) < OPENING_DAYS_MIN:
        raise ValueError(
            f"{history.source}: found {len(before)} daily changes before {opening}; {OPENING_DAYS_MIN} are"
            " needed to know volatility at the opening; choose a later opening."
        )
    squares = index_weighted_squares(before)
    ages = np.arange(len(squares))[::-1]
    weights = SMOOTHING_MEMORY ** ages.astype(np.float64)
    opening_variance = float((weights * squares).sum() / weights.sum())
    daily = np.diff(window, axis=0)
    multiplier = smoothed_multiplier(daily[None], max(opening_variance, 1e-6), SMOOTHING_MEMORY)[0]
    return window[1:] - window[0], multiplier


def read_yields(path: Path | str) -> YieldHistory:
    """Read a CSV of par yields in per cent.

    Parameters
    ----------
    path
        File with a header, ISO dates ascending in `date`, and `y2, y3, y5, y7, y10, y20, y30`; other columns
        are ignored and empty cells mean not published.

    Raises
    ------
    ValueError
        With file, line and column of the first fault.
    """
    path = Path(path)
    with path.open(newline="", encoding="utf-8-sig") as lines:
        try:
            rows = _parsed_rows(path.name, csv.reader(lines))
        except (UnicodeDecodeError, csv.Error) as fault:
            raise ValueError(f"{path.name}: not readable as CSV ({fault}); save it as UTF-8 CSV.") from None
    if len(rows) < 2:
        raise ValueError(f"{path.name}: found {len(rows)} rows of yields; at least 2 are needed.")
    dates = np.array([day for day, _ in rows], dtype="datetime64[D]")
    return YieldHistory(path.name, dates, np.array([values for _, values in rows]))


def _parsed_rows(name: str, reader: Iterator[list[str]]) -> list[tuple[str, list[float]]]:
    header = [cell.strip() for cell in next(reader, [])]
    absent = [column for column in ("date", *COLUMNS) if column not in header]
    if absent:
        raise ValueError(
            f"{name}:1: found no column {', '.join(absent)}; needed are date (ISO) and {', '.join(COLUMNS)}"
            " (per cent)."
        )
    places = [header.index(column) for column in COLUMNS]
    date_place = header.index("date")
    rows: list[tuple[str, list[float]]] = []
    for line, cells in enumerate(reader, start=2):
        where = f"{name}:{line}"
        if not cells:
            continue
        if len(cells) != len(header):
            raise ValueError(f"{where}: found {len(cells)} cells; the header has {len(header)}.")
        day = _checked_date(where, cells[date_place].strip(), rows)
        values = [_yield_bp(f"{where} {COLUMNS[i]}", cells[place].strip()) for i, place in enumerate(places)]
        rows.append((day, values))
        if len(rows) > ROWS_MAX:
            raise ValueError(f"{where}: found more than {ROWS_MAX:,} rows; cut the file to the years needed.")
    return rows


def _checked_date(where: str, text: str, rows: list[tuple[str, list[float]]]) -> str:
    try:
        day = datetime.date.fromisoformat(text).isoformat()
    except ValueError:
        raise ValueError(f"{where} date: found {text!r}; allowed are dates like 2020-03-09.") from None
    if rows and day <= rows[-1][0]:
        raise ValueError(f"{where} date: found {day} after {rows[-1][0]}; dates must ascend, one row a day.")
    return day


def _yield_bp(where: str, text: str) -> float:
    if not text:
        return math.nan
    try:
        percent = float(text)
    except ValueError:
        raise ValueError(f"{where}: found {text!r}; allowed is a number in per cent or nothing.") from None
    if not YIELD_PCT_MIN <= percent <= YIELD_PCT_MAX:
        raise ValueError(
            f"{where}: found {percent:g}; allowed is {YIELD_PCT_MIN:g} to {YIELD_PCT_MAX:g} per cent; write"
            " 4.25 for 4.25%."
        )
    # Rounded so that a published hundredth of a per cent is a whole number of bp, free of binary dust.
    return round(percent * 100.0, 6)


def _day(text: str) -> np.datetime64:
    try:
        return np.datetime64(datetime.date.fromisoformat(text), "D")
    except ValueError:
        raise ValueError(f"date: found {text!r}; allowed are dates like 2020-03-09.") from None
