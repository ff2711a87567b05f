"""The manifest of a sweep: what it is and was made from, and whether two sweeps are the same."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from simulator.results.arithmetic import arithmetic_sha256
from simulator.results.errors import BAD_INPUT, OutputError
from simulator.results.manifest import (
    MANIFEST,
    OTHER_CODE,
    OTHER_PROCESSOR,
    provenance,
    read_checked,
    sha256_of,
    source_sha256,
)
from simulator.results.places import shown
from simulator.scenario.explain import as_written
from simulator.sweeps.cells import LoadedSweep
from simulator.sweeps.kind import FORMAT, FORMAT_VERSION
from simulator.sweeps.reader_units import where_in_words
from simulator.sweeps.schema import POLICY, Threshold
from simulator.sweeps.statistics import Plan


@dataclass(frozen=True)
class SweepManifest:
    """What a sweep is and was made from.

    Parameters
    ----------
    sweep
        The sweep file, every value in the written form.
    base
        The scenario as it was written, with what all cells change.
    dimensions
        Name, labels, changes and coordinates of each dimension, in plain values.
    plan
        Figures that are kept of a cell: ``statistics.Plan`` in plain values.
    paths, block
        Most paths of a cell, and paths in a block.
    baseline
        Place of the baseline along ``policy``; none if nothing is compared.
    keeps_paths
        Whether outcomes are kept path by path.
    key
        Identity: two sweeps with one key have the same numbers.
    parameter_sets
        Over which the paths of every cell are spread: ``ParameterSets.as_record``; none if they are not.
    """

    name: str
    sweep: Mapping[str, Any]
    base: Mapping[str, Any]
    dimensions: Sequence[Mapping[str, Any]]
    plan: Mapping[str, Any]
    paths: int
    block: int
    baseline: int | None
    keeps_paths: bool
    file: str
    settings: Mapping[str, Any]
    files: Sequence[Mapping[str, str]]
    source_sha256: str
    code_version: str
    versions: Mapping[str, str]
    machine: Mapping[str, Any]
    git: Mapping[str, Any]
    command: str
    created: str
    key: str
    arithmetic_sha256: str = ""
    parameter_sets: Mapping[str, Any] = field(default_factory=dict)

    @property
    def shape(self) -> tuple[int, ...]:
        """Points along each dimension."""
        return tuple(len(dimension["labels"]) for dimension in self.dimensions)

    @property
    def cells(self) -> int:
        """Number of cells."""
        return math.prod(self.shape)

    @property
    def currency(self) -> str:
        """Currency in which the base's market counts."""
        market = self.base.get("market")
        return str(market.get("currency", "USD")) if isinstance(market, Mapping) else "USD"

    @property
    def keep(self) -> str:
        """What is kept of a cell: statistics, sector or full."""
        return str(self.sweep["keep"])

    @property
    def statistics(self) -> Plan:
        """Figures that are kept of a cell."""
        plan: dict[str, Any] = {
            name: tuple(values) if isinstance(values, list | tuple) else values
            for name, values in self.plan.items()
        }
        plan["thresholds"] = tuple(Threshold(**threshold) for threshold in plan["thresholds"])
        return Plan(**plan)

    def labels(self, cell: int) -> dict[str, str | float]:
        """Where a cell stands along each dimension."""
        places = np.unravel_index(cell, self.shape) if self.shape else ()
        return {
            dimension["name"]: dimension["labels"][int(place)]
            for dimension, place in zip(self.dimensions, places, strict=True)
        }

    def where(self, cell: int) -> str:
        """Where a cell stands, in readers' names and units."""
        places = np.unravel_index(cell, self.shape) if self.shape else ()
        return where_in_words(self.dimensions, [int(place) for place in places])

    def group_of(self, cell: int) -> list[int]:
        """The cells that differ in the policy alone, this one among them; the cell alone if nothing is compared."""
        if self.baseline is None:
            return [cell]
        axis = [dimension["name"] for dimension in self.dimensions].index(POLICY)
        after = math.prod(self.shape[axis + 1 :])
        place = cell // after % self.shape[axis]
        return [cell + (other - place) * after for other in range(self.shape[axis])]

    def baseline_of(self, cell: int) -> int | None:
        """The cell that differs in the policy alone, which is the baseline; none for the baseline itself."""
        base = self.group_of(cell)[self.baseline] if self.baseline is not None else cell
        return base if base != cell else None


