"""``unwind compare``, ``attribute`` and ``reverse``: what is asked of several runs at once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from simulator.terminal import complain, say_json

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for other programs.")]

COMPARE_EXAMPLES = """\b
Examples:
  unwind compare outputs/no-purchases outputs/purchases
  unwind compare outputs/none outputs/outright outputs/hedged --by unwound
  unwind compare outputs/none outputs/outright --json > comparison.json"""


def compare_command(
    base: Annotated[Path, typer.Argument(metavar="BASE", help="Folder of the run to compare with.")],
    others: Annotated[list[Path], typer.Argument(metavar="RUN...", help="Folders of the other runs.")],
    by: Annotated[
        str,
        typer.Option(
            "--by",
            metavar="BENEFIT",
            help="Rank policies by: dislocation, dislocation_tail, pressure, unwound, failures or dysfunction.",
        ),
    ] = "dislocation",
    details: Annotated[
        bool, typer.Option("--details", help="Show every figure of every run, also when there are several.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Put runs side by side, path by path where they share random numbers, with errors and a verdict."""
    from simulator.results.errors import OutputError

    try:
        _compare(base, others, by, details, as_json)
    except OutputError as error:
        complain(str(error))
        raise typer.Exit(error.exit_code) from error


def _compare(base: Path, others: list[Path], by: str, details: bool, as_json: bool) -> None:
    from simulator.analysis.comparison import compare
    from simulator.analysis.comparison_display import print_comparison
    from simulator.analysis.policies import BENEFITS
    from simulator.results.errors import BAD_INPUT, OutputError, plain

    if by not in BENEFITS:
        raise OutputError(f"--by: found {plain(by)!r}; allowed are {', '.join(BENEFITS)}.", BAD_INPUT)
    comparison = compare(base, *others, by=by)
    if as_json:
        say_json(comparison.as_record())
    else:
        print_comparison(comparison, by, is_detailed=details or None)


def register(app: typer.Typer) -> None:
    """Add the commands to the program's."""
    app.command("compare", epilog=COMPARE_EXAMPLES)(compare_command)
