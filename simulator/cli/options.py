"""What the commands of ``unwind`` have in common: arguments, options, exit codes, and how they end."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Annotated, ParamSpec

import typer

from simulator.cli.completion import complete_run, complete_scenario, complete_setting
from simulator.cli.terminal import complain
from simulator.ensemble.resources import Resources, tls_of
from simulator.results.errors import INTERRUPTED, OutputError

#: A defect of ours; the other exit codes are those of ``results.errors``.
DEFECT = 1

Arguments = ParamSpec("Arguments")


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
NoReport = Annotated[bool, typer.Option("--no-report", help="Write no report.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but errors.")]

Output = Annotated[
    str | None,
    typer.Option(
        "-o",
        "--output",
        metavar="FOLDER",
        help="Folder or URL (s3://…) of results; outputs/NAME by default.",
        show_default=False,
    ),
]
Run = Annotated[
    str,
    typer.Argument(
        metavar="OUTPUT",
        help="Folder or URL of results.",
        show_default=False,
        autocompletion=complete_run,
    ),
]
Shard = Annotated[
    str | None,
    typer.Option(
        metavar="I/N",
        help="Do the I-th of N parts; processes without a connection share a folder.",
        show_default=False,
    ),
]
_CLUSTER = "Where to work"
Threads = Annotated[
    int | None,
    typer.Option(
        min=1,
        help="Threads of this process; all cores by default.",
        rich_help_panel=_CLUSTER,
        show_default=False,
    ),
]
Workers = Annotated[
    int | None,
    typer.Option(
        min=1,
        help="Processes of a Dask cluster started here, instead of threads.",
        rich_help_panel=_CLUSTER,
        show_default=False,
    ),
]
SchedulerAddress = Annotated[
    str | None,
    typer.Option(
        "--scheduler",
        metavar="ADDRESS|FILE.json",
        help="Dask cluster that exists: tls://HOST:PORT, tcp://HOST:PORT, or its scheduler file.",
        rich_help_panel=_CLUSTER,
        show_default=False,
    ),
]
_PEM = {"exists": True, "dir_okay": False, "rich_help_panel": _CLUSTER, "show_default": False}
TlsAuthority = Annotated[
    Path | None, typer.Option("--tls-ca", help="Certificate of the authority, for tls://.", **_PEM)
]
TlsCertificate = Annotated[
    Path | None, typer.Option("--tls-cert", help="Our certificate, for tls://.", **_PEM)
]
TlsKey = Annotated[Path | None, typer.Option("--tls-key", help="Our key, for tls://.", **_PEM)]
Insecure = Annotated[
    bool,
    typer.Option("--insecure", help="Allow tcp:// to another machine.", rich_help_panel=_CLUSTER),
]
Retries = Annotated[
    int, typer.Option(min=0, help="Further attempts at a block that failed.", rich_help_panel=_CLUSTER)
]


def resources_of(
    threads: int | None,
    workers: int | None,
    scheduler: str | None,
    tls: tuple[Path | None, Path | None, Path | None],
    insecure: bool,
    retries: int,
) -> Resources:
    """Where to work, from the options of a command; ends the command if they contradict each other."""
    try:
        return Resources(
            threads=threads,
            workers=workers,
            scheduler=scheduler,
            tls=tls_of(*tls),
            is_insecure=insecure,
            retries=retries,
        )
    except OutputError as error:
        complain(str(error))
        raise typer.Exit(error.exit_code) from error


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


def write_report_of_sweep(folder: Path) -> Path:
    """Write the report of a sweep that has just finished, beside its results."""
    from simulator.report.run_report import write_report

    return write_report(str(folder))
