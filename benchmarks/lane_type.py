"""Eight paths as one number: a type of Numba in which rules and phases, as they stand, play eight paths at once.

A table in lanes has the fields and shapes of a table of one path, each number eight wide: ``s.funds.cash[i]`` is the
cash of fund i on eight paths, ``<8 x double>`` to LLVM. Arithmetic, comparison, ``min``, ``max`` and ``abs`` go lane by
lane with the bits of eight single paths; functions of ``math`` and powers are computed one lane after the other.

A comparison gives a mask, of which nobody can ask whether it is true. So :func:`in_lanes` compiles a rule or phase from
its source with ``a if c else b`` read as ``where(c, a, b)``, which is exact, because rules are pure. What becomes of a
statement ``if`` on a mask:

* ``return`` and assignments become ``where``;
* ``continue`` is taken when all lanes take it: a row without orders does nothing on the lanes that had none;
* calls, of what is done with a fund that is short, are not made: the status says that a lane would have to go alone.

What observes single agents, the diary and the named ones, is left out.
"""

from __future__ import annotations

import ast
import inspect
import math
import operator
import textwrap
from collections.abc import Callable
from functools import reduce
from types import FunctionType
from typing import Any

import numpy as np
from llvmlite import ir
from numba import typeof
from numba.core import cgutils, types
from numba.core.datamodel import models
from numba.core.typeconv import Conversion
from numba.core.typing.templates import AbstractTemplate, infer_global, signature
from numba.extending import lower_builtin, lower_cast, register_model

from simulator.model.compiled import Referred
from simulator.model.table import Floats, aligned_zeros
from simulator.rule import phase

#: Status of books of which a lane would have had to be played alone.
ALONE = 99
#: Phases that only observe single agents.
OBSERVE = ("note", "note_calls", "note_costs", "note_limits", "note_sale", "write_calls", "write_choices")
#: Phases that fill only rows of scratch between an early return and the last: it does not matter on which lanes.
PURE = ("balance_sheet_cost",)


class Lanes(types.Type):
    """Type of a float on so many paths."""

    def __init__(self, count: int) -> None:
        self.count = count
        super().__init__(f"Lanes{count}")

    def can_convert_from(self, typingctx: Any, other: Any) -> Any:
        """A plain number is the same on all paths."""
        return Conversion.safe if isinstance(other, types.Number) else None


class Mask(types.Type):
    """Type of a yes or no on so many paths."""

    def __init__(self, count: int) -> None:
        self.count = count
        super().__init__(f"Mask{count}")

    def can_convert_from(self, typingctx: Any, other: Any) -> Any:
        """A plain yes is yes on all paths."""
        return Conversion.safe if isinstance(other, types.Boolean) else None


@register_model(Lanes)
class _LanesModel(models.PrimitiveModel):
    def __init__(self, manager: Any, kind: Lanes) -> None:
        super().__init__(manager, kind, ir.VectorType(ir.DoubleType(), kind.count))


@register_model(Mask)
class _MaskModel(models.PrimitiveModel):
    def __init__(self, manager: Any, kind: Mask) -> None:
        super().__init__(manager, kind, ir.VectorType(ir.IntType(1), kind.count))


def _on_all_lanes(builder: ir.IRBuilder, value: Any, count: int) -> Any:
    vector = ir.VectorType(value.type, count)
    first = builder.insert_element(ir.Constant(vector, ir.Undefined), value, ir.IntType(32)(0))
    places = ir.Constant(ir.VectorType(ir.IntType(32), count), [0] * count)
    return builder.shuffle_vector(first, ir.Constant(vector, ir.Undefined), places)


@lower_cast(types.Number, Lanes)
def _cast_number(context: Any, builder: ir.IRBuilder, number: Any, lanes: Lanes, value: Any) -> Any:
    return _on_all_lanes(builder, context.cast(builder, value, number, types.float64), lanes.count)


@lower_cast(types.Boolean, Mask)
def _cast_boolean(context: Any, builder: ir.IRBuilder, boolean: Any, mask: Mask, value: Any) -> Any:
    return _on_all_lanes(builder, value, mask.count)


