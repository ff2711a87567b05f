"""Several parents: each is laid over the ones before it, and the file over all of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulator.scenario.errors import ScenarioError
from simulator.scenario.loading import load_scenario
from simulator.scenario.parameters import Count, Section, Text, parameter


class Shop(Section):
    """A root small enough to see which file won."""

    clerks: Count = parameter(1, minimum=0, maximum=9, source="test", doc="clerks")
    tills: Count = parameter(1, minimum=0, maximum=9, source="test", doc="tills")
    note: Text = parameter("", source="test", doc="note")


def written(folder: Path, **texts: str) -> Path:
    (folder / ".git").mkdir()
    for name, text in texts.items():
        (folder / f"{name}.yaml").write_text(text)
    return folder / "child.yaml"


def test_later_parents_win_and_the_file_wins_over_all(tmp_path: Path) -> None:
    child = written(
        tmp_path,
        first="clerks: 1\ntills: 1\nnote: first\n",
        second="clerks: 2\ntills: 2\n",
        child="extends: [first.yaml, second.yaml]\ntills: 3\n",
    )
    loaded = load_scenario(child, [], Shop)
    assert (loaded.scenario.clerks, loaded.scenario.tills, loaded.scenario.note) == (2, 3, "first")
    assert [Path(used.label).name for used in loaded.files] == ["child.yaml", "first.yaml", "second.yaml"]
    assert "second.yaml" in loaded.origin("clerks")


@pytest.mark.parametrize(
    ("extends", "message"),
    [
        ("[]", "is an empty list"),
        ("[first.yaml, child.yaml]", "the files extend each other"),
        (f"[{', '.join(['first.yaml'] * 9)}]", "too many parents"),
        ("[first.yaml, 5]", "extends"),
        ("[first.yaml, frist.yaml]", "frist.yaml"),
    ],
)
def test_lists_that_cannot_be_followed_are_refused(tmp_path: Path, extends: str, message: str) -> None:
    child = written(tmp_path, first="clerks: 1\n", child=f"extends: {extends}\n")
    with pytest.raises(ScenarioError, match=message):
        load_scenario(child, [], Shop)


def test_one_parent_twice_over_is_no_circle(tmp_path: Path) -> None:
    child = written(
        tmp_path,
        base="clerks: 4\n",
        left="extends: base.yaml\n",
        right="extends: base.yaml\ntills: 5\n",
        child="extends: [left.yaml, right.yaml]\n",
    )
    scenario = load_scenario(child, [], Shop).scenario
    assert (scenario.clerks, scenario.tills) == (4, 5)
