"""``unwind report``, and the report at the end of ``unwind run``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from simulator.report import run_report
from simulator.results.errors import UNREPORTED
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
