"""The command ``unwind run``: progress, summary or replay, and the exit code.

Exit codes: 0 done; 2 bad input; 3 finished, but with stopped paths, failed blocks or broken identities; 4
disk, memory or another writer; 130 interrupted, to be resumed with the same command. Stopped paths make a
code of their own because what is left is a selected sample: a program that reads the figures must know.

Everything heavy is imported inside the functions, after linear algebra was pinned to one thread.
"""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from simulator.ensemble.progress import duration
from simulator.ensemble.resources import Resources
from simulator.ensemble.threads import pin_linear_algebra
from simulator.results.errors import (
    BAD_INPUT,
    ENVIRONMENT,
    INTERRUPTED,
    UNFINISHED,
    LostClusterError,
    OutputError,
    disk_error,
    plain,
)

if TYPE_CHECKING:
    from xarray import Dataset

    from simulator.ensemble.execution import RunOutcome
    from simulator.ensemble.under_way import Terms
    from simulator.results.folder import RunFolder
    from simulator.scenario.loading import LoadedScenario
    from simulator.scenario.schema import Scenario

    WriteReport = Callable[[RunFolder, Dataset], Path]


def run_command(
    loaded: LoadedScenario[Scenario],
    resources: Resources | None = None,
    *,
    output: str | Path | None = None,
    path: int | None = None,
    audit: bool = False,
    overwrite: bool = False,
    shard: str | None = None,
    quiet: bool = False,
    as_json: bool = False,
    write_report: WriteReport | None = None,
) -> int:
    """Run a scenario for the command line, and return the exit code.

    Parameters
    ----------
    resources
        Where to work; all cores of this machine by default.
    output
        Folder of the results, a name inside ``outputs/``, or a URL; ``outputs/NAME`` by default.
    path
        Replay this path alone; nothing is written.
    shard
        Part of the run to do, such as ``2/5``.
    quiet, as_json
        Neither progress nor summary; the summary as JSON and no progress.
    write_report
        Writes the report of a complete run from its outcomes, and returns the file.

    Raises
    ------
    ScenarioError
        If the opening books cannot balance.
    """
    pin_linear_algebra()
    with reporting_errors(output or "outputs") as ended:
        if path is not None:
            return _replay(loaded, path, audit, as_json)
        from simulator.ensemble.under_way import Shard, Terms
        from simulator.results.folder import choose_folder

        folder = choose_folder(loaded.scenario.name, output)
        terms = Terms(audit, overwrite, shard=Shard.parse(shard) if shard else None)
        resources = resources or Resources()
        return run_and_report(
            loaded, folder, resources, terms, quiet=quiet, as_json=as_json, write_report=write_report
        )
    return ended.code


@dataclass
class Ended:
    """How a command ended that did not come to its end."""

    code: int = 0


@contextmanager
def reporting_errors(output: str | Path) -> Iterator[Ended]:
    """Tell what went wrong in the body in one message, and keep its exit code.

    Parameters
    ----------
    output
        Where results lie, for errors of the disk that do not say.
    """
    ended = Ended()
    try:
        yield ended
    except KeyboardInterrupt:  # before the first block or after the last: nothing is in flight
        complain(f"Interrupted. Resume with: {this_command()}")
        ended.code = INTERRUPTED
    except LostClusterError as error:
        complain(f"{error} Resume with: {this_command()}")
        ended.code = error.exit_code
    except OutputError as error:
        complain(str(error))
        ended.code = error.exit_code
    except BrokenPipeError:  # whoever read our output has gone
        raise
    except OSError as error:
        told = disk_error(error, output)
        complain(f"{told} What was finished is kept. Resume with: {this_command()}")
        ended.code = told.exit_code
    except MemoryError:
        complain(
            "Out of memory. Use smaller blocks (numerics.block) or fewer threads. What was finished is kept."
        )
        ended.code = ENVIRONMENT


