"""``unwind report``: the report of a run or a sweep that exists."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from simulator.cli.ending import ends_quietly
from simulator.cli.options import AsJson, Run
from simulator.cli.terminal import complain, say, say_json

REPORT_EXAMPLES = """\b
Examples:
  unwind report outputs/calm
  unwind report outputs/calm -o calm.html
  unwind report outputs/calm --one-page --format pdf
  unwind report outputs/calm -o note.docx
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
    form: Annotated[
        Literal["html", "pdf", "docx"] | None,
        typer.Option(
            "--format",
            help="html; pdf, which a browser prints; or docx, to write on. By the ending of -o otherwise.",
            show_default=False,
        ),
    ] = None,
    one_page: Annotated[
        bool, typer.Option("--one-page", help="Of a run, what fits a sheet of paper, to stand alone.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Write the report of a run or a sweep, complete or not: one HTML file with everything in it, a PDF or a Word
    document."""
    from simulator.results.errors import BAD_INPUT, OutputError
    from simulator.results.folder import existing_folder
    from simulator.results.places import shown

    try:
        if form is not None and file is None:
            file = str(existing_folder(output) / f"{'one-page' if one_page else 'report'}.{form}")
        elif form is not None and file is not None and not file.endswith(f".{form}"):
            raise OutputError(f"-o {file}: found no name of a {form} file. Name it *.{form}.", BAD_INPUT)
        written = _write(output, file, one_page)
    except OutputError as error:
        complain(str(error))
        raise typer.Exit(error.exit_code) from error
    size_bytes = written.stat().st_size
    if as_json:
        say_json({"report": shown(written), "bytes": size_bytes})
    else:
        say(f"Report: {shown(written)} ({size_bytes / 1e6:,.1f} MB)")


def _write(folder: str, file: str | None, one_page: bool) -> Path:
    from simulator.ensemble.cores import pin_linear_algebra
    from simulator.results.errors import OutputError
    from simulator.results.store import DamagedBlockError

    pin_linear_algebra()
    from simulator.report.run_report import write_report

    try:
        return write_report(folder, file, one_page=one_page)
    except DamagedBlockError as error:
        raise OutputError(
            f"{folder}: found damaged results: {error}. Run the scenario again with the same command to repair them."
        ) from error
