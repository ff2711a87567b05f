"""Folders: one run, one writer, and nothing deleted that is not ours."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from simulator.results.errors import BAD_INPUT, ENVIRONMENT, OutputError
from simulator.results.folder import begin_or_resume, choose_folder, open_run
from simulator.results.layout import Layout
from simulator.results.locks import locked
from simulator.results.manifest import read_checked, write_checked
from tests.results.conftest import manifest_of, write_run

GOOD = ("calm", "a", "2020-03", "x" * 80, "_x", "dash.for-cash_2")
BAD = (
    "",
    "a/b",
    "../x",
    ".",
    "..",
    ".hidden",
    "-rf",
    "a b",
    "a\n",
    "é",
    "x" * 81,
    "a:b",
    "a\\b",
    "a\x1b[31m",
)


@pytest.mark.parametrize("name", GOOD)
def test_plain_names_lie_in_outputs(name: str) -> None:
    assert choose_folder(name, None) == Path("outputs") / name
    assert choose_folder("scenario", Path(name)) == Path("outputs") / name
    assert choose_folder("scenario", Path("/data") / name) == Path("/data") / name


@pytest.mark.parametrize("name", BAD)
def test_other_names_are_refused(name: str) -> None:
    with pytest.raises(OutputError, match="letters, digits") as refused:
        choose_folder(name, None)
    assert refused.value.exit_code == BAD_INPUT
    assert "\x1b" not in str(refused.value)


def test_a_new_run_has_manifest_template_and_ledger(tmp_path: Path, layout: Layout) -> None:
    run = begin_or_resume(tmp_path, manifest_of(layout), overwrite=False)
    begun = {"manifest.json", "ledger.jsonl", "results.zarr", "outcomes"}
    assert {entry.name for entry in tmp_path.iterdir()} == begun
    assert open_run(tmp_path).manifest == run.manifest
    assert run.manifest.status == "incomplete"
    assert run.layout == layout


def test_the_same_run_is_resumed(tmp_path: Path, layout: Layout) -> None:
    write_run(tmp_path, layout, blocks=2)
    (tmp_path / "results.zarr" / "dislocation" / "c.2.0.0").write_bytes(b"torn by a killed writer")
    run = begin_or_resume(tmp_path, manifest_of(layout), overwrite=False)
    assert set(run.finished) == {0, 1}
    assert run.broken_lines == ()


def test_another_run_is_refused_with_what_changed(tmp_path: Path, layout: Layout) -> None:
    before, _ = write_run(tmp_path, layout, blocks=2)
    manifest = manifest_of(layout)
    others = {
        "the seed": manifest_of(layout, seed=8),
        "the scenario": manifest_of(layout, funds={"count": 9}),
        "the number of paths": manifest_of(replace(layout, paths=22)),
        "the size of blocks": manifest_of(replace(layout, block=4)),
        "the number format": manifest_of(replace(layout, precision="float64")),
        "records of agents": manifest_of(replace(layout, funds=("fund 1",), dealers=("dealer 1",))),
        "the layout of the results": manifest_of(replace(layout, days=6)),
        "the sampling": replace(manifest, sampling="sobol"),
        "the version of the code": replace(manifest, source_sha256="0" * 64),
        "the audit": replace(manifest, is_audited=True),
        "how the processor computes": replace(manifest, arithmetic_sha256="0" * 64),
    }
    for reason, other in others.items():
        with pytest.raises(OutputError, match=f"{reason} changed.*--overwrite") as refused:
            begin_or_resume(tmp_path, other, overwrite=False)
        assert refused.value.exit_code == BAD_INPUT
    assert open_run(tmp_path).finished == before.finished


def test_texts_and_paths_do_not_make_another_scenario(layout: Layout) -> None:
    first, second = manifest_of(layout, title="a", output={}), manifest_of(layout, title="b", description="c")
    assert first.run_key == second.run_key
    assert first.scenario_sha256 == manifest_of(replace(layout, paths=5), seed=3).scenario_sha256


def test_overwrite_replaces_a_run_and_keeps_what_is_not_ours(tmp_path: Path, layout: Layout) -> None:
    write_run(tmp_path, layout)
    (tmp_path / "notes.txt").write_text("mine")
    other = manifest_of(layout, seed=8)
    run = begin_or_resume(tmp_path, other, overwrite=True)
    assert run.finished == {}
    assert open_run(tmp_path).manifest.seed == 8
    assert not list((tmp_path / "results.zarr").glob("*/c.*.0"))
    assert not list((tmp_path / "outcomes").iterdir())
    assert (tmp_path / "notes.txt").read_text() == "mine"


def test_a_run_of_another_version_is_replaced_when_asked_and_not_else(tmp_path: Path, layout: Layout) -> None:
    write_run(tmp_path, layout)
    said, _ = read_checked(tmp_path / "manifest.json")
    write_checked(tmp_path / "manifest.json", {**said, "format_version": "2-of-old", "unknown": 1})
    with pytest.raises(OutputError, match=r"stores runs otherwise.*--overwrite"):
        begin_or_resume(tmp_path, manifest_of(layout, seed=8), overwrite=False)
    assert list((tmp_path / "results.zarr").glob("*/c.*.0"))
    assert begin_or_resume(tmp_path, manifest_of(layout, seed=8), overwrite=True).finished == {}
    assert not list((tmp_path / "results.zarr").glob("*/c.*.0"))


@pytest.mark.parametrize("overwrite", [False, True])
@pytest.mark.parametrize("name", ["thesis.tex", "results.zarr", "ledger.jsonl"])
def test_a_folder_of_somebody_else_is_left_alone(
    tmp_path: Path, layout: Layout, name: str, overwrite: bool
) -> None:
    (tmp_path / name).write_text("years of work")
    with pytest.raises(OutputError, match="no run of Unwind wrote"):
        begin_or_resume(tmp_path, manifest_of(layout), overwrite=overwrite)
    assert (tmp_path / name).read_text() == "years of work"
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"format": "other"}', '{"format": "unwind-run"}'])
def test_a_manifest_that_is_not_ours_protects_the_folder(tmp_path: Path, layout: Layout, text: str) -> None:
    (tmp_path / "manifest.json").write_text(text)
    with pytest.raises(OutputError, match=r"cannot be read.*or delete it"):
        begin_or_resume(tmp_path, manifest_of(layout), overwrite=True)
    assert (tmp_path / "manifest.json").read_text() == text


def test_a_run_killed_while_it_began_is_begun_again(tmp_path: Path, layout: Layout) -> None:
    begin_or_resume(tmp_path, manifest_of(layout), overwrite=False)
    (tmp_path / "ledger.jsonl").unlink()
    (tmp_path / "results.zarr" / "dislocation" / "zarr.json").unlink()
    run = begin_or_resume(tmp_path, manifest_of(layout), overwrite=False)
    assert run.finished == {}
    assert (tmp_path / "results.zarr" / "dislocation" / "zarr.json").exists()


@pytest.mark.parametrize("name", ["results.zarr", "outcomes"])
def test_links_are_not_followed_to_delete(tmp_path: Path, layout: Layout, name: str) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "data").write_text("precious")
    folder = tmp_path / "run"
    write_run(folder, layout)
    (folder / name).rename(tmp_path / "moved")
    (folder / name).symlink_to(elsewhere, target_is_directory=True)
    with pytest.raises(OutputError, match="found a link"):
        begin_or_resume(folder, manifest_of(layout, seed=8), overwrite=True)
    assert (elsewhere / "data").read_text() == "precious"


HOLDER = """
import sys, time
from pathlib import Path
from simulator.results.locks import locked
from simulator.results.manifest import read_checked, write_checked
with locked(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


def test_two_writers_are_kept_apart_and_a_dead_one_is_no_obstacle(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    holder = subprocess.Popen([sys.executable, "-c", HOLDER, str(folder)], stdout=subprocess.PIPE, text=True)
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with (
            pytest.raises(
                OutputError, match=f"another run is writing there.*process {holder.pid}"
            ) as refused,
            locked(folder),
        ):
            pytest.fail("two writers in one folder")
        assert refused.value.exit_code == ENVIRONMENT
    finally:
        holder.kill()
        holder.wait()
        holder.stdout.close()
    with locked(folder):  # its lock file is still there
        assert (folder / ".lock").exists()


def test_a_lock_file_with_junk_is_no_obstacle(tmp_path: Path) -> None:
    (tmp_path / ".lock").write_bytes(b"\xff junk")
    with locked(tmp_path):
        pass


def test_a_copy_of_a_data_file_that_is_missing_is_made_anew(tmp_path: Path, layout: Layout) -> None:
    """The folder alone is enough to finish a run, also one that was killed before the copy was made."""
    ours = tmp_path / "ours.csv"
    ours.write_text("name,equity\n")
    copy = f"inputs/{'0' * 64}.csv"
    manifest = replace(manifest_of(layout), data_files={"ours.csv": copy})
    folder, files = tmp_path / "run", {"ours.csv": ours}
    folder.mkdir()
    begin_or_resume(folder, manifest, overwrite=False, data_files=files)
    (folder / copy).unlink()
    begin_or_resume(folder, manifest, overwrite=False, data_files=files)
    assert (folder / copy).read_text() == "name,equity\n"
