"""A sweep file and its cells: every combination of a point of each axis, a policy and a seed.

A cell is the scenario with, in this order, the sweep's ``set``, settings of the command line, its policy and its
points laid over it. All cells are checked before anything runs.
"""

from __future__ import annotations

import math
import os
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import NamedTuple, cast

from simulator.scenario import files
from simulator.scenario.errors import LocatedProblem, Place, Problem, Problems, ScenarioError, Source
from simulator.scenario.horizon import shortened
from simulator.scenario.loading import (
    COMMAND_LINE,
    PRESET,
    DataFiles,
    LoadedScenario,
    UsedFile,
    apply_overrides,
    in_clear_words,
    load_tree,
    merge,
    read_with_parents,
    refusal,
    set_at,
)
from simulator.scenario.parameter_sets import ParameterSets
from simulator.scenario.schema import Scenario
from simulator.scenario.uncertainty import few_sets, spread_over
from simulator.scenario.yaml_nodes import Node
from simulator.sweeps.axes import Change, Dimension, Point, dimension_of
from simulator.sweeps.mapping_form import axes_as_lists
from simulator.sweeps.schema import POLICY, SEED, Sweep

#: More cells than this are a mistake.
CELLS_MAX = 100_000
FOLDER = "sweeps"


class SweepCell(NamedTuple):
    """One cell: its number, the place of its point along each dimension, and the labels there."""

    number: int
    places: tuple[int, ...]
    labels: dict[str, str | float]

    @property
    def said(self) -> str:
        """*Leverage 10, policy none*."""
        return in_short(self.labels)

    def __str__(self) -> str:
        """*Cell 12 (leverage 10, policy none)*."""
        return f"cell {self.number} ({self.said})" if self.labels else f"cell {self.number}"


class Size(NamedTuple):
    """What decides how long a cell takes: paths and days, and the trades it has."""

    paths: int
    days: int
    block: int
    trades: tuple[str, ...]


