"""SLURM for tests: its own daemons on loopback, one node, in a folder of its own; nothing of the machine is touched."""

from __future__ import annotations

import contextlib
import os
import platform
import pwd
import re
import secrets
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.ensemble.clusters import kill_tree
from tests.patience import communicated, is_late, wait_until

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "scancel", "scontrol")
PACKAGES = ("slurm-wlm", "munge")
#: States of a job that has ended.
ENDED = ("COMPLETED", "FAILED", "CANCELLED", "TIMEOUT", "NODE_FAIL", "OUT_OF_MEMORY")
#: Set to 1, lets the tests install what they need with apt-get, as root: never without being asked.
INSTALL = "UNWIND_SLURM_INSTALL"
#: Where Debian keeps daemons; not every user's search path has it.
SEARCH = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/sbin"])

CONFIGURATION = """\
ClusterName=tests
SlurmctldHost={host}(127.0.0.1)
SlurmUser={user}
SlurmdUser={user}
SlurmctldPort={controller_port}
SlurmdPort={node_port}
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SlurmdParameters=config_overrides
ReturnToService=2
KillWait=2
NodeName={host} NodeAddr=127.0.0.1 CPUs=4 RealMemory=64000 State=UNKNOWN
PartitionName=compute Nodes=ALL Default=YES MaxTime=INFINITE State=UP
"""


class Slurm:
    """A cluster of one node that has four processors, whatever the machine has."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environment = {**os.environ, "SLURM_CONF": str(folder / "slurm.conf"), "PATH": SEARCH}
        self._daemons: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> Slurm:
        for name in ("state", "spool"):
            (self.folder / name).mkdir()
        key = self.folder / "munge.key"
        key.write_bytes(secrets.token_bytes(128))
        key.chmod(0o400)
        ports = free_ports(2)
        user, host = pwd.getpwuid(os.getuid()).pw_name, platform.node().partition(".")[0]
        (self.folder / "slurm.conf").write_text(
            CONFIGURATION.format(
                host=host, user=user, folder=self.folder, controller_port=ports[0], node_port=ports[1]
            )
        )
        try:
            munge = {"key-file": "key", "socket": "socket", "pid-file": "pid", "seed-file": "seed"}
            words = [f"--{option}={self.folder / 'munge'}.{ending}" for option, ending in munge.items()]
            self._start("munged", "--foreground", "--force", *words)
            wait_until(lambda: (self.folder / "munge.socket").exists() or self._ended(), "no munge")
            self._start("slurmctld", "-D")
            self._start("slurmd", "-D")
            wait_until(
                lambda: "State=IDLE" in self.said("scontrol", "show", "node") or self._ended(), "no node"
            )
        except BaseException:
            self.__exit__()
            raise
        if ended := self._ended():
            self.__exit__()
            logs = {log.name: log.read_text(errors="replace")[-500:] for log in self.folder.glob("*.log")}
            pytest.skip(f"SLURM does not start on this machine: {ended}: {logs}")
        return self

    def __exit__(self, *raised: object) -> None:
        subprocess.run(["scancel", "--full", "--signal=KILL", "--state=RUNNING"], **self._quietly)  # type: ignore[call-overload]
        for daemon in reversed(self._daemons):
            kill_tree(daemon)

    @property
    def _quietly(self) -> dict[str, object]:
        return {"env": self.environment, "capture_output": True, "timeout": 60.0}

    def _start(self, program: str, *words: str) -> None:
        with (self.folder / f"{program}.log").open("wb") as log:
            self._daemons.append(
                subprocess.Popen(
                    [str(shutil.which(program, path=SEARCH)), *words],
                    stdout=log, stderr=subprocess.STDOUT, env=self.environment, start_new_session=True,
                )
            )  # fmt: skip

    def _ended(self) -> str:
        """Daemons that have ended, which none should."""
        return ", ".join(str(daemon.args) for daemon in self._daemons if daemon.poll() is not None)

    def said(self, *words: str) -> str:
        """What a command of SLURM says."""
        done = subprocess.run(words, env=self.environment, capture_output=True, text=True)
        return done.stdout + done.stderr

    def submit(self, script: Path, *options: str, cwd: Path, **environment: str) -> int:
        """Hand in a job; its number."""
        process = subprocess.Popen(
            [str(shutil.which("sbatch", path=SEARCH)), "--parsable", *options, str(script)],
            env=self.environment | environment, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        code, said, complained = communicated(process)
        assert code == 0, complained
        return int(said.strip().partition(";")[0])

    def states(self, job: int) -> Mapping[str, tuple[str, str]]:
        """State and exit code (*code:signal*) of each job of an array by its number there, or of the only one."""
        told = self.said("scontrol", "--oneliner", "show", "job", str(job))
        found = {}
        for line in told.splitlines():
            if state := re.search(r"JobState=(\w+)", line):
                number = re.search(r"ArrayTaskId=(\S+)", line)
                code = re.search(r"ExitCode=(\S+)", line)
                found[number[1] if number else ""] = (state[1], code[1] if code else "")
        return found

    def wait_for(self, job: int, patience_s: float = 600.0) -> Mapping[str, tuple[str, str]]:
        """Wait until every job of an array has ended; how."""
        since = time.monotonic()
        while True:
            states = self.states(job)
            if states and all(state in ENDED for state, _ in states.values()):
                return states
            assert not is_late(since, patience_s), states
            time.sleep(0.3)


@contextlib.contextmanager
def slurm(folder: Path) -> Iterator[Slurm]:
    """SLURM's daemons, running; skips where they are not installed and may not be."""
    missing = [name for name in PROGRAMS if shutil.which(name, path=SEARCH) is None]
    if missing and os.environ.get(INSTALL) == "1" and os.getuid() == 0 and shutil.which("apt-get"):
        quietly = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        words = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *PACKAGES]
        done = subprocess.run(words, capture_output=True, text=True, env=quietly)
        assert done.returncode == 0, done.stderr
        missing = [name for name in PROGRAMS if shutil.which(name, path=SEARCH) is None]
    if missing:
        pytest.skip(
            f"no {', '.join(missing)}: apt install {' '.join(PACKAGES)} (as root, {INSTALL}=1 lets the tests do it)"
        )
    with Slurm(folder) as started:
        yield started


def free_ports(count: int) -> list[int]:
    """Ports of loopback on which nothing listens."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
