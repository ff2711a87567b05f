"""Compile the model ahead of the first run: on a node before its jobs, or when an image of a container is made."""

from __future__ import annotations

from simulator.ensemble.description import layout_of, prepare_run
from simulator.ensemble.jobs import Job, OpenJob
from simulator.scenario.loading import load_scenario

#: Any scenario will do: compiled code depends on the kinds of numbers in its tables, not on how many there are.
SMALLEST = ("toy", ("paths=1",))


def compile_model() -> None:
    """Compile everything that plays paths, or read it if that was done."""
    loaded = load_scenario(*SMALLEST)
    prepared = prepare_run(loaded)
    OpenJob(Job("warm-up", prepared, layout_of(loaded.scenario, prepared), None))
