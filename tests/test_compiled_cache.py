"""Whoever can write the cache of compiled code can run code as whoever reads it."""

import os
import pickle
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.ensemble.clusters import ROOT

#: A module with one compiled function, and what a user of it does.
MODULE = """
from simulator.rule import kernel

@kernel
def doubled(value):
    return 2.0 * value
"""
VICTIM = "import attacked; from simulator import rule; print(attacked.doubled(21.0), rule.CACHE_FOLDER)"
IS_ROOT = os.geteuid() == 0
STRANGER = 12345


class Attack:
    """What runs when it is unpickled."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[object, tuple[str, ...]]:
        return os.system, (f"touch {self.marker}",)


@pytest.fixture(scope="module")
def place() -> Iterator[Path]:
    """A folder that only this user can write, where the module lies."""
    with TemporaryDirectory() as folder:
        Path(folder, "attacked.py").write_text(MODULE)
        yield Path(folder)


@pytest.fixture(scope="module")
def honest(place: Path) -> Path:
    """Compiled code of the module, as it lies in the cache."""
    return play(place, UNWIND_CACHE=str(place / "honest"))


@pytest.fixture
def temporary(tmp_path: Path) -> Path:
    """A folder for temporary files, in which everybody can make their own."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    folder.chmod(0o1777)
    return folder


def play(place: Path, within: Sequence[str] = (), **environment: str) -> Path:
    """Import the module in a process of its own, call the function, and return where compiled code was kept."""
    plain = {"PATH": os.environ["PATH"], "PYTHONPATH": f"{ROOT}:{place}", "PYTHONDONTWRITEBYTECODE": "1"}
    result = subprocess.run(
        [*within, sys.executable, "-c", VICTIM],
        env=plain | environment,
        cwd=place,  capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    answer, folder = result.stdout.split()
    assert answer == "42.0"
    return Path(folder)


def plant(index: Path, marker: Path) -> None:
    """Put a file in the place of an index of the cache that runs a command when it is read."""
    index.write_bytes(pickle.dumps(Attack(marker)))


@pytest.mark.parametrize(
    ("where", "way"),
    [
        ("UNWIND_CACHE", "writable"), ("UNWIND_CACHE", "link"), ("XDG_CACHE_HOME", "above"), ("HOME", "its folder"),
        ("TMPDIR", "writable"), ("TMPDIR", "its folder"), ("TMPDIR", "its file"),
    ],
)  # fmt: skip
def test_nothing_that_another_user_could_have_written_is_run(
    place: Path, honest: Path, tmp_path: Path, temporary: Path, where: str, way: str
) -> None:
    if way.startswith("its") and not IS_ROOT:
        pytest.skip("only the administrator can make files of other users")
    environment = {
        "HOME": os.devnull,
        where: str(tmp_path / where),
    }  # without HOME nothing can be written there
    base = {"TMPDIR": temporary, "HOME": tmp_path / "HOME" / ".cache"}.get(where, tmp_path / where)
    environment["TMPDIR"] = str(temporary)
    folder = base / (f"unwind-{os.geteuid()}" if where == "TMPDIR" else "unwind") / honest.name
    folder.parent.mkdir(parents=True, mode=0o700)
    shutil.copytree(honest, folder)
    for index in folder.rglob("*.nbi"):
        plant(index, tmp_path / "marker")
    if way == "writable":
        folder.chmod(0o777)
    elif way == "above":
        base.chmod(0o777)
    elif way == "link":
        folder.rename(tmp_path / "elsewhere")
        folder.symlink_to(tmp_path / "elsewhere")
    else:
        for found in [folder, *folder.rglob("*")] if way == "its folder" else folder.rglob("*.nbi"):
            os.chown(found, STRANGER, STRANGER)
    used = play(place, **environment)
    assert not (tmp_path / "marker").exists()
    assert not used.samefile(folder) if used.exists() else used != folder


def test_a_cache_of_our_own_is_private_and_read_again(place: Path, tmp_path: Path, temporary: Path) -> None:
    environment = {"UNWIND_CACHE": str(tmp_path / "cache"), "TMPDIR": str(temporary)}
    used = play(place, **environment)
    assert used.parent == tmp_path / "cache" / "unwind"
    assert {folder.stat().st_mode & 0o777 for folder in (used, used.parent)} == {0o700}
    (index,) = used.rglob("*.nbi")
    plant(
        index, tmp_path / "marker"
    )  # the attack works where we attack ourselves: so the test above can fail
    play(place, **environment)
    assert (tmp_path / "marker").exists()


def test_a_folder_that_cannot_be_kept_is_deleted(place: Path, temporary: Path) -> None:
    ours = temporary / f"unwind-{os.geteuid()}"
    ours.write_text("in the way")
    used = play(place, HOME=os.devnull, TMPDIR=str(temporary))
    assert used.is_relative_to(temporary)
    assert list(temporary.iterdir()) == [ours]


def test_a_user_without_home_or_name_can_work(place: Path, temporary: Path) -> None:
    become = ["unshare", "--user", f"--map-user={STRANGER}"]
    if shutil.which("unshare") is None or subprocess.run([*become, "true"], check=False).returncode:
        pytest.skip("this system does not let a process take another number")
    used = play(place, become, TMPDIR=str(temporary))
    assert used.parent == temporary / f"unwind-{STRANGER}"


#: Calls a kernel and tells whether its machine code was there.
FACTOR = """
import sys
sys.path.insert(0, sys.argv[1])
import numpy as np
from simulator.engine.opening.valuation import factors_from_maturity
(factor,) = factors_from_maturity(np.array([0.06]), np.array([2.0]), np.array([10.0]), 0.06, 3.0)
assert abs(factor - 1.0) < 1e-4, factor
assert factors_from_maturity.__code__.co_filename.startswith(sys.argv[1])
print(sum(factors_from_maturity.stats.cache_hits.values()))
"""


def test_machine_code_is_that_of_sources_wherever_they_lie_and_of_no_others(tmp_path: Path) -> None:
    """A copy of the package finds what was compiled, as does the same text saved again; another text does not."""

    def found_by(place: Path) -> bool:
        environment = os.environ | {"UNWIND_CACHE": str(tmp_path / "cache")}
        result = subprocess.run(
            [sys.executable, "-c", FACTOR, str(place)],
            env=environment, cwd=tmp_path, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert result.returncode == 0, result.stderr
        return bool(int(result.stdout))

    copy = tmp_path / "copy"
    shutil.copytree(ROOT / "simulator", copy / "simulator", ignore=shutil.ignore_patterns("__pycache__"))
    assert not found_by(ROOT)
    assert found_by(copy)
    rule_used = copy / "simulator" / "market" / "treasuries.py"
    os.utime(rule_used, (1e9, 1e9))
    os.utime(copy / "simulator" / "engine" / "opening" / "valuation.py", (1e9, 1e9))
    assert found_by(copy)
    with rule_used.open("a") as source:
        source.write("\n# another text\n")
    assert not found_by(copy)
    assert found_by(ROOT)
