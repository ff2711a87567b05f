"""A run: the same numbers however it is cut, stopped, damaged and resumed."""

from __future__ import annotations

import json
import os
import pickle
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from simulator.engine.opening.prepare import prepare
from simulator.engine.simulate import simulate_block
from simulator.engine.status import PRICE_OUT_OF_RANGE
from simulator.ensemble.cores import pin_linear_algebra
from simulator.ensemble.execution import RunOutcome, run_scenario
from simulator.ensemble.jobs import do_each
from simulator.ensemble.under_way import Terms, run_under_way
from simulator.results.errors import BAD_INPUT, ENVIRONMENT, UNFINISHED, OutputError
from simulator.results.folder import open_run
from simulator.results.locks import locked
from simulator.results.measures import DYSFUNCTION_BP
from simulator.results.outcomes import collect_outcomes
from simulator.results.reading import open_results, verify_run
from simulator.results.store import results_digest
from simulator.results.variables import PLACES
from tests.ensemble.conftest import WILD, Run, load_toy, run_command


def digest(outcome: RunOutcome) -> str:
    return results_digest(outcome.folder.store, outcome.folder.layout)


def test_the_store_holds_what_the_engine_played(toy_run: RunOutcome) -> None:
    loaded = load_toy("output.agents=true", "paths=44")
    records = simulate_block(prepare(loaded.scenario), 0, 44, agents=True).records
    results = open_results(toy_run.folder.path, verify=True)
    for name in (name for name, (group, _) in PLACES.items() if not group.of_named):
        np.testing.assert_array_equal(results[name].values[:, 1:], records.of(name))
    assert float(np.abs(results["cash_yield_change"]).max()) > 1.0


def test_day_zero_is_the_opening_of_the_scenario(toy_run: RunOutcome) -> None:
    opening = open_results(toy_run.folder.path).isel(path=3, day=0)
    market = load_toy().scenario.market
    for name, bucket in market.buckets.items():
        here = opening.sel(bucket=name, hedge=name, trade=name)
        packages, dislocation = market.trades[name].fund_packages, market.hedges[name].dislocation
        assert float(here["fund_packages"]) == pytest.approx(packages, rel=1e-6)
        assert float(here["dislocation"]) == pytest.approx(dislocation, rel=1e-6)
        assert float(here["volatility"]) == pytest.approx(bucket.volatility, rel=1e-6)
        assert float(here["foreign_bonds"]) == pytest.approx(bucket.foreign_bonds, rel=1e-6)
        assert float(here["cash_yield_change"]) == 0.0
    assert str(opening["date"].values)[:10] == market.date


@pytest.mark.parametrize(("block", "threads"), [(8, 1), (5, 2), (44, 1), (1, 4), (64, 3)])
def test_the_same_bits_for_any_blocks_and_threads(
    run_toy: Run, toy_run: RunOutcome, block: int, threads: int
) -> None:
    overrides = ("output.agents=true", "paths=44", f"numerics.block={block}")
    assert digest(run_toy(overrides=overrides, threads=threads)) == digest(toy_run)


def test_another_seed_gives_other_bits(run_toy: Run, toy_run: RunOutcome) -> None:
    assert digest(run_toy(overrides=("output.agents=true", "paths=44", "seed=8"))) != digest(toy_run)


def test_a_longer_run_begins_with_the_shorter(run_toy: Run, toy_run: RunOutcome) -> None:
    longer = open_results(run_toy(overrides=("paths=60",)).folder.path)
    shorter = open_results(toy_run.folder.path)
    for name in ("dislocation", "fund_packages", "repo_spread"):
        np.testing.assert_array_equal(longer[name].values[:44], shorter[name].values)


