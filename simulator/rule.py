"""Compilation of economic rules: the flags in one place, and a catalogue of what was compiled.

A *rule* is a short scalar function that reads as one sentence of economics. A *kernel* loops over
arrays and calls rules. Both are compiled by Numba, and both stay callable as plain Python through
``.py_func``, which is what the oracle in the tests uses.

Compiled code is cached in a folder named by a hash of every source file that can be compiled into
it, so that a second start is fast and an edited rule is never served stale (Numba itself looks only
at the file of the outermost function).
"""

from __future__ import annotations

import hashlib
import platform
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from types import FunctionType
from typing import Any, TypeVar, cast

import llvmlite.binding as llvm
import numba
from numba.core.caching import CompileResultCacheImpl, FunctionCache, _CacheLocator
from numba.core.runtime.nrt import rtsys

from simulator.compiled_cache import prepare_cache

_Function = TypeVar("_Function", bound=Callable[..., Any])

PACKAGE = Path(__file__).resolve().parent

#: Folders whose sources can end up inside a compiled kernel.
COMPILED_FOLDERS = ("market", "agents", "literature", "model", "engine", "basis")

#: Every rule by qualified name: what ``unwind explain`` and the documentation list.
CATALOGUE: dict[str, Callable[..., Any]] = {}


def source_hash() -> str:
    """Hash of all compiled sources, of Numba and of the interpreter: the name of the cache folder."""
    digest = hashlib.sha256()
    digest.update(f"{numba.__version__} {sys.version} {platform.machine()}".encode())
    sources = [PACKAGE / "rule.py"]
    for folder in COMPILED_FOLDERS:
        sources.extend(sorted((PACKAGE / folder).rglob("*.py")))
    for source in sources:
        digest.update(source.name.encode())
        digest.update(source.read_bytes())
    return digest.hexdigest()[:20]


def drop_cache() -> None:
    """Delete the compiled code of this version, after a damaged cache file (it is then compiled anew)."""
    shutil.rmtree(CACHE_FOLDER, ignore_errors=True)
    CACHE_FOLDER.mkdir(mode=0o700, exist_ok=True)


#: Where compiled code is kept, and why not in the usual place (empty if it is).
CACHE_FOLDER, CACHE_NOTE = prepare_cache(source_hash())
setattr(numba.config, "CACHE_DIR", str(CACHE_FOLDER))  # noqa: B010 - Numba declares it at run time

# Let LLVM take the four partial sums of a total together, which changes no order of a sum.
setattr(numba.config, "SLP_VECTORIZE", 1)  # noqa: B010 - Numba declares it at run time

# Loops of a day run over sixty funds (fifteen vectors of four) or a handful of trades, and a day runs through far more
# code than the processor's first cache of instructions holds: no loop is laid out several times over, which gains in
# long loops only.
llvm.set_option("", "--force-vector-interleave=1")
llvm.set_option("", "--unroll-runtime=false")

# LLVM gives up vectorising a loop over more than about four arrays, because it must check at run time that none
# overlaps another. The basis rows read a dozen: let it check them all.
llvm.set_option("", "--runtime-memory-check-threshold=256")


def _compile(function: Callable[..., Any]) -> Any:
    """Compile a function once for each set of types: Numba would once more for each constant it is called with."""
    compiled: Any = numba.njit(nogil=True, error_model="numpy")(function)
    if hasattr(compiled, "get_call_template"):  # not so with compilation switched off
        find = compiled.get_call_template
        compiled.get_call_template = lambda args, kws: find(tuple(map(numba.types.unliteral, args)), kws)
    return compiled


def rule(function: _Function) -> _Function:
    """Compile a scalar rule of economics and enter it in the catalogue.

    No ``fastmath`` (it reorders sums), no ``inline="always"`` (wrong numbers with tuples of arrays),
    no ``parallel``: threads run whole blocks of paths outside.
    """
    compiled = _compile(function)
    CATALOGUE[f"{function.__module__}.{function.__name__}"] = compiled
    return cast(_Function, compiled)


def uncompiled(rule: _Function) -> _Function:
    """A rule as plain Python, and as plain Python the rules it calls: for whoever calls it a few times, not a million.

    The numbers are the same to the bit, and nothing is compiled for it.
    """
    function = cast(FunctionType, getattr(rule, "py_func", rule))
    called = {
        name: uncompiled(value) if hasattr(value, "py_func") else value
        for name, value in function.__globals__.items()
        if name in function.__code__.co_names
    }
    alone = FunctionType(function.__code__, {**called, "__builtins__": __builtins__}, function.__name__)
    return cast(_Function, alone)


def phase(function: _Function) -> _Function:
    """Compile a phase of the day: a loop over agents that reads and writes state."""
    return cast(_Function, _compile(function))


def kernel(function: _Function) -> _Function:
    """Compile an entry point that Python calls; its machine code is cached on disk."""
    compiled: Any = numba.njit(nogil=True, error_model="numpy")(function)
    if hasattr(compiled, "enable_caching"):  # not so with compilation switched off
        compiled._cache = MachineCode(function)  # type: ignore[no-untyped-call]
    return cast(_Function, compiled)


class PlaceOfSources(_CacheLocator):
    """Where machine code of this package lies: in a folder named by what its sources say.

    Numba's own places also go by the path of a source and the time it was written, so that another copy of the
    same sources, or the same after another version was looked at, would be compiled anew for a minute.
    """

    def __init__(self, function: FunctionType, folder: str) -> None:
        self._function, self._folder = function, folder

    @classmethod
    def from_function(cls, py_func: FunctionType, py_file: str) -> PlaceOfSources | None:
        """The place of a function, if the hash of the sources covers its file."""
        file = Path(py_file).resolve()
        covered = [PACKAGE / folder for folder in COMPILED_FOLDERS]
        if not any(folder in file.parents for folder in covered):
            return None
        return cls(py_func, ".".join(file.parent.relative_to(PACKAGE).parts))

    def get_cache_path(self) -> str:
        """Folder of the function's machine code."""
        return str(CACHE_FOLDER / self._folder)

    def get_source_stamp(self) -> str:
        """What must be as it was for code to be used: the name of the folder says all of it."""
        return CACHE_FOLDER.name

    def get_disambiguator(self) -> str:
        """What tells functions of one name in one file apart."""
        return str(self._function.__code__.co_firstlineno)


class _Keeping(CompileResultCacheImpl):
    _locator_classes = [PlaceOfSources, *CompileResultCacheImpl._locator_classes]  # noqa: RUF012 - as Numba declares it


class MachineCode(FunctionCache):
    """Numba's cache on disk, read without a compiler.

    Numba readies everything that compiling needs before it looks whether something is to be compiled, which costs
    each start a third of a second. Machine code needs less: the functions that count references to arrays.
    """

    _impl_class = _Keeping

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """Compiled code for these types, or none, upon which Numba compiles."""
        rtsys.initialize(target_context)
        with self._guard_against_spurious_io_errors():
            return self._load_overload(sig, target_context)  # type: ignore[no-untyped-call]
