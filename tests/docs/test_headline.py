"""The figures that the README and the quick start show are those that the command prints.

    UNWIND_WRITE=1 .venv/bin/pytest tests/docs/test_headline.py

writes them anew.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
#: Lines shown of the summary: the headline, and two tables up to their last row.
HEADLINE_LINES, README_TABLES = 4, ("Dislocation and margin by contract",)
BLOCK = re.compile(r"(<!-- (?:summary|headline): begin -->\n```text\n)(.*?)(\n```)", re.DOTALL)


@pytest.fixture(scope="module")
def printed(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Lines of the summary of the main scenario, as a file receives them."""
    command = [sys.executable, "-m", "simulator", "run", "dash-for-cash-2020"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    folder = tmp_path_factory.mktemp("headline")
    ended = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=True)
    return [line.rstrip() for line in ended.stdout.splitlines()]


def excerpt(lines: list[str]) -> str:
    """What the README shows of the summary."""
    shown = lines[:HEADLINE_LINES]
    for title in README_TABLES:
        start = lines.index(title)
        shown += ["", *lines[start : lines.index("", start)]]
    last = next(line for line in lines if line.startswith("±"))
    return "\n".join([*shown, "...", last])


@pytest.mark.parametrize("name", ["README.md", "docs/guide/quick-start.md"])
def test_figures_shown_are_those_printed(name: str, printed: list[str]) -> None:
    page = ROOT / name
    text = page.read_text(encoding="utf-8")
    wanted = excerpt(printed) if name == "README.md" else "\n".join(printed[:HEADLINE_LINES])
    if os.environ.get("UNWIND_WRITE"):
        page.write_text(BLOCK.sub(lambda block: block[1] + wanted + block[3], text), encoding="utf-8")
    (block,) = BLOCK.findall(page.read_text(encoding="utf-8"))
    assert block[1] == wanted, "write them anew: UNWIND_WRITE=1 .venv/bin/pytest tests/docs/test_headline.py"
