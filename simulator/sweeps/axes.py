"""From the axes of a sweep file to dimensions: points, each with the values that it lays over the scenario.

Every value keeps the place where it was written, so that whatever is wrong with a cell is told at the line of the
axis. Designs (Latin hypercube, Sobol) are drawn from a seed of their own and rounded to six digits, so that a
cell can be repeated by hand with ``--set``.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

from simulator import units
from simulator.scenario.declarations import Shape, declarations
from simulator.scenario.errors import LocatedProblem, Place, Problem, ScenarioError, Source, did_you_mean
from simulator.scenario.explain import in_words
from simulator.scenario.loading import read_file
from simulator.scenario.schema import Scenario
from simulator.scenario.validation import find
from simulator.scenario.yaml_nodes import Node, compose
from simulator.sweeps.schema import Axis, Csv, Grid, LatinHypercube, Sobol, Zip
from simulator.units import Kind, UnitError

#: Digits of the values of a design.
DIGITS = 6
LABEL = "label"
#: Keys of a scenario that say nothing of its numbers, or that the sweep file has its own keys for.
NOT_VARIED = ("name", "title", "description", "seed", "output")


class Change(NamedTuple):
    """A value laid over a scenario: at a dotted key (empty for the whole), and where the key was written."""

    key: str
    value: Node
    place: Place


class Point(NamedTuple):
    """A point of a dimension: what it is called, and what it changes."""

    label: str | float
    changes: tuple[Change, ...]


@dataclass(frozen=True)
class AxisCoordinate:
    """Values of one parameter along a dimension, in engine units where they are figures."""

    parameter: str
    values: tuple[str | float, ...]
    unit: str


@dataclass(frozen=True)
class Dimension:
    """A dimension of the cells.

    Parameters
    ----------
    name
        Of the axis, or ``policy`` or ``seed``.
    coordinates
        What its parameters are at each point; none for policies and seeds.
    """

    name: str
    points: tuple[Point, ...]
    coordinates: tuple[AxisCoordinate, ...] = ()


def dimension_of(
    name: str, axis: Axis, written: Node, base: Node, data_files: Mapping[str, Path]
) -> Dimension:
    """The points of an axis.

    Parameters
    ----------
    written
        The axis as it stands in the sweep file.
    base
        The scenario that it varies.
    data_files
        Path of each table, by the reference that names it.

    Raises
    ------
    ScenarioError
        With every parameter or value that cannot be used.
    """
    reader = _Reader(name, written, base)
    labels: list[str | float] = []
    if isinstance(axis, Grid):
        columns = [reader.grid(axis)]
    elif isinstance(axis, Zip):
        columns = [
            reader.series(series.parameter, f"parameters.{place}")
            for place, series in enumerate(axis.parameters)
        ]
        labels += axis.labels
    elif isinstance(axis, Csv):
        columns, names = reader.table(data_files[axis.file])
        labels += names
    else:
        columns = reader.design(axis)
    if reader.problems:
        raise ScenarioError(reader.problems)
    points = list(zip(*columns, strict=True))
    coordinates = tuple(_coordinate(base, column) for column in columns)
    if isinstance(axis, Grid):
        labels += coordinates[0].values
    labels = labels or [float(place) for place in range(len(points))]
    return Dimension(name, tuple(map(Point, labels, points)), coordinates)


class _Reader:
    """Reads one axis and collects what is wrong with it."""

    def __init__(self, name: str, written: Node, base: Node) -> None:
        self.key = f"axes.{name}"
        self.written = written
        self.base = base
        self.problems: list[LocatedProblem] = []

    def grid(self, axis: Grid) -> list[Change]:
        """Values of the one parameter of a grid, listed or spaced."""
        if axis.values:
            return self.series(axis.parameter, "")
        place = self.place("parameter")
        kind = self.kind_of(axis.parameter, place)
        ends = self.ends("", kind, axis.scale)
        if kind is None or ends is None:
            return []
        shares = [step / (axis.steps - 1) for step in range(axis.steps)]
        values = _spread(kind, *ends, axis.scale, shares)
        return [Change(axis.parameter, Node(value, place), place) for value in values]

    def series(self, key: str, at: str) -> list[Change]:
        """Listed values of a parameter, which stand below ``at``."""
        place = self.place(_below(at, "parameter"))
        self.check_key(key, place)
        values = self.node(_below(at, "values")).value
        return [Change(key, value, place) for value in values] if isinstance(values, list) else []

    def design(self, axis: LatinHypercube | Sobol) -> list[list[Change]]:
        """Values of every parameter of a design."""
        shares = _design(axis)
        columns = []
        for number, range_ in enumerate(axis.parameters):
            at = f"parameters.{number}"
            place = self.place(f"{at}.parameter")
            kind = self.kind_of(range_.parameter, place)
            ends = self.ends(at, kind, range_.scale)
            if kind is not None and ends is not None:
                values = _spread(kind, *ends, range_.scale, shares[number])
                columns.append([Change(range_.parameter, Node(value, place), place) for value in values])
        return columns

    def table(self, path: Path) -> tuple[list[list[Change]], list[str]]:
        """Columns of a CSV, and the labels of its rows if it has any."""
        source = read_file(str(self.node("file").value), path)
        try:
            heading, *body = csv.reader(io.StringIO(source.text)) if source.text.strip() else [[]]
        except csv.Error as error:
            wanted = "cells separated by commas, of ordinary length"
            self.report("", f"cannot be read as CSV: {error}", Place(source), wanted)
            return [], []
        rows = [(line, row) for line, row in enumerate(body, start=2) if any(row)]
        if not rows:
            self.report(
                "", "has no rows", Place(source), "a heading of dotted keys, and a row for each point"
            )
        for line, row in rows:
            if len(row) != len(heading):
                found = f"{len(row)} entries in the row"
                self.report("", found, Place(source, line, 1), f"{len(heading)}, as in the heading")
        if self.problems:
            return [], []
        columns, labels = [], []
        for place, key in enumerate(heading):
            entries = [(Place(source, line, _column(row, place)), row[place]) for line, row in rows]
            if key == LABEL:
                labels = [text for _, text in entries]
                continue
            where = Place(source, 1, _column(heading, place))
            self.check_key(key, where)
            columns.append([Change(key, self.scalar(text, at), where) for at, text in entries])
        if len(set(labels)) < len(labels):
            self.report("", "a label stands twice", Place(source, 1, 1), "a different label for each row")
        return columns, labels

    def scalar(self, text: str, place: Place) -> Node:
        """An entry of a table, read as a value of YAML."""
        try:
            return _placed(compose(Source(place.source.label, text)), place)
        except ScenarioError as error:
            self.problems += [replace(located, place=place) for located in error.problems]
            return Node(None, place)

    def ends(self, at: str, kind: Kind | None, scale: str) -> tuple[float, float] | None:
        """Low and high of a range, in engine units."""
        if kind is None:
            return None
        figures = []
        for name in ("low", "high"):
            node = self.node(_below(at, name))
            try:
                figures.append(units.read(kind, node.plain()))
            except UnitError as error:
                self.report(_below(at, name), error.found, node.place, error.allowed, error.advice)
        if len(figures) < 2:
            return None
        low, high = figures
        if low == high or (scale == "log" and min(low, high) <= 0.0):
            wanted = "two values above zero" if scale == "log" else "two different values"
            key = _below(at, "high")
            self.report(key, f"a range from {low:g} to {high:g}", self.place(key), wanted)
            return None
        return low, high

    def kind_of(self, key: str, place: Place) -> Kind | None:
        """Kind of the figures of a parameter."""
        shape = self.check_key(key, place)
        if shape is not None and shape.kind is None:
            wanted = "a parameter that is a figure; others are listed in values: […]"
            self.report("parameter", f"{key} is not a figure", place, wanted)
        return shape.kind if shape is not None else None

    def check_key(self, key: str, place: Place) -> Shape | None:
        """What may stand at a dotted key, or nothing if it does not exist or cannot vary."""
        if key.split(".")[0] in NOT_VARIED or key == "numerics.block":
            wanted = "a parameter that changes the numbers of a run"
            self.report("parameter", f"{key} does not vary in a sweep", place, wanted)
            return None
        try:
            return shape_at(self.base, key)
        except KeyError as error:
            name, known = error.args
            advice = did_you_mean(name, known)
            self.report("parameter", f"{key}: there is no {name}", place, "a key of the scenario", advice)
            return None

    def node(self, key: str) -> Node:
        """What was written at a key of the axis, or else the axis."""
        return find(self.written, key.split(".")) or self.written

    def place(self, key: str) -> Place:
        """Where a key of the axis was written."""
        return self.node(key).place

    def report(self, key: str, found: str, place: Place, allowed: str, advice: str = "") -> None:
        """Keep a problem for later."""
        self.problems.append(LocatedProblem(Problem(_below(self.key, key), found, allowed, advice), place))


def shape_at(tree: Node, key: str) -> Shape:
    """What may stand at a dotted key of a scenario.

    Raises
    ------
    KeyError
        With the part that does not exist and the names that do.
    """
    shape = Shape(model=Scenario)
    node: Node | None = tree
    for part in key.split("."):
        if shape.variants is not None:
            tag = node.child(shape.tag) if node is not None else None
            shape = Shape(model=shape.variants.get(str(tag.value)) if tag is not None else None)
        below = node.child(part) if node is not None else None
        if shape.model is not None:
            known = declarations(shape.model)
            if part not in known:
                raise KeyError(part, list(known))
            shape = known[part].shape
        elif shape.element is not None and (shape.container == "mapping" or below is not None):
            shape = shape.element
        else:
            raise KeyError(part, [])
        node = below
    return shape


def _coordinate(base: Node, column: Sequence[Change]) -> AxisCoordinate:
    """Values of a parameter along an axis: figures in engine units, or else in words."""
    key = column[0].key
    kind = shape_at(base, key).kind
    plain = [change.value.plain() for change in column]
    try:
        if kind is not None:
            return AxisCoordinate(key, tuple(float(units.read(kind, value)) for value in plain), kind.unit)
    except UnitError:
        pass  # the cell with this value is refused, with its place
    return AxisCoordinate(key, tuple(in_words(value) for value in plain), "")


def _spread(
    kind: Kind, low: float, high: float, scale: str, shares: Iterable[float]
) -> Iterator[str | float]:
    """Values in the written form, at shares of the way from low to high."""
    for share in shares:
        if scale == "log":
            value = math.exp(math.log(low) + share * (math.log(high) - math.log(low)))
        else:
            value = low + share * (high - low)
        value = round(value) if kind.whole else float(f"{value:.{DIGITS}g}")
        yield value if kind.bare else units.written(kind, value)


def _design(axis: LatinHypercube | Sobol) -> list[list[float]]:
    """Shares of the way, by parameter and point."""
    import numpy as np
    from scipy.stats import qmc

    generator = np.random.default_rng(axis.design_seed)
    count = len(axis.parameters)
    if isinstance(axis, Sobol):
        points = qmc.Sobol(count, scramble=True, rng=generator).random_base2(axis.points.bit_length() - 1)
    else:
        points = qmc.LatinHypercube(count, rng=generator).random(axis.points)
    return [[float(share) for share in column] for column in points.T]


def _placed(node: Node, place: Place) -> Node:
    """A node read from a piece of a text, and all below it, at the place of that piece."""
    value: Any = node.value
    if isinstance(value, dict):
        value = {name: _placed(child, place) for name, child in value.items()}
    elif isinstance(value, list):
        value = [_placed(child, place) for child in value]
    return Node(value, place, dict.fromkeys(node.key_places, place), node.size)


def _column(row: Sequence[str], place: int) -> int:
    """Column at which an entry of a row without quotes begins."""
    return 1 + sum(len(entry) + 1 for entry in row[:place])


def _below(key: str, name: str) -> str:
    return ".".join(filter(None, (key, name)))
