"""An estimation: the same bits wherever it is done, resumed where it was stopped, refused when it is another one."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from simulator.estimation.procedure import RESULT, SETS, Effort, read_record, run_estimation
from simulator.estimation.targets import LoadedTargets
from simulator.results.errors import OutputError
from simulator.scenario.parameter_sets import read_sets
from tests.estimation.conftest import KEYS, TINY, estimate


def lines_of(folder: Path) -> list[str]:
    return (folder / "ledger.jsonl").read_text(encoding="utf-8").splitlines()


def test_the_result_is_weighted_sets_with_their_provenance(folder: Path) -> None:
    sets = read_sets(folder / SETS)
    assert sets.keys == tuple(sorted(KEYS, key=sets.keys.index))
    assert set(sets.keys) == set(KEYS)
    assert len(sets.values) == TINY.sets
    assert sum(sets.weights) == pytest.approx(1.0)
    assert {"targets", "files", "seed", "source_sha256", "code_version", "effort"} <= set(sets.provenance)
    assert not any("/" in used["file"] for used in sets.provenance["files"])


def test_the_record_tells_parameters_targets_and_score(folder: Path) -> None:
    record = read_record(folder)
    assert {row["key"] for row in record["parameters"]} == set(KEYS)
    assert [row["is_fitted"] for row in record["targets"]].count(True) == 6
    assert TINY.wide + TINY.near + TINY.sets + 2 < record["simulations"] <= TINY.points(len(KEYS))
    assert record["score_at_centre"] < record["score_at_defaults"]
    by_key = {row["key"]: row for row in record["parameters"]}
    assert by_key["lenders.scarcity_ceiling"]["verdict"] != "pinned down"
    for row in record["parameters"]:
        assert row["prior"]["low"] <= row["low"] <= row["median"] <= row["high"] <= row["prior"]["high"]


def test_an_estimation_goes_on_where_it_was_stopped(
    loaded: LoadedTargets, folder: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    kept = [*lines_of(copy)[:40], '{"torn": ']
    (copy / "ledger.jsonl").write_text("\n".join(kept), encoding="utf-8")
    for name in (SETS, RESULT):
        (copy / name).unlink()
    again = estimate(loaded, copy)
    assert again is not None
    assert again.sets.sha256 == read_sets(folder / SETS).sha256
    done = [json.loads(line) for line in lines_of(copy) if line.endswith("}")]
    assert len(done) == read_record(folder)["simulations"]


def test_one_thread_gives_the_same_bits(loaded: LoadedTargets, folder: Path, tmp_path: Path) -> None:
    alone = estimate(loaded, tmp_path / "alone", threads=1)
    assert alone is not None
    assert alone.sets.sha256 == read_sets(folder / SETS).sha256


@pytest.mark.slow
def test_workers_of_a_cluster_give_the_same_bits(loaded: LoadedTargets, folder: Path, tmp_path: Path) -> None:
    found = estimate(loaded, tmp_path / "out", workers=2)
    assert found is not None
    assert found.sets.sha256 == read_sets(folder / SETS).sha256


def test_another_estimation_in_the_folder_is_refused(loaded: LoadedTargets, folder: Path) -> None:
    with pytest.raises(OutputError, match="found other results there"):
        run_estimation(loaded, folder, effort=replace(TINY, sets=12))
    with pytest.raises(OutputError, match="found other results there"):
        run_estimation(loaded, folder, effort=TINY, seed=2)


def test_the_size_of_an_estimation() -> None:
    effort = Effort(wide=64, wide_paths=10, near=32, near_paths=20, sets=8, sets_paths=40, steps=3)
    assert effort.points(parameters=5) == 64 + 32 + 8 + 2 + 3 * 6
    assert effort.paths(parameters=5, scenarios=2) == 2 * (640 + 640 + 10 * 40 + 18 * 20)