def _define(
    function: Any, of: type[types.Type], gives: type[types.Type] | Any, make: Callable[..., Any]
) -> None:
    """Let compiled code call a function with arguments of which one at least is ``of``: the others become so."""

    @infer_global(function)
    class Typing(AbstractTemplate):
        def generic(self, args: Any, kws: Any) -> Any:
            wide = [each for each in args if isinstance(each, of)]
            if of is Mask and all(isinstance(each, types.Boolean) for each in args):
                return signature(types.boolean, *[types.boolean] * len(args))
            if not wide or not all(each == wide[0] or wide[0].can_convert_from(None, each) for each in args):
                return None
            result = gives(wide[0].count) if gives in (Lanes, Mask) else gives
            return signature(result, *[wide[0]] * len(args))

    plain = [types.Boolean] if of is Mask else []

    def lower(context: Any, builder: ir.IRBuilder, call: Any, values: Any) -> Any:
        return make(context, builder, *values)

    for kind in [of, *plain]:
        lower_builtin(function, kind)(lower)
        lower_builtin(function, kind, kind)(lower)


def _compared(sign: str) -> Callable[..., Any]:
    def make(_: Any, builder: ir.IRBuilder, left: Any, right: Any) -> Any:
        compare = builder.fcmp_unordered if sign == "!=" else builder.fcmp_ordered
        return compare(sign, left, right)

    return make


def _chosen(sign: str) -> Callable[..., Any]:
    """As Python's: the first unless the second is larger, or smaller."""

    def make(_: Any, builder: ir.IRBuilder, first: Any, second: Any) -> Any:
        return builder.select(builder.fcmp_ordered(sign, second, first), second, first)

    return make


def _intrinsic(name: str) -> Callable[..., Any]:
    def make(_: Any, builder: ir.IRBuilder, value: Any) -> Any:
        kind = ir.FunctionType(value.type, [value.type])
        full = f"llvm.{name}.v{value.type.count}f64"
        return builder.call(cgutils.get_or_insert_function(builder.module, kind, full), [value])

    return make


def _lane_by_lane(function: Any) -> Callable[..., Any]:
    """The scalar function on each lane: its bits, and its time."""

    def make(context: Any, builder: ir.IRBuilder, *values: Any) -> Any:
        call = signature(types.float64, *[types.float64] * len(values))
        context.typing_context.resolve_function_type(
            context.typing_context.resolve_value_type(function), call.args, {}
        )
        scalar, result = context.get_function(function, call), values[0]
        for lane in map(ir.IntType(32), range(values[0].type.count)):
            found = scalar(builder, [builder.extract_element(value, lane) for value in values])
            result = builder.insert_element(result, found, lane)
        return result

    return make


def _built(name: str) -> Callable[..., Any]:
    return lambda _, builder, *values: getattr(builder, name)(*values)


for _name, _make in {"add": "fadd", "sub": "fsub", "mul": "fmul", "truediv": "fdiv"}.items():
    _define(getattr(operator, _name), Lanes, Lanes, _built(_make))
    _define(getattr(operator, f"i{_name}"), Lanes, Lanes, _built(_make))
for _name, _sign in {"lt": "<", "le": "<=", "gt": ">", "ge": ">=", "eq": "==", "ne": "!="}.items():
    _define(getattr(operator, _name), Lanes, Mask, _compared(_sign))
_define(operator.neg, Lanes, Lanes, _built("fneg"))
_define(max, Lanes, Lanes, _chosen(">"))
_define(min, Lanes, Lanes, _chosen("<"))
_define(abs, Lanes, Lanes, _intrinsic("fabs"))
_define(math.sqrt, Lanes, Lanes, _intrinsic("sqrt"))
for _function in (math.exp, math.expm1, math.log, math.copysign, operator.pow):
    _define(_function, Lanes, Lanes, _lane_by_lane(_function))


def where(condition: Any, this: Any, other: Any) -> Any:
    """``this`` on the lanes where the condition holds, ``other`` on the rest."""
    return this if condition else other


def both(one: Any, other: Any) -> Any:
    """Whether both hold, lane by lane."""
    return one and other


def either(one: Any, other: Any) -> Any:
    """Whether one holds at least, lane by lane."""
    return one or other


def negate(condition: Any) -> Any:
    """Whether it does not hold, lane by lane."""
    return not condition


def some(condition: Any) -> bool:
    """Whether it holds on some lane."""
    return bool(condition)


def every(condition: Any) -> bool:
    """Whether it holds on all lanes."""
    return bool(condition)


def _as_word(builder: ir.IRBuilder, mask: Any) -> Any:
    return builder.bitcast(mask, ir.IntType(getattr(mask.type, "count", 1)))


