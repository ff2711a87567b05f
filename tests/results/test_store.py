"""The store: what is written is what any reader of Zarr gets back, and damage never passes for numbers."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
import zarr

from simulator.engine.experiments import BlockPlays
from simulator.engine.parameters import CALL_COUNT, CHANNELS, SECTORS
from simulator.engine.records import some_paths
from simulator.results import store as stores
from simulator.results.folder import RunFolder
from simulator.results.layout import Layout
from simulator.results.reading import open_results
from simulator.results.store import DamagedBlockError, Store, read_block, results_digest, write_block
from simulator.results.template import consolidate
from simulator.results.variables import GROUPS, PLACES, PLAYED_WITHOUT_POLICY, WITHOUT_POLICY
from tests.results.conftest import random_records, write_run


@pytest.mark.parametrize("agents", [False, True])
def test_xarray_reads_back_every_number(
    tmp_path: Path, layout: Layout, agents_layout: Layout, agents: bool
) -> None:
    layout = agents_layout if agents else layout
    run, records = write_run(tmp_path / "run", layout)
    opening = random_records(1, layout, 8, days=1)
    results = open_results(run.path)

    def check(name: str, days: np.ndarray, day_0: np.ndarray) -> None:
        assert results[name].dtype == np.dtype(layout.precision)
        np.testing.assert_array_equal(results[name].values[:, 1:], days)
        np.testing.assert_array_equal(results[name].values[:, 0], np.broadcast_to(day_0, days[:, 0].shape))

    for name, (group, _) in PLACES.items():
        if group.kept == "always" or (agents and group.kept == "agents"):
            check(name, records.of(name), opening.of(name)[0, 0])
    if agents:
        assert results["fund_equity_by_fund"].dims == ("path", "day", "fund")
    np.testing.assert_array_equal(results["status"], records.status[:, 0])
    np.testing.assert_array_equal(results["stopped_on_day"], records.status[:, 1] + 1)


def test_paths_played_again_begin_where_they_were_played(layout: Layout) -> None:
    played, opening = random_records(3, layout, 7), random_records(1, layout, 8, days=1)
    name = PLAYED_WITHOUT_POLICY[0]
    twin, days = f"{name}{WITHOUT_POLICY}", played.of(name) + 1.0
    plays = BlockPlays(played, {twin: days})
    for stored, after in ((name, played.of(name)), (twin, days)):
        found = plays.with_opening(stored, opening)
        np.testing.assert_array_equal(found[:, 1:], after)
        np.testing.assert_array_equal(found[:, 0], np.broadcast_to(opening.of(name)[0, 0], after[:, 0].shape))


def test_dimensions_labels_units_and_dates(whole_run: RunFolder, layout: Layout) -> None:
    results = open_results(whole_run.path)
    markets = {"bucket": 2, "hedge": 3, "trade": 4}
    channels = {"channel": len(CHANNELS), "call": CALL_COUNT, "sector": len(SECTORS)}
    assert dict(results.sizes) == {"path": 21, "day": 6} | markets | channels
    assert results["trade"].values.tolist() == ["FV", "TY", "SWAP10", "TYX"]
    assert results["dislocation"].sel(path=20, day=3, hedge="TY").shape == ()
    assert results["path"].values.tolist() == list(range(21))
    # Good Friday, 10 April, is no trading day
    dates = results["date"].values.astype("datetime64[D]").astype(str).tolist()
    assert dates == ["2020-04-08", "2020-04-09", "2020-04-13", "2020-04-14", "2020-04-15", "2020-04-16"]
    for variable in (each for group in GROUPS if not group.of_agents for each in group.variables):
        attributes = results[variable.name].attrs
        assert (attributes["units"], attributes["long_name"]) == (variable.unit, variable.meaning)
    assert results.attrs["Conventions"] == "CF-1.11"
    assert results["status"].attrs["flag_meanings"] == " ".join(layout.statuses)
    assert results["status"].attrs["flag_values"] == [0, 1, 2]


def test_every_array_has_the_checksum_codec_and_no_other(whole_run: RunFolder) -> None:
    for file in whole_run.store.glob("*/zarr.json"):
        codecs = [codec["name"] for codec in json.loads(file.read_text())["codecs"]]
        assert codecs[-2:] == ["blosc", "crc32c"]
        assert codecs[0] in ("bytes", "vlen-utf8")


def test_chunks_are_those_that_zarr_itself_writes(whole_run: RunFolder, tmp_path: Path) -> None:
    array = zarr.open_array(whole_run.store / "dislocation")
    numbers = np.array(array[8:16])
    ours = (whole_run.store / "dislocation" / "c.1.0.0").read_bytes()
    array[8:16] = numbers
    assert (whole_run.store / "dislocation" / "c.1.0.0").read_bytes() == ours


def test_the_digest_does_not_depend_on_blocks(tmp_path: Path, layout: Layout) -> None:
    digests = set()
    for block in (1, 4, 8, 20, 64):
        cut_so = replace(layout, block=block)
        run, _ = write_run(tmp_path / f"run-{block}", cut_so)
        digests.add(results_digest(run.store, cut_so))
    assert len(digests) == 1


def test_any_changed_number_changes_hash_and_digest(tmp_path: Path, layout: Layout) -> None:
    run, records = write_run(tmp_path / "run", layout)
    opening = random_records(1, layout, 8, days=1)
    before = run.finished[0].sha256, results_digest(run.store, layout)
    for array in (getattr(records, group.name).values for group in GROUPS if not group.of_agents):
        place = (-1, 3, -1, -1)
        kept = array[place]
        array[place] = np.nextafter(kept, np.float32(np.inf))
        written = write_block(Store(run.store, layout, opening), 0, some_paths(records, 0, 8))
        assert written.sha256 != before[0]
        assert results_digest(run.store, layout) != before[1]
        array[place] = kept
    write_block(Store(run.store, layout, opening), 0, some_paths(records, 0, 8))
    assert results_digest(run.store, layout) == before[1]


@pytest.mark.parametrize(("first", "count"), [(4, 8), (0, 7), (8, 9), (16, 8), (24, 1)])
def test_a_block_that_is_no_chunk_is_refused(tmp_path: Path, layout: Layout, first: int, count: int) -> None:
    run, _ = write_run(tmp_path / "run", layout, blocks=0)
    store = Store(run.store, layout, random_records(1, layout, 8, days=1))
    big = random_records(64, layout, 3)
    with pytest.raises(ValueError, match="no chunk of the store"):
        write_block(store, first, some_paths(big, 0, count))


def test_size_of_a_path_is_what_is_stored(whole_run: RunFolder, layout: Layout) -> None:
    arrays = read_block(whole_run.store, layout, 0)
    assert sum(array.nbytes for array in arrays.values()) == layout.bytes_of_path() * 8


def test_every_flipped_bit_raises_here_and_in_xarray(
    whole_run: RunFolder, layout: Layout, chunk_of: Callable[[str, int], Path]
) -> None:
    random = np.random.default_rng(1)
    for variable in ("dislocation", "repo_spread", "fund_calls", "status"):
        file = chunk_of(variable, 1)
        sound = file.read_bytes()
        for _ in range(25):
            data = bytearray(sound)
            data[random.integers(len(data))] ^= 1 << int(random.integers(8))
            file.write_bytes(data)
            with pytest.raises(DamagedBlockError, match=f"{variable}: the chunk of block 1 is damaged"):
                read_block(whole_run.store, layout, 1)
            with pytest.raises((ValueError, RuntimeError)):
                open_results(whole_run.path)[variable].load()
        file.write_bytes(sound)
    assert read_block(whole_run.store, layout, 1)


def test_cut_empty_and_missing_chunks_are_found(
    whole_run: RunFolder, layout: Layout, chunk_of: Callable[[str, int], Path]
) -> None:
    file = chunk_of("fund_packages", 2)
    sound = file.read_bytes()
    for length in (0, 1, 3, 4, len(sound) // 2, len(sound) - 1):
        file.write_bytes(sound[:length])
        with pytest.raises(DamagedBlockError, match="damaged"):
            read_block(whole_run.store, layout, 2)
    file.unlink()
    with pytest.raises(DamagedBlockError, match="fund_packages: the chunk of block 2 is missing"):
        read_block(whole_run.store, layout, 2)
    # why it matters: to every other reader a missing chunk is NaN
    plain_zarr = xr.open_zarr(whole_run.store, consolidated=False, chunks=None)
    assert bool(np.isnan(plain_zarr["fund_packages"].values[16:]).all())


class Forgetful(io.BytesIO):
    """A disk that gives back other bytes than it was given."""

    def readinto(self, buffer: Any) -> int:
        size = super().readinto(buffer)
        memoryview(buffer)[size - 1] ^= 1
        return size


def test_a_failed_write_leaves_nothing_behind(
    tmp_path: Path, layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, records = write_run(tmp_path / "run", layout, blocks=0)
    store = Store(run.store, layout, random_records(1, layout, 8, days=1))
    written: list[Path] = []

    def disk_that_forgets(file: Path, mode: str) -> Forgetful:
        written.append(file)
        return Forgetful()

    monkeypatch.setattr(stores.Path, "open", disk_that_forgets)
    with pytest.raises(OSError, match="read back") as failed:
        write_block(store, 0, some_paths(records, 0, 8))
    monkeypatch.undo()
    assert failed.value.filename == str(run.store / "fundamental_yield_change" / "c.0.0.0")
    assert stores.blocks_on_disk(run.store, layout) == set()
    assert not written[0].exists()


def test_consolidated_metadata_opens_too(whole_run: RunFolder) -> None:
    consolidate(whole_run.store, whole_run.layout)
    with xr.open_zarr(whole_run.store, consolidated=True, chunks=None) as results:
        assert results["dislocation"].shape == (21, 6, 3)
    assert open_results(whole_run.path)["dislocation"].shape == (21, 6, 3)
