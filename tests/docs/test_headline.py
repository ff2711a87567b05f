"""The figures that the README and the quick start show are those that the command prints.

A figure that moved is written anew only when the changelog's top section gives it: first why, then the page.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.changed_figures import advice, figures, not_in_changelog

ROOT = Path(__file__).resolve().parents[2]
ADVICE = advice(".venv/bin/pytest tests/docs/test_headline.py")
#: Lines of the headline: the run, and what came out in four sentences.
HEADLINE_LINES = 5
BLOCK = re.compile(r"(<!-- (?:summary|headline): begin -->\n```text\n)(.*?)(\n```)", re.DOTALL)


@pytest.fixture(scope="module")
def printed(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Lines of the summary of the main scenario, as a file receives them."""
    command = [sys.executable, "-m", "simulator", "run", "dash-for-cash-2020", "--no-report"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    folder = tmp_path_factory.mktemp("headline")
    ended = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=True)
    return [line.rstrip() for line in ended.stdout.splitlines()]


@pytest.mark.parametrize("name", ["README.md", "docs/guide/quick-start.md"])
def test_figures_shown_are_those_printed(name: str, printed: list[str]) -> None:
    page = ROOT / name
    text = page.read_text(encoding="utf-8")
    wanted = "\n".join(printed[:HEADLINE_LINES])
    if os.environ.get("UNWIND_WRITE"):
        assert not_in_changelog(wanted) == [], ADVICE
        page.write_text(BLOCK.sub(lambda block: block[1] + wanted + block[3], text), encoding="utf-8")
    (block,) = BLOCK.findall(page.read_text(encoding="utf-8"))
    assert block[1] == wanted, ADVICE


def test_the_changelog_gives_the_headline_figures() -> None:
    (block,) = BLOCK.findall((ROOT / "README.md").read_text(encoding="utf-8"))
    headline = "\n".join(block[1].splitlines()[:HEADLINE_LINES])
    assert len(figures(headline)) == 10
    assert not_in_changelog(headline) == [], ADVICE
    assert not_in_changelog("142.8 ± 1.0 bp") == ["142.8 ± 1.0 bp"]
