"""`unwind history` as a user types it: shipped episodes, files and runs of one's own, and what it refuses."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from simulator.cli import history_display
from simulator.history.shelf import shipped_episode, shipped_episodes
from simulator.scenario.errors import width
from tests.conftest import Unwind
from tests.history.conftest import MOMENTS

FEW = ("--paths", "12", "--set", "numerics.block=12", "--threads", "1", "--quiet")


def test_every_shipped_episode(unwind: Unwind) -> None:
    code, out, err = unwind("history", *FEW, "--json")
    assert (code, err) == (0, "")
    found = json.loads(out)
    played = [
        (name, each) for name in shipped_episodes() for each in shipped_episode(name).scenario.played_by
    ]
    assert [(episode["episode"], episode["scenario"]) for episode in found] == played
    for episode in found:
        known = shipped_episode(episode["episode"]).scenario
        assert [moment["key"] for moment in episode["moments"]] == [moment.key for moment in known.moments]
        assert episode["left_out"] == []
        assert episode["paths"] == 12
        for moment in episode["moments"]:
            assert moment["source"]
            assert moment["low"] <= moment["mean"] <= moment["high"] or moment["low"] == moment["high"]
            assert moment["bias"] == pytest.approx(moment["mean"] - moment["history"])
            assert 0.0 <= moment["rank"] <= 1.0


def narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        history_display, "console", lambda: Console(markup=False, highlight=False, emoji=False, width=80)
    )


def test_the_table_fits_into_eighty_columns(unwind: Unwind, monkeypatch: pytest.MonkeyPatch) -> None:
    narrow(monkeypatch)
    arguments = [word for word in FEW if word != "--quiet"]
    code, out, _ = unwind("history", "dash-for-cash-2020", *arguments)
    assert code == 0
    table = out[out.index("Told to the model") : out.index("Sources")]
    assert max(map(width, table.splitlines())) <= 80
    assert "\N{HORIZONTAL ELLIPSIS}\n" not in table  # nothing is cut
    for moment in shipped_episode("march-2020").scenario.moments:
        assert f"{moment.value:,g}" in table
        assert "".join(f"{moment.label}, {moment.unit}".split()) in letters(out), moment.label
    found = [each for each in shipped_episode("march-2020").scenario.moments if each.kind == "found"]
    assert re.search(rf"Of {len(found)} moments to find, \d+ lies? within tolerance", " ".join(out.split()))


def letters(table: str) -> str:
    """The labels of a table whose cells are broken over lines, without the figures and blanks between."""
    return "".join("".join(re.split(r"  +[-\d]", line)[0].split()) for line in table.splitlines())


def test_moments_of_ones_own(unwind: Unwind, moments: Path) -> None:
    code, out, _ = unwind("history", "--moments", str(moments), "--paths", "4", "--threads", "1")
    assert code == 0
    assert out.startswith("What never happened: toy, 4 paths, seed 1\n")
    told, found = out.split("For the model to find")
    assert "yields, first to second day, bp" in told
    assert "foreign sales, $bn" in found
    assert "Of 2 moments to find" in found
    assert "1  the scenario" in found


def test_a_run_that_exists(unwind: Unwind, moments: Path, toy_run: Path) -> None:
    code, out, err = unwind("history", str(toy_run), "--moments", str(moments), "--json")
    assert (code, err) == (0, "")
    (found,) = json.loads(out)
    assert found["paths"] == 24
    assert [moment["key"] for moment in found["moments"]] == ["told-fall", "foreign-sold", "margin-rise"]


def test_a_run_by_its_name_in_outputs(
    unwind: Unwind,
    moments: Path,
    toy_run: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "outputs").mkdir()
    (tmp_path / "outputs" / "mine").symlink_to(toy_run)
    monkeypatch.chdir(tmp_path)
    assert unwind("history", "mine", "--moments", str(moments), "--quiet")[0] == 0


def test_a_shorter_horizon_leaves_moments_out(unwind: Unwind, moments: Path) -> None:
    code, out, err = unwind(
        "history", "--moments", str(moments), "--horizon", "5d", "--paths", "3", "--threads", "1"
    )
    assert code == 0
    assert "Left out, after the last day of the run, 2000-01-10: foreign sales." in out
    assert "foreign-sale on day 6" in err


def test_the_page(unwind: Unwind, moments: Path, toy_run: Path, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    code, out, err = unwind("history", str(toy_run), "--moments", str(moments), "-q", "-o", str(page))
    assert (code, out) == (0, "")
    assert err.startswith(f"Page: {page} (")
    text = page.read_text(encoding="utf-8")
    assert "What never happened" in text
    assert "an invented agency" in text


Refusal = Callable[[Path, Path], tuple[list[str], str]]
REFUSED: dict[str, Refusal] = {
    "a scenario without history": lambda file, run: (["supply-glut"], "of which no history ships"),
    "no such scenario": lambda file, run: (["dash-for-cash"], "neither a file nor a shipped scenario"),
    "no such file": lambda file, run: (["--moments", "no-such.yaml"], "does not exist"),
    "settings for a run that exists": lambda file, run: (
        [str(run), "--moments", str(file), "--paths", "9"], "found a run that exists",
    ),
    "a horizon that is too long": lambda file, run: (
        ["--moments", str(file), "--horizon", "13d"], "13d is longer than the scenario's 12 days",
    ),
    "a page that cannot be written": lambda file, run: (
        [str(run), "--moments", str(file), "-q", "-o", str(file / "page.html")], "page.html",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED.values(), ids=REFUSED)
def test_what_is_refused(case: Refusal, unwind: Unwind, moments: Path, toy_run: Path) -> None:
    arguments, told = case(moments, toy_run)
    code, out, err = unwind("history", *arguments)
    assert code in (2, 4)
    assert told in err
    assert out == ""
    assert "Traceback" not in err


def test_a_place_that_the_run_has_not_is_told_at_its_line(
    unwind: Unwind,
    moments: Path,
    toy_run: Path,
) -> None:
    moments.write_text(
        MOMENTS.replace("place: TY, measure: change", "place: TU, measure: change"), encoding="utf-8"
    )
    code, _, err = unwind("history", str(toy_run), "--moments", str(moments))
    assert code == 2
    assert f"{moments}:8:" in err
    assert "moments.0.of.0.place: 'TU' is not a bucket of the run; allowed: one of TY" in err
    assert err.splitlines()[-2].endswith("^")


def test_an_interrupted_run_ends_with_130(unwind: Unwind, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("simulator.ensemble.execution.run_scenario", interrupted)
    assert unwind("history", "calm", *FEW)[0] == 130
