"""What a sweep costs beside the simulation: python -m benchmarks.sweeps [cells] [paths]

Prints the time that a cell takes beside its paths (check, open the books, sum up); and time and memory to sum up many
paths of one cell, which are streamed.
"""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from simulator.ensemble.cores import pin_linear_algebra
from simulator.ensemble.description import prepare_run
from simulator.ensemble.resources import Resources
from simulator.sweeps.cells import LoadedSweep, load_sweep
from simulator.sweeps.running import plan_of, run_sweep
from simulator.sweeps.statistics import BATCH, Floats32

SWEEP = Path(__file__).resolve().parents[1] / "sweeps" / "sensitivity.yaml"


def cost_of_cells(count: int) -> None:
    """Run some cells of few paths on one thread, and tell what is not simulation."""
    started = time.perf_counter()
    loaded = load_sweep(SWEEP, paths=16)
    checking = (time.perf_counter() - started) / loaded.count
    started = time.perf_counter()
    for number in range(count):
        prepare_run(loaded.load(loaded.cell(number)))
    preparing = (time.perf_counter() - started) / count
    with tempfile.TemporaryDirectory() as folder:
        outcome = run_sweep(loaded, Path(folder) / "out", resources=Resources(threads=1), chosen=range(count))
    summing = sum(entry["reducing_s"] for entry in outcome.folder.state.cells.values()) / count
    print(f"checking a cell before anything runs  {checking * 1e3:6.0f} ms")
    print(f"opening its books when its turn comes {preparing * 1e3:6.0f} ms")
    print(f"summing it up                         {summing * 1e3:6.0f} ms")


def cost_of_paths(count: int) -> None:
    """Sum up the outcomes of many paths."""
    loaded: LoadedSweep = load_sweep(SWEEP, paths=16)
    plan = plan_of(loaded)
    columns = len(plan.columns)

    def blocks() -> Iterator[Floats32]:
        generator = np.random.default_rng(1)
        for first in range(0, count, BATCH):
            block = generator.lognormal(2.0, 1.0, (min(BATCH, count - first), columns)).astype(np.float32)
            block[:, 0] = 0.0  # the status
            yield block

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    drawing = time.process_time()
    for _ in blocks():
        pass
    started = time.process_time()
    plan.reduce(blocks, loaded.trades, antithetic=False)
    seconds = time.process_time() - started - (started - drawing)
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1e3
    print(f"summing up {count:,} paths of {columns} outcomes: {seconds:.1f} s of one core,")
    print(f"{grown:,.0f} MB more memory than before")


if __name__ == "__main__":
    pin_linear_algebra()
    cost_of_cells(int(sys.argv[1]) if len(sys.argv) > 1 else 20)
    cost_of_paths(int(sys.argv[2]) if len(sys.argv) > 2 else 1_000_000)
