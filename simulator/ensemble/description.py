"""What a run is before it begins: its opening books and its manifest."""

from __future__ import annotations

from datetime import date

from simulator import rule
from simulator.engine.opening.prepare import Prepared, prepare
from simulator.engine.parameters import CALL_COUNT, CHANNELS, SECTORS
from simulator.engine.status import STATUS as STATUSES
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
        return prepare(loaded.scenario, loaded.data_files, audit=audit, diary=diary)
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
    )


def layout_of(scenario: Scenario, prepared: Prepared) -> Layout:
    """Size and labels of the results of a scenario."""
    agents = scenario.output.agents
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
        statuses=tuple(name for name, _ in STATUSES.values()),
        precision=scenario.output.precision,
        attributes={
            "scenario": scenario.name,
            "seed": str(scenario.seed),
            "sampling": scenario.drivers.sampling,
        },
    )


def is_compiled() -> bool:
    """Whether this version of the code was compiled here before; if not, the first block takes a minute more."""
    return any(rule.CACHE_FOLDER.rglob("*.nbi"))


def gigabytes(size: float) -> str:
    """A number of bytes in words."""
    return f"{size / 1e9:,.1f} GB" if size >= 1e8 else f"{size / 1e6:,.1f} MB"
