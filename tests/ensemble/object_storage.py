"""A real S3 server for tests: moto's, a program in an environment of its own, which keeps its objects in memory."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
import venv
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.ensemble.clusters import kill_tree
from tests.patience import is_late

#: What is installed, apart from the packages of the project: both want the same library in versions of their own.
SERVER = "moto[server]==5.2.5"
REGION = "us-east-1"


def server_environment() -> Path:
    """The folder of an environment that has the server, made once and kept in the folder for temporary files."""
    name = f"unwind-{SERVER.replace('[', '-').replace(']', '')}-python{sys.version_info[0]}.{sys.version_info[1]}"
    kept = Path(tempfile.gettempdir()) / f"{name}-{os.getuid()}"
    if (kept / "whole").exists() and kept.stat().st_uid == os.getuid():
        return kept
    made = Path(tempfile.mkdtemp(prefix=f"{name}-"))
    venv.create(made, with_pip=True)
    quietly = ["--quiet", "--disable-pip-version-check", "--no-input"]
    words = [str(made / "bin" / "python"), "-m", "pip", "install", *quietly, SERVER]
    done = subprocess.run(words, capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"no S3 server: {SERVER} could not be installed: {done.stderr.strip()[-300:]}")
    (made / "whole").touch()
    with contextlib.suppress(OSError):  # another was faster
        made.rename(kept)
    return kept if kept.exists() else made


@contextlib.contextmanager
def s3_server(log: Path) -> Iterator[str]:
    """Start the server on a free port; gives its address."""
    program = server_environment() / "bin" / "python"
    with log.open("wb") as stream:
        process = subprocess.Popen(
            [str(program), "-u", "-m", "moto.server", "-H", "127.0.0.1", "-p", "0"],
            stdout=stream, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
    try:
        yield _address(process, log)
    finally:
        kill_tree(process)


def _address(process: subprocess.Popen[bytes], log: Path) -> str:
    """Where a server that was just started listens, once it does."""
    since = time.monotonic()
    while True:
        assert process.poll() is None, log.read_text()
        assert not is_late(since, 60.0), f"the S3 server does not start: {log.read_text()}"
        found = [word for word in log.read_text().split() if word.startswith("http://127.0.0.1:")]
        if found:
            with contextlib.suppress(OSError), urllib.request.urlopen(found[0]):
                return found[0]
        time.sleep(0.05)


def environment(address: str) -> dict[str, str]:
    """What programs must be told to use a server at an address, and nothing else that this machine knows of."""
    return {
        "AWS_ENDPOINT_URL": address,
        "AWS_ACCESS_KEY_ID": "tests",
        "AWS_SECRET_ACCESS_KEY": "tests",
        "AWS_DEFAULT_REGION": REGION,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }
