"""``unwind history``: episodes of history beside what the model makes of them."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from simulator.cli.completion import complete_scenario
from simulator.cli.ending import ends_quietly
from simulator.cli.options import AsJson, Horizon, Overrides, Quiet, Threads, Uncertainty
from simulator.cli.terminal import complain, say_json
from simulator.results.errors import BAD_INPUT, INTERRUPTED, UNFINISHED, OutputError, disk_error
from simulator.scenario.errors import Problems
from simulator.units import Currency, count_in

if TYPE_CHECKING:
    from simulator.history.beside import Beside
    from simulator.history.episode import Episode
    from simulator.results.folder import RunFolder
    from simulator.scenario.loading import LoadedScenario

#: Paths of a run, unless the command says otherwise: enough for a band, and seconds of work; and over parameter sets,
#: enough for the range that these leave open.
PATHS, PATHS_OVER_SETS = 500, 5120

EXAMPLES = """\b
Examples:
  unwind history
  unwind history dash-for-cash-2020 --paths 2000
  unwind history outputs/dash-for-cash-2020 -o beside-history.html
  unwind history --uncertainty outputs/calm-and-march-2020/parameter-sets.json
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
        typer.Option(
            min=2,
            help=f"Random paths of a run; {PATHS} by default, {PATHS_OVER_SETS:,} over parameter sets.",
            show_default=False,
        ),
    ] = None,
    uncertainty: Uncertainty = None,
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
    from simulator.history.shelf import load_episode

    own = load_episode(moments) if moments is not None else None
    settings = [*(override or ()), *([f"paths={paths}"] if paths is not None else [])]
    try:
        with tempfile.TemporaryDirectory(prefix="unwind-history-") as folder:
            player = _Player(own, settings, horizon, uncertainty, Path(folder), threads, quiet or as_json)
            _tell([player.beside(each) for each in what or _scenarios(own)], page, quiet, as_json)
    except OutputError as error:
        complain(str(error))
        raise typer.Exit(error.exit_code) from error


Found = tuple["RunFolder", "LoadedScenario[Episode]", "Beside"]


def _scenarios(own: LoadedScenario[Episode] | None) -> list[str]:
    """Scenarios to run when none is named: those of the user's file, or of all episodes."""
    from simulator.history.shelf import shipped_episode, shipped_episodes

    if own is not None:
        return list(own.scenario.played_by)
    return [each for name in shipped_episodes() for each in shipped_episode(name).scenario.played_by]


@dataclass(frozen=True)
class _Player:
    """Puts scenarios, which it runs into a folder that will not be kept, and runs that exist beside history.

    Parameters
    ----------
    own
        The user's episode, in place of those that ship.
    settings, horizon, uncertainty
        Changes of the scenarios, and parameter sets over which their paths are spread.
    """

    own: LoadedScenario[Episode] | None
    settings: Sequence[str]
    horizon: str | None
    uncertainty: str | None
    folder: Path
    threads: int | None
    is_silent: bool

    def beside(self, what: str) -> Found:
        """A run or a scenario beside its episode."""
        from simulator.history.beside import beside
        from simulator.results.store import DamagedBlockError

        run, episode = self._existing(what) or self._played(what)
        try:
            with _refusing(episode):
                return run, episode, beside(run, episode.scenario)
        except DamagedBlockError as error:
            told = f"{run.path}: found damaged results: {error}. Repair them with unwind resume."
            raise OutputError(told) from error

    def _existing(self, what: str) -> tuple[RunFolder, LoadedScenario[Episode]] | None:
        """The run in a folder; none if this is no folder of a run but a scenario."""
        from simulator.results.folder import existing_folder, open_run
        from simulator.results.template import check_template

        if not _is_run(what):
            return None
        if self.settings or self.horizon or self.uncertainty:
            raise OutputError(
                f"{what}: found a run that exists; --set, --paths, --horizon and --uncertainty change what is to be"
                " run. Name the scenario instead.",
                BAD_INPUT,
            )
        run = open_run(existing_folder(what))
        check_template(run.store, run.layout)
        count_in(Currency(run.layout.currency))
        return run, self._episode(run.manifest.name, what)

    def _played(self, what: str) -> tuple[RunFolder, LoadedScenario[Episode]]:
        """A scenario, run; refused before it is run if no history is known of it."""
        from simulator.cli.progress import ShownProgress
        from simulator.ensemble.execution import run_scenario
        from simulator.ensemble.observer import Nobody
        from simulator.ensemble.resources import Resources
        from simulator.scenario.loading import load_scenario
        from simulator.scenario.uncertainty import with_uncertainty

        paths = PATHS if self.uncertainty is None else PATHS_OVER_SETS
        loaded = load_scenario(what, [f"paths={paths}", *self.settings], horizon=self.horizon)
        count_in(loaded.scenario.market.counted)
        if self.uncertainty is not None:
            loaded = with_uncertainty(loaded, self.uncertainty)
        episode = self._episode(loaded.scenario.name, what)
        for note in () if self.is_silent else loaded.notes:
            complain(note)
        target = Path(tempfile.mkdtemp(dir=self.folder)) / "run"
        observer = Nobody() if self.is_silent else ShownProgress()
        try:
            outcome = run_scenario(
                loaded, target, resources=Resources(threads=self.threads), observer=observer
            )
        except Problems as problems:
            raise loaded.refused(problems) from problems
        except OSError as error:
            raise disk_error(error, target) from error
        if outcome.failures.is_interrupted:
            raise OutputError("Interrupted.", INTERRUPTED)
        if not outcome.folder.is_complete:
            failed = outcome.failures.failed
            why = f": {type(failed[0][1]).__name__}: {failed[0][1]}" if failed else ""
            raise OutputError(f"{what}: blocks of paths failed{why}.", UNFINISHED)
        return outcome.folder, episode

    def _episode(self, scenario: str, what: str) -> LoadedScenario[Episode]:
        """The user's episode, or the one that ships for a scenario."""
        from simulator.history.shelf import episode_of

        episode = self.own or episode_of(scenario)
        if episode is None:
            raise OutputError(
                f"{what}: found the scenario {scenario}, of which no history ships; there is some of"
                f" {', '.join(_scenarios(None))}. Give moments of your own with --moments FILE.",
                BAD_INPUT,
            )
        return episode


def _is_run(what: str) -> bool:
    """Whether a folder with a run is meant: by its path or URL, or by its name in outputs/ if no scenario has it."""
    from simulator.results.folder import ROOT
    from simulator.results.manifest import MANIFEST
    from simulator.results.places import exists, is_local, place
    from simulator.scenario.files import resolve_shipped

    folder = place(what)
    if not is_local(folder) or exists(folder / MANIFEST):
        return True
    names_a_scenario = resolve_shipped(what) is not None or folder.is_file()
    return not names_a_scenario and exists(ROOT / folder / MANIFEST)


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
