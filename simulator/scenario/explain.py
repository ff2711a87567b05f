"""A scenario told back as it was written: every value with its origin, every parameter with its meaning."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from simulator.scenario.declarations import Declaration, Shape, catalogue, declarations
from simulator.scenario.errors import Problem, Problems, did_you_mean
from simulator.scenario.loading import PRESET, LoadedScenario, load_scenario
from simulator.scenario.parameters import Section
from simulator.scenario.priors import is_judgement, plain_key, prior_in_words
from simulator.units import Currency, counted_in, counting_in, written

REQUIRED = "required"


@dataclass(frozen=True)
class ValueInForce:
    """A value of a scenario: dotted key, as written, file and line or ``default``, source and meaning."""

    key: str
    value: str
    origin: str
    source: str
    doc: str


@dataclass(frozen=True)
class ReferenceRow:
    """A parameter for the reference page, all in words."""

    key: str
    unit: str
    bounds: str
    default: str
    source: str
    doc: str
    prior: str = ""


def as_written(section: Section) -> dict[str, Any]:
    """All values of a section in the written form, defaults included: what a scenario file could say.

    Loading the result gives the same scenario to the last bit, data files apart, which stay references.
    """
    fields = declarations(type(section)).items()
    with counting_in(_currency_of(section)):
        return {name: _written(declaration.shape, getattr(section, name)) for name, declaration in fields}


def _currency_of(section: Section) -> Currency:
    """Currency of a scenario's market; of any other section, that in force."""
    counted: Currency = getattr(getattr(section, "market", None), "counted", counted_in())
    return counted


def _written(shape: Shape, value: Any) -> Any:
    if isinstance(value, Section):
        return as_written(value)
    if shape.element is not None and isinstance(value, list):
        return [_written(shape.element, entry) for entry in value]
    if shape.element is not None and isinstance(value, dict):
        return {name: _written(shape.element, entry) for name, entry in value.items()}
    if shape.kind is not None and not shape.kind.bare and value is not None:
        return written(shape.kind, value)
    return value


def explain(loaded: LoadedScenario[Any]) -> list[ValueInForce]:
    """Every value of a scenario, in the order of the schema, with the place it comes from."""
    with counting_in(_currency_of(loaded.scenario)):
        return [
            ValueInForce(key, value, loaded.origin(key), declaration.source, declaration.doc)
            for key, value, declaration in _values(loaded.scenario, "")
        ]


@dataclass(frozen=True)
class ChangedValue:
    """A value that a scenario has otherwise than its opening market: as written, what it is there, its place."""

    key: str
    value: str
    before: str
    origin: str


def changes(loaded: LoadedScenario[Any]) -> list[ChangedValue]:
    """What a scenario says beyond its opening market; ``before`` is empty where that says nothing."""
    there: dict[str, str] = {}
    market = next((used.label for used in loaded.files if used.label.startswith(PRESET)), "")
    if market:
        own = {key: getattr(loaded.scenario, key) for key in ("name", "seed", "paths")}
        needed = {**own, "title": "market", "horizon": f"{int(loaded.scenario.horizon)}d"}
        base = load_scenario(market, [f"{key}={value}" for key, value in needed.items()])
        there = {key: value for key, value, _ in _values(base.scenario, "") if key not in needed}
    return [
        ChangedValue(row.key, row.value, f"was {there[row.key]}" if row.key in there else "", row.origin)
        for row in explain(loaded)
        if row.origin != "default" and not row.origin.startswith(PRESET) and there.get(row.key) != row.value
    ]


def values_in_force(scenario: Section, origins: Mapping[str, str]) -> list[ValueInForce]:
    """The same of a scenario whose files are gone; ``origins`` are those of the manifest, by dotted key."""
    with counting_in(_currency_of(scenario)):
        return [
            ValueInForce(key, value, origins.get(key, "default"), declaration.source, declaration.doc)
            for key, value, declaration in _values(scenario, "")
        ]


def _values(section: Section, prefix: str) -> Iterator[tuple[str, str, Declaration]]:
    for name, declaration in declarations(type(section)).items():
        yield from _values_at(f"{prefix}{name}", declaration.shape, getattr(section, name), declaration)


def _values_at(
    key: str, shape: Shape, value: Any, declaration: Declaration
) -> Iterator[tuple[str, str, Declaration]]:
    if isinstance(value, Section):
        yield from _values(value, f"{key}.")
    elif shape.element is not None and value:
        for name, entry in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _values_at(f"{key}.{name}", shape.element, entry, declaration)
    else:
        yield key, in_words(_written(shape, value)), declaration


def in_words(value: Any) -> str:
    """A written value as one would type it on one line."""
    if isinstance(value, list):
        return f"[{', '.join(in_words(entry) for entry in value)}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{name}: {in_words(entry)}' for name, entry in value.items())}}}"
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "null"}[value]
    return '""' if value == "" else str(value)


