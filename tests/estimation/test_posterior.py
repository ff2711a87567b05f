"""Emulators and the posterior on problems whose answer is known."""

from __future__ import annotations

import numpy as np
import pytest

from simulator.estimation.emulator import Constant, emulate, emulate_all, predict_all
from simulator.estimation.posterior import Likelihood, corrected_weights, sample_shares
from simulator.estimation.result import quantiles


def lines(shares: np.ndarray) -> np.ndarray:
    """Two moments of three inputs: the first two move them, the third does not."""
    return np.column_stack([4.0 * shares[:, 0] + shares[:, 1] ** 2, shares[:, 1] - shares[:, 0]])


@pytest.fixture(scope="module")
def design() -> tuple[np.ndarray, np.ndarray]:
    shares = np.random.default_rng(1).random((60, 3))
    return shares, lines(shares)


def test_an_emulator_says_what_was_not_simulated(design: tuple[np.ndarray, np.ndarray]) -> None:
    shares, moments = design
    emulators = emulate_all(shares, moments, np.full_like(moments, 1e-3))
    unseen = np.random.default_rng(2).random((200, 3))
    wrong = predict_all(emulators, unseen) - lines(unseen)
    assert np.abs(wrong).max() < 0.05
    assert [each.active.tolist() for each in emulators] == [[0, 1], [0, 1]]


def test_its_error_is_that_at_unseen_points() -> None:
    generator = np.random.default_rng(3)
    shares = generator.random((150, 2))
    noise = 0.3
    moment = shares[:, 0] + noise * generator.standard_normal(150)
    found = emulate(shares, moment, np.full(150, noise))
    unseen = generator.random((400, 2))
    wrong = found.predict(unseen) - unseen[:, 0] - noise * generator.standard_normal(400)
    assert found.error == pytest.approx(float(np.sqrt(np.mean(wrong**2))), rel=0.2)


def test_points_without_moments_are_left_out(design: tuple[np.ndarray, np.ndarray]) -> None:
    shares, moments = design
    moment = moments[:, 0].copy()
    moment[::5] = np.nan
    assert np.isfinite(emulate(shares, moment, np.zeros(60)).predict(shares)).all()


def test_a_moment_that_nothing_moves_is_constant(design: tuple[np.ndarray, np.ndarray]) -> None:
    found = emulate(design[0], np.full(60, 7.0), np.zeros(60))
    assert isinstance(found, Constant)
    assert found.predict(design[0]).tolist() == [7.0] * 60


def likelihood(targets: np.ndarray, tolerance: float = 0.1) -> Likelihood:
    count = len(targets)
    return Likelihood(targets, np.full(count, tolerance), np.zeros(count), np.eye(count))


def test_the_posterior_holds_the_truth_and_leaves_open_what_no_target_tells(
    design: tuple[np.ndarray, np.ndarray],
) -> None:
    shares, moments = design
    emulators = emulate_all(shares, moments, np.full_like(moments, 1e-3))
    truth = np.array([[0.3, 0.6, 0.5]])
    sample, used = sample_shares(emulators, likelihood(lines(truth)[0]), 3, 400, seed=4)
    assert used.widening == 1.0
    low, high = np.quantile(sample, [0.05, 0.95], axis=0)
    assert np.all((low < truth[0]) & (truth[0] < high))
    assert np.all(high[:2] - low[:2] < 0.45)  # of a prior of 0.9
    assert high[2] - low[2] > 0.75


def test_the_spread_is_that_of_a_normal_posterior() -> None:
    """One input, one moment on a line: a normal posterior with the tolerance's standard deviation."""
    shares = np.linspace(0.0, 1.0, 40)[:, None]
    emulators = emulate_all(shares, shares.copy(), np.full((40, 1), 1e-4))
    sample, _ = sample_shares(emulators, likelihood(np.array([0.5]), 0.05), 1, 4000, seed=5)
    assert sample.mean() == pytest.approx(0.5, abs=0.01)
    assert sample.std() == pytest.approx(0.05, rel=0.12)


def test_targets_that_cannot_be_met_widen_all_errors() -> None:
    shares = np.random.default_rng(6).random((40, 1))
    moments = np.hstack([shares, shares])
    emulators = emulate_all(shares, moments, np.full((40, 2), 1e-4))
    sample, used = sample_shares(emulators, likelihood(np.array([0.2, 0.8]), 0.05), 1, 400, seed=7)
    assert used.widening == pytest.approx(6.0, rel=0.05)  # 0.3 from both, in tolerances of 0.05
    assert sample.std() > 0.1


def test_paths_that_go_together_are_not_counted_twice() -> None:
    """Two moments that every path moves alike say no more than one."""
    alone = Likelihood(np.array([0.0]), np.array([1e-6]), np.array([1.0]), np.eye(1))
    twice = Likelihood(
        np.zeros(2), np.full(2, 1e-6), np.ones(2), np.array([[1.0, 0.999999], [0.999999, 1.0]])
    )
    apart = twice.distance(np.ones((1, 2)), np.zeros(2))
    assert apart[0] == pytest.approx(alone.distance(np.ones((1, 1)), np.zeros(1))[0], rel=1e-3)


def test_weights_put_right_what_the_emulator_got_wrong() -> None:
    emulated = np.zeros(100)
    simulated = np.zeros(100)
    simulated[:50] = 4.0
    weights = corrected_weights(simulated, emulated)
    assert weights.sum() == pytest.approx(1.0)
    assert weights[0] / weights[99] == pytest.approx(np.exp(-2.0))
    simulated[0] = np.inf
    assert corrected_weights(simulated, emulated)[0] == 0.0
    with pytest.raises(ValueError, match="no parameter set"):
        corrected_weights(np.full(3, np.inf), np.zeros(3))


def test_no_few_sets_take_all_the_weight() -> None:
    simulated = np.linspace(0.0, 500.0, 90)
    weights = corrected_weights(simulated, np.zeros(90))
    assert 1.0 / np.sum(weights**2) == pytest.approx(30.0, rel=0.01)
    assert np.all(np.diff(weights) < 0.0)


def test_weighted_quantiles() -> None:
    values = np.array([3.0, 1.0, 2.0])
    assert quantiles(values, np.full(3, 1.0 / 3.0), (0.5,)) == [2.0]
    heavy = np.array([0.98, 0.01, 0.01])
    assert quantiles(values, heavy, (0.5,))[0] > 2.9
