"""``unwind report``: the report of a run or a sweep that exists."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from simulator.cli.ending import ends_quietly
from simulator.cli.options import AsJson, Run
from simulator.cli.terminal import complain, say, say_json

REPORT_EXAMPLES = """\b
Examples:
  unwind report outputs/calm
  unwind report outputs/calm -o calm.html
  unwind report outputs/policies"""


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("report", epilog=REPORT_EXAMPLES)(report_command)


@ends_quietly
def report_command(
    output: Run,
    file: Annotated[
        str | None,
        typer.Option("-o", "--output", help="File to write; report.html in the folder by default."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Write the report of a run or a sweep, complete or not: one HTML file with everything in it."""
    from simulator.results.errors import OutputError
    from simulator.results.places import shown

    try:
        written = _write(output, file)
    except OutputError as error:
        complain(str(error))
        raise typer.Exit(error.exit_code) from error
    size_bytes = written.stat().st_size
    if as_json:
        say_json({"report": shown(written), "bytes": size_bytes})
    else:
        say(f"Report: {shown(written)} ({size_bytes / 1e6:,.1f} MB)")


def _write(folder: str, file: str | None) -> Path:
    from simulator.ensemble.cores import pin_linear_algebra
    from simulator.results.errors import OutputError
    from simulator.results.store import DamagedBlockError

    pin_linear_algebra()
    from simulator.report.run_report import write_report

    try:
        return write_report(folder, file)
    except DamagedBlockError as error:
        raise OutputError(
            f"{folder}: found damaged results: {error}. Run the scenario again with the same command to repair them."
        ) from error
