"""The manifest of a run: everything needed to run it again and to know whether two runs are the same.

Written when the run begins and replaced, whole, when it ends. A folder without a manifest of ours is never
written into and never deleted.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import re
import shlex
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any, Literal

from simulator.results.arithmetic import arithmetic_sha256
from simulator.results.errors import OutputError, masked
from simulator.results.layout import Layout
from simulator.results.ledger import FinishedBlock
from simulator.results.places import put_durably, read_bytes, shown
from simulator.results.plain_values import parsed
from simulator.results.variables import GROUPS
from simulator.version import __version__

FORMAT = "unwind-run"
FORMAT_VERSION = 4
MANIFEST = "manifest.json"
#: Folder of the copies of data files, so that a run can be finished from its folder alone.
INPUTS = "inputs"
_COPY = re.compile(rf"{INPUTS}/[0-9a-f]{{64}}(\.[^/]*)?")
PACKAGES = (
    "numpy",
    "scipy",
    "numba",
    "llvmlite",
    "xarray",
    "zarr",
    "numcodecs",
    "pydantic",
    "ruamel.yaml",
)

#: Differences that the user may say are none: those of who computes, not of what.
OTHER_CODE, OTHER_PROCESSOR = "the version of the code", "how the processor computes"

PACKAGE = Path(__file__).resolve().parents[1]
#: Folders whose code decides the numbers of a run, besides the modules at the top of the package.
MODEL_FOLDERS = ("scenario", "drivers", "market", "agents", "engine")
MODEL_MODULES = (
    "contracts.py",
    "units.py",
    "rule.py",
    "results/variables.py",
    "results/store.py",
    "results/layout.py",
)


@dataclass(frozen=True)
class Manifest:
    """What a run is and was made from.

    The first group decides the numbers; ``run_key`` is its hash. The rest is the record. ``data_files`` names the
    copy of each data file by the reference in the scenario; ``resumed_with`` tells of other versions of the code and
    other processors that finished some of the blocks because the user said so. How the processor computes
    (``arithmetic_sha256``) and ``parameter_sets``, if any, decide too.
    """

    scenario_sha256: str
    source_sha256: str
    seed: int
    sampling: str
    layout: Mapping[str, Any]
    is_audited: bool

    name: str
    scenario: Mapping[str, Any]
    origins: Mapping[str, str]
    files: tuple[Mapping[str, str], ...]
    code_version: str
    versions: Mapping[str, str]
    machine: Mapping[str, Any]
    git: Mapping[str, Any]
    command: str
    created: str
    finished: str
    status: Literal["incomplete", "complete"]
    digest: str
    arithmetic_sha256: str = ""
    data_files: Mapping[str, str] = field(default_factory=dict)
    resumed_with: tuple[Mapping[str, str], ...] = ()
    parameter_sets: Mapping[str, Any] = field(default_factory=dict)

    @property
    def run_key(self) -> str:
        """Identity of the run: two runs with one key have the same numbers."""
        decisive = (
            self.scenario_sha256, self.source_sha256, self.seed, self.sampling, self.layout, self.is_audited,
        )  # fmt: skip
        return sha256_of((*decisive, *filter(None, (self.arithmetic_sha256, self.parameter_sets))))

    def store_layout(self) -> Layout:
        """Size and labels of the store.

        Raises
        ------
        ValueError
            If they are none that a run can have.
        """
        layout = parsed(Layout, self.layout)
        layout.check()
        return layout


def new_manifest(
    *,
    name: str,
    scenario: Mapping[str, Any],
    origins: Mapping[str, str],
    files: Iterable[Mapping[str, str]],
    data: Mapping[str, str],
    layout: Layout,
    seed: int,
    sampling: str,
    is_audited: bool,
    parameter_sets: Mapping[str, Any] | None = None,
) -> Manifest:
    """Manifest of a run that begins now.

    Parameters
    ----------
    scenario
        Every value of the resolved scenario, as plain numbers, texts, lists and mappings.
    origins
        File and line of each value that was written, by dotted key.
    files
        ``{"file": …, "sha256": …}`` of everything that was read.
    data
        Hash of each data file among them, by the reference in the scenario: they are part of it.
    parameter_sets
        Over which paths are spread: ``ParameterSets.as_record``; none if they are not.
    """
    return Manifest(
        scenario_sha256=scenario_hash(scenario, data.values()),
        source_sha256=source_sha256(),
        arithmetic_sha256=arithmetic_sha256(),
        seed=seed,
        sampling=sampling,
        layout=json.loads(json.dumps({**asdict(layout), "opening": layout.opening.isoformat()})),
        is_audited=is_audited,
        name=name,
        scenario=scenario,
        origins=origins,
        files=tuple(files),
        **provenance(),
        finished="",
        status="incomplete",
        digest="",
        parameter_sets=parameter_sets or {},
        data_files={name: f"{INPUTS}/{sha256}{Path(name).suffix}" for name, sha256 in data.items()},
    )


def provenance() -> dict[str, Any]:
    """What makes results now and here: versions, machine, commit, command and time."""
    return {
        "code_version": __version__,
        "versions": {"python": platform.python_version()}
        | {package: _version(package) for package in PACKAGES},
        "machine": _machine(),
        "git": _git_state(),
        "command": shlex.join(map(masked, sys.argv)),
        "created": now(),
    }


def scenario_hash(scenario: Mapping[str, Any], data: Iterable[str] = ()) -> str:
    """Hash of what a scenario says but for its seed, number of paths and texts, and of the data it names."""
    aside = ("seed", "paths", "title", "description", "output", "provenance")
    content = {key: value for key, value in scenario.items() if key not in aside}
    return sha256_of((content, sorted(data)))


def source_sha256() -> str:
    """Hash of the code that decides the numbers of a run."""
    sources = [PACKAGE / module for module in MODEL_MODULES]
    for folder in MODEL_FOLDERS:
        sources += [file for file in (PACKAGE / folder).rglob("*") if file.suffix in (".py", ".csv", ".yaml")]
    digest = hashlib.sha256()
    for source in sorted(sources):
        digest.update(source.relative_to(PACKAGE).as_posix().encode())
        digest.update(hashlib.sha256(source.read_bytes()).digest())
    return digest.hexdigest()


def finished_manifest(manifest: Manifest, blocks: Mapping[int, FinishedBlock]) -> Manifest:
    """The same run, complete, with one hash of the hashes of its blocks."""
    return replace(manifest, status="complete", finished=now(), digest=digest_of(blocks))


def digest_of(blocks: Mapping[int, FinishedBlock]) -> str:
    """One hash of the hashes of all blocks of a run."""
    return sha256_of([blocks[number].sha256 for number in sorted(blocks)])


def resumed_manifest(manifest: Manifest) -> Manifest:
    """The same run, with a note that this version of the code, on this processor, goes on with it."""
    said = {
        "source_sha256": source_sha256(), "arithmetic_sha256": arithmetic_sha256(), "code_version": __version__,
        "resumed": now(),
    }  # fmt: skip
    return replace(manifest, resumed_with=(*manifest.resumed_with, said))


def differences(found: Manifest, wanted: Manifest) -> list[str]:
    """What makes two runs different, in words."""
    said = {
        "scenario_sha256": "the scenario", "source_sha256": OTHER_CODE, "seed": "the seed",
        "sampling": "the sampling", "is_audited": "the audit", "parameter_sets": "the parameter sets",
        "arithmetic_sha256": OTHER_PROCESSOR,
    }  # fmt: skip
    words = [word for key, word in said.items() if getattr(found, key) != getattr(wanted, key)]
    sizes = {
        "paths": "the number of paths", "block": "the size of blocks", "precision": "the number format",
        "funds": "records of agents",
    }  # fmt: skip
    words += [word for key, word in sizes.items() if found.layout.get(key) != wanted.layout.get(key)]
    if not words and found.run_key != wanted.run_key:
        words = ["the layout of the results"]
    return words


def format_version() -> str:
    """Version of the layout of a run on disk: it changes with the table of variables."""
    return f"{FORMAT_VERSION}-{sha256_of(GROUPS)[:8]}"


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write or replace a run's manifest; whole and on the disk when this returns.

    Raises
    ------
    OSError
        If it cannot be written; an older one then stays.
    """
    write_checked(
        folder / MANIFEST, {"format": FORMAT, "format_version": format_version(), **asdict(manifest)}
    )


