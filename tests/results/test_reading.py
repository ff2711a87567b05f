"""Opening and verifying results: nothing incomplete, damaged or foreign passes for a whole run."""

from __future__ import annotations

import json
import pickle
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from simulator.results.errors import OutputError
from simulator.results.folder import RunFolder
from simulator.results.layout import Layout
from simulator.results.ledger import append_blocks
from simulator.results.reading import open_results, verify_run
from tests.results.conftest import write_run

INJURIES = 200
KINDS = ("bit", "cut", "empty", "missing", "swapped", "ledger bit", "ledger line", "junk", "metadata")
ON_OUTCOMES = KINDS[:5]


def test_a_whole_run_verifies(whole_run: RunFolder) -> None:
    assert verify_run(whole_run.path) == []
    assert open_results(whole_run.path, verify=True).sizes["path"] == 21
    assert open_results(str(whole_run.store)).sizes["path"] == 21


def test_an_incomplete_run_opens_only_when_asked(tmp_path: Path, layout: Layout) -> None:
    run, records = write_run(tmp_path / "run", layout, blocks=1)
    with pytest.raises(OutputError, match="incomplete run, 8 of 21 paths"):
        open_results(run.path)
    results = open_results(run.path, allow_incomplete=True)
    assert results["path"].values.tolist() == list(range(8))
    np.testing.assert_array_equal(results["repo_spread"].values[:, 1:], records.of("repo_spread")[:8])
    assert {damage.block for damage in verify_run(run.path)} == {1, 2}


def test_chunks_without_a_line_in_the_ledger_do_not_exist(whole_run: RunFolder) -> None:
    lines = whole_run.ledger.read_text().splitlines(keepends=True)
    whole_run.ledger.write_text("".join(lines[:2]))
    with pytest.raises(OutputError, match="incomplete run, 16 of 21 paths"):
        open_results(whole_run.path)


def test_chunks_may_be_opened_as_blocks(whole_run: RunFolder) -> None:
    results = open_results(whole_run.path, chunked=True)
    assert results["dislocation"].chunks == ((8, 8, 5), (6,), (3,))


def test_two_hundred_injuries_are_all_found(whole_run: RunFolder) -> None:
    random = np.random.default_rng(3)
    chunks = sorted(whole_run.store.rglob("c.*"))
    kept = sorted(whole_run.path.glob("outcomes/*.npy"))
    assert len(kept) == 3
    for injury in range(INJURIES):
        kind = KINDS[injury % len(KINDS)]
        file = _target(whole_run, kind, chunks[random.integers(len(chunks))])
        if kind in ON_OUTCOMES and injury % 4 == 0:
            file = kept[random.integers(len(kept))]
        sound = file.read_bytes()
        _injure(file, kind, random)
        assert _is_found(whole_run.path), f"{kind} of {file} was not found"
        file.with_name("junk").unlink(missing_ok=True)
        file.write_bytes(sound)
    assert verify_run(whole_run.path) == []


def _is_found(folder: Path) -> bool:
    try:
        return bool(verify_run(folder))
    except OutputError:  # damage to the coordinates: nothing can be trusted
        return True


def _target(run: RunFolder, kind: str, chunk: Path) -> Path:
    if kind.startswith("ledger"):
        return run.ledger
    return chunk.with_name("zarr.json") if kind == "metadata" else chunk


def _injure(file: Path, kind: str, random: np.random.Generator) -> None:
    data = bytearray(file.read_bytes())
    place = int(random.integers(len(data)))
    if kind in ("bit", "ledger bit"):
        data[place] ^= 1 << int(random.integers(8))
        file.write_bytes(data)
    elif kind == "cut":
        file.write_bytes(data[:place])
    elif kind == "empty":
        file.write_bytes(b"")
    elif kind == "missing":
        file.unlink()
    elif (
        kind == "swapped"
    ):  # a whole chunk in the wrong place: its checksum holds, the hash of the block does not
        others = [other.read_bytes() for other in sorted(file.parent.iterdir()) if other.read_bytes() != data]
        file.write_bytes(others[0] if others else b"")
    elif kind == "metadata":
        said = json.loads(data)
        keys = ("shape", "chunk_grid", "data_type", "codecs", "dimension_names", "attributes")
        said[keys[place % len(keys)]] = None
        file.write_text(json.dumps(said))
    elif kind == "ledger line":
        lines = bytes(data).splitlines(keepends=True)
        del lines[place % len(lines)]
        file.write_bytes(b"".join(lines))
    else:
        file.with_name("junk").write_bytes(b"junk")


