"""From a scenario file to a validated scenario: parents merged, overrides applied, origins kept.

A file may name parents (``extends: other.yaml``, ``extends: preset:NAME``, or a list of them, each laid over
the ones before it); sections merge key by key, lists are replaced, and ``--set a.b=25bp`` comes last. The
result is validated as a whole, and everything that is wrong is raised at once, each problem at the file, line
and column it stands.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeAlias, TypeVar, cast, overload

from simulator.scenario import files
from simulator.scenario.declarations import ANY, declarations
from simulator.scenario.errors import (
    LocatedProblem,
    Place,
    Problem,
    Problems,
    ScenarioError,
    Source,
    did_you_mean,
)
from simulator.scenario.horizon import shortened
from simulator.scenario.parameters import Section
from simulator.scenario.validation import find, locate, validate
from simulator.scenario.yaml_nodes import DEPTH_MAX, Node, compose, decode
from simulator.units import quoted

if TYPE_CHECKING:
    from simulator.scenario.parameter_sets import ParameterSets
    from simulator.scenario.schema import Scenario

EXTENDS = "extends"
PRESET = "preset:"
PARENTS_MAX = 8
COMMAND_LINE = "--set"

Model = TypeVar("Model", bound=Section)


@dataclass(frozen=True)
class UsedFile:
    """A file that the scenario was made from, with the hash of its bytes."""

    label: str
    sha256: str


class DataFile(NamedTuple):
    """A data file where it lies, and the hash of its bytes."""

    path: Path
    sha256: str


#: Data files by how they are named: a reference, and the file that it stands in.
DataFiles: TypeAlias = dict[tuple[str, Path], DataFile]


@dataclass(frozen=True)
class LoadedScenario(Generic[Model]):
    """A validated scenario, the resolved tree it was made from, and every file that was used.

    Attributes
    ----------
    scenario
        The validated model, in engine units.
    tree
        What was written, parents and overrides merged; every node knows its place.
    files
        The scenario, its parents and its data files.
    data_files
        Path of each data file, by the reference that names it in the scenario.
    notes
        What its provenance remarks and what was left out of it, in sentences for the user.
    sets
        Parameter sets over which its paths are spread, of parameters that it leaves at their defaults.
    """

    scenario: Model
    tree: Node
    files: tuple[UsedFile, ...]
    data_files: Mapping[str, Path]
    notes: tuple[str, ...] = ()
    sets: ParameterSets | None = None

    def origin(self, key: str) -> str:
        """File and line that a dotted key's value comes from, or ``"default"``."""
        node = find(self.tree, key.split("."))
        return str(node.place) if node is not None else "default"

    def is_written(self, key: str) -> bool:
        """Whether a figure was written, or, of a key of every entry of a table, in any of its entries."""
        before, any_name, after = key.partition(f".{ANY}.")
        if not any_name:
            return self.origin(key) != "default"
        table: Any = self.scenario
        for part in before.split("."):
            table = getattr(table, part)
        return any(self.origin(f"{before}.{name}.{after}") != "default" for name in table)

    def refused(self, problems: Problems) -> ScenarioError:
        """The error to raise for problems found after loading, each at the place of its key."""
        return ScenarioError(locate(self.tree, problem) for problem in problems.problems)


@overload
def load_scenario(
    path: str | Path, overrides: Sequence[str] = (), *, horizon: str | None = None
) -> LoadedScenario[Scenario]: ...


@overload
def load_scenario(
    path: str | Path, overrides: Sequence[str], model: type[Model]
) -> LoadedScenario[Model]: ...


def load_scenario(
    path: str | Path,
    overrides: Sequence[str] = (),
    model: type[Section] | None = None,
    *,
    horizon: str | None = None,
) -> LoadedScenario[Any]:
    """Read, merge and validate a scenario.

    Parameters
    ----------
    path
        The scenario's YAML file, the name of a shipped scenario (``unwind scenarios`` lists them), or
        ``preset:NAME``.
    overrides
        Settings such as ``"funds.count=80"``, applied last and in order.
    model
        Root section of the schema; the simulator's own by default.
    horizon
        Days after which the scenario stops, such as ``"30d"``, in place of its own, longer horizon; what would begin
        later is left out, and told in ``notes``.

    Raises
    ------
    ScenarioError
        With every problem found; nothing else is raised.
    """
    from simulator.scenario.schema import Scenario

    with in_clear_words(str(path)):
        tree, used = read_with_parents(str(path))
        tree = apply_overrides(tree, overrides)
        tree, notes = (tree, ()) if horizon is None else shortened(tree, horizon)
        loaded = load_tree(tree, used, model or Scenario)
        return replace(loaded, notes=(*loaded.notes, *notes))


