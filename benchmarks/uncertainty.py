"""What it costs to spread paths over parameter sets: python -m benchmarks.uncertainty [scenario] [paths]

Processor time of the same paths, played, summed up and hashed as in a run, with all parameters at their defaults and
over parameter sets drawn from the middle of the priors. Nothing is written.
"""

from __future__ import annotations

import sys
import time
from dataclasses import replace

import numpy as np

from simulator.ensemble.cores import pin_linear_algebra
from simulator.ensemble.description import layout_of, prepare_run
from simulator.ensemble.jobs import Job, OpenJob
from simulator.ensemble.plan import plan_blocks
from simulator.estimation.targets import NOT_ESTIMATED
from simulator.scenario.loading import LoadedScenario, load_scenario
from simulator.scenario.parameter_sets import PATHS_A_SET, ParameterSets, free_keys
from simulator.scenario.priors import priors
from simulator.scenario.schema import Scenario

SETS, MIDDLE = 200, (0.4, 0.6)


def some_sets(loaded: LoadedScenario[Scenario]) -> ParameterSets:
    """Parameter sets from the middle of the priors, of what the scenario leaves open."""
    known = priors(Scenario)
    keys = tuple(key for key in free_keys(loaded) if key not in NOT_ESTIMATED)
    shares = np.random.default_rng(1).uniform(*MIDDLE, (SETS, len(keys)))
    values = tuple(
        tuple(known[key].value(share) for key, share in zip(keys, row, strict=True)) for row in shares
    )
    return ParameterSets(keys, values, tuple(1.0 / SETS for _ in range(SETS)))


def seconds(loaded: LoadedScenario[Scenario]) -> float:
    """Processor time of all paths, the kernel compiled before."""
    prepared = prepare_run(loaded)
    layout = layout_of(loaded.scenario, prepared)
    job = OpenJob(Job("timed", prepared, layout, None))
    started = time.process_time()
    for block in plan_blocks(layout.paths, layout.chunk):
        job.play(block)
    return time.process_time() - started


def main(scenario: str = "dash-for-cash-2020", paths: int = 1024) -> None:
    pin_linear_algebra()
    loaded = load_scenario(scenario, [f"paths={paths}"])
    alone = seconds(loaded)
    spread = seconds(replace(loaded, sets=some_sets(loaded)))
    print(f"{scenario}, {paths:,} paths, {PATHS_A_SET} a set")
    print(f"all parameters at their defaults {alone:7.2f} s")
    print(f"over parameter sets              {spread:7.2f} s, {spread / alone:.2f} times")


if __name__ == "__main__":
    main(*sys.argv[1:2], *map(int, sys.argv[2:]))
