"""Speed and memory of the report of one run.

    python -m benchmarks.report [--paths N]

Runs the dash for cash on 10,000 paths without a report, then writes its report in a process of its own, as
``unwind report`` does, and prints seconds, peak memory and size of the file. To pass: under 10 seconds of processor
time (a machine may be shared), 1 GB and 6 MB.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

SECONDS_MAX, MEMORY_MAX_BYTES, SIZE_MAX_BYTES = 10.0, 1e9, 6e6
PROGRAM = """
import json, resource, sys, time
started = time.perf_counter()
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
        run = str(Path(folder) / "run")
        command = [sys.executable, "-m", "simulator", "run", "dash-for-cash-2020", "--paths", str(paths)]
        subprocess.run([*command, "-o", run, "--quiet", "--no-report"], check=True)
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


if __name__ == "__main__":
    sys.exit(main())
