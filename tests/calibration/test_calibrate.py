"""The command that makes opening markets and regimes: what it writes, what it refuses, and what it writes down."""

from __future__ import annotations

import csv
import hashlib
import json
import os
import random
import shutil
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pytest

from simulator.calibration.availability import Choice, Reach, spans
from simulator.calibration.presets import SHIPPED
from simulator.calibration.public_data import FILES, FORM_PF, RATES, YIELDS
from simulator.calibration.vintage import locked_vintage
from simulator.drivers.regimes import REGIMES
from simulator.engine.opening.world import build_driver_spec, regime_at_opening_volatility
from simulator.inputs.opened import Inputs
from simulator.results.manifest import scenario_hash
from simulator.scenario.errors import Problems, ScenarioError
from simulator.scenario.explain import as_written
from simulator.scenario.files import PRESETS
from simulator.scenario.loading import load_scenario
from simulator.scenario.schema import SHIPPED_REGIMES
from tests.conftest import Unwind

ROOT = Path(__file__).resolve().parents[2]
PRESET = "preset:us-treasury-2025-04-01"


@pytest.fixture(scope="module")
def data() -> Path:
    folder = Path(os.environ.get("UNWIND_DATA", ROOT.parent / "shared" / "data"))
    if not (folder / YIELDS).is_file():
        pytest.skip(f"no public data files in {folder}; set UNWIND_DATA")
    return folder


@pytest.fixture
def changed(data: Path, tmp_path: Path) -> Callable[[str, Callable[[str], str]], Path]:
    """A copy of the public files in which one is changed."""

    def copy(file: str, change: Callable[[str], str]) -> Path:
        folder = tmp_path / "data"
        folder.mkdir()
        for name in FILES:
            shutil.copy(data / name, folder / name)
        text = (folder / file).read_text(encoding="utf-8")
        (folder / file).write_text(change(text), encoding="utf-8")
        return folder

    return copy


@pytest.fixture
def own_yields(tmp_path: Path) -> Path:
    """Two hundred trading days of a user's yields."""
    draw, file = random.Random(5), tmp_path / "own.csv"
    level, day = [2.0, 2.1, 2.3, 2.4, 2.5, 2.9, 3.0], date(2023, 1, 2)
    with file.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(["date", "y2", "y3", "y5", "y7", "y10", "y20", "y30"])
        for _ in range(200):
            shared = draw.gauss(0.0, 0.05)
            level = [round(value + shared + draw.gauss(0.0, 0.02), 3) for value in level]
            writer.writerow([day, *level])
            day += timedelta(days=3 if day.weekday() == 4 else 1)
    return file


# Opening markets


@pytest.mark.parametrize("day", SHIPPED, ids=str)
def test_shipped_markets_come_out_to_the_last_digit(
    data: Path, unwind: Unwind, tmp_path: Path, day: date
) -> None:
    file = tmp_path / "market.yaml"
    code, _, err = unwind("calibrate", "--data", str(data), "--date", str(day), "-o", str(file), "-q")
    assert (code, err) == (0, "")
    assert file.read_bytes() == (PRESETS / f"us-treasury-{day}.yaml").read_bytes()


def test_another_market_validates_and_is_not_written_over(data: Path, unwind: Unwind, tmp_path: Path) -> None:
    file = tmp_path / "june.yaml"
    command = ("calibrate", "--data", str(data), "--date", "2020-11-02", "-o", str(file))
    code, out, err = unwind(*command)
    assert (code, err) == (0, "")
    assert f"unwind run {file}" in out
    assert unwind("validate", str(file))[0] == 0
    before = file.read_bytes()
    code, _, err = unwind(*command)
    assert (code, err) == (2, f"{file}: is there already. Choose another name, or delete it.\n")
    assert file.read_bytes() == before


def test_a_dry_run_tells_the_rows_and_writes_nothing(data: Path, unwind: Unwind, tmp_path: Path) -> None:
    file = tmp_path / "june.yaml"
    options = ("--date", "2021-06-01", "-o", str(file), "--dry-run")
    code, out, _ = unwind("calibrate", "--data", str(data), *options)
    assert code == 0
    assert out.startswith(f"Would write {file}: the market of 2021-06-01, ")
    assert "cftc_tff_treasury_futures_weekly.csv   2021-06-01" in out
    assert "judgements                             2020-01-01" in out
    assert not file.exists()


def test_a_missing_series_is_told_with_what_there_is_and_what_would_stand_in(
    data: Path, unwind: Unwind
) -> None:
    code, out, err = unwind("calibrate", "--data", str(data), "--date", "2023-06-01")
    assert (code, out) == (2, "")
    assert err == (
        "cftc_tff_treasury_futures_weekly.csv: found no futures-only reports of all six contracts in the 28 days to"
        " 2023-06-01. There are those of 2017-01-03 to 2020-11-24, 2021-01-05 to 2021-12-28, 2024-01-02 to"
        " 2024-06-11, 2025-01-07 to 2025-12-30. --nearest puts in their place those of 2024-01-02.\n"
    )