def typed(key: str) -> str:
    """A key of the catalogue as one may type it: kinds of entries without the angles, which a shell would redirect.

    Examples
    --------
    >>> typed("events.N.<auction>.day")
    'events.N.auction.day'
    """
    return re.sub(r"<([^>]*)>", r"\1", key)


def find_parameters(model: type[BaseModel], key: str) -> list[tuple[str, Declaration]]:
    """The parameters that a dotted key names: one, those of a section, or all that end in that name.

    Raises
    ------
    Problems
        If there is none.
    """
    rows = list(catalogue(model))
    found = [row for row in rows if _matches(row[0].split("."), key)]
    found = found or [row for row in rows if row[0].endswith(f".{key}")]
    if not found:
        paths = [typed(path) for path, _ in rows]
        sections = {path.rsplit(".", depth)[0] for path in paths for depth in range(path.count(".") + 1)}
        advice = did_you_mean(key, paths) or did_you_mean(key, sections)
        advice = advice or did_you_mean(key.rpartition(".")[2], [path.rpartition(".")[2] for path, _ in rows])
        raise Problems(
            [Problem(key, "no such parameter", "", advice or "unwind schema --markdown lists all.")]
        )
    return found


def _matches(pattern: list[str], key: str) -> bool:
    """Whether a key is the pattern or its beginning: any name does, indices and kinds may be left out."""
    expression = ""
    for part in pattern:
        if part == "N":
            expression += r"((N|[0-9]+)\.)?"
        elif part.startswith("<"):
            expression += rf"(<?{re.escape(part[1:-1])}>?\.)?"
        else:
            expression += r"[^.]+\." if part == "NAME" else re.escape(f"{part}.")
        if re.fullmatch(expression, f"{key}."):
            return True
    return False


def reference_rows(model: type[BaseModel]) -> Iterator[ReferenceRow]:
    """Every parameter of a schema in words, in the order of the schema."""
    return (reference_row(key, declaration) for key, declaration in catalogue(model))


def reference_row(key: str, declaration: Declaration) -> ReferenceRow:
    """A parameter of the catalogue in words."""
    return ReferenceRow(
        key=key,
        unit=unit_in_words(declaration.shape),
        bounds=declaration.bounds,
        default=REQUIRED if declaration.is_required else in_words(declaration.default),
        source=declaration.source,
        doc=declaration.doc,
        prior=prior_in_words(key, declaration),
    )


def unit_in_words(shape: Shape) -> str:
    """How a parameter is written and what the engine holds, in a few words."""
    if shape.kind is not None and shape.kind.bare:
        return shape.kind.unit
    if shape.kind is not None:
        return f"{' or '.join(shape.kind.examples[:2])} ({shape.kind.unit})"
    if shape.element is not None:
        inside = shape.element
        entry = unit_in_words(inside) if inside.model is None and inside.variants is None else "sections"
        return f"{shape.container} of {entry}"
    return shape.wanted


def reference_page(
    model: type[BaseModel], title: str = "Parameters", of: str = "scenario", option: str = ""
) -> str:
    """The reference of all parameters in Markdown: a table for each section.

    Parameters
    ----------
    title, of, option
        Heading of the page, what the keys are of, and the option of ``unwind schema`` that makes it.
    """
    lines = [
        f"# {title}",
        "",
        f"Every key of a {of}. This page is made from the schema by `unwind schema{option} --markdown`;",
        "`NAME` stands for a name of your choice, `N` for the place in a list, and `<…>` for the kind of an entry,",
        "which its `kind` or `type` says in the file and keys leave out.",
    ]
    tables: dict[str, list[ReferenceRow]] = {}
    for row in reference_rows(model):
        tables.setdefault(row.key.rpartition(".")[0], []).append(row)
    for section, rows in tables.items():
        headings = ["key", "meaning", "written as", "allowed", "default", "source"]
        headings += ["prior"] if any(row.prior for row in rows) else []
        lines += ["", f"## `{section}`" if section else "## Top of the file", ""]
        lines += [_table_row(headings), f"|{'---|' * len(headings)}"]
        lines += [_table_row(_cells(row)[: len(headings)]) for row in rows]
    return "\n".join(lines) + "\n"


def judgements_table(model: type[BaseModel]) -> str:
    """Every parameter of judgement in Markdown: what it is, its default, its prior and why."""
    lines = [_table_row(["parameter", "meaning", "default", "prior, and why"]), f"|{'---|' * 4}"]
    rows = {
        plain_key(key): reference_row(key, declaration)
        for key, declaration in catalogue(model)
        if is_judgement(declaration)
    }
    lines += [_table_row([f"`{key}`", row.doc, f"`{row.default}`", row.prior]) for key, row in rows.items()]
    return "\n".join(lines)


def _cells(row: ReferenceRow) -> list[str]:
    name = row.key.rpartition(".")[2]
    default = f"`{row.default}`" if row.default != REQUIRED else REQUIRED
    return [f"`{name}`", row.doc, row.unit, row.bounds, default, row.source, row.prior]


def _table_row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"
