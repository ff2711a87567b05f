"""The cores of this machine: how many this process may use, and linear algebra kept on one of them.

Imports nothing that loads NumPy, which reads its number of threads once, when it is first imported.
"""

from __future__ import annotations

import os

BLAS_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")


def usable_threads() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def pin_linear_algebra() -> None:
    """One thread for matrix products: their last bits depend on it. Works before NumPy is first imported."""
    for name in BLAS_THREADS:
        os.environ[name] = "1"
