"""What a run is before it begins: its opening books and its manifest."""

from __future__ import annotations

from datetime import date

import numpy as np

from simulator import rule
from simulator.engine.block import run_block
from simulator.engine.opening.prepare import Prepared, prepare
from simulator.engine.parameters import CALL_COUNT, CHANNELS, OWN_LIMITS, SECTORS
from simulator.engine.status import STATUS as STATUSES
from simulator.model.table import Floats
from simulator.results.layout import Layout
from simulator.results.manifest import Manifest, new_manifest
from simulator.scenario.errors import Problems
from simulator.scenario.explain import as_written, explain
from simulator.scenario.loading import LoadedScenario
from simulator.scenario.schema import Scenario


def prepare_run(loaded: LoadedScenario[Scenario], *, audit: bool = False, diary: bool = False) -> Prepared:
    """Opening books of a scenario; what is wrong with them is told at its place in the file.

    Raises
    ------
    ScenarioError
        If they cannot balance.
    """
    try:
        return prepare(loaded.scenario, loaded.data_files, audit=audit, diary=diary, sets=loaded.sets)
    except Problems as problems:
        raise loaded.refused(problems) from problems


def describe_run(loaded: LoadedScenario[Scenario], prepared: Prepared, audit: bool) -> Manifest:
    """The manifest of a run that has not begun."""
    scenario = loaded.scenario
    return new_manifest(
        name=scenario.name,
        scenario=as_written(scenario),
        origins={row.key: row.origin for row in explain(loaded)},
        files=[{"file": used.label, "sha256": used.sha256} for used in loaded.files],
        data={used.label: used.sha256 for used in loaded.files if used.label in loaded.data_files},
        layout=layout_of(scenario, prepared),
        seed=scenario.seed,
        sampling=scenario.drivers.sampling,
        is_audited=audit,
        parameter_sets={} if loaded.sets is None else loaded.sets.as_record(),
    )


def layout_of(scenario: Scenario, prepared: Prepared) -> Layout:
    """Size and labels of the results of a scenario."""
    agents, output = scenario.output.agents, scenario.output
    outstanding = prepared.parameters.opening.buckets.outstanding_bn
    yields, volatility = told_yields_bp(prepared), prepared.driver_spec.volatility_shift
    assert volatility is not None
    day = _farthest(yields @ (outstanding / outstanding.sum()))
    volatility_day = _farthest(np.log(volatility))
    return Layout(
        paths=scenario.paths,
        days=int(scenario.horizon),
        block=scenario.numerics.block,
        opening=date.fromisoformat(scenario.market.date),
        buckets=prepared.buckets,
        ten_year_equivalents=tuple(prepared.parameters.opening.buckets.ten_year_equivalent.tolist()),
        hedges=prepared.hedges,
        trades=prepared.trades,
        hedge_buckets=tuple(map(scenario.market.bucket_of, prepared.hedges)),
        trade_hedges=tuple(map(scenario.market.hedge_of, prepared.trades)),
        channels=CHANNELS,
        calls=CHANNELS[:CALL_COUNT],
        sectors=SECTORS,
        funds=prepared.funds if agents else (),
        dealers=prepared.dealers if agents else (),
        outstanding=tuple(outstanding.tolist()),
        cost_threshold=scenario.dealers.cost_threshold,
        told_day=day + 1,
        told_yields=tuple(yields[day].tolist()),
        told_volatility_day=volatility_day + 1,
        told_volatility=float(volatility[volatility_day]),
        has_policy=prepared.without_policy is not None,
        paths_without_policy=min(output.paths_without_policy, scenario.paths),
        test_sale_paths=min(output.test_sale_paths, scenario.paths),
        statuses=tuple(name for name, _ in STATUSES.values()),
        precision=scenario.output.precision,
        attributes={
            "scenario": scenario.name,
            "seed": str(scenario.seed),
            "sampling": scenario.drivers.sampling,
        },
        named_funds=prepared.named_funds,
        named_dealers=prepared.named_dealers,
        own_limits=OWN_LIMITS if prepared.named_funds else (),
        currency=scenario.market.currency,
    )


def _farthest(told: Floats) -> int:
    """Row of the day on which something told is farthest from zero; the last where nothing is told."""
    return int(np.abs(told).argmax()) if told.any() else len(told) - 1


def told_yields_bp(prepared: Prepared) -> Floats:
    """Change of the yield of each bucket's held bond that the scenario's events tell, (day, bucket), bp."""
    drivers, opening = prepared.driver_spec, prepared.parameters.opening
    assert drivers.curve_shift_bp is not None
    shift = np.hstack([drivers.curve_shift_bp, *(curve.shift_bp for curve in drivers.other_curves)])
    told: Floats = shift @ opening.bonds.curve_weight[opening.buckets.held_bond].T
    return told


def is_compiled() -> bool:
    """Whether this version of the code was compiled here before; if not, the first block takes a minute more."""
    return any(rule.CACHE_FOLDER.rglob(f"*.{run_block.__name__}-*.nbi"))


def gigabytes(size: float) -> str:
    """A number of bytes in words."""
    return f"{size / 1e9:,.1f} GB" if size >= 1e8 else f"{size / 1e6:,.1f} MB"
