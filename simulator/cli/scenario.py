"""The commands about scenarios: what there is, what may be said, and a new one to start from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from simulator.cli.ending import ends_quietly
from simulator.cli.options import (
    AsJson,
    Horizon,
    Overrides,
    Quiet,
    ScenarioFile,
)
from simulator.cli.terminal import complain, counted, say, say_columns, say_json
from simulator.results.errors import BAD_INPUT
from simulator.scenario.errors import Problem, Problems, ScenarioError
from simulator.units import count_in


@ends_quietly
def validate(
    file: ScenarioFile,
    override: Overrides = None,
    horizon: Horizon = None,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Check a scenario, or every cell of a sweep, without running it; all mistakes are shown at once."""
    from simulator.scenario.loading import load_scenario
    from simulator.sweeps.cells import is_sweep

    if is_sweep(file):
        _validate_sweep(file, override or (), horizon, quiet, as_json)
        return
    try:
        loaded = load_scenario(file, override or (), horizon=horizon)
        output = loaded.scenario.output
        if loaded.data_files or loaded.scenario.drivers.reads_file or output.funds or output.dealers:
            from simulator.inputs.opened import check_inputs

            loaded = replace(loaded, notes=(*loaded.notes, *check_inputs(loaded)))
    except ScenarioError as error:
        if not as_json:
            raise
        say_json({"valid": False, "problems": error.as_records()})
        raise typer.Exit(BAD_INPUT) from error
    if as_json:
        say_json({"valid": True, "files": [vars(used) for used in loaded.files], "notes": list(loaded.notes)})
    elif not quiet:
        scenario = loaded.scenario
        count_in(scenario.market.counted)
        for note in loaded.notes:
            complain(note)
        say(
            f"{file} is valid: {scenario.name}, {counted(scenario.paths, 'path')} of"
            f" {counted(scenario.horizon, 'day')}, {counted(len(scenario.market.trades), 'trade')},"
            f" {counted(len(scenario.events), 'event')}, {counted(len(loaded.files), 'file')}.",
            "green",
        )


def _validate_sweep(
    file: str, overrides: Sequence[str], horizon: str | None, quiet: bool, as_json: bool
) -> None:
    from simulator.sweeps.cells import load_sweep

    try:
        loaded = load_sweep(file, overrides, horizon=horizon)
    except ScenarioError as error:
        if not as_json:
            raise
        say_json({"valid": False, "problems": error.as_records()})
        raise typer.Exit(BAD_INPUT) from error
    if as_json:
        say_json({"valid": True, "files": [vars(used) for used in loaded.files], "notes": list(loaded.notes)})
    elif not quiet:
        for note in loaded.notes:
            complain(note)
        paths = sum(loaded.size(cell).paths for cell in range(loaded.count))
        cells, files = counted(loaded.count, "cell"), counted(len(loaded.files), "file")
        said = f"{file} is valid: {loaded.sweep.name}, {cells}, {counted(paths, 'path')}, {files}."
        say(said, "green")


@ends_quietly
def schema(
    markdown: Annotated[bool, typer.Option("--markdown", help="Print the reference page.")] = False,
    sweep: Annotated[bool, typer.Option("--sweep", help="Of sweep files.")] = False,
) -> None:
    """Print what a scenario may say: a JSON Schema for editors, or the reference of all parameters."""
    from simulator.scenario.schema import Scenario
    from simulator.sweeps.schema import Sweep

    model = Sweep if sweep else Scenario
    if markdown:
        from simulator.scenario.explain import reference_page

        of_sweeps = ("Parameters of a sweep", "sweep file", " --sweep") if sweep else ()
        say(reference_page(model, *of_sweeps).rstrip("\n"))
    else:
        from simulator.scenario.json_schema import json_schema

        say_json(json_schema(model))


