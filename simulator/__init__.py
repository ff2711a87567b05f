"""Unwind: a Monte Carlo systemic-stress simulator of the US Treasury market.

>>> import simulator
>>> loaded = simulator.load_scenario("toy")
>>> loaded.scenario.name, loaded.scenario.paths
('toy', 1)

``run``, ``open_results`` and the rest are in :mod:`simulator.api`. Names are imported when they are first
used, so that the command line starts at once.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from simulator.version import __version__

if TYPE_CHECKING:
    from simulator.analysis.comparison import compare
    from simulator.api import Results, flow_of_funds, open_results, open_sweep, run, sweep, write_report
    from simulator.results.errors import OutputError
    from simulator.scenario.errors import ScenarioError
    from simulator.scenario.loading import load_scenario

__all__ = [
    "OutputError",
    "Results",
    "ScenarioError",
    "__version__",
    "compare",
    "flow_of_funds",
    "load_scenario",
    "open_results",
    "open_sweep",
    "run",
    "sweep",
    "write_report",
]

_PLACES = {
    "OutputError": "simulator.results.errors",
    "Results": "simulator.api",
    "ScenarioError": "simulator.scenario.errors",
    "compare": "simulator.analysis.comparison",
    "flow_of_funds": "simulator.api",
    "load_scenario": "simulator.scenario.loading",
    "open_results": "simulator.api",
    "open_sweep": "simulator.api",
    "run": "simulator.api",
    "sweep": "simulator.api",
    "write_report": "simulator.api",
}


def __getattr__(name: str) -> Any:
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_PLACES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
