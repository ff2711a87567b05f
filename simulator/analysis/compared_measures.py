"""The measures that runs are compared by, as statistics of the paths of a run, from which differences are made."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.analysis.paired import (
    Statistic,
    average,
    expected_shortfall,
    over,
    over_parameter_sets,
    scaled,
    share,
)
from simulator.results.days import opening_of
from simulator.results.folder import RunFolder
from simulator.results.measures import MEASURES, TAIL, Event, Group, Measure, Ratio, Worse
from simulator.results.names import cause
from simulator.results.outcomes import Outcomes, happened
from simulator.scenario.parameter_sets import PATHS_A_SET

Floats = NDArray[np.float64]

#: Groups of a comparison in the order in which they are told.
GROUPS: dict[Group, str] = {
    "market": "Yields and basis",
    "funds": "Hedge funds",
    "funding": "Repo and dealers",
    "failures": "Dysfunction and failures",
    "cost": "What the central bank spends",
}
#: Dimensions over which an outcome is averaged to one figure of the market, with the weights of :class:`RunPaths`.
AVERAGED = ("trade",)


@dataclass(frozen=True)
class RunPaths:
    """Outcomes of the paths of one run that a comparison uses.

    Parameters
    ----------
    outcomes
        Of all its paths: ``results.outcomes.collect_outcomes``.
    kept
        Paths that count in averages, (path,); the others stopped, here or in a run this one is paired with.
    weights
        By dimension of :data:`AVERAGED`: share of each label in the positions that funds open with.
    is_mirrored
        Whether paths ``2k`` and ``2k + 1`` are one antithetic draw.
    sets
        Over which parameter sets paths are spread, the same for runs over the same ones; none if they are not.
    """

    outcomes: Outcomes
    kept: NDArray[np.bool_]
    weights: Mapping[str, Floats]
    is_mirrored: bool
    sets: Hashable = None

    def values(self, name: str, label: str = "") -> Floats:
        """An outcome by path: of one label of its dimension, or averaged by the positions funds open with."""
        dim = MEASURES[name].dim
        where = {dim: label} if dim and label else {}
        values = np.asarray(self.outcomes.of(name, **where), np.float64)
        if values.ndim > 1:
            values = values @ self.weights[dim]
        return np.where(self.kept, values, np.nan)

    def statistic(self, measure: Measure[Any], label: str = "") -> Statistic:
        """A measure: an average, a share of paths (in which a market that lost all dealers counts) or a ratio."""
        if isinstance(measure.of, Event):
            return self._over_sets(share, happened(measure.of, self.outcomes))
        if isinstance(measure.of, Ratio):
            above, below = (
                self._over_sets(average, self.values(name, label))
                for name in (measure.of.numerator, measure.of.denominator)
            )
            ratio = over(above, below)
            return scaled(ratio, measure.of.factor) if measure.of.factor != 1.0 else ratio
        return self._over_sets(average, self.values(measure.key, label))

    def tail(self, measure: Measure[Any]) -> Statistic:
        """Average of an outcome over its worst 5% of paths."""
        return self._over_sets(partial(expected_shortfall, level=TAIL), self.values(measure.key))

    def _over_sets(self, statistic: Callable[..., Statistic], values: Floats) -> Statistic:
        """A statistic of values by path, set by set too if paths are spread over sets."""
        if self.sets is None:
            return statistic(values, is_mirrored=self.is_mirrored)
        return over_parameter_sets(
            lambda paths: statistic(values[paths], is_mirrored=self.is_mirrored),
            len(values),
            PATHS_A_SET,
            self.sets,
        )


class Compared(NamedTuple):
    """A figure of a run as it is compared: a measure, its tail, or what it is for one label of its dimension."""

    key: str
    label: str
    short: str
    unit: str
    worse: Worse
    group: Group
    decimals: int
    of: Callable[[RunPaths], Statistic]


def run_paths(run: RunFolder, outcomes: Outcomes, sets: Hashable = None) -> RunPaths:
    """The outcomes of a run, with all its finished paths, and the sets over which they are spread."""
    opening = np.abs(opening_of(run, ("fund_packages",))["fund_packages"][0, 0].astype(np.float64))
    held = opening.sum()
    weights = opening / held if held > 0.0 else np.full(len(opening), 1.0 / len(opening))
    finished = outcomes["status"] == 0
    return RunPaths(
        outcomes, finished, dict.fromkeys(AVERAGED, weights), run.manifest.sampling == "antithetic", sets
    )


def compared(
    labels: Mapping[str, tuple[str, ...]], names: Mapping[str, str] | None = None
) -> tuple[Compared, ...]:
    """All figures of runs with these labels along each dimension, by group; ``names`` are those of trades."""
    told = names or {}
    found = [each for measure in MEASURES.values() if measure.group for each in _of(measure, labels, told)]
    groups = list(GROUPS)
    return tuple(sorted(found, key=lambda each: groups.index(each.group)))


def _of(
    measure: Measure[Any], labels: Mapping[str, tuple[str, ...]], names: Mapping[str, str]
) -> Iterator[Compared]:
    whole = Compared(
        measure.key, measure.label, measure.in_short, measure.unit, measure.worse, measure.group, measure.decimals,
        partial(RunPaths.statistic, measure=measure),
    )  # fmt: skip
    if not measure.dim or measure.dim in AVERAGED:
        yield whole
        if measure.has_tail:
            yield whole._replace(
                key=f"{measure.key}_tail",
                label=f"{measure.label}, worst 5% of paths",
                short=f"{measure.in_short}, worst 5%",
                of=partial(RunPaths.tail, measure=measure),
            )
    for label in labels.get(measure.dim, ()) if measure.by_label else ():
        words = measure.by_label.format(names.get(label) or cause(label))
        yield whole._replace(
            key=f"{measure.key}.{label}",
            label=words,
            short=words,
            worse="neither" if label in measure.neutral else measure.worse,
            of=partial(RunPaths.statistic, measure=measure, label=label),
        )
