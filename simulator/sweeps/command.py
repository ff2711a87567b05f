"""What ``unwind sweep`` does, and ``resume``, ``verify`` and ``status`` on the folder of a sweep.

Everything heavy is imported inside the functions, after linear algebra was pinned to one thread.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from simulator.ensemble.resources import Resources
from simulator.ensemble.run import complain, reporting_errors, this_command, written_report
from simulator.ensemble.threads import pin_linear_algebra
from simulator.results.errors import BAD_INPUT, INTERRUPTED, UNFINISHED, OutputError, plain
from simulator.results.places import shown

if TYPE_CHECKING:
    from simulator.sweeps.cells import LoadedSweep
    from simulator.sweeps.execution import SweepOutcome

#: Writes the report of a sweep into its folder, and returns the file.
WriteReport = Callable[[Path], Path]


def sweep_command(
    file: Path,
    resources: Resources,
    *,
    overrides: Sequence[str] = (),
    paths: int | None = None,
    dry_run: bool = False,
    cells: str | None = None,
    shard: str | None = None,
    output: str | None = None,
    overwrite: bool = False,
    quiet: bool = False,
    as_json: bool = False,
    write_report: WriteReport | None = None,
) -> int:
    """Run a sweep for the command line, or tell what it would take, and return the exit code.

    Parameters
    ----------
    write_report
        Writes the report of a sweep into its folder, and returns the file.

    Raises
    ------
    ScenarioError
        If the file or any cell of it is wrong.
    """
    pin_linear_algebra()
    from simulator.sweeps.cells import load_sweep

    loaded = load_sweep(file, overrides, paths=paths)
    with reporting_errors(output or "outputs") as ended:
        chosen = _chosen(loaded, cells, shard)
        if dry_run:
            return _estimate(loaded, chosen, resources, as_json)
        from simulator.results.folder import choose_folder
        from simulator.sweeps.run import run_sweep

        folder = choose_folder(loaded.sweep.name, output)
        outcome = run_sweep(
            loaded,
            folder,
            resources=resources,
            chosen=chosen,
            shard=shard.replace("/", "-of-") if shard else "",
            overwrite=overwrite,
            is_silent=quiet or as_json,
        )
        return report_sweep(outcome, quiet=quiet, as_json=as_json, write_report=write_report)
    return ended.code


def resume_sweep_command(
    folder: Path,
    resources: Resources,
    *,
    quiet: bool = False,
    as_json: bool = False,
    write_report: WriteReport | None = None,
) -> int:
    """Finish the sweep of a folder, and return the exit code.

    Raises
    ------
    ScenarioError
        If its file cannot be read any more.
    """
    pin_linear_algebra()
    with reporting_errors(folder) as ended:
        from simulator.sweeps.run import resume_sweep

        outcome = resume_sweep(folder, resources=resources, is_silent=quiet or as_json)
        return report_sweep(outcome, quiet=quiet, as_json=as_json, write_report=write_report)
    return ended.code


def verify_sweep_command(folder: Path, *, as_json: bool = False) -> int:
    """Compare all results of a sweep with what was written, tell what differs, and return the exit code."""
    with reporting_errors(folder) as ended:
        from simulator.sweeps.damage import find_damage
        from simulator.sweeps.folder import open_sweep_folder

        sweep = open_sweep_folder(folder)
        found = [{"cell": damage.cell, "what": damage.what} for damage in find_damage(sweep)]
        lines = sweep.state.broken_lines
        if as_json:
            said = {"folder": shown(folder), "is_whole": not (found or lines), "damage": found}
            print(json.dumps(said | {"broken_ledger_lines": lines}, indent=1))
        elif not (found or lines):
            print(plain(f"{shown(folder)}: whole; {len(sweep.state.cells):,} cells are what was written."))
        else:
            for damage in found:
                print(plain(f"cell {damage['cell']}  {damage['what']}"))
            if lines:
                print(f"ledger  {lines:,} lines are broken")
            print(plain(f"Repair the sweep with: unwind resume {shown(folder)}"))
        return UNFINISHED if found or lines else 0
    return ended.code


def status_sweep_command(folder: Path, *, as_json: bool = False) -> int:
    """Tell how far a sweep is, and return the exit code."""
    with reporting_errors(folder) as ended:
        from simulator.sweeps.display import print_status, sweep_record
        from simulator.sweeps.folder import open_sweep_folder

        sweep = open_sweep_folder(folder)
        if as_json:
            print(json.dumps(sweep_record(sweep), indent=1))
        else:
            print_status(sweep)
        return 0
    return ended.code


def report_sweep(
    outcome: SweepOutcome,
    *,
    quiet: bool = False,
    as_json: bool = False,
    write_report: WriteReport | None = None,
) -> int:
    """Show what came of a sweep, write its report when no cell is left, and return the exit code."""
    from simulator.sweeps.display import print_failed, print_outcome, sweep_record
    from simulator.sweeps.folder import FAILED, STOPPED

    failed = outcome.with_status(FAILED, STOPPED)
    if as_json:
        print(json.dumps(sweep_record(outcome.folder), indent=1))
    elif not quiet:
        print_outcome(outcome)
    else:
        print_failed(outcome.folder, failed)
    if outcome.left:
        done = len(outcome.chosen) - len(outcome.left)
        complain(f"{done:,} of {len(outcome.chosen):,} cells have ended. Resume with: {this_command()}")
        return INTERRUPTED if outcome.is_interrupted else UNFINISHED
    if write_report is not None and len(outcome.folder.state.cells) == outcome.folder.manifest.cells:
        folder = outcome.folder.path
        report = written_report(lambda: write_report(folder), folder)
        if report and not (quiet or as_json):
            print(plain(f"Report: {report}"))
    return UNFINISHED if failed else 0


def _chosen(loaded: LoadedSweep, cells: str | None, shard: str | None) -> list[int]:
    from simulator.sweeps.choice import cells_of

    try:
        return cells_of(loaded.count, cells, shard)
    except ValueError as error:
        option = "--shard" if cells is None else "--cells"
        raise OutputError(f"{option}: found {error}.", BAD_INPUT) from error


def _estimate(loaded: LoadedSweep, chosen: list[int], resources: Resources, as_json: bool) -> int:
    from simulator.sweeps.display import say_estimate
    from simulator.sweeps.run import estimate_sweep

    found = estimate_sweep(loaded, chosen, resources.threads or resources.workers)
    if as_json:
        print(json.dumps(found.as_record(), indent=1))
    else:
        print(plain_lines(say_estimate(loaded, chosen, found)))
    return 0


def plain_lines(text: str) -> str:
    """Text that is safe on a terminal, its lines kept."""
    return "\n".join(map(plain, text.splitlines()))