def _some(_: Any, builder: ir.IRBuilder, mask: Any) -> Any:
    word = _as_word(builder, mask)
    return builder.icmp_unsigned("!=", word, word.type(0))


def _every(_: Any, builder: ir.IRBuilder, mask: Any) -> Any:
    word = _as_word(builder, mask)
    return builder.icmp_unsigned("==", word, word.type(2**word.type.width - 1))


_define(both, Mask, Mask, _built("and_"))
_define(either, Mask, Mask, _built("or_"))
_define(negate, Mask, Mask, _built("not_"))
_define(some, Mask, types.boolean, _some)
_define(every, Mask, types.boolean, _every)


@infer_global(where)
class _TypeWhere(AbstractTemplate):
    def generic(self, args: Any, kws: Any) -> Any:
        _, *values = args
        wide = next((each for each in args if isinstance(each, Lanes | Mask)), None)
        if wide is None:
            plain = self.context.unify_types(*values)
            return signature(plain, types.boolean, plain, plain)
        result = values[0] if isinstance(values[0], Mask) else Lanes(wide.count)
        return signature(result, Mask(wide.count), result, result)


@lower_builtin(where, Mask, types.Any, types.Any)
@lower_builtin(where, types.Boolean, types.Any, types.Any)
def _where(context: Any, builder: ir.IRBuilder, call: Any, values: Any) -> Any:
    return builder.select(*values)


# ---- tables in lanes ----


def in_wide_memory(table: tuple[Any, ...], memory: Floats, wide: Floats) -> tuple[Any, ...]:
    """A table whose rows are views of ``wide``, (number, lane), where those of the given one are of ``memory``."""

    def widened(field: Any) -> Any:
        if isinstance(field, tuple):
            return type(field)(*map(widened, field))  # type: ignore[arg-type]
        first = (field.ctypes.data - memory.ctypes.data) // memory.itemsize
        if field.dtype != np.float64 or not 0 <= first < len(memory):
            return field
        return wide[first : first + field.size].view(f"V{wide.itemsize * wide.shape[1]}").reshape(field.shape)

    return widened(table)


def wide_memory(memory: Floats, lanes: int) -> Floats:
    """Zeros for so many paths' memory, (number, lane), that begin on a cache line."""
    return aligned_zeros(len(memory) * lanes).reshape(len(memory), lanes)


def refer_in_lanes(table: tuple[Any, ...]) -> Referred:
    """Refer to a table in lanes for a kernel."""
    return Referred(table, _type_in_lanes(table))


