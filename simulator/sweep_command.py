"""The command ``unwind sweep``: many scenarios from one file."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from simulator.command_line import (
    BAD_INPUT,
    ENVIRONMENT,
    INTERRUPTED,
    UNFINISHED,
    AsJson,
    Overrides,
    Quiet,
    ends_quietly,
)
from simulator.terminal import complain, say, say_json

if TYPE_CHECKING:
    from simulator.ensemble.executors import Resources
    from simulator.sweeps.cells import LoadedSweep
    from simulator.sweeps.execution import SweepOutcome

EXAMPLES = """\b
Examples:
  unwind sweep sweeps/policies.yaml --dry-run
  unwind sweep sweeps/policies.yaml --paths 500
  unwind sweep sweeps/sensitivity.yaml --workers 4 -o outputs/judgements
  unwind sweep sweeps/sensitivity.yaml --shard 3/8"""


@ends_quietly
def sweep(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Sweep file.", show_default=False)],
    override: Overrides = None,
    paths: Annotated[int | None, typer.Option(min=1, help="Random paths of every cell.")] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Check every cell, say what it will take, and run nothing.")
    ] = False,
    cells: Annotated[
        str | None,
        typer.Option(metavar="A-B", help="Run these cells only, such as 0-9,17.", show_default=False),
    ] = None,
    shard: Annotated[
        str | None,
        typer.Option(
            metavar="I/N",
            help="Run every N-th cell from the I-th on.",
            show_default=False,
        ),
    ] = None,
    threads: Annotated[int | None, typer.Option(min=1, help="Threads; all cores by default.")] = None,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Processes of a local cluster, not threads.")
    ] = None,
    scheduler: Annotated[
        str | None,
        typer.Option(metavar="ADDRESS|FILE", help="A Dask cluster that exists.", show_default=False),
    ] = None,
    insecure: Annotated[
        bool, typer.Option("--insecure", help="Allow a scheduler on another machine without TLS.")
    ] = False,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="Folder of results; outputs/NAME by default.")
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace another sweep in the folder.")
    ] = False,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Run every cell of a sweep and keep what it comes to; the same command again finishes an interrupted sweep."""
    from simulator.ensemble.threads import pin_linear_algebra

    pin_linear_algebra()
    from simulator.ensemble.executors import Resources
    from simulator.results.errors import OutputError, disk_error
    from simulator.sweeps.cells import load_sweep

    loaded = load_sweep(file, override or (), paths=paths)
    try:
        resources = Resources(threads=threads, workers=workers, scheduler=scheduler, is_insecure=insecure)
        chosen = _chosen(loaded, cells, shard)
        if dry_run:
            _estimate(loaded, chosen, threads or workers, as_json)
            return
        outcome = _run(loaded, chosen, shard, resources, output, overwrite, quiet or as_json)
    except OutputError as error:
        complain(str(error))
        raise typer.Exit(error.exit_code) from error
    except OSError as error:
        complain(
            f"{disk_error(error, output or Path('outputs'))} What was finished is kept. Resume with: {this_command()}"
        )
        raise typer.Exit(ENVIRONMENT) from error
    raise typer.Exit(report_sweep(outcome, quiet=quiet, as_json=as_json))


def report_sweep(outcome: SweepOutcome, *, quiet: bool = False, as_json: bool = False) -> int:
    """Show what came of a sweep, and return the exit code."""
    from simulator.sweeps.display import print_failed, print_outcome, sweep_record
    from simulator.sweeps.folder import FAILED, STOPPED

    failed = outcome.with_status(FAILED, STOPPED)
    if as_json:
        say_json(sweep_record(outcome.folder) | {"results": str(outcome.folder.path)})
    elif not quiet:
        print_outcome(outcome)
    else:
        print_failed(outcome.folder, failed)
    if outcome.left:
        done = len(outcome.chosen) - len(outcome.left)
        complain(f"{done:,} of {len(outcome.chosen):,} cells have ended. Resume with: {this_command()}")
        return INTERRUPTED if outcome.is_interrupted else UNFINISHED
    return UNFINISHED if failed else 0


def this_command() -> str:
    """The command that was typed."""
    return shlex.join(["unwind", *sys.argv[1:]])


def _chosen(loaded: LoadedSweep, cells: str | None, shard: str | None) -> list[int]:
    from simulator.results.errors import OutputError
    from simulator.sweeps.execution import cells_of

    try:
        return cells_of(loaded.count, cells, shard)
    except ValueError as error:
        option = "--shard" if cells is None else "--cells"
        raise OutputError(f"{option}: found {error}.", BAD_INPUT) from error


def _estimate(loaded: LoadedSweep, chosen: list[int], workers: int | None, as_json: bool) -> None:
    from simulator.sweeps.display import say_estimate
    from simulator.sweeps.run import estimate_sweep

    found = estimate_sweep(loaded, chosen, workers)
    if as_json:
        say_json(found.as_record())
    else:
        say(say_estimate(loaded, chosen, found))


def _run(
    loaded: LoadedSweep,
    chosen: list[int],
    shard: str | None,
    resources: Resources,
    output: Path | None,
    overwrite: bool,
    is_silent: bool,
) -> SweepOutcome:
    from simulator.results.folder import choose_folder
    from simulator.sweeps.run import run_sweep

    return run_sweep(
        loaded,
        choose_folder(loaded.sweep.name, output),
        resources=resources,
        chosen=chosen,
        shard=shard.replace("/", "-of-") if shard else "",
        overwrite=overwrite,
        is_silent=is_silent,
    )


def register(app: typer.Typer) -> None:
    """Add the command to the program's."""
    app.command("sweep", epilog=EXAMPLES)(sweep)