def run_and_report(
    loaded: LoadedScenario[Scenario],
    folder: Path,
    resources: Resources,
    terms: Terms,
    *,
    quiet: bool,
    as_json: bool,
    write_report: WriteReport | None = None,
) -> int:
    """Run a scenario, or what is left of it, show what it came to, and return the exit code."""
    from simulator.ensemble.execution import run_scenario
    from simulator.results.places import shown

    is_silent = quiet or as_json
    outcome = run_scenario(loaded, folder, resources=resources, terms=terms, is_silent=is_silent)
    for note in () if is_silent else outcome.notes:
        complain(note)
    if outcome.repaired and not is_silent:
        complain(f"Not whole on disk, and done again: block {', '.join(map(str, sorted(outcome.repaired)))}.")
    for block, error in outcome.failures.failed:
        complain(
            f"paths {block.first_path:,} to {block.first_path + block.paths - 1:,} failed:"
            f" {type(error).__name__}: {error}"
        )
    run = outcome.folder
    if run.is_complete:
        return _report(outcome, quiet, as_json, write_report)
    told = f"{run.paths_done:,} of {run.layout.paths:,} paths are done."
    if terms.shard and not outcome.failures.failed and not outcome.failures.is_interrupted:
        if not is_silent:
            complain(f"Shard {terms.shard.number} of {terms.shard.count} is done; in all, {told}")
            complain(f"The last shard completes the run, or: unwind resume {shown(folder)}")
        return 0
    complain(f"{told} Resume with: {this_command()}")
    return INTERRUPTED if outcome.failures.is_interrupted else UNFINISHED


def _report(outcome: RunOutcome, quiet: bool, as_json: bool, write_report: WriteReport | None) -> int:
    """Show what a complete run came to, and return its exit code."""
    from simulator.engine.status import STATUS
    from simulator.ensemble.audit import is_broken, print_audit, worst_residuals
    from simulator.results.display import print_summary
    from simulator.results.outcomes import collect_outcomes
    from simulator.results.summary import summarise

    run = outcome.folder
    residuals = worst_residuals(run.finished.values())
    outcomes = collect_outcomes(run, outcome.outcomes)
    report = written_report(lambda: write_report(run, outcomes), run.path) if write_report else ""
    if not quiet or as_json:
        summary = summarise(run, outcomes)
        if as_json:
            said = {"audit": residuals, "report": report or None}
            print(json.dumps(summary.as_record() | said, indent=2))
        else:
            print_summary(summary, dict(STATUS.values()), _closing(outcome, report))
            if residuals:
                print_audit(residuals)
    has_stopped = any(block.stopped for block in run.finished.values())
    return UNFINISHED if has_stopped or any(map(is_broken, residuals)) else 0


def written_report(write: Callable[[], Path], results: Path) -> str:
    """Where the report is that ``write`` wrote; nothing if it could not: the results do not hang on it."""
    from simulator.results.places import shown

    try:
        return shown(write())
    except Exception as error:
        told = (
            disk_error(error, results) if isinstance(error, OSError) else f"{type(error).__name__}: {error}"
        )
        complain(
            f"The report could not be written: {told} The results are complete. Try: unwind report {shown(results)}"
        )
        return ""


def _closing(outcome: RunOutcome, report: str) -> list[str]:
    from simulator.ensemble.description import gigabytes
    from simulator.results.places import shown

    run = outcome.folder
    stored = sum(block.stored_bytes for block in run.finished.values())
    took = "already complete" if outcome.was_complete else f"in {duration(outcome.seconds)}"
    told = [f"Results: {shown(run.path)} ({gigabytes(stored)}, {took})"]
    return [*told, f"Report: {report}"] if report else told


def _replay(loaded: LoadedScenario[Scenario], path: int, audit: bool, as_json: bool) -> int:
    """Replay one path; with the audit, its identities too."""
    from simulator.ensemble.audit import is_broken, print_audit, simulate_audited
    from simulator.ensemble.execution import announce_compilation, prepare_run
    from simulator.ensemble.replay import play_path, print_replay

    if path >= loaded.scenario.paths:
        raise OutputError(
            f"--path {path:,}: found {loaded.scenario.paths:,} paths in the run; allowed are 0 to"
            f" {loaded.scenario.paths - 1:,}.",
            BAD_INPUT,
        )
    prepared = prepare_run(loaded, audit=audit, diary=True)
    if not as_json:
        announce_compilation()
    result = play_path(prepared, path)
    residuals = simulate_audited(prepared, path, 1, True)[1] if audit else ()
    print_replay(loaded.scenario.name, path, prepared, result, residuals, as_json=as_json)
    if residuals and not as_json:
        print_audit(residuals)
    return UNFINISHED if result.records.status[0, 0] or any(map(is_broken, residuals)) else 0


def this_command() -> str:
    """The command that was typed, to be typed again."""
    return shlex.join(["unwind", *sys.argv[1:]])


def complain(text: str) -> None:
    """Print one line to standard error, safe on a terminal."""
    print(plain(text), file=sys.stderr, flush=True)
