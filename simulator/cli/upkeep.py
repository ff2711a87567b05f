"""For contributors: what ships and is made from code or public files, printed or written anew.

python -m simulator.cli.upkeep --help
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from simulator.cli.options import Overrides, ScenarioFile
from simulator.cli.terminal import complain, console, plain_table, say
from simulator.results.errors import BAD_INPUT, OutputError
from simulator.scenario.errors import ScenarioError, printable

if TYPE_CHECKING:
    from simulator.analysis.channels import ChannelTable
    from simulator.results.statistics import Estimate

#: Columns of the table of channels in a file.
CHANNELS_WIDTH = 150

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
def vintage(data: DataFolder) -> None:
    """Lock the public files of a folder: write their hashes into the package."""
    from datetime import UTC, datetime

    from simulator.calibration.vintage import LOCK, lock

    LOCK.write_text(lock(data, datetime.now(UTC).date()), encoding="utf-8")
    say(f"{LOCK.name} is written.")


@app.command("results-page")
def results_reference() -> None:
    """Print the reference page of everything a run stores."""
    from simulator.results.reference import results_page

    sys.stdout.write(results_page())


#: Figures of the gallery: of a run, of a comparison with it, and of a sweep.
OF_RUN = (
    "loop",
    "network",
    "selling-and-policy",
    "dislocation",
    "spiral-in-time",
    "who-sold",
    "tail-curves",
    "dealers",
)
OF_COMPARISON, OF_SWEEP = (
    ("cost-benefit", "changes", "by-day"),
    ("parallel-unwound-in-all", "sensitivity"),
)


@app.command()
def gallery(
    base: Annotated[str, typer.Argument(help="Folder of a run that the other is compared with.")],
    run: Annotated[str, typer.Argument(help="Folder of the run whose figures are shown.")],
    sweep: Annotated[str, typer.Argument(help="Folder of a sweep over three parameters or more.")],
    to: Annotated[Path, typer.Option("--to", help="Folder to write to.")] = Path("docs/images/gallery"),
) -> None:
    """Draw the pictures of the gallery page from runs and a sweep that exist."""
    from simulator.analysis.comparison import compare
    from simulator.report.comparison_page import comparison_page
    from simulator.report.export import Exported
    from simulator.report.images import draw_images
    from simulator.results.folder import existing_folder

    pages = (
        (Exported(existing_folder(run)).page, OF_RUN),
        (comparison_page(compare(base, run)), OF_COMPARISON),
        (Exported(existing_folder(sweep)).page, OF_SWEEP),
    )
    to.mkdir(parents=True, exist_ok=True)
    for page, keys in pages:
        drawn = draw_images(page, "svg")
        for key in keys:
            (to / f"{key}.svg").write_bytes(drawn[f"{key}.svg"])
    say(f"{sum(len(keys) for _, keys in pages)} pictures in {to}.")


def run_notebook(file: Path, folder: Path) -> list[dict[str, Any]]:
    """Run a notebook in a folder as a user would, and return its cells with what they showed."""
    import nbclient
    import nbformat

    notebook: Any = nbformat.read(file, as_version=4)  # type: ignore[no-untyped-call]
    resources = {"metadata": {"path": str(folder)}}
    nbclient.NotebookClient(notebook, timeout=None, resources=resources).execute()
    return [dict(cell) for cell in notebook.cells]


@app.command()
def notebooks(
    folder: Annotated[Path, typer.Argument(help="Folder of the notebooks.")] = Path("docs/notebooks"),
) -> None:
    """Run the notebooks and keep beside them what their cells show, for the pages of the site."""
    import base64
    import json
    from tempfile import TemporaryDirectory

    kept = folder / "outputs"
    kept.mkdir(exist_ok=True)
    for file in sorted(folder.glob("*.ipynb")):
        with TemporaryDirectory() as place:
            cells = run_notebook(file, Path(place))
        shown: list[list[dict[str, str]]] = []
        for number, cell in enumerate(cells):
            shown.append([])
            for output in cell.get("outputs", []):
                data = output.get("data", {"text/plain": output.get("text", "")})
                if "image/png" in data:
                    picture = f"{file.stem}-{number}.png"
                    (kept / picture).write_bytes(base64.b64decode(data["image/png"]))
                    shown[-1].append({"image": picture})
                elif "text/html" in data:
                    shown[-1].append({"html": data["text/html"]})
                elif output.get("name") != "stderr":
                    shown[-1].append({"text": data["text/plain"].rstrip()})
        (kept / f"{file.stem}.json").write_text(json.dumps(shown, indent=1) + "\n", encoding="utf-8")
    say(f"What the cells show is in {kept}.")


@app.command()
def judgements(
    write: Annotated[
        Path | None, typer.Option(help="Page to put the table in, instead of printing it.")
    ] = None,
) -> None:
    """Print every parameter of judgement with its prior, or put the table in the page of the model."""
    from simulator.history.markdown import put_in_page
    from simulator.scenario.explain import judgements_table
    from simulator.scenario.schema import Scenario

    table = judgements_table(Scenario)
    if write:
        put_in_page(write, table)
    else:
        print(table)


@app.command("honest-numbers")
def honest_numbers(
    scenario: Annotated[str, typer.Argument(help="Scenario that plays an episode.")] = "dash-for-cash-2020",
    paths: Annotated[int | None, typer.Option(help="Random paths; those of the scenario by default.")] = None,
    output: Annotated[
        Path | None, typer.Option(help="Folder of the run; outputs/ and its name by default.")
    ] = None,
    write: Annotated[
        Path | None, typer.Option(help="Page to put the tables in, instead of printing them.")
    ] = None,
) -> None:
    """Print the tables of a scenario beside history, or put them in their page."""
    from simulator.ensemble.execution import run_scenario
    from simulator.history.beside import beside
    from simulator.history.markdown import history_tables_of, put_in_page
    from simulator.history.shelf import episode_of
    from simulator.scenario.loading import load_scenario

    episode = episode_of(scenario)
    if episode is None:
        complain(f"{scenario}: found no episode that it plays; unwind history --help tells which ship.")
        raise typer.Exit(BAD_INPUT)
    loaded = load_scenario(scenario, [f"paths={paths}"] if paths else [])
    folder = output or Path("outputs") / scenario
    try:
        tables = history_tables_of(beside(run_scenario(loaded, folder).folder, episode.scenario))
    except OutputError as error:
        complain(str(error))
        raise typer.Exit(error.exit_code) from error
    if write:
        put_in_page(write, tables)
    else:
        print(tables)


@app.command()
def estimation(
    folder: Annotated[
        Path | None, typer.Argument(help="Folder of an estimation, to ship what it came to.")
    ] = None,
    write: Annotated[
        Path | None, typer.Option(help="Page to put the tables in, instead of printing them.")
    ] = None,
) -> None:
    """Print what the shipped parameter sets were estimated to, or put it in its page."""
    import shutil

    from simulator.estimation.estimation_page import estimation_tables
    from simulator.estimation.procedure import RESULT, SETS, read_record
    from simulator.history.markdown import put_in_page
    from simulator.scenario.parameter_sets import SHIPPED

    if folder:
        for name in (SETS, RESULT):
            shutil.copyfile(folder / name, SHIPPED.with_name(name))
    tables = estimation_tables(read_record(SHIPPED.parent))
    if write:
        put_in_page(write, tables)
    else:
        print(tables)


@app.command("history-series")
def history_series(data: DataFolder) -> None:
    """Write the tables of history's series that ship with the episodes, from the public files."""
    from simulator.calibration.history_series import history_tables
    from simulator.calibration.public_data import PublicData
    from simulator.history.shelf import EPISODES

    for name, text in history_tables(PublicData(data)).items():
        (EPISODES / "series" / name).write_text(text, encoding="utf-8")
        say(name)


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