@ends_quietly
def scenarios(
    folder: Annotated[Path, typer.Argument(help="Folder with scenario files of your own.")] = Path(
        "scenarios"
    ),
    as_json: AsJson = False,
) -> None:
    """List the scenarios and market presets that ship with Unwind, and the scenarios of a folder."""
    from simulator.scenario.files import SHIPPED, presets, shipped_scenarios
    from simulator.scenario.loading import title_of

    own = folder.is_dir() and folder.resolve() != SHIPPED
    groups = {
        "Scenarios, to run by name": shipped_scenarios(),
        "Opening markets, for extends: in a scenario": [f"preset:{name}" for name in presets()],
        f"Scenarios in {folder}": [str(path) for path in sorted(folder.glob("*.y*ml"))] if own else [],
    }
    titles = {title: [(name, title_of(name)) for name in names] for title, names in groups.items()}
    if as_json:
        say_json([{"file": name, "title": title} for rows in titles.values() for name, title in rows])
        return
    for number, (title, rows) in enumerate((title, rows) for title, rows in titles.items() if rows):
        say("\n" * bool(number) + title, "bold")
        say_columns((("", *row) for row in rows), ("", "cyan"))


@ends_quietly
def new(
    file: Annotated[
        Path | None,
        typer.Argument(metavar="FILE", help="File to write; printed when absent.", show_default=False),
    ] = None,
    parent: Annotated[
        str,
        typer.Option(
            "--from", metavar="PRESET", help="Opening market, of those that unwind scenarios lists."
        ),
    ] = "us-treasury-2025-04-01",
    book: Annotated[
        bool,
        typer.Option("--book", help="Write a table for funds of your own instead, to name in funds.add."),
    ] = False,
    dealer: Annotated[
        bool,
        typer.Option(
            "--dealer", help="Write a table for a dealer of your own instead, to name in dealers.add."
        ),
    ] = False,
    quiet: Quiet = False,
) -> None:
    """Write a commented scenario to start from: it runs as it stands."""
    from simulator.scenario.loading import PRESET
    from simulator.scenario.new import new_scenario

    market = f"{PRESET}{parent.removeprefix(PRESET)}"
    is_table = book or dealer
    if book and dealer:
        raise Problems([Problem("--book --dealer", "make two tables", "one of the two at a time")])
    where = file or Path("my-table.csv" if is_table else "my-scenario.yaml")
    if where.suffix not in ((".csv",) if is_table else (".yaml", ".yml")):
        what = "table" if is_table else "scenario file"
        advice = f"Name it *{'.csv' if is_table else '.yaml'}"
        raise Problems([Problem(str(where), f"is no name of a {what}", advice)])
    text = _table_of(market, is_dealer=dealer) if is_table else new_scenario(where, market)
    if file is None:
        say(text.rstrip("\n"))
        return
    try:
        with file.open("x", encoding="utf-8") as stream:
            stream.write(text)
    except FileExistsError as there:
        raise Problems(
            [Problem(str(file), "is there already", "Choose another name, or delete it")]
        ) from there
    if quiet:
        return
    if is_table:
        kind = "dealer" if dealer else "fund"
        say(
            f"{file} is written. Put your {kind}s in place of its rows, then in the scenario:"
            f" {kind}s: {{add: {file}}}"
        )
    else:
        say(f"{file} is written. Look at it, then: unwind validate {file}; unwind run {file}")


def _table_of(market: str, *, is_dealer: bool) -> str:
    """A template for funds of the user's own in an opening market, or for a dealer."""
    from simulator.ensemble.crowd import DEALER_TEMPLATE, book_template
    from simulator.scenario.new import opened_market

    return DEALER_TEMPLATE if is_dealer else book_template(opened_market(market, "book").scenario)


_EXAMPLES: dict[Callable[..., None], str] = {
    validate: "unwind validate dash-for-cash-2020\n  unwind validate my-scenario.yaml --set paths=10",
    schema: "unwind schema > scenario.schema.json\n  unwind schema --markdown",
    scenarios: "unwind scenarios\n  unwind scenarios studies/ --json",
    new: (
        "unwind new my-scenario.yaml\n  unwind new crisis.yaml --from us-treasury-2020-02-18\n  unwind new"
        "\n  unwind new my-book.csv --book\n  unwind new my-desk.csv --dealer"
    ),
}


def register(app: typer.Typer) -> None:
    """Add the commands to the program's."""
    for command, examples in _EXAMPLES.items():
        app.command(epilog=f"\b\nExamples:\n  {examples}")(command)
