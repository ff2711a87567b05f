"""Axes written as mappings, ``{funds.leverage: [8x, 9x]}``, turned into the lists that the schema of sweeps declares.

Every node keeps its place, so that whatever is wrong is told where it was written.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from simulator.scenario.declarations import declarations
from simulator.scenario.yaml_nodes import Node
from simulator.sweeps.schema import Csv, Grid, LatinHypercube, Sobol, Zip

#: What an axis may say; other keys are those of the scenario.
_KEYS = {key for kind in (Grid, Zip, LatinHypercube, Sobol, Csv) for key in declarations(kind)}


def axes_as_lists(tree: Node) -> Node:
    """A sweep file whose axes are all written as lists."""
    axes = tree.child("axes")
    if axes is None or not isinstance(axes.value, dict):
        return tree
    written = {name: _axis(axis) for name, axis in axes.value.items()}
    return _with(tree, "axes", replace(axes, value=written))


def _axis(axis: Node) -> Node:
    """An axis: one that names parameters alone is a grid of one, or several that change together."""
    if not isinstance(axis.value, dict) or not axis.value:
        return axis
    if not _KEYS.intersection(axis.value):
        parameters = list(_parameters(axis, ""))
        if len(parameters) == 1 and isinstance(parameters[0].value, dict):
            return replace(parameters[0], value={"kind": Node("grid", axis.place), **parameters[0].value})
        kind = Node("zip", axis.place)
        return Node({"kind": kind, "parameters": Node(list(parameters), axis.place)}, axis.place)
    parameters_node = axis.child("parameters")
    if parameters_node is None or not isinstance(parameters_node.value, dict):
        return axis
    entries = list(_parameters(parameters_node, ""))
    return _with(axis, "parameters", Node(list(entries), parameters_node.place))


def _parameters(node: Node, prefix: str) -> Iterator[Node]:
    """An entry of the list for each parameter of a mapping, which may be nested as a scenario is."""
    assert isinstance(node.value, dict)
    for name, below in node.value.items():
        key, place = f"{prefix}{name}", node.key_places.get(name, below.place)
        is_range = isinstance(below.value, dict) and bool({"low", "high"} & set(below.value))
        if isinstance(below.value, dict) and not is_range:
            yield from _parameters(below, f"{key}.")
            continue
        said = below.value if isinstance(below.value, dict) else {"values": below}
        yield Node(
            {"parameter": Node(key, place), **said},
            below.place,
            {"parameter": place, **(below.key_places if is_range else {"values": below.place})},
        )


def _with(node: Node, key: str, value: Node) -> Node:
    assert isinstance(node.value, dict)
    return replace(node, value={**node.value, key: value})
