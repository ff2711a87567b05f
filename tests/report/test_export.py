"""Exports: the numbers of the results, nothing that runs, figures drawn by a real browser."""

from __future__ import annotations

import csv
import io
import json
import struct
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import openpyxl
import pytest
import xarray as xr
from typer.testing import CliRunner

from simulator.cli.main import app
from simulator.ensemble.execution import run_scenario
from simulator.report.export import FORMATS, export
from simulator.report.images import BROWSER, find_browser
from simulator.report.netcdf import netcdf_bytes
from simulator.report.spreadsheets import csv_bytes, workbook_bytes
from simulator.results.errors import ENVIRONMENT, OutputError
from simulator.results.folder import open_run
from simulator.results.outcomes import collect_outcomes
from simulator.results.reading import open_results
from simulator.results.summary import summarise
from simulator.scenario.loading import load_scenario

TOY = Path(__file__).parents[1] / "ensemble" / "toy.yaml"
FORMULAS = [
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "\t=1",
    '=HYPERLINK("http://example.org")',
    "http://example.org",
    "{=1}",
]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("exported") / "run"
    run_scenario(
        load_scenario(TOY, ["paths=16", "drivers.noise=1.5", "numerics.block=16"]), folder, threads=1
    )
    return folder


@pytest.fixture(scope="module")
def files(run: Path) -> dict[str, Path]:
    written = export(run, formats=("json", "csv", "xlsx", "netcdf"))
    assert len(set(written)) == len(written)
    return {str(file.relative_to(run / "export")): file for file in written}


def test_the_summary_is_that_of_the_run(run: Path, files: dict[str, Path]) -> None:
    opened = open_run(run)
    wanted = json.loads(json.dumps(summarise(opened, collect_outcomes(opened)).as_record()))
    said = json.loads(files["summary.json"].read_text(encoding="utf-8"))
    assert said.pop("identity")["digest"] == opened.manifest.digest
    assert said["tables"] == wanted["tables"]


