"""How the code is built, held by tests: import contracts, compile flags, records against their table."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from math import prod
from pathlib import Path

import pytest

from simulator.engine.parameters import CALL_COUNT, CHANNELS, SECTORS
from simulator.engine.records import allocate_records
from simulator.engine.state import State
from simulator.model.table import rows
from simulator.results.variables import GROUPS, PLACES, Group

ROOT = Path(__file__).resolve().parents[2]
SOURCES = sorted((ROOT / "simulator").rglob("*.py"))


def test_import_contracts_hold() -> None:
    command = [str(Path(sys.executable).with_name("lint-imports")), "--config", "pyproject.toml"]
    answer = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stdout


@pytest.mark.parametrize("flag", ["fastmath", "parallel=True", 'inline="always"', "prange"])
def test_flags_that_change_results_are_not_used(flag: str) -> None:
    pattern = re.compile(r"\b(?:njit|jit|vectorize|guvectorize)\([^)]*" + re.escape(flag) + r"|numba\.prange")
    users = [str(source) for source in SOURCES if pattern.search(source.read_text())]
    assert users == []


def test_only_rule_py_compiles() -> None:
    users = [
        source.name for source in SOURCES if re.search(r"\bnumba\.(n?jit|vectorize)", source.read_text())
    ]
    assert users == ["rule.py"]


@pytest.mark.parametrize("group", GROUPS, ids=lambda group: group.name)
def test_every_variable_is_a_row_of_the_books_with_the_dimension_of_its_group(group: Group) -> None:
    books = rows(State)
    for variable in group.variables:
        assert variable.of in books, f"{variable.name} is {variable.of}, which is no row of the books"
        row = books[variable.of]
        assert row.dims == (group.dims or ("one",)), variable.name
        assert variable.unit == ("1" if row.unit == "place" else row.unit), variable.name
        assert not row.whole, f"{variable.name}: whole numbers are not in the memory that records copy"


def test_no_phase_counts_places_from_the_end() -> None:
    """Compiled code does not look whether a place is below zero (:mod:`simulator.model.compiled`)."""
    from_the_end = []
    for source in (ROOT / "simulator" / "engine").rglob("*.py"):
        for node in ast.walk(ast.parse(source.read_text())):
            if isinstance(node, ast.FunctionDef) and any(
                isinstance(each, ast.Name) and each.id in ("phase", "kernel") for each in node.decorator_list
            ):
                from_the_end += [f"{source.name}: {ast.unparse(each)}" for each in places_from_the_end(node)]
    assert from_the_end == []


def places_from_the_end(function: ast.FunctionDef) -> Iterator[ast.Subscript]:
    """Numbers of a row that a function asks for by a place below zero."""
    for node in ast.walk(function):
        if isinstance(node, ast.Subscript) and not ast.unparse(node.value).endswith(".shape"):
            places = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
            if any(isinstance(each, ast.UnaryOp) and isinstance(each.op, ast.USub) for each in places):
                yield node


def test_a_place_from_the_end_would_be_seen() -> None:
    """The planted error, beside what is allowed: the last dimension of a shape, and a number below zero."""
    text = "def f(s):\n    return s.row[-1] + s.grid[0, -2] + s.row.shape[-1] + s.row[0] * -1"
    function = ast.parse(text).body[0]
    assert isinstance(function, ast.FunctionDef)
    assert [ast.unparse(each) for each in places_from_the_end(function)] == ["s.row[-1]", "s.grid[0, -2]"]


def test_variables_are_named_once() -> None:
    named = [variable.name for group in GROUPS for variable in group.variables]
    assert len(named) == len(set(named)) == len(PLACES)


def test_nothing_in_the_engine_writes_a_record_by_number() -> None:
    numbered = re.compile(r"\[path, day, \d")
    users = [
        str(source) for source in SOURCES if "engine" in source.parts and numbered.search(source.read_text())
    ]
    assert users == []


def test_records_have_a_place_for_every_variable() -> None:
    sizes = dict.fromkeys(("bond", "deliverable", "tenor", "lender", "manager", "funding"), 1)
    sizes |= {"bucket": 4, "hedge": 5, "trade": 6, "fund": 7, "dealer": 8, "named_fund": 2, "named_dealer": 3}
    records = allocate_records(2, 3, sizes, "float64", agents=True)
    width = sizes | {"channel": len(CHANNELS), "call": CALL_COUNT, "sector": len(SECTORS), "own_limit": 4}
    for group in GROUPS:
        packed = getattr(records, group.name)
        places = prod(width[dim] for dim in group.dims)
        assert packed.values.shape == (len(group.variables), 2, 1 + 3, places)
        assert packed.of.shape == (len(group.variables),)


@pytest.mark.parametrize("folder", ["agents", "literature", "market"])
def test_rules_import_nothing_but_math_and_each_other(folder: str) -> None:
    for source in (ROOT / "simulator" / folder).glob("*.py"):
        for module in re.findall(r"^(?:from|import) (\S+)", source.read_text(), re.MULTILINE):
            allowed = module in {
                "math",
                "simulator.rule",
                "simulator.evenly",
                "__future__",
            } or module.startswith(("simulator.market", f"simulator.{folder}"))
            assert allowed, f"{source.name} imports {module}"
