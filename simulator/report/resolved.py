"""The scenario of a run that exists, from its manifest: to replay a path, and to tell its parameters."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simulator.results.manifest import Manifest
from simulator.scenario.errors import Problems, Source
from simulator.scenario.files import resolve_data_file, sha256_of
from simulator.scenario.validation import validate
from simulator.scenario.yaml_nodes import compose

if TYPE_CHECKING:
    from simulator.engine.opening import Prepared
    from simulator.scenario.schema import Scenario


class CannotReplayError(Exception):
    """A run whose paths cannot be played again here; the message says why, as the end of a sentence."""


def resolved_scenario(manifest: Manifest) -> Scenario:
    """The validated scenario that a run was made from.

    Raises
    ------
    ScenarioError
        If this version reads scenarios differently.
    """
    from simulator.scenario.schema import Scenario

    return validate(
        Scenario, compose(Source("manifest.json", json.dumps(manifest.scenario, ensure_ascii=False)))
    )


def prepared_again(manifest: Manifest, scenario: Scenario) -> Prepared:
    """Opening books of a run, with its diary switched on.

    Raises
    ------
    CannotReplayError
        If a data file is not what the run was made with, or this version refuses the books.
    """
    from simulator.engine.opening import prepare

    try:
        return prepare(scenario, _data_files(manifest), diary=True)
    except (Problems, OSError) as error:
        raise CannotReplayError(f"its opening books cannot be made again: {error}") from error


def _data_files(manifest: Manifest) -> dict[str, Path]:
    """Data files of the scenario where they were, if they are still the same."""
    hashes = {entry["file"]: entry["sha256"] for entry in manifest.files}
    found = {}
    for key, reference in _texts(manifest.scenario, ""):
        if not reference or reference not in hashes or key not in manifest.origins:
            continue
        base = Path(manifest.origins[key].split(":")[0])
        try:
            path = resolve_data_file(reference, base if base.is_file() else Path(manifest.files[0]["file"]))
        except Problems as error:
            raise CannotReplayError(f"its data file {reference} is not where it was") from error
        if sha256_of(path) != hashes[reference]:
            raise CannotReplayError(f"its data file {reference} has changed")
        found[reference] = path
    return found


def _texts(value: Any, key: str) -> list[tuple[str, str]]:
    if isinstance(value, Mapping):
        return [
            row for name, below in value.items() for row in _texts(below, f"{key}.{name}" if key else name)
        ]
    if isinstance(value, list):
        return [row for place, below in enumerate(value) for row in _texts(below, f"{key}.{place}")]
    return [(key, value)] if isinstance(value, str) else []