@dataclass(frozen=True)
class LoadedSweep:
    """A sweep file whose cells were all found valid.

    Parameters
    ----------
    base
        The scenario with what all cells change.
    dimensions
        Axes in the order of the file, then policies and seeds if there are several.
    files
        Everything that was read.
    path
        The sweep file.
    sizes
        Of the cells of the first seed, in order.
    settings, paths_chosen, horizon
        What the command line changed.
    notes
        What the horizon leaves out of the scenario, in sentences for the user.
    sets
        Parameter sets over which the paths of every cell are spread; none if they are not.
    data_files
        That cells name, as found when they were checked.
    """

    sweep: Sweep
    base: Node
    dimensions: tuple[Dimension, ...]
    files: tuple[UsedFile, ...]
    path: Path
    sizes: tuple[Size, ...] = ()
    settings: tuple[str, ...] = ()
    paths_chosen: int | None = None
    horizon: str | None = None
    notes: tuple[str, ...] = ()
    sets: ParameterSets | None = None
    data_files: DataFiles = field(default_factory=dict)

    @property
    def shape(self) -> tuple[int, ...]:
        """Points along each dimension."""
        return tuple(len(dimension.points) for dimension in self.dimensions)

    @property
    def count(self) -> int:
        """Number of cells."""
        return math.prod(self.shape)

    def cell(self, number: int) -> SweepCell:
        """A cell by its number: the last dimension runs fastest."""
        places = []
        for size in reversed(self.shape):
            number, place = divmod(number, size)
            places.append(place)
        places.reverse()
        labels = {
            dimension.name: dimension.points[place].label
            for dimension, place in zip(self.dimensions, places, strict=True)
        }
        return SweepCell(self._number(places), tuple(places), labels)

    def _number(self, places: Sequence[int]) -> int:
        number = 0
        for size, place in zip(self.shape, places, strict=True):
            number = number * size + place
        return number

    def size(self, number: int) -> Size:
        """Size of a cell."""
        return self.sizes[number // (self.count // len(self.sizes))]

    @property
    def trades(self) -> tuple[str, ...]:
        """Trades of all cells."""
        return tuple(dict.fromkeys(trade for size in self.sizes for trade in size.trades))

    def cells(self) -> Iterator[SweepCell]:
        """All cells."""
        return map(self.cell, range(self.count))

    def changes(self, cell: SweepCell) -> list[Change]:
        """What the cell lays over the base, in order: its policy first, so that axes may vary a policy."""
        chosen = list(zip(self.dimensions, cell.places, strict=True))
        chosen.sort(key=lambda pair: pair[0].name != POLICY)
        return [change for dimension, place in chosen for change in dimension.points[place].changes]

    def tree(self, cell: SweepCell) -> Node:
        """The scenario of a cell, as it would be written.

        Raises
        ------
        ScenarioError
            If a value cannot stand where its key says.
        """
        tree = self.base
        for key, value, place in self.changes(cell):
            parts = key.split(".") if key else []
            tree = set_at(tree, parts, value, [place] * len(parts))
        return tree if self.horizon is None else shortened(tree, self.horizon)[0]

    def load(self, cell: SweepCell, known: DataFiles | None = None) -> LoadedScenario[Scenario]:
        """The scenario of a cell, validated.

        Parameters
        ----------
        known
            Data files that are not looked for; others that it names are added.

        Raises
        ------
        ScenarioError
            With everything that is wrong with it.
        """
        loaded = load_tree(self.tree(cell), (), Scenario, known)
        if self.sets is not None:
            loaded = spread_over(loaded, self.sets)
        scenario = loaded.scenario
        changes: dict[str, object] = {
            "output": scenario.output.model_copy(update={"agents": self.sweep.keep == "full"})
        }
        if self.sweep.keep != "statistics":
            changes["name"] = f"{self.sweep.name[:70]}-{cell.number}"
            changes["title"] = f"{self.sweep.title or self.sweep.name}: {cell.said}"
        if self.sweep.paths is not None:
            changes["paths"] = self.sweep.paths
        if self.sweep.random_numbers == "independent":
            changes["seed"] = independent_seed(scenario.seed, cell.number)
        return replace(loaded, scenario=scenario.model_copy(update=changes))

    @cached_property
    def baseline(self) -> str:
        """The policy that others are compared with; empty when there are no policies."""
        return self.sweep.baseline or next(iter(self.sweep.policies), "")


def independent_seed(seed: int, cell: int) -> int:
    """Seed of a cell that shares no random numbers with the others."""
    import numpy as np

    high, low = np.random.SeedSequence([seed, cell]).generate_state(2, np.uint32)
    return (int(high) << 32 | int(low)) >> 1


def load_sweep(
    path: str | Path,
    overrides: Sequence[str] = (),
    *,
    paths: int | None = None,
    horizon: str | None = None,
    sets: ParameterSets | None = None,
) -> LoadedSweep:
    """Read a sweep file and check every cell of it.

    Parameters
    ----------
    overrides
        Settings of the scenario in every cell, such as ``"funds.count=80"``.
    paths
        Paths of a cell, in place of what the file says.
    horizon
        Days after which every cell stops, such as ``"30d"``, in place of the scenario's own, longer horizon.
    sets
        Parameter sets over which the paths of every cell are spread, as far as the cell leaves parameters at their
        defaults.

    Raises
    ------
    ScenarioError
        With every problem found; nothing else is raised.
    """
    with in_clear_words(str(path)):
        tree, read_files = read_with_parents(str(path))
        loaded = load_tree(axes_as_lists(tree), read_files, Sweep)
        base, used = _base(loaded, str(path))
        base = merge(base, loaded.tree.child("set") or Node({}, base.place))
        base = apply_overrides(base, overrides)
        dimensions = _dimensions(loaded, base)
        _check_settings(overrides, dimensions)
        sweep = loaded.scenario if paths is None else loaded.scenario.model_copy(update={"paths": paths})
        read = (*loaded.files, *used)
        notes = () if horizon is None else shortened(base, horizon)[1]
        found = LoadedSweep(
            sweep, base, dimensions, read, Path(path), (), tuple(overrides), paths, horizon, notes, sets
        )
        if found.count > CELLS_MAX:
            problem = Problem("axes", f"{found.count:,} cells", f"up to {CELLS_MAX:,}", "Split the sweep.")
            raise refusal(loaded.tree.place.source, problem)
        found = checked(found)
        few = few_sets(min(size.paths for size in found.sizes)) if sets is not None else ()
        return replace(found, notes=(*notes, *few))


def is_sweep(path: str | Path) -> bool:
    """Whether a file looks like a sweep: it names a scenario."""
    try:
        tree, _ = read_with_parents(str(path))
    except ScenarioError:
        return False
    return isinstance(tree.value, dict) and "scenario" in tree.value and "market" not in tree.value


def _base(loaded: LoadedScenario[Sweep], label: str) -> tuple[Node, list[UsedFile]]:
    """The scenario that a sweep file names, and the files it was made from."""
    reference, node = loaded.scenario.scenario, loaded.tree.child("scenario")
    if reference.startswith(PRESET) or reference in files.shipped_scenarios():
        return read_with_parents(reference)
    path = Path(label).resolve()
    root = next((folder.parent for folder in path.parents if folder.name == FOLDER), path.parent)
    try:
        files.resolve_reference(reference, path.parent, root, files.SCENARIO_SUFFIXES)
    except Problems as refused:
        problems = [replace(problem, key="scenario") for problem in refused.problems]
        raise refusal(loaded.tree.place.source, *problems, place=cast(Node, node).place) from refused
    return read_with_parents(os.path.normpath(os.path.join(os.path.dirname(label), reference)))


def _dimensions(loaded: LoadedScenario[Sweep], base: Node) -> tuple[Dimension, ...]:
    sweep, tree = loaded.scenario, loaded.tree
    found: list[Dimension] = []
    problems: list[LocatedProblem] = []
    axes = tree.child("axes") or tree
    for name, axis in sweep.axes.items():
        try:
            found.append(dimension_of(name, axis, cast(Node, axes.child(name)), base, loaded.data_files))
        except ScenarioError as error:
            problems += error.problems
    problems += _twice(found)
    if problems:
        raise ScenarioError(problems)
    if sweep.policies:
        written = cast(Node, tree.child(POLICY_KEY))
        points = [
            Point(name, (Change("", cast(Node, written.child(name)), written.key_places[name]),))
            for name in sweep.policies
        ]
        found.append(Dimension(POLICY, tuple(points)))
    if sweep.seeds:
        written = cast(Node, tree.child(SEEDS_KEY))
        nodes = cast(list[Node], written.value)
        found.append(
            Dimension(
                SEED,
                tuple(
                    Point(float(cast(int, node.value)), (Change(SEED, node, node.place),)) for node in nodes
                ),
            )
        )
    return tuple(found)


POLICY_KEY, SEEDS_KEY = "policies", "seeds"


def _twice(dimensions: Sequence[Dimension]) -> list[LocatedProblem]:
    """Parameters that two axes vary, or one inside the other."""
    places: dict[str, Place] = {}
    found = []
    for dimension in dimensions:
        for change in dimension.points[0].changes:
            other = next((key for key in places if _overlap(key, change.key)), None)
            if other is not None:
                problem = Problem(
                    f"axes.{dimension.name}",
                    f"{change.key} varies already as {other}",
                    "one axis a parameter",
                )
                found.append(LocatedProblem(problem, change.place))
            places[change.key] = change.place
    return found


def _overlap(one: str, other: str) -> bool:
    return f"{one}.".startswith(f"{other}.") or f"{other}.".startswith(f"{one}.")


def _check_settings(overrides: Sequence[str], dimensions: Sequence[Dimension]) -> None:
    """Refuse settings that an axis would overrule."""
    varied = [
        (change.key, dimension.name)
        for dimension in dimensions
        for change in dimension.points[0].changes
        if change.key
    ]
    problems = []
    for text in overrides:
        key = text.partition("=")[0]
        axis = next((name for varied_key, name in varied if _overlap(key, varied_key)), None)
        if axis is not None:
            problem = Problem(
                key, f"the sweep varies it along {axis}", "", "Change the axis in the sweep file."
            )
            problems.append(LocatedProblem(problem, Place(Source(COMMAND_LINE, text, is_setting=True), 1, 1)))
    if problems:
        raise ScenarioError(problems)


def checked(loaded: LoadedSweep) -> LoadedSweep:
    """The sweep with the sizes of its cells and the data files that they name, once all were found valid.

    The cells of the first seed stand for those of all.

    Raises
    ------
    ScenarioError
        With every problem once, where it stands, and in which cells.
    """
    met: dict[tuple[str, int, int, str, str], tuple[LocatedProblem, list[SweepCell]]] = {}
    sizes, count = [], 0
    data_files: DataFiles = {}
    files: dict[Hashable, tuple[Problem, ...]] = {}
    for cell in loaded.cells():
        if loaded.sweep.seeds and cell.places[-1]:
            continue
        count += 1
        try:
            found = loaded.load(cell, data_files)
            scenario = found.scenario
            _check_files(found, files)
            block = scenario.numerics.block
            sizes.append(Size(scenario.paths, int(scenario.horizon), block, tuple(scenario.market.trades)))
        except ScenarioError as error:
            for located in error.problems:
                place, problem = located.place, located.problem
                key = (place.source.label, place.line, place.column, problem.key, problem.found)
                met.setdefault(key, (located, []))[1].append(cell)
    if met:
        in_order = sorted(met.items(), key=lambda pair: pair[0][:3])
        raise ScenarioError(_with_cells(located, cells, count) for _, (located, cells) in in_order)
    return replace(loaded, sizes=tuple(sizes), data_files=data_files)


def _check_files(cell: LoadedScenario[Scenario], known: dict[Hashable, tuple[Problem, ...]]) -> None:
    """Hold the data files of a cell against what it asks of them, unless another cell asked the same."""
    if not (cell.data_files or cell.scenario.drivers.reads_file):
        return
    from simulator.inputs.opened import asked_of_files, open_inputs

    asked = asked_of_files(cell.scenario)
    if asked not in known:
        try:
            open_inputs(cell.scenario, cell.data_files)
            known[asked] = ()
        except Problems as problems:
            known[asked] = problems.problems
    if known[asked]:
        raise cell.refused(Problems(known[asked]))


def _with_cells(located: LocatedProblem, cells: Sequence[SweepCell], checked: int) -> LocatedProblem:
    """A problem that says in which cells it was met, unless in all."""
    if len(cells) == checked and checked > 1:
        return located
    said = (
        f"In {cells[0]}"
        if len(cells) == 1
        else f"In {len(cells):,} of {checked:,} cells, the first: {cells[0]}"
    )
    advice = " ".join(filter(None, (located.problem.advice, f"{said}.")))
    return replace(located, problem=replace(located.problem, advice=advice))


def in_short(labels: Mapping[str, str | float]) -> str:
    """Where a cell stands, in a few words."""
    return ", ".join(
        f"{name} {label:g}" if isinstance(label, float) else f"{name} {label}"
        for name, label in labels.items()
    )
