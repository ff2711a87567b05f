"""``unwind history``: episodes of history beside what the model makes of them."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from simulator.cli.completion import complete_scenario
from simulator.cli.ending import ends_quietly
from simulator.cli.options import AsJson, Horizon, Overrides, Quiet, Threads
from simulator.cli.terminal import complain, say_json
from simulator.results.errors import BAD_INPUT, INTERRUPTED, UNFINISHED, OutputError, disk_error
from simulator.scenario.errors import Problems

if TYPE_CHECKING:
    from simulator.ensemble.observer import Observer
    from simulator.history.beside import Beside
    from simulator.history.episode import Episode
    from simulator.results.folder import RunFolder
    from simulator.scenario.loading import LoadedScenario

#: Paths of a run, unless the command says otherwise: enough for a band, and seconds of work.
PATHS = 500

EXAMPLES = """\b
Examples:
  unwind history
  unwind history dash-for-cash-2020 --paths 2000
  unwind history outputs/dash-for-cash-2020 -o beside-history.html
  unwind history my-scenario.yaml --moments my-moments.yaml --json"""


@ends_quietly
def history_command(
    what: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[SCENARIO|OUTPUT]...",
            help="Scenarios to run, or folders of runs; every shipped episode by default.",
            show_default=False,
            autocompletion=complete_scenario,
        ),
    ] = None,
    moments: Annotated[
        Path | None,
        typer.Option("--moments", metavar="FILE", help="Moments of your own.", show_default=False),
    ] = None,
    override: Overrides = None,
    horizon: Horizon = None,
    paths: Annotated[
        int | None,
        typer.Option(min=2, help=f"Random paths of a run; {PATHS} by default.", show_default=False),
    ] = None,
    threads: Threads = None,
    page: Annotated[
        Path | None,
        typer.Option(
            "-o", "--output", metavar="FILE.html", help="Write it as a page too.", show_default=False
        ),
    ] = None,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Put episodes of history beside the model: what happened, what comes out, and how far apart they are."""
    from simulator.ensemble.cores import pin_linear_algebra

    pin_linear_algebra()
    from simulator.cli.progress import ShownProgress
    from simulator.ensemble.observer import Nobody
    from simulator.history.shelf import load_episode

    own = load_episode(moments) if moments is not None else None
    settings = [*(override or ()), *([f"paths={paths}"] if paths is not None else [])]
    given = settings, horizon
    observer = Nobody() if quiet or as_json else ShownProgress()
    try:
        with tempfile.TemporaryDirectory(prefix="unwind-history-") as folder:
            found = []
            for number, each in enumerate(what or _scenarios(own)):
                run = _existing(each, given) or _played(
                    each, given, Path(folder) / f"run-{number}", threads, observer
                )
                episode = own or _episode_of(run, each)
                with _refusing(episode):
                    found.append((run, episode, _beside(run, episode)))
            _tell(found, page, quiet, as_json)
    except OutputError as error:
        complain(str(error))
        raise typer.Exit(error.exit_code) from error


Given = tuple[list[str], str | None]
Found = tuple["RunFolder", "LoadedScenario[Episode]", "Beside"]


def _scenarios(own: LoadedScenario[Episode] | None) -> list[str]:
    """Scenarios to run when none is named: the one of the user's file, or those of all episodes."""
    from simulator.history.shelf import shipped_episode, shipped_episodes

    if own is not None:
        return [own.scenario.scenario]
    return [shipped_episode(name).scenario.scenario for name in shipped_episodes()]


def _existing(what: str, given: Given) -> RunFolder | None:
    """The run in a folder; none if this is no folder of a run but a scenario."""
    from simulator.results.folder import ROOT, existing_folder, open_run
    from simulator.results.manifest import MANIFEST
    from simulator.results.places import exists, is_local, place
    from simulator.results.template import check_template
    from simulator.scenario.files import resolve_shipped

    folder = place(what)
    is_run = exists(folder / MANIFEST) or not is_local(folder)
    if not is_run and resolve_shipped(what) is None and not folder.is_file():
        is_run = exists(ROOT / folder / MANIFEST)
    if not is_run:
        return None
    if given[0] or given[1]:
        raise OutputError(
            f"{what}: found a run that exists; --set, --paths and --horizon change what is to be run."
            " Name the scenario instead.",
            BAD_INPUT,
        )
    run = open_run(existing_folder(what))
    check_template(run.store, run.layout)
    return run


def _played(what: str, given: Given, folder: Path, threads: int | None, observer: Observer) -> RunFolder:
    """A scenario run into a folder that will not be kept."""
    from simulator.ensemble.execution import run_scenario
    from simulator.ensemble.resources import Resources
    from simulator.scenario.loading import load_scenario

    settings, horizon = given
    loaded = load_scenario(what, [f"paths={PATHS}", *settings], horizon=horizon)
    for note in loaded.notes:
        complain(note)
    try:
        outcome = run_scenario(loaded, folder, resources=Resources(threads=threads), observer=observer)
    except Problems as problems:
        raise loaded.refused(problems) from problems
    except OSError as error:
        raise disk_error(error, folder) from error
    if outcome.failures.is_interrupted:
        raise OutputError("Interrupted.", INTERRUPTED)
    if not outcome.folder.is_complete:
        failed = outcome.failures.failed
        why = f": {type(failed[0][1]).__name__}: {failed[0][1]}" if failed else ""
        raise OutputError(f"{what}: blocks of paths failed{why}.", UNFINISHED)
    return outcome.folder


def _episode_of(run: RunFolder, what: str) -> LoadedScenario[Episode]:
    from simulator.history.shelf import episode_of, shipped_episode, shipped_episodes

    episode = episode_of(run.manifest.name)
    if episode is None:
        known = ", ".join(shipped_episode(name).scenario.scenario for name in shipped_episodes())
        raise OutputError(
            f"{what}: found the scenario {run.manifest.name}, of which no history ships; there is some of {known}."
            " Give moments of your own with --moments FILE.",
            BAD_INPUT,
        )
    return episode


def _beside(run: RunFolder, episode: LoadedScenario[Episode]) -> Beside:
    from simulator.history.beside import beside
    from simulator.results.store import DamagedBlockError

    try:
        return beside(run, episode.scenario)
    except DamagedBlockError as error:
        raise OutputError(
            f"{run.path}: found damaged results: {error}. Repair them with unwind resume."
        ) from error


@contextmanager
def _refusing(episode: LoadedScenario[Episode]) -> Iterator[None]:
    """Tell what an episode asks of a run that it has not at its place in the episode's file."""
    try:
        yield
    except Problems as problems:
        raise episode.refused(problems) from problems


def _tell(found: Sequence[Found], page: Path | None, quiet: bool, as_json: bool) -> None:
    from simulator.cli.history_display import print_beside

    if as_json:
        say_json([side.as_record() for _, _, side in found])
    elif not quiet:
        for number, (_, _, side) in enumerate(found):
            print_beside(side, is_first=number == 0)
    if page is not None:
        from simulator.report.history_page import write_history_page

        try:
            written = write_history_page([(run, episode) for run, episode, _ in found], page)
        except OSError as error:
            raise disk_error(error, page) from error
        complain(f"Page: {written} ({written.stat().st_size / 1e6:,.1f} MB)")


def register(app: typer.Typer) -> None:
    """Add the command to the program's."""
    app.command("history", epilog=EXAMPLES)(history_command)