def load_tree(
    tree: Node, used: Sequence[UsedFile], model: type[Model], known: DataFiles | None = None
) -> LoadedScenario[Model]:
    """Validate a tree that was read and merged, and find the data files that it names.

    Parameters
    ----------
    known
        Data files that were found for trees like this one: these are not looked for, and others are added.

    Raises
    ------
    ScenarioError
        With every problem found.
    """
    scenario = validate(model, tree)
    data_files, hashed = _resolve_data_files(scenario, tree, {} if known is None else known)
    provenance = getattr(scenario, "provenance", None)
    notes = tuple(provenance.remarks) if provenance is not None else ()
    return LoadedScenario(scenario, tree, (*used, *hashed), data_files, notes)


@contextmanager
def in_clear_words(label: str) -> Iterator[None]:
    """Keep the promise to the user: one clear message about the file, whatever happens in the body.

    Raises
    ------
    ScenarioError
        In place of every other exception.
    """
    try:
        yield
    except ScenarioError:
        raise
    except Exception as error:
        found = f"cannot be loaded: {type(error).__name__}: {error}"
        problem = Problem("", found[:300], "", "Please report this file.")
        raise refusal(Source(label, ""), problem) from error


def with_overrides(loaded: LoadedScenario[Model], overrides: Sequence[str]) -> LoadedScenario[Model]:
    """A loaded scenario with more settings such as ``"funds.count=80"`` on top; parameter sets leave them as they are.

    Raises
    ------
    ScenarioError
        With every problem found.
    """
    used = [file for file in loaded.files if file.label not in loaded.data_files]
    again = load_tree(apply_overrides(loaded.tree, overrides), used, type(loaded.scenario))
    sets = loaded.sets and loaded.sets.of([key for key in loaded.sets.keys if not again.is_written(key)])
    return replace(again, notes=loaded.notes, sets=sets if sets and sets.keys else None)


def load_resolved(
    values: Mapping[str, Any], label: str, used: Sequence[UsedFile], data_files: Mapping[str, Path]
) -> LoadedScenario[Scenario]:
    """A scenario from all of its values in their written form, as the manifest of a run keeps them.

    Parameters
    ----------
    values
        What :func:`simulator.scenario.explain.as_written` gave.
    label
        Where they stand, for messages.
    used, data_files
        Files that the scenario was made from, and where its data files lie now.

    Raises
    ------
    ScenarioError
        If this version of the schema does not accept them.
    """
    from simulator.scenario.schema import Scenario

    tree = compose(Source(label, json.dumps(values, indent=1, ensure_ascii=False)))
    return LoadedScenario(validate(Scenario, tree), tree, tuple(used), data_files)


def read_file(label: str, path: Path) -> Source:
    """Text of a scenario file, with the hash of its bytes; ``label`` is how messages name it.

    Raises
    ------
    ScenarioError
        If it cannot be read or is not text.
    """
    try:
        data = files.read_regular_file(path)
    except Problems as refused:
        raise refusal(Source(label, ""), *refused.problems) from refused
    return Source(label, decode(label, data), hashlib.sha256(data).hexdigest(), path)


def title_of(reference: str) -> str:
    """Title of a scenario, or the day of a preset, without checking the rest of it; empty if it has none."""
    try:
        tree, _ = read_with_parents(reference)
    except ScenarioError as error:
        return f"(cannot be read: {error.problems[0].problem.found})"
    title = tree.child("title") or tree.child("name")
    if title is None:
        day = find(tree, ("market", "date"))
        return f"the market of {day.value}" if day is not None else ""
    return str(title.value)


def refusal(source: Source, *problems: Problem, place: Place | None = None) -> ScenarioError:
    """The error for problems that all stand at one place of a source."""
    return ScenarioError(LocatedProblem(problem, place or Place(source)) for problem in problems)


# Parents


def read_with_parents(reference: str) -> tuple[Node, list[UsedFile]]:
    """The file and its parents merged into one tree, and the files, the scenario's own first.

    Raises
    ------
    ScenarioError
        If one of them cannot be read.
    """
    if reference.startswith(PRESET):
        try:
            label, path = reference, files.resolve_preset(reference.removeprefix(PRESET))
        except Problems as refused:
            raise refusal(Source(reference, ""), *refused.problems) from refused
    else:
        label, path = _place_of(reference)
    used: list[UsedFile] = []
    return _merged(label, path, (), used), used


