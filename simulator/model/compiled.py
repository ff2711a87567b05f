"""Named tuples of arrays that compiled phases pass by pointer, as tables whose fields are borrowed and apart.

Numba passes a named tuple by value: a hundred arrays become a thousand arguments of every phase, and compiling takes
hours. A reference holds the same fields behind one pointer: the caller refers to a table, the kernel and its phases
read ``s.funds.cash[i]``, and a table in a table is a reference into it. In plain Python the reference is the tuple.

*Borrowed*: Numba counts references to every array that it holds, which would cost a phase more than its arithmetic;
the caller of the kernel keeps the arrays alive until it returns, so nothing is counted here.

*Apart*: no two fields share memory (a test holds the state to it). Told so, the compiler need not check at run time
whether writing ``cash`` changes ``call``, and loops over funds become short.

*Packed*: an array is one word of its table, where its numbers begin; shapes stand after the fields. What Numba keeps of
an array fills a cache line, and a day reads some hundreds of them.

*Counted from the start*: no place is one from the end, so no access asks whether it is below zero (a test reads the
phases for that).

**What this rests on.** All of it is Numba's extension interface but the functions of ``numba.np.arrayobj`` that read
and write an element, which a new release may change. ``pyproject.toml`` pins the releases that were tried, and
``tests/model/test_compiled.py`` fails when they no longer do as expected. With ``NUMBA_DISABLE_JIT=1`` nothing here is
used: the same phases run as plain Python, slowly, with the same bits.
"""

from __future__ import annotations

import hashlib
import operator
from collections.abc import Callable, Iterator
from functools import cached_property
from itertools import accumulate
from struct import Struct
from typing import Any, TypeVar, cast, get_type_hints

import numpy as np
from llvmlite import ir
from numba import config, typeof
from numba.core import cgutils, types
from numba.core.datamodel import models
from numba.core.typing.templates import AttributeTemplate
from numba.extending import (
    NativeValue,
    infer_getattr,
    lower_builtin,
    lower_getattr_generic,
    register_model,
    type_callable,
    typeof_impl,
    unbox,
)
from numba.np import arrayobj

#: Names of the tables that the compiler is told to be apart: see :func:`are_apart`.
TABLES: list[str] = []

#: Numba's types of named tuples: with fields of several types, and of one.
NAMED_TUPLES = (types.NamedTuple, types.NamedUniTuple)

_Tuple = TypeVar("_Tuple", bound=tuple[Any, ...])
_Function = TypeVar("_Function", bound=Callable[..., Any])


def are_apart(*tables: type[tuple[Any, ...]]) -> None:
    """Promise that these tables, and the tables in them, share no memory with each other."""
    for table in tables:
        TABLES.extend([table.__name__] if table.__name__ not in TABLES else [])
        inner = get_type_hints(table).values()
        are_apart(*(kind for kind in inner if hasattr(kind, "_fields")))


class Referred:
    """A table with the address at which compiled code finds its fields.

    Their types are those of its arrays, unless told.
    """

    def __init__(self, table: tuple[Any, ...], kind: Any = None) -> None:
        self.table = table  # keeps the arrays alive
        self.words = np.array(_words(table), np.int64)
        self.address = self.words.ctypes.data
        self.type = Reference(_type_of(table) if kind is None else kind)


def refer(table: _Tuple) -> _Tuple:
    """Refer to a table for a kernel; the kernel reads and writes the arrays of the table itself."""
    return table if getattr(config, "DISABLE_JIT", 0) else cast(_Tuple, Referred(table))


def _type_of(table: tuple[Any, ...]) -> Any:
    """Numba's type of a table, found once for all tables of the same kind: a block asks for it anew."""
    kind = (type(table), *_kinds(table))
    if kind not in _TYPES:
        _TYPES[kind] = typeof(table)
    return _TYPES[kind]


def _kinds(table: tuple[Any, ...]) -> Iterator[Any]:
    for field in table:
        if isinstance(field, tuple):
            yield from (type(field), *_kinds(field))
        elif isinstance(field, np.ndarray):
            yield field.dtype, field.ndim, field.flags.c_contiguous, field.flags.writeable
        else:
            yield type(field)


_TYPES: dict[tuple[Any, ...], Any] = {}


#: A float and the whole number of the same eight bytes.
_FLOAT, _WORD = Struct("d"), Struct("q")


