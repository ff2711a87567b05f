"""The command ``unwind``: what a user types, and how it ends.

Each command imports what it needs when it runs, so that ``--help`` and ``validate`` start at once.
Exit codes: 0 done, 2 bad input, 3 finished but incomplete, 4 environment (disk, memory), 130
interrupted; 1 is a defect of ours. There is no traceback without ``--debug``.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Annotated, NoReturn, ParamSpec

import typer

from simulator import __version__
from simulator.analysis_command import register as register_analysis
from simulator.basis_command import register as register_basis
from simulator.scenario.errors import Problems, ScenarioError, printable
from simulator.terminal import columns, complain, prepare_streams, say, say_json

BAD_INPUT, ENVIRONMENT, DEFECT, INTERRUPTED = 2, 4, 1, 130

Arguments = ParamSpec("Arguments")

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="""\b
Examples:
  unwind scenarios
  unwind validate scenarios/calm.yaml
  unwind run scenarios/dash-for-cash-2020.yaml --paths 2000
  unwind run scenarios/dash-for-cash-2020.yaml --set funds.leverage=12x
  unwind explain funds.haircut_slope

Exit codes: 0 done, 2 bad input, 3 finished but incomplete, 4 environment, 130 interrupted.""",
)

register_basis(app)
register_analysis(app)

ScenarioFile = Annotated[
    str, typer.Argument(metavar="FILE", help="Scenario file, or preset:NAME.", show_default=False)
]
Overrides = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="KEY=VALUE",
        help="Override a value, such as funds.count=80; may be repeated.",
        show_default=False,
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for other programs.")]


def main() -> NoReturn:
    """Run the command line and exit with its code."""
    prepare_streams()
    try:
        if any(printable(argument) != argument for argument in sys.argv[1:]):
            complain("The command line contains control characters or broken text. Type it anew.")
            sys.exit(BAD_INPUT)
        app()
        sys.exit(0)
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    except Exception as error:
        if "--debug" in sys.argv:
            raise
        complain(_in_words(error))
        sys.exit(_exit_code(error))


def _exit_code(error: Exception) -> int:
    if isinstance(error, ScenarioError | Problems):
        return BAD_INPUT
    return ENVIRONMENT if isinstance(error, OSError | MemoryError | ImportError) else DEFECT


def _in_words(error: Exception) -> str:
    if isinstance(error, ScenarioError):
        return f"{error}\n{_counted(len(error.problems) + error.left_out, 'problem')}."
    if isinstance(error, Problems):
        return "\n".join(
            " ".join(filter(None, (f"{problem.key}: {problem.found}.", problem.allowed, problem.advice)))
            for problem in error.problems
        )
    if isinstance(error, OSError):
        where = error.filename or "The system"
        return f"{where}: {error.strerror or error}. Check free space and permissions."
    if isinstance(error, MemoryError):
        return "Out of memory. Use fewer paths, smaller blocks (numerics.block) or fewer threads."
    if isinstance(error, ImportError):
        return f"A package cannot be imported: {error}. Install unwind-simulator anew."
    found = f"Unexpected {type(error).__name__}: {error}."
    return f"{found} This is a defect: run again with unwind --debug and report it."


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def _ends_quietly(command: Callable[Arguments, None]) -> Callable[Arguments, None]:
    """Let a command end without noise on Ctrl-C, and when the reader of its output has gone (``| head``)."""

    @wraps(command)
    def run(*args: Arguments.args, **kwargs: Arguments.kwargs) -> None:
        try:
            command(*args, **kwargs)
            sys.stdout.flush()
        except KeyboardInterrupt as interrupt:
            complain("Interrupted.")
            raise typer.Exit(INTERRUPTED) from interrupt
        except BrokenPipeError as gone:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise typer.Exit(0) from gone

    return run


def _print_version(wanted: bool) -> None:
    if wanted:
        say(f"unwind {__version__}")
        raise typer.Exit(0)


@app.callback()
def _unwind(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_print_version, is_eager=True, help="Show the version and exit."),
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
) -> None:
    """Unwind: a Monte Carlo systemic-stress simulator of the US Treasury market."""


@app.command(epilog="\b\nExample:\n  unwind validate scenarios/calm.yaml --set paths=10")
@_ends_quietly
def validate(file: ScenarioFile, override: Overrides = None, as_json: AsJson = False) -> None:
    """Check a scenario without running it; all mistakes are shown at once."""
    from simulator.scenario.loading import load_scenario

    try:
        loaded = load_scenario(file, override or ())
    except ScenarioError as error:
        if not as_json:
            raise
        say_json({"valid": False, "problems": error.as_records()})
        raise typer.Exit(BAD_INPUT) from error
    if as_json:
        say_json({"valid": True, "files": [vars(used) for used in loaded.files]})
        return
    scenario = loaded.scenario
    say(
        f"{file} is valid: {scenario.name}, {_counted(scenario.paths, 'path')} of"
        f" {_counted(scenario.horizon, 'day')}, {_counted(len(scenario.market.trades), 'trade')},"
        f" {_counted(len(scenario.events), 'event')}, {_counted(len(loaded.files), 'file')}."
    )


@app.command(
    epilog="\b\nExamples:\n  unwind explain scenarios/calm.yaml\n  unwind explain funds.haircut_slope"
)
@_ends_quietly
def explain(
    what: Annotated[
        str,
        typer.Argument(metavar="FILE|PARAMETER", help="Scenario file, or a dotted key.", show_default=False),
    ],
    override: Overrides = None,
    as_json: AsJson = False,
) -> None:
    """Tell where every value of a scenario comes from, or what a parameter means."""
    if _names_a_scenario(what):
        _explain_scenario(what, override or [], as_json)
    else:
        _explain_parameter(what, as_json)


def _names_a_scenario(what: str) -> bool:
    from simulator.scenario.files import resolve_shipped

    is_file = what.endswith((".yaml", ".yml", ".json")) or Path(what).is_file()
    return what.startswith("preset:") or is_file or resolve_shipped(what) is not None


def _explain_scenario(file: str, overrides: list[str], as_json: bool) -> None:
    from simulator.scenario.explain import explain as rows_of
    from simulator.scenario.loading import load_scenario

    rows = rows_of(load_scenario(file, overrides))
    if as_json:
        say_json([vars(row) for row in rows])
        return
    sourced = (
        (row.key, row.value, f"default ({row.source})" if row.origin == "default" else row.origin)
        for row in rows
    )
    say(columns(sourced))


def _explain_parameter(key: str, as_json: bool) -> None:
    from simulator.scenario.explain import find_parameters, reference_row
    from simulator.scenario.schema import Scenario

    rows = [reference_row(path, declaration) for path, declaration in find_parameters(Scenario, key)]
    if as_json:
        say_json([vars(row) for row in rows])
        return
    for row in rows:
        facts = {"written as": row.unit, "allowed": row.bounds, "default": row.default, "source": row.source}
        say(f"{row.key}\n  {row.doc}")
        say("\n".join(f"  {name:<12}{fact}" for name, fact in facts.items() if fact))


@app.command(epilog="\b\nExample:\n  unwind schema > scenario.schema.json")
@_ends_quietly
def schema(
    markdown: Annotated[bool, typer.Option("--markdown", help="Print the reference page.")] = False,
) -> None:
    """Print what a scenario may say: a JSON Schema for editors, or the reference of all parameters."""
    from simulator.scenario.schema import Scenario

    if markdown:
        from simulator.scenario.explain import reference_page

        say(reference_page(Scenario).rstrip("\n"))
    else:
        from simulator.scenario.json_schema import json_schema

        say_json(json_schema(Scenario))


@app.command(epilog="\b\nExample:\n  unwind scenarios scenarios/")
@_ends_quietly
def scenarios(
    folder: Annotated[Path, typer.Argument(help="Folder with scenario files.")] = Path("scenarios"),
    as_json: AsJson = False,
) -> None:
    """List the market presets that ship with the package, and the scenarios of a folder."""
    from simulator.scenario.files import presets
    from simulator.scenario.loading import title_of

    listed = [f"preset:{name}" for name in presets()]
    listed += [str(path) for path in sorted(folder.glob("*.y*ml"))] if folder.is_dir() else []
    titles = [(reference, title_of(reference)) for reference in listed]
    if as_json:
        say_json([{"file": reference, "title": title} for reference, title in titles])
    else:
        say(columns(titles) if titles else f"No presets, and no scenarios in {folder}.")


@app.command(
    epilog="""\b
