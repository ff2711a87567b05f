"""The commands on a run that exists: ``unwind resume``, ``unwind verify`` and ``unwind status``.

Everything heavy is imported inside the functions, after linear algebra was pinned to one thread.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simulator.ensemble.run import reporting_errors, run_and_report
from simulator.ensemble.threads import pin_linear_algebra, usable_threads
from simulator.results.errors import BAD_INPUT, UNFINISHED, OutputError, plain

if TYPE_CHECKING:
    from simulator.ensemble.executors import Resources
    from simulator.ensemble.run import WriteReport
    from simulator.results.manifest import Manifest
    from simulator.results.reading import Damage
    from simulator.scenario.loading import LoadedScenario
    from simulator.scenario.schema import Scenario


def resume_command(
    output: str,
    resources: Resources,
    *,
    other_version: bool = False,
    quiet: bool = False,
    as_json: bool = False,
    write_report: WriteReport | None = None,
) -> int:
    """Finish a run from its folder alone, and return the exit code.

    What is finished and whole stays; what is missing, torn or corrupt is done again.

    Parameters
    ----------
    output
        Folder of the run, a name inside ``outputs/``, or a URL.
    other_version
        Go on although another version of the code began it.
    write_report
        Writes the report of a complete run from its outcomes, and returns the file.
    """
    pin_linear_algebra()
    with reporting_errors(output) as ended:
        from simulator.ensemble.under_way import Terms
        from simulator.results.manifest import read_manifest

        folder = existing_folder(output)
        manifest = read_manifest(folder)
        terms = Terms(audit=manifest.is_audited, other_version=other_version)
        with scenario_of(folder, manifest) as loaded:
            return run_and_report(
                loaded, folder, resources, terms, quiet=quiet, as_json=as_json, write_report=write_report
            )
    return ended.code


def existing_folder(output: str) -> Path:
    """A folder that exists: as it was given, or by its name in ``outputs/``.

    Raises
    ------
    OutputError
        If there is none.
    """
    from simulator.results.folder import ROOT
    from simulator.results.places import is_local, names, place, shown

    folder = place(output)
    if is_local(folder) and not folder.is_dir() and (ROOT / folder).is_dir():
        folder = ROOT / folder
    if not names(folder):
        raise OutputError(
            f"{plain(shown(folder))}: found no results of a run there. Check the path.", BAD_INPUT
        )
    return folder


@contextmanager
def scenario_of(folder: Path, manifest: Manifest) -> Iterator[LoadedScenario[Scenario]]:
    """The scenario of a run, from its manifest and its copies of data files.

    Raises
    ------
    OutputError
        If a copy is missing or was changed.
    ScenarioError
        If this version of the schema does not accept what it says.
    """
    import hashlib

    from simulator.results.manifest import MANIFEST
    from simulator.results.places import get, shown
    from simulator.scenario.loading import UsedFile, load_resolved

    copies = get(folder, sorted(set(manifest.data_files.values())))
    with tempfile.TemporaryDirectory(prefix="unwind-") as inputs:
        files = {}
        for reference, copy in manifest.data_files.items():
            data = copies[copy]
            if isinstance(data, OSError) or hashlib.sha256(data).hexdigest() != Path(copy).stem:
                raise OutputError(
                    f"{shown(folder / copy)}: the copy of {plain(reference)} is missing or was changed. Run the"
                    " scenario again with the command that began the run."
                )
            files[reference] = Path(inputs) / Path(copy).name
            files[reference].write_bytes(data)
        used = [UsedFile(file["file"], file["sha256"]) for file in manifest.files]
        yield load_resolved(manifest.scenario, shown(folder / MANIFEST), used, files)


def verify_command(output: str, *, as_json: bool = False) -> int:
    """Compare everything in the folder of a run with what was written, tell what differs, return the exit code."""
    with reporting_errors(output) as ended:
        from simulator.results.places import shown
        from simulator.results.reading import verify_run

        folder = existing_folder(output)
        found = verify_run(folder, threads=usable_threads())
        if as_json:
            damage = [{"block": injury.block, "what": injury.what} for injury in found]
            print(json.dumps({"folder": shown(folder), "is_whole": not found, "damage": damage}, indent=1))
        else:
            _print_damage(folder, found)
        return UNFINISHED if found else 0
    return ended.code


def _print_damage(folder: Path, found: Sequence[Damage]) -> None:
    from simulator.results.folder import open_run
    from simulator.results.places import shown

    if not found:
        run = open_run(folder)
        stored = sum(block.stored_bytes for block in run.finished.values())
        print(
            f"{plain(shown(folder))}: whole; {len(run.finished):,} blocks, {run.layout.paths:,} paths and"
            f" {stored:,} bytes are what was written."
        )
        return
    rows = list(_together(found))
    width = max(len(where) for where, _ in rows)
    for where, what in rows:
        print(plain(f"{where:<{width}}  {what}"))
    print(plain(f"{len(found):,} injuries. Repair the run with: unwind resume {shown(folder)}"))


def _together(found: Sequence[Damage]) -> Iterator[tuple[str, str]]:
    """Rows of the table: neighbouring blocks with the same injury on one."""
    first: int | None = None
    for place, injury in enumerate(found):
        after = found[place + 1] if place + 1 < len(found) else None
        if injury.block is None:
            yield "run", injury.what
            continue
        first = injury.block if first is None else first
        if after is not None and after.block == injury.block + 1 and after.what == injury.what:
            continue
        yield (
            f"block {first:,}" if first == injury.block else f"blocks {first:,} to {injury.block:,}",
            injury.what if first == injury.block else injury.what.replace("is ", "are ", 1),
        )
        first = None


def status_command(output: str, *, as_json: bool = False) -> int:
    """Tell how far a run is, and return the exit code."""
    with reporting_errors(output) as ended:
        from simulator.ensemble.status import run_status, status_lines

        status = run_status(existing_folder(output))
        if as_json:
            said: dict[str, Any] = asdict(status) | {"seconds_left": status.seconds_left}
            print(json.dumps(said, indent=1))
        else:
            print("\n".join(map(plain, status_lines(status))))
        return 0
    return ended.code
