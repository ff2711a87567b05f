"""What users without this repository get: a wheel in an environment of its own, run from any folder."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]


def ran(*command: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    """A command outside the repository, which sees nothing of this environment."""
    clean = {
        name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL_ENV"))
    }
    return subprocess.run(list(map(str, command)), cwd=cwd, env=clean, capture_output=True, text=True)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    built = ran(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "-w", folder, ROOT, cwd=folder)
    if built.returncode:
        pytest.skip(f"no wheel can be built, as without a network: {built.stderr[-200:]}")
    (found,) = folder.glob("*.whl")
    return found


@pytest.fixture(scope="module")
def versions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The versions that are tested, without their hashes: a wheel that was just built has none in the lock file."""
    file = tmp_path_factory.mktemp("locked") / "versions.txt"
    lines = (ROOT / "requirements.lock").read_text(encoding="utf-8").splitlines()
    file.write_text("\n".join(line.rstrip(" \\") for line in lines if re.match(r"[\w.-]+==", line)))
    return file


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory, wheel: Path, versions: Path) -> Path:
    """Programs of an environment that holds the wheel, at the versions that are tested, and `uv`."""
    folder = tmp_path_factory.mktemp("installed")
    assert ran(sys.executable, "-m", "venv", folder / "env", cwd=folder).returncode == 0
    found = folder / "env" / "bin"
    wanted = (wheel, "uv", "-c", versions)
    installed = ran(found / "python", "-m", "pip", "install", "--quiet", *wanted, cwd=folder)
    assert installed.returncode == 0, installed.stderr
    return found


def test_a_wheel_runs_from_another_folder(programs: Path, tmp_path: Path) -> None:
    for command in (
        ("run", "toy", "--paths", "20", "--quiet"),
        ("status", "outputs/toy"),
        ("validate", "levered-2025-meets-2020"),
        ("explain", "basis"),
    ):
        result = ran(programs / "unwind", *command, cwd=tmp_path)
        assert result.returncode == 0, (command, result.stderr)
    assert (tmp_path / "outputs" / "toy" / "report.html").stat().st_size > 100_000


def test_a_wheel_runs_as_a_tool(programs: Path, wheel: Path, versions: Path, tmp_path: Path) -> None:
    """As `uvx unwind-simulator` would from an index: nothing is installed where the user stands."""
    result = ran(
        programs / "uvx",
        *("--from", wheel, "--constraints", versions, "--python", sys.executable),
        *("unwind", "run", "toy", "--paths", "20", "--quiet", "--no-report"),
        cwd=tmp_path,
    )
    assert result.returncode == 0, result.stderr
    assert (tmp_path / "outputs" / "toy" / "manifest.json").exists()
