"""What to do when a figure of a page is no longer what the program prints: ask why, and say so, before writing it."""

from __future__ import annotations

import re
from pathlib import Path

CHANGELOG = Path(__file__).resolve().parents[2] / "CHANGELOG.md"
FIGURE = re.compile(r"\$?[\d.,]+ ± [\d.,]+(?: b[pn]\b|%)?")


def advice(command: str) -> str:
    """Message of a test that found another figure."""
    return (
        "a figure that readers rely on has changed. WHY? If nothing was meant to change it, this is an error of the "
        "code, not of the page: look at what changed since it held, first at rules (pytest tests/cases). If it was "
        "meant, say in the top section of CHANGELOG.md what moved it, from what to what; only then write the page "
        f"anew: UNWIND_WRITE=1 {command}"
    )


def top_section() -> str:
    """Text of the changelog's first version, in one line."""
    return " ".join(CHANGELOG.read_text(encoding="utf-8").split("\n## ")[1].split())


def figures(text: str) -> list[str]:
    """Figures with their errors in a text."""
    return FIGURE.findall(" ".join(text.split()))


def not_in_changelog(text: str) -> list[str]:
    """Figures of a text that the changelog's top section does not give."""
    told = figures(top_section())
    return [figure for figure in figures(text) if figure not in told]
