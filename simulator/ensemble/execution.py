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
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from simulator import rule
from simulator.engine import simulate
from simulator.engine.opening import Prepared, prepare
from simulator.engine.opening_records import opening_records
from simulator.engine.parameters import CALL_COUNT, CHANNELS
from simulator.engine.records import Records
from simulator.engine.status import STATUS as STATUSES
from simulator.ensemble.audit import simulate_audited
from simulator.ensemble.plan import Block, plan_blocks
from simulator.ensemble.progress import showing_progress
from simulator.ensemble.threads import BlockFailures, run_blocks, stopping_on_signals, usable_threads
from simulator.results.errors import OutputError
from simulator.results.folder import RunFolder, begin_or_resume, locked, open_run
from simulator.results.layout import STATUS, Array, Layout
from simulator.results.ledger import FinishedBlock, append_block
from simulator.results.manifest import Manifest, finished_manifest, new_manifest, write_manifest
from simulator.results.outcomes import path_outcomes
from simulator.results.reading import damaged_blocks
from simulator.results.store import Store, write_block
from simulator.results.template import consolidate
from simulator.scenario.errors import Problems
from simulator.scenario.explain import as_written, explain
from simulator.scenario.loading import LoadedScenario
from simulator.scenario.schema import Scenario

#: Bytes on disk over bytes in memory that no run falls below unless almost nothing moves in it.
SMALLEST_COMPRESSION = 0.3
#: Copies of a block that exist at once while it is simulated, split and encoded.
COPIES_OF_BLOCK = 3

#: What the work of a block returns: its line for the ledger, and the outcomes of its paths.
BlockDone = tuple[FinishedBlock, dict[str, Array]]


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
    audit: bool = False,
    overwrite: bool = False,
    is_silent: bool = True,
) -> RunOutcome:
    """Run a scenario into a folder, or finish what an earlier run began there.

    Parameters
    ----------
    threads
        Blocks at a time; all usable cores by default. The numbers do not depend on it.
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
    layout = manifest.store_layout()
    _check_memory(layout, threads)
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
        store = Store(run.store, layout, _warm_up(prepared, bool(layout.funds)))
        outcomes: dict[int, dict[str, Array]] = {}
        failures = _run_blocks(_work(prepared, store, audit), run, outcomes, threads, is_silent)
        if is_complete(run):
            consolidate(run.store, layout)
            write_manifest(folder, finished_manifest(run.manifest, run.finished))
            run = open_run(folder)
        seconds = time.perf_counter() - started
        return RunOutcome(run, failures, outcomes, False, prepared.notes, seconds)


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
    agents = scenario.output.agents
    layout = Layout(
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
    return new_manifest(
        name=scenario.name,
        scenario=as_written(scenario),
        origins={row.key: row.origin for row in explain(loaded)},
        files=[{"file": used.label, "sha256": used.sha256} for used in loaded.files],
        data=[used.sha256 for used in loaded.files if used.label in loaded.data_files],
        layout=layout,
        seed=scenario.seed,
        sampling=scenario.drivers.sampling,
        is_audited=audit,
    )


def is_complete(run: RunFolder) -> bool:
    """Whether every block is in the ledger."""
    return len(run.finished) == -(-run.layout.paths // run.layout.chunk)


def announce_compilation() -> None:
    """Say why nothing seems to happen, when this version of the code was never compiled here."""
    if not any(rule.CACHE_FOLDER.rglob("*.nbi")):
        text = "Compiling the model, once for this version of the code: about a minute."
        print(text, file=sys.stderr, flush=True)


def _warm_up(prepared: Prepared, agents: bool) -> Records:
    """Compile, or load what was compiled, before threads start; returns the records of the opening day.

    A damaged file in the cache of compiled code can raise anything: the cache is dropped and the code
    compiled anew, once.
    """
    try:
        simulate.simulate_block(prepared, 0, 1, agents=agents)
    except Exception:
        rule.drop_cache()
        simulate.simulate_block(prepared, 0, 1, agents=agents)
    return opening_records(prepared, agents=agents)


def _work(prepared: Prepared, store: Store, audit: bool) -> Callable[[Block], BlockDone]:
    """The work of one block, for a thread: simulate, write, and say what was done and what came of it."""
    agents = bool(store.layout.funds)

    def work(block: Block) -> BlockDone:
        started = time.perf_counter()
        if audit:
            records, residuals = simulate_audited(prepared, block.first_path, block.paths, agents)
        else:
            played = simulate.simulate_block(prepared, block.first_path, block.paths, agents=agents)
            records, residuals = played.records, ()
        written = write_block(store, block.first_path, records)
        codes = Counter(int(code) for code in written.arrays[STATUS.name] if code)
        finished = FinishedBlock(
            block=block.number,
            first_path=block.first_path,
            paths=block.paths,
            sha256=written.sha256,
            stored_bytes=written.stored_bytes,
            seconds=round(time.perf_counter() - started, 3),
            stopped={store.layout.statuses[code]: count for code, count in sorted(codes.items())},
            audit=residuals,
        )
        return finished, path_outcomes(written.arrays)

    return work


def _run_blocks(
    work: Callable[[Block], BlockDone],
    run: RunFolder,
    outcomes: dict[int, dict[str, Array]],
    threads: int,
    is_silent: bool,
) -> BlockFailures:
    """Run the blocks that are not whole; each is in the ledger before it counts as finished."""
    layout = run.layout
    left = (block for block in plan_blocks(layout.paths, layout.chunk) if block.number not in run.finished)

    def announce() -> None:
        if not is_silent:
            text = "Stopping after the blocks in flight; Ctrl-C again stops at once."
            print(text, file=sys.stderr, flush=True)

    with (
        showing_progress(layout.paths, _paths_done(run), is_silent=is_silent) as progress,
        stopping_on_signals(announce) as stop,
    ):

        def record(done: BlockDone) -> None:
            finished, of_paths = done
            append_block(run.ledger, run.manifest.run_key, finished)
            run.finished[finished.block] = finished
            outcomes[finished.block] = of_paths
            progress.advance(finished.paths)

        return run_blocks(left, work, record, threads=threads, stop=stop)


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
