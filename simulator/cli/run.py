"""``unwind run``: a scenario is run, its progress shown, and told what it came to; or one path is replayed.

Everything heavy is imported inside the functions, after linear algebra was pinned to one thread.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from simulator.cli.ending import reporting_errors, this_command, written_report
from simulator.cli.options import (
    Horizon,
    Output,
    Overrides,
    Retries,
    ScenarioFile,
    Shard,
    Telling,
    Uncertainty,
    WhereToWork,
    takes_options,
)
from simulator.cli.terminal import complain, duration, say_json
from simulator.ensemble.cores import pin_linear_algebra
from simulator.ensemble.resources import Resources
from simulator.results.errors import BAD_INPUT, INTERRUPTED, UNFINISHED, OutputError
from simulator.scenario.errors import Problems
from simulator.units import count_in

if TYPE_CHECKING:
    from simulator.ensemble.execution import RunOutcome
    from simulator.ensemble.under_way import Terms
    from simulator.results.folder import RunFolder
    from simulator.results.outcomes import Outcomes
    from simulator.results.summary import Summary
    from simulator.scenario.loading import LoadedScenario
    from simulator.scenario.schema import Scenario

EXAMPLES = """\b
Examples:
  unwind run calm
  unwind run calm --path 17 --audit
  unwind run dash-for-cash-2020 --horizon 30d
  unwind run calm --set channels.haircut=false -o outputs/no-haircut
  unwind run calm --paths 100000 --workers 4
  unwind run calm --uncertainty outputs/calm-and-march-2020/parameter-sets.json"""


@dataclass(frozen=True, kw_only=True)
class RunOptions:
    """What ``unwind run`` takes."""

    file: ScenarioFile
    override: Overrides = None
    paths: Annotated[int | None, typer.Option(min=1, help="Random paths; the same as --set paths=N.")] = None
    seed: Annotated[
        int | None, typer.Option(min=0, help="Seed of all random streams; the same as --set seed=N.")
    ] = None
    horizon: Horizon = None
    uncertainty: Uncertainty = None
    output: Output = None
    path: Annotated[int | None, typer.Option(min=0, help="Replay this path alone and tell its story.")] = None
    audit: Annotated[bool, typer.Option("--audit", help="Check all ledgers after every phase.")] = False
    agents: Annotated[bool, typer.Option("--agents", help="Keep the records of every single agent.")] = False
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace another run's results in the folder.")
    ] = False
    where: WhereToWork = field(default_factory=WhereToWork)
    retries: Retries = 1
    shard: Shard = None
    telling: Telling = field(default_factory=Telling)

    @property
    def settings(self) -> list[str]:
        """All changes of the scenario in the form of ``--set``."""
        given = [
            f"{key}={value}"
            for key, value in (("paths", self.paths), ("seed", self.seed))
            if value is not None
        ]
        return [*(self.override or ()), *given, *(["output.agents=true"] if self.agents else [])]


@takes_options
def run(options: RunOptions) -> None:
    """Run a scenario and keep its results; the same command again finishes an interrupted run."""
    from simulator.scenario.loading import load_scenario
    from simulator.scenario.uncertainty import with_uncertainty

    loaded = load_scenario(options.file, options.settings, horizon=options.horizon)
    count_in(loaded.scenario.market.counted)
    if options.uncertainty is not None:
        loaded = with_uncertainty(loaded, options.uncertainty)
    resources = options.where.resources(options.retries)
    for note in () if options.telling.is_silent else loaded.notes:
        complain(note)
    try:
        code = play(loaded, resources, options)
    except Problems as found:
        raise loaded.refused(found) from found
    raise typer.Exit(code)


def play(loaded: LoadedScenario[Scenario], resources: Resources, options: RunOptions) -> int:
    """Run a scenario as the options say, tell what it came to, and return the exit code.

    Raises
    ------
    ScenarioError
        If the opening books cannot balance.
    """
    pin_linear_algebra()
    with reporting_errors(options.output or "outputs") as ended:
        if options.path is not None:
            return _replay(loaded, options.path, options.audit, options.telling.as_json)
        from simulator.ensemble.under_way import Shard, Terms
        from simulator.results.folder import choose_folder

        folder = choose_folder(loaded.scenario.name, options.output)
        shard = Shard.parse(options.shard) if options.shard else None
        terms = Terms(options.audit, options.overwrite, shard=shard)
        return run_and_tell(loaded, folder, resources, terms, options.telling)
    return ended.code


def run_and_tell(
    loaded: LoadedScenario[Scenario], folder: Path, resources: Resources, terms: Terms, telling: Telling
) -> int:
    """Run a scenario, or what is left of it, tell what it came to, and return the exit code."""
    from simulator.ensemble.execution import run_scenario
    from simulator.results.places import shown

    is_silent = telling.is_silent
    outcome = run_scenario(loaded, folder, resources=resources, terms=terms, observer=telling.observer)
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
        return _tell(outcome, telling)
    told = f"{run.paths_done:,} of {run.layout.paths:,} paths are done."
    if terms.shard and not outcome.failures.failed and not outcome.failures.is_interrupted:
        if not is_silent:
            complain(f"Shard {terms.shard.number} of {terms.shard.count} is done; in all, {told}")
            complain(f"The last shard completes the run, or: unwind resume {shown(folder)}")
        return 0
    complain(f"{told} Resume with: {this_command()}")
    return INTERRUPTED if outcome.failures.is_interrupted else UNFINISHED


def _tell(outcome: RunOutcome, telling: Telling) -> int:
    """Tell what a complete run came to, and return its exit code."""
    from simulator.cli.path_display import print_audit
    from simulator.cli.summary_display import print_summary
    from simulator.engine.status import STATUS
    from simulator.ensemble.residuals import is_broken, worst_residuals
    from simulator.results.outcomes import collect_outcomes
    from simulator.results.summary import summarise

    run = outcome.folder
    residuals = worst_residuals(run.finished.values())
    report, code, is_told = "", 0, telling.as_json or not telling.quiet
    if is_told or not telling.no_report:
        outcomes = collect_outcomes(run)
        summary = summarise(run, outcomes)
    if not telling.no_report:
        report, code = written_report(lambda: _write_report(run, outcomes, summary), run.path)
    if is_told:
        if telling.as_json:
            say_json(summary.as_record() | {"audit": residuals, "report": report or None})
        else:
            closing = _closing(outcome, report)
            if not telling.verbose:
                closing.append("All tables: the same command with -v, or the report.")
            print_summary(summary, dict(STATUS.values()), closing, in_full=telling.verbose)
            if residuals:
                print_audit(residuals)
    has_stopped = any(block.stopped for block in run.finished.values())
    return UNFINISHED if has_stopped or any(map(is_broken, residuals)) else code


def _write_report(run: RunFolder, outcomes: Outcomes, summary: Summary) -> Path:
    """Write the report of a run that has just finished, beside its results."""
    from simulator.report.run_report import REPORT, write_run_report

    return write_run_report(run, outcomes, summary, run.path / REPORT)


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
    from simulator.cli.path_display import path_record, print_audit, print_path
    from simulator.cli.progress import ShownProgress
    from simulator.ensemble.description import is_compiled, prepare_run
    from simulator.ensemble.replay import play_path
    from simulator.ensemble.residuals import is_broken, simulate_audited

    if path >= loaded.scenario.paths:
        raise OutputError(
            f"--path {path:,}: found {loaded.scenario.paths:,} paths in the run; allowed are 0 to"
            f" {loaded.scenario.paths - 1:,}.",
            BAD_INPUT,
        )
    prepared = prepare_run(loaded, audit=audit, diary=True)
    shown = ShownProgress()
    if not as_json and not is_compiled():
        shown.compiles()
    result = play_path(prepared, path)
    shown.ends()
    prepared = prepared.of_path(path)
    residuals = simulate_audited(prepared, path, 1, True)[1] if audit else ()
    named = {"scenario": loaded.scenario.name, "path": path}
    if as_json:
        say_json(named | path_record(prepared, result) | {"audit": list(residuals)})
    else:
        print_path(f"{loaded.scenario.name}, path {path:,}", prepared, result)
        if residuals:
            print_audit(residuals)
    return UNFINISHED if result.records.status[0, 0] or any(map(is_broken, residuals)) else 0


def register(app: typer.Typer) -> None:
    """Add the command to the program's."""
    app.command("run", epilog=EXAMPLES)(run)
