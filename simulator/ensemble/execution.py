"""Run a scenario: blocks of paths on threads into one store, resumed where an earlier run was stopped.

The answer does not depend on threads or blocks: paths are addressed, blocks are written whole, and the ledger
says which exist. Linear algebra must have been pinned to one thread before NumPy was first imported
(``threads.pin_linear_algebra``), which the command line does.
"""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

from simulator import rule
from simulator.engine.opening import Prepared, prepare
from simulator.engine.parameters import CALL_COUNT, CHANNELS
from simulator.engine.status import STATUS as STATUSES
from simulator.ensemble.executors import Executor, Resources, open_executor
from simulator.ensemble.jobs import Failed, Job, Task
from simulator.ensemble.plan import Block, plan_blocks
from simulator.ensemble.progress import showing_progress
from simulator.ensemble.stopping import stopping_on_signals
from simulator.ensemble.threads import usable_threads
from simulator.results.errors import OutputError
from simulator.results.folder import RunFolder, begin_or_resume, locked, open_run
from simulator.results.layout import Array, Layout
from simulator.results.ledger import append_block
from simulator.results.manifest import Manifest, finished_manifest, new_manifest, write_manifest
from simulator.results.reading import damaged_blocks
from simulator.results.template import consolidate
from simulator.scenario.errors import Problems
from simulator.scenario.explain import as_written, explain
from simulator.scenario.loading import LoadedScenario
from simulator.scenario.schema import Scenario

#: Bytes on disk over bytes in memory that no run falls below unless almost nothing moves in it.
SMALLEST_COMPRESSION = 0.3
#: Copies of a block that exist at once while it is simulated, split and encoded.
COPIES_OF_BLOCK = 3


@dataclass
class BlockFailures:
    """Blocks that failed, with what was raised, in the order in which they did."""

    failed: list[tuple[Block, Exception]] = field(default_factory=list)
    is_interrupted: bool = False


@dataclass(frozen=True)
class RunOutcome:
    """What became of a run.

    Parameters
    ----------
    folder
        The run, with the blocks that are whole on disk now.
    failures
        Blocks that failed, and whether it was interrupted.
    outcomes
        Outcomes of the blocks that were simulated now.
    was_complete
        Whether there was nothing left to do.
    notes
        Choices that the opening books forced.
    seconds
        Time it took, compilation included.
    """

    folder: RunFolder
    failures: BlockFailures
    outcomes: Mapping[int, dict[str, Array]]
    was_complete: bool
    notes: tuple[str, ...]
    seconds: float


def run_scenario(
    loaded: LoadedScenario[Scenario],
    folder: Path,
    *,
    threads: int | None = None,
    executor: Executor | None = None,
    audit: bool = False,
    overwrite: bool = False,
    is_silent: bool = True,
) -> RunOutcome:
    """Run a scenario into a folder, or finish what an earlier run began there.

    Parameters
    ----------
    threads
        Blocks at a time; all usable cores by default. The numbers do not depend on it.
    executor
        Where to work instead (``executors.open_executor``): the workers of a cluster, say.
    audit
        Check the accounting identities after every stage of every day.
    overwrite
        Replace another run in the folder.
    is_silent
        Show no progress on standard error.

    Raises
    ------
    OutputError
        If the folder holds something else, or has no room, or another run writes there.
    ScenarioError
        If the opening books cannot balance.
    OSError, MemoryError
        If the disk or the memory failed; what was finished stays and is resumed.
    """
    started = time.perf_counter()
    threads = threads or usable_threads()
    prepared = prepare_run(loaded, audit=audit)
    manifest = describe_run(loaded, prepared, audit)
    _check_memory(manifest.store_layout(), threads)
    with locked(folder):
        run = begin_or_resume(folder, manifest, overwrite=overwrite)
        damaged = {damage.block for damage in damaged_blocks(run, threads=threads)}
        whole = {number: block for number, block in run.finished.items() if number not in damaged}
        run = replace(run, finished=whole)
        if is_complete(run) and run.manifest.status == "complete":
            return RunOutcome(run, BlockFailures(), {}, True, prepared.notes, 0.0)
        _check_room(run)
        if not is_silent:
            announce_compilation()
        job = Job(run.manifest.run_key, prepared, run.layout, run.store.absolute(), audit)
        outcomes: dict[int, dict[str, Array]] = {}
        with _executor(executor, threads) as hands:
            hands.add(job)
            failures = _run_blocks(hands, job, run, outcomes, is_silent)
            hands.remove(job.key)
        if is_complete(run):
            consolidate(run.store, run.layout)
            write_manifest(folder, finished_manifest(run.manifest, run.finished))
            run = open_run(folder)
        seconds = time.perf_counter() - started
        return RunOutcome(run, failures, outcomes, False, prepared.notes, seconds)


@contextmanager
def _executor(given: Executor | None, threads: int) -> Iterator[Executor]:
    if given is not None:
        yield given
        return
    with open_executor(Resources(threads=threads)) as executor:
        yield executor


