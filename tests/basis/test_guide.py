"""The guide's commands print what the guide says, and its Python examples run."""

from __future__ import annotations

import doctest
import re
from pathlib import Path

import pytest

from tests.basis.test_command import run
from tests.basis.test_desk import credit

GUIDE = Path(__file__).resolve().parents[2] / "docs" / "guide" / "basis.md"


def test_commands_print_what_the_guide_shows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = GUIDE.read_text(encoding="utf-8")
    table, china = re.findall(r"```csv\n(.*?)```", text, re.DOTALL)
    monkeypatch.chdir(tmp_path)
    Path("bonds.csv").write_text(table, encoding="utf-8")
    Path("china.csv").write_text(china, encoding="utf-8")
    broken = "\n".join(table.splitlines()[:2]).replace("TY,", "BUND,").replace("109.0390625", "109-1")
    Path("broken.csv").write_text(broken, encoding="utf-8")
    shown = re.findall(r"```console\n\$ unwind basis (.*?)\n(.*?)```", text, re.DOTALL)
    assert len(shown) == 8
    for arguments, output in shown:
        assert run(*arguments.split()).output == output
    (arguments, output) = re.findall(r"```console\n\$ unwind credit (.*?)\n(.*?)```", text, re.DOTALL)[0]
    assert credit(*arguments.split()) == (0, output)


def test_python_examples_run() -> None:
    failed, attempted = doctest.testfile(str(GUIDE), module_relative=False)
    assert failed == 0
    assert attempted > 10