@pytest.mark.parametrize("sampling", ["antithetic", "sobol"])
def test_other_samplings_do_not_depend_on_blocks(run_toy: Run, sampling: str) -> None:
    overrides = (f"drivers.sampling={sampling}", "paths=20")
    first = run_toy("first", (*overrides, "numerics.block=7"))
    assert digest(first) == digest(run_toy("second", (*overrides, "numerics.block=20")))


def test_paths_played_again_do_not_depend_on_blocks_and_are_resumed(run_toy: Run) -> None:
    purchases = (
        "central_bank.outright.mode=schedule",
        "central_bank.outright.schedule=[{day: 3d, pace: $9bn}]",
    )
    overrides = (*purchases, "paths=20", "output.paths_without_policy=13", "output.test_sale_paths=9")
    whole = run_toy("whole", (*overrides, "numerics.block=20"), threads=1)
    layout = whole.folder.manifest.layout
    assert (layout["has_policy"], layout["paths_without_policy"], layout["test_sale_paths"]) == (True, 13, 9)
    parts = run_toy("parts", (*overrides, "numerics.block=7"), threads=2)
    ledger = parts.folder.ledger.read_text().splitlines(keepends=True)
    parts.folder.ledger.write_text("".join(ledger[1:]))
    resumed = run_toy("parts", (*overrides, "numerics.block=7"), threads=2)
    assert not resumed.was_complete
    assert digest(resumed) == digest(parts) == digest(whole)
    results = open_results(resumed.folder.path, verify=True)
    alone, played = results["cash_yield_change_without_policy"], results["cash_yield_change"]
    np.testing.assert_array_equal(alone.notnull().all(("day", "bucket")), np.arange(20) < 13)
    np.testing.assert_array_equal(alone.isel(day=0, path=slice(13)), played.isel(day=0, path=slice(13)))
    assert results["test_sale_day"].notnull().sum() == 9
    outcomes = collect_outcomes(resumed.folder)
    assert np.isfinite(outcomes["added_in_all"]).sum() == 13
    longer = open_results(run_toy("longer", (*overrides, "paths=30")).folder.path)
    np.testing.assert_array_equal(longer["unwind_impact"].values[:20], results["unwind_impact"].values)


def test_double_precision_is_kept(run_toy: Run) -> None:
    results = open_results(run_toy(overrides=("output.precision=float64",)).folder.path)
    values = results["dislocation"].values
    assert values.dtype == np.float64
    assert bool((values != values.astype(np.float32)).any())


def test_what_a_block_sends_does_not_grow_with_it(tmp_path: Path) -> None:
    with run_under_way(load_toy("paths=400", "numerics.block=400"), tmp_path / "run", Terms()) as under_way:
        (task,) = under_way.tasks()
        opened = under_way.job.open()
        (done,) = do_each(opened, [task])
        whole = opened.play(task.part).reduced
    assert len(pickle.dumps(done)) < 2_000
    assert sum(values.nbytes for values in whole.values()) > 50_000  # what is left where it was made
    alone = replace(under_way.job, store=None).open().do(task.part)
    assert all(np.array_equal(alone.reduced[name], whole[name], equal_nan=True) for name in whole)


def test_what_is_finished_is_not_computed_again(run_toy: Run) -> None:
    first = run_toy()
    whole, ledger = digest(first), first.folder.ledger.read_text().splitlines(keepends=True)
    first.folder.ledger.write_text("".join(ledger[1:]))
    second = run_toy()
    assert not second.was_complete
    assert second.folder.ledger.read_text().splitlines(keepends=True)[:2] == ledger[1:]
    (again,) = second.folder.ledger.read_text().splitlines()[2:]
    assert json.loads(again)["block"] == json.loads(ledger[0])["block"]
    assert digest(second) == whole
    third = run_toy()
    assert third.was_complete
    known = collect_outcomes(second.folder).dataset()
    assert collect_outcomes(third.folder).dataset().equals(known)


