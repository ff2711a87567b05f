"""``unwind report``, and the report at the end of ``unwind run``."""

from __future__ import annotations

import json
from pathlib import Path

import docx
import pytest

from simulator.report import run_report
from simulator.report.images import find_browser
from simulator.report.run_data import RunData
from simulator.results.errors import UNREPORTED, OutputError
from simulator.results.folder import open_run
from simulator.results.outcomes import collect_outcomes
from tests.conftest import Unwind
from tests.report.runs import ROOT

TOY = str(ROOT / "scenarios" / "toy.yaml")


def test_run_ends_with_a_report_and_report_writes_it_again(unwind: Unwind, tmp_path: Path) -> None:
    code, out, _ = unwind("run", TOY, "-o", str(tmp_path / "run"))
    report = tmp_path / "run" / "report.html"
    assert code == 0
    assert f"Report: {report}" in out
    at_first = report.read_bytes()
    assert unwind("report", str(tmp_path / "run"))[0] == 0
    assert report.read_bytes() == at_first
    code, out, _ = unwind("report", str(tmp_path / "run"), "-o", str(tmp_path / "own.html"), "--json")
    assert (code, json.loads(out)) == (0, {"report": str(tmp_path / "own.html"), "bytes": len(at_first)})
    code, out, _ = unwind("run", TOY, "-o", str(tmp_path / "bare"), "--no-report", "--json")
    assert (code, json.loads(out)["report"]) == (0, None)
    assert not (tmp_path / "bare" / "report.html").exists()


def test_a_report_to_write_on(unwind: Unwind, tmp_path: Path) -> None:
    """A document of Word: headings, text and tables as such, figures as pictures with words for who cannot see them."""
    try:
        find_browser()
    except OutputError:
        pytest.skip("no Chromium on this machine: install it (Debian: apt install chromium)")
    assert unwind("run", TOY, "-o", str(tmp_path / "run"), "--no-report", "--quiet")[0] == 0
    code, _, err = unwind("report", str(tmp_path / "run"), "--format", "docx")
    assert (code, err) == (0, "")
    run = open_run(tmp_path / "run")
    page = run_report.run_page(RunData(run, collect_outcomes(run)))
    document = docx.Document(str(tmp_path / "run" / "report.docx"))
    said = [paragraph.text for paragraph in document.paragraphs]
    headings = [each.text for each in document.paragraphs if each.style.name == "Heading 1"]
    assert headings == ["In short", *(section.title for section in page.sections), "What this document is of"]
    assert said[0] == page.title
    assert set(page.summary) <= set(said)
    pictures = [each._inline.docPr.get("descr") for each in document.inline_shapes]
    assert pictures == [f"{figure.title}. {figure.alt}" for figure in page.blocks("figure")]
    tables = [table for table in page.blocks("table") if not table.is_folded]
    assert any(
        text.startswith("Rules in force") and text.endswith(": on the page of the report.") for text in said
    )
    assert len(document.tables) == len(tables) + 1
    for table, written in zip(tables, document.tables, strict=False):
        assert [cell.text for cell in written.rows[0].cells] == list(table.headings)
        assert [cell.text for cell in written.rows[-1].cells] == [
            cell.text for cell in table.rows[: len(written.rows) - 1][-1]
        ]


def test_a_run_whose_report_fails_is_complete_and_has_its_own_exit_code(
    unwind: Unwind, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> Path:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(run_report, "write_run_report", fail)
    code, out, err = unwind("run", TOY, "-o", str(tmp_path / "run"))
    assert code == UNREPORTED
    assert "Report:" not in out
    assert "The report could not be written:" in err
    assert f"Try: unwind report {tmp_path / 'run'}" in err


def test_what_is_no_run_gets_one_sentence(unwind: Unwind, tmp_path: Path) -> None:
    code, out, err = unwind("report", str(tmp_path))
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert "found no results of a run there" in err


def test_damaged_results_get_one_sentence(unwind: Unwind, tmp_path: Path) -> None:
    assert unwind("run", TOY, "-o", str(tmp_path / "run"), "--no-report", "--quiet")[0] == 0
    (chunk,) = (tmp_path / "run" / "results.zarr" / "dislocation").glob("c.*")
    chunk.write_bytes(b"")
    code, _, err = unwind("report", str(tmp_path / "run"))
    assert (code, err.count("\n")) == (4, 1)
    assert "damaged" in err
