"""How well methods find parameters of a synthetic history: python -m benchmarks.estimation [truths] [simulations]

The toy market with chance in it, six parameters, six moments. Truths are drawn from the priors; the history of each is
the average of 25 episodes with other random numbers, measured with the tolerance. All methods get the same number of
simulations; pyABC, which simulates anew for each history, is compared when it is installed.

Told of each: how far the middle of the posterior is from the truth (root mean square, in shares of the prior; 0.29 is
no better than the middle of the prior), how wide its 90% ranges are (of the prior's), and how often they hold the
truth; of the parameters that the moments identify, which are those that the first method narrows down by the
words of an estimation (:data:`simulator.estimation.result.NARROWED`).
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from simulator.ensemble.cores import pin_linear_algebra
from simulator.ensemble.observer import Nobody
from simulator.ensemble.plan import Block
from simulator.ensemble.resources import Resources
from simulator.ensemble.session import open_executor
from simulator.estimation.emulator import emulate_all, predict_all
from simulator.estimation.posterior import Likelihood, sample_shares
from simulator.estimation.result import NARROWED, RANGE, quantiles
from simulator.estimation.simulation import Simulated, Simulator, correlations, figures_at, job_of, shares_of
from simulator.estimation.targets import LoadedTargets, load_targets

Floats = NDArray[np.float64]
Method = Callable[[Floats, Simulated, Likelihood, list[int]], Floats]
LEVELS = (0.05, 0.5, 0.95)
PATHS, DRAWS = 16, 200_000
#: Episodes of a synthetic history: one of this market pins no parameter down.
EPISODES = 25
#: Part of the simulations nearest to history that rejection keeps.
KEPT = 0.1


def design(inputs: int, points: int, seed: int) -> Floats:
    from scipy.stats import qmc

    return np.asarray(
        qmc.Sobol(inputs, rng=np.random.default_rng(seed)).random_base2((points - 1).bit_length())
    )[:points]


def simulate(loaded: LoadedTargets, shares: Floats, paths: int = PATHS) -> Simulated:
    with open_executor(Resources()) as hands:
        found = Simulator(loaded).play(hands, "", figures_at(loaded.keys, shares), paths, observer=Nobody())
    assert found is not None
    return found


def history_of(loaded: LoadedTargets, share: Floats, number: int) -> Floats:
    """Some paths of each scenario that no simulation has seen, on average, measured with the tolerance."""
    from simulator.ensemble.jobs import OpenJob

    found = []
    for played in loaded.played:
        (figures,) = figures_at(loaded.keys, share[None])
        job = OpenJob(job_of(played, figures, 1_000_000, "history"))
        found.append(job.play(Block(0, 100_000 + EPISODES * number, EPISODES))[1].mean(axis=0))
    moments = [moment for played in loaded.played for moment in played.moments]
    tolerances = np.array([moment.tolerance for moment in moments])
    values: Floats = np.concatenate(found) + tolerances * np.random.default_rng(number).standard_normal(
        len(moments)
    )
    return values


def by_walkers(shares: Floats, found: Simulated, likelihood: Likelihood, fitted: list[int]) -> Floats:
    """Emulators, and a sample by walkers (scikit-learn, emcee)."""
    emulators = emulate_all(shares, found.means[:, fitted], found.errors[:, fitted])
    sample, _ = sample_shares(emulators, likelihood, shares.shape[1], 400, seed=1)
    return np.array([np.quantile(column, LEVELS) for column in sample.T])


def by_importance(shares: Floats, found: Simulated, likelihood: Likelihood, fitted: list[int]) -> Floats:
    """The same emulators, and weighted draws of the prior."""
    emulators = emulate_all(shares, found.means[:, fitted], found.errors[:, fitted])
    draws = np.random.default_rng(1).random((DRAWS // 10, shares.shape[1]))
    errors = np.array([each.error for each in emulators])
    distance = likelihood.distance(predict_all(emulators, draws), errors)
    weights = np.exp(-0.5 * (distance - distance.min()))
    return np.array([quantiles(column, weights / weights.sum(), LEVELS) for column in draws.T])


def by_rejection(shares: Floats, found: Simulated, likelihood: Likelihood, fitted: list[int]) -> Floats:
    """Approximate Bayesian computation: the nearest simulations, put right by a line (Beaumont and others 2002)."""
    from sklearn.linear_model import LinearRegression

    moments = found.means[:, fitted]
    noise = np.random.default_rng(1).standard_normal(moments.shape)
    errors = np.hypot(likelihood.tolerances, likelihood.path_deviations)
    seen = (moments + errors * noise - likelihood.targets) / errors
    far = np.sum(seen**2, axis=1)
    near = np.argsort(far)[: max(2 * len(fitted), int(KEPT * len(far)))]
    weights = 1.0 - far[near] / (far[near].max() * 1.001)
    line = LinearRegression().fit(seen[near], shares[near], sample_weight=weights)
    put_right = np.clip(shares[near] - seen[near] @ line.coef_.T, 0.0, 1.0)
    return np.array([quantiles(column, weights / weights.sum(), LEVELS) for column in put_right.T])


def by_populations(loaded: LoadedTargets) -> Method:
    """Approximate Bayesian computation in populations (pyABC), as many simulations for each history."""
    import pyabc

    from simulator.ensemble.jobs import OpenJob

    (played,) = loaded.played

    def method(shares: Floats, found: Simulated, likelihood: Likelihood, fitted: list[int]) -> Floats:
        generator = np.random.default_rng(1)
        errors = np.hypot(likelihood.tolerances, likelihood.path_deviations)

        def model(point: dict[str, float]) -> dict[str, Floats]:
            (figures,) = figures_at(loaded.keys, np.array([[point[key] for key in loaded.keys]]))
            moments = (
                OpenJob(job_of(played, figures, PATHS, "abc"))
                .play(Block(0, 0, PATHS))[1]
                .mean(axis=0)[fitted]
            )
            return {"moments": moments + errors * generator.standard_normal(len(moments))}

        def distance(one: dict[str, Floats], other: dict[str, Floats]) -> float:
            return float(np.sum(((one["moments"] - other["moments"]) / errors) ** 2))

        prior = pyabc.Distribution(**{key: pyabc.RV("uniform", 0.0, 1.0) for key in loaded.keys})
        each = max(10, len(shares) // 6)
        run = pyabc.ABCSMC(
            model, prior, distance, population_size=each, sampler=pyabc.sampler.SingleCoreSampler()
        )
        run.new("sqlite://", {"moments": likelihood.targets})
        history = run.run(max_total_nr_simulations=len(shares), max_nr_populations=6)
        points, weights = history.get_distribution()
        return np.array([quantiles(points[key].to_numpy(), weights, LEVELS) for key in loaded.keys])

    return method


METHODS: dict[str, Method] = {
    "emulators and walkers": by_walkers,
    "emulators and weighted draws": by_importance,
    "nearest simulations and a line": by_rejection,
}


def compare(truths: int, simulations: int) -> dict[str, Floats]:
    """Ranges by each method, (truth, parameter, level), and the truths themselves under ``truth``."""
    from tests.estimation.conftest import write_targets

    with tempfile.TemporaryDirectory() as folder:
        loaded = load_targets(write_targets(Path(folder)))
        also = {"populations (pyABC)": by_populations(loaded)} if find_spec("pyabc") else {}
        return ranges_of(loaded, truths, simulations, METHODS | also)


def ranges_of(
    loaded: LoadedTargets,
    truths: int,
    simulations: int,
    methods: dict[str, Method],
) -> dict[str, Floats]:
    """The same of any targets; the values that they ask for are replaced by those of the synthetic history."""
    inputs = len(loaded.keys)
    at = figures_at(loaded.keys, design(inputs, simulations, 1))
    shares = shares_of(loaded.keys, at)
    found = simulate(loaded, shares)
    fitted = [n for played in loaded.played for n in range(len(played.fit))]  # one scenario
    moments = [moment for played in loaded.played for moment in played.moments]
    centre = simulate(loaded, np.full((1, inputs), 0.5), 200)
    together = correlations(loaded, 200)[np.ix_(fitted, fitted)]
    wanted = np.random.default_rng(2).random((truths, inputs))
    ranges: dict[str, list[Floats]] = {name: [] for name in methods}
    seconds = dict.fromkeys(methods, 0.0)
    for number, truth in enumerate(wanted):
        history = history_of(loaded, truth, number)
        likelihood = Likelihood(
            targets=history[fitted],
            tolerances=np.array([moments[place].tolerance for place in fitted]),
            path_deviations=centre.deviations[0][fitted] / np.sqrt(EPISODES),
            path_correlations=together,
        )
        for name, method in methods.items():
            started = time.process_time()
            ranges[name].append(method(shares, found, likelihood, fitted))
            seconds[name] += time.process_time() - started
    for name in methods:
        print(f"{name}: {seconds[name] / truths:.1f} core-seconds an estimation beside the simulations")
    return {name: np.array(rows) for name, rows in ranges.items()} | {"truth": wanted}


def identified(ranges: Floats) -> NDArray[np.bool_]:
    """Parameters whose range is narrower than the prior's in the middle of the truths, (parameter,)."""
    widths: Floats = np.median(ranges[:, :, 2] - ranges[:, :, 0], axis=0)
    return widths < NARROWED * (RANGE[1] - RANGE[0])


def main(truths: int = 10, simulations: int = 128) -> None:
    pin_linear_algebra()
    found = compare(truths, simulations)
    truth = found.pop("truth")
    known = identified(next(iter(found.values())))
    print(
        f"{truths} truths, {simulations} simulations, {int(known.sum())} of {len(known)} parameters identified"
    )
    print(f"{'':32} {'error':>6} {'width':>6} {'holds':>6}")
    for name, rows in found.items():
        error = float(np.sqrt(np.mean((rows[:, known, 1] - truth[:, known]) ** 2)))
        width = float(np.mean(rows[:, known, 2] - rows[:, known, 0])) / 0.9
        holds = float(
            np.mean((rows[:, known, 0] <= truth[:, known]) & (truth[:, known] <= rows[:, known, 2]))
        )
        print(f"{name:32} {error:6.2f} {width:6.0%} {holds:6.0%}")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
