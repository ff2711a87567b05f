"""Mirrors: how a rule behaves when the trade, the flow or the price move is turned round, and whether it does.

Every rule declares it in the file of its cases; how to write a declaration: docs/model/rule-tests.md. What is declared
is checked on arguments drawn at random between the bounds of ``tests/cases/bounds.yaml``.
"""

from __future__ import annotations

import inspect
import math
import re
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatch
from functools import cache, cached_property
from pathlib import Path
from types import CodeType
from typing import Any

import numpy as np
from ruamel.yaml import YAML

from simulator.rule import CATALOGUE, uncompiled
from tests.cases.reading import FOLDER, read_rules

BOUNDS = FOLDER / "bounds.yaml"
DRAWS = 200
#: A statement that holds of fewer draws than this share says nothing.
SHARE_MIN = 0.03
ROUNDING = 1e-12
#: What a statement may say besides its kind, by kind.
KINDS = {
    "odd": set(),
    "even": set(),
    "turned": {"gives"},
    "mirror_of": {"given", "gives"},
    "one_sided": {"nothing", "rises", "falls", "holds"},
    "bounds": set(),
}
ALWAYS = {"where", "within"}
WORDS = {"min": min, "max": max, "abs": abs, "sqrt": math.sqrt, "log": math.log, "inf": math.inf}

Arguments = dict[str, Any]
Rule = Callable[..., Any]


class MirrorError(AssertionError):
    """A rule is not the mirror that it says it is, or its declaration says nothing."""


@dataclass(frozen=True)
class Mirror:
    """What a rule declares: its statements, and the bounds of its arguments."""

    rule: str
    statements: list[dict[str, Any]]
    bounds: dict[str, Any]

    @cached_property
    def draws(self) -> list[Arguments]:
        """Arguments between their bounds, the bounds and nothing at all among them more often than by chance."""
        generator = np.random.default_rng(zlib.crc32(self.rule.encode()))
        columns = {name: _drawn(generator, limits) for name, limits in self.bounds.items()}
        return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]

    def signed(self) -> set[str]:
        """Arguments that may have either sign."""
        return {
            name for name, limits in self.bounds.items() if not isinstance(limits, dict) and limits[0] < 0
        }


def _drawn(generator: np.random.Generator, limits: Any) -> list[Any]:
    if isinstance(limits, dict):
        return [limits["of"][place] for place in generator.integers(len(limits["of"]), size=DRAWS)]
    low, high = limits
    values = generator.uniform(low, high, DRAWS)
    place = generator.random(DRAWS)
    values[place < 0.05], values[(place >= 0.05) & (place < 0.1)] = low, high
    if low <= 0.0 <= high:
        values[place >= 0.9] = 0.0
    return [float(value) for value in values]


def read_mirrors(folder: Path = FOLDER) -> Iterator[Mirror]:
    """The declarations of all case files below a folder, of rules that there are."""
    patterns = YAML(typ="safe").load(BOUNDS.read_text(encoding="utf-8"))
    for rule, entries in read_rules(folder):
        for entry in entries:
            if "mirror" in entry and rule in CATALOGUE:
                yield read_mirror(rule, entry["mirror"], patterns)


def read_mirror(rule: str, statements: Any, patterns: Mapping[str, Any]) -> Mirror:
    """One declaration, with bounds of all arguments; a kind or an argument that there is not is an error."""
    statements = [statements] if isinstance(statements, dict) else statements
    arguments = list(inspect.signature(CATALOGUE[rule]).parameters)
    own: dict[str, Any] = {}
    for statement in statements:
        kind = next(iter(KINDS.keys() & statement.keys()), "")
        unknown = set(statement) - {kind} - KINDS.get(kind, set()) - ALWAYS
        if not kind or unknown:
            raise ValueError(
                f"{rule}: {sorted(unknown)} in a statement of its mirror; write one of {sorted(KINDS)}"
            )
        if kind == "one_sided" and not statement.keys() & KINDS[kind]:
            raise ValueError(f"{rule}: one-sided promises nothing; write one of {sorted(KINDS[kind])}")
        if "gives" in KINDS[kind] and "gives" not in statement:
            raise ValueError(f"{rule}: {kind} needs gives: what the answer then is")
        named = {*_list(statement.get("rises")), *_list(statement.get("falls"))}
        named |= set(statement[kind]) if kind in ("odd", "even", "turned", "bounds") else set()
        if named - set(arguments):
            raise ValueError(f"{rule}: has no {sorted(named - set(arguments))}; it takes {arguments}")
        own |= statement[kind] if kind == "bounds" else {}
    found = {name: own.get(name) or _bounds_of(name, patterns) for name in arguments}
    if missing := [name for name, limits in found.items() if limits is None]:
        raise ValueError(f"{rule}: no bounds of {missing}; add them to {BOUNDS.name} or to the mirror")
    return Mirror(rule, [each for each in statements if "bounds" not in each], found)


def _bounds_of(name: str, patterns: Mapping[str, Any]) -> Any:
    return patterns.get(name) or next(
        (limits for pattern, limits in patterns.items() if fnmatch(name, pattern)), None
    )


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def same(left: Any, right: Any, within: float = ROUNDING) -> bool:
    """Whether two answers are one, but for rounding."""
    if left == right:
        return True
    scale = max(1.0, abs(left), abs(right))
    return not isinstance(left, bool) and scale < math.inf and abs(left - right) <= within * scale


@cache
def _code(expression: str) -> CodeType:
    return compile(expression, "<mirror>", "eval")


