"""The manifest: whole or not at all, and enough to know a run by."""

from __future__ import annotations

import json
import os
import platform
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from simulator.results import manifest as manifests
from simulator.results.errors import OutputError
from simulator.results.layout import Layout
from simulator.results.manifest import read_manifest, source_sha256, write_manifest
from tests.results.conftest import manifest_of


def test_it_comes_back_as_it_was(tmp_path: Path, layout: Layout) -> None:
    manifest = manifest_of(layout, funds={"count": 60, "leverage": "7x"})
    write_manifest(tmp_path, manifest)
    assert read_manifest(tmp_path) == manifest
    assert read_manifest(tmp_path).run_key == manifest.run_key
    assert read_manifest(tmp_path).store_layout() == layout


def test_it_records_what_a_rerun_needs(tmp_path: Path, layout: Layout) -> None:
    write_manifest(tmp_path, manifest_of(layout))
    said = json.loads((tmp_path / "manifest.json").read_text())
    assert said["versions"]["python"] == platform.python_version()
    assert said["versions"]["numpy"] == np.__version__
    assert said["versions"]["numba"] != "not installed"
    assert said["seed"] == 7
    assert said["origins"] == {"seed": "toy.yaml:3"}
    assert isinstance(said["machine"]["cpu_features"], list)
    assert said["command"]
    assert said["created"].endswith("+00:00")
    assert len(said["source_sha256"]) == 64


def test_a_failed_write_keeps_the_old_one(
    tmp_path: Path, layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    manifest = manifest_of(layout)
    write_manifest(tmp_path, manifest)

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        write_manifest(tmp_path, replace(manifest, status="complete"))
    monkeypatch.undo()
    assert read_manifest(tmp_path) == manifest
    assert [entry.name for entry in tmp_path.iterdir()] == ["manifest.json"]


def test_no_manifest_is_no_run(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="found no results of a run"):
        read_manifest(tmp_path)


@pytest.mark.parametrize("change", [{"layout": {}}, {"format_version": 2}, {"files": 3}, {"more": 1}])
def test_a_manifest_that_does_not_fit_is_refused(
    tmp_path: Path, layout: Layout, change: dict[str, object]
) -> None:
    write_manifest(tmp_path, manifest_of(layout))
    file = tmp_path / "manifest.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | change))
    with pytest.raises(OutputError, match=r"manifest\.json: cannot be read"):
        read_manifest(tmp_path)


def test_the_source_hash_covers_the_model_and_not_the_reports(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "simulator"
    for file in (*manifests.MODEL_MODULES, "market/repo.py", "engine/day.py", "scenario/presets/a.yaml"):
        (package / file).parent.mkdir(parents=True, exist_ok=True)
        (package / file).write_text("one")
    (package / "report").mkdir()
    monkeypatch.setattr(manifests, "PACKAGE", package)
    before = source_sha256()
    (package / "report" / "html.py").write_text("anything")
    assert source_sha256() == before
    seen = {before}
    for file in ("market/repo.py", "units.py", "scenario/presets/a.yaml", "results/store.py"):
        (package / file).write_text("two")
        seen.add(source_sha256())
    assert len(seen) == 5
