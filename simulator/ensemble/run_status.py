"""How far a run is, from what lies in its folder: whoever runs it, and while it runs."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from simulator.results.folder import open_run
from simulator.results.ledger import FailedBlock, FinishedBlock, read_failures
from simulator.results.locks import holder_of
from simulator.results.places import place, shown

#: Blocks whose pace counts as that of now, and seconds without a block after which a worker is not counted.
RECENT_BLOCKS, RECENT_S = 100, 60.0


@dataclass(frozen=True)
class RunStatus:
    """How far a run is.

    Parameters
    ----------
    writer
        Who writes it now, in words; empty if nobody.
    given_up
        Blocks that failed and were not done since.
    rate
        Paths a second, of late; 0 if nothing can be said.
    workers
        Processes that finished a block in the last minute of work.
    simulate_share, store_share
        Parts of the workers' time: drawing and playing, and encoding, writing and reading back.
    block_seconds, slowest_seconds
        Mean and largest time of a block.
    """

    name: str
    folder: str
    is_complete: bool
    writer: str
    paths: int
    paths_done: int
    blocks: int
    blocks_done: int
    given_up: tuple[FailedBlock, ...]
    stopped_paths: int
    rate: float
    workers: int
    simulate_share: float
    store_share: float
    block_seconds: float
    slowest_seconds: float
    stored_bytes: int

    @property
    def seconds_left(self) -> float | None:
        """At the pace of late; none if there is no pace."""
        return (self.paths - self.paths_done) / self.rate if self.rate > 0.0 else None


def run_status(folder: str | Path) -> RunStatus:
    """How far a run is.

    Raises
    ------
    OutputError
        If there is no run, or its manifest or ledger cannot be used.
    """
    run = open_run(place(folder))
    blocks = sorted(run.finished.values(), key=lambda block: block.finished_at)
    failures = read_failures(run.path, run.manifest.run_key)
    writer = holder_of(run.path)
    worked = sum(block.seconds for block in blocks)
    return RunStatus(
        name=run.manifest.name,
        folder=shown(run.path),
        is_complete=run.manifest.status == "complete",
        writer=writer,
        paths=run.layout.paths,
        paths_done=run.paths_done,
        blocks=run.layout.blocks,
        blocks_done=len(blocks),
        given_up=tuple(failures[number] for number in sorted(failures) if number not in run.finished),
        stopped_paths=sum(sum(block.stopped.values()) for block in blocks),
        rate=_rate(blocks[-RECENT_BLOCKS:], is_running=bool(writer)),
        workers=len(_recent_workers(blocks)),
        simulate_share=_share([block.simulate_seconds for block in blocks], worked),
        store_share=_share([block.store_seconds for block in blocks], worked),
        block_seconds=worked / len(blocks) if blocks else 0.0,
        slowest_seconds=max((block.seconds for block in blocks), default=0.0),
        stored_bytes=sum(block.stored_bytes for block in blocks),
    )


def _share(seconds: Sequence[float], worked: float) -> float:
    return sum(seconds) / worked if worked else 0.0


def _rate(blocks: Sequence[FinishedBlock], *, is_running: bool) -> float:
    """Paths a second over the last blocks, from the first of them to the last, or to now while it runs."""
    if len(blocks) < 2:
        return 0.0
    end = time.time() if is_running else blocks[-1].finished_at
    span = end - blocks[0].finished_at
    return sum(block.paths for block in blocks[1:]) / span if span > 0.0 else 0.0


def _recent_workers(blocks: Sequence[FinishedBlock]) -> Counter[str]:
    since = blocks[-1].finished_at - RECENT_S if blocks else 0.0
    return Counter(block.worker for block in blocks if block.worker and block.finished_at >= since)
