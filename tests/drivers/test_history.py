from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from simulator.drivers.block import DriverSpec, draw_block
from simulator.drivers.history import Bootstrap, YieldHistory, read_yields, replayed_window
from simulator.drivers.rates import TENOR_YEARS
from simulator.drivers.regimes import REGIMES

HEADER = "date,y1,y2,y3,y5,y7,y10,y20,y30\n"
ROW = "2020-01-{:02d},1.5,1.5,1.5,1.5,1.5,1.5,1.5,1.5\n"
TEN = TENOR_YEARS.index(10)


def test_reading_keeps_whole_basis_points(tmp_path: Path) -> None:
    path = tmp_path / "yields.csv"
    path.write_text(HEADER + "2020-01-02,,1.58,1.59,1.67,1.79,1.88,2.19,2.33\n" + ROW.format(3))
    history = read_yields(path)
    assert history.yields_bp[0].tolist() == [158.0, 159.0, 167.0, 179.0, 188.0, 219.0, 233.0]
    assert history.dates.tolist() == np.array(["2020-01-02", "2020-01-03"], "datetime64[D]").tolist()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "yields.csv: is empty; allowed: a heading, and rows below it."),
        (
            "date,y2,y3,y5,y7,y20,y30\n2020-01-02,1,1,1,1,1,1\n",
            "yields.csv:1: no column y10; the heading has date, y2,",
        ),
        (HEADER, "yields.csv: has no rows; allowed: at least one row below the heading."),
        (
            HEADER + ROW.format(2) + "2020-01-03,1,2\n",
            "yields.csv:3: 3 cells in the row; allowed: 9, as in the heading.",
        ),
        (
            HEADER + ROW.format(2) + ROW.format(3).replace("2020-01-03", "03/01/2020"),
            "yields.csv:3 date: '03/01/2020' is no date; allowed: a day as 2020-03-09: year, month, day.",
        ),
        (
            HEADER + ROW.format(2) + ROW.format(2),
            "yields.csv:3 date: 2020-01-02 stands twice; allowed: dates that ascend, or descend, one row a",
        ),
        (
            HEADER + "2020-01-02,1.5,1.5,1.5,abc,1.5,1.5,1.5,1.5\n",
            "yields.csv:2 y5: 'abc' is no number; allowed: per cent, or an empty cell. Leave the cell empty.",
        ),
        (
            HEADER + "2020-01-02,1.5,1.5,1.5,1.5,1.5,1.5,1.5,425\n",
            "yields.csv:2 y30: 425 is no yield; allowed: -5 to 30 per cent. Write 4.25 for 4.25%.",
        ),
        (
            HEADER + "2020-01-02,1.5,nan,1.5,1.5,1.5,1.5,1.5,1.5\n",
            "yields.csv:2 y2: 'nan' is no number; allowed: per cent",
        ),
        ("date,y2\x00\n", "yields.csv"),
    ],
)
def test_faults_carry_line_and_column(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "yields.csv"
    path.write_text(text)
    with pytest.raises(ValueError) as fault:  # noqa: PT011
        read_yields(path)
    assert str(fault.value).startswith(message)


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "yields.csv"
    path.write_bytes(b"\xff\xfe\x00d\x00a")
    with pytest.raises(ValueError, match=r"yields.csv: is not UTF-8 \(it looks like UTF-16\)"):
        read_yields(path)


def short_history(days: int = 60) -> YieldHistory:
    dates = np.datetime64("2020-01-01", "D") + np.arange(days)
    levels = 150.0 + np.cumsum(np.tile([3.0, -2.0, -4.0, 5.0], days // 4))
    return YieldHistory("yields.csv", dates, np.repeat(levels[:, None], 7, axis=1))


def test_windows_that_do_not_fit_are_refused() -> None:
    history = short_history()
    with pytest.raises(ValueError, match=r"no day on or before 2019-12-31, and 5 days after it are needed"):
        replayed_window(history, "2019-12-31", 5)
    with pytest.raises(ValueError, match=r"4 trading days after 2020-02-25, and 5 days after it"):
        replayed_window(history, "2020-02-25", 5)
    with pytest.raises(ValueError, match=r"9 daily changes before 2020-01-10; allowed: 20"):
        replayed_window(history, "2020-01-10", 5)
    with pytest.raises(
        ValueError, match=r"0 daily changes from 2021-01-01 to 2021-02-01; allowed: at least 2"
    ):
        history.changes_bp("2021-01-01", "2021-02-01")
    with pytest.raises(ValueError, match=r"'2020-02-30' is no day of the calendar"):
        replayed_window(history, "2020-02-30", 5)
    history.yields_bp[42, 5] = np.nan
    with pytest.raises(ValueError, match=r"no y20 on 2020-02-12; allowed: all of"):
        replayed_window(history, "2020-02-01", 20)


def test_replay_equals_the_data(yields: YieldHistory) -> None:
    """Ten-year closes of February and March 2020, and every tenor of every day, exactly."""
    block = draw_block(DriverSpec("replay", history=yields, opening="2020-02-19"), 1, 0, 3, 60)
    closes = {12: 54.0, 13: 76.0, 19: 118.0, 28: 70.0}  # 9, 10, 18 and 31 March
    for day, close in closes.items():
        assert block.curve_change_bp[0, day, TEN] == close - 156.0
    row = int(np.flatnonzero(yields.dates == np.datetime64("2020-02-19"))[0])
    actual = yields.yields_bp[row + 1 : row + 61] - yields.yields_bp[row]
    assert np.array_equal(block.curve_change_bp, np.broadcast_to(actual, (3, 60, 7)))
    assert np.array_equal(block.volatility_multiplier[0], block.volatility_multiplier[2])
    assert 2.5 < block.volatility_multiplier[0].max() < 4.0


def test_replay_opens_on_the_last_trading_day(yields: YieldHistory) -> None:
    friday, sunday = (replayed_window(yields, day, 5)[0] for day in ("2020-03-06", "2020-03-08"))
    assert np.array_equal(friday, sunday)


def test_noise_on_a_replay_has_mean_zero(yields: YieldHistory) -> None:
    plain = draw_block(DriverSpec("replay", history=yields, opening="2020-02-19"), 1, 0, 2_000, 20)
    spec = DriverSpec("replay", rate_model=REGIMES["2017-2019"], history=yields, opening="2020-02-19")
    noise = draw_block(spec, 1, 0, 2_000, 20).curve_change_bp - plain.curve_change_bp
    ends = noise[:, -1]
    assert (np.abs(ends.mean(axis=0)) < 5.0 * ends.std(axis=0) / np.sqrt(2_000.0)).all()
    assert (ends.std(axis=0) > 10.0).all()
    silent = draw_block(
        DriverSpec(
            "replay",
            rate_model=REGIMES["2017-2019"],
            history=yields,
            opening="2020-02-19",
            noise_scale=0.0,
        ),
        1,
        0,
        4,
        20,
    )
    assert np.array_equal(silent.curve_change_bp, plain.curve_change_bp[:4])
    assert np.array_equal(silent.volatility_multiplier, plain.volatility_multiplier[:4])


@pytest.mark.parametrize("is_stationary", [True, False])
def test_bootstrap_preserves_moments(yields: YieldHistory, is_stationary: bool) -> None:
    """Variance, fourth moment and clustering, within 5 standard errors over independent paths.

    A ring of blocks draws every day equally often, so the sample's moments are exact targets. Blocks of fixed
    length leave out the ring and favour the middle; the whole of 2010-2019 is long enough not to notice.
    """
    sample = yields.changes_bp("2010-01-01", "2019-12-31")
    spec = DriverSpec("bootstrap", bootstrap=Bootstrap(sample, 25.0, is_stationary))
    daily = np.diff(draw_block(spec, 5, 0, 2_000, 50).curve_change_bp, axis=1, prepend=0.0)
    centred = sample - sample.mean(axis=0)
    size, target_size = np.abs(daily), np.abs(centred)

    def misses(power: float, error: float = 1.0) -> bool:
        by_path = (size**power).mean(axis=1)
        band = 5.0 * by_path.std(axis=0) / np.sqrt(len(by_path))
        return bool((np.abs(by_path.mean(axis=0) - error * (target_size**power).mean(axis=0)) > band).any())

    assert not misses(2.0)
    assert not misses(4.0)
    assert misses(2.0, error=1.21)  # standard deviations 10% off
    assert misses(4.0, error=1.46)

    # A pair of neighbouring days falls in one block with probability 1 - 1/25 (24/25 of fixed blocks too).
    pair = (size[:, 1:, TEN] * size[:, :-1, TEN]).mean(axis=1)
    joined = (target_size[1:, TEN] * target_size[:-1, TEN]).mean()
    target = 24.0 / 25.0 * joined + target_size[:, TEN].mean() ** 2.0 / 25.0
    error = pair.std() / np.sqrt(len(pair))
    assert abs(pair.mean() - target) < 5.0 * error
    assert abs(pair.mean() - target_size[:, TEN].mean() ** 2.0) > 5.0 * error  # days drawn one by one


def test_bootstrap_paths_are_pieces_of_history(yields: YieldHistory) -> None:
    sample = yields.changes_bp("2020-02-01", "2020-04-30")
    bootstrap = Bootstrap(sample, 5.0, is_stationary=False, keeps_drift=True)
    rows = bootstrap.sampled_days(1, 0, 50, 20, "pseudo")
    assert (np.diff(rows.reshape(50, 4, 5), axis=2) == 1).all()
    daily = np.diff(
        draw_block(DriverSpec("bootstrap", bootstrap=bootstrap), 1, 0, 50, 20).curve_change_bp,
        axis=1,
        prepend=0.0,
    )
    assert np.allclose(daily, sample[rows], rtol=0.0, atol=1e-9)


@pytest.mark.parametrize("block_days", [0.5, 301.0, float("nan")])
def test_impossible_blocks_are_refused(block_days: float) -> None:
    with pytest.raises(ValueError, match=r"bootstrap: blocks of .* days; allowed: 1 to the 300 days"):
        Bootstrap(np.ones((300, 7)), block_days)
