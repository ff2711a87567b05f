"""History's series as a run is drawn: values of a table on the trading days of the run."""

from __future__ import annotations

import csv
import math
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from simulator.history.episode import Episode, HistorySeries
from simulator.history.measuring import Measured
from simulator.scenario.errors import Problem, Problems
from simulator.scenario.loading import LoadedScenario

Values = NDArray[np.float64]

#: Folder of public data that a user may have: what may not ship is read from it.
PUBLIC_DATA = "UNWIND_DATA"


def public_file(name: str) -> Path | None:
    """A table in the folder of public data; none if there is no such folder or table."""
    folder = os.environ.get(PUBLIC_DATA)
    file = Path(folder) / name if folder else None
    return file if file is not None and file.is_file() else None


def series_on(loaded: LoadedScenario[Episode], number: int, run: Measured) -> Values | None:
    """A series of an episode on the days of a run, NaN where it has no value; none if its table is not here.

    Raises
    ------
    Problems
        If the table cannot be read, or has no such column.
    """
    series = loaded.scenario.series[number]
    file = loaded.data_files[series.file] if series.file else public_file(series.public_file)
    if file is None:
        return None
    return table_on(file, series, f"series.{number}", run)


def table_on(file: Path, series: HistorySeries, key: str, run: Measured) -> Values:
    """Values of a table on the days of a run, in the unit of the series; see ``series_on``."""
    values = np.full(len(run.dates), math.nan)
    place = {day.isoformat(): number for number, day in enumerate(run.dates)}
    try:
        with file.open(newline="", encoding="utf-8-sig") as stream:
            rows = csv.DictReader(_without_comments(stream))
            _check_columns(rows.fieldnames or (), series, key, file)
            day_column = (rows.fieldnames or ("",))[0]
            for row in rows:
                if row[day_column] in place:
                    values[place[row[day_column]]] = _value(row, series)
    except (OSError, UnicodeDecodeError, ValueError, csv.Error) as error:
        if isinstance(error, Problems):
            raise
        where = "file" if series.file else "public_file"
        raise Problems([Problem(f"{key}.{where}", f"{file.name} cannot be read: {error}")]) from error
    known = values[~np.isnan(values)]
    return values - known[0] if series.change and len(known) else values


def _without_comments(lines: Iterable[str]) -> Iterator[str]:
    return (line for line in lines if not line.startswith("#"))


def _check_columns(names: Iterable[str], series: HistorySeries, key: str, file: Path) -> None:
    known = list(names)
    problems = [
        Problem(
            f"{key}.{which}",
            f"{column!r} is no column of {file.name}",
            f"one of {', '.join(known)}",
            near=known,
        )
        for which, column in (("column", series.column), ("less", series.less))
        if column and column not in known
    ]
    if problems:
        raise Problems(problems)


def _value(row: dict[str, str], series: HistorySeries) -> float:
    """The cell, less the other one, times the factor; NaN where nothing is published."""
    cells = [row[series.column], *([row[series.less]] if series.less else [])]
    if not all(cells):
        return math.nan
    numbers = [float(cell) for cell in cells]
    return series.times * (numbers[0] - sum(numbers[1:]))
