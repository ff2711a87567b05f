"""What the shell offers to complete: scenarios, settings, results, and words that can be explained."""

from __future__ import annotations

import os
from collections.abc import Iterator


def complete_scenario(incomplete: str) -> Iterator[str]:
    """Scenarios for shell completion: shipped names, presets, and files."""
    from simulator.scenario.files import SCENARIO_SUFFIXES, presets, shipped_scenarios

    head, slash, tail = incomplete.rpartition("/")
    folder = f"{head}{slash}" or "."
    names = [*shipped_scenarios(), *(f"preset:{name}" for name in presets())]
    if os.path.isdir(folder):
        for entry in sorted(os.scandir(folder), key=lambda found: found.name):
            if entry.name.startswith(tail) and (entry.is_dir() or entry.name.endswith(SCENARIO_SUFFIXES)):
                names.append(f"{head}{slash}{entry.name}{'/' if entry.is_dir() else ''}")
    return (name for name in names if name.startswith(incomplete))


def complete_setting(incomplete: str) -> Iterator[str]:
    """Keys of the schema for shell completion of ``--set``."""
    from simulator.scenario.declarations import catalogue
    from simulator.scenario.schema import Scenario

    return (f"{key}=" for key, _ in catalogue(Scenario) if key.startswith(incomplete))


def complete_word(incomplete: str) -> Iterator[str]:
    """What ``unwind explain`` can explain, for shell completion."""
    from simulator.cli.vocabulary import all_words
    from simulator.rule_text import all_rules
    from simulator.scenario.declarations import catalogue
    from simulator.scenario.explain import typed
    from simulator.scenario.schema import Scenario

    names = [typed(key) for key, _ in catalogue(Scenario)] + [
        rule.name.rpartition(".")[2] for rule in all_rules()
    ]
    names += [word.name for word in all_words() if word.kind != "term"]
    names += complete_scenario(incomplete)
    return (name for name in names if name.startswith(incomplete))


def complete_run(incomplete: str) -> Iterator[str]:
    """Folders of results inside ``outputs/``, or wherever one has begun to type."""
    head, slash, _ = (incomplete or "outputs/").rpartition("/")
    folder = f"{head}{slash}" or "."
    if os.path.isdir(folder):
        entries = sorted(os.scandir(folder), key=lambda found: found.name)
        names = (f"{head}{slash}{entry.name}" for entry in entries if entry.is_dir())
        yield from (name for name in names if name.startswith(incomplete))
