"""The rules of the model as text: sentence, units, source and formula, read off the sources without importing them.

Importing a rule loads the compiler. Whoever only wants to read it should not wait for that.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent
LITERATURE = "literature"
FOLDERS = ("agents", "market", "engine", "basis", LITERATURE)

#: What is said of a rule in the folder of the literature.
OF_THE_LITERATURE = "the literature: known answers and small models use it, the simulated day does not"

#: Units that the endings of names stand for, the longest ending first.
UNITS = {
    "_bp_per_100bn": "bp per USD 100bn",
    "_bp_per_bn": "bp per USD bn",
    "_per_year": "a year",
    "_years": "years",
    "_days": "trading days",
    "_pct": "%",
    "_bn": "USD billions",
    "_bp": "bp",
    "_share": "share, as a decimal",
    "_haircut": "share, as a decimal",
    "_margin": "per unit of face",
}
_UNITS_LINE = re.compile(r"^Units?:\s*(.+?)(?:\n\s*\n|\Z)", re.MULTILINE | re.DOTALL)
_SOURCE_LINE = re.compile(r"^Sources?\b[^:\n]*:\s*(.+?)(?=^Units?:|\n\s*\n|\Z)", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class RuleText:
    """A rule as one reads it.

    Attributes
    ----------
    name
        Qualified name, as in ``simulator.rule.CATALOGUE``.
    sentence
        What it says, in one sentence.
    notes
        The rest of its description.
    takes
        Its arguments with their units; empty where the name says that it is a plain number.
    gives
        Unit of the result.
    units, source
        What its module says of all its rules.
    formula
        Its code, without the description.
    place
        File and line.
    belongs_to
        Where it is used, if not in the simulated day: empty for all rules but those of the literature.
    """

    name: str
    sentence: str
    notes: str
    takes: tuple[tuple[str, str], ...]
    gives: str
    units: str
    source: str
    formula: str
    place: str
    belongs_to: str = ""


def all_rules() -> Iterator[RuleText]:
    """Every rule of the package, by module and in the order of the source."""
    for folder in FOLDERS:
        for file in sorted((PACKAGE / folder).glob("*.py")):
            text = file.read_text(encoding="utf-8")
            if "@rule" in text:
                yield from _rules_of(file, text)


def find_rules(name: str) -> list[RuleText]:
    """Rules of a name, alone or with the module before it (``confidence``, ``cash_lender.confidence``)."""
    return [found for found in all_rules() if f".{found.name}".endswith(f".{name}")]


def _rules_of(file: Path, text: str) -> Iterator[RuleText]:
    tree = ast.parse(text)
    module_says = ast.get_docstring(tree) or ""
    lines = text.splitlines()
    module = ".".join(file.relative_to(PACKAGE.parent).with_suffix("").parts)
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and any(_is_rule(mark) for mark in node.decorator_list):
            sentence, _, notes = (ast.get_docstring(node) or "").partition("\n")
            yield RuleText(
                name=f"{module}.{node.name}",
                sentence=sentence,
                notes=notes.strip(),
                takes=tuple((argument.arg, unit_of_argument(argument.arg)) for argument in node.args.args),
                gives=unit_of(node.name),
                units=_matched(_UNITS_LINE, module_says),
                source=_matched(_SOURCE_LINE, module_says),
                formula=_formula(node, lines),
                place=f"{file.relative_to(PACKAGE.parent).as_posix()}:{node.lineno}",
                belongs_to=OF_THE_LITERATURE if file.parent.name == LITERATURE else "",
            )


def _is_rule(mark: ast.expr) -> bool:
    return isinstance(mark, ast.Name) and mark.id == "rule"


def _formula(node: ast.FunctionDef, lines: list[str]) -> str:
    """The code below the description, moved to the margin."""
    body = node.body[1:] if ast.get_docstring(node) else node.body
    code = lines[
        (node.body[0].end_lineno or 0) if body is not node.body else body[0].lineno - 1 : node.end_lineno
    ]
    return "\n".join(line.removeprefix("    ") for line in code).strip("\n")


def unit_of(name: str) -> str:
    """Unit that the ending of a name stands for; empty for a plain number.

    Examples
    --------
    >>> unit_of("needed_bn"), unit_of("slope_bp"), unit_of("multiple")
    ('USD billions', 'bp', '')
    """
    return next((unit for ending, unit in UNITS.items() if f"_{name}".endswith(ending)), "")


def unit_of_argument(name: str) -> str:
    """Unit of a rule's argument: that of the scenario's parameter whose key it bears, or what its name ends in.

    Examples
    --------
    >>> unit_of_argument("entry_elasticity"), unit_of_argument("cash_bn"), unit_of_argument("loss")
    ('bp', 'USD billions', '')
    """
    return unit_of(name) or _units_of_keys().get(name, "")


@cache
def _units_of_keys() -> dict[str, str]:
    """Units of the scenario's figures, by their own key; a key of two units has none here."""
    from simulator.scenario.declarations import catalogue
    from simulator.scenario.schema import Scenario

    found: dict[str, set[str]] = {}
    for key, declaration in catalogue(Scenario):
        if declaration.shape.kind is not None:
            found.setdefault(key.rpartition(".")[2], set()).add(declaration.shape.kind.unit)
    return {key: units.pop() for key, units in found.items() if len(units) == 1}


def _matched(pattern: re.Pattern[str], text: str) -> str:
    found = pattern.search(text)
    return " ".join(found[1].split()) if found else ""
