"""The audit: every identity with its worst residual, and the path on which it stood."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from simulator.cli.path_display import print_audit
from simulator.engine.state import IDENTITIES, STAGES
from simulator.ensemble import jobs
from simulator.ensemble.description import prepare_run
from simulator.ensemble.execution import RunOutcome
from simulator.ensemble.residuals import (
    RESIDUAL_MAX_BN,
    Residual,
    is_broken,
    simulate_audited,
    worst_residuals,
)
from simulator.results.errors import UNFINISHED
from simulator.results.ledger import FinishedBlock
from simulator.results.store import results_digest
from tests.ensemble.conftest import Run, load_toy, run_command


def test_the_audit_changes_no_number(run_toy: Run, toy_run: RunOutcome) -> None:
    audited = run_toy(overrides=("output.agents=true", "paths=44"), audit=True)
    layout = audited.folder.layout
    assert results_digest(audited.folder.store, layout) == results_digest(toy_run.folder.store, layout)
    residuals = worst_residuals(audited.folder.finished.values())
    assert [residual["identity"] for residual in residuals] == list(IDENTITIES)
    for residual in residuals:
        assert residual["stage"] in STAGES
        assert 0 <= residual["path"] < 44
        assert 0 <= residual["day"] <= 12
        assert not is_broken(residual), residual
    assert max(residual["residual_bn"] for residual in residuals) > 0.0


def test_a_residual_stands_on_its_own_path() -> None:
    prepared = prepare_run(load_toy(), audit=True)
    _, together = simulate_audited(prepared, 8, 6, False)
    for residual in together:
        _, alone = simulate_audited(prepared, residual["path"], 1, False)
        assert residual in alone


def residual_of(size: float, path: int = 3, identity: str = IDENTITIES[0]) -> Residual:
    return {"identity": identity, "stage": STAGES[4], "day": 5, "path": path, "residual_bn": size}


def test_the_worst_of_all_blocks_is_kept() -> None:
    blocks = [
        FinishedBlock(number, 0, 8, "", 0, 0.0, {}, (residual_of(size, number),))
        for number, size in enumerate((1e-13, 3e-9, 1e-12))
    ]
    (worst,) = worst_residuals(blocks)
    assert (worst["path"], worst["residual_bn"]) == (1, 3e-9)


@pytest.mark.parametrize("size", [1e-9, math.inf, math.nan, 1.0])
def test_a_dollar_is_too_much(size: float, capsys: pytest.CaptureFixture[str]) -> None:
    assert is_broken(residual_of(size))
    assert not is_broken(residual_of(RESIDUAL_MAX_BN / 2.0))
    print_audit([residual_of(size), residual_of(1e-13, identity=IDENTITIES[1])])
    shown = capsys.readouterr().out.splitlines()
    assert shown[2].startswith(IDENTITIES[0])
    assert shown[2].rstrip().endswith("BROKEN")
    assert STAGES[4] in shown[2]
    assert shown[3].rstrip().endswith("holds")


def test_a_broken_identity_is_an_exit_code(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run_command(load_toy(), output=tmp_path / "sound", audit=True) == 0
    assert "Audit: worst residual of every identity" in capsys.readouterr().out

    def leaking(*arguments: object) -> object:
        records, residuals = simulate_audited(*arguments)  # type: ignore[arg-type]
        return records, (residual_of(1e-9), *residuals[1:])

    monkeypatch.setattr(jobs, "simulate_audited", leaking)
    assert run_command(load_toy(), output=tmp_path / "leaking", audit=True) == UNFINISHED
    assert "BROKEN" in capsys.readouterr().out
