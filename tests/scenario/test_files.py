"""What a scenario may name: files inside its own tree, and nothing else on the machine."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from simulator.scenario import files
from simulator.scenario.errors import Problems, ScenarioError
from simulator.scenario.files import resolve_data_file, resolve_preset, tree_of
from simulator.scenario.loading import load_scenario
from tests.scenario.conftest import SHOP, Shop

GOOD = ("base.yaml", "./base.yaml", "markets/base.yaml", "markets/../base.yaml")

#: References that must be refused, and words of the refusal.
BAD: dict[object, str] = {
    "/etc/passwd": "is not relative",
    "/etc/hosts.yaml": "is not relative",
    "//server/share.yaml": "is not relative",
    "~/base.yaml": "is not relative",
    "../outside.yaml": "leads out of scenarios/",
    "../../outside.yaml": "leads out of scenarios/",
    "markets/../../outside.yaml": "leads out of scenarios/",
    "../" * 40 + "etc/passwd.yaml": "leads out of scenarios/",
    "..": "is no such file",
    ".": "is no such file",
    "": "a path of 0 characters",
    " ": "is no such file",
    "markets": "is no such file",
    "markets/": "is no such file",
    "base.txt": "is no such file",
    "base.yaml.txt": "is no such file",
    "base": "is no such file",
    "folder.yaml": "is not a regular file",
    "missing.yaml": "does not exist",
    "base.yaml/more.yaml": "is not a regular file",
    "link.yaml": "passes through a link",
    "linked/base.yaml": "passes through a link",
    "loop.yaml": "passes through a link",
    "inside-link.yaml": "passes through a link",
    "pipe.yaml": "is not a regular file",
    "http://example.com/base.yaml": "is not a plain path",
    "https:base.yaml": "is not a plain path",
    "file:base.yaml": "is not a plain path",
    "C:base.yaml": "is not a plain path",
    "..\\outside.yaml": "is not a plain path",
    "\\\\server\\share.yaml": "is not a plain path",
    "base.yaml\\0.yaml": "is not a plain path",
    "a*.yaml": "is not a plain path",
    "ba\u202ese.yaml": "is not a plain path",
    "x" * 5_000 + ".yaml": "a path of 5005 characters",
    "%2e%2e/outside.yaml": "does not exist",
    "preset:../../x": "is not a preset",
    "preset:": "is not a preset",
    "preset:/etc/passwd": "is not a preset",
    7: "is not a path",
    True: "is not a path",
    None: "is not a path",
}


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A folder ``scenarios`` with good files and traps in it, and a file outside."""
    root = tmp_path / "scenarios"
    (root / "markets").mkdir(parents=True)
    (root / "folder.yaml").mkdir()
    for file in (root / "base.yaml", root / "markets" / "base.yaml", tmp_path / "outside.yaml"):
        file.write_text(SHOP)
    os.symlink("/etc/passwd", root / "link.yaml")
    os.symlink(tmp_path, root / "linked")
    os.symlink(root / "loop.yaml", root / "loop.yaml")
    os.symlink(root / "base.yaml", root / "inside-link.yaml")
    os.mkfifo(root / "pipe.yaml")
    return root


def written(reference: object) -> str:
    if isinstance(reference, bool) or reference is None:
        return {True: "true", None: "null"}[reference]
    return str(reference) if isinstance(reference, int) else '"' + str(reference).replace("\\", "\\\\") + '"'


@pytest.mark.parametrize("reference", BAD, ids=lambda reference: repr(reference)[:30])
def test_references_that_lead_elsewhere_are_refused(reference: object, tree: Path) -> None:
    child = tree / "child.yaml"
    child.write_text(f"extends: {written(reference)}\nnote: x\n")
    with pytest.raises(ScenarioError) as caught:
        load_scenario(child, (), Shop)
    (problem,) = caught.value.problems
    assert BAD[reference] in problem.problem.found
    assert (problem.place.line, problem.place.column) == (1, 10)
    assert "root:" not in str(caught.value)


def test_the_corpus_is_large_enough() -> None:
    assert len(BAD) >= 33


@pytest.mark.parametrize("reference", GOOD)
def test_references_inside_the_tree_are_followed(reference: str, tree: Path) -> None:
    child = tree / "child.yaml"
    child.write_text(f"extends: {reference}\nnote: x\n")
    assert load_scenario(child, (), Shop).scenario.name == "corner"


def test_a_scenario_in_a_subfolder_reaches_the_whole_tree(tree: Path) -> None:
    child = tree / "markets" / "child.yaml"
    child.write_text("extends: ../base.yaml\nnote: x\n")
    loaded = load_scenario(child, (), Shop)
    assert [Path(used.label).name for used in loaded.files] == ["child.yaml", "base.yaml"]
    assert loaded.files[1].sha256 == hashlib.sha256(SHOP.encode()).hexdigest()


def test_outside_a_scenarios_folder_the_tree_is_the_files_own_folder(tmp_path: Path) -> None:
    assert tree_of(tmp_path / "a.yaml") == tmp_path.resolve()
    assert tree_of(tmp_path / "scenarios" / "x" / "y" / "a.yaml") == (tmp_path / "scenarios").resolve()


