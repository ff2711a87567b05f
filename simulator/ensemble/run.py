"""Run a scenario: blocks of paths on threads into one store, resumed where an earlier run was stopped.

The answer does not depend on threads or blocks: paths are addressed, blocks are written whole, and the ledger
says which exist. ``run_command`` is what the command line calls; ``run_scenario`` does the work and raises.

Exit codes: 0 done; 2 bad input; 3 finished, but with stopped paths, failed blocks or broken identities;
4 disk, memory or another writer; 130 interrupted, to be resumed with the same command.
"""

from __future__ import annotations

import json
import shlex
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simulator.ensemble.plan import Block, plan_blocks
from simulator.ensemble.progress import duration, showing_progress
from simulator.ensemble.threads import (
    BlockFailures,
    pin_linear_algebra,
    run_blocks,
    stopping_on_signals,
    usable_threads,
)
from simulator.results.errors import (
    BAD_INPUT,
    ENVIRONMENT,
    INTERRUPTED,
    UNFINISHED,
    OutputError,
    disk_error,
    plain,
)

if TYPE_CHECKING:
    from simulator.engine.opening import Prepared
    from simulator.results.folder import RunFolder
    from simulator.results.layout import Array, Layout
    from simulator.results.ledger import FinishedBlock
    from simulator.results.manifest import Manifest
    from simulator.results.store import Store
    from simulator.scenario.loading import LoadedScenario
    from simulator.scenario.schema import Scenario

#: Bytes on disk over bytes in memory that no run was seen to fall below unless almost nothing moves.
SMALLEST_COMPRESSION = 0.3
#: Copies of a block that exist at once while it is simulated, split and encoded.
COPIES_OF_BLOCK = 3


