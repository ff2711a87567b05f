"""What runs on the workers of a Dask cluster."""

from __future__ import annotations

import pickle
import signal
import threading
from collections import OrderedDict
from typing import Any

from simulator.ensemble.jobs import Done, OpenJob, Task

#: Jobs that a worker keeps open: a sweep works on few cells at a time.
OPEN_JOBS_MAX = 4

_open_jobs: OrderedDict[str, OpenJob] = OrderedDict()
_lock = threading.Lock()


def shipped(data: bytes) -> bytes:
    """A job on its way to the workers: they share what this task returns."""
    return data


def do_task(job_key: str, job: bytes, task: Task) -> Done:
    """Do a task, with its job opened once for all of its tasks on this worker."""
    return Done(task, *_opened(job_key, job).play(task.block))


def _opened(job_key: str, job: bytes) -> OpenJob:
    with _lock:
        found = _open_jobs.get(job_key)
        if found is None:
            found = _open_jobs[job_key] = OpenJob(pickle.loads(job))
            while len(_open_jobs) > OPEN_JOBS_MAX:
                _open_jobs.popitem(last=False)
        _open_jobs.move_to_end(job_key)
    return found


def dask_setup(worker: Any) -> None:
    """Called by Dask in a worker that starts: Ctrl-C is for the client, which lets workers finish their blocks."""
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, signal.SIG_IGN)
