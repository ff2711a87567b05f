"""Unwind from Python: run a scenario, open what was run, and look at it.

>>> import simulator
>>> toy = simulator.run("toy", set={"funds.leverage": "12x"}, output="outputs/doctest", quiet=True)
>>> toy.dataset["dislocation"].attrs["units"], toy.dataset.sizes["day"]
('bp', 13)
>>> toy.summary.paths
1
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Hashable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simulator.ensemble.cores import pin_linear_algebra
from simulator.ensemble.observer import Nobody, Observer
from simulator.results.errors import INTERRUPTED, UNFINISHED, OutputError
from simulator.scenario.loading import LoadedScenario, load_scenario, with_overrides

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go
    import xarray as xr

    from simulator.analysis.comparison import Comparison
    from simulator.report.plotted import PageFigures
    from simulator.results.folder import RunFolder
    from simulator.results.manifest import Manifest
    from simulator.results.outcomes import Outcomes
    from simulator.results.summary import Summary
    from simulator.scenario.schema import Scenario

#: Letters of the hash that tells the folders of changed scenarios apart.
_HASH_LETTERS = 8


class Results:
    """The results of a run, read from its folder when they are asked for.

    In a notebook it shows itself as the summary of the run, every figure with its standard error.

    Parameters
    ----------
    folder
        Folder of the run.
    allow_incomplete
        Accept a run that was stopped: only its finished paths are there.
    """

    def __init__(self, folder: str | Path, *, allow_incomplete: bool = False) -> None:
        from simulator.results.places import place
        from simulator.results.reading import open_results as open_dataset

        #: The folder of the run: of this machine, or a URL such as ``s3://…``.
        self.folder: Path = place(folder)
        #: Every stored variable by path, day and trade, as an xarray dataset with units.
        self.dataset: xr.Dataset = open_dataset(self.folder, allow_incomplete=allow_incomplete)

    def __getitem__(self, name: Hashable) -> xr.DataArray:
        """A stored variable, such as ``results["dislocation"]``."""
        return self.dataset[name]

    @cached_property
    def _run(self) -> RunFolder:
        from simulator.results.folder import STORE, open_run

        return open_run(self.folder.parent if self.folder.name == STORE else self.folder)

    @property
    def manifest(self) -> Manifest:
        """What was run: the resolved scenario with its origins, versions, seed, hashes."""
        return self._run.manifest

    @cached_property
    def outcomes(self) -> xr.Dataset:
        """What each path came to: peaks, ends and totals of its days, one figure a path."""
        return self._outcomes.dataset(**self._run.layout.attributes)

    @cached_property
    def _outcomes(self) -> Outcomes:
        from simulator.results.outcomes import collect_outcomes

        return collect_outcomes(self._run)

    @cached_property
    def summary(self) -> Summary:
        """The figures of the run, every one with its Monte Carlo standard error."""
        from simulator.results.summary import summarise

        return summarise(self._run, self._outcomes)

    @cached_property
    def book(self) -> pd.DataFrame:
        """Figures of the funds and dealers that the scenario names: losses, liquidity, forced sales, limits.

        A row for each figure; of each fund or dealer, and of all funds together, its value and its standard error.

        Raises
        ------
        OutputError
            If the run names none.
        """
        from simulator.analysis.book import Book, has_book

        if not has_book(self._run):
            raise OutputError(
                f"{self.folder}: found no records of single funds or dealers. Name them with funds.add,"
                " output.funds or output.dealers, and run again."
            )
        return Book(self._run).table()

    @cached_property
    def _figures(self) -> PageFigures:
        from simulator.report.plotted import PageFigures
        from simulator.report.run_data import RunData
        from simulator.report.run_report import run_page

        return PageFigures(run_page(RunData(self._run, self._outcomes)))

    @property
    def figures(self) -> dict[str, str]:
        """Figures of the report that ``plot`` draws, by name, with their titles."""
        return self._figures.titles

    def plot(self, key: str, panel: int = 0) -> go.Figure:
        """A figure of the report as a Plotly figure, to look at in a notebook or to work on.

        A notebook keeps a picture of it too, if there is a browser on this machine to draw it: viewers that run no
        scripts show that.

        Parameters
        ----------
        key
            Its name, of those in ``figures``.
        panel
            Which drawing of the figure, from 0.

        Raises
        ------
        KeyError
            If the report has no such figure or drawing; the message names those that there are.
        ImportError
            If Plotly is not installed (``pip install "unwind-simulator[report]"``).
        """
        return self._figures.plot(key, panel)

    def caption(self, key: str) -> str:
        """What a figure of the report says, with numbers."""
        return self._figures.caption(key)

    def to_pandas(self) -> pd.DataFrame:
        """What each path came to: a row a path, a column for each outcome and label, such as ``unwound.TY``."""
        from simulator.results.frames import flat_frame

        return flat_frame(self.outcomes, ["path"])

    def table(self, key: str) -> pd.DataFrame:
        """One table of the summary, such as ``"deleveraging"``: values and standard errors side by side.

        Of a run over parameter sets also the ends of the range that parameters leave open.

        Raises
        ------
        KeyError
            If there is no such table; the message names those that there are.
        """
        import pandas as pd

        record = self.summary.as_record()["tables"]
        if key not in record:
            raise KeyError(f"{key!r} is no table of the summary; allowed: {', '.join(record)}")
        cells = {
            row: {
                (f"{name} ({cell['unit']})" if cell["unit"] else name, statistic): cell[statistic]
                for name, cell in columns.items()
                if cell is not None
                for statistic in cell
                if statistic in ("value", "standard_error", "parameters_low", "parameters_high")
            }
            for row, columns in record[key].items()
        }
        return pd.DataFrame.from_dict(cells, orient="index").rename_axis(index=key)

    def __fspath__(self) -> str:
        """Results stand for their folder wherever a folder is asked for: ``compare(base, other)``."""
        return str(self.folder)

    def __repr__(self) -> str:
        sizes = self.dataset.sizes
        return f"<Results of {self.manifest.name}: {sizes['path']:,} paths, {sizes['day']:,} days; {self.folder}>"

    def _repr_html_(self) -> str:
        from simulator.results.summary_html import summary_html

        return summary_html(self.summary)


def run(
    scenario: str | Path | LoadedScenario[Scenario],
    *,
    paths: int | None = None,
    seed: int | None = None,
    set: Mapping[str, object] | None = None,
    uncertainty: str | Path | None = None,
    output: str | Path | None = None,
    threads: int | None = None,
    workers: int | None = None,
    scheduler: str | None = None,
    audit: bool = False,
    overwrite: bool = False,
    quiet: bool = False,
) -> Results:
    """Run a scenario and keep its results; a run that is there already is opened, not repeated.

    Parameters
    ----------
    scenario
        A scenario file, the name of a shipped scenario, ``preset:NAME``, or what ``load_scenario`` gave.
    paths, seed
        Number of random paths, and seed of all random streams; the scenario's own by default.
    set
        Values to change, by dotted key, in the form of a scenario file: ``{"funds.leverage": "12x"}``.
    uncertainty
        Parameter sets over which paths are spread: a file that ``unwind calibrate`` made, or ``"shipped"``.
    output
        Folder of the results. By default ``outputs/NAME``, and ``outputs/NAME-HASH`` when ``paths``, ``seed``, ``set``
        or ``uncertainty`` change the scenario, so that variants do not stand in each other's way.
    threads
        Blocks of paths at a time; all usable cores by default. The numbers do not depend on it.
    workers, scheduler
        Processes of a local Dask cluster that is started for this run, or the address of a cluster that exists,
        instead of threads.
    audit
        Check the accounting identities after every stage of every day.
    overwrite
        Replace another run in the folder.
    quiet
        Show no progress on standard error.

    Returns
    -------
    Results
        With ``dataset``, ``summary``, ``outcomes`` and ``manifest``.

    Raises
    ------
    ScenarioError
        If the scenario is wrong: every problem, with its place.
    OutputError
        If the folder holds another run or cannot be written, or if blocks failed.
    """
    pin_linear_algebra()
    settings = _settings(paths, seed, set or {})
    loaded = _load(scenario, settings)
    if uncertainty is not None:
        from simulator.scenario.uncertainty import with_uncertainty

        loaded = with_uncertainty(loaded, uncertainty)
        assert loaded.sets is not None
        settings = [*settings, f"uncertainty={loaded.sets.sha256}"]
    from simulator.ensemble.execution import run_scenario
    from simulator.ensemble.resources import Resources
    from simulator.ensemble.session import open_executor
    from simulator.results.folder import choose_folder

    chosen = output if output is not None else _folder_name(loaded.scenario.name, settings)
    folder = choose_folder(loaded.scenario.name, chosen)
    with open_executor(Resources(threads=threads, workers=workers, scheduler=scheduler)) as executor:
        outcome = run_scenario(
            loaded, folder, executor=executor, audit=audit, overwrite=overwrite, observer=_observer(quiet)
        )
    if not outcome.folder.is_complete:
        failed = outcome.failures.failed
        why = f"; the first failed with {type(failed[0][1]).__name__}: {failed[0][1]}" if failed else ""
        raise OutputError(
            f"{outcome.folder.path}: the run is not complete{why}. What was finished is kept: run again.",
            INTERRUPTED if outcome.failures.is_interrupted else UNFINISHED,
        )
    return Results(outcome.folder.path)


def sweep(
    file: str | Path,
    *,
    paths: int | None = None,
    set: Mapping[str, object] | None = None,
    uncertainty: str | Path | None = None,
    output: str | Path | None = None,
    threads: int | None = None,
    workers: int | None = None,
    scheduler: str | None = None,
    overwrite: bool = False,
    quiet: bool = False,
) -> xr.Dataset:
    """Run every cell of a sweep file, or finish what an earlier call began, and open what the cells came to.

    Parameters
    ----------
    file
        The sweep file.
    paths, set
        Paths of every cell, and values of the scenario to change in all of them.
    uncertainty
        Parameter sets over which the paths of every cell are spread: a file that ``unwind calibrate`` made, or
        ``"shipped"``. Figures then have ``_parameters_low`` and ``_parameters_high``.
    output
        Folder of the results; ``outputs/NAME`` by default.
    threads, workers, scheduler
        Threads here, processes of a local Dask cluster that is started for this sweep, or the address of a cluster
        that exists. The numbers do not depend on it.
    overwrite
        Replace another sweep in the folder.
    quiet
        Show no progress on standard error.

    Returns
    -------
    xarray.Dataset
        As of ``simulator.sweeps.reading.open_sweep``: figures by axis, policy and seed, with their errors. A cell
        that failed has NaN, and says why in ``message``.

    Raises
    ------
    ScenarioError
        If the file or any cell of it is wrong.
    OutputError
        If the folder holds something else or cannot be written, or if the sweep was interrupted.
    """
    pin_linear_algebra()
    from simulator.ensemble.resources import Resources
    from simulator.results.folder import choose_folder
    from simulator.scenario.uncertainty import sets_at
    from simulator.sweeps.cells import load_sweep
    from simulator.sweeps.reading import open_sweep
    from simulator.sweeps.running import run_sweep

    sets = None if uncertainty is None else sets_at(uncertainty)
    loaded = load_sweep(file, _settings(None, None, set or {}), paths=paths, sets=sets)
    folder = choose_folder(loaded.sweep.name, output)
    resources = Resources(threads=threads, workers=workers, scheduler=scheduler)
    outcome = run_sweep(loaded, folder, resources=resources, overwrite=overwrite, observer=_observer(quiet))
    if outcome.left:
        raise OutputError(
            f"{folder}: {len(outcome.left)} of {len(outcome.chosen)} cells are left. What was finished is kept: run"
            " again.",
            INTERRUPTED if outcome.is_interrupted else UNFINISHED,
        )
    return _with_figures(open_sweep(folder))


def open_results(folder: str | Path, *, allow_incomplete: bool = False) -> Results:
    """Open the results of a run; numbers are read when they are used.

    Parameters
    ----------
    folder
        Folder of the run.
    allow_incomplete
        Accept a run that was stopped: only its finished paths are there.

    Raises
    ------
    OutputError
        If there is no run, or it is incomplete or damaged.
    """
    return Results(folder, allow_incomplete=allow_incomplete)


def open_sweep(folder: str | Path, *, allow_incomplete: bool = False) -> xr.Dataset:
    """The figures of a sweep's cells, by axis, policy and seed, with their errors.

    Parameters
    ----------
    folder
        Folder of the sweep.
    allow_incomplete
        Accept a sweep of which cells are left: these have NaN.

    Raises
    ------
    OutputError
        If there is no sweep, or it is incomplete or damaged.
    """
    from simulator.results.places import place
    from simulator.sweeps.reading import open_sweep as open_dataset

    return _with_figures(open_dataset(place(folder), allow_incomplete=allow_incomplete))


class SweepFigures:
    """What the figures of a sweep's cells can do as ``cells.unwind``: be drawn, and become a table for pandas.

    Examples
    --------
    ::

        cells = simulator.open_sweep("outputs/leverage-by-haircut")
        cells.unwind.plot("map-unwound-in-all")
        cells.unwind.to_pandas().nsmallest(3, "dislocation_move.TY")
    """

    def __init__(self, cells: xr.Dataset) -> None:
        self._cells = cells

    @cached_property
    def _figures(self) -> PageFigures:
        from simulator.report.plotted import PageFigures
        from simulator.report.sweep_data import SweepData
        from simulator.report.sweep_page import sweep_page

        if "folder" not in self._cells.attrs:
            raise OutputError(
                "These figures do not say which sweep they are of: take them from simulator.open_sweep."
            )
        return PageFigures(sweep_page(SweepData(self._cells.attrs["folder"])))

    @property
    def figures(self) -> dict[str, str]:
        """Figures of the sweep's page that ``plot`` draws, by name, with their titles."""
        return self._figures.titles

    def plot(self, key: str, panel: int = 0) -> go.Figure:
        """A figure of the sweep's page as a Plotly figure; as :meth:`Results.plot`."""
        return self._figures.plot(key, panel)

    def caption(self, key: str) -> str:
        """What a figure says, with numbers."""
        return self._figures.caption(key)

    def to_pandas(self) -> pd.DataFrame:
        """A row a cell by axis, policy and seed; a column for each figure and label, such as ``unwound.TY``.

        Errors and differences stand beside averages (``unwound_error.TY``, ``unwound_difference.TY``); quantiles and
        deviations over paths are left to the dataset.
        """
        from simulator.results.frames import flat_frame
        from simulator.sweeps.reading import LEVEL, SPREAD

        along = [str(dim) for dim in self._cells["status"].dims]
        of_paths = [
            name for name, each in self._cells.data_vars.items() if LEVEL in each.dims or SPREAD in str(name)
        ]
        return flat_frame(self._cells.drop_vars([*of_paths, LEVEL]), along)