def test_every_missing_series_is_told_at_once(data: Path, unwind: Unwind) -> None:
    code, _, err = unwind("calibrate", "--data", str(data), "--date", "2012-06-03")
    assert code == 2
    told = [line.partition(":")[0] for line in err.splitlines()]
    assert {YIELDS, RATES, FORM_PF, "judgements"} <= set(told)
    assert "on 2012-06-03 (Sunday)" in err
    assert "in their place those of 2012-06-01" in err, "Friday's, not Monday's"


def test_substitutions_are_said_written_down_and_said_again(
    data: Path, unwind: Unwind, tmp_path: Path
) -> None:
    file = tmp_path / "june.yaml"
    command = ("calibrate", "--data", str(data), "--date", "2023-06-01", "--nearest", "-o", str(file))
    aged = (
        "judgements: the margins, spreads and shares in force are those of 2020-01-01, more than a year before"
        " 2023-06-01; look at them first."
    )
    remark = (
        "cftc_tff_treasury_futures_weekly.csv: no futures-only reports of all six contracts in the 28 days to"
        " 2023-06-01; in their place those of 2024-01-02."
    )
    code, _, err = unwind(*command)
    assert (code, err) == (0, f"{remark}\n{aged}\n")
    text = file.read_text(encoding="utf-8")
    assert "# cftc 2024-01-02: leveraged funds, net short" in text
    assert "open: true\n    spread: 10bp" in text, "the facility was set up in July 2021"
    assert load_scenario(file).scenario.provenance.remarks == [remark, aged]
    code, _, err = unwind("validate", str(file))
    assert (code, err) == (0, f"{remark}\n{aged}\n")


def test_what_nothing_can_stand_in_for_is_refused_with_nearest_too(data: Path, unwind: Unwind) -> None:
    code, _, err = unwind("calibrate", "--data", str(data), "--date", "1993-10-20", "--nearest")
    assert code == 2
    assert "found no 60 daily changes of par yields on or before 1993-10-20" in err
    assert "Nothing can stand in for them." in err
    code, _, err = unwind("calibrate", "--data", str(data), "--date", "2025-10-03", "--nearest")
    assert code == 2
    assert "may be delivered into the ultra 10-year note of December 2025" in err


def without_recent_rates(text: str) -> str:
    return text.replace("\n2020-02-18,", "\n2020-02-17,", 1)


def broken_rate(text: str) -> str:
    return text.replace("\n2000-07-05,6.5", "\n2000-07-05,6.5x", 1)


def without_column(text: str) -> str:
    return text.replace("gross_leverage", "leverage", 1)


@pytest.mark.parametrize(
    ("file", "change", "message"),
    [
        (RATES, without_recent_rates, "found no SOFR, EFFR and interest on reserves on 2020-02-18 (Tuesday)"),
        (RATES, broken_rate, f"{RATES}:3 effr: found '6.5x"),
        (FORM_PF, without_column, f"{FORM_PF}:1: found no column gross_leverage. Needed are date, "),
        (FORM_PF, lambda text: text + "2026-03-31,1\n", "found another number of cells than the header has"),
        (FORM_PF, lambda text: text.replace("2013-03-31", "31/03/2013", 1), f"{FORM_PF}:2 date: found '31/03/2013'"),
    ],
)  # fmt: skip
def test_broken_files_are_told_by_their_place(
    changed: Callable[[str, Callable[[str], str]], Path],
    unwind: Unwind,
    file: str,
    change: Callable[[str], str],
    message: str,
) -> None:
    code, out, err = unwind("calibrate", "--data", str(changed(file, change)), "--date", "2020-02-18")
    assert (code, out) == (2, "")
    assert message in err


def test_a_folder_without_the_files(unwind: Unwind, tmp_path: Path) -> None:
    code, _, err = unwind("calibrate", "--data", str(tmp_path), "--date", "2020-02-18")
    assert code == 2
    assert err.startswith(f"{tmp_path}: found no {YIELDS}, {RATES}, ")


# Vintage and provenance


def test_shipped_markets_carry_the_locked_vintage() -> None:
    vintage = locked_vintage()
    hashes = {Path(file).stem: sha256 for file, sha256 in vintage.files.items()}
    assert list(vintage.files) == list(FILES)
    for day in SHIPPED:
        provenance = load_scenario(f"preset:us-treasury-{day}").scenario.provenance
        assert (provenance.vintage, provenance.files, provenance.remarks) == (vintage.name, hashes, [])


def test_the_lock_is_that_of_the_files(data: Path) -> None:
    for file, sha256 in locked_vintage().files.items():
        assert hashlib.sha256((data / file).read_bytes()).hexdigest() == sha256, file


