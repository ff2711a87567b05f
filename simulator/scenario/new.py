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
from simulator.scenario.loading import LoadedScenario, load_scenario
from simulator.scenario.schema import Scenario, opening_move

WIDTH = 100

#: Values that one changes first, by section.
FIRST = {
    "funds": ("add", "leverage", "free_cash", "overnight_share", "haircut_slope", "value_at_risk_headroom"),
    "dealers": ("add", "capital_ratio", "opening_use", "cost_above", "inventory_risk"),
    "asset_managers": ("cash", "volatility_redemption"),
    "lenders": ("headroom", "volatility_response"),
    "clearing_house": ("anti_procyclicality", "largest_daily_rise"),
    "drivers": ("model", "regime", "noise"),
}
#: Events to choose from, one of every kind, each as it would be written.
EVENTS = (
    ("volatility rises to a multiple and decays", "{type: volatility-shock, day: 2d, multiple: 2x, half_life: 10d}"),
    ("the same, told as a level of the MOVE index", "{type: volatility-shock, day: 2d, move_index: 160}"),
    ("yields move in a shape, of those that unwind explain curve lists",
     "{type: yield-shock, day: 2d, days: 3d, curve: bear-steepener 75bp}"),
    ("the same, tenor by tenor", "{type: yield-shock, day: 2d, days: 5d, change: {y10: 40bp, y30: 60bp}}"),
    ("equities fall, credit spreads rise", "{type: market-loss, day: 2d, days: 5d, equity: -10%, credit: 150bp}"),
    ("initial margins rise by a third from a day on", "{type: margin-step, day: 5d, multiple: 1.33x}"),
    ("every repo haircut rises for some days", "{type: haircut-step, day: 5d, days: 10d, change: 2%}"),
    ("one dealer cuts its limit by 30%", "{type: limit-cut, day: 5d, share: 30%, dealers: [dealer 1]}"),
    ("cash lenders take back part of their offer", "{type: lender-withdrawal, day: 5d, days: 5d, share: 10%}"),
    ("investors ask asset managers, or hedge-funds, for money",
     "{type: redemption, who: asset-managers, day: 3d, days: 5d, share: 2%}"),
    ("foreign holders sell", "{type: foreign-sale, day: 5d, days: 5d, amount: $50bn}"),
    ("foreign holders want a premium, and sell", "{type: foreign-premium, day: 5d, days: 5d, premium: 10bp, sale: 1%}"),
    ("end investors come to want more bonds", "{type: investor-demand, day: 5d, days: 5d, amount: $100bn}"),
    ("asset managers want fewer futures", "{type: hedge-demand-shift, day: 5d, days: 5d, share: -10%}"),
    ("other clients draw on dealers' repo", "{type: client-repo-demand, day: 5d, days: 5d, amount: $50bn}"),
    ("the Treasury sells new bonds, which are paid some days later",
     "{type: auction, day: 5d, maturity: 10y, amount: $40bn, new_money: 30%, settles: 8d}"),
    ("the Treasury buys bonds back, and pays half with bills",
     "{type: buy-back, day: 5d, days: 10d, amount: $20bn, bills: 50%}"),
    ("a quarter of the auctions of some days is bills", "{type: bills-for-bonds, day: 5d, days: 10d, share: 25%}"),
    ("foreign holders exchange bonds for those of another bucket",
     "{type: bond-exchange, day: 5d, days: 10d, amount: $50bn, bucket: WN, buckets: {TU: 50%, FV: 50%}}"),
    ("taxes drain cash", "{type: cash-drain, day: 10d, amount: $100bn}"),
    ("the policy rate moves", "{type: policy-rate-change, day: 10d, change: -25bp}"),
    ("dealers' leverage limits are relieved from a day on", "{type: leverage-relief, day: 10d, multiple: 1.2x}"),
    ("the standing repo facility opens for some days", "{type: facility-opening, day: 10d, days: 20d}"),
    ("a minimum haircut for every fund", "{type: haircut-minimum, day: 10d, minimum: 2%}"),
    ("a minimum margin, over the exchange's", "{type: margin-minimum, day: 10d, multiple: 1.5x}"),
    ("central clearing nets half of the repo that was not netted", "{type: clearing-mandate, day: 10d, share: 50%}"),
)  # fmt: skip


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
    base = opened_market(parent, name)
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
        *_wrapped("What happens, by day: an example of every kind of event. Take the # away from one to add it; days"
                  f" count from 1. The opening volatility compares to {opening_move(base.scenario.market):.0f}"
                  " on the MOVE index.", ""),
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


def opened_market(parent: str, name: str) -> LoadedScenario[Scenario]:
    """An opening market as a scenario of this name in which nothing happens.

    Raises
    ------
    ScenarioError
        If there is no such market, or the name cannot be that of a scenario.
    """
    return load_scenario(parent, (f"name={name}", "title=new", "seed=1", "paths=500", "horizon=40d"))


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