def _with_figures(cells: xr.Dataset) -> xr.Dataset:
    """The dataset, with ``cells.unwind`` known to xarray."""
    import xarray as xr

    if not hasattr(xr.Dataset, "unwind"):
        xr.register_dataset_accessor("unwind")(SweepFigures)  # type: ignore[no-untyped-call]
    return cells


def flow_of_funds(
    results: str | os.PathLike[str], day: int | str | None = None, first_day: int | str = 0
) -> pd.DataFrame:
    """Who sold and who bought: bonds, repo, hedges and cash by sector, from one day to another.

    What one sector buys others sold, so the rows of ``"all"`` sectors are nothing; the issuer's are what it issued.

    Parameters
    ----------
    results
        Results, or the folder or URL of a run.
    day, first_day
        Days by number or by date (``"2020-03-18"``): flows are counted from the close of ``first_day``, the opening
        by default, to that of ``day``, the last by default.

    Returns
    -------
    pandas.DataFrame
        A row for each sector, instrument and market, averages over paths with standard errors, in billions of the
        market's currency: what was bought (+) or sold (-), lent (+) or borrowed (-). Instruments are ``bonds`` by
        bucket, ``bonds_ten_year`` (the same in ten-year equivalents), ``hedges`` by hedge, ``repo`` and ``cash``; the
        market ``all`` adds up.

    Raises
    ------
    OutputError
        If there is no run, or it has no such day.

    Examples
    --------
    >>> import simulator
    >>> toy = simulator.run("toy", output="outputs/doctest-flows", quiet=True)
    >>> flows = simulator.flow_of_funds(toy, day=5).set_index(["instrument", "market", "sector"])
    >>> bool(abs(flows.loc[("bonds", "all", "all"), "value"]) < 1e-3)
    True
    """
    from simulator.results.flow_of_funds import flow_table
    from simulator.results.folder import existing_folder, open_run
    from simulator.results.template import check_template

    run = open_run(existing_folder(os.fspath(results)))
    check_template(run.store, run.layout)
    return flow_table(run, day, first_day)


