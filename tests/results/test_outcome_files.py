"""Outcomes as a run keeps them: read instead of the days, never believed when they are not what was written."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest

from simulator.results import outcome_files, outcomes
from simulator.results.folder import RunFolder, open_run
from simulator.results.layout import Array, Days
from simulator.results.ledger import append_entry
from simulator.results.manifest import PACKAGE
from simulator.results.outcome_files import DECISIVE, read_outcomes
from simulator.results.outcomes import Outcomes, collect_outcomes
from simulator.results.reading import verify_run
from tests.architecture.test_house import imported, modules


def same(one: Outcomes, other: Outcomes) -> bool:
    return np.array_equal(one.path, other.path) and all(
        np.array_equal(values, other[name], equal_nan=True) for name, values in one.arrays.items()
    )


@pytest.fixture
def from_days(whole_run: RunFolder) -> Outcomes:
    """Outcomes of the run as they are made from its days."""
    unknown = {number: replace(block, measures_sha256="") for number, block in whole_run.finished.items()}
    return collect_outcomes(replace(whole_run, finished=unknown))


@pytest.fixture
def made_again(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Paths of each block whose outcomes are made from its days."""
    found: list[int] = []

    def counted(
        arrays: Days, make: Callable[[Days], dict[str, Array]] = outcomes.path_outcomes
    ) -> dict[str, Array]:
        found.append(len(arrays["status"]))
        return make(arrays)

    monkeypatch.setattr(outcomes, "path_outcomes", counted)
    return found


def test_what_is_kept_is_what_days_come_to_and_needs_no_days(
    whole_run: RunFolder, from_days: Outcomes, made_again: list[int]
) -> None:
    shutil.rmtree(whole_run.store)
    assert same(collect_outcomes(whole_run), from_days)
    assert made_again == []
    assert np.isnan(from_days["dislocation_move"]).any()  # a path that stopped


def flip(file: Path) -> None:
    data = bytearray(file.read_bytes())
    data[-3] ^= 4
    file.write_bytes(data)


def take_that_of_another(file: Path) -> None:
    shutil.copy(file.with_name("block-0000000.npy"), file)


@pytest.mark.parametrize(
    "injure",
    [
        flip,
        take_that_of_another,
        Path.unlink,
        lambda file: file.write_bytes(b""),
        lambda file: file.write_bytes(file.read_bytes()[:-1]),
        lambda file: file.write_bytes(file.read_bytes() + b"x"),
    ],
)  # fmt: skip
def test_what_is_not_as_written_is_made_from_days(
    whole_run: RunFolder, from_days: Outcomes, made_again: list[int], injure: Callable[[Path], object]
) -> None:
    injure(whole_run.path / "outcomes" / "block-0000001.npy")
    assert same(collect_outcomes(whole_run), from_days)
    assert made_again == [8]


def test_a_hash_made_anew_does_not_make_another_size_a_file_of_ours(whole_run: RunFolder) -> None:
    """A ledger may say anything: rows of another number or kind are not read."""
    file = whole_run.path / "outcomes" / "block-0000001.npy"
    for rows in (np.zeros(8, "<f4"), np.load(file)[:7], np.concatenate([np.load(file)] * 2)):
        np.save(file, rows)
        said = hashlib.sha256(file.read_bytes()).hexdigest()
        block = replace(whole_run.finished[1], outcomes_sha256=said)
        assert read_outcomes(whole_run.path, whole_run.layout, [block]) == {}


def test_outcomes_of_other_code_are_made_from_days(
    whole_run: RunFolder, from_days: Outcomes, made_again: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outcome_files, "measures_sha256", lambda: "other code")
    assert same(collect_outcomes(whole_run), from_days)
    assert made_again == [8, 8, 5]


def test_runs_from_before_outcomes_were_kept_are_read(
    whole_run: RunFolder, from_days: Outcomes, made_again: list[int]
) -> None:
    shutil.rmtree(whole_run.path / "outcomes")
    whole_run.ledger.write_text("")
    for block in whole_run.finished.values():
        said = asdict(block)
        del said["outcomes_sha256"], said["measures_sha256"]
        append_entry(whole_run.ledger, whole_run.manifest.run_key, said)
    assert same(collect_outcomes(open_run(whole_run.path)), from_days)
    assert made_again == [8, 8, 5]
    assert verify_run(whole_run.path) == []


def test_numpy_opens_the_files(whole_run: RunFolder, from_days: Outcomes) -> None:
    rows = np.load(whole_run.path / "outcomes" / "block-0000002.npy")
    assert rows.shape == (5,)
    np.testing.assert_array_equal(rows["dislocation_move"], from_days["dislocation_move"][16:])


def test_the_code_that_decides_is_named() -> None:
    """All that the tables of measures and days import of the results, but for dates, which no outcome needs."""
    named = {"simulator." + file.removesuffix(".py").replace("/", ".") for file in DECISIVE}
    assert all((PACKAGE / file).is_file() for file in DECISIVE)
    for module in named - {"simulator.results.outcomes"}:
        used = {name for name in imported(modules()[module]) if name.startswith("simulator.results")}
        assert used - {"simulator.results"} <= named | {"simulator.results.calendar"}
