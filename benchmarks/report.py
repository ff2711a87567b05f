"""Speed and memory of the report of one run, and what it adds to the run.

    python -m benchmarks.report [--paths N]

Plays the dash for cash on 10,000 paths without and with a report, writes the report of the first in a process of its
own, as ``unwind report`` does, and its summary as ``unwind export --format json`` does. Prints seconds of processor
time of each (a machine may be shared), and of the report peak memory and size of the file. To pass: the report takes
under 10 seconds of processor time, 1 GB and 6 MB. Machine code must be there (``unwind warm-up``).
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

SECONDS_MAX, MEMORY_MAX_BYTES, SIZE_MAX_BYTES = 10.0, 1e9, 6e6
PROGRAM = """
import json, resource, sys, time
started = time.perf_counter()
from simulator.ensemble.cores import pin_linear_algebra
pin_linear_algebra()
from simulator.report.run_report import write_report
file = write_report(sys.argv[1])
seconds = time.perf_counter() - started
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
print(json.dumps({"seconds": seconds, "processor": time.process_time(), "memory": peak, "size": file.stat().st_size}))
"""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--paths", type=int, default=10_000)
    paths = parser.parse_args().paths
    with tempfile.TemporaryDirectory() as folder:
        run, reported = (str(Path(folder) / name) for name in ("run", "reported"))
        play = ["run", "dash-for-cash-2020", "--paths", str(paths), "--quiet", "-o"]
        print(f"processor time, {paths:,} paths:")
        for words, command in (
            ("run without report", [*play, run, "--no-report"]),
            ("run with report", [*play, reported]),
            ("unwind report", ["report", run]),
            ("unwind export --format json", ["export", run, "--format", "json"]),
        ):
            print(f"  {words:28} {_processor_seconds(command):5.1f} s", flush=True)
        answer = subprocess.run(
            [sys.executable, "-c", PROGRAM, run], check=True, capture_output=True, text=True
        )
    told = json.loads(answer.stdout)
    print(
        f"report of {paths:,} paths: {told['seconds']:.1f} s, imports included, of which the processor worked"
        f" {told['processor']:.1f} s; {told['memory'] / 1e6:,.0f} MB of memory at the most; {told['size'] / 1e6:.1f} MB"
    )
    passes = (
        told["processor"] < SECONDS_MAX
        and told["memory"] < MEMORY_MAX_BYTES
        and told["size"] < SIZE_MAX_BYTES
    )
    return 0 if passes else 1


def _processor_seconds(command: list[str]) -> float:
    """Processor time of a command of the program, of all its threads."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-m", "simulator", *command], check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


if __name__ == "__main__":
    sys.exit(main())
