"""A small store with random records, and the damage that can be done to it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from simulator.engine.parameters import CALL_COUNT, CHANNELS, SECTORS
from simulator.engine.records import Records, allocate_records, blank_after_stops, some_paths
from simulator.engine.status import PRICE_OUT_OF_RANGE
from simulator.results.folder import RunFolder, begin_or_resume, open_run
from simulator.results.layout import Days, Layout
from simulator.results.ledger import FinishedBlock, append_blocks
from simulator.results.manifest import Manifest, finished_manifest, new_manifest, write_manifest
from simulator.results.outcome_files import measures_sha256, write_outcomes
from simulator.results.outcomes import path_outcomes
from simulator.results.store import Store, write_block
from simulator.results.variables import GROUPS

PATHS, DAYS, BLOCK = 21, 5, 8
BUCKETS, HEDGES, TRADES = ("FV", "TY"), ("FV", "TY", "SWAP10"), ("FV", "TY", "SWAP10", "TYX")
FUNDS, DEALERS = ("fund 1", "fund 2", "fund 3"), ("dealer 1",)


def random_records(paths: int, layout: Layout, seed: int, days: int = DAYS) -> Records:
    """Records filled with random numbers; path 1 stopped on the third day."""
    sizes = dict.fromkeys(("bond", "deliverable", "tenor", "lender", "manager", "funding"), 1)
    sizes |= {"bucket": len(layout.buckets), "hedge": len(layout.hedges), "trade": len(layout.trades)}
    sizes |= {"fund": len(FUNDS), "dealer": len(DEALERS)}
    records = allocate_records(paths, days, sizes, layout.precision, agents=bool(layout.funds))
    random = np.random.default_rng(seed)
    for group in GROUPS:
        values = getattr(records, group.name).values
        values[:] = random.standard_normal(values.shape)
    if paths > 1 and days > 2:
        records.status[1] = (PRICE_OUT_OF_RANGE, 2)
        blank_after_stops(records)
    return records


@pytest.fixture
def layout() -> Layout:
    return Layout(
        paths=PATHS,
        days=DAYS,
        block=BLOCK,
        opening=date(2020, 4, 8),
        buckets=BUCKETS,
        ten_year_equivalents=(0.5, 1.0),
        hedges=HEDGES,
        trades=TRADES,
        hedge_buckets=("FV", "TY", "TY"),
        trade_hedges=("FV", "TY", "SWAP10", "TY"),
        channels=CHANNELS,
        calls=CHANNELS[:CALL_COUNT],
        sectors=SECTORS,
        funds=(),
        dealers=(),
        outstanding=(3000.0, 1000.0),
        cost_threshold=0.85,
        told_day=2,
        told_yields=(-10.0, -20.0),
        told_volatility_day=3,
        told_volatility=2.0,
        has_policy=False,
        paths_without_policy=0,
        test_sale_paths=0,
        statuses=("FINISHED", "PRICE_OUT_OF_RANGE", "NOT_FINITE"),
        precision="float32",
        attributes={"scenario": "toy", "seed": "7", "sampling": "pseudo"},
    )


def manifest_of(layout: Layout, seed: int = 7, **scenario: object) -> Manifest:
    return new_manifest(
        name="toy",
        scenario={"name": "toy", "seed": seed, "paths": layout.paths, **scenario},
        origins={"seed": "toy.yaml:3"},
        files=[{"file": "toy.yaml", "sha256": "0" * 64}],
        data={},
        layout=layout,
        seed=seed,
        sampling="pseudo",
        is_audited=False,
    )


def write_run(
    folder: Path, layout: Layout, blocks: int | None = None, seed: int = 7
) -> tuple[RunFolder, Records]:
    """A run of random numbers: all blocks, or the first few; returns it and all its records."""
    folder.mkdir(parents=True, exist_ok=True)
    run = begin_or_resume(folder, manifest_of(layout, seed), overwrite=False)
    records = random_records(layout.paths, layout, seed)
    store = Store(run.store, layout, random_records(1, layout, seed + 1, days=1))
    count = layout.blocks
    for number in range(count if blocks is None else blocks):
        first = number * layout.chunk
        paths = min(layout.chunk, layout.paths - first)
        written = write_block(store, first, some_paths(records, first, paths))
        stopped = {"PRICE_OUT_OF_RANGE": 1} if number == 0 else {}
        kept = write_outcomes(run.path, layout, number, path_outcomes(Days(written.arrays, layout)))
        block = FinishedBlock(
            number,
            first,
            paths,
            written.sha256,
            written.stored_bytes,
            0.1,
            stopped,
            outcomes_sha256=kept,
            measures_sha256=measures_sha256(),
        )
        append_blocks(run.ledger, run.manifest.run_key, [block])
    run = open_run(folder)
    if blocks is None:
        write_manifest(folder, finished_manifest(run.manifest, run.finished))
        run = open_run(folder)
    return run, records


@pytest.fixture
def whole_run(tmp_path: Path, layout: Layout) -> RunFolder:
    return write_run(tmp_path / "run", layout)[0]


@pytest.fixture
def chunk_of(whole_run: RunFolder) -> Callable[[str, int], Path]:
    """File of a chunk by variable and block."""

    def find(variable: str, block: int) -> Path:
        (file,) = (whole_run.store / variable).glob(f"c.{block}.*" if variable != "status" else f"c.{block}")
        return file

    return find


@pytest.fixture
def agents_layout(layout: Layout) -> Layout:
    return replace(layout, funds=FUNDS, dealers=DEALERS, precision="float64")