def is_bare_name(reference: str) -> bool:
    """Whether this can only be the name of a shipped scenario: no folder, no ending, and no such file."""
    path = Path(reference)
    return not path.suffix and path.name == reference and (path.is_dir() or not path.exists())


def _place_of(reference: str) -> tuple[str, Path]:
    """Label and path of a scenario given by file, or by the name under which it ships."""
    if not is_bare_name(reference):
        return reference, Path(reference)
    shipped = files.resolve_shipped(reference)
    if shipped is None:
        near = did_you_mean(reference, files.shipped_scenarios())
        allowed = "a scenario file, preset:NAME, or a name that unwind scenarios lists"
        problem = Problem("", "is neither a file nor a shipped scenario", allowed, near)
        raise refusal(Source(reference, ""), problem)
    return f"{files.SHIPPED.name}/{shipped.name}", shipped


def _merged(label: str, path: Path, children: tuple[Path, ...], used: list[UsedFile]) -> Node:
    """A file over its parents, which are read depth first; ``children`` led to it, ``used`` grows."""
    source = read_file(label, path)
    node = _root_of(source)
    used.append(UsedFile(label, source.sha256))
    lineage = (*children, path.resolve())
    above: Node | None = None
    for parent in _references(node, source):
        try:
            parent_label, parent_path = _parent_of(parent, label, path, lineage, len(used))
        except Problems as refused:
            raise refusal(source, *refused.problems, place=parent.place) from refused
        tree = _merged(parent_label, parent_path, lineage, used)
        above = tree if above is None else merge(above, tree)
    own = _without(node, EXTENDS)
    return own if above is None else merge(above, own)


def _references(node: Node, source: Source) -> list[Node]:
    """The parents that a file names, in the order in which they are laid over each other."""
    extends = node.child(EXTENDS)
    if extends is None or not isinstance(extends.value, list):
        return [] if extends is None else [extends]
    if not extends.value:
        problem = Problem(EXTENDS, "is an empty list", "a file or preset:NAME, or a list of them")
        raise refusal(source, problem, place=extends.place)
    return extends.value


def _root_of(source: Source) -> Node:
    node = compose(source)
    if node.value is None:
        raise refusal(source, Problem("", "is empty", "", "Write at least the keys that have no default."))
    if not isinstance(node.value, dict):
        found = f"starts with {quoted(node.plain())}"
        raise refusal(source, Problem("", found, "keys with values", "Write key: value."), place=node.place)
    return node


def _parent_of(
    parent: Node, label: str, path: Path, lineage: tuple[Path, ...], read: int
) -> tuple[str, Path]:
    """Label and path of the file that ``extends`` names, when ``read`` files have been read."""
    reference = parent.value
    if isinstance(reference, str) and reference.startswith(PRESET):
        parent_label, parent_path = reference, files.resolve_preset(reference.removeprefix(PRESET))
    else:
        try:
            root = files.PRESETS if label.startswith(PRESET) else files.tree_of(path)
            parent_path = files.resolve_reference(
                reference, path.resolve().parent, root, files.SCENARIO_SUFFIXES
            )
        except Problems as refused:
            raise Problems(_named(problem) for problem in refused.problems) from refused
        parent_label = (
            f"{PRESET}{parent_path.stem}"
            if label.startswith(PRESET)
            else os.path.normpath(os.path.join(os.path.dirname(label), str(reference)))
        )
    if parent_path.resolve() in lineage:
        circle = " extends ".join([*(known.name for known in lineage), parent_path.name])
        raise Problems([Problem(EXTENDS, f"the files extend each other: {circle}", "", "Break the circle.")])
    if read > PARENTS_MAX:
        raise Problems([Problem(EXTENDS, "too many parents", f"{PARENTS_MAX}", "Merge some of the files.")])
    return parent_label, parent_path


def _named(problem: Problem) -> Problem:
    return Problem(EXTENDS, problem.found, f"{problem.allowed}, or preset:NAME", problem.advice, problem.near)


def _without(node: Node, key: str) -> Node:
    children = cast(dict[str, Node], node.value)
    return Node(
        {name: child for name, child in children.items() if name != key},
        node.place,
        node.key_places,
        node.size,
    )


def merge(parent: Node, child: Node) -> Node:
    """The child over the parent: sections key by key, everything else replaced."""
    if not (isinstance(parent.value, dict) and isinstance(child.value, dict)):
        return child
    children = dict(parent.value)
    for name, node in child.value.items():
        children[name] = merge(children[name], node) if name in children else node
    return Node(children, child.place, {**parent.key_places, **child.key_places})


# Overrides


