"""The Python interface: runs are kept and reused, settings are those of the command line, displays are safe."""

from __future__ import annotations

import base64
import doctest
import json
import re
import shutil
import struct
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

import simulator
from simulator import api
from simulator.api import Results
from simulator.results.summary_html import summary_html
from simulator.scenario.loading import with_overrides
from simulator.scenario.parameter_sets import PATHS_A_SET, ParameterSets
from simulator.scenario.uncertainty import spread_over

ROOT = Path(__file__).resolve().parents[1]
RUNNABLE = (simulator, api)


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="module")
def noisy(tmp_path_factory: pytest.TempPathFactory) -> Results:
    """Six paths of the toy with noise, so that errors are known."""
    changes = {"drivers.model": "factor", "drivers.noise": 1.0, "horizon": "15d"}
    folder = tmp_path_factory.mktemp("api") / "noisy"
    return simulator.run("toy", paths=6, set=changes, output=folder, quiet=True)


@pytest.mark.parametrize("module", RUNNABLE, ids=lambda module: module.__name__)
def test_examples_of_the_docstrings_run(module: object) -> None:
    found = doctest.testmod(module)  # type: ignore[arg-type]
    assert found.attempted > 0
    assert found.failed == 0


def test_every_public_name_is_there_and_documented() -> None:
    for name in set(simulator.__all__) - {"__version__"}:
        assert getattr(simulator, name).__doc__, name
    assert dir(simulator) == sorted(simulator.__all__)
    with pytest.raises(AttributeError, match="no attribute 'runn'"):
        _ = simulator.runn


def test_settings_are_those_of_the_command_line(noisy: Results) -> None:
    written = noisy.manifest.scenario
    assert (written["paths"], written["horizon"]) == (6, "15d")
    assert noisy.manifest.origins["drivers.noise"] == "--set"
    assert noisy.dataset.sizes["path"] == 6
    assert noisy["dislocation"].identical(noisy.dataset["dislocation"])


def test_variants_do_not_stand_in_each_others_way() -> None:
    loaded = simulator.load_scenario("toy", ["horizon=14d"])
    plain = simulator.run(loaded, quiet=True)
    other = simulator.run(loaded, set={"funds.leverage": "12x"}, quiet=True)
    assert plain.folder == Path("outputs/toy")
    assert re.fullmatch(r"outputs/toy-[0-9a-f]{8}", str(other.folder))
    assert other.manifest.scenario["funds"]["leverage"] == "12x"
    assert other.manifest.scenario["horizon"] == "14d"
    created = other.manifest.created
    again = simulator.run(loaded, set={"funds.leverage": "12x"}, quiet=True)
    assert again.manifest.created == created, "the same run was done twice"
    with pytest.raises(simulator.OutputError, match="found another run there: the scenario changed"):
        simulator.run("toy", output="toy", quiet=True)
    assert simulator.open_results(plain.folder).summary.as_record() == plain.summary.as_record()


def test_a_sweep_runs_from_python(tmp_path: Path) -> None:
    file = tmp_path / "tiny.yaml"
    axis = "leverage: {kind: grid, parameter: funds.leverage, values: [8x, 12x]}"
    file.write_text(f"name: tiny\nscenario: toy\npaths: 2\naxes:\n  {axis}\n", encoding="utf-8")
    cells = simulator.sweep(file, quiet=True)
    assert cells["leverage"].values.tolist() == [8.0, 12.0]
    assert (cells["status"] == "done").all()
    assert float(cells["unwound_in_all"].sel(leverage=12)) > float(cells["unwound_in_all"].sel(leverage=8))
    alone = simulator.run("toy", set={"funds.leverage": "12x"}, paths=2, quiet=True)
    assert float(cells["unwound_in_all"].sel(leverage=12)) == pytest.approx(
        float(alone.outcomes["unwound_in_all"].mean())
    )
    assert simulator.write_report("tiny") == Path("outputs/tiny/report.html")
    assert callable(simulator.sweep), "a module of that name stands in the way"


