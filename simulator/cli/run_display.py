"""A run on the terminal: how far it is, and what is damaged."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from simulator.cli.terminal import duration
from simulator.ensemble.run_status import RunStatus
from simulator.results.folder import open_run
from simulator.results.places import shown
from simulator.results.reading import Damage


def status_lines(status: RunStatus) -> list[str]:
    """What is shown of it on a terminal."""
    state = "complete" if status.is_complete else "being written" if status.writer else "stopped"
    lines = [
        f"{status.name}: {state}; {status.paths_done:,} of {status.paths:,} paths,"
        f" {status.blocks_done:,} of {status.blocks:,} blocks ({status.folder})"
    ]
    if status.writer:
        lines.append(f"written by {status.writer}; {status.workers:,} at work in the last minute")
    if status.rate:
        left = status.seconds_left
        lines.append(
            f"pace {status.rate:,.0f} paths/s"
            + (f", {duration(left)} left" if left and status.writer else "")
        )
    if status.blocks_done:
        lines.append(
            f"a block takes {status.block_seconds:.2f} s (the slowest {status.slowest_seconds:.2f} s):"
            f" {status.simulate_share:.0%} playing, {status.store_share:.0%} storing;"
            f" {status.stored_bytes / max(1, status.paths_done) / 1e3:,.1f} kB a path"
        )
    if status.stopped_paths:
        lines.append(f"{status.stopped_paths:,} paths stopped")
    for failed in status.given_up:
        last = failed.first_path + failed.paths - 1
        lines.append(
            f"given up: paths {failed.first_path:,} to {last:,} after {failed.attempts} attempts: {failed.error}"
        )
    if not status.is_complete and not status.writer:
        lines.append(f"Finish it with: unwind resume {status.folder}")
    return lines


def damage_lines(folder: Path, found: Sequence[Damage]) -> list[str]:
    """What is shown of the damage of a run, or that there is none."""
    if not found:
        run = open_run(folder)
        stored = sum(block.stored_bytes for block in run.finished.values())
        return [
            f"{shown(folder)}: whole; {len(run.finished):,} blocks, {run.layout.paths:,} paths and"
            f" {stored:,} bytes are what was written."
        ]
    rows = list(_together(found))
    width = max(len(where) for where, _ in rows)
    lines = [f"{where:<{width}}  {what}" for where, what in rows]
    return [*lines, f"{len(found):,} injuries. Repair the run with: unwind resume {shown(folder)}"]


def _together(found: Sequence[Damage]) -> Iterator[tuple[str, str]]:
    """Rows of the table: neighbouring blocks with the same injury on one."""
    first: int | None = None
    for place, injury in enumerate(found):
        after = found[place + 1] if place + 1 < len(found) else None
        if injury.block is None:
            yield "run", injury.what
            continue
        first = injury.block if first is None else first
        if after is not None and after.block == injury.block + 1 and after.what == injury.what:
            continue
        yield (
            f"block {first:,}" if first == injury.block else f"blocks {first:,} to {injury.block:,}",
            injury.what if first == injury.block else injury.what.replace("is ", "are ", 1),
        )
        first = None