def prepare_run(loaded: LoadedScenario[Scenario], *, audit: bool = False, diary: bool = False) -> Prepared:
    """Opening books of a scenario; what is wrong with them is told at its place in the file.

    Raises
    ------
    ScenarioError
        If they cannot balance.
    """
    try:
        return prepare(loaded.scenario, loaded.data_files, audit=audit, diary=diary)
    except Problems as problems:
        raise loaded.refused(problems) from problems


def describe_run(loaded: LoadedScenario[Scenario], prepared: Prepared, audit: bool) -> Manifest:
    """The manifest of a run that has not begun."""
    scenario = loaded.scenario
    return new_manifest(
        name=scenario.name,
        scenario=as_written(scenario),
        origins={row.key: row.origin for row in explain(loaded)},
        files=[{"file": used.label, "sha256": used.sha256} for used in loaded.files],
        data=[used.sha256 for used in loaded.files if used.label in loaded.data_files],
        layout=layout_of(scenario, prepared),
        seed=scenario.seed,
        sampling=scenario.drivers.sampling,
        is_audited=audit,
    )


def layout_of(scenario: Scenario, prepared: Prepared) -> Layout:
    """Size and labels of the results of a scenario."""
    agents = scenario.output.agents
    return Layout(
        paths=scenario.paths,
        days=int(scenario.horizon),
        block=scenario.numerics.block,
        opening=date.fromisoformat(scenario.market.date),
        trades=prepared.trades,
        channels=CHANNELS,
        calls=CHANNELS[:CALL_COUNT],
        funds=prepared.funds if agents else (),
        dealers=prepared.dealers if agents else (),
        statuses=tuple(name for name, _ in STATUSES.values()),
        precision=scenario.output.precision,
        attributes={
            "scenario": scenario.name,
            "seed": str(scenario.seed),
            "sampling": scenario.drivers.sampling,
        },
    )


def is_complete(run: RunFolder) -> bool:
    """Whether every block is in the ledger."""
    return len(run.finished) == -(-run.layout.paths // run.layout.chunk)


def announce_compilation() -> None:
    """Say why nothing seems to happen, when this version of the code was never compiled here."""
    if not any(rule.CACHE_FOLDER.rglob("*.nbi")):
        text = "Compiling the model, once for this version of the code: about a minute."
        print(text, file=sys.stderr, flush=True)


def _run_blocks(
    executor: Executor,
    job: Job,
    run: RunFolder,
    outcomes: dict[int, dict[str, Array]],
    is_silent: bool,
) -> BlockFailures:
    """Run the blocks that are not whole; each is in the ledger before it counts as finished."""
    layout = run.layout
    blocks = plan_blocks(layout.paths, layout.chunk)
    left = (Task(job.key, block) for block in blocks if block.number not in run.finished)
    failures = BlockFailures()

    def announce() -> None:
        if not is_silent:
            text = "Stopping after the blocks in flight; Ctrl-C again stops at once."
            print(text, file=sys.stderr, flush=True)

    with (
        showing_progress(layout.paths, _paths_done(run), is_silent=is_silent) as progress,
        stopping_on_signals(announce) as stop,
        closing(executor.results(left, stop)) as results,
    ):
        for result in results:
            if isinstance(result, Failed):
                failures.failed.append((result.task.block, result.error))
                continue
            finished = result.finished
            append_block(run.ledger, run.manifest.run_key, finished)
            run.finished[finished.block] = finished
            outcomes[finished.block] = result.reduced
            progress.advance(finished.paths)
        failures.is_interrupted = stop.is_requested
    return failures


def _paths_done(run: RunFolder) -> int:
    return sum(block.paths for block in run.finished.values())


def _check_room(run: RunFolder) -> None:
    """Refuse at once what cannot fit on the disk."""
    left = run.layout.paths - _paths_done(run)
    needed = left * run.layout.bytes_of_path() * SMALLEST_COMPRESSION
    free = shutil.disk_usage(run.path).free
    if needed > free:
        raise OutputError(
            f"{run.path}: found {gigabytes(free)} free, but the results need at least {gigabytes(needed)}."
            " Use fewer paths or a shorter horizon, or choose another disk with -o."
        )


def _check_memory(layout: Layout, threads: int) -> None:
    """Refuse blocks that cannot fit in memory."""
    needed = (threads + 1) * layout.chunk * layout.bytes_of_path() * COPIES_OF_BLOCK
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    if needed > memory:
        raise OutputError(
            f"numerics.block: found {layout.chunk:,} paths, which need {gigabytes(needed)} on {threads}"
            f" threads; this machine has {gigabytes(memory)}. Use smaller blocks or fewer threads."
        )


def gigabytes(size: float) -> str:
    """A number of bytes in words."""
    return f"{size / 1e9:,.1f} GB" if size >= 1e8 else f"{size / 1e6:,.1f} MB"