def test_wrong_settings_are_told_with_their_place() -> None:
    with pytest.raises(simulator.ScenarioError, match=r"--set.*funds\.leverge: unknown key.*leverage"):
        simulator.run("toy", set={"funds.leverge": "12x"})
    with pytest.raises(
        simulator.ScenarioError, match=r"neither a file nor a shipped scenario.*Did you mean toy"
    ):
        simulator.run("toyy")
    with pytest.raises(simulator.OutputError, match="nothing"):
        simulator.open_results("nothing")


def test_tables_hold_values_beside_their_errors(noisy: Results) -> None:
    table = noisy.table("deleveraging")
    record = noisy.summary.as_record()["tables"]["deleveraging"]["TY"]["unwound"]
    assert table.loc["TY", ("unwound ($bn)", "value")] == record["value"]
    assert table.loc["TY", ("unwound ($bn)", "standard_error")] == record["standard_error"] > 0.0
    with pytest.raises(KeyError, match="no table of the summary; allowed: shock, yields, impact"):
        noisy.table("yield")


def test_figures_of_the_report_are_drawn(noisy: Results, tmp_path: Path) -> None:
    assert "dislocation" in noisy.figures
    for key in noisy.figures:
        assert noisy.plot(key).data, key
    drawn = noisy.plot("dislocation")
    last = noisy["dislocation"].isel(hedge=0, day=-1)
    finals = [trace.y[-1] for trace in drawn.data if trace.y is not None]
    assert min(finals) <= float(last.mean()) <= max(finals)
    with pytest.raises(KeyError, match=r"no figure of the report; allowed: .*dislocation"):
        noisy.plot("nothing")
    with pytest.raises(KeyError, match="has no drawing 99; allowed: 0 to"):
        noisy.plot("dislocation", 99)


def test_a_figure_carries_a_picture_for_viewers_without_scripts(noisy: Results) -> None:
    if not shutil.which("chromium"):
        pytest.skip("no Chromium on this machine: install it (Debian: apt install chromium)")
    shown = noisy.plot("dealers", 1)._repr_mimebundle_()
    picture = base64.b64decode(shown["image/png"])
    assert picture.startswith(b"\x89PNG")
    assert struct.unpack(">II", picture[16:24])[0] == 1800


