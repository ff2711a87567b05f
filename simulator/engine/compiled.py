"""Named tuples that compiled phases pass by pointer.

Numba passes a named tuple by value: a hundred arrays become a thousand arguments of every phase, and compiling
takes hours. A reference holds the same fields behind one pointer: the kernel makes one of each tuple and phases read
``s.cash[i]`` either way. In plain Python the reference is the tuple itself.

Arrays read through a reference are borrowed: Numba counts references to every array that it holds, which would
cost a phase more than its arithmetic, but the caller of the kernel keeps these alive until it returns.
"""

from __future__ import annotations

import hashlib
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

_Tuple = TypeVar("_Tuple", bound=tuple[Any, ...])


class Reference(types.Type):
    """Type of a pointer to the fields of a named tuple."""

    def __init__(self, table: types.NamedTuple) -> None:
        self.table = table
        digest = hashlib.sha256(str(table).encode()).hexdigest()[:8]
        super().__init__(f"{table.instance_class.__name__}Reference{digest}")


@register_model(Reference)
class _ReferenceModel(models.PrimitiveModel):
    def __init__(self, manager: Any, reference: Reference) -> None:
        pointer = manager.lookup(reference.table).get_data_type().as_pointer()
        super().__init__(manager, reference, pointer)


def by_reference(table: _Tuple) -> _Tuple:
    """Refer to a named tuple; valid until the compiled function that calls this returns."""
    return table


@type_callable(by_reference)
def _type_of_reference(context: Any) -> Any:
    return lambda table: Reference(table) if isinstance(table, types.NamedTuple) else None


@lower_builtin(by_reference, types.NamedTuple)
def _make_reference(context: Any, builder: ir.IRBuilder, signature: Any, values: Any) -> ir.Value:
    model = context.data_model_manager.lookup(signature.args[0])
    return cgutils.alloca_once_value(builder, model.as_data(builder, values[0]))


@infer_getattr
class _FieldTypes(AttributeTemplate):
    key = Reference

    def generic_resolve(self, reference: Any, name: str) -> Any:  # type: ignore[override]
        table = reference.table
        return table[table.fields.index(name)] if name in table.fields else None


@lower_getattr_generic(Reference)
def _read_field(
    context: Any, builder: ir.IRBuilder, reference: Reference, pointer: ir.Value, name: str
) -> Any:
    place = reference.table.fields.index(name)
    field_type = reference.table[place]
    field = cgutils.gep_inbounds(builder, pointer, 0, place)
    if not isinstance(field_type, types.Array):
        return context.data_model_manager.lookup(field_type).load_from_data_pointer(builder, field)
    kept = cgutils.create_struct_proxy(field_type)(context, builder, ref=field)
    borrowed = cgutils.create_struct_proxy(field_type)(context, builder)  # zeros: it owns no memory
    for member in ("nitems", "itemsize", "data", "shape", "strides"):
        setattr(borrowed, member, getattr(kept, member))
    return borrowed._getvalue()
