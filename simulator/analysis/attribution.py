"""How much of the stress each channel of contagion is good for, in parts that add up to the whole.

Channels are switched on one after the other, in every order, on the same random numbers; what a channel adds to
those before it, averaged over orders, is its Shapley value. Nothing is counted twice, whatever overlaps. What is
left when all channels are off is told as such.

Units: those of the outcomes of :mod:`simulator.analysis.channels`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from simulator.analysis import shapley
from simulator.analysis.channels import JUDGED_BY, TOLD, Values, play_outcomes
from simulator.results.measures import MEASURES
from simulator.results.statistics import Estimate, mean

if TYPE_CHECKING:
    from simulator.scenario.schema import Scenario

#: Channels that act together, by default: five groups, 32 runs.
GROUPS: Mapping[str, tuple[str, ...]] = {
    "margin calls": ("variation_margin", "initial_margin"),
    "haircuts and roll-over": ("haircut", "roll_over"),
    "limits and redemptions": ("risk_limit", "redemption"),
    "default": ("default",),
    "dealer balance sheets": ("dealer_capacity",),
}
#: Every channel alone: 256 runs.
EACH: Mapping[str, tuple[str, ...]] = {name.replace("_", " "): (name,) for name in JUDGED_BY}


@dataclass(frozen=True)
class Attribution:
    """Outcomes of a scenario, taken apart by channel.

    Parameters
    ----------
    paths
        Paths that no variant stopped.
    runs
        Variants played.
    orders
        Random orders of the channels; 0 when all were counted.
    without
        Outcomes with all channels off.
    parts
        What each group of channels adds, by group and outcome.
    full
        Outcomes with all channels on: ``without`` plus all parts.
    """

    scenario: str
    paths: int
    runs: int
    orders: int
    without: Mapping[str, Estimate]
    parts: Mapping[str, Mapping[str, Estimate]]
    full: Mapping[str, Estimate]

    def as_record(self) -> dict[str, Any]:
        """The attribution as plain values."""

        def plain(figures: Mapping[str, Estimate]) -> dict[str, Any]:
            return {
                name: {
                    "value": figure.value,
                    "standard_error": figure.standard_error,
                    "unit": MEASURES[name].unit,
                }
                for name, figure in figures.items()
            }

        return {
            "scenario": self.scenario,
            "paths": self.paths,
            "runs": self.runs,
            "orders": self.orders,
            "without": plain(self.without),
            "parts": {group: plain(figures) for group, figures in self.parts.items()},
            "full": plain(self.full),
        }


def attribute(
    scenario: Scenario,
    files: Mapping[str, Path] | None = None,
    paths: int = 500,
    *,
    groups: Mapping[str, tuple[str, ...]] = GROUPS,
    orders: int = 0,
    threads: int = 1,
    progress: Callable[[int, int], None] | None = None,
) -> Attribution:
    """Shapley values of groups of channels, for every outcome, on the same random numbers.

    Parameters
    ----------
    scenario, files
        A validated scenario and its data files, as the loader resolved them.
    paths
        Paths of each run; there are two to the number of groups of them.
    groups
        Channels that are switched together, by name.
    orders
        Random orders to sample instead of counting all; its error is then part of that of each value.
    threads
        Blocks at a time; the numbers do not depend on it.
    progress
        Told after each run how many there were, and how many there will be at most.
    """
    names = list(groups)
    switched = [channel for channels in groups.values() for channel in channels]
    most = 2 ** len(names) if not orders else min(2 ** len(names), orders * len(names) + 1)
    runs: dict[frozenset[str], dict[str, Values]] = {}

    def play(coalition: frozenset[str]) -> dict[str, Values]:
        if coalition not in runs:
            is_on = {channel: group in coalition for group in names for channel in groups[group]}
            channels = scenario.channels.model_copy(update={name: is_on[name] for name in switched})
            variant = scenario.model_copy(update={"channels": channels})
            runs[coalition] = play_outcomes(variant, files, paths, threads)
            if progress is not None:
                progress(len(runs), most)
        return runs[coalition]

    everybody, nobody = frozenset(names), frozenset[str]()
    packed = _packed_parts(names, lambda coalition: np.stack(list(play(coalition).values())), orders)
    finished = np.all([np.isfinite(run[TOLD[0]]) for run in runs.values()], axis=0)
    mirrored = scenario.drivers.sampling == "antithetic"

    def over_paths(values: Values) -> Estimate:
        return mean(np.where(finished, values, np.nan), antithetic=mirrored)

    def part(values: Values) -> Estimate:
        """Of one group and outcome, (order, path): the errors of paths and of orders add up as variances."""
        by_path = over_paths(values.mean(axis=0))
        if not orders:
            return by_path
        by_order = values[:, finished].mean(axis=1)
        between = mean(by_order, antithetic=True).standard_error
        return Estimate(by_path.value, float(np.hypot(by_path.standard_error, between)), by_path.draws)

    return Attribution(
        scenario.name,
        int(finished.sum()),
        len(runs),
        orders,
        {name: over_paths(runs[nobody][name]) for name in TOLD},
        {
            group: {name: part(values[:, place]) for place, name in enumerate(TOLD)}
            for group, values in packed.items()
        },
        {name: over_paths(runs[everybody][name]) for name in TOLD},
    )


def _packed_parts(names: list[str], game: shapley.Game, orders: int) -> dict[str, Values]:
    """What each group adds, (order, outcome, path); one order when all were counted."""
    if orders:
        return shapley.sampled(names, game, orders)
    return {name: values[None] for name, values in shapley.exact(names, game).items()}
