"""What workers do of a sweep: they prepare its cells, play their blocks, sum them up and compare them.

The sweep travels to every worker once; a task is a few numbers. What came of paths is written into the store of the
sweep where it arose, and read back; a hash of it goes to the client, whose ledger alone says that it exists.
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
import threading
import time
import weakref
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.ensemble.description import describe_run, layout_of, prepare_run
from simulator.ensemble.jobs import Job, OpenJob
from simulator.ensemble.plan import Block
from simulator.results.folder import STORE, begin_or_resume
from simulator.results.ledger import FinishedBlock
from simulator.results.locks import Fence
from simulator.results.places import make_folder, shown
from simulator.scenario.errors import ScenarioError
from simulator.scenario.loading import DataFile, DataFiles, LoadedScenario
from simulator.scenario.schema import Scenario
from simulator.sweeps.cells import LoadedSweep
from simulator.sweeps.folder import DIFFERENCES, FIGURES, OUTCOMES, SweepFolder, hash_of
from simulator.sweeps.statistics import Floats32, Plan, in_batches

#: Cells that a worker keeps open: of those whose blocks it shares with other workers.
OPEN_CELLS_MAX = 4


class PlayBlocks(NamedTuple):
    """Play blocks of a cell.

    Parameters
    ----------
    begins
        Whether no other task of the cell runs meanwhile: the folder of its run, where records are kept, is made ready.
    ends
        Whether all other blocks are finished: the cell is summed up too.
    """

    cell: int
    blocks: tuple[Block, ...]
    begins: bool
    ends: bool


class SumUp(NamedTuple):
    """Sum up a cell whose blocks are all finished."""

    cell: int


class Compare(NamedTuple):
    """Compare a cell with its baseline, path by path: how many paths, of which trades, in pairs or not."""

    cell: int
    baseline: int
    paths: int
    trades: tuple[str, ...]
    baseline_trades: tuple[str, ...]
    antithetic: bool


class Drop(NamedTuple):
    """Drop the outcomes of the paths of cells that are compared."""

    cells: tuple[int, ...]


class PlayedBlock(NamedTuple):
    """A block that was played, and the hash of its outcomes."""

    finished: FinishedBlock
    sha256: str


class Summed(NamedTuple):
    """What the ledger is told of a cell that was summed up; the hash is that of its figures."""

    paths: int
    trades: tuple[str, ...]
    antithetic: bool
    sha256: str
    seconds: float


class CellAnswer(NamedTuple):
    """What came of blocks or a sum of a cell; what is wrong with its scenario, if it could not be prepared."""

    blocks: tuple[PlayedBlock, ...] = ()
    summed: Summed | None = None
    refused: str = ""


@dataclass(frozen=True)
class SweepJob:
    """What a worker must know of a sweep.

    Parameters
    ----------
    key
        Identity in a session.
    loaded
        The sweep, from which cells are prepared.
    folder
        Where it writes; what is finished there is the client's to know.
    fence
        By which a worker knows that the sweep still holds its folder.
    contents
        Bytes of the data files that cells name, for workers that may not see these; none where they do.
    """

    key: str
    loaded: LoadedSweep
    folder: SweepFolder
    fence: Fence | None = None
    contents: Mapping[tuple[str, Path], bytes] = field(default_factory=dict)

    def open(self) -> OpenSweep:
        """The sweep, ready for its parts."""
        return OpenSweep(self)


def contents_of(files: DataFiles) -> dict[tuple[str, Path], bytes]:
    """Bytes of data files; one that cannot be read any more is left out, and fails the cells that name it."""
    found = {}
    for named, file in files.items():
        with suppress(OSError):
            found[named] = file.path.read_bytes()
    return found


class OpenSweep:
    """A sweep on a worker, ready for its parts."""

    def __init__(self, job: SweepJob) -> None:
        self._job = job
        self._plan: Plan = job.folder.manifest.statistics
        self._outcomes, self._figures, self._differences = (
            job.folder.array(name, writable=True) for name in (OUTCOMES, FIGURES, DIFFERENCES)
        )
        self._data_files = self._copies(job.contents) if job.contents else None
        self._cells: OrderedDict[int, _Cell] = OrderedDict()
        self._opening = threading.Lock()

    def do(self, part: PlayBlocks | SumUp | Compare | Drop) -> CellAnswer | str | None:
        """Do a part: what came of a cell, or the hash of what a comparison wrote.

        Raises
        ------
        OSError
            If the store of the sweep cannot be written.
        OutputError
            If the sweep does not hold its folder any more.
        """
        if self._job.fence is not None:
            self._job.fence.check()
        match part:
            case PlayBlocks():
                return self._play(part)
            case SumUp():
                return self._sum_up(part.cell)
            case Compare():
                return self._compare(part)
            case Drop():
                for cell in part.cells:
                    self._outcomes[cell] = np.nan
        return None

    def _copies(self, contents: Mapping[tuple[str, Path], bytes]) -> DataFiles:
        """Data files that were sent, in a folder that goes when this does."""
        folder = Path(tempfile.mkdtemp(prefix="unwind-"))
        weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
        files = {}
        for (reference, base), data in contents.items():
            sha256 = hashlib.sha256(data).hexdigest()
            path = folder / f"{sha256}{Path(reference).suffix}"
            path.write_bytes(data)
            files[reference, base] = DataFile(path, sha256)
        return files

    def _load(self, cell: int) -> LoadedScenario[Scenario]:
        """The scenario of a cell."""
        loaded = self._job.loaded
        known = None if self._data_files is None else dict(self._data_files)
        return loaded.load(loaded.cell(cell), known)

    def _play(self, part: PlayBlocks) -> CellAnswer:
        """Play blocks and write their outcomes; sum up the cell if they were the last."""
        try:
            cell = self._opened(part)
        except ScenarioError as error:
            return CellAnswer(refused=str(error).splitlines()[0])
        played = []
        for block in part.blocks:
            finished, outcomes = cell.job.play(block)
            packed = self._plan.pack(outcomes, cell.trades)
            place = part.cell, slice(finished.first_path, finished.first_path + finished.paths)
            played.append(PlayedBlock(finished, self._written(self._outcomes, place, packed)))
        summed = self._summed(part.cell, cell.scenario) if part.ends else None
        return CellAnswer(tuple(played), summed)

    def _opened(self, part: PlayBlocks) -> _Cell:
        """A cell that is ready to be played; kept if other tasks will have blocks of it."""
        with self._opening:  # compiles once
            found = self._cells.get(part.cell)
            if found is None:
                found = self._open(part)
                if not (part.begins and part.ends):
                    self._cells[part.cell] = found
                    while len(self._cells) > OPEN_CELLS_MAX:
                        self._cells.popitem(last=False)
            return found

    def _open(self, part: PlayBlocks) -> _Cell:
        loaded = self._load(part.cell)
        prepared = prepare_run(loaded)
        store = None
        if self._job.folder.manifest.keep != "statistics":
            path = self._job.folder.run_of(part.cell)
            store = path / STORE
            if part.begins:
                make_folder(path)
                manifest = describe_run(loaded, prepared, False)
                begin_or_resume(path, manifest, overwrite=False, data_files=loaded.data_files)
        layout = layout_of(loaded.scenario, prepared)
        job = OpenJob(Job(f"cell {part.cell}", prepared, layout, store, fence=self._job.fence))
        return _Cell(job, loaded.scenario)

    def _sum_up(self, cell: int) -> CellAnswer:
        try:
            scenario = self._load(cell).scenario
        except ScenarioError as error:
            return CellAnswer(refused=str(error).splitlines()[0])
        return CellAnswer(summed=self._summed(cell, scenario))

    def _summed(self, cell: int, scenario: Scenario) -> Summed:
        """Reduce the outcomes of a cell to its figures, and write these."""
        started = time.perf_counter()
        trades, antithetic = tuple(scenario.market.trades), scenario.drivers.sampling == "antithetic"
        figures = self._plan.reduce(lambda: self._read(cell, scenario.paths), trades, antithetic=antithetic)
        sha256 = self._written(self._figures, cell, figures)
        seconds = round(time.perf_counter() - started, 3)
        return Summed(scenario.paths, trades, antithetic, sha256, seconds)

    def _compare(self, part: Compare) -> str:
        """Write the differences of a cell from its baseline."""
        figures = self._plan.compare(
            self._read(part.cell, part.paths),
            part.trades,
            self._read(part.baseline, part.paths),
            part.baseline_trades,
            antithetic=part.antithetic,
        )
        return self._written(self._differences, part.cell, figures)

    def _read(self, cell: int, paths: int) -> Iterator[Floats32]:
        """Outcomes of a cell in batches that split no pair and no set."""
        return in_batches(self._outcomes, cell, paths, self._plan.batch)

    def _written(self, array: Any, place: Any, values: NDArray[Any]) -> str:
        """Write numbers into the store, read them back, and return their hash."""
        array[place] = values
        sha256 = hash_of(values)
        if hash_of(array[place]) != sha256:
            raise OSError(f"{shown(self._job.folder.path)}: what was read back is not what was written")
        return sha256


class _Cell(NamedTuple):
    """A cell that is ready to be played."""

    job: OpenJob
    scenario: Scenario

    @property
    def trades(self) -> tuple[str, ...]:
        """Its trades, in their order."""
        return tuple(self.scenario.market.trades)
