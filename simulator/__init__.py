"""Unwind: a Monte Carlo systemic-stress simulator of the US Treasury market.

>>> from simulator import load_scenario, run_scenario, open_results  # doctest: +SKIP

Names are imported when they are first used, so that the command line starts at once.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from simulator.ensemble.execution import run_scenario
    from simulator.results.reading import open_results
    from simulator.scenario.loading import load_scenario

__version__ = "0.1.0"
__all__ = ["__version__", "load_scenario", "open_results", "run_scenario"]

_PLACES = {
    "load_scenario": "simulator.scenario.loading",
    "open_results": "simulator.results.reading",
    "run_scenario": "simulator.ensemble.execution",
}


def __getattr__(name: str) -> Any:
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_PLACES[name]), name)