def write_checked(file: Path, said: Mapping[str, Any]) -> None:
    """Write or replace a file of plain values with a check of them; whole and on the disk when this returns.

    Raises
    ------
    OSError
        If it cannot be written; an older one then stays.
    """
    put_durably(file, (json.dumps({**said, "check": sha256_of(said)}, indent=1) + "\n").encode())


def format_of(folder: Path) -> str:
    """Of which kind the results in a folder are, as their manifest says; empty if it cannot be read."""
    try:
        return str(json.loads(read_bytes(folder / MANIFEST))["format"])
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return ""


def is_of_some_version(folder: Path) -> bool:
    """Whether a version of Unwind, this or another, wrote the manifest of a run that is in a folder, as it stands."""
    try:
        said, is_whole = read_checked(folder / MANIFEST)
    except (OSError, ValueError, TypeError, AttributeError, RecursionError):
        return False
    return is_whole and said.get("format") == FORMAT


def read_checked(file: Path) -> tuple[dict[str, Any], bool]:
    """What `write_checked` wrote, and whether nobody changed it since.

    Raises
    ------
    OSError, ValueError, AttributeError, TypeError, RecursionError
        If it cannot be read, or is nothing of the kind.
    """
    said = json.loads(read_bytes(file))
    check = said.pop("check", "")
    return said, check == sha256_of(said)


