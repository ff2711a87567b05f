"""Dask clusters of real processes on loopback, as a user starts them, and what may befall them."""

from __future__ import annotations

import contextlib
import json
import os
import platform
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from simulator.results.layout import Array, Days
from simulator.results.outcomes import path_outcomes
from tests.patience import communicated, wait_until

ROOT = Path(__file__).resolve().parents[2]
DASK = str(Path(sys.executable).with_name("dask"))
#: Settings by which libraries take an older processor for this one, and the one on which they are known to act.
IS_X86 = platform.machine() == "x86_64"
OTHER_PROCESSOR = {
    "OPENBLAS_CORETYPE": "Nehalem",
    "GLIBC_TUNABLES": "glibc.cpu.hwcaps=-AVX2,-FMA",
    "NPY_DISABLE_CPU_FEATURES": " ".join(
        name
        for name in np.show_config(mode="dicts").get("SIMD Extensions", {}).get("found", ())
        if name.startswith(("AVX512", "X86_V4"))
    ),
}
UNWIND = "import sys; from simulator.cli.main import main; sys.argv[0] = 'unwind'; main()"


class Cluster:
    """``dask scheduler`` and ``dask worker`` as programs; ends with the body that it is entered for."""

    def __init__(self, folder: Path, *, ttl_s: float = 60.0, tls: Sequence[str] = ()) -> None:
        self.file = folder / "scheduler.json"
        self.folder, self.tls = folder, list(tls)
        self.environment = {
            **os.environ,
            "DASK_DISTRIBUTED__SCHEDULER__WORKER_TTL": f"{ttl_s:g}s",
            "PYTHONPATH": str(ROOT),
        }
        self.scheduler: subprocess.Popen[bytes] | None = None
        self.workers: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> Cluster:
        self.start_scheduler()
        return self

    def __exit__(self, *raised: object) -> None:
        for process in [*self.workers, *([self.scheduler] if self.scheduler else [])]:
            kill_tree(process)

    def start_scheduler(self, port: int = 0) -> None:
        """Start a scheduler and wait until it says where it is."""
        self.file.unlink(missing_ok=True)
        protocol = "tls" if self.tls else "tcp"
        words = ["scheduler", "--host", "127.0.0.1", "--port", str(port), "--protocol", protocol]
        self.scheduler = self._start(
            [*words, "--no-dashboard", "--scheduler-file", str(self.file), *self.tls]
        )
        wait_until(lambda: self.file.exists() and bool(self.file.read_text()), "no scheduler")

    def start_worker(self, *words: str, **environment: str) -> subprocess.Popen[bytes]:
        """Start a worker of one thread."""
        host = ["--host", "127.0.0.1", "--nthreads", "1", "--no-dashboard", "--memory-limit", "0"]
        worker = self._start(
            ["worker", "--scheduler-file", str(self.file), *host, *self.tls, *words], **environment
        )
        self.workers.append(worker)
        return worker

    def _start(self, words: list[str], **environment: str) -> subprocess.Popen[bytes]:
        with (self.folder / f"{words[0]}-{time.monotonic_ns()}.log").open("wb") as log:
            return subprocess.Popen(
                [DASK, *words],
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=self.folder,
                env=self.environment | environment,
                start_new_session=True,
            )

    @property
    def address(self) -> str:
        """Address of the scheduler."""
        return str(json.loads(self.file.read_text())["address"])


def kill_tree(process: subprocess.Popen[Any]) -> None:
    """Kill a process that leads a session of its own, with its children, at once."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    for stream in (process.stdout, process.stderr):
        if stream is not None:
            stream.close()


def children(process: int) -> list[int]:
    """Processes below one, the nearest first."""
    found = []
    for task in Path(f"/proc/{process}/task").glob("*"):
        with contextlib.suppress(OSError):
            found += [int(word) for word in (task / "children").read_text().split()]
    return found + [below for child in found for below in children(child)]


def is_worker(process: int) -> bool:
    """Whether a process was spawned by a nanny, and is no tracker of resources."""
    with contextlib.suppress(OSError):
        return b"spawn_main" in Path(f"/proc/{process}/cmdline").read_bytes()
    return False


def unwind(*words: str | Path, **environment: str) -> subprocess.Popen[str]:
    """Start the program in a session of its own."""
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-c", UNWIND, *map(str, words)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env=os.environ | environment,
        start_new_session=True,
    )


def ended(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    """Exit code, standard output and standard error of a program."""
    code, said, complained = communicated(process)
    assert "Traceback" not in complained, complained
    return code, said, complained


def ledger_lines(folder: Path) -> int:
    """Lines of the ledgers of a run, torn ones included."""
    return sum(file.read_bytes().count(b"\n") for file in folder.glob("ledger*.jsonl"))


# What workers are made to do, shipped by name; ``marker`` is the last yield change of the first path of a block


def die_at(marker: float, arrays: Mapping[str, Array]) -> None:
    """Kill the worker that has the block."""
    if is_marked(marker, arrays):
        os.kill(os.getpid(), signal.SIGKILL)


def die_once(died: Path, half_written: Path | None, arrays: Days) -> dict[str, Array]:
    """Kill the first worker that has written the days of a block, perhaps with half of its outcomes in a folder."""
    try:
        died.open("x").close()
    except FileExistsError:
        return path_outcomes(arrays)
    if half_written is not None:
        (half_written / "block-0000003.npy.1-1.partial").write_bytes(b"half")
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("it lives")


def fail_at(marker: float, arrays: Mapping[str, Array]) -> None:
    """Raise over the block."""
    if is_marked(marker, arrays):
        raise ValueError("poison")


def eat_at(marker: float, arrays: Mapping[str, Array]) -> None:
    """Take more and more memory over the block."""
    eaten = []
    while is_marked(marker, arrays):
        eaten.append(b"x" * 20_000_000)
        time.sleep(0.02)


def is_marked(marker: float, arrays: Mapping[str, Array]) -> bool:
    """Whether this is the block."""
    return float(arrays["fundamental_yield_change"][0, -1, 0]) == marker
