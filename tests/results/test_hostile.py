"""Folders of results that somebody made to do harm: refused in a sentence, soon, and with little memory."""

from __future__ import annotations

import contextlib
import json
import os
import tracemalloc
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import google_crc32c
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.results.errors import OutputError
from simulator.results.folder import RunFolder, open_run
from simulator.results.layout import BLOCK_MAX, DAYS_MAX, PATHS_MAX, Layout
from simulator.results.ledger import append_entry, read_failures
from simulator.results.manifest import MANIFEST, read_checked, write_checked
from simulator.results.reading import open_results, verify_run
from simulator.results.store import DamagedBlockError, blocks_on_disk, compress, decompress, strays
from simulator.scenario.declarations import declarations
from simulator.scenario.schema import Numerics, Scenario


def reseal(folder: Path, change: Callable[[dict[str, object]], object]) -> None:
    """Change a manifest and make its check fit again, as anybody can."""
    said, _ = read_checked(folder / MANIFEST)
    change(said)
    write_checked(folder / MANIFEST, said)


LAYOUTS = {
    "paths": (10**13, 10**400, 0, -1, "21", 21.5, None),
    "days": (10**9, 0),
    "block": (0, -8, 10**9, True),
    "precision": ("O", "object", "float16", 4),
    "opening": ("9999-12-31", "0001-01-01", "tomorrow"),
    "hedges": (["FV"], 3, [1, 2, 3]),
    "hedge_buckets": (["FV", "TY", "nothing"],),
    "buckets": ([f"bucket {n}" for n in range(100_000)],),
    "funds": (["fund 1"] * 2,),
    "told_day": (10**9,),
    "test_sale_paths": (10**12,),
    "attributes": ([],),
}


@pytest.mark.parametrize(("key", "value"), [(key, value) for key in LAYOUTS for value in LAYOUTS[key]])
def test_sizes_and_labels_that_no_run_has_are_refused(whole_run: RunFolder, key: str, value: object) -> None:
    reseal(whole_run.path, lambda said: said["layout"].update({key: value}))  # type: ignore[attr-defined]
    with pytest.raises(OutputError, match=r"manifest\.json: cannot be read"):
        open_results(whole_run.path)
    (damage,) = verify_run(whole_run.path)
    assert "cannot be read" in damage.what


def test_no_scenario_is_larger_than_what_is_accepted() -> None:
    paths, days = declarations(Scenario)["paths"].maximum, declarations(Scenario)["horizon"].maximum
    assert (paths, days) == (PATHS_MAX, DAYS_MAX)
    assert declarations(Numerics)["block"].maximum == BLOCK_MAX


@pytest.mark.parametrize("change", [{"seed": "7"}, {"status": "whole"}, {"scenario": []}, {"files": [3]}])
def test_values_of_other_types_are_refused(whole_run: RunFolder, change: dict[str, object]) -> None:
    reseal(whole_run.path, lambda said: said.update(change))
    with pytest.raises(OutputError, match=r"manifest\.json: cannot be read"):
        open_run(whole_run.path)


@pytest.mark.parametrize("copy", ["/dev/zero", "inputs/../../../etc/passwd", f"inputs/{'0' * 64}/../../x"])
def test_copies_of_data_files_lie_in_the_folder(whole_run: RunFolder, copy: str) -> None:
    reseal(whole_run.path, lambda said: said.update(data_files={"funds.csv": copy}))
    (damage,) = verify_run(whole_run.path)
    assert "a copy that lies elsewhere" in damage.what


def test_as_many_blocks_as_a_run_can_have_cost_no_memory(whole_run: RunFolder) -> None:
    layout = Layout(
        **{**asdict(whole_run.layout), "opening": whole_run.layout.opening, "paths": PATHS_MAX, "block": 1}
    )
    layout.check()
    tracemalloc.start()
    try:
        assert blocks_on_disk(whole_run.store, layout) == {0, 1, 2}
        assert strays(whole_run.store, layout) == []
        assert tracemalloc.get_traced_memory()[1] < 5e6
    finally:
        tracemalloc.stop()


