"""``unwind resume``, ``verify``, ``sign`` and ``status``: what exists is finished, checked, vouched for, or looked at.

Everything heavy is imported inside the functions, after linear algebra was pinned to one thread.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Annotated

import typer

from simulator.cli.ending import ends_quietly, reporting_errors
from simulator.cli.options import AsJson, Quiet, Retries, Run, Telling, WhereToWork, takes_options
from simulator.cli.run import run_and_tell
from simulator.cli.sweep import tell_sweep
from simulator.cli.terminal import complain, say, say_json
from simulator.ensemble.cores import pin_linear_algebra, usable_threads
from simulator.ensemble.resources import Resources
from simulator.results.errors import BAD_INPUT, UNFINISHED, OutputError
from simulator.units import count_in


@dataclass(frozen=True, kw_only=True)
class ResumeOptions:
    """What ``unwind resume`` takes."""

    output: Run
    where: WhereToWork = field(default_factory=WhereToWork)
    retries: Retries = 1
    other_version: Annotated[
        bool,
        typer.Option("--other-version", help="Go on with a run of another version or processor."),
    ] = False
    telling: Telling = field(default_factory=Telling)


@takes_options
def resume(options: ResumeOptions) -> None:
    """Finish a run or a sweep from its folder: what is whole stays, what is missing or damaged is done again."""
    resources = options.where.resources(options.retries)
    sweep = _sweep_folder(options.output)
    code = (
        resume_run(options, resources) if sweep is None else _resume_sweep(sweep, options.telling, resources)
    )
    raise typer.Exit(code)


def resume_run(options: ResumeOptions, resources: Resources) -> int:
    """Finish a run from its folder alone, and return the exit code."""
    pin_linear_algebra()
    with reporting_errors(options.output) as ended:
        from simulator.ensemble.recovery import scenario_of
        from simulator.ensemble.under_way import Terms
        from simulator.results.folder import existing_folder
        from simulator.results.manifest import read_manifest

        folder = existing_folder(options.output)
        manifest = read_manifest(folder)
        terms = Terms(audit=manifest.is_audited, other_version=options.other_version)
        with scenario_of(folder, manifest) as loaded:
            count_in(loaded.scenario.market.counted)
            return run_and_tell(loaded, folder, resources, terms, options.telling)
    return ended.code


def _resume_sweep(folder: Path, telling: Telling, resources: Resources) -> int:
    pin_linear_algebra()
    with reporting_errors(folder) as ended:
        from simulator.sweeps.running import resume_sweep

        return tell_sweep(resume_sweep(folder, resources=resources, observer=telling.observer), telling)
    return ended.code


@ends_quietly
def verify(
    output: Run,
    as_json: AsJson = False,
    key: Annotated[
        Path | None, typer.Option("--key", help="Public key (PEM) that a run must be signed with.")
    ] = None,
) -> None:
    """Read all results of a run or a sweep and compare them with what was written; exit code 3 if anything differs."""
    sweep = _sweep_folder(output)
    if sweep is not None and key is not None:
        complain(f"--key {key}: found a sweep; allowed are runs. Verify its cells one by one.")
        raise typer.Exit(BAD_INPUT)
    raise typer.Exit(verify_run_at(output, as_json, key) if sweep is None else _verify_sweep(sweep, as_json))


@ends_quietly
def sign(
    output: Run,
    key: Annotated[Path, typer.Option("--key", help="Your private key (PEM, Ed25519).", show_default=False)],
    quiet: Quiet = False,
) -> None:
    """Sign a complete run, so that others can prove that it is yours and was not changed since."""
    with reporting_errors(output) as ended:
        from simulator.results.folder import existing_folder
        from simulator.results.places import shown
        from simulator.results.signature import SIGNATURE, sign_run

        folder = existing_folder(output)
        with _needing_cryptography():
            sign_run(folder, key, usable_threads())
        if not quiet:
            say(f"{shown(folder / SIGNATURE)}: signed.")
    raise typer.Exit(ended.code)


@contextmanager
def _needing_cryptography() -> Iterator[None]:
    try:
        yield
    except ImportError as error:
        raise OutputError(
            "--key: found no package cryptography. Install it: pip install 'unwind-simulator[cluster]'.",
            BAD_INPUT,
        ) from error


def verify_run_at(output: str, as_json: bool = False, key: Path | None = None) -> int:
    """Compare everything in the folder of a run with what was written, tell what differs, return the exit code."""
    with reporting_errors(output) as ended:
        from simulator.cli.run_display import damage_lines
        from simulator.results.folder import existing_folder
        from simulator.results.places import shown
        from simulator.results.reading import verify_run

        folder = existing_folder(output)
        found = verify_run(folder, threads=usable_threads())
        if key is not None:
            from simulator.results.signature import signature_damage

            with _needing_cryptography():
                found += signature_damage(folder, key)
        if as_json:
            damage = [{"block": injury.block, "what": injury.what} for injury in found]
            say_json({"folder": shown(folder), "is_whole": not found, "damage": damage})
        else:
            for line in damage_lines(folder, found):
                say(line)
        return UNFINISHED if found else 0
    return ended.code


def _verify_sweep(folder: Path, as_json: bool) -> int:
    with reporting_errors(folder) as ended:
        from simulator.results.places import shown
        from simulator.sweeps.damage import find_damage
        from simulator.sweeps.folder import open_sweep_folder

        sweep = open_sweep_folder(folder)
        found = [{"cell": damage.cell, "what": damage.what} for damage in find_damage(sweep)]
        lines = sweep.state.broken_lines
        if as_json:
            said = {"folder": shown(folder), "is_whole": not (found or lines), "damage": found}
            say_json(said | {"broken_ledger_lines": lines})
        elif not (found or lines):
            say(f"{shown(folder)}: whole; {len(sweep.state.cells):,} cells are what was written.")
        else:
            for damage in found:
                say(f"cell {damage['cell']}  {damage['what']}")
            if lines:
                say(f"ledger  {lines:,} lines are broken")
            say(f"Repair the sweep with: unwind resume {shown(folder)}")
        return UNFINISHED if found or lines else 0
    return ended.code


@ends_quietly
def status(output: Run, as_json: AsJson = False) -> None:
    """Tell how far a run or a sweep is, who writes it, how fast, and what failed; also while it runs."""
    sweep = _sweep_folder(output)
    raise typer.Exit(tell_status(output, as_json) if sweep is None else _tell_sweep_status(sweep, as_json))


def tell_status(output: str, as_json: bool = False) -> int:
    """Tell how far a run is, and return the exit code."""
    with reporting_errors(output) as ended:
        from simulator.cli.run_display import status_lines
        from simulator.ensemble.run_status import run_status
        from simulator.results.folder import existing_folder

        found = run_status(existing_folder(output))
        if as_json:
            say_json(asdict(found) | {"seconds_left": found.seconds_left})
        else:
            for line in status_lines(found):
                say(line)
        return 0
    return ended.code


def _tell_sweep_status(folder: Path, as_json: bool) -> int:
    with reporting_errors(folder) as ended:
        from simulator.cli.sweep_display import print_status, sweep_record
        from simulator.sweeps.folder import open_sweep_folder

        sweep = open_sweep_folder(folder)
        if as_json:
            say_json(sweep_record(sweep))
        else:
            print_status(sweep)
        return 0
    return ended.code


def _sweep_folder(output: str) -> Path | None:
    """The folder if a sweep lies there, by its path or its name in ``outputs/``; none if it does not."""
    from simulator.results.folder import ROOT
    from simulator.results.places import is_local, place
    from simulator.sweeps.kind import is_sweep_folder

    folders = [place(output)] + ([ROOT / output] if is_local(place(output)) else [])
    return next((folder for folder in folders if is_sweep_folder(folder)), None)


def register(app: typer.Typer) -> None:
    """Add the commands to the program's."""
    app.command("resume", epilog="\b\nExample:\n  unwind resume outputs/calm")(resume)
    app.command("verify", epilog="\b\nExample:\n  unwind verify outputs/calm --json")(verify)
    app.command("sign", epilog="\b\nExample:\n  unwind sign outputs/calm --key private.pem")(sign)
    app.command("status", epilog="\b\nExample:\n  unwind status outputs/calm")(status)