@dataclass
class Draw:
    """One draw of a rule's arguments and the answer to it, as the expressions of a statement see them."""

    function: Rule
    arguments: Arguments
    module: Mapping[str, Any]
    within: float

    def __post_init__(self) -> None:
        self.answer = self.function(**self.arguments)

    def at(self, **changes: Any) -> Any:
        """The rule's answer with some arguments changed."""
        return self.function(**{**self.arguments, **changes})

    def says(self, expression: Any) -> Any:
        """Value of an expression in the arguments, the answer and the other rules of the module."""
        if not isinstance(expression, str):
            return expression
        known = {**self.module, **WORDS, **self.arguments, "answer": self.answer, "at": self.at}
        known["same"] = lambda left, right: same(left, right, self.within)
        return eval(_code(expression), known)

    def turned(self, mapping: Mapping[str, Any]) -> Arguments:
        """Arguments of which some are exchanged for the values of expressions."""
        return {name: self.says(expression) for name, expression in mapping.items()}


def check(mirror: Mirror, function: Rule | None = None) -> None:
    """Raise an objection to the first statement that a rule, or a function in its place, does not keep."""
    rule, module = uncompiled(CATALOGUE[mirror.rule]), _rules_beside(mirror)
    for statement in mirror.statements:
        within = float(statement.get("within", ROUNDING))
        seen = [Draw(function or rule, draw, module, within) for draw in mirror.draws]
        _check(mirror, statement, [draw for draw in seen if draw.says(statement.get("where", True))])


def _rules_beside(mirror: Mirror) -> dict[str, Rule]:
    """The rules of the same module that a declaration names."""
    module = mirror.rule.rpartition(".")[0]
    beside = {name: CATALOGUE.get(f"{module}.{name}") for name in named(mirror)}
    return {name: uncompiled(rule) for name, rule in beside.items() if rule is not None}


def _check(mirror: Mirror, statement: dict[str, Any], draws: list[Draw]) -> None:
    rule = mirror.rule
    if len(draws) < SHARE_MIN * DRAWS:
        raise MirrorError(f"{rule}: hardly any draw is one in which {statement.get('where')}")
    if "one_sided" in statement:
        _check_promises(mirror, statement, draws)
        return
    other, wanted = _other(statement) if "mirror_of" in statement else (None, [])
    counts = 0
    for draw in draws:
        if other is not None:
            given = {**draw.arguments, **draw.turned(statement.get("given", {}))}
            found, expected = other(*(given[name] for name in wanted)), draw.says(statement["gives"])
        elif "turned" in statement:
            found, expected = draw.at(**draw.turned(statement["turned"])), draw.says(statement["gives"])
        else:
            names = statement.get("odd") or statement["even"]
            found = draw.at(**{name: -draw.arguments[name] for name in names})
            expected = -draw.answer if "odd" in statement else draw.answer
        if not same(found, expected, draw.within):
            raise MirrorError(
                f"{rule}: {statement}\n{draw.arguments} gives {draw.answer}, turned {found}, not {expected}"
            )
        counts += bool(_depends(statement, draw))
    if counts < SHARE_MIN * DRAWS:
        raise MirrorError(f"{rule}: {statement}: says nothing, as the rule does not answer to what is turned")


def _other(statement: dict[str, Any]) -> tuple[Rule, list[str]]:
    """The rule that another is the mirror of, and its arguments."""
    (rule,) = [rule for name, rule in CATALOGUE.items() if name.endswith(f".{statement['mirror_of']}")]
    return uncompiled(rule), list(inspect.signature(rule).parameters)


def _depends(statement: dict[str, Any], draw: Draw) -> bool:
    """Whether a statement says something of a draw: no zero is turned, and what is even counts at all."""
    if "even" in statement:
        halved = {name: 0.5 * draw.arguments[name] for name in statement["even"][:1]}
        return bool(draw.at(**halved) != draw.answer)
    return bool(draw.answer != 0.0)


def _check_promises(mirror: Mirror, statement: dict[str, Any], draws: list[Draw]) -> None:
    rule, bounds = mirror.rule, mirror.bounds

    def object_to(what: str, draw: Draw) -> None:
        raise MirrorError(
            f"{rule}: {statement['one_sided']}: not so: {what}\n{draw.arguments} gives {draw.answer}"
        )

    if condition := statement.get("nothing"):
        idle = [draw for draw in draws if draw.says(condition)]
        for draw in idle:
            if not same(draw.answer, 0.0):
                object_to(f"nothing where {condition}", draw)
        live = sum(draw.answer != 0.0 for draw in draws)
        if min(len(idle), live) < SHARE_MIN * DRAWS:
            raise MirrorError(f"{rule}: nothing where {condition}: hardly ever, or always")
    for sign, key in ((1.0, "rises"), (-1.0, "falls")):
        for name in _list(statement.get(key)):
            moved = 0
            for place, draw in enumerate(draws):
                low, high = bounds[name]
                step = min((0.001, 0.03, 0.5)[place % 3] * (high - low), high - draw.arguments[name])
                more = draw.at(**{name: draw.arguments[name] + step})
                if sign * more < sign * draw.answer and not same(more, draw.answer):
                    object_to(f"{key} with {name}, {more} for {step} more", draw)
                moved += more != draw.answer
            if moved < SHARE_MIN * DRAWS:
                raise MirrorError(f"{rule}: {key} with {name}: hardly ever")
    for condition in _list(statement.get("holds")):
        for draw in draws:
            if not draw.says(condition):
                object_to(condition, draw)


def named(mirror: Mirror) -> set[str]:
    """Words of a declaration: the arguments that it says something of are among them."""
    return set(re.findall(r"[A-Za-z_]\w*", str(mirror.statements)))
