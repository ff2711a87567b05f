"""Synthetic truth: parameters drawn from the priors, their history simulated, and estimated back."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks.estimation import METHODS, identified, ranges_of
from simulator.estimation.targets import load_targets
from tests.estimation.conftest import write_targets

TRUTHS, SIMULATIONS = 20, 128


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_ranges_hold_the_truth_as_often_as_they_say(tmp_path: Path) -> None:
    loaded = load_targets(write_targets(tmp_path))
    chosen = "emulators and walkers"
    found = ranges_of(loaded, TRUTHS, SIMULATIONS, {chosen: METHODS[chosen]})
    low, middle, high = np.moveaxis(found[chosen], 2, 0)
    known = identified(found[chosen])
    assert known.any()
    held = (low <= found["truth"]) & (found["truth"] <= high)
    assert 0.80 <= float(held[:, known].mean()) <= 0.97
    error = np.sqrt(np.mean((middle - found["truth"])[:, known] ** 2))
    assert error < 0.25  # the middle of the prior is 0.29 away
