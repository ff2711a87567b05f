"""A weighted set of parameter sets: what an estimation leaves open, and how a scenario is laid out by one of them.

A set holds a figure for every parameter that was estimated. Laid over a scenario it changes defaults alone: what a
scenario, its parents, a preset or the user says stays as it is said.
"""

from __future__ import annotations

import bisect
import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simulator.evenly import GOLDEN_RATIO
from simulator.scenario import files
from simulator.scenario.errors import LocatedProblem, Place, Problem, Problems, ScenarioError, Source

if TYPE_CHECKING:  # the schema takes long to load, and who reads results asks for constants alone
    from simulator.scenario.priors import PriorOf
    from simulator.scenario.schema import Scenario

FORMAT, FORMAT_VERSION = "unwind-parameter-sets", 1
#: The file of sets that ships, made by ``unwind calibrate``; absent until one was made.
SHIPPED = Path(__file__).resolve().parent / "presets" / "parameter-sets.json"
#: Paths of a run that share a set: consecutive ones, so that blocks of any size play the same; so many that to open the
#: books of a set costs less than a fifth of playing them (``benchmarks/uncertainty.py``).
PATHS_A_SET = 256
#: Fewer groups of paths with a set of their own tell no range.
SETS_MIN = 8


def paths_of_each_set(wanted: int, paths: int) -> int:
    """How many paths of each set are played again, if so many of all are wanted.

    Examples
    --------
    >>> paths_of_each_set(512, 10_000), paths_of_each_set(0, 10_000)
    (13, 0)
    """
    return min(-(-wanted // -(-paths // PATHS_A_SET)), PATHS_A_SET)


@dataclass(frozen=True)
class ParameterSets:
    """Weighted parameter sets.

    Parameters
    ----------
    keys
        Parameters, by the keys of :mod:`simulator.scenario.priors`.
    values
        Figures of each set in engine units, (set, key).
    weights
        Of each set, adding up to one.
    provenance
        Targets, hashes, version, seed and size of the estimation, as plain values.
    """

    keys: tuple[str, ...]
    values: tuple[tuple[float, ...], ...]
    weights: tuple[float, ...]
    provenance: Mapping[str, Any] = field(default_factory=dict)

    @cached_property
    def sha256(self) -> str:
        """Hash of the figures and weights."""
        said = [self.keys, self.values, self.weights]
        return hashlib.sha256(json.dumps(said, separators=(",", ":")).encode()).hexdigest()

    @cached_property
    def _ends(self) -> list[float]:
        return list(accumulate(self.weights))

    def set_of_path(self, path: int) -> int:
        """Number of the set that a path is played with: by weight, whatever the block and the number of paths."""
        share = (0.5 + path // PATHS_A_SET * GOLDEN_RATIO) % 1.0
        return min(bisect.bisect_right(self._ends, share), len(self.values) - 1)

    def figures(self, number: int) -> dict[str, float]:
        """The figures of a set by parameter."""
        return dict(zip(self.keys, self.values[number], strict=True))

    def of(self, keys: Collection[str]) -> ParameterSets:
        """The same sets of some of the parameters alone."""
        places = [place for place, key in enumerate(self.keys) if key in keys]
        return replace(
            self,
            keys=tuple(self.keys[place] for place in places),
            values=tuple(tuple(row[place] for place in places) for row in self.values),
        )

    def plays_as(self, other: ParameterSets) -> bool:
        """Whether every path has the same set in both, as far as both leave parameters open."""
        shared = set(self.keys) & set(other.keys)
        if not shared or self.weights != other.weights:
            return False
        one, two = self.of(shared), other.of(shared)
        return all(one.figures(number) == two.figures(number) for number in range(len(self.weights)))

    def as_record(self) -> dict[str, Any]:
        """As it is written."""
        said = {row.name: getattr(self, row.name) for row in fields(self)}
        return {"format": FORMAT, "format_version": FORMAT_VERSION, **said}


def laid_over(scenario: Scenario, figures: Mapping[str, float]) -> Scenario:
    """A scenario with other figures at some keys; what stands there is replaced, so give free ones alone."""
    from simulator.scenario.priors import priors
    from simulator.scenario.schema import Scenario

    changes: dict[str, Any] = {}
    for key, figure in figures.items():
        is_whole = priors(Scenario)[key].kind.whole
        _put(changes, key.split("."), int(figure) if is_whole else figure)
    found = _changed(scenario, changes)
    assert isinstance(found, Scenario)
    return found


def _put(changes: dict[str, Any], parts: Sequence[str], figure: float) -> None:
    for part in parts[:-1]:
        changes = changes.setdefault(part, {})
    changes[parts[-1]] = figure


def _changed(value: Any, changes: Mapping[str, Any]) -> Any:
    """A section or a table of sections with other figures below it."""
    from simulator.scenario.declarations import ANY
    from simulator.scenario.parameters import Section

    if isinstance(value, dict):
        return {name: _changed(entry, changes[ANY]) for name, entry in value.items()}
    update = {
        name: _changed(getattr(value, name), below) if isinstance(below, dict) else below
        for name, below in changes.items()
        if hasattr(value, name)  # an entry of another kind has not the key
    }
    assert isinstance(value, Section)
    return value.model_copy(update=update)


def read_sets(file: str | Path) -> ParameterSets:
    """Read a file of parameter sets, and check it against the priors of this version.

    Raises
    ------
    ScenarioError
        If it cannot be read, is something else, or names parameters or figures that cannot stand.
    """
    path = Path(file)
    source = Source(str(file), "")
    try:
        sets = sets_of(json.loads(files.read_regular_file(path)))
    except Problems as refused:
        raise ScenarioError(LocatedProblem(each, Place(source)) for each in refused.problems) from refused
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        told = Problem("", f"is no file of parameter sets: {error}", "a file that unwind calibrate made")
        raise ScenarioError([LocatedProblem(told, Place(source))]) from error
    if problems := _problems_with(sets):
        raise ScenarioError(LocatedProblem(problem, Place(source)) for problem in problems)
    return sets


def sets_of(record: Mapping[str, Any]) -> ParameterSets:
    """Parameter sets from the record of them.

    Raises
    ------
    ValueError, KeyError, TypeError, AttributeError
        If it is none.
    """
    if record["format"] != FORMAT or record["format_version"] != FORMAT_VERSION:
        raise ValueError("it is of another format")
    return ParameterSets(
        keys=tuple(record["keys"]),
        values=tuple(tuple(map(float, row)) for row in record["values"]),
        weights=tuple(map(float, record["weights"])),
        provenance=dict(record["provenance"]),
    )


def _problems_with(sets: ParameterSets) -> list[Problem]:
    from simulator.scenario.priors import priors
    from simulator.scenario.schema import Scenario

    known = priors(Scenario)
    again = "Estimate anew with unwind calibrate."
    problems = [
        Problem(key, "is no parameter with a prior", "", again, near=list(known))
        for key in sets.keys
        if key not in known
    ]
    if len(sets.weights) != len(sets.values) or not sets.values:
        problems.append(
            Problem("weights", f"{len(sets.weights)} for {len(sets.values)} sets", "one for each")
        )
    elif min(sets.weights) < 0.0 or abs(sum(sets.weights) - 1.0) > 1e-6:
        problems.append(Problem("weights", f"add up to {sum(sets.weights):g}", "none below 0, 1 in all"))
    for number, row in enumerate(sets.values):
        if len(row) != len(sets.keys):
            problems.append(
                Problem(f"values.{number}", f"{len(row)} figures", f"{len(sets.keys)}, one a key")
            )
            continue
        for key, figure in zip(sets.keys, row, strict=True):
            if key in known and not _is_within(known[key], figure):
                where = f"values.{number}: {key}"
                problems.append(Problem(where, f"{figure:g} is outside its prior", known[key].range, again))
    return problems


def _is_within(prior: PriorOf, figure: float) -> bool:
    near = 1e-9 * (prior.high - prior.low)
    return prior.low - near <= figure <= prior.high + near
