"""Words that ``unwind explain`` knows beside parameters, rules and stored variables.

Terms of the glossary, kinds of events, measures of results, and the commands of the program.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import typer

from simulator.scenario.files import SHIPPED

_PACKAGE = Path(__file__).resolve().parent.parent
#: Inside the package when it was installed from a wheel, in the guide in the repository.
GLOSSARY = next(
    (
        file
        for file in (_PACKAGE / "glossary.md", SHIPPED.parent / "docs" / "guide" / "glossary.md")
        if file.is_file()
    ),
    _PACKAGE / "glossary.md",
)
_TERM = re.compile(r"\*\*([^*]+?)\.?\*\*")
_MARKUP = re.compile(r"\[([^\]]*)\]\([^)]*\)|[*`]")


@dataclass(frozen=True)
class Word:
    """A word and what it means."""

    kind: str
    name: str
    meaning: str
    example: str = ""


def words_named(name: str, words: Iterable[Word]) -> list[Word]:
    """Those of that name, however it is written: small or large, with dashes, underscores or blanks."""
    return [word for word in words if _folded(name) in _names_of(word)]


def all_words() -> list[Word]:
    """Terms of the glossary and kinds of events."""
    return [*_terms(), *_events()]


def _folded(name: str) -> str:
    return re.sub(r"[-_\s]+", " ", name).strip().casefold()


def _names_of(word: Word) -> set[str]:
    """A term of several names (*Basis, cash-futures*) goes by each of them, and by both turned round."""
    parts = [part.strip() for part in re.split(r",|\bor\b|/", word.name)] if word.kind == "term" else []
    return {_folded(name) for name in (word.name, *parts, " ".join(reversed(parts)))} - {""}


@cache
def _terms() -> tuple[Word, ...]:
    """Terms of the glossary: a paragraph explains those that it sets in bold."""
    text = GLOSSARY.read_text(encoding="utf-8") if GLOSSARY.is_file() else ""
    found = []
    for paragraph in text.split("\n\n"):
        if paragraph.startswith("**"):
            meaning = " ".join(_MARKUP.sub(r"\1", paragraph).split())
            found += [Word("term", name, meaning) for name in _TERM.findall(paragraph)]
    return tuple(found)


@cache
def _events() -> tuple[Word, ...]:
    from simulator.scenario.declarations import declarations
    from simulator.scenario.explain import find_parameters
    from simulator.scenario.schema import Scenario

    element = declarations(Scenario)["events"].shape.element
    variants = (element.variants if element is not None else None) or {}
    found = []
    for name, model in variants.items():
        keys = {
            row.rpartition(f"<{name}>.")[2]: told for row, told in find_parameters(Scenario, f"events.{name}")
        }
        taken = ", ".join(key for key in keys if key != "type")
        meaning = f"{(inspect.getdoc(model) or '').strip()} Takes {taken}."
        found.append(Word("event", name, meaning, f"unwind explain events.{name}"))
    return tuple(found)


@cache
def measure_words() -> tuple[Word, ...]:
    """Measures of results; finding them loads what computes them."""
    from simulator.results.measures import MEASURES

    return tuple(
        Word(
            "measure",
            one.key,
            ", ".join(filter(None, (one.label, one.note, one.unit if one.unit != "1" else ""))),
        )
        for one in MEASURES.values()
    )


def commands_of(context: typer.Context) -> list[Word]:
    """The commands of the program in which a command runs."""
    commands = getattr(context.find_root().command, "commands", {})
    return [
        Word("command", name, " ".join((command.help or "").split()), f"unwind {name} --help")
        for name, command in commands.items()
        if not command.hidden
    ]
