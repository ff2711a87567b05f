"""Scenarios broken in every way that the schema knows, and by chance: clear refusals, nothing else."""

from __future__ import annotations

import random
import re
import shutil
import string
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

from simulator.scenario.declarations import Declaration, Shape, catalogue
from simulator.scenario.errors import LocatedProblem, ScenarioError, Source
from simulator.scenario.loading import load_scenario
from simulator.scenario.parameters import Section
from simulator.scenario.schema import Scenario
from simulator.scenario.validation import validate
from simulator.scenario.yaml_nodes import Node, compose
from simulator.units import written
from tests.patience import slowness
from tests.scenario.conftest import COMPLETE, SHIPPED, Shop

FILES = [COMPLETE, *SHIPPED]
MUTATIONS = 2_000

#: What a mutation puts in: pieces of YAML that mean something, and characters that should not be there.
PIECES = (
    ": ", "- ", "? ", "&a ", "*a", "!!python/name:os.system ", "!x ", "<<: ", "[", "]", "{", "}", "'",
    '"', "|\n", ">-\n", "#", "%", "@", "`", "---\n", "...\n", "\t", "\\", "null", "~", ".nan", ".inf",
    "1e999", "1_0", "0x1", "é", "\u202e", "\n", "\r\n", ",", "%YAML 1.1\n", "9" * 50, "- " * 40, "$", "-",
    "extends: ../../x.yaml\n", "extends: /dev/zero\n", "preset:", "\x00", "\x07", "\r", "\x7f", "\x85",
    "\u2028", "\ufeff", "😀",
)  # fmt: skip


def with_value(tree: Node, key: str, text: str) -> Node:
    """The tree with a value of the given text at a dotted key, making sections and entries on the way."""
    return _with_value(tree, key.split("."), compose(Source("added", text)))


def _with_value(node: Node | None, parts: list[str], value: Node) -> Node:
    if not parts:
        return value
    part, rest = parts[0], parts[1:]
    place = value.place if node is None else node.place
    if part == "0":
        entries = list(node.value) if node is not None and isinstance(node.value, list) else []
        return Node([_with_value(entries[0] if entries else None, rest, value), *entries[1:]], place)
    children = dict(node.value) if node is not None and isinstance(node.value, dict) else {}
    children[part] = _with_value(children.get(part), rest, value)
    return Node(children, place, {**(node.key_places if node is not None else {}), part: value.place})


#: Where entries of several kinds stand, and the key that tells the kind.
TAGS = {"events.0": "type", "market.hedges.TY": "kind"}


def at_a_real_place(tree: Node, pattern: str) -> tuple[str, Node]:
    """A key of the catalogue as a user would write it, and the tree with the kind of entry it stands in."""
    around, _, inside = re.sub(r"\bNAME\b", "TY", re.sub(r"\bN\b", "0", pattern)).partition(".<")
    if not inside:
        return around, tree
    tag, _, key = inside.partition(">.")
    return f"{around}.{key}", with_value(tree, around, f"{{{TAGS[around]}: {tag}}}")


TRAPS = ("[1, 2]", "{a: 1}", "true", "''", "hello", "1_000", "25bps", "$5m", "1e400x", "٣%", "12:30", "010")


def broken_values(declaration: Declaration) -> Iterator[str]:
    """Texts that no value of this declaration may be."""
    shape = declaration.shape
    kind = shape.kind
    if kind is None:
        yield from broken_plain_values(shape)
        return
    yield from random.Random(declaration.name).sample(TRAPS, 4)
    yield "5%" if kind.bare else "5"
    yield "20x" if "%" in kind.suffixes else "3%"
    for limit, sign in ((declaration.minimum, -1), (declaration.maximum, 1)):
        assert limit is not None
        beyond = limit + sign * (1 if kind.whole else abs(limit) * 0.01 or 0.01)
        if kind.smallest <= beyond <= kind.largest:
            yield str(beyond) if kind.bare else written(kind, beyond)


def broken_plain_values(shape: Shape) -> Iterator[str]:
    if shape.choices:
        yield from ("quick", "3", "[a]", "''")
    elif shape.base is bool:
        yield from ("no", "1", "'true'", "[true]")
    elif shape.base is str:
        yield from ("3", "true", "[a]", "{a: b}")
    elif shape.container:
        yield from ("5d", "7")


def every_broken_scenario(tree: Node, model: type[Section]) -> Iterator[tuple[str, str, Node]]:
    """A key, a text that it may not hold, and the scenario with that text at that key."""
    for pattern, declaration in catalogue(model):
        key, around = at_a_real_place(tree, pattern)
        if key != "events.0.type":
            for text in broken_values(declaration):
                yield key, text, with_value(around, key, text)


def refusals(tree: Node, model: type[Section]) -> dict[str, str]:
    """The summaries of all problems of a tree, by key."""
    try:
        validate(model, tree)
    except ScenarioError as error:
        return {located.problem.key: located.summary for located in error.problems}
    return {}


