"""``unwind calibrate``: parameters estimated from targets, opening markets of any date, and regimes of yields.

Everything heavy is imported inside the functions, after linear algebra was pinned to one thread.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from simulator.cli.ending import reporting_errors, this_command
from simulator.cli.options import AsJson, Overrides, Quiet, WhereToWork, takes_options
from simulator.cli.terminal import complain, counted, say, say_columns, say_json
from simulator.ensemble.cores import pin_linear_algebra
from simulator.results.errors import BAD_INPUT, INTERRUPTED, OutputError
from simulator.scenario.errors import Problem, Problems

if TYPE_CHECKING:
    from simulator.calibration.opening_day import OpeningDay
    from simulator.calibration.presets import Fit
    from simulator.ensemble.resources import Resources
    from simulator.estimation.procedure import Effort

#: What the estimation needs beside the packages of a run.
EXTRA = ("sklearn", "emcee")
EXAMPLES = """\b
Examples:
  unwind calibrate calm-and-march-2020 --dry-run
  unwind calibrate calm-and-march-2020 --workers 4
  unwind calibrate my-targets.yaml --points 256 -o outputs/first-try
  unwind calibrate --data public-data --date 2021-06-01 -o june-2021.yaml
  unwind calibrate --data public-data --date 2023-06-01 --nearest --dry-run
  unwind calibrate --data public-data --date 2025-04-01 --regimes own-yields.csv
  unwind calibrate --regimes own-yields.csv --window 2018-2024=2018-01-01:2024-12-31"""

_MARKET, _REGIMES = "Opening market", "Regimes of yields"


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
        typer.Option(
            "--data",
            metavar="DIR",
            help="Folder of the public data files.",
            show_default=False,
            rich_help_panel=_MARKET,
        ),
    ] = None
    day: Annotated[
        str | None,
        typer.Option(
            "--date",
            metavar="YYYY-MM-DD",
            help="Opening day.",
            show_default=False,
            rich_help_panel=_MARKET,
        ),
    ] = None
    nearest: Annotated[
        bool,
        typer.Option(
            "--nearest",
            help="Where a series has nothing for the date, take the nearest there is, and write that down.",
            rich_help_panel=_MARKET,
        ),
    ] = False
    regimes: Annotated[
        Path | None,
        typer.Option(
            "--regimes",
            metavar="FILE.csv",
            help="Par yields of your own, to fit regimes of volatility to; alone or for the opening market.",
            show_default=False,
            rich_help_panel=_REGIMES,
        ),
    ] = None
    window: Annotated[
        list[str] | None,
        typer.Option(
            "--window",
            metavar="NAME=START:END",
            help="Days to fit a regime to, or the name of a shipped one for its days; may be repeated. The"
            " first is in force. By default one regime, named own, of all complete days up to the date.",
            show_default=False,
            rich_help_panel=_REGIMES,
        ),
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
    """Estimate parameters from targets, make the opening market of a date, or fit regimes to yields of your own.

    Markets and regimes are scenarios: validate and run take them, others extend them. Every figure has its source.
    """
    o = options
    if o.targets is not None:
        if o.data or o.day or o.regimes:
            _refuse(o.targets, "stands beside --data, --date or --regimes", "Give targets, or these.")
        raise typer.Exit(_estimate(o, o.targets, o.where.resources()))
    if (o.data is None) != (o.day is None) or (o.data is None and o.regimes is None):
        absent = [name for name, value in (("--data", o.data), ("--date", o.day)) if value is None]
        _refuse(
            "unwind calibrate",
            f"found no {' and no '.join(absent)}",
            "An estimation needs TARGETS, an opening market --data DIR --date YYYY-MM-DD, regimes alone"
            " --regimes FILE.csv.",
            "See unwind calibrate --help.",
        )
    windows = o.window or ()
    if windows and o.regimes is None:
        _refuse("--window", "found without --regimes", "Give the yields to fit to with --regimes FILE.csv.")
    if o.nearest and o.data is None:
        _refuse("--nearest", "found without --data and --date", "It is about the opening market.")
    output = Path(o.output) if o.output else None
    _check_output(output)
    opening = _opening(o.data, o.day, o.nearest) if o.data is not None and o.day is not None else None
    fit = _fit(o.regimes, windows, opening.day if opening else None) if o.regimes is not None else None
    text = _text(opening, fit, _options(o.nearest, o.regimes, windows))
    _deliver(opening, fit, text, output, o.dry_run, o.quiet)


def _estimate(options: CalibrateOptions, targets: str, resources: Resources) -> int:
    pin_linear_algebra()
    from simulator.estimation.targets import load_targets

    loaded = load_targets(targets, options.override or ())
    with reporting_errors(options.output or "outputs") as ended:
        _require_extra()
        from simulator.cli.calibrate_display import cost_lines, print_estimation
        from simulator.cli.progress import ShownProgress
        from simulator.ensemble.cores import usable_threads
        from simulator.ensemble.observer import Nobody
        from simulator.estimation.procedure import SETS, cost_of, run_estimation
        from simulator.results.folder import choose_folder
        from simulator.results.places import shown

        effort = _effort(options)
        if options.dry_run:
            found = cost_of(loaded, effort, resources.threads or resources.workers or usable_threads())
            if options.as_json:
                say_json(vars(found))
            for line in () if options.as_json else cost_lines(found):
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
    from simulator.estimation.procedure import Effort

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


def _opening(folder: Path, written: str, nearest: bool) -> OpeningDay:
    from simulator.calibration.opening_day import OpeningDay
    from simulator.calibration.public_data import PublicData

    try:
        day = date.fromisoformat(written)
    except ValueError:
        _refuse("--date", f"found {written!r}", "Allowed are dates like 2020-02-18.")
    if not folder.is_dir():
        _refuse(str(folder), "is no folder", "Give the folder of the public data files with --data.")
    return OpeningDay(PublicData(folder), day, takes_nearest=nearest)


def _fit(file: Path, windows: Sequence[str], until: date | None) -> Fit:
    from simulator.calibration.own_regimes import fitted_windows, read_own_yields, windows_of
    from simulator.calibration.presets import Fit
    from simulator.scenario.files import file_sha256

    yields = read_own_yields(file)
    return Fit(fitted_windows(yields, windows_of(windows, yields, until)), file.name, file_sha256(file))


def _options(nearest: bool, regimes: Path | None, windows: Sequence[str]) -> list[str]:
    """The options that decide what is written, as they are told in it."""
    return [
        *(["--nearest"] if nearest else []),
        *(["--regimes", regimes.name] if regimes is not None else []),
        *(word for window in windows for word in ("--window", window)),
    ]


def _text(opening: OpeningDay | None, fit: Fit | None, options: Sequence[str]) -> str:
    """What is to be written; refused if it would be no valid scenario."""
    from simulator.calibration.presets import preset_text, regimes_text
    from simulator.scenario.errors import Source
    from simulator.scenario.schema import Scenario
    from simulator.scenario.validation import validate
    from simulator.scenario.yaml_nodes import compose

    if opening is None:
        assert fit is not None
        return regimes_text(fit, options)
    text = preset_text(opening, fit, options)
    validate(Scenario, compose(Source(f"market of {opening.day}", text)))
    return text


def _deliver(
    opening: OpeningDay | None, fit: Fit | None, text: str, output: Path | None, dry_run: bool, quiet: bool
) -> None:
    """Print or write the text, or tell what it would be; what it remarks goes to standard error."""
    from simulator.calibration.presets import remarks_on

    remarks = remarks_on(opening) if opening is not None else []
    for remark in () if quiet else remarks:
        complain(remark)
    if dry_run:
        _tell(opening, fit, text, output)
    elif output is None:
        say(text.rstrip("\n"))
    else:
        _write(output, text)
        if not quiet:
            say(_told_after(output, is_market=opening is not None))


def _told_after(file: Path, *, is_market: bool) -> str:
    if is_market:
        return f"{file} is written. Look at it, then: unwind validate {file}; unwind run {file}"
    return f"{file} is written. Lay it over an opening market: extends: [preset:us-treasury-2025-04-01, {file.name}]"


def _tell(opening: OpeningDay | None, fit: Fit | None, text: str, output: Path | None) -> None:
    what = [f"the market of {opening.day}"] if opening else []
    what += [f"{counted(len(fit.regimes), 'regime')} fitted to {fit.file}"] if fit else []
    where = str(output) if output else "to the terminal"
    say(f"Would write {where}: {' and '.join(what)}, {counted(len(text.splitlines()), 'line')}.")
    if opening:
        say_columns((("", file, str(when)) for file, when in opening.choice.taken.items()), ("", "cyan"))
    if fit:
        say_columns((("", name, model.source) for name, model in fit.regimes.items()), ("", "cyan"))


def _check_output(file: Path | None) -> None:
    if file is None:
        return
    if file.suffix not in (".yaml", ".yml"):
        _refuse(str(file), "is no name of a scenario file", "Name it *.yaml.")
    if file.exists():
        _refuse(str(file), "is there already", "Choose another name, or delete it.")
    if not file.parent.is_dir():
        _refuse(str(file.parent), "is no folder", "Make it first.")


def _write(file: Path, text: str) -> None:
    try:
        with file.open("x", encoding="utf-8") as stream:
            stream.write(text)
    except FileExistsError:
        _refuse(str(file), "is there already", "Choose another name, or delete it.")


def _refuse(where: str, found: str, allowed: str, advice: str = "") -> NoReturn:
    raise Problems([Problem(where, found, allowed, advice)])


def register(app: typer.Typer) -> None:
    """Add the command to the program's."""
    app.command("calibrate", epilog=EXAMPLES)(calibrate_command)