@pytest.mark.parametrize("length", [1, 2, 3, 8])
def test_circles_are_found(length: int, tmp_path: Path) -> None:
    for index in range(length):
        (tmp_path / f"s{index}.yaml").write_text(f"extends: s{(index + 1) % length}.yaml\n")
    with pytest.raises(ScenarioError, match=r"the files extend each other: s0\.yaml extends"):
        load_scenario(tmp_path / "s0.yaml", (), Shop)


def test_eight_parents_are_enough(tmp_path: Path) -> None:
    (tmp_path / "s0.yaml").write_text(SHOP)
    for index in range(1, 11):
        (tmp_path / f"s{index}.yaml").write_text(f"extends: s{index - 1}.yaml\n")
    assert load_scenario(tmp_path / "s8.yaml", (), Shop).scenario.name == "corner"
    with pytest.raises(ScenarioError, match="too many parents; allowed: 8"):
        load_scenario(tmp_path / "s9.yaml", (), Shop)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda path: None, "does not exist"),
        (lambda path: path.mkdir(), "is not a regular file"),
        (lambda path: os.mkfifo(path), "is not a regular file"),
        (lambda path: os.symlink(path, path), "cannot be opened"),
        (lambda path: os.symlink("/dev/zero", path), "is not a regular file"),
    ],
    ids=["missing", "folder", "pipe", "loop", "device"],
)
def test_the_scenario_itself_must_be_a_regular_file(make, words: str, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    file = tmp_path / "shop.yaml"
    make(file)
    with pytest.raises(ScenarioError, match=words):
        load_scenario(file, (), Shop)


@pytest.mark.parametrize("name", ["a\x00b.yaml", "x" * 5_000, "/", "/proc/self/mem", ""])
def test_impossible_names_are_refused(name: str) -> None:
    with pytest.raises(ScenarioError):
        load_scenario(name, (), Shop)


def test_a_missing_file_has_a_near_miss(tmp_path: Path) -> None:
    (tmp_path / "calm.yaml").write_text(SHOP)
    with pytest.raises(ScenarioError, match=r"clam\.yaml: does not exist\. Did you mean calm\.yaml\?"):
        load_scenario(tmp_path / "clam.yaml", (), Shop)
    (tmp_path / "child.yaml").write_text("extends: clam.yaml\n")
    with pytest.raises(ScenarioError, match=r"Did you mean calm\.yaml\?"):
        load_scenario(tmp_path / "child.yaml", (), Shop)


def test_presets_are_found_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "PRESETS", tmp_path)
    (tmp_path / "market-2025.yaml").write_text(SHOP)
    (tmp_path / "market-2026.yaml").write_text("extends: market-2025.yaml\nnote: later\n")
    child = tmp_path / "elsewhere" / "child.yaml"
    child.parent.mkdir()
    child.write_text("extends: preset:market-2026\n")
    loaded = load_scenario(child, (), Shop)
    assert loaded.scenario.note == "later"
    assert [used.label for used in loaded.files] == [str(child), "preset:market-2026", "preset:market-2025"]
    assert load_scenario("preset:market-2026", (), Shop).scenario == loaded.scenario
    with pytest.raises(Problems) as caught:
        resolve_preset("market-20255")
    assert caught.value.problems[0].advice == "Did you mean market-2025?"


def test_data_files_are_looked_for_from_the_file_that_names_them(tree: Path) -> None:
    (tree / "markets" / "clients.csv").write_text("name\na\n")
    (tree / "markets" / "base.yaml").write_text(SHOP + "desk: {clients: clients.csv}\n")
    child = tree / "child.yaml"
    child.write_text("extends: markets/base.yaml\n")
    loaded = load_scenario(child, (), Shop)
    assert loaded.data_files == {"clients.csv": (tree / "markets" / "clients.csv").resolve()}
    assert loaded.files[-1].label == "clients.csv"
    assert loaded.files[-1].sha256 == hashlib.sha256(b"name\na\n").hexdigest()
    child.write_text("extends: markets/base.yaml\ndesk: {clients: clients.csv}\n")
    with pytest.raises(ScenarioError, match="does not exist"):
        load_scenario(child, (), Shop)
    with pytest.raises(ScenarioError, match=r"--set: desk\.clients: 'nowhere\.csv' does not exist"):
        load_scenario(tree / "base.yaml", ["desk.clients=nowhere.csv"], Shop)


@pytest.mark.parametrize(
    "reference", ["../outside.csv", "/etc/passwd", "link.csv", "pipe.csv", "base.yaml", "x.csv"]
)
def test_data_files_follow_the_same_rules(reference: str, tree: Path) -> None:
    (tree.parent / "outside.csv").write_text("x\n")
    os.symlink("/etc/passwd", tree / "link.csv")
    os.mkfifo(tree / "pipe.csv")
    with pytest.raises(Problems):
        resolve_data_file(reference, tree / "base.yaml")