def _type_in_lanes(field: Any) -> Any:
    if isinstance(field, tuple):
        return types.BaseTuple.from_types([_type_in_lanes(each) for each in field], type(field))
    if field.dtype.kind == "V":
        return types.Array(Lanes(field.itemsize // 8), field.ndim, "C")
    return typeof(field)


# ---- rules and phases in lanes, from their sources ----


class NoFormInLanesError(ValueError):
    """A statement whose condition differs by lane and that is more than return, assignment, continue or calls."""


class _Rewriting(ast.NodeTransformer):
    """Conditions on masks become functions of masks; conditions on the scenario alone stay as they are."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.counters: set[str] = set()

    def same_on_all_lanes(self, test: ast.expr) -> bool:
        """Whether a condition reads but the scenario, constants and counters of loops."""
        names = {each.id for each in ast.walk(test) if isinstance(each, ast.Name)}
        return all(name == "p" or name.isupper() or name in self.counters for name in names)

    def visit_For(self, node: ast.For) -> ast.For:
        self.counters.update(each.id for each in ast.walk(node.target) if isinstance(each, ast.Name))
        self.generic_visit(node)
        return node

    def visit_IfExp(self, node: ast.IfExp) -> ast.expr:
        alike = self.same_on_all_lanes(node.test)
        self.generic_visit(node)
        return node if alike else _call("where", node.test, node.body, node.orelse)

    def visit_BoolOp(self, node: ast.BoolOp) -> ast.expr:
        alike = self.same_on_all_lanes(node)
        self.generic_visit(node)
        name = "both" if isinstance(node.op, ast.And) else "either"
        return node if alike else reduce(lambda one, other: _call(name, one, other), node.values)

    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.expr:
        alike = not isinstance(node.op, ast.Not) or self.same_on_all_lanes(node)
        self.generic_visit(node)
        return node if alike else _call("negate", node.operand)

    def visit_Expr(self, node: ast.Expr) -> ast.stmt:
        called = node.value.func if isinstance(node.value, ast.Call) else None
        return ast.Pass() if isinstance(called, ast.Name) and called.id in OBSERVE else node

    def visit_If(self, node: ast.If) -> ast.stmt | list[ast.stmt]:
        alike = self.same_on_all_lanes(node.test)
        self.generic_visit(node)
        body = [each for each in node.body if not isinstance(each, ast.Pass)]
        if not body and not node.orelse:
            return ast.Pass()
        if alike:
            return node
        if all(isinstance(each, ast.Assign | ast.AugAssign) for each in body + node.orelse):
            other = _call("negate", node.test)
            return [_masked(node.test, each) for each in body] + [
                _masked(other, each) for each in node.orelse
            ]
        if isinstance(body[0], ast.Continue):
            return ast.If(_call("every", node.test), body, [])
        if all(isinstance(each, ast.Expr) for each in body) and not node.orelse:
            return ast.If(_call("some", node.test), ast.parse(f"s.checks.status[0] = {ALONE}").body, [])
        if len(body) == 1 and isinstance(body[0], ast.Return) and not node.orelse:
            return ast.If(node.test, body, [])  # see :meth:`returning_once`
        raise NoFormInLanesError(f"{self.name}, line {node.lineno} of it: if {ast.unparse(node.test)}")

    def returning_once(self, body: list[ast.stmt]) -> list[ast.stmt]:
        """A body whose early returns, each under a condition, become one at its end: what is between must be pure."""
        early: list[tuple[ast.expr, ast.expr]] = []
        once: list[ast.stmt] = []
        for each in body:
            if (
                isinstance(each, ast.If)
                and isinstance(each.body[0], ast.Return)
                and not self.same_on_all_lanes(each.test)
            ):
                early.append((each.test, each.body[0].value))
            elif isinstance(each, ast.Return) and early:
                value = reduce(
                    lambda rest, one: _call("where", one[0], one[1], rest), reversed(early), each.value
                )
                once.append(ast.Return(value))
            elif early and self.name not in PURE and not _names_a_value(each):
                raise NoFormInLanesError(f"{self.name}: {ast.unparse(each)} after an early return")
            else:
                once.append(each)
        return once


def _names_a_value(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name)


def _call(name: str, *arguments: ast.expr) -> ast.expr:
    return ast.Call(ast.Name(name, ast.Load()), list(arguments), [])


def _masked(test: ast.expr, assignment: Any) -> ast.stmt:
    """An assignment on the lanes where a condition holds."""
    target = assignment.targets[0] if isinstance(assignment, ast.Assign) else assignment.target
    before = ast.parse(ast.unparse(target), mode="eval").body
    value = assignment.value
    if isinstance(assignment, ast.AugAssign):
        value = ast.BinOp(before, assignment.op, value)
    return ast.Assign([target], _call("where", test, value, before))


_IN_LANES: dict[Any, Any] = {}


def in_lanes(function: Callable[..., Any]) -> Any:
    """A rule or phase, and all that it calls, compiled for tables in lanes from the same sources.

    Raises
    ------
    NoFormInLanesError
        If a condition that differs by lane guards what has no form in lanes.
    """
    plain: FunctionType = getattr(function, "py_func", function)  # type: ignore[assignment]
    if plain not in _IN_LANES:
        written = ast.parse(textwrap.dedent(inspect.getsource(plain))).body[0]
        assert isinstance(written, ast.FunctionDef)
        rewriting = _Rewriting(plain.__name__)
        written.decorator_list = []
        written.body = [each for part in written.body for each in _listed(rewriting.visit(part))]
        written.body = rewriting.returning_once(written.body)
        module = ast.fix_missing_locations(ast.Module([written], []))
        names = dict(plain.__globals__) | {
            each.__name__: each for each in (where, both, either, negate, some, every)
        }
        called = {ast.unparse(each.func) for each in ast.walk(written) if isinstance(each, ast.Call)}
        names |= {name: in_lanes(names[name]) for name in called if hasattr(names.get(name), "py_func")}
        exec(compile(module, f"<{plain.__name__} in lanes>", "exec"), names)
        _IN_LANES[plain] = phase(names[plain.__name__])
    return _IN_LANES[plain]


def _listed(visited: Any) -> list[ast.stmt]:
    return visited if isinstance(visited, list) else [visited]
