"""Workers from SLURM through dask-jobqueue: prints the job script; with ``--start N``, asks for N workers and waits.

Run it on a login node, then, in another terminal, unwind run ... --scheduler scheduler.json. Jobs of 60 minutes hand
their work back before they end (``--lifetime``): what they finished is kept, what was in flight is done elsewhere.
"""

from __future__ import annotations

import sys
import time


def main() -> None:
    """Print the job script, and start workers if asked."""
    from dask_jobqueue import SLURMCluster

    cluster = SLURMCluster(
        cores=1,
        processes=1,
        memory="4GB",
        walltime="01:00:00",
        queue="compute",  # your partition
        interface="lo",  # the network interface of the cluster, such as ib0
        job_script_prologue=["export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 MKL_NUM_THREADS=1"],
        worker_extra_args=["--lifetime", "55m", "--lifetime-stagger", "4m"],
        scheduler_options={"dashboard_address": "127.0.0.1:0", "scheduler_file": "scheduler.json"},
    )
    try:
        print(cluster.job_script())
        if sys.argv[1:2] == ["--start"]:
            cluster.scale(int(sys.argv[2]))
            print(f"scheduler: {cluster.scheduler_address}", flush=True)
            while True:
                time.sleep(60.0)
    finally:
        cluster.close()


if __name__ == "__main__":
    main()
