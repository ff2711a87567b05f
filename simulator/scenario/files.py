"""Which files a scenario may name, and how they are read: only regular files inside its own tree.

The tree is the nearest folder called ``scenarios`` around the scenario, or else the scenario's own
folder. A reference is a relative path with forward slashes; links, devices, pipes, addresses and
ways out of the tree are refused before anything is opened.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedReader
from pathlib import Path

from simulator.scenario.errors import Problem, Problems, did_you_mean
from simulator.units import quoted

PRESETS = Path(__file__).resolve().parent / "presets"
_PACKAGE = Path(__file__).resolve().parent.parent
#: Scenarios that ship: inside the package when it was installed from a wheel, beside it in the repository.
SHIPPED = next(
    (folder for folder in (_PACKAGE / "scenarios", _PACKAGE.parent / "scenarios") if folder.is_dir()),
    _PACKAGE / "scenarios",
)
#: Word for the parameter sets that ship, where a file of sets may be named.
SHIPPED_SETS = "shipped"
SCENARIO_SUFFIXES = (".yaml", ".yml")
DATA_SUFFIXES = (".csv", ".npy", ".npz", ".nc")
SCENARIO_BYTES_MAX = 2_000_000
DATA_BYTES_MAX = 500_000_000
REFERENCE_MAX = 255


def tree_of(path: Path) -> Path:
    """Folder inside which the scenario at ``path`` may name files."""
    folder = path.resolve().parent
    return next((parent for parent in (folder, *folder.parents) if parent.name == "scenarios"), folder)


def resolve_reference(reference: object, base: Path, root: Path, suffixes: tuple[str, ...]) -> Path:
    """Path of the file that a scenario names.

    Parameters
    ----------
    reference
        As written in the scenario.
    base
        Folder of the file in which it is written.
    root
        Folder that it must not leave.
    suffixes
        Endings allowed.

    Raises
    ------
    Problems
        If the reference is not an existing regular file inside ``root``.
    """
    wanted = f"a file inside {root.name}/ ending in {' or '.join(suffixes)}"
    if not isinstance(reference, str):
        raise _refused(f"{quoted(reference)} is not a path", wanted)
    if not 0 < len(reference) <= REFERENCE_MAX:
        raise _refused(f"a path of {len(reference)} characters", f"1 to {REFERENCE_MAX} characters")
    if not reference.isprintable() or any(character in reference for character in '\\:*?"<>|'):
        raise _refused(f"{quoted(reference)} is not a plain path", "a relative path with forward slashes")
    if reference.startswith(("/", "~")):
        raise _refused(f"{quoted(reference)} is not relative", "a path relative to the file that names it")
    if not reference.endswith(suffixes):
        raise _refused(f"{quoted(reference)} is no such file", wanted, _advice_for(reference, suffixes))
    base, root = base.resolve(), root.resolve()
    path = Path(os.path.normpath(base / reference))
    if not path.is_relative_to(root):
        raise _refused(f"{quoted(reference)} leads out of {root.name}/", wanted, "Copy the file into it.")
    _check_components(path, root, reference, wanted)
    return path


def _advice_for(reference: str, suffixes: tuple[str, ...]) -> str:
    """What to make of a kind of data file that is not read."""
    if suffixes != DATA_SUFFIXES:
        return ""
    if reference.rstrip("/").endswith(".zarr"):
        return "Save it as one file, with xarray's to_netcdf(..., engine='scipy')."
    return "Save it as CSV UTF-8." if reference.endswith((".xlsx", ".xls", ".txt", ".tsv")) else ""


def _check_components(path: Path, root: Path, reference: str, wanted: str) -> None:
    """Look at every folder on the way: none may be missing or a link, and the file must be a file."""
    place = root
    for part in path.relative_to(root).parts:
        siblings = place
        place = place / part
        try:
            mode = place.lstat().st_mode
        except (OSError, ValueError) as error:
            advice = (
                did_you_mean(part, _names(siblings))
                or "Check the path: it starts from the file that names it."
            )
            raise _refused(f"{quoted(reference)} does not exist", wanted, advice) from error
        if stat.S_ISLNK(mode):
            raise _refused(f"{quoted(reference)} passes through a link", wanted, "Copy the file instead.")
        if not (stat.S_ISREG(mode) if place == path else stat.S_ISDIR(mode)):
            raise _refused(f"{quoted(reference)} is not a regular file", wanted)


def _names(folder: Path) -> list[str]:
    try:
        return sorted(os.listdir(folder))
    except OSError:
        return []


def resolve_data_file(reference: str, base: Path) -> Path:
    """Path of a data file named in the scenario file at ``base``.

    Raises
    ------
    Problems
        If it is not a regular CSV or array file inside the scenario's tree.
    """
    root = PRESETS if base.is_relative_to(PRESETS) else tree_of(base)
    return resolve_reference(reference, base.resolve().parent, root, DATA_SUFFIXES)


def resolve_preset(name: str) -> Path:
    """Path of a preset that ships with the package, by name.

    Raises
    ------
    Problems
        If there is none of that name.
    """
    known = presets()
    if name not in known:
        allowed = f"preset: and one of {', '.join(known) or '(none shipped)'}"
        raise _refused(f"{quoted(name)} is not a preset", allowed, did_you_mean(name, known))
    return PRESETS / f"{name}.yaml"


def presets() -> list[str]:
    """Names of the presets that ship with the package."""
    return sorted(path.stem for path in PRESETS.glob("*.yaml"))


def shipped_scenarios() -> list[str]:
    """Names of the scenarios that ship with the package, by which they can be run from anywhere."""
    return sorted(path.stem for path in SHIPPED.glob("*.yaml"))


def resolve_shipped(name: str) -> Path | None:
    """Path of a shipped scenario, None if there is none of that name."""
    return SHIPPED / f"{name}.yaml" if name in shipped_scenarios() else None


def read_regular_file(path: Path, limit: int = SCENARIO_BYTES_MAX) -> bytes:
    """Bytes of a regular file of at most ``limit`` bytes; never waits on a pipe.

    Raises
    ------
    Problems
        If it cannot be read, is not a regular file, or is too large.
    """
    with _regular_file(path, limit) as file:
        return file.read(limit)


@contextmanager
def _regular_file(path: Path, limit: int) -> Iterator[BufferedReader]:
    """A regular file, open for reading, that is known to be small enough."""
    wanted = f"a regular file of at most {limit / 1e6:g} MB"
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0))
    except FileNotFoundError as error:
        near = did_you_mean(path.name, _names(path.parent))
        raise _refused("does not exist", "", near or "Check the path.") from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise _refused(f"cannot be opened: {reason}", wanted) from error
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise _refused("is not a regular file", wanted)
        if status.st_size > limit:
            raise _refused(f"has {status.st_size / 1e6:,.1f} MB", wanted)
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            yield file
    except OSError as error:
        raise _refused(f"cannot be read: {error.strerror}", wanted) from error
    finally:
        os.close(descriptor)


def file_sha256(path: Path) -> str:
    """SHA-256 of a data file.

    Raises
    ------
    Problems
        If it cannot be read or is too large.
    """
    with _regular_file(path, DATA_BYTES_MAX) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _refused(found: str, allowed: str, advice: str = "") -> Problems:
    return Problems([Problem("", found, allowed, advice)])