def test_a_ledger_that_promises_other_numbers_is_found(whole_run: RunFolder) -> None:
    said = whole_run.finished[1]
    append_blocks(whole_run.ledger, whole_run.manifest.run_key, [type(said)(1, 8, 8, "0" * 64, 1, 0.0)])
    whats = [damage.what for damage in verify_run(whole_run.path)]
    assert whats == [
        "manifest.json says that the run is complete with other numbers than the ledger's",
        "is not what the ledger says",
    ]
    with pytest.raises(OutputError, match="block 1 is not what the ledger says"):
        open_results(whole_run.path, verify=True)


def test_a_missing_chunk_is_refused_without_reading_all(
    whole_run: RunFolder, chunk_of: Callable[[str, int], Path]
) -> None:
    chunk_of("auction_tail", 2).unlink()
    with pytest.raises(OutputError, match="1 damaged of 3 blocks; the first: block 2 is missing on disk"):
        open_results(whole_run.path)


class _Bomb:
    """Touches a file when it is unpickled."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def __reduce__(self) -> tuple[object, ...]:
        return Path.touch, (self.file,)


def _planted(store: Path, kind: str, bomb: bytes) -> None:
    array = store / "repo_spread"
    metadata = json.loads((array / "zarr.json").read_text())
    if kind == "pickle codec":
        metadata["codecs"] = [{"name": "numcodecs.pickle", "configuration": {}}]
        (array / "c.0.0").write_bytes(bomb)
    elif kind == "object type":
        metadata["data_type"] = "object"
        (array / "c.0.0").write_bytes(bomb)
    elif kind == "no codecs":
        metadata["codecs"] = []
    elif kind == "transformer":
        metadata["storage_transformers"] = [{"name": "other"}]
    (array / "zarr.json").write_text(json.dumps(metadata))
    if kind == "version 2":
        for file in store.rglob("zarr.json"):
            file.unlink()
        (store / ".zgroup").write_text('{"zarr_format": 2}')
        (array / ".zarray").write_text(
            json.dumps(
                {
                    "zarr_format": 2, "shape": [21, 6], "chunks": [8, 6], "dtype": "|O", "fill_value": None,
                    "order": "C", "compressor": None, "filters": [{"id": "pickle", "protocol": 5}],
                }
            )
        )  # fmt: skip
        (array / "0.0").write_bytes(bomb)
    elif kind == "stray v2 array":
        (store / "planted").mkdir()
        (store / "planted" / ".zarray").write_text("{}")
    elif kind == "linked array":
        shutil.move(array, store.parent / "elsewhere")
        array.symlink_to(store.parent / "elsewhere", target_is_directory=True)
    elif kind == "linked store":
        shutil.move(store, store.parent / "elsewhere")
        store.symlink_to(store.parent / "elsewhere", target_is_directory=True)
    elif kind == "no metadata":
        (store / "zarr.json").write_text("null")


@pytest.mark.parametrize(
    "kind",
    [
        "pickle codec", "object type", "no codecs", "transformer", "version 2", "stray v2 array",
        "linked array", "linked store", "no metadata",
    ],
)  # fmt: skip
def test_planted_stores_are_refused_and_run_no_code(whole_run: RunFolder, tmp_path: Path, kind: str) -> None:
    touched = tmp_path / "touched"
    _planted(whole_run.store, kind, pickle.dumps(_Bomb(touched)))
    with pytest.raises(OutputError, match=r"did not write|no folder of results"):
        open_results(whole_run.path)
    assert any("results.zarr" in damage.what for damage in verify_run(whole_run.path))
    assert not touched.exists()


def test_no_run_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="found no results of a run there"):
        open_results(tmp_path)
