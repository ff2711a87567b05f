"""What a reviewer asks for: all figures, parameters with sources, rules, known limits, and the manifest."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache, partial
from typing import Any

from simulator.report.figure import estimate_columns
from simulator.report.page import Cell, PageTable, Prose, Section, attempted
from simulator.report.page import asset as read_asset
from simulator.report.run_data import RunData
from simulator.results.errors import masked
from simulator.results.statistics import Estimate, error_note
from simulator.results.summary import FLOW_TABLES, Table, note_of

KNOWN_LIMITS = "known-limits.md"
#: Key of the section of limits, and where the model is put beside history.
LIMITS = "limits-of-model"
HONEST = (
    "The page of honest numbers (docs/model/honest-numbers.md, on the documentation's site under Validation) holds"
    " every moment of March 2020 beside the model's; unwind history does so for any episode."
)
#: Heading of the first column, by table of the summary; *figure* for the others.
FIRST_COLUMN = {
    "shock": "what moves",
    "yields": "contract",
    "impact": "contract",
    "dislocations": "contract",
    "deleveraging": "contract",
    "causes": "cause",
    **dict.fromkeys(FLOW_TABLES, "sector"),
}


def evidence_sections(data: RunData) -> list[Section]:
    """Tables, parameters, rules, limits, manifest."""
    stand_above = FLOW_TABLES if data.finished_paths else ()
    tables = [partial(page_table, table) for table in data.summary.tables if table.key not in stand_above]
    return [
        Section("tables", "All other figures", attempted(*tables),
                lead=f"Averages over paths. {error_note(bool(data.summary.sets))}"),
        Section("model", "What was computed", attempted(partial(parameters, data), partial(rules, data))),
        Section(LIMITS, "What the model does not do", [Prose([HONEST]), Prose(known_limits(), is_list=True)]),
        Section("manifest", "How to make this again", attempted(partial(manifest, data))),
    ]  # fmt: skip


def page_table(table: Table) -> PageTable:
    """A table of the summary, with values and standard errors in its CSV."""

    labels = [row.name for row in table.rows]
    saved: dict[str, Any] = {FIRST_COLUMN.get(table.key, "figure"): labels}
    headings = [FIRST_COLUMN.get(table.key, "figure")]
    for place, column in enumerate(table.columns):
        heading = ", ".join(filter(None, (column.heading, column.unit)))
        headings.append(heading)
        cells = [row.cells[place] for row in table.rows]
        saved |= estimate_columns(heading, cells)
    rows = [
        [
            Cell(name),
            *(
                Cell(column.shows(cell), cell.value if isinstance(cell, Estimate) else cell)
                for column, cell in zip(table.columns, row.cells, strict=True)
            ),
        ]
        for name, row in zip(labels, table.rows, strict=True)
    ]
    return PageTable(f"table-{table.key}", table.title, headings, rows, note_of(table), columns=saved)


def parameters(data: RunData) -> PageTable:
    """Every parameter in force: value as written, meaning, where it comes from and its source."""
    from simulator.scenario.explain import values_in_force

    # Without the scenario (written by another version) there is nothing to tell.
    rows = values_in_force(data.resolved, data.manifest.origins) if data.resolved is not None else []
    cells = [
        [Cell(row.key), Cell(row.value), Cell(row.doc), Cell(row.origin), Cell(row.source)] for row in rows
    ]
    return PageTable(
        "parameters",
        f"Parameters in force ({len(cells):,})",
        ["parameter", "value", "meaning", "set in", "source"],
        cells,
        caption="Figures are written with their units. Set in: file and line, or the default.",
        is_folded=True,
        is_quoted=True,
    )


def rules(data: RunData) -> PageTable:
    """The rules that the engine applies, each with its sentence."""
    off = [name for name, on in data.scenario.get("channels", {}).items() if on is False]
    caption = "Each rule is one sentence of economics, compiled as it stands; the model document says where it acts."
    if off:
        caption += f" Switched off in this run: {', '.join(name.replace('_', ' ') for name in off)}."
    cells = [[Cell(name), Cell(module), Cell(sentence)] for name, module, sentence in rules_in_force()]
    return PageTable(
        "rules", f"Rules in force ({len(cells)})", ["rule", "module", "what it says"], cells, caption, True
    )


@cache
def rules_in_force() -> tuple[tuple[str, str, str], ...]:
    """Rules that the engine calls, directly or through another rule: name, module and first sentence."""
    import simulator.engine.block as block
    from simulator.rule import CATALOGUE

    by_identity = {id(function): name for name, function in CATALOGUE.items()}
    found: dict[str, Any] = {}
    waiting: list[Any] = [block.run_block]
    seen: set[int] = set()
    while waiting:
        function = waiting.pop()
        if id(function) in seen:
            continue
        seen.add(id(function))
        if id(function) in by_identity:
            found[by_identity[id(function)]] = function
        waiting += _called(getattr(function, "py_func", function))
    return tuple(
        (name.rpartition(".")[2], name.rpartition(".")[0].removeprefix("simulator."), _sentence(function))
        for name, function in sorted(found.items())
    )


def _called(function: Callable[..., Any]) -> Iterator[Any]:
    """Compiled functions that a function names."""
    names = getattr(getattr(function, "__code__", None), "co_names", ())
    space = getattr(function, "__globals__", {})
    return (
        space[name]
        for name in names
        if hasattr(space.get(name), "py_func") or inspect.isfunction(space.get(name))
    )


def _sentence(function: Any) -> str:
    lines = (inspect.getdoc(getattr(function, "py_func", function)) or "").split("\n\n")[0]
    return " ".join(lines.replace("``", "").split())


def known_limits() -> list[str]:
    """The points of the model document's section on its limits, without markup."""
    points = re.findall(r"^- (.*?)(?=^- |\Z)", read_asset(KNOWN_LIMITS), re.MULTILINE | re.DOTALL)
    plain = (re.sub(r"\[([^\]]*)\]\([^)]*\)|[`*]", r"\1", point) for point in points)
    return [" ".join(point.split()) for point in plain]