def write_report(
    results: str | os.PathLike[str] | Comparison,
    file: str | os.PathLike[str] | None = None,
    *,
    one_page: bool = False,
) -> Path:
    """Write a report: one HTML file with figures, data and evidence, that opens offline, or a PDF of it.

    Parameters
    ----------
    results
        Results, the folder or URL of a run or a sweep, or a comparison.
    file
        Where to write it; a name that ends in ``.pdf`` is printed by a browser. By default ``report.html`` in the
        folder, and ``comparison.html`` here for a comparison.
    one_page
        Of a run, what fits one sheet of paper.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    OutputError
        If there is no run or sweep; an ``IncompletePageError`` if the report was written without some of its figures.
    OSError
        If the file cannot be written.
    """
    from simulator.analysis.comparison import Comparison
    from simulator.report.comparison_page import write_comparison
    from simulator.report.run_report import write_report as write
    from simulator.results.places import place

    if isinstance(results, Comparison):
        return write_comparison(results, place(file or "comparison.html"))
    return write(str(place(results)), None if file is None else place(file), one_page=one_page)


def _observer(quiet: bool) -> Observer:
    from simulator.cli.progress import ShownProgress

    return Nobody() if quiet else ShownProgress()


def _load(
    scenario: str | Path | LoadedScenario[Scenario], settings: Sequence[str]
) -> LoadedScenario[Scenario]:
    if isinstance(scenario, LoadedScenario):
        return with_overrides(scenario, settings) if settings else scenario
    return load_scenario(scenario, settings)


def _settings(paths: int | None, seed: int | None, changes: Mapping[str, object]) -> list[str]:
    """All changes in the form of ``--set``."""
    asked = {"paths": paths, "seed": seed}
    given = {key: value for key, value in asked.items() if value is not None} | dict(changes)
    return [f"{key}={_as_written(value)}" for key, value in given.items()]


def _as_written(value: Any) -> str:
    """A Python value as a scenario file would say it.

    Examples
    --------
    >>> _as_written("12x"), _as_written(True), _as_written([{"type": "auction", "day": "3d"}])
    ('12x', 'true', '[{"type": "auction", "day": "3d"}]')
    """
    return value if isinstance(value, str) else json.dumps(value)


def _folder_name(name: str, settings: Sequence[str]) -> Path | None:
    """Name of the folder of a changed scenario, None for the scenario as it stands."""
    if not settings:
        return None
    digest = hashlib.sha256("\n".join(sorted(settings)).encode()).hexdigest()
    return Path(f"{name[: 79 - _HASH_LETTERS]}-{digest[:_HASH_LETTERS]}")
