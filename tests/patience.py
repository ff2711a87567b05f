"""How long tests wait: until what they wait for happens. A limit is for what never does, and grows with the load."""

from __future__ import annotations

import hashlib
import subprocess
import time
from collections.abc import Callable
from typing import Any

#: Seconds that `_work` takes on a core of its own of an ordinary server.
WORK_S = 0.5
#: Seconds after which something that takes a few on an idle machine is asked whether it is hung.
PATIENCE_S = 120.0


def is_late(since: float, seconds: float) -> bool:
    """Whether more time has passed since a moment of ``time.monotonic`` than is fair on this machine as busy as it is.

    How busy it is is measured only once the time for an idle machine has passed, so that waiting costs nothing.
    """
    waited = time.monotonic() - since
    return waited > seconds and waited > seconds * slowness()


def slowness() -> float:
    """How many times longer than on an ordinary idle machine work takes now; at least one."""
    started = time.monotonic()
    _work()
    return max(1.0, (time.monotonic() - started) / WORK_S)


def _work() -> None:
    hashlib.pbkdf2_hmac("sha256", b"work", b"salt", 1_000_000)


def wait_until(happened: Callable[[], object], otherwise: str, patience_s: float = PATIENCE_S) -> None:
    """Wait for something to happen."""
    since = time.monotonic()
    while not happened():
        assert not is_late(since, patience_s), otherwise
        time.sleep(0.02)


def communicated(process: subprocess.Popen[Any], patience_s: float = PATIENCE_S) -> tuple[int, Any, Any]:
    """Exit code, standard output and standard error of a program, once it has ended."""
    since = time.monotonic()
    while True:
        try:
            said, complained = process.communicate(timeout=patience_s)
        except subprocess.TimeoutExpired:
            assert not is_late(since, patience_s), f"{process.args} does not end"
        else:
            return process.returncode, said, complained
