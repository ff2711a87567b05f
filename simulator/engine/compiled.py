"""Named tuples of arrays that compiled phases pass by pointer, as tables whose fields are borrowed and apart.

Numba passes a named tuple by value: a hundred arrays become a thousand arguments of every phase, and compiling
takes hours. A reference holds the same fields behind one pointer: the kernel makes one of each table and phases read
``s.cash[i]`` either way. In plain Python the reference is the tuple itself.

*Borrowed*: Numba counts references to every array that it holds, which would cost a phase more than its arithmetic;
the caller of the kernel keeps the arrays alive until it returns, so nothing is counted here.

*Apart*: no two fields share memory (a test holds the state to it). Told so, the compiler need not check at run time
whether writing ``cash`` changes ``call``, and loops over funds become short.
"""

from __future__ import annotations

import hashlib
import operator
from typing import Any, TypeVar

from llvmlite import ir
from numba.core import cgutils, types
from numba.core.datamodel import models
from numba.core.typing.templates import AttributeTemplate
from numba.extending import (
    infer_getattr,
    lower_builtin,
    lower_getattr_generic,
    register_model,
    type_callable,
)
from numba.np import arrayobj

#: Named tuples that may be referred to.
TABLES = ("Parameters", "Schedule", "World", "State", "Records")

_Tuple = TypeVar("_Tuple", bound=tuple[Any, ...])


def by_reference(table: _Tuple) -> _Tuple:
    """Refer to a named tuple; valid until the compiled function that calls this returns."""
    return table


class Reference(types.Type):
    """Type of a pointer to the fields of a named tuple."""

    def __init__(self, table: types.NamedTuple) -> None:
        self.table = table
        self.table_name = table.instance_class.__name__
        digest = hashlib.sha256(str(table).encode()).hexdigest()[:8]
        super().__init__(f"{self.table_name}{digest}")  # short: it enters the name of every phase

    def type_of(self, name: str) -> types.Type:
        """Type of a field; an array's says which field it is."""
        field_type = self.table[self.table.fields.index(name)]
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
        pointer = manager.lookup(reference.table).get_data_type().as_pointer()
        super().__init__(manager, reference, pointer)


register_model(FieldArray)(models.ArrayModel)


@type_callable(by_reference)
def _type_reference(context: Any) -> Any:
    return lambda table: Reference(table) if isinstance(table, types.NamedTuple) else None


@lower_builtin(by_reference, types.NamedTuple)
def _make_reference(context: Any, builder: ir.IRBuilder, signature: Any, values: Any) -> ir.Value:
    model = context.data_model_manager.lookup(signature.args[0])
    return cgutils.alloca_once_value(builder, model.as_data(builder, values[0]))


@infer_getattr
class _TypeFields(AttributeTemplate):
    key = Reference

    def generic_resolve(self, reference: Any, name: str) -> Any:  # type: ignore[override]
        return reference.type_of(name) if name in reference.table.fields else None


@lower_getattr_generic(Reference)
def _read_field(
    context: Any, builder: ir.IRBuilder, reference: Reference, pointer: ir.Value, name: str
) -> Any:
    field_type = reference.type_of(name)
    field = cgutils.gep_inbounds(builder, pointer, 0, reference.table.fields.index(name))
    if not isinstance(field_type, FieldArray):
        return context.data_model_manager.lookup(field_type).load_from_data_pointer(builder, field)
    kept = cgutils.create_struct_proxy(field_type)(context, builder, ref=field)
    borrowed = cgutils.create_struct_proxy(field_type)(context, builder)  # zeros: it owns no memory
    for member in ("nitems", "itemsize", "data", "shape", "strides"):
        setattr(borrowed, member, getattr(kept, member))
    return borrowed._getvalue()


@lower_builtin(operator.getitem, FieldArray, types.Integer)
@lower_builtin(operator.getitem, FieldArray, types.BaseTuple)
def _get_item(context: Any, builder: ir.IRBuilder, signature: Any, values: Any) -> Any:
    array, place = signature.args
    by_tuple = isinstance(place, types.BaseTuple)
    get_item = arrayobj.getitem_array_tuple if by_tuple else arrayobj.getitem_arraynd_intp
    found = get_item(context, builder, signature, values)
    if isinstance(found, ir.LoadInstr):  # a number, not a row
        _keep_apart(builder.module, found, array)
    return found


@lower_builtin(operator.setitem, FieldArray, types.Integer, types.Any)
@lower_builtin(operator.setitem, FieldArray, types.BaseTuple, types.Any)
def _set_item(context: Any, builder: ir.IRBuilder, signature: Any, values: Any) -> None:
    arrayobj.setitem_array(context, builder, signature, values)
    array, place, _ = signature.args
    places: tuple[types.Type, ...] = getattr(place, "types", (place,))
    if len(places) == array.ndim and all(isinstance(each, types.Integer) for each in places):
        _keep_apart(builder.module, builder.block.instructions[-1], array)


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
