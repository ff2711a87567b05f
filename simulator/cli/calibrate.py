"""``unwind calibrate``: an opening market of any date that the public data files cover."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, NoReturn

import typer

from simulator.cli.ending import ends_quietly
from simulator.cli.options import Quiet
from simulator.cli.terminal import complain, say
from simulator.results.errors import BAD_INPUT
from simulator.scenario.errors import Problem, Problems

EXAMPLES = """\b
Examples:
  unwind calibrate --data shared/data --date 2021-06-01 -o june-2021.yaml
  unwind calibrate --data shared/data --date 2021-06-01 --dry-run"""


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
        typer.Option("--data", metavar="DIR", help="Folder of the public data files.", show_default=False),
    ] = None,
    day: Annotated[
        str | None,
        typer.Option("--date", metavar="YYYY-MM-DD", help="Opening day.", show_default=False),
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
    """Make the opening market of a date from public data files: a scenario that validate and run take."""
    if targets is not None:
        _refuse(
            str(targets), "estimation from a file of targets is not part of this version", "--data and --date"
        )
    if data is None or day is None:
        missing = " and ".join(name for name, value in (("--data", data), ("--date", day)) if value is None)
        _refuse(
            "unwind calibrate",
            f"found no {missing}",
            "--data DIR --date YYYY-MM-DD",
            "DIR is the folder of the public data files, the date the opening day: see unwind calibrate --help.",
        )
    _opening_market(data, day, output, dry_run, quiet)


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