def apply_overrides(tree: Node, overrides: Sequence[str]) -> Node:
    """A tree with settings such as ``funds.count=80`` laid over it, in their order.

    Raises
    ------
    ScenarioError
        With every setting that cannot be read or placed.
    """
    problems: list[LocatedProblem] = []
    for text in overrides:
        source = Source(COMMAND_LINE, text, is_setting=True)
        try:
            tree = _override(tree, source)
        except ScenarioError as error:
            problems.extend(error.problems)
    if problems:
        raise ScenarioError(problems)
    return tree


def _override(tree: Node, source: Source) -> Node:
    key, equals, text = source.text.partition("=")
    parts = key.split(".")
    place = Place(source, 1, 1)
    are_names = all(part and part == part.strip() for part in parts) and len(parts) <= DEPTH_MAX
    if not equals or not are_names:
        problem = Problem(
            "", f"{quoted(source.text)} is not a setting", "key=value", "Write for example funds.count=80."
        )
        raise refusal(source, problem, place=place)
    if key == EXTENDS:
        raise refusal(
            source, Problem(key, "the parent cannot be set", "", "Change it in the file."), place=place
        )
    if not text.strip():
        raise refusal(
            source, Problem(key, "has no value", "key=value", "Write it after the = sign."), place=place
        )
    decode(source.label, text.encode("utf-8", "surrogatepass"))
    value = compose(source, text, column=len(key) + 1)
    columns = [1 + len("".join(f"{part}." for part in parts[:depth])) for depth in range(len(parts))]
    return set_at(tree, parts, value, [Place(source, 1, column) for column in columns])


def set_at(
    node: Node | None, parts: Sequence[str], value: Node, places: Sequence[Place], depth: int = 0
) -> Node:
    """A tree with a value laid over what stands at a dotted key.

    Parameters
    ----------
    parts, places
        Names of the key, and where each of them was written.
    depth
        How many of them lead to ``node``.

    Raises
    ------
    ScenarioError
        If nothing can stand at the key.
    """
    if depth == len(parts):
        return value if node is None else merge(node, value)
    part, key = parts[depth], ".".join(parts[: depth + 1])
    place = places[depth]
    if node is not None and isinstance(node.value, list):
        if node.child(part) is None:
            count = len(node.value)
            allowed = f"an index from 0 to {count - 1}" if count else "nothing, the list is empty"
            raise refusal(place.source, Problem(key, f"the list has {count} entries", allowed), place=place)
        entries = list(node.value)
        entries[int(part)] = set_at(entries[int(part)], parts, value, places, depth + 1)
        return Node(entries, node.place)
    if node is not None and not isinstance(node.value, dict | None):
        found = f"{'.'.join(parts[:depth])} holds {quoted(node.value)}, not keys"
        raise refusal(place.source, Problem(key, found, "", "Set it as a whole."), place=place)
    children = dict(node.value) if node is not None and isinstance(node.value, dict) else {}
    children[part] = set_at(children.get(part), parts, value, places, depth + 1)
    known = node.key_places if node is not None else {}
    return Node(children, node.place if node is not None else place, {part: place, **known})


# Data files


def _resolve_data_files(
    scenario: Section, tree: Node, known: DataFiles
) -> tuple[dict[str, Path], list[UsedFile]]:
    """Path and hash of every data file that the scenario names, each found from the file that names it."""
    problems: list[LocatedProblem] = []
    found: dict[str, Path] = {}
    hashed: list[UsedFile] = []
    for key, reference in _data_references(scenario, ""):
        node = find(tree, key.split("."))
        base = node.place.source.path if node is not None else None
        named = reference, base or cast(Path, tree.place.source.path)
        try:
            if named not in known:
                path = files.resolve_data_file(*named)
                known[named] = DataFile(path, files.file_sha256(path))
            path, sha256 = known[named]
            if found.setdefault(reference, path) != path:
                raise Problems([Problem(key, f"{quoted(reference)} means two files", "", "Rename one.")])
            hashed.append(UsedFile(reference, sha256))
        except Problems as refused:
            problems.extend(locate(tree, replace(problem, key=key)) for problem in refused.problems)
    if problems:
        raise ScenarioError(problems)
    return found, hashed


def _data_references(value: object, key: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, Section):
        for name, declaration in declarations(type(value)).items():
            below = f"{key}.{name}" if key else name
            content = getattr(value, name)
            if not declaration.shape.is_data_file:
                yield from _data_references(content, below)
            elif content:
                yield below, content
    elif isinstance(value, Mapping):
        for name, content in value.items():
            yield from _data_references(content, f"{key}.{name}")
    elif isinstance(value, list):
        for index, content in enumerate(value):
            yield from _data_references(content, f"{key}.{index}")
