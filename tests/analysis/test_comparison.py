"""Runs side by side: pairing, differences, verdicts, cost and benefit, on small runs of the engine."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from simulator.analysis.comparison import Comparison, compare, verdict_of
from simulator.analysis.comparison_words import verdict_sentences
from simulator.analysis.contrast import DETECTED
from simulator.analysis.paired import t_value
from simulator.analysis.policies import BENEFITS, OUTLAY
from simulator.analysis.ranking import is_clearly_ahead
from simulator.cli.main import app
from simulator.ensemble.execution import run_scenario
from simulator.results.folder import open_run
from simulator.results.measures import MEASURES
from simulator.results.outcomes import collect_outcomes, happened
from simulator.results.reading import open_results
from simulator.results.statistics import Estimate
from simulator.results.summary import summarise
from simulator.scenario.loading import load_scenario
from simulator.scenario.parameter_sets import PATHS_A_SET, SETS_MIN, ParameterSets
from simulator.scenario.uncertainty import spread_over

TOY = Path(__file__).parents[1] / "ensemble" / "toy.yaml"
#: Enough noise that funds sell and dislocations move.
STRESS = (
    "drivers.noise=1.5", "horizon=15d", "numerics.block=32",
    *(f"market.buckets.{name}.volatility=110bp" for name in ("FV", "TY")),
)  # fmt: skip
BUYS = "central_bank.hedged={mode: schedule, schedule: [{day: 2d, days: 5d, pace: $2bn}]}"
LENDS = "central_bank.standing_repo.open=true"
RUNS = {
    "base": ("paths=64",),
    "again": ("paths=64",),
    "buys": ("paths=64", BUYS),
    "buys-more": ("paths=64", BUYS.replace("$2bn", "$6bn")),
    "relief": ("paths=64", "central_bank.leverage_relief=1.5x", LENDS),
    "relief-later": ("paths=64", "events=[{type: leverage-relief, day: 3d, days: 5d, multiple: 1.25x}]"),
    "longer": ("paths=96",),
    "other-seed": ("paths=64", "seed=99"),
    "other-noise": ("paths=64", "drivers.noise=3"),
    "mirrored": ("paths=64", "drivers.sampling=antithetic"),
}


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("compared")
    for name, settings in RUNS.items():
        run_scenario(load_scenario(TOY, [*STRESS, *settings]), folder / name, threads=2)
    return {name: folder / name for name in RUNS}


@pytest.fixture(scope="module")
def policies(runs: dict[str, Path]) -> Comparison:
    return compare(*(runs[name] for name in ("base", "buys", "buys-more", "relief")))


def test_a_run_against_itself_is_identical(runs: dict[str, Path]) -> None:
    (contrast,) = compare(runs["base"], runs["again"]).contrasts
    assert contrast.pairing.is_paired
    assert contrast.changes == ()
    for row in contrast.rows:
        assert row.difference.value == 0.0, row.measure.key
        assert row.verdict in ("identical", "no detectable difference", "not known"), row.measure.key


@pytest.mark.parametrize(
    ("difference", "error", "verdict"),
    [
        (-3e-4, 0.0, "too small to show"),  # certain, and 0.0 on the page
        (-0.06, 0.0, "better"),
        (-0.06, 0.01, "better"),  # the error asks for a second decimal
        (4e-9, 1e-9, "too small to show"),
        (0.0, 0.0, "identical"),
        (0.2, 0.1, "no detectable difference"),
    ],
)
def test_what_prints_as_nothing_is_neither_better_nor_worse(
    policies: Comparison, difference: float, error: float, verdict: str
) -> None:
    measure = policies.contrasts[0].row("dislocation_move").measure
    change = Estimate(difference, error, 100)
    assert verdict_of(measure, change, t_value(change)) == verdict


def test_differences_are_those_of_the_paths(runs: dict[str, Path], policies: Comparison) -> None:
    """By hand, from the stored days: the largest move of each trade, averaged by opening packages, path by path."""
    moves = []
    for name in ("base", "buys"):
        stored = open_results(runs[name])
        dislocation = stored["dislocation"].values
        held = np.abs(stored["fund_packages"].values[0, 0])
        moves.append(np.abs(dislocation - dislocation[:, :1]).max(axis=1) @ (held / held.sum()))
    gap = moves[1] - moves[0]
    row = policies.contrasts[0].row("dislocation_move")
    assert row.base.value == pytest.approx(moves[0].mean(), rel=1e-6)
    assert row.difference.value == pytest.approx(gap.mean(), rel=1e-5)
    assert row.difference.standard_error == pytest.approx(gap.std(ddof=1) / np.sqrt(len(gap)), rel=1e-5)
    apart = np.hypot(moves[0].std(ddof=1), moves[1].std(ddof=1)) / gap.std(ddof=1)
    assert row.variance_reduction == pytest.approx(apart**2, rel=1e-4)
    assert row.verdict == ("better" if gap.mean() < 0.0 else "worse") or abs(row.t) < DETECTED


def test_probabilities_are_paired_too(runs: dict[str, Path], policies: Comparison) -> None:
    shares = [
        happened(MEASURES["dysfunction"].of, collect_outcomes(open_run(runs[name])))
        for name in ("base", "buys-more")
    ]
    row = policies.contrasts[1].row("dysfunction")
    assert row.difference.value == pytest.approx(np.nanmean(shares[1]) - np.nanmean(shares[0]))


def test_cost_and_benefit_are_those_of_the_days(runs: dict[str, Path], policies: Comparison) -> None:
    stored = open_results(runs["buys-more"])
    bought = stored["hedged_purchases"].values.sum(axis=1)
    appraisal = policies.contrasts[1].appraisal
    assert bought.mean() == pytest.approx(30.0)
    assert appraisal.costs["hedged_purchases"].value == pytest.approx(bought.mean())
    holdings = np.diff(stored["central_bank_packages"].values, axis=1)
    price = stored["bond_price"].values - stored["hedge_price"].values
    gain = (holdings * (price[:, -1:] - price[:, 1:])).sum(axis=(1, 2)).mean()
    assert appraisal.costs["central_bank_gain"].value == pytest.approx(gain, rel=1e-5)
    avoided = -policies.contrasts[1].row("dislocation_move").difference.value
    assert appraisal.benefits["dislocation"].value == pytest.approx(avoided)
    assert appraisal.per_100bn["dislocation"].value == pytest.approx(
        100.0 * avoided / appraisal.costs[OUTLAY].value
    )


def test_relief_costs_nothing_and_is_told_in_dollars(runs: dict[str, Path], policies: Comparison) -> None:
    manifest = open_run(runs["relief"]).manifest
    capital = float(open_results(runs["relief"])["dealer_capital"].values[0, 0])
    ratio = float(str(manifest.scenario["dealers"]["capital_ratio"]).rstrip("%")) / 100.0
    appraisal = policies.contrasts[2].appraisal
    assert appraisal.relief_bn == pytest.approx(0.5 * capital / ratio)
    assert policies.contrasts[0].appraisal.relief_bn == 0.0


def test_relief_of_an_event_is_told_too(runs: dict[str, Path]) -> None:
    (contrast,) = compare(runs["base"], runs["relief-later"]).contrasts
    capital = float(open_results(runs["relief-later"])["dealer_capital"].values[0, 0])
    written = open_run(runs["relief-later"]).manifest.scenario["dealers"]["capital_ratio"]
    ratio = float(str(written).rstrip("%")) / 100.0
    assert contrast.appraisal.relief_bn == pytest.approx(0.25 * capital / ratio)


def test_the_ranking_is_by_benefit_for_the_money(policies: Comparison) -> None:
    figures = [place.per_100bn.value for place in policies.ranking]
    assert len(figures) >= 2
    assert figures == sorted(figures, reverse=True)
    first, second = policies.ranking[:2]
    assert first.ahead_of_next.value == pytest.approx(first.per_100bn.value - second.per_100bn.value)
    assert isinstance(is_clearly_ahead(first, DETECTED), bool)
    assert not is_clearly_ahead(policies.ranking[-1], DETECTED)


def test_a_longer_run_is_paired_on_the_paths_both_have(runs: dict[str, Path]) -> None:
    (contrast,) = compare(runs["base"], runs["longer"]).contrasts
    assert contrast.pairing.is_paired
    assert "first 64 paths" in contrast.pairing.notes[0]
    assert contrast.row("dislocation_move").difference.value == 0.0


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("other-seed", "the seed differs (7 and 99)"),
        ("other-noise", "drivers.noise"),
        ("mirrored", "the sampling differs (pseudo and antithetic)"),
    ],
)
def test_runs_of_other_chance_are_not_paired(runs: dict[str, Path], name: str, reason: str) -> None:
    (contrast,) = compare(runs["base"], runs[name]).contrasts
    assert not contrast.pairing.is_paired
    assert reason in contrast.pairing.notes[0]
    row = contrast.row("unwound_in_all")
    apart = np.hypot(row.base.standard_error, row.other.standard_error)
    assert row.difference.standard_error == pytest.approx(apart)
    assert np.isnan(row.variance_reduction)


def test_changes_are_told_with_unit_and_meaning(policies: Comparison) -> None:
    changes = {change.key: change for change in policies.contrasts[2].changes}
    relief = changes["central_bank.leverage_relief"]
    assert (relief.before, relief.after, relief.unit) == ("1x", "1.5x", "times")
    assert "limits" in relief.meaning


def test_the_command_shows_and_tells_json(runs: dict[str, Path]) -> None:
    folders = [str(runs[name]) for name in ("base", "buys", "buys-more")]
    shown = CliRunner().invoke(app, ["compare", *folders])
    assert shown.exit_code == 0, shown.output
    for words in ("buys less base", "What stops it most cheaply", "same exogenous yields", "schedule"):
        assert words in shown.output
    said = CliRunner().invoke(app, ["compare", *folders, "--by", "unwound", "--json"])
    record = json.loads(said.output)
    assert [run["run"]["label"] for run in record["runs"]] == ["buys", "buys-more"]
    assert set(record["runs"][0]["policy"]["benefits"]) == set(BENEFITS)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--by", "luck"], "allowed are dislocation"),
        (["--lower-by", "half"], "allowed is a share such as 50%"),
        ([], "no results of a run there"),
    ],
)
def test_bad_input_is_refused_in_words(
    runs: dict[str, Path], tmp_path: Path, arguments: list[str], words: str
) -> None:
    folder = str(runs["buys"]) if arguments else str(tmp_path)
    refused = CliRunner().invoke(app, ["compare", str(runs["base"]), folder, *arguments])
    assert refused.exit_code in (2, 4)
    assert words in refused.output
    assert "Traceback" not in refused.output


#: Paths of eight sets, fewer of which tell no range.
SETS = ParameterSets(
    ("dealers.opening_use", "funds.free_cash"), ((0.6, 0.05), (0.9, 0.03)), (0.5, 0.5), {"targets": "none"}
)
OVER_SETS = {
    "sets": (),
    "sets-buys": (BUYS,),
    "sets-told": ("dealers.opening_use=70%",),
}


@pytest.fixture(scope="module")
def over_sets(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("over-sets")
    for name, settings in OVER_SETS.items():
        chance = ("horizon=6d", "numerics.block=640", f"paths={SETS_MIN * PATHS_A_SET}", *settings)
        run_scenario(spread_over(load_scenario(TOY, [*STRESS, *chance]), SETS), folder / name, threads=2)
    return {name: folder / name for name in OVER_SETS}


def test_a_difference_over_sets_has_their_range(over_sets: dict[str, Path]) -> None:
    (contrast,) = compare(over_sets["sets"], over_sets["sets-buys"]).contrasts
    assert contrast.pairing.is_paired
    assert "same parameter set on each path: 8 groups of paths, 2 sets." in contrast.pairing.notes[0]
    row = contrast.row("dislocation_move")
    assert row.difference.low < row.difference.value < row.difference.high
    record = row.as_record()["difference"]
    assert (record["parameters_low"], record["parameters_high"]) == (row.difference.low, row.difference.high)
    # The sides are what each run says of itself.
    run = open_run(over_sets["sets"])
    alone = summarise(run, collect_outcomes(run)).tables
    unwound = next(table for table in alone if table.key == "deleveraging").rows[-1].cells
    base = asdict(contrast.row("unwound_in_all").base)
    told = [asdict(cell) for cell in unwound if isinstance(cell, Estimate)]
    assert any(each == pytest.approx(base, nan_ok=True) for each in told)
    assert "Nine of ten parameter sets put the difference between" in " ".join(verdict_sentences(contrast))


def test_a_parameter_told_in_one_run_is_named(over_sets: dict[str, Path]) -> None:
    (contrast,) = compare(over_sets["sets"], over_sets["sets-told"]).contrasts
    assert contrast.pairing.is_paired
    assert "Told in this run, and not varied there: dealers.opening_use." in contrast.pairing.notes


def test_runs_over_other_sets_are_not_paired(runs: dict[str, Path], over_sets: dict[str, Path]) -> None:
    (contrast,) = compare(runs["base"], over_sets["sets"]).contrasts
    assert not contrast.pairing.is_paired
    assert "the parameter sets differ (one set on all paths, and 2 sets" in contrast.pairing.notes[0]
    assert np.isnan(contrast.row("dislocation_move").difference.low)
