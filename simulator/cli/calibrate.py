"""``unwind calibrate``: parameters estimated from targets, or an opening market of a date that the public files cover.

Everything heavy is imported inside the functions, after linear algebra was pinned to one thread.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from simulator.cli.ending import reporting_errors, this_command
from simulator.cli.options import AsJson, Overrides, Quiet, WhereToWork, takes_options
from simulator.cli.terminal import complain, say, say_json
from simulator.ensemble.cores import pin_linear_algebra
from simulator.results.errors import BAD_INPUT, INTERRUPTED, OutputError
from simulator.scenario.errors import Problem, Problems

if TYPE_CHECKING:
    from simulator.ensemble.resources import Resources
    from simulator.estimation.running import Effort

#: What the estimation needs beside the packages of a run.
EXTRA = ("sklearn", "emcee")
EXAMPLES = """\b
Examples:
  unwind calibrate calm-and-march-2020 --dry-run
  unwind calibrate calm-and-march-2020 --workers 4
  unwind calibrate my-targets.yaml --points 256 -o outputs/first-try
  unwind calibrate --data shared/data --date 2021-06-01 -o june-2021.yaml"""


@dataclass(frozen=True, kw_only=True)
class CalibrateOptions:
    """What ``unwind calibrate`` takes."""

    targets: Annotated[
        str | None,
        typer.Argument(
            metavar="TARGETS",
            help="Moments to estimate parameters from: a file, or the name of one that ships.",
            show_default=False,
        ),
    ] = None
    data: Annotated[
        Path | None,
        typer.Option("--data", metavar="DIR", help="Folder of the public data files.", show_default=False),
    ] = None
    day: Annotated[
        str | None,
        typer.Option("--date", metavar="YYYY-MM-DD", help="Opening day.", show_default=False),
    ] = None
    override: Overrides = None
    points: Annotated[
        int | None,
        typer.Option(min=16, help="Points of the first stage; the others follow.", show_default=False),
    ] = None
    sets: Annotated[
        int | None, typer.Option(min=10, max=5000, help="Parameter sets to make.", show_default=False)
    ] = None
    paths: Annotated[
        int | None,
        typer.Option(
            min=4, help="Paths of a point of the last stage; the others follow.", show_default=False
        ),
    ] = None
    seed: Annotated[int, typer.Option(min=0, max=2**32 - 1, help="Seed of designs and samples.")] = 1
    output: Annotated[
        str | None,
        typer.Option(
            "-o",
            "--output",
            metavar="FOLDER|FILE.yaml",
            help="Folder of the estimation, outputs/NAME by default; or file of the market, printed when absent.",
            show_default=False,
        ),
    ] = None
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace another estimation in the folder.")
    ] = False
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Tell what it will take or write, and do nothing.")
    ] = False
    where: WhereToWork = field(default_factory=WhereToWork)
    quiet: Quiet = False
    as_json: AsJson = False


@takes_options
def calibrate_command(options: CalibrateOptions) -> None:
    """Estimate parameters from targets, or make the opening market of a date from public data files."""
    if options.targets is not None and (options.data or options.day):
        _refuse(options.targets, "stands beside --data or --date", "targets, or --data and --date")
    if options.targets is not None:
        raise typer.Exit(_estimate(options, options.targets, options.where.resources()))
    if options.data is None or options.day is None:
        given = (("--data", options.data), ("--date", options.day))
        missing = " and ".join(name for name, value in given if value is None)
        _refuse(
            "unwind calibrate",
            f"found no {missing}",
            "TARGETS, or --data DIR --date YYYY-MM-DD",
            "DIR is the folder of the public data files, the date the opening day: see unwind calibrate --help.",
        )
    output = Path(options.output) if options.output else None
    _opening_market(options.data, options.day, output, options.dry_run, options.quiet)


def _estimate(options: CalibrateOptions, targets: str, resources: Resources) -> int:
    pin_linear_algebra()
    from simulator.estimation.targets import load_targets

    loaded = load_targets(targets, options.override or ())
    with reporting_errors(options.output or "outputs") as ended:
        _require_extra()
        from simulator.cli.calibrate_display import estimate_lines, print_estimation
        from simulator.cli.progress import ShownProgress
        from simulator.ensemble.cores import usable_threads
        from simulator.ensemble.observer import Nobody
        from simulator.estimation.running import SETS, estimate, run_estimation
        from simulator.results.folder import choose_folder
        from simulator.results.places import shown

        effort = _effort(options)
        if options.dry_run:
            found = estimate(loaded, effort, resources.threads or resources.workers or usable_threads())
            if options.as_json:
                say_json(vars(found))
            for line in () if options.as_json else estimate_lines(found):
                say(line)
            return 0
        folder = choose_folder(loaded.targets.name, options.output)
        result = run_estimation(
            loaded,
            folder,
            effort=effort,
            seed=options.seed,
            resources=resources,
            overwrite=options.overwrite,
            observer=Nobody() if options.quiet or options.as_json else ShownProgress(),
        )
        if result is None:
            complain(f"Stopped before the end. Resume with: {this_command()}")
            return INTERRUPTED
        if options.as_json:
            say_json(result.as_record())
        elif not options.quiet:
            print_estimation(result, shown(folder / SETS))
    return ended.code


def _effort(options: CalibrateOptions) -> Effort:
    """Size of the estimation: what was asked for, the stages in proportion to each other."""
    from dataclasses import replace

    from simulator.estimation.running import Effort

    effort = Effort()
    if options.points is not None:
        effort = replace(effort, wide=options.points, near=max(8, options.points // 2))
    if options.sets is not None:
        effort = replace(effort, sets=options.sets)
    if options.paths is not None:
        wide, near = max(4, options.paths // 8), max(4, options.paths * 3 // 8)
        effort = replace(effort, wide_paths=wide, near_paths=near, sets_paths=options.paths)
    return effort


def _require_extra() -> None:
    from importlib.util import find_spec

    missing = [name for name in EXTRA if find_spec(name) is None]
    if missing:
        raise OutputError(
            f"unwind calibrate: found no {' and no '.join(missing)}. Install them with: pip install"
            " 'unwind-simulator[calibrate]'",
            BAD_INPUT,
        )


def _opening_market(folder: Path, written: str, output: Path | None, dry_run: bool, quiet: bool) -> None:
    from datetime import date

    from simulator.calibration.presets import preset_text
    from simulator.calibration.public_data import PublicData

    try:
        day = date.fromisoformat(written)
    except ValueError:
        _refuse("--date", f"found {written!r}", "a date like 2020-02-18")
    if not folder.is_dir():
        _refuse(str(folder), "is no folder", "the folder of the public data files")
    try:
        text = preset_text(PublicData(folder), day)
    except ValueError as error:
        complain(f"{written}: {error}")
        raise typer.Exit(BAD_INPUT) from error
    if dry_run:
        say(
            f"Would write {output or 'to the terminal'}: the market of {day}, {len(text.splitlines())} lines."
        )
    elif output is None:
        say(text.rstrip("\n"))
    else:
        _write(output, text)
        if not quiet:
            say(f"{output} is written. Look at it, then: unwind validate {output}")


def _write(file: Path, text: str) -> None:
    try:
        with file.open("x", encoding="utf-8") as stream:
            stream.write(text)
    except FileExistsError:
        _refuse(str(file), "is there already", "", "Choose another name, or delete it")


def _refuse(where: str, found: str, allowed: str, advice: str = "") -> NoReturn:
    raise Problems([Problem(where, found, f"Allowed: {allowed}." if allowed else "", advice)])


def register(app: typer.Typer) -> None:
    """Add the command to the program's."""
    app.command("calibrate", epilog=EXAMPLES)(calibrate_command)