def _words(table: tuple[Any, ...]) -> list[int]:
    """A table as compiled code reads it: a word of eight bytes a field, then the shapes of its arrays."""
    fields: list[int] = []
    shapes: list[int] = []
    for field in table:
        if isinstance(field, tuple):
            fields.extend(_words(field))
        elif isinstance(field, np.ndarray) and field.flags.c_contiguous:
            fields.append(field.__array_interface__["data"][0])
            shapes.extend(field.shape)
        elif isinstance(field, float):
            fields.extend(_WORD.unpack(_FLOAT.pack(field)))
        elif type(field) is int:
            fields.append(field)
        else:
            raise TypeError(f"a table holds contiguous arrays, floats and whole numbers, not {field!r}")
    return fields + shapes


class Reference(types.Type):
    """Type of a pointer to the fields of a named tuple."""

    def __init__(self, table: Any) -> None:
        self.table = table
        self.table_name = table.instance_class.__name__
        digest = hashlib.sha256(str(table).encode()).hexdigest()[:8]
        super().__init__(f"{self.table_name}{digest}")  # short: it enters the name of every phase

    @cached_property
    def layout(self) -> tuple[dict[str, int], int]:
        """At which word each field begins, and the shape of each array, and how many words there are: as ``_words``."""
        kinds = {name: self.type_of(name) for name in self.table.fields}
        places, end = {}, 0
        for name, kind in kinds.items():
            places[name] = end
            end += kind.layout[1] if isinstance(kind, Reference) else 1
        for name, kind in kinds.items():
            if isinstance(kind, FieldArray):
                places[f"{name}.shape"] = end
                end += kind.ndim
        return places, end

    def type_of(self, name: str) -> types.Type:
        """Type of a field; an array's says which field it is."""
        field_type = self.table[self.table.fields.index(name)]
        if isinstance(field_type, NAMED_TUPLES):
            return Reference(field_type)
        return FieldArray(field_type, name, self) if isinstance(field_type, types.Array) else field_type


class FieldArray(types.Array):
    """Type of an array that is a field of a table, or a row of it."""

    def __init__(self, array: types.Array, field: str, reference: Reference) -> None:
        self.field = field
        self.reference = reference
        super().__init__(array.dtype, array.ndim, array.layout, name=f"{field}{array.ndim}d")

    @property
    def key(self) -> Any:
        """What tells types apart: the field and its table."""
        return self.name, self.reference

    @property
    def mangling_args(self) -> Any:
        """How the type enters names of machine code."""
        return self.name, ()

    def copy(self, *changes: Any, **named: Any) -> Any:
        """Type of a row: still of this field."""
        return FieldArray(super().copy(*changes, **named), self.field, self.reference)


@register_model(Reference)
class _ReferenceModel(models.PrimitiveModel):
    def __init__(self, manager: Any, reference: Reference) -> None:
        super().__init__(manager, reference, cgutils.intp_t.as_pointer())


register_model(FieldArray)(models.ArrayModel)


@typeof_impl.register(Referred)
def _type_reference(referred: Referred, context: Any) -> Reference:
    return referred.type


@unbox(Reference)
def _find_table(reference: Reference, referred: Any, c: Any) -> NativeValue:
    address = c.pyapi.object_getattr_string(referred, "address")
    pointer = c.builder.inttoptr(c.unbox(types.intp, address).value, c.context.get_value_type(reference))
    c.pyapi.decref(address)
    return NativeValue(pointer)


@infer_getattr
class _TypeFields(AttributeTemplate):
    key = Reference

    def generic_resolve(self, reference: Any, name: str) -> Any:  # type: ignore[override]
        return reference.type_of(name) if name in reference.table.fields else None


@lower_getattr_generic(Reference)
def _read_field(
    context: Any, builder: ir.IRBuilder, reference: Reference, pointer: ir.Value, name: str
) -> Any:
    kind, places = reference.type_of(name), reference.layout[0]

    def word(place: int, as_type: ir.Type) -> Any:
        at = builder.bitcast(cgutils.gep_inbounds(builder, pointer, place), as_type.as_pointer())
        return _never_changes(builder.module, builder.load(at))

    if isinstance(kind, Reference):
        return cgutils.gep_inbounds(builder, pointer, places[name])
    if not isinstance(kind, FieldArray):
        return word(places[name], context.get_value_type(kind))
    array = cgutils.create_struct_proxy(kind)(context, builder)  # zeros: it owns no memory
    data_type = context.get_data_type(kind.dtype)
    array.data = word(places[name], data_type.as_pointer())
    shape = [word(places[f"{name}.shape"] + n, cgutils.intp_t) for n in range(kind.ndim)]
    array.itemsize = context.get_constant(types.intp, context.get_abi_sizeof(data_type))
    steps = list(accumulate([array.itemsize, *reversed(shape)], builder.mul))  # bytes, last dimension first
    array.nitems = builder.udiv(steps[-1], array.itemsize)
    array.shape = cgutils.pack_array(builder, shape)
    array.strides = cgutils.pack_array(builder, steps[-2::-1])
    return array._getvalue()


