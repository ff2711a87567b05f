"""What the commands of ``unwind`` have in common: arguments, options, exit codes, and how they end."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from functools import wraps
from typing import Annotated, ParamSpec

import typer

from simulator.terminal import complain

BAD_INPUT, UNFINISHED, ENVIRONMENT, DEFECT, INTERRUPTED = 2, 3, 4, 1, 130

Arguments = ParamSpec("Arguments")


def complete_scenario(incomplete: str) -> Iterator[str]:
    """Scenarios for shell completion: shipped names, presets, and files."""
    from simulator.scenario.files import SCENARIO_SUFFIXES, presets, shipped_scenarios

    head, slash, tail = incomplete.rpartition("/")
    folder = f"{head}{slash}" or "."
    names = [*shipped_scenarios(), *(f"preset:{name}" for name in presets())]
    if os.path.isdir(folder):
        for entry in sorted(os.scandir(folder), key=lambda found: found.name):
            if entry.name.startswith(tail) and (entry.is_dir() or entry.name.endswith(SCENARIO_SUFFIXES)):
                names.append(f"{head}{slash}{entry.name}{'/' if entry.is_dir() else ''}")
    return (name for name in names if name.startswith(incomplete))


def complete_setting(incomplete: str) -> Iterator[str]:
    """Keys of the schema for shell completion of ``--set``."""
    from simulator.scenario.declarations import catalogue
    from simulator.scenario.schema import Scenario

    return (f"{key}=" for key, _ in catalogue(Scenario) if key.startswith(incomplete))


def complete_word(incomplete: str) -> Iterator[str]:
    """What ``unwind explain`` can explain, for shell completion."""
    from simulator.rule_text import all_rules
    from simulator.scenario.declarations import catalogue
    from simulator.scenario.schema import Scenario

    names = [key for key, _ in catalogue(Scenario)] + [rule.name.rpartition(".")[2] for rule in all_rules()]
    names += complete_scenario(incomplete)
    return (name for name in names if name.startswith(incomplete))


ScenarioFile = Annotated[
    str,
    typer.Argument(
        metavar="SCENARIO",
        help="Scenario file, name of a shipped scenario, or preset:NAME.",
        show_default=False,
        autocompletion=complete_scenario,
    ),
]
Overrides = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="KEY=VALUE",
        help="Override a value, such as funds.count=80; may be repeated.",
        show_default=False,
        autocompletion=complete_setting,
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for other programs.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but errors.")]


def ends_quietly(command: Callable[Arguments, None]) -> Callable[Arguments, None]:
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


def counted(count: int, noun: str) -> str:
    """*1 path*, *2,000 paths*."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