def read_manifest(folder: Path) -> Manifest:
    """Read the manifest of a run.

    Raises
    ------
    OutputError
        If there is none, or if it is not ours or damaged.
    """
    file = folder / MANIFEST
    try:
        said, is_whole = read_checked(file)
        if said.pop("format") != FORMAT:
            raise ValueError("it is not the manifest of a run")
        if said.pop("format_version") != format_version():
            raise ValueError("it was written by a version of Unwind that stores runs otherwise")
        manifest = parsed(Manifest, said)
        if not is_whole:
            raise ValueError("it was changed after it was written")
        if not all(map(_COPY.fullmatch, manifest.data_files.values())):
            raise ValueError("data_files: found a copy that lies elsewhere")
        manifest.store_layout()
    except FileNotFoundError as error:
        raise OutputError(f"{shown(folder)}: found no results of a run there. Check the path.") from error
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        instead = "replace it with --overwrite" if is_of_some_version(folder) else "delete it"
        raise OutputError(
            f"{shown(file)}: cannot be read: {error}. Choose another folder with -o, or {instead}."
        ) from error
    return manifest


def sha256_of(content: object) -> str:
    """Hash of plain values, whatever the order of their keys."""
    return hashlib.sha256(json.dumps(content, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def now() -> str:
    """The time, for people and programs."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "not installed"


def _machine() -> dict[str, Any]:
    """What the last bits of a result may depend on, and where it ran."""
    import numpy as np

    features = np.show_config(mode="dicts")
    found = features.get("SIMD Extensions", {}) if features else {}
    return {
        "system": platform.platform(),
        "processor": platform.machine(),
        "cores": os.cpu_count(),
        "cpu_features": [*found.get("baseline", []), *found.get("found", [])],
        "host": platform.node(),
    }


def _git_state() -> dict[str, Any]:
    """Commit of the code and whether it was changed since; empty when it is not a checkout."""
    if not (PACKAGE.parent / ".git").exists():
        return {}
    try:
        commit = _git("rev-parse", "HEAD")
        return {"commit": commit, "is_changed": bool(_git("status", "--porcelain", "--untracked-files=no"))}
    except (OSError, subprocess.SubprocessError):
        return {}


def _git(*words: str) -> str:
    done = subprocess.run(
        ["git", "-C", str(PACKAGE.parent), *words], capture_output=True, text=True, timeout=5, check=True
    )
    return done.stdout.strip()
