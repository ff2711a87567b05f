"""A horizon shortened from outside a scenario: what would begin after it is left out, and said."""

from __future__ import annotations

from typing import Any

from simulator.scenario.declarations import declarations
from simulator.scenario.errors import LocatedProblem, Place, Problem, ScenarioError, Source
from simulator.scenario.yaml_nodes import Node
from simulator.units import DAYS, UnitError, read

OPTION = "--horizon"
KEY, EVENTS, DAY = "horizon", "events", "day"


def shortened(tree: Node, horizon: str) -> tuple[Node, tuple[str, ...]]:
    """A scenario that stops after fewer days, and what is left out of it because it begins later.

    Parameters
    ----------
    tree
        The scenario as it is written, parents and settings merged.
    horizon
        Trading days in the written form, such as ``30d``.

    Raises
    ------
    ScenarioError
        If this is no number of days, or more than the scenario has.
    """
    source = Source(OPTION, horizon, is_setting=True)
    place = Place(source, 1, 1)
    days = _read(horizon, place)
    own = _own_days(tree)
    if own is None:
        return tree, ()
    if days > own:
        allowed = f"1d to {own}d"
        found = f"{horizon} is longer than the scenario's {own} days"
        raise _refused(
            place, found, allowed, "The option only shortens; set horizon in the file to lengthen it."
        )
    children: dict[str, Node] = dict(tree.value) if isinstance(tree.value, dict) else {}
    children[KEY] = Node(f"{days}d", place)
    events = children.get(EVENTS)
    late: list[Node] = []
    if events is not None and isinstance(events.value, list):
        late = [event for event in events.value if (_day(event) or 0) > days]
        kept = [event for event in events.value if (_day(event) or 0) <= days]
        children[EVENTS] = Node(kept, events.place)
    notes = [f"Left out, after the horizon of {days} days: {'; '.join(map(_named, late))}."] if late else []
    return Node(children, tree.place, {**tree.key_places, KEY: place}), tuple(notes)


def _read(horizon: str, place: Place) -> int:
    try:
        days = int(read(DAYS, horizon))
    except UnitError as error:
        raise _refused(place, error.found, error.allowed, error.advice) from error
    if days < 1:
        raise _refused(place, f"{horizon} is too small", "1d or more")
    return days


def _own_days(tree: Node) -> int | None:
    """The scenario's own horizon; none if what is written cannot be read, which validation tells better."""
    from simulator.scenario.schema import Scenario

    written: Any = declarations(Scenario)[KEY].default
    node = tree.child(KEY)
    try:
        return int(read(DAYS, node.value if node is not None else written))
    except UnitError:
        return None


def _day(event: Node) -> int | None:
    node = event.child(DAY)
    try:
        return int(read(DAYS, node.value)) if node is not None else None
    except UnitError:
        return None


def _named(event: Node) -> str:
    kind = event.child("type")
    return f"{kind.value if kind is not None else 'event'} on day {_day(event)} ({event.place})"


def _refused(place: Place, found: str, allowed: str, advice: str = "") -> ScenarioError:
    return ScenarioError([LocatedProblem(Problem(KEY, found, allowed, advice), place)])