Examples:
  unwind run scenarios/calm.yaml
  unwind run scenarios/calm.yaml --path 17 --audit
  unwind run scenarios/calm.yaml --set channels.haircut=false -o outputs/no-haircut"""
)
@_ends_quietly
def run(
    file: ScenarioFile,
    override: Overrides = None,
    paths: Annotated[int | None, typer.Option(min=1, help="Random paths; the same as --set paths=N.")] = None,
    seed: Annotated[
        int | None, typer.Option(min=0, help="Seed of all random streams; the same as --set seed=N.")
    ] = None,
    threads: Annotated[int | None, typer.Option(min=1, help="Threads; all cores by default.")] = None,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="Folder of results; outputs/NAME by default.")
    ] = None,
    path: Annotated[
        int | None, typer.Option(min=0, help="Replay this path alone and tell its story.")
    ] = None,
    audit: Annotated[bool, typer.Option("--audit", help="Check all ledgers after every phase.")] = False,
    agents: Annotated[bool, typer.Option("--agents", help="Keep the records of every single agent.")] = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace another run's results in the folder.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Show neither progress nor summary.")] = False,
    as_json: AsJson = False,
) -> None:
    """Run a scenario and keep its results; the same command again finishes an interrupted run."""
    from simulator.scenario.loading import load_scenario

    settings = [f"{key}={value}" for key, value in (("paths", paths), ("seed", seed)) if value is not None]
    settings += ["output.agents=true"] if agents else []
    loaded = load_scenario(file, [*(override or ()), *settings])

    from simulator.ensemble.run import run_command

    try:
        code = run_command(
            loaded,
            threads=threads,
            output=output,
            path=path,
            audit=audit,
            overwrite=overwrite,
            quiet=quiet,
            as_json=as_json,
        )
    except Problems as found:
        raise loaded.refused(found) from found
    raise typer.Exit(code)