def test_every_key_refuses_every_broken_value_by_its_name() -> None:
    """Over a thousand broken scenarios: each is refused, and the refusal names the broken key."""
    tree = load_scenario(COMPLETE).tree
    count = 0
    for key, text, broken in every_broken_scenario(tree, Scenario):
        found = refusals(broken, Scenario)
        assert any(name == key or name.startswith(f"{key}.") for name in found), (key, text, found)
        count += 1
    assert count > 1_000


def test_nothing_but_the_broken_key_is_refused() -> None:
    """In a scenario that gives all required keys there is exactly one refusal, at the broken key."""
    text = "name: corner\nshelf: {TY: {coupon: 4%}}\n"
    tree = compose(Source("shop", text))
    assert refusals(tree, Shop) == {}
    count = 0
    for key, broken_text, broken in every_broken_scenario(tree, Shop):
        if not key.startswith("events.0"):
            assert list(refusals(broken, Shop)) == [key], (key, broken_text)
            count += 1
    assert count > 60


def misspelt(word: str, chooser: random.Random) -> str:
    """A word with one letter left out, put in, changed or swapped with the next."""
    at = chooser.randrange(len(word))
    letter = chooser.choice(string.ascii_lowercase)
    return chooser.choice(
        [
            word[:at] + word[at + 1 :],
            word[:at] + letter + word[at:],
            word[:at] + letter + word[at + 1 :],
            word[:at] + word[at + 1 : at + 2] + word[at] + word[at + 2 :],
        ]
    )


def test_a_typo_in_any_key_is_answered_with_the_right_key() -> None:
    tree = load_scenario(COMPLETE).tree
    chooser = random.Random(2020)
    siblings: dict[str, set[str]] = defaultdict(set)
    for pattern, _ in catalogue(Scenario):
        siblings[pattern.rpartition(".")[0]].add(pattern.rpartition(".")[2])
    answers: dict[str, bool] = {}
    for pattern in [pattern for pattern, _ in catalogue(Scenario)] * 3:
        key, around = at_a_real_place(tree, pattern)
        section, _, name = key.rpartition(".")
        typo = misspelt(name, chooser)
        if typo.isidentifier() and typo not in siblings[pattern.rpartition(".")[0]]:
            wrong = f"{section}.{typo}" if section else typo
            summary = refusals(with_value(around, wrong, "x"), Scenario)[wrong]
            answers[f"{pattern} {typo}"] = f"Did you mean {name}?" in summary
    assert len(answers) > 500
    assert sum(answers.values()) >= 0.95 * len(answers), [
        typo for typo, right in answers.items() if not right
    ]


def mutate(text: str, chooser: random.Random) -> str:
    """A text with one to four small injuries."""
    for _ in range(chooser.randint(1, 4)):
        lines = text.split("\n")
        line = chooser.randrange(len(lines))
        start = chooser.randrange(len(text) + 1)
        end = start + chooser.choice([1, 1, 1, 2, 5, 20])
        piece = chooser.choice(PIECES)
        match chooser.randrange(7):
            case 0:
                text = text[:start] + text[end:]
            case 1:
                text = text[:start] + piece + text[start:]
            case 2:
                text = text[:start] + text[start:end][::-1] + text[end:]
            case 3:
                text = "\n".join(lines[:line] + lines[line + 1 :])
            case 4:
                text = "\n".join([*lines[:line], chooser.choice(lines), *lines[line:]])
            case 5:
                text = "\n".join(
                    [*lines[:line], " " * chooser.randint(1, 5) + lines[line], *lines[line + 1 :]]
                )
            case _:
                text = text.replace(chooser.choice(["bp", "%", "$", ": ", "- ", "{", "}", "d\n"]), piece, 1)
    return text


def problems_of(file: Path) -> tuple[LocatedProblem, ...]:
    try:
        load_scenario(file)
    except ScenarioError as error:
        return error.problems
    return ()


@pytest.mark.parametrize("part", [4, pytest.param(1, marks=pytest.mark.slow)])
@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_mutated_files_are_read_or_refused_with_a_place(file: Path, part: int, tmp_path: Path) -> None:
    """A quarter of them each time, all of them in the slow suite."""
    # Comments left out: an injury there is none.
    text = "".join(line for line in file.read_text().splitlines(True) if not line.lstrip().startswith("#"))
    chooser = random.Random(file.stem)
    folder = tmp_path / "scenarios"
    shutil.copytree(file.parent, folder, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    mutant = folder / "mutant.yaml"
    mutations = MUTATIONS // len(FILES) // part
    refused = 0
    slowest = 0.0
    for _ in range(mutations):
        mutant.write_text(mutate(text, chooser), encoding="utf-8", newline="")
        started = time.process_time()
        problems = problems_of(mutant)
        slowest = max(slowest, time.process_time() - started)
        refused += bool(problems)
        for located in problems:
            assert located.problem.found
            assert located.place.source.label.startswith((str(folder), "preset:"))
            assert "cannot be loaded" not in located.problem.found, located.summary
            assert "\x1b" not in located.summary
    assert refused > mutations // 2
    assert slowest < 2.0 or slowest < 2.0 * slowness()
