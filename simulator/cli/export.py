"""``unwind export``: results for other programs."""

from __future__ import annotations

from typing import Annotated

import typer

from simulator.cli.ending import ends_quietly
from simulator.cli.options import AsJson, Run
from simulator.cli.terminal import complain, say, say_json

EXAMPLES = """\b
Examples:
  unwind export outputs/calm
  unwind export outputs/calm --format svg --format png --to figures
  unwind export outputs/calm --format netcdf --variable dislocation --variable repo_spread
  unwind export outputs/policies --format xlsx"""


@ends_quietly
def export_command(
    output: Run,
    to: Annotated[
        str | None,
        typer.Option("--to", metavar="FOLDER", help="Where to write; export in the folder by default."),
    ] = None,
    formats: Annotated[
        list[str] | None,
        typer.Option(
            "-f",
            "--format",
            metavar="FORMAT",
            help="json, csv, xlsx, svg, png or netcdf; may be repeated. json, csv and xlsx by default.",
            show_default=False,
        ),
    ] = None,
    variable: Annotated[
        list[str] | None,
        typer.Option(
            "--variable", metavar="NAME", help="What NetCDF holds; may be repeated. All by default."
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Write results for other programs: summary, tables, figures, and every variable."""
    from simulator.ensemble.cores import pin_linear_algebra

    pin_linear_algebra()
    from simulator.report.export import DEFAULT, export
    from simulator.results.errors import ENVIRONMENT, OutputError
    from simulator.results.places import shown
    from simulator.results.store import DamagedBlockError

    try:
        files = export(output, to, formats or DEFAULT, variables=variable or ())
    except OutputError as error:
        complain(str(error))
        raise typer.Exit(error.exit_code) from error
    except DamagedBlockError as error:
        complain(f"{output}: found damaged results: {error}. Repair them with unwind resume {output}.")
        raise typer.Exit(ENVIRONMENT) from error
    if as_json:
        say_json({"files": [shown(file) for file in files]})
        return
    folders: dict[str, int] = {}
    for file in files:
        folders[shown(file.parent)] = folders.get(shown(file.parent), 0) + 1
    for folder, count in folders.items():
        say(f"{folder}: {count} {'file' if count == 1 else 'files'}")


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("export", epilog=EXAMPLES)(export_command)
