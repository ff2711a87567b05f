"""The scenario of a run that exists, from its folder alone."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from simulator.results.errors import OutputError, plain
from simulator.results.manifest import MANIFEST, Manifest
from simulator.results.places import get, shown
from simulator.scenario.loading import LoadedScenario, UsedFile, load_resolved
from simulator.scenario.parameter_sets import sets_of
from simulator.scenario.schema import Scenario


@contextmanager
def scenario_of(folder: Path, manifest: Manifest) -> Iterator[LoadedScenario[Scenario]]:
    """The scenario of a run, from its manifest and its copies of data files.

    Raises
    ------
    OutputError
        If a copy is missing or was changed.
    ScenarioError
        If this version of the schema does not accept what it says.
    """
    copies = get(folder, sorted(set(manifest.data_files.values())))
    with tempfile.TemporaryDirectory(prefix="unwind-") as inputs:
        files = {}
        for reference, copy in manifest.data_files.items():
            data = copies[copy]
            if isinstance(data, OSError) or hashlib.sha256(data).hexdigest() != Path(copy).stem:
                raise OutputError(
                    f"{shown(folder / copy)}: the copy of {plain(reference)} is missing or was changed. Run the"
                    " scenario again with the command that began the run."
                )
            files[reference] = Path(inputs) / Path(copy).name
            files[reference].write_bytes(data)
        used = [UsedFile(file["file"], file["sha256"]) for file in manifest.files]
        loaded = load_resolved(manifest.scenario, shown(folder / MANIFEST), used, files)
        sets = sets_of(manifest.parameter_sets) if manifest.parameter_sets else None
        yield replace(loaded, sets=sets)
