"""The recipe of a kind of hedge names every file of the package that knows a kind: nothing else is to be touched."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "simulator"
#: What only a file that knows the kind says: its constant, its class, its value, its word.
KINDS = {
    "swap": {"SWAP", "Swap", "swap_value", "swap"},
    "cds": {"CDS", "CreditDefaultSwap", "cds_value", "cds"},
}
#: Make the swaps of presets from public data, and the desk's arithmetic of one trade; no kind needs them.
NOT_OF_THE_DAY = {"calibration/presets.py", "calibration/opening_day.py", "cli/credit.py"}


def words_of(source: Path) -> set[str]:
    """Names, and whole texts of one word, that a file uses; docstrings and comments are none."""
    tree = ast.parse(source.read_text(encoding="utf-8"))
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    names |= {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    names |= {
        alias.name for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) for alias in node.names
    }
    texts = [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)]
    return names | {text for text in texts if isinstance(text, str) and text.isidentifier()}


def recipe(text: str, heading: str) -> str:
    return text.split(f"**{heading}.**")[1].split("\n\n")[0]


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_of_hedge_is_known_where_the_recipe_says(kind: str) -> None:
    told = recipe((ROOT / "docs" / "architecture.md").read_text(encoding="utf-8"), "A kind of hedge")
    named = {name.replace("<kind>", kind) for name in re.findall(r"`([\w/<>]+\.py)`", told)}
    knows = {
        str(source.relative_to(PACKAGE)) for source in PACKAGE.rglob("*.py") if words_of(source) & KINDS[kind]
    }
    assert knows - named - NOT_OF_THE_DAY - {"engine/hedges/cds.py"} == set(), (
        "name these in docs/architecture.md"
    )
    assert f"engine/hedges/{kind}.py" in named
    assert all(
        (PACKAGE / name).exists() or name.startswith(("market/", "tests/", "plain", "variants"))
        for name in named
    )


def test_a_file_that_knows_a_kind_would_be_seen(tmp_path: Path) -> None:
    """The planted error: a phase that asks whether a hedge is a swap."""
    file = tmp_path / "phase.py"
    file.write_text("def phase(p, h):\n    return p.opening.hedges.kind[h] == SWAP\n", encoding="utf-8")
    assert words_of(file) & KINDS["swap"] == {"SWAP"}