def test_a_file_of_another_vintage_is_used_and_said(
    changed: Callable[[str, Callable[[str], str]], Path], unwind: Unwind, tmp_path: Path
) -> None:
    def revised(text: str) -> str:
        return (
            text.replace("2019-12-31", "2019-12-31", 1)
            + text.splitlines()[-1].replace("2025-", "2026-")
            + "\n"
        )

    folder, file = changed(FORM_PF, revised), tmp_path / "market.yaml"
    code, _, err = unwind("calibrate", "--data", str(folder), "--date", "2020-02-18", "-o", str(file))
    assert code == 0
    assert err.startswith(
        f"{FORM_PF} is not the file of the locked vintage {locked_vintage().name} (SHA-256 "
    )
    assert len(err.splitlines()) == 1
    provenance = load_scenario(file).scenario.provenance
    assert provenance.files[Path(FORM_PF).stem] == hashlib.sha256((folder / FORM_PF).read_bytes()).hexdigest()
    assert provenance.remarks == [err.rstrip("\n")]


def test_a_run_carries_the_hashes_and_its_numbers_do_not_hang_on_them() -> None:
    said = as_written(load_scenario("dash-for-cash-2020").scenario)
    assert said["provenance"]["files"] == {Path(f).stem: h for f, h in locked_vintage().files.items()}
    bare = {**said, "provenance": {}}
    assert scenario_hash(said) == scenario_hash(bare)
    assert scenario_hash({**said, "horizon": "5d"}) != scenario_hash(said)


# Regimes


def test_the_shipped_fit_comes_out_to_the_last_digit(data: Path, unwind: Unwind, tmp_path: Path) -> None:
    file = tmp_path / "regimes.yaml"
    names = (
        "2010-2025",
        "2017-2019",
        "march-2020",
    )  # the prior, one that leans on it, one that takes its dynamics
    windows = [word for name in names for word in ("--window", name)]
    command = ("calibrate", "--regimes", str(data / YIELDS), *windows, "-o", str(file), "-q")
    assert unwind(*command) == (0, "", "")
    mine = tmp_path / "mine.yaml"
    mine.write_text(f"name: mine\nextends: [{PRESET}, regimes.yaml]\n")
    for name in names:
        scenario = load_scenario(mine, [f'drivers.regime="{name}"']).scenario
        fitted, shipped = (
            scenario.drivers.regimes.pop(name),
            load_scenario(PRESET, [f'drivers.regime="{name}"']),
        )
        assert fitted.source == REGIMES[name].source
        scenario.drivers.regimes[name] = fitted
        assert regime_at_opening_volatility(scenario) == regime_at_opening_volatility(shipped.scenario)


def test_regimes_of_own_yields_are_drawn_from(unwind: Unwind, own_yields: Path, tmp_path: Path) -> None:
    file, mine = tmp_path / "regimes.yaml", tmp_path / "mine.yaml"
    windows = ("--window", "all=2023-01-03:2023-12-31", "--window", "spring=2023-03-01:2023-05-31")
    code, out, err = unwind("calibrate", "--regimes", str(own_yields), *windows, "-o", str(file))
    assert (code, err) == (0, "")
    assert f"extends: [{PRESET}, regimes.yaml]" in out
    mine.write_text(f"name: mine\nextends: [{PRESET}, regimes.yaml]\n")
    loaded = load_scenario(mine)
    own_hash = hashlib.sha256(own_yields.read_bytes()).hexdigest()
    assert loaded.scenario.provenance.files["regimes_own"] == own_hash
    model = build_driver_spec(loaded.scenario, Inputs()).rate_model
    assert model is not None
    assert model.source == "own.csv, 199 daily changes from 2023-01-03 to 2023-12-31"
    assert model.volatility == REGIMES["2010-2025"].volatility, "under 240 days the shipped dynamics"
    spring = build_driver_spec(load_scenario(mine, ["drivers.regime=spring"]).scenario, Inputs()).rate_model
    assert spring is not None
    assert spring.loadings != model.loadings


def test_the_whole_file_up_to_the_date_by_default(data: Path, unwind: Unwind, own_yields: Path) -> None:
    command = ("calibrate", "--data", str(data), "--date", "2023-06-01", "--nearest")
    code, out, _ = unwind(*command, "--regimes", str(own_yields), "--dry-run")
    assert code == 0
    assert "own  own.csv, 108 daily changes from 2023-01-03 to 2023-06-01" in out