def test_a_small_file_that_claims_to_be_large_is_not_believed(
    whole_run: RunFolder, chunk_of: Callable[[str, int], Path]
) -> None:
    chunk_of("dislocation", 1).write_bytes(compress(bytes(200_000_000), 4))
    (whole_run.store / "bucket" / "c.0").write_bytes(compress(bytes(200_000_000), 1))
    tracemalloc.start()
    try:
        found = verify_run(whole_run.path)
        assert tracemalloc.get_traced_memory()[1] < 20e6
    finally:
        tracemalloc.stop()
    assert {damage.block for damage in found} == {None, 1}


@pytest.mark.parametrize(("place", "length"), [(4, 2_000), (4, 2_100), (12, 4), (12, 2**31 - 1)], ids=str)
def test_lengths_that_a_chunk_claims_are_not_believed(place: int, length: int) -> None:
    """The compressor reads as far as the header says, also beyond the end; the checksum is of who wrote the file."""
    told = bytearray(compress(np.arange(512, dtype=np.float32).data, 4)[:-4])
    told[place : place + 4] = length.to_bytes(4, "little")
    with pytest.raises(DamagedBlockError, match="wrong size"):
        decompress(with_checksum(told), 2_048)


@given(st.data())
def test_a_chunk_that_anybody_could_have_written_is_read_or_refused(data: st.DataObject) -> None:
    packed = bytearray(compress(np.linspace(0.0, 1.0, 512, dtype=np.float32).data, 4)[:-4])
    for place, byte in data.draw(
        st.dictionaries(st.integers(16, len(packed) - 1), st.integers(0, 255))
    ).items():
        packed[place] = byte
    with contextlib.suppress(DamagedBlockError):
        assert len(decompress(with_checksum(packed), 2_048)) == 2_048


def with_checksum(packed: bytearray) -> bytes:
    return bytes(packed) + google_crc32c.value(bytes(packed)).to_bytes(4, "little")


def test_what_is_no_file_is_not_waited_for(
    whole_run: RunFolder, chunk_of: Callable[[str, int], Path]
) -> None:
    chunk = chunk_of("dislocation", 1)
    chunk.unlink()
    os.mkfifo(chunk)
    with chunk_of("dislocation", 2).open("r+b") as stream:
        stream.truncate(2**42)  # takes no room on the disk
    assert [damage.block for damage in verify_run(whole_run.path)] == [1, 2]
    ledger = whole_run.ledger
    ledger.unlink()
    os.mkfifo(ledger)
    with pytest.raises(OutputError, match="cannot be read"):
        open_run(whole_run.path)


@pytest.mark.parametrize(
    "change",
    [
        {"block": 10**12}, {"block": -1}, {"block": "1"}, {"block": [1]}, {"paths": 10**12}, {"first_path": 3},
        {"sha256": 1}, {"stopped": []}, {"audit": {}}, {"more": 1}, {"finished_at": "now"},
    ],
)  # fmt: skip
def test_lines_that_are_of_no_block_are_named_and_not_believed(
    whole_run: RunFolder, change: dict[str, object]
) -> None:
    entry = asdict(whole_run.finished[1]) | change
    append_entry(whole_run.ledger, whole_run.manifest.run_key, entry)
    assert open_run(whole_run.path).finished == whole_run.finished
    (damage,) = verify_run(whole_run.path)
    assert damage.what == "ledger.jsonl, line 4 is broken or of no block of the run"


def test_failures_that_are_none_are_left_out(whole_run: RunFolder) -> None:
    append_entry(whole_run.path / "failures.jsonl", whole_run.manifest.run_key, {"block": [1]})
    assert read_failures(whole_run.path, whole_run.manifest.run_key) == {}


@pytest.mark.parametrize("change", [{"funds": {"leverage": "8x"}}, {"seed": 8}, {"paths": 22}])
def test_a_manifest_that_tells_another_scenario_is_not_whole(
    whole_run: RunFolder, change: dict[str, object]
) -> None:
    assert verify_run(whole_run.path) == []
    reseal(whole_run.path, lambda said: said["scenario"].update(change))  # type: ignore[attr-defined]
    (damage,) = verify_run(whole_run.path)
    assert "than the numbers were made from" in damage.what
    assert json.loads((whole_run.path / MANIFEST).read_text())["status"] == "complete"
