"""Named tuples that compiled phases pass by pointer.

Numba passes a named tuple by value: a hundred arrays become a thousand arguments of every phase, and compiling
takes hours. A structure reference holds the same fields behind one pointer, so the kernel turns each tuple into
its twin once and phases read ``s.cash[i]`` either way. In plain Python the twin is the tuple itself.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba
from numba.core import types
from numba.experimental import structref

_Tuple = TypeVar("_Tuple", bound=tuple[Any, ...])


def by_reference(tuple_type: type[_Tuple]) -> Callable[..., _Tuple]:
    """Make the structure reference with the fields of a named tuple; call it with the tuple's members."""
    if getattr(numba.config, "DISABLE_JIT", False):
        return tuple_type
    name = f"{tuple_type.__name__}Reference"
    module = {"__module__": __name__}
    library: Any = structref
    struct_type = library.register(type(f"{name}Type", (types.StructRef,), dict(module)))
    proxy = type(name, (structref.StructRefProxy,), dict(module))
    globals()[struct_type.__name__] = struct_type  # compiled code is cached by qualified names
    globals()[name] = proxy
    library.define_proxy(proxy, struct_type, list(getattr(tuple_type, "_fields")))  # noqa: B009 - tuples of NamedTuple
    return cast(Callable[..., _Tuple], proxy)
