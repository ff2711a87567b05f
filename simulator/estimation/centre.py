"""The centre of an estimation: the point at which the model's average comes nearest to history.

Sets say what the targets leave open when history is one path of many. Defaults are one point, and are judged by the
model's average: the one sought here is nearest to all targets together, in tolerances, and as near to the middle of the
priors as that allows (regularised least squares, on simulations with common random numbers).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulator.estimation.simulation import DIGITS, rounded
from simulator.scenario.priors import PriorOf

Floats = NDArray[np.float64]
#: Moments of points, (point, moment), from their figures and the number of the call.
Player = Callable[[Sequence[Mapping[str, float]], int], Floats]
#: Standard deviations of the prior within which it is sought, and the step of its slopes.
FARTHEST, STEP = 2.5, 0.1
#: Whole figures with fewer values than this have no slope, and stay where they were.
VALUES_MIN = 10
#: Tolerances by which a target counts as missed where the model has no such moment.
NO_MOMENT = 5.0


@dataclass(frozen=True)
class Aim:
    """Targets and how near they are asked for, (moment,)."""

    targets: Floats
    tolerances: Floats

    def distances(self, moments: Floats) -> Floats:
        """Of moments, (point, moment), in tolerances."""
        found: Floats = (moments - self.targets) / self.tolerances
        return np.where(np.isfinite(found), found, NO_MOMENT)


def nearest_figures(
    begin: Sequence[tuple[PriorOf, float]], aim: Aim, play: Player, steps: int
) -> dict[str, float]:
    """Figures of parameters at which moments come nearest to targets, from shares of their priors to begin with.

    Parameters
    ----------
    play
        Simulates points.
    steps
        Points tried at most, each with the slopes around it.
    """
    from scipy.optimize import least_squares
    from scipy.special import ndtr, ndtri

    held = {each.key: rounded(each.value(share), DIGITS) for each, share in begin}
    pairs = [pair for pair in begin if not pair[0].kind.whole or pair[0].high - pair[0].low >= VALUES_MIN]
    sought = [each for each, _ in pairs]
    scores = ndtri(np.clip([share for _, share in pairs], *ndtr([-FARTHEST, FARTHEST])))
    calls = 0
    latest: dict[bytes, Floats] = {}

    def figures(at: Floats) -> dict[str, float]:
        values = {
            each.key: rounded(each.value(float(ndtr(score))), DIGITS)
            for each, score in zip(sought, at, strict=True)
        }
        return {**held, **values}

    def distances(points: Sequence[Floats]) -> Floats:
        nonlocal calls
        calls += 1
        found = aim.distances(play([figures(at) for at in points], calls))
        return np.hstack([found, np.array(points)])

    def residuals(at: Floats) -> Floats:
        latest.clear()
        latest[at.tobytes()] = distances([at])[0]
        return latest[at.tobytes()]

    def slopes(at: Floats) -> Floats:
        here = latest[at.tobytes()] if at.tobytes() in latest else distances([at])[0]
        step = np.where(at + STEP > FARTHEST, -STEP, STEP)
        there = distances([at + row for row in np.diag(step)])
        found: Floats = ((there - here) / step[:, None]).T
        return found

    if sought:
        bounds = (-FARTHEST, FARTHEST)
        scores = least_squares(residuals, scores, jac=slopes, bounds=bounds, max_nfev=steps).x
    return figures(scores)
