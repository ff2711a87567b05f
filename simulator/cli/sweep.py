"""``unwind sweep``: many scenarios from one file are run, or what they would take is told.

Everything heavy is imported inside the functions, after linear algebra was pinned to one thread.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from simulator.cli.ending import reporting_errors, this_command, written_report
from simulator.cli.options import (
    Horizon,
    Output,
    Overrides,
    Shard,
    Telling,
    Uncertainty,
    WhereToWork,
    takes_options,
)
from simulator.cli.terminal import complain, say, say_json
from simulator.ensemble.cores import pin_linear_algebra
from simulator.ensemble.resources import Resources
from simulator.results.errors import BAD_INPUT, INTERRUPTED, UNFINISHED, OutputError
from simulator.units import Currency, count_in

if TYPE_CHECKING:
    from simulator.sweeps.cells import LoadedSweep
    from simulator.sweeps.execution import SweepOutcome

EXAMPLES = """\b
Examples:
  unwind sweep sweeps/policies.yaml --dry-run
  unwind sweep sweeps/policies.yaml --paths 500
  unwind sweep sweeps/sensitivity.yaml --workers 4 -o outputs/judgements
  unwind sweep sweeps/sensitivity.yaml --shard 3/8
  unwind sweep sweeps/policies.yaml --uncertainty outputs/calm-and-march-2020/parameter-sets.json"""


@dataclass(frozen=True, kw_only=True)
class SweepOptions:
    """What ``unwind sweep`` takes."""

    file: Annotated[Path, typer.Argument(metavar="FILE", help="Sweep file.", show_default=False)]
    override: Overrides = None
    paths: Annotated[int | None, typer.Option(min=1, help="Random paths of every cell.")] = None
    horizon: Horizon = None
    uncertainty: Uncertainty = None
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Check every cell, say what it will take, and run nothing.")
    ] = False
    cells: Annotated[
        str | None,
        typer.Option(metavar="A-B", help="Run these cells only, such as 0-9,17.", show_default=False),
    ] = None
    shard: Shard = None
    output: Output = None
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace another sweep in the folder.")] = (
        False
    )
    where: WhereToWork = field(default_factory=WhereToWork)
    telling: Telling = field(default_factory=Telling)


@takes_options
def sweep(options: SweepOptions) -> None:
    """Run every cell of a sweep and keep what it comes to; the same command again finishes an interrupted sweep."""
    raise typer.Exit(_sweep(options, options.where.resources()))


def _sweep(options: SweepOptions, resources: Resources) -> int:
    pin_linear_algebra()
    from simulator.scenario.uncertainty import sets_at
    from simulator.sweeps.cells import load_sweep

    sets = None if options.uncertainty is None else sets_at(options.uncertainty)
    loaded = load_sweep(
        options.file, options.override or (), paths=options.paths, horizon=options.horizon, sets=sets
    )
    for note in () if options.telling.is_silent else loaded.notes:
        complain(note)
    with reporting_errors(options.output or "outputs") as ended:
        chosen = _chosen(loaded, options.cells, options.shard)
        if options.dry_run:
            return _estimate(loaded, chosen, resources, options.telling.as_json)
        from simulator.results.folder import choose_folder
        from simulator.sweeps.running import run_sweep

        outcome = run_sweep(
            loaded,
            choose_folder(loaded.sweep.name, options.output),
            resources=resources,
            chosen=chosen,
            shard=options.shard.replace("/", "-of-") if options.shard else "",
            overwrite=options.overwrite,
            observer=options.telling.observer,
        )
        return tell_sweep(outcome, options.telling)
    return ended.code


def tell_sweep(outcome: SweepOutcome, telling: Telling) -> int:
    """Tell what came of a sweep, write its report when no cell is left, and return the exit code."""
    from simulator.cli.sweep_display import print_failed, print_outcome, sweep_record
    from simulator.sweeps.folder import FAILED, STOPPED

    count_in(Currency(outcome.folder.manifest.currency))
    failed = outcome.with_status(FAILED, STOPPED)
    if telling.as_json:
        say_json(sweep_record(outcome.folder))
    elif not telling.quiet:
        print_outcome(outcome)
    else:
        print_failed(outcome.folder, failed)
    if outcome.left:
        done = len(outcome.chosen) - len(outcome.left)
        complain(f"{done:,} of {len(outcome.chosen):,} cells have ended. Resume with: {this_command()}")
        return INTERRUPTED if outcome.is_interrupted else UNFINISHED
    code = 0
    if not telling.no_report and len(outcome.folder.state.cells) == outcome.folder.manifest.cells:
        folder = outcome.folder.path
        report, code = written_report(lambda: _write_report(folder), folder)
        if report and not (telling.quiet or telling.as_json):
            say(f"Report: {report}")
    return UNFINISHED if failed else code


def _write_report(folder: Path) -> Path:
    """Write the report of a sweep that has just finished, beside its results."""
    from simulator.report.run_report import write_report

    return write_report(str(folder))


def _chosen(loaded: LoadedSweep, cells: str | None, shard: str | None) -> list[int]:
    from simulator.sweeps.choice import cells_of

    try:
        return cells_of(loaded.count, cells, shard)
    except ValueError as error:
        option = "--shard" if cells is None else "--cells"
        raise OutputError(f"{option}: found {error}.", BAD_INPUT) from error


def _estimate(loaded: LoadedSweep, chosen: list[int], resources: Resources, as_json: bool) -> int:
    from simulator.cli.sweep_display import estimate_lines
    from simulator.sweeps.running import estimate_sweep

    workers = resources.threads or resources.workers
    found = estimate_sweep(loaded, chosen, workers, are_threads=resources.are_threads)
    if as_json:
        say_json(found.as_record())
    else:
        for line in estimate_lines(loaded, chosen, found):
            say(line)
    return 0


def register(app: typer.Typer) -> None:
    """Add the command to the program's."""
    app.command("sweep", epilog=EXAMPLES)(sweep)
