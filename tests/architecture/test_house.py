"""How the house stands: no import goes in a circle, only the command line prints, and a name means one thing."""

from __future__ import annotations

import ast
from collections import Counter, defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import networkx as nx
import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "simulator"
#: The command line, and the door for ``python -m simulator``.
SPEAKERS = ("simulator.cli", "simulator.__main__")
#: Modules below it that still print, as a script of their own.
SCRIPTS: set[str] = set()

#: File names that stand in two folders: because one mirrors the other, or serves it under the user's word.
MIRRORS = {
    "sweeps of runs": {"execution", "folder", "manifest", "reading", "schema", "statistics"},
    "commands of what they run": {"explain", "export"},
    "report and exogenous world of the engine's sectors": {"block", "diary", "prices", "spiral"},
    "rules, opening and day of a sector": {
        "bonds",
        "central_bank",
        "clearing_house",
        "dealers",
        "funds",
        "futures",
    },
    "declared and in force": {"parameters"},
    "yields of the past, and the command that shows episodes": {"history"},
    "of scenarios and of results": {"errors"},
}
#: Public names that stand in two modules: front doors, and what pages of the report are to settle.
SHARED = {
    "front doors": {
        "explain",
        "open_results",
        "open_sweep",
        "register",
        "run",
        "sweep",
        "validate",
        "write_report",
    },
    "statistics": {"draws_of", "expected_shortfall", "shown", "value_at_risk_use"},
    "pages": {"Section", "colour_of", "days_of"},
}


@cache
def modules() -> dict[str, ast.Module]:
    """Every module of the package by its dotted name."""
    found = {}
    for file in sorted(PACKAGE.rglob("*.py")):
        name = ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        found[name] = ast.parse(file.read_text(encoding="utf-8"))
    return found


def imported(tree: ast.Module) -> Iterator[str]:
    """What a module imports: also inside functions, and for the type checker alone."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                yield inner if inner in modules() else node.module


def circles(graph: nx.DiGraph[str]) -> list[list[str]]:
    """Groups of modules that can each be reached from every other."""
    return [sorted(group) for group in nx.strongly_connected_components(graph) if len(group) > 1]


def arrows() -> nx.DiGraph[str]:
    graph: nx.DiGraph[str] = nx.DiGraph()
    for name, tree in modules().items():
        graph.add_edges_from(
            (name, other) for other in imported(tree) if other in modules() and other != name
        )
    return graph


def test_no_import_goes_in_a_circle() -> None:
    assert circles(arrows()) == []


def test_a_circle_would_be_found() -> None:
    graph = arrows()
    graph.add_edge("simulator.units", "simulator.cli.main")
    (circle,) = circles(graph)
    assert {"simulator.units", "simulator.cli.main"} <= set(circle)


def speech(tree: ast.Module) -> Iterator[str]:
    """Where a module prints, exits, or takes hold of the terminal."""
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Name(id="print" | "input" | "exit" | "quit" as name)):
                yield f"{name}() in line {node.lineno}"
            case ast.Attribute(value=ast.Name(id="sys"), attr="exit" | "stdout" | "stderr" | "stdin" as name):
                yield f"sys.{name} in line {node.lineno}"
            case ast.Name(id="SystemExit"):
                yield f"SystemExit in line {node.lineno}"
    yield from (name for name in imported(tree) if name.partition(".")[0] in ("typer", "rich", "click"))


def is_speaker(name: str) -> bool:
    return name.startswith(SPEAKERS)


def test_only_the_command_line_prints_and_exits() -> None:
    found = {name: list(speech(tree)) for name, tree in modules().items() if not is_speaker(name)}
    assert {name for name, said in found.items() if said} == SCRIPTS, {n: s for n, s in found.items() if s}


@pytest.mark.parametrize(
    "line",
    [
        "print(1)",
        "import rich.table",
        "from typer import echo",
        "sys.exit(3)",
        "raise SystemExit",
        "sys.stderr",
    ],
)
def test_printing_would_be_found(line: str) -> None:
    assert list(speech(ast.parse(line)))


def test_file_names_occur_once() -> None:
    stems = Counter(file.stem for file in PACKAGE.rglob("*.py") if file.stem != "__init__")
    assert {stem for stem, count in stems.items() if count > 1} == set().union(*MIRRORS.values())


def test_public_names_occur_once() -> None:
    places = defaultdict(set)
    for name, tree in modules().items():
        for node in tree.body:
            if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
                places[node.name].add(name)
    assert {name for name, found in places.items() if len(found) > 1} == set().union(*SHARED.values())


def test_nothing_is_imported_at_the_top_that_one_system_alone_has() -> None:
    """So that the package is imported on Windows too."""
    alone = {"fcntl", "grp", "pwd", "resource", "termios", "msvcrt", "winreg"}
    for file in sorted(PACKAGE.rglob("*.py")):
        tops = ast.parse(file.read_text(encoding="utf-8")).body
        names = {
            name.split(".")[0]
            for node in tops
            if isinstance(node, ast.Import | ast.ImportFrom)
            for name in (
                [node.module or ""] if isinstance(node, ast.ImportFrom) else [one.name for one in node.names]
            )
        }
        assert not names & alone, file