def test_without_a_browser_a_figure_is_still_a_figure(
    noisy: Results, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UNWIND_BROWSER", "no-such-browser")
    drawn = noisy.plot("dealers")
    assert drawn.data
    assert "image/png" not in drawn._repr_mimebundle_()


def test_outcomes_become_a_table_for_pandas(noisy: Results) -> None:
    table = noisy.to_pandas()
    assert list(table.index) == noisy.outcomes["path"].values.tolist()
    assert table["unwound_in_all"].tolist() == noisy.outcomes["unwound_in_all"].values.tolist()
    assert table["unwound.TY"].tolist() == noisy.outcomes["unwound"].sel(trade="TY").values.tolist()


def test_xarray_draws_what_it_holds(noisy: Results, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MPLBACKEND", "agg")
    (line,) = noisy["dislocation"].isel(hedge=0).mean("path").plot()
    assert len(line.get_ydata()) == noisy["dislocation"].sizes["day"]


def test_a_sweep_is_drawn_and_becomes_a_table(tmp_path: Path) -> None:
    shutil.copy(ROOT / "scenarios" / "toy.yaml", tmp_path / "toy.yaml")
    file = tmp_path / "two.yaml"
    file.write_text(
        "name: two\nscenario: toy.yaml\npaths: 3\nset: {horizon: 6d}\naxes:\n"
        "  leverage: {kind: grid, parameter: funds.leverage, values: [7x, 12x]}\n"
        "  use: {kind: grid, parameter: dealers.opening_use, values: [70%, 80%, 90%]}\n"
    )
    cells = simulator.sweep(file, output=tmp_path / "out", threads=1, quiet=True)
    again = simulator.open_sweep(tmp_path / "out")
    assert again.unwind.plot("map-unwound-in-all").data[0].z is not None
    assert again.unwind.caption("map-unwound-in-all").startswith("From ")
    table = cells.unwind.to_pandas()
    assert list(table.index.names) == ["leverage", "use"]
    assert table["unwound_in_all"].tolist() == cells["unwound_in_all"].values.ravel().tolist()
    assert table["unwound.TY"].tolist() == cells["unwound"].sel(trade="TY").values.ravel().tolist()
    with pytest.raises(KeyError, match="no figure of the report; allowed: map-"):
        cells.unwind.plot("nothing")


def test_a_report_is_written_from_results(noisy: Results, tmp_path: Path) -> None:
    file = simulator.write_report(noisy, tmp_path / "report.html")
    page = file.read_text(encoding="utf-8")
    assert noisy.summary.headlines
    assert noisy.manifest.run_key[:12] in page


class Parts(HTMLParser):
    """Tags, attributes and texts of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: set[str] = set()
        self.texts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def test_a_notebook_shows_every_table_with_units_and_errors(noisy: Results) -> None:
    page = Parts()
    page.feed(noisy._repr_html_())
    assert page.tags.count("table") == len(noisy.summary.tables) == 11
    assert page.attributes <= {"class", "scope"}
    for text in (*noisy.summary.headlines, "unwound, $bn", "unwound, spare capacity, bp per $100bn"):
        assert text in page.texts
    assert sum("±" in text for text in page.texts) > 40
    assert "6 paths" in repr(noisy)


def test_a_notebook_shows_a_comparison(noisy: Results, tmp_path: Path) -> None:
    changes = {"drivers.model": "factor", "drivers.noise": 1.0, "horizon": "15d", "funds.leverage": "12x"}
    other = simulator.run("toy", paths=6, set=changes, output=tmp_path / "other", quiet=True)
    compared = simulator.compare(noisy, other)
    page = Parts()
    page.feed(compared._repr_html_())
    assert page.tags.count("table") == 1
    assert page.texts.count("other") == 1
    assert any("funds.leverage: 10x → 12x" in text for text in page.texts)
    assert "basis, largest move, bp" in page.texts
    assert len(repr(compared)) < 100
    assert "other" in simulator.write_report(compared).read_text(encoding="utf-8")
    assert Path("comparison.html").is_file()


def test_a_market_in_yuan_is_told_in_yuan(tmp_path: Path) -> None:
    at_once = {"horizon": "5d", "events": [], "output.funds": ["fund 1"]}
    here, there = (
        simulator.run("china-hedgers-2019", paths=4, set=at_once | more, output=tmp_path / name, quiet=True)
        for name, more in (("here", {}), ("there", {"funds.leverage": "12x"}))
    )
    compared = simulator.compare(here, there)
    for told in (
        *here.summary.headlines,
        here._repr_html_(),
        str(here.summary.as_record()["tables"]),
        here.table("deleveraging").to_string(),
        here.book.to_string(),
        simulator.flow_of_funds(here).to_string(),
        compared._repr_html_(),
        str(compared.as_record()["runs"][0]["measures"]),
    ):
        assert "$" not in told
    for told in (here._repr_html_(), here.book.to_string(), simulator.flow_of_funds(here).to_string()):
        assert "¥bn" in told


def test_names_are_text_in_a_notebook(noisy: Results) -> None:
    odd = replace(
        noisy.summary, name="<script>alert(1)</script>", headlines=("\x1b[31m<img src=x onerror=alert(1)>",)
    )
    page = Parts()
    page.feed(summary_html(odd))
    assert not {"script", "img"} & set(page.tags)
    assert "?[31m<img src=x onerror=alert(1)>" in page.texts


def test_a_run_over_parameter_sets_is_another_run(tmp_path: Path) -> None:
    sets = ParameterSets(("dealers.cost_above",), ((900.0,), (600.0,)), (0.5, 0.5))
    file = tmp_path / "sets.json"
    file.write_text(json.dumps(sets.as_record()), encoding="utf-8")
    found = simulator.run("toy", paths=PATHS_A_SET + 2, uncertainty=file, quiet=True)
    assert found.summary.sets == 2
    assert "over 2 parameter sets" in summary_html(found.summary)
    assert found.folder != simulator.run("toy", paths=PATHS_A_SET + 2, quiet=True).folder


def test_what_is_told_later_stays_told_over_parameter_sets(tmp_path: Path) -> None:
    sets = ParameterSets(("dealers.cost_above", "funds.free_cash"), ((900.0, 0.05),), (1.0,))
    loaded = spread_over(simulator.load_scenario("toy"), sets)
    again = with_overrides(loaded, ["dealers.cost_above=700bp"])
    assert again.sets is not None
    assert again.sets.keys == ("funds.free_cash",)
