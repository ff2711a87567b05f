"""A history of the toy market with chance in it, and what is estimated from it: seconds of work."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulator.ensemble.resources import Resources
from simulator.estimation import posterior
from simulator.estimation.procedure import Effort, run_estimation
from simulator.estimation.result import Estimation
from simulator.estimation.targets import LoadedTargets, load_targets

#: Parameters that these moments of the toy market can tell apart, and one that they cannot.
KEYS = (
    "dealers.cost_above",
    "dealers.package_cost",
    "dealers.pass_through",
    "end_investors.permanent_impact",
    "asset_managers.demand_slope",
    "lenders.scarcity_ceiling",
)
SCENARIO = """\
extends: toy.yaml
name: toy-with-chance
drivers: {model: factor, noise: 1.0}
"""
MOMENT = """\
  - key: {key}
    label: {key}
    unit: {unit}
    of: [{{variable: {variable}, place: TY, measure: {measure}}}]
    value: {value}
    tolerance: {tolerance}
    kind: found
    purpose: {purpose}
    source: nowhere
"""
ROWS = (
    ("dislocation-peak", "bp", "dislocation", "peak", 25.0, 2.0, "fit"),
    ("dislocation-end", "bp", "dislocation", "level", 15.0, 2.0, "fit"),
    ("yield-end", "bp", "cash_yield_change", "level", -45.0, 2.0, "fit"),
    ("inventory-peak", "$bn", "dealer_inventory", "peak", 35.0, 2.0, "fit"),
    ("end-investors", "$bn", "end_investor_bonds", "change", 10.0, 2.0, "fit"),
    ("managers-futures", "$bn", "asset_manager_hedges", "change", -4.0, 1.0, "fit"),
    ("packages", "$bn", "fund_packages", "change", -10.0, 4.0, "check"),
)
TINY = Effort(wide=32, wide_paths=8, near=16, near_paths=8, sets=20, sets_paths=16, steps=3)


def write_targets(folder: Path, keys: tuple[str, ...] = KEYS) -> Path:
    """A targets file with its episode and scenario beside it."""
    from simulator.scenario.files import SHIPPED

    (folder / "toy.yaml").write_text((SHIPPED / "toy.yaml").read_text(encoding="utf-8"), encoding="utf-8")
    (folder / "chance.yaml").write_text(SCENARIO, encoding="utf-8")
    names = ("key", "unit", "variable", "measure", "value", "tolerance", "purpose")
    moments = "".join(MOMENT.format(**dict(zip(names, row, strict=True))) for row in ROWS)
    episode = f"name: toy-history\nscenario: toy-with-chance\nmoments:\n{moments}"
    (folder / "history.yaml").write_text(episode, encoding="utf-8")
    file = folder / "targets.yaml"
    listed = "".join(f"\n  - {key}" for key in keys)
    file.write_text(
        f"name: toy-targets\ntargets:\n  - episode: history.yaml\n    scenario: chance.yaml\nparameters:{listed}\n",
        encoding="utf-8",
    )
    return file


@pytest.fixture
def targets(tmp_path: Path) -> Path:
    return write_targets(tmp_path)


@pytest.fixture(scope="session")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> LoadedTargets:
    return load_targets(write_targets(tmp_path_factory.mktemp("targets")))


@pytest.fixture(scope="session")
def folder(loaded: LoadedTargets, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny estimation, on two threads."""
    folder = tmp_path_factory.mktemp("estimation") / "out"
    assert estimate(loaded, folder) is not None
    return folder


def estimate(loaded: LoadedTargets, folder: Path, **resources: int) -> Estimation | None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(posterior, "STEPS", 100)  # enough to be the same, or not, wherever the chain is walked
        return run_estimation(loaded, folder, effort=TINY, resources=Resources(**resources or {"threads": 2}))