def _never_changes(module: ir.Module, value: Any) -> Any:
    """Note on a load from a table that its memory is never written: arrays change, where they lie does not."""
    if isinstance(value, ir.LoadInstr):
        value.set_metadata("invariant.load", module.add_metadata([]))
    return value


def loops_over(*row: str) -> Callable[[_Function], _Function]:
    """Compile a function of a table that returns the range of a row's last dimension, in place.

    A loop over what a *called* function returns would not be vectorised: the loop's bounds come too late.
    """

    def register(function: _Function) -> _Function:
        @type_callable(function)
        def type_range(context: Any) -> Any:
            return lambda table: types.range_state64_type if isinstance(table, Reference) else None

        @lower_builtin(function, Reference)
        def make_range(context: Any, builder: ir.IRBuilder, signature: Any, values: Any) -> Any:
            kind, value = signature.args[0], values[0]
            for name in row:
                value = _read_field(context, builder, kind, value, name)
                kind = kind.type_of(name)
            array = arrayobj.make_array(kind)(context, builder, value=value)
            count = builder.extract_value(array.shape, kind.ndim - 1)
            call = types.range_state64_type(types.int64)
            numba_range = context.typing_context.resolve_value_type(range)
            context.typing_context.resolve_function_type(numba_range, (types.int64,), {})
            return context.get_function(numba_range, call)(builder, (count,))

        return function

    return register


@lower_builtin(operator.getitem, FieldArray, types.Integer)
@lower_builtin(operator.getitem, FieldArray, types.BaseTuple)
def _get_item(context: Any, builder: ir.IRBuilder, signature: Any, values: Any) -> Any:
    array, place = signature.args
    by_tuple = isinstance(place, types.BaseTuple)
    get_item = arrayobj.getitem_array_tuple if by_tuple else arrayobj.getitem_arraynd_intp
    found = get_item(context, builder, signature.replace(args=(array, _counted_up(place))), values)
    if isinstance(found, ir.LoadInstr):  # a number, not a row
        _keep_apart(builder.module, found, array)
    return found


@lower_builtin(operator.setitem, FieldArray, types.Integer, types.Any)
@lower_builtin(operator.setitem, FieldArray, types.BaseTuple, types.Any)
def _set_item(context: Any, builder: ir.IRBuilder, signature: Any, values: Any) -> None:
    array, place, value = signature.args
    arrayobj.setitem_array(
        context, builder, signature.replace(args=(array, _counted_up(place), value)), values
    )
    places: tuple[types.Type, ...] = getattr(place, "types", (place,))
    if len(places) == array.ndim and all(isinstance(each, types.Integer) for each in places):
        _keep_apart(builder.module, builder.block.instructions[-1], array)


def _counted_up(place: Any) -> Any:
    """Type of a place, without a sign: no place is counted from the end, and none is asked whether it is."""
    if isinstance(place, types.BaseTuple):
        return types.Tuple([_counted_up(each) for each in place.types])  # type: ignore[attr-defined]
    if isinstance(place, types.Integer):
        return types.Integer.from_bitwidth(place.bitwidth, signed=False)  # type: ignore[attr-defined]
    return place


def _keep_apart(module: ir.Module, access: ir.Instruction, array: FieldArray) -> None:
    """Note on a load or store that it touches this table and field, and no other."""
    own: list[Any] = []
    others: list[Any] = []
    table = array.reference.table_name
    fields = array.reference.table.fields
    for domain, chosen, names in (("tables", table, TABLES), (table, array.field, fields)):
        scopes = {name: _scope(module, domain, name) for name in names}
        own.append(scopes.pop(chosen))
        others.extend(scopes.values())
    access.set_metadata("alias.scope", module.add_metadata(own))
    access.set_metadata("noalias", module.add_metadata(others))


def _scope(module: ir.Module, domain: str, name: str) -> Any:
    text = ir.MetaDataString
    return module.add_metadata([text(module, name), module.add_metadata([text(module, domain)])])