@pytest.mark.parametrize(
    ("windows", "message"),
    [
        (["foo"], "--window: found 'foo'. Allowed are NAME=2018-01-01:2019-12-31, or one of 2010-2025, "),
        (["a=2023-13-01:2023-14-01"], "month must be in 1..12"),
        (["a=2023-05-01:2023-04-01"], "ends before it starts"),
        (["a=2023-01-03:2023-03-01", "a=2023-01-03:2023-04-01"], "found a twice"),
        (["a=2023-01-03:2023-01-13"], "a: found 9 daily changes from 2023-01-03 to 2023-01-13 in own.csv"),
        (["2017-2019"], "2017-2019: own.csv: 0 daily changes from 2017-01-01 to 2019-12-31"),
    ],
)
def test_windows_that_cannot_be_fitted(
    unwind: Unwind, own_yields: Path, windows: list[str], message: str
) -> None:
    named = [word for window in windows for word in ("--window", window)]
    code, out, err = unwind("calibrate", "--regimes", str(own_yields), *named)
    assert (code, out) == (2, "")
    assert message in err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "found no --data and no --date"),
        (["--data", "."], "found no --date"),
        (["--date", "2020-02-18"], "found no --data"),
        (["--data", ".", "--date", "18.2.2020"], "--date: found '18.2.2020'. Allowed are dates like 2020-02-18."),
        (["--data", "no-such", "--date", "2020-02-18"], "no-such: is no folder"),
        (["--window", "a=2023-01-03:2023-03-01", "--data", ".", "--date", "2020-02-18"], "found without --regimes"),
        (["--regimes", "no-such.csv"], "no-such.csv: cannot be read"),
        (["--regimes", "x.csv", "-o", "x.txt"], "x.txt: is no name of a scenario file"),
        (["--regimes", "x.csv", "-o", "no/x.yaml"], "no: is no folder"),
    ],
)  # fmt: skip
def test_what_is_asked_wrongly(unwind: Unwind, arguments: list[str], message: str) -> None:
    code, out, err = unwind("calibrate", *arguments)
    assert (code, out) == (2, "")
    assert message in err


def test_the_schema_knows_the_regimes_that_ship() -> None:
    assert tuple(REGIMES) == SHIPPED_REGIMES
    with pytest.raises(
        ScenarioError, match=r"drivers\.regime: 'march-2021' is not a regime.*Did you mean march-2020"
    ):
        load_scenario(PRESET, ["drivers.regime=march-2021"])


def test_loadings_that_are_not_of_unit_length_are_refused(tmp_path: Path) -> None:
    seven = json.dumps([0.5] * 7)
    regime = {"sd": json.dumps(["5bp"] * 7), "volatility_sensitivity": json.dumps([1] * 7)}
    regime |= dict.fromkeys(("level", "slope", "curvature"), seven)
    regime |= {"persistence": "0.9", "shock_sd": "0.1", "news_sd": "0.1"}
    lines = "".join(f"      {key}: {value}\n" for key, value in regime.items())
    file = tmp_path / "mine.yaml"
    file.write_text(f"name: mine\nextends: {PRESET}\ndrivers:\n  regime: x\n  regimes:\n    x:\n{lines}")
    with pytest.raises(ScenarioError, match=r"add up to .*0.75.*1 at every tenor"):
        load_scenario(file)


# Rows for a day


def days(*numbers: int) -> dict[date, int]:
    return {date(2020, 1, 1) + timedelta(days=number): number for number in numbers}


@pytest.mark.parametrize(
    ("reach", "there", "taken"),
    [
        (Reach(7, 7, is_nearest=True), (0, 8, 14), 8),
        (Reach(7, 7, is_nearest=True), (8, 12), 8),
        (Reach(28), (0, 8, 11), 8),
        (Reach(5, 30), (20, 30), 20),
        (Reach(None), (0, 11), 0),
    ],
)
def test_rows_within_reach(reach: Reach, there: tuple[int, ...], taken: int) -> None:
    choice = Choice(date(2020, 1, 11), takes_nearest=False)
    assert choice.of("file", "figures", reach, days(*there)) == taken
    choice.check()


@pytest.mark.parametrize(
    ("there", "instead"), [((0, 12), 12), ((7, 11), 7), ((7, 9, 11), 9), ((40,), 40), ((0, 20), 0)]
)
def test_a_row_out_of_reach_is_taken_only_if_asked(there: tuple[int, ...], instead: int) -> None:
    strict, asked = (Choice(date(2020, 1, 11), takes_nearest=nearest) for nearest in (False, True))
    assert strict.of("file", "figures", Reach(0), days(*there)) == instead
    with pytest.raises(Problems, match="file: found no figures on 2020-01-11"):
        strict.check()
    assert asked.of("file", "figures", Reach(0), days(*there)) == instead
    asked.check()
    assert len(asked.substitutions) == 1


def test_spans_break_at_gaps() -> None:
    there = spans(days(0, 1, 5, 30, 31), 7)
    assert there == [(date(2020, 1, 1), date(2020, 1, 6)), (date(2020, 1, 31), date(2020, 2, 1))]