def test_a_summary_is_exported_without_compiler_pages_and_plots(run: Path, tmp_path: Path) -> None:
    heavy = ("numba", "plotly", "jinja2", "xarray", "pandas", "simulator.report.run_report")
    program = (
        "import sys; from simulator.report.export import export;"
        f" export({str(run)!r}, {str(tmp_path)!r}, ['json']);"
        f" print([name for name in {heavy} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
    assert (tmp_path / "summary.json").is_file()


def test_tables_are_those_of_the_summary(files: dict[str, Path]) -> None:
    said = json.loads(files["summary.json"].read_text(encoding="utf-8"))
    text = files["tables/table-deleveraging.csv"].read_text(encoding="utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    wanted = said["tables"]["deleveraging"]
    assert len(rows) == len(wanted)
    for row, cells in zip(rows, wanted.values(), strict=True):
        saved = [float(value) for value in list(row.values())[1:] if value]
        known = [cell[key] for cell in cells.values() if cell for key in ("value", "standard_error")]
        # What is known without error has no column of errors.
        assert sorted(filter(None, saved)) == pytest.approx(sorted(filter(None, known)))


def test_the_workbook_holds_the_tables(files: dict[str, Path]) -> None:
    book = openpyxl.load_workbook(files["tables.xlsx"])
    text = files["tables/table-yields.csv"].read_text(encoding="utf-8-sig")
    heading, *rows = csv.reader(io.StringIO(text, newline=""))
    sheet = next(sheet for sheet in book if [cell.value for cell in sheet[1]] == heading)
    for row, saved in zip(sheet.iter_rows(min_row=2, values_only=True), rows, strict=True):
        known = [float(value) for value in row[1:] if value is not None]
        assert known == pytest.approx([float(value) for value in saved[1:] if value])


def test_the_workbook_has_a_cover(files: dict[str, Path]) -> None:
    cover = openpyxl.load_workbook(files["tables.xlsx"]).worksheets[0]
    told = dict(cover.iter_rows(min_row=2, max_col=2, values_only=True))
    assert cover.title == "Cover"
    assert told["Status"].startswith("Complete")
    assert told["In short 1"].startswith("The ")
    assert "Seed" in told


def test_a_summary_is_exported_without_making_the_page(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_page(_: object) -> None:
        raise AssertionError("the page was made")

    monkeypatch.setattr("simulator.report.run_report.run_page", no_page)
    (file,) = export(run, tmp_path, ["json"])
    assert json.loads(file.read_text(encoding="utf-8"))["headlines"]
    with pytest.raises(AssertionError):
        export(run, tmp_path, ["xlsx"])


def test_nothing_in_a_workbook_is_a_formula_or_a_link() -> None:
    data = workbook_bytes({"=1+1": dict.fromkeys(FORMULAS, FORMULAS), "": {"a": [1.5, None, float("nan")]}})
    book = openpyxl.load_workbook(io.BytesIO(data))
    for row in book.worksheets[0].iter_rows():
        for cell in row:
            assert cell.data_type == "s"
            assert cell.hyperlink is None
    assert [cell.value for cell in book.worksheets[1]["A"]] == ["a", 1.5]


def test_a_workbook_with_formulas_would_be_seen() -> None:
    """The planted error: what a library writes by default is a live formula."""
    book = openpyxl.Workbook()
    book.active["A1"] = "=1+1"
    stream = io.BytesIO()
    book.save(stream)
    assert openpyxl.load_workbook(stream).active["A1"].data_type == "f"


def test_nothing_in_a_csv_is_a_formula() -> None:
    rows = list(csv.reader(io.StringIO(csv_bytes({"=x": FORMULAS}).decode("utf-8-sig"), newline="")))
    assert rows[0] == ["'=x"]
    assert all(row[0][:1] not in tuple("=+-@\t") for row in rows)
    assert [row[0].removeprefix("'") for row in rows[1:]] == FORMULAS


def test_netcdf_reads_back(run: Path, files: dict[str, Path]) -> None:
    stored = open_results(run)
    with xr.open_dataset(files["results.nc"], engine="scipy") as read:
        assert set(read.data_vars) == set(stored.data_vars)
        for name in stored.data_vars:
            np.testing.assert_array_equal(read[name].values, stored[name].values, err_msg=str(name))
            assert read[name].attrs["units"] == stored[name].attrs["units"]
        assert read["trade"].values.astype(str).tolist() == ["FV", "TY"]
        assert (read["date"].values == stored["date"].values).all()


def test_netcdf_takes_chosen_variables_and_refuses_too_much(run: Path) -> None:
    stored = open_results(run)
    assert len(netcdf_bytes(stored, run, ["repo_spread"])) < len(netcdf_bytes(stored, run)) / 10
    with pytest.raises(OutputError, match="--variable: found nonsense"):
        netcdf_bytes(stored, run, ["nonsense"])
    wide = xr.Dataset({"x": (("path",), np.broadcast_to(np.float32(0.0), 10**9))})
    with pytest.raises(OutputError, match=r"NetCDF of 4\.0 GB"):
        netcdf_bytes(wide, run)


def test_figures_are_drawn_by_a_browser(run: Path, tmp_path: Path) -> None:
    try:
        find_browser()
    except OutputError:
        pytest.skip("no Chromium on this machine: install it (Debian: apt install chromium)")
    drawn = {file.name: file.read_bytes() for file in export(run, tmp_path, ("svg",))}
    assert len(drawn) >= 10
    whole = "".join(ElementTree.fromstring(drawn["dislocation.svg"]).itertext())
    for told in (
        "Basis by contract",
        "at its largest, on average",
        "What the futures price pays",
        "Source: Unwind",
    ):
        assert told in " ".join(whole.split()), told
    for name, data in drawn.items():
        root = ElementTree.fromstring(data)
        assert root.tag.endswith("svg"), name
        assert len(list(root.iter("{http://www.w3.org/2000/svg}path"))) > 3, name
        assert not list(root.iter("{http://www.w3.org/2000/svg}script")), name
    pictures = {file.stem: file.read_bytes() for file in export(run, tmp_path, ("png",))}
    assert set(pictures) == {Path(name).stem for name in drawn}
    for name, data in pictures.items():
        assert data[:8] == b"\x89PNG\r\n\x1a\n", name
        width, height = struct.unpack(">II", data[16:24])
        assert width == (1800 if name[-1].isdigit() else 2400), name
        assert height >= 600, name


def test_without_a_browser_tables_are_still_there(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(BROWSER, "no-such-browser")
    shown = CliRunner().invoke(app, ["export", str(run), "--to", str(tmp_path), "-f", "svg"])
    assert shown.exit_code == ENVIRONMENT
    assert "no browser" in shown.output
    assert CliRunner().invoke(app, ["export", str(run), "--to", str(tmp_path), "-f", "csv"]).exit_code == 0
    assert (tmp_path / "tables" / "table-yields.csv").is_file()


def test_unknown_formats_are_refused(run: Path) -> None:
    shown = CliRunner().invoke(app, ["export", str(run), "--format", "docx"])
    assert shown.exit_code == 2
    assert ", ".join(FORMATS) in shown.output


def test_the_command_says_what_it_wrote(run: Path, tmp_path: Path) -> None:
    said = CliRunner().invoke(app, ["export", str(run), "--to", str(tmp_path), "-f", "json", "--json"])
    assert json.loads(said.output) == {"files": [str(tmp_path / "summary.json")]}


def test_a_summary_is_exported_without_what_it_does_not_need() -> None:
    """The schema, the code of sweeps and pages, and the compiler take longer to load than a summary to make."""
    program = "import sys; import simulator.report.export; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    ).stdout
    heavy = {
        "numba",
        "ruamel.yaml",
        "simulator.scenario.schema",
        "simulator.sweeps.cells",
        "simulator.report.page",
    }
    assert not heavy & set(loaded.split())
