"""What targets say of parameters: a normal likelihood on emulated moments, and a sample of what it leaves open.

History is one path. So a moment of history differs from the model's average by what a single path differs from it, by
the tolerance (measurement, and what a model of this kind can miss), and by the emulator's own error; the first of
these goes together over the moments of a scenario. If even the best parameters miss the targets by more than that,
all errors are widened until they do not (Birge 1932): a model that fits badly knows its parameters badly.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from simulator.estimation.emulator import Constant, Emulator, predict_all

Floats = NDArray[np.float64]
#: Draws of the prior from which walkers begin, at most; steps of all walkers, of which the first half is left out.
DRAWS, STEPS = 4096, 600
#: Likelihoods are raised to a power such that at least so many draws count when walkers begin.
COUNTING_DRAWS = 100.0
WALKERS_MIN = 64
#: Part of the sets that must count when their weights are corrected.
COUNTING_SETS = 1.0 / 3.0
HALVINGS = 40


@dataclass(frozen=True)
class Likelihood:
    """How likely targets are at given moments of the model.

    Parameters
    ----------
    targets, tolerances
        History's value of each moment, and one standard deviation of its measurement and of the model.
    path_deviations
        Standard deviation over paths of each moment.
    path_correlations
        How these go together, (moment, moment); none between scenarios.
    widening
        By which all standard deviations are multiplied.
    """

    targets: Floats
    tolerances: Floats
    path_deviations: Floats
    path_correlations: Floats
    widening: float = 1.0

    def covariance(self, errors: Floats) -> Floats:
        """Covariance of history less the model's moments; ``errors`` of these are independent."""
        deviations = self.path_deviations
        covariance = self.path_correlations * np.outer(deviations, deviations)
        found: Floats = self.widening**2 * (covariance + np.diag(self.tolerances**2 + errors**2))
        return found

    def distance(self, moments: Floats, errors: Floats) -> Floats:
        """Squared distance of targets from moments, (point, moment), in standard deviations: one a point."""
        from scipy.linalg import solve_triangular

        root = np.linalg.cholesky(self.covariance(errors))
        scaled = solve_triangular(root, (self.targets - moments).T, lower=True)
        found: Floats = np.sum(scaled**2, axis=0)
        return np.where(np.isfinite(found), found, np.inf)


def sample_shares(
    emulators: Sequence[Emulator | Constant], likelihood: Likelihood, inputs: int, count: int, *, seed: int
) -> tuple[Floats, Likelihood]:
    """Points of the posterior as shares of the prior, (point, input), and the likelihood as it was widened.

    Inputs that move no moment are drawn from their priors.

    Raises
    ------
    ValueError
        If no point of the prior has a likelihood.
    """
    errors = np.array([each.error for each in emulators])
    active = np.unique(np.concatenate([each.active for each in emulators]))
    generator = np.random.default_rng(seed)
    sample: Floats = generator.random((count, inputs))
    if not len(active):
        return sample, likelihood
    place = _places(emulators, active)
    chain = _chain(place, likelihood, errors, len(active), generator)
    least = float(likelihood.distance(predict_all(place, chain), errors).min())
    widening = max(1.0, np.sqrt(least / len(likelihood.targets)))
    if widening > 1.0:
        likelihood = replace(likelihood, widening=widening)
        chain = _chain(place, likelihood, errors, len(active), generator)
    sample[:, active] = chain[generator.choice(len(chain), count, replace=len(chain) < count)]
    return sample, likelihood


def _places(emulators: Sequence[Emulator | Constant], active: NDArray[np.int64]) -> list[Emulator | Constant]:
    """The same emulators of the active inputs alone."""
    return [replace(each, active=np.searchsorted(active, each.active)) for each in emulators]


def _chain(
    emulators: Sequence[Emulator | Constant],
    likelihood: Likelihood,
    errors: Floats,
    inputs: int,
    generator: np.random.Generator,
) -> Floats:
    """Shares along the second half of a chain of walkers, in normal scores of the prior."""
    import emcee
    from scipy.special import ndtr, ndtri

    def log_density(scores: Floats) -> Floats:
        distance = likelihood.distance(predict_all(emulators, ndtr(scores)), errors)
        found: Floats = -0.5 * (distance + np.sum(scores**2, axis=1))
        return found

    draws = np.clip(generator.random((DRAWS, inputs)), 1e-9, 1.0 - 1e-9)
    distance = likelihood.distance(predict_all(emulators, draws), errors)
    if not np.isfinite(distance).any():
        raise ValueError("no point of the priors has moments to compare with the targets")
    walkers = max(WALKERS_MIN, 2 * inputs + 2)
    begin = generator.choice(DRAWS, walkers, p=_counting(distance, max(COUNTING_DRAWS, walkers)))
    scores = ndtri(draws[begin]) + 0.05 * generator.standard_normal((walkers, inputs))
    moves = [(emcee.moves.DEMove(), 0.5), (emcee.moves.StretchMove(), 0.5)]
    sampler = emcee.EnsembleSampler(walkers, inputs, log_density, vectorize=True, moves=moves)
    sampler.random_state = np.random.RandomState(int(generator.integers(2**32))).get_state()
    sampler.run_mcmc(scores, STEPS, skip_initial_state_check=True)
    found: Floats = ndtr(sampler.get_chain(discard=STEPS // 2, flat=True))
    return found


def _counting(distance: Floats, wanted: float) -> Floats:
    """Weights of draws by the highest power of their likelihood, up to one, at which so many of them count."""
    apart = distance - distance.min()
    low, high = 0.0, 1.0
    for _ in range(HALVINGS):
        power = high if _count(apart, high) >= wanted else 0.5 * (low + high)
        low, high = (power, high) if _count(apart, power) >= wanted else (low, power)
    return _normal(np.exp(-0.5 * low * apart) if low > 0.0 else np.isfinite(apart).astype(np.float64))


def _count(distance: Floats, power: float) -> float:
    weights = np.exp(-0.5 * power * distance)
    return float(weights.sum() ** 2 / np.sum(weights**2))


def _normal(weights: Floats) -> Floats:
    found: Floats = weights / weights.sum()
    return found


def corrected_weights(simulated: Floats, emulated: Floats) -> Floats:
    """Weights of sets from their simulated and emulated squared distances, adding up to one.

    They put right what the emulator got wrong where it was sampled, as far as a third of the sets still count. Sets
    without a simulation have none.

    Raises
    ------
    ValueError
        If no set could be simulated.
    """
    if not np.isfinite(simulated).any():
        raise ValueError("no parameter set could be simulated")
    return _counting(simulated - emulated, COUNTING_SETS * len(simulated))
