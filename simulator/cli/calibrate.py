"""``unwind calibrate``: an opening market of any date that the public data files cover, and regimes of yields."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from simulator.cli.ending import ends_quietly
from simulator.cli.options import Quiet
from simulator.cli.terminal import complain, counted, say, say_columns
from simulator.scenario.errors import Problem, Problems

if TYPE_CHECKING:
    from simulator.calibration.opening_day import OpeningDay
    from simulator.calibration.presets import Fit

EXAMPLES = """\b
Examples:
  unwind calibrate --data public-data --date 2021-06-01 -o june-2021.yaml
  unwind calibrate --data public-data --date 2023-06-01 --nearest --dry-run
  unwind calibrate --data public-data --date 2025-04-01 --regimes own-yields.csv
  unwind calibrate --regimes own-yields.csv --window 2018-2024=2018-01-01:2024-12-31"""

_MARKET, _REGIMES = "Opening market", "Regimes of yields"


@ends_quietly
def calibrate_command(
    targets: Annotated[
        Path | None,
        typer.Argument(
            metavar="TARGETS.yaml", help="Moments to estimate parameters from.", show_default=False
        ),
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option(
            "--data",
            metavar="DIR",
            help="Folder of the public data files.",
            show_default=False,
            rich_help_panel=_MARKET,
        ),
    ] = None,
    day: Annotated[
        str | None,
        typer.Option(
            "--date",
            metavar="YYYY-MM-DD",
            help="Opening day.",
            show_default=False,
            rich_help_panel=_MARKET,
        ),
    ] = None,
    nearest: Annotated[
        bool,
        typer.Option(
            "--nearest",
            help="Where a series has nothing for the date, take the nearest there is, and write that down.",
            rich_help_panel=_MARKET,
        ),
    ] = False,
    regimes: Annotated[
        Path | None,
        typer.Option(
            "--regimes",
            metavar="FILE.csv",
            help="Par yields of your own, to fit regimes of volatility to; alone or for the opening market.",
            show_default=False,
            rich_help_panel=_REGIMES,
        ),
    ] = None,
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
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--output",
            metavar="FILE.yaml",
            help="File to write; printed when absent.",
            show_default=False,
        ),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Tell what would be written, and write nothing.")
    ] = False,
    quiet: Quiet = False,
) -> None:
    """Make the opening market of a date from public data, or fit regimes to yields of your own.

    What it writes is a scenario: validate and run take it, others extend it. Every figure has its source beside it.
    """
    if targets is not None:
        found = "estimation from a file of targets is not part of this version"
        _refuse(str(targets), found, "Give --data and --date.")
    if (data is None) != (day is None) or (data is None and regimes is None):
        absent = [name for name, value in (("--data", data), ("--date", day)) if value is None]
        _refuse(
            "unwind calibrate",
            f"found no {' and no '.join(absent)}",
            "An opening market needs --data DIR --date YYYY-MM-DD, regimes alone need --regimes FILE.csv.",
            "See unwind calibrate --help.",
        )
    if window and regimes is None:
        _refuse("--window", "found without --regimes", "Give the yields to fit to with --regimes FILE.csv.")
    if nearest and data is None:
        _refuse("--nearest", "found without --data and --date", "It is about the opening market.")
    _check_output(output)
    opening = _opening(data, day, nearest) if data is not None and day is not None else None
    fit = _fit(regimes, window or (), opening.day if opening else None) if regimes is not None else None
    _deliver(
        opening, fit, _text(opening, fit, _options(nearest, regimes, window or ())), output, dry_run, quiet
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
