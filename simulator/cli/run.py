"""The commands that make results and look after them: ``unwind run``, ``resume``, ``verify`` and ``status``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from simulator.cli.options import (
    AsJson,
    Insecure,
    NoReport,
    Output,
    Overrides,
    Quiet,
    Retries,
    Run,
    ScenarioFile,
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
from simulator.scenario.errors import Problems

if TYPE_CHECKING:
    from xarray import Dataset

    from simulator.results.folder import RunFolder


@ends_quietly
def run(
    file: ScenarioFile,
    override: Overrides = None,
    paths: Annotated[int | None, typer.Option(min=1, help="Random paths; the same as --set paths=N.")] = None,
    seed: Annotated[
        int | None, typer.Option(min=0, help="Seed of all random streams; the same as --set seed=N.")
    ] = None,
    output: Output = None,
    path: Annotated[
        int | None, typer.Option(min=0, help="Replay this path alone and tell its story.")
    ] = None,
    audit: Annotated[bool, typer.Option("--audit", help="Check all ledgers after every phase.")] = False,
    agents: Annotated[bool, typer.Option("--agents", help="Keep the records of every single agent.")] = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace another run's results in the folder.")
    ] = False,
    threads: Threads = None,
    workers: Workers = None,
    scheduler: SchedulerAddress = None,
    tls_ca: TlsAuthority = None,
    tls_cert: TlsCertificate = None,
    tls_key: TlsKey = None,
    insecure: Insecure = False,
    retries: Retries = 1,
    shard: Shard = None,
    no_report: NoReport = False,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Run a scenario and keep its results; the same command again finishes an interrupted run."""
    from simulator.scenario.loading import load_scenario

    settings = [f"{key}={value}" for key, value in (("paths", paths), ("seed", seed)) if value is not None]
    settings += ["output.agents=true"] if agents else []
    loaded = load_scenario(file, [*(override or ()), *settings])
    tls = (tls_ca, tls_cert, tls_key)
    resources = resources_of(threads, workers, scheduler, tls, insecure, retries)

    from simulator.ensemble.run import run_command

    try:
        code = run_command(
            loaded,
            resources,
            output=output,
            path=path,
            audit=audit,
            overwrite=overwrite,
            shard=shard,
            quiet=quiet,
            as_json=as_json,
            write_report=None if no_report else write_report_of,
        )
    except Problems as found:
        raise loaded.refused(found) from found
    raise typer.Exit(code)


def write_report_of(run: RunFolder, outcomes: Dataset) -> Path:
    """Write the report of a run that has just finished, beside its results."""
    from simulator.report.run_report import REPORT, write_run_report

    return write_run_report(run, outcomes, run.path / REPORT)


def sweep_folder(output: str) -> Path | None:
    """The folder if a sweep lies there, by its path or its name in ``outputs/``; none if it does not."""
    from simulator.results.folder import ROOT
    from simulator.results.places import is_local, place
    from simulator.sweeps.folder import is_sweep_folder

    folders = [place(output)] + ([ROOT / output] if is_local(place(output)) else [])
    return next((folder for folder in folders if is_sweep_folder(folder)), None)


@ends_quietly
def resume(
    output: Run,
    threads: Threads = None,
    workers: Workers = None,
    scheduler: SchedulerAddress = None,
    tls_ca: TlsAuthority = None,
    tls_cert: TlsCertificate = None,
    tls_key: TlsKey = None,
    insecure: Insecure = False,
    retries: Retries = 1,
    other_version: Annotated[
        bool,
        typer.Option("--other-version", help="Go on with a run that another version of the code began."),
    ] = False,
    no_report: NoReport = False,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Finish a run or a sweep from its folder: what is whole stays, what is missing or damaged is done again."""
    from simulator.ensemble.recovery import resume_command
    from simulator.sweeps.command import resume_sweep_command

    tls = (tls_ca, tls_cert, tls_key)
    resources = resources_of(threads, workers, scheduler, tls, insecure, retries)
    sweep = sweep_folder(output)
    if sweep is not None:
        writes = None if no_report else write_report_of_sweep
        code = resume_sweep_command(sweep, resources, quiet=quiet, as_json=as_json, write_report=writes)
        raise typer.Exit(code)
    code = resume_command(
        output,
        resources,
        other_version=other_version,
        quiet=quiet,
        as_json=as_json,
        write_report=None if no_report else write_report_of,
    )
    raise typer.Exit(code)


@ends_quietly
def verify(output: Run, as_json: AsJson = False) -> None:
    """Read all results of a run or a sweep and compare them with what was written; exit code 3 if anything differs."""
    from simulator.ensemble.recovery import verify_command
    from simulator.sweeps.command import verify_sweep_command

    sweep = sweep_folder(output)
    if sweep is not None:
        raise typer.Exit(verify_sweep_command(sweep, as_json=as_json))
    raise typer.Exit(verify_command(output, as_json=as_json))


@ends_quietly
def status(output: Run, as_json: AsJson = False) -> None:
    """Tell how far a run or a sweep is, who writes it, how fast, and what failed; also while it runs."""
    from simulator.ensemble.recovery import status_command
    from simulator.sweeps.command import status_sweep_command

    sweep = sweep_folder(output)
    if sweep is not None:
        raise typer.Exit(status_sweep_command(sweep, as_json=as_json))
    raise typer.Exit(status_command(output, as_json=as_json))


def register(app: typer.Typer) -> None:
    """Add the commands to the program's."""
    examples = """\b
Examples:
  unwind run calm
  unwind run calm --path 17 --audit
  unwind run calm --set channels.haircut=false -o outputs/no-haircut
  unwind run calm --paths 100000 --workers 4"""
    app.command(epilog=examples)(run)
    app.command(epilog="\b\nExample:\n  unwind resume outputs/calm")(resume)
    app.command(epilog="\b\nExample:\n  unwind verify outputs/calm --json")(verify)
    app.command(epilog="\b\nExample:\n  unwind status outputs/calm")(status)