@pytest.mark.parametrize("injury", ["flipped", "missing", "another block"])
def test_damaged_blocks_and_no_others_are_computed_again(run_toy: Run, injury: str) -> None:
    first = run_toy()
    whole = digest(first)
    file = first.folder.store / "dislocation" / "c.1.0.0"
    if injury == "flipped":
        file.write_bytes(bytes([file.read_bytes()[0] ^ 1]) + file.read_bytes()[1:])
    elif injury == "missing":
        file.unlink()
    else:
        file.write_bytes(file.with_name("c.0.0.0").read_bytes())
    assert [damage.block for damage in verify_run(first.folder.path)] == [1]
    second = run_toy()
    again = [json.loads(line)["block"] for line in second.folder.ledger.read_text().splitlines()]
    assert again == [block for block in again if block != 1] + [1]
    assert verify_run(second.folder.path) == []
    assert digest(second) == whole


def test_a_run_of_another_seed_is_not_mixed_in(run_toy: Run, tmp_path: Path) -> None:
    first = run_toy()
    before = digest(first)
    with pytest.raises(OutputError, match="the seed changed"):
        run_toy(overrides=("seed=8",))
    assert digest(first) == before
    replaced = run_toy(overrides=("seed=8",), overwrite=True)
    assert replaced.folder.manifest.seed == 8
    assert verify_run(tmp_path / "run") == []


def test_the_manifest_alone_gives_the_run_again(toy_run: RunOutcome, tmp_path: Path) -> None:
    from simulator.scenario.loading import load_scenario

    again = tmp_path / "again.json"  # JSON is YAML
    again.write_text(json.dumps(dict(toy_run.folder.manifest.scenario)))
    loaded = load_scenario(again)
    assert digest(run_scenario(loaded, tmp_path / "run")) == digest(toy_run)
    assert toy_run.folder.manifest.origins["seed"].endswith("toy.yaml:3")
    assert toy_run.folder.manifest.origins["paths"] == "--set"


def test_paths_that_stop_leave_the_averages_and_the_others_go_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "wild"
    loaded = load_toy(*WILD, "paths=256", "numerics.block=64")
    assert run_command(loaded, output=folder, as_json=True) == UNFINISHED
    said = json.loads(capsys.readouterr().out)
    results = open_results(folder)
    stopped = results["status"].values > 0
    assert 0 < stopped.sum() < 256
    assert sum(group["count"] for group in said["stopped"]) == stopped.sum()
    values = results["dislocation"].values
    assert not np.isnan(values[~stopped]).any()
    for path in np.flatnonzero(stopped):
        day = int(results["stopped_on_day"][path])
        assert not np.isnan(values[path, :day]).any()
        assert np.isnan(values[path, day:]).all()
    move = np.abs(values - values[:, :1]).max(axis=(1, 2))[~stopped]
    share = 100.0 * np.mean(move > DYSFUNCTION_BP)
    found = said["tables"]["failures"]["dysfunction"]["probability"]["value"]
    assert found == pytest.approx(share)


