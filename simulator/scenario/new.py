"""A new scenario to start from: it runs as it stands, and names the values that one would change first.

The comments are made from the schema and the values from the opening market, so that neither can go stale:
taking the mark away from every line changes nothing.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from simulator.scenario.declarations import Declaration, catalogue
from simulator.scenario.explain import as_written, in_words
from simulator.scenario.loading import load_scenario
from simulator.scenario.schema import Scenario

WIDTH = 100

#: Values that one changes first, by section.
FIRST = {
    "funds": ("leverage", "free_cash", "overnight_share", "haircut_slope", "value_at_risk_headroom"),
    "dealers": ("capital_ratio", "opening_use", "cost_above", "inventory_risk"),
    "asset_managers": ("cash", "volatility_redemption"),
    "lenders": ("headroom", "volatility_response"),
    "clearing_house": ("anti_procyclicality", "largest_daily_rise"),
    "drivers": ("model", "regime", "noise"),
}
#: Events to choose from, each as it would be written.
EVENTS = (
    (
        "volatility rises to a multiple and decays",
        "{type: volatility-shock, day: 2d, multiple: 2x, half_life: 10d}",
    ),
    (
        "exogenous yields rise along the curve",
        "{type: yield-shock, day: 2d, days: 5d, change: {y10: 40bp, y30: 60bp}}",
    ),
    ("initial margins rise by a third from a day on", "{type: margin-step, day: 5d, multiple: 1.33x}"),
    ("every repo haircut rises for some days", "{type: haircut-step, day: 5d, days: 10d, change: 1%}"),
    (
        "cash lenders take back part of their offer",
        "{type: lender-withdrawal, day: 5d, days: 5d, share: 10%}",
    ),
    ("one dealer cuts its limit", "{type: limit-cut, day: 5d, share: 30%, dealers: [dealer 1]}"),
    ("foreign holders sell", "{type: foreign-sale, day: 5d, days: 5d, amount: $50bn}"),
    (
        "dealers' leverage limits are relieved from a day on",
        "{type: leverage-relief, day: 10d, multiple: 1.2x}",
    ),
    ("the standing repo facility opens for some days", "{type: facility-opening, day: 10d, days: 20d}"),
)


def new_scenario(file: Path, parent: str) -> str:
    """Text of a commented scenario on top of an opening market.

    Parameters
    ----------
    file
        Where it is to stand; its name is that of the scenario.
    parent
        What it extends, such as ``preset:us-treasury-2025-04-01``.

    Raises
    ------
    ScenarioError
        If the parent cannot be used, or the file's name cannot be that of a scenario.
    """
    name = file.stem
    base = load_scenario(parent, (f"name={name}", "title=new", "seed=1", "paths=500", "horizon=40d"))
    values = as_written(base.scenario)
    lines = [
        f"# Check it:        unwind validate {file}",
        f"# Run it:          unwind run {file}",
        f"# See all values:  unwind explain {file}",
        "# What may be set: unwind explain funds (or another section, or one key)",
        "",
        f"name: {name}",
        "title: One line for readers",
        "description: >-",
        "  What happens, and what the question is.",
        f"extends: {parent}",
        f"seed: {values['seed']}  # of every random stream: the same seed meets the same world",
        "paths: 500  # more paths, smaller errors: four times as many halve them",
        f"horizon: {values['horizon']}",
        "",
        *_wrapped("What happens, by day. Take the # away from an event to add it; days count from 1.", ""),
        "events:",
        f"  - {EVENTS[0][1]}  # {EVENTS[0][0]}",
        *(f"  # - {event}  # {meaning}" for meaning, event in EVENTS[1:]),
        "",
        *_wrapped("Values that one changes first, as they are now. Take the # away and change them; take it from the"
                  " name of the section too.", ""),
    ]  # fmt: skip
    for section, keys in FIRST.items():
        lines += ["", f"# {section}:", *_settings(section, keys, values[section])]
    return "\n".join(lines) + "\n"


def _settings(section: str, keys: Sequence[str], values: dict[str, Any]) -> Iterator[str]:
    declared = dict(catalogue(Scenario))
    for key in keys:
        declaration = declared[f"{section}.{key}"]
        bounds = f"; {declaration.bounds}" if declaration.bounds else ""
        choices = f"; {declaration.shape.wanted}" if declaration.shape.choices else ""
        yield f"#   {key}: {_as_yaml(declaration, values[key])}  # {declaration.doc}{bounds}{choices}"


def _as_yaml(declaration: Declaration, value: Any) -> str:
    """A value in words, in quotes when it is a text that would read as a number."""
    is_text = declaration.shape.kind is None and isinstance(value, str)
    return f'"{value}"' if is_text and value[:1].isdigit() else in_words(value)


def _wrapped(text: str, indent: str) -> list[str]:
    return textwrap.wrap(text, WIDTH, initial_indent=f"{indent}# ", subsequent_indent=f"{indent}# ")