@app.command()
def channels(
    file: ScenarioFile,
    override: Overrides = None,
    paths: Annotated[int, typer.Option(min=2, help="Paths of each run.")] = 2000,
    threads: Annotated[int, typer.Option(min=1, help="Blocks at a time.")] = 2,
) -> None:
    """Print what each channel of contagion does: the outcome without it, on common random numbers."""
    from simulator.analysis.channels import channel_table
    from simulator.scenario.loading import load_scenario

    try:
        loaded = load_scenario(file, override or ())
    except ScenarioError as error:
        complain(str(error))
        raise typer.Exit(BAD_INPUT) from error
    _print_channels(channel_table(loaded.scenario, loaded.data_files, paths, threads=threads))


def _print_channels(table: ChannelTable) -> None:
    """A row for each channel, the change of every outcome with its standard error."""
    from simulator.analysis.channels import TOLD, told_measures
    from simulator.results.measures import with_unit

    title = f"{table.scenario}: outcome with each channel off, less the full model ({table.paths:,} paths)"
    headings = [with_unit(measure.in_short, measure.told_unit) for measure in told_measures().values()]
    drawn = plain_table(("without", *headings, "standard errors"), ("without",), printable(title))
    drawn.add_row("(full model)", *(_with_error(table.full[name]) for name in TOLD), "")
    for effect in table.effects:
        cells = [
            _with_error(effect.change[name], signed=True) + (" *" if name == effect.judged_by else "")
            for name in TOLD
        ]
        drawn.add_row(effect.channel.replace("_", " "), *cells, f"{effect.errors_away:+.1f}")
    console(CHANNELS_WIDTH).print(drawn)
    say("* the outcome the channel is judged by; plus and minus one standard error.")


def _with_error(estimate: Estimate, *, signed: bool = False) -> str:
    value = f"{estimate.value:+.3f}" if signed else f"{estimate.value:.3f}"
    return f"{value} ± {estimate.standard_error:.3f}"


if __name__ == "__main__":
    app()