def test_stopped_paths_are_counted_named_and_explained(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from simulator.engine import simulate

    def stopping(prepared: object, first_path: int, path_count: int, **options: object) -> object:
        result = simulate_block(prepared, first_path, path_count, **options)  # type: ignore[arg-type]
        for path in {2, 9, 17, 18} & set(range(first_path, first_path + path_count)):
            result.records.status[path - first_path] = (PRICE_OUT_OF_RANGE, 11)
            for name in ("cash_yield_change", "dislocation", "fund_packages", "repo_spread"):
                result.records.of(name)[path - first_path, 11:] = np.nan
        return result

    monkeypatch.setattr(simulate, "simulate_block", stopping)
    assert run_command(load_toy(), output=tmp_path / "run") == UNFINISHED
    shown = capsys.readouterr().out
    assert "4 of 24 paths stopped: PRICE_OUT_OF_RANGE on day 12 (4 paths: 2, 9, 17, …)." in shown
    assert "PRICE_OUT_OF_RANGE: a bond or hedge price left (0, 1000] per face" in shown
    assert "Averages and quantiles leave them out. Look at one with: --path 2 --audit" in shown
    assert "± is one Monte Carlo standard error, from 20 paths." in shown


def test_a_block_that_fails_is_named_and_can_be_resumed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from simulator.engine import simulate

    def poisoned(prepared: object, first_path: int, path_count: int, **options: object) -> object:
        if first_path == 8:
            raise ValueError("poison")
        return simulate_block(prepared, first_path, path_count, **options)  # type: ignore[arg-type]

    folder = tmp_path / "run"
    with monkeypatch.context() as patched:
        patched.setattr(simulate, "simulate_block", poisoned)
        assert run_command(load_toy(), output=folder) == UNFINISHED
    said = capsys.readouterr().err
    assert "paths 8 to 15 failed: ValueError: poison" in said
    assert "16 of 24 paths are done. Resume with: unwind" in said
    assert run_command(load_toy(), output=folder) == 0
    assert verify_run(folder) == []


def test_a_second_writer_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with locked(tmp_path / "run"):
        assert run_command(load_toy(), output=tmp_path / "run") == ENVIRONMENT
    assert "another run is writing there" in capsys.readouterr().err


def test_the_command_says_where_results_lie_and_ends_with_its_code(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "run"
    assert run_command(load_toy(), output=folder, quiet=True) == 0
    assert capsys.readouterr() == ("", "")
    assert run_command(load_toy(), output=folder) == 0
    assert f"Results: {folder}" in capsys.readouterr().out
    assert run_command(load_toy("seed=8"), output=folder) == BAD_INPUT
    assert "the seed changed" in capsys.readouterr().err
    assert run_command(load_toy(), output=tmp_path / "-x") == BAD_INPUT


def test_what_cannot_fit_is_refused_at_once(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"free, but the results need at least .* GB"):
        run_scenario(load_toy("paths=100000000", "horizon=2500d"), tmp_path / "run")
    with pytest.raises(OutputError, match=r"numerics.block: found 100,000 paths, which need"):
        run_scenario(
            load_toy("paths=100000", "horizon=2500d", "numerics.block=100000"), tmp_path / "more", threads=2
        )


def test_a_damaged_cache_of_compiled_code_is_dropped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, toy_run: RunOutcome
) -> None:
    from simulator.engine import simulate
    from simulator.ensemble import jobs

    calls: list[str] = []

    def truncated(prepared: object, first_path: int, path_count: int, **options: object) -> object:
        if not calls:
            calls.append("failed")
            raise EOFError("Ran out of input")
        return simulate_block(prepared, first_path, path_count, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(simulate, "simulate_block", truncated)
    monkeypatch.setattr(jobs.rule, "drop_cache", lambda: calls.append("dropped"))
    loaded = load_toy("output.agents=true", "paths=44")
    assert digest(run_scenario(loaded, tmp_path / "run")) == digest(toy_run)
    assert calls == ["failed", "dropped"]


def test_the_first_compilation_is_announced(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from simulator import rule

    assert run_command(load_toy(), output=tmp_path / "second") == 0
    assert capsys.readouterr().err == ""
    monkeypatch.setattr(rule, "CACHE_FOLDER", tmp_path / "empty")
    assert run_command(load_toy(), output=tmp_path / "first") == 0
    assert "Compiling the model, once" in capsys.readouterr().err


def test_one_thread_for_linear_algebra(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        monkeypatch.setenv(name, "7")
    pin_linear_algebra()
    assert os.environ["OPENBLAS_NUM_THREADS"] == os.environ["OMP_NUM_THREADS"] == "1"


def test_the_folder_is_known_again(toy_run: RunOutcome) -> None:
    again = open_run(toy_run.folder.path)
    assert again == toy_run.folder
    assert again.manifest.status == "complete"
    assert len(again.manifest.digest) == 64
