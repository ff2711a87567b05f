"""What each channel of contagion does: the outcome with the channel off, on the same random numbers.

A channel that is off cannot force or carry anything; the difference to the full model, path by path, is what
the channel adds. Channels that make funds sell are judged by what funds unwind, those that move prices by the
basis. Effects overlap (a fund spared by one channel may be caught by the next), so they do not add up.

Units: USD billions of face, bp, differences in the unit of the outcome.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from simulator.engine.simulate import opening_records
from simulator.ensemble.description import layout_of
from simulator.results.layout import Days
from simulator.results.measures import MEASURES, Measure
from simulator.results.reductions import Reduction
from simulator.results.statistics import Estimate, difference, mean
from simulator.results.variables import GROUPS

if TYPE_CHECKING:
    from simulator.engine.opening.prepare import Prepared
    from simulator.engine.records import Records
    from simulator.scenario.parameter_sets import ParameterSets
    from simulator.scenario.schema import Scenario

Values = NDArray[np.float64]


#: What attribution tells: keys of measures.
TOLD = ("unwound_in_all", "dislocation_rise", "pressure_over_outstanding", "fund_equity_lost", "funds_failed")


def told_measures() -> dict[str, Measure[Reduction]]:
    """Measures that attribution tells, by key."""
    return {key: MEASURES[key] for key in TOLD}


def measured(prepared: Prepared, records: Records) -> dict[str, Values]:
    """What attribution tells, by path, from records in memory; NaN for paths that stopped."""
    opening = opening_records(prepared)
    arrays: dict[str, Values] = {}
    for group in GROUPS:
        for name in (variable.name for variable in group.variables if not group.of_agents):
            arrays[name] = records.with_opening(name, opening).astype(np.float64)
    seen = Days(arrays, layout_of(prepared.scenario, prepared))
    with np.errstate(invalid="ignore"):  # stopped paths are NaN
        return {key: np.asarray(measure.of(seen), np.float64) for key, measure in told_measures().items()}


#: The outcome that each channel should lower when it is off, and why.
JUDGED_BY = {
    "variation_margin": (
        "unwound_in_all",
        "no cash leaves with losses on hedges, so none has to be raised by selling",
    ),
    "initial_margin": ("unwound_in_all", "margins stay at their opening level, and cash stays free"),
    "haircut": ("unwound_in_all", "repo keeps its opening haircut, and cash stays free"),
    "roll_over": ("unwound_in_all", "dealers roll every loan, whatever lenders offer them"),
    "redemption": ("unwound_in_all", "investors do not leave, so funds do not shrink with them"),
    "risk_limit": ("unwound_in_all", "funds hold on until calls force them"),
    "default": (
        "dislocation_rise",
        "no book is seized and sold, and no loss on a client cuts what dealers can carry",
    ),
    "dealer_capacity": ("dislocation_rise", "the next unit of balance sheet costs as much as the first"),
}
#: The same for price impact in both markets, which is scaled to nothing instead of switched off.
PRICE_IMPACT = "price_impact"
PRICE_IMPACT_JUDGED_BY = ("dislocation_rise", "sales move no price: what is left is the direct loss")


@dataclass(frozen=True)
class ChannelEffect:
    """What a channel does: outcomes without it, and their change from the full model."""

    channel: str
    judged_by: str
    reason: str
    without: Mapping[str, Estimate]
    change: Mapping[str, Estimate]

    @property
    def errors_away(self) -> float:
        """Change of the outcome it is judged by, in standard errors; zero when no path changed."""
        change = self.change[self.judged_by]
        return change.value / change.standard_error if change.standard_error > 0.0 else 0.0


@dataclass(frozen=True)
class ChannelTable:
    """The full model and the effect of each channel, over the paths that no variant stopped."""

    scenario: str
    paths: int
    full: Mapping[str, Estimate]
    effects: tuple[ChannelEffect, ...]

    def effect(self, channel: str) -> ChannelEffect:
        """Effect of one channel."""
        return next(effect for effect in self.effects if effect.channel == channel)


def channel_table(
    scenario: Scenario,
    files: Mapping[str, Path] | None = None,
    paths: int = 2000,
    *,
    channels: Collection[str] = (*JUDGED_BY, PRICE_IMPACT),
    threads: int = 1,
) -> ChannelTable:
    """Play a scenario in full, without each channel, and without price impact, on the same random numbers.

    Parameters
    ----------
    scenario, files
        A validated scenario and its data files, as the loader resolved them.
    paths
        Paths of each run.
    channels
        What is switched off, one at a time; all by default.
    threads
        Blocks at a time; the numbers do not depend on it.
    """
    full = play_outcomes(scenario, files, paths, threads)
    variants = {
        channel: without_price_impact(scenario)
        if channel == PRICE_IMPACT
        else without_channel(scenario, channel)
        for channel in channels
    }
    runs = {name: play_outcomes(variant, files, paths, threads) for name, variant in variants.items()}
    finished = np.all([np.isfinite(run[TOLD[0]]) for run in (full, *runs.values())], axis=0)
    mirrored = scenario.drivers.sampling == "antithetic"

    def keep(values: Values) -> Values:
        return np.where(finished, values, np.nan)

    def effect(channel: str, run: Mapping[str, Values]) -> ChannelEffect:
        judged_by, reason = JUDGED_BY.get(channel, PRICE_IMPACT_JUDGED_BY)
        return ChannelEffect(
            channel,
            judged_by,
            reason,
            {name: mean(keep(run[name]), antithetic=mirrored) for name in TOLD},
            {name: difference(keep(run[name]), keep(full[name]), antithetic=mirrored) for name in TOLD},
        )

    return ChannelTable(
        scenario.name,
        int(finished.sum()),
        {name: mean(keep(full[name]), antithetic=mirrored) for name in TOLD},
        tuple(effect(channel, run) for channel, run in runs.items()),
    )


def without_channel(scenario: Scenario, channel: str) -> Scenario:
    """The scenario with one channel switched off."""
    return scenario.model_copy(update={"channels": scenario.channels.model_copy(update={channel: False})})


def without_price_impact(scenario: Scenario) -> Scenario:
    """The scenario in which sales move no price."""
    return scenario.model_copy(update={"dealers": scenario.dealers.model_copy(update={"impact_scale": 0.0})})


def play_outcomes(
    scenario: Scenario,
    files: Mapping[str, Path] | None,
    paths: int,
    threads: int,
    sets: ParameterSets | None = None,
) -> dict[str, Values]:
    """Play a scenario in memory, perhaps over parameter sets: every outcome by path; NaN for paths that stopped."""
    from simulator.engine.opening.prepare import prepare
    from simulator.engine.simulate import simulate_block

    prepared = prepare(scenario, files, sets=sets)
    block = int(scenario.numerics.block)

    def play(first: int) -> dict[str, Values]:
        records = simulate_block(prepared, first, min(block, paths - first)).records
        return measured(prepared, records)

    with ThreadPoolExecutor(threads) as pool:
        blocks = list(pool.map(play, range(0, paths, block)))
    return {name: np.concatenate([played[name] for played in blocks]) for name in TOLD}
