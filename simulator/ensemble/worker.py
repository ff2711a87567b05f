"""What runs on the workers of a Dask cluster."""

from __future__ import annotations

import pickle
import signal
import threading
from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

from simulator.ensemble.jobs import Done, Opened, Task, do_each

#: Jobs that a worker keeps open: an estimation works on few points at a time.
OPEN_JOBS_MAX = 4

_open_jobs: OrderedDict[str, Opened] = OrderedDict()
_lock = threading.Lock()


def shipped(data: bytes) -> bytes:
    """A job on its way to the workers: they share what this task returns."""
    return data


def do_tasks(job_key: str, job: bytes, parcel: bytes) -> list[Done | Exception]:
    """Do tasks of one job, which is opened once for all of its tasks on this worker; an answer for each."""
    tasks: Sequence[Task] = pickle.loads(parcel)
    answers = do_each(_opened(job_key, job), tasks)
    return [_that_travels(answer) if isinstance(answer, Exception) else answer for answer in answers]


def _that_travels(error: Exception) -> Exception:
    """An error as it is, or its words if it cannot be sent."""
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:
        return RuntimeError(f"{type(error).__name__}: {error}")
    return error


def _opened(job_key: str, job: bytes) -> Opened:
    with _lock:
        found = _open_jobs.get(job_key)
        if found is None:
            found = _open_jobs[job_key] = pickle.loads(job).open()
            while len(_open_jobs) > OPEN_JOBS_MAX:
                _open_jobs.popitem(last=False)
        _open_jobs.move_to_end(job_key)
    return found


def dask_setup(worker: Any) -> None:
    """Called by Dask in a worker that starts: Ctrl-C is for the client, which lets workers finish their blocks."""
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, signal.SIG_IGN)
