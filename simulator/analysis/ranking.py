"""Policies ranked: what $100bn of the central bank's outlay buys in each, and whether the next can be told from it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

from simulator.analysis.contrast import Contrast
from simulator.analysis.paired import difference_of, t_value
from simulator.analysis.policies import BENEFITS, OUTLAY, as_known
from simulator.results.statistics import Estimate


@dataclass(frozen=True)
class RankedPolicy:
    """A policy in the ranking: benefit per $100bn, and whether the next one can be told from it.

    Parameters
    ----------
    ahead_of_next
        How much more this one brings for each $100bn than the next, with its error; NaN for the last and where
        both were not played on the same random numbers.
    """

    label: str
    benefit: Estimate
    outlay_bn: Estimate
    per_100bn: Estimate
    ahead_of_next: Estimate

    def as_record(self) -> dict[str, Any]:
        """The place as plain values."""
        figures = {key: value for key, value in vars(self).items() if key != "label"}
        return {"run": self.label} | {key: as_known(value) for key, value in figures.items()}


def rank(contrasts: Sequence[Contrast], by: str) -> tuple[RankedPolicy, ...]:
    """Policies that cost the central bank something, by what $100bn of them buys, the most first."""
    spending = [contrast for contrast in contrasts if math.isfinite(contrast.appraisal.per_100bn[by].value)]
    spending.sort(key=lambda contrast: -contrast.appraisal.per_100bn[by].value)
    places = []
    for contrast, following in zip_longest(spending, spending[1:]):
        appraisal = contrast.appraisal
        places.append(
            RankedPolicy(
                contrast.side.label,
                appraisal.benefits[by],
                appraisal.costs[OUTLAY],
                appraisal.per_100bn[by],
                _ahead(contrast, following, by),
            )
        )
    return tuple(places)


def by_target(contrasts: Sequence[Contrast]) -> dict[str, tuple[Contrast, ...]]:
    """For each benefit, the runs by how much of it they bring, the most first.

    Targets on which no run does anything are left out.
    """
    found = {}
    for target in BENEFITS:
        gains = {each.side.label: each.appraisal.benefits[target] for each in contrasts}
        if any(gain.value or gain.standard_error for gain in gains.values()):
            order = sorted(contrasts, key=lambda each: -gains[each.side.label].value)
            found[target] = tuple(order)
    return found


def cheapest(contrasts: Sequence[Contrast], by: str, share: float) -> Contrast | None:
    """Of the runs that lower a figure by a share of what it is in the base, the one with the least outlay; if any.

    Runs without outlay beyond the base come first, and among equals those that give dealers less relief.
    """
    enough = [each for each in contrasts if lowered(each, by) >= share]
    return min(
        enough,
        key=lambda each: (max(each.appraisal.costs[OUTLAY].value, 0.0), each.appraisal.relief_bn),
        default=None,
    )


def lowered(contrast: Contrast, by: str) -> float:
    """By which share of what it is in the base a run lowers the figure of a benefit; 0 if it is nothing there."""
    base = contrast.row(BENEFITS[by].measure).base.value * BENEFITS[by].scale
    return contrast.appraisal.benefits[by].value / base if base > 0.0 else 0.0


def is_clearly_ahead(place: RankedPolicy, detected: float) -> bool:
    """Whether a policy can be told from the next in the ranking."""
    return t_value(place.ahead_of_next) >= detected


def _ahead(contrast: Contrast, following: Contrast | None, by: str) -> Estimate:
    if following is None or not (contrast.pairing.is_paired and following.pairing.is_paired):
        return Estimate(math.nan, math.nan, 0)
    one, two = contrast.appraisal.samples[by], following.appraisal.samples[by]
    return difference_of(one, two, is_paired=True).estimate
