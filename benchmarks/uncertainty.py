"""What it costs to spread paths over parameter sets: python -m benchmarks.uncertainty [scenario] [paths] [turns]

Processor time of ``unwind run``, from scenario to summary, of the same paths with all parameters at their defaults and
over the sets that ship, in turn; the fastest of each counts. The kernel is compiled before.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
from pathlib import Path

from simulator.scenario.parameter_sets import PATHS_A_SET


def seconds(scenario: str, paths: int, *options: str) -> float:
    """Processor time of one run, results and summary included."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "simulator", "run", scenario, "--paths", str(paths)]
        command += ["--quiet", "--no-report", "-o", str(Path(folder) / "run"), *options]
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(command, check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main(scenario: str = "dash-for-cash-2020", paths: int = 6400, turns: int = 3) -> None:
    seconds(scenario, PATHS_A_SET)
    pairs = [
        (seconds(scenario, paths), seconds(scenario, paths, "--uncertainty=shipped")) for _ in range(turns)
    ]
    alone, spread = (min(values) for values in zip(*pairs, strict=True))
    print(f"unwind run {scenario}, {paths:,} paths, {PATHS_A_SET} a set")
    print(f"all parameters at their defaults {alone:7.2f} s")
    print(f"over parameter sets              {spread:7.2f} s, {spread / alone:.2f} times")


if __name__ == "__main__":
    main(*sys.argv[1:2], *map(int, sys.argv[2:]))
