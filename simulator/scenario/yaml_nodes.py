"""YAML 1.2 text to nodes that know where they stand, with limits on everything.

Values are built from the parser's events by a constructor of our own: plain scalars follow the core
schema of YAML 1.2 (``no`` is text, ``1e-4`` a number), and what could surprise or harm is refused:
tags, merge keys, duplicate keys, keys that are not text, numbers that are not finite, deep nesting,
and aliases that multiply. Problems that leave the rest readable are collected and raised together.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
)

from simulator.scenario.errors import PROBLEMS_MAX, LocatedProblem, Place, Problem, ScenarioError, Source
from simulator.units import quoted

DEPTH_MAX = 32
ALIASES_MAX = 100
VALUES_MAX = 20_000
NUMBER_DIGITS_MAX = 40
KEY_LENGTH_MAX = 100
INDEX_DIGITS_MAX = 7

Scalar = str | int | float | bool | None

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_HIDDEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
#: Where a sweep file names parameters of the scenario, by dotted keys.
_NAMES_PARAMETERS = re.compile(r"axes\.[^.]+(\.parameters)?")
_NULL = re.compile(r"~|null|Null|NULL|")
_BOOL = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_INT = re.compile(r"[-+]?(0|[1-9][0-9]*)")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|(0|[1-9][0-9]*)(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")

#: Advice for what the YAML parser says, by a part of its message.
_ADVICE = (
    ("'\\t'", "Indent with spaces, not with tabs."),
    ("mapping values are not allowed", "Put text that contains ': ' in quotes, and check the indentation."),
    ("could not find expected ':'", "Every key is followed by a colon and a space; check the indentation."),
    ("expected <block end>", "Check the indentation: keys of one section start in the same column."),
    ("expected ',' or ']'", "Close the list with ], and separate its entries with commas."),
    ("expected ',' or '}'", "Close the mapping with }, and separate its entries with commas."),
    ("that cannot start any token", "Put text that starts with this character in quotes."),
    ("unexpected end of stream", "Close the quotation mark."),
    ("expected alphabetic or numeric", "Put text that contains & or * in quotes."),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Node:
    """A value of a scenario and where it stands; for a mapping, also where its keys stand.

    ``size`` counts the values in it, aliases expanded.
    """

    value: Scalar | dict[str, Node] | list[Node]
    place: Place
    key_places: Mapping[str, Place] = field(default_factory=dict)
    size: int = 1

    def child(self, part: str) -> Node | None:
        """The node at one part of a dotted key: a name, or the index of a list."""
        if isinstance(self.value, dict):
            return self.value.get(part)
        if isinstance(self.value, list) and part.isdecimal() and len(part) < INDEX_DIGITS_MAX:
            return self.value[int(part)] if int(part) < len(self.value) else None
        return None

    def plain(self) -> Any:
        """The value as plain dicts, lists and scalars."""
        if isinstance(self.value, dict):
            return {key: child.plain() for key, child in self.value.items()}
        if isinstance(self.value, list):
            return [child.plain() for child in self.value]
        return self.value


def decode(label: str, data: bytes) -> str:
    """Text of a scenario file: UTF-8, lines ending in a newline, nothing invisible that controls.

    Raises
    ------
    ScenarioError
        If the bytes are not such a text.
    """
    if data.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\x00" in data[:4]:
        raise _refused(Source(label, ""), 0, 0, "is not UTF-8 (it looks like UTF-16)", "Save it as UTF-8.")
    try:
        text = data.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError as error:
        before = data[: error.start].decode("utf-8", "replace").replace("\r\n", "\n")
        line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
        source = Source(label, data.decode("utf-8", "replace"))
        found = f"byte 0x{data[error.start]:02x} is not UTF-8"
        raise _refused(source, line, column, found, "Save the file as UTF-8.") from error
    control = _CONTROL.search(text)
    if control is not None:
        at = control.start()
        line, column = text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at)
        found = f"control character U+{ord(control[0]):04X}"
        raise _refused(Source(label, text), line, column, found, "Delete it.")
    return text


def compose(source: Source, text: str | None = None, column: int = 0) -> Node:
    """Node tree of one YAML document.

    Parameters
    ----------
    source
        Where the text comes from.
    text, column
        What to read, where it is only the end of the source's only line, and the column where it starts.

    Raises
    ------
    ScenarioError
        With the first mistake of syntax, or with all other problems.
    """
    composer = _Composer(source, column)
    try:
        root = composer.document(YAML(typ="safe", pure=True).parse(source.text if text is None else text))
    except ScenarioError:
        raise
    except MarkedYAMLError as error:
        raise composer.syntax_error(error) from error
    except Exception as error:  # the parser leaks ValueError, IndexError, KeyError … on mutilated input
        found = f"is not YAML: {type(error).__name__} {error}"
        raise _refused(source, 0, 0, found[:200], "Check the text around special characters.") from error
    if composer.problems:
        raise ScenarioError(composer.problems)
    return root


def _refused(source: Source, line: int, column: int, found: str, advice: str = "") -> ScenarioError:
    return ScenarioError([LocatedProblem(Problem("", found, "", advice), Place(source, line, column))])


class _Composer:
    """Builds nodes from the events of one document."""

    def __init__(self, source: Source, column: int) -> None:
        self.source = source
        self.column = column
        self.problems: list[LocatedProblem] = []
        self.anchors: dict[str, Node] = {}
        self.aliases = 0
        self.values = 0

    def document(self, events: Iterator[Any]) -> Node:
        next(events)
        start = next(events)
        if not isinstance(start, DocumentStartEvent):
            raise _refused(self.source, 0, 0, "is empty", "Write at least the keys that have no default.")
        if start.tags or (start.version is not None and tuple(start.version) != (1, 2)):
            raise self._stop(
                start, "directive", "YAML 1.2 without directives", "Delete the line that starts with %."
            )
        root = self._node(next(events), events, 0, "")
        next(events)
        after = next(events)
        if not isinstance(after, StreamEndEvent):
            raise self._stop(
                after, "a second document", "one document in a file", "Delete the line with ---."
            )
        return root

    def _node(self, event: Any, events: Iterator[Any], depth: int, key: str) -> Node:
        if depth > DEPTH_MAX:
            raise self._stop(event, "nested too deeply", f"{DEPTH_MAX} levels", "Check the brackets.")
        if isinstance(event, AliasEvent):
            return self._alias(event, key)
        if getattr(event, "tag", None) is not None:
            self._report(event, key, f"tag {quoted(str(event.tag))}", "plain values", "Delete the tag.")
        if isinstance(event, ScalarEvent):
            node = Node(self._scalar(event, key), self._place(event))
            self._count(event, 1)
        elif isinstance(event, MappingStartEvent):
            node = self._mapping(event, events, depth, key)
        elif isinstance(event, SequenceStartEvent):
            node = self._list(event, events, depth, key)
        else:
            raise self._stop(event, f"unexpected {type(event).__name__}", "a value", "")
        if event.anchor is not None:
            self.anchors[event.anchor] = node
        return node

    def _alias(self, event: Any, key: str) -> Node:
        self.aliases += 1
        if self.aliases > ALIASES_MAX:
            raise self._stop(event, "too many aliases", f"{ALIASES_MAX} in a file", "Write the values out.")
        node = self.anchors.get(event.anchor)
        if node is None:
            found = f"alias {quoted('*' + event.anchor)} has no anchor before it"
            self._report(event, key, found, "", "Quote the text if it is not an alias.")
            return Node(None, self._place(event))
        self._count(event, node.size)
        return node

    def _mapping(self, event: Any, events: Iterator[Any], depth: int, key: str) -> Node:
        children: dict[str, Node] = {}
        key_places: dict[str, Place] = {}
        while not isinstance(name_event := next(events), MappingEndEvent):
            name_node = self._node(name_event, events, depth + 1, key)
            name = self._name(name_event, name_node, key)
            child = self._node(next(events), events, depth + 1, _below(key, name or "?"))
            if child.value is None and child.place.line != name_node.place.line:
                child = replace(child, place=name_node.place)  # what is empty is put on a later line
            if name is not None and name in children:
                first = key_places[name].line
                found = f"the key stands here a second time, after line {first}"
                self._report(name_event, _below(key, name), found, "", "Delete one of the two.")
            elif name is not None:
                children[name] = child
                key_places[name] = name_node.place
        size = 1 + sum(child.size for child in children.values())
        return Node(children, self._place(event), key_places, size)

    def _name(self, event: Any, node: Node, key: str) -> str | None:
        name = node.value
        if not isinstance(name, str):
            found = f"the key {quoted(name)} is not text"
            self._report(event, key, found, "names as keys", "Put it in quotes if it is a name.")
        elif name == "<<" and getattr(event, "style", None) is None:
            self._report(
                event, key, "merge key <<", "YAML 1.2, which has none", "Use extends, or repeat the keys."
            )
        elif "." in name and not _NAMES_PARAMETERS.fullmatch(key):
            first, _, rest = name.partition(".")
            advice = f"Write {quoted(first)} and, indented below it, {quoted(rest)}."
            if key == "axes":
                advice = f"Name the axis, and write the parameter below it: {rest}: {{{name}: […]}}."
            self._report(event, key, f"the key {quoted(name)} contains a dot", "names without dots", advice)
        elif not 0 < len(name) <= KEY_LENGTH_MAX:
            self._report(
                event, key, f"the key {quoted(name)}", f"1 to {KEY_LENGTH_MAX} characters", "Rename it."
            )
        else:
            return name
        return None

    def _list(self, event: Any, events: Iterator[Any], depth: int, key: str) -> Node:
        children: list[Node] = []
        while not isinstance(child := next(events), SequenceEndEvent):
            children.append(self._node(child, events, depth + 1, _below(key, str(len(children)))))
        return Node(children, self._place(event), {}, 1 + sum(child.size for child in children))

    def _scalar(self, event: Any, key: str) -> Scalar:
        text = str(event.value)
        if event.style is not None:
            hidden = _HIDDEN.search(text)
            if hidden is not None:
                found = f"text with the character U+{ord(hidden[0]):04X}"
                self._report(event, key, found, "printable text", "Delete it.")
            return text
        if _NULL.fullmatch(text):
            return None
        if text in _BOOL:
            return _BOOL[text]
        if _FLOAT.fullmatch(text) and len(text) > NUMBER_DIGITS_MAX:
            self._report(
                event, key, f"a number of {len(text)} characters", f"up to {NUMBER_DIGITS_MAX}", "Shorten it."
            )
            return 0
        if _INT.fullmatch(text):
            return int(text)
        number = float(text) if _FLOAT.fullmatch(text) else 0.0
        if _NOT_FINITE.fullmatch(text) or number in (float("inf"), float("-inf")):
            self._report(event, key, f"{text} is not finite", "finite numbers", "Write a number.")
            return 0
        return number if _FLOAT.fullmatch(text) else text

    def _count(self, event: Any, values: int) -> None:
        self.values += values
        if self.values > VALUES_MAX:
            raise self._stop(
                event, "too many values", f"{VALUES_MAX:,} with aliases written out", "Move data to a CSV."
            )

    def _place(self, event: Any) -> Place:
        mark = event.start_mark
        return Place(self.source, mark.line + 1, mark.column + 1 + self.column)

    def _report(self, event: Any, key: str, found: str, allowed: str, advice: str) -> None:
        self.problems.append(LocatedProblem(Problem(key, found, allowed, advice), self._place(event)))
        if len(self.problems) >= PROBLEMS_MAX:
            raise ScenarioError(self.problems)

    def _stop(self, event: Any, found: str, allowed: str, advice: str) -> ScenarioError:
        self._report(event, "", found, allowed, advice)
        return ScenarioError(self.problems)

    def syntax_error(self, error: Any) -> ScenarioError:
        """The parser's complaint, at its place, with advice for the usual causes."""
        said = " ".join(str(error.problem or error.context or "cannot be read").split())
        unclosed = said.startswith(("expected ',' or", "found unexpected end of stream"))
        mark = (error.context_mark if unclosed else None) or error.problem_mark or error.context_mark
        advice = next((advice for part, advice in _ADVICE if part in said), "Check quotes and indentation.")
        line, column = (mark.line + 1, mark.column + 1 + self.column) if mark is not None else (0, 0)
        failure = _refused(self.source, line, column, f"this is not YAML: {said[:200]}", advice)
        return ScenarioError([*self.problems, *failure.problems])


def _below(key: str, name: str) -> str:
    return f"{key}.{name}" if key else name
