"""The figures of the guide to comparisons are those that its own commands print, run in order."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.changed_figures import advice

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "guide" / "compare.md"
BLOCK = re.compile(r"(<!-- (\w+): begin -->\n```text\n)(.*?)(\n```)", re.DOTALL)
COMMAND = re.compile(r"^    (unwind (?:[^\n]*\\\n)*[^\n]*)$", re.MULTILINE)


def worked_commands() -> list[list[str]]:
    """Commands of the page from the worked example on, as a shell would split them."""
    text = PAGE.read_text(encoding="utf-8").partition("## A worked example")[2]
    return [shlex.split(command.replace("\\\n", " "))[1:] for command in COMMAND.findall(text)]


def test_the_worked_example_has_all_its_commands() -> None:
    assert [words[0] for words in worked_commands()] == ["run"] * 5 + ["compare", "attribute", "reverse"]


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_figures_shown_are_those_printed(tmp_path: Path) -> None:
    printed = {}
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    for words in worked_commands():
        more = ["--quiet", "--no-report"] if words[0] == "run" else []
        command = [sys.executable, "-m", "simulator", *words, *more]
        ended = subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True
        )
        printed[words[0]] = [line.rstrip() for line in ended.stdout.splitlines()]
    lines = printed["compare"]
    start, end = (
        lines.index("Differences from the base"),
        lines.index("", lines.index("= no detectable difference") + 2),
    )
    wanted = {
        "compare": "\n".join(lines[start:end]).rstrip(),
        "attribute": "\n".join(printed["attribute"]),
        "reverse": "\n".join(printed["reverse"]),
    }
    text = PAGE.read_text(encoding="utf-8")
    if os.environ.get("UNWIND_WRITE"):
        text = BLOCK.sub(lambda block: block[1] + wanted[block[2]] + block[4], text)
        PAGE.write_text(text, encoding="utf-8")
    shown = {name: body for _, name, body, _ in BLOCK.findall(text)}
    assert shown == wanted, advice(".venv/bin/pytest tests/docs/test_compare_guide.py -m slow")
