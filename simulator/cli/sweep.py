"""The command ``unwind sweep``: many scenarios from one file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from simulator.cli.options import (
    AsJson,
    Insecure,
    NoReport,
    Output,
    Overrides,
    Quiet,
    SchedulerAddress,
    Shard,
    Threads,
    TlsAuthority,
    TlsCertificate,
    TlsKey,
    Workers,
    ends_quietly,
    resources_of,
    write_report_of_sweep,
)

EXAMPLES = """\b
Examples:
  unwind sweep sweeps/policies.yaml --dry-run
  unwind sweep sweeps/policies.yaml --paths 500
  unwind sweep sweeps/sensitivity.yaml --workers 4 -o outputs/judgements
  unwind sweep sweeps/sensitivity.yaml --shard 3/8"""


@ends_quietly
def sweep(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Sweep file.", show_default=False)],
    override: Overrides = None,
    paths: Annotated[int | None, typer.Option(min=1, help="Random paths of every cell.")] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Check every cell, say what it will take, and run nothing.")
    ] = False,
    cells: Annotated[
        str | None,
        typer.Option(metavar="A-B", help="Run these cells only, such as 0-9,17.", show_default=False),
    ] = None,
    shard: Shard = None,
    output: Output = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace another sweep in the folder.")
    ] = False,
    threads: Threads = None,
    workers: Workers = None,
    scheduler: SchedulerAddress = None,
    tls_ca: TlsAuthority = None,
    tls_cert: TlsCertificate = None,
    tls_key: TlsKey = None,
    insecure: Insecure = False,
    no_report: NoReport = False,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Run every cell of a sweep and keep what it comes to; the same command again finishes an interrupted sweep."""
    from simulator.sweeps.command import sweep_command

    tls = (tls_ca, tls_cert, tls_key)
    resources = resources_of(threads, workers, scheduler, tls, insecure, retries=1)
    code = sweep_command(
        file,
        resources,
        overrides=override or (),
        paths=paths,
        dry_run=dry_run,
        cells=cells,
        shard=shard,
        output=output,
        overwrite=overwrite,
        quiet=quiet,
        as_json=as_json,
        write_report=None if no_report else write_report_of_sweep,
    )
    raise typer.Exit(code)


def register(app: typer.Typer) -> None:
    """Add the command to the program's."""
    app.command("sweep", epilog=EXAMPLES)(sweep)