def manifest(data: RunData) -> PageTable:
    """Versions, seed and hashes: what one needs to make the same bytes again."""
    m = data.manifest
    market: Mapping[str, Any] = m.scenario.get("provenance", {})
    facts: list[tuple[str, object]] = [
        ("command", masked(m.command)),
        ("scenario", m.name),
        ("seed", m.seed),
        ("sampling", m.sampling),
        ("paths", data.layout.paths),
        ("trading days", data.layout.days),
        ("opening", data.layout.opening.isoformat()),
        ("block of paths", data.layout.chunk),
        ("policy after the opening", "yes" if data.layout.has_policy else "no"),
        ("paths played again without policy", data.layout.paths_without_policy * data.layout.has_policy),
        ("paths played again with a test sale", data.layout.test_sale_paths),
        ("begun", m.created),
        ("finished", m.finished or "not finished"),
        ("hash of the scenario", m.scenario_sha256),
        ("hash of the code", m.source_sha256),
        ("hash of the processor's arithmetic", m.arithmetic_sha256),
        ("hash of the results", m.digest or "not finished"),
        ("run", m.run_key),
        ("Unwind", m.code_version),
        *sorted(m.versions.items()),
        *((f"git: {key}", value) for key, value in m.git.items()),
        *((f"machine: {key}", value) for key, value in m.machine.items() if key != "host"),
        *((f"file: {entry['file']}", entry["sha256"]) for entry in m.files),
        *((f"opening market from: {name}", sha256) for name, sha256 in market.get("files", {}).items()),
    ]
    cells = [[Cell(name), Cell(_told(value))] for name, value in facts]
    return PageTable("manifest-table", "Manifest", ["what", "value"], cells, is_folded=True)


def _told(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
