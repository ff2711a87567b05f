"""Regimes of the factor model fitted to a user's own yields, in the way of the shipped ones.

A window is a name and the days from a start to an end. The longest window is fitted to its own moments alone; the
others lean on it, as the shipped ones lean on 2010-2025. A file whose longest window is short leans on that one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path

import numpy as np

from simulator.calibration.moments import FITTED_DAYS_MIN, LONG_WINDOW, WINDOWS, fitted_regimes
from simulator.drivers.history import YieldHistory, read_yields
from simulator.drivers.rates import RateModel
from simulator.drivers.regimes import REGIMES
from simulator.scenario.errors import Problem, Problems, did_you_mean
from simulator.units import BASIS_POINTS, quoted, written

Windows = Mapping[str, tuple[str, str]]

#: Name of the regime that is fitted when no window is named.
OWN = "own"
#: Judgement: with fewer days correlations of seven tenors are noise; March 2020 has 22.
DAYS_MIN = 20

_WINDOW = re.compile(r"(?P<name>[A-Za-z0-9_-]{1,40})=(?P<start>\d{4}-\d\d-\d\d):(?P<end>\d{4}-\d\d-\d\d)")


def read_own_yields(path: Path) -> YieldHistory:
    """Read a user's file of par yields.

    Raises
    ------
    Problems
        If it cannot be read.
    """
    try:
        return read_yields(path)
    except OSError as error:
        raise Problems(
            [Problem(str(path), f"cannot be read: {error.strerror}", "", "Check the path.")]
        ) from error
    except ValueError as error:
        raise Problems([Problem("--regimes", str(error).rstrip("."))]) from error


def windows_of(texts: Sequence[str], yields: YieldHistory, until: date | None) -> Windows:
    """The windows that were named, or one of the whole file.

    Parameters
    ----------
    texts
        ``NAME=START:END`` with ISO dates, or the name of a shipped regime for its own days.
    yields
        The file.
    until
        Last day of the window of the whole file.

    Raises
    ------
    Problems
        With every text that is no window.
    """
    if not texts:
        return {OWN: _whole(yields, until)}
    problems: list[Problem] = []
    found: dict[str, tuple[str, str]] = {}
    for text in texts:
        try:
            name, days = _window(text)
            if name in found:
                raise Problems(
                    [Problem("--window", f"found {name} twice", "", "Give each window its own name.")]
                )
            found[name] = days
        except Problems as problem:
            problems += problem.problems
    if problems:
        raise Problems(problems)
    return found


def _window(text: str) -> tuple[str, tuple[str, str]]:
    if text in WINDOWS:
        return text, WINDOWS[text]
    match = _WINDOW.fullmatch(text)
    allowed = f"Allowed are NAME=2018-01-01:2019-12-31, or one of {', '.join(WINDOWS)}."
    if match is None:
        advice = did_you_mean(text, WINDOWS)
        raise Problems([Problem("--window", f"found {quoted(text)}", allowed, advice)])
    try:
        start, end = (date.fromisoformat(match[part]) for part in ("start", "end"))
    except ValueError as error:
        raise Problems([Problem("--window", f"found {quoted(text)}: {error}", allowed)]) from error
    if start >= end:
        raise Problems([Problem("--window", f"found {quoted(text)}, which ends before it starts", allowed)])
    return match["name"], (str(start), str(end))


def _whole(yields: YieldHistory, until: date | None) -> tuple[str, str]:
    """First and last day of the complete stretch up to a day, or to the end of the file."""
    last = np.datetime64(until or date.max, "D")
    rows = np.flatnonzero(yields.dates <= last)
    incomplete = np.flatnonzero(~np.isfinite(yields.yields_bp[rows]).all(axis=1))
    first = int(incomplete[-1]) + 1 if len(incomplete) else 0
    if first + 1 >= len(rows):
        found = f"found no two days in a row with all yields up to {until or yields.dates[-1]}"
        raise Problems(
            [Problem(yields.source, found, "", "Name complete days with --window NAME=START:END.")]
        )
    return str(yields.dates[first + 1]), str(yields.dates[rows[-1]])


def fitted_windows(yields: YieldHistory, windows: Windows) -> dict[str, RateModel]:
    """The regimes of some windows: the longest one alone, then the others with it as their prior.

    Raises
    ------
    Problems
        With every window that cannot be fitted.
    """
    problems: list[Problem] = []
    for name, (start, end) in windows.items():
        try:
            changes = yields.changes_bp(start, end)
        except ValueError as error:
            problems.append(Problem("--window", f"{name}: {error}".rstrip(".")))
            continue
        still = np.ptp(changes, axis=0) == 0.0
        if len(changes) < DAYS_MIN or still.any():
            days = f"{len(changes)} daily changes from {start} to {end}"
            what = "yields that never move" if still.any() else days
            allowed = f"A window needs {DAYS_MIN} changes or more, of yields that move."
            problems.append(Problem("--window", f"{name}: found {what} in {yields.source}", allowed))
    if problems:
        raise Problems(problems)
    is_long = any(len(yields.changes_bp(*days)) >= FITTED_DAYS_MIN for days in windows.values())
    return fitted_regimes(yields, windows, None if is_long else REGIMES[LONG_WINDOW])


def regime_lines(model: RateModel) -> Iterator[tuple[str, str]]:
    """Keys and written values of a regime in a scenario."""
    dynamics = model.volatility
    yield "source", json.dumps(model.source, ensure_ascii=False)
    yield "sd", _list(written(BASIS_POINTS, sd) for sd in model.sd_bp)
    for name, loadings in zip(("level", "slope", "curvature"), model.loadings, strict=True):
        yield name, _list(map(repr, loadings))
    yield "volatility_sensitivity", _list(map(repr, model.volatility_sensitivity))
    yield "persistence", repr(dynamics.persistence_per_day)
    yield "shock_sd", repr(dynamics.shock_sd)
    yield "jumps_per_year", repr(dynamics.jumps_per_year)
    yield "jump_size", repr(dynamics.jump_size)
    yield "news_sd", repr(dynamics.news_sd)
    yield "reversion", _list(map(repr, model.reversion_per_year))


def _list(values: Iterable[str]) -> str:
    return f"[{', '.join(values)}]"
