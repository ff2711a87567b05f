"""History's series on the days of a run: shipped tables, the user's own, and public data that may not ship."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from simulator.history.measuring import Measured
from simulator.history.series import series_on
from simulator.history.shelf import load_episode
from simulator.scenario.errors import Problems
from tests.history.conftest import MOMENTS, YIELDS
from tests.history.test_measuring import LAYOUT, SCENARIO

RUN = Measured.of(replace(LAYOUT, opening=date(2000, 1, 3)), SCENARIO)
PUBLIC = MOMENTS.replace("    file: yields.csv\n", "    public_file: rates.csv\n    less: floor\n")


def test_a_table_is_laid_on_the_days_of_the_run(moments: Path) -> None:
    values = series_on(load_episode(moments), 0, RUN)
    assert values is not None
    # 2.0, 2.1, nothing, 1.5 per cent, then no row: in bp, since the first day
    assert values[[0, 1, 3]] == pytest.approx([0.0, 10.0, -50.0])
    assert math.isnan(values[2])
    assert math.isnan(values[4])


def test_levels_are_kept(moments: Path) -> None:
    moments.write_text(MOMENTS.replace("    change: true\n", ""), encoding="utf-8")
    values = series_on(load_episode(moments), 0, RUN)
    assert values is not None
    assert values[:2] == pytest.approx([200.0, 210.0])


def test_days_that_are_not_in_the_run_are_dropped(moments: Path) -> None:
    early = YIELDS.replace("2000-01-03,2.0\n", "1999-12-31,9.9\n2000-01-03,2.0\n2000-01-08,7.7\n")
    (moments.parent / "yields.csv").write_text(early, encoding="utf-8")
    values = series_on(load_episode(moments), 0, RUN)
    assert values is not None
    assert np.nanmax(np.abs(values)) == pytest.approx(50.0)


def test_public_data_is_read_where_it_is(
    moments: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    moments.write_text(PUBLIC, encoding="utf-8")
    monkeypatch.delenv("UNWIND_DATA", raising=False)
    assert series_on(load_episode(moments), 0, RUN) is None
    monkeypatch.setenv("UNWIND_DATA", str(tmp_path))
    assert series_on(load_episode(moments), 0, RUN) is None
    (tmp_path / "rates.csv").write_text(
        "date,y10,floor\n2000-01-03,2.0,1.5\n2000-01-04,2.6,1.5\n2000-01-05,9,\n"
    )
    values = series_on(load_episode(moments), 0, RUN)
    assert values is not None
    assert values[:2] == pytest.approx([0.0, 60.0])
    assert np.isnan(values[2:]).all()


@pytest.mark.parametrize(
    ("table", "told"),
    [
        ("date,y5\n2000-01-03,1\n", "series.0.column: 'y10' is no column of yields.csv"),
        ("", "series.0.column: 'y10' is no column of yields.csv"),
        ("date,y10\n2000-01-03,much\n", "series.0.file: yields.csv cannot be read: could not convert"),
    ],
)
def test_a_broken_table_is_told(table: str, told: str, moments: Path) -> None:
    (moments.parent / "yields.csv").write_text(table, encoding="utf-8")
    episode = load_episode(moments)
    with pytest.raises(Problems) as refused:
        series_on(episode, 0, RUN)
    message = str(episode.refused(refused.value))
    assert told in message
    assert "^" in message
