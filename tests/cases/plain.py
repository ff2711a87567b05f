"""Rules as plain Python, with the rules that they call: nothing is compiled."""

from __future__ import annotations

from collections.abc import Callable
from types import FunctionType, ModuleType
from typing import Any


def plain(rule: Callable[..., Any]) -> Callable[..., Any]:
    """A rule as plain Python, and as plain Python the rules it calls."""
    function = getattr(rule, "py_func", rule)
    called = {
        name: plain(value) if hasattr(value, "py_func") else value
        for name, value in function.__globals__.items()
        if name in function.__code__.co_names
    }
    return FunctionType(function.__code__, {**called, "__builtins__": __builtins__}, function.__name__)


class Plain:
    """A module of rules, each of which runs as plain Python."""

    def __init__(self, module: ModuleType) -> None:
        self.module = module

    def __getattr__(self, name: str) -> Any:
        return plain(getattr(self.module, name))
