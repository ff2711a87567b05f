"""Wrong versions of a rule: one error each, of the kinds that one makes when writing or changing economics.

A mutant is the rule's own source with one place changed: another operator, a comparison at its border or the
other way round, a constant a little or much different, least for largest, a term, factor or limit left out,
another argument in the place of one, a branch always or never taken, the sign of the answer. Tools there are (mutmut,
cosmic-ray) know nothing of limits and of arguments exchanged, and start a process for each mutant.
"""

from __future__ import annotations

import ast
import copy
import inspect
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import CodeType
from typing import Any

OTHER_OPERATOR: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Div,
    ast.Mod: ast.Mult,
    ast.Pow: ast.Mult,
}
#: The same comparison with its border on the other side, and the opposite one.
OTHER_COMPARISONS: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
}
OTHER_FUNCTION = {
    "min": "max",
    "max": "min",
    "ceil": "floor",
    "floor": "ceil",
    "exp": "expm1",
    "log": "log1p",
}


@dataclass(frozen=True)
class Mutant:
    """One wrong version of a rule: the statement it changes, as it was and as it became."""

    rule: str
    line: str
    becomes: str
    file: str
    number: int
    code: CodeType

    def __str__(self) -> str:
        return f"{self.file}:{self.number}: {self.rule}\n    - {self.line}\n    + {self.becomes}"


@dataclass(frozen=True)
class Names:
    """Names that a rule reads: its arguments, and numbers of its module with their values."""

    arguments: list[str]
    numbers: dict[str, float]


def other_numbers(value: float) -> Iterator[ast.expr]:
    """Numbers that are not this one: off by one either way, and off by a hundredth."""
    yield ast.Constant(value + 1)
    yield ast.Constant(value - 1)
    if isinstance(value, float) and value:
        yield ast.Constant(value * 1.01)


def other_expressions(node: ast.expr, names: Names) -> Iterator[ast.expr]:
    """What may stand by mistake in the place of an expression."""
    match node:
        case ast.BinOp(left, operator, right):
            if type(operator) in OTHER_OPERATOR:
                yield ast.BinOp(left, OTHER_OPERATOR[type(operator)](), right)
            yield left
            yield right
        case ast.Compare(left, [operator], [right]):
            for other in OTHER_COMPARISONS[type(operator)]:
                yield ast.Compare(left, [other()], [right])
        case ast.BoolOp(operator, values):
            yield ast.BoolOp(ast.Or() if isinstance(operator, ast.And) else ast.And(), values)
            yield from values
        case ast.UnaryOp(_, operand):
            yield operand
        case ast.Constant(value) if isinstance(value, bool):
            yield ast.Constant(not value)
        case ast.Constant(value) if isinstance(value, int | float):
            yield from other_numbers(value)
        case ast.Call(function, values, []):
            name = function.attr if isinstance(function, ast.Attribute) else ast.unparse(function)
            if name in OTHER_FUNCTION:
                other = copy.deepcopy(function)
                setattr(other, "attr" if isinstance(other, ast.Attribute) else "id", OTHER_FUNCTION[name])
                yield ast.Call(other, values, [])
            if name not in ("min", "max"):
                for place in range(len(values) - 1):
                    swapped = [*values[:place], values[place + 1], values[place], *values[place + 2 :]]
                    yield ast.Call(function, swapped, [])
            if name in ("min", "max") or len(values) == 1:
                yield from values
        case ast.Name(name, ast.Load()) if name in names.arguments:
            yield from (ast.Name(other, ast.Load()) for other in names.arguments if other != name)
        case ast.Name(name, ast.Load()) if name in names.numbers:
            yield from other_numbers(names.numbers[name])
        case ast.IfExp(_, then, otherwise):
            yield then
            yield otherwise


def other_statements(node: ast.stmt) -> Iterator[ast.stmt]:
    """What may stand by mistake in the place of a statement."""
    match node:
        case ast.Return(value) if value is not None and not isinstance(value, ast.Constant):
            yield ast.Return(ast.UnaryOp(ast.USub(), value))
        case ast.AugAssign(target, operator, value):
            yield ast.AugAssign(target, OTHER_OPERATOR[type(operator)](), value)
            yield ast.Pass()
        case ast.If(_, body, otherwise):
            yield ast.If(ast.Constant(True), body, otherwise)
            yield ast.If(ast.Constant(False), body, otherwise)


def shown(statement: ast.stmt) -> str:
    """A statement as text in one form, however it is broken into lines; of an ``if`` or loop its first line."""
    return ast.unparse(statement).partition("\n")[0].removesuffix(":")


def _changes(node: ast.AST, statement: ast.stmt, names: Names) -> Iterator[tuple[ast.stmt, str]]:
    """Change one place after another below a node, and back; yield the statement changed and its new text."""
    for field, value in ast.iter_fields(node):
        members = list(enumerate(value)) if isinstance(value, list) else [(None, value)]
        for place, child in members:
            if not isinstance(child, ast.AST):
                continue
            inside = child if isinstance(child, ast.stmt) else statement
            others: Iterator[ast.AST] = iter(())
            if isinstance(child, ast.stmt):
                others = other_statements(child)
            elif isinstance(child, ast.expr):
                others = other_expressions(child, names)
            for other in others:
                _put(node, field, place, other)
                yield inside, shown(other if isinstance(other, ast.stmt) else inside)
            _put(node, field, place, child)
            yield from _changes(child, inside, names)


def _put(node: ast.AST, field: str, place: int | None, value: ast.AST) -> None:
    if place is None:
        setattr(node, field, value)
    else:
        getattr(node, field)[place] = value


def mutants_of(name: str, function: Callable[..., Any], file: str) -> Iterator[Mutant]:
    """Every wrong version of a plain function, each once."""
    lines, first = inspect.getsourcelines(function)
    tree = ast.parse(textwrap.dedent("".join(lines)))
    definition = tree.body[0]
    assert isinstance(definition, ast.FunctionDef)
    definition.decorator_list = []
    if isinstance(definition.body[0], ast.Expr):  # the docstring
        definition.body[0] = ast.copy_location(ast.Pass(), definition.body[0])
    numbers = {name: value for name, value in function.__globals__.items() if type(value) in (int, float)}
    names = Names([argument.arg for argument in definition.args.args], numbers)
    body = ast.Module(definition.body, [])
    originals = {id(node): shown(node) for node in ast.walk(body) if isinstance(node, ast.stmt)}
    seen = {ast.unparse(definition)}
    for statement, becomes in _changes(body, definition, names):
        text = ast.unparse(definition)
        if text in seen:
            continue
        seen.add(text)
        made: dict[str, Any] = {}
        exec(f"from __future__ import annotations\n{text}", {}, made)
        yield Mutant(
            name,
            originals[id(statement)],
            becomes,
            file,
            first + statement.lineno - 1,
            made[function.__name__].__code__,
        )
