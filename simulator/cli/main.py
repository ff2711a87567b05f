"""The command ``unwind``: what a user types, and how it ends.

Each command imports what it needs when it runs, so that ``--help`` and ``validate`` start at once.
Exit codes: 0 done, 2 bad input, 3 finished but incomplete, 4 environment (disk, memory), 5
results without their whole report, 130 interrupted; 1 is a defect of ours. There is no traceback without ``--debug``.
"""

from __future__ import annotations

import gc
import sys
import traceback
from typing import Annotated, NoReturn

import typer

from simulator.cli.analysis import register as register_analysis
from simulator.cli.basis import register as register_basis
from simulator.cli.calibrate import register as register_calibrate
from simulator.cli.credit import register as register_credit
from simulator.cli.ending import DEFECT, LIMITED, MEMORY_LIMIT, MEMORY_NEEDED, out_of_memory
from simulator.cli.explain import register as register_explain
from simulator.cli.export import register as register_export
from simulator.cli.history import register as register_history
from simulator.cli.report import register as register_report
from simulator.cli.resume import register as register_resume
from simulator.cli.run import register as register_run
from simulator.cli.scenario import register as register_scenarios
from simulator.cli.sweep import register as register_sweep
from simulator.cli.terminal import LOST, complain, counted, prepare_streams, say
from simulator.cli.warm_up import register as register_warm_up
from simulator.results.errors import BAD_INPUT, ENVIRONMENT, INTERRUPTED
from simulator.scenario.errors import Problems, ScenarioError, ended, printable
from simulator.scenario.files import SHIPPED_SETS
from simulator.version import __version__

app = typer.Typer(
    add_completion=True,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="""\b
Examples:
  unwind scenarios
  unwind run dash-for-cash-2020 --paths 2000
  unwind run dash-for-cash-2020 --set funds.leverage=12x -o levered
  unwind new my-scenario.yaml
  unwind validate my-scenario.yaml
  unwind explain funds.haircut_slope

Exit codes: 0 done, 2 bad input, 3 finished but incomplete, 4 environment, 5 report incomplete, 130 interrupted.""",
)

register_run(app)
register_resume(app)
register_scenarios(app)
register_explain(app)
register_calibrate(app)
register_basis(app)
register_credit(app)
register_analysis(app)
register_history(app)
register_report(app)
register_export(app)
register_sweep(app)
register_warm_up(app)

#: The commands in the order of the work, each in a line short enough for a terminal.
_IN_SHORT = {
    "scenarios": "List the scenarios and opening markets that ship.",
    "new": "Write a commented scenario to start from.",
    "calibrate": "Estimate parameters, or make an opening market.",
    "validate": "Check a scenario or a sweep; every mistake at once.",
    "explain": "Tell where values come from, or what a word means.",
    "schema": "Print all that a scenario may say, for editors.",
    "run": "Run a scenario and keep its results.",
    "status": "Tell how far a run or sweep is.",
    "resume": "Finish a run or sweep from its folder alone.",
    "verify": "Check that results are what was written.",
    "sign": "Sign a run, so that changes show.",
    "report": "Write the report of a run or sweep.",
    "export": "Write figures, tables and results to files.",
    "compare": "Put runs side by side, path by path.",
    "history": "Put episodes of history beside the model.",
    "attribute": "Take the stress apart by channel.",
    "reverse": "Find how far a parameter is from collapse.",
    "sweep": "Run many scenarios from one file.",
    "warm-up": "Compile the model before the first run.",
    "basis": "Contract arithmetic on a file of bonds.",
    "credit": "A bond against its credit default swap.",
}


def _order_commands() -> None:
    order = list(_IN_SHORT)
    for command in app.registered_commands:
        command.name = command.name or str(getattr(command.callback, "__name__", ""))
        command.short_help = _IN_SHORT.get(command.name)
    app.registered_commands.sort(
        key=lambda command: order.index(str(command.name)) if command.short_help else 99
    )


_order_commands()

#: Objects made between two searches for garbage. What starting makes stays, and looking through it again and again
#: was a tenth of the time to the first path.
BETWEEN_SEARCHES = 50_000


def main() -> NoReturn:
    """Run the command line and exit with its code."""
    prepare_streams()
    gc.set_threshold(BETWEEN_SEARCHES)
    try:
        if any(printable(argument) != argument for argument in sys.argv[1:]):
            complain("The command line contains control characters or broken text. Type it anew.")
            sys.exit(BAD_INPUT)
        app(with_shipped_sets(sys.argv[1:]))
        sys.exit(0)
    except SystemExit as end:
        sys.stdout.flush()
        if LOST and not end.code:
            complain(f"Standard output: {LOST[0].strerror}. What was printed is not whole; files are.")
            sys.exit(ENVIRONMENT)
        raise
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    except Exception as error:
        complain(traceback.format_exc() if "--debug" in sys.argv else _in_words(error))
        sys.exit(_exit_code(error))
    finally:
        gc.freeze()  # the interpreter would search all there is for garbage, twice, before it ends: a third of a second


def with_shipped_sets(arguments: list[str]) -> list[str]:
    """The command line, with the sets that ship where ``--uncertainty`` is given without sets of its own.

    Examples
    --------
    >>> with_shipped_sets(["run", "calm", "--uncertainty", "--paths", "2000"])
    ['run', 'calm', '--uncertainty=shipped', '--paths', '2000']
    """
    name = "--uncertainty"
    following = [*arguments[1:], "-"]
    return [
        f"{name}={SHIPPED_SETS}" if argument == name and after.startswith("-") else argument
        for argument, after in zip(arguments, following, strict=False)
    ]


def _exit_code(error: Exception) -> int:
    if isinstance(error, ScenarioError | Problems):
        return BAD_INPUT
    is_environment = isinstance(error, OSError | ImportError) or out_of_memory(error)
    return ENVIRONMENT if is_environment else DEFECT


def _in_words(error: Exception) -> str:
    if isinstance(error, ScenarioError):
        return f"{error}\n{counted(len(error.problems) + error.left_out, 'problem')}."
    if isinstance(error, Problems):
        return "\n".join(
            " ".join(
                filter(None, (ended(f"{problem.key}: {problem.found}"), problem.allowed, problem.advice))
            )
            for problem in error.problems
        )
    if memory := out_of_memory(error):
        return memory
    if isinstance(error, OSError):
        where = error.filename or "The system"
        return f"{where}: {error.strerror or error}. Check free space and permissions."
    if isinstance(error, ImportError):
        return f"A package cannot be imported: {error}. Install unwind-simulator anew."
    found = f"Unexpected {type(error).__name__}: {error}."
    return f"{found} This is a defect: run again with unwind --debug and report it."


def _print_version(wanted: bool) -> None:
    if wanted:
        say(f"unwind {__version__}")
        raise typer.Exit(0)


#: Commands that play no paths, and so need little memory.
_LIGHT = {
    "new",
    "validate",
    "explain",
    "schema",
    "scenarios",
    "status",
    "verify",
    "sign",
    "export",
    "basis",
    "credit",
}


@app.callback()
def _unwind(
    context: typer.Context,
    version: Annotated[
        bool,
        typer.Option("--version", callback=_print_version, is_eager=True, help="Show the version and exit."),
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
) -> None:
    """Unwind: a Monte Carlo systemic-stress simulator of the US Treasury market."""
    if 0 < MEMORY_LIMIT < MEMORY_NEEDED and context.invoked_subcommand not in _LIGHT:
        complain(f"Not enough memory: {LIMITED}.")
        raise typer.Exit(ENVIRONMENT)
