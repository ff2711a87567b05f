"""Emulators: what a simulation would say of each moment at parameters that were not simulated.

A moment is a sum of lines and squares of the inputs that move it (Bayesian ridge) and a smooth rest of them (Gaussian
process, one length a input); inputs that do not move it are left to its error. The error is that of points left out
one at a time. Inputs are shares of the prior, between 0 and 1. Source: Craig, Goldstein, Rougier and Seheult (2001);
Vernon, Goldstein and Bower (2010) for active inputs.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
#: An input is active for a moment if it makes up more than this part of what the lines and squares explain.
ACTIVE_SHARE = 0.01
ACTIVE_MAX = 12
#: Points from which the lengths of a process are learnt, and points that it then rests on at most: the last ones.
LEARNT_FROM, RESTS_ON_MAX = 200, 600
#: Fewer points than this say nothing of squares.
POINTS_MIN = 12


@dataclass(frozen=True)
class Rest:
    """The mean of a Gaussian process: bumps of one height and of one length an input, at the points it rests on."""

    height: float
    lengths: Floats
    points: Floats
    loads: Floats

    def predict(self, inputs: Floats) -> Floats:
        """The mean at points, (point, input)."""
        from scipy.spatial.distance import cdist

        apart = cdist(inputs / self.lengths, self.points / self.lengths, "sqeuclidean")
        found: Floats = self.height * np.exp(-0.5 * apart) @ self.loads
        return found


@dataclass(frozen=True)
class Emulator:
    """The emulator of one moment.

    Parameters
    ----------
    active
        Places of the inputs that move it.
    error
        Standard deviation of what it gets wrong at points that it has not seen.
    level, slopes
        Of lines and squares.
    rest
        What they leave, in the unit of the moment; none if nothing.
    """

    active: NDArray[np.int64]
    error: float
    level: float
    slopes: Floats
    rest: Rest | None

    def predict(self, shares: Floats) -> Floats:
        """The moment at points, (point, input) shares: one figure a point."""
        inputs = shares[:, self.active]
        found: Floats = self.level + _lines_and_squares(inputs) @ self.slopes
        return found if self.rest is None else found + self.rest.predict(inputs)


@dataclass(frozen=True)
class Constant:
    """A moment that nothing moves, or of which too little is known."""

    value: float
    error: float
    active: NDArray[np.int64]

    def predict(self, shares: Floats) -> Floats:
        """The same everywhere."""
        return np.full(len(shares), self.value)


def emulate(shares: Floats, moment: Floats, noise: Floats, *, seed: int = 0) -> Emulator | Constant:
    """Fit the emulator of one moment.

    Parameters
    ----------
    shares
        Points that were simulated, (point, input), later ones nearer to what matters.
    moment, noise
        The moment there, and the Monte Carlo standard error of it; points where it is not known are left out.
    seed
        Of the choice of points from which lengths are learnt.
    """
    known = np.isfinite(moment)
    shares, moment, noise = shares[known], moment[known], noise[known]
    spread = float(moment.std()) if len(moment) else 0.0
    if len(moment) < POINTS_MIN or spread <= 1e-9 * (1.0 + float(np.abs(moment).max(initial=0.0))):
        value = float(moment.mean()) if len(moment) else float("nan")
        return Constant(value, spread, np.zeros(0, np.int64))
    active = _active(shares, moment)
    inputs = shares[:, active]
    ridge = _ridge(_lines_and_squares(inputs), moment)
    level, slopes = float(ridge.intercept_), np.asarray(ridge.coef_)
    left = moment - level - _lines_and_squares(inputs) @ slopes
    scale = float(left.std())
    if scale <= 1e-9 * spread or not len(active):
        return Emulator(active, scale, level, slopes, None)
    chosen = slice(max(0, len(left) - RESTS_ON_MAX), None)
    process = _process(inputs[chosen], left[chosen] / scale, noise[chosen] / scale, seed)
    bumps = process.kernel_.k1
    rest = Rest(
        height=scale * bumps.k1.constant_value,
        lengths=np.broadcast_to(bumps.k2.length_scale, inputs.shape[1]).astype(np.float64),
        points=inputs[chosen],
        loads=np.asarray(process.alpha_),
    )
    return Emulator(active, scale * _error_left_out(process), level, slopes, rest)


def _lines_and_squares(inputs: Floats) -> Floats:
    centred = 2.0 * inputs - 1.0
    return np.hstack([centred, centred**2 - 1.0 / 3.0])


def _ridge(features: Floats, moment: Floats) -> Any:
    from sklearn.linear_model import BayesianRidge

    return BayesianRidge().fit(features, moment)


def _active(shares: Floats, moment: Floats) -> NDArray[np.int64]:
    """Inputs that move a moment, those that move it most if they are many."""
    features = _lines_and_squares(shares)
    count = shares.shape[1]
    explained = (_ridge(features, moment).coef_ * features.std(axis=0)) ** 2
    parts = explained[:count] + explained[count:]
    if parts.sum() <= 0.0:
        return np.zeros(0, np.int64) if count > ACTIVE_MAX else np.arange(count)
    order = np.argsort(-parts, kind="stable")[:ACTIVE_MAX]
    return np.sort(order[parts[order] > ACTIVE_SHARE * parts.sum()])


def _process(inputs: Floats, rest: Floats, noise: Floats, seed: int) -> Any:
    """The Gaussian process of the rest: lengths learnt from some points, then resting on all."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.gaussian_process import GaussianProcessRegressor
    from sklearn.gaussian_process.kernels import RBF, ConstantKernel, WhiteKernel

    count = inputs.shape[1]
    kernel = ConstantKernel(0.5, (1e-3, 10.0)) * RBF(np.ones(count), (0.1, 20.0)) + WhiteKernel(
        0.5, (1e-5, 3.0)
    )
    some = np.random.default_rng(seed).permutation(len(rest))[:LEARNT_FROM]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # a length at its bound: the input is a line
        learnt = GaussianProcessRegressor(kernel, alpha=noise[some] ** 2 + 1e-8).fit(inputs[some], rest[some])
    return GaussianProcessRegressor(learnt.kernel_, alpha=noise**2 + 1e-8, optimizer=None).fit(inputs, rest)


def _error_left_out(process: Any) -> float:
    """Root mean square of what the process gets wrong at each point when the point is left out."""
    from scipy.linalg import cho_solve

    inverse = cho_solve((process.L_, True), np.eye(len(process.alpha_)))
    wrong = process.alpha_ / np.diag(inverse)
    return float(np.sqrt(np.mean(wrong**2)))


def emulate_all(
    shares: Floats, moments: Floats, noise: Floats, *, seed: int = 0
) -> list[Emulator | Constant]:
    """An emulator for each column of moments, (point, moment)."""
    return [
        emulate(shares, moments[:, place], noise[:, place], seed=seed) for place in range(moments.shape[1])
    ]


def predict_all(emulators: Sequence[Emulator | Constant], shares: Floats) -> Floats:
    """All moments at points, (point, moment)."""
    return np.column_stack([each.predict(shares) for each in emulators])