@dataclass(frozen=True)
class RunOutcome:
    """What became of a run.

    Parameters
    ----------
    folder
        The run and its ledger, as they are now.
    failures
        Blocks that failed, and whether it was interrupted.
    was_complete
        Whether there was nothing left to do.
    notes
        Choices that the opening books forced.
    seconds
        Time it took, compilation included.
    outcomes
        Outcomes of the blocks that were simulated now.
    """

    folder: RunFolder
    failures: BlockFailures
    was_complete: bool
    notes: tuple[str, ...]
    seconds: float
    outcomes: Mapping[int, dict[str, Array]]


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

    Raises
    ------
    OutputError
        If the folder holds something else, or has no room, or another run writes there.
    ScenarioError
        If the opening books cannot balance.
    OSError, MemoryError
        If the disk or the memory failed; what was finished stays and is resumed.
    """
    from simulator.results import folder as folders
    from simulator.results.manifest import finished_manifest, write_manifest
    from simulator.results.reading import damaged_blocks
    from simulator.results.store import Store
    from simulator.results.template import consolidate

    started = time.perf_counter()
    threads = threads or usable_threads()
    prepared = _prepare(loaded, audit=audit)
    manifest = describe_run(loaded, prepared, audit)
    layout = manifest.store_layout()
    _check_memory(layout, threads)
    with folders.locked(folder):
        run = folders.begin_or_resume(folder, manifest, overwrite=overwrite)
        sound = set(run.finished) - {damage.block for damage in damaged_blocks(run, threads=threads)}
        blocks = [block for block in plan_blocks(layout.paths, layout.chunk) if block.number not in sound]
        if not blocks and run.manifest.status == "complete":
            return RunOutcome(run, BlockFailures(), True, prepared.notes, 0.0, {})
        _check_room(folder, layout, blocks)
        store = Store(run.store, layout, _warm_up(prepared, bool(layout.funds)))
        work = _work(prepared, store, audit)
        outcomes: dict[int, dict[str, Array]] = {}
        failures = _run(work, blocks, run, outcomes, threads, is_silent)
        run = folders.open_run(folder)
        if len(run.finished) == -(-layout.paths // layout.chunk):
            consolidate(run.store)
            write_manifest(folder, finished_manifest(run.manifest, run.finished))
            run = folders.open_run(folder)
        seconds = time.perf_counter() - started
        return RunOutcome(run, failures, False, prepared.notes, seconds, outcomes)


def _prepare(loaded: LoadedScenario[Scenario], *, audit: bool, diary: bool = False) -> Prepared:
    from simulator.engine.opening import prepare
    from simulator.scenario.errors import Problems

    try:
        return prepare(loaded.scenario, loaded.data_files, audit=audit, diary=diary)
    except Problems as problems:
        raise loaded.refused(problems) from problems


def describe_run(loaded: LoadedScenario[Scenario], prepared: Prepared, audit: bool) -> Manifest:
    """The manifest of a run that has not begun."""
    from simulator.engine.parameters import CALL_COUNT, CHANNELS
    from simulator.engine.status import STATUS
    from simulator.results.layout import Layout
    from simulator.results.manifest import new_manifest
    from simulator.scenario.explain import as_written, explain

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
        statuses=tuple(name for name, _ in STATUS.values()),
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


def _warm_up(prepared: Prepared, agents: bool) -> Any:
    """Compile, or load what was compiled, before threads start; returns the records of the opening day.

    A damaged file in the cache of compiled code can raise anything: the cache is dropped and the code
    compiled anew, once.
    """
    from simulator.engine.opening_records import opening_records
    from simulator.engine.simulate import simulate_block
    from simulator.rule import drop_cache

    try:
        simulate_block(prepared, 0, 1, agents=agents)
        return opening_records(prepared, agents=agents)
    except Exception:
        drop_cache()
        simulate_block(prepared, 0, 1, agents=agents)
        return opening_records(prepared, agents=agents)


BlockDone = tuple["FinishedBlock", dict[str, "Array"]]


def _work(prepared: Prepared, store: Store, audit: bool) -> Callable[[Block], BlockDone]:
    """The work of one block, for a thread: simulate, write, and say what was done and what came of it."""
    from simulator.engine.simulate import simulate_block
    from simulator.ensemble.audit import simulate_audited
    from simulator.results.layout import STATUS
    from simulator.results.ledger import FinishedBlock
    from simulator.results.outcomes import path_outcomes
    from simulator.results.store import write_block

    agents = bool(store.layout.funds)

    def work(block: Block) -> BlockDone:
        started = time.perf_counter()
        if audit:
            records, residuals = simulate_audited(prepared, block.first_path, block.paths, agents)
        else:
            records = simulate_block(prepared, block.first_path, block.paths, agents=agents).records
            residuals = ()
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


def _run(
    work: Callable[[Block], BlockDone],
    blocks: list[Block],
    run: RunFolder,
    outcomes: dict[int, dict[str, Array]],
    threads: int,
    is_silent: bool,
) -> BlockFailures:
    """Run the blocks; each is in the ledger before its outcomes count."""
    from simulator.results.ledger import append_block

    total = run.layout.paths
    done = total - sum(block.paths for block in blocks)

    def announce() -> None:
        if not is_silent:
            print(
                "Stopping after the blocks in flight; Ctrl-C again stops at once.",
                file=sys.stderr,
                flush=True,
            )

    with (
        showing_progress(total, done, is_silent=is_silent) as progress,
        stopping_on_signals(announce) as stop,
    ):

        def record(done: BlockDone) -> None:
            finished, outcomes[done[0].block] = done
            append_block(run.ledger, run.manifest.run_key, finished)
            progress.advance(finished.paths)

        return run_blocks(blocks, work, record, threads=threads, stop=stop)


def _check_room(folder: Path, layout: Layout, blocks: list[Block]) -> None:
    """Refuse at once what cannot fit on the disk."""
    import shutil

    needed = sum(block.paths for block in blocks) * layout.bytes_of_path() * SMALLEST_COMPRESSION
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise OutputError(
            f"{folder}: found {_gigabytes(free)} free, but the results need at least {_gigabytes(needed)}."
            " Use fewer paths or a shorter horizon, or choose another disk with -o."
        )


def _check_memory(layout: Layout, threads: int) -> None:
    """Refuse blocks that cannot fit in memory."""
    import os

    needed = (threads + 1) * layout.chunk * layout.bytes_of_path() * COPIES_OF_BLOCK
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    if needed > memory:
        raise OutputError(
            f"numerics.block: found {layout.chunk:,} paths, which need {_gigabytes(needed)} on"
            f" {threads} threads; this machine has {_gigabytes(memory)}. Use smaller blocks or fewer threads."
        )


def _gigabytes(size: float) -> str:
    return f"{size / 1e9:,.1f} GB"


def run_command(
    loaded: LoadedScenario[Scenario],
    *,
    threads: int | None = None,
    output: Path | None = None,
    path: int | None = None,
    audit: bool = False,
    overwrite: bool = False,
    quiet: bool = False,
    as_json: bool = False,
) -> int:
    """Run a scenario for the command line: progress, summary or replay, and the exit code.

    Parameters
    ----------
    path
        Replay this path alone; nothing is written.
    quiet, as_json
        Neither progress nor summary; the summary as JSON and no progress.
    """
    pin_linear_algebra()
    try:
        if path is not None:
            return _replay(loaded, path, audit, as_json)
        return _run_command(loaded, threads, output, audit, overwrite, quiet, as_json)
    except OutputError as error:
        _complain(str(error))
        return error.exit_code
    except BrokenPipeError:  # whoever read our output has gone
        raise
    except OSError as error:
        told = disk_error(error, output or Path("outputs"))
        _complain(f"{told} What was finished is kept: the same command resumes.")
        return told.exit_code
    except MemoryError:
        _complain(
            "Out of memory. Use smaller blocks (numerics.block) or fewer threads; the same command resumes."
        )
        return ENVIRONMENT


def _run_command(
    loaded: LoadedScenario[Scenario],
    threads: int | None,
    output: Path | None,
    audit: bool,
    overwrite: bool,
    quiet: bool,
    as_json: bool,
) -> int:
    from simulator.results.folder import choose_folder

    folder = choose_folder(loaded.scenario.name, output)
    is_silent = quiet or as_json
    try:
        outcome = run_scenario(
            loaded, folder, threads=threads, audit=audit, overwrite=overwrite, is_silent=is_silent
        )
    except KeyboardInterrupt:  # while compiling: nothing was begun
        _complain(f"Interrupted. Resume with: {_this_command()}")
        return INTERRUPTED
    for note in outcome.notes:
        if not is_silent:
            _complain(note)
    for block, error in outcome.failures.failed:
        _complain(f"paths {block.first_path:,} to {block.first_path + block.paths - 1:,} failed: {error!r}")
    run = outcome.folder
    if run.manifest.status != "complete":
        done = sum(finished.paths for finished in run.finished.values())
        _complain(f"{done:,} of {run.layout.paths:,} paths are done. Resume with: {_this_command()}")
        return INTERRUPTED if outcome.failures.is_interrupted else UNFINISHED
    return _report(outcome, quiet, as_json)


def _replay(loaded: LoadedScenario[Scenario], path: int, audit: bool, as_json: bool) -> int:
    """Replay one path; with the audit, its identities too."""
    from simulator.ensemble.audit import is_broken, print_audit, simulate_audited
    from simulator.ensemble.replay import play_path, print_replay

    if path >= loaded.scenario.paths:
        raise OutputError(
            f"--path {path:,}: found {loaded.scenario.paths:,} paths in the run; allowed are 0 to"
            f" {loaded.scenario.paths - 1:,}.",
            BAD_INPUT,
        )
    prepared = _prepare(loaded, audit=audit, diary=True)
    result = play_path(prepared, path)
    print_replay(loaded.scenario.name, path, prepared, result, as_json=as_json)
    residuals = simulate_audited(prepared, path, 1, True)[1] if audit else ()
    if residuals and not as_json:
        print_audit(residuals)
    return UNFINISHED if result.records.status[0, 0] or any(map(is_broken, residuals)) else 0


def _report(outcome: RunOutcome, quiet: bool, as_json: bool) -> int:
    """Show what a complete run came to, and return its exit code."""
    from simulator.engine.status import STATUS
    from simulator.ensemble.audit import is_broken, print_audit, worst_residuals
    from simulator.results.outcomes import collect_outcomes
    from simulator.results.summary import print_summary, summarise

    run = outcome.folder
    residuals = worst_residuals(run.finished.values())
    summary = summarise(run, collect_outcomes(run, outcome.outcomes))
    if as_json:
        print(json.dumps(summary.as_record() | {"audit": residuals}, indent=2))
    elif not quiet:
        print_summary(summary, dict(STATUS.values()), _closing(outcome))
        if residuals:
            print_audit(residuals)
    return UNFINISHED if summary.stopped or any(map(is_broken, residuals)) else 0


def _closing(outcome: RunOutcome) -> list[str]:
    run = outcome.folder
    stored = sum(block.stored_bytes for block in run.finished.values())
    took = "already complete" if outcome.was_complete else f"in {duration(outcome.seconds)}"
    return [f"Results: {run.path} ({_gigabytes(stored)}, {took})"]


def _this_command() -> str:
    return shlex.join(["unwind", *sys.argv[1:]])


def _complain(text: str) -> None:
    print(plain(text), file=sys.stderr, flush=True)
