"""Case files: what a rule must answer, by hand or by a published table, in YAML that needs no Python.

A file ``tests/cases/<folder>/<module>.yaml`` holds the cases of the rules of ``simulator.<folder>.<module>``.
How to read, dispute and add one: docs/model/rule-tests.md.
"""

from __future__ import annotations

import importlib
import inspect
import math
import pkgutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

import simulator
from simulator.rule import CATALOGUE, uncompiled

FOLDER = Path(__file__).parent
PACKAGE = Path(simulator.__file__).parent
#: Folders of the package that may hold rules.
RULE_FOLDERS = ("agents", "market", "basis", "literature")
REQUIRED, OPTIONAL = {"note", "source", "given", "expect"}, {"tolerance"}
ROUNDING = 1e-12


@dataclass(frozen=True)
class Case:
    """One answer of one rule."""

    rule: str
    place: str
    note: str
    source: str
    given: dict[str, Any]
    expect: float | bool
    tolerance: float


def number(value: Any) -> Any:
    """What YAML read, with ``inf`` and ``-inf`` as numbers."""
    return float(value) if isinstance(value, str) else value


def read_rules(folder: Path = FOLDER, files: str = "*/*.yaml") -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Every rule of the files below a folder, by its full name, and what is written under it."""
    for file in sorted(folder.glob(files)):
        module = ".".join(file.relative_to(folder).with_suffix("").parts)
        for rule, entries in YAML(typ="safe").load(file.read_text(encoding="utf-8")).items():
            yield f"simulator.{module}.{rule}", entries


def read_cases(file: Path, folder: Path = FOLDER) -> Iterator[Case]:
    """The cases of one file; what it says of mirrors is for :mod:`tests.cases.mirrors`."""
    for rule, entries in read_rules(folder, str(file.relative_to(folder))):
        for place, case in enumerate((entry for entry in entries if "mirror" not in entry), start=1):
            where = f"{rule.removeprefix('simulator.')}, case {place}"
            keys = set(case)
            if keys - OPTIONAL != REQUIRED:
                raise ValueError(
                    f"{where}: has {sorted(keys)}; write {sorted(REQUIRED)}, and {sorted(OPTIONAL)} if need be"
                )
            yield Case(
                rule,
                where,
                case["note"],
                case["source"],
                {name: number(value) for name, value in case["given"].items()},
                number(case["expect"]),
                number(case.get("tolerance", ROUNDING)),
            )


def all_cases(folder: Path = FOLDER) -> list[Case]:
    """Every case of every file below a folder."""
    return [case for file in sorted(folder.glob("*/*.yaml")) for case in read_cases(file, folder)]


def import_rules() -> Mapping[str, Callable[..., Any]]:
    """Every rule by its full name, once all modules that may hold rules are imported."""
    for folder in RULE_FOLDERS:
        if (PACKAGE / folder).is_dir():
            for module in pkgutil.iter_modules([str(PACKAGE / folder)], f"simulator.{folder}."):
                importlib.import_module(module.name)
    return CATALOGUE


def answer(case: Case) -> Any:
    """What the rule says to what the case gives it, whole numbers read as the rule takes them."""
    function = uncompiled(CATALOGUE[case.rule])
    wanted = inspect.signature(CATALOGUE[case.rule]).parameters
    return function(
        **{
            name: float(value) if wanted[name].annotation in (float, "float") else value
            for name, value in case.given.items()
        }
    )


def agrees(case: Case, found: Any) -> bool:
    """Whether an answer is the one expected: the same truth, or a number within the tolerance."""
    if isinstance(case.expect, bool) or isinstance(found, bool):
        return found is case.expect
    return math.isclose(found, case.expect, rel_tol=case.tolerance, abs_tol=case.tolerance)