def describe_sweep(
    loaded: LoadedSweep, plan: Plan, *, paths: int, block: int, keeps_paths: bool
) -> SweepManifest:
    """The manifest of a sweep that has not begun."""
    sweep = as_written(loaded.sweep)
    dimensions = [
        {
            "name": dimension.name,
            "labels": [point.label for point in dimension.points],
            "changes": [
                [[change.key, change.value.plain()] for change in point.changes] for point in dimension.points
            ],
            "coordinates": [asdict(coordinate) for coordinate in dimension.coordinates],
        }
        for dimension in loaded.dimensions
    ]
    is_compared = len(loaded.sweep.policies) > 1 and loaded.sweep.random_numbers == "shared"
    baseline = list(loaded.sweep.policies).index(loaded.baseline) if is_compared else None
    base = loaded.base.plain()
    sets = {} if loaded.sets is None else json.loads(json.dumps(loaded.sets.as_record()))
    code, arithmetic = source_sha256(), arithmetic_sha256()
    aside = ("name", "title", "description", "retries")
    plain_plan = json.loads(
        json.dumps(asdict(plan) | {"thresholds": [vars(threshold) for threshold in plan.thresholds]})
    )
    decisive = (
        {key: value for key, value in sweep.items() if key not in aside},
        {key: value for key, value in base.items() if key not in ("title", "description")},
        [dimension["changes"] for dimension in dimensions],
        [used.sha256 for used in loaded.files if used.label.endswith((".csv", ".npy", ".npz"))],
        plain_plan,
        (paths, block, keeps_paths, code, arithmetic, FORMAT_VERSION, loaded.horizon),
        *([sets] if sets else []),
    )
    return SweepManifest(
        name=loaded.sweep.name,
        sweep=sweep,
        base=base,
        dimensions=dimensions,
        plan=plain_plan,
        paths=paths,
        block=block,
        baseline=baseline,
        keeps_paths=keeps_paths,
        file=str(loaded.path.absolute()),
        settings={
            "set": list(loaded.settings),
            "paths": loaded.paths_chosen,
            "horizon": loaded.horizon,
        },
        files=[{"file": used.label, "sha256": used.sha256} for used in loaded.files],
        source_sha256=code,
        arithmetic_sha256=arithmetic,
        key=sha256_of(decisive),
        parameter_sets=sets,
        **provenance(),
    )


def read_sweep_manifest(folder: Path) -> SweepManifest:
    """Read the manifest of a sweep.

    Raises
    ------
    OutputError
        If there is none, or if it is not ours or damaged.
    """
    file = folder / MANIFEST
    try:
        said, is_whole = read_checked(file)
        if said.pop("format") != FORMAT:
            raise ValueError("it is the manifest of a run, not of a sweep")
        if said.pop("format_version") != FORMAT_VERSION:
            raise ValueError("it was written by another version of Unwind")
        manifest = SweepManifest(**said)
        if not is_whole:
            raise ValueError("it was changed after it was written")
        _ = manifest.statistics, manifest.cells
    except FileNotFoundError as error:
        raise OutputError(f"{shown(folder)}: found no sweep there. Check the path.", BAD_INPUT) from error
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise OutputError(
            f"{shown(file)}: cannot be read: {error}. Choose another folder with -o.", BAD_INPUT
        ) from error
    return manifest


def sweep_differences(found: SweepManifest, wanted: SweepManifest) -> Iterable[str]:
    """What makes two sweeps different, in words."""
    said = {
        "source_sha256": OTHER_CODE,
        "arithmetic_sha256": OTHER_PROCESSOR,
        "base": "the scenario",
        "dimensions": "the axes, policies or seeds",
        "paths": "the number of paths",
        "block": "the size of blocks",
        "plan": "the statistics",
        "parameter_sets": "the parameter sets",
    }
    words = [
        word for key, word in said.items() if _plain(getattr(found, key)) != _plain(getattr(wanted, key))
    ]
    if found.settings.get("horizon") != wanted.settings.get("horizon"):
        words.append("the horizon")
    return words or ["the sweep file or the data it names"]


def _plain(value: Any) -> Any:
    return json.loads(json.dumps(value))
