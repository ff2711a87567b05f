"""``unwind basis``: contract arithmetic on a CSV file of bonds, without running a simulation."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from simulator.cli.terminal import complain

#: Warnings shown at most; the rest are counted.
WARNINGS_SHOWN = 40


def basis_command(
    input_csv: Annotated[
        Path, typer.Argument(metavar="INPUT.csv", help="one row a bond; see the guide for the columns")
    ],
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="OUTPUT.csv", help="write the rows with all results here"),
    ] = None,
    switch_map: Annotated[
        bool,
        typer.Option("--switch-map", help="draw which bond is cheapest as yields move and the slope changes"),
    ] = False,
    parallel_bp: Annotated[
        float, typer.Option(help="largest parallel move of the map, bp", min=1.0, max=1000.0)
    ] = 150.0,
    slope_bp: Annotated[
        float, typer.Option(help="largest slope change of the map, bp", min=0.0, max=500.0)
    ] = 30.0,
    given_factors: Annotated[
        bool,
        typer.Option("--given-factors", help="use the file's conversion_factor in place of the rule's"),
    ] = False,
    given_accrued: Annotated[
        bool,
        typer.Option(
            "--given-accrued",
            help="use the file's accrued_settlement and accrued_delivery in place of the calendar's",
        ),
    ] = False,
) -> None:
    """Conversion factor, carry, gross and net basis, implied repo and cheapest to deliver of bonds.

    Without -o the main columns are printed, each basket from its cheapest bond to its dearest.
    """
    # Imported here: --help and other commands must not wait for the compiler.
    from simulator.basis.bond_file import BasisFileError, read_basis_table
    from simulator.basis.maps import switch_maps_text
    from simulator.basis.writing import basis_text, write_basis_table

    try:
        table = read_basis_table(input_csv, is_factor_given=given_factors, is_accrued_given=given_accrued)
        text = switch_maps_text(table, parallel_bp, slope_bp) if switch_map else basis_text(table)
    except BasisFileError as error:
        _fail(str(error))
    except ValueError as error:
        _fail(f"{input_csv}: {error}")
    _warn(table.warnings)
    if output is not None:
        try:
            write_basis_table(table, output)
        except OSError as error:
            _fail(
                f"{output}: cannot be written ({error.strerror}); choose a folder that exists and is yours."
            )
        typer.echo(f"{output}: {len(table.cells):,} rows written.")
    if output is None or switch_map:
        typer.echo(text)


def _warn(warnings: Sequence[str]) -> None:
    for warning in warnings[:WARNINGS_SHOWN]:
        complain(f"Warning: {warning}")
    if len(warnings) > WARNINGS_SHOWN:
        complain(f"Warning: ... and {len(warnings) - WARNINGS_SHOWN:,} more of the kind.")


def _fail(message: str) -> NoReturn:
    typer.echo(message, err=True)
    raise typer.Exit(2)


def register(app: typer.Typer) -> None:
    """Add the command to the program's."""
    examples = "unwind basis bonds.csv\n  unwind basis bonds.csv -o rows.csv --switch-map"
    app.command("basis", epilog=f"\b\nExamples:\n  {examples}")(basis_command)
