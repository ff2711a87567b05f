"""Rules as plain Python, with the rules that they call: nothing is compiled."""

from __future__ import annotations

from types import ModuleType
from typing import Any

from simulator.rule import uncompiled


class Plain:
    """A module of rules, each of which runs as plain Python."""

    def __init__(self, module: ModuleType) -> None:
        self.module = module

    def __getattr__(self, name: str) -> Any:
        return uncompiled(getattr(self.module, name))
