"""For contributors: what ships and is made from code or public files, printed or written anew.

python -m simulator.cli.upkeep --help
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from simulator.cli.ending import DEFECT
from simulator.cli.terminal import complain
from simulator.results.errors import BAD_INPUT

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Make anew what ships.")

DataFolder = Annotated[Path, typer.Option("--data", help="Folder of the public data files.")]


@app.command()
def regimes(
    data: DataFolder,
    compare: Annotated[
        bool, typer.Option("--compare", help="Print moments of shipped regimes and data.")
    ] = False,
) -> None:
    """Print the fitted regimes as a module, or a comparison of model and data."""
    from simulator.calibration.goodness_of_fit import report
    from simulator.calibration.moments import YIELD_FILE, fitted_regimes, regimes_module
    from simulator.drivers.history import read_yields

    try:
        yields = read_yields(data / YIELD_FILE)
    except (OSError, ValueError) as fault:
        complain(str(fault))
        raise typer.Exit(BAD_INPUT) from fault
    if compare:
        print(report(yields))
    else:
        print(regimes_module(fitted_regimes(yields)), end="")


@app.command()
def preset(
    data: DataFolder,
    day: Annotated[str, typer.Option("--date", help="Opening day, YYYY-MM-DD.")],
) -> None:
    """Print the market preset of a date."""
    from datetime import date

    from simulator.calibration.presets import preset_text
    from simulator.calibration.public_data import PublicData

    try:
        sys.stdout.write(preset_text(PublicData(data), date.fromisoformat(day)))
    except (ValueError, OSError) as error:
        complain(f"{day}: {error}")
        raise typer.Exit(DEFECT) from error


@app.command("results-page")
def results_reference() -> None:
    """Print the reference page of everything a run stores."""
    from simulator.results.reference import results_page

    sys.stdout.write(results_page())


@app.command("honest-numbers")
def honest_numbers(
    paths: Annotated[int | None, typer.Option(help="Random paths; those of the scenario by default.")] = None,
    data: Annotated[
        str, typer.Option("--data", envvar="UNWIND_DATA", help="Folder of the public files.")
    ] = "",
    output: Annotated[Path, typer.Option(help="Folder of the run.")] = Path("outputs/dash-for-cash-2020"),
    write: Annotated[
        Path | None, typer.Option(help="Page to put the tables in, instead of printing them.")
    ] = None,
) -> None:
    """Print the tables of model beside history, or put them in their page."""
    from simulator.analysis.dash_for_cash import page, put_in_page, simulate
    from simulator.calibration.public_data import PublicData

    tables = page(simulate(output, paths), PublicData(Path(data)) if data else None)
    if write:
        put_in_page(write, tables)
    else:
        print(tables)


@app.command("known-answers")
def known_answers(
    markdown: Annotated[bool, typer.Option("--markdown", help="Print the rows of the page.")] = False,
) -> None:
    """Print the table of known answers; exit code 1 when a row does not hold."""
    from simulator.analysis.known_answers import all_answers

    line = "{verdict:7} {model}: {quantity} ({source})\n    expected {expected}\n    obtained {shown}"
    if markdown:
        line = "| {model} | {source} | {quantity} | {expected} | {shown} |"
        print("| Model | Source | Quantity | Expected | Obtained |\n|---|---|---|---|---|")
    failures = 0
    for answer in all_answers():
        failures += not answer.holds
        verdict = "ok" if answer.holds else "DIFFERS"
        print(line.format(**answer._asdict(), shown=answer.shown, verdict=verdict))
    raise typer.Exit(int(failures > 0))


if __name__ == "__main__":
    app()
